"""The demo's endpoints of 2023: the organisation API's numbers in their shapes, and what they refuse."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact
from typing import Any, get_args
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage.demo import DEMO_KEY, DemoTransport
from openai_usage.demo.api import Api, Request
from openai_usage.demo.five_minutes import Era
from openai_usage.demo.legacy import Legacy
from openai_usage.demo.organization import CostRow, Organization, exact_sum
from openai_usage.demo.pacing import Pacing
from openai_usage.demo.query import RequestError
from openai_usage.demo.roster import DAY, date_of
from tests.support.demo_server import DemoServer

NOW = datetime(2026, 11, 20, 18, 33, tzinfo=UTC)  # in the middle of five minutes
TODAY = int(NOW.timestamp()) // DAY

USAGE = "/v1/usage"
BILLS = "/v1/dashboard/billing/usage"
SESSION_KEY = "sess-" + "x" * 40
PROJECT_KEY = "sk-proj-" + "x" * 40
ERAS: tuple[Era, ...] = get_args(Era)
LISTS = {
    *("data", "ft_data", "dalle_api_data", "whisper_api_data", "tts_api_data"),
    *("assistant_code_interpreter_data", "retrieval_storage_data"),
}

ORGANIZATION = Organization(now=lambda: NOW)
PROFILE = f"/v1/organizations/{ORGANIZATION.id}"
GATEWAY = Api(ORGANIZATION, legacy=Legacy(kind="gateway"))

Json = dict[str, Any]

eras = st.sampled_from(ERAS)
days = st.integers(TODAY - 820, TODAY + 1)  # from before the organisation was founded to tomorrow


def ask(
    path: str,
    *params: tuple[str, object],
    key: str | None = SESSION_KEY,
    api: Api | None = None,
    organization: str | None = None,
) -> tuple[int, Json]:
    """Status and body; numbers with a point as Decimal."""
    authorization = None if key is None else f"Bearer {key}"
    response = (api or Api(ORGANIZATION)).answer(Request("GET", path, urlencode(params), authorization, organization))
    return response.status, json.loads(response.body, parse_float=Decimal)


def answered(path: str, *params: tuple[str, object], api: Api | None = None) -> Json:
    status, body = ask(path, *params, api=api)
    assert status == 200, body
    return body


def used(day: int, era: Era = "late 2024", *more: tuple[str, object]) -> Json:
    return answered(USAGE, ("date", date_of(day)), *more, api=Api(ORGANIZATION, legacy=Legacy(era=era)))


def by_organization_api(name: str, day: int, *params: tuple[str, object]) -> list[Json]:
    span = (("start_time", day * DAY), ("end_time", (day + 1) * DAY), *params)
    status, body = ask(f"/v1/organization/usage/{name}", *span, key=DEMO_KEY)
    assert status == 200
    return [result for bucket in body["data"] for result in bucket["results"]]


def sums(rows: list[Json], names: tuple[str, ...], metrics: tuple[str, ...]) -> dict[tuple[str, ...], list[int]]:
    """What each combination of names has in all."""
    found: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        known = found.setdefault(tuple(row[name] for name in names), [0] * len(metrics))
        known[:] = [count + row[metric] for count, metric in zip(known, metrics, strict=True)]
    return found


def tokens_by_organization_api(day: int, *metrics: str) -> dict[tuple[str, ...], list[int]]:
    rows = [
        {"input_cached_tokens": 0, "output_tokens": 0, **row}
        for name in ("completions", "decisions", "embeddings", "moderations")
        for row in by_organization_api(name, day, ("group_by", "model"))
    ]
    return sums(rows, ("model",), metrics)


@given(day=days, era=eras)
@settings(max_examples=60)
def test_a_day_has_the_organisation_api_s_tokens(day: int, era: Era) -> None:
    counted: tuple[str, ...] = ("n_requests", "n_context_tokens_total", "n_generated_tokens_total")
    metrics: tuple[str, ...] = ("num_model_requests", "input_tokens", "output_tokens")
    if era == "late 2024":
        counted, metrics = (*counted, "n_cached_context_tokens_total"), (*metrics, "input_cached_tokens")
    assert sums(used(day, era)["data"], ("snapshot_id",), counted) == tokens_by_organization_api(day, *metrics)


@given(day=days)
@settings(max_examples=40)
def test_a_day_has_the_organisation_api_s_images_seconds_and_characters(day: int) -> None:
    found = used(day)
    for told, name, metric, counted in (
        ("whisper_api_data", "audio_transcriptions", "seconds", "num_seconds"),
        ("tts_api_data", "audio_speeches", "characters", "num_characters"),
    ):
        rows = by_organization_api(name, day, ("group_by", "model"))
        expected = sums(rows, ("model",), ("num_model_requests", metric))
        assert sums(found[told], ("model_id",), ("num_requests", counted)) == expected
    rows = by_organization_api("images", day, ("group_by", "model"), ("group_by", "size"))
    expected = sums(rows, ("model", "size"), ("num_model_requests", "images"))
    assert sums(found["dalle_api_data"], ("model_id", "image_size"), ("num_requests", "num_images")) == expected


@given(day=days, era=eras)
@settings(max_examples=10)
def test_the_days_of_all_users_are_the_whole_day(day: int, era: Era) -> None:
    everybody = {member.id for at in (day, TODAY) for member in ORGANIZATION.roster.members(at * DAY)}
    whole = used(day, era)
    parts = [used(day, era, ("user_public_id", user)) for user in everybody]
    for name, names, metric in (
        ("data", ("aggregation_timestamp", "snapshot_id"), "n_context_tokens_total"),
        ("whisper_api_data", ("timestamp", "model_id"), "num_seconds"),
        ("dalle_api_data", ("model_id", "operation"), "num_images"),
        ("tts_api_data", ("model_id",), "num_characters"),
    ):
        together = [row for part in parts for row in part[name]]
        assert sums(together, names, (metric,)) == sums(whole[name], names, (metric,))


def test_the_days_of_one_user_are_those_of_the_organisation_api() -> None:
    member = next(each for each in ORGANIZATION.roster.members(TODAY * DAY) if each.name == "Research")
    rows = used(TODAY, "2023", ("user_public_id", member.id))["data"]
    requests = sum(
        row["num_model_requests"]
        for name in ("completions", "embeddings")
        for row in by_organization_api(name, TODAY, ("user_ids", member.id))
    )
    assert sum(row["n_requests"] for row in rows) == requests > 0
    assert used(TODAY, "2023", ("user_public_id", "user-nobody"))["data"] == []


@given(day=days, era=eras)
@settings(max_examples=20)
def test_rows_lie_in_their_day_and_count_something(day: int, era: Era) -> None:
    found = used(day, era)
    for row in found["data"]:
        assert row["aggregation_timestamp"] // DAY == day
        assert row["aggregation_timestamp"] % 300 == 0
        assert row["aggregation_timestamp"] < NOW.timestamp()
        assert row["n_requests"] > 0
    for row in (*found["dalle_api_data"], *found["whisper_api_data"], *found["tts_api_data"]):
        assert row["timestamp"] // DAY == day
        assert row["num_requests"] >= 0


ROW = {
    *("aggregation_timestamp", "n_requests", "operation", "snapshot_id"),
    *("n_context_tokens_total", "n_generated_tokens_total"),
}
KEY = {"organization_id", "organization_name", "api_key_id", "api_key_name", "api_key_redacted"}
CALLER = {*KEY, "api_key_type", "project_id", "project_name"}
MEDIUM = {*CALLER, "timestamp", "model_id", "num_requests", "user_id"}


def test_the_three_shapes() -> None:
    rows = {era: used(TODAY, era) for era in ERAS}
    assert set(rows["2023"]) == {"object", *LISTS, "current_usage_usd"}
    assert rows["2023"]["current_usage_usd"] == 0
    assert set(rows["early 2024"]) == set(rows["late 2024"]) == {"object", *LISTS}
    fields = {era: {frozenset(row) for row in day["data"]} for era, day in rows.items()}
    assert fields == {
        "2023": {frozenset({*ROW, "n_context", "n_generated"})},
        "early 2024": {frozenset({*ROW, *KEY, "user_id"})},
        "late 2024": {frozenset({*ROW, *CALLER, "email", "request_type", "n_cached_context_tokens_total"})},
    }
    late = rows["late 2024"]
    for name, more in (
        ("dalle_api_data", {"num_images", "image_size", "operation"}),
        ("whisper_api_data", {"num_seconds"}),
        ("tts_api_data", {"num_characters"}),
    ):
        assert {frozenset(row) for row in late[name]} == {frozenset({*MEDIUM, *more})}
        assert rows["2023"][name] == rows["early 2024"][name] == []
    for name in ("ft_data", "assistant_code_interpreter_data", "retrieval_storage_data"):
        assert late[name] == []


def test_the_rows_of_2024_name_the_caller() -> None:
    early, late = (used(TODAY, era)["data"] for era in ("early 2024", "late 2024"))
    emails = {row["email"] for row in late}
    assert emails >= {"research@northwind.example", None}  # None: a service account
    assert {row["user_id"] for row in early} <= {each.id for each in ORGANIZATION.roster.members(TODAY * DAY)}
    secrets = {key.id: key.secret for key in ORGANIZATION.roster.every_key().values()}
    for row in (*early, *late):
        assert row["api_key_redacted"] == f"sk-...{secrets[row['api_key_id']][-3:]}"
    projects = {project.id: project.name for project in ORGANIZATION.projects}
    assert all(row["project_name"] == projects[row["project_id"]] for row in late)


def test_operations() -> None:
    week = [used(TODAY - ago) for ago in range(7)]
    found = Counter((row["operation"], row["snapshot_id"]) for day in week for row in day["data"])
    assert {operation for operation, _ in found} == {
        "completion",
        "completion-realtime",
        "embeddings",
        "moderations",
    }
    assert found["embeddings", "text-embedding-3-small"]
    assert found["moderations", "omni-moderation-latest"]
    assert found["completion", "gpt-6-astra"]  # its decisions
    assert found["completion-realtime", "gpt-realtime-2025-08-28"]
    pictures = {row["operation"] for day in week for row in day["dalle_api_data"]}
    assert pictures == {"generations", "edits", "variations"}


def test_today_is_so_far_and_tomorrow_empty() -> None:
    last = max(row["aggregation_timestamp"] for row in used(TODAY)["data"])
    assert TODAY * DAY + 12 * 3600 < last < NOW.timestamp()
    assert used(TODAY + 1) == {"object": "list", **{name: [] for name in LISTS}}


@pytest.mark.parametrize(
    ("path", "params", "message"),
    [
        (USAGE, [], "Missing query parameter 'date'"),
        (USAGE, [("start_date", "2026-11-01"), ("end_date", "2026-11-02")], "Missing query parameter 'date'"),
        *(
            (USAGE, [("date", text)], "Invalid 'date'")
            for text in ("", "20261120", "2026-11-31", "2026-W47-5", "2026-1-1", "1795132800", "\uff12026-11-20")
        ),
        (USAGE, [("date", "2026-11-20"), ("user", "x")], "Unknown parameter: 'user'."),
        (BILLS, [], "Missing query parameter 'start_date'"),
        (BILLS, [("start_date", "2026-11-01")], "Missing query parameter 'end_date'"),
        (BILLS, [("start_date", "2026-11-01"), ("end_date", "soon")], "Invalid 'end_date'"),
        (BILLS, [("start_date", "2026-11-01"), ("end_date", "2026-11-01")], "after 'start_date'"),
        (BILLS, [("start_date", "2026-08-01"), ("end_date", "2026-11-10")], "at most 100 days"),
        ("/dashboard/billing/subscription", [("x", "1")], "Unknown parameter: 'x'."),
    ],
)
def test_a_wrong_question(path: str, params: list[tuple[str, object]], message: str) -> None:
    status, body = ask(path, *params)
    assert status == 400
    assert body["error"]["type"] == "invalid_request_error"
    assert message in body["error"]["message"]


def cents(rows: Iterable[CostRow]) -> Decimal:
    return exact_sum(row.amount for row in rows).scaleb(2, Context(prec=100, traps=[Inexact]))


def bills(start: date, end: date, path: str = BILLS) -> Json:
    return answered(path, ("start_date", start), ("end_date", end))


NAMES = ["GPT-4", "Chat models", "InstructGPT", "Fine-tuning models", "Embedding models", "Image models"]


@given(start=st.integers(TODAY - 850, TODAY + 2), length=st.integers(1, 100))
@settings(max_examples=25)
def test_cents_are_the_costs_of_every_day_exactly(start: int, length: int) -> None:
    body = bills(date_of(start), date_of(start + length))
    assert body["object"] == "list"
    told = [day["timestamp"] for day in body["daily_costs"]]
    assert told == [day * DAY for day in range(start, min(start + length, TODAY + 1))]
    for day in body["daily_costs"]:
        billed = exact_sum(Decimal(item["cost"]) for item in day["line_items"])
        assert billed == cents(ORGANIZATION.costs(day["timestamp"] // DAY))
        assert [item["name"] for item in day["line_items"]] == [*NAMES, "Audio models", "Other tools"]
    every = exact_sum(Decimal(item["cost"]) for day in body["daily_costs"] for item in day["line_items"])
    assert Decimal(body["total_usage"]) == every


def test_a_bill_s_names() -> None:
    (day,) = bills(date(2025, 6, 16), date(2025, 6, 17))["daily_costs"]
    found = {item["name"]: item["cost"] for item in day["line_items"]}
    rows: dict[str, list[CostRow]] = {name: [] for name in found}
    for row in ORGANIZATION.costs(day["timestamp"] // DAY):
        name = {
            "gpt-4": "GPT-4",
            "ft:gp": "Fine-tuning models",
            "text-": "Embedding models",
            "dall-": "Image models",
            "gpt-i": "Image models",
        }.get(row.line_item[:5], "Other tools")
        rows[name].append(row)
    assert found == {name: cents(each) for name, each in rows.items()}
    assert {name for name, cost in found.items() if not cost} == {"Chat models", "InstructGPT", "Audio models"}
    named = {item["name"] for item in bills(date_of(TODAY), date_of(TODAY + 1))["daily_costs"][0]["line_items"]}
    assert named == set(found)


def test_the_limits_and_the_credit() -> None:
    subscription = answered("/v1/dashboard/billing/subscription")
    assert subscription["object"] == "billing_subscription"
    limits = [subscription[f"{name}_limit_usd"] for name in ("soft", "hard", "system_hard")]
    assert limits == [150, 250, 500]
    assert subscription["access_until"] == int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())
    assert subscription["plan"] == {"title": "Pay-as-you-go", "id": "payg"}
    credit = answered("/v1/dashboard/billing/credit_grants")
    (grant,) = credit["grants"]["data"]
    assert credit["object"] == "credit_summary"
    assert credit["total_granted"] == credit["total_used"] + credit["total_available"] == grant["grant_amount"] == 18
    assert 0 < grant["used_amount"] == credit["total_used"]
    assert grant["effective_at"] < NOW.timestamp() < grant["expires_at"]


BILLING: list[tuple[str, list[tuple[str, object]]]] = [
    ("usage", [("start_date", "2026-11-18"), ("end_date", "2026-11-20")]),
    ("subscription", []),
    ("credit_grants", []),
]


def test_the_billing_is_at_both_places() -> None:
    for name, params in BILLING:
        path = f"/dashboard/billing/{name}"
        assert answered(path, *params) == answered(f"/v1{path}", *params)
    assert ask("/dashboard/billing/invoices")[0] == 404
    assert ask("/usage", ("date", "2026-11-20"))[0] == 404


def test_the_organisation_and_its_users() -> None:
    profile = answered(PROFILE)
    assert (profile["id"], profile["title"], profile["role"]) == (ORGANIZATION.id, "Northwind Labs", "owner")
    assert profile["is_default"] is True
    assert profile["personal"] is False
    users = answered(f"{PROFILE}/users")
    listed = ask("/v1/organization/users", ("limit", 100), key=DEMO_KEY)[1]["data"]
    assert [
        (each["user"]["id"], each["user"]["email"], each["role"], each["created"]) for each in users["members"]["data"]
    ] == [(each["id"], each["email"], each["role"], each["added_at"]) for each in listed]
    assert {each["object"] for each in users["members"]["data"]} == {"organization_user"}
    for path in ("/v1/organizations/org-other", "/v1/organizations/org-other/users"):
        status, body = ask(path)
        assert (status, body["error"]["message"]) == (404, "No such organization: org-other.")
    assert ask("/v1/organizations")[0] == 404


EVERYTHING: list[tuple[str, list[tuple[str, object]]]] = [
    (USAGE, [("date", "2026-11-20")]),
    *((f"{prefix}/dashboard/billing/{name}", params) for prefix in ("", "/v1") for name, params in BILLING),
    (PROFILE, []),
    (f"{PROFILE}/users", []),
]


@pytest.mark.parametrize(("path", "params"), EVERYTHING)
def test_who_may_ask(path: str, params: list[tuple[str, object]]) -> None:
    assert ask(path, *params, key=SESSION_KEY) == ask(path, *params, key=DEMO_KEY)
    assert ask(path, *params)[0] == 200
    status, body = ask(path, *params, key=None)
    assert (status, body["error"]["message"][:20]) == (401, "You didn't provide a")
    for key in (SESSION_KEY, PROJECT_KEY, DEMO_KEY):
        status, body = ask(path, *params, key=f"{key}-revoked")
        assert (status, body["error"]["code"]) == (401, "invalid_api_key")
        assert f"{key}-revoked" not in json.dumps(body)


@pytest.mark.parametrize("path", [path for path, _ in EVERYTHING if "billing" in path])
def test_the_billing_is_for_the_browser(path: str) -> None:
    assert ask(path, key=PROJECT_KEY) == (
        403,
        {
            "error": {
                "message": f"Your request to GET {path} must be made with a session key (that is, it can only be made "
                "from the browser). You made it with the following key type: secret.",
                "type": "server_error",
                "param": None,
                "code": None,
            }
        },
    )


@pytest.mark.parametrize("era", ERAS)
def test_an_ordinary_key_gets_empty_lists_or_what_it_got_until_2025(era: Era) -> None:
    for options, has_rows in ((Legacy(era), False), (Legacy(era, is_filled_for_keys=True), True)):
        status, body = ask(USAGE, ("date", "2026-11-19"), key=PROJECT_KEY, api=Api(ORGANIZATION, legacy=options))
        assert status == 200
        assert set(body) >= {"object", *LISTS}
        assert any(body[name] for name in LISTS) is has_rows
    assert ask(USAGE, key=PROJECT_KEY)[0] == 400


def test_an_ordinary_key_may_not_see_the_members() -> None:
    for path in (PROFILE, f"{PROFILE}/users", "/v1/organizations/org-other"):
        assert ask(path, key=PROJECT_KEY)[0] == 403


@pytest.mark.parametrize(("path", "params"), [*EVERYTHING, ("/v1/organization/costs", [("start_time", TODAY * DAY)])])
def test_the_header_for_an_organisation(path: str, params: list[tuple[str, object]]) -> None:
    for own in (None, ORGANIZATION.id, "northwind-labs"):
        assert ask(path, *params, key=DEMO_KEY, organization=own)[0] == 200
    for other in ("org-other", "", ORGANIZATION.id + "x"):
        status, body = ask(path, *params, key=DEMO_KEY, organization=other)
        assert (status, body["error"]["code"]) == (401, "invalid_organization")
        assert body["error"]["message"] == f"No such organization: {other}."


def test_a_gateway_tells_all_that_was_ever_billed() -> None:
    billed = cents(row for day in range(TODAY - 830, TODAY + 1) for row in ORGANIZATION.costs(day))
    for path in (BILLS, BILLS.removeprefix("/v1")):
        for params in ([], [("start_date", "2026-11-19"), ("end_date", "2026-11-20")], [("start_date", "x")]):
            status, body = ask(path, *params, key="any key", api=GATEWAY)
            assert (status, body) == (200, {"object": "list", "total_usage": billed})


@pytest.mark.parametrize("path", ["/dashboard/billing/subscription", "/v1/dashboard/billing/subscription"])
def test_a_gateway_s_quota(path: str) -> None:
    body = answered(path, api=GATEWAY)
    used_dollars = answered(BILLS, api=GATEWAY)["total_usage"] / 100
    assert body["hard_limit_usd"] == body["soft_limit_usd"] == body["system_hard_limit_usd"] > used_dollars
    assert body["access_until"] == 0
    unlimited = answered(path, api=Api(ORGANIZATION, legacy=Legacy(kind="gateway", is_unlimited=True)))
    assert unlimited["hard_limit_usd"] == 100_000_000


@pytest.mark.parametrize(
    "path",
    [
        *(USAGE, PROFILE, f"{PROFILE}/users", "/v1/organization/costs", "/v1/organization/projects"),
        *("/dashboard/billing/credit_grants", "/v1/dashboard/billing/credit_grants"),
    ],
)
def test_a_gateway_has_nothing_else(path: str) -> None:
    assert ask(path, key=DEMO_KEY, api=GATEWAY) == (
        404,
        {
            "error": {
                "message": f"Invalid URL (GET {path})",
                "type": "invalid_request_error",
                "param": "",
                "code": "",
            }
        },
    )


def test_a_gateway_needs_some_key_and_no_organisation() -> None:
    assert ask(BILLS, key=None, api=GATEWAY)[0] == 401
    assert ask(BILLS, organization="org-other", api=GATEWAY)[0] == 200
    response = GATEWAY.answer(Request("GET", BILLS, "", f"Bearer {SESSION_KEY}"))
    assert "openai-organization" not in response.headers


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def asked(api: Api, key: str = SESSION_KEY) -> tuple[int, str | None]:
    """Status and Retry-After."""
    response = api.answer(Request("GET", USAGE, "date=2026-11-22", f"Bearer {key}"))
    return response.status, response.headers.get("retry-after")


def test_the_sixth_request_of_a_minute_waits() -> None:
    clock = Clock()
    api = Api(ORGANIZATION, pacing=Pacing(5, clock))
    for _ in range(5):
        assert asked(api)[0] == 200
        clock.now += 10
    assert asked(api) == (429, "10")
    assert asked(api) == (429, None)  # the header may be absent
    status, body = ask(USAGE, api=api)
    assert (status, body["error"]["type"], body["error"]["code"]) == (429, "requests", "rate_limit_exceeded")
    assert body["error"]["message"].startswith("Rate limit reached")
    assert asked(api, PROJECT_KEY)[0] == 200  # another key has its own minute
    assert ask(PROFILE, api=api)[0] == 200  # and other endpoints are not paced
    clock.now += 9.5
    assert asked(api)[0] == 429
    clock.now += 0.5  # a minute after the first
    assert asked(api)[0] == 200
    assert asked(api)[0] == 429
    clock.now += 10
    assert asked(api)[0] == 200


@given(waits=st.lists(st.integers(0, 320), max_size=60), limit=st.integers(1, 6))
def test_no_minute_ever_has_more_than_the_limit_and_waiting_helps(waits: list[int], limit: int) -> None:
    clock = Clock()
    pacing = Pacing(limit, clock)
    admitted: list[float] = []
    for wait in waits:
        clock.now += wait / 8  # a fraction that a float has exactly
        recent = [at for at in admitted if at > clock.now - 60]
        try:
            pacing.admit("key")
        except RequestError as refusal:
            assert len(recent) == limit
            if refusal.retry_after is not None:
                clock.now += refusal.retry_after
                pacing.admit("key")
                admitted.append(clock.now)
        else:
            assert len(recent) < limit
            admitted.append(clock.now)


def test_without_a_key_nothing_is_counted() -> None:
    api = Api(ORGANIZATION, pacing=Pacing(1, Clock()))
    assert [ask(USAGE, key=None, api=api)[0] for _ in range(3)] == [401] * 3
    assert [ask(USAGE, api=api, organization="org-other")[0] for _ in range(3)] == [401] * 3
    assert asked(api)[0] == 200


async def test_the_transport_paces_and_hands_the_header_through() -> None:
    clock = Clock()
    transport = DemoTransport(ORGANIZATION, legacy=Legacy(requests_per_minute=2), clock=clock)
    async with httpx.AsyncClient(
        transport=transport, base_url="https://anything.example", headers={"Authorization": f"Bearer {SESSION_KEY}"}
    ) as client:
        found = [(await client.get(USAGE, params={"date": "2026-11-22"})).status_code for _ in range(3)]
        clock.now += 60
        found.append((await client.get(USAGE, params={"date": "2026-11-22"})).status_code)
        refused = await client.get(PROFILE, headers={"OpenAI-Organization": "org-other"})
    assert found == [200, 200, 429, 200]
    assert refused.status_code == 401


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Callable[[], float]) -> Iterator[DemoServer]:
    legacy = Legacy("early 2024", requests_per_minute=2)
    with DemoServer(ORGANIZATION, legacy=legacy, clock=clock) as server:
        yield server


@pytest.fixture
def client(server: DemoServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {SESSION_KEY}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
        yield client


def test_the_server_says_which_days_were_asked_for_and_when(
    server: DemoServer, client: httpx.Client, clock: Clock
) -> None:
    statuses = []
    for ago in range(3):
        asked_for = NOW.date() - timedelta(days=ago)
        statuses.append(client.get("/usage", params={"date": str(asked_for), "user_public_id": "user-x"}).status_code)
        clock.now += 1
    assert statuses == [200, 200, 429]
    assert [(each.date, each.user_public_id, each.at) for each in server.days] == [
        ("2026-11-20", "user-x", 1000),
        ("2026-11-19", "user-x", 1001),
        ("2026-11-18", "user-x", 1002),
    ]
    assert client.get(f"/organizations/{ORGANIZATION.id}").status_code == 200
    assert client.get("/usage").status_code == 429
    told = client.get(f"{server.origin}/control/days").json()
    assert told["count"] == 4
    assert told["days"][0] == {"date": "2026-11-20", "userPublicId": "user-x", "at": 1000}
    assert told["days"][3] == {"date": None, "userPublicId": None, "at": 1003}
    assert len(server.requests) == 5
    server.reset()
    assert server.days == ()
    assert client.get("/usage", params={"date": "2026-11-20"}).status_code == 200


def test_the_server_hands_the_header_through_and_has_the_second_place(server: DemoServer, client: httpx.Client) -> None:
    path = f"{server.origin}/dashboard/billing/subscription"
    assert client.get(path).status_code == 200
    refused = client.get(path, headers={"OpenAI-Organization": "org-other"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_organization")
