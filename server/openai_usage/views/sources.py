"""What the source of the figures tells and what it does not, in words: the endpoints of 2023, and saved files."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from openai_usage.days import Days
from openai_usage.endpoints import USAGE
from openai_usage.fetch.legacy import USE
from openai_usage.openai_api import ApiError, Fault
from openai_usage.pace import MOST, how_long
from openai_usage.protocol import CLOSE_IMPORT, READ_DAYS, Command, Notice, NoticeSeverity
from openai_usage.queries import TOTAL, cost_query, given, shown_usage_query
from openai_usage.report import Report
from openai_usage.views.account import doubts, since_text
from openai_usage.views.files import files_text
from openai_usage.views.numbers import day_text, days_text
from openai_usage.views.problems import explain, not_filled
from openai_usage.views.state import State
from openai_usage.views.words import DIMENSIONS, in_a_sentence, listed

READING_FILES: Final = "Reading saved usage"
READING_DAYS: Final = "Reading OpenAI usage day by day"
_GO_ON: Final = Command(title="Read these days", command=READ_DAYS)
_MOST_DAYS: Final = 3


def days_left(count: int) -> str:
    """Beside a progress bar: "26 days left, about 5 min"."""
    minutes = max(1, round(how_long(count).total_seconds() / 60))
    return f"{'1 day' if count == 1 else f'{count} days'} left, {_about(minutes)}"


def source_notices(state: State, report: Report) -> Iterator[Notice]:
    """What the user should know of where the figures come from."""
    if state.told.kind == "imported":
        yield from _of_files(state)
    if state.told.kind == "legacy":
        yield from _of_legacy(state, report)
    yield from _not_narrowed(report)
    yield from _unread(state, report.scope.days)


def _of_files(state: State) -> Iterator[Notice]:
    if state.files is None:
        return
    close = Command(title="Show the account again", command=CLOSE_IMPORT)
    text = f"These figures are of saved files and not of your account: {files_text(state.files.read)}."
    yield _notice("imported", "info", text, close)
    if state.files.problems:
        yield _notice("import-problem", "warning", state.files.problems)


def _of_legacy(state: State, report: Report) -> Iterator[Notice]:
    host = urlsplit(state.base_url).hostname or state.base_url
    account = state.account
    if account.one_sum is not None:
        text = (
            f"{host} tells one sum, {since_text(state, account.one_sum)}, and no days: what today or this month "
            "cost is not known."
        )
        yield _notice("one-sum", "info", text)
    elif not state.told.has_bill and (error := state.failures.get(TOTAL)) is not None and state.problem is None:
        why = explain(error, state.base_url, state.now, None).text
        yield _notice("no-bill", "info", f"No bill is told. Amounts with ≈ are use at list prices. {why}")
    yield from _doubts(state, report.scope.days, host)
    for topic, name in (("subscription", "limit"), ("credit", "credit")):
        error = state.failures.get(topic)
        if error is not None and getattr(account, topic) is not None and str(error) != str(state.problem):
            text = f"The {name} could not be read again, and is the last one that was told."
            yield _notice(f"{topic}-problem", "info", f"{text} {_why(state, error)}")
    yield from _of_use(state, report)


def _doubts(state: State, days: Days, host: str) -> Iterator[Notice]:
    found = doubts(state, days)
    for one in found:
        of = days_text(Days(one.first, one.last))
        if one.total is not None:
            by_day, total = state.money(one.by_day), state.money(one.total)
            text = (
                f"The days of the bill of {of} come to {by_day}, and the total that {host} sent with them is {total}."
            )
            yield _notice(f"disagreement-{one.first}", "warning", text)
        if one.unlisted:
            some = "1 day" if one.unlisted == 1 else f"{one.unlisted} days"
            text = f"The bill of {of} does not list {some}, nor a total that is right: they count as nothing."
            yield _notice(f"unlisted-{one.first}", "warning", text)
    if any(not one.at_midnight for one in found):
        text = f"The days that {host} bills do not begin at midnight UTC: some amounts may stand a day off."
        yield _notice("other-days", "warning", text)


def _not_narrowed(report: Report) -> Iterator[Notice]:
    scope, told = report.scope, report.scope.told
    if told.kind == "organization" or not (told.has_bill and scope.filters):
        return
    if given(cost_query(scope.filters, told=told), scope.days, told) is not None:
        return
    by = listed([in_a_sentence(DIMENSIONS[one].one) for one in scope.filters])  # type: ignore[index] # our own dimensions
    rest = "what is shown is use at list prices (≈)" if told.usage else "nothing is left to show"
    yield _notice("spend-not-narrowed", "info", f"The bill is not told by {by}: with this filter, {rest}.")


def _of_use(state: State, report: Report) -> Iterator[Notice]:
    scope, error = report.scope, state.failures.get(USE)
    users = scope.filters.get("user_id", frozenset())
    if not scope.told.tells_users and len(users) > 1:
        yield _notice("users", "info", "Use is told of one user at a time here: choose one.")
    elif not scope.told.tells_users and not users and scope.section == "users":
        yield _notice("users", "info", "The rows of use name no user. Choose one under Users to read theirs.")
    missing = report.missing.get(shown_usage_query(scope, USAGE[0]), [])
    # Of a server that does not have it, that is nothing to go on about.
    is_absent = error is not None and error.fault in {Fault.NOT_FOUND, Fault.NOT_THE_API}
    if error is not None and str(error) != str(state.problem) and not (is_absent and state.account.one_sum):
        yield _notice("usage-problem", "info" if is_absent else "warning", _not_told(state, error))
    elif missing and error is None:
        yield _days_notice(state, scope.days, missing)
    # Where nothing was billed in those days, it is no wonder.
    is_idle = state.recent is not None and not state.recent.last_7_days
    if state.is_unfilled and state.problem is None and not is_idle:
        yield _notice("unfilled", "info", f"No use is told of the last days. {not_filled(state.base_url)}")


def _not_told(state: State, error: ApiError) -> str:
    if error.fault in {Fault.NOT_FOUND, Fault.NOT_THE_API}:
        host = urlsplit(state.base_url).hostname or state.base_url
        return f"{host} does not tell use by day."
    return f"Use by day could not be read: {_why(state, error)}"


def _why(state: State, error: ApiError) -> str:
    return explain(error, state.base_url, state.now, state.next_attempt).text


def _days_notice(state: State, days: Days, missing: list[Days]) -> Notice:
    count = sum(map(len, missing))
    here = len(days) - count
    others = "the other one takes" if count == 1 else f"the other {count} take"
    text = (
        f"Use comes one day at a time, {MOST} days a minute: {here} of {len(days)} days are in these figures, "
        f"{others} {_about(round(how_long(count).total_seconds() / 60))}."
    )
    return _notice("days", "info", text, None if state.is_reading_days else _GO_ON)


def _about(minutes: int) -> str:
    if minutes <= 1:
        return "about a minute"
    return f"about {minutes} minutes" if minutes < 90 else f"about {round(minutes / 60)} hours"  # noqa: PLR2004


def _unread(state: State, days: Days) -> Iterator[Notice]:
    found = {day: lists for day, lists in state.unread.items() if day in days}
    if not found:
        return
    counts: dict[str, int] = {}
    for lists in found.values():
        for name, count in lists.items():
            counts[name] = counts.get(name, 0) + count
    rows = listed([f"{count} of {name}" for name, count in sorted(counts.items())])
    when = (
        days_text(Days(min(found), max(found))) if len(found) > _MOST_DAYS else listed([*map(day_text, sorted(found))])
    )
    text = f"Some rows could not be understood, and are in no figure ({when}): {rows}."
    yield _notice("unread", "warning", text)


def _notice(notice_id: str, severity: NoticeSeverity, text: str, command: Command | None = None) -> Notice:
    return Notice(id=notice_id, severity=severity, text=text, command=command)
