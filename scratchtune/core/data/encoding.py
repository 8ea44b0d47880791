"""Encoding turns categories into numbers: one column of 0 and 1 for each category.

Implements section 2.1 of the document.
"""

from __future__ import annotations


def one_hot(c, y):
    """Write each row's category as a 1 in its column; a category beyond the columns, or below 0, is written as zeros.

    Formula [one_hot]
        yₙₖ = 1 if k = cₙ else 0
    Where
        c: c, (n,), integer; sampled in [-1, 20], the category of each row
        y: y, (n, k), written
    Variant
        To drop the first category, subtract 1 from c first.
    Source
        The document, section 2.1; scikit-learn, preprocessing.OneHotEncoder.
    Example
        >>> y = np.empty((3, 2))
        >>> one_hot(np.array([1, 0, -1]), y)
        >>> y.tolist()
        [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """
    y[:] = 0.0
    inside = (c >= 0) & (c < y.shape[1])
    y[inside.nonzero()[0], c[inside]] = 1.0


def leaves_out_first(categories: int, drop: str | None) -> bool:
    """Whether the first of so many categories is dropped."""
    return drop == "first" or (drop == "if_binary" and categories == 2)
