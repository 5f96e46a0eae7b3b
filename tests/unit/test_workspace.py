"""Where the workspace's key is found, and that nothing else is read, nothing hangs, and nothing of a key gets out."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openai_usage import workspace
from openai_usage.credentials import KeyKind
from openai_usage.settings import KeyId, KeySource, KeyVariable
from openai_usage.workspace import FoundKey, NoKey, Workspace, WorkspaceKey, find_key
from tests.support.slow_disk import SlowDisk

# Made up; each tells where it was.
KEY = "sk-proj-" + "x" * 40
LOCAL = "sk-proj-" + "L" * 40
PLAIN = "sk-proj-" + "P" * 40
SHELL = "sk-svcacct-" + "S" * 40
OTHER = "sk-proj-" + "O" * 40
ENVIRONMENT = {"OPENAI_API_KEY": SHELL}
LIMIT = 256 * 1024


def secret_of(found: WorkspaceKey | None) -> str | None:
    return found.secret.get_secret_value() if isinstance(found, FoundKey) else None


def found_in(folder: Path, text: str | bytes, variable: str | None = None) -> WorkspaceKey:
    """With that text as its .env."""
    (folder / ".env").write_bytes(text.encode() if isinstance(text, str) else text)
    return find_key(KeyVariable(".env", variable) if variable else "auto", folder, {})


def line(text: str) -> str:
    return text.replace("<key>", KEY)


# Where, and in which order.


@pytest.mark.parametrize(
    ("files", "environ", "secret", "place"),
    [
        ({".env.local": LOCAL, ".env": PLAIN}, ENVIRONMENT, LOCAL, ".env.local"),
        ({".env": PLAIN}, ENVIRONMENT, PLAIN, ".env"),
        ({".env.local": LOCAL}, {}, LOCAL, ".env.local"),
        ({".env.local": "", ".env": PLAIN}, ENVIRONMENT, PLAIN, ".env"),
        ({".env.local": "  ", ".env": '""'}, ENVIRONMENT, SHELL, "the environment"),
        ({}, ENVIRONMENT, SHELL, "the environment"),
        ({".env.example": PLAIN, "backend/.env": PLAIN, ".envrc": PLAIN}, {}, None, None),
    ],
    ids=["all", "plain first", "local alone", "an empty one", "empty ones", "environment", "others"],
)
def test_where_it_is_looked_for(
    tmp_path: Path, files: dict[str, str], environ: dict[str, str], secret: str | None, place: str | None
) -> None:
    for name, key in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"OPENAI_API_KEY={key}\n")
    found = find_key("auto", tmp_path, environ)
    assert secret_of(found) == secret
    if isinstance(found, FoundKey):
        assert (found.place, found.variable, found.faults) == (place, "OPENAI_API_KEY", ())
    else:
        assert found == NoKey((".env.local", ".env", "the environment"))


def test_without_a_folder_there_is_the_environment() -> None:
    assert secret_of(find_key("auto", None, ENVIRONMENT)) == SHELL
    assert find_key("auto", None, {}) == NoKey(("the environment",))


def test_a_folder_that_is_not_there_or_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(f"OPENAI_API_KEY={PLAIN}")
    for folder in ("gone", "file"):
        assert secret_of(find_key("auto", tmp_path / folder, ENVIRONMENT)) == SHELL


def test_an_id_is_taken_at_its_word(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={PLAIN}")
    assert find_key(KeyId("key_abc"), tmp_path, ENVIRONMENT) == KeyId("key_abc")


def test_a_named_place_is_the_only_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={PLAIN}\nMINE={KEY}\n")
    assert secret_of(find_key(KeyVariable(".env", "MINE"), tmp_path, ENVIRONMENT)) == KEY
    nothing = find_key(KeyVariable(".env", "THEIRS"), tmp_path, ENVIRONMENT | {"THEIRS": KEY})
    assert nothing == NoKey((".env",), is_named=True)
    assert find_key(KeyVariable(".env", "MINE"), None, ENVIRONMENT) == NoKey((), is_named=True)


# What is in a file.


@pytest.mark.parametrize(
    "text",
    [
        "OPENAI_API_KEY=<key>",
        "OPENAI_API_KEY = <key>  ",
        "OPENAI_API_KEY='<key>'",
        'OPENAI_API_KEY="<key>"',
        "export OPENAI_API_KEY=<key> # for the tests",
        'export OPENAI_API_KEY="<key>"# close by',
        "  OPENAI_API_KEY=<key>",
        "'OPENAI_API_KEY'=<key>",
        "# OPENAI_API_KEY=nothing\nOPENAI_API_KEY=<key>",
        "A=1\r\nOPENAI_API_KEY=<key>\r\nB=2\r\n",
        "A=1\rOPENAI_API_KEY=<key>\rB=2",
        "\ufeffOPENAI_API_KEY=<key>\n",
        "OPENAI_API_KEY=older\nOPENAI_API_KEY=<key>\n",
        "OPENAI_API_KEY=\nOPENAI_API_KEY=<key>\n",
        'MANY="one\ntwo\nthree"\nOPENAI_API_KEY=<key>\n',
        "this is no line of such a file\n= neither\nOPENAI_API_KEY=<key>\n",
        'OPENAI_API_KEY="<key>\n"',
        "NAME=é\nOPENAI_API_KEY=<key>",
    ],
)
def test_the_ways_to_write_it(tmp_path: Path, text: str) -> None:
    found = found_in(tmp_path, line(text))
    assert secret_of(found) == KEY
    assert isinstance(found, FoundKey)
    assert found.faults == ()


@pytest.mark.parametrize(
    "text",
    ["", "\n", "OPENAI_API_KEY", "OPENAI_API_KEY=", "OPENAI_API_KEY=''", "#OPENAI_API_KEY=<key>",
     "OPENAI_API_KEY=<key>\nOPENAI_API_KEY="],
)  # fmt: skip
def test_nothing_in_it_is_no_fault(tmp_path: Path, text: str) -> None:
    assert found_in(tmp_path, line(text)) == NoKey((".env.local", ".env", "the environment"))


@pytest.mark.parametrize("value", ["${OTHER}", "$OTHER", '"${OTHER}"', "'${OTHER}'", "${OTHER:-x}", "${HOME}"])
def test_another_variable_is_not_followed(tmp_path: Path, value: str) -> None:
    found = found_in(tmp_path, f"OTHER={KEY}\nOPENAI_API_KEY={value}\n")
    assert isinstance(found, NoKey)
    assert found.faults == ("OPENAI_API_KEY in .env refers to another variable, which is not followed.",)


@pytest.mark.parametrize(
    "value",
    [
        "'KEY KEY'",
        '"KEY\nKEY"',
        '"KEY\\tKEY"',
        "<your OpenAI key here>",
        "KÉY" + "x" * 20,
        "'KEY\x7f'",
        "'KEY\u200b'",
        "KEY \x01",
    ],
)
def test_a_character_that_no_key_has(tmp_path: Path, value: str) -> None:
    found = found_in(tmp_path, f"OPENAI_API_KEY={value.replace('KEY', KEY)}\n")
    assert isinstance(found, NoKey)
    assert found.faults == ("OPENAI_API_KEY in .env holds a character that no key has.",)


def test_an_admin_key_is_nobody_s_api_key(tmp_path: Path) -> None:
    admin = "sk-admin-" + "x" * 40
    (tmp_path / ".env.local").write_text(f"OPENAI_API_KEY={admin}\n")
    found = found_in(tmp_path, f"OPENAI_API_KEY={PLAIN}\n")
    assert secret_of(found) == PLAIN
    assert isinstance(found, FoundKey)
    assert found.faults == ("OPENAI_API_KEY in .env.local is an admin key, which is no project's.",)
    # Of the environment nothing is said: there the key is meant for us.
    assert find_key("auto", None, {"OPENAI_API_KEY": admin}) == NoKey(("the environment",))


def test_a_fault_of_one_file_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_bytes(b"\xfe" * 100)
    found = found_in(tmp_path, f"OPENAI_API_KEY={PLAIN}")
    assert secret_of(found) == PLAIN
    assert isinstance(found, FoundKey)
    assert found.faults == (".env.local is not text.",)


def test_a_folder_of_that_name_is_a_virtual_environment_and_no_fault(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert find_key("auto", tmp_path, {}) == NoKey((".env.local", ".env", "the environment"))
    assert find_key(KeyVariable(".env", "MINE"), tmp_path, {}) == NoKey((".env",), is_named=True)


@pytest.mark.parametrize("value", ["your-api-key-here", "sk-...", "sk-", "changeme", "<key>"])
def test_what_stands_in_a_template_is_no_key(tmp_path: Path, value: str) -> None:
    (tmp_path / ".env.local").write_text(f"OPENAI_API_KEY={value}\n")
    assert secret_of(found_in(tmp_path, f"OPENAI_API_KEY={PLAIN}")) == PLAIN


# Files that are none, or too much of one.


def only_fault(found: WorkspaceKey) -> str:
    assert isinstance(found, NoKey)
    (fault,) = found.faults
    return fault


def test_a_file_of_ten_megabytes_is_not_read(tmp_path: Path) -> None:
    text = f"OPENAI_API_KEY={KEY}\n".encode() + b"#" * 10_000_000
    assert only_fault(found_in(tmp_path, text)) == ".env is larger than 256 kB, and was not read."


def test_a_file_of_just_the_most_bytes_is_read(tmp_path: Path) -> None:
    start, end = b"A=", f"\nOPENAI_API_KEY={KEY}\n".encode()
    full = start + b"a" * (LIMIT - len(start) - len(end)) + end
    assert len(full) == LIMIT
    assert secret_of(found_in(tmp_path, full)) == KEY
    assert "larger than" in only_fault(found_in(tmp_path, full + b"\n"))


LONG_RUN = f"""
import resource
from pathlib import Path
from openai_usage.workspace import find_key
# Of CPU time, and far more than it takes: reading it in the square of its length takes a minute.
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
found = find_key("auto", Path("."), {{}})
print(found.secret.get_secret_value() == {KEY!r} if hasattr(found, "secret") else found.faults)
"""


@pytest.mark.parametrize("filler", [" ", "\t", " \t", "\x0b", "\u2003"])
def test_a_long_run_of_blanks_takes_no_minute(tmp_path: Path, filler: str) -> None:
    start, end = "A=x", f"y\nOPENAI_API_KEY={KEY}\n"
    room = LIMIT - len((start + end).encode())
    (tmp_path / ".env").write_text(start + filler * (room // len(filler.encode())) + end)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", LONG_RUN], cwd=tmp_path, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01\0\0OPENAI_API_KEY=" + KEY.encode(),
        f"OPENAI_API_KEY={KEY}\n".encode() + b"\xff\xfe",
        f"OPENAI_API_KEY={KEY}\n".encode("utf-16"),
        f"OPENAI_API_KEY={KEY}\0\n".encode(),
        b"\xed\xa0\x80" + f"\nOPENAI_API_KEY={KEY}\n".encode(),
    ],
    ids=["binary", "not UTF-8", "UTF-16", "NUL", "half a pair"],
)
def test_what_is_no_text_is_not_read(tmp_path: Path, data: bytes) -> None:
    assert only_fault(found_in(tmp_path, data)) == ".env is not text."


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


@pytest.mark.parametrize("make", [make_fifo, make_socket], ids=["FIFO", "socket"])
def test_what_is_no_plain_file_is_not_opened(
    tmp_path: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The names of sockets have to be short.
    monkeypatch.chdir(tmp_path)
    make(tmp_path / ".env")
    assert only_fault(find_key("auto", tmp_path, {})) == ".env is no plain file, and was not read."
    assert secret_of(find_key("auto", tmp_path, ENVIRONMENT)) == SHELL
    (tmp_path / "link").symlink_to(".env")
    assert "no plain file" in only_fault(find_key(KeyVariable("link", "X"), tmp_path, {}))


UNPRIVILEGED = """
import os, sys
from pathlib import Path
import dotenv
from openai_usage.workspace import find_key
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for folder in ("file", "folder", "locked"):
    print(find_key("auto", Path(sys.argv[1]) / folder, {}))
