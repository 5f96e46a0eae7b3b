"""The real process over stdio, with the demo organisation behind real HTTP on loopback."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from urllib.request import Request, urlopen

import pytest
from lsprotocol import types

from openai_usage.demo import Organization
from tests.support.demo_server import DemoServer, Fault
from tests.support.editor import Editor, View, chart, metric, tables

KEY = "sk-admin-" + "k" * 40


@pytest.fixture
def server() -> Iterator[DemoServer]:
    # The server process has the real clock, so the organisation's day is the real one, and it stands still.
    now = datetime.now(UTC)
    with DemoServer(Organization(now=lambda: now)) as running:
        yield running


def editor_of(server: DemoServer, settings: object = None, **environ: str) -> Editor:
    return Editor(environ={"OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": server.url, **environ}, settings=settings)


def billed(server: DemoServer, group: str = "line_item", days: int = 120) -> dict[date, dict[str, Fraction]]:
    """What the API says was billed, by day and group: read with nothing of the server's own."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = int((today - timedelta(days=days)).timestamp())
    found: dict[date, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    cursor = ""
    while True:
        url = f"{server.url}/organization/costs?start_time={start}&limit=31&group_by={group}{cursor}"
        with urlopen(Request(url, headers={"Authorization": f"Bearer {KEY}"})) as answer:  # noqa: S310 - loopback
            page: dict[str, Any] = json.loads(answer.read(), parse_float=Decimal)
        for bucket in page["data"]:
            day = datetime.fromtimestamp(bucket["start_time"], UTC).date()
            for row in bucket["results"]:
                found[day][row[group]] += Fraction(row["amount"]["value"])
        if not page["has_more"]:
            return found
        cursor = f"&page={page['next_page']}"


def spent(found: dict[date, dict[str, Fraction]], first: date, last: date) -> Fraction:
    return sum((sum(day.values(), Fraction(0)) for date, day in found.items() if first <= date <= last), Fraction(0))


def dollars(amount: Fraction) -> str:
    """As people write it. Of a sum below a cent, two digits; in the first hours of a day there are such."""
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    if 0 < exact < Decimal("0.01"):
        return f"${round(exact, 1 - exact.adjusted()).normalize():f}"
    return f"${exact.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


async def test_the_demo_needs_no_key_and_no_network() -> None:
    async with Editor("--demo") as editor:
        status = await editor.status()
        assert status["severity"] == "ok"
        assert "sample data" in status["tooltip"]
        assert "Northwind Labs" in status["tooltip"]
        await editor.run("openaiUsage.show")
        panel = await editor.settled_panel()
        assert panel["sample"] is True
        assert {"spend", "today", "month", "tokens", "requests"} == {each["id"] for each in panel["metrics"]}


async def test_it_asks_for_no_documents_and_offers_its_commands() -> None:
    async with Editor("--demo") as editor:
        capabilities = editor.capabilities
        sync = capabilities.text_document_sync
        assert isinstance(sync, types.TextDocumentSyncOptions)
        assert not sync.open_close
        assert sync.change is types.TextDocumentSyncKind.None_
        assert capabilities.execute_command_provider is not None
        assert sorted(capabilities.execute_command_provider.commands) == [
            "openaiUsage.refresh",
            "openaiUsage.select",
            "openaiUsage.show",
        ]


async def test_the_first_status_takes_one_request_and_tells_the_truth(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        status = await editor.status()
        assert [request.path for request in server.requests] == ["/v1/organization/costs"]
        today = datetime.now(UTC).date()
        found = billed(server)
        on_today, month = spent(found, today, today), spent(found, today.replace(day=1), today)
        assert status == {
            "text": f"$(graph) {dollars(on_today)} today · {dollars(month)} this month",
            "tooltip": status["tooltip"],
            "accessibleLabel": f"OpenAI usage: {dollars(on_today)} today, {dollars(month)} this month.",
            "severity": "ok",
            "busy": False,
            "command": {"title": "Show OpenAI usage", "command": "openaiUsage.show", "arguments": None},
        }
        yesterday = today - timedelta(days=1)
        for amount in (spent(found, yesterday, yesterday), spent(found, today - timedelta(days=6), today)):
            assert f"| {dollars(amount)} |" in status["tooltip"]


async def test_the_panel_is_the_api_s_figures_to_the_last_digit(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        await editor.run("openaiUsage.show")
        first = await editor.panel()
        assert first["reveal"] is True
        panel = await editor.settled_panel()
        today = datetime.now(UTC).date()
        found = billed(server)
        start = today - timedelta(days=29)
        whole = spent(found, start, today)
        assert Fraction(metric(panel, "spend")["value"]) == whole
        assert Fraction(metric(panel, "today")["value"]) == spent(found, today, today)
        assert Fraction(metric(panel, "month")["value"]) == spent(found, today.replace(day=1), today)

        drawn = chart(panel)
        assert drawn["categories"] == [(start + timedelta(days=n)).isoformat() for n in range(30)]
        assert drawn["partialCategory"] == today.isoformat()
        for index, day in enumerate(drawn["categories"]):
            bars = sum((Fraction(series["values"][index]) for series in drawn["series"]), Fraction(0))
            assert bars == sum(found[date.fromisoformat(day)].values(), Fraction(0))

        items: dict[str, Fraction] = defaultdict(Fraction)
        for day_, amounts in found.items():
            for item, amount in amounts.items():
                items[item] += amount if day_ >= start else 0
        rows = tables(panel)["line-items"]["rows"]
        shown = {row["cells"][0]["text"]: Fraction(row["cells"][1]["value"]) for row in rows}
        assert shown == {item: amount for item, amount in items.items() if item in shown}
        assert sum(shown.values()) == whole
        assert Fraction(tables(panel)["line-items"]["total"]["cells"][1]["value"]) == whole
        # Costs of this month were known already; what is asked is the rest, and nothing is asked twice.
        assert len({request.query for request in server.requests}) == len(server.requests) - days_asked_by_test(server)


def days_asked_by_test(server: DemoServer) -> int:
    """The test's own questions are of no interest, and may repeat themselves."""
    own = [
        request.query for request in server.requests if "python-urllib" in request.headers.get("user-agent", "").lower()
    ]
    return len(own) - len(set(own))


async def test_projects_go_by_their_names(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.settled_panel()
        names = {project.name for project in server.api.organization.projects}
        assert {row["cells"][0]["text"] for row in tables(panel)["projects"]["rows"]} <= names


async def test_another_period_asks_only_for_what_is_not_known(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.run("openaiUsage.show")
        before = await editor.settled_panel()
        count = len(editor.panels)
        server.reset()
        await editor.run("openaiUsage.select", {"period": "90d"})
        after = await editor.settled_panel(after=count)
        today = datetime.now(UTC).date()
        assert len(chart(after)["categories"]) == 90
        assert {request.path for request in server.requests} == {
            "/v1/organization/costs",
            "/v1/organization/usage/completions",
        }
        assert all("end_time=" in request.query for request in server.requests)
        assert Fraction(metric(after, "spend")["value"]) == spent(billed(server), today - timedelta(days=89), today)
        assert Fraction(metric(after, "spend")["value"]) > Fraction(metric(before, "spend")["value"])

        server.reset()
        count = len(editor.panels)
        await editor.run("openaiUsage.select", {"period": "7d"})
        await editor.run("openaiUsage.select", {"groupBy": "model"})
        grouped = await editor.panel(lambda panel: panel["controls"][1]["selected"] == ["model"], after=count)
        assert len(chart(grouped)["categories"]) == 7
        assert server.requests == ()
        sums = sum((Fraction(value) for series in chart(grouped)["series"] for value in series["values"]), Fraction(0))
        assert sums == spent(billed(server), today - timedelta(days=6), today)


async def test_a_selection_that_is_none_is_refused_and_changes_nothing(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.run("openaiUsage.show")
        await editor.settled_panel()
        for argument in ({"period": "1000y"}, {"nonsense": 1}, "30d", None, 5, {"period": ["7d"]}):
            with pytest.raises(Exception, match=r"openaiUsage.select"):
                await editor.run("openaiUsage.select", argument)
        assert await editor.run("openaiUsage.select", {}) is None


async def test_a_refresh_reads_the_unsettled_days_again(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        server.reset()
        count = len(editor.statuses)
        await editor.run("openaiUsage.refresh")
        assert (await editor.status(lambda status: status["busy"], after=count))["text"].startswith("$(sync~spin) $")
        await editor.status(lambda status: not status["busy"], after=count)
        (request,) = server.requests
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        assert f"start_time={int((today - timedelta(days=3)).timestamp())}" in request.query


async def test_zero_minutes_mean_on_command_only(server: DemoServer) -> None:
    async with editor_of(server, {"refreshMinutes": 0}) as editor:
        status = await editor.status()
        assert status["text"] == "$(graph) Show OpenAI usage"
        assert status["command"]["command"] == "openaiUsage.refresh"
        assert server.requests == ()
        await editor.run("openaiUsage.refresh")
        await editor.status(lambda status: "this month" in status["text"])
        assert len(server.requests) == 1


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
        server.inject(Fault("status", status=401, times=9))
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
        assert len(server.requests) == 2


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
            assert len(other.requests) == 1
            assert len(server.requests) == 1


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
    # OpenAI's own address, and a proxy that would notice: nothing may go out.
    with DemoServer(Organization()) as proxy:
        environ = {"OPENAI_ADMIN_KEY": key, "HTTPS_PROXY": proxy.origin, "HTTP_PROXY": proxy.origin}
        async with Editor(environ=environ) as editor:
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
        (Fault("repeated_cursor", times=9), "OpenAI: incomplete answer", "openaiUsage.refresh"),
        (Fault("missing_cursor"), "OpenAI: incomplete answer", "openaiUsage.refresh"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else None,
)
async def test_a_failure_says_what_happened_and_what_to_do(
    server: DemoServer, fault: Fault, text: str, command: str
) -> None:
    fault = replace(fault, path="organization/costs", times=9)
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
        assert len(server.requests) == 2


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


async def test_what_costs_cannot_tell_tokens_still_do(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        server.inject(Fault("status", status=403, body=DENIED, path="usage/completions", times=9))
        server.inject(Fault("status", status=403, body=DENIED, path="projects", times=9))
        await editor.run("openaiUsage.show")
        panel = await editor.settled_panel()
        assert metric(panel, "tokens")["value"] is None
        assert metric(panel, "spend")["value"] is not None
        assert {notice["id"] for notice in panel["notices"]} == {"usage-problem", "names-problem"}
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
        assert len(server.requests) == 1


async def test_a_first_fetch_that_is_cancelled_says_so(server: DemoServer) -> None:
    server.inject(Fault("hang"))
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
        await editor.until(lambda: len(server.requests) == 2)
        server.release()
        await editor.status(lambda status: not status["busy"], after=2)
        assert editor.progress_kinds == []


async def test_clicking_often_is_asking_once_more(server: DemoServer) -> None:
    async with editor_of(server) as editor:
        await editor.status()
        server.reset()
        server.inject(Fault("hang"))
        for _ in range(20):
            await editor.run("openaiUsage.refresh")
        await editor.until(lambda: len(server.requests) == 1)
        for _ in range(20):
            await editor.run("openaiUsage.refresh")
        count = len(editor.statuses)
        server.release()
        await editor.status(lambda status: not status["busy"], after=count)
        assert len(server.requests) == 2


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
