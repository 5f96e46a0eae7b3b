"""Several servers on one folder, in one process and by one clock. What happens next is a matter of a seed.

Each server has an event loop of its own, as if it were a process. The world says whose loop goes on and for how long
one stands still, when an answer comes, who is killed, and what time it is. Nothing waits for real time.

    world = World(7, tmp_path, Settings())
    try:
        one = world.start()
        world.run(2)
        world.kill(one)
    finally:
        world.end()
"""

import asyncio
import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVarTuple

import httpx
from pydantic import SecretStr

from openai_usage import credentials
from openai_usage.credentials import Credential
from openai_usage.days import Days
from openai_usage.demo import DEMO_KEY
from openai_usage.endpoints import Query
from openai_usage.monitor import Monitor
from openai_usage.openai_api import Client
from openai_usage.protocol import PanelView, StatusView
from openai_usage.settings import DEFAULT_BASE_URL, KeyId, KeySource, Settings
from openai_usage.source import Source
from openai_usage.store import LEASE_LENGTH, LONG_AGO, Store, open_account
from openai_usage.store.file import File
from openai_usage.workspace import Workspace
from tests.support.little import Little, asked, is_about_figures

START = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
_MANY_STEPS = 200_000
"""Far more than anything takes: it ends a test that would go on for ever."""


Ts = TypeVarTuple("Ts")


