"""The brackets of Hyperband: budgets, ranks, continued trials, counts, the best trial's lineage."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight

SPACE = {"x": st.Float(0.0, 1.0)}


def objective(trial: st.Trial) -> float:
    if trial.number == 4:
        raise ValueError("diverged")
    return float(trial.params["x"] + np.sin(40.0 * trial.params["x"]) / trial.budget)


def made(direction: str = "minimize", searcher: st.Searcher | None = None, count: int | None = None) -> st.Study:
    return st.Study(SPACE, searcher or st.Hyperband(9), direction).run(objective, count, progress=False)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_dot_is_a_trial_at_its_budget_and_rank(direction: str) -> None:
    study = made(direction)
    axes = insight.plot_brackets(study)
    assert [one.get_title("left") for one in axes] == ["Bracket 1", "Bracket 2", "Bracket 3"]
    for bracket, one in enumerate(axes):
        trials = [trial for trial in study.trials if trial.why["bracket"] == bracket and trial.value is not None]
        dots = next(c for c in one.collections if c.get_array() is not None and hasattr(c, "get_sizes")
                    and len(c.get_offsets()) == len(trials))
        drawn = {(budget, rank): value for (budget, rank), value in
                 zip(dots.get_offsets().tolist(), dots.get_array().tolist(), strict=True)}
        for trial in trials:
            rung = [t.value for t in trials if t.why["rung"] == trial.why["rung"]]
            rank = 1 + sorted(rung, reverse=direction == "maximize").index(trial.value)
            assert drawn[trial.budget, rank] == trial.value
    assert [text.get_text() for text in axes[0].texts] == ["9", "3", "1"]
    assert (axes[0].get_xscale(), axes[0].get_yscale()) == ("log", "log")
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["1", "3", "9"]
    assert axes[0].figure.axes[-1].get_ylabel().startswith("value (")


def test_a_line_leads_to_the_trial_that_continues() -> None:
    study = made()
    first = insight.plot_brackets(study)[0]
    lines = first.collections[0].get_segments()
    assert [[int(x) for x in line[:, 0]] for line in lines] == [[1, 3]] * 3 + [[3, 9]]
    promoted = [trial for trial in study.trials if trial.why["bracket"] == 0 and trial.why["rung"]]
    assert first.collections[0].get_array().tolist() == [study.trials[t.parent].value for t in sorted(
        promoted, key=lambda t: (t.why["rung"], t.value))]
    assert sorted(line[0, 1] for line in lines[:3]) == [1.0, 2.0, 3.0]  # the three best continue


def test_failed_trials_and_the_best_one_are_marked() -> None:
    study = made()
    axes = insight.plot_brackets(study)
    names = [name for one in axes for name in one.get_legend_handles_labels()[1]]
    best = study.best_trial
    assert sorted(names) == [f"best, trial {best.number}: {best.value:.4g}", "failed (1)"]
    one = axes[best.why["bracket"]]
    lineage, star = one.lines[-2], one.lines[-1]
    assert len(lineage.get_xdata()) == best.why["rung"] + 1
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (best.budget, 1.0)
    crosses = [c for c in axes[0].collections if c.get_label() == "failed (1)"][0].get_offsets().tolist()
    assert crosses == [[1.0, 9.0]]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_small_studies(count: int) -> None:
    study = st.Study(SPACE, st.Hyperband(9))
    axes = insight.plot_brackets(study.run(objective, count, progress=False) if count else study)
    axes.figure.canvas.draw()
    said = str(count) if count else "no complete trial\n(no trial at all)"
    assert [text.get_text() for text in axes.texts] == [said, f"{count} trial{'s' * (count != 1)}"]


def test_failed_halving_and_many_brackets() -> None:
    failed = st.Study(SPACE, st.SuccessiveHalving(9, 9)).run(lambda trial: float("nan"), progress=False)
    axes = insight.plot_brackets(failed)
    axes.figure.canvas.draw()
    assert axes.get_legend_handles_labels()[1] == ["failed (13)"]
    study = made(searcher=st.Hyperband(3, iterations=10))
    axes = insight.plot_brackets(study)
    assert len(axes) == 12 and "12 of 20 brackets" in axes[0].figure.get_suptitle()
    assert f"Bracket {study.best_trial.why['bracket'] + 1}" in [one.get_title("left") for one in axes]


def test_a_running_study_and_an_enqueued_configuration() -> None:
    study = st.Study(SPACE, st.Hyperband(9))
    study.enqueue({"x": 0.2})
    study.run(objective, 3, progress=False)
    study.ask()
    axes = insight.plot_brackets(study)
    assert "not shown: 1 running" in axes.texts[-1].get_text() and axes.texts[0].get_text() == "3"


@pytest.mark.slow
def test_thousands_of_trials() -> None:
    study = made(searcher=st.SuccessiveHalving(4000, 81))
    axes = insight.plot_brackets(study)
    assert axes.collections[0].get_rasterized() and axes.texts[0].get_text() == "4,000"


def test_unsuitable_studies() -> None:
    with pytest.raises(ValueError, match="searched by BayesianSearch.*; plot_brackets needs Hyperband or Successive"):
        insight.plot_brackets(st.Study(SPACE))
