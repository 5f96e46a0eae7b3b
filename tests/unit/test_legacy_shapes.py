"""Every shape that the endpoints of 2023 were seen to answer with, and what is made of whatever else may come."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import money
from openai_usage.account import Credit, Organization, Subscription
from openai_usage.directory import ApiKey, Directory, Project, User
from openai_usage.endpoints import COSTS, USAGE
from openai_usage.openai_api import legacy
from openai_usage.openai_api.shapes import LARGEST_COUNT
from openai_usage.records import Record
from openai_usage.source import LEGACY

MAY_DAY = 1_682_899_200
"""2023-05-01."""
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def decoded(value: object) -> object:
    """As it comes from the network or a file."""
    return legacy.JSON.decode(json.dumps(value, default=str))


def told(record: Record) -> dict[str, object]:
    """A record without what is zero or not told."""
    fields = {name: value for name, value in zip(record.endpoint.fields, record.key, strict=True) if value is not None}
    metrics = zip(record.endpoint.metrics, record.numbers, strict=True)
    return {"of": record.endpoint.name, "start": record.start} | fields | {one.name: n for one, n in metrics if n}


ROW_2023: dict[str, Any] = {
    "aggregation_timestamp": MAY_DAY + 300,
    "n_requests": 3,
    "operation": "completion",
    "snapshot_id": "gpt-3.5-turbo-0301",
    "n_context": 3,
    "n_context_tokens_total": 412,
    "n_generated": 3,
    "n_generated_tokens_total": 96,
}
OF_2023: dict[str, Any] = {
    "object": "list",
    "data": [
        ROW_2023,
        ROW_2023 | {"snapshot_id": "text-embedding-ada-002-v2", "n_generated": 0, "n_generated_tokens_total": 0},
        ROW_2023 | {"snapshot_id": "text-moderation-004", "n_generated_tokens_total": 0},
    ],
    "ft_data": [],
    "dalle_api_data": [],
    "whisper_api_data": [],
    "current_usage_usd": 0.0,
}
ORGANIZATION: dict[str, Any] = {"organization_id": "org-made-up", "organization_name": "Fjord Labs"}
OF_EARLY_2024: dict[str, Any] = {
    "object": "list",
    "data": [
        {
            "organization_id": "org-made-up",
            "organization_name": "Fjord Labs",
            "aggregation_timestamp": MAY_DAY + 600,
            "n_requests": 1,
            "operation": "completion",
            "snapshot_id": "ft:gpt-3.5-turbo-0125:fjord:embedding-helper:abc:ckpt-step-84",
            "n_context_tokens_total": 20,
            "n_generated_tokens_total": 4,
            "user_id": "user-made-up",
            "api_key_id": "key_made_up",
            "api_key_name": "notebook",
            "api_key_redacted": "sk-...abc",
        },
        {
            **ORGANIZATION,
            "aggregation_timestamp": MAY_DAY + 900,
            "n_requests": 2,
            "operation": "completion",
            "snapshot_id": "gpt-4-0613",
            "n_context_tokens_total": 7,
            "n_generated_tokens_total": 0,
            "user_id": "user-made-up",
            "api_key_id": None,
            "api_key_name": None,
            "api_key_redacted": None,
        },
    ],
    "ft_data": [],
    "dalle_api_data": [],
    "whisper_api_data": [],
    "tts_api_data": [],
    "assistant_code_interpreter_data": [],
    "retrieval_storage_data": [],
}
KEY: dict[str, Any] = {
    **ORGANIZATION,
    "api_key_id": "key_made_up",
    "api_key_name": "server",
    "api_key_redacted": "sk-...xyz",
    "api_key_type": "project",
    "project_id": "proj_made_up",
    "project_name": "Search",
}
NO_KEY: dict[str, Any] = ORGANIZATION | dict.fromkeys(
    ("api_key_id", "api_key_name", "api_key_redacted", "api_key_type", "project_id", "project_name")
)
OF_LATE_2024: dict[str, Any] = {
    "object": "list",
    "data": [
        {
            **KEY,
            "aggregation_timestamp": MAY_DAY + 60,
            "n_requests": 5,
            "operation": "completion-realtime",
            "snapshot_id": "gpt-4o-realtime-preview-2024-10-01",
            "n_context_tokens_total": 100,
            "n_generated_tokens_total": 50,
            "n_cached_context_tokens_total": 64,
            "email": "ada@example.com",
            "request_type": "",
        },
        {
            **NO_KEY,
            "project_id": "Default Project",
            "aggregation_timestamp": MAY_DAY + 60,
            "n_requests": 1,
            "operation": "completion",
            "snapshot_id": "gpt-4o-search-preview",
            "n_context_tokens_total": 9,
            "n_generated_tokens_total": 1,
            "n_cached_context_tokens_total": 0,
            "email": None,
            "request_type": "",
        },
    ],
    "ft_data": [],
    "dalle_api_data": [
        {
            **KEY,
            "timestamp": MAY_DAY + 120,
            "num_images": 4,
            "num_requests": 2,
            "image_size": "1024x1024",
            "operation": "generations",
            "user_id": "ada@example.com",
            "model_id": "dall-e-3",
        }
    ],
    "whisper_api_data": [
        {
            **NO_KEY,
            "timestamp": MAY_DAY + 180,
            "model_id": "whisper-1",
            "num_seconds": 77,
            "num_requests": 1,
            "user_id": None,
        }
    ],
    "tts_api_data": [
        {
            **KEY,
            "timestamp": MAY_DAY,
            "model_id": "tts-1-hd",
            "num_characters": 1234,
            "num_requests": 3,
            "user_id": "ada@example.com",
        }
    ],
    "assistant_code_interpreter_data": [],
    "retrieval_storage_data": [],
    "tpm_data": [{"tokens": 5}],
}

WHO: dict[str, object] = {"project_id": "proj_made_up", "user_id": "ada@example.com", "api_key_id": "key_made_up"}


def key(name: str | None, redacted: str, project_id: str = "") -> ApiKey:
    return ApiKey("key_made_up", name, redacted, project_id, None, None, None)


def test_the_use_of_2023() -> None:
    use = legacy.use_of(decoded(OF_2023))
    at: dict[str, object] = {"start": MAY_DAY + 300, "input_tokens": 412, "num_model_requests": 3}
    assert [told(record) for record in use.records] == [
        {"of": "completions", "model": "gpt-3.5-turbo-0301", "output_tokens": 96} | at,
        {"of": "embeddings", "model": "text-embedding-ada-002-v2"} | at,
        {"of": "moderations", "model": "text-moderation-004"} | at,
    ]
    assert use.directory == Directory()
    assert use.organization is None
    assert not use.unread
    assert use.records or use.unread


def test_the_use_of_early_2024() -> None:
    use = legacy.use_of(decoded(OF_EARLY_2024))
    assert [told(record) for record in use.records] == [
        {
            "of": "completions",
            "start": MAY_DAY + 600,
            "user_id": "user-made-up",
            "api_key_id": "key_made_up",
            "model": "ft:gpt-3.5-turbo-0125:fjord:embedding-helper:abc:ckpt-step-84",
            "input_tokens": 20,
            "output_tokens": 4,
            "num_model_requests": 1,
        },
        {
            "of": "completions",
            "start": MAY_DAY + 900,
            "user_id": "user-made-up",
            "model": "gpt-4-0613",
            "input_tokens": 7,
            "num_model_requests": 2,
        },
    ]
    assert use.organization == Organization("org-made-up", "Fjord Labs")
    user = User("user-made-up", None, None)
    assert use.directory == Directory({}, {"key_made_up": key("notebook", "sk-...abc")}, {user.id: user})
    assert not use.unread


def test_the_use_of_late_2024() -> None:
    use = legacy.use_of(decoded(OF_LATE_2024))
    assert [told(record) for record in use.records] == [
        {
            "of": "completions",
            "start": MAY_DAY + 60,
            "model": "gpt-4o-realtime-preview-2024-10-01",
            "input_tokens": 100,
            "output_tokens": 50,
            "num_model_requests": 5,
            "input_cached_tokens": 64,
            "input_uncached_tokens": 36,
        }
        | WHO,
        {
            "of": "completions",
            "start": MAY_DAY + 60,
            "project_id": "Default Project",
            "model": "gpt-4o-search-preview",
            "input_tokens": 9,
            "output_tokens": 1,
            "num_model_requests": 1,
            "input_uncached_tokens": 9,
        },
        {
            "of": "images",
            "start": MAY_DAY + 120,
            "model": "dall-e-3",
            "size": "1024x1024",
            "source": "image.generation",
            "images": 4,
            "num_model_requests": 2,
        }
        | WHO,
        {
            "of": "audio_transcriptions",
            "start": MAY_DAY + 180,
            "model": "whisper-1",
            "seconds": 77,
            "num_model_requests": 1,
        },
        {
            "of": "audio_speeches",
            "start": MAY_DAY,
            "model": "tts-1-hd",
            "characters": 1234,
            "num_model_requests": 3,
        }
        | WHO,
    ]
    assert use.organization == Organization("org-made-up", "Fjord Labs")
    ada = User("ada@example.com", None, "ada@example.com")
    search = Project("proj_made_up", "Search", is_archived=False)
    default = Project("Default Project", None, is_archived=False)
    assert use.directory == Directory(
        {search.id: search, default.id: default},
        {"key_made_up": key("server", "sk-...xyz", "proj_made_up")},
        {ada.id: ada},
    )
    assert not use.unread


def test_all_that_is_read_can_be_shown() -> None:
    answers = (OF_2023, OF_EARLY_2024, OF_LATE_2024)
    assert all(record.endpoint in LEGACY.usage for one in answers for record in legacy.use_of(decoded(one)).records)


@pytest.mark.parametrize(
    ("model", "operation", "expected"),
    [
        ("gpt-4", "completion", "completions"),
        ("text-search-ada-doc-001", "completion", "embeddings"),
        ("text-similarity-davinci-001", "", "embeddings"),
        ("code-search-babbage-code-001", "", "embeddings"),
        ("ada-code-search-code", "", "embeddings"),
        ("curie-similarity", "", "embeddings"),
        ("text-embedding-3-small", "embeddings", "embeddings"),
        ("text-davinci-003", "", "completions"),
        ("ada", "embeddings", "embeddings"),
        ("gpt-4o-mini-search-preview-2025-03-11", "completion", "completions"),
        ("omni-moderation-2024-09-26", "", "moderations"),
        ("ft:gpt-4o-2024-08-06:moderation-team:embedding:abc", "completion", "completions"),
        ("davinci:ft-embedding-2023-03-01-10-00-00", "completion", "completions"),
        (None, "", "completions"),
    ],
)
def test_where_tokens_are_counted(model: str | None, operation: str, expected: str) -> None:
    row = ROW_2023 | {"snapshot_id": model, "operation": operation, "n_generated_tokens_total": 0}
    (record,) = legacy.use_of(decoded({"data": [row]})).records
    assert record.endpoint.name == expected


def test_what_generates_tokens_is_a_completion_whatever_its_name() -> None:
    (record,) = legacy.use_of(decoded({"data": [ROW_2023 | {"snapshot_id": "embedding-chat"}]})).records
    assert record.endpoint.name == "completions"
    assert told(record)["output_tokens"] == 96


def test_an_embedding_need_not_say_that_it_generates_nothing() -> None:
    row = ROW_2023 | {"snapshot_id": "text-embedding-ada-002"}
    del row["n_generated_tokens_total"]
    assert legacy.use_of(decoded({"data": [row]})).records[0].endpoint.name == "embeddings"
    assert legacy.use_of(decoded({"data": [row | {"snapshot_id": "gpt-4"}]})).unread == {"data": 1}


@pytest.mark.parametrize(
    ("operation", "source"),
    [("edits", "image.edit"), ("variations", "image.variation"), ("upscalings", "upscalings"), ("", None)],
)
def test_what_was_done_to_images(operation: str, source: str | None) -> None:
    row = OF_LATE_2024["dalle_api_data"][0] | {"operation": operation}
    (record,) = legacy.use_of(decoded({"dalle_api_data": [row]})).records
    assert told(record).get("source") == source


@pytest.mark.parametrize(
    "change",
    [
        {"aggregation_timestamp": None},
        {"aggregation_timestamp": 0},
        {"aggregation_timestamp": "2023-05-01"},
        {"aggregation_timestamp": MAY_DAY + 0.5},
        {"aggregation_timestamp": 10**13},
        {"n_requests": None},
        {"n_requests": -1},
        {"n_requests": 1.5},
        {"n_requests": True},
        {"n_requests": "1"},
        {"n_context_tokens_total": LARGEST_COUNT + 1},
        {"n_generated_tokens_total": "96"},
        {"n_cached_context_tokens_total": 413},
        {"n_cached_context_tokens_total": "none"},
    ],
)
def test_a_row_that_cannot_be_read_is_in_no_sum_and_is_told(change: dict[str, object]) -> None:
    use = legacy.use_of(decoded({"data": [ROW_2023, ROW_2023 | change]}))
    assert len(use.records) == 1
    assert use.unread == {"data": 1}


def test_lists_that_nobody_knows_are_told() -> None:
    row = {"timestamp": MAY_DAY, "num_sessions": 1}
    names = ("ft_data", "assistant_code_interpreter_data", "retrieval_storage_data", "video_api_data")
    use = legacy.use_of(decoded({"data": []} | {name: [row, 1] for name in names}))
    assert use.unread == dict.fromkeys(names, 2)
    assert use.records or use.unread


def test_an_endless_name_of_a_list_is_cut() -> None:
    (name,) = legacy.use_of(decoded({"data": [], "x" * 100_000 + "_data": [1]})).unread
    assert len(name) < 100


@pytest.mark.parametrize("value", [0, None, 12.0])
def test_numbers_as_some_servers_write_them(value: object) -> None:
    """12 as 12.0, and null for what is not counted."""
    row = ROW_2023 | {"aggregation_timestamp": MAY_DAY + 300.0, "n_cached_context_tokens_total": value}
    (record,) = legacy.use_of(decoded({"data": [row]})).records
    assert record.start == MAY_DAY + 300
    expected = {} if value is None else {"input_uncached_tokens": 412 - int(value)}  # type: ignore[call-overload]
    assert {name: n for name, n in told(record).items() if name == "input_uncached_tokens"} == expected
    assert all(type(number) is int for number in record.numbers)


@pytest.mark.parametrize(
    "answer", [{"object": "list", "data": []}, {"data": None}, {"object": None, "data": [], "tpm_data": [1]}]
)
def test_an_answer_without_rows_is_empty(answer: object) -> None:
    use = legacy.use_of(decoded(answer))
    assert not use.records
    assert not use.unread


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "data",
        {},
        {"daily_costs": [], "total_usage": 0},
        {"object": "list", "total_usage": 1234.5},
        {"object": "page", "data": [], "has_more": False},
        {"object": {}, "data": []},
        {"data": {}},
        {"data": [], "ft_data": 5},
        {"data": [], "new_data": "x"},
        {"new_data": []},
        {"error": {"message": "no", "type": "one_api_error"}},
    ],
)
def test_what_is_no_answer_of_usage(answer: object) -> None:
    with pytest.raises(ValueError, match=r"^\S"):
        legacy.use_of(decoded(answer))


def test_names_come_from_whichever_row_tells_them() -> None:
    nameless = dict.fromkeys(("api_key_name", "api_key_redacted", "project_name", "organization_name"))
    rows = [OF_LATE_2024["data"][0] | change for change in (nameless, {"api_key_redacted": None}, {})]
    use = legacy.use_of(decoded({"data": rows}))
    assert use.directory.api_keys == {"key_made_up": key("server", "sk-...xyz", "proj_made_up")}
    assert use.directory.projects == {"proj_made_up": Project("proj_made_up", "Search", is_archived=False)}
    assert use.organization == Organization("org-made-up", "Fjord Labs")
    assert legacy.use_of(decoded({"data": rows[1:2]})).directory.api_keys["key_made_up"].name == "server"


def test_a_user_with_an_id_and_an_address() -> None:
    rows = [
        OF_EARLY_2024["data"][0],
        OF_EARLY_2024["data"][0] | {"email": "ada@example.com"},
    ]
    use = legacy.use_of(decoded({"data": rows}))
    assert use.directory.users == {"user-made-up": User("user-made-up", None, "ada@example.com")}


def line(name: str, cost: object) -> dict[str, object]:
    return {"name": name, "cost": cost}


BILL_2023: dict[str, Any] = {
    "object": "list",
    "daily_costs": [
        {
            "timestamp": float(MAY_DAY),
            "line_items": [
                line("Instruct models", 0.0),
                line("Chat models", 79.68185),
                line("GPT-4", 3.6),
                line("Fine-tuned models", 0),
                line("Embedding models", 0.01),
                line("Image models", 4),
                line("Audio models", 0.0),
            ],
        },
        {"timestamp": MAY_DAY + 86_400, "line_items": [line("Chat models", 0), line("GPT-4", 0.0)]},
        {
            # From June 2023 on.
            "timestamp": MAY_DAY + 31 * 86_400,
            "line_items": [
                line("GPT-4", -1.5),
                line("Chat models", 1),
                line("InstructGPT", 2),
                line("Fine-tuning models", 3),
                line("Chat models", 1),
            ],
        },
    ],
    "total_usage": 92.79185,
}


def test_the_bill_of_2023() -> None:
    bill = legacy.bill_of(decoded(BILL_2023))
    june = MAY_DAY + 31 * 86_400
    assert [told(record) for record in bill.records] == [
        {"of": "costs", "start": start, "line_item": name, "currency": "usd", "amount": Decimal(amount)}
        for start, name, amount in [
            (MAY_DAY, "Chat models", "0.7968185"),
            (MAY_DAY, "GPT-4", "0.036"),
            (MAY_DAY, "Embedding models", "0.0001"),
            (MAY_DAY, "Image models", "0.04"),
            (june, "GPT-4", "-0.015"),
            (june, "Chat models", "0.01"),
            (june, "InstructGPT", "0.02"),
            (june, "Fine-tuning models", "0.03"),
            (june, "Chat models", "0.01"),
        ]
    ]
    assert bill.days == {date(2023, 5, 1), date(2023, 5, 2), date(2023, 6, 1)}
    assert bill.total == Decimal("0.9279185")
    assert bill.tells_days
    assert money.total(Decimal(record.numbers[0]) for record in bill.records) == bill.total


def test_a_bill_in_dollars() -> None:
    bill = legacy.bill_of(decoded({"daily_costs": None, "total_usage": 12.345}), "usd")
    assert bill.total == Decimal("12.345")


@pytest.mark.parametrize(
    ("answer", "total", "tells_days"),
    [
        ({"object": "list", "total_usage": 1234.5}, "12.345", False),
        ({"object": "list", "total_usage": 0}, "0", False),
        ({"daily_costs": None, "total_usage": 5}, "0.05", False),
        ({"daily_costs": [], "total_usage": 0}, "0", True),
        ({"daily_costs": [], "total_usage": 5}, "0.05", False),
        ({"daily_costs": [], "total_usage": "500.25"}, "5.0025", False),
        ({"daily_costs": []}, None, True),
        ({"daily_costs": [{"timestamp": MAY_DAY + 0.75, "line_items": None}], "total_usage": 5}, "0.05", True),
    ],
)
def test_a_sum_with_and_without_days(answer: object, total: str | None, tells_days: bool) -> None:
    bill = legacy.bill_of(decoded(answer))
    assert not bill.records
    assert bill.total == (None if total is None else Decimal(total))
    assert bill.tells_days is tells_days


def a_day(*items: object, timestamp: object = MAY_DAY) -> dict[str, object]:
    return {"daily_costs": [{"timestamp": timestamp, "line_items": list(items)}], "total_usage": 1}


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"object": "list"},
        {"daily_costs": {}},
        {"daily_costs": [1]},
        {"daily_costs": [{"timestamp": MAY_DAY}]},
        {"daily_costs": [{"line_items": []}]},
        {"total_usage": "much"},
        {"total_usage": "NaN"},
        {"total_usage": "1_000"},
        {"total_usage": True},
        {"total_usage": 10**30},
        a_day(1),
        a_day({"name": "Chat models"}),
        a_day(line("Chat models", None)),
        a_day(line("Chat models", "Infinity")),
        a_day(line("Chat models", "1e999999999999999999999999")),
        a_day(line("Chat models", "1" * 500)),
        a_day(timestamp="2023-05-01"),
        a_day(timestamp=-1.5),
        a_day(timestamp=1e300),
    ],
)
def test_what_is_no_bill(answer: object) -> None:
    with pytest.raises(ValueError, match=r"^\S"):
        legacy.bill_of(decoded(answer))


@pytest.mark.parametrize("number", ["1e400", "-1e999999999999999999999999", "1e-101", "0." + "1" * 200])
def test_a_number_beyond_everything_is_refused_where_it_is_needed(number: str) -> None:
    with pytest.raises(ValueError, match=r"^\S"):
        legacy.bill_of(legacy.JSON.decode('{"total_usage": ' + number + "}"))
    elsewhere = legacy.JSON.decode('{"total_usage": 1, "more": ' + number + "}")
    assert legacy.bill_of(elsewhere).total == Decimal("0.01")


SUBSCRIPTION: dict[str, Any] = {
    "object": "billing_subscription",
    "has_payment_method": True,
    "canceled": False,
    "canceled_at": None,
    "delinquent": None,
    "access_until": 1_688_083_200,
    "soft_limit": 1_333_334,
    "hard_limit": 2_000_000,
    "system_hard_limit": 2_000_000,
    "soft_limit_usd": 80.00004,
    "hard_limit_usd": 120.0,
    "system_hard_limit_usd": 120.0,
    "plan": {"title": "Pay-as-you-go", "id": "payg"},
    "account_name": "Fjord Labs",
    "po_number": None,
    "billing_email": None,
    "tax_ids": None,
    "billing_address": None,
    "business_address": None,
}
OF_A_GATEWAY: dict[str, Any] = {
    "object": "billing_subscription",
    "has_payment_method": True,
    "soft_limit_usd": 100000000,
    "hard_limit_usd": 100000000,
    "system_hard_limit_usd": 100000000,
    "access_until": 0,
}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            SUBSCRIPTION,
            Subscription(Decimal(120), datetime(2023, 6, 30, tzinfo=UTC)),
        ),
        (OF_A_GATEWAY, Subscription()),
        (OF_A_GATEWAY | {"hard_limit_usd": 12.5}, Subscription(hard_limit=Decimal("12.5"))),
        (OF_A_GATEWAY | {"hard_limit_usd": "12.5", "access_until": -1}, Subscription(hard_limit=Decimal("12.5"))),
        ({"system_hard_limit_usd": 5, "access_until": 10**15}, Subscription(hard_limit=Decimal(5))),
        ({"hard_limit_usd": None, "system_hard_limit_usd": 5}, Subscription(hard_limit=Decimal(5))),
        ({"hard_limit_usd": 0, "system_hard_limit_usd": 5}, Subscription(hard_limit=Decimal(0))),
        # The fields without `_usd` are in another unit.
        ({"object": "billing_subscription", "hard_limit": 2_000_000}, Subscription()),
        ({"object": "billing_subscription", "hard_limit_usd": 600_000_000}, Subscription(Decimal(600_000_000))),
    ],
)
def test_subscriptions(answer: object, expected: Subscription) -> None:
    assert legacy.subscription_of(decoded(answer)) == expected


@pytest.mark.parametrize("answer", [[], {}, {"hard_limit_usd": -1}, {"hard_limit": 5}])
def test_what_is_no_subscription(answer: object) -> None:
    with pytest.raises(ValueError, match=r"^\S"):
        legacy.subscription_of(decoded(answer))


def grant(used: float, expires_at: object) -> dict[str, object]:
    return {"object": "credit_grant", "grant_amount": 18, "used_amount": used, "expires_at": expires_at}


SOON, LATER, LONG_AGO = 1_800_000_000, 1_900_000_000, 1_680_307_200


@pytest.mark.parametrize(
    ("grants", "expiry"),
    [
        ([grant(1.85, LONG_AGO)], None),
        ([grant(1.85, LATER), grant(1.85, SOON), grant(18, SOON - 1), grant(0, None)], SOON),
        ([grant(1.85, float(SOON))], SOON),
        ([grant(18, SOON)], None),
        ([grant(1.85, SOON), {"id": "odd"}], None),
        ([], None),
        (None, None),
        ("odd", None),
    ],
)
def test_credit(grants: object, expiry: int | None) -> None:
    answer = {
        "object": "credit_summary",
        "total_granted": 18,
        "total_used": 1.85,
        "total_available": 16.15,
        "grants": {"object": "list", "data": grants},
    }
    moment = None if expiry is None else datetime.fromtimestamp(expiry, UTC)
    assert legacy.credit_of(decoded(answer), NOW) == Credit(Decimal(18), Decimal("1.85"), Decimal("16.15"), moment)


@pytest.mark.parametrize("missing", ["total_granted", "total_used", "total_available"])
def test_what_is_no_credit(missing: str) -> None:
    answer: dict[str, object] = {"total_granted": 18, "total_used": 1.85, "total_available": 16.15}
    changes: list[object] = [None, "x", []]
    for change in changes:
        with pytest.raises(ValueError, match=r"^\S"):
            legacy.credit_of(decoded(answer | {missing: change}))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {"id": "org-a", "title": "Fjord Labs", "personal": False, "is_default": True, "role": "owner"},
            Organization("org-a", "Fjord Labs", is_personal=False, is_default=True, role="owner"),
        ),
        (
            {"id": "org-a", "name": "fjord", "personal": True, "default": True},
            Organization("org-a", "fjord", is_personal=True, is_default=True),
        ),
        ({"id": "org-a", "title": 5, "role": []}, Organization("org-a")),
    ],
)
def test_organizations(answer: object, expected: Organization) -> None:
    assert legacy.organization_of(decoded(answer)) == expected


ADA: dict[str, Any] = {"id": "user-a", "name": "Ada", "email": "ada@example.com", "picture": None}


@pytest.mark.parametrize(
    "answer",
    [
        {"members": {"object": "list", "data": [{"object": "member", "role": "owner", "created": 1, "user": ADA}]}},
        {"members": [{"user": ADA}]},
        {"object": "list", "data": [{"user": ADA}, {"user": None, "invited": "bob@example.com"}]},
        {"data": [ADA]},
    ],
)
def test_members(answer: object) -> None:
    assert legacy.members_of(decoded(answer)) == [User("user-a", "Ada", "ada@example.com")]


@pytest.mark.parametrize("read", [legacy.organization_of, legacy.members_of])
@pytest.mark.parametrize("answer", [[], {}, {"id": ""}, {"members": {}}, {"data": [1]}, {"members": 5}])
def test_what_is_no_organization(read: Callable[[object], object], answer: object) -> None:
    with pytest.raises(ValueError, match=r"^\S"):
        read(decoded(answer))


def test_files_are_read_without_httpx() -> None:
    check = "import sys; from openai_usage.openai_api import legacy; legacy.use_of; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0  # noqa: S603 - our own words


# Properties.

COUNTS = st.integers(0, 10**15)
ROWS = st.fixed_dictionaries(
    {
        "aggregation_timestamp": st.integers(MAY_DAY, MAY_DAY + 86_399),
        "n_requests": COUNTS,
        "operation": st.sampled_from(["completion", "embeddings", "moderations", ""]),
        "snapshot_id": st.sampled_from(["gpt-4", "text-embedding-ada-002", "text-moderation-004", None]),
        "n_context_tokens_total": COUNTS,
        "n_generated_tokens_total": COUNTS | st.just(0),
    }
)


@given(st.lists(ROWS))
def test_sums_of_the_records_are_those_of_the_answer(rows: list[dict[str, Any]]) -> None:
    use = legacy.use_of(decoded({"data": rows}))
    assert not use.unread
    for name, wire in {
        "input_tokens": "n_context_tokens_total",
        "output_tokens": "n_generated_tokens_total",
        "num_model_requests": "n_requests",
    }.items():
        assert sum(int(str(told(record).get(name, 0))) for record in use.records) == sum(row[wire] for row in rows)


DIGITS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)


@given(st.lists(DIGITS.filter(lambda amount: not amount or amount.adjusted() >= -90)))
def test_cents_become_dollars_to_the_last_digit(amounts: list[Decimal]) -> None:
    items = ",".join(f'{{"name":"GPT-4","cost":{amount}}}' for amount in amounts)
    text = f'{{"daily_costs":[{{"timestamp":{MAY_DAY},"line_items":[{items}]}}]}}'
    bill = legacy.bill_of(legacy.JSON.decode(text))
    with money.exact():
        assert [Decimal(record.numbers[0]) * 100 for record in bill.records] == [one for one in amounts if one]
    assert bill.days == {date(2023, 5, 1)}
    in_dollars = legacy.bill_of(legacy.JSON.decode(text), "usd")
    assert [record.numbers[0] for record in in_dollars.records] == [one for one in amounts if one]


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(MAY_DAY, MAY_DAY * 2)
    | st.decimals()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([Decimal("1e999999"), Decimal("0e999999"), Decimal("sNaN"), 10**400, -(10**400)])
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["data", "daily_costs", "total_usage", "line_items", "members", "user", "id", "cost"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
READERS: list[Callable[[object], object]] = [
    legacy.use_of,
    legacy.bill_of,
    lambda value: legacy.bill_of(value, "usd"),
    legacy.subscription_of,
    legacy.credit_of,
    legacy.organization_of,
    legacy.members_of,
]
GOOD: list[object] = [
    OF_2023,
    OF_EARLY_2024,
    OF_LATE_2024,
    BILL_2023,
    {"object": "list", "total_usage": 1234.5},
    {"daily_costs": [], "total_usage": 0},
    SUBSCRIPTION,
    OF_A_GATEWAY,
    {
        "total_granted": 18,
        "total_used": 1.85,
        "total_available": 16.15,
        "grants": {"data": [grant(1.85, SOON), grant(0, None)]},
    },
    {"id": "org-a", "title": "Fjord Labs", "personal": False, "is_default": True, "role": "owner"},
    {"members": {"data": [{"user": ADA}]}},
]


def check(value: object) -> None:
    for read in READERS:
        try:
            found = read(value)
        except ValueError as error:
            text = str(error)
            assert text
            assert "\n" not in text
            assert len(text) < 200
            continue
        if isinstance(found, legacy.Use | legacy.Bill):
            for record in found.records:
                assert len(record.key) == len(record.endpoint.fields)
                assert len(record.numbers) == len(record.endpoint.metrics)
                assert all(part is None or part for part in record.key)
                assert {str, type(None)}.issuperset(map(type, record.key))
                datetime.fromtimestamp(record.start, UTC)
        if isinstance(found, legacy.Use):
            assert all(record.endpoint in USAGE for record in found.records)
            numbers = [number for record in found.records for number in record.numbers]
            assert all(type(number) is int and 0 <= number <= LARGEST_COUNT for number in numbers)
            assert all(count > 0 for count in found.unread.values())
        if isinstance(found, legacy.Bill):
            assert all(record.endpoint is COSTS for record in found.records)
            for amount in [*(number for record in found.records for number in record.numbers), found.total or 0]:
                money.accept(Decimal(amount))


@given(JSON_VALUES)
def test_whatever_comes_is_read_or_refused(value: object) -> None:
    check(value)


def places(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, one in inner for place in places(one, (*at, name)))]


def changed(value: Any, at: tuple[str | int, ...], how: str, new: object) -> Any:  # noqa: ANN401 - any JSON
    """A copy in which the node at `at` is dropped, duplicated or replaced."""
    if not at:
        return new if how == "replace" else value
    first, rest = at[0], at[1:]
    copy = value.copy()
    if rest:
        copy[first] = changed(value[first], rest, how, new)
    elif how == "drop":
        del copy[first]
    elif how == "replace":
        copy[first] = new
    elif isinstance(copy, list):
        copy.insert(int(first), copy[int(first)])
    else:
        copy[f"{first}_data"] = copy[first]
    return copy


@given(st.data())
def test_answers_with_something_odd_in_them_are_read_or_refused(data: st.DataObject) -> None:
    value = decoded(data.draw(st.sampled_from(GOOD)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.sampled_from(places(value)))
        value = changed(value, at, data.draw(st.sampled_from(["drop", "replace", "duplicate"])), data.draw(JSON_VALUES))
    check(value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_stands_in_a_file_is_read_or_refused(text: bytes) -> None:
    try:
        value = legacy.JSON.decode(text)
    except ValueError:
        return
    check(value)
