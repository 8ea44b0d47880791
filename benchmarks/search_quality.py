"""How good are the searchers with 100 evaluations: ours and other libraries' on 25 public black boxes?

The regret of a run is its best value minus the optimum, or minus the best value of all runs if the optimum is unknown.
`benchmarks.common.regrets` says what a score is; the intervals here draw the seeds of each case separately. The runs
of the other libraries are kept in benchmarks/results/search_quality_runs.json, by version. Examples:

    python -m benchmarks search_quality --searcher bayesian:gp bayesian:tpe --cases tables
    python -m benchmarks search_quality --searcher genetic:population=30 --cases bbob-f06-d3 mixint --seeds 10
    python -m benchmarks search_quality --searcher scratchtune.core.search.mine.MySearch --cases other --peers none
"""

from __future__ import annotations

import fnmatch
import math
import statistics
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.common import black_boxes, harness, peers
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import table, verdict
from benchmarks.common.regrets import Kept, Regrets, Scores, all_jobs, first_seeds, reporting, run, with_interval

BUDGET, SEEDS, QUICK_SEEDS, WORKERS = 100, 20, 3, 2
SLOW_SEEDS = {"Optuna GP": 3, "SMAC3": 2}  # 15 seconds and more each run
OURS = ("bayesian", "bayesian:gp", "bayesian:tpe", "genetic")
NEAR, GENETIC_LEAD = 0.02, 0.3
GROUPS = ("functions", "mixint", "tables")

Runs = dict[tuple[str, str], dict[int, list[float]]]  # (searcher, case) to seed to the best loss, less a known optimum


@reporting
def answer(searcher: str, case: str, seed: int, budget: int) -> dict[str, Any]:
    """One run: the best loss, less the optimum if it is known, and milliseconds per trial."""
    loaded = black_boxes.load(case)
    loss = black_boxes.Recorder(loaded, budget)
    peers.minimise(searcher, loaded, loss, budget, seed)
    return {"values": [min(loss.values) - (loaded.best or 0.0)], "milliseconds": 1000.0 * statistics.fmean(loss.gaps)}


def chosen_cases(patterns: Sequence[str], quick: bool) -> list[str]:
    """Cases from names, patterns (bbob-f06-*), groups, or "all" and "other"."""
    named = {"all": black_boxes.CASES, "quick": black_boxes.QUICK, "other": black_boxes.OTHER}
    named |= {group: of_group(black_boxes.CASES, group) for group in GROUPS}
    every = (*black_boxes.CASES, *black_boxes.OTHER)
    found = [case for pattern in patterns or ["quick" if quick else "all"]
             for case in named.get(pattern) or fnmatch.filter(every, pattern) or [pattern]]
    for case in found:
        black_boxes.load(case)
    return list(dict.fromkeys(found))


def of_group(cases: Sequence[str], group: str) -> tuple[str, ...]:
    """The cases of a group."""
    return tuple(case for case in cases if black_boxes.group_of(case) == group)


def measure(given: Namespace) -> tuple[Runs, dict[str, float], list[str]]:
    """All runs, ours and those that are kept, milliseconds per trial of ours, and notes on what failed."""
    whole = not (given.quick or given.cases or given.searcher or given.peers)
    suite = harness.versions(*black_boxes.PACKAGES).split(", ", 1)[1]
    kept = Kept(harness.RESULTS / "search_quality_runs.json", suite=suite, trials=BUDGET)
    given.cases = chosen_cases(given.cases, given.quick)
    given.seeds = given.seeds or (QUICK_SEEDS if given.quick else SEEDS)
    given.ours = list(dict.fromkeys(["random", *(given.searcher or OURS)]))
    given.fast = [name for name in peers.FAST
                  if given.peers is None or any(part.lower() in name.lower() for part in given.peers)]
    jobs = [job for name in given.fast for job in all_jobs([name], given.cases, given.seeds)]
    jobs += [job for name in peers.SLOW if whole or name in (given.peers or ())
             for job in all_jobs([name], given.cases, min(given.seeds, SLOW_SEEDS[name]))]
    own, notes = run(answer, all_jobs(given.ours, given.cases, given.seeds), given.workers, budget=BUDGET)
    notes += run(answer, jobs, given.workers, kept, budget=BUDGET)[1]
    runs = {(name, case): kept.values(name, case) for name in kept.searchers for case in given.cases}
    times: dict[str, list[float]] = {}
    for (name, case, seed), one in own.items():
        if "values" in one:
            runs.setdefault((name, case), {})[seed] = one["values"]
            times.setdefault(name, []).append(one["milliseconds"])
    return runs, {name: statistics.median(values) for name, values in times.items()}, notes


