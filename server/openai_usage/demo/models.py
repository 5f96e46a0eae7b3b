"""The models and tools that the made-up organisation uses, with prices in US dollars, close to the public list.

A model is used only from some days after its release, so that old days show old models.
"""

from datetime import date
from decimal import Decimal
from typing import Final

from openai_usage.demo.catalogue import FOUNDED, FREE, Model, Rate


def _per_million(usd: str) -> Decimal:
    return Decimal(usd).scaleb(-6)


def _text_model(
    name: str, since: date, usd: tuple[str, str, str], words: tuple[str, str] = ("input", "output")
) -> Model:
    """Prices for a million tokens of input, cached input and output. Cache writes are billed as input."""
    plain, cached, output = map(_per_million, usd)
    taken, given = words
    return Model(
        name,
        since,
        (
            Rate(f"{name}, {taken}", ("text", "cache_write_30m", "cache_write_12h"), plain),
            Rate(f"{name}, cached {taken}", ("cached_text",), cached),
            Rate(f"{name}, {given}", ("output_text",), output),
        ),
    )


def _image_model(name: str, billed_as: str, since: date, usd: tuple[str, str, str, str]) -> Model:
    """Prices for a million tokens of text, image and cached image input, and of image output."""
    text, image, cached, output = map(_per_million, usd)
    return Model(
        name,
        since,
        (
            Rate(f"{billed_as} text, input", ("text",), text),
            Rate(f"{billed_as} image, input", ("image",), image),
            Rate(f"{billed_as} image, cached input", ("cached_image",), cached),
            Rate(f"{billed_as} image, output", ("output_image",), output),
        ),
    )


def _voice_model(name: str, since: date, usd: tuple[str, str, str, str, str]) -> Model:
    """Prices for a million tokens of text input and output, and of audio input, cached input and output."""
    text, answer, heard, cached, spoken = map(_per_million, usd)
    return Model(
        name,
        since,
        (
            Rate(f"{name}, text input", ("text",), text),
            Rate(f"{name}, text output", ("output_text",), answer),
            Rate(f"{name}, audio input", ("audio",), heard),
            Rate(f"{name}, cached audio input", ("cached_audio",), cached),
            Rate(f"{name}, audio output", ("output_audio",), spoken),
        ),
    )


def _embedding_model(name: str, since: date, usd: str) -> Model:
    return Model(name, since, (Rate(f"{name}, input", ("text",), _per_million(usd)),))


LARGE: Final = (
    _text_model("gpt-4o-2024-08-06", FOUNDED, ("2.50", "1.25", "10.00")),
    _text_model("gpt-5-2025-08-07", date(2025, 8, 18), ("1.25", "0.125", "10.00")),
    _text_model("gpt-5.4-2026-03-05", date(2026, 3, 16), ("2.50", "0.25", "15.00")),
)
SMALL: Final = (
    _text_model("gpt-4o-mini-2024-07-18", FOUNDED, ("0.15", "0.075", "0.60")),
    _text_model("gpt-5-mini-2025-08-07", date(2025, 8, 25), ("0.25", "0.025", "2.00")),
)
SEARCH: Final = (_text_model("gpt-5-search-api-2025-10-14", date(2025, 10, 27), ("1.25", "0.125", "10.00")),)
LEGACY: Final = (_text_model("gpt-4.1-2025-04-14", date(2025, 4, 28), ("2.00", "0.50", "8.00")),)
FINE_TUNED: Final = (
    _text_model("ft:gpt-4o-mini-2024-07-18:northwind::abc12345", date(2025, 1, 13), ("0.30", "0.15", "1.20")),
)
# The SDK's own example of a line item is spelled like this one's.
ASTRA: Final = (
    _text_model("gpt-6-astra", date(2026, 9, 7), ("10.00", "1.00", "50.00"), ("input_tokens", "output_tokens")),
)
VOICE: Final = (_voice_model("gpt-realtime-2025-08-28", date(2025, 9, 8), ("4", "16", "32", "0.40", "64")),)

# The bill's spelling of a model can differ from the usage's: seen live with gpt-image-1 in September 2026.
IMAGE: Final = (
    _image_model("gpt-image-1-2025-04-23", "gpt-image-1", date(2025, 5, 5), ("5", "10", "2.50", "40")),
    _image_model("gpt-image-1.5-2025-12-16", "gpt-image-1.5-2025-12-16", date(2026, 1, 12), ("5", "8", "2", "32")),
)
DALL_E_SQUARE: Final = (
    Model("dall-e-3", FOUNDED, (Rate("dall-e 3, standard, 1024x1024", ("images",), Decimal("0.04"), "images"),)),
)
DALL_E_TALL: Final = (
    Model(
        "dall-e-3", FOUNDED, (Rate("dall-e 3, standard, 1024x1792, 1792x1024", ("images",), Decimal("0.08"), "images"),)
    ),
)
DALL_E_EDIT: Final = (
    Model("dall-e-2", FOUNDED, (Rate("dall-e 2, 512x512", ("images",), Decimal("0.018"), "images"),)),
)
DALL_E_VARIATION: Final = (
    Model("dall-e-2", FOUNDED, (Rate("dall-e 2, 256x256", ("images",), Decimal("0.016"), "images"),)),
)

EMBEDDING: Final = (_embedding_model("text-embedding-3-small", FOUNDED, "0.02"),)
EMBEDDING_LARGE: Final = (_embedding_model("text-embedding-3-large", FOUNDED, "0.13"),)
EMBEDDING_OLD: Final = (
    Model(
        "text-embedding-ada-002-v2",
        FOUNDED,
        (Rate("text-embedding-ada-002-v2", ("text",), Decimal("0.0001"), "1000_tokens", scale=Decimal("0.001")),),
    ),
)
MODERATION: Final = (
    Model("omni-moderation-latest", FOUNDED, (Rate("omni-moderation-latest, input", ("text",), FREE),)),
)
SPEECH: Final = (Model("tts-1", FOUNDED, (Rate("tts-1", ("characters",), _per_million("15"), "characters"),)),)
SPEECH_HD: Final = (Model("tts-1-hd", FOUNDED, (Rate("tts-1-hd", ("characters",), _per_million("30"), "characters"),)),)
TRANSCRIPTION: Final = (
    Model("whisper-1", FOUNDED, (Rate("whisper-1", ("seconds",), Decimal("0.0001"), "duration_seconds"),)),
)

# `quantity_unit` has no value for calls and sessions.
WEB_SEARCH: Final = Rate("web search tool calls", ("web_searches",), Decimal("0.01"), unit=None)
FILE_SEARCH: Final = Rate("file search tool calls", ("file_searches",), Decimal("0.0025"), unit=None)
SESSIONS: Final = Rate("code interpreter sessions", ("sessions",), Decimal("0.03"), unit=None)
STORAGE: Final = Rate(
    "vector store storage",
    ("bytes",),
    Decimal("0.0041667"),  # ten cents a day
    "gibibyte_hours",
    scale=Decimal(24) / 2**30,  # a byte, kept for a day
)
