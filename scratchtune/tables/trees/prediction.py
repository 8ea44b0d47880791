"""Prediction: a row goes down each tree, by its codes, and the values of the leaves that it reaches are added.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune import jit
from scratchtune.tables.trees.split import includes
from scratchtune.tables.trees.tree import Nodes

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
