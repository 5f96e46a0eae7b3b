"""Figures over time, in layers: the largest groups, the rest as one, and what no group has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, groupby
from typing import Final

from openai_usage import money
from openai_usage.days import day_of
from openai_usage.report.sums import Part, Value, add_up, add_up_over_time
from openai_usage.rows import Number

OTHER: Final = object()
"""The small groups together."""
REMAINDER: Final = object()
"""What is in the whole and in no group."""
_MOST_LAYERS: Final = 7


@dataclass(frozen=True, slots=True)
class Layer:
    """One group: a number for each bucket."""

    key: Value | object
    """OTHER or REMAINDER where it is not a dimension's value."""
    numbers: list[Number]


@dataclass(frozen=True, slots=True)
class Split:
    """Numbers over time. The layers add up to `totals`."""

    starts: Sequence[int]
    """Of each bucket, Unix seconds."""
    layers: list[Layer]
    """Largest first; the small ones in one, and what is in none, come last."""
    totals: list[Number]


def split(
    parts: Sequence[Part],
    numbers: Mapping[Value, int],
    starts: Sequence[int],
    whole: Sequence[Part] | None = None,
    unknown: Collection[int] = (),
) -> Split:
    """Layers of `parts`, whose groups are `numbers`; `whole` is what they should come to, where that is known.

    It is not for the buckets that begin at `unknown`.

    A group without anything but zeros makes no layer.
    """
    sums = add_up(parts, len(numbers))
    used = _used_groups(parts)
    ranked = sorted(
        (value for value, number in numbers.items() if number in used),
        key=lambda value: (-sums[numbers[value]], value or ""),
    )
    # "Other" in place of a single layer would only hide its name.
    cut = _MOST_LAYERS if len(ranked) > _MOST_LAYERS + 1 else len(ranked)
    named = {value: slot for slot, value in enumerate(ranked[:cut])}
    slots = [named.get(value, cut) for value in numbers]
    series = _series(parts, slots, cut + 1, starts)
    layers = [Layer(value, series[slot]) for value, slot in named.items()]
    if len(ranked) > cut:
        layers.append(Layer(OTHER, series[cut]))
    with money.exact():
        totals = [sum(column, start=0) for column in zip(*series, strict=True)]
        if whole is None:
            return Split(starts, layers, totals)
        (of_all,) = _series(whole, [0], 1, starts)
        of_all = [total if start in unknown else one for start, one, total in zip(starts, of_all, totals, strict=True)]
        rest = [one - other for one, other in zip(of_all, totals, strict=True)]
    if any(rest):
        layers.append(Layer(REMAINDER, rest))
    return Split(starts, layers, of_all)


def by_month(daily: Split) -> Split:
    """The same days by calendar month; of the first and of the last month it may be but some.

    Days are added up, and not their rows: what is in no group can be told only of the days of which the whole is known.
    """
    months = [list(days) for _, days in groupby(range(len(daily.starts)), lambda at: _month_of(daily.starts[at]))]
    with money.exact():

        def folded(numbers: Sequence[Number]) -> list[Number]:
            return [sum(numbers[days[0] : days[-1] + 1], start=0) for days in months]

        return Split(
            [daily.starts[days[0]] for days in months],
            [Layer(layer.key, folded(layer.numbers)) for layer in daily.layers],
            folded(daily.totals),
        )


def _month_of(start: int) -> tuple[int, int]:
    day = day_of(start)
    return day.year, day.month


def _used_groups(parts: Sequence[Part]) -> set[int]:
    """The groups with anything but zeros: a charge and its credit are something, though they add up to nothing."""
    return {
        part.groups[key]
        for part in parts
        for bucket in part.buckets
        for column, _ in part.terms
        if bucket.keys and any(bucket.columns[column])
        for key in compress(bucket.keys, bucket.columns[column])
    }


def _series(parts: Sequence[Part], slots: Sequence[int], count: int, starts: Sequence[int]) -> list[list[Number]]:
    """For each of `count` slots the sum of each bucket; `slots` has the slot of each group."""
    # One more slot, for what is left out: the group -1 is the last one there, too.
    slotted = [replace(part, groups=[slots[group] if group >= 0 else count for group in part.groups]) for part in parts]
    over_time = add_up_over_time(slotted, count, starts)
    return [[of_bucket[slot] for of_bucket in over_time] for slot in range(count)]
