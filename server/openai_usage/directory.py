"""Who is who: names for the ids that usage and costs are told by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Project:
    """A project, archived or not."""

    id: str
    name: str | None
    is_archived: bool


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A project's API key; the key itself is not in here."""

    id: str
    name: str | None
    redacted_value: str
    project_id: str
    owner_id: str | None
    owner_name: str | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class User:
    """A member of the organisation, or a service account of a project."""

    id: str
    name: str | None
    email: str | None
    is_service_account: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """All that could be read of it, by id."""

    projects: Mapping[str, Project] = field(default_factory=dict)
    api_keys: Mapping[str, ApiKey] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    is_whole: bool = True
    """False: a list of keys or of service accounts could not be read."""
