"""A terminator ends a study when what further trials can gain is smaller than the error of the values themselves.

The gain is bounded by a Gaussian process: the best configuration of the space is probably not better than the lowest
lower confidence bound anywhere, and the best one tried is probably not worse than the lowest upper confidence bound of
all tried ones. The difference of the two is the regret bound. The error is that of cross-validation: other folds of
the same rows would have given another value.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune.core import checks
from scratchtune.core.configured import Shown
from scratchtune.core.evaluation.selection import corrected_standard_error
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.acquisition import ACQUISITIONS
from scratchtune.core.search.bayesian.acquisition_search import Goal, search
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.fitting import fit_hyperparameters
from scratchtune.core.search.bayesian.gaussian_search import prepare
from scratchtune.core.search.bayesian.surrogate import (
    FITTED_TRIALS,
    MOST_TRIALS,
    root_mean_square,
    subsample,
    theta_prior,
)
from scratchtune.core.search.learned_space import within
from scratchtune.core.search.space import Space
from scratchtune.core.study import Study
from scratchtune.core.study.best import feasible
from scratchtune.core.study.progress import LOGGER
from scratchtune.core.study.trial import Trial, configuration, finished_count, learned_space, requests_of

TOP = 0.5  # the share of the complete trials, the best ones, that the Gaussian process is fitted to
DELTA = 0.1  # the nominal probability that the confidence bounds do not hold
EVALUATIONS = 60  # of the likelihood in one fit, at most: the bound changes with it where a fit has not converged


# Of each study, by the repr of a Terminator: the longest prefix of its trials after which the study continued.
_continued: weakref.WeakKeyDictionary[Study, dict[str, int]] = weakref.WeakKeyDictionary()


class Termination(NamedTuple):
    """The regret bound and the error after ``trials`` trials, in the units of the study's values."""

    trials: int
    bound: float
    error: float

    @property
    def ends(self) -> bool:
        """Whether the study should end: the bound is below the error."""
        return self.bound < self.error


def confidence_factor(dimensions: int, trials: int, delta: float) -> float:
    """How many standard deviations the confidence bounds are from the mean, for a nominal probability of 1 − δ.

    Formula [confidence_factor]
        κ = √(2 · log(d · n² · π² / (6 · δ)) / 5)
    Where
        d: dimensions, scalar, integer >= 1; sampled in [1, 9], the number of parameters
        n: trials, scalar, integer >= 1; sampled in [1, 99], the number of values that the process is fitted to
        δ: delta, scalar, in (0, 1), the nominal probability that the bounds do not hold
    Returns
        κ, > 0.
    Variant
        The theorem has the number of points of a finite space in place of d, and no factor 1/5: both papers divide by 5
        in their experiments, since the theorem's bounds are wide. With d, as in Optuna.
    Source
        Srinivas, Krause, Kakade and Seeger (2010), theorem 1 and section 6; Makarova et al. (2022), section 4.
    Example
        >>> round(confidence_factor(2, 20, 0.1), 4)
        1.9478
    """
    return math.sqrt(2.0 * math.log(dimensions * trials**2 * math.pi**2 / (6.0 * delta)) / 5.0)


def regret_bound(means: np.ndarray, stds: np.ndarray, lowest: float, kappa: float) -> float:
    """Upper bound on how much better the best configuration of the space is than the best one tried, for losses.

    Formula [regret_bound]
        r = minᵢ[μᵢ + κ · sᵢ] − l
    Where
        μ: means, (i,), real, posterior means at the configurations tried
        s: stds, (i,), >= 0, posterior standard deviations there
        l: lowest, scalar, real, the lowest lower confidence bound μ − κ · s of the whole space
        κ: kappa, scalar, > 0, from [confidence_factor]
    Returns
        r, in the units of the losses.
    Source
        Makarova et al. (2022), "Automatic termination for hyperparameter optimization", equation 2.
    Example
        >>> regret_bound(np.array([1.0, 0.5]), np.array([0.25, 1.0]), -0.5, 2.0)
        2.0
    """
    return float((means + kappa * stds).min() - lowest)


