"""Where the file of an account is: its name holds a hash of address and key, with a salt that only this folder has."""

import contextlib
import hashlib
import hmac
import logging
import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from openai_usage.store.file import FAILURES, VERSION, File, is_damage

_log = logging.getLogger(__name__)

_SALT: Final = "salt"
_SALT_BYTES: Final = 32
_SALT_TRIES: Final = 100
_HASH_DIGITS: Final = 32
_PARTS: Final = ("", "-wal", "-shm")
"""SQLite keeps these beside its file."""


def open_account(folder: Path, account: str, secret: SecretStr) -> File:
    """The account's file, made where there is none. One of FAILURES when it cannot be used; a damaged one is set aside.

    `account` is its address, and what of it is read (`source.Source.account`).
    Two keys are two accounts, even of one organisation: what one may see the other may not.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    named = _hash(_salt(folder), account, secret)
    path = folder / f"usage-v{VERSION}-{named}.sqlite3"
    if not path.exists():
        for other in sorted(folder.glob(f"usage-v*-{named}.sqlite3")):
            _log.warning("%s is of another version of this server: it is left as it is, and a new file begins", other)
    try:
        return File(path)
    except FAILURES as error:
        if not is_damage(error):
            raise
        set_aside(path, error)
        return File(path)


def set_aside(path: Path, error: Exception) -> None:
    """Rename a damaged file, so that a new one can take its place.

    Servers that have it open notice that it was moved. SQLite does not touch what lies beside the new one then
    (sqlite3PagerClose, databaseIsUnmoved).
    """
    moved = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    for part in _PARTS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + part).replace(moved.with_name(moved.name + part))
    _log.warning("%s is damaged (%s). It was renamed to %s, and a new one begins", path, error, moved.name)


def _hash(salt: bytes, account: str, secret: SecretStr) -> str:
    text = f"{account}\n{secret.get_secret_value()}".encode()
    return hmac.new(salt, text, hashlib.sha256).hexdigest()[:_HASH_DIGITS]


def _salt(folder: Path) -> bytes:
    """The folder's; whoever comes first makes it."""
    path = folder / _SALT
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        # Between these two steps of whoever made it, it is empty.
        for _ in range(_SALT_TRIES):
            if len(salt := path.read_bytes()) == _SALT_BYTES:
                return salt
            time.sleep(0.01)
        path.unlink(missing_ok=True)
        return _salt(folder)
    salt = secrets.token_bytes(_SALT_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(salt)
    return salt
