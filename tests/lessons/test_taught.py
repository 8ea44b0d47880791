"""Each formula of the registry is shown by a lesson, or marked as technical; a gradient with its forward line."""

from __future__ import annotations

from benchmarks.common import course
from lessons import taught
from scratchtune import formulas


def test_every_formula_is_taught_or_technical():
    assert taught.untaught(course.lessons()) == []


def test_no_formula_is_both_and_each_exists_and_is_marked_once():
    marked = [name for names in taught.TECHNICAL.values() for name in names]
    texts = [path.read_text(encoding="utf-8") for path in course.lessons().values()]
    shown = {name for text in texts for name in taught.SHOWN.findall(text)}
    assert len(marked) == len(set(marked)) and set(marked) <= set(formulas.registry()) and not shown & set(marked)
