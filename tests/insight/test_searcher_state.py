"""The state of a searcher before a trial, from the trials: with it the searcher proposes that very trial again."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight import searcher_state

SPACE = {"x": st.Float(0.0, 1.0), "kind": ["a", "b"], "y": st.Int(1, 9, when={"kind": ["a"]})}


def objective(trial: st.Trial) -> float:
    """A value for most trials; every seventh fails."""
    if trial.number % 7 == 3:
        raise ValueError("diverged")
    return float((trial.params["x"] - 0.3) ** 2 + 0.1 * trial.params.get("y", 5) - (trial.budget or 0.0))


@pytest.mark.parametrize("searcher, direction", [
    (st.BayesianSearch("auto"), "minimize"), (st.BayesianSearch("gp", parallel=3), "maximize"),
    (st.BayesianSearch("tpe", parallel=2), "maximize"),
])
def test_the_searcher_proposes_the_same_trial_from_the_state(searcher: st.BayesianSearch, direction: str) -> None:
    study = st.Study(SPACE, searcher, direction, seed=5).run(objective, 16, progress=False)
    for trial in study.trials[13:]:
        state = searcher_state.before(study, trial)
        rng = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(trial.number,)))
        again = state.searcher.suggest(state.space, state.seen, state.pending, state.number, rng)
        assert (again.params, again.why) == (trial.params, trial.why)


def test_the_state_of_a_study_that_starts_from_another_one() -> None:
    first = st.Study(SPACE, "random").run(objective, 6, progress=False)
    study = st.Study(SPACE, st.BayesianSearch("gp"), start_from=first).run(objective, 3, progress=False)
    state = searcher_state.before(study, study.trials[2])
    assert len(state.seen) == 8 and study.trials[2].why["trials"] == 8


def test_repeats_of_trials_are_neither_seen_nor_pending() -> None:
    study = st.Study({"x": st.Float(0.0, 1.0)}, st.BayesianSearch("tpe", parallel=2)).run(objective, 8, progress=False)
    study.confirm(objective, 2, 1, progress=False)
    state = searcher_state.before(study, study.run(objective, 12, progress=False).trials[11])
    assert (len(state.seen), len(state.pending), state.number) == (8, 1, 9)  # trials 8 and 9 are repeats


def test_the_proposer_of_hyperband_sees_one_budget() -> None:
    searcher = st.Hyperband(9, proposer=st.BayesianSearch("tpe"), random_share=0.0, order="brackets")
    study = st.Study({"x": st.Float(0.0, 1.0)}, searcher).run(objective, progress=False)
    trial = searcher_state.proposed_by(study, "plot_densities", None, None)
    assert trial is not None
    state, why = searcher_state.before(study, trial), searcher_state.reasons_of(trial)
    assert len({result.budget for result in state.seen}) == 1
    assert len(state.seen) + len(state.pending) == why["good"] + why["bad"]


def test_the_state_after_a_trial_has_its_outcome() -> None:
    study = st.Study({"x": st.Float(0.0, 1.0)}, "bayesian").run(objective, 8, progress=False)
    trial = study.trials[7]
    state = searcher_state.after(study, trial)
    assert state.seen[-1].value == trial.value and (len(state.seen), state.number, state.pending) == (8, 8, [])
    running = study.ask()
    state = searcher_state.after(study, running)
    assert len(state.seen) == 8 and state.pending == [running.params]


def test_unsuitable_studies_and_trials() -> None:
    study = st.Study({"x": st.Float(0.0, 1.0)}, "random").run(objective, 3, progress=False)
    with pytest.raises(ValueError, match=r"searched by RandomSearch\(sequence='uniform'\); p needs BayesianSearch$"):
        searcher_state.model_of(study, "p")
    unknown = SimpleNamespace(name="a", space=study.space, direction="minimize", trials=study.trials)
    with pytest.raises(ValueError, match="searched by a searcher that is not known here; p needs BayesianSearch"):
        searcher_state.model_of(unknown, "p")
    study = st.Study({"x": st.Float(0.0, 1.0)}, st.BayesianSearch("gp")).run(objective, 8, progress=False)
    with pytest.raises(ValueError, match="trial is 2, which was not proposed by a Gaussian process; it must be one of "
                                         "4, 5, 6, ..., 7"):
        searcher_state.proposed_by(study, "plot_posterior", None, 2)
    with pytest.raises(ValueError, match="trial is 7, .*Parzen estimator; it has proposed no trial of this study"):
        searcher_state.proposed_by(study, "plot_densities", None, 7)
