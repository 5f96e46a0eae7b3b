"""What has to be asked, and asking it: all questions of one fetch go out together."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from openai_usage.days import Days, last_days, month_of, period_days
from openai_usage.openai_api import ApiError, Client, completions, costs, project_names
from openai_usage.protocol import Period
from openai_usage.store import Buckets, Row, Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """The days to ask for, each unbroken range a list entry, and whether to ask for the projects' names."""

    costs: list[Days]
    completions: list[Days]
    names: bool

    def __str__(self) -> str:
        kinds = {"costs": self.costs, "completions": self.completions}
        parts = [f"{kind} of {days.first} to {days.last}" for kind, ranges in kinds.items() for days in ranges]
        return ", ".join([*parts, *(["names of projects"] if self.names else [])])

    def __bool__(self) -> bool:
        return bool(self.costs or self.completions or self.names)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What kept each kind of question from being answered; None where nothing did, or nothing was asked."""

    costs: ApiError | None = None
    completions: ApiError | None = None
    names: ApiError | None = None

    def __iter__(self) -> Iterator[ApiError]:
        return (error for error in (self.costs, self.completions, self.names) if error)


def plan(store: Store, period: Period | None, today: date, *, refresh: bool, names: bool) -> Plan:
    """What the views need and the store has not. `period` is the panel's; None: nobody looks at the panel.

    The status bar tells of this month and of the last 7 days, which is one page of costs and nothing else.
    """
    needed = month_of(today).union(last_days(7, today))
    if period is None:
        return Plan(store.costs.to_read(needed, refresh=refresh), [], names=False)
    needed = needed.union(period_days(period, today))
    return Plan(
        store.costs.to_read(needed, refresh=refresh),
        store.completions.to_read(needed, refresh=refresh),
        names=names,
    )


async def read(client: Client, store: Store, wanted: Plan, now: datetime) -> Outcome:
    """Ask, and keep what was answered whole. A failure leaves what was known of its kind as it was."""

    async def names() -> None:
        if wanted.names:
            store.project_names = await project_names(client)

    begun = time.monotonic()
    outcome = Outcome(
        *await asyncio.gather(
            _problem_of(partial(_read_buckets, client, costs, store.costs, wanted.costs, now)),
            _problem_of(partial(_read_buckets, client, completions, store.completions, wanted.completions, now)),
            _problem_of(names),
        )
    )
    _log.info("%s: %s%.2f s", wanted, "not all of it, " if any(outcome) else "", time.monotonic() - begun)
    return outcome


async def _read_buckets(
    client: Client,
    ask: Callable[[Client, Days, date], Awaitable[list[Row]]],
    buckets: Buckets[Row],
    ranges: list[Days],
    now: datetime,
) -> None:
    answers = await asyncio.gather(*(ask(client, days, now.date()) for days in ranges))
    # All or nothing: half of a refresh would mix figures of two moments.
    for days, rows in zip(ranges, answers, strict=True):
        buckets.put(days, rows, now)


async def _problem_of(work: Callable[[], Awaitable[None]]) -> ApiError | None:
    try:
        await work()
    except ApiError as error:
        return error
    return None
