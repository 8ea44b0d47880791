"""Learning curves: with and without histories, and of promoted trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.insight import learning_curves
from scratchtune.insight.learning_curves import plot_learning_curves


def _is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


def test_with_and_without_histories(tmp_path: Path) -> None:
    def objective(trial: st.Trial) -> float:
        for step in range(1, 4):
            trial.report(trial.params["x"] * step, step)
        return 3.0 * trial.params["x"]

    study = st.tune(objective, {"x": [0.1, 0.2]}, "grid", direction="maximize", progress=False)
    curves = {1: {"accuracy": [0.5, 0.6], "val_accuracy": [0.4, 0.5]}}
    assert _is_png(plot_learning_curves(study, [study.best_trial], curves, tmp_path / "with.png"))
    assert _is_png(plot_learning_curves(study, study.trials[:1], {}, tmp_path / "without.png"))


def test_promoted_trials_and_several_chosen_ones(tmp_path: Path) -> None:
    def objective(trial: st.Trial) -> float:
        trial.report(trial.params["x"], int(trial.budget or 0))
        return float(trial.params["x"])

    study = st.tune(objective, {"x": st.Float(0.0, 1.0)}, st.Hyperband(9), progress=False)
    path = plot_learning_curves(study, study.trials[-3:], {}, tmp_path / "new" / "curves.png", "loss", "loss")
    assert _is_png(path)


@pytest.mark.parametrize("direction, low, high", [("minimize", -0.045, 0.9), ("maximize", 0.1, 1.045)])
def test_the_best_values_are_shown_and_the_worst_tenth_is_not(
    direction: str, low: float, high: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:
    def objective(trial: st.Trial) -> float:
        trial.report(trial.params["x"], 1)
        return float(trial.params["x"])

    space = {"x": [number / 10 for number in range(11)]}
    study = st.tune(objective, space, "grid", direction=direction, progress=False)
    figures: list[Any] = []
    monkeypatch.setattr(learning_curves, "save", lambda figure, path: figures.append(figure))
    plot_learning_curves(study, [study.best_trial], {}, tmp_path / "curves.png")
    assert figures[0].axes[0].get_ylim() == pytest.approx((low, high))


def test_without_a_path_the_axes_are_returned() -> None:
    def objective(trial: st.Trial) -> float:
        trial.report(trial.params["x"], 1)
        return float(trial.params["x"])

    study = st.tune(objective, {"x": [0.1, 0.2]}, "grid", progress=False)
    axes = st.insight.plot_learning_curves(study)
    assert axes.lines[0].get_label() == "trial 0 (chosen)" and axes.lines[0].get_ydata() == [0.1]
    assert len(st.insight.plot_learning_curves(study, curves={0: {"accuracy": [0.5]}})) == 2
    empty = st.insight.plot_learning_curves(st.Study({"x": [0.1]}, "grid"))
    assert "no trial has reported a value" in empty.texts[0].get_text()
