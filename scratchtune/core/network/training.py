"""One training: epochs of gradient descent on an objective, with metrics, in this process or on several workers.

A measure is a metric of `compile`: a function of the targets (n, outputs), of the order of the rows (n,), and of the
network's outputs for the rows in this order (n, outputs). With two classes, precision, recall and F1 are those of the
second one; with more classes, the mean over the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, jit, metrics
from scratchtune.core.network import engine
from scratchtune.core.network.layers.activation import Activation
from scratchtune.core.network.losses import Loss
from scratchtune.core.network.optimizers import Link, Optimizer, weight_average_update
from scratchtune.core.network.penalties import L1L2, l1_l2_penalty
from scratchtune.core.network.program import EVALUATION_ROWS, Program, compile_kernels, realigned

# The objective --------------------------------------------------------------------------------------------------------


class Objective:
    """A program with a loss and a penalty.

    ``layers`` stages run before the loss's ``kernel``, which may compute the last activation itself. ``penalised`` are
    the model's penalty and those of its layers, for the engine.
    """

    def __init__(self, program: Program, loss: Loss, penalty: L1L2) -> None:
        self.program, self.loss, self.penalty = program, loss, penalty
        last, layers = program.stages[-1], len(program.stages)
        fused = last.fused_losses.get(loss.name) if layers > 1 else None
        self.layers, self.kernel = (layers, loss.kernel) if fused is None else (layers - 1, fused)
        self.penalised = self._penalties()

    def compile(self, *others: jit.Kernel, backward: bool = False) -> None:
        """Compile the kernels of the value, with ``backward`` those of the gradient too, and ``others``."""
        kernels = [*self.program.forwards(), self.kernel]
        if backward:
            kernels += [stage.backward for stage in self.program.stages]
        compile_kernels(self.program.dtype, [*kernels, *others])

    def criterion(self) -> engine.Criterion:
        """Return the loss and the penalty for the engine; not stored, as compiled kernels belong to one process."""
        return engine.Criterion(self.kernel.compiled(self.program.dtype), self.layers, self.penalised)

    def _penalties(self) -> engine.Penalty:
        """The model's penalty, on all of theta or without the biases, then those of single weights."""
        weights = self.program.ranges()
        parts = [(self.penalty, 0, self.program.theta.size)]
        if not self.penalty.biases:
            parts = [(self.penalty, start, stop) for weight, start, stop in weights if not weight.is_bias]
        parts += [(weight.penalty, start, stop) for weight, start, stop in weights if weight.penalty is not None]
        parts = [part for part in parts if part[0].l1 > 0.0 or part[0].l2 > 0.0]
        if not parts:
            return engine.NO_PENALTY
        return engine.Penalty(
            np.array([(start, stop) for _, start, stop in parts], np.int64),
            np.array([penalty.l1 for penalty, _, _ in parts], np.float64),
            np.array([penalty.l2 for penalty, _, _ in parts], np.float64))

    def stages_to_measure(self, metrics: Sequence[str]) -> int:
        """How many stages the training metrics need: accuracy needs no softmax, which does not change the argmax."""
        only_the_largest = list(metrics) == ["accuracy"] and self.program.output_shape[-1] > 1
        keeps_argmax = isinstance(self.program.stages[-1], Activation)
        return self.layers if only_the_largest and keeps_argmax else len(self.program.stages)

    def value(self, rows: engine.Rows) -> float:
        """J at theta, in evaluation mode."""
        return self.data_loss(rows) + self.penalty_value()

    def data_loss(self, rows: engine.Rows) -> float:
        """Return the mean loss over the rows, without the penalty, in evaluation mode."""
        self.compile()
        at_a_time = self.program.evaluation_rows()
        with np.errstate(over="ignore", invalid="ignore"):
            return float(engine.evaluate_rows(
                self.program.network(at_a_time), self.criterion(), rows, at_a_time, 0, rows.target[:0]))

    def penalty_value(self) -> float:
        """The penalty at theta."""
        return sum(float(l1_l2_penalty(self.program.theta[start:stop], l1, l2))
                   for (start, stop), l1, l2 in zip(*self.penalised, strict=True))

    def gradient(self, rows: engine.Rows) -> np.ndarray:
        """grad J at theta, (P,), in evaluation mode."""
        self.compile(backward=True)
        n = len(rows.x)
        network = self.program.new_network(n)
        engine.matrix(network.values, network.at, 0, n)[:] = rows.x
        with np.errstate(over="ignore", invalid="ignore"):
            engine.loss_and_gradient(
                network, self.criterion(), rows.target, rows.weight, False, 0, np.uint64(0))
        return network.gradient

    def replica(self) -> Objective:
        """A copy with memory of its own, and the same weights."""
        return Objective(self.program.replica(), self.loss, self.penalty)


