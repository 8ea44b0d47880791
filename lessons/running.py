"""A lesson that runs: the whole script, its pictures, or its exercise alone; and at which line it stopped."""

from __future__ import annotations

import ast
import os
import re
import runpy
import traceback
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
EXERCISE = "\n# ## Exercise\n"


def run(path: Path) -> dict[str, Any]:
    """Run a lesson as the script that it is; its names."""
    prepare_pictures()
    return runpy.run_path(str(path), run_name="__main__")


def prepare_pictures() -> None:
    os.environ.setdefault("MPLBACKEND", "Agg")  # without a screen
    import matplotlib.pyplot as plt

    plt.close("all")
    plt.style.use(FOLDER / "style.mplstyle")


def save_pictures(folder: Path) -> list[Path]:
    """Save the pictures that the last lesson drew, each under the name that it gave; their files."""
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figures = [plt.figure(number) for number in plt.get_fignums()]
    paths = [folder / f"{figure.get_label()}.png" for figure in figures]
    for figure, path in zip(figures, paths, strict=True):
        figure.savefig(path)
    return paths


def explained(error: BaseException, path: Path) -> str:
    """Where in the lesson's file it happened, and what."""
    if isinstance(error, SyntaxError):
        return f"Line {error.lineno} of {relative(path)} is no valid Python: {error.msg}"
    here = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    place = f"Line {here[-1].lineno} of {relative(path)}: {here[-1].line}\n" if here else ""
    return f"{place}{type(error).__name__}{': ' if str(error) else ''}{error}"


def relative(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def exercise(path: Path) -> dict[str, Any]:
    """Run a lesson's imports and its part "Exercise", and nothing else of it; the names that they define.

    So an exercise is checked in the time that its own check takes, and the part stands on the imports alone.
    """
    text = path.read_text(encoding="utf-8")
    heading = text[: text.index(EXERCISE)].count("\n") + 1
    tree = ast.parse(text, str(path))
    tree.body = [
        statement for statement in tree.body
        if statement.lineno > heading or isinstance(statement, (ast.Import, ast.ImportFrom))]
    names: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(tree, str(path), "exec"), names)
    return names


def to_write(path: Path) -> str:
    """The name of the function or class that the exercise asks for: the first one of that part."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^(?:def|class) (\w+)", text[text.index(EXERCISE) :], re.MULTILINE)
    assert found is not None, f"{path} has no function to write"
    return found[1]
