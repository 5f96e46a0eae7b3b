"""Numbers, days and times as people read them, in the way of their language."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage.days import Days
from openai_usage.views import numbers
from openai_usage.views.numbers import Numbers

ENGLISH = Numbers.of("en")
GERMAN = Numbers.of("de")
NO_BREAK = "\u00a0"
NARROW = "\u202f"
LOCALES = ["en", "de", "de-at", "de-ch", "es", "fr", "it", "pt-br", "pt-pt", "cs", "hu", "pl", "ru", "bg", "tr", "ja"]

amounts = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal("-1e15"), max_value=Decimal("1e15")
) | st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal(-1), max_value=Decimal(1))
counts = st.integers(-(10**15), 10**15) | st.integers(0, 12_000)


def digits_of(text: str) -> bool:
    """Whether a number reads as something other than zero."""
    return any(character in "123456789" for character in text)


def read(text: str) -> Fraction:
    """What an English count or size says."""
    scale = {"K": 3, "M": 6, "B": 9, "T": 12, "kB": 3, "MB": 6, "GB": 9, "TB": 12, "PB": 15}
    number = text.replace(NO_BREAK, "")
    unit = number.lstrip("-0123456789.,")
    power = 0 if unit == "B" and NO_BREAK in text else scale.get(unit, 0)
    return Fraction(number.removesuffix(unit).replace(",", "")) * Fraction(10) ** power


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("4.21", "$4.21"),
        ("4.205", "$4.21"),
        ("1234567.891", "$1,234,567.89"),
        ("999999999999999999.99", "$999,999,999,999,999,999.99"),
        ("0.0042", "$0.0042"),
        ("0.00999", "$0.01"),
        ("0.0099", "$0.0099"),
        ("0.004", "$0.004"),
        ("0.000001", "$0.000001"),
        ("0.0000009", "<$0.000001"),
        ("1E-30", "<$0.000001"),
        ("-3.1", "-$3.10"),
        ("-0.0042", "-$0.0042"),
        ("-0.0000001", "-<$0.000001"),
    ],
)
def test_money(amount: str, text: str) -> None:
    assert ENGLISH.money(Decimal(amount), "usd") == text


def test_money_of_other_countries() -> None:
    assert ENGLISH.money(Decimal("4.2"), "eur") == "€4.20"
    assert ENGLISH.money(Decimal("4.2"), "chf") == f"4.20{NO_BREAK}CHF"
    assert GERMAN.money(Decimal("-1234.5"), "chf") == f"-1.234,50{NO_BREAK}CHF"


@pytest.mark.parametrize(
    ("locale", "money", "small", "count", "large", "share"),
    [
        ("en", "$1,234.50", "$0.0042", "9,876", "12.3K", "12.3%"),
        ("de", f"1.234,50{NO_BREAK}$", f"0,0042{NO_BREAK}$", "9.876", "12,3K", f"12,3{NO_BREAK}%"),
        ("de-AT", f"$1{NO_BREAK}234,50", "$0,0042", f"9{NO_BREAK}876", "12,3K", f"12,3{NO_BREAK}%"),
        ("de_CH", "$1\u2019234.50", "$0.0042", "9\u2019876", "12.3K", "12.3%"),
        ("fr", f"1{NARROW}234,50{NO_BREAK}$", f"0,0042{NO_BREAK}$", f"9{NARROW}876", "12,3K", f"12,3{NARROW}%"),
        ("fr-CA", f"1{NARROW}234,50{NO_BREAK}$", f"0,0042{NO_BREAK}$", f"9{NARROW}876", "12,3K", f"12,3{NARROW}%"),
        ("pt-br", "$1.234,50", "$0,0042", "9.876", "12,3K", "12,3%"),
        ("zh-cn", "$1,234.50", "$0.0042", "9,876", "12.3K", "12.3%"),
        ("tlh-Latn", "$1,234.50", "$0.0042", "9,876", "12.3K", "12.3%"),
        ("", "$1,234.50", "$0.0042", "9,876", "12.3K", "12.3%"),
    ],
)
def test_locales(locale: str, money: str, small: str, count: str, large: str, share: str) -> None:  # noqa: PLR0917 - a table
    language = Numbers.of(locale)
    assert language.money(Decimal("1234.5"), "usd") == money
    assert language.money(Decimal("0.0042"), "usd") == small
    assert language.count(9_876) == count
    assert language.count(12_345) == large
    assert language.share(Decimal("0.1234")) == share


@given(st.text(max_size=20))
def test_no_locale_is_too_odd(locale: str) -> None:
    assert digits_of(Numbers.of(locale).money(Decimal("4.2"), "usd"))


@given(amounts, st.sampled_from(LOCALES))
def test_money_that_is_not_zero_never_reads_as_zero(amount: Decimal, locale: str) -> None:
    text = Numbers.of(locale).money(amount, "usd")
    assert digits_of(text) == bool(amount)
    assert text.startswith("-") == (amount < 0)


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal("1e12"), places=6))
def test_money_is_never_further_off_than_half_a_cent(amount: Decimal) -> None:
    shown = Decimal(ENGLISH.money(amount, "usd").replace("$", "").replace(",", ""))
    assert abs(Fraction(shown) - Fraction(amount)) <= Fraction(1, 200)


@given(amounts, amounts)
def test_more_money_never_reads_as_less(one: Decimal, other: Decimal) -> None:
    def shown(amount: Decimal) -> Decimal:
        text = ENGLISH.money(amount, "usd")
        if "<" in text:
            return Decimal("0.0000005").copy_sign(amount)
        return Decimal(text.replace("$", "").replace(",", ""))

    small, large = sorted((one, other))
    assert shown(small) <= shown(large)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (9_999, "9,999"),
        (-9_999, "-9,999"),
        (10_000, "10.0K"),
        (12_345, "12.3K"),
        (99_950, "100K"),
        (999_499, "999K"),
        (999_500, "1.00M"),
        (999_950, "1.00M"),
        (4_560_000, "4.56M"),
        (123_704_386, "124M"),
        (999_999_999, "1.00B"),
        (10**9, "1.00B"),
        (-(10**9), "-1.00B"),
        (10**18, "1000000T"),
    ],
)
def test_counts(count: int, text: str) -> None:
    assert ENGLISH.count(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (1_234, "1.23 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (42_949_672_960, "42.9 GB"),
        (10**15, "1.00 PB"),
        (5 * 10**18, "5000 PB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert ENGLISH.size(count) == text.replace(" ", NO_BREAK)
    assert GERMAN.size(count) == text.replace(" ", NO_BREAK).replace(".", ",")


@given(counts)
def test_counts_keep_three_digits(count: int) -> None:
    for text in (ENGLISH.count(count), ENGLISH.size(count)):
        assert digits_of(text) == bool(count)
        assert abs(read(text) - count) <= abs(Fraction(count)) / 199


@given(counts, counts)
def test_more_never_reads_as_less(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert read(ENGLISH.count(small)) <= read(ENGLISH.count(large))
    assert read(ENGLISH.size(small)) <= read(ENGLISH.size(large))


def test_numbers_written_out() -> None:
    assert ENGLISH.whole(1_234_567) == "1,234,567"
    assert GERMAN.whole(Decimal("1234567.89")) == "1.234.567,89"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.083333", "0.08333"),
        ("12.5", "12.5"),
        ("1234567.891", "1,234,567.9"),
        ("0.00001", "0.00001"),
        ("1e3", "1,000"),
    ],
)
def test_quantities(number: str, text: str) -> None:
    assert ENGLISH.rounded(Decimal(number)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("1e-30"), max_value=Decimal("1e15")))
def test_a_quantity_that_is_not_zero_never_reads_as_zero(number: Decimal) -> None:
    assert digits_of(ENGLISH.rounded(number))


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ("0", "0.0%"),
        ("0.0000001", "<0.1%"),
        ("0.0001", "<0.1%"),
        ("0.0005", "0.1%"),
        ("0.1234", "12.3%"),
        ("1", "100.0%"),
        ("12.5", "1,250.0%"),
    ],
)
def test_shares(share: str, text: str) -> None:
    assert ENGLISH.share(Decimal(share)) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ("0", "0%"),
        ("-0.001", "0%"),
        ("0.0001", "<1%"),
        ("0.0149", "1%"),
        ("0.015", "2%"),
        ("0.9999", "99%"),
        ("1", "100%"),
        ("12.345", "1,235%"),
    ],
)
def test_a_rough_share_is_all_only_when_it_is(share: str, text: str) -> None:
    assert ENGLISH.whole_share(Decimal(share)) == text


@given(st.decimals(min_value=Decimal("1e-9"), max_value=Decimal(10), allow_nan=False))
def test_a_share_that_is_not_zero_never_reads_as_zero(share: Decimal) -> None:
    assert digits_of(ENGLISH.share(share))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("0.1234", "+12.3%"),
        ("-0.04", "-4.0%"),
        ("-1", "-100.0%"),
        ("0", "0.0%"),
        ("8.5", "+850.0%"),
        ("9", "10-fold"),
        ("22", "23-fold"),
        ("1233", "1,234-fold"),
    ],
)
def test_changes(change: str, text: str) -> None:
    assert ENGLISH.change(Decimal(change)) == text


def test_changes_of_other_countries() -> None:
    assert GERMAN.change(Decimal("0.1234")) == f"+12,3{NO_BREAK}%"


def test_hardly_any_change_has_no_sign() -> None:
    assert ENGLISH.change(Decimal("0.0001")) == "0.0%"
    assert ENGLISH.change(Decimal("-0.0001")) == "0.0%"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 22), date(2026, 11, 22), "22 Nov 2026"),
        (date(2026, 11, 1), date(2026, 11, 22), "1–22 Nov 2026"),
        (date(2026, 10, 24), date(2026, 11, 22), "24 Oct – 22 Nov 2026"),
        (date(2025, 12, 24), date(2026, 1, 22), "24 Dec 2025 – 22 Jan 2026"),
        (date(2025, 11, 3), date(2026, 11, 3), "3 Nov 2025 – 3 Nov 2026"),
    ],
)
def test_days(first: date, last: date, text: str) -> None:
    assert numbers.days_text(Days(first, last)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1.00499999999999999999999999999", "$1.00"),
        ("123.4549999999999999999999999999999999", "$123.45"),
        ("-1.00499999999999999999999999999", "-$1.00"),
        ("0.00104999999999999999999999999999999", "$0.001"),
    ],
)
def test_money_is_rounded_once(amount: str, text: str) -> None:
    assert Numbers().money(Decimal(amount), "usd") == text


def test_times() -> None:
    now = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
    assert numbers.time_text(now, now) == "14:03 UTC"
    assert numbers.time_text(now.replace(day=21), now) == "21 Nov 14:03 UTC"
