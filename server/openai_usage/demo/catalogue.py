"""What a made-up organisation is made of: projects, members, API keys, models with prices, and workloads.

Types only. `northwind` and `large` fill them, `organization` turns them into numbers. Named tuples, here and in the
other modules of the demo, because a data class takes four times as long to define, and `--demo` starts with these.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Final, Literal, NamedTuple, Self

FOUNDED: Final = date(2024, 9, 2)
"""The first day with any activity, fixed so that a finished day is the same whenever it is asked for."""

DOMAIN: Final = "northwind.example"
FREE: Final = Decimal("0E-6176")
"""How a live bill wrote nothing: the smallest exponent of a decimal128."""

Counts = Mapping[str, int]
"""How much of each kind. The kinds are the finest there are, so that every total that OpenAI reports is a sum of them:

requests
text, audio, image                        input tokens that came from no cache
cached_text, cached_audio, cached_image   input tokens from the cache
cache_write_30m, cache_write_12h          input tokens written to the cache, by how long they are kept
output_text, output_audio, output_image   output tokens
images, characters, seconds               made; spoken; transcribed
web_searches, file_searches, sessions     calls of a tool; sessions of the code interpreter
bytes                                     stored, on the average of the day
"""


class Rate(NamedTuple):
    """What one unit of some kinds of counts costs, and the line item of the bill it shows under."""

    line_item: str
    kinds: tuple[str, ...]
    usd: Decimal
    unit: str | None = "tokens"
    """OpenAI's `quantity_unit`."""
    scale: Decimal = Decimal(1)
    """Units in one count: 0.001 where a thousand tokens are one unit."""


class Model(NamedTuple):
    """A model from the first day on which the organisation uses it."""

    name: str
    since: date
    rates: tuple[Rate, ...]


class Hours(NamedTuple):
    """How activity spreads over a UTC day: one weight for each hour, even within the hour."""

    weights: tuple[int, ...]
    sums: tuple[int, ...]

    @classmethod
    def of(cls, *weights: int) -> Self:
        return cls(weights, tuple(accumulate(weights, initial=0)))

    def done(self, count: int, second: int) -> int:
        """How many of `count` have happened `second` seconds (0 to 86,400) into the day; at its end all."""
        hour, rest = divmod(second, 3600)
        elapsed = self.sums[hour] * 3600 + (self.weights[hour] * rest if rest else 0)
        return count * elapsed // (self.sums[-1] * 3600)


class ProjectEntry(NamedTuple):
    """A project before the seed gives it an id. Names are unique. Limit and alerts are in cents a month."""

    name: str
    created: date
    archived: date | None = None
    spend_limit: int | None = None
    spend_alerts: tuple[int, ...] = ()


class MemberEntry(NamedTuple):
    """A person by role, or a service account, before the seed gives it an id. Handles are unique.

    A service account belongs to the one project it lists. An owner of the organisation has access to every
    project, also to those that do not list the owner.
    """

    handle: str
    name: str | None
    joined: date
    projects: tuple[ProjectEntry, ...]
    left: date | None = None
    owner: bool = False
    service_account: bool = False

    @property
    def email(self) -> str:
        return f"{self.handle}@{DOMAIN}"


class KeyEntry(NamedTuple):
    """An API key before the seed gives it an id. Handles are unique, names need not be."""

    handle: str
    name: str
    project: ProjectEntry
    owner: MemberEntry
    created: date
    deleted: date | None = None
    """From this day on no list has it; what it did stays in usage and costs."""
    expires: date | None = None
    short: bool = False
    """Whether its redacted value is the short form."""


class Workload(NamedTuple):
    """Something that calls the API day after day, with one key and a line of models."""

    project: ProjectEntry
    key: KeyEntry | None
    """None for what OpenAI counts by project only."""
    models: tuple[Model, ...]
    """Oldest first; a day uses the last one that was there. None at all for what has no model."""
    each: Mapping[str, float]
    """The first count is a usual weekday's; the others come with each one of the first."""
    hours: Hours
    capabilities: tuple[str, ...] = ("completions",)
    """The usage endpoints that report it."""
    tools: tuple[Rate, ...] = ()
    """Billed besides the model."""
    since: date = FOUNDED
    weekend: tuple[int, int] = (380, 300)
    """Saturday and Sunday, in thousandths of a weekday."""
    steady: bool = False
    """The same on every day of the week, without chance."""
    idle: int = 0
    """How many of 256 days it does nothing."""
    factor: Decimal = Decimal(1)
    """On the list price: batch costs half, the priority tier double."""
    batch: bool = False
    service_tier: str = "default"
    api_source: Literal["agents_api", "unlabeled"] = "unlabeled"
    size: str | None = None
    source: str | None = None
    vector_store: str | None = None
    context_level: str | None = None


class Catalogue(NamedTuple):
    """A whole organisation. Projects are oldest first; the spend limit and the alerts are in cents a month."""

    name: str
    projects: tuple[ProjectEntry, ...]
    members: tuple[MemberEntry, ...]
    keys: tuple[KeyEntry, ...]
    workloads: tuple[Workload, ...]
    spend_limit: int
    spend_alerts: tuple[int, ...]
