"""Brackets: budgets, values, who continues. Family: who is linked to whom, the best trial's ancestors, diversity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.core.search import Space
from scratchtune.insight.lineage_plots import ancestors, diversity_of, gene_diversity

LINE = {"x": st.Float(0.0, 1.0)}
SPACE = {"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0), "kind": ["a", "b"]}


def by_budget(trial: st.Trial) -> float:
    if trial.number == 4:
        raise ValueError("diverged")
    return float(trial.params["x"] + np.sin(40.0 * trial.params["x"]) / trial.budget)


def halved(direction: str = "minimize", searcher: st.Searcher | None = None, count: int | None = None) -> st.Study:
    return st.Study(LINE, searcher or st.Hyperband(9), direction).run(by_budget, count, progress=False)


def objective(trial: st.Trial) -> float:
    if trial.number % 9 == 4:
        raise ValueError("diverged")
    return float((trial.params["x"] - 0.3) ** 2 + trial.params["y"] + (trial.params["kind"] == "a"))


def bred(count: int, direction: str = "minimize", searcher: st.Searcher | None = None) -> st.Study:
    study = st.Study(SPACE, searcher or st.GeneticSearch(population=8), direction)
    return study.run(objective, count, progress=False) if count else study


def labels(axes: Any) -> list[str]:
    return axes.get_legend_handles_labels()[1]


def points(axes: Any) -> dict[int, list[float]]:
    """Where each trial is drawn as a dot, as its artists say; the star and the triangles at the edge are drawn last."""
    return {number: at for part in reversed(axes.collections) if not hasattr(part, "get_segments")
            for number, at in zip(part.trial_numbers, part.get_offsets().tolist(), strict=True)}


def star(axes: Any) -> list[float]:
    best = next(part for part in axes.collections if str(part.get_label()).startswith("best, "))
    return best.get_offsets()[0].tolist()


def segments(axes: Any) -> list[list[list[float]]]:
    return [line.tolist() for part in axes.collections if hasattr(part, "get_segments") for line in part.get_segments()]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_dot_is_a_trial_at_its_budget_and_value(direction: str) -> None:
    study = halved(direction)
    axes = insight.plot_brackets(study)
    drawn = points(axes)
    known = [trial for trial in study.trials if trial.value is not None]
    assert sorted(drawn) == [trial.number for trial in known] and axes.get_xscale() == "log"
    for trial in known:
        at, value = drawn[trial.number]
        assert value == trial.value and trial.budget / np.sqrt(3.0) < at < trial.budget * np.sqrt(3.0)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "3", "9"]
    best = study.best_trial
    assert labels(axes) == ["from budget 1: 9→3→1", "from budget 3: 5→1", "from budget 9: 3", "failed (1)",
                            f"best, trial {best.number}: {best.value:.4g}"]
    assert star(axes) == drawn[best.number]
    lineage = next(line for line in axes.lines if line.get_marker() == ".")
    assert len(lineage.get_xdata()) == best.why["rung"] + 1 and lineage.get_ydata()[0] == best.value
    (crosses,) = (line for line in axes.lines if line.get_marker() == "x")  # where the worst values are
    assert crosses.get_ydata().tolist() == [0.94 if direction == "minimize" else 0.06]


def test_a_line_leads_to_the_trial_that_continues() -> None:
    study = halved()
    axes = insight.plot_brackets(study)
    at = points(axes)
    expected = [[at[trial.parent], at[trial.number]] for trial in study.trials if trial.parent is not None]
    assert sorted(segments(axes)) == sorted(expected) and len(expected) == 5


def test_brackets_that_are_repeated_have_one_colour() -> None:
    axes = insight.plot_brackets(halved(searcher=st.Hyperband(3, iterations=10)))
    assert labels(axes)[:2] == ["from budget 1: 30→10", "from budget 3: 20"]


@pytest.mark.parametrize("plot", [insight.plot_brackets, insight.plot_family])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_small_studies(plot: Any, count: int) -> None:
    study = st.Study(SPACE, st.Hyperband(9) if plot is insight.plot_brackets else "genetic")
    axes = plot(study.run(lambda trial: trial.params["x"] + (trial.budget or 0), count, progress=False) if count else
                study)
    first = axes if plot is insight.plot_brackets else axes[0]
    first.figure.canvas.draw()
    empty = "no complete trial\n(no trial at all)"
    assert any(text.get_text() == empty for text in first.texts) == (count == 0)


def test_failed_running_and_enqueued_trials() -> None:
    failed = st.Study(LINE, st.SuccessiveHalving(9, 9)).run(lambda trial: float("nan"), progress=False)
    axes = insight.plot_brackets(failed)
    axes.figure.canvas.draw()
    assert "failed (13)" in labels(axes) and axes.texts[0].get_text() == "no complete trial\n(13 failed)"
    study = st.Study(LINE, st.Hyperband(9))
    study.enqueue({"x": 0.2})
    study.run(by_budget, 3, progress=False)
    study.ask()
    assert insight.plot_brackets(study).texts[-1].get_text() == "3 trials; not shown: 1 running"
    genetic = st.Study(SPACE, "genetic").run(lambda trial: float("nan"), 20, progress=False)
    assert insight.plot_family(genetic)[0].texts[0].get_text() == "no complete trial\n(20 failed)"


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_each_child_is_linked_to_its_parents(direction: str) -> None:
    study = bred(32, direction)
    tree, _ = insight.plot_family(study)
    complete = [trial for trial in study.trials if trial.state == "complete"]
    assert points(tree) == {trial.number: [trial.why["generation"], trial.value] for trial in complete}
    at = points(tree)
    assert sorted(segments(tree)) == sorted(
        [at[parent["number"]], at[child.number]] for child in complete for parent in child.why.get("parents", ()))
    best = study.best_trial
    assert star(tree) == at[best.number]
    assert labels(tree)[-1] == f"best, trial {best.number}: {best.value:.4g}"
    assert f"the best and its ancestors ({len(ancestors(study, best))})" in labels(tree)


def test_ancestors_are_parents_and_their_parents() -> None:
    study = bred(32)
    for trial in study.trials:
        parents = [study.trials[parent["number"]] for parent in trial.why.get("parents", ())]
        assert ancestors(study, trial) == {trial.number}.union(*(ancestors(study, parent) for parent in parents))


def test_diversity_of_a_generation_and_of_its_possible_parents() -> None:
    study = bred(32)
    trials, parents = insight.plot_family(study)[1].lines
    assert trials.get_xdata().tolist() == list(range(7))
    assert trials.get_ydata()[0] == pytest.approx(diversity_of(study.space, [t.params for t in study.trials[:8]]))
    assert trials.get_ydata()[6] == pytest.approx(diversity_of(study.space, [t.params for t in study.trials[28:]]))
    fittest = sorted((t for t in study.trials[:8] if t.state == "complete"), key=lambda t: t.value)[:4]
    assert parents.get_xdata().tolist() == list(range(1, 7))
    assert parents.get_ydata()[0] == pytest.approx(diversity_of(study.space, [trial.params for trial in fittest]))


def test_one_bad_value_does_not_set_the_scale() -> None:
    study = st.Study(SPACE, "genetic", start_from=bred(20))
    study.enqueue({"x": 0.1, "y": 0.1, "kind": "a"})
    study.run(lambda trial: 1e9 if trial.number == 3 else objective(trial), 20, progress=False)
    tree, _ = insight.plot_family(study)
    assert tree.get_ylim()[1] < 100.0 and "beyond the axis (worst 1e+09)" in tree.figure.get_suptitle()
    run = st.Study(LINE, st.Hyperband(9))
    axes = insight.plot_brackets(run.run(lambda t: 1e9 if t.number == 3 else t.params["x"] / t.budget, progress=False))
    assert axes.get_ylim()[1] < 100.0 and "beyond the axis (worst 1e+09)" in axes.texts[-1].get_text()


@pytest.mark.slow
def test_thousands_of_trials_are_pixels() -> None:
    axes = insight.plot_brackets(halved(searcher=st.SuccessiveHalving(4000, 81)))
    assert [part.get_rasterized() for part in axes.collections if len(part.trial_numbers) > 200] == [True, True]
    tree, below = insight.plot_family(bred(1200, searcher=st.GeneticSearch(brood=1)))
    assert tree.collections[0].get_rasterized() and len(tree.collections[0].get_segments()) <= 500
    assert "other parents, of every 4th trial" in labels(tree) and len(below.lines[0].get_xdata()) <= 200


def test_unsuitable_studies() -> None:
    with pytest.raises(ValueError, match="searched by BayesianSearch.*; plot_brackets needs Hyperband or Successive"):
        insight.plot_brackets(st.Study(SPACE))
    with pytest.raises(ValueError, match=r"searched by RandomSearch\(.*; plot_family needs GeneticSearch"):
        insight.plot_family(st.Study(SPACE, "random"))


def test_a_worked_example() -> None:
    space = Space({"x": st.Float(0.0, 4.0), "kind": ["a", "b", "c"]})
    points = [{"x": 0.0, "kind": "a"}, {"x": 2.0, "kind": "a"}, {"x": 4.0, "kind": "c"}]
    # pairs: (1/2 + 0) / 2, (1 + 1) / 2, (1/2 + 1) / 2; their mean is 2/3
    assert diversity_of(space, points) == pytest.approx(2.0 / 3.0)
    assert diversity_of(space, points[:1]) == diversity_of(space, []) == diversity_of(space, points[:1] * 3) == 0.0


def test_uniform_genes_have_a_third() -> None:
    u = np.random.default_rng(0).random((400, 5))
    assert gene_diversity(u, np.zeros(5)) == pytest.approx(1.0 / 3.0, abs=0.01)


def test_an_absent_choice_differs_from_all_choices() -> None:
    space = Space({"kind": ["a", "b"], "sub": st.Categorical(["x", "y"], when={"kind": ["a"]})})
    assert diversity_of(space, [{"kind": "a", "sub": "x"}, {"kind": "b"}]) == 1.0
    assert diversity_of(space, [{"kind": "b"}, {"kind": "b"}]) == 0.0
