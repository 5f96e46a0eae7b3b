"""What an open panel shows and what its commands do. The tests share one process: each selects what it looks at."""

import asyncio
import contextlib
import csv
import io
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
import pytest_asyncio
from pygls.exceptions import JsonRpcException

from openai_usage import protocol
from openai_usage.demo import Organization
from tests.support.demo_server import DemoServer, Fault
from tests.support.editor import Editor, View, chart, metric, notices, now_with_some_time_left, tables

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-admin-" + "k" * 40
FIRST: View = {
    "period": "30d", "bucket": "1d", "groupBy": "line_item", "measure": "spend", "section": "overview",
    "projectIds": [], "apiKeyIds": [], "userIds": [], "models": [], "allRows": [],
}  # fmt: skip
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

Billed = dict[date, dict[str | None, Fraction]]


class Session:
    """The server process, the API that it asks, and what that API has to say."""

    def __init__(self, editor: Editor, server: DemoServer, today: date) -> None:
        self.editor = editor
        self.server = server
        self.today = today
        self._billed: dict[str, Billed] = {}

    async def select(self, **selection: object) -> View:
        """The panel of it; what is not named is as at first."""
        return await self.editor.select({**FIRST, **selection})

    def billed(self, group: str = "line_item") -> Billed:
        """What was billed, by day and group: read with nothing of the server's own."""
        if group not in self._billed:
            self._billed[group] = _read_bill(self.server.url, self.today, group)
        return self._billed[group]

    def spent(self, first: date, last: date) -> Fraction:
        days = self.billed().items()
        return sum((sum(amounts.values(), Fraction(0)) for day, amounts in days if first <= day <= last), Fraction(0))


def _read_bill(url: str, today: date, group: str) -> Billed:
    start = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()) - 120 * 86_400
    found: Billed = defaultdict(lambda: defaultdict(Fraction))
    cursor = ""
    while True:
        asked = f"{url}/organization/costs?start_time={start}&limit=31&group_by={group}{cursor}"
        with urlopen(Request(asked, headers={"Authorization": f"Bearer {KEY}"})) as answer:  # noqa: S310 - loopback
            page: dict[str, Any] = json.loads(answer.read(), parse_float=Decimal)
        for bucket in page["data"]:
            day = datetime.fromtimestamp(bucket["start_time"], UTC).date()
            for row in bucket["results"]:
                found[day][row[group]] += Fraction(row["amount"]["value"])
        if not page["has_more"]:
            return found
        cursor = f"&page={quote(page['next_page'])}"


def dollars(amount: Fraction) -> str:
    """As people write it. Of a sum below a cent, two digits; in the first hours of a day there are such."""
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    if 0 < exact < Decimal("0.01"):
        return f"${round(exact, 1 - exact.adjusted()).normalize():f}"
    return f"${exact.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def session() -> AsyncIterator[Session]:
    now = now_with_some_time_left()
    with DemoServer(Organization(now=lambda: now)) as server:
        environ = {"OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": server.url}
        async with Editor(environ=environ, settings={"refreshMinutes": 0}) as editor:
            await editor.run("openaiUsage.show")
            await editor.panel(has_names_and_changes)
            yield Session(editor, server, now.date())
            assert KEY not in editor.everything_it_wrote()


def has_names_and_changes(panel: View) -> bool:
    rows = [row for one in ("projects", "api-keys") for row in tables(panel).get(one, {"rows": []})["rows"]]
    ids = [row for row in rows if row["cells"][0]["text"].startswith(("proj_", "key_"))]
    return bool(
        not panel["busy"] and panel["metrics"] and metric(panel, "spend").get("change") and rows and len(ids) < 2
    )


def is_compared(panel: View) -> bool:
    """What the period before is compared with comes last."""
    return all(metric(panel, name).get("change") for name in ("spend", "tokens", "requests"))


# The figures.


async def test_the_status_tells_the_truth(session: Session) -> None:
    status = next(one for one in session.editor.statuses if "today" in one["text"] and not one["busy"])
    today = session.today
    on_today, month = session.spent(today, today), session.spent(today.replace(day=1), today)
    assert status == {
        "text": f"$(graph) {dollars(on_today)} today · {dollars(month)} this month",
        "tooltip": status["tooltip"],
        "accessibleLabel": f"OpenAI usage: {dollars(on_today)} today, {dollars(month)} this month.",
        "severity": "ok",
        "busy": False,
        "command": {"title": "Show OpenAI usage", "command": "openaiUsage.show"},
    }
    yesterday = today - timedelta(days=1)
    for amount in (session.spent(yesterday, yesterday), session.spent(today - timedelta(days=6), today)):
        assert f"| {dollars(amount)} |" in status["tooltip"]


