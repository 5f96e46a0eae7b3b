"""What the system knows of a process: its memory, and how long it had the processor (Linux)."""

import os
from pathlib import Path
from typing import Final, Literal

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, which: Literal["VmRSS", "VmHWM"]) -> float:
    """What it has now, or the most it ever had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(which)) / 1000


def own_memory_mb(pid: int) -> float:
    """What would be free without it: what it shares with others, as libraries, counts in part."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1000


def processor_seconds(pid: int) -> float:
    """In user and in system mode, up to now."""
    # The name before the last parenthesis may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
