"""One look whether there is anything new: what is asked first, and what then, by what others asked meanwhile."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from openai_usage import fetch, queries
from openai_usage.openai_api import Fault
from openai_usage.reader import Reader

# While nothing seems to move, all is read again after so long: what is not looked at may have moved.
_ALL_AGAIN_AFTER: Final = timedelta(minutes=30)
_OFFLINE: Final = frozenset({Fault.UNREACHABLE, Fault.HOST_UNKNOWN})


class Refresh:
    """Asked for by the user at `wanted`, or by itself where `is_due` says so. Its plans are for `Reader.read`."""

    def __init__(
        self,
        reader: Reader,
        seen: Callable[[datetime], fetch.Seen],
        *,
        wanted: datetime | None,
        is_due: Callable[[], bool],
    ) -> None:
        self._reader = reader
        self._store = reader.store
        self._seen = seen
        self._wanted = wanted
        self._is_due = is_due
        self._has_begun = False
        self._moves = 0

    def first(self, now: datetime) -> Sequence[fetch.Question]:
        """All that is shown and may have moved; by itself, only what tells whether anything has."""
        store = self._store
        if self._wanted is not None:
            # Another server may have asked since: what it was not answered is asked once more.
            if store.asked < self._wanted or store.failures:
                self._begin(now, anew=True)
                return self._reader.shown(self._seen(now), now, by_user=True)
        elif self._is_due():
            is_old = now - store.since > _ALL_AGAIN_AFTER or now.date() != store.since.date()
            self._begin(now, anew=is_old)
            if not is_old:
                return fetch.signs(store, self._seen(now), now.date())
        return self._reader.shown(self._seen(now), now)

    def rest(self, now: datetime) -> Sequence[fetch.Question]:
        """What has to be read because something moved."""
        store = self._store
        if not self._has_begun:
            # What stands in for what was refused just now. What failed would fail again.
            wanted = self._reader.shown(self._seen(now), now)
            return [question for question in wanted if question.topic not in store.failures]
        has_moved = store.moves != self._moves
        with store.up_to_date():
            error = store.failures.get(queries.TOTAL)
            store.offline = store.offline + 1 if error and error.fault in _OFFLINE else 0
            store.quiet = 0 if self._wanted is not None or has_moved else store.quiet + 1
            if has_moved:
                store.since = max(store.since, store.asked)
        return () if queries.TOTAL in store.failures else self._reader.shown(self._seen(now), now, anew=store.asked)

    def _begin(self, now: datetime, *, anew: bool) -> None:
        store = self._store
        self._has_begun, self._moves = True, store.moves
        with store.up_to_date():
            store.asked = now
            store.since = now if anew else store.since
            if self._wanted is not None:
                # What was not there may be there now.
                store.absent.clear()
                store.refused.clear()
