"""Answer the questions that a sceptic asks: run the benchmarks, all or some, and write one report of them.

    python -m benchmarks                     lists the questions
    python -m benchmarks all                 runs all of them: hours
    python -m benchmarks all --quick         the short runs: enough to see that all works, too few for conclusions
    python -m benchmarks search_quality automl

Each benchmark runs in a process of its own, one at a time; close other programs, since most of them measure time. What
a benchmark needs and the machine lacks is skipped, by name. The folder gets REPORT.md, to be read from top to bottom,
and for each benchmark its report, its pictures, and its tables as JSON. A run that was interrupted continues where it
was; `--again` repeats all measurements.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.common import suite
from benchmarks.common.questions import Question, questions
from scratchtune import checks

ALL = "all"


def arguments() -> argparse.Namespace:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [question.name for question in questions()]
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run, or all; none: a list of them")
    parser.add_argument("--quick", action="store_true", help="short runs")
    parser.add_argument("--out", type=Path, default=Path("benchmark_report"),
                        help="the folder of the report (default: benchmark_report)")
    parser.add_argument("--again", action="store_true", help="repeat what the folder has answers of")
    given = parser.parse_args()
    try:
        for name in given.names:
            checks.choice("NAME", name, [ALL, *names])
    except ValueError as problem:
        parser.error(str(problem))
    return given


def listed(every: list[Question]) -> str:
    """The questions by chapter."""
    lines, chapter = [], ""
    width = max(len(question.name) for question in every)
    for question in every:
        if question.chapter != chapter:
            chapter = question.chapter
            lines += ["", chapter]
        lines.append(f"  {question.name:{width}}  {question.text}")
    return "\n".join(lines[1:])


def main() -> int:
    """List, or run and report; return 1 if a benchmark failed."""
    given = arguments()
    every = questions()
    if not given.names:
        print(listed(every), "\n\nTo run them: python -m benchmarks NAME ..., or all [--quick]", sep="")
        return 0
    asked = [question for question in every if ALL in given.names or question.name in given.names]
    answers = suite.run_all(asked, given.quick, given.out.resolve(), given.again)
    path = given.out / "REPORT.md"
    path.write_text(suite.whole(asked, answers, given.out.resolve()), encoding="utf-8")
    print(f"the report is in {path}")
    return int(any(answer.state == suite.FAILED for answer in answers))


if __name__ == "__main__":
    sys.exit(main())
