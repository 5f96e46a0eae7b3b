"""Real HTTP on loopback, with real faults: each becomes an ApiError that says what happened, without the key."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import httpx
import pytest
import trustme
from pydantic import SecretStr

from openai_usage import openai_api
from openai_usage.days import Days, last_days
from openai_usage.demo import DemoTransport, Organization
from openai_usage.endpoints import COSTS, Query
from openai_usage.openai_api import ApiError, Client, Fault
from openai_usage.rows import Bucket, Keys
from tests.support import demo_server
from tests.support.demo_server import DemoServer

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
KEY = "sk-admin-" + "k" * 40
WEEK = last_days(7, TODAY)
BILL = Query(COSTS, ("line_item", "project_id"))
FAR_DATE = "Wed, 01 Jan 2020 00:00:99999999999999999999 GMT"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(Organization(now=lambda: NOW)) as running:
        yield running


class Pauses(list[float]):
    """Does not wait; keeps how long it would have."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@asynccontextmanager
async def client_of(url: str, pauses: Pauses | None = None, key: str = KEY, **options: object) -> AsyncIterator[Client]:
    client = Client(url, SecretStr(key), pause=pauses if pauses is not None else Pauses(), **options)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        await client.aclose()


async def bill(client: Client, days: Days = WEEK) -> list[Bucket]:
    return await openai_api.buckets(client, BILL, days, TODAY, Keys())


async def fault_of(url: str, pauses: Pauses | None = None, key: str = KEY, **options: object) -> ApiError:
    async with client_of(url, pauses, key, **options) as client:
        with pytest.raises(ApiError) as caught:
            await bill(client)
    assert key not in str(caught.value)
    assert key not in repr(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


async def test_the_question_is_asked_as_openai_s_own_sdk_asks_it(server: DemoServer) -> None:
    async with client_of(server.url) as client:
        await bill(client)
    (request,) = server.requests
    assert request.path == "/v1/organization/costs"
    assert sorted(httpx.QueryParams(request.query).multi_items()) == [
        ("bucket_width", "1d"),
        ("group_by[]", "line_item"),
        ("group_by[]", "project_id"),
        ("limit", "31"),
        ("start_time", str(WEEK.start_time)),
    ]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["user-agent"].startswith("openai-usage/")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_a_passing_fault_is_tried_again(server: DemoServer, status: int) -> None:
    server.inject(demo_server.Fault("status", status=status, times=2))
    pauses = Pauses()
    async with client_of(server.url, pauses) as client:
        assert await bill(client)
    assert len(server.requests) == 3
    assert 0.375 <= pauses[0] <= 0.5
    assert 0.75 <= pauses[1] <= 1.0


@pytest.mark.parametrize("kind", ["close", "truncated"])
async def test_a_lost_connection_is_tried_again(server: DemoServer, kind: demo_server.FaultKind) -> None:
    server.inject(demo_server.Fault(kind, honest_length=False))
    async with client_of(server.url) as client:
        assert await bill(client)
    assert len(server.requests) == 2


async def test_a_fault_that_stays_is_tried_three_times(server: DemoServer) -> None:
    server.inject(demo_server.Fault("status", status=503, times=9))
    error = await fault_of(server.url)
    assert error.fault is Fault.SERVER_ERROR
    assert error.status == 503
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 418])
async def test_other_refusals_are_not_tried_again(server: DemoServer, status: int) -> None:
    server.inject(demo_server.Fault("status", status=status, headers={"location": "https://elsewhere.example/"}))
    await fault_of(server.url)
    assert len(server.requests) == 1


async def test_retry_after_is_obeyed(server: DemoServer) -> None:
    server.inject(demo_server.Fault("status", status=429, headers={"retry-after": "7"}))
    pauses = Pauses()
    async with client_of(server.url, pauses) as client:
        assert await bill(client)
    assert pauses == [7.0]


