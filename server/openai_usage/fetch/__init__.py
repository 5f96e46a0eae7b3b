"""What has to be asked, and asking it: of OpenAI's organisation API, or of its endpoints of 2023.

`question` is one thing to ask; `organization` and `legacy` know what a view needs of either.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from openai_usage.days import Days
from openai_usage.endpoints import USAGE, Query
from openai_usage.fetch import legacy, organization
from openai_usage.fetch.organization import is_key_unbilled, is_of_one_moment
from openai_usage.fetch.question import DIRECTORY, Failures, Question, Seen, read
from openai_usage.queries import TOTAL, usage_query
from openai_usage.scope import Scope
from openai_usage.store import NEVER, Store

__all__ = [
    "DIRECTORY",
    "Failures",
    "Question",
    "Seen",
    "compared",
    "history",
    "is_key_unbilled",
    "is_of_one_moment",
    "known_since",
    "legacy",
    "limits",
    "names",
    "read",
    "shown",
    "signs",
]


def shown(
    store: Store, seen: Seen, today: date, refused: Collection[str] = (), anew: datetime = NEVER
) -> list[Question]:
    """What the views need and the store has not, or not since the last refresh.

    `refused` are texts of questions that will not be asked. What was read since `anew` need not be read again, when all
    of the bill is.
    """
    if store.source.kind == "legacy":
        return legacy.shown(store, seen, today)
    return organization.shown(store, seen, today, refused, anew)


def signs(store: Store, seen: Seen, today: date) -> list[Question]:
    """A few questions that tell whether there is anything new."""
    return legacy.signs(store, today) if store.source.kind == "legacy" else organization.signs(store, seen, today)


def compared(store: Store, scope: Scope) -> list[Question]:
    """What the panel compares with, as far as the store has not got it."""
    return legacy.compared(store, scope) if store.source.kind == "legacy" else organization.compared(store, scope)


def history(store: Store, wanted: Sequence[Query], days: Days) -> list[Question]:
    """All of `days`, as far as the store has not got it."""
    if store.source.kind == "legacy":
        return legacy.history(store, days)
    return organization.history(store, wanted, days)


def names(store: Store) -> list[Question]:
    """Who is who."""
    return legacy.names(store) if store.source.kind == "legacy" else organization.names()


def limits(store: Store, scope: Scope, *, refresh: bool) -> list[Question]:
    """What may be spent, where that is not asked for with the figures."""
    return [] if store.source.kind == "legacy" else organization.limits(store, scope, refresh=refresh)


def known_since(store: Store) -> date | None:
    """The organisation's first day, or how far back the bill and the use are known without a gap; None: not at all."""
    if store.first_day is not None:
        return store.first_day
    bill, use = (store.buckets[query].first_day for query in (TOTAL, usage_query(USAGE[0])))
    if store.source.kind == "legacy":
        # Use comes a day at a time, and lags behind.
        return bill or use
    return max(bill, use) if bill and use else None
