"""Optimism: by how much the best score of a study is too high, because it is the best of many.

Each score is the configuration's true score plus noise: which rows are in the folds, and which random weights a
training starts from. The best score of many is more often one whose noise was favourable, so it is on average better
than the true score of its configuration (the *winner's curse*). The true score is the expected score on new rows of
that configuration, trained on as many rows as in one fold.

Notation: s (n, k) scores of n configurations on k folds, larger is better; m (n,) their means; w the best of them.
1. What makes a fold hard for all configurations takes no part in the choice: it cancels out in the differences of two
   configurations on the same folds. The noise of a mean that remains is estimated from these, as [selection_noise].
2. Empirical Bayes: the distribution g of the true scores is estimated from all means (`fit_prior`: the nonparametric
   maximum likelihood by the EM algorithm, so it may have any shape: many bad configurations and a few good ones).
3. The corrected score of w is the mean of its posterior, [posterior_mean]: where many configurations are nearly as good,
   it is near their mean; where w is far better than all others, it is w's own.
4. The interval adds the uncertainty of the folds themselves, with Student's t for k folds.

Implements section 9.2 of the document.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.evaluation.selection import standard_error
from scratchtune.evaluation.student import student_quantile
from scratchtune.insight.fold_scores import Contenders, contenders

REACH = 8.0  # standard deviations of the noise: configurations further below the best one don't matter
STEPS = 16  # support points of the prior in each of them
ITERATIONS = 300  # of the EM algorithm


class Optimism(NamedTuple):
    """How good the best configuration is, corrected for the choice; all in the units and direction of the study.

    ``best`` is the highest score observed (the lowest if it is minimised), ``corrected`` the estimate of the winner's
    true score, which is in (``low``, ``high``) with probability ``level``; ``optimism`` >= 0 is by how much the best
    score is too good, ``trial`` the winner's number, ``configurations`` how many were compared and ``folds`` on how
    many folds, 0 where ``noise`` was given.
    """

    best: float
    corrected: float
    low: float
    high: float
    optimism: float
    level: float
    trial: int
    configurations: int
    folds: int

    def __str__(self) -> str:
        return (f"best score {self.best:.4g}, corrected {self.corrected:.4g} (between {self.low:.4g} and "
                f"{self.high:.4g} with probability {self.level:.0%}): the best of "
                f"{checks.counted(self.configurations, 'configuration')} is too good by {self.optimism:.2g}")


def selection_noise(differences: np.ndarray) -> float:
    """Variance of a configuration's mean score, without what its folds have in common for all configurations.

    Formula [selection_noise]
        v = Σᵢ[Σₖ[(dᵢₖ − meanₖ[dᵢₖ])²]] / (2 · #i · #k · max(#k − 1, 1))
    Where
        d: differences, (i, k), real, the score of the best configuration minus that of another one, on each fold
    Returns
        v, a scalar >= 0 in squared units of the score.
    Variant
        A difference of two has twice the variance of one, hence the 2. The variance of the best one's own scores, over
        k, also holds the effect of the folds, which no choice among configurations depends on.
    Source
        The residual variance of a two-way layout without replication, Scheffé (1959), "The Analysis of Variance",
        section 4.2, over k.
    Example
        >>> selection_noise(np.array([[0.0, 2.0]]))
        0.5
    """
    folds = differences.shape[1]
    centred = differences - differences.mean(axis=1)[:, None]
    return float(np.square(centred).sum() / (2.0 * len(differences) * folds * max(folds - 1, 1)))


def prior_step(weight: np.ndarray, likelihood: np.ndarray) -> np.ndarray:
    """One step of the EM algorithm: the mean of the posteriors of all configurations is the next prior.

    Formula [prior_step]
        hⱼ = meanᵢ[gⱼ · lᵢⱼ / Σₖ[gₖ · lᵢₖ]]
    Where
        g: weight, (j,), probabilities, the prior on the support points
        l: likelihood, (i, j), > 0; sampled in [0.125, 1], of configuration i's mean if its true score is point j
    Returns
        h, (j,), probabilities: the likelihood of all means is at least as high as under g.
    Source
        Laird (1978), "Nonparametric maximum likelihood estimation of a mixing distribution"; Jiang and Zhang (2009),
        "General maximum likelihood empirical Bayes estimation of normal means", equation (20).
    Example
        >>> prior_step(np.array([0.5, 0.5]), np.array([[1.0, 3.0]]))
        array([0.25, 0.75])
    """
    joint = weight * likelihood
    return (joint / joint.sum(axis=1)[:, None]).mean(axis=0)


def posterior_mean(x: np.ndarray, weight: np.ndarray, mean: float, variance: float) -> float:
    """Expected true score of a configuration whose mean score was observed.

    Formula [posterior_mean_of_score]
        t = Σⱼ[gⱼ · exp(−(m − xⱼ)² / (2 · v)) · xⱼ] / Σⱼ[gⱼ · exp(−(m − xⱼ)² / (2 · v))]
    Where
        x: x, (j,), real; sampled in [-1, 1], the support points of the prior
        g: weight, (j,), probabilities, their weights
        m: mean, scalar, real; sampled in [-1, 1]
        v: variance, scalar, > 0; sampled in [0.5, 2], [selection_noise]
    Returns
        t, a scalar within the support.
    Source
        Bayes's rule for normal noise; Robbins (1956), "An empirical Bayes approach to statistics".
    Example
        >>> posterior_mean(np.array([0.0, 1.0]), np.array([0.5, 0.5]), 0.5, 1.0)
        0.5
    """
    posterior = weight * np.exp(-((mean - x) ** 2) / (2.0 * variance))
    return float((posterior * x).sum() / posterior.sum())


def optimism(study: Any, level: float = 0.95, noise: float | None = None) -> Optimism:
    """Estimate the true score of the study's best configuration, and by how much its score is too good.

    ``study`` is a Study, or one read from a file, whose trials have scores of the same folds (``trial.scores``).
    Without them give ``noise``, the standard deviation of a value over repeated evaluations of one configuration. Only
    complete trials count, of the largest budget, and each configuration once.

    The interval is for one cross-validation with ``level`` as its nominal rate: Student's t with k - 1 degrees of
    freedom, so it is wide for 3 folds. ``python -m benchmarks.is_the_gain_real`` measures how often it holds.

    Raises
        TypeError or ValueError where no trial is complete, or where scores of the folds and ``noise`` are missing.

    >>> from scratchtune.study import Study
    >>> study = Study({"x": [1.0, 2.0, 3.0]}, searcher="grid", direction="maximize")
    >>> print(optimism(study.run(lambda trial: trial.params["x"], progress=False), noise=1.0))
    best score 3, corrected 2 (between 0.04004 and 3.96 with probability 95%): the best of 3 configurations is too good by 1
    """
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    if noise is not None:
        noise = checks.real("noise", noise, 0.0)
    compared = contenders(study, with_scores=noise is None)
    best, values = compared.best_value(), compared.sign * compared.values
    variance = choice_variance(compared, compared.best) if noise is None else noise**2
    corrected = compared.sign * shrunken_best(values, variance)
    if noise is None:
        folds = compared.scores.shape[1]
        reach = student_quantile(level, folds - 1) * standard_error(compared.best_scores())
    else:
        folds, reach = 0, NormalDist().inv_cdf(0.5 + level / 2.0) * noise
    return Optimism(best, corrected, corrected - reach, corrected + reach, abs(best - corrected), level,
                    compared.trials[compared.best].number, len(values), folds)


def choice_variance(compared: Contenders, best: int) -> float:
    """The [selection_noise] among the better half of the configurations; 0 for a single one.

    Bad configurations are often noisier, or less noisy, than good ones, and take no part in the choice.
    """
    order = np.argsort(-compared.sign * compared.values, kind="stable")
    near = order[order != best][: max(1, len(order) // 2)]
    return selection_noise(compared.scores[best] - compared.scores[near]) if len(near) else 0.0


def shrunken_best(means: np.ndarray, variance: float) -> float:
    """The posterior mean of the largest of the means, (n,), with a prior estimated from all of them."""
    best, std = float(means.max()), math.sqrt(variance)
    near = (means - best) / std if std > 0.0 else means[:0]
    near = near[near >= -REACH]
    if len(near) < 2 or near.min() == 0.0:
        return best
    x = np.linspace(near.min(), 0.0, 1 + math.ceil(-STEPS * near.min()))
    return best + std * posterior_mean(x, fit_prior(near, x), 0.0, 1.0)


def fit_prior(means: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Weights of the support points x (j,) that make the means (n,), with noise of variance 1, most probable."""
    likelihood = np.exp(-0.5 * (means[:, None] - x) ** 2)
    weight = np.full(len(x), 1.0 / len(x))
    for _ in range(ITERATIONS):
        weight = prior_step(weight, likelihood)
    return weight
