"""Which of an organisation's keys a key is: by no more than OpenAI shows, and never by a guess."""

import hashlib
import hmac
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from openai_usage.demo import Organization
from openai_usage.directory import ApiKey, Directory, Project
from openai_usage.matching import Match, digest, fits, match
from openai_usage.settings import KeyId
from openai_usage.workspace import FoundKey

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
SECRET = "sk-proj-" + "x" * 36 + "wxyz"

of_keys = st.text(string.ascii_letters + string.digits + "-_", min_size=13, max_size=180)
prefixes = st.sampled_from(["", "sk-", "sk-proj-", "sk-svcacct-"])
keys = st.builds(lambda prefix, rest: prefix + rest, prefixes, of_keys)
dots = st.sampled_from(["...", "....", "…", "." * 8])


def by_asterisks(secret: str, start: int = 8, end: int = 4) -> str:
    return f"{secret[:start]}{'*' * (len(secret) - start - end)}{secret[len(secret) - end :]}"


def by_dots(secret: str, start: int = 8, end: int = 4, mark: str = "...") -> str:
    return f"{secret[:start]}{mark}{secret[len(secret) - end :]}"


@st.composite
def cuts(draw: st.DrawFn) -> tuple[str, int, int]:
    """A key, and how much of both its ends is shown: some is hidden."""
    secret = draw(keys)
    start = draw(st.integers(1, len(secret) - 2))
    return secret, start, draw(st.integers(1, len(secret) - start - 1))


# One key, one redacted form.


@given(cuts(), dots)
def test_a_key_fits_its_own_redacted_forms(cut: tuple[str, int, int], mark: str) -> None:
    secret, start, end = cut
    assert fits(secret, by_asterisks(secret, start, end))
    assert fits(secret, by_dots(secret, start, end, mark))


@given(keys, keys)
def test_another_key_fits_where_nothing_that_is_shown_tells_them_apart(one: str, other: str) -> None:
    ends = one[:8] == other[:8] and one[-4:] == other[-4:]
    assert fits(one, by_dots(other)) == ends
    assert fits(one, by_asterisks(other)) == (ends and len(one) == len(other))


@given(keys, of_keys, of_keys)
def test_the_hidden_part_does_not_matter_but_its_length_does(secret: str, middle: str, other: str) -> None:
    one, two = (secret[:8] + inner + secret[-4:] for inner in (middle, other))
    assert fits(one, by_dots(two))
    assert fits(one, by_asterisks(two)) == (len(middle) == len(other))


@given(cuts(), st.data())
def test_one_character_of_what_is_shown_makes_another_key(cut: tuple[str, int, int], data: st.DataObject) -> None:
    secret, start, end = cut
    at = data.draw(st.sampled_from([*range(start), *range(len(secret) - end, len(secret))]))
    character = data.draw(st.sampled_from(string.ascii_letters))
    assume(character != secret[at])
    other = secret[:at] + character + secret[at + 1 :]
    for redacted in (by_asterisks(secret, start, end), by_dots(secret, start, end)):
        assert not fits(other, redacted)


@given(cuts(), st.integers(1, 40))
def test_a_longer_or_shorter_key_never_fits_as_many_asterisks(cut: tuple[str, int, int], more: int) -> None:
    secret, start, end = cut
    redacted = by_asterisks(secret, start, end)
    longer = secret[:start] + "x" * more + secret[start:]
    assert not fits(longer, redacted)
    assert not fits(secret, by_asterisks(longer, start, end))


@given(keys, st.integers(0, 200), st.sampled_from(["*", ".", "…"]))
def test_a_form_that_hides_an_end_or_everything_fits_nothing(secret: str, count: int, mark: str) -> None:
    hidden = mark * count
    for redacted in (hidden, secret[:8] + hidden, hidden + secret[-4:], hidden + secret, secret + hidden):
        assert not fits(secret, redacted)


@given(keys)
@example("sk-proj-abcd")
def test_a_key_that_is_shown_whole_is_no_redacted_one(secret: str) -> None:
    assert not fits(secret, secret)
    assert not fits(secret, secret[:8] + secret[8:])


@given(keys, st.data())
def test_what_is_shown_at_both_ends_is_not_the_same_part_of_a_key(secret: str, data: st.DataObject) -> None:
    """Neither are they all of it: something is hidden."""
    start = data.draw(st.integers(1, len(secret)))
    end = data.draw(st.integers(len(secret) - start, len(secret)))
    assume(end)
    assert not fits(secret, f"{secret[:start]}...{secret[len(secret) - end :]}")
    assert not fits(secret, f"{secret[:start]}*{secret[len(secret) - end :]}")


@pytest.mark.parametrize(
    ("redacted", "is_it"),
    [
        ("sk-proj-" + "*" * 36 + "wxyz", True),
        ("sk-proj-" + "*" * 35 + "wxyz", False),
        ("sk-proj-...wxyz", True),
        ("sk-...xyz", True),
        ("sk-proj-xx..wxyz", False),
        ("SK-PROJ-...wxyz", False),
        ("sk-proj-...wxyz ", False),
        ("sk-proj-****wxyz", False),
        ("sk-proj-**" + "x" * 30 + "**wxyz", False),
        ("sk-proj-...x...wxyz", False),
        ("", False),
        ("...", False),
        ("*" * len(SECRET), False),
    ],
)
def test_forms_seen_and_others(redacted: str, is_it: bool) -> None:
    assert fits(SECRET, redacted) is is_it


