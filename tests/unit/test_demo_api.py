"""What the demo's API answers, and what it refuses, in the words of the real one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage.demo import DEMO_KEY, DemoTransport
from openai_usage.demo.api import Api, Request, encode
from openai_usage.demo.endpoints import USAGE
from openai_usage.demo.organization import Organization, exact_sum
from openai_usage.demo.roster import DAY

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
TODAY = int(NOW.timestamp()) // DAY * DAY
FLOOR = 1_764_979_200  # 2025-12-06, the first day with costs by API key

COSTS = "/v1/organization/costs"
COMPLETIONS = "/v1/organization/usage/completions"
IMAGES = "/v1/organization/usage/images"
VECTOR_STORES = "/v1/organization/usage/vector_stores"
WEB = "/v1/organization/usage/web_search_calls"
PROJECTS = "/v1/organization/projects"

ORGANIZATION = Organization(now=lambda: NOW)

Params = list[tuple[str, object]]
Json = dict[str, Any]

CALLER = ("project_id", "user_id", "api_key_id")
MODEL = (*CALLER, "model")
TIER = (*MODEL, "batch", "service_tier", "api_source")
TOKENS = (
    *("input_tokens", "input_cached_tokens", "input_cache_write_tokens", "input_cache_write_30m_tokens"),
    *("input_cache_write_12h_tokens", "input_uncached_tokens", "input_text_tokens", "input_cached_text_tokens"),
    *("input_audio_tokens", "input_cached_audio_tokens", "input_image_tokens", "input_cached_image_tokens"),
    *("output_tokens", "output_text_tokens", "output_audio_tokens", "output_image_tokens", "num_model_requests"),
)
# As OpenAI's document and its SDK 3.54.0 have them, written down again: name, `object`, metrics, dimensions.
ENDPOINTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "completions": ("completions", TOKENS, TIER),
    "embeddings": ("embeddings", ("input_tokens", "num_model_requests"), MODEL),
    "moderations": ("moderations", ("input_tokens", "num_model_requests"), MODEL),
    "images": ("images", ("images", "num_model_requests"), (*MODEL, "size", "source")),
    "audio_speeches": ("audio_speeches", ("characters", "num_model_requests"), MODEL),
    "audio_transcriptions": ("audio_transcriptions", ("seconds", "num_model_requests"), MODEL),
    "vector_stores": ("vector_stores", ("usage_bytes",), ("project_id",)),
    "code_interpreter_sessions": ("code_interpreter_sessions", ("num_sessions",), ("project_id",)),
    "file_search_calls": ("file_searches", ("num_requests",), (*CALLER, "vector_store_id")),
    "web_search_calls": (
        "web_searches",
        ("num_requests", "num_model_requests"),
        (*MODEL, "context_level", "api_source"),
    ),
    "decisions": ("decisions", TOKENS, TIER),
}
FILTERS = {
    "project_ids": "project_id",
    "user_ids": "user_id",
    "api_key_ids": "api_key_id",
    "models": "model",
    "sources": "source",
    "sizes": "size",
    "vector_store_ids": "vector_store_id",
    "context_levels": "context_level",
}

endpoints = st.sampled_from(sorted(ENDPOINTS))


def ask(path: str, *params: tuple[str, object], key: str | None = DEMO_KEY, api: Api | None = None) -> tuple[int, Json]:
    """Status and body, amounts as Decimal."""
    request = Request("GET", path, urlencode(params), None if key is None else f"Bearer {key}")
    response = (api or Api(ORGANIZATION)).answer(request)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"].startswith("req_")
    return response.status, json.loads(response.body, parse_float=Decimal)


def usage_path(name: str) -> str:
    return f"/v1/organization/usage/{name}"


def page(path: str, *params: tuple[str, object]) -> Json:
    status, body = ask(path, *params)
    assert status == 200, body
    assert body["object"] == "page"
    return body


def pages(path: str, *params: tuple[str, object]) -> Iterator[Json]:
    body = page(path, *params)
    yield body
    while body["has_more"]:
        body = page(path, *params, ("page", body["next_page"]))
        yield body
    assert body["next_page"] is None


def buckets(path: str, *params: tuple[str, object]) -> list[Json]:
    return [bucket for body in pages(path, *params) for bucket in body["data"]]


def results(path: str, *params: tuple[str, object]) -> list[Json]:
    return [result for bucket in buckets(path, *params) for result in bucket["results"]]


def money(rows: list[Json]) -> Decimal:
    return exact_sum(row["amount"]["value"] for row in rows)


@pytest.mark.parametrize("path", [COSTS, COMPLETIONS, PROJECTS])
def test_no_key(path: str) -> None:
    status, body = ask(path, key=None)
    assert status == 401
    assert body["error"]["message"].startswith("You didn't provide an API key.")


@pytest.mark.parametrize(
    ("path", "scope"),
    [(COSTS, "api.usage.read"), (COMPLETIONS, "api.usage.read"), (PROJECTS, "api.management.read")],
)
def test_a_project_key(path: str, scope: str) -> None:
    status, body = ask(path, key="sk-proj-" + "x" * 40)
    assert status == 403
    assert body == {
        "error": {
            "message": f"You have insufficient permissions for this operation. Missing scopes: {scope}.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }


def test_a_revoked_key_is_shown_masked() -> None:
    key = "sk-admin-" + "x" * 40 + "-revoked"
    status, body = ask(COSTS, key=key)
    assert status == 401
    assert body["error"]["code"] == "invalid_api_key"
    assert body["error"]["message"].startswith("Incorrect API key provided: sk-admin***")
    assert key not in json.dumps(body)


@pytest.mark.parametrize(
    "path", ["/v1/organization/usage", "/v1/organization/usage/", "/v1/models", "/organization/costs", "/"]
)
def test_an_unknown_path(path: str) -> None:
    status, body = ask(path)
    assert (status, body["error"]["message"]) == (404, f"Invalid URL (GET {path})")
    assert body["error"]["type"] == "invalid_request_error"


def test_only_get_is_answered() -> None:
    response = Api(ORGANIZATION).answer(Request("POST", COSTS, "", f"Bearer {DEMO_KEY}"))
    assert response.status == 404


COSTS_GROUPS = "'project_id', 'user_id', 'line_item', 'api_key_id' and 'api_source'"
USAGE_GROUPS = "'project_id', 'user_id', 'api_key_id', 'model', 'batch', 'service_tier' and 'api_source'"
START = ("start_time", TODAY)


@pytest.mark.parametrize(
    ("path", "params", "param", "code", "message"),
    [
        (COSTS, [], None, "invalid_request_error", "Missing required parameter: 'start_time'."),
        (COMPLETIONS, [], None, "invalid_request_error", "Missing required parameter: 'start_time'."),
        (COSTS, [("start_time", "monday")], "start_time", "invalid_type", "'monday'"),
        (COSTS, [("start_time", "")], "start_time", "invalid_type", "expected an integer"),
        (COSTS, [("start_time", "9" * 13)], "start_time", "invalid_type", "expected an integer"),
        (COSTS, [START, ("end_time", "1.5")], "end_time", "invalid_type", "expected an integer"),
        (COSTS, [START, ("end_time", TODAY)], "end_time", "invalid_request_error", "after 'start_time'"),
        (COSTS, [START, ("bucket_width", "1h")], "bucket_width", "invalid_value", "values are: '1d'."),
        (COMPLETIONS, [START, ("bucket_width", "1w")], "bucket_width", "invalid_value", "'1m', '1h' and '1d'"),
        (
            COSTS,
            [START, ("limit", 366)],
            None,
            "invalid_request_error",
            "Invalid limit provided: 366. Limit must be less than or equal to 180.",
        ),
        (COSTS, [START, ("limit", 0)], None, "invalid_request_error", "greater than or equal to 1"),
        (COMPLETIONS, [START, ("limit", 32)], None, "invalid_request_error", "less than or equal to 31."),
        (
            COMPLETIONS,
            [START, ("limit", 169), ("bucket_width", "1h")],
            None,
            "invalid_request_error",
            "less than or equal to 168.",
        ),
        (
            COMPLETIONS,
            [START, ("limit", 1441), ("bucket_width", "1m")],
            None,
            "invalid_request_error",
            "less than or equal to 1440.",
        ),
        (COSTS, [START, ("group_by", "model")], "group_by", "invalid_value", COSTS_GROUPS),
        (COSTS, [START, ("group_by[]", "project_id,line_item")], "group_by", "invalid_value", COSTS_GROUPS),
        (COMPLETIONS, [START, ("group_by", "line_item")], "group_by", "invalid_value", USAGE_GROUPS),
        (COMPLETIONS, [START, ("batch", "yes")], "batch", "invalid_value", "'true' and 'false'"),
        (COSTS, [START, ("models", "gpt-5")], "models", "unknown_parameter", "Unknown parameter: 'models'."),
        (COSTS, [START, ("page", "page_x")], "page", "invalid_request_error", "does not belong to this query"),
        (COSTS, [START, ("page", "")], "page", "invalid_request_error", "does not belong to this query"),
        (IMAGES, [START, ("sizes", "1x1")], "sizes", "invalid_value", "'1792x1792' and '1024x1792'"),
        (IMAGES, [START, ("sources[]", "camera")], "sources", "invalid_value", "'image.edit' and 'image.variation'"),
        (IMAGES, [START, ("group_by", "batch")], "group_by", "invalid_value", "'size' and 'source'"),
        (VECTOR_STORES, [START, ("group_by", "model")], "group_by", "invalid_value", "values are: 'project_id'."),
        (VECTOR_STORES, [START, ("api_key_ids", "key_x")], "api_key_ids", "unknown_parameter", "'api_key_ids'"),
        (WEB, [START, ("context_levels", "huge")], "context_levels", "invalid_value", "'low', 'medium' and 'high'"),
    ],
)
def test_a_wrong_question(path: str, params: Params, param: str | None, code: str, message: str) -> None:
    status, body = ask(path, *params)
    assert status == 400
    error = body["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert message in error["message"]


def test_cost_by_api_key_is_refused_before_december_2025() -> None:
    group_by = ("group_by", "api_key_id")
    status, body = ask(COSTS, ("start_time", FLOOR - 1), ("group_by", "project_id"), group_by)
    assert status == 400
    assert body["error"] == {
        "message": "group_by=api_key_id is not available for this time range. Try a start_time on or after 1764979200.",
        "type": "invalid_request_error",
        "param": "start_time",
        "code": "invalid_request_error",
    }
    assert page(COSTS, ("start_time", FLOOR), group_by)
    assert page(COMPLETIONS, ("start_time", FLOOR - DAY), group_by)


@pytest.mark.parametrize(
    ("path", "params", "count"),
    [
        (COSTS, [], 7),
        (COSTS, [("limit", 31)], 31),
        (COSTS, [("limit", 180)], 31),  # silently, as seen live
        (COMPLETIONS, [], 7),
        (COMPLETIONS, [("bucket_width", "1h")], 24),
        (COMPLETIONS, [("bucket_width", "1m")], 60),
        (COMPLETIONS, [("bucket_width", "1m"), ("limit", 1440)], 1440),
    ],
)
def test_buckets_on_a_page(path: str, params: Params, count: int) -> None:
    body = page(path, ("start_time", TODAY - 100 * DAY), *params)
    assert len(body["data"]) == count
    assert body["has_more"] is True
    assert body["next_page"].startswith("page_")


def test_all_pages_give_every_day_once_and_in_order() -> None:
    start = TODAY - 400 * DAY
    for path in (COSTS, *map(usage_path, ENDPOINTS)):
        found = buckets(path, ("start_time", start), ("limit", 31))
        assert [bucket["start_time"] for bucket in found] == list(range(start, TODAY + 1, DAY))
        assert [bucket["end_time"] for bucket in found] == list(range(start + DAY, TODAY + DAY + 1, DAY))
        assert any(bucket["results"] == [] for bucket in found)


def test_before_the_organisation_there_are_empty_buckets() -> None:
    body = page(COSTS, ("start_time", 1_600_041_600), ("end_time", 1_600_041_600 + 3 * DAY))
    assert [bucket["results"] for bucket in body["data"]] == [[], [], []]


def test_the_end_is_exclusive_and_today_is_the_default() -> None:
    body = page(COSTS, ("start_time", TODAY - 2 * DAY), ("end_time", TODAY))
    assert [bucket["start_time"] for bucket in body["data"]] == [TODAY - 2 * DAY, TODAY - DAY]
    assert [bucket["start_time"] for bucket in page(COSTS, START)["data"]] == [TODAY]
    assert page(COSTS, ("start_time", TODAY + 5 * DAY))["data"] == []
    ahead = page(COMPLETIONS, START, ("end_time", TODAY + 2 * DAY))["data"]
    assert ahead[0]["results"] != []
    assert ahead[1]["results"] == []


def test_a_bill_begins_with_its_day() -> None:
    unaligned = page(COSTS, ("start_time", TODAY - DAY + 45_296), ("end_time", TODAY - DAY + 45_297))
    assert unaligned["data"] == page(COSTS, ("start_time", TODAY - DAY), ("end_time", TODAY))["data"]


def test_usage_begins_where_it_is_asked_to_begin() -> None:
    start = TODAY - DAY + 45_296
    found = buckets(COMPLETIONS, ("start_time", start), ("end_time", TODAY + 5000))
    assert [(bucket["start_time"], bucket["end_time"]) for bucket in found] == [
        (start, TODAY),
        (TODAY, TODAY + 5000),
    ]
    by_hour = buckets(COMPLETIONS, ("start_time", start), ("end_time", TODAY), ("bucket_width", "1h"))
    assert [bucket["end_time"] % 3600 for bucket in by_hour] == [0] * 12
    assert by_hour[0]["start_time"] == start


def test_a_cursor_serves_its_own_query_only() -> None:
    query: Params = [("start_time", TODAY - 30 * DAY), ("end_time", TODAY), ("group_by", "project_id")]
    cursor = ("page", page(COSTS, *query)["next_page"])
    second = page(COSTS, *query, cursor)
    assert second["data"][0]["start_time"] == TODAY - 23 * DAY
    for other in (
        [("start_time", TODAY - 29 * DAY), *query[1:]],
        [query[0], query[2]],
        query[:2],
        [*query, ("group_by", "line_item")],
        [*query, ("limit", 8)],
        [*query, ("project_ids", "proj_x")],
    ):
        status, body = ask(COSTS, *other, cursor)
        assert (status, body["error"]["param"]) == (400, "page")
    assert ask(COMPLETIONS, *query, cursor)[0] == 400
    # 31 and 180 give the same pages, and are still two queries.
    cursor = ("page", page(COSTS, ("start_time", TODAY - 60 * DAY), ("limit", 31))["next_page"])
    assert ask(COSTS, ("start_time", TODAY - 60 * DAY), ("limit", 180), cursor)[0] == 400


def test_both_ways_to_write_a_list_mean_the_same() -> None:
    plain = page(COSTS, START, ("group_by", "project_id"), ("group_by", "line_item"))
    brackets = page(COSTS, START, ("group_by[]", "project_id"), ("group_by[]", "line_item"))
    assert plain == brackets
    assert len(plain["data"][0]["results"]) > 5


def test_dimensions_are_null_unless_asked_for() -> None:
    (row,) = results(COSTS, START)
    assert set(row) == {
        *("object", "amount", "quantity", "quantity_unit"),
        *("organization_id", "organization_name", "project_name", "user_email"),
        *("project_id", "user_id", "line_item", "api_key_id", "api_source"),
    }
    assert row["amount"]["currency"] == "usd"
    for name in ("project_id", "user_id", "line_item", "api_key_id", "api_source", "quantity", "user_email"):
        assert row[name] is None

    row = results(COSTS, START, ("group_by", "project_id"), ("group_by", "line_item"))[0]
    assert row["project_name"] == "Support assistant"
    assert row["line_item"] == "gpt-5.4-2026-03-05, input"
    assert (row["quantity_unit"], row["quantity"] > 0, row["api_key_id"]) == ("tokens", True, None)

    (row,) = results(COMPLETIONS, START)
    for name in ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source"):
        assert row[name] is None
    week = ("start_time", TODAY - 6 * DAY)
    rows = results(COMPLETIONS, week, ("group_by", "batch"), ("group_by", "service_tier"))
    assert {(row["batch"], row["service_tier"]) for row in rows} == {
        (False, "default"),
        (False, "experimental"),
        (False, "flex"),
        (False, "priority"),
        (True, "default"),
    }


@pytest.mark.parametrize(
    ("path", "dimension", "parameter"),
    [
        (COSTS, "project_id", "project_ids"),
        (COSTS, "api_key_id", "api_key_ids"),
        (COSTS, "line_item", "line_items[]"),
        (COMPLETIONS, "model", "models"),
    ],
)
def test_a_filter_gives_what_grouping_gives_for_that_value(path: str, dimension: str, parameter: str) -> None:
    days: Params = [("start_time", TODAY - 3 * DAY), ("end_time", TODAY)]
    grouped = results(path, *days, ("group_by", dimension))
    wanted = sorted({row[dimension] for row in grouped} - {None})[:2]
    filtered = results(path, *days, ("group_by", dimension), *((parameter, value) for value in wanted))
    assert filtered == [row for row in grouped if row[dimension] in wanted]
    assert results(path, *days, (parameter, "nothing")) == []


def test_the_batch_filter() -> None:
    whole, batch, rest = (
        sum(row["num_model_requests"] for row in results(COMPLETIONS, START, *params))
        for params in ([], [("batch", "true")], [("batch", "false")])
    )
    assert 0 < batch < rest
    assert whole == batch + rest


def test_token_identities_hold_in_every_row() -> None:
    days: Params = [("start_time", TODAY - 60 * DAY), ("limit", 31), ("group_by", "model"), ("group_by", "user_id")]
    rows = [*results(COMPLETIONS, *days), *results(usage_path("decisions"), *days)]
    assert any(row["input_image_tokens"] for row in rows)
    assert any(row["output_audio_tokens"] for row in rows)
    assert any(row["input_cache_write_tokens"] for row in rows)
    for row in rows:
        cached, uncached = row["input_cached_tokens"], row["input_uncached_tokens"]
        assert row["input_tokens"] == cached + row["input_cache_write_tokens"] + uncached
        assert uncached == sum(row[f"input_{kind}_tokens"] for kind in ("text", "audio", "image"))
        assert cached == sum(row[f"input_cached_{kind}_tokens"] for kind in ("text", "audio", "image"))
        assert row["output_tokens"] == sum(row[f"output_{kind}_tokens"] for kind in ("text", "audio", "image"))
        assert row["num_model_requests"] > 0


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_a_usage_endpoint_has_its_fields(name: str) -> None:
    result, metrics, dimensions = ENDPOINTS[name]
    (plain,) = results(usage_path(name), START)
    assert set(plain) == {"object", *metrics, *dimensions}
    assert plain["object"] == f"organization.usage.{result}.result"
    assert all(type(plain[metric]) is int for metric in metrics)
    assert plain[metrics[-1]] > 0
    assert [plain[dimension] for dimension in dimensions] == [None] * len(dimensions)
    for dimension in dimensions:
        for row in results(usage_path(name), START, ("group_by", dimension)):
            assert row[dimension] is not None
            assert all(row[other] is None for other in dimensions if other != dimension)


def test_there_are_no_other_endpoints() -> None:
    assert USAGE.keys() == ENDPOINTS.keys()


@given(name=endpoints, data=st.data(), days_ago=st.integers(0, 700))
@settings(max_examples=40)
def test_every_grouping_sums_to_the_same_usage(name: str, data: st.DataObject, days_ago: int) -> None:
    _, metrics, dimensions = ENDPOINTS[name]
    group_by = data.draw(st.lists(st.sampled_from(dimensions), unique=True))
    span: Params = [("start_time", TODAY - days_ago * DAY), ("limit", 31)]
    span.append(("end_time", min(TODAY - days_ago * DAY + 9 * DAY, TODAY + DAY)))
    whole = results(usage_path(name), *span)
    parts = results(usage_path(name), *span, *(("group_by", dimension) for dimension in group_by))
    for metric in metrics:
        assert sum(row[metric] or 0 for row in parts) == sum(row[metric] or 0 for row in whole)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        (name, parameter)
        for name, (_, _, dimensions) in ENDPOINTS.items()
        for parameter, dimension in FILTERS.items()
        if dimension in dimensions
    ],
)
@given(data=st.data(), days_ago=st.integers(0, 60))
@settings(max_examples=5)
def test_a_filter_gives_the_part_that_grouping_gives(
    name: str, parameter: str, data: st.DataObject, days_ago: int
) -> None:
    dimension = FILTERS[parameter]
    span: Params = [("start_time", TODAY - days_ago * DAY), ("end_time", TODAY - days_ago * DAY + 3 * DAY)]
    grouped = results(usage_path(name), *span, ("group_by", dimension))
    wanted = data.draw(st.sets(st.sampled_from(sorted({row[dimension] for row in grouped})), min_size=1))
    filtered = results(usage_path(name), *span, *((f"{parameter}[]", value) for value in sorted(wanted)))
    for metric in ENDPOINTS[name][1]:
        assert sum(row[metric] or 0 for row in filtered) == sum(
            row[metric] or 0 for row in grouped if row[dimension] in wanted
        )


@given(name=endpoints, limit=st.integers(1, 31), days_ago=st.integers(0, 80))
@settings(max_examples=25)
def test_pages_of_any_length_give_the_same_usage(name: str, limit: int, days_ago: int) -> None:
    span: Params = [("start_time", TODAY - days_ago * DAY), ("group_by", "project_id")]
    assert buckets(usage_path(name), *span, ("limit", limit)) == buckets(usage_path(name), *span, ("limit", 31))


@given(name=endpoints, day=st.integers(TODAY // DAY - 500, TODAY // DAY), width=st.sampled_from(["1h", "1m"]))
@settings(max_examples=25)
def test_hours_and_minutes_sum_to_the_day(name: str, day: int, width: str) -> None:
    span: Params = [("start_time", day * DAY), ("end_time", (day + 1) * DAY)]
    limit = ("limit", 1440 if width == "1m" else 24)
    whole = results(usage_path(name), *span)
    parts = results(usage_path(name), *span, ("bucket_width", width), limit)
    for metric in ENDPOINTS[name][1]:
        assert sum(row[metric] or 0 for row in parts) == sum(row[metric] or 0 for row in whole)


@given(
    days_ago=st.integers(0, 100),
    group_by=st.lists(st.sampled_from(["project_id", "user_id", "line_item", "api_key_id", "api_source"]), unique=True),
)
@settings(max_examples=25)
def test_every_grouping_sums_to_the_same_money_but_for_what_is_not_attributed(
    days_ago: int, group_by: list[str]
) -> None:
    start = TODAY - days_ago * DAY
    rows = results(COSTS, ("start_time", start), ("limit", 31), *(("group_by", name) for name in group_by))
    own = [row for day in range(start // DAY, TODAY // DAY + 1) for row in ORGANIZATION.costs(day)]
    by_owner = "api_key_id" in group_by or "user_id" in group_by
    assert money(rows) == exact_sum(row.amount for row in own if row.attributed or not by_owner)


def test_what_is_not_attributed_is_in_the_total_and_in_no_key_s_or_user_s_cost() -> None:
    span: Params = [("start_time", TODAY - 30 * DAY), ("limit", 31)]
    whole = money(results(COSTS, *span))
    by_line_item = results(COSTS, *span, ("group_by", "line_item"))
    short = money([row for row in by_line_item if row["line_item"] == "Text tokens"])
    assert 0 < short < 1
    assert money(by_line_item) == money(results(COSTS, *span, ("group_by", "project_id"))) == whole
    for group_by in ("api_key_id", "user_id"):
        rows = results(COSTS, *span, ("group_by", group_by), ("group_by", "line_item"))
        assert exact_sum([money(rows), short]) == whole
        assert {row["line_item"] for row in rows if row[group_by] is None} == {
            "service credit",
            "vector store storage",
            "code interpreter sessions",
        }


def test_user_and_project_together_depend_on_the_organisation() -> None:
    other = Api(Organization(now=lambda: NOW, cost_by_user_and_project=False))
    by_user = ("group_by", "user_id")
    for refused in (("group_by", "project_id"), ("project_ids", "proj_x")):
        status, body = ask(COSTS, START, by_user, refused, api=other)
        assert (status, body["error"]["param"]) == (400, "group_by")
        assert body["error"]["type"] == "invalid_request_error"
        assert ask(COSTS, START, by_user, refused)[0] == 200
    assert ask(COSTS, START, by_user, ("group_by", "api_key_id"), api=other)[0] == 200
    assert ask(COSTS, START, ("group_by", "project_id"), api=other)[0] == 200


def test_an_older_account_has_no_decisions() -> None:
    path = usage_path("decisions")
    status, body = ask(path, START, api=Api(Organization(now=lambda: NOW, decisions=False)))
    assert (status, body["error"]["message"]) == (404, f"Invalid URL (GET {path})")


def test_cache_writes_are_told_apart_since_september_2026() -> None:
    september = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())
    span: Params = [("start_time", september - DAY), ("end_time", september + DAY)]
    before, since = results(COMPLETIONS, *span)
    assert before["input_cache_write_tokens"] > 0
    assert before["input_cache_write_30m_tokens"] is before["input_cache_write_12h_tokens"] is None
    written = [since[f"input_cache_write_{kept}_tokens"] for kept in ("30m", "12h")]
    assert since["input_cache_write_tokens"] == sum(written)
    assert all(written)


def test_a_user_s_cost_has_the_e_mail_address() -> None:
    rows = results(COSTS, START, ("group_by", "user_id"))
    emails = {row["user_email"] for row in rows}
    assert emails > {"research@northwind.example", None}  # None: a service account, or nobody


def test_rows_with_equal_dimensions_occur() -> None:
    dimensions = ("project_id", "line_item", "api_key_id")
    for bucket in buckets(
        COSTS, ("start_time", TODAY - 60 * DAY), ("limit", 31), *(("group_by", name) for name in dimensions)
    ):
        keys = [tuple(row[name] for name in dimensions) for row in bucket["results"]]
        if len(keys) > len(set(keys)):
            return
    pytest.fail("no bucket has two rows with equal dimensions")


def test_amounts_keep_every_digit_in_both_forms() -> None:
    query: Params = [("start_time", TODAY - 30 * DAY), ("limit", 31), ("group_by", "line_item")]
    _, numbers = ask(COSTS, *query)
    _, strings = ask(COSTS, *query, api=Api(ORGANIZATION, amounts="string"))
    rows = [
        [row["amount"]["value"] for bucket in body["data"] for row in bucket["results"]] for body in (numbers, strings)
    ]
    assert all(isinstance(value, str) for value in rows[1])
    assert [str(value) for value in rows[0]] == rows[1]
    assert "0E-6176" in rows[1]
    assert max(len(value.partition(".")[2]) for value in rows[1]) == 34


def test_encode_writes_decimals_as_numbers_and_strings_as_they_are() -> None:
    payload = {"a": Decimal("0.10"), "b": ["1.5", Decimal("0E-6176"), Decimal("-1E+3")], "c": 'x"\0y'}
    assert encode(payload) == b'{"a": 0.10, "b": ["1.5", 0E-6176, -1E+3], "c": "x\\"\\u0000y"}'
    with pytest.raises(TypeError, match="not JSON"):
        encode({"a": Decimal("NaN")})


async def test_the_transport_answers_any_host() -> None:
    transport = DemoTransport(ORGANIZATION, amounts="string")
    async with httpx.AsyncClient(transport=transport, headers={"Authorization": f"Bearer {DEMO_KEY}"}) as client:
        response = await client.get(
            f"https://anything.example{COSTS}", params={"start_time": TODAY, "group_by": ["project_id", "line_item"]}
        )
        refused = await client.get("https://anything.example/v1/models")
    assert response.status_code == 200
    _, body = ask(
        COSTS,
        START,
        ("group_by", "project_id"),
        ("group_by", "line_item"),
        api=Api(ORGANIZATION, amounts="string"),
    )
    assert json.loads(response.text, parse_float=Decimal) == body
    assert refused.status_code == 404


@pytest.mark.parametrize("path", [COSTS, PROJECTS, "/v1/models", "/v1/organization/nothing"])
@pytest.mark.parametrize(
    ("authorization", "name"),
    [
        (f"Bearer {DEMO_KEY}", "northwind-labs"),
        ("Bearer sk-proj-" + "x" * 40, "northwind-labs"),
        ("Bearer sk-proj-" + "x" * 40 + "-revoked", None),
        ("Bearer ", None),
        ("Basic sk-proj", None),
        (None, None),
    ],
)
def test_whose_a_key_is_is_said_whatever_it_may_do(path: str, authorization: str | None, name: str | None) -> None:
    answer = Api(ORGANIZATION).answer(Request("GET", path, f"start_time={TODAY}", authorization))
    assert answer.headers.get("openai-organization") == name
