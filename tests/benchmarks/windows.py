"""Windows of an editor in one process and in simulated time, so that an hour of twenty of them takes seconds.

Each has a `Monitor` and a connection to its folder's file of its own, as a process has. The demo organisation answers,
and goes by the same clock; what is asked of it is counted.
"""

import asyncio
import selectors
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from openai_usage import credentials
from openai_usage.credentials import Credential
from openai_usage.demo import Organization
from openai_usage.demo.api import Api, Request, Response
from openai_usage.monitor import Monitor
from openai_usage.openai_api import Client
from openai_usage.protocol import PanelView, Selection, WindowState
from openai_usage.settings import DEFAULT_BASE_URL, Settings
from openai_usage.source import Source
from openai_usage.store import Store, open_account

KEY: Final = "sk-admin-" + "k" * 40
_LATENCY: Final = 0.15


class SimulatedTime(asyncio.SelectorEventLoop):
    """An event loop that does not wait: when nothing is left to do, it is at once the time of what comes next."""

    def __init__(self, begin: datetime) -> None:
        self._begin = begin
        self._elapsed = 0.0
        super().__init__(_NoWait(self))

    def time(self) -> float:
        return self._elapsed

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self._elapsed)

    def skip(self, seconds: float) -> None:
        self._elapsed += seconds


class _NoWait(selectors.SelectSelector):
    def __init__(self, loop: SimulatedTime) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        if not (events := super().select(0)):
            self._loop.skip(timeout)
        return events


class Network(httpx.AsyncBaseTransport):
    """The organisation, and when what was asked of it. `stands_still`: nothing new is used after that moment."""

    def __init__(self, loop: SimulatedTime, stands_still: datetime | None = None) -> None:
        self.asked: list[tuple[float, str]] = []
        """Seconds since the beginning, and the path."""
        self._loop = loop
        self._stands_still = stands_still
        self._api = Api(Organization(now=self._now))
        self._kept: dict[tuple[str, str, datetime], Response] = {}

    def _now(self) -> datetime:
        # The organisation goes by whole minutes, so within one the same question has the same answer.
        return self._stands_still or self._loop.now().replace(second=0, microsecond=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((self._loop.time(), request.url.path))
        place = request.url.path, request.url.query.decode("ascii"), self._now()
        await asyncio.sleep(_LATENCY)
        if place not in self._kept:
            self._kept[place] = self._api.answer(Request("GET", *place[:2], f"Bearer {KEY}"))
        answer = self._kept[place]
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)


@dataclass(frozen=True)
class Habits:
    """What goes on in every window. `panel`: what its panel shows; None: it is never opened."""

    panel: Selection | None = None
    is_active: bool = True
    refresh_minutes: float = 5


class Window:
    """A `Monitor`, and the last panel that it published."""

    def __init__(self, folder: Path, network: Network, habits: Habits, base_url: str) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedTime)
        self.panel: PanelView | None = None

        def connect(url: str, credential: Credential, _: Source) -> Client:
            return Client(url, credential.secret, transport=network)

        def open_store(url: str, credential: Credential, _: Source) -> Store:
            return Store(lambda: open_account(folder, url, credential.secret))

        self._monitor = Monitor(
            credentials.find({"OPENAI_ADMIN_KEY": KEY}), connect, self._publish, _no_progress,
            Settings(refresh_minutes=habits.refresh_minutes), open_store=open_store, default_base_url=base_url,
            clock=loop.now,
        )  # fmt: skip
        self._monitor.attend(WindowState(is_active=habits.is_active, is_panel_visible=habits.panel is not None))
        if habits.panel is not None:
            self._monitor.select(habits.panel)
        self._task = asyncio.create_task(self._monitor.run())

    def _publish(self, view: object) -> None:
        if isinstance(view, PanelView):
            self.panel = view

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@contextmanager
def _no_progress(_: str, __: Callable[[], object]) -> Iterator[Callable[[str], None]]:
    yield lambda _: None


def simulate(
    folders: Sequence[Path],
    habits: Habits,
    length: timedelta,
    *,
    begin: datetime | None = None,
    stands_still: bool = False,
    base_url: str = DEFAULT_BASE_URL,
) -> list[tuple[float, str]]:
    """Windows that open at the same moment, one for each of `folders`: what they ask until `length` is over, and when.

    With `stands_still`, the organisation uses nothing new meanwhile.
    """
    # Not over midnight: a new day is read whole.
    begin = begin or datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    loop = SimulatedTime(begin)
    network = Network(loop, begin if stands_still else None)

    async def run() -> None:
        windows = [Window(folder, network, habits, base_url) for folder in folders]
        try:
            await asyncio.sleep(length.total_seconds())
        finally:
            await asyncio.gather(*(window.close() for window in windows))

    with closing(loop):
        loop.run_until_complete(run())
    return network.asked


def fill(folder: Path, base_url: str, at: datetime, panel: Selection | None) -> None:
    """Leave in a folder what a window read that was open for a minute, up to `at`."""
    length = timedelta(minutes=1)
    simulate([folder], Habits(panel), length, begin=at - length, base_url=base_url)
