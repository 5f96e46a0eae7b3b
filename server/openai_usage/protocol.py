"""The wire contract: what the server and an editor say to each other beyond standard LSP. Names and types only.

Payloads are JSON objects with camelCase names; the TypeScript side is generated from this file. Amounts are exact:
every number travels as `value`, a plain decimal string ("0.0042", never "4.2E-3"), and as `text`, formatted for people.
Fields may be added; those here keep their name and meaning. A field that has a default may be absent.
"""

from datetime import date
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

# Server to client, notifications.
STATUS: Final = "openaiUsage/status"
PANEL: Final = "openaiUsage/panel"

# Client to server, a notification. An editor that never sends it is taken for one that is in use.
WINDOW: Final = "openaiUsage/window"

# Client to server, by workspace/executeCommand. They return at once; what they lead to arrives as notifications.
SHOW: Final = "openaiUsage.show"
REFRESH: Final = "openaiUsage.refresh"
SELECT: Final = "openaiUsage.select"
FETCH_HISTORY: Final = "openaiUsage.fetchHistory"
"""Reads all there is, back to the organisation's first day, in the background; goes on where it was stopped."""

# These two do their work before they return: writing a file, which returns a sentence about what could not be read and
# is not in it (null when all is), and a table as text.
EXPORT: Final = "openaiUsage.export"
TABLE_AS_MARKDOWN: Final = "openaiUsage.tableAsMarkdown"

# Which of several API keys is the one of the workspace. One argument, the key's id; null takes the choice back.
CHOOSE_KEY: Final = "openaiUsage.chooseKey"

# This one erases what is kept on disk of the account whose key is in use, and returns when it is gone.
ERASE: Final = "openaiUsage.erase"

# Saved usage: files of the old endpoints, or exports of the dashboard. The first reads them into the panel, in place
# of the account's figures, and returns a sentence about what could not be read (null when all was); the second one
# shows the account's figures again.
IMPORT: Final = "openaiUsage.import"
CLOSE_IMPORT: Final = "openaiUsage.closeImport"

# Reads the days that the panel shows and that are not known yet, from a source that gives a few of them a minute.
READ_DAYS: Final = "openaiUsage.readDays"

# Commands the editor provides. The server only names them, as the next step in a status or a notice.
SET_ADMIN_KEY: Final = "openaiUsage.setAdminKey"
FORGET_ADMIN_KEY: Final = "openaiUsage.forgetAdminKey"
SHOW_LOG: Final = "openaiUsage.showLog"
OPEN_SETTINGS: Final = "openaiUsage.openSettings"
COPY_TABLE: Final = "openaiUsage.copyTable"
OPEN_KEYS_PAGE: Final = "openaiUsage.openKeysPage"
"""Opens OpenAI's page on which admin keys are made."""

# The section of the editor's settings, in initializationOptions and in workspace/configuration.
SETTINGS_SECTION: Final = "openaiUsage"

Severity = Literal["ok", "warning", "error"]
NoticeSeverity = Literal["info", "warning", "error"]
Period = Literal["today", "7d", "30d", "month", "last-month", "90d", "365d", "all"]
BucketWidth = Literal["1d", "1h", "1m"]
GroupBy = Literal[
    "auto",  # what suits the measure; what it comes to stands in the control
    "model",
    "line_item",
    "api_key_id",
    "project_id",
    "user_id",
    "service_tier",
    "batch",
    "api_source",
    "token_type",
    "capability",
    "size",
    "source",
    "context_level",
    "vector_store_id",
]
Measure = Literal[
    "spend",
    "estimate",  # use at list prices, where no bill is told
    "tokens",
    "requests",
    "images",
    "characters",
    "seconds",
    "sessions",
    "calls",
    "bytes",
]
SectionId = Literal[
    "overview",
    "models",
    "api-keys",
    "projects",
    "users",
    "line-items",
    "limits",
    "completions",
    "decisions",
    "embeddings",
    "moderations",
    "images",
    "audio_speeches",
    "audio_transcriptions",
    "vector_stores",
    "code_interpreter_sessions",
    "file_search_calls",
    "web_search_calls",
]


