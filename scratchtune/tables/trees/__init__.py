"""Gradient-boosted decision trees on histograms, with scikit-learn's names and defaults.

Reading order: `binning` (columns become codes), `losses` (their derivatives), `histogram` (sums of derivatives),
`split` (the best split of a node), `tree` (one tree), `prediction` (rows go down the trees), `boosting` (the loop over
trees), `base` (what the estimators share), `estimators`, `loading` (a saved estimator).
"""

from scratchtune.tables.trees.estimators import HistGradientBoostingClassifier, HistGradientBoostingRegressor

__all__ = ["HistGradientBoostingClassifier", "HistGradientBoostingRegressor"]
