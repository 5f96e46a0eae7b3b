"""Rows as some sources tell them: one at a time, at a moment, and not yet in buckets."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from operator import add
from typing import Final

from openai_usage import money
from openai_usage.endpoints import Endpoint, Width
from openai_usage.rows import Bucket, Key, Keys, Number

_SECONDS: Final[dict[Width, int]] = {"1d": 86_400, "1h": 3_600, "1m": 60}


@dataclass(frozen=True, slots=True)
class Record:
    """One row."""

    endpoint: Endpoint
    start: int
    """Unix seconds; of any moment in its bucket."""
    key: Key
    """A value for each of the endpoint's `fields`."""
    numbers: tuple[Number, ...]
    """A value for each of the endpoint's `metrics`."""


def buckets_of(records: Iterable[Record], endpoint: Endpoint, width: Width, keys: Keys) -> list[Bucket]:
    """The endpoint's records in buckets, oldest first; rows have their keys in `keys`. There are no empty buckets.

    Records of one bucket that are alike are one row: a day of five-minute rows would be fifty times as many.
    """
    seconds = _SECONDS[width]
    found: defaultdict[int, dict[Key, tuple[Number, ...]]] = defaultdict(dict)
    with money.exact():
        for record in records:
            if record.endpoint is endpoint:
                rows = found[record.start // seconds * seconds]
                before = rows.get(record.key)
                numbers = record.numbers
                rows[record.key] = tuple(map(add, before, numbers)) if before else numbers
    return [
        Bucket(start, keys.numbers(list(rows)), tuple(list(column) for column in zip(*rows.values(), strict=True)))
        for start, rows in sorted(found.items())
    ]
