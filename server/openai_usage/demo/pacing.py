"""How fast one key may ask: so many requests in any minute, and the next one has to wait."""

import threading
from collections import deque
from collections.abc import Callable
from math import ceil
from time import monotonic
from typing import Final

from openai_usage.demo.query import RequestError

_WINDOW: Final = 60.0
"""Seconds."""


class Pacing:
    """Counts the requests of each key in a window that slides. For use from several threads.

    `clock` tells seconds from any beginning. What is refused does not count.
    """

    def __init__(self, requests_per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._limit = requests_per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[str, deque[float]] = {}
        self._refused: dict[str, int] = {}

    def admit(self, key: str) -> None:
        """Counts one request. Raises RequestError (429) for one too many.

        `Retry-After` may be absent (OpenAI's document), so it comes with every other refusal of a key, the first too.
        """
        with self._lock:
            now = self._clock()
            asked = self._asked.setdefault(key, deque())
            while asked and asked[0] <= now - _WINDOW:
                asked.popleft()
            if len(asked) < self._limit:
                asked.append(now)
                return
            refused = self._refused[key] = self._refused.get(key, 0) + 1
            wait = max(ceil(asked[0] + _WINDOW - now), 1) if asked else int(_WINDOW)
        raise RequestError(
            f"Rate limit reached for requests to this endpoint. Limit: {self._limit} / min. "
            f"Please try again in {wait}s.",
            status=429,
            kind="requests",
            code="rate_limit_exceeded",
            retry_after=wait if refused % 2 else None,
        )
