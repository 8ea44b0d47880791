"""Constraints in BayesianSearch: units and probabilities by hand, ascent, the value to improve on, whole studies."""

from __future__ import annotations

import concurrent.futures
import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import Result, Space
from scratchtune.core.search.bayesian import acquisition_search, gaussian_search, parzen
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.acquisition import feasible_acquisition
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.reading import losses_and_violations
from scratchtune.core.search.bayesian.surrogate import NO_CONSTRAINTS, constraint_units, fitted_constraints

SPACE = Space({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)})


def results(count: int = 14, sign: float = 1.0) -> list[Result]:
    """Trials of x² + y² with x + y at least 1; with ``sign`` -1 at most 1."""
    points = np.random.default_rng(1).random((count, 2))
    return [Result(k, {"x": x, "y": y}, x * x + y * y, "complete", constraints=(sign * (1.0 - x - y), -1.0))
            for k, (x, y) in enumerate(points.tolist())]


def costs(trial: Any) -> float:
    x, y = trial.params["x"], trial.params["y"]
    trial.set_constraint([1.0 - x - y, -1.0])
    return x * x + y * y


def test_units_by_hand() -> None:
    # The standard deviation of -1 and 4 is 2.5, their mean is 1.5.
    values, mean = constraint_units(np.array([-1.0, 4.0]))
    assert values.tolist() == [-0.4, 1.6] and mean == 0.6
    values, mean = constraint_units(np.array([1.0, -1.0, 1e12, -1.0, 1.0]))  # the median is 1: 1e12 counts as 4
    assert values / values[0] == pytest.approx([1.0, -1.0, 4.0, -1.0, 1.0]) and np.std(values) == pytest.approx(1.0)
    for one, wanted in ((-5.0, -1.0), (5.0, 1.0), (0.0, 0.0)):
        assert constraint_units(np.array([one, one])) == (pytest.approx([wanted, wanted]), wanted)
    values, mean = constraint_units(np.array([0.0, 0.0, 0.0, 1.0]))  # most are exactly at the limit
    assert values[:3].tolist() == [0.0] * 3 and values[3] > 0.0


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1e6, 1e300])
def test_the_scale_of_a_constraint_does_not_count(scale: float) -> None:
    constraints = np.array([-1.0, 0.5, 2.0, -0.25])
    (values, mean), (scaled, mean_of_scaled) = constraint_units(constraints), constraint_units(scale * constraints)
    assert scaled == pytest.approx(values) and mean_of_scaled == pytest.approx(mean)


def test_the_probability_is_that_of_a_normal_variable() -> None:
    encoding, seen = Encoding(SPACE), results()
    rows = encoding.rows([one.params for one in seen])
    constraints = fitted_constraints(encoding, rows, [one.constraints for one in seen])
    process = gp.condition(rows, np.zeros(14), encoding.is_categorical, constraints.theta[0])
    goal = acquisition_search.Goal(0, 0.0, 1.0, 0.0, 0.0, constraints)
    points = np.random.default_rng(2).random((5, 2))
    found = acquisition_search.log_feasible(constraints, points)
    for k in range(2):
        means, variances = gp.predict(acquisition_search.of_constraint(constraints, k)[0], points)
        for n in range(5):
            wanted = NormalDist(means[n], math.sqrt(variances[n])).cdf(0.0)
            assert math.exp(found[k, n]) == pytest.approx(wanted, rel=1e-6, abs=1e-12)
    alone = acquisition_search.goal_values(encoding, process, goal._replace(constraints=NO_CONSTRAINTS), points)
    both = acquisition_search.goal_values(encoding, process, goal, points)
    np.testing.assert_allclose(both, feasible_acquisition(alone, found), rtol=1e-12)
    feasible = np.array([[0.9, 0.9], [0.8, 0.6]]), np.array([[0.1, 0.1], [0.3, 0.2]])
    likely, unlikely = (acquisition_search.log_feasible(constraints, rows).sum(axis=0) for rows in feasible)
    assert (likely > math.log(0.9)).all() and (unlikely < math.log(0.1)).all()


def test_trials_that_set_no_constraint_tell_their_processes_nothing() -> None:
    encoding, seen = Encoding(SPACE), results()
    rows = encoding.rows([one.params for one in seen])
    some = fitted_constraints(encoding, rows, [one.constraints if one.number % 2 else () for one in seen])
    np.testing.assert_array_equal(some.rows, rows[1::2])
    assert some.values.shape == (2, 7) and some.upper.shape == (2, 7, 7)
    assert fitted_constraints(encoding, rows, [()] * 14) is NO_CONSTRAINTS


def test_the_ascent_is_that_of_the_product() -> None:
    encoding, seen = Encoding(SPACE), results()
    model = gaussian_search.fitted_model(SPACE, seen, [], 14, "lcb")
    starts = np.random.default_rng(5).random((12, 2))
    ends = acquisition_search.ascended(encoding, model.process, model.goal, starts.copy())

    def at(rows: np.ndarray) -> np.ndarray:
        return acquisition_search.goal_values(encoding, model.process, model.goal, rows)

    assert (at(ends) >= at(starts) - 1e-12).all()
    grid = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, 201)] * 2), axis=-1).reshape(-1, 2)
    assert at(ends).max() > at(grid).max() - 1e-3 and np.median(at(ends)) > at(grid).max() - 0.6


