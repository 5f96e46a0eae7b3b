"""The rows behind the panel as a file, of the endpoints of 2023: the bill by line item, and use by day."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openai_usage import export, pricing
from openai_usage.days import Days, last_days
from openai_usage.demo.five_minutes import Era
from openai_usage.demo.legacy import Legacy
from openai_usage.demo.organization import Organization
from openai_usage.protocol import Measure, Selection
from openai_usage.scope import CAPABILITIES
from openai_usage.source import Source
from openai_usage.store import Store
from openai_usage.views.words import SECTIONS
from tests.support.of_2023 import API_KEY, SESSION_KEY, read_2023, report_of, run

NOW = datetime(2026, 4, 20, 18, 30, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
USED = last_days(5, TODAY)
FAST = 10**6
MEASURES: list[Measure] = ["spend", "estimate", "tokens", "requests"]

pricing.load()

Json = dict[str, Any]


@cache
def store_of(era: Era = "late 2024", *, has_bill: bool = True) -> Store:
    options = Legacy(era=era, requests_per_minute=FAST, is_filled_for_keys=not has_bill)
    key = SESSION_KEY if has_bill else API_KEY
    found: Store = run(read_2023(NOW, [USED], last_days(40, TODAY), options=options, key=key))
    return found


def exported(store: Store, selection: Selection) -> tuple[Json, list[dict[str, str]]]:
    """The same as JSON and as the rows of CSV."""
    shown = report_of(store, NOW, selection)
    content = json.loads(
        "".join(export.text("json", store, shown, "usd")), parse_float=lambda _: pytest.fail("a float")
    )
    return content, list(csv.DictReader(io.StringIO("".join(export.text("csv", store, shown, "usd")))))


def spent(rows: list[Any]) -> Fraction:
    return sum((Fraction(row["amount"]) for row in rows), Fraction(0))


periods = st.tuples(*[st.dates(TODAY - 39 * DAY, TODAY)] * 2).map(sorted).map(lambda pair: Days(*pair))


@given(
    periods,
    st.sampled_from([*SECTIONS]),
    st.sampled_from(MEASURES),
    st.sampled_from(["2023", "early 2024", "late 2024"]),
)
@settings(max_examples=60)
def test_the_bill_by_line_item_and_use_by_day(days: Days, section: Any, measure: Measure, era: Era) -> None:  # noqa: ANN401 - a SectionId
    store = store_of(era)
    selection = Selection(start=days.first, end=days.last, section=section, measure=measure, bucket="1d")
    shown = report_of(store, NOW, selection)
    content, table = exported(store, selection)
    billed = [row for row in table if row["capability"] == "costs"]
    if section in CAPABILITIES:
        assert "costs" not in content
        assert not billed
    else:
        assert shown.spend is not None
        assert spent(content["costs"]) == spent(billed) == Fraction(shown.spend)
        assert all(row["line_item"] for row in content["costs"])
        assert [row["line_item"] for row in content["costs"]] == [row["line_item"] for row in billed]
        items = shown.rankings.get("line_item")
        for entry in items.entries if items else ():
            of_item = [row for row in content["costs"] if row["line_item"] == entry.key]
            assert spent(of_item) == Fraction(entry.spend or Decimal(0))
        tokens = sum(row.get("input_tokens", 0) + row.get("output_tokens", 0) for row in content["usage"])
        used = shown.used or {}
        assert tokens == used.get("input_tokens", 0) + used.get("output_tokens", 0)
    assert len(content["usage"]) == len(table) - len(billed)
    # Each day that is not read is said to be missing, of everything that is in the file.
    unread = {day.isoformat() for day in days if day not in USED}
    named = {row["capability"] for row in content["missing"]}
    assert bool(named) == bool(unread)
    assert "costs" not in named
    if unread:
        assert {row["capability"] for row in content["usage"]} <= named


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("section", SECTIONS)
def test_without_a_bill_there_are_rows_of_use_alone(section: Any, measure: Measure) -> None:  # noqa: ANN401 - a SectionId
    store = store_of(has_bill=False)
    content, table = exported(store, Selection(period="7d", section=section, measure=measure))
    assert not content.get("costs")
    assert all(row["capability"] != "costs" for row in table)
    if section not in CAPABILITIES:
        assert content["usage"]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("field", ["project_ids", "api_key_ids", "user_ids", "models"])
def test_narrowed_there_is_no_bill(field: str, measure: Measure) -> None:
    store = store_of()
    dimension = {"models": "model"}.get(field, field.removesuffix("s"))
    for value in sorted(report_of(store, NOW).values[dimension]):
        selection = Selection(start=USED.first, end=USED.last, measure=measure, **{field: [value]})
        content, _ = exported(store, selection)
        assert content["costs"] == []
        assert {row[dimension] for row in content["usage"]} <= {value}
        used = report_of(store, NOW, selection).used or {}
        assert sum(row.get("input_tokens", 0) for row in content["usage"]) == used.get("input_tokens", 0)


def test_one_user_s_use_where_rows_name_none() -> None:
    members = store_of().directory
    assert members is not None
    user = min(one for one, email in Organization().roster.emails().items() if email in members.users)
    account = store_of().account.organization
    store = Store(source=Source("legacy", account.id if account else None))
    options = Legacy(era="2023", requests_per_minute=FAST)
    run(read_2023(NOW, [USED], options=options, users=[user], store=store))
    selection = Selection(start=USED.first, end=USED.last, measure="tokens", user_ids=[user])
    content, _ = exported(store, selection)
    used = report_of(store, NOW, selection).used
    assert used is not None
    assert used["input_tokens"] > 0
    assert sum(row.get("input_tokens", 0) for row in content["usage"]) == used["input_tokens"]
    assert {row["user_id"] for row in content["usage"]} == {user}
