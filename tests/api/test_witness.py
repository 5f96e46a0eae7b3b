"""OpenAI's own SDK and this server read the same account: every number of the panel is the SDK's, to the last digit.

The server asks for usage split by everything, and for the bill in a few splits. The SDK asks for each number as plainly
as it can be asked for: not split, or by one dimension alone, and narrowed by OpenAI and not by us.
"""

import asyncio
import inspect
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import openai
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from openai import OpenAI
from pydantic import SecretStr

from openai_usage import fetch, pricing, report, views
from openai_usage.credentials import Credential, KeyKind
from openai_usage.days import Days, day_of
from openai_usage.demo import DEMO_KEY, Organization
from openai_usage.demo.endpoints import USAGE
from openai_usage.monitor import Monitor
from openai_usage.openai_api import Client
from openai_usage.protocol import Cell, Change, Estimate, PanelView, Section, Selection, StatusView, Table
from openai_usage.queries import BASE, TOTAL
from openai_usage.scope import FIRST_SELECTION, Scope, groups_of, measures_of, merged, scope
from openai_usage.settings import Settings
from openai_usage.store import Store, open_account
from openai_usage.store import store as store_module
from openai_usage.views.numbers import Numbers
from tests.support.demo_server import DemoServer

Json = dict[str, Any]
Value = str | None
Filters = Mapping[str, Sequence[str]]

# The first day with costs by API key lies within the half-year before it.
NOW: Final = datetime(2026, 4, 20, 18, 30, tzinfo=UTC)
AUTUMN: Final = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
KEYS_SINCE: Final = date(2025, 12, 6)
DAY: Final = timedelta(days=1)

FILTERED_BY: Final = {
    "project_id": "project_ids",
    "api_key_id": "api_key_ids",
    "user_id": "user_ids",
    "model": "models",
}
REQUESTING: Final = ("completions", "decisions", "embeddings", "moderations", "images", "audio_speeches",
                     "audio_transcriptions")  # fmt: skip
WITH_TOKENS: Final = ("completions", "decisions", "embeddings", "moderations")
MEASURED: Final[Mapping[str, Sequence[str]]] = {
    "tokens": ("input_tokens", "output_tokens"),
    "requests": ("num_model_requests",),
    "images": ("images",),
    "characters": ("characters",),
    "seconds": ("seconds",),
    "sessions": ("num_sessions",),
    "calls": ("num_requests",),
    "bytes": ("usage_bytes",),
}
TOKEN_TYPES: Final = {
    "input_uncached_tokens": "uncached",
    "input_cached_tokens": "cached",
    "input_cache_write_tokens": "cache_write",
    "output_tokens": "output",
}
SECTIONS_BY: Final = {
    "models": "model", "api-keys": "api_key_id", "projects": "project_id", "users": "user_id", "line-items": "line_item"
}  # fmt: skip
SECTIONS: Final = ("overview", "overview", *SECTIONS_BY, "limits", *USAGE, "completions", "images")
"""Those with more to choose more often."""


@dataclass(frozen=True)
class Row:
    """A row as OpenAI has it."""

    start: int
    value: Value
    """Of the one dimension it was asked by."""
    json: Json

    def count(self, *metrics: str) -> int:
        return sum(self.json.get(metric) or 0 for metric in metrics)

    @property
    def amount(self) -> Fraction:
        return Fraction(self.json["amount"]["value"])


class Sdk:
    """The account as OpenAI's own SDK reads it."""

    def __init__(self, client: OpenAI) -> None:
        self.client = client
        self._answers: dict[object, list[Json]] = {}

    def usage(
        self, name: str, days: Days, filters: Filters, by: str | None = None, width: str = "1d"
    ) -> list[Row] | None:
        """None when the account does not have the endpoint, or OpenAI cannot narrow it like this.

        Rows of an endpoint that has no such dimension have no value of it.
        """
        parameters = inspect.signature(getattr(self.client.admin.organization.usage, name)).parameters
        if not {FILTERED_BY[one] for one in filters} <= parameters.keys():
            return None
        asked = by if by in USAGE[name].dimensions else None
        narrowed = {FILTERED_BY[one]: sorted(values) for one, values in filters.items()}
        try:
            found = self._buckets(name, days, [asked] if asked else [], narrowed, width)
        except openai.NotFoundError:
            return None
        return [
            Row(bucket["start_time"], _written(row.get(asked)), row) for bucket in found for row in bucket["results"]
        ]

    def usage_split(self, name: str, days: Days, filters: Filters, by: list[str]) -> list[Row] | None:
        """The same split by several dimensions; a row's value is none of them."""
        parameters = inspect.signature(getattr(self.client.admin.organization.usage, name)).parameters
        if not {FILTERED_BY[one] for one in filters} <= parameters.keys():
            return None
        narrowed = {FILTERED_BY[one]: sorted(values) for one, values in filters.items()}
        try:
            found = self._buckets(name, days, by, narrowed, "1d")
        except openai.NotFoundError:
            return None
        return [Row(bucket["start_time"], None, row) for bucket in found for row in bucket["results"]]

    def costs(self, days: Days, filters: Filters, by: str | None = None) -> list[Row] | None:
        """None when OpenAI refuses. Where a key is asked for, the days for which it gives no costs by key are left out.

        OpenAI narrows costs by project and by key. By user and by model they are narrowed here, by rows of each.
        """
        if by == "api_key_id" or "api_key_id" in filters:
            if days.last < KEYS_SINCE:
                return None
            days = Days(max(days.first, KEYS_SINCE), days.last)
        grouped = {"line_item" if one == "model" else one for one in (by, *({"user_id", "model"} & {*filters})) if one}
        narrowed = {FILTERED_BY[one]: sorted(filters[one]) for one in ("project_id", "api_key_id") if one in filters}
        try:
            found = self._buckets("costs", days, sorted(grouped), narrowed, "1d")
        except openai.BadRequestError:
            return None
        rows = []
        for bucket in found:
            for row in bucket["results"]:
                told = {**row, "model": _model_of(row.get("line_item"))}
                if all(told[one] in filters[one] for one in ("user_id", "model") if one in filters):
                    rows.append(Row(bucket["start_time"], told[by] if by else None, row))
        return rows

    def _buckets(self, name: str, days: Days, by: list[str], narrowed: dict[str, list[str]], width: str) -> list[Json]:
        """As raw JSON: the SDK's own models hold amounts as floats."""
        question = name, days, tuple(by), repr(narrowed), width
        if question not in self._answers:
            method = getattr(self.client.admin.organization.usage.with_raw_response, name)
            # The server's pages are the largest there are; these are others.
            limit = {"1d": 29, "1h": 100, "1m": 1000}[width]
            more = {**narrowed, "group_by": by, "bucket_width": width, "limit": limit}
            found: list[Json] = []
            cursor: dict[str, str] = {}
            while True:
                answer = method(start_time=days.start_time, end_time=days.end_time, **more, **cursor)
                page = json.loads(answer.http_response.text, parse_float=Decimal)
                found += page["data"]
                if not page["has_more"]:
                    break
                cursor = {"page": page["next_page"]}
            self._answers[question] = found
        return self._answers[question]


