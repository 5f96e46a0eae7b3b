"""The demo organisation as its endpoints of 2023 tell it, in a store, and the views' state of that.

store = asyncio.run(read_2023(NOW, Days(...)))
views.panel_view(state_of(store, NOW, Selection(period="7d")))
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from openai_usage import fetch, openai_api, queries, report
from openai_usage.days import Days
from openai_usage.demo import DEMO_KEY, DemoTransport, Organization
from openai_usage.demo.legacy import Legacy
from openai_usage.endpoints import USAGE, Query
from openai_usage.figures import Figures
from openai_usage.openai_api import Client
from openai_usage.protocol import Selection
from openai_usage.reader import Reader
from openai_usage.scope import FIRST_SELECTION, Scope, merged, scope
from openai_usage.settings import DEFAULT_BASE_URL
from openai_usage.source import Source
from openai_usage.store import Store
from openai_usage.views import State

SESSION_KEY = "sess-" + "x" * 40
API_KEY = "sk-proj-" + "x" * 40
GATEWAY = "https://gateway.example/v1"


async def read_2023(
    now: datetime,
    use: Iterable[Days] = (),
    bill: Days | None = None,
    *,
    options: Legacy | None = None,
    key: str = SESSION_KEY,
    seed: int = 1,
    store: Store | None = None,
    scope: Scope | None = None,
    users: Iterable[str] = (),
    base_url: str = DEFAULT_BASE_URL,
) -> Store:
    """What the views ask of these endpoints, and the use of some days, of all users and of some of them alone."""
    options = options or Legacy(requests_per_minute=10**6)
    store = store or Store(source=Source("legacy"))
    organization = Organization(seed, now=lambda: now)
    client = Client(base_url, SecretStr(key), transport=DemoTransport(organization, legacy=options))
    reader = Reader(store, lambda: client, lambda _: None, lambda: now)
    await reader.read(lambda _: fetch.shown(store, fetch.Seen(scope), now.date()))
    if bill is not None:
        await reader.read(lambda _: fetch.history(store, [], bill))
    for day in sorted({day for days in use for day in days}):
        for user in (None, *users):
            await reader.ask_use(fetch.legacy.use(day, user))
    await reader.read(lambda _: fetch.names(store))
    await client.aclose()
    return store


async def read_organization(now: datetime, days: Days, costs: Iterable[Query] = (), seed: int = 1) -> Store:
    """The same organisation by its API of today."""
    store = Store()
    organization = Organization(seed, now=lambda: now)
    client = Client(DEFAULT_BASE_URL, SecretStr(DEMO_KEY), transport=DemoTransport(organization))
    for query in (*costs, *map(queries.usage_query, USAGE)):
        answer = await openai_api.buckets(client, query, days, now.date(), store.buckets[query].keys)
        store.put(query, days, answer, now)
    await client.aclose()
    return store


def chosen(store: Store, now: datetime, selection: Selection = FIRST_SELECTION) -> Scope:
    """What a selection comes to."""
    return scope(merged(FIRST_SELECTION, selection), now.date(), fetch.known_since(store), store.told)


def report_of(store: Store, now: datetime, selection: Selection = FIRST_SELECTION) -> report.Report:
    """The selection in numbers."""
    return report.report(store, chosen(store, now, selection), "usd", now)


def state_of(store: Store, now: datetime, selection: Selection = FIRST_SELECTION, **more: Any) -> State:  # noqa: ANN401 - fields of a State
    """As the monitor makes it."""
    figures = Figures(store)
    figures.add_up(fetch.Seen(chosen(store, now, selection)), now, is_waiting=False)
    state: dict[str, Any] = {
        "now": now,
        "base_url": DEFAULT_BASE_URL,
        "selection": merged(FIRST_SELECTION, selection),
        "as_of": figures.as_of,
        "currency": figures.currency,
        "recent": figures.recent,
        "report": figures.report,
        "first_day": fetch.known_since(store),
        "directory": store.directory,
        "today": figures.today,
        "month": figures.month,
        "told": store.told,
        "account": store.account,
        "unread": store.unread,
        "is_unfilled": fetch.legacy.is_unfilled(store, now.date()),
        "failures": store.failures,
    }
    return State(**{**state, **more})


def run(reading: Any) -> Any:  # noqa: ANN401 - what is awaited
    """Await it outside of any loop."""
    return asyncio.run(reading)
