"""The claims of lesson 01, a grid search in ten lines."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim


@cache
def _searches(draw, seeds):
    """The grid searches on rows of this draw, with some random starts."""
    X, y = st.datasets.load_digits()
    X, _, y, _ = st.train_test_split(X / 16.0, y, train_size=300, stratify=y, random_state=draw)
    grid = {"learning_rate": [0.001, 0.01, 0.1], "batch_size": [16, 32, 64]}
    found = []
    for seed in range(draw, draw + seeds):
        model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", seed)
        model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01), metrics=["accuracy"])
        found.append(st.GridSearchCV(model, grid, cv=5, verbose=0).fit(X, y, epochs=10))
    return found


@claim("01a")
def folds_differ_more(draw):
    """The winner's folds differ by more than the means of the winner and the second."""
    first = _searches(draw, 8)[0]
    folds = [first.cv_results_[f"split{k}_test_score"][first.best_index_] for k in range(5)]
    means = np.sort(first.cv_results_["mean_test_score"])
    return np.ptp(folds) > means[-1] - means[-2], np.ptp(folds)


@claim("01b")
def the_choice_depends_on_the_start(draw):
    """Eight random starts do not all choose the same configuration, but none chooses the learning rate 0.001."""
    params = [each.best_params_ for each in _searches(draw, 8)]
    different = len({tuple(each.values()) for each in params})
    return different > 1 and all(each["learning_rate"] > 0.001 for each in params), different
