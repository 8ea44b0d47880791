"""`plain`, the idea in one file: its lines are the package's, and so are its numbers."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import formulas, plain
from scratchtune.core.formulas import judge
from scratchtune.core.formulas.check import TOLERANCE
from scratchtune.core.formulas.mutants import mutants
from scratchtune.core.search.bayesian.fitting import log_marginal_likelihood
from scratchtune.core.search.bayesian.gaussian_process import condition, predict
from scratchtune.core.search.searcher import Result
from scratchtune.core.search.space import Space

REGISTRY = formulas.registry()
SOURCE = inspect.getsource(plain)
LINES = {name: " ".join(line.split()) for name, line in re.findall(
    r'(?:"""|# |\n    )\[(\w+)\]: (.+?)(?:"""|\n    """|, where|\n\n|\n    \[|\n        return)', SOURCE, re.DOTALL)}
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(96, 6)), RNG.integers(0, 3, 96)


def scaled(method: Any, log: bool) -> Any:
    return lambda function: lambda value, low, high: function(plain.Float(low, high, log), value)


FUNCTIONS = {name: [vars(plain)[name], {name: lambda function: function}] for name in LINES if name in vars(plain)} | {
    name: [vars(plain.Float)[name], {f"linear_{name}": scaled(name, False), f"log_{name}": scaled(name, True)}]
    for name in ("value", "unit")}


# The file ------------------------------------------------------------------------------------------------------------


def test_it_is_short_and_needs_numpy_and_the_standard_library_alone() -> None:
    tree = ast.parse(SOURCE)
    assert len(SOURCE.splitlines()) <= 500 and max(map(len, SOURCE.splitlines())) <= 100
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"collections.abc", "itertools", "math", "numpy", "pathlib", "typing"}
    package = Path(plain.__file__).parent
    using = re.compile(r"scratchtune import plain\b|scratchtune\.plain\b.*import|import scratchtune\.plain")
    assert not [path for path in package.rglob("*.py") if using.search(path.read_text(encoding="utf-8"))]


# Formulas ------------------------------------------------------------------------------------------------------------


def test_each_line_is_that_of_the_package() -> None:
    assert LINES == {name: REGISTRY[name].line for name in LINES} and len(LINES) > 20
    in_functions = {name for _, lines in FUNCTIONS.values() for name in lines}
    assert LINES.keys() - in_functions == {
        "dense", "objective", "posterior_mean", "posterior_variance"}  # see theta after 200 steps, and the posterior


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_computes_its_line_and_none_of_its_mutants_does(name: str) -> None:
    function, lines = FUNCTIONS[name]
    judged = [(REGISTRY[name], adapt, case) for name, adapt in lines.items() for case in judged_cases(REGISTRY[name])]

    def worst(function: Any) -> float:
        return max(distance(formula, adapt(function), case) for formula, adapt, case in judged)

    with np.errstate(all="ignore"):
        assert worst(function) < TOLERANCE
        assert [one.description for one in mutants(function) if worst(one.function) < TOLERANCE] == []


def judged_cases(formula: Any) -> list[Any]:
    found = []
    for arguments in judge.cases(formula):
        try:
            found.append(judge.judge(formula, arguments)[0])
        except formulas.arithmetic.UNDEFINED:
            continue
    return found


def distance(formula: Any, function: Any, case: Any) -> float:
    """How far a function is from the line; unlike the package's, it returns all new values, and writes none."""
    drawn = {where.argument.partition("[")[0] for where in formula.where if where.domain.drawn}
    values = zip(formula.parameters, formula.values(case.arguments), strict=True)
    try:
        returned = function(*(value for name, value in values if name in drawn))
    except Exception:
        return np.inf
    results = returned if isinstance(returned, tuple) else (returned,)
    targets = [equation.target.symbol for equation in formula.equations][-len(results) :]
    return judge.distance(formula, case, dict(zip(targets, results, strict=True)))


# The network, its objective, its training ----------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.0), (0.01, 0.0), (0.0, 0.01), (0.001, 0.02)])
@pytest.mark.parametrize(("name", "optimizer"), [
    ("gradient descent", st.SGD(0.01)), ("momentum", st.SGD(0.01, momentum=0.9)), ("adam", st.Adam(0.01))])
def test_theta_after_200_steps_is_the_package_s(
    name: str, optimizer: Any, l1: float, l2: float, activation: str,
) -> None:
    model = st.Sequential([st.Dense(5, activation=activation), st.Dense(3, activation="softmax")], dtype="float64")
    model.compile(optimizer, "categorical_crossentropy", penalty=st.L1L2(l1, l2))
    model.build((None, 6))
    first, target = model.theta.copy(), np.eye(3)[Y]
    model.fit(X, target, batch_size=24, epochs=50, shuffle=False, verbose=0)
    config = plain.Config((6, 5, 3), activation, name, 0.01, l1=l1, l2=l2)
    batches = [(X[rows], target[rows]) for rows in np.arange(96).reshape(4, 24)] * 50
    np.testing.assert_allclose(plain.train(first, config, batches), model.theta, rtol=0.0, atol=1e-12)


