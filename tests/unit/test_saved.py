"""What people saved: every format with its exact figures, files that overlap, and anything else without an error."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage import export, money, report, saved
from openai_usage.account import Credit, Organization, Subscription
from openai_usage.days import midnight
from openai_usage.directory import ApiKey, Project, User
from openai_usage.endpoints import COSTS, USAGE, Endpoint
from openai_usage.protocol import Selection
from openai_usage.records import Record
from openai_usage.saved import Problem, Reason, Saved, reading
from openai_usage.scope import FIRST_SELECTION, merged, scope
from openai_usage.source import LEGACY
from openai_usage.spreadsheet import as_it_was, harmless
from tests.support.figures import NOW, TODAY, Figures

BY_NAME = {endpoint.name: endpoint for endpoint in (COSTS, *USAGE)}
COMPLETIONS = BY_NAME["completions"]

DAY = date(2026, 9, 7)
START = midnight(DAY)
_SPAN = "start_time,end_time,start_time_iso,end_time_iso"
COST_COLUMNS = (
    f"{_SPAN},amount_value,amount_currency,quantity,quantity_unit,line_item,user_id,api_key_id,project_id,"
    "organization_id,project_name,organization_name,user_email,api_source"
)
USE_COLUMNS = (
    f"{_SPAN},project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,"
    "input_cached_tokens"
)


def span(day: date = DAY, second: int = 0, length: int = 86_400) -> str:
    """The four columns of time, as an export has them."""
    start = midnight(day) + second
    return f"{start},{start + length},{day.isoformat()}T00:00:00+00:00,"


def csv_of(header: str, *rows: str) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def cost(amount: str, line_item: str = "", project: str = "", day: date = DAY) -> str:
    """A row of a cost export."""
    unit = "usd" if amount else ""
    return f'{span(day)},{amount},{unit},,,"{line_item}",,,{project},org-made-up,,Northwind,,'


def use(tokens: int, model: str = "gpt-5", project: str = "", day: date = DAY, second: int = 0) -> str:
    """A row of a completions export."""
    length = 60 if second else 86_400
    return f"{span(day, second, length)},{project},1,,,{model},,,{tokens},{2 * tokens},"


def read(*files: tuple[str, bytes | str | object]) -> Saved:
    """Files whose content is bytes, text, or what JSON is made of."""
    return saved.read([(name, content_of(content)) for name, content in files])


def content_of(content: object) -> bytes:
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


def row(record: Record) -> dict[str, Any]:
    """What is told of a record."""
    endpoint = record.endpoint
    numbers = zip((metric.name for metric in endpoint.metrics), record.numbers, strict=True)
    fields = zip(endpoint.fields, record.key, strict=True)
    return {name: value for name, value in (*fields, *numbers) if value}


def rows(records: Iterable[Record]) -> "Counter[tuple[str, int, Any, Any]]":
    return Counter((one.endpoint.name, one.start, one.key, one.numbers) for one in records)


def billed(found: Saved) -> Decimal:
    return money.total(Decimal(one.numbers[0]) for one in found.costs)


def used(found: Saved, metric: str = "input_tokens", endpoint: Endpoint = COMPLETIONS) -> int:
    column = endpoint.column(metric)
    return sum(int(one.numbers[column]) for one in found.usage if one.endpoint is endpoint)


def reasons(found: Saved) -> dict[Reason, int]:
    counts: Counter[Reason] = Counter()
    for problem in found.problems:
        counts[problem.reason] += problem.count
    return dict(counts)


# The answers of 2023.

USE_OF_A_DAY = {
    "object": "list",
    "data": [
        {"aggregation_timestamp": START + 300, "n_requests": 2, "operation": "completion", "snapshot_id": "gpt-4-0613",
         "n_context_tokens_total": 100, "n_generated_tokens_total": 20, "organization_id": "org-made-up",
         "organization_name": "Northwind", "api_key_id": "key_a", "api_key_name": "Website",
         "api_key_redacted": "sk-...abc", "project_id": "proj_a", "project_name": "Support",
         "email": "ada@example.com"},
        {"aggregation_timestamp": START + 600, "n_requests": "many"},
    ],
    "ft_data": [],
    "dalle_api_data": [{"timestamp": START + 900, "num_images": 3, "num_requests": 1, "image_size": "1024x1024",
                        "operation": "generations", "model_id": "dall-e-3"}],
    "current_usage_usd": 0.0,
}  # fmt: skip
A_ROW: list[dict[str, Any]] = USE_OF_A_DAY["data"][:1]  # type: ignore[index] # a list
EMPTY_USE = {"object": "list", "data": [], "ft_data": [], "dalle_api_data": [], "whisper_api_data": []}
BILL_OF_2023 = {
    "object": "list",
    "daily_costs": [
        {"timestamp": START, "line_items": [{"name": "Chat models", "cost": 79.68185}, {"name": "GPT-4", "cost": 0}]},
        {"timestamp": START + 86_400.0, "line_items": [{"name": "GPT-4", "cost": -10}]},
        {"timestamp": START + 2 * 86_400, "line_items": []},
    ],
    "total_usage": 69.68185,
}


def test_use_of_2023() -> None:
    found = read(("day.json", USE_OF_A_DAY))
    completion, images = found.usage
    assert (completion.start, row(completion)) == (
        START + 300,
        {"project_id": "proj_a", "user_id": "ada@example.com", "api_key_id": "key_a", "model": "gpt-4-0613",
         "input_tokens": 100, "output_tokens": 20, "num_model_requests": 2},
    )  # fmt: skip
    assert row(images) == {
        "model": "dall-e-3", "size": "1024x1024", "source": "image.generation", "images": 3, "num_model_requests": 1,
    }  # fmt: skip
    assert dict(found.usage_days) == {endpoint: frozenset({DAY}) for endpoint in LEGACY.usage}
    assert found.organization == Organization("org-made-up", "Northwind")
    assert found.directory.projects == {"proj_a": Project("proj_a", "Support", is_archived=False)}
    assert found.directory.api_keys == {"key_a": ApiKey("key_a", "Website", "sk-...abc", "proj_a", None, None, None)}
    assert found.problems == [Problem("day.json", Reason.UNREAD_ROWS, 1)]
    assert found.read == ["day.json"]
    assert not found.directory.is_whole


def test_an_empty_day_is_known_by_the_name_of_its_file() -> None:
    found = read(("usage-2024-03-01.json", EMPTY_USE), ("x/usage_20240302.json", EMPTY_USE), ("usage.json", EMPTY_USE))
    assert found.usage_days[COMPLETIONS] == {date(2024, 3, 1), date(2024, 3, 2)}
    assert found.problems == [Problem("usage.json", Reason.NO_DAY)]
    assert read(("usage-2024-03-01-2024-03-31.json", EMPTY_USE)).usage_days == {}, "a month is no day"


def test_the_bill_of_2023() -> None:
    found = read(("bill.json", BILL_OF_2023))
    assert [(one.start, row(one)) for one in found.costs] == [
        (START, {"line_item": "Chat models", "currency": "usd", "amount": Decimal("0.7968185")}),
        (START + 86_400, {"line_item": "GPT-4", "currency": "usd", "amount": Decimal("-0.1")}),
    ]
    assert found.cost_days == {DAY + timedelta(days=ahead) for ahead in range(3)}
    assert found.bill_by == {"line_item"}, "groups of models name none"
    assert found.one_sum is None
    in_dollars = saved.read([("bill.json", content_of(BILL_OF_2023))], unit="usd")
    assert billed(in_dollars) == Decimal("69.68185")


def test_an_account_of_2023() -> None:
    found = read(
        ("sum.json", {"object": "list", "total_usage": 1234}),
        ("subscription.json", {"object": "billing_subscription", "hard_limit_usd": 120.5, "soft_limit_usd": 96,
                               "plan": {"title": "Pay-as-you-go", "id": "payg"}, "account_name": "Northwind"}),
        ("credit.json", {"object": "credit_summary", "total_granted": 18, "total_used": 1.85,
                         "total_available": 16.15}),
        ("organization.json", {"object": "organization", "id": "org-made-up", "title": "Northwind", "personal": False,
                               "is_default": True, "role": "owner"}),
        ("users.json", {"members": {"data": [{"object": "organization_user", "role": "owner", "user": {
            "object": "user", "id": "user-made-up", "name": "Ada", "email": "ada@example.com"}}]}}),
        ("rows.json", USE_OF_A_DAY),
    )  # fmt: skip
    assert found.one_sum == Decimal("12.34")
    assert found.subscription == Subscription(Decimal("120.5"))
    assert found.credit == Credit(Decimal(18), Decimal("1.85"), Decimal("16.15"))
    assert found.organization == Organization("org-made-up", "Northwind", is_default=True, role="owner")
    assert found.directory.users["user-made-up"] == User("user-made-up", "Ada", "ada@example.com")
    assert reasons(found) == {Reason.UNREAD_ROWS: 1}


def test_of_what_there_is_one_the_last_holds() -> None:
    found = read(("a.json", {"total_usage": 100}), ("b.json", {"total_usage": 300}), ("c.json", {"total_usage": 3e2}))
    assert found.one_sum == 3
    assert found.problems == [Problem("a.json", Reason.REPLACED)]


def test_files_of_two_organizations_are_of_none() -> None:
    some = [{"object": "organization", "id": f"org-{name}", "title": name} for name in "ab"]
    assert read(("a.json", some[0])).organization == Organization("org-a", "a")
    found = read(("a.json", some[0]), ("b.json", some[1]), ("c.json", some[0] | {"role": "owner"}))
    assert found.organization is None
    assert found.problems == [Problem("", Reason.SEVERAL_ORGANIZATIONS, about=("a", "b"))]
    named = read(("a.json", {"id": "org-1", "title": "A"}), ("b.json", {"id": "org-2", "title": "A"}))
    assert [problem.about for problem in named.problems] == [("A org-1", "A org-2")]


def test_rows_of_two_organizations_are_said_to_be() -> None:
    other = [{**one, "organization_id": "org-other", "organization_name": None} for one in A_ROW]
    found = read(("a.json", {"data": A_ROW}), ("b.json", {"data": other}))
    assert Problem("", Reason.SEVERAL_ORGANIZATIONS, about=("Northwind", "org-other")) in found.problems


@pytest.mark.parametrize(
    ("total", "is_said"),
    [
        ("69.68185", False),
        ("70.18184", False),
        ("70.18185", True),
        ("69.18185", True),
        ("99900", True),
        ("0", True),
    ],
)
def test_a_total_that_is_not_what_the_days_come_to(total: str, is_said: bool) -> None:
    text = json.dumps(BILL_OF_2023 | {"total_usage": "TOTAL"}).replace('"TOTAL"', total)
    found = read(("bill.json", text))
    told = money.plain(Decimal(total).scaleb(-2))
    expected = [Problem("bill.json", Reason.OTHER_TOTAL, about=("0.6968185", told))]
    assert found.problems == (expected if is_said else [])
    assert billed(found) == Decimal("0.6968185")


def test_amounts_that_are_read_as_dollars_are_said_to_be() -> None:
    files = [("bill.json", content_of(BILL_OF_2023))]
    assert saved.read([("rows.csv", COSTS_2026)], unit="usd").problems == []
    assert saved.read(files, unit="usd").problems == [Problem("bill.json", Reason.IN_DOLLARS)]
    assert saved.read(files, unit="cents").problems == []
    (one_sum,) = saved.read([("sum.json", b'{"total_usage": 5}')], unit="usd").problems
    assert one_sum.reason is Reason.IN_DOLLARS


def test_known_answers_with_something_in_them_that_cannot_be_read() -> None:
    answers: list[object] = [
        {"daily_costs": [{"timestamp": START, "line_items": [{"name": "x", "cost": "12,5"}]}], "total_usage": 12.5},
        {"daily_costs": [{"timestamp": "soon", "line_items": []}]},
        {"total_usage": "much"},
        {"total_granted": 1, "total_used": "x", "total_available": 1},
        {"object": "billing_subscription", "hard_limit_usd": "none"},
        {"object": "page", "data": "x"},
        {"members": {"data": [{"no": "id"}]}},
        {"object": "organization", "id": 5},
        {"object": "list", "data": "x"},
        {"period": "May", "usage": [{"date": "2026-09-07", "capability": "completions", "input_tokens": 1,
                                     "output_tokens": 1, "num_model_requests": 1}]},
    ]  # fmt: skip
    for number, answer in enumerate(answers):
        found = read((f"{number}.json", answer))
        assert found.problems == [Problem(f"{number}.json", Reason.UNREAD_ANSWER)], answer
        assert found.read == [], answer
    strangers: list[object] = [{"title": "Shopping"}, {"object": "chat", "data": []}, {"plan": "x"}, {}, {"id": "x"}]
    for stranger in strangers:
        assert read(("a.json", stranger)).problems == [Problem("a.json", Reason.UNKNOWN)], stranger


def test_what_should_be_json_and_is_none() -> None:
    for name in ("notes.json", "NOTES.JSONL"):
        assert reasons(read((name, "milk, bread"))) == {Reason.BROKEN_JSON: 1}
    assert reasons(read(("number.json", "42"))) == {Reason.UNKNOWN: 1}
    table = read(("cost.json", COSTS_2026))
    assert (len(table.costs), table.problems) == (2, []), "a table is one, whatever it is called"


def test_a_name_that_tells_another_day_than_the_rows() -> None:
    found = read(("usage-2024-03-01.json", {"data": A_ROW}))
    assert found.problems == [Problem("usage-2024-03-01.json", Reason.OTHER_DAY, about=("2026-09-07",))]
    assert found.usage_days[COMPLETIONS] == {DAY}
    assert read(("usage-2026-09-07.json", {"data": A_ROW})).problems == []
    assert read(("saved-2026-10-01.json", BILL_OF_2023)).problems == [], "of many days, it is that of the saving"


# The organisation API.


def page(*buckets: tuple[int, Sequence[object]], length: int = 86_400) -> dict[str, object]:
    return {
        "object": "page",
        "data": [
            {"object": "bucket", "start_time": start, "end_time": start + length, "results": results}
            for start, results in buckets
        ],
        "has_more": False,
        "next_page": None,
    }


def result(endpoint: Endpoint, **members: object) -> dict[str, object]:
    others = {"file_search_calls": "usage.file_searches", "web_search_calls": "usage.web_searches", "costs": "costs"}
    return {"object": f"organization.{others.get(endpoint.name, f'usage.{endpoint.name}')}.result", **members}


def test_pages_of_costs() -> None:
    text = json.dumps(
        page(
            (START, [
                result(COSTS, amount={"value": "AMOUNT", "currency": "USD"}, line_item="gpt-5, input",
                       project_id="proj_a", project_name="Support", quantity=7.5, quantity_unit="tokens"),
                result(COSTS, amount={"value": "0E-6176", "currency": "usd"}),
                result(COSTS, amount=None, line_item="free"),
                result(COSTS, amount={"value": 1, "currency": "eur"}),
            ]),
            (START + 86_400, []),
        )
    ).replace('"AMOUNT"', "0.1234567890123456789012345678901234")  # fmt: skip
    found = read(("costs.json", text))
    assert [row(one) for one in found.costs] == [
        {"project_id": "proj_a", "line_item": "gpt-5, input", "currency": "usd", "quantity_unit": "tokens",
         "amount": Decimal("0.1234567890123456789012345678901234"), "quantity": Decimal("7.5")},
        {"currency": "usd"},
        {"currency": "eur", "amount": Decimal(1)},
    ]  # fmt: skip
    assert found.cost_days == {DAY, DAY + timedelta(days=1)}
    assert found.bill_by == {"line_item", "project_id", "model"}
    assert found.directory.projects["proj_a"].name == "Support"
    assert found.problems == []


@pytest.mark.parametrize("endpoint", USAGE, ids=lambda endpoint: endpoint.name)
def test_pages_of_each_capability(endpoint: Endpoint) -> None:
    numbers = {metric.name: at + 1 for at, metric in enumerate(endpoint.metrics) if metric.required}
    dimensions: dict[str, object] = {name: f"a {name}" for name in endpoint.dimensions}
    if "batch" in dimensions:
        dimensions["batch"] = False
    hour = START + 3600
    found = read(
        ("a.json", page((hour, [result(endpoint, **numbers, **dimensions)]), (hour + 3600, []), length=3600)),
        ("b.json", page((START + 86_400, []), (START + 2 * 86_400, [result(endpoint, **numbers)]))),
    )
    assert [(one.endpoint, one.start) for one in found.usage] == [(endpoint, hour), (endpoint, START + 2 * 86_400)]
    named = {name: "false" if name == "batch" else value for name, value in dimensions.items()}
    assert [row(one) for one in found.usage] == [{**numbers, **named}, numbers]
    assert found.usage_days == {endpoint: {DAY + timedelta(days=ahead) for ahead in range(3)}}


def test_pages_that_tell_nothing_of_what_they_are() -> None:
    empty = page((START, []), (START + 86_400, []))
    assert read(("page.json", empty)).problems == [Problem("page.json", Reason.NO_ENDPOINT)]
    assert read(("images.json", empty)).usage_days == {BY_NAME["images"]: {DAY, DAY + timedelta(days=1)}}


def test_rows_of_a_page_that_cannot_be_read_are_counted() -> None:
    good = result(COMPLETIONS, input_tokens=1, output_tokens=1, num_model_requests=1)
    bad = [
        {**good, "input_tokens": 1.5},
        {**good, "input_tokens": 10**30},
        {**good, "input_tokens": None},
        {**good, "input_tokens": True},
        {**good, "model": ["gpt-5"]},
        {**good, "object": "organization.usage.dreams.result"},
        {**good, "model": "m" * 5000},
        "row",
    ]
    found = read(
        ("page.json", page((START, [good, *bad]))), ("weeks.json", page((START, [good, good]), length=604_800))
    )
    assert rows(found.usage) == rows(read(("page.json", page((START, [good])))).usage)
    assert found.problems == [
        Problem("page.json", Reason.UNREAD_ROWS, len(bad)),
        Problem("weeks.json", Reason.UNREAD_ROWS, 2),
    ]


# How JSON comes.


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda a, b: f"[{a},\n{b}]",
        lambda a, b: f"[[{a}],[{b}]]",
        lambda a, b: f"{a}\n{b}\n",
        lambda a, b: f"{a}{b}",
        lambda a, b: f"\n {a}\r\n\r\n\t{b}",
        lambda a, b: json.dumps(json.loads(a), indent=2) + json.dumps(json.loads(b), indent=2),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_several_answers_in_a_file(wrapped: Callable[[str, str], str], encoding: str) -> None:
    text = wrapped(json.dumps(USE_OF_A_DAY, ensure_ascii=False), json.dumps(BILL_OF_2023))
    found = saved.read([("saved.txt", text.encode(encoding))])
    apart = read(("a.json", USE_OF_A_DAY), ("b.json", BILL_OF_2023))
    assert rows([*found.costs, *found.usage]) == rows([*apart.costs, *apart.usage])
    assert reasons(found) == {Reason.UNREAD_ROWS: 1}


def test_a_line_that_breaks_off_takes_no_other_with_it() -> None:
    lines = [json.dumps({"total_usage": 1}), '{"object": "list", "data": [', json.dumps(BILL_OF_2023), "and more"]
    found = read(("lines.jsonl", "\n".join(lines)))
    assert billed(found) == Decimal("0.6968185")
    assert found.one_sum == Decimal("0.01")
    assert found.problems == [Problem("lines.jsonl", Reason.BROKEN_JSON, 2)]
    cut = json.dumps(page((START, [result(COSTS, amount={"value": 1})] * 9)), indent=2)[:-30]
    assert read(("page.json", cut)).problems == [Problem("page.json", Reason.BROKEN_JSON)]


def test_numbers_that_cannot_be() -> None:
    for number in ("NaN", "Infinity", "1e999999999999999999", "1e400", "9" * 5000, '"1e9999999999"', '"٣"', "true"):
        text = json.dumps(page((START, [result(COSTS, amount={"value": "X", "currency": "usd"})])))
        found = read(("costs.json", text.replace('"X"', number)))
        assert found.costs == []
        assert len(found.problems) == 1, number


def test_what_is_no_answer() -> None:
    found = read(
        ("deep.json", "[" * 100_000),
        ("deeper.json", "[" * 9000 + "]" * 9000),
        ("refused.json", {"error": {"message": "must be made with a session key"}}),
        ("other.json", {"object": "chat.completion"}),
        ("number.json", [1, 2]),
        ("image.png", b"\x89PNG\r\n\x1a\n\x00"),
        ("nothing.csv", b" \n"),
        ("large.csv", b"x" * (reading.MOST_BYTES + 1)),
        ("surrogate.json", b'{"total_usage": 1, "x": "\\ud800"}'),
    )
    assert {problem.name: (problem.reason, problem.count) for problem in found.problems} == {
        "deep.json": (Reason.BROKEN_JSON, 1),
        "deeper.json": (Reason.BROKEN_JSON, 1),
        "refused.json": (Reason.ERROR_ANSWER, 1),
        "other.json": (Reason.UNKNOWN, 1),
        "number.json": (Reason.UNKNOWN, 2),
        "image.png": (Reason.NOT_TEXT, 1),
        "nothing.csv": (Reason.EMPTY, 1),
        "large.csv": (Reason.TOO_LARGE, 1),
        "surrogate.json": (Reason.BROKEN_JSON, 1),
    }
    assert found.read == []


# Tables.

COSTS_2026 = csv_of(
    COST_COLUMNS,
    f'{span()},0.8958740000000000,usd,1200,tokens,"gpt-5, input",user-a,key_a,proj_a,org-made-up,Support,Northwind,'
    "ada@example.com,unlabeled",
    cost("-2.5", "credit"),
    cost("", day=DAY + timedelta(days=1)),
)


def test_costs_of_the_dashboard() -> None:
    found = read(("cost_2026-09-07_2026-09-08.csv", COSTS_2026))
    assert [(one.start, row(one)) for one in found.costs] == [
        (START, {"project_id": "proj_a", "user_id": "user-a", "api_key_id": "key_a", "line_item": "gpt-5, input",
                 "api_source": "unlabeled", "currency": "usd", "quantity_unit": "tokens",
                 "organization_name": "Northwind", "amount": Decimal("0.895874"), "quantity": Decimal(1200)}),
        (START, {"line_item": "credit", "currency": "usd", "organization_name": "Northwind",
                 "amount": Decimal("-2.5")}),
    ]  # fmt: skip
    assert found.cost_days == {DAY, DAY + timedelta(days=1)}
    assert found.bill_by == {"line_item", "project_id", "user_id", "api_key_id", "model"}
    assert found.organization == Organization("org-made-up", "Northwind")
    assert found.directory.projects["proj_a"].name == "Support"
    assert found.directory.users["user-a"].email == "ada@example.com"
    assert found.problems == []


def test_completions_of_the_dashboard_also_from_a_spreadsheet() -> None:
    table = csv_of(
        USE_COLUMNS,
        f"{span()},proj_a,10.0,user-a,key_a,gpt-5,FALSE,default,59200.0,10646.0,5760.0",
        f"{span(day=DAY + timedelta(days=1))},,,,,,,,,,",
        f"{START},{START + 60},,,proj_a,1,,,gpt-5,,,5,6,",
    )
    found = read(("x.csv", table))
    whole, minute = found.usage
    assert row(whole) == {
        "project_id": "proj_a", "user_id": "user-a", "api_key_id": "key_a", "model": "gpt-5", "batch": "false",
        "service_tier": "default", "input_tokens": 59200, "output_tokens": 10646, "num_model_requests": 10,
        "input_cached_tokens": 5760,
    }  # fmt: skip
    assert row(minute)["input_tokens"] == 5
    assert found.usage_days == {COMPLETIONS: {DAY, DAY + timedelta(days=1)}}
    assert found.problems == []


@pytest.mark.parametrize("endpoint", USAGE, ids=lambda endpoint: endpoint.name)
def test_which_capability_a_table_is_of(endpoint: Endpoint) -> None:
    required = [metric.name for metric in endpoint.metrics if metric.required]
    header = ",".join([_SPAN, *endpoint.dimensions, *required])
    model = {"moderations": "omni-moderation-latest", "embeddings": "text-embedding-3-small"}.get(endpoint.name, "m")
    cells = [model if name == "model" else "" for name in endpoint.dimensions] + ["3"] * len(required)
    table = csv_of(header, ",".join([span(), *cells]))
    named = read((f"/home/ada/{endpoint.name}_usage_2026-09-07_2026-09-07 (1).csv", table))
    assert {one.endpoint.name for one in named.usage} == {endpoint.name}
    if endpoint.name != "decisions":
        assert rows(read(("unnamed.csv", table)).usage) == rows(named.usage)


def test_a_table_without_figures_is_of_what_its_file_is_named() -> None:
    table = csv_of(_SPAN, span(), span(DAY + timedelta(days=1)))
    names = ("completions_usage_2026-09-07_2026-09-08.csv", "cost_2026-09-07_2026-09-08.csv", "download.csv")
    found = read(*((name, table) for name in names))
    both = {DAY, DAY + timedelta(days=1)}
    assert found.cost_days == both
    assert found.usage_days == {COMPLETIONS: both}
    assert found.problems == [Problem("download.csv", Reason.NO_ENDPOINT)]
    assert found.read == list(names[:2])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_tables_however_they_are_written(encoding: str, delimiter: str, line_end: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerows(csv.reader(io.StringIO(COSTS_2026.decode())))
    found = saved.read([("costs.csv", text.getvalue().encode(encoding))])
    assert rows(found.costs) == rows(read(("costs.csv", COSTS_2026)).costs)
    assert found.problems == []


def test_a_table_that_is_not_known() -> None:
    found = read(
        ("a.csv", "start_time,end_time,model,tokens,cost\n1,2,gpt-4,1,0.1\n"),
        ("b.csv", f"{_SPAN},model,input_tokens,output_tokens\n{span()},gpt-5,1,2\n"),
        ("c.csv", f"{_SPAN},input_tokens,num_model_requests\n{span()},1,2\n"),
        ("d.txt", "Dear Ada,\nthe bill is paid.\n"),
    )
    assert found.problems == [
        Problem("a.csv", Reason.UNKNOWN_COLUMNS, 1, ("amount_value",)),
        Problem("b.csv", Reason.UNKNOWN_COLUMNS, 1, ("num_model_requests",)),
        Problem("c.csv", Reason.NO_ENDPOINT),
        Problem("d.txt", Reason.UNKNOWN_COLUMNS, 1, ("start_time", "amount_value")),
    ]


def test_rows_of_a_table_that_cannot_be_read_are_counted() -> None:
    bad = [
        cost("NaN"),
        cost("1,5"),
        cost("1e50"),
        cost("$1"),
        cost("1", day=date(2019, 12, 31)),
        cost("1", day=date(2101, 1, 1)),
        cost("1").replace("usd", "dollars"),
        cost("1").replace(str(START), "soon", 1),
        cost("1").replace(str(START + 86_400), str(START + 90_000)),
        cost("1") + ",one more",
        span(),
    ]
    found = read(("cost.csv", csv_of(COST_COLUMNS, *bad, cost("3"))))
    assert billed(found) == 3
    assert found.problems == [Problem("cost.csv", Reason.UNREAD_ROWS, len(bad))]


def test_lines_behind_a_quote_that_is_not_closed_are_counted() -> None:
    rest = [cost("1").replace('"', "") for _ in range(9)]
    found = read(("cost.csv", csv_of(COST_COLUMNS, cost("3"), '"' + rest[0], *rest[1:])))
    assert billed(found) == 3
    assert reasons(found)[Reason.UNREAD_ROWS] >= len(rest)


def test_times_by_number_or_else_by_iso_text() -> None:
    header = "start_time_iso,end_time_iso,amount_value,amount_currency"
    table = csv_of(
        header,
        "2026-09-07T00:00:00,2026-09-08T00:00:00,1,usd",
        "2026-09-07T02:00:00+02:00,2026-09-08T02:00:00+02:00,2,",
        "2026-09-07T00:00:00Z,2026-09-08T00:00:00Z,4,EUR",
    )
    found = read(("cost.csv", table))
    assert [(one.start, row(one)) for one in found.costs] == [
        (START, {"currency": currency, "amount": amount}) for currency, amount in (("usd", 1), ("usd", 2), ("eur", 4))
    ]


# Several files.


def test_the_same_file_is_read_once() -> None:
    found = read(("a.csv", COSTS_2026), ("b.csv", COSTS_2026))
    assert rows(found.costs) == rows(read(("a.csv", COSTS_2026)).costs)
    assert found.problems == [Problem("b.csv", Reason.SAME_FILE, 1, ("a.csv",))]
    assert found.read == ["a.csv"]


def test_days_that_files_share_count_once() -> None:
    days = [DAY + timedelta(days=ahead) for ahead in range(5)]
    week = csv_of(USE_COLUMNS, *(use(10 + day.day, day=day) for day in days[:3]))
    other = csv_of(USE_COLUMNS, *(use(10 + day.day, day=day) for day in days[1:]))
    found = read(("a.csv", week), ("b.csv", other))
    assert used(found) == sum(10 + day.day for day in days)
    assert found.problems == [Problem("b.csv", Reason.SAME_ROWS, 2)]


def test_projects_add_up_and_are_not_counted_beside_all() -> None:
    a, b = use(3, project="proj_a"), use(5, project="proj_b")
    apart = read(("a.csv", csv_of(USE_COLUMNS, a)), ("b.csv", csv_of(USE_COLUMNS, b)))
    assert (used(apart), apart.problems) == (8, [])
    found = read(("a.csv", csv_of(USE_COLUMNS, a)), ("all.csv", csv_of(USE_COLUMNS, a, b)))
    assert used(found) == 8
    assert found.problems == [Problem("a.csv", Reason.SAME_ROWS, 1)]


def test_rows_that_are_alike_in_one_file_all_count() -> None:
    twice = csv_of(USE_COLUMNS, use(3), use(3))
    assert used(read(("a.csv", twice))) == 6
    assert used(read(("a.csv", twice), ("b.csv", csv_of(USE_COLUMNS, use(3))))) == 6


def test_another_split_of_the_same_bill_is_not_a_second_bill() -> None:
    whole = csv_of(COST_COLUMNS, cost("3.75"))
    split = csv_of(COST_COLUMNS, cost("1.25", "gpt-5, input"), cost("2.50", "gpt-5, output"))
    for files in ((("a.csv", whole), ("b.csv", split)), (("b.csv", split), ("a.csv", whole))):
        found = read(*files)
        assert rows(found.costs) == rows(read(("b.csv", split)).costs), "the finer one"
        assert found.problems == [Problem("a.csv", Reason.SAME_ROWS, 1)]
    day, minutes = csv_of(USE_COLUMNS, use(9)), csv_of(USE_COLUMNS, use(4, second=60), use(5, second=120))
    found = read(("a.csv", day), ("b.csv", minutes.replace(b",1,,,gpt-5", b",0.5,,,gpt-5")))
    assert reasons(found) == {Reason.UNREAD_ROWS: 2}
    day = csv_of(USE_COLUMNS, use(9).replace(",1,,,gpt-5", ",2,,,gpt-5"))
    found = read(("a.csv", day), ("b.csv", minutes))
    assert [one.start for one in found.usage] == [START + 60, START + 120]


def test_the_bill_of_2023_beside_that_of_today() -> None:
    today = csv_of(COST_COLUMNS, cost("0.7968185", "gpt-4, input"))
    found = read(("bill.json", BILL_OF_2023), ("cost.csv", today))
    assert {row(one)["line_item"] for one in found.costs if one.start == START} == {"gpt-4, input"}
    assert found.bill_by == {"line_item", "model"}


def test_two_that_tell_something_else_of_the_same_add_up_and_it_is_said() -> None:
    found = read(("a.csv", csv_of(COST_COLUMNS, cost("3"))), ("b.csv", csv_of(COST_COLUMNS, cost("4"))))
    assert billed(found) == 7
    assert found.problems == [Problem("a.csv", Reason.ADDED_UP, 1, ("b.csv",))]


def test_a_day_is_one_day_however_many_capabilities_it_has() -> None:
    answer = {**USE_OF_A_DAY, "data": A_ROW}
    found = read(("a.json", answer), ("b.json", {**answer, "current_usage_usd": 1}))
    assert {one.endpoint.name for one in found.usage} == {"completions", "images"}
    assert found.problems == [Problem("b.json", Reason.SAME_ROWS, 1)]


def test_too_many_rows_are_none_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    two = csv_of(COST_COLUMNS, cost("1", "a"), cost("2", "b"))
    more = csv_of(COST_COLUMNS, cost("4", "c"), cost("8", "d"))
    last = csv_of(COST_COLUMNS, cost("16", "e"))
    found = read(("two.csv", two), ("more.csv", more), ("last.csv", last))
    assert billed(found) == 19
    assert found.problems == [Problem("more.csv", Reason.TOO_MANY_ROWS)]
    assert found.read == ["two.csv", "last.csv"]


# Properties.

some_rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["proj_a", "proj_b"]),
        st.sampled_from(["gpt-5, input", "gpt-5, output", "credit"]),
        st.integers(-(10**12), 10**12).filter(bool).map("{}e-9".format),
    ),
    max_size=15,
    unique=True,
)


@given(some_rows, st.data())
@settings(max_examples=60)
def test_rows_may_be_in_any_files(told: list[tuple[int, str, str, str]], data: st.DataObject) -> None:
    lines = [cost(amount, item, project, DAY + timedelta(days=ahead)) for ahead, project, item, amount in told]
    whole_file = csv_of(COST_COLUMNS, *lines)
    whole = read(("whole.csv", whole_file))
    where = data.draw(st.lists(st.integers(0, 3), min_size=len(lines), max_size=len(lines)))
    files = [
        (f"{number}.csv", csv_of(COST_COLUMNS, *(line for at, line in zip(where, lines, strict=True) if at == number)))
        for number in range(4)
    ]
    files = data.draw(st.permutations(files))
    found = read(*files)
    assert rows(found.costs) == rows(whole.costs)
    assert found.cost_days == whole.cost_days
    again = read(*files, *((f"again-{name}", content) for name, content in files), ("whole.csv", whole_file))
    assert rows(again.costs) == rows(whole.costs)


GOOD: list[tuple[str, bytes]] = [
    ("usage.json", content_of(USE_OF_A_DAY)),
    ("bill.json", content_of(BILL_OF_2023)),
    ("page.json", content_of(page((START, [result(BY_NAME["images"], images=1, num_model_requests=3)])))),
    ("cost.csv", COSTS_2026),
    ("completions.csv", csv_of(USE_COLUMNS, use(1), use(2, second=60))),
    ("own.csv", b"date,capability,amount,currency\n2026-09-07,costs,1.5,usd\n"),
    ("own.json", content_of({"period": {"start": "2026-09-07", "end": "2026-09-08"}, "currency": "usd",
                             "costs": [{"date": "2026-09-07", "amount": "1.5"}], "usage": [], "missing": []})),
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["a.csv", "b.json", "cost_2026-09-07.csv"]), st.binary(max_size=200))))
def test_any_bytes(files: list[tuple[str, bytes]]) -> None:
    assert isinstance(saved.read(files), Saved)


@given(st.sampled_from(GOOD), st.data())
@settings(max_examples=300)
def test_files_that_were_damaged(good: tuple[str, bytes], data: st.DataObject) -> None:
    name, content = good
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 30)))
    put = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from([b"null", b"{}", b"[]", b"-1", b"1e99", b'""'])))
    found = read((name, content[:start] + put + content[end:]))
    assert set(found.read) <= {name}
    assert found.read or found.problems


nested = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["object", "data", "results", "start_time", "end_time", "amount", "value", "currency", "period",
                 "start", "end", "usage", "costs", "missing", "capability", "date", "daily_costs", "line_items",
                 "total_usage", "members", "user", "id", "title", "error", "total_granted"]
            ),
            st.one_of(inner, st.sampled_from(["page", "list", "costs", "2026-09-07", START, START + 60, "images"])),
            max_size=6,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@given(nested)
@settings(max_examples=300)
def test_json_of_any_shape(value: object) -> None:
    assert isinstance(read(("a.json", value)), Saved)


# This extension's own exports.


def exported(figures: Figures, selection: Selection = FIRST_SELECTION) -> dict[str, bytes]:
    store = figures.store(selection)
    chosen = scope(merged(FIRST_SELECTION, selection), TODAY)
    shown = report.report(store, chosen, "usd", NOW)
    return {kind: "".join(export.text(kind, store, shown, "usd")).encode() for kind in ("json", "csv")}


@pytest.fixture
def figures() -> Figures:
    found = Figures()
    found.bill(TODAY, "0.0000000000000000000000000000000001", project_id="proj_a", line_item="gpt-5, output",
               quantity="12.5", quantity_unit="1000_tokens")  # fmt: skip
    found.bill(TODAY - timedelta(days=2), "-0.35", line_item="=credit", project_id="proj_a")
    found.use("completions", TODAY, second=7200, model="+gpt", project_id="proj_a", batch="true",
              input_tokens=10**15, output_tokens=3, num_model_requests=2)  # fmt: skip
    found.use("vector_stores", TODAY, project_id="proj_a", usage_bytes=123)
    found.use("web_search_calls", TODAY, model="gpt-5", num_requests=4, num_model_requests=1)
    return found


def test_own_exports_are_read_back(figures: Figures) -> None:
    for selection in (FIRST_SELECTION, Selection(period="7d", bucket="1h", measure="tokens")):
        files = exported(figures, selection)
        from_json, from_csv = read(("a.json", files["json"])), read(("a.csv", files["csv"]))
        assert rows([*from_json.costs, *from_json.usage]) == rows([*from_csv.costs, *from_csv.usage])
        assert billed(from_json) == Decimal("-0.3499999999999999999999999999999999")
        assert used(from_json) == 10**15
        assert {one.endpoint.name for one in from_json.usage} == {"completions", "vector_stores", "web_search_calls"}
        (completion,) = [one for one in from_csv.usage if one.endpoint is COMPLETIONS]
        assert row(completion)["model"] == "+gpt"
        assert completion.start == midnight(TODAY) + (7200 if selection.bucket == "1h" else 0)
        assert {row(one)["line_item"] for one in from_csv.costs} == {"=credit", "gpt-5, output"}
        assert from_json.problems == from_csv.problems == []
        together = read(("a.json", files["json"]), ("a.csv", files["csv"]))
        assert rows([*together.costs, *together.usage]) == rows([*from_csv.costs, *from_csv.usage])


def test_own_json_tells_its_period_but_for_what_is_missing(figures: Figures) -> None:
    whole = read(("a.json", exported(figures)["json"]))
    assert whole.cost_days == {TODAY - timedelta(days=ago) for ago in range(30)}
    assert set(whole.usage_days) == {BY_NAME[name] for name in ("completions", "vector_stores", "web_search_calls")}
    assert set(whole.usage_days.values()) == {whole.cost_days}
    content = {
        "period": {"start": "2026-09-01", "end": "2026-09-04"},
        "currency": "usd",
        "costs": [],
        "usage": [],
        "missing": [{"capability": "costs", "start": "2026-09-03", "end": "2026-09-09"}],
    }
    assert read(("a.json", content)).cost_days == {date(2026, 9, 1), date(2026, 9, 2)}


@given(st.text(alphabet=st.sampled_from("'=+-@a \n\t;")))
def test_cells_of_a_spreadsheet_are_read_back(text: str) -> None:
    if not text.startswith("'"):
        assert as_it_was(str(harmless(text))) == text
