"""OpenAI's own SDK as a witness: what it reads from the demo, without complaint, is what the demo has."""

import inspect
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI
from openai.types.admin.organization.usage_completions_response import (
    DataResultOrganizationUsageCompletionsResult as UsageResult,
)
from openai.types.admin.organization.usage_costs_response import (
    DataResultOrganizationCostsResult as CostsResult,
)

from openai_usage.demo import DEMO_KEY, Organization
from openai_usage.demo.endpoints import CHOICES, COSTS, USAGE, Endpoint
from openai_usage.demo.organization import exact_sum
from openai_usage.demo.roster import DAY
from tests.support.demo_server import DemoServer

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
TODAY = int(NOW.timestamp()) // DAY * DAY
FLOOR = 1_764_979_200  # 2025-12-06, the first day with costs by API key
ORGANIZATION = Organization(now=lambda: NOW)

CostGroup = Literal["project_id", "user_id", "line_item", "api_key_id", "api_source"]
UsageGroup = Literal["project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source"]

ranges = st.tuples(st.integers(0, 420), st.integers(0, 40)).map(
    lambda ago_and_length: (
        TODAY - ago_and_length[0] * DAY,
        min(TODAY + DAY, TODAY + (ago_and_length[1] + 1 - ago_and_length[0]) * DAY),
    )
)
cost_groups: st.SearchStrategy[list[CostGroup]] = st.lists(st.sampled_from(get_args(CostGroup)), unique=True)
usage_groups: st.SearchStrategy[list[UsageGroup]] = st.lists(st.sampled_from(get_args(UsageGroup)), unique=True)


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(ORGANIZATION) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: DemoServer) -> Iterator[OpenAI]:
    with OpenAI(admin_api_key=DEMO_KEY, base_url=server.url, max_retries=0) as client:
        yield client


@given(span=ranges, limit=st.integers(1, 31), group_by=usage_groups)
@settings(max_examples=15)
def test_usage_over_all_pages_is_what_was_used(
    client: OpenAI, span: tuple[int, int], limit: int, group_by: list[UsageGroup]
) -> None:
    rows: list[UsageResult] = []
    days: list[int] = []
    page: str | openai.Omit = openai.omit
    while True:
        body = client.admin.organization.usage.completions(
            start_time=span[0], end_time=span[1], limit=limit, group_by=group_by, page=page
        )
        for bucket in body.data:
            days.append(bucket.start_time)
            for row in bucket.results:
                assert isinstance(row, UsageResult)
                rows.append(row)
        if not body.has_more:
            break
        assert body.next_page is not None
        page = body.next_page
    assert days == list(range(*span, DAY))
    own: Counter[str] = Counter()
    for used in ORGANIZATION.usage("completions", *span):
        own.update(used.counts)
    assert sum(row.num_model_requests for row in rows) == own["requests"]
    assert sum(row.output_tokens for row in rows) == sum(own[f"output_{kind}"] for kind in ("text", "audio", "image"))
    kinds = ("text", "audio", "image", "cached_text", "cached_audio", "cached_image")
    assert sum(row.input_tokens for row in rows) == sum(
        own[kind] for kind in (*kinds, "cache_write_30m", "cache_write_12h")
    )


