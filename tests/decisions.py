"""Are decisions tested? Draw mutants of a room, run the tests of each one's line, and name those that survive.

    python -m tests.decisions core/study tables --draw 30 --seed 1   # 30 mutants of each of two rooms
    python -m tests.decisions --since main~3 --draw 10          # ten a room of what has changed since a commit
    python -m tests.decisions study --again                     # those that have survived until now

Which tests run a line is measured once, by ``pytest --covering FILE`` (see `covering`), and given as ``--covered
FILE`` (of several workers, all their files). A test file of the module's own always runs; without the measurement, and
for compiled code, so do the tests in its folder where it has no such file. Compiled layers are first tested in plain
Python, since coverage sees no compiled line, and to compile each mutant takes long. What Python and the tests need is
loaded once; each mutant is a fork in a copy of the project. The first test that fails ends it, if it passes without
the mutant. A mutant that no test has caught within a minute has survived; those that compute the same are listed, with
a reason, in equivalent.json. A run that was stopped continues: caught mutants are not run again, unless their file has
changed.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import matplotlib.pyplot  # noqa: F401  # loaded once for all forks, as are the next two
import numba  # noqa: F401
import numpy as np  # noqa: F401
import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("cli", "core/data", "core/estimators", "core/evaluation", "core/search", "core/study", "insight", "interop",
         "sequences", "tables")
RESULTS = ROOT / ".pytest_cache" / "decisions.jsonl"
EQUIVALENT = Path(__file__).with_name("equivalent.json")
LOADED = ("hypothesis", "sklearn.ensemble", "sklearn.linear_model", "pandas")  # once for all forks, where they exist
PLAIN = "tests/core/network/test_every_layer.py"  # it runs all layers' kernels in another process, in plain Python
QUICK = 0.5  # seconds of a test; those that take longer are run after all others
HEAD = ("| room | drawn | caught | survived | of these time-outs | equivalent | caught of the others |\n"
        "|---|---|---|---|---|---|---|")

Row = dict[str, Any]  # a mutant (see `mutating`), then what came of it
# A file, those of its tests that run, and which unmeasured ones run too: the slow ones, the others, or (None) none.
Batches = list[tuple[str, set[str], bool | None]]


# Which mutants -------------------------------------------------------------------------------------------------------


def room_of(file: str) -> str:
    """The folder of a file of the package, one of the core as "core/search"."""
    folders = file.split("/")[1:-1]
    return "/".join(folders[: 1 + (folders[:1] == ["core"])])


def listed(rooms: Iterable[str]) -> list[Row]:
    """All mutants of some rooms, made in a process of its own: what this one has loaded, its forks would have too."""
    files = [path.relative_to(ROOT).as_posix() for room in rooms
             for path in sorted((ROOT / "scratchtune" / room).rglob("*.py"))]
    lines = _printed(sys.executable, "-m", "tests.mutating", *files).splitlines()
    return [json.loads(line) | {"room": room_of(json.loads(line)["file"])} for line in lines]


def changed_lines(commit: str) -> dict[str, set[int]]:
    """The lines of the package that were changed or added since a commit, by file."""
    found: dict[str, set[int]] = {}
    for part in _printed("git", "diff", "-U0", commit, "--", "scratchtune").split("\n+++ b/")[1:]:
        hunks = re.findall(r"^@@ .* \+(\d+)(?:,(\d+))? @@", part, re.MULTILINE)
        found[part.split("\n")[0]] = {line for first, count in hunks
                                      for line in range(int(first), int(first) + int(count or 1))}
    return found


def _printed(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()


def drawn(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Some mutants of each room, in an order that the seed decides."""
    rooms: dict[str, list[Row]] = {}
    for row in rows:
        rooms.setdefault(row["room"], []).append(row)
    return [row for room, some in rooms.items()
            for row in random.Random(f"{seed} {room}").sample(some, min(count, len(some)))]


# Which tests ---------------------------------------------------------------------------------------------------------


