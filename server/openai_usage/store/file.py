"""One account's SQLite file, shared by every server on the same folder. The only place that speaks SQL.

WAL: readers never wait, and a process that is killed leaves the file as its last whole transaction left it. Sources for
that and for what may not be done to a file in use: sqlite.org/wal.html and sqlite.org/howtocorrupt.html.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from openai_usage.days import Days
from openai_usage.endpoints import Query
from openai_usage.rows import Bucket, Keys
from openai_usage.store.packing import UNREADABLE, key_of, key_text, pack, query_of, query_text, unpack

VERSION: Final = 2
"""Of the schema below. It is part of the file's name, so that servers of two versions never share a file."""
_APPLICATION: Final = 0x6F617500 + VERSION
_SCHEMA: Final = """
CREATE TABLE query (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE key (query INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (query, number))
    WITHOUT ROWID;
CREATE TABLE day (query INTEGER NOT NULL, day INTEGER NOT NULL, as_of INTEGER NOT NULL, is_settled INTEGER NOT NULL,
    change INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (query, day));
CREATE INDEX day_change ON day (change);
CREATE TABLE month (query INTEGER NOT NULL, month INTEGER NOT NULL, stamp INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (query, month));
CREATE TABLE counter (change INTEGER NOT NULL);
INSERT INTO counter VALUES (0);
CREATE TABLE fact (name TEXT PRIMARY KEY, value BLOB NOT NULL, change INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
"""
# Others write for some milliseconds. Meanwhile everything here waits, so it is not for long.
_PATIENCE: Final = 2.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ERASED: Final = "erased"
_GONE: Final = "gone"
_MEGABYTE: Final = 1_000_000
_ROOM_MADE: Final = 0.1
"""How much more than needed is freed, so that it is not needed again at once."""


class NotOursError(Exception):
    """The file is damaged, or something else's."""


class UnfitError(Exception):
    """The folder cannot hold a file that several processes share. Says why."""


FAILURES: Final = (sqlite3.Error, OSError, NotOursError, UnfitError, *UNREADABLE)
"""Whatever can go wrong with a file."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a day without its rows."""

    as_of: datetime
    is_settled: bool


@dataclass(slots=True)
class Changes:
    """What others wrote since the last time."""

    days: dict[Query, dict[date, Kept]] = field(default_factory=dict)
    facts: dict[str, bytes] = field(default_factory=dict)
    are_days_gone: bool = False
    """Some were taken out to make room."""


