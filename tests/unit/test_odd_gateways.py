"""Gateways that imitate the endpoints of 2023 in their own ways: what is made of each, and what is not."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from openai_usage import credentials, fetch, pricing, views
from openai_usage.account import OneSum
from openai_usage.credentials import Credential, UnfitKey
from openai_usage.days import last_days, midnight
from openai_usage.fetch.legacy import USE
from openai_usage.openai_api import Client
from openai_usage.protocol import Metric, PanelView, Selection
from openai_usage.queries import TOTAL
from openai_usage.scope import FIRST_SELECTION
from openai_usage.source import Source
from openai_usage.store import Store
from openai_usage.views import State
from tests.support.of_2023 import chosen, state_of

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GATEWAY = "https://gateway.example/v1"
OPENAI = "https://api.openai.com/v1"
DAY = timedelta(days=1)

Json = Any
Answer = Callable[[httpx.Request], Json]


class Gateway:
    """Answers each path as it is told; a text is answered as a page, a number as a status, others as JSON."""

    def __init__(self, **answers: Json | Answer) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.now = NOW
        self.store = Store(source=Source("legacy"))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url).removeprefix("https://gateway.example"))
        path = request.url.path.removeprefix("/v1").removeprefix("/dashboard/billing")
        name = "bill" if "/dashboard/billing/usage" in request.url.path else path.strip("/").replace("/", "_")
        found = self.answers.get(name, 404)
        found = found(request) if callable(found) else found
        if isinstance(found, int):
            return httpx.Response(found, json={"error": {"message": "no", "type": "x"}})
        if isinstance(found, str):
            return httpx.Response(200, text=found, headers={"content-type": "text/html"})
        return httpx.Response(200, json=found)

    async def look(self, days: int = 0) -> None:
        """One look at the bill and the account, and the newest days of use."""
        client = Client(GATEWAY, SecretStr("sk-" + "x" * 40), transport=httpx.MockTransport(self._answer))
        self.store.asked = self.store.since = self.now
        questions = fetch.shown(self.store, fetch.Seen(chosen(self.store, self.now)), self.now.date())
        await self._ask(client, questions)
        for day in reversed(list(last_days(days, self.now.date())) if days else []):
            await self._ask(client, [fetch.legacy.use(day, None)])
        await client.aclose()
        self.now += timedelta(minutes=1)

    async def _ask(self, client: Client, questions: list[fetch.Question]) -> None:
        failures = await fetch.read(client, self.store, questions, self.now)
        for topic in {question.topic for question in questions}:
            self.store.failures.pop(topic, None)
        self.store.failures |= failures

    def state(self, base_url: str = GATEWAY, selection: Selection = FIRST_SELECTION) -> State:
        return state_of(self.store, self.now, selection, base_url=base_url)

    def panel(self, base_url: str = GATEWAY) -> PanelView:
        return views.panel_view(self.state(base_url))

    def status(self) -> str:
        return views.status_view(self.state()).text

    def metric(self, name: str) -> Metric | None:
        return next((one for one in self.panel().metrics if one.id == name), None)

    def notices(self) -> dict[str, str]:
        return {one.id: one.text for one in self.panel().notices}


def listed(cents: Callable[[date], str | None], first: int = 40, offset: int = 0) -> list[Json]:
    days = (TODAY - n * DAY for n in range(first, -1, -1))
    return [
        {"timestamp": midnight(day) + offset, "line_items": [{"name": "Chat models", "cost": float(cost)}]}
        for day in days
        if (cost := cents(day)) is not None
    ]


def within(request: httpx.Request, days: list[Json]) -> list[Json]:
    first, end = (midnight(date.fromisoformat(request.url.params[one])) for one in ("start_date", "end_date"))
    return [one for one in days if first <= one["timestamp"] < end]


def bill(days: list[Json], *, total: bool = True) -> Answer:
    def answer(request: httpx.Request) -> Json:
        found = within(request, days)
        cents = sum(Decimal(str(item["cost"])) for one in found for item in one["line_items"])
        return {"object": "list", "daily_costs": found, **({"total_usage": float(cents)} if total else {})}

    return answer


def use(*rows: Json) -> Json:
    return {"object": "list", "data": list(rows), "ft_data": []}


def row(request: httpx.Request, tokens: int = 1000, **more: Json) -> Json:
    start = midnight(date.fromisoformat(request.url.params["date"]))
    made = {
        "aggregation_timestamp": start + 300, "n_requests": 1, "operation": "completion", "snapshot_id": "gpt-4o",
        "n_context_tokens_total": tokens, "n_generated_tokens_total": 0,
    }  # fmt: skip
    return {**made, **more}


# One sum.


async def test_a_key_that_is_used_meanwhile_has_a_sum_of_all_times() -> None:
    """Between two questions it may grow: that does not make it one by dates."""
    sums = iter(range(1000, 2000))
    gateway = Gateway(bill=lambda _: {"total_usage": next(sums)}, subscription={"hard_limit_usd": 50})
    await gateway.look()
    assert gateway.store.account.one_sum == OneSum(Decimal(10), None)
    assert gateway.status() == "$(graph) $10.00 used of $50.00"
    await gateway.look()
    assert gateway.status() == "$(graph) $10.02 used of $50.00"


async def test_a_server_that_refuses_days_of_long_ago_keeps_its_sum() -> None:
    def answer(request: httpx.Request) -> Json:
        return 400 if request.url.params["start_date"] < "2023" else {"total_usage": 1234.5}

    gateway = Gateway(bill=answer)
    await gateway.look()
    assert TOTAL not in gateway.store.failures
    assert gateway.status() == "$(graph) $12.35 used"
    assert "since" in gateway.notices()["one-sum"]


async def test_a_server_that_tells_days_no_more_shows_none_of_them_as_todays() -> None:
    gateway = Gateway(bill=bill(listed(lambda _: "100")))
    await gateway.look()
    assert gateway.status() == "$(graph) $1.00 today · $22.00 this month"
    gateway.answers["bill"] = {"total_usage": 77700}
    await gateway.look()
    assert gateway.status() == "$(graph) $777.00 used"
    assert gateway.metric("today") is None


async def test_what_is_no_limit_and_what_is_one() -> None:
    gateway = Gateway(bill={"total_usage": 100}, subscription={"hard_limit_usd": 100_000_000})
    await gateway.look()
    assert (gateway.metric("left") or pytest.fail("nothing")).text == "No limit"
    gateway.answers["subscription"] = {"hard_limit_usd": 600_000_000}
    await gateway.look()
    assert gateway.status() == "$(graph) $1.00 used of $600,000,000.00"


async def test_a_key_that_has_ended_is_not_said_to_be_good() -> None:
    ended = midnight(date(2024, 11, 14))
    gateway = Gateway(bill={"total_usage": 100}, subscription={"hard_limit_usd": 5, "access_until": ended})
    await gateway.look()
    assert "ended on 14 Nov 2024" in ((gateway.metric("left") or pytest.fail("nothing")).detail or "")


async def test_a_limit_that_is_told_no_more_is_the_last_one() -> None:
    gateway = Gateway(bill={"total_usage": 100}, subscription={"hard_limit_usd": 5})
    await gateway.look()
    gateway.answers["subscription"] = 404
    await gateway.look()
    assert gateway.status() == "$(graph) $1.00 used of $5.00"
    assert "could not be read again" in gateway.notices()["subscription-problem"]


# Days.


async def test_a_gateways_limit_is_no_budget_of_a_month() -> None:
    answers = {"bill": bill(listed(lambda _: "100")), "subscription": {"hard_limit_usd": 20}}
    gateway = Gateway(**answers)
    await gateway.look()
    assert gateway.metric("budget") is None
    found = gateway.metric("limit") or pytest.fail("nothing")
    assert (found.value, found.share) == ("20", None)
    assert {one.id for one in gateway.panel(OPENAI).metrics} >= {"budget"}


async def test_days_that_are_not_listed_are_nothing_where_the_total_says_so() -> None:
    gateway = Gateway(bill=bill(listed(lambda day: "100" if day >= TODAY - 3 * DAY else None)))
    await gateway.look()
    assert gateway.store.account.doubts == ()
    assert gateway.status() == "$(graph) $1.00 today · $4.00 this month"


async def test_days_that_are_not_listed_and_in_no_total_are_doubted() -> None:
    gateway = Gateway(bill=bill(listed(lambda day: "100" if day >= TODAY - 3 * DAY else None), total=False))
    await gateway.look()
    assert any("does not list 26 days" in text for text in gateway.notices().values())
    assert gateway.status().startswith("$(warning)")


async def test_days_of_another_time_zone_are_said_to_be() -> None:
    gateway = Gateway(bill=bill(listed(lambda _: "100", offset=-8 * 3600)))
    await gateway.look()
    assert "do not begin at midnight UTC" in gateway.notices()["other-days"]


async def test_a_total_is_doubted_in_its_own_days() -> None:
    """Every day twice, in the shown period and in the one before: each is told of where it is shown."""
    once = listed(lambda _: "100", first=80)

    def answer(request: httpx.Request) -> Json:
        found = within(request, once)
        return {"daily_costs": [*found, *found], "total_usage": 100.0 * len(found)}

    gateway = Gateway(bill=answer)
    await gateway.look()
    client = Client(GATEWAY, SecretStr("sk-" + "x" * 40), transport=httpx.MockTransport(gateway._answer))  # noqa: SLF001
    before = fetch.compared(gateway.store, chosen(gateway.store, NOW))
    assert before
    assert not await fetch.read(client, gateway.store, before, NOW)
    await client.aclose()
    assert len(gateway.store.account.doubts) == 2
    found = [text for name, text in gateway.notices().items() if name.startswith("disagreement")]
    assert len(found) == 1
    assert "24 Oct – 22 Nov 2026" in found[0]
    assert gateway.status().startswith("$(warning)")


# Pages in the place of answers.


@pytest.mark.parametrize("page", ["<html>sign in</html>", ""])
async def test_a_page_in_the_place_of_the_bill_does_not_keep_use_from_being_shown(page: str) -> None:
    pricing.load()
    gateway = Gateway(bill=page, usage=lambda request: use(row(request)))
    await gateway.look(days=5)
    assert not gateway.store.told.has_bill
    assert gateway.status().startswith("$(graph) ≈ $")
    assert "no-bill" in gateway.notices()


# Use.


async def test_use_that_is_told_no_more_is_not_taken_for_none() -> None:
    pricing.load()
    last = TODAY - 6 * DAY

    def answer(request: httpx.Request) -> Json:
        return use(row(request, 1_000_000)) if date.fromisoformat(request.url.params["date"]) <= last else use()

    gateway = Gateway(bill=403, usage=answer)
    await gateway.look(days=22)
    assert "$0.00" not in gateway.status()
    assert gateway.status().endswith("+ this month")
    assert "an empty answer does not mean" in gateway.notices()["unfilled"]
    assert (gateway.metric("tokens") or pytest.fail("nothing")).detail.startswith("or more")  # type: ignore[union-attr]


async def test_a_person_is_one_user_by_whatever_rows_and_lists_call_them() -> None:
    pricing.load()
    organization = {"organization_id": "org-made-up", "organization_name": "Made up"}
    users = [
        {"id": f"user-{name.lower()}", "name": name, "email": f"{name.lower()}@example.com"} for name in ("Ada", "Bob")
    ]
    gateway = Gateway(
        bill=403,
        usage=lambda request: use(row(request, email="ada@example.com") | organization),
        **{"organizations_org-made-up_users": {"members": {"data": [{"user": one} for one in users]}}},
    )
    for _ in range(2):
        await gateway.look(days=2)
        client = Client(GATEWAY, SecretStr("sk-" + "x" * 40), transport=httpx.MockTransport(gateway._answer))  # noqa: SLF001
        assert not await fetch.read(client, gateway.store, fetch.names(gateway.store), gateway.now)
        await client.aclose()
    directory = gateway.store.directory or pytest.fail("nobody")
    assert {one.name for one in directory.users.values()} == {"Ada", "Bob"}
    assert set(directory.users) == {"ada@example.com", "user-bob"}
    panel = views.panel_view(gateway.state(selection=Selection(user_ids=["ada@example.com"])))
    tokens = next(one for one in panel.metrics if one.id == "tokens")
    assert tokens.value == "2000"


async def test_each_day_is_one_request_whatever_comes_of_it() -> None:
    gateway = Gateway(bill=403, usage=500)
    await gateway.look(days=1)
    assert [one for one in gateway.asked if one.startswith("/v1/usage")] == ["/v1/usage?date=2026-11-22"]
    assert USE in gateway.store.failures


# Keys of other programs.


@pytest.mark.parametrize("key", ["gsk_" + "x" * 40, "x" * 40, "sk-proj-" + "x" * 40])
def test_what_is_there_for_other_programs_is_not_sent_to_openai(key: str) -> None:
    found = credentials.find({"OPENAI_API_KEY": key})
    assert isinstance(found, Credential)
    assert isinstance(credentials.fit_for(found, openai=True), UnfitKey)
    assert credentials.fit_for(found, openai=False) is found
    assert not credentials.is_for_legacy(found, openai=True)
    assert credentials.is_for_legacy(found, openai=False)


def test_answers_are_json() -> None:
    """What the gateways here answer can be written at all."""
    assert json.loads(json.dumps(use(row(httpx.Request("GET", GATEWAY, params={"date": "2026-11-22"})))))
