"""A little organisation, answered in the process: a few rows a day, so that thousands of answers take no time.

    httpx.AsyncClient(transport=Direct(Little(clock)))

A day's figures grow by the hour until they are settled, and every split of the bill comes to the same sum. Amounts have
34 decimals, some keys have a part that is null. It answers of all keys also where it is asked of one.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import httpx
from pydantic import SecretStr

from openai_usage import openai_api
from openai_usage.days import Days, day_of, midnight
from openai_usage.endpoints import COSTS, USAGE, Query
from openai_usage.openai_api import Client
from openai_usage.store import Buckets, Store

# Project, user, API key, line item and model.
_WHO = (
    ("proj_a", "user_a", "key_a", "gpt-5, input", "gpt-5"),
    ("proj_a", "user_a", "key_a", "gpt-5, output", "gpt-5"),
    ("proj_a", "user_b", "key_b", "images", "dall-e"),
    ("proj_b", None, "key_c", None, "gpt-5"),
    ("proj_b", None, None, "storage", None),
)
_NAMES = ("project_id", "user_id", "api_key_id", "line_item", "model")
_HOUR = 3600
_DAY = 24
_SMALLEST = 10**34
_ENDPOINTS = {endpoint.path: endpoint for endpoint in (COSTS, *USAGE)}


class Little:
    """The organisation; a function of the clock's time."""

    def __init__(self, clock: Callable[[], datetime], first: date = date(2026, 7, 1)) -> None:
        self._clock = clock
        self._first = midnight(first)

    def billed(self, days: Days, key_id: str | None = None) -> Fraction:
        """The bill of `days`, exactly; of one API key, or of all."""
        now = self._clock()
        whose = [who for who, values in enumerate(_WHO) if key_id is None or values[2] == key_id]
        parts = (self._amount(who, midnight(day), now) for day in days for who in whose)
        return Fraction(sum(parts), _SMALLEST)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What is answered now."""
        path = request.url.path.removeprefix("/v1")
        if path not in _ENDPOINTS:
            if path.endswith("/spend_limit"):
                return httpx.Response(404, json={"error": {"message": "There is none."}})
            return httpx.Response(200, json={"object": "list", "data": [], "has_more": False, "last_id": None})
        query, days = asked(request, self._clock().date())
        make = self._costs if query.endpoint is COSTS else self._use
        buckets = []
        for day in days:
            start = midnight(day)
            rows = make(start, query) if start >= self._first else []
            head = f'"object":"bucket","start_time":{start},"end_time":{start + _DAY * _HOUR}'
            buckets.append(f'{{{head},"results":[{",".join(rows)}]}}')
        body = f'{{"object":"page","data":[{",".join(buckets)}],"has_more":false,"next_page":null}}'
        return httpx.Response(200, content=body)

    def _hours(self, start: int, now: datetime, settled_after: int) -> int:
        return max(0, min((int(now.timestamp()) - start) // _HOUR, settled_after))

    def _amount(self, who: int, start: int, now: datetime) -> int:
        # The bill is settled when three days after the day are over, too.
        hours = self._hours(start, now, 4 * _DAY) if start >= self._first else 0
        return hours * ((who + 1) * 10**30 + start + who)

    def _costs(self, start: int, query: Query) -> list[str]:
        now = self._clock()
        sums: dict[tuple[str | None, ...], int] = defaultdict(int)
        for who, values in enumerate(_WHO):
            amount = self._amount(who, start, now)
            named = dict(zip(_NAMES, values, strict=True))
            sums[tuple(named.get(name) for name in query.group_by)] += amount
        return [
            f'{{"object":"organization.costs.result","amount":{{"value":{_decimal(amount)},"currency":"usd"}},'
            f'"organization_name":"Little",{_members(query.group_by, group)}"quantity":null,"quantity_unit":null}}'
            for group, amount in sums.items()
            if amount
        ]

    def _use(self, start: int, query: Query) -> list[str]:
        if query.endpoint is not USAGE[0]:
            return []
        hours = self._hours(start, self._clock(), 2 * _DAY)
        sums: dict[tuple[str | None, ...], int] = defaultdict(int)
        for who, values in enumerate(_WHO):
            named = dict(zip(_NAMES, values, strict=True))
            sums[tuple(named.get(name) for name in query.group_by)] += (who + 1) * hours
        return [
            f'{{"object":"organization.usage.completions.result",{_members(query.group_by, group)}'
            f'"input_tokens":{3 * count},"output_tokens":{count},"num_model_requests":{count}}}'
            for group, count in sums.items()
            if count
        ]


class Direct(httpx.AsyncBaseTransport):
    """Its answers come at once."""

    def __init__(self, organization: Little) -> None:
        self._organization = organization

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._organization.answer(request)


async def read_now(organization: Little, now: datetime, wanted: Mapping[Query, Days]) -> Store:
    """What the organisation says now, in a store that was never used before."""
    store = Store()
    client = Client("https://api.example/v1", SecretStr("sk-admin-" + "x" * 40), transport=Direct(organization))
    for query, days in wanted.items():
        answer = await openai_api.buckets(client, query, days, now.date(), store.buckets[query].keys)
        store.put(query, days, answer, now)
    await client.aclose()
    return store


def rows(buckets: Buckets, days: Days | None = None) -> "Counter[Any]":
    """All of them, whatever their order and the numbers of their keys."""
    found = buckets.of(days) if days else buckets.known()
    return Counter(
        (one.start, buckets.keys[key], *map(Fraction, values))
        for one in found
        for key, *values in zip(one.keys, *one.columns, strict=True)
    )


def asked(request: httpx.Request, today: date) -> tuple[Query, Days]:
    """What a request for figures is about."""
    values = request.url.params
    endpoint = _ENDPOINTS[request.url.path.removeprefix("/v1")]
    last = day_of(int(values["end_time"])) - timedelta(days=1) if "end_time" in values else today
    return Query(endpoint, tuple(values.get_list("group_by[]"))), Days(day_of(int(values["start_time"])), last)


def is_about_figures(request: httpx.Request) -> bool:
    """Whether `asked` can tell what it is about."""
    return request.url.path.removeprefix("/v1") in _ENDPOINTS


def _members(names: tuple[str, ...], values: tuple[str | None, ...]) -> str:
    return "".join(f'"{name}":{json.dumps(value)},' for name, value in zip(names, values, strict=True))


def _decimal(amount: int) -> str:
    return f"{amount // _SMALLEST}.{amount % _SMALLEST:034d}"
