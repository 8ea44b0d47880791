"""The family tree of a genetic search: who is linked to whom, the best trial's ancestors, the diversity."""

from __future__ import annotations

import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.insight.diversity import diversity_of
from scratchtune.insight.family_plot import ancestors

SPACE = {"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0), "kind": ["a", "b"]}


def objective(trial: st.Trial) -> float:
    if trial.number % 9 == 4:
        raise ValueError("diverged")
    return float((trial.params["x"] - 0.3) ** 2 + trial.params["y"] + (trial.params["kind"] == "a"))


def made(count: int, direction: str = "minimize", searcher: st.Searcher | None = None) -> st.Study:
    study = st.Study(SPACE, searcher or st.GeneticSearch(population=8), direction)
    return study.run(objective, count, progress=False) if count else study


def labels(axes) -> list[str]:
    return axes.get_legend_handles_labels()[1]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_each_child_is_linked_to_its_parents(direction: str) -> None:
    study = made(32, direction)
    tree, _ = insight.plot_family(study)
    others, family = (lines.get_segments() for lines in tree.collections[:2])
    complete = [trial for trial in study.trials if trial.state == "complete"]
    expected = sorted(
        [[study.trials[parent["number"]].why["generation"], study.trials[parent["number"]].value],
         [child.why["generation"], child.value]] for child in complete for parent in child.why.get("parents", ()))
    assert sorted(line.tolist() for line in [*others, *family]) == expected
    best = study.best_trial
    known = ancestors(study, best)
    assert len(family) == sum(len(study.trials[number].why.get("parents", ())) for number in known)
    dots = [dots.get_offsets() for dots in tree.collections[2:4]]
    assert [len(one) for one in dots] == [len(complete) - len(known), len(known)]
    star = tree.lines[-1]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (best.why["generation"], best.value)
    assert labels(tree)[-1] == f"best, trial {best.number}: {best.value:.4g}"


def test_ancestors_are_parents_and_their_parents() -> None:
    study = made(32)
    for trial in study.trials:
        parents = [study.trials[parent["number"]] for parent in trial.why.get("parents", ())]
        assert ancestors(study, trial) == {trial.number}.union(*(ancestors(study, parent) for parent in parents))


def test_diversity_of_a_generation_and_of_its_possible_parents() -> None:
    study = made(32)
    trials, parents = insight.plot_family(study)[1].lines
    assert trials.get_xdata().tolist() == list(range(7))
    assert trials.get_ydata()[0] == pytest.approx(diversity_of(study.space, [t.params for t in study.trials[:8]]))
    assert trials.get_ydata()[6] == pytest.approx(diversity_of(study.space, [t.params for t in study.trials[28:]]))
    fittest = sorted((t for t in study.trials[:8] if t.state == "complete"), key=lambda t: t.value)[:4]
    assert parents.get_xdata().tolist() == list(range(1, 7))
    assert parents.get_ydata()[0] == pytest.approx(diversity_of(study.space, [trial.params for trial in fittest]))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_small_studies(count: int) -> None:
    tree, below = insight.plot_family(made(count))
    tree.figure.canvas.draw()
    assert (tree.texts[0].get_text() if tree.texts else "") == ("" if count else "no complete trial\n(no trial at all)")
    assert bool(below.texts) == (count < 2)


def test_failed_enqueued_and_extreme_trials_and_earlier_studies() -> None:
    failed = st.Study(SPACE, "genetic").run(lambda trial: float("nan"), 20, progress=False)
    assert insight.plot_family(failed)[0].texts[0].get_text() == "no complete trial\n(20 failed)"
    study = st.Study(SPACE, "genetic", start_from=made(20))
    study.enqueue({"x": 0.1, "y": 0.1, "kind": "a"})
    study.run(lambda trial: 1e9 if trial.number == 3 else objective(trial), 20, progress=False)
    tree, _ = insight.plot_family(study)
    assert tree.get_ylim()[1] < 100.0 and "1 worse than" in tree.figure.get_suptitle()


def test_one_and_sixty_parameters() -> None:
    for count in (1, 60):
        study = st.Study({f"p{k}": st.Float(0.0, 1.0) for k in range(count)}, st.GeneticSearch(population=4, brood=1))
        study.run(lambda trial: trial.params["p0"], 10, progress=False)
        insight.plot_family(study)[0].figure.canvas.draw()


@pytest.mark.slow
def test_thousands_of_trials_are_pixels() -> None:
    study = made(1200, searcher=st.GeneticSearch(brood=1))
    tree, below = insight.plot_family(study)
    assert tree.collections[0].get_rasterized() and tree.collections[0].get_alpha() < 0.2
    assert len(tree.collections[0].get_segments()) <= 500 and "other parents, of every 5th trial" in labels(tree)
    assert len(below.lines[0].get_xdata()) <= 200


def test_unsuitable_studies() -> None:
    with pytest.raises(ValueError, match=r"searched by RandomSearch\(.*; plot_family needs GeneticSearch"):
        insight.plot_family(st.Study(SPACE, "random"))
