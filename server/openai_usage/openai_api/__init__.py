"""OpenAI's HTTP API: what is asked, how pages are followed, what can go wrong. Plain data comes out, or an ApiError."""

from openai_usage.openai_api.buckets import buckets
from openai_usage.openai_api.client import Client
from openai_usage.openai_api.errors import ApiError, Fault
from openai_usage.openai_api.lists import (
    api_keys,
    projects,
    rate_limits,
    service_accounts,
    spend_alerts,
    spend_limit,
    users,
)

__all__ = [
    "ApiError",
    "Client",
    "Fault",
    "api_keys",
    "buckets",
    "projects",
    "rate_limits",
    "service_accounts",
    "spend_alerts",
    "spend_limit",
    "users",
]
