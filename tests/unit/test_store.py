"""Whatever is asked for and however often: what the store then holds is what a fresh reading would give."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from openai_usage.days import Days, last_days, midnight, month_of, period_days
from openai_usage.endpoints import COSTS, USAGE, Query
from openai_usage.protocol import Period
from openai_usage.rows import Bucket, Number
from openai_usage.store import Buckets, Store
from openai_usage.store import store as store_module

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
START = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
FIRST = date(2026, 3, 1)
DAY = timedelta(days=1)

ranges = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(
    lambda pair: Days(FIRST + pair[0] * DAY, FIRST + (pair[0] + pair[1]) * DAY)
)


def hours(day: date, now: datetime) -> int:
    """How much of the day, and of the three days in which it settles, is over."""
    since = now - datetime(day.year, day.month, day.day, tzinfo=UTC)
    return max(0, min(int(since.total_seconds() // 3600), 4 * 24))


def bucket(day: date, number: int) -> Bucket:
    return Bucket(midnight(day), [0], ([number],))


class Reading(RuleBasedStateMachine):
    """A window that is used for weeks: refreshed, shown other periods, put to sleep."""

    @initialize()
    def begin(self) -> None:
        self.buckets = Buckets()
        self.buckets.keys.number(("a",))
        self.now = START
        self.needed: Days | None = None
        self.read_at: datetime | None = None
        self.since = LONG_AGO

    @rule(hours=st.integers(1, 40) | st.integers(24 * 3, 24 * 70))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def refresh(self) -> None:
        self._read("today", refresh=True)

    @rule(period=st.sampled_from(["7d", "30d", "last-month", "90d", "365d"]))
    def select(self, period: Period) -> None:
        self._read(period, refresh=False)

    @rule(period=st.sampled_from(["30d", "last-month", "90d"]))
    def refresh_with_the_panel_open(self, period: Period) -> None:
        self._read(period, refresh=True)

    def _read(self, period: Period, *, refresh: bool) -> None:
        today = self.now.date()
        needed = month_of(today).union(last_days(7, today)).union(period_days(period, today))
        if refresh:
            self.since = self.now
        asked = self.buckets.to_read(needed, self.since)
        if refresh or any(today in days for days in asked):
            self.read_at = self.now
        for days in asked:
            self.buckets.put(days, [bucket(day, hours(day, self.now)) for day in days], self.now)
        self.needed = needed

    @invariant()
    def every_needed_day_is_known_as_of_the_last_reading(self) -> None:
        if self.needed is None or self.read_at is None:
            return
        assert self.buckets.missing(self.needed) == []
        assert self.buckets.as_of == self.read_at
        found = [(one.start, one.columns[0][0]) for one in self.buckets.of(self.needed)]
        assert found == [(midnight(day), hours(day, self.read_at)) for day in self.needed]
        assert list(self.buckets.whole(self.needed).columns[0]) == [sum(number for _, number in found)]


TestReading = Reading.TestCase
TestReading.settings = profile(max_examples=60, stateful_step_count=25)


@given(st.lists(ranges, max_size=8), ranges)
def test_what_is_not_known_is_asked_for_and_nothing_else(known: list[Days], needed: Days) -> None:
    buckets = Buckets()
    # Long after all of them: everything is settled.
    now = datetime(2027, 1, 1, tzinfo=UTC)
    for days in known:
        buckets.put(days, [], now)
    missing = [day for day in needed if not any(day in days for days in known)]
    for since in (LONG_AGO, now, now + DAY):
        asked = buckets.to_read(needed, since)
        assert [day for days in asked for day in days] == missing
    assert [day for days in buckets.missing(needed) for day in days] == missing
    asked = buckets.to_read(needed, LONG_AGO)
    # As few questions as can be: between two of them is a day that is known.
    assert all(one.last + DAY < other.first for one, other in pairwise(asked))
    for days in asked:
        buckets.put(days, [], now)
    assert buckets.to_read(needed, now + DAY) == []


def test_a_refresh_reads_only_what_is_not_settled() -> None:
    buckets = Buckets()
    today = START.date()
    needed = last_days(90, today)
    assert buckets.to_read(needed, START) == [needed]
    buckets.put(needed, [], START)
    assert buckets.to_read(needed, START) == []
    later = START + timedelta(minutes=5)
    assert buckets.to_read(needed, later) == [last_days(4, today)]
    # A refresh is of what is shown then. What was not, is read again when it is shown.
    buckets.put(last_days(2, today), [], later)
    assert buckets.to_read(needed, later) == [Days(today - 3 * DAY, today - 2 * DAY)]


def test_a_new_day_reads_what_was_not_settled_on_the_last() -> None:
    buckets = Buckets()
    today = START.date()
    buckets.put(last_days(90, today), [], START)
    assert buckets.to_read(last_days(90, today + DAY), LONG_AGO) == [last_days(5, today + DAY)]


def test_a_day_that_was_not_over_is_read_again_on_another_day_whatever_was_shown_meanwhile() -> None:
    """Nothing is ever refreshed, as with `refreshMinutes: 0`; the panel is left open, and shows a week first."""
    buckets = Buckets()
    today, later = START.date(), START + 20 * DAY
    buckets.put(last_days(90, today), [], START)
    week = last_days(7, later.date())
    assert buckets.to_read(week, LONG_AGO) == [week]
    buckets.put(week, [], later)
    between = Days(today + DAY, week.first - DAY)
    assert buckets.to_read(last_days(90, later.date()), LONG_AGO) == [Days(today - 3 * DAY, between.last)]


numbers = st.integers(-(10**9), 10**9) | st.integers(-(10**30), 10**30).map(lambda digits: Decimal(digits).scaleb(-34))
rows = st.lists(st.tuples(st.integers(0, 4), numbers, numbers), max_size=8)


@given(st.lists(st.tuples(ranges, st.lists(rows, min_size=1, max_size=13)), max_size=6), ranges)
def test_a_later_answer_replaces_its_days_whole_and_the_sum_is_of_what_is_there(
    answers: list[tuple[Days, list[list[tuple[int, Number, Number]]]]], asked: Days
) -> None:
    buckets = Buckets()
    for key in range(5):
        assert buckets.keys.number((str(key),)) == key
    truth: dict[date, list[tuple[int, Number, Number]]] = {}
    for days, contents in answers:
        version = buckets.version
        by_day = dict(zip(days, contents, strict=False))
        # Summed up before, so that an old sum would show.
        buckets.whole(asked)
        buckets.put(
            days,
            [
                Bucket(midnight(day), [row[0] for row in found], ([row[1] for row in found], [row[2] for row in found]))
                for day, found in by_day.items()
            ],
            START,
        )
        assert buckets.version != version
        truth |= {day: by_day.get(day, []) for day in days}
    found = [(one.start, *row) for one in buckets.of(asked) for row in zip(one.keys, *one.columns, strict=True)]
    assert found == [(midnight(day), *row) for day in asked for row in truth.get(day, [])]
    assert [one.start for one in buckets.known()] == sorted(one.start for one in buckets.known())

    whole = buckets.whole(asked)
    assert whole.start == asked.start_time
    assert len(set(whole.keys)) == len(whole.keys)
    assert {*whole.keys} == {row[1] for row in found}
    # Without any bucket there are no columns.
    for index, column in enumerate(whole.columns):
        sums: dict[int, Fraction] = defaultdict(Fraction)
        for _, key, *values in found:
            sums[key] += Fraction(values[index])
        assert dict(zip(whole.keys, map(Fraction, column), strict=True)) == sums


def test_the_store_s_version_tells_every_change() -> None:
    store = Store()
    versions = [store.version]
    store.buckets[Query(COSTS)].put(last_days(1, FIRST), [], START)
    versions.append(store.version)
    store.buckets[Query(USAGE[0])].put(last_days(1, FIRST), [], START)
    versions.append(store.version)
    store.absent.add(USAGE[1])
    versions.append(store.version)
    assert len(set(versions)) == 4


def test_two_splits_of_the_bill_that_come_to_different_sums_are_rolled_up_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenAI leaves some of the bill out of costs by API key; both splits also tell the project."""
    monkeypatch.setattr(store_module, "_MANY_KEYS", 1)
    store, days = Store(), Days(FIRST, FIRST)
    by_item, by_key = Query(COSTS, ("project_id", "line_item")), Query(COSTS, ("project_id", "api_key_id"))
    for query, amount in ((by_item, Decimal(10)), (by_key, Decimal(9))):
        values = {"project_id": "proj_a", query.group_by[1]: "one", "currency": "usd"}
        number = store.buckets[query].keys.number(tuple(map(values.get, COSTS.fields)))
        store.put(query, days, [Bucket(days.start_time, [number], ([amount], [0]))], START)
    for query, total in ((by_item, 10), (by_key, 9)):
        rows = store.rows(query, {"project_id"}, days)
        assert rows is not store.buckets[query]
        assert rows.whole(days).columns[0] == [total]
