"""The made-up organisation: the same for ever, believable, and as odd as a real one."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage.demo.endpoints import USAGE
from openai_usage.demo.organization import CostRow, Organization, UsageRow, exact_sum
from openai_usage.demo.roster import DAY

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)  # a Friday
TODAY = int(NOW.timestamp()) // DAY
FOUNDED = int(datetime(2024, 9, 2, tzinfo=UTC).timestamp()) // DAY

TOKENS = {kind for name in ("input_tokens", "output_tokens") for kind in USAGE["completions"].metrics[name]}

days = st.integers(FOUNDED - 3, TODAY)
seconds = st.integers(0, 4 * DAY)


def at(moment: datetime, seed: int = 1) -> Organization:
    return Organization(seed, lambda: moment)


def total(rows: Iterable[UsageRow]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.counts)
    return counts


def billed(rows: Iterable[CostRow]) -> Decimal:
    return exact_sum(row.amount for row in rows)


def usage_of(organization: Organization, day: int, *capabilities: str) -> list[UsageRow]:
    """Of every capability unless some are named. A workload that two of them report is there twice."""
    return [
        row
        for capability in capabilities or USAGE
        for row in organization.usage(capability, day * DAY, (day + 1) * DAY)
    ]


def year(organization: Organization) -> list[CostRow]:
    return [row for day in range(TODAY - 365, TODAY) for row in organization.costs(day)]


@pytest.fixture(scope="module")
def organization() -> Organization:
    return at(NOW)


@given(day=days, later=st.timedeltas(timedelta(), timedelta(days=900)))
@settings(max_examples=50)
def test_a_finished_day_never_changes(day: int, later: timedelta) -> None:
    end = datetime.fromtimestamp((day + 1) * DAY, UTC)
    then, since = at(end), at(end + later)
    assert then.costs(day) == since.costs(day)
    assert usage_of(then, day) == usage_of(since, day)


@given(day=days, moments=st.tuples(st.integers(0, DAY), st.integers(0, DAY)).map(sorted))
@settings(max_examples=50)
def test_today_only_grows(day: int, moments: list[int]) -> None:
    early, late = (at(datetime.fromtimestamp(day * DAY + second, UTC)) for second in moments)
    assert total(usage_of(early, day)) <= total(usage_of(late, day))
    charged = [billed(row for row in each.costs(day) if row.amount > 0) for each in (early, late)]
    assert charged[0] <= charged[1]


def test_today_moves_by_the_minute() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    moments = [noon + timedelta(seconds=second) for second in (0, 59.9, 60 * 30)]
    bills = [billed(at(moment).costs(TODAY)) for moment in moments]
    assert bills[0] == bills[1] < bills[2]


def test_equal_seeds_are_equal_and_others_are_not(organization: Organization) -> None:
    assert year(organization) == year(at(NOW))
    assert organization.projects == at(NOW).projects
    other = at(NOW, seed=2)
    assert billed(year(organization)) != billed(year(other))
    assert {project.id for project in organization.projects}.isdisjoint(project.id for project in other.projects)


@given(day=days, cuts=st.tuples(seconds, seconds, seconds).map(sorted), capability=st.sampled_from(sorted(USAGE)))
@settings(max_examples=100)
def test_usage_adds_up_wherever_it_is_cut(day: int, cuts: list[int], capability: str) -> None:
    organization = at(NOW)
    first, second, third = (day * DAY + cut for cut in cuts)
    parts = total(organization.usage(capability, first, second)) + total(organization.usage(capability, second, third))
    assert parts == +total(organization.usage(capability, first, third))


@given(first=st.integers(FOUNDED, TODAY - 28))
@settings(max_examples=25)
def test_weekdays_are_busier_than_weekends(first: int) -> None:
    organization = at(NOW)
    bills = [(day, billed(organization.costs(day))) for day in range(first, first + 28)]
    weekend = [bill for day, bill in bills if datetime.fromtimestamp(day * DAY, UTC).weekday() >= 5]
    weekdays = [bill for day, bill in bills if datetime.fromtimestamp(day * DAY, UTC).weekday() < 5]
    assert sum(weekdays) / len(weekdays) > Decimal("1.5") * sum(weekend) / len(weekend)


def test_time_may_go_back(organization: Organization) -> None:
    moment = NOW
    moving = Organization(now=lambda: moment)
    assert moving.costs(TODAY - 1) == organization.costs(TODAY - 1)
    moment = NOW - timedelta(days=1)
    assert moving.costs(TODAY) == ()
    assert moving.costs(TODAY - 1) == at(moment).costs(TODAY - 1) != organization.costs(TODAY - 1)


def test_a_month_costs_what_a_small_team_spends(organization: Organization) -> None:
    for end in range(TODAY - 330, TODAY + 1, 30):
        assert 100 < billed(row for day in range(end - 30, end) for row in organization.costs(day)) < 200
    assert 3 < billed(organization.costs(TODAY)) < 8


def test_every_capability_is_used_on_a_working_day_and_billed(organization: Organization) -> None:
    for capability, endpoint in USAGE.items():
        used = total(usage_of(organization, TODAY, capability))
        for metric in ("num_model_requests", "num_requests", "usage_bytes", "num_sessions"):
            for kind in endpoint.metrics.get(metric, ()):
                assert used[kind] > 0
    billed_for = {row.line_item for row in organization.costs(TODAY)}
    assert billed_for > {
        "dall-e 3, standard, 1024x1024",
        "file search tool calls",
        "gpt-6-astra, input_tokens",
        "omni-moderation-latest, input",
        "text-embedding-3-large, input",
        "tts-1",
        "vector store storage",
        "web search tool calls",
        "whisper-1",
        "code interpreter sessions",
    }
    by_project: Counter[str] = Counter()
    for row in organization.costs(TODAY):
        by_project[row.project_id] += 1
    assert len(by_project) == 5


def test_spending_grows_slowly(organization: Organization) -> None:
    quarters = [
        billed(row for day in range(TODAY - ago, TODAY - ago + 91) for row in organization.costs(day))
        for ago in (728, 364, 91)
    ]
    assert quarters == sorted(quarters)


@given(day=days)
@settings(max_examples=50)
def test_the_bill_charges_the_tokens_that_were_used(day: int) -> None:
    organization = at(NOW)
    tokens: Counter[tuple[str, str | None]] = Counter()
    for row in usage_of(organization, day, "completions", "embeddings", "moderations", "decisions"):
        if not row.model or "ada" not in row.model:  # billed by the thousand
            used = [row.counts.get(kind, 0) for kind in TOKENS]
            tokens[row.project_id, row.api_key_id] += sum(used)
    charged: Counter[tuple[str, str | None]] = Counter()
    for bill in organization.costs(day):
        if bill.quantity_unit == "tokens":
            assert isinstance(bill.quantity, int)
            charged[bill.project_id, bill.api_key_id] += bill.quantity
    assert charged == +tokens


def test_other_units_are_charged_too(organization: Organization) -> None:
    used = total(usage_of(organization, TODAY - 1))
    quantities: dict[str | None, Decimal] = {}
    for row in organization.costs(TODAY - 1):
        quantities[row.quantity_unit] = quantities.get(row.quantity_unit, Decimal(0)) + (row.quantity or 0)
    assert quantities["images"] == used["images"]
    assert quantities["characters"] == used["characters"]
    assert quantities["duration_seconds"] == used["seconds"]
    assert quantities["gibibyte_hours"] == (Decimal(used["bytes"]) * 24 / 2**30).quantize(Decimal("0.000001"))
    while_prototyping = organization.costs(TODAY - 300)
    assert any(row.quantity_unit == "1000_tokens" and row.quantity and row.quantity % 1 for row in while_prototyping)


def test_the_oddities_of_real_bills_are_there(organization: Organization) -> None:
    rows = year(organization)
    assert {str(row.amount) for row in rows if not row.amount} == {"0E-6176"}
    assert any(row.amount < 0 and row.api_key_id is None for row in rows)
    assert {(row.api_key_id, row.user_id) for row in rows if not row.attributed} == {(None, None)}
    unattributed = [row.amount for row in rows if not row.attributed]
    assert 90 < len(unattributed) < 150
    assert all(Decimal("0.01") < amount < Decimal("0.05") for amount in unattributed)
    assert {row.line_item for row in rows} > {
        "ft:gpt-4o-mini-2024-07-18:northwind::abc12345, output",
        "dall-e 3, standard, 1024x1792, 1792x1024",
    }
    exponents = [int(row.amount.as_tuple().exponent) for row in rows if row.amount]
    assert min(exponents) == -34
    quiet = [day for day in range(TODAY - 365, TODAY) if not organization.costs(day)]
    assert 3 <= len(quiet) <= 20
    assert not any(usage_of(organization, day) for day in quiet)
    assert {row.service_tier for row in usage_of(organization, TODAY - 1)} | {
        row.service_tier for row in usage_of(organization, TODAY - 2)
    } == {"default", "priority", "flex", "experimental"}
    doubled = [day for day in range(TODAY - 365, TODAY) if any(row.shard for row in organization.costs(day))]
    assert 10 <= len(doubled) <= 100


def test_nothing_before_the_founding_and_nothing_in_the_future(organization: Organization) -> None:
    assert organization.costs(FOUNDED)
    assert usage_of(organization, FOUNDED)
    for day in (FOUNDED - 1, TODAY + 1, -1):
        assert organization.costs(day) == ()
        assert usage_of(organization, day) == []
    for capability in USAGE:
        assert list(organization.usage(capability, organization.clock(), organization.clock() + DAY)) == []
    assert TODAY - FOUNDED > 400


def test_projects_come_and_go() -> None:
    assert [project.name for project in at(datetime(2024, 9, 3, tzinfo=UTC)).projects] == [
        "Support assistant",
        "Prototypes",
    ]
    archived = [project.name for project in at(NOW).projects if project.archived_at is not None]
    assert archived == ["Prototypes", "Hackathon"]
    assert all(project.archived_at is None for project in at(datetime(2025, 8, 31, tzinfo=UTC)).projects)


def test_archived_projects_and_deleted_keys_have_a_past(organization: Organization) -> None:
    for project in organization.projects:
        if project.archived_at is not None:
            last = project.archived_at // DAY
            spent = [
                billed(row for row in organization.costs(day) if row.project_id == project.id)
                for day in (last - 3, last)
            ]
            assert spent[0] > 0
            assert spent[1] == 0
    listed = {
        key.id
        for project in organization.projects
        for key in organization.roster.keys(organization.clock(), project.id)
    }
    recently = {row.api_key_id for day in range(TODAY - 29, TODAY + 1) for row in organization.costs(day)}
    assert len(recently - listed - {None}) == 1
    assert 10 <= len(listed) <= 14


def test_without_decisions_there_is_no_trace_of_them() -> None:
    older = Organization(now=lambda: NOW, decisions=False)
    assert usage_of(older, TODAY, "decisions") == []
    assert not any(row.line_item.startswith("gpt-6-astra") for row in older.costs(TODAY))


def test_the_cents_that_are_not_attributed_can_be_left_out() -> None:
    tidy = Organization(now=lambda: NOW, unattributed=False)
    assert all(row.attributed for row in year(tidy))
    assert billed(year(tidy)) < billed(year(at(NOW)))


def test_the_large_organisation() -> None:
    large = Organization.large(now=lambda: NOW)
    assert len(large.projects) == 12
    keys = {key.id for project in large.projects for key in large.roster.keys(large.clock(), project.id)}
    assert 550 < len(keys) < 600  # some are deleted
    assert len([member for member in large.roster.members(large.clock()) if not member.service_account]) == 250
    used = {row.api_key_id for day in range(TODAY - 30, TODAY) for row in usage_of(large, day)}
    assert len(used) > 500
    day = usage_of(large, TODAY - 1, "completions")
    assert 50 < len(day) < 250
    small = Organization.large(keys=30, users=5, projects=2, seed=7, now=lambda: NOW)
    assert len(small.projects) == 2
    assert small.id != large.id


def test_a_long_sum_keeps_every_digit() -> None:
    small = Decimal("0.0000000000000000000000000000000001")
    assert exact_sum([Decimal(1234567), small, small]) == Decimal("1234567.0000000000000000000000000000000002")
    assert str(exact_sum([Decimal("0E-6176"), Decimal("1.5")])) == "1.5"
    assert str(exact_sum([Decimal("0E-6176")])) == "0E-6176"
    assert exact_sum([]) == 0