# The metrics ----------------------------------------------------------------------------------------------------------


Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def _accuracy(target: np.ndarray, order: np.ndarray, outputs: np.ndarray) -> float:
    """Share of right classes: a row's is that of the largest output, or whether a single output is above 1/2."""
    if target.shape[1] > 1:
        return int(engine.count_correct(target, order, outputs)) / len(target)
    return float(metrics.accuracy_score(target[order, 0] > 0.5, outputs[:, 0] > 0.5))


def _auc(target: np.ndarray, order: np.ndarray, outputs: np.ndarray) -> float:
    """Area under the ROC curve of the second of two classes; with more, the mean of each against the rest."""
    scores = outputs[:, -1] if outputs.shape[1] <= 2 else outputs
    most = target.max(axis=1, keepdims=True)  # below 1 where labels are smoothed
    truth = target[order, -1] > 0.5 if outputs.shape[1] <= 2 else (target == most)[order]
    return float(metrics.roc_auc_score(truth, scores))


def _of_labels(metric: Callable[..., Any]) -> Measure:
    """Make a measure from a metric that compares labels."""

    def measure(target: np.ndarray, order: np.ndarray, outputs: np.ndarray) -> float:
        if target.shape[1] == 1:
            return float(metric(target[order, 0] > 0.5, outputs[:, 0] > 0.5, zero_division=0))
        labels, predicted = target[order].argmax(axis=1), outputs.argmax(axis=1)
        if target.shape[1] == 2:
            return float(metric(labels, predicted, pos_label=1, labels=[0, 1], zero_division=0))
        every = list(range(target.shape[1]))
        return float(metric(labels, predicted, average="macro", labels=every, zero_division=0))

    return measure


MEASURES: dict[str, Measure] = {
    "accuracy": _accuracy, "precision": _of_labels(metrics.precision_score),
    "recall": _of_labels(metrics.recall_score), "f1": _of_labels(metrics.f1_score), "auc": _auc,
    "r2": lambda target, order, outputs: float(metrics.r2_score(target[order], outputs)),
    "mean_squared_error": lambda target, order, outputs: float(np.mean((target[order] - outputs) ** 2)),
    "mean_absolute_error": lambda target, order, outputs: float(np.mean(np.abs(target[order] - outputs))),
}
MEASURES |= {"mse": MEASURES["mean_squared_error"], "mae": MEASURES["mean_absolute_error"]}
HIGHER_IS_BETTER = ("accuracy", "precision", "recall", "f1", "auc", "r2")


RISEN = 100.0  # a loss that has grown by this factor has diverged: noise and dropout explain no such rise

# The training ---------------------------------------------------------------------------------------------------------


class DivergenceWarning(UserWarning):
    """A training has diverged: its loss is no longer finite, or far above its start (of trees: above it)."""


class TrainingState:
    """What a further training continues from: the optimizer's moments, its steps, the epochs done.

    The moments of all parts of its chain are one vector, ``slots``, which is None until they are needed; ``layout``
    tells whose they are.
    """

    slots: np.ndarray | None = None
    layout: tuple[Any, ...] = ()
    step = 0
    epochs = 0

    def allocated(self, links: Sequence[Link], dtype: str) -> np.ndarray:
        """The slots, zeros at first; a ValueError if there have been steps with those of another chain."""
        layout = tuple((part.update.__name__, start, stop) for part, start, stop in links if part.moments)
        if self.slots is not None and self.layout != layout and self.step > 0:
            raise ValueError(f"the optimizer was changed after step {self.step}, and needs other moments than it has; "
                             "compile the model again, and it begins with new ones")
        if self.slots is None or self.layout != layout:
            self.layout = layout
            self.slots = engine.aligned(sum(link.part.moments * slot_width(link) for link in links), dtype)
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


