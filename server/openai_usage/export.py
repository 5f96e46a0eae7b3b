"""The rows behind the panel as a file: what is shown, filters included, with exact numbers and ISO dates."""

import asyncio
import csv
import io
import os
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import msgspec

from openai_usage import money, queries
from openai_usage.directory import Directory
from openai_usage.endpoints import COSTS, USAGE, Endpoint, Query
from openai_usage.queries import can_be_narrowed, cost_query, shown_usage_query
from openai_usage.report import Report
from openai_usage.report.sums import passes
from openai_usage.rows import Bucket, Keys
from openai_usage.scope import CAPABILITIES, Filters, Scope
from openai_usage.spreadsheet import harmless
from openai_usage.store import Store

_AMOUNT: Final = COSTS.column("amount")
_QUANTITY: Final = COSTS.column("quantity")

# Other work waits for as many rows: some milliseconds.
_ROWS_AT_ONCE: Final = 500

Format = Literal["csv", "json"]

_Row = dict[str, Any]
_Text = str | None


async def write(path: Path, text: Generator[str]) -> None:
    """Write the file whole, or leave what was there. OSError when it cannot be written.

    Between any two pieces of `text` other work goes on. At the end it is closed, and holds no rows any more.
    """
    with closing(text), _replacing(path) as file:
        for piece in text:
            file.write(piece)
            await asyncio.sleep(0)


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".openai-usage-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        # mkstemp's file is for its owner alone; an export is a file like any other.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def text(kind: Format, store: Store, report: Report, currency: str) -> Generator[str]:
    """The file piece by piece, of what is known now."""
    return as_json(store, report, currency) if kind == "json" else as_csv(store, report.scope, currency)


def as_json(store: Store, report: Report, currency: str) -> Generator[str]:
    """`{"period": {start, end}, "currency", "costs": [...], "usage": [...], "missing": [{capability, start, end}]}`.

    Amounts are strings, counts numbers, and days ISO dates, the last one inclusive. Each row is a line. The section of
    one capability has no costs: the bill is not by capability. `missing` is what could not be read and is therefore
    not in it.
    """
    scope = report.scope
    content: dict[str, Any] = {
        "period": {"start": scope.days.first.isoformat(), "end": scope.days.last.isoformat()},
    }
    if scope.section not in CAPABILITIES:
        content |= {"currency": currency, "costs": _costs(store, scope, currency, _as_it_is)}
    content["usage"] = _usage(store, scope, _as_it_is)
    content["missing"] = [
        {"capability": name, "start": days.first.isoformat(), "end": days.last.isoformat()}
        for name, days in dict.fromkeys(
            (query.endpoint.name, days) for query, some in report.missing.items() for days in some
        )
        if name != COSTS.name or "costs" in content
    ]
    return _object(content)


def _object(content: Mapping[str, Any]) -> Generator[str]:
    encode = msgspec.json.Encoder().encode
    before = "{"
    for name, value in content.items():
        yield f'{before}\n"{name}": '
        before = ","
        if not isinstance(value, Iterator):
            yield encode(value).decode()
            continue
        between = "["
        for rows in _some_at_once(value):
            yield between + ",".join(f"\n{encode(row).decode()}" for row in rows)
            between = ","
        yield "[]" if between == "[" else "\n]"
    yield "\n}\n"


def as_csv(store: Store, scope: Scope, currency: str) -> Generator[str]:
    """One table of both: a row's `capability` is `costs` for the bill. What a row does not have is empty."""
    dimensions = _once(endpoint.dimensions for endpoint in (COSTS, *USAGE))
    fields = ["date", "capability", *_named(dict.fromkeys(dimensions), _names(None), _as_it_is)]
    fields += ["amount", "currency", "quantity", "quantity_unit"]
    fields += _once(tuple(metric.name for metric in endpoint.metrics) for endpoint in USAGE)
    tables = [_usage(store, scope, harmless)]
    if scope.section not in CAPABILITIES:
        billed = {"capability": COSTS.name, "currency": currency}
        tables.insert(0, ({**row, **billed} for row in _costs(store, scope, currency, harmless)))
    return _table(fields, tables)


def _table(fields: Sequence[str], tables: Iterable[Iterator[_Row]]) -> Generator[str]:
    file = io.StringIO()
    # Up to Python 3.12, only what ends a line is quoted: a name may hold either of the two.
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(fields)
    for table in tables:
        for rows in _some_at_once(table):
            writer.writerows(map(row.get, fields) for row in rows)
            yield file.getvalue()
            file.seek(0)
            file.truncate()
    yield file.getvalue()