"""


def test_what_may_not_be_read_is_told() -> None:
    with TemporaryDirectory(dir="/tmp") as name:  # where everybody may look
        root = Path(name)
        for folder in ("file", "folder", "locked"):
            (root / folder).mkdir()
            (root / folder / ".env").write_text(f"OPENAI_API_KEY={KEY}")
        (root / "file" / ".env").chmod(0)
        (root / "folder").chmod(0)
        (root / "locked" / ".env").unlink()
        (root / "locked" / "inner").mkdir(mode=0)
        (root / "locked" / ".env").symlink_to("inner/.env")
        root.chmod(0o755)
        # A program that gave up the rights of root, where it had them.
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", UNPRIVILEGED, name], capture_output=True, text=True, timeout=120, check=True
        )
        (root / "folder").chmod(0o755)
        (root / "locked" / "inner").chmod(0o755)
    file, folder, locked = done.stdout.splitlines()
    assert "'.env could not be read: Permission denied.'" in file
    assert ".env.local" not in file.partition("faults")[2]
    assert "'.env could not be read: Permission denied.'" in folder
    assert "'.env could not be read: Permission denied.'" in locked
    assert KEY not in done.stdout + done.stderr


# Links, and ways out.


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "keys").write_text(f"OPENAI_API_KEY={PLAIN}")
    (tmp_path / ".env").symlink_to("config/keys")
    (tmp_path / ".env.local").symlink_to(tmp_path / ".env")
    assert secret_of(find_key("auto", tmp_path, {})) == PLAIN


OUTSIDE = ".env lies outside the workspace folder, and was not read."


@pytest.mark.parametrize("target", ["../secrets/.env", "{root}/secrets/.env", "way/.env", "../ws-more/.env"])
def test_a_link_out_of_the_folder_is_not(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "ws"
    for name in ("ws", "secrets", "ws-more"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "keys").write_text("")
    for name in ("secrets", "ws-more"):
        (tmp_path / name / ".env").write_text(f"OPENAI_API_KEY={KEY}")
    (folder / "way").symlink_to("../secrets")
    (folder / ".env").symlink_to(target.format(root=tmp_path))
    assert only_fault(find_key("auto", folder, {})) == OUTSIDE
    assert secret_of(find_key("auto", folder, ENVIRONMENT)) == SHELL


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".env.local").symlink_to("gone")
    (tmp_path / ".env").symlink_to(".env")
    fault = only_fault(find_key("auto", tmp_path, {}))
    assert fault.startswith(".env could not be read: ")
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").symlink_to("a")
    (tmp_path / "a").symlink_to(".env")
    assert only_fault(find_key("auto", tmp_path, {})).startswith(".env could not be read: ")


def test_a_folder_may_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / ".env").write_text(f"OPENAI_API_KEY={PLAIN}")
    (tmp_path / "real" / ".env.local").symlink_to(tmp_path / "real" / ".env")
    (tmp_path / "link").symlink_to("real")
    for folder in (tmp_path / "link", tmp_path / "real" / ".." / "link"):
        assert secret_of(find_key("auto", folder, {})) == PLAIN
        named = KeyVariable(str(tmp_path / "real" / ".env"), "OPENAI_API_KEY")
        assert secret_of(find_key(named, folder, {})) == PLAIN


@pytest.mark.parametrize(
    "file",
    [
        "../.env", "sub/../../.env", "{root}/.env", "{root}/ws/../.env", "..", ".", "/", "/etc/hostname", "", "sub",
        "~/.env", "C:\\ws\\.env", "..\\.env", "\\\\server\\share\\.env", "file:///etc/hostname", "sub/.env/x",
        "a" * 300, "\0", ".env\0", "\ud800", "\n", "/proc/self/environ", "/dev/stdin", "nul",
    ],
)  # fmt: skip
def test_no_other_file_is_read(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "ws"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}")
    found = find_key(KeyVariable(file.format(root=tmp_path), "OPENAI_API_KEY"), folder, ENVIRONMENT)
    assert isinstance(found, NoKey)
    assert found.is_named
    assert KEY not in repr(found)


@pytest.mark.parametrize("file", ["{root}/ws/sub/.env", "sub/.env", "sub/../sub/.env", "../ws/sub/.env", "./sub/.env"])
def test_a_file_in_the_folder_may_be_called_in_many_ways(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "ws"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / ".env").write_text(f"MINE={KEY}")
    assert secret_of(find_key(KeyVariable(file.format(root=tmp_path), "MINE"), folder, {})) == KEY


# Nothing of it gets out.


@pytest.mark.parametrize(
    ("secret", "redacted", "kind"),
    [
        ("sk-proj-abcd" + "x" * 40 + "wxyz", "sk-proj-…wxyz", KeyKind.PROJECT),
        ("sk-svcacct-" + "x" * 40 + "wxyz", "sk-svcac…wxyz", KeyKind.SERVICE_ACCOUNT),
        ("sk-" + "x" * 37, "sk-xxxxx…xxxx", KeyKind.USER),
        ("sk-" + "x" * 36, "…", KeyKind.USER),
        ("my-" + "x" * 60, "…", KeyKind.OTHER),
    ],
)
def test_no_more_of_a_key_is_shown_than_openai_shows(tmp_path: Path, secret: str, redacted: str, kind: KeyKind) -> None:
    found = found_in(tmp_path, f"OPENAI_API_KEY={secret}")
    assert isinstance(found, FoundKey)
    assert (found.redacted, found.kind) == (redacted, kind)
    assert secret not in repr(found) + str(found)


class Log(logging.Handler):
    """All that is logged, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{self.format(record)} {record.args!r}\n"


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    handler, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.NOTSET)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


