"""Is the gain of tuning real? The corrected score of the best configuration, against the truth.

A table of trained networks: 64 configurations are cross-validated on 200 of the digits, for 50 draws of these rows. The
truth of a configuration is its mean accuracy on the rows outside the draw, over all draws and folds. Random search and
Bayesian search then run on the table. A second table holds one configuration 30 times, with other seeds, for 100 draws:
there no configuration is better than another.

The method of `optimism` was chosen on this task. Its draws were stratified after results had been seen. So these
results are no confirmation; `benchmarks.gain_confirmation` has another task, which played no part in any choice.
"""

from __future__ import annotations

import itertools
from argparse import Namespace
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import table, verdict
from scratchtune.evaluation import StratifiedKFold, train_test_split

LEVELS: dict[str, tuple[Any, ...]] = {
    "units": (8, 16, 32, 64), "learning_rate": (0.001, 0.003, 0.01, 0.03), "epochs": (5, 10, 20, 40)}
GRID = list(itertools.product(*LEVELS.values()))
EQUAL = [(16, 0.01, 20)] * 30
ROWS, FOLDS, TRIALS = 200, 5, 30


class Tables(NamedTuple):
    """Scores (draws, configurations, folds) on the test rows of the folds, and on the rows outside the draw."""

    inside: np.ndarray
    outside: np.ndarray


class Search(NamedTuple):
    """What a study searches: the levels of each hyper-parameter, the default's indices, and the number of trials."""

    levels: dict[str, tuple[Any, ...]]
    default: dict[str, int]
    trials: int

    def index(self, params: dict[str, Any]) -> int:
        """The index of a configuration, given by the indices of its levels, in the table."""
        sizes = tuple(len(levels) for levels in self.levels.values())
        return int(np.ravel_multi_index([params[name] for name in self.levels], sizes))


SEARCH = Search(LEVELS, {"units": 1, "learning_rate": 1, "epochs": 1}, TRIALS)
Group = tuple[list[st.Study], list[np.ndarray]]  # studies, and the true values of their trials


class Fold(NamedTuple):
    """The result of a fold, as a study reads it."""

    score: float
    fit_time: float = 0.0
    score_time: float = 0.0
    visits: int = 0


def trained(configurations: list[tuple[Any, ...]], draws: int) -> Tables:
    """Train every configuration on every fold of every draw."""
    X, y = st.datasets.load_digits()
    X = (X / 16.0).astype(np.float32)
    shape = draws, len(configurations), FOLDS
    inside, outside = np.zeros(shape), np.zeros(shape)
    for draw in tqdm(range(draws), desc="training", unit=" draws", disable=None):
        rows, rest = train_test_split(np.arange(len(y)), train_size=ROWS, stratify=y, random_state=draw)
        folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=draw).split(X[rows], y[rows]))
        for (i, given), (k, (train, test)) in itertools.product(enumerate(configurations), enumerate(folds)):
            seed = (draw * len(configurations) + i) * FOLDS + k
            hits = _hits(given, seed, (X[rows[train]], y[rows[train]]), np.concatenate([rows[test], rest]), (X, y))
            inside[draw, i, k], outside[draw, i, k] = hits[: len(test)].mean(), hits[len(test) :].mean()
    return Tables(inside, outside)


