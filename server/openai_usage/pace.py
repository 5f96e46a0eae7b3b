"""How fast use may be asked for: five questions in any minute.

Source: limits that clients of `GET /usage` saw from 2023 to 2024 (facts on the endpoints of 2023).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

MOST: Final = 5
PER: Final = timedelta(minutes=1)
_MARGIN: Final = timedelta(seconds=1)
"""Between when a question leaves here and when it arrives there."""


def pause(asked: Sequence[datetime], now: datetime) -> timedelta:
    """How long to wait with the next question after those that were `asked`, oldest first."""
    recent = [moment for moment in asked if now - PER - _MARGIN < moment <= now]
    return recent[-MOST] + PER + _MARGIN - now if len(recent) >= MOST else timedelta()


def noted(asked: Sequence[datetime], now: datetime) -> list[datetime]:
    """With one more question; only those that count."""
    return [*asked, now][-MOST:]


def how_long(count: int) -> timedelta:
    """About how long so many questions take."""
    return PER * max(0, (count - 1) // MOST)
