"""Adding rows up by group. The one place that goes over all rows, so it is written for speed."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Final

from openai_usage import money
from openai_usage.endpoints import COSTS, Endpoint
from openai_usage.rows import Bucket, Key, Keys, Number
from openai_usage.scope import Filters

Value = str | None
"""A dimension's value; None where OpenAI gives none."""
_MODALITY: Final = re.compile(r" (?:image|text|audio)$")
_DALL_E: Final = re.compile(r"^dall-e (?=\d)")
_LEFT_OUT: Final = -1


@dataclass(frozen=True, slots=True)
class Part:
    """Rows to add up: some columns, added or taken off, of the rows of one query."""

    buckets: Sequence[Bucket]
    groups: Sequence[int]
    """For the number of a row's key, the number of its group; the last group takes what is left out."""
    terms: Sequence[tuple[int, int]]
    """Which columns, and 1 or -1."""


class Grouping:
    """Numbers for groups, the same over several queries."""

    def __init__(self) -> None:
        self.numbers: dict[Value, int] = {}

    def constant(self, value: Value, endpoint: Endpoint, keys: Keys, filters: Filters) -> list[int]:
        """All rows that pass the filters, in one group."""
        number = self.numbers.setdefault(value, len(self.numbers))
        return _without([number] * len(keys), endpoint, keys, filters)

    def by(self, dimension: str, endpoint: Endpoint, keys: Keys, filters: Filters) -> list[int]:
        """The rows that pass the filters, by a dimension; those of an endpoint without it are of none."""
        numbers = self.numbers
        values = map(value_of(endpoint, dimension), keys)
        return _without([numbers.setdefault(value, len(numbers)) for value in values], endpoint, keys, filters)


def _without(groups: list[int], endpoint: Endpoint, keys: Keys, filters: Filters) -> list[int]:
    """The groups, but of what does not pass the filters."""
    for dimension, allowed in filters.items():
        for at, value in enumerate(map(value_of(endpoint, dimension), keys)):
            if value not in allowed:
                groups[at] = _LEFT_OUT
    return groups


def add_up(parts: Iterable[Part], count: int) -> list[Number]:
    """The exact sum of each of `count` groups."""
    sums: list[Number] = [0] * (count + 1)
    with money.exact():
        for part in parts:
            for bucket in part.buckets:
                _add(bucket, part.terms, part.groups, sums)
    return sums[:count]


def add_up_over_time(parts: Iterable[Part], count: int, starts: Sequence[int]) -> list[list[Number]]:
    """The same for each of the buckets that begin at `starts`; others are left out."""
    sums: list[list[Number]] = [[0] * (count + 1) for _ in starts]
    at = dict(zip(starts, sums, strict=True))
    with money.exact():
        for part in parts:
            for bucket in part.buckets:
                if bucket.start in at:
                    _add(bucket, part.terms, part.groups, at[bucket.start])
    return [of_bucket[:count] for of_bucket in sums]


def _add(bucket: Bucket, terms: Sequence[tuple[int, int]], groups: Sequence[int], sums: list[Number]) -> None:
    for column, sign in terms:
        # Most columns of most rows are zero, and finding that out is far cheaper than adding them up.
        if not bucket.keys or not any(bucket.columns[column]):
            continue
        if sign > 0:
            for key, number in zip(bucket.keys, bucket.columns[column], strict=True):
                sums[groups[key]] += number
        else:
            for key, number in zip(bucket.keys, bucket.columns[column], strict=True):
                sums[groups[key]] -= number


def sums_by_value(part: Part, grouping: Grouping) -> dict[Value, Number]:
    """The sum of each value that has rows at all."""
    sums = add_up([part], len(grouping.numbers))
    seen = {part.groups[key] for bucket in part.buckets for key in bucket.keys}
    return {value: sums[number] for value, number in grouping.numbers.items() if number in seen}


def passes(endpoint: Endpoint, filters: Filters) -> Callable[[Key], bool]:
    """Whether a row with that key passes the filters."""
    checks = [(value_of(endpoint, dimension), allowed) for dimension, allowed in filters.items()]
    if not checks:
        return lambda _: True
    return lambda key: all(of(key) in allowed for of, allowed in checks)


def value_of(endpoint: Endpoint, dimension: str) -> Callable[[Key], Value]:
    """Reads a dimension off a row's key."""
    if dimension == "model" and endpoint is COSTS:
        item = endpoint.fields.index("line_item")
        return lambda key: None if (name := key[item]) is None else model_of(name)
    if dimension not in endpoint.fields:
        return lambda _: None
    return itemgetter(endpoint.fields.index(dimension))


@cache
def model_of(line_item: str) -> str:
    """The model or tool a line item bills for: "gpt-image-1 text, input" is for gpt-image-1.

    OpenAI bills by line item, which begins with the model's name; "dall-e 3" is the "dall-e-3" of usage. Bill and usage
    may spell others differently too ("gpt-image-1" and "gpt-image-1-2025-04-23"), and such a model then has two rows.
    """
    return _DALL_E.sub("dall-e-", _MODALITY.sub("", line_item.split(",", maxsplit=1)[0].strip()))
