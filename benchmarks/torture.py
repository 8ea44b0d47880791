"""Pull the plug: studies are killed with SIGKILL at random moments, and taken up again, until they are whole.

For each searcher a study runs in a process of its own, on two threads, with objectives of random duration, and kept in
a file. Again and again it is killed within a fraction of a second, and started again with the same command. In the end
its exported table must be, byte for byte, that of a study that nobody has killed; no trial that had finished may have
run again or have changed; none may be left running; and SQLite's own check of the file must be ok.

    python -m benchmarks.torture            # 200 kills
    python -m benchmarks.torture --quick    # 20
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.harness import table
from scratchtune.study.export import as_csv, as_json
from scratchtune.study.storage import Storage, StorageError

KILLS, QUICK_KILLS, TRIALS = 200, 20, 40
LONGEST = 0.25  # seconds from a study's first trial to the kill, at most
SPACE = {
    "x": st.Float(-1.0, 1.0), "kind": ["a", "b"], "rate": st.Float(1e-3, 1.0, log=True, when={"kind": ["a"]}),
    "n": st.Int(1, 8)}
SEARCHERS: dict[str, Any] = {
    "grid": st.GridSearch(resolution=2), "random": st.RandomSearch(), "halton": st.RandomSearch("halton"),
    "gp": st.BayesianSearch(model="gp", parallel=4), "tpe": st.BayesianSearch(model="tpe", parallel=4),
    "genetic": st.GeneticSearch(population=8), "hyperband": st.Hyperband(max_budget=27)}


def objective(trial: st.Trial) -> float:
    """A value of the params alone, in a time that depends on nothing else; some fail, promoted trials go on."""
    print("begun", flush=True)
    time.sleep(float(np.random.default_rng().exponential(0.012)))
    p = trial.params
    if p["n"] == 8:
        raise ValueError("eight")
    before = trial.load()
    total = 0.0 if before is None else float(before["total"])
    trial.save({"total": np.array(total + (trial.budget or 1)), "weights": np.full(2000, p["x"])})
    trial.report(p["x"] ** 2, step=0)
    return p["x"] ** 2 + p["n"] / 10 + (abs(np.log10(p["rate"]) + 1) if "rate" in p else 0.5) + total / 100


def run(path: str, name: str) -> None:
    """What is killed: a study, from wherever it is to its end."""
    study = st.Study(SPACE, SEARCHERS[name], seed=7, storage=path, stopping=st.MedianStopping())
    study.enqueue({"x": 0.25, "kind": "b", "n": 3})
    study.run(objective, n_trials=TRIALS, n_jobs=2, progress=False)


def exported(path: Path) -> tuple[str, str]:
    """The tables, times aside."""
    storage = Storage(path, reading=True)
    return as_csv(storage, "study"), as_json(storage, "study")


def finished(path: Path) -> dict[int, tuple[Any, ...]]:
    """The trials of a file that have finished, with all that must not change any more."""
    try:
        rows = Storage(path, reading=True).rows("study")
    except StorageError:  # killed before the study was made
        return {}
    return {row.number: tuple(row._replace(saved=None)) for row in rows if row.state != "running"}


def killed_study(folder: Path, name: str, most: int, dice: random.Random, progress: Any) -> dict[str, int]:
    """Kill a study up to ``most`` times, let it end, and compare; counts of what was seen, and of what was wrong."""
    path = folder / f"{name}-{most}.db"
    counts = dict.fromkeys(("kills", "trials at kills", "running at kills", "changed", "integrity"), 0)
    command = [sys.executable, "-m", "benchmarks.torture", "--child", str(path), name]
    known: dict[int, tuple[Any, ...]] = {}
    while True:
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            if counts["kills"] < most:
                time.sleep(dice.uniform(0.0, LONGEST))
                child.kill()
            else:
                child.stdout.read()
            child.wait()
        now = finished(path)
        counts["changed"] += sum(now.get(number) != row for number, row in known.items())
        known = now
        with sqlite3.connect(path) as db:
            counts["integrity"] += db.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
            there = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'trials'").fetchone()[0]
            ask = "SELECT count(*) FROM trials WHERE state = 'running'"
            running = db.execute(ask).fetchone()[0] if there else 0
        db.close()
        if child.returncode == 0:
            counts["left running"] = running
            break
        counts["kills"] += child.returncode == -9
        counts["trials at kills"] += len(now)
        counts["running at kills"] += running
        progress.update(child.returncode == -9)
    whole = folder / f"{name}-whole.db"
    if not whole.exists():
        subprocess.run([*command[:-2], str(whole), name], check=True, stdout=subprocess.DEVNULL)
    counts["other tables"] = int(exported(path) != exported(whole))
    return counts


def main() -> None:
    """Torture, print, and with --save write benchmarks/results/torture.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_KILLS} kills instead of {KILLS}")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (%(default)s)")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/torture.md")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run(*options.child)
        return
    load, dice = harness.load(), random.Random(options.seed)
    wanted = QUICK_KILLS if options.quick else KILLS
    found: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder, tqdm(total=wanted, unit="kill", disable=None) as progress:
        attempt = 0
        while sum(counts["kills"] for counts in found.values()) < wanted:
            attempt += 1
            for name in SEARCHERS:
                part = folder_of(Path(folder), attempt)
                counts = killed_study(part, name, -(-wanted // len(SEARCHERS)), dice, progress)
                before = found.setdefault(name, dict.fromkeys(counts, 0)) | {"studies": 0}
                found[name] = {key: before.get(key, 0) + value for key, value in counts.items()}
    wrong = {key: sum(counts[key] for counts in found.values())
             for key in ("changed", "integrity", "left running", "other tables")}
    kills = sum(counts["kills"] for counts in found.values())
    names = list(next(iter(found.values())))
    lines = [harness.verdict(kills >= wanted, f"{kills} kills, at least {wanted}"),
             *(harness.verdict(count == 0, f"{key}: {count}") for key, count in wrong.items())]
    harness.report("Killed at random moments", "torture", [
        f"{harness.machine()}; {load}.", harness.versions("scratchtune") + f", SQLite {sqlite3.sqlite_version}. "
        f"{TRIALS} trials a study, two threads; a kill comes 0 to {LONGEST} s after the first trial begins. Trials at "
        "kills: finished and in the file, summed over the kills. Changed: finished trials that were otherwise later.",
        table(["searcher", *names], [[name, *map(str, counts.values())] for name, counts in found.items()]),
        "\n".join(lines)], options.save)
    if any(wrong.values()):
        raise SystemExit(1)


def folder_of(folder: Path, attempt: int) -> Path:
    """A folder for each round."""
    part = folder / str(attempt)
    part.mkdir(exist_ok=True)
    return part


if __name__ == "__main__":
    main()
