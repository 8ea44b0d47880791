"""Reading a WAV file: a header, and samples as integers (PCM); a file that cannot be read raises one clear sentence.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Iterator

import numpy as np

from scratchtune import checks
from scratchtune.speech.clip import Clip
from scratchtune.speech.resampling import resample
from scratchtune.speech.samples import mix_down, pcm_to_float

PCM, EXTENSIBLE = 1, 0xFFFE
_FORMATS = {2: "ADPCM", 3: "floating-point", 6: "A-law", 7: "µ-law", 0x11: "IMA ADPCM", 0x31: "GSM", 0x55: "MP3"}
_OTHERS = {
    b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3", b"\xff\xfb": "MP3", b"\xff\xf3": "MP3", b"\xff\xf2": "MP3",
    b"FORM": "AIFF", b"RIFX": "RIFX", b"RF64": "RF64", b"#!AMR": "AMR", b"\x1aE\xdf\xa3": "WebM or Matroska"}
_ADVICE = "it must be WAV with integer samples (PCM) of 8, 16, 24 or 32 bits"
_CONVERT = "convert it, for example with `ffmpeg -i OLD -c:a pcm_s16le NEW.wav`"
RATES = 1_000, 768_000  # samples a second; others are those of a damaged header
UNKNOWN_LENGTH = 0x7FFFF000  # bytes; a program that writes to a pipe gives this length or more, or 0


def read_wav(path: str | os.PathLike[str], rate: int | None = None) -> Clip:
    """Read a WAV file with integer samples (PCM) of 8, 16, 24 or 32 bits: (samples, rate), the samples in [-1, 1).

    Several channels are mixed down to one, formula [mix_down]. With ``rate`` the clip is resampled to that many samples
    a second, by `resample`; without, it has the rate of the file.

    Raises
        OSError if the file cannot be opened; ValueError, which names the file, if it is no WAV file, if its samples
        are compressed or floating-point, or if it is cut off or holds no samples.

    A length in the header of 0, or of 2 GB that are not there, was not known when the header was written; the samples
    up to the end of the file are read.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is {path!r:.80} ({type(path).__name__}); it must be the name of a WAV file")
    if rate is not None:
        checks.integer("rate", rate, 1)
    shown = os.fspath(path)
    clip = decode_wav(shown, _content(shown))
    return clip if rate is None else Clip(resample(clip.samples, clip.rate, rate), rate)


def _content(path: str) -> bytes:
    if os.path.isdir(path):
        raise IsADirectoryError(f"{path} is a directory; a clip is read from a WAV file")
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist; a clip is read from a WAV file") from None
    except OSError as problem:
        raise type(problem)(f"{path} cannot be opened: {problem.strerror}") from None


def decode_wav(path: str, content: bytes) -> Clip:
    """The clip in the bytes of a WAV file; ``path`` is its name in the errors, which are those of `read_wav`."""
    content = _checked_header(path, content)
    try:
        with wave.open(io.BytesIO(content)) as file:
            channels, size, rate, frames = file.getparams()[:4]
            data = file.readframes(frames)
    except EOFError:
        raise ValueError(f"{path} is cut off within its header; copy or record it again") from None
    except (wave.Error, RuntimeError) as problem:  # `wave` raises the latter where a chunk ends beyond the file
        reason = str(problem) or "a chunk ends beyond the file"
        raise ValueError(f"{path} has a damaged header ({reason}); {_ADVICE}") from None
    if len(data) < frames * channels * size:
        raise ValueError(f"{path} is cut off: by its header it has {frames:,} samples a channel, and "
                         f"{len(data) // (channels * size):,} of them are there; copy or record it again")
    if size > 4:
        raise ValueError(f"{path} has samples of {8 * size} bits; {_ADVICE}")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"{path} has {rate:,} samples a second by its header; it must have {RATES[0]:,} to "
                         f"{RATES[1]:,}")
    if frames == 0:
        raise ValueError(f"{path} holds no samples; it must hold sound")
    return Clip(mix_down(_floats(data, size).reshape(frames, channels)), rate)


def _floats(data: bytes, size: int) -> np.ndarray:
    """The samples, of so many bytes each, as numbers in [-1, 1)."""
    if size == 1:  # unsigned
        return pcm_to_float(np.frombuffer(data, dtype=np.uint8) - 128.0, 8)
    if size == 3:  # as 32 bits whose lowest 8 are 0
        wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        data, size = wide.tobytes(), 4
    return pcm_to_float(np.frombuffer(data, dtype=f"<i{size}"), 8 * size)


def _checked_header(path: str, content: bytes) -> bytes:
    """Return the file's bytes, with their real length, if it was unknown, and with the plain tag of PCM.

    Before Python 3.12, `wave` refuses the extensible tag.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError(f"{path} {_kind(content)}")
    content = _with_length(content)
    for name, begin in _chunks(content):
        if name == b"fmt ":
            tag = int.from_bytes(content[begin : begin + 2], "little")
            if tag == EXTENSIBLE:  # the tag of the samples comes later
                tag = int.from_bytes(content[begin + 24 : begin + 26], "little")
            if tag != PCM and begin + 16 <= len(content):
                kind = f"{_FORMATS.get(tag, 'unknown')} samples"
                raise ValueError(f"{path} holds {kind} (format {tag}); {_ADVICE}: {_CONVERT}")
            return content[:begin] + PCM.to_bytes(2, "little") + content[begin + 2 :]
    return content


def _kind(content: bytes) -> str:
    """Say what a file that is no WAV file is."""
    name = "MPEG-4" if content[4:8] == b"ftyp" else next(
        (name for begin, name in _OTHERS.items() if content.startswith(begin)), None)
    if name is not None:
        return f"is a file of type {name}; {_ADVICE}: {_CONVERT}"
    return f"{'does not begin as a WAV file does' if content else 'is empty'}; {_ADVICE}"


def _with_length(content: bytes) -> bytes:
    """Return the file's bytes with the length of the file, and with that of its samples where it was not known.

    A length of 0 is true of an empty recording, which ends the file or is followed by another chunk's name.
    """
    content = content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:]
    for name, begin in _chunks(content):
        size, there = int.from_bytes(content[begin - 4 : begin], "little"), len(content) - begin
        is_unknown = size >= max(UNKNOWN_LENGTH, there) or (
            size == 0 and not content[begin : begin + 4].strip().isalnum())
        if name == b"data" and is_unknown:
            return content[: begin - 4] + there.to_bytes(4, "little") + content[begin:]
    return content


def _chunks(content: bytes) -> Iterator[tuple[bytes, int]]:
    """The name of each chunk of a RIFF file, and where its content begins."""
    begin = 12
    while begin + 8 <= len(content):
        yield content[begin : begin + 4], begin + 8
        size = int.from_bytes(content[begin + 4 : begin + 8], "little")
        begin += 8 + size + size % 2
