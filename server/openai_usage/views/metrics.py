"""The figures at the top of the panel, and at the top of a capability's section."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from openai_usage import money, protocol
from openai_usage.days import month_of
from openai_usage.endpoints import USAGE
from openai_usage.limits import SpendLimit
from openai_usage.protocol import Change, Metric
from openai_usage.queries import cost_query, given, shown_usage_query
from openai_usage.report import Estimate, Recent, Report, forecast
from openai_usage.scope import CAPABILITIES
from openai_usage.views.account import account_metrics, monthly_limit
from openai_usage.views.budget import severity_of
from openai_usage.views.controls import is_narrowed_to
from openai_usage.views.estimates import estimate_text, is_less, is_unknown, not_yet_billed, of_period
from openai_usage.views.numbers import UNKNOWN, day_text, days_text, ratio
from openai_usage.views.state import State
from openai_usage.views.words import OR_MORE, metric_title


@dataclass(frozen=True, slots=True)
class _Count:
    """A count before it is put into words; None is not known."""

    id: str
    label: str
    unit: str
    count: int | None
    before: int | None
    detail: str | None = None


def metrics(state: State, report: Report, recent: Recent | None) -> list[Metric]:
    """Of the period, and, where nothing is filtered out, of today and of the month."""
    if recent is None:
        return _without_bill(state, report)
    change = None
    if report.spend is not None and report.spend_before is not None:
        change = _change(state, report, report.spend, report.spend_before, state.money(report.spend_before))
    # By key, OpenAI does not give the cost of every day.
    told = report.scope.told
    given_days = given(cost_query(report.scope.filters, told=told), report.scope.days, told)
    days = given_days or report.scope.days
    estimate = of_period(state, report)
    if given_days is None and told.kind != "organization":
        # The bill is not told like this at all, which is not to say that it is nothing.
        found = [*_estimated(state, report)]
    else:
        found = [_money(state, "spend", "Spend", report.spend, days_text(days), change=change, estimate=estimate)]
    if not report.scope.filters:
        found += _today_and_month(state, recent, state.today)
    elif (workspace := state.workspace) and workspace.recent and is_narrowed_to(report.scope.filters, workspace.id):
        found += _today_and_month(state, workspace.recent, workspace.today)
    found += _budget(state, report, recent)
    found += account_metrics(state)
    # What is not told at all is not there; what is only not known yet has a dash.
    if told.usage and not (told.kind == "legacy" and report.used is None):
        found += _tokens_and_requests(state, report)
    return found


def _without_bill(state: State, report: Report) -> list[Metric]:
    """Of a source that tells no bill by day, or of files."""
    found = (
        [] if report.spend is None else [_money(state, "spend", "Spend", report.spend, days_text(report.scope.days))]
    )
    found += _estimated(state, report)
    if not report.scope.filters and state.told.kind == "legacy" and state.as_of is not None:
        known = state.as_of.date()
        is_today = known == state.now.date()
        for metric_id, label, about, estimate in (
            ("estimated-today", "Today" if is_today else day_text(known), "so far, UTC", state.today),
            ("estimated-month", "This month" if is_today else "That month", days_text(month_of(known)), state.month),
        ):
            if estimate is not None:
                found.append(_estimate(state, metric_id, f"{label}, estimated", estimate, about))
    found += account_metrics(state)
    return found + (list(_tokens_and_requests(state, report)) if report.used is not None else [])


def _estimated(state: State, report: Report) -> Iterator[Metric]:
    """Use at list prices, as the main figure: no bill stands beside it."""
    if report.estimates.narrowed is not None:
        days = days_text(report.scope.days)
        yield _estimate(state, "estimated", "Estimated spend", report.estimates.narrowed, f"{days}, by list prices")


def _estimate(state: State, metric_id: str, label: str, estimate: Estimate, detail: str) -> Metric:
    return Metric(
        id=metric_id,
        label=label,
        value=None if is_unknown(estimate) else money.plain(estimate.amount),
        unit=state.currency,
        text=UNKNOWN if is_unknown(estimate) else estimate_text(state, estimate.amount),
        detail=f"{OR_MORE} · {detail}" if is_less(estimate) else detail,
        severity="ok",
    )


def capability_metrics(state: State, report: Report) -> list[Metric]:
    """The main metrics of the section's capability; its table has the others."""
    endpoint = CAPABILITIES.get(report.scope.section)
    if endpoint is None or report.metrics is None:
        return []
    shown = [one for one in endpoint.metrics if one.required or (report.metrics[one.name] and one.name in _KINDS)]
    return [
        _counted(
            state,
            report,
            _Count(
                one.name,
                metric_title(one, endpoint),
                one.unit,
                report.metrics[one.name],
                report.metrics_before[one.name] if report.metrics_before else None,
                _BYTES_DETAIL if one.unit == "bytes" else None,
            ),
        )
        for one in shown
    ]


def count_text(state: State, count: int, unit: str) -> str:
    """A count as it is shown."""
    return state.numbers.size(count) if unit == "bytes" else state.numbers.count(count)


def share_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """To six places; None where it would say nothing: credits make the whole smaller than its parts."""
    return ratio(part, whole) if whole > 0 and 0 <= part <= whole else None


def change_of(now: Decimal, before: Decimal) -> Decimal | None:
    """By which part of `before` it grew; None when there was nothing, or less."""
    return ratio(now - before, before) if before > 0 else None


