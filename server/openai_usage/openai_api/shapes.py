"""OpenAI's JSON, as far as it is read here. Fields nobody asked for are skipped; what is missing is null.

Shapes: OpenAI's OpenAPI document of 2026-08-21 and its SDK 3.54.0; `organization_name` on cost rows is not in either,
but on live rows. The rows of buckets are shaped after the table in `endpoints`.

msgspec reads a JSON number into a Decimal with every digit; a float in between would lose some before anyone saw them.
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Generic, TypeVar

from msgspec import Meta, Raw, Struct, defstruct
from msgspec.json import Decoder

from openai_usage.endpoints import Endpoint, Metric

LARGEST_COUNT: Final = 10**18
"""Far more than anyone uses; without a bound, a number of thousands of digits would go all the way to the screen."""

Count = Annotated[int, Meta(ge=-LARGEST_COUNT, le=LARGEST_COUNT)]
# OpenAI's are whole. A server that writes 12 as 12.0 is understood; what is not whole is refused where it is read.
_Counted = Count | float
Currency = Annotated[str, Meta(pattern=r"^[A-Za-z]{3}\Z")]
"""ISO 4217."""
_Dimension = str | bool | int | float | None


class Span(Struct, gc=False):
    """One bucket; Unix seconds, `end_time` exclusive. Its rows stay text until their turn, which saves memory."""

    start_time: int
    end_time: int
    results: Raw


class Page(Struct, gc=False):
    """A page of buckets; `next_page` is only good for the very same query."""

    data: list[Span]
    has_more: bool
    next_page: str | None = None


class Amount(Struct, gc=False):
    """Dollars, not cents; a number since September 2026, a string before."""

    value: Decimal | None = None
    currency: Currency | None = None


PAGE: Final = Decoder(Page)


def rows_of(endpoint: Endpoint) -> Decoder[list[Any]]:
    """Reads `results`. A row has an attribute for each metric and field of `endpoint`, but the currency: see Amount.

    Dimensions are taken as they come, known or not.
    """
    metrics = [_metric(metric) for metric in endpoint.metrics]
    fields = [(name, _Dimension, None) for name in endpoint.fields if name != "currency"]
    row = defstruct(endpoint.name, [*metrics, *fields], kw_only=True, gc=False)
    return Decoder(list[row])  # type: ignore[valid-type]  # made of the table a line before


def _metric(metric: Metric) -> tuple[str, object] | tuple[str, object, object]:
    """Name, type and, where there is one, default."""
    if metric.unit == "money":
        return metric.name, Amount | None, None
    if metric.unit == "any":
        return metric.name, Decimal | None, None
    return (metric.name, _Counted) if metric.required else (metric.name, _Counted | None, 0)


Item = TypeVar("Item")


class Listing(Struct, Generic[Item], gc=False):
    """A page of a list; the next one starts after `last_id`."""

    data: list[Item]
    has_more: bool
    last_id: object = None


class Listed(Struct):
    """Something in a list. Only its id is needed; whatever else is odd or absent is not worth losing the list for."""

    id: str


class ListedProject(Listed):
    """OpenAI's `organization.project`."""

    name: object = None
    archived_at: object = None
    status: object = None


class ListedKey(Listed):
    """OpenAI's `organization.project.api_key`; `owner` is {type, user or service_account}."""

    name: object = None
    redacted_value: object = None
    owner: object = None
    last_used_at: object = None


class ListedUser(Listed):
    """OpenAI's `organization.user`, or `organization.project.service_account`."""

    name: object = None
    email: object = None
    user: object = None
    is_service_account: object = None


class ListedAlert(Listed):
    """OpenAI's `organization.spend_alert` and `project.spend_alert`."""

    threshold_amount: Count | None = None
    """Cents."""
    currency: Currency | None = None
    notification_channel: object = None


class ListedRateLimit(Listed):
    """OpenAI's `project.rate_limit`."""

    model: object = None
    max_requests_per_1_minute: object = None
    max_tokens_per_1_minute: object = None
    max_images_per_1_minute: object = None
    max_audio_megabytes_per_1_minute: object = None
    max_requests_per_1_day: object = None
    batch_1_day_max_input_tokens: object = None


class Limit(Struct):
    """OpenAI's `organization.spend_limit` and `project.spend_limit`."""

    threshold_amount: Count | None = None
    """Cents."""
    currency: Currency | None = None
    enforcement: object = None


class ErrorBody(Struct):
    """What OpenAI says of a refusal."""

    message: str


class ErrorEnvelope(Struct):
    """The body of every answer that is not 200."""

    error: ErrorBody


ERROR: Final = Decoder(ErrorEnvelope)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        # An exponent beyond anything. Where the number is needed it is refused, and elsewhere it does no harm.
        return Decimal("NaN")


JSON: Final = Decoder(float_hook=_decimal)
"""Of any shape: whole numbers are int, the others Decimal with every digit; none is a float."""


def member(value: object, name: str) -> object:
    """Of what may be no object, or not have it: then None."""
    return value.get(name) if isinstance(value, dict) else None


def text(value: object) -> str | None:
    """A text with something in it; None: it is none."""
    return value if isinstance(value, str) and value else None
