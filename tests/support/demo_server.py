"""The demo organisation over real HTTP on 127.0.0.1, with faults on demand.

In a test, on a thread of its own:

    with DemoServer(Organization(now=lambda: NOON)) as server:
        server.inject(Fault("status", status=429, headers={"Retry-After": "1"}))
        ...  # ask server.url
        assert server.requests[0].path == "/v1/organization/costs"

With `certificate=trustme.CA().issue_cert("127.0.0.1")` it speaks HTTPS.

For a browser test, as a script that ends when its stdin is closed:

    python tests/support/demo_server.py [--now 2026-11-20T15:00:00Z] [--seed N] [--latency SECONDS] [--large]
        [--no-decisions] [--no-limits] [--no-unattributed] [--no-cost-by-user-and-project]
        [--era "late 2024"] [--filled-for-keys] [--gateway] [--unlimited] [--requests-per-minute 5]

Its first line on stdout is the URL, ending in /v1. What a test in Python calls, others ask for under /control:

    POST /control/faults     queues a JSON list of faults, members as in Fault   -> {"faults": how many wait}
    POST /control/release    lets hanging requests go on                         -> {}
    POST /control/reset      forgets requests, also for the pacing, and faults, and releases -> {}
    GET  /control/requests   -> {"count": N, "requests": [{method, path, query, headers}]}, oldest first
    GET  /control/days       -> {"count": N, "days": [{date, userPublicId, at}]} that /v1/usage was asked for, oldest
                                first, as in UsageAsked
    GET  /control/keys       -> {"keys": [{id, name, projectId, redacted, secret}]} of the active projects; the secret,
                                which OpenAI never lists, is the key itself: made up, it opens nothing
"""

import argparse
import json
import re
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import responses
from http.server import BaseHTTPRequestHandler
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, Self, cast, get_args
from urllib.parse import parse_qsl, unquote, unquote_plus, urlencode, urlsplit

from openai_usage.demo import large
from openai_usage.demo.api import Amounts, Api, Request, Response
from openai_usage.demo.five_minutes import Era
from openai_usage.demo.legacy import Legacy
from openai_usage.demo.northwind import NORTHWIND
from openai_usage.demo.organization import Organization
from openai_usage.demo.pacing import Pacing
from openai_usage.demo.roster import ApiKey

if TYPE_CHECKING:
    import trustme

HOST: Final = "127.0.0.1"

