"""Everything known of one account, as the rest of the server sees it: kept in a file where that can be."""

import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final, Literal, get_args

from openai_usage.days import Days
from openai_usage.endpoints import COSTS, Query, by_everything
from openai_usage.openai_api import REFUSALS, Fault
from openai_usage.rows import Bucket
from openai_usage.source import Source, Told
from openai_usage.store.accounts import set_aside
from openai_usage.store.buckets import Buckets, settles_in
from openai_usage.store.facts import LONG_AGO, PARTS, Facts, take_over, written
from openai_usage.store.file import FAILURES, Changes, File, FileShelf, is_damage

_log = logging.getLogger(__name__)

Lease = Literal["figures", "rest", "days"]
"""The right to ask OpenAI: for what is shown, for what may come later (names, limits, comparisons), and for use that is
given a day at a time."""
LEASE_LENGTH: Final = timedelta(seconds=5)
"""A process that is killed keeps the others waiting for so long."""

_SOURCE: Final = Source()
_UNTOLD: Final = REFUSALS | {Fault.NOT_THE_API}
"""What says that a server of the endpoints of 2023 does not have one of them: many answer with a page instead."""
_MANY_KEYS: Final = 500
"""With fewer, adding up all rows takes no longer than reading the sums."""


class Store(Facts):
    """Everything known of one account. Without `open_file`, or while it cannot be opened, it is in memory alone.

    When the file fails, what came in meanwhile goes into the next one that can be opened.
    """

    def __init__(
        self, open_file: Callable[[], File] | None = None, source: Source = _SOURCE, told: Told | None = None
    ) -> None:
        super().__init__()
        self.source = source
        self._told = told or source.tells
        self.buckets = _ByQuery(self._buckets_of)
        self._open_file = open_file
        self._file: File | None = None
        self._holder = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._written: dict[str, bytes] = {}
        self._said: set[str] = set()
        self._groups: dict[tuple[Query, str], list[int]] = {}
        """By what is rolled up, and by which dimension: for each key the number of what its rows are added to."""
        self.moves = 0
        """How often something was read that is not as it was, or was not known."""
        self.has_news = False
        """Others wrote something; whoever tells of it takes this back."""
        self.open()

    @property
    def told(self) -> Told:
        """What its source tells, as far as that is known by now."""
        told = self._told
        if told.kind != "legacy":
            return told
        # What came of it the last time, also while it is asked once more.
        bill, refused = Query(COSTS), {topic for topic, error in self.failures.items() if error.fault in _UNTOLD}
        use = by_everything(told.usage[0])
        keys = [(query, self.buckets[query].keys) for query in map(by_everything, told.usage)]
        user = [key[query.endpoint.fields.index("user_id")] for query, of_query in keys for key in of_query]
        return replace(
            told,
            usage=() if use in refused and self.buckets[use].days is None else told.usage,
            has_bill=self.account.one_sum is None and (bill not in refused or self.buckets[bill].days is not None),
            tells_users=not user or any(user),
        )

    # Figures.

    def to_read(self, query: Query, needed: Days, anew: datetime = LONG_AGO) -> list[Days]:
        """Which of `needed` have to be asked for; also what was read before `anew` and may move."""
        since = max(self.since, self.bill_since, anew) if query.endpoint is COSTS else max(self.since, anew)
        return self.buckets[query].to_read(needed, since)

    def put(self, query: Query, days: Days, buckets: Iterable[Bucket], as_of: datetime) -> None:
        """Replace days of a query whole; not those that somebody asked for later."""
        # In one transaction: splits of the bill that do not go together must not look as if they did.
        with self.up_to_date():
            of_query = self.buckets[query]
            self.moves += bool(of_query.missing(days))
            if of_query.put(days, buckets, as_of):
                self.moves += 1
                if query.endpoint is COSTS:
                    self.bill_since = max(self.bill_since, as_of)
            if query.width == "1d" and len(query.group_by) > 1 and not query.only and len(of_query.keys) >= _MANY_KEYS:
                self._roll_up(query)

    def rows(self, query: Query, needed: Collection[str], days: Days) -> Buckets:
        """What tells `days` of a query by the dimensions `needed`: its rows, or fewer that are sums of them."""
        fine = self.buckets[query]
        if len(needed) <= 1:
            for dimension in needed or query.group_by:
                coarse = self.buckets[_rolled_up(query, dimension)]
                if coarse.is_of_same_reading(fine, days):
                    return coarse
        return fine

    def all_rows(self, query: Query, dimension: str) -> Buckets:
        """The same of all days that are known."""
        fine = self.buckets[query]
        return fine if (days := fine.days) is None else self.rows(query, {dimension} & {*query.group_by}, days)

    @property
    def version(self) -> int:
        """Another number after each change of what was counted or billed."""
        return sum(buckets.version for buckets in self.buckets.values()) + len(self.absent)

    @contextmanager
    def up_to_date(self) -> Iterator[None]:
        """Take over what others know, then change something, and write down what was changed: all as one."""
        with self._together():
            self.follow()
            yield
            self._keep()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read in it is of one moment, whatever others write meanwhile."""
        file = self._file
        try:
            if file is not None:
                file.begin_reading()
                self.follow()
        except FAILURES as error:
            self._lose(error)
        try:
            yield
        finally:
            if file is not None and self._file is file:
                try:
                    file.end_reading()
                except FAILURES as error:
                    self._lose(error)

    def drop_after(self, moment: datetime) -> None:
        """Forget what was learned later than `moment`: the clock was wrong then."""
        with self.up_to_date():
            self.asked, self.since, self.bill_since = (
                LONG_AGO if one > moment else one for one in (self.asked, self.since, self.bill_since)
            )
            self.names_read = self.not_before = None
            try:
                if self._file is not None:
                    self._file.drop_after(moment)
            except FAILURES as error:
                self._lose(error)

    # The file.

    @property
    def is_shared(self) -> bool:
        """Whether others see what is kept here."""
        return self._file is not None

    def open(self) -> None:
        """Keep it in a file from now on, if that can be; what is in there is known, too."""
        if self._open_file is None or self._file is not None:
            return
        try:
            file = self._open_file()
        except FAILURES as error:
            self._say(f"Usage is kept in memory only: {_reason(error)}")
            return
        self._file = file
        with self._together():
            self._take_over_all(file)
            for query, buckets in self.buckets.items():
                buckets.move_to(FileShelf(file, query, self._lose))

    def close(self) -> None:
        """Give back what others wait for, and the file."""
        if self._file is None:
            return
        try:
            for lease in get_args(Lease):
                self._file.give_back(lease, self._holder)
            self._file.close()
        except FAILURES as error:
            _log.info("The file could not be closed: %s", _reason(error))
        self._file = None

    def erase(self) -> None:
        """Delete the file and all that is in it, and keep nothing any more. OSError when it cannot be deleted."""
        file, self._file, self._open_file = self._file, None, None
        for buckets in self.buckets.values():
            buckets.lose()
        try:
            if file is not None:
                file.erase()
        except FAILURES as error:
            raise OSError(_reason(error)) from None

    def make_room(self, most: int, today: date) -> None:
        """Forget the least of what is in the file when it has more than `most` bytes."""
        if self._file is None:
            return
        try:
            is_made = self._file.make_room(most, today, self.buckets)
        except FAILURES as error:
            self._lose(error)
            return
        if is_made:
            _log.info("The oldest figures were forgotten: the file had more than %d MB", most // 1_000_000)
            for buckets in self.buckets.values():
                buckets.look_again()
            with self.up_to_date():
                self.first_day = None

    @property
    def size(self) -> int:
        """Bytes of the file in use; 0 without one."""
        try:
            return self._file.size if self._file is not None else 0
        except FAILURES as error:
            self._lose(error)
            return 0

    # Others.

    def follow(self) -> None:
        """Take over what others wrote since the last time."""
        try:
            changes = self._changes()
            if changes is None:
                return
            self.has_news = True
            for name, value in changes.facts.items():
                # What was written here is known, and may have changed since.
                if self._written.get(name) != value:
                    self._take_over(name, value)
        except (*FAILURES, _MovedError) as error:
            self.has_news = True
            self._lose(error)
            return
        for query, days in changes.days.items():
            # Of others nothing was read yet: they are looked up when they are needed.
            if query in self.buckets:
                self.buckets[query].follow(days)
        if changes.are_days_gone:
            for buckets in self.buckets.values():
                buckets.look_again()

    def _changes(self) -> Changes | None:
        if self._file is None:
            return None
        changes = self._file.changes()
        # Also when it was deleted then: who has it open can still read it.
        if changes is not None and self._file.is_erased:
            self._open_file = None
            raise _MovedError("it was erased")
        if not self._file.is_in_its_place:
            raise _MovedError("the file is not there any more")
        return changes

    def take(self, lease: Lease, now: datetime) -> bool:
        """Take the right to ask. False: another process has it."""
        if self._file is None:
            return True
        try:
            return self._file.take(lease, self._holder, now, LEASE_LENGTH)
        except FAILURES as error:
            self._lose(error)
            return True

    def still_has(self, lease: Lease, now: datetime) -> bool:
        """Keep it for longer. False: another process took it over meanwhile."""
        if self._file is None:
            return True
        try:
            return self._file.keep(lease, self._holder, now, LEASE_LENGTH)
        except FAILURES as error:
            self._lose(error)
            return True

    def give_back(self, lease: Lease) -> None:
        """Let others ask."""
        if self._file is None:
            return
        try:
            self._file.give_back(lease, self._holder)
        except FAILURES as error:
            self._lose(error)

    def is_asked_by_others(self, now: datetime) -> bool:
        """Whether another process is reading what is shown."""
        if self._file is None:
            return False
        try:
            return self._file.is_held("figures", now, LEASE_LENGTH, but_by=self._holder)
        except FAILURES as error:
            self._lose(error)
            return False

    # Within.

    def _roll_up(self, query: Query) -> None:
        """Add up the rows of a large organisation by each dimension: nobody could wait for all of them."""
        fine = self.buckets[query]
        for dimension in query.group_by:
            coarse = self.buckets[_rolled_up(query, dimension)]
            groups = self._groups.setdefault((query, dimension), [])
            fields = query.endpoint.fields
            stay = [field == dimension or field in query.endpoint.labels for field in fields]
            groups += [
                coarse.keys.number(tuple(value if stays else None for value, stays in zip(key, stay, strict=True)))
                for key in islice(fine.keys, len(groups), None)
            ]
            coarse.put_sums(fine, groups)
        # Hundreds of megabytes, which are only needed for filters from now on.
        fine.release()

    def _keep(self) -> None:
        """Write down all that is not a figure, as far as it changed."""
        if self._file is None:
            return
        try:
            for name, value in written(self).items():
                if self._written.get(name) != value:
                    self._file.set_fact(name, value)
                    self._written[name] = value
        except FAILURES as error:
            self._lose(error)

    def _buckets_of(self, query: Query) -> Buckets:
        file = self._file
        buckets = Buckets(settles_in(query), FileShelf(file, query, self._lose) if file else None)
        if self._file is not file:
            # Lost while it was asked what is there.
            buckets.lose()
        return buckets

    @contextmanager
    def _together(self) -> Iterator[None]:
        """What is written in it is written as one. What goes wrong with the file does not reach whoever writes."""
        file = self._file
        try:
            if file is not None:
                file.begin()
        except FAILURES as error:
            self._lose(error)
        try:
            yield
        except BaseException:
            if file is not None and self._file is file:
                file.roll_back()
            raise
        try:
            if file is not None and self._file is file:
                file.commit()
        except FAILURES as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        """The file failed: go on in memory, until it can be opened again."""
        file, self._file = self._file, None
        if file is None:
            return
        self._written = {}
        # Somebody else may have found the damage first, and what is in its place now is a new one.
        is_damaged = is_damage(error) and file.is_in_its_place
        with contextlib.suppress(*FAILURES):
            file.close()
        for buckets in self.buckets.values():
            buckets.lose()
        if is_damaged:
            with contextlib.suppress(OSError):
                set_aside(file.path, error)
        elif isinstance(error, _MovedError):
            _log.info("Usage is kept in memory for now: %s", error)
        else:
            self._say(f"Usage is kept in memory for now: {_reason(error)}")

    def _say(self, text: str) -> None:
        """Each once: it is tried again and again."""
        if text not in self._said:
            self._said.add(text)
            _log.warning("%s", text)

    def _take_over_all(self, file: File) -> None:
        """What is in a file that was just opened, unless what is known is newer."""
        try:
            parts = {name: value for name in PARTS if (value := file.fact(name)) is not None}
            there = Facts()
            for name, value in parts.items():
                take_over(there, name, value)
            if there.since >= self.since:
                for name, value in parts.items():
                    self._take_over(name, value)
        except FAILURES as error:
            self._lose(error)

    def _take_over(self, name: str, value: bytes) -> None:
        if name in PARTS:
            take_over(self, name, value)
            self._written[name] = value


def _rolled_up(query: Query, dimension: str) -> Query:
    return replace(query, group_by=(dimension,), rolled_up_from=query.group_by)


class _MovedError(Exception):
    """The file in its place is not the one that is open."""


class _ByQuery(dict[Query, Buckets]):
    """Made when they are asked for."""

    def __init__(self, make: Callable[[Query], Buckets]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, query: Query) -> Buckets:
        self[query] = buckets = self._make(query)
        return buckets


def _reason(error: Exception) -> str:
    """In one line, without a path: it holds the user's name, and is of no use."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
