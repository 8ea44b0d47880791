"""PED-ANOVA: a parameter that separates the best trials, and Optuna's on the same trials."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight import importance


def study() -> st.Study:
    """A study with a log range, integers, choices, and a conditional range."""
    space = {"rate": st.Float(1e-5, 1.0, log=True), "n": st.Int(1, 6), "kind": ["a", "b"],
             "m": st.Float(0.0, 0.9, when={"kind": "b"})}
    made = st.Study(space, searcher="random", seed=0)
    return made.run(lambda trial: abs(np.log10(trial.params["rate"]) + 2.0) + 0.1 * trial.params["n"]
                    + trial.params.get("m", 0.3), n_trials=100, progress=False)


def test_the_parameter_that_matters_is_first_and_shares_sum_to_1() -> None:
    found = importance(study(), method="ped-anova")
    assert next(iter(found)) == "rate" and sum(found.values()) == pytest.approx(1.0)
    assert found.basis.endswith("by PED-ANOVA: 100 complete trials of 100.")


@pytest.mark.filterwarnings("ignore")
def test_equals_optunas() -> None:
    optuna = pytest.importorskip("optuna", minversion="5.0")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made, peer, of = study(), optuna.create_study(), optuna.distributions
    known = {"rate": of.FloatDistribution(1e-5, 1.0, log=True), "n": of.IntDistribution(1, 6),
             "kind": of.CategoricalDistribution(["a", "b"]), "m": of.FloatDistribution(0.0, 0.9)}
    peer.add_trials([optuna.create_trial(params=trial.params, value=trial.value,
                                         distributions={name: known[name] for name in trial.params})
                     for trial in made.trials])
    theirs = optuna.importance.get_param_importances(
        peer, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
    assert importance(made, method="ped-anova") == pytest.approx(theirs, abs=1e-9)
