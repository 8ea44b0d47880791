"""Tuning on a table is the practitioner's job: hold out a test set, tune on the training set, evaluate both once.

The default configuration is trained and evaluated too, which shows what tuning has gained, and whether the gain exceeds
chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.comparison import finest_grid, shown
from scratchtune.data import Table, TableEncoder
from scratchtune.data.tables import Text
from scratchtune.digests import digest_of
from scratchtune.estimators import default_space
from scratchtune.evaluation import KFold, StratifiedKFold, cross_validate
from scratchtune.evaluation.cross_validation import epochs_trained, folds_for
from scratchtune.evaluation.leaks import check_apart
from scratchtune.evaluation.splits import Split
from scratchtune.metrics import SCORERS
from scratchtune.search import Categorical, GridSearch, Hyperband, Searcher, Space, as_searcher
from scratchtune.study import Study, Trial
from scratchtune.study.objective_run import TRIALS
from scratchtune.tabular.judging import Judged, judge, number_format
from scratchtune.tabular.model import TableEstimator, TableModel, Target, estimator_for
from scratchtune.tabular.sealing import Prepared

FOLDS = 5
EPOCHS = 27  # Hyperband's largest budget, if the space has no epochs
LARGEST_GRID = 1000  # points of a grid without --trials


# The metric on the test set that corresponds to a scoring name; for all others that of the default scoring.
JUDGED_BY = {
    "accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "f1", "roc_auc": "auc", "r2": "r2",
    "precision_macro": "precision", "recall_macro": "recall", "f1_macro": "f1", "roc_auc_ovr": "auc",
    "neg_root_mean_squared_error": "root mean squared error", "neg_mean_absolute_error": "mean absolute error"}


@dataclass
class TableTuning:
    """The result: the study, the model, and the metrics of both configurations on the held-out test set.

    ``default_folds`` and ``tuned_folds`` are the scores of cross-validation, one per fold.
    """

    prepared: Prepared
    study: Study
    scoring: str
    default_folds: list[float]
    tuned_folds: list[float]
    params: dict[str, Any]
    model: TableModel
    judged: list[Judged]
    refitted: bool = False

    @property
    def default_score(self) -> float:
        """The default configuration's cross-validated score."""
        return float(np.mean(self.default_folds))

    @property
    def beaten(self) -> bool:
        """Whether a configuration of the search was better than the default in cross-validation."""
        return self.study.best_value > self.default_score

    def text(self) -> str:
        """The table of metrics, the best hyper-parameters, and why they were tried."""
        lines = [*self._cross_validated(), "",
                 f"held-out test set, {len(self.prepared.sealed_rows):,} rows, evaluated once:", *self._test_set(),
                 *_whose(self.model.target), *self._warnings(), ""]
        if self.beaten:
            lines += [f"best parameters: {shown(self.params)}",
                      f"why: {self.study.why(self.study.best_trial.number)}"]
        else:
            lines.append("no configuration was better than the default in cross-validation: the default is kept")
        return "\n".join([*lines, self._trained_on()])

    def _cross_validated(self) -> list[str]:
        """The scores that the configuration was chosen by."""
        best = self.study.best_value if self.beaten else self.default_score
        form = number_format(self.default_score, best)
        line = (f"cross-validated {self.scoring} (larger is better): default {self.default_score:{form}} +- "
                f"{_standard_error(self.default_folds):{form}}")
        if self.beaten:
            line += f", tuned {best:{form}} +- {_standard_error(self.tuned_folds):{form}}"
        return [f"{line} (standard error over {len(self.default_folds)} folds)"]

    def _test_set(self) -> list[str]:
        """The metrics on the held-out test set; only those of the default if it is kept."""
        if not self.beaten:
            return [f"{'':<24} {'default':>10}", *(row.text(default_alone=True) for row in self.judged)]
        return [f"{'':<24} {'default':>10} {'tuned':>10} {'gain':>10} {'+-':>9}", *(row.text() for row in self.judged),
                "gain: by how much the tuned one is better; +-: its standard error (below twice that, maybe chance)"]

    def _warnings(self) -> list[str]:
        """Warnings: a tuned model worse than the default, the majority class as baseline, a class never predicted."""
        lines = self._worse()
        target, y = self.model.target, self.prepared.y
        if not target.classes:
            return lines
        most = int(np.bincount(y[self.prepared.open_rows]).argmax())
        share = float((y[self.prepared.sealed_rows] == most).mean())
        lines.append(f"baseline, always {target.classes[most]!r}: accuracy {share:.4f}")
        if len(target.classes) == 2 and {row.name: row.tuned for row in self.judged}["recall"] == 0.0:
            lines.append(
                f"no row of the test set is correctly predicted as {target.classes[1]!r}: choose your own threshold "
                'with predict --proba, or search {"class_weight": ["balanced"]} with --space')
        return lines

    def _worse(self) -> list[str]:
        """A warning if the default is significantly better on the test set."""
        usual = "log loss" if self.model.target.classes else "mean squared error"
        row = next(row for row in self.judged if row.name == JUDGED_BY.get(self.scoring, usual))
        if not row.gain < -2.0 * row.error:
            return []
        gain, error = (format(value, number_format(row.default, row.tuned)) for value in (-row.gain, row.error))
        return [f"warning: on the test set the tuned model is worse than the default by {gain} +- {error} in "
                f"{row.name}, more than chance explains. It is saved all the same: a choice by the test set would bias "
                "the scores. More --folds make the choice by cross-validation more reliable."]

    def _trained_on(self) -> str:
        """Which rows the saved model was trained on."""
        rows, training = len(self.prepared.y), len(self.prepared.open_rows)
        if self.refitted:
            return (f"the saved model is trained on all {rows:,} rows; the scores above are of a model with the same "
                    f"hyper-parameters that was trained on the {training:,} rows of the training set")
        return (f"the saved model is trained on the {training:,} rows of the training set; with --refit it is trained "
                f"on all {rows:,}")


