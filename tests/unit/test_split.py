"""Layers over time: they add up to the whole, whatever the rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage.days import midnight
from openai_usage.report.split import OTHER, REMAINDER, Layer, Split, by_month, split
from openai_usage.report.sums import Part
from openai_usage.rows import Bucket, Number

STARTS = range(0, 50, 10)

numbers = (
    st.just(0)
    | st.just(Decimal(0))
    | st.integers(-9, 9)
    | st.integers(-(10**30), 10**30).map(lambda digits: Decimal(digits).scaleb(-34))
)
# The group of a row's key is the key, or none.
rows = st.lists(st.tuples(st.integers(0, 14), numbers, numbers), max_size=25)
buckets = st.lists(st.tuples(st.sampled_from([*STARTS, 50]), rows), max_size=6, unique_by=lambda one: one[0])


def bucket(start: int, rows: list[tuple[int, Number, Number]]) -> Bucket:
    return Bucket(start, [row[0] for row in rows], ([row[1] for row in rows], [row[2] for row in rows]))


def exact(parts: list[Number]) -> Fraction:
    return sum(map(Fraction, parts), Fraction(0))


@given(
    st.lists(buckets, min_size=1, max_size=2),
    st.sampled_from([[(0, 1)], [(0, 1), (1, -1)], [(0, 1), (1, 1)]]),
    st.none() | buckets,
    st.sets(st.integers(0, 14), max_size=4),
)
def test_layers_add_up(
    found: list[list[tuple[int, list[tuple[int, Number, Number]]]]],
    terms: list[tuple[int, int]],
    whole: list[tuple[int, list[tuple[int, Number, Number]]]] | None,
    left_out: set[int],
) -> None:
    names = {None if number == 3 else f"group {number}": number for number in range(15)}
    groups = [-1 if number in left_out else number for number in range(15)]
    parts = [Part([bucket(*one) for one in one_part], groups, terms) for one_part in found]
    of_all = None if whole is None else [Part([bucket(*one) for one in whole], [0] * 15, [(0, 1)])]
    result = split(parts, names, STARTS, of_all)

    truth: dict[tuple[int, int], Fraction] = {}
    used: set[int] = set()
    for part in found:
        for start, some in part:
            for key, *values in some:
                if key not in left_out:
                    number = sum((sign * Fraction(values[column]) for column, sign in terms), Fraction(0))
                    truth[key, start] = truth.get((key, start), Fraction(0)) + number
                    if any(values[column] for column, _ in terms):
                        used.add(key)
    by_time = [sum((truth.get((key, start), Fraction(0)) for key in range(15)), Fraction(0)) for start in STARTS]

    grouped = [layer for layer in result.layers if layer.key is not REMAINDER]
    named = [layer for layer in grouped if layer.key is not OTHER]
    for layer in named:
        key = 3 if layer.key is None else int(str(layer.key).removeprefix("group "))
        assert [Fraction(number) for number in layer.numbers] == [truth.get((key, start), 0) for start in STARTS]
        assert key in used
    for at, start in enumerate(STARTS):
        assert exact([layer.numbers[at] for layer in grouped]) == by_time[at]
        assert exact([layer.numbers[at] for layer in result.layers]) == Fraction(result.totals[at])
        if whole is None:
            assert Fraction(result.totals[at]) == by_time[at]
        else:
            assert Fraction(result.totals[at]) == exact([row[1] for one, some in whole if one == start for row in some])

    # Few layers, largest first; then the small ones, then what is in none.
    assert len(named) == (len(used) if len(used) <= 8 else 7)
    is_short = whole is not None and [Fraction(number) for number in result.totals] != by_time
    assert [layer.key for layer in result.layers[len(named) :]] == [OTHER] * (len(used) > 8) + [REMAINDER] * is_short
    if not any(start == 50 for part in found for start, _ in part):
        sums = [exact(layer.numbers) for layer in named]
        # Sums that differ in the 29th digit only may come in any order.
        assert all(one >= other - Fraction(1, 10**18) for one, other in pairwise(sums))


@pytest.mark.parametrize(("groups", "layers"), [(0, 0), (1, 1), (7, 7), (8, 8), (9, 8), (15, 8)])
def test_other_stands_for_two_or_more(groups: int, layers: int) -> None:
    part = Part([bucket(0, [(number, number + 1, 0) for number in range(groups)])], list(range(15)), [(0, 1)])
    found = split([part], {f"group {number}": number for number in range(15)}, STARTS).layers
    assert len(found) == layers
    assert [layer.key is OTHER for layer in found].count(True) == (groups > 8)


def test_a_charge_and_its_credit_are_a_layer_of_zeros_and_nothing_is_none() -> None:
    part = Part([bucket(0, [(0, 5, 0), (0, -5, 0), (1, 0, 7)])], [0, 1], [(0, 1)])
    (layer,) = split([part], {"a": 0, "b": 1}, STARTS).layers
    assert (layer.key, layer.numbers) == ("a", [0] * 5)


def test_what_is_in_no_group_is_seen_also_where_there_is_no_group_at_all() -> None:
    whole = Part([bucket(10, [(0, Decimal("0.1"), 0)])], [0], [(0, 1)])
    found = split([Part([], [], [(0, 1)])], {}, STARTS, [whole])
    (layer,) = found.layers
    assert layer.key is REMAINDER
    assert layer.numbers == found.totals == [0, Decimal("0.1"), 0, 0, 0]


@st.composite
def days_in_layers(draw: st.DrawFn) -> Split:
    count = draw(st.integers(0, 130))
    first = midnight(draw(st.dates(date(2020, 6, 11), date(2027, 1, 1))))
    layers = [
        # Far fewer draws than days, each of them a number and the next 16 from it.
        Layer(key, [number + at % 17 for at in range(count)])
        for key, number in draw(
            st.lists(st.tuples(st.sampled_from(["a", None, OTHER, REMAINDER]), numbers), max_size=4)
        )
    ]
    totals = draw(st.lists(numbers, min_size=count, max_size=count))
    return Split(range(first, first + count * 86_400, 86_400), layers, totals)


@given(days_in_layers())
def test_months_are_their_days_added_up(daily: Split) -> None:
    def month_of(start: int) -> str:
        return f"{datetime.fromtimestamp(start, UTC):%Y-%m}"

    monthly = by_month(daily)
    months = list(dict.fromkeys(map(month_of, daily.starts)))
    assert [month_of(start) for start in monthly.starts] == months
    assert set(monthly.starts) <= set(daily.starts)
    assert [layer.key for layer in monthly.layers] == [layer.key for layer in daily.layers]
    pairs = [(daily.totals, monthly.totals)]
    pairs += [(one.numbers, other.numbers) for one, other in zip(daily.layers, monthly.layers, strict=True)]
    for of_days, of_months in pairs:
        assert [Fraction(number) for number in of_months] == [
            exact([number for start, number in zip(daily.starts, of_days, strict=True) if month_of(start) == month])
            for month in months
        ]
