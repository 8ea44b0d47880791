"""WAV files: a header, and samples as integers (PCM); a file that cannot be read raises one clear sentence.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import os
import struct

import numpy as np

from scratchtune.core import checks
from scratchtune.core.files import opened_file
from scratchtune.sequences.speech.clip import Clip, mix_down, pcm_to_float
from scratchtune.sequences.speech.resampling import RATES, resample

PCM, EXTENSIBLE = 1, 0xFFFE
BITS = (8, 16, 24, 32)
_ADVICE = ("it must be WAV with integer samples (PCM) of 8, 16, 24 or 32 bits: convert it, for example with "
           "`ffmpeg -i OLD -c:a pcm_s16le NEW.wav`")
PURPOSE = "a clip is read from a WAV file"
MOST_BYTES = 1 << 28  # of a clip's file: 93 minutes of 16 bits at 24 kHz, at most 2 GB as floats


def read_wav(path: str | os.PathLike[str], rate: int | None = None) -> Clip:
    """Read a WAV file with integer samples (PCM) of 8, 16, 24 or 32 bits: (samples, rate), the samples in [-1, 1).

    Several channels are mixed down to one, formula [mix_down]. With ``rate`` the clip is resampled to that many samples
    a second, by `resample`; without, it has the rate of the file.

    Raises an OSError if the file cannot be opened; a ValueError, which names it, if it is no WAV file, larger than 256
    MB, compressed, of floating-point numbers, cut off, or empty.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is {path!r:.80} ({type(path).__name__}); it must be the name of a WAV file")
    if rate is not None:
        checks.integer("rate", rate, *RATES)
    shown = os.fspath(path)
    clip = decode_wav(shown, read_clip(shown, shown))
    return clip if rate is None else Clip(resample(clip.samples, clip.rate, rate), rate)


def read_clip(path: str | os.PathLike[str], shown: str) -> bytes:
    """Return the content of a clip's file, which is at most 256 MB; ``shown`` is its name in the errors."""
    with opened_file(path, PURPOSE, shown) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise ValueError(f"{shown} has {size:,} bytes; at most {MOST_BYTES:,} are read: cut it into several")
        return file.read(size)


def decode_wav(path: str, content: bytes) -> Clip:
    """The clip in the bytes of a WAV file; ``path`` is its name in the errors, which are those of `read_wav`."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError(f"{path} {'does not begin as a WAV file does' if content else 'is empty'}; {_ADVICE}")
    form: tuple[int, int, int] | None = None
    begin = 12
    while begin + 8 <= len(content):  # chunks: a name, a size, the content
        name, size = struct.unpack_from("<4sI", content, begin)
        begin += 8
        if name == b"fmt ":
            form = _form(path, content[begin : begin + size])
        elif name == b"data" and form is not None:
            channels, rate, width = form
            return Clip(_samples(path, content[begin : begin + size], size, channels, width), rate)
        begin += size + size % 2
    missing = "fmt" if form is None else "data"
    raise ValueError(f"{path} has a damaged header (the chunk {missing!r} is missing); {_ADVICE}")


def _form(path: str, chunk: bytes) -> tuple[int, int, int]:
    """What the chunk "fmt " says: the channels, the samples a second, the bytes of a sample."""
    if len(chunk) < 16:
        raise ValueError(f"{path} is cut off within its header; copy or record it again")
    tag, channels, rate, _, alignment, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == EXTENSIBLE and len(chunk) >= 26:  # the tag of the samples comes later
        (tag,) = struct.unpack_from("<H", chunk, 24)
    if tag != PCM:
        raise ValueError(f"{path} holds samples of format {tag}, not integers (format {PCM}); {_ADVICE}")
    if bits not in BITS or channels == 0 or alignment != channels * bits // 8:
        raise ValueError(f"{path} has samples of {bits} bits for {channels} channels in {alignment} bytes; {_ADVICE}")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"{path} has {rate:,} samples a second by its header; it must have {RATES[0]:,} to "
                         f"{RATES[1]:,}")
    return channels, rate, bits // 8


def _samples(path: str, data: bytes, size: int, channels: int, width: int) -> np.ndarray:
    """The samples of the chunk "data", one channel; ``size`` is what its header claims."""
    block = channels * width
    if len(data) < size:
        raise ValueError(f"{path} is cut off: by its header it has {size // block:,} samples a channel, and "
                         f"{len(data) // block:,} of them are there; copy or record it again")
    if size < block:
        raise ValueError(f"{path} holds no samples; it must hold sound")
    raw = np.frombuffer(data, np.uint8, size // block * block)
    return mix_down(_floats(raw, width).reshape(-1, channels))


def _floats(raw: np.ndarray, width: int) -> np.ndarray:
    """The samples, of so many bytes each, as numbers in [-1, 1)."""
    if width == 1:  # unsigned
        return pcm_to_float(raw - 128.0, 8)
    if width == 3:  # as 32 bits whose lowest 8 are 0
        wide = np.zeros((len(raw) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        raw, width = wide.ravel(), 4
    return pcm_to_float(raw.view(f"<i{width}"), 8 * width)
