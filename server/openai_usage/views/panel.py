"""The panel: the selected period in figures, a chart and tables."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from openai_usage import money
from openai_usage.days import month_of
from openai_usage.protocol import (
    REFRESH,
    Cell,
    Chart,
    Column,
    Command,
    Control,
    GroupBy,
    Metric,
    Notice,
    Option,
    PanelView,
    Period,
    Row,
    Section,
    Series,
    Table,
)
from openai_usage.report import OTHER, DailySeries, ModelTotals, Share, Spend, Tokens
from openai_usage.views.numbers import (
    UNKNOWN,
    count_text,
    day_text,
    days_text,
    money_text,
    share_text,
    time_text,
)
from openai_usage.views.problems import explain
from openai_usage.views.state import Details, State

_TITLE: Final = "OpenAI usage"
_PERIODS: Final[Mapping[Period, str]] = {
    "today": "Today",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "month": "This month",
    "last-month": "Last month",
    "90d": "Last 90 days",
}
_GROUPINGS: Final[Mapping[GroupBy, str]] = {
    "line_item": "Line item",
    "model": "Model",
    "project_id": "Project",
}
_NO_NAME: Final[Mapping[GroupBy, str]] = {
    "line_item": "No line item",
    "model": "No model",
    "project_id": "No project",
}
_LOAD: Final = Command(title="Load", command=REFRESH)
_NOTHING: Final = Cell(text=UNKNOWN)
_SHARE_PLACES: Final = Decimal("0.000001")
_MOST_NAMES: Final = 3


def panel_view(state: State, *, reveal: bool = False) -> PanelView:
    """The whole panel."""
    details = _shown(state)
    subtitle = [state.organization or "", f"{days_text(details.days)}, UTC" if details else ""]
    return PanelView(
        title=_TITLE,
        subtitle=" · ".join(part for part in subtitle if part),
        sample=state.sample,
        as_of=f"{state.as_of:%Y-%m-%dT%H:%M:%SZ}" if state.as_of else None,
        busy=state.busy,
        reveal=reveal,
        # Where there is nothing to choose from, there is nothing to choose.
        controls=_controls(state) if state.recent or state.busy else [],
        notices=_notices(state),
        metrics=_metrics(state, details) if details and state.recent else [],
        sections=_sections(state, details) if details else [],
    )


def _shown(state: State) -> Details | None:
    """The period's figures; while the rest of them is on its way, a sum that is short of it is not shown."""
    details = state.details
    if details is None or not state.busy:
        return details
    return replace(
        details,
        spend=None if details.missing_costs else details.spend,
        tokens=None if details.missing_tokens else details.tokens,
        models=[] if details.missing_costs or details.missing_tokens else details.models,
    )


def _controls(state: State) -> list[Control]:
    def select(field: str, label: str, names: Mapping[Period, str] | Mapping[GroupBy, str], chosen: str) -> Control:
        options = [Option(id=one, label=name) for one, name in names.items()]
        return Control.model_validate(
            {"id": field, "label": label, "kind": "select", "options": options, "selected": [chosen]}
        )

    return [
        select("period", "Period", _PERIODS, state.period),
        select("groupBy", "Group by", _GROUPINGS, state.group_by),
    ]


def _notices(state: State) -> list[Notice]:
    notices = []
    age = f" The numbers are as of {time_text(state.as_of, state.now)}." if state.as_of and state.recent else ""
    if state.costs_problem:
        said = explain(state.costs_problem, state.base_url, state.now, state.next_attempt)
        severity = ("warning" if age else "error") if said.is_failure else "info"
        notices.append(_notice("problem", severity, said.text + (age if said.is_failure else ""), said.command))
    if state.completions_problem and str(state.completions_problem) != str(state.costs_problem):
        said = explain(state.completions_problem, state.base_url, state.now, state.next_attempt)
        old = state.completions_as_of
        age_of_tokens = f" They are as of {time_text(old, state.now)}." if old else ""
        text = f"Tokens and requests: {said.text}{age_of_tokens}"
        notices.append(_notice("usage-problem", "warning", text, said.command))
    if state.names_problem and not state.costs_problem:
        said = explain(state.names_problem, state.base_url, state.now, None)
        text = f"Projects are shown by id, their names could not be read: {said.text}"
        notices.append(_notice("names-problem", "info", text, None))
    if state.left_out:
        others = ", ".join(sorted(currency.upper() for currency in state.left_out))
        text = f"Amounts in {others} are not in these totals: different currencies are not added up."
        notices.append(_notice("currencies", "warning", text, None))
    if state.details:
        notices += _period_notices(state, state.details)
    return notices


