"""Gradient-boosted decision trees on histograms, with scikit-learn's names and defaults.

Reading order: `binning` (columns become codes), `split` (sums of derivatives, the best split of a node), `tree` (one
tree), `boosting` (losses and their derivatives, the loop over trees, predictions), `estimators`.
"""
