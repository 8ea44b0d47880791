"""`AutoClassifier` and `AutoRegressor`: from a table and a time budget to an ensemble of tuned models.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune import checks, cores, interruption, protocol
from scratchtune.estimators.labels import class_labels_of
from scratchtune.estimators.rows import seed_from
from scratchtune.metrics import accuracy_score, r2_score
from scratchtune.network.saving import Arrays, entry, write_whole
from scratchtune.streams import note
from scratchtune.tables.ensemble_selection import ROWS, cross_fitted, greedy_weights, weighted
from scratchtune.tables.expectation import LEVEL, Estimate, Expected, estimated
from scratchtune.tables.explaining import explained, leaderboard
from scratchtune.tables.families import checked_families
from scratchtune.tables.features import check_useful, table_of
from scratchtune.tables.goal import Goal, goal_for
from scratchtune.tables.members import Folds
from scratchtune.tables.reading.kinds import Kind, described_unseen, mostly_single
from scratchtune.tables.reading.table import Table
from scratchtune.tables.searching import LIBRARY, Budget, Searched, search
from scratchtune.tables.splitting import enough_rows, splits_for
from scratchtune.tables.stored import packed, unpacked_parts
from scratchtune.tables.table_encoder import check_range
from scratchtune.tables.target_scale import check_size
from scratchtune.tables.units import Units


class AutoML(protocol.Parameters):
    """The base class of both; the arguments are described at `AutoClassifier`."""

    kind: str
    kinds_: dict[str, Kind]

    def __init__(
        self, time_budget: float = 60.0, n_trials: int | None = None, random_state: Any = None,
        scoring: str | None = None, families: Any = ("network", "trees", "linear"), cv: Any = None, n_jobs: int = -1,
        storage: Any = None, verbose: int = 1,
    ) -> None:
        self.time_budget = time_budget
        self.n_trials = n_trials
        self.random_state = random_state
        self.scoring = scoring
        self.families = families
        self.cv = cv
        self.n_jobs = n_jobs
        self.storage = storage
        self.verbose = verbose

    # Fitting ---------------------------------------------------------------------------------------------------------

    def _check_arguments(self) -> None:
        checks.real("time_budget", self.time_budget, 0.0, open_low=True)
        if self.n_trials is not None:
            checks.integer("n_trials", self.n_trials, 1)
        checked_families(self.families)
        if checks.integer("n_jobs", self.n_jobs, -1) == 0:
            raise ValueError("n_jobs is 0; it must be at least 1, or -1 for one thread on each processor")
        checks.integer("verbose", self.verbose, 0)

    def _fit(self, table: Table, y: np.ndarray, classes: int, groups: Any) -> KeyboardInterrupt | None:
        """Search, choose the ensemble, and estimate its score on new rows; return the interruption, if there was one.

        After an interruption the model is that of the best trial so far.
        """
        begun = time.monotonic()
        goal = goal_for(classes, self.scoring)
        check_useful(table)
        self.seed_ = seed_from(self.random_state)
        seconds = self.time_budget if self.n_trials is None else np.inf
        splits = splits_for(len(table), y, classes, self.cv, groups, self.seed_ % 2**32, seconds)
        folds = Folds(table, y, classes, splits)
        budget = Budget(self.time_budget, self.n_trials, begun)
        jobs = cores.count() if self.n_jobs == -1 else self.n_jobs
        found = search(goal, folds, checked_families(self.families), budget, self.seed_, jobs, self.storage,
                       bool(self.verbose))
        self.study_, self.rows_, self.folds_ = found.study, len(table), len(splits)
        try:
            with interruption.reachable(found.study, None, say=False):
                if found.interruption is None:
                    self._choose(goal, found, found.ranked()[:LIBRARY])
        except KeyboardInterrupt as signalled:
            found.interruption = signalled
        self.seconds_ = time.monotonic() - begun
        if found.interruption is not None:
            best = found.trained()[:1]
            if interruption.ends_process or not best:
                raise found.interruption
            self._choose(goal, found, best)
            if self.verbose:
                note(f"scratchtune: interrupted; {checks.counted(len(found.ranked()), 'trial')} finished: study_ holds "
                     "them, and the model is that of the best one")
        elif self.n_trials is None and self.seconds_ > 1.2 * self.time_budget:
            checks.warn(f"the time budget is {self.time_budget:g} s, and training took {self.seconds_:.1f} s: the "
                        "first epoch on each fold is always completed; a smaller table, or a larger budget, would fit")
        return found.interruption

    def _choose(self, goal: Goal, found: Searched, library: list[int]) -> None:
        """Choose the ensemble among these trials by their out-of-fold predictions."""
        y, predictions = found.folds.targets, [found.predictions(number) for number in library]
        chosen = _some_rows(len(y), self.seed_)
        weights = greedy_weights(goal, y[chosen], [p[chosen] for p in predictions])
        parts = [np.searchsorted(chosen, part[np.isin(part, chosen)]) for part in found.folds.parts()]
        crossed = cross_fitted(goal, y[chosen], [p[chosen] for p in predictions], parts)
        self.weights_ = {number: float(w) for number, w in zip(library, weights, strict=True) if w > 0.0}
        self.members_ = {number: found.member(number).models for number in self.weights_}
        self.estimate_: Estimate = estimated(
            goal, y[chosen], crossed, Units(np.arange(len(chosen))), self.seed_, len(y))
        self.leaderboard_ = leaderboard(goal, found, self.weights_)
        self.explanation_ = explained(self, goal, found, (y[chosen], crossed, chosen))

    # Predictions -----------------------------------------------------------------------------------------------------

    def _predictions(self, X: Any) -> np.ndarray:
        """The weighted mean of the members' predictions, each the mean over its folds."""
        if not hasattr(self, "members_"):
            raise protocol.not_fitted(self)
        table = self._table(X, fitting=False)
        cache: dict[int, np.ndarray] = {}
        parts = []
        for models in self.members_.values():
            each = []
            for model in models:
                key = id(model.features)
                if key not in cache:
                    cache[key] = model.features.transform(table)
                each.append(model.predict_matrix(cache[key]))
            parts.append(np.mean(each, axis=0))
        return weighted(parts, np.array(list(self.weights_.values())))

    def _table(self, X: Any, fitting: bool) -> Table:
        """X as a table without identifiers; number, names and kinds of its columns are stored, or those of `fit`."""
        names = protocol.column_names(X)
        table = table_of(X, None if fitting else self.kinds_)
        if fitting:
            protocol.remember_columns(self, len(table.names), names)
            self.kinds_ = table.kinds()
            for name, kind in self.kinds_.items():
                if kind.why:
                    option = "text" if table.is_text(name) else "numeric"
                    checks.warn(f"left out, since it seems to identify the rows: {name!r} ({kind.why}); "
                                f"Table.from_columns(X, {option}=[{name!r}]) keeps it")
        elif not isinstance(X, Mapping):  # which need not have the order of training
            protocol.compare_columns(self, len(table.names), names)
        table = table.as_kinds(self.kinds_)
        for name in table.names:
            if not table.is_text(name):
                check_range(name, np.asarray(table.column(name)), np.dtype("float32"))
        for name, texts in table.unseen(self.kinds_).items():
            checks.warn(f"{described_unseen(name, texts)}; they are treated as rare categories")
        return table

    def expected_score(self, rows: float = np.inf, level: float = LEVEL) -> Expected:
        """Return the score that new rows are expected to have, with its interval, on ``rows`` new rows.

        It is estimated from out-of-fold predictions, in which the weights of the ensemble were chosen on other folds.
        """
        if not hasattr(self, "members_"):
            raise protocol.not_fitted(self)
        return self.estimate_.on(rows, level)

    def explain(self) -> str:
        """Say what was tried, what was chosen and why, what to expect on new rows, and what simple models reach."""
        if not hasattr(self, "members_"):
            raise protocol.not_fitted(self)
        return self.explanation_

    def save(self, path: str | Path) -> None:
        """Write the fitted ensemble to an .npz file, which `scratchtune.load_model` reads; nothing is executable."""
        if not hasattr(self, "members_"):
            raise protocol.not_fitted(self)
        write_whole(Path(path), "automl", *packed(self))

    @property
    def _estimator_type(self) -> str:
        return self.kind

    def __sklearn_tags__(self) -> Any:
        tags = protocol.tags(self.kind)
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.non_deterministic = self.n_trials is None
        return tags


