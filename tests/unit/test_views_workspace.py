"""The key of the workspace in words: whose spend the status bar tells, which key it is, and what is an estimate."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pydantic import SecretStr

from openai_usage import money, pricing, queries, report, views
from openai_usage.credentials import KeyFault, KeyKind, UnfitKey
from openai_usage.days import Days
from openai_usage.directory import ApiKey, Directory, Project
from openai_usage.matching import Match
from openai_usage.openai_api import ApiError, Fault
from openai_usage.protocol import (
    CHOOSE_KEY,
    OPEN_KEYS_PAGE,
    OPEN_SETTINGS,
    SET_ADMIN_KEY,
    Metric,
    Notice,
    PanelView,
    Selection,
    Table,
)
from openai_usage.report import Estimate, Estimates, Recent
from openai_usage.scope import FIRST_SELECTION, filters_of, merged, scope
from openai_usage.settings import DEFAULT_BASE_URL, KeyId, StatusScope
from openai_usage.views import KeyState, State
from openai_usage.workspace import FoundKey, NoKey, WorkspaceKey
from tests.support.figures import NOW, REFUSED, TODAY, Figures

SECRET = "sk-proj-" + "x" * 40 + "wxyz"
FOUND = FoundKey(SecretStr(SECRET), ".env", "OPENAI_API_KEY")
EMPTY = State(now=NOW, base_url=DEFAULT_BASE_URL)
USED = datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
WEBSITE = ApiKey("key_a", "Website", "sk-proj-...wxyz", "proj_a", "user_a", "Platform", USED)
DIRECTORY = Directory(
    projects={"proj_a": Project("proj_a", "Support", is_archived=False)}, api_keys={WEBSITE.id: WEBSITE}
)
KEYS_SINCE = date(2025, 12, 6)
DAY = timedelta(days=1)


def recent(today: str, month: str) -> Recent:
    return Recent(Decimal(today), Decimal(0), Decimal(month), Decimal(month), [], None, [Decimal(0)] * 8)


def estimate(amount: str | Decimal, *unpriced: str) -> Estimate:
    return Estimate(Decimal(amount), unpriced)


def figures() -> Figures:
    found = Figures()
    found.bill(TODAY, "4.206", line_item="gpt-5, output", project_id="proj_a", api_key_id="key_a")
    found.bill(TODAY - DAY, "83.194", line_item="gpt-5, input", project_id="proj_a", api_key_id="key_b")
    return found


KEY = KeyState(FOUND, Match("key_a", (WEBSITE,)), recent("1.08", "23.1"))
KNOWN = figures().state(directory=DIRECTORY, workspace=KEY)


def of_key(key: WorkspaceKey, match: Match | None = None, **more: Any) -> State:  # noqa: ANN401 - fields of a State
    return replace(KNOWN, workspace=KeyState(key, match), **more)


def metric(panel: PanelView, metric_id: str) -> Metric:
    return next(one for one in panel.metrics if one.id == metric_id)


def notice(state: State, notice_id: str = "workspace-key") -> Notice | None:
    return next((one for one in views.panel_view(state).notices if one.id == notice_id), None)


def said(state: State) -> str:
    """All words of both views."""
    shown = views.status_view(state).model_dump(mode="json"), views.panel_view(state).model_dump(mode="json")
    return json.dumps(shown, ensure_ascii=False)


def plain(state: State) -> str:
    """The tooltip as it reads."""
    return views.status_view(state).tooltip.replace("\\", "")


# The status bar.


@pytest.mark.parametrize(
    ("wanted", "text", "label"),
    [
        ("organization", "$(graph) $4.21 today · $87.40 this month", ": $4.21 today, $87.40 this month."),
        ("workspaceKey", "$(key) $1.08 today · $23.10 this month", " of Website: $1.08 today, $23.10 this month."),
        (
            "both",
            "$(key) $1.08 today · $23.10 this month of $87.40",
            " of Website: $1.08 today, $23.10 this month of $87.40.",
        ),
    ],
)
def test_whose_spend_it_shows(wanted: StatusScope, text: str, label: str) -> None:
    status = views.status_view(replace(KNOWN, status_scope=wanted))
    assert (status.text, status.accessible_label) == (text, f"OpenAI usage{label}")
    assert (status.severity, status.command.command) == ("ok", "openaiUsage.show")
    assert "**This workspace: Website**" in status.tooltip
    assert "Project Support · Owner Platform · sk-proj-…wxyz in .env" in plain(replace(KNOWN, status_scope=wanted))


NOT_TOLD = [
    None,
    KeyState(NoKey((".env",))),
    KeyState(FOUND),
    KeyState(FOUND, Match(None)),
    KeyState(FOUND, Match(None, (WEBSITE, WEBSITE))),
    KeyState(FOUND, Match("key_a")),
    KeyState(FOUND, Match("key_a"), today=estimate("1")),
    KeyState(FOUND, Match("key_a"), month=estimate("1")),
]


@pytest.mark.parametrize("wanted", ["organization", "workspaceKey", "both"])
@pytest.mark.parametrize("key", NOT_TOLD, ids=range(len(NOT_TOLD)))
def test_what_is_not_known_of_the_key_leaves_the_organisation_s(key: KeyState | None, wanted: StatusScope) -> None:
    status = views.status_view(replace(KNOWN, workspace=key, status_scope=wanted))
    assert status.text == "$(graph) $4.21 today · $87.40 this month"
    assert status.accessible_label == "OpenAI usage: $4.21 today, $87.40 this month."


@pytest.mark.parametrize(("wanted", "rest"), [("organization", None), ("workspaceKey", ""), ("both", " · all $87.40")])
def test_estimates_stand_in_where_there_is_no_bill_of_the_key(wanted: StatusScope, rest: str | None) -> None:
    key = replace(KEY, recent=None, today=estimate("1.5"), month=estimate("30"))
    state = replace(KNOWN, workspace=key, status_scope=wanted)
    status = views.status_view(state)
    if rest is None:
        assert status.text.startswith("$(graph) ")
    else:
        assert status.text == f"$(key) ≈ $1.50 today · ≈ $30.00 this month{rest}"
        spoken = "estimated $1.50 today, estimated $30.00 this month" + rest.replace(" ·", ",")
        assert status.accessible_label == f"OpenAI usage of Website: {spoken}."
    assert "OpenAI does not tell what was billed for this key" in status.tooltip


def test_what_an_estimate_leaves_out_is_named() -> None:
    key = replace(KEY, recent=None, today=estimate("1.5"), month=estimate("30", "gpt-99"))
    assert "Without gpt\\-99" in views.status_view(replace(KNOWN, workspace=key)).tooltip


def test_an_id_that_nobody_has_does_not_look_like_a_key_that_costs_nothing() -> None:
    key = KeyState(KeyId("key_none"), Match("key_none"), recent("0", "0"))
    status = views.status_view(replace(KNOWN, workspace=key))
    assert status.text.startswith("$(graph) $4.21 today")
    assert "key\\_none" in status.tooltip


def test_figures_of_yesterday_are_not_called_today_s() -> None:
    status = views.status_view(replace(KNOWN, now=NOW + DAY))
    assert status.text == "$(key) $1.08 on 22 Nov · $23.10 1–22 Nov of $87.40"


def test_a_problem_comes_first_and_the_key_s_figures_stay() -> None:
    status = views.status_view(replace(KNOWN, problem=ApiError(Fault.UNREACHABLE)))
    assert status.text == "$(warning) $1.08 today · $23.10 this month of $87.40"
    assert status.severity == "warning"
    assert "Website" in status.accessible_label
    assert "cannot be reached" in status.accessible_label


NASTY = [
    "[x](command:workbench.quit)", "$(trash) x", "<b>x</b><script>", "| a | b |", "**x** _y_ `z`", "x\n\n# heading",
    "x\\", "![](http://x/y.png)", "http://x.example", "<http://x.example>", "&lt;", "a  \nb", "- x", "1. x", "~~x~~",
]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_names_are_no_markdown(name: str) -> None:
    key = replace(WEBSITE, name=name, owner_name=name)
    directory = Directory({"proj_a": Project("proj_a", name, is_archived=False)}, {key.id: key})
    place = replace(FOUND, place=name, faults=(f"{name} could not be read.",))
    states = [
        replace(KNOWN, directory=directory, workspace=KeyState(place, Match("key_a", (key,)), KEY.recent)),
        replace(KNOWN, directory=directory, workspace=KeyState(place, Match(None))),
        replace(KNOWN, directory=directory, workspace=KeyState(place, Match(None, (key, key)))),
        replace(KNOWN, directory=directory, workspace=KeyState(NoKey((name,), (f"{name} is bad.",), is_named=True))),
        replace(KNOWN, directory=directory, workspace=KeyState(KeyId(name), Match(name))),
        replace(EMPTY, workspace=KeyState(place), problem=KeyFault.MISSING),
    ]
    for state in states:
        status = views.status_view(state)
        assert status.text.count("$(") == 1
        html = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable("table").render(status.tooltip)
        assert 'href="http' not in html
        assert 'href="command:workbench' not in html
        for tag in ("<b>", "<script", "<img", "<h1", "<em>", "<code>", "<li>", "<s>"):
            assert tag not in html
        # VS Code looks for icons in what Markdown leaves.
        assert "$(" not in html.replace("\\$(", "")


@given(st.text(max_size=30))
def test_no_name_is_so_odd_that_it_raises(name: str) -> None:
    key = replace(WEBSITE, name=name)
    directory = replace(DIRECTORY, api_keys={key.id: key})
    for match in (Match("key_a", (key,)), Match(None, (key, key)), Match(None)):
        state = replace(KNOWN, directory=directory, workspace=KeyState(FOUND, match, KEY.recent))
        assert SECRET not in said(state)
        assert views.status_view(state).text.count("$(") == 1


# Estimates are called estimates, and nothing is added to them.

cents = st.integers(0, 10**7).map(lambda number: Decimal(number).scaleb(-2))


@given(cents, cents, cents, cents)
def test_no_estimate_is_shown_without_its_sign_or_added_to_a_bill(
    billed: Decimal, of_key_: Decimal, today: Decimal, month: Decimal
) -> None:
    amounts = Figures()
    amounts.bill(TODAY, str(billed), line_item="a")
    for recent_ in (recent(str(of_key_), str(of_key_)), None):
        key = KeyState(FOUND, Match("key_a"), recent_, estimate(today), estimate(month) if recent_ is None else None)
        state = amounts.state(directory=DIRECTORY, workspace=key, today=estimate(today))
        shown = {state.money(one) for one in (billed, of_key_, billed * 0)}
        text = said(state)
        for amount in (today, month):
            if (written := state.money(amount)) not in shown:
                signed = text.count(f"≈ {written}") + text.count(f"estimated {written}")
                assert text.count(written) == signed
        with money.exact():
            sums = {state.money(one) for one in (billed + today, of_key_ + today, of_key_ + month)}
        paces = {state.money(report.forecast(state.recent, TODAY).amount)} if state.recent else set()
        for written in sums - shown - paces - {state.money(today), state.money(month)}:
            assert f" {written} " not in text
            assert f'"{written}"' not in text
        panel = views.panel_view(state)
        assert Decimal(metric(panel, "spend").value or "NaN") == billed
        assert Decimal(metric(panel, "today").value or "NaN") == billed


@given(
    st.decimals(0, 10**6, places=6) | st.decimals(-10, 0, places=2), st.decimals(0, 10**6, places=6),
)  # fmt: skip
def test_what_is_not_billed_yet_is_told_where_it_is_more_than_what_is_billed(billed: Decimal, used: Decimal) -> None:
    amounts = Figures()
    amounts.bill(TODAY, str(billed), line_item="a")
    state = amounts.state(today=estimate(used, "gpt-99"))
    found = metric(views.panel_view(state), "today")
    is_more = used > billed and state.money(used) != state.money(billed)
    assert ("Incl. not yet billed" in views.status_view(state).tooltip) == is_more
    if not is_more:
        assert found.estimate is None
        assert found.detail == "so far, UTC"
        return
    assert found.estimate is not None
    assert Decimal(found.estimate.value) == used
    assert found.estimate.text == f"≈ {state.money(used)}"
    # Something has no price.
    assert found.estimate.detail == "or more, incl. not yet billed"
    assert found.estimate.title == "Without gpt-99: no list price is known."
    assert found.detail == "billed so far, UTC"


def test_in_another_language() -> None:
    key = replace(KEY, recent=None, today=estimate("1.5"), month=estimate("30"))
    status = views.status_view(replace(KNOWN, workspace=key, locale="de"))
    assert status.text == "$(key) ≈ 1,50\u00a0$ today · ≈ 30,00\u00a0$ this month · all 87,40\u00a0$"


# Which key it is.


def test_the_filter_narrows_to_the_key_alone_and_back() -> None:
    key = views.panel_view(KNOWN).workspace
    assert key is not None
    assert (key.label, key.text, key.is_selected) == ("This workspace", "Website", False)
    assert key.detail == "Project Support · Owner Platform · sk-proj-…wxyz in .env"
    before = merged(FIRST_SELECTION, Selection(project_ids=["proj_b"], user_ids=["u"], models=["m"], api_key_ids=["k"]))
    narrowed = merged(before, key.select)
    assert filters_of(narrowed) == {"api_key_id": frozenset({"key_a"})}

    selected = views.panel_view(replace(KNOWN, selection=narrowed)).workspace
    assert selected is not None
    assert selected.is_selected
    assert filters_of(merged(narrowed, selected.select)) == {}
    for more in (Selection(models=["gpt-5"]), Selection(api_key_ids=["key_a", "key_b"]), Selection(api_key_ids=[])):
        other = views.panel_view(replace(KNOWN, selection=merged(narrowed, more))).workspace
        assert other is not None
        assert not other.is_selected
        assert filters_of(merged(merged(narrowed, more), other.select)) == {"api_key_id": frozenset({"key_a"})}


@pytest.mark.parametrize("key", [None, KeyState(FOUND), KeyState(FOUND, Match(None)), KeyState(NoKey(()))])
def test_without_a_known_key_there_is_no_filter(key: KeyState | None) -> None:
    assert views.panel_view(replace(KNOWN, workspace=key)).workspace is None


def test_a_key_that_is_not_listed_any_more() -> None:
    for match in (Match("key_gone"), Match("key_gone", ())):
        key = views.panel_view(of_key(FOUND, match)).workspace
        assert key is not None
        assert (key.text, key.detail) == ("key_gone", "no longer listed · sk-proj-…wxyz in .env")
    for directory in (None, replace(DIRECTORY, is_whole=False)):
        key = views.panel_view(of_key(FOUND, Match("key_gone"), directory=directory)).workspace
        assert key is not None
        assert key.detail == "sk-proj-…wxyz in .env"


def test_the_row_of_the_key_is_marked() -> None:
    for section in ("overview", "api-keys"):
        state = figures().state(Selection.model_validate({"section": section}), directory=DIRECTORY, workspace=KEY)
        marked = {
            (table.id, row.id): cell.badge
            for one in views.panel_view(state).sections
            for table in one.tables
            for row in [*table.rows, *([table.total] if table.total else [])]
            for cell in row.cells
            if cell.badge
        }
        assert marked == {("api-keys", "=key_a"): "This workspace"}


def test_nothing_else_is_marked() -> None:
    ids = Figures()
    ids.bill(TODAY, "1", line_item="key_a", project_id="key_a", user_id="key_a", api_key_id=None)
    state = ids.state(workspace=KEY)
    assert "badge" not in json.dumps(views.panel_view(state).model_dump(mode="json", exclude_none=True))


# Why it is not known, and what to do.


def candidates(count: int) -> tuple[ApiKey, ...]:
    return tuple(
        ApiKey(f"key_{at}", f"Key {at}", "sk-...wxyz", "proj_a", None, f"Owner {at}", USED - at * DAY)
        for at in range(count)
    )


def test_one_of_several_can_be_chosen() -> None:
    several = (
        *candidates(1),
        replace(WEBSITE, name=None, owner_name=None, project_id="proj_gone", last_used_at=None),
    )
    state = of_key(FOUND, Match(None, several))
    found = notice(state)
    assert found is not None
    assert found.severity == "warning"
    assert found.text == (
        "The key of this workspace (sk-proj-…wxyz in .env) may be any of 2 API keys: OpenAI tells no more of a key "
        "than its beginning and its end. Which one is it?"
    )
    assert found.command is None
    assert found.more is not None
    assert [(one.title, one.command, one.arguments) for one in found.more] == [
        ("Key 0 · Support · Owner 0 · last used 20 Nov 2026", CHOOSE_KEY, ["key_0"]),
        ("key_a · proj_gone · never used", CHOOSE_KEY, ["key_a"]),
    ]
    assert "may be any of 2 API keys" in plain(state)
    assert views.panel_view(state).workspace is None


@pytest.mark.parametrize(("count", "shown"), [(2, 2), (10, 10), (11, 10), (500, 10)])
def test_no_more_than_ten_are_offered(count: int, shown: int) -> None:
    found = notice(of_key(FOUND, Match(None, candidates(count))))
    assert found is not None
    assert f"any of {count} API keys" in found.text
    assert found.more is not None
    assert [one.arguments for one in found.more] == [[f"key_{at}"] for at in range(shown)]


@pytest.mark.parametrize(
    ("key_id", "count", "text"),
    [
        ("key_0", 2, "another API key looks"),
        ("key_0", 4, "3 other API keys look"),
        # What was chosen is deleted, and what is left may be the one.
        ("key_a", 1, "another API key looks"),
        ("key_a", 2, "2 other API keys look"),
    ],
)
def test_a_choice_can_be_made_again(key_id: str, count: int, text: str) -> None:
    found = notice(of_key(FOUND, Match(key_id, candidates(count))))
    assert found is not None
    assert found.severity == "info"
    assert f"; {text} the same from outside." in found.text
    assert found.command is not None
    assert (found.command.command, found.command.arguments) == (CHOOSE_KEY, [None])


@pytest.mark.parametrize("match", [Match("key_0", candidates(1)), Match("key_a"), None])
def test_where_there_is_no_choice_none_is_offered(match: Match | None) -> None:
    assert notice(of_key(FOUND, match)) is None


def test_none_of_them() -> None:
    projects = {f"proj_{at}": Project(f"proj_{at}", f"Project {at}", is_archived=False) for at in range(7)}
    directory = Directory(projects, {key.id: key for key in candidates(3)})
    found = notice(of_key(FOUND, Match(None), directory=directory))
    assert found is not None
    assert found.severity == "info"
    assert found.text == (
        "The key of this workspace (sk-proj-…wxyz in .env) is none of the 3 API keys of the projects Project 0, "
        "Project 1, Project 2, Project 3, Project 4 and 2 more. It may be deleted, or belong to another organisation. "
        "Use another one there, or name one by its id in openaiUsage.workspaceKey (off: look for none)."
    )
    assert found.command is not None
    assert (found.command.command, found.command.arguments) == (OPEN_SETTINGS, ["openaiUsage.workspaceKey"])
    partly = notice(of_key(FOUND, Match(None), directory=replace(directory, is_whole=False)))
    assert partly is not None
    assert "The keys of some projects could not be read." in partly.text


@pytest.mark.parametrize(
    ("none", "text"),
    [
        (NoKey((".env.local", ".env", "the environment")), None),
        (NoKey(()), None),
        # In a window without a folder there is nothing to be expected.
        (NoKey((), is_named=True), None),
        (
            NoKey(("backend/.env",), is_named=True),
            "There is no such key in backend/.env, where openaiUsage.workspaceKey says that it is.",
        ),
        (
            NoKey((".env",), (".env is not text.",)),
            ".env is not text. So it is not known which API key this workspace uses.",
        ),
    ],
)
def test_no_key(none: NoKey, text: str | None) -> None:
    found = notice(of_key(none))
    assert (found.text if found else None) == text
    assert (text in plain(of_key(none))) if text else ("workspace" not in plain(of_key(none)))


def test_faults_are_told_beside_a_key_that_was_found() -> None:
    faulty = replace(FOUND, faults=(".env.local is not text.", "x is y."))
    found = notice(of_key(faulty, Match("key_a", (WEBSITE,))), "workspace-file")
    assert found is not None
    assert (found.severity, found.text) == ("info", ".env.local is not text. x is y.")


def test_an_id_that_is_nobody_s() -> None:
    found = notice(of_key(KeyId("key_gone"), Match("key_gone")))
    assert found is not None
    assert "No API key of this organisation has the id key_gone" in found.text
    for directory in (None, replace(DIRECTORY, is_whole=False)):
        assert notice(of_key(KeyId("key_gone"), Match("key_gone"), directory=directory)) is None
    assert notice(of_key(KeyId("key_a"), Match("key_a"))) is None


# A key without rights.


@pytest.mark.parametrize("kind", [kind for kind in KeyKind if kind is not KeyKind.ADMIN])
@pytest.mark.parametrize("organization", [None, "northwind-labs"])
def test_a_key_that_cannot_read_usage_is_told_whose_it_is(kind: KeyKind, organization: str | None) -> None:
    state = replace(EMPTY, problem=UnfitKey(kind, "OPENAI_ADMIN_KEY"), key_organization=organization)
    (found,) = views.panel_view(state).notices
    of = f" of the organisation {organization}" if organization else ""
    assert found.text.startswith(f"This is a {kind}{of} (")
    assert "api.usage.read" in found.text
    assert "An owner of the organisation can make one at platform.openai.com" in found.text
    assert found.command is not None
    assert found.command.command == SET_ADMIN_KEY
    assert [one.command for one in found.more or ()] == [OPEN_KEYS_PAGE]
    assert f"(command:{OPEN_KEYS_PAGE})" in views.status_view(state).tooltip


def test_an_admin_key_without_the_permission_is_told_whose_it_is() -> None:
    error = ApiError(Fault.SCOPE_MISSING, "Missing scopes: api.usage.read", status=403)
    for state in (EMPTY, KNOWN):
        found = views.panel_view(replace(state, problem=error, key_organization="northwind-labs")).notices[0]
        assert found.text.startswith("This key of the organisation northwind-labs lacks the permission api.usage.read")
        assert [one.command for one in found.more or ()] == [OPEN_KEYS_PAGE]


def test_a_key_of_the_workspace_is_told_where_no_admin_key_is() -> None:
    state = replace(EMPTY, workspace=KeyState(FOUND), problem=KeyFault.MISSING)
    text = "is a project key. What it cost shows here once an admin key may read it."
    assert text in plain(state)
    found = notice(state)
    assert found is not None
    assert text in found.text


# Estimates of a period.


@pytest.fixture(autouse=True, scope="module")
def _prices() -> None:
    pricing.load()


AUTUMN = datetime(2025, 12, 10, 12, tzinfo=UTC)
"""The first day with costs by API key lies within the last 30 days."""
uses = st.lists(
    st.tuples(
        st.dates(date(2025, 11, 11), AUTUMN.date()),
        st.sampled_from(["key_a", "key_b", "key_c", None]),
        st.sampled_from(["gpt-5", "gpt-4o", "o3", "gpt-99"]),
        st.integers(1, 10**7),
    ),
    max_size=12,
)
bills = st.lists(
    st.tuples(
        st.dates(date(2025, 11, 11), AUTUMN.date()), st.sampled_from(["key_a", "key_b", "key_d", None]), cents
    ),
    max_size=8,
)  # fmt: skip
Uses = list[tuple[date, str | None, str, int]]
Bills = list[tuple[date, str | None, Decimal]]


def account(used: Uses, billed: Bills) -> Figures:
    found = Figures(AUTUMN)
    for day, key, model, tokens in used:
        found.use("completions", day, api_key_id=key, project_id="proj_a", user_id="user_a", model=model,
                  input_tokens=tokens, output_tokens=tokens // 3, num_model_requests=1000)  # fmt: skip
    for day, key, amount in billed:
        found.bill(day, str(amount), line_item="a", api_key_id=key, project_id="proj_a", user_id="user_a")
    return found


def priced(used: Uses, days: Days, keys: set[str | None]) -> Decimal:
    """Each day's use of a model by a key at its price; written down again."""
    sums: dict[tuple[date, str | None, str], dict[str, int]] = {}
    for day, key, model, tokens in used:
        if day in days and key in keys:
            counts = sums.setdefault((day, key, model), {})
            for name, count in (("input_tokens", tokens), ("output_tokens", tokens // 3), ("num_model_requests", 1000)):
                counts[name] = counts.get(name, 0) + count
    amounts = (pricing.price("completions", model, day, counts) for (day, _, model), counts in sums.items())
    return money.total(amount for amount in amounts if amount is not None)


def keys_table(state: State) -> Table | None:
    section = next(one for one in views.panel_view(state).sections if one.id == "api-keys")
    return section.tables[0] if section.tables else None


def refusing(found: Figures, selection: Selection) -> State:
    """Where OpenAI does not give the bill by key."""
    chosen = scope(merged(FIRST_SELECTION, selection), found.now.date())
    query = queries.cost_query(chosen.filters, "api_key_id")
    found.refused = lambda one: one == query
    store = found.store(selection)
    store.refused["by key"] = (query, REFUSED)
    return replace(found.state(selection), report=report.report(store, chosen, "usd", found.now))


@given(uses, bills, st.booleans())
def test_the_estimates_of_the_keys_are_of_the_days_that_have_no_bill_by_key(
    used: Uses, billed: Bills, is_refused: bool
) -> None:
    selection = Selection(section="api-keys")
    found = account(used, billed)
    state = refusing(found, selection) if is_refused else found.state(selection)
    table = keys_table(state)
    days = Days(date(2025, 11, 11), AUTUMN.date() if is_refused else KEYS_SINCE - DAY)
    there = {key for day, key, _, _ in used if day in days}
    assert state.report is not None
    assert set(state.report.estimates.by.get("api_key_id", {})) == there
    if table is None:
        assert not used
        return
    columns = [one.id for one in table.columns]
    assert ("estimate" in columns) == bool(there)
    if not there:
        return
    assert table.columns[columns.index("estimate")].title == "Estimated"
    cells = {row.id: row.cells[columns.index("estimate")] for row in table.rows}
    for key in {key for _, key, _, _ in used}:
        cell = cells.pop(f"={key or ''}")
        if key in there:
            amount = priced(used, days, {key})
            # What has no price at all costs something, too.
            assert (cell.value is None) == (not amount)
            assert Decimal(cell.value or 0) == amount
            assert cell.text == (f"≈ {state.money(amount)}" if amount else "—")
        else:
            assert (cell.text, cell.value) == ("—", None)
    # What is billed without being used, and what is not attributed to any key.
    assert {(cell.text, cell.value) for cell in cells.values()} <= {("—", None)}
    assert table.total is not None
    total = table.total.cells[columns.index("estimate")]
    whole = priced(used, days, there)
    assert Decimal(total.value or 0) == whole
    assert total.text == (f"≈ {state.money(whole)}" if whole else "—")
    # The bill stays what it was.
    spend = table.total.cells[columns.index("spend")]
    assert Decimal(spend.value or "NaN") == money.total(amount for _, _, amount in billed)


@given(uses, bills, st.sampled_from([["key_a"], ["key_a", "key_b"], ["key_z"]]), st.booleans())
def test_narrowed_to_keys_the_estimate_stands_beside_their_bill(
    used: Uses, billed: Bills, keys: list[str], is_old: bool
) -> None:
    days = Days(date(2025, 11, 11), KEYS_SINCE - DAY if is_old else AUTUMN.date())
    state = account(used, billed).state(Selection(start=days.first, end=days.last, api_key_ids=keys))
    found = metric(views.panel_view(state), "spend")
    # It stands in for the days that have no bill by key.
    unbilled = Days(date(2025, 11, 11), KEYS_SINCE - DAY)
    amount = priced(used, unbilled, set(keys))
    assert found.estimate is not None
    assert Decimal(found.estimate.value) == amount
    assert found.estimate.text == f"≈ {state.money(amount)}"
    detail = found.estimate.detail
    assert "estimated by list prices" in detail

    def is_unpriced(days: Days) -> bool:
        return any(key in keys and model == "gpt-99" and day in days for day, key, model, _ in used)

    assert (found.estimate.title is not None) == is_unpriced(unbilled)
    assert detail.startswith("or more, ") == is_unpriced(unbilled)
    if is_old:
        assert (found.value, found.text) == (None, "—")
        assert detail.endswith("OpenAI gives no bill by key for these days")
        return
    assert "for 11 Nov – 5 Dec 2025" in detail
    of_bill = money.total(each for day, key, each in billed if key in keys and day >= KEYS_SINCE)
    assert Decimal(found.value or "NaN") == of_bill
    # Today's bill is still to come, and what has no price is in the bill alone.
    over = Days(KEYS_SINCE, AUTUMN.date() - DAY)
    with_bill = priced(used, over, set(keys))
    of_bill = money.total(each for day, key, each in billed if key in keys and day in over)
    assert ("where billed" in detail) == (bool(of_bill) and not is_unpriced(over))
    if "where billed" in detail and with_bill != of_bill:
        share = abs(with_bill - of_bill) / of_bill
        assume(share > Decimal("0.000001"))
        assert ("above the bill" in detail) == (with_bill > of_bill)
        assert ("below the bill" in detail) == (with_bill < of_bill)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"section": "models"},
        {"section": "projects"},
        {"section": "completions"},
        {"project_ids": ["proj_a"]},
        {"models": ["gpt-5"]},
        {"user_ids": ["user_a"]},
    ],
)
def test_elsewhere_nothing_is_estimated(chosen: dict[str, Any]) -> None:
    used: Uses = [(date(2025, 11, 20), "key_a", "gpt-5", 10**6), (date(2025, 12, 8), "key_a", "gpt-5", 10**6)]
    state = account(used, [(date(2025, 11, 20), "key_a", Decimal(5))]).state(Selection.model_validate(chosen))
    assert "≈" not in said(state)
    assert state.report is not None
    assert state.report.estimates == Estimates()


