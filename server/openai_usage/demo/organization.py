"""What the made-up organisation used and was billed: a function of the seed and of the time, of nothing else.

Everything is drawn from (seed, day, workload), so each day is computed alone, when it is first asked for, and
stays the same for ever. Today is the part of its day that is over, in whole minutes. Times are Unix seconds,
days are UTC days counted from 1970, money is an exact Decimal in US dollars.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from functools import reduce
from hashlib import blake2b
from typing import Final

from openai_usage.demo.catalogue import (
    FOUNDED,
    NAME,
    PROJECTS,
    SUPPORT,
    WORKLOADS,
    Metrics,
    Model,
    ProjectEntry,
    Workload,
)

DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_FIRST_DAY: Final = FOUNDED.toordinal() - _EPOCH

# Room for 34 digits after the point and any sum before it; rounding would raise instead of losing a digit.
_EXACT: Final = Context(prec=100, traps=[Inexact])

_WEEKDAYS: Final = (960, 1050, 1080, 1040, 870)  # Monday to Friday, in thousandths
_SUNDAY: Final = 6
_HOLIDAYS: Final = {(1, 1), (12, 25), (12, 26)}
_CREDIT_DAY: Final = 15
_FREE: Final = Decimal("0E-6176")  # how a live bill wrote nothing: the smallest exponent of a decimal128


@dataclass(frozen=True, slots=True)
class Project:
    """A project. Times are Unix seconds; `archived_at` is None while it is active."""

    id: str
    name: str
    created_at: int
    archived_at: int | None


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Completions usage of one workload in some span of time, at the finest grain."""

    project_id: str
    user_id: str
    api_key_id: str
    model: str
    batch: bool
    service_tier: str
    metrics: Metrics
    shard: int = 0
    """Tells rows apart that OpenAI reports apart although all their dimensions are equal."""
    api_source: str = "unlabeled"


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one line item of one workload was billed on one day, at the finest grain."""

    project_id: str
    user_id: str | None
    api_key_id: str | None
    line_item: str
    amount: Decimal
    quantity: int | None
    quantity_unit: str | None
    shard: int = 0
    api_source: str = "unlabeled"


@dataclass(frozen=True, slots=True)
class _Activity:
    """What a workload does on one whole day with one model."""

    workload: Workload
    model: Model
    total: Metrics
    shard: int = 0

    def between(self, start: int, end: int) -> Metrics:
        """The part from second `start` to second `end` of the day. Tokens come with their request."""
        whole = self.total.requests
        if not whole or (start, end) == (0, DAY):
            return self.total
        done = [self.total.portion(self.workload.hours.done(whole, second), whole) for second in (start, end)]
        return done[1].minus(done[0])


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum with every digit kept. Zeros only count where nothing else does, so `0E-6176` pads no sum."""
    amounts = list(amounts)
    return reduce(_EXACT.add, [amount for amount in amounts if amount] or amounts[:1] or [Decimal(0)])


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Organization:
    """The made-up organisation as it is known at `now()`.

    Equal seeds give equal organisations. `now` must return an aware datetime and may move from call to call.
    """

    def __init__(self, seed: int = 1, now: Callable[[], datetime] = _utc_now) -> None:
        self.name = NAME
        self._seed = seed
        self._now = now
        self._activities: dict[int, tuple[_Activity, ...]] = {}
        self._finished_costs: dict[int, tuple[CostRow, ...]] = {}
        self.id = self._identifier("org-", 24, NAME)
        self._users = {each.user: self._identifier("user-", 24, each.user) for each in WORKLOADS}
        self._api_keys = {each.key: self._identifier("key_", 16, each.key) for each in WORKLOADS}
        self._projects = {
            entry: Project(
                id=self._identifier("proj_", 24, entry.name),
                name=entry.name,
                created_at=_seconds(entry.created),
                archived_at=_seconds(entry.archived) if entry.archived else None,
            )
            for entry in PROJECTS
        }

    @property
    def projects(self) -> tuple[Project, ...]:
        """All that exist by now, oldest first; a project that is archived later is still active."""
        clock = self.clock()
        return tuple(
            Project(project.id, project.name, project.created_at, _past(project.archived_at, clock))
            for project in self._projects.values()
            if project.created_at <= clock
        )

    def clock(self) -> int:
        """The present, in Unix seconds, at the last full minute."""
        return int(self._now().timestamp()) // 60 * 60

    def usage(self, start: int, end: int) -> Iterator[UsageRow]:
        """Completions usage from `start` (inclusive) to `end` (exclusive), day by day; none of the future."""
        end = min(end, self.clock())
        start = max(start, _FIRST_DAY * DAY)
        while start < end:
            day = start // DAY
            midnight = day * DAY
            stop = min(end, midnight + DAY)
            for activity in self._day(day):
                metrics = activity.between(start - midnight, stop - midnight)
                if metrics.requests:
                    yield self._usage_row(activity, metrics)
            start = stop

    def costs(self, day: int) -> tuple[CostRow, ...]:
        """The bill of one day; of today what has accrued so far. No rows for a quiet or a future day."""
        seconds = self.clock() - day * DAY
        if seconds <= 0 or day < _FIRST_DAY:
            return ()
        if seconds < DAY:
            return tuple(self._bill(day, seconds))
        if day not in self._finished_costs:
            self._finished_costs[day] = tuple(self._bill(day, DAY))
        return self._finished_costs[day]

    def _bill(self, day: int, seconds: int) -> Iterator[CostRow]:
        for activity in self._day(day):
            metrics = activity.between(0, seconds)
            workload = activity.workload
            project = self._projects[workload.project].id
            user, api_key = self._users[workload.user], self._api_keys[workload.key]
            for rate in activity.model.rates:
                quantity = sum(getattr(metrics, name) for name in rate.metrics)
                if quantity:
                    yield CostRow(
                        project_id=project,
                        user_id=user,
                        api_key_id=api_key,
                        line_item=rate.line_item,
                        amount=_EXACT.multiply(_EXACT.multiply(rate.usd, quantity), workload.factor),
                        quantity=quantity,
                        quantity_unit=rate.unit,
                        shard=activity.shard,
                    )
        yield from self._oddities(day, seconds)

    def _oddities(self, day: int, seconds: int) -> Iterator[CostRow]:
        """Rows that real bills have now and then and a reader must survive: a free one, a negative one."""
        if seconds < DAY // 2 or self._is_quiet(day):
            return
        project = self._projects[SUPPORT].id
        if self._draw(12, day, "moderation") == 0:
            key, user = self._api_keys[WORKLOADS[0].key], self._users[WORKLOADS[0].user]
            tokens = 4000 + self._draw(9000, day, "moderated")
            yield CostRow(project, user, key, "omni-moderation-latest, input", _FREE, tokens, "tokens")
        if _date(day).day == _CREDIT_DAY:
            yield CostRow(project, None, None, "service credit", Decimal("-0.35"), None, None)

    def _day(self, day: int) -> tuple[_Activity, ...]:
        """The whole activity of a day, also of its part that is still to come."""
        if day not in self._activities:
            self._activities[day] = () if self._is_quiet(day) else tuple(self._plan(day))
        return self._activities[day]

    def _plan(self, day: int) -> Iterator[_Activity]:
        today = _date(day)
        doubled = self._draw(10 * len(WORKLOADS), day, "duplicate rows")  # one workload on one day in ten
        for index, workload in enumerate(WORKLOADS):
            model = _model_of(workload, today)
            if model is None:
                continue
            total = self._total(day, index, workload)
            if index == doubled:
                half = total.portion(1, 2)
                yield _Activity(workload, model, half, shard=1)
                total = total.minus(half)
            yield _Activity(workload, model, total)

    def _total(self, day: int, index: int, workload: Workload) -> Metrics:
        """Busier on weekdays, slowly growing for some four years, never twice the same. Whole numbers only.

        Each factor is in thousandths; the noise is a byte, so about an eighth more or less.
        """
        requests, *tokens = workload.each
        rhythm = (*_WEEKDAYS, *workload.weekend)[_date(day).weekday()]
        growth = 600 + 400 * min(day - _FIRST_DAY, 1500) // 1500
        noise, *noises = self._digest(day, index, size=len(workload.each))
        count = requests * rhythm * growth * (872 + noise) // 1000**3
        sizes = (size * (872 + byte) for size, byte in zip(tokens, noises, strict=True))
        return Metrics(count, *(count * size // 1000 for size in sizes))

    def _is_quiet(self, day: int) -> bool:
        """A day on which nothing happens: some holidays, some Sundays."""
        today = _date(day)
        return (today.month, today.day) in _HOLIDAYS or (
            today.weekday() == _SUNDAY and self._draw(8, day, "quiet") == 0
        )

    def _usage_row(self, activity: _Activity, metrics: Metrics) -> UsageRow:
        workload = activity.workload
        return UsageRow(
            project_id=self._projects[workload.project].id,
            user_id=self._users[workload.user],
            api_key_id=self._api_keys[workload.key],
            model=activity.model.name,
            batch=workload.batch,
            service_tier=workload.service_tier,
            metrics=metrics,
            shard=activity.shard,
        )

    def _identifier(self, prefix: str, length: int, name: str) -> str:
        return prefix + self._digest(prefix, name, size=length // 2).hex()

    def _draw(self, below: int, *what: int | str) -> int:
        """A number from 0 to `below - 1` that depends on the seed and on what it is for."""
        return int.from_bytes(self._digest(*what, size=8)) % below

    def _digest(self, *what: int | str, size: int) -> bytes:
        return blake2b(repr((self._seed, *what)).encode(), digest_size=size).digest()


def _date(day: int) -> date:
    return date.fromordinal(_EPOCH + day)


def _seconds(day: date) -> int:
    return (day.toordinal() - _EPOCH) * DAY


def _past(moment: int | None, clock: int) -> int | None:
    return moment if moment is not None and moment <= clock else None


def _lives(project: ProjectEntry, today: date) -> bool:
    return project.created <= today and (project.archived is None or today < project.archived)


def _model_of(workload: Workload, today: date) -> Model | None:
    """The model that the workload uses on this day; None on a day on which it does not run."""
    if today < workload.since or not _lives(workload.project, today):
        return None
    return next((model for model in reversed(workload.models) if model.since <= today), None)
