"""Writing a clip as a WAV file, of 8 or 16 bits.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import io
import wave

import numpy as np

from scratchtune import checks
from scratchtune.speech.clip import Clip, checked_samples
from scratchtune.speech.samples import float_to_pcm

BITS = (8, 16)


def wav_bytes(clip: Clip, bits: int = 16) -> bytes:
    """The content of a WAV file of one channel that holds a clip, in samples of 8 or 16 bits.

    >>> wav_bytes(Clip(np.array([-1.0, 0.0, 0.5]), 8000), 8)[-3:].hex(" ")  # unsigned: 0x80 is silence
    '00 80 c0'
    """
    checks.choice("bits", bits, BITS)
    numbers = float_to_pcm(checked_samples("clip", clip.samples), bits)
    data = (numbers + 128).astype(np.uint8) if bits == 8 else numbers.astype("<i2")
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, bits // 8, clip.rate, len(data), "NONE", ""))
        file.writeframes(data.tobytes())
    return content.getvalue()
