"""The key of the workspace in the real process: found in files, matched, and its spend is that of OpenAI's own SDK.

Whatever a test does, nothing that the process wrote, sent or kept holds anything of a key that OpenAI does not show.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from pygls.exceptions import JsonRpcException

from openai_usage.demo.roster import ApiKey
from tests.support.demo_server import DemoServer, Fault
from tests.support.editor import Editor, View, metric, tables

ADMIN = "sk-admin-" + "k" * 40
INVALID_PARAMS = -32602
NAMES = ("projects", "users", "api_keys", "service_accounts")


@dataclass
class Place:
    """Where the tests work: the account, the folders of the workspace, and what must not be found anywhere."""

    server: DemoServer
    root: Path
    secrets: set[str] = field(default_factory=set)

    @property
    def data(self) -> Path:
        """What the process keeps."""
        return self.root / "data"

    def key(self, name: str) -> ApiKey:
        return next(one for one in self.server.keys if one.name == name)

    def folder(self, name: str, key: ApiKey | str | None = None) -> Path:
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        if key is not None:
            self.write(folder / ".env", key)
        return folder

    def write(self, path: Path, key: ApiKey | str, variable: str = "OPENAI_API_KEY") -> None:
        secret = key if isinstance(key, str) else key.secret
        self.secrets.add(secret)
        path.write_text(f"# for the tests\nexport {variable}='{secret}'\n")

    @asynccontextmanager
    async def editor(
        self,
        *folders: Path,
        arguments: Sequence[str] = (),
        settings: object = None,
        logs_tracebacks: bool = False,
        **environ: str,
    ) -> AsyncIterator[Editor]:
        self.data.mkdir(exist_ok=True)
        keys = {"OPENAI_ADMIN_KEY": ADMIN, "OPENAI_BASE_URL": self.server.url}
        self.secrets |= {ADMIN} | {value for name, value in environ.items() if name.endswith("_KEY")}
        async with Editor(
            *arguments, environ=keys | environ, settings=settings, workspace=folders, folder=self.data
        ) as editor:
            yield editor
            self._holds_no_secret(editor)
        self._holds_no_secret(editor)
        assert logs_tracebacks or "Traceback" not in editor.everything_it_wrote()

    def _holds_no_secret(self, editor: Editor) -> None:
        kept = {path: path.read_bytes() for path in self.data.rglob("*") if path.is_file()}
        assert any(path.suffix for path in kept), "there is something to search"
        sent = repr([one for one in self.server.requests if one.headers["authorization"] != f"Bearer {ADMIN}"])
        sent += repr([(one.path, one.query, {**one.headers, "authorization": ""}) for one in self.server.requests])
        wrote = editor.everything_it_wrote() + repr(editor.watched) + sent
        for secret in self.secrets:
            # OpenAI shows 8 characters at the beginning and 4 at the end. Any other 18 in a row would be found.
            parts = {secret[at : at + 12] for at in range(0, len(secret) - 12, 6)} | {secret[-12:]}
            for part in sorted(parts):
                assert part not in wrote
                assert not [path for path, data in kept.items() if part.encode() in data]

    def spent(self, key: ApiKey, first: date, last: date | None = None) -> Decimal:
        """As OpenAI's own SDK reads it, narrowed by OpenAI."""
        last = last or datetime.now(UTC).date()
        found = Fraction(0)
        with OpenAI(admin_api_key=ADMIN, base_url=self.server.url, max_retries=0) as client:
            page: dict[str, Any] = {"has_more": True}
            while page["has_more"]:
                raw = client.admin.organization.usage.with_raw_response.costs(
                    start_time=seconds(first),
                    end_time=seconds(last) + 86_400,
                    limit=180,
                    api_key_ids=[key.id],
                    **({"page": page["next_page"]} if "next_page" in page else {}),
                )
                # The SDK reads amounts as floats: the digits are in the text only.
                page = json.loads(raw.text, parse_float=Decimal)
                found += sum(Fraction(row["amount"]["value"]) for one in page["data"] for row in one["results"])
        return exactly(found)


def seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def exactly(amount: Fraction) -> Decimal:
    """All digits: amounts have no more than 34 decimals."""
    scaled = amount * 10**40
    assert scaled.denominator == 1
    sign, digits = int(scaled < 0), tuple(map(int, str(abs(scaled.numerator))))
    return Decimal((sign, digits, -40))


def dollars(amount: Decimal) -> str:
    """As people write it. Of a sum below a cent, two digits; in the first hours of a day there are such."""
    if 0 < amount < Decimal("0.01"):
        return f"${round(amount, 1 - amount.adjusted()).normalize():f}"
    return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


@pytest.fixture
def place(server: DemoServer, tmp_path: Path) -> Place:
    return Place(server, tmp_path)


def names_asked(server: DemoServer) -> list[str]:
    return [one.path for one in server.requests if one.path.rpartition("/")[2] in NAMES]


def tells_of(name: str) -> Callable[[View], bool]:
    """A status with the spend of the key of that name."""
    return lambda status: status["text"].startswith("$(key) $") and f"of {name}:" in status["accessibleLabel"]


def of_all(status: View) -> bool:
    return bool(status["text"].startswith("$(graph) $"))


async def is_shown(editor: Editor, fits: Callable[[View], bool]) -> View:
    """The newest status fits, now or soon."""
    await editor.until(lambda: editor.statuses and fits(editor.statuses[-1]))
    return editor.statuses[-1]


def key_notice(panel: View) -> View | None:
    return next((one for one in panel["notices"] if one["id"] == "workspace-key"), None)


# The figures.


@pytest.mark.parametrize("name", ["Website chat", "Dictation", "Voice app"], ids=["whole", "short", "hidden"])
async def test_the_key_s_spend_is_the_sdk_s_to_the_last_digit(place: Place, name: str) -> None:
    key = place.key(name)
    today = datetime.now(UTC).date()
    async with place.editor(place.folder("ws", key)) as editor:
        status = await is_shown(editor, tells_of(name))
        on_today, month = place.spent(key, today), place.spent(key, today.replace(day=1))
        assert month > 0
        assert status["text"].startswith(f"$(key) {dollars(on_today)} today · {dollars(month)} this month of $")
        assert f"This workspace: {name}" in status["tooltip"]
        assert key.owner.name is None or f"Owner {key.owner.name}" in status["tooltip"].replace("\\", "")
        assert f"{key.secret[:8]}…{key.secret[-4:]} in .env" in status["tooltip"].replace("\\", "")

        await editor.run("openaiUsage.show")
        panel = await editor.settled_panel()
        assert panel["workspace"]["text"] == name
        assert not panel["workspace"]["isSelected"]
        panel = await editor.select(panel["workspace"]["select"], lambda one: one["workspace"]["isSelected"])
        values = {one: Decimal(metric(panel, one)["value"]) for one in ("spend", "today", "month")}
        assert values == {
            "spend": place.spent(key, today - timedelta(days=29)),
            "today": on_today,
            "month": month,
        }
        panel = await editor.select({"period": "365d"})
        # For earlier days OpenAI gives no cost by key.
        first = max(today - timedelta(days=364), date(2025, 12, 6))
        assert Decimal(metric(panel, "spend")["value"]) == place.spent(key, first)
        panel = await editor.select({**panel["workspace"]["select"], "period": "7d", "section": "api-keys"})
        marked = [row for row in tables(panel)["api-keys"]["rows"] if row["cells"][0].get("badge")]
        assert [(row["id"], row["cells"][0]["badge"]) for row in marked] == [(f"={key.id}", "This workspace")]


