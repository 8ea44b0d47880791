"""``scratchtune compare``: every searcher tunes one network on the same rows, with about the same budget.

The budget is a number of configurations, each trained for all epochs. A grid has the finest resolution that needs at
most so many. Hyperband may try more, since it trains most of them for only a few epochs: its trials fit into the same
total number of epochs. A test set is held out first and used once, at the end: no searcher has seen it.

Implements sections 1.2 and 9.1 of the document.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.cli.parsing import Parser
from scratchtune.core import checks
from scratchtune.core.data.digits import load_digits
from scratchtune.core.digests import digest_of
from scratchtune.core.evaluation.cross_validation import FoldScore
from scratchtune.core.evaluation.selection import corrected_standard_error, student_quantile
from scratchtune.core.evaluation.splits import Split, StratifiedKFold, train_test_split
from scratchtune.core.network.layers.dense import Dense
from scratchtune.core.network.optimizers import Adam
from scratchtune.core.network.sequential import Sequential
from scratchtune.core.search import SEARCHERS, Float, Hyperband, Searcher, Space, as_searcher
from scratchtune.core.search.grid import finest_grid
from scratchtune.core.streams import aligned, note, shown_params, tell
from scratchtune.core.study import Study, Trial
from scratchtune.core.study.best import of_largest_budget, repeats, said_repeats, so_far
from scratchtune.core.study.fold_run import run_folds, timed
from scratchtune.core.study.progress import Progress
from scratchtune.core.study.trial import finished_count
from scratchtune.examples.shared import checked_options, write_report
from scratchtune.insight.ablation_path import PairedGain
from scratchtune.insight.drawing import COLOURS, canvas, finish, legend_below, limit_values, save
from scratchtune.insight.verdicts import gathered, has_scores, have_fold_scores, verdict

EPOCHS = 27  # a power of three, so that Hyperband's budgets are integers
FOLDS = 5
TEST_SHARE = 0.2
WARM = 20  # trials after which every searcher has proposed from its model
NAMES = [name for name in SEARCHERS if name != "cmaes"]  # which refuses choices, and the space has some
SPACE: dict[str, Any] = {
    "learning_rate": Float(1e-4, 1e-1, log=True),
    "batch_size": [32, 64, 128],
    "decay": Float(1e-4, 1e-1, log=True),  # without it the loss fluctuates in the last steps of a training
}


def add_compare(parser: Parser) -> None:
    """Add the arguments of ``scratchtune compare``."""
    add = parser.add_argument
    add("--data", choices=["digits"], help="the data set to tune on (default: digits)")
    add("--searchers", nargs="+", metavar="NAME", default=[], help=f"some of {', '.join(NAMES)} (default: all)")
    add("--trials", type=int, default=27, metavar="N",
        help="the largest number of configurations per searcher; hyperband runs at most one full schedule, within the "
             "epochs that they take, but at least up to its first trial of all epochs (default: 27)")
    parser.add_shared("--jobs", "--seed", "--db")
    parser.add_shared("--report", more=" (default: report.html in --out)")
    add("--out", type=Path, default=Path("."), metavar="DIR",
        help="the folder in which the picture is saved (default: .)")


def run_compare(given: argparse.Namespace) -> None:
    """Run ``scratchtune compare``: tune by each searcher, print the table, draw the picture, write the report."""
    checks.integer("--trials", given.trials, 1)
    for name in given.searchers:
        checks.choice("--searchers", name, NAMES)
    page = checked_options(given.out, given.jobs, given.seed, given.report, given.db, "comparison.png")
    X, y = load_digits()
    result = compare(X / 16.0, y, given.searchers, given.trials, given.seed, given.jobs, given.db)
    picture = save(plot_comparison(result).figure, given.out / "comparison.png")
    tell(f"{result.text()}\npicture: {picture}")
    write_report(page, [row.study for row in result.rows])
    note("try it yourself: scratchtune play, a game against these searchers in your browser")


@dataclass
class SearcherResult:
    """The result of one searcher: its study, and the accuracy of its best configuration on the held-out test set."""

    searcher: str
    study: Study
    test_accuracy: float
    seconds: float

    @property
    def configurations(self) -> int:
        """How many configurations it has tried; a promoted trial is not a new one."""
        return sum(trial.parent is None for trial in self.study.trials)

    @property
    def costs(self) -> list[int]:
        """Epochs of each trial, summed over the folds; of a promoted trial those beyond its parent's."""
        trials = self.study.trials
        return [FOLDS * (epochs_of(trial) - (0 if trial.parent is None else epochs_of(trials[trial.parent])))
                for trial in trials]


