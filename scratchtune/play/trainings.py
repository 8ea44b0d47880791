"""The trainings: 11,880 small networks that this engine has trained, with their learning curves; a search in no time.

Every combination of 11 learning rates, 6 batch sizes, 3 L2 penalties, 4 dropout rates and 3 widths was trained with
five seeds for 27 epochs on 200 handwritten digits, of which about one in five has a wrong label. So a search of these
networks takes milliseconds, its optimum is known within an error, and the score on held-out rows is opened last.
``python -m benchmarks trainings --make`` made the file, which `SHA256` pins, and measures what is in it.
"""

from __future__ import annotations

import io
import itertools
import lzma
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib import resources
from typing import Any

import numpy as np

FILE, SHA256 = "trainings.npz.xz", "0bb1cdf2ed8c42334167007418df66b7d2429d5ab3c370fbc00f8addc8f04629"
VALUES: dict[str, tuple[float, ...]] = {
    "learning_rate": (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
    "batch_size": (4, 8, 16, 32, 64, 128), "l2": (0.0, 0.001, 0.01), "dropout": (0.0, 0.2, 0.4, 0.6),
    "units": (16, 64, 192)}
SEEDS, EPOCHS = 5, 27
ROWS = {"validation": 250, "wide": 500, "held_out": 847}  # rows of each part that is not trained on


@dataclass(frozen=True)
class Optimum:
    """The best configuration, its accuracy and the standard error of that.

    The configuration is the best of 2,376 by five seeds, so its own mean is too high; ``accuracy`` is the mean of the
    fifth seed where the other four choose.
    """

    params: dict[str, float]
    accuracy: float
    error: float


@dataclass(frozen=True)
class Trainings:
    """What `load_trainings` returns: numbers of correct rows, by the indices of `VALUES`, then by seed.

    Arguments
        validation: (11, 6, 3, 4, 3, 5, 27) uint8, of the 250 validation rows, after each epoch.
        wide: (11, 6, 3, 4, 3, 5) uint16, of 500 further validation rows, after the last epoch.
        held_out: (11, 6, 3, 4, 3, 5) uint16, of the 847 held-out rows, after the last epoch.
        split: the seed by which the rows were split.

    Parameters are rounded to the nearest values that were trained, those of a learning rate, batch size or width on a
    logarithmic scale. A seed is 0 to 4; None is the mean of all five.
    """

    validation: np.ndarray
    wide: np.ndarray
    held_out: np.ndarray
    split: int

    def nearest(self, params: Mapping[str, float]) -> dict[str, float]:
        """The configuration that was trained and is nearest to this one; ValueError if a parameter is missing."""
        return {name: VALUES[name][at] for name, at in zip(VALUES, self.index(params), strict=True)}

    def index(self, params: Mapping[str, float]) -> tuple[int, ...]:
        """The index of the nearest configuration in each of `VALUES`; ValueError if a parameter is missing."""
        if lacking := [name for name in VALUES if name not in params]:
            raise ValueError(f"params is {dict(params)}, without {', '.join(lacking)}; it needs {', '.join(VALUES)}")
        return tuple(_nearest(name, params[name]) for name in VALUES)

    def curve(self, params: Mapping[str, float], seed: int | None = None) -> np.ndarray:
        """The validation accuracy after each epoch, (27,)."""
        return _of_seed(self.validation[self.index(params)], seed) / ROWS["validation"]

    def accuracy(self, params: Mapping[str, float], seed: int | None = None, wide: bool = False) -> float:
        """The validation accuracy after the last epoch, on 250 rows; with ``wide`` on these and 500 more."""
        at = self.index(params)
        right, rows = self.validation[at][:, -1].astype(int), ROWS["validation"]
        if wide:
            right, rows = right + self.wide[at], rows + ROWS["wide"]
        return float(_of_seed(right, seed)) / rows

    def held_out_accuracy(self, params: Mapping[str, float], seed: int | None = None) -> float:
        """The accuracy on the 847 held-out rows after the last epoch: to be opened once, when all is decided."""
        return float(_of_seed(self.held_out[self.index(params)], seed)) / ROWS["held_out"]

    @cached_property
    def expected(self) -> np.ndarray:
        """(11, 6, 3, 4, 3): the mean accuracy of five seeds on all 1,597 rows that were not trained on."""
        right = self.validation[..., -1].astype(float) + self.wide + self.held_out
        return right.mean(axis=-1) / sum(ROWS.values())

    @cached_property
    def optimum(self) -> Optimum:
        """The configuration with the best `expected` accuracy; what it is worth on a seed that did not choose."""
        right = (self.validation[..., -1].astype(float) + self.wide + self.held_out) / sum(ROWS.values())
        table = right.reshape(-1, SEEDS)
        fresh = [table[np.delete(table, seed, axis=1).mean(axis=1).argmax(), seed] for seed in range(SEEDS)]
        best = np.unravel_index(self.expected.argmax(), self.expected.shape)
        params = {name: VALUES[name][at] for name, at in zip(VALUES, best, strict=True)}
        return Optimum(params, float(np.mean(fresh)), float(np.std(fresh, ddof=1) / np.sqrt(SEEDS)))

    def regret(self, params: Mapping[str, float]) -> float:
        """How far the `expected` accuracy is below the best one, in percentage points."""
        return 100.0 * float(self.expected.max() - self.expected[self.index(params)])

    def objective(self, wide: bool = False) -> Callable[[Any], float]:
        """An objective to maximise: it reports the validation accuracy after each epoch, and returns the last one.

        The seed of the training is drawn from the trial's, and a promoted trial continues its parent's. Where the
        trial has a budget, it is the number of epochs; with ``wide`` the value is that on 750 rows after all 27.
        """

        def objective(trial: Any) -> float:
            saved = trial.load()
            seed = trial.seed % SEEDS if saved is None else int(saved["seed"])
            trial.save({"seed": np.array(seed)})
            epochs = EPOCHS if trial.budget is None else min(max(round(trial.budget), 1), EPOCHS)
            curve = self.curve(trial.params, seed)[:epochs]
            for epoch, accuracy in enumerate(curve, start=1):
                trial.report(float(accuracy), epoch)
                if trial.should_stop():
                    return float(accuracy)
            return self.accuracy(trial.params, seed, wide) if wide else float(curve[-1])

        return objective

    def configurations(self) -> Iterator[dict[str, float]]:
        """All 2,376 configurations that were trained."""
        return (dict(zip(VALUES, values, strict=True)) for values in itertools.product(*VALUES.values()))


def load_trainings() -> Trainings:
    """The learning curves of 11,880 small networks, for searches that take milliseconds.

    The numbers are this engine's own, under the project's licence; the digits are those of `load_digits`.
    Raises
        ValueError if the file is not the one that belongs to this version.
    """
    packed = resources.files("scratchtune.play").joinpath(FILE).read_bytes()
    if sha256(packed).hexdigest() != SHA256:
        raise ValueError(f"{FILE} is damaged, or of another version: install scratchtune again")
    with np.load(io.BytesIO(lzma.decompress(packed))) as arrays:
        curves = np.cumsum(arrays["validation"], axis=-1, dtype=np.uint8)
        return Trainings(curves, arrays["wide"], arrays["held_out"], int(arrays["split"]))


def _nearest(name: str, value: float) -> int:
    """The index of the nearest value; beyond the ends it is the end."""
    values = np.array(VALUES[name])
    if name in ("learning_rate", "batch_size", "units"):
        values, value = np.log(values), np.log(max(value, 1e-12))
    return int(abs(values - value).argmin())


def _of_seed(right: np.ndarray, seed: int | None) -> np.ndarray:
    """Of one seed, or the mean of all: (5, ...) -> (...)."""
    if seed is None:
        return right.mean(axis=0)
    if not 0 <= seed < SEEDS:
        raise ValueError(f"seed is {seed}; it is 0 to {SEEDS - 1}, or None for the mean of all")
    return right[seed].astype(float)
