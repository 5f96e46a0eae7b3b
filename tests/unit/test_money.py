"""Amounts are exact: whatever is accepted is added and written without losing or inventing a digit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import money

# As OpenAI writes them: up to 34 significant digits, tiny exponents included.
amounts = st.builds(
    lambda sign, digits, places: Decimal(f"{sign}{digits}E-{places}"),
    st.sampled_from(["", "-"]),
    st.integers(0, 10**34 - 1),
    st.integers(17, 60),
)


@given(st.lists(amounts, max_size=50))
def test_a_sum_equals_the_sum_of_fractions(parts: list[Decimal]) -> None:
    assert Fraction(money.total(map(money.accept, parts))) == sum(map(Fraction, parts), Fraction(0))


@given(st.lists(amounts, max_size=20), st.randoms())
def test_the_order_of_adding_does_not_matter(parts: list[Decimal], random: object) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types its own Random as object
    assert money.plain(money.total(parts)) == money.plain(money.total(shuffled))


@given(st.lists(amounts, max_size=20))
def test_the_operators_are_exact_where_they_are_said_to_be(parts: list[Decimal]) -> None:
    with money.exact():
        found = sum(parts, start=Decimal(0)) - sum(parts[1:], start=Decimal(0))
    assert Fraction(found) == sum(map(Fraction, parts[:1]), Fraction(0))


@given(amounts)
def test_what_is_written_reads_back_the_same(amount: Decimal) -> None:
    text = money.plain(money.accept(amount))
    assert Decimal(text) == amount
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))


@pytest.mark.parametrize(
    ("given_text", "written"),
    [
        ("0E-6176", "0"),
        ("-0.00", "0"),
        ("0.003627500000000000000000000000000000", "0.0036275"),
        ("0.12345678901234567890", "0.1234567890123456789"),
        ("1E+2", "100"),
        ("-12.50", "-12.5"),
    ],
)
def test_amounts_seen_on_the_wire(given_text: str, written: str) -> None:
    assert money.plain(money.accept(Decimal(given_text))) == written


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+18", "1E-101", "1E+999999", "1E-6176", "0." + "1" * 101]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        money.accept(Decimal(text))