async def test_retry_after_may_be_a_date(server: DemoServer) -> None:
    server.inject(demo_server.Fault("status", status=429, headers={"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}))
    pauses = Pauses()
    async with client_of(server.url, pauses) as client:
        assert await bill(client)
    assert pauses == [0.0]


async def test_an_endless_retry_after_is_a_day(server: DemoServer) -> None:
    server.inject(demo_server.Fault("status", status=429, headers={"retry-after": "9" * 400}))
    assert (await fault_of(server.url)).retry_after == 24 * 3600


async def test_a_long_retry_after_is_passed_on_instead_of_waited_for(server: DemoServer) -> None:
    server.inject(demo_server.Fault("status", status=429, headers={"retry-after": "121"}))
    error = await fault_of(server.url)
    assert error.fault is Fault.RATE_LIMITED
    assert error.retry_after == 121
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", ["soon", "-1", "", "9" * 400 + "x", "²", FAR_DATE])
async def test_a_retry_after_that_says_nothing_is_no_retry_after(server: DemoServer, value: str) -> None:
    server.inject(demo_server.Fault("status", status=429, headers={"retry-after": value}))
    pauses = Pauses()
    async with client_of(server.url, pauses) as client:
        assert await bill(client)
    assert 0.375 <= pauses[0] <= 0.5


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (demo_server.Fault("status", status=200, body="<html>Sign in</html>"), Fault.NOT_THE_API),
        (demo_server.Fault("status", status=200, body="[]"), Fault.NOT_THE_API),
        (demo_server.Fault("status", status=200, body='{"data": {}}'), Fault.NOT_THE_API),
        (demo_server.Fault("status", status=200, body="[" * 100_000), Fault.NOT_THE_API),
        (demo_server.Fault("status", status=200, body="NaN"), Fault.NOT_THE_API),
        (demo_server.Fault("repeated_cursor", times=3), Fault.BROKEN_PAGES),
        (demo_server.Fault("missing_cursor"), Fault.BROKEN_PAGES),
        (demo_server.Fault("truncated"), Fault.NOT_THE_API),
        (demo_server.Fault("status", status=302, headers={"location": "http://127.0.0.1:9/"}), Fault.NOT_THE_API),
        (demo_server.Fault("status", status=403, body="<html>no</html>"), Fault.FORBIDDEN),
        (demo_server.Fault("status", status=404), Fault.NOT_FOUND),
        (demo_server.Fault("status", status=400), Fault.BAD_REQUEST),
    ],
)
async def test_what_came_instead_of_an_answer(server: DemoServer, fault: demo_server.Fault, expected: Fault) -> None:
    server.inject(fault)
    assert (await fault_of(server.url)).fault is expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", "socks5://127.0.0.1:9"), ("HTTPS_PROXY", "socks4://127.0.0.1:9"), ("NO_PROXY", "[::1]")],
)
async def test_proxies_as_people_have_them(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for other in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.lower(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv(name, value)
    with pytest.raises(ApiError) as caught:
        async with client_of("https://api.example/v1") as client:
            await bill(client)
    assert caught.value.fault in {Fault.PROXY, Fault.UNREACHABLE}


async def test_a_host_name_that_cannot_be() -> None:
    assert (await fault_of("https://xn--a/v1")).fault in {Fault.NOT_THE_API, Fault.HOST_UNKNOWN}


async def test_keys_that_may_not_read(server: DemoServer) -> None:
    project = await fault_of(server.url, key="sk-proj-" + "p" * 40)
    assert project.fault is Fault.SCOPE_MISSING
    assert "api.usage.read" in project.detail
    revoked = await fault_of(server.url, key="sk-admin-" + "r" * 40 + "-revoked")
    assert revoked.fault is Fault.KEY_REFUSED


async def test_missing_scopes_may_come_as_401(server: DemoServer) -> None:
    message = "You have insufficient permissions for this operation. Missing scopes: api.usage.read."
    body = f'{{"error": {{"message": "{message}", "type": "invalid_request_error", "param": null, "code": null}}}}'
    server.inject(demo_server.Fault("status", status=401, body=body))
    assert (await fault_of(server.url)).fault is Fault.SCOPE_MISSING


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 500])
async def test_a_server_that_says_the_key_back_does_not_get_it_shown(server: DemoServer, status: int) -> None:
    message = f"Incorrect key {KEY} or sk-admin-****abcd\\nor sk-proj-{'p' * 30}"
    body = f'{{"error": {{"message": "{message}", "type": "x", "param": null, "code": null}}}}'
    server.inject(demo_server.Fault("status", status=status, body=body, times=3))
    error = await fault_of(server.url)
    assert "sk-" not in str(error)
    assert "\n" not in str(error)


async def test_a_gateway_s_key_is_not_shown_either(server: DemoServer) -> None:
    body = '{"error": {"message": "who is topsecret-1234?", "type": "x", "param": null, "code": null}}'
    server.inject(demo_server.Fault("status", status=400, body=body))
    assert (await fault_of(server.url, key="topsecret-1234")).detail == "who is [key]?"


async def test_a_long_message_is_cut(server: DemoServer) -> None:
    body = f'{{"error": {{"message": "{"x" * 5000}", "type": "x", "param": null, "code": null}}}}'
    server.inject(demo_server.Fault("status", status=400, body=body))
    assert len((await fault_of(server.url)).detail) == 300


