"""Which key to use, where it came from, and of which kind it is. It is a SecretStr from the first line on.

Usage and costs can only be read with an admin key; the prefix tells, so a wrong key is explained before any call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import SecretStr

ADMIN_VARIABLE: Final = "OPENAI_ADMIN_KEY"
_VARIABLES: Final = (ADMIN_VARIABLE, "OPENAI_API_KEY")


class KeyKind(StrEnum):
    """What a key's prefix says it is."""

    ADMIN = "admin key"
    PROJECT = "project key"
    SERVICE_ACCOUNT = "service account key"
    USER = "user key"
    SESSION = "session token"
    OTHER = "key"


class KeyFault(StrEnum):
    """Why there is no key to call with."""

    MISSING = "missing"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Credential:
    """A key that can be sent as it is."""

    secret: SecretStr
    kind: KeyKind
    variable: str
    """The environment variable it came from."""


@dataclass(frozen=True, slots=True)
class UnfitKey:
    """A key that could be sent but cannot read usage, because only admin keys can."""

    kind: KeyKind
    variable: str


_PREFIXES = (
    ("sk-admin-", KeyKind.ADMIN),
    ("sk-proj-", KeyKind.PROJECT),
    ("sk-svcacct-", KeyKind.SERVICE_ACCOUNT),
    ("sess-", KeyKind.SESSION),
    ("sk-", KeyKind.USER),
)


def find(environ: Mapping[str, str]) -> Credential | KeyFault:
    """The key to use: an admin key where one is set, else whatever the first variable holds."""
    found = [_credential(variable, value) for variable in _VARIABLES if (value := environ.get(variable, "").strip())]
    for candidate in found:
        if isinstance(candidate, Credential) and candidate.kind is KeyKind.ADMIN:
            return candidate
    return found[0] if found else KeyFault.MISSING


def kind_of(key: str) -> KeyKind:
    """What the prefix says."""
    return next((kind for prefix, kind in _PREFIXES if key.startswith(prefix)), KeyKind.OTHER)


def fit_for(credential: Credential, *, openai: bool) -> Credential | UnfitKey:
    """The key itself where it may read usage. A gateway makes keys of its own kinds, so there any key may.

    What is in OPENAI_API_KEY is there for other programs: unless it is an admin key, it is not sent to OpenAI.
    """
    is_ours = credential.variable == ADMIN_VARIABLE
    if openai and credential.kind is not KeyKind.ADMIN and not (is_ours and credential.kind is KeyKind.OTHER):
        return UnfitKey(credential.kind, credential.variable)
    return credential


def is_for_legacy(credential: Credential, *, openai: bool) -> bool:
    """Whether a key is tried on the endpoints of 2023, where nobody said which endpoints to use.

    An API key in OPENAI_API_KEY is there for other programs. At OpenAI it would tell nothing (answers seen from 2023 to
    2026), so it is not sent; a gateway is what such a key is for.
    """
    if credential.kind is KeyKind.ADMIN:
        return False
    is_ours = credential.variable == ADMIN_VARIABLE or credential.kind is KeyKind.SESSION
    return is_ours or not openai


def _credential(variable: str, value: str) -> Credential | KeyFault:
    # Anything but visible ASCII cannot stand in a header; httpx would quote the key in the exception it raises.
    if not all("!" <= character <= "~" for character in value):
        return KeyFault.MALFORMED
    return Credential(SecretStr(value), kind_of(value), variable)
