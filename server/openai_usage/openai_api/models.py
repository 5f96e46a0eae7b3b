"""OpenAI's JSON, as far as it is read here. Fields nobody asked for are ignored; what is missing is None.

Shapes: OpenAI's OpenAPI document of 2026-08-21 and its SDK 3.54.0 (UsageCostsResponse, UsageCompletionsResponse,
ProjectListResponse, ErrorResponse); `organization_name` on cost rows is not in either, but on live rows.
"""

from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from openai_usage import money

_Amount = Annotated[Decimal, AfterValidator(money.accept)]
# Far more than anyone uses; without a bound, a number of thousands of digits would go all the way to the screen.
_Count = Annotated[int, Field(ge=-(10**18), le=10**18)]


class _Json(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Amount(_Json):
    """Dollars, not cents; a number since September 2026, a string before."""

    value: _Amount | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Za-z]{3}$")] | None = None
    """ISO 4217."""


class CostsResult(_Json):
    """One row of a costs bucket. Dimensions that were not grouped by are None."""

    amount: Amount | None = None
    line_item: str | None = None
    project_id: str | None = None
    organization_name: str | None = None


class CompletionsResult(_Json):
    """One row of a completions bucket. `input_tokens` includes the cached ones; old rows lack the breakdown."""

    input_tokens: _Count
    input_cached_tokens: _Count | None = None
    output_tokens: _Count
    num_model_requests: _Count
    model: str | None = None


Result = TypeVar("Result", bound=_Json)


class Bucket(_Json, Generic[Result]):
    """One stretch of time, Unix seconds, `end_time` exclusive. A day without use has no results."""

    start_time: int
    end_time: int
    results: list[Result]


class Page(_Json, Generic[Result]):
    """A page of buckets; `next_page` is only good for the very same query."""

    data: list[Bucket[Result]]
    has_more: bool
    next_page: str | None = None


class Project(_Json):
    """A project; it may have no name."""

    id: str
    name: str | None = None


class ProjectList(_Json):
    """A page of projects; the next one starts after `last_id`."""

    data: list[Project]
    has_more: bool
    last_id: str | None = None


class ErrorBody(_Json):
    """What OpenAI says of a refusal."""

    message: str
    code: str | None = None


class ErrorEnvelope(_Json):
    """The body of every answer that is not 200."""

    error: ErrorBody
