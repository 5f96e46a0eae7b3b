"""The JSON of OpenAI's endpoints of 2023, read: answers from the network and files that people saved alike.

Shapes: answers of 2023 to late 2024 as third parties recorded them; none was ever documented. Gateways of the one-api
kind send a part of them. Each reader takes what `shapes.JSON` makes of the text and raises a ValueError of one short
sentence, with nothing foreign in it, when that is something else.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from openai_usage import money
from openai_usage.account import NO_LIMIT, Credit, Organization, Subscription
from openai_usage.days import day_of
from openai_usage.directory import ApiKey, Directory, Project, User
from openai_usage.endpoints import COSTS, USAGE, Endpoint
from openai_usage.openai_api.shapes import LARGEST_COUNT, member, text
from openai_usage.records import Record
from openai_usage.settings import Unit

Row = Mapping[str, object]

_ENDPOINTS: Final = {endpoint.name: endpoint for endpoint in USAGE}
_LONGEST_NAME: Final = 60
_SECONDS_OF_A_DAY: Final = 86_400
_MOST_DIGITS: Final = 18
_LONGEST_AMOUNT: Final = 200
_AMOUNT: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

_EMBEDDING: Final = re.compile(
    r"embedding|^text-(?:search|similarity)-|^code-search-|^(?:ada|babbage|curie|davinci)-(?:code-search|search|similarity)"
)
"""Those of 2021 and 2022 do not have it in their names. `gpt-4o-search-preview` is none."""
_IMAGE_SOURCES: Final = {
    "generations": "image.generation",
    "edits": "image.edit",
    "variations": "image.variation",
}
"""How `/organization/usage/images` calls them now."""


@dataclass(frozen=True, slots=True)
class Use:
    """What an answer of `GET /usage` tells of one UTC day."""

    records: Sequence[Record]
    directory: Directory
    """The names that rows tell beside the ids. An e-mail address is the id where rows tell nothing else of a user."""
    organization: Organization | None
    unread: Mapping[str, int]
    """By list, rows that could not be understood: they are in no sum."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What an answer of `GET /dashboard/billing/usage` tells, in dollars."""

    records: Sequence[Record]
    """By day and line item; those of zero are left out."""
    days: frozenset[date]
    """The UTC days that are listed, also those on which nothing was billed."""
    total: Decimal | None
    """What the answer itself says it comes to."""
    by_day: Decimal = Decimal(0)
    """What all its days come to, also those that are left out of the records later."""
    tells_days: bool = True
    """False: it is one sum, and no days belong to it."""
    at_midnight: bool = True
    """False: its days do not begin at midnight UTC, so that some amounts may stand under the day beside theirs."""


def use_of(value: object) -> Use:
    """Reads an answer of `GET /usage`. ValueError when it has none of the lists of one."""
    answer = _object(value, "/usage")
    if not _LISTS.keys() & answer.keys():
        raise ValueError("not an answer of /usage: it has none of its lists")
    if answer.get("object") not in (None, "list"):
        raise ValueError("not an answer of /usage: it is another kind of object")
    records: list[Record] = []
    unread: Counter[str] = Counter()
    names = _Names()
    # `current_usage_usd` is left alone: it was always 0.
    for name, listed in answer.items():
        if name == _RATES or not (name in _LISTS or name.endswith("_data")):
            continue
        short = name[:_LONGEST_NAME]
        rows, read = _rows(listed, short), _LISTS.get(name)
        if read is None:
            unread[short] += len(rows)
            continue
        for one in rows:
            try:
                row = _object(one, "/usage")
                records.append(read(row))
                names.add(row)
            except ValueError:
                unread[short] += 1
    return Use(records, names.directory, names.organization, {name: count for name, count in unread.items() if count})


