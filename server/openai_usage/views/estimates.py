"""Estimates in words: what use comes to at list prices. They stand beside what was billed, and never in its place."""

from dataclasses import replace
from decimal import Decimal

from openai_usage import money, protocol
from openai_usage.queries import cost_query, given
from openai_usage.report import Estimate, Report
from openai_usage.views.numbers import days_text, ratio
from openai_usage.views.state import State
from openai_usage.views.words import ESTIMATED, NOT_BILLED_BY_KEY, NOT_YET_BILLED, listed


def estimate_text(state: State, amount: Decimal) -> str:
    """Never without its sign: "≈ $5.10"."""
    return f"≈ {state.money(amount)}"


def not_yet_billed(state: State, billed: Decimal, estimate: Estimate | None) -> protocol.Estimate | None:
    """What today's use comes to, where that is more than was billed so far."""
    if estimate is None or estimate.amount <= billed or state.money(estimate.amount) == state.money(billed):
        return None
    return _view(state, estimate, NOT_YET_BILLED)


def of_period(state: State, report: Report) -> protocol.Estimate | None:
    """What the use of API keys comes to on the days without a bill by key, else on all; and how far off that is."""
    found, days = report.estimate, report.scope.days
    if found is None:
        return None
    billed, off = given(cost_query(report.scope.filters), days), _off(state, report)
    if report.estimate_of_billed is None or billed is None:
        return _view(state, found, f"{ESTIMATED}; {NOT_BILLED_BY_KEY}" if billed is None else ESTIMATED)
    unbilled = days.without(billed)
    if not unbilled:
        return _view(state, found, f"{ESTIMATED}; {off}" if off else ESTIMATED)
    with money.exact():
        rest = replace(found, amount=found.amount - report.estimate_of_billed)
    return _view(state, rest, f"{ESTIMATED} for {days_text(unbilled[0])}" + (f" (where billed: {off})" if off else ""))


def _off(state: State, report: Report) -> str:
    """How far the estimate is from the bill, of the days that are billed; empty where that cannot be told."""
    spend, estimate = report.spend, report.estimate_of_billed
    if not spend or spend < 0 or estimate is None:
        return ""
    off = ratio(estimate - spend, spend)
    if not off:
        return "as much as the bill"
    return f"{state.numbers.share(abs(off))} {'above' if off > 0 else 'below'} the bill"


def _view(state: State, estimate: Estimate, detail: str) -> protocol.Estimate:
    unpriced = listed(list(estimate.unpriced))
    return protocol.Estimate(
        value=money.plain(estimate.amount),
        text=estimate_text(state, estimate.amount),
        detail=detail,
        title=f"Without {unpriced}: no list price is known." if unpriced else None,
    )
