"""What things are called. OpenAI's own terms, in the way people say them."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from openai_usage.endpoints import Endpoint, Metric
from openai_usage.protocol import BucketWidth, GroupBy, Measure, Period, SectionId
from openai_usage.scope import Step

PERIODS: Final[Mapping[Period, str]] = {
    "today": "Today",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "month": "This month",
    "last-month": "Last month",
    "90d": "Last 90 days",
    "365d": "Last 365 days",
    "all": "All time",
}
WIDTHS: Final[Mapping[BucketWidth, str]] = {"1d": "Day", "1h": "Hour", "1m": "Minute"}
STEPS: Final[Mapping[Step, str]] = {"month": "month", "1d": "day", "1h": "hour", "1m": "minute"}
"""Of a chart, as in "Spend by day"."""
MEASURES: Final[Mapping[Measure, str]] = {
    "spend": "Spend",
    "estimate": "Estimated spend",
    "tokens": "Tokens",
    "requests": "Requests",
    "images": "Images",
    "characters": "Characters",
    "seconds": "Seconds",
    "sessions": "Sessions",
    "calls": "Calls",
    "bytes": "Storage",
}


class Term(NamedTuple):
    """The words for one dimension."""

    one: str
    many: str
    none: str
    """For what has no value."""


DIMENSIONS: Final[Mapping[GroupBy, Term]] = {
    "line_item": Term("Line item", "Line items", "No line item"),
    "model": Term("Model", "Models and tools", "No model"),
    "project_id": Term("Project", "Projects", "No project"),
    "api_key_id": Term("API key", "API keys", "No API key"),
    "user_id": Term("User", "Users", "No user"),
    "service_tier": Term("Service tier", "Service tiers", "No service tier"),
    "batch": Term("Batch", "Batch", "Neither"),
    "api_source": Term("Source", "Sources", "No source"),
    "token_type": Term("Kind of token", "Kinds of tokens", "Other"),
    "capability": Term("Capability", "Capabilities", "Other"),
    "size": Term("Size", "Sizes", "No size"),
    "source": Term("Kind of request", "Kinds of requests", "No kind"),
    "context_level": Term("Context level", "Context levels", "No level"),
    "vector_store_id": Term("Vector store", "Vector stores", "No vector store"),
}
VALUES: Final[Mapping[GroupBy, Mapping[str, str]]] = {
    "batch": {"true": "Batch", "false": "Not batch"},
    "token_type": {
        "uncached": "Uncached input",
        "cached": "Cached input",
        "cache_write": "Cache write",
        "output": "Output",
    },
    "api_source": {"agents_api": "Agents API", "unlabeled": "Unlabeled"},
    "source": {"image.generation": "Generation", "image.edit": "Edit", "image.variation": "Variation"},
}
"""Of the values that are codes; others are shown as they are."""

SECTIONS: Final[Mapping[SectionId, str]] = {
    "overview": "Overview",
    "models": "Models and tools",
    "api-keys": "API keys",
    "projects": "Projects",
    "users": "Users",
    "line-items": "Line items",
    "limits": "Limits",
    "completions": "Completions",
    "decisions": "Decisions",
    "embeddings": "Embeddings",
    "moderations": "Moderations",
    "images": "Images",
    "audio_speeches": "Speech",
    "audio_transcriptions": "Transcription",
    "vector_stores": "Vector stores",
    "code_interpreter_sessions": "Code interpreter",
    "file_search_calls": "File search",
    "web_search_calls": "Web search",
}
_METRICS: Final[Mapping[str, str]] = {
    "num_model_requests": "Requests",
    "input_tokens": "Input",
    "output_tokens": "Output",
    "input_uncached_tokens": "Uncached input",
    "input_cached_tokens": "Cached input",
    "input_cache_write_tokens": "Cache write",
    "input_cache_write_30m_tokens": "Cache write, 30 min",
    "input_cache_write_12h_tokens": "Cache write, 12 h",
    "input_text_tokens": "Text input",
    "input_audio_tokens": "Audio input",
    "input_image_tokens": "Image input",
    "input_cached_text_tokens": "Cached text input",
    "input_cached_audio_tokens": "Cached audio input",
    "input_cached_image_tokens": "Cached image input",
    "output_text_tokens": "Text output",
    "output_audio_tokens": "Audio output",
    "output_image_tokens": "Image output",
    "images": "Images",
    "characters": "Characters",
    "seconds": "Seconds",
    "usage_bytes": "Storage",
    "num_sessions": "Sessions",
    "num_requests": "Calls",
    "web_search_calls": "Web searches",
    "file_search_calls": "File searches",
}


def metric_title(metric: Metric, endpoint: Endpoint | None = None) -> str:
    """The heading of a metric; with its unit where the name alone would not tell, as at the top of a section."""
    title = _METRICS.get(metric.name, metric.name)
    if endpoint is not None and metric.unit == "tokens":
        return f"{title} tokens"
    return title


WORKSPACE: Final = "This workspace"
"""What is of the API key that the workspace uses."""
NOT_YET_BILLED: Final = "incl. not yet billed"
OR_MORE: Final = "or more"
ESTIMATED: Final = "estimated by list prices"
NOT_BILLED_BY_KEY: Final = "OpenAI gives no bill by key for these days"
HISTORY: Final = "Usage is known from {day} (UTC) on. Anything older has not been fetched yet."
HISTORY_READING: Final = "Usage before {day} (UTC) is on its way."
HISTORY_STOPPED: Final = "Usage before {day} (UTC) could not be fetched, and is not in here."
HISTORY_FULL: Final = (
    "Usage before {day} (UTC) is not in here: the disk space for it (openaiUsage.storageMegabytes) is used up."
)
FETCH_ALL: Final = "Fetch all history"
QUANTITY_UNITS: Final[Mapping[str, str]] = {
    "1000_tokens": "thousand tokens",
    "duration_seconds": "seconds",
    "duration_minutes": "minutes",
    "duration_hours": "hours",
    "gibibyte_hours": "GiB hours",
}
"""Of a line item's quantity; others are shown as they are."""


def capability(name: str) -> str:
    """A capability by the name of its endpoint."""
    return {str(one): title for one, title in SECTIONS.items()}.get(name, name)


def in_a_sentence(words: str) -> str:
    """ "Line item" as "line item", but "API key" as it is."""
    return words if words.startswith("API") else words[:1].lower() + words[1:]


def listed(names: list[str]) -> str:
    """ "Embeddings", "Embeddings and Images", "Embeddings, Images and Speech"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
