"""How close do 200 evaluations come to the Pareto front: NSGA-II here, in Optuna and in pymoo, and random search?

The score of a run is the share of the Pareto front's hypervolume that its trials have. All have the same seeds. Each
searcher runs with its own defaults, and with populations of 20, 50 and 100, of which 50 is Optuna's default and 100
pymoo's; Optuna's TPE is there as the best of Optuna's. In the case ``digits`` a network is trained on the digits: the
validation error against the logarithm of the multiply-adds of its training, which stand for time, since times would
differ from run to run. Its front is not known; all runs together have 100 %.

The defaults of `NSGA2` were chosen on the cases of ``--cases development``, and on no other ones. Examples:

    python -m benchmarks pareto --cases development --searchers ours:offspring=4 ours:brood=1 --seeds 5

Sources: Zitzler, Deb and Thiele (2000), "Comparison of multiobjective evolutionary algorithms: empirical results", for
ZDT; Deb, Thiele, Laumanns and Zitzler (2002), "Scalable multi-objective optimization test problems", for DTLZ; Fonseca
and Fleming (1995), "Multiobjective genetic algorithms made easy".
"""

from __future__ import annotations

import functools
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common import harness
from benchmarks.common.askers import argument
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.black_boxes import Recorder, Spent
from benchmarks.common.regrets import FEWEST, RESAMPLES, all_jobs, run
from scratchtune.core.search import hypervolume

BUDGET, SEEDS, QUICK_BUDGET, QUICK_SEEDS = 200, 20, 50, 2
TESTED, DEVELOPMENT = ("ZDT1", "ZDT2", "ZDT3", "DTLZ2"), ("ZDT4", "ZDT6", "Fonseca", "DTLZ7")
ON_FRONT = 2001  # points at which a front is sampled
OURS = "ours"
SEARCHERS = (
    OURS, "ours:population=20", "ours:population=50", "ours:population=100", "ours:paper", "Optuna NSGA-II",
    "Optuna NSGA-II:population=20", "Optuna NSGA-II:population=100", "pymoo NSGA-II", "pymoo NSGA-II:population=20",
    "pymoo NSGA-II:population=50", "Optuna TPE", "random")
PACKAGES = {"Optuna": "optuna", "pymoo": "pymoo"}

Losses = Callable[[np.ndarray], Any]
Shares = dict[str, dict[str, np.ndarray]]  # case to searcher to the share of the hypervolume by seed


