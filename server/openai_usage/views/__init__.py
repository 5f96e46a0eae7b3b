"""What is known, put into words: all wording and number formatting of the product. Pure."""

from openai_usage.views.files import file_text, harmless, problems_text
from openai_usage.views.notices import not_read
from openai_usage.views.numbers import days_text
from openai_usage.views.panel import panel_view, table_as_markdown
from openai_usage.views.problems import BUG, CANCELLED, NOT_ASKED, Problem, Untold
from openai_usage.views.sources import READING_DAYS, READING_FILES, days_left
from openai_usage.views.state import Files, KeyState, State
from openai_usage.views.status import status_view

__all__ = [
    "BUG",
    "CANCELLED",
    "NOT_ASKED",
    "READING_DAYS",
    "READING_FILES",
    "Files",
    "KeyState",
    "Problem",
    "State",
    "Untold",
    "days_left",
    "days_text",
    "file_text",
    "harmless",
    "not_read",
    "panel_view",
    "problems_text",
    "status_view",
    "table_as_markdown",
]
