"""The status bar's sums, the bill's currency, the forecast, and rankings: what is not known is never a zero."""

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openai_usage import report
from openai_usage.days import Days, day_of, last_days, midnight, month_of
from openai_usage.endpoints import COSTS, USAGE, Query
from openai_usage.protocol import GroupBy, Selection
from openai_usage.queries import (
    BASE,
    KEYS_SINCE,
    RANKED_BY,
    compared,
    cost_queries,
    cost_query,
    usage_queries,
    usage_query,
)
from openai_usage.queries import (
    given as given_days,
)
from openai_usage.report import REMAINDER, Recent, Report
from openai_usage.rows import Bucket
from openai_usage.scope import FIRST_SELECTION, RANKED, merged, scope
from openai_usage.store import Buckets, Store

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)

line_items = st.sampled_from(
    [None, "gpt-5, input", "gpt-5, output", "gpt-image-1 text, input", "web search tool calls"]
)
projects = st.sampled_from([None, "proj_a", "proj_b"])
amounts = st.integers(-(10**20), 10**24).map(lambda digits: Decimal(digits).scaleb(-22))
Costs = list[tuple[date, str | None, str | None, str, Decimal]]
costs = st.lists(
    st.tuples(
        st.sampled_from(list(last_days(45, TODAY))),
        projects,
        line_items,
        st.sampled_from(["usd", "usd", "eur"]),
        amounts,
    ),
    max_size=40,
)


def put_costs(buckets: Buckets, days: Days, rows: Costs, organization: str | None = None) -> None:
    """As a query by project and line item is answered."""
    found = []
    for day in days:
        of_day = [row for row in rows if row[0] == day]
        keys = [
            buckets.keys.number((project, None, None, item, None, currency, None, organization))
            for _, project, item, currency, _ in of_day
        ]
        found.append(Bucket(midnight(day), keys, ([row[4] for row in of_day], [Decimal(0)] * len(of_day))))
    buckets.put(days, found, NOW)


def bill_of(rows: Costs) -> Buckets:
    buckets = Buckets()
    put_costs(buckets, last_days(60, TODAY), rows)
    return buckets


def exact(rows: Costs) -> Fraction:
    return sum((Fraction(row[4]) for row in rows), Fraction(0))


@given(costs, st.sampled_from(["usd", "eur"]), st.integers(0, 40))
def test_the_status_bar_s_figures_are_plain_sums(rows: Costs, currency: str, ago: int) -> None:
    day = TODAY - ago * DAY
    buckets = bill_of(rows)
    recent = report.recent(buckets, buckets, currency, day)

    def of(days: Days) -> list[tuple[date, str | None, str | None, str, Decimal]]:
        return [row for row in rows if row[0] in days and row[3] == currency]

    assert Fraction(recent.today) == exact(of(Days(day, day)))
    assert Fraction(recent.yesterday) == exact(of(Days(day - DAY, day - DAY)))
    assert Fraction(recent.last_7_days) == exact(of(last_days(7, day)))
    assert [Fraction(amount) for amount in recent.daily] == [exact(of(Days(one, one))) for one in last_days(8, day)]
    month = of(month_of(day))
    assert Fraction(recent.month) == exact(month)
    assert {share.key: Fraction(share.amount) for share in recent.month_line_items} == {
        item: exact([row for row in month if row[2] == item]) for item in {row[2] for row in month}
    }
    assert [share.amount for share in recent.month_line_items] == sorted(
        (share.amount for share in recent.month_line_items), reverse=True
    )
    assert {project: Fraction(amount) for project, amount in (recent.month_by_project or {}).items()} == {
        project: exact([row for row in month if row[1] == project]) for project in {row[1] for row in month}
    }


def recent_of(daily: list[Decimal], month: Decimal) -> Recent:
    return Recent(daily[-1], daily[-2], sum(daily[-7:], start=Decimal(0)), month, [], {}, daily)


cents = st.integers(0, 10**6).map(lambda number: Decimal(number).scaleb(-2))