# Problems -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """Two objectives to minimise, of ``dimension`` parameters from ``low`` to ``high``, and points on the Pareto front.

    ``front`` is empty where it is not known. ``reference`` is beyond what either objective can be, so that every trial
    has a part in the hypervolume.
    """

    name: str
    dimension: int
    loss: Callable[[np.ndarray], tuple[float, float]]
    front: np.ndarray
    reference: tuple[float, float]
    low: float = 0.0
    high: float = 1.0


def zdt(
    x: np.ndarray, shape: Callable[[float, float], float], g: Callable[[np.ndarray], float] | None = None,
) -> tuple[float, float]:
    """f1 is the first parameter, f2 = g · shape(f1, g), where g >= 1 depends on the others; on the front it is 1."""
    scale = 1.0 + 9.0 * float(np.mean(x[1:])) if g is None else g(x[1:])
    return float(x[0]), scale * shape(float(x[0]), scale)


def zdt4(x: np.ndarray) -> tuple[float, float]:
    """As ZDT1, where g has many local minima; the parameters after the first one are from −5 to 5."""
    rest = 10.0 * x[1:] - 5.0
    g = 1.0 + 10.0 * len(rest) + float(np.sum(rest**2 - 10.0 * np.cos(4.0 * np.pi * rest)))
    return float(x[0]), g * (1.0 - float(np.sqrt(x[0] / g)))


def first_of_zdt6(x: np.ndarray) -> np.ndarray:
    """f1 of ZDT6, which is not uniform in the first parameter."""
    return np.asarray(1.0 - np.exp(-4.0 * x) * np.sin(6.0 * np.pi * x) ** 6)


def zdt6(x: np.ndarray) -> tuple[float, float]:
    """Few configurations are near the front."""
    first, g = float(first_of_zdt6(x[:1])[0]), 1.0 + 9.0 * float(np.mean(x[1:])) ** 0.25
    return first, g * (1.0 - (first / g) ** 2)


def dtlz2(x: np.ndarray) -> tuple[float, float]:
    """The front is a quarter of a circle."""
    g, angle = float(np.sum((x[1:] - 0.5) ** 2)), 0.5 * np.pi * x[0]
    return float((1.0 + g) * np.cos(angle)), float((1.0 + g) * np.sin(angle))


def dtlz7(x: np.ndarray) -> tuple[float, float]:
    """The front has several parts."""
    g = 1.0 + 9.0 * float(np.mean(x[1:]))
    return float(x[0]), (1.0 + g) * (2.0 - float(x[0]) / (1.0 + g) * (1.0 + float(np.sin(3.0 * np.pi * x[0]))))


def fonseca(x: np.ndarray) -> tuple[float, float]:
    """A concave front."""
    centre = 1.0 / np.sqrt(len(x))
    return float(1.0 - np.exp(-np.sum((x - centre) ** 2))), float(1.0 - np.exp(-np.sum((x + centre) ** 2)))


def root(f: float, g: float) -> float:
    """The shape of ZDT1: a convex front."""
    return 1.0 - float(np.sqrt(f / g))


def square(f: float, g: float) -> float:
    """The shape of ZDT2: a concave front."""
    return 1.0 - (f / g) ** 2


def waves(f: float, g: float) -> float:
    """The shape of ZDT3: a front of five parts."""
    return 1.0 - float(np.sqrt(f / g)) - f / g * float(np.sin(10.0 * np.pi * f))


def problem(name: str) -> Problem:
    """The problem of a name."""
    f = np.linspace(0.0, 1.0, ON_FRONT)
    sixth, angles = first_of_zdt6(f), 0.5 * np.pi * f
    line = np.linspace(-1.0, 1.0, ON_FRONT) / np.sqrt(3.0)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    made = {
        "ZDT1": lambda: Problem(name, 30, lambda x: zdt(x, root), of(f, lambda v: root(v, 1.0)), (1.1, 11.0)),
        "ZDT2": lambda: Problem(name, 30, lambda x: zdt(x, square), of(f, lambda v: square(v, 1.0)), (1.1, 11.0)),
        "ZDT3": lambda: Problem(name, 30, lambda x: zdt(x, waves), of(f, lambda v: waves(v, 1.0)), (1.1, 11.0)),
        "ZDT4": lambda: Problem(name, 10, zdt4, of(f, lambda v: root(v, 1.0)), (1.1, 450.0)),
        "ZDT6": lambda: Problem(name, 10, zdt6, of(sixth, lambda v: square(v, 1.0)), (1.1, 11.0)),
        "DTLZ2": lambda: Problem(name, 11, dtlz2, circle, (3.85, 3.85)),
        "DTLZ7": lambda: Problem(name, 11, dtlz7, of(f, lambda v: dtlz7(np.array([v, 0.0]))[1]), (1.1, 24.0)),
        "Fonseca": lambda: Problem(name, 3, fonseca, np.array([fonseca(np.full(3, v)) for v in line]), (1.1, 1.1),
                                   -4.0, 4.0),
        "digits": digits,
    }
    return made[name]()


def of(first: np.ndarray, second: Callable[[float], float]) -> np.ndarray:
    """Points of a front, from f1 and what f2 is for it."""
    return np.column_stack([first, [second(float(value)) for value in first]])


def digits() -> Problem:
    """The validation error of a network on the digits, against the logarithm of the multiply-adds of its training.

    Units 4 to 256, one or two hidden layers, 2 to 64 epochs, batches of 8 to 256 rows, a learning rate of 1e-4 to 1e-1.
    The parameters are unit values of these ranges, on a logarithmic scale; integers are rounded.
    """
    import scratchtune as st

    X, y = st.datasets.load_digits()
    X_train, X_valid, y_train, y_valid = st.train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)

    def between(low: float, high: float, u: float) -> float:
        return float(low * (high / low) ** u)

    def losses(x: np.ndarray) -> tuple[float, float]:
        units, epochs = round(between(4, 256, x[0])), round(between(2, 64, x[1]))
        layers, batch, rate = 1 + int(x[2] > 0.5), round(between(8, 256, x[3])), between(1e-4, 1e-1, x[4])
        model = st.MLPClassifier(hidden_layers=layers, units=units, epochs=epochs, batch_size=batch,
                                 learning_rate=rate, random_state=0)
        error = 1.0 - float(model.fit(X_train, y_train).score(X_valid, y_valid))
        weights = 64 * units + (layers - 1) * units**2 + 10 * units
        return error, float(np.log10(3.0 * weights * len(X_train) * epochs))  # forwards, and twice backwards

    return Problem("digits", 5, losses, np.empty((0, 2)), (1.0, 10.6))


# Searchers: each calls the losses of a point until the budget is spent ------------------------------------------------


def ours(case: Problem, losses: Losses, budget: int, seed: int, **arguments: Any) -> None:
    """A study with `NSGA2`; ``paper`` is the algorithm of the paper, without a surrogate and small generations."""
    import scratchtune as st

    if arguments.pop("model", "") == "paper":
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
    arguments = dict(argument(part) for part in given.split(",") if part)
    kinds = {OURS: ours, "Optuna NSGA-II": optuna, "pymoo NSGA-II": pymoo,
             "Optuna TPE": functools.partial(optuna, tpe=True), "random": functools.partial(ours, random=True)}
    if name not in kinds:
        raise ArgumentTypeError(f"{text!r} is none of {', '.join(kinds)}, with arguments after a colon")
    return functools.partial(kinds[name], **arguments)


def answer(searcher: str, case: str, seed: int, budget: int) -> dict[str, Any]:
    """The losses that a searcher has found, (budget, 2)."""
    of_case = problem(case)
    losses = Recorder(of_case, budget)
    with suppress(Spent):  # of a searcher that counts whole generations
        searcher_of(searcher)(of_case, losses, budget, seed)
    return {"values": losses.values}


# Scores ---------------------------------------------------------------------------------------------------------------


def interval(differences: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of paired differences, by resampling the seeds."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(RESAMPLES, len(differences)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def shares(of_case: Problem, found: dict[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
    """The share of the front's hypervolume that each run of each searcher has, (seeds,)."""
    known = of_case.front if len(of_case.front) else np.concatenate([run for runs in found.values() for run in runs])
    largest = hypervolume(known, of_case.reference)
    return {name: np.array([hypervolume(one, of_case.reference) / largest for one in runs])
            for name, runs in found.items()}


