"""Who is in the made-up organisation at a moment: projects, people, service accounts and API keys, with their ids.

Times are Unix seconds. Ids look like those seen live: `proj_…`, `key_…`, and `user-…` for service accounts too.
"""

from datetime import date
from typing import Final, NamedTuple

from openai_usage.demo.catalogue import Catalogue, KeyEntry, MemberEntry, ProjectEntry
from openai_usage.demo.chance import Chance

DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_ENDING: Final = 4
_SECRET: Final = 156
"""Letters and digits of a key after its prefix, as counted on live keys."""


def day_number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - _EPOCH


def date_of(day: int) -> date:
    """The date of a day counted from 1970."""
    return date.fromordinal(_EPOCH + day)


class Project(NamedTuple):
    """A project. `archived_at` is None while it is active; the spend limit and the alerts are in cents a month."""

    id: str
    name: str
    created_at: int
    archived_at: int | None
    spend_limit: int | None
    spend_alerts: tuple[int, ...]


class Member(NamedTuple):
    """A person, or a service account, which is in exactly one project."""

    id: str
    name: str | None
    email: str
    joined_at: int
    left_at: int | None
    owner: bool
    service_account: bool
    project_ids: tuple[str, ...]


class ApiKey(NamedTuple):
    """A project's API key. `secret` is made up and opens nothing."""

    id: str
    name: str
    project_id: str
    owner: Member
    created_at: int
    deleted_at: int | None
    expires_at: int | None
    secret: str
    short: bool

    @property
    def redacted(self) -> str:
        """In one of the two forms that are known; both show four characters at the end (live, June 2025)."""
        if self.short:
            return f"{self.secret[:8]}...{self.secret[-_ENDING:]}"
        return f"{self.secret[:8]}{'*' * (len(self.secret) - 8 - _ENDING)}{self.secret[-_ENDING:]}"

    @property
    def owner_is_member(self) -> bool:
        """Whether the project lists the owner."""
        return self.project_id in self.owner.project_ids

    @property
    def owner_has_access(self) -> bool:
        return self.owner.owner or self.owner_is_member


class Roster:
    """All who are and were in the organisation. What `at` asks for is a moment: who is there then."""

    def __init__(self, catalogue: Catalogue, chance: Chance) -> None:
        self._chance = chance
        self._projects = {entry.name: self._project(entry) for entry in catalogue.projects}
        self._members = {entry.handle: self._member(entry) for entry in catalogue.members}
        self._keys = {entry.handle: self._key(entry) for entry in catalogue.keys}

    def project_id(self, entry: ProjectEntry) -> str:
        return self._projects[entry.name].id

    def key(self, entry: KeyEntry) -> ApiKey:
        return self._keys[entry.handle]

    def projects(self, at: int) -> tuple[Project, ...]:
        """Oldest first; a project that is archived later is still active."""
        return tuple(
            project if project.archived_at is None or project.archived_at <= at else project._replace(archived_at=None)
            for project in self._projects.values()
            if project.created_at <= at
        )

    def members(self, at: int) -> tuple[Member, ...]:
        """People and service accounts."""
        return tuple(member for member in self._members.values() if _there(member.joined_at, member.left_at, at))

    def emails(self) -> dict[str, str]:
        """The e-mail address of everybody who ever was there, by id. Service accounts have none."""
        return {member.id: member.email for member in self._members.values() if not member.service_account}

    def keys(self, at: int, project_id: str) -> tuple[ApiKey, ...]:
        """The keys of one project that are not deleted."""
        return tuple(
            key
            for key in self._keys.values()
            if key.project_id == project_id and _there(key.created_at, key.deleted_at, at)
        )

    def every_key(self) -> dict[str, ApiKey]:
        """By id, the deleted ones too."""
        return {key.id: key for key in self._keys.values()}

    def _project(self, entry: ProjectEntry) -> Project:
        return Project(
            id=self._chance.identifier("proj_", 24, entry.name),
            name=entry.name,
            created_at=_seconds(entry.created),
            archived_at=_seconds(entry.archived) if entry.archived else None,
            spend_limit=entry.spend_limit,
            spend_alerts=entry.spend_alerts,
        )

    def _member(self, entry: MemberEntry) -> Member:
        return Member(
            id=self._chance.identifier("user-", 24, entry.handle),
            name=entry.name,
            email=entry.email,
            joined_at=_seconds(entry.joined),
            left_at=_seconds(entry.left) if entry.left else None,
            owner=entry.owner,
            service_account=entry.service_account,
            project_ids=tuple(map(self.project_id, entry.projects)),
        )

    def _key(self, entry: KeyEntry) -> ApiKey:
        owner = self._members[entry.owner.handle]
        kind = "svcacct" if owner.service_account else "proj"
        return ApiKey(
            id=self._chance.identifier("key_", 16, entry.handle),
            name=entry.name,
            project_id=self.project_id(entry.project),
            owner=owner,
            created_at=_seconds(entry.created),
            deleted_at=_seconds(entry.deleted) if entry.deleted else None,
            expires_at=_seconds(entry.expires) if entry.expires else None,
            secret=f"sk-{kind}-{self._chance.letters(_SECRET, 'secret', entry.handle)}",
            short=entry.short,
        )


def _seconds(day: date) -> int:
    return day_number(day) * DAY


def _there(since: int, until: int | None, at: int) -> bool:
    return since <= at and (until is None or at < until)
