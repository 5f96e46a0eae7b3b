"""The rows behind the panel as a file: complete, exact, and nothing else."""

import asyncio
import csv
import io
import json
import os
from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage import export, report
from openai_usage.directory import ApiKey, Directory, Project, User
from openai_usage.endpoints import COSTS, USAGE
from openai_usage.protocol import Selection
from openai_usage.scope import FIRST_SELECTION, merged, scope
from tests.support.figures import NOW, TODAY, Figures

TINY = "0.0000000000000000000000000000000001"
NAMES = {
    "project_id": ["proj_a", "proj_b", None],
    "api_key_id": ["key_a", "key_b", None],
    "user_id": ["user_a", "user_b", None],
    "line_item": ["gpt-5, output", "gpt-5, input", "whisper-1", None],
}

EMAIL = "finance@northwind.example"
NAMED = ("project_name", "api_key_name", "user_name")

Json = dict[str, Any]


def exported(figures: Figures, selection: Selection = FIRST_SELECTION) -> tuple[Json, list[dict[str, str]]]:
    """The same as JSON and as the rows of CSV."""
    store = figures.store(selection)
    chosen = scope(merged(FIRST_SELECTION, selection), figures.now.date())
    shown = report.report(store, chosen, "usd", figures.now)
    content = json.loads("".join(export.as_json(store, shown, "usd")), parse_float=lambda _: pytest.fail("a float"))
    return content, list(csv.DictReader(io.StringIO("".join(export.as_csv(store, chosen, "usd")))))


def spend(figures: Figures, selection: Selection) -> Decimal | None:
    chosen = scope(merged(FIRST_SELECTION, selection), figures.now.date())
    return report.report(figures.store(selection), chosen, "usd", figures.now).spend


@pytest.fixture
def figures() -> Figures:
    found = Figures()
    found.bill(TODAY, TINY, project_id="proj_a", api_key_id="key_a", user_id="user_a", line_item="gpt-5, output",
               quantity="1200", quantity_unit="1000_tokens")  # fmt: skip
    found.bill(TODAY - timedelta(days=2), "-0.35", line_item="credit", project_id="proj_a")
    found.bill(TODAY - timedelta(days=40), "99", line_item="too early")
    found.bill(TODAY, "7", line_item="another currency", currency="eur")
    found.use("completions", TODAY, second=7200, model="gpt-5", project_id="proj_a", batch="true", input_tokens=10**15,
              num_model_requests=2)  # fmt: skip
    found.use("vector_stores", TODAY, project_id="proj_a", usage_bytes=123)
    return found


def test_json_as_it_is_promised(figures: Figures) -> None:
    content, _ = exported(figures)
    assert list(content) == ["period", "currency", "costs", "usage", "missing"]
    assert content["period"] == {"start": "2026-10-24", "end": "2026-11-22"}
    assert content["currency"] == "usd"
    assert {row["date"]: row["amount"] for row in content["costs"]} == {"2026-11-20": "-0.35", "2026-11-22": TINY}
    for row in content["costs"]:
        assert {"date", "amount", "project_id", "api_key_id", "user_id", "line_item"} <= set(row)
        assert set(row) == {"date", "amount", *COSTS.dimensions, *NAMED, "quantity", "quantity_unit"}
    assert [(row["project_id"], row["line_item"]) for row in content["costs"]] == [
        ("proj_a", "credit"),
        ("proj_a", "gpt-5, output"),
    ]
    completions, stores = content["usage"]
    assert completions["date"] == "2026-11-22"
    assert completions["capability"] == "completions"
    assert (completions["model"], completions["batch"]) == ("gpt-5", "true")
    assert completions["input_tokens"] == 10**15
    assert set(completions) == {
        "date", "capability", *USAGE[0].dimensions, *NAMED, *(metric.name for metric in USAGE[0].metrics),
    }  # fmt: skip
    assert stores == {
        "date": "2026-11-22", "capability": "vector_stores", "project_id": "proj_a", "project_name": None,
        "usage_bytes": 123,
    }  # fmt: skip


