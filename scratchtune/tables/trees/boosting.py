"""Gradient boosting: each iteration fits a tree to the derivatives of the loss at the outputs so far, and adds it.

Each kernel of a loss writes ``derivatives`` (outputs, n, 2) float32, gradients and Hessians with respect to the
outputs (outputs, n) float64, and returns the weighted sum of the losses there. For a prediction a row goes down each
tree, by its codes, and the values of the leaves that it reaches are added.

Source: Friedman (2001), "Greedy function approximation: a gradient boosting machine", algorithm 1; with second
derivatives, Chen and Guestrin (2016), "XGBoost: a scalable tree boosting system".

Implements section 8.1 of the document.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune.core import checks, jit
from scratchtune.core.network.losses import sigmoid_crossentropy, sigmoid_crossentropy_grad
from scratchtune.core.network.random_numbers import random_bits
from scratchtune.core.network.training import DivergenceWarning
from scratchtune.tables.trees.split import Limits, includes
from scratchtune.tables.trees.tree import Nodes, Training, add_leaf_values, grow, nodes_for, work_for

ROUNDING = 1e-6  # relative: a loss that is higher by no more is equal, for derivatives are float32
BLOCK = 256  # rows that go down one tree before the next, so that the tree can stay in the cache


# Losses ---------------------------------------------------------------------------------------------------------------


@jit.function
def half_squared_error(f, y):
    """Half the squared error of one row, so that its second derivative is 1.

    Formula [half_squared_error]
        L = (f − y)² / 2
    Where
        f: f, scalar, real, the output
        y: y, scalar, real, the target
    Source
        Friedman (2001), "Greedy function approximation: a gradient boosting machine", algorithm 2.
    Example
        >>> half_squared_error(1.0, 4.0)
        4.5
    """
    return 0.5 * (f - y) * (f - y)


@jit.function
def half_squared_error_grad(f, y):
    """Gradient of half the squared error: minus the residual, which the next tree is fitted to.

    Formula [half_squared_error_grad]
        g = f − y
    Gradient of
        [half_squared_error] in f
    Where
        f: f, scalar, real, the output
        y: y, scalar, real, the target
    Source
        Friedman (2001), algorithm 2.
    Example
        >>> half_squared_error_grad(1.0, 4.0)
        -3.0
    """
    return f - y


@jit.function
def probability_hessian(p):
    """Second derivative of the cross-entropy in a logit, for the sigmoid and, on the diagonal, for softmax.

    Formula [probability_hessian]
        h = p · (1 − p)
    Where
        p: p, scalar, in [0, 1], the probability of the logit's class
    Variant
        For softmax the matrix of second derivatives has entries off the diagonal too, −pₖ · pⱼ; they are left out.
    Source
        Friedman (2001), algorithms 5 and 6.
    Example
        >>> probability_hessian(0.5)
        0.25
    """
    return p * (1.0 - p)


@jit.function
def log_odds(p):
    """The logit of a probability: the first output of a boosted binary classifier.

    Formula [log_odds]
        f = log(p / (1 − p))
    Where
        p: p, scalar, in (0, 1), the share of the second class
    Variant
        Friedman's first output is half of this, since his probability is the sigmoid of twice the output.
    Source
        Friedman (2001), algorithm 5.
    Example
        >>> float(log_odds(0.5))
        0.0
    """
    return np.log(p / (1.0 - p))


@jit.function
def write_row(derivatives, i, g, h):
    """Write the derivatives of row i, as float32."""
    derivatives[i, 0], derivatives[i, 1] = g, h


@jit.loop
def squared_error_derivatives(output, target, weight, derivatives):
    """Write the weighted derivatives of [half_squared_error]; return its weighted sum."""
    total, f = 0.0, output[0]
    for i in range(target.size):
        total += weight[i] * half_squared_error(f[i], target[i])
        write_row(derivatives[0], i, weight[i] * half_squared_error_grad(f[i], target[i]), weight[i])
    return total


@jit.loop
def log_loss_derivatives(output, target, weight, derivatives):
    """Write the weighted derivatives of the cross-entropy of the sigmoid, targets 0 or 1; return its weighted sum."""
    total, z = 0.0, output[0]
    for i in range(target.size):
        total += weight[i] * sigmoid_crossentropy(z[i], target[i])
        g = sigmoid_crossentropy_grad(z[i], target[i])
        write_row(derivatives[0], i, weight[i] * g, weight[i] * probability_hessian(g + target[i]))
    return total


@jit.loop
def softmax_derivatives(output, target, weight, derivatives):
    """Write the weighted derivatives of the cross-entropy of softmax, by class numbers; return its weighted sum."""
    total, classes = 0.0, output.shape[0]
    for i in range(target.size):
        top, mass, own = output[0, i], 0.0, np.int64(target[i])
        for k in range(1, classes):
            top = max(top, output[k, i])
        for k in range(classes):
            mass += np.exp(output[k, i] - top)
        for k in range(classes):
            p = np.exp(output[k, i] - top) / mass
            write_row(derivatives[k], i, weight[i] * (p - (k == own)), weight[i] * probability_hessian(p))
        total += weight[i] * (np.log(mass) + top - output[own, i])
    return total


LOSSES: dict[str, Callable[..., float]] = {
    "squared_error": squared_error_derivatives, "log_loss": log_loss_derivatives, "softmax": softmax_derivatives}


def baseline(loss: str, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
    """The first outputs, (outputs,): the mean, the [log_odds] of the share of ones, or the logarithms of all shares."""
    if loss == "softmax":
        shares = np.bincount(target.astype(np.int64), weight, outputs) / weight.sum()
        return np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    mean = np.average(target, weights=weight)
    return np.array([mean if loss == "squared_error" else log_odds(mean)])


def loss_and_outputs(kind: str, classes: int) -> tuple[str, int]:
    """The name of the loss, and the number of outputs, that of an iteration's trees: two classes need only one."""
    if kind == "regressor":
        return "squared_error", 1
    return ("log_loss", 1) if classes == 2 else ("softmax", classes)


