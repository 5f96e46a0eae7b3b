"""What one file tells: parts of endpoints, who is who, and of an account."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from openai_usage.account import Credit, Subscription
from openai_usage.endpoints import Endpoint
from openai_usage.records import Record
from openai_usage.saved import cells
from openai_usage.saved.names import Names
from openai_usage.saved.part import Part
from openai_usage.saved.problem import Problem, Reason


class TooManyRows(Exception):  # noqa: N818 - not an error: a bound
    """The file has more rows than may still come."""


@dataclass(slots=True)
class Content:
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
    noted: list[Problem] = field(default_factory=list)
    """What there is more to say of than how often."""

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

    def note(self, reason: Reason, *about: str) -> None:
        """Something that there is more to say of."""
        self.noted.append(Problem(self.file, reason, about=about))

    @property
    def is_anything(self) -> bool:
        """Whether something was understood."""
        held = (self.subscription, self.credit, self.one_sum)
        return bool(self.parts) or any(self.names) or any(one is not None for one in held)

    def problems(self) -> Sequence[Problem]:
        """What was not, and what else should be known."""
        return [*(Problem(self.file, reason, number) for reason, number in self.counts.items() if number), *self.noted]
