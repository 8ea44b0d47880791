"""The image example: its networks, a whole run on a small folder, and what it refuses."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.examples import image

FULL: dict[str, Any] = image.DEFAULT | {
    "batch_normalization": True, "dropout": 0.2, "shift": 0.1, "rotation": 0.02, "flip": True, "noise": 0.1}


def _bars(folder: Path, train: int = 90, test: int = 30, size: int = 12, channels: int = 1) -> Path:
    """IDX files of three classes: a bar that stands, one that lies, and none."""
    rng = np.random.default_rng(0)
    for part, n in (("train", train), ("t10k", test)):
        X, y = rng.integers(0, 60, (n, size, size)), np.arange(n) % 3
        for i in range(n):
            place = rng.integers(1, size - 1)
            if y[i] == 0:
                X[i, :, place] = 255
            elif y[i] == 1:
                X[i, place] = 255
        for name, array in (("images-idx3", X), ("labels-idx1", y)):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (folder / f"{part}-{name}-ubyte").write_bytes(head + array.astype(np.uint8).tobytes())
    return folder


@pytest.mark.slow  # its kernels take long to compile
def test_a_configuration_becomes_a_network() -> None:
    X, y = np.zeros((20, 12, 12, 1), np.float32), np.arange(20) % 3
    plain = [type(layer).__name__ for layer in image.network(image.DEFAULT, X, y, 2).layers]
    assert plain == ["Conv2D", "Activation", "MaxPooling2D"] * 2 + ["Flatten", "Dropout", "Dense"]
    full = [type(layer).__name__ for layer in image.network(FULL, X, y, 2).layers]
    assert full[:5] == ["RandomTranslation", "RandomRotation", "RandomFlip", "GaussianNoise", "Conv2D"]
    assert full.count("BatchNormalization") == 2


def test_every_configuration_of_the_space_has_a_network() -> None:
    X, y = np.zeros((20, 8, 8, 1), np.float32), np.arange(20) % 3
    study = st.Study(image.SPACE, "random")
    for _ in range(8):
        params = study.ask().params
        assert image.network(params, X, y, 1).predict(X).shape == (20, 3)
        assert params["filters"] == 8 or "kernel_size" not in params


@pytest.mark.slow
def test_the_whole_example_on_a_small_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = _bars(tmp_path), tmp_path / "pictures"
    arguments = ["example", "image", "--quick", "--data", str(folder), "--out", str(out), "--db", str(tmp_path / "db"),
                 "--report"]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert "why: Trial" in first and "default: test accuracy" in first and "tuned: test accuracy" in first
    assert sorted(path.name for path in out.iterdir()) == ["classifier.npz", "image_confusion.png", "report.html"]
    assert main(arguments) == 0  # taken up from the file: nothing is searched again
    assert capsys.readouterr().out == first
    (_, _), (X, y) = image.load(folder)
    accuracy = st.load_model(out / "classifier.npz").evaluate(X, y)["accuracy"]
    assert f"tuned: test accuracy {accuracy:.4f} on 30 images" in first


@pytest.mark.parametrize("arguments, message", [
    (["image", "--data", "/nowhere"], "there is no such folder"),
    (["image", "--jobs", "0"], "--jobs is 0"),
    (["image", "--data", "tiny"], "images of (6, 6) and (6, 6) pixels; all must have one size of at least 8x8"),
    (["image", "--data", "few"], "and each class at least 20 training images"),
    (["image", "--seed", "-1"], "--seed is -1"),
    (["own-objectives", "--data", "x"], "--data is not an option of the example own-objectives"),
    (["images"], "NAME is 'images'; it must be one of"),
])
def test_bad_arguments(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, options in (("tiny", {"size": 6}), ("few", {"train": 9})):
        (tmp_path / name).mkdir()
        _bars(tmp_path / name, **options)
    monkeypatch.chdir(tmp_path)
    assert main(["example", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_training_and_test_images_of_two_sizes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    _bars(tmp_path)
    _bars(tmp_path / "a", size=9)
    (tmp_path / "a" / "t10k-images-idx3-ubyte").replace(tmp_path / "t10k-images-idx3-ubyte")
    with pytest.raises(ValueError, match=r"images of \(12, 12\) and \(9, 9\) pixels; all must have one size"):
        image.load(tmp_path)
