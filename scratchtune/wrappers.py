"""``keras.wrappers.scikit_learn``, the document's name for the module of its grid search, which is `GridSearchCV` here.

In Keras that module held KerasClassifier and KerasRegressor, which made a model an estimator for the grid search of
scikit-learn; it has been removed. It never held a grid search of its own.

Implements section 5 of the document.
"""

from __future__ import annotations

from scratchtune.core.study import search_cv


class scikit_learn:  # noqa: N801  (a module's name)
    """The document's ``keras.wrappers.scikit_learn``: a namespace with the two searches of scikit-learn's names."""

    GridSearchCV = search_cv.GridSearchCV
    RandomizedSearchCV = search_cv.RandomizedSearchCV
