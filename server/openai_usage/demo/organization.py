"""What the made-up organisation used and was billed: a function of the seed and of the time, of nothing else.

Everything is drawn from (seed, day, workload), so each day is computed alone, when it is first asked for, and
stays the same for ever. Today is the part of its day that is over, in whole minutes. Times are Unix seconds,
days are UTC days counted from 1970, money is an exact Decimal in US dollars.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from functools import reduce
from typing import Final, NamedTuple, Self

from openai_usage.demo import large
from openai_usage.demo.catalogue import FOUNDED, Catalogue, Counts, Model, Rate, Workload
from openai_usage.demo.chance import Chance
from openai_usage.demo.northwind import NORTHWIND
from openai_usage.demo.roster import DAY, ApiKey, Project, Roster, date_of, day_number

_FIRST_DAY: Final = day_number(FOUNDED)

# Room for 34 digits after the point and any sum before it; rounding would raise instead of losing a digit.
_EXACT: Final = Context(prec=100, traps=[Inexact])
_MILLIONTH: Final = Decimal("0.000001")

_WEEKDAYS: Final = (960, 1050, 1080, 1040, 870)  # Monday to Friday, in thousandths
_SUNDAY: Final = 6
_HOLIDAYS: Final = {(1, 1), (12, 25), (12, 26)}
_CREDIT_DAY: Final = 15


class UsageRow(NamedTuple):
    """Usage of one workload in some span of time, at the finest grain: every dimension, and the counts."""

    project_id: str
    user_id: str | None
    api_key_id: str | None
    model: str | None
    batch: bool
    service_tier: str
    api_source: str
    size: str | None
    source: str | None
    vector_store_id: str | None
    context_level: str | None
    counts: Counts
    shard: int = 0
    """Tells rows apart that OpenAI reports apart although all their dimensions are equal."""


class CostRow(NamedTuple):
    """What one line item of one workload was billed on one day, at the finest grain."""

    project_id: str
    user_id: str | None
    api_key_id: str | None
    line_item: str
    amount: Decimal
    quantity: int | Decimal | None
    quantity_unit: str | None
    shard: int = 0
    api_source: str = "unlabeled"
    attributed: bool = True
    """False for what OpenAI leaves out of costs by API key or by user."""


class _Runner(NamedTuple):
    """A workload with the ids of this organisation, and the days it runs: from `first` to before `end`."""

    workload: Workload
    row: UsageRow
    first: int
    end: int | None
    sizes: tuple[tuple[str, int], ...]
    """`Workload.each` in thousandths."""


class _Activity(NamedTuple):
    """What a workload does on one whole day with one model. `row` has it all."""

    workload: Workload
    row: UsageRow
    rates: tuple[Rate, ...]

    def between(self, start: int, end: int) -> UsageRow | None:
        """The part from second `start` to second `end` of the day, None for nothing. Tokens come with their request."""
        counts = self.row.counts
        whole = next(iter(counts.values()))
        if (start, end) == (0, DAY):
            return self.row if whole else None
        before, after = (self.workload.hours.done(whole, second) for second in (start, end))
        if before == after:
            return None
        return self.row._replace(
            counts={kind: count * after // whole - count * before // whole for kind, count in counts.items()}
        )


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum with every digit kept. Zeros only count where nothing else does, so `0E-6176` pads no sum."""
    amounts = list(amounts)
    if len(amounts) == 1:
        return amounts[0]
    return reduce(_EXACT.add, [amount for amount in amounts if amount] or amounts[:1] or [Decimal(0)])


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Organization:
    """The made-up organisation as it is known at `now()`.

    Equal seeds give equal organisations. `now` must return an aware datetime and may move from call to call.
    The rest is how accounts differ:

    decisions                  whether it has the Decisions API, and what it did with it
    limits                     whether it has spend limits and spend alerts
    unattributed               whether some cents of some days are missing from costs by API key or by user
    cost_by_user_and_project   whether cost by user may be asked for together with projects
    """

    def __init__(
        self,
        seed: int = 1,
        now: Callable[[], datetime] = _utc_now,
        *,
        decisions: bool = True,
        limits: bool = True,
        unattributed: bool = True,
        cost_by_user_and_project: bool = True,
        catalogue: Catalogue = NORTHWIND,
    ) -> None:
        self.name = catalogue.name
        self.decisions = decisions
        self.limits = limits
        self.cost_by_user_and_project = cost_by_user_and_project
        self.spend_limit = catalogue.spend_limit
        self.spend_alerts = catalogue.spend_alerts
        self.chance = Chance(seed)
        self.id = self.chance.identifier("org-", 24, self.name)
        self.roster = Roster(catalogue, self.chance)
        self._now = now
        self._unattributed = unattributed
        self._payer = self.roster.project_id(catalogue.projects[0])
        self._runners = tuple(
            self._runner(workload)
            for workload in catalogue.workloads
            if decisions or "decisions" not in workload.capabilities
        )
        self._busy_keys = {runner.row.api_key_id for runner in self._runners}
        self._activities: dict[int, tuple[_Activity, ...]] = {}
        self._finished_costs: dict[int, tuple[CostRow, ...]] = {}

    @classmethod
    def large(
        cls,
        *,
        keys: int = 600,
        users: int = 250,
        projects: int = 12,
        seed: int = 1,
        now: Callable[[], datetime] = _utc_now,
    ) -> Self:
        """One with many keys and users, of which a fifth or so does something on a day."""
        return cls(seed, now, catalogue=large.catalogue(keys, users, projects))

    @property
    def slug(self) -> str:
        """The name in the form that the header `openai-organization` has it."""
        return self.name.lower().replace(" ", "-")

    @property
    def projects(self) -> tuple[Project, ...]:
        """All that exist by now, oldest first; a project that is archived later is still active."""
        return self.roster.projects(self.clock())

    def clock(self) -> int:
        """The present, in Unix seconds, at the last full minute."""
        return int(self._now().timestamp()) // 60 * 60

    def last_used_at(self, key: ApiKey) -> int | None:
        """The hour in which a key was last used, near enough; None for one that never was."""
        if key.id not in self._busy_keys:
            return None
        archived_at = {project.id: project.archived_at for project in self.projects}.get(key.project_id)
        return min(self.clock(), archived_at or self.clock()) // 3600 * 3600

    def usage(self, capability: str, start: int, end: int) -> Iterator[UsageRow]:
        """Usage from `start` (inclusive) to `end` (exclusive), day by day; none of the future.

        `capability` is the name of a usage endpoint. Counts hold what the workload did in all, not only what that
        endpoint reports.
        """
        end = min(end, self.clock())
        start = max(start, _FIRST_DAY * DAY)
        while start < end:
            day = start // DAY
            midnight = day * DAY
            stop = min(end, midnight + DAY)
            for activity in self._day(day):
                if capability in activity.workload.capabilities:
                    row = activity.between(start - midnight, stop - midnight)
                    if row is not None:
                        yield row
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
            row = activity.between(0, seconds)
            if row is None:
                continue
            for rate in activity.rates:
                count = sum(row.counts.get(kind, 0) for kind in rate.kinds)
                if count:
                    quantity = count if rate.scale == 1 else (rate.scale * count).quantize(_MILLIONTH)
                    yield CostRow(
                        project_id=row.project_id,
                        user_id=row.user_id,
                        api_key_id=row.api_key_id,
                        line_item=rate.line_item,
                        amount=_EXACT.multiply(_EXACT.multiply(rate.usd, quantity), activity.workload.factor),
                        quantity=quantity,
                        quantity_unit=rate.unit,
                        shard=row.shard,
                        api_source=row.api_source,
                    )
        if seconds >= DAY // 2 and not self._is_quiet(day):
            yield from self._oddities(day)

    def _oddities(self, day: int) -> Iterator[CostRow]:
        """Rows that belong to no key and no user: a credit once a month, and what no key's or user's cost has."""
        if date_of(day).day == _CREDIT_DAY:
            yield CostRow(self._payer, None, None, "service credit", Decimal("-0.35"), None, None)
        if self._unattributed and self.chance.number(3, day, "unattributed") == 0:
            amount = Decimal(180 + self.chance.number(300, day, "unattributed amount")).scaleb(-4)
            yield CostRow(self._payer, None, None, "Text tokens", amount, None, None, attributed=False)

    def _day(self, day: int) -> tuple[_Activity, ...]:
        """The whole activity of a day, also of its part that is still to come."""
        if day not in self._activities:
            self._activities[day] = () if self._is_quiet(day) else tuple(self._plan(day))
        return self._activities[day]

    def _plan(self, day: int) -> Iterator[_Activity]:
        today = date_of(day)
        doubled = self.chance.number(10 * len(self._runners), day, "duplicate rows")  # on one day in ten
        for index, runner in enumerate(self._runners):
            if day < runner.first or (runner.end is not None and day >= runner.end):
                continue
            workload = runner.workload
            idle, *noise = self.chance.bytes(1 + len(runner.sizes), day, index)
            if idle < workload.idle:
                continue
            model = _model_of(workload, today)
            if workload.models and model is None:
                continue
            rates = (*model.rates, *workload.tools) if model else workload.tools
            counts = _counts(runner, day, noise)
            row = runner.row._replace(model=model.name if model else None, counts=counts)
            if index == doubled:
                half = {kind: count // 2 for kind, count in counts.items()}
                yield _Activity(workload, row._replace(counts=half, shard=1), rates)
                row = row._replace(counts={kind: count - half[kind] for kind, count in counts.items()})
            yield _Activity(workload, row, rates)

    def _is_quiet(self, day: int) -> bool:
        """A day on which nothing happens: some holidays, some Sundays."""
        today = date_of(day)
        return (today.month, today.day) in _HOLIDAYS or (
            today.weekday() == _SUNDAY and self.chance.number(8, day, "quiet") == 0
        )

    def _runner(self, workload: Workload) -> _Runner:
        key = self.roster.key(workload.key) if workload.key else None
        starts = [workload.since, workload.project.created, *([workload.key.created] if workload.key else [])]
        ends = [end for end in (workload.project.archived, workload.key.deleted if workload.key else None) if end]
        return _Runner(
            workload=workload,
            row=UsageRow(
                project_id=self.roster.project_id(workload.project),
                user_id=key.owner.id if key else None,
                api_key_id=key.id if key else None,
                model=None,
                batch=workload.batch,
                service_tier=workload.service_tier,
                api_source=workload.api_source,
                size=workload.size,
                source=workload.source,
                vector_store_id=(
                    self.chance.identifier("vs_", 32, workload.vector_store) if workload.vector_store else None
                ),
                context_level=workload.context_level,
                counts={},
            ),
            first=day_number(max(starts)),
            end=day_number(min(ends)) if ends else None,
            sizes=tuple((kind, round(size * 1000)) for kind, size in workload.each.items()),
        )


def _counts(runner: _Runner, day: int, noise: list[int]) -> Counts:
    """Busier on weekdays, slowly growing for some four years, never twice the same. Whole numbers only.

    Each factor is in thousandths; the noise is a byte, so about an eighth more or less.
    """
    workload = runner.workload
    rhythm = (*_WEEKDAYS, *workload.weekend)[date_of(day).weekday()]
    if workload.steady:
        rhythm, noise = 1000, [128] * len(noise)
    growth = 600 + 400 * min(day - _FIRST_DAY, 1500) // 1500
    (first, size), *rest = runner.sizes
    count = size * rhythm * growth * (872 + noise[0]) // 1000**4
    return {
        first: count,
        **{kind: count * size * (872 + byte) // 1000**2 for (kind, size), byte in zip(rest, noise[1:], strict=True)},
    }


def _model_of(workload: Workload, today: date) -> Model | None:
    """The model that the workload uses on this day, None before its first one."""
    return next((model for model in reversed(workload.models) if model.since <= today), None)
