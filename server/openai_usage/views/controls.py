"""What the panel can be told to show."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from openai_usage.protocol import Control, Filter, GroupBy, Option, Selection
from openai_usage.scope import FIRST_DAY, Filters, Scope, groups_of, measures_of, scope, widths_of
from openai_usage.views.names import name_of, told_apart
from openai_usage.views.state import State
from openai_usage.views.words import DIMENSIONS, MEASURES, PERIODS, WIDTHS

_CUSTOM: Final = "custom"
_FILES: Final = "files"
FILTERED: Final[Mapping[GroupBy, str]] = {
    "project_id": "project_ids",
    "api_key_id": "api_key_ids",
    "user_id": "user_ids",
    "model": "models",
}
"""The field of a Selection that narrows a dimension."""
NO_FILTERS: Final = Selection(project_ids=[], api_key_ids=[], user_ids=[], models=[])


def controls(state: State) -> list[Control]:
    """Above the panel: the period, how it is measured and split, and what it is narrowed to."""
    chosen = scope(state.selection, state.now.date(), state.first_day, state.told)
    found = [_period(state, chosen)]
    if state.selection.period is None and found[0].selected != [_FILES]:
        found += _dates(state, chosen)
    if chosen.section != "limits":
        found += _how(chosen)
    filters = [_filter(state, dimension) for dimension in FILTERED]
    # What a source does not tell at all is nothing to choose from.
    return found + [one for one in filters if one.options or state.told.kind == "organization"]


def filters(state: State) -> list[Filter]:
    """The filters in force, each with the way out of it."""
    return [
        Filter(
            label=DIMENSIONS[dimension].one,
            text=told_apart(dimension, value, state.directory),
            select=Selection(**{field: [one for one in chosen if one != value]}),
        )
        for dimension, field in FILTERED.items()
        for chosen in [getattr(state.selection, field) or []]
        for value in chosen
    ]


def is_narrowed_to(filters: Filters, key_id: str | None) -> bool:
    """Whether that API key is all that is left."""
    return filters == {"api_key_id": frozenset({key_id})}


def only(dimension: GroupBy, value: str) -> dict[str, list[str]]:
    """The fields of a Selection that narrow to one value; none where it cannot be narrowed to."""
    return {FILTERED[dimension]: [value]} if dimension in FILTERED else {}


def _period(state: State, chosen: Scope) -> Control:
    options = [Option(id=one, label=name) for one, name in PERIODS.items()]
    dates = Selection(start=chosen.days.first, end=chosen.days.last)
    options.append(Option(id=_CUSTOM, label="Custom…", select=dates))
    selected: str = state.selection.period or _CUSTOM
    if state.files is not None and (days := state.files.days) is not None:
        of_files = Selection(start=days.first, end=days.last)
        options.insert(0, Option(id=_FILES, label="All of the files", select=of_files))
        selected = _FILES if dates == of_files else selected
    return _control("period", "Period", options, [selected])


def _dates(state: State, chosen: Scope) -> Iterable[Control]:
    for field, label, day in (("start", "From", chosen.days.first), ("end", "To", chosen.days.last)):
        yield _control(
            field,
            label,
            [],
            [day.isoformat()],
            kind="date",
            min=FIRST_DAY.isoformat(),
            max=state.now.date().isoformat(),
        )


def _how(chosen: Scope) -> Iterable[Control]:
    """Only where there is something to choose."""
    measures = measures_of(chosen.section, chosen.told)
    if len(measures) > 1:
        options = [Option(id=one, label=MEASURES[one]) for one in measures]
        yield _control("measure", "Measure", options, [chosen.measure])
    groups = groups_of(chosen.section, chosen.measure, chosen.told)
    if len(groups) > 1:
        options = [Option(id=one, label=DIMENSIONS[one].one) for one in groups]
        yield _control("groupBy", "Group by", options, [chosen.group_by])
    widths = widths_of(chosen.days, chosen.told)
    if len(widths) > 1:
        options = [Option(id=one, label=WIDTHS[one]) for one in widths]
        yield _control("bucket", "Bucket", options, [chosen.width])


def _filter(state: State, dimension: GroupBy) -> Control:
    field = FILTERED[dimension]
    selected = getattr(state.selection, field) or []
    values = {*selected, *(state.report.values.get(dimension, ()) if state.report else ())}
    if state.directory:
        known = {"project_id": state.directory.projects, "api_key_id": state.directory.api_keys}.get(dimension, {})
        values |= known.keys()
        if dimension == "user_id" and not state.told.tells_users:
            # Rows name none of them, but each can be asked for.
            values |= state.directory.users.keys()
    named = sorted(((name_of(dimension, value, state.directory), value) for value in values), key=_by_name)
    options = [Option(id=value, label=name.text, detail=name.detail) for name, value in named]
    label = {"model": "Models"}.get(dimension, DIMENSIONS[dimension].many)
    wire = {"project_id": "projectIds", "api_key_id": "apiKeyIds", "user_id": "userIds", "model": "models"}[dimension]
    return _control(wire, label, options, selected, kind="multiselect")


def _by_name(entry: tuple[Any, str]) -> tuple[str, str]:
    name, value = entry
    return name.text.casefold(), value


def _control(field: str, label: str, options: list[Option], selected: list[str], **more: str) -> Control:
    kind = more.pop("kind", "select")
    return Control.model_validate(
        {"id": field, "label": label, "kind": kind, "options": options, "selected": selected, **more}
    )
