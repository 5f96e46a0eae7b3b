"""What the status bar tells: the bill around one day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from openai_usage.days import Days, last_days, month_of
from openai_usage.endpoints import COSTS
from openai_usage.report.sums import Grouping, Part, Value, add_up, sums_by_value
from openai_usage.scope import Filters
from openai_usage.store import Buckets


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the spend."""

    key: Value
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Recent:
    """Spend up to `day`, UTC days."""

    today: Decimal
    yesterday: Decimal
    last_7_days: Decimal
    month: Decimal
    month_line_items: list[Share]
    """Of this month, largest first; none where they are not known."""
    month_by_project: Mapping[Value, Decimal] | None
    """None: not known."""
    daily: list[Decimal]
    """Of each of the last 8 days, the newest last."""

    def month_of_project(self, project: str | None) -> Decimal | None:
        """This month's spend of a project, or of all (None); None when it is not known."""
        if project is None:
            return self.month
        return None if self.month_by_project is None else self.month_by_project.get(project, Decimal(0))


def recent(
    bill: Buckets,
    split: Buckets,
    currency: str,
    day: date,
    narrowed: Filters = MappingProxyType({}),
    *,
    has_projects: bool = True,
) -> Recent:
    """Spend of the days around `day` (`queries.days_around`), of which `bill` has to know all.

    `split` is the same bill by project and line item, where that is known; no sum of all is taken from it, since it may
    leave something out. Both may be `narrowed` to one API key. Without `has_projects`, `split` is by line item alone.
    """
    column = (COSTS.column("amount"), 1)
    filters = {**narrowed, "currency": frozenset({currency})}

    def spent(days: Days) -> Decimal:
        groups = Grouping().constant(None, COSTS, bill.keys, filters)
        return Decimal(add_up([Part([bill.whole(days)], groups, [column])], 1)[0])

    yesterday = day - timedelta(days=1)
    month = month_of(day)

    def spent_by(dimension: str) -> dict[Value, Decimal]:
        grouping = Grouping()
        groups = grouping.by(dimension, COSTS, split.keys, filters)
        part = Part([split.whole(month)], groups, [column])
        return {value: Decimal(amount) for value, amount in sums_by_value(part, grouping).items()}

    is_split = not split.missing(month)
    shares = [Share(value, amount) for value, amount in spent_by("line_item").items()] if is_split else []
    return Recent(
        today=spent(Days(day, day)),
        yesterday=spent(Days(yesterday, yesterday)),
        last_7_days=spent(last_days(7, day)),
        month=spent(month),
        month_line_items=sorted(shares, key=lambda share: (-share.amount, share.key or "")),
        month_by_project=spent_by("project_id") if is_split and has_projects else None,
        daily=[spent(Days(one, one)) for one in last_days(8, day)],
    )
