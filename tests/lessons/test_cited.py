"""The figures of reports that lesson 28 cites are those that their files have."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def cited() -> dict[str, dict[str, dict[str, str]]]:
    """File, first heading of a table, row, and what a cell of the row says."""
    tree = ast.parse((ROOT / "lessons" / "28_the_default.py").read_text(encoding="utf-8"))
    return next(ast.literal_eval(node.value) for node in tree.body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CITED")


def rows_of(file: str, heading: str) -> dict[str, list[str]]:
    """The rows of the table of a report with this first heading: the other cells, by the first one."""
    found: dict[str, list[str]] = {}
    lines = (ROOT / "benchmarks" / "results" / file).read_text(encoding="utf-8").splitlines()
    tables = "\n".join(line if line.startswith("|") else "" for line in lines).split("\n\n")
    for table in tables:
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line]
        if cells and cells[0][0] == heading:
            found |= {first: others for first, *others in cells[1:]}
    return found


@pytest.mark.parametrize("file", list(cited()))
def test_the_figures_that_it_cites_are_in_their_files(file):
    for heading, figures in cited()[file].items():
        rows = rows_of(file, heading)
        for row, figure in figures.items():
            assert figure in rows[row], f"{file}, {heading}, {row}: {rows[row]}"
