"""The billing pages of 2023, which were made for the browser: what was billed by day, the limits, the credit.

Shapes follow a mock made from a real answer, public client code and a README, all of 2023. Amounts of usage are US
cents, limits and credit US dollars; both are exact.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Context, Decimal, Inexact
from typing import Any, Final

from openai_usage.demo.catalogue import FOUNDED
from openai_usage.demo.organization import CostRow, Organization, exact_sum
from openai_usage.demo.roster import DAY, date_of, day_number

Json = dict[str, Any]

_EXACT: Final = Context(prec=100, traps=[Inexact])
_OTHER: Final = "Other tools"
"""Not one of OpenAI's names: in 2023 there was nothing yet that fits none."""
_NAMES: Final = {
    "GPT-4": ("gpt-4",),
    "Chat models": ("gpt-",),
    "InstructGPT": ("gpt-3.5-turbo-instruct", "davinci", "babbage"),
    "Fine-tuning models": ("ft:",),
    "Embedding models": ("text-embedding",),
    "Image models": ("dall-e", "gpt-image"),
    "Audio models": ("whisper", "tts", "gpt-realtime"),
    _OTHER: (),
}
"""As from June 2023 on, with the beginnings of the line items that belong to each. The longest one counts."""
_GRANTED: Final = Decimal(18)
_USED: Final = Decimal("1.85")


def usage(organization: Organization, start: date, end: date) -> Json:
    """The bill from `start` to before `end` by day and kind of model. Days that have not begun are not listed."""
    last = min(day_number(end) - 1, organization.clock() // DAY)
    days = {day: organization.costs(day) for day in range(day_number(start), last + 1)}
    return {
        "object": "list",
        "daily_costs": [
            {
                "timestamp": day * DAY,
                "line_items": [
                    {"name": name, "cost": _cents(row for row in rows if _name(row.line_item) == name)}
                    for name in _NAMES
                ],
            }
            for day, rows in days.items()
        ],
        "total_usage": _cents(row for rows in days.values() for row in rows),
    }


def ever_billed(organization: Organization) -> Decimal:
    """In cents, today included."""
    today = organization.clock() // DAY
    return _cents(row for day in range(day_number(FOUNDED), today + 1) for row in organization.costs(day))


def subscription(organization: Organization) -> Json:
    """The plan and the limits of a month."""
    today = date_of(organization.clock() // DAY)
    limit = Decimal(organization.spend_limit).scaleb(-2)
    alert = Decimal(organization.spend_alerts[0]).scaleb(-2)
    return {
        "object": "billing_subscription",
        "has_payment_method": True,
        "canceled": False,
        "canceled_at": None,
        "delinquent": None,
        "access_until": _midnight(_next_month(today)),
        # Without `_usd` they are in a unit that no source explains: other numbers, so that nobody takes them for it.
        "soft_limit": int(alert * 10_000),
        "hard_limit": int(limit * 10_000),
        "system_hard_limit": int(limit * 20_000),
        "soft_limit_usd": alert,
        "hard_limit_usd": limit,
        "system_hard_limit_usd": limit * 2,
        "plan": {"title": "Pay-as-you-go", "id": "payg"},
        "account_name": organization.name,
        "po_number": None,
        "billing_email": None,
        "tax_ids": None,
        "billing_address": None,
        "business_address": None,
    }


def credit_grants(organization: Organization) -> Json:
    """One grant for the running year, partly used."""
    year = date_of(organization.clock() // DAY).year
    drawn = organization.chance.bytes(16, "credit grant").hex()
    return {
        "object": "credit_summary",
        "total_granted": _GRANTED,
        "total_used": _USED,
        "total_available": _GRANTED - _USED,
        "grants": {
            "object": "list",
            "data": [
                {
                    "object": "credit_grant",
                    "id": "-".join((drawn[:8], drawn[8:12], drawn[12:16], drawn[16:20], drawn[20:])),
                    "grant_amount": _GRANTED,
                    "used_amount": _USED,
                    "effective_at": _midnight(date(year, 1, 1)),
                    "expires_at": _midnight(date(year + 1, 1, 1)),
                }
            ],
        },
    }


def _cents(rows: Iterable[CostRow]) -> Decimal:
    return _EXACT.multiply(exact_sum(row.amount for row in rows), 100)


def _name(line_item: str) -> str:
    fitting = [
        (len(beginning), name)
        for name, beginnings in _NAMES.items()
        for beginning in beginnings
        if line_item.startswith(beginning)
    ]
    return max(fitting)[1] if fitting else _OTHER


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _midnight(day: date) -> int:
    return day_number(day) * DAY
