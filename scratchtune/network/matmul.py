"""Matrix products, in which most of the time of a training is spent; so this file is written to be fast.

All of them compute the plain sum of `multiply`'s formula. What makes them fast is the order of the operations:

- a tile of four by four numbers of ``a`` is held in registers while the inner loop runs along four rows of ``b``: each
  number that is loaded is used four times, and the processor works on vectors of columns;
- the arrays are declared not to overlap (`jit.function_noalias`), which saves a test before each inner loop;
- `multiply_transposed` takes dot products along the rows of both matrices instead, sixteen at a time: for layers with
  few units, whose columns would not fill a vector, and for the gradient with respect to a layer's inputs;
- `multiply_shifted` and `add_shifted_products` take a second matrix whose rows are slices of one vector: a convolution
  multiplies all shifted copies of an image without making them.

The rows of ``b`` and of the result are contiguous; ``a`` may be a transposed view.

Implements section 8.3 of the document.
"""

from __future__ import annotations

from scratchtune import jit


@jit.function_noalias
def multiply(a, b, out):
    """Matrix product.

    Formula [matmul]
        cᵢⱼ = Σₖ[aᵢₖ · bₖⱼ]
    Where
        a: a, (i, k), real
        b: b, (k, j), real
        c: out, (i, j), written
    Variant
        NumPy writes a @ b; a transposed view for a (x.T) gives xᵀ @ b without a copy.
    Source
        Linear algebra; the order of the loops follows Goto and van de Geijn (2008), much simplified.
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = 0.0
    rows, inner = out.shape[0], b.shape[0]
    whole_rows, whole_inner = rows - rows % 4, inner - inner % 4
    for i in range(0, whole_rows, 4):
        for p in range(0, whole_inner, 4):
            _tile_4_by_4(a, b, out, i, p)
        for p in range(whole_inner, inner):
            _tile_4_by_1(a, b, out, i, p)
    for i in range(whole_rows, rows):
        for p in range(0, whole_inner, 4):
            _tile_1_by_4(a, b, out, i, p)
        for p in range(whole_inner, inner):
            _tile_1_by_1(a, b, out, i, p)


@jit.inlined
def _tile_4_by_4(a, b, out, i, p):
    a00, a01, a02, a03 = a[i, p], a[i, p + 1], a[i, p + 2], a[i, p + 3]
    a10, a11, a12, a13 = a[i + 1, p], a[i + 1, p + 1], a[i + 1, p + 2], a[i + 1, p + 3]
    a20, a21, a22, a23 = a[i + 2, p], a[i + 2, p + 1], a[i + 2, p + 2], a[i + 2, p + 3]
    a30, a31, a32, a33 = a[i + 3, p], a[i + 3, p + 1], a[i + 3, p + 2], a[i + 3, p + 3]
    for j in range(b.shape[1]):
        b0, b1, b2, b3 = b[p, j], b[p + 1, j], b[p + 2, j], b[p + 3, j]
        out[i, j] += a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
        out[i + 1, j] += a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
        out[i + 2, j] += a20 * b0 + a21 * b1 + a22 * b2 + a23 * b3
        out[i + 3, j] += a30 * b0 + a31 * b1 + a32 * b2 + a33 * b3


@jit.inlined
def _tile_4_by_1(a, b, out, i, p):
    a0, a1, a2, a3 = a[i, p], a[i + 1, p], a[i + 2, p], a[i + 3, p]
    for j in range(b.shape[1]):
        b0 = b[p, j]
        out[i, j] += a0 * b0
        out[i + 1, j] += a1 * b0
        out[i + 2, j] += a2 * b0
        out[i + 3, j] += a3 * b0


@jit.inlined
def _tile_1_by_4(a, b, out, i, p):
    a0, a1, a2, a3 = a[i, p], a[i, p + 1], a[i, p + 2], a[i, p + 3]
    for j in range(b.shape[1]):
        out[i, j] += a0 * b[p, j] + a1 * b[p + 1, j] + a2 * b[p + 2, j] + a3 * b[p + 3, j]


@jit.inlined
def _tile_1_by_1(a, b, out, i, p):
    a0 = a[i, p]
    for j in range(b.shape[1]):
        out[i, j] += a0 * b[p, j]


@jit.function_noalias
def multiply_transposed(a, b, out):
    """Matrix product with the second matrix transposed: both are read along their rows, as dot products.

    Formula [matmul_transposed]
        cᵢⱼ = Σₖ[aᵢₖ · bⱼₖ]
    Where
        a: a, (i, k), real
        b: b, (j, k), real
        c: out, (i, j), written
    Variant
        NumPy writes a @ b.T.
    Source
        Linear algebra.
    """
    rows, columns = out.shape
    whole_rows, whole_columns = rows - rows % 4, columns - columns % 4
    for i in range(0, whole_rows, 4):
        for j in range(0, whole_columns, 4):
            _dots_4_by_4(a, b, out, i, j)
        for j in range(whole_columns, columns):
            _dots_4_by_1(a, b, out, i, j)
    for i in range(whole_rows, rows):
        for j in range(columns):
            _dot(a, b, out, i, j)


@jit.inlined
def _dots_4_by_4(a, b, out, i, j):
    zero = out.dtype.type(0)
    c00 = c01 = c02 = c03 = c10 = c11 = c12 = c13 = zero
    c20 = c21 = c22 = c23 = c30 = c31 = c32 = c33 = zero
    for p in range(a.shape[1]):
        a0, a1, a2, a3 = a[i, p], a[i + 1, p], a[i + 2, p], a[i + 3, p]
        b0, b1, b2, b3 = b[j, p], b[j + 1, p], b[j + 2, p], b[j + 3, p]
        c00, c01, c02, c03 = c00 + a0 * b0, c01 + a0 * b1, c02 + a0 * b2, c03 + a0 * b3
        c10, c11, c12, c13 = c10 + a1 * b0, c11 + a1 * b1, c12 + a1 * b2, c13 + a1 * b3
        c20, c21, c22, c23 = c20 + a2 * b0, c21 + a2 * b1, c22 + a2 * b2, c23 + a2 * b3
        c30, c31, c32, c33 = c30 + a3 * b0, c31 + a3 * b1, c32 + a3 * b2, c33 + a3 * b3
    out[i, j], out[i, j + 1], out[i, j + 2], out[i, j + 3] = c00, c01, c02, c03
    out[i + 1, j], out[i + 1, j + 1], out[i + 1, j + 2], out[i + 1, j + 3] = c10, c11, c12, c13
    out[i + 2, j], out[i + 2, j + 1], out[i + 2, j + 2], out[i + 2, j + 3] = c20, c21, c22, c23
    out[i + 3, j], out[i + 3, j + 1], out[i + 3, j + 2], out[i + 3, j + 3] = c30, c31, c32, c33


@jit.inlined
def _dots_4_by_1(a, b, out, i, j):
    c0 = c1 = c2 = c3 = out.dtype.type(0)
    for p in range(a.shape[1]):
        b0 = b[j, p]
        c0, c1, c2, c3 = c0 + a[i, p] * b0, c1 + a[i + 1, p] * b0, c2 + a[i + 2, p] * b0, c3 + a[i + 3, p] * b0
    out[i, j], out[i + 1, j], out[i + 2, j], out[i + 3, j] = c0, c1, c2, c3


@jit.inlined
def _dot(a, b, out, i, j):
    total = out.dtype.type(0)
    for p in range(a.shape[1]):
        total += a[i, p] * b[j, p]
    out[i, j] = total


@jit.function_noalias
def transpose(a, out):
    """Copy the transposed matrix.

    Formula [transpose]
        cⱼᵢ = aᵢⱼ
    Where
        a: a, (i, j), real
        c: out, (j, i), written
    Source
        Linear algebra.
    """
    for j in range(a.shape[1]):
        for i in range(a.shape[0]):
            out[j, i] = a[i, j]


# The second matrix is given as slices of one vector ------------------------------------------------------------------


@jit.function_noalias
def multiply_shifted(a, memory, starts, out):
    """The product a @ b, where row k of b is the slice of ``memory`` that begins at ``starts[k]``.

    ``a`` is (i, k), ``memory`` a vector, ``starts`` (k,) int64; slices may overlap, and each must be inside the vector.
    ``out`` (i, j) is written. The formula that it computes is that of `conv2d`.
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = 0.0
    rows, inner = out.shape[0], starts.size
    whole_rows, whole_inner = rows - rows % 4, inner - inner % 4
    for i in range(0, whole_rows, 4):
        for p in range(0, whole_inner, 4):
            _shifted_4_by_4(a, memory, starts, out, i, p)
        for p in range(whole_inner, inner):
            _shifted_4_by_1(a, memory, starts, out, i, p)
    for i in range(whole_rows, rows):
        for p in range(0, whole_inner, 4):
            _shifted_1_by_4(a, memory, starts, out, i, p)
        for p in range(whole_inner, inner):
            _shifted_1_by_1(a, memory, starts, out, i, p)


