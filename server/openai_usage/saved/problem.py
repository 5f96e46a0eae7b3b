"""What was not understood of a file, or not counted, and what else should be known of it. The words are in `views`."""

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
    UNREAD_ANSWER = "unread_answer"
    """Count: known answers with a value that cannot be read. Nothing of those is counted."""
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
    OTHER_TOTAL = "other_total"
    """The days of a bill do not come to the total in it, which is left alone; about: the sum and the total, in US
    dollars, as plain decimals."""
    OTHER_DAY = "other_day"
    """The rows are of another day than the one in the file's name, and are counted there; about: their day, ISO."""
    IN_DOLLARS = "in_dollars"
    """Amounts of a bill of 2023 were read as dollars, since that is set. OpenAI's own are cents."""
    SAME_FILE = "same_file"
    """Read once; about: the file that is the same, byte by byte."""
    SAME_ROWS = "same_rows"
    """Count: days that another file tells the same of, or in more detail. They are counted from there."""
    ADDED_UP = "added_up"
    """Count: days of which files tell something else about the same. All are counted; about: the other files."""
    REPLACED = "replaced"
    """Count: limits, credits or sums of which a later answer tells something else, which holds."""
    SEVERAL_ORGANIZATIONS = "several_organizations"
    """Of all files together, which are added up; about: the organisations, by name or else by id."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One of them, of one file."""

    name: str
    """The file's; empty where it is of all together."""
    reason: Reason
    count: int = 1
    about: tuple[str, ...] = ()


class NothingReadError(Exception):
    """Nothing in some files was understood."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("nothing was understood")
        self.problems = problems
