"""What keeping the figures is worth, and what it costs: each figure beside its aim and a server that keeps nothing.

    .venv/bin/python tests/benchmarks/store.py [--only start requests nothing-new year rows idle]
    .venv/bin/python tests/benchmarks/store.py --only rows --rows 5000000 --keep DIR

Real processes, but for the hour of twenty windows and for what an automatic refresh asks: those are in simulated time.
The demo organisation answers over loopback. A server that keeps nothing has a data folder that cannot be one. With
`--keep`, the file of so many rows is built once and found again the next time. Times are medians, processor times are
those of the process alone and hardly depend on what else the machine does. Memory and processor time need Linux.
"""

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))

from pydantic import SecretStr

from openai_usage import days, protocol
from openai_usage.protocol import Period, Selection
from tests.benchmarks import millions
from tests.benchmarks.processes import memory_mb, own_memory_mb, processor_seconds
from tests.benchmarks.windows import KEY, Habits, fill, simulate
from tests.support.late_server import LateServer
from tests.support.wire import Wire

RUNS: Final = 5
WINDOWS: Final = 20
LATENCY: Final = 0.15
QUIET: Final = 4.0
"""Seconds without a request after which no more are expected: what is due at a start comes within 2."""
YEAR: Final = {"period": "365d", "groupBy": "model"}
NEVER: Final = {"refreshMinutes": 0, "storageMegabytes": 2_000}
"""Nothing is asked by itself meanwhile, and nothing is forgotten."""


def line(name: str, figure: str, aim: str = "", peer: str = "") -> None:
    print(f"  {name:<46}{figure:<34}{aim:<24}{peer}".rstrip(), flush=True)  # noqa: T201 - a benchmark prints


def title(text: str, peer: str = "") -> None:
    print(f"\n{text}", flush=True)  # noqa: T201
    line("", "today", "aim", peer)


@contextmanager
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="openai-usage-") as path:
        yield Path(path)


def environ() -> dict[str, str]:
    """Without any key; and compiled code is kept, as it is where the extension is installed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    clean.pop("PYTHONDONTWRITEBYTECODE", None)
    return clean


def window(url: str, where: Path, settings: dict[str, Any] | None = None) -> Wire:
    return Wire({**environ(), "OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": url}, folder=where, settings=settings)


def unusable(where: Path) -> Path:
    """A data folder that cannot be one."""
    path = where / "file"
    path.touch()
    return path


async def filled_at(where: Path, url: str, age: timedelta, period: Period) -> None:
    """Leave in a folder what a window read whose panel was open so long ago."""
    # In a thread, since it has an event loop of its own.
    await asyncio.to_thread(fill, where, url, datetime.now(UTC) - age, Selection(period=period))


def is_settled(status: dict[str, Any]) -> bool:
    return not status.get("busy")


def shows_year(panel: dict[str, Any]) -> bool:
    """A panel that is complete: all metrics, a chart of more than 300 days, and a ranking."""
    charts = [chart for section in panel.get("sections", []) for chart in section.get("charts", [])]
    return not panel.get("busy") and bool(panel.get("metrics")) and any(len(one["categories"]) > 300 for one in charts)


async def asked(server: LateServer) -> list[str]:
    """What was asked since the last time, once no more comes."""
    found: list[str] = []
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET:
        await asyncio.sleep(0.2)
        if new := await server.take():
            found += new
            quiet_since = time.monotonic()
    return found


# The start.


def start_peer() -> tuple[float, float]:
    """Importing pygls: the least that a server built on it takes."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", "import pygls.lsp.server"], check=True, env=environ())
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


async def start_server(url: str, where: Path) -> tuple[float, float]:
    begun = time.perf_counter()
    async with window(url, where) as wire:
        moment, _ = await wire.first(protocol.STATUS)
        return moment - begun, processor_seconds(wire.pid)