def test_the_gradient_of_the_objective_is_that_of_central_differences() -> None:
    config = plain.Config((6, 4, 3), "tanh", l1=0.01, l2=0.02)
    theta, target = plain.first_theta(config.sizes, np.random.default_rng(1)), np.eye(3)[Y]
    _, gradient = plain.loss_and_gradient(theta, config, X, target)
    steps = 1e-6 * np.eye(theta.size)
    values = [[plain.loss_and_gradient(theta + sign * step, config, X, target)[0] for sign in (1.0, -1.0)]
              for step in steps]
    np.testing.assert_allclose(gradient, np.subtract(*np.transpose(values)) / 2e-6, atol=1e-8)


def test_each_row_is_validated_once_and_trained_on_in_each_epoch() -> None:
    folds = plain.k_folds(11, 3, np.random.default_rng(0))
    assert sorted(itertools.chain(*(part for _, part in folds))) == list(range(11))
    assert all(sorted([*training, *part]) == list(range(11)) for training, part in folds)
    config, rows = plain.Config((1, 2), batch_size=4, epochs=2), np.arange(11.0)[:, None]
    batches = list(plain.shuffled_batches(rows, np.arange(11) % 2, config, np.random.default_rng(0)))
    assert [len(x) for x, _ in batches] == [4, 4, 3] * 2
    for epoch in (batches[:3], batches[3:]):
        assert sorted(np.concatenate([x for x, _ in epoch])[:, 0]) == list(range(11))
        assert all((target.argmax(axis=1) == x[:, 0] % 2).all() for x, target in epoch)


# The space and the searchers -----------------------------------------------------------------------------------------

OURS = {"rate": plain.Float(1e-4, 1.0, log=True), "share": plain.Float(-1.0, 3.0), "units": plain.Int(16, 128),
        "kind": plain.Choice(("a", "b", "c"))}
THEIRS = Space({"rate": st.Float(1e-4, 1.0, log=True), "share": st.Float(-1.0, 3.0), "units": st.Int(16, 128),
                   "kind": ["a", "b", "c"]})


def same(params: Any, expected: Any) -> bool:
    return params.keys() == expected.keys() and all(
        params[name] == (value if isinstance(value, (str, int)) else pytest.approx(value, rel=1e-12))
        for name, value in expected.items())


def test_a_point_gives_the_params_of_the_package_and_they_the_point() -> None:
    for point in [*np.random.default_rng(0).random((200, 4)), np.zeros(4), np.ones(4)]:
        params = plain.params_at(OURS, point)
        assert same(params, THEIRS.from_unit(point))
        np.testing.assert_allclose(plain.points_of(OURS, [params])[0], THEIRS.to_unit(params), atol=1e-12)


def test_the_grid_is_that_of_the_package_in_its_order() -> None:
    ours, theirs = OURS | {"units": plain.Int(1, 2)}, Space(dict(THEIRS.parameters) | {"units": st.Int(1, 2)})
    points = list(st.GridSearch(resolution=3).points(theirs))
    rng, seen = np.random.default_rng(0), [plain.Trial({}, 0.0)] * len(points)
    assert len(points) == 54
    assert all(same(plain.grid_search(ours, seen[:k], rng), point) for k, point in enumerate(points))


def test_random_points_are_the_package_s_under_the_same_draws() -> None:
    for seed in range(20):
        expected = st.RandomSearch().suggest(THEIRS, [], {}, 0, np.random.default_rng(seed)).params
        assert same(plain.random_search(OURS, [], np.random.default_rng(seed)), expected)


def test_the_posterior_its_likelihood_and_the_improvement_are_the_package_s() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        points, new = (np.column_stack([rng.random((n, 2)), (rng.integers(0, 3, n) + 0.5) / 3]) for n in (12, 7))
        y, theta, is_choice = rng.normal(size=12), np.append(rng.normal(size=3), [0.3, -4.0]), np.array([0.0, 0.0, 1.0])
        theirs = condition(points, y, is_choice, np.insert(theta, 4, -800.0))  # no rough part
        found, expected = plain.posterior(points, y, is_choice, theta, new), predict(theirs, new)
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-10)
        factor, alpha = plain.factor_and_alpha(points, y, is_choice, theta)
        assert plain.log_marginal_likelihood(y, alpha, np.diag(factor)) == pytest.approx(
            log_marginal_likelihood(y, theirs.alpha, np.diag(theirs.upper)), abs=1e-10)


def test_a_child_is_the_package_s_under_the_same_draws() -> None:
    """Without its surrogate, and with the operators of `plain`: whom it selects, how it crosses, what mutates."""
    searcher = st.GeneticSearch(crossover="blend", crossover_rate=0.9, brood=1)
    rng = np.random.default_rng(0)
    for seed in range(200):
        seen = [plain.Trial(THEIRS.from_unit(point), float(loss)) for point, loss in zip(
            rng.random((20, 4)), rng.integers(0, 9, 20), strict=True)]
        results = [Result(k, trial.params, trial.error, "complete") for k, trial in enumerate(seen)]
        expected = searcher.suggest(THEIRS, results, {}, 20, np.random.default_rng(seed)).params
        assert same(plain.genetic_search(OURS, seen, np.random.default_rng(seed)), expected)
