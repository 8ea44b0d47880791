"""AutoML: preprocessing, model, optimizer and regularisation are searched together, and the best are combined.

`AutoClassifier` and `AutoRegressor` have scikit-learn's protocol; ``scratchtune auto`` runs them on a file.

Implements section 8.1 of the document.
"""

from scratchtune.automl.estimators import AutoClassifier as AutoClassifier
from scratchtune.automl.estimators import AutoRegressor as AutoRegressor
