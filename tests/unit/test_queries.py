"""Which questions are asked: for each thing shown, one that can answer it, and that is no larger than need be."""

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import queries
from openai_usage.days import Days, last_days
from openai_usage.endpoints import COSTS, USAGE, Query
from openai_usage.protocol import GroupBy, SectionId, Selection
from openai_usage.queries import BASE, KEYS_SINCE, TOTAL, compared, cost_before_query, cost_query, usage_query
from openai_usage.scope import FIRST_DAY, FIRST_SELECTION, Filters, Scope, groups_of, measures_of, merged, scope

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
BY_MONEY: tuple[GroupBy, ...] = ("line_item", "model", "project_id", "api_key_id", "user_id", "api_source")

filters_ = st.dictionaries(
    st.sampled_from(["project_id", "api_key_id", "user_id", "model"]), st.just(frozenset({"one"})), max_size=4
)


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    section: SectionId = draw(st.sampled_from(get_args(SectionId)))
    measure = draw(st.sampled_from(measures_of(section)))
    last = TODAY - draw(st.integers(0, 400)) * DAY
    chosen = Selection(
        start=last - draw(st.integers(0, 120)) * DAY,
        end=last,
        section=section,
        measure=measure,
        group_by=draw(st.sampled_from(groups_of(section, measure))),
        bucket=draw(st.sampled_from(["1d", "1h", "1m"])),
        project_ids=draw(st.lists(st.just("p"), max_size=1)),
        api_key_ids=draw(st.lists(st.just("k"), max_size=1)),
        user_ids=draw(st.lists(st.just("u"), max_size=1)),
        models=draw(st.lists(st.just("m"), max_size=1)),
    )
    return scope(merged(FIRST_SELECTION, chosen), TODAY)


@pytest.mark.parametrize(
    ("filters", "by", "group_by"),
    [
        ((), None, ()),
        ((), "line_item", ("project_id", "line_item")),
        ((), "model", ("project_id", "line_item")),
        ((), "project_id", ("project_id", "line_item")),
        ((), "user_id", ("user_id",)),
        ((), "api_key_id", ("project_id", "api_key_id")),
        (("project_id",), None, ("project_id", "line_item")),
        (("model",), "user_id", ("user_id", "line_item")),
        (("project_id", "model"), "api_key_id", ("project_id", "api_key_id", "line_item")),
        (("project_id",), "api_key_id", ("project_id", "api_key_id")),
        (("api_key_id",), "model", ("api_key_id", "line_item")),
        (("user_id",), "project_id", ("project_id", "user_id")),
        (("user_id",), "api_key_id", ("user_id", "api_key_id")),
        ((), "api_source", ("api_source",)),
    ],
)
def test_the_splits_of_the_bill(filters: tuple[str, ...], by: GroupBy | None, group_by: tuple[str, ...]) -> None:
    assert cost_query(dict.fromkeys(filters, frozenset({"one"})), by).group_by == group_by


@given(filters_, st.none() | st.sampled_from(BY_MONEY))
def test_a_split_has_what_it_is_narrowed_and_shown_by_and_little_else(filters: Filters, by: GroupBy | None) -> None:
    wanted = {"line_item" if one == "model" else one for one in (*filters, by) if one}
    found = cost_query(filters, by)
    assert wanted <= {*found.group_by} <= {*COSTS.dimensions}
    # Nothing that OpenAI may refuse for that reason alone.
    assert {*found.group_by} & {"user_id", "api_source"} == wanted & {"user_id", "api_source"}
    assert ("api_key_id" in found.group_by) == ("api_key_id" in wanted)
    before = cost_before_query(filters, by)
    assert {*before.group_by} == wanted
    # The smallest of those that are read anyway, or else just what is wanted.
    assert {*found.group_by} - wanted <= {"project_id", "line_item"}
    for query in (found, before):
        assert all(frozenset(values) == filters[dimension] for dimension, values in query.only)
        assert {dimension for dimension, _ in query.only} <= {"project_id", "api_key_id"} & {*query.group_by}


def test_a_url_does_not_name_hundreds_of_keys() -> None:
    few, many = (frozenset(f"key_{number}" for number in range(count)) for count in (50, 51))
    assert cost_query({"api_key_id": few}, "model").only == (("api_key_id", tuple(sorted(few))),)
    assert cost_query({"api_key_id": many}, "model").only == ()