@jit.inlined
def _shifted_4_by_4(a, memory, starts, out, i, p):
    a00, a01, a02, a03 = a[i, p], a[i, p + 1], a[i, p + 2], a[i, p + 3]
    a10, a11, a12, a13 = a[i + 1, p], a[i + 1, p + 1], a[i + 1, p + 2], a[i + 1, p + 3]
    a20, a21, a22, a23 = a[i + 2, p], a[i + 2, p + 1], a[i + 2, p + 2], a[i + 2, p + 3]
    a30, a31, a32, a33 = a[i + 3, p], a[i + 3, p + 1], a[i + 3, p + 2], a[i + 3, p + 3]
    m0, m1, m2, m3 = memory[starts[p] :], memory[starts[p + 1] :], memory[starts[p + 2] :], memory[starts[p + 3] :]
    for j in range(out.shape[1]):
        b0, b1, b2, b3 = m0[j], m1[j], m2[j], m3[j]
        out[i, j] += a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
        out[i + 1, j] += a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
        out[i + 2, j] += a20 * b0 + a21 * b1 + a22 * b2 + a23 * b3
        out[i + 3, j] += a30 * b0 + a31 * b1 + a32 * b2 + a33 * b3


@jit.inlined
def _shifted_4_by_1(a, memory, starts, out, i, p):
    a0, a1, a2, a3, m0 = a[i, p], a[i + 1, p], a[i + 2, p], a[i + 3, p], memory[starts[p] :]
    for j in range(out.shape[1]):
        b0 = m0[j]
        out[i, j] += a0 * b0
        out[i + 1, j] += a1 * b0
        out[i + 2, j] += a2 * b0
        out[i + 3, j] += a3 * b0


