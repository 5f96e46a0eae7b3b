"""Numbers, days and times as people read them. Days and times are UTC."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from openai_usage.days import Days

UNKNOWN: Final = "—"

_SYMBOLS: Final = {"usd": "$", "eur": "€", "gbp": "£"}
_CENT: Final = Decimal("0.01")
_PLACES: Final = Decimal("0.000001")
# Of something tiny, another amount can be a multiple that Python's own context cannot hold.
_WIDE: Final = Context(prec=200)
_SMALLEST_SHOWN: Final = Decimal("0.000001")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SCALES: Final = tuple((Decimal(1000) ** power, letter) for power, letter in enumerate("KMBT", start=1))
_BYTES: Final = tuple(
    (Decimal(1000) ** power, unit) for power, unit in enumerate(("kB", "MB", "GB", "TB", "PB"), start=1)
)
_WRITTEN_OUT_BELOW: Final = 10_000
_TENFOLD: Final = 10
_ALL: Final = 100
"""Percent."""
_NO_BREAK: Final = "\u00a0"
_NARROW: Final = "\u202f"


@dataclass(frozen=True, slots=True)
class Numbers:
    """How a language writes numbers."""

    decimal: str = "."
    group: str = ","
    before_unit: str = ""
    """Between an amount and the currency behind it, or a number and its percent sign."""
    symbol_last: bool = False

    @classmethod
    def of(cls, locale: str) -> "Numbers":
        """For a BCP 47 tag, in any spelling; English for what is not known here."""
        tag = locale.lower().replace("_", "-")
        return _LOCALES.get(tag) or _LOCALES.get(tag.partition("-")[0]) or _ENGLISH

    def money(self, amount: Decimal, currency: str) -> str:
        """Two decimals, or as many as a small sum needs for two digits: "$1,234.50", "$0.0042", "-$3.10".

        What is not zero never reads as zero.
        """
        # Not abs(): that rounds to 28 digits, and what is then rounded once more may be a cent off.
        sign, size = ("-" if amount < 0 else ""), amount.copy_abs()
        if size and size < _SMALLEST_SHOWN:
            return f"{sign}<{self._with_currency(self._written(format(_SMALLEST_SHOWN, 'f')), currency)}"
        if size and size < _CENT:
            rounded = size.quantize(Decimal(1).scaleb(size.adjusted() - 1), ROUND_HALF_UP, _WIDE)
            digits = format(rounded.normalize(), "f") if rounded < _CENT else "0.01"
        else:
            digits = f"{size.quantize(_CENT, ROUND_HALF_UP, _WIDE):,}"
        return sign + self._with_currency(self._written(digits), currency)

    def count(self, count: int) -> str:
        """Written out below 10,000, three digits and a letter from there on: "9,876", "12.3K", "4.56M"."""
        if abs(count) < _WRITTEN_OUT_BELOW:
            return self._written(f"{count:,}")
        scaled, letter = _scaled(Decimal(count), _SCALES)
        return f"{self._written(f'{scaled:f}')}{letter}"

    def size(self, count: int) -> str:
        """Bytes, in steps of a thousand: "1.23 GB"."""
        if abs(count) < _SCALES[0][0]:
            return f"{self.whole(count)}{_NO_BREAK}B"
        scaled, unit = _scaled(Decimal(count), _BYTES)
        return f"{self._written(f'{scaled:f}')}{_NO_BREAK}{unit}"

    def whole(self, count: int | Decimal) -> str:
        """Every digit: "1,234,567"."""
        return self._written(f"{count:,f}" if isinstance(count, Decimal) else f"{count:,}")

    def rounded(self, number: Decimal) -> str:
        """At most four significant decimals, for what is no money: "0.0833", "12.5"."""
        return self._written(f"{round(number, 3 - min(number.adjusted(), 2)).normalize():,f}")

    def share(self, share: Decimal) -> str:
        """A part of a whole: "12.3%", "<0.1%"."""
        if 0 < share < Decimal("0.0005"):
            return f"<{self._percent('0.1')}"
        return self._percent(f"{_percent_of(share):,}")

    def whole_share(self, share: Decimal) -> str:
        """Whole percents, where a rough figure is enough: "12%", "<1%". 100% only when it is all of it, or more."""
        percent = (share * 100).quantize(Decimal(1), ROUND_HALF_UP, _WIDE) + 0
        if share > 0 and not percent:
            return f"<{self._percent('1')}"
        return self._percent("99" if share < 1 and percent == _ALL else f"{percent:,}")

    def change(self, change: Decimal) -> str:
        """By how much something grew: "+12.3%", "-4.0%", "23-fold"."""
        if change >= _TENFOLD - 1:
            return f"{self.whole(int(change + 1))}-fold"
        percent = _percent_of(change)
        return ("+" if percent > 0 else "") + self._percent(f"{percent:,}")

    def _percent(self, digits: str) -> str:
        return f"{self._written(digits)}{self.before_unit}%"

    def _written(self, digits: str) -> str:
        """English digits in this language's way."""
        return digits.translate({ord(","): self.group, ord("."): self.decimal})

    def _with_currency(self, digits: str, currency: str) -> str:
        symbol = _SYMBOLS.get(currency)
        if symbol is None:
            return f"{digits}{_NO_BREAK}{currency.upper()}"
        return f"{digits}{_NO_BREAK}{symbol}" if self.symbol_last else f"{symbol}{digits}"


