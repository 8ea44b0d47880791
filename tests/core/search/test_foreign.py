"""Spaces as scikit-learn and scikit-optimize write them: SciPy's distributions, and tuples that mean a range."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import Float, Int, Space
from scratchtune.core.search.foreign import from_foreign
from scratchtune.core.study import RandomizedSearchCV, SearchCV


class Nearest:
    """An estimator whose score is largest where ``at`` is 0.3; ``kind`` changes nothing."""

    _estimator_type = "regressor"

    def __init__(self, at: float = 0.0, kind: Any = None) -> None:
        self.at, self.kind = at, kind

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"at": self.at, "kind": self.kind}

    def set_params(self, **params: Any) -> Nearest:
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any) -> Nearest:
        return self

    def score(self, X: Any, y: Any) -> float:
        return -abs(self.at - 0.3)


class Exponential:
    """A distribution that has the two methods of SciPy's that are used, and draws numbers as they do."""

    def rvs(self) -> float:
        return 1.0

    def ppf(self, q: float) -> float:
        return float(-np.log1p(-q)) if q < 1.0 else np.inf


def searched(make: Any, space: Any, n_iter: int = 8, **options: Any) -> Any:
    X = np.zeros((12, 1))
    return make(Nearest(), space, n_iter=n_iter, cv=3, verbose=0, **options).fit(X, X[:, 0])


def test_a_tuple_is_a_range_for_bayes_search_as_in_scikit_optimize() -> None:
    given = {"at": (0.0, 1.0), "kind": ("a", "b")}
    search = searched(SearchCV, given, 12)
    same = searched(SearchCV, {"at": Float(0.0, 1.0), "kind": ["a", "b"]}, 12)
    assert search.cv_results_["params"] == same.cv_results_["params"] and search.get_params()["space"] is given
    assert abs(search.best_params_["at"] - 0.3) < 0.1


@pytest.mark.parametrize(("given", "meant"), [
    ((1e-4, 1e-1, "log-uniform"), Float(1e-4, 1e-1, log=True)),
    ((0.5, 2, "uniform"), Float(0.5, 2.0)),
    ((1, 1000, "log-uniform", 10), Int(1, 1000, log=True)),  # the base, 10, changes no scale
    ((np.int64(1), 8), Int(1, 8)),
    ((8, 16, 32), (8, 16, 32)), (("distance", "uniform"), ("distance", "uniform")), ((True, False), (True, False)),
    ([0.0, 1.0], [0.0, 1.0]), ((0.5,), (0.5,)), ((16, 32, 64, 128, 256), (16, 32, 64, 128, 256)),
])
def test_which_tuples_are_ranges(given: Any, meant: Any) -> None:
    assert from_foreign(given) == meant
    assert Space({"x": given}).parameters == Space({"x": meant}).parameters


@pytest.mark.parametrize(("given", "message"), [
    (("1e-4", "1e-1", "log-uniform"), "^at is .*: a range on a logarithmic scale needs two numbers"),
    ((2.0, 1.0), r"^at is \(2.0, 1.0\): low is 2.0 and high is 1.0"),
    ((0.0, 1.0, "log-uniform"), "^at is .*log-uniform"),
])
def test_tuples_that_are_no_range_are_refused(given: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        searched(SearchCV, {"at": given})


def test_a_distribution_with_quantiles_alone_is_mapped_from_the_unit_interval() -> None:
    search = searched(RandomizedSearchCV, {"at": Exponential()}, 200)
    at = np.array([params["at"] for params in search.cv_results_["params"]])
    assert 0.85 < at.mean() < 1.15 and np.isfinite(at).all()
    parameter = search.study_.space.parameters["at"]
    assert np.allclose(at, [parameter.from_unit(parameter.to_unit(value)) for value in at], rtol=1e-6)
    assert search.best_params_["at"] == at[search.best_index_] == search.best_estimator_.at
    again = pickle.loads(pickle.dumps(search))
    assert again.best_params_ == search.best_params_


def test_what_draws_values_but_has_no_quantiles_is_refused() -> None:
    class Drawing:
        def rvs(self, random_state: Any = None) -> float:
            return 0.5

    with pytest.raises(TypeError, match=r"^at is .*: it draws values \(rvs\) but has no quantiles \(ppf\)"):
        searched(RandomizedSearchCV, {"at": Drawing()})


def test_an_object_that_neither_draws_values_nor_has_quantiles_is_a_value() -> None:
    given = object()
    assert from_foreign(given) is given
    assert isinstance(from_foreign(Exponential()), Float)


def test_distributions_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    exact = {
        "a": stats.uniform(0.1, 0.8), "b": stats.loguniform(1e-4, 1e-1), "c": stats.randint(1, 10),
        "d": stats.loguniform(1, 10, scale=3)}
    found = Space(exact).parameters
    assert found["b"] == Float(1e-4, 1e-1, log=True) and found["c"] == Int(1, 9)
    assert found["a"].low == 0.1 and found["a"].high == pytest.approx(0.9)
    assert found["d"].log and found["d"].high == pytest.approx(30.0)
    others = {"norm": stats.norm(0, 2), "shifted": stats.loguniform(1, 10, loc=2), "poisson": stats.poisson(3),
              "binom": stats.binom(5, 0.5), "truncated": stats.truncnorm(-1, 1)}
    space, rng = Space(others), np.random.default_rng(0)
    for name, distribution in others.items():
        parameter = space.parameters[name]
        values = [parameter.from_unit(u) for u in (0.0, 1.0, *rng.random(2000))]
        assert np.isfinite(values).all() and all(isinstance(v, int) is hasattr(distribution, "pmf") for v in values)
        assert [parameter.from_unit(parameter.to_unit(v)) for v in values[:20]] == pytest.approx(values[:20], rel=1e-6)
        assert [parameter.check(name, v) for v in values[:20]] == values[:20]
        if isinstance(values[0], int):
            for k in range(6):
                assert abs(values.count(k) / len(values) - distribution.pmf(k)) < 0.04
        else:
            assert stats.kstest(values, distribution.cdf).pvalue > 0.01


@pytest.mark.parametrize("searcher", ["random", "bayesian", "genetic"])
def test_a_study_takes_them_too(searcher: str) -> None:
    stats = pytest.importorskip("scipy.stats")
    space = {"x": stats.norm(0, 2), "k": stats.poisson(3), "rate": (1e-4, 1.0, "log-uniform"), "n": (1, 8)}
    study = st.tune(lambda trial: abs(trial.params["x"] - 1.0) + trial.params["k"], space, searcher, 30, progress=False)
    assert study.best_value < 2.0 and {type(trial.params["k"]) for trial in study.trials} == {int}


@pytest.mark.parametrize("make", [
    RandomizedSearchCV, SearchCV, partial(SearchCV, searcher="genetic")])
def test_every_search_of_a_space_takes_distributions(make: Any) -> None:
    stats = pytest.importorskip("scipy.stats")
    search = searched(make, {"at": stats.uniform(0, 1), "kind": stats.poisson(3)})
    assert {type(params["kind"]) for params in search.cv_results_["params"]} == {int}
