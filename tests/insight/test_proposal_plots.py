"""Pictures of the Gaussian process and the Parzen estimator: their curves are what the reasons of the trial record."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.core.search import Space
from scratchtune.core.search.bayesian import parzen

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


def test_an_acquisition_weighted_by_feasibility_says_so() -> None:
    study = st.tune(lambda trial: trial.set_constraint(0.3 - trial.params["x"]) or trial.params["x"],
                    {"x": st.Float(0.0, 1.0)}, st.BayesianSearch("gp"), n_trials=8, progress=False)
    assert insight.plot_posterior(study)[2].get_ylabel() == "expected improvement,\nweighted by feasibility"


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
        study.enqueue({"x": float(rng.random()), "y": float(rng.random())}, again=True)
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


# Densities ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parzens() -> st.Study:
    return st.Study(SPACE, st.BayesianSearch("tpe"), "maximize").run(objective, 31, progress=False)


def test_ratio_at_the_proposed_point_is_that_of_its_reasons(parzens: st.Study) -> None:
    trial = parzens.trials[30]
    above, below = insight.plot_densities(parzens, "rate")
    ratio, star = below.lines[0], below.lines[2]
    at = int(np.argmin(np.abs(ratio.get_xdata() - trial.params["rate"])))
    assert star.get_xdata()[0] == trial.params["rate"] and below.get_yscale() == "log" == below.get_xscale()
    assert star.get_ydata()[0] == pytest.approx(np.exp(trial.why["log_ratio"]), rel=1e-9)
    good, bad = above.lines[0].get_ydata(), above.lines[1].get_ydata()  # given the others: the ratio but for a factor
    factor = np.exp(trial.why["log_ratio"]) / (good[at] / bad[at])
    assert factor * good / bad == pytest.approx(ratio.get_ydata(), rel=1e-9)
    unit = np.log10(above.lines[0].get_xdata() / 1e-4) / 3.0
    assert [np.trapezoid(one, unit) for one in (good, bad)] == pytest.approx([1.0, 1.0])


def test_ticks_are_the_good_and_the_bad_trials(parzens: st.Study) -> None:
    above, below = insight.plot_densities(parzens, "rate", 30)
    branch = parzens.trials[30].params.keys()
    own = [trial for trial in parzens.trials[:30] if trial.params.keys() == branch]
    order = sorted(own, key=lambda trial: -(trial.value if trial.value is not None else -99.0))
    good = parzen.good_count(len(own), 0.15, 25)
    of_good, of_bad = (one for one in above.collections if hasattr(one, "trial_numbers"))
    assert of_good.trial_numbers == [trial.number for trial in order[:good]]
    assert of_good.get_offsets()[:, 0].tolist() == [trial.params["rate"] for trial in order[:good]]
    assert sorted(of_bad.trial_numbers) == sorted(trial.number for trial in order[good:])
    assert labels(above) == ["density of good trials", f"{good} good trials", "density of bad trials",
                             f"{len(own) - good} bad trials", "proposed: trial 30"]
    assert labels(below)[1].startswith("trial 30: ") and labels(below)[1].endswith(" times as dense in good trials")
    assert len(above.figure.legends[0].get_texts()) == 7
    assert above.figure.get_suptitle().startswith(
        f"Parzen estimator along rate: {good} good and {len(own) - good} bad trials\n"
        "the others as in trial 30: layers=")


@pytest.mark.parametrize("name", ["layers", "optimizer"])
def test_few_values_have_probabilities(parzens: st.Study, name: str) -> None:
    above, below = insight.plot_densities(parzens, name)
    good, bad = above.lines[0].get_ydata(), above.lines[1].get_ydata()
    assert len(good) == len(bad) == Space(SPACE).parameters[name].count and above.lines[0].get_marker() == "o"
    assert [good.sum(), bad.sum()] == pytest.approx([1.0, 1.0]) and above.get_ylabel() == "probability"
    ratios = below.lines[0].get_ydata()
    assert good / bad * ratios[0] / (good / bad)[0] == pytest.approx(ratios, rel=1e-9)


def test_the_default_parameter_has_the_largest_factor(parzens: st.Study) -> None:
    factors = parzens.trials[30].why["by_parameter"]
    assert insight.plot_densities(parzens)[0].get_xlabel() == ""
    assert insight.plot_densities(parzens)[1].get_xlabel() == max(factors, key=factors.get)


def test_the_proposer_of_hyperband() -> None:
    searcher = st.Hyperband(9, proposer=st.BayesianSearch("tpe"), random_share=0.0, order="brackets")
    run = st.Study({"x": st.Float(0.0, 1.0), "n": st.Int(1, 900, log=True)}, searcher)
    run.run(lambda trial: trial.params["x"] / trial.budget, progress=False)
    above, below = insight.plot_densities(run, "n")
    trial = [trial for trial in run.trials if trial.why.get("proposed", {}).get("model") == "tpe"][-1]
    assert below.lines[2].get_ydata()[0] == pytest.approx(np.exp(trial.why["proposed"]["log_ratio"]), rel=1e-9)
    assert len(above.lines[0].get_xdata()) <= 401


@pytest.mark.slow
def test_densities_of_small_and_failed_studies_and_sixty_parameters() -> None:
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
def test_densities_of_thousands_of_trials() -> None:
    run = st.Study({"x": st.Float(0.0, 1.0), "kind": ["a", "b"]}, st.BayesianSearch("tpe"))
    rng = np.random.default_rng(0)
    for _ in range(5000):
        run.enqueue({"x": float(rng.random()), "kind": "ab"[rng.integers(2)]}, again=True)
    run.run(lambda trial: trial.params["x"], 5001, progress=False)
    above = insight.plot_densities(run, "x")[0]
    assert above.collections[-1].get_rasterized() and "4,975 bad trials" in labels(above)


def test_densities_of_unsuitable_studies(parzens: st.Study) -> None:
    with pytest.raises(ValueError, match=r"searched by GridSearch\(.*\); plot_densities needs BayesianSearch"):
        insight.plot_densities(st.Study(SPACE, "grid"))
    with pytest.raises(ValueError, match="did you mean 'layers'?"):
        insight.plot_densities(parzens, "layer")
    with pytest.raises(ValueError, match="trial is 3, which was not proposed by a Parzen estimator; it must be"):
        insight.plot_densities(parzens, trial=3)
