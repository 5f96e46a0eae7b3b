"""What the tests of the real process have in common."""

from collections.abc import Iterator

import pytest

from openai_usage.demo import Organization
from tests.support.demo_server import DemoServer
from tests.support.editor import now_with_some_time_left


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """OpenAI's API on loopback."""
    # The server process has the real clock, so the organisation's day is the real one, and it stands still.
    now = now_with_some_time_left()
    with DemoServer(Organization(now=lambda: now)) as running:
        yield running
