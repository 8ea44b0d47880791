"""The claims of lesson 00, guesses against searchers."""

import numpy as np

import scratchtune as st
from lessons.claims import claim

SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
         "l2": [0.0, 0.001, 0.01], "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}


def _best(searcher, seed):
    """The best trial of a study of 27."""
    study = st.Study(SPACE, searcher, direction="maximize", seed=seed)
    study.run(st.datasets.load_trainings().objective(), 27)
    return study.best_trial


@claim("00a", draws=10)
def bayesian_is_nearer(draw):
    """After 27 trials the mean regret of 12 Bayesian searches is lower than that of 12 random ones."""
    trainings = st.datasets.load_trainings()
    gaps = [trainings.regret(_best(st.RandomSearch(), 12 * draw + k).params)
            - trainings.regret(_best(st.BayesianSearch(), 12 * draw + k).params) for k in range(12)]
    return np.mean(gaps) > 0.0, np.mean(gaps)


@claim("00b")
def the_winners_curse(draw):
    """The best of 27 random trials has a lower accuracy on the held-out rows, as a mean of 60 searches."""
    trainings = st.datasets.load_trainings()
    every = [_best(st.RandomSearch(), 60 * draw + k) for k in range(60)]
    falls = [best.value - trainings.held_out_accuracy(best.params, best.seed % 5) for best in every]
    return np.mean(falls) > 0.0, 100.0 * np.mean(falls)
