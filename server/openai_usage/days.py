"""UTC days, and unbroken ranges of them. OpenAI's day buckets run from 00:00:00Z to the next 00:00:00Z."""

import calendar
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from openai_usage.protocol import Period

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """Whole UTC days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse an empty range: it would be a question about nothing."""
        if self.last < self.first:
            raise ValueError(f"{self.first} is after {self.last}")

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        # By their ordinals: adding timedeltas takes ten times as long, and a year's days are gone over for each query.
        return map(date.fromordinal, range(self.first.toordinal(), self.last.toordinal() + 1))

    def __len__(self) -> int:
        return self.last.toordinal() - self.first.toordinal() + 1

    @property
    def start_time(self) -> int:
        """Unix seconds at the first midnight."""
        return midnight(self.first)

    @property
    def end_time(self) -> int:
        """Unix seconds at the midnight after the last day."""
        return midnight(self.last + _DAY)

    def union(self, other: "Days") -> "Days":
        """The shortest range that holds both."""
        return Days(min(self.first, other.first), max(self.last, other.last))

    def touches(self, other: "Days") -> bool:
        """Whether the two overlap, or one begins on the day after the other."""
        return self.first - _DAY <= other.last and other.first - _DAY <= self.last

    def without(self, other: "Days | None") -> "list[Days]":
        """The parts of this range that `other` does not hold, oldest first."""
        if other is None or other.last < self.first or self.last < other.first:
            return [self]
        parts = []
        if self.first < other.first:
            parts.append(Days(self.first, other.first - _DAY))
        if other.last < self.last:
            parts.append(Days(other.last + _DAY, self.last))
        return parts

    def by_month(self) -> "list[Days]":
        """The part in each calendar month, oldest first."""
        parts = []
        first = self.first
        while first <= self.last:
            last = min(month_end(first), self.last)
            parts.append(Days(first, last))
            first = last + _DAY
        return parts

    @property
    def is_whole_month(self) -> bool:
        """Whether this is one calendar month, all of it."""
        return self.first.day == 1 and self.last == month_end(self.first)

    def split(self, most: int) -> "list[Days]":
        """Pieces of at most `most` days, oldest first."""
        return [
            Days(first, min(first + timedelta(days=most - 1), self.last))
            for first in (self.first + timedelta(days=n) for n in range(0, len(self), most))
        ]


def ranges_of(days: Iterable[date]) -> Iterator[Days]:
    """Unbroken ranges of days, oldest first."""
    first = last = None
    for day in sorted(days):
        if first is None or last is None:
            first = day
        elif day != last + _DAY:
            yield Days(first, last)
            first = day
        last = day
    if first is not None and last is not None:
        yield Days(first, last)


def midnight(day: date) -> int:
    """Unix seconds at the start of a UTC day."""
    return calendar.timegm(day.timetuple())


def day_of(unix_seconds: int) -> date:
    """The UTC day a moment lies in; ValueError when it lies outside the calendar."""
    try:
        return datetime.fromtimestamp(unix_seconds, UTC).date()
    except (OverflowError, OSError) as error:
        raise ValueError("a time outside the calendar") from error


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_of(day: date) -> Days:
    """The calendar month up to and including `day`."""
    return Days(day.replace(day=1), day)


def last_days(count: int, today: date) -> Days:
    """The last `count` days; today counts."""
    return Days(today - timedelta(days=count - 1), today)


def period_days(period: Period, today: date, first_day: date | None = None) -> Days:
    """The days a period stands for. All but `last-month` end today.

    All time begins with `first_day`, the first of which anything is known; None: nothing is known that is older than
    the longest of the other periods.
    """
    if period == "all" and first_day is not None:
        return Days(min(first_day, today), today)
    if period in _LAST_DAYS:
        return last_days(_LAST_DAYS[period], today)
    return month_of(today if period == "month" else today.replace(day=1) - _DAY)


_LAST_DAYS: Final[Mapping[Period, int]] = {"today": 1, "7d": 7, "30d": 30, "90d": 90, "365d": 365, "all": 365}
