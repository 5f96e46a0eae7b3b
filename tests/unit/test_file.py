"""One file, several stores: what one puts others read, and whatever befalls the file, no number is lost or wrong."""

import asyncio
import contextlib
import logging
import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import SecretStr

from openai_usage import queries, turn
from openai_usage.days import Days, midnight
from openai_usage.endpoints import COSTS, USAGE, Query
from openai_usage.openai_api.shapes import LARGEST_COUNT
from openai_usage.rows import Bucket, Key, Number
from openai_usage.store import LEASE_LENGTH, Store, open_account
from openai_usage.store import file as file_module
from openai_usage.turn import LostError, Turn
from tests.support.little import rows

KEY = SecretStr("sk-admin-" + "x" * 40)
URL = "https://api.example/v1"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
TOTAL = queries.TOTAL
HOURS = Query(USAGE[0], USAGE[0].dimensions, "1h")
MINUTES = Query(USAGE[0], USAGE[0].dimensions, "1m")
NARROWED = Query(COSTS, ("line_item",), only=(("project_id", ("proj_a",)),))

Row = tuple[Key, tuple[Number, ...]]


def opened(folder: Path, secret: SecretStr = KEY, url: str = URL) -> Store:
    return Store(lambda: open_account(folder, url, secret))


@contextmanager
def stores(folder: Path, count: int = 2) -> Iterator[list[Store]]:
    """Several on one folder, as in several windows."""
    found = [opened(folder) for _ in range(count)]
    try:
        yield found
    finally:
        for store in found:
            store.close()


def path_of(folder: Path) -> Path:
    [path] = folder.glob("usage-v*.sqlite3")
    return path


def put(store: Store, query: Query, days: Days, make: Callable[[date], list[Row]], now: datetime = NOW) -> None:
    """As a reader does: keys are numbered as they come."""
    keys = store.buckets[query].keys
    buckets = []
    for day in days:
        found = make(day)
        columns = tuple(zip(*(numbers for _, numbers in found), strict=True)) if found else ()
        buckets.append(Bucket(midnight(day), keys.numbers([key for key, _ in found]), columns))
    store.put(query, days, buckets, now)


def key_of(query: Query, name: str | None) -> Key:
    return (name, *[None] * (len(query.endpoint.fields) - 1))


def one_row(query: Query, name: str = "a") -> Callable[[date], list[Row]]:
    """A row a day, another number each day."""
    return lambda day: [(key_of(query, name), (day.toordinal(), *[0] * (len(query.endpoint.metrics) - 1)))]


def around(days: int, until: date = TODAY) -> Days:
    return Days(until - (days - 1) * DAY, until)


# What one puts the others read.

counts = st.integers(0, 300) | st.integers(0, 2**33) | st.integers(-LARGEST_COUNT, LARGEST_COUNT)
amounts = st.integers(-(10**36), 10**36).map(lambda digits: Decimal(digits).scaleb(-34))
names = st.sampled_from([None, "", "a", "proj_ü", 'x"y', "null", "日本"])


def rows_of(query: Query) -> st.SearchStrategy[list[Row]]:
    keys = st.tuples(*[names if index < 3 else st.none() for index in range(len(query.endpoint.fields))])
    # Some columns are whole, some are not, some are mixed.
    of_metric = [st.sampled_from([counts, amounts, counts | amounts, st.just(0)]) for _ in query.endpoint.metrics]
    numbers = st.tuples(*of_metric).flatmap(lambda kinds: st.tuples(*kinds))
    return st.lists(st.tuples(keys, numbers), max_size=5)


@st.composite
def puts(draw: st.DrawFn) -> tuple[int, Query, Days, list[list[Row]]]:
    """Which store puts what."""
    query = draw(st.sampled_from([TOTAL, queries.BASE, HOURS, MINUTES, Query(USAGE[4], ("project_id",))]))
    first = date(2026, 3, 28) + draw(st.integers(0, 8)) * DAY
    days = Days(first, first + draw(st.integers(0, 3)) * DAY)
    return draw(st.integers(0, 1)), query, days, [draw(rows_of(query)) for _ in days]


