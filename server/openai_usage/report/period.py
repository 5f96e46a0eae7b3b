"""Everything that the panel shows of a period, added up."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from openai_usage import fetch, money, pricing
from openai_usage.days import Days, day_of, midnight
from openai_usage.endpoints import COSTS, USAGE, Endpoint, Metric, Query, Width
from openai_usage.protocol import GroupBy
from openai_usage.queries import (
    BASE,
    RANKED_BY,
    can_be_narrowed,
    compared,
    cost_before_query,
    cost_query,
    given,
    measured,
    shown_usage_query,
    usage_before_query,
    usage_query,
)
from openai_usage.report.estimate import Estimate, Estimates, PricedUse, estimate, estimates_by, price_use, priced_part
from openai_usage.report.ranking import MEASURED, Entry, Ranking, beside_spend
from openai_usage.report.split import Split, by_month, split
from openai_usage.report.sums import Grouping, Part, Value, add_up, sums_by_value, value_of
from openai_usage.rows import Keys, Number
from openai_usage.scope import CAPABILITIES, RANKED, Filters, Scope
from openai_usage.store import Buckets, Store

_AMOUNT: Final = COSTS.column("amount")
_QUANTITY: Final = COSTS.column("quantity")
_DAY: Final = timedelta(days=1)
_MOST_ESTIMATED: Final = 200_000
"""Rows, or keys times days: each takes some microseconds, and is waited for."""
_SECONDS: Final = {"1d": 86_400, "1h": 3600, "1m": 60}


@dataclass(frozen=True, slots=True)
class Report:
    """One scope in numbers. What is None is not known."""

    scope: Scope
    spend: Decimal | None
    spend_before: Decimal | None
    used: Mapping[str, int] | None
    """Tokens and requests of all capabilities together, by metric."""
    used_before: Mapping[str, int] | None
    capabilities: Sequence[str]
    """Those that were used, whatever the filters."""
    chart: Split | None
    chart_is_split: bool = True
    """False: the chart has one layer, since the split that was asked for is not known."""
    rankings: Mapping[GroupBy, Ranking] = field(default_factory=dict)
    """By dimension: in the overview several, in the section of a dimension or a capability that one."""
    metrics: Mapping[str, int] | None = None
    """Of the section's capability."""
    metrics_before: Mapping[str, int] | None = None
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What there is to narrow to, by dimension."""
    missing: Mapping[Query, list[Days]] = field(default_factory=dict)
    """Days of what is shown here that are not known, though OpenAI would tell them."""
    without_keys: bool = False
    """Some of the days are too old for cost by API key, and something here is by it."""
    not_narrowed: Sequence[str] = ()
    """The capabilities that cannot be narrowed to the filters, and are left out."""
    stale: Collection[GroupBy] = ()
    """Splits of the bill that were read at another moment than its sum, and are not compared with it."""
    unbilled: Sequence[str] = ()
    """Models that are narrowed to and that no line item bills for: the bill may spell them differently."""
    estimates: Estimates = field(default_factory=Estimates)


def report(store: Store, scope: Scope, currency: str, now: datetime) -> Report:
    """The scope in numbers."""
    return _Reader(store, scope, currency, now).report()


class _Reader:
    """Reads a store for one scope."""

    def __init__(self, store: Store, scope: Scope, currency: str, now: datetime) -> None:
        self._store = store
        self._scope = scope
        self._now = int(now.timestamp())
        self._is_in_dollars = currency == "usd"
        self._money: Filters = {**scope.filters, "currency": frozenset({currency})}
        self._told = scope.told
        self._usage = [endpoint for endpoint in scope.told.usage if endpoint not in store.absent]
        is_told = all(map(self._names, scope.filters))
        self._narrowed = [one for one in self._usage if is_told and can_be_narrowed(one, scope.filters)]
        self._priced: list[PricedUse] | None = None
        self._is_too_much = False
        self._compared = compared(scope)
        self._missing: dict[Query, list[Days]] = {}
        # Its empty days do not tell that nothing was used, as long as there is not one that has something.
        self._tells_use = self._told.kind != "legacy" or any(
            len(store.buckets[usage_query(endpoint)].keys) for endpoint in self._usage
        )
        self._without_keys = False
        self._stale: set[GroupBy] = set()

    def report(self) -> Report:
        scope = self._scope
        for endpoint in self._narrowed:
            self._missing_of(self._use(endpoint), scope.days, note=True)
        spend = self._spend(scope.days, needed=True)
        shown = [one for one in self._narrowed if one.name == scope.section]
        chart, is_split = self._chart()
        tokens = [one for one in self._narrowed if one in _counted()]
        return Report(
            scope=scope,
            spend=spend,
            spend_before=self._spend(scope.before) if self._bill() not in self._missing else None,
            used=self._used(tokens, scope.days),
            used_before=self._used_before(tokens),
            capabilities=[one.name for one in self._usage if self._is_used(one)],
            chart=chart,
            chart_is_split=is_split,
            rankings={by: found for by in self._ranked() if (found := self._ranking(by)) is not None},
            metrics=self._used(shown, scope.days) if shown else None,
            metrics_before=self._used_before(shown) if shown else None,
            values={
                dimension: self._values(dimension) for dimension in ("project_id", "api_key_id", "user_id", "model")
            },
            missing=self._missing,
            without_keys=self._without_keys,
            not_narrowed=[one.name for one in self._usage if one not in self._narrowed and self._is_used(one)],
            stale=self._stale,
            unbilled=self._unbilled(),
            estimates=self._estimates(),
        )

    # What tells it.

    def _names(self, dimension: str) -> bool:
        """Whether rows of use ever name a value of it. Those of 2023 name no project, and no key."""
        if self._told.kind != "legacy" or (dimension == "user_id" and self._scope.asked_user):
            return True
        # Of several users together nobody tells the use, where rows of all use name none.
        return bool(self._values(dimension))

    def _may_be_untold(self) -> bool:
        """Whether the newest days that are shown are among those of which an empty answer may say nothing."""
        today = day_of(self._now)
        return (
            self._told.kind == "legacy" and today in self._scope.days and fetch.legacy.is_unfilled(self._store, today)
        )

    def _bill(self, by: GroupBy | None = None) -> Query:
        return cost_query(self._scope.filters, by, self._told)

    def _use(self, endpoint: Endpoint, width: Width = "1d") -> Query:
        return shown_usage_query(self._scope, endpoint, width)

    def _given(self, query: Query, days: Days) -> Days | None:
        return given(query, days, self._told)

    # At list prices.

    def _priced_use(self) -> list[PricedUse]:
        """Where no bill by model, key or project is told; empty where it is not known, or too much to wait for."""
        if self._priced is None:
            used = [self._use(endpoint) for endpoint in self._narrowed]
            is_wanted = self._told.kind != "organization" and pricing.is_loaded() and self._is_in_dollars
            if is_wanted:
                known = (bucket for query in used for bucket in self._store.buckets[query].of(self._scope.days))
                self._is_too_much = sum(len(bucket.keys) for bucket in known) > _MOST_ESTIMATED
            can_be = is_wanted and not self._is_too_much
            self._priced = price_use(self._store, used, self._scope.days) if can_be else []
        return self._priced

    def _estimates_of_all(self) -> Estimates:
        """Of a source that tells no bill by model, key or project."""
        scope, priced = self._scope, self._priced_use()
        if not any(one.buckets for one in priced):
            return Estimates(is_too_much=self._is_too_much)
        is_part = any(self._use(endpoint) in self._missing for endpoint in self._narrowed) or self._may_be_untold()

        def of(by: str | None) -> dict[Value, Estimate]:
            return estimates_by(priced, scope.filters, by, is_part=is_part)

        ranked = [by for by in self._ranked() if by != "line_item" and scope.section not in CAPABILITIES]
        return Estimates(of(None)[None], scope.days, by={by: of(by) for by in ranked})

    def _estimates(self) -> Estimates:
        scope, store = self._scope, self._store
        if self._told.kind != "organization":
            return self._estimates_of_all()
        used = [usage_query(endpoint) for endpoint in self._narrowed if "api_key_id" in endpoint.dimensions]
        # Amounts in another currency could not stand beside it, nor tell that a part of the use is not known yet.
        if not pricing.is_loaded() or not self._is_in_dollars or any(query in self._missing for query in used):
            return Estimates()
        found, unbilled = Estimates(), self._days_without_keys()
        if "api_key_id" in scope.filters:
            days = unbilled or scope.days
            narrowed = estimate(store, used, days, scope.filters)[None]
            found = replace(found, narrowed=narrowed, days=days, compared=self._compared_with_bill(used))
        if scope.section == "api-keys" and unbilled is not None:
            if sum(len(store.buckets[query].keys) for query in used) * len(unbilled) > _MOST_ESTIMATED:
                return replace(found, is_too_much=True)
            by_key = estimate(store, used, unbilled, scope.filters, "api_key_id")
            return replace(found, by={"api_key_id": by_key} if by_key else {})
        return found

    def _compared_with_bill(self, used: Sequence[Query]) -> tuple[Decimal, Decimal] | None:
        """Of the days that are over: today's use is told before it is billed."""
        query, days = self._bill(), self._scope.days
        last = day_of(self._now) - _DAY
        billed = self._given(query, Days(days.first, min(days.last, last))) if days.first <= last else None
        if billed is None or self._missing_of(query, billed, note=False):
            return None
        estimated = estimate(self._store, used, billed, self._scope.filters)[None]
        # Not where something has no price: the bill has it, and the estimate has not.
        return None if estimated.unpriced else (estimated.amount, self._sum(query, billed))

    def _sum(self, query: Query, days: Days) -> Decimal:
        return Decimal(add_up([self._unsplit(query, days)], 1)[0])

    def _days_without_keys(self) -> Days | None:
        """Those of which the bill by key is not to be had."""
        query, days = self._bill("api_key_id"), self._scope.days
        asked = self._given(query, days)
        is_refused = any(topic == query for topic, _ in self._store.refused.values())
        # It may have been refused for other days, that are of another period.
        if asked is None or (is_refused and self._missing_of(query, days, note=False)):
            return days
        return Days(days.first, asked.first - _DAY) if asked != days else None

    def _ranked(self) -> Sequence[GroupBy]:
        scope = self._scope
        if scope.section == "overview":
            return RANKED_BY
        if scope.section in RANKED:
            return [RANKED[scope.section]]
        endpoint = CAPABILITIES.get(scope.section)
        if endpoint is None or endpoint not in self._narrowed:
            return []
        # Kinds of tokens are no rows of a table: they are its columns.
        return [scope.group_by if scope.group_by in endpoint.dimensions else "model"]

    # Money.

    def _spend(self, days: Days, *, needed: bool = False) -> Decimal | None:
        """None when nothing of it is known, or, unless it is `needed`, not all that OpenAI gives.

        Of days that are only compared with, OpenAI has to give all.
        """
        query = self._cost_query(None, days)
        if query is None:
            return None
        asked, missing = self._given(query, days), self._missing_of(query, days, note=needed)
        if asked is None or missing == [asked] or (missing and not needed):
            return None
        if days not in (asked, self._scope.days):
            return None
        return self._sum(query, days)

    def _cost_query(self, by: GroupBy | None, days: Days) -> Query | None:
        """What tells the bill of these days; None when it is not asked for."""
        if days == self._scope.days:
            return self._bill(by)
        return self._before(cost_before_query(self._scope.filters, by, self._told))

    def _before(self, query: Query) -> Query | None:
        """What tells of the period before: what was read of it anyway, or what is read to compare with."""
        finer = self._compared.get(query)
        if finer is None:
            return None
        return query if self._store.buckets[finer].missing(self._scope.before) else finer

    def _unsplit(self, query: Query, days: Days) -> Part:
        buckets = self._rows(query, days)
        groups = Grouping().constant(None, COSTS, buckets.keys, self._money)
        return Part([buckets.whole(days)], groups, [(_AMOUNT, 1)])

    def _costs_by(self, by: GroupBy, days: Days, grouping: Grouping, column: int = _AMOUNT) -> Part | None:
        """None when that split of the bill is not known for all the days for which OpenAI gives it."""
        query = self._cost_query(by, days)
        is_shown = days == self._scope.days
        if query is None or not self._is_split_by(by) or self._missing_of(query, days, note=is_shown):
            return None
        if self._given(query, days) != days:
            if not is_shown:
                return None
            self._without_keys = True
        if is_shown and not self._is_of_one_moment(query):
            self._stale.add(by)
        buckets = self._rows(query, days, by)
        return Part([buckets.whole(days)], grouping.by(by, COSTS, buckets.keys, self._money), [(column, 1)])

    def _is_split_by(self, by: GroupBy) -> bool:
        """Whether the bill that is shown is ever split by it."""
        told = self._told
        return told.kind == "organization" or (
            by in told.bill_by and self._given(self._bill(by), self._scope.days) is not None
        )

    def _is_of_one_moment(self, query: Query) -> bool:
        """Whether neither the split nor the sum was read before the bill was last seen to move."""
        both = (query, self._bill())
        moments = (self._store.buckets[one].oldest(self._scope.days) for one in both)
        return all(moment is None or moment >= self._store.bill_since for moment in moments)

    def _unbilled(self) -> list[str]:
        chosen = self._scope.filters.get("model", frozenset())
        query = self._bill("model")
        if not chosen or "model" not in self._told.bill_by or self._missing_of(query, self._scope.days, note=False):
            return []
        return sorted(chosen - set(map(value_of(COSTS, "model"), self._store.buckets[query].keys)))

    def _missing_of(self, query: Query, days: Days, *, note: bool) -> list[Days]:
        asked = self._given(query, days)
        missing = self._store.buckets[query].missing(asked) if asked else []
        if note and missing:
            self._missing[query] = missing
        return missing

    # Use.

    def _used_before(self, endpoints: Sequence[Endpoint]) -> dict[str, int] | None:
        """Of the period before, to compare with; None when of either period not all is known."""
        is_whole = not any(self._use(endpoint) in self._missing for endpoint in endpoints)
        return self._used(endpoints, self._scope.before) if is_whole else None

    def _used(self, endpoints: Iterable[Endpoint], days: Days) -> dict[str, int] | None:
        """The sum of each metric; None when nothing of it is known, or, of days that are compared with, not all."""
        is_shown = days == self._scope.days
        found: dict[str, int] = {}
        known = False
        for endpoint in endpoints:
            query = self._use(endpoint) if is_shown else self._before(usage_before_query(endpoint, self._scope.filters))
            if query is None:
                return None
            missing = self._missing_of(query, days, note=False)
            if missing and not is_shown:
                return None
            known |= missing != [days] and self._tells_use
            buckets = self._rows(query, days)
            groups = Grouping().constant(None, endpoint, buckets.keys, self._scope.filters)
            whole = buckets.whole(days)
            for column, metric in enumerate(endpoint.metrics):
                (total,) = add_up([Part([whole], groups, [(column, 1)])], 1)
                found[metric.name] = found.get(metric.name, 0) + int(total)
        return found if known else None

    def _is_used(self, endpoint: Endpoint) -> bool:
        # Whatever the filters.
        buckets = self._store.rows(usage_query(endpoint), (), self._scope.days)
        return any(any(column) for column in buckets.whole(self._scope.days).columns)

    def _values(self, dimension: str) -> frozenset[str]:
        """Of all that was read, whatever the period: what is chosen can be chosen back."""
        asked = [usage_query(endpoint) for endpoint in self._usage]
        if dimension == "model" and "model" in self._told.bill_by:
            asked.append(BASE if self._told.kind == "organization" else cost_query({}, "line_item", self._told))
        return frozenset(
            value
            for query in asked
            for value in set(map(value_of(query.endpoint, dimension), self._keys(query, dimension)))
            if value
        )

    # Rows.

    def _rows(self, query: Query, days: Days, by: GroupBy | None = None) -> Buckets:
        """What tells the query by a dimension, and can be narrowed to the filters."""
        wanted = {*self._scope.filters, *([by] if by else [])}
        # A model of the bill is read off the line item; what a query is not split by, its rows do not tell anyway.
        wanted = {"line_item" if one == "model" and query.endpoint is COSTS else one for one in wanted}
        return self._store.rows(query, wanted & set(query.group_by), days)

    def _keys(self, query: Query, dimension: str) -> Keys:
        """Keys that have all values of a dimension that were ever read."""
        of = "line_item" if dimension == "model" and query.endpoint is COSTS else dimension
        return self._store.all_rows(query, of).keys

    # Over time.

    def _chart(self) -> tuple[Split | None, bool]:
        if self._scope.section == "limits":
            return None, True
        if self._scope.measure == "estimate":
            found, is_split = self._estimate_chart(), True
        else:
            found, is_split = self._spend_chart() if self._scope.measure == "spend" else (self._usage_chart(), True)
        return by_month(found) if found and self._scope.step == "month" else found, is_split

    def _spend_chart(self) -> tuple[Split | None, bool]:
        scope = self._scope
        starts = _starts(scope.days, 86_400, self._now)
        total = self._bill()
        asked = self._given(total, scope.days)
        if asked is None or self._missing_of(total, scope.days, note=True) == [asked]:
            return None, True
        of_all = self._over_time(self._unsplit(total, scope.days), self._rows(total, scope.days))
        grouping = Grouping()
        part = self._costs_by(scope.group_by, scope.days, grouping)
        if part is None or scope.group_by in self._stale:
            return split([of_all], {None: 0}, starts), False
        rows = self._rows(self._bill(scope.group_by), scope.days, scope.group_by)
        parts = [self._over_time(part, rows)]
        unknown = {midnight(day) for days in self._missing.get(total, ()) for day in days}
        return split(parts, grouping.numbers, starts, [of_all], unknown), True

    def _over_time(self, part: Part, rows: Buckets) -> Part:
        """The same, with its buckets as they are."""
        return replace(part, buckets=rows.of(self._scope.days))

    def _estimate_chart(self) -> Split | None:
        priced, scope, grouping = self._priced_use(), self._scope, Grouping()
        if not any(one.buckets for one in priced):
            return None
        parts = [priced_part(one, grouping, scope.filters, scope.group_by) for one in priced]
        return split(parts, grouping.numbers, _starts(scope.days, 86_400, self._now))

    def _usage_chart(self) -> Split | None:
        scope = self._scope
        grouping = Grouping()
        parts: list[Part] = []
        known = False
        now = self._now
        for endpoint in measured(scope):
            if endpoint not in self._narrowed:
                continue
            query = self._use(endpoint, scope.width)
            known |= self._missing_of(query, scope.days, note=True) != [scope.days]
            parts += self._usage_parts(endpoint, query, grouping)
            # Of what came after it was read nothing is known, and nothing is drawn.
            if scope.width != "1d" and (read := self._store.buckets[query].as_of):
                now = min(now, int(read.timestamp()))
        return split(parts, grouping.numbers, _starts(scope.days, _SECONDS[scope.width], now)) if known else None

    def _usage_parts(self, endpoint: Endpoint, query: Query, grouping: Grouping) -> list[Part]:
        scope = self._scope
        buckets = self._rows(query, scope.days, scope.group_by)
        if scope.group_by == "token_type":
            return [
                Part(
                    buckets.of(scope.days),
                    grouping.constant(kind, endpoint, buckets.keys, scope.filters),
                    [(endpoint.column(name), sign) for name, sign in terms],
                )
                for kind, terms in _TOKEN_TYPES.items()
                if all(name in _names(endpoint) for name, _ in terms)
            ] or [self._plain(endpoint, query, grouping, "uncached")]
        if scope.group_by == "capability":
            return [self._plain(endpoint, query, grouping, endpoint.name)]
        groups = grouping.by(scope.group_by, endpoint, buckets.keys, scope.filters)
        return [Part(buckets.of(scope.days), groups, self._terms(endpoint))]

    def _plain(self, endpoint: Endpoint, query: Query, grouping: Grouping, name: str) -> Part:
        buckets = self._rows(query, self._scope.days)
        groups = grouping.constant(name, endpoint, buckets.keys, self._scope.filters)
        return Part(buckets.of(self._scope.days), groups, self._terms(endpoint))

    def _terms(self, endpoint: Endpoint) -> list[tuple[int, int]]:
        return [(endpoint.column(name), 1) for name in self._measured(endpoint)]

    def _measured(self, endpoint: Endpoint) -> list[str]:
        """The metrics that the scope's measure adds up."""
        measure = self._scope.measure
        names = MEASURED.get(measure) or [one.name for one in endpoint.metrics if one.unit == measure]
        return [name for name in names if name in _names(endpoint)]

    # Side by side.

    def _ranking(self, by: GroupBy) -> Ranking | None:
        """None: the source tells nothing by it."""
        scope = self._scope
        capability = CAPABILITIES.get(scope.section)
        if capability:
            endpoints = [capability]
        elif scope.section == "overview" and self._told.kind == "organization":
            # Its tables are short: money, and what was chosen.
            endpoints = [one for one in measured(scope) if one in self._narrowed]
        else:
            endpoints = self._narrowed
        used, totals = self._used_by(by, endpoints)
        metrics = [metric for metric, total in totals.items() if total]
        chosen = dict.fromkeys(name for one in measured(scope) for name in self._measured(one) if name in totals)
        if not any(totals[name] for name in chosen):
            chosen = {}
        if capability:
            found = Ranking(by, _entries(used, {}, None, used.keys()), metrics, totals, has_spend=False)
            return _ordered(replace(found, measured=tuple(chosen) or tuple(metrics[:1])))
        if not self._is_split_by(by):
            return self._ranking_of_use(by, used, metrics, totals, tuple(chosen))
        spend = self._spent_by(by, scope.days)
        before = self._spent_by(by, scope.before) if spend is not None else None
        total = self._spend(scope.days)
        with money.exact():
            is_comparable = by not in self._stale and self._bill() not in self._missing
            rest = None
            if is_comparable and spend is not None and total is not None:
                rest = total - sum(spend.values(), start=Decimal(0))
        keys = dict.fromkeys([*(spend or {}), *used])
        entries = _entries(used, spend, before, keys)
        if by == "line_item":
            entries = self._with_quantities(entries)
        found = Ranking(
            by=by,
            entries=entries,
            metrics=metrics if by != "line_item" else [],
            used=totals,
            has_spend=True,
            spend=total,
            before=self._spend(scope.before) if before is not None else None,
            remainder=rest,
            measured=tuple(chosen),
        )
        return _ordered(found)

    def _ranking_of_use(
        self,
        by: GroupBy,
        used: dict[Value, dict[str, int]],
        metrics: list[str],
        totals: dict[str, int],
        measured: tuple[str, ...],
    ) -> Ranking | None:
        """By what no bill is split; ordered by what it comes to, where nothing else was chosen."""
        if not any(value is not None for value in used):
            return None
        entries = _entries(used, {}, None, used.keys())
        amounts = estimates_by(self._priced_use(), self._scope.filters, by)
        order = {entry.key: amounts[entry.key].amount if entry.key in amounts else Decimal(0) for entry in entries}
        found = _ordered(Ranking(by, entries, metrics, totals, has_spend=False, measured=measured))
        return found if measured else replace(found, entries=sorted(found.entries, key=lambda entry: -order[entry.key]))

    def _spent_by(self, by: GroupBy, days: Days) -> dict[Value, Decimal] | None:
        grouping = Grouping()
        part = self._costs_by(by, days, grouping)
        if part is None:
            return None
        return {value: Decimal(amount) for value, amount in sums_by_value(part, grouping).items()}

    def _used_by(
        self, by: GroupBy, endpoints: Iterable[Endpoint]
    ) -> tuple[dict[Value, dict[str, int]], dict[str, int]]:
        found: dict[Value, dict[str, int]] = {}
        totals: dict[str, int] = {}
        for endpoint in endpoints:
            if by not in endpoint.dimensions:
                continue
            buckets = self._rows(self._use(endpoint), self._scope.days, by)
            grouping = Grouping()
            groups = grouping.by(by, endpoint, buckets.keys, self._scope.filters)
            rows = [buckets.whole(self._scope.days)]
            for column, metric in enumerate(endpoint.metrics):
                name = self._name_in_ranking(endpoint, metric)
                if name is None:
                    continue
                for value, number in sums_by_value(Part(rows, groups, [(column, 1)]), grouping).items():
                    _count(found.setdefault(value, {}), name, number)
                    _count(totals, name, number)
        return found, totals

    def _name_in_ranking(self, endpoint: Endpoint, metric: Metric) -> str | None:
        """None: it has no place there."""
        if self._scope.section in CAPABILITIES:
            return metric.name
        if metric.name == "num_model_requests" and endpoint not in _counted():
            return None
        return beside_spend(endpoint, metric)

    def _with_quantities(self, entries: Iterable[Entry]) -> list[Entry]:
        """Each line item with how much of what it bills for, unless it mixes units."""
        units, items = Grouping(), Grouping()
        unit_part = self._costs_by("line_item", self._scope.days, items, _QUANTITY)
        if unit_part is None:
            return list(entries)
        rows = self._rows(self._bill("line_item"), self._scope.days, "line_item")
        unit_of = units.by("quantity_unit", COSTS, rows.keys, self._money)
        names = list(units.numbers)
        sums = add_up([unit_part], len(items.numbers))
        found: dict[int, set[Value]] = {}
        for bucket in unit_part.buckets:
            for key in bucket.keys:
                found.setdefault(unit_part.groups[key], set()).add(names[unit_of[key]] if unit_of[key] >= 0 else None)
        result = []
        for entry in entries:
            number = items.numbers.get(entry.key, -1)
            kinds = found.get(number, set())
            quantity = Decimal(sums[number]) if number >= 0 and len(kinds) == 1 else None
            result.append(
                Entry(entry.key, entry.spend, entry.before, entry.used, quantity or None, next(iter(kinds), None))
            )
        return result


