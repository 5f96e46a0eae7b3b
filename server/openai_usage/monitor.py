"""One task that runs the way of the data from end to end: ask, keep, add up, put into words.

Nothing is published before something is known: a client that has last good values keeps them until there are new ones.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from openai_usage import credentials, export, fetch, history, queries, views
from openai_usage.credentials import ADMIN_VARIABLE, Credential, KeyFault, UnfitKey
from openai_usage.daily import DailyReading
from openai_usage.days import Days
from openai_usage.figures import Figures
from openai_usage.identity import Identity
from openai_usage.openai_api import ApiError
from openai_usage.protocol import PanelView, Selection, StatusView, WindowState
from openai_usage.reader import Plan, Reader
from openai_usage.refresh import Refresh
from openai_usage.schedule import Schedule
from openai_usage.scope import Scope, filters_of, scope
from openai_usage.settings import DEFAULT_BASE_URL, Settings, is_openai
from openai_usage.source import Kind, Source
from openai_usage.store import LONG_AGO, Store
from openai_usage.trail import Trail
from openai_usage.workspace import Workspace

if TYPE_CHECKING:
    from openai_usage.imported import Imported
    from openai_usage.openai_api import Client

_log = logging.getLogger(__name__)

# What a user waits for shows progress when it takes longer than this.
_PROGRESS_AFTER: Final = timedelta(seconds=1)
# Opening the panel on numbers younger than this asks for no newer ones.
_FRESH_FOR: Final = timedelta(minutes=1)
# Whether others wrote something, or the computer slept, is looked at so often.
_LOOK_EVERY: Final = timedelta(seconds=0.5)
_SLEPT: Final = timedelta(seconds=10)
# Clocks of two computers on one folder differ a little.
_SKEW: Final = timedelta(seconds=5)
# Windows that an editor restores together do not all begin at the same moment, once they have something to show.
_LONGEST_DELAY: Final = 2.0

Connect = Callable[[str, Credential, Source], "Client"]
"""Opens a client for a base URL; called inside the event loop."""
OpenStore = Callable[[str, Credential, Source], Store]
"""Opens what is kept for a base URL and a key."""
Progress = Callable[[str, Callable[[], object]], AbstractContextManager[Callable[[str], None]]]
"""Shows progress under a title while it is open, and what the work says meanwhile. Its argument cancels the work."""


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
        open_store: OpenStore = lambda *about: Store(source=about[2]),
        workspace: Workspace | None = None,
        load_prices: Callable[[], object] | None = None,
        sample: bool = False,
        locale: str = "en",
        default_base_url: str = DEFAULT_BASE_URL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credential = credential
        self._connect = connect
        self._open_store = open_store
        self._workspace = workspace or Workspace()
        self._load_prices = load_prices
        self._send = publish
        self._progress = progress
        self._sample = sample
        self._locale = locale
        self._default_base_url = default_base_url
        self._clock = clock

        self._settings = settings
        self._trail = Trail()
        self._panel_wanted = False
        self._panel_visible = True

        self._identity = Identity(clock)
        self._outdated: list[Reader] = []
        self._reader = self._new_reader()
        self._figures = Figures(self._store)
        self._problem: views.Problem | None = None
        self._history_problem: ApiError | Literal["full"] | None = None

        self._asking_whose: asyncio.Task[None] | None = None
        self._key_organization: str | None = None

        self._wake = asyncio.Event()
        self._wake.set()
        self._schedule = Schedule(settings.refresh_minutes, clock)
        self._refresh_wanted: datetime | None = None
        """Since when the user wants newer figures."""
        self._user_waits = False
        self._more_wanted = False
        self._is_answered = False
        """What nobody waited for came, and may lead to more questions: those belong to the command that began it."""
        self._busy = False
        self._fetching: asyncio.Task[fetch.Failures | None] | None = None
        self._reading_history: asyncio.Task[None] | None = None
        self._import: Imported | None = None
        """Shown in the place of the account."""
        self._imports: set[asyncio.Task[Imported]] = set()
        self._days = DailyReading(self._seen, self._days_progress, self._on_day, clock)
        self._exports: set[asyncio.Task[None]] = set()
        self._last_status: StatusView | None = None
        self._last_panel: PanelView | None = None

    # What is wanted.

    def configure(self, settings: Settings) -> None:
        """Take over settings. Another address or source is another account: what is known of the old one is dropped."""
        if settings == self._settings:
            return
        old, old_minutes = (self._base_url, self._source), self._settings.refresh_minutes
        old_key = self._settings.workspace_key
        self._settings = settings
        is_another = (self._base_url, self._source) != old
        if is_another:
            self._forget()
            self._schedule.restart()
            self._learn()
            self._user_waits = bool(settings.refresh_minutes)
        if is_another or settings.refresh_minutes != old_minutes:
            self._schedule.every(settings.refresh_minutes)
            self._wake.set()
        if settings.workspace_key != old_key:
            self._wake.set()
        self._publish()

    def work_in(self, folders: Sequence[Path], folder: Path | None) -> None:
        """These are the workspace's folders, and in which of them the user works, where that is known."""
        self._workspace.work_in(folders, folder)
        self._on_key()
        self._wake.set()

    def on_files(self) -> None:
        """A file changed in which the workspace's key may be."""
        self._wake.set()

    def attend(self, window: WindowState) -> None:
        """Whether anybody looks. Nothing is fetched for a window that nobody used for long, nor for a hidden panel."""
        if self._schedule.attend(is_active=window.is_active) and self._store.quiet:
            # Whoever comes back wants figures no older than the interval.
            with self._store.up_to_date():
                self._store.quiet = 0
            self._learn()
        self._panel_visible = window.is_panel_visible
        self._wake.set()
        if self._panel_visible and self._panel_wanted:
            # Who only comes back did not ask for what was cancelled.
            self._ask(refresh=False, is_act=False)
            self._more_wanted = True
            self._add_up()
            self._publish()

    def show(self) -> None:
        """Reveal the panel at once; fetch when what is known is not fresh."""
        self._panel_wanted = self._panel_visible = True
        self._store.follow()
        age = self._clock() - self._figures.as_of if self._figures.as_of else None
        # A refusal would only be repeated.
        failed = self._store.failures.keys() - {topic for topic, _ in self._store.refused.values()}
        fresh = age is not None and timedelta() <= age < _FRESH_FOR and not self._problem and not failed
        self._ask(refresh=not fresh)
        self._more_wanted = True
        self._wake.set()
        self._add_up()
        self._publish(reveal=True)

    def refresh(self) -> None:
        """Fetch now."""
        self._ask(refresh=True)
        self._publish()

    def fetch_history(self) -> None:
        """Read all there is, back to the first day; where that is going on already, it goes on."""
        if self._reading_history is None and isinstance(self._usable_credential(), Credential):
            self._history_problem = None
            self._reading_history = asyncio.create_task(self._read_history())
        # It grows as it comes in.
        self._trail.replace(Selection(period="all"))
        self.show()

    def read_days(self) -> None:
        """Read the use of all days that are shown, from a source that gives a few of them a minute."""
        self._days.all_of_it = True
        self._ask(refresh=False)
        self._more_wanted = True
        self._wake.set()
        self._publish()

    async def import_files(self, paths: Sequence[Path]) -> str | None:
        """Show the usage that was saved in files; what of it could not be read, in words, or None.

        OSError when one cannot be opened, NothingReadError when nothing is understood, CancelledError when the user
        cancels it. Then the panel shows what it showed before.
        """
        # Imported here: hardly anybody ever needs it.
        from openai_usage import imported  # noqa: PLC0415

        task = asyncio.create_task(asyncio.to_thread(imported.read, paths, self._settings.legacy_unit))
        self._imports.add(task)
        task.add_done_callback(self._imports.discard)
        await self._wait_for(task, views.READING_FILES, user_waits=True)
        if task.cancelled():
            raise CancelledError
        self._import = task.result()
        self._panel_wanted = self._panel_visible = True
        self._publish_panel(reveal=True)
        await self._know_prices()
        return views.problems_text(self._import.problems)

    def close_import(self) -> None:
        """Show the account again."""
        self._import = None
        self._more_wanted = True
        self._wake.set()
        self._add_up()
        self._publish_panel(reveal=True)

    def choose_key(self, key_id: str | None) -> None:
        """The workspace's key is this one of several; None: it is not known which one it is."""
        self._identity.choose(key_id, self._store)
        self._on_key()

    def erase(self) -> None:
        """Delete what is kept on disk of this account, and keep nothing there any more. OSError when it cannot be."""
        self._cancel()
        self._store.erase()

    def select(self, selection: Selection) -> None:
        """Show something else; fetch what is not known of it."""
        if self._import is not None:
            self._import.trail.select(selection)
            self._publish_panel()
            return
        # Where an editor takes up again what it showed before, there is no way back to what nobody saw.
        self._trail.select(selection, is_first=not self._panel_wanted)
        self._panel_wanted = True
        self._days.all_of_it = False
        self._ask(refresh=False)
        self._more_wanted = True
        self._wake.set()
        self._add_up()
        self._publish()

    async def export(self, path: Path, kind: export.Format) -> str | None:
        """Write the rows behind the panel; what is not in the file though it should be, in words.

        OSError when they cannot be written, NotReadyError when it is not yet what was chosen, CancelledError when the
        user cancels it or `run` ends.
        """
        now = self._clock()
        if self._import is not None:
            store, report, currency = self._import.store, self._import.report(now), self._import.currency
        elif (found := self._figures.report) is None or self._is_busy or found.scope != self._chosen(now):
            raise NotReadyError
        else:
            store, report, currency = self._store, found, self._figures.currency
        with store.snapshot():
            text = export.text(kind, store, report, currency)
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
        return views.table_as_markdown(self._panel_state(), table)

    def _ask(self, *, refresh: bool, is_act: bool = True) -> None:
        now = self._clock()
        self._schedule.touch()
        self._days.go_on(is_act=is_act)
        if refresh:
            self._refresh_wanted = now
        if refresh or self._reader.shown(self._seen(now), now):
            self._user_waits = True
            self._wake.set()

    # The task.

    async def run(self) -> None:
        """Fetch when it is time, until cancelled. A failure is shown and tried again later; it never ends this."""
        self._learn()
        await self._look()
        self._show_what_is_known()
        if self._figures.as_of is not None:
            self._schedule.delay(random.uniform(0, _LONGEST_DELAY))  # noqa: S311 - jitter, not a secret
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                await self._schedule.wait(self._wake)
                await self._step()
        finally:
            more = [self._reading_history, self._days.task, self._asking_whose]
            others = [watching, *self._exports, *self._imports, *(task for task in more if task is not None)]
            self._cancel()
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for reader in [*self._outdated, self._reader]:
                await reader.aclose()

    async def _watch(self) -> None:
        """Show what other servers wrote, and notice that the computer slept."""
        last = self._clock()
        were_others_asking = False
        while True:
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
            now = self._clock()
            self._store.follow()
            are_others_asking = self._store.is_asked_by_others(now)
            if self._store.has_news or are_others_asking != were_others_asking:
                self._store.has_news = False
                self._on_news()
            were_others_asking = are_others_asking
            if now - last > _SLEPT:
                self._wake.set()
            last = now

    def _on_news(self) -> None:
        self._learn()
        if isinstance(self._problem, ApiError | str) and self._problem != views.BUG:
            # Whatever it was, somebody asked again since.
            self._problem = None
        self._more_wanted = True
        self._wake.set()
        self._show_what_is_known()

    def _learn(self) -> None:
        """What the store knows of fetches, here or elsewhere."""
        store = self._store
        if store.asked > LONG_AGO:
            self._schedule.begin(store.asked)
        self._schedule.learn(store.quiet, store.offline)
        self._schedule.hold_off((store.not_before - self._clock()).total_seconds() if store.not_before else None)

    async def _step(self) -> None:
        now = self._clock()
        self._mind_the_clock(now)
        refresh, user_waits = self._refresh_wanted, self._user_waits
        self._refresh_wanted, self._user_waits = None, False
        while self._outdated:
            await self._outdated.pop().aclose()
        # Somebody waits from here on, also while the key is looked for.
        self._busy = user_waits
        try:
            await self._look()
            await self._fetch(refresh, user_waits=user_waits)
        except Exception:
            _log.exception("A fetch failed in a way nobody thought of")
            self._problem = views.BUG
            # It would fail again at once, over and over.
            self._schedule.begin(now)
        self._busy = False
        self._show_what_is_known()
        await self._know_prices()

    async def _look(self) -> None:
        """Look for the workspace's key, and which one it is."""
        await self._workspace.look(self._settings.workspace_key, self._on_key)
        self._on_key()

    def _on_key(self) -> None:
        """The workspace's key may be another one, or it may be known by now which one it is."""
        found = self._identity
        before, key_id = (found.key, found.match), found.key_id
        found.find(self._workspace.key, self._store)
        if (found.key, found.match) != before:
            # Of another key, other figures are shown.
            self._narrow_to_key(key_id)
            self._more_wanted |= found.match != before[1] and self._schedule.is_on
            self._wake.set()
            self._show_what_is_known()

    def _narrow_to_key(self, before: str | None) -> None:
        """A panel that shows this workspace alone shows the key of the folder that is entered."""
        new = self._identity.key_id
        if before and new and filters_of(self._trail.selection) == {"api_key_id": frozenset({before})}:
            self._trail.replace(Selection(api_key_ids=[new]))

    async def _know_prices(self) -> None:
        """Load the list prices once there is something to price, after what is known was shown: it takes a while."""
        if (
            self._load_prices is None
            or self._figures.as_of is None
            or not (self._panel_wanted or self._identity.key_id)
        ):
            return
        load, self._load_prices = self._load_prices, None
        try:
            await asyncio.to_thread(load)
        except Exception:
            _log.exception("There are no list prices, and so no estimates")
        self._show_what_is_known()

    def _show_what_is_known(self) -> None:
        try:
            self._add_up()
            self._publish()
        except Exception:
            _log.exception("The figures could not be shown, for a reason nobody thought of")
            # They could not be shown the next time either, nor could what is kept of them.
            self._forget(Store(source=self._source))
            self._problem = views.BUG
            self._publish()

    def _mind_the_clock(self, now: datetime) -> None:
        """After a clock was set back, what was read "later" than now would never be read again."""
        newest = max(filter(None, (self._figures.as_of, self._schedule.last)), default=now)
        if now < newest - _SKEW:
            _log.info("The clock was set back; everything is read afresh")
            self._store.drop_after(now)
            self._forget()
            self._schedule.restart()
            self._learn()

    async def _fetch(self, refresh: datetime | None, *, user_waits: bool) -> None:
        credential = self._usable_credential()
        if not isinstance(credential, Credential):
            self._problem = credential
            self._schedule.stop()
            if self._schedule.is_on or refresh is not None or user_waits:
                self._ask_whose(credential)
            return
        reader, now, is_due = self._reader, self._clock(), self._schedule.is_due
        is_asked = refresh is not None or is_due or user_waits
        if not is_asked and self._store.asked == LONG_AGO and not self._schedule.is_on:
            self._problem = views.NOT_ASKED
            return
        by_user = refresh is not None or (is_due and user_waits)
        # After a look of another server, this one's panel may lack what that one does not show.
        is_asked, self._is_answered = is_asked or self._is_answered, False
        is_wanted = is_asked or (self._more_wanted and self._schedule.is_on and not self._schedule.is_idle)
        is_missing = bool(is_wanted and reader.shown(self._seen(now), now))
        if by_user or is_due or is_missing:
            # A file that failed may be usable by now: the disk has room again, or there is a new one.
            self._store.open()
            wanted = (refresh or now) if by_user else None
            plans = Refresh(reader, self._seen, wanted=wanted, is_due=self._is_due)
            if not await self._read(reader, (plans.first, plans.rest), user_waits=user_waits):
                return
        elif not self._more_wanted and not (self._identity.needs_names(self._store) and self._schedule.is_on):
            return
        self._more_wanted = False
        if self._bill_failure is None:
            if is_asked or self._days.is_asked or (self._schedule.is_on and not self._schedule.is_idle):
                self._days.start(reader)
            # After the figures: reading all at once would keep them waiting.
            now = self._clock()
            # What another server has just read is not asked for again.
            self._store.follow()
            names = self._identity.needs_names(self._store) and (self._schedule.is_on or is_asked)
            reader.start_later(reader.later(self._scope(now), now, by_user=by_user, names=names))

    def _ask_whose(self, key: KeyFault | UnfitKey) -> None:
        """Which organisation the key belongs to that was set for us and cannot read usage. Once."""
        credential = self._credential
        if isinstance(key, UnfitKey) and key.variable == ADMIN_VARIABLE and isinstance(credential, Credential):
            self._asking_whose = self._asking_whose or asyncio.create_task(self._learn_whose(credential))

    async def _learn_whose(self, credential: Credential) -> None:
        try:
            client = self._connect(self._base_url, credential, self._source)
        except ApiError as error:
            _log.info("Whose key it is was not told: %s", error)
            return
        try:
            self._key_organization = await client.whose()
        finally:
            await client.aclose()
        self._show_what_is_known()

    def _is_due(self) -> bool:
        """By what is known now: other servers may have asked meanwhile."""
        self._learn()
        return self._schedule.is_due

    async def _read(self, reader: Reader, plans: tuple[Plan, ...], *, user_waits: bool) -> bool:
        """Ask what is shown, and wait for the answers. False when nothing else is to be asked after it."""
        self._fetching = task = asyncio.create_task(reader.read(*plans))
        self._busy = user_waits or self._figures.as_of is None
        try:
            self._publish()
            await self._wait_for(task, "Fetching OpenAI usage", user_waits=user_waits)
        finally:
            task.cancel()
            self._fetching = None
            self._busy = False
        if reader is not self._reader:
            return False
        self._learn()
        if task.cancelled():
            # Whoever cancels does not want the next one either.
            self._refresh_wanted, self._user_waits = None, False
            if self._figures.as_of is None:
                self._problem = views.CANCELLED
            return False
        try:
            failures = task.result()
        except ApiError as error:
            self._problem = error
            return False
        self._problem = None
        self._store.make_room(self._most_bytes, self._clock().date())
        now = self._clock()
        if failures is None and reader.shown(self._seen(now), now):
            self._user_waits = user_waits
            self._wake.set()
            return False
        return True

    async def _read_history(self) -> None:
        reader, this = self._reader, asyncio.current_task()
        try:
            with self._progress("Fetching all OpenAI usage", this.cancel if this else lambda: None) as say:

                def tell(day: date) -> None:
                    say(f"back to {views.days_text(Days(day, day))}")
                    self._show_what_is_known()

                self._history_problem = await history.read(reader, self._clock(), self._most_bytes, tell)
        except Exception:
            _log.exception("The whole history could not be read, for a reason nobody thought of")
            self._problem = views.BUG
        finally:
            self._reading_history = None
            self._show_what_is_known()

    def _days_progress(self, stop: Callable[[], object]) -> AbstractContextManager[Callable[[int], None]] | None:
        # A bar for what nobody looks at would only be in the way.
        return None if self._scope(self._clock()) is None else self._days_bar(stop)

    @contextmanager
    def _days_bar(self, stop: Callable[[], object]) -> Iterator[Callable[[int], None]]:
        with self._progress(views.READING_DAYS, stop) as say:
            yield lambda count: say(views.days_left(count))

    def _on_day(self) -> None:
        self._learn()
        # Only now it may be known whose members there are.
        if self._store.names_read is None and fetch.names(self._store):
            self._more_wanted = True
            self._wake.set()
        self._on_key()
        self._show_what_is_known()

    async def _wait_for(self, task: "asyncio.Task[Any]", title: str, *, user_waits: bool) -> None:
        while not task.done():
            await asyncio.wait({task}, timeout=_PROGRESS_AFTER.total_seconds())
            # The user may have begun to wait meanwhile.
            if not task.done() and (user_waits or self._user_waits):
                with self._progress(title, task.cancel):
                    await asyncio.wait({task})

    def _usable_credential(self) -> Credential | KeyFault | UnfitKey:
        """The key, or why it is not even tried."""
        if isinstance(self._credential, KeyFault):
            return self._credential
        if self._source.kind == "legacy":
            return self._credential
        return credentials.fit_for(self._credential, openai=is_openai(self._base_url))

    @property
    def _source(self) -> Source:
        """What is read: an admin key reads the organisation API, and any other is tried on what was before it."""
        choice, key = self._settings.source, self._credential
        is_tried = isinstance(key, Credential) and credentials.is_for_legacy(key, openai=is_openai(self._base_url))
        kind: Kind = "legacy" if choice == "legacy" or (choice == "auto" and is_tried) else "organization"
        return Source(kind, self._settings.organization, self._settings.legacy_unit)

    def _new_reader(self, store: Store | None = None) -> Reader:
        credential, base_url, source = self._usable_credential(), self._base_url, self._source
        # Without a usable key nothing is asked, and it is not known whose figures could be shown.
        if store is None:
            store = Store(source=source)
            if isinstance(credential, Credential):
                store = self._open_store(base_url, credential, source)

        def connect() -> "Client":
            assert isinstance(credential, Credential)  # noqa: S101 - else nobody asks
            return self._connect(base_url, credential, source)

        return Reader(store, connect, self._on_late, self._clock)

    def _on_late(self, is_more: bool) -> None:
        self._on_key()
        if is_more:
            self._more_wanted = self._is_answered = True
            self._wake.set()
        self._show_what_is_known()

    def _forget(self, store: Store | None = None) -> None:
        self._cancel()
        self._outdated.append(self._reader)
        self._reader.store.close()
        self._reader = self._new_reader(store)
        self._figures = Figures(self._store)
        self._problem = self._history_problem = None
        self._identity.forget()
        self._asking_whose = self._key_organization = None

    def _cancel(self) -> None:
        if self._asking_whose is not None:
            self._asking_whose.cancel()
        if self._fetching is not None:
            self._fetching.cancel()
        if self._reading_history is not None:
            self._reading_history.cancel()
        self._days.cancel()
        self._reader.cancel()

    @property
    def _store(self) -> Store:
        return self._reader.store

    def _scope(self, now: datetime) -> Scope | None:
        """What the panel shows, if anybody sees it."""
        is_seen = self._panel_wanted and self._panel_visible and self._import is None
        return self._chosen(now) if is_seen else None

    def _seen(self, now: datetime) -> fetch.Seen:
        return fetch.Seen(self._scope(now), self._identity.key_id)

    def _chosen(self, now: datetime) -> Scope:
        return scope(self._trail.selection, now.date(), fetch.known_since(self._store), self._store.told)

    @property
    def _bill_failure(self) -> ApiError | None:
        """Why the newest bill is not there, unless it is among several things that the source may tell."""
        error = self._store.failures.get(queries.TOTAL)
        return error if self._store.source.kind != "legacy" or self._store.told.has_bill else None

    @property
    def _untold(self) -> views.Untold | None:
        """The endpoints of 2023 told nothing, and what they said instead; None: they tell something, or may yet."""
        store, key = self._store, self._credential
        told = store.told
        if store.source.kind != "legacy" or not isinstance(key, Credential) or told.has_bill:
            return None
        if store.account.one_sum is not None or store.account.credit is not None:
            return None
        use = store.failures.get(fetch.legacy.USE)
        is_empty = fetch.legacy.is_unfilled(store, self._clock().date())
        if fetch.legacy.has_use(store) or (use is None and not is_empty):
            return None
        return views.Untold(key.kind, key.variable, store.failures.get(queries.TOTAL), use)

    # What is known.

    @property
    def _base_url(self) -> str:
        return self._settings.base_url or self._default_base_url

    @property
    def _most_bytes(self) -> int:
        return int(self._settings.storage_megabytes * 1_000_000)

    @property
    def _is_busy(self) -> bool:
        return self._busy or self._user_waits

    def _add_up(self) -> None:
        now = self._clock()
        # Also while nobody waits for it: half of a refresh does not go together with the other half.
        is_waiting = self._is_busy or self._fetching is not None or self._store.is_asked_by_others(now)
        self._figures.add_up(self._seen(now), now, is_waiting=is_waiting)

    def _state(self) -> views.State:
        figures, bill = self._figures, self._figures.bill
        return views.State(
            now=self._clock(),
            base_url=self._base_url,
            locale=self._locale,
            sample=self._sample,
            busy=self._is_busy,
            selection=self._trail.selection,
            back=self._trail.back,
            as_of=figures.as_of,
            organization=bill.organization_name if bill else None,
            key_organization=self._key_organization or self._reader.organization,
            currency=figures.currency,
            left_out=bill.left_out if bill else frozenset(),
            recent=figures.recent,
            report=figures.report,
            first_day=fetch.known_since(self._store),
            history_complete=self._store.first_day is not None,
            history="reading" if self._reading_history else self._history_problem,
            directory=self._store.directory,
            spend_limits=self._store.spend_limits,
            spend_alerts=self._store.spend_alerts,
            rate_limits=self._store.rate_limits,
            monthly_budget=self._settings.monthly_budget,
            today=figures.today,
            workspace=self._key_state(),
            status_scope=self._settings.status_scope,
            problem=self._problem or self._bill_failure or self._untold,
            told=self._store.told,
            account=self._store.account,
            month=figures.month,
            unread=self._store.unread,
            is_unfilled=self._store.source.kind == "legacy"
            and fetch.legacy.is_unfilled(self._store, self._clock().date()),
            is_reading_days=self._days.task is not None,
            failures=self._store.failures,
            next_attempt=self._schedule.due_at,
        )

    def _key_state(self) -> views.KeyState | None:
        key, match, figures = self._identity.key, self._identity.match, self._figures.key
        if key is None:
            return None
        if figures is None or figures.id != self._identity.key_id:
            return views.KeyState(key, match)
        return views.KeyState(key, match, figures.recent, figures.today, figures.month)

    def _publish(self, *, reveal: bool = False) -> None:
        """Send what changed. Before the first outcome there is nothing to say, but to a user who asked."""
        state = self._state()
        something_known = state.as_of is not None or state.problem is not None or self._last_status is not None
        if something_known and (status := views.status_view(state)) != self._last_status:
            self._last_status = status
            self._send(status)
        if reveal or ((something_known or self._import) and self._panel_wanted and self._panel_visible):
            self._publish_panel(reveal=reveal)

    def _publish_panel(self, *, reveal: bool = False) -> None:
        panel = views.panel_view(self._panel_state())
        if reveal or panel != self._last_panel:
            self._last_panel = panel
            self._send(panel.model_copy(update={"reveal": reveal}))

    def _panel_state(self) -> views.State:
        shown = self._import
        if shown is None:
            return self._state()
        now = self._clock()
        return views.State(
            now=now,
            base_url=self._base_url,
            locale=self._locale,
            selection=shown.trail.selection,
            back=shown.trail.back,
            organization=shown.organization,
            currency=shown.currency,
            left_out=shown.left_out,
            first_day=shown.days.first if shown.days else None,
            history_complete=True,
            directory=shown.store.directory,
            report=shown.report(now),
            told=shown.store.told,
            account=shown.store.account,
            files=views.Files(shown.read, views.problems_text(shown.problems), shown.days),
        )
