"""What has to be asked of OpenAI's endpoints of 2023, and of gateways that imitate them.

The bill comes in ranges of days. Use comes one day at a time and 5 days a minute, so `use` is for a reading of its own
(see `daily`). What is refused once is refused for all days alike: a question's text names no days.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from openai_usage import money, pace, queries
from openai_usage.account import Credit, OneSum, Organization, Subscription
from openai_usage.days import Days, last_days, month_of
from openai_usage.directory import Directory
from openai_usage.endpoints import COSTS, USAGE, Query, Width
from openai_usage.fetch.question import DIRECTORY, Question, Seen, to_read
from openai_usage.openai_api import legacy
from openai_usage.records import buckets_of
from openai_usage.scope import FIRST_DAY, Scope
from openai_usage.store import NEVER, Store

if TYPE_CHECKING:
    from openai_usage.openai_api import Client

USE: Final = queries.usage_query(USAGE[0])
"""The topic of all use."""
_BY_LINE_ITEM: Final = Query(COSTS, ("line_item",))
_USE_TEXT: Final = "use by day"
_BILL_TEXT: Final = "bill by day"
_LINE_ITEM: Final = COSTS.fields.index("line_item")
_AMOUNT: Final = COSTS.column("amount")
_LONGEST_BILL: Final = 90
"""Days in one question: about 100 were answered in 2023 (clients asked for so many)."""
_WIDTHS: Final[tuple[Width, ...]] = ("1d", "1h", "1m")
_HALF_A_CENT: Final = Decimal("0.005")
_EMPTY_ENOUGH: Final = 5
"""Newest days without any row, after which older ones are only read on request: OpenAI's own endpoint is not filled."""
MOST_AT_ONCE: Final = 31
"""Days of use that are read without being asked for; of a longer period that takes an hour or more."""


# The bill, and what is told beside days.


def shown(store: Store, seen: Seen, today: date) -> list[Question]:
    """The bill of the days that the views tell of, and the account."""
    wanted = [queries.days_around(today), *([seen.scope.days] if seen.scope else [])]
    found = _bills(store, wanted)
    if store.account_read is None or store.account_read < store.since:
        found += [
            Question("subscription", "subscription", _read_subscription),
            Question("credit", "credit", _read_credit),
            Question("organization", "organization", _read_organization),
        ]
    return found


def signs(store: Store, today: date) -> list[Question]:
    """The bill alone tells whether there is anything new; one that was refused tells nothing."""
    found = _bills(store, [queries.days_around(today)], NEVER)
    return [question for question in found if question.text not in store.refused]


def compared(store: Store, scope: Scope) -> list[Question]:
    """The bill of the period before."""
    if scope.filters or not queries.compared(scope) or not store.told.has_bill:
        return []
    return [replace(question, is_extra=True) for question in _bills(store, [scope.before])]


def history(store: Store, days: Days) -> list[Question]:
    """The whole bill. All use would take days to read."""
    return [replace(question, is_extra=True) for question in _bills(store, [days])]


def _bills(store: Store, wanted: Sequence[Days], anew: datetime | None = None) -> list[Question]:
    if (one_sum := store.account.one_sum) is not None:
        # It is of all days, whatever is asked for: once for each refresh, or for a look.
        is_old = anew is not None or store.account_read is None or store.account_read < store.since
        last = max(days.last for days in wanted)
        return [_bill(last_days(_LONGEST_BILL, last) if one_sum.since else Days(last, last))] if is_old else []
    ranges = to_read(store, queries.TOTAL, wanted, *([] if anew is None else [anew]))
    return [_bill(part) for days in ranges for part in days.split(_LONGEST_BILL)]


def _bill(days: Days) -> Question:
    async def ask(client: "Client", store: Store, now: datetime) -> None:
        bill = await legacy.bill(client, days, store.source.unit)
        if bill.tells_days:
            _keep_bill(store, bill, days, now)
        else:
            await _keep_one_sum(client, store, bill.total or Decimal(0), days)

    return Question(queries.TOTAL, _BILL_TEXT, ask)


def _keep_bill(store: Store, bill: legacy.Bill, days: Days, now: datetime) -> None:
    whole = [replace(one, key=_without_line_item(one.key)) for one in bill.records]
    with store.up_to_date():
        for query, some in ((queries.TOTAL, whole), (_BY_LINE_ITEM, bill.records)):
            store.put(query, days, buckets_of(some, COSTS, "1d", store.buckets[query].keys), now)
        told = money.total(Decimal(one.numbers[_AMOUNT]) for one in bill.records)
        # Servers that add up in binary are off by far less.
        off = None if bill.total is None or abs(bill.total - told) < _HALF_A_CENT else (told, bill.total)
        store.account = replace(store.account, one_sum=None, disagreement=off)


