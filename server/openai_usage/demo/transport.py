"""The made-up organisation as an httpx transport: a client that is given one asks it and not the network."""

import asyncio

import httpx

from openai_usage.demo.api import Amounts, Api, Request
from openai_usage.demo.organization import Organization


class DemoTransport(httpx.AsyncBaseTransport):
    """Answers every host alike, under the path prefix `/v1`.

    `latency` is the time from request to response in seconds; `amounts` is how `amount.value` is written.
    """

    def __init__(self, organization: Organization, latency: float = 0.0, amounts: Amounts = "number") -> None:
        self._api = Api(organization, amounts)
        self._latency = latency

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._latency)
        answer = self._api.answer(
            Request(
                method=request.method,
                path=request.url.path,
                query=request.url.query.decode("ascii"),
                authorization=request.headers.get("authorization"),
            )
        )
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)
