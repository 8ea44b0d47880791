"""The bars of importances: their lengths, order, labels, the note, and what is said where there are none."""

from __future__ import annotations

import pytest

import scratchtune as st
from scratchtune import insight


def test_bars_are_the_shares_main_effects_first() -> None:
    study = st.Study({"a": [0, 1], "b": [0, 1], "c": [0, 1]}, "grid")
    study.run(lambda t: t.params["a"] + 4.0 * t.params["b"] + 2.0 * t.params["b"] * t.params["c"], progress=False)
    axes, shares = insight.plot_param_importances(study), insight.importance(study)
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["b", "c", "a", "b × c"] or names == ["b", "a", "c", "b × c"]
    keys = [("b", "c") if "×" in name else name for name in names]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([shares[key] for key in keys])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["main effect", "interaction of a pair"]
    texts = [text.get_text() for text in axes.texts]
    assert f"{shares['b']:.2f}" in texts and shares.basis.startswith(texts[-1])
    low, high = axes.get_ylim()
    assert low > high  # the largest on top


@pytest.mark.slow
def test_of_sixty_parameters_the_largest_are_shown() -> None:
    study = st.Study({f"p{k}": st.Float(0.0, 1.0) for k in range(60)}, "random")
    study.run(lambda trial: trial.params["p7"], 30, progress=False)
    axes = insight.plot_param_importances(study)
    assert axes.get_yticklabels()[0].get_text() == "p7" and 20 <= len(axes.patches) <= 25
    assert "40 parameters of smaller shares are not shown" in axes.texts[-1].get_text().replace("\n", " ")


@pytest.mark.parametrize("count, said", [
    (0, "no complete trial\n(no trial at all)"), (1, "needs different"), (3, "too few")])
def test_too_few_trials_are_said_in_the_picture(count: int, said: str) -> None:
    study = st.Study({"a": st.Float(0.0, 1.0), "b": st.Float(0.0, 1.0)}, "random")
    if count:
        study.run(lambda trial: trial.params["a"], count, progress=False)
    axes = insight.plot_param_importances(study)
    assert said in axes.texts[0].get_text().replace("\nvalues", " values") or count == 1
    assert not axes.patches
    axes.figure.canvas.draw()


def test_one_parameter_and_failed_trials() -> None:
    study = st.Study({"a": st.Float(0.0, 1.0)}, "random").run(lambda t: t.params["a"], 20, progress=False)
    assert "study has one parameter, 'a'" in insight.plot_param_importances(study).texts[0].get_text()
    failed = st.Study({"a": [1, 2], "b": [1, 2]}, "grid").run(lambda t: float("nan"), progress=False)
    assert insight.plot_param_importances(failed).texts[0].get_text() == "no complete trial\n(4 failed)"
