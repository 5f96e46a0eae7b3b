"""Asks OpenAI for one account, in turn with other servers, and keeps what is answered and what is not."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from openai_usage import fetch, queries
from openai_usage.openai_api import REFUSALS, ApiError
from openai_usage.scope import Scope
from openai_usage.store import NEVER, Store, Topic
from openai_usage.turn import LostError, Turn

if TYPE_CHECKING:
    from openai_usage.openai_api import Client

_log = logging.getLogger(__name__)

# Names and limits seldom change.
_NAMES_FRESH_FOR: Final = timedelta(hours=1)
_LOOK_AGAIN_AFTER: Final = 1.0
"""Seconds; whoever finds another process at it looks so much later what that left."""

Plan = Callable[[datetime], Sequence[fetch.Question]]
"""What to ask at a moment, by what is known then."""


class Reader:
    """The questions of one account. Use it inside one event loop, and close it there.

    `connect` opens a client, or raises an ApiError; `tell` is called when something came that nobody waited for, with
    whether there may be more to ask then.
    """

    def __init__(
        self, store: Store, connect: Callable[[], "Client"], tell: Callable[[bool], None], clock: Callable[[], datetime]
    ) -> None:
        self.store = store
        self._connect = connect
        self._tell = tell
        self._clock = clock
        self._client: Client | None = None
        self._turn = Turn(store, "figures", clock)
        self._rest = Turn(store, "rest", clock)
        self._days = Turn(store, "days", clock)
        self._later: dict[Topic, asyncio.Task[None]] = {}
        """By what it asks about, the task that nobody waits for. Nothing else is asked about that meanwhile."""
        self._held_back = False

    @property
    def organization(self) -> str | None:
        """What OpenAI calls the organisation of the key, once an answer told."""
        return self._client.organization if self._client else None

    async def aclose(self) -> None:
        """Ask nothing more, and let others ask."""
        self.cancel()
        if self._client is not None:
            await self._client.aclose()
        self.store.close()

    def cancel(self) -> None:
        """Give up what nobody waits for."""
        for task in self._later.values():
            task.cancel()
        self._later = {}

    # What is missing.

    def shown(
        self, seen: fetch.Seen, now: datetime, *, by_user: bool = False, anew: datetime = NEVER
    ) -> list[fetch.Question]:
        """What the views need; `by_user` also what was refused before. For `anew` see `fetch.shown`."""
        refused = self.store.refused
        wanted = fetch.shown(self.store, seen, now.date(), () if by_user else refused, anew)
        if by_user:
            return wanted
        for question in wanted:
            if question.text in refused:
                topic, error = refused[question.text]
                self.store.failures[topic] = error
        return [question for question in wanted if question.text not in refused]

    def later(self, scope: Scope | None, now: datetime, *, by_user: bool, names: bool = False) -> list[fetch.Question]:
        """What may come after the figures: names, limits, and what is compared with.

        With `names` they are wanted, also when they are known and nobody looks at the panel.
        """
        if scope is None and not names:
            return []
        read = self.store.names_read
        # Once names are on their way, nothing that is read with them is old any more.
        are_old = read is not None and now - read > _NAMES_FRESH_FOR and fetch.DIRECTORY not in self._later
        found = []
        if by_user or read is None or are_old or names:
            found += fetch.names(self.store)
        if scope is not None:
            found += fetch.limits(self.store, scope, refresh=by_user or are_old)
            found += fetch.compared(self.store, scope)
        found = [question for question in found if by_user or question.text not in self.store.refused]
        wanted = [question for question in found if question.topic not in self._later]
        # The others wait until what is on its way is there.
        self._held_back |= len(wanted) < len(found)
        return wanted

    # Asking.

    async def read(self, *plans: Plan) -> fetch.Failures | None:
        """Ask, when it is our turn, what each plan says after the one before was answered; what was not answered.

        None when a question was left to somebody who is asking it already, or another process took over: then there
        may be more to ask. ApiError when there is no client to ask with.
        """
        awaited: set[asyncio.Task[None]] = set()
        failures: fetch.Failures = {}
        try:
            async with self._turn.taken():
                # One moment for all: what one plan finds moved does not make the answers to the one before look old.
                now = self._clock()
                for plan in plans:
                    questions = plan(now)
                    # What is on its way already, as a comparison, is waited for; what it does not answer is asked then.
                    awaited |= {running for question in questions if (running := self._later.get(question.topic))}
                    failures |= await self._ask([one for one in questions if one.topic not in self._later], now)
        except LostError:
            _log.info("Another server took over")
            return None
        if awaited:
            await asyncio.wait(awaited)
            return None
        return failures

    def days(self) -> AbstractAsyncContextManager[None]:
        """The turn to ask for use a day at a time. LostError when another server takes it over."""
        return self._days.taken()

    async def ask_use(self, question: fetch.Question) -> ApiError | None:
        """Ask for use of one day, in that turn; what kept it from being answered."""
        try:
            failures = await self._ask([question], self._clock())
        except ApiError as error:
            return error
        return failures.get(question.topic)

    async def _ask(self, questions: Sequence[fetch.Question], now: datetime) -> fetch.Failures:
        if not questions:
            return {}
        self._client = self._client or self._connect()
        failures = await fetch.read(self._client, self.store, questions, now)
        self._note(questions, failures, now)
        return failures

    def start_later(self, questions: Sequence[fetch.Question]) -> None:
        """Read, kind by kind, what is shown when it is there; nobody waits for it."""
        kinds: dict[type, list[fetch.Question]] = {}
        for question in questions:
            kinds.setdefault(type(question.topic), []).append(question)
        for some in kinds.values():
            task = asyncio.create_task(self._read_later(some))
            self._later |= dict.fromkeys((question.topic for question in some), task)

    async def _read_later(self, questions: Sequence[fetch.Question]) -> None:
        names_read = self.store.names_read
        try:
            async with self._rest.joined() as is_ours:
                if self.store.names_read != names_read:
                    # Another process was done with them just before it was our turn.
                    questions = [one for one in questions if one.topic != fetch.DIRECTORY]
                if is_ours:
                    await self._ask(questions, self._clock())
                else:
                    # Another process reads them. What is missing then is asked for; not at once, over and over.
                    await asyncio.sleep(_LOOK_AGAIN_AFTER)
        except (ApiError, LostError) as error:
            _log.info("Names, limits or comparisons were not read: %s", error)
            return
        except Exception:
            _log.exception("Names, limits or comparisons could not be read, for a reason nobody thought of")
            return
        finally:
            this = asyncio.current_task()
            self._later = {topic: task for topic, task in self._later.items() if task is not this}
        is_more = self._held_back or any(question.topic == fetch.DIRECTORY for question in questions)
        self._held_back = False
        # Some of the limits are asked for by the projects' ids.
        self._tell(is_more)

    def _note(self, questions: Sequence[fetch.Question], failures: fetch.Failures, now: datetime) -> None:
        with self.store.up_to_date():
            self._note_failures(questions, failures)
            if any(question.topic == fetch.DIRECTORY for question in questions):
                self.store.names_read = now
        # All questions of a fetch tend to fail alike.
        for message in sorted({str(error) for error in failures.values()}):
            _log.warning("%s", message)

    def _note_failures(self, questions: Sequence[fetch.Question], failures: fetch.Failures) -> None:
        store = self.store
        # Only what was asked can have been mended. What is only compared with is missed by nobody when it is not there.
        for topic in {question.topic for question in questions if not question.is_extra}:
            store.failures.pop(topic, None)
            if topic in failures:
                store.failures[topic] = failures[topic]
        for question in questions:
            error = failures.get(question.topic)
            # Without its bill an organisation has nothing to show, so that is asked again and again. Of the endpoints
            # of 2023 the bill is one among several.
            is_vital = question.topic == queries.TOTAL and not question.is_extra and store.source.kind != "legacy"
            if error and error.fault in REFUSALS and not is_vital:
                store.refused[question.text] = question.topic, error
        # Do not ask sooner than the API wants to be asked.
        if waits := [error.retry_after for error in failures.values() if error.retry_after]:
            store.not_before = self._clock() + timedelta(seconds=max(waits))