def budget_of(state: State, report: Report | None) -> tuple[SpendLimit, str | None] | None:
    """The limit that what is shown is under, and of which project; None when there is none.

    An amount in another currency than the bill's cannot be compared with it.
    """
    filters = dict(report.scope.filters) if report else {}
    projects = filters.pop("project_id", frozenset())
    if filters or len(projects) > 1:
        return None
    project = next(iter(projects), None)
    limit = state.spend_limits.get(project)
    if limit is None and project is None:
        limit = monthly_limit(state)
    if limit is None and project is None and state.monthly_budget is not None:
        limit = SpendLimit(state.monthly_budget, state.currency, is_enforced=False)
    return (limit, project) if limit and limit.amount > 0 and limit.currency == state.currency else None


_KINDS: Final = ("input_uncached_tokens", "input_cached_tokens", "input_cache_write_tokens")
_BYTES_DETAIL: Final = "the days' bytes, added up"


def _today_and_month(state: State, recent: Recent, estimate: Estimate | None) -> Iterator[Metric]:
    if state.as_of is None:
        return
    known, today = state.as_of.date(), state.now.date()
    is_today = known == today
    label = "Today" if is_today else day_text(known)
    more = not_yet_billed(state, recent.today, estimate)
    yield _money(state, "today", label, recent.today, "billed so far, UTC" if more else "so far, UTC", estimate=more)
    expected = forecast(recent, known)
    label = "This month" if is_today else "That month"
    detail = days_text(month_of(known))
    if is_today and expected.days_left:
        detail = f"about {state.money(expected.amount)} by {day_text(expected.last_day)}"
    yield _money(state, "month", label, recent.month, detail)


def _budget(state: State, report: Report, recent: Recent) -> Iterator[Metric]:
    found = budget_of(state, report)
    if found is None or state.as_of is None:
        return
    limit, project = found
    spent = recent.month_of_project(project)
    if spent is None:
        return
    share = ratio(spent, limit.amount)
    severity = severity_of(share)
    detail = state.numbers.whole_share(share)
    if project is None:
        expected = forecast(recent, state.as_of.date())
        severity = "warning" if expected.amount > limit.amount and severity == "ok" else severity
        part = state.numbers.whole_share(expected.amount / limit.amount)
        detail += f" · {part} by {day_text(expected.last_day)}"
    else:
        detail = f"{state.money(spent)} used · {detail}"
    yield Metric(
        id="budget",
        label="Budget of the month" if project is None else "Project's budget of the month",
        value=money.plain(limit.amount),
        unit=state.currency,
        text=state.money(limit.amount),
        detail=detail,
        share=money.plain(share),
        severity=severity,
    )


def _tokens_and_requests(state: State, report: Report) -> Iterator[Metric]:
    used, before = report.used, report.used_before
    detail = None
    if used is not None:
        parts = {"in": used.get("input_tokens", 0), "out": used.get("output_tokens", 0)}
        detail = " · ".join(f"{state.numbers.count(count)} {way}" for way, count in parts.items())
    tokens = _Count("tokens", "Tokens", "tokens", _tokens(used), _tokens(before), detail)
    yield _counted(state, report, tokens)
    now, then = (None if one is None else one.get("num_model_requests", 0) for one in (used, before))
    yield _counted(state, report, _Count("requests", "Requests", "requests", now, then))


def _tokens(used: Mapping[str, int] | None) -> int | None:
    return None if used is None else used.get("input_tokens", 0) + used.get("output_tokens", 0)


def _counted(state: State, report: Report, count: _Count) -> Metric:
    change = None
    if count.count is not None and count.before is not None:
        before = count_text(state, count.before, count.unit)
        change = _change(state, report, Decimal(count.count), Decimal(count.before), before)
    return Metric(
        id=count.id,
        label=count.label,
        value=None if count.count is None else str(count.count),
        unit=count.unit,
        text=UNKNOWN if count.count is None else count_text(state, count.count, count.unit),
        detail=" · ".join(part for part in (_or_more(state, report), count.detail) if part) or None,
        change=change,
        severity="ok",
    )


def _or_more(state: State, report: Report) -> str | None:
    """Of use that comes a day at a time, while some days are not there."""
    scope = report.scope
    if scope.told.kind != "legacy":
        return None
    # Where nothing is told of the last days, there may have been something.
    is_untold = state.is_unfilled and state.now.date() in scope.days
    return OR_MORE if is_untold or shown_usage_query(scope, USAGE[0]) in report.missing else None


def _money(
    state: State,
    metric_id: str,
    label: str,
    amount: Decimal | None,
    detail: str,
    *,
    change: Change | None = None,
    estimate: protocol.Estimate | None = None,
) -> Metric:
    return Metric(
        id=metric_id,
        label=label,
        value=None if amount is None else money.plain(amount),
        unit=state.currency,
        text=UNKNOWN if amount is None else state.money(amount),
        detail=detail,
        change=change,
        estimate=estimate,
        severity="ok",
    )


def _change(state: State, report: Report, now: Decimal, before: Decimal, before_text: str) -> Change | None:
    if not now and not before:
        return None
    change = change_of(now, before)
    so_far = " (today is not over)" if state.now.date() in report.scope.days else ""
    return Change(
        value=None if change is None else money.plain(change),
        text=state.numbers.change(change) if change is not None else UNKNOWN if before else "new",
        detail=f"{before_text} in the {len(report.scope.days)} days before, {days_text(report.scope.before)}{so_far}",
    )
