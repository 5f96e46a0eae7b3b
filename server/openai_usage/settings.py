"""The user's settings, and how an editor's raw configuration becomes them. Reading never raises."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"

StatusScope = Literal["organization", "workspaceKey", "both"]
"""Whose spend the status bar shows."""
SourceChoice = Literal["auto", "organization", "legacy"]
"""Which endpoints are read: OpenAI's organisation API, or those of 2023; `auto`: as the key is."""
Unit = Literal["cents", "usd"]
"""In which the billing endpoint of 2023 counts."""


@dataclass(frozen=True, slots=True)
class KeyVariable:
    """The workspace's API key is in a file of it."""

    file: str
    """Relative to the workspace folder, or inside it."""
    variable: str


@dataclass(frozen=True, slots=True)
class KeyId:
    """The workspace's API key is the one that OpenAI knows by this id."""

    id: str


KeySource = Literal["auto", "off"] | KeyVariable | KeyId
"""Where the workspace's API key is found; `auto`: where programs look for it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose, or the defaults."""

    refresh_minutes: float = 5
    """Minutes between two fetches; 0: fetch on command only."""
    monthly_budget: Decimal | None = None
    """What the organisation plans to spend in a calendar month, in the currency of its bill; None: not set."""
    storage_megabytes: float = 200
    """How much of the disk an account's figures may take."""
    base_url: str | None = None
    """Where the API is, without a trailing slash; None: not set here."""
    source: SourceChoice = "auto"
    organization: str | None = None
    """Sent as `OpenAI-Organization`; None: not sent, and it is the key's default one."""
    legacy_unit: Unit = "cents"
    workspace_key: KeySource = "auto"
    status_scope: StatusScope = "both"
    """`both`: that of the workspace's key first, where one is known."""


def read(raw: object) -> tuple[Settings, list[str]]:
    """Settings from an editor's section, and one sentence for each value that could not be used.

    A bad value falls back to the default. Unknown names are left alone: the editor keeps its own in the same section.
    """
    problems: list[str] = []
    defaults = Settings()
    if raw is None:
        return defaults, problems
    if not isinstance(raw, dict):
        return defaults, ["The settings are not a set of names and values; the defaults are used."]
    refresh_minutes = raw.get("refreshMinutes")
    if refresh_minutes is None:
        refresh_minutes = defaults.refresh_minutes
    elif not _is_minutes(refresh_minutes):
        problems.append('"openaiUsage.refreshMinutes" has to be 0, or a number of minutes from 1 up; 5 is used.')
        refresh_minutes = defaults.refresh_minutes
    budget = raw.get("monthlyBudget") or None
    if budget is not None and not _is_amount(budget):
        problems.append('"openaiUsage.monthlyBudget" has to be an amount, or 0 for none; it is not used.')
        budget = None
    storage = raw.get("storageMegabytes")
    if storage is None:
        storage = defaults.storage_megabytes
    elif not _is_megabytes(storage):
        problems.append('"openaiUsage.storageMegabytes" has to be a number from 10 up; 200 is used.')
        storage = defaults.storage_megabytes
    base_url = raw.get("baseUrl") or None
    if base_url is not None and (fault := base_url_fault(base_url)):
        problems.append(f'"openaiUsage.baseUrl" {fault}; it is not used.')
        base_url = None
    workspace_key, status_scope = _of_workspace(raw, problems)
    source = _one_of(raw, "source", get_args(SourceChoice), problems)
    unit = _one_of(raw, "legacyUnit", get_args(Unit), problems)
    return Settings(
        refresh_minutes=float(refresh_minutes),
        # By way of its text: 99.99 is meant, and not the binary fraction next to it.
        monthly_budget=None if budget is None else Decimal(str(budget)),
        storage_megabytes=float(storage),
        base_url=_tidy(base_url),
        source=source,  # type: ignore[arg-type] # one of them
        organization=_organization(raw.get("organization"), problems),
        legacy_unit=unit,  # type: ignore[arg-type] # one of them
        workspace_key=workspace_key,
        status_scope=status_scope,
    ), problems


def read_base_url(value: str | None) -> tuple[str | None, list[str]]:
    """The address in the environment (OPENAI_BASE_URL), and a sentence when it cannot be used."""
    if not value or not value.strip():
        return None, []
    if fault := base_url_fault(value):
        return None, [f"OPENAI_BASE_URL {fault}; it is not used."]
    return _tidy(value), []


