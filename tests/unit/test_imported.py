"""Saved usage in the place of the account's: what is shown, what stays, and what is left alone."""

import asyncio
import json
import os
import tracemalloc
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openai_usage import imported, pricing, schedule
from openai_usage.days import midnight
from openai_usage.monitor import CancelledError, Monitor
from openai_usage.protocol import PanelView, Selection, WindowState
from openai_usage.saved import NothingReadError
from openai_usage.settings import Settings
from tests.support.world import World

FIRST = date(2024, 3, 1)
NO_KEY: dict[str, str] = {}


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    # The clock is looked at all the time, instead of once a minute.
    monkeypatch.setattr(schedule, "_LONGEST_WAIT", timedelta(milliseconds=1))
    return World()


def use(day: date, tokens: int, model: str = "gpt-4-0613") -> str:
    row = {
        "organization_id": "org-made-up",
        "organization_name": "Made up",
        "aggregation_timestamp": midnight(day) + 300,
        "n_requests": 1,
        "operation": "completion",
        "snapshot_id": model,
        "n_context_tokens_total": tokens,
        "n_generated_tokens_total": 10,
        "user_id": "user-made-up",
        "api_key_id": None,
        "api_key_name": None,
        "api_key_redacted": None,
    }
    return json.dumps({"object": "list", "data": [row], "ft_data": [], "dalle_api_data": []})


def bill(*days: tuple[date, str, str]) -> str:
    costs = [
        f'{{"timestamp": {midnight(day)}.0, "line_items": [{{"name": "{name}", "cost": {cents}}}]}}'
        for day, name, cents in days
    ]
    return f'{{"object": "list", "daily_costs": [{", ".join(costs)}]}}'


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def newest(world: World) -> PanelView:
    return world.panels[-1]


def value(world: World, metric: str) -> str | None:
    return world.metric(metric).value


async def test_files_are_shown_with_every_digit_and_marked(world: World, tmp_path: Path) -> None:
    pricing.load()
    files = [
        put(tmp_path, "bill.json", bill((FIRST, "Chat models", "79.68185"), (FIRST, "GPT-4", "0.000000000000001"))),
        put(tmp_path, "use.json", use(FIRST, 1000)),
    ]
    async with world.monitor(environ=NO_KEY) as watched:
        assert await watched.import_files(files) is None
        panel = newest(world)
        assert panel.reveal
        assert panel.as_of is None
        assert panel.imported is not None
        assert (panel.imported.label, panel.imported.detail) == ("Imported", "From bill.json and use.json")
        assert value(world, "spend") == "0.79681850000000001"
        assert value(world, "tokens") == "1010"
        assert world.metric("estimated").text.startswith("≈ $")
        assert panel.subtitle == "Made up (org-made-up) · 1 Mar 2024, UTC"
        assert [row.cells[0].text for row in world.table("line-items").rows] == ["Chat models", "GPT-4"]
    assert world.asked == []


async def test_what_files_do_not_tell_is_absent(world: World, tmp_path: Path) -> None:
    async with world.monitor(environ=NO_KEY) as watched:
        await watched.import_files([put(tmp_path, "bill.json", bill((FIRST, "Chat models", "100")))])
        panel = newest(world)
        assert [one.id for one in panel.metrics] == ["spend"]
        assert [one.id for one in panel.sections] == ["overview", "line-items"]
        assert [one.id for one in panel.controls] == ["period"]
        watched.select(Selection(models=["gpt-4-0613"]))
        assert newest(world).metrics == []
        assert "spend-not-narrowed" in world.notices()


async def test_the_account_has_its_selection_back_and_its_status_stays(world: World, tmp_path: Path) -> None:
    async with world.panel() as watched:
        watched.select(Selection(period="7d", section="models", project_ids=[]))
        await world.is_quiet()
        before, status = newest(world), world.statuses[-1]
        await watched.import_files([put(tmp_path, "use.json", use(FIRST, 1000))])
        watched.select(Selection(period="90d", section="completions", measure="requests"))
        assert newest(world).imported is not None
        assert newest(world).selection.section == "completions"
        # What the account learns meanwhile does not take the files away.
        watched.refresh()
        await world.is_quiet()
        assert newest(world).imported is not None
        watched.close_import()
        after = newest(world)
        assert after.imported is None
        assert after.reveal
        assert after.selection == before.selection
        assert world.statuses[-1].text == status.text


async def test_nothing_is_fetched_for_a_panel_that_shows_files(world: World, tmp_path: Path) -> None:
    async with world.panel() as watched:
        await watched.import_files([put(tmp_path, "use.json", use(FIRST, 1000))])
        await world.is_quiet()
        asked = len(world.asked)
        watched.select(Selection(period="365d"))
        watched.attend(WindowState(is_active=True, is_panel_visible=True))
        await world.is_quiet()
        assert len(world.asked) == asked


