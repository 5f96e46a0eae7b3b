"""Foreign text inside Markdown. A line item may hold a link or an icon; it must come out as the text that it is."""

import re
from typing import Final

_PUNCTUATION: Final = re.compile(r"""([\\`*_{}\[\]()#+\-.!|<>~&"':@$])""")
_WHITE_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_LONGEST: Final = 80


def escape(text: str) -> str:
    """One short line in which nothing is Markdown, HTML or a `$(icon)`."""
    line = _WHITE_SPACE.sub(" ", text).strip()
    if len(line) > _LONGEST:
        line = line[: _LONGEST - 1] + "…"
    # VS Code looks for icons after the Markdown is read: this backslash has to survive that.
    line = line.replace("$(", "\\$(")
    return _PUNCTUATION.sub(r"\\\1", line)
