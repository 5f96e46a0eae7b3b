"""The rows behind the panel as a file: what is shown, filters included, with exact numbers and ISO dates."""

import csv
import io
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from openai_usage import money, queries
from openai_usage.directory import Directory
from openai_usage.endpoints import COSTS, USAGE, Query
from openai_usage.queries import can_be_narrowed, cost_query, usage_query
from openai_usage.report import Report
from openai_usage.report.sums import passes
from openai_usage.scope import CAPABILITIES, Scope
from openai_usage.store import Store

_AMOUNT: Final = COSTS.column("amount")
_QUANTITY: Final = COSTS.column("quantity")

_SPLITS_CELLS: Final = re.compile(r"[;\t\r\n]")
_FORMULA: Final = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*[=+\-@]")

Format = Literal["csv", "json"]


def write(path: Path, kind: Format, store: Store, report: Report, currency: str) -> None:
    """Write the file whole, or leave what was there. OSError when it cannot be written."""
    text = as_json(store, report, currency) if kind == "json" else as_csv(store, report.scope, currency)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".openai-usage-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        # mkstemp's file is for its owner alone; an export is a file like any other.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def as_json(store: Store, report: Report, currency: str) -> str:
    """`{"period": {start, end}, "currency", "costs": [...], "usage": [...], "missing": [{capability, start, end}]}`.

    Amounts are strings, counts numbers, and days ISO dates, the last one inclusive. The section of one capability has
    no costs: the bill is not by capability. `missing` is what could not be read and is therefore not in it.
    """
    scope = report.scope
    content: dict[str, Any] = {
        "period": {"start": scope.days.first.isoformat(), "end": scope.days.last.isoformat()},
    }
    if scope.section not in CAPABILITIES:
        content |= {"currency": currency, "costs": list(_costs(store, scope, currency))}
    content["usage"] = list(_usage(store, scope))
    content["missing"] = [
        {"capability": name, "start": days.first.isoformat(), "end": days.last.isoformat()}
        for name, days in dict.fromkeys(
            (query.endpoint.name, days) for query, some in report.missing.items() for days in some
        )
        if name != COSTS.name or "costs" in content
    ]
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def as_csv(store: Store, scope: Scope, currency: str) -> str:
    """One table of both: a row's `capability` is `costs` for the bill. What a row does not have is empty."""
    dimensions = _once(endpoint.dimensions for endpoint in (COSTS, *USAGE))
    fields = ["date", "capability", *_named(dict.fromkeys(dimensions), _names(None))]
    fields += ["amount", "currency", "quantity", "quantity_unit"]
    fields += _once(tuple(metric.name for metric in endpoint.metrics) for endpoint in USAGE)
    file = io.StringIO()
    # Up to Python 3.12, only what ends a line is quoted: a name may hold either of the two.
    writer = csv.DictWriter(file, fields, lineterminator="\r\n")
    writer.writeheader()
    for row in _costs(store, scope, currency) if scope.section not in CAPABILITIES else ():
        writer.writerow({**_harmless(row), "capability": COSTS.name, "currency": currency})
    for row in _usage(store, scope):
        writer.writerow(_harmless(row))
    return file.getvalue()


def _once(names: "Iterator[tuple[str, ...]]") -> list[str]:
    return list(dict.fromkeys(name for some in names for name in some))


_Names = Mapping[str, tuple[str, Mapping[str, str | None]]]
"""By dimension, under which heading its names are written, and the name of each id."""


def _names(directory: Directory | None) -> _Names:
    known = directory or Directory()
    return {
        "project_id": ("project_name", {one.id: one.name for one in known.projects.values()}),
        "api_key_id": ("api_key_name", {one.id: one.name for one in known.api_keys.values()}),
        "user_id": ("user_name", {one.id: one.name or one.email for one in known.users.values()}),
    }


def _named(dimensions: Mapping[str, str | None], names: _Names) -> dict[str, str | None]:
    """Each id with its name behind it; None where it has none."""
    found: dict[str, str | None] = {}
    for dimension, value in dimensions.items():
        found[dimension] = value
        if dimension in names:
            heading, known = names[dimension]
            found[heading] = known.get(value or "")
    return found


def _harmless(row: Mapping[str, Any]) -> dict[str, Any]:
    """Names come from the network: a spreadsheet must not take one for a formula."""
    texts = {"date", "amount", "quantity"}
    return {
        name: f"'{value}" if isinstance(value, str) and name not in texts and _may_be_a_formula(value) else value
        for name, value in row.items()
    }


