"""The endpoints that answer in buckets of time: what may be asked of each, and what its results are made of.

From OpenAI's OpenAPI document (2026-08-21) and SDK 3.54.0, which added `decisions`, `api_source`, cost by
`user_id`, `line_items` and the two kinds of cache writes. Limits as seen live.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Paging(NamedTuple):
    """Buckets on a page: by default, at most to be asked for, and at most given."""

    default: int
    maximum: int
    given: int


class Endpoint(NamedTuple):
    """What one endpoint accepts and answers. `path` is below `/v1/organization/`."""

    path: str
    result: str
    """The `object` of a result."""
    dimensions: tuple[str, ...]
    """What it groups by. Every result has all of them, null unless asked for."""
    filters: Mapping[str, str]
    """Parameter name to the dimension it filters."""
    paging: Mapping[str, Paging]
    """By bucket width."""
    metrics: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """What a result counts, and the kinds of `catalogue.Counts` it is the sum of."""


_USAGE_PAGING = {"1m": Paging(60, 1440, 1440), "1h": Paging(24, 168, 168), "1d": Paging(7, 31, 31)}

_PROJECT = {"project_ids": "project_id"}
_CALLER = {**_PROJECT, "user_ids": "user_id", "api_key_ids": "api_key_id"}
_MODEL = {**_CALLER, "models": "model"}
_BATCH = {**_MODEL, "batch": "batch"}
_BY_CALLER = ("project_id", "user_id", "api_key_id")
_BY_MODEL = (*_BY_CALLER, "model")
_BY_TIER = (*_BY_MODEL, "batch", "service_tier", "api_source")

_WRITTEN = ("cache_write_30m", "cache_write_12h")
_UNCACHED = ("text", "audio", "image")
_CACHED = ("cached_text", "cached_audio", "cached_image")
_REQUESTS = {"num_model_requests": ("requests",)}
_TOKENS = {
    "input_tokens": (*_UNCACHED, *_CACHED, *_WRITTEN),
    "input_cached_tokens": _CACHED,
    "input_cache_write_tokens": _WRITTEN,
    "input_cache_write_30m_tokens": ("cache_write_30m",),
    "input_cache_write_12h_tokens": ("cache_write_12h",),
    "input_uncached_tokens": _UNCACHED,
    "output_tokens": ("output_text", "output_audio", "output_image"),
    "input_text_tokens": ("text",),
    "output_text_tokens": ("output_text",),
    "input_cached_text_tokens": ("cached_text",),
    "input_audio_tokens": ("audio",),
    "input_cached_audio_tokens": ("cached_audio",),
    "output_audio_tokens": ("output_audio",),
    "input_image_tokens": ("image",),
    "input_cached_image_tokens": ("cached_image",),
    "output_image_tokens": ("output_image",),
    **_REQUESTS,
}


def _usage(
    name: str,
    metrics: Mapping[str, tuple[str, ...]],
    dimensions: tuple[str, ...],
    filters: Mapping[str, str],
    result: str | None = None,
) -> Endpoint:
    """A usage endpoint. Two of them call their results otherwise than themselves."""
    return Endpoint(
        f"usage/{name}", f"organization.usage.{result or name}.result", dimensions, filters, _USAGE_PAGING, metrics
    )


USAGE: Final = {
    endpoint.path.removeprefix("usage/"): endpoint
    for endpoint in (
        _usage("completions", _TOKENS, _BY_TIER, _BATCH),
        _usage("embeddings", {"input_tokens": ("text",), **_REQUESTS}, _BY_MODEL, _MODEL),
        _usage("moderations", {"input_tokens": ("text",), **_REQUESTS}, _BY_MODEL, _MODEL),
        _usage(
            "images",
            {"images": ("images",), **_REQUESTS},
            (*_BY_MODEL, "size", "source"),
            {**_MODEL, "sources": "source", "sizes": "size"},
        ),
        _usage("audio_speeches", {"characters": ("characters",), **_REQUESTS}, _BY_MODEL, _MODEL),
        _usage("audio_transcriptions", {"seconds": ("seconds",), **_REQUESTS}, _BY_MODEL, _MODEL),
        _usage("vector_stores", {"usage_bytes": ("bytes",)}, ("project_id",), _PROJECT),
        _usage("code_interpreter_sessions", {"num_sessions": ("sessions",)}, ("project_id",), _PROJECT),
        _usage(
            "file_search_calls",
            {"num_requests": ("file_searches",)},
            (*_BY_CALLER, "vector_store_id"),
            {**_CALLER, "vector_store_ids": "vector_store_id"},
            "file_searches",
        ),
        _usage(
            "web_search_calls",
            {"num_requests": ("web_searches",), **_REQUESTS},
            (*_BY_MODEL, "context_level", "api_source"),
            {**_MODEL, "context_levels": "context_level"},
            "web_searches",
        ),
        _usage("decisions", _TOKENS, _BY_TIER, _BATCH),
    )
}
"""By the last part of the path."""

COSTS: Final = Endpoint(
    path="costs",
    result="organization.costs.result",
    dimensions=("project_id", "user_id", "line_item", "api_key_id", "api_source"),
    filters={**_PROJECT, "api_key_ids": "api_key_id", "line_items": "line_item"},
    # 180 may be asked for, but live pages ended at 31 buckets (seen in September 2026).
    paging={"1d": Paging(default=7, maximum=180, given=31)},
)

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "batch": ("true", "false"),
    "sources": ("image.generation", "image.edit", "image.variation"),
    "sizes": ("256x256", "512x512", "1024x1024", "1792x1792", "1024x1792"),
    "context_levels": ("low", "medium", "high"),
}
"""The values of those filters that have a fixed set."""
