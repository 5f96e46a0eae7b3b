"""One task that decides when to fetch, and runs the way of the data from end to end: ask, keep, add up, put into words.

Nothing is published before something is known: a client that has last good values keeps them until there are new ones.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from openai_usage import fetch, report, views
from openai_usage.credentials import Credential, KeyFault, KeyKind
from openai_usage.days import Days, period_days
from openai_usage.openai_api import ApiError, Client
from openai_usage.protocol import GroupBy, PanelView, Period, Selection, StatusView
from openai_usage.settings import DEFAULT_BASE_URL, Settings
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
        self._schedule()
        self._wake.set()

    def show(self) -> None:
        """Reveal the panel at once; fetch when what is known is not fresh."""
        self._panel_wanted = True
        fresh = self._as_of is not None and self._clock() - self._as_of < _FRESH_FOR and not self._problems
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
        if refresh or self._plan(refresh=False):
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
        """Until something is asked for, the next fetch is due, or "today" is another day."""
        midnight = (self._clock() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        while not self._wake.is_set() and not self._is_due() and (now := self._clock()) < midnight:
            wait = min(midnight - now, (self._next_fetch or midnight) - now, _LONGEST_WAIT)
            try:
                await asyncio.wait_for(self._wake.wait(), max(0.0, wait.total_seconds()))
            except TimeoutError:
                continue
        self._wake.clear()

    def _is_due(self) -> bool:
        return self._next_fetch is not None and self._next_fetch <= self._clock()

    def _schedule(self) -> None:
        """When to fetch next without being asked: at once the first time, then at intervals, or never."""
        if not self._settings.refresh_minutes:
            self._next_fetch = None
        elif self._last_refresh is None:
            self._next_fetch = self._clock()
        else:
            self._next_fetch = self._last_refresh + timedelta(minutes=self._settings.refresh_minutes)

    async def _step(self) -> None:
        refresh, user_waits = self._refresh_wanted or self._is_due(), self._user_waits
        self._refresh_wanted = self._user_waits = False
        if refresh:
            self._last_refresh = self._clock()
            self._schedule()
        while self._outdated:
            await self._outdated.pop().aclose()
        try:
            await self._fetch(refresh=refresh, user_waits=user_waits)
        except Exception:
            _log.exception("A fetch failed in a way nobody thought of")
            self._problems.costs = views.BUG
        self._add_up()
        self._publish()

    async def _fetch(self, *, refresh: bool, user_waits: bool) -> None:
        credential = self._usable_credential()
        if not isinstance(credential, Credential):
            self._problems = _Problems(costs=credential)
            self._next_fetch = None
            return
        if not refresh and not user_waits:
            if self._as_of is None and not self._settings.refresh_minutes:
                self._problems = _Problems(costs=views.NOT_ASKED)
            return
        plan = self._plan(refresh=refresh, names=refresh and user_waits)
        if not plan:
            return
        store = self._store
        if self._client is None:
            self._client = self._connect(self._base_url, credential)
        self._busy = user_waits or self._as_of is None
        self._fetching = task = asyncio.create_task(fetch.read(self._client, store, plan, self._clock()))
        self._publish()
        try:
            done, _ = await asyncio.wait({task}, timeout=_PROGRESS_AFTER.total_seconds() if user_waits else None)
            if not done:
                with self._progress(task.cancel):
                    await asyncio.wait({task})
        finally:
            task.cancel()
            self._fetching = None
            self._busy = False
        if store is not self._store:
            return
        if task.cancelled():
            # Whoever cancels does not want the next one either.
            self._refresh_wanted = self._user_waits = False
            self._problems.costs = views.CANCELLED
            return
        self._problems.take(plan, task.result())
        # All questions of a fetch tend to fail alike.
        for error in {str(error): error for error in task.result()}.values():
            self._heed(error)

    def _heed(self, error: ApiError) -> None:
        """Do not ask sooner than the API wants to be asked."""
        _log.warning("%s", error)
        if self._next_fetch and error.retry_after:
            self._next_fetch = max(self._next_fetch, self._clock() + timedelta(seconds=error.retry_after))

    def _usable_credential(self) -> Credential | KeyFault | KeyKind:
        """The key, or why it is not even tried. A gateway makes keys of its own, so there any key is."""
        if isinstance(self._credential, KeyFault):
            return self._credential
        host = urlsplit(self._base_url).hostname or ""
        is_openai = host == "openai.com" or host.endswith(".openai.com")
        may_read = self._credential.kind in {KeyKind.ADMIN, KeyKind.OTHER}
        return self._credential.kind if is_openai and not may_read else self._credential

    def _forget(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        if self._client is not None:
            self._outdated.append(self._client)
        self._client, self._store, self._problems = None, Store(), _Problems()
        self._bill, self._recent, self._details = report.bill([]), None, None
        self._last_refresh = None

    def _plan(self, *, refresh: bool, names: bool = False) -> fetch.Plan:
        period = self._period if self._panel_wanted else None
        return fetch.plan(self._store, period, self._clock().date(), refresh=refresh, names=names)

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
            recent=self._recent,
            details=self._details,
            project_names=self._store.project_names or {},
            costs_problem=self._problems.costs,
            completions_problem=self._problems.completions,
            names_problem=self._problems.names,
            next_attempt=self._next_fetch,
        )

    def _publish(self, *, reveal: bool = False) -> None:
        """Send what changed. Before the first outcome there is nothing to say, but to a user who asked."""
        state = self._state()
        something_known = self._recent is not None or bool(self._problems)
        if something_known and (status := views.status_view(state)) != self._last_status:
            self._last_status = status
            self._send(status)
        if reveal or (something_known and self._panel_wanted):
            panel = views.panel_view(state)
            if reveal or panel != self._last_panel:
                self._last_panel = panel
                self._send(panel.model_copy(update={"reveal": reveal}))
