"""When to fetch without being asked."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

# Timers stand still while a computer sleeps, so the clock is looked at every now and then.
_LONGEST_WAIT: Final = timedelta(minutes=1)
# Nobody has looked for so long: nobody needs newer figures.
_IDLE_AFTER: Final = timedelta(minutes=30)
# While nothing changes, each pause is twice as long as the one before, up to this.
_LONGEST_PAUSE: Final = timedelta(minutes=30)
# Without a network a try costs nothing, and when it is back the figures are to be there at once.
_FIRST_RETRY: Final = timedelta(seconds=5)
_LONGEST_RETRY: Final = timedelta(minutes=1)


class Schedule:
    """At once the first time, then at intervals of some minutes; never when there are 0 of them.

    The pauses grow while nothing changes, and there is no fetch while nobody uses the window. Without a network it is
    tried again after seconds.
    """

    def __init__(self, minutes: float, clock: Callable[[], datetime]) -> None:
        self._minutes = minutes
        self._clock = clock
        self._last: datetime | None = None
        self._quiet = self._offline = 0
        self._idle_since: datetime | None = None
        self._next: datetime | None = None
        self._not_before: datetime | None = None
        self._plan()

    @property
    def is_on(self) -> bool:
        """Whether anything is ever fetched without being asked."""
        return bool(self._minutes)

    @property
    def last(self) -> datetime | None:
        """When the last fetch began."""
        return self._last

    @property
    def due_at(self) -> datetime | None:
        """When the next fetch is due; None: never."""
        if self._next is None:
            return None
        due_at = max(self._next, self._not_before) if self._not_before else self._next
        is_idle_then = self._idle_since is not None and due_at > self._idle_since + _IDLE_AFTER
        return None if is_idle_then or self.is_idle else due_at

    @property
    def is_idle(self) -> bool:
        """Whether nobody has looked for so long that nobody needs newer figures."""
        return self._idle_since is not None and self._clock() > self._idle_since + _IDLE_AFTER

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return self.due_at is not None and self.due_at <= self._clock()

    def every(self, minutes: float) -> None:
        """Another interval; it counts from the last fetch."""
        self._minutes = minutes
        self._plan()

    def begin(self, now: datetime) -> None:
        """A fetch begins, here or elsewhere."""
        self._last = now
        self._plan()

    def learn(self, quiet: int, offline: int) -> None:
        """How many fetches in a row found nothing new, and how many no network."""
        self._quiet, self._offline = quiet, offline
        self._plan()

    def attend(self, *, is_active: bool) -> bool:
        """Take over whether the window is in use. Whether its user came back just now."""
        is_back = is_active and self._idle_since is not None
        if is_active:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = self._clock()
        return is_back

    def touch(self) -> None:
        """The user did something here, whatever the window says: it may look away from its own panel."""
        if self._idle_since is not None:
            self._idle_since = self._clock()

    def delay(self, seconds: float) -> None:
        """Put off a fetch that is due now."""
        if self._next is not None:
            self._next = max(self._next, self._clock() + timedelta(seconds=seconds))

    def restart(self) -> None:
        """As if there had been no fetch yet."""
        self._last = self._not_before = None
        self._plan()

    def stop(self) -> None:
        """No fetch is due until there is another interval, or a restart."""
        self._next = None

    def hold_off(self, seconds: float | None) -> None:
        """None is due any sooner than in so many seconds; None lifts that."""
        self._not_before = None if seconds is None else self._clock() + timedelta(seconds=seconds)

    async def wait(self, wake: asyncio.Event) -> None:
        """Until `wake`, the next fetch is due, "today" is another day, or the clock was set back."""
        last = self._clock()
        while not wake.is_set() and not self.is_due:
            now = self._clock()
            if now.date() != last.date() or now < last:
                break
            last = now
            midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            wait = min(midnight, self.due_at or midnight) - now
            # Not wait_for: up to Python 3.11 it may swallow a cancellation, and the server would never end.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(wait, _LONGEST_WAIT).total_seconds())):
                    await wake.wait()
        wake.clear()
        if self._clock().date() != last.date() and self.is_on:
            self._next = self._clock()

    def _plan(self) -> None:
        if not self._minutes:
            self._next = None
        elif self._last is None:
            self._next = self._clock()
        else:
            self._next = self._last + self._pause()

    def _pause(self) -> timedelta:
        interval = timedelta(minutes=self._minutes)
        if self._offline:
            return min(interval, _LONGEST_RETRY, _FIRST_RETRY * _doubled(self._offline - 1))
        return max(interval, min(_LONGEST_PAUSE, interval * _doubled(self._quiet)))


def _doubled(times: int) -> int:
    return 1 << min(times, 10)