def _standard_error(folds: Sequence[float]) -> float:
    """The standard error of the mean of the folds' scores."""
    return float(np.std(folds, ddof=1) / np.sqrt(len(folds)))


def _whose(target: Target) -> list[str]:
    """For which classes precision, recall, F1 and AUC are computed."""
    if not target.classes:
        return []
    about = f"of the class {target.classes[1]!r}" if len(target.classes) == 2 else "means over the classes"
    return [f"precision, recall, f1, auc: {about}"]


def default_scoring(target: Target) -> str:
    """Cross-entropy or squared error: they respond to every improvement, accuracy only to changes of the label."""
    return "neg_log_loss" if target.classes else "neg_mean_squared_error"


def check_scoring(scoring: str, target: Target) -> str:
    """The scoring name; raise a ValueError if it does not fit the target."""
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


def tune_table(
    prepared: Prepared, searcher: str | Searcher, trials: int | None = None, scoring: str | None = None,
    space: Mapping[str, Any] | None = None, impute: str | None = None, folds: int = FOLDS, jobs: int = 2, seed: int = 0,
    progress: bool = True, say: Callable[[str], None] = lambda line: None, storage: str | Path | None = None,
    refit: bool = False,
) -> TableTuning:
    """Tune a network on the training set by cross-validation, train the best and the default, evaluate both once.

    With ``storage`` every trial is stored in that file, as the study "tune". Hyperband's budget is the number of
    epochs. With ``refit`` the chosen configuration is then trained on all rows, and this model is returned.
    """
    target = prepared.target
    scoring = check_scoring(scoring or default_scoring(target), target)
    table, y = prepared.part(prepared.open_rows)
    check_encoding(prepared.table, prepared.table if refit else table, impute)

    def made(**params: Any) -> TableEstimator:
        estimator = estimator_for(target, random_state=seed, verbose=0)
        return TableEstimator(estimator, impute).set_params(**with_numbered_classes(params, target))

    searched = checked_space(default_space(len(table)) if space is None else space, made)
    searcher, searched = checked_searcher(searcher, trials, searched)
    splits = checked_folds(folds, seed, made(), table, y)
    compile_for(made(epochs=1), table, y)

    one_by_one = searcher.needs(1) == 1  # then the folds of a trial share the threads, else the trials do

    check_apart(splits)

    def folds_of(trial: Trial | None = None) -> list[float]:
        scores = cross_validate(
            made(**({} if trial is None else setting_of(trial))), table, y, scoring=scoring, cv=splits,
            error_score="raise", n_jobs=jobs if one_by_one else 1, return_estimator=True)
        if trial is not None:
            trial.scores = [None if np.isnan(fold) else float(fold) for fold in scores["test_score"]]
            trial.visits = sum(epochs_trained(fold.estimator) * len(rows) for fold, (rows, _) in zip(
                scores["estimator"], splits, strict=True))
        return [float(fold) for fold in scores["test_score"]]

    def score(trial: Trial) -> float:
        return float(np.mean(folds_of(trial)))

    about = f"{scoring}, {target.name!r}, {target.task}, {target.classes!r}, impute {impute!r}"
    study = Study(searched, searcher, direction="maximize", seed=seed, storage=storage, name="tune",
                  data=digest_of_table(table, y, splits, about))
    settings = trials or study.searcher.total(searched) or TRIALS
    say(f"held-out test set: {len(prepared.sealed_rows):,} rows; cross-validating the default and up to "
        f"{checks.counted(settings, 'configuration')} on {len(table):,} rows in {len(splits)} folds")
    default_folds = folds_of()
    default_score = float(np.mean(default_folds))
    if np.isnan(default_score):
        raise ValueError(
            f"--scoring is {scoring!r}, which has no value in some of the {len(splits)} folds: a class is too rare; "
            "take fewer --folds, another scoring, or join the class with another one")
    study.run(score, n_trials=trials,
              n_jobs=1 if one_by_one else jobs, progress=progress)
    if not any(trial.state == "complete" for trial in study.trials):
        raise RuntimeError(f"every configuration has failed; the first with {study.trials[0].error}")
    params = setting_of(study.best_trial) if study.best_value > default_score else {}
    default, tuned = made().fit(table, y), made(**params).fit(table, y)
    judged = judge(target, default, tuned, *prepared.part(prepared.sealed_rows), seed)
    if refit:
        tuned = made(**params).fit(prepared.table, prepared.y)
    model = TableModel(tuned, target, prepared.dropped, prepared.reading)
    tuned_folds = [float("nan") if fold is None else fold for fold in study.best_trial.scores or []]
    return TableTuning(
        prepared, study, scoring, default_folds, tuned_folds or default_folds, params, model, judged, refit)


