"""Spaces: the maps to the unit cube by hand, there and back for every value, conditions, and what is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Float, Int, Space

RANGES = [
    Float(-2.0, 3.0), Float(1e-5, 1e-1, log=True), Float(0.0, 1.0, step=0.1), Float(0.25, 0.25), Int(-3, 9),
    Int(16, 64, step=16), Int(1, 1000, log=True), Int(7, 7), Categorical(["a", None, 1, 1.0, True, (2, 3)]),
    Float(-1e-320, 1e-320), Float(5e-324, 1.7976931348623157e308, log=True), Float(-8e307, 8e307), Float(1, 1 + 2**-52),
    Float(-0.7, 0.7, step=0.1), Float(1e-6, 1.0, step=3e-9 / 3), Int(-(2**62), -(2**62) + 9), Int(0, 2**50 - 1),
    Float(1e-4, 1e-4 + 1e-19, log=True), Float(1e300, 1e300 * (1 + 1e-14), log=True), Float(5e-324, 1e-323, log=True),
    Float(1.7e308, 1.7e308 * (1 + 1e-8), log=True), Int(2**40 - 1, 2**40, log=True),
    Int(2**62, 2**62 + 2**50 * 1000 - 1000, step=1000), Int(1, 2**40, log=True), Categorical([float("nan"), [1], [2]]),
]


def test_the_text_of_a_parameter_which_kept_studies_compare() -> None:
    assert repr(Int(1, 8)) == "Int(low=1, high=8, log=False, step=1, when=None, prior=None)"
    assert repr(Categorical([1, "a"])) == "Categorical(choices=(1, 'a'), when=None, prior=None)"
    for kind in (Float, Int, Categorical):  # a dataclass's own is wrapped: interrupted, it returns "..." for ever after
        assert not hasattr(kind.__repr__, "__wrapped__")


def test_maps_by_hand() -> None:
    assert Float(2.0, 4.0).from_unit(0.25) == 2.5 and Float(2.0, 4.0).to_unit(2.5) == 0.25
    assert Float(0.001, 0.1, log=True).from_unit(0.5) == pytest.approx(0.01)
    assert [Int(1, 3).from_unit(u) for u in (0.0, 0.33, 0.34, 0.67, 1.0)] == [1, 1, 2, 3, 3]
    assert Categorical(["a", "b"]).to_unit("b") == 0.75
    assert Float(0.0, 1.0, step=0.1).grid(5) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


@pytest.mark.parametrize("parameter", RANGES, ids=repr)
def test_there_and_back_is_the_same_value_and_none_lies_outside(parameter: Any) -> None:
    for u in [0.0, 1.0, *np.random.default_rng(0).random(300)]:
        value = parameter.from_unit(u)
        assert repr(parameter.check("p", value)) == repr(value) and 0.0 <= parameter.to_unit(value) <= 1.0
        back = parameter.from_unit(parameter.to_unit(value))
        assert type(back) is type(value)
        assert repr(back) == repr(value)


@pytest.mark.parametrize("parameter", [p for p in RANGES if p.count is not None], ids=repr)
def test_every_value_of_a_finite_range_has_its_place(parameter: Any) -> None:
    numbers = list(range(min(parameter.count, 1000)))
    numbers += [parameter.count - 1 - k for k in numbers if parameter.count > 2000][::-1]
    values = [parameter.value(k) for k in numbers]
    places = [parameter.to_unit(value) for value in values]
    assert [repr(parameter.from_unit(u)) for u in places] == [repr(value) for value in values]
    assert places == sorted(places) and [parameter.index(value) for value in values] == numbers
    assert len({repr(value) for value in values}) == len(values)


def _random_range(rng: np.random.Generator) -> Any:
    """A Float or an Int of any size, or None where its arguments are refused."""

    def number() -> float:
        return float(rng.normal() * 10.0 ** (rng.uniform(-320, 307) if rng.random() < 0.3 else rng.uniform(-6, 6)))

    low, high = sorted([number(), number()])
    digits, steps = int(rng.integers(0, 8)), int(rng.integers(1, 10 ** int(rng.integers(1, 9))))
    start, step = round(float(rng.normal() * 100.0), digits), max(1, int(rng.integers(1, 1000))) / 10.0**digits
    whole = int(rng.integers(-(2**62), 2**62)) >> int(rng.integers(0, 62))
    many = int(rng.integers(1, 2**50)) >> int(rng.integers(0, 50))
    first, last = sorted([1 + (int(rng.integers(0, 2**40)) >> int(rng.integers(0, 40))) for _ in range(2)])
    makers: list[Any] = [
        lambda: Float(low, high), lambda: Float(*sorted([abs(low) or 1.0, abs(high) or 1.0]), log=True),
        lambda: Float(start, round(start + steps * step, digits), step=step),
        lambda: Int(whole, whole + many * (digits + 1), step=digits + 1), lambda: Int(first, last, log=True)]
    try:
        return makers[rng.integers(len(makers))]()
    except ValueError as error:
        assert len(str(error).splitlines()) == 1
        return None


@pytest.mark.parametrize("seed", range(20))
def test_the_map_of_random_ranges_is_exact_and_stays_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for parameter in filter(None, (_random_range(rng) for _ in range(60))):
        places = [0.0, 1.0, 5e-324, 1.0 - 2.0**-53, *rng.random(15), *10.0 ** rng.uniform(-17, 0, 5)]
        values = [parameter.from_unit(float(u)) for u in places]
        assert values[0] == parameter.low and values[1] == parameter.high
        for value in values:
            assert parameter.low <= value <= parameter.high and parameter.check("p", value) == value
            assert 0.0 <= parameter.to_unit(value) <= 1.0
            assert repr(parameter.from_unit(parameter.to_unit(value))) == repr(value), parameter
        ordered = [parameter.from_unit(float(u)) for u in np.sort(rng.random(30))]
        assert ordered == sorted(ordered)


def _random_space(rng: np.random.Generator) -> Space:
    """Up to eight parameters of all kinds, some of them under conditions on others, in an order of chance."""
    parameters: dict[str, Any] = {}
    for k in range(int(rng.integers(1, 9))):
        finite = [name for name, p in parameters.items() if p.count is not None]
        when = {}
        for parent in finite[: int(rng.integers(0, 3))]:
            chosen = rng.integers(0, parameters[parent].count, 2)
            when[parent] = [parameters[parent].value(int(number)) for number in chosen]
        weights = rng.random(3).tolist() if rng.random() < 0.3 else None
        prior = (0.5, float(rng.uniform(0.01, 2.0))) if rng.random() < 0.3 else None
        parameters[f"p{k}"] = [
            lambda w, p: Float(-1.0, 3.0, when=w, prior=p), lambda w, p: Float(1e-3, 1e3, log=True, when=w, prior=p),
            lambda w, p: Float(-0.3, 0.9, step=0.3, when=w, prior=p), lambda w, p: Int(-2, 5, when=w),
            lambda w, p: Int(1, 200, log=True, when=w), lambda w, p: Int(0, 10**9, step=5, when=w),
            lambda w, p, weights=weights: Categorical(["a", 1, None], when=w, prior=weights),
        ][rng.integers(7)](when or None, prior)
    return Space({str(name): parameters[name] for name in rng.permutation(list(parameters))})


@pytest.mark.parametrize("seed", range(60))
def test_every_point_of_the_cube_is_a_point_of_a_random_space(seed: int) -> None:
    rng = np.random.default_rng(seed)
    space = _random_space(rng)
    for point in [np.zeros(len(space.names)), np.ones(len(space.names)), *rng.random((25, len(space.names)))]:
        params = space.from_unit(point)
        assert space.check(params) == params and list(params) == [name for name in space.names if name in params]
        assert all((name in params) == space.is_active(name, params) for name in space.names)
        place = space.to_unit(params)
        assert (np.isnan(place) == [name not in params for name in space.names]).all()
        assert repr(space.from_unit(place)) == repr(params)
        assert space.key(params) == space.key(space.check(dict(reversed(params.items()))))
    if space.size is not None:
        number = int(rng.integers(0, min(space.size, 2**62)))
        assert space.check(space.point(number)) == space.point(number)


def test_a_place_of_a_value_that_no_place_gives_is_the_nearest() -> None:
    parameter = Float(1e-5, 1e-1, log=True)
    for value in (1e-5, 3e-4, 1e-3, 0.02, 1e-1):
        assert parameter.from_unit(parameter.to_unit(value)) == pytest.approx(value, rel=1e-14)
    assert Float(-10.0, 10.0).from_unit(Float(-10.0, 10.0).to_unit(1e-30)) == pytest.approx(0.0, abs=1e-14)


def test_a_value_that_is_meant_to_be_on_the_step_is_taken_to_it() -> None:
    parameter = Float(0.0, 0.3, step=0.1)
    assert parameter.check("p", 0.1 * 3) == 0.3 and parameter.check("p", np.float32(0.1)) == 0.1
    assert repr(Float(-0.7, 0.7, step=0.1).value(7)) == "0.0"
    with pytest.raises(ValueError, match="p is 0.31; it must be a finite number in"):
        parameter.check("p", 0.31)


def test_a_choice_is_itself_where_others_are_equal_to_it() -> None:
    mixed = Categorical([1, 1.0, True, [1, 2], np.array([3, 4])])
    assert [repr(mixed.check("c", value)) for value in (1, 1.0, True, np.float64(1.0))] == ["1", "1.0", "True", "1.0"]
    assert mixed.check("c", [3, 4]) is mixed.choices[4] and Categorical(["a", 1]).check("c", 1.0) == 1
    space = Space({"c": [1, True], "d": Categorical([1], when={"c": [True]})})
    assert space.check({"c": 1}) == {"c": 1} and space.size == 2 and space.key({"c": 1}) != space.key({"c": True})


def test_a_log_range_of_integers_gives_each_the_length_that_rounds_to_it() -> None:
    drawn = [Int(1, 100, log=True).from_unit(u) for u in (np.arange(20_000) + 0.5) / 20_000]
    assert np.mean(np.array(drawn) == 1) == pytest.approx(np.log(1.5 / 0.5) / np.log(100.5 / 0.5), abs=1e-4)


def test_numpy_scalars_become_plain_values() -> None:
    space = Space({"a": np.array([32, 64]), "b": Float(np.float32(0.5), np.int64(2)), "c": list(np.logspace(-1, 0, 2))})
    params = space.check({"a": np.int64(32), "b": np.float32(1.0), "c": np.float64(1.0)})
    assert [type(value) for value in params.values()] == [int, float, float]


NESTED = {
    "momentum": Float(0.0, 0.9, step=0.3, when={"optimizer": "sgd"}),
    "optimizer": ["sgd", "adam"],
    "depth": Int(1, 3),
    "units2": Categorical([16, 32], when={"depth": [2, 3]}),
    "units3": Categorical([8, 16, 32], when={"depth": [3], "units2": [32]}),
}


def test_parents_come_first_and_absent_parameters_are_absent() -> None:
    space = Space(NESTED)
    assert space.names == ("optimizer", "momentum", "depth", "units2", "units3")
    assert space.from_unit([0.9, 0.0, 0.9, 0.1, 0.5]) == {"optimizer": "adam", "depth": 3, "units2": 16}
    params = space.from_unit([0.1, 0.99, 0.9, 0.9, 0.5])
    assert params == {"optimizer": "sgd", "momentum": 0.9, "depth": 3, "units2": 32, "units3": 16}
    assert np.isnan(space.to_unit({"optimizer": "adam", "depth": 1})).tolist() == [False, True, False, True, True]


def test_points_are_counted_and_numbered_without_multiplying_absent_parameters() -> None:
    space = Space(NESTED)
    assert space.size == (4 + 1) * (1 + 2 + (1 + 3))
    points = list(space.points())
    assert len({space.key(point) for point in points}) == space.size == len(points)
    assert all(space.check(point) == point for point in points)
    assert Space({**NESTED, "x": Float(0, 1)}).size is None


def _by_trying_all(space: Space) -> list[tuple[Any, ...]]:
    """The distinct points, by brute force: every combination of values, with the absent ones taken out."""
    values = [range(parameter.count or 0) for parameter in space.parameters.values()]
    keys = {}
    for numbers in itertools.product(*values):
        params: dict[str, Any] = {}
        for k, (name, parameter) in zip(numbers, space.parameters.items(), strict=True):
            if space.is_active(name, params):
                params[name] = parameter.value(k)
        keys[space.key(params)] = None
    return list(keys)


@pytest.mark.parametrize("seed", range(40))
def test_points_of_random_conditional_spaces_are_those_found_by_trying_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parameters: dict[str, Any] = {}
    for k in range(6):
        parents = [name for name in parameters if rng.random() < 0.35]
        when = {parent: rng.permutation(3)[: rng.integers(1, 3)].tolist() for parent in parents}
        parameters[f"p{k}"] = Categorical([0, 1, 2], when=when or None)
    space = Space({name: parameters[name] for name in rng.permutation(list(parameters))})
    assert [space.key(params) for params in space.points()] == _by_trying_all(space)
    assert space.size == len(_by_trying_all(space))


def test_points_come_in_the_order_of_itertools_product() -> None:
    lists = {"b": [1, 2], "a": ["x", "y", "z"], "c": [None, 0.5]}
    assert [tuple(p.values()) for p in Space(lists).points()] == list(itertools.product(*lists.values()))


def test_many_conditions_are_counted_quickly() -> None:
    space = Space({**{f"use{k}": [False, True] for k in range(30)},
                   **{f"x{k}": Categorical([1, 2, 3], when={f"use{k}": [True]}) for k in range(30)}})
    assert space.size == 4**30
    assert space.point(4**30 - 1) == {**{f"use{k}": True for k in range(30)}, **{f"x{k}": 3 for k in range(30)}}


def test_a_wide_range_with_conditions_on_it_is_counted_at_once() -> None:
    space = Space({"a": Int(1, 10**9), "b": Categorical([1, 2], when={"a": [5, 7]}), "c": Int(0, 9)})
    assert space.size == (10**9 + 2) * 10
    assert [space.point(number) for number in (39, 40, 50, 59, 60, space.size - 1)] == [
        {"a": 4, "c": 9}, {"a": 5, "b": 1, "c": 0}, {"a": 5, "b": 2, "c": 0}, {"a": 5, "b": 2, "c": 9},
        {"a": 6, "c": 0}, {"a": 10**9, "c": 9}]


def test_a_chain_of_conditions_is_counted() -> None:
    chain: dict[str, Any] = {"x0": [0, 1]}
    chain |= {f"x{k}": Categorical([0, 1], when={f"x{k - 1}": 1}) for k in range(1, 40)}
    space = Space(dict(reversed(chain.items())))
    assert space.size == 41 and len(list(space.points())) == 41
    assert [len(space.point(k)) for k in range(41)] == [*range(1, 41), 40]


def test_a_constraint_takes_points_out() -> None:
    space = Space({"a": [1, 2, 3], "b": [1, 2, 3]}, constraint=lambda params: params["a"] < params["b"])
    assert [tuple(p.values()) for p in space.points()] == [(1, 2), (1, 3), (2, 3)]
    with pytest.raises(ValueError, match="which the constraint refuses"):
        space.check({"a": 2, "b": 1})


@pytest.mark.parametrize("make, message", [
    (lambda: Float(2.0, 1.0), "low is 2.0 and high is 1.0"),
    (lambda: Float(0.0, 1.0, log=True), "low is 0.0; with log=True"),
    (lambda: Float(0.0, float("inf")), "high is inf"),
    (lambda: Float(float("nan"), 1.0), "low is nan"),
    (lambda: Float(-1e308, 1e308), "high - low must be a finite number"),
    (lambda: Float(0.0, 1.0, step=1e-16), "which makes 1.0e\\+16 values from 0.0 to 1.0"),
    (lambda: Float(1e6, 1e6 + 1.0, step=2.0**-33), "too small for values of 1000001.0"),
    (lambda: Int(0, 10**5000), "high is an integer of 16610 bits; it must be an integer from "),
    (lambda: Int(0, 2**50), "which are 1125899906842625 values"),
    (lambda: Int(1, 2**41, log=True), "must be at most 2\\*\\*40"),
    (lambda: Categorical({"a", "b"}), "the order of a set is not fixed"),
    (lambda: Categorical(range(10**8)), "choices holds 100000000 values"),
    (lambda: Categorical([float("nan"), float("nan")]), "choices holds nan twice"),
    (lambda: Float(0.0, 1.0, step=0.3), "step is 0.3, which does not divide .* from 0.0 to 1.0; high could be 0.9"),
    (lambda: Float(0.0, 1.0, step=0.0), "step is 0.0"),
    (lambda: Float(0.1, 1.0, log=True, step=0.1), "a step or a logarithmic scale, not both"),
    (lambda: Float("a", 1.0), "low is 'a'"),
    (lambda: Float(0.0, 1.0, prior=0.5), "prior is 0.5"),
    (lambda: Float(0.0, 1.0, prior=(2.0, 0.1)), "prior's centre is 2.0"),
    (lambda: Int(1, 4, step=2), "step is 2, which does not divide"),
    (lambda: Int(1, 4, step=0), "step is 0"),
    (lambda: Int(1.5, 4), "low is 1.5"),
    (lambda: Int(1, 9, log=True, step=2), "a step or a logarithmic scale, not both"),
    (lambda: Categorical([]), "choices is empty"),
    (lambda: Categorical("abc"), "choices is 'abc'"),
    (lambda: Categorical([1, 2, 1]), "choices holds 1 twice"),
    (lambda: Categorical([1, 2], prior=[1.0]), "one weight for each of the 2 choices"),
    (lambda: Categorical([1, 2], prior=[0.0, 0.0]), "the sum of the weights must be a finite number above 0"),
    (lambda: Categorical([1, 2], when={}), "when is {}"),
    (lambda: Categorical([1, 2], when={"a": []}), "is empty"),
    (lambda: Space({}), "space is empty"),
    (lambda: Space([1]), "space is"),
    (lambda: Space({1: [2]}), "must be text"),
    (lambda: Space({"units": 64}), "units is 64"),
    (lambda: Space({"units": []}), "units: choices is empty"),
    (lambda: Space({"a": [1, 2], "b": Categorical([1], when={"aa": [1]})}), "when of 'b' names 'aa'.*did you mean 'a'"),
    (lambda: Space({"a": Categorical([1, 2], when={"a": [1]})}), "when of 'a' names 'a'.*the space, which has none$"),
    (lambda: Space({"a": Categorical([1], when={"b": 2}), "b": Categorical([2], when={"a": 1})}), "form a circle"),
    (lambda: Space({"a": [1, 2], "b": Categorical([1], when={"a": [3]})}), "of 'b' is 3; it must be one of 1, 2"),
    (lambda: Space({"a": Float(0, 1), "b": Categorical([1], when={"a": [0.5]})}), "which is continuous"),
    (lambda: Space({"a": [1]}, constraint=True), "constraint is True"),
])
def test_bad_definitions_are_one_clear_sentence(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize("params, message", [
    ({"optimizer": "adam"}, "params lacks 'depth'"),
    ({"optimizer": "adam", "depth": 1, "dept": 2}, "params holds 'dept'.*did you mean 'depth'"),
    ({"optimizer": "adam", "depth": 1, "momentum": 0.3}, "params holds 'momentum' = 0.3, which exists only when"),
    ({"optimizer": "sgd", "depth": 1, "momentum": 0.4}, "momentum is 0.4; .* the nearest is 0.3"),
    ({"optimizer": "adam", "depth": 9}, "depth is 9"),
    ({"optimizer": "adm", "depth": 1}, "optimizer is 'adm'.*did you mean 'adam'"),
    ([1], "params is"),
])
def test_bad_params_are_one_clear_sentence(params: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        Space(NESTED).check(params)


def test_tuples_that_can_be_no_range_are_choices() -> None:
    for choices in (
            ((64,), (32, 16)), ("relu", "tanh"), (16, 32, 64), (True, False), (0.5,), (0.1, None), (8, "auto"),
            (1, 2, "auto")):
        assert Space({"x": choices}).parameters["x"] == Categorical(choices)
