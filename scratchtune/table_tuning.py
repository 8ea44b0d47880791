"""Tuning on a table is the practitioner's job: seal some rows, tune on the others, open the sealed ones once, judge.

The default setting runs the same course beside the tuned one, so that it is seen what tuning has gained, and whether
that is more than chance.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune import metrics as m
from scratchtune.comparison import finest_grid, shown
from scratchtune.data import Table, TableEncoder, read_table
from scratchtune.data.tables import Text
from scratchtune.estimators import default_space
from scratchtune.evaluation import KFold, StratifiedKFold, cross_validate, train_test_split
from scratchtune.evaluation.cross_validation import folds_for
from scratchtune.evaluation.splits import Split
from scratchtune.metrics import SCORERS
from scratchtune.search import Categorical, Float, GridSearch, Int, Searcher, Space, as_searcher
from scratchtune.study import Study
from scratchtune.study.study import TRIALS
from scratchtune.table_model import TableEstimator, TableModel, Target, estimator_for, read_target

SEALED = 0.2
FOLDS = 5
LARGEST_GRID = 1000  # settings of a grid whose size nobody has asked for
RESAMPLES = 200  # of the sealed rows, to see how far chance goes
RESAMPLED_ROWS = 4_000_000  # at most, all resamples together

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


@dataclass
class Prepared:
    """A table with a target, and which of its rows are sealed."""

    table: Table
    target: Target
    y: np.ndarray
    open_rows: np.ndarray
    sealed_rows: np.ndarray
    dropped: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()  # those of the dropped that hold no value

    def part(self, rows: np.ndarray) -> tuple[Table, np.ndarray]:
        """The columns and the target of some rows."""
        return self.table[rows], self.y[rows]


def prepare(
    table: Table, target: str, task: str | None = None, positive: str | None = None, drop: Sequence[str] = (),
    seed: int = 0, sealed: float = SEALED,
) -> Prepared:
    """Take the target and some columns out of the table, and seal a share of the rows, of each class in proportion."""
    meant, y = read_target(table, target, task, positive)
    check_classes(meant, y)
    for name in drop:
        checks.choice("--drop", name, [name for name in table.names if name != target])
    empty = [name for name in table.names if name not in (target, *drop) and table.missing(name).all()]
    columns = table.without(target, *drop, *empty)
    if not columns.names:
        raise ValueError(f"the table has no column to learn from beside the target {target!r}; it needs at least one")
    return Prepared(columns, meant, y, *seal(meant, y, seed, sealed), (*drop, *empty), tuple(empty))


def seal(target: Target, y: np.ndarray, seed: int, sealed: float) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are open and which sealed, in the order of the table; each class must keep two to learn from."""
    try:
        open_rows, sealed_rows = train_test_split(
            np.arange(len(y)), test_size=sealed, random_state=seed, stratify=y if target.classes else None)
    except ValueError as problem:
        raise ValueError(f"--sealed is {sealed:g} and there are {len(y)} rows: {problem}") from None
    counts = np.bincount(y[open_rows], minlength=len(target.classes)) if target.classes else np.array([len(open_rows)])
    rare = int(counts.argmin())
    if counts[rare] < 2:
        of_class = f" of the class {target.classes[rare]!r}" if target.classes else ""
        raise ValueError(f"--sealed is {sealed:g}, which leaves {counts[rare]} of the {len(y)} rows{of_class} to learn "
                         "from; seal a smaller share")
    return np.sort(open_rows), np.sort(sealed_rows)


class Encoded(NamedTuple):
    """A table as arrays: ``X``, ``y`` to train on, ``X_sealed``, ``y_sealed`` to judge by; names of columns, classes.
    """

    X: np.ndarray
    y: np.ndarray
    X_sealed: np.ndarray
    y_sealed: np.ndarray
    feature_names: list[str]
    classes: tuple[str, ...]