def digest_of_table(table: Table, y: np.ndarray, splits: Sequence[Split], about: str) -> str:
    """A hash of everything that determines the scores: rows, columns, folds, and ``about``."""
    arrays = [y, *(rows for fold in splits for rows in fold)]
    for name in table.names:
        column = table.column(name)
        arrays.append(column.codes if isinstance(column, Text) else column)
        about += f", {name!r} {column.texts!r}" if isinstance(column, Text) else f", {name!r}"
    return digest_of(*arrays, also=about)


def check_encoding(table: Table, training: Table, impute: str | None) -> None:
    """Raise before any work what the encoder would raise for the training set: missing values, too many categories."""
    gaps = {} if impute else {name: int(table.missing(name).sum()) for name in table.names}
    gaps = {name: count for name, count in gaps.items() if count}
    if gaps:
        columns = ", ".join(f"{name!r} ({count:,} of {len(table):,} rows)" for name, count in list(gaps.items())[:10])
        more = f" and {len(gaps) - 10} more columns" if len(gaps) > 10 else ""
        raise ValueError(f"values are missing in {columns}{more}; --impute fills them, --drop leaves a column out")
    TableEncoder(impute=impute).fit(training)


def checked_searcher(searcher: str | Searcher, trials: int | None, space: Space) -> tuple[Searcher, Space]:
    """The searcher and the space that it searches.

    A grid gets the finest resolution that fits into the trials; without ``trials`` its size is limited. Hyperband
    chooses the epochs of each training itself, up to the largest number in the space, so the space returned has none.
    """
    if searcher == "hyperband":
        epochs = space.parameters.get("epochs")
        most = EPOCHS if epochs is None else max(_ends(epochs))
        rest = {name: parameter for name, parameter in space.parameters.items() if name != "epochs"}
        for name, parameter in rest.items():
            if "epochs" in (parameter.when or {}):
                raise ValueError(
                    f"--space makes {name!r} depend on the epochs, which hyperband chooses itself; let it depend on "
                    "something else, or take another searcher")
        if not rest:
            raise ValueError("--space holds epochs alone, which hyperband chooses itself; it must name something else")
        return Hyperband(max_budget=most), Space(rest)
    if searcher != "grid":
        return as_searcher(searcher), space
    if trials is not None:
        return finest_grid(space, trials), space
    size = GridSearch().total(space)
    if size > LARGEST_GRID:
        raise ValueError(
            f"--searcher is 'grid', and the grid has {size:,} points; give --trials N for the finest one of at most "
            "N points, or a smaller --space")
    return GridSearch(), space


