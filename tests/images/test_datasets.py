"""Fashion-MNIST, and folders of IDX files: what is read, what is mapped, and what is refused."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

WHOLE = Path("/usr/share/datasets/fashion-mnist")


def _idx(array: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def _folder(path: Path, train: int = 6, test: int = 3, size: tuple[int, int] = (4, 5), end: str = "") -> Path:
    rng = np.random.default_rng(0)
    for part, n in (("train", train), ("t10k", test)):
        for name, array in (("images-idx3", rng.integers(0, 256, (n, *size))), ("labels-idx1", np.arange(n) % 3)):
            content = _idx(array)
            (path / f"{part}-{name}-ubyte{end}").write_bytes(gzip.compress(content) if end else content)
    return path


def test_the_part_that_comes_along() -> None:
    X, y = st.datasets.load_fashion_mnist()
    assert X.shape == (2200, 28, 28, 1) and X.dtype == np.uint8 and y.shape == (2200,) and y.dtype == np.int64
    assert np.bincount(y).tolist() == [220] * 10 and len(st.datasets.FASHION_NAMES) == 10
    files = list((Path(st.__file__).parent / "images" / "fashion_mnist").iterdir())
    assert sum(file.stat().st_size for file in files) < 1_000_000
    assert "Zalando" in (Path(st.__file__).parent / "images" / "fashion_mnist" / "LICENSE.txt").read_text()


@pytest.mark.skipif(not WHOLE.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_the_part_is_the_first_of_each_class_of_the_whole() -> None:
    X, y = st.datasets.load_fashion_mnist()
    (whole, labels), (X_test, y_test) = st.datasets.load_idx(WHOLE)
    assert whole.shape == (60000, 28, 28, 1) and X_test.shape == (10000, 28, 28, 1) and len(y_test) == 10000
    for label in range(10):
        assert (whole[labels == label][:220] == X[y == label]).all()


@pytest.mark.parametrize("end", ["", ".gz"])
def test_a_folder_of_idx_files(tmp_path: Path, end: str) -> None:
    (X, y), (X_test, y_test) = st.datasets.load_idx(_folder(tmp_path, end=end))
    assert X.shape == (6, 4, 5, 1) and y.tolist() == [0, 1, 2, 0, 1, 2]
    assert X_test.shape == (3, 4, 5, 1) and y_test.dtype == np.int64
    assert (X[..., 0] == np.random.default_rng(0).integers(0, 256, (6, 4, 5))).all()


def test_files_that_are_not_compressed_are_mapped_and_read_only(tmp_path: Path) -> None:
    (X, _), _ = st.datasets.load_idx(_folder(tmp_path))
    assert isinstance(X, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        X[0] = 1


def test_a_dot_before_idx_is_the_same(tmp_path: Path) -> None:
    for file in list(_folder(tmp_path).iterdir()):
        file.rename(file.with_name(file.name.replace("-idx", ".idx")))
    assert st.datasets.load_idx(tmp_path)[0][0].shape == (6, 4, 5, 1)


def _labels(n: int) -> bytes:
    return _idx(np.zeros(n))


@pytest.mark.parametrize("name, content, message", [
    ("train-images-idx3-ubyte", _idx(np.zeros((6, 4, 5)))[:-1], r"only 119 numbers; its header says \(6, 4, 5\)"),
    ("train-images-idx3-ubyte", _idx(np.zeros((6, 4, 5))) + b"x", "holds more numbers"),
    ("train-images-idx3-ubyte", b"\x89PNG.....", "is no IDX file: it begins with"),
    ("train-images-idx3-ubyte", b"", "is no IDX file"),
    ("train-images-idx3-ubyte", _idx(np.zeros((6, 4, 5)), 13), "holds floats; images and labels must be unsigned"),
    ("train-images-idx3-ubyte", b"\0\0\x08\x03\0\0", "cut off in its header"),
    ("train-images-idx3-ubyte", _labels(6), "has 1 axes; images must have three"),
    ("train-images-idx3-ubyte", _idx(np.zeros((0, 4, 5))), "is empty"),
    ("train-images-idx3-ubyte", b"\0\0\x08\x03" + b"\xff" * 12, "holds only|damaged or cut off"),
    ("train-images-idx3-ubyte", b"\0\0\x08\xff" + b"\0\0\0\1" * 255, "there are 255 axes"),
    ("train-labels-idx1-ubyte", _labels(5), "has 6 images and .* has 5 labels; they must be equal in number"),
    ("train-labels-idx1-ubyte", _idx(np.zeros((6, 2))), "has 2 axes; labels must have one"),
])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_damaged_files(tmp_path: Path, name: str, content: bytes, message: str, end: str) -> None:
    _folder(tmp_path, end=end)
    (tmp_path / (name + end)).write_bytes(gzip.compress(content) if end else content)
    with pytest.raises(ValueError, match=message):
        st.datasets.load_idx(tmp_path)


def test_a_compressed_file_that_is_cut_off_or_none(tmp_path: Path) -> None:
    path = _folder(tmp_path, end=".gz") / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-4], b"not compressed", whole[:20] + b"xx" + whole[22:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="damaged or cut off"):
            st.datasets.load_idx(tmp_path)


def test_files_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        st.datasets.load_idx(tmp_path / "nowhere")
    (_folder(tmp_path) / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="has no t10k-labels-idx1-ubyte, compressed"):
        st.datasets.load_idx(tmp_path)


def test_digits_are_scikit_learns() -> None:
    reference: Any = pytest.importorskip("sklearn.datasets").load_digits()
    X, y = st.datasets.load_digits()
    assert (X == reference.data).all() and (y == reference.target).all()
