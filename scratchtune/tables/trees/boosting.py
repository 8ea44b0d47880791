"""Gradient boosting: each iteration fits a tree to the derivatives of the loss at the outputs so far, and adds it.

For a prediction a row goes down each tree, by its codes, and the values of the leaves that it reaches are added.

Source: Friedman (2001), "Greedy function approximation: a gradient boosting machine", algorithm 1; with second
derivatives, Chen and Guestrin (2016), "XGBoost: a scalable tree boosting system".

Implements section 8.1 of the document.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from scratchtune import jit
from scratchtune.tables.trees.losses import LOSSES, baseline
from scratchtune.tables.trees.split import Limits, includes
from scratchtune.tables.trees.tree import Nodes, Training, add_leaf_values, grow, nodes_for, work_for

BLOCK = 256  # rows that go down one tree before the next, so that the tree can stay in the cache


class Forest(NamedTuple):
    """Trees one after another: the nodes of tree t are ``nodes[...][starts[t] : starts[t + 1]]``; starts is int64.

    Links count from the first node of the tree. The trees of an iteration, one for each output, are neighbours.
    """

    nodes: Nodes
    starts: np.ndarray


def joined(trees: list[Nodes]) -> Forest:
    """A forest of separate trees."""
    starts = np.concatenate([[0], np.cumsum([len(tree.value) for tree in trees])]).astype(np.int64)
    return Forest(Nodes(*(np.concatenate(parts) for parts in zip(*trees, strict=True))), starts)


@jit.loop
def add_trees(codes, nodes, starts, first, end, output):
    """Add the values of the trees ``first`` to ``end`` to ``output`` (outputs, n); ``codes`` is (d, n) uint8."""
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

    Returns the first outputs, the trees, and the weighted mean losses before each iteration and after the last one.
    """
    first, loss, total = baseline(plan.loss, target, weight, plan.outputs), LOSSES[plan.loss], weight.sum()
    output = np.repeat(first[:, None], len(target), axis=1)
    derivatives = np.empty((*output.shape, 2), np.float32)
    losses = [float(loss(output, target, weight, derivatives) / total)]
    work, memory = work_for(training, limits.max_leaves), nodes_for(limits.max_leaves)
    trees: list[Nodes] = []
    for _ in tqdm(range(plan.iterations), "trees", leave=False, delay=2, disable=None if plan.verbose else True):
        for k in range(plan.outputs):
            key = np.uint64((plan.seed + len(trees)) % 2**64)
            count = grow(training, derivatives[k], limits, work, memory, key)
            add_leaf_values(derivatives[k], limits, work, memory, output[k])
            trees.append(Nodes(*(part[:count].copy() for part in memory)))
        losses.append(float(loss(output, target, weight, derivatives) / total))
        if time.monotonic() >= plan.deadline:
            break
    return first, joined(trees), losses
