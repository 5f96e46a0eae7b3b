"""What the rows of a bill are in, and whose they are."""

from dataclasses import dataclass
from typing import Final

from openai_usage.endpoints import COSTS
from openai_usage.store import Buckets

_AMOUNT: Final = COSTS.column("amount")
_CURRENCY: Final = COSTS.fields.index("currency")
_NAME: Final = COSTS.fields.index("organization_name")


@dataclass(frozen=True, slots=True)
class Bill:
    """Amounts of different currencies are never added up, so one is chosen."""

    currency: str
    """Lower-case ISO 4217: that of the newest day with costs, dollars first."""
    left_out: frozenset[str]
    """The currencies whose amounts are not shown."""
    organization_name: str | None
    """As the newest row that tells it has it."""


def bill(buckets: Buckets) -> Bill:
    """Of all that is known."""
    found: set[str] = set()
    newest: set[str] = set()
    name = None
    for bucket in reversed(buckets.known()):
        keys = [buckets.keys[number] for number in bucket.keys]
        amounts = bucket.columns[_AMOUNT]
        of_bucket = {str(key[_CURRENCY]) for key, amount in zip(keys, amounts, strict=True) if amount}
        newest = newest or of_bucket
        found |= of_bucket
        name = name or next((key[_NAME] for key in reversed(keys) if key[_NAME]), None)
    currency = "usd" if "usd" in newest or not found else min(newest)
    return Bill(currency, frozenset(found - {currency}), name)
