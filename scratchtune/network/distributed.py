"""Distributed gradient descent shares the rows of a batch out to workers, and moves theta by their mean gradient.

For each batch, worker p computes the gradient over its part of the rows; the coordinator takes the mean, adds the
penalty's gradient, and lets the optimizer move theta. Means are taken in the order of the parts, so a training gives
the same bits each time, and up to rounding those of one worker. Layers that draw random numbers draw others in each
part.

Threads share the coordinator's theta, rows and the memory of the gradients, so nothing is copied. Another process is
sent the program and all rows once, and theta with each part.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np

from scratchtune import checks, jit, shipping
from scratchtune.network import engine
from scratchtune.network.objective import Objective
from scratchtune.network.random_numbers import random_bits
from scratchtune.network.sharing import warn_of_little_work
from scratchtune.shipping import MISSING, Shipment, received

NO_PENALTY = engine.Penalty(0.0, 0.0, np.zeros((0, 2), np.int64))


@jit.function
def mean_gradient(gradients: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Gradient of the mean loss over all rows, from the gradients of the means over parts of them.

    Formula [mean_gradient]
        gᵢ = Σₚ[nₚ · hₚᵢ] / Σₚ[nₚ]
    Where
        h: gradients, (p, i), real
        n: rows, (p,), integer >= 1, of each part
        g: out, (i,), written
    Source
        Dean et al. (2012), "Large scale distributed deep networks", in its synchronous form: Chen et al. (2016),
        "Revisiting distributed synchronous SGD", section 3.
    Example
        >>> g = np.empty(1)
        >>> mean_gradient(np.array([[1.0], [4.0]]), np.array([2, 1]), g)
        >>> float(g[0])
        2.0
    """
    total = 0
    for p in range(rows.size):
        total += rows[p]
    for i in range(out.size):
        out[i] = rows[0] * gradients[0, i]
        for p in range(1, rows.size):
            out[i] += rows[p] * gradients[p, i]
        out[i] /= total


class Piece(NamedTuple):
    """A worker's piece of a batch: its number, the rows, the step, the batch's random bits, what is measured."""

    number: int
    chosen: np.ndarray
    step: int
    key: int
    measured: int  # after so many stages the outputs are wanted; 0: none


class Part(NamedTuple):
    """What a worker returns: the mean loss over its rows, the gradient, and the outputs that were wanted."""

    value: float
    gradient: np.ndarray
    outputs: np.ndarray


