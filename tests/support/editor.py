"""An editor without a screen: the real server process over stdio, and everything it ever said.

async with Editor("--demo") as editor:
    status = await editor.status(lambda status: not status["busy"])
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcMethodNotFound
from pygls.lsp.client import LanguageClient

from openai_usage import protocol

View = dict[str, Any]

# Far beyond what anything takes: it ends a test that would wait for ever, and says nothing about speed.
_PATIENCE = 60.0
_LONGEST_TEST = timedelta(seconds=60)
_NOT_FOR_THE_SERVER = ("OPENAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


class Editor:
    """Starts a server, and ends it with the `with` block. `environ` is added to an environment without any key.

    What it keeps goes into `folder`; None: into one of its own, which is gone with it. `workspace` are its folders.
    """

    def __init__(
        self,
        *arguments: str,
        environ: dict[str, str] | None = None,
        settings: object = None,
        progress: bool = True,
        pulled: dict[str, Any] | None = None,
        locale: str | None = None,
        folder: Path | None = None,
        workspace: Sequence[Path] = (),
    ) -> None:
        self.statuses: list[View] = []
        self.panels: list[View] = []
        self.capabilities: types.ServerCapabilities
        self._own_folder = None if folder else TemporaryDirectory(prefix="openai-usage-")
        self.folder = folder or Path(self._own_folder.name if self._own_folder else "")
        self._arguments = ("--data-dir", str(self.folder), *arguments)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_THE_SERVER)}
        self._environ = {**clean, **(environ or {})}
        self._settings = settings
        self._progress = progress
        self._pulled = pulled
        self._workspace = workspace
        self._locale = locale
        self._news = asyncio.Condition()
        self._stderr = bytearray()
        self._client = pytest_lsp.make_test_lsp_client()
        self._client.feature(protocol.STATUS)(lambda params: self._take(self.statuses, params))
        self._client.feature(protocol.PANEL)(lambda params: self._take(self.panels, params))
        self.watched: list[types.Registration] = []
        """What the server wants to be told of."""
        self._client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: self.watched.extend(params.registrations))
        self.refused = 0
        """How many progress bars were refused."""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        # Not pytest-lsp's own start: that one prints stderr, and here it is read to be searched.
        await LanguageClient.start_io(
            self._client, sys.executable, "-m", "openai_usage", *self._arguments, env=self._environ
        )
        self._tasks.append(asyncio.create_task(self._read_stderr()))
        window = types.WindowClientCapabilities(work_done_progress=self._progress)
        # `pulled` is what the editor answers when it is asked for its settings.
        files = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
        workspace = types.WorkspaceClientCapabilities(
            configuration=self._pulled is not None, did_change_watched_files=files
        )
        if self._pulled is not None:
            self._client.set_configuration({protocol.SETTINGS_SECTION: self._pulled or None})
        params = types.InitializeParams(
            capabilities=types.ClientCapabilities(window=window, workspace=workspace),
            root_uri=None,
            workspace_folders=[_folder(path) for path in self._workspace],
            initialization_options=self._settings,
            locale=self._locale,
        )
        result = await asyncio.wait_for(self._client.initialize_session(params), _PATIENCE)
        self.capabilities = result.capabilities
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self.process
        try:
            if process.returncode is None:
                await asyncio.wait_for(self._client.shutdown_session(), _PATIENCE)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await asyncio.gather(*self._tasks)
            await self._client.stop()  # type: ignore[no-untyped-call]  # pytest-lsp left it so
            if self._own_folder is not None:
                self._own_folder.cleanup()

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The server."""
        process = self._client._server  # noqa: SLF001 - pygls has no public name for it
        assert process is not None
        return process

    @property
    def shown_messages(self) -> list[str]:
        """What was popped up."""
        return [message.message for message in self._client.messages]

    @property
    def progress_kinds(self) -> list[list[str]]:
        """For each progress token, what came for it: begin, report, end."""
        # Typed as the notifications, but pytest-lsp keeps their values.
        values: Iterable[list[Any]] = self._client.progress_reports.values()
        return [[value.kind for value in of_token] for of_token in values]

    @property
    def progress_messages(self) -> list[list[str]]:
        """For each progress token, what was said under its title."""
        values: Iterable[list[Any]] = self._client.progress_reports.values()
        return [[value.message for value in of_token if value.message] for of_token in values]

    @property
    def log_lines(self) -> list[str]:
        """What it logged to the client, and all of stderr."""
        logged = [message.message for message in self._client.log_messages]
        return [*logged, *self._stderr.decode(errors="replace").splitlines()]

    def everything_it_wrote(self) -> str:
        """All views, messages and log lines."""
        views = json.dumps([self.statuses, self.panels], ensure_ascii=False)
        return "\n".join([views, *self.shown_messages, *self.log_lines])

    async def run(self, command: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever a command returns
        """Run a command of the server's."""
        params = types.ExecuteCommandParams(command, arguments=list(arguments) or None)
        return await asyncio.wait_for(self._client.workspace_execute_command_async(params), _PATIENCE)

    def change_settings(self, settings: object) -> None:
        """As an editor does that pushes its settings; None: as one does that only says that they changed."""
        if settings is None and self._pulled is not None:
            self._client.set_configuration({protocol.SETTINGS_SECTION: self._pulled or None})
        pushed = None if settings is None else {protocol.SETTINGS_SECTION: settings}
        params = types.DidChangeConfigurationParams(settings=pushed)
        self._client.workspace_did_change_configuration(params)

    def changed_file(self, path: Path) -> None:
        """Tell that a file was written, where the server asked for it."""
        change = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
        self._client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))

    def changed_folders(self, *, added: Sequence[Path] = (), removed: Sequence[Path] = ()) -> None:
        """Take folders into the workspace, or out of it."""
        event = types.WorkspaceFoldersChangeEvent([_folder(one) for one in added], [_folder(one) for one in removed])
        self._client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))

    def work_in(self, folder: Path) -> None:
        """Edit a file of that folder."""
        window = {"isActive": True, "isPanelVisible": True, "folder": folder.as_uri()}
        self._client.protocol.notify(protocol.WINDOW, window)

    def refuse_progress(self) -> None:
        """From now on, answer to a progress bar that there are none, whatever was said at the start."""

        def refuse(*_: object) -> None:
            self.refused += 1
            raise JsonRpcMethodNotFound

        method = types.WINDOW_WORK_DONE_PROGRESS_CREATE
        del self._client.protocol.fm.features[method]
        self._client.feature(method)(refuse)

    def cancel_progress(self) -> None:
        """Click the cancel button of the newest progress bar."""
        token = list(self._client.progress_reports)[-1]
        self._client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token=token))

    async def status(self, fits: Callable[[View], object] = bool, *, after: int = 0) -> View:
        """The first status that fits, among those from number `after` on, also if it came before this call."""
        return await self._first(self.statuses, fits, after)

    async def panel(self, fits: Callable[[View], object] = bool, *, after: int = 0) -> View:
        """The first panel that fits."""
        return await self._first(self.panels, fits, after)

    async def select(self, selection: View, fits: Callable[[View], object] = bool) -> View:
        """Select, and the first panel that shows it, whole, and fits; also where it shows it already."""
        count = len(self.panels)
        await self.run(protocol.SELECT, selection)

        def shows_it(panel: View) -> bool:
            is_shown = all(panel["selection"].get(name) == value for name, value in selection.items())
            return bool(is_shown and not panel["busy"] and panel["metrics"] and fits(panel))

        return await self.panel(shows_it, after=max(0, count - 1))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds that changes with progress or messages, of which there is no news."""
        async with asyncio.timeout(_PATIENCE):
            while not holds():  # noqa: ASYNC110 - pytest-lsp tells nobody
                await asyncio.sleep(0.01)

    async def settled_panel(self, *, after: int = 0) -> View:
        """The first panel that is complete."""
        return await self.panel(lambda panel: not panel["busy"] and panel["metrics"], after=after)

    async def _first(self, views: list[View], fits: Callable[[View], object], after: int) -> View:
        def found() -> View | None:
            return next((view for view in views[after:] if fits(view)), None)

        try:
            async with asyncio.timeout(_PATIENCE), self._news:
                await self._news.wait_for(lambda: found() is not None)
                return found() or {}
        except TimeoutError:
            raise AssertionError(f"nothing fits among {views[after:]}\n{self.everything_it_wrote()}") from None

    def _take(self, views: list[View], params: object) -> None:
        views.append(_plain(params))
        self._tasks.append(asyncio.ensure_future(self._tell()))

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        while chunk := await self.process.stderr.read(4096):
            self._stderr += chunk


def _folder(path: Path) -> types.WorkspaceFolder:
    return types.WorkspaceFolder(path.as_uri(), path.name)


def now_with_some_time_left() -> datetime:
    """The server's days are those of the real clock. A test that would run over midnight begins after it."""
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight - now < _LONGEST_TEST:
        time.sleep((midnight - now).total_seconds() + 1)
    return datetime.now(UTC)


def metric(panel: View, metric_id: str) -> View:
    """One metric of a panel."""
    return next(each for each in panel["metrics"] if each["id"] == metric_id)


def notices(panel: View) -> list[str]:
    """The ids of all notices, of the panel and of its sections."""
    of_sections = [notice for section in panel["sections"] for notice in section["notices"]]
    return [notice["id"] for notice in (*panel["notices"], *of_sections)]


def tables(panel: View) -> dict[str, View]:
    """A panel's tables by id."""
    return {table["id"]: table for section in panel["sections"] for table in section["tables"]}


def chart(panel: View) -> View:
    """A panel's first chart."""
    return next(chart for section in panel["sections"] for chart in section["charts"])


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """The JSON again: pygls makes named tuples of it."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(inner) for name, inner in value._asdict().items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value
