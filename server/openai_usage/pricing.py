"""What use comes to at OpenAI's list prices: an estimate, and never what was billed.

The prices are those of genai-prices 0.2, which brings them along: nothing is asked for over the network. It is imported
when it is needed only, for that takes 7 MB, and half a second where Python has not compiled it yet. Its limits are
limits here: prices of batches begin with 2026-10-14 and those of service tiers with 2026-10-12 for most models, and the
standard price stands for the days before; few models have other prices for old days than for new ones.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

_TOKENS: Final = frozenset({"completions", "decisions"})
_FREE: Final = frozenset({"moderations"})
_COUNTED: Final = {
    "embeddings": ("input_tokens", "input_tokens"),
    "audio_speeches": ("characters", "input_characters"),
    "audio_transcriptions": ("seconds", "audio_seconds"),
    # The requests of the models that searched are completions, and priced there.
    "web_search_calls": ("num_requests", "web_searches"),
}
"""By endpoint, its one metric and the library's word for it.

What is missing has no price in the library (images, sessions, stored bytes), or has one that the count is not of: calls
of file search cost something when they come from the Responses API, and others are counted as well.
"""
_NEEDED: Final = {
    "input_tokens": ("input_mtok",),
    "output_tokens": ("output_mtok",),
    "input_audio_tokens": ("input_audio_mtok",),
    "output_audio_tokens": ("output_audio_mtok",),
    # Where images have a price as input only, the model draws and does not write: that of its output is theirs.
    "output_image_tokens": ("output_image_mtok", "input_image_mtok"),
    "input_characters": ("input_mchars",),
    "audio_seconds": ("audio_hours",),
    "web_searches": ("web_searches_kcount",),
}
"""By kind of use, the prices of which it takes one. All others are input with, or without, a price of their own."""
_NONE: Final = {"cache_write_tokens": 0, "web_searches": 0, "storage_searches": 0}
"""Said, since the library takes long to find that out."""
_TIERS: Final = frozenset({"flex", "priority", "fast"})
_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")

# Names come from outside, and so do counts: nothing that is remembered of them may grow for ever.
_MOST_NAMES: Final = 1024
_MOST_PRICES: Final = 4096  # a kilobyte each; a year of one key with eight models has 2,920

# Wide enough that only what has no end is rounded: the price of a second, of an hourly one.
_CONTEXT: Final = Context(prec=100, rounding=ROUND_HALF_EVEN)
_PLACES: Final = Decimal("1e-12")


def load() -> None:
    """Import the library. It may take half a second, so that it is for another thread than the event loop's."""
    from genai_prices import Usage  # noqa: PLC0415 - see above

    _provider()
    # It reads its table of units when it is first used.
    Usage()


def is_loaded() -> bool:
    """Whether a price is told at once."""
    return _provider.cache_info().currsize > 0


def price(
    endpoint: str,
    model: str | None,
    day: date,
    counts: Mapping[str, int],
    *,
    batch: bool = False,
    service_tier: str | None = None,
) -> Decimal | None:
    """US dollars, to 12 places, for what a model was used for on a UTC day; it never raises.

    `counts` are the metrics of a usage endpoint under OpenAI's names; what is missing is 0. None: it cannot be priced,
    since the library does not know the model or this kind of use, or since the counts contradict one another.
    """
    if any(count < 0 for count in counts.values()):
        return None
    used = tuple((name, count) for name, count in counts.items() if count)
    if all(name == "num_model_requests" for name, _ in used):
        return Decimal(0)
    if endpoint in _FREE:
        return Decimal(0)
    if model is None or (endpoint not in _TOKENS and endpoint not in _COUNTED):
        return None
    context = ("processing", "batch") if batch else ("service_tier", service_tier) if service_tier in _TIERS else None
    return _price(endpoint, model, day, used, context)


@lru_cache(maxsize=_MOST_PRICES)
def _price(
    endpoint: str, name: str, day: date, used: tuple[tuple[str, int], ...], context: tuple[str, str] | None
) -> Decimal | None:
    model = _model(name)
    if model is None:
        return None
    prices = model.get_prices(datetime.combine(day, time(12), UTC), dict([context]) if context else None)
    try:
        with localcontext(_CONTEXT):
            amount = _amount(endpoint, dict(used), prices)
            # Nothing real is free of charge: the library has a price for something else of that model.
            return amount.quantize(_PLACES).normalize() if amount else None
    except (ArithmeticError, ValueError):
        # Numbers out of all proportion, or that contradict one another.
        return None


