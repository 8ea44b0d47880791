"""WAV files: what is read, against soundfile too, and what is refused in one sentence."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from scratchtune.sequences.speech import Clip, read_wav, resample

from .conftest import Writer

RAMP = np.linspace(-1, 0.75, 801)


@pytest.mark.parametrize("bits, error", [(8, 2**-8), (16, 2**-16), (24, 2**-24), (32, 2**-32)])
def test_samples_are_what_was_written(write: Writer, bits: int, error: float) -> None:
    samples, rate = read_wav(write("a.wav", RAMP, 11025, bits))
    assert rate == 11025 and samples.dtype == np.float64
    np.testing.assert_allclose(samples, RAMP, rtol=0, atol=error)


def test_channels_are_mixed_down(write: Writer) -> None:
    samples = read_wav(write("a.wav", np.column_stack([RAMP, np.zeros(801)]))).samples
    np.testing.assert_allclose(samples, RAMP / 2, atol=2**-16)


def test_another_rate_is_resampled(write: Writer) -> None:
    path = write("a.wav", np.sin(np.arange(4000) / 5), 8000)
    clip = read_wav(str(path), rate=16000)
    assert clip.rate == 16000
    np.testing.assert_array_equal(clip.samples, resample(read_wav(path).samples, 8000, 16000))


def extensible(path: Path, tag: int) -> Path:
    """The file with an extensible header, as ffmpeg writes it for 24 bits; ``tag`` is the format of its samples."""
    content = path.read_bytes()
    begin, fmt = content.index(b"fmt ") + 8, content[content.index(b"fmt ") + 8 :][:16]
    guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    header = b"\xfe\xff" + fmt[2:] + struct.pack("<HHI", 22, struct.unpack("<H", fmt[14:16])[0], 4) + guid
    changed = b"RIFF" + struct.pack("<I", len(content) + 16) + b"WAVEfmt " + struct.pack("<I", 40) + header
    path.write_bytes(changed + content[begin + 16 :])
    return path


def test_an_extensible_header_is_read(write: Writer) -> None:
    plain = read_wav(write("a.wav", RAMP, bits=24)).samples
    np.testing.assert_array_equal(read_wav(extensible(write("a.wav", RAMP, bits=24), tag=1)).samples, plain)
    with pytest.raises(ValueError, match="holds samples of format 3, not integers"):
        read_wav(extensible(write("a.wav", RAMP, bits=32), tag=3))


def riff(fmt: bytes, data: bytes) -> bytes:
    """A WAV file of two chunks."""
    return (b"RIFF" + struct.pack("<I", 20 + len(fmt) + len(data)) + b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
            + b"data" + struct.pack("<I", len(data)) + data)


@pytest.mark.parametrize("channels, alignment, bits", [
    (1, 2, 17), (2, 3, 16), (1, 0, 16), (0, 2, 16), (1, 2, 8), (1, 8, 64), (1, 2, 0), (1, 4, 24)])
def test_containers_that_cannot_be_understood_are_refused(
    tmp_path: Path, channels: int, alignment: int, bits: int,
) -> None:
    fmt = struct.pack("<HHIIHH", 1, channels, 8000, 16000, alignment, bits)
    (tmp_path / "a.wav").write_bytes(riff(fmt, bytes(800)))
    with pytest.raises(ValueError, match=rf"a\.wav has samples of {bits} bits for {channels} channels in "
                                         rf"{alignment} bytes; it must be WAV"):
        read_wav(tmp_path / "a.wav")


def test_what_is_no_regular_file_and_what_is_too_large_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", Path("/dev/zero")):
        with pytest.raises(ValueError, match=f"{path} is no regular file; a clip is read from a WAV file"):
            read_wav(path)
    with open(tmp_path / "large.wav", "wb") as file:
        file.truncate(10**12)
    with pytest.raises(ValueError, match=r"large\.wav has 1,000,000,000,000 bytes; at most 268,435,456 are read"):
        read_wav(tmp_path / "large.wav")


def changed(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    return path


@pytest.mark.parametrize("tag", [2, 3, 85])
def test_compressed_formats_are_refused(write: Writer, tag: int) -> None:
    path = changed(write("a.wav", RAMP), b"fmt \x10\0\0\0\1\0", b"fmt \x10\0\0\0" + struct.pack("<H", tag))
    with pytest.raises(ValueError, match=rf"a\.wav holds samples of format {tag}, not integers .*; it must be WAV with "
                                         r"integer samples \(PCM\) of 8, 16, 24 or 32 bits: convert it") as caught:
        read_wav(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content, message", [
    (b"", r"a\.wav is empty; it must be WAV with integer samples"),
    (b"fLaC....", "does not begin as a WAV file does; it must be WAV .*: convert it, for example"),
    (b"file\ttext\n", "does not begin as a WAV file does; it must be WAV"),
    (b"RIFF\4\0\0\0WAVE", r"has a damaged header \(.*missing\); it must be WAV"),
])
def test_files_that_are_no_wav_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_wav(path)


def test_files_that_are_cut_off_are_refused(write: Writer) -> None:
    path = write("a.wav", RAMP)
    content = path.read_bytes()
    for length in [*range(60), *range(61, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"a\.wav (is cut off|is empty|does not begin as|has a damaged header)"):
            read_wav(path)
    with pytest.raises(ValueError, match="by its header it has 801 samples a channel, and 800 of them are there"):
        read_wav(path)


def test_files_with_a_damaged_header_are_read_or_refused_in_one_sentence(write: Writer) -> None:
    rng = np.random.default_rng(0)
    path = write("a.wav", np.column_stack([RAMP, RAMP]))
    content, refused = path.read_bytes(), 0
    for _ in range(500):
        damaged = bytearray(content)
        for place in rng.integers(48, size=rng.integers(1, 4)):
            damaged[place] = rng.choice([0, 1, 2, 255, rng.integers(256)])
        path.write_bytes(damaged)
        try:
            assert np.isfinite(read_wav(path).samples).all()
        except ValueError as problem:
            assert str(path) in str(problem) and "\n" not in str(problem)
            refused += 1
    assert 100 < refused < 500


def test_files_without_samples_are_refused(write: Writer) -> None:
    with pytest.raises(ValueError, match=r"a\.wav holds no samples; it must hold sound"):
        read_wav(write("a.wav", np.zeros((0, 1))))


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.wav does not exist; a clip is read from a WAV file"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(IsADirectoryError, match="is a folder; a clip is read from a WAV file"):
        read_wav(tmp_path)
    with pytest.raises(ValueError, match=r"rate is 10000000; it must be an integer in \[1000, 768000\]"):
        read_wav(tmp_path / "none.wav", rate=10**7)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
def test_the_same_as_soundfile(tmp_path: Path, clip: Clip, form: str, subtype: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / "a.wav"
    soundfile.write(path, np.column_stack([clip.samples, clip.samples[::-1]]), 16000, subtype, format=form)
    expected, rate = soundfile.read(path)
    found = read_wav(path)
    assert found.rate == rate
    np.testing.assert_allclose(found.samples, expected.mean(axis=1), rtol=0, atol=1e-15)


def test_an_empty_recording_before_another_chunk_stays_empty(write: Writer) -> None:
    path = write("a.wav", np.zeros((0, 1)))
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO")
    with pytest.raises(ValueError, match="holds no samples"):
        read_wav(path)


@pytest.mark.parametrize("rate", [0, 1, 999, 4294967295])
def test_a_rate_that_no_recorder_has_is_refused(write: Writer, rate: int) -> None:
    path = write("a.wav", RAMP)
    path.write_bytes(path.read_bytes()[:24] + struct.pack("<I", rate) + path.read_bytes()[28:])
    with pytest.raises(ValueError, match=f"a.wav has {rate:,} samples a second by its header; it must have 1,000 to"):
        read_wav(path)


def test_a_path_is_a_name() -> None:
    with pytest.raises(TypeError, match=r"path is 3 \(int\); it must be the name of a WAV file"):
        read_wav(3)  # type: ignore[arg-type]
