"""Grid search: its points, their order and number."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Exhausted, Float, GridSearch, Int, Result, Searcher, Space, as_searcher
from scratchtune.core.search.grid import finest_grid, trainings
from scratchtune.core.search.searcher import Seen
from scratchtune.core.search.space import combinations
from scratchtune.core.study import Study


def _all(space: Space, searcher: Searcher) -> list[dict[str, Any]]:
    points: list[dict[str, Any]] = []
    while True:
        try:
            points.append(searcher.suggest(space, [], points, len(points), np.random.default_rng(0)).params)
        except Exhausted:
            return points


def test_the_document_s_grid() -> None:
    space = Space({"learning_rate": [0.001, 0.01, 0.1], "batch_size": [32, 64, 128]})
    points = _all(space, GridSearch())
    assert len(points) == combinations([3, 3]) == 9 and trainings(9, 5) == 45
    assert points[1] == {"learning_rate": 0.001, "batch_size": 64}  # the last parameter varies fastest
    assert points[3] == {"learning_rate": 0.01, "batch_size": 32}


def test_continuous_ranges_take_the_resolution_and_others_all_of_their_values() -> None:
    assert Float(1e-3, 1e-1, log=True).grid(3) == pytest.approx([0.001, 0.01, 0.1])
    assert Float(0.0, 1.0).grid(5) == [0.0, 0.25, 0.5, 0.75, 1.0] and Float(0.0, 1.0).grid(1) == [0.5]
    assert Int(1, 9).grid(3) == list(range(1, 10)) and Int(1, 100, log=True).grid(3) == [1, 10, 100]
    assert Int(1, 3, log=True).grid(5) == [1, 2, 3]
    space = Space({"x": Float(0.0, 1.0), "k": Int(1, 9), "c": ["a", "b"]})
    assert GridSearch(resolution=4).total(space) == 4 * 9 * 2 == len(_all(space, GridSearch(resolution=4)))


def test_absent_parameters_multiply_nothing() -> None:
    space = Space({"optimizer": ["sgd", "adam"], "momentum": Float(0.0, 0.9, when={"optimizer": ["sgd"]}), "b": [1, 2]})
    points = _all(space, GridSearch(resolution=3))
    assert len(points) == 3 * 2 + 2 and points[-1] == {"optimizer": "adam", "b": 2}


def test_a_parameter_falls_out_where_the_thinned_grid_never_has_its_condition() -> None:
    space = Space({"units": Int(1, 100, log=True), "x": Categorical([1, 2], when={"units": [3, 10]}),
                   "y": Categorical([1, 2], when={"units": [3]}), "z": Categorical([1, 2], when={"y": [1]})})
    points = _all(space, GridSearch(resolution=3))
    assert points == [{"units": 1}, {"units": 10, "x": 1}, {"units": 10, "x": 2}, {"units": 100}]


def test_a_constraint_takes_points_out() -> None:
    space = Space({"a": [1, 2, 3], "b": [1, 2, 3]}, constraint=lambda params: params["a"] + params["b"] > 4)
    assert [tuple(p.values()) for p in _all(space, GridSearch())] == [(2, 3), (3, 2), (3, 3)]
    impossible = Space({"a": [1]}, constraint=lambda params: False)
    with pytest.raises(ValueError, match="no point of the grid satisfies the constraint"):
        _all(impossible, GridSearch())


def test_a_grid_too_large_to_list_still_has_its_points() -> None:
    points = GridSearch().points(Space({f"x{k}": list(range(10)) for k in range(18)}))
    assert len(points) == 10**18 and points[123]["x17"] == 3 and points[10**18 - 1]["x0"] == 9
    with pytest.raises(ValueError, match="the grid has 1.0e\\+30 points"):
        GridSearch().total(Space({f"x{k}": list(range(10)) for k in range(30)}))


def test_a_wide_range_takes_no_memory() -> None:
    space = Space({"a": Int(1, 10**9), "f": Float(0.0, 1.0, step=1e-9), "l": Int(1, 10**9, log=True),
                   "b": Categorical([1, 2], when={"a": [5]})})
    points = GridSearch(resolution=3).points(space)
    assert len(points) == (10**9 + 1) * (10**9 + 1) * 3
    assert points[2] == {"a": 1, "f": 0.0, "l": 10**9} and points[3] == {"a": 1, "f": 1e-9, "l": 1}
    with pytest.raises(ValueError, match="the grid has 1.0e\\+09 points, and the constraint must be called for each"):
        GridSearch().total(Space({"a": Int(1, 10**9)}, constraint=lambda params: True))


def test_a_range_too_narrow_for_the_resolution_gives_each_of_its_values_once() -> None:
    assert Float(1.0, 1.0 + 2**-52).grid(5) == [1.0, 1.0 + 2**-52]
    assert GridSearch(resolution=7).total(Space({"x": Float(0.0, 5e-324), "y": Float(2.0, 2.0)})) == 2


@pytest.mark.parametrize("seed", range(30))
def test_grids_of_random_conditional_spaces_are_those_found_by_trying_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parameters: dict[str, Any] = {"c": Categorical([0, 1, 2]), "k": Int(0, 2), "l": Int(1, 50, log=True)}
    for k in range(4):
        parents = [name for name in parameters if parameters[name].count is not None and rng.random() < 0.4]
        when = {name: [parameters[name].value(int(i)) for i in rng.permutation(3)[:2]] for name in parents} or None
        parameters[f"p{k}"] = [
            Float(0.0, 1.0, when=when), Categorical([0, 1, 2], when=when), Float(0.0, 0.2, step=0.1, when=when),
        ][rng.integers(3)]
    space = Space(parameters)
    found: dict[Any, dict[str, Any]] = {}
    for values in itertools.product(*(parameter.grid(3) for parameter in space.parameters.values())):
        params: dict[str, Any] = {}
        for name, value in zip(space.names, values, strict=True):
            if space.is_active(name, params):
                params[name] = value
        found[space.key(params)] = params
    points = GridSearch(resolution=3).points(space)
    assert list(points) == list(found.values()) and len(points) == len(found)
    assert [points[k] for k in range(0, len(points), 50)] == list(found.values())[::50]


def test_the_points_of_an_earlier_study_are_not_proposed_again() -> None:
    space = Space({"a": [1, True, 2], "b": ["x", "y"]})
    seen = [Result(0, {"a": 1, "b": "y"}, 1.0, "complete"), Result(1, {"a": 2, "b": "x"}, float("nan"), "failed")]
    points: list[dict[str, Any]] = []
    for number in range(4):
        points.append(GridSearch().suggest(space, seen, points, number, np.random.default_rng(0)).params)
    assert [repr(tuple(p.values())) for p in points] == ["(1, 'x')", "(True, 'x')", "(True, 'y')", "(2, 'y')"]
    with pytest.raises(Exhausted, match="all 6 points of the grid"):
        GridSearch().suggest(space, seen, points, 4, np.random.default_rng(0))


def test_an_enqueued_point_takes_no_other_point_s_turn() -> None:
    # Trial 0 was enqueued, with the grid's last point, so trials 1 and 2 have the first two.
    space, last = Space({"n": Int(1, 3)}), {"n": 3}
    for number, pending in ((1, [last]), (2, [last, {"n": 1}])):
        suggestion = GridSearch().suggest(space, Seen(enqueued=1), pending, number, np.random.default_rng(0))
        assert suggestion.params == {"n": number}
    with pytest.raises(Exhausted):
        GridSearch().suggest(space, Seen(enqueued=1), [last, {"n": 1}, {"n": 2}], 3, np.random.default_rng(0))


def test_a_run_says_how_many_trials_it_will_have(capsys: pytest.CaptureFixture[str]) -> None:
    study = Study({"x": Float(0.0, 1.0), "k": Int(1, 9)}, GridSearch(resolution=4))
    study.run(lambda trial: trial.params["x"], n_trials=None)
    assert capsys.readouterr().err.startswith("GridSearch(resolution=4): 36 trials\n")
    assert len(study.trials) == 36


def test_why_says_which_point_it_is() -> None:
    suggestion = GridSearch().suggest(Space({"a": [1, 2]}), [], [{"a": 1}], 1, np.random.default_rng(0))
    assert suggestion.why == {"searcher": "grid", "index": 1, "of": 2}
    assert GridSearch().explain(suggestion.why).startswith("Point 2 of 2")


def test_searchers_by_name() -> None:
    assert repr(as_searcher("grid")) == "GridSearch(resolution=5)"
    given = GridSearch(resolution=2)
    assert as_searcher(given) is given
    with pytest.raises(ValueError, match="searcher is 'gird'.*did you mean 'grid'"):
        as_searcher("gird")
    with pytest.raises(TypeError, match="searcher is <class"):
        as_searcher(GridSearch)
    with pytest.raises(ValueError, match="resolution is 0"):
        GridSearch(resolution=0)


def test_the_finest_grid_has_at_most_so_many_points() -> None:
    space = Space({"rate": Float(1e-4, 1e-1, log=True), "size": [32, 64, 128], "decay": Float(1e-4, 1e-1, log=True)})
    assert finest_grid(space, 27).total(space) == 27  # 3 rates x 3 sizes x 3 decays
    assert finest_grid(space, 47).total(space) == 27 and finest_grid(space, 48).total(space) == 48
    assert isinstance(finest_grid(space, 1), GridSearch)
