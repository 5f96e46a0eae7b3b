"""Status bar and panel over what the endpoints of 2023 tell: every state in its words, and nothing made up."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from openai_usage import fetch, pricing, queries, views
from openai_usage.account import Credit, Doubt, OneSum, Organization, Subscription
from openai_usage.credentials import ADMIN_VARIABLE, KeyKind
from openai_usage.days import Days, last_days, midnight, month_of
from openai_usage.directory import Directory, Project
from openai_usage.endpoints import COSTS, Query
from openai_usage.openai_api import ApiError, Fault
from openai_usage.protocol import Metric, Notice, PanelView, SectionId, Selection
from openai_usage.rows import Bucket
from openai_usage.scope import CAPABILITIES, RANKED
from openai_usage.source import Source
from openai_usage.store import Store
from openai_usage.views import State
from openai_usage.views.problems import Untold
from openai_usage.views.words import SECTIONS
from tests.support.of_2023 import GATEWAY, state_of

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
WEEK = last_days(7, TODAY)
SESSION_ONLY = ApiError(Fault.SESSION_ONLY, "must be made with a session key", status=403)
ABSENT = ApiError(Fault.NOT_FOUND, "Invalid URL (GET /v1/usage)", status=404)
HOSTILE = [
    "[x](command:workbench.quit)", "<img src=x onerror=alert(1)>", "$(error) gone", "a | b", "**bold** `code`",
    "line\nbreak\r\n# heading", "![i](https://evil.example/i.png)", "&lt;b&gt;", "x" * 500, "\u202eevil", "\\$(alert)",
]  # fmt: skip

pricing.load()


class Told:
    """What was told, by hand."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.store = Store(source=Source("legacy"))
        self.store.asked = self.store.since = self.store.account_read = now

    def bill(self, *rows: tuple[date, str, str], days: Days | None = None) -> "Told":
        """By line item; the other days of the month and of the week cost nothing."""
        days = days or queries.days_around(self.now.date()).union(last_days(60, self.now.date()))
        for query in (queries.TOTAL, Query(COSTS, ("line_item",))):
            keys, found = self.store.buckets[query].keys, []
            for day in days:
                of_day = [(name, Decimal(amount)) for one, name, amount in rows if one == day]
                fields = [{"currency": "usd", **({"line_item": name} if query.group_by else {})} for name, _ in of_day]
                numbers = [keys.number(tuple(map(one.get, COSTS.fields))) for one in fields]
                amounts = [amount for _, amount in of_day]
                found.append(Bucket(midnight(day), numbers, (amounts, [Decimal(0)] * len(amounts))))
            self.store.put(query, days, found, self.now)
        return self

    def use(self, days: Days, *rows: tuple[date, str, int], capability: str = "completions") -> "Told":
        """Input tokens by model; in an endpoint without tokens, its first count."""
        shown = CAPABILITIES[capability]
        for endpoint in self.store.source.tells.usage:
            for width in endpoint.widths:
                query = queries.usage_query(endpoint, width)
                keys = self.store.buckets[query].keys
                found = []
                for day in days:
                    of_day = [(model, count) for one, model, count in rows if one == day and endpoint is shown]
                    numbers = [
                        keys.number(tuple(model if field == "model" else None for field in endpoint.fields))
                        for model, _ in of_day
                    ]
                    counts = {endpoint.metrics[0].name: [count for _, count in of_day],
                              "num_model_requests": [1] * len(of_day)}  # fmt: skip
                    columns = tuple(counts.get(one.name, [0] * len(of_day)) for one in endpoint.metrics)
                    found.append(Bucket(midnight(day), numbers, columns))
                self.store.put(query, days, found, self.now)
        return self

    def refuse(self, *, bill: ApiError | None = None, use: ApiError | None = None) -> "Told":
        for topic, text, error in ((queries.TOTAL, "bill by day", bill), (fetch.legacy.USE, "use by day", use)):
            if error is not None:
                self.store.refused[text] = topic, error
                self.store.failures[topic] = error
        return self

    def account(self, **parts: object) -> "Told":
        self.store.account = replace(self.store.account, **parts)  # type: ignore[arg-type] # fields of an Account
        return self

    def state(self, selection: Selection | None = None, **more: object) -> State:
        return state_of(self.store, self.now, selection or Selection(period="7d"), **more)