def _some_rows(rows: int, seed: int) -> np.ndarray:
    """Return all row indices, or `ROWS` of them drawn at random, in order."""
    if rows <= ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng([seed, 2]).choice(rows, ROWS, replace=False))


class AutoClassifier(AutoML):
    """AutoML for classes: searches models and preprocessing for a table, and combines the best.

    X is a data frame, a `Table`, a dict of columns, or an array; texts, missing values and dates are handled. Each
    configuration is trained on the folds of a cross-validation; the ensemble is chosen by greedy selection over the
    out-of-fold predictions, and predicts with the models of the folds.

    Arguments
        time_budget: seconds; the search ends within them, unless one epoch on each fold takes longer.
        n_trials: the number of configurations. If it is given, ``time_budget`` is not used, and with the same
            ``random_state`` the model is the same whatever the number of threads.
        random_state: an integer for the same model each time (with ``n_trials``); None draws a new seed.
        scoring: a name of `get_scorer_names`; None is "neg_log_loss" ("neg_mean_squared_error" for values).
        families: which models are used: "network", "trees", "linear".
        cv: a number of folds, a splitter, or None: eight folds up to 1,000 rows, five up to 30,000, three up to
            100,000, and one validation set for more; in a short time, three above 200 rows for each second of
            ``time_budget`` (5,000 at least), and one validation set above 500 (10,000 at least).
        n_jobs: threads; -1 is one for each processor. At most four configurations are trained at the same time.
        storage: a file in which every trial is stored; the same call again continues an interrupted search.
        verbose: 1 shows a progress bar on a terminal.

    After `fit`: ``study_`` (all trials), ``leaderboard_`` (a list of dicts, the best first), ``weights_`` (the share of
    each trial in the ensemble), ``classes_``, ``kinds_`` of the columns; the methods `expected_score`, `explain`.

    Source: Caruana et al. (2004), "Ensemble selection from libraries of models"; Feurer et al. (2022), "Auto-sklearn
    2.0"; Erickson et al. (2020), "AutoGluon-Tabular".
    """

    kind = "classifier"

    def fit(self, X: Any, y: Any, groups: Any = None) -> AutoClassifier:
        """Search on X (n, features) and the labels y (n,).

        Rows of the same group (``groups``, (n,)) are never in both parts of a split. After Ctrl-C, `fit` raises
        KeyboardInterrupt; if a trial has finished by then, the model is that of the best one, and ``study_`` holds all.
        """
        self._check_arguments()
        with protocol.unchanged_by_failure(self):
            protocol.required_target(self, y)
            table = self._table(X, fitting=True)
            labels = class_labels_of(y, len(table))
            enough_rows(len(table))
            self.classes_, codes = np.unique(labels, return_inverse=True)
            if len(self.classes_) < 2:
                raise ValueError(f"y holds one class, {self.classes_.tolist()}; it must hold at least two")
            if rare := mostly_single(np.bincount(codes)):
                checks.warn(f"y holds {rare} AutoRegressor predicts a quantity")
            interrupted = self._fit(table, codes, len(self.classes_), groups)
        if interrupted is not None:
            raise interrupted
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (n, classes), in the order of ``classes_``."""
        predictions = self._predictions(X)
        return predictions / predictions.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each row, (n,)."""
        predictions = self._predictions(X)  # first: it raises if nothing is fitted
        return self.classes_[predictions.argmax(axis=1)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy on X and y."""
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)


class AutoRegressor(AutoML):
    """AutoML for values; the arguments are those of `AutoClassifier`."""

    kind = "regressor"

    def fit(self, X: Any, y: Any, groups: Any = None) -> AutoRegressor:
        """Search on X (n, features) and the values y (n,)."""
        self._check_arguments()
        with protocol.unchanged_by_failure(self):
            protocol.required_target(self, y)
            table = self._table(X, fitting=True)
            values = protocol.column_as_vector(checks.targets("y", y, len(table)).astype(np.float64))
            if values.ndim != 1:
                raise ValueError(f"y has shape {values.shape}; it must be (n,)")
            enough_rows(len(table))
            check_size("y", values)
            if values.min() == values.max():
                raise ValueError(f"y is {values[0]:g} in all rows; there is nothing to learn")
            interrupted = self._fit(table, values, 0, groups)
        if interrupted is not None:
            raise interrupted
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the value of each row, (n,)."""
        return self._predictions(X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², the share of the variance of y that the predictions explain."""
        return float(r2_score(y, self.predict(X), sample_weight=sample_weight))


CLASSES: dict[str, type[AutoML]] = {"AutoClassifier": AutoClassifier, "AutoRegressor": AutoRegressor}


def unpacked(header: Mapping[str, Any], arrays: Arrays) -> AutoML:
    """Return the ensemble that `AutoML.save` has written: it predicts the same bits, and explains itself."""
    kind = CLASSES[checks.choice("class", entry(header, "class"), CLASSES)]
    model = kind(**entry(header, "params"))
    model._check_arguments()
    vars(model).update(unpacked_parts(header, arrays))
    return model
