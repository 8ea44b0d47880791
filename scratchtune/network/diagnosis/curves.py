"""The numbers of a training's curves that a diagnosis rests on: progress, bounces, gap, and speed at the end.

All losses are divided by a reference, the loss of the best constant prediction where that is known. So 1 means that
nothing has been learned, 0 is a perfect fit, and one threshold serves all losses and data sets.

Implements section 9.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune import checks

SHORTEST = 3  # epochs that a curve needs before anything but a divergence can be seen in it
ENDS = 0.25  # the share of the epochs, the last ones, that show whether the training still progresses
SMALL = 1e-4  # a loss this small, as a share of the reference, counts as this: a rise from 1e-9 to 1e-8 is no rise


@dataclass(frozen=True)
class Curves:
    """Losses per epoch, (n,), divided by the reference; ``val_loss`` and ``accuracy`` are None if not recorded."""

    loss: np.ndarray
    val_loss: np.ndarray | None
    accuracy: float | None  # of the training set, in the last epoch
    val_accuracy: float | None
    known: bool  # whether the reference is that of the best constant prediction, or only the largest loss seen

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.loss)

    @property
    def end(self) -> float:
        """The training loss at the end, the median of the last epochs."""
        return float(np.median(self.loss[-self.last :]))

    @property
    def last(self) -> int:
        """How many epochs count as the end: a tenth, at least one and at most five."""
        return min(5, max(1, self.epochs // 10))

    @property
    def bounce(self) -> float:
        """The mean rise per epoch, falls counted as 0, of the training or the validation loss, whichever rises less.

        Dropout makes the training loss noisy, few rows the validation loss; steps that are too large make both noisy.
        Without a known reference the rise is divided by the curve's median, which an outlier hardly changes.
        """
        if self.epochs < 2:
            return 0.0
        scales = [1.0 if self.known else max(float(np.median(curve)), SMALL) for curve in self._both]
        return float(min(np.maximum(np.diff(curve), 0.0).mean() / scale
                         for curve, scale in zip(self._both, scales, strict=True)))

    @property
    def highest(self) -> float:
        """The maximum of the training or the validation loss, whichever is smaller."""
        return float(min(curve.max() for curve in self._both))

    @property
    def lowest(self) -> float:
        """The minimum of both losses."""
        return float(min(curve.min() for curve in self._both))

    @property
    def _both(self) -> list[np.ndarray]:
        return [self.loss] if self.val_loss is None else [self.loss, self.val_loss]

    @property
    def rises(self) -> float:
        """The share of epochs in which the training loss rises."""
        return float((np.diff(self.loss) > 0.0).mean()) if self.epochs > 1 else 0.0

    @property
    def speed(self) -> float:
        """The share by which an epoch lowers the training loss, by a line through its logarithm in the last quarter."""
        return _falling(self.loss)

    @property
    def val_speed(self) -> float:
        """The same of the validation loss; NaN without one."""
        return math.nan if self.val_loss is None else _falling(self.val_loss)

    @property
    def linearity(self) -> float:
        """The fall of the training loss in the second half, divided by that in the first: 1 on a straight line."""
        middle = self.epochs // 2
        first, second = self.loss[0] - self.loss[middle], self.loss[middle] - self.loss[-1]
        return float(second / first) if first > 0.0 else math.nan

    @property
    def rise_from_best(self) -> float:
        """The rise of the validation loss from its minimum to the end, as a share of the minimum; NaN without one."""
        if self.val_loss is None:
            return math.nan
        best = max(float(self.val_loss.min()), SMALL)
        return float(np.median(self.val_loss[-self.last :])) / best - 1.0

    @property
    def rise(self) -> float:
        """The same in units of the reference."""
        if self.val_loss is None:
            return math.nan
        return float(np.median(self.val_loss[-self.last :]) - self.val_loss.min())

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, of the smallest validation loss; 0 without one."""
        return 0 if self.val_loss is None else int(self.val_loss.argmin()) + 1

    @property
    def gap(self) -> float:
        """Validation loss minus training loss at the end, in units of the reference; NaN without one."""
        return math.nan if self.val_loss is None else float(np.median(self.val_loss[-self.last :])) - self.end

    @property
    def accuracy_gap(self) -> float:
        """Training accuracy minus validation accuracy at the end; NaN where one is missing."""
        if self.accuracy is None or self.val_accuracy is None:
            return math.nan
        return self.accuracy - self.val_accuracy


