"""OpenAI's HTTP API: what is asked, how pages are followed, what can go wrong. Plain data comes out, or an ApiError.

httpx takes a tenth of a second to import. So all that needs it is imported when it is first used: what is kept on disk
shows before anything is asked.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from openai_usage.openai_api.errors import REFUSALS, ApiError, Fault

if TYPE_CHECKING:
    from openai_usage.openai_api import legacy
    from openai_usage.openai_api.client import Client
    from openai_usage.openai_api.costs_and_usage import buckets
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
    "REFUSALS",
    "ApiError",
    "Client",
    "Fault",
    "api_keys",
    "buckets",
    "legacy",
    "projects",
    "rate_limits",
    "service_accounts",
    "spend_alerts",
    "spend_limit",
    "users",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever has that name
    if name not in __all__:
        raise AttributeError(name)
    if name == "legacy":
        return import_module(f"{__name__}.legacy")
    module = {"Client": "client", "buckets": "costs_and_usage"}.get(name, "lists")
    return getattr(import_module(f"{__name__}.{module}"), name)
