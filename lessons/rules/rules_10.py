"""The claims of lesson 10, scaling."""

import warnings

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.core.network.training import DivergenceWarning

RATES = 10.0 ** np.arange(-6.5, 1.1, 0.5)


def _gain(draw, optimizer):
    """The accuracy with standardised columns less that with grams and tonnes, each with its best of 16 rates."""
    rng = np.random.default_rng(draw)
    parts = rng.normal(size=(600, 2))
    late = (parts.sum(axis=1) + 0.5 * rng.normal(size=600) > 0.0).astype(int)
    raw = [4000.0, 0.05] + [1000.0, 0.01] * parts
    scaler = st.StandardScaler().fit(raw[:300])

    def accuracy(x):
        found = []
        for rate in RATES:
            correct = np.zeros(len(x))
            for k in range(3):
                model = st.Sequential([st.Dense(16, activation="relu"), st.Dense(2, activation="softmax")],
                                      seed=10 * draw + k)
                model.compile(loss="categorical_crossentropy", optimizer=optimizer(rate))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DivergenceWarning)
                    model.fit(x[:300], late[:300], batch_size=32, epochs=40, verbose=0)
                correct += (model.predict(x).argmax(axis=1) == late) / 3.0
            found.append((correct[300:400].mean(), correct[400:].mean()))
        return max(found)[1]

    return accuracy(scaler.transform(raw)) - accuracy(raw)


@claim("10a")
def gradient_descent_needs_it(draw):
    """On grams and tonnes gradient descent is more than 0.2 less accurate than on standardised columns."""
    gain = _gain(draw, st.SGD)
    return gain > 0.2, gain


@claim("10b")
def adam_needs_it(draw):
    """On grams and tonnes Adam is more than 0.1 less accurate than on standardised columns."""
    gain = _gain(draw, st.Adam)
    return gain > 0.1, gain
