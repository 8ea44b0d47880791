"""Sets of images: a part of Fashion-MNIST, with its licence beside it, and folders of IDX files as MNIST has them."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from importlib import resources
from pathlib import Path

import numpy as np

from scratchtune.core.archives import most_unpacked

FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
UNSIGNED_BYTE = 8
TYPES = {8: "unsigned bytes", 9: "signed bytes", 11: "short integers", 12: "integers", 13: "floats", 14: "doubles"}
MOST_AXES = 8
Images = tuple[np.ndarray, np.ndarray]


def load_fashion_mnist() -> Images:
    """A part of Fashion-MNIST: X (2200, 28, 28, 1) uint8, gray levels 0 to 255, and y (2200,) int64, 0 to 9.

    They are the first 220 images of each class of its training images, in their order; `FASHION_NAMES` names the
    classes. `fashion_mnist/LICENSE.txt` names source and licence. `load_idx` reads the whole, where it is installed.
    """
    with resources.as_file(resources.files("scratchtune.images").joinpath("fashion_mnist")) as folder:
        return read_images(folder, "train")


def load_idx(folder: str | Path) -> tuple[Images, Images]:
    """The images of a folder of IDX files, as MNIST and Fashion-MNIST are given: (X, y), (X_test, y_test).

    X is (n, height, width, 1) uint8 and y (n,) int64. The files are train-images-idx3-ubyte, train-labels-idx1-ubyte
    and the same with t10k. Compressed files (.gz) are read completely; others are memory-mapped, so that only the
    images in use are read.
    Raises
        FileNotFoundError if a file is missing; ValueError if one is damaged, truncated or of another type, or if the
        numbers of images and labels differ.
    """
    return read_images(folder, "train"), read_images(folder, "t10k")


# IDX files, the format of MNIST: two zeros, a type, the number of axes, their lengths, then the numbers themselves ----


def _read_idx(path: str | Path) -> np.ndarray:
    """Read the array of unsigned bytes in an IDX file.

    If the file is not compressed, the array is memory-mapped and so read-only.

    Raises
        FileNotFoundError if there is no such file; ValueError if it is not an IDX file of bytes, or truncated.
    """
    path = Path(path)
    is_compressed = path.suffix == ".gz"
    try:
        with (gzip.open(path) if is_compressed else open(path, "rb")) as file:
            shape = _shape(path, file)
            start, count = 4 + 4 * len(shape), math.prod(shape)
            if is_compressed and count > most_unpacked(path.stat().st_size):
                raise EOFError(f"its header says {shape}, which is more than a file of this size can hold")
            content = file.read(count + 1) if is_compressed else b""
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise ValueError(f"{path} is damaged or cut off: {problem}") from None
    found = len(content) if is_compressed else path.stat().st_size - start
    if found != count:
        more = "more" if found > count else f"only {found:,}"
        raise ValueError(f"{path} holds {more} numbers; its header says {shape}, which are {count:,}: it is cut off, "
                         f"or no IDX file")
    if count == 0:
        raise ValueError(f"{path} is empty: its header says {shape}")
    if is_compressed:
        return np.frombuffer(content, np.uint8).reshape(shape)
    return np.memmap(path, np.uint8, "r", start, shape)


def _shape(path: Path, file: object) -> tuple[int, ...]:
    head = file.read(4)  # type: ignore[attr-defined]
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES:
        raise ValueError(f"{path} is no IDX file: it begins with {head!r}, not with two zeros and a type")
    if head[2] != UNSIGNED_BYTE:
        raise ValueError(f"{path} holds {TYPES[head[2]]}; images and labels must be unsigned bytes")
    lengths = file.read(4 * head[3])  # type: ignore[attr-defined]
    if not 0 < head[3] <= MOST_AXES or len(lengths) < 4 * head[3]:
        raise ValueError(f"{path} is no IDX file, or cut off in its header: it says that there are {head[3]} axes")
    return struct.unpack(f">{head[3]}I", lengths)


def read_images(folder: str | Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, height, width, 1) uint8 and labels (n,) int64 of one part of a folder, "train" or "t10k"."""
    images, labels = (_found(Path(folder), part, kind) for kind in ("images", "labels"))
    X, y = _read_idx(images), _read_idx(labels)
    if X.ndim != 3:
        raise ValueError(f"{images} has {X.ndim} axes; images must have three, of shape (n, height, width)")
    if y.ndim != 1:
        raise ValueError(f"{labels} has {y.ndim} axes; labels must have one, of shape (n,)")
    if len(X) != len(y):
        found = f"{images} has {len(X):,} images and {labels} has {len(y):,} labels"
        raise ValueError(f"{found}; they must be equal in number")
    return X[..., None], y.astype(np.int64)


def _found(folder: Path, part: str, kind: str) -> Path:
    """Return the file of a part: train-images-idx3-ubyte, with a dot before idx too, compressed (.gz) or not."""
    if not folder.is_dir():
        raise FileNotFoundError(f"folder is {str(folder)!r}; there is no such folder")
    axes = 3 if kind == "images" else 1
    names = [f"{part}-{kind}{sign}idx{axes}-ubyte{end}" for end in ("", ".gz") for sign in "-."]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{folder} has no {names[0]}, compressed (.gz) or not")
