"""A benchmark: its options, what it measures, and what its report says. Here reports are printed and stored."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.common import age, harness
from benchmarks.common.reports import verdicts_of

OURS = ("scratchtune", "numpy", "numba")  # whose versions are in every report


@dataclass(frozen=True)
class Benchmark:
    """What a module registers as its BENCHMARK; its question is the first line of the module's docstring.

    ``measure`` takes the options that were given, and sets ``given.kept`` to the number of runs that it takes from a
    file instead of making them. ``report`` takes what was measured and the options; it returns the paragraphs of the
    report, with lines by `harness.bar` or `harness.verdict`. ``packages`` are those whose versions
    matter beside ours, ``quick`` says what a short run is, if there is one, and ``options`` are the module's own: the
    arguments of argparse's ``add_argument`` by name. ``variant`` returns the benchmark to run with the options given,
    such as one with another title or another ``name`` of the report (by default the module's).
    """

    title: str
    measure: Callable[[Namespace], Any]
    report: Callable[[Any, Namespace], Sequence[str]]
    packages: Sequence[str] = ()
    quick: str = ""
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    name: str = ""
    variant: Callable[[Namespace], Benchmark] | None = None

    def __post_init__(self) -> None:
        """A module that is run by itself would measure nothing, and say nothing."""
        if self.measure.__module__ == "__main__":
            raise SystemExit(f"run it by: python -m benchmarks {Path(sys.argv[0]).stem}")


def count(text: str) -> int:
    """An option's number of something, at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least 1")
    return int(text)


def run(name: str, arguments: Sequence[str]) -> int:
    """Measure, print the report of the module ``name``, and store it with --save; return 1 if a bar is missed."""
    module = _imported(name)
    benchmark: Benchmark = module.BENCHMARK
    given = _parser(name, str(module.__doc__), benchmark).parse_args(arguments)
    benchmark = benchmark.variant(given) if benchmark.variant else benchmark
    stem = f"{benchmark.name or name}{'_quick' if given.quick else ''}"
    given.picture = (harness.RESULTS if given.save else Path(tempfile.gettempdir())) / f"{stem}.png"
    given.machine, load = harness.machine(), harness.load()
    begun = time.perf_counter()
    paragraphs = benchmark.report(benchmark.measure(given), given)
    cost = (f"seconds unknown, since {given.kept:,} of its runs are of earlier commands" if given.kept
            else f"measured in {time.perf_counter() - begun:,.0f} s")
    text = "\n\n".join([
        f"# {benchmark.title}",
        f"`python -m benchmarks {shlex.join([name, *arguments])}`, {date.today().isoformat()}.",
        f"{age.line(f'benchmarks.{name}')}; {cost}.",
        f"{given.machine}; {load}.", f"{harness.versions(*OURS, *benchmark.packages)}.", *filter(None, paragraphs)])
    print(text, flush=True)
    if given.save:
        harness.RESULTS.mkdir(parents=True, exist_ok=True)
        path = harness.RESULTS / f"{stem}.md"
        path.write_text(text + "\n", encoding="utf-8")
        print(f"saved to {path}", file=sys.stderr)
    return int(any(line.startswith("FAIL") for line in verdicts_of(text)))


def _imported(name: str) -> Any:
    """The module; a library that it needs and that is missing is named."""
    try:
        return import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in ("benchmarks", "scratchtune"):
            raise
        raise SystemExit(f"{name} needs {error.name}, which is not installed") from None


def _parser(name: str, about: str, benchmark: Benchmark) -> argparse.ArgumentParser:
    """The benchmark's options."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {name}", description=about, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, how in benchmark.options.items():
        parser.add_argument(option, **how)
    if benchmark.quick:
        parser.add_argument("--quick", action="store_true", help=f"a short run: {benchmark.quick}")
    parser.add_argument("--save", action="store_true", help="store the report in benchmarks/results")
    parser.set_defaults(quick=False, kept=0)
    return parser
