"""Answer the questions that a sceptic asks: run a benchmark and print its report, or several into one report.

    python -m benchmarks                           lists the questions
    python -m benchmarks NAME [--quick] [--save]   prints the report of one; --save stores it in benchmarks/results
    python -m benchmarks NAME --help               says what it measures, and its own options
    python -m benchmarks all                       runs all of them: hours
    python -m benchmarks all --quick               the short runs: enough to see that all works, too few for conclusions
    python -m benchmarks search_quality automl     runs these

The exit code of one is 1 if it misses a bar. Of several, or with --out, each runs in a process of its own, one at a
time, and a folder gets REPORT.md, to be read from top to bottom, and for each benchmark its report and its pictures. A
run that was interrupted continues where it was; `--again` repeats all measurements. A benchmark whose requirements are
missing is skipped, and names them. Close other programs, since most measure time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from pathlib import Path

from benchmarks.common import benchmark, suite
from benchmarks.common.questions import Question, others, questions, settled
from scratchtune.core import checks

ALL = "all"
FOLDER = "benchmark_report"


def parser() -> argparse.ArgumentParser:
    """The arguments of several benchmarks, and those that all have."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, allow_abbrev=False,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run, or all; none: a list of them")
    made.add_argument("--quick", action="store_true", help="short runs")
    made.add_argument("--save", action="store_true", help="of one NAME: store its report in benchmarks/results")
    made.add_argument("--out", type=Path, help=f"the folder of the reports (default of several: {FOLDER})")
    made.add_argument("--again", action="store_true", help="repeat what the folder has answers of")
    return made


def listed(every: list[Question]) -> str:
    """The questions by chapter; of a settled one, its page instead of a name that can be run."""
    lines, chapter = [], ""
    width = max(len(question.name) for question in every if not question.is_settled)
    for question in every:
        if question.chapter != chapter:
            chapter = question.chapter
            lines += ["", chapter]
        lines.append(f"  benchmarks/results/{question.name}.md: {question.text}" if question.is_settled else
                     f"  {question.name:{width}}  {question.text}")
    return "\n".join(lines[1:])


def one(name: str, arguments: Sequence[str]) -> int:
    """Run one benchmark, or a module that answers no question; return its exit code."""
    if name in others():
        return int(import_module(f"benchmarks.{name}").main(arguments))
    return benchmark.run(name, arguments)


def several(every: list[Question], given: argparse.Namespace) -> int:
    """Run benchmarks into a folder; return 1 if one of them failed."""
    folder = (given.out or Path(FOLDER)).resolve()
    asked = [question for question in every if ALL in given.names or question.name in given.names]
    answers = suite.run_all(asked, given.quick, folder, given.again)
    path = folder / "REPORT.md"
    path.write_text(suite.whole(asked, answers, folder), encoding="utf-8")
    print(f"the report is in {path}")
    return int(any(answer.state == suite.FAILED for answer in answers))


def main(arguments: Sequence[str]) -> int:
    """List the questions, run one NAME with its own options, or run several into a folder; return the exit code."""
    every, more, command = questions(), others(), parser()
    first = list(takewhile(lambda text: not text.startswith("-"), arguments))
    is_folder = any(text.partition("=")[0] == "--out" for text in arguments)
    is_one = first[:1] != [ALL] and (first[:1] and first[0] in more or len(first) == 1 and not is_folder)
    given = command.parse_args(first[:1] if is_one else arguments)
    try:
        for name in given.names:
            if name in {question.name for question in settled()}:
                raise ValueError(f"NAME is {name!r}, a settled question; benchmarks/results/{name}.md has its answer "
                                 "and says which commit has its code")
            checks.choice("NAME", name, [ALL, *(question.name for question in every), *more * is_one])
    except ValueError as problem:
        command.error(str(problem))
    if is_one or (len(given.names) == 1 and given.names != [ALL] and not is_folder):
        at = arguments.index(given.names[0])  # after its options, too
        return one(given.names[0], [*arguments[:at], *arguments[at + 1:]])
    if given.save:
        command.error("--save stores the report of one NAME; leave it out, since the folder gets all reports")
    if not given.names:
        print(f"{listed([*every, *settled()])}\n\nTo run them: python -m benchmarks NAME [--quick], or all [--quick]")
        return 0
    return several(every, given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
