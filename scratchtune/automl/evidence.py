"""The measurements that recommendations rest on: a file of benchmarks/results and the figures that it holds.

A test looks each figure up in its file, and fails if a new measurement has replaced it.

Implements section 9.1 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """A sentence, the file of benchmarks/results that it rests on, and the figures as that file writes them."""

    sentence: str
    file: str
    figures: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.sentence} (benchmarks/results/{self.file}: {', '.join(self.figures)})"
