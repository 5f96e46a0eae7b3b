"""Rows as they are read, sorted into parts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from openai_usage.endpoints import Endpoint
from openai_usage.records import Record
from openai_usage.saved import cells
from openai_usage.saved.content import Content
from openai_usage.saved.part import Part
from openai_usage.saved.problem import Reason

if TYPE_CHECKING:
    from openai_usage.rows import Key


class Rows:
    """Puts rows into parts, one for each endpoint; a row that cannot be read is counted."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._parts: dict[str, Part] = {}  # a name is hashed sooner than all of an endpoint
        self._keys: dict[Key, Key] = {}

    def of(self, endpoint: Endpoint) -> Part:
        """The endpoint's part."""
        if endpoint.name not in self._parts:
            self._parts[endpoint.name] = self._content.part(endpoint)
        return self._parts[endpoint.name]

    def add(self, endpoint: Endpoint, start: int, row: cells.Cells) -> None:
        """A row, or a day without any."""
        try:
            found = cells.record(endpoint, start, row)
        except ValueError:
            self.unread()
            return
        part = self.of(endpoint)
        part.days.add(cells.day_of(start))
        if found is not None:
            # Rows have few keys, and each is kept once.
            key = self._keys.setdefault(found.key, found.key)
            self._content.add(part, Record(endpoint, start, key, found.numbers))
        self._content.names.add_row(row)

    def parts(self) -> Sequence[Part]:
        """All so far."""
        return list(self._parts.values())

    def unread(self, number: int = 1) -> None:
        """So many rows could not be read."""
        self._content.counts[Reason.UNREAD_ROWS] += number
