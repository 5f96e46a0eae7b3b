"""The endpoints of 2023, asked: OpenAI's own, as far as they still answer, and those of gateways that imitate them.

Sources: what third parties recorded; none of it was ever documented. `/usage` takes one UTC day at a time, and five
questions a minute, which is left to whoever asks. The billing endpoints take the session token of a browser at OpenAI.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from openai_usage.account import Credit, Organization, Subscription
from openai_usage.days import Days, day_of
from openai_usage.directory import User
from openai_usage.openai_api.errors import ApiError, Fault
from openai_usage.openai_api.legacy_shapes import (
    Bill,
    Use,
    bill_of,
    credit_of,
    members_of,
    organization_of,
    subscription_of,
    use_of,
)
from openai_usage.openai_api.shapes import JSON
from openai_usage.records import Record
from openai_usage.settings import Unit

if TYPE_CHECKING:
    # It brings httpx along; whoever only reads files does not need it.
    from openai_usage.openai_api.client import Client, Parameters

__all__ = [
    "JSON",
    "Bill",
    "Use",
    "bill",
    "bill_of",
    "credit",
    "credit_of",
    "members",
    "members_of",
    "organization",
    "organization_of",
    "subscription",
    "subscription_of",
    "use",
    "use_of",
]

Answer = TypeVar("Answer")

_ANOTHER_DAY: Final = "another day"
_VERSION: Final = "/v1"
_BILLING: Final = "/dashboard/billing"
_ELSEWHERE: Final = frozenset({Fault.NOT_FOUND, Fault.NOT_THE_API})


async def use(client: "Client", day: date, user_id: str | None = None) -> Use:
    """The use of one UTC day, of all users or of one. ApiError when there is no such answer.

    Rows of another day are not of the question: they are in no sum, and counted among the unread. The rows of one user
    do not always say whose they are, so it is added.
    """
    parameters = [("date", day.isoformat()), *([("user_public_id", user_id)] if user_id is not None else [])]
    found = await _ask(client, "/usage", parameters, use_of, is_paced=True)
    records = [record for record in found.records if day_of(record.start) == day]
    others = len(found.records) - len(records)
    unread = {**found.unread, **({_ANOTHER_DAY: others} if others else {})}
    if user_id is not None:
        records = [_of_user(record, user_id) for record in records]
    return replace(found, records=records, unread=unread)


def _of_user(record: Record, user_id: str) -> Record:
    fields = zip(record.endpoint.fields, record.key, strict=True)
    # Whatever the rows call the user, this is whose they were asked for as.
    return replace(record, key=tuple(user_id if name == "user_id" else told for name, told in fields))


async def bill(client: "Client", days: Days, unit: Unit = "cents") -> Bill:
    """The bill of `days`, by day where the server tells days. ApiError when there is no such answer.

    Days that were not asked for are left out, of the records and the days: a question for those is answered by them.
    """
    # The end is exclusive.
    after = days.last + timedelta(days=1)
    parameters = [("start_date", days.first.isoformat()), ("end_date", after.isoformat())]
    found = await _ask_billing(client, "/usage", parameters, lambda value: bill_of(value, unit))
    if all(day in days for day in found.days):
        return found
    records = [record for record in found.records if day_of(record.start) in days]
    return replace(found, records=records, days=frozenset(day for day in found.days if day in days))


async def subscription(client: "Client") -> Subscription:
    """What may be spent. ApiError when there is no such answer."""
    return await _ask_billing(client, "/subscription", [], subscription_of)


async def credit(client: "Client") -> Credit:
    """What is left of what was granted. ApiError when there is no such answer."""
    return await _ask_billing(client, "/credit_grants", [], credit_of)


async def organization(client: "Client", organization_id: str) -> Organization:
    """The organisation of that id. ApiError when there is no such answer."""
    return await _ask(client, _of(organization_id), [], organization_of)


async def members(client: "Client", organization_id: str) -> list[User]:
    """The members of an organisation; their ids are what `use` takes. ApiError when there is no such answer."""
    return await _ask(client, f"{_of(organization_id)}/users", [], members_of)


async def _ask_billing(
    client: "Client", name: str, parameters: "Parameters", read: Callable[[object], Answer]
) -> Answer:
    """Under the base URL, and where there is nothing of the kind, beside its `/v1`: servers have it here or there."""
    path = _BILLING + name
    try:
        return await _ask(client, path, parameters, read)
    except ApiError as error:
        if error.fault not in _ELSEWHERE or not client.base_url.endswith(_VERSION):
            raise
        try:
            return await _ask(client, path, parameters, read, at_root=True)
        except ApiError:
            raise error from None


async def _ask(
    client: "Client",
    path: str,
    parameters: "Parameters",
    read: Callable[[object], Answer],
    *,
    at_root: bool = False,
    is_paced: bool = False,
) -> Answer:
    async with client.answer(path, parameters, JSON, at_root=at_root, is_once=is_paced) as value:
        refusal = _refusal(value)
        if refusal is not None:
            raise client.error(Fault.BAD_REQUEST, refusal)
        with client.reading(path):
            return read(value)


def _refusal(value: object) -> str | None:
    """What is said in an `error`, which one-api sends with status 200."""
    error = value.get("error") if isinstance(value, dict) else None
    if not error:
        return None
    said = error.get("message") if isinstance(error, dict) else error
    return said if isinstance(said, str) else ""


def _of(organization_id: str) -> str:
    """The address of an organisation. The id came from the network, or from a setting."""
    if organization_id in {"", ".", ".."}:
        # No encoding helps: these would be an address of something else.
        raise ApiError(Fault.NOT_THE_API, "an organisation without an id")
    return f"/organizations/{quote(organization_id, safe='')}"
