"""The result of tuning on a table, as text: the scores, the metrics on the test set, warnings, the best parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.insight.gathered_trials import gathered, have_fold_scores
from scratchtune.insight.verdicts import verdict
from scratchtune.streams import shown_params
from scratchtune.study import Study
from scratchtune.tables.evaluating import HeldOutMetric, number_format
from scratchtune.tables.model import TableEstimator, TableModel, Target
from scratchtune.tables.option_names import in_python
from scratchtune.tables.prepared import Prepared

# The metric on the test set that corresponds to a scoring name; for all others that of the default scoring.
METRIC_OF_SCORING = {
    "accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "f1", "roc_auc": "auc", "r2": "r2",
    "precision_macro": "precision", "recall_macro": "recall", "f1_macro": "f1", "roc_auc_ovr": "auc",
    "neg_root_mean_squared_error": "root mean squared error", "neg_mean_absolute_error": "mean absolute error"}


@dataclass(repr=False)
class TableTuning:
    """The result: the study, the model, and the metrics of both configurations on the held-out test set.

    ``default_folds`` and ``tuned_folds`` are the scores of the default and the chosen configuration in
    cross-validation, one per fold. Both are the same, and ``params`` is empty, if the default was chosen. ``evaluated``
    is the chosen configuration trained on the training set, whose metrics are printed; ``model`` is the one to predict
    with, trained on all rows unless ``refit`` was False. In a notebook, or with ``print``, the report is shown.
    """

    prepared: Prepared
    study: Study
    scoring: str
    default_folds: list[float]
    tuned_folds: list[float]
    params: dict[str, Any]
    model: TableModel
    metrics: list[HeldOutMetric]
    evaluated: TableEstimator
    about: Sequence[str] = ()  # lines about the threshold and the scale of the target
    description: str = ""  # of the table, as `described` gives it

    def __repr__(self) -> str:
        """The description of the table, and the report, with the names of Python's arguments."""
        return in_python(f"{self.description}\n\n{self.text()}".lstrip())

    @property
    def refitted(self) -> bool:
        """Whether the model was trained on all rows."""
        return self.model.fitted is not self.evaluated

    @property
    def default_score(self) -> float:
        """The default configuration's cross-validated score."""
        return float(np.mean(self.default_folds))

    @property
    def beaten(self) -> bool:
        """Whether a configuration of the search was better than the default in cross-validation."""
        return self.study.best_value > self.default_score

    def text(self) -> str:
        """Return the table of metrics, the best hyper-parameters, and why they were tried."""
        lines = [*self._cross_validated(), *self._verdict(), "",
                 f"held-out test set, {len(self.prepared.test_rows):,} rows, evaluated once:", *self._test_set(),
                 *_about_averages(self.model.target), *self._warnings(), *self.about, ""]
        if self.beaten:
            lines += [f"best parameters: {shown_params(self.params)}",
                      f"why: {self.study.why(self.study.best_trial.number)}"]
        else:
            lines.append("no configuration was better than the default in cross-validation: the default is kept")
        return "\n".join([*lines, self._trained_on()])

    def _cross_validated(self) -> list[str]:
        """Return the scores that the configuration was chosen by."""
        best = self.study.best_value if self.beaten else self.default_score
        form = number_format(self.default_score, best)
        line = (f"cross-validated {self.scoring} (larger is better): default {self.default_score:{form}} +- "
                f"{_standard_error(self.default_folds):{form}}")
        if self.beaten:
            line += f", tuned {best:{form}} +- {_standard_error(self.tuned_folds):{form}}"
        return [f"{line} (standard error over {len(self.default_folds)} folds)"]

    def _verdict(self) -> list[str]:
        """Say whether the gain is real by cross-validation; nothing if the default is kept, or scores are missing."""
        if not self.beaten or not have_fold_scores(self.study):
            return []
        said = verdict(gathered([self.study], self.default_folds), self.scoring)
        return [f"verdict: {said} (By cross-validation alone; the test set took no part in it.)"]

    def _test_set(self) -> list[str]:
        """Return the metrics on the held-out test set; only those of the default if it is kept."""
        if not self.beaten:
            return [f"{'':<24} {'default':>10}", *(row.text(default_alone=True) for row in self.metrics)]
        return [f"{'':<24} {'default':>10} {'tuned':>10} {'gain':>10} {'+-':>9}", *(row.text() for row in self.metrics),
                "gain: improvement of the tuned over the default; +-: its standard error (a gain below twice that may "
                "be chance)"]

    def _warnings(self) -> list[str]:
        """Warnings: a tuned model worse than the default, the majority class as baseline, a class never predicted."""
        lines = self._worse()
        target, y = self.model.target, self.prepared.y
        if not target.classes:
            return lines
        most = int(np.bincount(y[self.prepared.training_rows]).argmax())
        share = float((y[self.prepared.test_rows] == most).mean())
        lines.append(f"baseline, always {target.classes[most]!r}: accuracy {share:.4f}")
        if len(target.classes) == 2 and {row.name: row.tuned for row in self.metrics}["recall"] == 0.0:
            lines.append(
                f"no row of the test set is correctly predicted as {target.classes[1]!r}: see predict --threshold "
                'best, or search {"class_weight": ["balanced"]} with --space')
        return lines

    def _worse(self) -> list[str]:
        """Return a warning, a list of one line, if the default is significantly better on the test set; else none."""
        usual = "log loss" if self.model.target.classes else "mean squared error"
        row = next(row for row in self.metrics if row.name == METRIC_OF_SCORING.get(self.scoring, usual))
        if not row.gain < -2.0 * row.error:
            return []
        gain, error = (format(value, number_format(row.default, row.tuned)) for value in (-row.gain, row.error))
        return [f"warning: on the test set the tuned model is worse than the default by {gain} +- {error} in "
                f"{row.name}, more than chance explains. It is saved all the same: a choice by the test set would bias "
                "the scores. More --folds make the choice by cross-validation more reliable."]

    def _trained_on(self) -> str:
        """Say which rows the model was trained on."""
        rows, training = len(self.prepared.y), len(self.prepared.training_rows)
        left_out = self.prepared.without_target
        without = f" ({checks.counted(left_out, 'row')} without a target left out)" if left_out else ""
        if self.refitted:
            return (f"the model is trained on all {rows:,} rows, those of the test set too; the scores above are of a "
                    f"model with the same hyper-parameters that was trained on the {training:,} rows of the training "
                    f"set{without}; --no-refit keeps that one")
        return f"the model is trained on the {training:,} rows of the training set, as asked{without}"


def _standard_error(folds: Sequence[float]) -> float:
    """The standard error of the mean of the folds' scores."""
    return float(np.std(folds, ddof=1) / np.sqrt(len(folds)))


def _about_averages(target: Target) -> list[str]:
    """Say for which classes precision, recall, F1 and AUC are computed."""
    if not target.classes:
        return []
    about = f"of the class {target.classes[1]!r}" if len(target.classes) == 2 else "means over the classes"
    return [f"precision, recall, f1, auc: {about}"]