async def test_an_answer_without_end_is_cut_off(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai_usage.openai_api.client._LARGEST_BODY", 1000)
    assert (await fault_of(server.url)).fault is Fault.NOT_THE_API


async def test_a_server_that_hangs(server: DemoServer) -> None:
    server.inject(demo_server.Fault("hang"))
    error = await fault_of(server.url, timeout=httpx.Timeout(5, read=0.05))
    assert error.fault is Fault.TIMEOUT
    assert len(server.requests) == 1


async def test_a_server_that_drips(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai_usage.openai_api.client._LONGEST_ATTEMPT", 0.05)
    server.inject(demo_server.Fault("hang"))
    assert (await fault_of(server.url)).fault is Fault.TIMEOUT


async def test_nobody_listens(unused_tcp_port_factory: Callable[[], int]) -> None:
    pauses = Pauses()
    error = await fault_of(f"http://127.0.0.1:{unused_tcp_port_factory()}/v1", pauses)
    assert error.fault is Fault.UNREACHABLE
    assert len(pauses) == 2


async def test_a_host_that_has_no_address() -> None:
    error = await fault_of("http://nowhere.invalid/v1")
    assert error.fault is Fault.HOST_UNKNOWN


async def test_a_proxy_that_refuses(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", server.origin)
    # The demo server knows no CONNECT, as a proxy that refuses.
    assert (await fault_of("https://api.example/v1")).fault is Fault.PROXY


async def test_a_certificate_nobody_vouches_for() -> None:
    certificate = trustme.CA().issue_cert("127.0.0.1")
    with DemoServer(Organization(now=lambda: NOW), certificate=certificate) as server:
        pauses = Pauses()
        error = await fault_of(server.url, pauses)
    assert error.fault is Fault.TLS
    assert pauses == []
    assert server.requests == ()


async def test_tls_with_a_certificate_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with DemoServer(Organization(now=lambda: NOW), certificate=authority.issue_cert("127.0.0.1")) as server:
        async with client_of(server.url) as client:
            assert await bill(client)


async def test_the_first_failure_ends_the_other_questions(server: DemoServer) -> None:
    server.inject(demo_server.Fault("status", status=400), demo_server.Fault("hang", times=20))
    async with client_of(server.url) as client:
        with pytest.raises(ApiError):
            await asyncio.wait_for(bill(client, last_days(300, TODAY)), timeout=20)
    server.release()


class Counting(httpx.AsyncBaseTransport):
    """The demo organisation, counting how many questions it has at once."""

    def __init__(self) -> None:
        self.now = self.most = self.all = 0
        self._demo = DemoTransport(Organization(now=lambda: NOW))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.now, self.all = self.now + 1, self.all + 1
        self.most = max(self.most, self.now)
        response = await self._demo.handle_async_request(request)
        self.now -= 1
        return response


async def test_at_most_32_questions_at_once() -> None:
    transport = Counting()
    async with client_of("https://api.example/v1", transport=transport) as client:
        await bill(client, last_days(31 * 40, TODAY))
    assert transport.all == 40
    assert transport.most == 32


async def test_connections_are_few_and_used_again() -> None:
    connections: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'{"data": [], "has_more": false}'
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()
        await writer.wait_closed()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.create_task(serve(reader, writer)))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as listener:
        async with client_of(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1") as client:
            for _ in range(5):
                await bill(client)
            assert len(connections) == 1
            for _ in range(2):
                assert await bill(client, last_days(31 * 100, TODAY)) == []
            assert 1 < len(connections) <= 32
        await asyncio.gather(*connections)


async def test_whenever_questions_are_cancelled_the_next_ones_are_answered(server: DemoServer) -> None:
    days = last_days(31 * 3, TODAY)
    # No answer comes from a connection that a cancelled question holds for ever.
    async with client_of(server.url, timeout=httpx.Timeout(30, pool=1)) as client:
        for steps in range(100):
            task = asyncio.create_task(bill(client, days))
            for _ in range(steps):
                await asyncio.sleep(0)
            if steps % 2:
                await asyncio.sleep(0.0005 * steps)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert len(await bill(client, days)) == len(days), steps


async def test_a_question_that_took_too_long_is_not_in_the_way_of_the_next(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(server.url, timeout=httpx.Timeout(30, pool=1)) as client:
        for seconds in (0.0, 0.001, 0.002, 0.004, 0.008, 0.016):
            with monkeypatch.context() as patched:
                patched.setattr(openai_api.client, "_LONGEST_ATTEMPT", seconds)
                with suppress(ApiError):
                    await bill(client)
            assert await bill(client), seconds


async def test_the_key_is_in_no_log(server: DemoServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.inject(demo_server.Fault("status", status=500, times=2), demo_server.Fault("status", status=401))
    await fault_of(server.url)
    assert caplog.records
    assert KEY not in caplog.text
