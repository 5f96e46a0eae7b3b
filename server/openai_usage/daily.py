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
from openai_usage.openai_api import Fault
from openai_usage.reader import Reader
from openai_usage.turn import LostError

_log = logging.getLogger(__name__)

_AFTER_TOO_MANY: Final = pace.PER
_MOST_REFUSED: Final = 3
"""In a row for being too many: then others ask with the same key, too."""
_UNSEEN: Final = timedelta(seconds=1)
"""Nobody minds waiting for so long; and the pace has as much to spare."""

Begin = Callable[[Callable[[], object]], AbstractContextManager[Callable[[int], None]]]
"""Shows progress while it is open, and is told how many days are left. Its argument stops the reading."""


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
        self.all_of_it = False
        """Also what is not read without being asked for."""

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """The reading that is going on."""
        return self._task

    def go_on(self) -> None:
        """The user did something: what was stopped may begin again."""
        self._is_stopped = False
        self._failed_in = None

    def start(self, reader: Reader) -> None:
        """Read what is missing, unless it is being read, or the user stopped that."""
        if reader.store.source.kind != "legacy" or self._task is not None or self._is_stopped:
            return
        if self._failed_in == reader.store.asked:
            return
        if self._wanted(reader):
            self._task = asyncio.create_task(self._run(reader))

    def cancel(self) -> None:
        """Give it up, as for another account."""
        if self._task is not None:
            self._task.cancel()
        # The next one may begin before this one has ended.
        self._task = self._failed_in = None
        self.all_of_it = False

    def _stop(self) -> None:
        self._is_stopped = True
        self.cancel()

    def _wanted(self, reader: Reader) -> list[date]:
        now = self._clock()
        return fetch.legacy.use_to_read(reader.store, self._seen(now), now.date(), all_of_it=self.all_of_it)

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
        """Until nothing is missing or a day is refused. Progress is only shown for what takes longer than a burst."""
        store, refusals = reader.store, 0
        with ExitStack() as progress:
            say: Callable[[int], None] | None = None
            async with reader.days():
                while days := self._wanted(reader):
                    wait = pace.pause(store.use_asked, self._clock())
                    if wait > _UNSEEN:
                        say = say or progress.enter_context(self._begin(self._stop))
                        say(len(days))
                        await asyncio.sleep(wait.total_seconds())
                        continue
                    with store.up_to_date():
                        store.use_asked = pace.noted(store.use_asked, self._clock())
                    moves = store.moves
                    scope = self._seen(self._clock()).scope
                    error = await reader.ask_use(fetch.legacy.use(days[0], scope.asked_user if scope else None))
                    if error is not None and error.fault is Fault.RATE_LIMITED and refusals < _MOST_REFUSED:
                        refusals += 1
                        _log.info("Too many questions a minute; going on later")
                        rest = timedelta(seconds=error.retry_after or 0)
                        await asyncio.sleep(max(rest, _AFTER_TOO_MANY).total_seconds())
                        continue
                    if error is not None:
                        self._failed_in = store.asked
                        return
                    refusals = 0
                    if store.moves != moves:
                        # Where no bill tells that something is used, this does.
                        with store.up_to_date():
                            store.quiet = 0
                    self._tell()
