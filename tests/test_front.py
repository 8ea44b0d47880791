"""README's table of results: nobody better is left out, scores are of common seeds, each row names its lines."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks are no part of the installed package
front = importlib.import_module("benchmarks.common.front")
reports = importlib.import_module("benchmarks.common.reports")
sys.path.remove(str(ROOT))

ROWS = list(front.rows())
TEXT = """
| step             | us    | cores |
| ---------------- | ----: | ----: |
| ours             | 7.5   | 1     |
| ours, accuracy   | 6.0   | 1     |
| A on X           | 9.0   | 1     |
| A on Y, fast     | 2.5   | 1     |
| B, two processes | 3.5   | 2     |
| C                | 1,000 | 1     |
| D                | 30    | 1     |
| E                |       | 1     |
| floor            | 1.0   | 1     |
"""
ROW = front.Row("a time", "a", "us", "ours")


def left_out(row: front.Row, text: str, shown: Sequence[reports.Line]) -> Iterator[str]:
    """The other libraries' lines that are not shown though better than what is shown, found without the chooser.

    A line must not be better than the one shown of its library; one of a library that is not shown must not be better
    than any that is.
    """
    sign = -1.0 if row.best is max else 1.0
    losses = {front.library_of(line.label): sign * line.value(row.column) for line in shown}
    for line in reports.lines_of(text, row.column, *filter(None, [row.heading])):
        name = front.library_of(line.label)
        if line.cells[row.column] and name not in front.OURS:
            if name not in losses and len(losses) < front.SHOWN:
                yield line.label
            elif sign * line.value(row.column) < losses.get(name, max(losses.values(), default=0.0)):
                yield line.label


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.report} {row.column}")
def test_nobody_better_is_left_out_of_a_row(row: front.Row) -> None:
    text = reports.report(row.report)
    shown = front.chosen(row, text)
    assert shown and not list(left_out(row, text, shown))
    for k in range(len(shown)):  # without one that is shown, the test above fails
        assert shown[k].label in list(left_out(row, text, [*shown[:k], *shown[k + 1:]]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.report} {row.column}")
def test_a_better_line_in_a_report_comes_into_the_row(row: front.Row) -> None:
    """The report with one more line, of a library that nobody has heard of."""
    text = reports.report(row.report)
    best = front.chosen(row, text)[0]
    cells = dict(best.cells) | {row.column: "1e9" if row.best is max else "0.001"}
    name = next(iter(cells))
    cells[name] = f"Newcomer, {best.cells[name]}"
    doctored = text.replace(best.text, f"{best.text}\n| {' | '.join(cells.values())} |")
    assert front.chosen(row, doctored)[0].cells[name] == cells[name]
    assert cells[next(iter(cells))] in list(left_out(row, doctored, front.chosen(row, text)))


def test_each_library_has_its_best_line_and_the_best_libraries_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [line.label for line in front.chosen(ROW, TEXT)] == ["A on Y, fast"]
    assert [line.label for line in front.chosen(ROW._replace(best=max), TEXT)] == ["C"]
    monkeypatch.setattr(front, "SHOWN", 3)
    assert [line.label for line in front.chosen(ROW, TEXT)] == ["A on Y, fast", "B, two processes", "D"]
    assert [line.number for line in front.chosen(ROW, TEXT)] == [7, 8, 10]


@pytest.mark.parametrize("ours, best, cells", [
    ("ours", min, ("7.5", "A on Y, fast: **2.5**")),
    ("ours", max, ("7.5", "C: **1,000**")),
])
def test_the_best_of_a_row_is_bold_whoever_has_it(
    monkeypatch: pytest.MonkeyPatch, ours: str, best: object, cells: tuple[str, str],
) -> None:
    monkeypatch.setattr(front, "report", lambda name: TEXT)
    assert front.sorted_row(ROW._replace(ours=ours, best=best))[1:3] == cells


def test_a_score_is_compared_on_the_common_problems() -> None:
    """Ours has 0.8 on its 90 problems, and 0.709 on the 40 that B has, too; C has too few."""
    text = """
| noise | problems | mean score      | bayesian less this | pairs |
| ----- | -------- | --------------- | ------------------ | ----- |
| ours  | 90       | +0.800 ± 0.010  |                    |       |
| A     | 90       | +0.790 ± 0.020  | +0.010 ± 0.010     | 90    |
| B     | 40       | +0.727 ± 0.030  | -0.018 ± 0.050     | 40    |
| C     | 7        | +0.900 ± 0.200  | -0.100 ± 0.200     | 7     |
| random | 90      | +0.000 ± 0.040  | +0.800 ± 0.040     | 90    |
"""
    row = front.score_row("noise", "a", front.group_leads("noise", text))
    assert row[1:3] == ("0.709", "B: **0.727**; difference -0.018 ± 0.050, 40 problems")


def test_no_searcher_is_left_out_that_a_score_is_less_ahead_of() -> None:
    (row,) = [row for row in front.score_rows() if row.report == "search_groups"]
    lead = re.search("difference (.+?) ", row.others)
    for line in reports.lines_of(reports.report("search_groups"), "noise 0.15, recommended", "bayesian less this"):
        if front.library_of(line.label) not in front.OURS and int(line.cells["pairs"] or 0) >= front.FEWEST:
            assert lead and float(lead[1]) <= line.value("bayesian less this")


def test_one_of_the_six_rows_is_lost() -> None:
    rows = front.shown()
    assert len(rows) == 6 and sum("**" not in row.ours for row in rows) == 1


def test_each_row_names_the_lines_that_it_is_from() -> None:
    printed = front.sources()
    for row in front.shown():
        lines = reports.report(row.report).splitlines()
        assert row.lines and all(lines[line.number - 1] == line.text for line in row.lines)
        assert all(line.text in printed for line in row.lines)
        numbers = re.findall(r"\d[\d,.]*", re.sub(r"\(.*?\)|[a-z]+=\d+", "", "; ".join(
            part.partition("; difference")[0] for part in row.others.split("<br>"))))
        assert all(any(number in line.text for line in row.lines) for number in numbers)


def test_the_times_are_from_the_processors_that_the_page_names() -> None:
    assert all("AMD EPYC" in reports.report(row.report) for row in front.shown())