def prepare_table(
    path: str | Path, target: str, *, task: str | None = None, positive: str | None = None, drop: Sequence[str] = (),
    impute: str | None = None, seed: int = 0, sealed: float = SEALED,
) -> Encoded:
    """Read a table and seal and encode its rows as ``scratchtune tune`` does; encoders see the open rows only."""
    prepared = prepare(read_table(path), target, task, positive, drop, seed, sealed)
    (table, y), (sealed_table, y_sealed) = prepared.part(prepared.open_rows), prepared.part(prepared.sealed_rows)
    encoder = TableEncoder(impute=impute, handle_unknown="ignore").fit(table)
    names = encoder.get_feature_names_out().tolist()
    return Encoded(
        encoder.transform(table), y, encoder.transform(sealed_table), y_sealed, names, prepared.target.classes)


def check_classes(target: Target, y: np.ndarray) -> None:
    """Each class must have a row to seal and two to learn from."""
    if not target.classes:
        return
    counts = np.bincount(y, minlength=len(target.classes))
    rare = int(counts.argmin())
    if counts[rare] < 3:
        raise ValueError(
            f"the class {target.classes[rare]!r} of the target {target.name!r} is in {counts[rare]} of the rows; "
            "each class needs at least 3: take its rows out, or join it with another class")


# Metrics -------------------------------------------------------------------------------------------------------------


def metrics_for(target: Target) -> dict[str, Metric]:
    """The metrics that are shown: functions of the truth, the predictions and, for classes, the probabilities.

    Of two classes precision, recall, F1 and AUC are those of the second one, the positive; of more, the mean over the
    classes.
    """
    if not target.classes:
        return {
            "r2": lambda y, q, p: float(m.r2_score(y, q)),
            "mean squared error": lambda y, q, p: float(m.mean_squared_error(y, q)),
            "root mean squared error": lambda y, q, p: float(m.root_mean_squared_error(y, q)),
            "mean absolute error": lambda y, q, p: float(m.mean_absolute_error(y, q)),
        }
    labels = list(range(len(target.classes)))
    average: dict[str, Any] = {"average": "binary"} if len(labels) == 2 else {"average": "macro", "labels": labels}
    average["zero_division"] = 0.0
    return {
        "accuracy": lambda y, q, p: float(m.accuracy_score(y, q)),
        "precision": lambda y, q, p: float(m.precision_score(y, q, **average)),
        "recall": lambda y, q, p: float(m.recall_score(y, q, **average)),
        "f1": lambda y, q, p: float(m.f1_score(y, q, **average)),
        "auc": lambda y, q, p: _auc(y, p, labels),
        "log loss": lambda y, q, p: float(m.log_loss(y, p, labels=labels)),
    }


def _auc(y: np.ndarray, p: np.ndarray, labels: list[int]) -> float:
    """The area under the ROC curve, of several classes the mean of each against the rest; NaN where one is absent."""
    if len(np.unique(y)) < len(labels):
        return float("nan")
    if len(labels) == 2:
        return float(m.roc_auc_score(y, p[:, 1]))
    return float(m.roc_auc_score(y, p, multi_class="ovr", labels=labels))


SMALLER_IS_BETTER = ("log loss", "mean squared error", "root mean squared error", "mean absolute error")


@dataclass
class Judged:
    """One metric on the sealed rows: of the default, of the tuned setting, and the standard error of the difference."""

    name: str
    default: float
    tuned: float
    error: float

    @property
    def gain(self) -> float:
        """By how much the tuned setting is better."""
        sign = -1.0 if self.name in SMALLER_IS_BETTER else 1.0
        return sign * (self.tuned - self.default)

    def text(self) -> str:
        """A line of the table."""
        form = _form(self.default, self.tuned)
        default, tuned, gain, error = (
            format(number, form) for number in (self.default, self.tuned, self.gain, self.error))
        return f"{self.name:<24} {default:>10} {tuned:>10} {gain:>10} {error:>9}"


