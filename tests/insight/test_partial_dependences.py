"""Partial dependence: a known mean, shapes, choices, and bad input."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight import partial_dependence, plot_partial_dependence


def study(n_trials: int = 40) -> st.Study:
    """A study whose value is 10 a² + the index of a choice."""
    space = {"a": st.Float(0.0, 1.0), "kind": ["x", "y", "z"]}
    made = st.Study(space, searcher="random", seed=0)
    return made.run(lambda trial: 10.0 * trial.params["a"] ** 2 + "xyz".index(trial.params["kind"]),
                    n_trials=n_trials, progress=False) if n_trials else made


def test_the_mean_over_the_other_parameter() -> None:
    found, expected = partial_dependence(study(), "a"), np.array([1.0, 3.5, 8.5])
    middle = [int(np.searchsorted(found.points[0], a)) for a in (0.0, 0.5, 0.866)]
    assert found.mean[middle] == pytest.approx(expected, abs=0.35)
    assert (found.lower <= found.mean).all() and (found.mean <= found.upper).all()


def test_two_parameters_and_their_plot() -> None:
    made = study()
    found = partial_dependence(made, ["a", "kind"])
    assert found.points[1] == ["x", "y", "z"] and found.mean.shape == (24, 3)
    axes = plot_partial_dependence(made, ["a", "kind"])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["kind = x", "kind = y", "kind = z"]
    assert len(plot_partial_dependence(made)) == 2


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="params is 'kin'; it must be one of 'a', 'kind', did you mean 'kind'"):
        partial_dependence(study(), "kin")
    with pytest.raises(ValueError, match="3 complete trials of 3: too few"):
        partial_dependence(study(3), "a")
    with pytest.raises(ValueError, match="params holds 0 parameters"):
        partial_dependence(study(), [])


def test_too_few_trials_are_said_in_the_picture() -> None:
    assert "too few different" in plot_partial_dependence(study(3), "a").texts[0].get_text().replace("\n", " ")
    assert plot_partial_dependence(study(0))[0].texts[0].get_text() == "no complete trial\n(no trial at all)"