async def start(runs: int) -> None:
    title("From the start of the process to the first status text", "")
    with folder() as filled, folder() as other:
        async with LateServer(0.0) as server:
            await filled_at(filled, server.url, timedelta(hours=2), "30d")

            async def import_pygls() -> tuple[float, float]:
                return await asyncio.to_thread(start_peer)

            async def with_empty() -> tuple[float, float]:
                with folder() as empty:
                    return await start_server(server.url, empty)

            contenders: dict[str, Callable[[], Awaitable[tuple[float, float]]]] = {
                "import pygls": import_pygls,
                "filled store": lambda: start_server(server.url, filled),
                "empty store": with_empty,
                "no store": lambda: start_server(server.url, unusable(other)),
            }
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
            for run in range(runs + 1):
                # In turn, so that a machine that changes its speed changes it for all; the first round warms up.
                for name, measure in contenders.items():
                    result = await measure()
                    if run:
                        times[name].append(result)

    def of(name: str, which: int) -> float:
        return statistics.median(one[which] for one in times[name])

    for name in times:
        peer = of(name, 0) - of("import pygls", 0), of(name, 1) - of("import pygls", 1)
        over = "" if name == "import pygls" else f"peer {peer[0] * 1000:+.0f} ms, {peer[1] * 1000:+.0f} ms processor"
        figure = f"{of(name, 0) * 1000:.0f} ms, {of(name, 1) * 1000:.0f} ms processor"
        line(name, figure, "peer +100 ms" if name == "filled store" else "", over)


# Requests.


async def open_windows(server: LateServer, where: Sequence[Path], panel: dict[str, Any] | None = None) -> list[str]:
    """What is asked when windows are restored together."""
    async with AsyncExitStack() as stack:
        wires = await asyncio.gather(*(stack.enter_async_context(window(server.url, one)) for one in where))
        for wire in wires:
            if panel is not None:
                wire.run(protocol.SELECT, panel)
        await asyncio.gather(*(wire.first(protocol.STATUS, is_settled) for wire in wires))
        return await asked(server)


async def second_window(server: LateServer) -> None:
    with folder() as shared, folder() as own:
        async with window(server.url, shared) as first:
            await first.first(protocol.STATUS, is_settled)
            first.run(protocol.SELECT, {"period": "30d"})
            alone = len(await asked(server))
            async with window(server.url, shared) as second:
                await second.first(protocol.STATUS, is_settled)
                of_status = len(await asked(server))
                second.run(protocol.SHOW)
                await second.first(protocol.PANEL, lambda panel: panel.get("metrics"))
                of_panel = len(await asked(server))
        apart = len(await open_windows(server, [own], {"period": "30d"}))
    line("a second window", f"{of_status}", "0", f"a folder of its own: {apart} with its panel")
    line("its panel, that of the first being open", f"{of_panel}", "0", f"the first window: {alone}")


async def restored(server: LateServer) -> None:
    for name, panel, is_filled in (
        ("empty folder", None, False),
        ("empty folder, panels open", {"period": "30d"}, False),
        ("two hours old", None, True),
        ("two hours old, panels open", {"period": "30d"}, True),
    ):
        counts = []
        for count in (1, WINDOWS):
            with folder() as shared:
                if is_filled:
                    await filled_at(shared, server.url, timedelta(hours=2), "30d")
                counts.append(len(await open_windows(server, [shared] * count, panel)))
        one, many = counts
        line(
            f"{WINDOWS} windows restored, {name}",
            f"{many}",
            f"{one}, as one window",
            f"{WINDOWS} folders: {one * WINDOWS}",
        )


def an_hour() -> None:
    for name, habits in (
        ("panels hidden", Habits()),
        ("panels open", Habits(Selection(period="30d"))),
        ("not in use", Habits(is_active=False)),
    ):
        counts = []
        for count in (1, WINDOWS):
            with folder() as shared:
                counts.append(len(simulate([shared] * count, habits, timedelta(hours=1))))
        one, many = counts
        # Windows that share nothing do not know of each other: each asks as one alone does.
        apart = f"{WINDOWS} folders: {one * WINDOWS}"
        line(f"an hour of {WINDOWS} windows, {name}", f"{many}", f"{one}, as one window", apart)


async def requests() -> None:
    title("Requests", "peer: nothing shared")
    async with LateServer(LATENCY) as server:
        await second_window(server)
        await restored(server)
    await asyncio.to_thread(an_hour)


def nothing_new() -> None:
    title("Requests of the automatic refreshes of half an hour in which nothing new is used", "at which minutes")
    for name, habits in (
        ("panel hidden", Habits()),
        ("panel open, 30 days", Habits(Selection(period="30d"))),
        ("panel open, 365 days", Habits(Selection(period="365d"))),
    ):
        with folder() as where:
            found = simulate([where], habits, timedelta(minutes=30), stands_still=True)
        by_minute = Counter(round(moment / 60) for moment, _ in found if moment > 60)
        counts = ", ".join(str(count) for count in by_minute.values())
        line(name, f"{counts}", "at most 3 each", ", ".join(map(str, by_minute)))


