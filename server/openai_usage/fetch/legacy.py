"""What has to be asked of OpenAI's endpoints of 2023, and of gateways that imitate them.

The bill comes in ranges of days. Use comes one day at a time and 5 days a minute, so `use` is for a reading of its own
(see `daily`). What is refused once is refused for all days alike: a question's text names no days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from openai_usage import openai_api, pace, queries
from openai_usage.account import Credit, Doubt, OneSum, Organization, Subscription
from openai_usage.days import Days, last_days, month_of
from openai_usage.directory import Directory, User
from openai_usage.endpoints import COSTS, USAGE, Query, Width
from openai_usage.fetch.question import DIRECTORY, Question, Seen, to_read
from openai_usage.openai_api import ApiError
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
_MOST_DOUBTS: Final = 20
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
        goes_by_dates = one_sum.since is not None or not one_sum.is_sure
        return [_bill(last_days(_LONGEST_BILL, last) if goes_by_dates else Days(last, last))] if is_old else []
    ranges = to_read(store, queries.TOTAL, wanted, *([] if anew is None else [anew]))
    return [_bill(part) for days in ranges for part in days.split(_LONGEST_BILL)]


def _bill(days: Days) -> Question:
    async def ask(client: "Client", store: Store, now: datetime) -> None:
        bill = await openai_api.legacy.bill(client, days, store.source.unit)
        if bill.tells_days:
            _keep_bill(store, bill, days, now)
        else:
            await _keep_one_sum(client, store, bill.total or Decimal(0), days)

    return Question(queries.TOTAL, _BILL_TEXT, ask)


def _keep_bill(store: Store, bill: "openai_api.legacy.Bill", days: Days, now: datetime) -> None:
    whole = [replace(one, key=_without_line_item(one.key)) for one in bill.records]
    with store.up_to_date():
        for query, some in ((queries.TOTAL, whole), (_BY_LINE_ITEM, bill.records)):
            store.put(query, days, buckets_of(some, COSTS, "1d", store.buckets[query].keys), now)
        doubt = _doubt(bill, days, now.date())
        # Of days that were answered anew, what was said before does not hold any more.
        others = [one for one in store.account.doubts if one.last < days.first or days.last < one.first]
        doubts = sorted([*others, *([doubt] if doubt else [])], key=lambda one: one.first)
        store.account = replace(store.account, one_sum=None, doubts=tuple(doubts[-_MOST_DOUBTS:]))


def _doubt(bill: "openai_api.legacy.Bill", days: Days, today: date) -> Doubt | None:
    # Servers that add up in binary are off by far less.
    is_off = bill.total is not None and abs(bill.total - bill.by_day) >= _HALF_A_CENT
    asked = [day for day in days if day <= today]
    # OpenAI lists each day. With a total that is right there is nothing in those that are not listed.
    unlisted = 0 if bill.total is not None and not is_off else len([day for day in asked if day not in bill.days])
    if not is_off and not unlisted and bill.at_midnight:
        return None
    return Doubt(days.first, days.last, bill.by_day, bill.total if is_off else None, unlisted, bill.at_midnight)


def _without_line_item(key: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return (*key[:_LINE_ITEM], None, *key[_LINE_ITEM + 1 :])


async def _keep_one_sum(client: "Client", store: Store, amount: Decimal, days: Days) -> None:
    before = store.account.one_sum
    is_known = before is not None and before.is_sure
    goes_by_dates = (
        before.since is not None if before and is_known else await _goes_by_dates(client, store, amount, days)
    )
    found = OneSum(amount, days.first if goes_by_dates else None, is_sure=bool(amount) or is_known)
    with store.up_to_date():
        store.moves += found != before
        store.account = replace(store.account, one_sum=found)


async def _goes_by_dates(client: "Client", store: Store, amount: Decimal, days: Days) -> bool:
    """Asked once: of a day before OpenAI's first one there is nothing to tell, or the sum is not of that day.

    While nothing was used there is no telling, so that all days are asked for: none is none, whichever it goes by.
    """
    long_ago = FIRST_DAY - timedelta(days=1)
    asked = Days(long_ago, long_ago) if amount else Days(FIRST_DAY, days.last)
    try:
        told = await openai_api.legacy.bill(client, asked, store.source.unit)
    except ApiError:
        # Who refuses some dates goes by them.
        return True
    return bool(told.total) != bool(amount)


async def _read_subscription(client: "Client", store: Store, now: datetime) -> None:
    with store.up_to_date():
        # Also when it is refused: it was asked.
        store.account_read = now
    subscription = await openai_api.legacy.subscription(client)
    _learn(store, subscription=subscription)


async def _read_credit(client: "Client", store: Store, _: datetime) -> None:
    credit = await openai_api.legacy.credit(client)
    _learn(store, credit=credit)


async def _read_organization(client: "Client", store: Store, _: datetime) -> None:
    if (organization_id := _organization_id(store)) is not None:
        organization = await openai_api.legacy.organization(client, organization_id)
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
    members = await openai_api.legacy.members(client, organization_id)
    with store.up_to_date():
        known = store.directory or Directory(is_whole=False)
        store.directory = replace(known, users=_users(known.users.values(), members))


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
    newest = last_days(_EMPTY_ENOUGH, today)
    if store.buckets[USE].missing(newest) or any(day in store.unread for day in newest):
        return False
    known = (store.buckets[queries.usage_query(endpoint)] for endpoint in store.source.tells.usage)
    return not any(len(bucket.keys) for buckets in known for bucket in buckets.of(newest))


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
        told = await openai_api.legacy.use(client, day, user)
        _keep_use(store, told, day, user, now)

    return Question(USE, _USE_TEXT, ask)


def _keep_use(store: Store, told: "openai_api.legacy.Use", day: date, user: str | None, now: datetime) -> None:
    of_day = Days(day, day)
    with store.up_to_date():
        # All that these endpoints may tell: also where the use was refused before.
        for endpoint in store.source.tells.usage:
            for width in _WIDTHS:
                query = queries.usage_query(endpoint, width, user)
                store.put(query, of_day, buckets_of(told.records, endpoint, width, store.buckets[query].keys), now)
        others = {one: lists for one, lists in store.unread.items() if one != day}
        unread = dict(told.unread)
        if user is not None:
            # One user's are some of all that were counted.
            known = store.unread.get(day, {})
            unread = {name: max(known.get(name, 0), unread.get(name, 0)) for name in (*known, *unread)}
        store.unread = others | ({day: unread} if unread else {})
        store.directory = _with(store.directory or Directory(is_whole=False), told.directory)
        if told.organization is not None and store.account.organization is None:
            store.account = replace(store.account, organization=told.organization)


def _with(known: Directory, told: Directory) -> Directory:
    """The members' list knows more of a user than a row."""
    return replace(
        known,
        projects={**known.projects, **told.projects},
        api_keys={**known.api_keys, **told.api_keys},
        users=_users(told.users.values(), known.users.values()),
    )


def _users(rows: Iterable[User], members: Iterable[User]) -> dict[str, User]:
    """Rows of late 2024 name a user by an e-mail address, and lists of members by an id: that is one user and not two.

    The one that rows name is who can be chosen; the list knows more of them.
    """
    found = {one.id: one for one in rows}
    for one in members:
        by_email = found.get(one.email or "")
        if by_email is not None and one.id != by_email.id:
            found[by_email.id] = replace(by_email, name=one.name or by_email.name)
        else:
            found[one.id] = one
    return found
