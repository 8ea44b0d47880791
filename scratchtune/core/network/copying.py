"""Copies of arrays that are quick to compile; operations on columns: their sums over a batch, and their scales.

In ``out[:] = x`` Numba compiles the text of an error about unequal shapes, too, which takes longer than a small kernel.
Sums add four rows at a time, because each addition to a total must wait for the one before it.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from scratchtune.core import jit


@jit.function
def copy_to(x, out):
    """out[:] = x, for contiguous arrays of one size."""
    source, target = x.flat, out.flat
    for i in range(out.size):
        target[i] = source[i]


@jit.function_noalias
def copy_matrix(x, out):
    """Fill ``out`` with the first rows and columns of ``x``, for arrays with two axes, contiguous or not."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = x[i, j]


@jit.function_noalias
def copy_block(x, out):
    """out[:] = x, for arrays of one shape with three axes, contiguous or not."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                out[i, j, k] = x[i, j, k]


@jit.function_noalias
def column_sums(x, total):
    """Sum of each column, in the precision of ``total``.

    Formula [column_sums]
        sⱼ = Σₙ[xₙⱼ]
    Where
        x: x, (n, j), real
        s: total, (j,), written
    Source
        Linear algebra; NumPy's x.sum(axis=0).
    """
    whole = x.shape[0] - x.shape[0] % 4
    for j in range(x.shape[1]):
        total[j] = 0.0
    for n in range(0, whole, 4):
        for j in range(x.shape[1]):
            total[j] += (x[n, j] + x[n + 1, j]) + (x[n + 2, j] + x[n + 3, j])
    for n in range(whole, x.shape[0]):
        for j in range(x.shape[1]):
            total[j] += x[n, j]


@jit.function  # x and y may be one array
def column_sums_of_products(x, a, y, b, total):
    """Sum of products in each column, each factor less a number for its column, in the precision of ``total``.

    Formula [column_sums_of_products]
        sⱼ = Σₙ[(xₙⱼ − aⱼ) · (yₙⱼ − bⱼ)]
    Where
        x: x, (n, j), real
        a: a, (j,), real, such as the mean of each column
        y: y, (n, j), real
        b: b, (j,), real
        s: total, (j,), written
    Source
        Linear algebra; with y = x and means for a and b, n times the variance.
    """
    whole = x.shape[0] - x.shape[0] % 4
    total[:] = 0.0
    for n in range(0, whole, 4):
        for j in range(total.size):
            first = (x[n, j] - a[j]) * (y[n, j] - b[j]) + (x[n + 1, j] - a[j]) * (y[n + 1, j] - b[j])
            second = (x[n + 2, j] - a[j]) * (y[n + 2, j] - b[j]) + (x[n + 3, j] - a[j]) * (y[n + 3, j] - b[j])
            total[j] += first + second
    for n in range(whole, x.shape[0]):
        for j in range(total.size):
            total[j] += (x[n, j] - a[j]) * (y[n, j] - b[j])


@jit.function_noalias
def column_scale(x, s, y):
    """Multiply each column by a number of its own.

    Formula [column_scale]
        yₙⱼ = xₙⱼ · sⱼ
    Where
        x: x, (n, j), real
        s: s, (j,), real
        y: y, (n, j), written
    Source
        Holzmüller, Grinsztajn and Steinwart (2024), "Better by default", section 3.2: the scaling layer.
    """
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[n, j] = x[n, j] * s[j]


@jit.function_noalias
def column_scale_weight_grad(x, dy, ds):
    """Gradient with respect to the scales.

    Formula [column_scale_weight_grad]
        dⱼ = Σₙ[gₙⱼ · xₙⱼ]
    Gradient of
        [column_scale] in s
    Where
        x: x, (n, j), real; sampled in [0.1, 2]
        g: dy, (n, j), real; sampled in [0.1, 2], dJ/dy
        d: ds, (j,), written
    Source
        Calculus.
    """
    ds[:] = 0.0
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            ds[j] += dy[n, j] * x[n, j]