@dataclass
class Comparison:
    """The result of each searcher, and the numbers of rows of the training set and of the test set."""

    rows: list[SearcherResult]
    training_rows: int
    test_rows: int
    resumed: bool = False  # whether a file held trials already, whose seconds are not measured again

    @property
    def winner(self) -> SearcherResult:
        """The result with the best cross-validated score after the most epochs; the test set is not used here."""
        return max(self.rows, key=lambda row: (epochs_of(row.study.best_trial), row.study.best_value))

    def text(self) -> str:
        """Return the table, the winner, why its configuration was tried, and which differences may be chance."""
        winner, study = self.winner, self.winner.study
        rows = [["searcher", "cv score", f"less {winner.searcher}'s", "test", "configs", "epochs",
                 "seconds now" if self.resumed else "seconds", "best configuration"]]
        less = ["" if row is winner or found is None else f"{found.mean:+.4f} ± {found.high - found.mean:.4f}"
                for row, found in zip(self.rows, self.differences(), strict=True)]
        rows += [[row.searcher, f"{row.study.best_value:.4f}", difference, f"{row.test_accuracy:.4f}",
                  str(row.configurations), f"{sum(row.costs):,}", f"{row.seconds:.1f}",
                  shown_params(row.study.best_params)] for row, difference in zip(self.rows, less, strict=True)]
        best = study.best_trial
        repeated = said_repeats(repeats(study.trials, best, study.space))
        return "\n".join([
            f"accuracy of the example network (one hidden layer of 64 units), {EPOCHS} epochs; cross-validated on "
            f"{self.training_rows} rows in {FOLDS} folds; held-out test set: {self.test_rows} rows, a fifth of each "
            "class, drawn at random", "", *aligned(rows, left=[0, 7]), *self._chance(), *self.said_of_the_others(), "",
            f"best by cross-validation: {winner.searcher}, trial {best.number}, {shown_params(best.params)}; "
            f"test accuracy {winner.test_accuracy:.4f}" + (repeated and f"; {repeated}"),
            f"why: {study.why(best.number)}", *self._verdict(),
        ])

    def differences(self) -> list[PairedGain | None]:
        """By how much the best score of each searcher differs from the winner's; None where a fold's score is missing.

        The intervals are of 95 %, paired over the folds, and corrected, since folds share training rows.
        """
        trials = [row.study.best_trial for row in self.rows]
        best = self.winner.study.best_trial
        return [_difference(np.array(trial.scores, float) - np.array(best.scores, float))
                if has_scores(trial) and has_scores(best) else None for trial in trials]

    def said_of_the_others(self) -> list[str]:
        """Say which searchers are worse than the winner by more than chance; nothing where scores are missing."""
        winner, differences = self.winner.searcher, self.differences()
        others = [(row.searcher, found) for row, found in zip(self.rows, differences, strict=True)
                  if row is not self.winner and found is not None]
        worse = [name for name, found in others if found.high < 0.0]
        alike = [name for name, found in others if found.high >= 0.0]
        said = [f"worse than {winner} by more than chance: {', '.join(worse)}"] * bool(worse)
        said += [f"not shown to be worse than {winner}: {', '.join(alike)}"] * bool(alike)
        return [f"searchers: {'; '.join(said)} (one seed; 95 % intervals over the {FOLDS} folds)"] * bool(said)

    def _verdict(self) -> list[str]:
        """Say whether the best of all searchers' configurations is really better; nothing if scores are missing."""
        studies = [row.study for row in self.rows]
        return [f"verdict: {verdict(gathered(studies), 'accuracy')} (By cross-validation, over all searchers; the test "
                "set took no part in it.)"] if all(map(have_fold_scores, studies)) else []

    def _chance(self) -> list[str]:
        """Say which differences of test accuracies may be chance; nothing where all rows are right, or all wrong."""
        p, n = self.winner.test_accuracy, self.test_rows
        return [f"test: a difference below about 2 x {np.sqrt(p * (1.0 - p) / n):.4f} may be chance (the standard "
                f"error of an accuracy p on n rows is sqrt(p (1 - p) / n); here p = {p:.4f}, n = {n})"] * (0 < p < 1)


def _difference(scores: np.ndarray) -> PairedGain:
    """The mean of differences on the folds, and its interval by the corrected standard error."""
    mean = float(scores.mean())
    reach = student_quantile(0.95, FOLDS - 1) * corrected_standard_error(scores, FOLDS - 1, 1)
    return PairedGain(mean, mean - reach, mean + reach, len(scores))