@profile(max_examples=40)
@given(st.lists(puts(), min_size=1, max_size=6), st.booleans())
def test_what_one_store_puts_another_one_reads(
    given_puts: list[tuple[int, Query, Days, list[list[Row]]]], is_followed: bool
) -> None:
    with TemporaryDirectory() as folder, stores(Path(folder)) as pair:
        truth: dict[tuple[Query, date], list[Row]] = {}
        for number, (which, query, days, contents) in enumerate(given_puts):
            if is_followed:
                # Rows of the other are read in between, or not until the end.
                pair[1 - which].follow()
                pair[1 - which].buckets[query].known()
            by_day = dict(zip(days, contents, strict=True))
            put(pair[which], query, days, by_day.__getitem__, NOW + number * timedelta(seconds=1))
            truth |= {(query, day): by_day[day] for day in days}
        for store in (*pair, fresh := opened(Path(folder))):
            store.follow()
            for query in {one for one, _ in truth}:
                expected = Counter(
                    (midnight(day), key, *map(Fraction, numbers))
                    for (of_query, day), found in truth.items()
                    for key, numbers in found
                    if of_query == query
                )
                assert rows(store.buckets[query]) == expected
                read = {day for of_query, day in truth if of_query == query}
                span = Days(min(read), max(read))
                assert {day for part in store.buckets[query].missing(span) for day in part} == {*span} - read
        fresh.close()


