"""An estimator builds and trains a network: every hyper-parameter is one flat, tunable argument.

`MLPClassifier` and `MLPRegressor` have scikit-learn's protocol. The four families of hyper-parameters are all here:
the optimizer's, the network's structure, regularisation, and the treatment of the data.

Reading order: `labels` (targets), `class_weights`, `rows` (weights, duplicates, scalers), `supervised` (what estimators
of any kind share), `rates` (of learning), `stored` (what a file holds), `base` (the network, its training and
its file), `classifier`, `regressor`.
"""

from __future__ import annotations

from scratchtune.core.estimators.classifier import MLPClassifier
from scratchtune.core.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
