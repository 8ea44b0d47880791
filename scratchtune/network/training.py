"""One training: epochs of gradient descent on an objective, with metrics, in this process or on several workers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from scratchtune import jit
from scratchtune.network import engine
from scratchtune.network.measures import MEASURES
from scratchtune.network.objective import Objective
from scratchtune.network.optimizers import Optimizer, Part
from scratchtune.network.program import Program, realigned


class DivergenceWarning(UserWarning):
    """A training ended because its loss was no longer finite."""


class TrainingState:
    """What a further training continues from: the optimizer's moments, its steps, the epochs done.

    The moments of all parts of its chain are one vector, ``slots``, which is None until they are needed.
    """

    slots: np.ndarray | None = None
    step = 0
    epochs = 0

    def allocated(self, parts: Sequence[Part], dtype: str) -> np.ndarray:
        """The slots, zeros at first."""
        if self.slots is None:
            self.slots = engine.aligned(sum(part.moments * slot_width(part) for part in parts), dtype)
        return self.slots

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.slots = None if self.slots is None else realigned(self.slots)


class Plan(NamedTuple):
    """Size of a batch, number of epochs, and whether the rows are shuffled in each epoch."""

    batch_size: int
    epochs: int
    shuffle: bool


# What shares a training among workers, made of an objective, rows, the size of a batch, an executor and the workers: it
# has `train_epoch`, as the engine, and `close`. `scratchtune.interop.distributed` adds its own when it is loaded.
COORDINATORS: list[Callable[..., Any]] = []


def coordinate(*arguments: Any) -> Any:
    """Return what shares a training among workers; a ValueError where no module that does it is loaded."""
    if not COORDINATORS:
        raise ValueError("executor is given, and no module that shares a training among workers is loaded; import "
                         "scratchtune.interop.distributed, or take Sequential from scratchtune itself")
    return COORDINATORS[-1](*arguments)


def measured(program: Program, rows: engine.Rows, names: Sequence[str]) -> dict[str, float]:
    """These metrics of the rows, in evaluation mode."""
    if not names:
        return {}
    outputs, order = program.outputs(rows.x).reshape(len(rows.x), -1), np.arange(len(rows.x))
    return {name: MEASURES[name](rows.target, order, outputs) for name in names}


def chain(optimizer: Optimizer, program: Program) -> list[Part]:
    """The parts of the optimizer's chain for this program's theta."""
    return optimizer.chain([(start, stop) for _, start, stop in program.ranges()])


def slot_width(part: Part) -> int:
    """The numbers in a row of a part's slots: one for each entry of theta, then padding to whole cache lines."""
    return -(-(part.stop - part.start) // 16) * 16


def descent(parts: Sequence[Part], slots: np.ndarray) -> engine.Descent:
    """The chain for the engine; its moments are in ``slots``."""
    widths, moments = [slot_width(part) for part in parts], [part.moments for part in parts]
    settings = np.zeros((len(parts), max(len(part.settings) for part in parts)))
    for row, part in zip(settings, parts, strict=True):
        row[: len(part.settings)] = part.settings
    start, stop, factors = (np.array(values) for values in zip(*(
        (part.start, part.stop, part.factor) for part in parts), strict=True))
    return engine.Descent(
        jit.table([part.update for part in parts], slots.dtype), start, stop, settings, factors, slots,
        np.cumsum([0, *np.multiply(widths, moments)]), np.array(moments), np.array(widths))


class Training:
    """One call of fit: epochs of an optimizer on an objective, and what is measured in each; ``state`` is updated."""

    def __init__(
        self, objective: Objective, optimizer: Optimizer, state: TrainingState, metrics: Sequence[str], seed: int,
    ) -> None:
        self.objective, self.program, self.optimizer, self.state = objective, objective.program, optimizer, state
        self.metrics, self.seed = list(metrics), np.uint64(seed)
        parts = chain(optimizer, self.program)
        objective.compile(*(part.update for part in parts), backward=True)
        self.criterion = objective.criterion()
        self.descent = descent(parts, state.allocated(parts, self.program.dtype))

    def epoch(self, number: int, rows: engine.Rows, plan: Plan, distributed: Any) -> dict[str, float] | None:
        """Train the epoch with that ``number``; return its values, None if the loss diverged."""
        n, program, state = len(rows.x), self.program, self.state
        steps = -(-n // plan.batch_size)
        order = engine.epoch_order(n, state.epochs, self.seed) if plan.shuffle else np.arange(n)
        epoch = engine.Epoch(order, self.optimizer.rates(state.step, steps), plan.batch_size, state.step, self.seed)
        outputs = np.empty((n if self.metrics else 0, rows.target.shape[1]), program.dtype)
        before = program.theta.copy(), program.state.copy()
        layers = self.objective.stages_to_measure(self.metrics)
        if distributed is None:
            network = program.network(plan.batch_size)
            value, done = engine.train_epoch(network, self.criterion, self.descent, rows, epoch, layers, outputs)
        else:
            value, done = distributed.train_epoch(self.descent, epoch, layers, outputs)
        if done < steps or not program.is_finite():
            self._keep_finite(before, number, done)
            state.slots, state.step = None, 0  # the moments may be infinite
            return None
        state.step, state.epochs = state.step + steps, state.epochs + 1
        return {"loss": float(value)} | {name: MEASURES[name](rows.target, order, outputs) for name in self.metrics}

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within the block theta is its average over the steps, if the optimizer keeps one; then it is theta again."""
        if not self.optimizer.use_ema:
            yield
            return
        theta = self.program.theta.copy()
        self.keep_average()
        try:
            yield
        finally:
            self.program.theta[:] = theta

    def keep_average(self) -> None:
        """Replace theta by its average over the steps, if the optimizer keeps one."""
        if self.optimizer.use_ema:
            average = self.descent.slots[self.descent.slots_at[-2] :]  # of the chain's last part
            self.program.theta[:] = average[: self.program.theta.size]

    def validated(self, rows: engine.Rows) -> dict[str, float]:
        """The values of the validation set."""
        values = {"loss": self.objective.value(rows)} | measured(self.program, rows, self.metrics)
        return {f"val_{name}": value for name, value in values.items()}

    def _keep_finite(self, before: tuple[np.ndarray, np.ndarray], epoch: int, step: int) -> None:
        """After divergence: keep the last finite weights, and warn."""
        kept = f"those after step {step} of this epoch"
        if not self.program.is_finite():
            self.program.theta[:], self.program.state[:] = before
            kept = "those from before this epoch"
        warnings.warn(
            f"training diverged in epoch {epoch + 1} after {step} steps: the loss is no longer finite; the last finite "
            f"weights are kept, {kept}; try a smaller learning_rate than {self.optimizer.learning_rate!r}, "
            f"or scaled inputs",
            DivergenceWarning, stacklevel=5,
        )
