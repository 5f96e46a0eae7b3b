"""Several windows on one folder: real processes, with the demo organisation behind real HTTP on loopback."""

from pathlib import Path

import pytest

from openai_usage.demo import Organization
from openai_usage.demo.api import Api
from tests.support.demo_server import DemoServer, Fault
from tests.support.editor import Editor, View, metric, now_with_some_time_left

KEY = "sk-admin-" + "k" * 40
OTHER_KEY = "sk-admin-" + "o" * 40
FIRST = 2
"""What the status bar asks: the bill, and the same by project and line item."""


def change_everything(server: DemoServer, seed: int = 2) -> None:
    """Other numbers from now on, and nothing was asked yet."""
    now = now_with_some_time_left()
    server.api = Api(Organization(now=lambda: now, seed=seed), "number")
    server.reset()


def window(server: DemoServer, folder: Path, key: str = KEY) -> Editor:
    return Editor(environ={"OPENAI_ADMIN_KEY": key, "OPENAI_BASE_URL": server.url}, folder=folder)


def is_at_rest(status: View) -> bool:
    return not status["busy"] and "today" in status["text"]


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("usage-*")]


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() + path.name.encode() for path in folder.iterdir())


def spoil(folder: Path) -> None:
    [path] = folder.glob("usage-*.sqlite3")
    with path.open("r+b") as file:
        file.write(b"This is no database, whatever its name is.")


@pytest.mark.parametrize("is_first_one_open", [True, False])
async def test_the_next_window_shows_the_last_value_and_asks_nothing(
    server: DemoServer, tmp_path: Path, is_first_one_open: bool
) -> None:
    one = window(server, tmp_path)
    async with one:
        last = await one.status(is_at_rest)
        if is_first_one_open:
            await shows_it_and_asks_nothing(server, tmp_path, last)
    if not is_first_one_open:
        await shows_it_and_asks_nothing(server, tmp_path, last)


async def shows_it_and_asks_nothing(server: DemoServer, folder: Path, last: View) -> None:
    change_everything(server)
    server.inject(Fault("hang", times=None))
    async with window(server, folder) as other:
        first = await other.status()
        assert first["text"] == last["text"]
        assert first["severity"] == "ok"
        assert server.requests == ()
        # The API hangs: what is known stays.
        await other.run("openaiUsage.refresh")
        busy = await other.status(lambda status: status["busy"])
        assert last["text"].split(" ", 1)[1] in busy["text"]
        await other.until(lambda: len(server.requests) == FIRST)
        server.reset()
        await other.status(lambda status: is_at_rest(status) and status["text"] != last["text"])
        # That was the only question.
        assert len(server.requests) == 0


async def test_a_command_in_one_window_is_one_fetch_and_news_for_all(server: DemoServer, tmp_path: Path) -> None:
    async with window(server, tmp_path) as one, window(server, tmp_path) as other, window(server, tmp_path) as third:
        last = await one.status(is_at_rest)
        for each in (other, third):
            assert (await each.status(is_at_rest))["text"] == last["text"]
        assert len(server.requests) == FIRST
        change_everything(server)
        await one.run("openaiUsage.refresh")
        news = await one.status(lambda status: is_at_rest(status) and status["text"] != last["text"])
        for each in (other, third):
            await each.status(lambda status: status["text"] == news["text"])
        assert len(server.requests) == FIRST


async def test_a_panel_that_one_window_reads_is_there_for_the_next(server: DemoServer, tmp_path: Path) -> None:
    async with window(server, tmp_path) as one, window(server, tmp_path) as other:
        await one.run("openaiUsage.show")
        panel = await one.panel(lambda panel: not panel["busy"] and panel["metrics"])
        await other.status(is_at_rest)
        await one.until(lambda: any("spend" in request.path for request in server.requests))
        await one.until(lambda: any(request.path.endswith("/users") for request in server.requests))
        server.reset()
        server.inject(Fault("hang", path="organization/costs", times=None), Fault("hang", path="usage/", times=None))
        await other.run("openaiUsage.show")
        there = await other.panel(lambda panel: panel["metrics"])
        assert metric(there, "spend")["value"] == metric(panel, "spend")["value"]
        assert metric(there, "tokens")["value"] == metric(panel, "tokens")["value"]


