"""The picture of a terminator: its points are those that the terminator computes."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.insight.terminator import Terminator

SPACE = {"x": st.Float(-1.0, 1.0), "y": st.Float(-1.0, 1.0)}


def with_folds(trial: st.Trial) -> float:
    value = -float(trial.params["x"] ** 2 + trial.params["y"] ** 2)
    trial.report_scores(value + 0.05 * np.arange(-2, 3))
    return value


def test_the_picture() -> None:
    study = st.tune(with_folds, SPACE, "random", 14, direction="maximize", progress=False)
    axes = insight.plot_terminator_improvement(study, Terminator(min_trials=10))
    bound, error = axes.lines[:2]
    assert bound.get_xdata().tolist() == error.get_xdata().tolist() == [10, 11, 12, 13, 14]
    found = Terminator(min_trials=10).evaluate(study, 12)
    assert found is not None and (bound.get_ydata()[2], error.get_ydata()[2]) == (found.bound, found.error)
    axes.figure.canvas.draw()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_small_studies(count: int) -> None:
    study = st.Study(SPACE, "random").run(with_folds, count, progress=False) if count else st.Study(SPACE, "random")
    assert "fewer than 20 complete trials" in insight.plot_terminator_improvement(study).texts[0].get_text()
