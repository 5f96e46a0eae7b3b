"""What the name of a file tells: of which endpoint, and of which day.

OpenAI's dashboard writes `completions_usage_2025-09-01_2025-10-01.csv`, `embeddings_usage_….csv` and `cost_….csv`
(names of 2025 and 2026 in public repositories). Whoever saves an answer by day gives it the day's name.
"""

import re
from datetime import date
from typing import Final

from openai_usage.endpoints import COSTS, USAGE, Endpoint
from openai_usage.saved.cells import FIRST_DAY, LAST_DAY

_JSON: Final = (".json", ".jsonl", ".ndjson")
_FOLDERS: Final = re.compile(r".*[/\\]", re.DOTALL)
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_DAY: Final = re.compile(r"(?<![0-9])(20[0-9]{2})([-_.]?)([0-9]{2})\2([0-9]{2})(?![0-9])")


def endpoint_of(name: str) -> Endpoint | None:
    """The one that is named; None when none is, or several are."""
    words = f"_{_NO_WORD.sub('_', _FOLDERS.sub('', name).lower())}_"
    found = [endpoint for endpoint in USAGE if f"_{endpoint.name}_" in words]
    if "_cost_" in words or "_costs_" in words:
        found.append(COSTS)
    return found[0] if len(found) == 1 else None


def is_json(name: str) -> bool:
    """Whether it should hold JSON."""
    return name.lower().endswith(_JSON)


def day_of(name: str) -> date | None:
    """The day that is named; None when none is, or two are: that is a period."""
    found = set()
    for year, _, month, day in _DAY.findall(_FOLDERS.sub("", name)):
        try:
            found.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return next(iter(found)) if len(found) == 1 and FIRST_DAY <= min(found) <= LAST_DAY else None
