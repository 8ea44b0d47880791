"""``scratchtune formulas`` and ``example``: the formulas beside their code, or their check; examples."""

import argparse
import inspect
from importlib import import_module
from pathlib import Path

from scratchtune.cli.common import plain_warnings
from scratchtune.cli.parsing import Parser
from scratchtune.core import checks, formulas
from scratchtune.core.streams import tell
from scratchtune.examples import NAMES


def add_formulas(parser: Parser) -> None:
    """Add the arguments of ``scratchtune formulas``."""
    add = parser.add_argument
    add("id", nargs="?", metavar="ID", help="the formula to show, such as l2_penalty, or a word of what they compute")
    add("--check", action="store_true",
        help="compare every formula, or only ID, with its code, and require that each mutant of the code is detected")


def run_formulas(given: argparse.Namespace) -> int:
    """Run ``scratchtune formulas``: print the index, or a formula, or check them; return the exit code."""
    if given.check:
        report = formulas.check_one(given.id) if given.id else formulas.check_all()
        tell(report.text())
        return 0 if report.ok else 1
    tell(formulas.describe(given.id) if given.id else formulas.index())
    return 0


def add_example(parser: Parser) -> None:
    """Add the arguments of ``scratchtune example``."""
    add = parser.add_argument
    add("name", metavar="NAME", help=f"the example: {', '.join(NAMES)}")
    add("--quick", action="store_true", help="run a small version, which takes about a minute")
    add("--data", metavar="DATA",
        help="image: a folder of IDX files, such as MNIST's four, instead of the built-in part of Fashion-MNIST; "
             "translation: verses, numbers, dates, or a TSV file of two columns, a sentence and its translation "
             "(default: verses; with --quick numbers); speech: a folder of WAV files with the table transcripts.tsv, "
             "whose columns are file, text and, if known, voice (default: synthetic digit strings)")
    add("--out", type=Path, metavar="DIR",
        help="image, translation, speech: the folder in which the pictures and the model are saved (default: .)")
    parser.add_shared("--jobs", "--seed", "--db", begin="image, translation, speech: ", default=None)
    parser.add_shared("--report", begin="image, translation, speech: ", more=" (default: report.html in --out)")


def run_example(given: argparse.Namespace) -> None:
    """Run ``scratchtune example``: call the example's ``main`` with the options that it has."""
    run = import_module(f"scratchtune.examples.{NAMES[checks.choice('NAME', given.name, NAMES)]}").main
    options = {name: getattr(given, name) for name in ("data", "out", "jobs", "seed", "db", "report")
               if getattr(given, name) is not None}
    for name in options.keys() - inspect.signature(run).parameters.keys():
        raise ValueError(f"--{name} is not an option of the example {given.name}; omit it")
    with plain_warnings():
        run(quick=given.quick, **options)