def _some_at_once(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        yield some


def _once(names: "Iterator[tuple[str, ...]]") -> list[str]:
    return list(dict.fromkeys(name for some in names for name in some))


_Names = Mapping[str, tuple[str, Mapping[str, _Text]]]
"""By dimension, under which heading its names are written, and the name of each id."""


def _names(directory: Directory | None) -> _Names:
    known = directory or Directory()
    return {
        "project_id": ("project_name", {one.id: one.name for one in known.projects.values()}),
        "api_key_id": ("api_key_name", {one.id: one.name for one in known.api_keys.values()}),
        "user_id": ("user_name", {one.id: one.name or one.email for one in known.users.values()}),
    }


_Spell = Callable[[_Text], _Text]
"""How a text from the network is written."""


def _as_it_is(text: _Text) -> _Text:
    return text


def _named(dimensions: Mapping[str, _Text], names: _Names, spell: _Spell) -> dict[str, _Text]:
    """Each id with its name behind it; None where it has none."""
    found: dict[str, _Text] = {}
    for dimension, value in dimensions.items():
        found[dimension] = spell(value)
        if dimension in names:
            heading, known = names[dimension]
            found[heading] = spell(known.get(value or ""))
    return found


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a query as they are now: they stay so while they are written."""

    endpoint: Endpoint
    buckets: Sequence[Bucket]
    keys: Keys
    filters: Filters

    @classmethod
    def of(cls, store: Store, query: Query, scope: Scope, filters: Filters) -> "_Rows":
        known = store.buckets[query]
        return cls(query.endpoint, known.of(scope.days), known.keys, filters)

    def passing(self) -> Iterator[tuple[Bucket, int, int]]:
        """Of each row that passes the filters its bucket, its place in there, and the number of its key."""
        passing = list(map(passes(self.endpoint, self.filters), self.keys))
        for bucket in self.buckets:
            for at, number in enumerate(bucket.keys):
                if passing[number]:
                    yield bucket, at, number

    def described(self, names: _Names, spell: _Spell) -> Iterator[tuple[Bucket, int, dict[str, _Text]]]:
        """The same with its dimensions instead of the number."""
        fields = self.endpoint.fields
        shown = [name for name in (*self.endpoint.dimensions, "quantity_unit") if name in fields]

        @cache
        def describe(number: int) -> dict[str, _Text]:
            values = dict(zip(fields, self.keys[number], strict=True))
            return _named({name: values[name] for name in shown}, names, spell)

        for bucket, at, number in self.passing():
            yield bucket, at, describe(number)


def _costs(store: Store, scope: Scope, currency: str, spell: _Spell) -> Iterator[_Row]:
    """Of the finest split that is there whole, and one row a day for what that split leaves out."""
    filters = {**scope.filters, "currency": frozenset({currency})}
    total, split = cost_query(scope.filters, told=scope.told), _finest(store, scope)
    whole = None if split is total else _Rows.of(store, total, scope, filters)
    return _cost_rows(_Rows.of(store, split, scope, filters), whole, _names(store.directory), spell)


def _cost_rows(rows: _Rows, whole: _Rows | None, names: _Names, spell: _Spell) -> Iterator[_Row]:
    rest = _by_bucket(whole) if whole else {}
    for bucket, at, dimensions in rows.described(names, spell):
        amount = Decimal(bucket.columns[_AMOUNT][at])
        if bucket.start in rest:
            with money.exact():
                rest[bucket.start] -= amount
        yield _cost_row(bucket.start, amount, dimensions, Decimal(bucket.columns[_QUANTITY][at]) or None)
    # What all of it is narrowed to is known of the rest too.
    narrowed = {name: next(iter(values)) for name, values in rows.filters.items() if len(values) == 1}
    of_rest = _named({dimension: narrowed.get(dimension) for dimension in COSTS.dimensions}, names, spell)
    for start, amount in rest.items():
        if amount:
            yield _cost_row(start, amount, of_rest, None)


def _by_bucket(rows: _Rows) -> dict[int, Decimal]:
    sums = {bucket.start: Decimal(0) for bucket in rows.buckets}
    with money.exact():
        for bucket, at, _ in rows.passing():
            sums[bucket.start] += bucket.columns[_AMOUNT][at]
    return sums


def _finest(store: Store, scope: Scope) -> Query:
    """The split that is shown, else by project and line item; the sum alone where neither is there whole.

    Days for which OpenAI does not give the split are then in rows of what it leaves out.
    """
    shown = [scope.group_by] if scope.measure == "spend" else []
    for query in [cost_query(scope.filters, by, scope.told) for by in (*shown, "line_item")]:
        asked = queries.given(query, scope.days, scope.told)
        if asked is not None and not store.buckets[query].missing(asked):
            return query
    return cost_query(scope.filters, told=scope.told)


def _cost_row(start: int, amount: Decimal, dimensions: Mapping[str, _Text], quantity: Decimal | None) -> _Row:
    return {
        "date": _date(start, "1d"),
        "amount": money.plain(amount),
        "quantity": None if quantity is None else money.plain(quantity),
        "quantity_unit": None,
        **dimensions,
    }


def _usage(store: Store, scope: Scope, spell: _Spell) -> Iterator[_Row]:
    """Every row by day, and what the chart shows as fine as it shows it; of a capability's section only its own."""
    shown, charted = CAPABILITIES.get(scope.section), queries.measured(scope)
    tables = []
    for endpoint in USAGE if shown is None else (shown,):
        if can_be_narrowed(endpoint, scope.filters):
            width = scope.width if endpoint in charted else "1d"
            query = shown_usage_query(scope, endpoint, width)
            tables.append((_Rows.of(store, query, scope, scope.filters), width))
    return _usage_rows(tables, _names(store.directory), spell)


def _usage_rows(tables: Sequence[tuple[_Rows, str]], names: _Names, spell: _Spell) -> Iterator[_Row]:
    for rows, width in tables:
        metrics = [metric.name for metric in rows.endpoint.metrics]
        for bucket, at, dimensions in rows.described(names, spell):
            yield {
                "date": _date(bucket.start, width),
                "capability": rows.endpoint.name,
                **dimensions,
                **{name: column[at] for name, column in zip(metrics, bucket.columns, strict=True)},
            }


@lru_cache(maxsize=1)  # rows come bucket by bucket
def _date(start: int, width: str) -> str:
    moment = datetime.fromtimestamp(start, UTC)
    return f"{moment:%Y-%m-%d}" if width == "1d" else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _umask() -> int:
    """It can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
