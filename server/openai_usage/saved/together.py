"""The rows of several files together, each counted once.

Files overlap: an export is made twice, a month's holds that of a week, one tells the bill by line item and another by
project. Others do not, and are parts of one whole: exports of different projects. So of each day, what two of them tell
of an endpoint is compared:

- rows that another one tells too, all of them, are counted there;
- the same figures in another split, that is with exactly the same sums, are counted in the finer split;
- everything else adds up. Where two tell something else about the very same, this is said, since it may be too much:
  nothing in the files tells an export that was made too early from one of another project.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from openai_usage import money
from openai_usage.endpoints import COSTS, Endpoint
from openai_usage.records import Record
from openai_usage.rows import Key, Number
from openai_usage.saved import cells
from openai_usage.saved.part import Part
from openai_usage.saved.problem import Problem, Reason

if TYPE_CHECKING:
    from datetime import date

_SECONDS: Final = 86_400

_Row = tuple[int, Key, tuple[Number, ...]]

_CURRENCY: Final = COSTS.fields.index("currency")


def together(parts: Sequence[Part]) -> tuple[list[Part], list[Problem]]:
    """What counts, by part, and what is to be said of it."""
    by_day: defaultdict[tuple[str, date], list[_Day]] = defaultdict(list)
    for number, part in enumerate(parts):
        rows: defaultdict[date, list[Record]] = defaultdict(list)
        for record in part.records:
            rows[cells.day_of(record.start)].append(record)
        for day, records in rows.items():
            by_day[part.endpoint.name, day].append(_Day(number, part, records))
    kept: defaultdict[int, list[Record]] = defaultdict(list)
    same_rows: defaultdict[str, set[date]] = defaultdict(set)
    added_up: defaultdict[tuple[str, ...], set[date]] = defaultdict(set)
    for (_, of), days in by_day.items():
        counted = _finest(_without_parts(days)) if len(days) > 1 else days
        for one in counted:
            kept[one.number] += one.records
        for name in _files(days) - _files(counted):
            same_rows[name].add(of)
        if doubtful := _doubtful(counted):
            added_up[tuple(sorted(doubtful))].add(of)
    whole = [
        Part(part.file, part.endpoint, part.days, kept[number], part.is_by_group) for number, part in enumerate(parts)
    ]
    return whole, [
        *(Problem(name, Reason.SAME_ROWS, len(on)) for name, on in same_rows.items()),
        *(Problem(first, Reason.ADDED_UP, len(on), tuple(others)) for (first, *others), on in added_up.items()),
    ]


@dataclass(eq=False)
class _Day:
    """What a part tells of a day."""

    number: int
    part: Part
    records: list[Record]

    @cached_property
    def rows(self) -> "Counter[_Row]":
        return Counter((one.start, one.key, one.numbers) for one in self.records)

    @cached_property
    def split(self) -> tuple[bool, frozenset[str]]:
        """By what it is told."""
        endpoint = self.part.endpoint
        told = {
            name
            for at, name in enumerate(endpoint.fields)
            if name in endpoint.dimensions and any(one.key[at] is not None for one in self.records)
        }
        return self.part.is_by_group, frozenset(told)

    @cached_property
    def starts(self) -> frozenset[int]:
        return frozenset(one.start for one in self.records)

    @property
    def is_daily(self) -> bool:
        return not any(start % _SECONDS for start in self.starts)

    @cached_property
    def sums(self) -> "frozenset[tuple[str | None, tuple[Number, ...]]]":
        """Of what every row has, by currency."""
        endpoint = self.part.endpoint
        columns = _told_always(endpoint)
        by_currency: dict[str | None, list[Number]] = {}
        with money.exact():
            for one in self.records:
                currency = one.key[_CURRENCY] if endpoint is COSTS else None
                sums = by_currency.setdefault(currency, [0] * len(columns))
                for at, column in enumerate(columns):
                    sums[at] += one.numbers[column]
        return frozenset((currency, tuple(sums)) for currency, sums in by_currency.items() if any(sums))


def _told_always(endpoint: Endpoint) -> list[int]:
    return [at for at, metric in enumerate(endpoint.metrics) if metric.required]


def _without_parts(days: Sequence[_Day]) -> list[_Day]:
    """Without those of which another has all rows; of equal ones the first is left."""
    distinct = list({frozenset(day.rows.items()): day for day in reversed(days)}.values())[::-1]
    holders: defaultdict[_Row, list[_Day]] = defaultdict(list)
    for day in distinct:
        for row in day.rows:
            holders[row].append(day)
    return [
        day
        for day in distinct
        if not any(
            other is not day and day.rows <= other.rows for other in min((holders[row] for row in day.rows), key=len)
        )
    ]


def _finest(days: Sequence[_Day]) -> list[_Day]:
    """Of those with the same sums in another split, the one that tells most."""
    by_sums: defaultdict[object, list[_Day]] = defaultdict(list)
    for day in days:
        by_sums[day.sums or day.number].append(day)
    found = []
    for same in by_sums.values():
        finest = max(same, key=lambda day: (not day.split[0], len(day.split[1]), len(day.starts)))
        found += [day for day in same if day is finest or _is_told_alike(day, finest)]
    return found


def _is_told_alike(one: _Day, other: _Day) -> bool:
    return one.split == other.split and one.is_daily == other.is_daily


def _doubtful(days: Sequence[_Day]) -> set[str]:
    """The files that tell something else about the same: a row, or a time in another split."""
    if len(days) == 1:
        return set()
    by_row: defaultdict[tuple[int, Key], list[_Day]] = defaultdict(list)
    by_start: defaultdict[int, list[_Day]] = defaultdict(list)
    for day in days:
        for row in {(start, key) for start, key, _ in day.rows}:
            by_row[row].append(day)
        for start in day.starts:
            by_start[start].append(day)
    same_rows = [some for some in by_row.values() if len(some) > 1]
    other_splits = [some for some in by_start.values() if len({day.split for day in some}) > 1]
    other_widths = [days] if len({day.is_daily for day in days}) > 1 else []
    return {name for some in (*same_rows, *other_splits, *other_widths) for name in _files(some)}


def _files(days: Iterable[_Day]) -> set[str]:
    return {day.part.file for day in days}