def _may_be_a_formula(text: str) -> bool:
    """Also behind what cannot be seen, in wide characters, or where a spreadsheet begins another cell."""
    return any(_FORMULA.match(part) for part in _SPLITS_CELLS.split(unicodedata.normalize("NFKC", text)))


def _costs(store: Store, scope: Scope, currency: str) -> Iterator[dict[str, Any]]:
    """Of the finest split that is there whole, and one row a day for what that split leaves out."""
    filters = {**scope.filters, "currency": frozenset({currency})}
    total, split = cost_query(scope.filters), _finest(store, scope)
    keep, names = passes(COSTS, filters), _names(store.directory)
    rest = {bucket.start: _amount(store, total, bucket, keep) for bucket in store.buckets[total].of(scope.days)}
    buckets = store.buckets[split]
    for bucket in buckets.of(scope.days):
        for number, amount, quantity in zip(
            bucket.keys, bucket.columns[_AMOUNT], bucket.columns[_QUANTITY], strict=True
        ):
            key = dict(zip(COSTS.fields, buckets.keys[number], strict=True))
            if not keep(buckets.keys[number]):
                continue
            if split is not total and bucket.start in rest:
                with money.exact():
                    rest[bucket.start] -= amount
            yield _cost_row(bucket.start, Decimal(amount), key, Decimal(quantity) or None, names)
    if split is not total:
        # What all of it is narrowed to is known of the rest too.
        narrowed = {name: next(iter(values)) for name, values in scope.filters.items() if len(values) == 1}
        for start, amount in rest.items():
            if amount:
                yield _cost_row(start, amount, narrowed, None, names)


def _amount(store: Store, query: Query, bucket: Any, keep: Any) -> Decimal:  # noqa: ANN401
    keys = store.buckets[query].keys
    return money.total(
        Decimal(amount)
        for number, amount in zip(bucket.keys, bucket.columns[_AMOUNT], strict=True)
        if keep(keys[number])
    )


def _finest(store: Store, scope: Scope) -> Query:
    """The split that is shown, else by project and line item; the sum alone where neither is there whole.

    Days for which OpenAI does not give the split are then in rows of what it leaves out.
    """
    shown = [scope.group_by] if scope.measure == "spend" else []
    for query in [cost_query(scope.filters, by) for by in (*shown, "line_item")]:
        asked = queries.given(query, scope.days)
        if asked is not None and not store.buckets[query].missing(asked):
            return query
    return cost_query(scope.filters)


def _cost_row(
    start: int, amount: Decimal, key: Mapping[str, str | None], quantity: Decimal | None, names: _Names
) -> dict[str, Any]:
    return {
        "date": _date(start, "1d"),
        "amount": money.plain(amount),
        **_named({dimension: key.get(dimension) for dimension in COSTS.dimensions}, names),
        "quantity": None if quantity is None else money.plain(quantity),
        "quantity_unit": key.get("quantity_unit"),
    }


def _usage(store: Store, scope: Scope) -> Iterator[dict[str, Any]]:
    """Every row by day, and what the chart shows as fine as it shows it; of a capability's section only its own."""
    names, shown = _names(store.directory), CAPABILITIES.get(scope.section)
    charted = queries.measured(scope)
    for endpoint in USAGE if shown is None else (shown,):
        if not can_be_narrowed(endpoint, scope.filters):
            continue
        width = scope.width if endpoint in charted else "1d"
        query = usage_query(endpoint, width)
        keep = passes(endpoint, scope.filters)
        buckets = store.buckets[query]
        for bucket in buckets.of(scope.days):
            for at, number in enumerate(bucket.keys):
                key = buckets.keys[number]
                if keep(key):
                    yield {
                        "date": _date(bucket.start, width),
                        "capability": endpoint.name,
                        **_named(dict(zip(endpoint.dimensions, key, strict=True)), names),
                        **{
                            metric.name: column[at]
                            for metric, column in zip(endpoint.metrics, bucket.columns, strict=True)
                        },
                    }


def _date(start: int, width: str) -> str:
    moment = datetime.fromtimestamp(start, UTC)
    return f"{moment:%Y-%m-%d}" if width == "1d" else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _umask() -> int:
    """It can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
