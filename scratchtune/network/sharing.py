"""Whether it pays to share a training among workers: the work of each must outweigh what sharing costs in every step.
"""

from __future__ import annotations

import math
import warnings

from scratchtune.network import engine
from scratchtune.network.program import Program

LEAST_WORK = {"threads": 20_000_000, "processes": 1_000_000_000}


class EfficiencyWarning(UserWarning):
    """A training is shared among workers although one worker would be as fast; the result is right all the same."""


def multiply_adds(program: Program) -> int:
    """Multiply-adds of the forward pass over one row: each weight counts at each position where it is used."""
    return sum(engine.parameter_count(stage) * math.prod(stage.output_shape[:-1]) for stage in program.stages)


def work_of_worker(program: Program, batch_size: int, workers: int) -> int:
    """Multiply-adds of the forward pass over one worker's part of a batch."""
    return multiply_adds(program) * -(-batch_size // workers)


def warn_of_little_work(program: Program, batch_size: int, workers: int, kind: str) -> None:
    """Warn the caller of ``fit`` where a worker has less than `LEAST_WORK` for its kind, "threads" or "processes"."""
    work = work_of_worker(program, batch_size, workers)
    if work < LEAST_WORK[kind]:
        warnings.warn(
            f"each of the {workers} workers computes {work:,} multiply-adds per batch; with fewer than "
            f"{LEAST_WORK[kind]:,} in {kind}, sharing a training is not faster than one worker: leave out executor, "
            f"or use larger batches", EfficiencyWarning, stacklevel=4)
