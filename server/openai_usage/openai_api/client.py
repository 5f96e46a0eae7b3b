"""One question to OpenAI: the key, the time limits, the tries, and what came back, decoded."""

import asyncio
import logging
import random
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Final, TypeVar

import httpx
import truststore
from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder
from pydantic import SecretStr

from openai_usage.openai_api.errors import ApiError, Fault, fault_of, presentable, retry_after_of
from openai_usage.openai_api.shapes import ERROR

_log = logging.getLogger(__name__)

Parameters = Sequence[tuple[str, str]]
"""Of a URL's query, in their order."""
Answer = TypeVar("Answer")

# The policy of OpenAI's own SDK, with its tries, and with a longer patience for Retry-After.
MORE_TRIES: Final = 2
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
LONGEST_RETRY_AFTER: Final = 120.0
_WORTH_ANOTHER_TRY: Final = frozenset({408, 409, 429, *range(500, 600)})

_AT_ONCE: Final = 32
# A page of a large organisation has 70 MB and more. From a certain size on they come one at a time: what is kept of
# a page is far smaller, so the memory in use at the peak is about that of one of them.
_LARGEST_BODY: Final = 256 * 1024 * 1024
_LARGE_BODY: Final = 4 * 1024 * 1024
_TIME_LIMITS: Final = httpx.Timeout(30.0, connect=10.0)
# The limits above hold for each step; a server that drips a byte now and then would pass them forever.
_LONGEST_ATTEMPT: Final = 90.0

# The first is all of msgspec's errors, bytes that are not UTF-8, and our own checks; the other is too deep a nesting.
_NOT_READABLE: Final = (ValueError, RecursionError)

_HTTP_OK: Final = 200
_ORGANIZATION: Final = "openai-organization"
"""A header of answers, refusals among them (seen live by third parties)."""