async def test_estimates_are_called_so_where_openai_does_not_tell_the_bill(place: Place) -> None:
    key = place.key("Website chat")
    refused = "group_by[]=api_key_id&group_by[]=line_item&api_key_ids[]="
    place.server.inject(Fault("status", status=400, path=refused, times=None))
    async with place.editor(place.folder("ws", key)) as editor:
        status = await is_shown(editor, lambda status: status["text"].startswith("$(key) "))
        assert status["text"].startswith("$(key) ≈ $")
        assert status["text"].count("≈ $") == 2
        assert "OpenAI does not tell what was billed for this key" in status["tooltip"]
        assert len([one for one in place.server.requests if one.path.endswith("/costs") and key.id in one.query]) == 1


# Files and folders.


async def test_what_changes_in_a_file_is_seen_when_the_editor_tells_it(place: Place) -> None:
    folder = place.folder("ws", place.key("Website chat"))
    async with place.editor(folder) as editor:
        await is_shown(editor, tells_of("Website chat"))
        await editor.until(lambda: editor.watched)
        (asked,) = editor.watched
        assert asked.method == "workspace/didChangeWatchedFiles"
        assert isinstance(asked.register_options, dict)
        patterns = {one["globPattern"] for one in asked.register_options["watchers"]}
        assert {"**/.env", "**/.env.*"} <= patterns

        place.write(folder / ".env", place.key("Ticket agent"))
        editor.changed_file(folder / ".env")
        await is_shown(editor, tells_of("Ticket agent"))
        # It goes before the other one.
        place.write(folder / ".env.local", place.key("Dictation"))
        editor.changed_file(folder / ".env.local")
        status = await is_shown(editor, tells_of("Dictation"))
        assert "in .env.local" in status["tooltip"].replace("\\", "")
        for name in (".env", ".env.local"):
            (folder / name).unlink()
            editor.changed_file(folder / name)
        await is_shown(editor, of_all)


async def test_the_status_follows_the_folder_that_is_worked_in(place: Place) -> None:
    one = place.folder("one", place.key("Website chat"))
    other = place.folder("other", place.key("Nightly batch"))
    none = place.folder("a folder without, é and a space")
    async with place.editor(one, other, none) as editor:
        await is_shown(editor, tells_of("Website chat"))
        for folder, fits in ((other, tells_of("Nightly batch")), (none, of_all), (one, tells_of("Website chat"))):
            editor.work_in(folder)
            await is_shown(editor, fits)
        place.write(none / ".env", place.key("Ticket agent"))
        editor.work_in(none)
        await is_shown(editor, tells_of("Ticket agent"))
        assert len(names_asked(place.server)) == len(set(names_asked(place.server))), "once for all of them"


async def test_a_folder_that_is_taken_out_is_not_read_any_more(place: Place) -> None:
    one = place.folder("one", place.key("Website chat"))
    other = place.folder("other", place.key("Nightly batch"))
    async with place.editor(one) as editor:
        await is_shown(editor, tells_of("Website chat"))
        editor.work_in(other)
        await editor.run("openaiUsage.refresh")
        await is_shown(editor, lambda status: not status["busy"])
        assert not [status for status in editor.statuses if "Nightly" in status["tooltip"]], "it was not told"
        editor.changed_folders(added=[other])
        editor.work_in(other)
        await is_shown(editor, tells_of("Nightly batch"))
        editor.changed_folders(removed=[other])
        await is_shown(editor, tells_of("Website chat"))
        editor.changed_folders(removed=[one])
        await is_shown(editor, of_all)


async def test_a_key_in_the_environment_of_the_editor(place: Place) -> None:
    secret = place.key("Website chat").secret
    async with place.editor(place.folder("ws"), OPENAI_API_KEY=secret) as editor:
        status = await is_shown(editor, tells_of("Website chat"))
        assert "in the environment" in status["tooltip"]
    async with place.editor(OPENAI_API_KEY=secret) as editor:
        await is_shown(editor, tells_of("Website chat"))


