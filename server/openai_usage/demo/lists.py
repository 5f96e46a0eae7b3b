"""The lists of the organisation, and its budget: projects, keys, service accounts, users, rate limits, spend limits.

Shapes follow OpenAI's OpenAPI document (2026-08-21) and SDK 3.54.0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openai_usage.demo import models
from openai_usage.demo.organization import Organization
from openai_usage.demo.query import Listing, RequestError, parse_list, parse_nothing
from openai_usage.demo.roster import ApiKey, Member, Project

Json = dict[str, Any]

_ACCESS: Final = ("active", "inactive", "any")
_BOOLEAN: Final = ("true", "false")
_ORDER: Final = ("asc", "desc")


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one organisation, as JSON objects. Every method raises RequestError."""

    organization: Organization

    def projects(self, query_string: str) -> Json:
        asked = parse_list(query_string, choices={"include_archived": _BOOLEAN})
        archived = asked.choices["include_archived"] == "true"
        projects = [each for each in self.organization.projects if archived or each.archived_at is None]
        return _page([_project(project) for project in projects], asked, "project")

    def project(self, project_id: str, query_string: str) -> Json:
        parse_nothing(query_string)
        return _project(self._project(project_id))

    def api_keys(self, project_id: str, query_string: str) -> Json:
        asked = parse_list(query_string, choices={"owner_project_access": _ACCESS})
        self._project(project_id)
        access = asked.choices["owner_project_access"]
        shown: Callable[[ApiKey], bool] = {
            "active": lambda key: key.owner_has_access,
            "inactive": lambda key: not key.owner_has_access,
            "any": lambda _: True,
            # "Existing membership-based visibility rules, which may exclude some enabled keys": ours is membership.
            None: lambda key: key.owner_is_member,
        }[access]
        keys = self.organization.roster.keys(self.organization.clock(), project_id)
        return _page([self._api_key(key) for key in keys if shown(key)], asked, "API key")

    def service_accounts(self, project_id: str, query_string: str) -> Json:
        asked = parse_list(query_string)
        return _page(
            [
                {
                    "object": "organization.project.service_account",
                    "id": member.id,
                    "name": member.name,
                    "role": "member",
                    "created_at": member.joined_at,
                }
                for member in self._members(self._active_project(project_id))
                if member.service_account
            ],
            asked,
            "service account",
        )

    def project_users(self, project_id: str, query_string: str) -> Json:
        asked = parse_list(query_string)
        return _page(
            [
                {
                    "object": "organization.project.user",
                    "id": member.id,
                    "name": member.name,
                    "email": member.email,
                    "role": "owner" if member.owner else "member",
                    "added_at": member.joined_at,
                }
                for member in self._members(self._active_project(project_id))
                if not member.service_account
            ],
            asked,
            "user",
        )

    def users(self, query_string: str) -> Json:
        asked = parse_list(query_string, more=("emails",))
        members = self.organization.roster.members(self.organization.clock())
        people = [member for member in members if not member.service_account]
        return _page(
            [_user(member) for member in people if not asked.emails or member.email in asked.emails], asked, "user"
        )

    def rate_limits(self, project_id: str, query_string: str) -> Json:
        asked = parse_list(query_string, default=100, more=("before",))
        self._project(project_id)
        return _page(list(_RATE_LIMITS), asked, "rate limit")

    def spend_limit(self, query_string: str) -> Json:
        self._refuse_without_limits()
        parse_nothing(query_string)
        return _spend_limit("organization.spend_limit", self.organization.spend_limit)

    def project_spend_limit(self, project_id: str, query_string: str) -> Json:
        self._refuse_without_limits()
        parse_nothing(query_string)
        project = self._project(project_id)
        if project.spend_limit is None:
            # What OpenAI answers where no limit is set is not documented. A missing thing is a 404 elsewhere.
            raise RequestError(f"No spend limit is set for project '{project_id}'.", status=404, code="not_found")
        return _spend_limit("project.spend_limit", project.spend_limit)

    def spend_alerts(self, query_string: str) -> Json:
        return self._alerts(
            "organization.spend_alert", self.organization.id, self.organization.spend_alerts, query_string
        )

    def project_spend_alerts(self, project_id: str, query_string: str) -> Json:
        project = self._project(project_id)
        return self._alerts("project.spend_alert", project_id, project.spend_alerts, query_string)

    def _alerts(self, name: str, owner: str, amounts: Sequence[int], query_string: str) -> Json:
        self._refuse_without_limits()
        asked = parse_list(query_string, minimum=0, more=("before",), choices={"order": _ORDER})
        alerts = [
            {
                "id": self.organization.chance.identifier("alert_", 16, f"{owner} {amount}"),
                "object": name,
                "threshold_amount": amount,
                "currency": "USD",
                "interval": "month",
                "notification_channel": {
                    "type": "email",
                    "recipients": ["finance@northwind.example"],
                    "subject_prefix": None,
                },
            }
            for amount in amounts
        ]
        return _page(alerts[::-1] if asked.choices["order"] == "desc" else alerts, asked, "spend alert")

    def _refuse_without_limits(self) -> None:
        """An account that does not have them does not know the address; how it says so is not known."""
        if not self.organization.limits:
            raise RequestError("Spend limits are not available for this organization.", status=404, code="not_found")

    def _project(self, project_id: str) -> Project:
        for project in self.organization.projects:
            if project.id == project_id:
                return project
        raise RequestError(f"No such project: '{project_id}'.", status=404, code="not_found")

    def _active_project(self, project_id: str) -> Project:
        project = self._project(project_id)
        if project.archived_at is not None:
            raise RequestError(f"Project '{project_id}' is archived.")
        return project

    def _members(self, project: Project) -> list[Member]:
        members = self.organization.roster.members(self.organization.clock())
        return [member for member in members if project.id in member.project_ids]

    def _api_key(self, key: ApiKey) -> Json:
        owner = key.owner
        described: Json = {
            "id": owner.id,
            "name": owner.name or "",
            "created_at": owner.joined_at,
            "role": "owner" if owner.owner else "member",
        }
        if not owner.service_account:
            described["email"] = owner.email
        kind = "service_account" if owner.service_account else "user"
        return {
            "object": "organization.project.api_key",
            "redacted_value": key.redacted,
            "name": key.name,
            "created_at": key.created_at,
            "last_used_at": self.organization.last_used_at(key),
            "expires_at": key.expires_at,
            "id": key.id,
            "owner_project_access": "active" if key.owner_has_access else "inactive",
            "owner": {"type": kind, kind: described},
        }


