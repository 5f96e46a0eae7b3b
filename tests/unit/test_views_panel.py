"""The panel without its tables: metrics, notices, controls, filters, charts."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage import views
from openai_usage.days import Days
from openai_usage.directory import ApiKey, Directory, Project, User
from openai_usage.endpoints import COSTS
from openai_usage.limits import RateLimit, SpendAlert, SpendLimit
from openai_usage.openai_api import ApiError, Fault
from openai_usage.protocol import (
    FETCH_HISTORY,
    REFRESH,
    Control,
    Metric,
    Notice,
    PanelView,
    Section,
    SectionId,
    Selection,
)
from openai_usage.scope import CAPABILITIES
from openai_usage.settings import DEFAULT_BASE_URL
from openai_usage.views import State
from tests.support.figures import NOW, REFUSED, TODAY, Figures

EMPTY = State(now=NOW, base_url=DEFAULT_BASE_URL)
DIRECTORY = Directory(
    projects={
        "proj_a": Project("proj_a", "Support", is_archived=False),
        "proj_b": Project("proj_b", "Hackathon", is_archived=True),
    },
    api_keys={"key_a": ApiKey("key_a", "Website", "sk-proj-ab******yz", "proj_a", None, None, None)},
    users={"user_a": User("user_a", "Platform", "platform@northwind.example")},
)


def some() -> Figures:
    figures = Figures()
    rest: dict[str, Any] = {"project_id": "proj_a", "user_id": "user_a", "api_key_id": "key_a"}
    figures.bill(TODAY, "4.20", line_item="gpt-5, output", **rest)
    figures.bill(TODAY - timedelta(days=1), "80", line_item="gpt-5, input", **rest)
    figures.bill(TODAY - timedelta(days=40), "50", line_item="gpt-5, input", **rest)
    for day, tokens in ((TODAY, 1000), (TODAY - timedelta(days=40), 4000)):
        figures.use("completions", day, second=7200, model="gpt-5", input_tokens=tokens, output_tokens=tokens // 10,
                    input_cached_tokens=100, num_model_requests=10, **rest)  # fmt: skip
    figures.use("images", TODAY, model="gpt-image-1", images=3, num_model_requests=2, size="1024x1024", **rest)
    figures.use("vector_stores", TODAY, usage_bytes=1_234_567_890, project_id="proj_a")
    return figures


def metric(panel: PanelView, metric_id: str) -> Metric:
    return next(one for one in panel.metrics if one.id == metric_id)


def shown(panel: PanelView, section: SectionId = "overview") -> Section:
    return next(one for one in panel.sections if one.id == section)


def controls(panel: PanelView) -> dict[str, Control]:
    return {one.id: one for one in panel.controls}


def all_notices(panel: PanelView) -> dict[str, Notice]:
    return {one.id: one for one in (*panel.notices, *(each for section in panel.sections for each in section.notices))}


# Metrics.


def test_the_metrics() -> None:
    panel = views.panel_view(some().state())
    assert [(one.id, one.value, one.text, one.unit) for one in panel.metrics] == [
        ("spend", "84.2", "$84.20", "usd"),
        ("today", "4.2", "$4.20", "usd"),
        ("month", "84.2", "$84.20", "usd"),
        ("tokens", "1100", "1,100", "tokens"),
        ("requests", "12", "12", "requests"),
    ]
    assert metric(panel, "tokens").detail == "1,000 in · 100 out"
    assert panel.subtitle == "24 Oct – 22 Nov 2026, UTC"
    assert panel.as_of == "2026-11-22T14:03:00Z"


def test_what_it_is_compared_with() -> None:
    panel = views.panel_view(some().state())
    change = metric(panel, "spend").change
    assert change is not None
    assert (change.value, change.text) == ("0.684", "+68.4%")
    assert change.detail == "$50.00 in the 30 days before, 24 Sep – 23 Oct 2026 (today is not over)"
    tokens = metric(panel, "tokens").change
    assert tokens is not None
    assert tokens.text == "-75.0%"
    assert metric(panel, "today").change is None
    assert metric(panel, "requests").value == "12"


def test_what_was_not_there_before_is_new() -> None:
    panel = views.panel_view(some().state(Selection(period="7d")))
    change = metric(panel, "spend").change
    assert change is not None
    assert (change.value, change.text) == (None, "new")
    assert metric(views.panel_view(Figures().state()), "spend").change is None, "nothing, and nothing before"


def test_today_is_compared_with_nothing() -> None:
    assert metric(views.panel_view(some().state(Selection(period="today"))), "spend").change is None


def test_more_than_credits_is_not_new() -> None:
    figures = some()
    figures.bill(TODAY - timedelta(days=40), "-60", line_item="credit")
    change = metric(views.panel_view(figures.state()), "spend").change
    assert change is not None
    assert (change.value, change.text) == (None, "—")


@given(
    st.decimals(min_value=Decimal("1e-34"), max_value=Decimal("1e15")),
    st.decimals(min_value=Decimal("1e-34"), max_value=Decimal("1e15")),
)
@settings(max_examples=30)
def test_no_change_is_too_large_for_words(before: Decimal, now: Decimal) -> None:
    figures = Figures()
    figures.bill(TODAY - timedelta(days=8), str(before), line_item="a")
    figures.bill(TODAY, str(now), line_item="a")
    for section in ("overview", "line-items"):
        panel = views.panel_view(figures.state(Selection(period="7d", section=section)))
        assert metric(panel, "spend").change is not None


def test_amounts_of_yesterday_are_called_so() -> None:
    a_year_later = replace(some().state(), now=NOW + timedelta(days=365))
    panel = views.panel_view(a_year_later)
    assert [one.label for one in panel.metrics[1:3]] == ["22 Nov", "That month"]
    assert panel.metrics[2].detail == "1–22 Nov 2026"


def test_a_forecast_is_called_one() -> None:
    detail = metric(views.panel_view(some().state()), "month").detail
    assert detail is not None
    # 80 until yesterday; 80 / 7 for today, which is more than so far, and for 8 days more.
    assert detail == f"about ${(80 + Decimal(80) / 7 * 9).quantize(Decimal('0.01'))} by 30 Nov"


@pytest.mark.parametrize(
    ("limit", "severity", "share"),
    [("1000", "ok", "0.0842"), ("150", "warning", "0.561333"), ("100", "warning", "0.842"), ("84.2", "error", "1")],
)
def test_the_budget(limit: str, severity: str, share: str) -> None:
    own = metric(views.panel_view(some().state(monthly_budget=Decimal(limit))), "budget")
    account = SpendLimit(Decimal(limit), "usd", is_enforced=True)
    theirs = metric(views.panel_view(some().state(monthly_budget=Decimal(7), spend_limits={None: account})), "budget")
    assert own == theirs
    assert (own.value, own.severity, own.share) == (limit, severity, share)
    assert own.detail is not None
    assert "% · " in own.detail
    assert own.detail.endswith("% by 30 Nov")


def test_no_budget() -> None:
    for more in ({}, {"spend_limits": {None: None}}, {"spend_limits": {None: SpendLimit(Decimal(9), "eur", True)}}):
        assert "budget" not in [one.id for one in views.panel_view(some().state(**more)).metrics]


@given(st.decimals(min_value=Decimal("1e-30"), max_value=Decimal("1e12"), allow_nan=False))
@settings(max_examples=30)
def test_no_budget_is_too_small_for_words(budget: Decimal) -> None:
    state = some().state(monthly_budget=budget)
    assert metric(views.panel_view(state), "budget").text
    assert "used" in views.status_view(state).tooltip
    views.panel_view(some().state(Selection(section="limits"), monthly_budget=budget))


def test_a_project_s_budget() -> None:
    limits = {None: SpendLimit(Decimal(900), "usd", True), "proj_a": SpendLimit(Decimal(100), "usd", True)}
    one = metric(views.panel_view(some().state(Selection(project_ids=["proj_a"]), spend_limits=limits)), "budget")
    assert (one.label, one.value, one.share, one.severity, one.detail) == (
        "Project's budget of the month",
        "100",
        "0.842",
        "warning",
        "$84.20 used · 84%",
    )
    for selection in (
        Selection(project_ids=["proj_b"]),
        Selection(project_ids=["proj_a", "proj_b"]),
        Selection(models=["gpt-5"]),
    ):
        panel = views.panel_view(some().state(selection, spend_limits=limits, monthly_budget=Decimal(9)))
        assert "budget" not in [each.id for each in panel.metrics]
        assert "today" not in [each.id for each in panel.metrics]


def test_a_capability_s_own_metrics() -> None:
    section = shown(views.panel_view(some().state(Selection(section="completions"))), "completions")
    assert [(one.id, one.label, one.text) for one in section.metrics] == [
        ("input_tokens", "Input tokens", "1,000"),
        ("output_tokens", "Output tokens", "100"),
        ("num_model_requests", "Requests", "10"),
        ("input_cached_tokens", "Cached input tokens", "100"),
    ]
    stored = shown(views.panel_view(some().state(Selection(section="vector_stores"))), "vector_stores").metrics[0]
    assert (stored.value, stored.text) == ("1234567890", "1.23\u00a0GB")


# Notices.


def test_a_split_that_is_refused_is_said_where_it_is_missing() -> None:
    figures = some()
    figures.refused = lambda query: query.endpoint is COSTS and "user_id" in query.group_by
    said = {}
    for section in ("overview", "models", "api-keys", "projects", "users", "line-items", "images", "limits"):
        panel = views.panel_view(figures.state(Selection(section=section)))
        assert panel.notices == []
        assert metric(panel, "spend").value == "84.2"
        said[section] = [one.text for one in shown(panel, section).notices if one.id == "split"]
    text = (
        'Spend by user is not there: OpenAI refused the request (400). It says: "These dimensions cannot be combined."'
    )
    assert {section for section, texts in said.items() if texts} == {"overview", "users"}
    assert said["overview"] == said["users"] == [text]
    # And where the chart is by it.
    grouped = shown(views.panel_view(figures.state(Selection(group_by="user_id"))))
    assert [one.text for one in grouped.notices] == [text]
    assert [series.name for series in grouped.charts[0].series] == ["Spend"]


def test_cost_by_key_begins_in_december_2025() -> None:
    early = Figures(datetime(2025, 12, 8, 12, tzinfo=UTC))
    early.bill(date(2025, 12, 1), "5", line_item="a", api_key_id="key_a", project_id="proj_a")
    early.bill(date(2025, 12, 7), "3", line_item="a", api_key_id="key_a", project_id="proj_a")
    panel = views.panel_view(early.state(Selection(section="api-keys")))
    section = shown(panel, "api-keys")
    assert [one.id for one in section.notices] == ["keys-since"]
    assert "before 6 Dec 2025" in section.notices[0].text
    table = section.tables[0]
    assert [(row.cells[0].text, row.cells[1].value, row.is_remainder) for row in table.rows] == [
        ("key_a", "3", False),
        ("Not attributed", "5", True),
    ]
    assert table.total is not None
    assert table.total.cells[1].value == "8"
    narrowed = early.state(Selection(section="projects", api_key_ids=["key_a"]))
    by_project = shown(views.panel_view(narrowed), "projects").tables[0]
    assert by_project.total is not None
    assert [row.cells[2].text for row in (*by_project.rows, by_project.total)] == ["100.0%", "100.0%"]
    assert by_project.total.cells[1].value == "3"
    assert all_notices(views.panel_view(early.state(Selection(section="projects")))) == {}


def test_money_is_by_day() -> None:
    state = some().state(Selection(period="7d", bucket="1h"))
    section = shown(views.panel_view(state))
    assert [one.id for one in section.notices] == ["daily-money"]
    assert section.charts[0].categories[-1] == "2026-11-22"
    by_hour = shown(views.panel_view(some().state(Selection(period="7d", bucket="1h", measure="tokens"))))
    assert by_hour.notices == []
    chart = by_hour.charts[0]
    assert (chart.categories[0], chart.categories[-1]) == ("2026-11-16T00:00Z", "2026-11-22T14:00Z")
    assert chart.partial_category == "2026-11-22T14:00Z"
    assert [total for total in chart.totals if total != "0"] == ["1,100"]
    assert chart.totals[chart.categories.index("2026-11-22T02:00Z")] == "1,100"


def test_a_filter_that_says_nothing_of_a_capability() -> None:
    state = some().state(Selection(section="vector_stores", models=["gpt-5"]))
    section = shown(views.panel_view(state), "vector_stores")
    assert [one.text for one in section.notices] == [
        "Vector stores: OpenAI does not split this by model, so this filter leaves nothing to show."
    ]
    assert (section.metrics, section.charts, section.tables) == ([], [], [])


def test_nothing_used() -> None:
    unused = views.panel_view(Figures().state(organization="Northwind"))
    assert [one.id for one in unused.notices] == ["unused"]
    assert "24 Oct – 22 Nov 2026 (UTC). This key sees Northwind." in unused.notices[0].text
    by_names = views.panel_view(Figures().state(directory=DIRECTORY))
    assert by_names.notices[0].text.endswith("This key sees Support, Hackathon.")
    section = shown(views.panel_view(some().state(Selection(section="embeddings"))), "embeddings")
    assert [one.text for one in section.notices] == ["No use in 24 Oct – 22 Nov 2026 (UTC)."]
    narrowed = views.panel_view(some().state(Selection(project_ids=["proj_b"]), directory=DIRECTORY))
    text = "No spend in 24 Oct – 22 Nov 2026 (UTC) with these filters."
    assert [one.text for one in shown(narrowed).notices] == [text]


def test_what_was_used_and_not_billed_is_not_called_nothing() -> None:
    figures = some()
    figures.use("images", TODAY, project_id="proj_b", model="dall-e-3", images=3, num_model_requests=2)
    narrowed = views.panel_view(figures.state(Selection(project_ids=["proj_b"])))
    (notice,) = shown(narrowed).notices
    assert notice.text == (
        "No spend in 24 Oct – 22 Nov 2026 (UTC) with these filters. Choose another measure to see the requests."
    )
    by_requests = Selection(project_ids=["proj_b"], measure="requests")
    assert shown(views.panel_view(figures.state(by_requests))).notices == []


def test_what_is_not_loaded_is_said() -> None:
    figures = some()
    figures.refused = lambda query: query.endpoint.name in {"images", "embeddings"} or not query.group_by
    panel = views.panel_view(figures.state(failures={}))
    notice = all_notices(panel)["incomplete"]
    assert notice.text == (
        "Not loaded, and not in these totals: costs of 24 Oct – 22 Nov 2026; "
        "Embeddings and Images of 24 Oct – 22 Nov 2026."
    )
    assert notice.command is not None
    assert notice.command.command == REFRESH
    assert metric(panel, "spend").value is None
    assert metric(panel, "spend").text == "—"
    assert views.panel_view(figures.state(failures={}, busy=True)).notices == []


def test_use_that_could_not_be_read_is_said_once() -> None:
    figures = some()
    figures.refused = lambda query: query.endpoint.name in {"images", "embeddings"}
    panel = views.panel_view(figures.state())
    (notice,) = panel.notices
    assert notice.id == "usage-problem"
    assert notice.text.startswith("Embeddings and Images could not be read, so tokens and requests are short or old:")
    as_the_bill = figures.state(problem=REFUSED)
    assert [one.id for one in views.panel_view(as_the_bill).notices] == ["problem"]


def test_names_that_could_not_be_read() -> None:
    panel = views.panel_view(some().state(failures={"names": ApiError(Fault.SCOPE_MISSING, "Missing scopes: a.b")}))
    assert [(one.id, one.severity) for one in panel.notices] == [("names-problem", "info")]


def test_spend_that_cannot_be_narrowed() -> None:
    figures = some()
    figures.refused = lambda query: query.endpoint is COSTS and {"user_id", "project_id"} <= set(query.group_by)
    panel = views.panel_view(figures.state(Selection(project_ids=["proj_a"], user_ids=["user_a"])))
    assert metric(panel, "spend").value is None
    assert metric(panel, "tokens").value == "1100"
    assert [one.id for one in panel.notices] == ["filtered-spend"]


# Controls and filters.


def test_controls_of_the_overview() -> None:
    found = controls(views.panel_view(some().state(directory=DIRECTORY)))
    assert list(found) == ["period", "measure", "groupBy", "projectIds", "apiKeyIds", "userIds", "models"]
    assert found["period"].selected == ["30d"]
    assert [one.id for one in found["period"].options] == [
        "today", "7d", "30d", "month", "last-month", "90d", "365d", "all", "custom",
    ]  # fmt: skip
    custom = found["period"].options[-1].select
    assert custom == Selection(start=date(2026, 10, 24), end=TODAY)
    assert [(one.id, one.label, one.detail) for one in found["projectIds"].options] == [
        ("proj_b", "Hackathon", "archived"),
        ("proj_a", "Support", None),
    ]
    assert [(one.label, one.detail) for one in found["apiKeyIds"].options] == [("Website", "sk-proj-ab…yz")]
    assert [(one.label, one.detail) for one in found["userIds"].options] == [("Platform", "platform@northwind.example")]
    assert [one.id for one in found["models"].options] == ["gpt-5", "gpt-image-1"]
    assert {found[one].kind for one in ("projectIds", "apiKeyIds", "userIds", "models")} == {"multiselect"}


@pytest.mark.parametrize("section", ["overview", "models", "api-keys", "limits", *CAPABILITIES])
@pytest.mark.parametrize("period", ["today", "7d", "30d"])
def test_every_choice_that_is_offered_can_be_made(section: SectionId, period: Any) -> None:  # noqa: ANN401 - a Period
    state = some().state(Selection(section=section, period=period))
    for control in views.panel_view(state).controls:
        assert control.kind != "select" or len(control.options) > 1
        for option in control.options:
            if control.kind == "select" and option.select is None:
                chosen = Selection.model_validate({"section": section, "period": period, control.id: option.id})
                again = {one.id: one for one in views.panel_view(some().state(chosen)).controls}
                assert again[control.id].selected == [option.id]


def test_own_dates() -> None:
    state = some().state(Selection(start=date(2026, 11, 3), end=date(2026, 11, 9)))
    state = replace(state, selection=state.selection.model_copy(update={"period": None}))
    found = controls(views.panel_view(state))
    assert found["period"].selected == ["custom"]
    assert [(found[one].kind, found[one].selected, found[one].max) for one in ("start", "end")] == [
        ("date", ["2026-11-03"], "2026-11-22"),
        ("date", ["2026-11-09"], "2026-11-22"),
    ]
    assert found["start"].min == "2020-06-11"
    assert [one.id for one in found["bucket"].options] == ["1d", "1h"]


def test_controls_of_the_limits() -> None:
    found = controls(views.panel_view(some().state(Selection(section="limits"))))
    assert list(found) == ["period", "projectIds", "apiKeyIds", "userIds", "models"]


def test_filters_in_force_and_the_way_out_of_them() -> None:
    selection = Selection(project_ids=["proj_b", "proj_x"], models=["gpt-5"], api_key_ids=["key_a"])
    panel = views.panel_view(some().state(selection, directory=DIRECTORY))
    assert [(one.label, one.text) for one in panel.filters] == [
        ("Project", "Hackathon"),
        ("Project", "proj_x"),
        ("API key", "Website"),
        ("Model", "gpt-5"),
    ]
    assert panel.filters[0].select == Selection(project_ids=["proj_x"])
    assert panel.filters[3].select == Selection(models=[])
    assert panel.no_filters == Selection(project_ids=[], api_key_ids=[], user_ids=[], models=[])
    # What is chosen stays on offer, though nothing is known of it.
    assert "proj_x" in [one.id for one in controls(panel)["projectIds"].options]
    assert controls(panel)["projectIds"].selected == ["proj_b", "proj_x"]
    unfiltered = views.panel_view(some().state())
    assert (unfiltered.filters, unfiltered.no_filters) == ([], None)


def test_where_there_is_nothing_to_choose_from() -> None:
    panel = views.panel_view(replace(EMPTY, problem=views.NOT_ASKED))
    assert (panel.controls, panel.filters, panel.sections) == ([], [], [])
    assert controls(views.panel_view(replace(EMPTY, busy=True)))["period"].selected == ["30d"]


def test_the_panel_reveals_when_asked() -> None:
    assert views.panel_view(EMPTY, reveal=True).reveal
    assert not views.panel_view(EMPTY).reveal


# Sections and charts.


def test_sections_are_those_with_use() -> None:
    ids = [one.id for one in views.panel_view(some().state()).sections]
    general = ["overview", "models", "api-keys", "projects", "users", "line-items", "limits"]
    assert ids == [*general, "completions", "images", "vector_stores"]
    chosen = views.panel_view(some().state(Selection(section="moderations")))
    assert [one.id for one in chosen.sections if one.is_capability][1] == "moderations"
    figures = some()
    figures.refused = lambda query: query.endpoint.name == "embeddings"
    assert "embeddings" in [one.id for one in views.panel_view(figures.state()).sections]


def test_a_chart_adds_up() -> None:
    figures = some()
    for number in range(12):
        figures.bill(TODAY - timedelta(days=2), f"{number + 1}.5", line_item=f"item {number}", project_id="proj_a")
    chart = shown(views.panel_view(figures.state(Selection(group_by="line_item")))).charts[0]
    assert chart.title == "Spend by day (UTC) and line item"
    assert len(chart.series) == 8
    assert (chart.series[-1].id, chart.series[-1].name) == ("other", "Other")
    for at, total in enumerate(chart.totals):
        amount = sum((Decimal(series.values[at]) for series in chart.series), start=Decimal(0))
        assert total == f"${amount.quantize(Decimal('0.01')):,}"
    assert len(chart.categories) == 30
    assert all(
        date.fromisoformat(two) - date.fromisoformat(one) == timedelta(1) for one, two in pairwise(chart.categories)
    )
    assert chart.partial_category == TODAY.isoformat()
    assert shown(views.panel_view(figures.state(Selection(period="last-month")))).charts[0].partial_category is None


@pytest.mark.parametrize(("measure", "values"), [("spend", ["50", "84.2"]), ("tokens", ["4400", "1100"])])
def test_a_long_chart_is_by_month(measure: Any, values: list[str]) -> None:  # noqa: ANN401 - a Measure
    figures = some()
    long = Selection(start=TODAY - timedelta(days=400), end=TODAY, measure=measure, group_by="model")
    chart = shown(views.panel_view(figures.state(long))).charts[0]
    assert chart.title == f"{measure.title()} by month (UTC) and model"
    assert chart.categories == ["2025-10", "2025-11", "2025-12", *(f"2026-{month:02}" for month in range(1, 12))]
    assert chart.partial_category == "2026-11"
    assert [(one.name, one.values) for one in chart.series] == [("gpt-5", [*["0"] * 12, *values])]
    assert [len(one) for one in (chart.totals, chart.series[0].texts)] == [14, 14]
    over = long.model_copy(update={"start": TODAY - timedelta(days=500), "end": TODAY - timedelta(days=23)})
    assert shown(views.panel_view(figures.state(over))).charts[0].partial_category is None
    shorter = long.model_copy(update={"start": TODAY - timedelta(days=399)})
    assert len(shown(views.panel_view(figures.state(shorter))).charts[0].categories) == 400


def test_all_time() -> None:
    figures = some()
    figures.first_day = TODAY - timedelta(days=40)
    selection = Selection(period="all")
    panel = views.panel_view(figures.state(selection))
    assert panel.subtitle == "13 Oct – 22 Nov 2026, UTC"
    assert metric(panel, "spend").value == "134.2"
    assert all(one.change is None for one in panel.metrics)
    assert not panel.outdated
    assert controls(panel)["period"].selected == ["all"]
    notice = all_notices(panel)["history"]
    assert notice.severity == "info"
    assert notice.text == "Usage is known from 13 Oct 2026 (UTC) on. Anything older has not been fetched yet."
    assert notice.command is not None
    assert (notice.command.title, notice.command.command) == ("Fetch all history", FETCH_HISTORY)
    # Older days were read since: those that are shown are not all any more.
    older = replace(figures.state(selection), first_day=TODAY - timedelta(days=41))
    assert views.panel_view(older).outdated
    whole = views.panel_view(figures.state(selection, history_complete=True))
    assert "history" not in all_notices(whole)
    assert "history" not in all_notices(views.panel_view(figures.state(Selection(period="365d"))))


def test_what_is_said_of_older_usage_while_it_is_read_and_when_it_cannot_be() -> None:
    figures = Figures()
    figures.bill(TODAY, "4.20", project_id="proj_a", line_item="gpt-5, output")
    figures.first_day = TODAY - timedelta(days=40)

    def said(history: object) -> Notice:
        state = figures.state(Selection(period="all"), history=history)
        return all_notices(views.panel_view(state))["history"]

    reading = said("reading")
    assert (reading.severity, reading.command) == ("info", None)
    assert reading.text == "Usage before 13 Oct 2026 (UTC) is on its way."
    failed = said(ApiError(Fault.SERVER_ERROR, status=500))
    assert failed.text.startswith("Usage before 13 Oct 2026 (UTC) could not be fetched, and is not in here. ")
    assert failed.command is not None
    assert (failed.command.title, failed.command.command) == ("Go on", FETCH_HISTORY)
    full = said("full")
    assert "openaiUsage.storageMegabytes" in full.text
    assert full.command is not None
    assert full.command.arguments == ["openaiUsage.storageMegabytes"]


def test_kinds_of_tokens() -> None:
    section = shown(views.panel_view(some().state(Selection(section="completions"))), "completions")
    values = {series.name: sum(map(int, series.values)) for series in section.charts[0].series}
    assert values == {"Uncached input": 900, "Cached input": 100, "Output": 100}


# The limits.


def test_limits() -> None:
    figures = some()
    state = figures.state(
        Selection(section="limits"),
        directory=DIRECTORY,
        spend_limits={None: SpendLimit(Decimal(100), "usd", True), "proj_a": None},
        spend_alerts={None: [SpendAlert("alert", Decimal(80), "usd", ("finance@northwind.example",))], "proj_a": []},
    )
    section = shown(views.panel_view(state), "limits")
    limits, alerts = section.tables
    assert [[cell.text for cell in row.cells] for row in limits.rows] == [
        ["Organisation", "$100.00", "$84.20", "84.2%", "requests stop"],
        ["Support", "none", "$84.20", "—", ""],
    ]
    assert limits.rows[1].select == Selection(project_ids=["proj_a"], section="limits")
    assert [[cell.text for cell in row.cells] for row in alerts.rows] == [
        ["Organisation", "$80.00", "reached", "finance@northwind.example"]
    ]
    assert [one.id for one in section.notices] == ["choose"]


def test_rate_limits_of_a_project() -> None:
    rates = [RateLimit("gpt-5", 5000, 2_000_000, None, None, None, 20_000_000)]
    selection = Selection(section="limits", project_ids=["proj_a"])
    state = some().state(selection, directory=DIRECTORY, rate_limits={"proj_a": rates}, spend_limits={None: None})
    section = shown(views.panel_view(state), "limits")
    table = section.tables[-1]
    assert [column.title for column in table.columns] == ["Model", "Requests/min", "Tokens/min", "Batch tokens/day"]
    assert [cell.text for cell in table.rows[0].cells] == ["gpt-5", "5,000", "2.00M", "20.0M"]
    assert [one.id for one in section.notices] == ["no-limit"]
    none = views.panel_view(replace(state, rate_limits={"proj_a": []}))
    assert "no-rates" in [one.id for one in shown(none, "limits").notices]


# The whole.


def plain_values(value: object) -> list[str]:
    """Every `value`, and the numbers of charts."""
    if isinstance(value, dict):
        own = [value["value"]] if isinstance(value.get("value"), str) else []
        own += value["values"] if isinstance(value.get("values"), list) else []
        return own + [one for inner in value.values() for one in plain_values(inner)]
    return [one for inner in value for one in plain_values(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("section", ["overview", "models", "api-keys", "line-items", "limits", *CAPABILITIES])
def test_what_is_sent_can_be_read_and_is_exact(section: SectionId) -> None:
    figures = some()
    figures.bill(TODAY, "0.0000000000000000000000000000000001", line_item="tiny", project_id="proj_a")
    figures.bill(TODAY, "-0.35", line_item="credit")
    state = figures.state(
        Selection(section=section), directory=DIRECTORY, monthly_budget=Decimal("1E+2"), locale="de", sample=True
    )
    panel = views.panel_view(state, reveal=True)
    sent = panel.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    assert PanelView.model_validate(json.loads(json.dumps(sent))) == panel
    values = plain_values(sent)
    assert len(values) > 4
    for value in values:
        assert format(Decimal(value), "f") == value
    assert metric(panel, "spend").value == "83.8500000000000000000000000000000001"


def test_a_period_is_named_by_its_days() -> None:
    panel = views.panel_view(some().state(Selection(period="last-month"), organization="Northwind"))
    assert panel.subtitle == "Northwind · 1–31 Oct 2026, UTC"
    assert len(Days(date(2026, 10, 1), date(2026, 10, 31))) == len(shown(panel).charts[0].categories)
