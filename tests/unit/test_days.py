"""Ranges of UTC days: nothing lost, nothing twice."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage.days import Days, day_of, midnight, month_of, period_days
from openai_usage.protocol import Period

dates = st.dates(date(2019, 1, 1), date(2035, 12, 31))


@st.composite
def ranges(draw: st.DrawFn) -> Days:
    first = draw(dates)
    return Days(first, first + timedelta(days=draw(st.integers(0, 400))))


@given(ranges(), st.integers(1, 40))
def test_pieces_are_the_whole_in_order(days: Days, most: int) -> None:
    pieces = days.split(most)
    assert [day for piece in pieces for day in piece] == list(days)
    assert all(len(piece) <= most for piece in pieces)


@given(ranges(), ranges())
def test_without_leaves_just_the_days_that_are_not_in_the_other(one: Days, other: Days) -> None:
    left = [day for part in one.without(other) for day in part]
    assert left == [day for day in one if day not in other]


@given(ranges(), ranges())
def test_a_union_holds_both_and_starts_and_ends_with_them(one: Days, other: Days) -> None:
    union = one.union(other)
    assert {union.first, union.last} <= {one.first, one.last, other.first, other.last}
    assert all(day in union for part in (one, other) for day in (part.first, part.last))


@given(ranges(), ranges())
def test_ranges_touch_when_their_union_has_no_other_day(one: Days, other: Days) -> None:
    union = one.union(other)
    assert one.touches(other) == other.touches(one) == (len(set(one) | set(other)) == len(union))


@given(dates)
def test_a_day_begins_at_its_utc_midnight(day: date) -> None:
    assert datetime.fromtimestamp(midnight(day), UTC) == datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert day_of(midnight(day)) == day
    assert day_of(Days(day, day).end_time - 1) == day


@given(st.sampled_from(get_args(Period)), dates)
def test_every_period_ends_today_but_last_month(period: Period, today: date) -> None:
    days = period_days(period, today)
    if period == "last-month":
        assert days.last + timedelta(days=1) == today.replace(day=1)
        assert days.first.day == 1
    else:
        assert days.last == today


def test_periods_of_a_day() -> None:
    today = date(2026, 3, 1)
    assert len(period_days("7d", today)) == 7
    assert len(period_days("30d", today)) == 30
    assert len(period_days("90d", today)) == 90
    assert len(period_days("365d", today)) == 365
    assert period_days("all", today) == period_days("365d", today), "nothing older is known"
    assert period_days("all", today, date(2021, 5, 6)) == Days(date(2021, 5, 6), today)
    assert period_days("all", today, date(2026, 3, 2)) == Days(today, today), "known by a clock that was ahead"
    assert period_days("today", today) == Days(today, today)
    assert period_days("month", today) == month_of(today)
    assert period_days("last-month", today) == Days(date(2026, 2, 1), date(2026, 2, 28))
    assert month_of(today) == Days(today, today)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="after"):
        Days(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize("seconds", [10**20, -(10**20)])
def test_a_time_outside_the_calendar_is_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match=r"calendar|year"):
        day_of(seconds)
