"""What the endpoints of 2023 tell beside days, in words: one sum of a gateway, limits, a credit."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from openai_usage import money
from openai_usage.account import Account, Doubt, OneSum
from openai_usage.days import Days
from openai_usage.limits import SpendLimit
from openai_usage.protocol import Metric
from openai_usage.settings import is_openai
from openai_usage.views.budget import severity_of
from openai_usage.views.numbers import day_text, ratio
from openai_usage.views.state import State

CURRENCY = "usd"
"""Of all that these endpoints tell."""


def account_metrics(state: State) -> Iterator[Metric]:
    """One sum and what is left of the quota, and the credit."""
    account = state.account
    if account.one_sum is not None:
        yield from _of_one_sum(state, account, account.one_sum)
    elif (limit := _limit(account)) is not None and monthly_limit(state) is None:
        # Of which time it is, only OpenAI's own endpoint makes known.
        yield _metric(state, "limit", "Limit", limit, _end(state) or "of a time that is not told")
    if (credit := account.credit) is not None:
        share = ratio(credit.used, credit.granted) if credit.granted > 0 else None
        detail = f"of {state.money(credit.granted)} granted"
        if credit.next_expiry is not None and credit.available > 0:
            detail += f" · the next part ends on {_date(state, credit.next_expiry)}"
        yield _metric(state, "credit", "Credit left", credit.available, detail, share=share)


def used_text(state: State, one_sum: OneSum) -> str:
    """At a glance: "$12.35 used of $50.00"."""
    limit = _quota(state)
    of = "" if limit is None else f" of {state.money(limit)}"
    return f"{state.money(one_sum.amount)} used{of}"


def since_text(state: State, one_sum: OneSum) -> str:
    """Of which days the sum is."""
    if state.told.kind == "imported":
        return "of days that the file does not tell"
    return "all there ever was" if one_sum.since is None else f"since {_date(state, one_sum.since)}"


def account_rows(state: State) -> Iterator[tuple[str, str]]:
    """The same as rows of the status bar's tooltip."""
    account = state.account
    if (one_sum := account.one_sum) is not None:
        yield f"Used, {since_text(state, one_sum)}", state.money(one_sum.amount)
        if (limit := _quota(state)) is not None:
            yield "Left", f"{state.money(_left(limit, one_sum))} of {state.money(limit)}"
    if (credit := account.credit) is not None:
        yield "Credit left", f"{state.money(credit.available)} of {state.money(credit.granted)}"


def monthly_limit(state: State) -> SpendLimit | None:
    """That of the calendar month, which is OpenAI's. A gateway's is mostly a quota for ever."""
    limit = _limit(state.account)
    if limit is None or state.told.kind != "legacy" or not is_openai(state.base_url):
        return None
    return SpendLimit(limit, CURRENCY, is_enforced=True)


def doubts(state: State, days: Days) -> list[Doubt]:
    """About the bill of those days."""
    if not state.told.has_bill:
        return []
    return [one for one in state.account.doubts if one.first <= days.last and days.first <= one.last]


def organization_text(state: State) -> list[str]:
    """Which organisation it is: its name, its id, what the key's owner is in it."""
    found = state.account.organization
    if found is None:
        return [state.organization] if state.organization else []
    kinds = [("personal", found.is_personal), ("default", found.is_default), (found.role or "", bool(found.role))]
    about = [found.id, *(kind for kind, is_so in kinds if is_so)]
    return [f"{found.title} ({', '.join(about)})" if found.title else ", ".join(about)]


def _of_one_sum(state: State, account: Account, one_sum: OneSum) -> Iterator[Metric]:
    limit, end = _quota(state), _end(state)
    yield _metric(state, "used", "Used", one_sum.amount, since_text(state, one_sum))
    if limit is not None:
        share = ratio(one_sum.amount, limit)
        detail = " · ".join(part for part in (f"of {state.money(limit)}", end) if part)
        yield _metric(state, "left", "Left", _left(limit, one_sum), detail, share=share)
    elif account.subscription is not None and account.subscription.hard_limit is None and state.told.kind == "legacy":
        yield Metric(
            id="left", label="Left", value=None, unit=CURRENCY, text="No limit", detail=end or None, severity="ok"
        )


def _quota(state: State) -> Decimal | None:
    """What may be used in all; None where there is no limit, or where it is not of the same time as the sum."""
    one_sum = state.account.one_sum
    is_of_all = one_sum is not None and one_sum.since is None and state.told.kind == "legacy"
    return _limit(state.account) if is_of_all else None


def _limit(account: Account) -> Decimal | None:
    limit = account.subscription.hard_limit if account.subscription else None
    return limit if limit is not None and limit > 0 else None


def _end(state: State) -> str:
    """Until when the key is good, where that is told."""
    until = state.account.subscription.access_until if state.account.subscription else None
    if until is None:
        return ""
    return f"{'good until' if until > state.now else 'ended on'} {_date(state, until)}"


def _left(limit: Decimal, one_sum: OneSum) -> Decimal:
    with money.exact():
        return limit - one_sum.amount


def _metric(
    state: State, metric_id: str, label: str, amount: Decimal, detail: str, *, share: Decimal | None = None
) -> Metric:
    return Metric(
        id=metric_id,
        label=label,
        value=money.plain(amount),
        unit=CURRENCY,
        text=state.numbers.money(amount, CURRENCY),
        detail=detail,
        share=None if share is None else money.plain(share),
        severity="ok" if share is None else severity_of(share),
    )


def _date(state: State, day: date | datetime) -> str:
    """With the year where that is another one."""
    text = day_text(day)
    return text if day.year == state.now.year else f"{text} {day.year}"