def test_a_period_that_is_billed_by_key_is_not_estimated_by_key() -> None:
    used: Uses = [(date(2025, 12, 8), "key_a", "gpt-5", 10**6)]
    selection = Selection(start=KEYS_SINCE, end=AUTUMN.date(), section="api-keys")
    assert "≈" not in said(account(used, []).state(selection))


def test_a_refusal_for_other_days_does_not_take_the_place_of_a_bill_that_is_known() -> None:
    used: Uses = [(date(2025, 12, 8), "key_a", "gpt-5", 10**6)]
    found = account(used, [(date(2025, 12, 8), "key_a", Decimal(5))])
    selection = Selection(start=KEYS_SINCE, end=AUTUMN.date(), section="api-keys")
    chosen = scope(merged(FIRST_SELECTION, selection), found.now.date())
    store = found.store(selection)
    store.refused["of 2024"] = (queries.cost_query({}, "api_key_id"), REFUSED)
    assert report.report(store, chosen, "usd", found.now).estimates == Estimates()


def test_amounts_in_another_currency_have_no_estimate_beside_them() -> None:
    used: Uses = [(date(2025, 11, 20), "key_a", "gpt-5", 10**6)]
    found = account(used, [])
    found.bill(date(2025, 12, 8), "5", currency="eur", line_item="a", api_key_id="key_a", project_id="proj_a")
    for selection in (Selection(section="api-keys"), Selection(api_key_ids=["key_a"])):
        assert "≈" not in said(found.state(selection))