class Loop(asyncio.SelectorEventLoop):
    """An event loop that goes on only when it is told to, by a clock that is not its own."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._now = clock
        self._waiting = 0
        self._timers: list[float] = []
        super().__init__()

    def time(self) -> float:
        return self._now()

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self._waiting += 1
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        heapq.heappush(self._timers, when)
        return super().call_at(when, callback, *args, context=context)

    @property
    def next_timer(self) -> float | None:
        """When something is due that is not due yet."""
        self._count_due()
        return self._timers[0] if self._timers else None

    def _count_due(self) -> None:
        while self._timers and self._timers[0] <= self._now():
            heapq.heappop(self._timers)
            self._waiting += 1

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        self._count_due()
        return self._waiting > 0

    def step(self) -> None:
        """Do what is to be done now, once."""
        self.call_soon(self.stop)
        self._waiting = 0
        self.run_forever()


@dataclass(eq=False)
class Asked:
    """A request that waits for its answer."""

    server: "Server"
    request: httpx.Request
    future: "asyncio.Future[None]"
    is_rest: bool
    """About names, limits, or a period that is only compared with: another lease."""


@dataclass
class Bar:
    """A progress bar."""

    title: str
    cancel: Callable[[], object]
    said: list[str] = field(default_factory=list)
    is_open: bool = True


class _Watched(Store):
    """Shows the world what it wants to ask."""

    def __init__(self, world: "World", open_file: Callable[[], File], source: Source) -> None:
        self._world = world
        super().__init__(open_file, source)

    def to_read(self, query: Query, needed: Days, anew: datetime = LONG_AGO) -> list[Days]:
        wanted = super().to_read(query, needed, anew)
        self._world.look_at_plan(query, wanted, self._holder)
        return wanted


class _Folder(Workspace):
    """A workspace whose key was found before."""

    def __init__(self, key_id: str) -> None:
        super().__init__()
        self._id = KeyId(key_id)

    @property
    def key(self) -> KeyId:
        return self._id

    async def look(self, source: KeySource, tell: Callable[[], object]) -> None:
        """It would read files in another thread, which has the real clock."""


class Server(httpx.AsyncBaseTransport):
    """A server without an editor, and the network between it and the organisation."""

    def __init__(self, world: "World", settings: Settings, key_id: str | None = None) -> None:
        self.world = world
        self.key_id = key_id
        self.loop = Loop(lambda: world.time)
        self.stands_still_until = 0.0
        self.statuses: list[StatusView] = []
        self.panels: list[PanelView] = []
        self.bars: list[Bar] = []

        def connect(url: str, credential: Credential, source: Source) -> Client:
            return Client(url, credential.secret, organization=source.organization, transport=self)

        @contextmanager
        def progress(title: str, cancel: Callable[[], object]) -> Iterator[Callable[[str], None]]:
            self.bars.append(bar := Bar(title, cancel))
            try:
                yield bar.said.append
            finally:
                bar.is_open = False

        self.stores: list[Store] = []

        def open_store(url: str, credential: Credential, source: Source) -> Store:
            world.account = source.account(url)
            opened = partial(open_account, world.folder, world.account, credential.secret)
            self.stores.append(_Watched(world, opened, source))
            return self.stores[-1]

        self.monitor = Monitor(
            credentials.find({"OPENAI_ADMIN_KEY": world.key}),
            connect,
            self._publish,
            progress,
            settings,
            open_store=open_store,
            workspace=_Folder(key_id) if key_id else None,
            clock=world.clock,
        )
        self.task = self.loop.create_task(self.monitor.run())

    @property
    def store(self) -> Store:
        """The one in use."""
        return self.stores[-1]

    @property
    def is_asking(self) -> bool:
        """Whether it waits for figures that are shown."""
        return any(one.server is self and not one.is_rest for one in self.world.held)

    def do(self, what: Callable[[], object]) -> None:
        """As a command would: within its loop."""
        self.loop.call_soon(what)

    def _publish(self, view: StatusView | PanelView) -> None:
        if isinstance(view, StatusView):
            self.statuses.append(view)
        else:
            self.panels.append(view)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        one = Asked(self, request, self.loop.create_future(), self.world.is_rest(request))
        self.world.note(one)
        try:
            await one.future
            return self.world.answer(request)
        finally:
            self.world.held.remove(one)


class World:
    """The clock, the network, and the servers."""

    def __init__(self, seed: int, folder: Path, settings: Settings | None = None, key: str = DEMO_KEY) -> None:
        # The pauses of the server are jittered, too.
        random.seed(seed)
        self.chance = random.Random(seed)  # noqa: S311 - for what happens by chance
        self.folder = folder
        self.settings = settings or Settings()
        self.time = 0.0
        self.offset = timedelta()
        self._looks = 0
        self.held: list[Asked] = []
        self.alive: list[Server] = []
        self.killed: list[Server] = []
        self.key = key
        self.account = DEFAULT_BASE_URL
        """What the servers read, as it is named beside the key."""
        self.organization = Little(self.now)
        self.answers: Callable[[httpx.Request], httpx.Response] = self.organization.answer
        """Who is asked; the organisation above, or another one."""
        self.requests = 0
        self.faults = 0.0
        self.hurry = 0.3
        """How likely an answer comes before anything else happens."""
        self.overlap = 0.0
        self.longest_overlap = 0.0
        self.keys: list[str | None] = [None]
        """What there is in the folders of the servers, by chance."""
        self.asked_in_vain: list[str] = []
        """Settled days that were asked for again."""
        self._file: File | None = None

    # The time.

    def now(self) -> datetime:
        return START + self.offset + timedelta(seconds=self.time)

    def clock(self) -> datetime:
        # No two looks see the same time.
        self._looks += 1
        return self.now() + timedelta(microseconds=self._looks)

    def sleep(self, pause: timedelta) -> None:
        """The computer sleeps; or somebody sets its clock."""
        self.offset += pause

    def _pass(self, seconds: float) -> None:
        asking = [one for one in self._awake if one.is_asking]
        self.overlap = self.overlap + seconds if len(asking) > 1 else 0.0
        self.longest_overlap = max(self.overlap, self.longest_overlap)
        self.time += seconds

    # The servers.

    def start(self) -> Server:
        server = Server(self, self.settings, self.chance.choice(self.keys) if len(self.keys) > 1 else None)
        self.alive.append(server)
        return server

    def kill(self, server: Server) -> None:
        """It does nothing more, and gives nothing back."""
        self.alive.remove(server)
        self.killed.append(server)
        self.held = [one for one in self.held if one.server is not server]

    def stop(self, server: Server) -> None:
        """As its editor does."""
        server.do(server.task.cancel)
        self.alive.remove(server)
        self.killed.append(server)
        self._finish(server)

    @property
    def _awake(self) -> list[Server]:
        return [one for one in self.alive if one.stands_still_until <= self.time]

    def run(self, seconds: float) -> None:
        """Let the servers go on for so long."""
        end = self.time + seconds
        for _ in range(_MANY_STEPS):
            awake = self._awake
            ready = [one for one in awake if one.loop.has_work]
            answerable = [one for one in self.held if one.server in awake and not one.future.done()]
            dice = self.chance.random()
            if answerable and (dice < self.hurry or (not ready and self.chance.random() < self.hurry)):
                self.chance.choice(answerable).future.set_result(None)
            elif ready and dice < 0.97:
                self.chance.choice(ready).loop.step()
            elif self.time >= end:
                if not ready:
                    return
                self.chance.choice(ready).loop.step()
            else:
                moments = [end, *(one.stands_still_until for one in self.alive)]
                moments += [timer for one in awake if (timer := one.loop.next_timer) is not None]
                soon = min(moment for moment in moments if moment > self.time)
                self._pass((soon - self.time) * (1 if not ready else self.chance.random()))
        raise AssertionError("the servers never come to rest")

    def settle(self) -> None:
        """Let all go on, answer everything, until nothing more happens."""
        self.hurry, self.faults = 1.0, 0.0
        for server in self.alive:
            server.stands_still_until = 0.0
        before = None
        while before != (before := (self.requests, [len(one.statuses) + len(one.panels) for one in self.alive])):
            self.run(3)

    def end(self) -> None:
        """Stop everything."""
        for server in [*self.alive, *self.killed]:
            if not server.loop.is_closed():
                server.task.cancel()
                self._finish(server)
        if self._file is not None:
            self._file.close()

    def _finish(self, server: Server) -> None:
        for _ in range(1000):
            server.loop.step()
            left = asyncio.all_tasks(server.loop)
            if not left:
                break
            if server.task.done():
                for task in left:
                    task.cancel()
        else:
            raise AssertionError(f"it does not end: {asyncio.all_tasks(server.loop)}")
        server.loop.run_until_complete(server.loop.shutdown_asyncgens())
        server.loop.close()
        self.held = [one for one in self.held if one.server is not server]

    # The network.

    def is_rest(self, request: httpx.Request) -> bool:
        if request.url.path.startswith("/v1/dashboard/"):
            # Also of a period that is only compared with: it cannot be told by the address.
            return True
        if not is_about_figures(request):
            return True
        query, days = asked(request, self.now().date())
        groups = query.group_by
        is_compared = query.endpoint.name != "costs" and not groups
        is_compared |= query.endpoint.name == "costs" and len(groups) == 1 and groups != ("user_id",)
        return is_compared or days.last < self.now().date() - timedelta(days=29)

    def note(self, one: Asked) -> None:
        """A request goes out."""
        self.requests += 1
        self.held.append(one)

    def look_at_plan(self, query: Query, wanted: list[Days], holder: str) -> None:
        """What a server wants to ask in its turn must not be settled in the file already."""
        if self._is_turn_of(holder):
            kept = self.file.kept(query)
            again = [day for days in wanted for day in days if day in kept and kept[day].is_settled]
            self.asked_in_vain += [f"{query} of {day} at {self.now()}" for day in again]

    def _is_turn_of(self, holder: str) -> bool:
        """As far as others can see."""
        somebody, another = (
            self.file.is_held("figures", self.now(), LEASE_LENGTH, but_by=name) for name in ("", holder)
        )
        return somebody and not another

    @property
    def file(self) -> File:
        """The account's file, for looking into it."""
        if self._file is not None and not self._file.is_in_its_place:
            self._file.close()
            self._file = None
        if self._file is None:
            self._file = open_account(self.folder, self.account, SecretStr(self.key))
        return self._file

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the organisation says now, or what goes wrong."""
        if self.chance.random() < self.faults:
            status = self.chance.choice([500, 503, 429, 400])
            headers = {"retry-after": self.chance.choice(["1", "3", "900"])} if status == 429 else {}
            return httpx.Response(status, headers=headers, json={"error": {"message": "not now"}})
        return self.answers(request)
