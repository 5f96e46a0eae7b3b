"""Numbers, days and times as people read them. Days and times are UTC."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from openai_usage.days import Days

UNKNOWN: Final = "—"

_SYMBOLS: Final = {"usd": "$", "eur": "€", "gbp": "£"}
_CENT: Final = Decimal("0.01")
_SMALLEST_SHOWN: Final = Decimal("0.000001")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SCALES: Final = tuple((Decimal(1000) ** power, letter) for power, letter in enumerate("KMBT", start=1))
_WRITTEN_OUT_BELOW: Final = 10_000


def money_text(amount: Decimal, currency: str) -> str:
    """Two decimals, or as many as a small sum needs for two digits: "$1,234.50", "$0.0042", "-$3.10".

    What is not zero never reads as zero.
    """
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size and size < _SMALLEST_SHOWN:
        return f"{sign}<{_with_currency(format(_SMALLEST_SHOWN, 'f'), currency)}"
    if size and size < _CENT:
        rounded = round(size, 1 - size.adjusted())
        digits = format(rounded.normalize(), "f") if rounded < _CENT else "0.01"
    else:
        digits = f"{size.quantize(_CENT, ROUND_HALF_UP):,}"
    return sign + _with_currency(digits, currency)


def count_text(count: int) -> str:
    """Written out below 10,000, three digits and a letter from there on: "9,876", "12.3K", "4.56M"."""
    if abs(count) < _WRITTEN_OUT_BELOW:
        return f"{count:,}"
    scaled, letter = Decimal(count), ""
    for scale, name in _SCALES:
        rounded = _three_digits(Decimal(count) / scale)
        # 999,950 is 1.00M: what counts is the number after rounding.
        if abs(rounded) >= 1:
            scaled, letter = rounded, name
    return f"{scaled:f}{letter}"


def share_text(share: Decimal) -> str:
    """A part of a whole: "12.3%", "<0.1%"."""
    if 0 < share < Decimal("0.0005"):
        return "<0.1%"
    return f"{(share * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


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


def _three_digits(number: Decimal) -> Decimal:
    # Rounded first: 0.9995 has three digits as 1.00, and not as 1.000.
    places = max(0, 2 - round(number, 2 - number.adjusted()).adjusted())
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _with_currency(digits: str, currency: str) -> str:
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{digits}" if symbol else f"{digits} {currency.upper()}"
