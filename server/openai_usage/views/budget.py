"""How close to its end a budget is."""

from decimal import Decimal
from typing import Final

from openai_usage.protocol import Severity

_CLOSE: Final = Decimal("0.8")
"""From where on it is a warning."""


def severity_of(share: Decimal) -> Severity:
    """Of a budget that is used up by so much."""
    return "error" if share >= 1 else "warning" if share >= _CLOSE else "ok"
