"""The endpoints of 2023 and the organisation API tell of one account the same, as far as the first tell it at all."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from openai_usage import fetch, pricing, queries, report, views
from openai_usage.account import Credit, Doubt, OneSum
from openai_usage.days import Days, last_days, midnight
from openai_usage.demo.five_minutes import Era
from openai_usage.demo.legacy import Legacy
from openai_usage.demo.organization import Organization
from openai_usage.endpoints import COSTS, USAGE, Query, by_everything
from openai_usage.openai_api import ApiError, Client, Fault
from openai_usage.protocol import PanelView, Selection
from openai_usage.report import period
from openai_usage.report.sums import value_of
from openai_usage.rows import Bucket
from openai_usage.scope import CAPABILITIES, FIRST_DAY, RANKED, groups_of, measures_of
from openai_usage.source import LEGACY, Source
from openai_usage.store import Store, open_account
from openai_usage.views.words import SECTIONS
from tests.support.of_2023 import API_KEY, GATEWAY, chosen, read_2023, read_organization, report_of, run, state_of

NOW = datetime(2026, 4, 20, 18, 30, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
FAST = 10**6
USED = last_days(12, TODAY)
BILLED = last_days(130, TODAY)
ERAS: tuple[Era, ...] = get_args(Era)
TOLD_BY = {"project_id", "api_key_id", "user_id"}
COUNTED = {
    "completions": ("input_tokens", "output_tokens", "num_model_requests"),
    "embeddings": ("input_tokens", "num_model_requests"),
    "moderations": ("input_tokens", "num_model_requests"),
    "images": ("images", "num_model_requests"),
    "audio_speeches": ("characters", "num_model_requests"),
    "audio_transcriptions": ("seconds", "num_model_requests"),
}

pricing.load()


@cache
def store_of(era: Era = "late 2024", seed: int = 1, used: Days = USED) -> Store:
    options = Legacy(era=era, requests_per_minute=FAST)
    found: Store = run(read_2023(NOW, [used], BILLED, options=options, seed=seed))
    return found


@cache
def of_use_alone(era: Era = "late 2024", used: Days = USED) -> Store:
    """A key to which no bill is told."""
    options = Legacy(era=era, requests_per_minute=FAST, is_filled_for_keys=True)
    found: Store = run(read_2023(NOW, [used], options=options, key=API_KEY))
    return found


@cache
def organization(seed: int = 1, days: Days = BILLED) -> Store:
    found: Store = run(read_organization(NOW, days, [queries.TOTAL], seed))
    return found


def sums(
    store: Store, query: Query, days: Days, dimension: str | None, metrics: Iterable[str]
) -> dict[str | None, list[Any]]:
    """By value of a dimension the sums of some metrics, without those that have none."""
    buckets, endpoint = store.buckets[query], query.endpoint
    value = (lambda _: None) if dimension is None else value_of(endpoint, dimension)
    columns = [endpoint.column(name) for name in metrics]
    found: defaultdict[str | None, list[Any]] = defaultdict(lambda: [0] * len(columns))
    for bucket in buckets.of(days):
        for at, key in enumerate(bucket.keys):
            row = found[value(buckets.keys[key])]
            for place, column in enumerate(columns):
                row[place] += Fraction(bucket.columns[column][at])
    return {key: row for key, row in found.items() if any(row)}


def periods(within: Days) -> st.SearchStrategy[Days]:
    dates = st.dates(within.first, within.last)
    return st.tuples(dates, dates).map(sorted).map(lambda pair: Days(*pair))


def selection_of(days: Days, **more: Any) -> Selection:  # noqa: ANN401 - fields of a Selection
    return Selection(start=days.first, end=days.last, **more)


# The same account by both.


@given(periods(BILLED), st.integers(1, 3))
@settings(max_examples=40)
def test_the_bill_is_that_of_the_organisation_api_to_the_last_digit(days: Days, seed: int) -> None:
    legacy, today = store_of(seed=seed), organization(seed)
    for day in days:
        of_day = Days(day, day)
        there = sums(today, queries.TOTAL, of_day, None, ["amount"])
        assert sums(legacy, queries.TOTAL, of_day, None, ["amount"]) == there
        by_item = sums(legacy, Query(COSTS, ("line_item",)), of_day, "line_item", ["amount"])
        assert sum(row[0] for row in by_item.values()) == there.get(None, [0])[0]
    selection = selection_of(days)
    of_all = Fraction(report_of(today, NOW, selection).spend or 0)
    found = report_of(legacy, NOW, selection)
    assert found.spend is not None
    assert Fraction(found.spend) == of_all
    assert found.chart is not None
    assert sum(map(Fraction, found.chart.totals)) == of_all


@pytest.mark.parametrize("name", COUNTED)
@given(days=periods(USED), dimension=st.sampled_from([None, "model", *sorted(TOLD_BY)]), seed=st.integers(1, 2))
@settings(max_examples=25)
def test_use_is_that_of_the_organisation_api(name: str, days: Days, dimension: str | None, seed: int) -> None:
    endpoint = CAPABILITIES[name]
    query = queries.usage_query(endpoint)
    legacy, today = (sums(one, query, days, dimension, COUNTED[name])
                     for one in (store_of(seed=seed), organization(seed)))  # fmt: skip
    if name == "completions":
        # Its endpoints of 2023 know no Decisions API: what that used is told among the rest.
        other = sums(organization(seed), queries.usage_query(CAPABILITIES["decisions"]), days, dimension,
                     COUNTED[name])  # fmt: skip
        for value, row in other.items():
            today[value] = [one + two for one, two in zip(today.get(value, [0] * len(row)), row, strict=True)]
    if dimension == "user_id":
        # Late in 2024 it named people by their e-mail, and service accounts not at all.
        assert sorted(map(sum, legacy.values())) == sorted(_by_person(seed, today))
    else:
        assert legacy == today


def _by_person(seed: int, by_user: dict[str | None, list[Any]]) -> list[Any]:
    """Sums of each person's rows, and of those that are nobody's as one."""
    named = (store_of(seed=seed).directory or pytest.fail("no members")).users
    people = {user for user, email in Organization(seed).roster.emails().items() if email in named}
    found = [sum(row) for user, row in by_user.items() if user in people]
    nobody = sum(sum(row) for user, row in by_user.items() if user not in people)
    return [*found, *([nobody] if nobody else [])]


@given(st.dates(USED.first, USED.last), st.sampled_from(ERAS))
@settings(max_examples=20)
def test_hours_and_minutes_are_the_day(day: date, era: Era) -> None:
    store, of_day = store_of(era), Days(day, day)
    for name, metrics in COUNTED.items():
        endpoint = CAPABILITIES[name]
        whole = sums(store, queries.usage_query(endpoint), of_day, "model", metrics)
        for width in endpoint.widths:
            assert sums(store, queries.usage_query(endpoint, width), of_day, "model", metrics) == whole


@pytest.mark.parametrize("era", ERAS)
def test_rows_that_are_alike_are_one(era: Era) -> None:
    store = store_of(era)
    asked = [queries.usage_query(endpoint, width) for endpoint in store.told.usage for width in endpoint.widths]
    for query in (*asked, queries.TOTAL, Query(COSTS, ("line_item",))):
        for bucket in store.buckets[query].of(BILLED):
            assert len({*bucket.keys}) == len(bucket.keys)


# What is drawn adds up.


@st.composite
def selections(draw: st.DrawFn, store: Callable[[Era], Store] = store_of) -> tuple[Store, Selection]:
    found = store(draw(st.sampled_from(ERAS)))
    section = draw(st.sampled_from([*SECTIONS]))
    measure = draw(st.sampled_from(measures_of(section, found.told)))
    group_by = draw(st.sampled_from(groups_of(section, measure, found.told)))
    days = draw(periods(USED) | periods(last_days(40, TODAY)))
    values = report_of(found, NOW).values
    narrowed = draw(
        st.lists(st.sampled_from(["project_id", "api_key_id", "user_id", "model"]), unique=True, max_size=2)
    )
    fields = {"project_id": "project_ids", "api_key_id": "api_key_ids", "user_id": "user_ids", "model": "models"}
    filters = {
        fields[one]: draw(st.lists(st.sampled_from(sorted(values[one])), min_size=1, max_size=3, unique=True))
        for one in narrowed
        if values[one]
    }
    width = draw(st.sampled_from(["1d", "1d", "1h"])) if len(days) <= 7 else "1d"
    return found, selection_of(days, section=section, measure=measure, group_by=group_by, bucket=width, **filters)


@given(selections() | selections(of_use_alone))
@settings(max_examples=120)
def test_layers_are_totals_and_totals_the_metric(example: tuple[Store, Selection]) -> None:
    store, selection = example
    found = report_of(store, NOW, selection)
    if found.chart is None:
        return
    for at, total in enumerate(found.chart.totals):
        assert sum(Fraction(layer.numbers[at]) for layer in found.chart.layers) == Fraction(total)
    whole = sum(map(Fraction, found.chart.totals))
    match found.scope.measure:
        case "spend":
            assert found.spend is not None
            assert whole == Fraction(found.spend)
        case "estimate":
            assert found.estimates.narrowed is not None
            assert whole == Fraction(found.estimates.narrowed.amount)
        case "tokens" if found.scope.section not in CAPABILITIES:
            assert whole == (found.used or {}).get("input_tokens", 0) + (found.used or {}).get("output_tokens", 0)
        case "requests" if found.scope.section not in CAPABILITIES:
            # Tokens are those of some capabilities, and requests of all.
            assert whole >= (found.used or {}).get("num_model_requests", 0)


@given(selections() | selections(of_use_alone))
@settings(max_examples=80)
def test_estimates_by_group_are_the_whole(example: tuple[Store, Selection]) -> None:
    store, selection = example
    found = report_of(store, NOW, selection)
    whole = found.estimates.narrowed
    for by_value in found.estimates.by.values():
        assert whole is not None
        assert sum(Fraction(one.amount) for one in by_value.values()) == Fraction(whole.amount)
        assert {name for one in by_value.values() for name in one.unpriced} == set(whole.unpriced)
        assert all(one.is_part == whole.is_part for one in by_value.values())


@given(st.sets(st.dates(USED.first, USED.last), min_size=1), st.sampled_from(ERAS))
@settings(max_examples=30)
def test_the_estimate_of_a_day_is_the_same_whatever_else_is_known(known: set[date], era: Era) -> None:
    whole, some = store_of(era), Store(source=Source("legacy"))
    for endpoint in some.told.usage:
        query = queries.usage_query(endpoint)
        # Their keys get other numbers, as they come in another order.
        keys = some.buckets[query].keys
        for day in sorted(known, reverse=True):
            of_day = whole.buckets[query].of(Days(day, day))
            theirs = whole.buckets[query].keys
            some.put(query, Days(day, day),
                     [Bucket(one.start, [keys.number(theirs[key]) for key in one.keys], one.columns) for one in of_day],
                     NOW)  # fmt: skip
    asked = [queries.usage_query(one) for one in some.told.usage]
    for day in known:
        both = [
            report.estimates_by(report.price_use(store, asked, Days(day, day)), {}, None)[None]
            for store in (whole, some)
        ]
        assert both[0] == both[1]


@given(periods(last_days(40, TODAY)))
@settings(max_examples=30)
def test_days_that_are_not_known_are_said_to_be_missing(days: Days) -> None:
    store = of_use_alone()
    found = report_of(store, NOW, selection_of(days, measure="estimate"))
    unknown = [day for day in days if day not in USED]
    told = {day for some in found.missing.get(fetch.legacy.USE, []) for day in some}
    assert told == set(unknown)
    if found.estimates.narrowed is None:
        assert len(unknown) == len(days)
        return
    assert found.estimates.narrowed.is_part == bool(unknown)
    panel = views.panel_view(state_of(store, NOW, selection_of(days, measure="estimate")))
    (metric,) = (one for one in panel.metrics if one.id == "estimated")
    if unknown:
        assert (metric.detail or "").startswith("or more")
        for name in ("tokens", "requests"):
            (count,) = (one for one in panel.metrics if one.id == name)
            assert (count.detail or "").startswith("or more")


# What is not told is not there.


def cells(panel: PanelView) -> Iterable[tuple[str, str, str | None]]:
    """Of all tables, the column, the text and the value."""
    for section in panel.sections:
        for table in section.tables:
            for row in [*table.rows, *([table.total] if table.total else [])]:
                for column, cell in zip(table.columns, row.cells, strict=True):
                    yield column.id, cell.text, cell.value


@given(selections() | selections(of_use_alone))
@settings(max_examples=150)
def test_what_is_not_told_is_nothing_to_choose(example: tuple[Store, Selection]) -> None:
    store, selection = example
    state = state_of(store, NOW, selection)
    panel = views.panel_view(state)
    controls = {one.id: [option.id for option in one.options] for one in panel.controls}
    sections = {one.id for one in panel.sections} - {selection.section}
    assert state.report is not None
    if state.report.scope.measure == "spend":
        assert set(controls.get("groupBy", ["line_item"])) == {"line_item"}
    if not store.told.has_bill:
        assert "spend" not in controls.get("measure", [])
        assert not {"line-items", "limits"} & sections
    if not store.told.tells_users:
        # Its rows name nobody and nothing but a model.
        assert not {"projectIds", "apiKeyIds"} & controls.keys()
        assert not {"projects", "api-keys"} & sections


@given(selections() | selections(of_use_alone))
@settings(max_examples=150)
def test_what_is_not_told_has_no_figure(example: tuple[Store, Selection]) -> None:
    store, selection = example
    state = state_of(store, NOW, selection)
    panel = views.panel_view(state)
    assert state.report is not None
    is_billed = store.told.has_bill and not state.report.scope.filters
    assert ("spend" in {one.id for one in panel.metrics}) == is_billed
    if not is_billed:
        assert not {"today", "month", "budget"} & {one.id for one in panel.metrics}
        assert state.report.spend is None
    for table in (one for section in panel.sections for one in section.tables if one.id != "spend-limits"):
        columns = {one.id for one in table.columns}
        assert ("spend" in columns) == (table.id == "line-items")
        assert "quantity" not in columns
        assert is_billed or "spend" not in columns
    assert all(text == "—" or text.startswith("≈") for column, text, _ in cells(panel) if column == "estimate")


@pytest.mark.parametrize("era", ERAS)
def test_spend_is_not_nothing_where_it_cannot_be_narrowed(era: Era) -> None:
    told = {"models"} if era == "2023" else {"models", "project_ids", "user_ids"}
    if era == "early 2024":
        told.remove("project_ids")
    for section in ("overview", *RANKED):
        for narrowed in ({"models": ["gpt-5"]}, {"project_ids": ["proj_x"]}, {"user_ids": ["user-x", "user-y"]}):
            panel = views.panel_view(state_of(store_of(era), NOW, Selection(period="7d", section=section, **narrowed)))
            metrics = {one.id: one for one in panel.metrics}
            assert "spend" not in metrics
            # Nothing of that model is something to say; of a project where no row names one it is not.
            assert ("estimated" in metrics) == ("tokens" in metrics) == (narrowed.keys() <= told)
            texts = [json for json in (one.model_dump_json() for one in panel.sections) if "$0.00" in json]
            assert not texts


def test_what_has_no_list_price_is_not_said_to_cost_nothing() -> None:
    for section in ("overview", "models", "projects", "api-keys", "users"):
        panel = views.panel_view(state_of(store_of(), NOW, selection_of(USED, section=section, all_rows=[section])))
        assert "dall-e-3" in panel.model_dump_json()
        rows = [row for one in panel.sections for table in one.tables for row in table.rows]
        # Moderation is free, and the price of that is known.
        free = {row.cells[0].text for row in rows if "≈ $0.00" in {cell.text for cell in row.cells}}
        assert free <= {"omni-moderation-latest"}
    models = views.panel_view(state_of(store_of(), NOW, selection_of(USED, section="models")))
    (table,) = (one for section in models.sections for one in section.tables)
    estimated = [column.id for column in table.columns].index("estimate")
    texts = {row.cells[0].text: row.cells[estimated].text for row in table.rows}
    assert texts["dall-e-3"] == "—"


# One user at a time.


def test_one_user_s_use_where_rows_name_none() -> None:
    named = (store_of().directory or pytest.fail("no members")).users
    user = min(one for one, email in Organization().roster.emails().items() if email in named)
    used = last_days(3, TODAY)
    options = Legacy(era="2023", requests_per_minute=FAST)
    account = store_of().account.organization
    store = Store(source=Source("legacy", account.id if account else None))
    run(read_2023(NOW, [used], options=options, users=[user], store=store))
    assert user in (store.directory or pytest.fail("no members")).users
    selection = selection_of(used, user_ids=[user], measure="tokens")
    assert chosen(store, NOW, selection).asked_user == user
    there = report_of(organization(), NOW, selection)
    # One user's use of today's organisation API, in tokens.
    assert report_of(store, NOW, selection).used == {
        name: (there.used or {}).get(name, 0) if name in {"input_tokens", "output_tokens"} else number
        for name, number in (report_of(store, NOW, selection).used or {}).items()
    }
    several = report_of(store, NOW, selection_of(used, user_ids=[user, "user-other"], measure="tokens"))
    assert several.used is None
    assert several.chart is None


def answering(*answers: Any) -> Client:  # noqa: ANN401 - JSON
    """A client to which those bodies are answered, one after the other."""
    left = list(answers)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=left.pop(0)))
    return Client(GATEWAY, SecretStr(API_KEY), transport=transport)


def row(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    made = {
        "aggregation_timestamp": midnight(TODAY), "n_requests": 1, "operation": "completion", "snapshot_id": "gpt-5",
        "n_context_tokens_total": 1, "n_generated_tokens_total": 1,
    }  # fmt: skip
    return {**made, **more}


async def read_use(store: Store, user: str | None, *rows: Any) -> None:  # noqa: ANN401 - JSON
    client = answering({"object": "list", "data": list(rows)})
    assert not await fetch.read(client, store, [fetch.legacy.use(TODAY, user)], NOW)
    await client.aclose()


async def test_one_user_s_day_does_not_hide_what_could_not_be_read_of_all() -> None:
    store = Store(source=Source("legacy"))
    await read_use(store, None, row(), row(n_requests="many"))
    assert store.unread == {TODAY: {"data": 1}}
    await read_use(store, "user-a", row())
    assert store.unread == {TODAY: {"data": 1}}
    await read_use(store, None, row())
    assert store.unread == {}


# What the source tells.


@pytest.mark.parametrize("bill", ["known", "refused", "both", "one sum", "unknown"])
@pytest.mark.parametrize("use", ["known", "refused", "both", "unknown"])
def test_what_is_told(bill: str, use: str) -> None:
    store = Store(source=Source("legacy"))
    error = ApiError(Fault.SESSION_ONLY, status=403)
    of_use = by_everything(USAGE[0])
    if bill in {"known", "both"}:
        store.put(queries.TOTAL, Days(TODAY, TODAY), [], NOW)
    if bill in {"refused", "both"}:
        store.failures[queries.TOTAL] = error
    if bill == "one sum":
        store.account = replace(store.account, one_sum=OneSum(Decimal(1), None))
    if use in {"known", "both"}:
        keys = store.buckets[of_use].keys
        number = keys.number(tuple("gpt-5" if one == "model" else None for one in USAGE[0].fields))
        columns = tuple([1] for _ in USAGE[0].metrics)
        store.put(of_use, Days(TODAY, TODAY), [Bucket(midnight(TODAY), [number], columns)], NOW)
    if use in {"refused", "both"}:
        store.failures[fetch.legacy.USE] = error
    told = store.told
    assert told.kind == "legacy"
    assert told.has_bill == (bill not in {"refused", "one sum"})
    assert bool(told.usage) == (use != "refused")
    assert told.tells_users == (use not in {"known", "both"})
    assert told.bill_by == {"line_item"}
    for section in SECTIONS:
        measures = measures_of(section, told)
        assert measures
        if section not in {*CAPABILITIES, "line-items", "limits"} and (told.has_bill or told.usage):
            assert ("spend" in measures) <= told.has_bill
            assert ("tokens" in measures) == bool(told.usage)
        panel = views.panel_view(state_of(store, NOW, Selection(section=section, period="today")))
        assert panel.title
    views.status_view(state_of(store, NOW))


# A sum without days.


def sum_of(amount: str) -> dict[str, Any]:
    return {"object": "list", "total_usage": float(amount)}


async def ask_bill(store: Store, *answers: Any) -> list[tuple[date, date]]:  # noqa: ANN401 - JSON
    """One refresh; the days that were asked for."""
    asked: list[tuple[date, date]] = []
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/billing/usage"):
            return httpx.Response(404, json={"error": {"message": "Invalid URL"}})
        values = request.url.params
        asked.append((date.fromisoformat(values["start_date"]), date.fromisoformat(values["end_date"]) - DAY))
        return httpx.Response(200, json=left.pop(0))

    client = Client(GATEWAY, SecretStr(API_KEY), transport=httpx.MockTransport(answer))
    store.since = store.since + DAY if store.since.year > 1 else NOW - DAY
    found = [one for one in fetch.shown(store, fetch.Seen(), TODAY) if one.topic == queries.TOTAL]
    await fetch.read(client, store, found, NOW)
    store.account_read = None
    await client.aclose()
    assert not left
    return asked


async def test_a_sum_of_all_there_ever_was() -> None:
    store = Store(source=Source("legacy"))
    await ask_bill(store, sum_of("1234"), sum_of("1234"))
    assert store.account.one_sum == OneSum(Decimal("12.34"), None)
    await ask_bill(store, sum_of("1300"))
    assert store.account.one_sum == OneSum(Decimal(13), None)


async def test_a_sum_that_goes_by_dates() -> None:
    store = Store(source=Source("legacy"))
    ((first, _), _) = await ask_bill(store, sum_of("1234"), sum_of("0"))
    assert store.account.one_sum == OneSum(Decimal("12.34"), first)
    ((first, _),) = await ask_bill(store, sum_of("1300"))
    assert first == TODAY - 89 * DAY
    assert store.account.one_sum == OneSum(Decimal(13), first)


async def test_nothing_used_yet_does_not_tell_whether_a_sum_goes_by_dates() -> None:
    by_dates, of_all = Store(source=Source("legacy")), Store(source=Source("legacy"))
    for store in (by_dates, of_all):
        # None of all days is none, whichever it goes by.
        for _ in range(2):
            (_, asked) = await ask_bill(store, sum_of("0"), sum_of("0"))
            assert asked == (FIRST_DAY, TODAY)
            assert store.account.one_sum is not None
            assert not store.account.one_sum.amount
            assert store.account.one_sum.since is None
    ((first, last), before) = await ask_bill(by_dates, sum_of("500"), sum_of("0"))
    assert (last, before) == (TODAY, (FIRST_DAY - DAY, FIRST_DAY - DAY))
    assert by_dates.account.one_sum == OneSum(Decimal(5), first)
    assert first == TODAY - 89 * DAY
    await ask_bill(of_all, sum_of("500"), sum_of("500"))
    assert of_all.account.one_sum == OneSum(Decimal(5), None)


def bill_of(*days: tuple[date, str], total: str | None = None) -> dict[str, Any]:
    listed = [
        {"timestamp": midnight(day), "line_items": [{"name": "Chat models", "cost": float(cents)}]}
        for day, cents in days
    ]
    return {"object": "list", "daily_costs": listed, **({} if total is None else {"total_usage": float(total)})}


async def test_a_bill_that_does_not_come_to_its_total_is_told_until_it_does() -> None:
    store = Store(source=Source("legacy"))
    recent, earlier = last_days(2, TODAY), Days(TODAY - 9 * DAY, TODAY - 5 * DAY)

    async def read(days: Days, answer: Any) -> None:  # noqa: ANN401 - JSON
        client = answering(answer)
        (question,) = fetch.history(store, [], days)
        assert not await fetch.read(client, store, [question], NOW)
        await client.aclose()

    await read(recent, bill_of((TODAY, "100"), total="300"))
    found = Doubt(recent.first, recent.last, Decimal(1), Decimal(3), unlisted=1)
    assert store.account.doubts == (found,)
    # Other days say nothing of these.
    await read(earlier, bill_of((earlier.first, "50"), total="50"))
    assert store.account.doubts == (found,)
    store.since = NOW + DAY
    await read(recent, bill_of((TODAY, "300"), total="300"))
    assert not store.account.doubts


# Kept in a file.


@pytest.mark.parametrize("era", ERAS)
def test_what_was_read_is_the_same_after_a_restart(tmp_path: Path, era: Era) -> None:
    source, secret = Source("legacy"), SecretStr("sess-" + "x" * 40)

    def opened() -> Store:
        return Store(lambda: open_account(tmp_path, source.account("https://api.openai.com/v1"), secret), source)

    store = opened()
    assert store.is_shared
    run(read_2023(NOW, [last_days(3, TODAY)], options=Legacy(era=era, requests_per_minute=FAST), store=store))
    with store.up_to_date():
        store.unread = {TODAY: {"data": 3, "ft_data": 1}, date(2025, 2, 28): {"tts_api_data": 2}}
        store.account = replace(store.account, one_sum=OneSum(Decimal("0.1000000000000000000000000001"), TODAY),
                                doubts=(Doubt(TODAY, TODAY, Decimal("1.10"), Decimal("1E+3")),))  # fmt: skip
        store.account = replace(store.account, one_sum=None)
    selections_ = [Selection(period="7d", section=one, measure=measure) for one in SECTIONS
                   for measure in ("spend", "estimate", "tokens", "requests")]  # fmt: skip
    before = [views.panel_view(state_of(store, NOW, one)) for one in selections_]
    status = views.status_view(state_of(store, NOW))
    facts = store.account, store.account_read, store.unread, store.directory, store.told, store.use_asked
    store.close()
    again = opened()
    assert again.is_shared
    assert (again.account, again.account_read, again.unread, again.directory, again.told, again.use_asked) == facts
    assert views.status_view(state_of(again, NOW)) == status
    for selection, panel in zip(selections_, before, strict=True):
        assert views.panel_view(state_of(again, NOW, selection)) == panel
    again.close()


def test_an_account_of_another_source_unit_or_organisation_has_another_file(tmp_path: Path) -> None:
    secret = SecretStr("sess-" + "x" * 40)
    sources = [
        Source(),
        Source("legacy"),
        Source("legacy", unit="usd"),
        Source("legacy", "org-a"),
        Source("legacy", "org-b"),
    ]
    for source in sources:
        open_account(tmp_path, source.account("https://api.openai.com/v1"), secret).close()
    assert len(list(tmp_path.glob("*.sqlite3"))) == len(sources)


def test_an_estimate_that_would_be_waited_for_too_long_is_not_left_out_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = of_use_alone()
    selection = selection_of(USED, measure="estimate")
    days_with_rows = [selection_of(Days(day, day), measure="estimate") for day in USED]
    rows = [
        sum(len(bucket.keys) for one in store.told.usage for bucket in store.buckets[queries.usage_query(one)].of(days))
        for days in (chosen(store, NOW, one).days for one in days_with_rows)
    ]
    # As many rows as there are, however many days of the period are not known.
    monkeypatch.setattr(period, "_MOST_ESTIMATED", sum(rows))
    long = selection_of(last_days(900, TODAY), measure="estimate")
    for one in (selection, long):
        assert report_of(store, NOW, one).estimates.narrowed is not None
    monkeypatch.setattr(period, "_MOST_ESTIMATED", sum(rows) - 1)
    for one in (selection, long):
        state = state_of(store, NOW, one)
        assert state.report is not None
        assert state.report.estimates.narrowed is None
        panel = views.panel_view(state)
        said = [notice.text for section in panel.sections for notice in section.notices if notice.id == "too-much"]
        assert said == ["There is too much use in these days to estimate what it costs: choose fewer days."]


def test_a_credit_alone_is_shown() -> None:
    """Older keys of users are told no more than that."""
    store = Store(source=Source("legacy"))
    store.failures[queries.TOTAL] = ApiError(Fault.SESSION_ONLY, status=403)
    store.account = replace(store.account, credit=Credit(Decimal(18), Decimal("1.85"), Decimal("16.15")))
    store.account_read = NOW
    for n in range(5):
        for endpoint in LEGACY.usage:
            store.put(by_everything(endpoint), Days(TODAY - timedelta(days=n), TODAY - timedelta(days=n)), [], NOW)
    state = state_of(store, NOW)
    assert views.status_view(state).text == "$(graph) $16.15 credit left"
    panel = views.panel_view(state)
    assert [(one.id, one.text) for one in panel.metrics] == [("credit", "$16.15")]
    assert {"no-bill", "unfilled"} <= {one.id for one in panel.notices}
