"""Saved files in words: names that do no harm, and one sentence for all that have the same reason."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage.saved import Problem, Reason
from openai_usage.views.files import file_text, files_text, harmless, problems_text

ABOUT: dict[Reason, tuple[str, ...]] = {
    Reason.UNKNOWN_COLUMNS: ("start_time", "amount_value"),
    Reason.OTHER_TOTAL: ("10", "999"),
    Reason.OTHER_DAY: ("2024-03-02",),
    Reason.SAME_FILE: ("z.json",),
    Reason.ADDED_UP: ("z.json",),
    Reason.SEVERAL_ORGANIZATIONS: ("Northwind", "org-made-up"),
}
OF_ALL = {Reason.SEVERAL_ORGANIZATIONS, Reason.IN_DOLLARS}


def problem(name: str, reason: Reason, count: int = 1) -> Problem:
    return Problem(name, reason, count, ABOUT.get(reason, ()))


def said(*problems: Problem) -> str:
    text = problems_text(problems)
    assert text is not None
    return text


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Z", "C"])))
def test_names_of_files_cannot_do_anything(name: str) -> None:
    for shown in (file_text(name), harmless(name), said(Problem(name, Reason.UNKNOWN)), files_text([name] * 5)):
        assert not set(shown) & set("[]")
        assert not any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for one in shown)
    assert 0 < len(file_text(name)) <= 60


def test_a_link_in_a_name_is_none() -> None:
    assert file_text("[click me](command:a.b).json\x1b[31m\n") == "(click me)(command:a.b).json(31m"
    long = f"{'a' * 100}-2024.json"
    assert file_text(long) == f"{'a' * 29}…{long[-30:]}"
    assert file_text("May bill.json") == "May bill.json"
    assert file_text("\x00") == "A file"


@pytest.mark.parametrize("reason", Reason)
def test_many_files_of_one_reason_are_one_sentence(reason: Reason) -> None:
    text = said(*(problem(f"u{n}.json", reason, n + 1) for n in range(57)))
    assert len(text) < 230
    assert "{" not in text
    if reason not in OF_ALL:
        assert "u0.json, u1.json, u2.json and 5" in text
    one = said(problem("u0.json", reason))
    assert len(one) < 130
    assert reason in OF_ALL or "u0.json" in one
    assert " 1 days" not in one
    assert " 1 rows" not in one


def test_what_is_said() -> None:
    assert problems_text([]) is None
    sentences = {
        "57 files hold something that is no known answer: u0.json, u1.json, u2.json and 54 more.": [
            problem(f"u{n}.json", Reason.UNKNOWN) for n in range(57)
        ],
        "bill.json: its days come to $10.00, and the total in it is $999.00.": [
            problem("bill.json", Reason.OTHER_TOTAL)
        ],
        "bill.json: its days come to $0.9999, and the total in it is $1.0049.": [
            Problem("bill.json", Reason.OTHER_TOTAL, about=("0.9999", "1.0049"))
        ],
        "These files are of several organisations, added up: Northwind and org-made-up.": [
            problem("", Reason.SEVERAL_ORGANIZATIONS)
        ],
        "Amounts of /dashboard/billing/usage are read as dollars (openaiUsage.legacyUnit).": [
            problem("a.json", Reason.IN_DOLLARS),
            problem("b.json", Reason.IN_DOLLARS),
        ],
        "a.csv is no known table (there are no columns start_time and amount_value).": [
            problem("a.csv", Reason.UNKNOWN_COLUMNS)
        ],
        "a.csv is no known table (there is no column amount_value).": [
            Problem("a.csv", Reason.UNKNOWN_COLUMNS, about=("amount_value",))
        ],
        "2 files are no known tables: a.csv and b.csv.": [
            problem("a.csv", Reason.UNKNOWN_COLUMNS),
            Problem("b.csv", Reason.UNKNOWN_COLUMNS, about=("amount_value",)),
        ],
        "a.csv and z.json have different figures of the same 3 days: they are added up.": [
            problem("a.csv", Reason.ADDED_UP, 3)
        ],
        "a.csv has 3 days that another file has as well: counted once.": [problem("a.csv", Reason.SAME_ROWS, 3)],
        "usage-2024-03-01.json holds rows of 2 Mar 2024 and not of the day in its name; the rows count.": [
            problem("usage-2024-03-01.json", Reason.OTHER_DAY)
        ],
        "2 files have 1,003 rows that could not be read: a.csv and b.csv.": [
            problem("a.csv", Reason.UNREAD_ROWS, 1000),
            problem("b.csv", Reason.UNREAD_ROWS, 3),
        ],
    }
    for sentence, problems in sentences.items():
        assert problems_text(problems) == sentence


def test_each_reason_is_said_once() -> None:
    found = [problem("a.json", Reason.EMPTY), problem("b.json", Reason.UNKNOWN), problem("c.json", Reason.EMPTY)]
    assert said(*found) == "2 files are empty: a.json and c.json. b.json holds something that is no known answer."