def plot_comparison(result: Comparison) -> Any:
    """Draw the best score so far of each searcher by the epochs spent, and how far its last one is from the winner's.

    A line begins with the first trial that was trained for all epochs; random search is grey, as the reference. Beside
    it are the differences from the winner with their intervals: one that reaches 0 may be chance. The left axis is
    never finer than these intervals. Returns the Axes of the lines.
    """
    (axes, beside), shown = canvas(2, (9.6, 4.2))[1], []
    looks = [{"color": "0.6", "zorder": 1.5} if row.searcher == "random" else {"color": colour}
             for row, colour in zip(result.rows, cycle(COLOURS))]
    for row, look in zip(result.rows, looks, strict=True):
        study, paid = row.study, np.cumsum(row.costs)
        numbers = [trial.number for trial in of_largest_budget(study.trials)]
        best = [float(trial.value or 0.0) for trial in so_far(study.trials, study.direction)]
        axes.step([*paid[numbers], paid[-1]], [*best, best[-1]], where="post", lw=2, label=row.searcher, **look)
        shown += best
    finish(axes, f"epochs, summed over {FOLDS} folds", "best cross-validated accuracy so far",
           "Best accuracy by the epochs spent", f"of the trials of all {EPOCHS} epochs; the grey band may be chance")
    widest = _draw_differences(beside, result, looks)
    top = float(result.winner.study.best_value)
    limit_values(axes, result.winner.study, np.array(shown))
    if widest:
        axes.axhspan(top - widest, top, color="0.93", zorder=0.1)
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, top - 1.6 * widest), max(high, top + 0.2 * widest))
    legend_below(axes)
    return axes


def _draw_differences(axes: Any, result: Comparison, looks: Sequence[dict[str, Any]]) -> float:
    """Draw each searcher's difference from the winner with its interval; return half of the widest interval."""
    reaches = [0.0]
    for place, (found, look) in enumerate(zip(result.differences(), looks, strict=True)):
        if found is not None:
            reaches.append(found.high - found.mean)
            axes.errorbar(found.mean, -place, xerr=reaches[-1], fmt="o", capsize=4, lw=2, color=look["color"])
    axes.axvline(0.0, color="0.3", lw=1, zorder=0.5)
    axes.locator_params(axis="x", nbins=5)
    axes.set_yticks([-place for place in range(len(result.rows))], [row.searcher for row in result.rows])
    finish(axes, f"accuracy less that of {result.winner.searcher}, the winner", None, "What can be shown",
           "on the same folds, 95 % intervals: one that reaches 0 may be chance")
    return max(reaches)


def network(classes: int, seed: int) -> Sequential:
    """Return the document's network: one hidden layer of 64 units with ReLU, softmax, Adam."""
    model = Sequential([Dense(64, activation="relu"), Dense(classes, activation="softmax")], seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate=0.01), metrics=["accuracy"])
    return model


def compare(
    X: np.ndarray, y: np.ndarray, searchers: Sequence[str] = (), n_trials: int = 27, seed: int = 0, n_jobs: int = 2,
    storage: Path | None = None,
) -> Comparison:
    """Tune the document's network (`network`) with each searcher; then evaluate each winner on the test set.

    The budget is that of ``n_trials`` configurations; ``n_jobs`` trainings run at the same time. With ``storage`` every
    trial is kept in that file, in a study named after its searcher; the same call again continues an interrupted study.
    """
    train, test = train_test_split(np.arange(len(X)), test_size=TEST_SHARE, random_state=seed, stratify=y)
    training = TunedTraining(network(len(np.unique(y)), seed), X[train], y[train])
    planned = {name: with_equal_budget(name, n_trials) for name in searchers or NAMES}
    studies = {
        name: Study(SPACE, searcher, direction="maximize", seed=seed, storage=storage, name=name,
                    data=training.data)
        for name, (searcher, _) in planned.items()}  # before any training: a stored study that differs raises here
    compile_all(training.model, planned, X[train[:1]], y[train[:1]])
    resumed = any(finished_count(study.trials) for study in studies.values())
    rows = []
    for name, (searcher, count) in planned.items():
        note(f"{name}: {plan(searcher, count)}")
        if known := finished_count(studies[name].trials):
            note(f"{name}: {min(known, count)} of {count} trials are known from {storage}")
        begun = time.perf_counter()
        training.run(studies[name], count, n_jobs)
        seconds = time.perf_counter() - begun
        best = training.network_of(studies[name].best_trial, np.arange(len(train)))
        rows.append(SearcherResult(name, studies[name], best.score(X[test], y[test]), seconds))
    return Comparison(rows, len(train), len(test), resumed)


def compile_all(model: Sequential, planned: Mapping[str, tuple[Searcher, int]], X: np.ndarray, y: np.ndarray) -> None:
    """Compile what the trainings and the searchers use, so that no searcher's seconds include it.

    A searcher compiles when it proposes from a model: it does so in a small study of a function that costs nothing,
    and that differs by configuration and grows with the budget, as a score does, so that there is something to model.
    """
    begun = time.perf_counter()
    model.fresh().fit(X, y, verbose=0)
    for searcher, count in planned.values():
        study = Study(SPACE, copy.deepcopy(searcher), direction="maximize")
        study.run(lambda trial: -trial.params["learning_rate"] / (trial.budget or EPOCHS), min(count, WARM),
                  progress=False)
    if (seconds := time.perf_counter() - begun) > 1.0:
        note(f"compiled for {seconds:.0f} s; the seconds below are without it")


