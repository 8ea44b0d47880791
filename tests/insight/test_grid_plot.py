"""The heat map of two parameters: its cells, its marginals, failed cells, studies that are no grid."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight

SPACE = {"rate": st.Float(1e-3, 1e-1, log=True), "layers": st.Int(1, 4), "kind": ["a", "b"]}


def objective(trial: st.Trial) -> float:
    if trial.params["rate"] > 0.05 and trial.params["layers"] == 4:
        raise ValueError("diverged")
    return float(np.log10(trial.params["rate"]) + trial.params["layers"] + 10.0 * (trial.params["kind"] == "b"))


@pytest.fixture(scope="module")
def study() -> st.Study:
    return st.Study(SPACE, st.GridSearch(3), "maximize").run(objective, progress=False)


def test_cells_are_means(study: st.Study) -> None:
    heat, _, _ = insight.plot_grid(study)
    table = np.asarray(heat.images[0].get_array().filled(np.nan))
    expected = np.arange(1, 5)[:, None] + np.array([-3.0, -2.0, -1.0])[None, :] + 5.0
    expected[3, 2] = np.nan  # its trials have failed
    assert table == pytest.approx(expected, nan_ok=True)
    assert len(heat.texts) == 11 and heat.texts[0].get_text() == f"{expected[0, 0]:.3g}"
    assert [line.get_data() for line in heat.lines] == [([2], [3])] and heat.lines[0].get_marker() == "x"
    best = study.best_trial.params
    corner = [1e-3, 1e-2, 1e-1].index(pytest.approx(best["rate"])) - 0.5, best["layers"] - 1.5
    assert heat.patches[0].get_xy() == corner
    assert [text.get_text() for text in heat.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert [text.get_text() for text in heat.get_yticklabels()] == ["1", "2", "3", "4"]
    assert (heat.get_xlabel(), heat.get_ylabel()) == ("rate", "layers")
    assert heat.figure.get_suptitle().replace("\n", " ") == (
        "Grid, mean of each cell: 22 trials; not shown: 2 failed; frame: the cell of the best trial, "
        f"{study.best_trial.number}")
    assert heat.figure.axes[-1].get_ylabel() == "value (higher is better)"


def test_marginals_are_means_and_bests_of_rows_and_columns(study: st.Study) -> None:
    _, top, right = insight.plot_grid(study)
    assert top.lines[0].get_ydata() == pytest.approx([-3 + 7.5, -2 + 7.5, -1 + 2 + 5])
    assert top.lines[1].get_ydata() == pytest.approx([11.0, 12.0, 12.0])
    assert right.lines[0].get_xdata() == pytest.approx([-2 + 6, -2 + 7, -2 + 8, -2.5 + 9])
    assert right.lines[1].get_xdata() == pytest.approx([10.0, 11.0, 12.0, 12.0])
    assert [text.get_text() for text in top.get_legend().get_texts()] == ["mean", "best"]


def test_chosen_parameters_and_absent_ones() -> None:
    space = {**SPACE, "sub": st.Int(1, 3, when={"kind": ["a"]})}
    run = st.Study(space, st.GridSearch(2)).run(lambda trial: trial.params["layers"], progress=False)
    heat, _, _ = insight.plot_grid(run, ["kind", "sub"])
    assert [text.get_text() for text in heat.get_xticklabels()] == ["a"]
    assert "8 without both parameters" in heat.figure.get_suptitle()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_small_studies(count: int) -> None:
    run = st.Study(SPACE, "random")
    axes = insight.plot_grid(run.run(objective, count, progress=False) if count else run)
    axes[0].figure.canvas.draw()
    assert (axes[0].texts[0].get_text() == "no complete trial\n(no trial at all)") == (count == 0)


def test_the_grid_of_a_continuous_parameter_needs_no_repeated_value() -> None:
    run = st.Study({"x": st.Float(0.0, 1.0), "k": [7]}, st.GridSearch(20))
    heat, _, _ = insight.plot_grid(run.run(lambda trial: trial.params["x"], progress=False))
    assert heat.images[0].get_array().tolist() == [pytest.approx(np.linspace(0.0, 1.0, 20))]


def test_failed_and_large_grids() -> None:
    failed = st.Study(SPACE, st.GridSearch(2)).run(lambda trial: float("nan"), progress=False)
    assert insight.plot_grid(failed)[0].texts[0].get_text() == "no complete trial\n(16 failed)"
    run = st.Study({"a": st.Int(1, 50), "b": st.Int(1, 30)}, "grid")
    heat, _, _ = insight.plot_grid(run.run(lambda trial: trial.params["a"] * trial.params["b"], progress=False))
    assert heat.images[0].get_array().shape == (30, 50) and not heat.texts and len(heat.get_xticks()) <= 12
    assert heat.patches[0].get_xy() == (-0.5, -0.5)


def test_bad_input(study: st.Study) -> None:
    random = st.Study({"x": st.Float(0.0, 1.0), "y": st.Int(1, 500)}, "random")
    random.run(lambda trial: 1.0, 100, progress=False)
    with pytest.raises(ValueError, match="x has 100 different values in 100 trials; plot_grid needs parameters"):
        insight.plot_grid(random)
    with pytest.raises(ValueError, match="the space has 1 parameter; this plot needs two"):
        insight.plot_grid(st.Study({"x": [1]}, "grid"))
    with pytest.raises(ValueError, match="params holds 3 parameters; this plot needs two"):
        insight.plot_grid(study, ["rate", "layers", "kind"])
    with pytest.raises(ValueError, match="did you mean 'layers'?"):
        insight.plot_grid(study, ["rate", "layer"])
