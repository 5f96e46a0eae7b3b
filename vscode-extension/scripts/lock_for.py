"""Print the requirements of a lock file that hold on another machine, without their markers.

pip chooses wheels for another platform when told to, but evaluates markers for the machine it runs on.

Usage: lock_for.py LOCK_FILE MARKERS, where MARKERS is a JSON object such as {"sys_platform": "win32"}.
"""

import json
import sys
from pathlib import Path

from packaging.requirements import Requirement


def main() -> None:
    lock, markers = sys.argv[1:]
    environment = json.loads(markers)
    for line in Path(lock).read_text("utf-8").replace("\\\n", " ").splitlines():
        pinned, _, hashes = line.partition(" --hash=")
        if pinned.strip() == "" or pinned.lstrip().startswith("#"):
            continue
        requirement = Requirement(pinned)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            requirement.marker = None
            sys.stdout.write(f"{requirement} --hash={hashes}\n")


main()
