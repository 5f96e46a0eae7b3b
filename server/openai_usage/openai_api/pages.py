"""Following pages to the end. A chain that repeats, overlaps or breaks off is an error: its sum would be wrong."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, TypeVar

from msgspec.json import Decoder

from openai_usage.days import Days, midnight
from openai_usage.endpoints import Width
from openai_usage.openai_api.client import Client, Parameters
from openai_usage.openai_api.errors import ApiError, Fault
from openai_usage.openai_api.shapes import PAGE, Listed, Listing, Span
from openai_usage.rows import Bucket

_SECONDS: Final[dict[Width, int]] = {"1d": 86_400, "1h": 3_600, "1m": 60}
_MOST_PAGES: Final = 1_000
"""Of a list: a hundred thousand things."""
_MANY_ROWS: Final = 500
"""Takes some milliseconds."""

Item = TypeVar("Item", bound=Listed)


async def buckets(
    client: Client,
    path: str,
    parameters: Parameters,
    read: Callable[[Span], Bucket],
    *,
    days: Days,
    width: Width,
) -> list[Bucket]:
    """All buckets that answer the question, in the order they came; all of them lie within `days`.

    `read` decodes a bucket's rows; a ValueError of it is an answer that is not OpenAI's. The cursor is bound to the
    query, so everything else is sent again unchanged with each page.
    """
    found: list[Bucket] = []
    cursors: set[str] = set()
    times: set[int] = set()
    first, end, seconds = days.start_time, days.end_time, _SECONDS[width]
    asked = parameters
    while True:
        async with client.answer(path, asked, PAGE) as page:
            for index, span in enumerate(page.data):
                start = span.start_time
                if start in times or start < first:
                    raise client.error(Fault.BROKEN_PAGES, f"{path}: a bucket came twice, or was not asked for")
                # The one that runs now may end at the moment; its end says nothing else.
                if start % seconds or not 0 < span.end_time - start <= seconds:
                    raise client.error(Fault.BROKEN_PAGES, f"{path}: a bucket is not of {seconds} seconds")
                times.add(start)
                # A bucket after these days is of the day that began since the question was put together.
                if start < end:
                    with client.reading(path, f"data.{index}.results"):
                        found.append(read(span))
                    if len(found[-1].keys) > _MANY_ROWS:
                        await asyncio.sleep(0)  # others have their turn in between
        if not page.has_more:
            return found
        cursor = page.next_page
        if not cursor:
            raise client.error(Fault.BROKEN_PAGES, f"{path}: more pages were announced, but not where")
        if cursor in cursors or len(cursors) >= (end - first) // seconds:
            raise client.error(Fault.BROKEN_PAGES, f"{path}: the pages do not end")
        cursors.add(cursor)
        asked = [*parameters, ("page", cursor)]


def check_whole(path: str, starts: Sequence[int], days: Days, today: date, width: Width) -> None:
    """ApiError when a bucket is missing among `starts`, which are sorted and each there once.

    Without use a bucket is empty, so when there is none we know nothing of that time. But of the time before the
    organisation's first bucket nobody has told what comes; and today's may end now, or at midnight, or not be there.
    """
    if not starts:
        return
    last = max(starts[-1], min(days.end_time, midnight(today)) - _SECONDS[width])
    if len(starts) != (last - starts[0]) // _SECONDS[width] + 1:
        raise ApiError(Fault.BROKEN_PAGES, f"{path}: buckets are missing")


async def items(client: Client, path: str, parameters: Parameters, shape: Decoder[Listing[Item]]) -> list[Item]:
    """All of a list, page by page: the next page starts after the last id of this one."""
    found: list[Item] = []
    cursors: set[str] = set()
    asked = parameters
    while True:
        page = await client.get(path, asked, shape)
        found += page.data
        if not page.has_more:
            return found
        last = page.last_id if isinstance(page.last_id, str) else None
        last = last or (page.data[-1].id if page.data else None)
        if not last or last in cursors or len(cursors) >= _MOST_PAGES:
            raise client.error(Fault.BROKEN_PAGES, f"{path}: the list does not end")
        cursors.add(last)
        asked = [*parameters, ("after", last)]
