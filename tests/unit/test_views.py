"""The words and numbers that people read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from openai_usage import report, views
from openai_usage.credentials import KeyFault, KeyKind, UnfitKey
from openai_usage.days import Days, last_days
from openai_usage.openai_api import ApiError, Fault
from openai_usage.protocol import OPEN_SETTINGS, REFRESH, SET_ADMIN_KEY, SHOW, SHOW_LOG
from openai_usage.rows import CostRow
from openai_usage.settings import DEFAULT_BASE_URL
from openai_usage.views import Details, State, markdown, numbers

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
TODAY = NOW.date()
COMMANDS = {SHOW, REFRESH, SET_ADMIN_KEY, SHOW_LOG, OPEN_SETTINGS}


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("4.21", "$4.21"),
        ("4.205", "$4.21"),
        ("1234567.891", "$1,234,567.89"),
        ("0.0042", "$0.0042"),
        ("0.00999", "$0.01"),
        ("0.0099", "$0.0099"),
        ("0.004", "$0.004"),
        ("0.000001", "$0.000001"),
        ("1E-30", "<$0.000001"),
        ("-3.1", "-$3.10"),
        ("-0.0000001", "-<$0.000001"),
    ],
)
def test_money(amount: str, text: str) -> None:
    assert numbers.money_text(Decimal(amount), "usd") == text


def test_money_of_other_countries() -> None:
    assert numbers.money_text(Decimal("4.2"), "eur") == "€4.20"
    assert numbers.money_text(Decimal("4.2"), "chf") == "4.20 CHF"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e15"), max_value=Decimal("1e15")))
def test_what_is_not_zero_never_reads_as_zero(amount: Decimal) -> None:
    digits = [character for character in numbers.money_text(amount, "usd") if character in "123456789"]
    assert bool(digits) == bool(amount)


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal("1e12"), places=6))
def test_money_is_never_further_off_than_half_a_cent(amount: Decimal) -> None:
    shown = Decimal(numbers.money_text(amount, "usd").replace("$", "").replace(",", ""))
    assert abs(Fraction(shown) - Fraction(amount)) <= Fraction(1, 200)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0K"),
        (12_345, "12.3K"),
        (999_499, "999K"),
        (999_500, "1.00M"),
        (4_560_000, "4.56M"),
        (123_704_386, "124M"),
        (10**9, "1.00B"),
        (10**18, "1000000T"),
    ],
)
def test_counts(count: int, text: str) -> None:
    assert numbers.count_text(count) == text


def test_shares() -> None:
    assert [numbers.share_text(Decimal(text)) for text in ("0", "0.0001", "0.1234", "1")] == [
        "0.0%",
        "<0.1%",
        "12.3%",
        "100.0%",
    ]


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 22), date(2026, 11, 22), "22 Nov 2026"),
        (date(2026, 11, 1), date(2026, 11, 22), "1–22 Nov 2026"),
        (date(2026, 10, 24), date(2026, 11, 22), "24 Oct – 22 Nov 2026"),
        (date(2025, 12, 24), date(2026, 1, 22), "24 Dec 2025 – 22 Jan 2026"),
    ],
)
def test_days(first: date, last: date, text: str) -> None:
    assert numbers.days_text(Days(first, last)) == text


# Everything that has a meaning in Markdown, HTML or VS Code's icons, and some text between.
tricky = st.text(st.sampled_from(list("\\`*_{}[]()#+-.!|<>~&\"':@$ \n\tab1/;=%^?,")), max_size=60)


@given(tricky)
def test_foreign_text_in_markdown_stays_text(text: str) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(f"x{markdown.escape(text)}x")
    body = html.removeprefix("<p>").removesuffix("</p>\n")
    assert "<" not in body
    unescaped = body.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    assert unescaped == f"x{markdown_line(text)}x"


def markdown_line(text: str) -> str:
    """The line a reader should see; before an icon VS Code eats the backslash."""
    line = " ".join(part for part in text.replace("\n", " ").replace("\t", " ").split(" ") if part)
    return line.replace("$(", "\\$(")


def rows(*amounts: tuple[date, str, str]) -> list[CostRow]:
    return [CostRow(day, Decimal(amount), "usd", item, None) for day, amount, item in amounts]


SOME = rows((TODAY, "4.206", "gpt-5, output"), (TODAY - timedelta(days=1), "83.194", "[x](command:workbench.quit)"))
EMPTY = State(now=NOW, base_url=DEFAULT_BASE_URL)
KNOWN = replace(EMPTY, as_of=NOW, organization="Northwind", recent=report.recent(SOME, TODAY))


def test_the_status_text() -> None:
    status = views.status_view(KNOWN)
    assert status.text == "$(graph) $4.21 today · $87.40 this month"
    assert status.accessible_label == "OpenAI usage: $4.21 today, $87.40 this month."
    assert "command:workbench" not in MarkdownIt().render(status.tooltip).replace("command:workbench.quit)", "")
    assert 'href="command:workbench' not in MarkdownIt().render(status.tooltip)


def test_numbers_of_yesterday_are_not_called_today_s() -> None:
    later = replace(KNOWN, now=NOW + timedelta(days=1), costs_problem=ApiError(Fault.UNREACHABLE))
    status = views.status_view(later)
    assert status.text == "$(warning) $4.21 on 22 Nov · $87.40 1–22 Nov"
    assert "As of 22 Nov 14:03 UTC" in status.tooltip
    a_year_later = views.panel_view(replace(later, now=NOW + timedelta(days=365), details=details(SOME)))
    assert [metric.label for metric in a_year_later.metrics[1:3]] == ["22 Nov", "That month"]
    assert a_year_later.metrics[2].detail == "1–22 Nov 2026"


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
def test_every_problem_has_words_and_a_next_step(problem: views.Problem, base_url: str) -> None:
    for state in (EMPTY, KNOWN):
        failing = replace(state, base_url=base_url, costs_problem=problem)
        status = views.status_view(failing)
        assert status.command.command in COMMANDS
        assert status.text.count("$(") == 1
        assert len(status.text) <= 60
        assert "$4.21" in status.text if state is KNOWN else "today" not in status.text
        panel = views.panel_view(replace(failing, details=details(SOME)) if state is KNOWN else failing)
        assert panel.notices[0].id == "problem"
        assert panel.notices[0].command is not None
        assert panel.notices[0].text.endswith((".", "?", '"'))
        assert bool(panel.metrics) == (state is KNOWN)


def test_when_the_next_try_is() -> None:
    waiting = replace(EMPTY, costs_problem=ApiError(Fault.RATE_LIMITED), next_attempt=NOW + timedelta(minutes=7))
    assert "The next try is at 14:10 UTC." in views.panel_view(waiting).notices[0].text


def test_the_missing_permission_is_named() -> None:
    error = ApiError(Fault.SCOPE_MISSING, "You have … Missing scopes: api.usage.read.", status=403)
    text = views.panel_view(replace(EMPTY, costs_problem=error)).notices[0].text
    assert "permission api.usage.read (403)." in text


def details(cost_rows: list[CostRow], days: Days | None = None) -> Details:
    days = days or last_days(30, TODAY)
    return Details(
        days=days,
        group_by="line_item",
        spend=report.spend(cost_rows, days, "line_item"),
        tokens=report.tokens([]),
        models=report.models(cost_rows, []),
        missing_costs=[],
        missing_tokens=[],
    )


def test_a_sum_that_is_short_is_not_shown_while_the_rest_is_on_its_way() -> None:
    short = replace(details(SOME), missing_costs=[Days(date(2026, 10, 24), date(2026, 10, 31))])
    busy = views.panel_view(replace(KNOWN, busy=True, details=short))
    assert busy.metrics[0].value is None
    assert busy.sections == []
    done = views.panel_view(replace(KNOWN, details=short))
    assert done.metrics[0].value == "87.4"
    assert [notice.id for notice in done.notices] == ["incomplete"]
    assert "costs of 24–31 Oct 2026" in done.notices[0].text


def test_nothing_used_says_whose_nothing_it_is() -> None:
    unused = views.panel_view(replace(KNOWN, details=details([])))
    assert [notice.id for notice in unused.notices] == ["unused"]
    assert "This key sees Northwind." in unused.notices[0].text


def test_a_key_for_other_programs_is_no_failure_of_ours() -> None:
    found = replace(EMPTY, costs_problem=UnfitKey(KeyKind.PROJECT, "OPENAI_API_KEY"))
    status = views.status_view(found)
    assert (status.text, status.severity) == ("$(key) Set OpenAI admin key", "ok")
    assert "OPENAI\\_API\\_KEY holds a project key" in status.tooltip


def test_amounts_in_another_currency_are_not_lost_in_silence() -> None:
    status = views.status_view(replace(KNOWN, left_out=frozenset({"eur"})))
    assert status.severity == "warning"
    assert "Amounts in EUR are not in these sums" in status.tooltip
    panel = views.panel_view(replace(KNOWN, details=details(SOME), left_out=frozenset({"eur"})))
    assert "EUR" in panel.notices[0].text


def test_shares_of_nothing_and_of_credits() -> None:
    panel = views.panel_view(
        replace(KNOWN, details=details(rows((TODAY, "-3", "credit"), (TODAY, "1", "gpt-5, input"))))
    )
    cells = [row.cells[2].text for row in panel.sections[-2].tables[0].rows]
    assert cells == ["—", "—"]
    almost = rows((TODAY, "12.3456789012345678901234567890123", "a"), (TODAY, "-12.345678901234567890123456789", "b"))
    panel = views.panel_view(replace(KNOWN, details=details(almost)))
    assert [row.cells[2].text for row in panel.sections[-2].tables[0].rows] == ["—", "—"]


def test_the_panel_reveals_when_asked() -> None:
    assert views.panel_view(EMPTY, reveal=True).reveal
    assert not views.panel_view(EMPTY).reveal
