"""Formulas are lines of mathematics in docstrings; this package parses them and checks the code against them.

Reading order: `arithmetic` (decimals), `dialect` (a line is parsed into a tree and evaluated), `domains` (values to
test), `registry` (a docstring becomes a Formula), `judge` (draws arguments, compares a line with its code), `gradients`
(compares a gradient with finite differences), `mutants` (small mistakes), `check` (all of it, for one formula),
`report` (what a reader sees, of one formula or of all).
"""

from scratchtune.core.formulas.check import Row, check
from scratchtune.core.formulas.dialect import parse
from scratchtune.core.formulas.registry import Formula, Where, collect, read, registry
from scratchtune.core.formulas.report import Report, check_all, check_one, describe, find, index

__all__ = [
    "Formula", "Report", "Row", "Where", "check", "check_all", "check_one", "collect", "describe",
    "find", "index", "parse", "read", "registry",
]
