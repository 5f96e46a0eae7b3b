"""Usage and costs over real HTTP: the sums are those of OpenAI's pages, and a page that cannot be is no answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from openai_usage import money, openai_api
from openai_usage.days import Days, last_days, midnight
from openai_usage.demo import Organization
from openai_usage.endpoints import COSTS, USAGE, Endpoint, Metric, Query, Width
from openai_usage.openai_api import ApiError, Client, Fault
from openai_usage.openai_api.costs_and_usage import _PAGES
from openai_usage.openai_api.shapes import PAGE
from openai_usage.rows import Bucket, Key, Keys
from tests.support import demo_server
from tests.support.demo_server import DemoServer

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
KEY = "sk-admin-" + "k" * 40
WEEK = last_days(7, TODAY)
COMPLETIONS = USAGE[0]
ENDPOINTS = (*USAGE, COSTS)
BILL = Query(COSTS, ("project_id", "line_item"))
SECONDS: dict[Width, int] = {"1d": 86400, "1h": 3600, "1m": 60}
FIRST_WITH_KEYS = date(2025, 12, 6)

Sums = dict[tuple[int, Key], list[Decimal]]


@pytest.fixture(scope="module")
def organization() -> Organization:
    return Organization(now=lambda: NOW)


@pytest.fixture
def server(organization: Organization) -> Iterator[DemoServer]:
    # One for each test: what an earlier one gave up asking would meet the faults of this one.
    with DemoServer(organization) as running:
        yield running


@asynccontextmanager
async def client_of(url: str, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[Client]:
    async def no_pause(_: float) -> None:
        pass

    client = Client(url, SecretStr(KEY), transport=transport, pause=no_pause)
    try:
        yield client
    finally:
        await client.aclose()


async def ask(url: str, query: Query, days: Days, keys: Keys | None = None, today: date = TODAY) -> list[Bucket]:
    async with client_of(url) as client:
        return await openai_api.buckets(client, query, days, today, Keys() if keys is None else keys)


async def fault_of(url: str, query: Query = BILL, days: Days = WEEK) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await ask(url, query, days)
    assert caught.value.__cause__ is None
    return caught.value


def raw(server: DemoServer, query: Query, days: Days) -> list[dict[str, Any]]:
    """All buckets as OpenAI's JSON, asked for in the plainest way: one range, small pages, one after the other."""
    found: list[dict[str, Any]] = []
    asked = [("start_time", str(days.start_time)), ("end_time", str(days.end_time)), ("bucket_width", query.width)]
    asked += [("limit", "7"), *(("group_by[]", dimension) for dimension in query.group_by)]
    page = None
    while True:
        address = f"{server.url}{query.endpoint.path}?{urlencode(asked + ([('page', page)] if page else []))}"
        request = Request(address, headers={"Authorization": f"Bearer {KEY}"})  # noqa: S310 - our own server's
        with urlopen(request, timeout=20) as answer:  # noqa: S310 - the same
            body = json.loads(answer.read(), parse_float=Decimal)
        found += body["data"]
        if not body["has_more"]:
            return found
        page = body["next_page"]


def sums_of_json(endpoint: Endpoint, buckets: list[dict[str, Any]]) -> Sums:
    """By bucket and key, in the words of the JSON."""
    sums: Sums = {}
    for bucket in buckets:
        for row in bucket["results"]:
            amount = row.get("amount") or {}
            told = {**row, "currency": (amount.get("currency") or "usd").lower()}
            key = tuple(written(told.get(name)) for name in endpoint.fields)
            sums_ = sums.setdefault((bucket["start_time"], key), [Decimal(0)] * len(endpoint.metrics))
            for index, metric in enumerate(endpoint.metrics):
                value = amount.get("value") if metric.unit == "money" else row.get(metric.name)
                sums_[index] = money.total([sums_[index], Decimal(str(value or 0))])
    return sums


