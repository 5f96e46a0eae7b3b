"""OpenAI's own SDK and this server read the same account: their totals are equal, to the last digit."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI
from pydantic import SecretStr

from openai_usage import openai_api, report
from openai_usage.days import Days, day_of
from openai_usage.demo import DEMO_KEY, Organization
from openai_usage.openai_api import Client
from openai_usage.rows import CompletionsRow, CostRow
from tests.support.demo_server import DemoServer

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
TODAY = NOW.date()

periods = st.builds(
    lambda ago, length: Days(TODAY - timedelta(days=ago), min(TODAY, TODAY - timedelta(days=ago - length))),
    st.integers(0, 200),
    st.integers(0, 95),
)


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(Organization(now=lambda: NOW)) as running:
        yield running


@pytest.fixture(scope="module")
def sdk(server: DemoServer) -> Iterator[OpenAI]:
    with OpenAI(admin_api_key=DEMO_KEY, base_url=server.url, max_retries=0) as client:
        yield client


def read(url: str, days: Days) -> tuple[list[CostRow], list[CompletionsRow], dict[str, str]]:
    async def ask() -> tuple[list[CostRow], list[CompletionsRow], dict[str, str]]:
        client = Client(url, SecretStr(DEMO_KEY))
        try:
            return await asyncio.gather(
                openai_api.costs(client, days, TODAY),
                openai_api.completions(client, days, TODAY),
                openai_api.project_names(client),
            )
        finally:
            await client.aclose()

    return asyncio.run(ask())


def pages(method: Any, days: Days, group_by: list[str]) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - two SDK methods
    """The buckets the SDK gets, as raw JSON: its own models hold amounts as floats."""
    cursor: dict[str, str] = {}
    while True:
        answer = method(start_time=days.start_time, end_time=days.end_time, limit=7, group_by=group_by, **cursor)
        page = json.loads(answer.http_response.text, parse_float=Decimal)
        yield from page["data"]
        if not page["has_more"]:
            return
        cursor = {"page": page["next_page"]}


@given(days=periods)
@settings(deadline=None, max_examples=12)
def test_totals_equal_the_sdk_s(server: DemoServer, sdk: OpenAI, days: Days) -> None:
    cost_rows, completions_rows, names = read(server.url, days)
    usage = sdk.admin.organization.usage.with_raw_response

    # Grouped differently than the server groups, so that agreement is no accident.
    daily: dict[date, Fraction] = defaultdict(Fraction)
    for bucket in pages(usage.costs, days, []):
        for row in bucket["results"]:
            daily[day_of(bucket["start_time"])] += Fraction(row["amount"]["value"])
    by_item: dict[str, Fraction] = defaultdict(Fraction)
    for bucket in pages(usage.costs, days, ["line_item"]):
        for row in bucket["results"]:
            by_item[row["line_item"]] += Fraction(row["amount"]["value"])

    spend = report.spend(cost_rows, days, "line_item")
    assert Fraction(spend.total) == sum(daily.values(), Fraction(0)) == sum(by_item.values(), Fraction(0))
    assert {day: Fraction(amount) for day, amount in zip(days, spend.daily, strict=True)} == {
        day: daily[day] for day in days
    }
    assert {share.key: Fraction(share.amount) for share in spend.line_items} == by_item

    used = report.tokens(completions_rows)
    results = [row for bucket in pages(usage.completions, days, ["model", "api_key_id"]) for row in bucket["results"]]
    assert used.input_tokens == sum(row["input_tokens"] for row in results)
    assert used.input_cached_tokens == sum(row["input_cached_tokens"] or 0 for row in results)
    assert used.output_tokens == sum(row["output_tokens"] for row in results)
    assert used.num_model_requests == sum(row["num_model_requests"] for row in results)

    assert names == {
        project.id: project.name for project in sdk.admin.organization.projects.list(include_archived=True)
    }
