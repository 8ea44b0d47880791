"""The stale reports: a module of the code that they measured has changed since they were made.

    python -m benchmarks stale          lists them, the cheapest first: the seconds of the last run, where it says so
    python -m benchmarks stale --run    measures them again in this order, each in a process of its own

A report that is measured again is no longer stale, so an interrupted run continues with the next. A benchmark
whose requirements are missing is skipped, and names them; so is one that would continue runs of older code in its file.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Mapping, Sequence

from tqdm import tqdm

from benchmarks.common import age, suite
from benchmarks.common.harness import RESULTS
from benchmarks.common.questions import modules, questions
from benchmarks.common.reports import report, stored

SHOWN = 3  # changed files of a report


def reports() -> dict[str, age.Age]:
    """The stale reports by name, the cheapest first, and those of unknown cost last; none that has lost its code."""
    code, known = age.Code(), {f"benchmarks.{name}" for name in modules()}
    ages = {name: age.age_of(text) for name, text in stored().items()}
    found = {name: each for name, each in ages.items() if each.module in known and age.is_stale(each, code)}
    return dict(sorted(found.items(), key=lambda item: item[1].seconds or float("inf")))


def listed(found: Mapping[str, age.Age]) -> str:
    """One line for each of these stale reports: its seconds, commit and command, and files that have changed."""
    code, lines = age.Code(), []
    for name, each in found.items():
        changed = age.changes(each, code)
        what = ", ".join(changed[:SHOWN]) + (f" and {len(changed) - SHOWN} more" if changed[SHOWN:] else "")
        cost = f"{each.seconds:,.0f} s" if each.seconds else "seconds unknown"
        command = shlex.join([each.module.partition(".")[2], *options(report(name))])
        lines.append(f"  {name} ({cost}, commit {each.commit}, by {command}): {what or 'git does not say where'}")
    return "\n".join([f"{len(lines)} of {len(stored())} reports are older than the code that they measured"
                      f"{', by changes in' if lines else ''}", *lines])


def options(text: str) -> list[str]:
    """The options of the command that made a report, without those that store it."""
    found = re.search(r"`python -m benchmarks[. ]\w+ ?([^`]*)`", text)
    return [word for word in shlex.split(found[1] if found else "") if word != "--save"]


def run(names: Sequence[str]) -> int:
    """Measure reports again; return 1 if a benchmark failed."""
    asked = {question.name: question for question in questions()}
    has_failed = False
    with tqdm(names, unit="report", disable=None) as progress:
        for name in progress:
            progress.set_description(name)
            benchmark = age.age_of(report(name)).module.partition(".")[2]
            if (kept := RESULTS / f"{benchmark}.jsonl").exists():
                said = f"skipped, {kept} has runs of older code; remove it, or continue them by the benchmark itself"
            else:
                answer = suite.ask(asked[benchmark], False, RESULTS, *options(report(name)))
                is_written = name in answer.written
                said = f"measured, {answer.seconds:.0f} s" if is_written else f"{answer.state}, {answer.reason}"
                has_failed |= not is_written and answer.state != suite.SKIPPED
            tqdm.write(f"{name}: {said}", file=sys.stderr)
    return int(has_failed)


def main(arguments: Sequence[str]) -> int:
    """List the stale reports, or measure them again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks stale", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="reports (default: all that are stale)")
    parser.add_argument("--run", action="store_true", help="measure again, the cheapest first")
    given = parser.parse_args(arguments)
    every = reports()
    if fresh := [name for name in given.names if name not in every]:
        parser.error(f"NAME is {fresh[0]!r}; it must be a stale report: {', '.join(every)}")
    found = {name: each for name, each in every.items() if name in given.names or not given.names}
    if given.run:
        return run(list(found))
    print(listed(found))
    return 0
