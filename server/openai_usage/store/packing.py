"""What is kept, as bytes: buckets by column in as few bytes as their numbers need, queries and facts as JSON."""

from array import array
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from openai_usage.endpoints import COSTS, USAGE, Query, Width
from openai_usage.rows import Bucket, Key, Number

UNREADABLE: Final = (msgspec.DecodeError, ValueError, LookupError)
"""What reading raises when it was written by something else, or is damaged."""

_ENDPOINTS: Final = {endpoint.name: endpoint for endpoint in (COSTS, *USAGE)}
# Of whole numbers, the smallest that holds them all. The last one has a sign.
_SIZES: Final = ((0xFF, "B"), (0xFFFF, "H"), (0xFFFF_FFFF, "I"))
_SIGNED: Final = "q"
_KEYS: Final = "I"


class _PackedBucket(msgspec.Struct, array_like=True):
    start: int
    keys: bytes
    columns: list[bytes | list[Decimal] | None]
    """Of whole numbers the type code of an array and its bytes, of others the numbers; None: all are 0."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_PackedBucket]).decode


def pack(buckets: Sequence[Bucket], numbers: Sequence[int] | None = None) -> bytes:
    """The same for the same rows. `numbers` are what the numbers of keys become; None: they stay."""
    found = [_PackedBucket(one.start, _keys(one.keys, numbers), [*map(_column, one.columns)]) for one in buckets]
    return _encode(found)


def unpack(data: bytes, count: int, numbers: Sequence[int] | None = None) -> list[Bucket]:
    """The buckets again; one of UNREADABLE when they are none. There are `count` keys."""
    found = []
    for packed in _decode(data):
        keys = _array(_KEYS, packed.keys)
        rows = len(keys)
        if rows and max(keys) >= count:
            raise ValueError("a key is not there")
        if numbers is not None:
            keys = array(_KEYS, [numbers[key] for key in keys])
        columns = tuple(_numbers(column, rows) for column in packed.columns)
        found.append(Bucket(packed.start, keys, columns))
    return found


def _keys(keys: Sequence[int], numbers: Sequence[int] | None) -> bytes:
    return array(_KEYS, keys if numbers is None else [numbers[key] for key in keys]).tobytes()


def _column(column: Sequence[Number]) -> bytes | list[Decimal] | None:
    if not any(column):
        return None
    try:
        largest = max(column)
        code = next((code for most, code in _SIZES if largest <= most), _SIGNED) if min(column) >= 0 else _SIGNED
        return code.encode() + array(code, column).tobytes()  # type: ignore[type-var]  # else the TypeError
    except (TypeError, OverflowError):
        # Money; or counts of a whole month that are larger than any of a day may be.
        return [Decimal(number) for number in column]


def _numbers(column: bytes | list[Decimal] | None, count: int) -> Sequence[Number]:
    if column is None:
        return bytes(count)
    found = _array(chr(column[0]), column[1:]) if isinstance(column, bytes) else column
    if len(found) != count:
        raise ValueError("a column is not as long as its keys")
    return found


def _array(code: str, data: bytes) -> "array[int]":
    found = array(code)
    found.frombytes(data)
    return found


def key_text(key: Key) -> str:
    """A row's key as JSON."""
    return msgspec.json.encode(key).decode()


def key_of(text: str) -> Key:
    """The key again."""
    return tuple(msgspec.json.decode(text, type=list[str | None]))


def query_text(query: Query) -> str:
    """A query as JSON; the same for the same query."""
    return msgspec.json.encode(
        [query.endpoint.name, query.group_by, query.width, query.only, query.rolled_up_from]
    ).decode()


def query_of(text: str) -> Query:
    """The query again."""
    shape = tuple[str, tuple[str, ...], Width, tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]
    name, group_by, width, only, rolled_up_from = msgspec.json.decode(text, type=shape)
    return Query(_ENDPOINTS[name], group_by, width, only, rolled_up_from)
