"""Who is in the made-up organisation: its projects, its models with their prices, and what runs on them.

Data only; `organization` turns it into numbers. Prices are US dollars, close to the public list. A model is
used only from some days after its release, so that old days show old models.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Final, NamedTuple, Self

NAME: Final = "Northwind Labs"
FOUNDED: Final = date(2024, 9, 2)
"""The first day with any activity, fixed so that a finished day is the same whenever it is asked for."""


class Metrics(NamedTuple):
    """Requests, and tokens by kind.

    Every total that OpenAI reports is a sum of these, so the identities between its totals always hold.
    """

    requests: int = 0
    text: int = 0
    cached_text: int = 0
    cache_write: int = 0
    image: int = 0
    cached_image: int = 0
    output_text: int = 0
    output_image: int = 0

    def plus(self, other: Self) -> Self:
        return type(self)(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: Self) -> Self:
        return type(self)(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    def portion(self, part: int, whole: int) -> Self:
        """`part / whole` of each, rounded down."""
        return type(self)(*(count * part // whole for count in self))


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of some metrics costs, and the line item of the bill it shows under."""

    line_item: str
    metrics: tuple[str, ...]
    usd: Decimal
    unit: str | None = "tokens"
    """OpenAI's `quantity_unit`."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model from the first day on which the organisation uses it."""

    name: str
    since: date
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Hours:
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


@dataclass(frozen=True, slots=True)
class ProjectEntry:
    """A project before the seed gives it an id."""

    name: str
    created: date
    archived: date | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that calls the API day after day: one project, key, user, tier, and a line of models."""

    project: ProjectEntry
    key: str
    user: str
    models: tuple[Model, ...]
    """Oldest first; a day uses the last one that was there."""
    each: Metrics
    """A usual weekday's requests, and the tokens of one request."""
    hours: Hours
    since: date = FOUNDED
    weekend: tuple[int, int] = (380, 300)
    """Saturday and Sunday, in thousandths of a weekday."""
    batch: bool = False
    service_tier: str = "default"
    factor: Decimal = Decimal(1)
    """On the list price: batch costs half, the priority tier double."""


def _per_million(usd: str) -> Decimal:
    return Decimal(usd).scaleb(-6)


def _text_model(name: str, since: date, usd: tuple[str, str, str], *more: Rate) -> Model:
    """Prices for a million tokens of input, cached input and output. Cache writes are billed as input."""
    plain, cached, output = map(_per_million, usd)
    return Model(
        name,
        since,
        (
            Rate(f"{name}, input", ("text", "cache_write"), plain),
            Rate(f"{name}, cached input", ("cached_text",), cached),
            Rate(f"{name}, output", ("output_text",), output),
            *more,
        ),
    )


def _image_model(name: str, billed_as: str, since: date, usd: tuple[str, str, str, str]) -> Model:
    """Prices for a million tokens of text, image and cached image input, and of image output."""
    text, image, cached, output = map(_per_million, usd)
    return Model(
        name,
        since,
        (
            Rate(f"{billed_as} text, input", ("text",), text),
            Rate(f"{billed_as} image, input", ("image",), image),
            Rate(f"{billed_as} image, cached input", ("cached_image",), cached),
            Rate(f"{billed_as} image, output", ("output_image",), output),
        ),
    )


_LARGE = (
    _text_model("gpt-4o-2024-08-06", FOUNDED, ("2.50", "1.25", "10.00")),
    _text_model("gpt-5-2025-08-07", date(2025, 8, 18), ("1.25", "0.125", "10.00")),
    _text_model("gpt-5.4-2026-03-05", date(2026, 3, 16), ("2.50", "0.25", "15.00")),
)
_SMALL = (
    _text_model("gpt-4o-mini-2024-07-18", FOUNDED, ("0.15", "0.075", "0.60")),
    _text_model("gpt-5-mini-2025-08-07", date(2025, 8, 25), ("0.25", "0.025", "2.00")),
)
_SEARCH = (
    _text_model(
        "gpt-5-search-api-2025-10-14",
        date(2025, 10, 27),
        ("1.25", "0.125", "10.00"),
        Rate("web search tool calls", ("requests",), Decimal("0.01"), unit=None),
    ),
)
_LEGACY = (_text_model("gpt-4.1-2025-04-14", date(2025, 4, 28), ("2.00", "0.50", "8.00")),)
# The bill's spelling of a model can differ from the usage's: seen live with gpt-image-1 in September 2026.
_IMAGE = (
    _image_model("gpt-image-1-2025-04-23", "gpt-image-1", date(2025, 5, 5), ("5", "10", "2.50", "40")),
    _image_model("gpt-image-1.5-2025-12-16", "gpt-image-1.5-2025-12-16", date(2026, 1, 12), ("5", "8", "2", "32")),
)

