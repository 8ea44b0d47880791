"""The claims of lesson 27, accuracy against the cost of training."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson
from scratchtune.core.search import NSGA2, hypervolume

lesson = of_lesson(27, "goals", "SPACE", "CHEAPEST", "DEAREST")
STUDIES = 10




def _goals(trial):
    return lesson.goals(trial.params, trial.seed)


@cache
def _found(name, draw):
    """The mean hypervolume and the mean best accuracy of ten studies."""
    volumes, best = [], []
    for seed in range(STUDIES * draw, STUDIES * (draw + 1)):
        if name == "alone":
            study = st.Study(lesson.SPACE, "genetic", direction="maximize", seed=seed)
            study.run(lambda trial: _goals(trial)[0], 60, progress=False)
        else:
            searcher = NSGA2() if name == "NSGA-II" else st.RandomSearch()
            study = st.Study(lesson.SPACE, searcher, directions=["maximize", "minimize"], seed=seed)
            study.run(_goals, 60, progress=False)
        accuracies, costs = np.transpose([_goals(trial) for trial in study.trials])
        scaled = np.log(costs / lesson.CHEAPEST) / np.log(lesson.DEAREST / lesson.CHEAPEST)
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