FaultKind = Literal["status", "truncated", "repeated_cursor", "missing_cursor", "close", "hang"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a request in place of the plain answer.

    status           this status, these headers and this body; the default body is OpenAI's error envelope
    truncated        the first half of the answer; Content-Length agrees with it, or promises the whole with
                     `honest_length=False`, and then the connection closes
    repeated_cursor  the first page of the answer with `has_more: true` and the same `next_page` (of a list: the same
                     objects) every time
    missing_cursor   the answer with `has_more: true` and no `next_page` (of a list: no `last_id`)
    close            the connection closes without an answer
    hang             nothing until `DemoServer.release()`, then the plain answer
    """

    kind: FaultKind
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    honest_length: bool = True
    path: str = ""
    """Only requests whose decoded path and query contain this; `projects?` is the list, and no single project."""
    times: int | None = 1
    """How many requests it happens to; None: to all of them until the reset."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"no fault is called {self.kind!r}")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came in. Header names are in lower case; the query is still percent-encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    at: float
    """Seconds by the server's clock."""


@dataclass(frozen=True, slots=True)
class UsageAsked:
    """A request to `/v1/usage`, whatever came of it: for which day, of whom, and at which second of the clock."""

    date: str | None
    user_public_id: str | None
    at: float


class DemoServer:
    """Serves an organisation from `__enter__` to `__exit__`; all threads and connections end with it.

    `latency` is in seconds, `amounts` and `legacy` as for `Api`; a `certificate` makes it HTTPS. `clock`, in seconds,
    is what requests are paced by.
    """

    def __init__(
        self,
        organization: Organization,
        *,
        latency: float = 0.0,
        amounts: Amounts = "number",
        certificate: "trustme.LeafCert | None" = None,
        legacy: Legacy | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.clock = clock
        self.api = self._paced(Api(organization, amounts, legacy or Legacy()))
        self.latency = latency
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._requests: list[Recorded] = []
        self._released = threading.Event()
        self._listener = _Listener(self, certificate)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.02,), name="demo server")
        scheme = "https" if certificate else "http"
        self.origin = f"{scheme}://{HOST}:{self._listener.server_address[1]}"
        self.url = f"{self.origin}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.release()
        self._listener.shutdown()
        self._thread.join()
        self._listener.close()

    @property
    def requests(self) -> Sequence[Recorded]:
        """What was asked so far of the organisation, oldest first."""
        with self._lock:
            return tuple(self._requests)

    @property
    def days(self) -> Sequence[UsageAsked]:
        """What `/v1/usage` was asked so far, oldest first, refusals and faults too."""
        asked = [(dict(parse_qsl(each.query)), each.at) for each in self.requests if each.path == "/v1/usage"]
        return tuple(UsageAsked(values.get("date"), values.get("user_public_id"), at) for values, at in asked)

    @property
    def keys(self) -> Sequence[ApiKey]:
        """The API keys of the active projects, with their secrets."""
        organization = self.api.organization
        now = organization.clock()
        active = (project for project in organization.projects if project.archived_at is None)
        return tuple(key for project in active for key in organization.roster.keys(now, project.id))

    @property
    def faults(self) -> Sequence[Fault]:
        """The faults that are still to happen."""
        with self._lock:
            return tuple(self._faults)

    def inject(self, *faults: Fault) -> None:
        """Queues faults. A request meets the first one in the queue that fits its path."""
        with self._lock:
            self._faults += [fault for fault in faults for _ in range(1 if fault.times is None else fault.times)]

    def release(self) -> None:
        """Lets the requests go on that hang now."""
        with self._lock:
            self._released.set()
            self._released = threading.Event()

    def reset(self) -> None:
        """Forgets requests, also for the pacing, and faults, and lets hanging requests go on."""
        with self._lock:
            self.api = self._paced(self.api)
            self._requests.clear()
            self._faults.clear()
        self.release()

    def _paced(self, api: Api) -> Api:
        return replace(api, pacing=Pacing(api.legacy.requests_per_minute, self.clock))

    def record(self, request: Recorded) -> tuple[Fault | None, threading.Event]:
        """Notes a request; returns the fault it meets and the event that would end its hanging."""
        with self._lock:
            self._requests.append(request)
            asked = f"{request.path}?{unquote_plus(request.query)}"
            met = next((fault for fault in self._faults if fault.path in asked), None)
            if met is not None and met.times is not None:
                self._faults.remove(met)
            return met, self._released

    def control(self, method: str, path: str, body: bytes) -> tuple[HTTPStatus, object]:
        """Answers the requests under /control: status and JSON."""
        answer: dict[str, object] = {}
        match method, path:
            case "GET", "/control/requests":
                requests = self.requests
                answer = {"count": len(requests), "requests": [asdict(each) for each in requests]}
            case "GET", "/control/days":
                days = [{"date": each.date, "userPublicId": each.user_public_id, "at": each.at} for each in self.days]
                answer = {"count": len(days), "days": days}
            case "GET", "/control/keys":
                answer = {"keys": [_with_secret(key) for key in self.keys]}
            case "POST", "/control/faults":
                try:
                    self.inject(*(Fault(**fault) for fault in json.loads(body)))
                except (TypeError, ValueError) as error:
                    return HTTPStatus.BAD_REQUEST, {"error": str(error)}
                answer = {"faults": len(self.faults)}
            case "POST", "/control/release":
                self.release()
            case "POST", "/control/reset":
                self.reset()
            case _:
                return HTTPStatus.NOT_FOUND, {"error": f"no {method} {path} here"}
        return HTTPStatus.OK, answer


def _with_secret(key: ApiKey) -> dict[str, str]:
    return {
        "id": key.id,
        "name": key.name,
        "projectId": key.project_id,
        "redacted": key.redacted,
        "secret": key.secret,
    }


