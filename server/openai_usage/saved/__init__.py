"""Usage that somebody saved: answers of OpenAI's endpoints as JSON, and exports as CSV. Bytes in, plain data out.

Nothing here raises: what cannot be read is told as a Problem of its file.
"""

from openai_usage.saved.problem import Problem, Reason
from openai_usage.saved.reading import Saved, read

__all__ = ["Problem", "Reason", "Saved", "read"]
