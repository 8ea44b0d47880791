"""The objective of tuning on a table: the mean score of a configuration in cross-validation on the training set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.digests import digest_of
from scratchtune.evaluation import KFold, StratifiedKFold, cross_validate
from scratchtune.evaluation.cross_validation import epochs_trained, folds_for
from scratchtune.evaluation.leaks import check_disjoint
from scratchtune.evaluation.splits import Split
from scratchtune.metrics import SCORERS
from scratchtune.study import Trial
from scratchtune.tables.model import TableEstimator, Target, estimator_for
from scratchtune.tables.prepared import INDEPENDENT
from scratchtune.tables.reading.columns import Dates, Text
from scratchtune.tables.reading.table import Table
from scratchtune.tables.row_order import RowOrder, group_folds, time_folds
from scratchtune.tables.target_scale import LINEAR, scales_to_try


@dataclass
class TableObjective:
    """The cross-validated score of a configuration of hyper-parameters; called with a trial, it returns the mean.

    ``table`` and ``y`` are the training set, ``jobs`` the folds that are trained at the same time.
    """

    target: Target
    table: Table
    y: np.ndarray
    scoring: str
    impute: str | None = None
    seed: int = 0
    splits: Sequence[Split] = ()
    jobs: int = 1
    add_indicator: bool = False
    rows: RowOrder = INDEPENDENT  # groups or times of the rows of the training set
    target_scale: str = LINEAR

    def model(self, **params: Any) -> TableEstimator:
        """The estimator of a configuration, with the defaults for all other arguments; not yet trained."""
        estimator = estimator_for(self.target, random_state=self.seed, verbose=0, **params)
        return TableEstimator(
            estimator, self.impute, add_indicator=self.add_indicator, target_scale=self.target_scale)

    def split(self, folds: int) -> None:
        """Draw the folds.

        Shuffled, since the test set is drawn at random too, except where rows have groups or times; a ValueError if
        there can't be so many, or a fold would not train on all classes.
        """
        splitter = StratifiedKFold if self.target.classes else KFold
        try:
            cv: Any = {"group": group_folds, "time": time_folds}[self.rows.kind](self.rows.values, folds) if (
                self.rows.kind != "none") else splitter(folds, shuffle=True, random_state=self.seed)
            self.splits = folds_for(cv, self.model(), self.table, self.y)
        except ValueError as problem:
            raise ValueError(f"--folds is {folds}: {problem}") from None
        check_disjoint(self.splits)
        self._check_classes(folds)

    def _check_classes(self, folds: int) -> None:
        """Raise a ValueError if a fold has no training row of a class, as folds that are not stratified may have."""
        for training, _ in self.splits:
            counts = np.bincount(self.y[training], minlength=len(self.target.classes)) if self.target.classes else [1]
            if min(counts) == 0:
                label = self.target.classes[int(np.argmin(counts))]
                raise ValueError(
                    f"--{self.rows.kind} is {self.rows.name!r} and --folds is {folds}: a fold has no row of the class "
                    f"{label!r} to train on; take fewer --folds, or join the class with another one")

    def compile(self) -> None:
        """Train on a few rows, so that compilation finishes before the clock and the progress bar start."""
        few = np.union1d(np.unique(self.y, return_index=True)[1][:100], np.arange(min(32, len(self.y))))
        self.model(epochs=1).fit(self.table[few], self.y[few])

    def __call__(self, trial: Trial) -> float:
        """Return the mean score over the folds; the scores of the folds are stored with the trial."""
        scores = self._cross_validated(params_of(trial))
        folds = scores["test_score"]
        trial.scores = [None if np.isnan(fold) else float(fold) for fold in folds]
        trial.visits = sum(epochs_trained(fold.estimator) * len(rows) for fold, (rows, _) in zip(
            scores["estimator"], self.splits, strict=True))
        return float(np.mean([float(fold) for fold in folds]))

    def default_folds(self) -> list[float]:
        """Return the score of the default configuration on each fold; raise a ValueError if a fold has none."""
        scores = [float(fold) for fold in self._cross_validated({})["test_score"]]
        if np.isnan(np.mean(scores)):
            raise ValueError(
                f"--scoring is {self.scoring!r}, which has no value in some of the {len(self.splits)} folds: a class "
                "is too rare; take fewer --folds, another scoring, or join the class with another one")
        return scores

    def choose_scale(self, asked: str) -> str:
        """Choose the scale of the target by the default configuration's score; return a line that says why, if any."""
        scales = scales_to_try(self.y, not self.target.classes, asked)
        scores = {}
        for self.target_scale in scales:
            if len(scales) > 1:
                scores[self.target_scale] = float(np.mean(self.default_folds()))
        if not scores:
            return "" if self.target_scale == LINEAR else f"target scale: {self.target_scale}, as asked"
        self.target_scale = max(scales, key=lambda scale: scores[scale])
        linear, log = (scores[scale] for scale in scales)
        return (f"target scale: {self.target_scale} (the target is skewed; {self.scoring} of the default "
                f"configuration: linear {linear:.4g}, {scales[1]} {log:.4g}; --target-scale linear or log chooses one)")

    def out_of_fold(self, params: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes of all rows that some fold tests, and their probabilities from that fold's model."""
        fitted = self._cross_validated(params)["estimator"]
        tested = [rows for _, rows in self.splits]
        p = [model.predict_proba(self.table[rows]) for model, rows in zip(fitted, tested, strict=True)]
        return self.y[np.concatenate(tested)], np.concatenate(p)

    def _cross_validated(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return cross_validate(
            self.model(**params), self.table, self.y, scoring=self.scoring, cv=self.splits, error_score="raise",
            n_jobs=self.jobs, return_estimator=True)

    def digest(self) -> str:
        """Return a hash of all that determines the scores: rows, columns, folds, target, scoring and imputation."""
        about = (f"{self.scoring}, {self.target.name!r}, {self.target.task}, {self.target.classes!r}, "
                 f"impute {self.impute!r}" + ", indicators" * self.add_indicator
                 + f", {self.target_scale}" * (self.target_scale != LINEAR))
        arrays = [self.y, *(rows for fold in self.splits for rows in fold)]
        for name in self.table.names:
            column = self.table.column(name)
            arrays.append(column.codes if isinstance(column, Text) else column)
            if isinstance(column, Dates):
                arrays.append(column.days)
            about += f", {name!r} {column.texts!r}" if isinstance(column, Text) else f", {name!r}"
        return digest_of(*arrays, also=about)


def params_of(trial: Trial) -> dict[str, Any]:
    """A trial's configuration; a budget is its number of epochs."""
    return trial.params if trial.budget is None else {**trial.params, "epochs": int(trial.budget)}


# Scoring -------------------------------------------------------------------------------------------------------------


def default_scoring(target: Target) -> str:
    """Cross-entropy or squared error: they respond to every improvement, accuracy only to changes of the label."""
    return "neg_log_loss" if target.classes else "neg_mean_squared_error"


def check_scoring(scoring: str, target: Target) -> str:
    """Return the scoring name; raise a ValueError if it does not fit the target."""
    needs = SCORERS[checks.choice("--scoring", scoring, SCORERS)].needs
    if (needs == "values") == bool(target.classes) or scoring.endswith("_samples"):
        fitting = [name for name, scorer in SCORERS.items()
                   if (scorer.needs == "values") != bool(target.classes) and not name.endswith("_samples")]
        raise ValueError(f"--scoring is {scoring!r}; for {target.task} it must be one of {', '.join(fitting)}")
    if len(target.classes) > 2 and scoring in ("precision", "recall", "f1", "roc_auc"):
        better = scoring + ("_ovr" if scoring == "roc_auc" else "_macro")
        raise ValueError(
            f"--scoring is {scoring!r}, which is for two classes; there are {len(target.classes)}: take {better}")
    return scoring
