"""Usage that somebody saved: answers of OpenAI's endpoints as JSON, and exports as CSV. Bytes in, plain data out.

Nothing here raises: what cannot be read is told as a Problem of its file. What reads them is imported when it is first
used, for hardly anybody ever needs it.
"""

from typing import TYPE_CHECKING, Any

from openai_usage.saved.problem import NothingReadError, Problem, Reason

if TYPE_CHECKING:
    from openai_usage.saved.reading import Saved, read

__all__ = ["NothingReadError", "Problem", "Reason", "Saved", "read"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever has that name
    if name not in __all__:
        raise AttributeError(name)
    from openai_usage.saved import reading  # noqa: PLC0415 - see above

    return getattr(reading, name)