def test_ids_have_their_names_beside_them(figures: Figures) -> None:
    figures.bill(TODAY, "1", project_id="proj_a", api_key_id="key_a", line_item="a")
    directory = Directory(
        {"proj_a": Project("proj_a", "=Support", is_archived=False)},
        {"key_a": ApiKey("key_a", "Website", "sk-a", "proj_a", None, None, None)},
        {"user_a": User("user_a", None, EMAIL)},
    )
    figures.use("completions", TODAY, project_id="proj_a", api_key_id="key_a", user_id="user_a", input_tokens=1)
    for kind, names in (("api_key_id", ("key_a", "Website", "", "")), ("user_id", ("", "", "user_a", EMAIL))):
        selection = FIRST_SELECTION.model_copy(update={"group_by": kind})
        store = figures.store(selection)
        store.directory = directory
        chosen = scope(selection, figures.now.date())
        content = json.loads("".join(export.as_json(store, report.report(store, chosen, "usd", NOW), "usd")))
        used = content["usage"][-2]
        assert [used["project_name"], used["api_key_name"], used["user_name"]] == ["=Support", "Website", EMAIL]
        rows = list(csv.DictReader(io.StringIO("".join(export.as_csv(store, chosen, "usd")))))
        assert rows[-2]["project_name"] == "'=Support"
        billed = {(row["api_key_id"], row["api_key_name"], row["user_id"], row["user_name"]) for row in rows}
        assert names in billed


def test_costs_tell_their_line_items(figures: Figures) -> None:
    content, _ = exported(figures)
    assert {row["line_item"] for row in content["costs"]} == {"credit", "gpt-5, output"}


def test_csv_is_one_table_of_both(figures: Figures) -> None:
    content, rows = exported(figures)
    assert list(rows[0])[:2] == ["date", "capability"]
    assert len(rows) == len(content["costs"]) + len(content["usage"])
    costs = [row for row in rows if row["capability"] == "costs"]
    assert [(row["date"], row["amount"], row["currency"], row["project_id"]) for row in costs] == [
        ("2026-11-20", "-0.35", "usd", "proj_a"),
        ("2026-11-22", TINY, "usd", "proj_a"),
    ]
    used = next(row for row in rows if row["capability"] == "completions")
    assert (used["input_tokens"], used["amount"], used["vector_store_id"]) == (str(10**15), "", "")


def test_hours_are_moments(figures: Figures) -> None:
    by_hour = Selection(period="7d", section="completions", bucket="1h")
    content, _ = exported(figures, by_hour)
    assert [(row["capability"], row["date"]) for row in content["usage"]] == [("completions", "2026-11-22T02:00:00Z")]


def test_the_section_of_a_capability_has_its_own_rows_only(figures: Figures) -> None:
    content, rows = exported(figures, Selection(section="vector_stores"))
    assert list(content) == ["period", "usage", "missing"], "the bill is not by capability"
    assert [row["capability"] for row in content["usage"]] == [row["capability"] for row in rows] == ["vector_stores"]


def test_what_a_filter_takes_away_is_not_exported(figures: Figures) -> None:
    content, _ = exported(figures, Selection(models=["gpt-5"]))
    assert [row["amount"] for row in content["costs"]] == [TINY]
    assert [row["capability"] for row in content["usage"]] == ["completions"], "no models of vector stores"
    content, rows = exported(figures, Selection(project_ids=["proj_x"]))
    assert (content["costs"], content["usage"], rows) == ([], [], [])


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_name_is_no_formula(start: str) -> None:
    figures = Figures()
    figures.bill(TODAY, "-1", project_id=start, line_item="a")
    figures.use("completions", TODAY, model=start, input_tokens=1)
    content, rows = exported(figures)
    assert content["costs"][0]["project_id"] == content["usage"][0]["model"] == start
    assert (rows[0]["project_id"], rows[0]["amount"]) == (f"'{start}", "-1")
    assert rows[1]["model"] == f"'{start}"


