"""Japanese Vowels: real recordings of nine speakers, read from another package, since they are not shipped.

The files are .ts, of the time series classification archive. A line of a header begins with # or @; after @data each
line is a case: its series, one for each dimension, separated by colons, then its label.

Kudo, Toyama and Shimbo (1999), "Multidimensional curve classification using passing-through regions", Pattern
Recognition Letters 20; UCI Machine Learning Repository, doi 10.24432/C5NS47.
"""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from scratchtune.files import read_text

Case = tuple[np.ndarray, str]
PACKAGES = ("sktime", "aeon")  # both carry the same two files
FOLDER = "datasets/data/JapaneseVowels"
FILES = ("JapaneseVowels_TRAIN.ts", "JapaneseVowels_TEST.ts")
_PURPOSE = f"Japanese Vowels is read from a folder with {' and '.join(FILES)}, or from a wheel of aeon or sktime"


def load_japanese_vowels(path: str | Path | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Real speech, whose speaker is to be recognised: (X_train, y_train, X_test, y_test), 270 and 370 utterances.

    An utterance is the vowels "ae", said by one of nine men, as 12 cepstra of linear prediction in 7 to 29 frames. X is
    (n, 29, 12) float64, with frames of zeros at the end, which `st.Masking` recognises as padding; y is (n,) int64, the
    speaker, 0 to 8. The split is the data set's own: 30 utterances of each speaker for training.

    It is not shipped. Without ``path`` it is read from the installed package sktime or aeon, which is not imported.
    Arguments
        path: a folder with JapaneseVowels_TRAIN.ts and JapaneseVowels_TEST.ts, or a wheel of aeon or sktime.
    Raises
        ModuleNotFoundError without path, if neither package is installed; FileNotFoundError if the files are missing;
        ValueError if they are damaged.
    """
    found = _installed() if path is None else Path(path)
    train, test = (parse_ts(*_text(found, name)) for name in FILES)
    widths = [cases[0][0].shape[1] for cases in (train, test)]
    if widths[0] != widths[1]:
        raise ValueError(f"{FILES[1]} has {widths[1]} dimensions and {FILES[0]} has {widths[0]}; they must be equal in "
                         f"number, of the same data set")
    length = max(len(series) for series, _ in train + test)
    speakers = sorted({label for _, label in train + test})
    return *_arrays(train, length, speakers), *_arrays(test, length, speakers)


def _installed() -> Path:
    """The folder of the data in an installed package."""
    for package in PACKAGES:
        spec = find_spec(package)
        for place in spec.submodule_search_locations or () if spec else ():
            if (Path(place) / FOLDER).is_dir():
                return Path(place) / FOLDER
    raise ModuleNotFoundError(
        "Japanese Vowels is not shipped, and no installed package has it; pip install sktime, or "
        "pip install aeon --no-deps (aeon itself needs an older numba), or give path, a folder or a wheel")


def _text(source: Path, name: str) -> tuple[str, str]:
    """The text of one of the files, and how errors name it."""
    if source.is_dir():
        return read_text(source / name, _PURPOSE), str(source / name)
    if not source.exists():
        raise FileNotFoundError(f"path is {str(source)!r}, which does not exist; {_PURPOSE}")
    try:
        with zipfile.ZipFile(source) as wheel:
            member = next((each for each in wheel.namelist() if each.rpartition("/")[2] == name), None)
            if member is None:
                raise FileNotFoundError(f"{source} has no {name}; {_PURPOSE}")
            return wheel.read(member).decode("utf-8"), f"{source}/{member}"
    except zipfile.BadZipFile as problem:
        raise ValueError(f"path is {str(source)!r}, which is no wheel or is damaged ({problem}); {_PURPOSE}") from None


def _arrays(cases: list[Case], length: int, speakers: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The cases padded with zeros at the end, (n, length, dimensions), and the indices of their speakers."""
    X = np.zeros((len(cases), length, cases[0][0].shape[1]))
    for row, (series, _) in zip(X, cases, strict=True):
        row[: len(series)] = series
    return X, np.array([speakers.index(label) for _, label in cases], np.int64)


def parse_ts(text: str, shown: str) -> list[Case]:
    """The cases of a .ts file: each an array (steps, dimensions) float64 and its label.

    ``shown`` is the file's name in the errors.
    Raises
        ValueError, which names file and line, if there are no cases, or if one of them is damaged.

    >>> parse_ts("@dimensions 2\\n@data\\n1,2,3:4,5,6:yes", "small.ts")[0][0].shape
    (3, 2)
    """
    cases: list[Case] = []
    is_data = False
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if line.lower() == "@data":
            is_data = True
        elif line and is_data and not line.startswith(("#", "@")):
            cases.append(_case(line, f"{shown}, line {number}"))
    if not cases:
        raise ValueError(f"{shown} has no cases; a .ts file has a line @data, then one line for each case")
    dimensions = cases[0][0].shape[1]
    for position, (series, _) in enumerate(cases):
        if series.shape[1] != dimensions:
            raise ValueError(f"{shown}: case {position} has {series.shape[1]} dimensions and case 0 has {dimensions}; "
                             "all must have the same number")
    return cases


def _case(line: str, where: str) -> Case:
    """A case (steps, dimensions), and its label."""
    *parts, label = line.split(":")
    if not parts or not label.strip() or "," in label:
        raise ValueError(f"{where}, does not end with a colon and a label; the file may be cut off")
    try:
        series = [np.array([float(number) for number in part.split(",")]) for part in parts]
    except ValueError as problem:
        raise ValueError(f"{where}: {problem}; series are numbers separated by commas") from None
    steps = {len(each) for each in series}
    if len(steps) > 1:
        raise ValueError(f"{where}, has series of {min(steps)} to {max(steps)} steps; those of a case must be equally "
                         "long")
    found = np.stack(series, axis=1)
    if not np.isfinite(found).all():
        raise ValueError(f"{where}, has a number that is missing or infinite; all must be finite")
    return found, label.strip()
