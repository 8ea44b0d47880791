"""The claims of lesson 26: which trial to hand in under noise."""

import numpy as np

import scratchtune as st
from lessons.claims import claim

SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
         "l2": [0.0, 0.001, 0.01], "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}
STUDIES, OF_LANDSCAPES = 80, 50


@claim("26a", draws=10)
def confirmed_on_the_trainings(draw):
    """On the trainings the confirmed trial has a lower mean regret, in 80 studies, than the two other answers."""
    trainings, found = st.datasets.load_trainings(), []
    for seed in range(STUDIES * draw, STUDIES * (draw + 1)):
        study, confirmed = (st.Study(SPACE, "random", direction="maximize", seed=seed).run(
            trainings.objective(), 60, progress=False, confirm=share) for share in (None, 0.2))
        answers = study.best_trial, study.recommended(noise=True), confirmed.recommended()
        found.append([trainings.regret(each.params) for each in answers])
    observed, recommended, confirmed = np.mean(found, axis=0)
    return confirmed < min(observed, recommended), min(observed, recommended) - confirmed


def _gain_on(draw, height):
    """The true loss of the best observed trial less that of the recommended one, on a bowl with ripples."""
    def loss(params):
        dx, dy = params["x"] - 0.3, params["y"] - 0.6
        return 0.5 * (dx**2 + dy**2) + height * (2.0 - np.cos(25.0 * dx) - np.cos(25.0 * dy))

    found = []
    for seed in range(OF_LANDSCAPES * draw, OF_LANDSCAPES * (draw + 1)):
        study = st.Study({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}, "random", seed=seed)
        study.run(lambda t: loss(t.params) + 0.1 * np.random.default_rng(t.seed).standard_normal(), 60, progress=False)
        found.append(loss(study.best_params) - loss(study.recommended(noise=True).params))
    return np.mean(found)


@claim("26b")
def better_on_a_bowl(draw):
    """On a bowl the recommended trial has a lower mean true loss, in 50 studies, than the best observed one."""
    gain = _gain_on(draw, 0.0)
    return gain > 0, gain


@claim("26c")
def worse_on_ripples(draw):
    """On a bowl with ripples the recommended trial has a higher mean true loss, in 50 studies, than the best one."""
    gain = _gain_on(draw, 0.08)
    return gain < 0, gain
