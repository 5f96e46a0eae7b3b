"""When it fetches, by a clock that the test sets; the demo organisation answers in the process."""

import asyncio
import itertools
import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from openai_usage import export, monitor, schedule
from openai_usage.monitor import CancelledError, NotReadyError
from openai_usage.protocol import Selection, WindowState
from openai_usage.scope import days_of
from openai_usage.settings import Settings
from tests.support.world import (
    BEFORE,
    FIRST,
    SPLITS,
    USAGE,
    Question,
    World,
    can_wait,
    is_of_limits,
    is_of_names,
    is_of_the_period_before,
)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    # The clock is looked at all the time, instead of once a minute.
    monkeypatch.setattr(schedule, "_LONGEST_WAIT", timedelta(milliseconds=1))
    return World()


# When it is time.


async def test_it_fetches_again_when_it_is_time(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=5)):
        await world.until(lambda: len(world.statuses) == 1)
        world.now += timedelta(minutes=4)
        await world.has_looked_at_the_clock()
        assert len(world.asked) == len(FIRST)
        world.now += timedelta(minutes=1)
        await world.until(lambda: len(world.asked) == 2 * len(FIRST))
        await world.until(lambda: len(world.statuses) == 2)


async def test_settings_told_again_are_no_reason_to_ask_again(world: World) -> None:
    world.hold()
    async with world.monitor(Settings()) as watched:
        await world.until(lambda: len(world.asked) == len(FIRST))
        watched.configure(Settings())
        world.let_go()
        await world.until(lambda: world.statuses)
        watched.configure(Settings())
        await world.has_looked_at_the_clock()
    assert len(world.asked) == len(FIRST)


async def test_a_shorter_wait_counts_from_the_last_fetch(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=60)) as watched:
        await world.until(lambda: world.statuses)
        world.now += timedelta(minutes=4)
        watched.configure(Settings(refresh_minutes=5))
        await world.has_looked_at_the_clock()
        assert len(world.asked) == len(FIRST)
        world.now += timedelta(minutes=1)
        await world.until(lambda: len(world.asked) == 2 * len(FIRST))


async def test_automatic_refresh_can_be_turned_on(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=0)) as watched:
        await world.until(lambda: world.statuses)
        assert world.asked == []
        watched.configure(Settings(refresh_minutes=5))
        await world.until(lambda: len(world.asked) == len(FIRST))


async def test_a_new_day_is_not_called_the_old_one(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=0)) as watched:
        watched.refresh()
        await world.until(lambda: world.statuses and "today" in world.statuses[-1].text)
        await world.until(lambda: not world.statuses[-1].busy)
        world.now += timedelta(minutes=20)
        await world.until(lambda: "on 20 Nov" in world.statuses[-1].text)
        assert len(world.asked) == len(FIRST)


async def test_a_new_day_is_read_with_the_days_that_were_not_settled(world: World) -> None:
    async with world.panel():
        count = len(world.asked)
        world.now += timedelta(days=2)
        await world.until(lambda: world.panels[-1].as_of == "2026-11-22T23:50:00Z")
        await world.is_quiet()
        assert world.shown.charts[0].categories[-1] == "2026-11-22"
        again = [one for one in world.asked[count:] if one.is_figures and not is_of_the_period_before(one)]
        # The bill settles in three days, use in one.
        firsts = {(one.path == "costs", one.first) for one in again if one.last == world.now.date()}
        assert firsts == {(True, date(2026, 11, 17)), (False, date(2026, 11, 19))}


async def test_it_does_not_ask_sooner_than_it_was_told(world: World) -> None:
    world.answers = [(lambda _: True, 429, "slow down")]
    world.headers = {"retry-after": "1800"}
    async with world.monitor(Settings(refresh_minutes=5)):
        await world.until(lambda: world.statuses)
        assert "The next try is at 21 Nov 00:20 UTC" in world.statuses[-1].accessible_label
        world.now += timedelta(minutes=29)
        await world.has_looked_at_the_clock()
        assert len(world.asked) == len(FIRST)
        world.now += timedelta(minutes=1)
        await world.until(lambda: len(world.asked) == 2 * len(FIRST))


async def test_names_that_are_answered_do_not_lift_the_wait_for_costs(world: World) -> None:
    async with world.panel(Settings(refresh_minutes=5)) as watched:
        world.headers = {"retry-after": "1800"}
        world.answers = [(lambda question: question.is_figures, 429, "slow down")]
        watched.refresh()
        await world.is_quiet()
        count = len(world.asked)
        world.now += timedelta(minutes=9)
        await world.is_quiet()
        assert world.names_since(count) == []
        assert "The next try is at 21 Nov 00:20 UTC" in world.panels[-1].notices[0].text


async def test_a_clock_that_is_set_back(world: World) -> None:
    world.now += timedelta(days=5)
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.now -= timedelta(days=5)
        await world.until(lambda: "today" in world.statuses[-1].text and len(world.asked) == 2 * len(FIRST))
        world.now -= timedelta(hours=3)
        await world.until(lambda: len(world.asked) == 3 * len(FIRST))
        watched.refresh()
        await world.until(lambda: len(world.asked) == 4 * len(FIRST))
        await world.until(lambda: world.statuses[-1].severity == "ok" and not world.statuses[-1].busy)


# How much is asked.


async def test_the_first_status_takes_two_requests_side_by_side(world: World) -> None:
    async with world.monitor():
        await world.until(lambda: world.statuses)
        await world.is_quiet()
        assert [repr(one) for one in world.asked] == [f"{name} 2026-11-01..2026-11-20" for name in FIRST]
        assert world.panels == []


