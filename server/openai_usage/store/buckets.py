"""What was fetched of one query, by UTC day, and which days are known."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

from openai_usage import money
from openai_usage.days import Days, day_of, month_end, ranges_of
from openai_usage.endpoints import COSTS, Query
from openai_usage.rows import Bucket, Keys, Number
from openai_usage.store.file import Kept
from openai_usage.store.packing import pack

# A day's figures still move for a while after it is over. OpenAI names no delay: use appears within minutes and costs
# post later; pullers that meter bills read the last three days again (facts of August and September 2026). What is
# settled is never asked for again.
_BILL_SETTLES_IN: Final = timedelta(days=3)
_USE_SETTLES_IN: Final = timedelta(days=1)
_DAY: Final = timedelta(days=1)
NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Shelf(Protocol):
    """Where the rows of one query outlive the process. It takes all that it is given, or is taken away: see `lose`."""

    def kept(self) -> Mapping[date, Kept]:
        """All days there are, without their rows."""

    def learn(self, keys: Keys) -> None:
        """Add the keys of all rows there are."""

    def month(self, first: date, stamp: int, keys: Keys) -> Bucket | None:
        """The rows of a month as one bucket, where that was put here with the same stamp."""

    def put_month(self, first: date, stamp: int, bucket: Bucket, keys: Keys) -> None:
        """The same, to be found again."""

    def read(self, days: Days, keys: Keys) -> Mapping[date, list[Bucket]]:
        """The rows of those of `days` that are there, with their keys in `keys`."""

    def write(self, days: Mapping[date, Kept], buckets: Mapping[date, list[Bucket]], keys: Keys) -> None:
        """Replace days whole."""


@dataclass(slots=True)
class _KnownDay:
    kept: Kept
    buckets: list[Bucket] | None
    """None: on the shelf."""


def settles_in(query: Query) -> timedelta:
    """How long after its end a day's figures still move."""
    return _BILL_SETTLES_IN if query.endpoint is COSTS else _USE_SETTLES_IN


def may_move(days: Days, today: date) -> bool:
    """Whether the bill of any of `days` still moves."""
    return days.last >= today - _BILL_SETTLES_IN


