"""Distributed gradient descent shares the rows of a batch out to workers, and moves theta by their mean gradient.

Every worker has the whole network and all rows, sent once. For each batch, worker p computes the gradient over its part
of the rows at the theta that it is sent; the coordinator takes the mean, adds the penalty's gradient, and lets the
optimizer move theta. Means are taken in the order of the parts, so a training gives the same bits each time, and up to
rounding those of one worker. Layers that draw random numbers draw others in each part.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scratchtune import checks, jit, shipping
from scratchtune.network import engine
from scratchtune.network.optimizers import weight_decay
from scratchtune.network.random_numbers import random_bits
from scratchtune.shipping import MISSING, Shipment, received

if TYPE_CHECKING:
    from scratchtune.network.sequential import Sequential

NO_PENALTY = engine.Penalty(0.0, 0.0, np.zeros((0, 2), np.int64))


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
    weights = rows.astype(out.dtype)  # a whole number times float32 would be float64
    out[:] = weights[0] * gradients[0]
    for p in range(1, len(rows)):
        out += weights[p] * gradients[p]
    out /= np.sum(weights)


class Part(NamedTuple):
    """What a worker gives back: the mean loss over its rows, the gradient, and what the network gave for each row."""

    value: float
    gradient: np.ndarray
    outputs: np.ndarray


class Replica:
    """A worker's copy of the network, for one part of each batch."""

    def __init__(self, model: Sequential, rows: engine.Rows, size: int) -> None:
        self.model, self.rows = model, rows
        model._prepare(fitting=True)
        self.layers, kernel = model._trained_stages()
        self.loss, self.network = kernel.compiled(model.dtype), model._network(size)

    def part(self, theta: np.ndarray, chosen: np.ndarray, step: int, key: np.uint64, shown: int) -> Part:
        """Loss and gradient at theta over the chosen rows; after the first ``shown`` layers the outputs, 0: none."""
        network, n = self.network, len(chosen)
        network.theta[:] = theta
        engine.matrix(network.values, network.at, 0, n)[:] = self.rows.x[chosen]
        with np.errstate(over="ignore", invalid="ignore"):
            value = engine.loss_and_gradient(
                network, self.layers, self.loss, NO_PENALTY, self.rows.target[chosen], self.rows.weight[chosen], True,
                step, key)
            outputs = np.empty((0, 0), theta.dtype)
            if shown:
                engine.forward_pass(network, self.layers, shown, n, True, step, key)
                outputs = engine.matrix(network.values, network.at, shown, n).copy()
        return Part(float(value), network.gradient.copy(), outputs)


KEPT = 16
_replicas: dict[tuple[str, int], Replica] = {}  # of this process, by training and number of the part, the last ones
_making = threading.Lock()


def part_of(
    training: str, digest: str, payload: bytes | None, number: int, theta: np.ndarray, chosen: np.ndarray, step: int,
    key: int, shown: int,
) -> Part | None:
    """In a worker: one part of a batch; None where the worker does not have the network and the rows."""
    with _making:
        replica = _replicas.get((training, number))
        if replica is None:
            thing = received(digest, payload)
            if thing is MISSING:
                return None
            while len(_replicas) >= KEPT:
                del _replicas[next(iter(_replicas))]
            model, rows, size = thing
            replica = _replicas[training, number] = Replica(model.replica(), rows, size)
    return replica.part(theta, chosen, step, np.uint64(key), shown)


def forget(training: str, digest: str) -> None:
    """In this process, let a training's replicas and rows go."""
    with _making:
        for old in [known for known in _replicas if known[0] == training]:
            del _replicas[old]
        shipping.forget(digest)


@jit.loop
def move(network, penalty, descent, rate, step):
    """Add the penalty's gradient to the gradient and take a step; return the penalty."""
    value = engine.penalise(network, penalty)
    if descent.weight_decay > 0.0:
        weight_decay(network.theta, rate, descent.weight_decay)
    jit.call(descent.update, (network.theta, network.gradient, descent.slots, descent.settings, rate, step))
    return value


class Shared:
    """The coordinator of a training that is shared out."""

    def __init__(self, model: Sequential, rows: engine.Rows, batch_size: int, executor: Any, workers: Any) -> None:
        if not callable(getattr(executor, "submit", None)):
            raise TypeError(f"executor is {executor!r}; it must be one of concurrent.futures, or alike")
        self.executor: Executor = executor
        self.workers = checks.integer("workers", workers, 1, batch_size)
        if model._state.size:
            raise ValueError("the model has a layer with running averages, whose training can't be shared out")
        self.training = uuid.uuid4().hex  # two trainings of the same model and rows must not share replicas
        self.model, size = model, -(-batch_size // self.workers)
        here = isinstance(executor, ThreadPoolExecutor)
        self.shipment = Shipment("the model", (model, rows, size), 0 if here else self.workers)
        if here:
            received(self.shipment.digest, self.shipment.payload)

    def close(self) -> None:
        """Let go of what this process holds for the training."""
        forget(self.training, self.shipment.digest)

    def train_epoch(
        self, rates: np.ndarray, order: np.ndarray, batch_size: int, step: int, seed: np.uint64, shown: int,
        outputs: np.ndarray,
    ) -> tuple[float, int]:
        """One pass over the rows, as `engine.train_epoch`."""
        model, total, done = self.model, 0.0, 0
        network, penalty, descent = model._network(batch_size), model._penalty(), model._descent()
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            pieces = np.array_split(chosen, min(self.workers, len(chosen)))
            parts = self._parts(pieces, step, random_bits(seed, np.uint64(step)), shown if len(outputs) else 0)
            sizes = np.array([len(piece) for piece in pieces])
            value = float(np.dot(sizes, [part.value for part in parts]) / len(chosen))
            mean_gradient(np.array([part.gradient for part in parts]), sizes, network.gradient)
            if not np.isfinite(value):
                break
            value += move(network, penalty, descent, float(rates[done]), step + 1)
            if len(outputs):
                outputs[start : start + len(chosen)] = np.concatenate([part.outputs for part in parts])
            step, done, total = step + 1, done + 1, total + value * len(chosen)
        return total / len(order), done

    def _parts(self, pieces: Sequence[np.ndarray], step: int, key: Any, shown: int) -> list[Part]:
        """The parts of a batch, in order; a worker that lacks the network and the rows is sent them."""
        theta = self.model.theta.copy()

        def submitted(number: int, payload: bytes | None) -> Future:
            return self.executor.submit(
                part_of, self.training, self.shipment.digest, payload, number, theta, pieces[number], step, int(key),
                shown)

        futures = [submitted(number, self.shipment.for_next()) for number in range(len(pieces))]
        parts: list[Part] = []
        for number, future in enumerate(futures):
            part = future.result()
            while part is None:
                part = submitted(number, self.shipment.payload).result()
            parts.append(part)
        return parts