# A year.


async def panel_of(
    url: str,
    where: Path,
    selection: dict[str, Any],
    fits: Callable[[dict[str, Any]], object],
    *,
    is_kept: bool = True,
) -> dict[str, float]:
    """From the command to the panel, in a fresh process that has shown its status."""
    async with window(url, where, NEVER) as wire:
        if not is_kept:
            # Nothing is asked by itself, and nothing is known.
            wire.run(protocol.REFRESH)
        await wire.first(protocol.STATUS, is_settled)
        await asyncio.sleep(1)
        result: dict[str, float] = {"before": memory_mb(wire.pid, "VmHWM")}
        heard, processor, begun = len(wire.heard), processor_seconds(wire.pid), time.perf_counter()
        wire.run(protocol.SELECT, selection)
        moment, _ = await wire.first(protocol.PANEL, fits, after=heard)
        result |= {"seconds": moment - begun, "processor": processor_seconds(wire.pid) - processor}
        result |= {"peak": memory_mb(wire.pid, "VmHWM"), "memory": memory_mb(wire.pid, "VmRSS")}
        # Names and limits come meanwhile.
        await asyncio.sleep(2)
        heard, begun = len(wire.heard), time.perf_counter()
        wire.run(protocol.SELECT, {"groupBy": "project_id"})
        moment, _ = await wire.first(protocol.PANEL, fits, after=heard)
        return result | {"click": moment - begun}


def figures_asked(urls: Sequence[str]) -> str:
    """A complaint when what should have been there was asked for: then it is not the store that was timed."""
    # What is only compared with is of the days before, and nobody waits for it.
    first = days.midnight(days.last_days(millions.DAYS, datetime.now(UTC).date()).first)
    starts = [parse_qs(urlsplit(url).query).get("start_time", ["0"]) for url in urls]
    found = [start for (start,) in starts if int(start) >= first]
    return f"NOT FROM THE STORE: {len(found)} requests" if found else ""


def median(results: Sequence[dict[str, float]], name: str) -> float:
    return statistics.median(one[name] for one in results)


def tell(name: str, results: Sequence[dict[str, float]], aim: str, peer: str = "") -> None:
    times = f"{median(results, 'seconds') * 1000:.0f} ms, {median(results, 'processor') * 1000:.0f} ms processor"
    line(name, times, aim, peer)
    line("  then by project", f"{median(results, 'click') * 1000:.0f} ms")


async def year(runs: int) -> None:
    title("365 days by model, from the command to the whole panel, in a fresh process", "peer: nothing kept")
    async with LateServer(0.0) as server:
        with folder() as where, folder() as other:
            await filled_at(where, server.url, timedelta(), "365d")
            kept = [await panel_of(server.url, where, YEAR, shows_year) for _ in range(runs)]
            said = figures_asked(await server.take())
            nothing = [await panel_of(server.url, unusable(other), YEAR, shows_year, is_kept=False) for _ in range(2)]
            peer = f"{nothing[-1]['seconds'] * 1000:.0f} ms, answers at once; {len(await server.take()) // 2} requests"
        tell("the demo organisation", kept, "100 ms", f"{peer} {said}")
    async with LateServer(0.0, "--rows") as server:
        selection = {"period": "90d", "groupBy": "model"}

        def fits(panel: dict[str, Any]) -> bool:
            return not panel.get("busy") and bool(panel.get("metrics"))

        with folder() as where, folder() as other:
            # The first answers are worked out, and the second time they are there.
            nothing = [await panel_of(server.url, unusable(other), selection, fits, is_kept=False) for _ in range(2)]
            async with window(server.url, where) as wire:
                wire.run(protocol.SELECT, selection)
                await wire.first(protocol.PANEL, fits)
                await asked(server)
            kept = [await panel_of(server.url, where, selection, fits) for _ in range(runs)]
        tell("90 days of 1,000 keys x 30 models", kept, "", f"{nothing[-1]['seconds'] * 1000:.0f} ms")
        line("  peak memory", f"{median(kept, 'peak'):.0f} MB", "200 MB", f"{nothing[-1]['peak']:.0f} MB")


# Millions of rows.


