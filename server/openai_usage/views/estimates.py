"""Estimates in words: what use comes to at list prices. They stand beside what was billed, and never in its place."""

from collections.abc import Iterable
from decimal import Decimal

from openai_usage import money, protocol
from openai_usage.queries import cost_query, given
from openai_usage.report import Estimate, Estimates, Report
from openai_usage.views.numbers import days_text, ratio
from openai_usage.views.state import State
from openai_usage.views.words import ESTIMATED, NOT_BILLED_BY_KEY, NOT_YET_BILLED, OR_MORE, capability, listed


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
    found, scope = report.estimates, report.scope
    if found.narrowed is None or found.days is None:
        return None
    if scope.told.kind != "organization":
        # Some days' use beside a bill of all of them would only look as if prices were wrong.
        is_comparable = not is_unknown(found.narrowed) and not found.narrowed.is_part
        return _view(state, found.narrowed, ESTIMATED) if is_comparable else None
    off = _off(state, found)
    if found.days != scope.days:
        where = f" (where billed: {off})" if off else ""
        return _view(state, found.narrowed, f"{ESTIMATED} for {days_text(found.days)}{where}")
    if given(cost_query(scope.filters), scope.days) is None:
        off = NOT_BILLED_BY_KEY
    return _view(state, found.narrowed, f"{ESTIMATED}; {off}" if off else ESTIMATED)


def _off(state: State, found: Estimates) -> str:
    """How far the estimate is from the bill; empty where that cannot be told."""
    if found.compared is None:
        return ""
    estimated, billed = found.compared
    if billed <= 0:
        return ""
    off = ratio(estimated - billed, billed)
    return (
        f"{state.numbers.share(abs(off))} {'above' if off > 0 else 'below'} the bill" if off else "as much as the bill"
    )


def is_less(estimate: Estimate) -> bool:
    """Whether it is known to leave something out."""
    return estimate.is_part or bool(estimate.unpriced)


def is_unknown(estimate: Estimate) -> bool:
    """Whether there is use, and none of it has a price: that is not to say that it costs nothing."""
    return not estimate.amount and bool(estimate.unpriced)


def without(unpriced: Iterable[str]) -> str | None:
    """What estimates leave out: models, and capabilities that tell no model; None: nothing that has a name."""
    names = [capability(one) for one in sorted(set(unpriced))]
    return f"Without {listed(names)}: no list price is known." if names else None


def _view(state: State, estimate: Estimate, detail: str) -> protocol.Estimate:
    return protocol.Estimate(
        value=money.plain(estimate.amount),
        text=estimate_text(state, estimate.amount),
        detail=f"{OR_MORE}, {detail}" if is_less(estimate) else detail,
        title=without(estimate.unpriced),
    )
