"""Mean and variance normalisation, formula [cmvn]: by hand, and by property."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech.normalising import normalise

ROWS = np.random.default_rng(6).normal(size=(50, 3))


def test_by_hand() -> None:
    assert normalise(np.array([[1.0, 7.0], [3.0, 7.0]]), 1e-8).tolist() == [[-1.0, 0.0], [1.0, 0.0]]


def test_shift_and_scale_are_undone() -> None:
    found = normalise(ROWS, 1e-8)
    assert found.mean(axis=0) == pytest.approx(0.0, abs=1e-12) and found.std(axis=0) == pytest.approx(1.0)
    np.testing.assert_allclose(normalise(5 * ROWS + [1, 20, -3], 1e-8), found, atol=1e-12)


def test_the_same_as_scikit_learn() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    np.testing.assert_allclose(normalise(ROWS, 1e-8), preprocessing.StandardScaler().fit_transform(ROWS), atol=1e-12)
