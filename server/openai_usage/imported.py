"""Saved usage in the place of an account's: read from files, kept in memory, and shown like any other figures."""

import stat
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from openai_usage import report, saved
from openai_usage.account import Account, OneSum
from openai_usage.days import Days, day_of, ranges_of
from openai_usage.endpoints import COSTS, USAGE, Query, by_everything
from openai_usage.protocol import Selection
from openai_usage.records import Record, buckets_of
from openai_usage.saved import NothingReadError, Saved
from openai_usage.scope import Scope, scope
from openai_usage.settings import Unit
from openai_usage.source import Source, Told
from openai_usage.store import Store
from openai_usage.trail import Trail

LARGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes; one byte more says that there is more."""


class Imported:
    """The figures of files, with a selection of their own."""

    def __init__(self, content: Saved) -> None:
        self.read = content.read
        self.problems = content.problems
        self.store = Store(source=Source("imported"), told=_told(content))
        _fill(self.store, content)
        self.days = _days(content)
        days = self.days
        self.trail = Trail()
        if days is not None:
            self.trail.replace(Selection(start=days.first, end=days.last))
        bill = report.bill(self.store.buckets[_finest(content.bill_by)])
        self.currency, self.left_out, self.organization = bill.currency, bill.left_out, bill.organization_name

    def scope(self, today: date) -> Scope:
        """What is shown of it; all time is all that is in the files."""
        return scope(self.trail.selection, today, self.days.first if self.days else None, self.store.told)

    def report(self, now: datetime) -> report.Report:
        """That in numbers."""
        return report.report(self.store, self.scope(now.date()), self.currency, now)


def read(paths: Iterable[Path], unit: Unit) -> Imported:
    """The figures of those files. NothingReadError, or OSError when one of them cannot be opened."""
    content = saved.read(((path.name, _content(path)) for path in paths), unit)
    if not content.read:
        raise NothingReadError(content.problems)
    return Imported(content)


def _content(path: Path) -> bytes:
    # A device or a pipe may have no end, or keep whoever opens it waiting.
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(None, "it is no file", str(path))
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def _told(content: Saved) -> Told:
    return Told(
        kind="imported",
        usage=tuple(endpoint for endpoint in USAGE if content.usage_days.get(endpoint)),
        has_bill=bool(content.cost_days),
        bill_by=content.bill_by,
    )


def _finest(bill_by: frozenset[str]) -> Query:
    return Query(COSTS, tuple(one for one in COSTS.dimensions if one in bill_by))


def _fill(store: Store, content: Saved) -> None:
    _put(store, _finest(content.bill_by), content.costs, content.cost_days)
    for endpoint, days in content.usage_days.items():
        _put(store, by_everything(endpoint), content.usage, days)
    store.directory = content.directory
    one_sum = None if content.one_sum is None else OneSum(content.one_sum, None)
    store.account = Account(content.organization, content.subscription, content.credit, one_sum)


def _put(store: Store, query: Query, records: Iterable[Record], known: frozenset[date]) -> None:
    buckets = buckets_of(records, query.endpoint, "1d", store.buckets[query].keys)
    by_day = {day_of(bucket.start): bucket for bucket in buckets}
    now = datetime.now(UTC)
    for days in ranges_of(known):
        store.put(query, days, [by_day[day] for day in days if day in by_day], now)


def _days(content: Saved) -> Days | None:
    known = [*content.cost_days, *(day for days in content.usage_days.values() for day in days)]
    return Days(min(known), max(known)) if known else None
