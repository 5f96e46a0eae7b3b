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
    """Of `GET /dashboard/billing/subscription`. A limit of None is none."""

    hard_limit: Decimal | None = None
    """At OpenAI a calendar month's; at a gateway all that was ever granted to the key."""
    soft_limit: Decimal | None = None
    """From which on OpenAI sends an e-mail."""
    plan: str | None = None
    account_name: str | None = None
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
class Disagreement:
    """A bill whose days do not come to the total that was sent with them."""

    first: date
    last: date
    by_day: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """All of it. None: not known, or not told."""

    organization: Organization | None = None
    subscription: Subscription | None = None
    credit: Credit | None = None
    one_sum: OneSum | None = None
    disagreement: Disagreement | None = None