def billed() -> Told:
    rows = [
        (TODAY, "Chat models", "4.206"),
        (TODAY - DAY, "Image models", "83.194"),
        (TODAY - DAY, "Audio models", "0"),
    ]
    return Told().bill(*rows).use(Days(TODAY, TODAY), (TODAY, "gpt-5", 1000))


def used() -> Told:
    rows = [(day, "gpt-5", 1_000_000) for day in WEEK]
    return Told().refuse(bill=SESSION_ONLY).use(WEEK, *rows)


def of_one_sum(amount: str = "12.345", since: date | None = None, limit: str | None = "50", **more: object) -> Told:
    subscription = Subscription(hard_limit=None if limit is None else Decimal(limit), **more)  # type: ignore[arg-type]
    return Told().refuse(use=ABSENT).account(one_sum=OneSum(Decimal(amount), since), subscription=subscription)


CREDIT = Credit(Decimal(18), Decimal("1.85"), Decimal("16.15"), datetime(2027, 1, 1, tzinfo=UTC))
STATES: dict[str, State] = {
    "bill": billed().state(),
    "bill and credit": billed().account(credit=CREDIT).state(),
    "bill, use refused": Told().bill((TODAY, "Chat models", "1")).refuse(use=ABSENT).state(),
    "bill, unfilled": Told().bill((TODAY, "Chat models", "1")).use(WEEK).state(),
    "bill of nothing, unfilled": Told().bill().use(WEEK).state(),
    "bill of nothing, use not read": Told().bill().state(is_reading_days=True),
    "disagreement": billed().account(doubts=(Doubt(TODAY - DAY, TODAY, Decimal("1.5"), Decimal(2)),)).state(),
    "use": used().state(),
    "use of some days": used().state(Selection(period="30d"), is_reading_days=True),
    "use without a price": Told().refuse(bill=SESSION_ONLY).use(WEEK, (TODAY, "gpt-99", 5)).state(),
    "one sum": of_one_sum().state(base_url=GATEWAY),
    "one sum without a limit": of_one_sum(limit=None).state(base_url=GATEWAY),
    "one sum since a day": of_one_sum(since=date(2025, 11, 22)).state(base_url=GATEWAY),
    "one sum of nothing": of_one_sum("0").state(base_url=GATEWAY),
    "one sum above the limit": of_one_sum("51").state(base_url=GATEWAY),
    "one sum, a limit of nothing": of_one_sum("1", limit="0").state(base_url=GATEWAY),
    "one sum, much": of_one_sum("12345678.91", limit="99999999.99").state(base_url=GATEWAY),
    "one sum and use": of_one_sum().use(WEEK, (TODAY, "gpt-5", 1000)).state(base_url=GATEWAY),
    "untold": Told().refuse(bill=SESSION_ONLY, use=ABSENT).state(
        problem=Untold(KeyKind.PROJECT, ADMIN_VARIABLE, SESSION_ONLY, ABSENT)),
    "untold, empty": Told().refuse(bill=SESSION_ONLY).use(WEEK).state(
        problem=Untold(KeyKind.PROJECT, ADMIN_VARIABLE, SESSION_ONLY, None)),
    "untold, a key of others": Told().refuse(bill=SESSION_ONLY).use(WEEK).state(
        problem=Untold(KeyKind.USER, "OPENAI_API_KEY", SESSION_ONLY, None)),
    "untold at a gateway": Told().refuse(bill=ABSENT, use=ABSENT).state(
        base_url=GATEWAY, problem=Untold(KeyKind.USER, ADMIN_VARIABLE, ABSENT, ABSENT)),
}  # fmt: skip
LOCALES = ["en", "de-DE", "fr", "ja"]


def metrics(panel: PanelView) -> dict[str, Metric]:
    return {one.id: one for one in panel.metrics}


def notices(panel: PanelView) -> dict[str, Notice]:
    shown = [one for section in panel.sections for one in section.notices]
    return {one.id: one for one in [*panel.notices, *shown]}


def texts(value: object) -> Iterator[str]:
    """All texts of a view."""
    if isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


