"""Writing WAV files: what is written is read again, by this package and by soundfile."""

from __future__ import annotations

import io

import numpy as np
import pytest

from scratchtune.speech import Clip
from scratchtune.speech.wav import decode_wav
from scratchtune.speech.wav_writing import wav_bytes


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("length", [801, 800])
def test_what_is_written_is_read(bits: int, length: int) -> None:
    clip = Clip(np.linspace(-1.0, 0.9, length), 11025)
    content = wav_bytes(clip, bits)
    found = decode_wav("a.wav", content)
    assert found.rate == 11025
    np.testing.assert_allclose(found.samples, clip.samples, rtol=0, atol=2.0**-bits)
    assert wav_bytes(found, bits) == content


@pytest.mark.parametrize("bits", [8, 16])
def test_soundfile_reads_the_same(bits: int) -> None:
    soundfile = pytest.importorskip("soundfile")
    content = wav_bytes(Clip(np.sin(np.arange(500) / 9), 8000), bits)
    samples, rate = soundfile.read(io.BytesIO(content))
    assert rate == 8000
    np.testing.assert_array_equal(samples, decode_wav("a.wav", content).samples)


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="bits is 24"):
        wav_bytes(Clip(np.zeros(9), 8000), 24)
