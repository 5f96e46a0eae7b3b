"""The command line: `openai-usage-server` speaks LSP on stdio."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from openai_usage import __version__, credentials, openai_api, pricing, server, settings
from openai_usage.credentials import Credential, KeyFault
from openai_usage.monitor import Connect, Monitor, OpenStore, Progress
from openai_usage.source import Source
from openai_usage.store import Store, open_account
from openai_usage.workspace import Workspace

_LEVELS = ("debug", "info", "warning", "error")


def main(arguments: list[str] | None = None) -> None:
    """Run until the client says so, or is gone."""
    options = _options(arguments)
    wire = _take_stdout()
    _log_to_stderr(options.log_level)
    account = _demo_account() if options.demo else _account(os.environ, options.data_dir)

    def create_monitor(publish: server.Publish, progress: Progress, chosen: settings.Settings, locale: str) -> Monitor:
        return Monitor(
            account.credential,
            account.connect,
            publish,
            progress,
            chosen,
            open_store=account.open_store,
            # What is in the demo organisation is nobody's key.
            workspace=Workspace(None if options.demo else os.environ),
            load_prices=pricing.load,
            sample=options.demo,
            locale=locale,
            default_base_url=account.base_url,
        )

    # What is loaded by now stays to the end. To look it through for garbage again and again would take 40 ms each time,
    # in the middle of a fetch or a click.
    gc.freeze()
    server.create_server(__version__, create_monitor, account.problems).start_io(stdout=wire)


@dataclass(frozen=True, slots=True)
class _Account:
    """Whose numbers are shown, and how to ask for them."""

    credential: Credential | KeyFault
    connect: Connect
    open_store: OpenStore
    base_url: str
    problems: list[str]


def _account(environ: Mapping[str, str], folder: Path | None) -> _Account:
    base_url, problems = settings.read_base_url(environ.get("OPENAI_BASE_URL"))

    def connect(url: str, credential: Credential, source: Source) -> "openai_api.Client":
        return openai_api.Client(url, credential.secret, version=__version__, organization=source.organization)

    def open_store(url: str, credential: Credential, source: Source) -> Store:
        return Store(lambda: open_account(folder or _default_folder(), source.account(url), credential.secret), source)

    return _Account(credentials.find(environ), connect, open_store, base_url or settings.DEFAULT_BASE_URL, problems)


def _default_folder() -> Path:
    # Imported here: an editor names a folder of its own.
    import platformdirs  # noqa: PLC0415

    return platformdirs.user_cache_path("openai-usage", appauthor=False)


def _demo_account() -> _Account:
    # Imported here: who has a key never pays for it.
    from openai_usage import demo  # noqa: PLC0415

    transport = demo.DemoTransport(demo.Organization())

    def connect(_: str, credential: Credential, source: Source) -> "openai_api.Client":
        return openai_api.Client(
            settings.DEFAULT_BASE_URL,
            credential.secret,
            version=__version__,
            organization=source.organization,
            transport=transport,
        )

    credential = credentials.find({"OPENAI_ADMIN_KEY": demo.DEMO_KEY})
    return _Account(credential, connect, lambda *about: Store(source=about[2]), settings.DEFAULT_BASE_URL, [])


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="openai-usage-server",
        description="A language server that shows what an OpenAI organisation used and what it was billed.",
        epilog="Environment: OPENAI_ADMIN_KEY, OPENAI_API_KEY, OPENAI_BASE_URL.",
    )
    parser.add_argument("--demo", action="store_true", help="show a made-up organisation; needs no key and no network")
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="where what was fetched is kept (default: the user's cache folder)"
    )
    parser.add_argument("--log-level", choices=_LEVELS, default="info", help="how much to log (default: %(default)s)")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser.parse_args(arguments)


def _take_stdout() -> BinaryIO:
    """The real stdout, for the wire alone: whatever else prints goes to stderr from now on."""
    wire = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return wire


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("openai_usage").setLevel(level.upper())
    # These write whole messages, headers and URLs at lower levels.
    for name in ("pygls", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
