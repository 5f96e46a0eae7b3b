"""What the user should know beside the figures: of everything, and of one section."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from openai_usage.days import Days
from openai_usage.endpoints import COSTS, Endpoint, Query, Width
from openai_usage.openai_api import ApiError
from openai_usage.protocol import (
    FETCH_HISTORY,
    OPEN_SETTINGS,
    REFRESH,
    SETTINGS_SECTION,
    Command,
    Measure,
    Notice,
    NoticeSeverity,
)
from openai_usage.queries import TOTAL, cost_query, usage_query
from openai_usage.report import MEASURED, Report
from openai_usage.scope import CAPABILITIES
from openai_usage.views.estimates import without
from openai_usage.views.numbers import days_text, time_text
from openai_usage.views.problems import explain
from openai_usage.views.sources import source_notices
from openai_usage.views.state import State
from openai_usage.views.words import (
    DIMENSIONS,
    FETCH_ALL,
    HISTORY,
    HISTORY_FULL,
    HISTORY_READING,
    HISTORY_STOPPED,
    MEASURES,
    capability,
    in_a_sentence,
    listed,
)

_LOAD: Final = Command(title="Load", command=REFRESH)
_FETCH_ALL: Final = Command(title=FETCH_ALL, command=FETCH_HISTORY)
_SETTINGS: Final = Command(
    title="Open settings", command=OPEN_SETTINGS, arguments=[f"{SETTINGS_SECTION}.storageMegabytes"]
)
_GO_ON: Final = Command(title="Go on", command=FETCH_HISTORY)
_MOST_NAMES: Final = 3
_NO_KEYS_NARROWED: Final = (
    "OpenAI gives no cost by API key before 6 Dec 2025. What was billed earlier for these keys is not in here."
)
_NO_KEYS: Final = (
    "OpenAI gives no cost by API key before 6 Dec 2025. What was billed earlier is “Not attributed” to any key."
)


def notices(state: State) -> list[Notice]:
    """About all that is shown."""
    return [*_problems(state), *(_of_period(state, state.report) if state.report and not state.busy else ())]


def section_notices(state: State, report: Report) -> list[Notice]:
    """About the selected section alone."""
    return [*_refused_splits(state, report), *_limits_of_data(report), *_unused(state, report)]


def _problems(state: State) -> Iterator[Notice]:
    age = f" The numbers are as of {time_text(state.as_of, state.now)}." if state.as_of else ""
    if state.problem:
        said = explain(state.problem, state.base_url, state.now, state.next_attempt, state.key_organization)
        severity: NoticeSeverity = ("warning" if age else "error") if said.is_failure else "info"
        text = said.text + (age if said.is_failure else "")
        yield Notice(id="problem", severity=severity, text=text, command=said.command, more=list(said.more) or None)
    if (failed := _failed_usage(state)) and state.told.kind == "organization":
        error = next(iter(failed.values()))
        said = explain(error, state.base_url, state.now, state.next_attempt)
        names = listed([capability(endpoint.name) for endpoint in failed])
        text = f"{names} could not be read, so tokens and requests are short or old: {said.text}"
        yield _notice("usage-problem", "warning", text, said.command)
    is_named_by_rows = state.told.kind != "organization" and state.told.tells_users
    if (of_names := _other(state, "names")) is not None and not is_named_by_rows:
        said = explain(of_names, state.base_url, state.now, None)
        yield _notice("names-problem", "info", f"Some ids stand for names that could not be read: {said.text}")
    if state.left_out:
        others = ", ".join(sorted(currency.upper() for currency in state.left_out))
        text = f"Amounts in {others} are not in these totals: different currencies are not added up."
        yield _notice("currencies", "warning", text)


def _failed_usage(state: State) -> dict[Endpoint, ApiError]:
    """Failures of use, by day or as fine as it is shown, where they are not the same as that of the bill."""
    widths: set[Width] = {"1d", state.report.scope.width if state.report else "1d"}
    return {
        topic.endpoint: error
        for topic, error in state.failures.items()
        if isinstance(topic, Query)
        and topic.endpoint is not COSTS
        and topic in {usage_query(topic.endpoint, width) for width in widths}
        and str(error) != str(state.problem)
    }


def _other(state: State, topic: str) -> ApiError | None:
    error = state.failures.get(topic)
    return error if error is not None and str(error) != str(state.problem) else None


def not_read(report: Report, failures: Collection[object] = ()) -> str | None:
    """What the totals are short of, but for what the failures say already; None when they are whole."""
    total = cost_query(report.scope.filters, told=report.scope.told)
    parts = []
    # A sum that is short is never only implied by the failure that made it so.
    if total in report.missing and (total == TOTAL or total not in failures):
        parts.append(f"costs of {_ranges(report, total)}")
    unread = {
        query.endpoint: query
        for query in report.missing
        # What comes a day at a time is told of in its own words.
        if query.endpoint is not COSTS and query not in failures and report.scope.told.kind != "legacy"
    }
    if unread:
        of = _ranges(report, next(iter(unread.values())))
        parts.append(f"{listed([capability(one.name) for one in unread])} of {of}")
    where = "Not in these files" if report.scope.told.kind == "imported" else "Not loaded"
    return f"{where}, and not in these totals: {'; '.join(parts)}." if parts else None


def _of_period(state: State, report: Report) -> Iterator[Notice]:
    scope = report.scope
    total = cost_query(scope.filters, told=scope.told)
    yield from source_notices(state, report)
    if scope.is_all_time and not state.history_complete and scope.told.has_bill and scope.told.kind != "imported":
        yield _history(state, days_text(Days(scope.days.first, scope.days.first)))
    if text := not_read(report, state.failures):
        yield _notice("incomplete", "warning", text, None if scope.told.kind == "imported" else _LOAD)
    if total in state.failures and total != TOTAL:
        said = explain(state.failures[total], state.base_url, state.now, None)
        what = "Spend cannot be narrowed like this" if total in report.missing else "This spend could not be read again"
        yield _notice("filtered-spend", "warning", f"{what}: {said.text}", None)
    if report.unbilled:
        text = (
            f"No line item bills for {listed(list(report.unbilled))}. OpenAI may bill it under another name: "
            "the section Line items has all of them."
        )
        yield _notice("unbilled", "info", text)
    if report.estimates.narrowed:
        yield from _unpriced(report.estimates.narrowed.unpriced)
    is_unused = report.spend is not None and not report.spend and not report.capabilities and not report.missing
    if is_unused and not state.problem and not scope.filters:
        projects = state.directory.projects.values() if state.directory else ()
        seen = state.organization or ", ".join([one.name for one in projects if one.name][:_MOST_NAMES])
        sees = f" This key sees {seen}." if seen else ""
        # Where no use is ever told, there being none says nothing.
        what = "Nothing was billed" if report.used is None else "Nothing was billed, and nothing was used"
        text = f"{what}: {days_text(scope.days)} (UTC).{sees}"
        yield _notice("unused", "info", text)


def _unpriced(names: Iterable[str]) -> Iterator[Notice]:
    if text := without(names):
        yield _notice("unpriced", "info", f"Estimated {in_a_sentence(text)}")


def _history(state: State, since: str) -> Notice:
    if state.history == "reading":
        return _notice("history", "info", HISTORY_READING.format(day=since))
    if state.history is None:
        return _notice("history", "info", HISTORY.format(day=since), _FETCH_ALL)
    if state.history == "full":
        return _notice("history", "warning", HISTORY_FULL.format(day=since), _SETTINGS)
    said = explain(state.history, state.base_url, state.now, None)
    return _notice("history", "warning", f"{HISTORY_STOPPED.format(day=since)} {said.text}", _GO_ON)


def _ranges(report: Report, query: Query) -> str:
    return ", ".join(days_text(days) for days in report.missing[query])


def _refused_splits(state: State, report: Report) -> Iterator[Notice]:
    """Splits of the bill that are shown here and are not there, or are older than the rest."""
    said_already = {str(state.problem)} if state.problem else set()
    missing: dict[str, list[str]] = {}
    if report.stale and not state.busy:
        by = listed([in_a_sentence(DIMENSIONS[one].one) for one in sorted(report.stale)])
        text = f"Spend by {by} is of another moment than the rest, and is not compared with it: a part of the last"
        yield _notice("stale", "warning", f"{text} refresh was not answered.", _LOAD)
    errors = state.failures
    scope = report.scope
    ranked = [by for by, ranking in report.rankings.items() if ranking.has_spend]
    shown = {by: cost_query(scope.filters, by, scope.told) for by in ranked}
    if not report.chart_is_split:
        shown[scope.group_by] = cost_query(scope.filters, scope.group_by, scope.told)
    for by, query in shown.items():
        error = errors.get(query)
        if query in report.missing and error is not None and str(error) not in said_already:
            text = explain(error, state.base_url, state.now, state.next_attempt).text
            missing.setdefault(text, []).append(in_a_sentence(DIMENSIONS[by].one))
    for text, dimensions in missing.items():
        yield _notice("split", "warning", f"Spend by {listed(dimensions)} is not there: {text}", None)


def _limits_of_data(report: Report) -> Iterator[Notice]:
    scope = report.scope
    if report.without_keys:
        is_narrowed = "api_key_id" in scope.filters
        text = _NO_KEYS_NARROWED if is_narrowed else _NO_KEYS
        if report.estimates.by:
            text += " The column Estimated says what the use of those days comes to by list prices."
        if report.estimates.is_too_much:
            text += " There are too many keys to estimate what they cost then: choose some of them."
        yield _notice("keys-since", "info", text)
    elif report.estimates.is_too_much:
        text = "There is too much use in these days to estimate what it costs: choose fewer days."
        yield _notice("too-much", "info", text)
    if not report.estimates.narrowed:
        found = (one for by in report.estimates.by.values() for one in by.values())
        yield from _unpriced(name for one in found for name in one.unpriced)
    if scope.measure == "spend" and scope.width != "1d" and report.chart is not None:
        yield _notice("daily-money", "info", "OpenAI bills by day, so spend is shown by day.")
    if scope.section in report.not_narrowed:
        by = listed([in_a_sentence(DIMENSIONS[one].one) for one in scope.filters])  # type: ignore[index] # our own dimensions
        text = (
            f"{capability(scope.section)}: OpenAI does not split this by {by}, so this filter leaves nothing to show."
        )
        yield _notice("not-narrowed", "info", text)


def _unused(state: State, report: Report) -> Iterator[Notice]:
    scope = report.scope
    if state.busy or scope.section == "limits" or report.missing:
        return
    where = f"{days_text(scope.days)} (UTC){' with these filters' if scope.filters else ''}"
    if scope.section in CAPABILITIES:
        is_empty = scope.section not in report.not_narrowed and not any((report.metrics or {}).values())
        if is_empty:
            yield _notice("section-unused", "info", f"No use in {where}.")
    elif scope.filters and report.chart is not None and not report.chart.layers:
        others: list[Measure] = [one for one, names in MEASURED.items() if _used(report, names)]
        others = ["spend", *others] if report.spend else others
        there = [in_a_sentence(MEASURES[one]) for one in others if one != scope.measure]
        hint = f" Choose another measure to see the {listed(there)}." if there else ""
        yield _notice("section-unused", "info", f"No {in_a_sentence(MEASURES[scope.measure])} in {where}.{hint}")


def _used(report: Report, names: Sequence[str]) -> int:
    return sum((report.used or {}).get(name, 0) for name in names)


def _notice(notice_id: str, severity: NoticeSeverity, text: str, command: Command | None = None) -> Notice:
    return Notice(id=notice_id, severity=severity, text=text, command=command)