class _Wire(BaseModel):
    """Immutable, camelCase on the wire; a field nobody knows is an error, so that a typing slip is seen."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
        defer_build=True,  # each when it is first used: all at once would keep the first status waiting
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


class WindowState(_Wire):
    """Whether anybody looks: the argument of `openaiUsage/window`, sent at the start and whenever it changes."""

    is_active: bool
    """The window has the focus, and its user did something lately."""
    is_panel_visible: bool
    """The panel is open, and not behind another tab."""
    folder: str | None = None
    """URI of the workspace folder that the user works in; null: in none of them, or in the one before."""


class Sort(_Wire):
    """How the rows of one table are ordered."""

    table: str
    column: str
    descending: bool


class Selection(_Wire):
    """What the panel shows; the argument of `openaiUsage.select`. A field that is absent or null stays as it is.

    `period` and `start`/`end` exclude each other: the one that is sent replaces the other. An empty list is no filter.
    """

    period: Period | None = None
    start: date | None = None
    end: date | None = None
    """UTC days, both included."""
    bucket: BucketWidth | None = None
    group_by: GroupBy | None = None
    measure: Measure | None = None
    project_ids: list[str] | None = None
    api_key_ids: list[str] | None = None
    user_ids: list[str] | None = None
    models: list[str] | None = None
    section: SectionId | None = None
    sort: Sort | None = None
    all_rows: list[str] | None = None
    """The ids of the tables of which more than the first rows are sent."""


class Option(_Wire):
    """One choice of a Control."""

    id: str
    label: str
    detail: str | None = None
    """What tells it from others of that label."""
    select: Selection | None = None
    """What choosing it selects, where that is not the control's own field."""


class Control(_Wire):
    """Something to choose by. `id` is the Selection field (wire name) that it sets.

    `select`: one of the options. `multiselect`: any of them, none is no filter. `date`: `selected` holds one ISO date.
    """

    id: Literal[
        "period", "start", "end", "bucket", "groupBy", "measure", "projectIds", "apiKeyIds", "userIds", "models"
    ]
    label: str
    kind: Literal["select", "multiselect", "date"]
    options: list[Option]
    selected: list[str]
    min: str | None = None
    max: str | None = None
    """The first and last date that can be chosen, of a `date`."""


class Filter(_Wire):
    """A filter that is in force: "Project: Support assistant". `select` takes it away."""

    label: str
    text: str
    select: Selection


class Notice(_Wire):
    """Something the user should know, with the next step where there is one."""

    id: str
    severity: NoticeSeverity
    text: str
    command: Command | None = None
    more: list[Command] | None = None
    """Further steps, or the things to choose from."""


class Estimate(_Wire):
    """Tokens times list prices, beside what was billed. Never a part of a sum of billed money."""

    value: str
    """Exact plain decimal string."""
    text: str
    """"≈ $5.10"."""
    detail: str
    """What it is of: "incl. not yet billed"."""
    title: str | None = None
    """More of it, on hover: what could not be priced."""


class Change(_Wire):
    """Against the period of the same length before."""

    value: str | None
    """The part by which it grew, as a decimal string ("0.123"); null when there was nothing before."""
    text: str
    """"+12.3%", "new"."""
    detail: str
    """What it is compared with, in words."""


class Metric(_Wire):
    """One figure at the top of the panel or of a section."""

    id: str
    """`spend`, `today`, `month`, `budget`, `tokens`, `requests`; in a section the metric's own name."""
    label: str
    value: str | None
    """Exact plain decimal string; null when it is not known (then `text` is a dash)."""
    unit: str
    """`tokens`, `requests` and so on, or a currency in lower-case ISO 4217."""
    text: str
    detail: str | None = None
    change: Change | None = None
    estimate: Estimate | None = None
    share: str | None = None
    """How much of the whole, as a decimal string, where there is a whole (a budget); may be more than 1."""
    severity: Severity


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
    """Months ("2026-11"), days ("2026-11-22") or the moments at which hours or minutes begin ("2026-11-22T14:00Z").

    In UTC, and without gaps.
    """
    series: list[Series]
    """Largest first; small ones are summed in a last one called Other."""
    totals: list[str]
    """Formatted sum of each category over all series."""
    partial_category: str | None = None
    """The category that is not over yet, drawn lighter."""