def _hits(
    given: tuple[Any, ...], seed: int, training: tuple[np.ndarray, np.ndarray], rows: np.ndarray,
    data: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Which of the rows a network classifies correctly."""
    units, rate, epochs = given
    model = st.Sequential([st.layers.Dense(units, activation="relu"), st.layers.Dense(10, activation="softmax")],
                          seed=seed)
    model.compile(st.Adam(rate), loss="sparse_categorical_crossentropy")
    model.fit(*training, epochs=epochs, batch_size=32, verbose=0)
    return np.asarray(model.predict(data[0][rows]).argmax(axis=1) == data[1][rows])


def searched(search: Search, scores: np.ndarray, searcher: str, seed: int) -> st.Study:
    """A study on the table (configurations, folds) of one draw; its first trial, enqueued, is the default."""
    space = {name: st.Int(0, len(levels) - 1) for name, levels in search.levels.items()}
    study = st.Study(space, searcher, direction="maximize", seed=seed)
    study.enqueue(search.default)
    study.run_folds(lambda trial, fold: Fold(float(scores[search.index(trial.params), fold])), scores.shape[1],
                    lambda found: float(np.mean([fold.score for fold in found])), search.trials)
    return study


def equal_study(scores: np.ndarray) -> st.Study:
    """A study of configurations that are all equal (configurations, folds); the first one is the default."""
    study = st.Study({"index": list(range(len(scores)))}, "grid", direction="maximize")
    study.enqueue({"index": 0})
    study.run_folds(lambda trial, fold: Fold(float(scores[trial.params["index"], fold])), scores.shape[1],
                    lambda found: float(np.mean([fold.score for fold in found])), len(scores))
    return study


# Other corrections, of scores (n, k) ----------------------------------------------------------------------------------


def tibshirani(scores: np.ndarray) -> float:
    """Tibshirani and Tibshirani (2009): minus the mean over folds of the fold's best score minus the winner's."""
    winner = scores[scores.mean(axis=1).argmax()]
    return float(winner.mean() - (scores.max(axis=0) - winner).mean())


def bootstrap_over_folds(scores: np.ndarray, draws: int = 300) -> float:
    """Tsamardinos et al. (2018), over folds: choose by folds that are drawn, score by those that are not."""
    rng, folds, found = np.random.default_rng(0), scores.shape[1], []
    for _ in range(draws):
        drawn = rng.integers(folds, size=folds)
        left = np.setdiff1d(np.arange(folds), drawn)
        if len(left):
            found.append(scores[scores[:, drawn].mean(axis=1).argmax()][left].mean())
    return float(np.mean(found))


def errors(studies: list[st.Study], truths: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Estimates minus the truth (studies, 4), and the share of intervals that hold it; truths (trials,) by study."""
    found, held = [], 0
    for study, truth in zip(studies, truths, strict=True):
        scores, result = np.array([trial.scores for trial in study.trials]), st.insight.optimism(study)
        true = truth[result.trial]
        held += result.low <= true <= result.high
        found.append([result.best - true, tibshirani(scores) - true, bootstrap_over_folds(scores) - true,
                      result.corrected - true])
    return np.array(found), held / len(studies)


def measure(given: Namespace) -> tuple[Tables, Tables]:
    """The tables of different and of equal configurations."""
    return trained(GRID, given.seeds), trained(EQUAL, given.studies)


def report(found: tuple[Tables, Tables], _: Namespace) -> list[str]:
    """Studies on the tables, against the truth."""
    grid, equal = found
    groups = {name: group_of(SEARCH, grid, name) for name in ("random", "bayesian")}
    groups["all equal"] = equal_group(equal)
    return [
        "The method of `optimism` was chosen on this task, and the draws of its rows were stratified after results had "
        "been seen. So this page is no confirmation. [The confirmatory task](gain_confirmation.md) played no part in "
        "any choice.",
        f"{TRIALS} trials a study on {FOLDS} folds of {ROWS} digits. {CELLS}", *results_of(groups, "all equal")]


# What both tasks report -----------------------------------------------------------------------------------------------

CELLS = "Each cell: bias / mean absolute error of the estimate of the winner's accuracy."


def group_of(search: Search, grid: Tables, searcher: str) -> Group:
    """A study on each draw, and the truth of its trials: the mean over all draws and folds on new rows."""
    truth = grid.outside.mean(axis=(0, 2))
    studies = [searched(search, scores, searcher, seed)
               for seed, scores in enumerate(tqdm(grid.inside, searcher, disable=None))]
    return studies, [truth[[search.index(trial.params) for trial in study.trials]] for study in studies]


def equal_group(equal: Tables) -> Group:
    """A study of equal configurations on each draw; all have one truth."""
    studies = [equal_study(scores) for scores in equal.inside]
    return studies, [np.full(equal.inside.shape[1], equal.outside.mean())] * len(studies)


def results_of(groups: dict[str, Group], *equal: str) -> list[str]:
    """The table of all groups, a line on real gains, and the bars; ``equal`` names the groups without any gain."""
    rows, bars, real = [], [], []
    for name, (studies, truths) in groups.items():
        off, held = errors(studies, truths)
        size = abs(off).mean(axis=0)
        cells = [f"{b:+.4f} / {m:.4f}" for b, m in zip(off.mean(axis=0), size, strict=True)]
        rows.append([name, str(len(studies)), *cells, f"{held:.2f}"])
        bars.append(verdict(bool(size[3] < size[0]),
                            f"{name}: mean absolute error {size[3]:.4f} corrected, {size[0]:.4f} raw"))
        at_least = 0.95 - 2.0 * (0.95 * 0.05 / len(studies)) ** 0.5
        bars.append(verdict(held >= at_least, f"{name}: the 95% interval holds the truth in {held:.0%} of the studies; "
                                              f"bar {at_least:.0%}, two standard errors below 95%"))
        gains = sum(st.insight.gain(study).real for study in studies)
        real.append(f"{name} {gains} of {len(studies)}")
        if name in equal:
            none = len(studies) - gains
            bars.append(verdict(none >= 0.95 * len(studies),
                                f"{name}: no gain reported in {none} of {len(studies)} studies; bar 95%"))
    headings = ["table and searcher", "studies", "best score", "Tibshirani", "bootstrap over folds", "optimism()",
                "coverage"]
    return [table(headings, rows), f"Studies with a real gain over the default: {', '.join(real)}.", "\n".join(bars)]


OPTIONS = {"--seeds": {"type": count, "default": 50, "help": "draws of different configurations (50)"},
           "--studies": {"type": count, "default": 100, "help": "draws of equal configurations (100)"}}
BENCHMARK = Benchmark("Is the gain real?", measure, report, options=OPTIONS)
