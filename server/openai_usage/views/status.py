"""The status bar: today and this month at a glance, the rest in the tooltip."""

from openai_usage.days import month_of
from openai_usage.protocol import REFRESH, SHOW, SHOW_LOG, Command, StatusView
from openai_usage.report import Recent, Share, forecast
from openai_usage.views.markdown import escape
from openai_usage.views.metrics import budget_of
from openai_usage.views.numbers import day_text, span_text, time_text
from openai_usage.views.problems import Explanation, explain
from openai_usage.views.state import State

_SHOW = Command(title="Show OpenAI usage", command=SHOW)
_MOST_LINE_ITEMS = 3


def status_view(state: State) -> StatusView:
    """What the status bar shows. With numbers, a failure only adds to them."""
    explanation = _explanation(state)
    if state.recent is not None:
        return _with_numbers(state, state.recent, explanation)
    if explanation is None:
        return StatusView(
            text="$(loading~spin) OpenAI usage",
            tooltip=_tooltip(state, ["Loading usage…"]),
            accessible_label="OpenAI usage: loading",
            severity="ok",
            busy=True,
            command=_SHOW,
        )
    icon = "loading~spin" if state.busy else explanation.icon
    return StatusView(
        text=f"$({icon}) {explanation.short}",
        tooltip=_tooltip(state, [escape_sentence(explanation.text)], explanation.command),
        accessible_label=f"{explanation.short}. {explanation.text}",
        severity="error" if explanation.is_failure else "ok",
        busy=state.busy,
        command=explanation.command,
    )


def escape_sentence(text: str) -> str:
    """A sentence of our own with foreign words in it, however long."""
    return " ".join(escape(word) for word in text.split())


def _explanation(state: State) -> Explanation | None:
    problem = state.problem
    return explain(problem, state.base_url, state.now, state.next_attempt) if problem else None


def _with_numbers(state: State, recent: Recent, explanation: Explanation | None) -> StatusView:
    today, month = _names_of_days(state)
    today_text = f"{state.money(recent.today)} {today}"
    month_text_ = f"{state.money(recent.month)} {month}"
    short = bool(explanation or state.left_out)
    icon = "sync~spin" if state.busy else "warning" if short else "graph"
    lines = [escape_sentence(explanation.text)] if explanation else []
    lines.append(_table([*_recent_rows(state, recent), *_line_item_rows(state, recent)]))
    if state.left_out:
        others = ", ".join(sorted(currency.upper() for currency in state.left_out))
        lines.append(f"**Amounts in {others} are not in these sums.**")
    if state.as_of:
        lines.append(f"As of {time_text(state.as_of, state.now)}. Days are UTC days.")
    failed = f" Not up to date: {explanation.text}" if explanation else ""
    return StatusView(
        text=f"$({icon}) {today_text} · {month_text_}",
        tooltip=_tooltip(state, lines, explanation.command if explanation else None),
        accessible_label=f"OpenAI usage: {today_text}, {month_text_}.{failed}",
        severity="warning" if short else "ok",
        busy=state.busy,
        command=_SHOW,
    )


def _names_of_days(state: State) -> tuple[str, str]:
    """What the two figures are of. After midnight, numbers fetched before are not of today any more."""
    today = state.now.date()
    known = state.as_of.date() if state.as_of else today
    if known == today:
        return "today", "this month"
    return f"on {day_text(known)}", span_text(month_of(known))


def _recent_rows(state: State, recent: Recent) -> list[tuple[str, str]]:
    today = state.now.date()
    known = state.as_of.date() if state.as_of else today
    labels = (
        ("Today so far", "Yesterday", "Last 7 days", "This month")
        if known == today
        else (day_text(known), "The day before", f"7 days to {day_text(known)}", span_text(month_of(known)))
    )
    amounts = (recent.today, recent.yesterday, recent.last_7_days, recent.month)
    rows = [(label, state.money(amount)) for label, amount in zip(labels, amounts, strict=True)]
    if known == today and (expected := forecast(recent, today)).days_left:
        rows.append(("Month, at this pace", f"about {state.money(expected.amount)}"))
    if found := budget_of(state, None):
        limit, _ = found
        rows.append(
            (
                "Budget of the month",
                f"{state.money(limit.amount)} · {state.numbers.whole_share(recent.month / limit.amount)} used",
            )
        )
    return rows


def _line_item_rows(state: State, recent: Recent) -> list[tuple[str, str]]:
    largest = [share for share in recent.month_line_items if share.amount > 0][:_MOST_LINE_ITEMS]
    rows = [(_name(share), state.money(share.amount)) for share in largest]
    return [("**Largest line items of the month**", ""), *rows] if rows else []


def _table(rows: list[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "|:--|--:|", *(f"| {label} | {amount} |" for label, amount in rows)])


def _tooltip(state: State, paragraphs: list[str], next_step: Command | None = None) -> str:
    heading = "**OpenAI usage**"
    if state.organization:
        heading += f" · {escape(state.organization)}"
    if state.sample:
        heading += " · **sample data**"
    steps = [next_step] if next_step else []
    standard = (
        Command(title="Show", command=SHOW),
        Command(title="Refresh", command=REFRESH),
        Command(title="Log", command=SHOW_LOG),
    )
    steps += [step for step in standard if next_step is None or step.command != next_step.command]
    links = " · ".join(f"[{step.title}](command:{step.command})" for step in steps)
    return "\n\n".join([heading, *paragraphs, links])


def _name(share: Share) -> str:
    return escape(share.key) if share.key else "No line item"
