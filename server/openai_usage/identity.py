"""Which API key that of the workspace is: by the names of the organisation, by a choice, by what is remembered."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from openai_usage.fetch import DIRECTORY
from openai_usage.matching import Match, digest, match
from openai_usage.settings import KeyId
from openai_usage.store import Store
from openai_usage.workspace import FoundKey, WorkspaceKey

if TYPE_CHECKING:
    from pydantic import SecretStr

_TRY_AGAIN_AFTER: Final = timedelta(minutes=1)
_MOST_REMEMBERED: Final = 200
"""Keys whose ids are kept."""


class Identity:
    """Of one workspace's key, by one account's store at a time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.key: WorkspaceKey | None = None
        self.match: Match | None = None
        """None: it is not known yet, or there is no key."""
        self._known_since: dict[SecretStr, datetime] = {}
        """When a key was found first: names that were read before may lack it."""

    @property
    def key_id(self) -> str | None:
        """None: it is not known which one it is."""
        return self.match.key_id if self.match else None

    def find(self, key: WorkspaceKey | None, store: Store) -> None:
        """Whose `key` is, the workspace's one, by all that the store knows now."""
        self.key, self.match = key, None
        if isinstance(key, KeyId):
            self.match = match(key, store.directory, None)
        elif isinstance(key, FoundKey):
            self._known_since.setdefault(key.secret, self._clock())
            remembered, directory = _remembered(store, key), store.directory
            found = match(key, directory, remembered)
            # That it is none of them is not known before they were read for it.
            self.match = None if found == Match(None) and not self._are_names_read(store) else found
            # Once it is deleted no list tells of it any more.
            if self.key_id and not remembered and directory and directory.is_whole:
                _remember(store, key, self.key_id)

    def choose(self, key_id: str | None, store: Store) -> None:
        """From the next look on it is this one of several; None: it is not known which one. Others are not taken."""
        candidates = [one.id for one in self.match.candidates] if self.match else []
        if isinstance(self.key, FoundKey) and (key_id is None or key_id in candidates):
            _remember(store, self.key, key_id)

    def needs_names(self, store: Store) -> bool:
        """Whether the names are to be read to tell which one it is."""
        if isinstance(self.key, KeyId):
            # What it is called, and whether there is one of that id.
            return store.directory is None and not _is_just_tried(store, self._clock())
        if not isinstance(self.key, FoundKey) or (self.match and (self.match.key_id or self.match.candidates)):
            return False
        has_failed = DIRECTORY in store.failures
        return not self._are_names_read(store) and not (has_failed and _is_just_tried(store, self._clock()))

    def _are_names_read(self, store: Store) -> bool:
        """Since there is that key; where that is refused, it would be refused again."""
        if any(topic == DIRECTORY for topic, _ in store.refused.values()):
            return True
        since = self._known_since.get(self.key.secret) if isinstance(self.key, FoundKey) else None
        is_read = store.names_read is not None and (since is None or store.names_read >= since)
        return is_read and DIRECTORY not in store.failures

    def forget(self) -> None:
        """The next store is another account's."""
        self.match = None


def _is_just_tried(store: Store, now: datetime) -> bool:
    return store.names_read is not None and now - store.names_read <= _TRY_AGAIN_AFTER


def _remembered(store: Store, key: FoundKey) -> str | None:
    return store.key_ids.get(digest(store.salt, key)) if store.salt else None


def _remember(store: Store, key: FoundKey, key_id: str | None) -> None:
    with store.up_to_date():
        store.salt = store.salt or secrets.token_hex(16)
        mark = digest(store.salt, key)
        others = {other: one for other, one in store.key_ids.items() if other != mark}
        kept = dict(list(others.items())[1 - _MOST_REMEMBERED :])
        store.key_ids = kept | ({mark: key_id} if key_id is not None else {})
