"""What embeddings of numeric columns share: the numbers of a row stay, and those of the embeddings are appended.

A row (features,) becomes (features + j · m,): all its numbers, then m numbers for each of its first j columns.
"""

from __future__ import annotations

from scratchtune import jit

COLUMNS, OUTPUTS = range(2)  # of a kernel's integers: j and m


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
