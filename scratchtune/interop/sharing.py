"""The cost of sharing a training among workers, and a warning where a worker's part of each batch does not outweigh it.

Both are counted in multiply-adds of the forward pass. The costs are those of two workers on two cores, by
benchmarks/results/distributed_training.md. They are constants, so the same call warns on every machine.
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

from scratchtune.network import engine
from scratchtune.network.program import Program


class Cost(NamedTuple):
    """What sharing costs in each step: for waking the workers, and per parameter, since gradients are averaged."""

    per_step: int
    per_parameter: int


COSTS = {"threads": Cost(2_500_000, 65), "processes": Cost(15_000_000, 430)}


class EfficiencyWarning(UserWarning):
    """A training is shared among workers although one worker would be as fast; the result is right all the same."""


def multiply_adds(program: Program) -> int:
    """Multiply-adds of the forward pass over one row: each weight counts at each position where it is used."""
    return sum(engine.parameter_count(stage) * math.prod(stage.output_shape[:-1]) for stage in program.stages)


def work_of_worker(program: Program, batch_size: int, workers: int) -> int:
    """Multiply-adds of the forward pass over one worker's part of a batch."""
    return multiply_adds(program) * -(-batch_size // workers)


def least_work(program: Program, kind: str) -> int:
    """The least work of a worker with which sharing pays; ``kind`` is "threads" or "processes"."""
    cost = COSTS[kind]
    return cost.per_step + cost.per_parameter * program.theta.size


def warn_of_little_work(program: Program, batch_size: int, workers: int, kind: str) -> None:
    """Warn the caller of ``fit`` where each worker has less than the least work."""
    work, least = work_of_worker(program, batch_size, workers), least_work(program, kind)
    if work < least:
        warnings.warn(
            f"each of the {workers} workers computes {work:,} multiply-adds per batch; below {least:,}, sharing a "
            f"training of {program.theta.size:,} parameters among {kind} is no faster than one worker: leave out "
            f"executor, or use larger batches", EfficiencyWarning, stacklevel=4)
