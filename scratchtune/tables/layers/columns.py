"""What embeddings of numeric columns share: the numbers of a row stay, and those of the embeddings are appended.

A row (features,) becomes (features + j · m,): all its numbers, then m numbers for each of its first j columns. The last
step of an embedding is a separate linear map for each column, of the k numbers that encode it.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from scratchtune import jit
from scratchtune.network.layers.base import Layer

COLUMNS, ENCODING, OUTPUTS = range(3)  # of a kernel's integers: j, k, m


@jit.function_noalias
def append_columns(x, embedded, y):
    """Write x (n, features) and the embeddings (n, j, m) to y, (n, features + j · m)."""
    features = x.shape[1]
    y[:, :features] = x
    y[:, features:] = embedded.reshape((x.shape[0], y.shape[1] - features))


@jit.function_noalias
def appended_grads(dy, embedded):
    """Copy the gradient with respect to the embeddings, (n, j, m), from dy."""
    appended = embedded.shape[1] * embedded.shape[2]
    embedded.reshape((dy.shape[0], appended))[:] = dy[:, dy.shape[1] - appended :]


@jit.function_noalias
def pass_through_grad(dy, dcolumns, dx):
    """dx is the gradient of the numbers that stay, plus that through the embeddings, (n, j, 1)."""
    dx[:] = dy[:, : dx.shape[1]]
    dx[:, : dcolumns.shape[1]] += dcolumns[:, :, 0]


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


@jit.function
def kernel_and_bias(integers, theta):
    """Views of theta, or of its gradient: kernel (j, k, m), bias (j, m)."""
    j, k, m = integers[COLUMNS], integers[ENCODING], integers[OUTPUTS]
    return theta[: j * k * m].reshape((j, k, m)), theta[j * k * m :].reshape((j, m))


@jit.function
def workspace_of(integers, n, work):
    """Four parts: x (n, j, 1), its encoding (n, j, k), the embeddings (n, j, m), and what a layer needs beyond them."""
    j, k, m = integers[COLUMNS], integers[ENCODING], integers[OUTPUTS]
    encoded, end = n * j * (1 + k), n * j * (1 + k + m)
    return (work[: n * j].reshape((n, j, 1)), work[n * j : encoded].reshape((n, j, k)),
            work[encoded:end].reshape((n, j, m)), work[end:])


class ColumnEmbedding(Layer):
    """The base class of embeddings of a row's first columns, with ``output_dim`` numbers for each, its own among them.
    """

    rate_group = "embedding"
    output_dim: int

    def check_columns(self, input_shape: tuple[int, ...], columns: int) -> None:
        """Raise a ValueError unless rows are (features,), at least so many columns."""
        if len(input_shape) != 1 or columns > input_shape[0]:
            raise ValueError(f"{type(self).__name__} gets rows of shape {tuple(input_shape)}; with {columns} columns "
                             "it takes (features,), at least so many")

    def add_maps(self, input_shape: tuple[int, ...], columns: int, encoding: int) -> tuple[int, ...]:
        """Add the weights of the linear maps; return the shape of an output row."""
        outputs = self.output_dim - 1
        self.sizes = [columns, encoding, outputs]
        self.add_weight("kernel", (columns, encoding, outputs), "lecun_uniform", (encoding, outputs))
        self.add_weight("bias", (columns, outputs), "zeros", is_bias=True)
        return (input_shape[0] + columns * outputs,)

    def integers(self) -> list[int]:
        """The columns that are embedded, the numbers that encode each, and those that are appended for it."""
        return self.sizes

    def work_size(self, rows: int) -> int:
        """See `workspace_of`."""
        return rows * self.sizes[COLUMNS] * (1 + self.sizes[ENCODING] + self.sizes[OUTPUTS])
