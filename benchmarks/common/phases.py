"""Kills within a *phase* of a study: import, compile, commit, close, backup, copies of the first trials.

A child process runs a study to its end (`Phase.act`), and announces when it enters and leaves a call of the phase
(`Trap`). It is killed with SIGKILL in one of two ways: by itself at a *moment* chosen at random, a line of the package
or an instruction of SQLite's virtual machine within the phase, or by its parent at a random time after it has entered a
call that was chosen at random, within the length of that call. A kill is a *hit* only if the child had announced that
it had entered a call, and not that it had left it.

After each kill all files are checked, half of the times in a copy, since to open a file may repair it. Half of the
studies are then resumed to their end by the same program, the others are killed again. In the end the tables of the
study and of its copies must equal, byte for byte, those of a child that was not killed.
"""

from __future__ import annotations

import functools
import os
import pkgutil
import random
import select
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.export import as_csv, as_json
from scratchtune.core.study.file import File

TRIALS, PART, COPIED = 10, 6, 4  # of a study; those of its first run; those that a copy starts from
PATIENCE, LONGEST = 300.0, 1.0  # seconds until a child counts as hanging; from the begin of a call to the kill, at most
EARLY, FEW = 4, 200  # where children compile, which the next ones need not do again: kills in the first calls, moments
ERRORS = ("lost", "different", "unreadable", "torn copies", "failed", "hangs")
COUNTS = ("kills", "hit", "acknowledged", "tables", *ERRORS, "refused copies")
SPACE = {"x": st.Float(-1.0, 1.0), "kind": ["a", "b"], "rate": st.Float(1e-3, 1.0, log=True, when={"kind": ["a"]}),
         "n": st.Int(1, 8)}
SEARCHER = st.BayesianSearch(model="tpe", parallel=2)  # a result that is lost or changed changes later proposals
X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0.0).astype(int)
PACKAGE = "scratchtune."
HUNG = 99  # in place of an exit code
Tables = dict[tuple[str, str], Any]  # something of each study, by the names of its file and its own
OWN = ("study.db", "study")  # the file and the name of the study; all others are copies
PROGRAM = """
import os, sys, time
from pathlib import Path
name, folder, moment, begun = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), time.perf_counter()
if name == "import":
    os.write(1, b"in 0\\n")
from benchmarks.common import phases
if name == "import":
    phases.opened(folder)
    phases.say("out", 0, time.perf_counter() - begun)
phases.act(next(phase for phase in phases.PHASES if phase.name == name), folder, moment)
"""  # of a child that is a new process; its arguments are the name of a phase, the folder and the moment


# What the children do ------------------------------------------------------------------------------------------------


def say(*words: object) -> None:
    """Send a line to the parent; one write, so that threads do not mix."""
    os.write(1, f"{' '.join(map(str, words))}\n".encode())


def tell(study: st.Study, trial: st.Trial) -> None:
    """The callback: the parent hears that a trial has finished, which the file must hold from now on."""
    say("told", trial.number, trial.value)


def value(trial: st.Trial) -> float:
    """A value that depends on the params alone; some trials fail."""
    if trial.params["n"] == 8:
        raise ValueError("eight")
    trial.save({"weights": np.full(300, trial.params["x"])})
    trial.report(trial.params["x"] ** 2, step=0)
    return float(trial.params["x"] ** 2 + trial.params["n"] / 10 + trial.params.get("rate", 0.5))


def trained(trial: st.Trial) -> float:
    """A sum of probabilities of a small network, which needs compiled code."""
    model = st.MLPClassifier(units=trial.params["n"], epochs=1, random_state=0, verbose=0).fit(X, Y)
    return float(model.predict_proba(X)[:, 0].sum(dtype=np.float64) + trial.params["x"] ** 2)


def opened(folder: Path) -> st.Study:
    """The study, new or resumed."""
    study = st.Study(SPACE, SEARCHER, seed=7, storage=folder / "study.db", stopping=st.MedianStopping())
    study.enqueue({"x": 0.25, "kind": "b", "n": 3})
    return study


