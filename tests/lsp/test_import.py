"""Importing saved usage through the real process: files by their URIs, what is said of them, and the way back."""

import json
from datetime import date
from pathlib import Path

import pytest
from pygls.exceptions import JsonRpcException

from openai_usage.days import midnight
from tests.support.editor import Editor

DAY = date(2023, 5, 1)


def bill(cents: str) -> str:
    return (
        f'{{"object": "list", "daily_costs": [{{"timestamp": {midnight(DAY)}.0, "line_items": '
        f'[{{"name": "Chat models", "cost": {cents}}}]}}], "total_usage": {cents}}}'
    )


def put(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return path.as_uri()


async def test_files_are_shown_until_they_are_closed(tmp_path: Path) -> None:
    async with Editor() as editor:
        await editor.status()
        assert (
            await editor.run("openaiUsage.import", {"uris": [put(tmp_path, "May bill.json", bill("79.68185"))]}) is None
        )
        panel = await editor.panel(lambda panel: panel.get("imported"))
        assert panel["imported"]["detail"] == "From May bill.json"
        assert panel["reveal"]
        (spend,) = (one for one in panel["metrics"] if one["id"] == "spend")
        assert spend["value"] == "0.7968185"
        assert editor.statuses[-1]["text"] == "$(key) Set OpenAI admin key"
        count = len(editor.panels)
        await editor.run("openaiUsage.closeImport")
        panel = await editor.panel(after=count)
        assert panel.get("imported") is None
        assert panel["metrics"] == []


async def test_the_sample_organisation_stays_beside_an_import(tmp_path: Path) -> None:
    async with Editor("--demo") as editor:
        await editor.run("openaiUsage.show")
        before = await editor.panel(lambda panel: panel["metrics"] and not panel["busy"])
        await editor.run("openaiUsage.import", {"uris": [put(tmp_path, "bill.json", bill("100"))]})
        panel = await editor.panel(lambda panel: panel.get("imported"))
        assert not panel["sample"]
        await editor.run("openaiUsage.select", {"period": "90d"})
        count = len(editor.panels)
        await editor.run("openaiUsage.closeImport")
        panel = await editor.panel(after=count)
        assert panel["sample"]
        assert panel["selection"] == before["selection"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("notes.txt", "milk and bread", "notes.txt"),
        ("empty.json", "", "empty.json"),
        ("other.json", json.dumps({"shopping": ["milk"]}), "other.json"),
        ("deep.json", "[" * 100_000, "deep.json"),
        ("refused.json", json.dumps({"error": {"message": "no", "type": "x"}}), "refused.json"),
    ],
)
async def test_a_file_that_is_none_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    async with Editor() as editor:
        await editor.status()
        with pytest.raises(JsonRpcException, match="Nothing was imported") as refusal:
            await editor.run("openaiUsage.import", {"uris": [put(tmp_path, name, text)]})
        assert said in str(refusal.value)
        assert str(tmp_path) not in str(refusal.value)
        assert not any(panel.get("imported") for panel in editor.panels)


@pytest.mark.parametrize(
    "argument",
    [
        None,
        {},
        {"uris": []},
        {"uris": [5]},
        {"uris": ["https://example.com/a.json"]},
        {"uris": ["file:a.json"]},
        "a.json",
    ],
)
async def test_an_argument_that_names_no_file_is_refused(argument: object) -> None:
    async with Editor() as editor:
        await editor.status()
        with pytest.raises(JsonRpcException):
            await editor.run("openaiUsage.import", argument)


async def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    async with Editor() as editor:
        await editor.status()
        with pytest.raises(JsonRpcException, match=r"gone\.json could not be read: No such file"):
            await editor.run("openaiUsage.import", {"uris": [(tmp_path / "gone.json").as_uri()]})


async def test_a_name_is_no_link(tmp_path: Path) -> None:
    name = "[click me](command:workbench.action.quit)\x1b.json"
    async with Editor() as editor:
        await editor.status()
        for uri in (put(tmp_path, name, "{"), (tmp_path / f"{name} gone").as_uri()):
            with pytest.raises(JsonRpcException, match=r"\(click me\)\(command") as refusal:
                await editor.run("openaiUsage.import", {"uris": [uri]})
            assert "[click" not in str(refusal.value)
            assert "\x1b" not in str(refusal.value)
        bad = [put(tmp_path, f"{n}{name}", "{") for n in range(9)]
        message = await editor.run("openaiUsage.import", {"uris": [*bad, put(tmp_path, f"ok{name}", bill("100"))]})
        panel = await editor.panel(lambda panel: panel.get("imported"))
        for text in (message, panel["imported"]["detail"], *(notice["text"] for notice in panel["notices"])):
            assert "[click" not in text
            assert "\x1b" not in text
