"""The files together."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar

from openai_usage.account import Credit, Organization, Subscription
from openai_usage.directory import Directory
from openai_usage.endpoints import COSTS, USAGE, Endpoint
from openai_usage.records import Record
from openai_usage.saved import answers, filename, tables
from openai_usage.saved.content import Content, TooManyRows
from openai_usage.saved.names import Names
from openai_usage.saved.part import Part
from openai_usage.saved.problem import Problem, Reason
from openai_usage.saved.together import together
from openai_usage.settings import Unit

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of a file."""
MOST_ROWS: Final = 1_000_000
"""Of all files."""

_SPLITS: Final = frozenset({"line_item", "project_id", "user_id", "api_key_id", "model"})
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Saved:
    """What files tell, together."""

    costs: Sequence[Record] = ()
    cost_days: frozenset[date] = frozenset()
    """The UTC days of which the bill is told, also those on which nothing was billed."""
    bill_by: frozenset[str] = frozenset()
    """By what the bill is told, of line item, project, user, API key and `model`; rows may lack any of it. Models are
    read off line items, but those of 2023 are groups, and name none."""
    usage: Sequence[Record] = ()
    usage_days: Mapping[Endpoint, frozenset[date]] = field(default_factory=dict)
    """The UTC days of which each endpoint's use is told, also those without."""
    directory: Directory = field(default_factory=lambda: Directory(is_whole=False))
    organization: Organization | None = None
    """None as well where files are of several."""
    subscription: Subscription | None = None
    credit: Credit | None = None
    one_sum: Decimal | None = None
    """US dollars of no days, from a server that does not tell them."""
    read: Sequence[str] = ()
    """The names of the files of which something was understood."""
    problems: Sequence[Problem] = ()


def read(files: Iterable[tuple[str, bytes]], unit: Unit = "cents") -> Saved:
    """Reads files one by one, given by name and content. `unit` is that of `/dashboard/billing/usage`."""
    problems: list[Problem] = []
    found: list[Content] = []
    seen: dict[object, str] = {}
    left = MOST_ROWS
    for name, data in files:
        # By its name, the same content may be of another endpoint or of another day.
        same = (hashlib.sha256(data).digest(), filename.endpoint_of(name), filename.day_of(name))
        if same in seen:
            problems.append(Problem(name, Reason.SAME_FILE, about=(seen[same],)))
            continue
        seen[same] = name
        content = Content(name, left)
        reason = _read(data, content, unit)
        if reason is not None:
            problems.append(Problem(name, reason))
            continue
        left -= content.rows
        problems += content.problems()
        found.append(content)
    return _saved(found, problems)


def _read(data: bytes, content: Content, unit: Unit) -> Reason | None:
    """Why nothing of it was read; None when it was."""
    if len(data) > MOST_BYTES:
        return Reason.TOO_LARGE
    try:
        text = _text(data)
    except UnicodeDecodeError:
        return Reason.NOT_TEXT
    if not text.strip():
        return Reason.EMPTY
    try:
        if text.lstrip()[0] in "[{" or (filename.is_json(content.file) and not tables.is_like_one(text)):
            answers.read(text, content, unit)
        else:
            tables.read(text, content)
    except TooManyRows:
        return Reason.TOO_MANY_ROWS
    return None if content.is_anything or content.problems() else Reason.EMPTY


def _text(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    return data.decode()


def _saved(found: Sequence[Content], problems: list[Problem]) -> Saved:
    parts, overlaps = together([part for content in found for part in content.parts])
    names = Names()
    for content in found:
        names.add(content.names)
    organizations = names.organizations
    if len(organizations) > 1:
        problems.append(Problem("", Reason.SEVERAL_ORGANIZATIONS, about=tuple(_told_apart(organizations))))
    return Saved(
        costs=[record for part in parts for record in part.records if part.endpoint is COSTS],
        cost_days=_days(parts, COSTS),
        bill_by=_bill_by(parts),
        usage=[record for part in parts for record in part.records if part.endpoint is not COSTS],
        usage_days={endpoint: days for endpoint in USAGE if (days := _days(parts, endpoint))},
        directory=names.directory,
        organization=organizations[0] if len(organizations) == 1 else None,
        subscription=_last([(content.file, content.subscription) for content in found], problems),
        credit=_last([(content.file, content.credit) for content in found], problems),
        one_sum=_last([(content.file, content.one_sum) for content in found], problems),
        read=[content.file for content in found if content.is_anything],
        problems=[*problems, *overlaps],
    )


def _told_apart(organizations: Sequence[Organization]) -> list[str]:
    """By their names, or by their ids as well where two have the same."""
    names = [one.title or one.id for one in organizations]
    if len(set(names)) == len(names):
        return names
    return [f"{one.title} {one.id}" if one.title else one.id for one in organizations]


def _days(parts: Iterable[Part], endpoint: Endpoint) -> frozenset[date]:
    return frozenset().union(*(part.days for part in parts if part.endpoint is endpoint))


def _bill_by(parts: Iterable[Part]) -> frozenset[str]:
    found: set[str] = set()
    for part in parts:
        if part.endpoint is COSTS:
            for key in {record.key for record in part.records}:
                found.update(name for name, value in zip(COSTS.fields, key, strict=True) if value is not None)
            if "line_item" in found and not part.is_by_group:
                found.add("model")
    return frozenset(found & _SPLITS)


_Held = TypeVar("_Held", Subscription, Credit, Decimal)


def _last(told: Iterable[tuple[str, _Held | None]], problems: list[Problem]) -> _Held | None:
    """What the last file tells; the others' are said not to hold."""
    files = [(file, value) for file, value in told if value is not None]
    if not files:
        return None
    _, last = files[-1]
    problems += [Problem(file, Reason.REPLACED) for file, value in files if value != last]
    return last
