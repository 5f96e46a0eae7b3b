"""What went wrong, in the user's words, and the next step with a button."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from openai_usage.credentials import ADMIN_VARIABLE, KeyFault, KeyKind, UnfitKey
from openai_usage.openai_api import ApiError, Fault
from openai_usage.protocol import (
    OPEN_KEYS_PAGE,
    OPEN_SETTINGS,
    READ_DAYS,
    REFRESH,
    SET_ADMIN_KEY,
    SETTINGS_SECTION,
    SHOW_LOG,
    Command,
)
from openai_usage.settings import DEFAULT_BASE_URL, is_openai
from openai_usage.views.numbers import time_text

CANCELLED: Final = "cancelled"
"""The user stopped the fetch."""
NOT_ASKED: Final = "not asked"
"""Fetching is on command only, and no command came yet."""

BUG: Final = "bug"
"""We failed."""


@dataclass(frozen=True, slots=True)
class Untold:
    """The endpoints of 2023 were tried with a key, and told nothing."""

    kind: KeyKind
    variable: str
    bill: ApiError | None
    """What kept the bill from being told."""
    use: ApiError | None
    """What kept the use from being told; None: it was answered, and there was nothing in it."""


Problem = ApiError | KeyFault | UnfitKey | Untold | Literal["cancelled", "not asked", "bug"]

WHERE_KEYS_ARE_MADE: Final = "platform.openai.com/settings/organization/admin-keys"

_SET_KEY: Final = Command(title="Set admin key", command=SET_ADMIN_KEY)
_KEYS_PAGE: Final = (Command(title="Open the page of admin keys", command=OPEN_KEYS_PAGE),)
_REFRESH: Final = Command(title="Refresh", command=REFRESH)
_SOURCE: Final = Command(title="Open settings", command=OPEN_SETTINGS, arguments=[f"{SETTINGS_SECTION}.source"])
_OLDER_DAYS: Final = Command(title="Read older days", command=READ_DAYS)
_TRY_AGAIN: Final = Command(title="Try again", command=REFRESH)
_SETTINGS: Final = Command(title="Open settings", command=OPEN_SETTINGS)
_LOG: Final = Command(title="Show log", command=SHOW_LOG)

_USAGE_SCOPE: Final = "api.usage.read"
_NEEDS_ADMIN_KEY: Final = (
    f"Usage and costs are read with an admin key of the organisation (sk-admin-…) with the permission {_USAGE_SCOPE}. "
    f"An owner can make one at {WHERE_KEYS_ARE_MADE}."
)
_SCOPES: Final = re.compile(r"missing scopes:\s*(\w+(?:(?:\.|\s*,\s*)\w+)*)", re.IGNORECASE)
_PREFIXES: Final = {
    KeyKind.PROJECT: "sk-proj-…",
    KeyKind.SERVICE_ACCOUNT: "sk-svcacct-…",
    KeyKind.USER: "sk-…",
    KeyKind.SESSION: "sess-…",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """`short` fits into the status bar; `text` says what happened and what to do; `command` does it."""

    short: str
    text: str
    command: Command
    icon: str = "error"
    is_failure: bool = True
    """False: nothing failed, the user just has not begun."""
    more: tuple[Command, ...] = ()
    """Further steps."""


def explain(  # noqa: PLR0911 - a table
    problem: Problem, base_url: str, now: datetime, next_attempt: datetime | None, organization: str | None = None
) -> Explanation:
    """Words for a problem with the API at `base_url`; `organization` is whose key it is, where that was told."""
    of = f" of the organisation {organization}" if organization else ""
    match problem:
        case KeyFault.MISSING:
            return Explanation(
                "Set OpenAI admin key",
                "No admin key is set. OpenAI shows usage and costs only to an admin key of the organisation, with the "
                f"permission {_USAGE_SCOPE}. An owner can make one at {WHERE_KEYS_ARE_MADE}.",
                _SET_KEY,
                icon="key",
                is_failure=False,
                more=_KEYS_PAGE,
            )
        case KeyFault.MALFORMED:
            return Explanation(
                "OpenAI key is damaged",
                "The key holds a character that no key has, such as a space or a line break. Copy it again.",
                _SET_KEY,
            )
        case UnfitKey(kind, variable) if variable != ADMIN_VARIABLE:
            # It is there for other programs; nobody meant it for us.
            return Explanation(
                "Set OpenAI admin key",
                f"{variable} holds a {kind}, which cannot read usage and costs: that takes an admin key of the "
                f"organisation (sk-admin-…) with the permission {_USAGE_SCOPE}. An owner can make one at "
                f"{WHERE_KEYS_ARE_MADE}.",
                _SET_KEY,
                icon="key",
                is_failure=False,
                more=_KEYS_PAGE,
            )
        case UnfitKey(kind):
            return Explanation(
                "OpenAI admin key needed",
                f"This is a {kind}{of} ({_PREFIXES.get(kind, 'sk-…')}). It cannot read usage and costs: that takes an "
                f"admin key (sk-admin-…) with the permission {_USAGE_SCOPE}. An owner of the organisation can make one "
                f"at {WHERE_KEYS_ARE_MADE}.",
                _SET_KEY,
                more=_KEYS_PAGE,
            )
        case Untold():
            return _explain_untold(problem, base_url, now, next_attempt)
        case "cancelled":
            return Explanation("OpenAI usage: cancelled", "The fetch was cancelled.", _REFRESH, icon="circle-slash")
        case "not asked":
            return Explanation(
                "Show OpenAI usage",
                "Nothing was fetched yet: automatic refresh is off (openaiUsage.refreshMinutes is 0).",
                _REFRESH,
                icon="graph",
                is_failure=False,
            )
        case "bug":
            text = "OpenAI Usage failed in a way nobody thought of. The log says more; please report it."
            return Explanation("OpenAI usage failed", text, _LOG)
        case ApiError():
            return _explain_api(problem, base_url, _when(now, next_attempt), of)


def _came(error: ApiError, base_url: str, now: datetime, next_attempt: datetime | None) -> str:
    """What came of asking one of several endpoints, as a sentence with a full stop."""
    if error.fault in {Fault.NOT_FOUND, Fault.NOT_THE_API}:
        status = f" ({error.status})" if error.status else ""
        return f"There is no such endpoint{status}."
    text = explain(error, base_url, now, next_attempt).text
    return text if text.endswith(".") else f"{text}."


def not_filled(base_url: str) -> str:
    """Of an endpoint that answers, with nothing in it."""
    who = "OpenAI no longer fills this endpoint" if is_openai(base_url) else "The answers are empty"
    return f"{who}: an empty answer does not mean that nothing was used."


def _explain_untold(problem: Untold, base_url: str, now: datetime, next_attempt: datetime | None) -> Explanation:
    """What came of trying the endpoints of 2023, and what would tell more."""
    is_at_openai = is_openai(base_url)
    # It is there for other programs; nobody meant it for us.
    is_meant = problem.variable == ADMIN_VARIABLE
    use = not_filled(base_url) if problem.use is None else _came(problem.use, base_url, now, next_attempt)
    bill = _came(problem.bill, base_url, now, next_attempt) if problem.bill else ""
    # All of them tend to fail alike.
    what_came = use if bill in {"", use} else f"The bill: {bill} The use: {use}"
    if is_at_openai:
        holds = "This" if is_meant else problem.variable
        is_a = "is" if is_meant else "holds"
        text = (
            f"{holds} {is_a} a {problem.kind}, so OpenAI's endpoints of 2023 were tried, and they tell nothing. "
            f"{what_came} {_NEEDS_ADMIN_KEY}"
        )
        short = "OpenAI admin key needed" if is_meant else "Set OpenAI admin key"
        more = (*_KEYS_PAGE, *([_OLDER_DAYS] if problem.use is None else []))
        return Explanation(short, text, _SET_KEY, "error" if is_meant else "key", is_failure=is_meant, more=more)
    host = urlsplit(base_url).hostname or base_url
    text = (
        f"The endpoints of 2023 at {host} tell nothing with this {problem.kind}. {what_came} Where it passes "
        "on OpenAI's organisation API, set openaiUsage.source to organization."
    )
    more = (_SET_KEY, _TRY_AGAIN, *([_OLDER_DAYS] if problem.use is None else []))
    return Explanation("No usage told", text, _SOURCE, more=more)


def _explain_api(error: ApiError, base_url: str, when: str, of: str) -> Explanation:  # noqa: C901, PLR0911, PLR0912 - a table
    host = urlsplit(base_url).hostname or base_url
    where = "OpenAI" if base_url == DEFAULT_BASE_URL else f"the API at {host}"
    start = where[0].upper() + where[1:]
    said = f' It says: "{error.detail}"' if error.detail else ""
    status = f" ({error.status})" if error.status else ""
    match error.fault:
        case Fault.KEY_REFUSED:
            text = f"{start} does not accept this key{status}. It may be mistyped, revoked or expired."
            return Explanation("OpenAI key refused", text, _SET_KEY, more=_KEYS_PAGE)
        case Fault.SCOPE_MISSING:
            found = _SCOPES.search(error.detail)
            scope = found[1] if found else _USAGE_SCOPE
            text = (
                f"This key{of} lacks the permission {scope}{status}. An owner of the organisation can make a key that "
                f"has it at {WHERE_KEYS_ARE_MADE}."
            )
            return Explanation("OpenAI key lacks permission", text, _SET_KEY, more=_KEYS_PAGE)
        case Fault.SESSION_ONLY:
            text = (
                f"{start} gives this only to its own website: it asks for the session token of a browser (sess-…), not "
                f"for an API key{status}."
            )
            return Explanation("OpenAI wants a session token", text, _SET_KEY)
        case Fault.FORBIDDEN:
            return Explanation("OpenAI access denied", f"{start} denied access{status}.{said}", _SET_KEY)
        case Fault.NOT_FOUND:
            text = f"There is no usage API at {base_url}{status}. Check openaiUsage.baseUrl or OPENAI_BASE_URL."
            return Explanation("OpenAI API not found", text, _SETTINGS)
        case Fault.BAD_REQUEST:
            return Explanation("OpenAI refused the request", f"{start} refused the request{status}.{said}", _LOG)
        case Fault.RATE_LIMITED:
            return Explanation("OpenAI asks to wait", f"{start} asks to slow down{status}.{when}", _TRY_AGAIN)
        case Fault.SERVER_ERROR:
            return Explanation("OpenAI has a problem", f"{start} has a problem of its own{status}.{when}", _TRY_AGAIN)
        case Fault.UNREACHABLE:
            text = f"{start} cannot be reached. Check the network connection, or a proxy.{when}"
            return Explanation("OpenAI not reachable", text, _TRY_AGAIN)
        case Fault.HOST_UNKNOWN:
            text = f"The address of {where} cannot be looked up. Is this computer online?{when}"
            return Explanation("OpenAI not reachable", text, _TRY_AGAIN)
        case Fault.PROXY:
            text = (
                f"The proxy cannot be used, or did not let the request through. Check HTTPS_PROXY and NO_PROXY.{said}"
            )
            return Explanation("OpenAI: proxy failed", text, _TRY_AGAIN)
        case Fault.TLS:
            text = (
                f"The connection to {where} is not safe, so nothing was sent: {error.detail}. If your company inspects "
                "traffic, add its certificate to the operating system."
            )
            return Explanation("OpenAI: certificate not trusted", text, _TRY_AGAIN)
        case Fault.TIMEOUT:
            return Explanation("OpenAI does not answer", f"{start} did not answer in time.{when}", _TRY_AGAIN)
        case Fault.NOT_THE_API:
            text = (
                f"What answered at {base_url} is not OpenAI's API ({error.detail}). A sign-in page of the network may "
                "be in the way, or the address (openaiUsage.baseUrl, OPENAI_BASE_URL) is wrong."
            )
            return Explanation("OpenAI: unexpected answer", text, _SETTINGS)
        case Fault.BROKEN_PAGES:
            text = f"{start} sent pages that do not fit together, so no total was made of them ({error.detail})."
            return Explanation("OpenAI: incomplete answer", text, _TRY_AGAIN)


def _when(now: datetime, next_attempt: datetime | None) -> str:
    return f" The next try is at {time_text(next_attempt, now)}." if next_attempt else ""