class Column(_Wire):
    """A column of a Table."""

    id: str
    title: str
    unit: str | None = None
    align: Literal["left", "right"]
    sorted: Literal["ascending", "descending"] | None = None
    """How the rows are ordered, on the column that orders them."""
    select: Selection | None = None
    """What a click on the heading selects: the rows ordered by this column."""


class Cell(_Wire):
    """One cell: `text` to show and, for a number, its exact `value`."""

    text: str
    value: str | None = None
    detail: str | None = None
    """What is shown smaller beside it: a redacted key, an e-mail address."""
    title: str | None = None
    """What is shown on hover, where that is not the value."""
    badge: str | None = None
    """A word that marks it among the others: "This workspace"."""


class Row(_Wire):
    """One row of a Table. `select`, where present, is what a click on it selects."""

    id: str
    cells: list[Cell]
    select: Selection | None = None
    is_remainder: bool = False
    """Not one of its kind, but what is left: "Not attributed"."""


class Table(_Wire):
    """A ranking. `total`, where present, is a last row that sums the columns up, of the rows not sent as well."""

    id: str
    title: str
    columns: list[Column]
    rows: list[Row]
    """The first ones; all of a short table."""
    row_count: int
    """How many there are."""
    more: Selection | None = None
    """Sends more of them, or, when `row_count` are there, fewer again."""
    open: Selection | None = None
    """Opens the section that shows this table whole, from a shortened one."""
    total: Row | None = None
    bars: str | None = None
    """The column whose numbers are also drawn as bars, where that says something."""


class Section(_Wire):
    """A part of the panel. All are listed, in the order in which they are shown; only the selected one is filled."""

    id: SectionId
    title: str
    is_capability: bool
    """One of the ways to use the API; else a view of all of them."""
    notices: list[Notice]
    """About this section alone."""
    metrics: list[Metric]
    charts: list[Chart]
    tables: list[Table]


class WorkspaceKey(_Wire):
    """The API key of the workspace, where it is known which one that is: a filter that is one click away.

    `select` narrows to it; where that is so already, it takes that away.
    """

    label: str
    """"This workspace"."""
    text: str
    """The key's name."""
    detail: str
    """The redacted key and where it was found, its project, its owner."""
    is_selected: bool
    """The panel is narrowed to it, and to nothing else."""
    select: Selection


class Imported(_Wire):
    """The figures were read from files, and are not the account's."""

    label: str
    """"Imported"."""
    detail: str
    """From which files."""


class PanelView(_Wire):
    """The whole panel, each time.

    No metrics and `busy`: still loading. No metrics and not busy: a notice says why and what to do.
    """

    title: str
    subtitle: str
    sample: bool
    """The figures are made up: the demo organisation."""
    imported: Imported | None = None
    """The figures are of files; null: of the account."""
    as_of: str | None
    """When the figures were fetched, ISO 8601 UTC ("2026-11-22T14:03:00Z"); null when nothing was yet."""
    busy: bool
    outdated: bool = False
    """The figures are of what was chosen before; those of `selection` are on their way."""
    reveal: bool
    """The user asked to see the panel: bring it to the front."""
    locale: str
    """In which numbers are written, BCP 47."""
    selection: Selection
    """What is shown, whole: sent back by `openaiUsage.select`, it brings the same view again."""
    back: Selection | None = None
    """What was shown before the last step into detail."""
    controls: list[Control]
    workspace: WorkspaceKey | None = None
    filters: list[Filter]
    no_filters: Selection | None = None
    """Takes all filters away, where there are some."""
    notices: list[Notice]
    metrics: list[Metric]
    sections: list[Section]


class ImportArguments(_Wire):
    """The argument of `openaiUsage.import`: `file:` URIs."""

    uris: list[str]


class ExportArguments(_Wire):
    """The argument of `openaiUsage.export`: where to write the rows behind the panel, and how."""

    uri: str
    """A `file:` URI."""
    format: Literal["csv", "json"]
