"""Figures over time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from openai_usage import money
from openai_usage.endpoints import USAGE
from openai_usage.protocol import Chart, Measure, Series
from openai_usage.queries import shown_usage_query
from openai_usage.report import OTHER, REMAINDER, Layer, Report
from openai_usage.rows import Number
from openai_usage.scope import Step
from openai_usage.views.estimates import estimate_text
from openai_usage.views.metrics import count_text
from openai_usage.views.names import told_apart
from openai_usage.views.numbers import UNKNOWN
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
    known = _known(report, categories)
    return Chart(
        id=_IDS.get(scope.measure, f"{scope.section}-{scope.measure}"),
        title=f"{MEASURES[scope.measure]} by {STEPS[scope.step]} (UTC){by}",
        kind="bar",
        stacked=True,
        unit=unit,
        categories=categories,
        series=[_series(state, report, layer, unit, known) for layer in found.layers],
        totals=_texts(state, found.totals, unit, known),
        partial_category=running if running in categories else None,
    )


_DAY: Final = len("2026-11-22")
_MONTH: Final = len("2026-11")
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


def _known(report: Report, categories: Sequence[str]) -> list[bool]:
    """Whether anything is known of a column. Use that comes a day at a time is not there for most days at first."""
    scope = report.scope
    if scope.told.kind != "legacy" or scope.measure == "spend":
        return [True] * len(categories)
    missing = {day for some in report.missing.get(shown_usage_query(scope, USAGE[0]), ()) for day in some}
    known = {f"{day:%Y-%m-%d}" for day in scope.days if day not in missing}
    months = {day[:_MONTH] for day in known}
    return [category in months if scope.step == "month" else category[:_DAY] in known for category in categories]


def _series(state: State, report: Report, layer: Layer, unit: str, known: Sequence[bool]) -> Series:
    key = layer.key
    name = told_apart(report.scope.group_by, key, state.directory) if report.chart_is_split else "Spend"
    ids = {OTHER: "other", REMAINDER: "remainder"}
    return Series(
        id=ids.get(key, f"={key or ''}"),
        name=name,
        values=[money.plain(number) for number in layer.numbers],
        texts=_texts(state, layer.numbers, unit, known),
    )


def _texts(state: State, numbers: Sequence[Number], unit: str, known: Sequence[bool]) -> list[str]:
    return [
        _text(state, number, unit) if is_known else UNKNOWN for number, is_known in zip(numbers, known, strict=True)
    ]


def _text(state: State, number: Number, unit: str) -> str:
    if unit != state.currency:
        return count_text(state, int(number), unit)
    is_estimate = state.report is not None and state.report.scope.measure == "estimate"
    return estimate_text(state, Decimal(number)) if is_estimate else state.money(Decimal(number))