def _without_line_item(key: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return (*key[:_LINE_ITEM], None, *key[_LINE_ITEM + 1 :])


async def _keep_one_sum(client: "Client", store: Store, amount: Decimal, days: Days) -> None:
    """Whether it goes by dates is asked once: of a day before OpenAI's first one there is nothing to tell."""
    before, since = store.account.one_sum, None
    if before is not None:
        since = before.since and days.first
    elif amount:
        long_ago = Days(FIRST_DAY - timedelta(days=1), FIRST_DAY - timedelta(days=1))
        then = await legacy.bill(client, long_ago, store.source.unit)
        since = None if then.total == amount else days.first
    found = OneSum(amount, since)
    with store.up_to_date():
        store.moves += found != before
        store.account = replace(store.account, one_sum=found)


async def _read_subscription(client: "Client", store: Store, now: datetime) -> None:
    with store.up_to_date():
        # Also when it is refused: it was asked.
        store.account_read = now
    subscription = await legacy.subscription(client)
    _learn(store, subscription=subscription)


async def _read_credit(client: "Client", store: Store, _: datetime) -> None:
    credit = await legacy.credit(client)
    _learn(store, credit=credit)


async def _read_organization(client: "Client", store: Store, _: datetime) -> None:
    if (organization_id := _organization_id(store)) is not None:
        organization = await legacy.organization(client, organization_id)
        _learn(store, organization=organization)


def _learn(store: Store, **told: Subscription | Credit | Organization) -> None:
    """Of an account that others may have learned of meanwhile."""
    with store.up_to_date():
        store.account = replace(store.account, **told)  # type: ignore[arg-type] # each under its own name


def _organization_id(store: Store) -> str | None:
    """What was set, or what rows of use told."""
    told = store.account.organization
    return store.source.organization or (told.id if told else None)


def names(store: Store) -> list[Question]:
    """The members, once it is known of which organisation."""
    return [Question(DIRECTORY, DIRECTORY, _read_members)] if _organization_id(store) else []


async def _read_members(client: "Client", store: Store, _: datetime) -> None:
    if (organization_id := _organization_id(store)) is None:
        return
    members = await legacy.members(client, organization_id)
    with store.up_to_date():
        known = store.directory or Directory(is_whole=False)
        store.directory = replace(known, users={**known.users, **{one.id: one for one in members}})


# Use.


def use_to_read(store: Store, seen: Seen, now: datetime, *, all_of_it: bool = False) -> list[date]:
    """The days whose use the views tell of and that are not known, or not since the last look; the newest first.

    Without `all_of_it` not more than is read without being asked for.
    """
    scope, told, today = seen.scope, store.told, now.date()
    if not all_of_it and any(text == _USE_TEXT for text in store.refused):
        return []
    wanted = {today} if told.has_bill else set(month_of(today))
    if scope is not None:
        # In a file that is too full for it, what is not looked at goes first.
        wanted |= (
            {*scope.days} if all_of_it else {day for day in scope.days if (scope.days.last - day).days < MOST_AT_ONCE}
        )
    if not all_of_it and is_unfilled(store, today):
        wanted &= set(last_days(_EMPTY_ENOUGH, today))
    user = scope.asked_user if scope else None
    return sorted((day for day in wanted if _is_use_wanted(store, day, now, user)), reverse=True)


def is_unfilled(store: Store, today: date) -> bool:
    """Whether the newest days are known, and there is nothing in any of them: that says nothing of what was used."""
    return not store.buckets[USE].missing(last_days(_EMPTY_ENOUGH, today)) and not has_use(store)


def has_use(store: Store) -> bool:
    """Whether any row of use is known, understood or not. Without one it is not known either that there was none."""
    known = (store.buckets[queries.usage_query(endpoint)] for endpoint in store.told.usage)
    return bool(store.unread) or any(len(buckets.keys) for buckets in known)


def _is_use_wanted(store: Store, day: date, now: datetime, user: str | None) -> bool:
    kept = store.buckets[queries.usage_query(USAGE[0], user=user)].kept(day)
    if kept is None:
        return True
    # What is billed may not tell that more was used: today is read again with each look.
    since = max(store.since, store.asked) if day == now.date() else store.since
    # What was read within the minute would be one question less for a day that nobody has seen yet.
    return not kept.is_settled and kept.as_of < min(since, now - pace.PER)


def use(day: date, user: str | None) -> Question:
    """All use of a day, or that of one user."""

    async def ask(client: "Client", store: Store, now: datetime) -> None:
        told = await legacy.use(client, day, user)
        _keep_use(store, told, day, user, now)

    return Question(USE, _USE_TEXT, ask)


def _keep_use(store: Store, told: legacy.Use, day: date, user: str | None, now: datetime) -> None:
    of_day = Days(day, day)
    with store.up_to_date():
        for endpoint in store.told.usage:
            for width in _WIDTHS:
                query = queries.usage_query(endpoint, width, user)
                store.put(query, of_day, buckets_of(told.records, endpoint, width, store.buckets[query].keys), now)
        others = {one: lists for one, lists in store.unread.items() if one != day}
        store.unread = others | ({day: dict(told.unread)} if told.unread else {})
        store.directory = _with(store.directory or Directory(is_whole=False), told.directory)
        if told.organization is not None and store.account.organization is None:
            store.account = replace(store.account, organization=told.organization)


def _with(known: Directory, told: Directory) -> Directory:
    """The members' list knows more of a user than a row."""
    return replace(
        known,
        projects={**known.projects, **told.projects},
        api_keys={**known.api_keys, **told.api_keys},
        users={**told.users, **known.users},
    )
