"""Formulas are lines of mathematics in docstrings; this package parses them and checks the code against them.

Reading order: `arithmetic` (floats and decimals), `dialect` (a line is parsed into a tree and evaluated), `domains`
(values to test), `registry` (a docstring becomes a Formula), `cases` (arguments for it), `judge` (compares a line with
its code), `gradients` (compares a gradient with finite differences), `mutants` (small mistakes), `equivalent` (mutants
that compute the same), `check` (all of it, for one formula), `parallel` (for all of them, on all cores), `report` (the
results), `index` (what a reader sees), `document` (the map of the document's sections).
"""

from scratchtune.formulas.check import Row, check
from scratchtune.formulas.dialect import parse
from scratchtune.formulas.document import sections
from scratchtune.formulas.index import describe, find, index
from scratchtune.formulas.parallel import number_of_processes
from scratchtune.formulas.registry import Formula, FormulaError, Where, collect, read, registry
from scratchtune.formulas.report import Report, check_all, check_one

__all__ = [
    "Formula", "FormulaError", "Report", "Row", "Where", "check", "check_all", "check_one", "collect", "describe",
    "find", "index", "number_of_processes", "parse", "read", "registry", "sections",
]
