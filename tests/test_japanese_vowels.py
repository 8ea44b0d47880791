"""Japanese Vowels: a small data set in the same format, what is refused, and the real one where it is installed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.common import japanese_vowels
from benchmarks.common.japanese_vowels import load_japanese_vowels, parse_ts

HEADER = "# about the data\n@problemName Small\n@equalLength false\n@classLabel true 1 2\n@data\n"
TRAIN, TEST = HEADER + "1,2:-1,-2.5:2\n3:4:1\n", HEADER + "1,2,3:4,5,6e-1:2\n"


def _folder(path: Path, train: str = TRAIN, test: str = TEST) -> Path:
    for name, text in zip(japanese_vowels.FILES, (train, test), strict=True):
        (path / name).write_text(text)
    return path


def _check(found: tuple[np.ndarray, ...]) -> None:
    X, y, X_test, y_test = found
    assert X.tolist() == [[[1, -1], [2, -2.5], [0, 0]], [[3, 4], [0, 0], [0, 0]]]
    assert X_test.tolist() == [[[1, 4], [2, 5], [3, 0.6]]]
    assert (y.tolist(), y_test.tolist()) == ([1, 0], [1]) and X.dtype == np.float64 and y.dtype == np.int64


def test_a_folder(tmp_path: Path) -> None:
    _check(load_japanese_vowels(_folder(tmp_path)))
    _check(load_japanese_vowels(str(tmp_path)))


def test_a_wheel(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "some.whl", "w") as wheel:
        for name, text in zip(japanese_vowels.FILES, (TRAIN, TEST), strict=True):
            wheel.writestr(f"aeon/{japanese_vowels.FOLDER}/{name}", text)
    _check(load_japanese_vowels(tmp_path / "some.whl"))


@pytest.mark.parametrize("package", japanese_vowels.PACKAGES)
def test_an_installed_package_is_read_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str,
) -> None:
    folder = tmp_path / package / japanese_vowels.FOLDER
    folder.mkdir(parents=True)
    _folder(folder)
    (tmp_path / package / "__init__.py").write_text("raise AssertionError('it was imported')")
    monkeypatch.setattr(japanese_vowels, "PACKAGES", (package,))
    monkeypatch.syspath_prepend(str(tmp_path))
    _check(load_japanese_vowels())


def test_no_package_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(japanese_vowels, "PACKAGES", ("no_such_package",))
    with pytest.raises(ModuleNotFoundError, match="pip install sktime, or pip install aeon --no-deps .* or give path"):
        load_japanese_vowels()


@pytest.mark.parametrize("text, message", [
    ("", "small.ts has no cases"),
    (HEADER, "small.ts has no cases"),
    ("@data\n1,2:3,4\n", "line 2, does not end with a colon and a label"),
    ("@data\n1,2:3,4:\n", "line 2, does not end with a colon and a label"),
    ("@data\n1,2:3,x:1\n", "line 2: could not convert string to float: 'x'; series are numbers"),
    ("@data\n1,2:3,:1\n", "line 2: could not convert string to float: ''"),
    ("@data\n1,2:3,?:1\n", "line 2: could not convert string to float: '[?]'"),
    ("@data\n1,2:3,nan:1\n", "line 2, has a number that is missing or infinite"),
    ("@data\n1,2:3:1\n", "line 2, has series of 1 to 2 steps"),
    ("@data\n1,2:3,4:1\n1,2:1\n", "small.ts: case 1 has 1 dimensions and case 0 has 2"),
])
def test_damaged_files(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_ts(text, "small.ts")


def test_wrong_paths(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="path is '.*nowhere', which does not exist; Japanese Vowels is read"):
        load_japanese_vowels(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="JapaneseVowels_TRAIN.ts does not exist; Japanese Vowels is read"):
        load_japanese_vowels(tmp_path)
    (tmp_path / "no.whl").write_text("no archive")
    with pytest.raises(ValueError, match="no.whl', which is no wheel or is damaged"):
        load_japanese_vowels(tmp_path / "no.whl")
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
        wheel.writestr("other/__init__.py", "")
    with pytest.raises(FileNotFoundError, match="other.whl has no JapaneseVowels_TRAIN.ts"):
        load_japanese_vowels(tmp_path / "other.whl")
    folder = _folder(tmp_path, test="@data\n1,2,3:1\n")
    with pytest.raises(ValueError, match="TEST.ts has 1 dimensions and .*TRAIN.ts has 2"):
        load_japanese_vowels(folder)


def test_the_real_data() -> None:
    try:
        X, y, X_test, y_test = load_japanese_vowels()
    except ModuleNotFoundError as problem:
        pytest.skip(str(problem))
    assert X.shape == (270, 29, 12) and X_test.shape == (370, 29, 12)
    assert np.bincount(y).tolist() == [30] * 9
    assert np.bincount(y_test).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]  # as the data set's own page says
    lengths = np.concatenate([X, X_test]).any(axis=2).sum(axis=1)
    assert (lengths.min(), lengths.max()) == (7, 29)
    assert X[0, 0, :2].tolist() == [1.860936, -0.207383] and not X[0, 20:].any()
