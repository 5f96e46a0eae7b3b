"""What is known of an account, added up; and added up again only when something of it changed."""

from datetime import datetime

from openai_usage import fetch, queries, report
from openai_usage.scope import Scope
from openai_usage.store import Store


class Figures:
    """The sums over a store that the views tell of. None: not known yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.bill: report.Bill | None = None
        self.recent: report.Recent | None = None
        self.report: report.Report | None = None
        # What of it was added up last, and from what.
        self._newest: report.Report | None = None
        self._version = -1
        self._reported: object = None

    @property
    def as_of(self) -> datetime | None:
        """When the bill around today was asked for, of which all has to be known."""
        bill = self._store.buckets[queries.TOTAL]
        moment = bill.as_of
        return None if moment is None or bill.missing(queries.days_around(moment.date())) else moment

    @property
    def currency(self) -> str:
        """Of all sums of money."""
        return self.bill.currency if self.bill else "usd"

    def add_up(self, scope: Scope | None, now: datetime, *, is_waiting: bool) -> None:
        """Of the panel's `scope`, when it is open. With `is_waiting`, there is more to come."""
        with self._store.snapshot():
            self._add_up(scope, now, is_waiting=is_waiting)

    def _add_up(self, scope: Scope | None, now: datetime, *, is_waiting: bool) -> None:
        as_of = self.as_of
        if as_of is None:
            return
        version = self._store.version
        if self.recent is None or self._version != version:
            buckets = self._store.buckets
            self.bill = report.bill(buckets[queries.TOTAL])
            self.recent = report.recent(buckets[queries.TOTAL], buckets[queries.BASE], self.bill.currency, as_of.date())
            self._version = version
        if scope is None:
            return
        # Charts by the minute grow by the minute, others with what is read.
        moment = now.replace(second=0, microsecond=0) if scope.width != "1d" else now.date()
        if self._reported != (version, scope, moment):
            self._reported = version, scope, moment
            self._newest = report.report(self._store, scope, self.currency, now)
        newest = self._newest
        # Until a period is there, the one before stays in sight, under its own dates.
        is_whole = newest and not newest.missing and fetch.is_of_one_moment(self._store, scope)
        if is_whole or not is_waiting:
            self.report = newest
