"""The space that trials of a define-by-run study give: hulls of ranges, conditions that explain what is absent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Float, Int, Space
from scratchtune.core.search.learned_space import OpenSpace, SpaceLearner, conflict, merged, within

MODEL = Categorical(["svm", "forest"])
C, DEPTH, LAYERS, UNITS = Float(0.1, 10.0, log=True), Int(1, 9), Int(1, 3), Int(4, 64)


def learned(*trials: dict[str, tuple[Any, Any]], failed: tuple[int, ...] = ()) -> Space:
    """The space of trials, each a dict from names to (parameter, value)."""
    learner = SpaceLearner()
    for number, trial in enumerate(trials):
        learner.add({name: parameter for name, (parameter, _) in trial.items()},
                    {name: value for name, (_, value) in trial.items()}, number in failed)
    return learner.space()


SVM = {"model": (MODEL, "svm"), "C": (C, 1.0)}
FOREST = {"model": (MODEL, "forest"), "depth": (DEPTH, 3)}


def test_a_branch_becomes_a_condition() -> None:
    space = learned(SVM, FOREST)
    assert space.conditions == {"model": {}, "C": {"model": ("svm",)}, "depth": {"model": ("forest",)}}


def test_a_loop_becomes_conditions_on_the_number_of_its_rounds() -> None:
    def layers(count: int) -> dict[str, tuple[Any, Any]]:
        return {"layers": (LAYERS, count)} | {f"units{k}": (UNITS, 8) for k in range(count)}

    assert learned(layers(1), layers(3)).conditions["units1"] == {"layers": (2, 3)}  # 2 is not known yet
    space = learned(layers(1), layers(3), layers(2))
    assert [space.conditions[f"units{k}"] for k in range(3)] == [{}, {"layers": (2, 3)}, {"layers": (3,)}]


def test_a_nested_branch_has_the_condition_of_its_own_branch() -> None:
    kernel = Categorical(["linear", "rbf"])
    rbf = SVM | {"kernel": (kernel, "rbf"), "gamma": (C, 1.0)}
    linear = SVM | {"kernel": (kernel, "linear")}
    space = learned(rbf, FOREST, linear)
    assert space.conditions["gamma"] == {"kernel": ("rbf",)} and space.conditions["kernel"] == {"model": ("svm",)}
    assert not space.is_active("gamma", {"model": "forest", "depth": 3})


def test_of_equally_good_explanations_the_fewest_values_count_then_the_last_request() -> None:
    yes, no = [{name: (MODEL, value) for name in ("first", "last")} for value in ("svm", "forest")]
    depths = [{"many": (LAYERS, k)} for k in (1, 2, 3)]  # each of its values has been seen less often
    space = learned(depths[0] | yes | {"C": (C, 1.0)}, *(depth | no for depth in depths[1:]))
    assert space.conditions["C"] == {"last": ("svm",)}


def test_what_no_single_parameter_explains_has_no_condition() -> None:
    both = {"model": (MODEL, "svm"), "depth": (DEPTH, 3)}
    space = learned(SVM, FOREST, both)  # with "svm" there is a trial with C, and one without
    assert space.conditions["C"] == {} and space.conditions["depth"] == {}


def test_a_failed_trial_shows_parameters_but_not_what_is_absent() -> None:
    space = learned(SVM, {"model": (MODEL, "svm")}, failed=(1,))
    assert space.conditions["C"] == {}
    assert learned({"model": (MODEL, "svm")}, failed=(0,)).names == ("model",)


def test_without_trials_it_is_an_open_space() -> None:
    assert isinstance(learned(), OpenSpace) and learned().names == () and learned().size is None
    assert isinstance(learned({}), OpenSpace)
    with pytest.raises(TypeError, match="params has the name 3; a parameter's name must be text"):
        OpenSpace().check({3: 1})


def test_values_of_numpy_become_plain_ones() -> None:
    given = {"x": np.float64(0.5), "k": np.int32(3), "c": (np.bool_(True), [np.str_("a"), None]), "d": {"e": 1}}
    found = OpenSpace().check(given)
    assert found == given and repr(found) == "{'x': 0.5, 'k': 3, 'c': (True, ['a', None]), 'd': {'e': 1}}"
    with pytest.raises(ValueError, match="x is inf; it must be finite"):
        OpenSpace().check({"x": np.float32("inf")})
    with pytest.raises(TypeError, match="x is <object .*; in a study without a space it must be a number, text, bool"):
        OpenSpace().check({"x": object()})


def test_the_first_of_two_kinds_is_that_of_the_space() -> None:
    """They can't be merged; the values of the other kind are left out where a searcher sees them."""
    as_int, as_float = {"k": (Int(1, 5), 3)}, {"k": (Float(0.0, 1.0), 0.25)}
    space = learned(SVM | as_int, FOREST | as_float)
    assert space.parameters["k"] == Int(1, 5)
    assert within(space, {"k": 0.25, "C": 1.0, "model": "svm", "new": 1}) == {"C": 1.0, "model": "svm"}
    assert within(space, {"k": 3}) == {"k": 3}


@pytest.mark.parametrize(("one", "other", "both"), [
    (Float(0, 1), Float(-1, 0.5), Float(-1, 1)),
    (Float(0, 1, step=0.25), Float(0.5, 2, step=0.25), Float(0, 2, step=0.25)),
    (Float(0, 1, step=0.25), Float(0, 1), Float(0, 1)), (Int(1, 5, step=2), Int(3, 9, step=2), Int(1, 9, step=2)),
    (Int(1, 5, step=2), Int(2, 4), Int(1, 5)), (Int(1, 8, log=True), Int(4, 64, log=True), Int(1, 64, log=True)),
    (Categorical(["a", "b"]), Categorical(["b", 1]), Categorical(["a", "b", 1]))])
def test_two_ranges_are_merged_to_their_hull(one: Any, other: Any, both: Any) -> None:
    assert merged("x", one, other) == both


@pytest.mark.parametrize(("one", "other", "differs"), [
    (Float(0, 1), Float(-1, 0.5), None), (Int(1, 3), Float(1, 3), "kind"),
    (Int(1, 3), Int(1, 3, log=True), "scale (log)"),
    (MODEL, Categorical(["svm", "forest"]), None), (MODEL, Categorical(["svm"]), "choices"), (MODEL, UNITS, "kind")])
def test_what_two_parameters_of_one_name_must_have_in_common(one: Any, other: Any, differs: str | None) -> None:
    assert conflict(one, other) == differs
    if differs not in (None, "choices"):
        with pytest.raises(ValueError, match="trials have requested 'x' as .* give the two different names"):
            merged("x", one, other)
