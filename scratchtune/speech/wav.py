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
_OTHERS = {b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3", b"\xff\xfb": "MP3", b"FORM": "AIFF", b"RIFX": "RIFX"}
_ADVICE = "it must be WAV with integer samples (PCM) of 8, 16, 24 or 32 bits"


def read_wav(path: str | os.PathLike[str], rate: int | None = None) -> Clip:
    """Read a WAV file with integer samples (PCM) of 8, 16, 24 or 32 bits: (samples, rate), the samples in [-1, 1).

    Several channels are mixed down to one, formula [mix_down]. With ``rate`` the clip is resampled to that many samples
    a second, by `resample`; without, it has the rate of the file.

    Raises
        OSError if the file cannot be opened; ValueError, which names the file, if it is no WAV file, if its samples
        are compressed or floating-point, or if it is cut off or holds no samples.
    """
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
    if size > 4 or rate < 1:
        raise ValueError(f"{path} has samples of {8 * size} bits, {rate:,} a second; {_ADVICE}")
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
    """Return the file's bytes, with the plain tag of PCM: before Python 3.12, `wave` refuses the extensible one."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        kind = next((f"is a file of type {name}" for begin, name in _OTHERS.items() if content.startswith(begin)),
                    "is empty" if not content else "does not begin as a WAV file does")
        raise ValueError(f"{path} {kind}; {_ADVICE}")
    for name, begin in _chunks(content):
        if name == b"fmt ":
            tag = int.from_bytes(content[begin : begin + 2], "little")
            if tag == EXTENSIBLE:  # the tag of the samples comes later
                tag = int.from_bytes(content[begin + 24 : begin + 26], "little")
            if tag != PCM and begin + 16 <= len(content):
                kind = f"{_FORMATS.get(tag, 'unknown')} samples"
                raise ValueError(f"{path} holds {kind} (format {tag}); {_ADVICE}: convert it, for example with "
                                 "`ffmpeg -i OLD.wav -c:a pcm_s16le NEW.wav`")
            return content[:begin] + PCM.to_bytes(2, "little") + content[begin + 2 :]
    return content


def _chunks(content: bytes) -> Iterator[tuple[bytes, int]]:
    """The name of each chunk of a RIFF file, and where its content begins."""
    begin = 12
    while begin + 8 <= len(content):
        yield content[begin : begin + 4], begin + 8
        size = int.from_bytes(content[begin + 4 : begin + 8], "little")
        begin += 8 + size + size % 2
