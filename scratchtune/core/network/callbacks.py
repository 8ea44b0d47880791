"""A callback is called after each epoch of a training, and may stop it.

Implements section 9.3 of the document.
"""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.configured import Configured
from scratchtune.core.network.schedules import Schedule
from scratchtune.core.network.training import HIGHER_IS_BETTER


class Callback(Configured):
    """Base class of the callbacks; override what is needed. ``self.model`` is the `Sequential` in training."""

    model: Any

    def on_train_begin(self) -> None:
        """Called before the first epoch of a fit."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Called after each epoch, from 0, with its values by name; ``self.model.stop_training = True`` ends it."""

    def on_divergence(self, epoch: int) -> None:
        """Called in place of `on_epoch_end` where the loss is no longer finite, which ends the training."""

    def on_train_end(self) -> None:
        """Called after the last epoch of a fit."""


class Monitor(Callback):
    """Base class of the callbacks that look at one value of each epoch, ``monitor``, a name in the history.

    ``mode`` is "min", "max" or "auto" (by the name); only a change above ``min_delta`` is an improvement. ``best`` is
    the best value so far.
    """

    best: float | None = None

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        self.monitor = monitor
        self.min_delta = abs(checks.real("min_delta", min_delta))
        mode = checks.choice("mode", mode, ("auto", "min", "max"))
        higher_is_better = any(name in monitor for name in HIGHER_IS_BETTER) if mode == "auto" else mode == "max"
        self.sign = -1.0 if higher_is_better else 1.0

    def on_train_begin(self) -> None:
        """Reset what an earlier training left; a ValueError if ``monitor`` is not measured in this training."""
        if self.monitor not in self.model.measured:
            known = ", ".join(self.model.measured)
            hint = "; give validation_data to fit for those that begin with val_" * self.monitor.startswith("val_")
            raise ValueError(f"monitor is {self.monitor!r}; this training measures {known}{hint}")
        self.best, self.wait = None, 0

    def improves(self, value: float) -> bool:
        """Whether a value is the first number, or better than ``best`` by over ``min_delta``; store it if so."""
        worse = self.best is not None and self.sign * value + self.min_delta >= self.sign * self.best
        if not (math.isnan(value) or worse):
            self.best = value
            return True
        return False


