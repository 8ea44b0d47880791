"""What embeddings of numeric columns share: the numbers of a row stay, and those of the embeddings are appended.

A row (features,) becomes (features + j · m,): all its numbers, then m numbers for each of its first j columns. The last
step of an embedding is a separate linear map for each column, of the k numbers that encode it.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from scratchtune import jit

COLUMNS, OUTPUTS, ENCODING = range(3)  # of a kernel's integers: j, m, k


@jit.function_noalias
def embedded_columns(x, columns):
    """Copy the first columns of x (n, features) to (n, j, 1)."""
    for n in range(columns.shape[0]):
        for j in range(columns.shape[1]):
            columns[n, j, 0] = x[n, j]


@jit.function_noalias
def append_columns(x, embedded, y):
    """Write x (n, features) and the embeddings (n, j, m) to y, (n, features + j · m)."""
    features, outputs = x.shape[1], embedded.shape[2]
    for n in range(y.shape[0]):
        for i in range(features):
            y[n, i] = x[n, i]
        for j in range(embedded.shape[1]):
            for m in range(outputs):
                y[n, features + j * outputs + m] = embedded[n, j, m]


@jit.function_noalias
def appended_grads(dy, embedded):
    """Copy the gradient with respect to the embeddings, (n, j, m), from dy."""
    outputs = embedded.shape[2]
    features = dy.shape[1] - embedded.shape[1] * outputs
    for n in range(embedded.shape[0]):
        for j in range(embedded.shape[1]):
            for m in range(outputs):
                embedded[n, j, m] = dy[n, features + j * outputs + m]


@jit.function_noalias
def pass_through_grad(dy, dcolumns, dx):
    """dx is the gradient of the numbers that stay, plus that through the embeddings, (n, j, 1)."""
    for n in range(dx.shape[0]):
        for i in range(dx.shape[1]):
            dx[n, i] = dy[n, i]
        for j in range(dcolumns.shape[1]):
            dx[n, j] += dcolumns[n, j, 0]


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
