"""How good are the searchers with 100 evaluations: ours and other libraries' on 25 public black boxes?

The score of a searcher on a case is 1 - (its median regret) / (random search's median regret), clipped to [-1, 1]:
0 is random search, 1 is the optimum. The regret of a run is its best value minus the optimum, or minus the best value
of all runs if the optimum is unknown. All searchers have the same seeds. Differences between searchers have a bootstrap
interval: the seeds of each case are resampled, identically for both and for random search.

Results of the other libraries are cached in benchmarks/results/search_peers.json, by version. Examples:

    python -m benchmarks search_quality --searcher bayesian:gp bayesian:tpe --cases tables
    python -m benchmarks search_quality --searcher genetic:population=30 --cases bbob-f06-d3 mixint --seeds 10
    python -m benchmarks search_quality --searcher scratchtune.search.mine.MySearch --cases other --peers none
"""

from __future__ import annotations

import ast
import fnmatch
import json
import math
import os
import queue
import re
import statistics
import sys
import threading
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import black_boxes, harness, peers
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import Worker, table, verdict

BUDGET, SEEDS, QUICK_SEEDS, WORKERS = 100, 20, 5, 2
SLOW_SEEDS = {"Optuna GP": 10, "scikit-optimize GP": 5}  # 23 and 80 seconds each run
STAGES = (25, 50, 100)  # after so many trials the best loss is recorded; the score uses the last
KEPT_EVERY = 5  # the cache is written after so many runs of a peer
OURS = ("bayesian", "bayesian:gp", "bayesian:tpe", "genetic")
CACHE = harness.RESULTS / "search_peers.json"
NEAR, GENETIC_LEAD, RESAMPLES = 0.02, 0.3, 2000
GROUPS = ("functions", "mixint", "tables")

Runs = dict[tuple[str, str], dict[int, list[float]]]  # (searcher, case) to seed to the best loss at each stage


# Workers --------------------------------------------------------------------------------------------------------------


def our_space(case: black_boxes.Case) -> dict[str, Any]:
    """A case's axes as a space of scratchtune."""
    import scratchtune as st

    def parameter(axis: black_boxes.Axis) -> Any:
        if axis.kind == "choice":
            return st.Categorical(list(axis.choices))
        return st.Float(axis.low, axis.high) if axis.kind == "real" else st.Int(int(axis.low), int(axis.high))

    return {axis.name: parameter(axis) for axis in case.axes}


def our_searcher(text: str) -> Any:
    """A searcher from "name", "name:model" or "name:argument=value,...", the name one of ours or a dotted path."""
    import importlib

    from scratchtune.search import SEARCHERS

    name, _, given = text.partition(":")
    if "." in name:
        module, _, attribute = name.rpartition(".")
        kind = getattr(importlib.import_module(module), attribute)
    else:
        kind = SEARCHERS[name]
    return kind(**dict(argument(item) for item in given.split(",") if item))


def argument(item: str) -> tuple[str, Any]:
    """Name and value of "name=value"; a word alone is the model."""
    name, equals, value = item.partition("=")
    if not equals:
        return "model", name
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def run_ours(text: str, case: black_boxes.Case, loss: black_boxes.Recorder, budget: int, seed: int) -> None:
    """A study of ours."""
    import scratchtune as st

    study = st.Study(our_space(case), searcher=our_searcher(text), seed=seed)
    for _ in range(budget):
        trial = study.ask()
        study.tell(trial, loss(trial.params))


def answer(searcher: str, case: str | None = None, seed: int = 0, budget: int = BUDGET) -> dict[str, Any]:
    """One run: the best loss at each stage and milliseconds per trial, or the error. No case: does it exist?"""
    if case is None:
        return exists(searcher)
    loaded = black_boxes.load(case)
    loss = black_boxes.Recorder(loaded, budget)
    try:
        if searcher in peers.PEERS:
            peers.minimise(searcher, loaded, loss, budget, seed)
        else:
            run_ours(searcher, loaded, loss, budget, seed)
    except Exception as error:  # one that is missing or broken is reported, without ending the other runs
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}
    return {"best": [min(loss.values[:stage]) for stage in STAGES if stage <= budget],
            "milliseconds": 1000.0 * statistics.fmean(loss.gaps)}


def exists(searcher: str) -> dict[str, Any]:
    """Whether one of our searchers exists and can be constructed."""
    try:
        return {"searcher": repr(our_searcher(searcher))}
    except (KeyError, ImportError, AttributeError) as error:
        return {"error": f"missing ({error})"}
    except Exception as error:  # wrong arguments, or a file that does not even import
        return {"error": f"{type(error).__name__}: {error}"}


