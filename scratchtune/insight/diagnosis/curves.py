"""The numbers of a training's curves that a diagnosis rests on: progress, bounces, gap, and speed at the end.

All losses are divided by a reference, the loss of the best constant prediction where that is known. So 1 means that
nothing has been learned, 0 is a perfect fit, and one threshold serves all losses and data sets.

Implements section 9.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

SHORTEST = 3  # epochs that a curve needs before anything but a divergence can be seen in it
ENDS = 0.25  # the share of the epochs, the last ones, that show whether the training still progresses
SMALL = 1e-4  # a loss this small, as a share of the reference, counts as this: a rise from 1e-9 to 1e-8 is no rise
SMALLEST = np.finfo(float).tiny


@dataclass(frozen=True)
class Curves:
    """Losses per epoch, (n,), divided by the reference, ``scale``; what is not recorded is None.

    known: whether the reference is the loss of the best constant prediction, or only the largest loss seen.
    """

    loss: np.ndarray
    val_loss: np.ndarray | None = None
    accuracy: float | None = None  # of the training set, the median of the last epochs
    val_accuracy: float | None = None
    known: bool = False
    scale: float = 1.0

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.loss)

    @property
    def both(self) -> list[np.ndarray]:
        """The training loss, and the validation loss if there is one."""
        return [self.loss] if self.val_loss is None else [self.loss, self.val_loss]

    @property
    def end(self) -> float:
        """The training loss at the end."""
        return at_end(self.loss)

    @property
    def bounce(self) -> float:
        """The mean rise per epoch, falls counted as 0, of the training or the validation loss, whichever rises less.

        Dropout makes the training loss noisy, few rows the validation loss; steps that are too large make both noisy.
        Without a known reference the rise is divided by the curve's median, which an outlier hardly changes.
        """
        return float(min(np.maximum(np.diff(curve), 0.0).mean() / (1.0 if self.known else _median(curve))
                         for curve in self.both))

    @property
    def val_jump(self) -> float:
        """The rises and falls of the validation loss that cancel out, per epoch; 0 without one.

        They are divided by its median, or by half the reference where that is larger.
        """
        if self.val_loss is None:
            return 0.0
        changes = np.diff(self.val_loss)
        return float((np.abs(changes).mean() - abs(changes.mean())) / max(float(np.median(self.val_loss)), 0.5))

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
    def gap(self) -> float:
        """Validation loss minus training loss at the end, in units of the reference; NaN without one."""
        return math.nan if self.val_loss is None else at_end(self.val_loss) - self.end

    @property
    def accuracy_gap(self) -> float:
        """Training accuracy minus validation accuracy at the end; NaN where one is missing."""
        missing = self.accuracy is None or self.val_accuracy is None
        return math.nan if missing else self.accuracy - self.val_accuracy  # type: ignore[operator]


def at_end(values: np.ndarray) -> float:
    """The median of the last epochs: a tenth of them, at least one and at most five."""
    return float(np.median(values[-min(5, max(1, len(values) // 10)) :]))


def _median(curve: np.ndarray) -> float:
    return max(float(np.median(curve)), SMALL)


def _falling(values: np.ndarray) -> float:
    """1 - the factor by which a curve changes per epoch over its last quarter, by least squares on its logarithm."""
    tail = values[-max(SHORTEST, math.ceil(ENDS * len(values))) :]
    return float(-np.expm1(np.polyfit(np.arange(len(tail)), np.log(np.maximum(tail, SMALL)), 1)[0]))


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
    wrong = f"history[{name!r}] is {values!r}; it must be a list of numbers, one for each epoch"
    try:
        curve = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise TypeError(wrong) from None
    if curve.ndim != 1:
        raise ValueError(wrong)
    if name in ("loss", "val_loss") and (curve < 0.0).any():
        epoch = int((curve < 0.0).argmax())
        raise ValueError(f"history[{name!r}] holds {curve[epoch]:g} in epoch {epoch + 1}; every loss must be at least "
                         "0, since the rules compare ratios of losses")
    return curve


def make_curves(history: Mapping[str, np.ndarray], reference: float | None) -> Curves:
    """Divide the finite losses of a history by the reference; None: by the largest training loss."""
    if not history:
        return Curves(np.array([]))
    loss, val_loss = history["loss"], history.get("val_loss")
    scale = max(float(loss.max()) if reference is None else reference, SMALLEST)
    accuracy, val_accuracy = (
        at_end(history[name]) if name in history else None for name in ("accuracy", "val_accuracy"))
    return Curves(loss / scale, None if val_loss is None else val_loss / scale, accuracy, val_accuracy,
                  reference is not None, scale)


def constant_loss(loss: str, y: np.ndarray) -> float | None:
    """The mean loss of the best constant prediction of y: an entropy, or the variance; None for other losses.

    y has labels (n,), one-hot rows (n, outputs), or values (n,) or (n, outputs).
    """
    if loss == "mean_squared_error":
        return float(np.var(y.reshape(len(y), -1), axis=0).mean())
    if "crossentropy" not in loss:
        return None
    shares = np.unique(y, return_counts=True)[1] / len(y) if y.ndim == 1 else y.mean(axis=0)
    if y.ndim == 2 and loss == "binary_crossentropy":
        shares = np.stack([shares, 1.0 - shares])  # of each output
    return float(np.mean(-(shares * np.log(np.maximum(shares, SMALLEST))).sum(axis=0)))
