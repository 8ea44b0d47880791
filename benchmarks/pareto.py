"""How close do 200 evaluations come to the Pareto front: NSGA-II here, in Optuna and in pymoo, and random search?

The score of a run is the share of the Pareto front's hypervolume that its trials have (see `pareto_problems` for the
reference points). All have the same seeds. Each searcher runs with its own defaults, and with populations of 20, 50 and
100, of which 50 is Optuna's default and 100 pymoo's; Optuna's TPE is there as the best of Optuna's. In the case
``digits`` a network is trained on the digits: the validation error against the logarithm of the multiply-adds of its
training, which stand for time, since times would differ from run to run. Its front is not known; all runs together have
100 %.

The defaults of `NSGA2` were chosen on the cases of ``--cases development``, and on no other ones. Examples:

    python -m benchmarks pareto --cases development --searchers ours:offspring=4 ours:brood=1 --seeds 5
"""

from __future__ import annotations

import ast
import functools
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.black_boxes import Spent
from benchmarks.common.pareto_problems import DEVELOPMENT, TESTED, Problem, digits, problem
from benchmarks.common.regrets import FEWEST, RESAMPLES, all_jobs, run
from scratchtune.search import hypervolume

BUDGET, SEEDS, QUICK_SEEDS = 200, 20, 3
OURS = "ours"
SEARCHERS = (
    OURS, "ours:population=20", "ours:population=50", "ours:population=100", "ours:paper", "Optuna NSGA-II",
    "Optuna NSGA-II:population=20", "Optuna NSGA-II:population=100", "pymoo NSGA-II", "pymoo NSGA-II:population=20",
    "pymoo NSGA-II:population=50", "Optuna TPE", "random")
PACKAGES = {"Optuna": "optuna", "pymoo": "pymoo"}

Losses = Callable[[np.ndarray], Any]
Shares = dict[str, dict[str, np.ndarray]]  # case to searcher to the share of the hypervolume by seed


class Recorder:
    """The losses that are passed to a searcher: it keeps them, and ends the run when the budget is spent."""

    def __init__(self, case: Problem, budget: int) -> None:
        self.case, self.budget = case, budget
        self.found: list[tuple[float, float]] = []

    def __call__(self, x: np.ndarray) -> tuple[float, float]:
        if len(self.found) >= self.budget:
            raise Spent
        self.found.append(self.case.losses(np.asarray(x, dtype=float)))
        return self.found[-1]


# Searchers: each calls the losses of a point until the budget is spent ------------------------------------------------


def ours(case: Problem, losses: Losses, budget: int, seed: int, **arguments: Any) -> None:
    """A study with `NSGA2`; ``paper`` is the algorithm of the paper, without a surrogate and small generations."""
    import scratchtune as st

    if arguments.pop("paper", False):
        arguments |= {"population": 20, "offspring": 20, "brood": 1, "mutation": "polynomial",
                      "mutation_rate": 1.0 / case.dimension}
    searcher = st.search.RandomSearch() if arguments.pop("random", False) else st.search.NSGA2(**arguments)
    names = [f"x{i}" for i in range(case.dimension)]
    study = st.Study({name: st.Float(case.low, case.high) for name in names}, searcher,
                     directions=("minimize", "minimize"), seed=seed)
    study.run(lambda trial: losses(np.array([trial.params[name] for name in names])), budget, progress=False)


def optuna(case: Problem, losses: Losses, budget: int, seed: int, **arguments: Any) -> None:
    """Optuna's NSGAIISampler, or its TPESampler."""
    import optuna as library

    library.logging.set_verbosity(library.logging.ERROR)
    if arguments.pop("tpe", False):
        sampler: Any = library.samplers.TPESampler(seed=seed)
    else:
        size = {"population_size": arguments["population"]} if "population" in arguments else {}
        sampler = library.samplers.NSGAIISampler(seed=seed, **size)
    study = library.create_study(directions=["minimize", "minimize"], sampler=sampler)
    study.optimize(lambda trial: losses(np.array([
        trial.suggest_float(f"x{i}", case.low, case.high) for i in range(case.dimension)])), n_trials=budget)


def pymoo(case: Problem, losses: Losses, budget: int, seed: int, **arguments: Any) -> None:
    """pymoo's NSGA2."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.optimize import minimize

    class Evaluated(ElementwiseProblem):
        def _evaluate(self, x: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            out["F"] = list(losses(x))

    size = {"pop_size": arguments["population"]} if "population" in arguments else {}
    boxed = Evaluated(n_var=case.dimension, n_obj=2, xl=case.low, xu=case.high)
    minimize(boxed, NSGA2(**size), ("n_eval", budget), seed=seed, verbose=False)


def searcher_of(text: str) -> Callable[..., None]:
    """The function of a searcher's text: its name and, after a colon, arguments such as ``population=20``."""
    name, _, given = text.partition(":")
    arguments = {part.partition("=")[0]: _value(part.partition("=")[2]) for part in given.split(",") if part}
    kinds = {OURS: ours, "Optuna NSGA-II": optuna, "pymoo NSGA-II": pymoo,
             "Optuna TPE": functools.partial(optuna, tpe=True), "random": functools.partial(ours, random=True)}
    if name not in kinds:
        raise ArgumentTypeError(f"{text!r} is none of {', '.join(kinds)}, with arguments after a colon")
    return functools.partial(kinds[name], **arguments)


