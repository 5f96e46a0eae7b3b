"""A file as an organisation of 1,000 keys and 30 models fills it in 365 days, written by the server's own store.

Of the use, completions have nearly all rows. The bill has, each day, one for every project and line item, for every
user and for every key. The names are those of `late_server.py --rows`, which answers for what comes after.
"""

import random
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from openai_usage import queries
from openai_usage.days import Days, last_days, midnight
from openai_usage.endpoints import COSTS, USAGE, Endpoint, Query
from openai_usage.rows import Bucket, Key, Keys, Number
from openai_usage.store import Store, open_account
from openai_usage.store.file import VERSION

DAYS: Final = 365
_KEYS, _MODELS, _PROJECTS, _USERS = 1_000, 30, 20, 250
_ITEMS: Final = ("input", "cached input", "output")
_MOVING: Final = 4
"""Days that are not settled yet."""
_POOL: Final = 65_537
_COMPLETIONS: Final = USAGE[0]


def adopt(folder: Path, base_url: str, secret: SecretStr) -> bool:
    """Let a file that was kept be the account's: its name goes by the server's address. Whether there is one."""
    file = open_account(folder, base_url, secret)
    file.close()
    kept = [one for one in folder.glob(f"usage-v{VERSION}-*.sqlite3") if one != file.path]
    if kept:
        kept[0].replace(file.path)
    return bool(kept)


def size_mb(folder: Path) -> float:
    """Of all files."""
    return sum(one.stat().st_size for one in folder.iterdir()) / 1_000_000


def build(folder: Path, base_url: str, secret: SecretStr, rows: int) -> None:
    """Write `rows` rows of completions, and what is billed for them."""
    store = Store(lambda: open_account(folder, base_url, secret))
    today = datetime.now(UTC).date()
    try:
        # By month: at the end of one, the store adds it up.
        for month in last_days(DAYS, today).by_month():
            _put(store, month, rows // DAYS)
            for buckets in store.buckets.values():
                buckets.release()
        # The status bar tells of the days around today as well.
        around = queries.days_around(today)
        if around.first < today - timedelta(days=DAYS - 1):
            _put(store, around, rows // DAYS)
    finally:
        store.close()


def freshen(folder: Path, base_url: str, secret: SecretStr, rows: int) -> None:
    """Read the last days again, and say that it was looked for news just now."""
    store = Store(lambda: open_account(folder, base_url, secret))
    try:
        _put(store, last_days(_MOVING, datetime.now(UTC).date()), rows // DAYS)
    finally:
        store.close()


def _put(store: Store, days: Days, rows: int) -> None:
    now = datetime.now(UTC)
    for query in queries.everything():
        store.put(query, days, list(_buckets(query, days, store.buckets[query].keys, rows)), now)
    with store.up_to_date():
        store.asked = store.since = now


def _buckets(query: Query, days: Days, known: Keys, rows: int) -> Iterator[Bucket]:
    if query.endpoint is COSTS:
        numbers = known.numbers(_bill_keys(query))
        for day in days:
            yield Bucket(midnight(day), numbers, tuple(_bill_columns(day, len(numbers))))
        return
    if query.endpoint is not _COMPLETIONS:
        for day in days:
            yield Bucket(midnight(day), [], tuple([] for _ in query.endpoint.metrics))
        return
    keys = known.numbers([_use_key(key, model) for key in range(_KEYS) for model in range(_MODELS)])
    for day in days:
        # Another part of them each day.
        step, shift = 7_919, day.toordinal() * 104_729
        active = array("I", sorted(keys[(n * step + shift) % len(keys)] for n in range(min(rows, len(keys)))))
        yield Bucket(midnight(day), active, tuple(_use_columns(query.endpoint, day, len(active))))


def _use_key(key: int, model: int) -> Key:
    return (project(key), _user(key), _api_key(key), _model(model), "false", "default", "unlabeled")


def _bill_keys(query: Query) -> list[Key]:
    """The keys of a day's rows; those of the sum have no dimension."""
    labels = ("usd", "tokens", "Northwind Labs")

    def key(project: str | None, user: str | None, api_key: str | None, item: str | None) -> Key:
        return (project, user, api_key, item, None, *labels)

    match query.group_by:
        case ("project_id", "line_item"):
            return [
                key(project(one), None, None, f"{_model(model)}, {item}")
                for one in range(_PROJECTS)
                for model in range(_MODELS)
                for item in _ITEMS
            ]
        case ("project_id", "api_key_id"):
            return [key(project(one), None, _api_key(one), None) for one in range(_KEYS)]
        case ("user_id",):
            return [key(None, _user(one), None, None) for one in range(_USERS)]
    return [key(None, None, None, None)]


def _bill_columns(day: date, count: int) -> Iterator[Sequence[Number]]:
    # To ten places, and as many zeros after them as OpenAI writes.
    yield [Decimal(number * 7).scaleb(-10).quantize(Decimal("1e-20")) for number in _numbers(day, 0, count)]
    yield array("q", _numbers(day, 1, count))


def _use_columns(endpoint: Endpoint, day: date, count: int) -> Iterator[Sequence[Number]]:
    uncached, cached, output, requests = (array("q", _numbers(day, at, count)) for at in range(4))
    of_name: dict[str, Sequence[int]] = {
        "input_tokens": array("q", map(int.__add__, uncached, cached)),
        "input_uncached_tokens": uncached,
        "input_text_tokens": uncached,
        "input_cached_tokens": cached,
        "input_cached_text_tokens": cached,
        "output_tokens": output,
        "output_text_tokens": output,
        "num_model_requests": array("q", [1 + number % 251 for number in requests]),
    }
    nothing = array("q", bytes(8 * count))
    for metric in endpoint.metrics:
        yield of_name.get(metric.name, nothing)


def _numbers(day: date, column: int, count: int) -> Sequence[int]:
    """Some thousands as a rule, and now and then millions."""
    start = (day.toordinal() * 7_919 + column * 15_485_863) % _POOL
    return (_SIZES * 2)[start : start + count]


_random = random.Random(1)  # noqa: S311 - made-up figures
_SIZES: Final = [int(_random.lognormvariate(8, 2)) for _ in range(_POOL)]


def project(number: int) -> str:
    """A project's id."""
    return f"proj_{number % _PROJECTS:024d}"


def _user(number: int) -> str:
    return f"user-{number % _USERS:024d}"


def _api_key(number: int) -> str:
    return f"key_{number:016d}"


def _model(number: int) -> str:
    return f"gpt-{number}-2026-01-01"