def _amount(endpoint: str, counts: Mapping[str, int], prices: "ModelPrice") -> Decimal | None:
    """None: some of it has no price. ValueError: the counts contradict one another."""
    from genai_prices import Usage  # noqa: PLC0415 - see above

    if endpoint in _TOKENS:
        usage = _tokens(counts)
    else:
        metric, kind = _COUNTED[endpoint]
        usage = {kind: counts.get(metric, 0)}
    if not _has_prices(vars(prices), usage, counts):
        return None
    return _of_average_request(prices, counts).calc_price(Usage(**(_NONE | usage)))["total_price"]


def _of_average_request(prices: "ModelPrice", counts: Mapping[str, int]) -> "ModelPrice":
    """The prices with one rate each.

    Of some models, a request of more than 272,000 tokens of input costs more in all its parts. Counts are of many
    requests, so that they would nearly always look like one of those: what is taken is the rate of a request of average
    size. How many were longer is not known.
    """
    from genai_prices.types import ModelPrice, TieredPrices  # noqa: PLC0415 - see above

    total, requests = counts.get("input_tokens", 0), counts.get("num_model_requests", 1)
    return ModelPrice(
        **{
            key: next((tier.price for tier in reversed(one.tiers) if total > tier.start * requests), one.base)
            if isinstance(one, TieredPrices)
            else one
            for key, one in vars(prices).items()
        }
    )


def _tokens(counts: Mapping[str, int]) -> dict[str, int]:
    """In the library's words; only what there is. ValueError when the parts are more than the whole."""
    total, cached, written, audio, image, cached_audio, cached_image = (
        counts.get(f"input_{kind}tokens", 0)
        for kind in ("", "cached_", "cache_write_", "audio_", "image_", "cached_audio_", "cached_image_")
    )
    output, spoken, drawn = (counts.get(f"output_{kind}tokens", 0) for kind in ("", "audio_", "image_"))
    if cached_audio + cached_image > cached or cached + written + audio + image > total or spoken + drawn > output:
        raise ValueError("more in the parts than in the whole")
    usage = {
        "input_tokens": total,
        "cache_read_tokens": cached,
        "cache_write_tokens": written,
        # OpenAI counts those by modality without the cached ones, the library with them.
        "input_audio_tokens": audio + cached_audio,
        "cache_audio_read_tokens": cached_audio,
        "input_image_tokens": image + cached_image,
        "cache_image_read_tokens": cached_image,
        "output_tokens": output,
        "output_audio_tokens": spoken,
        "output_image_tokens": drawn,
    }
    return {kind: number for kind, number in usage.items() if number}


def _has_prices(prices: Mapping[str, object], usage: Mapping[str, int], counts: Mapping[str, int]) -> bool:
    """Whether nothing would be left out, or priced as what it is not."""
    for kind, needed in _NEEDED.items():
        if kind in usage and not any(prices.get(one) is not None for one in needed):
            return False
    if "input_cache_write_12h_tokens" in counts and "cache_write_mtok" in prices:
        return False  # it is the price of what is kept for 30 minutes, and that of 12 hours is higher
    return all(
        # Of older rows it is not known what is text and what is image.
        f"{direction}_image_mtok" not in prices or f"{direction}_tokens" not in usage or _tells_kinds(counts, direction)
        for direction in ("input", "output")
    )


def _tells_kinds(counts: Mapping[str, int], direction: str) -> bool:
    return any(
        f"{direction}_{cached}{kind}_tokens" in counts
        for cached in ("", "cached_")
        for kind in ("text", "audio", "image")
    )


@lru_cache(maxsize=_MOST_NAMES)
def _model(name: str) -> "ModelInfo | None":
    """By its name, or by that of which it is a dated snapshot. The library's own look-up remembers all names."""
    provider = _provider()
    return provider.find_model(name) or provider.find_model(_SNAPSHOT.sub("", name))


@cache
def _provider() -> "Provider":
    # Of the prices that came with the library; others can be set in it, and it could ask for new ones.
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - see above

    return get_snapshot().find_provider(None, "openai", None)
