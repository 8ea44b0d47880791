"""Where are the searchers good: under noise, with few trials, mixed kinds, conditions, many dimensions, and budgets?

The problems of a group are drawn: functions of COCO in random instances and dimensions, in boxes moved so that each
optimum is uniform, or functions with conditions (`benchmarks.common.black_boxes`). The score of an answer is
1 - (its regret) / (the median regret of random search's best observed trials), not below -1: 0 is random search, 1 is
the optimum. Errors (±) are standard errors over problems. Two searchers are compared on the problems that both have.

Most searchers run twice on each problem, with other seeds and other noise. The *placebo* is the difference of the two:
it must be zero, and its size says how large a difference is by luck. Two searchers are level where their difference is
less than twice its error.

Where values are noisy there are several answers, and their score is of the loss without noise. "Recommended" is what
`Study.recommended` chooses, applied to the trials of all libraries, so that no library gains by its way to choose an
answer. (The model is that of BayesianSearch's Gaussian process, which may suit its trials best.) "Margin 1" and "lowest
mean" are the same with fewer standard deviations, for BayesianSearch alone. "Own" is the best answer that a library
offers: `Study.recommended` for ours, SMAC3's incumbent, and the best observed trial for the others. "Observed" is the
best observed trial, and "visited" the trial with the lowest loss, which is known to the benchmark alone. In the other
groups the answer is the best observed trial. The last fifth of the trials of "bayesian, confirmed" are repeats of
candidates (`Study.confirm`), and their new values decide its own answer.

In the group *outliers* a tenth of the values is worse, by 3 interquartile ranges on average. In *budgets* a search has
the cost of 30 full evaluations; Hyperband evaluates some with a ninth or a third of it.

Each run is kept in a file, by the version of the library or the digest of our code, so that the same command continues
where an earlier one was interrupted. Several commands may fill the file. A report has the runs of its own command only:

    python -m benchmarks search_groups --searchers "Optuna GP" SMAC3 --groups "noise 0.4" --problems 30 --seeds 1
    python -m benchmarks search_groups --save
"""

from __future__ import annotations

import math
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import askers, black_boxes, harness, peers
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.black_boxes import GROUPS_OF_PROBLEMS, Case
from benchmarks.common.regrets import Job, Kept, all_jobs, reporting, run

NOISY_PROBLEMS, PROBLEMS, SLOW_PROBLEMS, QUICK_PROBLEMS = 200, 60, 30, 2  # of each group, by default
SEEDS, QUICK_TRIALS = 2, 30
CONFIRMED = "bayesian, confirmed"
OURS = ("random", "bayesian", CONFIRMED, "bayesian:gp", "bayesian:tpe", "genetic", "cmaes")
WITH_BUDGETS = ("hyperband", "hyperband:tpe", "hyperband:gp")
OF_ONE_GROUP = {**dict.fromkeys(WITH_BUDGETS, "budgets"), "Optuna TPE, grouped": "conditions"}
NUMBERS_ONLY = ("cmaes", "Optuna CMA-ES")  # not where there are choices: Optuna's is random search for these
SLOW = ("bayesian:gp", "hyperopt TPE", *peers.SLOW)
WITH_CHOICES = ("mixed kinds", "conditions")
EVERY = (*OURS, *WITH_BUDGETS, *askers.ASKERS)
QUICK = ("random", "bayesian", "bayesian:tpe", "Optuna TPE")
GROUPS = tuple(GROUPS_OF_PROBLEMS)
RECOMMENDED, MARGIN_1, LOWEST, OWN, OBSERVED, VISITED = KINDS = (
    "recommended", "margin 1", "lowest mean", "own", "observed", "visited")

Done = Sequence[tuple[dict[str, Any], float, float]]  # params, observed value and share of the full budget
Runs = Mapping[str, Mapping[int, np.ndarray]]  # searcher to problem to the scores of its runs, (seeds, kinds)


@reporting
def answer(searcher: str, case: str, seed: int, trials: int | None = None) -> dict[str, Any]:
    """The regrets of one search by kind of answer, in units of random search's."""
    drawn = black_boxes.problem(case)
    found, trials = drawn.case, trials or drawn.case.trials
    number = int(case.rpartition(", ")[2])
    asks = askers.asker(searcher, found, trials, SEEDS * number + seed)  # no two problems share a seed
    rng = np.random.default_rng([number, seed])  # the k-th evaluation has the same noise for all
    done = askers.evaluated(asks, lambda params, share: found.loss(params, share) + drawn.noise(rng), trials,
                            found.workers)
    best = observed(done)
    answers = dict.fromkeys(KINDS, best)
    if has_answers(drawn.case.group):
        margins = ((RECOMMENDED, None), (MARGIN_1, 1.0), (LOWEST, 0.0))[:3 if searcher == "bayesian" else 1]
        answers |= {kind: recommended(found, done, margin) for kind, margin in margins}
        answers[OWN] = asks.incumbent() if hasattr(asks, "incumbent") else best
        answers[VISITED] = min((params for params, _, _ in done), key=found.loss)
    return {"values": [(found.loss(answers[kind], 1.0) - (found.best or 0.0)) / drawn.unit for kind in KINDS]}


