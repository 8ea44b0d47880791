"""Where are the searchers good: under noise, in many dimensions, with conditions, eight at a time, and with budgets?

Each searcher has the same seeds, and the k-th evaluation of a case the same noise. What counts is the true loss of what
is recommended: the trial with the best posterior mean under noise (as by `Study.recommended`; the same function is
applied to the trials of all libraries), else the best observed one; of trials with budgets those with the full one. The
score is that of `benchmarks.search_quality`: 1 - median regret / random search's, from -1 to 1. A difference has a
bootstrap interval over the seeds of each case. In the group *budgets* a search has the cost of 30 full evaluations, and
Hyperband, which no other searcher here has, evaluates some with a ninth or a third of it.

Each run is kept in a file, so that an interrupted benchmark continues.

    python -m benchmarks.search_groups --quick
    python -m benchmarks.search_groups --groups conditions "20 dimensions" --searchers bayesian "Optuna TPE" --seeds 5
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import askers, harness
from benchmarks.common.group_cases import GroupCase, cases, quartile_distance
from benchmarks.search_quality import score

SEEDS, QUICK_SEEDS, QUICK_TRIALS = 20, 2, 30
OURS = ("random", "bayesian", "bayesian:gp", "bayesian:tpe", "genetic")
WITH_BUDGETS = ("hyperband", "hyperband:tpe", "hyperband:gp")
QUICK = ("random", "bayesian", "bayesian:tpe", "Optuna TPE")
RESAMPLES = 2000
GROUPS = ("noise 0.05", "noise 0.15", "noise 0.4", "20 dimensions", "40 dimensions", "conditions", "8 at a time",
          "budgets")
RECORDS = harness.RESULTS / "search_groups.jsonl"

Regrets = dict[tuple[str, str], np.ndarray]  # (searcher, case) to regrets by seed


def answer(searcher: str, case: str, seed: int, trials: int | None = None) -> dict[str, Any]:
    """The regret of what one search recommends."""
    found = cases()[case]
    rng = np.random.default_rng([seed, sum(case.encode())])
    std = found.noise * quartile_distance(found.domain, found.loss) if found.noise else 0.0
    asks = askers.asker(searcher, found.domain, trials or found.trials, seed, found.workers)
    done = askers.evaluated(asks, lambda params, share: found.loss(params, share) + std * rng.standard_normal(),
                            trials or found.trials, found.workers)
    return {"regret": found.loss(recommended(found, done), 1.0) - found.least}


def recommended(case: GroupCase, done: Sequence[tuple[dict[str, Any], float, float]]) -> dict[str, Any]:
    """The params that a search recommends."""
    import scratchtune as st
    from scratchtune.study.recommended import lowest_mean

    full = [(params, value) for params, value, share in done if share > 0.999]
    points, values = [params for params, _ in full], np.array([value for _, value in full])
    if not case.noise:
        return points[int(np.argmin(values))]
    return points[lowest_mean(st.search.Space(askers.our_space(case.domain)), points, values).chosen]


# All runs -------------------------------------------------------------------------------------------------------------


def names_for(case: GroupCase, names: Sequence[str]) -> list[str]:
    """The searchers of a case: those with budgets in their own group only."""
    return [name for name in names if case.group == "budgets" or name not in WITH_BUDGETS]


def measured(chosen: Sequence[GroupCase], names: Sequence[str], seeds: int, trials: int | None, path: Path) -> Regrets:
    """All runs that the file does not have, each searcher in a process of its own; then all regrets."""
    known = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        run = json.loads(line)
        known[run["searcher"], run["case"], run["seed"], run["trials"]] = run["regret"]
    jobs = [(name, case.name, seed, trials)
            for seed in range(seeds) for case in chosen for name in names_for(case, names)]
    todo = [job for job in jobs if job not in known]
    workers = {name: harness.Worker("benchmarks.search_groups", name, harness.environment(1, PYTHONWARNINGS="ignore"))
               for name in dict.fromkeys(job[0] for job in todo)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        for job in tqdm(todo, desc="searches", unit=" runs", disable=None):
            question = dict(zip(("searcher", "case", "seed", "trials"), job, strict=True))
            known[job] = workers[job[0]].ask(**question)["regret"]
            print(json.dumps({**question, "regret": known[job]}), file=file, flush=True)
    for worker in workers.values():
        worker.close()
    return {(name, case.name): np.array([known[name, case.name, seed, trials] for seed in range(seeds)])
            for case in chosen for name in names_for(case, names)}


# Scores ---------------------------------------------------------------------------------------------------------------


def mean_score(regrets: Regrets, name: str, chosen: Sequence[str], draws: Sequence[Any]) -> Any:
    """The mean score over cases; one for each row of a case's ``draws``, indices of seeds."""
    return np.mean([score(regrets[name, case][draw], regrets["random", case][draw])
                    for case, draw in zip(chosen, draws, strict=True)], axis=0)


