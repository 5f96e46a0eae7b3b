"""Names and limits over real HTTP: whole lists, whatever is odd in them, and what is not to be had."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

import httpx
import pytest
from pydantic import SecretStr

from openai_usage import openai_api
from openai_usage.demo import Organization
from openai_usage.directory import ApiKey, Project, User
from openai_usage.limits import RateLimit, SpendAlert, SpendLimit
from openai_usage.openai_api import ApiError, Client, Fault
from tests.support import demo_server
from tests.support.demo_server import DemoServer

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
KEY = "sk-admin-" + "k" * 40

Ask = Callable[[Client], Awaitable[object]]

LISTS: dict[str, Ask] = {
    "projects": openai_api.projects,
    "users": openai_api.users,
    "api_keys": lambda client: openai_api.api_keys(client, "proj_x"),
    "service_accounts": lambda client: openai_api.service_accounts(client, "proj_x"),
    "rate_limits": lambda client: openai_api.rate_limits(client, "proj_x"),
    "spend_alerts": lambda client: openai_api.spend_alerts(client, None),
}
OF_PROJECTS: dict[str, Callable[[Client, str], Awaitable[object]]] = {
    "api_keys": openai_api.api_keys,
    "service_accounts": openai_api.service_accounts,
    "rate_limits": openai_api.rate_limits,
    "spend_limit": openai_api.spend_limit,
    "spend_alerts": openai_api.spend_alerts,
}


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


@pytest.fixture
async def client(server: DemoServer) -> AsyncIterator[Client]:
    async with client_of(server.url) as client:
        yield client


def raw(server: DemoServer, path: str) -> Any:  # noqa: ANN401 - whatever JSON is there
    request = Request(f"{server.url}/organization/{path}", headers={"Authorization": f"Bearer {KEY}"})  # noqa: S310 - our own server's
    with urlopen(request, timeout=20) as answer:  # noqa: S310 - the same
        return json.loads(answer.read())


def canned(server: DemoServer, *items: object, path: str = "") -> None:
    body = json.dumps({"object": "list", "data": items, "has_more": False})
    server.inject(demo_server.Fault("status", status=200, body=body, path=path))


def active_project(server: DemoServer) -> str:
    """One with keys."""
    listed = raw(server, "projects")["data"]
    return str(next(one["id"] for one in listed if raw(server, f"projects/{one['id']}/api_keys")["data"]))


async def fault_of(asked: Awaitable[object]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await asked
    assert caught.value.__cause__ is None
    assert KEY not in repr(caught.value)
    return caught.value


async def test_projects(server: DemoServer, client: Client) -> None:
    found = await openai_api.projects(client)
    listed = raw(server, "projects?include_archived=true&limit=100")["data"]
    assert found == [Project(one["id"], one["name"], one["status"] == "archived") for one in listed]
    assert {project.is_archived for project in found} == {True, False}


async def test_users(server: DemoServer, client: Client) -> None:
    found = await openai_api.users(client)
    assert found == [User(one["id"], one["name"], one["email"]) for one in raw(server, "users?limit=100")["data"]]
    assert found


async def test_api_keys(server: DemoServer, client: Client) -> None:
    for project in await openai_api.projects(client):
        found = await openai_api.api_keys(client, project.id)
        listed = raw(server, f"projects/{project.id}/api_keys?limit=100&owner_project_access=any")["data"]
        assert [key.id for key in found] == [one["id"] for one in listed]
        for key, one in zip(found, listed, strict=True):
            owner = one["owner"][one["owner"]["type"]]
            assert key.owner_id == owner["id"]
            assert key.owner_name == (owner["name"] or owner["email"])
            assert (key.last_used_at and key.last_used_at.timestamp()) == one["last_used_at"]
            assert (key.name, key.redacted_value, key.project_id) == (
                one["name"] or None,
                one["redacted_value"],
                project.id,
            )


async def test_service_accounts(server: DemoServer, client: Client) -> None:
    found = []
    for project in await openai_api.projects(client):
        if project.is_archived:
            error = await fault_of(openai_api.service_accounts(client, project.id))
            assert error.fault is Fault.BAD_REQUEST
            continue
        accounts = await openai_api.service_accounts(client, project.id)
        listed = raw(server, f"projects/{project.id}/service_accounts?limit=100")["data"]
        assert accounts == [User(one["id"], one["name"], None, is_service_account=True) for one in listed]
        found += accounts
    assert found


async def test_rate_limits(server: DemoServer, client: Client) -> None:
    project = active_project(server)
    found = await openai_api.rate_limits(client, project)
    listed = raw(server, f"projects/{project}/rate_limits")["data"]
    assert found == [
        RateLimit(
            one["model"],
            one["max_requests_per_1_minute"],
            one["max_tokens_per_1_minute"],
            one.get("max_images_per_1_minute"),
            one.get("max_audio_megabytes_per_1_minute"),
            one.get("max_requests_per_1_day"),
            one.get("batch_1_day_max_input_tokens"),
        )
        for one in listed
    ]
    assert found


async def test_spend_limits_and_alerts(server: DemoServer, client: Client) -> None:
    limit = await openai_api.spend_limit(client, None)
    assert limit == SpendLimit(Decimal(raw(server, "spend_limit")["threshold_amount"]) / 100, "usd", is_enforced=True)
    projects = await openai_api.projects(client)
    limits = [await openai_api.spend_limit(client, project.id) for project in projects]
    assert None in limits
    assert any(limits)
    for project in [None, *(project.id for project in projects)]:
        path = f"projects/{project}/spend_alerts" if project else "spend_alerts"
        assert await openai_api.spend_alerts(client, project) == [
            SpendAlert(
                one["id"],
                Decimal(one["threshold_amount"]) / 100,
                "usd",
                tuple(one["notification_channel"]["recipients"]),
            )
            for one in raw(server, path)["data"]
        ]


# Pages


@pytest.mark.parametrize("name", LISTS)
async def test_all_pages_are_followed(server: DemoServer, client: Client, name: str) -> None:
    pages = [["a", "b"], [], ["c"], ["d"]]
    lasts = ["b", "odd", None, "d"]
    for number, (ids, last) in enumerate(zip(pages, lasts, strict=True)):
        items = [{"id": id_, "threshold_amount": 1} for id_ in ids]
        body = json.dumps({"data": items, "has_more": number < 3, "last_id": last})
        server.inject(demo_server.Fault("status", status=200, body=body))
    found: Any = await LISTS[name](client)
    assert [getattr(one, "id", None) or one.model for one in found] == ["a", "b", "c", "d"]
    queries = [dict(httpx.QueryParams(request.query)) for request in server.requests]
    assert [query.pop("after", None) for query in queries] == [None, "b", "odd", "c"]
    # The rest of the question stays the same.
    assert queries == [queries[0]] * 4
    assert queries[0]["limit"] == "100"


async def test_small_pages_make_the_same_list(
    server: DemoServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await openai_api.projects(client)
    monkeypatch.setattr("openai_usage.openai_api.lists._MOST", ("limit", "2"))
    assert await openai_api.projects(client) == whole
    assert len(server.requests) == 1 + (len(whole) + 1) // 2


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "page",
    [
        {"data": [{"id": "a"}], "has_more": True, "last_id": "a"},
        {"data": [{"id": "a"}], "has_more": True},
        {"data": [], "has_more": True, "last_id": None},
        {"data": [], "has_more": True, "last_id": ""},
        {"data": [], "has_more": True, "last_id": {"a": 1}},
    ],
    ids=str,
)
async def test_lists_without_end(server: DemoServer, client: Client, name: str, page: object) -> None:
    server.inject(demo_server.Fault("status", status=200, body=json.dumps(page), times=3))
    assert (await fault_of(LISTS[name](client))).fault is Fault.BROKEN_PAGES
    assert len(server.requests) <= 2


async def test_a_list_that_goes_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json={"data": [{"id": f"p{asked}"}], "has_more": True})

    monkeypatch.setattr("openai_usage.openai_api.pages._MOST_PAGES", 20)
    async with client_of("https://api.example/v1", httpx.MockTransport(answer)) as client:
        assert (await fault_of(openai_api.projects(client))).fault is Fault.BROKEN_PAGES
    assert asked == 21


# What is odd


ODD: list[object] = [None, 7, True, "", [], {}, [{"id": 1}], {"user": 3, "recipients": 4}, 1.5, -(10**30), "9" * 9]


@pytest.mark.parametrize("odd", ODD, ids=str)
async def test_what_is_odd_is_left_out(server: DemoServer, client: Client, odd: object) -> None:
    names = ["name", "email", "archived_at", "redacted_value", "owner", "last_used_at", "user", "is_service_account"]
    names += ["model", "max_requests_per_1_minute", "max_tokens_per_1_minute", "notification_channel"]
    item = {"id": "x", **dict.fromkeys(names, odd)}
    text = odd if isinstance(odd, str) and odd else None
    number = odd if isinstance(odd, int) and not isinstance(odd, bool) else None
    for _ in range(5):
        canned(server, item)
    assert await openai_api.projects(client) == [Project("x", text, is_archived=odd is not None)]
    assert await openai_api.users(client) == [User("x", text, text, is_service_account=odd is True)]
    (key,) = await openai_api.api_keys(client, "p")
    moment = datetime.fromtimestamp(number, UTC) if number == 7 else None
    assert key == ApiKey("x", text, text or "", "p", None, None, moment)
    assert await openai_api.service_accounts(client, "p") == [User("x", text, None, is_service_account=True)]
    (limit,) = await openai_api.rate_limits(client, "p")
    assert limit == RateLimit(text or "x", number, number, None, None, None, None)


async def test_owners_of_keys(server: DemoServer, client: Client) -> None:
    user = {"type": "user", "user": {"id": "u", "name": "Ada", "email": "ada@x.example"}}
    nameless = {"type": "user", "user": {"id": "u", "name": None, "email": "ada@x.example"}}
    account = {"type": "service_account", "service_account": {"id": "s", "name": "Nightly"}}
    canned(server, *({"id": "k", "owner": owner} for owner in (user, nameless, account)))
    found = await openai_api.api_keys(client, "p")
    assert [(key.owner_id, key.owner_name) for key in found] == [("u", "Ada"), ("u", "ada@x.example"), ("s", "Nightly")]


async def test_names_may_be_told_inside(server: DemoServer, client: Client) -> None:
    canned(
        server, {"id": "u", "is_service_account": True, "user": {"id": "x", "name": "Ada", "email": "ada@x.example"}}
    )
    assert await openai_api.users(client) == [User("u", "Ada", "ada@x.example", is_service_account=True)]


@pytest.mark.parametrize("seconds", [10**15, -(10**15), 253402300800, 10**400])
async def test_times_outside_the_calendar(server: DemoServer, client: Client, seconds: int) -> None:
    canned(server, {"id": "k", "last_used_at": seconds})
    (key,) = await openai_api.api_keys(client, "p")
    assert key.last_used_at is None


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "body",
    [
        '{"data": [{"name": "secret"}], "has_more": false}',
        '{"data": [{"id": 42}], "has_more": false}',
        '{"data": ["secret"], "has_more": false}',
        '{"data": [], "has_more": "secret"}',
        '{"data": []}',
        '{"has_more": false}',
        "[]",
        "<html>",
        '{"data": [{"id": "x", "name": NaN}], "has_more": false}',
        '{"data": [{"id": "x", "name": ' + "[" * 100_000,
        '{"data": [{"id": "x", "owner": 1e999, "name": 1e999, "model": 1e999, "threshold_amount": 1e999}]}',
    ],
    ids=lambda body: body[:50],
)
async def test_what_is_no_list(server: DemoServer, client: Client, name: str, body: str) -> None:
    server.inject(demo_server.Fault("status", status=200, body=body))
    error = await fault_of(LISTS[name](client))
    assert error.fault is Fault.NOT_THE_API
    assert f"/{name}" in error.detail
    assert "secret" not in error.detail
    assert "42" not in error.detail


# Amounts


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"threshold_amount": 12345, "currency": "EUR"}, SpendLimit(Decimal("123.45"), "eur", is_enforced=False)),
        ({"threshold_amount": 10**18}, SpendLimit(Decimal(10**16), "usd", is_enforced=False)),
        (
            {"threshold_amount": 0, "enforcement": {"status": "enforcing"}},
            SpendLimit(Decimal(0), "usd", is_enforced=True),
        ),
        ({"threshold_amount": 7, "enforcement": {"status": "inactive"}}, SpendLimit(Decimal("0.07"), "usd", False)),
        ({"threshold_amount": 7, "enforcement": "enforcing"}, SpendLimit(Decimal("0.07"), "usd", False)),
        ({"threshold_amount": None}, None),
        ({}, None),
        (None, None),
    ],
    ids=str,
)
async def test_cents_become_units(
    server: DemoServer, client: Client, limit: object, expected: SpendLimit | None
) -> None:
    server.inject(demo_server.Fault("status", status=200, body=json.dumps(limit)))
    assert await openai_api.spend_limit(client, None) == expected


@pytest.mark.parametrize(
    "fields", [{"threshold_amount": 12.5}, {"threshold_amount": "5"}, {"threshold_amount": 10**19}, {"currency": "$"}]
)
async def test_amounts_that_are_none(server: DemoServer, client: Client, fields: dict[str, object]) -> None:
    item = {"id": "a", "threshold_amount": 1, **fields}
    canned(server, item, path="spend_alerts")
    server.inject(demo_server.Fault("status", status=200, body=json.dumps(item), path="spend_limit"))
    for ask in (openai_api.spend_alerts, openai_api.spend_limit):
        assert (await fault_of(ask(client, None))).fault is Fault.NOT_THE_API


async def test_alerts_of_nothing_are_none(server: DemoServer, client: Client) -> None:
    channel = {"type": "email", "recipients": ["a@x.example", 5, "b@x.example"]}
    canned(server, {"id": "a"}, {"id": "b", "threshold_amount": 150, "notification_channel": channel})
    assert await openai_api.spend_alerts(client, "p") == [
        SpendAlert("b", Decimal("1.5"), "usd", ("a@x.example", "b@x.example"))
    ]


# Refusals


MISSING_SCOPE = '{"error": {"message": "Missing scopes: api.management.read.", "type": "x"}}'


@pytest.mark.parametrize("project", [None, "proj_x"])
async def test_limits_that_an_account_does_not_have(server: DemoServer, client: Client, project: str | None) -> None:
    server.inject(demo_server.Fault("status", status=404, times=2))
    assert await openai_api.spend_limit(client, project) is None
    assert await openai_api.spend_alerts(client, project) == []


@pytest.mark.parametrize("body", [None, MISSING_SCOPE])
async def test_limits_that_may_not_be_read_are_not_none(server: DemoServer, client: Client, body: str | None) -> None:
    server.inject(demo_server.Fault("status", status=403, body=body, times=2))
    for ask in (openai_api.spend_alerts, openai_api.spend_limit):
        assert (await fault_of(ask(client, None))).fault in {Fault.FORBIDDEN, Fault.SCOPE_MISSING}


@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_limits_of_which_nothing_is_known(server: DemoServer, client: Client, status: int) -> None:
    server.inject(demo_server.Fault("status", status=status, times=6))
    for ask in (openai_api.spend_alerts, openai_api.spend_limit):
        assert (await fault_of(ask(client, None))).status == status


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, None, Fault.BAD_REQUEST),
        (401, None, Fault.KEY_REFUSED),
        (403, None, Fault.FORBIDDEN),
        (403, MISSING_SCOPE, Fault.SCOPE_MISSING),
        (404, None, Fault.NOT_FOUND),
        (429, None, Fault.RATE_LIMITED),
        (500, None, Fault.SERVER_ERROR),
    ],
)
async def test_lists_that_are_refused(
    server: DemoServer, client: Client, status: int, body: str | None, expected: Fault
) -> None:
    for name in ("projects", "users", "api_keys", "service_accounts", "rate_limits"):
        server.reset()
        server.inject(demo_server.Fault("status", status=status, body=body, times=3))
        assert (await fault_of(LISTS[name](client))).fault is expected


# Ids from the network


@pytest.mark.parametrize("name", OF_PROJECTS)
@pytest.mark.parametrize(
    ("project", "segment"),
    [
        ("proj_abc-1", "proj_abc-1"),
        ("a/../../b", "a%2F..%2F..%2Fb"),
        ("a?limit=1#x", "a%3Flimit%3D1%23x"),
        ("%2e%2e", "%252e%252e"),
        ("é \r\n", "%C3%A9%20%0D%0A"),
        ("...", "..."),
    ],
)
async def test_a_project_s_id_is_one_part_of_a_path(name: str, project: str, segment: str) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode().partition("?")[0])
        return httpx.Response(200, json={"data": [], "has_more": False})

    async with client_of("https://api.example/v1", httpx.MockTransport(answer)) as client:
        await OF_PROJECTS[name](client, project)
    assert asked == [f"/v1/organization/projects/{segment}/{name}"]


@pytest.mark.parametrize("name", OF_PROJECTS)
@pytest.mark.parametrize("project", ["", ".", ".."])
async def test_an_id_that_would_lead_elsewhere(server: DemoServer, client: Client, name: str, project: str) -> None:
    error = await fault_of(OF_PROJECTS[name](client, project))
    assert error.fault is Fault.NOT_THE_API
    assert server.requests == ()


async def test_an_id_that_is_the_key_is_not_shown(server: DemoServer, client: Client) -> None:
    server.inject(demo_server.Fault("status", status=200, body="<html>"))
    error = await fault_of(openai_api.api_keys(client, KEY))
    assert "[key]" in error.detail
