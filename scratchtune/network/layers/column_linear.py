"""A separate linear map for each column: the last step of the embeddings of numeric columns.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from scratchtune import jit


@jit.function_noalias
def column_linear(v, w, b, y):
    """Linear map of the numbers that encode a column, with separate weights for each column.

    Formula [column_linear]
        yₙⱼₘ = Σₖ[vₙⱼₖ · wⱼₖₘ] + bⱼₘ
    Where
        v: v, (n, j, k), real; sampled in [0.1, 2]
        w: w, (j, k, m), real; sampled in [0.1, 2]
        b: b, (j, m), real
        y: y, (n, j, m), written
    Source
        Gorishniy, Rubachev and Babenko (2022), "On embeddings for numerical features in tabular deep learning", 3.4.
    """
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            for m in range(y.shape[2]):
                y[n, j, m] = b[j, m]
            for k in range(v.shape[2]):
                for m in range(y.shape[2]):
                    y[n, j, m] += v[n, j, k] * w[j, k, m]


@jit.function_noalias
def column_linear_kernel_grad(v, dy, dw):
    """Gradient with respect to the weights.

    Formula [column_linear_kernel_grad]
        dⱼₖₘ = Σₙ[vₙⱼₖ · gₙⱼₘ]
    Gradient of
        [column_linear] in w
    Where
        v: v, (n, j, k), real; sampled in [0.1, 2]
        g: dy, (n, j, m), real; sampled in [0.1, 2], dJ/dy
        d: dw, (j, k, m), written
    Source
        Calculus.
    """
    dw[:] = 0.0
    for n in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            for k in range(v.shape[2]):
                for m in range(dy.shape[2]):
                    dw[j, k, m] += v[n, j, k] * dy[n, j, m]


@jit.function_noalias
def column_linear_bias_grad(dy, db):
    """Gradient with respect to the biases.

    Formula [column_linear_bias_grad]
        dⱼₘ = Σₙ[gₙⱼₘ]
    Gradient of
        [column_linear] in b
    Where
        g: dy, (n, j, m), real; sampled in [0.1, 2], dJ/dy
        d: db, (j, m), written
    Source
        Calculus.
    """
    db[:] = 0.0
    for n in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            for m in range(dy.shape[2]):
                db[j, m] += dy[n, j, m]


@jit.function_noalias
def column_linear_grad(dy, w, dv):
    """Gradient with respect to the inputs.

    Formula [column_linear_grad]
        dₙⱼₖ = Σₘ[gₙⱼₘ · wⱼₖₘ]
    Gradient of
        [column_linear] in v
    Where
        g: dy, (n, j, m), real; sampled in [0.1, 2], dJ/dy
        w: w, (j, k, m), real; sampled in [0.1, 2]
        d: dv, (n, j, k), written
    Source
        Calculus.
    """
    for n in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            for k in range(dv.shape[2]):
                total = dy.dtype.type(0)
                for m in range(dy.shape[2]):
                    total += dy[n, j, m] * w[j, k, m]
                dv[n, j, k] = total
