"""What a selection comes to: never days that cannot be, never a measure or a split that the section does not have."""

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage.days import Days, period_days
from openai_usage.endpoints import USAGE
from openai_usage.protocol import BucketWidth, GroupBy, Measure, Period, SectionId, Selection
from openai_usage.queries import measured
from openai_usage.scope import (
    FIRST_DAY,
    FIRST_SELECTION,
    RANKED,
    days_of,
    filters_of,
    groups_of,
    measures_of,
    merged,
    scope,
    widths_of,
)

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)

some_dates = (
    st.none() | st.dates(date(2019, 1, 1), date(2031, 1, 1)) | st.integers(-3, 400).map(lambda n: TODAY - n * DAY)
)
ids = st.none() | st.lists(st.sampled_from("abc"), unique=True)
selections = st.builds(
    Selection,
    period=st.none() | st.sampled_from(get_args(Period)),
    start=some_dates,
    end=some_dates,
    bucket=st.none() | st.sampled_from(get_args(BucketWidth)),
    group_by=st.none() | st.sampled_from(get_args(GroupBy)),
    measure=st.none() | st.sampled_from(get_args(Measure)),
    project_ids=ids,
    api_key_ids=ids,
    user_ids=ids,
    models=ids,
    section=st.none() | st.sampled_from(get_args(SectionId)),
)


@given(st.lists(selections, max_size=5), some_dates)
def test_any_row_of_clicks_leaves_something_that_can_be_shown(clicks: list[Selection], first_day: date | None) -> None:
    chosen = FIRST_SELECTION
    for click in clicks:
        chosen = merged(chosen, click)
        assert (chosen.period is None) or (chosen.start is None and chosen.end is None)
        shown = scope(chosen, TODAY, first_day)
        assert shown.days.last <= TODAY
        assert shown.days.first >= FIRST_DAY
        assert shown.measure in measures_of(shown.section)
        assert shown.group_by in groups_of(shown.section, shown.measure)
        assert shown.width in widths_of(shown.days)
        assert (shown.step == "month") == (len(shown.days) > 400)
        assert shown.step in {"month", "1d" if shown.measure == "spend" else shown.width}
        assert all(shown.filters.values())
        assert shown.before.last == shown.days.first - DAY
        assert len(shown.before) == len(shown.days)
        assert shown.has_before == (chosen.period != "all" and shown.before.first >= FIRST_DAY)


@given(selections, selections)
def test_what_is_not_chosen_stays(old: Selection, new: Selection) -> None:
    result = merged(old, new)
    for name, value in new:
        if value is not None and not (name in {"start", "end"} and new.period is not None):
            assert getattr(result, name) == value
    for name, value in old:
        if getattr(new, name) is None and name not in {"period", "start", "end"}:
            assert getattr(result, name) == value
    chosen = {name for name, value in new if value is not None} & {"period", "start", "end"}
    if "period" in chosen:
        assert (result.start, result.end) == (None, None)
    elif chosen:
        assert result.period is None
    else:
        assert (result.period, result.start, result.end) == (old.period, old.start, old.end)


@given(some_dates, some_dates)
def test_dates_in_either_order_are_the_same_days(one: date | None, other: date | None) -> None:
    assert days_of(Selection(start=one, end=other), TODAY) == days_of(Selection(start=other, end=one), TODAY)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2026, 1, 3), date(2026, 1, 9), Days(date(2026, 1, 3), date(2026, 1, 9))),
        (date(2026, 1, 9), date(2026, 1, 3), Days(date(2026, 1, 3), date(2026, 1, 9))),
        (date(2026, 1, 9), None, Days(date(2026, 1, 9), date(2026, 1, 9))),
        (None, date(2026, 1, 9), Days(date(2026, 1, 9), date(2026, 1, 9))),
        (TODAY, TODAY + 5 * DAY, Days(TODAY, TODAY)),
        (TODAY + DAY, TODAY + 5 * DAY, Days(TODAY, TODAY)),
        (date(1970, 1, 1), date(2020, 6, 12), Days(FIRST_DAY, date(2020, 6, 12))),
        (date(1970, 1, 1), date(1971, 1, 1), Days(FIRST_DAY, FIRST_DAY)),
        (None, None, period_days("30d", TODAY)),
    ],
)
def test_the_days_of_dates(start: date | None, end: date | None, days: Days) -> None:
    assert days_of(Selection(start=start, end=end), TODAY) == days


@given(st.sampled_from(get_args(Period)), some_dates, some_dates)
def test_a_period_comes_before_dates(period: Period, start: date | None, end: date | None) -> None:
    assert days_of(Selection(period=period, start=start, end=end), TODAY) == period_days(period, TODAY)


@given(some_dates)
def test_all_time_begins_with_the_first_day_that_is_known(first_day: date | None) -> None:
    known = first_day or TODAY - 364 * DAY
    assert days_of(Selection(period="all"), TODAY, first_day) == Days(max(FIRST_DAY, min(known, TODAY)), TODAY)


@given(selections.filter(lambda chosen: chosen.period != "all"), some_dates)
def test_no_other_days_depend_on_what_is_known(chosen: Selection, first_day: date | None) -> None:
    assert scope(chosen, TODAY, first_day) == scope(chosen, TODAY)


@pytest.mark.parametrize(
    ("length", "widths"), [(1, ["1d", "1h", "1m"]), (2, ["1d", "1h"]), (7, ["1d", "1h"]), (8, ["1d"]), (365, ["1d"])]
)
def test_fine_buckets_are_for_few_days(length: int, widths: list[str]) -> None:
    assert widths_of(Days(TODAY - (length - 1) * DAY, TODAY)) == widths


def test_an_empty_list_is_no_filter() -> None:
    chosen = Selection(project_ids=["a", "b"], api_key_ids=[], models=["m"])
    assert filters_of(chosen) == {"project_id": {"a", "b"}, "model": {"m"}}
    assert filters_of(merged(chosen, Selection(project_ids=[]))) == {"model": {"m"}}


@given(st.sampled_from(get_args(SectionId)), st.data())
def test_every_measure_of_a_section_is_counted_somewhere(section: SectionId, data: st.DataObject) -> None:
    measure = data.draw(st.sampled_from(measures_of(section)))
    groups = groups_of(section, measure)
    assert len(set(groups)) == len(groups) > 0
    chosen: dict[str, Any] = {"section": section, "measure": measure}
    found = measured(scope(merged(FIRST_SELECTION, Selection(**chosen)), TODAY))
    assert bool(found) == (measure != "spend")
    # What is offered to split by is a dimension of something that is counted, or made here.
    dimensions = {dimension for endpoint in found for dimension in endpoint.dimensions}
    assert measure == "spend" or {*groups} <= dimensions | {"token_type", "capability", "line_item"}
    # Only where money is split as well may a split be of money alone.
    assert measure == "spend" or "line_item" not in groups or section == "line-items"


def test_no_section_offers_a_dimension_that_its_endpoint_does_not_have() -> None:
    for endpoint in USAGE:
        section: SectionId = endpoint.name  # type: ignore[assignment] # the names of the sections
        for measure in measures_of(section):
            assert {*groups_of(section, measure)} - {"token_type"} == {*endpoint.dimensions}
        assert "spend" not in measures_of(section)
    for ranked, dimension in RANKED.items():
        for measure in measures_of(ranked):
            assert groups_of(ranked, measure) == (dimension,)
