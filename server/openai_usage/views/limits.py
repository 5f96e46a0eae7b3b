"""What may be spent and asked for: the organisation's limits, the projects', and the rates of one project."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Final

from openai_usage import money
from openai_usage.limits import LimitsOf, RateLimit
from openai_usage.openai_api import ApiError
from openai_usage.protocol import Cell, Notice, Row, Selection
from openai_usage.report import Recent, Report
from openai_usage.views.budget import severity_of
from openai_usage.views.names import name_of
from openai_usage.views.numbers import UNKNOWN, ratio
from openai_usage.views.problems import explain
from openai_usage.views.state import State
from openai_usage.views.tables import NOTHING, Field, FullTable
from openai_usage.views.words import DIMENSIONS, in_a_sentence, listed

_RATES: Final[Sequence[tuple[str, str, Callable[[RateLimit], int | None]]]] = (
    ("requests-per-minute", "Requests/min", attrgetter("requests_per_minute")),
    ("tokens-per-minute", "Tokens/min", attrgetter("tokens_per_minute")),
    ("images-per-minute", "Images/min", attrgetter("images_per_minute")),
    ("audio-per-minute", "Audio MB/min", attrgetter("audio_megabytes_per_minute")),
    ("requests-per-day", "Requests/day", attrgetter("requests_per_day")),
    ("batch-per-day", "Batch tokens/day", attrgetter("batch_input_tokens_per_day")),
)


def limits_tables(state: State, report: Report, recent: Recent) -> list[FullTable[Row]]:
    """Spend limits with what was spent this month, alerts, and rate limits where one project is chosen."""
    found = [_spend_limits(state, report, recent)]
    if alerts := _alerts(state, recent):
        found.append(alerts)
    project = chosen_project(report)
    if project is not None and (rates := state.rate_limits.get(project)):
        found.append(_rates(state, rates))
    return found


def limits_notices(state: State, report: Report) -> list[Notice]:
    """What could not be read, how to get at what is not shown, and what the figures are of."""
    project = chosen_project(report)
    found = []
    if error := _error(state, _shown_projects(state, report), project):
        said = explain(error, state.base_url, state.now, state.next_attempt)
        text = f"Some limits could not be read, and are shown as {UNKNOWN}: {said.text}"
        found.append(Notice(id="limits-problem", severity="warning", text=text, command=said.command))
    texts = []
    if project is None:
        texts.append(("choose", "Choose one project to see its rate limits."))
    elif state.rate_limits.get(project) == []:
        texts.append(("no-rates", "OpenAI lists no rate limits of this project."))
    if not any(state.spend_limits.values()) and None in state.spend_limits and state.monthly_budget is None:
        text = "OpenAI has no spend limit for this organisation. openaiUsage.monthlyBudget sets a budget of your own."
        texts.append(("no-limit", text))
    if others := [one for one in report.scope.filters if one != "project_id"]:
        by = listed([in_a_sentence(DIMENSIONS[one].one) for one in others])  # type: ignore[index] # our own dimensions
        texts.append(("not-narrowed", f"Limits are for all use of a project: the filter by {by} does not narrow them."))
    return found + [Notice(id=one, severity="info", text=text) for one, text in texts]


def _error(state: State, projects: Sequence[str], chosen: str | None) -> ApiError | None:
    """Why not all is there, where that is not said already."""
    shown = [LimitsOf("spend", None), *(LimitsOf("spend", one) for one in projects), LimitsOf("rate", chosen)]
    return next(
        (error for one in shown if (error := state.failures.get(one)) and str(error) != str(state.problem)), None
    )


def _shown_projects(state: State, report: Report) -> list[str]:
    chosen = report.scope.filters.get("project_id")
    active = [one.id for one in state.directory.projects.values() if not one.is_archived] if state.directory else []
    return [one for one in active if chosen is None or one in chosen]


def chosen_project(report: Report) -> str | None:
    """The one project that is chosen."""
    chosen = report.scope.filters.get("project_id", frozenset())
    return next(iter(chosen)) if len(chosen) == 1 else None


def _spend_limits(state: State, report: Report, recent: Recent) -> FullTable[Row]:
    rows = [_spend_limit(state, recent, None)]
    rows += [_spend_limit(state, recent, one) for one in _shown_projects(state, report)]
    titles = (
        ("name", "Limit of", None),
        ("limit", "Limit a month", state.currency),
        ("spend", "This month", state.currency),
        ("share", "Used", "percent"),
        ("enforced", "When reached", None),
    )
    return _table("spend-limits", "Spend limits", titles, rows)


def _spend_limit(state: State, recent: Recent, project: str | None) -> Row:
    limit = state.spend_limits.get(project)
    spent = recent.month_of_project(project)
    name = name_of("project_id", project, state.directory).text if project else "Organisation"
    cells = [Cell(text=name, title=project)]
    if limit is None and project is None and state.monthly_budget is not None:
        cells.append(Cell(text=state.money(state.monthly_budget), value=money.plain(state.monthly_budget)))
        amount, word = state.monthly_budget, "your own budget"
    elif limit is None:
        is_refused = LimitsOf("spend", project) in state.failures
        cells.append(Cell(text="none" if project in state.spend_limits else UNKNOWN if is_refused else "…"))
        amount, word = None, ""
    else:
        text = state.numbers.money(limit.amount, limit.currency)
        cells.append(Cell(text=text, value=money.plain(limit.amount)))
        amount = limit.amount if limit.currency == state.currency else None
        word = "requests stop" if limit.is_enforced else "nothing stops"
    cells.append(NOTHING if spent is None else Cell(text=state.money(spent), value=money.plain(spent)))
    if amount and spent is not None:
        share = ratio(spent, amount)
        detail = {"ok": None, "warning": "close to it", "error": "all of it"}[severity_of(share)]
        cells.append(Cell(text=state.numbers.share(share), value=money.plain(share), detail=detail))
    else:
        cells.append(NOTHING)
    cells.append(Cell(text=word))
    select = Selection(project_ids=[project], section="limits") if project else None
    return Row(id=f"={project or ''}", cells=cells, select=select)


def _alerts(state: State, recent: Recent) -> FullTable[Row] | None:
    rows = []
    for project, alerts in state.spend_alerts.items():
        name = name_of("project_id", project, state.directory).text if project else "Organisation"
        spent = recent.month_of_project(project)
        for alert in sorted(alerts, key=lambda one: one.amount):
            is_known = spent is not None and alert.currency == state.currency
            reached = (
                UNKNOWN if spent is None or not is_known else "reached" if spent >= alert.amount else "not reached"
            )
            cells = [
                Cell(text=name, title=project),
                Cell(text=state.numbers.money(alert.amount, alert.currency), value=money.plain(alert.amount)),
                Cell(text=reached),
                Cell(text=", ".join(alert.recipients) or "nobody"),
            ]
            rows.append(Row(id=f"={alert.id}", cells=cells))
    titles = (("name", "Alert of", None), ("amount", "At, in a month", state.currency), ("reached", "This month", None),
              ("recipients", "Mail to", None))  # fmt: skip
    return _table("spend-alerts", "Spend alerts", titles, rows) if rows else None


def _rates(state: State, rates: Sequence[RateLimit]) -> FullTable[Row]:
    shown = [(one, title, of) for one, title, of in _RATES if any(of(rate) is not None for rate in rates)]
    rows = []
    for rate in rates:
        cells = [Cell(text=rate.model)]
        for _, _, of in shown:
            count = of(rate)
            cells.append(NOTHING if count is None else Cell(text=state.numbers.count(count), value=str(count)))
        rows.append(Row(id=f"={rate.model}", cells=cells))
    titles = (("name", "Model", None), *((one, title, None) for one, title, _ in shown))
    return _table("rate-limits", "Rate limits", titles, rows)


def _table(
    table_id: str, title: str, titles: Sequence[tuple[str, str, str | None]], rows: Sequence[Row]
) -> FullTable[Row]:
    """Of rows that are few, and drawn already."""

    def field(at: int) -> Field[Row]:
        name, heading, unit = titles[at]
        is_text = name in _TEXTS

        def value(row: Row) -> Decimal | str | None:
            cell = row.cells[at]
            return cell.text.casefold() if is_text else None if cell.value is None else Decimal(cell.value)

        return Field(name, heading, lambda row: row.cells[at], value, unit, "left" if is_text else "right")

    fields = [field(at) for at in range(len(titles))]
    return FullTable(table_id, title, fields, rows, lambda row: row.id[1:], lambda row: row.select)


_TEXTS: Final = frozenset({"name", "enforced", "reached", "recipients"})
