"""Importance and partial dependence: exact on grids, near known truths, beside Optuna's, choices, and bad input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import StoredStudy, read_study
from scratchtune.insight import importance, partial_dependence, plot_partial_dependence


def study_of(function: Callable[..., float], space: Mapping[str, Any], n_trials: int | None = None, seed: int = 0,
             searcher: Any = "random") -> st.Study:
    """A study of a function of the space's parameters by name."""
    study = st.Study(space, searcher=searcher, seed=seed)
    return study.run(lambda trial: function(**trial.params), n_trials=n_trials, progress=False)


def units(axes: int) -> dict[str, st.Float]:
    """A space of ranges from 0 to 1: a, b, ..."""
    return {"abcd"[j]: st.Float(0.0, 1.0) for j in range(axes)}


def ishigami(a: float, b: float, c: float) -> float:
    """Ishigami's function on the unit cube."""
    x, y, z = (np.pi * (2.0 * u - 1.0) for u in (a, b, c))
    return float(np.sin(x) + 7.0 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x))


def sobol_g(a: float, b: float, c: float, d: float) -> float:
    """Sobol's g function on the unit cube."""
    weights = zip((a, b, c, d), (0.0, 1.0, 4.5, 9.0), strict=True)
    return float(np.prod([(abs(4.0 * u - 2.0) + w) / (1.0 + w) for u, w in weights]))


def linear(a: float, b: float, c: float) -> float:
    """A sum, whose shares are 9, 4 and 1 of 14."""
    return 3.0 * a + 2.0 * b + c


TRUTHS = {
    linear: {"a": 9 / 14, "b": 4 / 14, "c": 1 / 14},
    ishigami: {"a": 0.3139, "b": 0.4424, "c": 0.0},
    sobol_g: {"a": 0.7165, "b": 0.1791, "c": 0.0237, "d": 0.0072},
}

# On grids ------------------------------------------------------------------------------------------------------------


def test_a_grid_study_is_exact() -> None:
    study = study_of(linear, units(3), searcher=st.GridSearch(resolution=4))
    found = importance(study)
    assert list(found)[:3] == ["a", "b", "c"]
    assert [found[name] for name in "abc"] == pytest.approx([9 / 14, 4 / 14, 1 / 14], abs=1e-12)
    assert found["a", "b"] == pytest.approx(0.0, abs=1e-12)
    assert found.basis == "Shares of the variance, exact on a full grid: 64 complete trials of 64."


def test_a_finite_space_that_any_searcher_has_completed_is_exact() -> None:
    space = {"x": [1, 2], "y": st.Int(1, 2)}
    found = importance(study_of(lambda x, y: (x - 1.5) * (y - 1.5), space, 4))
    assert list(found.items()) == [(("x", "y"), 1.0), ("x", 0.0), ("y", 0.0)]


def test_a_configuration_counts_with_the_mean_of_its_repeats() -> None:
    study = st.Study({"a": [0, 1], "b": [0, 1]}, "grid")
    for a, b, value in ((0, 0, 5.0), (0, 1, 1.0), (1, 0, 2.0), (1, 1, 3.0), (0, 0, -5.0)):  # means 0, 1, 2, 3
        study.enqueue({"a": a, "b": b}, again=True)
        study.tell(study.ask(), value)
    assert [importance(study)[name] for name in "ab"] == pytest.approx([0.8, 0.2])


def test_a_conditional_grid_has_no_effect_where_a_parameter_is_absent() -> None:
    space = {"kind": ["with", "without"], "x": st.Int(0, 1, when={"kind": "with"})}
    found = importance(study_of(lambda kind, x=0.5: x, space, searcher="grid"))
    assert found["x"] == found["kind", "x"] == pytest.approx(0.5)
    assert found["kind"] == 0.0


def stored(study: st.Study, path: Path) -> StoredStudy:
    """The study, read from its file."""
    study.close()
    return read_study(File(path, reading=True), study.name or "")


