"""The claims of lesson 27, accuracy against the cost of training."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim
from scratchtune.search import NSGA2, hypervolume

SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
         "l2": [0.0, 0.001, 0.01], "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True),
         "epochs": st.Int(1, 27, log=True)}
CHEAPEST, DEAREST, STUDIES = 0.2964, 277.9164, 10


_trainings = cache(st.datasets.load_trainings)


def _goals(trial):
    trainings = _trainings()
    units, epochs = trainings.nearest(trial.params)["units"], trial.params["epochs"]
    weights = 65 * units + (units + 1) * units + 10 * (units + 1)
    return trainings.curve(trial.params, trial.seed % 5)[epochs - 1], weights * 200 * epochs / 1e6


@cache
def _found(name, draw):
    """The mean hypervolume and the mean best accuracy of ten studies."""
    volumes, best = [], []
    for seed in range(STUDIES * draw, STUDIES * (draw + 1)):
        if name == "alone":
            study = st.Study(SPACE, "genetic", direction="maximize", seed=seed)
            study.run(lambda trial: _goals(trial)[0], 60, progress=False)
        else:
            searcher = NSGA2() if name == "NSGA-II" else st.RandomSearch()
            study = st.Study(SPACE, searcher, directions=["maximize", "minimize"], seed=seed)
            study.run(_goals, 60, progress=False)
        accuracies, costs = np.transpose([_goals(trial) for trial in study.trials])
        scaled = np.log(costs / CHEAPEST) / np.log(DEAREST / CHEAPEST)
        volumes.append(hypervolume(np.column_stack([1.0 - accuracies, scaled]), (1.0, 1.0)))
        best.append(max(accuracies))
    return np.mean(volumes), np.mean(best)


@claim("27a", draws=15)
def nsga_covers_most(draw):
    """NSGA-II has a larger mean hypervolume, of ten studies, than random search."""
    gain = _found("NSGA-II", draw)[0] - _found("random", draw)[0]
    return gain > 0, gain


@claim("27b", draws=15)
def accuracy_alone_covers_least(draw):
    """Genetic search for the accuracy alone has a higher best accuracy, and a smaller volume than random search."""
    (volume, best), (of_chance, best_of_chance) = _found("alone", draw), _found("random", draw)
    return best > best_of_chance and volume < of_chance, of_chance - volume