_ENGLISH: Final = Numbers()
# The languages VS Code itself speaks, from Unicode's CLDR. A library of all languages would double the extension.
_LOCALES: Final = {
    "en": _ENGLISH,
    "ja": _ENGLISH,
    "ko": _ENGLISH,
    "zh": _ENGLISH,
    "de": Numbers(",", ".", _NO_BREAK, symbol_last=True),
    "de-at": Numbers(",", _NO_BREAK, _NO_BREAK),
    "de-ch": Numbers(".", "\u2019"),
    "es": Numbers(",", ".", _NO_BREAK, symbol_last=True),
    "fr": Numbers(",", _NARROW, _NARROW, symbol_last=True),
    "it": Numbers(",", ".", symbol_last=True),
    "pt": Numbers(",", "."),
    "pt-pt": Numbers(",", _NO_BREAK, symbol_last=True),
    "cs": Numbers(",", _NO_BREAK, _NO_BREAK, symbol_last=True),
    "hu": Numbers(",", _NO_BREAK, symbol_last=True),
    "pl": Numbers(",", _NO_BREAK, symbol_last=True),
    "ru": Numbers(",", _NO_BREAK, _NO_BREAK, symbol_last=True),
    "bg": Numbers(",", _NO_BREAK, symbol_last=True),
    "tr": Numbers(",", "."),
}


def day_text(day: date) -> str:
    """A day without its year: "22 Nov"."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def span_text(days: Days) -> str:
    """Days of one month, without the year: "1–22 Nov", "1 Nov"."""
    return day_text(days.last) if days.first == days.last else f"{days.first.day}–{day_text(days.last)}"


def days_text(days: Days) -> str:
    """A range of days: "22 Nov 2026", "1–22 Nov 2026", "24 Oct – 22 Nov 2026"."""
    first, last = days.first, days.last
    if first == last:
        return f"{day_text(last)} {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{span_text(days)} {last.year}"
    if first.year == last.year:
        return f"{day_text(first)} – {day_text(last)} {last.year}"
    return f"{day_text(first)} {first.year} – {day_text(last)} {last.year}"


def time_text(moment: datetime, now: datetime) -> str:
    """A moment, with its day when that is another one: "14:03 UTC", "21 Nov 14:03 UTC"."""
    day = "" if moment.date() == now.date() else f"{day_text(moment.date())} "
    return f"{day}{moment:%H:%M} UTC"


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """How often `whole`, which is not zero, is in `part`; to six places."""
    return _WIDE.divide(part, whole).quantize(_PLACES, context=_WIDE)


def _percent_of(part: Decimal) -> Decimal:
    # The sum with 0 has no sign where it is zero: no "-0.0%".
    return (part * 100).quantize(Decimal("0.1"), ROUND_HALF_UP, _WIDE) + 0


def _scaled(number: Decimal, scales: tuple[tuple[Decimal, str], ...]) -> tuple[Decimal, str]:
    """Three digits, and the name of the largest scale in which it is 1 or more."""
    scaled, name = number, ""
    for scale, letter in scales:
        rounded = _three_digits(number / scale)
        # 999,950 is 1.00M: what counts is the number after rounding.
        if abs(rounded) >= 1:
            scaled, name = rounded, letter
    return scaled, name


def _three_digits(number: Decimal) -> Decimal:
    # Rounded first: 0.9995 has three digits as 1.00, and not as 1.000.
    places = max(0, 2 - round(number, 2 - number.adjusted()).adjusted())
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
