"""Cases x searchers x seeds -> regrets: the runs, the file that keeps them, and scores with intervals.

The regret of a run is the loss of its answer minus the least loss of its case. The score of a searcher on a case is
1 - (its median regret) / (random search's median regret), clipped to [-1, 1]: 0 is random search, 1 is the optimum. All
searchers have the same seeds, and two are compared on the seeds that both have. The difference of two mean scores has
an interval by bootstrap over the seeds, where these are ten or more: the same resamples for both and for random search.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import harness, peers

RESAMPLES, FEWEST = 2000, 10  # with fewer seeds an interval would be too narrow
KEPT_EVERY = 20.0  # seconds after which the file is written
DIGITS = 7  # of a number in the file

Job = tuple[str, str, int]  # searcher, case, seed
Answers = dict[Job, dict[str, Any]]  # "values", the run's numbers, or "error"; and what else the benchmark reports
Regrets = Mapping[tuple[str, str], np.ndarray]  # (searcher, case) to regrets by seed


# Runs -----------------------------------------------------------------------------------------------------------------


def reporting(answer: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The answer of a worker, or the error of a searcher that is missing or broken, without ending the other runs."""
    @wraps(answer)
    def reported(*given: Any, **question: Any) -> dict[str, Any]:
        try:
            return answer(*given, **question)
        except Exception as error:
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {error}"}

    return reported


class Kept:
    """The numbers of runs in a file, by searcher, case and seed; those of another version of a searcher do not count.

    ``shared`` is what all of them have in common; a file of other runs is replaced. Every writer reads the file again
    before it writes, so that two runs at a time lose nothing.
    """

    def __init__(self, path: Path, **shared: Any) -> None:
        self.path, self.shared = path, shared
        self.searchers = self._read()

    def _read(self) -> dict[str, Any]:
        data = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        known = data.pop("searchers", {}) if data else {}
        return {name: entry for name, entry in known.items() if data == self.shared
                and peers.version(name) in ("", entry["version"])}  # without the package, its runs are shown

    def values(self, searcher: str, case: str) -> dict[int, list[float]]:
        """Seed to the numbers of a run."""
        return {int(seed): list(values) for seed, values in self.cases(searcher).get(case, {}).items()}

    def cases(self, searcher: str) -> dict[str, dict[str, list[float]]]:
        """Case to seed to the numbers of a run."""
        return dict(self.searchers.get(searcher, {"cases": {}})["cases"])

    def lacks(self, jobs: Sequence[Job]) -> list[Job]:
        """The jobs whose runs are not in the file."""
        return [(name, case, seed) for name, case, seed in jobs if seed not in self.values(name, case)]

    def add(self, answers: Answers) -> None:
        """Add runs, and write the file."""
        self.searchers = self._read()
        for (name, case, seed), given in sorted(answers.items()):
            if "values" in given:
                entry = self.searchers.setdefault(name, {"version": peers.version(name), "cases": {}})
                entry["cases"].setdefault(case, {})[str(seed)] = [float(f"{v:.{DIGITS}g}") for v in given["values"]]
        text = json.dumps(self.shared | {"searchers": self.searchers}, indent=1, sort_keys=True)
        text = re.sub(r"\{[^{}]*\}", lambda found: " ".join(found[0].split()), text)  # a line for each case
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(f".{os.getpid()}")
        fresh.write_text(text.replace("[ ", "[").replace(" ]", "]") + "\n", encoding="utf-8")
        fresh.replace(self.path)


