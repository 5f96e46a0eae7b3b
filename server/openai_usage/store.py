"""What was fetched, by UTC day, and which days are known. Kept in memory: a new process starts empty."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from openai_usage import money
from openai_usage.days import Days, day_of
from openai_usage.directory import Directory
from openai_usage.endpoints import COSTS, Endpoint, Query
from openai_usage.limits import RateLimit, SpendAlert, SpendLimit
from openai_usage.rows import Bucket, Keys, Number

# A day's figures still move for a while after it is over. OpenAI names no delay; pullers that meter bills read the
# last three days again (facts of August 2026), and so is done here.
_SETTLES_IN: Final = timedelta(days=3)
_DAY: Final = timedelta(days=1)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _KnownDay:
    as_of: datetime
    buckets: list[Bucket]
    is_settled: bool
    """Whether the day was over for long enough when it was read; others have to be read again."""


def may_move(days: Days, today: date) -> bool:
    """Whether the figures of any of `days` still move."""
    return days.last >= _first_unsettled(today)


def _first_unsettled(today: date) -> date:
    return today - _SETTLES_IN


class Buckets:
    """The buckets of one query, by day."""

    def __init__(self) -> None:
        self.keys = Keys()
        """Of all rows."""
        self._days: dict[date, _KnownDay] = {}
        self._whole: dict[Days, Bucket] = {}
        self.version = 0
        """Another number after each change."""

    @property
    def as_of(self) -> datetime | None:
        """When the newest of the known days was asked for."""
        return self._days[max(self._days)].as_of if self._days else None

    def to_read(self, needed: Days, since: datetime) -> list[Days]:
        """Which of `needed` have to be asked for: what is not known, or was read before `since` and not yet settled."""
        # With a new day, those before it are read again too: they were not over, or not settled.
        is_new = not self._days or needed.last > max(self._days)
        newest = self.as_of

        def is_wanted(known: _KnownDay) -> bool:
            # Another range may have been read on a newer day in between.
            return is_new or known.as_of < since or (newest is not None and known.as_of.date() < newest.date())

        known = map(self._days.get, needed)
        return list(
            _ranges(
                day
                for day, of_day in zip(needed, known, strict=True)
                if of_day is None or (not of_day.is_settled and is_wanted(of_day))
            )
        )

    def put(self, days: Days, buckets: Iterable[Bucket], as_of: datetime) -> bool:
        """Replace `days` whole. Whether one that was known is not as it was."""
        by_day = defaultdict(list)
        for bucket in buckets:
            by_day[day_of(bucket.start)].append(bucket)
        has_moved = any(day in self._days and self._days[day].buckets != by_day[day] for day in days)
        first_unsettled = _first_unsettled(as_of.date())
        for day in days:
            self._days[day] = _KnownDay(as_of, by_day[day], day < first_unsettled)
        self._whole.clear()
        self.version += 1
        return has_moved

    def oldest(self, days: Days) -> datetime | None:
        """When the first read of those of `days` was asked for that may have moved since; None: of none of them."""
        known = map(self._days.get, days)
        return min((one.as_of for one in known if one is not None and not one.is_settled), default=None)

    def of(self, days: Days) -> list[Bucket]:
        """The buckets of those of `days` that are known, oldest first."""
        return [bucket for known in map(self._days.get, days) if known is not None for bucket in known.buckets]

    def whole(self, days: Days) -> Bucket:
        """What is known of `days` as one bucket, in which every key has at most one row."""
        if days not in self._whole:
            self._whole[days] = _joined(self.of(days), len(self.keys), days.start_time)
        return self._whole[days]

    def known(self) -> list[Bucket]:
        """All buckets there are, oldest first."""
        return [bucket for day in sorted(self._days) for bucket in self._days[day].buckets]

    def missing(self, days: Days) -> list[Days]:
        """Which of `days` are not known."""
        return list(_ranges(day for day in days if day not in self._days))


@dataclass
class Store:
    """Everything known of one account."""

    buckets: defaultdict[Query, Buckets] = field(default_factory=lambda: defaultdict(Buckets))
    since: datetime = _LONG_AGO
    """When the last refresh began. What is older than that and may have moved does not go together with the rest."""
    bill_since: datetime = _LONG_AGO
    """When the bill was last seen to have moved, which a new split of it may show without any refresh."""
    absent: set[Endpoint] = field(default_factory=set)
    """Endpoints that this account does not have."""
    directory: Directory | None = None
    """None: not read yet."""
    spend_limits: dict[str | None, SpendLimit | None] = field(default_factory=dict)
    """By project id, None for the organisation's own; a value of None: asked for, and there is none."""
    spend_alerts: dict[str | None, list[SpendAlert]] = field(default_factory=dict)
    """By project id, None for the organisation's own."""
    rate_limits: dict[str, list[RateLimit]] = field(default_factory=dict)
    """By project id."""

    def to_read(self, query: Query, needed: Days, *, anew: bool = False) -> list[Days]:
        """Which of `needed` have to be asked for; with `anew`, also what was read just now and may move."""
        since = max(self.since, self.bill_since) if query.endpoint is COSTS else self.since
        return self.buckets[query].to_read(needed, _NEVER if anew else since)

    @property
    def version(self) -> int:
        """Another number after each change of what was counted or billed."""
        return sum(buckets.version for buckets in self.buckets.values()) + len(self.absent)


def _joined(buckets: list[Bucket], keys: int, start: int) -> Bucket:
    present = sorted(set().union(*(bucket.keys for bucket in buckets)))
    columns = []
    with money.exact():
        for parts in zip(*(bucket.columns for bucket in buckets), strict=True):
            sums: list[Number] = [0] * keys
            for bucket, part in zip(buckets, parts, strict=True):
                if any(part):
                    for key, number in zip(bucket.keys, part, strict=True):
                        sums[key] += number
            columns.append([sums[key] for key in present])
    return Bucket(start, present, tuple(columns))


def _ranges(days: Iterable[date]) -> Iterator[Days]:
    """Unbroken ranges of `days`, which come in order."""
    first = last = None
    for day in days:
        if first is None or last is None:
            first = day
        elif day != last + _DAY:
            yield Days(first, last)
            first = day
        last = day
    if first is not None and last is not None:
        yield Days(first, last)
