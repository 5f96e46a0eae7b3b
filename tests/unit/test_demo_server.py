"""The demo organisation over real HTTP, and the faults that tests ask of it."""

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from openai_usage.demo import DEMO_KEY, Organization
from tests.support import demo_server
from tests.support.demo_server import DemoServer, Fault

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = int(NOON.timestamp()) // 86_400 * 86_400 - 30 * 86_400
HEADERS = {"Authorization": f"Bearer {DEMO_KEY}", "User-Agent": "a-test"}


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(Organization(now=lambda: NOON)) as server:
        yield server


@pytest.fixture
def client(server: DemoServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers=HEADERS, trust_env=False) as client:
        yield client


def costs(client: httpx.Client, **more: str) -> httpx.Response:
    return client.get("/organization/costs", params={"start_time": START, **more})


def test_it_answers_and_takes_note(server: DemoServer, client: httpx.Client) -> None:
    body = costs(client).json()
    assert len(body["data"]) == 7
    assert client.get("/organization/projects").json()["object"] == "list"
    first, second = server.requests
    assert (first.method, first.path, first.query) == ("GET", "/v1/organization/costs", f"start_time={START}")
    assert first.headers["user-agent"] == "a-test"
    assert second.path == "/v1/organization/projects"


def test_a_status_with_its_headers_and_openais_envelope(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("status", status=429, headers={"Retry-After": "7"}), Fault("status", status=529))
    limited = costs(client)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert limited.json()["error"]["code"] == "rate_limit_exceeded"
    assert costs(client).status_code == 529
    assert costs(client).status_code == 200


def test_a_status_with_a_body_of_its_own(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("status", status=200, body="<html>Sign in</html>"))
    page = costs(client)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html")
    assert page.text == "<html>Sign in</html>"


def test_a_fault_waits_for_its_path_and_counts_its_times(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("status", status=500, path="/organization/costs", times=2))
    assert client.get("/organization/projects").status_code == 200
    assert [costs(client).status_code for _ in range(3)] == [500, 500, 200]
    assert server.faults == ()


def test_a_fault_may_stay_until_the_reset(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("status", status=500, times=None))
    assert {costs(client).status_code for _ in range(100)} == {500}
    server.reset()
    assert costs(client).status_code == 200


def test_a_fault_may_wait_for_one_path_or_one_query(server: DemoServer, client: httpx.Client) -> None:
    projects = client.get("/organization/projects").json()["data"]
    server.inject(Fault("status", path="/projects?"), Fault("status", status=400, path="group_by[]=user_id"))
    assert client.get(f"/organization/projects/{projects[0]['id']}/users").status_code == 200
    assert client.get("/organization/projects").status_code == 500
    assert costs(client).status_code == 200
    assert costs(client, **{"group_by[]": "user_id"}).status_code == 400


def test_half_an_answer(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("truncated"), Fault("truncated", honest_length=False))
    answer = costs(client)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    with pytest.raises(httpx.RemoteProtocolError):
        costs(client)
    assert costs(client).status_code == 200


def test_cursors_that_lead_nowhere(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("repeated_cursor", times=2), Fault("missing_cursor"))
    first = costs(client).json()
    second = costs(client, page=first["next_page"]).json()
    assert first["next_page"] == second["next_page"] == "page_again"
    assert first["data"] == second["data"]
    third = costs(client).json()
    assert (third["has_more"], third["next_page"]) == (True, None)


def test_lists_that_lead_nowhere(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("repeated_cursor", times=2), Fault("missing_cursor"))
    first = client.get("/organization/users").json()
    second = client.get("/organization/users", params={"after": first["last_id"]}).json()
    assert first == second
    assert (first["has_more"], first["last_id"]) == (True, first["data"][-1]["id"])
    third = client.get("/organization/users").json()
    assert (third["has_more"], third["last_id"]) == (True, None)


def test_a_closed_connection(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("close"))
    with pytest.raises(httpx.RemoteProtocolError):
        costs(client)


def test_a_request_hangs_until_it_is_released(server: DemoServer, client: httpx.Client) -> None:
    server.inject(Fault("hang"))
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(costs(client).status_code))
    thread.start()
    while server.faults and thread.is_alive():
        thread.join(0.01)
    assert answers == []
    server.release()
    thread.join()
    assert answers == [200]


def test_stopping_ends_what_hangs_and_what_idles() -> None:
    with httpx.Client(headers=HEADERS, trust_env=False) as client:
        with DemoServer(Organization(now=lambda: NOON)) as server:
            costs_url = f"{server.url}/organization/costs"
            assert client.get(costs_url, params={"start_time": START}).status_code == 200  # now idle, kept alive
            server.inject(Fault("hang"))
            failures: list[Exception] = []
            thread = threading.Thread(target=lambda: failures.append(_failure_of(costs_url)))
            thread.start()
            while server.faults and thread.is_alive():
                thread.join(0.01)
        thread.join()
        assert isinstance(failures[0], httpx.RemoteProtocolError)
        with pytest.raises(httpx.TransportError):
            client.get(costs_url)


