"""Which lesson teaches a formula: it shows the line beside a number. `TECHNICAL` are the others, each with the reason.

A gradient is taught with the line that it differentiates.
"""

from __future__ import annotations

import re
from pathlib import Path

from scratchtune import formulas

SHOWN = re.compile(r"^# - \[(\w+)\]", re.MULTILINE)
TECHNICAL: dict[str, tuple[str, ...]] = {}


def lessons_of(texts: dict[int, Path]) -> dict[str, list[int]]:
    """The lessons that show each formula, by its ID; a gradient's are its own and those of the line differentiated."""
    shown: dict[str, list[int]] = {}
    for number, path in texts.items():
        for name in dict.fromkeys(SHOWN.findall(path.read_text(encoding="utf-8"))):
            shown.setdefault(name, []).append(number)
    found = {}
    for name, formula in formulas.registry().items():
        base = formula.gradient_of.id if formula.gradient_of else ""
        found[name] = sorted({*shown.get(name, []), *shown.get(base, [])})
    return found


def untaught(texts: dict[int, Path]) -> list[str]:
    """The formulas that no lesson shows and that are not marked as technical."""
    technical = {name for names in TECHNICAL.values() for name in names}
    return [name for name, numbers in lessons_of(texts).items() if not numbers and name not in technical]
