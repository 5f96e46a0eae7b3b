"""One question to OpenAI: the key, the time limits, the tries, and what came back as JSON with exact numbers."""

import asyncio
import json
import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import httpx
import truststore
from pydantic import BaseModel, SecretStr, ValidationError

from openai_usage.openai_api.errors import ApiError, Fault, presentable
from openai_usage.openai_api.models import ErrorEnvelope

_log = logging.getLogger(__name__)

Query = Sequence[tuple[str, str]]
Model = TypeVar("Model", bound=BaseModel)

# The policy of OpenAI's own SDK, with its tries, and with a longer patience for Retry-After.
MORE_TRIES: Final = 2
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
LONGEST_RETRY_AFTER: Final = 120.0
_LONGEST_HEEDED: Final = 24 * 3600.0
_WORTH_ANOTHER_TRY: Final = frozenset({408, 409, 429, *range(500, 600)})

_AT_ONCE: Final = 8
_LARGEST_BODY: Final = 64 * 1024 * 1024
_TIME_LIMITS: Final = httpx.Timeout(30.0, connect=10.0)
# The limits above hold for each step; a server that drips a byte now and then would pass them forever.
_LONGEST_ATTEMPT: Final = 90.0

# Too deep for the parser, or an exponent beyond what a Decimal can have: not what OpenAI sends, either.
_NOT_JSON: Final = (ValueError, RecursionError, ArithmeticError)

_HTTP_OK: Final = 200
_HTTP_UNAUTHORIZED: Final = 401
_HTTP_FORBIDDEN: Final = 403
_HTTP_NOT_FOUND: Final = 404
_HTTP_TOO_MANY_REQUESTS: Final = 429
_HTTP_SERVER_ERROR: Final = 500
_HTTP_BAD_REQUEST: Final = 400


