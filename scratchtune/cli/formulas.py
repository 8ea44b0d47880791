"""``scratchtune formulas``: the formulas, one beside its code, or the check of all."""

import argparse

from scratchtune import formulas
from scratchtune.cli.parsing import Parser
from scratchtune.streams import tell


def add_formulas(parser: Parser) -> None:
    """Add the arguments of ``scratchtune formulas``."""
    add = parser.add_argument
    add("id", nargs="?", metavar="ID", help="the formula to show, such as l2_penalty, or a word of what they compute")
    add("--check", action="store_true",
        help="compare every formula, or only ID, with its code, and require that each mutant of the code is detected")


def run_formulas(given: argparse.Namespace) -> int:
    """Run ``scratchtune formulas``; return the exit code."""
    if given.check:
        report = formulas.check_one(given.id) if given.id else formulas.check_all()
        tell(report.text())
        return 0 if report.ok else 1
    tell(formulas.describe(given.id) if given.id else formulas.index())
    return 0
