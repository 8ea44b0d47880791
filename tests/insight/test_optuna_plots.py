"""The oracle of the study plots: the same trials in Optuna, and the data on the axes of its plots.

What differs on purpose is listed in benchmarks/results/optuna_plots.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight

optuna = pytest.importorskip("optuna")
pyplot = pytest.importorskip("matplotlib.pyplot")
theirs = pytest.importorskip("optuna.visualization.matplotlib")
pyplot.switch_backend("agg")

SPACE = {"rate": st.Float(1e-4, 1e-1, log=True), "layers": st.Int(1, 4), "optimizer": ["adam", "sgd"]}


@pytest.fixture(scope="module")
def study() -> st.Study:
    """Trials of which one has failed and one was stopped; two values are equal."""
    made = st.Study(SPACE, "random")
    for number in range(12):
        trial = made.ask()
        value = round(abs(float(np.log10(trial.params["rate"])) + 2.0) + 0.1 * trial.params["layers"], 1)
        if number == 1:
            made.tell(trial, ValueError("diverged"))
            continue
        for step in range(1, 4 if number != 2 else 3):
            trial.report(value + 1.0 / step, step)
        made.tell(trial, *((None, "stopped") if number == 2 else (value,)))
    return made


@pytest.fixture(scope="module")
def copied(study: st.Study) -> Any:
    """The same trials as a study of Optuna."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    kinds = optuna.distributions
    distributions = {"rate": kinds.FloatDistribution(1e-4, 1e-1, log=True), "layers": kinds.IntDistribution(1, 4),
                     "optimizer": kinds.CategoricalDistribution(["adam", "sgd"])}
    states = {"complete": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
    made = optuna.create_study(direction=study.direction, study_name=study.name)
    for trial in study.trials:
        made.add_trial(optuna.trial.create_trial(
            state=optuna.trial.TrialState[states[trial.state]], value=trial.value, params=trial.params,
            distributions=distributions, intermediate_values=dict(trial.reports)))
    return made


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna's functions of matplotlib are experimental
        yield
    pyplot.close("all")


def offsets(axes: Any) -> np.ndarray:
    return np.asarray(axes.collections[0].get_offsets())


def test_optimization_history(study: st.Study, copied: Any) -> None:
    ours, other = insight.plot_optimization_history(study), theirs.plot_optimization_history(copied)
    np.testing.assert_array_equal(offsets(ours), offsets(other))
    numbers, best = other.lines[0].get_data()
    at, so_far = ours.lines[0].get_data()  # Optuna's line repeats the best at trials that failed or were stopped
    np.testing.assert_array_equal(numbers, np.arange(12))
    np.testing.assert_array_equal(so_far, best[np.asarray(at)])


def test_edf(study: st.Study, copied: Any) -> None:
    x, share = insight.plot_edf(study).lines[0].get_data()
    at, expected = theirs.plot_edf(copied).lines[0].get_data()  # at 100 points; ours at each value
    np.testing.assert_allclose([share[np.flatnonzero(x <= one + 1e-12)[-1]] for one in at], expected)


def test_intermediate_values(study: st.Study, copied: Any) -> None:
    ours = insight.plot_intermediate_values(study)
    kinds = [one for one in ours.collections if hasattr(one, "get_segments")][:-1]  # the last one is the best trial
    curves = sorted(curve.tolist() for kind in kinds for curve in kind.get_segments())
    other = theirs.plot_intermediate_values(copied)
    assert curves == sorted(line.get_xydata().tolist() for line in other.lines)


def test_slice(study: st.Study, copied: Any) -> None:
    ours = {axes.get_xlabel(): axes for axes in insight.plot_slice(study)}
    for other in theirs.plot_slice(copied):
        axes = ours[other.get_xlabel()]
        assert axes.get_xscale() == other.get_xscale()
        at = offsets(other)
        if axes.get_xlabel() == "optimizer":  # Optuna orders choices by their first trial
            names = [text.get_text() for text in other.get_xticklabels()]
            at[:, 0] = [["'adam'", "'sgd'"].index(names[int(k)]) for k in at[:, 0]]
        mine, its = (sorted(zip(numbers.tolist(), points.tolist(), strict=True)) for numbers, points in (
            (axes.collections[0].get_array(), offsets(axes)), (other.collections[0].get_array(), at)))
        assert mine == its  # the colours are the trials' numbers


def test_rank(study: st.Study, copied: Any) -> None:
    ours = insight.plot_rank(study, ["layers", "rate"])
    other = theirs.plot_rank(copied, ["layers", "rate"])
    if other.get_xlabel() != ours.get_xlabel():
        ours = insight.plot_rank(study, ["rate", "layers"])
    colours = pyplot.get_cmap("RdYlBu_r")(np.linspace(0.0, 1.0, 1001))[:, :3]
    shares = [np.abs(colours - colour[:3]).sum(axis=1).argmin() / 1000
              for colour in other.collections[0].get_facecolors()]
    mine = sorted(zip(offsets(ours).tolist(), ours.collections[0].get_array(), strict=True))
    its = sorted(zip(offsets(other).tolist(), shares, strict=True))
    assert [point for point, _ in mine] == [point for point, _ in its]
    assert [rank for _, rank in mine] == pytest.approx([rank for _, rank in its], abs=0.01)


def test_parallel_coordinate(study: st.Study, copied: Any) -> None:
    def scaled(axes: Any, names: list[str]) -> np.ndarray:
        """Heights of each trial on the named axes as shares of the range that was tried, in ascending order."""
        lines = next(one for one in axes.collections if hasattr(one, "get_segments"))
        heights = np.array([segment[:, 1] for segment in lines.get_segments()])
        heights = heights[:, [[text.get_text() for text in axes.get_xticklabels()].index(name) for name in names]]
        shares = np.round((heights - heights.min(axis=0)) / np.ptp(heights, axis=0), 9)
        return shares[np.lexsort(shares.T[::-1])]

    ours = scaled(insight.plot_parallel_coordinate(study), ["value", *SPACE])
    other = scaled(theirs.plot_parallel_coordinate(copied), ["Objective Value", *SPACE])
    choice = ours[0, 3] == other[0, 3]  # Optuna orders choices by their first trial
    other[:, 3] = other[:, 3] if choice else 1.0 - other[:, 3]
    np.testing.assert_allclose(ours, other, atol=1e-8)


def test_what_the_page_says_of_outliers_and_of_several_objectives(copied: Any) -> None:
    distribution = {"x": optuna.distributions.FloatDistribution(0.0, 1.0)}
    theirs_of, ours_of = optuna.create_study(), st.Study({"x": st.Float(0.0, 1.0)}, "random")
    for number in range(20):
        value = 1e6 if number == 3 else number / 20
        theirs_of.add_trial(optuna.trial.create_trial(value=value, params={"x": 0.5}, distributions=distribution))
        ours_of.tell(ours_of.ask(), value)
    assert theirs.plot_optimization_history(theirs_of).get_ylim()[1] > 1e6
    assert insight.plot_optimization_history(ours_of).get_ylim()[1] < 1.1
    with pytest.raises(ValueError, match="objective"):
        theirs.plot_pareto_front(copied)
    with pytest.raises(ValueError, match="multi-objective"):
        theirs.plot_hypervolume_history(copied, [1.0])