def _failure_of(url: str) -> Exception:
    with pytest.raises(httpx.TransportError) as failure:
        httpx.get(url, headers=HEADERS, trust_env=False)
    return failure.value


def test_https_with_an_authority_that_only_some_trust() -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    certificate = authority.issue_cert(demo_server.HOST)
    with DemoServer(Organization(now=lambda: NOON), certificate=certificate) as server:
        assert server.url.startswith("https://")
        url = f"{server.url}/organization/projects"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(url, headers=HEADERS, trust_env=False)
        assert httpx.get(url, headers=HEADERS, trust_env=False, verify=trusting).status_code == 200
        assert len(server.requests) == 1


def test_the_control_endpoints(server: DemoServer, client: httpx.Client) -> None:
    control = f"{server.origin}/control"
    queued: list[dict[str, Any]] = [{"kind": "status", "status": 403, "times": 2}, {"kind": "close"}]
    assert client.post(f"{control}/faults", json=queued).json() == {"faults": 3}
    assert costs(client).status_code == 403
    seen = client.get(f"{control}/requests").json()
    assert seen["count"] == 1
    assert seen["requests"][0]["path"] == "/v1/organization/costs"
    assert seen["requests"][0]["headers"]["user-agent"] == "a-test"
    assert client.post(f"{control}/release").json() == {}
    assert client.post(f"{control}/reset").json() == {}
    assert client.get(f"{control}/requests").json() == {"count": 0, "requests": []}
    assert costs(client).status_code == 200
    assert client.get(f"{control}/nothing").status_code == 404


def test_the_keys_are_those_that_openai_lists_with_what_it_does_not_show(
    server: DemoServer, client: httpx.Client
) -> None:
    keys = client.get(f"{server.origin}/control/keys").json()["keys"]
    projects = client.get("/organization/projects", params={"limit": 100}).json()["data"]
    listed = {
        (project["id"], key["id"], key["name"], key["redacted_value"])
        for project in projects
        for key in client.get(
            f"/organization/projects/{project['id']}/api_keys", params={"limit": 100, "owner_project_access": "any"}
        ).json()["data"]
    }
    assert {(key["projectId"], key["id"], key["name"], key["redacted"]) for key in keys} == listed
    for key in keys:
        secret, redacted = key["secret"], key["redacted"]
        assert (secret[:8], secret[-4:]) == (redacted[:8], redacted[-4:])
        assert secret != redacted
    assert len({key["secret"] for key in keys}) == len(keys)


@pytest.mark.parametrize("body", ['[{"kind": "earthquake"}]', '[{"sort": "close"}]', "[{}]", "{", "7"])
def test_a_fault_nobody_knows_is_refused(server: DemoServer, client: httpx.Client, body: str) -> None:
    assert client.post(f"{server.origin}/control/faults", content=body).status_code == 400
    assert server.faults == ()


def from_the_script(path: str, *options: str, params: dict[str, int | str] | None = None) -> httpx.Response:
    """The answer of a server that ran as a script and ended by itself."""
    command = [sys.executable, str(Path(demo_server.__file__)), "--now", NOON.isoformat(), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own script
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            answer = httpx.get(f"{url}/{path}", headers=HEADERS, params=params, trust_env=False)
        except BaseException:
            process.kill()
            raise
        assert process.communicate()[0] == ""
    assert process.returncode == 0
    return answer


def test_the_script_serves_until_its_stdin_is_closed() -> None:
    answer = from_the_script("organization/projects", "--seed", "3")
    expected = [project.id for project in Organization(3, lambda: NOON).projects if not project.archived_at]
    assert [project["id"] for project in answer.json()["data"]] == expected


@pytest.mark.parametrize(
    ("path", "option"),
    [("organization/usage/decisions", "--no-decisions"), ("organization/spend_limit", "--no-limits")],
)
def test_the_script_knows_the_variants(path: str, option: str) -> None:
    assert from_the_script(path, option, params={"start_time": START} if "usage" in path else None).status_code == 404


def test_the_script_serves_the_large_organisation() -> None:
    assert from_the_script("organization/users", "--large", params={"limit": 100}).json()["has_more"] is True


def test_the_script_knows_the_endpoints_of_2023() -> None:
    day: dict[str, int | str] = {"date": "2026-11-19"}
    assert "n_context" in from_the_script("usage", "--era", "2023", params=day).json()["data"][0]
    assert from_the_script("usage", "--requests-per-minute", "0", params=day).status_code == 429
    assert from_the_script("usage", "--gateway", params=day).status_code == 404
