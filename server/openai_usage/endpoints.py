"""The one table of what OpenAI counts: each endpoint with its path, its metrics and their units, its dimensions.

All other code is written once over it. Sources: OpenAI's OpenAPI document of 2026-08-21 and its SDK 3.54.0 (the
`decisions` endpoint, `api_source`, the cache writes by retention, cost by user).
"""

from dataclasses import dataclass
from typing import Final, Literal

Width = Literal["1d", "1h", "1m"]
"""Of a bucket, as OpenAI writes it."""
Unit = Literal["tokens", "requests", "images", "characters", "seconds", "sessions", "calls", "bytes", "money", "any"]
"""`money` is in the row's `currency`; `any` is what the row's `quantity_unit` says."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is counted, under OpenAI's own name."""

    name: str
    unit: Unit
    required: bool = True
    """False: older rows, or some of them, do not have it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that answers with buckets."""

    name: str
    """The capability, as OpenAI's path has it; `costs` for the bill."""
    path: str
    metrics: tuple[Metric, ...]
    dimensions: tuple[str, ...]
    """What its rows can be grouped by, as OpenAI names it."""
    labels: tuple[str, ...] = ()
    """What rows tell beside that without being asked."""
    widths: tuple[Width, ...] = ("1d", "1h", "1m")
    is_optional: bool = False
    """It is new, and older accounts do not have it."""

    @property
    def fields(self) -> tuple[str, ...]:
        """What identifies a row, in the order of a row's key."""
        return self.dimensions + self.labels

    def column(self, metric: str) -> int:
        """Where a metric stands among the columns; ValueError when there is none of that name."""
        return [one.name for one in self.metrics].index(metric)


@dataclass(frozen=True, slots=True)
class Query:
    """A question without its days: which endpoint, how fine in time, split by what."""

    endpoint: Endpoint
    group_by: tuple[str, ...] = ()
    width: Width = "1d"
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By dimension the values of which OpenAI is asked to answer; it knows this for projects and API keys."""
    rolled_up_from: tuple[str, ...] = ()
    """Not asked for: the sums, by one dimension, of what was asked for split by these. Another split of the bill may
    come to less by that dimension, so it is not the same."""

    def __str__(self) -> str:
        fineness = {"1d": "", "1h": " by hour", "1m": " by minute"}[self.width]
        narrowed = "".join(f" of {len(values)} {dimension}" for dimension, values in self.only)
        split = f" by {'+'.join(self.group_by)}" if self.group_by else ""
        return self.endpoint.name + fineness + narrowed + split


def by_everything(endpoint: Endpoint) -> Query:
    """By day, split by all that there is."""
    return Query(endpoint, endpoint.dimensions)


def _usage(
    name: str, metrics: tuple[Metric, ...], dimensions: tuple[str, ...], *, is_optional: bool = False
) -> Endpoint:
    return Endpoint(name, f"/organization/usage/{name}", metrics, dimensions, is_optional=is_optional)


_REQUESTS: Final = Metric("num_model_requests", "requests")
_MODEL_DIMENSIONS: Final = ("project_id", "user_id", "api_key_id", "model")
_TOKEN_METRICS: Final = (
    Metric("input_tokens", "tokens"),  # all input: cached and written to the cache too
    Metric("output_tokens", "tokens"),
    _REQUESTS,
    *(
        Metric(name, "tokens", required=False)
        for name in (
            "input_uncached_tokens",
            "input_cached_tokens",
            "input_cache_write_tokens",
            "input_cache_write_30m_tokens",
            "input_cache_write_12h_tokens",
            "input_text_tokens",  # this and the next ones by modality are uncached
            "input_audio_tokens",
            "input_image_tokens",
            "input_cached_text_tokens",
            "input_cached_audio_tokens",
            "input_cached_image_tokens",
            "output_text_tokens",
            "output_audio_tokens",
            "output_image_tokens",
        )
    ),
)
_TOKEN_DIMENSIONS: Final = (*_MODEL_DIMENSIONS, "batch", "service_tier", "api_source")
_INPUT: Final = (Metric("input_tokens", "tokens"), _REQUESTS)

USAGE: Final = (
    _usage("completions", _TOKEN_METRICS, _TOKEN_DIMENSIONS),
    _usage("decisions", _TOKEN_METRICS, _TOKEN_DIMENSIONS, is_optional=True),
    _usage("embeddings", _INPUT, _MODEL_DIMENSIONS),
    _usage("moderations", _INPUT, _MODEL_DIMENSIONS),
    _usage("images", (Metric("images", "images"), _REQUESTS), (*_MODEL_DIMENSIONS, "size", "source")),
    _usage("audio_speeches", (Metric("characters", "characters"), _REQUESTS), _MODEL_DIMENSIONS),
    _usage("audio_transcriptions", (Metric("seconds", "seconds"), _REQUESTS), _MODEL_DIMENSIONS),
    _usage("vector_stores", (Metric("usage_bytes", "bytes"),), ("project_id",)),
    _usage("code_interpreter_sessions", (Metric("num_sessions", "sessions"),), ("project_id",)),
    _usage(
        "file_search_calls",
        (Metric("num_requests", "calls"),),
        ("project_id", "user_id", "api_key_id", "vector_store_id"),
        is_optional=True,
    ),
    _usage(
        "web_search_calls",
        # The model requests are those of the models that searched: completions count them as well.
        (Metric("num_requests", "calls"), _REQUESTS),
        (*_MODEL_DIMENSIONS, "context_level", "api_source"),
        is_optional=True,
    ),
)
"""Usage, in the order in which it is shown."""

COSTS: Final = Endpoint(
    "costs",
    "/organization/costs",
    (Metric("amount", "money"), Metric("quantity", "any", required=False)),
    ("project_id", "user_id", "api_key_id", "line_item", "api_source"),
    ("currency", "quantity_unit", "organization_name"),
    ("1d",),
)
"""The bill."""
