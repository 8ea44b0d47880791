"""`AutoClassifier` and `AutoRegressor`: from a table and a time budget to an ensemble of tuned models.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from scratchtune.core import checks, cores, interruption, protocol
from scratchtune.core.declared import exactly
from scratchtune.core.estimators.rows import seed_from
from scratchtune.core.metrics import accuracy_score, r2_score
from scratchtune.core.network.saving import Arrays, entry, write_whole
from scratchtune.core.search import SEARCHERS, Searcher
from scratchtune.core.streams import note, visible_lines
from scratchtune.tables.ensemble_selection import ROWS, Evidence, cross_fitted, greedy_weights, verdict_of, weighted
from scratchtune.tables.evaluating import expected_in_words, scores_of
from scratchtune.tables.expectation import LEVEL, Expected, estimated
from scratchtune.tables.explaining import explained
from scratchtune.tables.families import checked_families
from scratchtune.tables.features import check_range, table_of
from scratchtune.tables.goal import Goal, goal_for
from scratchtune.tables.members import Folds
from scratchtune.tables.page import page
from scratchtune.tables.prepared import Prepared, new_rows, prepared_of_arrays
from scratchtune.tables.searching import LIBRARY, Budget, Searched, compile_kernels, leaderboard, new_search, run
from scratchtune.tables.splitting import Units, enough_rows, some_rows, splits_for, units_of
from scratchtune.tables.stored import LEFT_OUT, packed, unpacked_parts
from scratchtune.tables.wording import argument, option

CELLS_A_SECOND, LEAST_ROWS = 8_000, 2_000  # predictions by which the ensemble is chosen, per second of the budget; rows
LATE = 1.1  # a budget that is exceeded by more than this factor is warned of


@dataclass(eq=False, repr=False)
class AutoML(protocol.Parameters):
    """The base class of both; the arguments are described at `AutoClassifier`."""

    kind: ClassVar[str]

    time_budget: float = 60.0
    n_trials: int | None = None
    random_state: Any = None
    scoring: str | None = None
    families: Any = ("network", "trees", "linear")
    cv: int | None = None
    n_jobs: int = -1
    storage: Any = None
    verbose: int = 1
    searcher: Any = "bayesian"
    impute: bool = False

    # Fitting ---------------------------------------------------------------------------------------------------------

    def check_arguments(self) -> None:
        """Raise a ValueError or TypeError that names the first argument that is not accepted."""
        checks.real("time_budget", self.time_budget, 0.0, open_low=True)
        if self.n_trials is not None:
            checks.integer(argument("n_trials"), self.n_trials, 1)
        checked_families(self.families)
        if checks.integer(argument("n_jobs"), self.n_jobs, -1) == 0:
            raise ValueError(f"{argument('n_jobs')} is 0; it must be at least 1, or -1 for one thread on each "
                             "processor")
        checks.integer("verbose", self.verbose, 0)
        if not isinstance(self.searcher, Searcher):
            checks.choice(argument("searcher"), self.searcher, SEARCHERS)
        checks.boolean(argument("impute"), self.impute)

    def fit(self, X: Any, y: Any, groups: Any = None, times: Any = None) -> Self:
        """Search on X (n, features) and the targets y (n,), labels or values.

        Rows of the same group (``groups``, (n,)) are never in both parts of a split; with ``times`` (n,), numbers or
        dates, a fold trains on earlier rows than it tests. After Ctrl-C, `fit` raises KeyboardInterrupt; if a trial
        has finished by then, the model is that of the best one, and ``study_`` holds all.
        """
        self.check_arguments()
        protocol.required_target(self, y)
        with protocol.unchanged_by_failure(self):
            self.seed_ = seed_from(self.random_state)
            table = table_of(X)
            enough_rows(len(table))
            protocol.remember_columns(self, len(table.names), protocol.column_names(X))
            prepared = prepared_of_arrays(table, y, self.kind, groups, times, self.seed_)
            for name, text in prepared.audit.dropped.items():
                kept = option("text" if table.is_text(name) else "numeric", name)
                checks.warn(text if name not in prepared.audit.columns("identifier") else (
                    f"left out, since it seems to identify the rows: {name!r}; as X, st.Table.from_columns(columns, "
                    f"{kept}) keeps it"))
            interrupted = self._fit(prepared)
        if interrupted is not None:
            raise interrupted
        return self

    def fit_prepared(self, prepared: Prepared) -> Self:
        """Search on a prepared table; interruptions are as in `fit`."""
        self.check_arguments()
        classes = prepared.target.classes
        if bool(classes) != (self.kind == "classifier"):
            raise ValueError(f"the target {prepared.target.name!r} has {len(classes) or 'no'} classes, and "
                             f"{type(self).__name__} predicts {'values' if classes else 'classes'}")
        with protocol.unchanged_by_failure(self):
            for name in ("n_features_in_", "feature_names_in_"):  # of an earlier fit
                vars(self).pop(name, None)
            self.seed_ = seed_from(self.random_state)
            interrupted = self._fit(prepared)
        if interrupted is not None:
            raise interrupted
        return self

    def _fit(self, prepared: Prepared) -> KeyboardInterrupt | None:
        """Search, choose the model, evaluate it; return an interruption, which is raised once the model is kept."""
        self.target_, self.audit_, self.reading_ = prepared.target, prepared.audit, prepared.reading
        self.dropped_, self.kinds_ = tuple(prepared.dropped), prepared.table.kinds(prepared.table.names)
        if len(prepared.labels):
            self.classes_ = prepared.labels
        goal = goal_for(len(prepared.target.classes), self.scoring)
        families = checked_families(self.families)
        folds, units = self._folds(prepared, goal.classes)
        found = new_search(goal, folds, families, self.n_trials, self.seed_, self.storage, self.searcher)
        compile_kernels(families, min(goal.classes, 3))  # three classes and more have the same kernels
        begun = time.monotonic()
        budget = Budget(self.time_budget, self.n_trials, begun)
        jobs = cores.count() if self.n_jobs == -1 else self.n_jobs
        run(goal, found, budget, jobs, bool(self.verbose))
        searched = time.monotonic() - begun
        self.study_, self.rows_, self.folds_ = found.study, len(folds.y), len(folds.splits)
        try:
            with interruption.reachable(found.study, None, say=False):
                if found.interruption is None:
                    self._choose(goal, found, found.ranked()[:LIBRARY], units)
        except KeyboardInterrupt as signalled:
            found.interruption = signalled
        self.seconds_ = time.monotonic() - begun
        self._end(goal, found, units, searched)
        return found.interruption

    @property
    def _seconds(self) -> float:
        """The time budget; infinity with a number of trials, so that the model does not depend on the time."""
        return self.time_budget if self.n_trials is None else np.inf

    def _folds(self, prepared: Prepared, classes: int) -> tuple[Folds, Units]:
        """Return the folds, and the `Units` of the rows that have out-of-fold predictions."""
        table, y, rows, duplicates = prepared.table, prepared.y, prepared.rows, self.audit_.duplicates
        check_range(table)
        splits = splits_for(y, classes, self.cv, rows, self.seed_ % 2**32, self._seconds, duplicates)
        folds = Folds(table, y, classes, splits, "median" if self.impute else None)
        return folds, units_of(rows, duplicates, len(y)).of(folds.rows)

    def _end(self, goal: Goal, found: Searched, units: Units, searched: float) -> None:
        """After an interruption keep the best trial so far (without one raise it); else warn of a missed budget."""
        if found.interruption is not None:
            best = [number for number in found.ranked() if number in found.members][:1]
            if interruption.ends_process or not best:
                raise found.interruption
            self._choose(goal, found, best, units)
            if self.verbose:
                note(f"scratchtune: interrupted; {checks.counted(len(found.ranked()), 'trial')} finished: study_ holds "
                     "them, and the model is that of the best one")
        elif self.n_trials is None and self.seconds_ > LATE * self.time_budget:
            longest = max((trial.seconds or 0.0 for trial in found.study.trials), default=0.0)
            checks.warn(f"the time budget is {self.time_budget:g} s, and fitting took {self.seconds_:.1f} s: the "
                        f"search {searched:.1f} s (its longest training {longest:.1f} s), the ensemble and its "
                        f"explanation {self.seconds_ - searched:.1f} s; a smaller table, or a larger budget, would fit")

    def _choose(self, goal: Goal, found: Searched, library: list[int], units: Units) -> None:
        """Choose an ensemble of these trials by out-of-fold predictions; keep it or the best default; evaluate that."""
        y, predictions = found.folds.targets, [found.predictions(number) for number in library]
        affordable = CELLS_A_SECOND * self._seconds / (len(library) * max(goal.classes, 1))
        chosen = some_rows(len(y), int(np.clip(affordable, LEAST_ROWS, ROWS)), [self.seed_, 2])
        y, units = y[chosen], units.of(chosen)
        weights = greedy_weights(goal, y, [p[chosen] for p in predictions])
        parts = [np.searchsorted(chosen, part[np.isin(part, chosen)]) for part in found.folds.parts()]
        crossed = cross_fitted(goal, y, [p[chosen] for p in predictions], parts)
        defaults = found.baselines()
        baselines = {"most frequent" if goal.classes else "mean": goal.mean(y, len(y)), **{
            name: found.predictions(number)[chosen].astype(np.float64) for name, number in defaults.items()}}
        self.weights_ = {number: float(w) for number, w in zip(library, weights, strict=True) if w > 0.0}
        evidence = Evidence(goal, found.folds, chosen, y, units, crossed, baselines, {})
        counts = len(self.weights_), len(found.ranked())
        self.verdict_ = verdict_of(evidence, counts, self.seed_, found.interruption is not None)
        if self.verdict_.saved == "default":
            self.weights_ = {defaults[self.verdict_.default]: 1.0}
            evidence.predictions = baselines[self.verdict_.default]
        self.members_ = {number: found.member(number).models for number in self.weights_}
        evidence.members = {number: (weight, self.members_[number]) for number, weight in self.weights_.items()}
        self._evaluate(found, evidence)

    def _evaluate(self, found: Searched, evidence: Evidence) -> None:
        """Set the leaderboard, and the estimate, scores and explanation of what is kept, by out-of-fold predictions."""
        goal, y, predictions = evidence.goal, evidence.y, evidence.predictions
        self.leaderboard_ = leaderboard(found, self.weights_)
        self.estimate_ = estimated(
            goal, y, predictions, evidence.units, self.seed_, len(found.folds.rows))
        self.scores_ = scores_of(self.target_, y, predictions, evidence.units, evidence.baselines, self.seed_)
        self.explanation_ = explained(self, evidence)

    # Predictions -----------------------------------------------------------------------------------------------------

    def _check_fitted(self) -> None:
        if not hasattr(self, "members_"):
            raise protocol.not_fitted(self)

    def _predictions(self, X: Any) -> np.ndarray:
        """The weighted mean of the members' predictions, each the mean over its folds."""
        self._check_fitted()
        table = new_rows(self, X)
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
        return checks.finite_outputs(weighted(parts, np.array(list(self.weights_.values()))))

    def expected_score(self, rows: float | None = None, level: float = LEVEL) -> Expected:
        """Return the score to expect on ``rows`` new rows (None: as many as there were), with its interval.

        It is estimated from out-of-fold predictions, in which the weights of the ensemble were chosen on other folds.
        """
        self._check_fitted()
        return self.estimate_.on(self.rows_ if rows is None else rows, level)

    def explain(self) -> str:
        """Say what was chosen and why, what to expect on new rows, which columns matter, and what the model is."""
        self._check_fitted()
        return visible_lines("\n".join([
            f"verdict: {self.verdict_.text}", "",
            f"cross-validation, rows that the models were not trained on: {self.scores_.text()}", "",
            f"expected {expected_in_words(self.expected_score(self.rows_))}", self.explanation_.text()]))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.explain() if hasattr(self, 'members_') else repr(self))}</pre>"

    def report(self, path: str | Path) -> None:
        """Write the page of the result, one HTML file."""
        self._check_fitted()
        page(self, path)

    def save(self, path: str | Path) -> None:
        """Write the fitted ensemble to an .npz file, which `scratchtune.load_model` reads; nothing is executable."""
        self._check_fitted()
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