async def test_the_panel_is_the_api_s_figures_to_the_last_digit(session: Session) -> None:
    panel = await session.select()
    today, found = session.today, session.billed()
    start = today - timedelta(days=29)
    whole = session.spent(start, today)
    assert Fraction(metric(panel, "spend")["value"]) == whole
    assert Fraction(metric(panel, "today")["value"]) == session.spent(today, today)
    assert Fraction(metric(panel, "month")["value"]) == session.spent(today.replace(day=1), today)

    drawn = chart(panel)
    assert drawn["categories"] == [(start + timedelta(days=n)).isoformat() for n in range(30)]
    assert drawn["partialCategory"] == today.isoformat()
    for index, day in enumerate(drawn["categories"]):
        bars = sum((Fraction(series["values"][index]) for series in drawn["series"]), Fraction(0))
        assert bars == sum(found[date.fromisoformat(day)].values(), Fraction(0))

    items: dict[str | None, Fraction] = defaultdict(Fraction)
    for day_, amounts in found.items():
        for item, amount in amounts.items():
            items[item] += amount if day_ >= start else 0
    table = tables(await session.select(section="line-items", allRows=["line-items"]))["line-items"]
    assert {row["cells"][0]["text"]: Fraction(row["cells"][1]["value"]) for row in table["rows"]} == {
        item: amount for item, amount in items.items() if any(item in found[start + timedelta(n)] for n in range(30))
    }
    assert Fraction(table["total"]["cells"][1]["value"]) == whole


async def test_every_table_adds_up_to_the_same(session: Session) -> None:
    whole = session.spent(session.today - timedelta(days=29), session.today)
    for section in ("models", "projects", "api-keys", "users", "line-items"):
        table = tables(await session.select(section=section, allRows=[section]))[section]
        assert sum(Fraction(row["cells"][1].get("value") or 0) for row in table["rows"]) == whole
        assert len(table["rows"]) == table["rowCount"]


async def test_projects_go_by_their_names(session: Session) -> None:
    panel = await session.select(section="projects")
    known = {project.name for project in session.server.api.organization.projects}
    assert {row["cells"][0]["text"] for row in tables(panel)["projects"]["rows"]} <= known


async def test_nothing_is_asked_twice(session: Session) -> None:
    await session.select(period="90d")
    session.server.reset()
    await session.select(period="90d", groupBy="model")
    await session.select(period="7d", groupBy="project_id")
    assert [request.query for request in session.server.requests if "end_time=" not in request.query] == []


# Every field of a selection.


@pytest.mark.parametrize(("period", "days"), [("today", 1), ("7d", 7), ("30d", 30), ("90d", 90)], ids=str)
async def test_period(session: Session, period: str, days: int) -> None:
    panel = await session.select(period=period)
    assert len(chart(panel)["categories"]) == days
    first = session.today - timedelta(days=days - 1)
    assert Fraction(metric(panel, "spend")["value"]) == session.spent(first, session.today)


async def test_own_dates(session: Session) -> None:
    first, last = session.today - timedelta(days=12), session.today - timedelta(days=9)
    dates = {"start": first.isoformat(), "end": last.isoformat()}
    await session.select()
    panel = await session.editor.select(dates)
    assert "period" not in panel["selection"]
    assert len(chart(panel)["categories"]) == 4
    assert Fraction(metric(panel, "spend")["value"]) == session.spent(first, last)
    controls = {one["id"]: one for one in panel["controls"]}
    assert controls["period"]["selected"] == ["custom"]
    assert controls["start"]["selected"] == [dates["start"]]
    again = await session.select()
    assert "start" not in again["selection"]


async def test_bucket_measure_and_group(session: Session) -> None:
    panel = await session.select(period="7d", bucket="1h", measure="requests", groupBy="capability")
    drawn = chart(panel)
    assert drawn["categories"][0] == f"{session.today - timedelta(days=6)}T00:00Z"
    assert "Completions" in [series["name"] for series in drawn["series"]]
    assert drawn["unit"] == "requests"


