"""How good is the answer of a search whose values are noisy: the best observed trial, or the recommended one?

Normal noise is added to five functions of COCO's noiseless suite in 4 dimensions. Its standard deviation is a share of
the distance of the quartiles of the function's values at random points. A searcher sees noisy values only. Three
answers of each run are evaluated by their true values: the trial with the best noisy value ("observed"), the one with
the best posterior mean ("lowest mean"), and the one with the best posterior mean worsened by its standard deviation
("recommended", as by `Study.recommended`; the same functions are applied to the trials of the peers). "Visited" is the
best true value of all trials, which no method can know.

The score of an answer on a case is 1 - (its median regret) / (the median regret of random search's best observed trial
under the same noise), clipped to [-1, 1]: 0 is random search, 1 is the optimum. All searchers have the same seeds, and
the k-th evaluation has the same noise. Differences have a bootstrap interval over the seeds, each drawn for all cases
together.

    python -m benchmarks noisy_search --levels 0.15 --seeds 10 --searchers bayesian "Optuna TPE"
    python -m benchmarks noisy_search --cases bbob-f06-d3 --first-seed 100
"""

from __future__ import annotations

import zlib
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import black_boxes, harness, peers
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.search_quality import our_searcher, our_space

CASES = tuple(f"bbob-f{function:02d}-d4" for function in (2, 7, 12, 13, 22))
LEVELS, BUDGET, SEEDS = (0.0, 0.05, 0.15, 0.4), 100, 10
QUICK_CASES, QUICK_LEVELS, QUICK_SEEDS = CASES[1:3], (0.0, 0.15), 3
OURS = ("random", "bayesian", "bayesian:gp", "bayesian:tpe", "genetic")
PEERS = ("Optuna TPE", "Optuna GP", "Optuna CMA-ES")
QUICK = ("random", "bayesian", "genetic", "Optuna TPE")
ANSWERS = ("observed", "lowest mean", "recommended", "visited")
PROBES, RESAMPLES = 1000, 2000

Regrets = dict[tuple[str, str, float, str], np.ndarray]  # (searcher, case, level, answer) to regrets by seed


class NoisyRecorder:
    """The loss that is passed to a searcher: it adds noise, and records points, noisy and true values."""

    def __init__(self, case: black_boxes.Case, std: float, budget: int, rng: np.random.Generator) -> None:
        self.case, self.noise = case, std * rng.standard_normal(budget)
        self.points: list[dict[str, Any]] = []
        self.values: list[float] = []
        self.truths: list[float] = []

    def __call__(self, params: dict[str, Any]) -> float:
        if len(self.values) >= len(self.noise):
            raise black_boxes.Spent
        self.points.append(dict(params))
        self.truths.append(self.case.loss(params))
        self.values.append(self.truths[-1] + float(self.noise[len(self.values)]))
        return self.values[-1]


def quartile_distance(case: black_boxes.Case) -> float:
    """Distance of the quartiles of the true values at random points."""
    rng = np.random.default_rng(0)
    points = ({axis.name: float(rng.uniform(axis.low, axis.high)) for axis in case.axes} for _ in range(PROBES))
    low, high = np.quantile([case.loss(point) for point in points], [0.25, 0.75])
    return float(high - low)


def answer(searcher: str, case: str, level: float, seed: int, budget: int) -> dict[str, Any]:
    """The regrets of one run's answers."""
    import scratchtune as st
    from scratchtune.study.recommended import lowest_pessimistic_mean

    loaded = black_boxes.load(case)
    rng = np.random.default_rng([seed, zlib.crc32(case.encode()), round(1000 * level)])
    loss = NoisyRecorder(loaded, level * quartile_distance(loaded), budget, rng)
    if searcher in peers.PEERS:
        peers.minimise(searcher, loaded, loss, budget, seed)
    else:
        study = st.Study(our_space(loaded), searcher=our_searcher(searcher), seed=seed)
        for _ in range(budget):
            trial = study.ask()
            study.tell(trial, loss(trial.params))
    space, values = st.search.Space(our_space(loaded)), np.array(loss.values)
    by_mean, chosen = (lowest_pessimistic_mean(space, loss.points, values, margin).chosen for margin in (0.0, 1.0))
    truths, least = np.array(loss.truths), loaded.best or 0.0
    found = truths[np.argmin(values)], truths[by_mean], truths[chosen], truths.min()
    return {name: float(value) - least for name, value in zip(ANSWERS, found, strict=True)}


