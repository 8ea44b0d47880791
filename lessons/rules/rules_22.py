"""The claims of lesson 22, trees of choices."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim

TREE = {"optimizer": ["sgd", "adam"], "learning_rate": st.Float(1e-5, 1.0, log=True),
        "momentum": st.Float(0.0, 0.99, when={"optimizer": ["sgd"]})}
FLAT = {**TREE, "momentum": st.Float(0.0, 0.99)}


@cache
def _searches(draw):
    """For each space: shares of 20 searches whose best trial is SGD's, and that keep to one optimizer from trial 10."""
    found, kept = {"tree": [], "flat": []}, {"tree": [], "flat": []}
    for k in range(20):
        rng = np.random.default_rng([draw, k])
        adam, sgd, momentum = rng.uniform(-4.0, -2.0), rng.uniform(-1.5, -0.5), rng.uniform(0.6, 0.95)

        def loss(trial, adam=adam, sgd=sgd, momentum=momentum):
            exponent = np.log10(trial.params["learning_rate"])
            if trial.params["optimizer"] == "adam":
                return float(0.1 + 0.05 * (exponent - adam) ** 2)
            return float(0.1 * (exponent - sgd) ** 2 + (trial.params["momentum"] - momentum) ** 2)

        for name, space in (("tree", TREE), ("flat", FLAT)):
            study = st.Study(space, st.BayesianSearch(model="tpe"), seed=20 * draw + k)
            study.run(loss, n_trials=40, progress=False)
            found[name].append(study.best_params["optimizer"] == "sgd")
            kept[name].append(len({trial.params["optimizer"] for trial in study.trials[10:]}) == 1)
    return {name: (np.mean(found[name]), np.mean(kept[name])) for name in found}


@claim("22a", draws=15)
def the_tree_finds_the_better_branch(draw):
    """With the condition given, the best of 40 trials is in the better branch in more of 20 searches than without."""
    searches = _searches(draw)
    return searches["tree"][0] > searches["flat"][0], searches["tree"][0] - searches["flat"][0]


@claim("22b", draws=15)
def the_flat_space_keeps_to_one_branch(draw):
    """Without the condition more of 20 searches try one optimizer only from trial 10 on."""
    searches = _searches(draw)
    return searches["flat"][1] > searches["tree"][1], searches["flat"][1] - searches["tree"][1]