def _written(value: object) -> Value:
    return value if value is None or isinstance(value, str) else str(value).lower()


def _model_of(line_item: str | None) -> Value:
    """ "gpt-image-1 text, input" is billed for gpt-image-1, and "dall-e 3, standard" for dall-e-3."""
    if line_item is None:
        return None
    name = line_item.partition(",")[0].strip().replace("dall-e ", "dall-e-")
    head, _, last = name.rpartition(" ")
    return head if head and last in {"text", "image", "audio"} else name


class Server:
    """The way of the data without its schedule: what is asked, the store, the report and the panel.

    With a `folder`, everything that is shown was read from disk, and rolled up as in a large organisation.
    """

    def __init__(self, url: str, now: datetime, folder: Path | None = None) -> None:
        self._runner = asyncio.Runner()
        self._now = now
        self._folder = folder
        self.store = self._opened()
        self.failures: fetch.Failures = {}
        self._client = self._runner.run(self._connect(url))

    async def _connect(self, url: str) -> Client:
        return Client(url, SecretStr(DEMO_KEY))

    def _opened(self) -> Store:
        folder = self._folder
        if folder is None:
            return Store()
        store = Store(lambda: open_account(folder, "https://api.openai.com/v1", SecretStr(DEMO_KEY)))
        assert store.is_shared
        return store

    def close(self) -> None:
        self.store.close()
        self._runner.run(self._client.aclose())
        self._runner.close()

    def ask(self, questions: Sequence[fetch.Question]) -> None:
        for question in questions:
            self.failures.pop(question.topic, None)
        self.failures |= self._runner.run(fetch.read(self._client, self.store, questions, self._now))

    def read(self, chosen: Scope) -> None:
        today = self._now.date()
        questions = fetch.shown(self.store, fetch.Seen(chosen), today) + fetch.compared(self.store, chosen)
        rows = store_module._MANY_KEYS if self._folder is None else 1  # noqa: SLF001
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(store_module, "_MANY_KEYS", rows)
            self.ask(questions + fetch.limits(self.store, chosen, refresh=False))
        if self._folder is not None:
            with self.store.up_to_date():
                pass
            self.store.close()
            self.store = self._opened()

    def forget(self) -> None:
        self.failures = {}
        if self._folder is None:
            self.store = Store()
        else:
            self.store.erase()
            self.store = self._opened()

    def panel(self, selection: Selection) -> tuple[Scope, PanelView]:
        """What is shown, and how."""
        chosen = scope(selection, self._now.date())
        self.read(chosen)
        total = self.store.buckets[TOTAL]
        bill = report.bill(total)
        state = views.State(
            now=self._now,
            base_url="https://api.openai.com/v1",
            selection=selection,
            as_of=total.as_of,
            currency=bill.currency,
            left_out=bill.left_out,
            recent=report.recent(total, self.store.buckets[BASE], bill.currency, self._now.date()),
            report=report.report(self.store, chosen, bill.currency, self._now),
            directory=self.store.directory,
            spend_limits=self.store.spend_limits,
            spend_alerts=self.store.spend_alerts,
            failures=self.failures,
        )
        return chosen, views.panel_view(state)


@dataclass(frozen=True)
class Account:
    """One demo organisation, and both who read it."""

    demo: DemoServer
    sdk: Sdk
    server: Server
    now: datetime
    ids: Mapping[str, list[str]]
    """What there is to narrow to: also what is not there any more, and what never was."""

    @property
    def today(self) -> date:
        return self.now.date()

    @classmethod
    def open(
        cls,
        stack: ExitStack,
        organization: Organization,
        now: datetime,
        *,
        is_kept: bool = False,
        **more: Any,  # noqa: ANN401
    ) -> Self:
        demo = stack.enter_context(DemoServer(organization, **more))
        client = stack.enter_context(OpenAI(admin_api_key=DEMO_KEY, base_url=demo.url, max_retries=0))
        folder = Path(stack.enter_context(TemporaryDirectory())) if is_kept else None
        server = Server(demo.url, now, folder)
        stack.callback(server.close)
        sdk = Sdk(client)
        some = Days(now.date() - 190 * DAY, now.date())
        ids: dict[str, list[str]] = {}
        for dimension in FILTERED_BY:
            found = {
                row.value for name in ("completions", "images") for row in sdk.usage(name, some, {}, dimension) or ()
            }
            found |= {row.value for row in sdk.costs(some, {}, dimension) or ()}
            ids[dimension] = sorted({one for one in found if one} | {f"no such {dimension}"})
        return cls(demo, sdk, server, now, ids)


