"""Gradient boosting: each iteration fits a tree to the derivatives of the loss at the outputs so far, and adds it.

Source: Friedman (2001), "Greedy function approximation: a gradient boosting machine", algorithm 1; with second
derivatives, Chen and Guestrin (2016), "XGBoost: a scalable tree boosting system".
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune.tables.trees.losses import LOSSES
from scratchtune.tables.trees.prediction import Forest, add_trees, joined
from scratchtune.tables.trees.split import Limits
from scratchtune.tables.trees.tree import Nodes, Training, add_leaf_values, grow, nodes_for, work_for


class Rows(NamedTuple):
    """Rows as codes (d, n) uint8, their targets (n,) and weights (n,), float64."""

    codes: np.ndarray
    target: np.ndarray
    weight: np.ndarray


class Plan(NamedTuple):
    """A name of `LOSSES`, the number of outputs, the most iterations, and the seed of the random choice of columns.

    ``deadline`` is a moment of `time.monotonic`: training ends after the iteration that passes it.
    """

    loss: str
    outputs: int
    iterations: int
    seed: int
    deadline: float = math.inf


class Stopping(NamedTuple):
    """When to stop early: after ``patience`` iterations without a loss smaller by more than ``tol``."""

    patience: int
    tol: float


class Boosted(NamedTuple):
    """The first outputs (outputs,), the trees, and the mean losses before each iteration and after the last one."""

    baseline: np.ndarray
    forest: Forest
    training_losses: list[float]
    validation_losses: list[float]


class Outputs:
    """The outputs of the trees so far for some rows, (outputs, n), and what the loss needs."""

    def __init__(self, rows: Rows, loss: str, baseline: np.ndarray) -> None:
        self.rows, self.loss = rows, LOSSES[loss]
        self.output = np.repeat(baseline[:, None], len(rows.target), axis=1)
        self.derivatives = np.empty((*self.output.shape, 2), np.float32)

    def mean_loss(self) -> float:
        """Write the derivatives at the outputs; return the weighted mean loss."""
        total = self.loss.derivatives(self.output, self.rows.target, self.rows.weight, self.derivatives)
        return float(total / self.rows.weight.sum())

    def add(self, tree: Nodes, k: int) -> None:
        """Add a tree's values to output k."""
        add_trees(self.rows.codes, tree, np.array([0, len(tree.value)]), 0, 1, self.output[k : k + 1])


def no_improvement(losses: list[float], stopping: Stopping) -> bool:
    """Whether none of the last ``patience`` losses is smaller than the one before them by more than ``tol``."""
    if len(losses) <= stopping.patience:
        return False
    reference = losses[-stopping.patience - 1] - stopping.tol
    return all(loss >= reference for loss in losses[-stopping.patience:])


def boost(
    training: Training, rows: Rows, validation: Rows | None, limits: Limits, plan: Plan, stopping: Stopping | None,
    verbose: int = 0,
) -> Boosted:
    """Train by gradient boosting, as `Plan` says.

    ``stopping`` watches the losses of ``validation``, or of training if that is None. ``verbose=1`` shows a progress
    bar after two seconds, if stderr is a terminal.
    """
    baseline = LOSSES[plan.loss].baseline(rows.target, rows.weight, plan.outputs)
    fitted = Outputs(rows, plan.loss, baseline)
    watched = Outputs(validation, plan.loss, baseline) if validation is not None else None
    work, memory = work_for(training, limits.max_leaves), nodes_for(limits.max_leaves)
    trees: list[Nodes] = []
    losses = [fitted.mean_loss()]
    validation_losses = [watched.mean_loss()] if watched else []
    for _ in tqdm(range(plan.iterations), "trees", leave=False, delay=2, disable=None if verbose else True):
        for k in range(plan.outputs):
            key = np.uint64((plan.seed + len(trees)) % 2**64)
            count = grow(training, fitted.derivatives[k], limits, work, memory, key)
            add_leaf_values(fitted.derivatives[k], limits, work, memory, fitted.output[k])
            trees.append(Nodes(*(part[:count].copy() for part in memory)))
            if watched:
                watched.add(trees[-1], k)
        losses.append(fitted.mean_loss())
        if watched:
            validation_losses.append(watched.mean_loss())
        late = time.monotonic() >= plan.deadline
        if late or stopping and no_improvement(validation_losses or losses, stopping):
            break
    return Boosted(baseline, joined(trees), losses, validation_losses)