# In every state.


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", STATES)
def test_the_status_bar_is_short_and_can_be_spoken(name: str, locale: str) -> None:
    status = views.status_view(replace(STATES[name], locale=locale))
    assert len(status.text) < 60
    assert status.text.count("$(") == 1
    assert "≈" not in status.accessible_label
    assert "$(" not in status.accessible_label
    assert "None" not in status.accessible_label + status.tooltip + status.text
    # Each row has as many cells as there are columns, and none says nothing.
    rows = [line for line in status.tooltip.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) <= 1
    assert all("|  |" not in line or line.startswith("| **") for line in rows[1:])
    panel = views.panel_view(replace(STATES[name], locale=locale))
    assert "None" not in " ".join(texts(panel.model_dump(mode="json")))


ZERO = re.compile(r"(?<![\d.,])0[.,]00(?!\d)")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "name", [one for one in STATES if one.startswith(("use", "one sum", "untold")) and "nothing" not in one]
)
def test_what_is_not_known_is_not_said_to_be_nothing(name: str, locale: str) -> None:
    state = replace(STATES[name], locale=locale)
    status = views.status_view(state)
    assert not ZERO.search(status.text + status.accessible_label + status.tooltip)
    assert not [text for one in views.panel_view(state).metrics for text in texts(one.model_dump(mode="json"))
                if ZERO.search(text)]  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("name", STATES)
def test_every_section_of_every_state_can_be_drawn(name: str, section: SectionId) -> None:
    selection = Selection(period="7d", section=section)
    state = STATES[name]
    if state.report is None:
        assert views.panel_view(replace(state, selection=selection)).metrics == []
        return
    made = {"bill": billed, "use": used, "one sum": of_one_sum}.get(name)
    if made is None:
        return
    panel = views.panel_view(made().state(selection))
    shown = next(one for one in panel.sections if one.id == section)
    for chart in shown.charts:
        for at in range(len(chart.categories)):
            assert sum(Decimal(one.values[at]) for one in chart.series) >= 0
            assert len(chart.totals) == len(chart.categories)
    if name != "bill":
        assert "spend" not in metrics(panel)
        assert not [table for table in shown.tables if table.id in {"line-items", "spend-limits"}]


# The bill by day.


def test_a_bill_by_day() -> None:
    state = STATES["bill"]
    status = views.status_view(state)
    assert status.text == "$(graph) $4.21 today · $87.40 this month"
    assert status.accessible_label == "OpenAI usage: $4.21 today, $87.40 this month."
    for row in (
        "| Today so far | $4.21 |",
        "| Yesterday | $83.19 |",
        "| Image models | $83.19 |",
        "| Chat models | $4.21 |",
    ):
        assert row in status.tooltip
    assert "Audio models" not in status.tooltip
    found = metrics(views.panel_view(state))
    assert (found["spend"].value, found["today"].value, found["month"].value) == ("87.4", "4.206", "87.4")
    assert "credit" not in found
    assert "used" not in found


def test_the_limit_of_the_month_is_a_budget() -> None:
    state = billed().account(subscription=Subscription(hard_limit=Decimal(100))).state()
    budget = metrics(views.panel_view(state))["budget"]
    assert (budget.text, budget.severity, budget.share) == ("$100.00", "warning", "0.874")
    assert "| Budget of the month | $100.00 · 87% used |" in views.status_view(state).tooltip
    without = billed().account(subscription=Subscription(hard_limit=None)).state()
    assert "budget" not in metrics(views.panel_view(without))


def test_a_credit() -> None:
    state = STATES["bill and credit"]
    found = metrics(views.panel_view(state))["credit"]
    assert (found.label, found.text, found.value, found.share) == ("Credit left", "$16.15", "16.15", "0.102778")
    assert found.detail == "of $18.00 granted · the next part ends on 1 Jan 2027"
    assert "| Credit left | $16.15 of $18.00 |" in views.status_view(state).tooltip
    empty = Credit(Decimal(18), Decimal(18), Decimal(0))
    found = metrics(views.panel_view(billed().account(credit=empty).state()))["credit"]
    assert (found.text, found.severity) == ("$0.00", "error")


