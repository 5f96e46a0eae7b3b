"""How long the whole tab takes over a network, and how long OpenAI's own SDK takes for the same figures.

    .venv/bin/python tests/benchmarks/full_tab.py

The demo organisation answers over loopback, each answer 150 ms late. The server is timed from the command to the
first panel that has all figures of the period, and to the last one (names, changes against the period before). The
peer is `AsyncOpenAI` in a process of its own, which asks the very same questions for figures by `asyncio.gather`.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))

from openai import AsyncOpenAI

from openai_usage import protocol
from tests.support.late_server import LateServer
from tests.support.wire import Wire

KEY = "sk-admin-" + "k" * 40
LATENCY = 0.15
RUNS = 5
QUIET = 1.5
"""Seconds without a panel after which the last one came."""
CLICKS = ("project_id", "api_key_id", "user_id", "model", "line_item")


async def ours(server: LateServer, selection: dict[str, Any]) -> dict[str, Any]:
    """One fresh process, from its first status to the last panel."""
    async with Wire({**os.environ, "OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": server.url}) as wire:
        await wire.first(protocol.STATUS, lambda status: not status.get("busy"))
        await server.take()
        before = len(wire.heard)
        begun = time.perf_counter()
        wire.run(protocol.SELECT, selection)
        figures, _ = await wire.first(protocol.PANEL, lambda panel: not panel.get("busy") and panel.get("metrics"))
        asked_for_figures = [url for url in await server.take() if "/usage/" in url or "/costs" in url]
        panels = await until_quiet(wire, before)
        late = await server.take()
        clicks = []
        for group_by in CLICKS:
            await asyncio.sleep(0.2)
            clicked, count = time.perf_counter(), len(wire.heard)
            wire.run(protocol.SELECT, {"groupBy": group_by})
            moment, _ = await wire.first(protocol.PANEL, after=count)
            clicks.append(moment - clicked)
        return {
            "figures": figures - begun,
            "all": panels[-1][0] - begun,
            "click": statistics.median(clicks),
            "requests": len(asked_for_figures),
            "requests in all": len(asked_for_figures) + len(late),
            "panels": len(panels),
            "payload kB": len(json.dumps(panels[-1][1])) / 1000,
            "peak MB": _peak(wire.pid),
            "urls": asked_for_figures,
        }


async def until_quiet(wire: Wire, before: int) -> list[tuple[float, Any]]:
    """The panels since, when none came for a while."""
    while True:
        panels = [(moment, view) for moment, method, view in wire.heard[before:] if method == protocol.PANEL]
        if time.perf_counter() - panels[-1][0] > QUIET:
            return panels
        await asyncio.sleep(0.1)


async def peer(server: LateServer, urls: list[str]) -> dict[str, Any]:
    """The same questions by the SDK, in a fresh process."""
    script = [sys.executable, __file__, "--peer", server.url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*script, stdin=pipe, stdout=pipe)
    out, _ = await process.communicate(json.dumps(urls).encode())
    if process.returncode:
        raise RuntimeError("the SDK's process failed")
    answer: dict[str, Any] = json.loads(out)
    return answer


async def be_the_peer(base_url: str, urls: list[str]) -> None:
    """Print how long the SDK took, and the peak of its memory."""
    async with AsyncOpenAI(admin_api_key=KEY, base_url=base_url, max_retries=0) as client:
        usage = client.admin.organization.usage
        # One request beforehand, as the server has made one for its status.
        await usage.costs(start_time=1_764_979_200, limit=1)

        async def ask(url: str) -> None:
            parts = urlsplit(url)
            query: dict[str, Any] = {}
            for name, value in parse_qsl(parts.query):
                if name.endswith("[]"):
                    query.setdefault(name.removesuffix("[]"), []).append(value)
                else:
                    query[name] = int(value) if value.isdigit() else value
            method = getattr(usage, parts.path.rpartition("/")[2])
            while True:
                page = await method(**query)
                if not page.has_more:
                    return
                query["page"] = page.next_page

        begun = time.perf_counter()
        await asyncio.gather(*(ask(url) for url in urls if "page=" not in url))
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak MB": _peak("self")}))  # noqa: T201 - the parent reads it


def _peak(process: int | str) -> float:
    """The most memory it ever had, in MB (Linux)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000


async def measure(title: str, selection: dict[str, Any], *arguments: str, runs: int = RUNS) -> None:
    async with LateServer(LATENCY, *arguments) as server:
        mine: list[dict[str, Any]] = []
        theirs: list[dict[str, Any]] = []
        for run in range(runs + 1):
            # In turn, so that a machine that changes its speed changes it for both; the first round only fills the
            # server's cache.
            result = await ours(server, selection)
            other = await peer(server, result["urls"])
            if run:
                mine.append(result)
                theirs.append(other)

        def median(of: list[dict[str, Any]], name: str) -> float:
            return float(statistics.median(one[name] for one in of))

        figures, sdk = median(mine, "figures"), median(theirs, "seconds")
        lines = {
            "requests for the figures": f"{median(mine, 'requests'):.0f}",
            "requests in all": f"{median(mine, 'requests in all'):.0f}",
            "to all figures": f"{figures:.2f} s = {figures / LATENCY:.1f} round trips, {figures / sdk:.2f} x the SDK",
            "the SDK, same questions": f"{sdk:.2f} s = {sdk / LATENCY:.1f} round trips",
            "to names and changes": f"{median(mine, 'all'):.2f} s, {median(mine, 'panels'):.0f} panels",
            "a click on what is there": f"{median(mine, 'click') * 1000:.0f} ms",
            "panel": f"{median(mine, 'payload kB'):.0f} kB",
            "peak memory": f"{median(mine, 'peak MB'):.0f} MB, the SDK's {median(theirs, 'peak MB'):.0f} MB",
        }
        print(f"\n{title}")  # noqa: T201 - a benchmark prints
        for name, value in lines.items():
            print(f"  {name:<26}{value}")  # noqa: T201


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", metavar="URL")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", choices=("30", "365", "large"))
    options = parser.parse_args()
    if options.peer:
        await be_the_peer(options.peer, json.loads(sys.stdin.read()))
        return
    print(f"each answer {LATENCY * 1000:.0f} ms late; medians of {options.runs} runs")  # noqa: T201
    if options.only in {None, "30"}:
        await measure("30 days", {"period": "30d"}, runs=options.runs)
    if options.only in {None, "365"}:
        await measure("365 days", {"period": "365d"}, runs=options.runs)
    if options.only in {None, "large"}:
        await measure("90 days of 1,000 keys x 30 models", {"period": "90d"}, "--rows", runs=options.runs)


if __name__ == "__main__":
    asyncio.run(main())