# The main process -----------------------------------------------------------------------------------------------------


Job = tuple[str, str, int]  # searcher, case, seed
Answers = dict[Job, dict[str, Any]]


class Team:
    """Workers that take jobs from one list."""

    def __init__(self, size: int) -> None:
        env = harness.environment(1, PYTHONWARNINGS="ignore")
        self.workers = [Worker(answer, str(i), env) for i in range(size)]
        self.lock = threading.Lock()

    def run(self, jobs: Sequence[Job], label: str, keep: Callable[[Answers], None] | None = None) -> Answers:
        """The answers to all jobs, also passed to ``keep`` as they arrive; a searcher that has failed is skipped."""
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        answers: Answers = {}
        with tqdm(total=len(jobs), desc=label, disable=None, unit="run") as progress:
            threads = [threading.Thread(target=self._work, args=(worker, waiting, answers, progress, keep), daemon=True)
                       for worker in self.workers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if keep is not None:
            keep(answers)
        return answers

    def _work(
        self, worker: Worker, waiting: queue.SimpleQueue[Job], answers: Answers, progress: Any,
        keep: Callable[[Answers], None] | None,
    ) -> None:
        """Run jobs in one worker until none is left."""
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            if job[0] not in {other[0] for other, given in list(answers.items()) if "error" in given}:
                given = worker.ask(searcher=job[0], case=job[1], seed=job[2])
                with self.lock:
                    answers[job] = given
                    if keep is not None and len(answers) % KEPT_EVERY == 0:
                        keep(answers)
            progress.update()

    def close(self) -> None:
        """End the workers."""
        for worker in self.workers:
            worker.close()


# Results of the peers -------------------------------------------------------------------------------------------------


class Cache:
    """The peers' best losses (minus the optimum if it is known) in a file; an entry is valid for its versions only.

    Every writer reads the file again before it writes, so that two runs at a time lose nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.suite = harness.versions(*black_boxes.PACKAGES).split(", ", 1)[1]
        self.data = self._read()

    def _read(self) -> dict[str, Any]:
        data = json.loads(self.path.read_text()) if self.path.exists() else {}
        if data.get("suite") != self.suite or data.get("budget") != BUDGET or data.get("stages") != list(STAGES):
            data = {"suite": self.suite, "budget": BUDGET, "stages": list(STAGES), "peers": {}}
        known = data["peers"]
        data["peers"] = {name: entry for name, entry in known.items() if entry["version"] == peers.version(name)
                         or peers.version(name) is None}
        return data

    def runs(self, name: str, case: str) -> dict[int, list[float]]:
        """Seed to the losses at the stages, of one peer on one case."""
        kept = self.data["peers"].get(name, {"cases": {}})["cases"].get(case, {})
        return {int(seed): list(losses) for seed, losses in kept.items()}

    def add(self, answers: Answers) -> None:
        """Add new runs, and write the file."""
        self.data = self._read()
        for (name, case, seed), given in sorted(answers.items()):
            if "best" in given:
                entry = self.data["peers"].setdefault(name, {"version": peers.version(name), "cases": {}})
                least = black_boxes.load(case).best or 0.0
                losses = [float(f"{best - least:.7g}") for best in given["best"]]
                entry["cases"].setdefault(case, {})[str(seed)] = losses
        self.path.parent.mkdir(exist_ok=True)
        fresh = self.path.with_suffix(f".{os.getpid()}")
        fresh.write_text(written_flat(self.data))
        fresh.replace(self.path)


def written_flat(data: dict[str, Any]) -> str:
    """JSON with one line for each case."""
    text = json.dumps(data, indent=1, sort_keys=True)
    text = re.sub(r"\{[^{}]*\}", lambda found: " ".join(found[0].split()), text)
    return text.replace("[ ", "[").replace(" ]", "]") + "\n"


# Scores ---------------------------------------------------------------------------------------------------------------


def score(regrets: np.ndarray, of_random: np.ndarray) -> np.ndarray:
    """1 - median / random's median over the last axis, clipped; 0 or -1 if random search finds the optimum."""
    ours, theirs = np.median(regrets, axis=-1), np.median(of_random, axis=-1)
    ratio = np.where(theirs > 0.0, ours / np.where(theirs > 0.0, theirs, 1.0), np.where(ours > 0.0, 2.0, 1.0))
    return np.clip(1.0 - ratio, -1.0, 1.0)


def regrets_of(runs: Runs, cases: Iterable[str], stage: int = -1) -> dict[tuple[str, str], dict[int, float]]:
    """(searcher, case) to seed to regret; an unknown optimum is replaced by the best of all runs."""
    least = {case: 0.0 if black_boxes.load(case).best is not None else min(
        losses[-1] for (_, other), seeds in runs.items() if other == case for losses in seeds.values())
        for case in cases}
    return {(name, case): {seed: max(losses[stage] - least[case], 0.0) for seed, losses in seeds.items()}
            for (name, case), seeds in runs.items() if case in least}


class Scores:
    """Regrets of searchers on cases, and the statistics computed from them."""

    def __init__(self, runs: Runs, cases: Sequence[str], seeds: int) -> None:
        self.cases, self.seeds, self.regrets = list(cases), seeds, regrets_of(runs, cases)

    def complete(self, name: str) -> bool:
        """Whether a searcher has all seeds of all cases."""
        return all(set(range(self.seeds)) <= set(self.regrets.get((name, case), ())) for case in self.cases)

    def row(self, name: str, case: str) -> np.ndarray:
        """Regrets by seed."""
        return np.array([self.regrets[name, case][seed] for seed in range(self.seeds)])

    def on(self, name: str, case: str) -> float:
        """The score on one case."""
        return float(score(self.row(name, case), self.row("random", case)))

    def mean(self, name: str, group: str | None = None) -> float:
        """The mean score over all cases, or those of a group; NaN if there are none."""
        chosen = [case for case in self.cases if group in (None, black_boxes.group_of(case))]
        return statistics.fmean(self.on(name, case) for case in chosen) if chosen else math.nan

    def resampled(self, name: str) -> np.ndarray:
        """Mean scores over all cases with resampled seeds, (resamples,); the same resamples for every searcher."""
        rng = np.random.default_rng(0)
        draws = rng.integers(self.seeds, size=(len(self.cases), RESAMPLES, self.seeds))
        every = [score(self.row(name, case)[draw], self.row("random", case)[draw])
                 for case, draw in zip(self.cases, draws, strict=True)]
        return np.mean(every, axis=0)

    def difference(self, name: str, other: str) -> tuple[float, float, float]:
        """The difference of two mean scores, and its 95 % interval."""
        low, high = np.quantile(self.resampled(name) - self.resampled(other), [0.025, 0.975])
        return self.mean(name) - self.mean(other), float(low), float(high)


# Report ---------------------------------------------------------------------------------------------------------------


def number(value: float, form: str = "+.3f") -> str:
    """A number as text; empty for NaN."""
    return "" if math.isnan(value) else f"{value:{form}}"


def table_of_means(scores: Scores, names: Sequence[str], times: dict[str, float]) -> str:
    """The searchers, best first."""
    ordered = sorted(names, key=scores.mean, reverse=True)
    rows = [[name, number(scores.mean(name)), *(number(scores.mean(name, group)) for group in GROUPS),
             number(times.get(name, math.nan), ".2f")] for name in ordered]
    return table(["mean score", "all", *GROUPS, "ms a trial"], rows)


def table_of_cases(scores: Scores, names: Sequence[str]) -> str:
    """Every case's score."""
    rows = [[case, *(number(scores.on(name, case), "+.2f") for name in names),
             f"{np.median(scores.row('random', case)):.3g}"] for case in scores.cases]
    return table(["score on", *names, "random's regret"], rows)


def table_of_differences(scores: Scores, ours: Sequence[str], others: Sequence[str]) -> str:
    """Ours minus each peer, with intervals."""
    rows = []
    for name in ours:
        for other in others:
            if other != name:
                middle, low, high = scores.difference(name, other)
                rows.append([name, other, f"{middle:+.3f}", f"{low:+.3f} to {high:+.3f}"])
    return table(["difference of", "less", "mean scores", "95 % interval"], rows, "llrr")


def bars(scores: Scores, others: Sequence[str], what: str) -> list[str]:
    """The default searcher against each peer, and group by group against the best one."""
    lines = []
    for other in others:
        middle, low, high = scores.difference("bayesian", other)
        lines.append(verdict(low > 0.0, f"bayesian above {other} on {what}, the interval without zero: "
                                        f"{middle:+.3f} ({low:+.3f} to {high:+.3f})"))
    for group in ("functions", "tables"):
        mine = scores.mean("bayesian", group)
        best = max(others, key=lambda name: scores.mean(name, group), default=None)
        if best is not None and not math.isnan(mine):
            reached = scores.mean(best, group)
            lines.append(verdict(mine >= reached - NEAR, f"bayesian at most {NEAR} below the best peer on the {group} "
                                 f"of {what}: {mine:+.3f}, {best} {reached:+.3f}"))
    return lines


def genetic_bars(scores: Scores, others: Sequence[str]) -> list[str]:
    """The genetic searcher against the genetic libraries."""
    mine = scores.mean("genetic")
    return [verdict(mine - scores.mean(other) >= GENETIC_LEAD, f"genetic at least {GENETIC_LEAD} above {other}: "
                    f"{mine:+.3f} against {scores.mean(other):+.3f}") for other in others if other in peers.GENETIC]


# The program ----------------------------------------------------------------------------------------------------------


def chosen_cases(patterns: Sequence[str], quick: bool) -> list[str]:
    """Cases from names, patterns (bbob-f06-*), groups, or "all", "slow" (the cases of the slow peers) and "other"."""
    named = {"all": black_boxes.CASES, "quick": black_boxes.QUICK, "slow": black_boxes.SLOW, "other": black_boxes.OTHER}
    every = (*black_boxes.CASES, *black_boxes.OTHER)
    found: list[str] = []
    for pattern in patterns or ["quick" if quick else "all"]:
        if pattern in GROUPS:
            found += [case for case in black_boxes.CASES if black_boxes.group_of(case) == pattern]
        else:
            found += named.get(pattern) or fnmatch.filter(every, pattern) or [pattern]
    for case in found:
        black_boxes.load(case)
    return list(dict.fromkeys(found))


def chosen_peers(given: Sequence[str] | None, quick: bool, cache: Cache, cases: Sequence[str], seeds: int) -> list[str]:
    """The fast peers; in a quick run Optuna's TPE, and those of the others whose runs are cached."""
    fast = [name for name in peers.PEERS if name not in peers.SLOW]
    if given is not None:
        found = [name for name in peers.PEERS if any(part.lower() in name.lower() for part in given)]
        return [name for name in found if name in fast]
    return [name for name in fast if not quick or name == "Optuna TPE" or not any(
        missing_seeds(cache, name, case, seeds) for case in cases)]


def missing_seeds(cache: Cache, name: str, case: str, seeds: int) -> list[int]:
    """Seeds of a peer that are not in the cache."""
    known = cache.runs(name, case)
    return [seed for seed in range(seeds) if seed not in known]


def fill(team: Team, cache: Cache, names: Sequence[str], cases: Sequence[str], seeds: int) -> list[str]:
    """Run what the cache lacks, one peer at a time; return notes on peers that failed."""
    notes = []
    for name in names:
        jobs = [(name, case, seed) for case in cases for seed in missing_seeds(cache, name, case, seeds)]
        if jobs and peers.version(name) is None:
            notes.append(f"{name}: not installed, and its runs are not in the cache.")
        elif jobs:
            answers = team.run(jobs, name, cache.add)
            notes += [f"{name}: {given['error']} ({case}, seed {seed})" for (_, case, seed), given in answers.items()
                      if "error" in given]
    return notes


def present_ones(team: Team, names: Sequence[str], notes: list[str]) -> list[str]:
    """Those of our searchers that exist; a note for the others."""
    found = {name: team.workers[0].ask(searcher=name) for name in names}
    notes += [f"{name}: {given['error']}" for name, given in found.items() if "error" in given]
    return [name for name, given in found.items() if "error" not in given]


def run_own(
    team: Team, names: Sequence[str], cases: Sequence[str], seeds: int, notes: list[str],
) -> tuple[Runs, dict[str, float]]:
    """Our runs, and milliseconds per trial."""
    present = present_ones(team, names, notes)
    for worker in team.workers:
        for name in present:  # compile before the clock runs
            worker.ask(searcher=name, case=cases[0], seed=0, budget=STAGES[0])
    answers = team.run([(name, case, seed) for case in cases for seed in range(seeds) for name in present], "ours")
    runs: Runs = {}
    times: dict[str, list[float]] = {}
    for (name, case, seed), given in answers.items():
        if "error" in given:
            notes.append(f"{name}: {given['error']} ({case}, seed {seed})")
            continue
        least = black_boxes.load(case).best or 0.0
        runs.setdefault((name, case), {})[seed] = [best - least for best in given["best"]]
        times.setdefault(name, []).append(given["milliseconds"])
    return runs, {name: statistics.fmean(values) for name, values in times.items()}


def cached_runs(cache: Cache, cases: Sequence[str]) -> Runs:
    """All cached runs of some cases."""
    return {(name, case): cache.runs(name, case) for name in cache.data["peers"] for case in cases}


def measure(options: Namespace) -> tuple[Runs, dict[str, float], list[str]]:
    """All runs, ours and those of the cache, milliseconds per trial of ours, and notes on what failed."""
    cache, cases = Cache(CACHE), chosen_cases(options.cases, options.quick)
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    ours = list(dict.fromkeys(options.searcher or OURS))
    whole = not (options.quick or options.cases or options.searcher or options.peers)
    wanted = chosen_peers(options.peers, options.quick, cache, cases, seeds)
    notes: list[str] = []
    own: Runs = {}
    times: dict[str, float] = {}
    team = Team(options.workers)
    try:
        if not options.fill:
            own, times = run_own(team, list(dict.fromkeys(["random", *ours])), cases, seeds, notes)
        notes += fill(team, cache, wanted, cases, seeds)
        slow = [name for name in peers.SLOW if whole or {"slow", name} & set(options.peers or ())]
        slow_cases = [case for case in cases if case in black_boxes.SLOW]
        for name in slow:
            notes += fill(team, cache, [name], slow_cases, min(seeds, SLOW_SEEDS[name]))
    finally:
        team.close()
    if options.fill:
        print("\n".join(notes or ["The cache is full."]))
        sys.exit()
    options.cases, options.seeds, options.searcher, options.wanted = cases, seeds, ours, wanted
    return own | cached_runs(cache, cases), times, notes


def report(found: tuple[Runs, dict[str, float], list[str]], options: Namespace) -> list[str]:
    """Scores over all cases and on each, differences from the peers, and the bars."""
    runs, times, notes = found
    cases, seeds, ours, wanted = options.cases, options.seeds, options.searcher, options.wanted
    scores = Scores(runs, cases, seeds)
    if not scores.complete("random"):
        raise SystemExit("\n".join(["random search did not run, and every score is relative to it", *notes]))
    present = [name for name in dict.fromkeys(["random", *ours]) if scores.complete(name)]
    fast = [name for name in wanted if scores.complete(name)]
    paragraphs = [
        f"{len(cases)} cases, {BUDGET} trials, {seeds} seeds. Score: "
        "1 - median regret / random search's, from -1 to 1. Milliseconds are this run's, with several runs at a time.",
        table_of_means(scores, [*present, *fast], times),
        table_of_cases(scores, [name for name in (*present, *fast) if name != "random"])]
    own = [name for name in present if name != "random"]
    paragraphs += [table_of_differences(scores, own, fast)] if own and fast else []
    lines = bars(scores, fast, f"{len(cases)} cases") if "bayesian" in present else []
    lines += genetic_bars(scores, fast) if "genetic" in present else []
    lines += [verdict(None, name, "it is missing, or has not finished all runs")
              for name in (*ours, *wanted) if name not in (*present, *fast)]
    paragraphs += slow_part(runs, cases, seeds, [*present, *fast], times, lines)
    return [*paragraphs, "\n".join(lines), *("\n".join(f"- {note}" for note in notes),) * bool(notes)]


def slow_part(
    runs: Runs, cases: Sequence[str], seeds: int, names: Sequence[str], times: dict[str, float], lines: list[str],
) -> list[str]:
    """A table for each slow peer, with fewer cases and its number of seeds; their bars are added to the lines."""
    subset = [case for case in cases if case in black_boxes.SLOW]
    paragraphs = [f"The slow peers have {len(subset)} cases: {', '.join(subset)}."] if subset else []
    for name in peers.SLOW if subset else ():
        scores = Scores(runs, subset, min(seeds, SLOW_SEEDS[name]))
        if scores.complete(name):
            if "bayesian" in names:
                lines += bars(scores, [name], f"its {len(subset)} cases")
            paragraphs += [f"{name}, {scores.seeds} seeds:", table_of_means(scores, [*names, name], times)]
    return paragraphs if len(paragraphs) > 1 else []


BENCHMARK = Benchmark(
    "Quality of the searchers", measure, report,
    ("optuna", "cmaes", "hyperopt", "pymoo", "deap", "scikit-optimize", *black_boxes.PACKAGES),
    quick=f"{len(black_boxes.QUICK)} cases, {QUICK_SEEDS} seeds", options={
        "--searcher": {"nargs": "+", "metavar": "NAME[:MODEL]", "help": f"ours (default: {' '.join(OURS)})"},
        "--cases": {"nargs": "+", "default": [], "help": "names, patterns, functions, mixint, tables, all, other"},
        "--seeds": {"type": count, "help": f"how many ({SEEDS}, or {QUICK_SEEDS} with --quick)"},
        "--peers": {"nargs": "+", "metavar": "NAME",
                    "help": "parts of names: tpe, pymoo, ...; none; slow, or a slow one by its whole name"},
        "--workers": {"type": count, "default": WORKERS, "help": f"processes that run at a time ({WORKERS})"},
        "--fill": {"action": "store_true", "help": "only run what the cache lacks of the peers"}})
