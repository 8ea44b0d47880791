"""Compressed files: arrays in any order, and small files that claim, or unpack to, much."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune.core import archives
from scratchtune.core.archives import Archive, Member, about, gunzipped


def arrays(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of an archive, whose errors begin with its name."""
    with about("a.npz:"):
        archive = Archive(io.BytesIO(content))
        return {name.removesuffix(".npy"): Member(archive, name).read() for name in archive.names}


def saved(**given: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **given)
    return file.getvalue()


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


def test_arrays_in_the_order_of_columns_or_of_other_machines() -> None:
    matrix, numbers = np.arange(6.0).reshape(3, 2), np.arange(3, dtype=">i4")
    found = arrays(saved(X=np.asfortranarray(matrix), y=numbers))
    assert found["X"].tolist() == matrix.tolist() and found["X"].flags.c_contiguous
    assert found["y"].tolist() == [0, 1, 2] and found["y"].dtype.isnative


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="a.npz: the array 'a' holds Python objects, which are not unpickled"):
        arrays(saved(a=np.array([Trap()])))
    assert not Path("unpickled").exists()


def test_what_is_no_archive_or_damaged() -> None:
    for content in (b"", b"PK\x03\x04 nonsense", b"a,b\n1,2\n"):
        with pytest.raises(ValueError, match="a.npz: is damaged"):
            arrays(content)
    file = io.BytesIO()
    np.savez_compressed(file, a=np.random.default_rng(0).normal(size=1000))
    content = bytearray(file.getvalue())
    content[2000:2050] = bytes(50)
    with pytest.raises(ValueError, match="the array 'a' is damaged|cannot be read"):
        arrays(bytes(content))


def test_small_files_that_claim_or_unpack_to_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is refused before anything large is allocated."""
    monkeypatch.setattr(archives, "SMALLEST_LIMIT", 1_000_000)
    small, large = io.BytesIO(), io.BytesIO()
    np.save(small, np.zeros(3))
    np.save(large, np.zeros(2_000_000, np.int8))
    shape = b"(3,), }" + b" " * 12
    assert shape in small.getvalue()
    for array, what in (
            (small.getvalue().replace(shape, b"(1099511627776,), }"), "claims 8,796,093,022,208 bytes of numbers and"),
            (large.getvalue(), "claims 2,000,128 bytes"), (b"junk", "is not an array in NumPy's format .npy: "),
            (b"\x93NUMPY\x01\0" + struct.pack("<H", 9000) + b"-" * 9000, "is not an array in NumPy's format .npy: ")):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.npy", array)
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match=f"a.npz: the array 'a' {what}"):
                arrays(file.getvalue())
            assert tracemalloc.get_traced_memory()[1] < 1_000_000  # half of the bomb
        finally:
            tracemalloc.stop()
    packed = io.BytesIO(gzip.compress(b"a\n" + b"1\n" * 1_000_000))
    with pytest.raises(ValueError, match="t.csv.gz unpacks to more than 1,000,000 bytes"), about("t.csv.gz"):
        gunzipped(packed)
