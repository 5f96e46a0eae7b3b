"""The folders that an editor works in, and the API key that the programs in them use.

Nothing outside these folders is read, nothing is executed, and a key stays in memory.
"""

import asyncio
import contextlib
import io
import logging
import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Final

from pydantic import SecretStr

from openai_usage.credentials import KeyKind, kind_of
from openai_usage.settings import KeyId, KeySource, KeyVariable

VARIABLE: Final = "OPENAI_API_KEY"
"""Under which OpenAI's own SDKs look for a key."""
_FILES: Final = (".env.local", ".env")
"""What is in the first one goes before, as where programs read both."""
_MOST_BYTES: Final = 256 * 1024
"""No file of variables is larger."""
_SHORTEST: Final = 20
"""Characters; no key is shorter."""
_PATIENCE: Final = 0.2
"""Seconds; a slow disk does not keep the figures waiting for longer."""
_LONG_BLANKS: Final = re.compile(r"[^\S\r\n]{64,}")
"""To look for a comment behind so many takes python-dotenv (1.2) the square of the time; no key has any."""

# It tells of each line that it cannot read, every time.
logging.getLogger("dotenv").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key, and where it was."""

    secret: SecretStr
    place: str
    """".env", "the environment"."""
    variable: str
    faults: tuple[str, ...] = ()
    """What could not be read, in sentences."""

    @property
    def kind(self) -> KeyKind:
        """What its prefix says."""
        return kind_of(self.secret.get_secret_value())

    @property
    def redacted(self) -> str:
        """No more of it than OpenAI itself shows of a key; nothing of what looks like none."""
        secret = self.secret.get_secret_value()
        is_key = len(secret) >= _LONG_ENOUGH and kind_of(secret) is not KeyKind.OTHER
        return f"{secret[:8]}…{secret[-4:]}" if is_key else "…"


@dataclass(frozen=True, slots=True)
class NoKey:
    """There is none."""

    looked_at: tuple[str, ...]
    """Where it would be: ".env", "the environment"."""
    faults: tuple[str, ...] = ()
    is_named: bool = False
    """The user named the place."""


WorkspaceKey = FoundKey | NoKey | KeyId

_LONG_ENOUGH: Final = 40


class Workspace:
    """The folders of an editor, of which the user works in one. Without `environ` it has no key, wherever it is."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = environ
        self._folders: list[Path] = []
        self._folder: Path | None = None
        self._found: dict[Path | None, WorkspaceKey] = {}
        self._source: KeySource = "off"
        self._looking: dict[Path | None, asyncio.Task[None]] = {}
        self._look_again: set[Path | None] = set()
        """Where something may have changed since a look began that is on its way."""

    @property
    def key(self) -> WorkspaceKey | None:
        """Of the folder that the user works in; None: nobody looked for one, or it is not known yet."""
        return self._found.get(self._folder)

    def work_in(self, folders: Sequence[Path], folder: Path | None) -> None:
        """`folders` are all that may be read, and `folder` is the one that the user works in.

        Where it is none of them, that is the one before, or the first.
        """
        self._folders = list(folders)
        if folder in self._folders:
            self._folder = folder
        elif self._folder not in self._folders:
            self._folder = self._folders[0] if self._folders else None
        self._found = {one: key for one, key in self._found.items() if one is None or one in self._folders}

    async def look(self, source: KeySource, tell: Callable[[], object]) -> None:
        """Look for the key again. A slow disk keeps nobody waiting: what comes late is told."""
        if source != self._source:
            self._source, self._found, self._looking = source, {}, {}
        if self._environ is None or source == "off":
            return
        folder = self._folder
        task = self._looking.get(folder)
        if task is None or task.done():
            self._looking[folder] = task = asyncio.create_task(self._look(source, folder, self._environ))
        else:
            self._look_again.add(folder)
        await asyncio.wait({task}, timeout=_PATIENCE)
        if not task.done():
            task.add_done_callback(lambda _: tell())

    async def _look(self, source: KeySource, folder: Path | None, environ: Mapping[str, str]) -> None:
        is_outdated = True
        while is_outdated:
            self._look_again.discard(folder)
            found = await asyncio.to_thread(find_key, source, folder, environ)
            if source != self._source or (folder is not None and folder not in self._folders):
                return
            self._found[folder] = found
            is_outdated = folder in self._look_again


