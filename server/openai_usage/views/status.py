"""The status bar: today and this month at a glance, the rest in the tooltip."""

from openai_usage.days import month_of
from openai_usage.protocol import REFRESH, SHOW, SHOW_LOG, Command, StatusView
from openai_usage.report import Estimate, Recent, Share, forecast
from openai_usage.views.estimates import billed_and_more, estimate_text
from openai_usage.views.markdown import escape
from openai_usage.views.metrics import budget_of
from openai_usage.views.numbers import day_text, span_text, time_text
from openai_usage.views.problems import Explanation, explain
from openai_usage.views.state import KeyState, State
from openai_usage.views.words import WORKSPACE
from openai_usage.views.workspace import details, key_name, key_problem

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
        tooltip=_tooltip(state, [escape_sentence(explanation.text), *_of_key(state)], explanation),
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
    return explain(problem, state.base_url, state.now, state.next_attempt, state.key_organization) if problem else None


def _with_numbers(state: State, recent: Recent, explanation: Explanation | None) -> StatusView:
    text, spoken, icon = _text(state, recent)
    short = bool(explanation or state.left_out)
    icon = "sync~spin" if state.busy else "warning" if short else icon
    lines = [escape_sentence(explanation.text)] if explanation else []
    lines += _of_key(state)
    rows = _table(
        [*_recent_rows(state, recent, state.today), *_more_rows(state, recent), *_line_item_rows(state, recent)]
    )
    lines.append(f"**All of the organisation**\n\n{rows}" if len(lines) > bool(explanation) else rows)
    if state.left_out:
        others = ", ".join(sorted(currency.upper() for currency in state.left_out))
        lines.append(f"**Amounts in {others} are not in these sums.**")
    if state.as_of:
        lines.append(f"As of {time_text(state.as_of, state.now)}. Days are UTC days.")
    failed = f" Not up to date: {explanation.text}" if explanation else ""
    return StatusView(
        text=f"$({icon}) {text}",
        tooltip=_tooltip(state, lines, explanation),
        accessible_label=f"OpenAI usage{spoken}.{failed}",
        severity="warning" if short else "ok",
        busy=state.busy,
        command=_SHOW,
    )


def _text(state: State, recent: Recent) -> tuple[str, str, str]:
    """What is shown, what is spoken, and the icon: the key's spend first, where it is known and wanted."""
    today, month = _names_of_days(state)
    of_all = f"{state.money(recent.today)} {today}", f"{state.money(recent.month)} {month}"
    workspace = state.workspace
    of_key = _key_amounts(state, workspace) if workspace and state.status_scope != "organization" else None
    if workspace is None or of_key is None:
        return " · ".join(of_all), f": {', '.join(of_all)}", "graph"
    parts = f"{of_key[0]} {today}", f"{of_key[1]} {month}"
    rest = f" of {state.money(recent.month)}" if state.status_scope == "both" else ""
    name = key_name(state, workspace.id or "")
    return f"{' · '.join(parts)}{rest}", f" of {name}: {', '.join(parts)}{rest}", "key"


def _key_amounts(state: State, workspace: KeyState) -> tuple[str, str] | None:
    """Of today and of the month: billed, or estimates where there is no bill of the key."""
    if workspace.recent is not None:
        return state.money(workspace.recent.today), state.money(workspace.recent.month)
    if workspace.today is not None and workspace.month is not None:
        return estimate_text(state, workspace.today.amount), estimate_text(state, workspace.month.amount)
    return None


def _of_key(state: State) -> list[str]:
    """Of the workspace's key: what it cost, or why that is not told."""
    workspace, problem = state.workspace, key_problem(state)
    lines = []
    if workspace is not None and workspace.id is not None:
        about = " · ".join(escape(part) for part in details(state, workspace, workspace.id))
        lines.append(f"**{WORKSPACE}: {escape(key_name(state, workspace.id))}**  \n{about}")
        if workspace.recent is not None:
            lines.append(_table(_recent_rows(state, workspace.recent, workspace.today)))
        elif (amounts := _key_amounts(state, workspace)) is not None:
            lines.append(_table([*zip(("Today", "This month"), amounts, strict=True)]))
            lines.append("OpenAI does not tell what was billed for this key: these are estimates, by list prices.")
    if problem:
        lines.append(escape_sentence(problem))
    return lines


def _names_of_days(state: State) -> tuple[str, str]:
    """What the two figures are of. After midnight, numbers fetched before are not of today any more."""
    today = state.now.date()
    known = state.as_of.date() if state.as_of else today
    if known == today:
        return "today", "this month"
    return f"on {day_text(known)}", span_text(month_of(known))


def _recent_rows(state: State, recent: Recent, estimate: Estimate | None) -> list[tuple[str, str]]:
    today = state.now.date()
    known = state.as_of.date() if state.as_of else today
    labels = (
        ("Today so far", "Yesterday", "Last 7 days", "This month")
        if known == today
        else (day_text(known), "The day before", f"7 days to {day_text(known)}", span_text(month_of(known)))
    )
    amounts = (recent.today, recent.yesterday, recent.last_7_days, recent.month)
    rows = [(label, state.money(amount)) for label, amount in zip(labels, amounts, strict=True)]
    rows[0] = labels[0], billed_and_more(state, recent.today, estimate)
    return rows


def _more_rows(state: State, recent: Recent) -> list[tuple[str, str]]:
    today = state.now.date()
    known = state.as_of.date() if state.as_of else today
    rows = []
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


def _tooltip(state: State, paragraphs: list[str], explanation: Explanation | None = None) -> str:
    heading = "**OpenAI usage**"
    if state.organization:
        heading += f" · {escape(state.organization)}"
    if state.sample:
        heading += " · **sample data**"
    steps = [explanation.command, *explanation.more] if explanation else []
    standard = (
        Command(title="Show", command=SHOW),
        Command(title="Refresh", command=REFRESH),
        Command(title="Log", command=SHOW_LOG),
    )
    known = {step.command for step in steps}
    steps += [step for step in standard if step.command not in known]
    links = " · ".join(f"[{step.title}](command:{step.command})" for step in steps)
    return "\n\n".join([heading, *paragraphs, links])


def _name(share: Share) -> str:
    return escape(share.key) if share.key else "No line item"