def group_table(regrets: Regrets, chosen: Sequence[str], names: Sequence[str], seeds: int) -> str:
    """Each searcher's mean score in one group, and what BayesianSearch and TPE are ahead of it, with intervals."""
    whole = [slice(None)] * len(chosen)
    draws = list(np.random.default_rng(0).integers(seeds, size=(len(chosen), RESAMPLES, seeds)))
    means = {name: float(mean_score(regrets, name, chosen, whole)) for name in names}
    drawn = {name: mean_score(regrets, name, chosen, draws) for name in names}
    rows = []
    for name in sorted(names, key=means.__getitem__, reverse=True):
        cells = [f"{means[name]:+.3f}"]
        for leader in ("bayesian", "bayesian:tpe"):
            if leader == name or leader not in names:
                cells.append("")
            else:
                low, high = np.quantile(drawn[leader] - drawn[name], [0.025, 0.975])
                cells.append(f"{means[leader] - means[name]:+.3f} ({low:+.3f} to {high:+.3f})")
        rows.append([name, *cells])
    return harness.table(["searcher", "mean score", "bayesian less this", "bayesian:tpe less this"], rows)


def bars(regrets: Regrets, groups: dict[str, list[str]], names: Sequence[str]) -> list[str]:
    """BayesianSearch first in every group, TPE alone at least Optuna's."""
    lines = []
    for group, chosen in groups.items():
        whole = [slice(None)] * len(chosen)
        means = {name: float(mean_score(regrets, name, chosen, whole)) for name in names
                 if all((name, case) in regrets for case in chosen)}
        others = {name: mean for name, mean in means.items() if name in askers.PEERS}
        if "bayesian" in means and others:
            best = max(others, key=others.__getitem__)
            text = f"BayesianSearch {means['bayesian']:+.3f}, the best other library, {best}, {others[best]:+.3f}"
            lines.append(harness.verdict(means["bayesian"] >= others[best], f"{group}: {text}"))
        if "bayesian:tpe" in means and "Optuna TPE" in means:
            lines.append(harness.verdict(means["bayesian:tpe"] >= means["Optuna TPE"], f"{group}: TPE alone "
                                         f"{means['bayesian:tpe']:+.3f}, Optuna's {means['Optuna TPE']:+.3f}"))
    return lines


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_groups", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=GROUPS, metavar="NAME",
                        help="these instead of all")
    parser.add_argument("--searchers", nargs="+", metavar="NAME",
                        help=f"of {', '.join((*OURS, *WITH_BUDGETS, *askers.PEERS))}")
    parser.add_argument("--seeds", type=int, help=f"how many ({SEEDS}, or {QUICK_SEEDS} with --quick)")
    parser.add_argument("--records", type=Path, default=RECORDS, help="the file that keeps every run")
    parser.add_argument("--quick", action="store_true", help=f"two cases of each group, {QUICK_TRIALS} trials")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/search_groups.md")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        harness.serve(answer)
        return 0
    before = harness.load()
    wanted = given.searchers or (QUICK if given.quick else (*OURS, *WITH_BUDGETS, *askers.PEERS))
    skipped = {name: askers.missing(name) for name in wanted if askers.missing(name)}
    names = ["random", *(name for name in wanted if name != "random" and name not in skipped)]
    by_group = {group: [case for case in cases().values() if case.group == group][:2 if given.quick else None]
                for group in given.groups}
    chosen = [case for some in by_group.values() for case in some]
    seeds = given.seeds or (QUICK_SEEDS if given.quick else SEEDS)
    regrets = measured(chosen, names, seeds, QUICK_TRIALS if given.quick else None, given.records)
    named = {group: [case.name for case in some] for group, some in by_group.items()}
    parts = [part for group, some in named.items() for part in (
        f"## {group}", f"{len(some)} cases: {'; '.join(some)}.",
        group_table(regrets, some, names_for(by_group[group][0], names), seeds))]
    harness.report("Searchers by group", "search_groups", [
        f"{harness.machine()}; {before}.",
        harness.versions("scratchtune", "optuna", "cmaes", "hyperopt", "smac", "ioh") + f". {seeds} seeds."
        + "".join(f" Skipped: {name} ({package} is not installed)." for name, package in skipped.items()),
        *parts, "## Bars", "\n".join(bars(regrets, named, names))], given.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
