"""One thing to ask, and asking several: all questions of one round go out together."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from openai_usage.days import Days
from openai_usage.endpoints import Query
from openai_usage.openai_api import ApiError
from openai_usage.scope import Scope
from openai_usage.store import LONG_AGO, Store, Topic

if TYPE_CHECKING:
    from openai_usage.openai_api import Client

_log = logging.getLogger(__name__)

DIRECTORY: Final = "names"
"""The topic of everything about names."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask, and where its answer goes."""

    topic: Topic
    text: str
    """For the log."""
    ask: Callable[["Client", Store, datetime], Awaitable[None]]
    """Asks, and puts the answer into the store. ApiError when there is none."""
    is_extra: bool = False
    """Nobody misses the answer: of a period that is only compared with, or of long ago."""


Failures = dict[Topic, ApiError]
"""What kept questions from being answered."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the views tell of now."""

    scope: Scope | None = None
    """Of the panel; None: nobody looks at it."""
    key_id: str | None = None
    """The API key whose spend the status bar tells beside that of all; None: of none."""


async def read(client: "Client", store: Store, questions: Sequence[Question], now: datetime) -> Failures:
    """Ask all at once, and keep what was answered. A failure leaves what was known of its topic as it was."""
    begun = time.monotonic()
    outcomes = await asyncio.gather(*(_answer(question, client, store, now) for question in questions))
    failures = {question.topic: error for question, error in zip(questions, outcomes, strict=True) if error}
    asked = ", ".join(question.text for question in questions)
    _log.info("%s: %s%.2f s", asked, "not all of it, " if failures else "", time.monotonic() - begun)
    return failures


async def _answer(question: Question, client: "Client", store: Store, now: datetime) -> ApiError | None:
    try:
        await question.ask(client, store, now)
    except ApiError as error:
        return error
    return None


def to_read(store: Store, query: Query, needed: Sequence[Days], anew: datetime = LONG_AGO) -> list[Days]:
    """Ranges that touch are asked for as one."""
    ranges = sorted(
        (part for days in needed for part in store.to_read(query, days, anew)),
        key=lambda part: part.first,
    )
    joined: list[Days] = []
    for part in ranges:
        if joined and joined[-1].touches(part):
            joined[-1] = joined[-1].union(part)
        else:
            joined.append(part)
    return joined
