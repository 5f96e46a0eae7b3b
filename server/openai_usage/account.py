"""What the endpoints of 2023 tell of an account beside days: whose it is, what it may spend, what is left of a credit.

Shapes: OpenAI's answers of 2023 as third parties recorded them; gateways of the one-api kind fill a part of them.
Amounts are US dollars.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

NO_LIMIT: Final = 100_000_000
"""What gateways of the one-api kind send as a limit where there is none."""


@dataclass(frozen=True, slots=True)
class Organization:
    """Of `GET /organizations/{id}`, or as far as rows of use tell."""

    id: str
    title: str | None = None
    is_personal: bool = False
    is_default: bool = False
    role: str | None = None
    """The key owner's: "owner", "reader"."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Of `GET /dashboard/billing/subscription`."""

    hard_limit: Decimal | None = None
    """At OpenAI a calendar month's; at a gateway all that was ever granted to the key. None: none."""
    access_until: datetime | None = None
    """None: no end is told, or none that could be."""


@dataclass(frozen=True, slots=True)
class Credit:
    """Of `GET /dashboard/billing/credit_grants`."""

    granted: Decimal
    used: Decimal
    available: Decimal
    next_expiry: datetime | None = None
    """When the first of the grants ends of which something is left."""


@dataclass(frozen=True, slots=True)
class OneSum:
    """What was used, from a server that tells no days (`total_usage` without `daily_costs`)."""

    amount: Decimal
    since: date | None
    """The first day that it is of; None: the server goes by no dates, and it is all there ever was."""
    is_sure: bool = True
    """False: nothing was used, so that it is not known yet whether the server goes by dates."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the bill of some days may be wrong as it was answered."""

    first: date
    last: date
    by_day: Decimal
    """What its days came to, also such as were not asked for."""
    total: Decimal | None
    """What the answer itself said they come to; None: nothing."""
    unlisted: int = 0
    """So many of the days are not listed, and no total says that there is nothing in them."""
    at_midnight: bool = True
    """False: the days do not begin at midnight UTC."""


@dataclass(frozen=True, slots=True)
class Account:
    """All of it. None: not known, or not told."""

    organization: Organization | None = None
    subscription: Subscription | None = None
    credit: Credit | None = None
    one_sum: OneSum | None = None
    doubts: tuple[Doubt, ...] = ()
    """About the bill, oldest first; of days that were answered without any there is none."""