ACCOUNTS: Final[Mapping[str, Callable[[ExitStack], Account]]] = {
    "plain": lambda stack: Account.open(stack, Organization(now=lambda: NOW), NOW),
    "older": lambda stack: Account.open(
        stack,
        Organization(7, lambda: NOW, decisions=False, cost_by_user_and_project=False, limits=False),
        NOW,
        amounts="string",
    ),
    "kept on disk": lambda stack: Account.open(stack, Organization(11, now=lambda: NOW), NOW, is_kept=True),
    "all attributed": lambda stack: Account.open(stack, Organization(23, lambda: AUTUMN, unattributed=False), AUTUMN),
}


@pytest.fixture(autouse=True, scope="module")
def _prices() -> None:
    pricing.load()


class _Accounts:
    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._open: dict[str, Account] = {}

    def __getitem__(self, name: str) -> Account:
        if name not in self._open:
            self._open[name] = ACCOUNTS[name](self._stack)
        return self._open[name]


@pytest.fixture(scope="module")
def accounts() -> Iterator[_Accounts]:
    with ExitStack() as stack:
        yield _Accounts(stack)


# What is asked.

ALL_ROWS: Final = FIRST_SELECTION.model_copy(
    update={
        "all_rows": [
            *SECTIONS_BY,
            *(f"{name}-by-{dimension}" for name, endpoint in USAGE.items() for dimension in endpoint.dimensions),
        ]
    }
)
"""Of long tables, all that there is."""


@st.composite
def dates(draw: st.DrawFn, today: date, longest: int) -> dict[str, Any]:
    """Days that may begin before there were costs by key, and may end today."""
    length = draw(st.integers(1, longest))
    floor = (today - KEYS_SINCE).days
    around = st.integers(max(0, floor - 20), floor + 20) if floor < 200 else st.integers(0, 200)
    last = today - draw(st.one_of(st.just(0), st.integers(0, 190), around)) * DAY
    return {"period": None, "start": last - (length - 1) * DAY, "end": last}


def _some_of(ids: list[str], at_least: int) -> st.SearchStrategy[list[str]]:
    """Many where there are several filters: of few, nothing would pass them all."""
    return st.lists(st.sampled_from(ids), min_size=at_least, max_size=max(4, len(ids) - 1), unique=True)