def test_what_no_key_was_billed_for_is_a_row_of_its_own(figures: Figures) -> None:
    figures.left_out = lambda query, row: "api_key_id" in query.group_by and row.dimensions.get("line_item") == "credit"
    content, _ = exported(figures, FIRST_SELECTION.model_copy(update={"group_by": "api_key_id"}))
    (credit,) = [row for row in content["costs"] if row["amount"] == "-0.35"]
    assert (credit["project_id"], credit["api_key_id"], credit["line_item"]) == (None, None, None)
    assert credit["date"] == "2026-11-20"


def test_what_all_is_narrowed_to_is_told_of_the_rest_too(figures: Figures) -> None:
    figures.left_out = lambda query, row: "api_key_id" in query.group_by and row.dimensions.get("line_item") == "credit"
    narrowed = FIRST_SELECTION.model_copy(update={"group_by": "api_key_id", "project_ids": ["proj_a"]})
    content, _ = exported(figures, narrowed)
    (credit,) = [row for row in content["costs"] if row["amount"] == "-0.35"]
    assert (credit["project_id"], credit["api_key_id"], credit["line_item"]) == ("proj_a", None, None)


def test_without_the_total_nothing_is_taken_off_again(figures: Figures) -> None:
    figures.refused = lambda query: query.endpoint is COSTS and not query.group_by
    content, _ = exported(figures)
    assert sorted(row["amount"] for row in content["costs"]) == ["-0.35", TINY]


def test_before_keys_were_told_the_bill_is_split_otherwise() -> None:
    early = Figures(datetime(2025, 12, 8, 12, tzinfo=NOW.tzinfo))
    early.bill(date(2025, 12, 1), "5", line_item="a", api_key_id="key_a", user_id="user_a", project_id="proj_a")
    early.bill(date(2025, 12, 7), "3", line_item="a", api_key_id="key_a", user_id="user_a", project_id="proj_a")
    content, _ = exported(early)
    assert sum(Fraction(row["amount"]) for row in content["costs"]) == 8
    assert {row["date"] for row in content["costs"]} == {"2025-12-01", "2025-12-07"}


def optional_lists(values: list[Any]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([one for one in values if one is not None]), max_size=2, unique=True)


rows_of_costs = st.lists(
    st.fixed_dictionaries(
        {
            "ago": st.integers(0, 35),
            "amount": st.decimals(min_value=-10, max_value=1000, places=12).map(str),
            **{name: st.sampled_from(values) for name, values in NAMES.items()},
        }
    ),
    max_size=12,
)


@given(
    rows=rows_of_costs,
    selection=st.builds(
        Selection,
        period=st.sampled_from(["today", "7d", "30d", "month"]),
        project_ids=optional_lists(NAMES["project_id"]),
        api_key_ids=optional_lists(NAMES["api_key_id"]),
        user_ids=optional_lists(NAMES["user_id"]),
        models=optional_lists(["gpt-5", "whisper-1"]),
    ),
    unattributed=st.booleans(),
)
@settings(max_examples=60)
def test_the_sum_of_a_file_is_what_the_panel_says(rows: list[Json], selection: Selection, unattributed: bool) -> None:
    figures = Figures()
    for number, row in enumerate(rows):
        dimensions = {name: row[name] for name in NAMES}
        figures.bill(TODAY - timedelta(days=row["ago"]), row["amount"], **dimensions)
        figures.use("completions", TODAY - timedelta(days=row["ago"]), model="gpt-5", input_tokens=number,
                    project_id=row["project_id"], api_key_id=row["api_key_id"], user_id=row["user_id"])  # fmt: skip
    if unattributed and not selection.api_key_ids:
        figures.left_out = lambda query, row: "api_key_id" in query.group_by and not row.dimensions.get("api_key_id")
    content, table = exported(figures, selection)
    total = spend(figures, selection)
    assert total is not None
    assert sum(Fraction(row["amount"]) for row in content["costs"]) == Fraction(total)
    assert sum(Fraction(row["amount"]) for row in table if row["amount"]) == Fraction(total)
    chosen = scope(merged(FIRST_SELECTION, selection), TODAY)
    used = report.report(figures.store(selection), chosen, "usd", NOW).used
    assert used is not None
    assert sum(row["input_tokens"] for row in content["usage"]) == used["input_tokens"]
    assert all(date.fromisoformat(row["date"]) in chosen.days for row in (*content["costs"], *content["usage"]))


