"""The panel: the selected period in figures, a chart and tables, one section at a time."""

from collections.abc import Iterator
from typing import Any, Final

from openai_usage.endpoints import Query
from openai_usage.protocol import Imported, Notice, PanelView, Section, SectionId, Table
from openai_usage.report import Recent, Report
from openai_usage.scope import CAPABILITIES, RANKED, scope
from openai_usage.views.account import organization_text
from openai_usage.views.charts import chart
from openai_usage.views.controls import NO_FILTERS, controls, filters
from openai_usage.views.files import files_text
from openai_usage.views.limits import limits_notices, limits_tables
from openai_usage.views.metrics import capability_metrics, metrics
from openai_usage.views.notices import notices, section_notices
from openai_usage.views.numbers import days_text
from openai_usage.views.state import State
from openai_usage.views.tables import FullTable, ranking_table
from openai_usage.views.words import SECTIONS
from openai_usage.views.workspace import key_notices, workspace_key

_TITLE: Final = "OpenAI usage"
_VIEWS: Final[tuple[SectionId, ...]] = ("overview", *RANKED, "limits")
_OVERVIEW_COLUMNS: Final = 4


def panel_view(state: State, *, reveal: bool = False) -> PanelView:
    """The whole panel."""
    report, recent = state.report, state.recent
    # Where there is nothing to choose from, there is nothing to choose.
    is_known = state.as_of is not None or state.files is not None
    wanted = scope(state.selection, state.now.date(), state.first_day, state.told)
    # Nor where what is told is of no days.
    has_choice = (is_known or state.busy) and bool(state.told.has_bill or state.told.usage)
    period = f"{days_text(report.scope.days)}, UTC" if report and has_choice else ""
    chosen = filters(state) if has_choice else []
    return PanelView(
        title=_TITLE,
        subtitle=" · ".join(part for part in (*organization_text(state), period, *_key(state)) if part),
        sample=state.sample,
        imported=_imported(state),
        as_of=f"{state.as_of:%Y-%m-%dT%H:%M:%SZ}" if state.as_of else None,
        busy=state.busy,
        outdated=report is not None and report.scope != wanted,
        reveal=reveal,
        locale=state.locale,
        selection=state.selection,
        back=state.back,
        controls=controls(state) if has_choice else [],
        workspace=workspace_key(state) if has_choice else None,
        filters=chosen,
        no_filters=NO_FILTERS if chosen else None,
        notices=[*notices(state), *key_notices(state)],
        metrics=metrics(state, report, recent) if report and is_known else [],
        sections=[_section(state, report, one) for one in _listed(state, report)] if report and is_known else [],
    )


def _key(state: State) -> list[str]:
    """Whose key it is, where nothing but the workspace's is shown."""
    found = workspace_key(state)
    return [found.text, found.detail] if found and found.is_selected else []


def table_as_markdown(state: State, table: str) -> str | None:
    """All rows of a table of the selected section; None when it has none of that name."""
    if state.report is None:
        return None
    found = {one.id: one for one in _full_tables(state, state.report, state.recent)}
    return found[table].as_markdown(state) if table in found else None


def _listed(state: State, report: Report) -> list[SectionId]:
    """The views, the capabilities that were used, and the one that is shown."""
    shown = report.scope.section
    told = report.scope.told
    views = [one for one in _VIEWS if told.kind == "organization" or _is_told(state, report, one)]
    used = {*report.capabilities, *(_failed_use(state) if told.kind == "organization" else ())}
    return [*views, *(one for one in SECTIONS if one in CAPABILITIES and (one in used or one == shown))]


def _failed_use(state: State) -> Iterator[str]:
    return (topic.endpoint.name for topic in state.failures if isinstance(topic, Query))


def _is_told(state: State, report: Report, section: SectionId) -> bool:
    """Whether a source that is not the organisation API tells anything of it."""
    told = report.scope.told
    if section in {"overview", report.scope.section}:
        return True
    if section == "line-items":
        return told.has_bill
    by = RANKED.get(section)
    is_member_known = by == "user_id" and bool(state.directory and state.directory.users)
    return by is not None and (bool(report.values.get(by)) or is_member_known or (told.has_bill and by in told.bill_by))


def _imported(state: State) -> Imported | None:
    if state.files is None:
        return None
    return Imported(label="Imported", detail=f"From {files_text(state.files.read)}")


def _section(state: State, report: Report, section: SectionId) -> Section:
    is_shown = section == report.scope.section
    drawn = chart(state, report) if is_shown else None
    return Section(
        id=section,
        title=SECTIONS[section],
        is_capability=section in CAPABILITIES,
        notices=_notices(state, report) if is_shown else [],
        metrics=capability_metrics(state, report) if is_shown else [],
        charts=[drawn] if drawn else [],
        tables=_tables(state, report, state.recent) if is_shown else [],
    )


def _notices(state: State, report: Report) -> list[Notice]:
    found = section_notices(state, report)
    is_limits = report.scope.section == "limits" and report.scope.told.kind == "organization"
    return found + limits_notices(state, report) if is_limits else found


def _tables(state: State, report: Report, recent: Recent | None) -> list[Table]:
    tables = _full_tables(state, report, recent)
    if report.scope.section != "overview":
        return [table.whole(state) for table in tables]
    ids: dict[str, SectionId] = {str(section): section for section in RANKED}
    return [table.shortened(state, _OVERVIEW_COLUMNS, ids[table.id]) for table in tables]


def _full_tables(state: State, report: Report, recent: Recent | None) -> list[FullTable[Any]]:
    """Without those that have nothing to say."""
    if report.scope.section == "limits":
        return limits_tables(state, report, recent) if recent else []
    found = (ranking_table(state, report, ranking) for ranking in report.rankings.values())
    return [table for table in found if table.items or table.rest]
