"""What a month will have cost when it is over."""

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Final

from openai_usage import money
from openai_usage.report.recent import Recent

_WIDE: Final = Context(prec=160)
_PACE_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of the calendar month: an estimate, and called one."""

    amount: Decimal
    days_left: int
    """Whole days after today."""
    last_day: date
    """Of the month."""


def forecast(recent: Recent, today: date) -> Forecast:
    """The month so far, and the pace of the last 7 whole days for the rest of it.

    Today counts with what was billed so far or with the pace, whichever is more: it is not over.
    """
    last = calendar.monthrange(today.year, today.month)[1]
    days_left = last - today.day
    with money.exact():
        week = sum(recent.daily[:-1][-_PACE_DAYS:], start=Decimal(0))
        before_today = recent.month - recent.today
    with localcontext(_WIDE):
        pace = week / _PACE_DAYS
        amount = before_today + max(recent.today, pace) + pace * days_left
    return Forecast(amount, days_left, today.replace(day=last))
