"""Which source a key leads to: nothing is asked of the other one, and their figures never go into one file."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import httpx
import pytest

from openai_usage import credentials
from openai_usage.credentials import KeyFault, KeyKind, UnfitKey
from openai_usage.demo import DemoTransport, Organization
from openai_usage.monitor import Monitor
from openai_usage.openai_api import Client
from openai_usage.settings import DEFAULT_BASE_URL, Settings, SourceChoice
from openai_usage.source import Source

KEYS = {
    KeyKind.ADMIN: "sk-admin-" + "x" * 40,
    KeyKind.PROJECT: "sk-proj-" + "x" * 40,
    KeyKind.SERVICE_ACCOUNT: "sk-svcacct-" + "x" * 40,
    KeyKind.USER: "sk-" + "x" * 40,
    KeyKind.SESSION: "sess-" + "x" * 40,
    KeyKind.OTHER: "x" * 40,
    KeyFault.MISSING: "",
    KeyFault.MALFORMED: "sk-admin-é",
}
GATEWAY = "https://gateway.example/v1"
LEGACY = ("/v1/usage", "/v1/dashboard/", "/dashboard/", "/v1/organizations/")
ORGANIZATION = ("/v1/organization/",)


class Asked(httpx.AsyncBaseTransport):
    """The demo organisation, and what it was asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self._demo = DemoTransport(Organization())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        return await self._demo.handle_async_request(request)


async def asked(
    environ: dict[str, str], settings: Settings, base_url: str, *, is_asking: bool
) -> tuple[list[str], Source | None]:
    """What a monitor asks with that key before anybody looks, and what it opens; `is_asking`: it is to ask at all."""
    transport, opened = Asked(), list[Source]()
    is_known = asyncio.Event()

    def connect(url: str, credential: credentials.Credential, source: Source) -> Client:
        opened.append(source)
        return Client(url, credential.secret, transport=transport)

    @contextmanager
    def progress(*_: object) -> Iterator[Any]:
        yield lambda _: None

    def publish(view: Any) -> None:  # noqa: ANN401 - either view
        if not getattr(view, "busy", True) and (transport.paths or not is_asking):
            is_known.set()

    monitor = Monitor(credentials.find(environ), connect, publish, progress, settings, default_base_url=base_url)
    task = asyncio.create_task(monitor.run())
    async with asyncio.timeout(30):
        await is_known.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return transport.paths, opened[0] if opened else None


def expected(choice: SourceChoice, kind: KeyKind | KeyFault, variable: str, *, is_openai: bool) -> str | None:
    """None: nothing is asked."""
    if isinstance(kind, KeyFault):
        return None
    if choice == "legacy":
        return "legacy"
    # What is there for other programs is not sent to OpenAI.
    is_fit = kind is KeyKind.ADMIN or (kind is KeyKind.OTHER and variable == "OPENAI_ADMIN_KEY") or not is_openai
    if choice == "organization":
        return "organization" if is_fit else None
    if kind is KeyKind.ADMIN:
        return "organization"
    if variable == "OPENAI_ADMIN_KEY" or kind is KeyKind.SESSION or not is_openai:
        return "legacy"
    # A key of other programs, at OpenAI: it is not sent at all, unless it could be one for the organisation.
    return "organization" if is_fit else None


@pytest.mark.parametrize("is_openai", [True, False], ids=["openai", "gateway"])
@pytest.mark.parametrize("variable", ["OPENAI_ADMIN_KEY", "OPENAI_API_KEY"])
@pytest.mark.parametrize(("choice", "kind"), [*product(("auto", "organization", "legacy"), KEYS)])
async def test_the_key_and_the_setting_say_what_is_asked(
    choice: SourceChoice, kind: KeyKind | KeyFault, variable: str, *, is_openai: bool
) -> None:
    settings = Settings(source=choice, refresh_minutes=5)
    base_url = DEFAULT_BASE_URL if is_openai else GATEWAY
    wanted = expected(choice, kind, variable, is_openai=is_openai)
    paths, source = await asked({variable: KEYS[kind]}, settings, base_url, is_asking=wanted is not None)
    figures = [path for path in paths if path != "/v1/models"]
    if wanted is None:
        assert figures == []
        return
    assert source is not None
    assert source.kind == wanted
    assert figures
    allowed = LEGACY if wanted == "legacy" else ORGANIZATION
    assert all(path.startswith(allowed) for path in paths), paths


def test_a_key_that_is_not_fit_is_explained_before_any_call() -> None:
    for kind in (KeyKind.PROJECT, KeyKind.SERVICE_ACCOUNT, KeyKind.USER, KeyKind.SESSION):
        found = credentials.find({"OPENAI_API_KEY": KEYS[kind]})
        assert isinstance(found, credentials.Credential)
        assert credentials.fit_for(found, openai=True) == UnfitKey(kind, "OPENAI_API_KEY")
        assert credentials.fit_for(found, openai=False) is found


def test_no_two_sources_share_a_name() -> None:
    """The name, beside the key, is what a file is found by."""
    sources = [
        Source(kind, organization, unit)
        for kind in ("organization", "legacy")
        for organization in (None, "org-a", "org-b", "legacy", "cents", "usd")
        for unit in ("cents", "usd")
    ]
    names = {source.account(url) for source in sources for url in (DEFAULT_BASE_URL, GATEWAY)}
    # The unit makes no difference to the organisation API.
    assert len(names) == 2 * (6 + 12)
    assert Source().account(DEFAULT_BASE_URL) == DEFAULT_BASE_URL, "files of earlier versions stay good"
