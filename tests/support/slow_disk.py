"""A disk on which looking for the workspace's key takes as long as a test says."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from openai_usage import workspace
from openai_usage.settings import KeySource
from openai_usage.workspace import WorkspaceKey


class SlowDisk:
    """In whose folders a look takes until it is let go. It counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[tuple[KeySource, Path | None]] = []
        self.slow: set[str] = set()
        self._go = threading.Event()
        self._find = workspace.find_key
        # What is slow keeps nobody waiting, not even for so long.
        monkeypatch.setattr(workspace, "_PATIENCE", 0.01)
        monkeypatch.setattr(workspace, "find_key", self.find_key)

    def find_key(self, source: KeySource, folder: Path | None, environ: Mapping[str, str]) -> WorkspaceKey:
        self.begun.append((source, folder))
        found = self._find(source, folder, environ)
        if folder is not None and folder.name in self.slow:
            assert self._go.wait(60)
        return found

    def let_go(self) -> None:
        self.slow.clear()
        self._go.set()
