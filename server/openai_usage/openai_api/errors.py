"""What can go wrong between us and OpenAI: one exception, and one name for each case that has its own next step."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from pydantic import SecretStr

_LONGEST_DETAIL: Final = 300
_ANY_KEY: Final = re.compile(r"\b(?:sk|sess)-[\w*.-]+")
_LONGEST_HEEDED: Final = 24 * 3600.0
_NOT_PRINTABLE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

_HTTP_UNAUTHORIZED: Final = 401
_HTTP_FORBIDDEN: Final = 403
_HTTP_NOT_FOUND: Final = 404
_HTTP_TOO_MANY_REQUESTS: Final = 429
_HTTP_SERVER_ERROR: Final = 500
_HTTP_BAD_REQUEST: Final = 400


class Fault(StrEnum):
    """Each of these has words of its own in the views."""

    KEY_REFUSED = "key refused"
    SCOPE_MISSING = "scope missing"
    SESSION_ONLY = "session only"
    """The billing endpoints of 2023 take the token of a browser's session, and no API key."""
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    BAD_REQUEST = "bad request"
    RATE_LIMITED = "rate limited"
    SERVER_ERROR = "server error"
    UNREACHABLE = "unreachable"
    HOST_UNKNOWN = "host unknown"
    PROXY = "proxy"
    TLS = "tls"
    TIMEOUT = "timeout"
    NOT_THE_API = "not the api"
    """Something answered, but not in OpenAI's words: HTML, broken JSON, a redirect."""
    BROKEN_PAGES = "broken pages"
    """Pages that repeat, overlap or end in nothing: adding them up would give a wrong total."""


REFUSALS: Final = frozenset(
    {Fault.BAD_REQUEST, Fault.FORBIDDEN, Fault.SCOPE_MISSING, Fault.SESSION_ONLY, Fault.NOT_FOUND}
)
"""Asked again only when the user says so: the answer would be the same."""


class ApiError(Exception):
    """A question to OpenAI that got no usable answer. It holds nothing secret, so it may be shown and logged.

    `detail` is one line in the words of whoever refused; `retry_after` is in seconds, where the answer named it.
    """

    def __init__(
        self, fault: Fault, detail: str = "", *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(fault, detail, status)
        self.fault = fault
        self.detail = detail
        self.status = status
        self.retry_after = retry_after

    def __str__(self) -> str:
        parts = [str(self.fault), f"HTTP {self.status}" if self.status else "", self.detail]
        return ": ".join(part for part in parts if part)


def presentable(text: str, secret: SecretStr) -> str:
    """One short line of foreign text, with the key in use and anything that looks like a key taken out."""
    key = secret.get_secret_value()
    if key:
        text = text.replace(key, "[key]")
    text = _ANY_KEY.sub("[key]", _NOT_PRINTABLE.sub(" ", text)).strip()
    return text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"


def fault_of(status: int, said: str) -> Fault:
    """What an answer with a status other than 200 means, given what it says."""
    if status in {_HTTP_UNAUTHORIZED, _HTTP_FORBIDDEN} and "missing scopes" in said.lower():
        # OpenAI sends this as 403, and to some as 401 (reports of September 2026).
        return Fault.SCOPE_MISSING
    if status in {_HTTP_UNAUTHORIZED, _HTTP_FORBIDDEN} and "must be made with a session key" in said.lower():
        return Fault.SESSION_ONLY
    if status >= _HTTP_SERVER_ERROR:
        return Fault.SERVER_ERROR
    return {
        _HTTP_BAD_REQUEST: Fault.BAD_REQUEST,
        _HTTP_UNAUTHORIZED: Fault.KEY_REFUSED,
        _HTTP_FORBIDDEN: Fault.FORBIDDEN,
        _HTTP_NOT_FOUND: Fault.NOT_FOUND,
        _HTTP_TOO_MANY_REQUESTS: Fault.RATE_LIMITED,
    }.get(status, Fault.NOT_THE_API)


def retry_after_of(header: str) -> float | None:
    """Seconds from now; the header holds seconds or an HTTP date. What cannot be read counts as absent."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_HEEDED)
    # Imported here: it takes a while, and hardly ever comes to this.
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), _LONGEST_HEEDED)
