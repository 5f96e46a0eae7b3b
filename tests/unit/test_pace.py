"""Who waits as told never asks more than five times a minute, and never waits much longer than one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openai_usage import pace

START = datetime(2026, 11, 26, 12, tzinfo=UTC)
LONGEST = timedelta(minutes=1, seconds=2)
seconds = st.floats(0, 200, allow_nan=False).map(lambda value: timedelta(seconds=value))
moments = st.lists(st.integers(-10_000, 10_000).map(lambda value: START + timedelta(seconds=value)), max_size=9)


@given(st.lists(seconds, max_size=40))
def test_who_waits_as_told_asks_at_most_five_times_a_minute(idle: list[timedelta]) -> None:
    now, noted, asked = START, list[datetime](), list[datetime]()
    for rest in idle:
        now += rest
        now += pace.pause(noted, now)
        assert not pace.pause(noted, now), "that was enough"
        noted = pace.noted(noted, now)
        asked.append(now)
    for first, sixth in zip(asked, asked[pace.MOST :], strict=False):
        assert sixth - first > pace.PER


@given(st.lists(seconds, min_size=5, max_size=40))
def test_it_is_no_slower_than_it_has_to_be(idle: list[timedelta]) -> None:
    now, noted = START, list[datetime]()
    for index, rest in enumerate(idle):
        now += rest
        wait = pace.pause(noted, now)
        assert index >= pace.MOST or not wait, "the first five come at once"
        assert not wait or (now + wait) - noted[0] < LONGEST
        now += wait
        noted = pace.noted(noted, now)


@given(moments, st.integers(-10_000, 10_000))
def test_whatever_the_clock_did_nobody_waits_longer(asked: list[datetime], at: int) -> None:
    """Also for questions that were asked "later" than now, and in any order."""
    wait = pace.pause(asked, START + timedelta(seconds=at))
    assert timedelta() <= wait < LONGEST


@given(st.lists(st.tuples(seconds, st.booleans(), seconds), max_size=40))
def test_after_a_clock_was_set_back_it_goes_on(steps: list[tuple[timedelta, bool, timedelta]]) -> None:
    now, noted = START, list[datetime]()
    for rest, is_set_back, pause in steps:
        now += -rest if is_set_back else rest
        wait = pace.pause(noted, now)
        assert timedelta() <= wait < LONGEST
        now += wait + pause
        noted = pace.noted(noted, now)
        assert len(noted) <= pace.MOST


@given(st.integers(0, 4000))
def test_how_long_it_takes(count: int) -> None:
    """Of so many questions, the first few at once."""
    now, noted = START, list[datetime]()
    for _ in range(min(count, 60)):
        now += pace.pause(noted, now)
        noted = pace.noted(noted, now)
    if count <= 60:
        assert timedelta() <= now - START - pace.how_long(count) <= timedelta(seconds=15)
    assert pace.how_long(count) >= timedelta()