class Client:
    """Asks the API of one organisation. Open it inside a running event loop, and close it there.

    `transport` replaces the network (the demo organisation); `pause` replaces waiting. ApiError when the proxy that the
    environment names cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        secret: SecretStr,
        *,
        version: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout = _TIME_LIMITS,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url
        self._secret = secret
        self._pause = pause
        self._places = asyncio.Semaphore(_AT_ONCE)
        try:
            self._http = httpx.AsyncClient(
                timeout=timeout,
                transport=transport,
                limits=httpx.Limits(max_connections=_AT_ONCE),
                # The key is added to each request and nowhere kept, so no object's repr holds it.
                headers={"Accept": "application/json", "User-Agent": f"openai-usage/{version}"},
                verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if transport is None else False,
            )
        except (ValueError, httpx.InvalidURL) as error:
            # The environment's proxy variables are read here, and not all that they hold in practice is understood.
            raise self._error(Fault.PROXY, str(error)) from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def get(self, path: str, query: Query, shape: type[Model]) -> Model:
        """The answer to `GET {base_url}{path}?{query}` as `shape`; ApiError when there is none."""
        body = await self._get_body(path, query)
        try:
            return shape.model_validate(_exact_json(body))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise self._error(Fault.NOT_THE_API, f"{path}: {place}: {first['msg']}") from None
        except _NOT_JSON:
            raise self._error(Fault.NOT_THE_API, f"{path}: the answer is not JSON") from None

    async def _get_body(self, path: str, query: Query) -> bytes:
        for tries_left in range(MORE_TRIES, -1, -1):
            try:
                async with self._places:
                    return await self._try_once(path, query)
            except _Again as again:
                error, pause = again.error, again.pause
                if tries_left == 0 or (pause is not None and pause > LONGEST_RETRY_AFTER):
                    raise error from None
                if pause is None:
                    pause = min(_FIRST_PAUSE * 2 ** (MORE_TRIES - tries_left), _LONGEST_PAUSE)
                    pause *= random.uniform(0.75, 1)  # noqa: S311 - jitter, not a secret
                _log.info("%s: %s; trying again in %.1f s", path, error, pause)
                await self._pause(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _try_once(self, path: str, query: Query) -> bytes:
        try:
            async with asyncio.timeout(_LONGEST_ATTEMPT):
                response, body = await self._send(path, query)
        except (httpx.TimeoutException, TimeoutError) as error:
            fault = self._error(Fault.TIMEOUT)
            # No connection, no question asked: ask again. A question that takes too long is not asked twice.
            if isinstance(error, httpx.ConnectTimeout):
                raise _Again(fault) from None
            raise fault from None
        except httpx.TransportError as error:
            raise self._no_connection(error) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise self._error(Fault.NOT_THE_API, str(error)) from None
        if response.status_code == _HTTP_OK:
            return body
        refusal = self._refusal(response, body)
        if response.status_code in _WORTH_ANOTHER_TRY:
            raise _Again(refusal, refusal.retry_after)
        raise refusal

    async def _send(self, path: str, query: Query) -> tuple[httpx.Response, bytes]:
        request = self._http.build_request(
            "GET",
            self.base_url + path,
            params=list(query),
            headers={"Authorization": f"Bearer {self._secret.get_secret_value()}"},
        )
        response = await self._http.send(request, stream=True)
        try:
            chunks, size = [], 0
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > _LARGEST_BODY:
                    raise self._error(Fault.NOT_THE_API, f"{path}: the answer does not end")
            return response, b"".join(chunks)
        finally:
            await response.aclose()

    def _no_connection(self, error: httpx.TransportError) -> "ApiError | _Again":
        """What a failure below HTTP means. Certificates and addresses stay wrong, so those are not tried again."""
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError | ssl.CertificateError) for cause in causes):
            return self._error(Fault.TLS, next(str(c) for c in causes if isinstance(c, ssl.SSLError)))
        if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
            return self._error(Fault.NOT_THE_API, str(error))
        if isinstance(error, httpx.ProxyError):
            return _Again(self._error(Fault.PROXY, str(error)))
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return _Again(self._error(Fault.HOST_UNKNOWN))
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return _Again(self._error(Fault.TLS, str(error)))
        return _Again(self._error(Fault.UNREACHABLE, str(error)))

    def _refusal(self, response: httpx.Response, body: bytes) -> ApiError:
        status = response.status_code
        try:
            said = ErrorEnvelope.model_validate(_exact_json(body)).error.message
        except _NOT_JSON:
            said = ""
        retry_after = _retry_after(response.headers)
        fault = _fault_of(status, said)
        if fault is Fault.NOT_THE_API and not said:
            said = f"HTTP {status} {response.reason_phrase}"
        return self._error(fault, said, status=status, retry_after=retry_after)

    def _error(
        self, fault: Fault, detail: str = "", *, status: int | None = None, retry_after: float | None = None
    ) -> ApiError:
        return ApiError(fault, presentable(detail, self._secret), status=status, retry_after=retry_after)


class _Again(Exception):  # noqa: N818 - not an error but a wish: the same question may be asked once more
    def __init__(self, error: ApiError, pause: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.pause = pause


def _fault_of(status: int, said: str) -> Fault:
    if status in {_HTTP_UNAUTHORIZED, _HTTP_FORBIDDEN} and "missing scopes" in said.lower():
        # OpenAI sends this as 403, and to some as 401 (reports of September 2026).
        return Fault.SCOPE_MISSING
    if status >= _HTTP_SERVER_ERROR:
        return Fault.SERVER_ERROR
    return {
        _HTTP_BAD_REQUEST: Fault.BAD_REQUEST,
        _HTTP_UNAUTHORIZED: Fault.KEY_REFUSED,
        _HTTP_FORBIDDEN: Fault.FORBIDDEN,
        _HTTP_NOT_FOUND: Fault.NOT_FOUND,
        _HTTP_TOO_MANY_REQUESTS: Fault.RATE_LIMITED,
    }.get(status, Fault.NOT_THE_API)


def _exact_json(body: bytes) -> Any:  # noqa: ANN401 - JSON can be anything; the models say what is expected
    """JSON with every fraction as a Decimal: a float would lose digits of an amount before anyone saw them."""
    return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds from now; the header holds seconds or an HTTP date. What cannot be read counts as absent."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_HEEDED)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), _LONGEST_HEEDED)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
