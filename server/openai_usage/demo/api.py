"""OpenAI's answers about the made-up organisation: a request in, a response out, nothing kept between.

Here are the routes of the Admin API, authorisation and errors; `buckets` and `lists` know what is answered. The
endpoints of 2023 are behind the same door: see `legacy`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final

from openai_usage.demo.buckets import Amounts, Buckets
from openai_usage.demo.endpoints import USAGE
from openai_usage.demo.legacy import Legacy, route
from openai_usage.demo.lists import Lists
from openai_usage.demo.organization import Organization
from openai_usage.demo.pacing import Pacing
from openai_usage.demo.query import RequestError

__all__ = ["Amounts", "Api", "Request", "Response", "encode"]

Json = dict[str, Any]
_Answer = Callable[[str], Json]
"""From a query string to a payload. Raises RequestError."""

_PREFIX: Final = "/v1/organization/"
_ADMIN: Final = "sk-admin-"
_SESSION: Final = "sess-"
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
    organization: str | None = None
    """The header `OpenAI-Organization`."""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; the body is JSON in UTF-8."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Api:
    """The Admin API of one organisation, and its endpoints of 2023 as `legacy` has them.

    `amounts="string"` writes `amount.value` as a JSON string, as OpenAI did until September 2026; the default
    is today's JSON number. Both carry every digit. What is kept between requests is in `pacing`: without it
    nobody asks too fast.
    """

    organization: Organization
    amounts: Amounts = "number"
    legacy: Legacy = field(default_factory=Legacy)
    pacing: Pacing | None = None

    def answer(self, request: Request) -> Response:
        """The response to one request. Never raises: what is wrong with the request is in the response."""
        digest = blake2b(repr((request.method, request.path, request.query)).encode(), digest_size=16)
        headers = {"content-type": "application/json", "x-request-id": f"req_{digest.hexdigest()}"}
        key = _key_of(request.authorization)
        if key and not key.endswith(_REVOKED) and not self._is_gateway:
            # Whose key it is, OpenAI says whatever the key may do (seen live by third parties).
            headers["openai-organization"] = self.organization.slug
        try:
            status, payload = HTTPStatus.OK, self._payload(request, key)
        except RequestError as error:
            status, payload = HTTPStatus(error.status), _envelope(error)
            if error.retry_after is not None:
                headers["retry-after"] = str(error.retry_after)
        return Response(status, headers, encode(payload))

    @property
    def _is_gateway(self) -> bool:
        return self.legacy.kind == "gateway"

    def _payload(self, request: Request, key: str) -> Json:
        if request.method == "GET":
            old = route(self.organization, self.legacy, request.path)
            if old is not None:
                self._identify(key, request.organization)
                if old.paced and self.pacing is not None:
                    self.pacing.admit(key)
                # What OpenAI answers to an admin key is not known. Here it opens these too, so that `--demo`, which
                # has no other key, can show what they give.
                opens = key.startswith((_SESSION, _ADMIN))
                return (old.answer if opens else old.to_ordinary_key)(request.query)
            endpoint = None if self._is_gateway else self._endpoint(request.path)
            if endpoint is not None:
                scope, answer = endpoint
                self._identify(key, request.organization)
                _authorize(key, scope)
                return answer(request.query)
        blank = "" if self._is_gateway else None
        message = f"Invalid URL ({request.method} {request.path})"
        raise RequestError(message, status=404, param=blank, code=blank)

    def _identify(self, key: str, organization: str | None) -> None:
        """Raises RequestError (401) without a key, for one that is revoked, and for another organisation's header."""
        _refuse_unknown(key)
        if not (self._is_gateway or organization in (None, self.organization.id, self.organization.slug)):
            raise RequestError(f"No such organization: {organization}.", status=401, code="invalid_organization")

    def _endpoint(self, path: str) -> tuple[str, _Answer] | None:
        """The scope that a key needs for it, and what answers."""
        if not path.startswith(_PREFIX):
            return None
        match path.removeprefix(_PREFIX).split("/"):
            case ["costs"]:
                return _USAGE_SCOPE, Buckets(self.organization, self.amounts).costs
            case ["usage", "decisions"] if not self.organization.decisions:
                return None
            case ["usage", name] if name in USAGE:
                return _USAGE_SCOPE, partial(Buckets(self.organization).usage, name)
        answer = self._list(path.removeprefix(_PREFIX).split("/"))
        return None if answer is None else (_MANAGEMENT_SCOPE, answer)

    def _list(self, parts: list[str]) -> _Answer | None:
        lists = Lists(self.organization)
        match parts:
            case [name]:
                return {
                    "projects": lists.projects,
                    "users": lists.users,
                    "spend_limit": lists.spend_limit,
                    "spend_alerts": lists.spend_alerts,
                }.get(name)
            case ["projects", project_id]:
                return partial(lists.project, project_id)
            case ["projects", project_id, name]:
                answers: Mapping[str, Callable[[str, str], Json]] = {
                    "api_keys": lists.api_keys,
                    "service_accounts": lists.service_accounts,
                    "users": lists.project_users,
                    "rate_limits": lists.rate_limits,
                    "spend_limit": lists.project_spend_limit,
                    "spend_alerts": lists.project_spend_alerts,
                }
                return partial(answers[name], project_id) if name in answers else None
        return None


def encode(payload: Json) -> bytes:
    """JSON in UTF-8 in which a Decimal is a number with all its digits.

    The json module cannot write one. So a Decimal goes in as a string that starts with NUL, which no other
    string here does, and loses its quotes afterwards. What str() makes of a finite Decimal is a JSON number,
    `0E-6176` too.
    """
    text, *rest = json.dumps(payload, default=_marked).split('"\\u0000')
    pieces = [text]
    for piece in rest:
        if pieces[-1].endswith("\\"):  # the quote was not the beginning of a string, but inside one
            pieces += ['"\\u0000', piece]
        else:
            pieces += piece.split('"', 1)
    return "".join(pieces).encode()


def _marked(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"\0{value}"
    raise TypeError(f"not JSON: {value!r}")


def _key_of(authorization: str | None) -> str:
    """Empty where there is none."""
    scheme, _, key = (authorization or "").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _refuse_unknown(key: str) -> None:
    if not key:
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


def _authorize(key: str, scope: str) -> None:
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
            "type": error.kind,
            "param": error.param,
            "code": error.code,
        }
    }
