"""The picture of the Parzen estimator: its curves are the densities that the reasons of the trial record."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.search import Space, parzen

SPACE = {"rate": st.Float(1e-4, 1e-1, log=True), "layers": st.Int(1, 4), "optimizer": ["sgd", "adam"],
         "momentum": st.Float(0.0, 0.9, when={"optimizer": ["sgd"]})}


def objective(trial: st.Trial) -> float:
    if trial.number == 2:
        raise ValueError("diverged")
    return float(-abs(np.log10(trial.params["rate"]) + 2.3) - 0.1 * trial.params["layers"])


@pytest.fixture(scope="module")
def study() -> st.Study:
    return st.Study(SPACE, st.BayesianSearch("tpe"), "maximize").run(objective, 31, progress=False)


def labels(axes) -> list[str]:
    return axes.get_legend_handles_labels()[1]


def test_ratio_at_the_proposed_point_is_that_of_its_reasons(study: st.Study) -> None:
    trial = study.trials[30]
    above, below = insight.plot_densities(study, "rate")
    ratio, star = below.lines[0], below.lines[2]
    at = int(np.argmin(np.abs(ratio.get_xdata() - trial.params["rate"])))
    assert star.get_xdata()[0] == trial.params["rate"] and below.get_yscale() == "log" == below.get_xscale()
    assert star.get_ydata()[0] == pytest.approx(np.exp(trial.why["log_ratio"]), rel=1e-9)
    good, bad = above.lines[0].get_ydata(), above.lines[2].get_ydata()  # given the others: the ratio but for a factor
    factor = np.exp(trial.why["log_ratio"]) / (good[at] / bad[at])
    assert factor * good / bad == pytest.approx(ratio.get_ydata(), rel=1e-9)
    unit = np.log10(above.lines[0].get_xdata() / 1e-4) / 3.0
    assert [np.trapezoid(one, unit) for one in (good, bad)] == pytest.approx([1.0, 1.0])


def test_ticks_are_the_good_and_the_bad_trials(study: st.Study) -> None:
    above, below = insight.plot_densities(study, "rate", 30)
    own = [trial for trial in study.trials[:30] if trial.params.keys() == study.trials[30].params.keys()]  # its branch
    order = sorted(own, key=lambda trial: -(trial.value if trial.value is not None else -99.0))
    good = parzen.good_count(len(own), 0.15, 25)
    assert above.lines[1].trial_numbers == [trial.number for trial in order[:good]]
    assert above.lines[1].get_xdata().tolist() == [trial.params["rate"] for trial in order[:good]]
    assert sorted(above.lines[3].trial_numbers) == sorted(trial.number for trial in order[good:])
    assert labels(above) == ["density of good trials", f"{good} good trials", "density of bad trials",
                             f"{len(own) - good} bad trials", "proposed: trial 30"]
    assert labels(below)[1].startswith("trial 30: ") and labels(below)[1].endswith(" times as dense in good trials")
    assert len(above.figure.legends[0].get_texts()) == 7
    assert above.figure.get_suptitle().startswith(
        f"Parzen estimator along rate: {good} good and {len(own) - good} bad trials\n"
        "the others as in trial 30: layers=")


@pytest.mark.parametrize("name", ["layers", "optimizer"])
def test_few_values_have_probabilities(study: st.Study, name: str) -> None:
    above, below = insight.plot_densities(study, name)
    good, bad = above.lines[0].get_ydata(), above.lines[2].get_ydata()
    assert len(good) == len(bad) == Space(SPACE).parameters[name].count and above.lines[0].get_marker() == "o"
    assert [good.sum(), bad.sum()] == pytest.approx([1.0, 1.0]) and above.get_ylabel() == "probability"
    ratios = below.lines[0].get_ydata()
    assert good / bad * ratios[0] / (good / bad)[0] == pytest.approx(ratios, rel=1e-9)


def test_the_default_parameter_has_the_largest_factor(study: st.Study) -> None:
    factors = study.trials[30].why["by_parameter"]
    assert insight.plot_densities(study)[0].get_xlabel() == ""
    assert insight.plot_densities(study)[1].get_xlabel() == max(factors, key=factors.get)


def test_the_proposer_of_hyperband() -> None:
    searcher = st.Hyperband(9, proposer=st.BayesianSearch("tpe"), random_share=0.0, order="brackets")
    run = st.Study({"x": st.Float(0.0, 1.0), "n": st.Int(1, 900, log=True)}, searcher)
    run.run(lambda trial: trial.params["x"] / trial.budget, progress=False)
    above, below = insight.plot_densities(run, "n")
    trial = [trial for trial in run.trials if trial.why.get("proposed", {}).get("model") == "tpe"][-1]
    assert below.lines[2].get_ydata()[0] == pytest.approx(np.exp(trial.why["proposed"]["log_ratio"]), rel=1e-9)
    assert len(above.lines[0].get_xdata()) <= 401


def test_small_and_failed_studies_and_sixty_parameters() -> None:
    for count, function in ((0, None), (1, lambda t: 1.0), (3, lambda t: 1.0), (12, lambda t: float("nan"))):
        few = st.Study({"x": st.Float(0.0, 1.0)}, st.BayesianSearch("tpe"))
        axes = insight.plot_densities(few.run(function, count, progress=False) if function else few)
        axes[0].figure.canvas.draw()
        if count < 10:
            assert axes[1].texts[0].get_text().startswith("no trial was proposed by a Parzen estimator")
        else:
            assert "0 good and 11 bad trials" in axes[0].figure.get_suptitle()
    many = st.Study({f"p{k}": st.Float(0.0, 1.0) for k in range(60)}, st.BayesianSearch("tpe", initial=5))
    axes = insight.plot_densities(many.run(lambda trial: trial.params["p3"], 8, progress=False))
    axes[0].figure.canvas.draw()
    assert np.isfinite(axes[1].lines[0].get_ydata()).all()


@pytest.mark.slow
def test_thousands_of_trials() -> None:
    run = st.Study({"x": st.Float(0.0, 1.0), "kind": ["a", "b"]}, st.BayesianSearch("tpe"))
    rng = np.random.default_rng(0)
    for _ in range(5000):
        run.enqueue({"x": float(rng.random()), "kind": "ab"[rng.integers(2)]})
    run.run(lambda trial: trial.params["x"], 5001, progress=False)
    above = insight.plot_densities(run, "x")[0]
    assert above.lines[3].get_rasterized() and "4,975 bad trials" in labels(above)


def test_unsuitable_studies(study: st.Study) -> None:
    with pytest.raises(ValueError, match=r"searched by GridSearch\(.*\); plot_densities needs BayesianSearch"):
        insight.plot_densities(st.Study(SPACE, "grid"))
    with pytest.raises(ValueError, match="did you mean 'layers'?"):
        insight.plot_densities(study, "layer")
    with pytest.raises(ValueError, match="trial is 3, which was not proposed by a Parzen estimator; it must be"):
        insight.plot_densities(study, trial=3)
