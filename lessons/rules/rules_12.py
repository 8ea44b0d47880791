"""The claims of lesson 12, calibration: in each draw the mean of three networks, on patients drawn for each."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson

lesson = of_lesson(12, "cost", "tempered")


@cache
def _measured(draw):
    """Overconfidence above 0.9; log losses of network, of 0.2 for all, and tempered; costs as trained and tempered."""
    found = []
    for seed in range(3 * draw, 3 * draw + 3):
        rng = np.random.default_rng(seed)
        parts = []
        for number in (400, 400, 5000):
            ill = (rng.random(number) < 0.2).astype(int)
            X = rng.normal(size=(number, 20))
            X[:, :3] += 1.1 * ill[:, None]
            parts.append((X, ill))
        model = st.MLPClassifier(units=32, epochs=60, weight_decay=0.0, random_state=seed, verbose=0).fit(*parts[0])
        chosen, p = (np.clip(model.predict_proba(X)[:, 1], 1e-7, 1 - 1e-7) for X, _ in parts[1:])
        (_, validation), (_, test) = parts[1:]
        temperatures = np.geomspace(0.5, 20, 60)
        losses = [st.metrics.log_loss(validation, lesson.tempered(chosen, T)) for T in temperatures]
        repaired = lesson.tempered(p, temperatures[int(np.argmin(losses))])
        found.append((p[p > 0.9].mean() - test[p > 0.9].mean(), st.metrics.log_loss(test, p),
                      st.metrics.log_loss(test, np.full(len(test), 0.2)), st.metrics.log_loss(test, repaired),
                      lesson.cost(test, p >= 1 / 11), lesson.cost(test, repaired >= 1 / 11)))
    return np.mean(found, axis=0)


@claim("12a")
def overconfident(draw):
    """Of those to whom the network gives more than 0.9 at least ten points fewer are ill than it says."""
    gap = _measured(draw)[0]
    return gap >= 0.1, gap


@claim("12b")
def worse_than_a_constant(draw):
    """The log loss of the network is higher than that of a probability of 0.2 for everybody."""
    more = _measured(draw)[1] - _measured(draw)[2]
    return more > 0, more


@claim("12c")
def temperature(draw):
    """With a temperature fitted to validation rows the log loss on test rows is lower."""
    gain = _measured(draw)[1] - _measured(draw)[3]
    return gain > 0, gain


@claim("12d")
def cheaper(draw):
    """With the threshold of the costs, the tempered probabilities cost less than those of the network."""
    gain = _measured(draw)[4] - _measured(draw)[5]
    return gain > 0, gain