async def test_settings_say_where_it_is(place: Place) -> None:
    folder = place.folder("ws", place.key("Website chat"))
    (folder / "backend").mkdir()
    place.write(folder / "backend" / "keys.txt", place.key("Ticket agent"), "MINE")
    async with place.editor(folder, settings={"workspaceKey": "backend/keys.txt:MINE"}) as editor:
        await is_shown(editor, tells_of("Ticket agent"))
        editor.change_settings({"workspaceKey": "off"})
        await is_shown(editor, of_all)
        editor.change_settings({"workspaceKey": place.key("Nightly batch").id})
        await is_shown(editor, tells_of("Nightly batch"))
        editor.change_settings({"statusBar": {"scope": "workspaceKey"}})
        status = await is_shown(editor, tells_of("Website chat"))
        assert " of $" not in status["text"]
        editor.change_settings({"statusBar": {"scope": "organization"}})
        await is_shown(editor, of_all)
        assert editor.shown_messages == []
        # Whoever puts the key itself there does not find it in a message.
        pasted = "sk-proj-" + "p" * 40
        place.secrets.add(pasted)
        editor.change_settings({"workspaceKey": pasted})
        await is_shown(editor, tells_of("Website chat"))
        (message,) = editor.shown_messages
        assert "workspaceKey" in message


@pytest.mark.parametrize("kind", ["large", "binary", "link out", "loop", "FIFO", "folder"])
async def test_a_file_that_is_none_keeps_nothing_waiting(place: Place, kind: str) -> None:
    folder, path = place.folder("ws"), place.root / "ws" / ".env"
    secret = place.key("Website chat").secret
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "link out":
        place.write(place.root / "elsewhere", secret)
        path.symlink_to(place.root / "elsewhere")
    else:
        place.write(path, secret)
        with path.open("ab") as file:
            file.write(b"\0" if kind == "binary" else b"#" * 10_000_000)
    async with place.editor(folder) as editor:
        await is_shown(editor, of_all)
        await editor.run("openaiUsage.show")
        panel = await editor.settled_panel()
        assert panel.get("workspace") is None
        found = key_notice(panel)
        if kind == "folder":
            # As a virtual environment is: nobody looks for a key there.
            assert found is None
            return
        assert found is not None
        assert found["text"].startswith(".env ")
        assert found["text"].endswith(" So it is not known which API key this workspace uses.")


# Which of several.


async def test_one_of_several_is_chosen_and_remembered(place: Place) -> None:
    """Of keys in the short form only the ends are told, so that a longer one with those ends may be any of them."""
    short = place.key("Dictation")
    other = place.key("Urgent tickets")
    twin = f"{short.secret[:8]}{'t' * 99}{short.secret[-4:]}"
    listed = place.server.api.organization.roster
    roster_keys = listed.keys

    def with_twin(at: int, project_id: str) -> tuple[ApiKey, ...]:
        """Another key has the same ends."""
        return tuple(
            key._replace(secret=f"{twin[:8]}{'u' * 60}{twin[-4:]}") if key.id == other.id else key
            for key in roster_keys(at, project_id)
        )

    listed.keys = with_twin  # type: ignore[method-assign] # an organisation like any other, but for this
    folder = place.folder("ws", twin)
    async with place.editor(folder) as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: key_notice(panel) and not panel["busy"])
        found = key_notice(panel)
        assert found is not None
        assert found["severity"] == "warning"
        choices = {one["arguments"][0]: one for one in found["more"]}
        assert set(choices) == {short.id, other.id}
        assert {one["command"] for one in choices.values()} == {"openaiUsage.chooseKey"}
        assert choices[short.id]["title"].startswith("Dictation · ")
        await is_shown(editor, of_all)
        for garbage in ("key_of_somebody", "", ADMIN[:3]):
            await editor.run("openaiUsage.chooseKey", garbage)
        assert of_all(editor.statuses[-1])
        await editor.run(choices[short.id]["command"], *choices[short.id]["arguments"])
        await is_shown(editor, tells_of("Dictation"))
    place.server.reset()
    async with place.editor(folder) as editor:
        await is_shown(editor, tells_of("Dictation"))
        assert names_asked(place.server) == []
        await editor.run("openaiUsage.chooseKey", other.id)
        await is_shown(editor, tells_of("Urgent tickets"))
        await editor.run("openaiUsage.chooseKey", None)
        await is_shown(editor, of_all)
        await editor.run("openaiUsage.chooseKey", short.id)
        await is_shown(editor, tells_of("Dictation"))
        await editor.run("openaiUsage.chooseKey")
        await is_shown(editor, of_all)


