"""The plot of a Pareto front: the steps, the axes, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.insight import plot_pareto_front

VALUES = [(1.0, 4.0), (2.0, 2.0), (3.0, 3.0), (4.0, 1.0)]  # the third one is dominated where both are minimised


def study_of(directions: Any, values: Any = VALUES) -> st.Study:
    study = st.Study({"x": list(range(len(values)))}, "grid", directions=directions)
    return study.run(lambda trial: values[trial.params["x"]], progress=False)


def mirrored(directions: tuple[str, str]) -> st.Study:
    """The same trials with the sign of what is maximised changed: the front is the same."""
    signs = [1.0 if direction == "minimize" else -1.0 for direction in directions]
    return study_of(directions, [(a * signs[0], b * signs[1]) for a, b in VALUES])


@pytest.mark.parametrize("x", ["minimize", "maximize"])
@pytest.mark.parametrize("y", ["minimize", "maximize"])
def test_steps_are_the_border_of_what_the_front_dominates(x: str, y: str) -> None:
    axes = plot_pareto_front(mirrored((x, y)))
    signs = np.array([1.0 if direction == "minimize" else -1.0 for direction in (x, y)])
    (line,) = axes.lines
    path = line.get_path().vertices * signs  # as losses: from left to right if x is minimised, else back
    path = path if x == "minimize" else path[::-1]
    assert path.tolist() == [[1.0, 4.0], [2.0, 4.0], [2.0, 2.0], [4.0, 2.0], [4.0, 1.0]]
    grey, front = axes.collections
    assert (grey.get_offsets() * signs).tolist() == [[3.0, 3.0]] and len(front.get_offsets()) == 3
    better = {"minimize": "lower", "maximize": "higher"}
    assert axes.get_xlabel() == f"objective 0 ({better[x]} is better)"
    assert axes.get_ylabel() == f"objective 1 ({better[y]} is better)"


def test_names_options_and_scales() -> None:
    values = [(0.9, 100.0), (0.95, 20_000.0), (0.5, 30_000.0)]
    study = study_of({"accuracy": "maximize", "weights": "minimize"}, values)
    axes = plot_pareto_front(study)
    assert axes.get_xlabel().startswith("accuracy (higher") and axes.get_ylabel().startswith("weights (lower")
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    turned = plot_pareto_front(study, axis_order=(1, 0), target_names=["a", "b"])
    assert turned.get_xlabel().startswith("b (lower")


def test_of_three_objectives_two_are_drawn() -> None:
    study = study_of(("minimize",) * 3, [(1.0, 2.0, 3.0), (2.0, 1.0, 3.0), (3.0, 3.0, 1.0), (4.0, 4.0, 4.0)])
    axes = plot_pareto_front(study, axis_order=(0, 2))
    assert not axes.lines and [len(one.get_offsets()) for one in axes.collections] == [1, 3]
    assert plot_pareto_front(study).get_ylabel().startswith("objective 1")


@pytest.mark.parametrize("options, message", [
    ({"axis_order": (0, 0)}, r"axis_order is \(0, 0\); it must hold the numbers of two different"),
    ({"axis_order": (0, 2)}, "axis_order is 2; it must be"),
    ({"target_names": ["one"]}, "target_names holds 1 name; it must hold 2"),
])
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot_pareto_front(study_of(("minimize", "minimize")), **options)


def test_one_objective_or_no_trials() -> None:
    with pytest.raises(ValueError, match="study has one objective.*plot_optimization_history"):
        plot_pareto_front(st.Study({"x": [1]}))
    with pytest.raises(TypeError, match="study is 3; it must be a Study"):
        plot_pareto_front(3)
    axes = plot_pareto_front(st.Study({"x": [1]}, directions=("minimize", "maximize")))
    assert axes.texts and not axes.collections
