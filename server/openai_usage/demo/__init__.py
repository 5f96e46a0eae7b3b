"""A made-up OpenAI organisation, Northwind Labs, behind the HTTP interface of the real Admin API.

For `--demo` and for tests: `httpx.AsyncClient(transport=DemoTransport(Organization()))` asks it, not OpenAI.
`catalogue` says who is in it, `organization` what they used and were billed, `query` what may be asked, `api`
what is answered. Nothing here imports the rest of the package: a mistake made there is not made here too.
"""

from typing import Final

from openai_usage.demo.organization import Organization
from openai_usage.demo.transport import DemoTransport

__all__ = ["DEMO_KEY", "DemoTransport", "Organization"]

DEMO_KEY: Final = "sk-admin-" + "demo" * 8
"""A made-up admin key. Any other key that starts alike does as well."""