@pytest.mark.parametrize(
    "arguments", [[5], [True], [1.5], [["key_a"]], [{"id": "key_a"}], [[]], [{}], ["key_a", "key_b"], [None, None]]
)
async def test_garbage_is_refused(place: Place, arguments: list[object]) -> None:
    # pygls logs where in our code it was refused.
    async with place.editor(place.folder("ws", place.key("Website chat")), logs_tracebacks=True) as editor:
        await is_shown(editor, tells_of("Website chat"))
        with pytest.raises(JsonRpcException) as raised:
            await editor.run("openaiUsage.chooseKey", *arguments)
        assert raised.value.code == INVALID_PARAMS
        count = len(editor.statuses)
        await editor.run("openaiUsage.refresh")
        await editor.status(lambda status: not status["busy"] and tells_of("Website chat")(status), after=count)


# What is asked.


async def test_a_restart_asks_for_no_names_again(place: Place) -> None:
    folder = place.folder("ws", place.key("Website chat"))
    async with place.editor(folder) as editor:
        await is_shown(editor, tells_of("Website chat"))
    assert names_asked(place.server)
    place.server.reset()
    async with place.editor(folder) as editor:
        await is_shown(editor, tells_of("Website chat"))
        await editor.run("openaiUsage.refresh")
        await is_shown(editor, lambda status: not status["busy"])
    assert names_asked(place.server) == []


async def test_a_key_of_another_organisation(place: Place) -> None:
    async with place.editor(place.folder("ws", "sk-proj-" + "x" * 156)) as editor:
        status = await is_shown(editor, lambda status: "is none of the" in status["tooltip"])
        assert of_all(status)
        assert len(names_asked(place.server)) == len(set(names_asked(place.server)))
        count = len(names_asked(place.server))
        await editor.run("openaiUsage.refresh")
        await is_shown(editor, lambda status: not status["busy"])
        assert len(names_asked(place.server)) == count


async def test_on_command_only_nothing_is_asked_without_one(place: Place) -> None:
    folder = place.folder("ws", place.key("Website chat"))
    async with place.editor(folder, settings={"refreshMinutes": 0}) as editor:
        await editor.status()
        editor.work_in(folder)
        editor.changed_file(folder / ".env")
        await editor.run("openaiUsage.chooseKey", None)
        assert place.server.requests == ()
        await editor.run("openaiUsage.refresh")
        await is_shown(editor, tells_of("Website chat"))


async def test_debug_logs_hold_nothing_of_a_key(place: Place) -> None:
    folder = place.folder("ws", place.key("Website chat"))
    place.write(folder / ".env.local", "sk-admin-" + "z" * 40)
    async with place.editor(folder, arguments=["--log-level", "debug"], OPENAI_API_KEY="sk-proj-" + "e" * 40) as editor:
        await is_shown(editor, tells_of("Website chat"))
        await editor.run("openaiUsage.show")
        panel = await editor.settled_panel()
        assert "is an admin key" in next(one["text"] for one in panel["notices"] if one["id"] == "workspace-file")
        place.server.inject(Fault("status", status=500, times=None))
        await editor.run("openaiUsage.refresh")
        await is_shown(editor, lambda status: status["severity"] == "warning" and not status["busy"])
