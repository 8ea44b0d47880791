"""Class weights decide how much each class counts in training, so that rare classes are not neglected.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune.core import checks


def balanced_weights(counts: np.ndarray) -> np.ndarray:
    """Class weights that give every class the same total weight.

    Formula [balanced_weights]
        wₖ = Σₖ[nₖ] / (#k · nₖ)
    Where
        n: counts, (k,), > 0, the number of rows of each class
    Returns
        w, (k,); the mean weight of a row is 1.
    Source
        King and Zeng (2001), "Logistic regression in rare events data"; scikit-learn, class_weight="balanced".
    Example
        >>> balanced_weights(np.array([3.0, 1.0])).tolist()
        [0.6666666666666666, 2.0]
    """
    return counts.sum() / (len(counts) * counts)


def weight_of_rows(class_weight: Any, classes: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weight of each row's class, (n,); ``codes`` are the indices of the rows' classes.

    For "balanced" a row with weight 2 counts as two rows of its class.
    """
    if class_weight is None:
        return np.ones(len(codes))
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(codes, weight, minlength=len(classes))
        return balanced_weights(np.where(counts > 0.0, counts, counts.max()))[codes]
    if isinstance(class_weight, dict):
        return _weight_of_each(class_weight, classes.tolist())[codes]
    kind = ValueError if isinstance(class_weight, str) else TypeError
    raise kind(f"class_weight is {class_weight!r}; it must be a dict from labels to numbers, 'balanced' or None")


def _weight_of_each(class_weight: Mapping[Any, Any], known: list[Any]) -> np.ndarray:
    """Return the weight of each class from a dict; 1 for a class that it does not name."""
    for label in class_weight:
        if label not in known:
            raise ValueError(f"class_weight names the class {label!r}; the classes are {known}")
    return np.array([checks.real(f"class_weight[{label!r}]", class_weight.get(label, 1.0), 0.0) for label in known])
