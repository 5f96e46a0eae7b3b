"""Chance that falls the same way every time: numbers and names drawn from a seed and from what they are for."""

from hashlib import blake2b, shake_256
from string import ascii_letters, digits
from typing import NamedTuple

_ALPHABET = digits + ascii_letters


class Chance(NamedTuple):
    """Equal seeds draw equal things."""

    seed: int

    def number(self, below: int, *what: int | str) -> int:
        """From 0 to `below - 1`."""
        return int.from_bytes(self.bytes(8, *what)) % below

    def bytes(self, size: int, *what: int | str) -> bytes:
        """At most 64."""
        return blake2b(repr((self.seed, *what)).encode(), digest_size=size).digest()

    def identifier(self, prefix: str, length: int, name: str) -> str:
        """An id in the manner of OpenAI's, with `length` hexadecimal digits."""
        return prefix + self.bytes(length // 2, prefix, name).hex()

    def letters(self, length: int, *what: int | str) -> str:
        """Letters and digits, as many as asked for."""
        drawn = shake_256(repr((self.seed, *what)).encode()).digest(length)
        return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in drawn)