def _tokens(row: Row) -> Record:
    # In 2023 there were `n_context` and `n_generated` too: those count texts, and not tokens.
    context, generated = _count(row, "n_context_tokens_total"), row.get("n_generated_tokens_total")
    counts = {"input_tokens": context, "num_model_requests": _count(row, "n_requests")}
    model = text(row.get("snapshot_id")) or text(row.get("model_id"))
    name = _capability((text(row.get("operation")) or "").lower(), (model or "").lower())
    # Whatever its name says: what generates tokens is a completion, and nowhere else they could be counted.
    if name == "completions" or generated:
        name = "completions"
        counts["output_tokens"] = _count(row, "n_generated_tokens_total")
        if row.get("n_cached_context_tokens_total") is not None:
            cached = _count(row, "n_cached_context_tokens_total")
            if cached > context:
                raise ValueError("more cached than there is")
            counts |= {"input_cached_tokens": cached, "input_uncached_tokens": context - cached}
    return _record(_ENDPOINTS[name], row, {"model": model}, counts)


def _capability(operation: str, model: str) -> str:
    """The endpoint where a row of tokens is counted today."""
    # "ft:gpt-4o:organisation:name:id" and "ada:ft-organisation-2023-01-01": only the base is OpenAI's word.
    base = model.removeprefix("ft:").split(":")[0]
    if "moderation" in operation or "moderation" in base:
        return "moderations"
    if "embedding" in operation or _EMBEDDING.search(base):
        return "embeddings"
    return "completions"


def _images(row: Row) -> Record:
    operation = text(row.get("operation"))
    told = {
        "model": text(row.get("model_id")),
        "size": text(row.get("image_size")),
        "source": _IMAGE_SOURCES.get(operation, operation) if operation else None,
    }
    counts = {"images": _count(row, "num_images"), "num_model_requests": _count(row, "num_requests")}
    return _record(_ENDPOINTS["images"], row, told, counts)


def _seconds(row: Row) -> Record:
    counts = {"seconds": _count(row, "num_seconds"), "num_model_requests": _count(row, "num_requests")}
    return _record(_ENDPOINTS["audio_transcriptions"], row, {"model": text(row.get("model_id"))}, counts)


def _characters(row: Row) -> Record:
    counts = {"characters": _count(row, "num_characters"), "num_model_requests": _count(row, "num_requests")}
    return _record(_ENDPOINTS["audio_speeches"], row, {"model": text(row.get("model_id"))}, counts)


_RATES: Final = "tpm_data"
"""Tokens per minute, which are rates and no use."""
_LISTS: Final[Mapping[str, Callable[[Row], Record] | None]] = {
    "data": _tokens,
    "dalle_api_data": _images,
    "whisper_api_data": _seconds,
    "tts_api_data": _characters,
    # These were empty whenever someone looked: what their rows have in them is not known.
    "ft_data": None,
    "assistant_code_interpreter_data": None,
    "retrieval_storage_data": None,
}


def _record(endpoint: Endpoint, row: Row, told: Mapping[str, str | None], counts: Mapping[str, int]) -> Record:
    start = row.get("aggregation_timestamp")
    told = {
        "project_id": text(row.get("project_id")),
        "user_id": _user_id(row),
        "api_key_id": text(row.get("api_key_id")),
        **told,
    }
    return Record(
        endpoint,
        _time(row.get("timestamp") if start is None else start),
        tuple(told.get(name) for name in endpoint.fields),
        tuple(counts.get(metric.name, 0) for metric in endpoint.metrics),
    )


def _user_id(row: Row) -> str | None:
    return text(row.get("user_id")) or text(row.get("email"))


class _Names:
    """What rows say beside their numbers; the first name told is kept."""

    def __init__(self) -> None:
        self.organization: Organization | None = None
        self._projects: dict[str, Project] = {}
        self._api_keys: dict[str, ApiKey] = {}
        self._users: dict[str, User] = {}

    @property
    def directory(self) -> Directory:
        return Directory(self._projects, self._api_keys, self._users)

    def add(self, row: Row) -> None:
        organization_id = text(row.get("organization_id"))
        if organization_id and (self.organization is None or self.organization.title is None):
            self.organization = Organization(organization_id, text(row.get("organization_name")))
        project_id, name = text(row.get("project_id")), text(row.get("project_name"))
        if project_id and (project_id not in self._projects or (name and self._projects[project_id].name is None)):
            self._projects[project_id] = Project(project_id, name, is_archived=False)
        self._add_key(row, project_id)
        user_id, email = _user_id(row), text(row.get("email"))
        if user_id and (user_id not in self._users or (email and self._users[user_id].email is None)):
            self._users[user_id] = User(user_id, None, email or (user_id if "@" in user_id else None))

    def _add_key(self, row: Row, project_id: str | None) -> None:
        key_id, name = text(row.get("api_key_id")), text(row.get("api_key_name"))
        redacted = text(row.get("api_key_redacted")) or ""
        if key_id is None:
            return
        known = self._api_keys.get(key_id)
        self._api_keys[key_id] = ApiKey(
            id=key_id,
            name=(known.name if known else None) or name,
            redacted_value=(known.redacted_value if known else "") or redacted,
            project_id=(known.project_id if known else "") or project_id or "",
            owner_id=None,
            owner_name=None,
            last_used_at=None,
        )