def test_a_study_from_a_file_has_the_same_importance(tmp_path: Path) -> None:
    grid = st.Study(units(2), st.GridSearch(resolution=3), storage=tmp_path / "grid.db", name="grid")
    grid.run(lambda trial: trial.params["a"] + 2.0 * trial.params["b"], progress=False)
    expected, found = importance(grid), importance(stored(grid, tmp_path / "grid.db"))
    assert found == expected and found.basis == "Shares of the variance, exact on a full grid: 9 complete trials of 9."
    study = st.Study(units(2), "random", storage=tmp_path / "some.db", name="some")
    study.run(lambda trial: trial.params["a"] + 2.0 * trial.params["b"], n_trials=20, progress=False)
    expected, curve = importance(study), partial_dependence(study, "a").mean.tolist()
    read = stored(study, tmp_path / "some.db")
    assert importance(read) == expected and partial_dependence(read, "a").mean.tolist() == curve


def test_concentrated_trials_are_named() -> None:
    def run(low: float) -> str:
        study = st.Study({"a": st.Float(0.0, 1.0), "b": st.Float(0.0, 1.0)}, searcher="random", seed=0)
        for number in range(40):
            study.enqueue({"a": low + (1.0 - low) * number / 40.0, "b": (number * 7 % 40) / 40.0}, again=True)
        study.run(lambda trial: trial.params["a"] + trial.params["b"], n_trials=40, progress=False)
        return importance(study).basis

    assert "effectively cover 25% of the range of 'a': shares are less certain" in run(0.75)
    assert "concentrated" not in run(0.0)


def test_what_it_prints_and_which_parameters_have_no_visible_effect() -> None:
    found = importance(study_of(lambda a, b, c: a * b, units(3), searcher=st.GridSearch(resolution=4)))
    assert str(found).splitlines() == [found.basis, "a       39.1%", "b       39.1%", "a x b   21.7%", "c        0.0%"]
    assert found.without_visible_effect() == ["c"] and found.without_visible_effect(0.7) == ["a", "b", "c"]


# From random trials --------------------------------------------------------------------------------------------------


def errors(function: Callable[..., float], seed: int) -> np.ndarray:
    """The error of each main effect from 200 random trials."""
    truth = TRUTHS[function]
    found = importance(study_of(function, units(len(truth)), 200, seed))
    return np.array([found[name] - share for name, share in truth.items()])


@pytest.mark.parametrize("function", [linear, pytest.param(sobol_g, marks=pytest.mark.slow),
                                      pytest.param(ishigami, marks=pytest.mark.slow)])
def test_200_random_trials_are_near_known_truths(function: Callable[..., float]) -> None:
    assert abs(errors(function, 0)).max() < 0.05


def test_log_ranges_integers_and_choices() -> None:
    space = {"rate": st.Float(1e-5, 1e-1, log=True), "units": st.Int(1, 4), "kind": ["a", "b", "c"]}
    study = study_of(lambda rate, units, kind: np.log10(rate) + units + 2.0 * "abc".index(kind), space, 80)
    found, variances = importance(study), {"rate": 16 / 12, "units": 15 / 12, "kind": 4 * 8 / 12}
    for name, variance in variances.items():
        assert found[name] == pytest.approx(variance / sum(variances.values()), abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("function", [linear, sobol_g, ishigami])
def test_errors_are_no_larger_than_optunas(function: Callable[..., float]) -> None:
    optuna = pytest.importorskip("optuna", minversion="5.0")
    pytest.importorskip("sklearn")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ours, theirs = [], []
    for seed in range(2):
        study, peer = study_of(function, units(len(TRUTHS[function])), 200, seed), optuna.create_study()
        distributions = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in study.space.names}
        peer.add_trials([optuna.create_trial(params=trial.params, distributions=distributions, value=trial.value)
                         for trial in study.trials])
        other, truth = optuna.importance.FanovaImportanceEvaluator(seed=0).evaluate(peer), TRUTHS[function]
        for errors, found in ((ours, importance(study)), (theirs, other)):
            errors.append(np.mean([abs(found[name] - share) for name, share in truth.items()]))
    assert np.mean(ours) < np.mean(theirs)


# What is left out ----------------------------------------------------------------------------------------------------