class Client:
    """Asks the API of one organisation. Open it inside a running event loop, and close it there.

    `organization` is the id of the one that is meant, for keys that belong to several; visible ASCII.
    `transport` replaces the network (the demo organisation); `pause` replaces waiting. ApiError when the proxy that the
    environment names cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        secret: SecretStr,
        *,
        version: str = "",
        organization: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout = _TIME_LIMITS,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url
        self._secret = secret
        self._version = version
        self._meant = organization
        self._transport = transport
        self._timeout = timeout
        self._pause = pause
        self._verify = _trusted() if transport is None else False
        self.organization: str | None = None
        """What OpenAI calls the organisation of the key, once an answer told."""
        self._large = asyncio.Lock()
        # One pool for each connection: what a pool of httpx does for a request grows with the square of its size, and
        # with 32 it is more than all the rest. The last one used is the next one used.
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._free = [self._connection()]
        self._all = set(self._free)
        self._closing: set[asyncio.Task[None]] = set()

    def _connection(self) -> httpx.AsyncClient:
        try:
            return httpx.AsyncClient(
                timeout=self._timeout,
                transport=self._transport,
                limits=httpx.Limits(max_connections=1),
                # The key is added to each request and nowhere kept, so no object's repr holds it.
                headers={"Accept": "application/json", "User-Agent": f"openai-usage/{self._version}"},
                verify=self._verify,
            )
        except (ValueError, httpx.InvalidURL) as error:
            # The environment's proxy variables are read here, and not all that they hold in practice is understood.
            raise self.error(Fault.PROXY, str(error)) from None

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*self._closing, *(connection.aclose() for connection in self._all))

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[httpx.AsyncClient]:
        """A connection for a question; waits until there is one."""
        async with self._places:
            if self._free:
                connection = self._free.pop()
            else:
                connection = self._connection()
                self._all.add(connection)
            try:
                yield connection
            except BaseException:
                self._give_up(connection)
                raise
            self._free.append(connection)

    def _give_up(self, connection: httpx.AsyncClient) -> None:
        """Whoever is cancelled may leave its connection taken for ever (httpcore 1.0.9), so it is not used again."""
        if self._transport is not None:
            self._free.append(connection)
            return
        self._all.remove(connection)
        # Not awaited here: being cancelled once more would leave it open.
        task = asyncio.create_task(connection.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def whose(self) -> str | None:
        """What OpenAI calls the organisation of the key, whatever kind of key that is; None: it did not tell."""
        with suppress(ApiError):
            async with AsyncExitStack() as turn:
                await self._get_body("/models", [], turn)
        return self.organization

    async def get(
        self, path: str, parameters: Parameters, decoder: Decoder[Answer], *, at_root: bool = False
    ) -> Answer:
        """The answer to `GET {base_url}{path}?{parameters}`; ApiError when there is none.

        `at_root` asks beside the `/v1` that the base URL ends with, and not below it.
        """
        async with self.answer(path, parameters, decoder, at_root=at_root) as answer:
            return answer

    @asynccontextmanager
    async def answer(
        self,
        path: str,
        parameters: Parameters,
        decoder: Decoder[Answer],
        *,
        at_root: bool = False,
        is_once: bool = False,
    ) -> AsyncIterator[Answer]:
        """The same for an answer that is read piece by piece: no other large one comes in before this is left.

        `is_once`: it is not tried again, as whoever asks counts the tries.
        """
        async with AsyncExitStack() as turn:
            body = await self._get_body(
                path, parameters, turn, at_root=at_root, more_tries=0 if is_once else MORE_TRIES
            )
            with self.reading(path):
                answer = decoder.decode(body)
            yield answer

    @contextmanager
    def reading(self, path: str, place: str = "") -> Iterator[None]:
        """What goes wrong in here is an ApiError: the answer is not OpenAI's. `place` is where in it the text stands.

        Neither msgspec's words nor ours have a value of the answer in them.
        """
        try:
            yield
        except ValidationError as error:
            what, _, inner = str(error).partition(" - at `$")
            place = (place + inner.rstrip("`").replace("[", ".").replace("]", "")).strip(".")
            raise self.error(Fault.NOT_THE_API, f"{path}: {place}: {what}") from None
        except (DecodeError, UnicodeError, RecursionError):
            raise self.error(Fault.NOT_THE_API, f"{path}: the answer is not JSON") from None
        except ValueError as error:
            raise self.error(Fault.NOT_THE_API, ": ".join(filter(None, (path, place, str(error))))) from None

    async def _get_body(
        self,
        path: str,
        parameters: Parameters,
        turn: AsyncExitStack,
        *,
        at_root: bool = False,
        more_tries: int = MORE_TRIES,
    ) -> bytearray:
        """The body; for a large one, `turn` then holds the right to be the only one."""
        for tries_left in range(more_tries, -1, -1):
            try:
                return await self._try_once(path, parameters, turn, at_root=at_root)
            except _Again as again:
                await turn.aclose()
                error, pause = again.error, again.pause
                if tries_left == 0 or (pause is not None and pause > LONGEST_RETRY_AFTER):
                    raise error from None
                if pause is None:
                    pause = min(_FIRST_PAUSE * 2 ** (more_tries - tries_left), _LONGEST_PAUSE)
                    pause *= random.uniform(0.75, 1)  # noqa: S311 - jitter, not a secret
                _log.info("%s: %s; trying again in %.1f s", presentable(path, self._secret), error, pause)
                await self._pause(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _try_once(self, path: str, parameters: Parameters, turn: AsyncExitStack, *, at_root: bool) -> bytearray:
        try:
            async with self._place() as connection, asyncio.timeout(_LONGEST_ATTEMPT) as limit:
                response, body = await self._send(connection, path, parameters, turn, limit, at_root=at_root)
        except (httpx.TimeoutException, TimeoutError) as error:
            fault = self.error(Fault.TIMEOUT)
            # No connection, no question asked: ask again. A question that takes too long is not asked twice.
            if isinstance(error, httpx.ConnectTimeout):
                raise _Again(fault) from None
            raise fault from None
        except httpx.TransportError as error:
            raise self._no_connection(error) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise self.error(Fault.NOT_THE_API, str(error)) from None
        if response.status_code == _HTTP_OK:
            return body
        refusal = self._refusal(response, body)
        if response.status_code in _WORTH_ANOTHER_TRY:
            raise _Again(refusal, refusal.retry_after)
        raise refusal

    async def _send(
        self,
        connection: httpx.AsyncClient,
        path: str,
        parameters: Parameters,
        turn: AsyncExitStack,
        limit: asyncio.Timeout,
        *,
        at_root: bool,
    ) -> tuple[httpx.Response, bytearray]:
        headers = {"Authorization": f"Bearer {self._secret.get_secret_value()}"}
        if self._meant:
            headers["OpenAI-Organization"] = self._meant
        base = self.base_url.removesuffix("/v1") if at_root else self.base_url
        request = connection.build_request("GET", base + path, params=list(parameters), headers=headers)
        response = await connection.send(request, stream=True)
        self.organization = presentable(response.headers.get(_ORGANIZATION, ""), self._secret) or self.organization
        body = bytearray()
        is_large = False
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST_BODY:
                    raise self.error(Fault.NOT_THE_API, f"{path}: the answer does not end")
                if len(body) > _LARGE_BODY and not is_large:
                    is_large = True
                    # Waiting for the others is not the server's fault.
                    limit.reschedule(None)
                    await turn.enter_async_context(self._large)
                    limit.reschedule(asyncio.get_running_loop().time() + _LONGEST_ATTEMPT)
            return response, body
        finally:
            await response.aclose()

    def _no_connection(self, error: httpx.TransportError) -> "ApiError | _Again":
        """What a failure below HTTP means. Certificates and addresses stay wrong, so those are not tried again."""
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError | ssl.CertificateError) for cause in causes):
            return self.error(Fault.TLS, next(str(c) for c in causes if isinstance(c, ssl.SSLError)))
        if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
            return self.error(Fault.NOT_THE_API, str(error))
        if isinstance(error, httpx.ProxyError):
            return _Again(self.error(Fault.PROXY, str(error)))
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return _Again(self.error(Fault.HOST_UNKNOWN))
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return _Again(self.error(Fault.TLS, str(error)))
        return _Again(self.error(Fault.UNREACHABLE, str(error)))

    def _refusal(self, response: httpx.Response, body: bytearray) -> ApiError:
        status = response.status_code
        try:
            said = ERROR.decode(body).error.message
        except _NOT_READABLE:
            said = ""
        retry_after = retry_after_of(response.headers.get("retry-after", ""))
        fault = fault_of(status, said)
        if fault is Fault.NOT_THE_API and not said:
            said = f"HTTP {status} {response.reason_phrase}"
        return self.error(fault, said, status=status, retry_after=retry_after)

    def error(
        self, fault: Fault, detail: str = "", *, status: int | None = None, retry_after: float | None = None
    ) -> ApiError:
        """What to raise: an ApiError in whose `detail` there is no key."""
        return ApiError(fault, presentable(detail, self._secret), status=status, retry_after=retry_after)


def _trusted() -> ssl.SSLContext:
    """The operating system's certificates, so that a company's own authority is known."""
    if sys.platform not in {"darwin", "win32"}:
        # Here truststore would only read the system's file, and again for each connection: 30 to 50 ms of CPU time.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
        if context.cert_store_stats()["x509_ca"]:
            return context
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Again(Exception):  # noqa: N818 - not an error but a wish: the same question may be asked once more
    def __init__(self, error: ApiError, pause: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.pause = pause


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