def written(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def sums_of(buckets: list[Bucket], keys: Keys) -> Sums:
    sums: Sums = {}
    for bucket in buckets:
        for row, number in enumerate(bucket.keys):
            sums_ = sums.setdefault((bucket.start, keys[number]), [Decimal(0)] * len(bucket.columns))
            for index, column in enumerate(bucket.columns):
                sums_[index] = money.total([sums_[index], Decimal(column[row])])
    return sums


groupings = st.sampled_from(ENDPOINTS).flatmap(
    lambda endpoint: st.builds(
        Query,
        st.just(endpoint),
        st.lists(st.sampled_from(endpoint.dimensions), unique=True).map(tuple),
        st.sampled_from([width for width in endpoint.widths if width != "1m"]),
    )
)


@settings(max_examples=60)
@given(groupings, st.integers(0, 20), st.integers(1, 9))
def test_the_sums_are_those_of_the_pages(organization: Organization, query: Query, ago: int, length: int) -> None:
    last = TODAY - timedelta(days=ago)
    days = Days(last - timedelta(days=length - 1), last)
    keys = Keys()
    with DemoServer(organization) as server:
        found = asyncio.run(ask(server.url, query, days, keys))
        expected = raw(server, query, days)
    assert [bucket.start for bucket in found] == [bucket["start_time"] for bucket in expected]
    assert [len(bucket.keys) for bucket in found] == [len(bucket["results"]) for bucket in expected]
    assert sums_of(found, keys) == sums_of_json(query.endpoint, expected)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
async def test_every_endpoint_split_by_everything(server: DemoServer, endpoint: Endpoint) -> None:
    query, days, keys = Query(endpoint, endpoint.dimensions), last_days(40, TODAY), Keys()
    found = await ask(server.url, query, days, keys)
    expected = sums_of_json(endpoint, raw(server, query, days))
    assert expected
    assert sums_of(found, keys) == expected
    assert all(len(column) == len(bucket.keys) for bucket in found for column in bucket.columns)


async def test_by_minute(server: DemoServer) -> None:
    query, days, keys = Query(COMPLETIONS, ("model",), "1m"), Days(TODAY - timedelta(days=1), TODAY), Keys()
    found = await ask(server.url, query, days, keys)
    assert [bucket.start for bucket in found] == list(range(days.start_time, days.end_time, 60))
    by_day = await ask(server.url, Query(COMPLETIONS, ("model",)), days, keys)
    assert [sum(sum(b.columns[0]) for b in found if b.start // 86400 == d.start // 86400) for d in by_day] == [
        sum(day.columns[0]) for day in by_day
    ]


@pytest.mark.parametrize(
    ("width", "limit", "days", "pieces"), [("1d", 31, 90, 3), ("1d", 31, 31, 1), ("1h", 168, 15, 3), ("1m", 1440, 2, 2)]
)
async def test_a_long_range_is_asked_in_pieces_side_by_side(
    server: DemoServer, width: Width, limit: int, days: int, pieces: int
) -> None:
    asked = last_days(days, TODAY)
    found = await ask(server.url, Query(COMPLETIONS, ("user_id", "model"), width), asked)
    assert [bucket.start for bucket in found] == list(range(asked.start_time, asked.end_time, SECONDS[width]))
    questions = sorted(httpx.QueryParams(request.query).multi_items() for request in server.requests)
    assert len(questions) == pieces
    starts = [midnight(piece.first) for piece in asked.split(limit * SECONDS[width] // 86400)]
    assert sorted(int(dict(question)["start_time"]) for question in questions) == starts
    for question in questions:
        names = [name for name, _ in question]
        # What reaches today is left open.
        assert ("end_time" in names) == (int(dict(question)["start_time"]) != starts[-1])
        assert ("limit", str(limit)) in question
        assert ("bucket_width", width) in question
        assert [value for name, value in question if name == "group_by[]"] == ["user_id", "model"]
        assert "page" not in names


async def test_dimensions_are_asked_for_in_one_order_only(server: DemoServer) -> None:
    await ask(server.url, Query(COMPLETIONS, ("model", "project_id")), WEEK)
    await ask(server.url, Query(COMPLETIONS, ("project_id", "model")), WEEK)
    assert len({request.query for request in server.requests}) == 1


@pytest.mark.parametrize("width", ["1d", "1h"])
async def test_all_pages_are_followed(server: DemoServer, monkeypatch: pytest.MonkeyPatch, width: Width) -> None:
    query, days, keys = Query(COMPLETIONS, ("model",), width), last_days(6, TODAY), Keys()
    whole = await ask(server.url, query, days, keys)
    fitting = _PAGES[width]
    monkeypatch.setitem(_PAGES, width, type(fitting)(fitting.days, len(whole) // 3))
    assert await ask(server.url, query, days, keys) == whole
    assert len(server.requests) == 1 + 3


async def test_keys_are_shared_between_questions(server: DemoServer) -> None:
    keys = Keys()
    first = await ask(server.url, BILL, WEEK, keys)
    count = len(keys)
    assert await ask(server.url, BILL, WEEK, keys) == first
    assert len(keys) == count


@pytest.mark.parametrize("amounts", ["number", "string"])
async def test_no_digit_is_lost(amounts: Literal["number", "string"]) -> None:
    days, keys = last_days(60, TODAY), Keys()
    with DemoServer(Organization(now=lambda: NOW), amounts=amounts) as server:
        found = await ask(server.url, BILL, days, keys)
        assert sums_of(found, keys) == sums_of_json(COSTS, raw(server, BILL, days))
    values = [value for bucket in found for column in bucket.columns for value in column]
    assert all(isinstance(value, Decimal) for value in values)
    assert max(len(Decimal(value).as_tuple().digits) for value in values) > 28


async def test_a_range_that_openai_refuses(server: DemoServer) -> None:
    query = Query(COSTS, ("api_key_id",))
    error = await fault_of(server.url, query, Days(FIRST_WITH_KEYS - timedelta(days=40), FIRST_WITH_KEYS))
    assert error.fault is Fault.BAD_REQUEST
    assert "1764979200" in error.detail


# What is in a row


def page_of(*buckets: str, more: str = "") -> str:
    paging = f'"has_more": true, "next_page": "{more}"' if more else '"has_more": false, "next_page": null'
    return f'{{"object": "page", "data": [{", ".join(buckets)}], {paging}}}'


def bucket_of(start: int, *rows: str, seconds: int = 86400) -> str:
    return (
        f'{{"object": "bucket", "start_time": {start}, "end_time": {start + seconds}, "results": [{", ".join(rows)}]}}'
    )


def cost(amount: str) -> str:
    return f'{{"object": "organization.costs.result", "amount": {amount}}}'


def canned(server: DemoServer, *bodies: str) -> None:
    server.inject(*(demo_server.Fault("status", status=200, body=body) for body in bodies))


async def one_row(server: DemoServer, endpoint: Endpoint, row: str) -> tuple[Key, list[object]]:
    """The only row of a bill or of usage of yesterday: its key, its values."""
    yesterday = TODAY - timedelta(days=1)
    canned(server, page_of(bucket_of(midnight(yesterday), row)))
    keys = Keys()
    (bucket,) = await ask(server.url, Query(endpoint), Days(yesterday, yesterday), keys)
    assert list(bucket.keys) == [0]
    return keys[0], [column[0] for column in bucket.columns]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ('{"value": 0.1050000000000000000000000000000007, "currency": "usd"}', "0.1050000000000000000000000000000007"),
        ('{"value": "0.1050000000000000000000000000000007"}', "0.1050000000000000000000000000000007"),
        ('{"value": 0E-6176, "currency": "USD"}', "0"),
        ('{"value": "0E-6176", "currency": null}', "0"),
        ('{"value": -12, "note": {"a": [1e999]}}', "-12"),
        ('{"value": 9.1e1, "value": 2}', "2"),
        ('{"value": null}', "0"),
        ("{}", "0"),
        ("null", "0"),
    ],
)
async def test_amounts_as_they_are_written(server: DemoServer, amount: str, expected: str) -> None:
    key, (value, quantity) = await one_row(server, COSTS, cost(amount))
    assert repr(value) == f"Decimal('{expected}')"
    assert quantity == 0
    assert dict(zip(COSTS.fields, key, strict=True))["currency"] == "usd"


async def test_what_a_cost_row_tells(server: DemoServer) -> None:
    row = (
        '{"amount": {"value": 1, "currency": "EUR"}, "quantity": 12.5, "quantity_unit": "gibibyte_hours",'
        ' "organization_name": "Northwind", "line_item": "files, é \\ud83d\\ude00", "project_id": null,'
        ' "api_source": 7, "object": "organization.costs.result", "user_email": "x@y.example"}'
    )
    key, values = await one_row(server, COSTS, row)
    assert key == (None, None, None, "files, é 😀", "7", "eur", "gibibyte_hours", "Northwind")
    assert values == [1, Decimal("12.5")]


async def test_what_a_usage_row_tells(server: DemoServer) -> None:
    row = (
        '{"input_tokens": 5.0, "output_tokens": -1, "num_model_requests": 1000000000000000000,'
        ' "input_cached_tokens": null, "input_text_tokens": 4, "batch": true, "service_tier": 1.5,'
        ' "model": "new-model"}'
    )
    key, values = await one_row(server, COMPLETIONS, row)
    assert key == (None, None, None, "new-model", "true", "1.5", None)
    named = dict(zip([metric.name for metric in COMPLETIONS.metrics], values, strict=True))
    assert {name: value for name, value in named.items() if value} == {
        "input_tokens": 5,
        "output_tokens": -1,
        "num_model_requests": 10**18,
        "input_text_tokens": 4,
    }
    assert all(isinstance(value, int) for value in values)


GOOD = {"input_tokens": "1", "output_tokens": "1", "num_model_requests": "1", "model": '"secret-model"'}
BAD_COUNTS = ["12.5", '"secret"', "true", "null", "1e30", "-1e19", "1e999", f"{10**18 + 1}", "9" * 10_000, "[]", "{}"]


@pytest.mark.parametrize("value", BAD_COUNTS, ids=lambda value: value[:20])
async def test_counts_that_are_none(server: DemoServer, value: str) -> None:
    row = ", ".join(f'"{name}": {text}' for name, text in {**GOOD, "output_tokens": value}.items())
    canned(server, page_of(bucket_of(WEEK.start_time), bucket_of(WEEK.start_time + 86400, f"{{{row}}}")))
    error = await fault_of(server.url, Query(COMPLETIONS))
    assert error.fault is Fault.NOT_THE_API
    assert "/organization/usage/completions: data.1.results" in error.detail
    assert "output_tokens" in error.detail
    assert "secret" not in error.detail
    assert "999" not in error.detail


@pytest.mark.parametrize(
    "metric", [metric for metric in COMPLETIONS.metrics if metric.required], ids=lambda metric: metric.name
)
async def test_a_count_that_is_required(server: DemoServer, metric: Metric) -> None:
    row = ", ".join(f'"{name}": {text}' for name, text in GOOD.items() if name != metric.name)
    canned(server, page_of(bucket_of(WEEK.start_time, f"{{{row}}}")))
    error = await fault_of(server.url, Query(COMPLETIONS))
    assert error.fault is Fault.NOT_THE_API
    assert metric.name in error.detail


BAD_AMOUNTS = ["1e400", '"NaN"', '"sNaN"', '"-Infinity"', "1E+9999999999999999999", "1e-400000000", '"secret"', "true"]


@pytest.mark.parametrize("value", [*BAD_AMOUNTS, "[]", "9" * 10_000, '"1e-999999999999999999999"'])
async def test_amounts_that_are_none(server: DemoServer, value: str) -> None:
    canned(server, page_of(bucket_of(WEEK.start_time, cost(f'{{"value": {value}}}'))))
    error = await fault_of(server.url)
    assert error.fault is Fault.NOT_THE_API
    assert "/organization/costs: data.0.results" in error.detail
    assert "amount" in error.detail
    assert "secret" not in error.detail


@pytest.mark.parametrize("currency", ['"eur) [free](https://x.example) $(flame)"', '"us"', '"usd\\n"', '"ü€s"', "1"])
async def test_a_currency_is_three_letters(server: DemoServer, currency: str) -> None:
    canned(server, page_of(bucket_of(WEEK.start_time, cost(f'{{"value": 1, "currency": {currency}}}'))))
    error = await fault_of(server.url)
    assert error.fault is Fault.NOT_THE_API
    assert "results.0.amount.currency" in error.detail
    assert "free" not in error.detail


# Times


@pytest.mark.parametrize("width", ["1d", "1h", "1m"])
@pytest.mark.parametrize(
    ("offset", "seconds"),
    [
        ((0, 0, 2), (1, 1, 1)),
        ((0,), (3,)),
        ((0,), (0,)),
        ((0,), (-1,)),
        ((0.5,), (1,)),
        ((-1,), (1,)),
        ((-(10**15),), (1,)),
    ],
)
async def test_buckets_that_would_make_a_wrong_total(
    server: DemoServer, width: Width, offset: tuple[float, ...], seconds: tuple[int, ...]
) -> None:
    day, step = last_days(4, TODAY) if width == "1d" else Days(TODAY, TODAY), SECONDS[width]
    rows = [
        bucket_of(day.start_time + int(step * one), seconds=step * length)
        for one, length in zip(offset, seconds, strict=True)
    ]
    canned(server, page_of(*rows))
    assert (await fault_of(server.url, Query(COMPLETIONS, (), width), day)).fault is Fault.BROKEN_PAGES


@pytest.mark.parametrize("width", ["1d", "1h", "1m"])
async def test_buckets_after_the_range_are_of_the_day_that_began_since(server: DemoServer, width: Width) -> None:
    day, step = Days(TODAY, TODAY), SECONDS[width]
    starts = list(range(day.start_time, day.end_time, step))
    canned(server, page_of(*(bucket_of(start, seconds=step) for start in [*starts, day.end_time, 86400 * 10**13])))
    found = await ask(server.url, Query(COMPLETIONS, (), width), day)
    assert [bucket.start for bucket in found] == starts


@pytest.mark.parametrize(
    ("missing", "expected"),
    [({0}, None), ({0, 1, 2}, None), ({6}, None), (set(range(7)), None), ({3}, "missing"), ({5}, "missing")],
)
async def test_a_day_without_a_bucket_is_not_a_day_without_costs(
    server: DemoServer, missing: set[int], expected: str | None
) -> None:
    # Days before the organisation's first may be left out, and today may not have begun.
    starts = [midnight(day) for index, day in enumerate(WEEK) if index not in missing]
    canned(server, page_of(*(bucket_of(start) for start in starts)))
    if expected:
        assert expected in (await fault_of(server.url)).detail
    else:
        assert [bucket.start for bucket in await ask(server.url, BILL, WEEK)] == starts


@pytest.mark.parametrize(
    ("hours", "whole"),
    [
        (range(48), True),
        (range(24 + 15), True),  # those to come are left out
        (range(24), True),
        (range(5, 24), True),
        (range(23), False),
        ([*range(24), 26], False),
        ([*range(10), *range(11, 48)], False),
    ],
)
async def test_hours_that_are_not_there(server: DemoServer, hours: range | list[int], whole: bool) -> None:
    days = last_days(2, TODAY)
    starts = [days.start_time + hour * 3600 for hour in hours]
    # The one that runs may end now.
    canned(server, page_of(*(bucket_of(start, seconds=3600 if start != starts[-1] else 7) for start in starts)))
    query = Query(COMPLETIONS, (), "1h")
    if whole:
        assert [bucket.start for bucket in await ask(server.url, query, days)] == starts
    else:
        assert "missing" in (await fault_of(server.url, query, days)).detail


async def test_a_piece_of_which_nothing_came_is_missed(server: DemoServer) -> None:
    days = last_days(60, TODAY)
    _, second = days.split(31)
    server.inject(demo_server.Fault("status", status=200, body=page_of(), path=f"start_time={second.start_time}"))
    assert "missing" in (await fault_of(server.url, BILL, days)).detail


async def test_buckets_come_out_in_their_order(server: DemoServer) -> None:
    canned(server, page_of(*(bucket_of(midnight(day)) for day in reversed(list(WEEK)))))
    assert [bucket.start for bucket in await ask(server.url, BILL, WEEK)] == [midnight(day) for day in WEEK]


# Pages that do not end well


@pytest.mark.parametrize("kind", ["repeated_cursor", "missing_cursor"])
@pytest.mark.parametrize("query", [BILL, Query(COMPLETIONS, (), "1h")], ids=str)
async def test_pages_that_cannot_be_followed(server: DemoServer, kind: demo_server.FaultKind, query: Query) -> None:
    server.inject(demo_server.Fault(kind, times=3))
    assert (await fault_of(server.url, query)).fault is Fault.BROKEN_PAGES
    assert len(server.requests) <= 2


async def test_empty_pages_without_end(server: DemoServer) -> None:
    canned(server, *[page_of(more="page_x")] * 9)
    assert (await fault_of(server.url)).fault is Fault.BROKEN_PAGES
    assert len(server.requests) == 2


async def test_pages_that_go_on_for_ever(server: DemoServer) -> None:
    canned(server, *(page_of(more=f"page_{number}") for number in range(30)))
    assert (await fault_of(server.url)).fault is Fault.BROKEN_PAGES
    assert len(server.requests) <= 8


# Bytes that nobody should send


def answering(body: bytes) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(200, content=body))


async def read(body: bytes, query: Query) -> list[Bucket]:
    async with client_of("https://api.example/v1", answering(body)) as client:
        return await openai_api.buckets(client, query, WEEK, TODAY, Keys())


def read_or_fault(body: bytes, query: Query) -> list[Bucket] | Fault:
    """What is read, or the fault; any other exception is passed on."""
    try:
        return asyncio.run(read(body, query))
    except ApiError as error:
        return error.fault


REAL_ROW = {
    "object": "organization.usage.completions.result",
    **{metric.name: 3 for metric in COMPLETIONS.metrics},
    "amount": {"value": 1.5, "currency": "usd"},
    **dict.fromkeys((*COMPLETIONS.dimensions, "line_item"), "x"),
}
REAL_PAGE = page_of(*(bucket_of(midnight(day), json.dumps(REAL_ROW)) for day in WEEK)).encode()
HOSTILE = st.sampled_from(
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 500 + b"]" * 500,
        b"NaN",
        b"-Infinity",
        b"1e999999999999999999999",
        b"1E-400000000",
        b"-0.0",
        b"9" * 10_000,
        b"9" * 30,
        b'"\xff\xfe"',
        b'"\\ud800"',
        b'"\\u0000"',
        b"null",
        b"true",
        b"{}",
        b"[{}]",
        b'""',
        b"\x00",
        b"\xef\xbb\xbf",
    ]
)


@settings(max_examples=300)
@given(st.sampled_from([BILL, Query(COMPLETIONS, COMPLETIONS.dimensions)]), HOSTILE | st.binary(max_size=9), st.data())
def test_a_hostile_answer_is_an_answer_or_an_api_error(query: Query, hostile: bytes, data: st.DataObject) -> None:
    # In place of some value, or of some bytes.
    ends = [index for index, byte in enumerate(REAL_PAGE) if byte in b",}]" and index > 60]
    end = data.draw(st.sampled_from(ends))
    begin = max(REAL_PAGE.rfind(mark, 0, end) for mark in (b": ", b"[", b"{")) + data.draw(st.integers(0, 2))
    body = REAL_PAGE[:begin] + hostile + REAL_PAGE[end:]
    outcome = read_or_fault(body, query)
    assert isinstance(outcome, list) or outcome in {Fault.NOT_THE_API, Fault.BROKEN_PAGES}


@settings(max_examples=200)
@given(st.binary(max_size=300))
@example(REAL_PAGE[:-1])
@example(b"")
def test_any_bytes_are_an_answer_or_an_api_error(body: bytes) -> None:
    assert read_or_fault(body, BILL) is Fault.NOT_THE_API


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300)
@given(
    st.sampled_from(ENDPOINTS),
    st.lists(st.dictionaries(st.sampled_from(sorted(REAL_ROW)), json_values, max_size=6), min_size=1, max_size=3),
)
def test_rows_with_anything_in_them(endpoint: Endpoint, changes: list[dict[str, Any]]) -> None:
    required = {metric.name: 1 for metric in endpoint.metrics if metric.required and metric.unit != "money"}
    rows = [{**required, **change} for change in changes]
    body = page_of(bucket_of(WEEK.end_time - 86400, *map(json.dumps, rows))).encode()
    outcome = read_or_fault(body, Query(endpoint))
    if outcome is Fault.NOT_THE_API:
        return
    assert isinstance(outcome, list)
    (bucket,) = outcome
    assert len(bucket.keys) == len(rows)
    for metric, column in zip(endpoint.metrics, bucket.columns, strict=True):
        if metric.unit not in {"money", "any"}:
            assert list(column) == [row.get(metric.name) or 0 for row in rows]


# Large answers, one at a time


class Large(httpx.AsyncBaseTransport):
    """Answers in small chunks, and keeps count of the answers of which more than one chunk was taken."""

    def __init__(self, chunks: int = 4, failures: int = 0) -> None:
        self.failures = failures
        self.chunks = chunks
        self.open = self.most = self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        start = int(request.url.params["start_time"])
        end = int(request.url.params.get("end_time", WEEK.end_time))
        buckets = [bucket_of(day, cost('{"value": 1}')) for day in range(start, end, 86400)]
        return httpx.Response(200, stream=_Stream(self, page_of(*buckets).encode()))


class _Stream(httpx.AsyncByteStream):
    def __init__(self, transport: Large, body: bytes) -> None:
        self.transport = transport
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = len(self.body) // self.transport.chunks + 1
        yield self.body[:size]
        await asyncio.sleep(0)
        yield self.body[size : 2 * size]
        # Who is here again was let go on.
        self.transport.open += 1
        self.transport.most = max(self.transport.most, self.transport.open)
        try:
            for begin in range(2 * size, len(self.body), size):
                await asyncio.sleep(0)
                if self.transport.failures:
                    self.transport.failures -= 1
                    raise httpx.ReadError("gone")
                yield self.body[begin : begin + size]
        finally:
            self.transport.open -= 1


@pytest.mark.parametrize(("threshold", "at_once"), [(100, 1), (10**9, 5)])
async def test_large_answers_come_one_at_a_time(monkeypatch: pytest.MonkeyPatch, threshold: int, at_once: int) -> None:
    monkeypatch.setattr("openai_usage.openai_api.client._LARGE_BODY", threshold)
    transport = Large()
    async with client_of("https://api.example/v1", transport) as client:
        found = await openai_api.buckets(client, Query(COSTS), last_days(31 * 5, TODAY), TODAY, Keys())
    assert transport.most == at_once
    assert sum(column for bucket in found for column in bucket.columns[0]) == 31 * 5


async def test_a_large_answer_that_breaks_off_lets_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai_usage.openai_api.client._LARGE_BODY", 100)
    transport = Large(failures=2)
    async with client_of("https://api.example/v1", transport) as client:
        async with asyncio.timeout(20):
            await openai_api.buckets(client, Query(COSTS), last_days(31 * 5, TODAY), TODAY, Keys())
        assert transport.asked == 5 + 2
        # And nobody kept the turn.
        async with asyncio.timeout(20):
            await openai_api.buckets(client, Query(COSTS), WEEK, TODAY, Keys())


async def test_waiting_for_a_large_answer_is_not_the_server_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai_usage.openai_api.client._LARGE_BODY", 100)
    monkeypatch.setattr("openai_usage.openai_api.client._LONGEST_ATTEMPT", 0.2)
    asked = [("start_time", str(WEEK.start_time)), ("end_time", str(WEEK.end_time))]
    async with client_of("https://api.example/v1", Large()) as client:
        async with client.answer("/organization/costs", asked, PAGE):
            other = asyncio.create_task(openai_api.buckets(client, Query(COSTS), WEEK, TODAY, Keys()))
            await asyncio.sleep(0.4)  # longer than an attempt may take
            assert not other.done()
        assert len(await other) == 7