@jit.inlined
def _shifted_1_by_4(a, memory, starts, out, i, p):
    a0, a1, a2, a3 = a[i, p], a[i, p + 1], a[i, p + 2], a[i, p + 3]
    m0, m1, m2, m3 = memory[starts[p] :], memory[starts[p + 1] :], memory[starts[p + 2] :], memory[starts[p + 3] :]
    for j in range(out.shape[1]):
        out[i, j] += a0 * m0[j] + a1 * m1[j] + a2 * m2[j] + a3 * m3[j]


@jit.inlined
def _shifted_1_by_1(a, memory, starts, out, i, p):
    a0, m0 = a[i, p], memory[starts[p] :]
    for j in range(out.shape[1]):
        out[i, j] += a0 * m0[j]


@jit.function_noalias
def add_shifted_products(a, memory, starts, out):
    """Add a @ bᵀ to ``out`` (i, k), where row k of b (k, j) is the slice of ``memory`` that begins at ``starts[k]``.

    ``a`` is (i, j); the rest as in `multiply_shifted`.
    """
    rows, columns = out.shape
    whole_rows, whole_columns = rows - rows % 4, columns - columns % 4
    for i in range(0, whole_rows, 4):
        for k in range(0, whole_columns, 4):
            _shifted_dots_4_by_4(a, memory, starts, out, i, k)
        for k in range(whole_columns, columns):
            _shifted_dots_4_by_1(a, memory, starts, out, i, k)
    for i in range(whole_rows, rows):
        for k in range(columns):
            _shifted_dot(a, memory, starts, out, i, k)


