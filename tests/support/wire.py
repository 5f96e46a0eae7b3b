"""A client that does next to nothing, so that what is timed is the server.

async with Wire({"OPENAI_ADMIN_KEY": key}) as wire:
    wire.run("openaiUsage.show")
    moment, panel = await wire.first(protocol.PANEL, lambda panel: panel["metrics"])
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

_PATIENCE = 120.0


class Wire:
    """The real server process over stdio, and when what it sent was there.

    What it keeps goes into `folder`; None: into one of its own, which is gone with it. `settings` are the editor's, and
    `workspace` is the folder that it works in.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *arguments: str,
        folder: Path | None = None,
        settings: Mapping[str, Any] | None = None,
        workspace: Path | None = None,
    ) -> None:
        self.heard: list[tuple[float, str, Any]] = []
        """The moment by `time.perf_counter`, the method and the parameters of each notification."""
        self._environ = environ
        self._settings = settings
        self._workspace = workspace
        self._own_folder = None if folder else TemporaryDirectory(prefix="openai-usage-")
        self.folder = folder or Path(self._own_folder.name if self._own_folder else "")
        self._arguments = ("--data-dir", str(self.folder), *arguments)
        self._numbers = itertools.count(1)
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "openai_usage", *self._arguments, stdin=pipe, stdout=pipe, env=self._environ,
            limit=2**24,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read(self._process.stdout))
        params = {
            "processId": None,
            "rootUri": self._workspace.as_uri() if self._workspace else None,
            "capabilities": {},
            "initializationOptions": self._settings,
        }
        self._send({"id": 0, "method": "initialize", "params": params})
        await self.first("")
        self._send({"method": "initialized", "params": {}})
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
        if self._reader is not None:
            await self._reader
        if self._own_folder is not None:
            self._own_folder.cleanup()

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self._process is not None
        return self._process.pid

    def run(self, command: str, *arguments: object) -> None:
        """Ask for a command; what comes of it is heard."""
        parameters = {"command": command, "arguments": arguments}
        self._send({"id": next(self._numbers), "method": "workspace/executeCommand", "params": parameters})

    async def first(
        self, method: str, fits: Callable[[Any], object] = lambda _: True, *, after: int = 0
    ) -> tuple[float, Any]:
        """The first of what was heard, from number `after` on, that fits: when, and its parameters."""

        def found() -> tuple[float, Any] | None:
            heard = itertools.islice(self.heard, after, None)
            return next(((moment, one) for moment, name, one in heard if name == method and fits(one)), None)

        async with asyncio.timeout(_PATIENCE), self._news:
            await self._news.wait_for(lambda: found() is not None)
        result = found()
        assert result is not None
        return result

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def _read(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        while head := await _head(stream):
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            body = await stream.readexactly(length)
            moment, message = time.perf_counter(), json.loads(body)
            async with self._news:
                self.heard.append((moment, message.get("method", ""), message.get("params")))
                self._news.notify_all()


async def _head(stream: asyncio.StreamReader) -> bytes:
    """Empty at the end."""
    try:
        return await stream.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
