"""Totals, series and rankings agree with each other and with the plain sum of the rows."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import report
from openai_usage.days import Days, last_days, month_of
from openai_usage.protocol import GroupBy
from openai_usage.rows import CompletionsRow, CostRow

TODAY = date(2026, 11, 22)
DAYS = last_days(30, TODAY)
GROUPINGS: tuple[GroupBy, ...] = get_args(GroupBy)

line_items = st.sampled_from(
    [None, "gpt-5, input", "gpt-5, output", "gpt-image-1 text, input", "web search tool calls", "dall-e 3, 1x1"]
    + [f"model-{n}, input" for n in range(12)]
)
cost_rows = st.builds(
    CostRow,
    day=st.sampled_from(list(DAYS)),
    amount=st.integers(-(10**20), 10**24).map(lambda n: Decimal(n).scaleb(-22)),
    currency=st.just("usd"),
    line_item=line_items,
    project_id=st.sampled_from([None, "proj_a", "proj_b"]),
)
completions_rows = st.builds(
    CompletionsRow,
    day=st.sampled_from(list(DAYS)),
    model=st.sampled_from([None, "gpt-5", "gpt-image-1", "other"]),
    input_tokens=st.integers(0, 10**12),
    input_cached_tokens=st.integers(0, 10**9),
    output_tokens=st.integers(0, 10**12),
    num_model_requests=st.integers(0, 10**6),
)


def exact(rows: list[CostRow]) -> Fraction:
    return sum((Fraction(row.amount) for row in rows), Fraction(0))


@given(st.lists(cost_rows, max_size=60), st.sampled_from(GROUPINGS))
def test_every_way_to_cut_the_spend_has_the_same_sum(rows: list[CostRow], group_by: GroupBy) -> None:
    spend = report.spend(rows, DAYS, group_by)
    whole = exact(rows)
    assert Fraction(spend.total) == whole
    assert sum(map(Fraction, spend.daily), Fraction(0)) == whole
    assert sum((Fraction(a) for layer in spend.series for a in layer.amounts), Fraction(0)) == whole
    assert sum((Fraction(share.amount) for share in spend.line_items), Fraction(0)) == whole
    assert sum((Fraction(share.amount) for share in spend.projects), Fraction(0)) == whole
    for index, day in enumerate(DAYS):
        of_day = exact([row for row in rows if row.day == day])
        assert sum((Fraction(layer.amounts[index]) for layer in spend.series), Fraction(0)) == of_day


@given(st.lists(cost_rows, max_size=60))
def test_few_layers_largest_first_and_other_last(rows: list[CostRow]) -> None:
    layers = report.spend(rows, DAYS, "line_item").series
    assert len(layers) <= 8
    assert all(layer.key is not report.OTHER for layer in layers[:-1])
    sums = [sum(layer.amounts) for layer in layers if layer.key is not report.OTHER]
    assert sums == sorted(sums, reverse=True)


@pytest.mark.parametrize(("items", "layers"), [(1, 1), (7, 7), (8, 8), (9, 8), (30, 8)])
def test_other_stands_for_two_or_more(items: int, layers: int) -> None:
    rows = [CostRow(TODAY, Decimal(n), "usd", f"item {n}", None) for n in range(1, items + 1)]
    series = report.spend(rows, DAYS, "line_item").series
    assert len(series) == layers
    assert (series[-1].key is report.OTHER) == (items > 8)
    assert series[0].key == f"item {items}"


@given(st.lists(cost_rows, max_size=40))
def test_the_status_bar_s_figures_are_plain_sums(rows: list[CostRow]) -> None:
    recent = report.recent(rows, TODAY)

    def of(days: Days) -> Fraction:
        return exact([row for row in rows if row.day in days])

    yesterday = TODAY - timedelta(days=1)
    assert Fraction(recent.today) == of(Days(TODAY, TODAY))
    assert Fraction(recent.yesterday) == of(Days(yesterday, yesterday))
    assert Fraction(recent.last_7_days) == of(last_days(7, TODAY))
    assert Fraction(recent.month) == of(month_of(TODAY))
    assert sum((Fraction(share.amount) for share in recent.month_line_items), Fraction(0)) == of(month_of(TODAY))


@given(st.lists(cost_rows, max_size=40), st.lists(completions_rows, max_size=40))
def test_models_hold_all_money_and_all_tokens(costs: list[CostRow], used: list[CompletionsRow]) -> None:
    models = report.models(costs, used)
    assert len({model.key for model in models}) == len(models)
    assert sum((Fraction(model.amount or 0) for model in models), Fraction(0)) == exact(costs)
    whole = report.tokens(used)
    assert sum(model.tokens.total for model in models if model.tokens) == whole.total
    assert sum(model.tokens.num_model_requests for model in models if model.tokens) == whole.num_model_requests
    assert whole.input_tokens == sum(row.input_tokens for row in used)


@pytest.mark.parametrize(
    ("line_item", "model"),
    [
        ("gpt-5.4-2026-03-05, cached input", "gpt-5.4-2026-03-05"),
        ("gpt-image-2.5-flare image, output", "gpt-image-2.5-flare"),
        ("gpt-image-1 text, input", "gpt-image-1"),
        ("dall-e 3, standard, 1024x1792, 1792x1024", "dall-e 3"),
        ("web search tool calls", "web search tool calls"),
        ("Text tokens", "Text tokens"),
        ("", ""),
    ],
)
def test_the_model_a_line_item_bills_for(line_item: str, model: str) -> None:
    assert report.model_of(line_item) == model


def row(amount: str, currency: str, organization: str | None = None) -> CostRow:
    return CostRow(TODAY, Decimal(amount), currency, None, None, organization)


def test_different_currencies_are_never_added_up() -> None:
    bill = report.bill([row("1", "eur"), row("2", "usd"), row("3", "gbp")])
    assert bill.currency == "usd"
    assert [kept.amount for kept in bill.rows] == [Decimal(2)]
    assert bill.left_out == {"eur", "gbp"}


def test_the_currency_is_that_of_the_newest_day() -> None:
    old = CostRow(TODAY - timedelta(days=80), Decimal(1), "usd", None, None)
    bill = report.bill([old, row("1000", "eur")])
    assert bill.currency == "eur"
    assert bill.left_out == {"usd"}


def test_a_bill_in_one_other_currency_is_kept_whole() -> None:
    bill = report.bill([row("1", "eur"), row("0", "usd"), row("2", "eur")])
    assert bill.currency == "eur"
    assert not bill.left_out
    assert exact(bill.rows) == 3


def test_the_newest_name_of_the_organisation_counts() -> None:
    assert report.bill([row("1", "usd", "Old"), row("1", "usd", "New"), row("1", "usd")]).organization_name == "New"
    assert report.bill([]).organization_name is None
