"""Where are the searchers good: under noise, in many dimensions, with conditions, eight at a time, and with budgets?

Each searcher has the same seeds, and the k-th evaluation of a case the same noise. What counts is the true loss of what
is recommended. Under noise three answers are compared. "Recommended" is what `Study.recommended` chooses, and the same
function is applied to the trials of all libraries, so that no library gains by its way to choose an answer. (The model
is that of BayesianSearch's Gaussian process, which may suit its trials best.) "Own" is the best answer that a library
offers: `Study.recommended` for ours, SMAC3's incumbent (the best mean of the configurations that were evaluated as
often as itself), and the best observed trial for the others. "Observed" is the best observed trial for all. Elsewhere
the answer is the best observed trial, of trials with budgets the best of those with the full one.

The score is that of `benchmarks.search_quality`: 1 - median regret / random search's, from -1 to 1. Two searchers are
compared on the seeds that both have, with a bootstrap interval over the seeds where these are ten or more. In the group
*budgets* a search has the cost of 30 full evaluations; Hyperband evaluates some with a ninth or a third of it, while
searchers of other libraries are not told of budgets.

Each run is kept in a file, so that an interrupted benchmark continues (delete it after a change of scratchtune's code).
The report has all seeds that the file has of a searcher: one whose runs are short may have more of them than one whose
runs take a minute. So several commands may fill the file, and one with ``--seeds 0`` reports what it has:

    python -m benchmarks search_groups --groups conditions "20 dimensions" --searchers bayesian "Optuna TPE" --seeds 5
    python -m benchmarks search_groups --searchers bayesian bayesian:tpe genetic "Optuna TPE" "Optuna CMA-ES" --seeds 20
    python -m benchmarks search_groups --searchers "Optuna GP" --seeds 10
    python -m benchmarks search_groups --seeds 0 --save
"""

from __future__ import annotations

import json
import math
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import askers, harness
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.group_cases import GroupCase, cases, quartile_distance
from benchmarks.search_quality import score

SEEDS, QUICK_SEEDS, QUICK_TRIALS = 20, 2, 30
OURS = ("random", "bayesian", "bayesian:gp", "bayesian:tpe", "genetic")
WITH_BUDGETS = ("hyperband", "hyperband:tpe", "hyperband:gp")
OF_ONE_GROUP = {**dict.fromkeys(WITH_BUDGETS, "budgets"), "Optuna TPE, grouped": "conditions"}
QUICK = ("random", "bayesian", "bayesian:tpe", "Optuna TPE")
RESAMPLES, FEWEST = 2000, 10  # with fewer seeds an interval would be too narrow
GROUPS = ("noise 0.05", "noise 0.15", "noise 0.4", "20 dimensions", "40 dimensions", "conditions", "8 at a time",
          "budgets")
PACKAGES = "optuna", "cmaes", "hyperopt", "smac", "ioh"
RECORDS = harness.RESULTS / "search_groups.jsonl"

RECOMMENDED, OWN, OBSERVED = "recommended", "own", "observed"  # the kinds of answers
LABELS = {RECOMMENDED: "{}", OWN: "{}, own answers", OBSERVED: "{}, observed"}  # of a group's tables

Regrets = dict[tuple[str, str], np.ndarray]  # (searcher, case) to regrets by seed

def answer(searcher: str, case: str, seed: int, trials: int | None = None) -> dict[str, Any]:
    """The regrets of one search, by kind of answer."""
    found = cases()[case]
    rng = np.random.default_rng([seed, sum(case.encode())])
    std = found.noise * quartile_distance(found.domain, found.loss) if found.noise else 0.0
    asks = askers.asker(searcher, found.domain, trials or found.trials, seed, found.workers, found.noise > 0.0)
    done = askers.evaluated(asks, lambda params, share: found.loss(params, share) + std * rng.standard_normal(),
                            trials or found.trials, found.workers)
    answers = {RECOMMENDED: recommended(found, done), OBSERVED: observed(done)}
    answers[OWN] = (asks.incumbent() if found.noise and isinstance(asks, askers.Smac) else
                    answers[OBSERVED if searcher in askers.PEERS else RECOMMENDED])
    return {kind: found.loss(params, 1.0) - found.least for kind, params in answers.items()}


def recommended(case: GroupCase, done: Sequence[tuple[dict[str, Any], float, float]]) -> dict[str, Any]:
    """The params that `Study.recommended` chooses under noise, and the best observed ones otherwise."""
    import scratchtune as st
    from scratchtune.study.recommended import lowest_pessimistic_mean

    if not case.noise:
        return observed(done)
    points, values = [params for params, _, _ in done], np.array([value for _, value, _ in done])
    return points[lowest_pessimistic_mean(st.search.Space(askers.our_space(case.domain)), points, values).chosen]


def observed(done: Sequence[tuple[dict[str, Any], float, float]]) -> dict[str, Any]:
    """The params of the best value with the full budget."""
    return min((each for each in done if each[2] > 0.999), key=lambda each: each[1])[0]


# All runs -------------------------------------------------------------------------------------------------------------


