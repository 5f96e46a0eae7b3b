"""What a Selection comes to: which days, how fine, narrowed to what, measured and split how."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from openai_usage.days import Days, period_days
from openai_usage.endpoints import USAGE, Endpoint, Unit, Width
from openai_usage.protocol import GroupBy, Measure, SectionId, Selection
from openai_usage.source import ORGANIZATION, Told

Filters = Mapping[str, frozenset[str]]
"""By dimension, the values it may have."""

Step = Width | Literal["month"]
"""How long a column of a chart stands for."""

# Constructed, not validated: that would have the class built before the first status is shown.
FIRST_SELECTION: Final = Selection.model_construct(
    period="30d",
    bucket="1d",
    group_by="auto",
    measure="spend",
    project_ids=[],
    api_key_ids=[],
    user_ids=[],
    models=[],
    section="overview",
    all_rows=[],
)
RANKED: Final[Mapping[SectionId, GroupBy]] = {
    "models": "model",
    "api-keys": "api_key_id",
    "projects": "project_id",
    "users": "user_id",
    "line-items": "line_item",
}
"""The sections that are about one dimension."""
CAPABILITIES: Final[Mapping[str, Endpoint]] = {endpoint.name: endpoint for endpoint in USAGE}
"""The sections that are about one endpoint."""

_FINEST_DAYS: Final[Mapping[Width, int]] = {"1h": 7, "1m": 1}
_MOST_DAYS_IN_A_CHART: Final = 400
"""More of them would be thinner than a pixel or two."""
_MEASURES: Final[Mapping[Unit, Measure]] = {
    "tokens": "tokens",
    "requests": "requests",
    "images": "images",
    "characters": "characters",
    "seconds": "seconds",
    "sessions": "sessions",
    "calls": "calls",
    "bytes": "bytes",
}
_SPEND_GROUPS: Final[tuple[GroupBy, ...]] = (
    "model", "line_item", "project_id", "api_key_id", "user_id", "api_source"
)  # fmt: skip
_TOKEN_GROUPS: Final[tuple[GroupBy, ...]] = (
    "token_type", "model", "project_id", "api_key_id", "user_id", "capability", "service_tier", "batch", "api_source"
)  # fmt: skip
_REQUEST_GROUPS: Final[tuple[GroupBy, ...]] = (
    "model", "capability", "project_id", "api_key_id", "user_id", "service_tier", "batch", "api_source"
)  # fmt: skip
_ESTIMATE_GROUPS: Final[tuple[GroupBy, ...]] = (
    "model", "project_id", "api_key_id", "user_id", "capability", "service_tier", "batch"
)  # fmt: skip
_DIMENSIONS: Final[tuple[GroupBy, ...]] = (
    "model", "size", "source", "context_level", "vector_store_id", "project_id", "api_key_id", "user_id",
    "service_tier", "batch", "api_source",
)  # fmt: skip
"""In the order in which a capability offers those that it has."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is shown. `measure` and `group_by` are such that the section has them."""

    days: Days
    width: Width
    filters: Filters
    section: SectionId
    measure: Measure
    group_by: GroupBy
    is_all_time: bool = False
    told: Told = ORGANIZATION

    @property
    def asked_user(self) -> str | None:
        """Whose use is asked for alone, since rows of all use name no user; None: it is asked for all."""
        users = self.filters.get("user_id", frozenset())
        return None if self.told.tells_users or len(users) != 1 else next(iter(users))

    @property
    def step(self) -> Step:
        """How the chart goes over time. Money is daily."""
        if len(self.days) > _MOST_DAYS_IN_A_CHART:
            return "month"
        return "1d" if self.measure in {"spend", "estimate"} else self.width

    @property
    def has_before(self) -> bool:
        """Whether there is a period before: not before all time, nor before OpenAI's first day."""
        return not self.is_all_time and self.before.first >= FIRST_DAY

    @property
    def before(self) -> Days:
        """The period of the same length before, where there is one."""
        last = self.days.first - timedelta(days=1)
        return Days(last - timedelta(days=len(self.days) - 1), last)


