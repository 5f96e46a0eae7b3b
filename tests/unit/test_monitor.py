"""When it fetches, by a clock that the test sets; the demo organisation answers in the process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from openai_usage import credentials, monitor
from openai_usage.credentials import Credential
from openai_usage.demo import DEMO_KEY, DemoTransport, Organization
from openai_usage.monitor import Monitor
from openai_usage.openai_api import Client
from openai_usage.protocol import PanelView, Selection, StatusView
from openai_usage.settings import Settings

FRIDAY_NIGHT = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)


class World(httpx.AsyncBaseTransport):
    """The clock, the API, and what was published."""

    def __init__(self) -> None:
        self.now = FRIDAY_NIGHT
        self.looks = 0
        self.closed = 0
        self.refused: set[str] = set()
        self.requests: list[httpx.Request] = []
        self.answer: Callable[[httpx.Request], httpx.Response] | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.statuses: list[StatusView] = []
        self.panels: list[PanelView] = []
        self.news = asyncio.Event()
        self._demo = DemoTransport(Organization(now=lambda: self.now))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.news.set()
        await self.open.wait()
        if request.url.path in self.refused:
            return httpx.Response(403, json={"error": {"message": "no"}})
        return self.answer(request) if self.answer else await self._demo.handle_async_request(request)

    async def aclose(self) -> None:
        self.closed += 1

    def publish(self, view: StatusView | PanelView) -> None:
        if isinstance(view, StatusView):
            self.statuses.append(view)
        else:
            self.panels.append(view)
        self.news.set()

    def clock(self) -> datetime:
        self.looks += 1
        self.news.set()
        return self.now

    async def has_looked_at_the_clock(self) -> None:
        """Often enough that what is due would have been done."""
        looks = self.looks
        await self.until(lambda: self.looks > looks + 20)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                self.news.clear()
                await self.news.wait()

    @asynccontextmanager
    async def monitor(self, settings: Settings | None = None) -> AsyncIterator[Monitor]:
        def connect(url: str, credential: Credential) -> Client:
            return Client(url, credential.secret, transport=self)

        @contextmanager
        def no_progress(_: Callable[[], object]) -> Iterator[None]:
            yield

        credential = credentials.find({"OPENAI_ADMIN_KEY": DEMO_KEY})
        watched = Monitor(credential, connect, self.publish, no_progress, settings or Settings(), clock=self.clock)
        task = asyncio.create_task(watched.run())
        try:
            yield watched
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    # The clock is looked at all the time, instead of once a minute.
    monkeypatch.setattr(monitor, "_LONGEST_WAIT", timedelta(milliseconds=1))
    return World()


async def test_it_fetches_again_when_it_is_time(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=5)):
        await world.until(lambda: len(world.statuses) == 1)
        world.now += timedelta(minutes=4)
        await world.has_looked_at_the_clock()
        assert len(world.requests) == 1
        world.now += timedelta(minutes=1)
        await world.until(lambda: len(world.requests) == 2)
        await world.until(lambda: len(world.statuses) == 2)


async def test_settings_told_again_are_no_reason_to_ask_again(world: World) -> None:
    world.open.clear()
    async with world.monitor(Settings()) as watched:
        await world.until(lambda: len(world.requests) == 1)
        watched.configure(Settings())
        world.open.set()
        await world.until(lambda: world.statuses)
        watched.configure(Settings())
        await world.has_looked_at_the_clock()
    assert len(world.requests) == 1


async def test_a_shorter_wait_counts_from_the_last_fetch(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=60)) as watched:
        await world.until(lambda: world.statuses)
        world.now += timedelta(minutes=4)
        watched.configure(Settings(refresh_minutes=5))
        await world.has_looked_at_the_clock()
        assert len(world.requests) == 1
        world.now += timedelta(minutes=1)
        await world.until(lambda: len(world.requests) == 2)


async def test_automatic_refresh_can_be_turned_on(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=0)) as watched:
        await world.until(lambda: world.statuses)
        assert world.requests == []
        watched.configure(Settings(refresh_minutes=5))
        await world.until(lambda: len(world.requests) == 1)


async def test_a_new_day_is_not_called_the_old_one(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=0)) as watched:
        watched.refresh()
        await world.until(lambda: world.statuses and "today" in world.statuses[-1].text)
        await world.until(lambda: not world.statuses[-1].busy)
        world.now += timedelta(minutes=20)
        await world.until(lambda: "on 20 Nov" in world.statuses[-1].text)
        assert len(world.requests) == 1


async def test_a_new_day_is_read_with_the_days_that_were_not_settled(world: World) -> None:
    async with world.monitor() as watched:
        watched.show()
        await world.until(lambda: world.panels and not world.panels[-1].busy)
        world.now += timedelta(days=2)
        await world.until(lambda: "as of" not in world.statuses[-1].text and len(world.statuses) > 2)
        await world.until(lambda: world.panels[-1].as_of == "2026-11-22T23:50:00Z")
        chart = world.panels[-1].sections[0].charts[0]
        assert chart.categories[-1] == "2026-11-22"


async def test_it_does_not_ask_sooner_than_it_was_told(world: World) -> None:
    world.answer = lambda _: httpx.Response(429, headers={"retry-after": "1800"}, text="{}")
    async with world.monitor(Settings(refresh_minutes=5)):
        await world.until(lambda: world.statuses)
        assert "The next try is at 21 Nov 00:20 UTC" in world.statuses[-1].accessible_label
        world.now += timedelta(minutes=29)
        await world.has_looked_at_the_clock()
        assert len(world.requests) == 1
        world.now += timedelta(minutes=1)
        await world.until(lambda: len(world.requests) == 2)


async def test_an_answer_for_another_account_comes_too_late(world: World) -> None:
    world.open.clear()
    async with world.monitor() as watched:
        await world.until(lambda: len(world.requests) == 1)
        watched.configure(Settings(base_url="https://other.example/v1"))
        world.open.set()
        await world.until(lambda: world.statuses)
        assert [request.url.host for request in world.requests] == ["api.openai.com", "other.example"]
        assert world.statuses[0].severity == "ok"
        assert world.closed == 1
    assert world.closed == 2


async def test_a_mistake_of_ours_is_said_and_survived(world: World) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise RuntimeError("never thought of that")

    world.answer = broken
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        assert world.statuses[-1].text == "$(error) OpenAI usage failed"
        world.answer = None
        watched.refresh()
        await world.until(lambda: world.statuses[-1].text.startswith("$(graph)"))


async def test_until_a_period_is_there_the_one_before_stays(world: World) -> None:
    async with world.monitor() as watched:
        watched.show()
        await world.until(lambda: world.panels and not world.panels[-1].busy)
        before = world.panels[-1]
        world.open.clear()
        watched.select(Selection(period="90d"))
        during = world.panels[-1]
        assert during.busy
        assert during.controls[0].selected == ["90d"]
        assert during.metrics == before.metrics
        assert during.sections == before.sections
        world.open.set()
        await world.until(lambda: not world.panels[-1].busy)
        assert len(world.panels[-1].sections[0].charts[0].categories) == 90


@pytest.mark.parametrize("turns", range(6))
async def test_closing_right_after_a_command(world: World, turns: int) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        watched.refresh()
        for _ in range(turns):
            await asyncio.sleep(0)


async def test_a_clock_that_is_set_back(world: World) -> None:
    world.now += timedelta(days=5)
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.now -= timedelta(days=5)
        await world.until(lambda: "today" in world.statuses[-1].text and len(world.requests) == 2)
        world.now -= timedelta(hours=3)
        await world.until(lambda: len(world.requests) == 3)
        watched.refresh()
        await world.until(lambda: len(world.requests) == 4)
        await world.until(lambda: world.statuses[-1].severity == "ok" and not world.statuses[-1].busy)


async def test_a_view_that_fails_does_not_end_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        with monkeypatch.context() as broken:
            broken.setattr("openai_usage.report.recent", lambda *_: 1 / 0)
            watched.refresh()
            await world.until(lambda: "failed" in world.statuses[-1].text)
        watched.refresh()
        await world.until(lambda: world.statuses[-1].text.startswith("$(graph)"))


async def test_another_account_s_numbers_are_gone_at_once(world: World) -> None:
    async with world.monitor() as watched:
        watched.show()
        await world.until(lambda: world.panels and not world.panels[-1].busy)
        world.open.clear()
        watched.configure(Settings(base_url="https://other.example/v1"))
        assert "$" not in world.statuses[-1].text.replace("$(", "")
        assert world.panels[-1].metrics == []
        assert world.panels[-1].busy


async def test_names_that_were_refused_are_not_asked_for_again_and_again(world: World) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.refused.add("/v1/organization/projects")
        watched.show()
        await world.until(lambda: world.panels and not world.panels[-1].busy and world.panels[-1].metrics)
        asked = len(world.requests)
        watched.select(Selection(group_by="model"))
        watched.select(Selection(group_by="project_id"))
        await world.has_looked_at_the_clock()
        assert len(world.requests) == asked


async def test_a_chart_says_what_it_shows_while_another_is_on_its_way(world: World) -> None:
    async with world.monitor() as watched:
        watched.show()
        await world.until(lambda: world.panels and not world.panels[-1].busy)
        world.open.clear()
        watched.select(Selection(period="90d", group_by="model"))
        assert world.panels[-1].sections[0].charts[0].title.endswith("line item")


async def test_closing_while_it_waits_for_an_answer(world: World) -> None:
    world.open.clear()
    async with world.monitor():
        await world.until(lambda: world.requests)