class Replica:
    """A worker's network, for one part of each batch."""

    def __init__(self, objective: Objective, rows: engine.Rows, size: int) -> None:
        program = objective.program
        objective.compile(backward=True)
        self.rows, self.criterion = rows, objective.criterion()._replace(penalty=NO_PENALTY)
        self.network = engine.build_network(program.stages, program.theta, program.state, size)

    def part(self, piece: Piece) -> Part:
        """Loss, gradient and outputs of a piece, at the theta of the network."""
        at = self.network.at
        shape = (len(piece.chosen), at.widths[piece.measured]) if piece.measured else (0, 0)
        outputs = np.empty(shape, self.network.theta.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            value = engine.part_gradient(
                self.network, self.criterion, self.rows, piece.chosen, piece.step, np.uint64(piece.key),
                piece.measured, outputs)
        return Part(float(value), self.network.gradient, outputs)


# Where the workers are ------------------------------------------------------------------------------------------------


class Workers(Protocol):
    """Who computes the parts of a batch."""

    def parts(self, pieces: list[Piece]) -> Iterable[Part]:
        """The parts, in order."""

    def close(self) -> None:
        """Let go of what is held for the training."""


class Threads:
    """Workers in threads of this process, around the coordinator's own theta."""

    def __init__(self, executor: Executor, objective: Objective, rows: engine.Rows, size: int, workers: int) -> None:
        self.executor = executor
        self.replicas = [Replica(objective, rows, size) for _ in range(workers)]

    def parts(self, pieces: list[Piece]) -> Iterable[Part]:
        """The parts, in order."""
        futures = [self.executor.submit(self.replicas[piece.number].part, piece) for piece in pieces]
        return [future.result() for future in futures]

    def close(self) -> None:
        """Nothing outlives this object."""


class Processes:
    """Workers elsewhere, which keep the program and the rows and are sent theta."""

    def __init__(self, executor: Executor, objective: Objective, rows: engine.Rows, size: int, workers: int) -> None:
        self.executor, self.theta = executor, objective.program.theta
        self.training = uuid.uuid4().hex  # two trainings of the same model and rows must not share replicas
        self.shipment = Shipment("the model", (objective, rows, size), workers)

    def parts(self, pieces: list[Piece]) -> Iterable[Part]:
        """The parts, in order; a worker that lacks the program and the rows is sent them."""
        futures = [self._submitted(piece, self.shipment.for_next()) for piece in pieces]
        for piece, future in zip(pieces, futures, strict=True):
            part = future.result()
            while part is None:
                part = self._submitted(piece, self.shipment.payload).result()
            yield part

    def _submitted(self, piece: Piece, payload: bytes | None) -> Future:
        return self.executor.submit(part_of, self.training, self.shipment.digest, payload, self.theta, piece)

    def close(self) -> None:
        """Let go of what this process holds for the training, where it was a worker itself."""
        forget(self.training, self.shipment.digest)


KEPT = 16
_replicas: dict[tuple[str, int], Replica] = {}  # of this process, by training and number of the part, the last ones
_making = threading.Lock()


def part_of(training: str, digest: str, payload: bytes | None, theta: np.ndarray, piece: Piece) -> Part | None:
    """In a worker: one part of a batch; None where the worker does not have the program and the rows."""
    with _making:
        replica = _replicas.get((training, piece.number))
        if replica is None:
            thing = received(digest, payload)
            if thing is MISSING:
                return None
            while len(_replicas) >= KEPT:
                del _replicas[next(iter(_replicas))]
            objective, rows, size = thing
            replica = _replicas[training, piece.number] = Replica(objective.replica(), rows, size)
    replica.network.theta[:] = theta
    return replica.part(piece)


def forget(training: str, digest: str) -> None:
    """In this process, let a training's replicas and rows go."""
    with _making:
        for old in [known for known in _replicas if known[0] == training]:
            del _replicas[old]
        shipping.forget(digest)


# The coordinator ------------------------------------------------------------------------------------------------------


class Shared:
    """The coordinator of a training that is shared out: the mean of the parts' gradients moves theta."""

    def __init__(
        self, objective: Objective, rows: engine.Rows, batch_size: int, executor: Any, workers: Any,
    ) -> None:
        if not callable(getattr(executor, "submit", None)):
            raise TypeError(f"executor is {executor!r}; it must be one of concurrent.futures, or alike")
        count = checks.integer("workers", workers, 1, batch_size)
        if objective.program.state.size:
            raise ValueError("the model has a layer with running averages, whose training can't be shared out")
        in_threads = isinstance(executor, ThreadPoolExecutor)
        warn_of_little_work(objective.program, batch_size, count, "threads" if in_threads else "processes")
        where = Threads if in_threads else Processes
        self.objective, self.count = objective, count
        self.workers: Workers = where(executor, objective, rows, -(-batch_size // count), count)
        self.gradients = np.empty((count, objective.program.theta.size), objective.program.dtype)

    def close(self) -> None:
        """Let go of what is held for the training."""
        self.workers.close()

    def train_epoch(
        self, descent: engine.Descent, rows: engine.Rows, epoch: engine.Epoch, measured: int, outputs: np.ndarray,
    ) -> tuple[float, int]:
        """One pass over the rows, as `engine.train_epoch`."""
        network, penalty = self.objective.program.network(epoch.batch_size), self.objective.criterion().penalty
        total, done = 0.0, 0
        for start in range(0, len(epoch.order), epoch.batch_size):
            chosen, step = epoch.order[start : start + epoch.batch_size], epoch.step + done
            pieces = self._pieces(chosen, step, epoch.seed, measured if len(outputs) else 0)
            value = self._mean(pieces, network.gradient, outputs[start:])
            if not np.isfinite(value):
                break
            value += engine.penalised_update(network, penalty, descent, float(epoch.rates[done]), step + 1)
            total, done = total + value * len(chosen), done + 1
        return total / len(epoch.order), done

    def _pieces(self, chosen: np.ndarray, step: int, seed: np.uint64, measured: int) -> list[Piece]:
        key = int(random_bits(seed, np.uint64(step)))
        parts = np.array_split(chosen, min(self.count, len(chosen)))
        return [Piece(number, part, step, key, measured) for number, part in enumerate(parts)]

    def _mean(self, pieces: list[Piece], gradient: np.ndarray, outputs: np.ndarray) -> float:
        """Have the pieces computed: the mean loss; the mean gradient and the outputs are written."""
        sizes = np.array([len(piece.chosen) for piece in pieces])
        values, first = [], 0
        for piece, part in zip(pieces, self.workers.parts(pieces), strict=True):
            values.append(part.value)
            self.gradients[piece.number] = part.gradient
            if piece.measured:
                outputs[first : first + len(piece.chosen)] = part.outputs
            first += len(piece.chosen)
        mean_gradient(self.gradients, sizes, gradient)
        return float(np.dot(sizes, values) / sizes.sum())
