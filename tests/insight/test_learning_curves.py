"""Learning curves: with and without histories, chosen trials, and the label of the axis."""

from __future__ import annotations

import pytest

import scratchtune as st


def reporting(direction: str = "minimize") -> st.Study:
    """Three trials of which the first is the best of those that are minimised."""
    def objective(trial: st.Trial) -> float:
        for step in range(1, 4):
            trial.report(trial.params["x"] * step, step)
        return 3.0 * trial.params["x"]

    return st.tune(objective, {"x": [0.1, 0.2, 50.0]}, "grid", direction=direction, progress=False)


@pytest.mark.parametrize("direction, best, better", [("minimize", 0, "lower"), ("maximize", 2, "higher")])
def test_the_best_trial_is_chosen_and_the_label_says_which_end_is_good(direction: str, best: int, better: str) -> None:
    axes = st.insight.plot_learning_curves(reporting(direction))
    assert axes.lines[0].get_label() == f"trial {best}, best" and axes.lines[0].trial_numbers == [best]
    assert axes.get_ylabel() == f"reported value ({better} is better)"
    assert axes.collections[0].trial_numbers == [0, 1, 2]
    named = st.insight.plot_learning_curves(reporting(direction), value="validation loss")
    assert named.get_ylabel() == f"validation loss ({better} is better)"


def test_a_history_has_a_second_panel() -> None:
    study = reporting()
    curves = {1: {"accuracy": [0.5, 0.6], "val_accuracy": [0.4, 0.5]}}
    _, second = st.insight.plot_learning_curves(study, study.trials[:2], curves)
    assert [line.get_label() for line in second.lines] == ["trial 1, training", "trial 1, validation"]
    assert second.lines[1].get_ydata().tolist() == [0.4, 0.5] and second.get_title("left") == "Chosen trials"


def test_the_axis_ends_where_that_of_all_plots_does() -> None:
    study = reporting()
    curves, values = st.insight.plot_learning_curves(study), st.insight.plot_intermediate_values(study)
    assert curves.get_ylim() == values.get_ylim() and curves.get_ylim()[1] < 1.0
    assert "1 beyond the axis (worst 150)" in curves.texts[0].get_text()


def test_without_reports() -> None:
    empty = st.insight.plot_learning_curves(st.Study({"x": [0.1]}, "grid"))
    assert "no trial has reported a value" in empty.texts[0].get_text()
