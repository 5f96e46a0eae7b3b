"""What the status bar tells: the bill around one day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from openai_usage.days import Days, last_days, month_of
from openai_usage.endpoints import COSTS
from openai_usage.report.sums import Grouping, Part, Value, add_up, sums_by_value
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
    """Of this month, largest first."""
    month_by_project: Mapping[Value, Decimal]
    daily: list[Decimal]
    """Of each of the last 8 days, the newest last."""


def recent(buckets: Buckets, currency: str, day: date) -> Recent:
    """Spend of the days around `day`; `buckets` have to reach back over its month and its last 7 days."""
    column = (COSTS.column("amount"), 1)
    filters = {"currency": frozenset({currency})}

    def spent(days: Days) -> Decimal:
        groups = Grouping().constant(None, COSTS, buckets.keys, filters)
        return Decimal(add_up([Part([buckets.whole(days)], groups, [column])], 1)[0])

    yesterday = day - timedelta(days=1)
    month = month_of(day)

    def spent_by(dimension: str) -> dict[Value, Decimal]:
        grouping = Grouping()
        groups = grouping.by(dimension, COSTS, buckets.keys, filters)
        part = Part([buckets.whole(month)], groups, [column])
        return {value: Decimal(amount) for value, amount in sums_by_value(part, grouping).items()}

    shares = [Share(value, amount) for value, amount in spent_by("line_item").items()]
    return Recent(
        today=spent(Days(day, day)),
        yesterday=spent(Days(yesterday, yesterday)),
        last_7_days=spent(last_days(7, day)),
        month=spent(month),
        month_line_items=sorted(shares, key=lambda share: (-share.amount, share.key or "")),
        month_by_project=spent_by("project_id"),
        daily=[spent(Days(one, one)) for one in last_days(8, day)],
    )
