"""Which of an organisation's API keys a key is. OpenAI tells no key's id, only a redacted form of each.

Two forms are known: "sk-abc...def", and the first 8 characters, an asterisk for each hidden one, and the last 4, as
long as the key itself (OpenAI's OpenAPI document of 2026-08-21; seen live in June 2025).
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from openai_usage.directory import ApiKey, Directory
from openai_usage.settings import KeyId
from openai_usage.workspace import FoundKey

_HIDDEN: Final = re.compile(r"(?P<each>\*+)|\.{3,}|…")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Match:
    """What a key of a workspace turned out to be."""

    key_id: str | None
    """None: it is not known which one it is."""
    candidates: tuple[ApiKey, ...] = ()
    """All that it could be by their redacted forms, the one used last first."""


def match(key: FoundKey | KeyId, directory: Directory | None, remembered: str | None) -> Match | None:
    """What the names of an organisation say about a key; None: they are not known yet.

    `remembered` is what it was matched to before, or what the user chose: that also tells of a key that is deleted.
    """
    if isinstance(key, KeyId):
        return Match(key.id)
    if directory is None:
        return Match(remembered) if remembered else None
    secret = key.secret.get_secret_value()
    found = [one for one in directory.api_keys.values() if fits(secret, one.redacted_value)]
    found.sort(key=lambda one: (one.last_used_at or _LONG_AGO, one.id), reverse=True)
    only = found[0].id if len(found) == 1 else None
    return Match(remembered or only, tuple(found))


def fits(secret: str, redacted: str) -> bool:
    """Whether a key can be the one of that redacted form."""
    hidden = _HIDDEN.search(redacted)
    if hidden is None:
        return False
    start, end = redacted[: hidden.start()], redacted[hidden.end() :]
    # A form that shows nothing tells nothing; and what is shown of a key at both ends is not the same part of it.
    if not start or not end or len(secret) <= len(start) + len(end):
        return False
    is_as_long = hidden["each"] is None or len(redacted) == len(secret)
    return is_as_long and secret.startswith(start) and secret.endswith(end)


def digest(salt: str, key: FoundKey) -> str:
    """Under which a match is remembered: it cannot be turned back into the key."""
    return hmac.new(salt.encode(), key.secret.get_secret_value().encode(), hashlib.sha256).hexdigest()
