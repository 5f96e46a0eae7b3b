"""What was not understood of a file, or not counted. The words for it are in `views`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """What is the matter. `count` and `about` of the Problem are what is said here."""

    TOO_LARGE = "too_large"
    """Nothing of it was read."""
    NOT_TEXT = "not_text"
    """Neither UTF-8 nor UTF-16 with a byte order mark. Nothing of it was read."""
    EMPTY = "empty"
    """There is nothing in it, or no rows."""
    TOO_MANY_ROWS = "too_many_rows"
    """With it there would be more rows than can be held. Nothing of it is counted."""
    BROKEN_JSON = "broken_json"
    """Count: places where no JSON could be read."""
    UNKNOWN = "unknown"
    """Count: JSON values that are none of the known answers."""
    ERROR_ANSWER = "error_answer"
    """Count: answers that are refusals."""
    UNKNOWN_COLUMNS = "unknown_columns"
    """A table that is not known; about: the columns that were missed."""
    NO_DAY = "no_day"
    """Count: answers without rows, and neither they nor the file's name tell of which day."""
    NO_ENDPOINT = "no_endpoint"
    """Count: answers or tables that do not tell what they are of, nor does the file's name."""
    UNREAD_ROWS = "unread_rows"
    """Count: rows that could not be read."""
    SAME_FILE = "same_file"
    """Read once; about: the file that is the same, byte by byte."""
    SAME_ROWS = "same_rows"
    """Count: days that another file tells the same of, or in more detail. They are counted from there."""
    ADDED_UP = "added_up"
    """Count: days that another file tells something else of, about the same. Both are counted."""
    REPLACED = "replaced"
    """Count: limits, credits or sums of which a later file tells something else, which holds."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One of them, of one file."""

    name: str
    """The file's."""
    reason: Reason
    count: int = 1
    about: tuple[str, ...] = ()


class NothingReadError(Exception):
    """Nothing in some files was understood."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("nothing was understood")
        self.problems = problems