async def test_what_opening_the_panel_asks(world: World) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        count = len(world.asked)
        world.now += timedelta(seconds=30)
        watched.show()
        await world.is_quiet()
        assert world.shown.id == "overview"
        figures = [one for one in world.asked[count:] if one.is_figures]
        shown = [one for one in figures if not is_of_the_period_before(one)]
        before = [one for one in figures if is_of_the_period_before(one)]
        assert sorted(one.name for one in shown) == sorted([*SPLITS, *FIRST, *USAGE])
        assert sorted(one.name for one in before) == sorted(BEFORE)
        # The bill of this month is known; what may have moved is read with the other splits, to be of one moment.
        assert {repr(one) for one in shown if one.name in FIRST} == {
            f"{name} {days}" for name in FIRST for days in ("2026-10-22..2026-10-31", "2026-11-17..2026-11-20")
        }
        assert {(one.first, one.last) for one in shown if one.name not in FIRST} == {
            (date(2026, 10, 22), date(2026, 11, 20))
        }
        assert {(one.first, one.last) for one in before} == {(date(2026, 9, 22), date(2026, 10, 21))}
        others = Counter(one.path.rpartition("/")[2] for one in world.asked[count:] if not one.is_figures)
        # Seven projects, two of them archived.
        assert others == {
            "projects": 1, "users": 1, "api_keys": 7, "service_accounts": 5, "spend_limit": 1, "spend_alerts": 1,
        }  # fmt: skip
        assert len(world.asked) == 51
        assert max(Counter(one.url for one in world.asked).values()) == 1


async def test_no_request_waits_for_another(world: World) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        count = len(world.asked)
        world.hold()
        watched.show()
        # All figures that are shown, at once.
        await world.until(lambda: world.in_flight == len(SPLITS) + len(FIRST) + len(USAGE))
        assert not any(can_wait(one) for one in world.asked[count:])
        # Then all that can wait, at once.
        world.hold(can_wait)
        await world.until(lambda: world.in_flight == len(BEFORE) + 4)
        # Names of keys can only be asked for by project.
        world.hold(lambda one: can_wait(one) and one.path not in {"projects", "users"})
        await world.until(lambda: world.in_flight == len(BEFORE) + 2 + 7)


async def test_the_panel_waits_for_neither_names_nor_comparisons(world: World) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.hold(can_wait)
        watched.show()
        await world.until(lambda: world.panels and not world.panels[-1].busy and world.panels[-1].metrics)
        assert world.metric("spend").value is not None
        assert world.metric("spend").change is None
        assert world.metric("tokens").value not in {None, "0"}
        assert world.notices() == []
        assert {row.cells[0].text[:5] for row in world.table("projects").rows} == {"proj_"}
        spend = world.metric("spend").value

        world.hold(lambda one: can_wait(one) and not is_of_names(one))
        await world.until(lambda: {row.cells[0].text[:5] for row in world.table("api-keys").rows} != {"key_0"})
        await world.until(lambda: "Support assistant" in [row.cells[0].text for row in world.table("projects").rows])
        await world.until(lambda: "Website chat" in [row.cells[0].text for row in world.table("api-keys").rows])
        assert world.metric("spend").change is None

        world.let_go()
        await world.until(lambda: world.metric("spend").change is not None)
        await world.until(lambda: "change" in [column.id for column in world.table("projects").columns])
        await world.is_quiet()
        assert world.metric("spend").value == spend
        assert world.notices() == []


async def test_comparisons_on_their_way_are_not_asked_again_when_names_arrive(world: World) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.hold(is_of_the_period_before)
        watched.show()
        await world.until(lambda: world.panels and not world.panels[-1].busy and world.panels[-1].metrics)
        await world.is_quiet(hanging=len(BEFORE))
        world.let_go()
        await world.is_quiet()
    assert asked_twice(world.asked) == []


async def test_a_click_while_names_are_on_their_way_does_not_ask_for_them_again(world: World) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.hold(can_wait)
        watched.show()
        await world.until(lambda: world.panels and not world.panels[-1].busy and world.panels[-1].metrics)
        await world.has_looked_at_the_clock()
        count = len(world.asked)
        for group in ("model", "project_id", "line_item"):
            watched.select(Selection(group_by=group))
            await world.has_looked_at_the_clock()
        assert world.names_since(count) == []
        world.let_go()
        await world.is_quiet()
    assert asked_twice(world.asked) == []


async def test_a_refresh_asks_only_for_days_that_are_not_settled(world: World) -> None:
    async with world.panel() as watched:
        count = len(world.asked)
        watched.refresh()
        await world.is_quiet()
        again = [one for one in world.asked[count:] if one.is_figures]
        assert sorted(one.name for one in again) == sorted([*SPLITS, *USAGE])
        assert {one.last for one in again} == {date(2026, 11, 20)}
        firsts = {(one.path == "costs", one.first) for one in again}
        assert firsts == {(True, date(2026, 11, 17)), (False, date(2026, 11, 19))}


async def test_what_is_read_by_itself_asks_for_no_names_and_no_limits(world: World) -> None:
    async with world.panel(Settings(refresh_minutes=5)):
        count = len(world.asked)
        world.now += timedelta(minutes=5)
        await world.until(lambda: len(world.asked) > count)
        await world.is_quiet()
        assert sorted(world.names_since(count)) == sorted([*SPLITS, *USAGE])


async def test_names_are_read_again_after_an_hour(world: World) -> None:
    world.now -= timedelta(hours=4)
    async with world.panel(Settings(refresh_minutes=50)):
        count = len(world.asked)
        world.now += timedelta(minutes=55)
        await world.until(lambda: len(world.asked) > count)
        await world.is_quiet()
        assert not any(is_of_names(one) for one in world.asked[count:])
        world.now += timedelta(minutes=55)
        await world.until(lambda: any(is_of_names(one) for one in world.asked[count:]))


@pytest.mark.parametrize(
    "selection",
    [
        Selection(period="7d"),
        Selection(start=date(2026, 11, 2), end=date(2026, 11, 3)),
        Selection(group_by="model"),
        Selection(group_by="project_id"),
        Selection(group_by="api_key_id"),
        Selection(group_by="user_id"),
        Selection(measure="tokens"),
        Selection(measure="requests", group_by="capability"),
        Selection(section="api-keys", all_rows=["api-keys"]),
        Selection(section="images", group_by="size"),
    ],
    ids=lambda selection: str(selection.model_dump(exclude_none=True)),
)
async def test_a_click_on_what_is_known_asks_nothing(world: World, selection: Selection) -> None:
    async with world.panel() as watched:
        count = len(world.asked)
        panels = len(world.panels)
        watched.select(selection)
        # At once, and whole.
        assert len(world.panels) == panels + 1
        assert not world.panels[-1].busy
        assert world.notices() == []
        assert world.metric("spend").value is not None
        await world.is_quiet()
        # A shorter period is compared with another one.
        first = days_of(world.panels[-1].selection, world.now.date()).first
        assert [one for one in world.asked[count:] if not one.is_figures or one.last >= first] == []


