"""Start the bundled server with the libraries that came with the extension, and with no others."""

# ruff: noqa: INP001  # a script, not part of a package

import sys
from pathlib import Path

# Before everything else: a library of the user's own Python must not be mixed with the bundled ones.
sys.path.insert(0, str(Path(__file__).parent / "libs"))

from openai_usage.__main__ import main  # found only once the path is set

main()
