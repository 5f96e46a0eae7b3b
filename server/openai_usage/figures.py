"""What is known of an account, added up; and added up again only when something of it changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from openai_usage import fetch, pricing, queries, report
from openai_usage.days import Days, month_of
from openai_usage.endpoints import COSTS, Query
from openai_usage.scope import Filters
from openai_usage.store import LONG_AGO, Store

_CURRENCY: Final = "usd"
"""Of list prices."""
_ABOUT_AT_ONCE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The same of one API key. None: not known."""

    id: str
    recent: report.Recent | None = None
    today: report.Estimate | None = None
    month: report.Estimate | None = None
    """Where there is no bill."""


class Figures:
    """The sums over a store that the views tell of. None: not known yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.bill: report.Bill | None = None
        self.recent: report.Recent | None = None
        self.today: report.Estimate | None = None
        self.month: report.Estimate | None = None
        """Where there is no bill by day."""
        self.key: KeyFigures | None = None
        self.report: report.Report | None = None
        # What of it was added up last, and from what.
        self._newest_key: KeyFigures | None = None
        self._newest: report.Report | None = None
        self._added_up: object = None
        self._reported: object = None

    @property
    def as_of(self) -> datetime | None:
        """When the bill around today was asked for, of which all has to be known.

        Where a source tells no bill by day: when what it tells instead was asked for.
        """
        bill = self._store.buckets[queries.TOTAL]
        moment = bill.as_of if self._store.told.has_bill else None
        if moment is not None and not bill.missing(queries.days_around(moment.date())):
            return moment
        if self._store.source.kind != "legacy" or self._store.told.has_bill:
            return None
        store = self._store
        known = [
            store.account_read if store.account.one_sum or store.account.credit else None,
            store.buckets[fetch.legacy.USE].as_of if fetch.legacy.has_use(store) else None,
        ]
        return max((one for one in known if one is not None), default=None)

    @property
    def currency(self) -> str:
        """Of all sums of money."""
        return self.bill.currency if self.bill else "usd"

    def add_up(self, seen: fetch.Seen, now: datetime, *, is_waiting: bool) -> None:
        """Of the panel's scope, when it is open, and of a key. With `is_waiting`, there is more to come."""
        with self._store.snapshot():
            self._add_up(seen, now, is_waiting=is_waiting)

    def _add_up(self, seen: fetch.Seen, now: datetime, *, is_waiting: bool) -> None:
        as_of, scope = self.as_of, seen.scope
        if as_of is None:
            return
        version = self._store.version, pricing.is_loaded()
        if self._added_up != (version, seen.key_id):
            buckets, day = self._store.buckets, as_of.date()
            self.bill = report.bill(buckets[queries.TOTAL])
            self.recent, self.month = self._recent(day), None
            self.today = self._not_yet_billed(day)
            if self.recent is None:
                self.today, self.month = self._estimated(Days(day, day)), self._estimated(month_of(day))
            self._newest_key = None if seen.key_id is None else self._of_key(seen.key_id, day)
            self._added_up = version, seen.key_id
        key, before = self._newest_key, self.key
        # Half of a refresh does not take away what is shown.
        is_half = is_waiting and key and before and before.id == key.id and before.recent and not key.recent
        self.key = before if is_half else key
        if scope is None:
            return
        # Charts by the minute grow by the minute, others with what is read.
        moment = now.replace(second=0, microsecond=0) if scope.width != "1d" else now.date()
        if self._reported != (version, scope, moment):
            self._reported = version, scope, moment
            self._newest = report.report(self._store, scope, self.currency, now)
        newest = self._newest
        # Until a period is there, the one before stays in sight, under its own dates.
        is_daily = self._store.source.kind == "legacy"
        missing = newest and [one for one in newest.missing if one.endpoint is COSTS or not is_daily]
        is_whole = newest and not missing and fetch.is_of_one_moment(self._store, scope)
        if is_whole or not is_waiting:
            self.report = newest

    def _recent(self, day: date) -> report.Recent | None:
        store, currency = self._store, self.currency
        bill = store.buckets[queries.TOTAL]
        if not store.told.has_bill or bill.missing(queries.days_around(day)):
            return None
        split = queries.cost_query({}, "line_item", store.told)
        return report.recent(bill, store.buckets[split], currency, day, has_projects="project_id" in split.group_by)

    # Of a key, and of what is not billed yet.

    def _of_key(self, key_id: str, day: date) -> KeyFigures:
        bill = self._store.buckets[queries.key_bill(key_id)]
        if not bill.missing(queries.days_around(day)):
            of_key = report.recent(bill, bill, self.currency, day, {"api_key_id": frozenset({key_id})})
            return KeyFigures(key_id, of_key, self._not_yet_billed(day, key_id))
        if not fetch.is_key_unbilled(self._store, key_id, day):
            return KeyFigures(key_id)
        today, month = (self._estimated(days, key_id) for days in (Days(day, day), month_of(day)))
        # What stands in for a bill has to be of all that is billed.
        return KeyFigures(key_id) if not month or month.is_part else KeyFigures(key_id, None, today, month)

    def _not_yet_billed(self, day: date, key_id: str | None = None) -> report.Estimate | None:
        """What the use of the day comes to; None where it was read long before the bill, and tells nothing newer."""
        if not pricing.is_loaded():
            return None
        bill = self._store.buckets[queries.TOTAL].kept(day)
        use = [self._store.buckets[query].kept(day) for query in self._known_use(Days(day, day), key_id)[:1] if query]
        is_recent = bill and use and use[0] and bill.as_of - use[0].as_of <= _ABOUT_AT_ONCE
        return self._estimated(Days(day, day), key_id) if is_recent else None

    def _estimated(self, days: Days, key_id: str | None = None) -> report.Estimate | None:
        """What the use of those days comes to at list prices; None when most of it is not known, or no prices are."""
        if not pricing.is_loaded() or self.currency != _CURRENCY:
            return None
        only = {} if key_id is None else {"api_key_id": frozenset({key_id})}
        if self._store.source.kind == "legacy":
            return self._estimated_by_day(days, only)
        known = self._known_use(days, key_id)
        there = [query for query in known if query]
        if not known or not known[0]:
            return None
        return replace(report.estimate(self._store, there, days, only)[None], is_part=len(there) < len(known))

    def _estimated_by_day(self, days: Days, only: Filters) -> report.Estimate | None:
        """Of those days that are known, of a source that tells them one at a time; None when none is."""
        missing = self._store.buckets[fetch.legacy.USE].missing(days)
        if missing == [days] or not fetch.legacy.has_use(self._store):
            return None
        priced = report.price_use(self._store, [queries.usage_query(one) for one in self._store.told.usage], days)
        # The endpoint may have stopped to tell: what is not there may have been used.
        is_unfilled = fetch.legacy.is_unfilled(self._store, days.last)
        if is_unfilled and not any(one.buckets and any(len(bucket.keys) for bucket in one.buckets) for one in priced):
            return None
        return report.estimates_by(priced, only, None, is_part=bool(missing) or is_unfilled)[None]

    def _known_use(self, days: Days, key_id: str | None) -> Sequence[Query | None]:
        """The use of those days by endpoint, that of all keys or that of the one; None where it is not known."""
        store = self._store
        of_all = [queries.usage_query(endpoint) for endpoint in store.told.usage]
        of_key = {query.endpoint: query for query in queries.key_uses(key_id)} if key_id is not None else {}
        found: list[Query | None] = []
        for query in of_all:
            if query.endpoint in store.absent or (key_id is not None and query.endpoint not in of_key):
                continue
            choice = [query, *([of_key[query.endpoint]] if key_id is not None else [])]
            known = [one for one in choice if not store.buckets[one].missing(days)]
            # Either may be the one that was read last.
            found.append(max(known, key=lambda one: _read_at(store, one, days), default=None))
        return found


def _read_at(store: Store, query: Query, days: Days) -> datetime:
    kept = store.buckets[query].kept(days.last)
    return kept.as_of if kept else LONG_AGO