@pytest.mark.parametrize(
    ("field", "table"),
    [("projectIds", "projects"), ("apiKeyIds", "api-keys"), ("userIds", "users"), ("models", "models")],
)
async def test_filters(session: Session, field: str, table: str) -> None:
    panel = await session.select(section=table)
    row = next(one for one in tables(panel)[table]["rows"] if one.get("select", {}).get(field))
    narrowed = await session.select(**{field: row["select"][field]})
    assert metric(narrowed, "spend")["value"] == row["cells"][1]["value"]
    assert [one["text"] for one in narrowed["filters"]] == [row["cells"][0]["text"]]
    assert narrowed["back"]["period"] == "30d"
    await session.select()


async def test_section_sort_and_all_rows(session: Session) -> None:
    sort = {"table": "line-items", "column": "name", "descending": True}
    panel = await session.editor.select({**FIRST, "section": "line-items", "sort": sort, "allRows": ["line-items"]})
    names = [row["cells"][0]["text"].casefold() for row in tables(panel)["line-items"]["rows"]]
    assert names == sorted(names, reverse=True)


async def test_a_selection_sent_back_is_the_same_view(session: Session) -> None:
    chosen = {**FIRST, "section": "images", "period": "7d"}
    panel = await session.editor.select(chosen, is_compared)
    await session.select()
    assert await session.editor.select(panel["selection"], is_compared) == panel


@pytest.mark.parametrize(
    "argument",
    [
        {"period": "1000y"},
        {"period": "always"},
        {"period": ["7d"]},
        {"nonsense": 1},
        {"section": "nonsense"},
        {"section": 5},
        {"start": "yesterday"},
        {"projectIds": "proj_a"},
        {"models": [1]},
        {"allRows": {"models": True}},
        {"sort": {"table": "models"}},
        {"sort": {"table": "models", "column": "name", "descending": True, "more": 1}},
        {"period": "7d", "extra": None},
        "30d",
        None,
        5,
        [],
    ],
    ids=str,
)
async def test_a_selection_that_is_none_is_refused_and_changes_nothing(session: Session, argument: object) -> None:
    before = await session.select()
    count = len(session.editor.panels)
    with pytest.raises(JsonRpcException, match=r"openaiUsage\.select: ") as refused:
        await session.editor.run("openaiUsage.select", argument)
    assert refused.value.code == INVALID_PARAMS
    assert await session.editor.run("openaiUsage.select", {}) is None
    assert session.editor.panels[count:] == []
    assert before == session.editor.panels[-1]


# Export.


def uri(path: Path) -> str:
    return path.as_uri()


async def test_export_is_what_is_shown(session: Session, tmp_path: Path) -> None:
    for selection in ({}, {"models": ["whisper-1"]}, {"period": "7d", "section": "embeddings", "bucket": "1h"}):
        panel = await session.select(**selection)
        as_json, as_csv = tmp_path / "a file — März.json", tmp_path / "usage.csv"
        for path, kind in ((as_json, "json"), (as_csv, "csv")):
            assert await session.editor.run("openaiUsage.export", {"uri": uri(path), "format": kind}) is None
        content = json.loads(as_json.read_text(encoding="utf-8"))
        is_capability = "section" in selection
        assert list(content) == ["period", *([] if is_capability else ["currency", "costs"]), "usage", "missing"]
        assert content["period"]["end"] == session.today.isoformat()
        costs = content.get("costs", [])
        whole = 0 if is_capability else Fraction(metric(panel, "spend")["value"])
        assert sum(Fraction(row["amount"]) for row in costs) == whole
        with as_csv.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(io.StringIO(file.read())))
        assert sum(Fraction(row["amount"]) for row in rows if row["amount"]) == whole
        assert len(rows) == len(costs) + len(content["usage"])
        if is_capability:
            assert {(row["capability"], len(row["date"])) for row in content["usage"]} == {("embeddings", 20)}
        assert KEY not in as_json.read_text() + as_csv.read_text()


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.rglob("*"))


async def test_an_export_that_cannot_be_written_says_where_and_why(session: Session, tmp_path: Path) -> None:
    missing, folder = tmp_path / "nowhere" / "usage.json", tmp_path / "folder"
    folder.mkdir()
    (folder / "kept").write_text("kept")
    for path, why in ((missing, "No such file or directory"), (folder, "Is a directory")):
        with pytest.raises(JsonRpcException) as refused:
            await session.editor.run("openaiUsage.export", {"uri": uri(path), "format": "json"})
        assert (refused.value.code, refused.value.message) == (INTERNAL_ERROR, f"{path} could not be written: {why}.")
    assert names_in(tmp_path) == ["folder", "kept"]


