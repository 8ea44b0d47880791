"""Stored reports of the benchmarks, read back: their tables, their bars, and the machine that they were made on."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.common.harness import RESULTS


def report(name: str, folder: Path = RESULTS) -> str:
    """The text of a stored report."""
    return (folder / f"{name}.md").read_text(encoding="utf-8")


def tables_of(text: str) -> list[list[list[str]]]:
    """The tables of a text: lines of cells, the headings first."""
    blocks = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return [[_cells(line) for line in block.strip().splitlines() if not set(line) <= set("|-: ")] for block in blocks]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def verdicts_of(text: str) -> list[str]:
    """The lines of PASS and FAIL of a text."""
    return re.findall(r"^(?:- )?((?:PASS|FAIL): .*)$", text, re.MULTILINE)


def machine_of(text: str) -> str:
    """The processor that a report was made on, and the day."""
    processor = re.search(r"^(.+? cores, \w+)[;,.]", text, re.MULTILINE)
    day = re.search(r"\d{4}-\d\d-\d\d", text)
    return ", ".join(found[found.lastindex or 0] for found in (processor, day) if found)


def cell(name: str, row: str, column: str, heading: str = "") -> str:
    """The cell of a report's first table that has such a row and column (and first heading, where one is given)."""
    for headings, *rows in tables_of(report(name)):
        if column in headings and heading in ("", headings[0]):
            for found in rows:
                if found[0] == row:
                    return found[headings.index(column)]
    raise LookupError(f"{name}.md has no table with the row {row!r} and the column {column!r}")
