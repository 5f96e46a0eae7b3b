"""Following pages to the end. A chain that repeats, overlaps or breaks off is an error: its sum would be wrong."""

from collections.abc import AsyncIterator

from openai_usage.days import Days
from openai_usage.openai_api.client import Client, Query
from openai_usage.openai_api.errors import ApiError, Fault
from openai_usage.openai_api.models import Bucket, Page, Project, ProjectList, Result


async def buckets(
    client: Client, path: str, query: Query, shape: type[Page[Result]], days: Days
) -> list[Bucket[Result]]:
    """All buckets that answer `query`, in the order they came; all of them lie within `days`.

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
            times.add(bucket.start_time)
        # A bucket after these days is of the day that began since the question was put together.
        found += [bucket for bucket in page.data if bucket.start_time < days.end_time]
        if not page.has_more:
            return found
        cursor = page.next_page
        if not cursor:
            raise ApiError(Fault.BROKEN_PAGES, f"{path}: more pages were announced, but not where")
        if cursor in cursors:
            raise ApiError(Fault.BROKEN_PAGES, f"{path}: the same page came twice")
        cursors.add(cursor)
        asked = [*query, ("page", cursor)]


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
        if last is None or last in ids:
            raise ApiError(Fault.BROKEN_PAGES, f"{path}: the list does not end")
        ids.add(last)
        asked = [*query, ("after", last)]