class File:
    """An open file. Methods raise what is in FAILURES."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it. UnfitError, NotOursError, OSError or sqlite3.Error when it cannot be used."""
        self.path = path
        # Before SQLite does it, so that it is for its owner alone; what lies beside it gets the same rights.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._is_at = _identity(path)
        self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        self._depth = 0
        self._queries: dict[Query, int] = {}
        try:
            self._set_up()
        except BaseException:
            self._connection.close()
            raise
        self._version = self._data_version()
        self._seen = self._last_change()

    def _set_up(self) -> None:
        run = self._connection.execute
        if self._is_made():
            if run("PRAGMA application_id").fetchone()[0] != _APPLICATION:
                raise NotOursError("it is another program's")
            self._journal()
        else:
            run("PRAGMA auto_vacuum = INCREMENTAL")
            self._journal()
            with self.transaction():
                if not self._is_made():
                    for statement in _SCHEMA.split(";"):
                        run(statement)
                    run(f"PRAGMA application_id = {_APPLICATION}")
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA journal_size_limit = 4000000")

    def _journal(self) -> None:
        mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise UnfitError("its folder cannot be shared by several processes (a network drive?)")

    def _is_made(self) -> bool:
        return bool(self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    @property
    def is_erased(self) -> bool:
        """Whether somebody erased all that was in it, for good."""
        return self.fact(_ERASED) is not None

    @property
    def is_in_its_place(self) -> bool:
        """False: it was deleted or replaced, and what is written here is read by nobody."""
        return _identity(self.path) == self._is_at

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written in it, or nothing. Inside another it is a part of that one."""
        self.begin()
        try:
            yield
        except BaseException:
            self.roll_back()
            raise
        self.commit()

    def begin(self) -> None:
        """Begin a transaction."""
        if not self._depth:
            self._connection.execute("BEGIN IMMEDIATE")
        self._depth += 1

    def commit(self) -> None:
        """End it; the outermost one writes."""
        self._depth -= 1
        if not self._depth:
            self._connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Take it back."""
        self._depth = 0
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    # Days.

    def kept(self, query: Query) -> dict[date, Kept]:
        """All days of a query, without their rows."""
        rows = self._connection.execute(
            "SELECT day, as_of, is_settled FROM day WHERE query = ?", (self._number(query),)
        ).fetchall()
        return {date.fromordinal(day): _kept(as_of, is_settled) for day, as_of, is_settled in rows}

    def keys(self, query: Query, first: int) -> list[str]:
        """The texts of a query's keys from number `first` on."""
        sql = "SELECT text FROM key WHERE query = ? AND number >= ? ORDER BY number"
        return [text for (text,) in self._connection.execute(sql, (self._number(query), first))]

    def bodies(self, query: Query, days: Days) -> Iterator[tuple[date, bytes]]:
        """The packed buckets of those of `days` that are there; key numbers are the file's."""
        sql = "SELECT day, body FROM day WHERE query = ? AND day BETWEEN ? AND ?"
        place = (self._number(query), days.first.toordinal(), days.last.toordinal())
        return ((date.fromordinal(day), body) for day, body in self._connection.execute(sql, place))

    def add_keys(self, query: Query, keys: Sequence[str], first: int) -> None:
        """Number `keys` from `first` on. Inside a transaction, or others may take the same numbers."""
        number = self._number(query, make=True)
        rows = ((number, first + index, text) for index, text in enumerate(keys))
        self._connection.executemany("INSERT INTO key VALUES (?, ?, ?)", rows)

    def put(self, query: Query, days: Mapping[date, tuple[Kept, bytes]]) -> None:
        """Replace days whole, but for those that somebody asked for later."""
        change = self._next_change()
        number = self._number(query, make=True)
        self._connection.executemany(
            "INSERT INTO day VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (query, day) DO UPDATE SET as_of = excluded.as_of, "
            "is_settled = excluded.is_settled, change = excluded.change, body = excluded.body "
            "WHERE excluded.as_of >= as_of",
            [
                (number, day.toordinal(), _stamp(kept.as_of), kept.is_settled, change, body)
                for day, (kept, body) in days.items()
            ],
        )

    def month(self, query: Query, first: date, stamp: int) -> bytes | None:
        """The packed sum of a month, where one with that stamp is there."""
        sql = "SELECT body FROM month WHERE query = ? AND month = ? AND stamp = ?"
        row = self._connection.execute(sql, (self._number(query), first.toordinal(), stamp)).fetchone()
        return row[0] if row else None

    def put_month(self, query: Query, first: date, stamp: int, body: bytes) -> None:
        """Replace it."""
        row = (self._number(query, make=True), first.toordinal(), stamp, body)
        self._connection.execute("INSERT OR REPLACE INTO month VALUES (?, ?, ?, ?)", row)

    def begin_reading(self) -> None:
        """From now on all that is read is of one moment, whatever others write meanwhile."""
        self._connection.execute("BEGIN")

    def end_reading(self) -> None:
        """Until now."""
        self._connection.execute("COMMIT")

    def drop_after(self, moment: datetime) -> None:
        """Forget days that were asked for later than `moment`: the clock was wrong then."""
        with self.transaction():
            self._connection.execute("DELETE FROM day WHERE as_of > ?", (_stamp(moment),))
            self._tell_gone()

    # Facts.

    def fact(self, name: str) -> bytes | None:
        """What was written under a name."""
        row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_fact(self, name: str, value: bytes) -> None:
        """Write something under a name."""
        self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?, ?)", (name, value, self._next_change()))

    # Others.

    def changes(self) -> Changes | None:
        """What others wrote since the last time; None: nothing. Costs some microseconds then."""
        version = self._data_version()
        if version == self._version:
            return None
        self._version = version
        found = Changes()
        run = self._connection.execute
        # Unless this is inside a transaction, what is found may be newer than the number, and is found again then.
        seen, self._seen = self._seen, self._last_change()
        days = run("SELECT query, day, as_of, is_settled FROM day WHERE change > ?", (seen,)).fetchall()
        facts = run("SELECT name, value FROM fact WHERE change > ?", (seen,)).fetchall()
        numbers = {number for number, *_ in days}
        queries = {number: query_of(self._text(number)) for number in numbers}
        for number, day, as_of, is_settled in days:
            kept = _kept(as_of, is_settled)
            found.days.setdefault(queries[number], {})[date.fromordinal(day)] = kept
        found.facts = dict(facts)
        found.are_days_gone = _GONE in found.facts
        return found

    def take(self, name: str, holder: str, now: datetime, length: timedelta) -> bool:
        """Take a lease. False: another has it."""
        # Most of the time it is; then nothing has to be locked to see it.
        if self.is_held(name, now, length, but_by=holder):
            return False
        with self.transaction():
            if self.is_held(name, now, length, but_by=holder):
                return False
            self._connection.execute(
                "INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", (name, holder, _stamp(now + length))
            )
            return True

    def keep(self, name: str, holder: str, now: datetime, length: timedelta) -> bool:
        """Keep a lease for longer. False: another took it over, even if that one is done by now."""
        sql = "UPDATE lease SET until = ? WHERE name = ? AND holder = ?"
        return self._connection.execute(sql, (_stamp(now + length), name, holder)).rowcount == 1

    def give_back(self, name: str, holder: str) -> None:
        """End a lease."""
        self._connection.execute("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))

    def is_held(self, name: str, now: datetime, length: timedelta, *, but_by: str) -> bool:
        """Whether another has a lease. One that ends later than any could is of a clock that was wrong."""
        row = self._connection.execute("SELECT holder, until FROM lease WHERE name = ?", (name,)).fetchone()
        return row is not None and row[0] != but_by and now < _moment(row[1]) <= now + 2 * length

    # Room.

    @property
    def size(self) -> int:
        """Bytes in use, without what lies in the write-ahead log alone."""
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def make_room(self, most: int, today: date, kept: Iterable[Query]) -> bool:
        """Forget days until the file has at most so many bytes, or nothing can be spared. Whether some were forgotten.

        First go minutes, then hours, then what was narrowed, the oldest ones first. What is of this month and the last,
        and in `kept`, stays.
        """
        if self.size <= most:
            return False
        stay = {self._number(query) for query in kept}
        since = today.replace(day=1).toordinal() - 31
        rows = self._connection.execute("SELECT query, day, length(body) FROM day").fetchall()
        widths = {number: _fineness(query_of(self._text(number))) for number in {row[0] for row in rows}}
        spare = sorted(
            (widths[number], day, number, length)
            for number, day, length in rows
            if not (number in stay and day >= since)
        )
        too_much = self.size - int(most * (1 - _ROOM_MADE))
        gone = []
        for _, day, number, length in spare:
            if too_much <= 0:
                break
            too_much -= length
            gone.append((number, day))
        with self.transaction():
            self._connection.executemany("DELETE FROM day WHERE query = ? AND day = ?", gone)
            # Whoever needs the sum of a month needs its days to be known, too.
            self._connection.executemany(
                "DELETE FROM month WHERE query = ? AND month > ? - 31 AND month <= ?",
                ((number, day, day) for number, day in gone),
            )
            self._tell_gone()
        self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        return bool(gone)

    def erase(self) -> None:
        """Take everything out, overwrite it, and delete the file; others who have it open see that it is gone."""
        run = self._connection.execute
        run("PRAGMA secure_delete = ON")
        with self.transaction():
            for table in ("day", "month", "key", "query", "fact", "lease"):
                run(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            self.set_fact(_ERASED, b"")
        run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.close()
        # With what lies beside it, and what was set aside.
        for path in sorted(self.path.parent.glob(f"{self.path.name}*")):
            path.unlink(missing_ok=True)

    # Numbers.

    def _tell_gone(self) -> None:
        self.set_fact(_GONE, b"")

    def _number(self, query: Query, *, make: bool = False) -> int:
        """The number of a query; 0 when it has none."""
        found = self._queries.get(query)
        if found is not None:
            return found
        text = query_text(query)
        if make:
            self._connection.execute("INSERT OR IGNORE INTO query (text) VALUES (?)", (text,))
        row = self._connection.execute("SELECT id FROM query WHERE text = ?", (text,)).fetchone()
        if row is None:
            return 0
        if not self._depth:
            # Inside a transaction it may still be taken back.
            self._queries[query] = row[0]
        return int(row[0])

    def _text(self, number: int) -> str:
        row = self._connection.execute("SELECT text FROM query WHERE id = ?", (number,)).fetchone()
        return str(row[0]) if row else ""

    def _data_version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _last_change(self) -> int:
        return int(self._connection.execute("SELECT change FROM counter").fetchone()[0])

    def _next_change(self) -> int:
        self._connection.execute("UPDATE counter SET change = change + 1")
        return self._last_change()


class FileShelf:
    """One query's place in a file: its buckets with the numbers that its keys have in memory.

    What goes wrong is told to `fail`; reading then finds nothing, and nothing is written.
    """

    def __init__(self, file: File, query: Query, fail: Callable[[Exception], None]) -> None:
        self._file = file
        self._query = query
        self._fail = fail
        self._to_memory: list[int] = []
        """By a key's number in the file, that in memory."""
        self._to_file: dict[int, int] = {}
        self._are_same = True

    def kept(self) -> dict[date, Kept]:
        """All days, without their rows."""
        try:
            return self._file.kept(self._query)
        except FAILURES as error:
            self._fail(error)
            return {}

    def read(self, days: Days, keys: Keys) -> dict[date, list[Bucket]]:
        """The buckets of those of `days` that are there."""
        try:
            packed = list(self._file.bodies(self._query, days))
            # After the bodies: keys are only ever added, so all that they name are there.
            self._learn(keys)
            return {day: unpack(body, len(self._to_memory), self._numbers) for day, body in packed}
        except FAILURES as error:
            self._fail(error)
            return {}

    def learn(self, keys: Keys) -> None:
        """Add the keys of all rows there are."""
        try:
            self._learn(keys)
        except FAILURES as error:
            self._fail(error)

    def month(self, first: date, stamp: int, keys: Keys) -> Bucket | None:
        """The rows of a month as one bucket, where that was put here with the same stamp."""
        try:
            packed = self._file.month(self._query, first, stamp)
            self._learn(keys)
            return unpack(packed, len(self._to_memory), self._numbers)[0] if packed else None
        except FAILURES as error:
            self._fail(error)
            return None

    def put_month(self, first: date, stamp: int, bucket: Bucket, keys: Keys) -> None:
        """The same, to be found again."""
        try:
            with self._file.transaction():
                self._learn(keys)
                numbers = [self._to_file.get(number, 0) for number in range(len(keys))]
                self._file.put_month(self._query, first, stamp, pack([bucket], numbers))
        except FAILURES as error:
            self._fail(error)

    def write(self, days: Mapping[date, Kept], buckets: Mapping[date, Sequence[Bucket]], keys: Keys) -> None:
        """Replace days whole."""
        try:
            with self._file.transaction():
                self._learn(keys)
                new = [number for number in range(len(keys)) if number not in self._to_file]
                first = len(self._to_memory)
                self._file.add_keys(self._query, [key_text(keys[number]) for number in new], first)
                to_file = {**self._to_file, **{number: first + index for index, number in enumerate(new)}}
                numbers = [to_file[number] for number in range(len(keys))]
                self._file.put(self._query, {day: (kept, pack(buckets[day], numbers)) for day, kept in days.items()})
        except FAILURES as error:
            self._fail(error)

    @property
    def _numbers(self) -> Sequence[int] | None:
        """What the file's numbers are in memory; None: the same, as they are for whoever only reads."""
        return None if self._are_same else self._to_memory

    def _learn(self, keys: Keys) -> None:
        """The numbers of keys that somebody added."""
        for text in self._file.keys(self._query, len(self._to_memory)):
            number = keys.number(key_of(text))
            self._are_same &= number == len(self._to_memory)
            self._to_file[number] = len(self._to_memory)
            self._to_memory.append(number)


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file's content cannot be what was written."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, (NotOursError, *UNREADABLE))
    return code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _fineness(query: Query) -> int:
    """What is forgotten first has the lowest."""
    return {"1m": 0, "1h": 1}.get(query.width, 2 if query.only else 3)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@lru_cache(4096)
def _kept(as_of: int, is_settled: int) -> Kept:
    """Many days were read at the same moment."""
    return Kept(_moment(as_of), bool(is_settled))


def _stamp(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(stamp: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stamp)
