"""Counts from which metrics of labels are computed: true positives, predicted rows and true rows of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.metrics.labels import Encoded, positions


class Counts(NamedTuple):
    """The weights of true positives, predicted rows and true rows: for each class, for each row, or in total."""

    names: list[Any]  # of the classes; empty if the counts are not by class
    hits: np.ndarray
    predicted: np.ndarray
    true: np.ndarray


def class_counts(pair: Encoded, weight: np.ndarray) -> Counts:
    """Return the counts of every class, in the order of the classes."""
    names = pair.classes.tolist()
    if pair.several:
        return Counts(names, weight @ (pair.true * pair.predicted), weight @ pair.predicted, weight @ pair.true)
    hit = pair.true == pair.predicted
    rows = ((pair.true[hit], weight[hit]), (pair.predicted, weight), (pair.true, weight))
    return Counts(names, *(np.bincount(row, each, len(names)) for row, each in rows))


def selected(counts: Counts, pair: Encoded, labels: Sequence[Any] | None) -> Counts:
    """Return the counts of the given labels, in their order; zero for a label that is not among the classes."""
    if labels is None:
        return counts
    order = columns(pair, labels) if pair.several else positions(pair.classes, labels)
    hits, predicted, true = (np.append(count, 0.0)[order] for count in counts[1:])  # the index -1 selects this 0
    return Counts(named_labels(labels), hits, predicted, true)


def row_counts(pair: Encoded, labels: Sequence[Any] | None, weight: np.ndarray) -> Counts:
    """Return the counts of every row over its labels."""
    if not pair.several:
        raise ValueError("average is 'samples', which takes rows of several labels, a matrix of 0 and 1 on both sides; "
                         "for one label a row, average must be one of 'binary', 'macro', 'micro', 'weighted', None")
    order = np.arange(len(pair.classes)) if labels is None else columns(pair, labels)
    true, predicted = pair.true[:, order], pair.predicted[:, order]
    return Counts([], *(weight * count.sum(axis=1) for count in (true * predicted, predicted, true)))


def columns(pair: Encoded, labels: Sequence[Any]) -> np.ndarray:
    """Return the columns of indicators that the labels name."""
    order = positions(pair.classes, labels)
    if (order < 0).any():
        raise ValueError(f"labels is {named_labels(labels)}; with rows of several labels they must be the numbers of "
                         f"columns, 0 to {len(pair.classes) - 1}")
    return order


def named_labels(labels: Sequence[Any]) -> list[Any]:
    """Return the argument ``labels`` as a list; raise a ValueError if it is not a list or is empty."""
    names = np.asarray(labels)
    if names.ndim != 1 or names.size == 0:
        raise ValueError(f"labels is {labels!r}; it must be a list of one label or more")
    return names.tolist()


def ratio(part: np.ndarray, total: np.ndarray, undefined: float) -> np.ndarray:
    """part / total, or ``undefined`` where total is 0."""
    part, total = np.broadcast_arrays(part, total)
    return np.divide(part, total, out=np.full(total.shape, float(undefined)), where=total > 0)
