"""What the views are drawn from: everything known at one moment."""

from dataclasses import dataclass, field
from datetime import datetime

from openai_usage.days import Days
from openai_usage.protocol import GroupBy, Period
from openai_usage.report import ModelTotals, Recent, Spend, Tokens
from openai_usage.views.problems import Problem


@dataclass(frozen=True, slots=True)
class Details:
    """The selected period. `spend` is None when nothing of it is known, `tokens` likewise."""

    days: Days
    group_by: GroupBy
    """What the series of `spend` are."""
    spend: Spend | None
    tokens: Tokens | None
    models: list[ModelTotals]
    missing_costs: list[Days]
    missing_tokens: list[Days]
    """Days of the period that are not known, so that `spend` and `tokens` are short of them."""


@dataclass(frozen=True, slots=True)
class State:
    """`recent` and `details` are None until the first answer; `as_of` says how old they are."""

    now: datetime
    base_url: str
    sample: bool = False
    busy: bool = False
    period: Period = "30d"
    group_by: GroupBy = "line_item"
    as_of: datetime | None = None
    organization: str | None = None
    currency: str = "usd"
    left_out: frozenset[str] = frozenset()
    """Currencies whose amounts are not in the totals."""
    project_names: dict[str, str] = field(default_factory=dict)
    completions_as_of: datetime | None = None
    """The same for tokens and requests, where they are older."""
    recent: Recent | None = None
    """Around the day of `as_of`."""
    details: Details | None = None
    costs_problem: Problem | None = None
    completions_problem: Problem | None = None
    names_problem: Problem | None = None
    next_attempt: datetime | None = None
    """When the next fetch is due, if one is planned."""