def _falling(values: np.ndarray) -> float:
    """1 - the factor by which a curve changes per epoch over its last quarter, by least squares on its logarithm."""
    tail = values[-max(SHORTEST, math.ceil(ENDS * len(values))) :]
    if len(tail) < 2:
        return 0.0
    change = np.polyfit(np.arange(len(tail)), np.log(np.maximum(tail, SMALL)), 1)[0]
    return float(-np.expm1(change))


def read_history(history: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the curves of a dict as arrays, (epochs,); NaN and infinity are allowed, since a diverged loss has them.

    Raises
        TypeError or ValueError if a curve is no sequence of numbers, if their lengths differ, or without "loss".
    """
    curves = {str(name): _curve(name, values) for name, values in history.items()}
    if "loss" not in curves:
        known = ", ".join(map(repr, curves)) or "nothing"
        raise ValueError(f"history has {known}; it must have 'loss', the training loss of each epoch")
    epochs = len(curves["loss"])
    if not epochs:
        raise ValueError("history['loss'] is empty; it must have a value for each epoch")
    for name, values in curves.items():
        if len(values) != epochs:
            raise ValueError(f"history[{name!r}] has {len(values)} values and history['loss'] has {epochs}; each must "
                             "have one for each epoch")
    return curves


def _curve(name: object, values: Any) -> np.ndarray:
    try:
        curve = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"history[{name!r}] is {values!r}; it must be a list of numbers, one for each epoch") from None
    if curve.ndim != 1:
        raise ValueError(f"history[{name!r}] has shape {curve.shape}; it must be a list of numbers, one for each epoch")
    if name in ("loss", "val_loss") and (curve < 0.0).any():
        epoch = int((curve < 0.0).argmax())
        raise ValueError(f"history[{name!r}] holds {curve[epoch]:g} in epoch {epoch + 1}; every loss must be at least "
                         "0, since the rules compare ratios of losses")
    return curve


def make_curves(history: Mapping[str, np.ndarray], reference: float | None) -> Curves:
    """Divide the finite losses of a history by the reference; None: by the largest training loss."""
    loss = history["loss"]
    known = reference is not None
    scale = max(reference if reference is not None else float(loss.max()), np.finfo(float).tiny)
    val_loss = history.get("val_loss")
    accuracies = [_final(history, name) for name in ("accuracy", "val_accuracy")]
    return Curves(loss / scale, None if val_loss is None else val_loss / scale, accuracies[0], accuracies[1], known)


def _final(history: Mapping[str, np.ndarray], name: str) -> float | None:
    """The median of the last tenth of a curve, at most of five epochs; None if it is not recorded."""
    values = history.get(name)
    return None if values is None else float(np.median(values[-min(5, max(1, len(values) // 10)) :]))


def checked_reference(reference: object) -> float | None:
    """Return the ``baseline`` argument as a positive float, or None."""
    return None if reference is None else checks.real("baseline", reference, 0.0, open_low=True)


def constant_loss(loss: str, y: np.ndarray, outputs: int) -> float | None:
    """The mean loss of the best constant prediction of y: an entropy, or the variance; None for other losses.

    y has labels (n,), one-hot rows (n, outputs), or values (n,) or (n, outputs).
    """
    if loss == "categorical_crossentropy":
        shares = np.bincount(y.astype(np.int64), minlength=outputs) / len(y) if y.ndim == 1 else y.mean(axis=0)
        return _entropy(shares)
    if loss == "binary_crossentropy":
        return float(np.mean([_entropy(np.array([p, 1.0 - p])) for p in np.atleast_1d(y.mean(axis=0))]))
    if loss == "mean_squared_error":
        return float(np.var(y.reshape(len(y), -1), axis=0).mean())
    return None


def _entropy(shares: Sequence[float] | np.ndarray) -> float:
    present = np.asarray(shares)[np.asarray(shares) > 0.0]
    return float(-(present * np.log(present)).sum())
