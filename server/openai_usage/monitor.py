"""One task that decides when to fetch, and runs the way of the data from end to end: ask, keep, add up, put into words.

Nothing is published before something is known: a client that has last good values keeps them until there are new ones.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from openai_usage import credentials, fetch, report, views
from openai_usage.credentials import Credential, KeyFault, UnfitKey
from openai_usage.days import Days, period_days
from openai_usage.openai_api import ApiError, Client
from openai_usage.protocol import GroupBy, PanelView, Period, Selection, StatusView
from openai_usage.settings import DEFAULT_BASE_URL, Settings, is_openai
from openai_usage.store import Store

_log = logging.getLogger(__name__)

# A fetch that a user waits for shows progress when it takes longer than this.
_PROGRESS_AFTER: Final = timedelta(seconds=1)
# Opening the panel on numbers younger than this asks for no newer ones.
_FRESH_FOR: Final = timedelta(minutes=1)
# Timers stand still while a computer sleeps, so the clock is looked at every now and then.
_LONGEST_WAIT: Final = timedelta(minutes=1)

Connect = Callable[[str, Credential], Client]
"""Opens a client for a base URL; called inside the event loop."""
Progress = Callable[[Callable[[], object]], AbstractContextManager[None]]
"""Shows progress while it is open; the function it is given cancels the work."""


@dataclass
class _Problems:
    """Why the newest answers are not there, for each kind of question; None where they are."""

    costs: views.Problem | None = None
    completions: views.Problem | None = None
    names: views.Problem | None = None

    def __bool__(self) -> bool:
        return bool(self.costs or self.completions)

    def take(self, asked: fetch.Plan, outcome: fetch.Outcome) -> None:
        """Only what was asked can have been mended, or have failed."""
        if asked.costs:
            self.costs = outcome.costs
        if asked.completions:
            self.completions = outcome.completions
        if asked.names:
            self.names = outcome.names


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
        default_base_url: str = DEFAULT_BASE_URL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credential = credential
        self._connect = connect
        self._send = publish
        self._progress = progress
        self._sample = sample
        self._default_base_url = default_base_url
        self._clock = clock

        self._settings = settings
        self._period: Period = "30d"
        self._group_by: GroupBy = "line_item"
        self._panel_wanted = False

        self._client: Client | None = None
        self._outdated: list[Client] = []
        self._store = Store()
        self._problems = _Problems()
        self._bill = report.bill([])
        self._recent: report.Recent | None = None
        self._details: views.Details | None = None

        self._wake = asyncio.Event()
        self._wake.set()
        self._refresh_wanted = False
        self._user_waits = False
        self._busy = False
        self._fetching: asyncio.Task[fetch.Outcome] | None = None
        self._last_refresh: datetime | None = None
        self._next_fetch: datetime | None = None
        self._not_before: datetime | None = None
        self._schedule()
        self._last_status: StatusView | None = None
        self._last_panel: PanelView | None = None

    # What is wanted.

    def configure(self, settings: Settings) -> None:
        """Take over settings. Another address is another account: what is known of the old one is dropped."""
        if settings == self._settings:
            return
        old_base_url = self._base_url
        self._settings = settings
        if self._base_url != old_base_url:
            self._forget()
            self._user_waits = bool(settings.refresh_minutes)
        self._schedule()
        self._wake.set()
        self._publish()

    def show(self) -> None:
        """Reveal the panel at once; fetch when what is known is not fresh."""
        self._panel_wanted = True
        age = self._clock() - self._as_of if self._as_of else None
        fresh = age is not None and timedelta() <= age < _FRESH_FOR and not self._problems
        self._ask(refresh=not fresh)
        self._add_up()
        self._publish(reveal=True)

    def refresh(self) -> None:
        """Fetch now."""
        self._ask(refresh=True)
        self._publish()

    def select(self, selection: Selection) -> None:
        """Show another period or grouping; fetch what is not known of it."""
        self._panel_wanted = True
        self._period = selection.period or self._period
        self._group_by = selection.group_by or self._group_by
        self._ask(refresh=False)
        self._add_up()
        self._publish()

    def _ask(self, *, refresh: bool) -> None:
        self._refresh_wanted |= refresh
        if refresh or self._plan(self._clock(), refresh=False):
            self._user_waits = True
            self._wake.set()

    # The task.

    async def run(self) -> None:
        """Fetch when it is time, until cancelled. A failure is shown and tried again later; it never ends this."""
        try:
            while True:
                await self._until_due()
                await self._step()
        finally:
            if self._fetching is not None:
                self._fetching.cancel()
            for client in [*self._outdated, self._client]:
                if client is not None:
                    await client.aclose()

    async def _until_due(self) -> None:
        """Until something is asked for, the next fetch is due, "today" is another day, or the clock was set back."""
        last = self._clock()
        while not self._wake.is_set() and not self._is_due():
            now = self._clock()
            if now.date() != last.date() or now < last:
                break
            last = now
            midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            wait = min(midnight, self._due_at or midnight) - now
            # Not wait_for: up to Python 3.11 it may swallow a cancellation, and the server would never end.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(wait, _LONGEST_WAIT).total_seconds())):
                    await self._wake.wait()
        self._wake.clear()
        if self._clock().date() != last.date() and self._settings.refresh_minutes:
            self._next_fetch = self._clock()

    @property
    def _due_at(self) -> datetime | None:
        """When the next fetch is due that nobody asks for."""
        if self._next_fetch is None or self._not_before is None:
            return self._next_fetch
        return max(self._next_fetch, self._not_before)

    def _is_due(self) -> bool:
        return self._due_at is not None and self._due_at <= self._clock()

    def _schedule(self) -> None:
        """At once the first time, then at intervals, or never."""
        if not self._settings.refresh_minutes:
            self._next_fetch = None
        elif self._last_refresh is None:
            self._next_fetch = self._clock()
        else:
            self._next_fetch = self._last_refresh + timedelta(minutes=self._settings.refresh_minutes)

    async def _step(self) -> None:
        now = self._clock()
        self._mind_the_clock(now)
        refresh, user_waits = self._refresh_wanted or self._is_due(), self._user_waits
        self._refresh_wanted = self._user_waits = False
        if refresh:
            self._last_refresh = now
            self._schedule()
        while self._outdated:
            await self._outdated.pop().aclose()
        try:
            await self._fetch(now, refresh=refresh, user_waits=user_waits)
        except Exception:
            _log.exception("A fetch failed in a way nobody thought of")
            self._problems.costs = views.BUG
        try:
            self._add_up()
            self._publish()
        except Exception:
            _log.exception("The figures could not be shown, for a reason nobody thought of")
            # They could not be shown the next time either.
            self._forget()
            self._problems.costs = views.BUG
            self._publish()

    def _mind_the_clock(self, now: datetime) -> None:
        """After a clock was set back, what was read "later" than now would never be read again."""
        newest = max(filter(None, (self._as_of, self._last_refresh)), default=now)
        if now < newest:
            _log.info("The clock was set back; everything is read afresh")
            self._forget()
            self._not_before = None
            self._schedule()

    async def _fetch(self, now: datetime, *, refresh: bool, user_waits: bool) -> None:
        credential = self._usable_credential()
        if not isinstance(credential, Credential):
            self._problems = _Problems(costs=credential)
            self._next_fetch = None
            return
        if not refresh and not user_waits:
            if self._as_of is None and not self._settings.refresh_minutes:
                self._problems = _Problems(costs=views.NOT_ASKED)
            return
        # Names seldom change: they are read once, and again when the user asks.
        unread = self._store.project_names is None and self._problems.names is None
        plan = self._plan(now, refresh=refresh, names=unread or (refresh and user_waits))
        if not plan:
            return
        try:
            self._client = self._client or self._connect(self._base_url, credential)
        except ApiError as error:
            self._problems.costs = error
            return
        store = self._store
        self._busy = user_waits or self._as_of is None
        self._fetching = task = asyncio.create_task(fetch.read(self._client, store, plan, now))
        try:
            self._publish()
            await self._wait_for(task, user_waits=user_waits)
        finally:
            task.cancel()
            self._fetching = None
            self._busy = False
        if store is self._store:
            self._take(plan, task)

    async def _wait_for(self, task: "asyncio.Task[fetch.Outcome]", *, user_waits: bool) -> None:
        while not task.done():
            await asyncio.wait({task}, timeout=_PROGRESS_AFTER.total_seconds())
            # The user may have begun to wait meanwhile.
            if not task.done() and (user_waits or self._user_waits):
                with self._progress(task.cancel):
                    await asyncio.wait({task})

    def _take(self, plan: fetch.Plan, task: "asyncio.Task[fetch.Outcome]") -> None:
        """Note how a fetch ended."""
        if task.cancelled():
            # Whoever cancels does not want the next one either.
            self._refresh_wanted = self._user_waits = False
            if self._as_of is None:
                self._problems.costs = views.CANCELLED
            return
        outcome = task.result()
        self._problems.take(plan, outcome)
        # All questions of a fetch tend to fail alike.
        for message in sorted({str(error) for error in outcome}):
            _log.warning("%s", message)
        # Do not ask sooner than the API wants to be asked.
        waits = [error.retry_after for error in outcome if error.retry_after]
        self._not_before = self._clock() + timedelta(seconds=max(waits)) if waits else None

    def _usable_credential(self) -> Credential | KeyFault | UnfitKey:
        """The key, or why it is not even tried."""
        if isinstance(self._credential, KeyFault):
            return self._credential
        return credentials.fit_for(self._credential, openai=is_openai(self._base_url))

    def _forget(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        if self._client is not None:
            self._outdated.append(self._client)
        self._client, self._store, self._problems = None, Store(), _Problems()
        self._bill, self._recent, self._details = report.bill([]), None, None
        self._last_refresh = None

    def _plan(self, now: datetime, *, refresh: bool, names: bool = False) -> fetch.Plan:
        period = self._period if self._panel_wanted else None
        return fetch.plan(self._store, period, now.date(), refresh=refresh, names=names)

    # What is known.

    @property
    def _base_url(self) -> str:
        return self._settings.base_url or self._default_base_url

    @property
    def _is_busy(self) -> bool:
        return self._busy or self._user_waits

    @property
    def _as_of(self) -> datetime | None:
        return self._store.costs.as_of

    def _add_up(self) -> None:
        costs = self._store.costs
        if costs.known is None or costs.as_of is None:
            return
        self._bill = report.bill(costs.rows(costs.known))
        self._recent = report.recent(self._bill.rows, costs.as_of.date())
        if self._panel_wanted:
            details = self._period_details(period_days(self._period, self._clock().date()))
            on_its_way = self._is_busy and (details.missing_costs or details.missing_tokens)
            # Until a period is there, the one before stays in sight, under its own dates.
            if self._details is None or not on_its_way:
                self._details = details

    def _period_details(self, days: Days) -> views.Details:
        billed = [row for row in self._bill.rows if row.day in days]
        used = self._store.completions.rows(days)
        missing_costs, missing_tokens = self._store.costs.missing(days), self._store.completions.missing(days)
        return views.Details(
            days=days,
            group_by=self._group_by,
            spend=None if missing_costs == [days] else report.spend(billed, days, self._group_by),
            tokens=None if missing_tokens == [days] else report.tokens(used),
            models=report.models(billed, used),
            missing_costs=missing_costs,
            missing_tokens=missing_tokens,
        )

    def _state(self) -> views.State:
        return views.State(
            now=self._clock(),
            base_url=self._base_url,
            sample=self._sample,
            busy=self._is_busy,
            period=self._period,
            group_by=self._group_by,
            as_of=self._as_of,
            organization=self._bill.organization_name,
            currency=self._bill.currency,
            left_out=self._bill.left_out,
            completions_as_of=self._store.completions.as_of,
            recent=self._recent,
            details=self._details,
            project_names=self._store.project_names or {},
            costs_problem=self._problems.costs,
            completions_problem=self._problems.completions,
            names_problem=self._problems.names,
            next_attempt=self._due_at,
        )

    def _publish(self, *, reveal: bool = False) -> None:
        """Send what changed. Before the first outcome there is nothing to say, but to a user who asked."""
        state = self._state()
        something_known = self._recent is not None or bool(self._problems) or self._last_status is not None
        if something_known and (status := views.status_view(state)) != self._last_status:
            self._last_status = status
            self._send(status)
        if reveal or (something_known and self._panel_wanted):
            panel = views.panel_view(state)
            if reveal or panel != self._last_panel:
                self._last_panel = panel
                self._send(panel.model_copy(update={"reveal": reveal}))
