"""A wrong setting is reported in a sentence and replaced by the default; nothing raises."""

import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import settings
from openai_usage.settings import KeyId, KeySource, KeyVariable, Settings, SourceChoice, Unit

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


VISIBLE = set(string.ascii_letters + string.digits + "._-")
"""What can stand in a header and in an address as it is."""


@given(
    json_values
    | st.fixed_dictionaries(
        {},
        optional={
            "refreshMinutes": json_values,
            "baseUrl": json_values,
            "monthlyBudget": json_values,
            "workspaceKey": json_values,
            "source": json_values | st.sampled_from(["auto", "organization", "legacy"]),
            "organization": json_values,
            "legacyUnit": json_values | st.sampled_from(["cents", "usd"]),
            "statusBar": json_values | st.fixed_dictionaries({}, optional={"scope": json_values}),
        },
    )
)
def test_nothing_raises_and_the_value_is_usable(raw: object) -> None:
    value, problems = settings.read(raw)
    assert value.refresh_minutes == 0 or 1 <= value.refresh_minutes <= 525_600
    assert value.monthly_budget is None or 0 < value.monthly_budget <= 10**12
    assert value.base_url is None or value.base_url.startswith(("http://", "https://"))
    assert all(problem.endswith(".") for problem in problems)
    assert value.workspace_key in {"auto", "off"} or isinstance(value.workspace_key, KeyId | KeyVariable)
    assert value.status_scope in {"organization", "workspaceKey", "both"}
    assert value.source in {"auto", "organization", "legacy"}
    assert value.legacy_unit in {"cents", "usd"}
    assert value.organization is None or set(value.organization) <= VISIBLE


@pytest.mark.parametrize("minutes", [0, 1, 5, 2.5, 1440])
def test_minutes_are_taken_over(minutes: float) -> None:
    assert settings.read({"refreshMinutes": minutes}) == (Settings(refresh_minutes=minutes), [])


@pytest.mark.parametrize(
    "minutes", [-1, 0.5, True, "5", [], float("nan"), float("inf"), pytest.param(10**400, id="huge")]
)
def test_other_minutes_are_reported_once(minutes: object) -> None:
    value, problems = settings.read({"refreshMinutes": minutes})
    assert value == Settings()
    assert len(problems) == 1
    assert "refreshMinutes" in problems[0]


@pytest.mark.parametrize(
    ("budget", "used"),
    [(250, "250"), (99.99, "99.99"), (0.1, "0.1"), (10**12, "1000000000000"), (0, None), (None, None), (0.0, None)],
)
def test_a_budget_is_taken_over_as_it_was_written(budget: object, used: str | None) -> None:
    value, problems = settings.read({"monthlyBudget": budget})
    assert value == Settings(monthly_budget=None if used is None else Decimal(used))
    assert problems == []


@pytest.mark.parametrize(
    "budget", [-1, True, "250", [250], float("nan"), float("inf"), 1e13, pytest.param(10**400, id="huge")]
)
def test_other_budgets_are_reported_once(budget: object) -> None:
    value, problems = settings.read({"monthlyBudget": budget})
    assert value == Settings()
    assert problems == ['"openaiUsage.monthlyBudget" has to be an amount, or 0 for none; it is not used.']


def test_each_setting_is_judged_by_itself() -> None:
    value, problems = settings.read({"refreshMinutes": "often", "monthlyBudget": 20, "baseUrl": "https://x/v1"})
    assert value == Settings(monthly_budget=Decimal(20), base_url="https://x/v1")
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://gateway.example/v1/", "https://gateway.example/v1"),
        (" http://127.0.0.1:8080/v1 ", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    ],
)
def test_an_address_is_taken_over_without_its_last_slash(url: str, used: str) -> None:
    assert settings.read({"baseUrl": url}) == (Settings(base_url=used), [])


@pytest.mark.parametrize(
    "url",
    [
        5,
        "api.openai.com/v1",
        "ftp://x/v1",
        "https://",
        "https://user:pw@x/v1",
        "https://x/v1?a=b",
        "https://x/#f",
        "https://x/v1?",
        "https://x/v1#",
        "http://api.openai.com/v1",
        "https://x:99999/v1",
        "https://x/v 1",
        "https://x/\nv1",
        "https://[x/v1",
    ],
)
def test_other_addresses_are_reported(url: object) -> None:
    value, problems = settings.read({"baseUrl": url})
    assert value.base_url is None
    assert len(problems) == 1
    assert "baseUrl" in problems[0]


def test_names_of_the_editor_s_own_are_left_alone() -> None:
    assert settings.read({"interpreter": "/x/python", "refreshMinutes": None, "baseUrl": ""}) == (Settings(), [])


def test_settings_that_are_no_settings_are_reported() -> None:
    assert settings.read(["no"])[1]
    assert settings.read(None) == (Settings(), [])


def test_the_address_in_the_environment() -> None:
    assert settings.read_base_url(None) == (None, [])
    assert settings.read_base_url(" ") == (None, [])
    assert settings.read_base_url("https://x/v1/") == ("https://x/v1", [])
    value, problems = settings.read_base_url("nonsense")
    assert value is None
    assert "OPENAI_BASE_URL" in problems[0]


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        (None, "auto"),
        ("", "auto"),
        ("auto", "auto"),
        (" off ", "off"),
        ("key_10xSzP3zPsz8zB5O", KeyId("key_10xSzP3zPsz8zB5O")),
        ("key_a-b_c", KeyId("key_a-b_c")),
        (".env:OPENAI_KEY", KeyVariable(".env", "OPENAI_KEY")),
        ("backend/.env.local:K2", KeyVariable("backend/.env.local", "K2")),
        ("some folder/.env:OPENAI_KEY", KeyVariable("some folder/.env", "OPENAI_KEY")),
        ("/home/me/ws/.env:OPENAI_KEY", KeyVariable("/home/me/ws/.env", "OPENAI_KEY")),
        ("C:\\ws\\.env:OPENAI_KEY", KeyVariable("C:\\ws\\.env", "OPENAI_KEY")),
        ("a:b/.env:OPENAI_KEY", KeyVariable("a:b/.env", "OPENAI_KEY")),
        ("backend/.env", KeyVariable("backend/.env", "OPENAI_API_KEY")),
        ("key_file.env", KeyVariable("key_file.env", "OPENAI_API_KEY")),
        ("secrets:OPENAI_KEY", KeyVariable("secrets", "OPENAI_KEY")),
    ],
)
def test_where_the_workspace_s_key_is(raw: object, source: KeySource) -> None:
    assert settings.read({"workspaceKey": raw}) == (Settings(workspace_key=source), [])