@st.composite
def selections(draw: st.DrawFn, account: Account, sections: Sequence[str] = SECTIONS) -> Selection:
    section = draw(st.sampled_from(sections))
    measure = draw(st.sampled_from(measures_of(section)))  # type: ignore[arg-type]
    group_by = draw(st.sampled_from(groups_of(section, measure)))  # type: ignore[arg-type]
    width = draw(st.sampled_from(["1d", "1d", "1d", "1h", "1m"]))
    longest = {"1d": 45, "1h": 7, "1m": 1}[width]
    presets = {"1d": ["today", "7d", "30d", "month", "last-month"], "1h": ["today", "7d"], "1m": ["today"]}[width]
    chosen = draw(
        st.sampled_from(presets).map(lambda period: {"period": period, "start": None, "end": None})
        | dates(account.today, longest)
    )
    dimensions = draw(st.sampled_from([0, 0, 1, 1, 2, 2, 3]))
    narrowed = draw(
        st.lists(st.sampled_from(sorted(FILTERED_BY)), unique=True, min_size=dimensions, max_size=dimensions)
    )
    filters = {
        FILTERED_BY[one]: draw(
            _some_of(account.ids[one], at_least=1 if dimensions == 1 else len(account.ids[one]) // 2)
        )
        for one in narrowed
    }
    return ALL_ROWS.model_copy(
        update={**chosen, **filters, "section": section, "measure": measure, "group_by": group_by, "bucket": width}
    )


# What the panel has to say.


@dataclass(frozen=True)
class Truth:
    """A scope in the SDK's numbers."""

    sdk: Sdk
    scope: Scope
    filters: Filters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", {one: sorted(values) for one, values in self.scope.filters.items()})

    @property
    def before(self) -> Days:
        """As many days, up to the one before."""
        return Days(self.scope.days.first - len(self.scope.days) * DAY, self.scope.days.first - DAY)

    @property
    def is_compared(self) -> bool:
        """With how it was before. A day that is not over would say nothing beside one that is."""
        return len(self.scope.days) > 1

    @property
    def is_compared_whole(self) -> bool:
        return 1 < len(self.scope.days) <= 92

    def spend(self) -> Fraction | None:
        rows = self.sdk.costs(self.scope.days, self.filters)
        return None if rows is None else _sum(row.amount for row in rows)

    def spend_before(self) -> Fraction | None:
        is_whole = "api_key_id" not in self.filters or self.before.first >= KEYS_SINCE
        rows = self.sdk.costs(self.before, self.filters) if self.is_compared and is_whole else None
        return None if rows is None else _sum(row.amount for row in rows)

    def spend_by(self, by: str) -> dict[Value, Fraction] | None:
        if self.is_too_old_for(by):
            return {}
        rows = self.sdk.costs(self.scope.days, self.filters, by)
        return None if rows is None else _by((row.value, row.amount) for row in rows)

    def spend_by_before(self, by: str) -> dict[Value, Fraction] | None:
        is_whole = "api_key_id" not in (by, *self.filters) or self.before.first >= KEYS_SINCE
        rows = self.sdk.costs(self.before, self.filters, by) if self.is_compared_whole and is_whole else None
        return None if rows is None else _by((row.value, row.amount) for row in rows)

    def is_too_old_for(self, by: str) -> bool:
        """Whether no part of the bill has a key, so that all of it is attributed to none."""
        return by == "api_key_id" and self.scope.days.last < KEYS_SINCE

    def used(self, name: str, metric: str, days: Days | None = None) -> int:
        rows = self.sdk.usage(name, days or self.scope.days, self.filters) or ()
        return sum(row.count(metric) for row in rows)

    def used_by(self, name: str, by: str) -> dict[Value, dict[str, int]]:
        found: dict[Value, dict[str, int]] = {}
        for row in self.sdk.usage(name, self.scope.days, self.filters, by) or ():
            counts = found.setdefault(row.value, dict.fromkeys(USAGE[name].metrics, 0))
            for metric in counts:
                counts[metric] += row.count(metric)
        return found

    def estimates(self, days: Days, by: str | None = None) -> dict[Value, Fraction]:
        """What the use of API keys comes to at list prices, each day's use of a model by itself."""
        found: dict[Value, Fraction] = {}
        for name, endpoint in USAGE.items():
            if "api_key_id" not in endpoint.dimensions:
                continue
            split = sorted({"api_key_id", "model", "batch", "service_tier"} & {*endpoint.dimensions})
            sums: dict[tuple[int, Value, str | None, bool | None, str | None], dict[str, int]] = {}
            for row in self.sdk.usage_split(name, days, self.filters, split) or ():
                told = row.json
                group = _written(told[by]) if by else None
                named = (row.start, group, told.get("model"), told.get("batch"), told.get("service_tier"))
                counts = sums.setdefault(named, {})
                for metric in endpoint.metrics:
                    counts[metric] = counts.get(metric, 0) + row.count(metric)
            for (start, group, model, batch, tier), counts in sums.items():
                amount = pricing.price(name, model, day_of(start), counts, batch=bool(batch), service_tier=tier)
                found[group] = found.get(group, Fraction(0)) + Fraction(amount or 0)
        return found

    def over_time(self) -> tuple[dict[Value, dict[int, Fraction]], dict[int, Fraction]] | None:
        """By group and time, and by time alone; None when even that cannot be had."""
        chosen = self.scope
        if chosen.measure == "spend":
            whole = self.sdk.costs(chosen.days, self.filters)
            grouped = self.sdk.costs(chosen.days, self.filters, chosen.group_by)
            if whole is None:
                return None
            totals = _by((row.start, row.amount) for row in whole)
            if grouped is None and not self.is_too_old_for(chosen.group_by):
                return {None: totals}, totals
            return _nested((row.value, row.start, row.amount) for row in grouped or ()), totals
        names = [chosen.section] if chosen.section in USAGE else self._names()
        parts: list[tuple[Value, int, Fraction]] = []
        times: list[tuple[int, Fraction]] = []
        known = False
        for name in names:
            rows = self.sdk.usage(name, chosen.days, self.filters, chosen.group_by, chosen.width)
            whole = self.sdk.usage(name, chosen.days, self.filters, width=chosen.width)
            if rows is None or whole is None:
                continue
            known = True
            metrics = [one for one in MEASURED[chosen.measure] if one in USAGE[name].metrics]
            times += [(row.start, Fraction(row.count(*metrics))) for row in whole]
            if chosen.group_by == "token_type":
                kinds = TOKEN_TYPES if "output_tokens" in USAGE[name].metrics else {"input_tokens": "uncached"}
                parts += [(kind, row.start, Fraction(row.count(one))) for row in rows for one, kind in kinds.items()]
            else:
                is_by_name = chosen.group_by == "capability"
                parts += [(name if is_by_name else row.value, row.start, Fraction(row.count(*metrics))) for row in rows]
        return (_nested(parts), _by(times)) if known else None

    def _names(self) -> Sequence[str]:
        return WITH_TOKENS if self.scope.measure == "tokens" else REQUESTING


def _sum(parts: Iterable[Fraction]) -> Fraction:
    return sum(parts, Fraction(0))


def _by(parts: "Iterable[tuple[Any, Fraction]]") -> dict[Any, Fraction]:
    found: dict[Any, Fraction] = defaultdict(Fraction)
    for key, number in parts:
        found[key] += number
    return dict(found)


def _nested(parts: Iterable[tuple[Value, int, Fraction]]) -> dict[Value, dict[int, Fraction]]:
    found: dict[Value, dict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for key, start, number in parts:
        found[key][start] += number
    return {key: dict(numbers) for key, numbers in found.items()}


def exact(text: str | None) -> Fraction | None:
    """A number of the wire: plain decimal, and as short as can be."""
    if text is None:
        return None
    assert "E" not in text.upper()
    assert not ("." in text and text.endswith("0"))
    return Fraction(text)


def is_rounded(text: str | None, truth: Fraction) -> bool:
    return text is not None and abs(Fraction(text) - truth) <= Fraction(1, 2 * 10**6)


def check_change(change: Change | None, now: Fraction | None, before: Fraction | None) -> None:
    """`before` is None where nothing is to be compared with."""
    if now is None or before is None or not (now or before):
        assert change is None
        return
    assert change is not None
    if before > 0:
        assert is_rounded(change.value, (now - before) / before)
    else:
        assert change.value is None


def check_metrics(truth: Truth, panel: PanelView, today: date) -> None:
    chosen, sdk = truth.scope, truth.sdk
    found = {one.id: one for one in panel.metrics}
    spend = truth.spend()
    assert exact(found["spend"].value) == spend
    check_estimate(truth, found["spend"].estimate)
    check_change(found["spend"].change, spend, truth.spend_before())
    assert ("today" in found) == ("month" in found) == (not truth.filters)
    month = Days(today.replace(day=1), today)
    if not truth.filters:
        assert exact(found["today"].value) == _sum(row.amount for row in sdk.costs(Days(today, today), {}) or ())
        assert exact(found["month"].value) == _sum(row.amount for row in sdk.costs(month, {}) or ())
    if "budget" in found:
        (project,) = truth.filters.get("project_id", [None])
        limit = exact(found["budget"].value)
        spent = _sum(row.amount for row in sdk.costs(month, {"project_id": [project]} if project else {}) or ())
        assert limit
        assert is_rounded(found["budget"].share, spent / limit)
    for metric, names in (("tokens", WITH_TOKENS), ("requests", REQUESTING)):
        now, before = (
            Fraction(sum(truth.used(name, one, days) for name in names for one in MEASURED[metric]))
            for days in (chosen.days, truth.before)
        )
        assert exact(found[metric].value) == now
        check_change(found[metric].change, now, before if truth.is_compared_whole else None)


def check_capability(truth: Truth, section: Section) -> None:
    name = truth.scope.section
    if sdk_has(truth, name):
        for metric in section.metrics:
            now = Fraction(truth.used(name, metric.id))
            assert exact(metric.value) == now
            before = Fraction(truth.used(name, metric.id, truth.before)) if truth.is_compared_whole else None
            check_change(metric.change, now, before)
        shown = {one.id for one in section.metrics}
        # What is not optional in OpenAI's answers is always shown.
        assert shown >= {one for one in ("num_model_requests", "input_tokens", "images") if one in USAGE[name].metrics}
    else:
        assert section.metrics == []


def sdk_has(truth: Truth, name: str) -> bool:
    return truth.sdk.usage(name, truth.scope.days, truth.filters) is not None


def check_chart(truth: Truth, section: Section) -> None:
    chosen = truth.scope
    numbers = None if chosen.section == "limits" else truth.over_time()
    if numbers is None:
        assert section.charts == []
        return
    groups, totals = numbers
    if not section.charts:
        assert not any(totals.values())
        assert not any(number for group in groups.values() for number in group.values())
        return
    (chart,) = section.charts
    width = "1d" if chosen.measure == "spend" else chosen.width
    form = "%Y-%m-%d" if width == "1d" else "%Y-%m-%dT%H:%MZ"
    starts = [int(datetime.strptime(one, form).replace(tzinfo=UTC).timestamp()) for one in chart.categories]
    step = {"1d": 86_400, "1h": 3600, "1m": 60}[width]
    assert starts == list(range(starts[0], starts[-1] + step, step))
    assert {start for start, total in totals.items() if total} <= set(starts)
    assert set(starts) <= set(range(chosen.days.start_time, chosen.days.end_time, step))

    series = {one.id: [Fraction(value) for value in one.values] for one in chart.series}
    assert len(series) == len(chart.series) <= 9
    layers = {one: values for one, values in series.items() if one.startswith("=")}
    of_group = {
        f"={value or ''}": [group.get(start, Fraction(0)) for start in starts] for value, group in groups.items()
    }
    for one, values in layers.items():
        assert values == of_group.get(one, [Fraction(0)] * len(starts))
    small = [values for one, values in of_group.items() if one not in layers]
    assert series.get("other", [Fraction(0)] * len(starts)) == _columns(small, len(starts))
    assert len(layers) <= (7 if "other" in series else 8)
    if "other" in series:
        assert max(map(_sum, small)) <= min(map(_sum, layers.values()))
    rest = [
        totals.get(start, Fraction(0)) - grouped
        for start, grouped in zip(starts, _columns(list(of_group.values()), len(starts)), strict=True)
    ]
    assert series.get("remainder", [Fraction(0)] * len(starts)) == rest
    assert _columns(list(series.values()), len(starts)) == [totals.get(start, Fraction(0)) for start in starts]
    if chosen.measure == "spend":
        sums = [_sum(column) for column in zip(*series.values(), strict=True)]
        assert chart.totals == [Numbers.of("en").money(_decimal(number), "usd") for number in sums]
        assert chart.unit == "usd"


def _columns(rows: list[list[Fraction]], count: int) -> list[Fraction]:
    return [_sum(row[at] for row in rows) for at in range(count)]


def _decimal(number: Fraction) -> Decimal:
    """Of a number whose decimals end."""
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    return Decimal(int(number * 10**places)).scaleb(-places)


def check_tables(truth: Truth, section: Section) -> None:
    chosen = truth.scope
    tables = {one.id: one for one in section.tables}
    if chosen.section in USAGE:
        by = "model" if chosen.group_by == "token_type" else str(chosen.group_by)
        used = truth.used_by(chosen.section, by)
        if not used:
            assert not tables
            return
        totals = {metric: truth.used(chosen.section, metric) for metric in USAGE[chosen.section].metrics}
        table = tables.pop(f"{chosen.section}-by-{by}")
        # Where nothing of the measure was used, by the first metric that was.
        first = [metric for metric in totals if totals[metric]][:1]
        check_rows(table, used, totals, None, chosen_of(truth, totals) or first)
        assert not tables
        return
    if chosen.section == "limits":
        return
    for one, by in SECTIONS_BY.items():
        if chosen.section in {"overview", one}:
            check_ranking(truth, tables.pop(one, None), by)
    assert not tables


def check_ranking(truth: Truth, table: Table | None, by: str) -> None:
    used: dict[Value, dict[str, int]] = {}
    totals: dict[str, int] = {}
    measured = {"tokens": WITH_TOKENS, "requests": REQUESTING}.get(truth.scope.measure, ())
    # The short tables of the overview are about money, and about what is measured.
    for name in measured if truth.scope.section == "overview" else USAGE:
        if by not in USAGE[name].dimensions:
            continue
        # The requests of a web search are its model's, and counted there. The calls of two tools are two columns.
        metrics = set(USAGE[name].metrics) - ({"num_model_requests"} if name == "web_search_calls" else set())
        columns = {metric: name if metric == "num_requests" else metric for metric in metrics}
        for value, counts in truth.used_by(name, by).items():
            row = used.setdefault(value, {})
            row |= {column: row.get(column, 0) + counts[metric] for metric, column in columns.items()}
        for metric, column in columns.items():
            totals[column] = totals.get(column, 0) + truth.used(name, metric)
    spend, total = truth.spend_by(by), truth.spend()
    if table is None:
        assert not used
        assert not spend
        assert spend is None or not total
        return
    check_estimates(truth, table)
    money = Money(spend, total, truth.spend_by_before(by))
    check_rows(table, used, totals if by != "line_item" else {}, money, chosen_of(truth, totals))


def check_estimates(truth: Truth, table: Table) -> None:
    """By key, for the days of which OpenAI gives no costs by key."""
    columns = [column.id for column in table.columns]
    days = truth.scope.days
    old = Days(days.first, min(days.last, KEYS_SINCE - DAY)) if days.first < KEYS_SINCE else None
    is_told = table.id == "api-keys" and truth.scope.section == "api-keys" and old is not None
    by_key = truth.estimates(old, "api_key_id") if is_told and old else {}
    assert ("estimate" in columns) == bool(by_key)
    if not by_key:
        return
    at = columns.index("estimate")
    for row in table.rows:
        key = row.id.removeprefix("=") or None
        expected = None if row.is_remainder else by_key.get(key)
        assert exact(row.cells[at].value) == expected
        assert (row.cells[at].text == "—") == (expected is None)
        assert expected is None or row.cells[at].text.startswith("≈ ")
    assert table.total is not None
    assert exact(table.total.cells[at].value) == _sum(by_key.values())


def check_estimate(truth: Truth, estimate: Estimate | None) -> None:
    """Narrowed to keys: of the days without costs by key, or of all."""
    assert (estimate is not None) == ("api_key_id" in truth.filters)
    if estimate is None:
        return
    days = truth.scope.days
    of = Days(days.first, KEYS_SINCE - DAY) if days.first < KEYS_SINCE <= days.last else days
    assert exact(estimate.value) == _sum(truth.estimates(of).values())
    assert estimate.text.startswith("≈ ")


def chosen_of(truth: Truth, totals: Mapping[str, int]) -> list[str]:
    """The metrics that the measure adds up, as far as there are any; none for the spend."""
    chosen = [metric for metric in MEASURED.get(truth.scope.measure, ()) if metric in totals]
    return chosen if any(totals[metric] for metric in chosen) else []


@dataclass(frozen=True)
class Money:
    by: Mapping[Value, Fraction] | None
    """None: OpenAI does not tell."""
    total: Fraction | None
    before: Mapping[Value, Fraction] | None
    """None: nothing to be compared with."""


def check_rows(
    table: Table,
    used: Mapping[Value, Mapping[str, int]],
    totals: Mapping[str, int],
    money: Money | None,
    chosen: Sequence[str],
) -> None:
    columns = [column.id for column in table.columns]
    rows = {row.id: dict(zip(columns, row.cells, strict=True)) for row in table.rows}
    assert len(rows) == len(table.rows)
    remainder = rows.pop("remainder", None)
    values: dict[str, Value] = {f"={one or ''}": one for one in (*used, *((money and money.by) or ()))}
    assert rows.keys() <= values.keys()
    if table.open is None:
        assert rows.keys() == values.keys()
    assert table.row_count == len(values) + (remainder is not None)
    assert table.total is not None
    whole = dict(zip(columns, table.total.cells, strict=True))
    if money is not None:
        check_money(rows, values, whole, remainder, money)
    if chosen:
        counts = [_added([used.get(values[row], {}).get(metric) for metric in chosen]) for row in rows]
        column = chosen[0] if len(chosen) == 1 else "tokens"
        assert [exact(cells[column].value) for cells in rows.values()] == counts
        total = sum(totals[metric] for metric in chosen)
        assert exact(whole[column].value) == total
        assert counts == sorted(counts, key=lambda count: -(count or 0))
        for cells, count in zip(rows.values(), counts, strict=True):
            if count is None:
                assert cells["share"].value is None
            else:
                assert is_rounded(cells["share"].value, Fraction(count, total))
    elif money is not None:
        check_shares(rows, values, remainder, money)
    others = {"name", "tokens", "spend", "share", "change", "quantity", "estimate"}
    metrics = [one for one in columns if one not in others]
    if table.open is None and totals:
        assert {one for one in totals if totals[one]} - set(metrics) <= NOT_RANKED
    for metric in metrics:
        assert exact(whole[metric].value) == totals[metric]
        for row, cells in rows.items():
            assert exact(cells[metric].value) == used.get(values[row], {}).get(metric)


def _added(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


NOT_RANKED: Final = {metric for metric in USAGE["completions"].metrics if metric.startswith(("input_", "output_"))} - {
    "input_tokens",
    "output_tokens",
    "input_cached_tokens",
}
"""What a table beside a spend has no column for."""


def check_money(
    rows: Mapping[str, Mapping[str, Cell]],
    values: Mapping[str, Value],
    whole: Mapping[str, Cell],
    remainder: Mapping[str, Cell] | None,
    money: Money,
) -> None:
    assert exact(whole["spend"].value) == money.total
    amounts = [(money.by or {}).get(values[row]) for row in rows]
    assert [exact(cells["spend"].value) for cells in rows.values()] == amounts
    if money.by is None or money.total is None:
        assert remainder is None  # nothing is left of what is not known
    else:
        rest = money.total - _sum(money.by.values())
        assert (remainder is not None) == bool(rest)
        if remainder is not None:
            assert exact(remainder["spend"].value) == rest
    assert "change" not in whole or money.before is not None
    for (row, cells), amount in zip(rows.items(), amounts, strict=True):
        if "change" in cells and money.before is not None:
            before = money.before.get(values[row], Fraction(0))
            if amount is None or before <= 0:
                assert cells["change"].value is None
            else:
                assert is_rounded(cells["change"].value, (amount - before) / before)


def check_shares(
    rows: Mapping[str, Mapping[str, Cell]],
    values: Mapping[str, Value],
    remainder: Mapping[str, Cell] | None,
    money: Money,
) -> None:
    amounts = [(money.by or {}).get(values[row]) for row in rows]
    assert [amount or 0 for amount in amounts] == sorted((amount or 0 for amount in amounts), reverse=True)
    shares = [(cells["share"].value, amount) for cells, amount in zip(rows.values(), amounts, strict=True)]
    if remainder is not None and money.by is not None and money.total is not None:
        shares.append((remainder["share"].value, money.total - _sum(money.by.values())))
    for share, amount in shares:
        if amount is not None and money.total and money.total > 0 and 0 <= amount <= money.total:
            assert is_rounded(share, amount / money.total)
        else:
            assert share is None


def check(account: Account, selection: Selection) -> None:
    """Everything the panel says with this selection."""
    check_panel(account, *account.server.panel(selection))


def check_panel(account: Account, chosen: Scope, panel: PanelView) -> None:
    truth = Truth(account.sdk, chosen)
    (section,) = (one for one in panel.sections if one.id == chosen.section)
    check_metrics(truth, panel, account.today)
    check_chart(truth, section)
    check_tables(truth, section)
    if chosen.section in USAGE:
        check_capability(truth, section)
    listed = {one.id for one in panel.sections if one.is_capability}
    rows = {name: account.sdk.usage(name, chosen.days, {}) or () for name in USAGE}
    used = {name for name in USAGE if any(row.count(*USAGE[name].metrics) for row in rows[name])}
    assert listed == used | ({chosen.section} & set(USAGE))


# To shrink a failure takes minutes here, and tells little more: a selection is short anyway.
QUICK: Final = settings(
    max_examples=18,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)


@pytest.mark.parametrize("name", ACCOUNTS)
@given(data=st.data())
@QUICK
def test_every_number_of_the_panel_is_the_sdk_s(accounts: _Accounts, name: str, data: st.DataObject) -> None:
    account = accounts[name]
    check(account, data.draw(selections(account)))


@pytest.mark.parametrize("last", [NOW.date(), KEYS_SINCE + 3 * DAY], ids=str)
def test_every_measure_and_every_split_of_a_week(accounts: _Accounts, last: date) -> None:
    """One ends today, one begins before there were costs by key."""
    account = accounts["plain"]
    for section in SECTIONS:
        for measure in measures_of(section):  # type: ignore[arg-type] # the names of the sections
            for group_by in groups_of(section, measure):  # type: ignore[arg-type] # the same
                chosen = {"start": last - 6 * DAY, "end": last, "section": section, "measure": measure}
                check(account, merged(ALL_ROWS, Selection.model_validate({**chosen, "group_by": group_by})))


@given(data=st.data())
@settings(QUICK, max_examples=3)
def test_nothing_depends_on_what_was_read_before(accounts: _Accounts, data: st.DataObject) -> None:
    account = accounts["older"]
    account.server.forget()
    check(account, data.draw(selections(account)))


@pytest.mark.parametrize("bucket", ["1h", "1m"])
def test_what_an_account_does_not_have_is_not_listed(accounts: _Accounts, bucket: str) -> None:
    account = accounts["older"]
    account.server.forget()
    for section in ("decisions", "overview"):
        chosen = Selection.model_validate({"period": "today", "bucket": bucket, "section": section})
        check(account, merged(FIRST_SELECTION, chosen))


@pytest.mark.parametrize("section", ["overview", "completions"])
def test_a_year(accounts: _Accounts, section: str) -> None:
    check(accounts["plain"], merged(FIRST_SELECTION, Selection.model_validate({"period": "365d", "section": section})))


def test_no_spend_of_a_key_is_said_of_days_for_which_openai_gives_none(accounts: _Accounts) -> None:
    account = accounts["plain"]
    key = account.ids["api_key_id"][0]
    days = Selection(start=KEYS_SINCE - 9 * DAY, end=KEYS_SINCE - DAY, api_key_ids=[key])
    _, panel = account.server.panel(merged(FIRST_SELECTION, days))
    (spend,) = (one for one in panel.metrics if one.id == "spend")
    assert spend.value is None


@pytest.mark.parametrize("length", [8, 12, 20], ids=["none of the days before", "few", "most"])
def test_no_change_is_said_against_days_for_which_openai_gives_no_costs_by_key(
    accounts: _Accounts, length: int
) -> None:
    account = accounts["plain"]
    first = KEYS_SINCE + (0 if length == 8 else 4) * DAY
    for key in account.ids["api_key_id"]:
        days = Selection(start=first, end=first + (length - 1) * DAY, api_key_ids=[key])
        _, panel = account.server.panel(merged(FIRST_SELECTION, days))
        (spend,) = (one for one in panel.metrics if one.id == "spend")
        assert spend.change is None


def test_what_a_refused_split_leaves(accounts: _Accounts) -> None:
    """OpenAI tells no cost of this account by user and project together."""
    account = accounts["older"]
    chosen = Selection(section="users", project_ids=account.ids["project_id"])
    _, panel = account.server.panel(merged(FIRST_SELECTION, chosen))
    (section,) = (one for one in panel.sections if one.id == "users")
    assert {"split"} <= {one.id for one in section.notices}
    (spend,) = (one for one in panel.metrics if one.id == "spend")
    assert spend.value not in {None, "0"}
    (table,) = section.tables
    assert {row.cells[1].value for row in table.rows} == {None}
    assert table.total is not None
    assert table.total.cells[1].value == spend.value


def test_the_monitor_shows_the_same(accounts: _Accounts) -> None:
    account = accounts["plain"]
    panel = asyncio.run(_monitored(account))
    check_panel(account, scope(FIRST_SELECTION, account.today), panel)


async def _monitored(account: Account) -> PanelView:
    """The first panel that has everything."""
    panels: asyncio.Queue[PanelView] = asyncio.Queue()

    def publish(view: StatusView | PanelView) -> None:
        if isinstance(view, PanelView):
            panels.put_nowait(view)

    monitor = Monitor(
        Credential(SecretStr(DEMO_KEY), KeyKind.ADMIN, "OPENAI_ADMIN_KEY"),
        lambda url, credential, _: Client(url, credential.secret),
        publish,
        lambda *_: nullcontext(lambda _: None),
        Settings(),
        default_base_url=account.demo.url,
        clock=lambda: account.now,
    )
    monitor.show()
    running = asyncio.create_task(monitor.run())
    try:
        async with asyncio.timeout(60):
            while True:
                panel = await panels.get()
                # What it compares with comes last.
                compared: list[object] = [
                    one.change for one in panel.metrics if one.id in {"spend", "tokens", "requests"}
                ]
                compared += [
                    next((column for column in table.columns if column.id == "change"), None)
                    for table in (panel.sections[0].tables if panel.sections else ())
                ]
                if not panel.busy and len(compared) == 8 and None not in compared:
                    break
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return panel


def test_limits_are_those_of_the_sdk(accounts: _Accounts) -> None:
    account = accounts["plain"]
    account.server.ask(fetch.names(account.server.store))
    _, panel = account.server.panel(merged(FIRST_SELECTION, Selection(section="limits")))
    (section,) = (one for one in panel.sections if one.id == "limits")
    organization = account.sdk.client.admin.organization
    month = Days(account.today.replace(day=1), account.today)
    spent = _by((row.value, row.amount) for row in account.sdk.costs(month, {}, "project_id") or ())
    limits: dict[str, tuple[Fraction | None, Fraction]] = {
        "=": (Fraction(organization.spend_limit.retrieve().threshold_amount, 100), _sum(spent.values()))
    }
    for project in organization.projects.list():
        try:
            limit = Fraction(organization.projects.spend_limit.retrieve(project.id).threshold_amount, 100)
        except openai.NotFoundError:
            limit = None
        limits[f"={project.id}"] = limit, spent.get(project.id, Fraction(0))
    table = next(one for one in section.tables if one.id == "spend-limits")
    columns = [column.id for column in table.columns]
    rows = {row.id: dict(zip(columns, row.cells, strict=True)) for row in table.rows}
    assert {one: (exact(cells["limit"].value), exact(cells["spend"].value)) for one, cells in rows.items()} == limits
    for one, (limit, amount) in limits.items():
        if limit:
            assert is_rounded(rows[one]["share"].value, amount / limit)
        # The budget above everything is that of what it is narrowed to.
        narrowed = Selection(project_ids=[one[1:]] if one[1:] else [])
        check(account, merged(FIRST_SELECTION, narrowed))
        _, panel = account.server.panel(merged(FIRST_SELECTION, narrowed))
        budget = next((metric.value for metric in panel.metrics if metric.id == "budget"), None)
        assert exact(budget) == limit


def test_names_are_those_of_the_sdk(accounts: _Accounts) -> None:
    account = accounts["plain"]
    account.server.ask(fetch.names(account.server.store))
    organization = account.sdk.client.admin.organization
    projects = {one.id: one.name for one in organization.projects.list(include_archived=True)}
    keys = {
        key.id: key.name
        for project in projects
        for key in organization.projects.api_keys.list(project, owner_project_access="any")
    }
    accounts_ = {
        one.id: one.name
        for project in organization.projects.list()
        for one in organization.projects.service_accounts.list(project.id)
    }
    users = {one.id: one.name or one.email for one in organization.users.list()}
    names: dict[str, dict[str, str | None]] = {
        "projects": {**projects},
        "api-keys": {**keys},
        "users": {**accounts_, **users},
    }
    for section, known in names.items():
        chosen = Selection.model_validate({"period": "90d", "section": section})
        _, panel = account.server.panel(merged(FIRST_SELECTION, chosen))
        (shown,) = (one for one in panel.sections if one.id == section)
        rows = {row.id.removeprefix("="): row.cells[0].text for table in shown.tables for row in table.rows}
        assert known.keys() & rows.keys()
        for one, text in rows.items():
            if one and one != "remainder":
                # An id without a name shows as the id.
                assert text == (known.get(one) or one)