def has_answers(group: str) -> bool:
    """Whether a group is one in which the kinds of answers are compared."""
    return group.startswith("noise") or group == "outliers"


def recommended(case: Case, done: Done, margin: float | None = None) -> dict[str, Any]:
    """The params that `Study.recommended` chooses, or those with the lowest mean plus another number of stds."""
    import scratchtune as st
    from scratchtune.core.study.recommended import MARGIN, lowest_pessimistic_mean, simpler_prediction

    points, values = [params for params, _, _ in done], np.array([value for _, value, _ in done])
    found = lowest_pessimistic_mean(st.search.Space(askers.our_space(case)), points, values,
                                    MARGIN if margin is None else margin)
    if margin is None and (simpler_prediction(*found.errors) or not found.is_clearly_better(int(values.argmin()))):
        return observed(done)
    return points[found.order[0]]


def observed(done: Done) -> dict[str, Any]:
    """The params of the best value with the full budget."""
    return min((each for each in done if each[2] > 0.999), key=lambda each: each[1])[0]


def names_for(group: str, names: Sequence[str]) -> list[str]:
    """The searchers of a group: those that are made for one group in that group only."""
    return [name for name in names if OF_ONE_GROUP.get(name, group) == group
            and not (name in NUMBERS_ONLY and group in WITH_CHOICES) and (name != CONFIRMED or has_answers(group))]


def problems_of(group: str, name: str) -> int:
    """How many problems of a group a searcher has by default."""
    return SLOW_PROBLEMS if name in SLOW else NOISY_PROBLEMS if group.startswith("noise") else PROBLEMS


def measure(given: Namespace) -> tuple[dict[str, Runs], list[str]]:
    """The runs that the file lacks; then the scores of all that were asked for, and notes on what failed."""
    wanted = given.searchers or (QUICK if given.quick else EVERY)
    notes = [f"{name}: {peers.missing(name)} is not installed" for name in wanted if peers.missing(name)]
    given.names = list(dict.fromkeys(["random", *(name for name in wanted if not peers.missing(name))]))
    asked = given.problems or (QUICK_PROBLEMS if given.quick else None)
    jobs = [job for k in range(asked or NOISY_PROBLEMS) for group in given.groups for job in all_jobs(
        [name for name in names_for(group, given.names) if k < (asked or problems_of(group, name))],
        [f"{group}, {k}"], given.seeds)]
    with tempfile.TemporaryDirectory() as folder:  # short runs are not kept
        kept = Kept(Path(folder, "runs.json") if given.quick else given.records, suite=harness.versions("ioh"),
                    answers=list(KINDS))
        given.kept = len(jobs) - len(kept.lacks(jobs))
        notes += run(answer, jobs, given.workers, kept, trials=QUICK_TRIALS if given.quick else None)[1]
    return runs_of(kept, jobs), notes


def runs_of(kept: Kept, jobs: Sequence[Job]) -> dict[str, Runs]:
    """The scores of those of the jobs that have run, by group."""
    found: dict[str, dict[str, dict[int, list[list[float]]]]] = {}
    for name, case, seed in jobs:
        group, _, number = case.rpartition(", ")
        of_group = found.setdefault(group, {})
        if seed in (values := kept.values(name, case)):
            of_group.setdefault(name, {}).setdefault(int(number), []).append(values[seed])
    return {group: {name: {k: scores(regrets) for k, regrets in runs.items()} for name, runs in of_group.items()}
            for group, of_group in found.items()}


def scores(regrets: Sequence[Sequence[float]]) -> np.ndarray:
    """1 - regret, not below -1."""
    return np.maximum(1.0 - np.array(regrets), -1.0)


# Report ---------------------------------------------------------------------------------------------------------------


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """A mean, and its standard error, NaN for one value."""
    found = np.array(values)
    return float(found.mean()), float(found.std(ddof=1) / math.sqrt(len(found))) if len(found) > 1 else math.nan


def with_error(values: Sequence[float]) -> str:
    """A mean with its sign, and its standard error."""
    mean, error = mean_and_error(values)
    return f"{mean:+.3f}" + (f" ± {error:.3f}" if not math.isnan(error) else "")


def differences(runs: Runs, name: str, other: str, kind: str) -> list[float]:
    """The differences of the mean scores of two searchers, on the problems that both have."""
    k = KINDS.index(kind)
    return [float(runs[name][problem][:, k].mean() - runs[other][problem][:, k].mean())
            for problem in sorted(runs[name].keys() & runs[other].keys())]


def placebo(runs: Runs, name: str, kind: str) -> list[float]:
    """The differences of the two runs of one searcher."""
    return [float(found[0, KINDS.index(kind)] - found[1, KINDS.index(kind)])
            for found in runs[name].values() if len(found) > 1]


