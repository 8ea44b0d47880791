"""Stored reports of the benchmarks, read back: their tables and their bars."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from benchmarks.common.harness import RESULTS


def report(name: str, folder: Path = RESULTS) -> str:
    """The text of a stored report."""
    return (folder / f"{name}.md").read_text(encoding="utf-8")


def stored() -> dict[str, str]:
    """The texts of all stored reports by their names; the claims of the lessons are no report of a benchmark."""
    return {path.stem: report(path.stem) for path in sorted(RESULTS.glob("*.md")) if path.stem != "claims"}


def tables_of(text: str) -> list[list[list[str]]]:
    """The tables of a text: lines of cells, the headings first."""
    blocks = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return [[_cells(line) for line in block.strip().splitlines() if not set(line) <= set("|-: ")] for block in blocks]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def verdicts_of(text: str) -> list[str]:
    """The lines of PASS and FAIL of a text."""
    return re.findall(r"^(?:- )?((?:PASS|FAIL): .*)$", text, re.MULTILINE)


class Line(NamedTuple):
    """A line of a table in a stored report: where it is, and its cells by their headings."""

    number: int
    text: str
    cells: dict[str, str]

    @property
    def label(self) -> str:
        """Its first cell."""
        return next(iter(self.cells.values()))

    def value(self, column: str) -> float:
        """The number that a cell begins with."""
        return number(self.cells[column])


def number(text: str) -> float:
    """The number that a text begins with: 0.42 of "0.42 (0.41 to 0.53)"."""
    return float(text.split()[0].replace(",", ""))


def lines_of(text: str, *headings: str) -> list[Line]:
    """The lines of the first table in a text that has all of these headings."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if line.startswith("|") and (start == 0 or not lines[start - 1].startswith("|")):
            names = _cells(line)
            if set(headings) <= set(names):
                end = next((k for k in range(start, len(lines)) if not lines[k].startswith("|")), len(lines))
                return [Line(k + 1, lines[k], dict(zip(names, _cells(lines[k]), strict=True)))
                        for k in range(start + 2, end)]
    raise LookupError(f"there is no table with the headings {', '.join(headings)}")
