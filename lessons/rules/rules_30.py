"""The claims of lesson 30, shared weights: other starts and other bars."""

import numpy as np

import scratchtune as st
from lessons.claims import claim


def _bars():
    bars, vertical, half = np.zeros((240, 12, 12, 1)), np.repeat([0, 1], 120), np.empty(240)
    for number in range(120):
        row, column = divmod(number, 12)
        bars[number, column, row : row + 3] = bars[number + 120, row : row + 3, column] = 1.0
        half[number], half[number + 120] = (row >= 6) - (row + 2 < 6), 2 * (column >= 6) - 1
    return bars, vertical, half


BARS, VERTICAL, HALF = _bars()


def _score(kind, rate, rows, others, seed):
    layers = ([st.Flatten(), st.Dense(32, "relu")] if kind == "dense" else
              [st.Conv2D(4, 3, padding="same", activation="relu"), st.GlobalAveragePooling2D()])
    model = st.Sequential([*layers, st.Dense(2, "softmax")], dtype="float64", seed=seed)
    model.compile(st.Adam(rate), "categorical_crossentropy", ["accuracy"])
    model.fit(BARS[rows], VERTICAL[rows], batch_size=16, epochs=60, verbose=0)
    return model.score(BARS[others], VERTICAL[others])


@claim("30a", draws=10)
def the_other_half(draw):
    """Trained on the left half, five convolutions have a mean accuracy above 0.9 in the right half, five dense networks
    below 0.6."""
    left, right = np.flatnonzero(HALF == -1), np.flatnonzero(HALF == 1)
    means = [np.mean([_score(kind, rate, left, right, 5 * draw + k) for k in range(5)])
             for kind, rate in (("dense", 0.01), ("convolution", 0.05))]
    return means[0] < 0.6 and means[1] > 0.9, means[1]


@claim("30b", draws=10)
def few_bars(draw):
    """After 20 bars the median accuracy on the other 220 is at least 0.95 for five convolutions, and below 0.6 for five
    dense networks, each with the best of three rates."""
    found = {"dense": [], "convolution": []}
    for k in range(5):
        order = np.random.default_rng([draw, k]).permutation(240)
        found["dense"].append(max(_score("dense", rate, order[:20], order[20:], 5 * draw + k)
                                  for rate in (0.003, 0.01, 0.03)))
        found["convolution"].append(_score("convolution", 0.05, order[:20], order[20:], 5 * draw + k))
    return np.median(found["convolution"]) >= 0.95 and np.median(found["dense"]) < 0.6, np.median(found["convolution"])
