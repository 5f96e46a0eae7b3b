"""The pages of the usage endpoints and of the costs: buckets of time, each with results by the dimensions asked for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, TypeVar

from openai_usage.demo.endpoints import COSTS, USAGE
from openai_usage.demo.organization import CostRow, Organization, UsageRow, exact_sum
from openai_usage.demo.query import SECONDS, Query, RequestError, cursor, parse, position
from openai_usage.demo.roster import DAY

Json = dict[str, Any]
Amounts = Literal["number", "string"]
_Row = TypeVar("_Row", CostRow, UsageRow)

_SPLIT_SINCE: Final = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())
"""Before, cache writes are not told apart by how long they are kept: the SDK allows null for older data."""
_SPLIT: Final = ("input_cache_write_30m_tokens", "input_cache_write_12h_tokens")


class _Span(NamedTuple):
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Buckets:
    """What one organisation used and was billed, as JSON objects in which amounts are Decimal or, if asked for, str."""

    organization: Organization
    amounts: Amounts = "number"

    def usage(self, name: str, query_string: str) -> Json:
        """A page of one usage endpoint. Raises RequestError."""
        query = parse(USAGE[name], query_string)

        def results(span: _Span) -> Iterator[Json]:
            for group in _groups(query, self.organization.usage(name, span.start, span.end)):
                yield _usage_result(query, group, split=span.start >= _SPLIT_SINCE)

        # Not snapped at the left edge: the first bucket begins at start_time itself (live, January 2025).
        return self._page(query, position(query), results, whole=False)

    def costs(self, query_string: str) -> Json:
        """A page of costs. Raises RequestError."""
        query = parse(COSTS, query_string)
        self._refuse_user_and_project(query)
        describe = self._describe_costs(query)
        # What belongs to no key and no user is a row of its own, with null. What is not attributed is no row at all.
        by_owner = not {"api_key_id", "user_id"}.isdisjoint(query.group_by)

        def results(span: _Span) -> Iterator[Json]:
            rows = self.organization.costs(span.start // DAY)
            return map(describe, _groups(query, (row for row in rows if row.attributed or not by_owner)))

        # A bill has no finer grain than the day: an unaligned start means its whole day. (Live: not known.)
        return self._page(query, position(query) // DAY * DAY, results, whole=True)

    def _refuse_user_and_project(self, query: Query) -> None:
        """The SDK: this depends on the organisation, and what is not supported is a 400. The sentence is not known."""
        projects = "project_id" in query.group_by or any(name == "project_id" for name, _ in query.filters)
        if "user_id" in query.group_by and projects and not self.organization.cost_by_user_and_project:
            raise RequestError(
                "group_by=user_id cannot be combined with project_id or project_ids for this organization "
                "and time range.",
                param="group_by",
            )

    def _page(self, query: Query, start: int, results: Callable[[_Span], Iterator[Json]], *, whole: bool) -> Json:
        end = query.end_time
        if end is None:
            end = (self.organization.clock() // DAY + 1) * DAY
        spans = list(islice(_spans(start, end, SECONDS[query.bucket_width], whole=whole), query.given + 1))
        following = spans[query.given :]
        return {
            "object": "page",
            "data": [
                {
                    "object": "bucket",
                    "start_time": span.start,
                    "end_time": span.end,
                    "results": list(results(span)),
                }
                for span in spans[: query.given]
            ],
            "has_more": bool(following),
            "next_page": cursor(query, following[0].start) if following else None,
        }

    def _describe_costs(self, query: Query) -> Callable[[Sequence[CostRow]], Json]:
        """What makes a result of the rows of one group."""
        nothing = {
            "object": COSTS.result,
            "amount": None,
            **dict.fromkeys(COSTS.dimensions),
            "quantity": None,
            "quantity_unit": None,
            # Not documented, but seen live in August and September 2026.
            "organization_id": self.organization.id,
            "organization_name": self.organization.name,
            "project_name": None,
            "user_email": None,
        }
        projects = {project.id: project.name for project in self.organization.projects}
        emails = self.organization.roster.emails()

        def describe(rows: Sequence[CostRow]) -> Json:
            first = rows[0]
            amount = exact_sum(row.amount for row in rows)
            result: Json = nothing | _dimensions(query, first)
            result["amount"] = {"value": amount if self.amounts == "number" else str(amount), "currency": "usd"}
            if "line_item" in query.group_by and first.quantity is not None:
                result["quantity"] = sum(row.quantity or 0 for row in rows)
                result["quantity_unit"] = first.quantity_unit
            if "project_id" in query.group_by:
                result["project_name"] = projects[first.project_id]
            if "user_id" in query.group_by:
                result["user_email"] = emails.get(first.user_id or "")
            return result

        return describe


def _spans(start: int, end: int, width: int, *, whole: bool) -> Iterator[_Span]:
    """Buckets from `start` to `end`, cut at multiples of `width`. `whole` ones are not cut short by `end`."""
    while start < end:
        edge = (start // width + 1) * width
        yield _Span(start, edge if whole else min(edge, end))
        start = edge


def _groups(query: Query, rows: Iterable[_Row]) -> Iterable[list[_Row]]:
    """The rows that pass the filters, by the dimensions asked for. Two groups may look alike: see `shard`."""
    key = attrgetter(*query.group_by, "shard") if query.group_by else lambda _: ()
    groups: dict[object, list[_Row]] = {}
    for row in rows:
        if all(getattr(row, dimension) in allowed for dimension, allowed in query.filters):
            groups.setdefault(key(row), []).append(row)
    return groups.values()


def _dimensions(query: Query, row: CostRow | UsageRow) -> Json:
    return {name: getattr(row, name) for name in query.group_by}


def _usage_result(query: Query, rows: Sequence[UsageRow], *, split: bool) -> Json:
    counts = dict(rows[0].counts)
    for row in rows[1:]:
        for kind, count in row.counts.items():
            counts[kind] = counts.get(kind, 0) + count
    endpoint = query.endpoint
    result: Json = {"object": endpoint.result}
    for metric, kinds in endpoint.metrics.items():
        result[metric] = sum([counts.get(kind, 0) for kind in kinds])
    if not split and result.keys() >= set(_SPLIT):
        result |= dict.fromkeys(_SPLIT)
    return result | dict.fromkeys(endpoint.dimensions) | _dimensions(query, rows[0])
