"""Figures over time."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from openai_usage import money
from openai_usage.protocol import Chart, Series
from openai_usage.report import OTHER, REMAINDER, Layer, Report
from openai_usage.rows import Number
from openai_usage.views.metrics import count_text
from openai_usage.views.names import told_apart
from openai_usage.views.state import State
from openai_usage.views.words import DIMENSIONS, MEASURES, WIDTHS, in_a_sentence


def chart(state: State, report: Report) -> Chart | None:
    """The section's chart; None where nothing was used, or where there is none."""
    found, scope = report.chart, report.scope
    if found is None or not found.layers:
        return None
    is_money = scope.measure == "spend"
    unit = state.currency if is_money else scope.measure
    width = "1d" if is_money else scope.width
    by = f" and {in_a_sentence(DIMENSIONS[scope.group_by].one)}" if report.chart_is_split else ""
    categories = [_category(start, width) for start in found.starts]
    running = _category(int(state.now.timestamp()) // _STEPS[width] * _STEPS[width], width)
    return Chart(
        id="daily-spend" if is_money else f"{scope.section}-{scope.measure}",
        title=f"{MEASURES[scope.measure]} by {WIDTHS[width].lower()} (UTC){by}",
        kind="bar",
        stacked=True,
        unit=unit,
        categories=categories,
        series=[_series(state, report, layer, unit) for layer in found.layers],
        totals=[_text(state, number, unit) for number in found.totals],
        partial_category=running if running in categories else None,
    )


_STEPS: Final = {"1d": 86_400, "1h": 3600, "1m": 60}


def _category(start: int, width: str) -> str:
    moment = datetime.fromtimestamp(start, UTC)
    return f"{moment:%Y-%m-%d}" if width == "1d" else f"{moment:%Y-%m-%dT%H:%MZ}"


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
    return state.money(Decimal(number)) if unit == state.currency else count_text(state, int(number), unit)