pieces = st.sampled_from(
    [
        KEY.encode(), KEY.encode(), b"OPENAI_API_KEY", b"OPENAI_API_KEY=", b"=", b"\n", b"\r\n", b"\r", b"'", b'"',
        b"\\", b"#", b" ", b"\t", b"export ", b"$", b"${", b"}", b"\xef\xbb\xbf", b"\0", b"\xff", "é".encode(), b"\x0b",
        b"\xe2\x80\xa8", b"\\u0000", b"\\x41", b"sk-admin-",
    ]
)  # fmt: skip


@given(st.binary(max_size=200) | st.lists(pieces | st.binary(max_size=3), max_size=20).map(b"".join))
@example(b"OPENAI_API_KEY=" + KEY.encode())
@example(b"OPENAI_API_KEY='" + KEY.encode())
@example(b"OPENAI_API_KEY=" + KEY.encode() + b"$")
@example(b"OPENAI_API_KEY=sk-admin-" + KEY.encode())
@example(KEY.encode() + b"=" + KEY.encode())
def test_whatever_is_in_a_file_nothing_of_a_key_gets_out(
    tmp_path_factory: pytest.TempPathFactory, log: Log, data: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any bytes"
    folder.mkdir(exist_ok=True)
    (folder / ".env").write_bytes(data)
    log.text = ""
    for source in ("auto", KeyVariable(".env", "OPENAI_API_KEY"), KeyVariable(".env", "OTHER")):
        found = find_key(source, folder, {})
        said = f"{found!r} {found!s} {log.text}"
        assert isinstance(found, FoundKey | NoKey)
        if isinstance(found, FoundKey):
            said += found.redacted + repr(found.kind)
            assert all("!" <= character <= "~" for character in found.secret.get_secret_value())
        assert KEY not in said
        assert KEY[:20] not in said
        assert KEY[-20:] not in said


# The folders of an editor.


def folder_of(root: Path, name: str, key: str | None = None) -> Path:
    folder = root / name
    folder.mkdir()
    (folder / ".env").write_text(f"OPENAI_API_KEY={key or 'sk-proj-' + name * 40}\n")
    return folder


def is_never_called() -> None:
    raise AssertionError


async def looked(watched: Workspace, source: KeySource = "auto") -> str | None:
    """What it finds when it is asked, however long that takes."""
    told = asyncio.Event()
    await watched.look(source, told.set)
    if watched.key is None and source != "off":
        async with asyncio.timeout(60):
            await told.wait()
    return secret_of(watched.key)


async def test_each_folder_has_its_own_key(tmp_path: Path) -> None:
    a, b = folder_of(tmp_path, "a"), folder_of(tmp_path, "b")
    watched = Workspace({})
    watched.work_in([a, b], None)
    assert watched.key is None
    assert await looked(watched) == "sk-proj-" + "a" * 40
    watched.work_in([a, b], b)
    assert watched.key is None, "nobody looked there yet"
    assert await looked(watched) == "sk-proj-" + "b" * 40
    watched.work_in([a, b], a)
    assert secret_of(watched.key) == "sk-proj-" + "a" * 40, "it is known from before"


async def test_a_folder_that_is_none_of_them_changes_nothing(tmp_path: Path) -> None:
    a, b, other = (folder_of(tmp_path, name) for name in "abo")
    watched = Workspace({})
    watched.work_in([a, b], b)
    await looked(watched)
    for folder in (None, other, tmp_path):
        watched.work_in([a, b], folder)
        assert await looked(watched) == "sk-proj-" + "b" * 40


async def test_of_a_folder_that_was_taken_away_nothing_is_known(tmp_path: Path) -> None:
    a, b = folder_of(tmp_path, "a"), folder_of(tmp_path, "b")
    watched = Workspace({})
    watched.work_in([a, b], b)
    await looked(watched)
    watched.work_in([a], None)
    assert await looked(watched) == "sk-proj-" + "a" * 40
    watched.work_in([a, b], b)
    assert watched.key is None
    watched.work_in([], None)
    assert watched.key is None
    assert await looked(watched) is None
    assert watched.key == NoKey(("the environment",))


async def test_a_folder_that_was_not_told_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, other = folder_of(tmp_path, "a"), folder_of(tmp_path, "o")
    opened: list[str] = []
    real = os.open

    def noted(path: str, *rest: int) -> int:
        opened.append(str(path))
        return real(path, *rest)

    monkeypatch.setattr(workspace, "os", SimpleNamespace(**vars(os) | {"open": noted}))
    watched = Workspace(ENVIRONMENT)
    watched.work_in([a], other)
    await looked(watched)
    watched.work_in([], other)
    assert await looked(watched) == SHELL
    assert opened == [str(a / ".env")]


async def test_without_an_environment_there_is_no_key_at_all(tmp_path: Path) -> None:
    watched = Workspace()
    watched.work_in([folder_of(tmp_path, "a")], None)
    await watched.look("auto", is_never_called)
    assert watched.key is None


async def test_off_is_off(tmp_path: Path) -> None:
    watched = Workspace(ENVIRONMENT)
    watched.work_in([folder_of(tmp_path, "a")], None)
    assert await looked(watched)
    await watched.look("off", is_never_called)
    assert watched.key is None
    assert await looked(watched)


async def test_it_looks_again_each_time(tmp_path: Path) -> None:
    a = folder_of(tmp_path, "a")
    watched = Workspace(ENVIRONMENT)
    watched.work_in([a], None)
    await looked(watched)
    (a / ".env").write_text(f"OPENAI_API_KEY={OTHER}")
    assert await looked(watched) == OTHER
    (a / ".env").unlink()
    assert await looked(watched) == SHELL


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    slow = SlowDisk(monkeypatch)
    yield slow
    slow.let_go()


async def test_a_slow_disk_keeps_nobody_waiting_and_is_told_later(tmp_path: Path, disk: SlowDisk) -> None:
    a = folder_of(tmp_path, "a")
    disk.slow.add("a")
    watched, told = Workspace({}), asyncio.Event()
    watched.work_in([a], None)
    await watched.look("auto", told.set)
    await watched.look("auto", told.set)
    assert watched.key is None
    assert not told.is_set()
    assert len(disk.begun) == 1, "who looks already is not doubled"
    disk.let_go()
    async with asyncio.timeout(60):
        await told.wait()
    assert secret_of(watched.key) == "sk-proj-" + "a" * 40


async def test_another_folder_does_not_wait_for_a_slow_one(tmp_path: Path, disk: SlowDisk) -> None:
    a, b = folder_of(tmp_path, "a"), folder_of(tmp_path, "b")
    disk.slow.add("a")
    watched, told = Workspace({}), asyncio.Event()
    watched.work_in([a, b], None)
    await watched.look("auto", told.set)
    watched.work_in([a, b], b)
    assert await looked(watched) == "sk-proj-" + "b" * 40
    disk.let_go()
    async with asyncio.timeout(60):
        await told.wait()
    assert secret_of(watched.key) == "sk-proj-" + "b" * 40
    watched.work_in([a, b], a)
    assert secret_of(watched.key) == "sk-proj-" + "a" * 40


async def test_what_changes_while_it_looks_is_looked_at_again(tmp_path: Path, disk: SlowDisk) -> None:
    a = folder_of(tmp_path, "a")
    disk.slow.add("a")
    watched = Workspace({})
    news: asyncio.Queue[None] = asyncio.Queue()
    watched.work_in([a], None)
    await watched.look("auto", lambda: news.put_nowait(None))
    (a / ".env").write_text(f"OPENAI_API_KEY={OTHER}")
    # The editor tells of the change.
    await watched.look("auto", lambda: news.put_nowait(None))
    disk.let_go()
    async with asyncio.timeout(60):
        while secret_of(watched.key) != OTHER:
            await news.get()


async def test_a_look_by_other_settings_says_nothing(tmp_path: Path, disk: SlowDisk) -> None:
    a = folder_of(tmp_path, "a")
    disk.slow.add("a")
    watched, told = Workspace({}), asyncio.Event()
    watched.work_in([a], None)
    await watched.look("auto", told.set)
    await watched.look(KeyId("key_a"), told.set)
    await watched.look("off", told.set)
    disk.let_go()
    async with asyncio.timeout(60):
        await told.wait()
    assert watched.key is None


async def test_a_look_that_was_on_its_way_leaves_nothing_of_a_folder_that_is_gone(
    tmp_path: Path, disk: SlowDisk
) -> None:
    a, b = folder_of(tmp_path, "a"), folder_of(tmp_path, "b")
    disk.slow.add("a")
    watched, told = Workspace({}), asyncio.Event()
    watched.work_in([a, b], a)
    await watched.look("auto", told.set)
    watched.work_in([b], b)
    disk.let_go()
    async with asyncio.timeout(60):
        await told.wait()
    watched.work_in([a, b], a)
    assert watched.key is None
