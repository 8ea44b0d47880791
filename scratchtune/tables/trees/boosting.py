"""Gradient boosting: each iteration fits a tree to the derivatives of the loss at the outputs so far, and adds it.

Source: Friedman (2001), "Greedy function approximation: a gradient boosting machine", algorithm 1; with second
derivatives, Chen and Guestrin (2016), "XGBoost: a scalable tree boosting system".
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune.tables.trees.losses import LOSSES, baseline
from scratchtune.tables.trees.prediction import Forest, add_trees, joined
from scratchtune.tables.trees.split import Limits
from scratchtune.tables.trees.tree import Nodes, Training, add_leaf_values, grow, nodes_for, work_for


class Rows(NamedTuple):
    """Rows as codes (d, n) uint8, their targets (n,) and weights (n,), float64."""

    codes: np.ndarray
    target: np.ndarray
    weight: np.ndarray


class Plan(NamedTuple):
    """A name of `LOSSES`, the number of outputs, the most iterations, the seed of the choice of columns, and the end.

    Training ends early after ``patience`` iterations without a loss smaller by more than ``tol`` (0: it does not), and
    after the iteration that passes ``deadline``, a moment of `time.monotonic`. With ``verbose`` a progress bar appears
    after two seconds, if stderr is a terminal.
    """

    loss: str
    outputs: int
    iterations: int
    seed: int
    patience: int
    tol: float
    deadline: float
    verbose: int


class Outputs:
    """The outputs of the trees so far for some rows, (outputs, n), the derivatives there, and the losses so far."""

    def __init__(self, rows: Rows, loss: str, baseline: np.ndarray) -> None:
        self.rows, self.loss = rows, LOSSES[loss]
        self.output = np.repeat(baseline[:, None], len(rows.target), axis=1)
        self.derivatives = np.empty((*self.output.shape, 2), np.float32)
        self.losses: list[float] = []
        self.evaluate()

    def evaluate(self) -> None:
        """Write the derivatives at the outputs; add the weighted mean loss to the list."""
        total = self.loss(self.output, self.rows.target, self.rows.weight, self.derivatives)
        self.losses.append(float(total / self.rows.weight.sum()))

    def add(self, tree: Nodes, k: int) -> None:
        """Add a tree's values to output k."""
        add_trees(self.rows.codes, tree, np.array([0, len(tree.value)]), 0, 1, self.output[k : k + 1])


def no_improvement(losses: list[float], plan: Plan) -> bool:
    """Whether none of the last ``patience`` losses is smaller than the one before them by more than ``tol``."""
    if plan.patience == 0 or len(losses) <= plan.patience:
        return False
    reference = losses[-plan.patience - 1] - plan.tol
    return all(loss >= reference for loss in losses[-plan.patience:])


def boost(
    columns: np.ndarray, rows: Rows, validation: Rows | None, limits: Limits, plan: Plan,
) -> tuple[np.ndarray, Forest, list[float], list[float]]:
    """Train by gradient boosting, as `Plan` says, on rows with the ``columns`` of `Training`.

    The losses of ``validation`` decide when to end early, or those of training if that is None. Returns the first
    outputs, the trees, and the mean losses of both before each iteration and after the last one.
    """
    training, first = Training(rows.codes, columns), baseline(plan.loss, rows.target, rows.weight, plan.outputs)
    fitted = Outputs(rows, plan.loss, first)
    watched = Outputs(validation, plan.loss, first) if validation is not None else None
    work, memory = work_for(training, limits.max_leaves), nodes_for(limits.max_leaves)
    trees: list[Nodes] = []
    for _ in tqdm(range(plan.iterations), "trees", leave=False, delay=2, disable=None if plan.verbose else True):
        for k in range(plan.outputs):
            key = np.uint64((plan.seed + len(trees)) % 2**64)
            count = grow(training, fitted.derivatives[k], limits, work, memory, key)
            add_leaf_values(fitted.derivatives[k], limits, work, memory, fitted.output[k])
            trees.append(Nodes(*(part[:count].copy() for part in memory)))
            if watched:
                watched.add(trees[-1], k)
        for outputs in (fitted, watched):
            if outputs:
                outputs.evaluate()
        if time.monotonic() >= plan.deadline or no_improvement((watched or fitted).losses, plan):
            break
    return first, joined(trees), fitted.losses, watched.losses if watched else []