def _page(items: list[Json], asked: Listing, noun: str) -> Json:
    """The part of the items that lies after one and, going backwards, before another."""
    ids = [item["id"] for item in items]
    for name, identifier in (("after", asked.after), ("before", asked.before)):
        if identifier is not None and identifier not in ids:
            raise RequestError(f"No such {noun}: '{identifier}'.", param=name)
    if asked.after is not None:
        items = items[ids.index(asked.after) + 1 :]
    if asked.before is not None:
        items = items[: ids.index(asked.before)]
        page = items[max(len(items) - asked.limit, 0) :]
    else:
        page = items[: asked.limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(items) > asked.limit,
    }


def _project(project: Project) -> Json:
    return {
        "id": project.id,
        "object": "organization.project",
        "name": project.name,
        "created_at": project.created_at,
        "archived_at": project.archived_at,
        "status": "active" if project.archived_at is None else "archived",
        "external_key_id": None,
        "residency": "GLOBAL",
    }


def _user(member: Member) -> Json:
    return {
        "object": "organization.user",
        "id": member.id,
        "name": member.name,
        "email": member.email,
        "role": "owner" if member.owner else "reader",
        "added_at": member.joined_at,
        "is_service_account": False,
    }


def _spend_limit(name: str, cents: int) -> Json:
    return {
        "object": name,
        "threshold_amount": cents,
        "currency": "USD",
        "interval": "month",
        "enforcement": {"status": "enforcing"},
    }


def _rate_limit(model: str, requests: int, tokens: int, **more: int) -> Json:
    return {
        "object": "project.rate_limit",
        "id": f"rl-{model}",
        "model": model,
        "max_requests_per_1_minute": requests,
        "max_tokens_per_1_minute": tokens,
        **more,
    }


_RATE_LIMITS: Final = (
    *(
        _rate_limit(line[-1].name, 5_000, 2_000_000, batch_1_day_max_input_tokens=20_000_000)
        for line in (models.LARGE, models.SMALL, models.LEGACY, models.ASTRA)
    ),
    _rate_limit(models.IMAGE[-1].name, 50, 250_000, max_images_per_1_minute=50),
    _rate_limit("dall-e-3", 500, 0, max_images_per_1_minute=15),
    _rate_limit("whisper-1", 500, 0, max_audio_megabytes_per_1_minute=100),
    _rate_limit("tts-1", 500, 0, max_requests_per_1_day=50_000),
    *(_rate_limit(line[-1].name, 5_000, 5_000_000) for line in (models.EMBEDDING, models.EMBEDDING_LARGE)),
)
