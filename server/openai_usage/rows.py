"""What was fetched: the rows of a bucket, kept by column, since a large organisation has hundreds of thousands."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

Key = tuple[str | None, ...]
"""What identifies a row: a value for each of its endpoint's `fields`; None where OpenAI gives none."""
Number = int | Decimal
"""Counts are whole; money and quantities are exact decimals."""


class Keys:
    """Every key once. A row has the number under which its own is found here."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}
        self._keys: list[Key] = []

    def number(self, key: Key) -> int:
        """Under which `key` is found from now on."""
        number = self._numbers.setdefault(key, len(self._keys))
        if number == len(self._keys):
            self._keys.append(key)
        return number

    def numbers(self, keys: Sequence[Key]) -> "array[int]":
        """Of many at once; most of them tend to be known."""
        found = list(map(self._numbers.get, keys))
        known = [number for number in found if number is not None]
        return array("I", known if len(known) == len(found) else map(self.number, keys))

    def __getitem__(self, number: int) -> Key:
        return self._keys[number]

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rows of one stretch of time. Rows may be alike in everything but their numbers: they are to be added up."""

    start: int
    """Unix seconds."""
    keys: Sequence[int]
    """The number of each row's key."""
    columns: tuple[Sequence[Number], ...]
    """For each of the endpoint's metrics the value of each row; 0 where OpenAI gives none."""