class AutoClassifier(AutoML):
    """AutoML for classes: searches models and preprocessing for a table, and combines the best.

    X is a data frame, a `Table`, a dict of columns, or an array; texts, missing values and dates are handled. Each
    configuration is trained on the folds of a cross-validation; the ensemble is chosen by greedy selection over the
    out-of-fold predictions, and predicts with the models of the folds.

    Arguments
        time_budget: seconds, without those of compiling; it ends within them, unless a first training takes longer.
        n_trials: the number of configurations. If it is given, ``time_budget`` is not used, and with the same
            ``random_state`` the model is the same whatever the number of threads.
        random_state: an integer for the same model each time (with ``n_trials``); None draws a new seed.
        scoring: a name of `evaluation.SCORERS`; None is "neg_log_loss" ("neg_mean_squared_error" for values).
        families: which models are used: "network", "trees", "linear".
        cv: a number of folds, or None: eight folds up to 1,000 rows, five up to 30,000, three up to
            100,000, and one validation set for more; in a short time, three above 200 rows for each second of
            ``time_budget`` (5,000 at least), and one validation set above 500 (10,000 at least).
        n_jobs: threads; -1 is one for each processor. At most four configurations are trained at the same time.
        storage: a file in which every trial is stored; the same call again continues an interrupted search, and trains
            what it chooses of the earlier trials again, after the time budget.
        verbose: 1 shows a progress bar on a terminal.
        searcher: a name ("grid", "random", "bayesian", "genetic") or a `Searcher`.
        impute: True fills missing numbers with the median for all families; False: each family's own way.

    The default configuration of each family is trained first, then the portfolio (unless another searcher is given),
    then what the searcher proposes. For a skewed target that is not negative, its logarithm is tried too. If the
    ensemble is not better than the best default by more than the standard error of the difference, the default is what
    is kept, and ``verdict_.text`` says so.

    After `fit`: ``study_`` (all trials), ``leaderboard_`` (a list of dicts, the best first), ``verdict_``, ``weights_``
    (the share of each trial in what is kept), ``estimate_``, ``classes_``, ``kinds_`` of the columns, ``seconds_``;
    the methods `expected_score`, `explain`.

    Source: Caruana et al. (2004), "Ensemble selection from libraries of models"; Feurer et al. (2022), "Auto-sklearn
    2.0"; Erickson et al. (2020), "AutoGluon-Tabular".
    """

    kind = "classifier"

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (n, classes), in the order of ``classes_``."""
        predictions = self._predictions(X)
        return predictions / predictions.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each row, (n,)."""
        predictions = self.predict_proba(X)  # first: it raises if nothing is fitted
        return self.classes_[predictions.argmax(axis=1)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy on X and y."""
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)


class AutoRegressor(AutoML):
    """AutoML for values; the arguments are those of `AutoClassifier`."""

    kind = "regressor"

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
    known = [name for name in kind().get_params() if name not in LEFT_OUT]
    model = kind(**exactly("params", entry(header, "params"), known))
    model.check_arguments()
    vars(model).update(unpacked_parts(header, arrays))
    if bool(model.target_.classes) != (model.kind == "classifier"):
        raise ValueError(f"it is of the class {kind.__name__}, and its target has the classes {model.target_.classes}")
    model.explain()  # both raise if what is known about the model can't be printed
    model.audit_.lines()
    return model
