"""Which questions answer what a scope shows.

Usage is asked for split by everything at once, so every filter and grouping is answered by what is there. The bill is
not: OpenAI refuses some combinations of dimensions, and refuses keys for old days. So it is asked for in several
splits, each with no more dimensions than what it is shown by, and a refusal touches only what needed that split.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from openai_usage.days import Days, last_days, month_of
from openai_usage.endpoints import COSTS, USAGE, Endpoint, Query, Width
from openai_usage.protocol import GroupBy
from openai_usage.scope import CAPABILITIES, Filters, Scope
from openai_usage.source import ORGANIZATION, Told

TOTAL: Final = Query(COSTS)
"""The bill in one sum a day: what all splits of it have to come to."""
BASE: Final = Query(COSTS, ("project_id", "line_item"))
"""OpenAI gives these for all time. With the sum, it is all that the status bar tells of."""
_SPLITS: Final = (TOTAL, BASE, Query(COSTS, ("user_id",)), Query(COSTS, ("project_id", "api_key_id")))
"""Read for every period. Any other is read when it is shown."""
RANKED_BY: Final[tuple[GroupBy, ...]] = ("model", "project_id", "api_key_id", "user_id", "line_item")
"""What there is a ranking of."""

KEYS_SINCE: Final = date(2025, 12, 6)
"""OpenAI gives no cost by API key for earlier days: "start_time on or after 1764979200" (seen live, 2026-07)."""
_LONGEST_COMPARED: Final = 92
_MOST_NARROWED: Final = 50
"""Values in one URL."""
_REQUESTS: Final = ("completions", "decisions", "embeddings", "moderations", "images", "audio_speeches",
                    "audio_transcriptions")  # fmt: skip
_TOKENS: Final = ("completions", "decisions", "embeddings", "moderations")


def days_around(day: date) -> Days:
    """What has to be known of the bill to tell of `day`: its month, and the 7 days before it."""
    return month_of(day).union(last_days(8, day))


def cost_query(filters: Filters, by: GroupBy | None = None, told: Told = ORGANIZATION) -> Query:
    """The bill with just what it takes to narrow it and to split it; whether that is told at all, `given` says."""
    wanted = _wanted(filters, by, told)
    if told.kind == "organization":
        for split in _SPLITS:
            if wanted <= set(split.group_by):
                return split
    return _exactly(wanted, filters, told)


def cost_before_query(filters: Filters, by: GroupBy | None = None, told: Told = ORGANIZATION) -> Query:
    """The bill that is only compared with: it is split by nothing else, so that its answer is small."""
    return _exactly(_wanted(filters, by, told), filters, told)


def usage_before_query(endpoint: Endpoint, filters: Filters) -> Query:
    """The use that is only compared with, likewise; of an endpoint that can be narrowed to the filters."""
    return Query(endpoint, tuple(one for one in endpoint.dimensions if one in filters))


def usage_query(endpoint: Endpoint, width: Width = "1d", user: str | None = None) -> Query:
    """Usage, split by everything; of one user where rows of all use name none."""
    only = () if user is None else (("user_id", (user,)),)
    return Query(endpoint, endpoint.dimensions, width, only)


def shown_usage_query(scope: Scope, endpoint: Endpoint, width: Width = "1d") -> Query:
    """What tells the use that a scope shows."""
    return usage_query(endpoint, width, scope.asked_user)


def key_bill(key_id: str) -> Query:
    """The bill of one API key: what the status bar tells of it, and what the panel shows when narrowed to it."""
    return cost_query({"api_key_id": frozenset({key_id})}, "line_item")


def key_uses(key_id: str) -> list[Query]:
    """The use of one API key, of each endpoint that tells it; the one that most is spent on first."""
    only = (("api_key_id", (key_id,)),)
    return [replace(usage_query(endpoint), only=only) for endpoint in USAGE if "api_key_id" in endpoint.dimensions]


def measured(scope: Scope) -> list[Endpoint]:
    """The endpoints that the scope's measure is summed over; none of them for the spend.

    The requests of a web search are those of the model that searched, and counted there.
    """
    if scope.section in CAPABILITIES:
        return [CAPABILITIES[scope.section]]
    names = {"tokens": _TOKENS, "requests": _REQUESTS}.get(scope.measure, ())
    return [endpoint for endpoint in scope.told.usage if endpoint.name in names]


def given(query: Query, days: Days, told: Told = ORGANIZATION) -> Days | None:
    """Those of `days` for which the source answers the query at all."""
    if told.kind != "organization":
        if query.endpoint is COSTS:
            return days if told.has_bill and set(query.group_by) <= told.bill_by else None
        return days if query.endpoint in told.usage else None
    if "api_key_id" not in query.group_by or query.endpoint is not COSTS or days.first >= KEYS_SINCE:
        return days
    return Days(KEYS_SINCE, days.last) if days.last >= KEYS_SINCE else None


def cost_queries(scope: Scope) -> list[Query]:
    """The splits of the bill that the scope's sections show, what matters most first."""
    groups = [None, *RANKED_BY, *([scope.group_by] if scope.measure == "spend" else [])]
    return _once(cost_query(scope.filters, group, scope.told) for group in groups)