def test_days_and_total_that_differ() -> None:
    panel = views.panel_view(STATES["disagreement"])
    (notice,) = (one for name, one in notices(panel).items() if name.startswith("disagreement"))
    assert notice.severity == "warning"
    for part in ("$1.50", "$2.00", "21–22 Nov 2026", "api.openai.com"):
        assert part in notice.text


def test_use_that_is_refused_leaves_no_trace_of_counts() -> None:
    panel = views.panel_view(STATES["bill, use refused"])
    assert not {"tokens", "requests"} & metrics(panel).keys()
    assert "measure" not in {one.id for one in panel.controls}
    assert [one.id for one in panel.sections] == ["overview", "line-items"]
    assert "usage-problem" in notices(panel)


def test_an_empty_answer_is_not_nothing() -> None:
    for name in ("bill, unfilled", "bill of nothing, unfilled", "bill of nothing, use not read"):
        panel = views.panel_view(STATES[name])
        assert not {"tokens", "requests"} & metrics(panel).keys()
        assert "nothing was used" not in " ".join(one.text for key, one in notices(panel).items() if key != "unfilled")
    assert "does not mean that nothing was used" in notices(views.panel_view(STATES["bill, unfilled"]))["unfilled"].text
    assert "Nothing was billed" in notices(views.panel_view(STATES["bill of nothing, unfilled"]))["unused"].text


# Use alone.


def price_of(count: int) -> Decimal:
    found = pricing.price("completions", "gpt-5", TODAY, {"input_tokens": count, "num_model_requests": 1})
    assert found is not None
    return found


def test_estimates_stand_in_for_a_bill() -> None:
    state = STATES["use"]
    day, week = (state.money(price_of(1_000_000) * days) for days in (1, 7))
    status = views.status_view(state)
    # Of the month, not all days were read.
    assert status.text == f"$(graph) ≈ {day} today · ≈ {week}+ this month"
    assert status.accessible_label == f"OpenAI usage: estimated {day} today, estimated {week} or more this month."
    assert f"| Today so far | ≈ {day} |" in status.tooltip
    assert f"| This month | ≈ {week} or more |" in status.tooltip
    assert "Yesterday" not in status.tooltip
    found = metrics(views.panel_view(state))
    assert {key: one.text for key, one in found.items()} == {
        "estimated": f"≈ {week}", "estimated-today": f"≈ {day}", "estimated-month": f"≈ {week}",
        "tokens": "7.00M", "requests": "7",
    }  # fmt: skip
    assert (found["estimated-month"].detail or "").startswith("or more · 1–22 Nov 2026")
    assert not (found["estimated"].detail or "").startswith("or more")
    notice = notices(views.panel_view(state))["no-bill"]
    assert notice.severity == "info"
    assert "Amounts with ≈ are use at list prices." in notice.text


def test_estimates_of_yesterday_are_not_called_today_s() -> None:
    told = used()
    told.now = NOW + timedelta(days=9)
    state = told.state()
    found = metrics(views.panel_view(state))
    assert found["estimated-today"].label == "22 Nov, estimated"
    assert found["estimated-month"].label == "That month, estimated"
    assert "1–22 Nov 2026" in (found["estimated-month"].detail or "")
    status = views.status_view(state)
    assert " on 22 Nov · " in status.text
    assert "today" not in status.text


def test_days_that_are_not_read_yet() -> None:
    reading = STATES["use of some days"]
    notice = notices(views.panel_view(reading))["days"]
    assert notice.text.startswith("Use comes one day at a time, 5 days a minute: 7 of 30 days are in these figures")
    assert notice.command is None
    two = notices(views.panel_view(used().state(Selection(start=WEEK.first - DAY, end=WEEK.first))))["days"]
    assert two.text.endswith("1 of 2 days are in these figures, the other one takes about a minute.")
    stopped = notices(views.panel_view(replace(reading, is_reading_days=False)))["days"]
    assert stopped.command is not None
    assert stopped.command.title == "Read these days"
    panel = views.panel_view(reading)
    for one in ("estimated", "tokens", "requests"):
        assert (metrics(panel)[one].detail or "").startswith("or more")
    (chart,) = next(one for one in panel.sections if one.id == "overview").charts
    known = {day.isoformat() for day in WEEK}
    for series in (chart.totals, *(one.texts for one in chart.series)):
        assert {day for day, text in zip(chart.categories, series, strict=True) if text != "—"} == known