_OFFICE = Hours.of(1, 1, 1, 1, 1, 2, 5, 9, 12, 12, 11, 9, 10, 12, 12, 10, 7, 5, 3, 2, 2, 1, 1, 1)
_NIGHT = Hours.of(2, 8, 10, 9, 5, 1, *[0] * 16, 1, 1)

SUPPORT = ProjectEntry("Support assistant", FOUNDED)
DOCUMENTS = ProjectEntry("Document search", date(2024, 11, 11))
EVALUATION = ProjectEntry("Nightly evaluation", date(2025, 2, 3))
MARKETING = ProjectEntry("Marketing images", date(2025, 5, 5))
PROTOTYPES = ProjectEntry("Prototypes", FOUNDED, archived=date(2026, 2, 27))
PROJECTS: Final = (SUPPORT, PROTOTYPES, DOCUMENTS, EVALUATION, MARKETING)
"""Oldest first."""

WORKLOADS: Final = (
    Workload(
        SUPPORT,
        "support-web",
        "user-support",
        _LARGE,
        Metrics(200, 1400, 1100, 0, 0, 0, 290),
        _OFFICE,
        weekend=(520, 460),
    ),
    Workload(
        SUPPORT,
        "support-urgent",
        "user-support",
        _LARGE,
        Metrics(26, 1250, 900, 180, 0, 0, 310),
        _OFFICE,
        since=date(2026, 4, 6),
        service_tier="priority",
        factor=Decimal(2),
    ),
    Workload(SUPPORT, "support-web", "user-support", _SEARCH, Metrics(24, 3100, 0, 0, 0, 0, 420), _OFFICE),
    Workload(
        DOCUMENTS,
        "documents",
        "user-research",
        _SMALL,
        Metrics(1000, 2100, 1600, 0, 0, 0, 380),
        _OFFICE,
        # A discount of a seventh. Its 25 digits make amounts with 34 digits after the point, as live ones.
        factor=Decimal("0.8571428571428571428571429"),
    ),
    Workload(
        EVALUATION,
        "evaluation-batch",
        "evaluation-service",
        _SMALL,
        Metrics(620, 1800, 0, 0, 0, 0, 520),
        _NIGHT,
        weekend=(700, 0),
        batch=True,
        factor=Decimal("0.5"),
    ),
    Workload(
        EVALUATION,
        "evaluation-batch",
        "evaluation-service",
        _LARGE,
        Metrics(70, 1800, 0, 0, 0, 0, 480),
        _NIGHT,
        weekend=(700, 0),
        batch=True,
        factor=Decimal("0.5"),
    ),
    Workload(EVALUATION, "evaluation-judge", "user-research", _LARGE, Metrics(22, 2600, 1200, 0, 0, 0, 350), _OFFICE),
    Workload(
        MARKETING,
        "marketing",
        "user-marketing",
        _IMAGE,
        Metrics(9, 180, 0, 0, 320, 90, 0, 3900),
        _OFFICE,
        weekend=(150, 0),
    ),
    Workload(PROTOTYPES, "prototypes", "user-prototypes", _LEGACY, Metrics(60, 1500, 300, 0, 0, 0, 400), _OFFICE),
    Workload(PROTOTYPES, "prototypes", "user-research", _LARGE, Metrics(90, 1100, 0, 0, 0, 0, 350), _OFFICE),
)