def bill_of(value: object, unit: Unit = "cents") -> Bill:
    """Reads an answer of `GET /dashboard/billing/usage`. ValueError when any amount of it cannot be read."""
    answer = _object(value, "/dashboard/billing/usage")
    listed, told = answer.get("daily_costs"), answer.get("total_usage")
    if listed is None and told is None:
        raise ValueError("not an answer of /dashboard/billing/usage: it has neither days nor a sum")
    total = None if told is None else _dollars(told, unit)
    if listed is None:
        return Bill((), frozenset(), total, tells_days=False)
    at_midnight = True
    records: list[Record] = []
    days: set[date] = set()
    for one in _rows(listed, "daily_costs"):
        cost = _object(one, "/dashboard/billing/usage")
        start = _time(cost.get("timestamp"), may_be_within_a_second=True)
        days.add(day_of(start))
        at_midnight &= start % _SECONDS_OF_A_DAY == 0
        if "line_items" not in cost:
            # They may be elsewhere, under a name that nobody knows yet.
            raise ValueError("daily_costs: a day without line items")
        for item in _rows(cost["line_items"], "line_items"):
            line = _object(item, "/dashboard/billing/usage")
            amount = _dollars(line.get("cost"), unit)
            if amount:
                fields: dict[str, str | None] = {"line_item": text(line.get("name")), "currency": "usd"}
                records.append(Record(COSTS, start, tuple(map(fields.get, COSTS.fields)), (amount, Decimal(0))))
    by_day = money.total(Decimal(one.numbers[0]) for one in records)
    return Bill(records, frozenset(days), total, by_day, tells_days=bool(days) or not total, at_midnight=at_midnight)


def subscription_of(value: object) -> Subscription:
    """Reads an answer of `GET /dashboard/billing/subscription`. ValueError when a limit of it cannot be read."""
    answer = _object(value, "/dashboard/billing/subscription")
    # `hard_limit` and its like are in another unit: only those with `_usd` are dollars.
    names = ("hard_limit_usd", "system_hard_limit_usd", "soft_limit_usd")
    if answer.get("object") != "billing_subscription" and not any(name in answer for name in names):
        raise ValueError("not an answer of /dashboard/billing/subscription")
    hard, system, _ = (answer.get(name) for name in names)
    limit = _limit(system if hard is None else hard)
    return Subscription(hard_limit=limit, access_until=_moment(answer.get("access_until")))


def credit_of(value: object, now: datetime | None = None) -> Credit:
    """Reads an answer of `GET /dashboard/billing/credit_grants`. ValueError when one of its totals cannot be read.

    `now` tells which grants have expired; by default it is the present.
    """
    answer = _object(value, "/dashboard/billing/credit_grants")
    names = ("total_granted", "total_used", "total_available")
    if any(answer.get(name) is None for name in names):
        raise ValueError("not an answer of /dashboard/billing/credit_grants: a total is missing")
    granted, used, available = (_amount(answer.get(name)) for name in names)
    expiry = _next_expiry(member(answer.get("grants"), "data"), now or datetime.now(UTC))
    return Credit(granted, used, available, expiry)


def _next_expiry(grants: object, now: datetime) -> datetime | None:
    """Of several the first; not known when a grant cannot be read, since it may be that one's."""
    expiries = []
    for grant in grants if isinstance(grants, list) else ():
        try:
            left = _amount(member(grant, "grant_amount")) > _amount(member(grant, "used_amount"))
        except ValueError:
            return None
        expiry = _moment(member(grant, "expires_at"))
        if left and expiry is not None and expiry > now:
            expiries.append(expiry)
    return min(expiries, default=None)


