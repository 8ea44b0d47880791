"""WAV files: a header, and samples as integers (PCM); a file that cannot be read raises one clear sentence.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.files import opened_file
from scratchtune.sequences.speech.clip import Clip
from scratchtune.sequences.speech.resampling import RATES, resample
from scratchtune.sequences.speech.samples import mix_down, pcm_to_float

PCM, EXTENSIBLE = 1, 0xFFFE
_FORMATS = {2: "ADPCM", 3: "floating-point", 6: "A-law", 7: "µ-law", 0x11: "IMA ADPCM", 0x31: "GSM", 0x55: "MP3"}
_OTHERS = {
    b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3", b"\xff\xfb": "MP3", b"\xff\xf3": "MP3", b"\xff\xf2": "MP3",
    b"FORM": "AIFF", b"RIFX": "RIFX", b"RF64": "RF64", b"#!AMR": "AMR", b"\x1aE\xdf\xa3": "WebM or Matroska"}
_ADVICE = "it must be WAV with integer samples (PCM) of 8, 16, 24 or 32 bits"
_CONVERT = "convert it, for example with `ffmpeg -i OLD -c:a pcm_s16le NEW.wav`"
PURPOSE = "a clip is read from a WAV file"
MOST_BYTES = 1 << 28  # of a clip's file: 93 minutes of 16 bits at 24 kHz, at most 2 GB as floats
UNKNOWN_LENGTH = 0x7FFFF000  # bytes; a program that writes to a pipe gives this length or more, or 0


def read_wav(path: str | os.PathLike[str], rate: int | None = None) -> Clip:
    """Read a WAV file with integer samples (PCM) of 8, 16, 24 or 32 bits: (samples, rate), the samples in [-1, 1).

    Several channels are mixed down to one, formula [mix_down]. With ``rate`` the clip is resampled to that many samples
    a second, by `resample`; without, it has the rate of the file.

    Raises
        OSError if the file cannot be opened; ValueError, which names the file, if it is no WAV file, or larger than
        256 MB, if its samples are compressed or floating-point, or if it is cut off or holds no samples.

    A length in the header of 0, or of 2 GB that are not there, was not known when the header was written; the samples
    up to the end of the file are read.
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
        raise ValueError(f"{path} {_kind(content)}")
    form: _Form | None = None
    for name, begin, size in _chunks(content):
        if name == b"fmt ":
            form = _form(path, content[begin : begin + size])
        elif name == b"data" and form is not None:
            return Clip(_samples(path, content, begin, size, form), form.rate)
    missing = "fmt" if form is None else "data"
    raise ValueError(f"{path} has a damaged header (the chunk {missing!r} is missing); {_ADVICE}")


class _Form(NamedTuple):
    """How samples are stored: each in a container of ``size`` bytes."""

    channels: int
    rate: int
    size: int


def _form(path: str, chunk: bytes) -> _Form:
    """Return what the chunk "fmt " says.

    A container is the block alignment, the bytes of all channels at one time, divided by the channels. In it a sample
    is left-justified, so that its scale is that of the container, whatever the number of bits that are used.
    """
    if len(chunk) < 16:
        raise ValueError(f"{path} is cut off within its header; copy or record it again")
    tag, channels, rate, _, alignment, bits = struct.unpack_from("<HHIIHH", chunk)
    valid = bits
    if tag == EXTENSIBLE and len(chunk) >= 26:  # the tag of the samples comes later
        valid, tag = struct.unpack_from("<H4xH", chunk, 18)
    if tag != PCM:
        kind = f"{_FORMATS.get(tag, 'unknown')} samples"
        raise ValueError(f"{path} holds {kind} (format {tag}); {_ADVICE}: {_CONVERT}")
    size, rest = divmod(alignment, channels) if channels else (0, 0)
    if rest or not 1 <= size <= 4 or not 8 * (size > 1) < bits <= 8 * size or valid > bits:
        raise ValueError(
            f"{path} has samples of {bits} bits, {valid} of them used, for {channels} channels in {alignment} bytes; "
            f"{_ADVICE}")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"{path} has {rate:,} samples a second by its header; it must have {RATES[0]:,} to "
                         f"{RATES[1]:,}")
    return _Form(channels, rate, size)


def _samples(path: str, content: bytes, begin: int, size: int, form: _Form) -> np.ndarray:
    """Return the samples of the chunk "data", one channel.

    A length of 0 is true of an empty recording, which ends the file or is followed by another chunk's name.
    """
    there, block = len(content) - begin, form.channels * form.size
    if size >= max(UNKNOWN_LENGTH, there) or (size == 0 and not content[begin : begin + 4].strip().isalnum()):
        size = there
    if size > there:
        raise ValueError(f"{path} is cut off: by its header it has {size // block:,} samples a channel, and "
                         f"{there // block:,} of them are there; copy or record it again")
    if size < block:
        raise ValueError(f"{path} holds no samples; it must hold sound")
    data = np.frombuffer(content, np.uint8, size // block * block, begin)
    return mix_down(_floats(data, form.size).reshape(-1, form.channels))


def _floats(data: np.ndarray, size: int) -> np.ndarray:
    """The samples, of so many bytes each, as numbers in [-1, 1)."""
    if size == 1:  # unsigned
        return pcm_to_float(data - 128.0, 8)
    if size == 3:  # as 32 bits whose lowest 8 are 0
        wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = data.reshape(-1, 3)
        data, size = wide.ravel(), 4
    return pcm_to_float(data.view(f"<i{size}"), 8 * size)


def _kind(content: bytes) -> str:
    """Say what a file that is no WAV file is."""
    name = "MPEG-4" if content[4:8] == b"ftyp" else next(
        (name for begin, name in _OTHERS.items() if content.startswith(begin)), None)
    if name is not None:
        return f"is a file of type {name}; {_ADVICE}: {_CONVERT}"
    return f"{'does not begin as a WAV file does' if content else 'is empty'}; {_ADVICE}"


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The name of each chunk of a RIFF file, where its content begins, and how many bytes it claims."""
    begin = 12
    while begin + 8 <= len(content):
        size = int.from_bytes(content[begin + 4 : begin + 8], "little")
        yield content[begin : begin + 4], begin + 8, size
        begin += 8 + size + size % 2