def known(text: str) -> str:
    """A searcher's text, checked."""
    searcher_of(text)
    return text


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text or True


def answer(searcher: str, case: str, seed: int, budget: int) -> dict[str, Any]:
    """The losses that a searcher has found, (budget, 2)."""
    of_case = digits() if case == "digits" else problem(case)
    recorder = Recorder(of_case, budget)
    try:
        searcher_of(searcher)(of_case, recorder, budget, seed)
    except Spent:  # of a searcher that counts whole generations
        pass
    return {"values": recorder.found}


# Scores ---------------------------------------------------------------------------------------------------------------


def interval(differences: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of paired differences, by resampling the seeds."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(RESAMPLES, len(differences)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def shares(case: str, found: dict[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
    """The share of the front's hypervolume that each run of each searcher has, (seeds,)."""
    of_case = digits() if case == "digits" else problem(case)
    known = of_case.front if len(of_case.front) else np.concatenate([run for runs in found.values() for run in runs])
    largest = hypervolume(known, of_case.reference)
    return {name: np.array([hypervolume(one, of_case.reference) / largest for one in runs])
            for name, runs in found.items()}


def verdicts(scores: Shares, searchers: Sequence[str]) -> list[str]:
    """One line for each case and peer: ours with its defaults against the peer, with each population that it has."""
    lines = []
    for case, of_case in scores.items():
        for text in searchers:
            if text.startswith(OURS) or OURS not in of_case:
                continue
            differences = of_case[OURS] - of_case[text]
            low, high = interval(differences)
            few = len(differences) < FEWEST  # then an interval would be too narrow
            spread = "no interval" if few else (
                f"95 % interval {100.0 * low:+.1f} to {100.0 * high:+.1f}")
            lines.append(harness.verdict(None if few else bool(low >= 0.0), (
                f"{case}: ours at least {text}: hypervolume {100.0 * of_case[OURS].mean():.1f} % against "
                f"{100.0 * of_case[text].mean():.1f} %, difference {100.0 * differences.mean():+.1f} ({spread}), "
                f"better in {(differences > 0.0).sum()} of {len(differences)} pairs"), "too few seeds"))
    return lines


def measure(given: Namespace) -> Shares:
    """The shares of all runs."""
    groups = {"tested": TESTED, "development": DEVELOPMENT}
    names = [name for entry in given.cases for name in groups.get(entry, (entry,))]
    names = [name for name in names if name != "digits" or not given.quick]
    given.seeds = given.seeds or (QUICK_SEEDS if given.quick else SEEDS)
    given.installed = [text for text in given.searchers if find_spec(PACKAGES.get(text.split()[0], "numpy"))]
    answers, _ = run(answer, all_jobs(given.installed, names, given.seeds), given.workers, budget=given.budget)
    return {case: shares(case, {
        text: [np.array(answers[text, case, seed]["values"]) for seed in range(given.seeds)]
        for text in given.installed}) for case in names}


def report(scores: Shares, given: Namespace) -> list[str]:
    """A line for each searcher, and the bars."""
    missing = ", ".join(text for text in given.searchers if text not in given.installed)
    rows = []
    for text in given.installed:
        cells = [scores[case][text] for case in scores]
        rows.append([text, *(f"{100.0 * one.mean():.1f} ± {100.0 * harness.spread(list(one)):.1f}" for one in cells)])
    return [
        f"{given.budget} evaluations, {given.seeds} paired seeds. Share of the Pareto front's hypervolume in "
        "per cent, mean and standard deviation over the seeds; 100 is the front itself.",
        *[f"Not installed, and so left out: {missing}."] * bool(missing),
        harness.table(["searcher", *scores], rows), "\n".join(verdicts(scores, given.installed))]


ANSWER = (
    "Won: NSGA2 with its defaults has more of the hypervolume than NSGA-II of Optuna and pymoo and random search on "
    "ZDT1, ZDT2, ZDT3, DTLZ2 and the digits, there 98.7 % against 95.0 of the best of the others; every interval is "
    "above zero. Lost: nothing in this report, in which Optuna's TPE did not run.")
BENCHMARK = Benchmark(
    f"The Pareto front in {BUDGET} evaluations", measure, report, tuple(PACKAGES.values()),
    quick="few seeds, and without digits",
    variant=lambda given: replace(BENCHMARK, title=f"The Pareto front in {given.budget} evaluations"), options={
        "--cases": {"nargs": "+", "default": [*TESTED, "digits"], "metavar": "NAME",
                    "choices": ("tested", "development", *TESTED, *DEVELOPMENT, "digits"),
                    "help": "names of cases, or tested, or development (default: tested and digits)"},
        "--searchers": {"nargs": "+", "default": list(SEARCHERS), "metavar": "NAME", "type": known},
        "--seeds": {"type": count, "metavar": "N", "help": f"default: {SEEDS}, with --quick {QUICK_SEEDS}"},
        "--workers": {"type": count, "default": 2, "help": "processes that run at a time (2)"},
        "--budget": {"type": count, "default": BUDGET, "metavar": "N"}})
