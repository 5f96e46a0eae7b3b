"""Following pages to the end. A chain that repeats, overlaps or breaks off is an error: its sum would be wrong."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

from openai_usage.days import Days, midnight
from openai_usage.openai_api.client import Client, Query
from openai_usage.openai_api.errors import ApiError, Fault
from openai_usage.openai_api.models import Bucket, Page, Project, ProjectList, Result

_DAY: Final = 86_400
_MOST_PAGES: Final = 1_000
"""Of projects: a hundred thousand."""


async def buckets(
    client: Client, path: str, query: Query, shape: type[Page[Result]], *, days: Days, today: date
) -> list[Bucket[Result]]:
    """All day buckets that answer `query`, in the order they came; all of them lie within `days`.

    The cursor is bound to the query, so everything else is sent again unchanged with each page.
    """
    found: list[Bucket[Result]] = []
    cursors: set[str] = set()
    times: set[int] = set()
    asked = query
    while True:
        page = await client.get(path, asked, shape)
        for bucket in page.data:
            if bucket.start_time in times or bucket.start_time < days.start_time:
                raise ApiError(Fault.BROKEN_PAGES, f"{path}: a bucket came twice, or was not asked for")
            if bucket.start_time % _DAY or not 0 < bucket.end_time - bucket.start_time <= _DAY:
                raise ApiError(Fault.BROKEN_PAGES, f"{path}: a bucket is not of one day")
            times.add(bucket.start_time)
        # A bucket after these days is of the day that began since the question was put together.
        found += [bucket for bucket in page.data if bucket.start_time < days.end_time]
        if not page.has_more:
            _check_whole(path, times, days, today)
            return found
        cursor = page.next_page
        if not cursor:
            raise ApiError(Fault.BROKEN_PAGES, f"{path}: more pages were announced, but not where")
        if cursor in cursors or len(cursors) >= len(days):
            raise ApiError(Fault.BROKEN_PAGES, f"{path}: the pages do not end")
        cursors.add(cursor)
        asked = [*query, ("page", cursor)]


def _check_whole(path: str, times: set[int], days: Days, today: date) -> None:
    """A day without use is an empty bucket, so a day without a bucket is a day we know nothing of.

    But for days before the organisation's first one, of which nobody has told what comes, and for today.
    """
    if not times:
        return
    last = min(days.end_time, midnight(today)) - _DAY
    if any(start not in times for start in range(min(times), last + 1, _DAY)):
        raise ApiError(Fault.BROKEN_PAGES, f"{path}: days are missing")


async def projects(client: Client, path: str, query: Query) -> AsyncIterator[Project]:
    """All projects, page by page: the next page starts after the last id of this one."""
    ids: set[str] = set()
    asked = query
    while True:
        page = await client.get(path, asked, ProjectList)
        for project in page.data:
            yield project
        if not page.has_more:
            return
        last = page.last_id or (page.data[-1].id if page.data else None)
        if last is None or last in ids or len(ids) >= _MOST_PAGES:
            raise ApiError(Fault.BROKEN_PAGES, f"{path}: the list does not end")
        ids.add(last)
        asked = [*query, ("after", last)]
