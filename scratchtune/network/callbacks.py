"""A callback is called after each epoch of a training, and may stop it.

Implements section 9.3 of the document.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from scratchtune import checks
from scratchtune.network.measures import HIGHER_IS_BETTER


class Trained(Protocol):
    """The part of a model that callbacks use during its training."""

    measured: list[str]
    stop_training: bool

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights."""

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights."""


class Callback:
    """Base class of the callbacks; override what is needed. ``self.model`` is the model in training."""

    model: Trained

    def on_train_begin(self) -> None:
        """Called before the first epoch of a fit."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Called after each epoch, from 0, with its values by name; ``self.model.stop_training = True`` ends it."""

    def on_train_end(self) -> None:
        """Called after the last epoch of a fit."""


class EarlyStopping(Callback):
    """Stops the training when a value has not improved for ``patience`` epochs; Keras's arguments.

    ``monitor`` is a name in the history; ``min_delta`` the least change that counts as an improvement; ``baseline`` a
    value that must be reached within ``patience`` epochs; ``start_from_epoch`` the first epoch that counts; ``mode``
    "min", "max" or "auto" (by the name). With ``restore_best_weights`` the weights of the best epoch are restored.
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 0, verbose: int = 0,
        mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        self.monitor = monitor
        self.min_delta = abs(checks.real("min_delta", min_delta))
        self.patience = checks.integer("patience", patience, 0)
        self.verbose = verbose
        mode = checks.choice("mode", mode, ("auto", "min", "max"))
        higher_is_better = any(name in monitor for name in HIGHER_IS_BETTER) if mode == "auto" else mode == "max"
        self.sign = -1.0 if higher_is_better else 1.0
        self.baseline = None if baseline is None else checks.real("baseline", baseline)
        self.restore_best_weights = checks.boolean("restore_best_weights", restore_best_weights)
        self.start_from_epoch = checks.integer("start_from_epoch", start_from_epoch, 0)

    def on_train_begin(self) -> None:
        """Reset what an earlier training left; a ValueError if ``monitor`` is not measured."""
        if self.monitor not in self.model.measured:
            known = ", ".join(self.model.measured)
            raise ValueError(f"monitor is {self.monitor!r}; this training measures {known}{_hint(self.monitor)}")
        self.best, self.best_epoch, self.wait, self.stopped_epoch = np.inf, 0, 0, 0
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Keep the weights of an epoch that improves the best value; stop after ``patience`` epochs that do not."""
        if epoch < self.start_from_epoch:
            return
        value = self.sign * logs[self.monitor]
        self.wait += 1
        if self.best_weights is None or value + self.min_delta < self.best:
            self._keep(epoch, value)
            if self.baseline is None or value + self.min_delta < self.sign * self.baseline:
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int, value: float) -> None:
        self.best, self.best_epoch = value, epoch
        self.best_weights = self.model.get_weights()

    def on_train_end(self) -> None:
        """Restore the best weights, where ``restore_best_weights`` says so."""
        if self.verbose and self.stopped_epoch:
            stopped, best = self.stopped_epoch + 1, self.best_epoch + 1
            print(f"early stopping after epoch {stopped}, best was epoch {best}", file=sys.stderr)
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class Deadline(Callback):
    """Ends the training after the first epoch that ends past a moment of `time.monotonic`, in seconds."""

    def __init__(self, moment: float) -> None:
        self.moment = checks.real("moment", moment)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Compare the time with the moment."""
        if time.monotonic() >= self.moment:
            self.model.stop_training = True


def checked_callbacks(callbacks: Sequence[Callback] | None) -> list[Callback]:
    """Return the callbacks as a list; raise a TypeError if one of them is no `Callback`."""
    for callback in callbacks or ():
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks holds {callback!r}; it must hold callbacks such as EarlyStopping(patience=5)")
    return list(callbacks or ())


def _hint(monitor: str) -> str:
    return "; give validation_data to fit for those that begin with val_" if monitor.startswith("val_") else ""


class History(Callback):
    """Records each epoch: ``history`` maps a name to a list of values, one for each entry of ``epoch``.

    ``diverged`` says whether the training ended because its loss was no longer finite.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.diverged = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Append the values of an epoch."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
