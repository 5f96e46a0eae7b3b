"""Whatever is asked for and however often: what the store then holds is what a fresh reading would give."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from openai_usage.days import Days, last_days, month_of, period_days
from openai_usage.protocol import Period
from openai_usage.store import Buckets

START = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Figure:
    day: date
    hours: int
    """How much of the day, and of the three days in which it settles, was over when this was read."""


def truth(day: date, now: datetime) -> Figure:
    since = now - datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Figure(day, max(0, min(int(since.total_seconds() // 3600), 4 * 24)))


class Reading(RuleBasedStateMachine):
    """A window that is used for weeks: refreshed, shown other periods, put to sleep."""

    @initialize()
    def begin(self) -> None:
        self.buckets = Buckets[Figure]()
        self.now = START
        self.needed: Days | None = None
        self.read_at: datetime | None = None

    @rule(hours=st.integers(1, 40) | st.integers(24 * 3, 24 * 70))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def refresh(self) -> None:
        self._read("today", refresh=True)

    @rule(period=st.sampled_from(["7d", "30d", "last-month", "90d"]))
    def select(self, period: Period) -> None:
        self._read(period, refresh=False)

    @rule(period=st.sampled_from(["30d", "last-month", "90d"]))
    def refresh_with_the_panel_open(self, period: Period) -> None:
        self._read(period, refresh=True)

    def _read(self, period: Period, *, refresh: bool) -> None:
        today = self.now.date()
        needed = month_of(today).union(last_days(7, today)).union(period_days(period, today))
        ranges = self.buckets.to_read(needed, refresh=refresh)
        if refresh or any(today in days for days in ranges):
            self.read_at = self.now
        for days in ranges:
            self.buckets.put(days, [truth(day, self.now) for day in days], self.now)
        self.needed = needed

    @invariant()
    def every_needed_day_is_known_as_of_the_last_reading(self) -> None:
        if self.needed is None or self.read_at is None:
            return
        assert self.buckets.missing(self.needed) == []
        assert self.buckets.as_of == self.read_at
        assert self.buckets.rows(self.needed) == [truth(day, self.read_at) for day in self.needed]


TestReading = Reading.TestCase
TestReading.settings = profile(max_examples=60, stateful_step_count=25, deadline=None)


def test_a_refresh_reads_only_what_is_not_settled() -> None:
    buckets = Buckets[Figure]()
    today = START.date()
    needed = last_days(90, today)
    assert buckets.to_read(needed, refresh=False) == [needed]
    buckets.put(needed, [], START)
    assert buckets.to_read(needed, refresh=False) == []
    assert buckets.to_read(needed, refresh=True) == [last_days(4, today)]


def test_days_beyond_a_gap_are_forgotten() -> None:
    buckets = Buckets[Figure]()
    early, late = date(2026, 1, 1), date(2026, 3, 1)
    buckets.put(Days(early, early), [Figure(early, 1)], START)
    buckets.put(Days(late, late), [Figure(late, 1)], START)
    assert buckets.known == Days(late, late)
    assert buckets.rows(Days(early, late)) == [Figure(late, 1)]
