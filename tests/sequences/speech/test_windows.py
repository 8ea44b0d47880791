"""Windows, formulas [hann] and [hamming]: by hand, by property, against librosa."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.sequences.speech.windows import hamming, hann, window


def test_by_hand() -> None:
    assert window("hann", 4) == pytest.approx([0.0, 0.5, 1.0, 0.5])
    assert window("hamming", 4) == pytest.approx([0.08, 0.54, 1.0, 0.54])


def test_symmetric_windows_are_numpy_s() -> None:
    u = np.arange(11) / 10
    np.testing.assert_allclose(hann(u), np.hanning(11), atol=1e-15)
    np.testing.assert_allclose(hamming(u), np.hamming(11), atol=1e-15)


def test_frames_that_overlap_by_half_add_up_to_a_constant() -> None:
    for kind, total in (("hann", 1.0), ("hamming", 1.08)):
        halves = window(kind, 64).reshape(2, 32)
        assert halves.sum(axis=0) == pytest.approx(total)


def test_unknown_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="kind is 'han'; it must be one of 'hann', 'hamming', did you mean 'hann'"):
        window("han", 4)


@pytest.mark.parametrize("kind", ["hann", "hamming"])
def test_the_same_as_librosa(kind: str) -> None:
    librosa = pytest.importorskip("librosa")
    np.testing.assert_allclose(window(kind, 400), librosa.filters.get_window(kind, 400), atol=1e-12)