def scope(selection: Selection, today: date, first_day: date | None = None, told: Told = ORGANIZATION) -> Scope:
    """What a whole selection (see `merged`) comes to today; `first_day` is the first of which anything is known."""
    days = days_of(selection, today, first_day)
    section = selection.section or "overview"
    measures = measures_of(section, told)
    measure = selection.measure if selection.measure in measures else measures[0]
    groups = groups_of(section, measure, told)
    return Scope(
        days=days,
        width=selection.bucket if selection.bucket in widths_of(days, told) and selection.bucket else "1d",
        filters=filters_of(selection),
        section=section,
        measure=measure,
        group_by=selection.group_by if selection.group_by in groups else groups[0],
        is_all_time=selection.period == "all",
        told=told,
    )


def merged(old: Selection, new: Selection) -> Selection:
    """`old`, with whatever `new` chooses in its place."""
    chosen = {name: value for name, value in new if value is not None}
    if "period" in chosen:
        chosen |= {"start": None, "end": None}
    elif "start" in chosen or "end" in chosen:
        chosen["period"] = None
    return old.model_copy(update=chosen)


def days_of(selection: Selection, today: date, first_day: date | None = None) -> Days:
    """The days of a selection; none of them in the future, and none before OpenAI's first day."""
    if selection.period is not None or (selection.start is None and selection.end is None):
        days = period_days(selection.period or "30d", today, first_day)
        first, last = days.first, days.last
    else:
        first, last = sorted((selection.start or selection.end or today, selection.end or selection.start or today))
    return Days(max(min(first, today), FIRST_DAY), max(min(last, today), FIRST_DAY))


def filters_of(selection: Selection) -> Filters:
    """The filters in force."""
    chosen = {
        "project_id": selection.project_ids,
        "api_key_id": selection.api_key_ids,
        "user_id": selection.user_ids,
        "model": selection.models,
    }
    return {dimension: frozenset(values) for dimension, values in chosen.items() if values}


def widths_of(days: Days, told: Told = ORGANIZATION) -> list[Width]:
    """How fine the buckets of that many days can be. Of files it is not known how fine they are."""
    if told.kind == "imported":
        return ["1d"]
    return ["1d", *(width for width, most in _FINEST_DAYS.items() if len(days) <= most)]


def measures_of(section: SectionId, told: Told = ORGANIZATION) -> tuple[Measure, ...]:
    """What can be measured in a section."""
    if section in CAPABILITIES:
        found = (_MEASURES[metric.unit] for metric in CAPABILITIES[section].metrics if metric.unit in _MEASURES)
        return tuple(dict.fromkeys(found))
    if section in {"line-items", "limits"}:
        return ("spend",)
    counts: tuple[Measure, ...] = ("tokens", "requests") if told.usage else ()
    if told.kind == "organization":
        return ("spend", *counts)
    is_billed = told.has_bill and (section not in RANKED or RANKED[section] in told.bill_by)
    estimate: tuple[Measure, ...] = ("estimate",) if told.usage else ()
    # Something to measure by there has to be.
    return (*(("spend",) if is_billed else ()), *estimate, *counts) or ("spend",)


def groups_of(section: SectionId, measure: Measure, told: Told = ORGANIZATION) -> tuple[GroupBy, ...]:
    """By what a measure can be split in a section."""
    if section in RANKED:
        return (RANKED[section],)
    if section in CAPABILITIES:
        endpoint = CAPABILITIES[section]
        found = tuple(dimension for dimension in _DIMENSIONS if dimension in endpoint.dimensions)
        has_kinds = measure == "tokens" and any(metric.name == "output_tokens" for metric in endpoint.metrics)
        return ("token_type", *found) if has_kinds else found
    if measure == "spend":
        return tuple(one for one in _SPEND_GROUPS if one in told.bill_by) or ("line_item",)
    return {"tokens": _TOKEN_GROUPS, "estimate": _ESTIMATE_GROUPS}.get(measure, _REQUEST_GROUPS)


FIRST_DAY: Final = date(2020, 6, 11)
"""OpenAI's API opened on it; a period cannot begin earlier."""