_TOKEN_TYPES: Final = {
    "uncached": (("input_tokens", 1), ("input_cached_tokens", -1), ("input_cache_write_tokens", -1)),
    "cached": (("input_cached_tokens", 1),),
    "cache_write": (("input_cache_write_tokens", 1),),
    "output": (("output_tokens", 1),),
}


def _counted() -> list[Endpoint]:
    """The endpoints whose model requests are requests of their own; a web search's are its model's."""
    return [one for one in USAGE if "num_model_requests" in _names(one) and one.name != "web_search_calls"]


def _names(endpoint: Endpoint) -> list[str]:
    return [metric.name for metric in endpoint.metrics]


def _starts(days: Days, step: int, now: int) -> range:
    """When each bucket begins; none that has not begun yet."""
    return range(days.start_time, min(days.end_time, now // step * step + step), step)


def _count(counts: dict[str, int], metric: str, number: Number) -> None:
    counts[metric] = counts.get(metric, 0) + int(number)


def _entries(
    used: Mapping[Value, Mapping[str, int]],
    spend: Mapping[Value, Decimal] | None,
    before: Mapping[Value, Decimal] | None,
    keys: Iterable[Value],
) -> list[Entry]:
    zero = Decimal(0)
    return [
        Entry(
            key=key,
            spend=spend.get(key) if spend is not None else None,
            before=before.get(key, zero) if before is not None else None,
            used=used.get(key, {}),
        )
        for key in keys
    ]


def _ordered(ranking: Ranking) -> Ranking:
    """Largest first."""
    entries = sorted(ranking.entries, key=lambda entry: (-(ranking.measure(entry.used) or 0), _rank(entry)))
    return replace(ranking, entries=entries)


def _rank(entry: Entry) -> tuple[Decimal, int, int, str]:
    tokens = entry.used.get("input_tokens", 0) + entry.used.get("output_tokens", 0)
    return -(entry.spend or Decimal(0)), -tokens, -max(entry.used.values(), default=0), entry.key or ""
