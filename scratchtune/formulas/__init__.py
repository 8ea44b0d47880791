"""Formulas are lines of mathematics in docstrings, and this package is the machine that reads and checks them.

Reading order: `arithmetic` (floats and decimals), `dialect` (a line becomes a tree and is computed), `domains` (values
to try), `registry` (a docstring becomes a Formula), `cases` (arguments for it), `judge` (line against code),
`gradients` (line against its differences), `mutants` (small mistakes), `equivalent` (those that are none), `check`
(all of it), `index` (what a reader sees), `document` (the map of its sections).
"""

from scratchtune.formulas.check import Report, Row, check, check_all
from scratchtune.formulas.dialect import parse
from scratchtune.formulas.document import sections
from scratchtune.formulas.index import describe, find, index
from scratchtune.formulas.registry import Formula, FormulaError, Where, collect, read, registry

__all__ = [
    "Formula", "FormulaError", "Report", "Row", "Where", "check", "check_all", "collect", "describe", "find", "index",
    "parse", "read", "registry",
    "sections",
]
