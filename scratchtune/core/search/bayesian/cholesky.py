"""Cholesky's factorisation of a symmetric positive definite matrix, and the systems of equations that it solves.

The upper triangular factor U satisfies Uᵀ @ U = K. All sums are taken in the order in which they are written, so a
result does not depend on the number of threads, as it may with LAPACK.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune.core import jit


@jit.loop_in_order
def cholesky(a):
    """Cholesky's factor U of ``a``, Uᵀ @ U = a, written on and above its diagonal; False if a is not positive definite.

    Row by row, Uᵢᵢ Uᵢⱼ = aᵢⱼ − Σₖ[Uₖᵢ Uₖⱼ] with k < i (Golub and Van Loan 2013, section 4.2.5). For speed the inner
    loop subtracts four rows k at a time.
    """
    n = a.shape[0]
    for i in range(n):
        row, whole = a[i, i:], i - i % 4
        for k in range(0, whole, 4):
            r0, r1, r2, r3 = a[k, i:], a[k + 1, i:], a[k + 2, i:], a[k + 3, i:]
            f0, f1, f2, f3 = r0[0], r1[0], r2[0], r3[0]
            for j in range(n - i):
                row[j] -= f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
        for k in range(whole, i):
            r0 = a[k, i:]
            f0 = r0[0]
            for j in range(n - i):
                row[j] -= f0 * r0[j]
        if not row[0] > 0.0:
            return False
        scale = 1.0 / math.sqrt(row[0])
        for j in range(n - i):
            row[j] *= scale
    return True


@jit.loop_in_order
def solve_lower(upper, b):
    """Solve Uᵀ @ z = b in place for all columns of ``b`` (n, m), by forward substitution."""
    n, m = b.shape
    for i in range(n):
        row, whole = b[i], i - i % 4
        for k in range(0, whole, 4):
            f0, f1, f2, f3 = upper[k, i], upper[k + 1, i], upper[k + 2, i], upper[k + 3, i]
            r0, r1, r2, r3 = b[k], b[k + 1], b[k + 2], b[k + 3]
            for j in range(m):
                row[j] -= f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
        for k in range(whole, i):
            f0, r0 = upper[k, i], b[k]
            for j in range(m):
                row[j] -= f0 * r0[j]
        scale = 1.0 / upper[i, i]
        for j in range(m):
            row[j] *= scale


@jit.loop_in_order
def solve_lower_vector(upper, b):
    """As `solve_lower` for one column ``b`` (n,), to the same bits, several times as fast.

    Its sums have the same terms in the same order. But once four entries of z are known, their terms are subtracted in
    all rows below, so that the inner loop runs along rows of ``upper``.
    """
    n = len(b)
    for start in range(0, n, 4):
        stop = min(start + 4, n)
        for i in range(start, stop):
            for k in range(start, i):
                b[i] -= upper[k, i] * b[k]
            b[i] *= 1.0 / upper[i, i]
        if stop < n:
            f0, f1, f2, f3 = b[start], b[start + 1], b[start + 2], b[start + 3]
            r0, r1, r2, r3 = upper[start], upper[start + 1], upper[start + 2], upper[start + 3]
            for i in range(stop, n):
                b[i] -= r0[i] * f0 + r1[i] * f1 + r2[i] * f2 + r3[i] * f3


@jit.loop_in_order
def solve_upper(upper, b):
    """Solve U @ x = b in place for one column ``b`` (n,), by back substitution."""
    for i in range(len(b) - 1, -1, -1):
        b[i] = (b[i] - dot(upper[i, i + 1 :], b[i + 1 :])) / upper[i, i]


@jit.function_in_order
def dot(a, b):
    """Σ aᵢ · bᵢ in eight partial sums, which the processor computes at the same time; they are added at the end."""
    s0, s1, s2, s3, s4, s5, s6, s7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = len(a) - len(a) % 8
    for i in range(0, whole, 8):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
        s4 += a[i + 4] * b[i + 4]
        s5 += a[i + 5] * b[i + 5]
        s6 += a[i + 6] * b[i + 6]
        s7 += a[i + 7] * b[i + 7]
    for i in range(whole, len(a)):
        s0 += a[i] * b[i]
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


@jit.loop_in_order
def inverse(upper):
    """inv(K) = inv(U) @ inv(U)ᵀ from Cholesky's factor; the lower triangle is computed, then mirrored."""
    n = len(upper)
    lower = inverse_of_transposed(upper)
    out = np.zeros((n, n))
    for i in range(n):
        target, first = out[i], i + (n - i) % 4
        for k in range(i, first):  # add the outer product of row k of inv(Uᵀ), which is 0 after column k
            row = lower[k]
            scale = row[i]
            for j in range(i + 1):
                target[j] += scale * row[j]
        for k in range(first, n, 4):  # four rows at a time, in the same order
            r0, r1, r2, r3 = lower[k], lower[k + 1], lower[k + 2], lower[k + 3]
            f0, f1, f2, f3 = r0[i], r1[i], r2[i], r3[i]
            for j in range(i + 1):
                target[j] = (((target[j] + f0 * r0[j]) + f1 * r1[j]) + f2 * r2[j]) + f3 * r3[j]
    for i in range(n):
        for j in range(i):
            out[j, i] = out[i, j]
    return out


@jit.function_in_order
def inverse_of_transposed(upper):
    """inv(Uᵀ), lower triangular: as `solve_lower` for the identity, to the same bits, without what is 0."""
    n = len(upper)
    lower = np.zeros((n, n))
    for i in range(n):
        row, whole = lower[i], i - i % 4
        row[i] = 1.0
        for k in range(0, whole, 4):
            f0, f1, f2, f3 = upper[k, i], upper[k + 1, i], upper[k + 2, i], upper[k + 3, i]
            r0, r1, r2, r3 = lower[k], lower[k + 1], lower[k + 2], lower[k + 3]
            for j in range(k + 4):  # all four rows are 0 after column k + 3
                row[j] -= f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
        for k in range(whole, i):
            f0, r0 = upper[k, i], lower[k]
            for j in range(k + 1):
                row[j] -= f0 * r0[j]
        scale = 1.0 / upper[i, i]
        for j in range(i + 1):
            row[j] *= scale
    return lower
