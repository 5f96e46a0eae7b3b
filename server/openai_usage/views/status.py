"""The status bar: today and this month at a glance, the rest in the tooltip."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from openai_usage.days import month_of
from openai_usage.protocol import REFRESH, SHOW, SHOW_LOG, Command, StatusView
from openai_usage.report import Estimate, Recent, Share, forecast
from openai_usage.views.account import account_rows, doubts, since_text, used_text
from openai_usage.views.estimates import estimate_text, is_less, is_unknown, not_yet_billed
from openai_usage.views.markdown import escape
from openai_usage.views.metrics import budget_of
from openai_usage.views.numbers import day_text, span_text, time_text
from openai_usage.views.problems import Explanation, explain
from openai_usage.views.state import KeyState, State
from openai_usage.views.words import NOT_YET_BILLED, OR_MORE, WORKSPACE
from openai_usage.views.workspace import details, is_unlisted, key_failure, key_name, key_problem, key_step

_SHOW = Command(title="Show OpenAI usage", command=SHOW)
_MOST_LINE_ITEMS = 3


def status_view(state: State) -> StatusView:
    """What the status bar shows. With numbers, a failure only adds to them."""
    explanation = _explanation(state)
    if state.recent is not None or state.account.one_sum or state.month or (state.as_of and state.account.credit):
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
        tooltip=_tooltip(state, [escape_sentence(explanation.text), *_key_lines(state)], explanation),
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


def _with_numbers(state: State, recent: Recent | None, explanation: Explanation | None) -> StatusView:
    text, spoken, icon = _text(state, recent)
    # A bill that OpenAI refuses for ever is nothing to be warned of again and again: its estimate says that it is one.
    is_stale = icon == "key" and state.workspace is not None and state.workspace.month is None and key_failure(state)
    month = month_of(state.now.date())
    short = bool(explanation or state.left_out or is_stale or doubts(state, month))
    icon = "sync~spin" if state.busy else "warning" if short else icon
    lines = [escape_sentence(explanation.text)] if explanation else []
    lines += _key_lines(state)
    lines.append(_table(state, recent))
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


def _text(state: State, recent: Recent | None) -> tuple[str, str, str]:
    """What is shown, what is spoken, and the icon: the key's spend first, where it is known and wanted."""
    today, month = _names_of_days(state)
    if recent is None:
        return _text_without_bill(state, today, month)
    of_all = f"{state.money(recent.today)} {today}", f"{state.money(recent.month)} {month}"
    workspace = state.workspace
    of_key = _key_amounts(state, workspace) if workspace and state.status_scope != "organization" else None
    if workspace is None or of_key is None:
        return " · ".join(of_all), f": {', '.join(of_all)}", "graph"
    parts = [f"{amount} {days}" for amount, days in zip(of_key, (today, month), strict=True)]
    whole, spoken = "", [part.replace("≈", "estimated") for part in parts]
    if state.status_scope == "both":
        # What is estimated is no part of what was billed.
        whole = f" of {state.money(recent.month)}" if workspace.recent else f" · all {state.money(recent.month)}"
    name = key_name(state, workspace.id or "")
    return f"{' · '.join(parts)}{whole}", f" of {name}: {', '.join(spoken)}{whole.replace(' ·', ',')}", "key"


def _text_without_bill(state: State, today: str, month: str) -> tuple[str, str, str]:
    """One sum, or use at list prices, or a credit where that is all."""
    if (one_sum := state.account.one_sum) is not None:
        text = used_text(state, one_sum)
        return text, f": {text}, {since_text(state, one_sum)}", "graph"
    estimates = [
        (estimate, days)
        for estimate, days in ((state.today, today), (state.month, month))
        if estimate and not is_unknown(estimate)
    ]
    if not estimates and state.month is None and (credit := state.account.credit) is not None:
        text = f"{state.money(credit.available)} credit left"
        return text, f": {text}", "graph"
    if not estimates:
        return "OpenAI usage", ": no list price is known", "graph"
    # A bar has little room: "or more" is a sign there.
    texts = [f"{estimate_text(state, one.amount)}{'+' if is_less(one) else ''} {days}" for one, days in estimates]
    spoken = [f"{_estimated(state, one)} {days}".replace("≈", "estimated") for one, days in estimates]
    return " · ".join(texts), f": {', '.join(spoken)}", "graph"


def _key_amounts(state: State, workspace: KeyState) -> tuple[str, str] | None:
    """Of today and of the month: billed, or estimates where there is no bill of the key."""
    recent = workspace.recent
    if recent is not None:
        # An id that is wrong costs nothing either.
        is_nothing = not recent.month and not recent.last_7_days and is_unlisted(state, workspace.id or "")
        return None if is_nothing else (state.money(recent.today), state.money(recent.month))
    if workspace.today is not None and workspace.month is not None:
        return estimate_text(state, workspace.today.amount), estimate_text(state, workspace.month.amount)
    return None


def _key_lines(state: State) -> list[str]:
    """Which key is the workspace's, or why that is not told."""
    workspace, problem = state.workspace, key_problem(state)
    lines = []
    if workspace is not None and workspace.id is not None:
        about = " · ".join(escape(part) for part in details(state, workspace, workspace.id))
        lines.append(f"**{WORKSPACE}: {escape(key_name(state, workspace.id))}**  \n{about}")
    lines += [escape_sentence(text) for text in (problem, key_failure(state)) if text]
    return lines


