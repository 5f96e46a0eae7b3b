"""A made-up OpenAI organisation, Northwind Labs, behind the HTTP interface of the real Admin API.

For `--demo` and for tests: `httpx.AsyncClient(transport=DemoTransport(Organization()))` asks it, not OpenAI.
The way of the data: `northwind` (or `large`) says who does what, in the words of `catalogue` and at the prices of
`models`; `roster` gives ids to who is there, `organization` numbers to what they used and were billed. `endpoints`
says what may be asked, `query` reads a question, `buckets` and `lists` answer it, `api` is the door. The endpoints of
2023 are `legacy`, with the rows of `five_minutes`, the bills of `billing` and the `pacing`. Nothing here imports the
rest of the package: a mistake made there is not made here too.
"""

from typing import Final

from openai_usage.demo.organization import Organization
from openai_usage.demo.transport import DemoTransport

__all__ = ["DEMO_KEY", "DemoTransport", "Organization"]

DEMO_KEY: Final = "sk-admin-" + "demo" * 8
"""A made-up admin key. Any other key that starts alike does as well."""