@jit.inlined
def _shifted_dots_4_by_4(a, memory, starts, out, i, k):
    zero = out.dtype.type(0)
    c00 = c01 = c02 = c03 = c10 = c11 = c12 = c13 = zero
    c20 = c21 = c22 = c23 = c30 = c31 = c32 = c33 = zero
    m0, m1, m2, m3 = memory[starts[k] :], memory[starts[k + 1] :], memory[starts[k + 2] :], memory[starts[k + 3] :]
    for j in range(a.shape[1]):
        a0, a1, a2, a3 = a[i, j], a[i + 1, j], a[i + 2, j], a[i + 3, j]
        b0, b1, b2, b3 = m0[j], m1[j], m2[j], m3[j]
        c00, c01, c02, c03 = c00 + a0 * b0, c01 + a0 * b1, c02 + a0 * b2, c03 + a0 * b3
        c10, c11, c12, c13 = c10 + a1 * b0, c11 + a1 * b1, c12 + a1 * b2, c13 + a1 * b3
        c20, c21, c22, c23 = c20 + a2 * b0, c21 + a2 * b1, c22 + a2 * b2, c23 + a2 * b3
        c30, c31, c32, c33 = c30 + a3 * b0, c31 + a3 * b1, c32 + a3 * b2, c33 + a3 * b3
    out[i, k], out[i, k + 1] = out[i, k] + c00, out[i, k + 1] + c01
    out[i, k + 2], out[i, k + 3] = out[i, k + 2] + c02, out[i, k + 3] + c03
    out[i + 1, k], out[i + 1, k + 1] = out[i + 1, k] + c10, out[i + 1, k + 1] + c11
    out[i + 1, k + 2], out[i + 1, k + 3] = out[i + 1, k + 2] + c12, out[i + 1, k + 3] + c13
    out[i + 2, k], out[i + 2, k + 1] = out[i + 2, k] + c20, out[i + 2, k + 1] + c21
    out[i + 2, k + 2], out[i + 2, k + 3] = out[i + 2, k + 2] + c22, out[i + 2, k + 3] + c23
    out[i + 3, k], out[i + 3, k + 1] = out[i + 3, k] + c30, out[i + 3, k + 1] + c31
    out[i + 3, k + 2], out[i + 3, k + 3] = out[i + 3, k + 2] + c32, out[i + 3, k + 3] + c33


@jit.inlined
def _shifted_dots_4_by_1(a, memory, starts, out, i, k):
    c0 = c1 = c2 = c3 = out.dtype.type(0)
    m0 = memory[starts[k] :]
    for j in range(a.shape[1]):
        b0 = m0[j]
        c0, c1, c2, c3 = c0 + a[i, j] * b0, c1 + a[i + 1, j] * b0, c2 + a[i + 2, j] * b0, c3 + a[i + 3, j] * b0
    out[i, k], out[i + 1, k], out[i + 2, k], out[i + 3, k] = (
        out[i, k] + c0, out[i + 1, k] + c1, out[i + 2, k] + c2, out[i + 3, k] + c3)


@jit.inlined
def _shifted_dot(a, memory, starts, out, i, k):
    total, m0 = out.dtype.type(0), memory[starts[k] :]
    for j in range(a.shape[1]):
        total += a[i, j] * m0[j]
    out[i, k] += total
