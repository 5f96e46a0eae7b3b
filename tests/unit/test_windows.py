"""Several servers on one file: whatever happens in whatever order, none of them shows anything that is not so."""

import asyncio
import contextlib
import sqlite3
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest

from openai_usage import credentials, fetch, queries
from openai_usage.credentials import Credential
from openai_usage.days import Days, month_of
from openai_usage.demo import DEMO_KEY
from openai_usage.protocol import Selection
from openai_usage.settings import DEFAULT_BASE_URL
from openai_usage.store import LEASE_LENGTH, Store, open_account
from openai_usage.views.numbers import Numbers
from tests.support.little import read_now, rows
from tests.support.windows import Server, World

PAUSES = [
    timedelta(seconds=2), timedelta(seconds=40), timedelta(minutes=6), timedelta(minutes=45), timedelta(hours=5),
    timedelta(days=1), timedelta(days=4),
]  # fmt: skip


def live(world: World, steps: int, happens: list[str]) -> None:
    """A day in the life of some windows."""
    chance = world.chance
    world.start()
    world.start()
    for _ in range(steps):
        world.hurry = chance.choice([0.01, 0.1, 0.5])
        world.run(chance.uniform(0, 6))
        happen(world, chance.choice(happens), chance.choice(world.alive))


def happen(world: World, what: str, server: Server) -> None:
    chance = world.chance
    match what:
        case "sleep":
            world.sleep(chance.choice(PAUSES))
        case "set back":
            world.sleep(-chance.choice(PAUSES))
        case "stand still":
            server.stands_still_until = world.time + chance.uniform(0.5, 14)
        case "refresh":
            server.do(server.monitor.refresh)
        case "show":
            server.do(server.monitor.show)
        case "select":
            selection = Selection(period=chance.choice(["7d", "30d", "month"]))
            server.do(lambda: server.monitor.select(selection))
        case "kill" if len(world.alive) > 1:
            world.kill(server)
        case "stop" if len(world.alive) > 1:
            world.stop(server)
        case "start" if len(world.alive) < 3:
            world.start()


def come_to_rest(world: World) -> None:
    """All is answered, and every window was refreshed within the same hour."""
    if len(world.alive) < 2:
        world.start()
    world.settle()
    now = world.now()
    next_hour = (now + timedelta(hours=1)).replace(minute=0, second=1, microsecond=0)
    world.sleep(next_hour - now)
    world.settle()
    for server in world.alive:
        server.do(server.monitor.refresh)
        world.settle()


def check(world: World, longest_overlap: timedelta = LEASE_LENGTH / 3) -> None:
    today = world.now().date()
    recent = queries.days_around(today)
    truth = asyncio.run(read_now(world.organization, world.now(), {queries.TOTAL: recent, queries.BASE: recent}))
    billed = sum(
        Fraction(one.columns[0][index])
        for one in truth.buckets[queries.TOTAL].of(recent)
        for index in range(len(one.keys))
    )
    assert billed == world.organization.billed(recent)
    credential = credentials.find({"OPENAI_ADMIN_KEY": DEMO_KEY})
    assert isinstance(credential, Credential)
    secret = credential.secret
    fresh = Store(lambda: open_account(world.folder, DEFAULT_BASE_URL, secret))
    try:
        for store in (fresh, *(server.store for server in world.alive)):
            assert store.is_shared
            for query in (queries.TOTAL, queries.BASE):
                assert store.buckets[query].missing(recent) == []
                assert rows(store.buckets[query], recent) == rows(truth.buckets[query], recent)
        for server in world.alive:
            for query, buckets in server.store.buckets.items():
                assert rows(buckets) == rows(fresh.buckets[query]), query
        for key_id in {server.key_id for server in world.alive}:
            texts = {server.statuses[-1].text for server in world.alive if server.key_id == key_id}
            assert texts == {status_text(world, key_id)}
        assert {server.statuses[-1].busy for server in world.alive} == {False}
        assert {server.statuses[-1].severity for server in world.alive} == {"ok"}
    finally:
        fresh.close()
    # Whoever lost its turn while it stood still sees that within the second.
    assert world.longest_overlap <= longest_overlap.total_seconds()
    assert world.asked_in_vain == []


def status_text(world: World, key_id: str | None) -> str:
    """What the bill says now: of a key, and of all."""
    today = world.now().date()

    def amount(days: Days, key_id: str | None) -> str:
        billed = world.organization.billed(days, key_id)
        with localcontext(prec=80):
            return Numbers.of("en").money(Decimal(billed.numerator) / billed.denominator, "usd")

    month = month_of(today)
    text = f"{amount(Days(today, today), key_id)} today · {amount(month, key_id)} this month"
    return f"$(graph) {text}" if key_id is None else f"$(key) {text} of {amount(month, None)}"


USUAL = ["sleep", "sleep", "refresh", "refresh", "kill", "start", "stop", "stand still"]


@pytest.mark.parametrize("seed", range(200))
def test_windows(seed: int, tmp_path: Path) -> None:
    world = World(seed, tmp_path)
    world.faults = 0.1 if seed % 4 == 0 else 0.0
    # Windows of one account work with different keys, or with none.
    world.keys = [None, "key_a", "key_b"] if seed % 3 == 0 else [None]
    happens = [*USUAL, *(["show", "select"] if seed % 40 == 0 else []), *(["set back"] if seed % 4 == 3 else [])]
    try:
        live(world, 9, happens)
        come_to_rest(world)
        check(world)
    finally:
        world.end()


@pytest.mark.parametrize("seed", range(5))
def test_windows_go_on_together_after_their_file_was_damaged(seed: int, tmp_path: Path) -> None:
    world = World(seed, tmp_path)
    try:
        live(world, 2, ["refresh", "start"])
        world.run(5)
        with contextlib.closing(sqlite3.connect(world.file.path)) as connection, connection:
            connection.execute("UPDATE day SET body = x'c1c1c1'")
        # Whoever is new reads it first.
        world.stop(world.alive[0])
        world.start()
        world.run(5)
        assert list(tmp_path.glob("*damaged*")) != []
        live(world, 2, ["refresh", "start", "sleep"])
        come_to_rest(world)
        # The lease that was in the damaged file is not in the new one: who asks then asks to the end.
        check(world, LEASE_LENGTH)
    finally:
        world.end()


def test_a_mistake_that_is_made_every_time_does_not_stop_the_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and tried again when it is time, not at once."""
    world = World(0, tmp_path)
    tries = 0

    def fail(*_: object) -> None:
        nonlocal tries
        tries += 1
        if tries > 50:
            # Nothing else ends it.
            raise asyncio.CancelledError
        raise ZeroDivisionError

    monkeypatch.setattr(fetch, "shown", fail)
    try:
        world.start()
        world.run(60)
        assert 0 < tries < 20
    finally:
        world.end()
