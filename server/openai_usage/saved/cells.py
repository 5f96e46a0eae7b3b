"""One row: what stands in JSON or in a table under OpenAI's names, as numbers, texts and moments.

Spreadsheets write counts as `10.0` and truth as `TRUE`. ValueError is what cannot be read.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from openai_usage import days, money
from openai_usage.endpoints import COSTS, Endpoint
from openai_usage.openai_api.shapes import LARGEST_COUNT
from openai_usage.records import Record

if TYPE_CHECKING:
    from openai_usage.rows import Number

FIRST_DAY: Final = date(2020, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)
"""OpenAI's API is of 2020. What lies outside is a mistake, or milliseconds."""

_DAY: Final = 86_400
_LONGEST_TEXT: Final = 1_000
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,60}(?:\.[0-9]{0,100})?(?:[eE][+-]?[0-9]{1,4})?")
_CURRENCY: Final = re.compile(r"[a-z]{3}")
_USUAL_DIGITS: Final = 18

Cells = Mapping[str, object]
"""By OpenAI's names. Empty text, null and what is not there are the same."""


def record(endpoint: Endpoint, start: int, cells: Cells) -> Record | None:
    """The row; None when it tells of no figures: a day without.

    In rows of costs, `amount` and `currency` are members of the row itself.
    """
    given = [cells.get(metric.name) for metric in endpoint.metrics]
    key = tuple([_field(name, cells.get(name)) for name in endpoint.fields])
    if all(map(_is_empty, given)):
        # A row of the bill without an amount bills nothing.
        if endpoint is not COSTS and any(key):
            raise ValueError("no figures")
        return None
    numbers: list[Number] = []
    for metric, value in zip(endpoint.metrics, given, strict=True):
        if metric.unit in {"money", "any"}:
            numbers.append(Decimal(0) if _is_empty(value) else amount(value))
        elif not _is_empty(value):
            numbers.append(count(value))
        elif metric.required:
            raise ValueError(f"no {metric.name}")
        else:
            numbers.append(0)
    return Record(endpoint, start, key, tuple(numbers))


def amount(value: object) -> Decimal:
    """An exact number, which may be written as text."""
    if isinstance(value, str):
        written = value.strip()
        if not _NUMBER.fullmatch(written):
            raise ValueError("not a number")
        return money.accept(Decimal(written))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("not a number")  # noqa: TRY004 - foreign data
    return money.accept(Decimal(value))


def count(value: object) -> int:
    """A whole number."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _USUAL_DIGITS:
        return int(value)
    number = amount(value)
    if number != int(number) or abs(number) > LARGEST_COUNT:
        raise ValueError("not a whole number that could be")
    return int(number)


def text(value: object) -> str | None:
    """What is not text as JSON writes it; None when there is nothing."""
    if value is None or value == "":
        return None
    if type(value) is str and len(value) <= _LONGEST_TEXT:
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return money.plain(money.accept(value))
    if not isinstance(value, str | int):
        raise ValueError("not a text")  # noqa: TRY004 - foreign data
    written = str(value)
    if len(written) > _LONGEST_TEXT:
        raise ValueError("a text out of all proportion")
    return written


def known_text(value: object) -> str | None:
    """The same of what does no harm when it is left out."""
    try:
        return text(value)
    except ValueError:
        return None


def moment(seconds: object, iso: object = None) -> int:
    """Unix seconds, of a number or else of an ISO text; without an offset it is of UTC."""
    return _moment(seconds if isinstance(seconds, str | int) else text(seconds), iso if isinstance(iso, str) else None)


@lru_cache(maxsize=256)  # rows come bucket by bucket
def _moment(seconds: str | int | None, iso: str | None) -> int:
    if seconds is None or seconds == "":
        if not iso:
            raise ValueError("no time")
        told = datetime.fromisoformat(iso.strip())
        found = int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp())
    else:
        found = count(seconds)
    day_of(found)
    return found


@lru_cache(maxsize=256)  # rows come bucket by bucket
def day_of(start: int) -> date:
    """The UTC day; ValueError when it is none that could be."""
    day = days.day_of(start)
    if not can_be(day):
        raise ValueError("a day that cannot be")
    return day


def day(value: object) -> date:
    """Of `2026-11-22`."""
    if not isinstance(value, str):
        raise ValueError("not a day")  # noqa: TRY004 - foreign data
    found = date.fromisoformat(value)
    return day_of(days.midnight(found))


def can_be(day: date) -> bool:
    """Whether it lies in the time of OpenAI's API."""
    return FIRST_DAY <= day <= LAST_DAY


@lru_cache(maxsize=256)
def is_within_a_day(start: int, end: int) -> None:
    """ValueError when a bucket is not of one UTC day, as those of another time zone or of a week are."""
    if end <= start or days.midnight(days.day_of(start)) + _DAY < end:
        raise ValueError("not within a day")


def _is_empty(value: object) -> bool:
    return value is None or value == ""


def _field(name: str, value: object) -> str | None:
    found = text(value)
    if name == "currency":
        currency = (found or "usd").lower()
        if not _CURRENCY.fullmatch(currency):
            raise ValueError("not a currency")
        return currency
    # Spreadsheets write TRUE.
    return found.lower() if found and name == "batch" else found
