"""Rankings as tables: ordered whole, and drawn as far as they are sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Generic, Literal, TypeVar

from openai_usage import money
from openai_usage.endpoints import COSTS, USAGE, Endpoint, Metric
from openai_usage.protocol import Cell, Column, GroupBy, Row, SectionId, Selection, Sort, Table
from openai_usage.report import BESIDE_SPEND, Entry, Estimate, Ranking, Report, model_of
from openai_usage.report.split import REMAINDER
from openai_usage.scope import CAPABILITIES, RANKED
from openai_usage.views.controls import only
from openai_usage.views.estimates import estimate_text, is_unknown
from openai_usage.views.metrics import change_of, count_text, share_of
from openai_usage.views.names import name_of
from openai_usage.views.numbers import UNKNOWN
from openai_usage.views.state import State
from openai_usage.views.words import DIMENSIONS, MEASURES, QUANTITY_UNITS, WORKSPACE, in_a_sentence, metric_title

NOTHING: Final = Cell(text=UNKNOWN)
_FIRST_ROWS: Final = 50
_SHORTENED_ROWS: Final = 5
_IDS: Final[dict[str, SectionId]] = {dimension: section for section, dimension in RANKED.items()}
_UNITS: Final = {metric.name: metric for endpoint in (*USAGE, COSTS) for metric in endpoint.metrics} | {
    name: Metric(name, "calls") for name in ("web_search_calls", "file_search_calls")
}

Item = TypeVar("Item")
Sortable = Decimal | int | str | None


@dataclass(frozen=True, slots=True)
class Field(Generic[Item]):
    """A column of a table: how it is drawn for an item, and by what it orders them. None is last in either order."""

    id: str
    title: str
    cell: Callable[[Item], Cell]
    value: Callable[[Item], Sortable]
    unit: str | None = None
    align: Literal["left", "right"] = "right"

    def column(self, table: str, *, sorted_: bool = False, descending: bool = True) -> Column:
        """As it is sent. A click orders by it, largest first or by the alphabet, and a second one the other way."""
        first = self.align == "right"
        sort = Sort(table=table, column=self.id, descending=not descending if sorted_ else first)
        order: Literal["ascending", "descending"] = "descending" if descending else "ascending"
        return Column(
            id=self.id,
            title=self.title,
            unit=self.unit,
            align=self.align,
            sorted=order if sorted_ else None,
            select=Selection(sort=sort),
        )


@dataclass(frozen=True, slots=True)
class FullTable(Generic[Item]):
    """A table before it is ordered, cut and drawn: of a thousand rows, a few are looked at."""

    id: str
    title: str
    fields: Sequence[Field[Item]]
    items: Sequence[Item]
    """As they come: largest first, where there is an order."""
    key: Callable[[Item], str | None]
    select: Callable[[Item], Selection | None]
    ordered_by: str | None = None
    """The field by which the items come ordered."""
    rest: Sequence[Row] = ()
    """Rows that stay at the end, whatever the order."""
    total: Row | None = None
    bars: str | None = None
    """The field that is also drawn as bars."""

    def whole(self, state: State) -> Table:
        """Ordered, in its own section: the first rows, or all that there are."""
        items, columns = self._drawn(state, self.fields)
        wanted = list(state.selection.all_rows or ())
        is_open = self.id in wanted
        more = [one for one in wanted if one != self.id] if is_open else [*wanted, self.id]
        shown = items if is_open else items[:_FIRST_ROWS]
        return Table(
            id=self.id,
            title=self.title,
            columns=columns,
            rows=[*(self._row(item, self.fields) for item in shown), *self.rest],
            row_count=len(items) + len(self.rest),
            more=Selection(all_rows=more) if len(items) > _FIRST_ROWS else None,
            total=self.total,
            bars=self.bars,
        )

    def shortened(self, state: State, width: int, section: SectionId) -> Table:
        """The first rows and columns, with the way to all of them."""
        fields = self.fields[:width]
        items, columns = self._drawn(state, fields)

        def cut(row: Row) -> Row:
            return row.model_copy(update={"cells": row.cells[:width]})

        return Table(
            id=self.id,
            title=self.title,
            columns=columns,
            rows=[*(self._row(item, fields) for item in items[:_SHORTENED_ROWS]), *map(cut, self.rest)],
            row_count=len(self.items) + len(self.rest),
            open=Selection(section=section),
            total=cut(self.total) if self.total else None,
            bars=self.bars,
        )

    def as_markdown(self, state: State) -> str:
        """All rows, ordered as they are shown."""
        items, _, _ = self._ordered(state)
        rows = [*(self._row(item, self.fields) for item in items), *self.rest, *([self.total] if self.total else [])]
        lines = [[_said(field.title) for field in self.fields], [_RULES[field.align] for field in self.fields]]
        lines += [[_said(cell.text, cell.detail) for cell in row.cells] for row in rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def _row(self, item: Item, fields: Sequence[Field[Item]]) -> Row:
        return Row(
            id=f"={self.key(item) or ''}", cells=[field.cell(item) for field in fields], select=self.select(item)
        )

    def _drawn(self, state: State, fields: Sequence[Field[Item]]) -> tuple[Sequence[Item], list[Column]]:
        items, by, descending = self._ordered(state)
        columns = [
            field.column(self.id, sorted_=field.id == by, descending=descending or field.id != by) for field in fields
        ]
        return items, columns

    def _ordered(self, state: State) -> tuple[Sequence[Item], str | None, bool]:
        """The items, the field that orders them, and whether largest first."""
        sort = state.selection.sort
        field = next((one for one in self.fields if sort and sort.table == self.id and one.id == sort.column), None)
        if sort is None or field is None:
            return self.items, self.ordered_by, True
        values = [(field.value(item), item) for item in self.items]
        known = [(value, item) for value, item in values if value is not None]
        # One field's values are all texts or all numbers.
        known.sort(key=lambda pair: pair[0], reverse=sort.descending)
        ordered = [item for _, item in known] + [item for value, item in values if value is None]
        return ordered, field.id, sort.descending


def ranking_table(state: State, report: Report, ranking: Ranking) -> FullTable[Entry]:
    """All of a ranking."""
    # The dimensions come from our own table of them.
    by: GroupBy = ranking.by  # type: ignore[assignment]
    endpoint = CAPABILITIES.get(report.scope.section)
    total = Entry(None, ranking.spend, ranking.before, ranking.used)
    fields: list[Field[Entry]] = [
        Field(
            "name",
            DIMENSIONS[by].one,
            lambda entry: _name_cell(state, by, entry),
            lambda entry: name_of(by, entry.key, state.directory).text.casefold(),
            align="left",
        )
    ]
    if ranking.measured:
        fields += _measure_fields(state, report, ranking)
    if ranking.has_spend:
        fields += _spend_fields(state, ranking)
    # The bill of 2023 tells no quantities.
    if by == "line_item" and report.scope.told.kind != "legacy":
        fields.append(
            Field("quantity", "Quantity", lambda entry: _quantity(state, entry), lambda entry: entry.quantity)
        )
    if any(entry.key in report.estimates.by.get(by, {}) for entry in ranking.entries) and endpoint is None:
        fields.append(_estimate_field(state, report.estimates.by[by], ranking, total))
    there = {field.id for field in fields}
    fields += [_count_field(state, name, endpoint) for name in _metrics(ranking, endpoint) if name not in there]
    main = next((field.id for field in fields[1:]), None)
    return FullTable(
        id=_IDS.get(by, by) if endpoint is None else f"{endpoint.name}-by-{by}",
        title=DIMENSIONS[by].many if endpoint is None else f"By {in_a_sentence(DIMENSIONS[by].one)}",
        fields=fields,
        items=ranking.entries,
        key=lambda entry: entry.key,
        select=lambda entry: _drill(by, entry, report),
        ordered_by=main,
        bars=main,
        rest=[_remainder(state, by, ranking, fields)] if ranking.remainder else [],
        total=Row(id="total", cells=[Cell(text="Total"), *(field.cell(total) for field in fields[1:])]),
    )


_RULES: Final = {"left": ":--", "right": "--:"}


def _said(text: str, detail: str | None = None) -> str:
    text = f"{text} ({detail})" if detail else text
    for character in "\\|`*_~<[&":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def _measure_fields(state: State, report: Report, ranking: Ranking) -> list[Field[Entry]]:
    """What was chosen to be measured, and its shares."""
    measure, endpoint = report.scope.measure, CAPABILITIES.get(report.scope.section)
    if len(ranking.measured) == 1:
        main = _count_field(state, ranking.measured[0], endpoint)
    else:

        def cell(entry: Entry) -> Cell:
            count = ranking.measure(entry.used)
            return NOTHING if count is None else Cell(text=count_text(state, count, measure), value=str(count))

        main = Field(measure, MEASURES[measure], cell, lambda entry: ranking.measure(entry.used), measure)

    def number(used: Mapping[str, int]) -> Decimal | None:
        count = ranking.measure(used)
        return None if count is None else Decimal(count)

    return [main, _share_field(state, lambda entry: number(entry.used), number(ranking.used))]


def _spend_fields(state: State, ranking: Ranking) -> list[Field[Entry]]:
    fields: list[Field[Entry]] = [
        Field("spend", "Spend", lambda entry: _money(state, entry.spend), lambda entry: entry.spend, state.currency),
    ]
    if not ranking.measured:
        fields.append(_share_field(state, lambda entry: entry.spend, ranking.spend))
    if ranking.before is not None:
        title = "Spend change" if ranking.measured else "Change"
        fields.append(Field("change", title, lambda entry: _change(state, entry), _change_of, "percent"))
    return fields


def _share_field(state: State, of: Callable[[Entry], Decimal | None], total: Decimal | None) -> Field[Entry]:
    return Field(
        "share",
        "Share",
        lambda entry: _share(state, of(entry), total),
        lambda entry: None if _share_of(of(entry), total) is None else of(entry),
        "percent",
    )


def _estimate_field(
    state: State, by_value: Mapping[str | None, Estimate], ranking: Ranking, total: Entry
) -> Field[Entry]:
    """Of what no bill is split by."""
    # Not by the key: what is not attributed has none, and neither has the total.
    found = {id(entry): by_value[entry.key] for entry in ranking.entries if entry.key in by_value}
    amounts = {entry: estimate.amount for entry, estimate in found.items() if not is_unknown(estimate)}
    if known := [estimate.amount for estimate in by_value.values() if not is_unknown(estimate)]:
        amounts[id(total)] = money.total(known)

    def cell(entry: Entry) -> Cell:
        amount = amounts.get(id(entry))
        return NOTHING if amount is None else Cell(text=estimate_text(state, amount), value=money.plain(amount))

    return Field("estimate", "Estimated", cell, lambda entry: amounts.get(id(entry)), state.currency)


def _metrics(ranking: Ranking, endpoint: Endpoint | None) -> list[str]:
    if endpoint is None:
        return [name for name in BESIDE_SPEND if name in ranking.metrics]
    return [metric.name for metric in endpoint.metrics if metric.name in ranking.metrics]


def _count_field(state: State, name: str, endpoint: Endpoint | None) -> Field[Entry]:
    metric = _UNITS[name]

    def cell(entry: Entry) -> Cell:
        count = entry.used.get(name)
        return NOTHING if count is None else Cell(text=count_text(state, count, metric.unit), value=str(count))

    title = metric_title(metric)
    if endpoint is None and metric.unit == "tokens":
        title = f"{title} tokens"
    if metric.unit == "bytes":
        title = f"{title}, days added up"
    return Field(name, title, cell, lambda entry: entry.used.get(name), metric.unit)


def _name_cell(state: State, by: GroupBy, entry: Entry) -> Cell:
    name = name_of(by, entry.key, state.directory)
    # A filter is by model: what a click on a line item shows is more than that line item.
    title = f"Show all of {model_of(entry.key)}" if by == "line_item" and entry.key else name.title
    is_ours = by == "api_key_id" and state.workspace is not None and entry.key and entry.key == state.workspace.id
    return Cell(text=name.text, detail=name.detail, title=title, badge=WORKSPACE if is_ours else None)


def _remainder(state: State, by: GroupBy, ranking: Ranking, fields: Sequence[Field[Entry]]) -> Row:
    entry = Entry(None, ranking.remainder, None, {})
    name = name_of(by, REMAINDER, state.directory)
    cells = [Cell(text=name.text, title=name.title), *(field.cell(entry) for field in fields[1:])]
    return Row(id="remainder", cells=cells, is_remainder=True)


def _quantity(state: State, entry: Entry) -> Cell:
    if entry.quantity is None:
        return NOTHING
    unit = QUANTITY_UNITS.get(entry.quantity_unit or "", (entry.quantity_unit or "").replace("_", " "))
    whole_number = entry.quantity == entry.quantity.to_integral_value()
    number = state.numbers.count(int(entry.quantity)) if whole_number else state.numbers.rounded(entry.quantity)
    return Cell(text=f"{number} {unit}".strip(), value=money.plain(entry.quantity))


def _money(state: State, amount: Decimal | None) -> Cell:
    return NOTHING if amount is None else Cell(text=state.money(amount), value=money.plain(amount))


def _share(state: State, amount: Decimal | None, total: Decimal | None) -> Cell:
    share = _share_of(amount, total)
    return NOTHING if share is None else Cell(text=state.numbers.share(share), value=money.plain(share))


def _share_of(amount: Decimal | None, total: Decimal | None) -> Decimal | None:
    return share_of(amount, total) if amount is not None and total is not None else None


def _change_of(entry: Entry) -> Decimal | None:
    return None if entry.spend is None or entry.before is None else change_of(entry.spend, entry.before)


def _change(state: State, entry: Entry) -> Cell:
    if entry.spend is None or entry.before is None or not (entry.spend or entry.before):
        return NOTHING
    change = _change_of(entry)
    before = f"Before: {state.money(entry.before)}"
    if change is None:
        return Cell(text="new" if not entry.before else UNKNOWN, title=before)
    return Cell(text=state.numbers.change(change), value=money.plain(change), title=before)


def _drill(by: GroupBy, entry: Entry, report: Report) -> Selection | None:
    """What a click on the row narrows to; None where that cannot be, or is already so."""
    if not entry.key:
        return None
    dimension: GroupBy = "model" if by == "line_item" else by
    value = model_of(entry.key) if by == "line_item" else entry.key
    if report.scope.filters.get(dimension) == frozenset({value}):
        return None
    if not (narrowed := only(dimension, value)):
        return None
    section = report.scope.section
    return Selection(**narrowed, section=section if section in CAPABILITIES else "overview")
