"""The endpoints of 2023 over real HTTP on loopback: what is asked, where, and what is made of refusals."""

import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from openai_usage import openai_api
from openai_usage.account import Credit, Organization, Subscription
from openai_usage.days import Days, midnight
from openai_usage.directory import User
from openai_usage.openai_api import ApiError, Client, Fault, legacy
from openai_usage.settings import Unit

KEY = "sess-" + "x" * 40
DAY = date(2023, 5, 31)
WEEK = Days(date(2023, 5, 25), DAY)
SESSION_ONLY = (
    "Your request to GET /v1/dashboard/billing/usage must be made with a session key (that is, it can only be made "
    "from the browser). You made it with the following key type: secret."
)
SUBSCRIPTION = {"object": "billing_subscription", "hard_limit_usd": 120.5}
PAGE = "<!doctype html><title>A panel</title>"


@dataclass(frozen=True)
class Asked:
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]


class Server(ThreadingHTTPServer):
    """Answers by path; everything else is not found."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, object]] = {}
        self.asked: list[Asked] = []
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"
        self.url = f"{self.origin}/v1"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.asked]


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(url.path, parse_qsl(url.query), headers))
        status, answer = self.server.answers.get(url.path, (404, refusal(f"Invalid URL (GET {url.path})")))
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def refusal(message: object) -> dict[str, object]:
    return {"error": {"message": message, "type": "one_api_error", "param": None, "code": None}}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


async def no_pause(_: float) -> None: ...


@asynccontextmanager
async def client_of(url: str, organization: str | None = None) -> AsyncIterator[Client]:
    client = Client(url, SecretStr(KEY), organization=organization, pause=no_pause)
    try:
        yield client
    finally:
        await client.aclose()


def row(moment: int, **change: object) -> dict[str, object]:
    return {
        "aggregation_timestamp": moment,
        "n_requests": 1,
        "operation": "completion",
        "snapshot_id": "gpt-4-0314",
        "n_context_tokens_total": 10,
        "n_generated_tokens_total": 5,
        **change,
    }


def day(of: date, cost: object = 250) -> dict[str, object]:
    return {"timestamp": float(midnight(of)), "line_items": [{"name": "GPT-4", "cost": cost}]}


async def test_the_use_of_a_day(server: Server) -> None:
    server.answers["/v1/usage"] = 200, {"object": "list", "data": [row(midnight(DAY))]}
    async with client_of(server.url) as client:
        use = await openai_api.legacy.use(client, DAY)
    assert len(use.records) == 1
    (asked,) = server.asked
    assert (asked.path, asked.query) == ("/v1/usage", [("date", "2023-05-31")])
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert "openai-organization" not in asked.headers


async def test_rows_of_another_day_are_in_no_sum(server: Server) -> None:
    start = midnight(DAY)
    rows = [row(start - 1), row(start), row(start + 86_399), row(start + 86_400), {"odd": 1}]
    server.answers["/v1/usage"] = 200, {"data": rows, "ft_data": [1]}
    async with client_of(server.url) as client:
        use = await legacy.use(client, DAY)
    assert [record.start for record in use.records] == [start, start + 86_399]
    assert use.unread == {"data": 1, "ft_data": 1, "another day": 2}


async def test_the_use_of_a_user_is_theirs_whatever_rows_call_them(server: Server) -> None:
    rows = [row(midnight(DAY)), row(midnight(DAY), email="ada@example.com")]
    server.answers["/v1/usage"] = 200, {"data": rows}
    async with client_of(server.url) as client:
        use = await legacy.use(client, DAY, "user-made-up")
    column = use.records[0].endpoint.fields.index("user_id")
    assert [record.key[column] for record in use.records] == ["user-made-up"] * 2
    assert server.asked[0].query == [("date", "2023-05-31"), ("user_public_id", "user-made-up")]


async def test_the_organization_that_is_meant_is_named_with_every_question(server: Server) -> None:
    server.answers["/v1/usage"] = 200, {"data": []}
    server.answers["/dashboard/billing/subscription"] = 200, SUBSCRIPTION
    async with client_of(server.url, "org-made-up") as client:
        told = await legacy.use(client, DAY)
        assert not told.records
        assert not told.unread
        await legacy.subscription(client)
        # That is what OpenAI says, and not what was asked for.
        assert client.organization is None
    assert [asked.headers["openai-organization"] for asked in server.asked] == ["org-made-up"] * 3


@pytest.mark.parametrize(("unit", "dollars"), [("cents", "2.5"), ("usd", "250")])
async def test_the_bill(server: Server, unit: Unit, dollars: str) -> None:
    server.answers["/v1/dashboard/billing/usage"] = 200, {"daily_costs": [day(DAY)], "total_usage": 250}
    async with client_of(server.url) as client:
        bill = await legacy.bill(client, WEEK, unit)
    assert [record.numbers[0] for record in bill.records] == [Decimal(dollars)]
    assert bill.total == Decimal(dollars)
    assert bill.days == {DAY}
    # The end is exclusive.
    assert server.asked[0].query == [("start_date", "2023-05-25"), ("end_date", "2023-06-01")]


async def test_days_that_were_not_asked_for_are_left_out_of_a_bill(server: Server) -> None:
    days = [day(date(2023, 5, 24)), day(DAY), day(date(2023, 6, 1))]
    server.answers["/v1/dashboard/billing/usage"] = 200, {"daily_costs": days, "total_usage": 750}
    async with client_of(server.url) as client:
        bill = await legacy.bill(client, WEEK)
    assert [record.start for record in bill.records] == [midnight(DAY)]
    assert bill.days == {DAY}
    # That of all days, as it was answered.
    assert (bill.by_day, bill.total) == (Decimal("7.5"), Decimal("7.5"))
    assert bill.tells_days


@pytest.mark.parametrize("place", ["/v1", ""])
@pytest.mark.parametrize("elsewhere", [None, (200, PAGE), (200, {"success": True}), (302, "")])
async def test_billing_is_asked_for_in_both_places(
    server: Server, place: str, elsewhere: tuple[int, object] | None
) -> None:
    path = "/dashboard/billing"
    found = {
        "/usage": {"object": "list", "total_usage": 1234.5},
        "/subscription": SUBSCRIPTION,
        "/credit_grants": {"total_granted": 18, "total_used": 1.85, "total_available": 16.15},
    }
    for name, answer in found.items():
        if elsewhere is not None:
            server.answers["/v1" + path + name] = elsewhere
        server.answers[place + path + name] = 200, answer
    async with client_of(server.url) as client:
        bill = await legacy.bill(client, WEEK)
        assert (bill.total, bill.tells_days) == (Decimal("12.345"), False)
        assert await legacy.subscription(client) == Subscription(hard_limit=Decimal("120.5"))
        assert await legacy.credit(client) == Credit(Decimal(18), Decimal("1.85"), Decimal("16.15"))
    places = ["/v1"] if place else ["/v1", ""]
    assert server.paths == [where + path + name for name in found for where in places]


async def test_when_billing_is_in_neither_place_the_first_answer_counts(server: Server) -> None:
    server.answers["/dashboard/billing/subscription"] = 403, refusal("no")
    async with client_of(server.url) as client:
        with pytest.raises(ApiError) as caught:
            await legacy.subscription(client)
    assert caught.value.fault is Fault.NOT_FOUND
    assert caught.value.detail == "Invalid URL (GET /v1/dashboard/billing/subscription)"
    assert caught.value.__cause__ is None
    assert len(server.asked) == 2


async def test_where_there_is_no_v1_there_is_one_place(server: Server) -> None:
    async with client_of(server.origin + "/api") as client:
        with pytest.raises(ApiError):
            await legacy.subscription(client)
    assert server.paths == ["/api/dashboard/billing/subscription"]


@pytest.mark.parametrize("status", [401, 403])
async def test_what_only_a_browser_may_ask(server: Server, status: int) -> None:
    server.answers["/v1/dashboard/billing/usage"] = status, refusal(SESSION_ONLY)
    async with client_of(server.url) as client:
        with pytest.raises(ApiError) as caught:
            await legacy.bill(client, WEEK)
    assert (caught.value.fault, caught.value.status) == (Fault.SESSION_ONLY, status)
    assert len(server.asked) == 1


ASKERS: dict[str, Callable[[Client], Coroutine[Any, Any, object]]] = {
    "/usage": lambda client: legacy.use(client, DAY),
    "/dashboard/billing/usage": lambda client: legacy.bill(client, WEEK),
    "/dashboard/billing/subscription": legacy.subscription,
    "/dashboard/billing/credit_grants": legacy.credit,
    "/organizations/org-a": lambda client: legacy.organization(client, "org-a"),
    "/organizations/org-a/users": lambda client: legacy.members(client, "org-a"),
}


@pytest.mark.parametrize("path", ASKERS)
@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, refusal("The quota is\nused up: " + KEY), (Fault.BAD_REQUEST, "The quota is used up: [key]")),
        (200, {"error": "no such token"}, (Fault.BAD_REQUEST, "no such token")),
        (200, {"error": {"code": 5}}, (Fault.BAD_REQUEST, "")),
        (200, refusal(None) | {"data": []}, (Fault.BAD_REQUEST, "")),
        (200, PAGE, (Fault.NOT_THE_API, None)),
        (200, "[" * 100_000, (Fault.NOT_THE_API, None)),
        (200, "[]", (Fault.NOT_THE_API, None)),
        (200, "{}", (Fault.NOT_THE_API, None)),
        (200, "null", (Fault.NOT_THE_API, None)),
        (401, refusal("Incorrect API key provided: " + KEY), (Fault.KEY_REFUSED, "Incorrect API key provided: [key]")),
        (403, refusal("no"), (Fault.FORBIDDEN, "no")),
        (404, PAGE, (Fault.NOT_FOUND, "")),
        (429, refusal("slowly"), (Fault.RATE_LIMITED, "slowly")),
        (503, PAGE, (Fault.SERVER_ERROR, "")),
    ],
)
async def test_refusals(
    server: Server, path: str, status: int, answer: object, expected: tuple[Fault, str | None]
) -> None:
    server.answers["/v1" + path] = status, answer
    async with client_of(server.url) as client:
        with pytest.raises(ApiError) as caught:
            await ASKERS[path](client)
    fault, detail = expected
    assert caught.value.fault is fault
    assert detail is None or caught.value.detail == detail
    assert "x" * 40 not in repr(caught.value)
    assert ": :" not in str(caught.value)


async def test_an_error_of_null_is_none(server: Server) -> None:
    server.answers["/v1/usage"] = 200, {"error": None, "data": []}
    async with client_of(server.url) as client:
        told = await legacy.use(client, DAY)
        assert not told.records
        assert not told.unread


async def test_an_organization_and_its_members(server: Server) -> None:
    server.answers["/v1/organizations/a%2F..%3Fb%20c"] = 200, {"id": "a/..?b c", "title": "Fjord Labs"}
    server.answers["/v1/organizations/a%2F..%3Fb%20c/users"] = 200, {"members": {"data": [{"user": {"id": "user-a"}}]}}
    async with client_of(server.url) as client:
        assert await legacy.organization(client, "a/..?b c") == Organization("a/..?b c", "Fjord Labs")
        assert await legacy.members(client, "a/..?b c") == [User("user-a", None, None)]


@pytest.mark.parametrize("organization_id", ["", ".", ".."])
async def test_an_id_that_would_be_another_address(server: Server, organization_id: str) -> None:
    async with client_of(server.url) as client:
        for ask in (legacy.organization, legacy.members):
            with pytest.raises(ApiError):
                await ask(client, organization_id)
    assert not server.asked


async def test_every_digit_of_an_amount_survives_the_way(server: Server) -> None:
    cost = "79.68185000000000000000000000000001"
    body = json.dumps({"daily_costs": [day(DAY, "cost")], "total_usage": "cost"}).replace('"cost"}', cost + "}")
    server.answers["/v1/dashboard/billing/usage"] = 200, body.replace(', "total_usage": ' + cost, "")
    async with client_of(server.url) as client:
        (record,) = (await legacy.bill(client, WEEK)).records
    assert record.numbers[0] == Decimal("0.7968185000000000000000000000000001")
    assert datetime.fromtimestamp(record.start, UTC).date() == DAY
