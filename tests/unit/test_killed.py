"""Servers that are killed in the middle of anything: the file is whole, and whoever comes next goes on from there."""

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from openai_usage import credentials, queries
from openai_usage.credentials import Credential
from openai_usage.days import last_days
from openai_usage.demo import DEMO_KEY
from openai_usage.endpoints import USAGE
from openai_usage.monitor import Monitor
from openai_usage.openai_api import Client
from openai_usage.settings import DEFAULT_BASE_URL, Settings
from openai_usage.source import Source
from openai_usage.store import LEASE_LENGTH, Store, open_account
from tests.support.little import Direct, Little, read_now, rows

START = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
KILLS = 200
CHANCE = random.Random()  # noqa: S311 - moments, not secrets
PAUSES = [LEASE_LENGTH + timedelta(seconds=5), timedelta(minutes=6), timedelta(hours=3), timedelta(hours=9)]
"""Nobody has to wait for one who was killed."""
SHOWN = [queries.TOTAL, queries.BASE, queries.usage_query(USAGE[0])]


class Telling(Direct):
    """Says that an answer is there."""

    def __init__(self, organization: Little, tell: Callable[[], object]) -> None:
        super().__init__(organization)
        self._tell = tell

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        self._tell()
        return answer


def credential() -> Credential:
    found = credentials.find({"OPENAI_ADMIN_KEY": DEMO_KEY})
    assert isinstance(found, Credential)
    return found


def opened(folder: Path) -> Store:
    return Store(lambda: open_account(folder, DEFAULT_BASE_URL, credential().secret))


@contextmanager
def no_progress(_: str, __: Callable[[], object]) -> Iterator[Callable[[str], None]]:
    yield lambda _: None


def monitor(folder: Path, clock: Callable[[], datetime], tell: Callable[[], object]) -> Monitor:
    organization = Little(clock)

    def connect(url: str, credential: Credential, _: Source) -> Client:
        return Client(url, credential.secret, transport=Telling(organization, tell))

    return Monitor(
        credential(),
        connect,
        lambda _: None,
        no_progress,
        Settings(),
        open_store=lambda *_: opened(folder),
        clock=clock,
    )


@dataclass
class Child:
    """A process of its own that refreshes again and again."""

    pid: int
    answers: int
    """Where it tells of each answer."""

    def wait_for_answers(self, count: int) -> None:
        """Fewer, when it gets none because another one asks."""
        for _ in range(count):
            assert os.read(self.answers, 1), "it ended by itself"

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.answers)
        assert os.WIFSIGNALED(status), "it ended by itself"


def start(folder: Path, now: datetime, *, with_panel: bool) -> Child:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    try:
        os.close(reading)
        asyncio.run(refresh_for_ever(folder, now, lambda: os.write(writing, b"."), with_panel=with_panel))
    finally:
        # Whatever it was, this is not the process that runs the tests.
        os._exit(1)


async def refresh_for_ever(folder: Path, now: datetime, tell: Callable[[], object], *, with_panel: bool) -> None:
    begun = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - begun)

    watched = monitor(folder, clock, tell)
    running = asyncio.create_task(watched.run())
    while not running.done():
        watched.refresh()
        if with_panel:
            watched.show()
        await asyncio.sleep(0.002)


async def read_to_completion(folder: Path, now: datetime) -> None:
    """Another server, with the panel open; and all that it shows is what the organisation says."""
    looks = answers = 0

    def clock() -> datetime:
        nonlocal looks
        looks += 1
        return now + timedelta(microseconds=looks)

    def tell() -> None:
        nonlocal answers
        answers += 1

    watched = monitor(folder, clock, tell)
    running = asyncio.create_task(watched.run())
    watched.refresh()
    watched.show()
    shown = last_days(30, now.date())
    truth = await read_now(Little(clock), now, dict.fromkeys(SHOWN, shown))
    try:
        store = opened(folder)
        async with asyncio.timeout(120):
            while any(rows(store.buckets[query], shown) != rows(truth.buckets[query], shown) for query in SHOWN):
                await asyncio.sleep(0.05)
                store.follow()
        assert all(store.buckets[query].missing(shown) == [] for query in SHOWN)
        store.close()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert answers


def check(folder: Path) -> None:
    """The file is whole, also to those who know what belongs into it."""
    for path in folder.glob("usage-*.sqlite3"):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    store = opened(folder)
    assert store.is_shared
    for query in SHOWN:
        rows(store.buckets[query])
    assert store.is_shared
    store.close()
    assert list(folder.glob("*damaged*")) == []


def test_a_server_is_killed_at_any_moment(tmp_path: Path) -> None:
    now = START
    for _ in range(KILLS):
        child = start(tmp_path, now, with_panel=CHANCE.random() < 0.2)
        try:
            child.wait_for_answers(CHANCE.choice([0, 1, 2, 2, 3, 4, 8]))
            time.sleep(CHANCE.uniform(0, 0.01))
        finally:
            child.kill()
        check(tmp_path)
        now += CHANCE.choice(PAUSES)
    asyncio.run(read_to_completion(tmp_path, now))


def test_two_servers_are_killed_at_any_moment(tmp_path: Path) -> None:
    now = START
    for _ in range(KILLS // 4):
        children = [start(tmp_path, now, with_panel=CHANCE.random() < 0.2) for _ in range(2)]
        try:
            time.sleep(CHANCE.uniform(0, 0.1))
            children.pop(CHANCE.randrange(2)).kill()
            # While the other one goes on.
            check(tmp_path)
        finally:
            for child in children:
                child.kill()
        check(tmp_path)
        now += CHANCE.choice(PAUSES)
    asyncio.run(read_to_completion(tmp_path, now))
