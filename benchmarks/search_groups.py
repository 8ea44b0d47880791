"""Where are the searchers good: under noise, in many dimensions, with conditions, eight at a time, and with budgets?

The k-th evaluation of a case has the same noise for all searchers with the same seed. What counts is the true loss of
the answer. Under noise there are several answers. "Recommended" is what `Study.recommended` chooses, and the same
function is applied to the trials of all libraries, so that no library gains by its way to choose an answer. (The model
is that of BayesianSearch's Gaussian process, which may suit its trials best.) "Own" is the best answer that a library
offers: `Study.recommended` for ours, SMAC3's incumbent (the best mean of the configurations that were evaluated as
often as itself), and the best observed trial for the others. "Observed" is the best observed trial for all, and "lowest
mean" the trial with the best posterior mean. A last table of each level of noise compares the answers of one search.
Elsewhere the answer is the best observed trial, of trials with budgets the best of those with the full one.

`benchmarks.common.regrets` says what a score is; a seed is drawn for all cases together. In the group *budgets* a
search has the cost of 30 full evaluations; Hyperband evaluates some with a ninth or a third of it, while searchers of
other libraries are not told of budgets.

Each run is kept in a file, by the version of the library or the digest of our code, so that an interrupted benchmark
continues. The report has all seeds that the file has of a searcher: one whose runs are short may have more of them than
one whose runs take a minute. So several commands may fill the file, and one with ``--seeds 0`` reports what it has:

    python -m benchmarks search_groups --groups conditions "20 dimensions" --searchers bayesian "Optuna TPE" --seeds 5
    python -m benchmarks search_groups --searchers bayesian bayesian:tpe genetic "Optuna TPE" "Optuna CMA-ES" --seeds 20
    python -m benchmarks search_groups --searchers "Optuna GP" --seeds 10
    python -m benchmarks search_groups --seeds 0 --save
"""

from __future__ import annotations

import math
import tempfile
import traceback
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import askers, black_boxes, harness, peers
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.black_boxes import Case
from benchmarks.common.regrets import Kept, Regrets, Scores, all_jobs, first_seeds, run, with_interval

SEEDS, QUICK_SEEDS, QUICK_TRIALS = 20, 2, 30
OURS = ("random", "bayesian", "bayesian:gp", "bayesian:tpe", "genetic")
WITH_BUDGETS = ("hyperband", "hyperband:tpe", "hyperband:gp")
OF_ONE_GROUP = {**dict.fromkeys(WITH_BUDGETS, "budgets"), "Optuna TPE, grouped": "conditions"}
EVERY = (*OURS, *WITH_BUDGETS, *askers.ASKERS)
QUICK = ("random", "bayesian", "bayesian:tpe", "Optuna TPE")
GROUPS = ("noise 0.05", "noise 0.15", "noise 0.4", "20 dimensions", "40 dimensions", "conditions", "8 at a time",
          "budgets")
RECOMMENDED, OWN, OBSERVED, LOWEST = "recommended", "own", "observed", "lowest mean"  # the kinds of answers
KINDS = (RECOMMENDED, OWN, OBSERVED, LOWEST)
LABELS = {RECOMMENDED: "{}", OWN: "{}, own answers", OBSERVED: "{}, observed"}  # of a group's tables

Done = Sequence[tuple[dict[str, Any], float, float]]  # params, observed value and share of the full budget


def answer(searcher: str, case: str, seed: int, trials: int | None = None) -> dict[str, Any]:
    """The regrets of one search, by kind of answer, or the error."""
    found = black_boxes.load(case)
    rng = np.random.default_rng([seed, sum(case.encode())])
    std = found.noise * found.quartile_distance() if found.noise else 0.0
    trials = trials or found.trials
    try:
        asks = askers.asker(searcher, found, trials, seed)
        done = askers.evaluated(
            asks, lambda params, share: found.loss(params, share) + std * rng.standard_normal(), trials, found.workers)
    except Exception as error:  # reported, without ending the other runs
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}
    answers = dict.fromkeys((RECOMMENDED, LOWEST, OBSERVED), observed(done))
    if found.noise:
        answers |= {RECOMMENDED: recommended(found, done, 1.0), LOWEST: recommended(found, done, 0.0)}
    answers[OWN] = (asks.incumbent() if found.noise and isinstance(asks, askers.Smac) else
                    answers[OBSERVED if searcher in askers.ASKERS else RECOMMENDED])
    return {"values": [found.loss(answers[kind], 1.0) - (found.best or 0.0) for kind in KINDS]}


