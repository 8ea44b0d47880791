"""What the course is: its lessons, their titles and minutes, its parts and the ways through them; nothing is run.

It is here, and not among the lessons, so that `pages` can write the table of lessons without an import from above: the
package is below the benchmarks, and they are below the lessons.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "lessons"
PARTS = {  # of the course, each with its first lesson
    "Play": 0, "What one training is": 3, "Is it better?": 11, "Searchers: write one, then race it": 18, "Images": 29,
    "Translation": 33, "Speech": 41, "Tables": 45, "Reading a study": 48, "The same numbers elsewhere": 49,
    "Engine room (appendix)": 50, "Capstone": 53}
PATHS = {  # ways through the course
    "two hours": (0, 1, 3, 18, 15), "a weekend": (0, 1, 3, 4, 5, 7, 8, 18, 14, 15, 11, 19, 20, 24, 53),
    "a semester": tuple(range(54))}
MINUTES = re.compile(r"^# (\d+) minutes(?: · needs ((?:\d\d(?:, )?)+))?$", re.MULTILINE)


def lessons() -> dict[int, Path]:
    """The files of all lessons by number."""
    return {int(path.name[:2]): path for path in sorted(FOLDER.glob("[0-9][0-9]_*.py"))}


def heading(path: Path) -> tuple[str, str]:
    """A lesson's title and its one line, from its first cell."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[1].removeprefix("# # "), lines[2].removeprefix("# ")


def minutes(path: Path) -> tuple[int, list[int]]:
    """How many minutes a lesson takes, and the lessons that it needs."""
    found = MINUTES.search(path.read_text(encoding="utf-8"))
    assert found is not None, f"{path} does not say its minutes"
    return int(found[1]), [int(number) for number in (found[2] or "").split(", ") if number]


def number_of(text: str) -> int:
    """A lesson's number, from "2" or "02"; ValueError where there is none."""
    known = lessons()
    if not text.isdecimal() or int(text) not in known:
        raise ValueError(f"lesson is {text!r}; there are {', '.join(f'{number:02}' for number in known)}")
    return int(text)


def rules(number: int) -> Iterator[tuple[str, str, int]]:
    """The claims of a lesson as its rules have them: ID, sentence and line, without importing the rules."""
    path = FOLDER / "rules" / f"rules_{number:02}.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else []:
        for call in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("claim"):
                assert isinstance(node, ast.FunctionDef) and isinstance(call.args[0], ast.Constant)
                yield str(call.args[0].value), " ".join((ast.get_docstring(node) or "").split()), node.lineno