UNSETTLED = [f"{split} 2026-11-17..2026-11-20" for split in SPLITS]


async def test_another_split_is_read_with_what_may_have_moved(world: World) -> None:
    async with world.panel() as watched:
        count = len(world.asked)
        watched.select(Selection(group_by="api_source"))
        await world.is_quiet()
        new = "costs by api_source 2026-10-22..2026-11-20"
        assert sorted(repr(one) for one in world.asked[count:]) == sorted([*UNSETTLED, new])
        assert {series.name for series in world.shown.charts[0].series} == {"Agents API", "Unlabeled"}


async def test_a_filter_asks_for_the_bill_by_what_it_narrows_to(world: World) -> None:
    async with world.panel() as watched:
        count = len(world.asked)
        watched.select(Selection(models=["gpt-5.4-2026-03-05"]))
        await world.is_quiet()
        shown = [repr(one) for one in world.asked[count:] if not is_of_the_period_before(one)]
        new = ["costs by api_key_id+line_item", "costs by user_id+line_item"]
        assert sorted(shown) == sorted([*UNSETTLED[:2], *(f"{name} 2026-10-22..2026-11-20" for name in new)])


async def test_hours_are_asked_of_the_capability_that_is_shown(world: World) -> None:
    async with world.panel() as watched:
        watched.select(Selection(period="7d"))
        await world.is_quiet()
        count = len(world.asked)
        watched.select(Selection(section="embeddings", bucket="1h"))
        await world.is_quiet()
        assert [repr(one) for one in world.asked[count:]] == ["embeddings 1h 2026-11-14..2026-11-20"]
        assert len(world.shown.charts[0].categories) == 7 * 24


# One moment.


def has_remainder(world: World) -> bool:
    """Whether anything of the bill is called not attributed, in a section that is shown."""
    tables = [table for section in world.panels[-1].sections for table in section.tables]
    layers = [series.name for section in world.panels[-1].sections for one in section.charts for series in one.series]
    return any(row.is_remainder for table in tables for row in table.rows) or "Not attributed" in layers


@pytest.fixture
def attributing(world: World) -> World:
    world.kind = "attributes all"
    return world


SUPPORT = Selection(project_ids=["proj_2c176a55f653999b3a4e8c44"])
EVERYTHING = Selection(project_ids=[])


async def test_what_moved_before_the_panel_opened_is_not_called_unattributed(attributing: World) -> None:
    world = attributing
    world.now -= timedelta(hours=8, seconds=30)
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        # The numbers are still fresh, and today's have moved.
        world.now += timedelta(seconds=50)
        watched.show()
        await world.is_quiet()
        assert world.table("models").rows
        assert not has_remainder(world)


@pytest.mark.parametrize("pause", [timedelta(seconds=30), timedelta(minutes=4), timedelta(hours=30)], ids=str)
async def test_splits_of_different_moments_are_not_compared(attributing: World, pause: timedelta) -> None:
    world = attributing
    async with world.panel(Settings(refresh_minutes=0)) as watched:
        for click in (
            SUPPORT, EVERYTHING, Selection(group_by="user_id"), SUPPORT, Selection(period="7d"),
            Selection(section="users"), EVERYTHING, Selection(section="overview", group_by="api_source"),
        ):  # fmt: skip
            world.now += pause
            panels = len(world.panels)
            watched.select(click)
            await world.is_quiet()
            assert not world.panels[-1].busy
            for panel in world.panels[panels:]:
                assert not any(row.is_remainder for one in panel.sections for table in one.tables for row in table.rows)
            assert not has_remainder(world)


async def test_the_way_back_asks_nothing_when_the_bill_has_not_moved(world: World) -> None:
    async with world.panel() as watched:
        watched.select(SUPPORT)
        await world.is_quiet()
        count = len(world.asked)
        watched.select(EVERYTHING)
        await world.is_quiet()
        assert world.asked[count:] == []


def asked_twice(asked: list[Question]) -> list[str]:
    """Days that were settled, and were asked for again."""
    found = []
    known: set[tuple[str, date]] = set()
    for one in asked:
        if one.is_figures:
            new = {(one.key, day) for day in one.days() if day < one.at.date() - timedelta(days=3)}
            found += [repr(one)] if known & new else []
            known |= new
        elif (one.url, one.at.date()) in known:
            found.append(repr(one))
        else:
            known.add((one.url, one.at.date()))
    return found


selections = st.builds(
    Selection,
    period=st.none() | st.sampled_from(["today", "7d", "30d", "month", "last-month", "90d"]),
    bucket=st.none() | st.sampled_from(["1d", "1h"]),
    group_by=st.none()
    | st.sampled_from(["model", "line_item", "api_key_id", "user_id", "api_source", "batch", "size"]),
    measure=st.none() | st.sampled_from(["spend", "tokens", "requests", "images"]),
    models=st.none() | st.sampled_from([[], ["gpt-5.4-2026-03-05"], ["gpt-image-1.5-2025-12-16", "whisper-1"]]),
    project_ids=st.none() | st.sampled_from([[], ["proj_2c176a55f653999b3a4e8c44"]]),
    section=st.none() | st.sampled_from(["overview", "models", "api-keys", "limits", "images", "completions"]),
    all_rows=st.none() | st.just(["models"]),
)


@pytest.mark.parametrize("in_a_hurry", [False, True], ids=["one after the other", "in a hurry"])
@given(clicks=st.lists(selections, min_size=1, max_size=10))
@hypothesis_settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],  # making a failing session shorter takes minutes
)
def test_nothing_that_is_settled_is_asked_twice(clicks: list[Selection], in_a_hurry: bool) -> None:
    async def session() -> World:
        world = World()
        async with world.panel() as watched:
            for click in clicks:
                watched.select(click)
                if not in_a_hurry:
                    await world.is_quiet()
                for _ in range(20):
                    await asyncio.sleep(0)
            await world.is_quiet()
            assert not world.panels[-1].busy
            assert "incomplete" not in world.notices()
        return world

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schedule, "_LONGEST_WAIT", timedelta(milliseconds=1))
        world = asyncio.run(session())
    assert asked_twice(world.asked) == []


