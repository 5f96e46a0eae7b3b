"""Estimates of a store: the sum of the prices of its parts, and what has none is named."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from openai_usage import money, pricing, report
from openai_usage.days import Days, last_days, midnight
from openai_usage.endpoints import USAGE, Query, Width
from openai_usage.queries import usage_query
from openai_usage.report import Estimate
from openai_usage.rows import Bucket
from openai_usage.store import Store

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
TODAY = NOW.date()
DAYS = last_days(6, TODAY)
ENDPOINTS = {endpoint.name: endpoint for endpoint in USAGE}
COMPLETIONS = ENDPOINTS["completions"]
EMBEDDINGS = ENDPOINTS["embeddings"]


@dataclass(frozen=True)
class Use:
    """One row. `hour` is for queries by hour."""

    day: date
    key: tuple[str | None, ...]
    counts: dict[str, int]
    hour: int = 0


def put(store: Store, query: Query, rows: list[Use], days: Days = DAYS) -> None:
    buckets = store.buckets[query]
    starts: dict[int, list[Use]] = {midnight(day): [] for day in days}
    for row in rows:
        starts.setdefault(midnight(row.day) + (3600 * row.hour if query.width == "1h" else 0), []).append(row)
    found = [
        Bucket(
            start,
            [buckets.keys.number(row.key) for row in of_start],
            tuple([row.counts.get(metric.name, 0) for row in of_start] for metric in query.endpoint.metrics),
        )
        for start, of_start in sorted(starts.items())
    ]
    buckets.put(days, found, NOW)


def store_of(rows: list[Use], width: Width = "1d") -> Store:
    store = Store()
    put(store, usage_query(COMPLETIONS, width), rows)
    return store


def completions(
    project: str | None = None,
    model: str | None = "gpt-5",
    batch: str | None = None,
    tier: str | None = None,
    user: str | None = None,
) -> tuple[str | None, ...]:
    return (project, user, "key_a", model, batch, tier, None)


keys = st.builds(
    completions,
    st.sampled_from([None, "proj_a", "proj_b"]),
    st.sampled_from([None, "gpt-5.4", "gpt-5-2025-08-07", "gpt-99", "o3"]),
    st.sampled_from([None, "true", "false"]),
    st.sampled_from([None, "default", "flex", "priority"]),
    st.sampled_from(["user_a", "user_b"]),
)
counts = st.fixed_dictionaries(
    {
        "input_tokens": st.integers(0, 10**6),
        "output_tokens": st.just(0) | st.integers(0, 10**6),
        "input_cached_tokens": st.just(0) | st.integers(0, 1000),
        "num_model_requests": st.integers(0, 5),
    }
)
rows = st.lists(st.builds(Use, st.sampled_from(list(DAYS)), keys, counts, st.integers(0, 23)), max_size=12)

PLACES = {"project_id": 0, "user_id": 1, "model": 3}


@given(
    rows,
    st.sampled_from([None, "project_id", "user_id", "model"]),
    st.none() | st.just(frozenset({"proj_a"})) | st.just(frozenset({"proj_a", "proj_c"})),
    st.integers(1, 6),
)
def test_an_estimate_is_the_sum_of_the_prices_of_its_parts(
    found: list[Use], by: str | None, projects: frozenset[str] | None, last: int
) -> None:
    days = last_days(last, TODAY)
    filters = {} if projects is None else {"project_id": projects}
    parts: defaultdict[tuple[date, tuple[str | None, ...]], dict[str, int]] = defaultdict(dict)
    for row in found:
        project, _, _, model, batch, tier, _ = row.key
        if row.day in days and (projects is None or project in projects):
            group = None if by is None else row.key[PLACES[by]]
            part = parts[row.day, (group, model, batch, tier)]
            for name, count in row.counts.items():
                part[name] = part.get(name, 0) + count
    amounts: defaultdict[str | None, list[Decimal]] = defaultdict(list)
    unpriced: defaultdict[str | None, set[str]] = defaultdict(set)
    for (day, (group, model, batch, tier)), part in parts.items():
        amount = pricing.price("completions", model, day, part, batch=batch == "true", service_tier=tier)
        amounts[group].append(amount or Decimal(0))
        if amount is None:
            unpriced[group].add(model or "completions")
    expected = {
        group: Estimate(money.total(of_group), tuple(sorted(unpriced[group]))) for group, of_group in amounts.items()
    }
    if by is None:
        expected.setdefault(None, Estimate(Decimal(0), ()))
    assert report.estimate(store_of(found), [usage_query(COMPLETIONS)], days, filters, by) == expected


@given(rows, st.data(), st.sampled_from([None, "project_id"]))
def test_rows_alike_are_one_row(found: list[Use], data: st.DataObject, by: str | None) -> None:
    halves: list[Use] = []
    for row in found:
        one = {name: data.draw(st.integers(0, count)) for name, count in row.counts.items()}
        other = {name: count - one[name] for name, count in row.counts.items()}
        halves += [Use(row.day, row.key, one), Use(row.day, row.key, other)]
    query = usage_query(COMPLETIONS)
    whole = report.estimate(store_of(found), [query], DAYS, {}, by)
    assert report.estimate(store_of(halves), [query], DAYS, {}, by) == whole
    # Neither do hours have prices of their own.
    by_hour = usage_query(COMPLETIONS, "1h")
    assert report.estimate(store_of(found, "1h"), [by_hour], DAYS, {}, by) == whole


def test_it_is_a_day_s_requests_that_are_long_or_not() -> None:
    """They are 30,001 tokens of input each, though one of them had 300,000."""
    key = completions(model="gpt-5.4")
    found = [
        Use(TODAY, key, {"input_tokens": 300_000, "num_model_requests": 1}, 7),
        Use(TODAY, key, {"input_tokens": 10, "num_model_requests": 9}, 8),
    ]
    expected = {None: Estimate(Decimal("0.750025"), ())}
    assert report.estimate(store_of(found), [usage_query(COMPLETIONS)], DAYS, {}) == expected
    assert report.estimate(store_of(found, "1h"), [usage_query(COMPLETIONS, "1h")], DAYS, {}) == expected


def test_several_capabilities_and_what_has_no_price() -> None:
    store = Store()
    put(
        store,
        usage_query(COMPLETIONS),
        [
            Use(TODAY, completions("proj_a"), {"input_tokens": 10**6, "num_model_requests": 9}),
            Use(TODAY, completions("proj_a", batch="true"), {"input_tokens": 10**6, "num_model_requests": 9}),
            Use(TODAY, completions("proj_a", "gpt-99"), {"input_tokens": 1}),
            Use(TODAY, completions("proj_b", None), {"input_tokens": 1}),
            Use(TODAY, completions("proj_c", "gpt-98"), {"num_model_requests": 1}),
        ],
    )
    put(
        store,
        usage_query(EMBEDDINGS),
        [Use(TODAY, ("proj_b", None, None, "text-embedding-3-small"), {"input_tokens": 10**6})],
    )
    vector_stores = usage_query(ENDPOINTS["vector_stores"])
    put(store, vector_stores, [Use(TODAY, ("proj_a",), {"usage_bytes": 5}), Use(TODAY, ("proj_c",), {})])
    images = usage_query(ENDPOINTS["images"])
    put(store, images, [Use(TODAY, ("proj_b", None, None, "dall-e-3", None, None), {"images": 1})])
    queries = [usage_query(COMPLETIONS), usage_query(EMBEDDINGS), vector_stores, images]

    assert report.estimate(store, queries, DAYS, {}) == {
        None: Estimate(Decimal("1.895"), ("completions", "dall-e-3", "gpt-99", "vector_stores"))
    }
    assert report.estimate(store, queries, DAYS, {}, "project_id") == {
        "proj_a": Estimate(Decimal("1.875"), ("gpt-99", "vector_stores")),
        "proj_b": Estimate(Decimal("0.02"), ("completions", "dall-e-3")),
        "proj_c": Estimate(Decimal(0), ()),
    }
    # An endpoint whose rows do not tell what is filtered by has none that pass.
    assert report.estimate(store, queries, DAYS, {"model": frozenset({"gpt-5"})}) == {
        None: Estimate(Decimal("1.875"), ())
    }


def test_nothing_known_is_an_estimate_of_nothing() -> None:
    query = usage_query(COMPLETIONS)
    assert report.estimate(Store(), [query], DAYS, {}) == {None: Estimate(Decimal(0), ())}
    assert report.estimate(Store(), [], DAYS, {}) == {None: Estimate(Decimal(0), ())}
    assert report.estimate(Store(), [query], DAYS, {}, "model") == {}
    store = store_of([Use(TODAY, completions(), {"input_tokens": 1})])
    before = Days(TODAY - timedelta(days=9), TODAY - timedelta(days=1))
    assert report.estimate(store, [query], before, {}, "model") == {}


def test_a_query_that_was_narrowed_is_priced_like_any_other() -> None:
    query = Query(COMPLETIONS, COMPLETIONS.dimensions, only=(("api_key_id", ("key_a",)),))
    store = Store()
    put(store, query, [Use(TODAY, completions(), {"input_tokens": 10**6, "num_model_requests": 9})])
    assert report.estimate(store, [query], DAYS, {}, "api_key_id") == {"key_a": Estimate(Decimal("1.25"), ())}
