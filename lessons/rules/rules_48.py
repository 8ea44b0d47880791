"""The claims of lesson 48, reading a study."""

import numpy as np

import scratchtune as st
from lessons.claims import claim

SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
         "l2": st.Categorical([0.0, 0.001, 0.01]), "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}
DEFAULT = {"learning_rate": 0.1, "batch_size": 32, "l2": 0.0, "dropout": 0.0, "units": 64}


def _study(draw):
    trainings = st.datasets.load_trainings()
    study = st.Study(SPACE, st.RandomSearch(), "maximize", seed=draw)
    return trainings, study.run(trainings.objective(), n_trials=60, progress=False)


@claim("48a")
def interaction_above_batch_size(draw):
    """The study's share of the interaction of rate and batch size is larger than that of the batch size."""
    shares = st.insight.importance(_study(draw)[1])
    more = shares.get(("learning_rate", "batch_size"), 0.0) - shares["batch_size"]
    return more > 0, more


@claim("48b")
def the_best_is_too_good(draw):
    """The best of 60 validation accuracies is higher than what its configuration is worth, mean of five trainings."""
    trainings, study = _study(draw)
    above = study.best_value - trainings.expected[trainings.index(study.best_params)]
    return above > 0, above


@claim("48c")
def one_step(draw):
    """One step of the ablation path brings more than half of the gain."""
    trainings, study = _study(draw)
    now, left, scores = dict(DEFAULT), list(DEFAULT), [trainings.accuracy(DEFAULT)]
    while left:
        each = {name: trainings.accuracy({**now, name: study.best_params[name]}) for name in left}
        name = max(each, key=each.get)
        now[name] = study.best_params[name]
        left.remove(name)
        scores.append(each[name])
    share = max(np.diff(scores)) / (scores[-1] - scores[0])
    return share > 0.5, share
