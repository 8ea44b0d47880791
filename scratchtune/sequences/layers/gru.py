"""A gated recurrent unit (GRU) reads a sequence step by step; gates decide how much of its state each step replaces.

| symbol | here | shape |
|---|---|---|
| update gate z, reset gate r, candidate c | blocks of ``gates`` | (rows, units) each |
| state h | ``state`` | (rows, units) |
| x @ kernel; dJ/d(that) in the backward pass | ``inputs`` | (rows, 3, units) |
| h @ recurrent kernel; dJ/d(that) in the backward pass | ``inner`` | (rows, 3, units) |

The three blocks are in Keras's order: z, r, c. `recurrent` has the loop over the steps.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from scratchtune.core import checks, jit
from scratchtune.core.network.activations import sigmoid, vector_tanh
from scratchtune.core.network.layers.dense import bias_grad
from scratchtune.core.network.matmul import multiply, multiply_packed, multiply_transposed
from scratchtune.sequences.layers.recurrent import Cell, Recurrence, Recurrent, recurrence, recurrent_kernels
from scratchtune.sequences.layers.sequences import accumulate

# One step, for all rows -----------------------------------------------------------------------------------------------


@jit.function_noalias
def gru_gates(inputs, inner, bias, state, mask, gates, next_state):
    """One step of a GRU that applies the reset gate after the product of state and recurrent kernel.

    Formula [gru_gates]
        zₙⱼ = 1 / (1 + exp(−(x[n, 0, j] + b[0, 0, j] + u[n, 0, j] + b[1, 0, j]))) ;
            rₙⱼ = 1 / (1 + exp(−(x[n, 1, j] + b[0, 1, j] + u[n, 1, j] + b[1, 1, j]))) ;
            eₙⱼ = u[n, 2, j] + b[1, 2, j] ; cₙⱼ = tanh(x[n, 2, j] + b[0, 2, j] + rₙⱼ · eₙⱼ) ;
            gₙₖⱼ = (zₙⱼ if k = 0 else rₙⱼ) if k < 2 else (cₙⱼ if k = 2 else eₙⱼ) ;
            yₙⱼ = zₙⱼ · hₙⱼ + (1 − zₙⱼ) · cₙⱼ if mₙ > 0 else hₙⱼ
    Computed as
        [sigmoid] and [vector_tanh] for z, r and c: nothing overflows
    Where
        x: inputs, (n, 3, j), real, the product of the step's inputs and the kernel
        u: inner, (n, 3, j), real, the product of h and the recurrent kernel
        b: bias, (2, 3, j), real, of the inputs and of the state
        h: state, (n, j), real
        m: mask, (n,), 0 or 1
        g: gates, (n, 4, j), written, z, r, c and the part e of the candidate that r multiplies
        y: next_state, (n, j), written
    Variant
        PyTorch has the order r, z, n. Some texts exchange z and 1 − z. With reset_after=False: [gru_reset_before].
    Source
        Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder", with the reset gate where Keras
        (reset_after=True) and cuDNN apply it.
    """
    for n in range(state.shape[0]):
        keeps = mask[n] <= 0.0
        for j in range(state.shape[1]):
            z = sigmoid(inputs[n, 0, j] + bias[0, 0, j] + inner[n, 0, j] + bias[1, 0, j])
            r = sigmoid(inputs[n, 1, j] + bias[0, 1, j] + inner[n, 1, j] + bias[1, 1, j])
            e = inner[n, 2, j] + bias[1, 2, j]
            c = vector_tanh(inputs[n, 2, j] + bias[0, 2, j] + r * e)
            gates[n, 0, j], gates[n, 1, j], gates[n, 2, j], gates[n, 3, j] = z, r, c, e
            next_state[n, j] = state[n, j] if keeps else z * state[n, j] + (1.0 - z) * c


@jit.function_noalias
def gru_gates_grad(gates, state, mask, dnext, dinputs):
    """Gradient of a step with respect to the inputs' part, x @ kernel.

    Formula [gru_gates_grad]
        zₙⱼ = g[n, 0, j] ; rₙⱼ = g[n, 1, j] ; cₙⱼ = g[n, 2, j] ; pₙⱼ = qₙⱼ if mₙ > 0 else 0 ;
            eₙⱼ = pₙⱼ · (1 − zₙⱼ) · (1 − cₙⱼ²) ;
            dₙₖⱼ = (pₙⱼ · (hₙⱼ − cₙⱼ) · zₙⱼ · (1 − zₙⱼ) if k = 0 else eₙⱼ · g[n, 3, j] · rₙⱼ · (1 − rₙⱼ))
            if k < 2 else eₙⱼ
    Gradient of
        [gru_gates] in inputs
    Where
        g: gates, (n, 4, j), real; sampled in [-1, 1], z, r, c and e, as [gru_gates] has written them
        h: state, (n, j), real
        m: mask, (n,), 0 or 1
        q: dnext, (n, j), real, dJ/d(next state)
        d: dinputs, (n, 3, j), written
    Source
        Calculus.
    """
    for n in range(state.shape[0]):
        weight = mask[n]
        for j in range(state.shape[1]):
            z, r, c, p = gates[n, 0, j], gates[n, 1, j], gates[n, 2, j], weight * dnext[n, j]
            dc = p * (1.0 - z) * (1.0 - c * c)
            dinputs[n, 0, j] = p * (state[n, j] - c) * z * (1.0 - z)
            dinputs[n, 1, j] = dc * gates[n, 3, j] * r * (1.0 - r)
            dinputs[n, 2, j] = dc


@jit.function_noalias
def gru_inner_grad(gates, state, mask, dnext, dinner):
    """Gradient of a step with respect to h @ recurrent kernel: the candidate's is multiplied by the reset gate.

    Formula [gru_inner_grad]
        zₙⱼ = g[n, 0, j] ; rₙⱼ = g[n, 1, j] ; cₙⱼ = g[n, 2, j] ; pₙⱼ = qₙⱼ if mₙ > 0 else 0 ;
            eₙⱼ = pₙⱼ · (1 − zₙⱼ) · (1 − cₙⱼ²) ;
            dₙₖⱼ = (pₙⱼ · (hₙⱼ − cₙⱼ) · zₙⱼ · (1 − zₙⱼ) if k = 0 else eₙⱼ · g[n, 3, j] · rₙⱼ · (1 − rₙⱼ))
            if k < 2 else eₙⱼ · rₙⱼ
    Gradient of
        [gru_gates] in inner
    Where
        g: gates, (n, 4, j), real; sampled in [-1, 1], z, r, c and e, as [gru_gates] has written them
        h: state, (n, j), real
        m: mask, (n,), 0 or 1
        q: dnext, (n, j), real, dJ/d(next state)
        d: dinner, (n, 3, j), written
    Source
        Calculus.
    """
    for n in range(state.shape[0]):
        weight = mask[n]
        for j in range(state.shape[1]):
            z, r, c, p = gates[n, 0, j], gates[n, 1, j], gates[n, 2, j], weight * dnext[n, j]
            dc = p * (1.0 - z) * (1.0 - c * c)
            dinner[n, 0, j] = p * (state[n, j] - c) * z * (1.0 - z)
            dinner[n, 1, j] = dc * gates[n, 3, j] * r * (1.0 - r)
            dinner[n, 2, j] = dc * r


@jit.function_noalias
def gru_state_grad(gates, mask, dnext, dstate):
    """Gradient of a step with respect to the state before it, without the part through the recurrent kernel.

    Formula [gru_state_grad]
        d'ₙⱼ = dₙⱼ + (g[n, 0, j] · qₙⱼ if mₙ > 0 else qₙⱼ)
    Gradient of
        [gru_gates] in state
    Where
        g: gates, (n, 4, j), real; sampled in [-1, 1], z, r, c and e, as [gru_gates] has written them
        m: mask, (n,), 0 or 1
        q: dnext, (n, j), real, dJ/d(next state)
        d: dstate, (n, j), real, dJ/d(state) so far
    Variant
        The rest, through h @ recurrent kernel, is the product of [gru_inner_grad] and the transposed kernel.
    Source
        Calculus.
    """
    for n in range(dstate.shape[0]):
        keeps = mask[n] <= 0.0
        for j in range(dstate.shape[1]):
            dstate[n, j] += dnext[n, j] if keeps else gates[n, 0, j] * dnext[n, j]


@jit.function_noalias
def gru_reset_before(inputs, state, recurrent, bias, mask, inner, gates, next_state):
    """One step of a GRU that applies the reset gate to the state, before the product with the recurrent kernel.

    Formula [gru_reset_before]
        zₙⱼ = 1 / (1 + exp(−(x[n, 0, j] + b[0, j] + Σᵢ[hₙᵢ · w[i, 0, j]]))) ;
            rₙⱼ = 1 / (1 + exp(−(x[n, 1, j] + b[1, j] + Σᵢ[hₙᵢ · w[i, 1, j]]))) ;
            cₙⱼ = tanh(x[n, 2, j] + b[2, j] + Σᵢ[rₙᵢ · hₙᵢ · w[i, 2, j]]) ;
            gₙₖⱼ = (zₙⱼ if k = 0 else rₙⱼ) if k < 2 else (cₙⱼ if k = 2 else rₙⱼ · hₙⱼ) ;
            yₙⱼ = zₙⱼ · hₙⱼ + (1 − zₙⱼ) · cₙⱼ if mₙ > 0 else hₙⱼ
    Computed as
        [sigmoid] and [vector_tanh] for z, r and c: nothing overflows
    Where
        x: inputs, (n, 3, j), real, the product of the step's inputs and the kernel
        h: state, (n, j), real; sampled in [-1, 1]
        w: recurrent, (j, 3, j), real; sampled in [-1, 1], the recurrent kernel
        b: bias, (3, j), real
        m: mask, (n,), 0 or 1
        u: inner, (n, 3, j), scratch
        g: gates, (n, 4, j), written, z, r, c and r · h
        y: next_state, (n, j), written
    Variant
        Keras with reset_after=False. [gru_gates] needs one product a step instead of two.
    Source
        Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder", equations 5 to 8, where z and
        1 − z are as here.
    """
    rows, units = state.shape
    w, u = recurrent.reshape((units, 3 * units)), inner.reshape((rows, 3 * units))
    multiply(state, w[:, : 2 * units], u[:, : 2 * units])
    for n in range(rows):
        for j in range(units):
            r = sigmoid(inputs[n, 1, j] + bias[1, j] + inner[n, 1, j])
            gates[n, 1, j], gates[n, 3, j] = r, r * state[n, j]
    multiply(gates.reshape((rows, 4 * units))[:, 3 * units :], w[:, 2 * units :], u[:, 2 * units :])
    for n in range(rows):
        keeps = mask[n] <= 0.0
        for j in range(units):
            z = sigmoid(inputs[n, 0, j] + bias[0, j] + inner[n, 0, j])
            c = vector_tanh(inputs[n, 2, j] + bias[2, j] + inner[n, 2, j])
            gates[n, 0, j], gates[n, 2, j] = z, c
            next_state[n, j] = state[n, j] if keeps else z * state[n, j] + (1.0 - z) * c


@jit.function_noalias
def gru_reset_before_grad(gates, state, recurrent, mask, dnext, product, dinputs, dstate):
    """Gradient of `gru_reset_before` with respect to x @ kernel, d, and from that with respect to the state, s.

    Formula [gru_reset_before_grad]
        zₙⱼ = g[n, 0, j] ; rₙⱼ = g[n, 1, j] ; cₙⱼ = g[n, 2, j] ; pₙⱼ = qₙⱼ if mₙ > 0 else 0 ;
            eₙⱼ = pₙⱼ · (1 − zₙⱼ) · (1 − cₙⱼ²) ; vₙⱼ = Σᵢ[eₙᵢ · w[j, 2, i]] ;
            dₙₖⱼ = (pₙⱼ · (hₙⱼ − cₙⱼ) · zₙⱼ · (1 − zₙⱼ) if k = 0 else vₙⱼ · hₙⱼ · rₙⱼ · (1 − rₙⱼ)) if k < 2 else eₙⱼ ;
            s'ₙⱼ = sₙⱼ + (zₙⱼ · qₙⱼ + rₙⱼ · vₙⱼ + Σᵢ[d[n, 0, i] · w[j, 0, i] + d[n, 1, i] · w[j, 1, i]]
            if mₙ > 0 else qₙⱼ)
    Gradient of
        [gru_reset_before] in state
    Where
        g: gates, (n, 4, j), real; sampled in [-1, 1], as [gru_reset_before] has written them
        h: state, (n, j), real; sampled in [-1, 1]
        w: recurrent, (j, 3, j), real; sampled in [-0.25, 0.25]
        m: mask, (n,), 0 or 1
        q: dnext, (n, j), real, dJ/d(next state)
        y: product, (n, j), scratch
        d: dinputs, (n, 3, j), written, dJ/d(inputs)
        s: dstate, (n, j), real, dJ/d(state) so far
    Source
        Calculus.
    """
    rows, units = state.shape
    w, d = recurrent.reshape((units, 3 * units)), dinputs.reshape((rows, 3 * units))
    for n in range(rows):
        weight = mask[n]
        for j in range(units):
            z, c, p = gates[n, 0, j], gates[n, 2, j], weight * dnext[n, j]
            dinputs[n, 0, j] = p * (state[n, j] - c) * z * (1.0 - z)
            dinputs[n, 2, j] = p * (1.0 - z) * (1.0 - c * c)
    multiply_transposed(d[:, 2 * units :], w[:, 2 * units :], product)
    for n in range(rows):
        keeps = mask[n] <= 0.0
        for j in range(units):
            z, r, v = gates[n, 0, j], gates[n, 1, j], product[n, j]
            dinputs[n, 1, j] = v * state[n, j] * r * (1.0 - r)
            dstate[n, j] += dnext[n, j] if keeps else z * dnext[n, j] + r * v
    multiply_transposed(d[:, : 2 * units], w[:, : 2 * units], product)
    accumulate(product, dstate)


# The cells ------------------------------------------------------------------------------------------------------------


@jit.function
def by_columns(blocks):
    """View an array (..., blocks, units) as a matrix (rows, blocks * units)."""
    columns = blocks.shape[blocks.ndim - 2] * blocks.shape[blocks.ndim - 1]
    return blocks.reshape((blocks.size // columns, columns))


@jit.function
def gru_step(weights, panels, now):
    """`Cell.step`: the product of the state and the recurrent kernel, then `gru_gates`."""
    multiply_packed(now.state, panels, by_columns(now.inner), True)
    gru_gates(now.inputs, now.inner, weights.bias, now.state, now.mask, now.gates, now.next_state)


@jit.function
def gru_step_grad(weights, panels, now, dnext, dstate):
    """`Cell.step_grad`: the gradients of both products, then those of the state, through the gates and the kernel."""
    gru_gates_grad(now.gates, now.state, now.mask, dnext, now.inputs)
    gru_inner_grad(now.gates, now.state, now.mask, dnext, now.inner)
    gru_state_grad(now.gates, now.mask, dnext, dstate)
    multiply_packed(by_columns(now.inner), panels, dstate, False)


@jit.function
def gru_recurrent_grad(memory, dweights):
    """`Cell.recurrent_grad`: the gradients of the recurrent kernel and of its bias."""
    steps, rows, units = memory.states.shape
    states, dinner = memory.states[: steps - 1].reshape(((steps - 1) * rows, units)), by_columns(memory.inner)
    multiply(states.T, dinner, dweights.recurrent)
    bias_grad(dinner, dweights.bias[1].reshape(3 * units))


@jit.function
def reset_before_step(weights, panels, now):
    """`Cell.step`; the recurrent kernel is read in place, not from panels: its parts multiply different matrices."""
    units = now.state.shape[1]
    gru_reset_before(now.inputs, now.state, weights.recurrent.reshape((units, 3, units)), weights.bias[0], now.mask,
                     now.inner, now.gates, now.next_state)


@jit.function
def reset_before_step_grad(weights, panels, now, dnext, dstate):
    """`Cell.step_grad`; ``now.inner`` is not needed any more, and serves as memory."""
    rows, units = now.state.shape
    product = now.inner.reshape(now.inner.size)[: rows * units].reshape((rows, units))
    gru_reset_before_grad(now.gates, now.state, weights.recurrent.reshape((units, 3, units)), now.mask, dnext, product,
                          now.inputs, dstate)


@jit.function
def reset_before_recurrent_grad(memory, dweights):
    """`Cell.recurrent_grad`: the candidate's part of the kernel has multiplied r · h, the other two h."""
    steps, rows, units = memory.states.shape
    states, dinputs = memory.states[: steps - 1].reshape(((steps - 1) * rows, units)), by_columns(memory.inputs)
    multiply(states.T, dinputs[:, : 2 * units], dweights.recurrent[:, : 2 * units])
    multiply(by_columns(memory.gates)[:, 3 * units :].T, dinputs[:, 2 * units :], dweights.recurrent[:, 2 * units :])


