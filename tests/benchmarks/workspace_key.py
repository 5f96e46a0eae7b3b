"""What the key of a workspace costs: until its spend is shown, in requests, and in memory with the list prices.

    .venv/bin/python tests/benchmarks/workspace_key.py

The peer in each line is the same server in a folder without a key. Real processes; the demo organisation answers over
loopback. Times are medians. Memory needs Linux.
"""

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2]))

from openai_usage import protocol
from openai_usage.demo import Organization
from tests.benchmarks.processes import memory_mb
from tests.support.demo_server import DemoServer
from tests.support.wire import Wire

RUNS = 7
KEY = "sk-admin-" + "k" * 40
QUIET = 2.5
"""Seconds after which nothing more comes that is due at a start."""


async def run(server: DemoServer, data: Path, workspace: Path, *, panel: bool = False) -> tuple[float, int, float]:
    """Seconds until the status that lasts, requests, and megabytes in the end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    server.reset()
    begun = time.perf_counter()
    environ = {**clean, "OPENAI_ADMIN_KEY": KEY, "OPENAI_BASE_URL": server.url}
    async with Wire(environ, folder=data, workspace=workspace) as wire:
        has_key = (workspace / ".env").exists()
        moment, _ = await wire.first(protocol.STATUS, lambda status: "(key)" in status["text"] or not has_key)
        if panel:
            wire.run(protocol.SHOW)
            await wire.first(protocol.PANEL, lambda view: view["metrics"] and not view.get("busy"))
        await asyncio.sleep(QUIET)
        return moment - begun, len(server.requests), memory_mb(wire.pid, "VmRSS")


async def main() -> None:
    organization = Organization()
    key = next(
        key for project in organization.projects for key in organization.roster.keys(organization.clock(), project.id)
    )
    with DemoServer(organization) as server, TemporaryDirectory(prefix="openai-usage-") as folder:
        places = {"with a key": Path(folder, "with"), "without": Path(folder, "without")}
        for place in places.values():
            place.mkdir()
        (places["with a key"] / ".env").write_text(f"OPENAI_API_KEY={key.secret}\n", encoding="utf-8")
        print(f"{'':<36}{'with a key':>12}{'without':>12}{'ratio':>8}")  # noqa: T201 - a benchmark prints
        for title, panel, is_filled in (
            ("nothing kept, status", False, False),
            ("filled store, status", False, True),
            ("filled store, panel", True, True),
        ):
            found: dict[str, list[tuple[float, int, float]]] = {name: [] for name in places}
            for number in range(RUNS + 1):
                for name, place in places.items():
                    data = Path(folder, f"{name}-{title if is_filled else number}")
                    result = await run(server, data, place, panel=panel)
                    # The first round fills the store and warms up.
                    if number:
                        found[name].append(result)
            for what, of in (("seconds", 0), ("requests", 1), ("megabytes", 2)):
                ours, peer = (statistics.median(one[of] for one in results) for results in found.values())
                ratio = f"{ours / peer:.2f}" if peer else "-"
                print(f"{title + ', ' + what:<36}{ours:>12.4g}{peer:>12.4g}{ratio:>8}", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
