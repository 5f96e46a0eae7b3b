"""The questions that are asked, and their answers as rows.

Sources: OpenAI's OpenAPI document of 2026-08-21 and its SDK 3.54.0. A page of day buckets holds at most 31 of them
(usage: documented; costs: 180 are documented, 31 were seen on the live API in September 2026), so a longer range is
cut into pieces of 31 days that are asked side by side instead of one after the other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Final, TypeVar

from openai_usage.days import Days, day_of
from openai_usage.openai_api import pages
from openai_usage.openai_api.client import Client, Query
from openai_usage.openai_api.models import Bucket, CompletionsResult, CostsResult, Page
from openai_usage.rows import CompletionsRow, CostRow

_BUCKETS_PER_PAGE: Final = 31
_PROJECTS_PER_PAGE: Final = 100

_ZERO: Final = Decimal(0)

Row = TypeVar("Row")


async def costs(client: Client, days: Days, today: date) -> list[CostRow]:
    """What was billed on each of `days`, by line item and project; oldest day first, amounts in their currency.

    ApiError when any part of it cannot be read: there is no answer that is short of something.
    """

    async def piece(part: Days) -> list[CostRow]:
        query = _query(part, today, group_by=("line_item", "project_id"))
        found = await pages.buckets(client, "/organization/costs", query, Page[CostsResult], days=part, today=today)
        return [_cost_row(bucket, result) for bucket in found for result in bucket.results]

    return await _side_by_side(days, piece)


async def completions(client: Client, days: Days, today: date) -> list[CompletionsRow]:
    """What models were used for on each of `days`: tokens and requests, by model; oldest day first.

    ApiError when any part of it cannot be read.
    """

    async def piece(part: Days) -> list[CompletionsRow]:
        query = _query(part, today, group_by=("model",))
        path = "/organization/usage/completions"
        found = await pages.buckets(client, path, query, Page[CompletionsResult], days=part, today=today)
        return [_completions_row(bucket, result) for bucket in found for result in bucket.results]

    return await _side_by_side(days, piece)


async def project_names(client: Client) -> dict[str, str]:
    """Names by project id, archived projects too; a project without a name is left out. ApiError as above."""
    query = [("limit", str(_PROJECTS_PER_PAGE)), ("include_archived", "true")]
    found = pages.projects(client, "/organization/projects", query)
    return {project.id: project.name async for project in found if project.name}


def _query(days: Days, today: date, group_by: tuple[str, ...]) -> Query:
    """Midnights and fixed limits only: the same question is the same URL, all day long.

    A range that reaches today is left open: whether OpenAI takes an end that is still to come is not known.
    `group_by[]` is the form OpenAI's own SDKs send.
    """
    return [
        ("start_time", str(days.start_time)),
        *([("end_time", str(days.end_time))] if days.last < today else []),
        ("bucket_width", "1d"),
        ("limit", str(_BUCKETS_PER_PAGE)),
        *(("group_by[]", dimension) for dimension in group_by),
    ]


async def _side_by_side(days: Days, piece: Callable[[Days], Awaitable[list[Row]]]) -> list[Row]:
    """All pieces at once; the first failure ends the others and is the outcome."""
    tasks = [asyncio.ensure_future(piece(part)) for part in days.split(_BUCKETS_PER_PAGE)]
    try:
        return list(chain.from_iterable(await asyncio.gather(*tasks)))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _cost_row(bucket: Bucket[CostsResult], result: CostsResult) -> CostRow:
    amount = result.amount
    return CostRow(
        day=day_of(bucket.start_time),
        # A row without an amount bills nothing.
        amount=amount.value if amount and amount.value is not None else _ZERO,
        currency=(amount.currency if amount and amount.currency else "usd").lower(),
        line_item=result.line_item,
        project_id=result.project_id,
        organization_name=result.organization_name,
    )


def _completions_row(bucket: Bucket[CompletionsResult], result: CompletionsResult) -> CompletionsRow:
    return CompletionsRow(
        day=day_of(bucket.start_time),
        model=result.model,
        input_tokens=result.input_tokens,
        input_cached_tokens=result.input_cached_tokens or 0,
        output_tokens=result.output_tokens,
        num_model_requests=result.num_model_requests,
    )
