"""Deltas, formula [deltas]: by hand, by property, against python_speech_features and librosa."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech.deltas import deltas, with_deltas

ROWS = np.random.default_rng(4).normal(size=(30, 5))
OFFSETS = np.array([1, 2])


def test_by_hand() -> None:
    rows = np.array([[1.0], [4.0], [9.0], [16.0], [25.0]])
    assert deltas(rows, OFFSETS)[2, 0] == pytest.approx((16 - 4 + 2 * (25 - 1)) / 10)
    assert deltas(rows, OFFSETS)[0, 0] == pytest.approx((4 - 1 + 2 * (9 - 1)) / 10)  # the first row is repeated


def test_of_a_line_they_are_its_gradient_except_near_the_ends() -> None:
    found = deltas(np.outer(np.arange(10.0), [3.0, -1.0]), OFFSETS)
    np.testing.assert_allclose(found[2:-2], np.tile([3.0, -1.0], (6, 1)))
    assert (deltas(np.ones((4, 2)), OFFSETS) == 0).all() and (deltas(np.ones((1, 2)), OFFSETS) == 0).all()


def test_columns_are_features_then_deltas_then_accelerations() -> None:
    first = deltas(ROWS, OFFSETS)
    np.testing.assert_array_equal(with_deltas(ROWS, 2), np.hstack([ROWS, first, deltas(first, OFFSETS)]))
    np.testing.assert_array_equal(with_deltas(ROWS, 0), ROWS)


def test_the_same_as_python_speech_features() -> None:
    base = pytest.importorskip("python_speech_features.base")
    np.testing.assert_allclose(deltas(ROWS, OFFSETS), base.delta(ROWS, 2), atol=1e-12)


def test_the_same_as_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.feature.delta(ROWS.T, width=5, mode="nearest").T
    np.testing.assert_allclose(deltas(ROWS, OFFSETS), expected, atol=1e-12)
