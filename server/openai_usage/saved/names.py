"""Who is who, as rows and answers tell it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple
from typing import Final

from openai_usage.account import Organization
from openai_usage.directory import ApiKey, Directory, Project, User
from openai_usage.saved import cells

Named = Project | ApiKey | User | Organization

_COLUMNS: Final = (
    "project_id",
    "project_name",
    "api_key_id",
    "api_key_name",
    "user_id",
    "user_name",
    "user_email",
    "organization_id",
    "organization_name",
)
# Without any of these there is nothing to learn.
_TELLING: Final = ("project_name", "api_key_name", "user_name", "user_email", "organization_id")


class Names:
    """By kind and id. Of two that are told of the same, the one that tells more is kept."""

    def __init__(self) -> None:
        self._found: dict[tuple[type, str], Named] = {}
        self._seen: set[tuple[str | None, ...]] = set()

    def __iter__(self) -> Iterator[Named]:
        return iter(self._found.values())

    def add(self, some: Iterable[Named]) -> None:
        """More of them."""
        for one in some:
            known = self._found.setdefault((type(one), one.id), one)
            if _told(known) <= _told(one):
                self._found[type(one), one.id] = one

    def add_row(self, row: cells.Cells) -> None:
        """Those in a row that have a name beside their id."""
        if not any(map(row.get, _TELLING)):
            return
        # Many rows have the same ones.
        told = tuple([cells.known_text(row.get(name)) for name in _COLUMNS])
        if told not in self._seen:
            self._seen.add(told)
            self.add(_named(dict(zip(_COLUMNS, told, strict=True))))

    @property
    def directory(self) -> Directory:
        """It is not whole: files tell of those alone that used something."""
        return Directory(
            {one.id: one for one in self if isinstance(one, Project)},
            {one.id: one for one in self if isinstance(one, ApiKey)},
            {one.id: one for one in self if isinstance(one, User)},
            is_whole=False,
        )

    @property
    def organizations(self) -> list[Organization]:
        """Whose usage it is, in the order in which they were found."""
        return [one for one in self if isinstance(one, Organization)]


def _told(one: Named) -> int:
    """How much of it is told."""
    return sum(map(bool, astuple(one)))


def _named(row: Mapping[str, str | None]) -> Iterator[Named]:
    project, key, user, organization = (
        row[name] for name in ("project_id", "api_key_id", "user_id", "organization_id")
    )
    if project and row["project_name"]:
        yield Project(project, row["project_name"], is_archived=False)
    if key and row["api_key_name"]:
        yield ApiKey(key, row["api_key_name"], "", project or "", None, None, None)
    name, email = row["user_name"], row["user_email"]
    if name and "@" in name:
        # This extension's export has the e-mail for a name where there is none.
        name, email = None, email or name
    if user and (name or email):
        yield User(user, name, email)
    if organization:
        yield Organization(organization, row["organization_name"])