@pytest.mark.parametrize(
    "raw",
    [
        "Auto", "on", "OPENAI_API_KEY", ".env:", ":OPENAI_KEY", ":", ".env:1A", ".env:A B", ".env:A-B", ".env\n:A",
        ".env\0:A", "key_", "   ", 5, True, False, 0, [], ["auto"], {}, {"file": ".env"}, "sk-proj-" + "x" * 40,
        ".env:sk-proj-" + "x" * 40,
    ],
)  # fmt: skip
def test_another_place_is_reported_and_not_repeated(raw: object) -> None:
    """It could be the key itself, put where only its place belongs."""
    value, problems = settings.read({"workspaceKey": raw, "statusBar": {"scope": "organization"}})
    assert value == Settings(status_scope="organization")
    (problem,) = problems
    assert problem == (
        '"openaiUsage.workspaceKey" has to be auto, off, an API key id (key_…), or a file and a variable '
        "(.env:OPENAI_API_KEY); auto is used."
    )


@pytest.mark.parametrize(
    ("raw", "scope"),
    [
        (None, "both"),
        ({}, "both"),
        ({"other": 1}, "both"),
        ({"scope": None}, "both"),
        ({"scope": "both"}, "both"),
        ({"scope": "organization"}, "organization"),
        ({"scope": "workspaceKey"}, "workspaceKey"),
    ],
)
def test_whose_spend_the_status_bar_shows(raw: object, scope: str) -> None:
    value, problems = settings.read({"statusBar": raw})
    assert (value.status_scope, problems) == (scope, [])


@pytest.mark.parametrize(
    "raw", ["both", ["both"], 1, {"scope": "key"}, {"scope": 1}, {"scope": []}, {"scope": ["both"]}]
)
def test_another_scope_is_reported(raw: object) -> None:
    value, problems = settings.read({"statusBar": raw})
    assert value == Settings()
    assert problems == [
        '"openaiUsage.statusBar.scope" has to be one of organization, workspaceKey, both; both is used.'
    ]


@pytest.mark.parametrize("source", ["auto", "organization", "legacy"])
def test_what_is_read(source: SourceChoice) -> None:
    assert settings.read({"source": source}) == (Settings(source=source), [])


@pytest.mark.parametrize("unit", ["cents", "usd"])
def test_in_what_the_bill_of_2023_counts(unit: Unit) -> None:
    assert settings.read({"legacyUnit": unit}) == (Settings(legacy_unit=unit), [])


@pytest.mark.parametrize("name", ["source", "legacyUnit", "organization"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_left_empty_is_the_default(name: str, value: object) -> None:
    assert settings.read({name: value}) == (Settings(), [])


@pytest.mark.parametrize("value", ["Legacy", " legacy", 1, 0, True, False, [], ["legacy"], {}, {"legacy": 1}, "usd"])
def test_another_source_is_reported(value: object) -> None:
    assert settings.read({"source": value}) == (
        Settings(),
        ['"openaiUsage.source" has to be one of auto, organization, legacy; auto is used.'],
    )


@pytest.mark.parametrize("value", ["USD", "cent", "dollars", 100, 0, 0.01, False, [], ["usd"], {}, {"usd": 1}])
def test_another_unit_is_reported(value: object) -> None:
    assert settings.read({"legacyUnit": value}) == (
        Settings(),
        ['"openaiUsage.legacyUnit" has to be one of cents, usd; cents is used.'],
    )


@pytest.mark.parametrize("value", ["org-1672df2dc3f1622667ab9f8a", "northwind-labs", "user-x.y_z", "a", "a" * 100])
def test_whose_figures_are_meant(value: str) -> None:
    assert settings.read({"organization": value}) == (Settings(organization=value), [])
    assert settings.read({"organization": f" {value}\n"}) == (Settings(organization=value), [])


@pytest.mark.parametrize(
    "value",
    [
        "   ", "Northwind Labs", "org/../x", "..", ".", "-org", "org-1\r\nX-Evil: 1", "org-1\0", "órg", "a" * 101,
        "org?a", 5, 0, True, False, [], ["org-1"], {}, {"id": "org-1"},
    ],
)  # fmt: skip
def test_what_is_no_organization_is_reported_and_not_repeated(value: object) -> None:
    assert settings.read({"organization": value}) == (
        Settings(),
        ['"openaiUsage.organization" has to be an id such as org-…; it is not used.'],
    )


@pytest.mark.parametrize("key", ["sk-" + "x" * 40, "sk-proj-" + "x" * 40, "sk-admin-" + "x" * 40, "sess-" + "x" * 40])
def test_a_key_in_the_place_of_an_organization_is_not_sent(key: str) -> None:
    """It would stand in a header, in an address, and in the log of whoever gets it."""
    value, problems = settings.read({"organization": key})
    assert value == Settings()
    assert key not in "".join(problems)
    assert len(problems) == 1
