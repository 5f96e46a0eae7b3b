"""The endpoints of 2023 in the real process, with the demo organisation behind real HTTP on loopback."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from openai_usage.demo import Organization
from openai_usage.demo.legacy import Legacy
from tests.support.demo_server import DemoServer, Fault
from tests.support.editor import Editor, View, metric, notices, now_with_some_time_left, tables

SESSION = "sess-" + "s" * 40
PROJECT = "sk-proj-" + "p" * 40
ADMIN = "sk-admin-" + "k" * 40
FAST = 100_000
HTML = "<!doctype html><html><body>Welcome</body></html>"
ORGANIZATION_API = "/v1/organization/"


@dataclass
class Place:
    """A server of the demo organisation, a folder, and what must not be found anywhere."""

    server: DemoServer
    folder: Path
    secrets: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def editor(
        self, key: str = SESSION, settings: View | None = None, *, url: str | None = None, variable: str = ""
    ) -> AsyncIterator[Editor]:
        self.secrets.add(key)
        environ = {variable or "OPENAI_ADMIN_KEY": key, "OPENAI_BASE_URL": url or self.server.url}
        async with Editor(environ=environ, settings=settings, folder=self.folder) as editor:
            yield editor
            self.holds_no_secret(editor)
        self.holds_no_secret(editor)
        assert "Traceback" not in editor.everything_it_wrote()

    def holds_no_secret(self, editor: Editor) -> None:
        """Neither what it wrote, nor what it kept, nor an address or a header that is not for it."""
        sent = repr([(one.path, one.query, {**one.headers, "authorization": ""}) for one in self.server.requests])
        wrote = editor.everything_it_wrote() + sent
        kept = [path.read_bytes() + path.name.encode() for path in self.folder.rglob("*") if path.is_file()]
        for secret in self.secrets:
            for part in {secret[at : at + 12] for at in range(0, len(secret) - 12, 6)} | {secret[-12:]}:
                assert part not in wrote
                assert not any(part.encode() in data for data in kept)

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("usage-*.sqlite3"))

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.server.requests]

    @property
    def days(self) -> list[date]:
        return [date.fromisoformat(one.date or "") for one in self.server.days]

    def billed(self, first: date, last: date) -> dict[tuple[date, str], Fraction]:
        """In dollars, by day and line item, as the server itself says it when it is asked."""
        end = last + timedelta(days=1)
        answer = httpx.get(
            f"{self.server.url}/dashboard/billing/usage?start_date={first}&end_date={end}",
            headers={"authorization": f"Bearer {SESSION}"},
            trust_env=False,
        )
        told = json.loads(answer.content, parse_float=Decimal, parse_int=Decimal)
        return {
            (datetime.fromtimestamp(int(day["timestamp"]), UTC).date(), item["name"]): Fraction(item["cost"]) / 100
            for day in told["daily_costs"]
            for item in day["line_items"]
        }


@contextmanager
def serve(tmp_path: Path, **options: Any) -> Iterator[Place]:  # noqa: ANN401 - fields of Legacy
    now = now_with_some_time_left()
    organization = Organization(now=lambda: now)
    legacy = Legacy(**{"requests_per_minute": FAST, **options})
    with DemoServer(organization, legacy=legacy) as server:
        yield Place(server, tmp_path / "data")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with serve(tmp_path) as found:
        yield found


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Place]:
    with serve(tmp_path, kind="gateway") as found:
        yield found


def today() -> date:
    return datetime.now(UTC).date()


def value(panel: View, name: str) -> Fraction:
    return Fraction(metric(panel, name)["value"])


def is_at_rest(status: View) -> bool:
    return not status.get("busy") and "loading" not in status["text"]


def plain(text: str) -> str:
    """Without what Markdown needs."""
    return text.replace("\\", "")


def commands(view: View) -> set[str]:
    """Of all buttons."""
    found = set()
    for notice in view["notices"]:
        for one in (notice.get("command"), *(notice.get("more") or [])):
            found |= {one["command"]} if one else set()
    return found


def text_of(panel: View, notice_id: str) -> str:
    of_sections = [notice for section in panel["sections"] for notice in section["notices"]]
    return str(next(one["text"] for one in (*panel["notices"], *of_sections) if one["id"] == notice_id))


# A session token.


async def test_the_bill_of_a_session_token_is_the_organisation_s_to_the_last_digit(place: Place) -> None:
    async with place.editor() as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: not panel["busy"] and panel["metrics"])
        first = today() - timedelta(days=29)
        billed = place.billed(first, today())
        assert len({name for _, name in billed}) > 3
        assert value(panel, "spend") == sum(billed.values())
        assert value(panel, "today") == sum(cost for (day, _), cost in billed.items() if day == today())
        assert value(panel, "month") == sum(cost for (day, _), cost in billed.items() if day.month == today().month)
        panel = await editor.select(
            {"period": "7d", "section": "line-items"}, lambda panel: "line-items" in tables(panel)
        )
        week = today() - timedelta(days=6)
        by_name: dict[str, Fraction] = {}
        for (day, name), cost in billed.items():
            if day >= week:
                by_name[name] = by_name.get(name, Fraction(0)) + cost
        rows = tables(panel)["line-items"]["rows"]
        told = {row["cells"][0]["text"]: Fraction(row["cells"][1]["value"]) for row in rows}
        assert told == {name: cost for name, cost in by_name.items() if cost}
        for n in range(3):
            chosen = (today() - timedelta(days=n)).isoformat()
            one = await editor.select({"start": chosen, "end": chosen})
            assert value(one, "spend") == sum(cost for (on, _), cost in billed.items() if on.isoformat() == chosen)
        assert not any(path.startswith(ORGANIZATION_API) for path in place.paths)


async def test_whose_it_is_its_limit_and_its_credit(place: Place) -> None:
    organization = place.server.api.organization
    async with place.editor() as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: "metrics" in panel and organization.id in panel.get("subtitle", ""))
        assert f"{organization.name} ({organization.id}" in panel["subtitle"]
        # Of a month only at OpenAI's own address.
        assert value(panel, "limit") > 0
        assert value(panel, "credit") >= 0
        assert "of $" in metric(panel, "credit")["detail"]
        status = editor.statuses[-1]
        assert organization.name in plain(status["tooltip"])
        assert "Credit left" in status["tooltip"]
        assert status["severity"] == "ok"


async def test_the_members_are_asked_for_where_the_organisation_is_set(place: Place) -> None:
    organization = place.server.api.organization
    async with place.editor(settings={"organization": organization.id}) as editor:
        await editor.run("openaiUsage.show")
        await editor.until(lambda: f"/v1/organizations/{organization.id}/users" in place.paths)
        await editor.panel(
            lambda panel: f"{organization.name} ({organization.id}, default, owner)" in panel["subtitle"]
        )
        assert all(one.headers.get("openai-organization") == organization.id for one in place.server.requests)


# A gateway.


@pytest.mark.parametrize("tail", ["/v1", ""], ids=["with /v1", "without"])
async def test_a_gateway_tells_one_sum_and_a_quota(gateway: Place, tail: str) -> None:
    url = gateway.server.origin + tail
    async with gateway.editor(PROJECT, url=url) as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: not panel["busy"] and panel["metrics"])
        assert {one["id"] for one in panel["metrics"]} == {"used", "left"}
        assert text_of(panel, "one-sum").startswith("127.0.0.1 tells one sum, all there ever was, and no days")
        used, left = value(panel, "used"), value(panel, "left")
        assert (used + left) % 1000 == 0
        status = await editor.status(lambda status: "used of $" in status["text"])
        assert status["severity"] == "ok"

        editor.change_settings({"legacyUnit": "usd"})
        panel = await editor.panel(lambda panel: panel["metrics"] and value(panel, "used") == used * 100)
        assert metric(panel, "left")["text"].startswith("-") or value(panel, "left") < 0
        editor.change_settings({"legacyUnit": "cents"})
        count = len(editor.panels)
        await editor.panel(lambda panel: panel["metrics"] and value(panel, "used") == used, after=count - 1)
    assert len(gateway.files) == 2, "in another unit they are other figures"
    assert not any(path.startswith(ORGANIZATION_API) for path in gateway.paths)


async def test_a_key_of_a_gateway_without_a_quota(tmp_path: Path) -> None:
    with serve(tmp_path, kind="gateway", is_unlimited=True) as found:
        async with found.editor("a-key-of-a-gateway-" + "g" * 20) as editor:
            await editor.run("openaiUsage.show")
            panel = await editor.panel(lambda panel: not panel["busy"] and panel["metrics"])
            assert metric(panel, "left")["text"] == "No limit"
            assert "100,000,000" not in json.dumps(panel)
            await editor.status(lambda status: status["text"].endswith(" used"))


async def test_a_gateway_that_answers_what_it_does_not_know_with_its_website(gateway: Place) -> None:
    gateway.server.inject(
        *(Fault("status", status=200, body=HTML, path=path, times=None) for path in ("credit_grants", "/v1/usage"))
    )
    async with gateway.editor(PROJECT) as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: not panel["busy"] and panel["metrics"])
        await editor.until(lambda: gateway.days)
        await editor.run("openaiUsage.select", {})
        assert {one["id"] for one in panel["metrics"]} == {"used", "left"}
        await editor.status(lambda status: "used of $" in status["text"])
        assert notices(editor.panels[-1]) == ["one-sum"]
        assert "html" not in (editor.statuses[-1]["tooltip"] + json.dumps(editor.panels[-1])).lower()


async def test_one_that_only_has_its_billing_beside_v1(gateway: Place) -> None:
    gateway.server.inject(Fault("status", status=404, path="/v1/dashboard", times=None))
    async with gateway.editor(PROJECT) as editor:
        await editor.status(lambda status: "used of $" in status["text"])
        assert "/dashboard/billing/usage" in gateway.paths


# An ordinary key.


def is_told_of(status: View) -> bool:
    return is_at_rest(status) and "endpoints of 2023" in plain(status["tooltip"])


async def test_what_came_of_an_ordinary_key_is_said(place: Place) -> None:
    async with place.editor(PROJECT) as editor:
        await editor.run("openaiUsage.show")
        status = await editor.status(is_told_of)
        await editor.until(lambda: len(place.server.days) == 5)
        panel = await editor.panel(lambda panel: "session token" in json.dumps(panel, ensure_ascii=False))
        for text in (plain(editor.statuses[-1]["tooltip"]), json.dumps(panel, ensure_ascii=False)):
            assert "session token of a browser (sess-…), not for an API key (403)" in text
            # The demo server is not OpenAI's own, so it is not said to be.
            assert "an empty answer does not mean that nothing was used" in text
        await editor.run("openaiUsage.select", {"period": "7d"})
        assert status["severity"] == "error"
        everything = json.dumps([editor.statuses, editor.panels])
        assert "$0" not in everything
        assert '"0"' not in everything
        assert {"openaiUsage.refresh", "openaiUsage.readDays"} <= commands(panel)
        assert panel["metrics"] == []
        assert not any(path.startswith(ORGANIZATION_API) for path in place.paths)
        assert place.days == [today() - timedelta(days=n) for n in range(5)]
        # Also while it is tried once more, nothing else is said in between.
        count = len(editor.statuses)
        await editor.run("openaiUsage.refresh")
        await editor.status(lambda status: status["busy"], after=count)
        await editor.status(is_told_of, after=count)
        assert all("endpoints of 2023" in one["tooltip"] for one in editor.statuses[count:])


async def test_an_ordinary_key_that_is_told_its_use(tmp_path: Path) -> None:
    with serve(tmp_path, is_filled_for_keys=True) as found:
        async with found.editor(PROJECT) as editor:
            await editor.run("openaiUsage.show")
            panel = await editor.panel(
                lambda panel: panel["metrics"] and "estimated" in {one["id"] for one in panel["metrics"]}
            )
            assert {"spend", "today", "month"}.isdisjoint(one["id"] for one in panel["metrics"])
            assert metric(panel, "estimated")["text"].startswith("≈ $")
            assert "session token" in text_of(panel, "no-bill")
            status = await editor.status(lambda status: "≈ $" in status["text"])
            assert "+ this month" in status["text"]
            assert "or more" in status["accessibleLabel"]
            assert status["severity"] == "ok"
            counts = len(editor.statuses), len(editor.panels)
            await editor.run("openaiUsage.refresh")
            await editor.status(lambda status: status["busy"], after=counts[0])
            await editor.status(is_at_rest, after=counts[0] + 1)
            assert all("≈ $" in one["text"] for one in editor.statuses[counts[0] :])
            assert all("spend" not in {each["id"] for each in one["metrics"]} for one in editor.panels[counts[1] :])


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "does not accept this key (401)"),
        (403, "denied access (403)"),
        (404, "There is no such endpoint (404)."),
        (429, "asks to slow down (429)"),
        (500, "has a problem of its own (500)"),
        (503, "has a problem of its own (503)"),
    ],
)
@pytest.mark.parametrize("key", [SESSION, PROJECT], ids=["session", "project"])
async def test_what_is_refused_is_said_in_its_own_words(place: Place, key: str, status: int, said: str) -> None:
    # Of every OpenAI error that quotes a key, too.
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {key}."}})
    place.server.inject(Fault("status", status=status, body=body, headers={"retry-after": "900"}, times=None))
    async with place.editor(key) as editor:
        shown = await editor.status(lambda one: is_at_rest(one) and said in plain(one["tooltip"]))
        assert shown["severity"] in {"error", "warning"}
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: said in json.dumps(panel))
        assert panel["metrics"] == []
        assert "$0" not in json.dumps([editor.statuses, editor.panels])


async def test_a_server_that_is_not_there(place: Place) -> None:
    async with place.editor(url="http://127.0.0.1:1/v1") as editor:
        status = await editor.status(is_at_rest)
        assert "cannot be reached" in status["tooltip"]
        assert "$0" not in json.dumps([editor.statuses, editor.panels])


async def test_a_bill_that_breaks_leaves_what_was_known(place: Place) -> None:
    async with place.editor() as editor:
        before = await editor.status(lambda status: is_at_rest(status) and "today" in status["text"])
        place.server.inject(Fault("status", status=500, times=None))
        await editor.run("openaiUsage.refresh")
        after = await editor.status(lambda status: is_at_rest(status) and status["severity"] == "warning")
        assert before["text"].partition(" ")[2] in after["text"]
        assert "has a problem of its own (500)" in plain(after["tooltip"])


# Two sources.


async def test_the_same_key_in_the_other_source_and_back(place: Place) -> None:
    async with place.editor(ADMIN) as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.settled_panel()
        spend = value(panel, "spend")
        assert all(not path.startswith(("/v1/usage", "/v1/dashboard")) for path in place.paths)
        count = len(editor.panels)
        editor.change_settings({"source": "legacy"})
        old = await editor.panel(lambda panel: not panel["busy"] and "credit" in json.dumps(panel), after=count)
        assert value(old, "spend") == sum(place.billed(today() - timedelta(days=29), today()).values())
        # What was on its way was given up. Nothing more is asked of the other one.
        place.server.reset()
        await editor.run("openaiUsage.refresh")
        await editor.until(lambda: any(path.endswith("/billing/usage") for path in place.paths))
        await editor.until(lambda: not editor.statuses[-1].get("busy"))
        assert all(not path.startswith(ORGANIZATION_API) for path in place.paths)
        count = len(editor.panels)
        editor.change_settings({"source": "organization"})
        back = await editor.panel(
            lambda panel: not panel["busy"] and "limits" in {one["id"] for one in panel["sections"]}, after=count
        )
        assert value(back, "spend") == spend
        assert "credit" not in {one["id"] for one in back["metrics"]}
        assert {one["id"] for one in back["sections"]} >= {"projects", "limits"}
    assert len(place.files) == 2


async def test_an_ordinary_key_is_refused_in_the_organisation_s_source_as_before(place: Place) -> None:
    async with place.editor(PROJECT, {"source": "organization"}) as editor:
        await editor.status(lambda status: is_at_rest(status) and "Missing scopes" not in status["tooltip"])
        # A gateway's keys are of its own kinds: the demo server is none, and refuses.
        status = await editor.status(lambda status: "(403)" in plain(status["tooltip"]))
        assert "lacks the permission api.usage.read" in plain(status["tooltip"])
        assert all(path.startswith(ORGANIZATION_API) for path in place.paths)
        editor.change_settings({"source": "auto"})
        await editor.status(is_told_of)
        count = len(editor.statuses)
        editor.change_settings({"source": "organization"})
        await editor.status(
            lambda status: "lacks the permission api.usage.read" in plain(status["tooltip"]), after=count
        )


async def test_another_organisation_of_the_same_key_is_another_account(place: Place) -> None:
    organization = place.server.api.organization
    async with place.editor() as editor:
        await editor.status(lambda status: is_at_rest(status) and "today" in status["text"])
        assert not any("openai-organization" in one.headers for one in place.server.requests)
        place.server.reset()
        count = len(editor.statuses)
        editor.change_settings({"organization": organization.slug})
        await editor.status(lambda status: is_at_rest(status) and "today" in status["text"], after=count)
        sent = [one.headers.get("openai-organization") for one in place.server.requests]
        assert set(sent[sent.index(organization.slug) :]) == {organization.slug}
        assert len(place.files) == 2
        # Not a member of that one.
        editor.change_settings({"organization": "org-of-others"})
        status = await editor.status(lambda status: "(401)" in plain(status["tooltip"]))
        assert "$" not in status["text"].replace("$(", "(")
        assert len(place.files) == 3


# Day by day.


def has_begun(editor: Editor) -> bool:
    return any(kinds[:1] == ["begin"] for kinds in editor.progress_kinds)


async def reading(editor: Editor, place: Place) -> None:
    """The first five days are there, and the others are waited for."""
    await editor.run("openaiUsage.show")
    await editor.until(lambda: len(place.server.days) >= 5 and has_begun(editor))


async def test_progress_says_how_many_days_are_left_and_can_be_cancelled(place: Place) -> None:
    async with place.editor() as editor:
        await reading(editor, place)
        assert editor.progress_messages[-1] == ["25 days left, about 4 minutes"]
        assert place.days == [today() - timedelta(days=n) for n in range(5)]
        await editor.panel(lambda panel: panel["metrics"] and "5 of 30 days" in json.dumps(panel))
        editor.cancel_progress()
        await editor.until(lambda: editor.progress_kinds[-1][-1] == "end")
        await editor.panel(
            lambda panel: (
                "openaiUsage.readDays" in {(one.get("command") or {}).get("command") for one in panel["notices"]}
            )
        )
        for act in ("openaiUsage.readDays", "openaiUsage.select"):
            count = len(editor.progress_kinds)
            await editor.run(act, *([{}] if act.endswith("select") else []))
            await editor.until(lambda: len(editor.progress_kinds) > count and has_begun(editor))  # noqa: B023 - now
            await editor.until(lambda: editor.progress_kinds[-1] and editor.progress_kinds[-1][0] == "begin")
            editor.cancel_progress()
            await editor.until(lambda: editor.progress_kinds[-1][-1] == "end")
        assert place.days == [today() - timedelta(days=n) for n in range(5)], "nothing twice, and nothing too soon"


async def test_after_the_server_was_killed_only_missing_days_are_asked_for(place: Place) -> None:
    async with place.editor() as editor:
        await reading(editor, place)
        # What is known of a day is kept at once.
        await editor.panel(lambda panel: panel["metrics"] and "5 of 30 days" in json.dumps(panel))
        editor.process.kill()
        await editor.process.wait()
    known = set(place.days)
    place.server.reset()
    async with place.editor() as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: panel["metrics"] and "5 of 30 days" in json.dumps(panel))
        assert value(panel, "tokens") > 0
        await editor.until(lambda: has_begun(editor))
    # Today is asked for again at a new look, when a minute is over.
    assert set(place.days) - known == set()


async def test_two_windows_show_the_same_and_ask_once(place: Place) -> None:
    async with place.editor() as one, place.editor() as other:
        await reading(one, place)
        await other.run("openaiUsage.show")
        there = "5 of 30 days"
        first = await one.panel(lambda panel: panel["metrics"] and there in json.dumps(panel))
        await other.panel(lambda panel: panel["metrics"] and there in json.dumps(panel))
        tokens: Callable[[Editor], str] = lambda editor: metric(editor.panels[-1], "tokens")["text"]  # noqa: E731
        await other.until(lambda: tokens(one) == tokens(other))
        assert value(first, "spend") == value(other.panels[-1], "spend")
        assert len(place.server.days) == 5


async def test_what_was_known_is_shown_while_the_server_is_away(place: Place) -> None:
    async with place.editor() as editor:
        await reading(editor, place)
        before = await editor.panel(lambda panel: panel["metrics"] and "5 of 30 days" in json.dumps(panel))
    place.server.inject(Fault("close", times=None))
    async with place.editor() as editor:
        await editor.run("openaiUsage.show")
        panel = await editor.panel(lambda panel: panel["metrics"])
        for name in ("spend", "tokens", "credit"):
            assert value(panel, name) == value(before, name)
