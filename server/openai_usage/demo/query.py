"""How a question is read, and how a wrong one is refused.

Limits, lists of values and sentences are those of the real API, as far as they are known: OpenAI's OpenAPI
document (2026-08-21), its SDK 3.54.0, and reports of live answers where those are silent. Stricter in one
point: a parameter that nobody knows is refused, so that a slip in a name is seen.
"""

import base64
import binascii
import struct
from collections.abc import Mapping, Set
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from openai_usage.demo.endpoints import CHOICES, COSTS, Endpoint

DAY: Final = 86_400
SECONDS: Final[Mapping[str, int]] = {"1m": 60, "1h": 3600, "1d": DAY}

COST_BY_API_KEY_SINCE: Final = 1_764_979_200
"""2025-12-06T00:00:00Z: for earlier starts OpenAI gives no cost by API key (live, exact to the second)."""


class RequestError(Exception):
    """A refusal, in the terms of OpenAI's error envelope, where `kind` is `type`; `retry_after` is in seconds."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = "invalid_request_error",
        kind: str = "invalid_request_error",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code
        self.kind = kind
        self.retry_after = retry_after


class Query(NamedTuple):
    """A valid question. Times are Unix seconds; `filters` maps a dimension to the values it may have."""

    endpoint: Endpoint
    start_time: int
    end_time: int | None
    bucket_width: str
    limit: int
    given: int
    """Buckets on a page: `limit`, or fewer where the endpoint gives fewer."""
    group_by: tuple[str, ...]
    filters: tuple[tuple[str, tuple[str | bool, ...]], ...]
    page: str | None


def parse(endpoint: Endpoint, query_string: str) -> Query:
    """Reads a URL's query string (still percent-encoded). Raises RequestError as the real API refuses it."""
    values = _values(query_string)
    known = {"start_time", "end_time", "bucket_width", "limit", "page", "group_by", *endpoint.filters}
    _refuse_unknown(values, known)
    if "start_time" not in values:
        raise RequestError("Missing required parameter: 'start_time'.")
    start_time = _integer("start_time", values["start_time"])
    end_time = _integer("end_time", values["end_time"]) if "end_time" in values else None
    if end_time is not None and end_time <= start_time:
        raise RequestError("Invalid 'end_time': it must be after 'start_time'.", param="end_time")

    bucket_width = _one_of("bucket_width", values.get("bucket_width", ["1d"])[-1], tuple(endpoint.paging))
    paging = endpoint.paging[bucket_width]
    limit = _limit(values["limit"], paging.maximum) if "limit" in values else paging.default

    group_by = tuple(_one_of("group_by", value, endpoint.dimensions) for value in values.get("group_by", []))
    if endpoint is COSTS and "api_key_id" in group_by and start_time < COST_BY_API_KEY_SINCE:
        raise RequestError(
            "group_by=api_key_id is not available for this time range. "
            f"Try a start_time on or after {COST_BY_API_KEY_SINCE}.",
            param="start_time",
        )
    return Query(
        endpoint=endpoint,
        start_time=start_time,
        end_time=end_time,
        bucket_width=bucket_width,
        limit=limit,
        given=min(limit, paging.given),
        group_by=tuple(dict.fromkeys(group_by)),
        filters=tuple(
            (dimension, _allowed(parameter, values[parameter]))
            for parameter, dimension in endpoint.filters.items()
            if parameter in values
        ),
        page=values["page"][-1] if "page" in values else None,
    )


def cursor(query: Query, start: int) -> str:
    """The `next_page` for buckets from `start` on, good for this very query only."""
    return "page_" + base64.b64encode(struct.pack(">q", start) + _fingerprint(query)).decode()


def position(query: Query) -> int:
    """Where the asked page starts, Unix seconds. Raises RequestError for a cursor of another query."""
    if query.page is None:
        return query.start_time
    refusal = RequestError("Invalid 'page': this token does not belong to this query.", param="page")
    prefix, _, encoded = query.page.partition("_")
    try:
        token = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refusal from error
    if prefix != "page" or token[8:] != _fingerprint(query):
        raise refusal
    (start,) = struct.unpack(">q", token[:8])
    return int(start)


class Listing(NamedTuple):
    """Which part of a list is asked for. `choices` are the other parameters: their last value, or the default."""

    limit: int
    after: str | None
    before: str | None
    choices: Mapping[str, str | None]
    emails: tuple[str, ...]


def parse_list(
    query_string: str,
    *,
    default: int = 20,
    minimum: int = 1,
    more: tuple[str, ...] = (),
    choices: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Listing:
    """Reads the query string of a list. `more` of `before` and `emails` are known only where they are named.

    Raises RequestError.
    """
    values = _values(query_string)
    _refuse_unknown(values, {"limit", "after", *more, *choices})
    last = {name: each[-1] for name, each in values.items()}
    return Listing(
        limit=_limit(values["limit"], 100, minimum) if "limit" in values else default,
        after=last.get("after"),
        before=last.get("before"),
        choices={
            name: _one_of(name, last[name], allowed) if name in last else None for name, allowed in choices.items()
        },
        emails=tuple(values.get("emails", ())),
    )


def parse_nothing(query_string: str) -> None:
    """For what takes no parameters. Raises RequestError."""
    _refuse_unknown(_values(query_string), set())


def _refuse_unknown(values: Mapping[str, object], known: Set[str]) -> None:
    for name in values:
        if name not in known:
            raise RequestError(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def _values(query_string: str) -> dict[str, list[str]]:
    """Every value of every parameter. `group_by[]=a` and `group_by=a` are the same: both are in use."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        values.setdefault(name.removesuffix("[]"), []).append(value)
    return values


def _integer(name: str, values: list[str]) -> int:
    text = values[-1]
    # 12 digits reach the year 33658; more only serves to break arithmetic.
    if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004 - explained above
        raise RequestError(
            f"Invalid type for '{name}': expected an integer, but got '{text}' instead.",
            param=name,
            code="invalid_type",
        )
    return int(text)


def _limit(values: list[str], maximum: int, minimum: int = 1) -> int:
    limit = _integer("limit", values)
    if limit > maximum:
        raise RequestError(f"Invalid limit provided: {limit}. Limit must be less than or equal to {maximum}.")
    if limit < minimum:
        raise RequestError(f"Invalid limit provided: {limit}. Limit must be greater than or equal to {minimum}.")
    return limit


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        listed = [f"'{each}'" for each in allowed]
        choice = f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else listed[0]
        raise RequestError(
            f"Invalid value: '{value}'. Supported values are: {choice}.", param=name, code="invalid_value"
        )
    return value


def _allowed(parameter: str, values: list[str]) -> tuple[str | bool, ...]:
    if parameter in CHOICES:
        values = [_one_of(parameter, value, CHOICES[parameter]) for value in values]
    if parameter == "batch":
        return (values[-1] == "true",)
    return tuple(sorted(set(values)))


def _fingerprint(query: Query) -> bytes:
    told = (query.endpoint.path, query.start_time, query.end_time, query.bucket_width, query.limit)
    return blake2b(repr((*told, query.group_by, query.filters)).encode(), digest_size=8).digest()
