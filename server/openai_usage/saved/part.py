"""What one answer, or one table, tells of an endpoint."""

from dataclasses import dataclass, field
from datetime import date

from openai_usage.endpoints import Endpoint
from openai_usage.records import Record


@dataclass(slots=True)
class Part:
    """Rows of one endpoint."""

    file: str
    endpoint: Endpoint
    days: set[date] = field(default_factory=set)
    """Those that are told of, also without rows."""
    records: list[Record] = field(default_factory=list)
    is_by_group: bool = False
    """Its line items are groups of models, as in 2023, and no single ones."""
