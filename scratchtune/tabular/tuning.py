"""Tuning on a table is the practitioner's job: seal some rows, tune on the others, open the sealed ones once, judge.

The default setting runs the same course beside the tuned one, so that it is seen what tuning has gained, and whether
that is more than chance.
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
from scratchtune.data.tables import Text, decimal_comma
from scratchtune.estimators import default_space
from scratchtune.evaluation import KFold, StratifiedKFold, cross_validate
from scratchtune.evaluation.cross_validation import epochs_trained, folds_for
from scratchtune.evaluation.leaks import check_apart
from scratchtune.evaluation.splits import Split
from scratchtune.metrics import SCORERS
from scratchtune.search import Categorical, GridSearch, Hyperband, Searcher, Space, as_searcher
from scratchtune.study import Study, Trial
from scratchtune.study.cv_runner import digest_of
from scratchtune.study.running import TRIALS
from scratchtune.tabular.judging import Judged, judge, number_format
from scratchtune.tabular.model import TableEstimator, TableModel, Target, estimator_for
from scratchtune.tabular.sealing import Prepared

FOLDS = 5
EPOCHS = 27  # that Hyperband gives at most, where the space names none
LARGEST_GRID = 1000  # settings of a grid whose size nobody has asked for


@dataclass
class TableTuning:
    """What came of it: the study, the models of both settings, and what the sealed rows say."""

    prepared: Prepared
    study: Study
    scoring: str
    default_score: float
    params: dict[str, Any]
    model: TableModel
    judged: list[Judged]

    def _warnings(self) -> list[str]:
        """What one would get without looking at the columns; and whether a class is never called."""
        target, y = self.model.target, self.prepared.y
        if not target.classes:
            return []
        most = int(np.bincount(y[self.prepared.open_rows]).argmax())
        share = float((y[self.prepared.sealed_rows] == most).mean())
        lines = [f"always {target.classes[most]!r}: accuracy {share:.4f}"]
        if len(target.classes) == 2 and {row.name: row.tuned for row in self.judged}["recall"] == 0.0:
            lines.append(
                f"no sealed row is rightly called {target.classes[1]!r}: choose a threshold of your own with predict "
                '--proba, or search {"class_weight": ["balanced"]} with --space')
        return lines

    @property
    def beaten(self) -> bool:
        """Whether a setting of the search was better than the default in cross-validation."""
        return self.study.best_value > self.default_score

    def text(self) -> str:
        """The table of metrics, the best parameters and why they were tried."""
        kept = "tuned" if self.beaten else "kept"
        head = f"{'':<24} {'default':>10} {kept:>10} {'gain':>10} {'+-':>9}"
        best = self.study.best_value if self.beaten else self.default_score
        form = number_format(self.default_score, best)
        lines = [f"cross-validated {self.scoring} (larger is better): default {self.default_score:{form}}, "
                 f"tuned {best:{form}}", "",
                 f"{len(self.prepared.sealed_rows):,} sealed rows, looked at once:", head]
        lines += [row.text() for row in self.judged]
        trial = self.study.best_trial
        lines += ["gain: by how much the tuned one is better; +-: its standard error (below twice that, maybe chance)"]
        lines += [*_whose(self.model.target), *self._warnings(), ""]
        if self.beaten:
            lines += [f"best parameters: {shown(self.params)}", f"why: {self.study.why(trial.number)}"]
        else:
            lines.append("no setting was better than the default in cross-validation: the default is kept")
        return "\n".join(lines)


def _whose(target: Target) -> list[str]:
    """Which classes precision, recall, F1 and AUC are about."""
    if not target.classes:
        return []
    about = f"about the class {target.classes[1]!r}" if len(target.classes) == 2 else "means over the classes"
    return [f"precision, recall, f1, auc: {about}"]


def described(prepared: Prepared) -> str:
    """In a few lines: the table, the target and why it is taken as it is."""
    table, target = prepared.table, prepared.target
    texts = sum(table.is_text(name) for name in table.names)
    gaps = sum(int(table.missing(name).sum()) for name in table.names)
    lines = [
        f"{len(table):,} rows, {len(table.names)} columns ({len(table.names) - texts} of numbers, {texts} of texts, "
        f"{gaps:,} cells missing)",
        f"target {target.name!r}: {target.task}, since {target.reason}{decimal_comma(target.classes)}"
        if target.reason != "as asked" else f"target {target.name!r}: {target.task}, as asked"]
    for name in table.names:
        doubt = doubtful(table.column(name))
        if doubt:
            lines.insert(1, f"{name!r} {doubt}; --drop {name} leaves it out")
    if prepared.empty:
        lines.insert(1, f"left out, since they hold no value: {', '.join(map(repr, prepared.empty))}")
    if target.classes:
        counts = np.bincount(prepared.y)
        shares = [f"{label} {count / len(table):.1%}" for label, count in zip(target.classes, counts, strict=True)]
        lines.append("classes: " + ", ".join(shares[:12]) + (", ..." if len(shares) > 12 else ""))
    if len(target.classes) == 2:
        lines.append(f"positive class: {target.classes[1]!r} (--positive chooses the other one)")
    return "\n".join(lines)


def doubtful(column: np.ndarray | Text) -> str:
    """What a column seems to be rather than something to learn from; empty where there is no doubt."""
    hint = ""
    if isinstance(column, Text):
        counts = column.counts()
        hint = decimal_comma(counts)
        once = sum(count == 1 for count in counts.values())
        if not numbers_the_rows(column) and (hint or (len(counts) > 20 and once > 0.5 * len(counts))):
            return f"holds {len(counts):,} different texts, {once:,} of them once, each a column of its own{hint}"
    return f"seems to be a name or a number of the rows{hint}" if numbers_the_rows(column) else ""


def numbers_the_rows(column: np.ndarray | Text) -> bool:
    """Whether a column seems to name the rows: a text of its own in nearly each, or whole numbers that go up."""
    if isinstance(column, Text):
        return len(column.texts) > 0.9 * len(column) and len(column) > 20
    return len(column) > 20 and bool((np.diff(column) > 0.0).all() and (column == np.floor(column)).all())


def default_scoring(target: Target) -> str:
    """Cross-entropy or squared error: they see every improvement, where accuracy sees only changes of the label."""
    return "neg_log_loss" if target.classes else "neg_mean_squared_error"


def check_scoring(scoring: str, target: Target) -> str:
    """A scoring name that fits the target."""
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
) -> TableTuning:
    """Tune a network on the open rows by cross-validation, train the best and the default setting, open the seal.

    With ``storage`` every trial is kept in that file, as the study "tune"; Hyperband's budget is the number of epochs.
    """
    target = prepared.target
    scoring = check_scoring(scoring or default_scoring(target), target)
    table, y = prepared.part(prepared.open_rows)
    check_encoding(prepared.table, table, impute)

    def made(**params: Any) -> TableEstimator:
        estimator = estimator_for(target, random_state=seed, verbose=0)
        return TableEstimator(estimator, impute).set_params(**with_numbered_classes(params, target))

    searched = checked_space(default_space(len(table)) if space is None else space, made)
    searcher, searched = checked_searcher(searcher, trials, searched)
    splits = checked_folds(folds, seed, made(), table, y)
    compile_for(made(epochs=1), table, y)

    one_by_one = searcher.needs(1) == 1  # then the folds of a trial share the threads, else the trials do

    check_apart(splits)

    def score(trial: Trial | None = None) -> float:
        scores = cross_validate(
            made(**({} if trial is None else setting_of(trial))), table, y, scoring=scoring, cv=splits,
            error_score="raise", n_jobs=jobs if one_by_one else 1, return_estimator=True)
        if trial is not None:
            trial.scores = [None if np.isnan(fold) else float(fold) for fold in scores["test_score"]]
            trial.visits = sum(epochs_trained(fold.estimator) * len(rows) for fold, (rows, _) in zip(
                scores["estimator"], splits, strict=True))
        return float(scores["test_score"].mean())

    about = f"{scoring}, {target.name!r}, {target.task}, {target.classes!r}, impute {impute!r}"
    study = Study(searched, searcher, direction="maximize", seed=seed, storage=storage, name="tune",
                  data=digest_of_table(table, y, splits, about))
    settings = trials or study.searcher.total(searched) or TRIALS
    say(f"sealed: {len(prepared.sealed_rows):,} rows; cross-validating the default and up to {settings:,} settings on "
        f"{len(table):,} rows in {len(splits)} folds")
    default_score = score()
    if np.isnan(default_score):
        raise ValueError(
            f"--scoring is {scoring!r}, which has no value in some of the {len(splits)} folds: a class is too rare; "
            "take fewer --folds, another scoring, or join the class with another one")
    study.run(score, n_trials=trials,
              n_jobs=1 if one_by_one else jobs, progress=progress)
    if not any(trial.state == "complete" for trial in study.trials):
        raise RuntimeError(f"every setting has failed; the first with {study.trials[0].error}")
    params = setting_of(study.best_trial) if study.best_value > default_score else {}
    default, tuned = made().fit(table, y), made(**params).fit(table, y)
    judged = judge(target, default, tuned, *prepared.part(prepared.sealed_rows), seed)
    tuned.handle_unknown = tuned.encoder_.handle_unknown = "error"
    model = TableModel(tuned, target, prepared.dropped)
    return TableTuning(prepared, study, scoring, default_score, params, model, judged)


def digest_of_table(table: Table, y: np.ndarray, splits: Sequence[Split], about: str) -> str:
    """A short text that is another one for other rows, columns, folds, or whatever else the scores are about."""
    arrays = [y, *(rows for fold in splits for rows in fold)]
    for name in table.names:
        column = table.column(name)
        arrays.append(column.codes if isinstance(column, Text) else column)
        about += f", {name!r} {column.texts!r}" if isinstance(column, Text) else f", {name!r}"
    return digest_of(*arrays, also=about)


def check_encoding(table: Table, open_table: Table, impute: str | None) -> None:
    """Raise before any work what the encoder would raise for some fold: missing values, too many texts."""
    gaps = {} if impute else {name: int(table.missing(name).sum()) for name in table.names}
    gaps = {name: count for name, count in gaps.items() if count}
    if gaps:
        columns = ", ".join(f"{name!r} ({count:,} of {len(table):,} rows)" for name, count in list(gaps.items())[:10])
        more = f" and {len(gaps) - 10} more columns" if len(gaps) > 10 else ""
        raise ValueError(f"values are missing in {columns}{more}; --impute fills them, --drop leaves a column out")
    TableEncoder(impute=impute).fit(open_table)


def checked_searcher(searcher: str | Searcher, trials: int | None, space: Space) -> tuple[Searcher, Space]:
    """The searcher and what it searches.

    A grid gets the finest resolution that fits into the trials, or must be of a size that ends. Hyperband says how many
    epochs each training has, up to the most that the space has; so the space loses them.
    """
    if searcher == "hyperband":
        epochs = space.parameters.get("epochs")
        most = EPOCHS if epochs is None else max(_ends(epochs))
        rest = {name: parameter for name, parameter in space.parameters.items() if name != "epochs"}
        for name, parameter in rest.items():
            if "epochs" in (parameter.when or {}):
                raise ValueError(
                    f"--space lets {name!r} exist by the epochs, which hyperband chooses itself; it must depend on "
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
            f"--searcher is 'grid', and the grid has {size:,} settings; give --trials N for the finest one of at most "
            "N settings, or a smaller --space")
    return GridSearch(), space


def setting_of(trial: Trial) -> dict[str, Any]:
    """A trial's params; with a budget it stands for the epochs."""
    return trial.params if trial.budget is None else {**trial.params, "epochs": int(trial.budget)}