def test_keys_that_two_stores_add_without_having_seen_each_other_s(tmp_path: Path) -> None:
    with stores(tmp_path, 3) as (one, other, third):
        for turn_of, day in enumerate(around(12)):
            store = (one, other)[turn_of % 2]
            # Nobody follows. Some keys are new, some are known to both under different numbers.
            found: list[Row] = [(key_of(TOTAL, f"key {n}"), (1, 2)) for n in {turn_of, turn_of // 2, 100 - turn_of}]
            put(store, TOTAL, Days(day, day), {day: found}.__getitem__)
        for store in (one, other, third):
            store.follow()
        assert rows(one.buckets[TOTAL]) == rows(other.buckets[TOTAL]) == rows(third.buckets[TOTAL])
        named = {key for _, key, *_ in rows(third.buckets[TOTAL])}
        assert named == {key_of(TOTAL, f"key {n}") for n in [*range(12), *range(89, 101)]}


def test_an_exception_while_something_is_written_takes_back_the_keys_too(tmp_path: Path) -> None:
    """The transaction is taken back, and another store gives the numbers of its keys to other keys."""
    with stores(tmp_path) as (one, other):
        put(one, TOTAL, around(1), one_row(TOTAL, "first"))
        month = Days(date(2026, 9, 1), date(2026, 9, 30))
        with contextlib.suppress(ZeroDivisionError), one.up_to_date():
            put(one, TOTAL, month, one_row(TOTAL, "taken back"))
            raise ZeroDivisionError
        put(other, TOTAL, Days(date(2026, 8, 1), date(2026, 8, 1)), one_row(TOTAL, "of the other"))
        put(one, TOTAL, Days(date(2026, 8, 2), date(2026, 8, 2)), one_row(TOTAL, "after it"))
        with stores(tmp_path, 1) as (fresh,):
            names_there = {key[0] for _, key, *_ in rows(fresh.buckets[TOTAL])}
            assert names_there == {"first", "of the other", "after it"}
            assert fresh.is_shared


def test_a_month_of_the_largest_counts_that_the_api_may_tell(tmp_path: Path) -> None:
    use = queries.usage_query(USAGE[0])
    month = Days(date(2026, 9, 1), date(2026, 9, 30))
    row: list[Row] = [(key_of(use, "a"), tuple([LARGEST_COUNT] * len(use.endpoint.metrics)))]
    with stores(tmp_path) as (one, other):
        put(one, use, month, lambda _: row)
        other.follow()
        for store in (one, other):
            assert {*store.buckets[use].whole(month).columns[0]} == {30 * LARGEST_COUNT}


def test_figures_that_were_asked_for_earlier_do_not_replace_later_ones(tmp_path: Path) -> None:
    with stores(tmp_path) as (one, other):
        put(one, TOTAL, around(3), one_row(TOTAL, "later"), NOW + timedelta(seconds=5))
        put(other, TOTAL, around(3), one_row(TOTAL, "earlier"), NOW)
        other.follow()
        one.follow()
        for store in (one, other):
            assert {key[0] for _, key, *_ in rows(store.buckets[TOTAL])} == {"later"}


# A lease.


def test_a_lease_is_one_s_alone_and_ends_by_itself(tmp_path: Path) -> None:
    with stores(tmp_path) as (one, other):
        assert one.take("figures", NOW)
        assert not other.take("figures", NOW)
        assert other.is_asked_by_others(NOW)
        assert other.take("rest", NOW)
        assert one.take("figures", NOW + LEASE_LENGTH / 2)
        assert not other.take("figures", NOW + LEASE_LENGTH)
        assert other.take("figures", NOW + 2 * LEASE_LENGTH)
        assert not one.take("figures", NOW + 2 * LEASE_LENGTH)
        one.give_back("figures")
        assert not one.take("figures", NOW + 2 * LEASE_LENGTH)
        other.give_back("figures")
        assert one.take("figures", NOW + 2 * LEASE_LENGTH)


async def test_who_stood_still_while_another_asked_does_not_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it planned is of before. That the other one is done by now does not make it its turn again."""
    monkeypatch.setattr(turn, "_RENEW_EVERY", timedelta(milliseconds=1))
    now, looks = NOW, 0

    def clock() -> datetime:
        nonlocal looks
        looks += 1
        return now

    async def stand_still_and_go_on(one: Store, other: Store) -> None:
        nonlocal now
        async with Turn(one, "figures", clock).taken():
            now += 2 * LEASE_LENGTH
            async with Turn(other, "figures", clock).taken():
                pass
            before = looks
            # Long enough to have noticed, however slow this machine is.
            while looks < before + 20:  # noqa: ASYNC110 - there is no event for a look
                await asyncio.sleep(0.001)

    with stores(tmp_path) as (one, other), pytest.raises(LostError):
        await stand_still_and_go_on(one, other)


# Damage.


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def spoil_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"This is no database, whatever its name is.")


def spoil_middle(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(range(256)) * ((size - 4096) // 256))


def spoil_bodies(path: Path) -> None:
    run_in(path, "UPDATE day SET body = x'c1c1c1'")


def spoil_keys(path: Path) -> None:
    """Bodies that can be unpacked, with numbers of keys that there are not."""
    run_in(path, "DELETE FROM key")


def spoil_facts(path: Path) -> None:
    run_in(path, "UPDATE fact SET value = x'7b7d'")


def be_another_program_s(path: Path) -> None:
    path.unlink()
    run_in(path, "CREATE TABLE song (title TEXT)")


def run_in(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(sql)
    connection.close()


DAMAGES = [
    truncate, spoil_header, spoil_middle, spoil_bodies, spoil_keys, spoil_facts, be_another_program_s,
]  # fmt: skip
MONTH = Days(date(2026, 9, 1), date(2026, 9, 30))


def many_rows(day: date) -> list[Row]:
    return [(key_of(TOTAL, f"key {n}"), (Decimal(day.toordinal() + n).scaleb(-30), n)) for n in range(60)]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with a file of some size, which nobody has open."""
    with stores(tmp_path, 1) as (store,):
        with store.up_to_date():
            store.asked = store.since = NOW
        put(store, TOTAL, MONTH, many_rows)
        put(store, TOTAL, around(5), many_rows)
    return tmp_path


def truth_of(days: Days) -> Counter[Any]:
    return Counter((midnight(day), key, *map(Fraction, numbers)) for day in days for key, numbers in many_rows(day))


def is_right_or_missing(store: Store, days: Days) -> bool:
    """Whatever is there is what was put there, and what is not is said to be missing."""
    found = rows(store.buckets[TOTAL], days)
    missing = {day for part in store.buckets[TOTAL].missing(days) for day in part}
    return found == sum((truth_of(Days(day, day)) for day in days if day not in missing), Counter())


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_set_aside_and_a_new_one_begins(
    made: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = path_of(made)
    damage(path)
    contents = path.read_bytes()
    with stores(made, 1) as (store,):
        is_right_or_missing(store, MONTH)
        for days in (MONTH, around(5)):
            assert is_right_or_missing(store, days)
            for part in store.buckets[TOTAL].missing(days):
                put(store, TOTAL, part, many_rows)
            assert rows(store.buckets[TOTAL], days) == truth_of(days)
        store.open()
        assert store.is_shared
    with stores(made, 1) as (fresh,):
        for days in (MONTH, around(5)):
            assert rows(fresh.buckets[TOTAL], days) == truth_of(days)
    [aside] = [one for one in made.glob(f"{path.name}.damaged-*") if not one.name.endswith(("-wal", "-shm"))]
    assert aside.read_bytes() == contents
    assert sum("is damaged" in one.message and one.levelno == logging.WARNING for one in caplog.records) == 1


def test_an_empty_file_is_begun(made: Path) -> None:
    os.truncate(path_of(made), 0)
    with stores(made) as (one, other):
        assert is_right_or_missing(one, MONTH)
        put(one, TOTAL, MONTH, many_rows)
        other.follow()
        assert rows(other.buckets[TOTAL], MONTH) == truth_of(MONTH)


@pytest.mark.parametrize("damage", DAMAGES)
def test_numbers_in_memory_outlive_the_file(made: Path, damage: Callable[[Path], None]) -> None:
    with stores(made) as (one, other):
        assert rows(one.buckets[TOTAL], MONTH) == truth_of(MONTH)
        assert rows(other.buckets[TOTAL], around(5)) == truth_of(around(5))
        damage(path_of(made))
        for store in (one, other):
            store.follow()
            with store.snapshot():
                assert is_right_or_missing(store, MONTH)
            put(store, TOTAL, Days(date(2026, 8, 1), date(2026, 8, 3)), many_rows)
            put(store, queries.BASE, around(2), one_row(queries.BASE))
            store.take("figures", NOW)
            store.give_back("figures")
        assert rows(one.buckets[TOTAL], MONTH) == truth_of(MONTH)
        assert rows(other.buckets[TOTAL], around(5)) == truth_of(around(5))
        for store in (one, other):
            # Whatever is still in use, or begins anew, has what both know, or says what it has not.
            store.open()
            store.follow()
            assert is_right_or_missing(store, MONTH)
            assert is_right_or_missing(store, around(5))


def test_a_file_that_cannot_be_read_between_days_that_are_in_memory(made: Path) -> None:
    with stores(made, 1) as (store,):
        middle = Days(date(2026, 9, 10), date(2026, 9, 20))
        assert rows(store.buckets[TOTAL], middle) == truth_of(middle)
        spoil_bodies(path_of(made))
        assert is_right_or_missing(store, MONTH)
        assert rows(store.buckets[TOTAL], middle) == truth_of(middle)


def test_a_month_that_cannot_be_added_up_when_its_last_day_comes(made: Path) -> None:
    with stores(made, 1) as (store,):
        run_in(path_of(made), f"DELETE FROM day WHERE day = {MONTH.last.toordinal()}")  # noqa: S608 - a number
        store.close()
    with stores(made, 1) as (store,):
        last = Days(MONTH.last, MONTH.last)
        assert store.buckets[TOTAL].missing(MONTH) == [last]
        spoil_bodies(path_of(made))
        put(store, TOTAL, last, many_rows)
        assert rows(store.buckets[TOTAL], last) == truth_of(last)


def test_what_is_asked_for_the_first_time_when_the_file_fails(made: Path) -> None:
    with stores(made, 1) as (store,):
        spoil_middle(path_of(made))
        put(store, HOURS, around(2), one_row(HOURS))
        store.buckets[HOURS].release()
        assert sum(rows(store.buckets[HOURS]).values()) == 2
        assert store.buckets[HOURS].missing(around(2)) == []


def test_who_finds_the_old_file_damaged_leaves_the_new_one_alone(made: Path) -> None:
    with stores(made) as (one, other):
        spoil_bodies(path_of(made))
        assert is_right_or_missing(one, MONTH)
        with stores(made, 1) as (new,):
            put(new, TOTAL, MONTH, many_rows)
            # It did not look for news before it read.
            assert is_right_or_missing(other, MONTH)
        with stores(made, 1) as (fresh,):
            assert rows(fresh.buckets[TOTAL], MONTH) == truth_of(MONTH)


def test_what_came_in_without_a_file_goes_into_the_next_one(made: Path) -> None:
    with stores(made) as (one, other):
        path_of(made).unlink()
        one.follow()
        put(one, TOTAL, around(3), many_rows)
        one.open()
        assert one.is_shared
        other.follow()
        other.open()
        assert rows(other.buckets[TOTAL], around(3)) == truth_of(around(3))


def test_another_version_s_file_is_left_alone(made: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = path_of(made)
    old = path.with_name(path.name.replace(f"-v{file_module.VERSION}-", "-v0-"))
    path.rename(old)
    contents = old.read_bytes()
    with stores(made, 1) as (store,):
        assert store.is_shared
        assert rows(store.buckets[TOTAL]) == Counter()
        put(store, TOTAL, around(3), many_rows)
    assert old.read_bytes() == contents
    assert sum("another version" in one.message for one in caplog.records) == 1


# No file.


def test_a_folder_that_cannot_be_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "folder"
    store = opened(folder)
    for _ in range(3):
        put(store, TOTAL, around(3), many_rows)
        store.open()
        store.follow()
        assert store.take("figures", NOW)
    store.give_back("figures")
    store.make_room(0, TODAY)
    store.drop_after(NOW)
    assert rows(store.buckets[TOTAL], around(3)) == truth_of(around(3))
    assert not store.is_shared
    assert len([one for one in caplog.records if one.levelno >= logging.WARNING]) == 1
    assert str(tmp_path) not in caplog.text
    store.erase()
    store.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "_PATIENCE", 0.01)


@pytest.mark.usefixtures("impatient")
def test_a_file_that_somebody_else_keeps_locked(made: Path, caplog: pytest.LogCaptureFixture) -> None:
    with stores(made, 1) as (store,):
        assert rows(store.buckets[TOTAL], MONTH) == truth_of(MONTH)
        with contextlib.closing(sqlite3.connect(path_of(made), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            put(store, TOTAL, around(3), many_rows)
            store.take("figures", NOW)
            late = opened(made)
            put(late, TOTAL, around(4), many_rows, NOW + timedelta(seconds=1))
            connection.execute("ROLLBACK")
        assert rows(store.buckets[TOTAL], MONTH) == truth_of(MONTH)
        for one in (store, late):
            one.open()
            assert one.is_shared
            one.follow()
        late.close()
    with stores(made, 1) as (fresh,):
        assert rows(fresh.buckets[TOTAL], around(4)) == truth_of(around(4))
    assert "damaged" not in caplog.text
    assert list(made.glob("*damaged*")) == []


@pytest.mark.usefixtures("impatient")
def test_a_file_that_somebody_else_has_to_itself(made: Path, caplog: pytest.LogCaptureFixture) -> None:
    with contextlib.closing(sqlite3.connect(path_of(made), isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        with stores(made) as pair:
            for store in pair:
                assert not store.is_shared
                put(store, TOTAL, around(3), many_rows)
                assert rows(store.buckets[TOTAL], around(3)) == truth_of(around(3))
    assert "damaged" not in caplog.text
    assert list(made.glob("*damaged*")) == []


def test_a_disk_that_is_full(made: Path, caplog: pytest.LogCaptureFixture) -> None:
    with stores(made) as (one, other):
        connection = one._file._connection  # type: ignore[union-attr]  # noqa: SLF001 - only a connection can be told
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        long_ago = Days(date(2026, 1, 1), date(2026, 6, 30))
        put(one, TOTAL, long_ago, many_rows)
        # All of it in memory, and of the file not a part of it: days are written whole, or not at all.
        assert rows(one.buckets[TOTAL], long_ago) == truth_of(long_ago)
        other.follow()
        assert other.buckets[TOTAL].missing(long_ago) == [long_ago]
        assert rows(other.buckets[TOTAL], MONTH) == truth_of(MONTH)
        assert other.is_shared
    assert [one.levelno for one in caplog.records if "memory" in one.message] == [logging.WARNING]


def test_a_file_that_is_deleted(made: Path) -> None:
    with stores(made) as (one, other):
        for store in (one, other):
            assert rows(store.buckets[TOTAL], MONTH) == truth_of(MONTH)
        for part in made.glob("usage-*"):
            part.unlink()
        for store in (one, other):
            store.follow()
            put(store, TOTAL, around(2), many_rows)
            assert rows(store.buckets[TOTAL], MONTH) == truth_of(MONTH)
            store.open()
            assert store.is_shared
        one.follow()
    with stores(made, 1) as (fresh,):
        assert rows(fresh.buckets[TOTAL], MONTH) == truth_of(MONTH)
        assert rows(fresh.buckets[TOTAL], around(2)) == truth_of(around(2))


# Erasing.


def test_what_is_erased_is_gone_and_nobody_begins_anew(made: Path) -> None:
    name = "what nobody may find again"
    with stores(made) as (one, other):
        put(one, TOTAL, around(2), one_row(TOTAL, name))
        other.follow()
        other.buckets[TOTAL].known()
        one.erase()
        assert list(made.glob("usage-*")) == []
        for store in (one, other):
            store.follow()
            store.open()
            put(store, TOTAL, around(3), one_row(TOTAL, name))
            store.open()
            assert sum(rows(store.buckets[TOTAL], around(3)).values()) == 3
            assert not store.is_shared
    assert list(made.glob("usage-*")) == []


def test_a_file_that_cannot_be_deleted_is_empty_and_others_see_it(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where another program has it open."""
    name = "what nobody may find again"

    def refuse(_: Path, **__: object) -> None:
        raise PermissionError(13, "somebody has it open")

    with stores(made) as (one, other):
        put(one, TOTAL, around(2), one_row(TOTAL, name))
        other.follow()
        with monkeypatch.context() as patched:
            patched.setattr(Path, "unlink", refuse)
            with pytest.raises(OSError, match="somebody has it open"):
                one.erase()
        for store in (one, other):
            store.follow()
            store.open()
            put(store, TOTAL, around(3), one_row(TOTAL, name))
            assert not store.is_shared
    for part in made.iterdir():
        assert name.encode() not in part.read_bytes()


def test_what_was_set_aside_is_erased_too(made: Path) -> None:
    """It is as readable as it was, to anybody who looks into it."""
    spoil_bodies(path_of(made))
    with stores(made, 1) as (store,):
        is_right_or_missing(store, MONTH)
        store.open()
        assert len(list(made.glob("*damaged*"))) > 0
        store.erase()
    assert list(made.glob("usage-*")) == []


# Room.

OF_ALL_KINDS = (MINUTES, HOURS, NARROWED, TOTAL)
LONG = around(150)


def fill(store: Store) -> None:
    """With rows of some size, the same for all queries."""

    def many(query: Query) -> Callable[[date], list[Row]]:
        zeros = (0,) * (len(query.endpoint.metrics) - 1)
        return lambda day: [(key_of(query, f"key {n}"), (day.toordinal() * 1000 + n, *zeros)) for n in range(200)]

    for number, query in enumerate(OF_ALL_KINDS):
        put(store, query, LONG, many(query), NOW + number * timedelta(seconds=1))


def days_in(store: Store) -> list[set[date]]:
    return [{day for day in LONG if store.buckets[query].kept(day)} for query in OF_ALL_KINDS]


@pytest.mark.parametrize("share", [0.95, 0.7, 0.4, 0.1])
def test_room_is_made_from_what_is_fine_and_old(tmp_path: Path, share: float) -> None:
    with stores(tmp_path, 1) as (store,):
        fill(store)
        assert store._file is not None  # noqa: SLF001 - only the file knows its size
        size = store._file.size  # noqa: SLF001
    with stores(tmp_path) as (one, other):
        for store in (one, other):
            assert days_in(store) == [{*LONG}] * len(OF_ALL_KINDS)
        one.make_room(int(size * share), TODAY)
        other.follow()
        with stores(tmp_path, 1) as (fresh,):
            there = days_in(fresh)
            assert fresh._file is not None  # noqa: SLF001
            size_now = fresh._file.size  # noqa: SLF001
        # What is of this month and the last stays, whatever it takes.
        recent = TODAY.replace(day=1) - 31 * DAY
        spare = [{day for day in days if day < recent} for days in there]
        assert size_now <= int(size * share) or spare == [set()] * len(OF_ALL_KINDS)
        assert days_in(one) == days_in(other) == there
        for query, days, old in zip(OF_ALL_KINDS, there, spare, strict=True):
            gone = {*LONG} - days
            assert not gone or not old or max(gone) < min(old)
            # All of them know what is not there any more, and have the rows of the rest.
            assert {day for part in other.buckets[query].missing(LONG) for day in part} == gone
            assert sum(rows(other.buckets[query], LONG).values()) == 200 * len(days)
        # What is finer is gone before anything that is less fine.
        for finer, coarser in pairwise(range(len(OF_ALL_KINDS))):
            assert there[coarser] == {*LONG} or spare[finer] == set()


def test_room_is_not_made_from_what_is_in_use_and_recent(tmp_path: Path) -> None:
    with stores(tmp_path) as (one, other):
        fill(one)
        one.make_room(0, TODAY)
        other.follow()
        this_month = Days(TODAY.replace(day=1), TODAY)
        for query in OF_ALL_KINDS:
            assert other.buckets[query].missing(this_month) == []
        assert other.buckets[TOTAL].missing(LONG) != []


def test_another_store_learns_that_its_newest_days_are_gone(tmp_path: Path) -> None:
    """They are what was written last, too."""
    old = Days(date(2026, 1, 1), date(2026, 1, 9))
    with stores(tmp_path) as (one, other):
        put(one, TOTAL, around(2), one_row(TOTAL))
        put(one, MINUTES, old, lambda _: [(key_of(MINUTES, f"k{n}"), (n,) * 17) for n in range(300)])
        other.follow()
        assert other.buckets[MINUTES].missing(old) == []
        one.make_room(50_000, TODAY)
        with stores(tmp_path, 1) as (fresh,):
            gone = fresh.buckets[MINUTES].missing(old)
        assert gone != []
        other.follow()
        assert other.buckets[MINUTES].missing(old) == gone


# A clock that was wrong.


def test_what_was_learned_in_the_future_is_forgotten_by_all(tmp_path: Path) -> None:
    with stores(tmp_path) as (one, other):
        put(one, TOTAL, MONTH, many_rows, NOW)
        later = NOW + timedelta(days=40)
        with one.up_to_date():
            one.asked = one.since = later
        put(one, TOTAL, around(3), many_rows, later)
        other.follow()
        assert other.buckets[TOTAL].missing(around(3)) == []
        one.drop_after(NOW + timedelta(days=1))
        other.follow()
        assert other.asked <= NOW
        assert other.buckets[TOTAL].missing(around(3)) == [around(3)]
        assert other.buckets[TOTAL].missing(MONTH) == []
        assert rows(other.buckets[TOTAL]) == truth_of(MONTH)
        put(other, TOTAL, around(3), many_rows, NOW)
        with stores(tmp_path, 1) as (fresh,):
            assert rows(fresh.buckets[TOTAL], around(3)) == truth_of(around(3))


# Whose it is.


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        folder = tmp_path / "folder"
        with stores(folder, 1) as (store,):
            put(store, TOTAL, around(2), many_rows)
            assert len(list(folder.glob("usage-*"))) == 3
            assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        folder.chmod(0o750)
        with stores(folder, 1):
            # Somebody made it so.
            assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    finally:
        os.umask(umask)


def test_each_account_has_a_file_and_each_folder_other_names(tmp_path: Path) -> None:
    accounts = [(KEY, URL), (SecretStr("sk-admin-" + "y" * 40), URL), (KEY, "https://proxy.example/v1")]
    for folder in (tmp_path / "one", tmp_path / "other"):
        for number, (secret, url) in enumerate(accounts):
            store = opened(folder, secret, url)
            assert rows(store.buckets[TOTAL]) == Counter()
            put(store, TOTAL, around(1), one_row(TOTAL, f"of account {number}"))
            store.close()
        for number, (secret, url) in enumerate(accounts):
            store = opened(folder, secret, url)
            assert {key[0] for _, key, *_ in rows(store.buckets[TOTAL])} == {f"of account {number}"}
            store.close()
        assert len(list(folder.glob("usage-*.sqlite3"))) == 3
        for part in folder.iterdir():
            for secret, url in accounts:
                assert secret.get_secret_value().encode() not in part.read_bytes()
                assert secret.get_secret_value() not in part.name
                assert url.encode() not in part.read_bytes()
    names_of = [{part.name for part in (tmp_path / one).iterdir() if part.name != "salt"} for one in ("one", "other")]
    assert names_of[0].isdisjoint(names_of[1])


@pytest.mark.parametrize("content", [b"", b"short", b"much longer than a salt is" * 9])
def test_a_salt_that_is_none_is_made_anew(tmp_path: Path, content: bytes) -> None:
    """Whoever made it was killed in between."""
    (tmp_path / "salt").write_bytes(content)
    with stores(tmp_path) as (one, other):
        put(one, TOTAL, around(1), one_row(TOTAL))
        other.follow()
        assert sum(rows(other.buckets[TOTAL]).values()) == 1
