"""Each formula of the registry is shown by a lesson, or marked as technical, or on the list of those not taught yet."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.common import course, taught
from scratchtune import formulas


def test_what_is_not_taught_yet_is_on_the_page_of_formulas():
    page = Path(formulas.__file__).with_name("README.md").read_text(encoding="utf-8")
    listed = re.findall(r"`(\w+)`", page.split("## Not taught yet")[1].split("## ")[0])
    assert listed == taught.untaught(course.lessons())


def test_no_formula_is_both_and_each_exists_and_is_marked_once():
    marked = [name for names in taught.TECHNICAL.values() for name in names]
    texts = [path.read_text(encoding="utf-8") for path in course.lessons().values()]
    shown = {name for text in texts for name in taught.SHOWN.findall(text)}
    assert len(marked) == len(set(marked)) and set(marked) <= set(formulas.registry()) and not shown & set(marked)