def run(study: st.Study, trials: int = TRIALS, objective: Any = value, callbacks: Any = tell, **how: Any) -> st.Study:
    """Run a study, and tell the parent of each trial that has finished."""
    return study.run(objective, trials, progress=False, callbacks=callbacks, max_failures="unlimited", **how)


def runs_and_closes(folder: Path, **how: Any) -> None:
    """Run the study in two parts; the first one ends by closing it while a trial of `Study.ask` is running."""
    with opened(folder) as study:
        run(study, PART, **how)
        if len(study.trials) < TRIALS:
            study.ask()
    with opened(folder) as study:
        run(study, **how)


def with_dask(folder: Path) -> None:
    """The same with the executor of a Dask cluster, whose worker is in this process."""
    from distributed import Client, LocalCluster

    with LocalCluster(1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster, \
            Client(cluster) as client:
        runs_and_closes(folder, executor=client.get_executor())


def backs_up(folder: Path) -> None:
    """Make a new backup, and later one that replaces it."""
    study = opened(folder)
    for trials in (PART, TRIALS):
        run(study, trials).backup(folder / "copy.db")


def copies(folder: Path) -> None:
    """Make a copy of the first trials in memory, and studies that start from it: in another file, and in the same."""
    study = run(opened(folder), PART)
    first = study.at(COPIED)
    for seed, file in enumerate(("copy.db", OWN[0])):
        copy = st.Study(study.space, study.searcher, seed=seed, storage=folder / file, name="copy", start_from=first)
        run(copy, callbacks=())
    run(study)


@dataclass(frozen=True)
class Phase:
    """What a child does in a folder, and the methods that are the phase, or parts of it.

    With an ``objective`` each child is a new process, which continues a stored study of `PART` trials of it; the others
    are forked from a process that has imported everything.
    """

    name: str
    executor: str
    act: Callable[[Path], Any]
    methods: Sequence[str] = ()
    objective: Any = None


COMPILES = ("numba.core.ccallback.CFunc.compile", "numba.core.dispatcher.Dispatcher.compile",
            "scratchtune.core.jit.numba_internals.Cache.save_overload")
COMMITS = tuple(f"scratchtune.core.study.file.File.{name}" for name in ("put", "enter", "put_searcher"))
CLOSES = ("scratchtune.core.study.study.Study.close", "scratchtune.core.study.file.File.close")
BACKUPS, COPIES = (tuple(f"scratchtune.core.study.study.Study.{name}" for name in names)
                   for names in (["backup"], ["at", "__init__"]))  # a copy starts a study as any other
PHASES = (
    Phase("import", "-", lambda folder: run(opened(folder)), (), value),
    Phase("compile", "-", lambda folder: run(opened(folder), objective=trained), COMPILES, trained),
    Phase("commit", "threads", functools.partial(runs_and_closes, n_jobs=2), COMMITS),
    Phase("commit", "Dask", with_dask, COMMITS),
    Phase("close", "threads", functools.partial(runs_and_closes, n_jobs=2), CLOSES),
    Phase("close", "Dask", with_dask, CLOSES),
    Phase("backup", "-", backs_up, BACKUPS),
    Phase("copy", "-", copies, COPIES))


class Trap:
    """In a child: announces the calls of a phase, and kills the process at the ``chosen`` moment within them."""

    def __init__(self, chosen: int) -> None:
        self.chosen, self.calls, self.moments, self.depth, self.since = chosen, 0, 0, 0, 0.0
        self.connect = sqlite3.connect

    def enter(self) -> None:
        """A call begins; only the outermost one counts."""
        if not self.depth:
            say("in", self.calls)
            self.since = time.perf_counter()
        self.depth += 1

    def leave(self) -> None:
        """A call ends."""
        self.depth -= 1
        if not self.depth:
            say("out", self.moments, time.perf_counter() - self.since)
            self.calls += 1

    def moment(self) -> int:
        """Kill this process if this is the chosen moment; SQLite calls it too, and continues after 0."""
        if self.depth and self.moments == self.chosen:
            os.kill(os.getpid(), signal.SIGKILL)
        self.moments += self.depth > 0
        return 0

    def connected(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        """`sqlite3.connect`, whose connection calls `moment` at each instruction."""
        db = self.connect(*arguments, **options)
        db.set_progress_handler(self.moment, 1)
        return db

    def trace(self, frame: Any, event: str, _: Any) -> Any:
        """The function of `sys.settrace`: each line of the package is a moment."""
        if event == "line":
            self.moment()
        return self.trace if frame.f_globals.get("__name__", "").startswith(PACKAGE) else None

    def watch(self, target: str) -> None:
        """Replace a method by one that is a call of the phase, or a part of one; the package's own are traced."""
        owner, _, name = target.rpartition(".")
        of = pkgutil.resolve_name(owner)
        real, trace = getattr(of, name), self.trace if target.startswith(PACKAGE) else None

        @functools.wraps(real)
        def watched(*arguments: Any, **options: Any) -> Any:
            before = sys.gettrace()
            self.enter()
            sys.settrace(trace)
            try:
                return real(*arguments, **options)
            finally:
                sys.settrace(before)
                self.leave()

        setattr(of, name, watched)


def act(phase: Phase, folder: Path, moment: int) -> None:
    """Do in a child what a phase says, and announce its calls."""
    trap = Trap(moment)
    sqlite3.connect = trap.connected  # type: ignore[assignment]
    for method in phase.methods:
        trap.watch(method)
    phase.act(folder)


# What their parent does ----------------------------------------------------------------------------------------------


def start(phase: Phase, folder: Path, moment: int = -1) -> tuple[int, int]:
    """Start a child, which kills itself at a moment; return its process id, and the pipe of what it says."""
    pipe, end = os.pipe()
    if child := os.fork():
        os.close(end)
        return child, pipe
    try:
        os.dup2(end, 1)
        os.dup2(os.open(folder / "errors", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        if phase.objective is None:
            act(phase, folder, moment)
            os._exit(0)
        os.chdir(harness.ROOT)
        cache = {"NUMBA_CACHE_DIR": str(folder / "cache")} if phase.name == "compile" else {}
        os.execve(sys.executable, [sys.executable, "-c", PROGRAM, phase.name, str(folder), str(moment)],
                  {**os.environ, **cache})
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def listen(child: int, pipe: int, call: int = -1, delay: float = 0.0) -> tuple[list[list[str]], int]:
    """Hear a child out, and kill it ``delay`` seconds after it has entered a call; what it said, and its exit code.

    The code is -9 after a kill, and `HUNG` where it was killed since it did not end.
    """
    said, awaited, until, is_due, hung = b"", f"in {call}\n".encode(), time.monotonic() + PATIENCE, False, False
    while True:
        if not select.select([pipe], [], [], max(until - time.monotonic(), 0.0))[0]:
            os.kill(child, signal.SIGKILL)
            until, hung = time.monotonic() + PATIENCE, not is_due
        elif part := os.read(pipe, 1 << 16):
            said += part
            if awaited in said and not is_due:
                until, is_due = time.monotonic() + delay, True
        else:
            break
    os.close(pipe)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return [line.split() for line in said.decode().split("\n")[:-1]], HUNG if hung else code


def studies(folder: Path) -> Iterator[tuple[tuple[str, str], File]]:
    """Each study that can be read, by the names of its file and its own; a file may be without any at a kill."""
    for path in sorted(folder.glob("*.db")):
        with suppress(StorageError), File(path, reading=True) as file:
            yield from (((path.name, name), file) for name in file.names())


def tables(folder: Path) -> Tables:
    """The tables of all studies, without times."""
    return {one: (as_csv(file, one[1]), as_json(file, one[1])) for one, file in studies(folder)}


def finished(folder: Path) -> Tables:
    """The values of the finished trials of all studies, by number."""
    return {one: {row["number"]: row["values"] for row in file.rows(one[1], saved=False) if row["state"] != "running"}
            for one, file in studies(folder)}


def checked(folder: Path, known: dict[int, Any], whole: Tables) -> Counter[str]:
    """Count what is wrong after a kill, compared with what is known to be stored and with a study without a kill."""
    try:
        now, found = finished(folder), Counter[str]()
    except StorageError:
        return Counter(["unreadable"])
    found["lost"] = sum(now.get(OWN, {}).get(number, ()) != values for number, values in known.items())
    found["different"] = sum(whole[one].get(number) != values for one, trials in now.items()
                             for number, values in trials.items())
    for path in folder.glob("*.db"):
        with closing(sqlite3.connect(path)) as db:
            found["unreadable"] += db.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
    for file, name in now.keys() - {OWN}:
        try:
            trials = st.load_study(folder / file, name).trials
            found["torn copies"] += name == OWN[1] and len(trials) < PART  # a backup; one from `Study.at` begins empty
        except StorageError:
            found["refused copies"] += 1
    return found


def killed(phase: Phase, folder: Path, wanted: int, rng: random.Random, hit: Callable[[int], Any]) -> Counter[str]:
    """Kill children of a phase until ``wanted`` of them were hit in a call of it; counts of observations and errors."""
    base, whole, here, copy = (folder / name for name in ("base", "whole", "here", "copy"))
    base.mkdir()
    stored = {} if phase.objective is None else {
        trial.number: trial.values and list(trial.values)
        for trial in run(opened(base), PART, phase.objective, callbacks=()).trials}
    lines, code = listen(*start(phase, shutil.copytree(base, whole)))
    if code:
        raise SystemExit(f"a study that was not killed has failed: {(whole / 'errors').read_text()}")
    expected, trials, calls = tables(whole), finished(whole), [line[1:] for line in lines if line[0] == "out"]
    calls = calls[:EARLY] if phase.name == "compile" else calls
    moments = min(int(calls[-1][0]), FEW if phase.name == "compile" else 10**6)
    found = Counter(dict.fromkeys(COUNTS, 0))
    while found["hit"] < wanted:
        if not here.exists():
            known = stored | {}
            shutil.copytree(base, here)
        call = rng.randrange(len(calls))
        is_moment, delay = moments and rng.random() < 0.5, rng.uniform(0.0, min(float(calls[call][1]), LONGEST))
        lines, code = (listen(*start(phase, here, rng.randrange(moments))) if is_moment
                       else listen(*start(phase, here), call, delay))
        known |= {int(line[1]): None if line[2] == "None" else [float(line[2])] for line in lines if line[0] == "told"}
        was_hit = code == -9 and [line[0] for line in lines if line[0] != "told"][-1:] == ["in"]
        hit(was_hit)
        found.update({"kills": code == -9, "hit": was_hit, "acknowledged": len(known), "hangs": code == HUNG})
        shutil.rmtree(copy, ignore_errors=True)
        found.update(checked(here if rng.random() < 0.5 else shutil.copytree(
            here, copy, ignore=shutil.ignore_patterns("cache")), known, trials))
        if code == -9 and found["hit"] < wanted and (phase.name == "compile" or rng.random() < 0.5):
            continue  # it is killed again
        code = code if code != -9 else listen(*start(phase, here))[1]
        found.update({"tables": 1, "different": tables(here) != expected, "failed": code != 0})
        if code:
            found[f"failed: {(here / 'errors').read_text().strip().rpartition(chr(10))[2]}"] += 1
        shutil.rmtree(here)
    return found


def all_phases(wanted: int, seed: int, hit: Callable[[int], Any]) -> dict[tuple[str, str], Counter[str]]:
    """Kill children of each phase, ``wanted`` of them within it; counts by phase and executor."""
    import distributed  # noqa: F401  # here, so that the forked children have it, and those that import do not

    found = {}
    for phase in PHASES:
        with tempfile.TemporaryDirectory() as folder:
            rng = random.Random(f"{seed} {phase.name} {phase.executor}")
            found[phase.name, phase.executor] = killed(phase, Path(folder), wanted, rng, hit)
    return found
