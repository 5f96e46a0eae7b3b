"""The made-up organisation as an httpx transport: a client that is given one asks it and not the network."""

import asyncio
from collections.abc import Callable
from time import monotonic

import httpx

from openai_usage.demo.api import Amounts, Api, Request
from openai_usage.demo.legacy import Legacy
from openai_usage.demo.organization import Organization
from openai_usage.demo.pacing import Pacing


class DemoTransport(httpx.AsyncBaseTransport):
    """Answers every host alike, under the path prefix `/v1`, and what is billed under `/dashboard` too.

    `latency` is the time from request to response in seconds; `amounts` is how `amount.value` is written; `legacy` is
    how the endpoints of 2023 behave, and `clock`, in seconds, is what they count a minute by.
    """

    def __init__(
        self,
        organization: Organization,
        latency: float = 0.0,
        amounts: Amounts = "number",
        legacy: Legacy | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        legacy = legacy or Legacy()
        self._api = Api(organization, amounts, legacy, Pacing(legacy.requests_per_minute, clock))
        self._latency = latency

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._latency)
        answer = self._api.answer(
            Request(
                method=request.method,
                path=request.url.path,
                query=request.url.query.decode("ascii"),
                authorization=request.headers.get("authorization"),
                organization=request.headers.get("openai-organization"),
            )
        )
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)
