"""Each formula of the registry is shown by a lesson, or marked as technical; a gradient with its forward line."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from scratchtune import formulas

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
main, taught = importlib.import_module("lessons.__main__"), importlib.import_module("lessons.taught")
sys.path.remove(str(ROOT))


def test_every_formula_is_taught_or_technical():
    assert taught.untaught(main.lessons()) == []


def test_no_formula_is_both_and_each_exists_and_is_marked_once():
    marked = [name for names in taught.TECHNICAL.values() for name in names]
    texts = [path.read_text(encoding="utf-8") for path in main.lessons().values()]
    shown = {name for text in texts for name in taught.SHOWN.findall(text)}
    assert len(marked) == len(set(marked)) and set(marked) <= set(formulas.registry()) and not shown & set(marked)