class _Listener(socketserver.ThreadingTCPServer):
    """Not http.server's: that one asks the name service for its own name, and only then answers."""

    allow_reuse_address = True
    request_queue_size = 64
    daemon_threads = False
    block_on_close = True

    def __init__(self, demo: DemoServer, certificate: "trustme.LeafCert | None") -> None:
        super().__init__((HOST, 0), _Handler)
        self.demo = demo
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            # The handshake is left to the connection's own thread: who stalls in it stalls nobody else.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def admit(self, connection: socket.socket) -> None:
        """Takes note of a new connection. One that comes while the server stops is ended."""
        with self._lock:
            self._connections.add(connection)
            if self.demo.stopping.is_set():
                _hang_up(connection)

    def dismiss(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """A client that goes away, or that refuses the certificate, is no error of the server."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Ends the connections, which would otherwise wait for a next request, then joins every thread."""
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._listener.admit(self.connection)

    def finish(self) -> None:
        self._listener.dismiss(self.connection)
        super().finish()

    @property
    def _listener(self) -> _Listener:
        return cast("_Listener", self.server)

    def handle_any(self) -> None:
        """Every method: the API itself says which it refuses."""
        demo = self._listener.demo
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        url = urlsplit(self.path)
        path = unquote(url.path)
        if path.startswith("/control/"):
            status, payload = demo.control(self.command, path, body)
            self._send(Response(status, {"content-type": "application/json"}, json.dumps(payload).encode()))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault, released = demo.record(Recorded(self.command, path, url.query, headers, demo.clock()))
        demo.stopping.wait(demo.latency)
        if fault is not None and fault.kind == "hang":
            # `record` and `release` exclude each other: who is too late for the last release sees `stopping`.
            if not demo.stopping.is_set():
                released.wait()
            fault = None
        organization = headers.get("openai-organization")
        request = Request(self.command, path, url.query, headers.get("authorization"), organization)
        if demo.stopping.is_set() or (fault is not None and fault.kind == "close"):
            self.close_connection = True
            _hang_up(self.connection)
        elif fault is None:
            self._send(demo.api.answer(request))
        else:
            self._send(_faulty(fault, request, demo.api), whole_length=not fault.honest_length)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - http.server's

    def _send(self, response: Response, *, whole_length: bool = False) -> None:
        promised = len(response.body) * 2 if whole_length else len(response.body)
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(promised))
        self.end_headers()
        self.wfile.write(response.body)
        if promised != len(response.body):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing: stdout carries the URL, and tests read `requests`."""


def _faulty(fault: Fault, request: Request, api: Api) -> Response:
    """The answer that a fault leaves of the real one, for the kinds that answer at all."""
    if fault.kind == "status":
        return _status(fault)
    if fault.kind == "truncated":
        answer = api.answer(request)
        return Response(answer.status, answer.headers, answer.body[: len(answer.body) // 2])
    if fault.kind == "repeated_cursor":
        pairs = parse_qsl(request.query, keep_blank_values=True)
        query = urlencode([pair for pair in pairs if pair[0] not in {"page", "after"}])
        answer = api.answer(replace(request, query=query))
        next_page, last_id = b'"page_again"', rb"\1"
    else:
        answer = api.answer(request)
        next_page = last_id = b"null"
    body = re.sub(
        rb'"has_more": (?:true|false), "next_page": (null|"[^"]*")',
        b'"has_more": true, "next_page": ' + next_page,
        answer.body,
    )
    body = re.sub(
        rb'"last_id": (null|"[^"]*"), "has_more": (?:true|false)',
        b'"last_id": ' + last_id + b', "has_more": true',
        body,
    )
    return Response(answer.status, answer.headers, body)


def _status(fault: Fault) -> Response:
    """An error without a given body has OpenAI's envelope."""
    body = fault.body
    if body is None:
        message = responses.get(fault.status, "Unknown")
        kind = "server_error" if fault.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
        code = "rate_limit_exceeded" if fault.status == HTTPStatus.TOO_MANY_REQUESTS else None
        body = json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})
    default = "text/html" if body.lstrip().startswith("<") else "application/json"
    names = {name.lower() for name in fault.headers}
    headers = {**({} if "content-type" in names else {"content-type": default}), **fault.headers}
    return Response(fault.status, headers, body.encode())


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was first


def main() -> None:
    """Serves until stdin is closed."""
    parser = argparse.ArgumentParser(description="The demo organisation over HTTP, until stdin is closed.")
    parser.add_argument("--now", type=datetime.fromisoformat, help="ISO 8601 with an offset; default: the clock")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument("--amounts", choices=("number", "string"), default="number")
    parser.add_argument("--large", action="store_true", help="hundreds of keys and users")
    for name in ("decisions", "limits", "unattributed", "cost-by-user-and-project"):
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=True, help="as Organization")
    parser.add_argument("--era", choices=get_args(Era), default="late 2024", help="whose rows /v1/usage gives")
    parser.add_argument("--filled-for-keys", action="store_true", help="/v1/usage tells ordinary keys too")
    parser.add_argument("--gateway", action="store_true", help="one-api instead of OpenAI")
    parser.add_argument("--unlimited", action="store_true", help="the gateway's key has no quota")
    parser.add_argument("--requests-per-minute", type=int, default=5, help="to /v1/usage")
    options = parser.parse_args()
    now: datetime | None = options.now
    if now is not None and now.tzinfo is None:
        parser.error("--now needs an offset, as in 2026-11-20T15:00:00Z")
    organization = Organization(
        options.seed,
        lambda: now or datetime.now(UTC),
        decisions=options.decisions,
        limits=options.limits,
        unattributed=options.unattributed,
        cost_by_user_and_project=options.cost_by_user_and_project,
        catalogue=large.catalogue() if options.large else NORTHWIND,
    )
    legacy = Legacy(
        era=options.era,
        is_filled_for_keys=options.filled_for_keys,
        kind="gateway" if options.gateway else "openai",
        requests_per_minute=options.requests_per_minute,
        is_unlimited=options.unlimited,
    )
    with DemoServer(organization, latency=options.latency, amounts=options.amounts, legacy=legacy) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
