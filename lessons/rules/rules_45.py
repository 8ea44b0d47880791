"""The claims of lesson 45, boosted trees."""

import numpy as np

import scratchtune as st
from lessons.claims import claim


@claim("45a")
def a_smaller_rate(draw):
    """A learning rate of 0.1 has a lower test error than 1, each with its number of stumps, chosen by validation."""
    def curve(part, rows):
        rng = np.random.default_rng([draw, part])
        x = rng.random((rows, 1))
        return x, np.sin(6.0 * x[:, 0]) + rng.normal(scale=0.3, size=rows)

    (x, y), (x_choose, y_choose), (x_test, y_test) = curve(0, 60), curve(1, 200), curve(2, 1000)

    def error(rate, numbers):
        found = []
        for number in numbers:
            model = st.HistGradientBoostingRegressor(
                rate, max_iter=number, max_leaf_nodes=2, min_samples_leaf=1, verbose=0).fit(x, y)
            found.append([np.mean((model.predict(rows) - values) ** 2)
                          for rows, values in ((x_choose, y_choose), (x_test, y_test))])
        return min(found)[1]

    gain = error(1.0, (1, 2, 3, 5, 8, 12, 20, 30, 40, 60, 80, 120, 200)) - error(
        0.1, (5, 10, 20, 30, 50, 80, 120, 160, 200, 300, 400, 600))
    return gain > 0, gain


@claim("45b")
def four_leaves(draw):
    """Where two columns must have the same sign, trees with four leaves are more accurate than stumps by 0.2."""
    X = np.random.default_rng(draw).uniform(-1.0, 1.0, (800, 2))
    same = (X[:, 0] * X[:, 1] > 0.0).astype(int)
    stumps, trees = (
        np.mean(st.HistGradientBoostingClassifier(max_leaf_nodes=leaves, verbose=0).fit(X[:400], same[:400])
                .predict(X[400:]) == same[400:]) for leaves in (2, 4))
    return trees - stumps >= 0.2, trees - stumps
