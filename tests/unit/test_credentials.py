"""Which key is used, and that it does not show."""

import pytest

from openai_usage import credentials
from openai_usage.credentials import Credential, KeyFault, KeyKind

ADMIN = "sk-admin-" + "x" * 40
PROJECT = "sk-proj-" + "x" * 40


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (ADMIN, KeyKind.ADMIN),
        (PROJECT, KeyKind.PROJECT),
        ("sk-svcacct-" + "x" * 40, KeyKind.SERVICE_ACCOUNT),
        ("sk-" + "x" * 40, KeyKind.USER),
        ("sess-" + "x" * 40, KeyKind.SESSION),
        ("gateway-key", KeyKind.OTHER),
    ],
)
def test_the_prefix_tells_the_kind(key: str, kind: KeyKind) -> None:
    found = credentials.find({"OPENAI_API_KEY": key})
    assert isinstance(found, Credential)
    assert found.kind is kind
    assert found.secret.get_secret_value() == key


def test_an_admin_key_is_preferred_wherever_it_stands() -> None:
    for environ in ({"OPENAI_ADMIN_KEY": PROJECT, "OPENAI_API_KEY": ADMIN}, {"OPENAI_ADMIN_KEY": ADMIN}):
        found = credentials.find(environ)
        assert isinstance(found, Credential)
        assert found.kind is KeyKind.ADMIN


@pytest.mark.parametrize("environ", [{}, {"OPENAI_ADMIN_KEY": ""}, {"OPENAI_ADMIN_KEY": " \n"}])
def test_no_key(environ: dict[str, str]) -> None:
    assert credentials.find(environ) is KeyFault.MISSING


def test_white_space_around_a_key_is_no_part_of_it() -> None:
    found = credentials.find({"OPENAI_ADMIN_KEY": f" {ADMIN}\r\n"})
    assert isinstance(found, Credential)
    assert found.secret.get_secret_value() == ADMIN


@pytest.mark.parametrize("inside", ["\n", "\r", " ", "\x00", "é", "\x7f", "…"])
def test_a_key_that_could_not_be_sent_is_damaged(inside: str) -> None:
    assert credentials.find({"OPENAI_ADMIN_KEY": ADMIN + inside + "x"}) is KeyFault.MALFORMED


def test_the_key_does_not_show() -> None:
    found = credentials.find({"OPENAI_ADMIN_KEY": ADMIN})
    assert ADMIN not in f"{found!r} {found}"
