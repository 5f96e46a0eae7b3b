"""What the views are drawn from: everything known at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from openai_usage.account import Account
from openai_usage.days import Days
from openai_usage.directory import Directory
from openai_usage.endpoints import Query
from openai_usage.limits import LimitsOf, RateLimit, SpendAlert, SpendLimit
from openai_usage.matching import Match
from openai_usage.openai_api import ApiError
from openai_usage.protocol import Selection
from openai_usage.report import Estimate, Recent, Report
from openai_usage.scope import FIRST_SELECTION
from openai_usage.settings import StatusScope
from openai_usage.source import ORGANIZATION, Told
from openai_usage.views.numbers import Numbers
from openai_usage.views.problems import Problem
from openai_usage.workspace import WorkspaceKey


@dataclass(frozen=True, slots=True)
class KeyState:
    """The API key of the workspace, and what is known of its spend. What is None is not known."""

    key: WorkspaceKey
    match: Match | None = None
    """None: the names are not there yet, or there is no key."""
    recent: Recent | None = None
    """What was billed for it."""
    today: Estimate | None = None
    """Of today's use, billed or not."""
    month: Estimate | None = None
    """Of the month, where OpenAI refuses its bill."""

    @property
    def id(self) -> str | None:
        """Under which OpenAI knows it."""
        return self.match.key_id if self.match else None


@dataclass(frozen=True, slots=True)
class Files:
    """Saved usage that is shown."""

    read: Sequence[str]
    """Names of files."""
    problems: str | None
    """What of it could not be read, in words."""
    days: Days | None = None
    """From the first to the last that they tell of."""


@dataclass(frozen=True, slots=True)
class State:
    """`recent` and `report` are None until the first answer; `as_of` says how old they are."""

    now: datetime
    base_url: str
    locale: str = "en"
    sample: bool = False
    busy: bool = False
    selection: Selection = FIRST_SELECTION
    """What is wanted; `report` may still be of what was wanted before."""
    back: Selection | None = None
    as_of: datetime | None = None
    organization: str | None = None
    key_organization: str | None = None
    """What OpenAI calls the organisation whose key it answered, where it said so."""
    currency: str = "usd"
    left_out: frozenset[str] = frozenset()
    """Currencies whose amounts are not in the totals."""
    first_day: date | None = None
    """The first of which anything is known; None: no such day is known yet."""
    history_complete: bool = False
    """What is known reaches back to the organisation's first day."""
    history: Literal["reading", "full"] | ApiError | None = None
    """All older usage is being read, or what kept it from being read; None: nobody asked for it."""
    directory: Directory | None = None
    recent: Recent | None = None
    """Around the day of `as_of`."""
    report: Report | None = None
    spend_limits: Mapping[str | None, SpendLimit | None] = field(default_factory=dict)
    spend_alerts: Mapping[str | None, Sequence[SpendAlert]] = field(default_factory=dict)
    rate_limits: Mapping[str, Sequence[RateLimit]] = field(default_factory=dict)
    monthly_budget: Decimal | None = None
    today: Estimate | None = None
    """Of today's use, billed or not; None: not known."""
    month: Estimate | None = None
    """Of this month's, where no bill by day is told."""
    told: Told = ORGANIZATION
    """What the source of the figures tells at all."""
    account: Account = field(default_factory=Account)
    """What the endpoints of 2023 tell beside days."""
    unread: Mapping[date, Mapping[str, int]] = field(default_factory=dict)
    """By day and list of the answer, rows of use that could not be understood."""
    is_unfilled: bool = False
    """Use was asked for, and there is none in the newest days: which may mean that it is not told any more."""
    is_reading_days: bool = False
    """Use is being read, a day at a time."""
    files: Files | None = None
    """From which the figures were read, where they are not the account's."""
    workspace: KeyState | None = None
    """None: nobody looks for a key."""
    status_scope: StatusScope = "both"
    problem: Problem | None = None
    """Why the newest spend is not there."""
    failures: Mapping[Query | LimitsOf | str, ApiError] = field(default_factory=dict)
    """Why other things are not there."""
    next_attempt: datetime | None = None
    """When the next fetch is due, if one is planned."""

    @property
    def numbers(self) -> Numbers:
        """How to write numbers."""
        return Numbers.of(self.locale)

    def money(self, amount: Decimal) -> str:
        """An amount in the bill's currency."""
        return self.numbers.money(amount, self.currency)