def _form(*values: float) -> str:
    """How numbers of this size are written: with four decimals, unless that says little or is long."""
    largest = max(map(abs, values))
    return "z.4f" if largest == 0.0 or 0.01 <= largest < 1e4 else "z.4g"


def judge(target: Target, default: Any, tuned: Any, table: Table, y: np.ndarray, seed: int) -> list[Judged]:
    """Look at the sealed rows: all metrics for both, with the bootstrap's standard error of their difference."""
    answers = [
        (model.predict(table), model.predict_proba(table) if target.classes else y) for model in (default, tuned)]
    rng = np.random.default_rng([seed, 1])
    resamples = int(np.clip(RESAMPLED_ROWS // len(y), 10, RESAMPLES))
    drawn = [rng.integers(0, len(y), len(y)) for _ in range(resamples)]
    judged = []
    for name, metric in metrics_for(target).items():
        of_all = [metric(y, *answer) for answer in answers]
        of_default, of_tuned = ([metric(y[i], q[i], p[i]) for i in drawn] for q, p in answers)
        differences = np.subtract(of_tuned, of_default)
        known = differences[~np.isnan(differences)]
        error = float(known.std(ddof=1)) if len(known) > 1 else float("nan")
        judged.append(Judged(name, of_all[0], of_all[1], error))
    return judged


# The job -------------------------------------------------------------------------------------------------------------


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
        form = _form(self.default_score, best)
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
        f"target {target.name!r}: {target.task}, since {target.reason}" if target.reason != "as asked"
        else f"target {target.name!r}: {target.task}, as asked"]
    for name in table.names:
        if numbers_the_rows(table.column(name)):
            lines.insert(1, f"{name!r} seems to be a name or a number of the rows; --drop {name} leaves it out")
    if prepared.empty:
        lines.insert(1, f"left out, since they hold no value: {', '.join(map(repr, prepared.empty))}")
    if target.classes:
        counts = np.bincount(prepared.y)
        shares = [f"{label} {count / len(table):.1%}" for label, count in zip(target.classes, counts, strict=True)]
        lines.append("classes: " + ", ".join(shares[:12]) + (", ..." if len(shares) > 12 else ""))
    if len(target.classes) == 2:
        lines.append(f"positive class: {target.classes[1]!r} (--positive chooses the other one)")
    return "\n".join(lines)


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
    progress: bool = True, say: Callable[[str], None] = lambda line: None,
) -> TableTuning:
    """Tune a network on the open rows by cross-validation, train the best and the default setting, open the seal."""
    target = prepared.target
    scoring = check_scoring(scoring or default_scoring(target), target)
    table, y = prepared.part(prepared.open_rows)
    check_encoding(prepared.table, table, impute)

    def made(**params: Any) -> TableEstimator:
        estimator = estimator_for(target, random_state=seed, verbose=0)
        return TableEstimator(estimator, impute).set_params(**with_numbered_classes(params, target))

    searched = checked_space(default_space(len(table)) if space is None else space, made)
    searcher = checked_searcher(searcher, trials, searched)
    splits = checked_folds(folds, seed, made(), table, y)
    compile_for(made(epochs=1), table, y)

    def score(**params: Any) -> float:
        table_of_scores = cross_validate(made(**params), table, y, scoring=scoring, cv=splits, error_score="raise")
        return float(table_of_scores["test_score"].mean())

    study = Study(searched, searcher, direction="maximize", seed=seed)
    settings = trials or study.searcher.total(searched) or TRIALS
    say(f"sealed: {len(prepared.sealed_rows):,} rows; cross-validating the default and up to {settings:,} settings on "
        f"{len(table):,} rows in {len(splits)} folds")
    default_score = score()
    if np.isnan(default_score):
        raise ValueError(
            f"--scoring is {scoring!r}, which has no value in some of the {len(splits)} folds: a class is too rare; "
            "take fewer --folds, another scoring, or join the class with another one")
    study.run(lambda trial: score(**trial.params), n_trials=trials, n_jobs=jobs, progress=progress)
    if not any(trial.state == "complete" for trial in study.trials):
        raise RuntimeError(f"every setting has failed; the first with {study.trials[0].error}")
    params = study.best_params if study.best_value > default_score else {}
    default, tuned = made().fit(table, y), made(**params).fit(table, y)
    judged = judge(target, default, tuned, *prepared.part(prepared.sealed_rows), seed)
    tuned.handle_unknown = tuned.encoder_.handle_unknown = "error"
    model = TableModel(tuned, target, prepared.dropped)
    return TableTuning(prepared, study, scoring, default_score, params, model, judged)