def versions() -> str:
    """Of all libraries: runs of others are not used."""
    return harness.versions("scratchtune", *PACKAGES)


def names_for(case: GroupCase, names: Sequence[str]) -> list[str]:
    """The searchers of a case: those that are made for one group in that group only."""
    return [name for name in names if OF_ONE_GROUP.get(name, case.group) == case.group]


def measured(
    chosen: Sequence[GroupCase], names: Sequence[str], seeds: int, trials: int | None, path: Path,
) -> dict[str, Regrets]:
    """The runs that the file lacks, each searcher in a process of its own; then the regrets by kind of answer.

    Of each searcher these are the regrets of the first seeds that all cases of a group have, at least ``seeds``. With
    no seeds nothing is run, and a group has the searchers of which all of its cases have runs.
    """
    now = versions()
    known = {(run["searcher"], run["case"], run["seed"], run["trials"]): run for run in harness.kept_runs(path)
             if run.get("versions") == now}
    jobs = [(name, case.name, seed, trials)
            for seed in range(seeds) for case in chosen for name in names_for(case, names)]
    todo = [job for job in jobs if job not in known]
    workers = {name: harness.Worker(answer, name, harness.environment(1, PYTHONWARNINGS="ignore"))
               for name in dict.fromkeys(job[0] for job in todo)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        for job in tqdm(todo, desc="searches", unit=" runs", disable=None):
            question = dict(zip(("searcher", "case", "seed", "trials"), job, strict=True))
            known[job] = {**question, "versions": now, **workers[job[0]].ask(**question)}
            print(json.dumps(known[job]), file=file, flush=True)
    for worker in workers.values():
        worker.close()
    found: dict[str, Regrets] = {kind: {} for kind in LABELS}
    for name, group in {(name, case.group) for case in chosen for name in names_for(case, names)}:
        of_group = [case.name for case in chosen if case.group == group]
        count = seeds
        while all((name, case, count, trials) in known for case in of_group):
            count += 1
        if not count:
            continue
        for kind, regrets in found.items():
            regrets |= {(name, case): np.array([known[name, case, seed, trials][kind] for seed in range(count)])
                        for case in of_group}
    without = sorted({case.group for case in chosen if ("random", case.name) not in found[RECOMMENDED]})
    if without:
        raise SystemExit(f"--seeds 0 reports the runs in {path}, and of random search, which all are compared with, it "
                         f"has none in {', '.join(without)}; choose --seeds 1 or more, or other --groups")
    return found


# Scores ---------------------------------------------------------------------------------------------------------------


def mean_score(regrets: Regrets, name: str, chosen: Sequence[str], draws: Sequence[Any]) -> Any:
    """The mean score over cases; one for each row of a case's ``draws``, indices of seeds."""
    return np.mean([score(regrets[name, case][draw], regrets["random", case][draw])
                    for case, draw in zip(chosen, draws, strict=True)], axis=0)


def ahead(regrets: Regrets, leader: str, name: str, chosen: Sequence[str]) -> tuple[float, float, float]:
    """What a searcher's mean score is ahead of another's on their common seeds, and its 95 % interval.

    With few seeds the interval is unknown, NaN. A seed is drawn for all cases together.
    """
    seeds = min(seeds_of(regrets, leader, chosen), seeds_of(regrets, name, chosen))
    mean = difference(regrets, leader, name, chosen, [slice(seeds)] * len(chosen))
    if seeds < FEWEST:
        return float(mean), math.nan, math.nan
    draws = [np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))] * len(chosen)
    low, high = np.quantile(difference(regrets, leader, name, chosen, draws), [0.025, 0.975])
    return float(mean), float(low), float(high)


def difference(regrets: Regrets, leader: str, name: str, chosen: Sequence[str], draws: Sequence[Any]) -> Any:
    """The mean score of one searcher less that of another."""
    return mean_score(regrets, leader, chosen, draws) - mean_score(regrets, name, chosen, draws)


def seeds_of(regrets: Regrets, name: str, chosen: Sequence[str]) -> int:
    """How many seeds a searcher has, where random search has them too."""
    return min(len(regrets[who, case]) for who in (name, "random") for case in chosen)


def own_score(regrets: Regrets, name: str, chosen: Sequence[str]) -> float:
    """A searcher's mean score on all of its seeds."""
    return float(mean_score(regrets, name, chosen, [slice(seeds_of(regrets, name, chosen))] * len(chosen)))


def group_table(regrets: Regrets, group: str, chosen: Sequence[str], names: Sequence[str]) -> str:
    """Each searcher's mean score in one group, and what BayesianSearch and TPE are ahead of it, with intervals."""
    rows = []
    for name in sorted(names, key=lambda name: own_score(regrets, name, chosen), reverse=True):
        cells = [str(seeds_of(regrets, name, chosen)), f"{own_score(regrets, name, chosen):+.3f}"]
        for leader in ("bayesian", "bayesian:tpe"):
            if leader == name or leader not in names:
                cells.append("")
            else:
                cells.append(with_interval(*ahead(regrets, leader, name, chosen)))
        rows.append([name, *cells])
    return harness.table([group, "seeds", "mean score", "bayesian less this", "bayesian:tpe less this"], rows)