def recommended(case: Case, done: Done, margin: float) -> dict[str, Any]:
    """The params that `Study.recommended` chooses; with margin 0 those with the lowest posterior mean."""
    import scratchtune as st
    from scratchtune.study.recommended import lowest_pessimistic_mean

    points, values = [params for params, _, _ in done], np.array([value for _, value, _ in done])
    return points[lowest_pessimistic_mean(st.search.Space(askers.our_space(case)), points, values, margin).chosen]


def observed(done: Done) -> dict[str, Any]:
    """The params of the best value with the full budget."""
    return min((each for each in done if each[2] > 0.999), key=lambda each: each[1])[0]


def names_for(group: str, names: Sequence[str]) -> list[str]:
    """The searchers of a group: those that are made for one group in that group only."""
    return [name for name in names if OF_ONE_GROUP.get(name, group) == group]


def measure(given: Namespace) -> tuple[dict[str, Regrets], list[str]]:
    """The runs that the file lacks; then the regrets of all runs by kind of answer, and notes on what failed.

    Of each searcher these are the regrets of the first seeds that all cases of a group have, at least those asked for.
    With no seeds nothing is run, and a group has the searchers of which all of its cases have runs.
    """
    wanted = given.searchers or (QUICK if given.quick else EVERY)
    notes = [f"{name}: {peers.missing(name)} is not installed" for name in wanted if peers.missing(name)]
    given.names = list(dict.fromkeys(["random", *(name for name in wanted if not peers.missing(name))]))
    seeds = given.seeds if given.seeds is not None else QUICK_SEEDS if given.quick else SEEDS
    given.by_group = {group: [case.name for case in black_boxes.group_cases().values() if case.group == group]
                      [:2 if given.quick else None] for group in given.groups}
    folder = tempfile.mkdtemp() if given.quick else ""  # short runs are not kept
    kept = Kept(Path(folder, given.records), suite=harness.versions("ioh"), answers=list(KINDS))
    jobs = [job for group, cases in given.by_group.items()
            for job in all_jobs(names_for(group, given.names), cases, seeds)]
    notes += run(answer, sorted(jobs, key=lambda job: job[2]), given.workers, kept,
                 trials=QUICK_TRIALS if given.quick else None)[1]
    return regrets_of(kept, given.by_group, given.names), notes


def regrets_of(kept: Kept, by_group: dict[str, list[str]], names: Sequence[str]) -> dict[str, Regrets]:
    """The regrets of the searchers that have runs on all cases of a group, by kind of answer."""
    found: dict[str, dict[tuple[str, str], np.ndarray]] = {kind: {} for kind in KINDS}
    for group, cases in by_group.items():
        for name in names_for(group, names):
            runs = {case: kept.values(name, case) for case in cases}
            seeds = min(len(first_seeds(values)) for values in runs.values())
            for k, kind in enumerate(KINDS):
                found[kind] |= {(name, case): first_seeds(values, k)[:seeds] for case, values in runs.items() if seeds}
    without = [group for group, cases in by_group.items() if ("random", cases[0]) not in found[RECOMMENDED]]
    if without:
        raise SystemExit(f"{kept.path} has no runs of random search, which all are compared with, in "
                         f"{', '.join(without)}; choose --seeds 1 or more, or other --groups")
    return dict(found)


# Report ---------------------------------------------------------------------------------------------------------------


def group_table(scores: Scores, group: str, names: Sequence[str]) -> str:
    """Each searcher's mean score in one group, and what BayesianSearch and TPE are ahead of it, with intervals."""
    rows = []
    for name in sorted(names, key=scores.mean, reverse=True):
        leads = ["" if leader == name or leader not in names else with_interval(*scores.ahead(leader, name))
                 for leader in ("bayesian", "bayesian:tpe")]
        rows.append([name, str(scores.seeds(name)), f"{scores.mean(name):+.3f}", *leads])
    return harness.table([group, "seeds", "mean score", "bayesian less this", "bayesian:tpe less this"], rows)


def answers_table(regrets: dict[str, Regrets], group: str, cases: Sequence[str], names: Sequence[str]) -> str:
    """What a searcher's recommended trial is ahead of its other answers; 0 is random search's best observed trial."""
    rows = []
    for name in names:
        same = {(kind, case): regrets[kind][name, case] for kind in KINDS for case in cases}
        scores = Scores(same | {("random", case): regrets[OBSERVED]["random", case] for case in cases}, cases, True)
        rows.append([name, str(scores.seeds(RECOMMENDED)), f"{scores.mean(RECOMMENDED):+.3f}",
                     *(with_interval(*scores.ahead(RECOMMENDED, kind)) for kind in (OBSERVED, LOWEST))])
    return harness.table([f"{group}, recommended", "seeds", "mean score", "less observed", "less lowest mean"], rows)