class TunedTraining:
    """The training that is tuned: a trial's configuration on each fold, for as many epochs as the trial's budget.

    A promoted trial continues from its parent's network. After an interruption, a network that is no longer in memory
    is trained again: the same epochs in the same order give the same bits.
    """

    def __init__(self, model: Sequential, X: np.ndarray, y: np.ndarray) -> None:
        self.model, self.X, self.y = model, X, y
        self.folds: list[Split] = list(StratifiedKFold(FOLDS).split(X, y))
        self.data = digest_of(X, y, *(rows for fold in self.folds for rows in fold))
        self._states: dict[tuple[int | None, int], dict[str, np.ndarray]] = {}

    def run(self, study: Study, n_trials: int, n_jobs: int) -> None:
        """Run a study until it has so many trials; folds of several trials run in parallel."""
        self._states.clear()
        left = FOLDS * max(n_trials - finished_count(study.trials), 0)
        with closing(Progress(left, "training", n_jobs)) as progress:
            run_folds(study, timed(self.score, progress.done), FOLDS, mean_score, n_trials, n_jobs)

    def score(self, trial: Trial, fold: int) -> FoldScore:
        """Return the accuracy of a trial on one fold, or the exception that the training raised."""
        train, test = self.folds[fold]
        state = self._states.get((trial.parent, fold))
        before = 0 if state is None else int(state["epochs"])
        try:
            begun = time.perf_counter()
            model = self.network_of(trial, train, state)
            taken = time.perf_counter() - begun
            if trial.budget is not None:
                self._states[trial.number, fold] = model.get_state()
            return FoldScore({"score": model.score(self.X[test], self.y[test])}, taken,
                             visits=(model.epochs_done - before) * len(train))
        except Exception as error:  # a configuration that can't be trained is a failed trial, not the end of the study
            return FoldScore(error=error)

    def network_of(self, trial: Trial, rows: np.ndarray, state: dict[str, np.ndarray] | None = None) -> Sequential:
        """Return the network of a trial's configuration, trained on some rows, from a given state or from scratch."""
        model, fit_arguments = self.model.configured(trial.params)
        model.build((None, self.X.shape[1]))
        if state is not None:
            model.set_state(state)
        model.fit(self.X[rows], self.y[rows], epochs=epochs_of(trial) - model.epochs_done, verbose=0, **fit_arguments)
        return model


def mean_score(outcomes: Sequence[FoldScore]) -> float | Exception:
    """A trial's score: the mean over its folds, or the error of the first fold that failed."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return errors[0] if errors else float(np.mean([outcome.score for outcome in outcomes]))


def epochs_of(trial: Trial) -> int:
    """How many epochs each of a trial's networks is trained: the trial's budget, if it has one."""
    return EPOCHS if trial.budget is None else int(trial.budget)


def with_equal_budget(name: str, configurations: int) -> tuple[Searcher, int]:
    """Return a searcher by name, and its number of trials; of `Hyperband` those that as many epochs allow."""
    if name == "hyperband":
        hyperband = Hyperband(max_budget=EPOCHS)
        first = next(rung.start + 1 for rung in hyperband.rungs() if rung.budget == EPOCHS)  # trial of all epochs
        return hyperband, max(trials_within(hyperband, configurations * EPOCHS), first)
    searcher = finest_grid(Space(SPACE), configurations) if name == "grid" else as_searcher(name)
    return searcher, min(configurations, searcher.total(Space(SPACE)) or configurations)


def plan(searcher: Searcher, trials: int) -> str:
    """Say what so many trials of a searcher are; a promoted trial of Hyperband is not a new configuration."""
    if not isinstance(searcher, Hyperband):
        return f"{trials} trials x {FOLDS} folds, {EPOCHS} epochs each"
    new = sum(min(rung.size, max(trials - rung.start, 0)) for rung in searcher.rungs() if rung.rung == 0)
    return f"{trials} trials of {new} configurations x {FOLDS} folds, up to {EPOCHS} epochs each"


def trials_within(hyperband: Hyperband, epochs: int) -> int:
    """Count the trials of the schedule that fit into so many epochs; a promoted one costs those that its rung adds."""
    budgets = {(rung.bracket, rung.rung): rung.budget for rung in hyperband.rungs()}
    costs = [rung.budget - budgets.get((rung.bracket, rung.rung - 1), 0)
             for rung in hyperband.rungs() for _ in range(rung.size)]
    return int((np.cumsum(costs) <= epochs).sum())
