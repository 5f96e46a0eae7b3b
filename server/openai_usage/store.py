"""What was fetched, by UTC day, and which days are known. Kept in memory: a new process starts empty."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from openai_usage.days import Days
from openai_usage.rows import CompletionsRow, CostRow

# A day's figures still move for a while after it is over. OpenAI names no delay; pullers that meter bills read the
# last three days again (facts of August 2026), and so is done here.
_SETTLES_IN: Final = timedelta(days=3)
_DAY: Final = timedelta(days=1)


class _Dated(Protocol):
    @property
    def day(self) -> date: ...


Row = TypeVar("Row", bound=_Dated)


class Buckets(Generic[Row]):
    """Day buckets of one endpoint. The known days are one unbroken range."""

    def __init__(self) -> None:
        self.known: Days | None = None
        self.as_of: datetime | None = None
        """When the newest of the known days was asked for."""
        self._rows: dict[date, list[Row]] = {}

    @property
    def settled(self) -> Days | None:
        """The known days that were over for long enough when they were read; the others have to be read again."""
        if self.known is None or self.as_of is None:
            return None
        last = min(self.known.last, self.as_of.date() - _SETTLES_IN - _DAY)
        return Days(self.known.first, last) if self.known.first <= last else None

    def to_read(self, needed: Days, *, refresh: bool) -> list[Days]:
        """Which of `needed` have to be asked for: on a refresh all that is not settled, else all that is not known."""
        goes_on = self.known is None or needed.last > self.known.last
        return needed.without(self.settled if refresh or goes_on else self.known)

    def put(self, days: Days, rows: Iterable[Row], as_of: datetime) -> None:
        """Replace `days` whole. What lies beyond a gap is forgotten: the days between are not known."""
        reaches_end = self.known is None or days.last >= self.known.last
        kept = self.settled if reaches_end else self.known
        if reaches_end:
            self.as_of = as_of
        self.known = kept.union(days) if kept and _touch(kept, days) else days
        self._rows = {day: of_day for day, of_day in self._rows.items() if day in self.known and day not in days}
        for row in rows:
            self._rows.setdefault(row.day, []).append(row)

    def rows(self, days: Days) -> list[Row]:
        """The rows of those of `days` that are known, oldest first."""
        return [row for day in days for row in self._rows.get(day, ())]

    def missing(self, days: Days) -> list[Days]:
        """Which of `days` are not known."""
        return days.without(self.known)


@dataclass
class Store:
    """Everything known of one account."""

    costs: Buckets[CostRow] = field(default_factory=Buckets[CostRow])
    completions: Buckets[CompletionsRow] = field(default_factory=Buckets[CompletionsRow])
    project_names: dict[str, str] | None = None
    """By project id; None: not read yet."""


def _touch(one: Days, other: Days) -> bool:
    return one.first - _DAY <= other.last and other.first - _DAY <= one.last
