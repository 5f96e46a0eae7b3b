"""Whose turn it is to ask OpenAI: one at a time in this process, and one process at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from openai_usage.store import LEASE_LENGTH, Lease, Store

_RENEW_EVERY: Final = LEASE_LENGTH / 5
_LOOK_EVERY: Final = 0.2
"""Seconds; whoever waits for another process looks so often whether it is done."""


class LostError(Exception):
    """Another process took over: this one did not show for so long that it seemed to be gone."""


class Turn:
    """A lease of a store, and who waits for it here."""

    def __init__(self, store: Store, lease: Lease, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._lease: Lease = lease
        self._clock = clock
        self._lock = asyncio.Lock()
        self._users = 0

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for the turn, and have it. The store then knows all that others know. LostError when it is lost."""
        async with self._lock:
            # The one who gives it back is another process: there is no event to wait for.
            while not self._store.take(self._lease, self._clock()):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_EVERY)
            async with self._held():
                yield

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[bool]:
        """Have it without waiting, beside others of this process; False when it is another process's."""
        if not self._store.take(self._lease, self._clock()):
            yield False
            return
        async with self._held():
            yield True

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        self._store.follow()
        task = asyncio.current_task()
        is_lost = False

        async def renew() -> None:
            nonlocal is_lost
            while not is_lost:
                await asyncio.sleep(_RENEW_EVERY.total_seconds())
                is_lost = not self._store.still_has(self._lease, self._clock())
            if task is not None:
                task.cancel()

        self._users += 1
        renewing = asyncio.create_task(renew())
        try:
            yield
        except asyncio.CancelledError:
            if is_lost and task is not None and not task.uncancel():
                raise LostError from None
            raise
        finally:
            renewing.cancel()
            self._users -= 1
            if not self._users:
                self._store.give_back(self._lease)