def checked_folds(folds: int, seed: int, model: TableEstimator, table: Table, y: np.ndarray) -> list[Split]:
    """Shuffled folds, since the sealed rows are drawn at random too; one sentence where there can't be so many."""
    try:
        splitter = (StratifiedKFold if model._estimator_type == "classifier" else KFold)
        return folds_for(splitter(folds, shuffle=True, random_state=seed), model, table, y)
    except ValueError as problem:
        raise ValueError(f"--folds is {folds}: {problem}") from None


def with_numbered_classes(params: dict[str, Any], target: Target) -> dict[str, Any]:
    """The params with a ``class_weight`` by labels made one by the numbers that the network knows the classes by."""
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
    """The space: every name must be an argument of the estimator, and every choice and end of a range fit it."""
    try:
        space = Space(given)
    except ValueError as problem:
        raise ValueError(f"--space: {problem}") from None
    known = [name for name in made().estimator.get_params() if name not in ("random_state", "verbose", "dtype")]
    for name in space.names:
        if name not in known:
            raise ValueError(
                f"--space names {name!r}; the network has {', '.join(known)}{checks.nearest(name, known)}")
        for value in _ends(space.parameters[name]):
            try:
                made(**{name: value}).estimator.check_arguments()
            except (TypeError, ValueError) as problem:
                raise ValueError(f"--space, {name!r}: {problem}") from None
    return space


def _ends(parameter: Any) -> list[Any]:
    """All choices, or both ends of a range."""
    return list(parameter.choices) if isinstance(parameter, Categorical) else [parameter.low, parameter.high]


def compile_for(estimator: TableEstimator, table: Table, y: np.ndarray) -> None:
    """Train on a few rows, so that compiling is over before the clock and the progress bar run."""
    few = np.union1d(np.unique(y, return_index=True)[1][:100], np.arange(min(32, len(y))))
    estimator.fit(table[few], y[few])
