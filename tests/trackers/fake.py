"""A tracker that remembers what it was told, and fails where it is asked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TOLD: list[tuple[Any, ...]] = []
"""What was called, in order, with its arguments."""
FAILS: list[str] = []
"""Names of methods that raise."""


class FakeTracker:
    def _call(self, method: str, *arguments: Any) -> None:
        if method in FAILS:
            raise ConnectionError(f"nobody answers {method}\nsecond line")
        TOLD.append((method, *arguments))

    def begin(self, run: Any, key: str | None) -> str:
        self._call("begin", run, key)
        return key or f"key-{run.seed}"

    def log(self, labels: int, values: Mapping[str, float]) -> None:
        self._call("log", labels, dict(values))

    def attach(self, files: Sequence[Path]) -> None:
        self._call("attach", {file.name: file.read_bytes() for file in files})

    def end(self, status: str) -> None:
        self._call("end", status)