@given(st.text(max_size=30), st.text(max_size=30))
def test_nothing_is_so_odd_that_it_raises(secret: str, redacted: str) -> None:
    if fits(secret, redacted):
        assert secret[:1] == redacted[:1]
        assert secret[-1:] == redacted[-1:]


def test_every_key_of_the_made_up_organisation_is_found_and_no_other() -> None:
    organization = Organization(now=lambda: NOW)
    made = [key for one in organization.projects for key in organization.roster.keys(organization.clock(), one.id)]
    assert {key.short for key in made} == {True, False}
    listed = Directory(api_keys={key.id: api_key(key.id, key.redacted) for key in made})
    for key in made:
        found = match(found_key(key.secret), listed, None)
        assert found is not None
        assert found.key_id == key.id


# All of an organisation's.


def api_key(key_id: str, redacted: str, used: datetime | None = None) -> ApiKey:
    return ApiKey(key_id, key_id, redacted, "proj_a", None, None, used)


def found_key(secret: str = SECRET) -> FoundKey:
    return FoundKey(SecretStr(secret), ".env", "OPENAI_API_KEY")


def directory(*listed: ApiKey, is_whole: bool = True) -> Directory:
    projects = {"proj_a": Project("proj_a", "A", is_archived=False)}
    return Directory(projects, {one.id: one for one in listed}, is_whole=is_whole)


OTHER = api_key("key_other", "sk-proj-...zzzz", NOW)
LONG = api_key("key_long", by_asterisks(SECRET), NOW - timedelta(days=3))
SHORT = api_key("key_short", by_dots(SECRET), NOW)
UNUSED = api_key("key_unused", by_dots(SECRET, 6, 3))


def test_one_of_them() -> None:
    assert match(found_key(), directory(OTHER, LONG), None) == Match("key_long", (LONG,))


@given(st.permutations([OTHER, LONG, SHORT, UNUSED]))
def test_several_are_no_match_and_the_one_used_last_is_first(listed: list[ApiKey]) -> None:
    assert match(found_key(), directory(*listed), None) == Match(None, (SHORT, LONG, UNUSED))
    assert match(found_key(), directory(*listed), "key_long") == Match("key_long", (SHORT, LONG, UNUSED))


@given(st.lists(st.none() | st.datetimes().map(lambda moment: moment.replace(tzinfo=UTC)), max_size=6))
def test_they_are_in_the_order_of_their_last_use(moments: list[datetime | None]) -> None:
    listed = [api_key(f"key_{at}", by_dots(SECRET), used) for at, used in enumerate(moments)]
    found = match(found_key(), directory(*listed), None)
    assert found is not None
    assert {one.id for one in found.candidates} == {one.id for one in listed}
    used = [one.last_used_at for one in found.candidates]
    known = [one for one in used if one is not None]
    assert used == sorted(known, reverse=True) + [None] * (len(used) - len(known))


def test_none_of_them() -> None:
    assert match(found_key(), directory(OTHER), None) == Match(None)
    assert match(found_key(), directory(), None) == Match(None)


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_remembered_one_stays_when_it_is_not_listed_any_more(is_whole: bool) -> None:
    assert match(found_key(), directory(OTHER, is_whole=is_whole), "key_gone") == Match("key_gone")
    assert match(found_key(), directory(LONG, is_whole=is_whole), "key_gone") == Match("key_gone", (LONG,))


def test_before_there_are_names_only_a_remembered_one_is_known() -> None:
    assert match(found_key(), None, None) is None
    assert match(found_key(), None, "key_long") == Match("key_long")


def test_in_a_part_of_the_names_one_that_fits_is_taken_and_none_is_none() -> None:
    assert match(found_key(), directory(LONG, is_whole=False), None) == Match("key_long", (LONG,))
    assert match(found_key(), directory(OTHER, is_whole=False), None) == Match(None)


@pytest.mark.parametrize("listed", [None, directory(), directory(LONG, SHORT)])
@pytest.mark.parametrize("remembered", [None, "key_long"])
def test_an_id_is_taken_at_its_word(listed: Directory | None, remembered: str | None) -> None:
    assert match(KeyId("key_mine"), listed, remembered) == Match("key_mine")


# What is remembered of a key.


@given(st.text(), st.text(), of_keys, of_keys)
def test_a_digest_tells_keys_apart_and_holds_nothing_of_them(salt: str, other_salt: str, one: str, other: str) -> None:
    assume(salt.encode(errors="ignore").decode() == salt)
    assume(other_salt.encode(errors="ignore").decode() == other_salt)
    mark = digest(salt, found_key(one))
    assert mark == digest(salt, replace(found_key(one), place="the environment", faults=("x",)))
    assert (mark == digest(salt, found_key(other))) == (one == other)
    # HMAC fills what is shorter than a block up with NULs.
    is_same_salt = salt.encode().rstrip(b"\0") == other_salt.encode().rstrip(b"\0")
    if len(salt.encode()) <= 64 and len(other_salt.encode()) <= 64:
        assert (mark == digest(other_salt, found_key(one))) == is_same_salt
    assert len(mark) == 64
    assert set(mark) <= set(string.hexdigits.lower())
    assert mark == hmac.new(salt.encode(), one.encode(), hashlib.sha256).hexdigest()
