"""Formulas are lines of mathematics in docstrings; this package parses them and checks the code against them.

Reading order: `arithmetic` (decimals), `dialect` (a line is parsed into a tree and evaluated), `domains` (values to
test), `registry` (a docstring becomes a Formula), `judge` (draws arguments, compares a line with its code), `gradients`
(compares a gradient with finite differences), `mutants` (small mistakes), `check` (all of it, for one formula),
`report` (for all of them, on all cores), `index` (what a reader sees).
"""

from scratchtune.formulas.check import Row, check
from scratchtune.formulas.dialect import parse
from scratchtune.formulas.index import describe, find, index
from scratchtune.formulas.registry import Formula, FormulaError, Where, collect, read, registry
from scratchtune.formulas.report import Report, check_all, check_one

__all__ = [
    "Formula", "FormulaError", "Report", "Row", "Where", "check", "check_all", "check_one", "collect", "describe",
    "find", "index", "parse", "read", "registry",
]
