"""All there ever was, read from today back to the organisation's first day, in pieces that others can come between."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, Literal

from openai_usage import fetch, queries
from openai_usage.days import Days
from openai_usage.endpoints import Query
from openai_usage.openai_api import ApiError
from openai_usage.reader import Reader
from openai_usage.scope import FIRST_DAY

_DAY: Final = timedelta(days=1)
_PIECE: Final = 93
"""Days: three pages of every question."""


async def read(
    reader: Reader, now: datetime, most: int, tell: Callable[[date], None]
) -> ApiError | Literal["full"] | None:
    """Read what is not known yet, and note the first day at the end. What kept it from being read, or None.

    `tell` is called with how far back all is known. Stopped in between, it goes on from there the next time. It is
    `full` when the file has more than `most` bytes.
    """
    today = now.date()
    # The bill in one sum tells on which day it began: some 75 small answers.
    error = await _read(reader, [queries.TOTAL], Days(FIRST_DAY, today))
    if error is not None:
        return error
    billed_since = _first_with_rows(reader, [queries.TOTAL], Days(FIRST_DAY, today)) or today
    if reader.store.source.kind == "legacy":
        # Use comes a day at a time: that of years would take days. Without a bill nothing tells of the first day.
        if reader.store.buckets[queries.TOTAL].days is None:
            return None
        with reader.store.up_to_date():
            reader.store.first_day = billed_since
        return None
    first, last = today, today
    while True:
        piece = Days(max(FIRST_DAY, last - _PIECE * _DAY + _DAY), last)
        if (error := await _read(reader, queries.everything(), piece)) is not None:
            return error
        found = _first_with_rows(reader, queries.everything(), piece)
        first = found or first
        # What was free may be older than the first bill, but for how long nothing was used at all?
        if piece.first == FIRST_DAY or (piece.first <= billed_since and found is None):
            break
        for query in queries.everything():
            reader.store.buckets[query].release()
        tell(piece.first)
        if reader.store.size > most:
            return "full"
        last = piece.first - _DAY
    with reader.store.up_to_date():
        reader.store.first_day = first
    return None


async def _read(reader: Reader, wanted: list[Query], days: Days) -> ApiError | None:
    while (failures := await reader.read(lambda _: fetch.history(reader.store, wanted, days))) is None:
        pass
    # What is refused will be refused again: that split of the bill is not to be had for those days.
    refused = {topic for topic, _ in reader.store.refused.values()}
    return next((error for topic, error in failures.items() if topic not in refused), None)


def _first_with_rows(reader: Reader, wanted: list[Query], days: Days) -> date | None:
    found = [reader.store.buckets[query].first_used(days) for query in wanted]
    return min((day for day in found if day is not None), default=None)