def test_years_by_month_has_dashes_for_months_that_are_not_read() -> None:
    panel = views.panel_view(used().state(Selection(start=date(2024, 11, 1), end=TODAY, measure="tokens")))
    (chart,) = panel.sections[0].charts
    assert [text for text in chart.totals if text != "—"] == ["7.00M"]
    assert chart.categories[-1] == "2026-11"


def test_use_without_a_price_is_no_amount() -> None:
    state = STATES["use without a price"]
    status = views.status_view(state)
    assert "≈" not in status.text
    assert "no list price is known" in status.accessible_label
    found = metrics(views.panel_view(state))
    assert {found[one].text for one in ("estimated", "estimated-today", "estimated-month")} == {"—"}
    assert "gpt-99" in notices(views.panel_view(state))["unpriced"].text


def test_a_failure_keeps_the_estimates_and_says_how_old_they_are() -> None:
    for name in ("use", "one sum"):
        state = replace(STATES[name], problem=ApiError(Fault.UNREACHABLE), now=NOW + timedelta(hours=2))
        problem = views.panel_view(state).notices[0]
        assert (problem.id, problem.severity) == ("problem", "warning")
        assert "The numbers are as of 14:03 UTC." in problem.text
        status = views.status_view(state)
        assert status.severity == "warning"
        assert status.text.startswith("$(warning) ")


# One sum.


@pytest.mark.parametrize(
    ("name", "text", "spoken", "left", "detail", "severity"),
    [
        ("one sum", "$12.35 used of $50.00", "all there ever was", "$37.66", "of $50.00", "ok"),
        ("one sum without a limit", "$12.35 used", "all there ever was", "No limit", None, "ok"),
        ("one sum since a day", "$12.35 used", "since 22 Nov 2025", None, None, None),
        ("one sum of nothing", "$0.00 used of $50.00", "all there ever was", "$50.00", "of $50.00", "ok"),
        ("one sum above the limit", "$51.00 used of $50.00", "all there ever was", "-$1.00", "of $50.00", "error"),
    ],
)
def test_one_sum(  # noqa: PLR0917 - a table
    name: str, text: str, spoken: str, left: str | None, detail: str | None, severity: str | None
) -> None:
    state = STATES[name]
    status = views.status_view(state)
    assert status.text == f"$(graph) {text}"
    assert status.accessible_label == f"OpenAI usage: {text}, {spoken}."
    assert f"| Used, {spoken} |" in status.tooltip
    panel = views.panel_view(state)
    found = metrics(panel)
    assert set(found) == {"used", *(["left"] if left else [])}
    assert found["used"].detail == spoken
    if left:
        assert (found["left"].text, found["left"].detail, found["left"].severity) == (left, detail, severity)
    assert panel.controls == []
    assert [one.id for one in panel.sections] == ["overview"]
    assert set(notices(panel)) == {"one-sum"}
    assert f"gateway.example tells one sum, {spoken}, and no days" in notices(panel)["one-sum"].text


def test_a_limit_of_nothing_is_not_no_limit() -> None:
    found = metrics(views.panel_view(STATES["one sum, a limit of nothing"]))
    assert "left" not in found or found["left"].text != "No limit"


def test_until_when_a_key_is_good() -> None:
    until = datetime(2027, 3, 1, tzinfo=UTC)
    for limit in ("50", None):
        left = metrics(views.panel_view(of_one_sum(limit=limit, access_until=until).state()))["left"]
        assert (left.detail or "").endswith("good until 1 Mar 2027")


def test_a_sum_with_use_beside_it() -> None:
    panel = views.panel_view(STATES["one sum and use"])
    assert {"used", "left", "estimated", "tokens", "requests"} <= metrics(panel).keys()
    assert "spend" not in next(
        ([option.id for option in one.options] for one in panel.controls if one.id == "measure"), []
    )
    assert views.status_view(STATES["one sum and use"]).text == "$(graph) $12.35 used of $50.00"


# Nothing told.


