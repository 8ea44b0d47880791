"""The image example: its network and constraint, a whole run on a small folder, and what it refuses."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

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


def test_a_configuration_becomes_a_network() -> None:
    plain = [type(layer).__name__ for layer in image.network(image.DEFAULT, 10, 100).layers]
    assert plain == ["Conv2D", "Activation", "MaxPooling2D"] * 2 + ["Flatten", "Dropout", "Dense"]
    full = [type(layer).__name__ for layer in image.network(FULL, 10, 100).layers]
    assert full[:5] == ["RandomTranslation", "RandomRotation", "RandomFlip", "GaussianNoise", "Conv2D"]
    assert full.count("BatchNormalization") == 2


def test_products_by_hand() -> None:
    """One block of 8 filters of 3x3 on 28x28: 784 * 9 * 8; a second one of 16: 196 * 9 * 8 * 16."""
    params = {"filters": 8, "kernel_size": 3, "depth": 2}
    assert image.products(params) == 784 * 9 * 8 + 196 * 9 * 8 * 16


@pytest.mark.slow
def test_the_whole_example_on_a_small_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = _bars(tmp_path), tmp_path / "pictures"
    arguments = ["example", "image", "--quick", "--data", str(folder), "--out", str(out), "--db", str(tmp_path / "db")]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert "held-out test set: 30; 12x12 pixels, 3 classes" in first and "why trial" in first and "tuned:" in first
    assert sorted(path.name for path in out.iterdir()) == [
        "image_confusion.png", "image_curves.png", "image_filters.png", "image_mistakes.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in out.iterdir())
    assert main(arguments) == 0  # taken up from the file: nothing is searched again
    second = capsys.readouterr().out
    pick = [line for line in first.splitlines() if line.startswith(("why", "    ", "tuned"))]
    assert [line.split("; trained")[0] for line in pick] == [
        line.split("; trained")[0] for line in second.splitlines() if line.startswith(("why", "    ", "tuned"))]


@pytest.mark.parametrize("arguments, message", [
    (["image", "--data", "/nowhere"], "there is no such folder"),
    (["image", "--jobs", "0"], "--jobs is 0"),
    (["image", "--data", "tiny"], "images of 6x6 pixels and a class of 30 images; it must have at least 8x8 pixels"),
    (["image", "--data", "few"], "a class of 3 images; it must have at least 8x8 pixels, and 20 images"),
    (["image", "--seed", "-1"], "--seed is -1"),
    (["own-objectives", "--data", "x"], "--data is not an option of the example own-objectives"),
    (["images"], "invalid choice: 'images'"),
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
    with pytest.raises(ValueError, match=r"training images of \(12, 12\) pixels and test images of \(9, 9\)"):
        image.main(quick=True, data=tmp_path, out=tmp_path)


@pytest.mark.slow
def test_no_configuration_needs_more_multiplications_than_the_limit() -> None:
    """Some of the space are: the largest network takes far more."""
    assert image.products({"filters": 16, "kernel_size": 5, "depth": 3}) > image.MOST_PRODUCTS
    X, y = np.zeros((40, 8, 8, 1), np.float32), np.arange(40) % 2
    _, study = image.prepared(X, y, 2, 9)
    for number in range(9):
        trial = study.ask()
        assert image.products(trial.params) <= image.MOST_PRODUCTS
        study.tell(trial, number / 9)


def test_a_lucky_trial_is_found_out() -> None:
    """Of the three best trials of the whole budget, a, b and c, c is the best on other splits."""
    found = [("e", 0.99, 9), ("d", 0.86, 27), ("a", 0.9, 27), ("c", 0.88, 27), ("b", 0.89, 27)]
    trials = [SimpleNamespace(number=n, params={"name": name}, value=value, budget=budget,
                              state="complete", values=(value,))
              for n, (name, value, budget) in enumerate(found)]
    elsewhere = {"a": 0.80, "b": 0.85, "c": 0.87}
    job = SimpleNamespace(epochs=27, trained=lambda params, *_, **__: SimpleNamespace(
        evaluate=lambda X, y: {"accuracy": elsewhere[params["name"]]}))
    X, y = np.zeros((40, 8, 8, 1), np.float32), np.arange(40) % 2
    assert image.confirmed(SimpleNamespace(trials=trials, direction="maximize"), job, X, y).number == 3  # type: ignore[arg-type]
