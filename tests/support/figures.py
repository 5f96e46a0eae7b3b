"""Figures by hand: rows as OpenAI would count and bill them, in a store, and the views' state of them.

    figures = Figures()
    figures.bill(TODAY, "4.20", project_id="proj_a", line_item="gpt-5, output")
    figures.use("completions", TODAY, model="gpt-5", input_tokens=7, num_model_requests=1)
    views.panel_view(figures.state(Selection(period="7d")))

The store answers every question that the selection asks, split as it asks. Questions that are `refused` are left
unanswered; rows that are `left_out` of a question are not in its answer.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from openai_usage import money, queries, report
from openai_usage.days import Days, last_days, midnight, month_of
from openai_usage.endpoints import COSTS, USAGE, Endpoint, Query
from openai_usage.openai_api import ApiError, Fault
from openai_usage.protocol import Selection
from openai_usage.rows import Bucket
from openai_usage.scope import FIRST_SELECTION, merged, scope
from openai_usage.settings import DEFAULT_BASE_URL
from openai_usage.store import Store
from openai_usage.views import State

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
TODAY = NOW.date()
REFUSED = ApiError(Fault.BAD_REQUEST, "These dimensions cannot be combined.", status=400)

_ENDPOINTS = {endpoint.name: endpoint for endpoint in USAGE}
_SECONDS = {"1d": 86_400, "1h": 3600, "1m": 60}


@dataclass(frozen=True)
class FigureRow:
    """One row, `start` in Unix seconds."""

    start: int
    dimensions: dict[str, str | None]
    numbers: dict[str, Any]


class Figures:
    """What was billed and used."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.refused: Callable[[Query], bool] = lambda _: False
        self.left_out: Callable[[Query, FigureRow], bool] = lambda _, __: False
        self.first_day: date | None = None
        self._rows: defaultdict[Endpoint, list[FigureRow]] = defaultdict(list)

    def bill(
        self, day: date, amount: str, *, currency: str = "usd", quantity: str = "0", **dimensions: str | None
    ) -> None:
        """One row of the bill."""
        numbers = {"amount": Decimal(amount), "quantity": Decimal(quantity)}
        self._rows[COSTS].append(FigureRow(midnight(day), {"currency": currency, **dimensions}, numbers))

    def use(self, capability: str, day: date, *, second: int = 0, **row: str | int | None) -> None:
        """One row of a capability's use, `second` of the day."""
        endpoint = _ENDPOINTS[capability]
        names = {metric.name for metric in endpoint.metrics}
        numbers = {name: value for name, value in row.items() if name in names}
        texts = {name: str(value) for name, value in row.items() if name not in names and value is not None}
        assert set(texts) <= set(endpoint.dimensions), texts
        self._rows[endpoint].append(FigureRow(midnight(day) + second, dict(texts), numbers))

    def store(self, selection: Selection = FIRST_SELECTION) -> Store:
        """Everything that a selection asks, answered."""
        store = Store()
        chosen = scope(merged(FIRST_SELECTION, selection), self.now.date(), self.first_day)
        recent = month_of(self.now.date()).union(last_days(8, self.now.date()))
        for query in (queries.TOTAL, queries.BASE):
            self._answer(store, query, recent.union(chosen.days) if recent.touches(chosen.days) else recent)
        for query in dict.fromkeys([*queries.cost_queries(chosen), *queries.usage_queries(chosen)]):
            self._answer(store, query, chosen.days)
        for query in queries.compared(chosen):
            self._answer(store, query, chosen.before)
        return store

    def state(self, selection: Selection = FIRST_SELECTION, **more: Any) -> State:  # noqa: ANN401 - fields of a State
        """What the views are drawn from."""
        whole = merged(FIRST_SELECTION, selection)
        store = self.store(selection)
        total = store.buckets[queries.TOTAL]
        bill = report.bill(total)
        chosen = scope(whole, self.now.date(), self.first_day)
        failures: dict[Any, ApiError] = {
            query: REFUSED
            for query in (*queries.cost_queries(chosen), *queries.usage_queries(chosen))
            if self.refused(query)
        }
        state: dict[str, Any] = {
            "now": self.now,
            "base_url": DEFAULT_BASE_URL,
            "selection": whole,
            "as_of": self.now,
            "first_day": self.first_day,
            "organization": bill.organization_name,
            "currency": bill.currency,
            "left_out": bill.left_out,
            "recent": report.recent(total, store.buckets[queries.BASE], bill.currency, self.now.date()),
            "report": report.report(store, chosen, bill.currency, self.now),
            "failures": failures,
        }
        return State(**{**state, **more})

    def _answer(self, store: Store, query: Query, days: Days) -> None:
        given = queries.given(query, days)
        if given is None or self.refused(query):
            return
        buckets = store.buckets[query]
        asked = set(query.group_by)
        width = _SECONDS[query.width]
        found = []
        for start in range(given.start_time, min(given.end_time, int(self.now.timestamp())), width):
            sums: dict[tuple[str | None, ...], dict[str, Any]] = {}
            for row in self._rows[query.endpoint]:
                if not start <= row.start < start + width or not _is_asked(query, row) or self.left_out(query, row):
                    continue
                labels = set(query.endpoint.labels)
                key = tuple(
                    row.dimensions.get(one) if one in asked or one in labels else None for one in query.endpoint.fields
                )
                numbers = sums.setdefault(key, {})
                with money.exact():
                    for name, number in row.numbers.items():
                        numbers[name] = numbers.get(name, 0) + number
            columns = tuple([one.get(metric.name, 0) for one in sums.values()] for metric in query.endpoint.metrics)
            found.append(Bucket(start, [buckets.keys.number(key) for key in sums], columns))
        buckets.put(given, found, self.now)


def _is_asked(query: Query, row: FigureRow) -> bool:
    return all(row.dimensions.get(dimension) in values for dimension, values in query.only)
