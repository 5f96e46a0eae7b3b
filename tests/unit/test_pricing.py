"""List prices, worked out by hand; and what has none is never told as a price."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import genai_prices
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openai_usage import money, pricing
from openai_usage.endpoints import USAGE

DAY = date(2026, 11, 22)
BATCH = {"batch": True}
MILLION = 10**6

METRICS = sorted({metric.name for endpoint in USAGE for metric in endpoint.metrics})
MODELS = [
    "gpt-4o-2024-08-06",
    "gpt-4o-audio-preview",
    "gpt-5",
    "gpt-5.4",
    "gpt-6-astra",
    "gpt-realtime",
    "gpt-image-1.5",
    "text-embedding-3-small",
    "whisper-1",
    "tts-1",
    "o3",
]

tokens = st.integers(0, 10**13)
requests = st.integers(1, 10**10)


def plain(amount: Decimal | None) -> str | None:
    return None if amount is None else money.plain(amount)


def of(amount: Decimal | None) -> Fraction:
    assert amount is not None
    return Fraction(amount)


@pytest.mark.parametrize(
    ("model", "counts", "usd"),
    [
        # Dollars for a million tokens of input, cached input and output are 2.50, 1.25 and 10.00.
        ("gpt-4o", {"input_tokens": MILLION}, "2.5"),
        ("gpt-4o-2024-08-06", {"input_tokens": MILLION, "input_cached_tokens": 400_000, "output_tokens": 3000}, "2.03"),
        (
            "gpt-4o-2024-05-13",
            {"input_tokens": MILLION, "input_cached_tokens": 400_000, "output_tokens": 3000},
            "5.045",
        ),
        # 0.125 cached.
        ("gpt-5-2025-08-07", {"input_tokens": 1000, "input_cached_tokens": 999, "output_tokens": 1}, "0.000136125"),
        ("gpt-4-0613", {"input_tokens": 1000, "output_tokens": 1000}, "0.09"),
        # What is written to the cache is 12.50 where input is 10.
        (
            "gpt-6-astra",
            {"input_tokens": 3000, "input_cached_tokens": 1000, "input_cache_write_tokens": 1000},
            "0.0235",
        ),
        (
            "gpt-6-astra",
            {"input_tokens": 1000, "input_cache_write_tokens": 1000, "input_cache_write_30m_tokens": 1000},
            "0.0125",
        ),
        # Text 4, cached text 0.40, audio 32, cached audio 0.40; out 16 and 64.
        (
            "gpt-realtime-2025-08-28",
            {
                "input_tokens": 1000,
                "input_cached_tokens": 300,
                "input_uncached_tokens": 700,
                "input_text_tokens": 600,
                "input_audio_tokens": 100,
                "input_cached_text_tokens": 100,
                "input_cached_audio_tokens": 200,
                "output_tokens": 100,
                "output_text_tokens": 40,
                "output_audio_tokens": 60,
            },
            "0.0102",
        ),
        # Voices of January 2025, when OpenAI did not count text by itself: text 5, audio 40.
        ("gpt-4o-realtime-preview-2024-12-17", {"input_tokens": 1000, "input_audio_tokens": 500}, "0.0225"),
        ("gpt-4o-realtime-preview-2024-12-17", {"input_tokens": 1000}, "0.005"),
        # Text 5, image 10, cached image 2.50, images drawn 40; the dated name is the usage's.
        (
            "gpt-image-1-2025-04-23",
            {
                "input_tokens": 1000,
                "input_cached_tokens": 300,
                "input_cached_image_tokens": 300,
                "input_text_tokens": 200,
                "input_image_tokens": 500,
                "output_tokens": 1000,
                "output_image_tokens": 1000,
            },
            "0.04675",
        ),
        # Text 10 and images 32 out.
        ("gpt-image-1.5", {"output_tokens": 1000, "output_image_tokens": 900, "output_text_tokens": 100}, "0.0298"),
        # An image that is looked at costs what text costs, where it has no price of its own.
        ("gpt-4o", {"input_tokens": 1000, "input_image_tokens": 900, "input_text_tokens": 100}, "0.0025"),
        ("gpt-5-search-api-2025-10-14", {"input_tokens": MILLION, "output_tokens": 100}, "1.251"),
        ("ft:gpt-4o-mini-2024-07-18:northwind::abc12345", {"input_tokens": MILLION}, "0.3"),
        # The length of a context is that of one request: up to 272,000 tokens 2.50 and 15, above it 5 and 22.50.
        ("gpt-5.4", {"input_tokens": 10 * MILLION, "num_model_requests": 100}, "25"),
        ("gpt-5.4", {"input_tokens": 300_000, "num_model_requests": 1}, "1.5"),
        ("gpt-5.4", {"input_tokens": 300_000}, "1.5"),
        ("gpt-5.4", {"input_tokens": 272_000, "output_tokens": 1000, "num_model_requests": 1}, "0.695"),
        ("gpt-5.4", {"input_tokens": 272_001, "output_tokens": 1000, "num_model_requests": 1}, "1.382505"),
        ("gpt-5.4", {"input_tokens": 272_000 * 7 + 1, "num_model_requests": 7}, "9.520005"),
        ("gpt-5.4", {"output_tokens": MILLION, "num_model_requests": 1}, "15"),
    ],
)
def test_tokens_at_list_prices(model: str, counts: dict[str, int], usd: str) -> None:
    assert plain(pricing.price("completions", model, DAY, counts)) == usd
    assert plain(pricing.price("decisions", model, DAY, counts)) == usd


@pytest.mark.parametrize(
    ("endpoint", "model", "counts", "usd"),
    [
        ("embeddings", "text-embedding-3-small", {"input_tokens": MILLION, "num_model_requests": 3}, "0.02"),
        ("embeddings", "text-embedding-ada-002-v2", {"input_tokens": 1}, "0.0000001"),
        ("audio_transcriptions", "whisper-1", {"seconds": 3600, "num_model_requests": 2}, "0.36"),
        ("audio_transcriptions", "whisper-1", {"seconds": 1}, "0.0001"),
        ("audio_speeches", "tts-1", {"characters": MILLION, "num_model_requests": 1000}, "15"),
        ("audio_speeches", "tts-1-hd", {"characters": 1000}, "0.03"),
        ("web_search_calls", "gpt-5-2025-08-07", {"num_requests": 7, "num_model_requests": 3}, "0.07"),
        ("web_search_calls", "gpt-5.4", {"num_requests": 1000, "num_model_requests": 1}, "10"),
        ("moderations", "omni-moderation-latest", {"input_tokens": MILLION, "num_model_requests": 1}, "0"),
        ("moderations", None, {"input_tokens": MILLION}, "0"),
    ],
)
def test_other_use_at_list_prices(endpoint: str, model: str | None, counts: dict[str, int], usd: str) -> None:
    assert plain(pricing.price(endpoint, model, DAY, counts)) == usd


@pytest.mark.parametrize(
    ("model", "day", "how", "usd"),
    [
        ("gpt-4o", DAY, BATCH, "6.25"),
        ("gpt-4o", date(2026, 10, 14), BATCH, "6.25"),
        # The library has no prices of batches for earlier days.
        ("gpt-4o", date(2026, 10, 13), BATCH, "12.5"),
        ("o3", DAY, {}, "10"),
        ("o3", DAY, {"service_tier": "flex"}, "5"),
        ("o3", DAY, {"service_tier": "priority"}, "17.5"),
        ("o3", DAY, {"service_tier": "fast"}, "17.5"),
        ("o3", DAY, {"batch": True, "service_tier": "priority"}, "5"),
        ("o3", DAY, {"service_tier": "default"}, "10"),
        ("o3", DAY, {"service_tier": "auto"}, "10"),
        ("o3", DAY, {"service_tier": "experimental"}, "10"),
        ("o3", date(2026, 10, 11), {"service_tier": "flex"}, "10"),
        # It became cheaper.
        ("o3", date(2025, 6, 9), {}, "50"),
        ("o3", date(2025, 6, 10), {}, "10"),
    ],
)
def test_batches_tiers_and_old_days(model: str, day: date, how: dict[str, bool | str], usd: str) -> None:
    """A million tokens each of input and output."""
    counts = {"input_tokens": MILLION, "output_tokens": MILLION, "num_model_requests": 10}
    found = pricing.price(
        "completions",
        model,
        day,
        counts,
        batch=bool(how.get("batch")),
        service_tier=str(how["service_tier"]) if "service_tier" in how else None,
    )
    assert plain(found) == usd


@pytest.mark.parametrize(
    ("endpoint", "model", "counts"),
    [
        # Not known.
        ("completions", "gpt-99", {"input_tokens": 1}),
        ("completions", "", {"input_tokens": 1}),
        ("completions", "-2025-10-14", {"input_tokens": 1}),
        ("completions", None, {"input_tokens": 1}),
        ("telepathy", "gpt-5", {"input_tokens": 1}),
        # Of a kind that has no price.
        ("images", "dall-e-3", {"images": 1, "num_model_requests": 1}),
        ("images", "gpt-image-1", {"images": 1}),
        ("vector_stores", None, {"usage_bytes": 1}),
        ("code_interpreter_sessions", None, {"num_sessions": 1}),
        ("file_search_calls", None, {"num_requests": 1}),
        ("web_search_calls", "gpt-5-search-api", {"num_requests": 1}),
        ("audio_speeches", "gpt-4o-mini-tts", {"characters": MILLION}),
        ("audio_transcriptions", "gpt-4o-transcribe", {"seconds": 60}),
        ("completions", "whisper-1", {"input_tokens": 1}),
        ("completions", "text-embedding-3-small", {"input_tokens": 1, "output_tokens": 1}),
        # It would be priced as text, or as what is kept for a shorter time.
        ("completions", "gpt-4o-audio-preview", {"input_tokens": 10, "input_audio_tokens": 1}),
        ("completions", "gpt-4o-audio-preview", {"output_tokens": 10, "output_audio_tokens": 1}),
        (
            "completions",
            "gpt-4o-audio-preview",
            {"input_tokens": 10, "input_cached_tokens": 1, "input_cached_audio_tokens": 1},
        ),
        ("completions", "gpt-5", {"output_tokens": 10, "output_image_tokens": 1}),
        ("completions", "gpt-image-1.5", {"output_tokens": 10}),
        ("completions", "gpt-image-1", {"input_tokens": 10}),
        (
            "completions",
            "gpt-6-astra",
            {"input_tokens": 10, "input_cache_write_tokens": 2, "input_cache_write_12h_tokens": 1},
        ),
        # Impossible.
        ("completions", "gpt-4o", {"input_tokens": 10, "input_cached_tokens": 11}),
        ("completions", "gpt-4", {"input_tokens": 10, "input_cached_tokens": 11}),
        ("completions", "gpt-5", {"input_tokens": 10, "input_cached_tokens": 6, "input_cache_write_tokens": 6}),
        ("completions", "gpt-realtime", {"input_tokens": 10, "input_audio_tokens": 11}),
        ("completions", "gpt-realtime", {"input_tokens": 10, "input_cached_audio_tokens": 1}),
        ("completions", "gpt-audio", {"input_tokens": 10, "input_cached_audio_tokens": 1}),
        ("completions", "gpt-realtime", {"output_tokens": 10, "output_audio_tokens": 11}),
        ("completions", "gpt-5", {"input_text_tokens": 10}),
        ("completions", "gpt-5", {"input_tokens": -1}),
        ("completions", "gpt-5", {"input_tokens": 1, "output_tokens": -1}),
        ("moderations", "omni-moderation-latest", {"input_tokens": -1}),
        ("completions", "gpt-5", {"input_tokens": 10**300}),
    ],
)
def test_what_cannot_be_priced_has_no_price(endpoint: str, model: str | None, counts: dict[str, int]) -> None:
    assert pricing.price(endpoint, model, DAY, counts) is None


@pytest.mark.parametrize("endpoint", [endpoint.name for endpoint in USAGE])
@pytest.mark.parametrize("model", ["gpt-5", "gpt-99", None])
def test_no_use_costs_nothing(endpoint: str, model: str | None) -> None:
    for counts in ({}, {"num_model_requests": 4}, dict.fromkeys(METRICS, 0)):
        assert pricing.price(endpoint, model, DAY, counts) == Decimal(0)


def test_a_cached_token_that_has_no_price_of_its_own_costs_what_input_costs() -> None:
    assert pricing.price("completions", "o3-pro", DAY, {"input_tokens": 1000, "input_cached_tokens": 1000}) == Decimal(
        "0.02"
    )


@given(st.integers(0, 10**15), st.integers(0, 10**15), tokens, tokens, st.integers(0, 10**12))
@example(1, 1, 1, 1, 3)
def test_with_one_rate_it_does_not_matter_how_many_requests_there_were(
    plain: int, cached: int, output: int, more: int, requests: int
) -> None:
    """Dollars for a million tokens of gpt-5-nano: 0.05, cached 0.005, out 0.40."""
    counts = {
        "input_tokens": plain + cached,
        "input_cached_tokens": cached,
        "output_tokens": output + more,
        "num_model_requests": requests,
    }
    found = pricing.price("completions", "gpt-5-nano", DAY, counts)
    assert of(found) * MILLION == Fraction(plain, 20) + Fraction(cached, 200) + Fraction(2 * (output + more), 5)


@given(tokens, tokens, tokens, requests)
@example(272_000 * 3, 0, 1, 3)
@example(272_000 * 3 - 1, 2, 1, 3)
def test_the_rate_is_that_of_a_request_of_average_size(plain: int, cached: int, output: int, requests: int) -> None:
    counts = {
        "input_tokens": plain + cached,
        "input_cached_tokens": cached,
        "output_tokens": output,
        "num_model_requests": requests,
    }
    is_long = Fraction(plain + cached, requests) > 272_000
    short = Fraction(plain * 5, 2) + Fraction(cached, 4) + output * 15
    long = plain * 5 + Fraction(cached, 2) + Fraction(output * 45, 2)
    found = pricing.price("completions", "gpt-5.4-2026-03-05", DAY, counts)
    assert of(found) * MILLION == (long if is_long else short)


@given(st.sampled_from(MODELS), st.integers(1, 10**6), st.lists(st.integers(0, 10**6), min_size=10, max_size=10))
def test_many_requests_alike_cost_many_times_what_one_costs(model: str, times: int, numbers: list[int]) -> None:
    one = possible(numbers) | {"num_model_requests": 1}
    of_one = pricing.price("completions", model, DAY, one)
    of_all = pricing.price("completions", model, DAY, {name: count * times for name, count in one.items()})
    if of_one is None:
        assert of_all is None
    else:
        assert of(of_all) == of(of_one) * times


@given(
    st.sampled_from(MODELS),
    st.lists(st.integers(0, 10**6), min_size=10, max_size=10),
    st.sampled_from([{}, {"processing": "batch"}, {"service_tier": "flex"}, {"service_tier": "priority"}]),
)
def test_one_request_costs_what_the_library_says(model: str, numbers: list[int], context: dict[str, str]) -> None:
    counts = possible(numbers)
    found = pricing.price(
        "completions",
        model,
        DAY,
        counts,
        batch=context.get("processing") == "batch",
        service_tier=context.get("service_tier"),
    )
    if found:
        usage = genai_prices.Usage(
            input_tokens=counts["input_tokens"],
            cache_read_tokens=counts["input_cached_tokens"],
            cache_write_tokens=counts["input_cache_write_tokens"],
            input_audio_tokens=counts["input_audio_tokens"] + counts["input_cached_audio_tokens"],
            cache_audio_read_tokens=counts["input_cached_audio_tokens"],
            input_image_tokens=counts["input_image_tokens"] + counts["input_cached_image_tokens"],
            cache_image_read_tokens=counts["input_cached_image_tokens"],
            output_tokens=counts["output_tokens"],
            output_audio_tokens=counts["output_audio_tokens"],
            output_image_tokens=counts["output_image_tokens"],
        )
        noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
        said = genai_prices.calc_price(
            usage, model, provider_id="openai", genai_request_timestamp=noon, price_context=context
        )
        assert of(found) == Fraction(said.total_price)


def possible(numbers: list[int]) -> dict[str, int]:
    """Counts of which the parts add up to the whole."""
    plain, audio, image, cached, cached_audio, cached_image, written, text, spoken, drawn = numbers
    # One of each kind of tokens would leave most models without a price.
    if text % 3:
        audio = cached_audio = spoken = 0
    if text % 2:
        image = cached_image = drawn = 0
    return {
        "input_tokens": plain + audio + image + cached + cached_audio + cached_image + written,
        "input_cached_tokens": cached + cached_audio + cached_image,
        "input_cache_write_tokens": written,
        "input_text_tokens": plain,
        "input_audio_tokens": audio,
        "input_image_tokens": image,
        "input_cached_text_tokens": cached,
        "input_cached_audio_tokens": cached_audio,
        "input_cached_image_tokens": cached_image,
        "output_tokens": text + spoken + drawn,
        "output_text_tokens": text,
        "output_audio_tokens": spoken,
        "output_image_tokens": drawn,
    }


counts_of_any_kind = st.dictionaries(
    st.sampled_from(METRICS) | st.text(max_size=3),
    st.integers() | st.integers(0, 10**6) | st.integers(-(10**400), 10**400) | st.just(0),
    max_size=12,
)


@given(
    st.sampled_from([endpoint.name for endpoint in USAGE]) | st.text(),
    st.none() | st.sampled_from(MODELS) | st.text() | st.from_regex(r"\A(ft:)?gpt-4o.*-\d{4}-\d{2}-\d{2}\Z"),
    st.dates(),
    counts_of_any_kind,
    st.tuples(st.booleans(), st.none() | st.sampled_from(["flex", "priority", "default"]) | st.text()),
)
def test_nothing_is_so_odd_that_it_raises(
    endpoint: str, model: str | None, day: date, counts: dict[str, int], how: tuple[bool, str | None]
) -> None:
    batch, tier = how
    found = pricing.price(endpoint, model, day, counts, batch=batch, service_tier=tier)
    assert found == pricing.price(endpoint, model, day, counts, batch=batch, service_tier=tier)
    assert found is None or (found.is_finite() and found >= 0)
    if found == 0 and endpoint != "moderations":
        assert not any(count for name, count in counts.items() if name != "num_model_requests")


PROGRAM = """
import sys
import openai_usage.__main__, openai_usage.server
from openai_usage import pricing
def is_there():
    return any(name.split(".")[0] in {"genai_prices", "httpx2"} for name in sys.modules)
assert not is_there()
assert not pricing.is_loaded()
pricing.load()
assert pricing.is_loaded()
assert is_there()
"""


def test_the_library_is_imported_when_it_is_needed_only() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], check=True, timeout=60)  # noqa: S603 - our own program
