"""The wire contract: what the server and an editor say to each other beyond standard LSP. Names and types only.

Payloads are JSON objects with camelCase names; the TypeScript side is generated from this file. Amounts are exact:
every number travels as `value`, a plain decimal string ("0.0042", never "4.2E-3"), and as `text`, formatted for people.
Fields may be added; those here keep their name and meaning.
"""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

# Server to client, notifications.
STATUS: Final = "openaiUsage/status"
PANEL: Final = "openaiUsage/panel"

# Client to server, by workspace/executeCommand. They return at once; what they lead to arrives as notifications.
SHOW: Final = "openaiUsage.show"
REFRESH: Final = "openaiUsage.refresh"
SELECT: Final = "openaiUsage.select"

# Commands the editor provides. The server only names them, as the next step in a status or a notice.
SET_ADMIN_KEY: Final = "openaiUsage.setAdminKey"
FORGET_ADMIN_KEY: Final = "openaiUsage.forgetAdminKey"
SHOW_LOG: Final = "openaiUsage.showLog"
OPEN_SETTINGS: Final = "openaiUsage.openSettings"

# The section of the editor's settings, in initializationOptions and in workspace/configuration.
SETTINGS_SECTION: Final = "openaiUsage"

Severity = Literal["ok", "warning", "error"]
NoticeSeverity = Literal["info", "warning", "error"]
Period = Literal["today", "7d", "30d", "month", "last-month", "90d"]
GroupBy = Literal["line_item", "model", "project_id"]


class _Wire(BaseModel):
    """Immutable, camelCase on the wire; a field nobody knows is an error, so that a typing slip is seen."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,  # they become comments of the TypeScript side
    )


class Command(_Wire):
    """An LSP Command: something to click."""

    title: str
    command: str
    arguments: list[Any] | None = None


class StatusView(_Wire):
    """What the status bar shows, whole."""

    text: str
    """May hold one `$(icon)`."""
    tooltip: str
    """Markdown; whatever came from the network in it is escaped."""
    accessible_label: str
    """The text for a screen reader, without icons."""
    severity: Severity
    busy: bool
    command: Command
    """What a click does."""


class Selection(_Wire):
    """What the panel shows; the argument of `openaiUsage.select`. A field that is absent stays as it is."""

    period: Period | None = None
    group_by: GroupBy | None = None


class Option(_Wire):
    """One choice of a Control."""

    id: str
    label: str


class Control(_Wire):
    """A drop-down above the panel. `id` is the Selection field (wire name) that it sets."""

    id: Literal["period", "groupBy"]
    label: str
    kind: Literal["select"]
    options: list[Option]
    selected: list[str]


class Notice(_Wire):
    """Something the user should know, with the next step where there is one."""

    id: str
    severity: NoticeSeverity
    text: str
    command: Command | None = None


class Metric(_Wire):
    """One figure at the top of the panel."""

    id: str
    """`spend`, `today`, `month`, `tokens`, `requests`."""
    label: str
    value: str | None
    """Exact plain decimal string; null when it is not known (then `text` is a dash)."""
    unit: str
    """`tokens`, `requests`, or a currency in lower-case ISO 4217."""
    text: str
    detail: str | None = None
    share: str | None = None
    """Between 0 and 1, as a decimal string: how much of the whole, where there is a whole."""
    severity: Severity = "ok"


class Series(_Wire):
    """One layer of a stacked chart, or one line."""

    id: str
    name: str
    values: list[str]
    """Exact plain decimal strings, one for each of the chart's categories."""
    texts: list[str]
    """The same, formatted."""


class Chart(_Wire):
    """Figures over time. The table alternative for screen readers is drawn from the same fields."""

    id: str
    title: str
    kind: Literal["bar", "line"]
    stacked: bool
    unit: str
    categories: list[str]
    """ISO dates (UTC days), oldest first, without gaps."""
    series: list[Series]
    """Largest first; small ones are summed in a last one called Other."""
    totals: list[str]
    """Formatted sum of each category over all series."""
    partial_category: str | None = None
    """The category that is not over yet (today), drawn lighter."""


class Column(_Wire):
    """A column of a Table."""

    id: str
    title: str
    unit: str | None = None
    align: Literal["left", "right"]


class Cell(_Wire):
    """One cell: `text` to show and, for a number, its exact `value`."""

    text: str
    value: str | None = None


class Row(_Wire):
    """One row of a Table. `select`, where present, is what a click on it selects."""

    id: str
    cells: list[Cell]
    select: Selection | None = None


class Table(_Wire):
    """A ranking, largest first. `total`, where present, is a last row that sums the columns up."""

    id: str
    title: str
    columns: list[Column]
    rows: list[Row]
    total: Row | None = None


class Section(_Wire):
    """A part of the panel under a heading."""

    id: str
    title: str
    charts: list[Chart]
    tables: list[Table]


class PanelView(_Wire):
    """The whole panel, each time.

    No metrics and `busy`: still loading. No metrics and not busy: a notice says why and what to do.
    """

    title: str
    subtitle: str
    sample: bool
    """The figures are made up: the demo organisation."""
    as_of: str | None
    """When the figures were fetched, ISO 8601 UTC ("2026-11-22T14:03:00Z"); null when nothing was yet."""
    busy: bool
    reveal: bool
    """The user asked to see the panel: bring it to the front."""
    controls: list[Control]
    notices: list[Notice]
    metrics: list[Metric]
    sections: list[Section]
