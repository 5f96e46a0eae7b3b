"""The LSP side: what a client says goes to the monitor, what the monitor has to say goes to the client.

Commands return at once and only note what is wanted: in pygls, `$/cancelRequest` does not stop a running command, and
a running command makes `shutdown` fail. An export alone takes its time, and ends before that.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from lsprotocol import types
from pydantic import BaseModel, ValidationError
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from openai_usage import protocol, settings, views
from openai_usage.monitor import CancelledError, Monitor, NotReadyError, Progress
from openai_usage.saved import NothingReadError

Publish = Callable[[BaseModel], None]
CreateMonitor = Callable[[Publish, Progress, settings.Settings, str], Monitor]

Model = TypeVar("Model", bound=BaseModel)

_WATCHED = ("**/.env", "**/.env.*", "**/*.env")
"""Where keys are kept. Another file that the settings name is read again with each look for new figures."""

_log = logging.getLogger(__name__)
_package_log = logging.getLogger("openai_usage")


def create_server(version: str, create_monitor: CreateMonitor, problems: list[str]) -> LanguageServer:
    """A server that shows what a monitor knows.

    `create_monitor` is called once, inside the event loop, with the client's locale last; `problems` are sentences
    about the environment that the user should read.
    """
    server = LanguageServer("openai-usage-server", version, text_document_sync_kind=types.TextDocumentSyncKind.None_)
    _keep_no_documents(server)
    session = _Session(server, create_monitor, problems)

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        session.raw_settings = params.initialization_options
        session.folders = _folders(params)
        session.locale = params.locale or session.locale

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        session.start()
        session.watch_files()
        if session.raw_settings is None:
            await session.pull_settings()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        pushed = params.settings
        if isinstance(pushed, dict) and protocol.SETTINGS_SECTION in pushed:
            session.configure(pushed[protocol.SETTINGS_SECTION])
        else:
            await session.pull_settings()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def did_change_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        gone = {folder.uri for folder in params.event.removed}
        session.work_in([uri for uri in session.folders if uri not in gone] + [one.uri for one in params.event.added])

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(_: types.DidChangeWatchedFilesParams) -> None:
        session.monitor.on_files()

    @server.feature(protocol.WINDOW)
    def window(params: Any) -> None:  # noqa: ANN401 - what it is, is looked at
        session.attend(params)

    @server.feature(types.SHUTDOWN)
    async def shutdown(_: None) -> None:
        await session.stop()

    _answer_commands(server, session)
    _answer_commands_about_files(server, session)
    _answer_other_commands_that_return(server, session)
    return server


def _answer_commands(server: LanguageServer, session: "_Session") -> None:
    # Any, and not object: pygls takes a first parameter that could be a server for a wish to be handed one.
    @server.command(protocol.SHOW)
    def show(*_: Any) -> None:  # noqa: ANN401
        session.monitor.show()

    @server.command(protocol.REFRESH)
    def refresh(*_: Any) -> None:  # noqa: ANN401
        session.monitor.refresh()

    @server.command(protocol.FETCH_HISTORY)
    def fetch_history(*_: Any) -> None:  # noqa: ANN401
        session.monitor.fetch_history()

    @server.command(protocol.READ_DAYS)
    def read_days(*_: Any) -> None:  # noqa: ANN401
        session.monitor.read_days()

    @server.command(protocol.CLOSE_IMPORT)
    def close_import(*_: Any) -> None:  # noqa: ANN401
        session.monitor.close_import()

    @server.command(protocol.CHOOSE_KEY)
    def choose_key(key_id: Any = None) -> None:  # noqa: ANN401
        if key_id is not None and not isinstance(key_id, str):
            raise JsonRpcInvalidParams(f"{protocol.CHOOSE_KEY}: the argument is no API key id")
        session.monitor.choose_key(key_id)

    @server.command(protocol.SELECT)
    def select(argument: Any = None) -> None:  # noqa: ANN401
        session.monitor.select(_read(protocol.SELECT, protocol.Selection, argument))


def _answer_commands_about_files(server: LanguageServer, session: "_Session") -> None:
    """They read or write files, and that is done when they return."""

    @server.command(protocol.EXPORT)
    async def export(argument: Any = None) -> str | None:  # noqa: ANN401
        wanted = _read(protocol.EXPORT, protocol.ExportArguments, argument)
        path = _local_path(wanted.uri, _EXPORTED)
        try:
            return await session.monitor.export(path, wanted.format)
        except CancelledError:
            raise JsonRpcRequestCancelled("The export was cancelled, and nothing was written.") from None
        except NotReadyError:
            raise JsonRpcInternalError("The figures are still loading. Export them when they are there.") from None
        except OSError as error:
            text = views.harmless(f"{path} could not be written: {error.strerror or error}.")
            raise JsonRpcInternalError(text) from None

    @server.command(protocol.IMPORT)
    async def import_files(argument: Any = None) -> str | None:  # noqa: ANN401
        wanted = _read(protocol.IMPORT, protocol.ImportArguments, argument)
        paths = [_local_path(uri, _IMPORTED) for uri in wanted.uris]
        if not paths:
            raise JsonRpcInvalidParams(f"{protocol.IMPORT}: no file")
        try:
            return await session.monitor.import_files(paths)
        except CancelledError:
            raise JsonRpcRequestCancelled("The import was cancelled.") from None
        except NothingReadError as error:
            text = views.problems_text(error.problems) or "There is no usage in it."
            raise JsonRpcInternalError(f"Nothing was imported. {text}") from None
        except OSError as error:
            name = views.file_text(Path(error.filename).name if error.filename else "")
            why = views.harmless(error.strerror or type(error).__name__)
            raise JsonRpcInternalError(f"{name} could not be read: {why}.") from None


def _answer_other_commands_that_return(server: LanguageServer, session: "_Session") -> None:
    @server.command(protocol.TABLE_AS_MARKDOWN)
    def table_as_markdown(table: Any = None) -> str:  # noqa: ANN401
        text = session.monitor.table_as_markdown(str(table))
        if text is None:
            raise JsonRpcInvalidParams(f"{protocol.TABLE_AS_MARKDOWN}: the panel has no such table now")
        return text

    @server.command(protocol.ERASE)
    def erase(*_: Any) -> None:  # noqa: ANN401
        try:
            session.monitor.erase()
        except OSError as error:
            raise JsonRpcInternalError(f"The stored usage could not be erased: {error}.") from None


def _keep_no_documents(server: LanguageServer) -> None:
    """By itself, pygls has every document sent and keeps a copy. Nothing here reads documents."""
    for method in (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE):
        server.protocol.fm.builtin_features.pop(method, None)


def _read(command: str, shape: type[Model], argument: object) -> Model:
    try:
        return shape.model_validate(argument)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the argument"
        raise JsonRpcInvalidParams(f"{command}: {place}: {first['msg']}") from None


_EXPORTED: Final = "An export can only be saved as a file of the computer on which the server runs."
_IMPORTED: Final = "Only files of the computer on which the server runs can be imported."


def _local_path(uri: str, otherwise: str) -> Path:
    path = to_fs_path(uri) if uri.startswith("file:") else None
    if not path or not Path(path).is_absolute():
        raise JsonRpcInvalidParams(otherwise)
    return Path(path)


def _folders(params: types.InitializeParams) -> list[str]:
    """The URIs of all folders; an editor without workspaces has at most one."""
    if params.workspace_folders is not None:
        return [folder.uri for folder in params.workspace_folders]
    return [params.root_uri] if params.root_uri else []


def _folder_path(uri: str | None) -> Path | None:
    """None: not a folder of the computer on which the server runs."""
    path = to_fs_path(uri) if uri and uri.startswith("file:") else None
    return Path(path) if path and Path(path).is_absolute() else None


class _Session:
    """What lives from `initialized` to `shutdown`."""

    def __init__(self, server: LanguageServer, create_monitor: CreateMonitor, problems: list[str]) -> None:
        self.raw_settings: Any = None
        self.locale = "en"
        self.folders: list[str] = []
        """URIs of the workspace's folders: all that may be read."""
        self._server = server
        self._create_monitor = create_monitor
        self._problems = problems
        self._warned_of: set[str] = set()
        self._window: protocol.WindowState | None = None
        self._monitor: Monitor | None = None
        self._task: asyncio.Task[None] | None = None
        self._log_handler = _ClientLog(server)

    @property
    def monitor(self) -> Monitor:
        """JsonRpcServerNotInitialized before `start`."""
        if self._monitor is None:
            raise JsonRpcServerNotInitialized
        return self._monitor

    def start(self) -> None:
        if self._monitor is not None:
            return
        _package_log.addHandler(self._log_handler)
        # What the client logs need not come by stderr as well: editors put both into the same place.
        _package_log.propagate = False
        self._warn(self._problems)
        self._monitor = self._create_monitor(
            self._publish, self._progress, self._read_settings(self.raw_settings), self.locale
        )
        if self._window is not None:
            self._monitor.attend(self._window)
        self.work_in(self.folders)
        self._task = asyncio.create_task(self._monitor.run())
        self._task.add_done_callback(_log_end)

    def configure(self, raw: object) -> None:
        """Take over settings, at once or at the start; an editor that has nothing to say changes nothing."""
        if raw is None:
            return
        self.raw_settings = raw
        if self._monitor is not None:
            self._monitor.configure(self._read_settings(raw))

    def attend(self, window: object) -> None:
        """Take over whether anybody looks, at once or at the start; what cannot be understood changes nothing."""
        try:
            self._window = protocol.WindowState.model_validate(window, from_attributes=True)
        except ValidationError as error:
            _log.warning("%s: %d things in it are not as they should be", protocol.WINDOW, error.error_count())
            return
        if self._monitor is not None:
            self._monitor.attend(self._window)
            self.work_in(self.folders)

    def work_in(self, folders: list[str]) -> None:
        """Take over the workspace's folders, and in which of them the user works."""
        self.folders = folders
        if self._monitor is not None:
            paths = [path for uri in folders if (path := _folder_path(uri)) is not None]
            self._monitor.work_in(paths, _folder_path(self._window.folder if self._window else None))

    def watch_files(self) -> None:
        """Have the client say when a file changes in which the workspace's key may be, if it can."""
        workspace = self._server.client_capabilities.workspace
        files = workspace.did_change_watched_files if workspace else None
        if not files or not files.dynamic_registration:
            return
        options = types.DidChangeWatchedFilesRegistrationOptions(
            [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
        )
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration(str(uuid.uuid4()), method, options)
        # The reply is not awaited: a client may answer late or never, or refuse after all.
        request = types.RegistrationParams([registration])
        answer = self._server.protocol.send_request(types.CLIENT_REGISTER_CAPABILITY, request)
        answer.add_done_callback(lambda reply: reply.cancelled() or reply.exception())

    async def pull_settings(self) -> None:
        """Ask the client for the settings, if it can be asked."""
        workspace = self._server.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            return
        item = types.ConfigurationItem(section=protocol.SETTINGS_SECTION)
        try:
            found = await self._server.workspace_configuration_async(types.ConfigurationParams(items=[item]))
        except JsonRpcException as error:
            _log.warning("The editor did not tell its settings: %s", error)
            return
        self.configure(found[0] if found else None)

    async def stop(self) -> None:
        _package_log.removeHandler(self._log_handler)
        _package_log.propagate = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _read_settings(self, raw: object) -> settings.Settings:
        value, problems = settings.read(raw)
        self._warn(problems)
        return value

    def _warn(self, problems: list[str]) -> None:
        """Each once: an editor may tell the same settings again and again."""
        for problem in problems:
            if problem not in self._warned_of:
                self._warned_of.add(problem)
                _log.warning("%s", problem)
                params = types.ShowMessageParams(types.MessageType.Warning, f"OpenAI Usage: {problem}")
                self._server.window_show_message(params)

    def _publish(self, view: BaseModel) -> None:
        method = protocol.STATUS if isinstance(view, protocol.StatusView) else protocol.PANEL
        # pygls cannot write a pydantic model: it would fail on some types and ignore the aliases.
        self._server.protocol.notify(method, view.model_dump(mode="json", by_alias=True, exclude_defaults=True))

    @contextmanager
    def _progress(self, title: str, cancel: Callable[[], object]) -> Iterator[Callable[[str], None]]:
        window = self._server.client_capabilities.window
        if window is None or not window.work_done_progress:
            yield lambda _: None
            return
        work = _WorkDone(self._server, title, cancel)
        try:
            yield work.say
        finally:
            work.end()


class _WorkDone:
    """A progress bar in the client, with a cancel button. It never keeps the work waiting."""

    def __init__(self, server: LanguageServer, title: str, cancel: Callable[[], object]) -> None:
        self._progress = server.work_done_progress
        self._title = title
        self._cancel = cancel
        self._token = str(uuid.uuid4())
        self._begun = self._ended = False
        self._said: str | None = None
        # A callback, not an awaited reply: a client may answer late or never, or refuse, and pygls' own raises then.
        request = types.WorkDoneProgressCreateParams(self._token)
        answer = server.protocol.send_request(types.WINDOW_WORK_DONE_PROGRESS_CREATE, request)
        answer.add_done_callback(self._on_created)

    def say(self, text: str) -> None:
        self._said = text
        if self._begun:
            self._progress.report(self._token, types.WorkDoneProgressReport(message=text))

    def end(self) -> None:
        self._ended = True
        if self._begun:
            self._progress.end(self._token, types.WorkDoneProgressEnd())
            self._progress.tokens.pop(self._token, None)

    def _on_created(self, reply: Any) -> None:  # noqa: ANN401 - a concurrent.futures.Future of pygls' making
        if self._ended or reply.cancelled() or reply.exception():
            return
        self._begun = True
        begin = types.WorkDoneProgressBegin(title=self._title, cancellable=True, message=self._said)
        self._progress.begin(self._token, begin)
        self._progress.tokens[self._token].add_done_callback(self._on_token_done)

    def _on_token_done(self, token_future: Any) -> None:  # noqa: ANN401 - a concurrent.futures.Future of pygls' making
        if token_future.cancelled():
            self._cancel()


class _ClientLog(logging.Handler):
    """The server's own log, in the client's log window."""

    _TYPES = (
        (logging.ERROR, types.MessageType.Error),
        (logging.WARNING, types.MessageType.Warning),
        (logging.INFO, types.MessageType.Info),
    )

    def __init__(self, server: LanguageServer) -> None:
        super().__init__()
        self._server = server

    def emit(self, record: logging.LogRecord) -> None:
        kind = next((kind for level, kind in self._TYPES if record.levelno >= level), types.MessageType.Debug)
        self._server.window_log_message(types.LogMessageParams(kind, self.format(record)))


def _log_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("The monitor ended: it should not", exc_info=error)
