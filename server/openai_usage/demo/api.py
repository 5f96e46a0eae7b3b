"""The Admin API's answers about the made-up organisation: a request in, a response out, nothing kept between.

Shapes follow OpenAI's OpenAPI document (2026-08-21) and SDK 3.54.0; undocumented fields are those seen live.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, Literal, NamedTuple, TypeVar

from openai_usage.demo.catalogue import Metrics
from openai_usage.demo.organization import DAY, CostRow, Organization, Project, UsageRow, exact_sum
from openai_usage.demo.query import (
    COMPLETIONS,
    COSTS,
    SECONDS,
    Query,
    RequestError,
    cursor,
    pagination,
    parse,
    position,
)

Json = dict[str, Any]
Amounts = Literal["number", "string"]
_Row = TypeVar("_Row", CostRow, UsageRow)

_PREFIX: Final = "/v1/organization/"
_ADMIN: Final = "sk-admin-"
_REVOKED: Final = "-revoked"
_KEY_PAGE: Final = "https://platform.openai.com/account/api-keys"
_USAGE_SCOPE: Final = "api.usage.read"
_MANAGEMENT_SCOPE: Final = "api.management.read"


@dataclass(frozen=True, slots=True)
class Request:
    """What matters of an HTTP request. `path` is decoded, `query` is still percent-encoded."""

    method: str
    path: str
    query: str = ""
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; the body is JSON in UTF-8."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Span(NamedTuple):
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Api:
    """The Admin API of one organisation.

    `amounts="string"` writes `amount.value` as a JSON string, as OpenAI did until September 2026; the default
    is today's JSON number. Both carry every digit.
    """

    organization: Organization
    amounts: Amounts = "number"

    def answer(self, request: Request) -> Response:
        """The response to one request. Never raises: what is wrong with the request is in the response."""
        try:
            status, payload = HTTPStatus.OK, self._payload(request)
        except RequestError as error:
            status, payload = HTTPStatus(error.status), _envelope(error)
        digest = blake2b(repr((request.method, request.path, request.query)).encode(), digest_size=16)
        return Response(
            status=status,
            headers={"content-type": "application/json", "x-request-id": f"req_{digest.hexdigest()}"},
            body=encode(payload),
        )

    def _payload(self, request: Request) -> Json:
        endpoints: Mapping[str, tuple[str, Callable[[str], Json]]] = {
            "costs": (_USAGE_SCOPE, self._costs),
            "usage/completions": (_USAGE_SCOPE, self._completions),
            "projects": (_MANAGEMENT_SCOPE, self._projects),
        }
        endpoint = endpoints.get(request.path.removeprefix(_PREFIX)) if request.path.startswith(_PREFIX) else None
        if endpoint is None or request.method != "GET":
            raise RequestError(f"Invalid URL ({request.method} {request.path})", status=404, code=None)
        scope, answer = endpoint
        _authorize(request.authorization, scope)
        return answer(request.query)

    def _costs(self, query_string: str) -> Json:
        query = parse(COSTS, query_string)
        names = {project.id: project.name for project in self.organization.projects}

        def results(span: _Span) -> Iterator[Json]:
            for group in _groups(query, self.organization.costs(span.start // DAY)):
                yield self._cost_result(query, group, names)

        # A bill has no finer grain than the day: an unaligned start means its whole day. (Live: not known.)
        return self._page(query, position(query) // DAY * DAY, results, whole=True)

    def _completions(self, query_string: str) -> Json:
        query = parse(COMPLETIONS, query_string)

        def results(span: _Span) -> Iterator[Json]:
            for group in _groups(query, list(self.organization.usage(span.start, span.end))):
                yield _usage_result(query, group)

        # Not snapped at the left edge: the first bucket begins at start_time itself (live, January 2025).
        return self._page(query, position(query), results, whole=False)

    def _page(self, query: Query, start: int, results: Callable[[_Span], Iterator[Json]], *, whole: bool) -> Json:
        end = query.end_time
        if end is None:
            end = (self.organization.clock() // DAY + 1) * DAY
        spans = list(islice(_spans(start, end, SECONDS[query.bucket_width], whole=whole), query.given + 1))
        following = spans[query.given :]
        return {
            "object": "page",
            "data": [
                {
                    "object": "bucket",
                    "start_time": span.start,
                    "end_time": span.end,
                    "results": list(results(span)),
                }
                for span in spans[: query.given]
            ],
            "has_more": bool(following),
            "next_page": cursor(query, following[0].start) if following else None,
        }

    def _cost_result(self, query: Query, rows: Sequence[CostRow], names: Mapping[str, str]) -> Json:
        amount = exact_sum(row.amount for row in rows)
        by_line_item = "line_item" in query.group_by
        quantities = [row.quantity for row in rows if row.quantity is not None] if by_line_item else []
        return {
            "object": "organization.costs.result",
            "amount": {"value": amount if self.amounts == "number" else str(amount), "currency": "usd"},
            **_dimensions(query, COSTS.group_by, rows[0]),
            "quantity": sum(quantities) if quantities else None,
            "quantity_unit": rows[0].quantity_unit if by_line_item else None,
            "organization_id": self.organization.id,
            "organization_name": self.organization.name,
            "project_name": names[rows[0].project_id] if "project_id" in query.group_by else None,
        }

    def _projects(self, query_string: str) -> Json:
        limit, after, include_archived = pagination(query_string)
        projects = [
            project for project in self.organization.projects if include_archived or project.archived_at is None
        ]
        if after is not None:
            ids = [project.id for project in projects]
            if after not in ids:
                raise RequestError(f"No such project: '{after}'.", param="after")
            projects = projects[ids.index(after) + 1 :]
        page = projects[:limit]
        return {
            "object": "list",
            "data": [_project(project) for project in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(projects) > limit,
        }


def encode(payload: Json) -> bytes:
    """JSON in UTF-8 in which a Decimal is a number with all its digits.

    The json module cannot write one. So a Decimal goes in as a string that starts with NUL, which no other
    string here does, and loses its quotes afterwards. What str() makes of a finite Decimal is a JSON number,
    `0E-6176` too.
    """
    return re.sub(r'(?<!\\)"\\u0000([^"]*)"', r"\1", json.dumps(payload, default=_marked)).encode()


def _marked(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"\0{value}"
    raise TypeError(f"not JSON: {value!r}")


def _authorize(authorization: str | None, scope: str) -> None:
    scheme, _, key = (authorization or "").strip().partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise RequestError(
            "You didn't provide an API key. You need to provide your API key in an Authorization header "
            "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). "
            f"You can obtain an API key from {_KEY_PAGE}.",
            status=401,
            code=None,
        )
    if key.endswith(_REVOKED):
        masked = f"{key[:8]}{'*' * max(len(key) - 12, 1)}{key[-4:]}"
        raise RequestError(
            f"Incorrect API key provided: {masked}. You can find your API key at {_KEY_PAGE}.",
            status=401,
            code="invalid_api_key",
        )
    if not key.startswith(_ADMIN):
        raise RequestError(
            f"You have insufficient permissions for this operation. Missing scopes: {scope}.",
            status=403,
            code=None,
        )


def _envelope(error: RequestError) -> Json:
    return {
        "error": {
            "message": error.message,
            "type": "invalid_request_error",
            "param": error.param,
            "code": error.code,
        }
    }


def _spans(start: int, end: int, width: int, *, whole: bool) -> Iterator[_Span]:
    """Buckets from `start` to `end`, cut at multiples of `width`. `whole` ones are not cut short by `end`."""
    while start < end:
        edge = (start // width + 1) * width
        yield _Span(start, edge if whole else min(edge, end))
        start = edge


def _groups(query: Query, rows: Sequence[_Row]) -> list[list[_Row]]:
    """The rows that pass the filters, by the dimensions asked for. Two groups may look alike: see `shard`."""
    groups: dict[tuple[object, ...], list[_Row]] = {}
    for row in rows:
        if all(getattr(row, dimension) in allowed for dimension, allowed in query.filters):
            key = tuple(getattr(row, name) for name in (*query.group_by, "shard")) if query.group_by else ()
            groups.setdefault(key, []).append(row)
    return list(groups.values())


def _dimensions(query: Query, names: Sequence[str], row: CostRow | UsageRow) -> Json:
    return {name: getattr(row, name) if name in query.group_by else None for name in names}


def _usage_result(query: Query, rows: Sequence[UsageRow]) -> Json:
    total = Metrics()
    for row in rows:
        total = total.plus(row.metrics)
    uncached = total.text + total.image
    cached = total.cached_text + total.cached_image
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": uncached + cached + total.cache_write,
        "input_cached_tokens": cached,
        "input_cache_write_tokens": total.cache_write,
        "input_uncached_tokens": uncached,
        "output_tokens": total.output_text + total.output_image,
        "input_text_tokens": total.text,
        "output_text_tokens": total.output_text,
        "input_cached_text_tokens": total.cached_text,
        "input_audio_tokens": 0,
        "input_cached_audio_tokens": 0,
        "output_audio_tokens": 0,
        "input_image_tokens": total.image,
        "input_cached_image_tokens": total.cached_image,
        "output_image_tokens": total.output_image,
        "num_model_requests": total.requests,
        **_dimensions(query, COMPLETIONS.group_by, rows[0]),
    }


def _project(project: Project) -> Json:
    return {
        "id": project.id,
        "object": "organization.project",
        "name": project.name,
        "created_at": project.created_at,
        "archived_at": project.archived_at,
        "status": "active" if project.archived_at is None else "archived",
        "external_key_id": None,
        "residency": "GLOBAL",
    }
