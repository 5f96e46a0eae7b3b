"""Where figures come from, and what that source can tell: what it cannot is absent, and never zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from openai_usage.endpoints import COSTS, USAGE, Endpoint
from openai_usage.settings import Unit

Kind = Literal["organization", "legacy", "imported"]
"""OpenAI's organisation API, its endpoints of 2023 (and who imitates them), or files."""


_LEGACY_USAGE: Final = ("completions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told."""

    kind: Kind = "organization"
    usage: Sequence[Endpoint] = USAGE
    has_bill: bool = True
    """False: there is no bill by day, so that use at list prices stands in for it."""
    bill_by: frozenset[str] = frozenset((*COSTS.dimensions, "model"))
    """By what the bill can be split and narrowed; `model` is read off the line item."""
    tells_users: bool = True
    """False: rows of use name no user, and are asked for by user where one is chosen."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures come from."""

    kind: Kind = "organization"
    organization: str | None = None
    """Whose figures are asked for, where a key is good for those of several; None: of the key's own."""
    unit: Unit = "cents"
    """In which the billing endpoint of 2023 counts."""

    def account(self, base_url: str) -> str:
        """Names whose figures these are, beside the key: figures of two such names never go into one file."""
        unit = self.unit if self.kind == "legacy" else ""
        return " ".join(part for part in (base_url, self.kind if unit else "", unit, self.organization) if part)

    @property
    def tells(self) -> Told:
        """All that it may tell."""
        return LEGACY if self.kind == "legacy" else ORGANIZATION


ORGANIZATION: Final = Told()
LEGACY: Final = Told(
    kind="legacy",
    usage=tuple(endpoint for endpoint in USAGE if endpoint.name in _LEGACY_USAGE),
    # Its names are of groups of models ("Chat models"), and of no single one.
    bill_by=frozenset({"line_item"}),
)
