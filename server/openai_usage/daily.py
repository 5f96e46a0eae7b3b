"""Use read a day at a time, as the endpoint of 2023 gives it: paced, the newest day first, and each day kept at once.

It goes on until nothing is missing, or somebody stops it; what is missing then is read the next time.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime, timedelta
from typing import Final

from openai_usage import fetch, pace
from openai_usage.openai_api import ApiError, Fault
from openai_usage.reader import Reader

_log = logging.getLogger(__name__)

_AFTER_TOO_MANY: Final = pace.PER
_AFTER_FAILURE: Final = timedelta(seconds=2)
_MOST_REFUSED: Final = 3
"""In a row for being too many: then others ask with the same key, too."""
_MOST_FAILED: Final = 2
"""In a row for another reason that may be gone with the next try."""
_PASSING: Final = frozenset({Fault.SERVER_ERROR, Fault.UNREACHABLE})
_UNSEEN: Final = timedelta(seconds=1)
_LOOK_EVERY: Final = timedelta(seconds=5)
"""While it waits: what is wanted may be another thing by then, and somebody may look."""


Wanted = Callable[[], Sequence[date]]
"""The days that are missing now."""
Begin = Callable[[], AbstractContextManager[Callable[[int], None]] | None]
"""Shows progress while it is open, and is told how many days are left; None: nobody looks."""


async def read(
    reader: Reader,
    wanted: Wanted,
    user: Callable[[], str | None],
    *,
    begin: Begin,
    tell: Callable[[], None],
    clock: Callable[[], datetime],
) -> ApiError | None:
    """Read what is wanted; what kept it from being read, or None. `tell` is called after each day.

    Progress is only shown for what takes longer than a burst. `wanted` and `user` may change on the way.
    """
    store, refusals, failed, said = reader.store, 0, 0, 0
    with ExitStack() as progress:
        say: Callable[[int], None] | None = None
        async with reader.days():
            while days := wanted():
                # Each question counts, whatever comes of it, and so do those of a server that had the turn before.
                with store.up_to_date():
                    now = clock()
                    wait = pace.pause(store.use_asked, now)
                    if not wait:
                        store.use_asked = pace.noted(store.use_asked, now)
                if wait:
                    is_seen = wait > _UNSEEN and len(days) != said
                    if is_seen and say is None and (bar := begin()) is not None:
                        say = progress.enter_context(bar)
                    if is_seen and say is not None:
                        said = len(days)
                        say(said)
                    await asyncio.sleep(min(wait, _LOOK_EVERY).total_seconds())
                    continue
                error = await reader.ask_use(fetch.legacy.use(days[0], user()))
                if error is not None and error.fault is Fault.RATE_LIMITED and refusals < _MOST_REFUSED:
                    refusals += 1
                    _log.info("Too many questions a minute; going on later")
                    rest = timedelta(seconds=error.retry_after or 0)
                    await asyncio.sleep(max(rest, _AFTER_TOO_MANY).total_seconds())
                    continue
                if error is not None and error.fault in _PASSING and failed < _MOST_FAILED:
                    failed += 1
                    await asyncio.sleep(_AFTER_FAILURE.total_seconds())
                    continue
                if error is not None:
                    return error
                refusals = failed = 0
                tell()
    return None
