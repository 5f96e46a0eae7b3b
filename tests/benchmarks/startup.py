"""How long from starting the server process to its first status text, and how many requests that takes.

    .venv/bin/python tests/benchmarks/startup.py

The peer is a fresh process that only imports pygls: the least any server built on it can take. Times are medians.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from typing import TYPE_CHECKING

from openai_usage.demo import Organization
from tests.support.demo_server import DemoServer
from tests.support.editor import Editor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RUNS = 9
KEY = "sk-admin-" + "k" * 40


async def import_pygls() -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import pygls.lsp.server"], check=True)  # noqa: ASYNC221 - a peer
    return time.perf_counter() - begun


async def first_status(*arguments: str, **environ: str) -> float:
    begun = time.perf_counter()
    async with Editor(*arguments, environ=environ) as editor:
        await editor.status()
        return time.perf_counter() - begun


async def main() -> None:
    with DemoServer(Organization()) as server:
        contenders: dict[str, Callable[[], Awaitable[float]]] = {
            "import pygls": import_pygls,
            "--demo": lambda: first_status("--demo"),
            "key, loopback": lambda: first_status(OPENAI_ADMIN_KEY=KEY, OPENAI_BASE_URL=server.url),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for run in range(RUNS + 1):
            # In turn, so that a machine that changes its speed changes it for all; the first round only warms up.
            for name, measure in contenders.items():
                seconds = await measure()
                if run:
                    times[name].append(seconds)
        requests = len(server.requests) / (RUNS + 1)
    peer = statistics.median(times["import pygls"])
    print(f"{'to the first status':<20}{'seconds':>9}{'ratio':>8}")  # noqa: T201 - a benchmark prints
    for name, seconds_of in times.items():
        median = statistics.median(seconds_of)
        print(f"{name:<20}{median:>9.2f}{median / peer:>8.2f}")  # noqa: T201
    print(f"requests until then: {requests:g}")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