@given(st.lists(cents, min_size=8, max_size=8), cents, st.dates(date(2024, 1, 1), date(2030, 12, 31)))
@example([Decimal(7)] * 8, Decimal(7), date(2024, 2, 29))
def test_a_forecast_is_the_month_so_far_and_the_pace_of_the_last_week(
    daily: list[Decimal], before: Decimal, today: date
) -> None:
    found = report.forecast(recent_of(daily, before + daily[-1]), today)
    days_left = calendar.monthrange(today.year, today.month)[1] - today.day
    pace = sum(map(Fraction, daily[:7]), Fraction(0)) / 7
    expected = Fraction(before) + max(Fraction(daily[-1]), pace) + pace * days_left
    assert found.days_left == days_left
    assert abs(Fraction(found.amount) - expected) <= Fraction(1, 10**12)
    # What was billed already is in it.
    assert found.amount >= before + daily[-1]


def test_a_forecast_of_next_to_nothing_is_not_nothing() -> None:
    tiny = Decimal("0.00001")
    assert report.forecast(recent_of([tiny] * 8, tiny), TODAY).amount >= tiny


def test_what_the_split_leaves_out_is_in_the_sums_of_the_status_bar() -> None:
    bill, split = bill_of([(TODAY, None, None, "usd", Decimal(15))]), bill_of([(TODAY, "p", "i", "usd", Decimal(10))])
    recent = report.recent(bill, split, "usd", TODAY)
    assert {recent.today, recent.month, recent.daily[-1]} == {Decimal(15)}
    assert recent.month_of_project("p") == 10
    assert recent.month_of_project(None) == 15
    unknown = report.recent(bill, Buckets(), "usd", TODAY)
    assert unknown.month == 15
    assert unknown.month_line_items == []
    assert unknown.month_of_project("p") is None


@pytest.mark.parametrize(
    ("rows", "currency", "left_out"),
    [
        ([], "usd", set()),
        ([(0, "eur", "1"), (0, "usd", "2"), (0, "gbp", "3")], "usd", {"eur", "gbp"}),
        ([(40, "usd", "1"), (0, "eur", "1000")], "eur", {"usd"}),
        ([(40, "eur", "1"), (0, "gbp", "1"), (0, "eur", "1")], "eur", {"gbp"}),
        # What costs nothing says nothing of the currency.
        ([(1, "eur", "1"), (0, "usd", "0")], "eur", set()),
        ([(0, "usd", "0")], "usd", set()),
        # A credit is money too.
        ([(1, "usd", "1"), (0, "eur", "-2")], "eur", {"usd"}),
    ],
)
def test_different_currencies_are_never_added_up(
    rows: list[tuple[int, str, str]], currency: str, left_out: set[str]
) -> None:
    buckets = bill_of([(TODAY - ago * DAY, None, None, money, Decimal(amount)) for ago, money, amount in rows])
    bill = report.bill(buckets)
    assert bill.currency == currency
    assert set(bill.left_out) == left_out
    month = [row for row in rows if row[1] == currency and row[0] < TODAY.day]
    assert report.recent(buckets, buckets, bill.currency, TODAY).month == sum(Decimal(row[2]) for row in month)


def test_the_newest_name_of_the_organisation_counts() -> None:
    buckets = Buckets()
    for ago, name in ((3, "Old"), (2, "New"), (1, None)):
        day = TODAY - ago * DAY
        put_costs(buckets, Days(day, day), [(day, None, None, "usd", Decimal(1))], name)
    assert report.bill(buckets).organization_name == "New"
    assert report.bill(Buckets()).organization_name is None


@pytest.mark.parametrize(
    ("line_item", "model"),
    [
        ("gpt-5.4-2026-03-05, cached input", "gpt-5.4-2026-03-05"),
        ("gpt-image-2.5-flare image, output", "gpt-image-2.5-flare"),
        ("gpt-image-1 text, input", "gpt-image-1"),
        ("gpt-realtime audio, cached input", "gpt-realtime"),
        ("dall-e 3, standard, 1024x1792, 1792x1024", "dall-e-3"),
        ("web search tool calls", "web search tool calls"),
        ("Text tokens", "Text tokens"),
        ("text, input", "text"),
        ("", ""),
    ],
)
def test_the_model_a_line_item_bills_for(line_item: str, model: str) -> None:
    assert report.model_of(line_item) == model


