"""OpenAI's HTTP API: what is asked, how pages are followed, what can go wrong. Rows come out, or an ApiError."""

from openai_usage.openai_api.client import Client
from openai_usage.openai_api.endpoints import completions, costs, project_names
from openai_usage.openai_api.errors import ApiError, Fault

__all__ = ["ApiError", "Client", "Fault", "completions", "costs", "project_names"]
