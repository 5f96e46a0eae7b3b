"""One dimension's values side by side: what was billed for each, and what each used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from openai_usage.endpoints import Endpoint, Metric
from openai_usage.protocol import Measure
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
    "web_search_calls",
    "file_search_calls",
    "usage_bytes",
)
"""What stands beside a spend; a capability's own ranking has all its metrics."""
MEASURED: Final[Mapping[Measure, tuple[str, ...]]] = {
    "tokens": ("input_tokens", "output_tokens"),
    "requests": ("num_model_requests",),
}
"""The metrics that a measure adds up; any other measure is a unit, of which a capability has one metric."""


def beside_spend(endpoint: Endpoint, metric: Metric) -> str | None:
    """Under which name a metric stands beside a spend. The calls of two tools are two things."""
    name = endpoint.name if metric.unit == "calls" else metric.name
    return name if name in BESIDE_SPEND else None


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
    """All values of a dimension, by the measure that was chosen and then by spend and use."""

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
    measured: Sequence[str] = ()
    """The metrics that the chosen measure adds up; none: it is the spend."""

    def measure(self, used: Mapping[str, int]) -> int | None:
        """What `used` comes to in the chosen measure; None when it does not apply."""
        counts = [used[name] for name in self.measured if name in used]
        return sum(counts) if counts else None
