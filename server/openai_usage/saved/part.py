"""What one answer, or one table, tells: rows of endpoints, who is who, and of an account."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from openai_usage.account import Credit, Subscription
from openai_usage.endpoints import Endpoint
from openai_usage.records import Record
from openai_usage.saved import cells
from openai_usage.saved.names import Names
from openai_usage.saved.problem import Problem, Reason

if TYPE_CHECKING:
    from openai_usage.rows import Key


class TooManyRows(Exception):  # noqa: N818 - not an error: a bound
    """The file has more rows than may still come."""


@dataclass(slots=True)
class Part:
    """Of one endpoint."""

    file: str
    endpoint: Endpoint
    days: set[date] = field(default_factory=set)
    """Those that are told of, also without rows."""
    records: list[Record] = field(default_factory=list)
    is_by_group: bool = False
    """Its line items are groups of models, as in 2023, and no single ones."""


@dataclass(slots=True)
class Told:
    """All that a file tells."""

    file: str
    most_rows: int
    parts: list[Part] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    subscription: Subscription | None = None
    credit: Credit | None = None
    one_sum: Decimal | None = None
    rows: int = 0
    counts: Counter[Reason] = field(default_factory=Counter)
    missed: tuple[str, ...] = ()
    """Columns."""

    def part(self, endpoint: Endpoint, days: Iterable[date] = (), *, is_by_group: bool = False) -> Part:
        """A new one."""
        part = Part(self.file, endpoint, set(days), is_by_group=is_by_group)
        self.parts.append(part)
        return part

    def add(self, part: Part, found: Record) -> None:
        """A row, and so its day; TooManyRows when it is one too many."""
        part.days.add(cells.day_of(found.start))
        self.rows += 1
        if self.rows > self.most_rows:
            raise TooManyRows
        part.records.append(found)

    def hold(self, name: Literal["subscription", "credit", "one_sum"], value: object) -> None:
        """What there is one of. What is told later holds."""
        known = getattr(self, name)
        self.counts[Reason.REPLACED] += known is not None and known != value
        setattr(self, name, value)

    @property
    def is_anything(self) -> bool:
        """Whether something was understood."""
        held = (self.subscription, self.credit, self.one_sum)
        return bool(self.parts) or any(self.names) or any(one is not None for one in held)

    def problems(self) -> Sequence[Problem]:
        """What was not."""
        return [
            Problem(self.file, reason, number, self.missed if reason is Reason.UNKNOWN_COLUMNS else ())
            for reason, number in self.counts.items()
            if number
        ]


class Rows:
    """Puts rows into parts, one for each endpoint; a row that cannot be read is counted."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._parts: dict[str, Part] = {}  # a name is hashed sooner than all of an endpoint
        self._keys: dict[Key, Key] = {}

    def of(self, endpoint: Endpoint) -> Part:
        """The endpoint's part."""
        if endpoint.name not in self._parts:
            self._parts[endpoint.name] = self._told.part(endpoint)
        return self._parts[endpoint.name]

    def add(self, endpoint: Endpoint, start: int, row: cells.Cells) -> None:
        """A row, or a day without any."""
        try:
            found = cells.record(endpoint, start, row)
        except ValueError:
            self.unread()
            return
        part = self.of(endpoint)
        part.days.add(cells.day_of(start))
        if found is not None:
            # Rows have few keys, and each is kept once.
            key = self._keys.setdefault(found.key, found.key)
            self._told.add(part, Record(endpoint, start, key, found.numbers))
        self._told.names.add_row(row)

    def parts(self) -> Sequence[Part]:
        """All so far."""
        return list(self._parts.values())

    def unread(self, number: int = 1) -> None:
        """So many rows could not be read."""
        self._told.counts[Reason.UNREAD_ROWS] += number
