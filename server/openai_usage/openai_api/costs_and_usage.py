"""Usage and costs: a question of the table, and its answer by column.

Sources: OpenAI's OpenAPI document of 2026-08-21 and its SDK 3.54.0. A page holds at most 31 day buckets (usage:
documented; costs: 180 are documented, 31 were seen on the live API in September 2026), 168 of hours or 1440 of
minutes. So a longer range is cut into pieces that are asked side by side instead of one after the other.
"""

import asyncio
from array import array
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from openai_usage import money
from openai_usage.days import Days
from openai_usage.endpoints import Endpoint, Query, Unit, Width
from openai_usage.openai_api import pages
from openai_usage.openai_api.client import Client, Parameters
from openai_usage.openai_api.shapes import LARGEST_COUNT, Amount, Span, rows_of
from openai_usage.rows import Bucket, Keys, Number


@dataclass(frozen=True, slots=True)
class _Page:
    """What fits one page."""

    days: int
    buckets: int


_PAGES: Final[dict[Width, _Page]] = {"1d": _Page(31, 31), "1h": _Page(7, 168), "1m": _Page(1, 1440)}

_ZERO: Final = Decimal(0)
_TEXTS: Final = frozenset({str, type(None)})


async def buckets(client: Client, query: Query, days: Days, today: date, keys: Keys) -> list[Bucket]:
    """All buckets of `days` as `query` asks for them, oldest first; rows have their keys in `keys`.

    A row's key has the endpoint's `fields`. ApiError when any part of it cannot be read: there is no answer that is
    short of something.
    """
    endpoint = query.endpoint
    reader = _reader(endpoint)

    def read(span: Span) -> Bucket:
        return reader.bucket(span, keys)

    async def piece(part: Days) -> list[Bucket]:
        parameters = _parameters(query, part, today)
        return await pages.buckets(client, endpoint.path, parameters, read, days=part, width=query.width)

    found = await _side_by_side(days.split(_PAGES[query.width].days), piece)
    found.sort(key=lambda bucket: bucket.start)
    pages.check_whole(endpoint.path, [bucket.start for bucket in found], days, today, query.width)
    return found


def _parameters(query: Query, days: Days, today: date) -> Parameters:
    """Midnights and fixed limits only: the same question is the same URL, all day long.

    A range that reaches today is left open: whether OpenAI takes an end that is still to come is not known.
    `group_by[]` is the form OpenAI's own SDKs send.
    """
    return [
        ("start_time", str(days.start_time)),
        *([("end_time", str(days.end_time))] if days.last < today else []),
        ("bucket_width", query.width),
        ("limit", str(_PAGES[query.width].buckets)),
        *(("group_by[]", dimension) for dimension in query.endpoint.dimensions if dimension in query.group_by),
        *((f"{dimension}s[]", value) for dimension, values in query.only for value in values),
    ]


async def _side_by_side(parts: Iterable[Days], piece: Callable[[Days], Awaitable[list[Bucket]]]) -> list[Bucket]:
    """All pieces at once; the first failure ends the others and is the outcome."""
    tasks = [asyncio.ensure_future(piece(part)) for part in parts]
    try:
        return list(chain.from_iterable(await asyncio.gather(*tasks)))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@cache
def _reader(endpoint: Endpoint) -> "_Reader":
    return _Reader(endpoint)


class _Reader:
    """Makes columns of an endpoint's rows. Most buckets are small, so all that can be is prepared once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._decoder = rows_of(endpoint)
        self._columns = [(metric.name, _COLUMNS.get(metric.unit, _counts)) for metric in endpoint.metrics]
        money_name = next((metric.name for metric in endpoint.metrics if metric.unit == "money"), "")
        self._texts = [_currencies if name == "currency" else _texts for name in endpoint.fields]
        fields = [money_name if name == "currency" else name for name in endpoint.fields]
        self._values = attrgetter(*(name for name, _ in self._columns), *fields)

    def bucket(self, span: Span, keys: Keys) -> Bucket:
        """The rows by column; ValueError when they are not of this endpoint, or a number is none that could be."""
        rows = self._decoder.decode(span.results)
        # Most days of most endpoints are empty.
        values = list(zip(*map(self._values, rows), strict=True)) or [()] * (len(self._columns) + len(self._texts))
        columns = []
        for (name, column), of_metric in zip(self._columns, values, strict=False):
            try:
                columns.append(column(of_metric))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        fields = [texts(of) for texts, of in zip(self._texts, values[len(self._columns) :], strict=True)]
        return Bucket(span.start_time, keys.numbers(list(zip(*fields, strict=True))), tuple(columns))


def _texts(values: Sequence[str | float | None]) -> Sequence[str | None]:
    if _TEXTS.issuperset(map(type, values)):
        return values  # type: ignore[return-value]  # as was just seen
    return [value if value is None or isinstance(value, str) else _text(value) for value in values]


def _text(value: float) -> str:
    """A dimension that is not text as JSON writes it; `batch` is true or false."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _currencies(amounts: Sequence[Amount | None]) -> list[str | None]:
    return [amount.currency.lower() if amount and amount.currency else "usd" for amount in amounts]


def _amounts(amounts: Sequence[Amount | None]) -> list[Decimal]:
    """A row without an amount bills nothing."""
    return _exact([None if amount is None else amount.value for amount in amounts])


def _exact(values: Sequence[Decimal | None]) -> list[Decimal]:
    return [money.accept(value) if value else _ZERO for value in values]


def _counts(values: Sequence[float | None]) -> Sequence[int]:
    try:
        return array("q", values)  # type: ignore[arg-type]  # whole ones nearly always, else the TypeError
    except TypeError:
        return array("q", map(_whole, values))


def _whole(value: float | None) -> int:
    """Of a count, which may be null; ValueError when it is not whole."""
    if value is None:
        return 0
    if value != int(value) or abs(value) > LARGEST_COUNT:
        raise ValueError("not a whole number that could be")
    return int(value)


_COLUMNS: Final[dict[Unit, Callable[[Sequence[Any]], Sequence[Number]]]] = {"money": _amounts, "any": _exact}
"""How, when they are not counts."""