def _period_notices(state: State, details: Details) -> list[Notice]:
    if state.busy:
        return []
    missing = [("costs", days) for days in details.missing_costs if details.spend]
    missing += [("tokens and requests", days) for days in details.missing_tokens if details.tokens]
    if missing:
        ranges = ", ".join(f"{what} of {days_text(days)}" for what, days in missing)
        return [_notice("incomplete", "warning", f"Not loaded, and not in these totals: {ranges}.", _LOAD)]
    unused = details.spend and not details.spend.series and details.tokens == Tokens()
    if unused and not state.costs_problem:
        seen = state.organization or ", ".join(list(state.project_names.values())[:_MOST_NAMES])
        sees = f" This key sees {seen}." if seen else ""
        text = f"Nothing was billed, and no completions were used: {days_text(details.days)} (UTC).{sees}"
        return [_notice("unused", "info", text, None)]
    return []


def _notice(notice_id: str, severity: str, text: str, command: object) -> Notice:
    return Notice.model_validate({"id": notice_id, "severity": severity, "text": text, "command": command})


def _metrics(state: State, details: Details) -> list[Metric]:
    metrics = [_money_metric(state, "spend", "Spend", details.spend.total if details.spend else None, _of(details))]
    if state.recent and state.as_of:
        known, today = state.as_of.date(), state.now.date()
        is_today = known == today
        label = "Today" if is_today else day_text(known)
        metrics.append(_money_metric(state, "today", label, state.recent.today, "so far, UTC"))
        label = "This month" if is_today else "That month"
        metrics.append(_money_metric(state, "month", label, state.recent.month, days_text(month_of(known))))
    used = details.tokens
    metrics.append(_count_metric("tokens", "Completions tokens", used.total if used else None, _tokens_detail(used)))
    metrics.append(
        _count_metric("requests", "Model requests", used.num_model_requests if used else None, "completions")
    )
    return metrics


def _of(details: Details) -> str:
    return days_text(details.days)


def _money_metric(state: State, metric_id: str, label: str, amount: Decimal | None, detail: str) -> Metric:
    return Metric(
        id=metric_id,
        label=label,
        value=None if amount is None else money.plain(amount),
        unit=state.currency,
        text=UNKNOWN if amount is None else money_text(amount, state.currency),
        detail=detail,
    )


def _count_metric(metric_id: str, label: str, count: int | None, detail: str | None) -> Metric:
    return Metric(
        id=metric_id,
        label=label,
        value=None if count is None else str(count),
        unit=metric_id,
        text=UNKNOWN if count is None else count_text(count),
        detail=detail,
    )


def _tokens_detail(used: Tokens | None) -> str | None:
    if used is None:
        return None
    return f"{count_text(used.input_tokens)} in · {count_text(used.output_tokens)} out"


def _sections(state: State, details: Details) -> list[Section]:
    sections = []
    if details.spend and details.spend.series:
        overview = _chart(state, details.spend, details.group_by)
        sections.append(Section(id="overview", title="Overview", charts=[overview], tables=[]))
    if details.models:
        sections.append(
            Section(id="models", title="Models and tools", charts=[], tables=[_models_table(state, details)])
        )
    if details.spend and details.spend.line_items:
        tables = [_shares_table(state, details.spend, "line_item", details.spend.line_items)]
        sections.append(Section(id="line-items", title="Line items", charts=[], tables=tables))
    if details.spend and details.spend.projects:
        tables = [_shares_table(state, details.spend, "project_id", details.spend.projects)]
        sections.append(Section(id="projects", title="Projects", charts=[], tables=tables))
    return sections


