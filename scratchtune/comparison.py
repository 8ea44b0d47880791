"""The comparison is the main job: every searcher tunes one network on the same rows, with as many settings.

A grid takes the finest resolution that fits into them; 27 and 48, say, it fills.

Some rows are sealed first and looked at once, at the end: no searcher has seen them, so what the winner scores on them
is what it will score on new rows of the same kind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.cross_validation import fit_and_score, report_failures, resolve_scoring
from scratchtune.evaluation.splits import StratifiedKFold, train_test_split
from scratchtune.network.layers import Dense
from scratchtune.network.optimizers import Adam
from scratchtune.network.sequential import Sequential
from scratchtune.search import SEARCHERS, Float, GridSearch, Space, as_searcher
from scratchtune.study import Study, Trial

EPOCHS = 30
FOLDS = 5
SEALED = 0.2
SPLITS = {"shuffled": "a fifth of each class, drawn at random", "order": "the last fifth of the file"}
SPACE: dict[str, Any] = {
    "learning_rate": Float(1e-4, 1e-1, log=True),
    "batch_size": [32, 64, 128],
    "decay": Float(1e-4, 1e-1, log=True),  # without it the last steps of a training are a lottery
}


@dataclass
class Row:
    """What one searcher has found: its study, and its best setting's score on the sealed rows."""

    searcher: str
    study: Study
    sealed: float
    seconds: float

    @property
    def trainings(self) -> int:
        """How many networks it has trained."""
        return len(self.study.trials) * FOLDS


@dataclass
class Comparison:
    """The searchers' rows, and how many rows of data they were tuned and tested on."""

    rows: list[Row]
    tuned_on: int
    tested_on: int
    split: str

    @property
    def winner(self) -> Row:
        """The row of the best cross-validated score; the sealed rows have no say in it."""
        return max(self.rows, key=lambda row: row.study.best_value)

    def text(self) -> str:
        """The table, the winner and why its setting was tried."""
        head = f"{'searcher':<10} {'cv score':>8} {'sealed':>7} {'trainings':>9} {'seconds':>8}  best parameters"
        lines = [
            f"{row.searcher:<10} {row.study.best_value:>8.4f} {row.sealed:>7.4f} {row.trainings:>9} {row.seconds:>8.1f}"
            f"  {shown(row.study.best_params)}"
            for row in self.rows
        ]
        winner = self.winner
        return "\n".join([
            f"accuracy of the document's network, {EPOCHS} epochs; cross-validated on {self.tuned_on} rows in {FOLDS} "
            f"folds; sealed: {self.tested_on} rows, {SPLITS[self.split]}", "", head, *lines, "",
            f"best by cross-validation: {winner.searcher}, {shown(winner.study.best_params)}; "
            f"accuracy on the sealed rows {winner.sealed:.4f}",
            f"why: {winner.study.why(winner.study.best_trial.number)}",
        ])


def network(inputs: int, classes: int, seed: int = 0) -> Sequential:
    """The document's network: one hidden layer of 64 units with ReLU, softmax, Adam."""
    model = Sequential([Dense(64, activation="relu"), Dense(classes, activation="softmax")], seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate=0.01), metrics=["accuracy"])
    model.build((None, inputs))
    return model


def seal(X: np.ndarray, y: np.ndarray, split: str, seed: int) -> list[np.ndarray]:
    """X and y of the rows to tune on, and of those that stay sealed: X, X_sealed, y, y_sealed.

    ``split="shuffled"`` draws a fifth at random, each class in proportion; ``"order"`` takes the last fifth of the rows
    as they stand.
    """
    checks.choice("split", split, SPLITS)
    if split == "shuffled":
        return list(train_test_split(X, y, test_size=SEALED, random_state=seed, stratify=y))
    first = len(X) - int(np.ceil(SEALED * len(X)))
    return [X[:first], X[first:], y[:first], y[first:]]


def compare(
    X: np.ndarray, y: np.ndarray, searchers: Sequence[str] = (), trials: int = 27, jobs: int = 2, seed: int = 0,
    split: str = "shuffled", progress: bool = True, say: Callable[[str], None] = lambda line: None,
) -> Comparison:
    """Tune the document's network with each searcher, ``trials`` settings each, and open the sealed rows at the end."""
    X_open, X_sealed, y_open, y_sealed = seal(X, y, split, seed)
    folds = list(StratifiedKFold(FOLDS).split(X_open, y_open))
    model = network(X.shape[1], len(np.unique(y)), seed)
    model.fresh().fit(X_open[:1], y_open[:1], verbose=0)  # compiles, so that no searcher's clock has it
    scorer = resolve_scoring(None)

    def cross_validated(trial: Trial) -> float:
        outcomes = [
            fit_and_score(model, trial.params, X_open, y_open, fold, scorer, {"epochs": EPOCHS}) for fold in folds
        ]
        report_failures(outcomes)
        return float(np.mean([outcome.score for outcome in outcomes]))

    rows = []
    for name in searchers or SEARCHERS:
        searcher = finest_grid(Space(SPACE), trials) if name == "grid" else as_searcher(name)
        planned = min(trials, searcher.total(Space(SPACE)) or trials)
        say(f"{name}: {planned} settings x {FOLDS} folds, {EPOCHS} epochs each")
        begun = time.perf_counter()
        study = Study(SPACE, searcher, direction="maximize", seed=seed)
        study.run(cross_validated, n_trials=planned, n_jobs=jobs, progress=progress)
        rows.append(Row(name, study, 0.0, time.perf_counter() - begun))
    for row in rows:
        best, fit_arguments = model.configured(row.study.best_params)
        best.fit(X_open, y_open, epochs=EPOCHS, verbose=0, **fit_arguments)
        row.sealed = best.score(X_sealed, y_sealed)
    return Comparison(rows, len(X_open), len(X_sealed), split)


def finest_grid(space: Space, trials: int) -> GridSearch:
    """The grid of the finest resolution that fits into so many trials."""
    resolution = 1
    while GridSearch(resolution=resolution).total(space) < GridSearch(resolution=resolution + 1).total(space) <= trials:
        resolution += 1
    return GridSearch(resolution=resolution)


def shown(params: dict[str, Any]) -> str:
    """Parameters in a line, numbers with four digits."""
    values = {name: f"{value:.4g}" if isinstance(value, float) else str(value) for name, value in params.items()}
    return ", ".join(f"{name}={value}" for name, value in values.items())