def group_table(runs: Runs, label: str, kind: str) -> str:
    """Each searcher's mean score in a group, what BayesianSearch is ahead of it, and its placebo."""
    k, rows = KINDS.index(kind), []
    for name in runs:
        found = [float(each[:, k].mean()) for each in runs[name].values()]
        lead = differences(runs, "bayesian", name, kind) if "bayesian" in runs and name != "bayesian" else []
        same = placebo(runs, name, kind)
        rows.append([name, str(len(found)), with_error(found), with_error(lead) if lead else "",
                     str(len(lead)) if lead else "", with_error(same) if same else ""])
    rows.sort(key=lambda row: float(row[2].split()[0]), reverse=True)
    return harness.table([label, "problems", "mean score", "bayesian less this", "pairs", "placebo"], rows)


def answers_table(runs: Runs, label: str) -> str:
    """The mean score of each kind of answer to the same searches."""
    kinds = (RECOMMENDED, OWN, OBSERVED, VISITED)
    rows = [[name, *(f"{np.mean([each[:, KINDS.index(kind)].mean() for each in found.values()]):+.3f}"
                     for kind in kinds)] for name, found in runs.items()]
    return harness.table([f"{label}, answers", *kinds], rows)


def rule_table(runs: Runs, group: str) -> str:
    """What BayesianSearch's recommended trial is ahead of its other answers, on smooth and on rugged functions."""
    rows = []
    for what, wanted in (("smooth", False), ("rugged", True)):
        chosen = [found for k, found in runs["bayesian"].items()
                  if black_boxes.problem(f"{group}, {k}").is_rugged is wanted]
        rows.append([what, str(len(chosen)), *(
            with_error([float((found[:, 0] - found[:, KINDS.index(kind)]).mean()) for found in chosen])
            for kind in (MARGIN_1, LOWEST, OBSERVED, VISITED))] if chosen else [what, "0", "", "", "", ""])
    return harness.table([f"{group}, recommended less", "problems", MARGIN_1, LOWEST, OBSERVED, VISITED], rows)


def bar(runs: Runs, label: str, kind: str) -> str:
    """Whether BayesianSearch is first, or level with each searcher that is ahead of it."""
    leads = {name: mean_and_error(differences(runs, "bayesian", name, kind)) for name in runs if name != "bayesian"}
    ahead = [f"{name} {-mean:+.3f} ± {error:.3f}" for name, (mean, error) in leads.items() if mean < -2.0 * error]
    level = [name for name, (mean, error) in leads.items() if abs(mean) <= 2.0 * error]
    return harness.verdict(not ahead, f"{label}: BayesianSearch is first or level; ahead of it: "
                                      f"{', '.join(ahead) or 'none'}; level with it: {', '.join(level) or 'none'}")


def group_report(runs: Runs, group: str, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The paragraphs of a group, and its bars."""
    absent = ", ".join(name for name in names_for(group, names) if name not in runs)
    parts = [f"## {group}", *[f"Not run: {absent}."] * bool(absent)]
    kinds = (RECOMMENDED, OWN) if has_answers(group) else (OBSERVED,)
    parts += [group_table(runs, group if len(kinds) == 1 else f"{group}, {kind}", kind) for kind in kinds]
    if has_answers(group):
        parts += [answers_table(runs, group), *(rule_table(runs, group) for name in runs if name == "bayesian")]
    return parts, [bar(runs, f"{group}, {kind}", kind) for kind in kinds if "bayesian" in runs]


def report(found: tuple[dict[str, Runs], list[str]], given: Namespace) -> list[str]:
    """The tables of all groups, and the bars."""
    runs, notes = found
    groups = [group_report(runs[group], group, given.names) for group in given.groups]
    return [*["\n".join(f"- {note}" for note in notes)] * bool(notes), *(part for parts, _ in groups for part in parts),
            "## Bars", "\n".join(line for _, lines in groups for line in lines)]


ANSWER = (
    "Won: no searcher of another library is ahead of BayesianSearch in any of the groups. It is ahead of Optuna's TPE "
    "by +0.187 without noise, +0.094 at noise 0.15 and +0.221 with mixed kinds. Lost: its Gaussian process alone is "
    "ahead with mixed kinds (-0.083), and at noise 0.4 genetic search and Optuna's TPE are level (-0.032, +0.024).")
BENCHMARK = Benchmark(
    "Searchers by group", measure, report, ("optuna", "cmaes", "hyperopt", "smac", "ioh"),
    quick=f"{QUICK_PROBLEMS} problems of each group, {QUICK_TRIALS} trials", options={
        "--groups": {"nargs": "+", "choices": GROUPS, "default": GROUPS, "metavar": "NAME", "help": "these, not all"},
        "--searchers": {"nargs": "+", "metavar": "NAME", "help": f"of {', '.join(EVERY)}"},
        "--problems": {"type": count, "help": f"how many of each group ({NOISY_PROBLEMS} with noise, else {PROBLEMS}; "
                                              f"{SLOW_PROBLEMS} of slow searchers)"},
        "--seeds": {"type": int, "choices": range(1, SEEDS + 1), "default": SEEDS, "metavar": "N",
                    "help": f"runs of a searcher on a problem, at most {SEEDS} ({SEEDS})"},
        "--workers": {"type": count, "default": 2, "help": "processes that run at a time (2)"},
        "--records": {"type": Path, "default": harness.RESULTS / "search_groups_runs.json",
                      "help": "the file that keeps every run"}})
