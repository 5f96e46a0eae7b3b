"""Several servers that read use day by day on one file: together they ask no more than one would."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pytest

from openai_usage.days import last_days
from openai_usage.fetch.legacy import USE
from openai_usage.protocol import Selection
from openai_usage.settings import Settings
from tests.support.little_legacy import LittleLegacy
from tests.support.windows import Asked, Server, World

SESSION = "sess-" + "x" * 40
ON_COMMAND = Settings(refresh_minutes=0)


class Windows(World):
    """Keeps when use was asked for: an answer may be late, and says nothing of that."""

    def __init__(self, seed: int, folder: Path, settings: Settings = ON_COMMAND) -> None:
        super().__init__(seed, folder, settings, SESSION)
        self.openai = LittleLegacy(self.now, lambda: self.time, requests_per_minute=1_000_000)
        self.answers = self.openai.answer
        self.use: list[tuple[float, date, Server]] = []

    def note(self, one: Asked) -> None:
        super().note(one)
        if one.request.url.path == "/v1/usage":
            self.use.append((self.time, date.fromisoformat(one.request.url.params["date"]), one.server))

    def open(self, count: int) -> list[Server]:
        servers = [self.start() for _ in range(count)]
        for server in servers:
            server.do(server.monitor.show)
        return servers

    def check(self) -> None:
        """Never too fast, and nothing twice that somebody lives to know."""
        moments = [at for at, _, _ in self.use]
        assert all(later - first >= 60 for first, later in zip(moments, moments[5:], strict=False)), moments
        asked = Counter(day for _, day, server in self.use if server not in self.killed)
        # Each panel that opens is a refresh: of the newest days that is another question.
        assert {day for day, count in asked.items() if count > 1} <= {*last_days(3, self.now().date())}


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_windows_that_open_together(seed: int, count: int, tmp_path: Path) -> None:
    world = Windows(seed, tmp_path)
    try:
        servers = world.open(1)
        world.run(10)
        servers += world.open(count - 1)
        world.run(7 * 62)
        world.settle()
        world.check()
        assert len(world.use) == 30
        for server in servers:
            assert server.store.buckets[USE].missing(last_days(30, world.now().date())) == []
        panels = [server.panels[-1].model_copy(update={"reveal": False}) for server in servers]
        assert all(panel == panels[0] for panel in panels)
        assert next(one.value for one in panels[0].metrics if one.id == "tokens") not in {None, "0"}
        assert not any(bar.is_open for server in servers for bar in server.bars)
    finally:
        world.end()


@pytest.mark.parametrize("seed", range(6))
def test_when_one_is_killed_another_goes_on_where_it_was(seed: int, tmp_path: Path) -> None:
    world = Windows(seed, tmp_path)
    try:
        one, other = world.open(2)
        world.run(world.chance.uniform(1, 200))
        world.kill(world.chance.choice([one, other]))
        world.run(world.chance.uniform(0, 20))
        if seed % 2:
            world.kill(world.alive[0])
            world.open(1)
        world.run(7 * 62)
        world.settle()
        world.check()
        days = Counter(day for _, day, _ in world.use)
        assert set(days) == {*last_days(30, world.now().date())}
        # At most the ones that were on their way.
        settled = [count for day, count in days.items() if day not in last_days(3, world.now().date())]
        assert sum(settled) - len(settled) <= len(world.killed)
    finally:
        world.end()


HAPPENS = ("show", "refresh", "7d", "30d", "month", "stand still", "kill", "start", "cancel")


def happen(world: Windows, what: str, server: Server) -> None:
    match what:
        case "show":
            server.do(server.monitor.show)
        case "refresh":
            server.do(server.monitor.refresh)
        case "7d" | "30d" | "month":
            select(server, what)
        case "stand still":
            server.stands_still_until = world.time + world.chance.uniform(0.5, 90)
        case "kill" if len(world.alive) > 1:
            world.kill(server)
        case "start" if len(world.alive) < 3:
            world.open(1)
        case "cancel" if server.bars and server.bars[-1].is_open:
            server.do(server.bars[-1].cancel)


def select(server: Server, period: Literal["7d", "30d", "month"]) -> None:
    server.do(lambda: server.monitor.select(Selection(period=period)))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_nobody_asks_too_fast(seed: int, tmp_path: Path) -> None:
    world = Windows(seed, tmp_path, Settings(refresh_minutes=5))
    chance = world.chance
    try:
        world.open(2)
        for _ in range(14):
            world.hurry = chance.choice([0.05, 0.3, 1.0])
            world.run(chance.uniform(0, 40))
            server = chance.choice(world.alive)
            happen(world, chance.choice([*HAPPENS]), server)
        for server in world.alive:
            server.stands_still_until = 0.0
            select(server, "30d")
        world.run(8 * 62)
        world.settle()
        moments = [at for at, _, _ in world.use]
        assert all(later - first >= 60 for first, later in zip(moments, moments[5:], strict=False)), moments
        today = world.now().date()
        for server in world.alive:
            assert server.store.buckets[USE].missing(last_days(30, today)) == []
        # What is settled is asked for again only where nobody lived, or was awake, to hear the answer.
        settled = Counter(day for _, day, _ in world.use if today - day > timedelta(days=4))
        assert sum(count - 1 for count in settled.values()) <= 4
    finally:
        world.end()