@given(span=ranges, limit=st.integers(1, 180), group_by=cost_groups)
@settings(max_examples=15)
def test_costs_over_all_pages_are_the_bill_to_the_last_digit(
    client: OpenAI, span: tuple[int, int], limit: int, group_by: list[CostGroup]
) -> None:
    start = max(span[0], FLOOR) if "api_key_id" in group_by else span[0]
    end = max(span[1], start + DAY)
    amounts: list[Decimal] = []
    days: list[int] = []
    page: str | openai.Omit = openai.omit
    while True:
        raw = client.admin.organization.usage.with_raw_response.costs(
            start_time=start, end_time=end, limit=limit, group_by=group_by, page=page
        )
        body = raw.parse()
        assert all(isinstance(row, CostsResult) for bucket in body.data for row in bucket.results)
        # The SDK reads amounts as floats: the digits are in the text only.
        exact: dict[str, Any] = json.loads(raw.text, parse_float=Decimal)
        days += [bucket["start_time"] for bucket in exact["data"]]
        amounts += [Decimal(row["amount"]["value"]) for bucket in exact["data"] for row in bucket["results"]]
        if not body.has_more:
            break
        assert body.next_page is not None
        page = body.next_page
    assert days == list(range(start, end, DAY))
    own = [row for day in range(start // DAY, end // DAY) for row in ORGANIZATION.costs(day)]
    by_owner = "api_key_id" in group_by or "user_id" in group_by
    assert exact_sum(amounts) == exact_sum(row.amount for row in own if row.attributed or not by_owner)


@pytest.mark.parametrize("name", sorted(USAGE))
def test_the_sdk_knows_every_usage_endpoint_and_all_of_its_fields(client: OpenAI, name: str) -> None:
    endpoint = USAGE[name]
    method = getattr(client.admin.organization.usage, name)
    pages = [
        method(start_time=TODAY - DAY, end_time=TODAY, bucket_width=width, group_by=list(endpoint.dimensions))
        for width in ("1m", "1h", "1d")
    ]
    assert [(len(page.data), page.has_more) for page in pages] == [(60, True), (24, False), (1, False)]
    (bucket,) = pages[-1].data
    assert bucket.results
    for row in bucket.results:
        assert row.object == endpoint.result
        fields = {*endpoint.metrics, *endpoint.dimensions}
        # What the SDK does not know it keeps as an extra: then there would be some.
        assert (row.model_extra, fields - type(row).model_fields.keys()) == ({}, set())
        validated = type(row).model_validate(row.model_dump(), strict=True)
        assert validated == row


@pytest.mark.parametrize("endpoint", [*USAGE.values(), COSTS], ids=lambda endpoint: endpoint.path)
def test_every_parameter_is_one_the_sdk_sends(client: OpenAI, endpoint: Endpoint) -> None:
    method = getattr(client.admin.organization.usage, endpoint.path.removeprefix("usage/"))
    signature = inspect.signature(method).parameters
    common = {"start_time", "end_time", "bucket_width", "limit", "page", "group_by"}
    assert {*endpoint.filters, *common} == set(signature) - {"extra_headers", "extra_query", "extra_body", "timeout"}
    values: dict[str, Any] = {name: CHOICES.get(name, ("a",))[:1] for name in endpoint.filters if name != "batch"}
    assert method(start_time=TODAY, group_by=list(endpoint.dimensions), **values).data[0].results == []


def test_projects_page_by_page(client: OpenAI) -> None:
    projects = list(client.admin.organization.projects.list(limit=2, include_archived=True))
    assert [project.id for project in projects] == [project.id for project in ORGANIZATION.projects]
    assert [project.status for project in projects].count("archived") == 2


def test_the_lists_of_a_project(client: OpenAI) -> None:
    projects = client.admin.organization.projects
    for project in projects.list():
        keys = list(projects.api_keys.list(project.id, owner_project_access="any", limit=1))
        assert keys
        objects = [
            projects.retrieve(project.id),
            *keys,
            *projects.service_accounts.list(project.id),
            *projects.users.list(project.id, limit=1),
            *projects.rate_limits.list_rate_limits(project.id),
            *projects.spend_alerts.list(project.id),
        ]
        for each in objects:
            assert each.model_extra in ({}, None)
    support = next(iter(projects.list())).id
    assert projects.spend_limit.retrieve(support).threshold_amount == 9_000


def test_the_organisation_s_people_and_budget(client: OpenAI) -> None:
    organization = client.admin.organization
    users = list(organization.users.list(limit=2))
    assert [user.name for user in users].count(None) == 1
    (research,) = organization.users.list(emails=["research@northwind.example"])
    assert research in users
    assert organization.spend_limit.retrieve().enforcement.status == "enforcing"
    assert [alert.threshold_amount for alert in organization.spend_alerts.list(order="desc")] == [20_000, 15_000]


def test_a_filter(client: OpenAI) -> None:
    project = ORGANIZATION.projects[2].id
    body = client.admin.organization.usage.completions(
        start_time=TODAY, project_ids=[project], group_by=["project_id", "model"], batch=False
    )
    rows = [row for bucket in body.data for row in bucket.results]
    assert rows
    assert {row.project_id for row in rows if isinstance(row, UsageResult)} == {project}


def test_the_refusals_are_the_sdks_own_exceptions(server: DemoServer, client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="Try a start_time on or after 1764979200") as refused:
        client.admin.organization.usage.costs(start_time=FLOOR - DAY, group_by=["api_key_id"])
    assert (refused.value.param, refused.value.code) == ("start_time", "invalid_request_error")
    with OpenAI(admin_api_key="sk-" + "x" * 40, base_url=server.url, max_retries=0) as other:
        with pytest.raises(openai.PermissionDeniedError, match=r"Missing scopes: api\.usage\.read\."):
            other.admin.organization.usage.costs(start_time=TODAY)
        with pytest.raises(openai.PermissionDeniedError, match=r"Missing scopes: api\.management\.read\."):
            other.admin.organization.projects.list()
    with OpenAI(admin_api_key=DEMO_KEY + "-revoked", base_url=server.url, max_retries=0) as revoked:
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided") as unknown:
            revoked.admin.organization.usage.costs(start_time=TODAY)
        assert unknown.value.code == "invalid_api_key"
