"""Cepstral coefficients, deltas, normalisation: by hand, by property, against SciPy, librosa and others."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech.cepstrum import OFFSETS, dct, dct_basis, deltas, mfcc, normalise, with_deltas

ROWS = np.random.default_rng(3).normal(size=(20, 40))


def test_coefficients_by_hand() -> None:
    assert mfcc(np.array([[3.0, 1.0]]), 2)[0] == pytest.approx([4 / np.sqrt(2), 2 / np.sqrt(2)])
    assert dct(np.array([[3.0, 1.0]]), np.array([[1.0], [-1.0]])).tolist() == [[2.0]]


def test_the_basis_is_orthonormal_and_all_coefficients_restore_the_row() -> None:
    basis = dct_basis((np.arange(40) + 0.5) / 40, np.arange(40))
    np.testing.assert_allclose(basis.T @ basis, np.eye(40), atol=1e-12)
    np.testing.assert_allclose(dct(ROWS, basis) @ basis.T, ROWS, atol=1e-12)


def test_coefficients_are_scipy_s() -> None:
    fft = pytest.importorskip("scipy.fft")
    np.testing.assert_allclose(mfcc(ROWS, 13), fft.dct(ROWS, type=2, norm="ortho")[:, :13], atol=1e-12)


def test_coefficients_are_librosa_s() -> None:
    librosa = pytest.importorskip("librosa")
    np.testing.assert_allclose(mfcc(ROWS, 13), librosa.feature.mfcc(S=ROWS.T, n_mfcc=13).T, atol=1e-5)


def test_deltas_by_hand() -> None:
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


def test_deltas_are_those_of_python_speech_features() -> None:
    base = pytest.importorskip("python_speech_features.base")
    np.testing.assert_allclose(deltas(ROWS, OFFSETS), base.delta(ROWS, 2), atol=1e-12)


def test_deltas_are_librosa_s() -> None:
    librosa = pytest.importorskip("librosa")
    expected = librosa.feature.delta(ROWS.T, width=5, mode="nearest").T
    np.testing.assert_allclose(deltas(ROWS, OFFSETS), expected, atol=1e-12)


def test_normalised_by_hand() -> None:
    assert normalise(np.array([[1.0, 7.0], [3.0, 7.0]]), 1e-8).tolist() == [[-1.0, 0.0], [1.0, 0.0]]


def test_shift_and_scale_are_undone() -> None:
    found = normalise(ROWS, 1e-8)
    assert found.mean(axis=0) == pytest.approx(0.0, abs=1e-12) and found.std(axis=0) == pytest.approx(1.0)
    np.testing.assert_allclose(normalise(5 * ROWS + np.arange(40), 1e-8), found, atol=1e-12)


def test_normalised_as_by_scikit_learn() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    np.testing.assert_allclose(normalise(ROWS, 1e-8), preprocessing.StandardScaler().fit_transform(ROWS), atol=1e-12)