def run(
    answer: Callable[..., dict[str, Any]], jobs: Sequence[Job], workers: int = 1, kept: Kept | None = None,
    **more: Any,
) -> tuple[Answers, list[str]]:
    """The answers of worker processes to all jobs, those that are ``kept`` not again; notes on searchers that failed.

    ``answer`` is asked with searcher, case, seed and ``more``. A searcher that has failed once is skipped.
    """
    todo = kept.lacks(jobs) if kept else list(jobs)
    answers, fresh, written = Answers(), Answers(), time.monotonic()
    failed: dict[str, str] = {}
    idle: SimpleQueue[harness.Worker] = SimpleQueue()
    team = [harness.Worker(answer, str(k), harness.environment(1, PYTHONWARNINGS="ignore"))
            for k in range(min(workers, len(todo)))]
    for worker in team:
        idle.put(worker)

    def one(job: Job) -> dict[str, Any] | None:
        if job[0] in failed:
            return None
        worker = idle.get()
        try:
            given = worker.ask(searcher=job[0], case=job[1], seed=job[2], **more)
        finally:
            idle.put(worker)
        if "error" in given:
            failed.setdefault(job[0], f"{job[0]}: {given['error']} ({job[1]}, seed {job[2]})")
        return given

    try:
        with ThreadPoolExecutor(max(len(team), 1)) as pool:
            found = tqdm(pool.map(one, todo), desc="searches", total=len(todo), unit="run", disable=None)
            for job, given in zip(todo, found, strict=True):
                if given is not None:
                    answers[job] = fresh[job] = given
                if kept and time.monotonic() - written > KEPT_EVERY:
                    kept.add(fresh)
                    fresh, written = {}, time.monotonic()
    finally:
        if kept and fresh:
            kept.add(fresh)
        for worker in team:
            worker.close()
    return answers, list(failed.values())


def all_jobs(searchers: Sequence[str], cases: Sequence[str], seeds: int) -> list[Job]:
    """Every searcher on every case, seed by seed."""
    return [(name, case, seed) for seed in range(seeds) for case in cases for name in searchers]


def first_seeds(values: Mapping[int, list[float]], index: int = 0) -> np.ndarray:
    """One of the numbers of a searcher's runs on a case, for the seeds from 0 on without a gap."""
    count = next(seed for seed in range(len(values) + 1) if seed not in values)
    return np.array([values[seed][index] for seed in range(count)])


# Scores ---------------------------------------------------------------------------------------------------------------


def score(regrets: np.ndarray, of_random: np.ndarray) -> np.ndarray:
    """1 - median / random's median over the last axis, clipped; 0 or -1 if random search finds the optimum."""
    ours, theirs = np.median(regrets, axis=-1), np.median(of_random, axis=-1)
    ratio = np.where(theirs > 0.0, ours / np.where(theirs > 0.0, theirs, 1.0), np.where(ours > 0.0, 2.0, 1.0))
    return np.clip(1.0 - ratio, -1.0, 1.0)


class Scores:
    """Mean scores over cases, and their differences.

    The bootstrap draws the seeds for each case separately.
    """

    def __init__(self, regrets: Regrets, cases: Sequence[str]) -> None:
        self.regrets, self.cases = regrets, list(cases)

    def seeds(self, *names: str) -> int:
        """How many seeds these searchers and random search have on all cases."""
        return min(len(self.regrets.get((who, case), ())) for who in ("random", *names) for case in self.cases)

    def on(self, name: str, case: str, draw: Any = slice(None)) -> np.ndarray:
        """The score on one case; one for each row of ``draw``, indices of seeds."""
        return score(self.regrets[name, case][draw], self.regrets["random", case][draw])

    def mean(self, name: str) -> float:
        """The mean score of a searcher on all of its seeds; NaN if there are no cases."""
        return float(self._mean(name, [slice(self.seeds(name))] * len(self.cases))) if self.cases else math.nan

    def _mean(self, name: str, draws: Any) -> Any:
        return np.mean([self.on(name, case, draw) for case, draw in zip(self.cases, draws, strict=True)], axis=0)

    def ahead(self, name: str, other: str) -> tuple[float, float, float]:
        """What a mean score is ahead of another one, and its 95 % interval, which with few seeds is unknown, NaN."""
        seeds = self.seeds(name, other)
        all_of_them = [slice(seeds)] * len(self.cases)
        mean = float(self._mean(name, all_of_them) - self._mean(other, all_of_them))
        if seeds < FEWEST:
            return mean, math.nan, math.nan
        draws = np.random.default_rng(0).integers(seeds, size=(len(self.cases), RESAMPLES, seeds))
        low, high = np.quantile(self._mean(name, draws) - self._mean(other, draws), [0.025, 0.975])
        return mean, float(low), float(high)


def with_interval(mean: float, low: float, high: float, digits: int = 3) -> str:
    """A difference, and its interval where that is known."""
    ends = "" if math.isnan(low) else f" ({low:+.{digits}f} to {high:+.{digits}f})"
    return f"{mean:+.{digits}f}{ends}"
