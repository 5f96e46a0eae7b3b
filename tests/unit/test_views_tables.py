"""Tables: names, order, how much is sent, what a click on a row does, and the same as Markdown."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from openai_usage import views
from openai_usage.directory import ApiKey, Directory, Project, User
from openai_usage.protocol import Measure, PanelView, Row, SectionId, Selection, Sort, Table
from openai_usage.views import State, markdown
from tests.support.figures import TODAY, Figures

SECTIONS = ("models", "api-keys", "projects", "users", "line-items")


def table(state: State, table_id: str) -> Table:
    panel = views.panel_view(state)
    return next(one for section in panel.sections for one in section.tables if one.id == table_id)


def names(rows: Sequence[Row]) -> list[str]:
    return [row.cells[0].text for row in rows]


def column(found: Table, column_id: str) -> list[str | None]:
    at = [one.id for one in found.columns].index(column_id)
    return [row.cells[at].value for row in found.rows]


# Names.


@pytest.fixture
def people() -> State:
    figures = Figures()
    ids: list[dict[str, Any]] = [
        {"project_id": "proj_named", "api_key_id": "key_named", "user_id": "user_named"},
        {"project_id": "proj_archived", "api_key_id": "key_nameless", "user_id": "user_mail"},
        {"project_id": "proj_nameless", "api_key_id": "key_deleted", "user_id": "user_service"},
        {"project_id": "proj_gone", "user_id": "user_gone"},
        {"user_id": None},
    ]
    for number, row in enumerate(ids):
        figures.bill(TODAY, str(10 - number), line_item="gpt-5, output", **row)
    directory = Directory(
        projects={
            "proj_named": Project("proj_named", "Support", is_archived=False),
            "proj_archived": Project("proj_archived", "Hackathon", is_archived=True),
            "proj_nameless": Project("proj_nameless", None, is_archived=False),
        },
        api_keys={
            "key_named": ApiKey(
                "key_named", "Website", "sk-proj-ab**********yz", "proj_named", "user_named", "Platform",
                datetime(2026, 11, 20, 9, 5, tzinfo=UTC),
            ),
            "key_nameless": ApiKey("key_nameless", None, "sk-short", "proj_gone", None, None, None),
        },
        users={
            "user_named": User("user_named", "Platform", "platform@northwind.example"),
            "user_mail": User("user_mail", None, "finance@northwind.example"),
            "user_service": User("user_service", "runner", None, is_service_account=True),
        },
    )  # fmt: skip
    return figures.state(directory=directory)


@pytest.mark.parametrize(
    ("table_id", "expected"),
    [
        (
            "projects",
            [
                ("Support", None, "proj_named"),
                ("Hackathon", "archived", "proj_archived"),
                ("proj_nameless", None, "proj_nameless"),
                ("proj_gone", None, "proj_gone"),
                ("No project", None, None),
            ],
        ),
        (
            "api-keys",
            [
                ("No API key", None, None),
                (
                    "Website",
                    "sk-proj-ab…yz",
                    "key_named\nProject: Support\nOwner: Platform\nLast used: 2026-11-20 09:05 UTC",
                ),
                ("key_nameless", "sk-short", "key_nameless\nProject: proj_gone"),
                ("key_deleted", "no longer listed", "key_deleted"),
            ],
        ),
        (
            "users",
            [
                ("Platform", "platform@northwind.example", "user_named"),
                ("finance@northwind.example", None, "user_mail"),
                ("runner", "service account", "user_service"),
                ("user_gone", None, "user_gone"),
                ("No user", None, None),
            ],
        ),
    ],
)
def test_names(people: State, table_id: str, expected: list[tuple[str, str | None, str | None]]) -> None:
    rows = table(people, table_id).rows
    assert [(row.cells[0].text, row.cells[0].detail, row.cells[0].title) for row in rows] == expected


def test_before_names_are_there_no_key_is_called_deleted() -> None:
    figures = Figures()
    figures.bill(TODAY, "1", line_item="a", api_key_id="key_a", project_id="proj_a")
    found = table(figures.state(), "api-keys").rows[0].cells[0]
    assert (found.text, found.detail) == ("key_a", None)


# Order.


def many(count: int = 120) -> Figures:
    figures = Figures()
    for number in range(count):
        key: dict[str, Any] = {"api_key_id": f"key_{number:03}", "project_id": "proj_a"}
        figures.bill(TODAY, str(number % 50 + 1), line_item="gpt-5, output", **key)
        if number % 3:
            figures.bill(TODAY - timedelta(days=35), str(number + 1), line_item="gpt-5, output", **key)
        figures.use("completions", TODAY, model="gpt-5", input_tokens=number * 7 % 100, num_model_requests=1, **key)
    figures.bill(TODAY, "-0.5", line_item="gpt-5, output", project_id="proj_a")
    return figures


FIGURES = many()


def sorted_by(column_id: str, *, descending: bool, **more: Any) -> Table:  # noqa: ANN401 - fields of a Selection
    sort = Sort(table="api-keys", column=column_id, descending=descending)
    selection = Selection(section="api-keys", sort=sort, all_rows=["api-keys"], **more)
    return table(FIGURES.state(selection), "api-keys")


@pytest.mark.parametrize("column_id", ["spend", "share", "num_model_requests", "input_tokens"])
def test_numbers_are_ordered_both_ways(column_id: str) -> None:
    for descending in (True, False):
        found = sorted_by(column_id, descending=descending)
        values = [Decimal(value) for value in column(found, column_id) if value is not None]
        assert values == sorted(values, reverse=descending)
        (heading,) = [one for one in found.columns if one.sorted]
        assert (heading.id, heading.sorted) == (column_id, "descending" if descending else "ascending")
        # A second click on it is the other way.
        assert heading.select == Selection(sort=Sort(table="api-keys", column=column_id, descending=not descending))


@pytest.mark.parametrize("column_id", ["share", "change"])
def test_what_is_not_known_is_last_either_way(column_id: str) -> None:
    for descending in (True, False):
        values = column(sorted_by(column_id, descending=descending), column_id)
        known = [Decimal(value) for value in values if value is not None]
        assert known == sorted(known, reverse=descending)
        assert values[: len(known)] == [value for value in values if value is not None]
        assert len(values) > len(known)


def test_names_are_ordered_as_they_read() -> None:
    up = names(sorted_by("name", descending=False).rows)
    assert up == sorted(up, key=str.casefold)
    assert names(sorted_by("name", descending=True).rows) == up[::-1]


def test_at_first_the_largest_is_first() -> None:
    found = table(FIGURES.state(Selection(section="api-keys")), "api-keys")
    values = [Decimal(value or 0) for value in column(found, "spend")]
    assert values == sorted(values, reverse=True)
    assert [(one.id, one.sorted) for one in found.columns if one.sorted] == [("spend", "descending")]
    by_name = next(one for one in found.columns if one.id == "name").select
    assert by_name == Selection(sort=Sort(table="api-keys", column="name", descending=False))
    by_tokens = next(one for one in found.columns if one.id == "input_tokens").select
    assert by_tokens == Selection(sort=Sort(table="api-keys", column="input_tokens", descending=True))


def test_what_is_not_attributed_stays_last() -> None:
    figures = many(60)
    figures.bill(TODAY, "400", line_item="gpt-5, output", project_id="proj_b", currency="usd")
    split = figures.state(Selection(section="api-keys"))
    assert not any(row.is_remainder for row in table(split, "api-keys").rows)
    # The same, where OpenAI leaves a row out of the split by key.
    figures.left_out = lambda query, row: (
        "api_key_id" in query.group_by and row.dimensions.get("project_id") == "proj_b"
    )
    for descending in (True, False):
        sort = Sort(table="api-keys", column="spend", descending=descending)
        for all_rows in ([], ["api-keys"]):
            found = table(figures.state(Selection(section="api-keys", sort=sort, all_rows=all_rows)), "api-keys")
            last = found.rows[-1]
            assert (last.is_remainder, last.cells[0].text, last.cells[1].value) == (True, "Not attributed", "400")
            assert last.select is None
            assert found.row_count == 62
            assert found.total is not None
            amounts = sum(Decimal(row.cells[1].value or 0) for row in found.rows)
            assert (amounts == Decimal(found.total.cells[1].value or 0)) == bool(all_rows)


def test_a_sort_of_another_table_changes_nothing() -> None:
    plain = table(FIGURES.state(Selection(section="api-keys")), "api-keys")
    other = Sort(table="models", column="name", descending=False)
    assert table(FIGURES.state(Selection(section="api-keys", sort=other)), "api-keys") == plain
    unknown = Sort(table="api-keys", column="nonsense", descending=False)
    assert table(FIGURES.state(Selection(section="api-keys", sort=unknown)), "api-keys") == plain


# How much is sent.


def test_first_rows_and_all_of_them() -> None:
    first = table(FIGURES.state(Selection(section="api-keys")), "api-keys")
    assert (len(first.rows), first.row_count) == (50, 121)
    assert first.more == Selection(all_rows=["api-keys"])
    every = table(FIGURES.state(Selection(section="api-keys", all_rows=["models", "api-keys"])), "api-keys")
    assert (len(every.rows), every.row_count) == (121, 121)
    assert every.rows[:50] == first.rows
    assert every.more == Selection(all_rows=["models"])
    assert every.total == first.total
    assert every.total is not None
    assert Decimal(every.total.cells[1].value or 0) == sum(Decimal(row.cells[1].value or 0) for row in every.rows)
    short = table(many(5).state(Selection(section="api-keys")), "api-keys")
    assert (len(short.rows), short.row_count, short.more) == (6, 6, None)


def test_the_overview_has_the_beginning_of_each_table() -> None:
    panel = views.panel_view(FIGURES.state())
    tables = panel.sections[0].tables
    assert [one.id for one in tables] == ["models", "projects", "api-keys", "users", "line-items"]
    for one in tables:
        assert len(one.columns) <= 4
        assert len(one.rows) <= 5 + 1
        assert all(len(row.cells) == len(one.columns) for row in [*one.rows, *([one.total] if one.total else [])])
        assert one.open is not None
        assert one.open == Selection(section=one.open.section)
        assert one.open.section == one.id
        assert one.more is None
    keys = next(one for one in tables if one.id == "api-keys")
    whole = table(FIGURES.state(Selection(section="api-keys")), "api-keys")
    assert column(keys, "spend") == column(whole, "spend")[:5]
    assert keys.row_count == 121


def test_the_overview_s_short_tables_are_ordered_whole() -> None:
    sort = Sort(table="api-keys", column="change", descending=True)
    short = table(FIGURES.state(Selection(sort=sort)), "api-keys")
    whole = table(FIGURES.state(Selection(section="api-keys", sort=sort)), "api-keys")
    assert names(short.rows) == names(whole.rows)[:5]
    (ordered,) = [one for one in short.columns if one.sorted]
    assert (ordered.id, ordered.sorted) == ("change", "descending")
    assert ordered.select == Selection(sort=Sort(table="api-keys", column="change", descending=False))


def test_tables_are_about_what_is_measured() -> None:
    figures = Figures()
    for model, amount, requests, tokens in (("dear", "9", 1, 10), ("cheap", "1", 5, 60), ("chatty", "2", 30, 30)):
        figures.bill(TODAY, amount, line_item=f"{model}, input")
        figures.use("completions", TODAY, model=model, input_tokens=tokens, num_model_requests=requests)
    figures.use("web_search_calls", TODAY, model="cheap", num_requests=7, num_model_requests=5)
    figures.use("file_search_calls", TODAY, project_id="proj_a", num_requests=4)
    sections: tuple[SectionId, ...] = ("overview", "models")
    measures: tuple[Measure, ...] = ("spend", "tokens", "requests")
    for section in sections:
        by_spend, by_tokens, by_requests = (
            table(figures.state(Selection(section=section, measure=measure)), "models") for measure in measures
        )
        assert names(by_spend.rows) == ["dear", "chatty", "cheap"]
        assert [one.id for one in by_spend.columns[:3]] == ["name", "spend", "share"]
        assert names(by_tokens.rows) == ["cheap", "chatty", "dear"]
        assert [one.id for one in by_tokens.columns[:4]] == ["name", "tokens", "share", "spend"]
        assert column(by_tokens, "share") == ["0.6", "0.3", "0.1"]
        assert by_tokens.total is not None
        assert [cell.text for cell in by_tokens.total.cells[:4]] == ["Total", "100", "100.0%", "$12.00"]
        assert names(by_requests.rows) == ["chatty", "cheap", "dear"]
        assert [one.id for one in by_requests.columns[:4]] == ["name", "num_model_requests", "share", "spend"]
        assert by_requests.bars == "num_model_requests"
        ids = [one.id for one in by_requests.columns]
        assert len(ids) == len(set(ids))
    # The searches of two tools are two things.
    models = table(figures.state(Selection(section="models")), "models")
    assert column(models, "web_search_calls") == [None, None, "7"]
    projects = table(figures.state(Selection(section="projects")), "projects")
    assert {one.id for one in projects.columns} >= {"web_search_calls", "file_search_calls"}


def test_a_capability_s_rows_have_shares() -> None:
    figures = Figures()
    figures.use("images", TODAY, model="small", images=1, num_model_requests=3)
    figures.use("images", TODAY, model="large", images=3, num_model_requests=1)
    by_images = table(figures.state(Selection(section="images")), "images-by-model")
    assert names(by_images.rows) == ["large", "small"]
    assert column(by_images, "share") == ["0.75", "0.25"]
    by_requests = table(figures.state(Selection(section="images", measure="requests")), "images-by-model")
    assert names(by_requests.rows) == ["small", "large"]
    assert [one.id for one in by_requests.columns] == ["name", "num_model_requests", "share", "images"]


def test_a_bill_of_which_nothing_is_attributed_has_its_table() -> None:
    figures = Figures()
    figures.bill(TODAY, "3", line_item="gpt-5, input", project_id="proj_a")
    figures.left_out = lambda query, _: "api_key_id" in query.group_by
    (row,) = table(figures.state(), "api-keys").rows
    assert row.is_remainder
    assert row.cells[1].text == "$3.00"


def test_a_large_organisation_fits_the_wire() -> None:
    figures = Figures()
    for number in range(1000):
        key: dict[str, Any] = {"api_key_id": f"key_{number:024}", "project_id": f"proj_{number % 40:024}",
                               "user_id": f"user-{number % 300:024}"}  # fmt: skip
        figures.bill(TODAY, f"{number}.1234567890123456789012345678901234", line_item=f"model-{number % 30}", **key)
        figures.use(
            "completions", TODAY, model=f"model-{number % 30}", input_tokens=number, num_model_requests=9, **key
        )
    directory = Directory(
        projects={f"proj_{n:024}": Project(f"proj_{n:024}", f"Project {n}", is_archived=False) for n in range(40)},
        api_keys={
            f"key_{n:024}": ApiKey(
                f"key_{n:024}",
                f"Key of engineer {n}",
                "sk-proj-ab******yz",
                f"proj_{n % 40:024}",
                None,
                "Engineer",
                None,
            )
            for n in range(1000)
        },
        users={f"user-{n:024}": User(f"user-{n:024}", f"Engineer {n}", f"e{n}@northwind.example") for n in range(300)},
    )
    for section in ("overview", "api-keys", "users"):
        selection = Selection(section=section, group_by="api_key_id")
        panel = views.panel_view(figures.state(selection, directory=directory))
        assert len(sent(panel)) < 500_000
    every = views.panel_view(figures.state(Selection(section="api-keys", all_rows=["api-keys"]), directory=directory))
    assert len(sent(every)) < 1_000_000


def sent(panel: PanelView) -> bytes:
    return json.dumps(panel.model_dump(mode="json", by_alias=True, exclude_defaults=True)).encode()


# Into detail.


@pytest.mark.parametrize(
    ("section", "narrowed"),
    [
        ("models", {"models": ["gpt-5"]}),
        ("projects", {"project_ids": ["proj_a"]}),
        ("api-keys", {"api_key_ids": ["key_a"]}),
        ("users", {"user_ids": ["user_a"]}),
        ("line-items", {"models": ["gpt-5"]}),
    ],
)
def test_a_click_on_a_row_narrows_to_it(section: Any, narrowed: dict[str, list[str]]) -> None:  # noqa: ANN401 - a SectionId
    figures = Figures()
    figures.bill(TODAY, "1", line_item="gpt-5, output", project_id="proj_a", api_key_id="key_a", user_id="user_a")
    for place in (section, "overview"):
        assert table(figures.state(Selection(section=place)), section).rows[0].select == Selection(
            **narrowed, section="overview"
        )
    # What it is narrowed to already leads nowhere.
    again = table(figures.state(Selection(section=section, **narrowed)), section)
    assert [row.select for row in again.rows] == [None]


def test_a_row_of_a_capability_stays_there() -> None:
    figures = Figures()
    figures.use("images", TODAY, model="gpt-image-1", images=3, num_model_requests=2, size="1024x1024", project_id="p")
    by_model = table(figures.state(Selection(section="images")), "images-by-model")
    assert by_model.rows[0].select == Selection(models=["gpt-image-1"], section="images")
    by_size = table(figures.state(Selection(section="images", group_by="size")), "images-by-size")
    assert (names(by_size.rows), by_size.rows[0].select) == (["1024x1024"], None)


def test_a_row_of_nobody_leads_nowhere() -> None:
    figures = Figures()
    figures.bill(TODAY, "1", line_item=None)
    for table_id in SECTIONS:
        assert [row.select for row in table(figures.state(), table_id).rows] == [None]


def test_shares_of_nothing_and_of_credits() -> None:
    credit = Figures()
    credit.bill(TODAY, "-3", line_item="credit")
    credit.bill(TODAY, "1", line_item="gpt-5, input")
    assert [row.cells[2].text for row in table(credit.state(), "line-items").rows] == ["—", "—"]
    almost = Figures()
    almost.bill(TODAY, "12.3456789012345678901234567890123", line_item="a")
    almost.bill(TODAY, "-12.345678901234567890123456789", line_item="b")
    assert [row.cells[2].text for row in table(almost.state(), "line-items").rows] == ["—", "—"]


def test_changes_in_words() -> None:
    figures = Figures()
    before = TODAY - timedelta(days=35)
    for item, then, now in (
        ("a", "100", "112.3"),
        ("b", None, "5"),
        ("c", "4", "0"),
        ("d", "-1", "3"),
        ("e", "0", "0"),
    ):
        figures.bill(TODAY, now, line_item=item)
        if then is not None:
            figures.bill(before, then, line_item=item)
    rows = table(figures.state(Selection(section="line-items")), "line-items").rows
    assert {row.cells[0].text: row.cells[3].text for row in rows} == {
        "a": "+12.3%",
        "b": "new",
        "c": "-100.0%",
        "d": "—",
        "e": "—",
    }


def test_all_time_has_no_change() -> None:
    figures = Figures()
    figures.bill(TODAY, "1", line_item="a")
    figures.bill(TODAY - timedelta(days=10), "2", line_item="a")
    for first_day in (TODAY - timedelta(days=1), None):
        figures.first_day = first_day
        for section in ("overview", "line-items"):
            panel = views.panel_view(figures.state(Selection(period="all", section=section)))
            tables = next(one for one in panel.sections if one.id == section).tables
            assert tables
            assert all("change" not in [column.id for column in table.columns] for table in tables)


def test_quantities_of_line_items() -> None:
    figures = Figures()
    figures.bill(TODAY, "9", line_item="a", quantity="1200", quantity_unit="1000_tokens")
    figures.bill(TODAY, "8", line_item="b", quantity="0.083333", quantity_unit="gibibyte_hours")
    figures.bill(TODAY, "7", line_item="c", quantity="3", quantity_unit="odd_unit")
    figures.bill(TODAY, "6", line_item="d", quantity="3", quantity_unit="sessions")
    figures.bill(TODAY, "6", line_item="d", quantity="3", quantity_unit="hours")
    figures.bill(TODAY, "1", line_item="e")
    rows = table(figures.state(Selection(section="line-items")), "line-items").rows
    assert {row.cells[0].text: row.cells[-1].text for row in rows} == {
        "a": "1,200 thousand tokens",
        "b": "0.08333 GiB hours",
        "c": "3 odd unit",
        "d": "—",
        "e": "—",
    }


# As Markdown.


def test_a_table_as_markdown_has_all_rows() -> None:
    text = views.table_as_markdown(FIGURES.state(Selection(section="api-keys")), "api-keys")
    assert text is not None
    lines = text.splitlines()
    assert lines[0] == "| API key | Spend | Share | Change | Requests | Input tokens |"
    assert lines[1] == "| :-- | --: | --: | --: | --: | --: |"
    assert len(lines) == 2 + 121 + 1
    assert lines[-1].startswith("| Total | $")
    up = Sort(table="api-keys", column="name", descending=False)
    ordered = views.table_as_markdown(FIGURES.state(Selection(section="api-keys", sort=up)), "api-keys")
    assert ordered is not None
    assert ordered.splitlines()[2].startswith("| key\\_000 |")


def test_there_is_no_markdown_of_what_is_not_shown() -> None:
    state = FIGURES.state(Selection(section="api-keys"))
    assert views.table_as_markdown(state, "models") is None
    assert views.table_as_markdown(state, "") is None
    assert views.table_as_markdown(State(now=state.now, base_url=""), "api-keys") is None


# Everything that has a meaning in Markdown, HTML or VS Code's icons, and some text between.
tricky = st.lists(
    st.sampled_from(
        [
            *"\\`*_{}[]()#+-.!|<>~&\"':@$ \n\t\r\x00\x1b\x7f\u202e\u200fab1/;=%^?,",
            "~~",
            "&lt;",
            "&#42;",
            "](x)",
            "```",
            "$(",
        ]
    ),
    max_size=30,
).map("".join)
HOSTILE = [
    "[click](command:workbench.action.quit)",
    "<img src=x onerror=alert(1)>",
    "a|b\\|c\nd | e",
    "`code` **bold** ~~gone~~ &lt;b&gt; &amp;",
    "$(alert) <script>",
    "line\r\none\ttwo\x00three\x1b[31m",
    "\u202eevil\u200f.exe",
    "long " * 500,
]


@given(tricky)
@example("$(alert) [x](y) <b> &lt;")
def test_foreign_text_in_markdown_stays_text(text: str) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(f"x{markdown.escape(text)}x")
    body = html.removeprefix("<p>").removesuffix("</p>\n")
    assert "<" not in body
    assert unescaped(body) == f"x{line_of(text)}x"


def line_of(text: str) -> str:
    """The line a reader should see; before an icon VS Code eats the backslash."""
    for character in "\n\t\r\x00\x1b\x7f":
        text = text.replace(character, " ")
    return " ".join(part for part in text.split(" ") if part).replace("$(", "\\$(")


def unescaped(html: str) -> str:
    return html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


@given(tricky.filter(str.strip))
@example("&lt;b&gt; &#42;")
@example("~~a~~ &amp; \x00")
@settings(max_examples=60, phases=[Phase.explicit, Phase.generate])
def test_a_name_in_a_table_as_markdown_stays_text(name: str) -> None:
    figures = Figures()
    figures.bill(TODAY, "1", line_item=name)
    text = views.table_as_markdown(figures.state(Selection(section="line-items")), "line-items")
    assert text is not None
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    assert html.count("<tr>") == 3
    assert html.count("<td") == 2 * html.count("<th ")
    cell = html.partition('<td style="text-align:left">')[2].partition("</td>")[0]
    assert "<" not in cell
    seen = unescaped(cell).replace("\x00", "").replace("\ufffd", "")
    assert seen.split() == name.replace("\x00", "").split()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    figures = Figures()
    row: dict[str, Any] = {"project_id": "proj_a", "api_key_id": "key_a", "user_id": "user_a"}
    figures.bill(TODAY, "1", line_item=name, **row)
    figures.use("completions", TODAY, model=name, input_tokens=1, num_model_requests=1, **row)
    directory = Directory(
        projects={"proj_a": Project("proj_a", name, is_archived=False)},
        api_keys={"key_a": ApiKey("key_a", name, name, "proj_a", None, name, None)},
        users={"user_a": User("user_a", name, name)},
    )
    for section in ("overview", *SECTIONS, "completions"):
        state = figures.state(
            Selection(section=section, project_ids=["proj_a"]), directory=directory, organization=name
        )
        panel = views.panel_view(state)
        assert panel.filters[0].text == name
        assert json.loads(sent(panel))["filters"][0]["text"] == name
        assert PanelView.model_validate(json.loads(sent(panel))) == panel
        for table_id in (one.id for each in panel.sections for one in each.tables):
            text = views.table_as_markdown(state, table_id)
            assert text is not None
            html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
            assert "<img" not in html
            assert "<script" not in html
            assert "href" not in html
            assert html.count("<table>") == 1
    tooltip = views.status_view(figures.state(directory=directory, organization=name)).tooltip
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(tooltip)
    assert html.count("href=") == 3, "those of our own"
    assert "<img" not in html
    assert "<script" not in html
    assert "\n".join(tooltip.splitlines()) == tooltip
