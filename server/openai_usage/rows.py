"""What was fetched, as plain data: one row for each result of a bucket. Amounts are exact."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CostRow:
    """Billed money of one UTC day, for one line item of one project (GET /organization/costs)."""

    day: date
    amount: Decimal
    """In units of `currency` (dollars, not cents). Credits are negative."""
    currency: str
    """Lower-case ISO 4217, as OpenAI sends it."""
    line_item: str | None
    project_id: str | None
    organization_name: str | None = None
    """Not in OpenAI's spec, but on live rows."""


@dataclass(frozen=True, slots=True)
class CompletionsRow:
    """Tokens and requests of one UTC day, for one model (GET /organization/usage/completions)."""

    day: date
    model: str | None
    input_tokens: int
    """All input, cached input included."""
    input_cached_tokens: int
    output_tokens: int
    num_model_requests: int