def organization_of(value: object) -> Organization:
    """Reads an answer of `GET /organizations/{id}`. ValueError when it has no id."""
    answer = _object(value, "/organizations")
    organization_id = text(answer.get("id"))
    if organization_id is None:
        raise ValueError("not an answer of /organizations: it has no id")
    return Organization(
        organization_id,
        text(answer.get("title")) or text(answer.get("name")),
        is_personal=answer.get("personal") is True,
        is_default=answer.get("is_default") is True or answer.get("default") is True,
        role=text(answer.get("role")),
    )


def members_of(value: object) -> list[User]:
    """Reads an answer of `GET /organizations/{id}/users`. ValueError when there is no list of users in it.

    Whoever has no id is left out, since nothing can be asked for by them.
    """
    answer = _object(value, "/organizations/…/users")
    members = answer.get("members", answer)
    listed = member(members, "data") if isinstance(members, dict) else members
    if listed is None:
        raise ValueError("not an answer of /organizations/…/users: it has no list")
    found = []
    for one in _rows(listed, "members"):
        inner = member(one, "user")
        user = inner if isinstance(inner, dict) else one
        user_id = text(member(user, "id"))
        if user_id is not None:
            is_service_account = member(user, "is_service_account") is True
            found.append(User(user_id, text(member(user, "name")), text(member(user, "email")), is_service_account))
    if listed and not found:
        raise ValueError("not an answer of /organizations/…/users: nobody in it has an id")
    return found


def _object(value: object, where: str) -> Row:
    if not isinstance(value, dict):
        raise ValueError(f"not an answer of {where}: something in it is no JSON object")  # noqa: TRY004 - foreign data
    return value


def _rows(value: object, name: str) -> Sequence[object]:
    # A server written in Go sends null for a list that is empty.
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError(f"{name}: not a list")  # noqa: TRY004 - foreign data
    return value


def _count(row: Row, name: str) -> int:
    whole = _whole(row.get(name))
    if whole is None or not 0 <= whole <= LARGEST_COUNT:
        raise ValueError("not a count")
    return whole


def _whole(value: object) -> int | None:
    """Of 12 and of 12.0; None: it is no whole number."""
    if isinstance(value, Decimal):
        if not value.is_finite() or (value and value.adjusted() > _MOST_DIGITS):
            return None
        whole = int(value)
        return whole if whole == value else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: object, *, may_be_within_a_second: bool = False) -> int:
    """Unix seconds of a moment that could be."""
    if may_be_within_a_second and isinstance(value, Decimal) and value.is_finite() and value.adjusted() < _MOST_DIGITS:
        value = int(value)
    seconds = _whole(value)
    if seconds is None or seconds <= 0:
        raise ValueError("not a time")
    day_of(seconds)
    return seconds


def _moment(value: object) -> datetime | None:
    """None where gateways write 0 or -1 for no end, and for what is outside the calendar."""
    try:
        return datetime.fromtimestamp(_time(value, may_be_within_a_second=True), UTC)
    except ValueError:
        return None


def _amount(value: object) -> Decimal:
    if isinstance(value, str) and len(value) <= _LONGEST_AMOUNT and _AMOUNT.fullmatch(value):
        try:
            value = Decimal(value)
        except InvalidOperation:
            raise ValueError("a number out of all proportion") from None
    if isinstance(value, Decimal):
        return money.accept(value)
    whole = _whole(value)
    if whole is None:
        raise ValueError("not an amount")
    if abs(whole) > LARGEST_COUNT:
        raise ValueError("a number out of all proportion")
    return money.accept(Decimal(whole))


def _dollars(value: object, unit: Unit) -> Decimal:
    amount = _amount(value)
    if unit == "usd":
        return amount
    with money.exact():
        return money.accept(amount.scaleb(-2))


def _limit(value: object) -> Decimal | None:
    if value is None:
        return None
    limit = _amount(value)
    if limit < 0:
        raise ValueError("a limit below zero")
    return limit if limit != NO_LIMIT else None
