"""The surrogate of a brood: its least squares, its features, and that it finds the minimum of a valley."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.core.search import Categorical, Float, Int, Space
from scratchtune.core.search.genetic.brood import QuadraticSurrogate, features_of, ridge, standard_score


def test_standardised_genes_by_hand() -> None:
    assert standard_score(np.array([0.5, 0.75, 0.0]), 0.5, 0.2, 0.05).tolist() == pytest.approx([0.0, 1.0, -2.0])


def test_ridge_by_hand_and_its_gradient_is_zero() -> None:
    assert ridge(np.array([[1.0], [2.0]]), np.array([1.0, 3.0]), 0.5) == pytest.approx([7.0 / 6.0])
    rng = np.random.default_rng(0)
    F, t = rng.normal(size=(30, 8)), rng.normal(size=30)
    w = ridge(F, t, 0.1)
    assert F.T @ (F @ w - t) + 0.1 * 30 * w == pytest.approx(np.zeros(8), abs=1e-12)


def test_ridge_is_scikit_learns() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(1)
    F, t = rng.normal(size=(12, 20)), rng.normal(size=12)  # fewer rows than columns: the penalty decides
    theirs = linear_model.Ridge(alpha=0.1 * 12, fit_intercept=False).fit(F, t).coef_
    assert ridge(F, t, 0.1) == pytest.approx(theirs, abs=1e-10)


def test_features_are_squares_products_and_choices() -> None:
    parameters = [Float(0.0, 1.0), Categorical(["a", "b"]), Int(0, 9)]
    genes = np.array([[0.53, 0.25, 0.5], [np.nan, np.nan, 0.56]])
    known = [np.empty(0, dtype=int), np.array([0, 1]), np.empty(0, dtype=int)]
    found = features_of(parameters, genes, np.array([0.5, 0.5, 0.5]), np.zeros(3), known)
    z = np.array([[1.0, 0.0], [0.0, 2.0]])
    right = [[z[k, 0], (z[k, 0] ** 2 - 1) / 2, k == 0, 0.0, z[k, 1], (z[k, 1] ** 2 - 1) / 2, z[k, 0] * z[k, 1] / 2]
             for k in range(2)]
    assert found == pytest.approx(np.array(right, dtype=float))


def test_products_are_left_out_of_more_than_eight_ranges() -> None:
    # z and its square of each, and of eight ranges the 8 · 7 / 2 products.
    for count, features in ((1, 2), (8, 16 + 28), (9, 18)):
        genes = np.full((2, count), 0.5)
        none = [np.empty(0, dtype=int)] * count
        assert features_of([Float(0.0, 1.0)] * count, genes, genes[0], genes[0], none).shape == (2, features)


def test_the_surrogate_finds_the_bottom_of_a_valley_that_is_slanted() -> None:
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0), "c": ["good", "bad"]})
    rng = np.random.default_rng(2)
    genes = rng.random((40, 3))

    def loss(g: np.ndarray) -> np.ndarray:
        return (g[:, 0] - g[:, 1]) ** 2 + 0.2 * (g[:, 0] - 0.7) ** 2 + 0.1 * (g[:, 2] > 0.5)

    children = np.array([[0.7, 0.7, 0.25], [0.2, 0.8, 0.25], [0.8, 0.2, 0.25], [0.7, 0.7, 0.75]])
    estimates = QuadraticSurrogate(space, genes[np.argsort(loss(genes))]).estimates(children)
    assert np.argmin(estimates) == 0
    predicted = QuadraticSurrogate(space, genes[np.argsort(loss(genes))]).estimates(fresh := rng.random((300, 3)))
    ranks = [np.argsort(np.argsort(v)) for v in (predicted, loss(fresh))]
    assert np.corrcoef(*ranks)[0, 1] > 0.9


def test_alike_and_absent_genes_are_no_trouble() -> None:
    space = Space({"x": Float(0.0, 1.0), "c": ["a", "b"], "m": Float(0.0, 1.0, when={"c": ["b"]})})
    for genes in (np.full((16, 3), 0.25), np.array([[0.5, 0.25, np.nan]] * 16)):
        children = np.array([[0.1, 0.25, np.nan], [0.9, 0.75, 0.3]])
        assert np.isfinite(QuadraticSurrogate(space, genes).estimates(children)).all()
