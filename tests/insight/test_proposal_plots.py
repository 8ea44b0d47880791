"""The picture of the Gaussian process: its curves are those that the reasons of the trial record."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight

SPACE = {"rate": st.Float(1e-4, 1e-1, log=True), "layers": st.Int(1, 4), "optimizer": ["sgd", "adam"],
         "momentum": st.Float(0.0, 0.9, when={"optimizer": ["sgd"]})}


def objective(trial: st.Trial) -> float:
    if trial.number == 2:
        raise ValueError("diverged")
    return float(-abs(np.log10(trial.params["rate"]) + 2.3) - 0.1 * trial.params["layers"])


def value_at(line, x: float) -> float:
    """The height of a curve at its point nearest to x."""
    at, height = line.get_data()
    return float(height[int(np.argmin(np.abs(np.asarray(at) - x)))])


def labels(axes) -> list[str]:
    return axes.get_legend_handles_labels()[1]


@pytest.fixture(scope="module")
def study() -> st.Study:
    return st.Study(SPACE, st.BayesianSearch("gp"), "maximize").run(objective, 12, progress=False)


def test_mean_band_and_acquisition_at_the_proposed_point_are_those_of_its_reasons(study: st.Study) -> None:
    trial = study.trials[9]
    before, after, acquisition, later = insight.plot_posterior(study, trial=9)
    rate = trial.params["rate"]
    assert value_at(before.lines[0], rate) == pytest.approx(-trial.why["mean"], rel=1e-6)
    band = before.collections[0].get_paths()[0].vertices
    heights = band[np.isclose(band[:, 0], rate, rtol=1e-9), 1]
    assert np.ptp(heights) == pytest.approx(2.0 * 1.96 * trial.why["std"], rel=1e-5)
    assert value_at(acquisition.lines[0], rate) == pytest.approx(np.exp(trial.why["value"]), rel=1e-6)
    star = acquisition.lines[1]
    assert star.get_xdata()[0] == rate and star.get_ydata()[0] == pytest.approx(np.exp(trial.why["value"]), rel=1e-6)
    highest = acquisition.lines[0].get_ydata().max()
    assert star.get_ydata()[0] == pytest.approx(highest, rel=0.01)  # it is proposed there
    assert value_at(later.lines[0], rate) < 0.5 * star.get_ydata()[0]
    assert value_at(after.lines[0], rate) == pytest.approx(trial.value, abs=0.05)


def test_what_is_labelled(study: st.Study) -> None:
    before, after, acquisition, later = insight.plot_posterior(study, trial=9)
    assert labels(before) == ["95 % interval", "posterior mean", "trials (fainter: farther from this line)",
                              "best so far", "proposed: trial 9"]
    assert f"value of trial 9, {study.trials[9].value:.4g}" in labels(after)
    assert before.lines[1].get_ydata()[0] == pytest.approx(max(t.value or -9 for t in study.trials[:9]))
    assert list(before.collections[1].trial_numbers) == list(range(9))
    assert acquisition.get_ylabel() == "expected improvement" and before.get_ylabel() == "value (higher is better)"
    assert {axes.get_xscale() for axes in (before, after, acquisition, later)} == {"log"}
    assert before.get_ylim() == after.get_ylim() and acquisition.get_ylim() == later.get_ylim()
    title = before.figure.get_suptitle()
    assert title.startswith("Gaussian process along rate: fitted to 9 trials\nthe others as in trial 9: layers=")
    assert len(before.collections[1].get_offsets()) == 9 and len(after.collections[1].get_offsets()) == 10


def test_the_default_is_the_last_trial_that_the_process_has_proposed(study: st.Study) -> None:
    assert labels(insight.plot_posterior(study)[0])[-1] == "proposed: trial 11"
    mixed = st.Study({"x": st.Float(0.0, 1.0)}, "bayesian").run(lambda t: t.params["x"], 13, progress=False)
    assert [mixed.trials[k].why["model"] for k in (11, 12)] == ["gp", "tpe"]
    assert labels(insight.plot_posterior(mixed)[0])[-1] == "proposed: trial 11"


def test_integers_have_dots_and_choices_no_line(study: st.Study) -> None:
    before, _, acquisition, _ = insight.plot_posterior(study, "layers", 9)
    assert before.lines[0].get_xdata().tolist() == [1.0, 2.0, 3.0, 4.0] and before.lines[0].get_marker() == "o"
    trial = study.trials[9]
    before, _, acquisition, _ = insight.plot_posterior(study, "optimizer", 9)
    heights = acquisition.lines[0].get_ydata()
    assert heights[SPACE["optimizer"].index(trial.params["optimizer"])] == pytest.approx(
        np.exp(trial.why["value"]), rel=1e-6)
    assert acquisition.lines[0].get_linewidth() == before.lines[0].get_linewidth() == 0.0


@pytest.mark.parametrize("acquisition, direction, name", [
    ("pi", "minimize", "probability of improvement"), ("lcb", "minimize", "lower confidence bound, times −1"),
    ("lcb", "maximize", "upper confidence bound"),
])
def test_other_acquisitions(acquisition: str, direction: str, name: str) -> None:
    searcher = st.BayesianSearch("gp", parallel=2, acquisition=acquisition)
    study = st.Study({"x": st.Float(0.0, 1.0, prior=(0.4, 0.2))}, searcher, direction)
    study.run(lambda trial: (trial.params["x"] - 0.6) ** 2, 7, progress=False)
    before, _, below, _ = insight.plot_posterior(study)
    assert below.get_ylabel() == f"{name},\nweighted by the prior"
    assert "fitted to 5 trials and 1 pending" in before.figure.get_suptitle()
    if acquisition == "pi":
        star, why = below.lines[1].get_ydata()[0], study.trials[6].why
        assert star == pytest.approx(np.exp(why["value"] + why["log_prior"]), rel=1e-6)


def test_small_failed_and_running_studies() -> None:
    for count in (0, 1, 3):
        study = st.Study({"x": st.Float(0.0, 1.0)}, st.BayesianSearch("gp"))
        if count:
            study.run(lambda trial: 1.0, count, progress=False)
        axes = insight.plot_posterior(study)
        assert axes[0].texts[0].get_text().startswith("no trial was proposed by a Gaussian process")
    failed = st.Study({"x": st.Float(0.0, 1.0)}, st.BayesianSearch("gp")).run(lambda t: float("nan"), 6, progress=False)
    axes = insight.plot_posterior(failed)
    assert "trial 5 has failed, which counts as the worst value" in labels(axes[1])
    axes[0].figure.canvas.draw()
    running = st.Study({"x": st.Float(0.0, 1.0)}, st.BayesianSearch("gp")).run(lambda t: 1.0, 5, progress=False)
    running.ask()
    axes = insight.plot_posterior(running)
    assert axes[1].get_title("left") == "After trial 5, which is running"
    assert not any(label.startswith("value of") for label in labels(axes[1]))


def test_sixty_parameters() -> None:
    study = st.Study({f"p{k}": st.Float(0.0, 1.0) for k in range(60)}, st.BayesianSearch("gp", initial=3))
    study.run(lambda trial: trial.params["p3"], 5, progress=False)
    axes = insight.plot_posterior(study, "p3")
    assert axes[0].figure.get_suptitle().endswith("and 55 more")
    axes[0].figure.canvas.draw()


@pytest.mark.slow
def test_thousands_of_trials() -> None:
    study = st.Study({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}, st.BayesianSearch("gp"))
    rng = np.random.default_rng(0)
    for _ in range(5000):
        study.enqueue({"x": float(rng.random()), "y": float(rng.random())})
    study.run(lambda trial: trial.params["x"] + trial.params["y"], 5001, progress=False)
    before = insight.plot_posterior(study)[0]
    assert len(before.collections[1].get_offsets()) == 300
    assert "fitted to 300 of 5,000 trials" in before.figure.get_suptitle()
    before.figure.canvas.draw()


def test_bad_input(study: st.Study) -> None:
    with pytest.raises(ValueError, match="params is 'rat'; it must be one of .*, did you mean 'rate'?"):
        insight.plot_posterior(study, "rat")
    space = {"kind": ["a", "b"], "x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0, when={"kind": ["b"]})}
    other = st.Study(space, st.BayesianSearch("gp", initial=4))
    other.run(lambda trial: trial.params["x"] + 9.0 * (trial.params["kind"] == "b"), 8, progress=False)
    without = next(t.number for t in other.trials if "model" in t.why and "y" not in t.params)
    with pytest.raises(ValueError, match=f"param is 'y', which trial {without} lacks, since its condition"):
        insight.plot_posterior(other, "y", without)
    with pytest.raises(ValueError, match="plot_posterior needs BayesianSearch"):
        insight.plot_posterior(st.Study(SPACE, "grid"))
    with pytest.raises(ValueError, match="ax holds 1 axes; it must hold 4"):
        insight.plot_posterior(study, ax=insight.plot_edf(study))


def test_values_of_failed_trials_are_called_arbitrary() -> None:
    study = st.Study({"x": st.Float(0.0, 1.0)}, st.BayesianSearch("gp", initial=3))
    for _ in range(5):
        study.tell(study.ask(), ValueError("diverged"))
    axes = insight.plot_posterior(study)
    assert "all have failed, so the values are arbitrary" in axes[0].figure.get_suptitle().replace("\n", " ")
    assert not any(name.startswith("best so far") for name in labels(axes[0]))
