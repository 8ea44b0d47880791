"""One training: epochs of gradient descent on an objective, with metrics, in this process or on several workers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scratchtune import interruption
from scratchtune.network import engine
from scratchtune.network.callbacks import Callback, Trained
from scratchtune.network.distributed import Coordinator
from scratchtune.network.measures import MEASURES
from scratchtune.network.objective import Objective
from scratchtune.network.optimizers import Optimizer
from scratchtune.network.program import Program, realigned


class DivergenceWarning(UserWarning):
    """A training ended because its loss was no longer finite."""


@dataclass
class Progress:
    """What a further training continues from: the optimizer's slots (moments, P padded), its step, the epochs done."""

    slots: np.ndarray | None = None
    step: int = 0
    epochs: int = 0

    def slots_for(self, optimizer: Optimizer, program: Program) -> np.ndarray:
        """Return the optimizer's slots, zeros at first."""
        if self.slots is None:
            padded = max(-(-program.theta.size // 16), 1) * 16
            memory = engine.aligned(max(optimizer.slots, 1) * padded, program.dtype)
            self.slots = memory.reshape(-1, padded)
        return self.slots

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self.slots is not None:
            self.slots = realigned(self.slots)


class Plan(NamedTuple):
    """Size of a batch, number of epochs, and whether the rows are shuffled in each epoch."""

    batch_size: int
    epochs: int
    shuffle: bool


def measured(program: Program, rows: engine.Rows, names: Sequence[str]) -> dict[str, float]:
    """These metrics of the rows, in evaluation mode."""
    if not names:
        return {}
    outputs, order = program.outputs(rows.x).reshape(len(rows.x), -1), np.arange(len(rows.x))
    return {name: MEASURES[name](rows.target, order, outputs) for name in names}


class Training:
    """One call of fit: an objective, an optimizer, what it continues from, and what is measured.

    ``diverged`` says afterwards whether it ended because the loss was no longer finite.
    """

    def __init__(
        self, objective: Objective, optimizer: Optimizer, progress: Progress, metrics: Sequence[str], seed: int,
    ) -> None:
        self.objective, self.program, self.optimizer = objective, objective.program, optimizer
        self.progress, self.metrics, self.seed = progress, list(metrics), np.uint64(seed)
        self.diverged = False
        objective.compile(optimizer.update, backward=True)
        self.criterion, self.descent = objective.criterion(), self._descent()

    def _descent(self) -> engine.Descent:
        optimizer, program = self.optimizer, self.program
        slots = self.progress.slots_for(optimizer, program)
        settings = np.array(optimizer.settings, np.float64)
        return engine.Descent(optimizer.update.compiled(program.dtype), slots, settings, optimizer.weight_decay)

    def run(
        self, model: Trained, rows: engine.Rows, held_out: engine.Rows | None, plan: Plan,
        callbacks: Sequence[Callback], bar: Any, coordinator: Coordinator | None,
    ) -> None:
        """Train for the plan's epochs, or until ``model.stop_training`` is True or the loss is no longer finite."""
        for epoch in range(plan.epochs):
            interruption.check()
            logs = self._epoch(rows, plan, epoch, coordinator)
            if logs is None:
                self.diverged = True
                break
            if held_out is not None:
                values = {"loss": self.objective.value(held_out)} | measured(self.program, held_out, self.metrics)
                logs |= {f"val_{name}": value for name, value in values.items()}
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs)
            bar.update()
            if not bar.disable:
                bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()}, refresh=False)
            if model.stop_training:
                break

    def _epoch(
        self, rows: engine.Rows, plan: Plan, number: int, coordinator: Coordinator | None,
    ) -> dict[str, float] | None:
        """Train one epoch; return its values, or None if the loss was no longer finite."""
        n, program, progress = len(rows.x), self.program, self.progress
        steps = -(-n // plan.batch_size)
        order = engine.epoch_order(n, progress.epochs, self.seed) if plan.shuffle else np.arange(n)
        epoch = engine.Epoch(
            order, self.optimizer.rates(progress.step, steps), plan.batch_size, progress.step, self.seed)
        outputs = np.empty((n if self.metrics else 0, rows.target.shape[1]), program.dtype)
        before = program.theta.copy(), program.state.copy()
        train = self._train_here if coordinator is None else coordinator.train_epoch
        value, done = train(self.descent, rows, epoch, self.objective.stages_to_measure(self.metrics), outputs)
        if done < steps or not program.is_finite():
            self._keep_finite(before, number, done)
            return None
        progress.step += steps
        progress.epochs += 1
        return {"loss": float(value)} | {name: MEASURES[name](rows.target, order, outputs) for name in self.metrics}

    def _train_here(
        self, descent: engine.Descent, rows: engine.Rows, epoch: engine.Epoch, output_layers: int, outputs: np.ndarray,
    ) -> tuple[float, int]:
        network = self.program.network(epoch.batch_size)
        return engine.train_epoch(network, self.criterion, descent, rows, epoch, output_layers, outputs)

    def _keep_finite(self, before: tuple[np.ndarray, np.ndarray], epoch: int, step: int) -> None:
        """After divergence: keep the last finite weights, reset the optimizer, and warn."""
        kept = f"those after step {step} of this epoch"
        if not self.program.is_finite():
            self.program.theta[:], self.program.state[:] = before
            kept = "those from before this epoch"
        self.progress.slots, self.progress.step = None, 0  # its moments may be infinite
        warnings.warn(
            f"training diverged in epoch {epoch + 1} after {step} steps: the loss is no longer finite; the last finite "
            f"weights are kept, {kept}; try a smaller learning_rate than {self.optimizer.learning_rate!r}, "
            f"or scaled inputs",
            DivergenceWarning, stacklevel=5,
        )
