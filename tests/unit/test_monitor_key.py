"""The key of the workspace, from its file to its figures: what is asked for it, when, and never twice."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from openai_usage import pricing, schedule
from openai_usage.demo.roster import ApiKey
from openai_usage.monitor import Monitor
from openai_usage.protocol import CHOOSE_KEY, Notice, Selection, WindowState
from openai_usage.settings import KeyId, KeySource, Settings
from openai_usage.workspace import Workspace
from tests.support.slow_disk import SlowDisk
from tests.support.world import FIRST, ORGANIZATIONS, Question, World, is_of_names

DEMO = ORGANIZATIONS[""]
KEYS = {key.name: key for one in DEMO.projects for key in DEMO.roster.keys(DEMO.clock(), one.id)}
WEBSITE, AGENT, NIGHTLY = (KEYS[name] for name in ("Website chat", "Ticket agent", "Nightly batch"))
SHORT = KEYS["Dictation"]
"""Of which OpenAI shows no length."""
UNKNOWN = "sk-proj-" + "x" * 156
BILL, USE = "costs by api_key_id+line_item", "completions"
ON_COMMAND = Settings(refresh_minutes=0)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    # The clock is looked at all the time, instead of once a minute.
    monkeypatch.setattr(schedule, "_LONGEST_WAIT", timedelta(milliseconds=1))
    return World()


def put(folder: Path, key: ApiKey | str) -> None:
    """Write it where the workspace keeps its key."""
    secret = key if isinstance(key, str) else key.secret
    (folder / ".env").write_text(f"OPENAI_API_KEY={secret}\n")


@asynccontextmanager
async def working(
    world: World,
    *folders: Path,
    settings: Settings | None = None,
    environ: Mapping[str, str] | None = None,
    prices: bool = False,
) -> AsyncIterator[Monitor]:
    workspace = Workspace(environ or {})
    workspace.work_in(folders, None)
    load = pricing.load if prices else None
    async with world.monitor(settings, workspace=workspace, load_prices=load) as watched:
        yield watched


async def after(world: World, minutes: float) -> None:
    world.now += timedelta(minutes=minutes)
    await world.is_quiet()


def is_of_key(question: Question, key: ApiKey) -> bool:
    return question.url.endswith(f"api_key_ids%5B%5D={key.id}")


def asked_of(asked: list[Question], key: ApiKey) -> list[str]:
    return [repr(one) for one in asked if is_of_key(one, key)]


def named(asked: list[Question]) -> list[str]:
    """The paths of the lists of names that were asked for."""
    return [one.path for one in asked if is_of_names(one)]


def key_notice(world: World) -> Notice | None:
    return next((one for one in world.panels[-1].notices if one.id == "workspace-key"), None)


def text(world: World) -> str:
    return world.statuses[-1].text


def tooltip(world: World) -> str:
    """As it reads."""
    return world.statuses[-1].tooltip.replace("\\", "")


MONTH, TODAY = "2026-11-01..2026-11-20", "2026-11-20..2026-11-20"
OF_KEY = [f"{BILL} {MONTH}", f"{USE} {TODAY}"]


# From the file to the figures.


async def test_a_key_is_found_matched_and_its_bill_and_today_s_use_are_asked(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    async with working(world, tmp_path):
        await world.is_quiet()
    projects = [one.id for one in DEMO.projects]
    active = [one.id for one in DEMO.projects if one.archived_at is None]
    assert [repr(one) for one in world.asked[:2]] == [f"{name} {MONTH}" for name in FIRST], "the figures of all first"
    assert sorted(named(world.asked)) == sorted(
        ["projects", "users", *(f"projects/{one}/api_keys" for one in projects)]
        + [f"projects/{one}/service_accounts" for one in active]
    )
    assert asked_of(world.asked, WEBSITE) == OF_KEY
    assert len(world.asked) == len(FIRST) + len(named(world.asked)) + len(OF_KEY), "and nothing else"
    assert len({one.url for one in world.asked}) == len(world.asked), "and nothing twice"
    assert text(world).startswith("$(key) $")
    assert "This workspace: Website chat" in tooltip(world)
    assert "Project Support assistant · Owner website-backend · sk-proj-…" not in tooltip(world)
    assert f"Project Support assistant · Owner website-backend · {WEBSITE.secret[:8]}…" in tooltip(world)


@pytest.mark.parametrize("key", [*KEYS.values()], ids=lambda key: key.name)
async def test_each_key_of_the_organisation_is_found(world: World, key: ApiKey) -> None:
    async with working(world, environ={"OPENAI_API_KEY": key.secret}):
        await world.is_quiet()
    assert asked_of(world.asked, key) == OF_KEY
    assert text(world).startswith("$(key) $")
    assert "in the environment" in tooltip(world)


async def test_an_id_waits_for_no_names(world: World) -> None:
    async with working(world, settings=Settings(workspace_key=KeyId(WEBSITE.id))):
        await world.is_quiet()
    paths = [one.path for one in world.asked]
    assert paths.index("costs") < paths.index("projects")
    assert asked_of(world.asked, WEBSITE) == OF_KEY
    assert text(world).startswith("$(key) $")


async def test_an_id_is_not_called_unknown_before_the_keys_are_read(world: World) -> None:
    world.hold(lambda one: one.path.endswith("/api_keys"))
    async with working(world, settings=Settings(workspace_key=KeyId(WEBSITE.id))) as watched:
        watched.show()
        await world.until(lambda: len([one for one in world.asked if one.path.endswith("/api_keys")]) > 3)
        watched.on_files()
        await world.has_looked_at_the_clock()
        world.let_go()
        await world.is_quiet()
        panel = world.panels[-1]
        assert panel.workspace is not None
        assert panel.workspace.text == "Website chat"
        watched.configure(Settings(workspace_key=KeyId("key_unknown")))
        await world.is_quiet()
        assert "No API key of this organisation has the id key_unknown" in tooltip(world)
    said = [one.tooltip for one in world.statuses] + [note.text for one in world.panels for note in one.notices]
    assert not [one for one in said if f"has the id {WEBSITE.id}" in one.replace("\\", "")]
    assert not [one for one in said if "no longer listed" in one and "unknown" not in one]


async def test_off_asks_and_shows_nothing_of_a_key(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    async with working(world, tmp_path, settings=Settings(workspace_key="off")) as watched:
        await world.is_quiet()
        assert len(world.asked) == len(FIRST)
        assert text(world).startswith("$(graph) $")
        watched.configure(Settings())
        await world.is_quiet()
        assert asked_of(world.asked, WEBSITE) == OF_KEY
        assert text(world).startswith("$(key) $")
        watched.configure(Settings(workspace_key="off"))
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")
        assert "workspace" not in tooltip(world)


async def test_what_moves_is_read_again_when_it_is_time(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    async with working(world, tmp_path):
        await world.is_quiet()
        count = len(world.asked)
        await after(world, 5)
        assert named(world.asked[count:]) == []
        again = asked_of(world.asked[count:], WEBSITE)
        assert sorted(again) == [f"{USE} {TODAY}", f"{BILL} 2026-11-17..2026-11-20"]
        assert len({one.url for one in world.asked[count:]}) == len(world.asked) - count


# What is remembered.


@pytest.mark.parametrize("is_kept", [True, False], ids=["same store", "same process"])
async def test_a_match_is_remembered_and_no_names_are_asked_for_again(
    world: World, tmp_path: Path, is_kept: bool
) -> None:
    folder = tmp_path / "ws"
    folder.mkdir()
    put(folder, WEBSITE)
    world.folder = tmp_path / "data"
    async with working(world, folder):
        await world.is_quiet()
    count = len(world.asked)
    if is_kept:
        world.now += timedelta(days=3)
    async with working(world, folder):
        await world.is_quiet()
    assert named(world.asked[count:]) == []
    assert text(world).startswith("$(key) $")


class Listed:
    """Changes the lists of keys: without some, or with some besides."""

    def __init__(self, world: World) -> None:
        self.without: set[str] = set()
        self.besides: list[tuple[str, dict[str, Any]]] = []
        world.edits = self._edit

    def add(self, like: ApiKey, key_id: str, name: str, secret: str | None = None) -> None:
        """A key of that redacted form, in the same project."""
        redacted = like.redacted if secret is None else f"{secret[:8]}...{secret[-4:]}"
        owner = {"type": "service_account", "service_account": {"id": "user-x", "name": "Robot", "created_at": 1,
                                                                "role": "member"}}  # fmt: skip
        said = {"object": "organization.project.api_key", "id": key_id, "name": name, "redacted_value": redacted,
                "created_at": 1, "last_used_at": None, "expires_at": None, "owner_project_access": "active",
                "owner": owner}  # fmt: skip
        self.besides.append((f"projects/{like.project_id}/api_keys", said))

    def _edit(self, path: str, said: dict[str, Any]) -> None:
        if path.endswith("/api_keys"):
            kept = [one for one in said["data"] if one["id"] not in self.without]
            said["data"] = kept + [one for place, one in self.besides if place == path]
            ids = [one["id"] for one in said["data"]]
            said["first_id"], said["last_id"] = (ids[0], ids[-1]) if ids else (None, None)


@pytest.fixture
def listed(world: World) -> Listed:
    return Listed(world)


async def test_a_key_that_is_deleted_later_keeps_its_id(world: World, tmp_path: Path, listed: Listed) -> None:
    put(tmp_path, WEBSITE)
    async with working(world, tmp_path) as watched:
        await world.is_quiet()
        listed.without.add(WEBSITE.id)
        watched.show()
        watched.refresh()
        await world.is_quiet()
        assert world.panels[-1].workspace is not None
        assert world.panels[-1].workspace.text == WEBSITE.id, "nobody tells its name any more"
        assert world.panels[-1].workspace.detail.startswith("no longer listed · ")
        assert text(world).startswith("$(key) $")
        assert key_notice(world) is None


async def test_another_key_in_the_file_is_another_key(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    async with working(world, tmp_path) as watched:
        await world.is_quiet()
        of_website, count = text(world), len(world.asked)
        put(tmp_path, AGENT)
        watched.on_files()
        await world.is_quiet()
        assert [repr(one) for one in world.asked[count:]] == OF_KEY
        assert asked_of(world.asked[count:], AGENT) == OF_KEY
        assert "Ticket agent" in tooltip(world)
        of_agent, count = text(world), len(world.asked)
        assert of_agent != of_website
        put(tmp_path, WEBSITE)
        watched.on_files()
        await world.is_quiet()
        assert text(world) == of_website, "what is known of it is still known"
        assert world.asked[count:] == []
        (tmp_path / ".env").unlink()
        watched.on_files()
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")


async def test_the_names_are_read_again_for_a_key_that_is_new(world: World, tmp_path: Path, listed: Listed) -> None:
    put(tmp_path, WEBSITE)
    listed.without.add(AGENT.id)
    async with working(world, tmp_path) as watched:
        await world.is_quiet()
        await after(world, 2)
        count = len(world.asked)
        listed.without.clear()
        put(tmp_path, AGENT)
        watched.on_files()
        await world.is_quiet()
        assert named(world.asked[count:]).count("projects") == 1
        assert "Ticket agent" in tooltip(world)


async def test_a_key_that_was_made_just_after_the_names_were_read_is_found_later(
    world: World, tmp_path: Path, listed: Listed
) -> None:
    put(tmp_path, WEBSITE)
    listed.without.add(AGENT.id)
    async with working(world, tmp_path) as watched:
        await world.is_quiet()
        world.now += timedelta(seconds=20)
        listed.without.clear()
        put(tmp_path, AGENT)
        watched.on_files()
        await world.is_quiet()
        await after(world, 5)
        assert "Ticket agent" in tooltip(world)


async def test_names_that_could_not_be_read_are_asked_for_again_for_the_key(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    world.answers = [(is_of_names, 500, "oh")]
    async with working(world, tmp_path):
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")
        world.answers = []
        await after(world, 5)
        assert text(world).startswith("$(key) $")


async def test_names_that_are_refused_are_asked_for_once(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    world.answers = [(is_of_names, 403, "Missing scopes: api.management.read.")]
    async with working(world, tmp_path):
        await world.is_quiet()
        count = len(named(world.asked))
        for _ in range(3):
            await after(world, 6)
        assert len(named(world.asked)) == count
        assert text(world).startswith("$(graph) $")


# None of the organisation's.


async def test_for_a_key_that_is_none_of_them_names_are_read_once(world: World, tmp_path: Path) -> None:
    put(tmp_path, UNKNOWN)
    async with working(world, tmp_path) as watched:
        await world.is_quiet()
        assert named(world.asked).count("projects") == 1
        assert "is none of the 13 API keys" in tooltip(world)
        for minutes in (1, 6, 6, 31, 61):
            watched.on_files()
            watched.work_in([tmp_path], tmp_path)
            await after(world, minutes)
        assert named(world.asked).count("projects") == 1
        watched.show()
        await world.is_quiet()
        notice = key_notice(world)
        assert notice is not None
        assert notice.severity == "info"
        assert "is none of the 13 API keys" in notice.text


async def test_nothing_is_said_of_keys_before_they_are_read(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    world.hold(lambda one: one.path.endswith("/api_keys"))
    async with working(world, tmp_path) as watched:
        watched.show()
        await world.until(lambda: len([one for one in world.asked if one.path.endswith("/api_keys")]) > 3)
        # Somebody looks while the names are on their way.
        watched.on_files()
        watched.work_in([tmp_path], tmp_path)
        await world.has_looked_at_the_clock()
        world.let_go()
        await world.is_quiet()
    assert not [one for one in world.statuses if "is none of" in one.tooltip]
    assert not [notice for one in world.panels for notice in one.notices if "is none of" in notice.text]


async def test_that_a_new_key_is_none_is_not_said_before_the_names_were_read_again(
    world: World, tmp_path: Path, listed: Listed
) -> None:
    put(tmp_path, WEBSITE)
    listed.without.add(AGENT.id)
    async with working(world, tmp_path) as watched:
        await world.is_quiet()
        await after(world, 2)
        listed.without.clear()
        world.hold(is_of_names)
        put(tmp_path, AGENT)
        watched.on_files()
        await world.is_quiet(hanging=2)
        assert text(world).startswith("$(graph) $")
        world.let_go()
        await world.is_quiet()
        assert text(world).startswith("$(key) $")
    assert not [one for one in world.statuses if "is none of" in one.tooltip]


# Several that it may be.

TWIN = f"{SHORT.secret[:8]}{'t' * 90}{SHORT.secret[-4:]}"
"""Longer, but of a key in the short form no length is told."""


async def test_one_of_several_is_chosen_by_the_user(world: World, tmp_path: Path, listed: Listed) -> None:
    listed.add(SHORT, "key_twin", "Twin")
    put(tmp_path, TWIN)
    world.folder = tmp_path / "data"
    async with working(world, tmp_path) as watched:
        watched.show()
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")
        notice = key_notice(world)
        assert notice is not None
        assert notice.severity == "warning"
        assert "may be any of 2 API keys" in notice.text
        assert notice.more is not None
        assert [(one.command, one.arguments) for one in notice.more] == [
            (CHOOSE_KEY, [SHORT.id]),
            (CHOOSE_KEY, ["key_twin"]),
        ]
        assert not [one for one in world.asked if "api_key_ids" in one.url], "of none of them anything is asked"

        count = len(world.asked)
        watched.choose_key(SHORT.id)
        await world.is_quiet()
        # The panel shows the use of all keys, so that nothing but the bill is asked.
        assert asked_of(world.asked[count:], SHORT) == OF_KEY[:1]
        assert text(world).startswith("$(key) $")
        notice = key_notice(world)
        assert notice is not None
        assert "another API key looks the same from outside" in notice.text
        assert (notice.command and notice.command.command, notice.command and notice.command.arguments) == (
            CHOOSE_KEY,
            [None],
        )

    # It is remembered.
    async with working(world, tmp_path) as watched:
        await world.is_quiet()
        assert text(world).startswith("$(key) $")
        watched.show()
        await world.is_quiet()
        watched.choose_key(None)
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")
        notice = key_notice(world)
        assert notice is not None
        assert "may be any of 2" in notice.text


@pytest.mark.parametrize("key_id", ["key_of_somebody", "", AGENT.id])
async def test_what_is_none_of_them_cannot_be_chosen(world: World, tmp_path: Path, listed: Listed, key_id: str) -> None:
    listed.add(SHORT, "key_twin", "Twin")
    put(tmp_path, TWIN)
    async with working(world, tmp_path) as watched:
        watched.choose_key(SHORT.id)
        await world.is_quiet()
        watched.choose_key(key_id)
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")


async def test_without_a_key_there_is_nothing_to_choose(world: World) -> None:
    async with working(world) as watched:
        for key_id in (None, WEBSITE.id):
            watched.choose_key(key_id)
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")


async def test_a_choice_can_be_taken_back_when_the_chosen_one_is_gone(
    world: World, tmp_path: Path, listed: Listed
) -> None:
    """It may have been the other one all the time."""
    listed.add(SHORT, "key_twin", "Twin")
    put(tmp_path, TWIN)
    async with working(world, tmp_path) as watched:
        watched.show()
        await world.is_quiet()
        watched.choose_key("key_twin")
        await world.is_quiet()
        listed.besides.clear()
        watched.refresh()
        await world.is_quiet()
        notice = key_notice(world)
        assert notice is not None
        assert notice.command is not None
        assert (notice.command.command, notice.command.arguments) == (CHOOSE_KEY, [None])
        watched.choose_key(None)
        await world.is_quiet()
        assert "Dictation" in tooltip(world)


# Several folders.


async def test_each_folder_has_its_own_key(world: World, tmp_path: Path) -> None:
    one, other, none = (tmp_path / name for name in ("one", "other", "none"))
    for folder in (one, other, none):
        folder.mkdir()
    put(one, WEBSITE)
    put(other, NIGHTLY)
    folders = [one, other, none]
    async with working(world, *folders) as watched:
        await world.is_quiet()
        assert "Website chat" in tooltip(world)
        count = len(world.asked)
        watched.work_in(folders, other)
        await world.is_quiet()
        assert "Nightly batch" in tooltip(world)
        assert [repr(one) for one in world.asked[count:]] == OF_KEY
        watched.work_in(folders, none)
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")
        watched.work_in(folders, one)
        assert "Website chat" in tooltip(world), "at once"
        watched.work_in([none, other], None)
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")
        watched.work_in([other], None)
        await world.is_quiet()
        assert "Nightly batch" in tooltip(world)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    slow = SlowDisk(monkeypatch)
    yield slow
    slow.let_go()


async def test_a_key_on_a_slow_disk_keeps_no_figures_waiting_and_is_looked_up_when_it_is_there(
    world: World, tmp_path: Path, disk: SlowDisk
) -> None:
    folder = tmp_path / "slow"
    folder.mkdir()
    put(folder, WEBSITE)
    disk.slow.add("slow")
    async with working(world, folder):
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")
        disk.let_go()
        await world.until(lambda: text(world).startswith("$(key) $"))
        await world.is_quiet()
    assert asked_of(world.asked, WEBSITE) == OF_KEY


# On command only.


@pytest.mark.parametrize("source", ["auto", KeyId(WEBSITE.id)])
async def test_without_a_command_nothing_is_asked(world: World, tmp_path: Path, source: KeySource) -> None:
    put(tmp_path, WEBSITE)
    settings = Settings(refresh_minutes=0, workspace_key=source)
    async with working(world, tmp_path, settings=settings) as watched:
        await world.is_quiet()
        watched.on_files()
        watched.work_in([tmp_path], tmp_path)
        await after(world, 90)
        watched.on_files()
        await world.is_quiet()
        assert world.asked == []

        watched.refresh()
        await world.is_quiet()
        asked = len(world.asked)
        put(tmp_path, AGENT)
        watched.on_files()
        watched.work_in([], None)
        watched.work_in([tmp_path], tmp_path)
        await after(world, 90)
        assert world.asked[asked:] == []


async def test_a_command_asks_for_the_key_and_its_figures_too(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    async with working(world, tmp_path, settings=ON_COMMAND) as watched:
        await world.is_quiet()
        watched.refresh()
        await world.is_quiet()
        assert text(world).startswith("$(key) $")
        assert asked_of(world.asked, WEBSITE) == OF_KEY


async def test_opening_the_panel_asks_for_the_key_and_its_figures_too(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    async with working(world, tmp_path, settings=ON_COMMAND) as watched:
        watched.show()
        await world.is_quiet()
        assert text(world).startswith("$(key) $")


# Where OpenAI does not tell what a key cost.


def is_bill_of_key(question: Question) -> bool:
    return question.path == "costs" and "api_key_ids" in question.url


@pytest.mark.parametrize("is_matched_at_once", [True, False], ids=["an id", "a key"])
async def test_estimates_stand_in_for_a_bill_that_is_refused(
    world: World, tmp_path: Path, is_matched_at_once: bool
) -> None:
    pricing.load()
    put(tmp_path, WEBSITE)
    world.answers = [(is_bill_of_key, 400, "costs cannot be filtered by api_key_ids")]
    settings = Settings(workspace_key=KeyId(WEBSITE.id)) if is_matched_at_once else None
    async with working(world, tmp_path, settings=settings, prices=True):
        await world.is_quiet()
        assert text(world).startswith("$(key) ≈ $")
        today, month, _ = text(world).removeprefix("$(key) ").split(" · ")
        assert today.startswith("≈ $")
        assert today.endswith(" today")
        assert month.startswith("≈ $")
        assert month.endswith(" this month")
        assert " · all $" in text(world)
        assert "OpenAI does not tell what was billed for this key" in tooltip(world)
        assert world.statuses[-1].accessible_label.count("estimated $") == 2
        bills = [one for one in world.asked if is_bill_of_key(one)]
        assert len(bills) == 1
        # A refusal is not asked for over and over.
        for _ in range(3):
            await after(world, 2.5)
        assert len([one for one in world.asked if is_bill_of_key(one)]) == 1


async def test_a_bill_that_is_told_after_all_takes_the_place_of_the_estimates(world: World, tmp_path: Path) -> None:
    pricing.load()
    put(tmp_path, WEBSITE)
    world.answers = [(is_bill_of_key, 400, "no")]
    async with working(world, tmp_path, prices=True) as watched:
        await world.is_quiet()
        world.answers = []
        watched.refresh()
        await world.is_quiet()
        assert text(world).startswith("$(key) $")
        assert "≈" not in text(world)


async def test_a_refusal_for_older_days_does_not_keep_the_newest_from_being_read(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    world.answers = [(lambda one: is_bill_of_key(one) and one.first.month < 11, 400, "too long ago")]
    async with working(world, tmp_path) as watched:
        await world.is_quiet()
        watched.select(Selection(period="90d", api_key_ids=[WEBSITE.id]))
        await world.is_quiet()
        assert "split" in world.notices()
        watched.attend(WindowState(is_active=True, is_panel_visible=False))
        world.now += timedelta(days=1)
        await world.is_quiet()
        assert text(world).startswith("$(key) $")
        count = len(world.asked)
        await after(world, 6)
        assert f"{BILL} 2026-11-18..2026-11-21" in asked_of(world.asked[count:], WEBSITE)


async def test_without_prices_and_without_a_bill_the_organisation_s_spend_is_shown(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pricing, "is_loaded", lambda: False)
    put(tmp_path, WEBSITE)
    world.answers = [(is_bill_of_key, 400, "no")]
    async with working(world, tmp_path):
        await world.is_quiet()
        assert text(world).startswith("$(graph) $")
        assert "≈" not in tooltip(world)


async def test_prices_that_cannot_be_loaded_are_no_failure(world: World, tmp_path: Path) -> None:
    def broken() -> None:
        raise ImportError("genai_prices")

    put(tmp_path, WEBSITE)
    workspace = Workspace({})
    workspace.work_in([tmp_path], None)
    async with world.monitor(workspace=workspace, load_prices=broken):
        await world.is_quiet()
        assert text(world).startswith("$(key) $")
        assert world.statuses[-1].severity == "ok"


# A key that cannot read usage, where nothing else is to be tried.

NO_LEGACY = Settings(source="organization")


@pytest.mark.parametrize("prefix", ["sk-proj-", "sk-svcacct-", "sk-"])
async def test_whose_an_unfit_key_is_is_asked_once(world: World, prefix: str) -> None:
    key = prefix + "x" * 60
    async with world.monitor(NO_LEGACY, environ={"OPENAI_ADMIN_KEY": key}) as watched:
        await world.is_quiet()
        assert [one.url for one in world.asked] == ["https://api.openai.com/v1/models"]
        assert "of the organisation northwind-labs" in tooltip(world)
        watched.refresh()
        watched.show()
        await after(world, 90)
        assert len(world.asked) == 1
        (notice,) = world.panels[-1].notices
        assert "of the organisation northwind-labs" in notice.text
        assert [one.command for one in notice.more or ()] == ["openaiUsage.openKeysPage"]
    said = repr(world.statuses) + repr(world.panels)
    assert key not in said


@pytest.mark.parametrize("status", [401, 429, 500, 200])
async def test_an_answer_that_does_not_tell_whose_it_is_changes_nothing(world: World, status: int) -> None:
    world.answers = [(lambda _: True, status, "no")]
    async with world.monitor(NO_LEGACY, environ={"OPENAI_ADMIN_KEY": "sk-proj-" + "x" * 60}):
        await world.is_quiet()
        assert "This is a project key (sk-proj-…)." in tooltip(world)
        assert "of the organisation northwind" not in tooltip(world)


async def test_a_key_of_other_programs_is_never_sent(world: World) -> None:
    key = "sk-proj-" + "x" * 60
    async with world.monitor(environ={"OPENAI_API_KEY": key}, workspace=Workspace({"OPENAI_API_KEY": key})) as watched:
        await world.is_quiet()
        watched.refresh()
        watched.show()
        await world.is_quiet()
        assert world.asked == []
        assert "OPENAI_API_KEY holds a project key" in tooltip(world)


async def test_on_command_only_nobody_asks_whose_a_key_is_before_a_command(world: World) -> None:
    settings = Settings(refresh_minutes=0, source="organization")
    async with world.monitor(settings, environ={"OPENAI_ADMIN_KEY": "sk-proj-" + "x" * 60}) as watched:
        await after(world, 90)
        assert world.asked == []
        watched.refresh()
        await world.is_quiet()
        assert len(world.asked) == 1


async def test_a_question_whose_it_is_leaves_no_connection_when_it_is_given_up(world: World) -> None:
    world.hold()
    async with world.monitor(NO_LEGACY, environ={"OPENAI_ADMIN_KEY": "sk-proj-" + "x" * 60}):
        await world.until(lambda: world.in_flight == 1)
        assert world.statuses, "the explanation waits for nothing"
    assert world.closed == 1


async def test_the_missing_permission_names_the_organisation(world: World) -> None:
    """An admin key without it; OpenAI says whose it is with the refusal."""
    world.headers = {"openai-organization": "northwind-labs"}
    world.answers = [(lambda _: True, 403, "You have insufficient permissions. Missing scopes: api.usage.read.")]
    async with world.monitor() as watched:
        watched.show()
        await world.is_quiet()
        assert "This key of the organisation northwind-labs lacks the permission api.usage.read (403)." in tooltip(
            world
        )
        notice = next(one for one in world.panels[-1].notices if one.id == "problem")
        assert [one.command for one in notice.more or ()] == ["openaiUsage.openKeysPage"]


# In the panel.


async def test_the_panel_narrows_to_the_key_and_back(world: World, tmp_path: Path) -> None:
    put(tmp_path, WEBSITE)
    async with working(world, tmp_path) as watched:
        watched.show()
        await world.is_quiet()
        key = world.panels[-1].workspace
        assert key is not None
        assert (key.text, key.is_selected) == ("Website chat", False)
        before = world.metric("spend").value
        watched.select(Selection(user_ids=["user-nobody"]))
        watched.select(key.select)
        await world.is_quiet()
        narrowed = world.panels[-1]
        assert narrowed.workspace is not None
        assert narrowed.workspace.is_selected
        assert [(one.label, one.text) for one in narrowed.filters] == [("API key", "Website chat")]
        assert world.metric("spend").value != before
        assert text(world).split(" · ")[1].startswith(world.metric("month").text)
        watched.select(narrowed.workspace.select)
        await world.is_quiet()
        assert world.metric("spend").value == before
        assert world.panels[-1].filters == []