def probabilities(output: Any) -> np.ndarray:
    """Return the probability of each class, (n, classes), from the outputs (outputs, n)."""
    with np.errstate(under="ignore"):
        logits = np.vstack([np.zeros_like(output[0]), output[0]]) if len(output) == 1 else output
        shares = np.exp(logits - logits.max(axis=0))
        return np.ascontiguousarray((shares / shares.sum(axis=0)).T)


# The loop over trees --------------------------------------------------------------------------------------------------


class Forest(NamedTuple):
    """Trees one after another: the nodes of tree t are ``nodes[...][starts[t] : starts[t + 1]]``; starts is int64.

    Links count from the first node of the tree. The trees of an iteration, one for each output, are neighbours.
    """

    nodes: Nodes
    starts: np.ndarray


def joined(trees: list[Nodes]) -> Forest:
    """Put separate trees one after another into a forest, which may have none."""
    starts = np.concatenate([[0], np.cumsum([len(tree.value) for tree in trees])]).astype(np.int64)
    nothing = [part[:0] for part in nodes_for(1)]  # which has the types and shapes of nodes
    return Forest(Nodes(*(np.concatenate(parts) for parts in zip(nothing, *trees, strict=True))), starts)


@jit.loop
def add_trees(codes, nodes, starts, first, end, output):
    """Add the values of the trees ``first`` to ``end`` - 1 to ``output`` (outputs, n); ``codes`` is (d, n) uint8."""
    outputs, n = output.shape
    for block in range(0, n, BLOCK):
        for t in range(first, end):
            root, to = starts[t], output[t % outputs]
            for i in range(block, min(block + BLOCK, n)):
                node = root
                while nodes.links[node, 1] != 0:
                    goes_left = includes(nodes.left[node], codes[nodes.links[node, 0], i])
                    node = root + nodes.links[node, 1] + 1 - goes_left
                to[i] += nodes.value[node]


class Plan(NamedTuple):
    """A name of `LOSSES`, the number of outputs, the most iterations, the seed of the choice of columns, and the end.

    Training ends early after the iteration that passes ``deadline``, a moment of `time.monotonic`. With ``verbose`` a
    progress bar appears after two seconds, if stderr is a terminal.
    """

    loss: str
    outputs: int
    iterations: int
    seed: int
    deadline: float
    verbose: int


def boost(
    training: Training, target: np.ndarray, weight: np.ndarray, limits: Limits, plan: Plan,
) -> tuple[np.ndarray, Forest, list[float]]:
    """Train by gradient boosting, as `Plan` says, on rows with targets (n,) and weights (n,), float64.

    Returns the first outputs, the trees, and the weighted mean losses before each iteration and after the last one. An
    iteration after which the loss is not finite ends the training, and is left out. Warns if the training has diverged.
    """
    first, loss, total = baseline(plan.loss, target, weight, plan.outputs), LOSSES[plan.loss], weight.sum()
    output = np.repeat(first[:, None], len(target), axis=1)
    derivatives = np.empty((*output.shape, 2), np.float32)
    losses = [float(loss(output, target, weight, derivatives) / total)]
    work, memory = work_for(training, limits.max_leaves), nodes_for(limits.max_leaves)
    trees, seed = list[Nodes](), np.uint64(plan.seed)
    for _ in tqdm(range(plan.iterations), "trees", leave=False, delay=2, disable=None if plan.verbose else True):
        for k in range(plan.outputs):
            key = np.uint64(random_bits(seed, np.uint64(len(trees))))  # by a sum, seed + 1 would have the same keys
            count = grow(training, derivatives[k], limits, work, memory, key)
            add_leaf_values(derivatives[k], limits, work, memory, output[k])
            trees.append(Nodes(*(part[:count].copy() for part in memory)))
        losses.append(float(loss(output, target, weight, derivatives) / total))
        if not math.isfinite(losses[-1]):
            del trees[-plan.outputs :]
            break
        if time.monotonic() >= plan.deadline:
            break
    if not losses[-1] <= losses[0] * (1.0 + ROUNDING):
        checks.warn(
            f"training diverged: the loss on the training rows is {losses[-1]:g} after {len(losses) - 1} iterations, "
            f"and {losses[0]:g} for a constant; try a smaller learning_rate than {limits.rate:g}", DivergenceWarning)
    return first, joined(trees), losses[: 1 + len(trees) // plan.outputs]