# What is kept, and who looks.


def told(*, active: bool = True, panel: bool = True) -> WindowState:
    return WindowState(is_active=active, is_panel_visible=panel)


async def test_what_was_kept_shows_before_anything_is_asked(world: World, tmp_path: Path) -> None:
    world.folder = tmp_path
    async with world.panel():
        first = world.panels[-1]
    count, statuses = len(world.asked), len(world.statuses)
    world.panels.clear()
    world.hold()
    async with world.monitor() as watched:
        await world.until(lambda: len(world.statuses) > statuses)
        watched.show()
        assert world.panels[-1].metrics == first.metrics
        assert world.shown == next(one for one in first.sections if one.tables)
        await world.has_looked_at_the_clock()
    assert len(world.asked) == count


async def test_after_a_day_only_the_tail_is_asked_for(world: World, tmp_path: Path) -> None:
    world.folder = tmp_path
    async with world.panel():
        pass
    count = len(world.asked)
    world.now += timedelta(days=1)
    async with world.panel():
        assert world.shown.charts[0].categories[-1] == "2026-11-21"
    again = [one for one in world.asked[count:] if one.is_figures and not is_of_the_period_before(one)]
    firsts = {(one.path == "costs", one.first) for one in again if one.last == world.now.date()}
    # The bill of the 17th was read when three days had not passed yet, the use of the 19th when one had not.
    assert firsts == {(True, date(2026, 11, 17)), (False, date(2026, 11, 19))}
    assert len(again) == len(firsts_by_key(again))


def firsts_by_key(questions: list[Question]) -> dict[str, date]:
    return {one.key: one.first for one in questions}


async def test_nothing_new_takes_two_requests_or_three(world: World) -> None:
    world.is_still = True
    world.now -= timedelta(hours=10)
    async with world.panel(Settings(refresh_minutes=5)) as watched:
        for visible, asked in ((True, [*FIRST, "completions"]), (False, [*FIRST])):
            watched.attend(told(panel=visible))
            watched.attend(told(active=False, panel=visible))
            watched.attend(told(panel=visible))
            count = len(world.asked)
            world.now += timedelta(minutes=5)
            await world.asks_more()
            assert sorted(world.names_since(count)) == sorted(asked)


async def test_while_nothing_changes_it_asks_less_often(world: World) -> None:
    world.is_still = True
    world.now -= timedelta(hours=10)
    async with world.monitor(Settings(refresh_minutes=5)):
        await world.until(lambda: world.statuses)
        for pause in (5, 10, 20, 30, 30):
            count = len(world.asked)
            world.now += timedelta(minutes=pause, seconds=-5)
            await world.has_looked_at_the_clock()
            assert len(world.asked) == count
            world.now += timedelta(seconds=5)
            await world.asks_more()
            assert len(world.asked) == count + len(FIRST)


async def test_even_when_nothing_seems_to_move_all_is_read_now_and_then(world: World) -> None:
    world.is_still = True
    world.now -= timedelta(hours=10)
    async with world.panel(Settings(refresh_minutes=20)):
        count = len(world.asked)
        world.now += timedelta(minutes=40)
        await world.until(lambda: len(world.asked) > count)
        await world.is_quiet()
        assert sorted(world.names_since(count)) == sorted([*SPLITS, *USAGE])


async def test_whoever_comes_back_need_not_wait_for_long(world: World) -> None:
    world.is_still = True
    world.now -= timedelta(hours=10)
    async with world.monitor(Settings(refresh_minutes=5)) as watched:
        await world.until(lambda: world.statuses)
        for pause in (5, 10, 20):
            world.now += timedelta(minutes=pause)
            await world.asks_more()
        count = len(world.asked)
        world.now += timedelta(minutes=6)
        await world.has_looked_at_the_clock()
        assert len(world.asked) == count
        watched.attend(told(active=False))
        watched.attend(told())
        await world.asks_more()


async def test_a_window_that_nobody_uses_asks_nothing(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=5)) as watched:
        await world.until(lambda: world.statuses)
        watched.attend(told(active=False))
        world.now += timedelta(minutes=31)
        await world.has_looked_at_the_clock()
        count = len(world.asked)
        world.now += timedelta(hours=3)
        await world.has_looked_at_the_clock()
        assert len(world.asked) == count
        watched.attend(told())
        await world.until(lambda: len(world.asked) == count + len(FIRST))


async def test_a_panel_that_is_hidden_asks_nothing_until_it_is_seen(world: World) -> None:
    async with world.panel(Settings(refresh_minutes=5)) as watched:
        watched.attend(told(panel=False))
        panels, count = len(world.panels), len(world.asked)
        world.now += timedelta(minutes=5)
        await world.until(lambda: len(world.asked) > count)
        await world.is_quiet()
        assert sorted(world.names_since(count)) == sorted(FIRST)
        assert len(world.panels) == panels
        watched.attend(told())
        await world.is_quiet()
        assert {*world.names_since(count)} >= {*SPLITS, *USAGE}
        assert world.panels[-1].as_of == "2026-11-20T23:55:00Z"


async def test_when_the_network_is_back_so_are_the_figures(world: World) -> None:
    async with world.monitor(Settings(refresh_minutes=60)):
        await world.until(lambda: world.statuses)
        world.is_offline = True
        world.now += timedelta(hours=1)
        await world.until(lambda: world.statuses[-1].severity == "warning")
        world.is_offline = False
        count = len(world.asked)
        world.now += timedelta(seconds=5)
        await world.until(lambda: len(world.asked) > count)
        await world.until(lambda: world.statuses[-1].severity == "ok")