@pytest.mark.parametrize("name", [one for one in STATES if one.startswith("untold")])
def test_what_was_tried_and_the_next_step(name: str) -> None:
    state = STATES[name]
    panel, status = views.panel_view(state), views.status_view(state)
    assert not panel.metrics
    assert not panel.sections
    (notice,) = panel.notices
    assert notice.id == "problem"
    assert notice.command is not None
    assert notice.text in status.accessible_label
    is_theirs = name == "untold, a key of others"
    assert (status.severity, notice.severity) == (("ok", "info") if is_theirs else ("error", "error"))
    if "gateway" in name:
        assert "gateway.example" in notice.text
        assert notice.text.count("There is no such endpoint") == 1
    else:
        assert "session token" in notice.text
        assert ("does not mean that nothing was used" in notice.text) == (state.problem.use is None)  # type: ignore[union-attr]
        assert "sk-admin-" in notice.text


# Rows that could not be read.


def test_unread_rows_are_counted_for_their_days() -> None:
    told = billed()
    told.store.unread = {TODAY: {"data": 2, "tts_api_data": 1}, TODAY - DAY: {"data": 1}, TODAY - 40 * DAY: {"data": 9}}
    text = notices(views.panel_view(told.state()))["unread"].text
    assert "(21 Nov and 22 Nov)" in text
    assert text.endswith(": 3 of data and 1 of tts_api_data.")
    assert "unread" not in notices(
        views.panel_view(told.state(Selection(start=TODAY - 30 * DAY, end=TODAY - 20 * DAY)))
    )
    many = {day: {"data": 1} for day in WEEK}
    told.store.unread = many
    assert "(16–22 Nov 2026): 7 of data." in notices(views.panel_view(told.state()))["unread"].text


LISTS = st.dictionaries(st.sampled_from(["data", "ft_data", "dalle_api_data"]), st.integers(1, 10**9), min_size=1)


@given(st.dictionaries(st.sampled_from(list(last_days(20, TODAY))), LISTS),
       st.tuples(st.integers(0, 19), st.integers(0, 19)).map(sorted))  # fmt: skip
def test_all_unread_rows_of_the_period_are_told(unread: dict[date, dict[str, int]], ago: list[int]) -> None:
    days = Days(TODAY - ago[1] * DAY, TODAY - ago[0] * DAY)
    state = STATES["bill"]
    assert state.report is not None
    report = replace(state.report, scope=replace(state.report.scope, days=days))
    found = notices(views.panel_view(replace(state, report=report, unread=unread))).get("unread")
    wanted = sum(count for day, lists in unread.items() if day in days for count in lists.values())
    told = sum(map(int, re.findall(r"(\d+) of \w*data", found.text))) if found else 0
    assert told == wanted


# Foreign words.


def hostile(name: str) -> Told:
    told = Told().bill((TODAY, name, "4"), (TODAY - DAY, name + "2", "5")).use(WEEK, (TODAY, name, 10))
    told.store.directory = Directory({"proj_a": Project("proj_a", name, is_archived=False)}, {}, {})
    return told.account(
        organization=Organization(name, name, is_personal=True, role=name),
        subscription=Subscription(Decimal(1000)),
    )


PLAIN = MarkdownIt("commonmark").enable("table")


@pytest.mark.parametrize("name", HOSTILE)
def test_foreign_names_are_text(name: str) -> None:
    for told in (hostile(name), hostile(name).refuse(bill=ApiError(Fault.FORBIDDEN, name, status=403), use=ABSENT)):
        state = told.state(failures={fetch.legacy.USE: ApiError(Fault.FORBIDDEN, name, status=403)})
        for problem in (None, ApiError(Fault.BAD_REQUEST, name, status=400),
                        Untold(KeyKind.USER, ADMIN_VARIABLE, ApiError(Fault.FORBIDDEN, name), None)):  # fmt: skip
            status = views.status_view(replace(state, problem=problem))
            assert len(status.text) < 60
            assert status.text.count("$(") == 1
            html = PLAIN.render(status.tooltip)
            assert re.findall(r'href="(?!command:openaiUsage\.)', html) == []
            assert "<img" not in html
            assert "<code" not in html
            assert "<h1" not in html
            # VS Code draws icons in what is left after the Markdown.
            assert not re.search(r"(?<!\\)\$\((?:error|alert)\)", re.sub(r"\\\\", r"\\", _text_of(html)))
            widths = {row.count("<td") for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL) if "<td" in row}
            assert len(widths) <= 1
            assert html.count("<table>") == 1
        assert views.panel_view(state).title == "OpenAI usage"


