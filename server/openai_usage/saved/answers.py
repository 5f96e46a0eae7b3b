"""JSON: answers of OpenAI's endpoints, and this extension's own export.

A file may hold one answer, a list of them, or several one after the other, as JSON Lines do. The answers of 2023 are
read as `openai_api.legacy` reads them; pages of the organisation API have the fields of the table in `endpoints`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from json import JSONDecodeError, JSONDecoder
from typing import Final

from msgspec import DecodeError

from openai_usage import money
from openai_usage.days import Days
from openai_usage.directory import Directory
from openai_usage.endpoints import COSTS, USAGE, Endpoint
from openai_usage.openai_api import legacy
from openai_usage.saved import cells, filename
from openai_usage.saved.content import Content
from openai_usage.saved.names import Named
from openai_usage.saved.problem import Reason
from openai_usage.saved.rows import Rows
from openai_usage.saved.tables import own_moment
from openai_usage.settings import Unit
from openai_usage.source import LEGACY

_BY_NAME: Final = {endpoint.name: endpoint for endpoint in (COSTS, *USAGE)}
_BY_OBJECT: Final = {
    f"organization.{name}.result": endpoint
    for name, endpoint in (
        (COSTS.name, COSTS),
        *((f"usage.{endpoint.name}", endpoint) for endpoint in USAGE),
        # Two have other names than their paths.
        ("usage.file_searches", _BY_NAME["file_search_calls"]),
        ("usage.web_searches", _BY_NAME["web_search_calls"]),
    )
}
_LISTS: Final = frozenset({"data", "ft_data", "dalle_api_data", "whisper_api_data", "tts_api_data"})
_USERS: Final = frozenset({"user", "organization.user"})
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DEEPEST_LIST: Final = 3
_MOST_BROKEN: Final = 100
_LIMITS: Final = frozenset({"hard_limit_usd", "system_hard_limit_usd", "soft_limit_usd"})
_HALF_A_CENT: Final = Decimal("0.005")

_Answer = Mapping[str, object]


def read(text: str, content: Content, unit: Unit) -> None:
    """Everything in a file. TooManyRows when there are too many."""
    for value in _values(text, content):
        for answer in _flat(value, _DEEPEST_LIST):
            if isinstance(answer, dict):
                _answer(answer, content, unit)
            else:
                content.counts[Reason.UNKNOWN] += 1
    days = set[date]().union(*(part.days for part in content.parts))
    named = filename.day_of(content.file)
    # A file of many days may have the name of the one when it was saved.
    if named is not None and len(days) == 1 and named not in days:
        content.note(Reason.OTHER_DAY, days.pop().isoformat())


def _values(text: str, content: Content) -> Iterator[object]:
    """One after the other. Where one is broken, it goes on with the next line."""
    try:
        whole = legacy.JSON.decode(text)
    except (DecodeError, UnicodeEncodeError, RecursionError):
        yield from _several(text, content)
    else:
        yield whole


def _several(text: str, content: Content) -> Iterator[object]:
    # Only this decoder tells where a value ends; what it makes of it is left alone.
    ends = JSONDecoder(parse_int=_nothing, parse_float=_nothing)
    at = 0
    is_by_line = False
    while (at := _after_space(text, at)) < len(text):
        end = at
        try:
            _, end = ends.raw_decode(text, at)
            value = legacy.JSON.decode(text[at:end])
        except (ValueError, RecursionError) as error:
            content.counts[Reason.BROKEN_JSON] += 1
            # Each takes a look at the whole file, and after so many it is no JSON.
            if content.counts[Reason.BROKEN_JSON] >= _MOST_BROKEN or isinstance(error, RecursionError):
                return
            if isinstance(error, JSONDecodeError):
                # A line that breaks off may only be noticed in a later one.
                end = text.find("\n", at if is_by_line else error.pos) + 1 or len(text)
            at = end
        else:
            yield value
            is_by_line = is_by_line or text.find("\n", at, end + 1) == end
            at = end


def _nothing(_: str) -> None:
    return None


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


def _flat(value: object, depth: int) -> Iterator[object]:
    if isinstance(value, list) and depth:
        for one in value:
            yield from _flat(one, depth - 1)
    else:
        yield value


def _answer(answer: _Answer, content: Content, unit: Unit) -> None:
    if answer.get("error"):
        content.counts[Reason.ERROR_ANSWER] += 1
        return
    read_it = next((read_it for is_one, read_it in _SHAPES if is_one(answer)), None)
    if read_it is None:
        content.counts[Reason.UNKNOWN] += 1
        return
    try:
        read_it(answer, content, unit)
    except ValueError:
        content.counts[Reason.UNREAD_ANSWER] += 1


def _is_about_members(answer: _Answer) -> bool:
    listed = answer.get("data")
    first = listed[0] if isinstance(listed, list) and listed else None
    return "members" in answer or (isinstance(first, dict) and first.get("object") in _USERS)


def _is_use(answer: _Answer) -> bool:
    return not _LISTS.isdisjoint(answer) and answer.get("object") in (None, "list")


def _is_organization(answer: _Answer) -> bool:
    return answer.get("object") == "organization" or ("title" in answer and isinstance(answer.get("id"), str))


def _is_subscription(answer: _Answer) -> bool:
    return answer.get("object") == "billing_subscription" or not _LIMITS.isdisjoint(answer)


def _use(answer: _Answer, content: Content, _: Unit) -> None:
    use = legacy.use_of(answer)
    unread = sum(use.unread.values())
    days = set()
    records = []
    for record in use.records:
        try:
            days.add(cells.day_of(record.start))
            records.append(record)
        except ValueError:
            unread += 1
    content.counts[Reason.UNREAD_ROWS] += unread
    if not days:
        named = filename.day_of(content.file)
        if named is None or unread:
            content.counts[Reason.NO_DAY] += not unread
            return
        days.add(named)
    # One answer is of all that was counted then.
    parts = {endpoint: content.part(endpoint, days) for endpoint in LEGACY.usage}
    for record in records:
        content.add(parts[record.endpoint], record)
    content.names.add(_everyone(use.directory))
    if use.organization is not None:
        content.names.add([use.organization])


def _everyone(directory: Directory) -> Iterator[Named]:
    yield from (one for one in directory.projects.values() if one.name)
    yield from directory.api_keys.values()
    yield from (one for one in directory.users.values() if one.name or one.email)


def _credit(answer: _Answer, content: Content, _: Unit) -> None:
    content.hold("credit", legacy.credit_of(answer))


def _subscription(answer: _Answer, content: Content, _: Unit) -> None:
    content.hold("subscription", legacy.subscription_of(answer))


def _members(answer: _Answer, content: Content, _: Unit) -> None:
    content.names.add(legacy.members_of(answer))


def _organization(answer: _Answer, content: Content, _: Unit) -> None:
    content.names.add([legacy.organization_of(answer)])


def _bill(answer: _Answer, content: Content, unit: Unit) -> None:
    bill = legacy.bill_of(answer, unit)
    if bill.tells_days and not bill.days:
        content.counts[Reason.NO_DAY] += 1
        return
    content.counts[Reason.IN_DOLLARS] += unit == "usd"
    if not bill.tells_days:
        content.hold("one_sum", bill.total)
        return
    by_day = money.total(Decimal(record.numbers[0]) for record in bill.records)
    if bill.total is not None and abs(bill.total - by_day) >= _HALF_A_CENT:
        content.note(Reason.OTHER_TOTAL, money.plain(by_day), money.plain(bill.total))
    part = content.part(COSTS, filter(cells.can_be, bill.days), is_by_group=True)
    for record in bill.records:
        try:
            content.add(part, record)
        except ValueError:
            content.counts[Reason.UNREAD_ROWS] += 1


def _page(page: _Answer, content: Content, _: Unit) -> None:
    """Buckets of one endpoint; those without rows are of the same, or of the one that the file is named after."""
    rows = Rows(content)
    endpoints, empty = set(), set()
    for bucket in _list(page.get("data")):
        results = _list(_member(bucket, "results"))
        try:
            start = cells.moment(_member(bucket, "start_time"))
            cells.is_within_a_day(start, cells.moment(_member(bucket, "end_time")))
        except ValueError:
            rows.unread(max(1, len(results)))
            continue
        if not results:
            empty.add(cells.day_of(start))
        for row in results:
            endpoint = _BY_OBJECT.get(str(_member(row, "object")))
            if endpoint is None or not isinstance(row, dict):
                rows.unread()
                continue
            endpoints.add(endpoint)
            rows.add(endpoint, start, _billed(row) if endpoint is COSTS else row)
    if not endpoints and empty and (named := filename.endpoint_of(content.file)):
        endpoints.add(named)
    if len(endpoints) == 1:
        rows.of(endpoints.pop()).days |= empty
    elif empty:
        content.counts[Reason.NO_ENDPOINT] += 1


def _billed(row: _Answer) -> _Answer:
    amount = row.get("amount")
    if amount is not None and not isinstance(amount, dict):
        return {**row, "amount": amount, "currency": row.get("currency")}
    return {**row, "amount": _member(amount, "value"), "currency": _member(amount, "currency")}


def _own(answer: _Answer, content: Content, _: Unit) -> None:
    """This extension's export. It is of whole days, but for what it says is missing.

    An endpoint without rows may have been left out of it for a filter, so nothing is told of it.
    """
    costs, usage = _list(answer.get("costs") or []), _list(answer["usage"])
    days = _days(answer["period"])
    missing = [(_member(one, "capability"), _days(one)) for one in _list(answer.get("missing") or [])]
    rows = Rows(content)
    for row in costs:
        _own_row(COSTS, {"currency": answer.get("currency"), **row} if isinstance(row, dict) else row, rows)
    for row in usage:
        _own_row(_BY_NAME.get(str(_member(row, "capability"))), row, rows)
    if "costs" in answer:
        rows.of(COSTS)
    for part in rows.parts():
        part.days |= days.difference(*(some for name, some in missing if name == part.endpoint.name))


def _own_row(endpoint: Endpoint | None, row: object, rows: Rows) -> None:
    start = own_moment(_member(row, "date"))
    if endpoint is None or start is None or not isinstance(row, dict):
        rows.unread()
    else:
        rows.add(endpoint, start, row)


def _days(period: object) -> set[date]:
    """Of `{start, end}`, both included."""
    return set(Days(cells.day(_member(period, "start")), cells.day(_member(period, "end"))))


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise ValueError("not a list")  # noqa: TRY004 - foreign data
    return value


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


_SHAPES: Final[Sequence[tuple[Callable[[_Answer], bool], Callable[[_Answer, Content, Unit], None]]]] = (
    (lambda answer: answer.get("object") == "page", _page),
    (lambda answer: "period" in answer and "usage" in answer, _own),
    (lambda answer: "daily_costs" in answer or "total_usage" in answer, _bill),
    (lambda answer: "total_granted" in answer, _credit),
    (_is_about_members, _members),
    (_is_use, _use),
    (_is_organization, _organization),
    (_is_subscription, _subscription),
)
"""By which members an answer is known for what it is, and what reads it. ValueError: something in it cannot be read."""
