"""A kernel says how the values of a function at two points are correlated: the nearer the points, the more.

The kernel here is a sum of two Matérn kernels of the scaled distance r between the points (`rough_kernel`). Points are
rows of unit values, one column for each parameter; where ``is_categorical`` is 1, a column holds indices of choices.
The parameters of the kernel are θ = ``theta`` (d + 3,): logarithms of the d length scales, and of the variances of the
smooth part (``signal``), of the rough part (``rough``) and of the noise.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune.core import jit

SIGNAL, ROUGH, NOISE = -3, -2, -1  # where θ has the logarithms of the variances, after those of the length scales
FINER = 8.0  # the length scales of the rough part are shorter by this factor


@jit.function_in_order
def scaled_distance(a, b, is_categorical, length_scales):
    """Distance between two points, each axis in units of its length scale; two different choices are one unit apart.

    Formula [scaled_distance]
        r = √(Σⱼ[(((0 if aⱼ = bⱼ else 1) if oⱼ = 1 else aⱼ − bⱼ) / ℓⱼ)²])
    Where
        a: a, (j,), real; sampled as integer in [0, 3], a point; so sampled, some entries are equal
        b: b, (j,), real; sampled as integer in [0, 3], another point, likewise
        o: is_categorical, (j,), 0 or 1, 1 on the axes of categorical parameters
        ℓ: length_scales, (j,), > 0
    Returns
        r, a number >= 0.
    Variant
        One length scale for all axes is called isotropic; one for each, automatic relevance determination.
    Source
        Rasmussen and Williams (2006), equation 5.1 and section 5.1; Hutter, Hoos and Leyton-Brown (2011), section
        4.1.1, for choices.
    Example
        >>> a, b, is_categorical = np.array([0.0, 2.0]), np.array([3.0, 1.0]), np.array([0.0, 1.0])
        >>> float(scaled_distance(a, b, is_categorical, np.array([1.0, 0.25])))
        5.0
    """
    total = 0.0
    for j in range(len(length_scales)):
        if is_categorical[j] == 1.0:
            scaled = (0.0 if a[j] == b[j] else 1.0) / length_scales[j]
        else:
            scaled = (a[j] - b[j]) / length_scales[j]
        total += scaled * scaled
    return np.sqrt(total)


@jit.function_dividing
def scaled_distances(point, columns, is_categorical, length_scales, out):
    """[scaled_distance] of a point (d,) to n others, written to ``out`` (n,): the same bits, at twice the speed.

    ``columns`` (d, n) holds one axis of all points in each row, since the processor takes several points at a time.
    """
    for i in range(len(out)):
        out[i] = 0.0
    for j in range(len(length_scales)):
        column, here, length = columns[j], point[j], length_scales[j]
        if is_categorical[j] == 1.0:
            for i in range(len(out)):
                scaled = (0.0 if here == column[i] else 1.0) / length
                out[i] += scaled * scaled
        else:
            for i in range(len(out)):
                scaled = (here - column[i]) / length
                out[i] += scaled * scaled
    for i in range(len(out)):
        out[i] = np.sqrt(out[i])


@jit.function_in_order
def matern52(r):
    """Matérn kernel with ν = 5/2: the correlation of the values of a function at two points of distance r.

    Formula [matern52]
        k = (1 + √5 · r + 5 / 3 · r²) · exp(−√5 · r)
    Where
        r: r, scalar, >= 0, a scaled distance
    Returns
        k, a correlation in (0, 1]. Functions drawn with this kernel can be differentiated twice.
    Source
        Rasmussen and Williams (2006), equation 4.17.
    Example
        >>> float(matern52(0.0))
        1.0
    """
    root = np.sqrt(5.0)
    return (1.0 + root * r + 5.0 / 3.0 * r * r) * np.exp(-root * r)


@jit.function_in_order
def matern52_grad_over_r(r):
    """Gradient of [matern52] divided by −r, which is smooth at r = 0 too.

    Formula [matern52_grad_over_r]
        h = 5 / 3 · (1 + √5 · r) · exp(−√5 · r)
    Where
        r: r, scalar, >= 0
    Returns
        h = −k'(r) / r, a number > 0.
    Source
        [matern52], differentiated.
    """
    root = np.sqrt(5.0)
    return 5.0 / 3.0 * (1.0 + root * r) * np.exp(-root * r)


@jit.function_in_order
def matern52_grad(r):
    """Gradient of the Matérn kernel in the distance.

    Formula [matern52_grad]
        g = −r · (5 / 3 · (1 + √5 · r) · exp(−√5 · r))
    Gradient of
        [matern52] in r
    Where
        r: r, scalar, >= 0
    Returns
        g, a number <= 0.
    Source
        [matern52], differentiated.
    """
    return -r * matern52_grad_over_r(r)


@jit.function_in_order
def rough_kernel(r, signal, rough):
    """Covariance of the values at two points: of a smooth part, and of a rough one with length scales 8 times shorter.

    Formula [rough_kernel]
        q = 8 · r ; c = s · (1 + √5 · r + 5 / 3 · r²) · exp(−√5 · r) + t · (1 + √5 · q + 5 / 3 · q²) · exp(−√5 · q)
    Where
        r: r, scalar, >= 0, a scaled distance
        s: signal, scalar, > 0, variance of the smooth part
        t: rough, scalar, >= 0, variance of the rough part
    Returns
        c, at most s + t.
    Source
        Sums of kernels: Rasmussen and Williams (2006), section 5.4.3; here both are [matern52].
    """
    return signal * matern52(r) + rough * matern52(FINER * r)


@jit.function_in_order
def rough_kernel_grad_over_r(r, signal, rough):
    """Gradient of [rough_kernel] divided by −r, which is smooth at r = 0 too.

    Formula [rough_kernel_grad_over_r]
        q = 8 · r ; h = 5 / 3 · (s · (1 + √5 · r) · exp(−√5 · r) + t · 8² · (1 + √5 · q) · exp(−√5 · q))
    Where
        r: r, scalar, >= 0
        s: signal, scalar, > 0
        t: rough, scalar, >= 0
    Returns
        h = −c'(r) / r; so dc/dxⱼ = −h · (xⱼ − x'ⱼ) / ℓⱼ² and dc/d(log ℓⱼ) = h · ((xⱼ − x'ⱼ) / ℓⱼ)².
    Source
        [rough_kernel], differentiated.
    """
    return signal * matern52_grad_over_r(r) + rough * FINER**2 * matern52_grad_over_r(FINER * r)


# Parameters and differences ------------------------------------------------------------------------------------------


@jit.function_in_order
def length_scales_of(theta):
    """Length scales, (d,), from θ (d + 3,)."""
    length_scales = np.empty(len(theta) - 3)
    for j in range(len(length_scales)):
        length_scales[j] = math.exp(theta[j])
    return length_scales


@jit.function_in_order
def difference(a, b, is_categorical):
    """Difference of two points along one axis; 1 for two different choices."""
    if is_categorical == 1.0:
        return 0.0 if a == b else 1.0
    return a - b