class Terminator(Shown):
    """Ends a study when the regret bound is below the error: ``study.run(objective, callbacks=[Terminator()])``.

    error: the error of a value, such as the standard deviation of repeated evaluations; None: that of the best trial's
    cross-validation (`scratchtune.core.evaluation.selection.corrected_standard_error`), for which the objective calls
    `Trial.report_scores` with the scores of its folds.
    min_trials: the smallest number of complete trials after which the study may end.

    The study ends at the smallest n for which the first n trials have all finished and the bound is below the error, so
    n is the same for any number of workers, and after an interruption. When a study is run again, the trials that it
    has are examined before a further one begins.

    Variant
        Of trials with budgets only those with the largest budget count. Optuna's Terminator has the same bound, with
        its own Gaussian process; its error is smaller by the factor √(1 − 1/k) for k folds, as its
        variance is divided by k.
    Source
        Makarova et al. (2022), "Automatic termination for hyperparameter optimization".
    """

    def __init__(self, error: float | None = None, min_trials: int = 20) -> None:
        self.error = None if error is None else checks.real("error", error, 0.0)
        self.min_trials = checks.integer("min_trials", min_trials, 2)

    def before_run(self, study: Study) -> None:
        """Stop the study if its finished trials should have ended it, as after an interruption."""
        self._stop_where_it_ends(study)

    def __call__(self, study: Study, trial: Trial) -> None:
        """Stop the study if one of the prefixes of finished trials that this trial has completed should end it."""
        if not study.is_stopping:
            self._stop_where_it_ends(study)

    def _stop_where_it_ends(self, study: Study) -> None:
        """Evaluate the prefixes of finished trials that have not been evaluated yet, up to one that ends the study."""
        trials, known = study.trials, _continued.setdefault(study, {})
        finished = next((one.number for one in trials if one.state == "running"), len(trials))
        counts = range(max(known.get(repr(self), 0) + 1, self.min_trials), finished + 1)
        for count in tqdm(counts, "Terminator", unit="trial", disable=None, leave=False, delay=2.0):
            found = self.evaluate(study, count)
            if found is not None and found.ends:
                LOGGER.info("study %r: after %d trials the estimated bound of a further gain is %.3g, below the error "
                            "%.3g of a value: the run ends", study.name, found.trials, found.bound, found.error)
                study.stop()
                return
            known[repr(self)] = count

    def evaluate(self, study: Any, count: int | None = None) -> Termination | None:
        """Return bound and error after the first ``count`` trials, None for all; None while there are too few.

        A ValueError where ``error`` is None and the best trial has no scores of at least two folds.
        """
        trials = study.trials[:count]
        complete = feasible(trials)
        if len(complete) < self.min_trials:
            return None
        sign = 1.0 if study.direction == "minimize" else -1.0
        losses = sign * np.array([trial.value for trial in complete])
        error = _error_of(complete[int(np.argmin(losses))]) if self.error is None else self.error
        most = max(int(TOP * len(complete)), self.min_trials)
        chosen = np.sort(np.argsort(losses, kind="stable")[:most])
        space = study.space if requests_of(trials[0]) is None else learned_space(trials)
        bound = self._bound(space, [within(space, configuration(complete[i])) for i in chosen], losses[chosen])
        return Termination(finished_count(trials), bound, error)

    def _bound(self, space: Space, points: Sequence[dict[str, Any]], losses: np.ndarray) -> float:
        """The regret bound, in units of the losses (n,), by a Gaussian process that is fitted to them at the points."""
        size = float(np.abs(losses).max()) or 1.0  # by which losses are divided, so that their sum is no overflow
        centred = losses / size - np.mean(losses / size)
        std = root_mean_square(centred)
        if std == 0.0:
            return 0.0
        prepare()
        encoding, kept = Encoding(space), subsample(losses, MOST_TRIALS)
        process = _fitted(encoding, encoding.rows([points[i] for i in kept]), centred[kept] / std)
        kappa = confidence_factor(len(encoding.parameters), len(kept), DELTA)
        means, variances = gp.predict(process, process.rows)
        stds = np.sqrt(variances)
        goal = Goal(ACQUISITIONS.index("lcb"), best=0.0, kappa=kappa, weight=0.0, noise=0.0)
        found = search(encoding, process, goal, set(), np.random.default_rng(len(kept)))
        lowest = min([-candidate.value for candidate in found] + [float((means - kappa * stds).min())])
        return size * std * regret_bound(means, stds, lowest, kappa)


def _fitted(encoding: Encoding, rows: np.ndarray, values: np.ndarray) -> gp.Process:
    """A Gaussian process with parameters fitted to standardised values (n,) at rows of the encoding (n, d)."""
    means, stds = theta_prior(rows.shape[1])
    part = subsample(values, FITTED_TRIALS)
    theta, _ = fit_hyperparameters(
        rows[part], values[part], encoding.is_categorical, theta=means, prior_mean=means, prior_std=stds,
        evaluations=EVALUATIONS)
    return gp.condition(rows, values, encoding.is_categorical, theta)


def _error_of(best: Trial) -> float:
    """The standard error of a trial's cross-validated value."""
    scores = [score for score in best.scores or () if score is not None and math.isfinite(score)]
    if len(scores) < 2:
        raise ValueError(
            f"trial {best.number}, the best one, has the scores {best.scores}; Terminator() needs those of at least "
            "two folds: call trial.report_scores(scores) in the objective, or give Terminator(error=...)")
    return corrected_standard_error(np.array(scores), len(scores) - 1, 1)
