"""One dimension's values side by side: what was billed for each, and what each used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from openai_usage.report.sums import Value

BESIDE_SPEND: Final = (
    "num_model_requests",
    "input_tokens",
    "input_cached_tokens",
    "output_tokens",
    "images",
    "characters",
    "seconds",
    "num_sessions",
    "num_requests",
    "usage_bytes",
)
"""The metrics that stand beside a spend; a capability's own ranking has all that it has."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the dimension. What is None is not known."""

    key: Value
    spend: Decimal | None
    before: Decimal | None
    """The spend of the period before."""
    used: Mapping[str, int]
    """By metric, as OpenAI names it; one that is absent does not apply."""
    quantity: Decimal | None = None
    quantity_unit: str | None = None
    """Of a line item: how much of what, where OpenAI says so."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """All values of a dimension, by spend and then by use."""

    by: str
    entries: Sequence[Entry]
    metrics: Sequence[str]
    """The metrics that were used at all."""
    used: Mapping[str, int]
    """Over all entries."""
    has_spend: bool
    """Whether money is split by this dimension at all."""
    spend: Decimal | None = None
    """Of the period, with what no entry has."""
    before: Decimal | None = None
    remainder: Decimal | None = None
    """What was billed and is in no entry."""
