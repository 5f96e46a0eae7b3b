"""Tables: what OpenAI's dashboard exports as CSV, and this extension's own export.

Columns of the dashboard's exports, as third parties recorded them: costs of 2025 in xavierjflanagan/Guardian
(`openai-usage-and-cost-report-2025-10-12.md`) have `start_time, end_time, start_time_iso, end_time_iso, amount_value,
amount_currency, line_item, project_id, organization_id, organization_name`; those of September 2026 have `quantity,
quantity_unit, user_id, api_key_id, project_name, user_email, api_source` as well, and ISO times without an offset.
Usage has the organisation API's names. Days without figures have empty cells; where there are no figures at all there
are only the four columns of time, and then an export of costs and one of usage are the same, byte by byte.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from openai_usage import days
from openai_usage.endpoints import COSTS, USAGE, Endpoint
from openai_usage.saved import cells, filename
from openai_usage.saved.content import Content
from openai_usage.saved.problem import Reason
from openai_usage.saved.rows import Rows
from openai_usage.spreadsheet import as_it_was

_BY_NAME: Final = {endpoint.name: endpoint for endpoint in (COSTS, *USAGE)}
_TIMES: Final = ("start_time", "start_time_iso")
_SPANS: Final = frozenset({"start_time", "end_time", "start_time_iso", "end_time_iso"})
_OWN: Final = ("date", "capability")
_AMOUNT: Final = "amount_value"
_RENAMED: Final = {_AMOUNT: "amount", "amount_currency": "currency"}
_DELIMITERS: Final = (",", ";", "\t")

# What only a table of these has; the last ones share their columns, and are told apart otherwise.
_MARKS: Final[Sequence[tuple[str, tuple[str, ...]]]] = (
    ("images", ("images",)),
    ("characters", ("audio_speeches",)),
    ("seconds", ("audio_transcriptions",)),
    ("usage_bytes", ("vector_stores",)),
    ("num_sessions", ("code_interpreter_sessions",)),
    ("num_requests", ("file_search_calls", "web_search_calls")),
    ("output_tokens", ("completions", "decisions")),
    ("input_tokens", ("embeddings", "moderations")),
)

_MODELS: Final = {"moderation": "moderations", "embedding": "embeddings"}
"""Words in the names of models."""

_Row = dict[str, str]
_Which = Callable[[_Row], Endpoint | None]
"""Of which endpoint a row is."""


def read(text: str, content: Content) -> None:
    """Everything in a table. TooManyRows when there are too many."""
    delimiter, columns = _header(text)
    known = set(columns)
    rows = Rows(content)
    if known.issuperset(_OWN):
        _own(_table(text, delimiter, columns, rows), rows)
        return
    which = _which(known, filename.endpoint_of(content.file)) if known.intersection(_TIMES) else None
    if which is not None:
        _dashboard(_table(text, delimiter, columns, rows), which, rows)
    elif known and known <= _SPANS and known.intersection(_TIMES):
        content.counts[Reason.NO_ENDPOINT] += 1
    elif missed := _missed(known):
        content.note(Reason.UNKNOWN_COLUMNS, *missed)
    else:
        content.counts[Reason.NO_ENDPOINT] += 1


def is_like_one(text: str) -> bool:
    """Whether the first line has a column that some table has."""
    return not _KNOWN.isdisjoint(_header(text)[1])


def _header(text: str) -> tuple[str, list[str]]:
    """The delimiter that makes most columns known, and the columns."""
    line = text.lstrip().split("\n", 1)[0].rstrip("\r")
    found = [(delimiter, _names(line, delimiter)) for delimiter in _DELIMITERS]
    return max(found, key=lambda one: len(_KNOWN.intersection(one[1])))


def _names(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _table(text: str, delimiter: str, columns: Sequence[str], rows: Rows) -> Iterator[_Row]:
    """The rows as long as the header; others are counted, each line of them, since a quote may have swallowed some."""
    names = [_RENAMED.get(name, name) for name in columns]
    reader = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter)
    read = 0
    is_header = True
    while True:
        before = read
        try:
            row = next(reader, None)
        except csv.Error:
            row = []
            rows.unread()
        read = reader.line_num
        if row is None:
            return
        if is_header:
            is_header = False
        elif len(row) == len(names):
            yield dict(zip(names, row, strict=True))
        elif any(map(str.strip, row)):
            rows.unread(max(1, read - before))


def _dashboard(table: Iterator[_Row], which: _Which, rows: Rows) -> None:
    for row in table:
        if not any(row.values()):
            continue
        endpoint = which(row)
        try:
            start = cells.moment(row.get("start_time"), row.get("start_time_iso"))
            if row.get("end_time") or row.get("end_time_iso"):
                cells.is_within_a_day(start, cells.moment(row.get("end_time"), row.get("end_time_iso")))
        except ValueError:
            rows.unread()
            continue
        if endpoint is not None:
            rows.add(endpoint, start, row)
        elif any(value for name, value in row.items() if name not in _SPANS):
            rows.unread()


def _own(table: Iterator[_Row], rows: Rows) -> None:
    for row in table:
        whole = {name: as_it_was(value) for name, value in row.items()}
        endpoint = _BY_NAME.get(whole["capability"])
        start = own_moment(whole["date"])
        if endpoint is None or start is None:
            rows.unread()
        else:
            rows.add(endpoint, start, whole)


def own_moment(date: object) -> int | None:
    """Of this extension's exports: a day, or a moment; None when it is neither."""
    try:
        if isinstance(date, str) and "T" in date:
            return cells.moment(None, date)
        return days.midnight(cells.day(date))
    except ValueError:
        return None


def _which(columns: set[str], named: Endpoint | None) -> _Which | None:
    """How to tell of which endpoint a row is; None when the columns are not those of any."""
    if _AMOUNT in columns:
        return _always(COSTS)
    if columns <= _SPANS:
        return None if named is None else _always(named)
    for mark, names in _MARKS:
        if mark not in columns:
            continue
        some = [endpoint for name in names if _required(endpoint := _BY_NAME[name]) <= columns]
        if named in some:
            return _always(named)
        if mark == "input_tokens":
            return _by_model if some and "model" in columns else None
        # Of calls, only those of web searches have a model; decisions are rare, and named.
        return _always(some[-1 if mark == "num_requests" and "model" in columns else 0]) if some else None
    return None


def _always(endpoint: Endpoint) -> _Which:
    return lambda _: endpoint


def _by_model(row: _Row) -> Endpoint | None:
    model = row["model"].lower()
    return next((_BY_NAME[name] for word, name in _MODELS.items() if word in model), None)


def _required(endpoint: Endpoint) -> set[str]:
    return {metric.name for metric in endpoint.metrics if metric.required}


def _missed(columns: set[str]) -> tuple[str, ...]:
    """What the table that is closest to it has beside these columns; empty when it has all of one."""
    have = columns | {_TIMES[0]} if _TIMES[1] in columns else columns
    tables = [{_TIMES[0], _AMOUNT}, *({_TIMES[0], *_required(endpoint)} for endpoint in USAGE)]
    closest = min(tables, key=lambda table: (len(table - have), -len(table & have)))
    return tuple(sorted(closest - have, key=lambda name: (name not in _TIMES, name)))


_KNOWN: Final = frozenset(
    {*_SPANS, *_OWN, *_RENAMED, "project_name", "organization_id", "user_email"}.union(
        *({*endpoint.fields, *(metric.name for metric in endpoint.metrics)} for endpoint in (COSTS, *USAGE))
    )
)