def setting_of(trial: Trial) -> dict[str, Any]:
    """A trial's params; a budget is its number of epochs."""
    return trial.params if trial.budget is None else {**trial.params, "epochs": int(trial.budget)}


def checked_folds(folds: int, seed: int, model: TableEstimator, table: Table, y: np.ndarray) -> list[Split]:
    """Shuffled folds, since the test set is drawn at random too; a ValueError if there can't be so many."""
    try:
        splitter = (StratifiedKFold if model._estimator_type == "classifier" else KFold)
        return folds_for(splitter(folds, shuffle=True, random_state=seed), model, table, y)
    except ValueError as problem:
        raise ValueError(f"--folds is {folds}: {problem}") from None


def with_numbered_classes(params: dict[str, Any], target: Target) -> dict[str, Any]:
    """The params, with the keys of a ``class_weight`` changed from labels to class numbers."""
    weights = params.get("class_weight")
    if isinstance(weights, str):
        checks.choice("class_weight", weights, ("balanced",))
    if not isinstance(weights, Mapping):
        return params
    numbered = {
        target.classes.index(checks.choice("a label of class_weight", label, target.classes)):
            checks.real(f"class_weight[{label!r}]", weight, 0.0) for label, weight in weights.items()}
    return {**params, "class_weight": numbered}


def checked_space(given: Mapping[str, Any], made: Callable[..., TableEstimator]) -> Space:
    """The space, checked: every name is an argument of the estimator, every choice and bound a valid value."""
    try:
        space = Space(given)
    except ValueError as problem:
        raise ValueError(f"--space: {problem}") from None
    known = [name for name in made().estimator.get_params() if name not in ("random_state", "verbose", "dtype")]
    for name in space.names:
        if name not in known:
            raise ValueError(
                f"--space names {name!r}; the hyper-parameters are {', '.join(known)}{checks.nearest(name, known)}")
        for value in _ends(space.parameters[name]):
            try:
                made(**{name: value}).estimator.check_arguments()
            except (TypeError, ValueError) as problem:
                raise ValueError(f"--space, {name!r}: {problem}") from None
    return space


def _ends(parameter: Any) -> list[Any]:
    """All choices, or both bounds of a range."""
    return list(parameter.choices) if isinstance(parameter, Categorical) else [parameter.low, parameter.high]


def compile_for(estimator: TableEstimator, table: Table, y: np.ndarray) -> None:
    """Train on a few rows, so that compilation finishes before the clock and the progress bar start."""
    few = np.union1d(np.unique(y, return_index=True)[1][:100], np.arange(min(32, len(y))))
    estimator.fit(table[few], y[few])