def base_url_fault(value: object) -> str | None:
    """What is wrong with an address, as the end of a sentence; None when nothing is."""
    if not isinstance(value, str):
        return "has to be a text"
    text = value.strip()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
        parts = None
    if not usable or parts is None or not text.isascii() or not text.isprintable() or " " in text:
        return "has to be an http or https address such as https://api.openai.com/v1"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    if parts.scheme == "http" and is_openai(text):
        return "has to begin with https:// for OpenAI, or the key could be read on its way"
    if "?" in text or "#" in text:
        return "must not hold a query or a fragment"
    return None


def is_openai(base_url: str) -> bool:
    """Whether an address is OpenAI's own, and not a gateway's."""
    host = urlsplit(base_url).hostname or ""
    return host == "openai.com" or host.endswith(".openai.com")


def _of_workspace(raw: Mapping[str, object], problems: list[str]) -> tuple[KeySource, StatusScope]:
    defaults = Settings()
    workspace_key = _key_source(raw.get("workspaceKey"))
    if workspace_key is None:
        problems.append(
            '"openaiUsage.workspaceKey" has to be auto, off, an API key id (key_…), or a file and a variable '
            "(.env:OPENAI_API_KEY); auto is used."
        )
    status_scope = _status_scope(raw.get("statusBar"))
    if status_scope is None:
        names = ", ".join(get_args(StatusScope))
        problems.append(f'"openaiUsage.statusBar.scope" has to be one of {names}; {defaults.status_scope} is used.')
    return workspace_key or defaults.workspace_key, status_scope or defaults.status_scope


def _one_of(raw: Mapping[str, object], name: str, choices: tuple[str, ...], problems: list[str]) -> str:
    """The first of the choices is the default."""
    value = raw.get(name)
    if value is None or value == "" or value in choices:
        return str(value or choices[0])
    problems.append(f'"openaiUsage.{name}" has to be one of {", ".join(choices)}; {choices[0]} is used.')
    return choices[0]


def _organization(value: object, problems: list[str]) -> str | None:
    """What can stand in a header and in an address."""
    if value is None or value == "":
        return None
    text = value.strip() if isinstance(value, str) else ""
    # A key that was put into the wrong field is not sent around.
    if _ORGANIZATION_ID.fullmatch(text) and not text.startswith(_KEYS):
        return text
    problems.append('"openaiUsage.organization" has to be an id such as org-…; it is not used.')
    return None


def _key_source(value: object) -> KeySource | None:
    """None: it is none."""
    if value is None or value == "":
        return "auto"
    if not isinstance(value, str) or not (text := value.strip()) or not text.isprintable():
        return None
    if text in {"auto", "off"}:
        return "auto" if text == "auto" else "off"
    if text.startswith(_KEY_ID) and text.removeprefix(_KEY_ID).replace("_", "").replace("-", "").isalnum():
        return KeyId(text)
    file, colon, variable = text.rpartition(":")
    if not colon or not file:
        return KeyVariable(text, _VARIABLE) if not colon and "." in text else None
    return KeyVariable(file, variable) if variable.isidentifier() else None


def _status_scope(value: object) -> StatusScope | None:
    """None: it is none."""
    if not isinstance(value, dict | None):
        return None
    scope = value.get("scope") if value else None
    return "both" if scope is None else next((one for one in get_args(StatusScope) if one == scope), None)


def _is_minutes(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value == 0 or 1 <= value <= _MOST_MINUTES


def _is_megabytes(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and _LEAST_MEGABYTES <= value <= _MOST_MEGABYTES
    )


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST_MONEY


def _tidy(url: str | None) -> str | None:
    return url.strip().rstrip("/") if url else None


_ORGANIZATION_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEYS: Final = ("sk-", "sess-")
_KEY_ID: Final = "key_"
_VARIABLE: Final = "OPENAI_API_KEY"
# A year: anything longer is a slip, and timers cannot take any number.
_MOST_MINUTES: Final = 525_600
_MOST_MONEY: Final = 10**12
_LEAST_MEGABYTES: Final = 10
_MOST_MEGABYTES: Final = 10**6
