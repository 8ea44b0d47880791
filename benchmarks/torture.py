"""Kill or interrupt studies at many moments and resume them until they are complete: is any trial lost?

Killed: for each searcher a study runs in its own process, on two threads, with objectives of random duration, stored in
a file. It is repeatedly killed with SIGKILL within a fraction of a second, and restarted with the same command. In the
end its exported table must equal, byte for byte, that of a study that was not killed. No finished trial may have run
again or changed, none that was reported to a callback may be missing, none may be left running, and SQLite's integrity
check of the file must succeed.

Interrupted (``--interrupts``): KeyboardInterrupt at random times in `tune`, `Study.optimize`, `AutoClassifier.fit`,
`Sequential.fit` and `RandomizedSearchCV.fit`, without a file (`benchmarks.common.interrupted_calls`): each must raise
KeyboardInterrupt, and every trial that has finished must be reachable. (The slow tests of ``tests/core/study``
interrupt studies at every line of ``scratchtune/core/study``.)

Killed by phase (``--phases``): SIGKILL within import, compile, commit, close, backup, and copies of the first trials,
on threads and on a Dask cluster (`benchmarks.common.phases`); a child announces that it is in the phase.

    python -m benchmarks torture                     # 100 kills of each searcher, about 20 minutes
    python -m benchmarks torture --quick             # 3 of each
    python -m benchmarks torture --interrupts [N]    # each call N times (300), about 10 minutes
    python -m benchmarks torture --phases [N]        # each phase N times (200), 50 minutes on one busy core
    python -m benchmarks torture --phases --quick    # 5 of each
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import tempfile
import time
from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import harness, interrupted_calls, phases
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import table
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.export import as_csv, as_json
from scratchtune.core.study.file import File, Row

KILLS, QUICK_KILLS, TRIALS = 100, 3, 40  # kills of each searcher
CALLS, QUICK_CALLS = 300, 30  # interruptions of each call that users make
HITS, QUICK_HITS = 200, 5  # kills within each phase
LONGEST = 0.25  # seconds from a study's first trial to the kill, at most
SPACE = {
    "x": st.Float(-1.0, 1.0), "kind": ["a", "b"], "rate": st.Float(1e-3, 1.0, log=True, when={"kind": ["a"]}),
    "n": st.Int(1, 8)}
SEARCHERS: dict[str, Any] = {
    "grid": st.GridSearch(resolution=3), "random": st.RandomSearch(), "halton": st.RandomSearch("halton"),
    "gp": st.BayesianSearch(model="gp", parallel=4), "tpe": st.BayesianSearch(model="tpe", parallel=4),
    "genetic": st.GeneticSearch(population=8), "hyperband": st.Hyperband(max_budget=27)}


def objective(trial: st.Trial) -> float:
    """A value and a duration that depend on the params alone; some trials fail, promoted ones continue."""
    os.write(1, b"begun\n")
    time.sleep(float(np.random.default_rng().exponential(0.012)))
    p = trial.params
    if p["n"] == 8:
        raise ValueError("eight")
    before = trial.load()
    total = 0.0 if before is None else float(before["total"])
    trial.save({"total": np.array(total + (trial.budget or 1)), "weights": np.full(2000, p["x"])})
    trial.report(p["x"] ** 2, step=0)
    return p["x"] ** 2 + p["n"] / 10 + (abs(np.log10(p["rate"]) + 1) if "rate" in p else 0.5) + total / 100


def run(path: str, name: str, says: str) -> None:
    """The child that is killed: it runs a study to its end, and prints each finished trial if asked to."""

    def say(study: st.Study, trial: st.Trial) -> None:
        os.write(1, f"finished {trial.number} {trial.value}\n".encode())  # one write, so that threads do not mix

    study = st.Study(SPACE, SEARCHERS[name], seed=7, storage=path, stopping=st.MedianStopping())
    study.enqueue({"x": 0.25, "kind": "b", "n": 3})
    study.run(objective, n_trials=TRIALS, n_jobs=2, progress=False, callbacks=[say] if says == "says" else [])


def exported(path: Path) -> tuple[str, str]:
    """The tables, without times."""
    storage = File(path, reading=True)
    return as_csv(storage, "study"), as_json(storage, "study")


def finished(path: Path) -> dict[int, Row]:
    """The finished trials of a file, with everything that must no longer change."""
    try:
        rows = File(path, reading=True).rows("study")
    except StorageError:  # killed before the study was made
        return {}
    return {row["number"]: row | {"saved": None} for row in rows if row["state"] != "running"}


def told(lines: bytes) -> dict[int, float | None]:
    """The trials that a child has printed as finished, each with its value; the last line may be truncated."""
    words = [line.split() for line in lines.decode().split("\n")[:-1]]
    return {int(word[1]): None if word[2] == "None" else float(word[2]) for word in words if word[0] == "finished"}


def killed_study(path: Path, name: str, most: int, rng: random.Random, progress: Any) -> dict[str, int]:
    """Kill a study up to ``most`` times, and then let it finish; counts of observations and of errors.

    Every other child prints each finished trial; the others write several trials in one commit.
    """
    counts = dict.fromkeys(("kills", "trials at kills", "running at kills", "lost", "changed", "integrity"), 0)
    known: dict[int, Row] = {}
    while True:
        command = harness.command(run, str(path), name, "says" if counts["kills"] % 2 else "silent")
        with subprocess.Popen(command, cwd=harness.ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            if counts["kills"] < most:
                time.sleep(rng.uniform(0.0, LONGEST))
                child.kill()
            said = told(child.stdout.read())
            child.wait()
        now = finished(path)
        counts["lost"] += sum(number not in now or now[number]["values"] != (None if value is None else [value])
                              for number, value in said.items())
        counts["changed"] += sum(now.get(number) != row for number, row in known.items())
        known = now
        with sqlite3.connect(path) as db:
            counts["integrity"] += db.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
            there = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'trials'").fetchone()[0]
            ask = "SELECT count(*) FROM trials WHERE state = 'running'"
            running = db.execute(ask).fetchone()[0] if there else 0
        db.close()
        if child.returncode == 0:
            return counts | {"left running": running}
        counts["kills"] += child.returncode == -9
        counts["trials at kills"] += len(now)
        counts["running at kills"] += running
        progress.update(child.returncode == -9)


def killed_searcher(folder: Path, name: str, wanted: int, rng: random.Random, progress: Any) -> dict[str, int]:
    """Kill studies of one searcher ``wanted`` times, and compare each with one that was not killed."""
    whole = folder / f"{name}-whole.db"
    subprocess.run(harness.command(run, str(whole), name, "silent"), cwd=harness.ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    found: Counter[str] = Counter()
    while found["kills"] < wanted:
        path = folder / f"{name}-{found['studies']}.db"
        counts = killed_study(path, name, wanted - found["kills"], rng, progress)
        found.update(counts | {"other tables": int(exported(path) != exported(whole)), "studies": 1})
    return dict(found)


def measure(given: Namespace) -> dict[str, dict[str, int]]:
    """Kill studies of every searcher; counts by searcher."""
    wanted, rng = QUICK_KILLS if given.quick else KILLS, random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder, \
            tqdm(total=wanted * len(SEARCHERS), unit="kill", disable=None) as progress:
        return {name: killed_searcher(Path(folder), name, wanted, rng, progress) for name in SEARCHERS}


def report(found: dict[str, dict[str, int]], given: Namespace) -> list[str]:
    """A line for each searcher, and the bars: no error of any kind."""
    wanted = QUICK_KILLS if given.quick else KILLS
    kills, names = [counts["kills"] for counts in found.values()], list(next(iter(found.values())))
    wrong = {key: sum(counts[key] for counts in found.values())
             for key in ("lost", "changed", "integrity", "left running", "other tables")}
    return [
        f"SQLite {sqlite3.sqlite_version}. "
        f"{TRIALS} trials a study, two threads; a kill comes 0 to {LONGEST} s after the first trial begins. Trials at "
        "kills: finished and in the file, summed over the kills. Lost: a callback was told that they had finished, and "
        "the file does not have them so. Changed: finished trials that were otherwise later.",
        table(["searcher", *names], [[name, *map(str, counts.values())] for name, counts in found.items()]),
        "\n".join([harness.verdict(min(kills) >= wanted, f"{sum(kills)} kills, at least {wanted} of each searcher"),
                   *(harness.verdict(count == 0, f"{key}: {count}") for key, count in wrong.items())])]


def interrupt(given: Namespace) -> dict[str, Counter[str]]:
    """Interrupt the calls that users make; counts of what came of it."""
    moments = given.interrupts or (QUICK_CALLS if given.quick else CALLS)
    with tqdm(total=moments * len(interrupted_calls.CALLS), unit="interrupt", disable=None) as progress:
        return interrupted_calls.all_calls(moments, given.seed, progress.update)


def interrupted(found: dict[str, Counter[str]], _: Namespace) -> list[str]:
    """What came of the interruptions."""
    came = sum(counts["interrupts"] for counts in found.values())
    kinds = ("interrupts", "KeyboardInterrupt", "SystemError", "swallowed", "finished trials", "lost trials")
    others = came - sum(counts["KeyboardInterrupt"] for counts in found.values())
    lost = sum(counts["lost trials"] for counts in found.values())
    described = sorted({what for counts in found.values() for what in counts
                        if what.startswith(("bad: ", "swallowed: "))})
    return [
        "Swallowed: Python ignores what is raised in a finalizer; then nothing is interrupted. Lost: trials that had "
        "finished, and that neither "
        "`st.interrupted_study()` nor the object of the call holds.",
        table(["call", *kinds], [[name, *(str(counts[kind]) for kind in kinds)] for name, counts in found.items()]),
        "\n".join([harness.verdict(others == 0, f"{came} interruptions, {others} of them not a KeyboardInterrupt"),
                   harness.verdict(lost == 0, f"lost trials: {lost}"), *described[:20]])]


def hits_wanted(given: Namespace) -> int:
    """How many kills within each phase the options ask for."""
    return given.phases or (QUICK_HITS if given.quick else HITS)


def kill_phases(given: Namespace) -> dict[tuple[str, str], Counter[str]]:
    """Kill studies in each phase; counts by phase and executor."""
    wanted = hits_wanted(given)
    with tqdm(total=wanted * len(phases.PHASES), unit="kill", disable=None) as progress:
        return phases.all_phases(wanted, given.seed, progress.update)


def phases_killed(found: dict[tuple[str, str], Counter[str]], given: Namespace) -> list[str]:
    """The counts of each phase, and the bars: each phase was hit, and no error of any kind."""
    hits, wanted = [counts["hit"] for counts in found.values()], hits_wanted(given)
    total = sum(found.values(), Counter[str]())
    return [
        f"SQLite {sqlite3.sqlite_version}. {phases.TRIALS} trials a study, two at a time. Hit: kills in a call of the "
        "phase, which the child had announced to have entered, and not to have left. Acknowledged: finished trials of "
        "which a callback was told, or that were stored before, summed over the kills; lost: those that the file does "
        "not have with their values. Tables: studies that were resumed to their end; different: their tables, or "
        "values after a kill, are not those of a study that was not killed. Torn copies: a backup that can be "
        "opened and is not whole; refused ones are made again by the same call. Failed: the same program could not "
        "continue.",
        table(["phase", "executor", *phases.COUNTS],
              [[*one, *(str(counts[kind]) for kind in phases.COUNTS)] for one, counts in found.items()],
              "ll" + "r" * len(phases.COUNTS)),
        "\n".join([harness.verdict(min(hits) >= wanted, f"{sum(hits)} kills in a phase, at least {wanted} of each"),
                   *(harness.verdict(not total[kind], f"{kind}: {total[kind]}") for kind in phases.ERRORS),
                   *sorted(what for what in total if what.startswith("failed: "))])]


PHASES = Benchmark("Killed in each phase", kill_phases, phases_killed, name="phases", packages=["dask", "distributed"],
                   quick=f"{QUICK_HITS} kills of each phase, not {HITS}")
INTERRUPTED = Benchmark("Interrupted at many moments", interrupt, interrupted, name="interruptions")
ANSWER = (
    "Won: after 700 kills, 100 of each of seven searchers, no finished trial is lost or changed; nothing is lost "
    "that was measured, only trials that were running begin again.")
BENCHMARK = Benchmark(
    "Killed at random moments", measure, report, quick=f"{QUICK_KILLS} kills of each searcher, not {KILLS}",
    variant=lambda given: (PHASES if given.phases is not None else
                           BENCHMARK if given.interrupts is None else INTERRUPTED), options={
        "--phases": {"nargs": "?", "type": int, "const": 0, "metavar": "N", "help": "kill studies in each of their "
                     "phases, N times each"},
        "--interrupts": {"nargs": "?", "type": int, "const": 0, "metavar": "N", "help": "interrupt, as Ctrl-C does, "
                         "the calls that users make, N times each, instead of killing"},
        "--seed": {"type": int, "default": 0, "help": "of the moments (%(default)s)"}})
