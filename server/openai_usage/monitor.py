"""One task that runs the way of the data from end to end: ask, keep, add up, put into words.

Nothing is published before something is known: a client that has last good values keeps them until there are new ones.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from openai_usage import credentials, export, fetch, queries, views
from openai_usage.credentials import Credential, KeyFault, UnfitKey
from openai_usage.figures import Figures
from openai_usage.openai_api import ApiError, Client, Fault
from openai_usage.protocol import PanelView, Selection, StatusView
from openai_usage.schedule import Schedule
from openai_usage.scope import FIRST_SELECTION, Scope, filters_of, merged, scope
from openai_usage.settings import DEFAULT_BASE_URL, Settings, is_openai
from openai_usage.store import Store

_log = logging.getLogger(__name__)

# What a user waits for shows progress when it takes longer than this.
_PROGRESS_AFTER: Final = timedelta(seconds=1)
# Opening the panel on numbers younger than this asks for no newer ones.
_FRESH_FOR: Final = timedelta(minutes=1)
# Names and limits seldom change.
_NAMES_FRESH_FOR: Final = timedelta(hours=1)
_MOST_STEPS_BACK: Final = 20
# Asked again only when the user says so: the answer would be the same.
_REFUSALS: Final = frozenset({Fault.BAD_REQUEST, Fault.FORBIDDEN, Fault.SCOPE_MISSING, Fault.NOT_FOUND})

Connect = Callable[[str, Credential], Client]
"""Opens a client for a base URL; called inside the event loop."""
Progress = Callable[[str, Callable[[], object]], AbstractContextManager[None]]
"""Shows progress under a title while it is open; the function it is given cancels the work."""


class NotReadyError(Exception):
    """What was chosen is still being read."""


class CancelledError(Exception):
    """What a command was doing was cancelled: not the command itself."""


class Monitor:
    """Keeps the numbers of one account up to date. Its commands only note what is wanted; `run` does it."""

    def __init__(
        self,
        credential: Credential | KeyFault,
        connect: Connect,
        publish: Callable[[StatusView | PanelView], None],
        progress: Progress,
        settings: Settings,
        *,
        sample: bool = False,
        locale: str = "en",
        default_base_url: str = DEFAULT_BASE_URL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credential = credential
        self._connect = connect
        self._send = publish
        self._progress = progress
        self._sample = sample
        self._locale = locale
        self._default_base_url = default_base_url
        self._clock = clock

        self._settings = settings
        self._selection = FIRST_SELECTION
        self._back: list[Selection] = []
        self._panel_wanted = False

        self._client: Client | None = None
        self._outdated: list[Client] = []
        self._store = Store()
        self._figures = Figures(self._store)
        self._problem: views.Problem | None = None
        self._failures: fetch.Failures = {}
        self._refused: dict[str, tuple[fetch.Topic, ApiError]] = {}

        self._wake = asyncio.Event()
        self._wake.set()
        self._schedule = Schedule(settings.refresh_minutes, clock)
        self._refresh_wanted = False
        self._user_waits = False
        self._more_wanted = False
        self._held_back = False
        self._busy = False
        self._fetching: asyncio.Task[fetch.Failures] | None = None
        self._later: dict[fetch.Topic, asyncio.Task[None]] = {}
        """By what it asks about, the task that nobody waits for. Nothing else is asked about that meanwhile."""
        self._exports: set[asyncio.Task[None]] = set()
        self._names_read: datetime | None = None
        self._last_status: StatusView | None = None
        self._last_panel: PanelView | None = None

    # What is wanted.

    def configure(self, settings: Settings) -> None:
        """Take over settings. Another address is another account: what is known of the old one is dropped."""
        if settings == self._settings:
            return
        old_base_url, old_minutes = self._base_url, self._settings.refresh_minutes
        self._settings = settings
        if self._base_url != old_base_url:
            self._forget()
            self._schedule.restart()
            self._user_waits = bool(settings.refresh_minutes)
        if self._base_url != old_base_url or settings.refresh_minutes != old_minutes:
            self._schedule.every(settings.refresh_minutes)
            self._wake.set()
        self._publish()

    def show(self) -> None:
        """Reveal the panel at once; fetch when what is known is not fresh."""
        self._panel_wanted = True
        age = self._clock() - self._figures.as_of if self._figures.as_of else None
        # A refusal would only be repeated.
        failed = self._failures.keys() - {topic for topic, _ in self._refused.values()}
        fresh = age is not None and timedelta() <= age < _FRESH_FOR and not self._problem and not failed
        self._ask(refresh=not fresh)
        self._add_up()
        self._publish(reveal=True)

    def refresh(self) -> None:
        """Fetch now."""
        self._refused.clear()
        self._ask(refresh=True)
        self._publish()

    def select(self, selection: Selection) -> None:
        """Show something else; fetch what is not known of it."""
        is_first = not self._panel_wanted
        self._panel_wanted = True
        old, new = self._selection, merged(self._selection, selection)
        self._selection = new
        # Where an editor takes up again what it showed before, there is no way back to what nobody saw.
        if is_first or not filters_of(new):
            self._back.clear()
        elif self._back and filters_of(self._back[-1]) == filters_of(new):
            self._back.pop()
        elif filters_of(old) != filters_of(new):
            self._back = [*self._back, old][-_MOST_STEPS_BACK:]
        self._ask(refresh=False)
        if self._later_questions(self._clock(), by_user=False):
            self._more_wanted = True
            self._wake.set()
        self._add_up()
        self._publish()

    async def export(self, path: Path, kind: export.Format) -> str | None:
        """Write the rows behind the panel; what is not in the file though it should be, in words.

        OSError when they cannot be written, NotReadyError when it is not yet what was chosen, CancelledError when the
        user cancels it or `run` ends.
        """
        report = self._figures.report
        if report is None or self._is_busy or report.scope != scope(self._selection, self._clock().date()):
            raise NotReadyError
        text = export.text(kind, self._store, report, self._figures.currency)
        task = asyncio.create_task(export.write(path, text))
        self._exports.add(task)
        task.add_done_callback(self._exports.discard)
        await self._wait_for(task, "Exporting OpenAI usage", user_waits=True)
        if task.cancelled():
            raise CancelledError
        task.result()
        return views.not_read(report)

    def table_as_markdown(self, table: str) -> str | None:
        """A table of the panel, all of its rows; None when there is none of that name."""
        return views.table_as_markdown(self._state(), table)

    def _ask(self, *, refresh: bool) -> None:
        self._refresh_wanted |= refresh
        if refresh or self._questions(self._clock()):
            self._user_waits = True
            self._wake.set()

    # The task.

    async def run(self) -> None:
        """Fetch when it is time, until cancelled. A failure is shown and tried again later; it never ends this."""
        try:
            while True:
                await self._schedule.wait(self._wake)
                await self._step()
        finally:
            self._cancel()
            for task in self._exports:
                task.cancel()
            await asyncio.gather(*self._exports, return_exceptions=True)
            for client in [*self._outdated, self._client]:
                if client is not None:
                    await client.aclose()

    async def _step(self) -> None:
        now = self._clock()
        self._mind_the_clock(now)
        refresh, user_waits = self._refresh_wanted or self._schedule.is_due, self._user_waits
        self._refresh_wanted = self._user_waits = False
        if refresh:
            self._schedule.begin(now)
        while self._outdated:
            await self._outdated.pop().aclose()
        try:
            await self._fetch(now, refresh=refresh, user_waits=user_waits)
        except Exception:
            _log.exception("A fetch failed in a way nobody thought of")
            self._problem = views.BUG
        self._show_what_is_known()

    def _show_what_is_known(self) -> None:
        try:
            self._add_up()
            self._publish()
        except Exception:
            _log.exception("The figures could not be shown, for a reason nobody thought of")
            # They could not be shown the next time either.
            self._forget()
            self._problem = views.BUG
            self._publish()

    def _mind_the_clock(self, now: datetime) -> None:
        """After a clock was set back, what was read "later" than now would never be read again."""
        newest = max(filter(None, (self._figures.as_of, self._schedule.last)), default=now)
        if now < newest:
            _log.info("The clock was set back; everything is read afresh")
            self._forget()
            self._schedule.restart()

    async def _fetch(self, now: datetime, *, refresh: bool, user_waits: bool) -> None:
        credential = self._usable_credential()
        if not isinstance(credential, Credential):
            self._problem = credential
            self._schedule.stop()
            return
        is_asked = refresh or user_waits
        if not is_asked and self._figures.as_of is None and not self._schedule.is_on:
            self._problem = views.NOT_ASKED
            return
        by_user = refresh and user_waits
        if refresh:
            self._store.since = now
        if by_user:
            # What was not there may be there now.
            self._store.absent.clear()
        questions = self._questions(now, by_user=by_user) if is_asked else []
        later = self._later_questions(now, by_user=by_user) if is_asked or self._more_wanted else []
        self._more_wanted = False
        if not questions and not later:
            return
        try:
            self._client = self._client or self._connect(self._base_url, credential)
        except ApiError as error:
            self._problem = error
            return
        store, client = self._store, self._client
        is_done = await self._read_shown(client, store, now, questions, user_waits=user_waits)
        if is_done and queries.TOTAL not in self._failures:
            # After the figures: reading all at once would keep them waiting.
            self._start_later(client, store, now, self._later_questions(now, by_user=by_user))

    async def _read_shown(
        self, client: Client, store: Store, now: datetime, questions: Sequence[fetch.Question], *, user_waits: bool
    ) -> bool:
        """Ask what is shown, and wait for the answers. False when nothing else is to be asked after it."""
        # What is on its way already, as a comparison, is waited for; what it does not answer is asked then.
        awaited = {running for question in questions if (running := self._later.get(question.topic))}
        questions = [question for question in questions if question.topic not in self._later]
        if not questions and not awaited:
            return True
        self._fetching = task = asyncio.create_task(_read(client, store, questions, now, awaited))
        self._busy = user_waits or self._figures.as_of is None
        try:
            self._publish()
            await self._wait_for(task, "Fetching OpenAI usage", user_waits=user_waits)
        finally:
            task.cancel()
            self._fetching = None
            self._busy = False
        if store is not self._store:
            return False
        self._take(questions, task)
        if awaited and not task.cancelled() and self._questions(now):
            self._user_waits = True
            self._wake.set()
            return False
        return not task.cancelled()

    async def _wait_for(self, task: "asyncio.Task[Any]", title: str, *, user_waits: bool) -> None:
        while not task.done():
            await asyncio.wait({task}, timeout=_PROGRESS_AFTER.total_seconds())
            # The user may have begun to wait meanwhile.
            if not task.done() and (user_waits or self._user_waits):
                with self._progress(title, task.cancel):
                    await asyncio.wait({task})

    def _take(self, questions: Sequence[fetch.Question], task: "asyncio.Task[fetch.Failures]") -> None:
        """Note how a fetch ended."""
        if task.cancelled():
            # Whoever cancels does not want the next one either.
            self._refresh_wanted = self._user_waits = False
            if self._figures.as_of is None:
                self._problem = views.CANCELLED
            return
        self._problem = None
        self._schedule.hold_off(None)
        self._note(questions, task.result())

    def _note(self, questions: Sequence[fetch.Question], failures: fetch.Failures) -> None:
        # Only what was asked can have been mended. What is only compared with is missed by nobody when it is not there.
        for topic in {question.topic for question in questions if not question.is_compared}:
            self._failures.pop(topic, None)
            if topic in failures:
                self._failures[topic] = failures[topic]
        for question in questions:
            error = failures.get(question.topic)
            if error and error.fault in _REFUSALS and (question.topic != queries.TOTAL or question.is_compared):
                self._refused[question.text] = question.topic, error
        # All questions of a fetch tend to fail alike.
        for message in sorted({str(error) for error in failures.values()}):
            _log.warning("%s", message)
        # Do not ask sooner than the API wants to be asked.
        if waits := [error.retry_after for error in failures.values() if error.retry_after]:
            self._schedule.hold_off(max(waits))

    def _start_later(self, client: Client, store: Store, now: datetime, questions: Sequence[fetch.Question]) -> None:
        """Read, kind by kind, what is shown when it is there; nobody waits for it."""
        kinds: dict[type, list[fetch.Question]] = {}
        for question in questions:
            kinds.setdefault(type(question.topic), []).append(question)
        for some in kinds.values():
            task = asyncio.create_task(self._read_later(client, store, now, some))
            self._later |= dict.fromkeys((question.topic for question in some), task)

    async def _read_later(
        self, client: Client, store: Store, now: datetime, questions: Sequence[fetch.Question]
    ) -> None:
        try:
            failures = await fetch.read(client, store, questions, now)
        except Exception:
            _log.exception("Names, limits or comparisons could not be read, for a reason nobody thought of")
            return
        finally:
            this = asyncio.current_task()
            self._later = {topic: task for topic, task in self._later.items() if task is not this}
        if store is not self._store:
            return
        self._note(questions, failures)
        has_names = any(question.topic == fetch.DIRECTORY for question in questions)
        if has_names:
            self._names_read = now
        if has_names or self._held_back:
            # Some of the limits are asked for by the projects' ids.
            self._held_back = False
            self._more_wanted = True
            self._wake.set()
        self._show_what_is_known()

    def _usable_credential(self) -> Credential | KeyFault | UnfitKey:
        """The key, or why it is not even tried."""
        if isinstance(self._credential, KeyFault):
            return self._credential
        return credentials.fit_for(self._credential, openai=is_openai(self._base_url))

    def _forget(self) -> None:
        self._cancel()
        if self._client is not None:
            self._outdated.append(self._client)
        self._client, self._store = None, Store()
        self._figures = Figures(self._store)
        self._problem, self._failures, self._names_read = None, {}, None
        self._refused.clear()

    def _cancel(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        for task in self._later.values():
            task.cancel()
        self._later = {}

    # Questions.

    def _questions(self, now: datetime, *, by_user: bool = False) -> list[fetch.Question]:
        wanted = fetch.shown(self._store, self._scope(now), now.date(), () if by_user else self._refused)
        if by_user:
            return wanted
        for question in wanted:
            if question.text in self._refused:
                topic, error = self._refused[question.text]
                self._failures[topic] = error
        return [question for question in wanted if question.text not in self._refused]

    def _later_questions(self, now: datetime, *, by_user: bool) -> list[fetch.Question]:
        chosen = self._scope(now)
        if chosen is None:
            return []
        are_old = self._names_read is not None and now - self._names_read > _NAMES_FRESH_FOR
        found = []
        if by_user or self._names_read is None or are_old:
            found += fetch.names()
        found += fetch.limits(self._store, chosen, refresh=by_user or are_old)
        found += fetch.compared(self._store, chosen)
        found = [question for question in found if by_user or question.text not in self._refused]
        wanted = [question for question in found if question.topic not in self._later]
        # The others wait until what is on its way is there.
        self._held_back |= len(wanted) < len(found)
        return wanted

    def _scope(self, now: datetime) -> Scope | None:
        return scope(self._selection, now.date()) if self._panel_wanted else None

    # What is known.

    @property
    def _base_url(self) -> str:
        return self._settings.base_url or self._default_base_url

    @property
    def _is_busy(self) -> bool:
        return self._busy or self._user_waits

    def _add_up(self) -> None:
        now = self._clock()
        # Also while nobody waits for it: half of a refresh does not go together with the other half.
        self._figures.add_up(self._scope(now), now, is_waiting=self._is_busy or self._fetching is not None)

    def _state(self) -> views.State:
        figures, bill = self._figures, self._figures.bill
        return views.State(
            now=self._clock(),
            base_url=self._base_url,
            locale=self._locale,
            sample=self._sample,
            busy=self._is_busy,
            selection=self._selection,
            back=self._back[-1] if self._back else None,
            as_of=figures.as_of,
            organization=bill.organization_name if bill else None,
            currency=figures.currency,
            left_out=bill.left_out if bill else frozenset(),
            recent=figures.recent,
            report=figures.report,
            directory=self._store.directory,
            spend_limits=self._store.spend_limits,
            spend_alerts=self._store.spend_alerts,
            rate_limits=self._store.rate_limits,
            monthly_budget=self._settings.monthly_budget,
            problem=self._problem or self._failures.get(queries.TOTAL),
            failures=self._failures,
            next_attempt=self._schedule.due_at,
        )

    def _publish(self, *, reveal: bool = False) -> None:
        """Send what changed. Before the first outcome there is nothing to say, but to a user who asked."""
        state = self._state()
        something_known = self._figures.recent is not None or state.problem is not None or self._last_status is not None
        if something_known and (status := views.status_view(state)) != self._last_status:
            self._last_status = status
            self._send(status)
        if reveal or (something_known and self._panel_wanted):
            panel = views.panel_view(state)
            if reveal or panel != self._last_panel:
                self._last_panel = panel
                self._send(panel.model_copy(update={"reveal": reveal}))


async def _read(
    client: Client,
    store: Store,
    questions: Sequence[fetch.Question],
    now: datetime,
    awaited: Collection["asyncio.Task[None]"],
) -> fetch.Failures:
    """Ask, and wait for what others have asked; cancelling this cancels only the first."""
    failures = await fetch.read(client, store, questions, now) if questions else {}
    if awaited:
        await asyncio.wait(awaited)
    return failures
