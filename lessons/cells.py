"""A lesson cell by cell: what it consists of, what it has recorded, and what it prints and draws when it is run.

`run` starts a process for a lesson, as ``python -m lessons.cells LESSON FOLDER``: the process runs the cells one after
the other, saves the picture of each in the folder, and writes what each has printed to cells.json there.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from lessons import running
from lessons.notebook import RECORDED

ROOT = Path(__file__).parents[1]
CELL = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)
LARGEST = 150_000  # bytes of a picture
RESOLUTIONS = (160, 130, 100, 80)  # dots per inch; a picture is shown at 96


@dataclass(frozen=True)
class Cell:
    """A cell: prose or code, without marks and without what it has recorded, and its first line in the file."""

    is_code: bool
    text: str
    line: int
    recorded: str = ""


@dataclass
class Picture:
    """A picture's file, its size in pixels of the page, and what its titles and axes say."""

    file: str
    width: int
    height: int
    title: str
    text: str


@dataclass
class Output:
    """What a cell of code has printed and drawn."""

    printed: str = ""
    pictures: list[Picture] = field(default_factory=list)


def cells(path: Path) -> list[Cell]:
    """The cells of a lesson."""
    text = path.read_text(encoding="utf-8")
    marks, found = list(CELL.finditer(text)), []
    for mark, end in zip(marks, [*(each.start() for each in marks[1:]), len(text)], strict=True):
        inside, line = text[mark.end() : end].rstrip(), text.count("\n", 0, mark.end()) + 1
        if mark[1]:
            found.append(Cell(False, re.sub(r"^# ?", "", inside, flags=re.MULTILINE), line))
        else:
            recorded = "\n".join(re.findall(r"^# [-~]> (.*)$", inside, re.MULTILINE))
            found.append(Cell(True, RECORDED.sub("", inside).rstrip(), line, recorded))
    return found


def recorded(path: Path) -> list[Output]:
    """What a lesson says that its cells of code print, without running it; there are no pictures."""
    return [Output(cell.recorded) for cell in cells(path) if cell.is_code]


def run(path: Path, folder: Path) -> list[Output]:
    """Run a lesson in a process of its own; a RuntimeError says in one sentence why it stopped."""
    command = [sys.executable, "-m", "lessons.cells", str(path.resolve()), str(folder.resolve())]
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": paths, "MPLBACKEND": "Agg"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [f"its process ended with exit code {done.returncode}"]
        raise RuntimeError(said[0])
    found = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    return [Output(each["printed"], [Picture(**picture) for picture in each["pictures"]]) for each in found]


# In the process ------------------------------------------------------------------------------------------------------


def _run_here(path: Path, folder: Path) -> list[Output]:
    """Run all cells of code in the names of a new main module, as a notebook does."""
    running.prepare_pictures()
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = str(path)
    found = []
    for cell in cells(path):
        if cell.is_code:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * (cell.line - 1) + cell.text, str(path), "exec"), vars(module))
            found.append(Output(printed.getvalue().rstrip(), _saved(folder)))
    return found


def _saved(folder: Path) -> list[Picture]:
    """Save the figures that are open, and close them."""
    import matplotlib.pyplot as plt

    figures = [plt.figure(number) for number in plt.get_fignums()]
    found = [_picture(figure, folder / f"{figure.get_label()}.png") for figure in figures]
    plt.close("all")
    return found


def _picture(figure: Any, path: Path) -> Picture:
    """Save a figure as finely as fits into `LARGEST`, first with few colours."""
    for resolution in RESOLUTIONS:
        _save(figure, path, resolution)
        if path.stat().st_size <= LARGEST:
            break
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    panels = [axes for axes in figure.axes if axes.get_title(loc="left") or axes.get_title() or axes.get_xlabel()]
    heading = figure.get_suptitle()
    titles = [heading] * bool(heading) or [_title(axes) for axes in panels if _title(axes)]
    said = [_said(axes) for axes in panels]
    return Picture(path.name, width, height, "; ".join(titles), ". ".join([*[heading] * bool(heading), *said]))


def _save(figure: Any, path: Path, resolution: int) -> None:
    from PIL import Image  # matplotlib's own requirement

    written = io.BytesIO()
    figure.savefig(written, dpi=resolution)
    with Image.open(written) as image:
        few = image.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def _title(axes: Any) -> str:
    return " ".join((axes.get_title(loc="left") or axes.get_title()).split())


def _said(axes: Any) -> str:
    """What the axes of a picture say: title, what is drawn over what, and the names of the lines."""
    across, up = (" ".join(text.split()) for text in (axes.get_xlabel(), axes.get_ylabel()))
    lines = [each for each in axes.get_legend_handles_labels()[1] if each]
    drawn = f"{up} by {across}" if across and up else across or up
    return ": ".join(filter(None, [_title(axes), drawn])) + (f" ({', '.join(lines)})" if lines else "")


def main(path: Path, folder: Path) -> int:
    """Run a lesson and write what its cells have printed; 1 and a sentence where it stopped."""
    try:
        found = _run_here(path, folder)
    except Exception as error:  # whatever a lesson raises is an answer, not a crash
        print(running.explained(error, path).replace("\n", " "), file=sys.stderr)
        return 1
    written = json.dumps([asdict(each) for each in found], ensure_ascii=False)
    (folder / "cells.json").write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