class Buckets:
    """The buckets of one query, by day. With a shelf, rows are read from it when they are needed."""

    def __init__(self, settles_in: timedelta = _BILL_SETTLES_IN, shelf: Shelf | None = None) -> None:
        self._keys = Keys()
        self._are_keys_known = shelf is None
        self._settles_in = settles_in
        self._days: dict[date, _KnownDay] = {}
        self._whole: dict[Days, Bucket] = {}
        self._months: dict[Days, Bucket] = {}
        self.version = 0
        """Another number after each change."""
        self._shelf = shelf
        if shelf is not None:
            self._days = {day: _KnownDay(kept, None) for day, kept in shelf.kept().items()}

    @property
    def keys(self) -> Keys:
        """Of all rows, whether or not they were read from the shelf yet."""
        if not self._are_keys_known and self._shelf is not None:
            self._are_keys_known = True
            self._shelf.learn(self._keys)
        return self._keys

    @property
    def as_of(self) -> datetime | None:
        """When the newest of the known days was asked for."""
        return self._days[max(self._days)].kept.as_of if self._days else None

    def kept(self, day: date) -> Kept | None:
        """How a day is known; None: it is not."""
        known = self._days.get(day)
        return known.kept if known is not None else None

    def to_read(self, needed: Days, since: datetime) -> list[Days]:
        """Which of `needed` have to be asked for: what is not known, or was read before `since` and not yet settled."""
        # With a new day, those before it are read again too: they were not over, or not settled.
        is_new = not self._days or needed.last > max(self._days)
        newest = self.as_of

        def is_wanted(known: Kept) -> bool:
            # Another range may have been read on a newer day in between.
            return is_new or known.as_of < since or (newest is not None and known.as_of.date() < newest.date())

        known = map(self._days.get, needed)
        return list(
            ranges_of(
                day
                for day, of_day in zip(needed, known, strict=True)
                if of_day is None or (not of_day.kept.is_settled and is_wanted(of_day.kept))
            )
        )

    def put(self, days: Days, buckets: Iterable[Bucket], as_of: datetime) -> bool:
        """Replace `days` whole; not those that were asked for later. Whether one that was known is not as it was."""
        by_day: dict[date, list[Bucket]] = defaultdict(list)
        for bucket in buckets:
            by_day[day_of(bucket.start)].append(bucket)
        self._load(days)
        known = {day: of_day for day in days if (of_day := self._days.get(day)) is not None}
        first_unsettled = as_of.date() - self._settles_in
        kept = {
            day: Kept(as_of, day < first_unsettled)
            for day in days
            if day not in known or known[day].kept.as_of <= as_of
        }
        has_moved = any(pack(by_day[day]) != pack(known[day].buckets or []) for day in kept.keys() & known.keys())
        self._replace(kept, by_day)
        return has_moved

    def put_sums(self, fine: "Buckets", groups: Sequence[int]) -> None:
        """Replace what is not of the same reading as in `fine`, by sums: `groups` has the numbers here of its keys."""
        if fine.days is None:
            return
        old = {day: kept for day in fine.days if (kept := fine.kept(day)) is not None and kept != self.kept(day)}
        for part in ranges_of(old):
            sums = {
                day: [_joined([bucket], len(self._keys), bucket.start, groups) for bucket in fine.of(Days(day, day))]
                for day in part
            }
            self._replace({day: old[day] for day in part}, sums)

    def is_of_same_reading(self, other: "Buckets", days: Days) -> bool:
        """Whether all of `days` that `other` knows are known here as of the same moment."""
        return bool(self._days) and all((there := other.kept(day)) is None or there == self.kept(day) for day in days)

    def _replace(self, kept: Mapping[date, Kept], by_day: Mapping[date, list[Bucket]]) -> None:
        self._days |= {day: _KnownDay(new, by_day[day]) for day, new in kept.items()}
        self._changed(kept)
        if self._shelf is not None and kept:
            self._shelf.write(kept, by_day, self._keys)
            self._put_months(Days(min(kept), max(kept)))

    def oldest(self, days: Days) -> datetime | None:
        """When the first read of those of `days` was asked for that may have moved since; None: of none of them."""
        known = map(self._days.get, days)
        return min((one.kept.as_of for one in known if one is not None and not one.kept.is_settled), default=None)

    def of(self, days: Days) -> list[Bucket]:
        """The buckets of those of `days` that are known, oldest first."""
        self._load(days)
        return [bucket for known in map(self._days.get, days) if known is not None for bucket in known.buckets or ()]

    def whole(self, days: Days) -> Bucket:
        """What is known of `days` as one bucket, in which every key has at most one row."""
        if days not in self._whole:
            buckets: list[Bucket] = []
            for part in days.by_month():
                month = self._month(part) if self._is_settled_month(part) else None
                buckets += [month] if month is not None else self.of(part)
            self._whole[days] = _joined(buckets, len(self.keys), days.start_time)
        return self._whole[days]

    def known(self) -> list[Bucket]:
        """All buckets there are, oldest first."""
        return self.of(self.days) if self.days else []

    def missing(self, days: Days) -> list[Days]:
        """Which of `days` are not known."""
        return list(ranges_of(day for day in days if day not in self._days))

    @property
    def first_day(self) -> date | None:
        """The first of the days that are known without a gap up to the last one."""
        if not self._days:
            return None
        day = max(self._days)
        while day - _DAY in self._days:
            day -= _DAY
        return day

    def first_used(self, days: Days) -> date | None:
        """The first of `days` that has a row."""
        return next((day_of(bucket.start) for bucket in self.of(days) if len(bucket.keys)), None)

    # With others.

    @property
    def days(self) -> Days | None:
        """From the first to the last that is known."""
        return Days(min(self._days), max(self._days)) if self._days else None

    def release(self) -> None:
        """Keep no rows in memory that are on the shelf."""
        if self._shelf is not None:
            self._whole.clear()
            self._months.clear()
            for known in self._days.values():
                known.buckets = None

    def follow(self, days: Mapping[date, Kept]) -> None:
        """Days on the shelf that somebody replaced."""
        news = {day: kept for day, kept in days.items() if day not in self._days or self._days[day].kept != kept}
        if news:
            self._days |= {day: _KnownDay(kept, None) for day, kept in news.items()}
            self._are_keys_known = False
            self._changed(news)

    def look_again(self) -> None:
        """Days may have been taken off the shelf."""
        if self._shelf is None:
            return
        kept = self._shelf.kept()
        gone = [day for day, known in self._days.items() if known.buckets is None and day not in kept]
        for day in gone:
            del self._days[day]
        self.follow(kept)
        self._changed(gone)

    def move_to(self, shelf: Shelf) -> None:
        """Put what is known on a shelf, and know what is there."""
        kept = shelf.kept()
        newer = {
            day: known
            for day, known in self._days.items()
            if known.buckets is not None and (day not in kept or kept[day].as_of < known.kept.as_of)
        }
        self._shelf = shelf
        self._are_keys_known = False
        if newer:
            buckets = {day: known.buckets or [] for day, known in newer.items()}
            shelf.write({day: known.kept for day, known in newer.items()}, buckets, self._keys)
        self.follow({day: of_day for day, of_day in kept.items() if day not in newer})

    def lose(self) -> None:
        """The shelf is gone, with what was only there."""
        self._shelf = None
        gone = [day for day, known in self._days.items() if known.buckets is None]
        for day in gone:
            del self._days[day]
        self._changed(gone)

    def _load(self, days: Days) -> None:
        wanted = [day for day in days if (known := self._days.get(day)) is not None and known.buckets is None]
        for part in ranges_of(wanted):
            # It may be lost while the part before is read.
            if self._shelf is None:
                return
            found = self._shelf.read(part, self._keys)
            for day in part:
                if day in found:
                    self._days[day].buckets = found[day]
                elif self._days.pop(day, None) is not None:
                    # Somebody took it away to make room.
                    self._changed([day])

    def _is_settled_month(self, days: Days) -> bool:
        return days.is_whole_month and all(
            (known := self._days.get(day)) is not None and known.kept.is_settled for day in days
        )

    def _month(self, days: Days) -> Bucket:
        """Of a settled month; it is added up once for all servers and all times."""
        if days not in self._months:
            stamp = self._stamp(days)
            found = self._shelf.month(days.first, stamp, self._keys) if self._shelf is not None else None
            self._months[days] = found or _joined(self.of(days), len(self._keys), days.start_time)
        return self._months[days]

    def _put_months(self, days: Days) -> None:
        for month in Days(days.first.replace(day=1), month_end(days.last)).by_month():
            if not self._is_settled_month(month):
                continue
            bucket = _joined(self.of(month), len(self._keys), month.start_time)
            # Reading the days may have been the last that the shelf was good for.
            if self._shelf is not None and self._is_settled_month(month):
                self._shelf.put_month(month.first, self._stamp(month), bucket, self._keys)

    def _stamp(self, days: Days) -> int:
        """Another number when a day was replaced."""
        return sum(int(self._days[day].kept.as_of.timestamp()) for day in days)

    def _changed(self, days: Iterable[date]) -> None:
        self._whole.clear()
        firsts = {day.replace(day=1) for day in days}
        self._months = {month: bucket for month, bucket in self._months.items() if month.first not in firsts}
        self.version += 1


def _joined(buckets: list[Bucket], keys: int, start: int, groups: Sequence[int] | None = None) -> Bucket:
    """One bucket of several; with `groups`, a row's key becomes the one that stands there for it."""
    if groups is not None:
        buckets = [replace(bucket, keys=[groups[key] for key in bucket.keys]) for bucket in buckets]
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
