"""Rows into totals, series and rankings. Pure: what day it is, is an argument.

Billed money and measured tokens stay apart: a spend is only ever a sum of cost rows.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from openai_usage import money
from openai_usage.days import Days, last_days, month_of
from openai_usage.protocol import GroupBy
from openai_usage.rows import CompletionsRow, CostRow

Key = str | None
"""A dimension's value; None where OpenAI gives none."""

OTHER: Final = object()
_MOST_SERIES: Final = 7
_MODALITY: Final = re.compile(r" (?:image|text|audio)$")


@dataclass(frozen=True, slots=True)
class Bill:
    """Cost rows of one currency. Amounts of different ones are never added up."""

    rows: list[CostRow]
    currency: str
    """Lower-case ISO 4217."""
    left_out: frozenset[str]
    """The currencies whose rows are not in here."""
    organization_name: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the spend."""

    key: Key
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Recent:
    """What the status bar tells: spend up to `today`, UTC days."""

    today: Decimal
    yesterday: Decimal
    last_7_days: Decimal
    month: Decimal
    month_line_items: list[Share]
    """Of this month, largest first."""


@dataclass(frozen=True, slots=True)
class DailySeries:
    """One layer of the chart: an amount for each day. `key` is OTHER for the sum of the small ones."""

    key: Key | object
    amounts: list[Decimal]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What models were used for. `input_tokens` includes the cached ones."""

    input_tokens: int = 0
    input_cached_tokens: int = 0
    output_tokens: int = 0
    num_model_requests: int = 0

    @property
    def total(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens

    def plus(self, row: CompletionsRow) -> "Tokens":
        """With one row more."""
        return Tokens(
            self.input_tokens + row.input_tokens,
            self.input_cached_tokens + row.input_cached_tokens,
            self.output_tokens + row.output_tokens,
            self.num_model_requests + row.num_model_requests,
        )


@dataclass(frozen=True, slots=True)
class ModelTotals:
    """One model or tool: what was billed under its name, and what it was used for; None where there is nothing."""

    key: Key
    amount: Decimal | None
    tokens: Tokens | None


@dataclass(frozen=True, slots=True)
class Spend:
    """The billed side of a period."""

    days: Days
    total: Decimal
    series: list[DailySeries]
    daily: list[Decimal]
    """The sum of all series, for each day."""
    line_items: list[Share]
    projects: list[Share]


def bill(rows: Sequence[CostRow]) -> Bill:
    """What can be added up of `rows`, which come oldest first: those in the currency of the newest day with costs.

    The newest row that tells it has the organisation's name.
    """
    found = {row.currency for row in rows if row.amount}
    newest = max((row.day for row in rows if row.amount), default=None)
    of_newest = {row.currency for row in rows if row.amount and row.day == newest}
    currency = "usd" if "usd" in of_newest or not found else min(of_newest)
    return Bill(
        rows=[row for row in rows if row.currency == currency] if found - {currency} else list(rows),
        currency=currency,
        left_out=frozenset(found - {currency}),
        organization_name=next((row.organization_name for row in reversed(rows) if row.organization_name), None),
    )


def recent(rows: Sequence[CostRow], today: date) -> Recent:
    """Spend of the days around `today`; `rows` have to reach back over its month and its last 7 days."""

    def spent(days: Days) -> Decimal:
        return money.total(row.amount for row in rows if row.day in days)

    yesterday = today - timedelta(days=1)
    month = month_of(today)
    return Recent(
        today=spent(Days(today, today)),
        yesterday=spent(Days(yesterday, yesterday)),
        last_7_days=spent(last_days(7, today)),
        month=spent(month),
        month_line_items=_ranking((row for row in rows if row.day in month), lambda row: row.line_item),
    )


def spend(rows: Sequence[CostRow], days: Days, group_by: GroupBy) -> Spend:
    """The billed side of `days`; rows of other days have to be left out by the caller."""
    by_day: dict[date, list[Decimal]] = defaultdict(list)
    for row in rows:
        by_day[row.day].append(row.amount)
    return Spend(
        days=days,
        total=money.total(row.amount for row in rows),
        series=_series(rows, days, _DIMENSIONS[group_by]),
        daily=[money.total(by_day[day]) for day in days],
        line_items=_ranking(rows, lambda row: row.line_item),
        projects=_ranking(rows, lambda row: row.project_id),
    )


def tokens(rows: Iterable[CompletionsRow]) -> Tokens:
    """All rows together."""
    result = Tokens()
    for row in rows:
        result = result.plus(row)
    return result


def models(cost_rows: Iterable[CostRow], completions_rows: Iterable[CompletionsRow]) -> list[ModelTotals]:
    """Models and tools, by spend and then by tokens. The spends add up to the whole.

    OpenAI bills by line item, which begins with the model's name; bill and usage may spell a model differently
    ("gpt-image-1" and "gpt-image-1-2025-04-23"), and such a model then has two rows.
    """
    amounts = _sums(cost_rows, _model)
    used: dict[Key, Tokens] = {}
    for row in completions_rows:
        used[row.model] = used.get(row.model, Tokens()).plus(row)
    found = [ModelTotals(key, amounts.get(key), used.get(key)) for key in amounts.keys() | used.keys()]
    return sorted(found, key=_model_rank)


def model_of(line_item: str) -> str:
    """The model or tool a line item bills for: "gpt-image-1 text, input" is for gpt-image-1."""
    return _MODALITY.sub("", line_item.split(",", maxsplit=1)[0].strip())


def _model(row: CostRow) -> Key:
    return None if row.line_item is None else model_of(row.line_item)


_DIMENSIONS: Mapping[GroupBy, Callable[[CostRow], Key]] = {
    "line_item": lambda row: row.line_item,
    "model": _model,
    "project_id": lambda row: row.project_id,
}


def _sums(rows: Iterable[CostRow], key: Callable[[CostRow], Key]) -> dict[Key, Decimal]:
    amounts: dict[Key, list[Decimal]] = defaultdict(list)
    for row in rows:
        amounts[key(row)].append(row.amount)
    return {one: money.total(parts) for one, parts in amounts.items()}


def _ranking(rows: Iterable[CostRow], key: Callable[[CostRow], Key]) -> list[Share]:
    shares = (Share(one, amount) for one, amount in _sums(rows, key).items())
    return sorted(shares, key=lambda share: (-share.amount, share.key or ""))


def _series(rows: Sequence[CostRow], days: Days, key: Callable[[CostRow], Key]) -> list[DailySeries]:
    """A layer for each of the largest, the rest as one. What was billed nothing at all makes no layer."""
    cells: dict[Key, dict[date, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.amount:
            cells[key(row)][row.day].append(row.amount)
    ranked = [share.key for share in _ranking(rows, key) if share.key in cells]
    # "Other" in place of a single layer would only hide its name.
    cut = _MOST_SERIES if len(ranked) > _MOST_SERIES + 1 else len(ranked)
    layers = [DailySeries(one, [money.total(cells[one][day]) for day in days]) for one in ranked[:cut]]
    if rest := ranked[cut:]:
        sums = [money.total(amount for one in rest for amount in cells[one][day]) for day in days]
        layers.append(DailySeries(OTHER, sums))
    return layers


def _model_rank(model: ModelTotals) -> tuple[Decimal, int, str]:
    return -(model.amount or Decimal(0)), -(model.tokens.total if model.tokens else 0), model.key or ""
