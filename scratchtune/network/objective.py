"""The objective J(theta) of a program: the mean loss over the rows, plus the penalty; and its gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchtune import jit
from scratchtune.network import engine
from scratchtune.network.layers.activation import Activation
from scratchtune.network.losses import Loss
from scratchtune.network.penalties import L1L2, l1_l2_penalty
from scratchtune.network.program import Program, compile_kernels


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
        return engine.Penalty(
            np.array([(start, stop) for _, start, stop in parts], np.int64).reshape(-1, 2),
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