def _names_of_days(state: State) -> tuple[str, str]:
    """What the two figures are of. After midnight, numbers fetched before are not of today any more."""
    today = state.now.date()
    known = state.as_of.date() if state.as_of else today
    if known == today:
        return "today", "this month"
    return f"on {day_text(known)}", span_text(month_of(known))


@dataclass(frozen=True, slots=True)
class _Column:
    """Whose spend it is, and what is known of it."""

    title: str
    recent: Recent | None
    today: Estimate | None
    month: Estimate | None = None


_Rows = Iterable[tuple[str, Sequence[str]]]


def _table(state: State, recent: Recent | None) -> str:
    """The days around today: of the workspace's key, where it is known, and of all."""
    columns = [_Column("All", recent, state.today, state.month)]
    workspace = state.workspace
    if workspace is not None and (workspace.recent or workspace.month):
        columns.insert(0, _Column(WORKSPACE, workspace.recent, workspace.today, workspace.month))
    rows = list(_rows_of_days(state, columns)) if any(one.recent or one.month for one in columns) else []
    if recent is not None:
        rows += [*_rows_of_month(state, recent, columns), *_rows_of_items(state, columns)]
    else:
        rows = [(label, cells) for label, cells in rows if any(cells)]
    rows += [(label, [*[""] * (len(columns) - 1), text]) for label, text in account_rows(state)]
    titles = [column.title if len(columns) > 1 else "" for column in columns]
    lines = [["", *titles], [":--", *["--:"] * len(columns)], *([label, *cells] for label, cells in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows_of_days(state: State, columns: Sequence[_Column]) -> _Rows:
    today = state.now.date()
    known = state.as_of.date() if state.as_of else today
    labels = (
        ("Today so far", "Yesterday", "Last 7 days", "This month")
        if known == today
        else (day_text(known), "The day before", f"7 days to {day_text(known)}", span_text(month_of(known)))
    )
    cells = [_amounts(state, column) for column in columns]
    rows = [(label, [of_column[at] for of_column in cells]) for at, label in enumerate(labels)]
    more = [_not_yet_billed(state, column) for column in columns]
    if any(more):
        rows.insert(1, (NOT_YET_BILLED.capitalize(), more))
    return rows


def _not_yet_billed(state: State, column: _Column) -> str:
    found = not_yet_billed(state, column.recent.today, column.today) if column.recent else None
    if found is None or column.today is None:
        return ""
    return f"{found.text} {OR_MORE}" if is_less(column.today) else found.text


def _amounts(state: State, column: _Column) -> Sequence[str]:
    if (recent := column.recent) is not None:
        return [state.money(one) for one in (recent.today, recent.yesterday, recent.last_7_days, recent.month)]
    today, month = (_estimated(state, one) for one in (column.today, column.month))
    return [today, "", "", month]


def _estimated(state: State, estimate: Estimate | None) -> str:
    if estimate is None or is_unknown(estimate):
        return ""
    text = estimate_text(state, estimate.amount)
    return f"{text} {OR_MORE}" if is_less(estimate) else text


def _rows_of_month(state: State, of_all: Recent, columns: Sequence[_Column]) -> _Rows:
    today = state.now.date()
    known = state.as_of.date() if state.as_of else today
    if known == today and forecast(of_all, today).days_left:
        expected = [forecast(column.recent, today).amount if column.recent else None for column in columns]
        cells = ["" if amount is None else f"about {state.money(amount)}" for amount in expected]
        yield "Month, at this pace", cells
    if found := budget_of(state, None):
        limit, _ = found
        used = f"{state.money(limit.amount)} · {state.numbers.whole_share(of_all.month / limit.amount)} used"
        yield "Budget of the month", [*[""] * (len(columns) - 1), used]


def _rows_of_items(state: State, columns: Sequence[_Column]) -> _Rows:
    """The largest of the first column: what the workspace is billed for matters most in it."""
    shares = [column.recent.month_line_items if column.recent else [] for column in columns]
    largest = [share for share in shares[0] or shares[-1] if share.amount > 0][:_MOST_LINE_ITEMS]
    if not largest:
        return
    yield "**Largest line items of the month**", [""] * len(columns)
    amounts = [{share.key: share.amount for share in of_column} for of_column in shares]
    for item in largest:
        cells = [state.money(found[item.key]) if item.key in found else "" for found in amounts]
        yield _name(item), cells


def _tooltip(state: State, paragraphs: list[str], explanation: Explanation | None = None) -> str:
    heading = "**OpenAI usage**"
    title = state.organization or (state.account.organization and state.account.organization.title)
    if title:
        heading += f" · {escape(title)}"
    if state.sample:
        heading += " · **sample data**"
    steps = [explanation.command, *explanation.more] if explanation else []
    steps += [step for step in [key_step(state)] if step is not None]
    standard = (
        Command(title="Show", command=SHOW),
        Command(title="Refresh", command=REFRESH),
        Command(title="Log", command=SHOW_LOG),
    )
    known = {step.command for step in steps}
    steps += [step for step in standard if step.command not in known]
    links = " · ".join(f"[{step.title}]({_uri(step)})" for step in steps)
    return "\n\n".join([heading, *paragraphs, links])


def _uri(step: Command) -> str:
    arguments = f"?{quote(json.dumps(step.arguments))}" if step.arguments else ""
    return f"command:{step.command}{arguments}"


def _name(share: Share) -> str:
    return escape(share.key) if share.key else "No line item"
