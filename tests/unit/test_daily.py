"""Use read a day at a time, by a clock that nobody waits for: which days, in which order, how fast, and when not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from openai_usage.days import Days, last_days
from openai_usage.endpoints import USAGE
from openai_usage.fetch.legacy import USE
from openai_usage.protocol import Metric, PanelView, Selection, WindowState
from openai_usage.queries import usage_query
from openai_usage.settings import Settings
from openai_usage.views.sources import READING_DAYS
from tests.support.little_legacy import USERS, LittleLegacy, refusal
from tests.support.windows import START, Bar, Server, World

SESSION = "sess-" + "x" * 40
PROJECT = "sk-proj-" + "x" * 40
ON_COMMAND = Settings(refresh_minutes=0)
HOUR = 3600.0


@dataclass
class Place:
    """A world, and who is asked there."""

    folder: Path

    @cached_property
    def world(self) -> World:
        return self.of()

    def of(self, key: str = SESSION, settings: Settings | None = None, **about: Any) -> World:  # noqa: ANN401
        """The world, made with other settings."""
        world = World(1, self.folder, settings, key)
        self.__dict__["world"] = world
        self.openai = LittleLegacy(world.now, lambda: world.time, **about)
        world.answers = self.openai.answer
        world.hurry = 1.0
        return world

    @property
    def today(self) -> date:
        return self.world.now().date()

    def start(self) -> Server:
        """A server with its panel open."""
        server = self.world.start()
        server.do(server.monitor.show)
        return server

    def month(self) -> list[date]:
        """The 30 days that the panel shows first, the newest first."""
        return list(reversed([*last_days(30, self.today)]))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.world.end()
    # Whatever happens: it is never asked too fast, nor for what is not there yet.
    assert place.openai.most_in_a_minute() <= (10 if place.world.offset < timedelta() else 5)
    assert all(one.day <= max(place.today, START.date()) for one in place.openai.asked)


def newest(server: Server) -> PanelView:
    return server.panels[-1]


def metric(server: Server, name: str) -> Metric:
    return next(one for one in newest(server).metrics if one.id == name)


def notices(server: Server) -> list[str]:
    panel = newest(server)
    return [one.id for one in (*panel.notices, *(each for section in panel.sections for each in section.notices))]


def text_of(server: Server, notice_id: str) -> str:
    panel = newest(server)
    found = (*panel.notices, *(each for section in panel.sections for each in section.notices))
    return next(one.text for one in found if one.id == notice_id)


def bars(server: Server) -> list[Bar]:
    return [bar for bar in server.bars if bar.title == READING_DAYS]


def select(server: Server, **selection: Any) -> None:  # noqa: ANN401
    server.do(lambda: server.monitor.select(Selection(**selection)))


def look(server: Server, *, is_active: bool = True, is_panel_visible: bool = True) -> None:
    server.do(lambda: server.monitor.attend(WindowState(is_active=is_active, is_panel_visible=is_panel_visible)))


# Which days, and how fast.


def test_the_newest_days_come_first_five_a_minute(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    server = place.start()
    world.run(30)
    assert place.openai.days == place.month()[:5]
    assert text_of(server, "days").startswith("Use comes one day at a time, 5 days a minute: 5 of 30 days")
    world.run(61)
    assert place.openai.days == place.month()[:10]
    world.run(4 * 61)
    assert place.openai.days == place.month()
    assert notices(server) == []
    assert metric(server, "tokens").value == str(sum(place.openai.tokens(day) * 11 // 10 for day in place.month()))
    (bar,) = bars(server)
    assert not bar.is_open
    assert [int(text.split()[0]) for text in bar.said] == [25, 20, 15, 10, 5]
    world.run(HOUR)
    assert len(place.openai.asked) == 30


def test_what_is_known_shows_after_each_day(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    server = place.start()
    world.run(3 * 61)
    seen = [one.value for panel in server.panels for one in panel.metrics if one.id == "tokens"]
    assert len(dict.fromkeys(seen)) >= 15
    assert [int(one) for one in seen if one] == sorted(int(one) for one in seen if one)


def test_today_is_read_again_with_each_look_and_settled_days_never(place: Place) -> None:
    world = place.of(settings=Settings(refresh_minutes=10))
    server = place.start()
    world.run(7 * 61)
    assert set(place.openai.days) == set(place.month())
    count = len(place.openai.asked)
    world.run(3 * HOUR)
    assert set(place.openai.days[count:]) <= set(place.month()[:4]), "what may still move, and nothing else"
    again = [day for day in place.openai.days[count:] if day == place.today]
    assert 6 <= len(again) <= 18
    # As it was at the last look.
    world.run(600)
    server.do(server.monitor.refresh)
    world.run(61)
    assert metric(server, "tokens").value == str(sum(place.openai.tokens(day) * 11 // 10 for day in place.month()))


def test_a_day_is_not_read_twice_within_a_minute(place: Place) -> None:
    """Five a minute are few: who opens the panel just after the start wants the other days."""
    world = place.of()
    server = world.start()
    world.run(3)
    for _ in range(3):
        server.do(server.monitor.show)
        server.do(server.monitor.refresh)
        world.run(4)
    assert place.openai.days == place.month()[:5]


def test_a_day_that_begins_is_read(place: Place) -> None:
    world = place.of()
    server = place.start()
    world.run(7 * 61)
    world.sleep(timedelta(hours=16))
    world.run(7 * 61)
    assert place.today in place.openai.days
    assert metric(server, "tokens").value == str(sum(place.openai.tokens(day) * 11 // 10 for day in place.month()))


def test_what_a_longer_period_needs_is_read_on_request(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    server = place.start()
    select(server, period="90d")
    world.run(20 * 61)
    assert len(place.openai.days) == 31
    assert text_of(server, "days").startswith("Use comes one day at a time, 5 days a minute: 31 of 90 days")
    assert next(one for one in newest(server).notices + newest(server).sections[0].notices if one.id == "days").command
    server.do(server.monitor.read_days)
    world.run(13 * 61)
    assert place.openai.days == list(reversed([*last_days(90, place.today)]))
    assert notices(server) == []


def test_another_selection_leaves_off_what_was_wanted_on_request(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    server = place.start()
    select(server, period="90d")
    world.run(7 * 61)
    server.do(server.monitor.read_days)
    world.run(2 * 61)
    count = len(place.openai.asked)
    select(server, period="7d")
    world.run(10 * 61)
    assert len(place.openai.asked) == count
    assert not any(bar.is_open for bar in bars(server))


def test_a_selection_on_the_way_changes_what_is_read(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    server = place.start()
    world.run(61)
    count = len(place.openai.asked)
    wanted = Days(place.today - timedelta(days=60), place.today - timedelta(days=57))
    select(server, start=wanted.first, end=wanted.last)
    world.run(20 * 61)
    assert place.openai.days[count:] == list(reversed([*wanted]))
    assert len([bar for bar in bars(server) if bar.is_open]) == 0


@pytest.mark.parametrize("has_bill", [True, False])
def test_without_a_panel_only_what_the_status_bar_tells_is_read(place: Place, has_bill: bool) -> None:
    world = place.of(settings=Settings(refresh_minutes=60), has_bill=has_bill)
    server = world.start()
    world.run(10 * 61)
    month = place.today.day
    assert place.openai.days == ([place.today] if has_bill else place.month()[:month])
    assert bars(server) == [], "nobody looks at it"


def test_a_panel_that_is_hidden_leaves_off_and_goes_on_where_it_was(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    server = place.start()
    world.run(61)
    look(server, is_panel_visible=False)
    world.run(5 * 61)
    count = len(place.openai.asked)
    assert count <= 11
    assert not any(bar.is_open for bar in bars(server))
    look(server)
    world.run(6 * 61)
    assert sorted(place.openai.days, reverse=True) == place.month()
    assert len(place.openai.asked) == 30


def test_a_panel_that_opens_while_it_is_read_shows_how_far_it_is(place: Place) -> None:
    """What began while nobody looked can be cancelled, too."""
    world = place.of(has_bill=False)
    server = world.start()
    world.run(90)
    assert bars(server) == []
    server.do(server.monitor.show)
    world.run(61)
    (bar,) = bars(server)
    assert bar.is_open
    bar.cancel()
    world.run(1)
    count = len(place.openai.asked)
    world.run(5 * 61)
    assert len(place.openai.asked) == count


# Cancelled.


def cancelled(place: Place, settings: Settings = ON_COMMAND) -> Server:
    """A server whose user stopped it in the second minute."""
    world = place.of(settings=settings)
    server = place.start()
    world.run(90)
    server.do(bars(server)[-1].cancel)
    world.run(5)
    assert len(place.openai.asked) == 10
    assert not any(bar.is_open for bar in bars(server))
    return server


def test_what_is_cancelled_stays_cancelled(place: Place) -> None:
    server = cancelled(place, Settings(refresh_minutes=5))
    assert next(one for one in newest(server).sections[0].notices + newest(server).notices if one.id == "days").command
    place.world.run(HOUR)
    # Whoever goes to another window and comes back did not ask for it.
    look(server, is_active=False)
    place.world.run(300)
    look(server)
    look(server, is_panel_visible=False)
    place.world.run(5)
    look(server)
    place.world.run(HOUR)
    assert len(place.openai.asked) == 10


@pytest.mark.parametrize(
    "act",
    [
        lambda server: server.monitor.read_days(),
        lambda server: server.monitor.refresh(),
        lambda server: server.monitor.show(),
        lambda server: server.monitor.select(Selection(section="models")),
    ],
    ids=["read days", "refresh", "show", "select"],
)
def test_it_goes_on_when_the_user_acts(place: Place, act: Callable[[Server], None]) -> None:
    server = cancelled(place)
    server.do(lambda: act(server))
    place.world.run(6 * 61)
    assert set(place.openai.days) == set(place.month())
    # A refresh asks again for what may have moved.
    assert len(place.openai.asked) <= 34
    settled = place.month()[4:]
    assert sorted(day for day in place.openai.days if day in settled) == sorted(settled)


def test_another_account_was_not_cancelled_and_nothing_was_wanted_of_it(place: Place) -> None:
    server = cancelled(place)
    select(server, period="90d")
    server.do(server.monitor.read_days)
    place.world.run(61)
    server.do(bars(server)[-1].cancel)
    place.world.run(5)
    count = len(place.openai.asked)
    place.world.run(61)
    server.do(lambda: server.monitor.configure(Settings(refresh_minutes=0, organization="org-little")))
    server.do(server.monitor.show)
    place.world.run(20 * 61)
    assert len(place.openai.asked) == count + 31


# What goes wrong.


def test_who_is_asked_to_slow_down_goes_on_later(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    place.openai.faults = [refusal(429), refusal(429, **{"retry-after": "90"})]
    server = place.start()
    world.run(30)
    assert len(place.openai.asked) == 1
    world.run(40)
    assert len(place.openai.asked) == 2
    world.run(75)
    assert len(place.openai.asked) == 2
    world.run(7 * 61)
    assert place.openai.days == place.month()
    assert notices(server) == []


def test_who_is_asked_to_slow_down_for_ever_gives_up_and_says_so(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    place.openai.faults = [refusal(429) for _ in range(100)]
    server = place.start()
    world.run(HOUR)
    assert len(place.openai.asked) == 4
    assert "asks to slow down (429)" in text_of(server, "usage-problem")
    place.openai.faults = []
    server.do(server.monitor.read_days)
    world.run(6 * 61)
    assert place.openai.days == place.month()
    assert notices(server) == []


def test_a_server_that_has_a_problem_is_asked_no_faster(place: Place) -> None:
    """Each question counts, whatever is answered."""
    world = place.of(settings=ON_COMMAND)
    place.openai.faults = [refusal(500), refusal(500)]
    server = place.start()
    world.run(8 * 61)
    assert place.openai.days == place.month()
    assert len(place.openai.asked) == 32
    assert notices(server) == []


@pytest.mark.parametrize(("status", "said"), [(500, "has a problem of its own (500)"), (401, "does not accept")])
def test_what_cannot_be_read_is_said_and_read_at_the_next_look(place: Place, status: int, said: str) -> None:
    world = place.of(settings=Settings(refresh_minutes=10))
    server = place.start()
    world.run(30)
    count = len(place.openai.asked)
    place.openai.faults = [refusal(status) for _ in range(9)]
    world.run(120)
    assert said in text_of(server, "usage-problem")
    assert not any(bar.is_open for bar in bars(server))
    assert len(place.openai.asked) <= count + 3
    place.openai.faults = []
    world.run(20 * 61)
    assert set(place.openai.days) == set(place.month())
    assert notices(server) == []


def test_a_server_without_it_is_asked_once(place: Place) -> None:
    world = place.of()
    place.openai.faults = [refusal(404) for _ in range(99)]
    server = place.start()
    world.run(HOUR)
    assert len(place.openai.asked) == 1
    assert "does not tell use by day" in text_of(server, "usage-problem")
    server.do(server.monitor.refresh)
    world.run(5)
    assert len(place.openai.asked) == 2, "what is not there may be there later"


# An endpoint that is not filled.


@pytest.mark.parametrize("has_bill", [True, False])
def test_an_endpoint_that_is_not_filled_is_left_off_after_five_days(place: Place, has_bill: bool) -> None:
    world = place.of(PROJECT, ON_COMMAND, is_filled=False, has_bill=has_bill)
    server = place.start()
    world.run(20 * 61)
    assert place.openai.days == place.month()[:5]
    assert bars(server) == []
    said = server.statuses[-1].tooltip + repr(newest(server))
    assert "OpenAI no longer fills this endpoint" in said.replace("\\", "")
    assert {one.id for one in newest(server).metrics} <= {"spend", "today", "month"}
    server.do(server.monitor.read_days)
    world.run(6 * 61)
    assert place.openai.days == place.month()


def test_a_user_who_used_nothing_for_a_while_finds_what_was_before(place: Place) -> None:
    world = place.of(PROJECT, ON_COMMAND, has_bill=False)
    last = place.today - timedelta(days=9)
    tokens = place.openai._tokens  # noqa: SLF001
    place.openai._tokens = lambda day, user: tokens(day, user) if day <= last else 0  # type: ignore[method-assign] # noqa: SLF001
    server = place.start()
    world.run(3 * 61)
    assert len(place.openai.asked) == 5
    server.do(server.monitor.read_days)
    world.run(6 * 61)
    assert place.openai.days == place.month()
    assert metric(server, "tokens").value == str(sum(place.openai.tokens(day) * 11 // 10 for day in place.month()))
    # Whether there was nothing since, or it is not told any more, nobody knows.
    assert "no longer fills" in text_of(server, "unfilled")
    assert (metric(server, "tokens").detail or "").startswith("or more")


# Rows that name no user.


def test_the_use_of_one_user_is_asked_for_by_user(place: Place) -> None:
    world = place.of(settings=Settings(refresh_minutes=0, organization="org-little"), tells_users=False)
    server = place.start()
    world.run(6 * 61)
    everyone = place.openai.days
    assert everyone == place.month()
    assert all(one.user is None for one in place.openai.asked)
    select(server, user_ids=[USERS[1]], period="7d")
    world.run(3 * 61)
    asked = place.openai.asked[len(everyone) :]
    assert [(one.day, one.user) for one in asked] == [(day, USERS[1]) for day in place.month()[:7]]
    assert metric(server, "tokens").value == str(
        sum(place.openai.tokens(day) * 2 // 3 * 11 // 10 for day in place.month()[:7])
    )
    select(server, user_ids=[USERS[0]])
    world.run(3 * 61)
    assert [one.user for one in place.openai.asked[len(everyone) + 7 :]] == [USERS[0]] * 7
    count = len(place.openai.asked)
    for users in ([], [USERS[1]], [USERS[0]], [*USERS]):
        select(server, user_ids=users)
        world.run(2 * 61)
    assert len(place.openai.asked) == count
    assert "one user at a time" in text_of(server, "users")


def test_rows_that_name_their_user_are_asked_for_once(place: Place) -> None:
    world = place.of(settings=ON_COMMAND)
    server = place.start()
    select(server, period="7d")
    world.run(2 * 61)
    select(server, user_ids=[USERS[1]])
    world.run(2 * 61)
    assert len(place.openai.asked) == 7
    assert metric(server, "tokens").value == str(
        sum(place.openai.tokens(day) * 2 // 3 * 11 // 10 for day in place.month()[:7])
    )


# The clock.


def test_a_clock_that_is_set_back_keeps_nothing_waiting(place: Place) -> None:
    world = place.of()
    server = place.start()
    world.run(61)
    world.sleep(-timedelta(days=2))
    # To the new count of the minute, what was asked before it is nothing.
    world.run(20)
    world.run(8 * 61)
    assert server.store.buckets[USE].missing(last_days(30, place.today)) == []
    assert server.store.buckets[usage_query(USAGE[0])].missing(last_days(30, place.today)) == []
