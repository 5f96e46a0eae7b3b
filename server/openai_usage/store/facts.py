"""What is known of an account beside its figures, and how it is written down: in parts, each of which changes whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from openai_usage.account import Account
from openai_usage.directory import Directory
from openai_usage.endpoints import COSTS, USAGE, Endpoint, Query
from openai_usage.limits import LimitsOf, RateLimit, SpendAlert, SpendLimit
from openai_usage.openai_api import ApiError, Fault
from openai_usage.store.packing import query_of, query_text

LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)

Topic = Query | LimitsOf | str
"""What a question is about; a failure is remembered under it."""

_ENDPOINTS: Final = {endpoint.name: endpoint for endpoint in (COSTS, *USAGE)}


@dataclass
class Facts:
    """All that servers on one folder have to know of each other, too."""

    asked: datetime = LONG_AGO
    """When it was last looked whether there is anything new."""
    since: datetime = LONG_AGO
    """When the last refresh began. What is older than that and may have moved does not go together with the rest."""
    bill_since: datetime = LONG_AGO
    """When the bill was last seen to have moved, which a new split of it may show without any refresh."""
    quiet: int = 0
    """How many looks in a row found nothing new."""
    offline: int = 0
    """How many looks in a row found no network."""
    not_before: datetime | None = None
    """Until then OpenAI does not want to be asked."""
    first_day: date | None = None
    """The organisation's first day, once all is known back to it."""
    absent: set[Endpoint] = field(default_factory=set)
    """Endpoints that this account does not have."""
    failures: dict[Topic, ApiError] = field(default_factory=dict)
    """What the last try of a question came to, where it was not answered."""
    refused: dict[str, tuple[Topic, ApiError]] = field(default_factory=dict)
    """By its text, a question that would be refused again."""
    directory: Directory | None = None
    """None: not read yet."""
    names_read: datetime | None = None
    """When all of the directory was last asked for."""
    spend_limits: dict[str | None, SpendLimit | None] = field(default_factory=dict)
    """By project id, None for the organisation's own; a value of None: asked for, and there is none."""
    spend_alerts: dict[str | None, list[SpendAlert]] = field(default_factory=dict)
    """By project id, None for the organisation's own."""
    rate_limits: dict[str, list[RateLimit]] = field(default_factory=dict)
    """By project id."""
    account: Account = field(default_factory=Account)
    """What the endpoints of 2023 tell beside days."""
    account_read: datetime | None = None
    """When that was last asked for."""
    unread: dict[date, dict[str, int]] = field(default_factory=dict)
    """By day and by list of the answer, rows of use that could not be understood and are in no sum."""
    use_asked: list[datetime] = field(default_factory=list)
    """When use was asked for, of which only so much is given in a minute; the last few times."""
    salt: str = ""
    """Of the digests below; made when the first one is."""
    key_ids: dict[str, str] = field(default_factory=dict)
    """By a digest of an API key, the id it was found to have (see `matching.digest`)."""


class _State(msgspec.Struct):
    asked: datetime
    since: datetime
    bill_since: datetime
    quiet: int
    offline: int
    not_before: datetime | None
    first_day: date | None
    absent: list[str]


class _Failure(msgspec.Struct):
    kind: str
    topic: list[str | None]
    fault: Fault
    detail: str
    status: int | None
    retry_after: float | None


class _Failures(msgspec.Struct):
    failures: list[_Failure]
    refused: dict[str, _Failure]


class _Names(msgspec.Struct):
    directory: Directory | None
    read: datetime | None


class _Limits(msgspec.Struct):
    """JSON has no key that is null: the organisation's own is under an empty text, which no project has as its id."""

    spend: dict[str, SpendLimit | None]
    alerts: dict[str, list[SpendAlert]]
    rates: dict[str, list[RateLimit]]


class _Account(msgspec.Struct):
    account: Account
    read: datetime | None
    unread: dict[date, dict[str, int]]
    use_asked: list[datetime]


class _KeyIds(msgspec.Struct):
    salt: str
    ids: dict[str, str]


PARTS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "state": _State, "failures": _Failures, "names": _Names, "limits": _Limits, "account": _Account, "keys": _KeyIds
}  # fmt: skip


def written(facts: Facts) -> dict[str, bytes]:
    """All parts as JSON; the same for the same facts."""
    failures = [_failure(topic, error) for topic, error in facts.failures.items()]
    refused = {text: _failure(topic, error) for text, (topic, error) in facts.refused.items()}
    parts = {
        "state": _State(
            facts.asked,
            facts.since,
            facts.bill_since,
            facts.quiet,
            facts.offline,
            facts.not_before,
            facts.first_day,
            sorted(endpoint.name for endpoint in facts.absent),
        ),
        "failures": _Failures(failures, refused),
        "names": _Names(facts.directory, facts.names_read),
        "limits": _Limits(_named(facts.spend_limits), _named(facts.spend_alerts), facts.rate_limits),
        "account": _Account(facts.account, facts.account_read, facts.unread, facts.use_asked),
        "keys": _KeyIds(facts.salt, facts.key_ids),
    }
    return {name: msgspec.json.encode(part) for name, part in parts.items()}


def take_over(facts: Facts, name: str, value: bytes) -> None:
    """Put a part in the place of what is known; one of packing.UNREADABLE when it is none."""
    match msgspec.json.decode(value, type=PARTS[name]):
        case _State() as state:
            facts.asked, facts.since, facts.bill_since = state.asked, state.since, state.bill_since
            facts.quiet, facts.offline, facts.not_before = state.quiet, state.offline, state.not_before
            facts.first_day = state.first_day
            facts.absent = {_ENDPOINTS[one] for one in state.absent}
        case _Failures() as failures:
            facts.failures = dict(map(_topic_and_error, failures.failures))
            facts.refused = {text: _topic_and_error(one) for text, one in failures.refused.items()}
        case _Names() as names:
            facts.directory, facts.names_read = names.directory, names.read
        case _Limits() as limits:
            facts.spend_limits, facts.spend_alerts = _unnamed(limits.spend), _unnamed(limits.alerts)
            facts.rate_limits = limits.rates
        case _Account() as account:
            facts.account, facts.account_read, facts.unread = account.account, account.read, account.unread
            facts.use_asked = account.use_asked
        case _KeyIds() as keys:
            facts.salt, facts.key_ids = keys.salt, keys.ids


def _failure(topic: Topic, error: ApiError) -> _Failure:
    kind: str
    parts: list[str | None]
    match topic:
        case Query():
            kind, parts = "query", [query_text(topic)]
        case LimitsOf():
            kind, parts = "limits", [topic.kind, topic.project_id]
        case _:
            kind, parts = "other", [topic]
    return _Failure(kind, parts, error.fault, error.detail, error.status, error.retry_after)


def _topic_and_error(failure: _Failure) -> tuple[Topic, ApiError]:
    error = ApiError(failure.fault, failure.detail, status=failure.status, retry_after=failure.retry_after)
    first, *rest = failure.topic
    text = first or ""
    match failure.kind:
        case "query":
            return query_of(text), error
        case "limits":
            return LimitsOf("rate" if text == "rate" else "spend", rest[0] if rest else None), error
        case _:
            return text, error


def _named(by_project: Mapping[str | None, Any]) -> dict[str, Any]:
    return {project or "": value for project, value in by_project.items()}


def _unnamed(by_name: Mapping[str, Any]) -> dict[str | None, Any]:
    return {name or None: value for name, value in by_name.items()}