async def test_all_there_ever_was_is_read_once(world: World, tmp_path: Path) -> None:
    world.folder = tmp_path
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        watched.fetch_history()
        await world.until(lambda: world.panels and world.panels[-1].metrics and "history" not in world.notices())
        await world.is_quiet()
        panel = world.panels[-1]
        assert panel.selection.period == "all"
        first = world.shown.charts[0].categories[0]
        assert len(first) == len("2024-09")
    count = len(world.asked)
    async with world.monitor() as watched:
        for period in ("all", "365d", "90d"):
            watched.select(Selection(period=period))
            await world.is_quiet()
            assert world.panels[-1].metrics
        assert [one for one in world.asked[count:] if one.is_figures] == []
    assert asked_twice([one for one in world.asked if one.is_figures and one.name != "costs"]) == []
    # All of the bill comes before the first of it, and what was used adds up to what the API says.
    with_rows = [one.first for one in world.asked if one.name == "completions"]
    assert f"{min(with_rows):%Y-%m}" <= first


async def test_history_that_was_stopped_goes_on_where_it_was(world: World, tmp_path: Path) -> None:
    world.folder = tmp_path

    def is_old(question: Question) -> bool:
        """Older than the year that the panel shows at first, and not the bill in one sum, which comes before all."""
        return question.is_figures and question.name != "costs" and question.last < date(2025, 11, 1)

    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.hold(is_old)
        watched.fetch_history()
        await world.until(lambda: world.in_flight and any(map(is_old, world.asked)))
        world.click_cancel()
        world.let_go()
        await world.is_quiet()
        assert world.notices()[0] == "history"
        count = len(world.asked)
    async with world.monitor() as watched:
        watched.fetch_history()
        await world.until(lambda: world.panels and world.panels[-1].metrics and "history" not in world.notices())
        again = [one for one in world.asked[count:] if one.is_figures]
        assert again
        # Of the piece that was on its way all is asked again, of the year before nothing.
        assert all(one.last < date(2025, 11, 21) for one in again)


async def test_history_that_fails_says_so_and_keeps_what_came(world: World) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.answers.append((lambda question: question.is_figures and question.last.year < 2026, 500, "Out of order"))
        watched.fetch_history()
        await world.until(lambda: world.panels and "could not be fetched" in str(world.panels[-1].notices))
        assert world.metric("spend").value is not None
        world.answers.clear()
        watched.fetch_history()
        await world.until(lambda: "history" not in world.notices())


# What is refused, and what fails.


async def test_a_refused_split_is_not_asked_again_until_the_user_says_so(world: World) -> None:
    world.kind = "refuses users of a project"
    async with world.panel() as watched:
        support = next(row for row in world.table("projects").rows if row.cells[0].text == "Support assistant")
        assert support.select is not None
        watched.select(support.select)
        await world.is_quiet()
        refused = "costs by project_id+user_id"
        assert [one.name for one in world.asked].count(refused) == 2, "once, and once to compare with"
        assert world.notices() == ["split"]
        assert "Spend by user is not there" in world.shown.notices[0].text
        assert world.metric("spend").value is not None

        count = len(world.asked)
        watched.select(Selection(group_by="model"))
        watched.select(Selection(section="users"))
        assert world.notices() == ["split"]
        watched.select(Selection(section="models"))
        assert world.notices() == []
        watched.select(Selection(section="overview"))
        await world.is_quiet()
        assert refused not in world.names_since(count)
        world.now += timedelta(minutes=5)
        await world.until(lambda: len(world.asked) > count)
        await world.is_quiet()
        assert refused not in world.names_since(count)
        assert world.notices() == ["split"]
        watched.refresh()
        await world.is_quiet()
        assert refused in world.names_since(count)


async def test_an_endpoint_that_is_not_there_hides_itself(world: World) -> None:
    world.kind = "without decisions"
    async with world.panel() as watched:
        assert world.notices() == []
        assert "decisions" not in [section.id for section in world.panels[-1].sections]
        count = len(world.asked)
        watched.select(Selection(period="90d"))
        await world.is_quiet()
        assert "decisions" not in world.names_since(count)
        assert world.notices() == []
        # It may be there by now, and who refreshes wants to know.
        world.kind = ""
        watched.refresh()
        await world.is_quiet()
        assert "decisions" in world.names_since(count)
        assert "decisions" in [section.id for section in world.panels[-1].sections]


async def test_only_what_is_new_may_be_absent(world: World) -> None:
    world.answers = [(lambda question: question.name == "completions", 404, "no")]
    async with world.panel():
        assert world.notices() == ["usage-problem"]
        assert "completions" in [section.id for section in world.panels[-1].sections]


async def test_names_that_were_refused_are_not_asked_for_again_and_again(world: World) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        world.answers = [(is_of_names, 403, "no")]
        watched.show()
        await world.is_quiet()
        assert world.notices() == ["names-problem"]
        count = len(world.asked)
        watched.select(Selection(group_by="model"))
        watched.select(Selection(group_by="project_id"))
        await world.has_looked_at_the_clock()
        assert len(world.asked) == count


async def test_what_is_known_stays_when_a_refresh_fails(world: World) -> None:
    async with world.panel() as watched:
        before = world.panels[-1]
        world.answers = [(lambda _: True, 500, "oh")]
        watched.refresh()
        await world.is_quiet()
        after = world.panels[-1]
        assert after.metrics == before.metrics
        assert after.sections == before.sections
        assert world.notices() == ["problem"]
        assert "The numbers are as of 23:50 UTC." in after.notices[0].text
        assert [one.severity for one in world.statuses[-1:]] == ["warning"]
        world.answers = []
        watched.refresh()
        await world.is_quiet()
        assert world.notices() == []
        assert world.statuses[-1].severity == "ok"


async def test_usage_that_fails_leaves_the_rest(world: World) -> None:
    world.answers = [(lambda one: one.name == "embeddings", 500, "oh")]
    async with world.panel():
        assert world.notices() == ["usage-problem"]
        assert world.panels[-1].notices[0].text.startswith("Embeddings could not be read")
        assert world.metric("spend").value is not None
        assert world.statuses[-1].severity == "ok"