def test_what_could_not_be_read_is_named(figures: Figures) -> None:
    figures.refused = lambda query: query.endpoint.name == "images" or not query.group_by
    missing = exported(figures)[0]["missing"]
    whole = {"start": "2026-10-24", "end": "2026-11-22"}
    assert {"capability": "images", **whole} in missing
    assert {"capability": "costs", **whole} in missing


def test_days_without_cost_by_key_are_whole_all_the_same() -> None:
    figures = Figures()
    old, new = date(2025, 12, 1), date(2025, 12, 8)
    figures.bill(old, "5", api_key_id="key_a")
    figures.bill(new, "7", api_key_id="key_a")
    content, _ = exported(figures, Selection(start=old, end=new, section="api-keys"))
    rows = [(row["date"], row["amount"], row["api_key_id"]) for row in content["costs"]]
    assert sorted(rows) == [("2025-12-01", "5", None), ("2025-12-08", "7", "key_a")]


def test_hours_are_exported_where_hours_are_shown(figures: Figures) -> None:
    content, _ = exported(figures, Selection(period="7d", bucket="1h", measure="tokens"))
    dates = {row["capability"]: row["date"] for row in content["usage"]}
    assert dates == {"completions": "2026-11-22T02:00:00Z", "vector_stores": "2026-11-22"}


@pytest.mark.parametrize("name", ["=1+1", " =1+1", "\n=1", "\u200b@x", "\uff1d1+1", "x;=1+1", "x\t-1", "+1"])
def test_a_name_is_no_formula_wherever_it_stands(name: str) -> None:
    figures = Figures()
    figures.use("completions", TODAY, model=name, input_tokens=1)
    (row,) = [row for row in exported(figures)[1] if row["capability"] == "completions"]
    assert row["model"] == f"'{name}"


# Into a file.


def write(path: Path, kind: export.Format = "json") -> None:
    store = Figures().store()
    shown = report.report(store, scope(FIRST_SELECTION, TODAY), "usd", NOW)
    asyncio.run(export.write(path, export.text(kind, store, shown, "usd")))


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_the_file_is_whole_and_alone(tmp_path: Path, kind: export.Format) -> None:
    path = tmp_path / "usage — März.out"
    path.write_text("something older and much longer than what comes " * 99)
    write(path, kind)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    text = path.read_text(encoding="utf-8")
    assert text.startswith("{" if kind == "json" else "date,capability,")
    assert text.endswith("\n")
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask()


def texts(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in folder.iterdir()}


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_was_there_stays_when_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "usage.json"
    path.write_text("precious")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write(path)
    assert texts(tmp_path) == {path.name: "precious"}


async def test_other_work_goes_on_while_it_is_written_and_may_cancel_it(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("precious")
    told = 0

    def pieces() -> Generator[str]:
        nonlocal told
        while True:
            told += 1
            yield "piece"

    text = pieces()
    task = asyncio.create_task(export.write(path, text))
    for _ in range(9):
        await asyncio.sleep(0)
    assert 5 < told < 15
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert texts(tmp_path) == {path.name: "precious"}
    assert next(text, None) is None, "what was not written is kept by nobody"


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_what_is_read_while_it_is_written_is_not_in_it(figures: Figures, kind: export.Format) -> None:
    store = figures.store()
    shown = report.report(store, scope(FIRST_SELECTION, TODAY), "usd", NOW)
    whole = "".join(export.text(kind, store, shown, "usd"))
    text = export.text(kind, store, shown, "usd")
    begun = next(text)
    for query in list(store.buckets):
        store.buckets[query].put(shown.scope.days, [], NOW)
    assert begun + "".join(text) == whole


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere" / "usage.json")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write(tmp_path / "folder")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_a_long_name_that_fits_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250 + ".json")
    write(path)
    assert path.exists()
