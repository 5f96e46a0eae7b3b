"""OpenAI's undocumented endpoints of 2023, about the same organisation, and the relays that imitate some of them.

Here are routes, and what an ordinary key is told; `five_minutes` and `billing` know what is answered. What the door
of these endpoints is like is known from reports of 2023 to 2026.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final, Literal, NamedTuple, NoReturn
from urllib.parse import parse_qsl

from openai_usage.demo import billing
from openai_usage.demo.catalogue import FOUNDED
from openai_usage.demo.five_minutes import Era, FiveMinutes, empty_day
from openai_usage.demo.organization import Organization
from openai_usage.demo.query import RequestError
from openai_usage.demo.roster import DAY, day_number

Json = dict[str, Any]
_Answer = Callable[[str], Json]
"""From a query string to a payload. Raises RequestError."""

_LONGEST: Final = 100
"""Days of a bill. Nobody saw a refusal, but clients never asked for more."""
_NO_LIMIT: Final = 100_000_000
"""Dollars: how relays write that there is no limit."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """How the endpoints of 2023 behave.

    era                  whose rows `/v1/usage` gives
    is_filled_for_keys   whether `/v1/usage` tells ordinary keys anything, as it did until 2025
    kind                 "gateway" imitates one-api and new-api: of all endpoints there is usage and subscription of
                         the billing, for any key, with one sum of all days
    requests_per_minute  of one key to `/v1/usage`; counting them is `Pacing`'s
    is_unlimited         whether a gateway's key has no quota
    """

    era: Era = "late 2024"
    is_filled_for_keys: bool = False
    kind: Literal["openai", "gateway"] = "openai"
    requests_per_minute: int = 5
    is_unlimited: bool = False


class Route(NamedTuple):
    """One address: what it answers, and what it answers to a key that may not ask."""

    answer: _Answer
    to_ordinary_key: _Answer
    paced: bool = False


def route(organization: Organization, options: Legacy, path: str) -> Route | None:
    """What is at a path, None for nothing."""
    match path.split("/"):
        case ["", "dashboard", "billing", name] | ["", "v1", "dashboard", "billing", name]:
            return _billing_route(organization, options, path, name)
        case _ if options.kind == "gateway":
            return None
        case ["", "v1", "usage"]:
            return Route(
                partial(_usage, organization, options, True),
                partial(_usage, organization, options, options.is_filled_for_keys),
                paced=True,
            )
        case ["", "v1", "organizations", identifier]:
            return Route(partial(_profile, organization, identifier), _refuse_management)
        case ["", "v1", "organizations", identifier, "users"]:
            return Route(partial(_members, organization, identifier), _refuse_management)
    return None


def _billing_route(organization: Organization, options: Legacy, path: str, name: str) -> Route | None:
    answers: dict[str, _Answer]
    if options.kind == "gateway":
        answers = {
            "usage": partial(_gateway_usage, organization),
            "subscription": partial(_gateway_subscription, organization, options),
        }
        return Route(answers[name], answers[name]) if name in answers else None
    answers = {
        "usage": partial(_billed, organization),
        "subscription": partial(_without_parameters, partial(billing.subscription, organization)),
        "credit_grants": partial(_without_parameters, partial(billing.credit_grants, organization)),
    }
    return Route(answers[name], partial(_refuse_billing, path)) if name in answers else None


def _usage(organization: Organization, options: Legacy, is_filled: bool, query: str) -> Json:
    values = _values(query, "date", "user_public_id")
    day = _day(values, "date")
    if not is_filled:
        return empty_day(options.era)
    return FiveMinutes(organization, options.era, values.get("user_public_id")).day(day_number(day))


def _billed(organization: Organization, query: str) -> Json:
    values = _values(query, "start_date", "end_date")
    start, end = _day(values, "start_date"), _day(values, "end_date")
    if end <= start:
        raise RequestError("Invalid 'end_date': it must be after 'start_date'.", code=None)
    if (end - start).days > _LONGEST:
        raise RequestError(f"Invalid date range: at most {_LONGEST} days.", code=None)
    return billing.usage(organization, start, end)


def _without_parameters(answer: Callable[[], Json], query: str) -> Json:
    _values(query)
    return answer()


def _gateway_usage(organization: Organization, _: str) -> Json:
    """All that was ever used, whatever the dates."""
    return {"object": "list", "total_usage": billing.ever_billed(organization)}


def _gateway_subscription(organization: Organization, options: Legacy, _: str) -> Json:
    """The quota of the key, used or not, in dollars: the next whole thousand above what was used."""
    thousands = int(billing.ever_billed(organization)) // 100_000 + 1
    quota = _NO_LIMIT if options.is_unlimited else thousands * 1000
    return {
        "object": "billing_subscription",
        "has_payment_method": True,
        "soft_limit_usd": quota,
        "hard_limit_usd": quota,
        "system_hard_limit_usd": quota,
        "access_until": 0,
    }


def _profile(organization: Organization, identifier: str, query: str) -> Json:
    """Public clients read `id`, `title`, `personal`, `is_default` and `role`; more is not known of it."""
    _refuse_other(organization, identifier)
    _values(query)
    return {
        "object": "organization",
        "id": organization.id,
        "created": day_number(FOUNDED) * DAY,
        "title": organization.name,
        "name": organization.slug,
        "description": None,
        "personal": False,
        "is_default": True,
        "role": "owner",
    }


def _members(organization: Organization, identifier: str, query: str) -> Json:
    """People only: there were no service accounts yet."""
    _refuse_other(organization, identifier)
    _values(query)
    people = [each for each in organization.roster.members(organization.clock()) if not each.service_account]
    return {
        "members": {
            "object": "list",
            "data": [
                {
                    "object": "organization_user",
                    "role": "owner" if member.owner else "reader",
                    "created": member.joined_at,
                    "user": {"object": "user", "id": member.id, "name": member.name, "email": member.email},
                }
                for member in people
            ],
        }
    }


def _refuse_billing(path: str, _: str) -> NoReturn:
    """Word for word, since July 2023; still so in August 2026."""
    raise RequestError(
        f"Your request to GET {path} must be made with a session key (that is, it can only be made from the browser). "
        "You made it with the following key type: secret.",
        status=403,
        kind="server_error",
        code=None,
    )


def _refuse_management(_: str) -> NoReturn:
    """How OpenAI refuses it today is not known: as the organisation API does."""
    raise RequestError(
        "You have insufficient permissions for this operation. Missing scopes: api.management.read.",
        status=403,
        code=None,
    )


def _refuse_other(organization: Organization, identifier: str) -> None:
    if identifier != organization.id:
        raise RequestError(f"No such organization: {identifier}.", status=404, code="not_found")


def _values(query: str, *known: str) -> dict[str, str]:
    """The last value of each parameter. What is not known is refused, as in `query`: a slip in a name is seen.

    Only what is known may be missing, so a range of dates asked of `/v1/usage` is still told that `date` is missing.
    """
    values = dict(parse_qsl(query, keep_blank_values=True))
    unknown = [name for name in values if name not in known]
    if unknown and (not known or known[0] in values):
        raise RequestError(f"Unknown parameter: '{unknown[0]}'.", param=unknown[0], code="unknown_parameter")
    return values


def _day(values: dict[str, str], name: str) -> date:
    if name not in values:
        raise RequestError(f"Missing query parameter '{name}'", code=None)
    try:
        day = date.fromisoformat(values[name])
    except ValueError:
        day = None
    # Python also reads 20261120 and 2026-W47-5.
    if day is None or day.isoformat() != values[name]:
        raise RequestError(f"Invalid '{name}': expected YYYY-MM-DD.", param=name, code=None)
    return day