def find_key(source: KeySource, folder: Path | None, environ: Mapping[str, str]) -> WorkspaceKey:
    """The key of a folder. It never raises: what cannot be read is told among the faults."""
    if isinstance(source, KeyId):
        return source
    if isinstance(source, KeyVariable):
        return _first([source.file], source.variable, folder, None, is_named=True)
    return _first(_FILES, VARIABLE, folder, environ, is_named=False)


def _first(
    files: Sequence[str], variable: str, folder: Path | None, environ: Mapping[str, str] | None, *, is_named: bool
) -> FoundKey | NoKey:
    faults: list[str] = []
    looked_at = list(files) if folder is not None else []
    for file in looked_at:
        try:
            value = _variables(Path(folder or "."), file).get(variable)
            if secret := _key(value or "", f"{variable} in {file}"):
                return FoundKey(secret, file, variable, tuple(faults))
        except FileNotFoundError:
            continue
        except _UnfitError as error:
            faults.append(str(error))
    if environ is not None:
        looked_at.append("the environment")
        with contextlib.suppress(_UnfitError):
            if secret := _key(environ.get(variable, ""), f"{variable} in the environment"):
                return FoundKey(secret, "the environment", variable, tuple(faults))
    return NoKey(tuple(looked_at), tuple(faults), is_named)


class _UnfitError(Exception):
    """What was looked at cannot be used; a sentence says why, without anything that is in it."""


def _key(value: str, where: str) -> SecretStr | None:
    text = value.strip()
    # "your-key-here": what stands in templates is no key.
    if len(text) < _SHORTEST and "$" not in text:
        return None
    if "$" in text:
        raise _UnfitError(f"{where} refers to another variable, which is not followed.")
    if not all("!" <= character <= "~" for character in text):
        raise _UnfitError(f"{where} holds a character that no key has.")
    if kind_of(text) is KeyKind.ADMIN:
        raise _UnfitError(f"{where} is an admin key, which is no project's.")
    return SecretStr(text)


def _variables(folder: Path, file: str) -> Mapping[str, str | None]:
    """FileNotFoundError, or _UnfitError."""
    text = _text(folder, file)
    # Imported here: most workspaces have no such file.
    from dotenv import dotenv_values  # noqa: PLC0415

    try:
        return dotenv_values(stream=io.StringIO(_LONG_BLANKS.sub(" ", text)), interpolate=False)
    except Exception:  # what a file can do to a parser is not known, and its words may hold what is in the file
        raise _UnfitError(f"{file} could not be understood.") from None


def _text(folder: Path, file: str) -> str:
    # Windows would tell another computer who the user is, only to find out where that leads.
    if PureWindowsPath(file).drive.startswith("\\\\"):
        raise _UnfitError(f"{file} lies outside the workspace folder, and was not read.")
    try:
        path = (folder / file).resolve(strict=True)
        is_inside = path.is_relative_to(folder.resolve(strict=True))
        if not is_inside:
            raise _UnfitError(f"{file} lies outside the workspace folder, and was not read.")
        data = _data(path)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(file) from None
    except (OSError, RuntimeError, ValueError) as error:
        # A loop of links is a RuntimeError up to Python 3.12, a NUL in a path a ValueError.
        reason = getattr(error, "strerror", None) or "no usable path"
        raise _UnfitError(f"{file} could not be read: {reason}.") from None
    if data is None:
        raise _UnfitError(f"{file} is no plain file, and was not read.")
    if len(data) > _MOST_BYTES:
        raise _UnfitError(f"{file} is larger than {_MOST_BYTES // 1024} kB, and was not read.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise _UnfitError(f"{file} is not text.")
    return text


def _data(path: Path) -> bytes | None:
    """No more than tells that it is too much; None of what is no plain file, which could keep us waiting for ever."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    # On Windows a folder cannot be opened at all.
    if path.is_dir():
        # A virtual environment, most likely.
        raise FileNotFoundError(path)
    if not path.is_file():
        return None
    with os.fdopen(os.open(path, flags), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            return None
        return opened.read(_MOST_BYTES + 1)