# A whole report, of a store filled by hand.

COMPLETIONS = USAGE[0]
WEEK = last_days(7, TODAY)


def shown(store: Store, **chosen: object) -> Report:
    selection = merged(FIRST_SELECTION, Selection.model_validate({"period": "7d", **chosen}))
    return report.report(store, scope(selection, TODAY), "usd", NOW)


def bill(store: Store, query: Query, days: Days, *rows: Mapping[str, object]) -> None:
    """Rows of the bill, each with its amount and what it is by; all of them on the last day."""
    buckets = store.buckets[query]
    keys = [
        buckets.keys.number((*(str(row[one]) if one in row else None for one in COSTS.fields[:-3]), "usd", None, None))
        for row in rows
    ]
    columns = [Decimal(str(row["amount"])) for row in rows], [Decimal(0)] * len(rows)
    buckets.put(days, [Bucket(midnight(days.last), keys, columns)], NOW)


def use(store: Store, days: Days, *rows: Mapping[str, object]) -> None:
    buckets = store.buckets[usage_query(COMPLETIONS)]
    keys = [
        buckets.keys.number(tuple(str(row[one]) if one in row else None for one in COMPLETIONS.fields)) for row in rows
    ]
    columns = tuple([int(str(row.get(metric.name, 0))) for row in rows] for metric in COMPLETIONS.metrics)
    buckets.put(days, [Bucket(midnight(days.last), keys, columns)], NOW)


def empty(days: Days = WEEK, **chosen: object) -> Store:
    """Everything that a selection shows was read, and nothing was there."""
    store = Store()
    selection = Selection.model_validate({"period": None, "start": days.first, "end": days.last, **chosen})
    wanted = scope(merged(FIRST_SELECTION, selection), TODAY)
    for query in [*cost_queries(wanted), *usage_queries(wanted)]:
        if asked := given_days(query, days):
            store.buckets[query].put(asked, [], NOW)
    for query in compared(wanted):
        if given_days(query, wanted.before) == wanted.before:
            store.buckets[query].put(wanted.before, [], NOW)
    return store


def test_nothing_read_is_nothing_known() -> None:
    found = shown(Store())
    assert (found.spend, found.used, found.chart, found.spend_before, found.used_before) == (None,) * 5
    assert found.missing.keys() >= {cost_query({}), usage_query(COMPLETIONS)}
    assert all(ranking.spend is None and not ranking.entries for ranking in found.rankings.values())


def test_nothing_used_is_zero() -> None:
    found = shown(empty())
    assert (str(found.spend), str(found.spend_before)) == ("0", "0")
    assert found.used is not None
    assert not any(found.used.values())
    assert found.capabilities == []
    assert found.chart is not None
    assert (found.chart.layers, found.chart.totals) == ([], [0] * 7)
    assert found.missing == {}


def test_what_has_use_and_no_cost_row_is_not_said_to_cost_nothing() -> None:
    """The bill may spell a model otherwise than usage does."""
    store = empty()
    bill(store, cost_query({}), WEEK, {"amount": "1.5"})
    bill(
        store,
        BASE,
        WEEK,
        {"amount": "1.5", "line_item": "gpt-image-1 text, input"},
        {"amount": 0, "line_item": "free, x"},
    )
    use(store, WEEK, {"model": "gpt-image-1-2025-04-23", "input_tokens": 5})
    entries = {entry.key: entry for entry in shown(store, section="models").rankings["model"].entries}
    assert {key: entry.spend for key, entry in entries.items()} == {
        "gpt-image-1": Decimal("1.5"),
        "free": 0,
        "gpt-image-1-2025-04-23": None,
    }
    assert entries["gpt-image-1"].used == {}
    assert entries["gpt-image-1-2025-04-23"].used["input_tokens"] == 5


