"""A monitor in a world of its own: a clock that the test sets, and the demo organisation answering in the process.

world = World()
async with world.monitor() as watched:
    await world.until(lambda: world.statuses)
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from openai_usage import credentials
from openai_usage.credentials import Credential
from openai_usage.demo import DEMO_KEY, Organization
from openai_usage.demo.api import Api, Request, Response
from openai_usage.monitor import Monitor
from openai_usage.openai_api import Client
from openai_usage.protocol import Metric, PanelView, Section, StatusView, Table
from openai_usage.settings import Settings
from openai_usage.source import Source
from openai_usage.store import Store, open_account
from openai_usage.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

FRIDAY_NIGHT = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
USAGE = (
    "completions", "decisions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions",
    "vector_stores", "code_interpreter_sessions", "file_search_calls", "web_search_calls",
)  # fmt: skip
SPLITS = ("costs", "costs by project_id+line_item", "costs by user_id", "costs by project_id+api_key_id")
FIRST = SPLITS[:2]
"""What is asked by itself, before anybody looks at the panel."""
BEFORE = (
    "costs", "costs by line_item", "costs by project_id", "costs by api_key_id", "costs by user_id",
    *(f"{name} in sum" for name in USAGE),
)  # fmt: skip

Fits = Callable[["Question"], bool]


class Question:
    """A request as it was asked."""

    def __init__(self, request: httpx.Request, now: datetime) -> None:
        self.host = request.url.host
        self.url = str(request.url)
        self.path = request.url.path.removeprefix("/v1/organization/")
        self.at = now
        values = request.url.params
        self.is_figures = "start_time" in values
        self.first = self.last = now.date()
        self.name = self.path.removeprefix("usage/")
        if self.is_figures:
            self.first = day_at(values["start_time"])
            self.last = day_at(values["end_time"]) - timedelta(days=1) if "end_time" in values else now.date()
            groups = values.get_list("group_by[]")
            self.name += f" {values['bucket_width']}" if values["bucket_width"] != "1d" else ""
            if self.path == "costs":
                self.name += f" by {'+'.join(groups)}" if groups else ""
            elif not groups:
                self.name += " in sum"
        self.key = re.sub(r"(?:start_time|end_time|limit)=\d+&?", "", self.url)
        """What is asked, whatever the days."""

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    def __repr__(self) -> str:
        return f"{self.name} {self.first}..{self.last}" if self.is_figures else self.name


def day_at(seconds: str) -> date:
    return datetime.fromtimestamp(int(seconds), UTC).date()


def is_of_the_period_before(question: Question) -> bool:
    """Of the last 30 days."""
    return question.is_figures and question.last < FRIDAY_NIGHT.date() - timedelta(days=29)


def is_of_names(question: Question) -> bool:
    return not question.is_figures and question.path.rpartition("/")[2] in {
        "projects", "users", "api_keys", "service_accounts",
    }  # fmt: skip


def is_of_limits(question: Question) -> bool:
    return not question.is_figures and not is_of_names(question)


def can_wait(question: Question) -> bool:
    return not question.is_figures or is_of_the_period_before(question)


@cache
def answered(path: str, query: str, now: datetime, kind: str = "", key: str = DEMO_KEY) -> Response:
    """The organisation is a function of the time, so an answer can be kept."""
    days.now = now
    return Api(ORGANIZATIONS[kind]).answer(Request("GET", path, query, f"Bearer {key}"))


class _Days:
    now = FRIDAY_NIGHT


days = _Days()
ORGANIZATIONS = {
    "": Organization(now=lambda: days.now),
    "refuses users of a project": Organization(now=lambda: days.now, cost_by_user_and_project=False),
    "attributes all": Organization(now=lambda: days.now, unattributed=False),
    "without decisions": Organization(now=lambda: days.now, decisions=False),
}


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


class World(httpx.AsyncBaseTransport):
    """The clock, the API, and what was published."""

    def __init__(self, kind: str = "") -> None:
        self.now = FRIDAY_NIGHT
        self.kind = kind
        self.looks = 0
        self.closed = 0
        self.in_flight = 0
        self.asked: list[Question] = []
        self.answers: list[tuple[Fits, int, str]] = []
        """For the questions that fit, a status and what is said with it."""
        self.headers: dict[str, str] = {}
        self.edits: Callable[[str, dict[str, Any]], None] | None = None
        """By its path, changes what is said of names and limits."""
        self.is_offline = False
        self.is_still = False
        """Nothing is used any more."""
        self.folder: Path | None = None
        self.statuses: list[StatusView] = []
        self.panels: list[PanelView] = []
        self.news = asyncio.Event()
        self.cancel: Callable[[], object] | None = None
        self._hangs: Fits = lambda _: False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        question = Question(request, self.now)
        self.asked.append(question)
        self.in_flight += 1
        self.news.set()
        try:
            await asyncio.sleep(0)
            await self.until(lambda: not self._hangs(question))
            for fits, status, said in self.answers:
                if fits(question):
                    return httpx.Response(status, headers=self.headers, json={"error": {"message": said}})
            if self.is_offline:
                raise httpx.ConnectError("no network")
            now = FRIDAY_NIGHT if self.is_still else self.now.replace(microsecond=0)
            key = request.headers["authorization"].removeprefix("Bearer ")
            answer = answered(request.url.path, request.url.query.decode(), now, self.kind, key)
            body = answer.body
            if self.edits is not None and not question.is_figures:
                said = json.loads(body)
                self.edits(question.path, said)
                body = json.dumps(said).encode()
            return httpx.Response(answer.status, headers=dict(answer.headers), content=body)
        finally:
            self.in_flight -= 1
            self.news.set()

    async def aclose(self) -> None:
        self.closed += 1

    def hold(self, fits: Fits = lambda _: True) -> None:
        """Questions that fit get no answer."""
        self._hangs = fits
        self.news.set()

    def let_go(self) -> None:
        self.hold(lambda _: False)

    def click_cancel(self) -> None:
        """Of the progress bar that is shown."""
        assert self.cancel is not None
        self.cancel()

    def publish(self, view: StatusView | PanelView) -> None:
        if isinstance(view, StatusView):
            self.statuses.append(view)
        else:
            self.panels.append(view)
        self.news.set()

    def clock(self) -> datetime:
        self.looks += 1
        self.news.set()
        # No two looks see the same time.
        self.now += timedelta(microseconds=1)
        return self.now

    async def has_looked_at_the_clock(self) -> None:
        """Often enough that what is due would have been done."""
        looks = self.looks
        await self.until(lambda: self.looks > looks + 20)

    async def asks_more(self) -> None:
        """Something is asked, and answered."""
        count = len(self.asked)
        await self.until(lambda: len(self.asked) > count)
        await self.is_quiet()

    async def is_quiet(self, hanging: int = 0) -> None:
        """Nothing is on its way, but what hangs, and nothing follows."""
        before = None
        while before != (before := (len(self.asked), len(self.panels), len(self.statuses))):
            await self.until(lambda: self.in_flight == hanging)
            await self.has_looked_at_the_clock()

    async def until(self, holds: Callable[[], object]) -> None:
        # Far beyond what anything takes: it ends a test that would wait for ever, and says nothing about speed.
        async with asyncio.timeout(120):
            while not holds():
                # One event for all who wait: whoever waits longer is told again by the next news.
                self.news.clear()
                await self.news.wait()
                await asyncio.sleep(0)

    def names_since(self, count: int) -> list[str]:
        return [question.name for question in self.asked[count:]]

    @asynccontextmanager
    async def monitor(
        self,
        settings: Settings | None = None,
        *,
        workspace: Workspace | None = None,
        environ: Mapping[str, str] | None = None,
        load_prices: Callable[[], object] | None = None,
    ) -> AsyncIterator[Monitor]:
        def connect(url: str, credential: Credential, source: Source) -> Client:
            return Client(url, credential.secret, organization=source.organization, transport=self, pause=no_pause)

        @contextmanager
        def progress(_: str, cancel: Callable[[], object]) -> Iterator[Callable[[str], None]]:
            before, self.cancel = self.cancel, cancel
            self.news.set()
            yield lambda _: None
            self.cancel = before

        credential = credentials.find({"OPENAI_ADMIN_KEY": DEMO_KEY} if environ is None else environ)
        watched = Monitor(
            credential,
            connect,
            self.publish,
            progress,
            settings or Settings(),
            open_store=self._open_store,
            workspace=workspace,
            load_prices=load_prices,
            clock=self.clock,
        )
        task = asyncio.create_task(watched.run())
        try:
            yield watched
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    def _open_store(self, url: str, credential: Credential, source: Source) -> Store:
        folder = self.folder
        if folder is None:
            return Store(source=source)
        return Store(lambda: open_account(folder, source.account(url), credential.secret), source)

    @asynccontextmanager
    async def panel(self, settings: Settings | None = None) -> AsyncIterator[Monitor]:
        """A monitor whose panel is open and has everything."""
        async with self.monitor(settings) as watched:
            watched.show()
            await self.is_quiet()
            yield watched

    @property
    def shown(self) -> Section:
        """The section of the newest panel that is filled."""
        return next(one for one in self.panels[-1].sections if one.charts or one.tables or one.metrics or one.notices)

    def metric(self, metric_id: str) -> Metric:
        return next(one for one in self.panels[-1].metrics if one.id == metric_id)

    def table(self, table_id: str) -> Table:
        return next(one for section in self.panels[-1].sections for one in section.tables if one.id == table_id)

    def notices(self) -> list[str]:
        panel = self.panels[-1]
        return [one.id for one in (*panel.notices, *(each for section in panel.sections for each in section.notices))]
