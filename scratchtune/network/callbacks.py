"""A callback is called after each epoch of a training, and may stop it.

Implements section 9.3 of the document.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from scratchtune import checks
from scratchtune.network.measures import HIGHER_IS_BETTER
from scratchtune.network.optimizers import Optimizer
from scratchtune.network.schedules import Schedule


class Trained(Protocol):
    """The part of a model that callbacks use during its training."""

    measured: list[str]
    stop_training: bool
    optimizer: Optimizer | None

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights."""

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights."""

    def save(self, path: str | Path) -> None:
        """Write the model to a file."""


class Callback:
    """Base class of the callbacks; override what is needed. ``self.model`` is the model in training."""

    model: Trained

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

    ``mode`` is "min", "max" or "auto" (by the name), and a change counts as an improvement
    only above ``min_delta``.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        self.monitor = monitor
        self.min_delta = abs(checks.real("min_delta", min_delta))
        mode = checks.choice("mode", mode, ("auto", "min", "max"))
        higher_is_better = any(name in monitor for name in HIGHER_IS_BETTER) if mode == "auto" else mode == "max"
        self.sign = -1.0 if higher_is_better else 1.0

    def check_monitor(self) -> None:
        """Raise a ValueError if ``monitor`` is not measured in this training."""
        if self.monitor not in self.model.measured:
            known = ", ".join(self.model.measured)
            hint = "; give validation_data to fit for those that begin with val_" * self.monitor.startswith("val_")
            raise ValueError(f"monitor is {self.monitor!r}; this training measures {known}{hint}")

    def improves(self, value: float, best: float | None) -> bool:
        """Whether a value is better than ``best`` by more than ``min_delta``; the first one, with None, always is."""
        if math.isnan(value):
            return False
        return best is None or math.isnan(best) or self.sign * value + self.min_delta < self.sign * best


class EarlyStopping(Monitor):
    """Stops the training when a value has not improved for ``patience`` epochs; Keras's arguments.

    ``monitor`` is a name in the history; a change counts as an improvement only above ``min_delta``; ``baseline`` is a
    value to improve on: only an improvement that is better than it restarts the count of epochs; ``start_from_epoch``
    is the first epoch that counts; ``mode`` "min", "max" or "auto" (by the name). With ``restore_best_weights`` the
    weights of the best epoch are restored.

    Variant
        In Keras, NaN in the first epoch that counts is never improved on; here, any number improves on it.
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 0, verbose: int = 0,
        mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = checks.integer("patience", patience, 0)
        self.verbose = verbose
        self.baseline = None if baseline is None else checks.real("baseline", baseline)
        self.restore_best_weights = checks.boolean("restore_best_weights", restore_best_weights)
        self.start_from_epoch = checks.integer("start_from_epoch", start_from_epoch, 0)

    def on_train_begin(self) -> None:
        """Reset what an earlier training left; a ValueError if ``monitor`` is not measured."""
        self.check_monitor()
        self.best, self.best_epoch, self.wait, self.stopped_epoch = np.inf, 0, 0, 0
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Keep the weights of an epoch that improves the best value; stop after ``patience`` epochs that do not."""
        if epoch < self.start_from_epoch:
            return
        value = self.sign * logs[self.monitor]
        self.wait += 1
        first = math.isnan(self.best) and not math.isnan(value)
        if self.best_weights is None or first or value + self.min_delta < self.best:
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


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by ``factor`` when a value has not improved for ``patience`` epochs.

    Keras's name, arguments and behaviour. After a reduction, ``cooldown`` epochs pass before epochs are counted again;
    the rate never falls below ``min_lr``. The optimizer keeps the reduced rate, also in a file and for a second fit.
    Each epoch's rate is in the history, as "learning_rate".
    """

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
        min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor = checks.real("factor", factor, 0.0, 1.0, open_low=True, open_high=True)
        self.patience = checks.integer("patience", patience, 0)
        self.verbose = verbose
        self.cooldown = checks.integer("cooldown", cooldown, 0)
        self.min_lr = checks.real("min_lr", min_lr, 0.0)

    def on_train_begin(self) -> None:
        """Reset what an earlier training left; an error if ``monitor`` is not measured or the rate is a schedule."""
        self.check_monitor()
        self._rate()
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Record the learning rate, and reduce it after ``patience`` epochs without an improvement."""
        logs["learning_rate"] = self._rate()
        value = logs[self.monitor]
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and self._rate() > self.min_lr:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        assert optimizer is not None
        optimizer.learning_rate = max(self._rate() * self.factor, self.min_lr)
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"learning rate reduced to {optimizer.learning_rate:g} after epoch {epoch + 1}", file=sys.stderr)

    def _rate(self) -> float:
        """The optimizer's learning rate; a TypeError where it is a schedule."""
        assert self.model.optimizer is not None
        rate = self.model.optimizer.learning_rate
        if isinstance(rate, Schedule):
            raise TypeError(f"learning_rate is {rate!r}; with ReduceLROnPlateau it must be a number, not a schedule")
        return float(rate)