def bars(scores: Scores, label: str, names: Sequence[str]) -> list[str]:
    """In a group: BayesianSearch first, its intervals above zero, and TPE alone at least as good as Optuna's."""
    lines: list[str] = []
    if "bayesian" in names:
        lines += lead(scores, label, [name for name in names if name != "bayesian"])
    if "bayesian:tpe" in names and "Optuna TPE" in names:
        found = scores.ahead("bayesian:tpe", "Optuna TPE")
        lines.append(harness.verdict(found[0] >= 0.0, f"{label}: bayesian:tpe less Optuna TPE "
                                                      f"{with_interval(*found)}"))
    return lines


def lead(scores: Scores, group: str, others: Sequence[str]) -> list[str]:
    """Whether BayesianSearch is first, and whether its intervals against the other libraries are above zero."""
    found = {name: scores.ahead("bayesian", name) for name in others}
    closest = min(found, key=lambda name: found[name][0])
    lines = [harness.verdict(found[closest][0] >= 0.0, f"{group}: BayesianSearch is first, {found[closest][0]:+.3f} "
                                                       f"ahead of the best of the others, {closest}")]
    lows = {name: low for name, (_, low, _) in found.items() if name in askers.ASKERS and not math.isnan(low)}
    if lows:
        above = ", ".join(name for name, low in lows.items() if low > 0.0) or "none"
        within = ", ".join(f"{name} (from {low:+.3f})" for name, low in lows.items() if low <= 0.0)
        lines.append(harness.verdict(not within, f"{group}: the interval of its lead is above zero against {above}"
                                                 f"{f'; not against {within}' if within else ''}"))
    return lines


def group_report(
    regrets: dict[str, Regrets], group: str, cases: Sequence[str], names: Sequence[str],
) -> tuple[list[str], list[str]]:
    """The paragraphs of a group, and its bars."""
    here = [name for name in names_for(group, names) if (name, cases[0]) in regrets[RECOMMENDED]]
    absent = ", ".join(name for name in names_for(group, names) if name not in here)
    parts = [f"## {group}", f"{len(cases)} cases: {'; '.join(cases)}.{f' Not run: {absent}.' if absent else ''}"]
    lines, noisy = [], group.startswith("noise")
    for kind in LABELS if noisy else (RECOMMENDED,):
        label, scores = LABELS[kind].format(group), Scores(regrets[kind], cases, together=True)
        parts.append(group_table(scores, label, here))
        lines += bars(scores, label, here)
    return parts + [answers_table(regrets, group, cases, here)] * noisy, lines


def report(found: tuple[dict[str, Regrets], list[str]], given: Namespace) -> list[str]:
    """The tables of all groups, and the bars."""
    regrets, notes = found
    groups = [group_report(regrets, group, cases, given.names) for group, cases in given.by_group.items()]
    return [*["\n".join(f"- {note}" for note in notes)] * bool(notes), *(part for parts, _ in groups for part in parts),
            "## Bars", "\n".join(line for _, lines in groups for line in lines)]


ANSWER = (
    "Won: BayesianSearch is first with conditions, +0.292 ahead of the best of the others, in 20 dimensions by +0.034 "
    "and in 40 by +0.001. Lost: under noise 0.15 and 0.4 Optuna's CMA-ES is ahead by 0.187 and 0.307, and with few "
    "evaluations Optuna's Gaussian process by 0.018. Eight at a time nothing is decided (+0.013).")
BENCHMARK = Benchmark(
    "Searchers by group", measure, report, ("optuna", "cmaes", "hyperopt", "smac", "ioh"),
    quick=f"two cases of each group, {QUICK_TRIALS} trials", options={
        "--groups": {"nargs": "+", "choices": GROUPS, "default": GROUPS, "metavar": "NAME", "help": "these, not all"},
        "--searchers": {"nargs": "+", "metavar": "NAME", "help": f"of {', '.join(EVERY)}"},
        "--seeds": {"type": int, "help": f"how many ({SEEDS}, or {QUICK_SEEDS} with --quick); 0: report the runs of "
                                         "the file"},
        "--workers": {"type": count, "default": 2, "help": "processes that run at a time (2)"},
        "--records": {"type": Path, "default": harness.RESULTS / "search_groups_runs.json",
                      "help": "the file that keeps every run"}})