def verdicts(scores: Shares, searchers: Sequence[str]) -> list[str]:
    """One line for each case and searcher of ``searchers`` that is not ours: ours with its defaults against it."""
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
    given.budget = given.budget or (QUICK_BUDGET if given.quick else BUDGET)
    given.installed = [text for text in given.searchers if not harness.missing(
        PACKAGES.get(text.split()[0], "numpy"))]
    answers, _ = run(answer, all_jobs(given.installed, names, given.seeds), given.workers, budget=given.budget)
    return {case: shares(problem(case), {
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
    "The Pareto front", measure, report, tuple(PACKAGES.values()),
    quick=f"{QUICK_BUDGET} evaluations, {QUICK_SEEDS} seeds, and without digits", options={
        "--cases": {"nargs": "+", "default": [*TESTED, "digits"], "metavar": "NAME",
                    "choices": ("tested", "development", *TESTED, *DEVELOPMENT, "digits"),
                    "help": "names of cases, or tested, or development (default: tested and digits)"},
        "--searchers": {"nargs": "+", "default": list(SEARCHERS), "metavar": "NAME",
                        "type": lambda text: searcher_of(text) and text},
        "--seeds": {"type": count, "metavar": "N", "help": f"default: {SEEDS}, with --quick {QUICK_SEEDS}"},
        "--workers": {"type": count, "default": 2, "help": "processes that run at a time (2)"},
        "--budget": {"type": count, "metavar": "N", "help": f"default: {BUDGET}, with --quick {QUICK_BUDGET}"}})