@pytest.mark.parametrize("name", ["costs", "costs by project_id", "embeddings in sum"])
async def test_a_comparison_that_fails_is_no_failure_of_what_is_shown(world: World, name: str) -> None:
    world.answers = [(lambda one: is_of_the_period_before(one) and one.name == name, 500, "oh")]
    async with world.panel():
        assert world.metric("spend").value is not None
        assert world.notices() == []
        assert world.statuses[-1].severity == "ok"


async def test_a_mistake_of_ours_is_said_and_survived(world: World) -> None:
    def broken(_: Question) -> bool:
        raise RuntimeError("never thought of that")

    world.answers = [(broken, 0, "")]
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        assert world.statuses[-1].text == "$(error) OpenAI usage failed"
        world.answers = []
        watched.refresh()
        await world.until(lambda: world.statuses[-1].text.startswith("$(graph)"))


async def test_a_view_that_fails_does_not_end_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        with monkeypatch.context() as broken:
            broken.setattr("openai_usage.report.recent", lambda *_: 1 / 0)
            watched.refresh()
            await world.until(lambda: "failed" in world.statuses[-1].text)
        watched.refresh()
        await world.until(lambda: world.statuses[-1].text.startswith("$(graph)"))


# What is shown meanwhile.


async def test_until_a_period_is_there_the_one_before_stays(world: World) -> None:
    async with world.panel() as watched:
        before = world.panels[-1]
        world.hold()
        watched.select(Selection(period="90d"))
        during = world.panels[-1]
        assert during.busy
        assert during.controls[0].selected == ["90d"]
        assert during.metrics == before.metrics
        assert during.sections == before.sections
        world.let_go()
        await world.is_quiet()
        assert not world.panels[-1].busy
        assert len(world.shown.charts[0].categories) == 90


async def test_a_chart_says_what_it_shows_while_another_is_on_its_way(world: World) -> None:
    async with world.panel() as watched:
        world.hold()
        watched.select(Selection(period="90d", group_by="project_id"))
        assert world.shown.charts[0].title.endswith("model")


async def test_another_choice_while_figures_are_on_their_way(world: World) -> None:
    world.hold()
    async with world.monitor() as watched:
        watched.show()
        await world.until(lambda: world.in_flight)
        watched.select(Selection(period="90d"))
        watched.select(Selection(period="7d", group_by="project_id"))
        world.let_go()
        await world.is_quiet()
        panel = world.panels[-1]
        assert not panel.busy
        assert panel.selection.period == "7d"
        assert len(world.shown.charts[0].categories) == 7
        assert world.shown.charts[0].title.endswith("project")
    assert asked_twice(world.asked) == []


async def test_the_panel_is_revealed_only_when_asked_for(world: World) -> None:
    async with world.panel() as watched:
        assert world.panels[0].reveal
        watched.select(Selection(period="7d"))
        await world.is_quiet()
        assert [panel.reveal for panel in world.panels].count(True) == 1
        watched.show()
        assert world.panels[-1].reveal


# Into detail and back.


def way_back(world: World) -> Selection | None:
    return world.panels[-1].back


async def test_the_way_back_out_of_a_row(world: World) -> None:
    async with world.panel() as watched:
        assert way_back(world) is None
        first = world.panels[-1].selection
        project = world.table("projects").rows[0].select
        assert project is not None
        watched.select(project)
        await world.is_quiet()
        assert world.panels[-1].back == first
        second = world.panels[-1].selection
        key = world.table("api-keys").rows[0].select
        assert key is not None
        watched.select(key)
        await world.is_quiet()
        assert [one.label for one in world.panels[-1].filters] == ["Project", "API key"]
        # A look at something else is no step into detail.
        watched.select(Selection(section="users"))
        assert world.panels[-1].back == second
        for expected in (first, None):
            back = world.panels[-1].back
            assert back is not None
            watched.select(back)
            await world.is_quiet()
            assert world.panels[-1].back == expected
        assert world.panels[-1].selection == first
        assert world.panels[-1].filters == []


async def test_back_is_the_same_view_again(world: World) -> None:
    async with world.panel() as watched:
        before = world.panels[-1]
        select = world.table("projects").rows[0].select
        assert select is not None
        watched.select(select)
        watched.select(Selection(measure="tokens", group_by="user_id"))
        await world.is_quiet()
        back = world.panels[-1].back
        assert back is not None
        watched.select(back)
        await world.is_quiet()
        assert world.panels[-1].controls == before.controls
        assert world.panels[-1].sections == before.sections


async def test_taking_all_filters_away_forgets_the_way_back(world: World) -> None:
    async with world.panel() as watched:
        for table in ("projects", "models"):
            select = world.table(table).rows[0].select
            assert select is not None
            watched.select(select)
            await world.is_quiet()
        no_filters = world.panels[-1].no_filters
        assert no_filters is not None
        watched.select(no_filters)
        await world.is_quiet()
        panel = world.panels[-1]
        assert (panel.back, panel.filters, panel.no_filters) == (None, [], None)


# Stopping it.


