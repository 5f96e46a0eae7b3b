"""Text in the cells of a spreadsheet, which must not take a name for a formula."""

import re
import unicodedata
from typing import Final

_SPLITS_CELLS: Final = re.compile(r"[;\t\r\n]")
_FORMULA: Final = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*[=+\-@]")
_MARK: Final = "'"


def harmless(text: str | None) -> str | None:
    """The text as it may stand in a cell: behind an apostrophe where it could be a formula."""
    return f"{_MARK}{text}" if text is not None and _may_be_a_formula(text) else text


def as_it_was(text: str) -> str:
    """The text of a cell that `harmless` wrote."""
    rest = text.removeprefix(_MARK)
    return rest if rest != text and _may_be_a_formula(rest) else text


def _may_be_a_formula(text: str) -> bool:
    """Also behind what cannot be seen, in wide characters, or where a spreadsheet begins another cell."""
    return any(_FORMULA.match(part) for part in _SPLITS_CELLS.split(unicodedata.normalize("NFKC", text)))
