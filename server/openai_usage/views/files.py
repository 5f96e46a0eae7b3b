"""Saved files in words: their names, and what is to be said of what is in them.

A file may have any name, and who sends one chooses it. Editors make links of `[text](command:…)` in messages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from openai_usage.days import Days
from openai_usage.saved import Problem, Reason
from openai_usage.views.numbers import Numbers, days_text
from openai_usage.views.words import listed

_MOST_FILES: Final = 3
_LONGEST_NAME: Final = 60
_NO_LINKS: Final = str.maketrans("[]", "()")
_ENGLISH: Final = Numbers.of("en")


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`{files}`: the names; `{n}`: how many; `{days}`, `{rows}`: the count; the rest: what the problem is about."""

    one: str
    many: str


_SENTENCES: Final[Mapping[Reason, _Sentence]] = {
    Reason.TOO_LARGE: _Sentence(
        "{files} is larger than 64 MB, and was not read.",
        "{n} files are larger than 64 MB, and were not read: {files}.",
    ),
    Reason.NOT_TEXT: _Sentence(
        "{files} is no text in UTF-8 or UTF-16.", "{n} files are no text in UTF-8 or UTF-16: {files}."
    ),
    Reason.EMPTY: _Sentence("{files} is empty.", "{n} files are empty: {files}."),
    Reason.TOO_MANY_ROWS: _Sentence(
        "{files} was not read: with it there would be more than a million rows.",
        "{n} files were not read, since there would be more than a million rows: {files}.",
    ),
    Reason.BROKEN_JSON: _Sentence(
        "{files} holds text that is no JSON, which was left out.",
        "{n} files hold text that is no JSON, which was left out: {files}.",
    ),
    Reason.UNKNOWN: _Sentence(
        "{files} holds something that is no known answer.",
        "{n} files hold something that is no known answer: {files}.",
    ),
    Reason.UNREAD_ANSWER: _Sentence(
        "{files} holds a known answer with a value that cannot be read, and that answer was left out.",
        "{n} files hold known answers with a value that cannot be read, and those answers were left out: {files}.",
    ),
    Reason.ERROR_ANSWER: _Sentence(
        "{files} holds an error in place of an answer.", "{n} files hold errors in place of answers: {files}."
    ),
    Reason.UNKNOWN_COLUMNS: _Sentence(
        "{files} is no known table{columns}.",
        "{n} files are no known tables{columns}: {files}.",
    ),
    Reason.NO_DAY: _Sentence(
        "{files} holds an empty answer, and its name does not tell the day (usage-2024-03-01.json would).",
        "{n} files hold empty answers, and their names do not tell the day (usage-2024-03-01.json would): {files}.",
    ),
    Reason.NO_ENDPOINT: _Sentence(
        "{files} does not tell which capability it is of, nor does its name.",
        "{n} files do not tell which capability they are of, nor do their names: {files}.",
    ),
    Reason.UNREAD_ROWS: _Sentence(
        "{files} has {rows} that could not be read.", "{n} files have {rows} that could not be read: {files}."
    ),
    Reason.OTHER_TOTAL: _Sentence(
        "{files}: its days come to {sum}, and the total in it is {total}.",
        "{n} files hold bills whose days do not come to the total: {files}.",
    ),
    Reason.OTHER_DAY: _Sentence(
        "{files} holds rows of {day} and not of the day in its name; the rows count.",
        "{n} files hold rows of another day than the one in their names; the rows count: {files}.",
    ),
    Reason.IN_DOLLARS: _Sentence(
        *["Amounts of /dashboard/billing/usage are read as dollars (openaiUsage.legacyUnit)."] * 2
    ),
    Reason.SAME_FILE: _Sentence(
        "{files} is the same as {about}, and counts once.", "{n} files are the same as others, and count once: {files}."
    ),
    Reason.SAME_ROWS: _Sentence(
        "{files} has {days} that another file has as well: counted once.",
        "{n} files have days that are in another file as well, and count once: {files}.",
    ),
    Reason.ADDED_UP: _Sentence(
        "{files} has different figures of the same {days}: they are added up.",
        "{files} have different figures of the same {days}: they are added up.",
    ),
    Reason.REPLACED: _Sentence(
        "{files} has a limit, credit or sum of which a later answer tells something else, which holds.",
        "{n} files have limits, credits or sums of which later answers tell something else, which holds: {files}.",
    ),
    Reason.SEVERAL_ORGANIZATIONS: _Sentence(*["These files are of several organisations, added up: {about}."] * 2),
}

_SEVERAL_OF_A_FILE: Final = frozenset({Reason.ADDED_UP, Reason.OTHER_TOTAL})


def harmless(text: str) -> str:
    """Foreign text without control characters, and without links that an editor would make of it."""
    written = "".join(one if one.isprintable() else " " if one.isspace() else "" for one in text)
    return written.translate(_NO_LINKS)


def file_text(name: str) -> str:
    """The name of a file, as it may be shown."""
    shown = harmless(name).strip()
    if len(shown) > _LONGEST_NAME:
        half = _LONGEST_NAME // 2
        shown = f"{shown[: half - 1]}…{shown[-half:]}"
    return shown or "A file"


def files_text(names: Sequence[str]) -> str:
    """Names of files or of others, the first few of many."""
    more = len(names) - _MOST_FILES
    return listed([*map(file_text, names[:_MOST_FILES]), *([f"{more} more"] if more > 0 else [])])


def problems_text(problems: Sequence[Problem]) -> str | None:
    """What of saved files could not be read, was not counted, or should be known; None when there is nothing to say."""
    by_reason: dict[Reason, list[Problem]] = {}
    for problem in problems:
        by_reason.setdefault(problem.reason, []).append(problem)
    return " ".join(_sentence(reason, some) for reason, some in by_reason.items()) or None


def _sentence(reason: Reason, problems: Sequence[Problem]) -> str:
    """One for all that have the same reason."""
    first = problems[0]
    names = [problem.name for problem in problems]
    if reason in _SEVERAL_OF_A_FILE:
        others = [name for problem in problems for name in problem.about] if reason is Reason.ADDED_UP else []
        names = list(dict.fromkeys([*names, *others]))
    count = sum(problem.count for problem in problems)
    words = {
        "files": files_text(names),
        "n": str(len(names)),
        "rows": _counted(count, "row"),
        "days": _counted(first.count, "day") if len(problems) == 1 else "days",
        "about": files_text(first.about),
        **_about(problems),
    }
    sentence = _SENTENCES[reason]
    return (sentence.one if len(names) == 1 else sentence.many).format(**words)


def _about(problems: Sequence[Problem]) -> dict[str, str]:
    first = problems[0]
    if first.reason is Reason.OTHER_TOTAL:
        amounts = [_ENGLISH.money(Decimal(amount), "usd") for amount in first.about]
        if amounts[0] == amounts[1]:
            amounts = [f"${amount}" for amount in first.about]
        return dict(zip(("sum", "total"), amounts, strict=True))
    if first.reason is Reason.OTHER_DAY:
        day = date.fromisoformat(first.about[0])
        return {"day": days_text(Days(day, day))}
    if first.reason is Reason.UNKNOWN_COLUMNS:
        is_or_are = "is no column" if len(first.about) == 1 else "are no columns"
        is_same = all(problem.about == first.about for problem in problems)
        return {"columns": f" (there {is_or_are} {listed(list(first.about))})" if is_same else ""}
    return {}


def _counted(count: int, of: str) -> str:
    return f"{count:,} {of}" if count == 1 else f"{count:,} {of}s"