AFTER = recurrence(Cell(3, 1, 4, True, gru_step, gru_step_grad, gru_recurrent_grad))
BEFORE = recurrence(Cell(3, 1, 4, False, reset_before_step, reset_before_step_grad, reset_before_recurrent_grad))


KERNELS = {AFTER: recurrent_kernels(AFTER), BEFORE: recurrent_kernels(BEFORE)}


class GRU(Recurrent):
    """A gated recurrent unit over sequences (length, features); arguments have Keras's names and defaults.

    The output is the last state (units,), or with ``return_sequences`` the state after each step (length, units).
    ``go_backwards`` processes the last step first; the outputs are in the order of processing, as in Keras.
    ``reset_after`` applies the reset gate after the product with the recurrent kernel, as cuDNN and PyTorch do. Padding
    that an `Embedding` with ``mask_zero`` below has marked leaves the state as it is.
    """

    def __init__(
        self, units: int, return_sequences: bool = False, go_backwards: bool = False, reset_after: bool = True,
    ) -> None:
        super().__init__(units, return_sequences, go_backwards)
        self.reset_after = checks.boolean("reset_after", reset_after)
        self.forward, self.backward = KERNELS[self.recurrence]

    @property
    def recurrence(self) -> Recurrence:
        """Override: `AFTER` or `BEFORE`, by where the reset gate is applied."""
        return AFTER if self.reset_after else BEFORE

    def bias(self, columns: int) -> tuple[tuple[int, ...], str]:
        """Override: (2, 3 units), for the inputs and for the state, or (3 units,)."""
        return ((2, columns) if self.reset_after else (columns,)), "zeros"