def regrets_of(runs: Runs, cases: Sequence[str]) -> dict[tuple[str, str], np.ndarray]:
    """(searcher, case) to regrets by seed; an unknown optimum is replaced by the best of all runs."""
    least = {case: 0.0 if black_boxes.load(case).best is not None else min(
        value for (_, other), seeds in runs.items() if other == case for value, in seeds.values()) for case in cases}
    return {(name, case): np.maximum(first_seeds(seeds) - least[case], 0.0) for (name, case), seeds in runs.items()}


# Report ---------------------------------------------------------------------------------------------------------------


def number(value: float, form: str = "+.3f") -> str:
    """A number as text; empty for NaN."""
    return "" if math.isnan(value) else f"{value:{form}}"


def by_group(regrets: Regrets, cases: Sequence[str]) -> dict[str, Scores]:
    """Scores on all cases, and on those of each group."""
    return {"all": Scores(regrets, cases)} | {group: Scores(regrets, of_group(cases, group)) for group in GROUPS}


def table_of_means(scores: Mapping[str, Scores], names: Sequence[str], times: dict[str, float]) -> str:
    """The searchers, best first."""
    rows = [[name, *(number(some.mean(name)) for some in scores.values()), number(times.get(name, math.nan), ".2f")]
            for name in sorted(names, key=scores["all"].mean, reverse=True)]
    return table(["mean score", *scores, "ms a trial"], rows)


def table_of_cases(scores: Scores, names: Sequence[str]) -> str:
    """Every case's score."""
    seeds = scores.seeds(*names)
    rows = [[case, *(f"{scores.on(name, case, slice(seeds)):+.2f}" for name in names),
             f"{np.median(scores.regrets['random', case]):.3g}"] for case in scores.cases]
    return table(["score on", *names, "random's regret"], rows)


def table_of_differences(scores: Scores, ours: Sequence[str], others: Sequence[str]) -> str:
    """Ours minus each peer, with intervals."""
    rows = []
    for name, other in ((name, other) for name in ours for other in others if other != name):
        middle, low, high = scores.ahead(name, other)
        rows.append([name, other, f"{middle:+.3f}", "" if math.isnan(low) else f"{low:+.3f} to {high:+.3f}"])
    return table(["difference of", "less", "mean scores", "95 % interval"], rows, "llrr")


def bars(scores: Mapping[str, Scores], others: Sequence[str], what: str) -> list[str]:
    """The default searcher against each peer, and group by group against the best one."""
    lines = []
    for other in others:
        found = scores["all"].ahead("bayesian", other)
        lines.append(verdict(None if math.isnan(found[1]) else found[1] > 0.0, f"bayesian above {other} on {what}, the "
                             f"interval without zero: {with_interval(*found)}", "too few seeds"))
    for group in ("functions", "tables"):
        if scores[group].cases and others:
            mine, best = scores[group].mean("bayesian"), max(others, key=scores[group].mean)
            reached = scores[group].mean(best)
            lines.append(verdict(mine >= reached - NEAR, f"bayesian at most {NEAR} below the best peer on the {group} "
                                 f"of {what}: {mine:+.3f}, {best} {reached:+.3f}"))
    return lines


def genetic_bars(scores: Scores, others: Sequence[str]) -> list[str]:
    """The genetic searcher against the genetic libraries."""
    mine = scores.mean("genetic")
    return [verdict(mine - scores.mean(other) >= GENETIC_LEAD, f"genetic at least {GENETIC_LEAD} above {other}: "
                    f"{mine:+.3f} against {scores.mean(other):+.3f}") for other in others if other in peers.GENETIC]