class EarlyStopping(Monitor):
    """Stops the training when a value has not improved (`Monitor`) for ``patience`` epochs; Keras's arguments.

    ``start_from_epoch`` is the first epoch that counts. ``restore_best_weights`` restores the best ones.

    Variant
        In Keras, NaN in the first epoch that counts is never improved on; here, any number improves on it.
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 0, verbose: int = 0,
        mode: str = "auto", restore_best_weights: bool = False, start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = checks.integer("patience", patience, 0)
        self.verbose = verbose
        self.restore_best_weights = checks.boolean("restore_best_weights", restore_best_weights)
        self.start_from_epoch = checks.integer("start_from_epoch", start_from_epoch, 0)

    def on_train_begin(self) -> None:
        """As `Monitor`'s; discard the best epoch of an earlier training and its weights."""
        super().on_train_begin()
        self.best_epoch, self.stopped_epoch, self.wait = 0, 0, -1  # the first epoch has none to improve on
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Keep the weights of an epoch that improves the best value; stop after ``patience`` epochs that do not."""
        if epoch < self.start_from_epoch:
            return
        if self.improves(logs[self.monitor]):
            self.best_epoch, self.best_weights, self.wait = epoch, self.model.get_weights(), 0
            return
        self.wait += 1
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self) -> None:
        """Restore the best weights with ``restore_best_weights``; with ``verbose`` print where the training stopped."""
        if self.verbose and self.stopped_epoch:
            stopped, best = self.stopped_epoch + 1, self.best_epoch + 1
            print(f"early stopping after epoch {stopped}, best was epoch {best}", file=sys.stderr)
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by ``factor`` when a value has not improved for ``patience`` epochs.

    Keras's name, arguments and behaviour; the rate never falls below ``min_lr``. The optimizer keeps the reduced rate,
    also in a file and for a second fit. Each epoch's rate is in the history, as "learning_rate".
    """

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
        min_delta: float = 1e-4, min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor = checks.real("factor", factor, 0.0, 1.0, open_low=True, open_high=True)
        self.patience = checks.integer("patience", patience, 0)
        self.verbose = verbose
        self.min_lr = checks.real("min_lr", min_lr, 0.0)

    def on_train_begin(self) -> None:
        """As `Monitor`'s; a TypeError if the learning rate is a schedule."""
        super().on_train_begin()
        rate = self.model.optimizer.learning_rate
        if isinstance(rate, Schedule):
            raise TypeError(f"learning_rate is {rate!r}; with ReduceLROnPlateau it must be a number, not a schedule")

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Record the learning rate, and reduce it after ``patience`` epochs without an improvement."""
        optimizer = self.model.optimizer
        rate = logs["learning_rate"] = float(optimizer.learning_rate)
        self.wait = 0 if self.improves(logs[self.monitor]) else self.wait + 1
        if self.wait and self.wait >= self.patience and rate > self.min_lr:
            optimizer.learning_rate, self.wait = max(rate * self.factor, self.min_lr), 0
            if self.verbose:
                print(f"learning rate reduced to {optimizer.learning_rate:g} after epoch {epoch + 1}", file=sys.stderr)


class ModelCheckpoint(Monitor):
    """Saves the model after each epoch; with ``save_best_only`` only if ``monitor`` is the best of all fits so far.

    ``filepath`` may contain the epoch, from 1, and values of the history, as in "{epoch:02d}-{val_loss:.3f}.npz".
    `scratchtune.load_model` reads the file, and training continues from there with the same bits; but not where the
    optimizer has ``use_ema``, since the file then holds the averaged weights. Keras's name and arguments.
    """

    def __init__(
        self, filepath: str | os.PathLike[str], monitor: str = "val_loss", verbose: int = 0,
        save_best_only: bool = False, mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = checks.boolean("save_best_only", save_best_only)

    def on_train_begin(self) -> None:
        """Keep the best value of earlier fits; ValueError if ``monitor`` or a name in ``filepath`` is not measured."""
        if self.save_best_only:
            best = self.best
            super().on_train_begin()
            self.best = best
        self._path(0, dict.fromkeys([*self.model.measured, "learning_rate"], 0.0))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Save the model, if each epoch is saved or this one is the best so far."""
        if self.save_best_only and not self.improves(logs[self.monitor]):
            return
        path = self._path(epoch, logs)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save(path)
        if self.verbose:
            print(f"model saved to {path} after epoch {epoch + 1}", file=sys.stderr)

    def _path(self, epoch: int, logs: dict[str, float]) -> Path:
        """``filepath`` with the epoch and the values filled in; a ValueError if it names what is not measured."""
        try:
            return Path(self.filepath.format(**logs | {"epoch": epoch + 1}))
        except (KeyError, IndexError, ValueError) as problem:
            known = ", ".join(["epoch", *self.model.measured])
            raise ValueError(f"filepath is {self.filepath!r}, which can't be filled in ({problem}); the names in "
                             f"braces must be of {known}") from None


class Deadline(Callback):
    """Ends the training after the first epoch that ends past a moment of `time.monotonic`, in seconds."""

    def __init__(self, moment: float) -> None:
        self.moment = checks.real("moment", moment)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Compare the time with the moment."""
        if time.monotonic() >= self.moment:
            self.model.stop_training = True


class History(Callback):
    """Records each epoch: ``history`` maps a name to a list of values, one for each entry of ``epoch``.

    ``diverged`` says whether the training ended at a loss that was not finite. That epoch is recorded only if it is the
    first, as NaN. ``guessing`` is the loss of outputs that do not depend on the inputs, where the model knows it.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.diverged = False
        self.guessing: float | None = None

    def __repr__(self) -> str:
        last = "".join(f", {name} {values[-1]:.4g}" for name, values in self.history.items())
        return f"History({checks.counted(len(self.epoch), 'epoch')}{last})"

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Append the values of an epoch."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def on_divergence(self, epoch: int) -> None:
        """Record NaN if it is the first epoch, so that the history has every name."""
        if not self.epoch:
            self.on_epoch_end(epoch, dict.fromkeys(self.model.measured, math.nan))
