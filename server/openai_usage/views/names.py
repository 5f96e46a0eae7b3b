"""Ids as people know them."""

from dataclasses import dataclass
from typing import Final

from openai_usage.directory import ApiKey, Directory
from openai_usage.protocol import GroupBy
from openai_usage.report import OTHER, REMAINDER
from openai_usage.views.words import DIMENSIONS, VALUES, capability


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called. An id without a name shows as the id."""

    text: str
    detail: str | None = None
    """What tells it from others of that name."""
    title: str | None = None
    """More of it, on hover."""


_NOBODY: Final = Directory()
_STAND_INS: Final = {
    OTHER: Name("Other"),
    REMAINDER: Name("Not attributed", title="Billed, but OpenAI does not say for what of this kind"),
}


def name_of(dimension: GroupBy, value: object, directory: Directory | None) -> Name:
    """The name of a dimension's value, or of what stands in for values."""
    if not isinstance(value, str) or not value:
        return _STAND_INS.get(value, Name(DIMENSIONS[dimension].none))
    found = directory or _NOBODY
    namers = {"project_id": _project_name, "api_key_id": _key_name, "user_id": _user_name}
    if dimension in namers:
        return namers[dimension](value, found)
    if dimension == "capability":
        return Name(capability(value))
    return Name(VALUES.get(dimension, {}).get(value, value))


def told_apart(dimension: GroupBy, value: object, directory: Directory | None) -> str:
    """The name where it stands alone: with what tells it from others of that name, where there are any."""
    name, found = name_of(dimension, value, directory), directory or _NOBODY
    names = {
        "project_id": [one.name for one in found.projects.values()],
        "api_key_id": [one.name for one in found.api_keys.values()],
        "user_id": [one.name for one in found.users.values()],
    }.get(dimension, [])
    if isinstance(value, str) and names.count(name.text) > 1:
        return f"{name.text} · {name.detail or value}"
    return name.text


def _project_name(value: str, directory: Directory) -> Name:
    project = directory.projects.get(value)
    archived = "archived" if project and project.is_archived else None
    return Name((project and project.name) or value, archived, value)


def _key_name(value: str, directory: Directory) -> Name:
    key = directory.api_keys.get(value)
    if key is None:
        # Only once the lists are there can a key be missing from them.
        return Name(value, "no longer listed" if directory.api_keys and directory.is_whole else None, value)
    lines = [value, f"Project: {name_of('project_id', key.project_id, directory).text}"]
    if key.owner_name:
        lines.append(f"Owner: {key.owner_name}")
    if key.last_used_at:
        lines.append(f"Last used: {key.last_used_at:%Y-%m-%d %H:%M} UTC")
    return Name(key.name or value, _short(key), "\n".join(lines))


def _short(key: ApiKey) -> str:
    """The redacted key, with its run of asterisks cut short."""
    start, _, end = key.redacted_value.partition("*")
    return f"{start}…{end.lstrip('*')}" if end else key.redacted_value


def _user_name(value: str, directory: Directory) -> Name:
    user = directory.users.get(value)
    if user is None:
        return Name(value, title=value)
    if user.is_service_account:
        return Name(user.name or value, "service account", value)
    return Name(user.name or user.email or value, user.email if user.name else None, value)