def report(found: tuple[Runs, dict[str, float], list[str]], given: Namespace) -> list[str]:
    """Scores over all cases and on each, differences from the peers, and the bars."""
    runs, times, notes = found
    regrets, cases = regrets_of(runs, given.cases), given.cases
    scores = by_group(regrets, cases)
    complete = [name for name in (*given.ours, *given.fast) if scores["all"].seeds(name) >= given.seeds]
    if "random" not in complete:
        raise SystemExit("\n".join(["random search did not run, and every score is relative to it", *notes]))
    own, fast = ([name for name in some if name in complete] for some in (given.ours[1:], given.fast))
    paragraphs = [
        f"{len(cases)} cases, {BUDGET} trials, {given.seeds} seeds. Score: "
        "1 - median regret / random search's, from -1 to 1. Milliseconds are this run's, with several runs at a time.",
        table_of_means(scores, complete, times), table_of_cases(scores["all"], [*own, *fast])]
    paragraphs += [table_of_differences(scores["all"], own, fast)] if own and fast else []
    lines = bars(scores, fast, f"{len(cases)} cases") if "bayesian" in own else []
    lines += genetic_bars(scores["all"], fast) if "genetic" in own else []
    lines += [verdict(None, name, "it is missing, or has not finished all runs")
              for name in (*given.ours, *given.fast) if name not in complete]
    paragraphs += slow_part(regrets, given, lines) if "bayesian" in own else []
    return [*paragraphs, "\n".join(lines), *("\n".join(f"- {note}" for note in notes),) * bool(notes)]


def slow_part(regrets: Regrets, given: Namespace, lines: list[str]) -> list[str]:
    """The slow peers, which have few seeds, beside BayesianSearch on these; their bars are added to the lines."""
    rows = []
    for name in peers.SLOW:
        scores = Scores(regrets, given.cases)
        seeds = min(scores.seeds("bayesian", name), SLOW_SEEDS[name])
        if not seeds:
            continue
        ours, theirs = (np.array([scores.on(who, case, slice(seeds)) for case in given.cases])
                        for who in ("bayesian", name))
        mean, error = float((ours - theirs).mean()), float((ours - theirs).std(ddof=1) / math.sqrt(len(ours)))
        ahead = f"{mean:+.3f} ± {error:.3f}"
        rows.append([name, str(seeds), f"{theirs.mean():+.3f}", f"{ours.mean():+.3f}", ahead])
        lines.append(verdict(mean > 2.0 * error, f"bayesian above {name} on {len(ours)} cases by two standard errors "
                                                 f"over cases: {ahead}"))
    return [table(["slow peers, mean score", "seeds", "theirs", "bayesian's", "difference"], rows)] if rows else []


ANSWER = (
    "Won: the mean score of BayesianSearch is the highest, +0.784; Optuna's TPE, the best of the others, has +0.722 "
    "(difference +0.062, +0.032 to +0.099). Lost: the interval of its TPE alone less Optuna's is from -0.012 to +0.064,"
    " and genetic search, +0.675, is less than 0.3 above DEAP's, +0.406.")
BENCHMARK = Benchmark(
    "Quality of the searchers", measure, report,
    ("optuna", "cmaes", "hyperopt", "pymoo", "deap", "smac", *black_boxes.PACKAGES),
    quick=f"{len(black_boxes.QUICK)} cases, {QUICK_SEEDS} seeds", options={
        "--searcher": {"nargs": "+", "metavar": "NAME[:MODEL]", "help": f"ours (default: {' '.join(OURS)})"},
        "--cases": {"nargs": "+", "default": [], "help": "names, patterns, functions, mixint, tables, all, other"},
        "--seeds": {"type": count, "help": f"how many ({SEEDS}, or {QUICK_SEEDS} with --quick)"},
        "--peers": {"nargs": "+", "metavar": "NAME",
                    "help": f"parts of names: tpe, pymoo, ...; none; {' or '.join(peers.SLOW)} by the whole name"},
        "--workers": {"type": count, "default": WORKERS, "help": f"processes that run at a time ({WORKERS})"}})
