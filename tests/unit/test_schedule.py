"""When to fetch without being asked, by a clock that the test sets."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import schedule
from openai_usage.schedule import Schedule

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    """Shows what the test sets, and tells who waits for a look at it."""

    def __init__(self) -> None:
        self.now = NOON
        self.looks = 0
        self.look = asyncio.Event()

    def __call__(self) -> datetime:
        self.looks += 1
        self.look.set()
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)

    async def is_looked_at(self) -> None:
        """Often enough that something would have happened."""
        async with asyncio.timeout(10):
            for _ in range(10):
                self.look.clear()
                await self.look.wait()


def due(plan: Schedule) -> bool:
    return plan.is_due


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    # The clock is looked at all the time, instead of once a minute.
    monkeypatch.setattr(schedule, "_LONGEST_WAIT", timedelta(milliseconds=1))
    return Clock()


def test_at_once_and_then_at_intervals(clock: Clock) -> None:
    plan = Schedule(5, clock)
    assert (plan.is_on, due(plan), plan.due_at, plan.last) == (True, True, NOON, None)
    plan.begin(clock.now)
    assert (due(plan), plan.due_at, plan.last) == (False, NOON + timedelta(minutes=5), NOON)
    clock.passes(minutes=4.99)
    assert not due(plan)
    clock.passes(minutes=0.01)
    assert due(plan)


def test_never(clock: Clock) -> None:
    plan = Schedule(0, clock)
    assert (plan.is_on, due(plan), plan.due_at) == (False, False, None)
    plan.begin(clock.now)
    clock.passes(days=9)
    assert not due(plan)
    plan.every(5)
    assert due(plan)
    plan.every(0)
    assert (plan.is_on, due(plan)) == (False, False)


def test_another_interval_counts_from_the_last_fetch(clock: Clock) -> None:
    plan = Schedule(60, clock)
    plan.begin(clock.now)
    clock.passes(minutes=4)
    plan.every(5)
    assert plan.due_at == NOON + timedelta(minutes=5)
    plan.every(2)
    assert due(plan)


def test_it_stops_until_it_begins_anew(clock: Clock) -> None:
    plan = Schedule(5, clock)
    plan.stop()
    clock.passes(days=1)
    assert not due(plan)
    plan.restart()
    assert due(plan)
    plan.stop()
    plan.every(7)
    assert due(plan)


def test_it_holds_off(clock: Clock) -> None:
    plan = Schedule(5, clock)
    plan.begin(clock.now)
    plan.hold_off(1800)
    clock.passes(minutes=29)
    assert (due(plan), plan.due_at) == (False, NOON + timedelta(minutes=30))
    clock.passes(minutes=1)
    assert due(plan)
    plan.begin(clock.now)
    plan.hold_off(10)
    assert plan.due_at == NOON + timedelta(minutes=35), "less than the interval changes nothing"
    plan.hold_off(9_999)
    plan.hold_off(None)
    assert plan.due_at == NOON + timedelta(minutes=35)
    plan.hold_off(9_999)
    plan.restart()
    assert due(plan)


@given(st.floats(1, 525_600), st.integers(0, 10**6))
def test_it_is_due_exactly_when_the_time_has_come(minutes: float, seconds: int) -> None:
    now = NOON
    plan = Schedule(minutes, lambda: now)
    plan.begin(NOON)
    now = NOON + timedelta(seconds=seconds)
    assert due(plan) == (timedelta(seconds=seconds) >= timedelta(minutes=minutes))


async def ends(plan: Schedule, clock: Clock, wake: asyncio.Event, change: Callable[[], object] | None) -> bool:
    """Whether waiting ends by a change, and not before."""
    waiting = asyncio.create_task(plan.wait(wake))
    await clock.is_looked_at()
    assert not waiting.done()
    if change is None:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return waiting.cancelled()
    change()
    async with asyncio.timeout(10):
        await waiting
    return True


async def test_waiting_ends_when_it_is_due_or_when_it_is_woken(clock: Clock) -> None:
    plan, wake = Schedule(5, clock), asyncio.Event()
    plan.begin(clock.now)
    assert await ends(plan, clock, wake, lambda: clock.passes(minutes=5))
    plan.begin(clock.now)
    assert await ends(plan, clock, wake, wake.set)
    assert not wake.is_set()
    assert not due(plan)


async def test_waiting_ends_at_midnight(clock: Clock) -> None:
    clock.now = NOON.replace(hour=23, minute=59)
    plan = Schedule(60, clock)
    plan.begin(clock.now)
    assert await ends(plan, clock, asyncio.Event(), lambda: clock.passes(minutes=1))
    assert due(plan), "a new day is read at once"
    off = Schedule(0, clock)
    clock.now = NOON.replace(hour=23, minute=59)
    assert await ends(off, clock, asyncio.Event(), lambda: clock.passes(minutes=1))
    assert not due(off)


async def test_waiting_ends_when_the_clock_is_set_back(clock: Clock) -> None:
    plan = Schedule(60, clock)
    plan.begin(clock.now)
    assert await ends(plan, clock, asyncio.Event(), lambda: clock.passes(minutes=-1))


async def test_waiting_can_be_cancelled(clock: Clock) -> None:
    plan = Schedule(60, clock)
    plan.begin(clock.now)
    assert await ends(plan, clock, asyncio.Event(), None)


async def test_it_does_not_wait_when_it_is_due(clock: Clock) -> None:
    async with asyncio.timeout(10):
        await Schedule(5, clock).wait(asyncio.Event())


# Nobody looks, nothing changes, there is no network.


@given(st.integers(1, 500), st.integers(0, 40))
def test_pauses_grow_while_nothing_changes(minutes: int, quiet: int) -> None:
    plan = Schedule(minutes, lambda: NOON)
    plan.begin(NOON)
    plan.learn(quiet, 0)
    assert plan.due_at is not None
    pause = plan.due_at - NOON
    interval = timedelta(minutes=minutes)
    assert interval <= pause <= max(interval, timedelta(minutes=30))
    assert pause in {interval * 2 ** min(quiet, 10), max(interval, timedelta(minutes=30))}
    plan.learn(0, 0)
    assert plan.due_at == NOON + interval


@given(st.integers(1, 500), st.integers(1, 40))
def test_without_a_network_it_is_tried_again_after_seconds(minutes: int, offline: int) -> None:
    plan = Schedule(minutes, lambda: NOON)
    plan.begin(NOON)
    plan.learn(7, offline)
    assert plan.due_at is not None
    assert timedelta(seconds=5) <= plan.due_at - NOON <= timedelta(minutes=1)
    plan.hold_off(300)
    assert plan.due_at == NOON + timedelta(minutes=5), "but not sooner than the API wants"


def test_nothing_is_due_when_nobody_looked_for_half_an_hour(clock: Clock) -> None:
    plan = Schedule(20, clock)
    plan.begin(clock.now)
    plan.attend(is_active=False)
    clock.passes(minutes=20)
    assert due(plan), "the user may be back in a minute"
    plan.begin(clock.now)
    assert plan.due_at is None
    clock.passes(hours=9)
    assert not due(plan)
    plan.attend(is_active=True)
    assert due(plan), "who is back wants to see what it is now"


def test_what_is_older_than_the_interval_is_due_for_whoever_comes_back(clock: Clock) -> None:
    plan = Schedule(5, clock)
    plan.begin(clock.now)
    plan.learn(3, 0)
    clock.passes(minutes=6)
    assert not due(plan)
    plan.attend(is_active=True)
    assert not due(plan), "was never away"
    plan.attend(is_active=False)
    plan.attend(is_active=True)
    assert due(plan)


def test_a_command_is_a_sign_of_life(clock: Clock) -> None:
    plan = Schedule(20, clock)
    plan.attend(is_active=False)
    clock.passes(minutes=29)
    plan.touch()
    plan.begin(clock.now)
    clock.passes(minutes=20)
    assert due(plan)


def test_what_is_due_can_be_put_off(clock: Clock) -> None:
    plan = Schedule(5, clock)
    plan.delay(2)
    assert not due(plan)
    clock.passes(seconds=2)
    assert due(plan)
    plan = Schedule(0, clock)
    plan.delay(2)
    assert plan.due_at is None
