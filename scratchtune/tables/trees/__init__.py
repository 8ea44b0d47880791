"""Gradient-boosted decision trees on histograms, with scikit-learn's names and defaults.

Reading order: `binning` (columns become codes), `losses` (their derivatives), `histogram` (sums of derivatives),
`split` (the best split of a node), `tree` (one tree), `prediction` (rows go down the trees), `boosting` (the loop over
trees), `base` (what the estimators share), `regressor`, `classifier`, `loading` (a saved estimator).
"""

from scratchtune.tables.trees.classifier import HistGradientBoostingClassifier
from scratchtune.tables.trees.regressor import HistGradientBoostingRegressor

__all__ = ["HistGradientBoostingClassifier", "HistGradientBoostingRegressor"]