@given(st.lists(st.tuples(st.sampled_from([None, "a", "b"]), amounts), max_size=6), amounts)
def test_what_no_entry_has_is_the_remainder(rows: list[tuple[str | None, Decimal]], total: Decimal) -> None:
    store = empty()
    bill(store, cost_query({}), WEEK, {"amount": total})
    bill(
        store,
        cost_query({}, "user_id"),
        WEEK,
        *({"amount": one, **({"user_id": by} if by else {})} for by, one in rows),
    )
    ranking = shown(store, section="users").rankings["user_id"]
    assert ranking.spend == total
    assert ranking.remainder is not None
    by_user = {entry.key: Fraction(entry.spend or 0) for entry in ranking.entries}
    assert by_user == {by: sum((Fraction(n) for one, n in rows if one == by), Fraction(0)) for by in dict(rows)}
    assert sum(by_user.values(), Fraction(0)) + Fraction(ranking.remainder) == Fraction(total)


@pytest.mark.parametrize("by", RANKED_BY)
def test_a_split_that_was_refused_leaves_the_rest(by: GroupBy) -> None:
    store = empty()
    bill(store, cost_query({}), WEEK, {"amount": 3})
    del store.buckets[cost_query({}, by)]
    section = next(section for section, dimension in RANKED.items() if dimension == by)
    found = shown(store, section=section)
    ranking = found.rankings[by]
    assert found.spend == ranking.spend == 3
    assert ranking.remainder is None
    assert all(entry.spend is None for entry in ranking.entries)
    assert not found.chart_is_split
    assert found.chart is not None
    assert found.chart.totals == [0, 0, 0, 0, 0, 0, 3]
    assert cost_query({}, by) in found.missing


def test_days_that_are_partly_read_are_shown_and_said_to_be_missing() -> None:
    store = empty()
    del store.buckets[cost_query({})]
    some = Days(WEEK.first, TODAY - 2 * DAY)
    bill(store, cost_query({}), some, {"amount": 2})
    found = shown(store)
    assert found.spend == 2
    assert found.missing[cost_query({})] == [last_days(2, TODAY)]


def test_of_days_that_are_only_compared_with_a_part_is_not_enough() -> None:
    store = empty()
    before = Days(TODAY - 13 * DAY, TODAY - 7 * DAY)
    for query in list(store.buckets):
        if query in compared(scope(merged(FIRST_SELECTION, Selection(period="7d")), TODAY)):
            del store.buckets[query]
            store.buckets[query].put(last_days(8, TODAY), [], NOW)
    found = shown(store)
    assert before.last not in last_days(7, TODAY)
    assert (found.spend_before, found.used_before) == (None, None)
    assert all(ranking.before is None for ranking in found.rankings.values())


@pytest.mark.parametrize("first", [KEYS_SINCE - 10 * DAY, KEYS_SINCE - 7 * DAY], ids=str)
def test_before_there_were_costs_by_key_a_key_s_spend_is_not_known(first: date) -> None:
    days = Days(first, first + 6 * DAY)
    dates = {"period": None, "start": days.first, "end": days.last, "api_key_ids": ["key"]}
    found = shown(empty(days, api_key_ids=["key"]), **dates)
    assert found.spend is None


def test_a_key_s_spend_that_was_refused_is_not_zero_where_the_days_begin_before_there_was_any() -> None:
    days = Days(KEYS_SINCE - 3 * DAY, KEYS_SINCE + 3 * DAY)
    dates = {"period": None, "start": days.first, "end": days.last, "api_key_ids": ["key"]}
    found = shown(Store(), **dates)
    assert (found.spend, found.chart) == (None, None)


@pytest.mark.parametrize("first", [KEYS_SINCE, KEYS_SINCE + 3 * DAY], ids=str)
def test_nothing_by_key_is_compared_with_days_without_costs_by_key(first: date) -> None:
    days = Days(first, first + 6 * DAY)
    dates = {"period": None, "start": days.first, "end": days.last}
    for narrowed in ({"api_key_ids": ["key"]}, {}):
        store = empty(days, **narrowed)
        # What of them can be known is known, since it was shown before.
        wanted = scope(merged(FIRST_SELECTION, Selection.model_validate({**dates, **narrowed})), TODAY)
        for query in compared(wanted):
            if asked := given_days(query, wanted.before):
                store.buckets[query].put(asked, [], NOW)
        found = shown(store, **dates, **narrowed)
        assert (found.spend_before is None) == bool(narrowed)
        assert found.rankings["api_key_id"].before is None