def test_failed_trials_are_left_out_and_counted() -> None:
    def fails(a: float, b: float) -> float:
        if a > 0.8:
            raise ValueError("no")
        return a

    found = importance(study_of(fails, units(2), 40))
    assert "complete trials of 40 (" in found.basis and "failed)" in found.basis
    assert next(iter(found)) == "a"


def test_only_the_largest_budget_counts() -> None:
    study = st.Study(units(2), searcher=st.Hyperband(max_budget=4, eta=2, iterations=4), seed=0)
    study.run(lambda trial: trial.params["a"] + 100.0 * (trial.budget or 0), progress=False)
    found = importance(study)
    assert "of them with the largest budget, 4" in found.basis
    assert found["a"] > 0.5


def test_huge_values_and_many_parameters() -> None:
    study = study_of(lambda **x: 1e308 * (x["p0"] - 0.5), {f"p{j}": st.Float(0.0, 1.0) for j in range(20)}, 30)
    found = importance(study)
    assert next(iter(found)) == "p0" and all(np.isfinite(list(found.values())))


# Bad input -----------------------------------------------------------------------------------------------------------


def test_an_unknown_method_is_refused() -> None:
    study = st.tune(lambda trial: 1.0 * trial.params["a"], {"a": [0, 1], "b": [0, 1]}, "grid", progress=False)
    assert importance(study, method="fanova")["a"] == 1.0
    with pytest.raises(ValueError, match="method is 'forest'"):
        importance(study, method="forest")


def test_what_has_no_importance_is_said_in_one_sentence() -> None:
    with pytest.raises(TypeError, match="study is 3; it must be a Study"):
        importance(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="0 complete trials of 0; an importance needs 10 complete trials"):
        importance(st.Study(units(2)))
    with pytest.raises(ValueError, match="study has one parameter, 'a'"):
        importance(study_of(lambda a: a, units(1), 20))
    with pytest.raises(ValueError, match="3 complete trials of 3: too few different configurations"):
        importance(study_of(lambda a, b: a, units(2), 3))
    with pytest.raises(ValueError, match="20 complete trials of 20, all with the value 1;"):
        importance(study_of(lambda a, b: 1.0, units(2), 20))


def quadratic(n_trials: int = 40) -> st.Study:
    """A study whose value is 10 a² + the index of a choice."""
    space = {"a": st.Float(0.0, 1.0), "kind": ["x", "y", "z"]}
    made = st.Study(space, searcher="random", seed=0)
    return made.run(lambda trial: 10.0 * trial.params["a"] ** 2 + "xyz".index(trial.params["kind"]),
                    n_trials=n_trials, progress=False) if n_trials else made


def test_the_mean_over_the_other_parameter() -> None:
    found, expected = partial_dependence(quadratic(), "a"), np.array([1.0, 3.5, 8.5])
    middle = [int(np.searchsorted(found.points[0], a)) for a in (0.0, 0.5, 0.866)]
    assert found.mean[middle] == pytest.approx(expected, abs=0.35)
    assert (found.lower <= found.mean).all() and (found.mean <= found.upper).all()


def test_the_dependence_on_two_parameters_and_its_plot() -> None:
    made = quadratic()
    found = partial_dependence(made, ["a", "kind"])
    assert found.points[1] == ["x", "y", "z"] and found.mean.shape == (24, 3)
    axes = plot_partial_dependence(made, ["a", "kind"])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["kind = x", "kind = y", "kind = z"]
    assert len(plot_partial_dependence(made)) == 2


def test_bad_input_of_a_dependence() -> None:
    with pytest.raises(ValueError, match="params is 'kin'; it must be one of 'a', 'kind', did you mean 'kind'"):
        partial_dependence(quadratic(), "kin")
    with pytest.raises(ValueError, match="3 complete trials of 3: too few"):
        partial_dependence(quadratic(3), "a")
    with pytest.raises(ValueError, match="params holds 0 parameters"):
        partial_dependence(quadratic(), [])


def test_too_few_trials_are_said_in_the_picture() -> None:
    assert "too few different" in plot_partial_dependence(quadratic(3), "a").texts[0].get_text().replace("\n", " ")
    assert plot_partial_dependence(quadratic(0))[0].texts[0].get_text() == "no complete trial\n(no trial at all)"