class ModelCheckpoint(Monitor):
    """Saves the model after each epoch, or after those whose value is the best so far; Keras's name and arguments.

    ``filepath`` may contain the epoch, from 1, and values of the history, as in "{epoch:02d}-{val_loss:.3f}.npz";
    folders are made where they are missing. A file is written beside the path and then renamed, so that the path never
    holds a part of a model. `scratchtune.load_model` reads it, and training continues from there with the same bits;
    but not where the optimizer has ``use_ema``, since the file then holds the averaged weights.

    With ``save_best_only`` the best value is kept over all fits with this callback, as in Keras; it starts at
    ``initial_value_threshold``.

    Variant
        Files hold the whole model: ``save_weights_only`` must be False. ``save_freq`` must be "epoch".
    """

    def __init__(
        self, filepath: str | os.PathLike[str], monitor: str = "val_loss", verbose: int = 0,
        save_best_only: bool = False, save_weights_only: bool = False, mode: str = "auto", save_freq: str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = checks.boolean("save_best_only", save_best_only)
        if checks.boolean("save_weights_only", save_weights_only):
            raise ValueError("save_weights_only is True; it must be False, since a file holds the whole model: "
                             "load_model(path).get_weights() returns the weights")
        checks.choice("save_freq", save_freq, ("epoch",))
        threshold = initial_value_threshold
        self.best = None if threshold is None else checks.real("initial_value_threshold", threshold)

    def on_train_begin(self) -> None:
        """A ValueError if ``monitor`` or a name in ``filepath`` is not measured."""
        if self.save_best_only:
            self.check_monitor()
        self._path(0, dict.fromkeys([*self.model.measured, "learning_rate"], 0.0))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Save the model, if each epoch is saved or this one is the best so far."""
        if self.save_best_only:
            if not self.improves(logs[self.monitor], self.best):
                return
            self.best = logs[self.monitor]
        path = self._path(epoch, logs)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save(path)
        if self.verbose:
            print(f"model saved to {path} after epoch {epoch + 1}", file=sys.stderr)

    def _path(self, epoch: int, logs: dict[str, float]) -> Path:
        try:
            return Path(self.filepath.format(**logs | {"epoch": epoch + 1}))
        except (KeyError, IndexError, ValueError) as problem:
            known = ", ".join(["epoch", *self.model.measured])
            raise ValueError(f"filepath is {self.filepath!r}, which can't be filled in ({problem}); the names in "
                             f"braces must be of {known}") from None


class TerminateOnNaN(Callback):
    """Ends the training at a loss that is not finite; with ``raise_error`` by a RuntimeError. Keras's argument.

    `Sequential.fit` ends at such a step with a `DivergenceWarning` even without this callback, and keeps the last
    finite weights.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = checks.boolean("raise_error", raise_error)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """End the training if the loss of the epoch is not finite."""
        if not math.isfinite(logs.get("loss", 0.0)):
            self.on_divergence(epoch)

    def on_divergence(self, epoch: int) -> None:
        """End the training."""
        if self.raise_error:
            raise RuntimeError(f"the loss is no longer finite in epoch {epoch + 1}; try a smaller learning_rate, or "
                               "scaled inputs")
        self.model.stop_training = True


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


class History(Callback):
    """Records each epoch: ``history`` maps a name to a list of values, one for each entry of ``epoch``.

    ``diverged`` says whether the training ended because its loss was no longer finite. That epoch is not recorded; but
    if it is the first one, all its values are NaN. ``guessing`` is the loss of outputs that do not depend on the
    inputs, where the model knows it.
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