def completed(given: Namespace) -> Namespace:
    """The options, with the defaults of a whole or of a quick run, and the searchers that are installed."""
    given.cases = given.cases or list(QUICK_CASES if given.quick else CASES)
    given.levels = given.levels or list(QUICK_LEVELS if given.quick else LEVELS)
    given.seeds = given.seeds or (QUICK_SEEDS if given.quick else SEEDS)
    given.trials = given.trials or (BUDGET // 2 if given.quick else BUDGET)
    wanted = given.searchers or (QUICK if given.quick else (*OURS, *PEERS))
    given.missing = [name for name in wanted if name in peers.PEERS and peers.version(name) is None]
    given.names = list(dict.fromkeys(["random", *(name for name in wanted if name not in given.missing)]))
    return given


def measure(given: Namespace) -> Regrets:
    """All runs, one at a time, each searcher in a process of its own."""
    given = completed(given)
    workers = {name: harness.Worker(answer, name, harness.environment(1, PYTHONWARNINGS="ignore"))
               for name in given.names}
    found: dict[tuple[str, str, float, str], list[float]] = {}
    jobs = [(seed, case, level, name) for seed in range(given.first_seed, given.first_seed + given.seeds)
            for case in given.cases for level in given.levels for name in given.names]
    for seed, case, level, name in tqdm(jobs, desc="searches", unit=" runs", disable=None):
        regrets = workers[name].ask(searcher=name, case=case, level=level, seed=seed, budget=given.trials)
        for kind, regret in regrets.items():
            found.setdefault((name, case, level, kind), []).append(regret)
    for worker in workers.values():
        worker.close()
    return {key: np.array(regrets) for key, regrets in found.items()}


# Scores ---------------------------------------------------------------------------------------------------------------


class Scores:
    """Mean scores over the cases at one level of noise, with resampled seeds for intervals."""

    def __init__(self, regrets: Regrets, cases: Sequence[str], level: float, seeds: int) -> None:
        self.regrets, self.cases, self.level = regrets, cases, level
        self.draws = [np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))] * len(cases)

    def on(self, name: str, case: str, kind: str, draw: Any = slice(None)) -> np.ndarray:
        """The score on one case; one for each row of ``draw``, indices of seeds."""
        ours = np.median(self.regrets[name, case, self.level, kind][draw], axis=-1)
        theirs = np.maximum(np.median(self.regrets["random", case, self.level, "observed"][draw], axis=-1), 1e-300)
        return np.clip(1.0 - ours / theirs, -1.0, 1.0)

    def mean(self, name: str, kind: str) -> float:
        """The mean over the cases."""
        return float(np.mean([self.on(name, case, kind) for case in self.cases]))

    def difference(self, name: str, kind: str, other: str, other_kind: str) -> str:
        """The difference of two means, and its 95 % interval."""
        drawn = np.mean([self.on(name, case, kind, draw) - self.on(other, case, other_kind, draw)
                         for case, draw in zip(self.cases, self.draws, strict=True)], axis=0)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return f"{self.mean(name, kind) - self.mean(other, other_kind):+.2f} ({low:+.2f} to {high:+.2f})"


def report(regrets: Regrets, given: Namespace) -> list[str]:
    """Mean scores of each answer, and differences of answers."""
    names = given.names
    scores = {level: Scores(regrets, given.cases, level, given.seeds) for level in given.levels}
    levels = [f"noise {level:g}" for level in given.levels]
    means = [[name, kind, *(f"{scores[level].mean(name, kind):+.2f}" for level in given.levels)]
             for name in names for kind in ANSWERS]
    gains = [[name, *(scores[level].difference(name, "recommended", name, "observed") for level in given.levels)]
             for name in names]
    over_means = [[name, *(scores[level].difference(name, "recommended", name, "lowest mean")
                           for level in given.levels)] for name in names]
    rivals = [name for name in names if name != "bayesian"]
    leads = [[name, kind, *(scores[level].difference("bayesian", "recommended", name, kind)
                            for level in given.levels)] for name in rivals for kind in ("observed", "recommended")]
    paragraphs = [
        f"{len(given.cases)} cases ({', '.join(given.cases)}), {given.trials} trials, seeds {given.first_seed} to "
        f"{given.first_seed + given.seeds - 1}. Noise is in units of the distance of the quartiles of the function's "
        "values at random points.",
        harness.table(["mean score", "answer", *levels], means, "ll" + "r" * len(levels)),
        "The recommended trial less the best observed one of the same run, with 95 % intervals:",
        harness.table(["searcher", *levels], gains),
        "The recommended trial less that of the lowest posterior mean:",
        harness.table(["searcher", *levels], over_means)]
    if "bayesian" in names and rivals:
        paragraphs += ["The recommended trial of BayesianSearch less another searcher's answer:",
                       harness.table(["less", "answer", *levels], leads, "ll" + "r" * len(levels))]
    return paragraphs + ([f"Not installed: {', '.join(given.missing)}."] if given.missing else [])


BENCHMARK = Benchmark(
    "Answers under noise", measure, report, ("optuna", "cmaes", "ioh"),
    quick="two functions, two levels, three seeds, 50 trials", options={
        "--searchers": {"nargs": "+", "metavar": "NAME", "help": f"of {', '.join((*OURS, *PEERS))}"},
        "--cases": {"nargs": "+", "help": f"names (default: {' '.join(CASES)})"},
        "--levels": {"nargs": "+", "type": float, "help": f"of noise (default: {LEVELS})"},
        "--seeds": {"type": count, "help": f"how many ({SEEDS}, or {QUICK_SEEDS} with --quick)"},
        "--first-seed": {"type": int, "default": 0},
        "--trials": {"type": count, "help": f"of each run ({BUDGET}, or 50 with --quick)"}})
