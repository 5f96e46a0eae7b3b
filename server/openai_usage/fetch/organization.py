"""What has to be asked of OpenAI's organisation API."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from openai_usage import openai_api, queries
from openai_usage.days import Days
from openai_usage.directory import Directory
from openai_usage.endpoints import COSTS, USAGE, Query
from openai_usage.fetch.question import DIRECTORY, Question, Seen, to_read
from openai_usage.limits import LimitsOf
from openai_usage.openai_api import ApiError, Fault
from openai_usage.scope import Scope
from openai_usage.store import NEVER, Store, may_move

if TYPE_CHECKING:
    from openai_usage.openai_api import Client


def needed_days(store: Store, seen: Seen, query: Query, today: date) -> list[Days]:
    """The days of a query that the views need; the status bar tells of this month and of the last 7 days."""
    scope, found = seen.scope, []
    if query in {queries.TOTAL, queries.BASE}:
        found.append(queries.days_around(today))
    if scope and (query in queries.cost_queries(scope) or query in queries.usage_queries(scope)):
        found.append(scope.days)
    if seen.key_id is not None and query == queries.key_bill(seen.key_id):
        found.append(queries.days_around(today))
    if seen.key_id is not None and query in queries.key_uses(seen.key_id):
        if is_key_unbilled(store, seen.key_id, today):
            found.append(queries.days_around(today))
        # Today's use is there before it is billed. The panel reads that of all keys.
        elif query.endpoint is USAGE[0] and (scope is None or today not in scope.days):
            found.append(Days(today, today))
    return [given for days in found if (given := queries.given(query, days))]


def is_key_unbilled(store: Store, key_id: str, today: date) -> bool:
    """Whether OpenAI refuses the bill of a key around today: then its use, of all endpoints, has to stand in."""
    bill = queries.key_bill(key_id)
    around = queries.given(bill, queries.days_around(today))
    # It may have been refused for other days, to the panel.
    return around is None or any(_figures(bill, part).text in store.refused for part in to_read(store, bill, [around]))


def shown(
    store: Store, seen: Seen, today: date, refused: Collection[str] = (), anew: datetime = NEVER
) -> list[Question]:
    """What the views need and the store has not, or not since the last refresh.

    `refused` are texts of questions that will not be asked. What was read since `anew` need not be read again, when all
    of the bill is.
    """
    wanted = [queries.TOTAL, queries.BASE]
    if seen.key_id is not None:
        wanted += [queries.key_bill(seen.key_id), *queries.key_uses(seen.key_id)]
    if seen.scope:
        wanted += [*queries.cost_queries(seen.scope), *queries.usage_queries(seen.scope)]
    wanted = [query for query in dict.fromkeys(wanted) if query.endpoint not in store.absent]
    found = {query: to_read(store, query, needed_days(store, seen, query, today)) for query in wanted}
    bill = [query for query in wanted if query.endpoint is COSTS]
    # Nothing is compared with the bill of a key, but where the panel shows it.
    shown_alone = {queries.key_bill(seen.key_id)} if seen.key_id is not None and seen.scope is None else set()
    if any(
        may_move(days, today) and _figures(query, days).text not in refused
        for query in bill
        if query not in shown_alone
        for days in found[query]
    ):
        # Splits of the bill are compared with each other, so all of them are read at the same moment.
        found |= {query: to_read(store, query, needed_days(store, seen, query, today), anew) for query in bill}
    return [_figures(query, days) for query, ranges in found.items() for days in ranges]


def signs(store: Store, seen: Seen, today: date) -> list[Question]:
    """A few questions that tell whether there is anything new: the bill in two ways, and the use of most people."""
    wanted = [queries.TOTAL, queries.BASE]
    wanted += [queries.usage_query(USAGE[0])] if seen.scope else []
    wanted += queries.key_uses(seen.key_id) if seen.key_id is not None else []
    found = ((query, to_read(store, query, needed_days(store, seen, query, today), NEVER)) for query in wanted)
    return [_figures(query, days) for query, ranges in found for days in ranges]


def is_of_one_moment(store: Store, scope: Scope) -> bool:
    """Whether no split of the bill that the scope shows was read before it moved."""
    moments = (store.buckets[query].oldest(scope.days) for query in queries.cost_queries(scope))
    return all(moment is None or moment >= store.bill_since for moment in moments)


def compared(store: Store, scope: Scope) -> list[Question]:
    """What the panel compares with, as far as the store has not got it."""
    return [
        replace(_figures(query, days), is_extra=True)
        for query, finer in queries.compared(scope).items()
        if query.endpoint not in store.absent and queries.given(query, scope.before) == scope.before
        if store.buckets[finer].missing(scope.before)
        for days in store.to_read(query, scope.before)
    ]


def history(store: Store, wanted: Sequence[Query], days: Days) -> list[Question]:
    """All of `days`, as far as the store has not got it."""
    found = [
        (query, part)
        for query in wanted
        if query.endpoint not in store.absent and (given := queries.given(query, days))
        for part in store.to_read(query, given)
    ]
    return [replace(_figures(query, part), is_extra=True) for query, part in found]


def names() -> list[Question]:
    """Projects and users at once; then the keys and service accounts of each project."""
    return [Question(DIRECTORY, "names", _read_directory)]


def limits(store: Store, scope: Scope, *, refresh: bool) -> list[Question]:
    """The organisation's limits; in the section about them, those of each project, and of one project its rates."""
    projects: list[str | None] = [None]
    chosen = sorted(scope.filters.get("project_id", ()))
    if scope.section == "limits":
        active = [one.id for one in store.directory.projects.values() if not one.is_archived] if store.directory else []
        projects += chosen or active
    elif len(chosen) == 1:
        projects += chosen
    wanted = [one for one in projects if refresh or one not in store.spend_limits]
    found = [_limits(LimitsOf("spend", one), _limits_of(one)) for one in wanted]
    if scope.section == "limits" and len(chosen) == 1 and (refresh or chosen[0] not in store.rate_limits):
        found.append(_limits(LimitsOf("rate", chosen[0]), _rates_of(chosen[0])))
    return found


