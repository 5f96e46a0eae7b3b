"""Use at list prices: an estimate of what it costs, for what the bill does not tell. It is never added to a bill."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby

from openai_usage import money, pricing
from openai_usage.days import Days, day_of
from openai_usage.endpoints import Endpoint, Query
from openai_usage.report.sums import Value, passes, value_of
from openai_usage.rows import Bucket, Key
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
    by_key: Mapping[Value, Estimate] = field(default_factory=dict)
    """In the section of the keys, of the days that have no bill by key."""
    is_too_much: bool = False
    """There are too many keys to tell that."""


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
