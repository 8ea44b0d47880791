"""The command line: ``scratchtune compare`` and ``scratchtune formulas``.

Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 the job failed, 2 wrong arguments or input,
130 interrupted.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from scratchtune import __version__, checks


class _Parser(argparse.ArgumentParser):
    """argparse without the usage text before an error: one line says what is wrong."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shows a ?
    parser = _make_parser()
    try:
        given = parser.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        return int(given.command(given))
    except KeyboardInterrupt:
        print("scratchtune: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        if given.debug:
            traceback.print_exc()
        else:
            print(f"scratchtune: {error}", file=sys.stderr)
        return 2 if isinstance(error, (ValueError, TypeError, OSError)) else 1


def _make_parser() -> argparse.ArgumentParser:
    about = "Hyper-parameter tuning from scratch: every formula beside the code that runs."
    parser = _Parser(prog="scratchtune", description=about)
    parser.add_argument("--version", action="version", version=f"scratchtune {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser)
    _add_compare(commands)
    _add_formulas(commands)
    return parser


def _command(commands: argparse._SubParsersAction, name: str, run: object, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(command=run)
    return parser


def _add_compare(commands: argparse._SubParsersAction) -> None:
    parser = _command(commands, "compare", _compare, "tune the document's network with every searcher, at equal cost")
    add = parser.add_argument
    add("--data", choices=["digits"], default="digits", help="the rows to tune on (default: digits)")
    add("--searchers", nargs="+", metavar="NAME", default=[], help="grid, random (default: all there are)")
    add("--trials", type=int, default=27, metavar="N", help="settings at most for each (default: 27, a full grid)")
    add("--jobs", type=int, default=2, metavar="N", help="trainings at the same time (default: 2)")
    add("--seed", type=int, default=0, metavar="N", help="for splits, weights and searchers (default: 0)")
    add("--split", choices=["shuffled", "order"], default="shuffled",
        help="which rows are sealed: a random fifth of each class, or the last fifth of the file, which in the digits "
             "is other people's handwriting (default: shuffled)")
    add("--out", type=Path, default=Path("."), metavar="DIR", help="where the picture goes (default: .)")
    add("--db", metavar="FILE", help="keep the studies in a file (not there yet: a later version has it)")


def _compare(given: argparse.Namespace) -> int:
    from scratchtune.comparison import SPACE, compare
    from scratchtune.data.datasets import load_digits
    from scratchtune.insight.plots import plot_comparison
    from scratchtune.search import SEARCHERS

    if given.db:
        raise ValueError(f"--db is {given.db!r}; studies are kept in memory only in this version, leave it away")
    for name, value in (("--trials", given.trials), ("--jobs", given.jobs)):
        checks.integer(name, value, 1)
    checks.integer("--seed", given.seed, 0, 2**32 - 1)
    for name in given.searchers:
        checks.choice("--searchers", name, SEARCHERS)
    if given.out.exists() and not given.out.is_dir():
        raise ValueError(f"--out is {str(given.out)!r}, a file; it must be a folder")
    given.out.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=given.out).close()  # that it can be written is known before the work, not after
    X, y = load_digits()
    result = compare(
        X / 16.0, y, given.searchers, given.trials, given.jobs, given.seed, given.split,
        say=lambda line: print(line, file=sys.stderr),
    )
    print(result.text())
    studies = {row.searcher: row.study for row in result.rows}
    print(f"picture: {plot_comparison(studies, next(iter(SPACE)), given.out / 'comparison.png')}")
    return 0


def _add_formulas(commands: argparse._SubParsersAction) -> None:
    parser = _command(commands, "formulas", _formulas, "list the formulas, show one beside its code, or check them all")
    add = parser.add_argument
    add("id", nargs="?", metavar="ID", help="the formula to show, such as l2_penalty")
    add("--check", action="store_true", help="evaluate every line against its code, and try all mutants")
    add("--sections", action="store_true", help="print the map from the document's sections to formulas and files")


def _formulas(given: argparse.Namespace) -> int:
    from scratchtune import formulas

    if given.check:
        report = formulas.check_all(progress=True)
        print(report.text())
        return 0 if report.ok else 1
    if given.sections:
        print(formulas.sections())
    else:
        print(formulas.describe(given.id) if given.id else formulas.index())
    return 0


if __name__ == "__main__":
    sys.exit(main())