class Covered:
    """What ``pytest --covering`` has written, in one file or several."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.seconds: dict[str, float] = {}
        self._lines: dict[tuple[str, str], set[str]] = {}
        for told in (json.loads(path.read_text(encoding="utf-8")) for path in paths):
            names = list(told["seconds"])
            self.seconds |= told["seconds"]
            for file, lines in told["lines"].items():
                for line, tests in lines.items():
                    self._lines.setdefault((file, line), set()).update(names[test] for test in tests)

    def tests(self, row: Row) -> Batches:
        """The tests of a mutant's line, in the order in which they are run, a file each.

        First those that mirror the module, then those in the same folder; in each part the quickest first. Slow tests
        come last.
        """
        first = mirrors(row["file"])
        by_file: dict[str, set[str]] = {file: set() for file in first}
        for name in set().union(*(self._lines.get((row["file"], str(line)), set()) for line in row["lines"])):
            by_file.setdefault(name.split("::")[0], set()).add(name)
        if row["is_compiled"] or len(first) == 1 or not any(by_file.values()):  # a line may run when a file is loaded
            for name in self.seconds:
                if name.split("::")[0] in first:
                    by_file[name.split("::")[0]].add(name)
        if row["is_compiled"] and re.search("attention|layers/", row["file"]):
            first = [PLAIN, *first]  # nothing needs to be compiled there
            by_file.setdefault(PLAIN, set())
        near = {Path(file).parent for file in first}
        files = sorted(by_file.items(), key=lambda item: (
            item[0] not in first, Path(item[0]).parent not in near, sum(map(self.seconds.__getitem__, item[1]))))
        slow = {name for name, seconds in self.seconds.items() if seconds > QUICK}
        return [*((file, names - slow, False) for file, names in files),
                *((file, names & slow, True) for file, names in files if file in first or names & slow)]


def mirrors(file: str) -> list[str]:
    """The test files that mirror a module: that of its name, or all in the folder of its name, or else beside it."""
    path = ROOT / "tests" / Path(file).relative_to("scratchtune")
    own = path.with_name(f"test_{path.name}")
    files = [own] if own.exists() else sorted(path.with_suffix("").glob("test_*.py")) or path.parent.glob("test_*.py")
    return [one.relative_to(ROOT).as_posix() for one in files]


class Only:
    """The plugin that keeps one of the `Batches` of a file's tests, and notes what fails."""

    def __init__(self, tests: set[str], measured: dict[str, float], slow: bool | None) -> None:
        self._tests, self._measured, self._slow, self.failed, self.passed = tests, measured, slow, "", 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._tests or (
            item.nodeid not in self._measured and (item.get_closest_marker("slow") is not None) is self._slow)]
        items.sort(key=lambda item: self._measured.get(item.nodeid, 0.0))  # the quickest first

    def pytest_runtest_logreport(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        self.passed += report.passed
        self.failed = report.nodeid if report.failed else self.failed

    pytest_collectreport = pytest_runtest_logreport


# A mutant ------------------------------------------------------------------------------------------------------------


class Copy:
    """A copy of the project, in which one mutant after another is tested."""

    def __init__(self, parent: str, covered: Covered, limit: float) -> None:
        self._folder, self._covered, self._limit = Path(tempfile.mkdtemp(dir=parent)), covered, limit
        shutil.copytree(ROOT, self._folder, ignore=shutil.ignore_patterns(".*", "node_modules"), dirs_exist_ok=True)
        self._sound: set[str] = set()  # tests that pass without a mutant
        self._unsound: set[str] = set()
        self._clock = time.time() + 86_400  # of the files that are written: Python knows bytecode by the whole second

    def result(self, row: Row) -> Row:
        """What comes of a mutant: its outcome, the test that catches it, how many passed, and the seconds."""
        began, now, tests = time.monotonic(), time.time(), self._covered.tests(row)
        text = (ROOT / row["file"]).read_bytes()
        while True:
            self._write(row["file"], text[: row["first"]] + row["new"].encode() + text[row["last"] :])
            failed, passed = self._fork(tests)
            self._write(row["file"], text)
            file, named, _ = failed.partition("::")
            if not named or failed in self._sound or not self._fork([(file, {failed}, None)])[0]:
                break
            self._unsound.add(failed)  # it fails without the mutant too
        self._sound.add(failed)
        for path in self._folder.rglob("*.nbc"):  # compiled code of the mutant; the next one would compile it again
            own = ROOT / path.relative_to(self._folder)
            if path.stat().st_mtime > now and own.exists():
                shutil.copy2(own, path)
        outcome = "time-out" if failed == "time-out" else "caught" if failed else "survived"
        seconds = round(time.monotonic() - began, 1)
        return row | {"outcome": outcome, "by": failed, "tests": passed, "seconds": seconds}

    def _write(self, file: str, text: bytes) -> None:
        self._clock += 10
        (self._folder / file).write_bytes(text)
        os.utime(self._folder / file, (self._clock, self._clock))

    def _fork(self, tests: Batches) -> tuple[str, int]:
        """The first test that fails, or "", and how many passed, within the limit of time."""
        receiver, sender = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=self._run, args=(tests, sender))
        child.start()
        sender.close()
        try:
            return receiver.recv() if receiver.poll(self._limit) else ("time-out", 0)
        except EOFError:
            return "the process died", 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # and what the tests have started
            child.join()

    def _run(self, tests: Batches, sender: Any) -> None:
        os.setsid()
        os.chdir(self._folder)
        sys.path.insert(0, str(self._folder))
        log, passed = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 0
        for stream in (1, 2):
            os.dup2(log, stream)
        measured = self._covered.seconds | dict.fromkeys(self._unsound, 0.0)
        for file, names, slow in tests:
            only = Only(names - self._unsound, measured, slow)
            options = ["-x", "-q", "-o", "addopts=--import-mode=importlib", "-m", "not exercise"]
            code = pytest.main([*options, file], [only])
            passed += only.passed
            if only.failed or code not in (0, 5):  # 5: no test was left
                sender.send((only.failed or file, passed))
                return
        sender.send(("", passed))