def _chart(state: State, spend: Spend, group_by: GroupBy) -> Chart:
    today = state.now.date()
    return Chart(
        id="daily-spend",
        title=f"Spend by day (UTC) and {_GROUPINGS[group_by].lower()}",
        kind="bar",
        stacked=True,
        unit=state.currency,
        categories=[day.isoformat() for day in spend.days],
        series=[_layer(state, group_by, layer) for layer in spend.series],
        totals=[money_text(amount, state.currency) for amount in spend.daily],
        partial_category=today.isoformat() if today in spend.days else None,
    )


def _layer(state: State, group_by: GroupBy, layer: DailySeries) -> Series:
    key = layer.key
    return Series(
        id="other" if key is OTHER else f"={key or ''}",
        name="Other" if key is OTHER else _name(state, group_by, str(key) if key else None),
        values=[money.plain(amount) for amount in layer.amounts],
        texts=[money_text(amount, state.currency) for amount in layer.amounts],
    )


def _name(state: State, dimension: GroupBy, key: str | None) -> str:
    if not key:
        return _NO_NAME[dimension]
    return state.project_names.get(key, key) if dimension == "project_id" else key


def _shares_table(state: State, spend: Spend, dimension: GroupBy, shares: Iterable[Share]) -> Table:
    plural = {"line_item": "line-items", "project_id": "projects", "model": "models"}[dimension]
    return Table(
        id=plural,
        title=_GROUPINGS[dimension] + "s",
        columns=[
            Column(id=dimension, title=_GROUPINGS[dimension], align="left"),
            Column(id="spend", title="Spend", unit=state.currency, align="right"),
            Column(id="share", title="Share", unit="percent", align="right"),
        ],
        rows=[
            Row(
                id=f"={share.key or ''}",
                cells=[
                    Cell(text=_name(state, dimension, share.key)),
                    _money_cell(state, share.amount),
                    _share_cell(share.amount, spend.total),
                ],
            )
            for share in shares
        ],
        total=Row(
            id="total",
            cells=[Cell(text="Total"), _money_cell(state, spend.total), _share_cell(spend.total, spend.total)],
        ),
    )


def _models_table(state: State, details: Details) -> Table:
    counts = ("Requests", "Input", "Cached input", "Output")
    total = details.spend.total if details.spend else None
    return Table(
        id="models",
        title="Models and tools",
        columns=[
            Column(id="model", title="Model or tool", align="left"),
            Column(id="spend", title="Spend", unit=state.currency, align="right"),
            *(
                Column(
                    id=title.lower().replace(" ", "-"),
                    title=title,
                    unit="requests" if title == "Requests" else "tokens",
                    align="right",
                )
                for title in counts
            ),
        ],
        rows=[_model_row(state, model) for model in details.models],
        total=Row(
            id="total",
            cells=[Cell(text="Total"), _money_cell(state, total), *_token_cells(details.tokens)],
        ),
    )


def _model_row(state: State, model: ModelTotals) -> Row:
    return Row(
        id=f"={model.key or ''}",
        cells=[
            Cell(text=_name(state, "model", model.key)),
            _money_cell(state, model.amount),
            *_token_cells(model.tokens),
        ],
    )


def _token_cells(used: Tokens | None) -> list[Cell]:
    if used is None:
        return [_NOTHING] * 4
    counts = (used.num_model_requests, used.input_tokens, used.input_cached_tokens, used.output_tokens)
    return [Cell(text=count_text(count), value=str(count)) for count in counts]


def _money_cell(state: State, amount: Decimal | None) -> Cell:
    if amount is None:
        return _NOTHING
    return Cell(text=money_text(amount, state.currency), value=money.plain(amount))


def _share_cell(amount: Decimal, whole: Decimal) -> Cell:
    # Credits make the whole smaller than its parts: a share of it would say nothing.
    if whole <= 0 or not 0 <= amount <= whole:
        return _NOTHING
    share = (amount / whole).quantize(_SHARE_PLACES)
    return Cell(text=share_text(share), value=money.plain(share))