def _limits(topic: LimitsOf, ask: Callable[["Client", Store, datetime], Awaitable[None]]) -> Question:
    return Question(topic, str(topic), ask)


def _figures(query: Query, days: Days) -> Question:
    async def ask(client: "Client", store: Store, now: datetime) -> None:
        try:
            answer = await openai_api.buckets(client, query, days, now.date(), store.buckets[query].keys)
        except ApiError as error:
            if error.fault is Fault.NOT_FOUND and query.endpoint.is_optional:
                # Not every account has the newest endpoints. A width that one lacks would be a bad request instead.
                store.absent.add(query.endpoint)
                return
            raise
        store.put(query, days, answer, now)

    return Question(query, f"{query} of {days.first} to {days.last}", ask)


async def _read_directory(client: "Client", store: Store, _: datetime) -> None:
    projects, users = await asyncio.gather(openai_api.projects(client), openai_api.users(client))
    found = Directory(projects={one.id: one for one in projects}, users={one.id: one for one in users})
    known = store.directory
    # Names of keys that were known stay until the new ones are there. Of a first reading there are none yet.
    store.directory = (
        replace(found, api_keys=known.api_keys, users={**known.users, **found.users}, is_whole=known.is_whole)
        if known
        else replace(found, is_whole=False)
    )
    keys = await asyncio.gather(*(openai_api.api_keys(client, one.id) for one in projects), return_exceptions=True)
    accounts = await asyncio.gather(
        *(openai_api.service_accounts(client, one.id) for one in projects if not one.is_archived),
        return_exceptions=True,
    )
    failures = [answer for answer in (*keys, *accounts) if isinstance(answer, BaseException)]
    # Where a list failed, what it said the last time still holds.
    old = known if known and failures else Directory()
    store.directory = Directory(
        found.projects,
        {
            **old.api_keys,
            **{key.id: key for answer in keys if not isinstance(answer, BaseException) for key in answer},
        },
        {
            **old.users,
            **{user.id: user for answer in accounts if not isinstance(answer, BaseException) for user in answer},
            **found.users,
        },
        is_whole=not failures,
    )
    if failures:
        raise failures[0]


def _limits_of(project_id: str | None) -> Callable[["Client", Store, datetime], Awaitable[None]]:
    async def ask(client: "Client", store: Store, _: datetime) -> None:
        limit, alerts = await asyncio.gather(
            openai_api.spend_limit(client, project_id),
            openai_api.spend_alerts(client, project_id),
            return_exceptions=True,
        )
        # Of a limit that cannot be read it is not known whether there is one.
        if not isinstance(limit, BaseException):
            store.spend_limits[project_id] = limit
        if not isinstance(alerts, BaseException):
            store.spend_alerts[project_id] = alerts
        for answer in (limit, alerts):
            if isinstance(answer, BaseException):
                raise answer

    return ask


def _rates_of(project_id: str) -> Callable[["Client", Store, datetime], Awaitable[None]]:
    async def ask(client: "Client", store: Store, _: datetime) -> None:
        store.rate_limits[project_id] = await openai_api.rate_limits(client, project_id)

    return ask