def test_the_kinds_of_tokens_are_all_tokens_once() -> None:
    store = empty(measure="tokens", group_by="token_type")
    counts = {"input_tokens": 100, "input_cached_tokens": 30, "input_cache_write_tokens": 20, "output_tokens": 7}
    use(store, WEEK, counts, counts)
    found = shown(store, measure="tokens", group_by="token_type")
    assert found.chart is not None
    assert {layer.key: layer.numbers[-1] for layer in found.chart.layers} == {
        "uncached": 100, "cached": 60, "cache_write": 40, "output": 14
    }  # fmt: skip
    assert found.chart.totals[-1] == 214


LONG = last_days(450, TODAY)
# Most are the first or the last of a month: there it would go wrong.
days_of_months = st.sampled_from([day for day in LONG if day.day == 1 or (day + DAY).day == 1]) | st.sampled_from(
    [*LONG]
)


@given(
    st.lists(st.tuples(days_of_months, projects, line_items, st.just("usd"), amounts), min_size=5, max_size=25),
    st.sets(st.integers(0, 24), max_size=8),
    st.sets(days_of_months, max_size=5),
    st.integers(0, 40),
    st.integers(0, 40),
)
@settings(max_examples=30)
def test_a_month_in_a_long_chart_is_the_sum_of_the_chart_of_its_days(
    rows: Costs, not_split: set[int], unknown: set[date], later: int, earlier: int
) -> None:
    """Also where the split leaves something out, where some days are not known, and where the period cuts a month."""
    store = Store()
    put_costs(store.buckets[BASE], LONG, [row for at, row in enumerate(rows) if at not in not_split])
    for day in LONG:
        if day not in unknown:
            of_day: Costs = [(day, None, None, currency, amount) for one, _, _, currency, amount in rows if one == day]
            put_costs(store.buckets[cost_query({})], Days(day, day), of_day)

    def drawn(days: Days) -> tuple[list[date], dict[object, list[Fraction]]]:
        dates = {"period": None, "start": days.first, "end": days.last, "group_by": "line_item"}
        chart = shown(store, **dates).chart
        assert chart is not None
        layers = {layer.key: list(map(Fraction, layer.numbers)) for layer in chart.layers}
        return list(map(day_of, chart.starts)), {**layers, "total": list(map(Fraction, chart.totals))}

    days = Days(LONG.first + later * DAY, LONG.last - earlier * DAY)
    firsts, long = drawn(days)
    if len(days) <= 400:
        assert firsts == list(days)
        return
    months = [
        Days(one, min(days.last, other - DAY)) for one, other in zip(firsts, [*firsts[1:], date.max], strict=True)
    ]
    assert [day for month in months for day in month] == list(days)
    assert all(month.first.day == 1 for month in months[1:])
    assert all(month.first.month == month.last.month for month in months)
    for at, month in enumerate(months):
        if unknown >= set(month):
            continue
        starts, of_days = drawn(month)
        assert starts == list(month)
        keys = long.keys() | of_days.keys()
        assert {key: long[key][at] if key in long else Fraction(0) for key in keys} == {
            key: sum(of_days.get(key, []), Fraction(0)) for key in keys
        }
        assert REMAINDER not in keys or not_split


def test_all_time_is_compared_with_nothing_though_it_would_be_known() -> None:
    store = empty()
    for buckets in store.buckets.values():
        buckets.put(last_days(30, TODAY), [], NOW)
    selection = merged(FIRST_SELECTION, Selection(period="all"))
    found = report.report(store, scope(selection, TODAY, WEEK.first), "usd", NOW)
    assert found.scope.days == WEEK
    assert found.spend == 0
    assert (found.spend_before, found.used_before) == (None, None)
    assert all(ranking.before is None for ranking in found.rankings.values())