def test_the_value_to_improve_on_is_a_feasible_one() -> None:
    seen = results()
    model = gaussian_search.fitted_model(SPACE, seen, [{"x": 0.9, "y": 0.9}], 14)
    feasible = [one.value for one in seen if not one.violation]
    means = gp.means_at_rows(model.process)[:14]
    assert model.feasible.tolist() == [*(not one.violation for one in seen), True]
    assert model.goal.best == means[model.feasible[:14]].min() > means.min()
    _, why = gaussian_search.propose(SPACE, seen, [], 14, np.random.default_rng(0))
    assert why["best"] == pytest.approx(min(feasible)) and 0.0 < why["feasible"] <= 1.0


def test_a_pending_trial_counts_where_it_is_probably_feasible() -> None:
    seen = results()
    model = gaussian_search.fitted_model(SPACE, seen, [{"x": 0.9, "y": 0.9}, {"x": 0.1, "y": 0.1}], 14)
    assert model.feasible[14:].tolist() == [True, False]
    means = gp.means_at_rows(model.process)
    assert means[15] < model.goal.best == means[model.feasible].min()


def test_without_a_feasible_trial_any_improves_and_the_words_say_so() -> None:
    never = [one._replace(constraints=(1.0 + one.params["x"],)) for one in results()]
    never[3] = never[3]._replace(value=math.nan, constraints=())  # a failed trial is not feasible either
    model = gaussian_search.fitted_model(SPACE, never, [], 14)
    assert not model.feasible.any() and model.goal.best == gp.means_at_rows(model.process).max()
    searcher = st.BayesianSearch("gp")
    why = searcher.suggest(SPACE, never, [], 14, np.random.default_rng(0)).why
    assert why["best"] is None
    assert "here, where no trial so far is feasible: the expected improvement is" in searcher.explain(why)
    assert searcher.brief(why, 1.0).endswith(" here, and no trial so far is feasible")


def test_the_estimator_splits_feasible_trials_first() -> None:
    seen = [Result(0, {}, value, "complete", constraints=(over,)) for value, over in
            ((0.0, 2.0), (3.0, 0.0), (math.nan, -1.0), (2.0, 0.0), (1.0, 1.0))]

    def split(seen: list[Result], most: int = parzen.MOST_GOOD) -> list[list[int]]:
        return [part.tolist() for part in parzen.split(*losses_and_violations(SPACE, seen).T, most)]

    assert split(seen, 4) == [[3], [0, 1, 2, 4]]
    assert split(seen * 8)[0] == [3, 8, 13, 18, 23, 28]
    assert split([seen[k] for k in (2, 0, 4)] * 3)[0] == [2, 5]  # the least infeasible, if none is not
    densities = parzen.fitted_densities(SPACE, results(), [])
    assert not any(results()[k].violation for k in densities.good)


@pytest.mark.parametrize(("model", "most"), [("gp", 0.502), ("tpe", 0.56), ("auto", 0.51)])
def test_whole_studies_find_the_constrained_optimum(model: str, most: float) -> None:
    # The optimum is 0.5 at (0.5, 0.5), on the limit of the constraint; without it it would be 0 at (0, 0).
    study = st.tune(costs, SPACE, st.BayesianSearch(model), n_trials=32, progress=False)
    assert 0.5 <= study.best_value <= most
    assert ("the probability of being feasible" in study.why(21)) == (model != "tpe")


@pytest.mark.parametrize("acquisition", ["pi", "lcb"])
def test_other_acquisitions(acquisition: str) -> None:
    study = st.tune(costs, SPACE, st.BayesianSearch("gp", acquisition=acquisition), n_trials=24, progress=False)
    assert 0.5 <= study.best_value <= 0.55
    assert "the probability of being feasible" in study.why(20)


def test_it_looks_for_a_first_feasible_trial() -> None:
    def narrow(trial: Any) -> float:
        trial.set_constraint((trial.params["x"] - 0.83) ** 2 + (trial.params["y"] - 0.21) ** 2 - 0.01)
        return trial.params["x"]

    study = st.tune(narrow, SPACE, st.BayesianSearch("gp"), n_trials=20, progress=False)
    assert study.best_value == pytest.approx(0.73, abs=0.02)


def test_workers_and_a_restart_change_nothing(tmp_path: Any) -> None:
    searcher, path = st.BayesianSearch(parallel=3), tmp_path / "studies.db"
    alone = st.tune(costs, SPACE, searcher, n_trials=18, progress=False)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        several = st.tune(costs, SPACE, searcher, n_trials=18, executor=pool, progress=False)
    for count in (9, 14, 18):
        st.Study(SPACE, searcher, storage=path).run(costs, count, progress=False).close()
    tables = [[(one.params, one.value, one.constraints, repr(one.why)) for one in study.trials]
              for study in (alone, several, st.load_study(path))]
    assert tables[0] == tables[1] == tables[2]