async def test_a_fetch_that_is_cancelled_keeps_what_is_known(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_PROGRESS_AFTER", timedelta(milliseconds=1))
    async with world.panel() as watched:
        before = world.panels[-1]
        world.hold()
        watched.select(Selection(period="90d"))
        await world.until(lambda: world.cancel)
        world.click_cancel()
        await world.until(lambda: not world.panels[-1].busy)
        assert world.panels[-1].metrics[1:4] == before.metrics[1:4]
        assert world.notices() == ["incomplete"]
        assert world.panels[-1].notices[0].command is not None
        assert world.cancel is None
        world.let_go()
        watched.refresh()
        await world.is_quiet()
        assert world.notices() == []
        assert len(world.shown.charts[0].categories) == 90


async def test_a_first_fetch_that_is_cancelled_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_PROGRESS_AFTER", timedelta(milliseconds=1))
    world.hold()
    async with world.monitor() as watched:
        watched.show()
        await world.until(lambda: world.cancel)
        world.click_cancel()
        await world.until(lambda: world.statuses and not world.statuses[-1].busy)
        assert world.statuses[-1].text == "$(circle-slash) OpenAI usage: cancelled"


@pytest.mark.parametrize("turns", range(6))
async def test_closing_right_after_a_command(world: World, turns: int) -> None:
    async with world.monitor() as watched:
        await world.until(lambda: world.statuses)
        watched.show()
        watched.refresh()
        for _ in range(turns):
            await asyncio.sleep(0)


async def test_closing_while_it_waits_for_an_answer(world: World) -> None:
    world.hold()
    async with world.monitor() as watched:
        watched.show()
        await world.until(lambda: world.asked)


# Other settings.


async def test_an_answer_for_another_account_comes_too_late(world: World) -> None:
    world.hold()
    async with world.monitor() as watched:
        await world.until(lambda: len(world.asked) == len(FIRST))
        watched.configure(Settings(base_url="https://other.example/v1"))
        world.let_go()
        await world.until(lambda: world.statuses)
        await world.is_quiet()
        assert [one.host for one in world.asked] == ["api.openai.com"] * 2 + ["other.example"] * 2
        assert world.statuses[-1].severity == "ok"
        assert world.closed == 2, "one connection for each question"
    assert world.closed == 2 + 2


async def test_another_account_s_numbers_are_gone_at_once(world: World) -> None:
    async with world.panel() as watched:
        world.hold()
        watched.configure(Settings(base_url="https://other.example/v1"))
        assert "$" not in world.statuses[-1].text.replace("$(", "")
        assert world.panels[-1].metrics == []
        assert world.panels[-1].sections == []
        assert world.panels[-1].busy
        assert watched.table_as_markdown("projects") is None
        world.let_go()
        count = len(world.asked)
        await world.is_quiet()
        assert {one.host for one in world.asked[count:]} == {"other.example"}
        assert world.metric("spend").value is not None


async def test_another_budget_asks_nothing(world: World) -> None:
    world.answers = [(is_of_limits, 404, "no")]
    async with world.panel() as watched:
        assert "budget" not in [one.id for one in world.panels[-1].metrics]
        count = len(world.asked)
        watched.configure(Settings(monthly_budget=Decimal(120)))
        assert world.metric("budget").value == "120"
        assert world.metric("budget").severity == "warning"
        assert "Budget of the month" in world.statuses[-1].tooltip
        watched.configure(Settings())
        assert "budget" not in [one.id for one in world.panels[-1].metrics]
        await world.is_quiet()
        assert world.names_since(count) == []


async def test_the_account_s_own_limit_goes_before_the_setting(world: World) -> None:
    async with world.panel(Settings(monthly_budget=Decimal(120))):
        assert world.metric("budget").value == "250"


async def test_limits_are_read_of_what_is_shown(world: World) -> None:
    async with world.panel() as watched:
        count = len(world.asked)
        watched.select(Selection(section="limits"))
        await world.is_quiet()
        projects = {one.path.split("/")[1] for one in world.asked[count:] if one.path.endswith("spend_limit")}
        assert len(projects) == 5, "those that are not archived"
        assert {one.path.rpartition("/")[2] for one in world.asked[count:]} == {"spend_limit", "spend_alerts"}
        table = world.table("spend-limits")
        assert [row.cells[1].text for row in table.rows].count("$90.00") == 1
        assert "choose" in world.notices()

        count = len(world.asked)
        chosen = next(row for row in table.rows if row.cells[0].text == "Support assistant")
        assert chosen.select is not None
        watched.select(chosen.select)
        await world.is_quiet()
        others = [one for one in world.asked[count:] if not one.is_figures]
        assert [one.path.rpartition("/")[2] for one in others] == ["rate_limits"]
        assert len(world.table("rate-limits").rows) == 10
        assert world.table("spend-alerts").rows[-1].cells[1].text == "$70.00"


# What is not there, and what is old.


def is_sum(question: Question) -> bool:
    return question.name == "costs"


def is_of_june(question: Question) -> bool:
    return question.is_figures and question.last < date(2026, 7, 1)


async def test_a_sum_that_cannot_be_read_for_all_days_is_said_to_be_short(world: World) -> None:
    async with world.monitor() as watched:
        watched.select(Selection(period="7d"))
        await world.is_quiet()
        world.answers = [(is_sum, 500, "no")]
        watched.select(Selection(period="30d"))
        await world.is_quiet()
        texts = {one.id: one.text for one in world.panels[-1].notices}
        assert "costs of 22–31 Oct 2026" in texts["incomplete"]
        assert world.metric("spend").change is None, "of a part, nothing is said to have fallen"
        assert not has_remainder(world)
        assert world.statuses[-1].severity == "warning"


async def test_a_comparison_that_is_answered_does_not_hide_a_failure(world: World) -> None:
    world.answers = [(lambda one: is_sum(one) and not is_of_the_period_before(one), 500, "no")]
    async with world.panel():
        assert world.statuses[-1].text == "$(error) OpenAI has a problem"


async def test_a_month_that_was_never_read_is_not_nothing(world: World) -> None:
    world.answers = [(lambda one: one.is_figures and not is_of_june(one), 500, "no")]
    async with world.monitor() as watched:
        watched.select(Selection(start=date(2026, 6, 1), end=date(2026, 6, 30)))
        await world.is_quiet()
        assert world.statuses[-1].severity == "error"
        assert "$0" not in world.statuses[-1].text
        assert world.panels[-1].metrics == []


async def test_the_status_bar_needs_no_split(world: World) -> None:
    world.answers = [(lambda one: one.name == SPLITS[1], 400, "no")]
    async with world.panel():
        assert world.statuses[-1].severity == "ok"
        assert "$" in world.statuses[-1].text.replace("$(", "")
        assert world.metric("spend").value is not None
        assert "split" in world.notices()


async def test_a_split_that_stays_old_is_not_compared_and_said_to_be_old(attributing: World) -> None:
    world = attributing
    world.now -= timedelta(hours=8)
    async with world.panel(Settings(refresh_minutes=0)) as watched:
        watched.select(Selection(section="users"))
        world.answers = [(lambda one: one.name == "costs by user_id", 500, "no")]
        world.now += timedelta(hours=2)
        watched.refresh()
        await world.is_quiet()
        assert "stale" in world.notices()
        assert not has_remainder(world)
        assert world.table("users").rows, "last good values stay"
        world.answers = []
        watched.refresh()
        await world.is_quiet()
        assert world.notices() == []


async def test_half_of_a_refresh_that_nobody_waits_for_is_not_shown(attributing: World) -> None:
    world = attributing
    world.now -= timedelta(hours=8)
    async with world.panel(Settings(refresh_minutes=5)):
        world.hold(is_of_names)
        world.now += timedelta(hours=1, minutes=5)
        await world.is_quiet(hanging=2)
        world.hold(lambda one: is_of_names(one) or one.name == "costs by user_id")
        world.now += timedelta(hours=1)
        await world.until(lambda: world.in_flight == 3)
        looks, before = world.looks, world.metric("spend").value
        # The names come in between, and are shown.
        world.hold(lambda one: one.name == "costs by user_id")
        await world.until(lambda: world.in_flight == 1 and world.looks > looks)
        assert (world.metric("spend").value, world.notices()) == (before, [])
        world.let_go()
        await world.is_quiet()
        assert world.metric("spend").value != before
        assert not has_remainder(world)


async def test_hours_that_cannot_be_read_are_named(world: World) -> None:
    async with world.monitor() as watched:
        world.answers = [(lambda one: one.name == "completions 1h", 500, "no")]
        watched.select(Selection(period="7d", measure="tokens", bucket="1h"))
        await world.is_quiet()
        texts = {one.id: one.text for one in world.panels[-1].notices}
        assert texts["usage-problem"].startswith("Completions could not be read")


async def test_what_is_not_read_of_any_capability_is_named(world: World) -> None:
    async with world.monitor() as watched:
        world.hold(lambda one: one.name == "vector_stores")
        watched.show()
        await world.until(lambda: world.cancel)
        world.click_cancel()
        world.let_go()
        await world.is_quiet()
        assert "Vector stores" in next(one.text for one in world.panels[-1].notices if one.id == "incomplete")


async def test_who_cancels_starts_nothing_else(world: World) -> None:
    async with world.monitor() as watched:
        world.hold(lambda one: one.name == "vector_stores")
        watched.show()
        await world.until(lambda: world.cancel)
        count = len(world.asked)
        world.click_cancel()
        await world.has_looked_at_the_clock()
        assert world.asked[count:] == []


async def test_nothing_is_drawn_of_hours_after_the_last_read(world: World) -> None:
    world.now -= timedelta(hours=10)
    async with world.monitor(Settings(refresh_minutes=0)) as watched:
        watched.select(Selection(period="today", measure="tokens", bucket="1h", group_by="model"))
        await world.is_quiet()
        world.now += timedelta(hours=5)
        watched.select(Selection(group_by="project_id"))
        await world.is_quiet()
        assert world.shown.charts[0].categories[-1] == "2026-11-20T13:00Z"


async def test_keys_whose_list_fails_keep_their_names(world: World) -> None:
    async with world.panel() as watched:
        watched.select(Selection(section="api-keys"))
        await world.is_quiet()
        before = [row.cells[0].text for row in world.table("api-keys").rows]
        world.answers = [(lambda one: one.path.endswith("/api_keys"), 500, "no")]
        watched.refresh()
        await world.is_quiet()
        assert [row.cells[0].text for row in world.table("api-keys").rows] == before


async def test_limits_that_may_not_be_read_are_not_said_to_be_none(world: World) -> None:
    world.answers = [(is_of_limits, 403, "Missing scopes: api.management.read.")]
    async with world.panel() as watched:
        assert world.notices() == [], "nobody is looking at limits"
        watched.select(Selection(section="limits"))
        await world.is_quiet()
        assert world.notices() == ["limits-problem", "choose"]
        assert {row.cells[1].text for row in world.table("spend-limits").rows} == {"—"}


async def test_limits_are_read_again_with_the_names(world: World) -> None:
    async with world.panel(Settings(refresh_minutes=50)):
        count = len(world.asked)
        world.now += timedelta(minutes=121)
        await world.until(lambda: any(is_of_limits(one) for one in world.asked[count:]))


async def test_an_export_waits_for_what_was_chosen(world: World, tmp_path: Path) -> None:
    async with world.panel() as watched:
        assert await watched.export(tmp_path / "whole.json", "json") is None
        world.hold()
        watched.select(Selection(period="90d"))
        with pytest.raises(NotReadyError):
            await watched.export(tmp_path / "short.json", "json")
        assert not (tmp_path / "short.json").exists()
        world.answers = [(lambda one: one.name == "images", 500, "no")]
        world.let_go()
        await world.is_quiet()
        assert "Images" in (await watched.export(tmp_path / "named.json", "json") or "")


# Files and tables.


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


async def test_a_long_export_can_be_cancelled(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_PROGRESS_AFTER", timedelta())
    async with world.panel() as watched:
        monkeypatch.setattr(export, "text", lambda *_: (row for row in itertools.repeat("row")))
        task = asyncio.create_task(watched.export(tmp_path / "usage.csv", "csv"))
        await world.until(lambda: world.cancel)
        # Meanwhile everything else goes on.
        watched.select(Selection(group_by="project_id"))
        assert world.panels[-1].selection.group_by == "project_id"
        world.click_cancel()
        with pytest.raises(CancelledError):
            await task
    assert is_empty(tmp_path)


async def test_an_export_asks_nothing_and_has_what_is_shown(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with world.panel() as watched:
        watched.select(Selection(period="7d"))
        await world.is_quiet()
        count = len(world.asked)
        path = tmp_path_factory.mktemp("export") / "usage.json"
        await watched.export(path, "json")
        content = json.loads(path.read_text())
        assert content["period"] == {"start": "2026-11-14", "end": "2026-11-20"}
        total = sum(Fraction(row["amount"]) for row in content["costs"])
        assert total == Fraction(world.metric("spend").value or "")
        assert len(world.asked) == count


async def test_a_table_as_text(world: World) -> None:
    async with world.panel() as watched:
        text = watched.table_as_markdown("projects")
        assert text is not None
        assert text.splitlines()[0].startswith("| Project | Spend |")
        assert len(text.splitlines()) == 2 + world.table("projects").row_count + 1
        assert watched.table_as_markdown("nonsense") is None
