"""What a user can get wrong, for every searcher: a clear sentence beforehand, or a failed trial that stops nothing."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Float, Int, Space
from scratchtune.core.search.hyperband import Hyperband
from scratchtune.core.study import Study, Trial
from tests.core.search.replaying import Make, searched, searched_or_skip

SPACE = {
    "x": Float(-1.0, 1.0), "rate": Float(1e-4, 1e-1, log=True), "units": Int(16, 64, step=16), "kind": ["a", "b"],
    "momentum": Float(0.0, 0.9, when={"kind": ["a"]}),
}


def bowl(trial: Trial) -> float:
    return trial.params["x"] ** 2 + trial.params["units"] / 64.0


# Definitions: refused where they are written, whichever searcher is to have them -------------------------------------


@pytest.mark.parametrize("space, sentence", [
    (lambda: {}, r"^space is empty; it must have at least one parameter$"),
    (lambda: [("x", Float(0.0, 1.0))], r"^space is \[.*\]; it must be a dict from names to Float, Int, Categorical or"),
    (lambda: {"x": Float(2.0, 1.0)}, r"^low is 2.0 and high is 1.0; low must not be above high$"),
    (lambda: {"x": Int(2, 1)}, r"^low is 2 and high is 1; low must not be above high$"),
    (lambda: {"x": Float(0.0, 1.0, log=True)}, r"^low is 0.0; with log=True it must be above 0$"),
    (lambda: {"x": Float(-1.0, 1.0, log=True)}, r"^low is -1.0; with log=True it must be above 0$"),
    (lambda: {"x": Int(0, 9, log=True)}, r"^low is 0; with log=True it must be above 0$"),
    (lambda: {"x": Float(0.0, 1.0, step=0.3)}, r"^step is 0.3, which does not divide the range from 0.0 to 1.0; .*"),
    (lambda: {"x": Int(0, 10, step=3)}, r"^step is 3, which does not divide the range from 0 to 10; high could be 9$"),
    (lambda: {"x": Float(0.0, 1.0, step=-0.5)}, r"^step is -0.5; it must be a finite number above 0"),
    (lambda: {"x": Float(math.nan, 1.0)}, r"^low is nan; it must be a finite number$"),
    (lambda: {"x": Float(0.0, math.nan)}, r"^high is nan; it must be a finite number$"),
    (lambda: {"x": Float(-math.inf, 1.0)}, r"^low is -inf; it must be a finite number$"),
    (lambda: {"x": Int(0, math.inf)}, r"^high is inf .*it must be an integer$"),
    (lambda: {"x": Int(-(2**63) - 1, 0)}, r"^low is -9223372036854775809; .* from -2\*\*63 to 2\*\*63 - 1$"),
    (lambda: {"x": Float(-1e308, 1e308)}, r"^low is -1e\+308 and high is 1e\+308; high - low must be a finite number$"),
    (lambda: {"x": Int(0, 2**60)}, r"values; a range must have at most 2\*\*50 = \d+, for more take a larger step or"),
    (lambda: {"x": Int(1, 2**60, log=True)}, r"with log=True it must be at most 2\*\*40 = \d+, beyond it take"),
    (lambda: {"x": Float(0.0, 1.0, step=1e-300)}, r"^step is 1e-300, which makes 1.0e\+300 values from 0.0 to 1.0; a"),
    (lambda: {"x": Float(1.0, 1.0 + 2**-50, step=2**-52)}, r"too small for values of 1.0.*: floats can"),
    (lambda: {"x": []}, r"^x: choices is empty; it must hold at least one value$"),
    (lambda: {"x": Categorical({"a", "b"})}, r"it must be a list, since the order of a set is not fixed$"),
    (lambda: {"x": range(10**9)}, r"^x: choices holds 1000000000 values; it must hold at most 1000000"),
    (lambda: {"x": Categorical(np.array(3.0))}, r"^choices is array\(3.\); it must be a list of values$"),
    (lambda: {"x": (64, np.int64(16))}, r"^x is \(64, np.int64\(16\)\): low is 64 and high is 16"),
    (lambda: {"x": (1, 0.5)}, r"^x is \(1, 0.5\): low is 1.0 and high is 0.5"),
    (lambda: {"x": 3}, r"^x is 3; it must be a Float, an Int, a Categorical, a list of choices, a range as a"),
    (lambda: {"x": Categorical([1], when={"y": [1]})}, r"^when of 'x' names 'y'; .* another parameter of the space, w"),
    (lambda: {"x": Categorical([1], when={"yy": [1]}), "y": [1]}, r"^when of 'x' names 'yy'; .*, did you mean 'y'\?$"),
    (lambda: {"x": Categorical([1], when={"y": [2]}), "y": [1]}, r"^when\['y'\] of 'x' is 2; it must be one of 1$"),
    (lambda: {"x": Categorical([1], when={"y": [1]}), "y": Categorical([1], when={"x": [1]})},
     r"^the conditions of 'x', 'y' form a circle; `when` must lead to parameters without one$"),
    (lambda: {"a": Int(1, 2, when={"c": [1]}), "b": Int(1, 2, when={"a": [1]}), "c": Int(1, 2, when={"b": [2]})},
     r"^the conditions of 'a', 'b', 'c' form a circle"),
    (lambda: {"x": Float(0.0, 1.0, prior=(math.nan, 0.1))}, r"^prior's centre is nan"),
    (lambda: {"x": Float(0.0, 1.0, prior=(0.5, 0.0))}, r"^prior's spread is 0.0"),
    (lambda: {"x": Categorical([1, 2], prior=[1.0, -1.0])}, r"^prior\[1\] is -1.0"),
    (lambda: {"x": Categorical([1, 2], prior=[1e308, 1e308])}, r"sum of the weights must be a finite number above 0$"),
])
def test_a_bad_space_is_one_clear_sentence(space: Any, sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        Study(space())
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("arguments, sentence", [
    ({"max_budget": 0}, r"^max_budget is 0; it must be an integer of at least 1"),
    ({"max_budget": -3}, r"^max_budget is -3"),
    ({"max_budget": 2.5}, r"^max_budget is 2.5"),
    ({"max_budget": 9, "eta": 1}, r"^eta is 1; it must be an integer of at least 2"),
    ({"max_budget": 9, "proposer": "nothing"}, r"proposer is 'nothing'"),
])
def test_a_budget_of_nothing_is_one_clear_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        Hyperband(**arguments)


def test_a_study_of_no_trials_is_refused(make: Make) -> None:
    study = Study(searched(make, SPACE), make())
    for n_trials, sentence in ((0, "n_trials is 0; it must be an integer of at least 1"), (-1, "n_trials is -1"),
                               (2.5, "n_trials is 2.5"), ("ten", "n_trials is 'ten'")):
        with pytest.raises((ValueError, TypeError), match=sentence):
            study.run(bowl, n_trials, progress=False)  # type: ignore[arg-type]
    assert study.trials == []


# Spaces without a point that is allowed ------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [
    {"x": Float(0.0, 1.0)}, pytest.param({"k": Int(0, 9)}, marks=pytest.mark.slow),
    pytest.param({"k": Int(0, 9), "x": Float(0.0, 1.0)}, marks=pytest.mark.slow), {"c": ["a", "b"]},
], ids=["continuous", "whole", "mixed", "choices"])
def test_a_space_without_a_feasible_point_is_one_clear_sentence(make: Make, space: dict[str, Any]) -> None:
    study = Study(searched_or_skip(make, space), make(), constraint=lambda params: False)
    with pytest.raises(ValueError, match="constraint") as caught:
        study.run(bowl, 3, progress=False)
    assert len(str(caught.value).splitlines()) == 1 and study.trials == []


def test_a_constraint_without_an_answer_is_one_clear_sentence(make: Make) -> None:
    with pytest.raises(ValueError, match=r"^the constraint raised KeyError: 'width', for {.*}; it must return True or"):
        Study(searched(make, SPACE), make(), constraint=lambda params: params["width"] > 1).run(bowl, 3, progress=False)
    with pytest.raises(TypeError, match=r"^the constraint returned None for {.*}; it must return True or False$"):
        Study(searched(make, SPACE), make(), constraint=lambda params: None).run(bowl, 3, progress=False)  # type: ignore[arg-type,return-value]


def test_a_constraint_that_returns_an_array_did_not_raise() -> None:
    space = Space({"x": Float(0.0, 1.0)}, constraint=lambda params: np.array([True, False]))  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match=r"^the constraint returned array\(\[ True, False\]\) for {'x': 0.5}; it must "):
        space.allows({"x": 0.5})


# Objectives ----------------------------------------------------------------------------------------------------------

OUTCOMES = {
    "nothing": (lambda: None, "value is None; it must be a finite number"),
    "text": (lambda: "0.5", "value is '0.5'; it must be a finite number"),
    "nan": (lambda: math.nan, "value is nan; it must be a finite number"),
    "infinity": (lambda: math.inf, "value is inf; it must be a finite number"),
    "minus infinity": (lambda: -math.inf, "value is -inf; it must be a finite number"),
    "an array": (lambda: np.zeros(2), "value is array"),
    "an error": (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
    "too large": (lambda: 10**400, "value is .*; it must be a finite number"),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_bad_value_is_a_failed_trial_and_the_study_goes_on(make: Make, outcome: str) -> None:
    bad, sentence = OUTCOMES[outcome]
    study = Study(searched(make, SPACE), make(), seed=3).run(
        lambda trial: bad() if trial.number % 2 else bowl(trial), 9, progress=False)
    assert [trial.state for trial in study.trials] == ["complete", "failed"] * 4 + ["complete"]
    failed = [trial for trial in study.trials if trial.state == "failed"]
    assert all(trial.value is None for trial in failed) and study.best_trial.number % 2 == 0
    assert all(re.match(sentence, trial.error or "") for trial in failed)


@pytest.mark.parametrize("space", [SPACE, {"k": Int(0, 40)}, {"c": list("abcdefghijklmnop")}],
                         ids=["mixed", "whole", "choices"])
def test_a_study_in_which_all_fails_goes_on_to_its_end(make: Make, space: dict[str, Any]) -> None:
    study = Study(searched_or_skip(make, space), make(), seed=1).run(lambda trial: math.nan, 14, progress=False)
    assert [trial.state for trial in study.trials] == ["failed"] * 14
    with pytest.raises(ValueError, match="no trial of 14 is complete; trial 0 failed: value is nan"):
        study.best_value  # noqa: B018


def test_an_objective_that_is_none_is_refused(make: Make) -> None:
    with pytest.raises(TypeError, match="objective is 3; it must be a function from a trial to a number"):
        Study(searched(make, SPACE), make()).run(3, 2, progress=False)  # type: ignore[arg-type]


# Points that users give ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("params, sentence", [
    ({"x": 0.0, "rate": 0.01, "units": 17, "kind": "b"}, "units is 17; it must be 16 plus a multiple of 16"),
    ({"x": 2.0, "rate": 0.01, "units": 16, "kind": "b"}, r"x is 2.0; it must be a finite number in \[-1.0, 1.0\]"),
    ({"x": math.nan, "rate": 0.01, "units": 16, "kind": "b"}, "x is nan"),
    ({"x": None, "rate": 0.01, "units": 16, "kind": "b"}, "x is None"),
    ({"x": 0.0, "rate": 0.01, "units": 16, "kind": "c"}, "kind is 'c'; it must be one of 'a', 'b'"),
    ({"x": 0.0, "rate": 0.01, "units": 16, "kind": "a"}, "params lacks 'momentum'"),
    ({"x": 0.0, "rate": 0.01, "units": 16, "kind": "b", "momentum": 0.5}, "exists only when"),
    ({"x": 0.0}, "params lacks 'rate'"),
    (None, "params is None"),
])
def test_a_bad_point_is_refused_by_the_queue(params: Any, sentence: str) -> None:
    study = Study(SPACE, "random")
    with pytest.raises((ValueError, TypeError), match=sentence):
        study.enqueue(params)
    assert len(study.run(bowl, 2, progress=False).trials) == 2


def test_places_are_kept_within_the_cube_and_nan_is_refused() -> None:
    space = Space({**SPACE, "log": Int(1, 100, log=True), "step": Float(0.0, 0.3, step=0.1)})
    low, high = space.from_unit([-0.1] * 7), space.from_unit([1.1] * 7)
    assert space.check(low) == low == space.from_unit([0.0] * 7) and high == space.from_unit([1.0] * 7)
    assert low == {"x": -1.0, "rate": 1e-4, "units": 16, "kind": "a", "momentum": 0.0, "log": 1, "step": 0.0}
    for axis in (0, 1, 2, 3, 5, 6):
        with pytest.raises(ValueError, match="a unit value is nan"):
            space.from_unit(np.where(np.arange(7) == axis, np.nan, 0.1))
    with pytest.raises(ValueError, match="point has 3 coordinates; it must have 7, one a parameter"):
        space.from_unit([0.1, 0.2, 0.3])