def slot_width(link: Link) -> int:
    """The numbers in a row of a link's slots: one for each entry of theta, then padding to whole cache lines."""
    return -(-(link.stop - link.start) // 16) * 16


def descent(links: Sequence[Link], slots: np.ndarray) -> engine.Descent:
    """The optimizer's chain for the engine; its moments are in ``slots``."""
    kernels = [link.part.update for link in links]
    ranges = np.array([(link.start, link.stop, link.part.moments, slot_width(link)) for link in links], np.int64)
    start, stop, moments, widths = ranges.reshape(-1, 4).T.copy()
    settings = np.zeros((len(links), max((len(link.part.settings) for link in links), default=0)))
    for row, link in zip(settings, links, strict=True):
        row[: len(link.part.settings)] = link.part.settings
    slots_at = np.zeros(len(links) + 1, np.int64)
    np.cumsum(widths * moments, out=slots_at[1:])
    return engine.Descent(
        jit.table(kernels, slots.dtype), start, stop, settings, slots, slots_at, moments, widths)


class Training:
    """One call of fit: epochs of an optimizer on an objective, and what is measured in each; ``state`` is updated."""

    def __init__(
        self, objective: Objective, optimizer: Optimizer, state: TrainingState, metrics: Sequence[str], seed: int,
    ) -> None:
        self.objective, self.program, self.optimizer, self.state = objective, objective.program, optimizer, state
        self.metrics, self.seed = list(metrics), np.uint64(seed)
        self.follow_optimizer()
        self.criterion = objective.criterion()
        self.start = self.program.theta.copy(), self.program.state.copy()

    def follow_optimizer(self) -> None:
        """Lay out the optimizer's chain for the engine, as its arguments are now."""
        self.config = self.optimizer.config
        self.links = self.optimizer.chain(self.program.ranges())
        self.objective.compile(*(link.part.update for link in self.links), backward=True)
        self.descent = descent(self.links, self.state.allocated(self.links, self.program.dtype))

    def warn_if_risen(self, rows: engine.Rows, loss: float) -> None:
        """Warn if the ``loss`` of the last epoch is `RISEN` times that before the first one, measured on some rows.

        It must also be so many times that of outputs of 0, or of other losses than of values 1: a network that had
        converged may lose some of its precision when it is trained further.
        """
        least = float(np.mean(rows.target**2)) if self.objective.loss.targets == "values" else 1.0
        if loss <= RISEN * least:  # as nearly always, so that nothing is evaluated
            return
        weights = self.program.theta, self.program.state
        trained = [array.copy() for array in weights]
        some = engine.Rows(*(part[:EVALUATION_ROWS] for part in rows))
        for array, start in zip(weights, self.start, strict=True):
            array[:] = start
        first = self.objective.value(some)
        for array, kept in zip(weights, trained, strict=True):
            array[:] = kept
        if loss > RISEN * max(first, least):
            checks.warn(f"training diverged: the loss was {first:g} before the first epoch, and is {loss:g} in the "
                        f"last one; try a smaller learning_rate than {self.optimizer.learning_rate!r}, or scaled "
                        "inputs", DivergenceWarning)

    def epoch(self, number: int, rows: engine.Rows, plan: Plan, distributed: Any) -> dict[str, float] | None:
        """Train epoch ``number`` (by ``distributed`` if given); return its values, or None if the loss diverged."""
        n, program, state = len(rows.x), self.program, self.state
        if self.optimizer.config is not self.config:  # a callback has set an argument
            self.follow_optimizer()
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
        for (part, start, stop), first in zip(self.links, self.descent.slots_at, strict=False):
            if part.update is weight_average_update:
                self.program.theta[start:stop] = self.descent.slots[first : first + stop - start]

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
        checks.warn(
            f"training diverged in epoch {epoch + 1} after {step} steps: the loss is no longer finite; the last finite "
            f"weights are kept, {kept}; try a smaller learning_rate than {self.optimizer.learning_rate!r}, "
            f"or scaled inputs", DivergenceWarning)
