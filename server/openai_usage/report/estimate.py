"""Use at list prices: an estimate of what it costs, for what the bill does not tell. It is never added to a bill."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby

from openai_usage import money, pricing
from openai_usage.days import Days, day_of, midnight
from openai_usage.endpoints import Endpoint, Query
from openai_usage.protocol import GroupBy
from openai_usage.report.sums import Grouping, Part, Value, add_up, passes, value_of
from openai_usage.rows import Bucket, Key, Keys
from openai_usage.scope import Filters
from openai_usage.store import Store

_Priced = tuple[Value, Value, Value, Value]
"""Which group it counts for; and what its price depends on beside the day: the model, batch and the service tier."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What use comes to at list prices."""

    amount: Decimal
    """US dollars."""
    unpriced: tuple[str, ...]
    """Models with use that has no price and is not in the amount; the capability where it tells no model. Sorted."""
    is_part: bool = False
    """There may be use of other capabilities, of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """What the use of API keys comes to, beside their bill or in its place. What is None or empty is not told."""

    narrowed: Estimate | None = None
    """Of the keys that the panel is narrowed to."""
    days: Days | None = None
    """Those that it is of: all, or the ones that have no bill by key."""
    compared: tuple[Decimal, Decimal] | None = None
    """What it comes to, and what was billed, on the days that are over, are billed, and are priced whole."""
    by: Mapping[GroupBy, Mapping[Value, Estimate]] = field(default_factory=dict)
    """By dimension, of what no bill is split by: API keys on the days that have no bill by key, or all there is."""
    is_too_much: bool = False
    """There are too many keys to tell that; of a source without a bill by key, too many rows to tell any of it."""


def estimate(
    store: Store, queries: Sequence[Query], days: Days, filters: Filters, by: str | None = None
) -> dict[Value, Estimate]:
    """By value of a dimension, or all as one under None: what is known of `days` and passes the filters.

    The queries are of usage, split by everything. A value is there when it has rows; all as one is there anyway. The
    first call imports the prices, see `pricing.load`.
    """
    amounts: defaultdict[Value, list[Decimal]] = defaultdict(list)
    unpriced: defaultdict[Value, set[str]] = defaultdict(set)
    if by is None:
        amounts[None] = []
    for query in queries:
        endpoint = query.endpoint
        for day, (group, model, batch, tier), counts in _use(store, query, days, filters, by):
            amount = pricing.price(endpoint.name, model, day, counts, batch=batch == "true", service_tier=tier)
            if amount is None:
                unpriced[group].add(model or endpoint.name)
            amounts[group].append(amount or Decimal(0))
    return {
        group: Estimate(money.total(of_group), tuple(sorted(unpriced[group]))) for group, of_group in amounts.items()
    }


@dataclass(frozen=True, slots=True)
class PricedUse:
    """The use of one endpoint at list prices, by day and by all that it is split by: sums of it are exact."""

    endpoint: Endpoint
    keys: Keys
    buckets: Sequence[Bucket]
    """With one column: US dollars, 0 where there is no price."""
    unpriced: Mapping[int, str]
    """By the number of a key, the model that has no price; the capability where there is no model."""


def price_use(store: Store, queries: Sequence[Query], days: Days) -> list[PricedUse]:
    """What is known of `days`. The queries are of usage by day, split by everything."""
    return [_priced_use(store, query, days) for query in queries]


def _priced_use(store: Store, query: Query, days: Days) -> PricedUse:
    buckets, endpoint = store.buckets[query], query.endpoint
    of_days, keys = buckets.of(days), buckets.keys
    priced = list(_priced_as(endpoint, keys, {}, None))
    found, unpriced = [], {}
    for day, of_day in groupby(of_days, key=lambda bucket: day_of(bucket.start)):
        numbers, amounts = [], []
        for number, counts in _sums(endpoint, of_day, range(len(keys))).items():
            _, model, batch, tier = priced[number] or (None, None, None, None)
            amount = pricing.price(endpoint.name, model, day, counts, batch=batch == "true", service_tier=tier)
            if amount is None:
                unpriced[number] = model or endpoint.name
            numbers.append(number)
            amounts.append(amount or Decimal(0))
        found.append(Bucket(midnight(day), numbers, (amounts,)))
    return PricedUse(endpoint, keys, found, unpriced)


def estimates_by(
    priced: Sequence[PricedUse], filters: Filters, by: str | None, *, is_part: bool = False
) -> dict[Value, Estimate]:
    """What it comes to by value of a dimension (`capability` too), or all as one under None."""
    grouping = Grouping()
    if by is None:
        grouping.numbers[None] = 0
    parts = [priced_part(one, grouping, filters, by) for one in priced]
    sums = add_up(parts, len(grouping.numbers))
    unpriced: defaultdict[int, set[str]] = defaultdict(set)
    seen = {0} if by is None else set()
    for one, part in zip(priced, parts, strict=True):
        there = {number for bucket in one.buckets for number in bucket.keys}
        seen |= {part.groups[number] for number in there}
        for number, name in one.unpriced.items():
            unpriced[part.groups[number]].add(name)
    return {
        value: Estimate(Decimal(sums[number]), tuple(sorted(unpriced[number])), is_part)
        for value, number in grouping.numbers.items()
        if number in seen
    }


def priced_part(one: PricedUse, grouping: Grouping, filters: Filters, by: str | None) -> Part:
    """Its amounts to be added up, by a dimension or all as one."""
    if by in {None, "capability"}:
        groups = grouping.constant(by and one.endpoint.name, one.endpoint, one.keys, filters)
    else:
        groups = grouping.by(by or "", one.endpoint, one.keys, filters)
    return Part(one.buckets, groups, [(0, 1)])


def _use(
    store: Store, query: Query, days: Days, filters: Filters, by: str | None
) -> Iterator[tuple[date, _Priced, Mapping[str, int]]]:
    """By day and by what a price depends on, the sum of each metric that is not zero."""
    buckets = store.buckets[query]
    of_days = buckets.of(days)
    numbers: dict[_Priced, int] = {}
    slots = [
        None if priced is None else numbers.setdefault(priced, len(numbers))
        for priced in _priced_as(query.endpoint, buckets.keys, filters, by)
    ]
    priced = list(numbers)
    for day, of_day in groupby(of_days, key=lambda bucket: day_of(bucket.start)):
        for slot, counts in _sums(query.endpoint, of_day, slots).items():
            yield day, priced[slot], counts


def _priced_as(endpoint: Endpoint, keys: Iterable[Key], filters: Filters, by: str | None) -> Iterator[_Priced | None]:
    """Of each key; None: it does not pass the filters."""
    does_pass = passes(endpoint, filters)
    group, model, batch, tier = (value_of(endpoint, one or "") for one in (by, "model", "batch", "service_tier"))
    for key in keys:
        yield (group(key), model(key), batch(key), tier(key)) if does_pass(key) else None


def _sums(
    endpoint: Endpoint, buckets: Iterable[Bucket], slots: Sequence[int | None]
) -> Mapping[int, Mapping[str, int]]:
    sums: dict[int, dict[str, int]] = {}
    for bucket in buckets:
        of_rows = [None if (slot := slots[key]) is None else sums.setdefault(slot, {}) for key in bucket.keys]
        for metric, column in zip(endpoint.metrics, bucket.columns, strict=True):
            # Most columns of most rows are zero.
            if not any(column):
                continue
            for of_row, number in zip(of_rows, column, strict=True):
                if number and of_row is not None:
                    of_row[metric.name] = of_row.get(metric.name, 0) + int(number)
    return sums