def check_encoding(table: Table, open_table: Table, impute: str | None) -> None:
    """Raise before any work what the encoder would raise for some fold: missing values, too many texts."""
    gaps = {} if impute else {name: int(table.missing(name).sum()) for name in table.names}
    gaps = {name: count for name, count in gaps.items() if count}
    if gaps:
        columns = ", ".join(f"{name!r} ({count:,} of {len(table):,} rows)" for name, count in list(gaps.items())[:10])
        more = f" and {len(gaps) - 10} more columns" if len(gaps) > 10 else ""
        raise ValueError(f"values are missing in {columns}{more}; --impute fills them, --drop leaves a column out")
    TableEncoder(impute=impute).fit(open_table)


def checked_searcher(searcher: str | Searcher, trials: int | None, space: Space) -> Searcher:
    """The searcher; a grid gets the finest resolution that fits into the trials, or must be of a size that ends."""
    if searcher != "grid":
        return as_searcher(searcher)
    if trials is not None:
        return finest_grid(space, trials)
    size = GridSearch().total(space)
    if size > LARGEST_GRID:
        raise ValueError(
            f"--searcher is 'grid', and the grid has {size:,} settings; give --trials N for the finest one of at most "
            "N settings, or a smaller --space")
    return GridSearch()


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


def read_space(path: str | Path) -> dict[str, Any]:
    """A space from a JSON file: a list is a choice, {"low": .., "high": ..} a range ("log", "step", "type", "when").

    {"choices": [..], "when": ..} is a choice that depends on another parameter. A range is one of whole numbers where
    both ends are written as such, unless "type" says "float".
    """
    try:
        given = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"--space is {str(path)!r}; there is no such file") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise ValueError(f"--space is {str(path)!r}; it must hold JSON: {problem}") from None
    if not isinstance(given, dict) or not given:
        raise ValueError(f"--space is {str(path)!r}; it must hold an object from names to lists or ranges")
    space = {}
    for name, entry in given.items():
        try:
            space[name] = _parameter(name, entry)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"--space, {name!r}: {problem}") from None
    return space


def _parameter(name: str, entry: Any) -> Any:
    if isinstance(entry, list):
        return Categorical(entry)
    if isinstance(entry, dict) and "choices" in entry:
        _only(entry, "choice", ("choices", "when", "prior"))
        return Categorical(**entry)
    if not isinstance(entry, dict) or not {"low", "high"} <= entry.keys():
        raise ValueError(
            f'it is {json.dumps(entry)}; it must be a list of values, or a range such as '
            '{"low": 0.001, "high": 0.1, "log": true}')
    _only(entry, "range", ("low", "high", "log", "step", "when", "prior", "type"))
    arguments = {key: value for key, value in entry.items() if key != "type"}
    whole = all(isinstance(entry[end], int) for end in ("low", "high"))
    kind = checks.choice("type", entry.get("type", "int" if whole else "float"), ("int", "float"))
    return (Int if kind == "int" else Float)(**arguments)


def _only(entry: dict[str, Any], kind: str, keys: Sequence[str]) -> None:
    """A ValueError where a choice or a range says something that it has not."""
    for key in entry:
        if key not in keys:
            raise ValueError(f"it has {key!r}; a {kind} has {', '.join(keys)}{checks.nearest(key, keys)}")
