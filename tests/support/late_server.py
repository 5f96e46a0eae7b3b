"""The demo organisation over HTTP in a process of its own, each answer late by a fixed time.

For benchmarks: an answer is worked out once and then kept, so that what is timed is the client. With `--rows` usage
and costs have as many rows as an organisation of 1,000 keys and 30 models has.
"""

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).parents[2]))

from urllib.parse import parse_qs, unquote, urlsplit

from openai_usage.demo import Organization
from openai_usage.demo.api import Api, Request

_DAY = 86_400
_KEYS, _MODELS = 1_000, 30


class LateServer:
    """Runs the process for the length of an `async with`."""

    def __init__(self, latency: float, *arguments: str) -> None:
        self.url = ""
        self._arguments = ["--latency", str(latency), *arguments]
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, *self._arguments, stdin=pipe, stdout=pipe, limit=2**24
        )
        self.url = await self._line()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def take(self) -> list[str]:
        """The URLs asked for since the last time."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("not running")
        self._process.stdin.write(b"take\n")
        found: list[str] = json.loads(await self._line())
        return found

    async def _line(self) -> str:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("not running")
        return (await self._process.stdout.readuntil()).decode().strip()


class _Answers:
    """What is answered, worked out once for each question."""

    def __init__(self, *, rows: bool) -> None:
        now = datetime.now(UTC)
        self._api = Api(Organization(now=lambda: now))
        self._rows = rows
        self._today = int(now.timestamp()) // _DAY * _DAY
        self._kept: dict[tuple[str, str | None], bytes] = {}

    def answer(self, target: str, authorization: str | None) -> bytes:
        """A whole HTTP response."""
        if (target, authorization) not in self._kept:
            url = urlsplit(target)
            query = {name.removesuffix("[]"): values for name, values in parse_qs(url.query).items()}
            if self._rows and (url.path.endswith(("/completions", "/costs"))):
                status, body = 200, self._many_rows(url.path, query)
            else:
                answer = self._api.answer(Request("GET", unquote(url.path), url.query, authorization))
                status, body = answer.status, answer.body
            head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            self._kept[target, authorization] = head.encode() + body
        return self._kept[target, authorization]

    def _many_rows(self, path: str, query: dict[str, list[str]]) -> bytes:
        """Every key uses every model about once in nine days, so that 90 days have some 300,000 rows."""
        start = int(query["start_time"][0])
        end = int(query.get("end_time", [str(self._today + _DAY)])[0])
        group_by = query.get("group_by", [])
        make = _completions if path.endswith("/completions") else _costs
        days = []
        for day in range(start, end, _DAY):
            rows = make(day, group_by)
            days.append(
                f'{{"object":"bucket","start_time":{day},"end_time":{day + _DAY},"results":[{",".join(rows)}]}}'
            )
        return f'{{"object":"page","data":[{",".join(days)}],"has_more":false,"next_page":null}}'.encode()


def _active(day: int) -> list[tuple[int, int]]:
    number = day // _DAY
    return [(key, model) for key in range(_KEYS) for model in range(_MODELS) if (key * 7 + model * 3 + number) % 9 == 0]


def _project(key: int) -> str:
    return f"proj_{key % 20:024d}"


def _completions(day: int, group_by: list[str]) -> list[str]:
    by_model = "model" in group_by
    found = []
    for key, model in _active(day) if by_model else [(0, 0)]:
        uncached, cached, output = 1_000 + key * 3 + model, 400 + key, 300 + model * 7
        found.append(
            '{"object":"organization.usage.completions.result",'
            f'"input_tokens":{uncached + cached},"output_tokens":{output},"num_model_requests":{3 + key % 5},'
            f'"input_cached_tokens":{cached},"input_uncached_tokens":{uncached},"input_cache_write_tokens":0,'
            f'"input_text_tokens":{uncached},"output_text_tokens":{output},"input_cached_text_tokens":{cached},'
            '"input_audio_tokens":0,"input_cached_audio_tokens":0,"output_audio_tokens":0,"input_image_tokens":0,'
            f'"input_cached_image_tokens":0,"output_image_tokens":0,"project_id":"{_project(key)}",'
            f'"user_id":"user-{key % 250:024d}","api_key_id":"key_{key:016d}","model":"gpt-{model}-2026-01-01",'
            '"batch":false,"service_tier":"default","api_source":"unlabeled"}'
        )
    return found


def _costs(day: int, group_by: list[str]) -> list[str]:
    sums: dict[tuple[str | None, ...], int] = {}
    for key, model in _active(day):
        of = {
            "project_id": _project(key),
            "user_id": f"user-{key % 250:024d}",
            "api_key_id": f"key_{key:016d}",
            "line_item": f"gpt-{model}-2026-01-01, input",
        }
        group = tuple(of[name] if name in group_by else None for name in of)
        sums[group] = sums.get(group, 0) + 1_234 + key + model
    return [
        '{"object":"organization.costs.result","amount":'
        f'{{"value":0.00{amount:09d}0000000000000000000000,"currency":"usd"}},'
        + ",".join(
            f'"{name}":{json.dumps(value)}'
            for name, value in zip(("project_id", "user_id", "api_key_id", "line_item"), group, strict=True)
        )
        + f',"quantity":{amount},"quantity_unit":"tokens","organization_name":"Northwind Labs"}}'
        for group, amount in sums.items()
    ]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rows", action="store_true")
    options = parser.parse_args()
    answers = _Answers(rows=options.rows)
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().split("\r\n")
                target = first.split(" ")[1]
                headers = dict(line.lower().split(": ", 1) for line in lines if line)
                asked.append(target)
                due = asyncio.get_running_loop().time() + options.latency
                response = answers.answer(target, headers.get("authorization"))
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
                writer.write(response)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}/v1", flush=True)  # noqa: T201 - the parent reads it
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(asked), flush=True)  # noqa: T201
        asked.clear()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