def usage_queries(scope: Scope) -> list[Query]:
    """All usage by day; and what the chart shows, as fine as it shows it."""
    fine = [shown_usage_query(scope, endpoint, scope.width) for endpoint in measured(scope)]
    return _once([*(shown_usage_query(scope, endpoint) for endpoint in scope.told.usage), *fine])


def everything() -> list[Query]:
    """All that any period shows at first."""
    return [*_SPLITS, *map(usage_query, USAGE)]


def compared(scope: Scope) -> dict[Query, Query]:
    """What is also read for the period before; for each, what tells the same where that is known already.

    Of a long period only the sum, or it would take hundreds of requests.
    """
    # Half of today against the whole of yesterday would say nothing.
    if scope.days.first == scope.days.last or not scope.has_before:
        return {}
    filters = scope.filters
    if scope.told.kind != "organization":
        # Use comes a day at a time, and files have what they have.
        return {query: query for query in cost_queries(scope)} if scope.told.kind == "legacy" else {}
    total = {cost_before_query(filters): cost_query(filters)}
    if len(scope.days) > _LONGEST_COMPARED:
        return total
    costs = {cost_before_query(filters, by): cost_query(filters, by) for by in RANKED_BY}
    narrowed = [endpoint for endpoint in USAGE if can_be_narrowed(endpoint, filters)]
    return total | costs | {usage_before_query(endpoint, filters): usage_query(endpoint) for endpoint in narrowed}


def can_be_narrowed(endpoint: Endpoint, filters: Filters) -> bool:
    """Whether its rows tell all that the filters ask."""
    return all(one in endpoint.dimensions or (one == "model" and endpoint is COSTS) for one in filters)


def _wanted(filters: Filters, by: GroupBy | None, told: Told) -> set[str]:
    """Dimensions of the bill; a model is read off the line item, where that names one."""
    line_item = "line_item" if "model" in told.bill_by else "model"
    return {line_item if one == "model" else one for one in (*filters, *([by] if by else []))}


def _exactly(wanted: set[str], filters: Filters, told: Told) -> Query:
    """Narrowed by OpenAI where it can: in a large organisation, all keys by line item are a hundred thousand rows."""
    if told.kind == "imported" and wanted <= told.bill_by:
        wanted = set(told.bill_by) - {"model"}  # there is but one, as fine as the files are
    if told.kind != "organization":
        # What no bill is split by makes a query that nobody answers.
        return Query(
            COSTS, (*(one for one in COSTS.dimensions if one in wanted), *sorted(wanted - {*COSTS.dimensions}))
        )
    only = tuple(
        (dimension, tuple(sorted(filters[dimension])))
        for dimension in ("project_id", "api_key_id")
        if dimension in filters and len(filters[dimension]) <= _MOST_NARROWED
    )
    return Query(COSTS, tuple(one for one in COSTS.dimensions if one in wanted), only=only)


def _once(queries: Iterable[Query]) -> list[Query]:
    return list(dict.fromkeys(queries))