async def many_rows(runs: int, rows: int, keep: Path | None) -> None:
    title(f"{rows:,} rows of use over 365 days")
    secret = SecretStr(KEY)
    with folder() as own:
        where = keep or own
        async with LateServer(0.0, "--rows") as server:
            if not millions.adopt(where, server.url, secret):
                begun = time.perf_counter()
                millions.build(where, server.url, secret, rows)
                line("time to build", f"{time.perf_counter() - begun:.0f} s")
            millions.freshen(where, server.url, secret, rows)
            size = millions.size_mb(where)
            line("size", f"{size:.0f} MB, {size * 1_000_000 / rows:.0f} B a row", "1,000 MB at 5,000,000")
            for name, selection in (
                ("spend by model", YEAR),
                ("tokens by model", {**YEAR, "measure": "tokens"}),
                ("models", {**YEAR, "section": "models"}),
                ("tokens of one project", {**YEAR, "measure": "tokens", "projectIds": [millions.project(0)]}),
            ):
                # What is known must not get old while this goes on.
                millions.freshen(where, server.url, secret, rows)
                if "projectIds" in selection:
                    # The bill is narrowed by OpenAI, so the first time some of it is asked for.
                    await panel_of(server.url, where, selection, shows_year)
                await server.take()
                results = [await panel_of(server.url, where, selection, shows_year) for _ in range(runs)]
                tell(f"365 days, {name}", results, "300 ms", figures_asked(await server.take()))
                peaks = f"{median(results, 'peak'):.0f} MB, after it {median(results, 'memory'):.0f} MB"
                line("  peak memory", peaks, "200 MB", f"with the status alone {median(results, 'before'):.0f} MB")
            begun_with = [await start_server(server.url, where) for _ in range(runs)]
            first = statistics.median(seconds for seconds, _ in begun_with)
            line("to the first status", f"{first * 1000:.0f} ms")


# Doing nothing.


async def idle(seconds: float) -> None:
    title(f"Doing nothing for {seconds:.0f} s, the status being shown", "peer: nothing kept")
    async with LateServer(0.0) as server:
        with folder() as where, folder() as other:
            await filled_at(where, server.url, timedelta(), "30d")
            alone = await rest(server, [where], seconds)
            many = await rest(server, [where] * WINDOWS, seconds)
            nothing = await rest(server, [unusable(other)], seconds)
    for name, found in (("one window", alone), (f"each of {WINDOWS} windows", many)):
        line(f"{name}: processor", f"{found['share']:.3f} %", "0.1 %", f"{nothing['share']:.3f} %")
        line(f"{name}: memory", f"{found['memory']:.0f} MB", "70 MB", f"{nothing['memory']:.0f} MB")
        line("  of which its own, or its part of shared", f"{found['own']:.0f} MB", "", f"{nothing['own']:.0f} MB")


async def rest(server: LateServer, where: Sequence[Path], seconds: float) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        # An hour between refreshes, so that none comes in between.
        wires = [await stack.enter_async_context(window(server.url, one, {"refreshMinutes": 60})) for one in where]
        for wire in wires:
            await wire.first(protocol.STATUS, is_settled)
        await asked(server)
        before, begun = [processor_seconds(wire.pid) for wire in wires], time.perf_counter()
        await asyncio.sleep(seconds)
        passed = time.perf_counter() - begun
        used = [processor_seconds(wire.pid) - first for wire, first in zip(wires, before, strict=True)]
        return {
            "share": 100 * statistics.mean(used) / passed,
            "memory": statistics.mean(memory_mb(wire.pid, "VmRSS") for wire in wires),
            "own": statistics.mean(own_memory_mb(wire.pid) for wire in wires),
        }


async def main() -> None:
    parser = argparse.ArgumentParser()
    parts = ("start", "requests", "nothing-new", "year", "rows", "idle")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--rows", type=int, default=500_000, help="of use in 365 days (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the file of so many rows there")
    parser.add_argument("--seconds", type=float, default=60.0, help="to do nothing for (default: %(default)s)")
    options = parser.parse_args()
    with folder() as compiled:
        # Not beside the sources, which may be where nothing should be written.
        os.environ["PYTHONPYCACHEPREFIX"] = str(compiled)
        await measure(options)


async def measure(options: argparse.Namespace) -> None:
    for part in options.only:
        match part:
            case "start":
                await start(options.runs)
            case "requests":
                await requests()
            case "nothing-new":
                await asyncio.to_thread(nothing_new)
            case "year":
                await year(options.runs)
            case "rows":
                await many_rows(options.runs, options.rows, options.keep)
            case "idle":
                await idle(options.seconds)


if __name__ == "__main__":
    asyncio.run(main())
