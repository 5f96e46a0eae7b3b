"""A little organisation as the endpoints of 2023 tell it: two rows of use a day, and a bill of one line item.

    world.answers = LittleLegacy(world.now, lambda: world.time).answer

Of today it tells what is over. It keeps what it was asked, and refuses to be asked for use too fast, by its own count.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from openai_usage.days import day_of, midnight
from openai_usage.demo.pacing import Pacing
from openai_usage.demo.query import RequestError

USERS = ("user-ada", "user-bea")
TOKENS = 1000
"""Of the first user in an hour; the other one takes twice as many."""


@dataclass(frozen=True)
class UseAsked:
    """A question for use, also one that was refused."""

    day: date
    user: str | None
    at: float
    """Seconds of the world."""
    status: int


class LittleLegacy:
    """The organisation; a function of the clock's time. `seconds` is what a minute is counted by."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        seconds: Callable[[], float],
        *,
        is_filled: bool = True,
        has_bill: bool = True,
        tells_users: bool = True,
        requests_per_minute: int = 5,
    ) -> None:
        self.is_filled = is_filled
        self.has_bill = has_bill
        self.tells_users = tells_users
        self.first = date(2026, 1, 1)
        """Before, nothing was used."""
        self.asked: list[UseAsked] = []
        self.paths: list[str] = []
        self.faults: list[httpx.Response] = []
        """Answers to the next questions for use."""
        self._clock = clock
        self._seconds = seconds
        self._pacing = Pacing(requests_per_minute, seconds)

    @property
    def days(self) -> list[date]:
        """Of all answered questions for use."""
        return [one.day for one in self.asked if one.status == 200]

    def tokens(self, day: date) -> int:
        """Input tokens of all users on a day, by now."""
        return sum(self._tokens(day, user) for user in USERS)

    def most_in_a_minute(self) -> int:
        """Of the questions for use, refused or not."""
        moments = sorted(one.at for one in self.asked)
        return max((sum(start <= at < start + 60 for at in moments) for start in moments), default=0)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What is answered now."""
        path, values = request.url.path, request.url.params
        self.paths.append(path)
        if path == "/v1/usage":
            answer = self._paced(values)
            day, user = date.fromisoformat(values["date"]), values.get("user_public_id")
            self.asked.append(UseAsked(day, user, self._seconds(), answer.status_code))
            return answer
        if path.startswith("/v1/dashboard/billing/") and not self.has_bill:
            return _said(403, "It must be made with a session key (that is, from the browser).")
        if path == "/v1/dashboard/billing/usage":
            return self._bill(date.fromisoformat(values["start_date"]), date.fromisoformat(values["end_date"]))
        if path == "/v1/organizations/org-little/users":
            members = [
                {"object": "organization_user", "role": "reader", "user": {"object": "user", "id": one, "name": one}}
                for one in USERS
            ]
            return httpx.Response(200, json={"members": {"object": "list", "data": members}})
        return _said(404, f"There is no {path}.")

    def _paced(self, values: httpx.QueryParams) -> httpx.Response:
        try:
            self._pacing.admit("")
        except RequestError as error:
            return _said(429, error.message)
        if self.faults:
            return self.faults.pop(0)
        day = date.fromisoformat(values["date"])
        whose = [one for one in USERS if values.get("user_public_id") in (None, one)]
        rows = [self._row(day, user) for user in whose if self.is_filled and self._tokens(day, user)]
        return httpx.Response(200, json={"object": "list", "data": rows, "ft_data": [], "dalle_api_data": []})

    def _row(self, day: date, user: str) -> dict[str, Any]:
        tokens = self._tokens(day, user)
        return {
            "aggregation_timestamp": midnight(day),
            "n_requests": tokens // TOKENS,
            "operation": "completion",
            "snapshot_id": "gpt-4-0613",
            "n_context_tokens_total": tokens,
            "n_generated_tokens_total": tokens // 10,
            **({"user_id": user, "organization_id": "org-little"} if self.tells_users else {}),
        }

    def _tokens(self, day: date, user: str) -> int:
        return self._hours(day) * TOKENS * (USERS.index(user) + 1)

    def _hours(self, day: date) -> int:
        hours = (int(self._clock().timestamp()) - midnight(day)) // 3600
        return max(0, min(hours, 24)) if day >= self.first else 0

    def _bill(self, first: date, after: date) -> httpx.Response:
        days = [first + timedelta(days=n) for n in range((after - first).days)]
        costs = [
            {"timestamp": midnight(day), "line_items": [{"name": "Chat models", "cost": self._hours(day) * 1.5}]}
            for day in days
            if day <= day_of(int(self._clock().timestamp()))
        ]
        total = sum(self._hours(day) * 1.5 for day in days)
        body = json.dumps({"object": "list", "daily_costs": costs, "total_usage": total})
        return httpx.Response(200, content=body.encode())


def refusal(status: int, **headers: str) -> httpx.Response:
    """An answer that is none, for `faults`."""
    return httpx.Response(status, headers=headers, json={"error": {"message": f"no, {status}"}})


def _said(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message}})
