"""What an organisation or a project may spend or ask for. Amounts are in whole units of the currency, not in cents."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class LimitsOf:
    """Which limits: the spend limit and the alerts, or the rate limits, of a project or of the organisation (None)."""

    kind: Literal["spend", "rate"]
    project_id: str | None

    def __str__(self) -> str:
        return f"{self.kind} limits of {self.project_id or 'the organisation'}"


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """A calendar month's (UTC) limit."""

    amount: Decimal
    currency: str
    """Lower-case ISO 4217."""
    is_enforced: bool
    """False: reaching it stops nothing."""


@dataclass(frozen=True, slots=True)
class SpendAlert:
    """A month's spend at which an e-mail is sent."""

    id: str
    amount: Decimal
    currency: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a project may ask of one model; None where there is no such limit."""

    model: str
    requests_per_minute: int | None
    tokens_per_minute: int | None
    images_per_minute: int | None
    audio_megabytes_per_minute: int | None
    requests_per_day: int | None
    batch_input_tokens_per_day: int | None
