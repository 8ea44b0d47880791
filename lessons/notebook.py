"""A lesson as a notebook: its cells, formulas typeset, the course's style of pictures, and a cell that calls the check.

The printed lines that a lesson records below its code are left out, since the notebook prints them itself. What runs it
is the extra `notebooks`: jupytext makes it, JupyterLab runs it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from lessons.typeset import latex

FOLDER = Path(__file__).parent
RECORDED = re.compile(r"\n*^# [-~]> .*$", re.MULTILINE)
FORMULA = re.compile(r"^- \[(\w+)\] (.+(?:\n  .+)*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)]+)\)")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
BEGIN = """%matplotlib inline
import sys

import matplotlib.pyplot as plt

sys.path.insert(0, {root!r})
plt.style.use({style!r})"""
END = """# Run this after you have written {name} in the cell above.
from lessons import checking

print(*checking.verdict({number}, {name}), sep=": ")"""


def notebook(path: Path, name: str) -> Any:
    """The notebook of a lesson, whose exercise asks for the function or class ``name``; an ImportError names the extra.

    It runs on the machine where it was made: it knows the folder of the course.
    """
    try:
        import jupytext
        from nbformat import v4
    except ImportError as error:
        raise ImportError(f'a notebook needs {error.name}: pip install -e ".[notebooks]"') from None
    made = jupytext.read(path)
    for cell in made.cells:
        cell.source = prose(cell.source) if cell.cell_type == "markdown" else code(cell.source)
    begin = BEGIN.format(root=str(FOLDER.parent), style=str(FOLDER / "style.mplstyle"))
    made.cells.insert(1, v4.new_code_cell(begin))
    made.cells.append(v4.new_code_cell(END.format(number=int(path.name[:2]), name=name)))
    made.metadata = {"kernelspec": KERNEL}
    return made


def prose(text: str) -> str:
    """Formulas typeset, each with the ID by which `scratchtune formulas` finds it; links from anywhere."""
    text = FORMULA.sub(lambda found: f"`{found[1]}`\n\n$${latex(found[2].replace(chr(10) + '  ', ' '))}$$\n", text)
    return LINK.sub(lambda found: f"]({(FOLDER / found[1]).as_posix()})", text)


def code(text: str) -> str:
    """Code without the recorded lines, and without the value of a last line that only draws."""
    text = RECORDED.sub("", text).rstrip()
    last = ast.parse(text).body[-1:]
    return f"{text};" if last and isinstance(last[0], ast.Expr) else text


def write(path: Path, name: str, folder: Path) -> Path:
    """Write a lesson's notebook into a folder; its file."""
    made = notebook(path, name)
    import nbformat

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{path.stem}.ipynb"
    nbformat.write(made, file)
    return file