def _text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


@given(st.text(min_size=1, max_size=200))
def test_any_name_is_text(name: str) -> None:
    status = views.status_view(hostile(name).state())
    html = PLAIN.render(status.tooltip)
    assert re.findall(r'href="(?!command:openaiUsage\.)', html) == []
    widths = {row.count("<td") for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL) if "<td" in row}
    assert widths == {2}


def test_whose_figures_they_are() -> None:
    assert views.panel_view(billed().state()).subtitle == "16–22 Nov 2026, UTC"
    told = billed().account(organization=Organization("org-a", "Northwind", is_personal=False, role="owner"))
    assert views.panel_view(told.state()).subtitle == "Northwind (org-a, owner) · 16–22 Nov 2026, UTC"
    assert views.status_view(told.state()).tooltip.startswith("**OpenAI usage** · Northwind\n")
    told = billed().account(organization=Organization("org-a"))
    assert views.panel_view(told.state()).subtitle == "org-a · 16–22 Nov 2026, UTC"


# In other languages.


def test_german_numbers() -> None:
    texts_ = {name: views.status_view(replace(STATES[name], locale="de-DE")).text for name in STATES}
    assert texts_["bill"] == "$(graph) 4,21\u00a0$ today · 87,40\u00a0$ this month"
    assert texts_["one sum"] == "$(graph) 12,35\u00a0$ used of 50,00\u00a0$"
    assert re.fullmatch(r"\$\(graph\) ≈ [\d,]+\u00a0\$ today · ≈ [\d,]+\u00a0\$\+ this month", texts_["use"])


# What the numbers are.


AMOUNTS = st.decimals(min_value=0, max_value=10**9, allow_nan=False, places=12)


@given(AMOUNTS, st.none() | AMOUNTS, st.sampled_from([None, TODAY - DAY, date(2024, 2, 29)]))
def test_a_sum_and_what_is_left_are_exact(amount: Decimal, limit: Decimal | None, since: date | None) -> None:
    told = Told().refuse(use=ABSENT).account(one_sum=OneSum(amount, since), subscription=Subscription(limit))
    found = metrics(views.panel_view(told.state()))
    assert Decimal(found["used"].value or "NaN") == amount
    if "left" in found and found["left"].value is not None:
        assert limit is not None
        assert since is None
        assert Decimal(found["left"].value) == limit - amount
        assert (found["left"].severity == "error") == (amount >= limit)
    assert ("left" in found and found["left"].text == "No limit") == (limit is None)
    status = views.status_view(told.state())
    assert len(status.text) < 60
    assert "≈" not in status.accessible_label


@given(st.dictionaries(st.sampled_from(list(month_of(TODAY))), st.integers(0, 10**11), min_size=1),
       st.sampled_from(LOCALES))  # fmt: skip
def test_estimates_are_exact_however_many_days_are_known(counts: dict[date, int], locale: str) -> None:
    told = Told().refuse(bill=SESSION_ONLY)
    for day, count in counts.items():
        told.use(Days(day, day), (day, "gpt-5", count))
    state = told.state(Selection(period="month", measure="estimate"), locale=locale)
    found = metrics(views.panel_view(state))
    whole = sum(
        pricing.price("completions", "gpt-5", day, {"input_tokens": count, "num_model_requests": 1}) or 0
        for day, count in counts.items()
    )
    is_part = len(counts) < len(month_of(TODAY))
    assert Decimal(found["estimated"].value or "NaN") == whole
    assert Decimal(found["estimated-month"].value or "NaN") == whole
    for one in ("estimated", "estimated-month", "tokens", "requests"):
        assert (found[one].detail or "").startswith("or more") == is_part
    assert ("estimated-today" in found) == (TODAY in counts)
    status = views.status_view(state)
    assert len(status.text) < 60
    assert ("or more" in status.accessible_label) == is_part
    for section in RANKED:
        shown = views.panel_view(told.state(Selection(section=section, period="month"), locale=locale))
        assert metrics(shown)["estimated"] == found["estimated"]
