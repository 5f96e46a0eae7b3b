"""The demo's projects, API keys, people and budgets, as the real API lists them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage.demo import DEMO_KEY
from openai_usage.demo.api import Api, Request
from openai_usage.demo.organization import Organization

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
ORGANIZATION = Organization(now=lambda: NOW)
LARGE = Organization.large(now=lambda: NOW)
IDS = {project.name: project.id for project in ORGANIZATION.projects}

SUPPORT, DOCUMENTS, EVALUATION = (
    f"projects/{IDS[name]}" for name in ("Support assistant", "Document search", "Nightly evaluation")
)
VOICE, ARCHIVED = (f"projects/{IDS[name]}" for name in ("Voice notes", "Prototypes"))

Json = dict[str, Any]


def ask(path: str, *params: tuple[str, object], of: Organization = ORGANIZATION) -> tuple[int, Json]:
    """Status and body."""
    request = Request("GET", f"/v1/organization/{path}", urlencode(params), f"Bearer {DEMO_KEY}")
    response = Api(of).answer(request)
    return response.status, json.loads(response.body)


def get(path: str, *params: tuple[str, object], of: Organization = ORGANIZATION) -> Json:
    status, body = ask(path, *params, of=of)
    assert status == 200, body
    return body


def listed(path: str, *params: tuple[str, object], of: Organization = ORGANIZATION) -> Iterator[Json]:
    """What is on all pages."""
    body = get(path, *params, of=of)
    while True:
        assert body["object"] == "list"
        ids = [each["id"] for each in body["data"]]
        assert (body["first_id"], body["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
        yield from body["data"]
        if not body["has_more"]:
            return
        body = get(path, *params, ("after", body["last_id"]), of=of)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("projects", "object id created_at name archived_at status external_key_id residency"),
        (SUPPORT, "object id created_at name archived_at status external_key_id residency"),
        (
            f"{SUPPORT}/api_keys",
            "object id name redacted_value created_at last_used_at expires_at owner_project_access owner",
        ),
        (f"{SUPPORT}/service_accounts", "object id name role created_at"),
        (f"{SUPPORT}/users", "object id name email role added_at"),
        ("users", "object id name email role added_at is_service_account"),
        ("spend_limit", "object threshold_amount currency interval enforcement"),
        (f"{SUPPORT}/spend_limit", "object threshold_amount currency interval enforcement"),
        ("spend_alerts", "id object threshold_amount currency interval notification_channel"),
        (f"{SUPPORT}/spend_alerts", "id object threshold_amount currency interval notification_channel"),
    ],
)
def test_objects_have_their_fields(path: str, fields: str) -> None:
    body = get(path)
    objects = body["data"] if body["object"] == "list" else [body]
    assert objects
    for each in objects:
        assert set(each) == set(fields.split())


@pytest.mark.parametrize(
    "path",
    ["projects", "users", "spend_limit", "spend_alerts", SUPPORT]
    + [f"{SUPPORT}/{name}" for name in ("api_keys", "service_accounts", "users", "rate_limits", "spend_limit")],
)
def test_a_project_key_lacks_the_scope(path: str) -> None:
    key = "sk-proj-" + "x" * 40
    response = Api(ORGANIZATION).answer(Request("GET", f"/v1/organization/{path}", "", f"Bearer {key}"))
    assert response.status == 403
    assert "Missing scopes: api.management.read." in json.loads(response.body)["error"]["message"]


@pytest.mark.parametrize(
    ("path", "params", "param", "code", "message"),
    [
        ("projects", ("limit", 101), None, "invalid_request_error", "less than or equal to 100."),
        ("projects", ("limit", 0), None, "invalid_request_error", "greater than or equal to 1."),
        ("projects", ("after", "proj_x"), "after", "invalid_request_error", "No such project: 'proj_x'."),
        ("projects", ("include_archived", "1"), "include_archived", "invalid_value", "'true' and 'false'"),
        ("projects", ("order", "asc"), "order", "unknown_parameter", "Unknown parameter: 'order'."),
        ("projects", ("before", "proj_x"), "before", "unknown_parameter", "Unknown parameter: 'before'."),
        (SUPPORT, ("limit", 1), "limit", "unknown_parameter", "Unknown parameter: 'limit'."),
        ("users", ("after", "user-x"), "after", "invalid_request_error", "No such user: 'user-x'."),
        (
            f"{SUPPORT}/api_keys",
            ("owner_project_access", "all"),
            "owner_project_access",
            "invalid_value",
            "'active', 'inactive' and 'any'",
        ),
        (
            f"{SUPPORT}/rate_limits",
            ("before", "rl-x"),
            "before",
            "invalid_request_error",
            "No such rate limit: 'rl-x'.",
        ),
        ("spend_alerts", ("order", "up"), "order", "invalid_value", "'asc' and 'desc'"),
        (f"{ARCHIVED}/service_accounts", ("limit", 5), None, "invalid_request_error", "is archived"),
        (f"{ARCHIVED}/users", ("limit", 5), None, "invalid_request_error", "is archived"),
    ],
)
def test_a_wrong_question(path: str, params: tuple[str, object], param: str | None, code: str, message: str) -> None:
    status, body = ask(path, params)
    assert status == 400
    error = body["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert message in error["message"]


@pytest.mark.parametrize(
    "name", ["", "/api_keys", "/service_accounts", "/users", "/rate_limits", "/spend_limit", "/spend_alerts", "/budget"]
)
def test_what_is_not_there(name: str) -> None:
    status, body = ask(f"projects/proj_x{name}")
    assert status == 404
    assert set(body["error"]) == {"message", "type", "param", "code"}


def test_projects() -> None:
    assert [(project["name"], project["status"]) for project in get("projects")["data"]] == [
        ("Support assistant", "active"),
        ("Document search", "active"),
        ("Nightly evaluation", "active"),
        ("Marketing images", "active"),
        ("Voice notes", "active"),
    ]
    everything = get("projects", ("include_archived", "true"))["data"]
    assert len(everything) == 7
    assert [project["archived_at"] for project in everything if project["status"] == "archived"] == [
        1_772_150_400,
        1_756_684_800,
    ]
    for project in everything:
        assert get(f"projects/{project['id']}") == project


@given(limit=st.integers(1, 100), path=st.sampled_from(["projects", "users", "spend_alerts", f"{SUPPORT}/rate_limits"]))
@settings(max_examples=30)
def test_pages_of_any_length_give_the_same_objects(limit: int, path: str) -> None:
    assert list(listed(path, ("limit", limit))) == list(listed(path))


def test_pages_backwards() -> None:
    forwards = [each["id"] for each in listed(f"{SUPPORT}/rate_limits")]
    assert len(forwards) > 5
    page = get(f"{SUPPORT}/rate_limits", ("before", forwards[4]), ("limit", 3))
    assert ([each["id"] for each in page["data"]], page["has_more"]) == (forwards[1:4], True)
    page = get(f"{SUPPORT}/rate_limits", ("before", forwards[2]), ("limit", 3))
    assert ([each["id"] for each in page["data"]], page["has_more"]) == (forwards[:2], False)


def test_after_the_last_there_is_nothing() -> None:
    last = get("projects")["last_id"]
    body = get("projects", ("after", last))
    assert body == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def keys(project: str, access: str | None) -> dict[str, Json]:
    params = [] if access is None else [("owner_project_access", access)]
    return {key["id"]: key for key in listed(f"{project}/api_keys", *params)}


def test_some_keys_are_only_shown_to_who_asks_for_any() -> None:
    for project in (SUPPORT, EVALUATION, VOICE):
        everything = keys(project, "any")
        active, inactive = keys(project, "active"), keys(project, "inactive")
        assert everything.keys() == active.keys() | inactive.keys()
        assert active.keys().isdisjoint(inactive)
        assert {key["owner_project_access"] for key in inactive.values()} <= {"inactive"}
    assert [key["name"] for key in keys(EVALUATION, "inactive").values()] == ["Spare"]
    assert keys(EVALUATION, None).keys() == keys(EVALUATION, "active").keys()
    # Its owner has access, without being listed in the project.
    assert [key["name"] for key in keys(VOICE, None).values()] == ["Dictation"]
    assert [key["name"] for key in keys(VOICE, "active").values()] == ["Voice app", "Dictation"]


def test_keys_of_both_kinds_of_owners_and_in_both_forms() -> None:
    everything = [key for project in IDS.values() for key in keys(f"projects/{project}", "any").values()]
    assert 10 <= len(everything) == len({key["id"] for key in everything}) <= 14
    assert {key["owner"]["type"] for key in everything} == {"user", "service_account"}
    for key in everything:
        owner = key["owner"][key["owner"]["type"]]
        assert set(owner) == {"id", "name", "created_at", "role"} | (
            {"email"} if key["owner"]["type"] == "user" else set()
        )
        assert key["created_at"] <= (key["last_used_at"] or NOW.timestamp()) <= NOW.timestamp()
    short = [key for key in everything if "..." in key["redacted_value"]]
    assert 2 <= len(short) < len(everything) / 2
    for key in everything:
        if key not in short:
            assert set(key["redacted_value"][8:-4]) == {"*"}
            start, length = ("sk-svcac", 167) if key["owner"]["type"] == "service_account" else ("sk-proj-", 164)
            assert (key["redacted_value"][:8], len(key["redacted_value"])) == (start, length)
    assert [key["name"] for key in everything].count("") == 1
    assert [key["last_used_at"] for key in everything].count(None) == 1
    assert [key["expires_at"] for key in everything if key["expires_at"]] == [1_806_969_600]


def test_a_redacted_key_fits_its_secret() -> None:
    for project in ORGANIZATION.projects:
        for key in ORGANIZATION.roster.keys(ORGANIZATION.clock(), project.id):
            assert key.secret.startswith(key.redacted[:8])
            assert key.secret.endswith(key.redacted[-4:])
            assert len(key.redacted) in {len(key.secret), 15}


def test_people_and_service_accounts() -> None:
    users = list(listed("users"))
    assert [user["name"] for user in users] == ["Platform", "Research", "Support", "Marketing", None]
    assert [user["email"] for user in users if user["name"] is None] == ["finance@northwind.example"]
    assert [user["role"] for user in users] == ["owner", *["reader"] * 4]
    chosen = listed("users", ("emails[]", "research@northwind.example"), ("emails[]", "nobody@northwind.example"))
    assert [user["name"] for user in chosen] == ["Research"]
    assert [user["name"] for user in listed(f"{DOCUMENTS}/users")] == ["Platform", "Research", None]
    accounts = [list(listed(f"{project}/service_accounts")) for project in (SUPPORT, DOCUMENTS, EVALUATION, VOICE)]
    assert [[account["name"] for account in each] for each in accounts] == [
        ["website-backend"],
        ["document-indexer"],
        ["evaluation-runner"],
        [],
    ]
    assert {user["id"] for user in users}.isdisjoint(account["id"] for each in accounts for account in each)


def test_rate_limits() -> None:
    limits = list(listed(f"{SUPPORT}/rate_limits"))
    for limit in limits:
        assert limit["object"] == "project.rate_limit"
        assert limit["id"] == f"rl-{limit['model']}"
        assert limit.keys() >= {"max_requests_per_1_minute", "max_tokens_per_1_minute"}
    assert any("max_images_per_1_minute" in limit for limit in limits)


def test_spend_limits_and_alerts_are_in_cents() -> None:
    assert get("spend_limit") == {
        "object": "organization.spend_limit",
        "threshold_amount": 25_000,
        "currency": "USD",
        "interval": "month",
        "enforcement": {"status": "enforcing"},
    }
    assert get(f"{SUPPORT}/spend_limit")["object"] == "project.spend_limit"
    assert ask(f"{DOCUMENTS}/spend_limit")[0] == 404
    assert [alert["threshold_amount"] for alert in listed("spend_alerts")] == [15_000, 20_000]
    assert [alert["threshold_amount"] for alert in listed("spend_alerts", ("order", "desc"))] == [20_000, 15_000]
    assert get("spend_alerts", ("limit", 0))["has_more"] is True
    (alert,) = listed(f"{SUPPORT}/spend_alerts")
    assert (alert["object"], alert["threshold_amount"]) == ("project.spend_alert", 7_000)
    assert alert["notification_channel"]["type"] == "email"
    assert list(listed(f"{DOCUMENTS}/spend_alerts")) == []


def test_an_account_without_limits() -> None:
    without = Organization(now=lambda: NOW, limits=False)
    for path in ("spend_limit", "spend_alerts", f"{SUPPORT}/spend_limit", f"{SUPPORT}/spend_alerts"):
        assert ask(path, of=without)[0] == 404


def test_long_lists() -> None:
    assert len(list(listed("users", ("limit", 100), of=LARGE))) == 250
    ids = [
        key["id"]
        for project in listed("projects", of=LARGE)
        for key in listed(f"projects/{project['id']}/api_keys", ("owner_project_access", "any"), of=LARGE)
    ]
    assert 550 < len(ids) == len(set(ids)) < 600