async def test_it_shuts_down_in_the_middle_of_an_export(tmp_path: Path) -> None:
    async with Editor("--demo") as editor:
        await editor.select({"period": "365d"})
        wanted = {"uri": uri(tmp_path / "usage.json"), "format": "json"}
        running = asyncio.create_task(editor.run(protocol.EXPORT, wanted))
        await editor.until(lambda: names_in(tmp_path))
    assert editor.process.returncode == 0
    with contextlib.suppress(JsonRpcException):
        await running
    # Either it was first, or nothing is left of it.
    assert names_in(tmp_path) in ([], ["usage.json"])
    assert "RuntimeError" not in editor.everything_it_wrote()


@pytest.mark.parametrize(
    "argument",
    [
        None,
        {},
        {"uri": "file:///nowhere/x"},
        {"uri": "file:///nowhere/x", "format": "xlsx"},
        {"uri": "file:///nowhere/x", "format": "csv", "more": 1},
        {"uri": 5, "format": "csv"},
        {"uri": "vscode-remote://ssh/nowhere/x.csv", "format": "csv"},
        {"uri": "untitled:x.csv", "format": "csv"},
        {"uri": "https://example.com/x.csv", "format": "csv"},
        {"uri": "/nowhere/x.csv", "format": "csv"},
        {"uri": "file:x.csv", "format": "csv"},
        {"uri": "", "format": "csv"},
    ],
    ids=str,
)
async def test_an_export_to_what_is_no_file_is_refused(session: Session, argument: object) -> None:
    with pytest.raises(JsonRpcException) as refused:
        await session.editor.run("openaiUsage.export", argument)
    assert refused.value.code == INVALID_PARAMS


# Tables as text.


async def test_a_table_as_markdown(session: Session) -> None:
    panel = await session.select(section="line-items")
    text = await session.editor.run(protocol.TABLE_AS_MARKDOWN, "line-items")
    lines = text.splitlines()
    table = tables(panel)["line-items"]
    assert lines[0] == f"| {' | '.join(column['title'] for column in table['columns'])} |"
    assert len(lines) == 2 + table["rowCount"] + 1
    assert table["total"]["cells"][1]["text"] in lines[-1]


@pytest.mark.parametrize("argument", ["nonsense", "", None, 5, {}, ["models"]], ids=str)
async def test_a_table_that_is_not_there(session: Session, argument: object) -> None:
    await session.select()
    with pytest.raises(JsonRpcException, match="has no such table now") as refused:
        await session.editor.run(protocol.TABLE_AS_MARKDOWN, argument)
    assert refused.value.code == INVALID_PARAMS


async def test_no_table_is_there_where_only_another_section_has_it(session: Session) -> None:
    await session.select(section="limits")
    with pytest.raises(JsonRpcException, match="has no such table now"):
        await session.editor.run(protocol.TABLE_AS_MARKDOWN, "models")


# With a process of their own.


@pytest.mark.parametrize(
    ("locale", "decimal", "shown"),
    [("de", ",", "de"), ("pt-br", ",", "pt-br"), ("zh-cn", ".", "zh-cn"), (None, ".", "en")],
)
async def test_numbers_are_written_as_the_editor_s_language_does(locale: str | None, decimal: str, shown: str) -> None:
    async with Editor("--demo", locale=locale) as editor:
        status = await editor.status()
        amount = status["text"].split(" ")[1]
        assert [one for one in amount if one in ".,"][-1] == decimal
        if locale == "de":
            await editor.run("openaiUsage.show")
            panel = await editor.settled_panel()
            assert panel["locale"] == shown
            assert metric(panel, "spend")["text"].endswith("\u00a0$")


@pytest.mark.parametrize("path", ["organization/projects?", "organization/users?"])
async def test_the_panel_does_not_wait_for_names(path: str) -> None:
    now = now_with_some_time_left()
    with DemoServer(Organization(now=lambda: now)) as server:
        server.inject(Fault("hang", path=path))
        environ = {"OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": server.url}
        async with Editor(environ=environ) as editor:
            await editor.run("openaiUsage.show")
            panel = await editor.panel(lambda panel: not panel["busy"] and panel["metrics"] and tables(panel))
            assert {row["cells"][0]["text"][:5] for row in tables(panel)["projects"]["rows"]} == {"proj_"}
            assert notices(panel) == []
            server.release()
            await editor.panel(has_names_and_changes)