async def test_when_the_one_that_asks_is_killed_another_one_goes_on(server: DemoServer, tmp_path: Path) -> None:
    async with window(server, tmp_path) as one, window(server, tmp_path) as other:
        last = await one.status(is_at_rest)
        await other.status(is_at_rest)
        change_everything(server)
        server.inject(Fault("hang", times=None))
        await one.run("openaiUsage.refresh")
        await one.until(lambda: len(server.requests) == FIRST)
        count = len(other.statuses)
        await other.run("openaiUsage.refresh")
        await other.status(lambda status: status["busy"], after=count)
        # It is the other one's turn to ask, and there it hangs.
        assert len(server.requests) == FIRST
        one.process.kill()
        await one.process.wait()
        await other.until(lambda: len(server.requests) == 2 * FIRST)
        server.reset()
        await other.status(lambda status: is_at_rest(status) and status["text"] != last["text"], after=count)
    async with window(server, tmp_path) as third:
        assert (await third.status())["text"] == other.statuses[-1]["text"]


async def test_without_a_folder_numbers_show_and_the_log_says_why_once(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with window(server, tmp_path / "file" / "folder") as editor:
        last = await editor.status(is_at_rest)
        assert last["severity"] == "ok"
        change_everything(server)
        await editor.run("openaiUsage.refresh")
        await editor.status(lambda status: is_at_rest(status) and status["text"] != last["text"])
        assert len([line for line in editor.log_lines if "kept in memory only" in line]) == 1
        assert "Traceback" not in editor.everything_it_wrote()


async def test_a_damaged_file_is_said_and_survived(server: DemoServer, tmp_path: Path) -> None:
    async with window(server, tmp_path) as one:
        last = await one.status(is_at_rest)
    spoil(tmp_path)
    async with window(server, tmp_path) as one, window(server, tmp_path) as other:
        for each in (one, other):
            assert (await each.status(is_at_rest))["text"] == last["text"]
        said = [line for each in (one, other) for line in each.log_lines if "is damaged" in line]
        assert len(said) == 1
        # And they share again.
        change_everything(server)
        await one.run("openaiUsage.refresh")
        news = await one.status(lambda status: is_at_rest(status) and status["text"] != last["text"])
        await other.status(lambda status: status["text"] == news["text"])
        assert len(server.requests) == FIRST


async def test_two_accounts_do_not_see_each_other_s_numbers(server: DemoServer, tmp_path: Path) -> None:
    async with window(server, tmp_path) as one:
        of_one = await one.status(is_at_rest)
        change_everything(server)
        async with window(server, tmp_path, OTHER_KEY) as other:
            of_other = await other.status(is_at_rest)
            assert len(server.requests) == FIRST
            assert of_other["text"] != of_one["text"]
            await other.run("openaiUsage.refresh")
            await other.status(is_at_rest, after=len(other.statuses) - 1)
            assert {status["text"] for status in one.statuses if is_at_rest(status)} == {of_one["text"]}
    server.reset()
    for key, status in ((KEY, of_one), (OTHER_KEY, of_other)):
        async with window(server, tmp_path, key) as again:
            assert (await again.status())["text"] == status["text"]
    assert server.requests == ()
    assert KEY.encode() not in everything_in(tmp_path)
    assert OTHER_KEY.encode() not in everything_in(tmp_path)


async def test_what_is_erased_in_one_window_no_window_writes_again(server: DemoServer, tmp_path: Path) -> None:
    async with window(server, tmp_path) as one, window(server, tmp_path) as other:
        last = await one.status(is_at_rest)
        await other.status(is_at_rest)
        assert files(tmp_path) != []
        await one.run("openaiUsage.erase")
        assert files(tmp_path) == []
        # What is in memory stays in sight, and each window asks for itself from now on.
        change_everything(server)
        for each in (other, one):
            await each.run("openaiUsage.refresh")
            await each.status(lambda status: is_at_rest(status) and status["text"] != last["text"])
            assert files(tmp_path) == []
        assert len(server.requests) == 2 * FIRST
