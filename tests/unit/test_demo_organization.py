"""The made-up organisation: the same for ever, believable, and as odd as a real one."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage.demo.catalogue import Metrics
from openai_usage.demo.organization import DAY, CostRow, Organization, UsageRow, exact_sum

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)  # a Friday
TODAY = int(NOW.timestamp()) // DAY
FOUNDED = int(datetime(2024, 9, 2, tzinfo=UTC).timestamp()) // DAY

days = st.integers(FOUNDED - 3, TODAY)
seconds = st.integers(0, 4 * DAY)


def at(moment: datetime, seed: int = 1) -> Organization:
    return Organization(seed, lambda: moment)


def total(rows: Iterable[UsageRow]) -> Metrics:
    metrics = Metrics()
    for row in rows:
        metrics = metrics.plus(row.metrics)
    return metrics


def billed(rows: Iterable[CostRow]) -> Decimal:
    return exact_sum(row.amount for row in rows)


def usage_of(organization: Organization, day: int) -> list[UsageRow]:
    return list(organization.usage(day * DAY, (day + 1) * DAY))


def year(organization: Organization) -> list[CostRow]:
    return [row for day in range(TODAY - 365, TODAY) for row in organization.costs(day)]


@pytest.fixture(scope="module")
def organization() -> Organization:
    return at(NOW)


@given(day=days, later=st.timedeltas(timedelta(), timedelta(days=900)))
@settings(deadline=None, max_examples=50)
def test_a_finished_day_never_changes(day: int, later: timedelta) -> None:
    end = datetime.fromtimestamp((day + 1) * DAY, UTC)
    then, since = at(end), at(end + later)
    assert then.costs(day) == since.costs(day)
    assert usage_of(then, day) == usage_of(since, day)


@given(day=days, moments=st.tuples(st.integers(0, DAY), st.integers(0, DAY)).map(sorted))
@settings(deadline=None, max_examples=50)
def test_today_only_grows(day: int, moments: list[int]) -> None:
    early, late = (at(datetime.fromtimestamp(day * DAY + second, UTC)) for second in moments)
    assert all(
        before <= after for before, after in zip(total(usage_of(early, day)), total(usage_of(late, day)), strict=True)
    )
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


@given(day=days, cuts=st.tuples(seconds, seconds, seconds).map(sorted))
@settings(deadline=None, max_examples=50)
def test_usage_adds_up_wherever_it_is_cut(day: int, cuts: list[int]) -> None:
    organization = at(NOW)
    first, second, third = (day * DAY + cut for cut in cuts)
    parts = total(organization.usage(first, second)).plus(total(organization.usage(second, third)))
    assert parts == total(organization.usage(first, third))


@given(first=st.integers(FOUNDED, TODAY - 28))
@settings(deadline=None, max_examples=25)
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
        assert 60 < billed(row for day in range(end - 30, end) for row in organization.costs(day)) < 150
    assert 2 < billed(organization.costs(TODAY)) < 6


def test_spending_grows_slowly(organization: Organization) -> None:
    quarters = [
        billed(row for day in range(TODAY - ago, TODAY - ago + 91) for row in organization.costs(day))
        for ago in (728, 364, 91)
    ]
    assert quarters == sorted(quarters)


@given(day=days)
@settings(deadline=None, max_examples=50)
def test_the_bill_charges_the_tokens_that_were_used(day: int) -> None:
    organization = at(NOW)
    tokens: Counter[tuple[str, str | None]] = Counter()
    for row in usage_of(organization, day):
        tokens[row.project_id, row.api_key_id] += sum(row.metrics) - row.metrics.requests
    charged: Counter[tuple[str, str | None]] = Counter()
    for bill in organization.costs(day):
        if bill.quantity_unit == "tokens" and bill.amount:
            charged[bill.project_id, bill.api_key_id] += bill.quantity or 0
    assert charged == tokens


def test_the_oddities_of_real_bills_are_there(organization: Organization) -> None:
    rows = year(organization)
    assert {str(row.amount) for row in rows if not row.amount} == {"0E-6176"}
    assert any(row.amount < 0 and row.api_key_id is None for row in rows)
    exponents = [int(row.amount.as_tuple().exponent) for row in rows if row.amount]
    assert min(exponents) == -34
    quiet = [day for day in range(TODAY - 365, TODAY) if not organization.costs(day)]
    assert 3 <= len(quiet) <= 20
    assert not any(usage_of(organization, day) for day in quiet)
    doubled = [day for day in range(TODAY - 365, TODAY) if any(row.shard for row in organization.costs(day))]
    assert 10 <= len(doubled) <= 100


def test_nothing_before_the_founding_and_nothing_in_the_future(organization: Organization) -> None:
    assert organization.costs(FOUNDED)
    assert usage_of(organization, FOUNDED)
    for day in (FOUNDED - 1, TODAY + 1, -1):
        assert organization.costs(day) == ()
        assert usage_of(organization, day) == []
    assert list(organization.usage(organization.clock(), organization.clock() + DAY)) == []
    assert TODAY - FOUNDED > 400


def test_projects_come_and_go() -> None:
    assert [project.name for project in at(datetime(2024, 9, 3, tzinfo=UTC)).projects] == [
        "Support assistant",
        "Prototypes",
    ]
    archived = [project.name for project in at(NOW).projects if project.archived_at is not None]
    assert archived == ["Prototypes"]
    assert all(project.archived_at is None for project in at(datetime(2026, 2, 26, tzinfo=UTC)).projects)


def test_a_long_sum_keeps_every_digit() -> None:
    small = Decimal("0.0000000000000000000000000000000001")
    assert exact_sum([Decimal(1234567), small, small]) == Decimal("1234567.0000000000000000000000000000000002")
    assert str(exact_sum([Decimal("0E-6176"), Decimal("1.5")])) == "1.5"
    assert str(exact_sum([Decimal("0E-6176")])) == "0E-6176"
    assert exact_sum([]) == 0
