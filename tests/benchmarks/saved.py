"""How long it takes to read what people saved, and one day's use as the endpoint of 2023 sends it.

    .venv/bin/python tests/benchmarks/saved.py

The peers read the same bytes and do nothing with them: Python's csv module, and msgspec. Times are medians.
"""

import csv
import io
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import msgspec

from openai_usage import imported, saved
from openai_usage.demo.api import Api, Request
from openai_usage.demo.legacy import Legacy
from openai_usage.demo.organization import Organization
from openai_usage.openai_api import legacy

RUNS = 5
DAYS = 365
ROWS_A_DAY = 200
KEY = "sess-" + "k" * 40


def export() -> bytes:
    """A dashboard's export of use: a year, with 20 keys and 10 models."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        ["start_time", "end_time", "start_time_iso", "end_time_iso", "project_id", "num_model_requests", "user_id",
         "api_key_id", "model", "batch", "service_tier", "input_tokens", "output_tokens", "input_cached_tokens"]
    )  # fmt: skip
    first = datetime(2025, 1, 1, tzinfo=UTC)
    for day in range(DAYS):
        start, end = (first + timedelta(days=day + n) for n in (0, 1))
        for row in range(ROWS_A_DAY):
            writer.writerow(
                [int(start.timestamp()), int(end.timestamp()), start.isoformat(), end.isoformat(), f"proj_{row % 4}",
                 row + 1, f"user-{row % 7}", f"key_{row % 20}", f"gpt-{row // 20}", "False", "default",
                 1000 * row + day, 10 * row, row]
            )  # fmt: skip
    return file.getvalue().encode()


def day() -> bytes:
    """One busy day of the made-up organisation."""
    api = Api(Organization(now=lambda: datetime(2026, 11, 21, tzinfo=UTC)), legacy=Legacy())
    query = "date=2026-11-18"
    return bytes(api.answer(Request("GET", "/v1/usage", query, f"Bearer {KEY}")).body)


def median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    table, answer = export(), day()
    decoder = msgspec.json.Decoder()
    lines = [
        ("csv module", lambda: list(csv.reader(io.StringIO(table.decode()))), None),
        ("saved.read, a year", lambda: saved.read([("completions_usage.csv", table)]), 0),
        ("… and into a store", lambda: imported.Imported(saved.read([("completions_usage.csv", table)])), 0),
        ("msgspec", lambda: decoder.decode(answer), None),
        ("use_of, a day", lambda: legacy.use_of(legacy.JSON.decode(answer)), 3),
    ]
    print(f"{DAYS * ROWS_A_DAY} rows, {len(table) / 1e6:.1f} MB; a day's answer of {len(answer) / 1e3:.0f} kB")  # noqa: T201
    found: list[float] = []
    for name, work, peer in lines:
        found.append(median(work))
        ratio = "" if peer is None else f"{found[-1] / found[peer]:8.1f}"
        print(f"{name:<22}{found[-1]:>9.3f} s{ratio}")  # noqa: T201 - a benchmark prints


if __name__ == "__main__":
    main()
