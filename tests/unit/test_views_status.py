"""The status bar: its words and numbers in every state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from markdown_it import MarkdownIt

from openai_usage import views
from openai_usage.credentials import KeyFault, KeyKind, UnfitKey
from openai_usage.limits import SpendLimit
from openai_usage.openai_api import ApiError, Fault
from openai_usage.protocol import OPEN_SETTINGS, REFRESH, SET_ADMIN_KEY, SHOW, SHOW_LOG
from openai_usage.settings import DEFAULT_BASE_URL
from openai_usage.views import State
from tests.support.figures import NOW, TODAY, Figures

COMMANDS = {SHOW, REFRESH, SET_ADMIN_KEY, SHOW_LOG, OPEN_SETTINGS}
EMPTY = State(now=NOW, base_url=DEFAULT_BASE_URL)


def some() -> Figures:
    figures = Figures()
    figures.bill(TODAY, "4.206", line_item="gpt-5, output", organization_name="Northwind")
    figures.bill(TODAY - timedelta(days=1), "83.194", line_item="[x](command:workbench.quit)")
    return figures


KNOWN = some().state()


def test_the_status_text() -> None:
    status = views.status_view(KNOWN)
    assert status.text == "$(graph) $4.21 today · $87.40 this month"
    assert status.accessible_label == "OpenAI usage: $4.21 today, $87.40 this month."
    assert (status.severity, status.busy, status.command.command) == ("ok", False, SHOW)


def test_the_tooltip() -> None:
    tooltip = views.status_view(KNOWN).tooltip
    assert tooltip.startswith("**OpenAI usage** · Northwind\n\n")
    for row in (
        "| Today so far | $4.21 |",
        "| Yesterday | $83.19 |",
        "| Last 7 days | $87.40 |",
        "| This month | $87.40 |",
        "| **Largest line items of the month** |  |",
    ):
        assert row in tooltip
    assert "As of 14:03 UTC. Days are UTC days." in tooltip
    html = MarkdownIt().render(tooltip)
    assert 'href="command:workbench' not in html
    assert html.count('href="command:') == 3


def test_the_pace_of_the_month() -> None:
    # 87.40 so far; 83.194 in the 7 days before today; 8 days are left, and today is not over.
    pace = Decimal("83.194") / 7
    expected = (Decimal("83.194") + pace + pace * 8).quantize(Decimal("0.01"))
    assert f"| Month, at this pace | about ${expected} |" in views.status_view(KNOWN).tooltip
    last_day = Figures(datetime(2026, 11, 30, 14, tzinfo=UTC))
    last_day.bill(last_day.now.date(), "4.2")
    assert "at this pace" not in views.status_view(last_day.state()).tooltip


def test_before_anything_is_known() -> None:
    status = views.status_view(EMPTY)
    assert status.text == "$(loading~spin) OpenAI usage"
    assert status.accessible_label == "OpenAI usage: loading"
    assert status.busy


def test_numbers_of_yesterday_are_not_called_today_s() -> None:
    later = replace(KNOWN, now=NOW + timedelta(days=1), problem=ApiError(Fault.UNREACHABLE))
    status = views.status_view(later)
    assert status.text == "$(warning) $4.21 on 22 Nov · $87.40 1–22 Nov"
    assert "As of 22 Nov 14:03 UTC" in status.tooltip
    assert "| 7 days to 22 Nov | $87.40 |" in status.tooltip
    assert "at this pace" not in status.tooltip
    assert status.severity == "warning"


PROBLEMS: list[views.Problem] = [
    *KeyFault,
    *(UnfitKey(kind, "OPENAI_ADMIN_KEY") for kind in KeyKind if kind is not KeyKind.ADMIN),
    UnfitKey(KeyKind.PROJECT, "OPENAI_API_KEY"),
    views.CANCELLED,
    views.NOT_ASKED,
    views.BUG,
    *(ApiError(fault, "the words of the other side", status=400) for fault in Fault),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
@pytest.mark.parametrize("base_url", [DEFAULT_BASE_URL, "http://gateway.example:8080/v1"])
@pytest.mark.parametrize("state", [EMPTY, KNOWN], ids=["nothing known", "known"])
def test_every_problem_has_words_and_a_next_step(state: State, base_url: str, problem: views.Problem) -> None:
    failing = replace(state, base_url=base_url, problem=problem)
    status = views.status_view(failing)
    assert status.command.command in COMMANDS
    assert status.text.count("$(") == 1
    assert len(status.text) <= 60
    assert "$4.21" in status.text if state is KNOWN else "today" not in status.text
    panel = views.panel_view(failing)
    assert panel.notices[0].id == "problem"
    assert panel.notices[0].command is not None
    assert panel.notices[0].text.endswith((".", "?", '"'))
    assert bool(panel.metrics) == (state is KNOWN)
    assert bool(panel.sections) == (state is KNOWN)


def test_when_the_next_try_is() -> None:
    waiting = replace(EMPTY, problem=ApiError(Fault.RATE_LIMITED), next_attempt=NOW + timedelta(minutes=7))
    assert "The next try is at 14:10 UTC." in views.panel_view(waiting).notices[0].text
    assert "The next try is at 14:10 UTC" in views.status_view(waiting).accessible_label


def test_the_missing_permission_is_named() -> None:
    error = ApiError(Fault.SCOPE_MISSING, "You have … Missing scopes: api.usage.read.", status=403)
    text = views.panel_view(replace(EMPTY, problem=error)).notices[0].text
    assert "permission api.usage.read (403)." in text


def test_a_key_for_other_programs_is_no_failure_of_ours() -> None:
    found = replace(EMPTY, problem=UnfitKey(KeyKind.PROJECT, "OPENAI_API_KEY"))
    status = views.status_view(found)
    assert (status.text, status.severity) == ("$(key) Set OpenAI admin key", "ok")
    assert "OPENAI\\_API\\_KEY holds a project key" in status.tooltip


def test_amounts_in_another_currency_are_not_lost_in_silence() -> None:
    status = views.status_view(replace(KNOWN, left_out=frozenset({"eur"})))
    assert status.severity == "warning"
    assert "Amounts in EUR are not in these sums" in status.tooltip
    panel = views.panel_view(replace(KNOWN, left_out=frozenset({"eur"})))
    assert "EUR" in panel.notices[0].text


def test_the_budget() -> None:
    assert "Budget" not in views.status_view(KNOWN).tooltip
    own = replace(KNOWN, monthly_budget=Decimal(100))
    assert "| Budget of the month | $100.00 · 87% used |" in views.status_view(own).tooltip
    limit = SpendLimit(Decimal(200), "usd", is_enforced=True)
    limited = replace(own, spend_limits={None: limit})
    assert "| Budget of the month | $200.00 · 44% used |" in views.status_view(limited).tooltip


def test_in_another_language() -> None:
    status = views.status_view(replace(KNOWN, locale="de"))
    assert status.text == "$(graph) 4,21\u00a0$ today · 87,40\u00a0$ this month"


def test_sample_data_is_called_so() -> None:
    assert "**sample data**" in views.status_view(replace(KNOWN, sample=True)).tooltip
    assert views.panel_view(replace(KNOWN, sample=True)).sample