async def test_a_click_goes_into_detail_and_back(world: World, tmp_path: Path) -> None:
    files = [put(tmp_path, "a.json", use(FIRST, 1000)), put(tmp_path, "b.json", use(FIRST, 7, "gpt-4o-2024-05-13"))]
    async with world.monitor(environ=NO_KEY) as watched:
        await watched.import_files(files)
        whole = value(world, "tokens")
        row = next(one for one in world.table("models").rows if one.cells[0].text == "gpt-4o-2024-05-13")
        assert row.select is not None
        watched.select(row.select)
        assert value(world, "tokens") == "17"
        back = newest(world).back
        assert back is not None
        watched.select(back)
        assert value(world, "tokens") == whole
        assert newest(world).back is None


async def test_an_export_is_of_what_is_shown(world: World, tmp_path: Path) -> None:
    async with world.monitor(environ=NO_KEY) as watched:
        await watched.import_files([put(tmp_path, "bill.json", bill((FIRST, "Chat models", "79.68185")))])
        target = tmp_path / "out.json"
        await watched.export(target, "json")
        assert [row["amount"] for row in json.loads(target.read_text())["costs"]] == ["0.7968185"]
        assert "Chat models" in (watched.table_as_markdown("line-items") or "")


async def test_what_could_not_be_read_is_said(world: World, tmp_path: Path) -> None:
    files = [put(tmp_path, "use.json", use(FIRST, 1000)), put(tmp_path, "notes.txt", "milk\nbread\n")]
    async with world.monitor(environ=NO_KEY) as watched:
        said = await watched.import_files(files)
        assert said is not None
        assert said.startswith("notes.txt is no known table")
        assert "import-problem" in world.notices()


async def test_where_nothing_is_understood_the_panel_stays(world: World, tmp_path: Path) -> None:
    async with world.monitor(environ=NO_KEY) as watched:
        watched.show()
        await world.is_quiet()
        count = len(world.panels)
        with pytest.raises(NothingReadError):
            await watched.import_files([put(tmp_path, "notes.txt", "milk")])
        with pytest.raises(FileNotFoundError):
            await watched.import_files([tmp_path / "nothing.json"])
        with pytest.raises(OSError, match="no file"):
            await watched.import_files([tmp_path])
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OSError, match="no file"):
            await watched.import_files([tmp_path / "pipe"])
        await world.is_quiet()
        assert len(world.panels) == count


async def test_amounts_are_of_the_unit_that_was_set(world: World, tmp_path: Path) -> None:
    async with world.monitor(Settings(legacy_unit="usd"), environ=NO_KEY) as watched:
        await watched.import_files([put(tmp_path, "bill.json", bill((FIRST, "Chat models", "79.68185")))])
        assert value(world, "spend") == "79.68185"


async def test_a_second_import_takes_the_place_of_the_first(world: World, tmp_path: Path) -> None:
    async with world.monitor(environ=NO_KEY) as watched:
        await watched.import_files([put(tmp_path, "a.json", bill((FIRST, "Chat models", "100")))])
        await watched.import_files([put(tmp_path, "b.json", bill((FIRST, "Chat models", "250")))])
        assert value(world, "spend") == "2.5"


async def test_bills_and_use_of_several_months_add_up(world: World, tmp_path: Path) -> None:
    days = [FIRST + timedelta(days=n) for n in range(70)]
    files = [put(tmp_path, f"use-{day}.json", use(day, n)) for n, day in enumerate(days)]
    files.append(
        put(tmp_path, "bill.json", bill(*((day, "Chat models", str(Decimal(n) / 7)) for n, day in enumerate(days))))
    )
    async with world.monitor(environ=NO_KEY) as watched:
        assert await watched.import_files(files) is None
        assert value(world, "tokens") == str(sum(range(70)) + 700)
        assert value(world, "requests") == "70"
        spend = Decimal(value(world, "spend") or "")
        assert abs(spend - Decimal(sum(range(70))) / 700) < Decimal("1e-20")
        assert world.metric("spend").detail == "1 Mar – 9 May 2024"


async def test_an_import_that_is_given_up_changes_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(*arguments: Any, **_: object) -> None:  # noqa: ANN401 - as it is called
        arguments[1].cancel()
        await asyncio.sleep(0)

    async with world.monitor(environ=NO_KEY) as watched:
        watched.show()
        await world.is_quiet()
        count = len(world.panels)
        monkeypatch.setattr(Monitor, "_wait_for", give_up)
        with pytest.raises(CancelledError):
            await watched.import_files([put(tmp_path, "a.json", use(FIRST, 1))])
        assert len(world.panels) == count


def test_files_are_not_all_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 2_000_000
    # Python takes as much memory as may be read.
    monkeypatch.setattr(imported, "LARGEST_FILE", 2 * size)
    files = [put(tmp_path, f"{n}.json", f'{{"total_usage": {n}}}{" " * size}') for n in range(20)]
    imported.read(files[:1], "cents")  # what is imported on the way does not count
    tracemalloc.start()
    try:
        found = imported.read(files, "cents")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.read) == len(files)
    assert peak < len(files) * size / 2
