"""The map from the document's sections to the formulas, files and lessons that implement them.

The titles are the document's own (`TITLES`). All else is read where it is written: the last line of a module's
docstring says "Implements sections 2.2 and 4.1 of the document."; a formula belongs to its module's sections, and to
those that its `Source` names ("The document, section 2.3"). The lessons do not speak of the document, so theirs are
listed here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

from scratchtune.core.formulas import Formula
from scratchtune.document.statements import TITLES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "scratchtune/"

TAUGHT = {  # the lessons of each section, the one that is most about it first
    "1": (32, 6), "1.1": (16, 0, 6), "1.2": (15, 0, 14), "2.1": (1, 10, 6), "2.2": (7, 5), "2.3": (11, 12), "3.1":
    (18,), "3.2": (18, 0), "3.3": (19, 20, 21, 22, 28), "3.4": (23, 27), "4.1": (3, 4, 5, 7), "4.2": (8, 9, 47), "5":
    (1, 2), "6.1": (29, 30, 31, 32), "6.2": (33, 34, 35, 36, 37, 38, 39, 40), "6.3": (41, 42, 43, 44), "7.1": (49,),
    "7.2": (49, 24, 25), "7.3": (51, 52, 49), "8.1": (46, 45), "8.2": (48,), "8.3": (50, 24), "9.1": (28, 20), "9.2":
    (14, 15, 26, 13, 53), "9.3": (17, 16, 8, 47, 31)}

_LINE = re.compile(r"Implements sections? (\d[\d., and]*) of the document\.$")
_SOURCE = re.compile(r"\bThe document, section (\d(?:\.\d)?)\b")

Places = Mapping[str, tuple[str, ...]]  # a file's path from the repository's root -> the numbers of its sections


# Reading -------------------------------------------------------------------------------------------------------------


def sections_of(formula: Formula, files: Places) -> tuple[str, ...]:
    """The sections that a formula's module names, and those of its Source."""
    return files.get(formula.place.rsplit(":", 1)[0], ()) + tuple(_SOURCE.findall(formula.source))


def modules() -> dict[str, tuple[str, ...]]:
    """Return the sections that each module's docstring names, of the modules that name any."""
    paths = sorted((ROOT / PACKAGE).rglob("*.py"))
    docstrings = {path: ast.get_docstring(ast.parse(text)) or "" for path in paths
                  if "of the document." in (text := path.read_text(encoding="utf-8"))}
    return _named(docstrings)


def lessons() -> dict[str, tuple[str, ...]]:
    """Return the sections of each lesson, in the order of `TITLES`."""
    files = {path: int(path.name[:2]) for path in sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py"))}
    found = {path.relative_to(ROOT).as_posix(): tuple(name for name, numbers in TAUGHT.items() if number in numbers)
             for path, number in files.items()}
    return {path: names for path, names in found.items() if names}


def _named(texts: Mapping[Path, str]) -> dict[str, tuple[str, ...]]:
    found = {path.relative_to(ROOT).as_posix(): section_numbers(path.name, text) for path, text in texts.items()}
    return {path: numbers for path, numbers in found.items() if numbers}


def section_numbers(name: str, text: str) -> tuple[str, ...]:
    """Return the sections that the last line of a file's text names.

    Raise a ValueError if the document has no such section.
    """
    found = _LINE.search(text.rstrip())
    numbers = tuple(re.findall(r"\d(?:\.\d)?", found[1])) if found else ()
    for number in numbers:
        if number not in TITLES:
            raise ValueError(f"{name} names section {number} of the document; it has {', '.join(TITLES)}")
    return numbers
