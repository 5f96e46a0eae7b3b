"""Lists: who is who, and what may be spent and asked for.

Sources: OpenAI's OpenAPI document of 2026-08-21 and its SDK 3.54.0. What cannot be read of a name is left out; an
amount or a list that cannot be read is an ApiError.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from msgspec.json import Decoder

from openai_usage import money
from openai_usage.directory import ApiKey, Project, User
from openai_usage.limits import RateLimit, SpendAlert, SpendLimit
from openai_usage.openai_api import pages
from openai_usage.openai_api.client import Client
from openai_usage.openai_api.errors import ApiError, Fault
from openai_usage.openai_api.shapes import (
    Limit,
    ListedAlert,
    ListedKey,
    ListedProject,
    ListedRateLimit,
    ListedUser,
    Listing,
    member,
    text,
)

_MOST: Final = ("limit", "100")
_ORGANIZATION: Final = "/organization"

_PROJECTS: Final = Decoder(Listing[ListedProject])
_USERS: Final = Decoder(Listing[ListedUser])
_KEYS: Final = Decoder(Listing[ListedKey])
_ALERTS: Final = Decoder(Listing[ListedAlert])
_RATE_LIMITS: Final = Decoder(Listing[ListedRateLimit])
_LIMIT: Final = Decoder(Limit | None)


async def projects(client: Client) -> list[Project]:
    """All projects, archived ones too. ApiError when the list cannot be read to its end."""
    found = await pages.items(client, f"{_ORGANIZATION}/projects", [_MOST, ("include_archived", "true")], _PROJECTS)
    return [
        Project(one.id, text(one.name), is_archived=one.archived_at is not None or one.status == "archived")
        for one in found
    ]


async def users(client: Client) -> list[User]:
    """All members of the organisation. ApiError as above."""
    found = await pages.items(client, f"{_ORGANIZATION}/users", [_MOST], _USERS)
    return [
        User(
            one.id,
            text(one.name) or text(member(one.user, "name")),
            text(one.email) or text(member(one.user, "email")),
            is_service_account=one.is_service_account is True,
        )
        for one in found
    ]


async def api_keys(client: Client, project_id: str) -> list[ApiKey]:
    """All API keys of a project. ApiError as above."""
    # Left to itself, OpenAI hides keys that are enabled but whose owner left the project.
    parameters = [_MOST, ("owner_project_access", "any")]
    found = await pages.items(client, f"{_of(project_id)}/api_keys", parameters, _KEYS)
    return [_api_key(one, project_id) for one in found]


async def service_accounts(client: Client, project_id: str) -> list[User]:
    """All service accounts of a project. ApiError as above; OpenAI refuses the question for an archived project."""
    found = await pages.items(client, f"{_of(project_id)}/service_accounts", [_MOST], _USERS)
    return [User(one.id, text(one.name), None, is_service_account=True) for one in found]


async def spend_limit(client: Client, project_id: str | None) -> SpendLimit | None:
    """The monthly limit of a project, or of the organisation (None); None when there is none.

    How "none is set" is answered is not documented, and older accounts do not have the address at all. ApiError when it
    is not known whether there is one, as when the key may not read it.
    """
    path = f"{_of(project_id)}/spend_limit"
    try:
        found = await client.get(path, [], _LIMIT)
    except ApiError as error:
        if error.fault is Fault.NOT_FOUND:
            return None
        raise
    if found is None or found.threshold_amount is None:
        return None
    return SpendLimit(
        _units(found.threshold_amount),
        (found.currency or "usd").lower(),
        is_enforced=member(found.enforcement, "status") == "enforcing",
    )


async def spend_alerts(client: Client, project_id: str | None) -> list[SpendAlert]:
    """The alerts of a project, or of the organisation (None); empty when there are none. ApiError as above."""
    try:
        found = await pages.items(client, f"{_of(project_id)}/spend_alerts", [_MOST], _ALERTS)
    except ApiError as error:
        if error.fault is Fault.NOT_FOUND:
            return []
        raise
    return [
        SpendAlert(
            one.id, _units(one.threshold_amount), (one.currency or "usd").lower(), _recipients(one.notification_channel)
        )
        for one in found
        if one.threshold_amount is not None
    ]


async def rate_limits(client: Client, project_id: str) -> list[RateLimit]:
    """What a project may ask of each model. ApiError when the list cannot be read to its end."""
    found = await pages.items(client, f"{_of(project_id)}/rate_limits", [_MOST], _RATE_LIMITS)
    return [
        RateLimit(
            model=text(one.model) or one.id,
            requests_per_minute=_whole(one.max_requests_per_1_minute),
            tokens_per_minute=_whole(one.max_tokens_per_1_minute),
            images_per_minute=_whole(one.max_images_per_1_minute),
            audio_megabytes_per_minute=_whole(one.max_audio_megabytes_per_1_minute),
            requests_per_day=_whole(one.max_requests_per_1_day),
            batch_input_tokens_per_day=_whole(one.batch_1_day_max_input_tokens),
        )
        for one in found
    ]


def _of(project_id: str | None) -> str:
    """The address of a project, or of the organisation (None). The id came from the network."""
    if project_id is None:
        return _ORGANIZATION
    if project_id in {"", ".", ".."}:
        # No encoding helps: these would be an address of something else.
        raise ApiError(Fault.NOT_THE_API, "a project without an id")
    return f"{_ORGANIZATION}/projects/{quote(project_id, safe='')}"


def _api_key(one: ListedKey, project_id: str) -> ApiKey:
    owner = member(one.owner, "user") or member(one.owner, "service_account")
    return ApiKey(
        id=one.id,
        name=text(one.name),
        redacted_value=text(one.redacted_value) or "",
        project_id=project_id,
        owner_id=text(member(owner, "id")),
        owner_name=text(member(owner, "name")) or text(member(owner, "email")),
        last_used_at=_moment(one.last_used_at),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: object) -> datetime | None:
    """Of Unix seconds."""
    seconds = _whole(value)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None  # outside the calendar


def _units(cents: int) -> Decimal:
    return money.accept(Decimal(cents) / 100)


def _recipients(channel: object) -> tuple[str, ...]:
    recipients = member(channel, "recipients")
    return tuple(one for one in recipients if isinstance(one, str)) if isinstance(recipients, list) else ()
