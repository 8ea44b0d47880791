"""Tuning on a table is the practitioner's job: hold out a test set, tune on the training set, evaluate on both once.

The default configuration is trained and evaluated too, which shows what tuning has gained, and whether the gain exceeds
chance.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks, job_options
from scratchtune.estimators import default_space
from scratchtune.job_options import JobOptions
from scratchtune.search.searcher import TRIALS
from scratchtune.study import Study, Trial
from scratchtune.study.trial import finished_count
from scratchtune.tables.evaluating import evaluate
from scratchtune.tables.model import TableModel
from scratchtune.tables.objective import TableObjective, check_scoring, default_scoring, params_of
from scratchtune.tables.prepared import Prepared
from scratchtune.tables.reading.table import Table
from scratchtune.tables.result import TableTuning
from scratchtune.tables.search_options import Search, checked_searcher, checked_space
from scratchtune.tables.table_encoder import TableEncoder
from scratchtune.tables.target_scale import LINEAR
from scratchtune.tables.threshold import best_threshold, f1_at

FOLDS = 5
DEFAULT_SEARCH = Search()


def tune_prepared(
    prepared: Prepared, search: Search = DEFAULT_SEARCH, *, scoring: str | None = None, folds: int = FOLDS,
    impute: str | None = None, add_indicator: bool = False, refit: bool = True, run: JobOptions = job_options.DEFAULT,
) -> TableTuning:
    """Tune a network on the training set by cross-validation, and evaluate it once on the held-out test set.

    The best configuration is chosen; the default one if none has a better mean score over the folds. The chosen and the
    default configuration are trained on the training set, and both are evaluated. With ``refit`` the chosen one is then
    trained again on all rows, as the ``model`` of the result. `scratchtune.tables.job.tune_table` reads and splits the
    table too.

    ``impute`` and ``add_indicator`` are arguments of `TableEncoder`. With ``run.storage`` every trial is stored in that
    file, as the study "tune". The searcher "hyperband" takes the number of epochs as its budget.
    """
    target = prepared.target
    scoring = check_scoring(scoring or default_scoring(target), target)
    objective = TableObjective(target, *prepared.training_set(), scoring, impute, search.seed,
                               add_indicator=add_indicator, rows=prepared.rows[prepared.training_rows])
    check_encoding(prepared.table, prepared.table if refit else objective.table, impute)
    study = new_study(objective, search, folds, run)
    trials = search.trials or study.searcher.total(study.space) or TRIALS  # as many as study.run runs
    run.say(f"held-out test set: {len(prepared.test_rows):,} rows; cross-validating the default and up to "
            f"{checks.counted(trials, 'configuration')} on {len(objective.y):,} rows in {len(objective.splits)} folds")
    run.say_known(finished_count(study.trials), trials)
    default_folds = objective.default_folds()
    parallel = run.jobs if objective.jobs == 1 else 1  # several trials at a time, or several folds of one trial
    study.run(objective, search.trials, n_jobs=parallel, progress=run.progress, max_failures="unlimited")
    if not any(trial.state == "complete" for trial in study.trials):
        raise RuntimeError(
            f"every configuration has failed, the first with {study.trials[0].error}; correct what it names, or search "
            "another --space")
    is_better = study.best_value > float(np.mean(default_folds))
    params, tuned_folds = (params_of(study.best_trial), _folds_of(study.best_trial)) if is_better else ({}, [])
    default, tuned = (objective.model(**given).fit(objective.table, objective.y) for given in ({}, params))
    metrics = evaluate(target, default, tuned, *prepared.test_set(), search.seed)
    choice, lines = _thresholds(objective, params, tuned, prepared)
    last = objective.model(**params).fit(prepared.table, prepared.y) if refit else tuned
    model = TableModel(last, target, prepared.dropped, prepared.reading, choice)
    return TableTuning(
        prepared, study, scoring, default_folds, tuned_folds or default_folds, params, model, metrics, tuned,
        [*lines, f"target scale: {objective.target_scale}"] if objective.target_scale != LINEAR else lines)


def _thresholds(
    objective: TableObjective, params: dict[str, Any], tuned: Any, prepared: Prepared,
) -> tuple[float | None, list[str]]:
    """Return the threshold for two classes by out-of-fold probabilities, and a line about it; else None and no line."""
    if len(prepared.target.classes) != 2:
        return None, []
    y, p = objective.out_of_fold(params)
    found = best_threshold(y, p[:, 1])
    table, y_test = prepared.test_set()
    p_test = tuned.predict_proba(table)[:, 1]
    best, half = (f1_at(y_test, p_test, value) for value in (found.value, 0.5))
    return found.value, [
        f"threshold: {prepared.target.classes[1]!r} from a probability of {found.value:.3g} has the highest f1 in "
        f"cross-validation: {found.f1:.4f} (0.5: {found.f1_of_half:.4f}); on the test set {best:.4f} (0.5: "
        f"{half:.4f}). The scores above, and predict, use 0.5, the most probable class; predict "
        "--threshold best uses this one"]


def _folds_of(trial: Trial) -> list[float]:
    """Return the scores of a trial's folds; none if its file does not hold them."""
    return [float("nan") if fold is None else fold for fold in trial.scores or []]


def new_study(objective: TableObjective, search: Search, folds: int, run: JobOptions) -> Study:
    """Check everything, draw the folds, compile the training, and return the study of an objective.

    Where the searcher requires each result before it proposes the next trial, the folds of a trial run in parallel;
    else the trials do. No trial depends on their number.
    """
    given = default_space(len(objective.table)) if search.space is None else search.space
    searcher, space = checked_searcher(search.searcher, search.trials, checked_space(given, objective.target))
    objective.split(folds)
    objective.compile()
    line = objective.choose_scale(search.target_scale)
    if line:
        run.say(line)
    objective.jobs = run.jobs if searcher.needs(1) == 1 else 1
    return Study(space, searcher.for_workers(1), direction="maximize", seed=search.seed, storage=run.storage,
                 name="tune", data=objective.digest())


def check_encoding(table: Table, training: Table, impute: str | None) -> None:
    """Raise before any work what the encoder would raise for the training set: missing values, too many categories."""
    gaps = {} if impute else {name: int(table.missing(name).sum()) for name in table.names}
    gaps = {name: count for name, count in gaps.items() if count}
    if gaps:
        columns = ", ".join(f"{name!r} ({count:,} of {len(table):,} rows)" for name, count in list(gaps.items())[:10])
        more = f" and {len(gaps) - 10} more columns" if len(gaps) > 10 else ""
        raise ValueError(f"values are missing in {columns}{more}; --impute fills them, --drop leaves a column out")
    TableEncoder(impute=impute).fit(training)
