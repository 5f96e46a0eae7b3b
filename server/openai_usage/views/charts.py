"""Figures over time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from openai_usage import money
from openai_usage.protocol import Chart, Measure, Series
from openai_usage.report import OTHER, REMAINDER, Layer, Report
from openai_usage.rows import Number
from openai_usage.scope import Step
from openai_usage.views.estimates import estimate_text
from openai_usage.views.metrics import count_text
from openai_usage.views.names import told_apart
from openai_usage.views.state import State
from openai_usage.views.words import DIMENSIONS, MEASURES, STEPS, in_a_sentence


def chart(state: State, report: Report) -> Chart | None:
    """The section's chart; None where nothing was used, or where there is none."""
    found, scope = report.chart, report.scope
    if found is None or not found.layers:
        return None
    is_money = scope.measure in {"spend", "estimate"}
    unit = state.currency if is_money else scope.measure
    by = f" and {in_a_sentence(DIMENSIONS[scope.group_by].one)}" if report.chart_is_split else ""
    categories = [_category(datetime.fromtimestamp(start, UTC), scope.step) for start in found.starts]
    running = _category(state.now, scope.step)
    return Chart(
        id=_IDS.get(scope.measure, f"{scope.section}-{scope.measure}"),
        title=f"{MEASURES[scope.measure]} by {STEPS[scope.step]} (UTC){by}",
        kind="bar",
        stacked=True,
        unit=unit,
        categories=categories,
        series=[_series(state, report, layer, unit) for layer in found.layers],
        totals=[_text(state, number, unit) for number in found.totals],
        partial_category=running if running in categories else None,
    )


_IDS: Final[Mapping[Measure, str]] = {"spend": "daily-spend", "estimate": "estimated-spend"}
_FORMS: Final[Mapping[Step, str]] = {
    "month": "%Y-%m",
    "1d": "%Y-%m-%d",
    "1h": "%Y-%m-%dT%H:00Z",
    "1m": "%Y-%m-%dT%H:%MZ",
}


def _category(moment: datetime, step: Step) -> str:
    """Of the column that the moment lies in."""
    return format(moment, _FORMS[step])


def _series(state: State, report: Report, layer: Layer, unit: str) -> Series:
    key = layer.key
    name = told_apart(report.scope.group_by, key, state.directory) if report.chart_is_split else "Spend"
    ids = {OTHER: "other", REMAINDER: "remainder"}
    return Series(
        id=ids.get(key, f"={key or ''}"),
        name=name,
        values=[money.plain(number) for number in layer.numbers],
        texts=[_text(state, number, unit) for number in layer.numbers],
    )


def _text(state: State, number: Number, unit: str) -> str:
    if unit != state.currency:
        return count_text(state, int(number), unit)
    is_estimate = state.report is not None and state.report.scope.measure == "estimate"
    return estimate_text(state, Decimal(number)) if is_estimate else state.money(Decimal(number))
