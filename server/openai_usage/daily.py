"""Use read a day at a time, as the endpoint of 2023 gives it: paced, the newest day first, and each day kept at once.

It goes on until nothing is missing, or somebody stops it; what is missing then is read the next time.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime, timedelta
from typing import Final

from openai_usage import fetch, pace
from openai_usage.openai_api import ApiError, Fault
from openai_usage.reader import Reader
from openai_usage.store import Store
from openai_usage.turn import LostError

_log = logging.getLogger(__name__)

_AFTER_TOO_MANY: Final = pace.PER
_AFTER_FAILURE: Final = timedelta(seconds=2)
_MOST_REFUSED: Final = 3
"""In a row for being too many: then others ask with the same key, too."""
_MOST_FAILED: Final = 2
"""In a row for another reason that may be gone with the next try."""
_PASSING: Final = frozenset({Fault.SERVER_ERROR, Fault.UNREACHABLE})
_UNSEEN: Final = timedelta(seconds=1)
"""Nobody minds waiting for so long."""
_LOOK_EVERY: Final = timedelta(seconds=5)
"""While it waits: what is wanted may be another thing by then, and somebody may look."""

Begin = Callable[[Callable[[], object]], AbstractContextManager[Callable[[int], None]] | None]
"""Shows progress while it is open, and is told how many days are left; None: nobody looks. Its argument stops
the reading."""


class DailyReading:
    """One such reading at a time: what is wanted of it, and whether the user stopped it.

    `seen` is what the views tell of at a moment, `tell` is called after each day and at the end.
    """

    def __init__(
        self,
        seen: Callable[[datetime], fetch.Seen],
        begin: Begin,
        tell: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._seen = seen
        self._begin = begin
        self._tell = tell
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False
        self._failed_in: datetime | None = None
        """The look in which a day was not answered: until the next one, it would fail again."""
        self.is_asked = False
        """The user did something since it began the last time: that counts also where nothing is fetched by itself."""
        self.all_of_it = False
        """Also what is not read without being asked for."""

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """The reading that is going on."""
        return self._task

    def go_on(self, *, is_act: bool) -> None:
        """Somebody looks. If it is more than that, what was stopped may begin again, or what failed."""
        self.is_asked = True
        if is_act:
            self._is_stopped = False
            self._failed_in = None

    def start(self, reader: Reader) -> None:
        """Read what is missing, unless it is being read, or the user stopped that."""
        self.is_asked = False
        if reader.store.source.kind != "legacy" or self._task is not None or self._is_stopped:
            return
        if self._failed_in == reader.store.asked:
            return
        if self._wanted(reader):
            self._task = asyncio.create_task(self._run(reader))

    def cancel(self) -> None:
        """Give it up; the next one may be of another account."""
        self._give_up()
        self._is_stopped = False

    def _stop(self) -> None:
        self._give_up()
        self._is_stopped = True

    def _give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()
        # The next one may begin before this one has ended.
        self._task = self._failed_in = None
        self.all_of_it = False

    def _wanted(self, reader: Reader) -> list[date]:
        now = self._clock()
        return fetch.legacy.use_to_read(reader.store, self._seen(now), now, all_of_it=self.all_of_it)

    async def _run(self, reader: Reader) -> None:
        try:
            await self._read(reader)
        except LostError:
            _log.info("Another server reads use day by day")
        except Exception:
            _log.exception("Use could not be read day by day, for a reason nobody thought of")
        finally:
            if self._task is asyncio.current_task():
                self._task = None
            self._tell()

    async def _read(self, reader: Reader) -> None:
        """Until nothing is missing or a day is not answered. Progress is only shown for what takes longer."""
        refusals = failed = 0
        with ExitStack() as progress:
            bar = _Bar(progress, lambda: self._begin(self._stop))
            async with reader.days():
                while days := self._wanted(reader):
                    if wait := self._ask_for_leave(reader.store):
                        bar.show(len(days), wait)
                        await asyncio.sleep(min(wait, _LOOK_EVERY).total_seconds())
                        continue
                    error = await self._read_day(reader, days[0])
                    if error is None:
                        refusals = failed = 0
                        self._tell()
                    elif error.fault is Fault.RATE_LIMITED and refusals < _MOST_REFUSED:
                        refusals += 1
                        _log.info("Too many questions a minute; going on later")
                        rest = timedelta(seconds=error.retry_after or 0)
                        await asyncio.sleep(max(rest, _AFTER_TOO_MANY).total_seconds())
                    elif error.fault in _PASSING and failed < _MOST_FAILED:
                        failed += 1
                        await asyncio.sleep(_AFTER_FAILURE.total_seconds())
                    else:
                        self._failed_in = reader.store.asked
                        return

    def _ask_for_leave(self, store: Store) -> timedelta:
        """How long to wait with the next question. None: it is noted as asked, whatever comes of it."""
        with store.up_to_date():
            now = self._clock()
            wait = pace.pause(store.use_asked, now)
            if not wait:
                store.use_asked = pace.noted(store.use_asked, now)
        return wait

    async def _read_day(self, reader: Reader, day: date) -> ApiError | None:
        store, scope = reader.store, self._seen(self._clock()).scope
        moves = store.moves
        error = await reader.ask_use(fetch.legacy.use(day, scope.asked_user if scope else None))
        if store.moves != moves:
            # Where no bill tells that something is used, this does.
            with store.up_to_date():
                store.quiet = 0
        return error


class _Bar:
    """Progress, from when somebody waits and looks."""

    def __init__(
        self, progress: ExitStack, begin: Callable[[], AbstractContextManager[Callable[[int], None]] | None]
    ) -> None:
        self._progress = progress
        self._begin = begin
        self._say: Callable[[int], None] | None = None
        self._said = 0

    def show(self, count: int, wait: timedelta) -> None:
        """So many days are left. The same is not said again: each word to the editor costs a little for good."""
        if wait <= _UNSEEN or count == self._said:
            return
        if self._say is None and (bar := self._begin()) is not None:
            self._say = self._progress.enter_context(bar)
        if self._say is not None:
            self._said = count
            self._say(count)