@given(st.dates(date(2025, 11, 1), date(2026, 1, 10)), st.integers(0, 60), filters_, st.sampled_from(BY_MONEY))
def test_no_day_is_asked_for_that_openai_refuses_and_none_is_left_out(
    first: date, length: int, filters: Filters, by: GroupBy
) -> None:
    days = Days(first, first + length * DAY)
    query = cost_query(filters, by)
    asked = queries.given(query, days)
    has_keys = "api_key_id" in {by, *filters}
    assert [*(asked or ())] == [day for day in days if day >= date(2025, 12, 6) or not has_keys]


@pytest.mark.parametrize("endpoint", USAGE, ids=lambda endpoint: endpoint.name)
def test_use_by_key_is_given_for_all_days(endpoint: object) -> None:
    days = last_days(30, KEYS_SINCE)
    assert queries.given(usage_query(endpoint), days) == days  # type: ignore[arg-type] # an Endpoint


@given(scopes())
def test_everything_shown_is_asked_for_once(chosen: Scope) -> None:
    costs, usage = queries.cost_queries(chosen), queries.usage_queries(chosen)
    assert len({*costs, *usage}) == len(costs) + len(usage)
    needed = {cost_query(chosen.filters, by) for by in (None, *queries.RANKED_BY)}
    if chosen.measure == "spend":
        needed.add(cost_query(chosen.filters, chosen.group_by))
    assert {*costs} == needed
    assert {usage_query(endpoint) for endpoint in USAGE} <= {*usage}
    assert {usage_query(endpoint, chosen.width) for endpoint in queries.measured(chosen)} <= {*usage}
    # The total comes first: it matters most.
    assert costs[0] == cost_query(chosen.filters)


@given(scopes())
def test_what_is_compared_with(chosen: Scope) -> None:
    found = list(compared(chosen))
    assert len({*found}) == len(found)
    if len(chosen.days) == 1:
        assert found == []
    elif len(chosen.days) > 92:
        assert found == [cost_before_query(chosen.filters)]
    else:
        assert {query for query in found if query.endpoint is COSTS} == {
            cost_before_query(chosen.filters, by) for by in (None, *queries.RANKED_BY)
        }
        narrowed = {query.endpoint.name: {*query.group_by} for query in found if query.endpoint is not COSTS}
        assert narrowed == {
            endpoint.name: {*chosen.filters} for endpoint in USAGE if {*chosen.filters} <= {*endpoint.dimensions}
        }
    assert all(query.width == "1d" for query in found)


@pytest.mark.parametrize("ago", [0, 1, 29, 500, 5000])
def test_all_time_is_compared_with_nothing(ago: int) -> None:
    all_time = merged(FIRST_SELECTION, Selection(period="all"))
    assert compared(scope(all_time, TODAY, TODAY - ago * DAY)) == {}


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_nothing_is_asked_of_days_before_openai_s_first(ago: int, length: int) -> None:
    first = FIRST_DAY + ago * DAY
    chosen = scope(merged(FIRST_SELECTION, Selection(start=first, end=first + length * DAY)), TODAY)
    assert bool(compared(chosen)) == (0 < length < ago)


def test_the_bill_of_the_status_bar_has_projects_and_line_items() -> None:
    assert Query(COSTS, ("project_id", "line_item")) == BASE
    assert Query(COSTS) == TOTAL


def test_web_searches_count_no_requests_of_their_own() -> None:
    requests = scope(merged(FIRST_SELECTION, Selection(measure="requests")), TODAY)
    assert "web_search_calls" not in {endpoint.name for endpoint in queries.measured(requests)}
    assert {endpoint.name for endpoint in queries.measured(requests)} == {
        endpoint.name for endpoint in USAGE if "num_model_requests" in {metric.name for metric in endpoint.metrics}
    } - {"web_search_calls"}
    tokens = scope(merged(FIRST_SELECTION, Selection(measure="tokens")), TODAY)
    assert {endpoint.name for endpoint in queries.measured(tokens)} == {
        endpoint.name for endpoint in USAGE if "input_tokens" in {metric.name for metric in endpoint.metrics}
    }
