"""The first layers of a network for sequences: parts of a row, vectors of tokens, masks of padding, positions.

An embedding maps each token of a sequence, an integer, to a vector of its own that is learned. A mask marks the steps
that are padding, so that recurrent and attention layers above skip them. Sinusoidal positions tell a layer that treats
all steps alike, such as attention, where in a sequence each step is.

Implements sections 6.2 and 6.3 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.copying import copy_to
from scratchtune.core.network.layers.base import Layer
from scratchtune.sequences.layers.sequences import sequence_shape

MOST_TOKENS = 2**24  # a token is a float, and in float32 all integers are exact up to here


@jit.function_noalias
def embedding(tokens, table, y):
    """Look up the vector of each token. One outside the table has the vector 0; `Embedding.check_inputs` refuses it.

    Formula [embedding]
        yₙₜⱼ = w[xₙₜ, j]
    Where
        x: tokens, (n, t), real; sampled as integer in [-1, 3]
        w: table, (v, j), real
        y: y, (n, t, j), written
    Source
        Bengio et al. (2003), "A neural probabilistic language model"; Keras, layers.Embedding.
    """
    for n in range(y.shape[0]):
        for t in range(y.shape[1]):
            token = int(tokens[n, t])
            is_known = token >= 0 and token < table.shape[0]
            for j in range(y.shape[2]):
                y[n, t, j] = table[token, j] if is_known else 0.0


@jit.function_noalias
def embedding_grad(tokens, dy, dtable):
    """Gradient with respect to the table: a vector's gradient is the sum over the steps that hold its token, in order.

    Formula [embedding_grad]
        dᵥⱼ = Σₙₜ[gₙₜⱼ if xₙₜ = v else 0]
    Gradient of
        [embedding] in table
    Where
        x: tokens, (n, t), real; sampled as integer in [-1, 3]
        g: dy, (n, t, j), real, dJ/dy
        d: dtable, (v, j), written
    Source
        Calculus.
    """
    dtable[:] = 0.0
    for n in range(dy.shape[0]):
        for t in range(dy.shape[1]):
            token = int(tokens[n, t])
            if token >= 0 and token < dtable.shape[0]:
                for j in range(dy.shape[2]):
                    dtable[token, j] += dy[n, t, j]


@jit.function_noalias
def padding_mask(tokens, mask):
    """The mask of sequences that are padded with the token 0.

    Formula [padding_mask]
        mₙₜ = 0 if xₙₜ = 0 else 1
    Where
        x: tokens, (n, t), real; sampled as integer in [0, 3]
        m: mask, (n, t), written
    Source
        Keras, layers.Embedding with mask_zero=True.
    """
    for n in range(mask.shape[0]):
        for t in range(mask.shape[1]):
            mask[n, t] = 0.0 if tokens[n, t] == 0.0 else 1.0


@jit.forward
def embedding_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is the vector of each token; ``work`` gets the mask, if integers[1] is 1. integers[0] is the vectors' size."""
    rows, length = x.shape
    size = integers[0]
    embedding(x, theta.reshape((theta.size // size, size)), y.reshape((rows, length, size)))
    if integers[1]:
        padding_mask(x, work[: rows * length].reshape((rows, length)))


@jit.backward
def embedding_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta is the gradient of the table; tokens have none, so dx is 0."""
    size = integers[0]
    embedding_grad(x, dy.reshape((x.shape[0], x.shape[1], size)), dtheta.reshape((theta.size // size, size)))
    dx[:] = 0.0


class Embedding(Layer):
    """Maps tokens, integers from 0 up to ``input_dim`` - 1, to vectors of ``output_dim`` numbers; Keras's arguments.

    A row (length,) becomes (length, output_dim). With ``mask_zero`` the token 0 is padding: recurrent layers above skip
    it, also where layers such as dropout, which keep the number of steps, are between.
    """

    forward, backward = embedding_forward, embedding_backward

    def __init__(self, input_dim: int, output_dim: int, mask_zero: bool = False) -> None:
        self.input_dim = checks.integer("input_dim", input_dim, 1, MOST_TOKENS)
        self.output_dim = checks.integer("output_dim", output_dim, 1)
        self.mask_zero = checks.boolean("mask_zero", mask_zero)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length,), the outputs (length, output_dim); the weights are a table (input_dim, output_dim)."""
        if len(input_shape) != 1:
            raise ValueError(f"Embedding gets rows of shape {tuple(input_shape)}; it takes sequences of tokens "
                             f"(length,)")
        self.add_weight("embeddings", (self.input_dim, self.output_dim), "uniform")
        return (input_shape[0], self.output_dim)

    def check_inputs(self, name: str, X: np.ndarray) -> None:
        """Raise a ValueError unless all tokens are integers from 0 up to ``input_dim`` - 1."""
        wrong = X[(X < 0) | (X >= self.input_dim) | (X != np.floor(X))]
        if wrong.size > 0:
            raise ValueError(f"{name} holds the token {wrong[0]:g}; tokens must be integers from 0 to "
                             f"{self.input_dim - 1} for Embedding(input_dim={self.input_dim})")

    def integers(self) -> list[int]:
        """The size of a vector, and whether there is a mask."""
        return [self.output_dim, int(self.mask_zero)]

    def makes_mask(self) -> bool:
        """If ``mask_zero``."""
        return self.mask_zero

    def work_size(self, rows: int) -> int:
        """The mask."""
        return rows * self.input_shape[0] if self.mask_zero else 0


# Padding without tokens -----------------------------------------------------------------------------------------------


@jit.function_noalias
def step_mask(x, padding, mask):
    """The mask of sequences whose padding has one value in all features.

    Formula [step_mask]
        mₙₜ = 1 if Σⱼ[0 if xₙₜⱼ = v else 1] > 0 else 0
    Where
        x: x, (n, t, j), real; sampled as integer in [0, 1]
        v: padding, scalar, real; sampled as integer in [0, 1]
        m: mask, (n, t), written
    Source
        Keras, layers.Masking.
    """
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            others = 0
            for j in range(x.shape[2]):
                others += x[n, t, j] != padding
            mask[n, t] = 1.0 if others > 0 else 0.0


@jit.forward
def masking_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = x; ``work`` gets the mask."""
    n, length, features = x.shape[0], integers[0], integers[1]
    step_mask(x.reshape((n, length, features)), reals[0], work[: n * length].reshape((n, length)))
    copy_to(x, y)


@jit.backward
def masking_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx = dy."""
    if dx.size > 0:
        copy_to(dy, dx)


class Masking(Layer):
    """Marks as padding the steps of a sequence (length, features) whose features all are ``mask_value``.

    The outputs are the inputs. Recurrent and attention layers above skip these steps, also where layers such as
    dropout, which keep the number of steps, are between.
    """

    forward, backward = masking_forward, masking_backward

    def __init__(self, mask_value: float = 0.0) -> None:
        self.mask_value = checks.real("mask_value", mask_value)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept sequences (length, features), which the outputs are too."""
        self.length, self.features = sequence_shape("Masking", input_shape)
        return input_shape

    def integers(self) -> list[int]:
        """The length and the number of features."""
        return [self.length, self.features]

    def reals(self) -> list[float]:
        """The value of padding."""
        return [self.mask_value]

    def makes_mask(self) -> bool:
        """Always."""
        return True

    def work_size(self, rows: int) -> int:
        """The mask."""
        return rows * self.length


# Positions ------------------------------------------------------------------------------------------------------------


@jit.function
def add_positions(x, y):
    """Add to each step of a sequence a vector of sines and cosines of its index, of wavelengths from 2π to 10,000 · 2π.

    Formula [add_positions]
        yᵢⱼ = xᵢⱼ + (sin(i / 10000^(j / #j)) if 2 · floor(j / 2) = j else cos(i / 10000^((j − 1) / #j)))
    Where
        x: x, (i, j), real, a row for each step, a column for each feature
        y: y, (i, j), written
    Variant
        Sine and cosine alternate, as in the paper. KerasHub's SinePositionEncoding returns only the vectors, which its
        user adds. Other implementations have all sines first, then all cosines. The paper multiplies embeddings by the
        root of the number of features before; this layer does not.
    Source
        Vaswani et al. (2017), "Attention is all you need", section 3.5.
    """
    for j in range(x.shape[1]):
        wavelength = 10000.0 ** ((j - j % 2) / x.shape[1])
        for i in range(x.shape[0]):
            angle = i / wavelength
            position = np.cos(angle) if j % 2 else np.sin(angle)
            y[i, j] = x[i, j] + x.dtype.type(position)


@jit.forward
def positions_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = x times reals[0], plus the positions of its steps, which ``reals`` has next; integers[0] is the features.

    Outside training, ``step`` is the index of a row's first step.
    """
    first = 1 if training else 1 + step * integers[0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = reals[0] * x[i, j] + reals[first + j]


@jit.backward
def positions_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx = dy times reals[0]."""
    for i in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            dx[i, j] = reals[0] * dy[i, j]


class SinusoidalPositions(Layer):
    """Adds sines and cosines of each step's index to a sequence (length, features); it has no weights.

    With ``scale`` the sequence is multiplied by the root of its features before: vectors of tokens begin small, with a
    standard deviation of about 0.03, and positions would hide them (Vaswani et al. 2017, section 3.4). ``steps``: how
    many steps have positions, where later steps are computed one by one; None: those of a row.
    """

    forward, backward = positions_forward, positions_backward

    def __init__(self, scale: bool = False, steps: int | None = None) -> None:
        self.scale, self.steps = checks.boolean("scale", scale), steps

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept rows (length, features), which the outputs are too."""
        self.length, self.features = sequence_shape("SinusoidalPositions", input_shape)
        return input_shape

    def integers(self) -> list[int]:
        """The number of features."""
        return [self.features]

    def reals(self) -> list[float]:
        """The factor of x, then the positions, computed once."""
        positions = np.zeros((self.steps or self.length, self.features))
        add_positions(np.zeros_like(positions), positions)
        return [math.sqrt(self.features) if self.scale else 1.0, *(float(number) for number in positions.ravel())]


# Parts of a row, such as the source where a row holds a source and a target -------------------------------------------


@jit.forward
def steps_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """Copy to y as many columns of x as y has, from column integers[0] on."""
    first = integers[0]
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[n, j] = x[n, first + j]


@jit.backward
def steps_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx is dy in these columns, and 0 elsewhere."""
    first = integers[0]
    for n in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            dx[n, j] = 0.0
        for j in range(dy.shape[1]):
            dx[n, first + j] = dy[n, j]


class Steps(Layer):
    """The steps of a row from ``start`` up to, but not including, ``stop``; None: up to the last one."""

    forward, backward = steps_forward, steps_backward

    def __init__(self, start: int, stop: int | None = None) -> None:
        self.start_at = checks.integer("start", start, 0)
        self.stop = None if stop is None else checks.integer("stop", stop, start + 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (length, ...), where ``stop`` is at most the length."""
        stop = self.stop or input_shape[0]
        if not self.start_at < stop <= input_shape[0]:
            raise ValueError(f"{self!r} gets rows of shape {tuple(input_shape)}; they must have more than "
                             f"{max(stop - 1, self.start_at)} steps")
        return (stop - self.start_at, *input_shape[1:])

    def integers(self) -> list[int]:
        """The first column of x that is copied: a step takes as many columns as it has numbers."""
        return [self.start_at * math.prod(self.input_shape[1:])]

    def keeps_mask(self) -> bool:
        """True for the first steps, such as an LSTM's states without the last cell, of which the mask has none."""
        return self.start_at == 0
