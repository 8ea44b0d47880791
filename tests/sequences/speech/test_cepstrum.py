"""Cepstral coefficients, formulas [dct_basis] and [dct]: by hand, by property, against SciPy and librosa."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech.cepstrum import dct, dct_basis, mfcc

ROWS = np.random.default_rng(3).normal(size=(20, 40))


def test_by_hand() -> None:
    assert mfcc(np.array([[3.0, 1.0]]), 2)[0] == pytest.approx([4 / np.sqrt(2), 2 / np.sqrt(2)])
    assert dct(np.array([[3.0, 1.0]]), np.array([[1.0], [-1.0]])).tolist() == [[2.0]]


def test_the_basis_is_orthonormal_and_all_coefficients_restore_the_row() -> None:
    basis = dct_basis((np.arange(40) + 0.5) / 40, np.arange(40))
    np.testing.assert_allclose(basis.T @ basis, np.eye(40), atol=1e-12)
    np.testing.assert_allclose(dct(ROWS, basis) @ basis.T, ROWS, atol=1e-12)


def test_the_same_as_scipy() -> None:
    fft = pytest.importorskip("scipy.fft")
    np.testing.assert_allclose(mfcc(ROWS, 13), fft.dct(ROWS, type=2, norm="ortho")[:, :13], atol=1e-12)


def test_the_same_as_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    np.testing.assert_allclose(mfcc(ROWS, 13), librosa.feature.mfcc(S=ROWS.T, n_mfcc=13).T, atol=1e-5)