# All of them ---------------------------------------------------------------------------------------------------------


def _start(*args: Any) -> None:
    global _copy
    for name in LOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    _copy = Copy(*args)


def _result(row: Row) -> Row:
    return _copy.result(row)


def digest(file: str) -> str:
    """Of a module's text: when it changes, its mutants are run again."""
    return hashlib.sha256((ROOT / file).read_bytes()).hexdigest()[:12]


def report(rows: Iterable[Row], equivalent: dict[str, str]) -> str:
    """The survivors with their lines, and the score by room."""
    rooms: dict[str, Counter[str]] = {}
    lines = []
    for row in rows:
        count = rooms.setdefault(row["room"], Counter())
        alike = row["outcome"] != "caught" and row["name"] in equivalent
        count.update([row["outcome"], "drawn", *["equivalent"] * alike])
        if row["outcome"] != "caught" and not alike:
            lines.append(f"{row['outcome']} ({row['tests']} tests)  line {row['lines'][0]}  {row['name']}")
    lines.append(HEAD)
    for room, count in sorted(rooms.items()):
        share = count["caught"] / max(1, count["drawn"] - count["equivalent"])
        lines.append(f"| {room} | {count['drawn']} | {count['caught']} | {count['drawn'] - count['caught']} "
                     f"| {count['time-out']} | {count['equivalent']} | {share:.2f} |")
    return "\n".join(lines)


def main() -> int:
    """Run what was asked for; 1 if a smaller share than ``--least`` of all mutants was caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.decisions", description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", help=f"some of: {', '.join(ROOMS)}; all by default")
    parser.add_argument("--draw", type=int, default=30, help="how many mutants of each room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--since", metavar="COMMIT", help="only of lines that have changed since then")
    parser.add_argument("--covered", nargs="*", type=Path, default=[], metavar="FILE", help="of pytest --covering")
    parser.add_argument("--seconds", type=float, default=60.0, help="for a mutant, at most")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--least", type=float, default=0.0)
    parser.add_argument("--again", action="store_true", help="those that have survived until now")
    args = parser.parse_args()
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    earlier = {row["name"]: row for row in map(json.loads, lines)}
    rows = [row | {"digest": digest(row["file"])} for row in listed(args.rooms or ROOMS)]
    if args.since:
        changed = changed_lines(args.since)
        rows = [row for row in rows if changed.get(row["file"], set()) & set(row["lines"])]
    if args.again:
        rows = [row for row in rows if earlier.get(row["name"], {"outcome": "caught"})["outcome"] != "caught"]
    else:
        rows = drawn(rows, args.draw, args.seed)
    is_known = {row["name"]: row["name"] in earlier and earlier[row["name"]]["outcome"] == "caught"
                and earlier[row["name"]]["digest"] == row["digest"] for row in rows}
    done = [earlier[row["name"]] for row in rows if is_known[row["name"]]]
    waiting = [row for row in rows if not is_known[row["name"]]]
    RESULTS.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="decisions-") as parent, RESULTS.open("a", encoding="utf-8") as file:
        arguments = (parent, Covered(args.covered), args.seconds)
        with ProcessPoolExecutor(args.jobs, multiprocessing.get_context("fork"), _start, arguments) as pool:
            for future in as_completed([pool.submit(_result, row) for row in waiting]):
                done.append(future.result())
                file.write(json.dumps(done[-1]) + "\n")
                file.flush()
                print(f"[{len(done)}/{len(rows)}] {done[-1]['outcome']}", file=sys.stderr, flush=True)
    equivalent = json.loads(EQUIVALENT.read_text(encoding="utf-8"))
    print(report(done, equivalent))
    return int(sum(row["outcome"] == "caught" or row["name"] in equivalent for row in done) < args.least * len(done))


if __name__ == "__main__":
    sys.exit(main())
