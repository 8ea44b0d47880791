"""Distributed gradient descent: workers compute the gradients of parts of a batch, and theta is updated by their mean.

This is synchronous data parallelism. Each batch is divided into *shards*, one for each worker. The coordinator takes
the mean of the workers' gradients and adds the penalty's gradient; then the optimizer updates theta. The mean is taken
in the order of the shards, so a training has the same bits each time, and up to rounding those of a single worker.

Threads share the coordinator's theta and rows, so nothing is copied. Another process is sent the program and all rows
once, and theta with each shard. `Sequential.fit` finds the coordinator when this module is loaded.

Implements section 7.3 of the document.
"""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, jit, shipping
from scratchtune.core.network import engine
from scratchtune.core.network.program import Program
from scratchtune.core.network.random_numbers import random_bits
from scratchtune.core.network.training import COORDINATORS, Objective
from scratchtune.core.shipping import MISSING, Shipment, received


@jit.function
def mean_gradient(gradients: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Gradient of the mean loss over all rows, from the gradients of the means over parts of the rows.

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


class Shard(NamedTuple):
    """A worker's shard of a batch; outputs of ``output_layers`` stages are requested for the metrics, none for 0."""

    number: int
    chosen: np.ndarray
    step: int
    key: int
    output_layers: int


Result = tuple[float, np.ndarray, np.ndarray]  # of a shard: its mean loss, the gradient, and the requested outputs


class Replica:
    """A worker's copy of the network, for one shard of each batch, of at most ``size`` rows."""

    def __init__(self, objective: Objective, rows: engine.Rows, size: int) -> None:
        objective.compile(backward=True)
        self.rows, self.criterion = rows, objective.criterion()._replace(penalty=engine.NO_PENALTY)
        self.network = objective.program.new_network(size)

    def result(self, shard: Shard) -> Result:
        """Loss, gradient and outputs of a shard, at the network's theta."""
        layers, widths = shard.output_layers, self.network.at.widths
        outputs = np.empty((len(shard.chosen), widths[layers]) if layers else (0, 0), self.network.theta.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            value = engine.shard_gradient(
                self.network, self.criterion, self.rows, shard.chosen, shard.step, np.uint64(shard.key), layers,
                outputs)
        return float(value), self.network.gradient, outputs


KEPT = 16  # replicas in a worker
_replicas: dict[tuple[str, int], Replica] = {}  # of this process, by training and shard, the latest ones
_replicas_lock = threading.Lock()


def compute_shard(training: str, digest: str, payload: bytes | None, theta: np.ndarray, shard: Shard) -> Result | None:
    """Compute the result of a shard in a worker process; None if the process has no program and rows."""
    with _replicas_lock:
        replica = _replicas.get((training, shard.number))
        if replica is None:
            shipped = received(digest, payload)
            if shipped is MISSING:
                return None
            while len(_replicas) >= KEPT:
                del _replicas[next(iter(_replicas))]
            objective, rows, size = shipped
            replica = _replicas[training, shard.number] = Replica(objective.replica(), rows, size)
    replica.network.theta[:] = theta
    return replica.result(shard)


class Coordinator:
    """The coordinator of a distributed training: theta is updated by the mean of the shards' gradients.

    Trainings of the same model and rows must not share replicas: processes know each by its ``training``.
    """

    def __init__(self, objective: Objective, rows: engine.Rows, batch_size: int, executor: Any, workers: Any) -> None:
        if not callable(getattr(executor, "submit", None)):
            raise TypeError(f"executor is {executor!r}; it must be one of concurrent.futures, or have the same methods")
        count = checks.integer("workers", workers, 1, batch_size)
        if objective.program.state.size:
            raise ValueError("the model has a layer with moving averages, whose training can't be distributed; fit "
                             "it without executor")
        in_threads, size = isinstance(executor, ThreadPoolExecutor), -(-batch_size // count)
        warn_of_little_work(objective.program, size, count, "threads" if in_threads else "processes")
        self.objective, self.executor, self.count = objective, executor, count
        self.replicas = [Replica(objective, rows, size) for _ in range(count)] if in_threads else []
        self.shipment = Shipment("the model", None if in_threads else (objective, rows, size), count)
        self.training = uuid.uuid4().hex
        self.gradients = np.empty((count, objective.program.theta.size), objective.program.dtype)

    def close(self) -> None:
        """Release what this process holds for the training, in case it was a worker itself."""
        with _replicas_lock:
            for old in [known for known in _replicas if known[0] == self.training]:
                del _replicas[old]
            shipping.forget(self.shipment.digest)

    def _results(self, shards: list[Shard]) -> Iterable[Result]:
        """The results, in the order of the shards; a process that lacks the program and the rows is sent them."""
        if self.replicas:
            futures = [self.executor.submit(self.replicas[shard.number].result, shard) for shard in shards]
        else:
            futures = [self._sent(shard, self.shipment.for_next()) for shard in shards]
        for shard, future in zip(shards, futures, strict=True):
            while (result := future.result()) is None:
                future = self._sent(shard, self.shipment.payload)
            yield result

    def _sent(self, shard: Shard, payload: bytes | None) -> Future:
        theta = self.objective.program.theta
        return self.executor.submit(compute_shard, self.training, self.shipment.digest, payload, theta, shard)

    def train_epoch(
        self, descent: engine.Descent, epoch: engine.Epoch, output_layers: int, outputs: np.ndarray,
    ) -> tuple[float, int]:
        """One pass over the rows, as `engine.train_epoch`; return the mean loss and how many steps were taken."""
        network, penalty = self.objective.program.network(epoch.batch_size), self.objective.penalised
        total, done = 0.0, 0
        for start in range(0, len(epoch.order), epoch.batch_size):
            chosen, step = epoch.order[start : start + epoch.batch_size], epoch.step + done
            key, parts = int(random_bits(epoch.seed, np.uint64(step))), min(self.count, len(chosen))
            shards = [Shard(number, part, step, key, output_layers if len(outputs) else 0)
                      for number, part in enumerate(np.array_split(chosen, parts))]
            value = self._mean(shards, network.gradient, outputs[start:])
            if not np.isfinite(value):
                break  # diverged: fewer steps are done than planned, so the caller does not use the mean
            value += engine.penalised_update(network, penalty, descent, float(epoch.rates[done]), step + 1)
            total, done = total + value * len(chosen), done + 1
        return total / len(epoch.order), done

    def _mean(self, shards: list[Shard], gradient: np.ndarray, outputs: np.ndarray) -> float:
        """Return the mean loss of the shards; write their mean gradient and their outputs to the two arrays."""
        sizes, values, first = np.array([len(shard.chosen) for shard in shards]), [], 0
        for shard, (value, shard_gradient, shard_outputs) in zip(shards, self._results(shards), strict=True):
            values.append(value)
            self.gradients[shard.number] = shard_gradient
            if shard.output_layers:
                outputs[first : first + len(shard.chosen)] = shard_outputs
            first += len(shard.chosen)
        mean_gradient(self.gradients, sizes, gradient)
        return float(np.dot(sizes, values) / sizes.sum())


COORDINATORS.append(Coordinator)


class EfficiencyWarning(UserWarning):
    """A training is shared among workers although one worker would be as fast; the result is right all the same."""


# Multiply-adds of a forward pass that sharing a step costs, for waking two workers on two cores and for each parameter,
# by benchmarks/results/distributed_training.md; the same call warns on every machine.
COSTS = {"threads": (2_500_000, 65), "processes": (15_000_000, 430)}


def warn_of_little_work(program: Program, rows: int, workers: int, kind: str) -> None:
    """Warn the caller of ``fit`` where the work of one worker, on so many ``rows``, does not outweigh the costs."""
    per_step, per_parameter = COSTS[kind]
    work = rows * sum(engine.parameter_count(stage) * math.prod(stage.output_shape[:-1]) for stage in program.stages)
    least = per_step + per_parameter * program.theta.size
    if work < least:
        checks.warn(
            f"each of the {workers} workers computes {work:,} multiply-adds per batch; below {least:,}, sharing a "
            f"training of {program.theta.size:,} parameters among {kind} is no faster than one worker: leave out "
            f"executor, or use larger batches", EfficiencyWarning)
