"""Rows as some sources tell them: one at a time, at a moment, and not yet in buckets."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

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
    """The endpoint's records in buckets, oldest first; rows have their keys in `keys`. There are no empty buckets."""
    seconds = _SECONDS[width]
    by_start: defaultdict[int, list[Record]] = defaultdict(list)
    for record in records:
        if record.endpoint is endpoint:
            by_start[record.start // seconds * seconds].append(record)
    return [
        Bucket(
            start,
            keys.numbers([record.key for record in some]),
            tuple(list(column) for column in zip(*(record.numbers for record in some), strict=True)),
        )
        for start, some in sorted(by_start.items())
    ]