def with_interval(mean: float, low: float, high: float) -> str:
    """A difference, and its interval where that is known."""
    return f"{mean:+.3f}" if math.isnan(low) else f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"


def bars(regrets: Regrets, label: str, chosen: Sequence[str], names: Sequence[str]) -> list[str]:
    """In a group: BayesianSearch first, its intervals above zero, and TPE alone at least as good as Optuna's."""
    lines: list[str] = []
    here = [name for name in names if all((name, case) in regrets for case in chosen)]
    if "bayesian" in here:
        lines += lead(regrets, label, chosen, [name for name in here if name != "bayesian"])
    if "bayesian:tpe" in here and "Optuna TPE" in here:
        found = ahead(regrets, "bayesian:tpe", "Optuna TPE", chosen)
        lines.append(harness.verdict(found[0] >= 0.0, f"{label}: bayesian:tpe less Optuna TPE "
                                                      f"{with_interval(*found)}"))
    return lines


def lead(regrets: Regrets, group: str, chosen: Sequence[str], others: Sequence[str]) -> list[str]:
    """Whether BayesianSearch is first, and whether its intervals against the other libraries are above zero."""
    found = {name: ahead(regrets, "bayesian", name, chosen) for name in others}
    closest = min(found, key=lambda name: found[name][0])
    lines = [harness.verdict(found[closest][0] >= 0.0, f"{group}: BayesianSearch is first, {found[closest][0]:+.3f} "
                                                       f"ahead of the best of the others, {closest}")]
    peers = {name: low for name, (_, low, _) in found.items() if name in askers.PEERS and not math.isnan(low)}
    if peers:
        above = ", ".join(name for name, low in peers.items() if low > 0.0) or "none"
        within = ", ".join(f"{name} (from {low:+.3f})" for name, low in peers.items() if low <= 0.0)
        lines.append(harness.verdict(not within, f"{group}: the interval of its lead is above zero against {above}"
                                                 f"{f'; not against {within}' if within else ''}"))
    return lines


def written(
    regrets: dict[str, Regrets], groups: dict[str, list[GroupCase]], names: Sequence[str],
) -> tuple[list[str], list[str]]:
    """The paragraphs of all groups, and the bars."""
    parts, verdicts = [], []
    for group, found in groups.items():
        some, of_group = [case.name for case in found], names_for(found[0], names)
        here = [name for name in of_group if (name, some[0]) in regrets[RECOMMENDED]]
        absent = f" Not run: {', '.join(name for name in of_group if name not in here)}." if here != of_group else ""
        parts += [f"## {group}", f"{len(some)} cases: {'; '.join(some)}.{absent}"]
        for kind in LABELS if found[0].noise else (RECOMMENDED,):
            label = LABELS[kind].format(group)
            parts.append(group_table(regrets[kind], label, some, here))
            verdicts += bars(regrets[kind], label, some, names)
    return parts, verdicts


def measure(given: Namespace) -> dict[str, Regrets]:
    """The regrets of all runs, by kind of answer."""
    wanted = given.searchers or (QUICK if given.quick else (*OURS, *WITH_BUDGETS, *askers.PEERS))
    given.skipped = {name: askers.missing(name) for name in wanted if askers.missing(name)}
    given.names = ["random", *(name for name in wanted if name != "random" and name not in given.skipped)]
    given.by_group = {group: [case for case in cases().values() if case.group == group][:2 if given.quick else None]
                      for group in given.groups}
    chosen = [case for some in given.by_group.values() for case in some]
    seeds = given.seeds if given.seeds is not None else QUICK_SEEDS if given.quick else SEEDS
    return measured(chosen, given.names, seeds, QUICK_TRIALS if given.quick else None, given.records)


def report(regrets: dict[str, Regrets], given: Namespace) -> list[str]:
    """The tables of all groups, and the bars."""
    parts, verdicts = written(regrets, given.by_group, given.names)
    skipped = " ".join(f"Skipped: {name} ({package} is not installed)." for name, package in given.skipped.items())
    return [*[skipped] * bool(skipped), *parts, "## Bars", "\n".join(verdicts)]


BENCHMARK = Benchmark(
    "Searchers by group", measure, report, PACKAGES, quick=f"two cases of each group, {QUICK_TRIALS} trials",
    options={
        "--groups": {"nargs": "+", "choices": GROUPS, "default": GROUPS, "metavar": "NAME", "help": "these, not all"},
        "--searchers": {"nargs": "+", "metavar": "NAME",
                        "help": f"of {', '.join((*OURS, *WITH_BUDGETS, *askers.PEERS))}"},
        "--seeds": {"type": int, "help": f"how many ({SEEDS}, or {QUICK_SEEDS} with --quick); 0: report the runs of "
                                         "the file"},
        "--records": {"type": Path, "default": RECORDS, "help": "the file that keeps every run"}})
