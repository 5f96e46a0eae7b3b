"""The real process over stdio, with the demo organisation behind real HTTP on loopback."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from lsprotocol import types

from openai_usage.demo import Organization
from tests.support.demo_server import DemoServer, Fault
from tests.support.editor import Editor, View, metric, notices, tables

KEY = "sk-admin-" + "k" * 40
FIRST = 2
"""What the status bar asks: the bill, and the same by project and line item."""


def editor_of(server: DemoServer, settings: object = None, **environ: str) -> Editor:
    return Editor(environ={"OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": server.url, **environ}, settings=settings)


async def test_the_demo_needs_no_key_and_no_network() -> None:
    async with Editor("--demo") as editor:
        status = await editor.status()
        assert status["severity"] == "ok"
        assert "sample data" in status["tooltip"]
        assert "Northwind Labs" in status["tooltip"]
        await editor.run("openaiUsage.show")
        panel = await editor.settled_panel()
        assert panel["sample"] is True
        assert {"spend", "today", "month", "tokens", "requests"} <= {each["id"] for each in panel["metrics"]}


async def test_it_asks_for_no_documents_and_offers_its_commands() -> None:
    async with Editor("--demo") as editor:
        capabilities = editor.capabilities
        sync = capabilities.text_document_sync
        assert isinstance(sync, types.TextDocumentSyncOptions)
        assert not sync.open_close
        assert sync.change is types.TextDocumentSyncKind.None_
        assert capabilities.execute_command_provider is not None
        assert sorted(capabilities.execute_command_provider.commands) == [
            "openaiUsage.chooseKey",
            "openaiUsage.closeImport",
            "openaiUsage.erase",
            "openaiUsage.export",
            "openaiUsage.fetchHistory",
            "openaiUsage.import",
            "openaiUsage.readDays",
            "openaiUsage.refresh",
            "openaiUsage.select",
            "openaiUsage.show",
            "openaiUsage.tableAsMarkdown",
        ]


async def test_a_refresh_reads_the_unsettled_days_again(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        assert [request.path for request in server.requests] == ["/v1/organization/costs"] * FIRST
        server.reset()
        count = len(editor.statuses)
        await editor.run("openaiUsage.refresh")
        assert (await editor.status(lambda status: status["busy"], after=count))["text"].startswith("$(sync~spin) $")
        await editor.status(lambda status: not status["busy"], after=count)
        assert len(server.requests) == FIRST
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        start = f"start_time={int((today - timedelta(days=3)).timestamp())}"
        assert all(start in request.query for request in server.requests)


async def test_zero_minutes_mean_on_command_only(server: DemoServer) -> None:
    async with editor_of(server, {"refreshMinutes": 0}) as editor:
        status = await editor.status()
        assert status["text"] == "$(graph) Show OpenAI usage"
        assert status["command"]["command"] == "openaiUsage.refresh"
        assert server.requests == ()
        await editor.run("openaiUsage.refresh")
        await editor.status(lambda status: "this month" in status["text"])
        assert len(server.requests) == FIRST


async def test_wrong_settings_are_reported_once_and_the_defaults_used(server: DemoServer) -> None:
    wrong = {"refreshMinutes": "often", "baseUrl": "nowhere"}
    async with editor_of(server, wrong) as editor:
        await editor.status(lambda status: "today" in status["text"])
        editor.change_settings(wrong)
        await editor.run("openaiUsage.select", {})
        assert len(editor.shown_messages) == 2
        assert any("refreshMinutes" in message for message in editor.shown_messages)
        assert any("baseUrl" in message for message in editor.shown_messages)


async def test_what_happened_is_in_the_log_once(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        server.inject(Fault("status", status=401, times=None))
        await editor.run("openaiUsage.refresh")
        await editor.status(lambda status: status["severity"] == "warning")
        assert len([line for line in editor.log_lines if line.startswith("costs of")]) == 2
        assert len([line for line in editor.log_lines if "key refused" in line]) == 1


async def test_settings_are_pulled_from_an_editor_that_can_be_asked(server: DemoServer) -> None:
    settings = {"refreshMinutes": 0}
    environ = {"OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": server.url}
    async with Editor(environ=environ, pulled=settings) as editor:
        await editor.status(lambda status: status["text"] == "$(graph) Show OpenAI usage" or "today" in status["text"])
        settings["refreshMinutes"] = 7
        editor.change_settings(None)
        await editor.status(lambda status: "today" in status["text"])


async def test_an_editor_that_has_no_settings_to_tell_changes_none(server: DemoServer) -> None:
    environ = {"OPENAI_ADMIN_KEY": KEY}
    async with Editor(environ=environ, settings={"baseUrl": server.url}, pulled={}) as editor:
        first = await editor.status()
        assert "today" in first["text"]
        editor.change_settings(None)
        await editor.run("openaiUsage.refresh")
        await editor.status(lambda status: not status["busy"], after=2)
        assert len(server.requests) == 2 * FIRST


async def test_commands_take_whatever_arguments_an_editor_sends(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.run("openaiUsage.refresh", None)
        await editor.run("openaiUsage.show", {"x": 1}, 2)
        await editor.settled_panel()


async def test_another_address_is_another_account(server: DemoServer) -> None:
    with DemoServer(Organization(seed=2)) as other:
        async with editor_of(server) as editor:
            await editor.status()
            count = len(editor.statuses)
            editor.change_settings({"baseUrl": other.url})
            assert (await editor.status(after=count))["text"] == "$(loading~spin) OpenAI usage"
            await editor.status(lambda status: "today" in status["text"], after=count)
            assert len(other.requests) == FIRST
            assert len(server.requests) == FIRST


NO_KEY = {"OPENAI_ADMIN_KEY": ""}


@pytest.mark.parametrize(
    ("key", "text", "severity"),
    [
        ("", "$(key) Set OpenAI admin key", "ok"),
        ("sk-proj-" + "p" * 40, "$(error) OpenAI admin key needed", "error"),
        ("sk-svcacct-" + "p" * 40, "$(error) OpenAI admin key needed", "error"),
        ("sk-" + "p" * 40, "$(error) OpenAI admin key needed", "error"),
        ("sk-admin-" + "p" * 20 + "\n" + "p" * 20, "$(error) OpenAI key is damaged", "error"),
    ],
)
async def test_a_key_that_cannot_work_is_explained_before_any_call(key: str, text: str, severity: str) -> None:
    # OpenAI's own address, and a proxy that lets nothing through: whose the key is may be asked, once it is explained.
    with DemoServer(Organization()) as proxy:
        environ = {"OPENAI_ADMIN_KEY": key, "HTTPS_PROXY": proxy.origin, "HTTP_PROXY": proxy.origin}
        async with Editor(environ=environ, settings={"source": "organization"}) as editor:
            status = await editor.status()
            assert (status["text"], status["severity"]) == (text, severity)
            assert status["command"]["command"] == "openaiUsage.setAdminKey"
            await editor.run("openaiUsage.refresh")
            await editor.run("openaiUsage.show")
            panel = await editor.panel(lambda panel: not panel["busy"])
            assert panel["metrics"] == []
            assert panel["notices"][0]["command"]["command"] == "openaiUsage.setAdminKey"
            assert not key or key not in editor.everything_it_wrote()
        assert proxy.requests == ()


SCOPES = "You have insufficient permissions for this operation. Missing scopes: api.usage.read."
ECHO = json.dumps(
    {"error": {"message": f"Incorrect API key provided: {KEY}.", "type": "x", "param": None, "code": None}}
)
DENIED = json.dumps({"error": {"message": SCOPES, "type": "x", "param": None, "code": None}})


@pytest.mark.parametrize(
    ("fault", "text", "command"),
    [
        (Fault("status", status=401, body=ECHO), "OpenAI key refused", "openaiUsage.setAdminKey"),
        (Fault("status", status=403, body=DENIED), "OpenAI key lacks permission", "openaiUsage.setAdminKey"),
        (Fault("status", status=403, body="<html>"), "OpenAI access denied", "openaiUsage.setAdminKey"),
        (Fault("status", status=400, body=ECHO), "OpenAI refused the request", "openaiUsage.showLog"),
        (Fault("status", status=404), "OpenAI API not found", "openaiUsage.openSettings"),
        (Fault("status", status=429, headers={"retry-after": "3600"}), "OpenAI asks to wait", "openaiUsage.refresh"),
        (Fault("status", status=200, body="<html>"), "OpenAI: unexpected answer", "openaiUsage.openSettings"),
        (Fault("truncated"), "OpenAI: unexpected answer", "openaiUsage.openSettings"),
        (Fault("repeated_cursor", times=None), "OpenAI: incomplete answer", "openaiUsage.refresh"),
        (Fault("missing_cursor"), "OpenAI: incomplete answer", "openaiUsage.refresh"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else None,
)
async def test_a_failure_says_what_happened_and_what_to_do(
    server: DemoServer, fault: Fault, text: str, command: str
) -> None:
    fault = replace(fault, path="organization/costs", times=None)
    server.inject(fault)
    async with editor_of(server) as editor:
        status = await editor.status()
        assert status["text"] == f"$(error) {text}"
        assert status["severity"] == "error"
        assert status["command"]["command"] == command
        assert f"(command:{command})" in status["tooltip"]

        # It goes away; the numbers come; then it happens again, and they stay.
        server.reset()
        await editor.run("openaiUsage.refresh")
        good = await editor.status(lambda status: status["text"].startswith("$(graph) $"))
        count = len(editor.statuses)
        server.inject(fault)
        await editor.run("openaiUsage.refresh")
        bad = await editor.status(lambda status: status["severity"] == "warning", after=count)
        assert bad["text"].split(" ", 1)[1] == good["text"].split(" ", 1)[1]
        assert f"(command:{command})" in bad["tooltip"]
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: not panel["busy"] and panel["notices"])
        assert panel["notices"][0]["command"]["command"] == command
        assert "as of" in panel["notices"][0]["text"]
        assert metric(panel, "today")["value"] is not None

        wrote = editor.everything_it_wrote()
        assert KEY not in wrote
        assert "Traceback" not in wrote


@pytest.mark.parametrize("status", [500, 429])
async def test_a_failure_that_passes_is_not_seen(server: DemoServer, status: int) -> None:
    server.inject(Fault("status", status=status))
    async with editor_of(server) as editor:
        assert (await editor.status())["severity"] == "ok"
        assert len(editor.statuses) == 1
        assert len(server.requests) == FIRST + 1


async def test_an_address_where_nobody_is() -> None:
    async with Editor(environ={"OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": "http://nowhere.invalid/v1"}) as editor:
        status = await editor.status()
        assert status["text"] == "$(error) OpenAI not reachable"
        assert "nowhere" in status["tooltip"]
        assert "The next try is at" in status["tooltip"]


async def test_an_address_that_is_none() -> None:
    environ = {"OPENAI_ADMIN_KEY": "sk-proj-" + "p" * 40, "OPENAI_BASE_URL": "nonsense"}
    async with Editor(environ=environ) as editor:
        await editor.status()
        assert any("OPENAI_BASE_URL" in message for message in editor.shown_messages)


async def test_what_could_not_be_read_is_said_and_the_rest_is_shown(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        server.inject(Fault("status", status=403, body=DENIED, path="usage/completions", times=None))
        server.inject(Fault("status", status=403, body=DENIED, path="projects?", times=None))
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: "names-problem" in notices(panel))
        assert metric(panel, "spend")["value"] is not None
        said = {notice["id"]: notice["text"] for notice in panel["notices"]}
        assert set(said) == {"usage-problem", "names-problem"}
        assert said["usage-problem"].startswith("Completions could not be read, so tokens and requests are short")
        rows = tables(panel)["projects"]["rows"]
        assert {row["cells"][0]["text"][:5] for row in rows} == {"proj_"}


async def test_a_long_fetch_shows_progress_and_can_be_cancelled(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        good = await editor.status()
        server.inject(Fault("hang"))
        count = len(editor.statuses)
        await editor.run("openaiUsage.refresh")
        await editor.until(lambda: editor.progress_kinds == [["begin"]])
        editor.cancel_progress()
        status = await editor.status(lambda status: not status["busy"], after=count)
        assert status["text"].split(" ", 1)[1] == good["text"].split(" ", 1)[1]
        assert status["severity"] == "ok"
        await editor.until(lambda: editor.progress_kinds == [["begin", "end"]])

        # And it can be asked for again.
        count = len(editor.statuses)
        server.reset()
        await editor.run("openaiUsage.refresh")
        await editor.status(lambda status: not status["busy"], after=count + 1)
        assert len(server.requests) == FIRST


async def test_a_first_fetch_that_is_cancelled_says_so(server: DemoServer) -> None:
    server.inject(Fault("hang", times=None))
    async with editor_of(server) as editor:
        await editor.run("openaiUsage.show")
        await editor.until(lambda: editor.progress_kinds == [["begin"]])
        editor.cancel_progress()
        status = await editor.status(lambda status: not status["busy"])
        assert status["text"] == "$(circle-slash) OpenAI usage: cancelled"
        assert status["command"]["command"] == "openaiUsage.refresh"


async def test_a_client_without_progress_gets_none(server: DemoServer) -> None:
    environ = {"OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": server.url}
    async with Editor(environ=environ, progress=False) as editor:
        await editor.status()
        server.inject(Fault("hang"))
        await editor.run("openaiUsage.refresh")
        await editor.until(lambda: len(server.requests) == 2 * FIRST)
        server.release()
        await editor.status(lambda status: not status["busy"], after=2)
        assert editor.progress_kinds == []


async def test_a_client_that_refuses_a_progress_bar_leaves_no_trace_in_the_log(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        editor.refuse_progress()
        server.inject(Fault("hang"))
        await editor.run("openaiUsage.refresh")
        await editor.until(lambda: editor.refused)
        server.release()
        await editor.status(lambda status: not status["busy"], after=2)
        assert editor.progress_kinds == []
    assert [line for line in editor.log_lines if "Traceback" in line or "Error" in line] == []


async def test_clicking_often_is_asking_once_more(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        server.reset()
        server.inject(Fault("hang"))
        for _ in range(20):
            await editor.run("openaiUsage.refresh")
        await editor.until(lambda: len(server.requests) == FIRST)
        for _ in range(20):
            await editor.run("openaiUsage.refresh")
        count = len(editor.statuses)
        server.release()
        await editor.status(lambda status: not status["busy"], after=count)
        assert len(server.requests) == 2 * FIRST


async def test_it_shuts_down_while_a_question_is_open(server: DemoServer) -> None:
    server.inject(Fault("hang"))
    async with editor_of(server) as editor:
        await editor.until(lambda: server.requests)
    assert editor.process.returncode == 0
    assert "Traceback" not in editor.everything_it_wrote()


async def test_it_ends_when_the_editor_is_gone(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        assert editor.process.stdin is not None
        editor.process.stdin.close()
        await editor.process.wait()
    assert editor.process.returncode == 0


async def test_nothing_is_sent_twice(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.run("openaiUsage.show")
        await editor.settled_panel()
        for _ in range(3):
            await editor.run("openaiUsage.select", {"period": "30d"})
        await editor.run("openaiUsage.select", {"period": "7d"})
        await editor.panel(lambda panel: panel["controls"][0]["selected"] == ["7d"])
    assert no_neighbours_alike(editor.statuses)
    assert no_neighbours_alike(editor.panels)


def no_neighbours_alike(views: list[View]) -> bool:
    return all(one != other for one, other in pairwise(views))
