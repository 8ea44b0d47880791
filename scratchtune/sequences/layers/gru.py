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

from scratchtune import checks, jit
from scratchtune.network.activations import sigmoid, vector_tanh
from scratchtune.network.layers.dense import bias_grad
from scratchtune.network.matmul import multiply, multiply_packed
from scratchtune.sequences.layers.recurrent import Cell, Recurrent, recurrence, recurrent_kernels

# One step, for all rows -----------------------------------------------------------------------------------------------


@jit.function_noalias
def gru_gates(inputs, inner, bias, state, mask, gates, next_state):
    """One step of a GRU; the reset gate is applied after the product of state and recurrent kernel.

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
        PyTorch has the order r, z, n. Some texts exchange z and 1 − z. Keras with reset_after=False, and the
        paper, apply the reset gate to the state, before its product with the recurrent kernel: two products a step.
    Source
        Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder", with the reset gate where cuDNN
        and PyTorch apply it.
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
    """Gradient of a step with respect to the inputs' part.

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
    """Gradient of a step with respect to the state's part: the candidate's is multiplied by the reset gate.

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
    """Gradient of a step with respect to the state before it, as far as the update gate lets it through.

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


# The cell -------------------------------------------------------------------------------------------------------------


@jit.function
def by_columns(blocks):
    """View an array (..., blocks, units) as a matrix (rows, blocks * units)."""
    columns = blocks.shape[blocks.ndim - 2] * blocks.shape[blocks.ndim - 1]
    return blocks.reshape((blocks.size // columns, columns))


@jit.function
def gru_step(weights, panels, now):
    """See `Cell`."""
    multiply_packed(now.state, panels, by_columns(now.inner), True)
    gru_gates(now.inputs, now.inner, weights.bias, now.state, now.mask, now.gates, now.next_state)


@jit.function
def gru_step_grad(weights, panels, now, dnext, dstate):
    """See `Cell`."""
    gru_gates_grad(now.gates, now.state, now.mask, dnext, now.inputs)
    gru_inner_grad(now.gates, now.state, now.mask, dnext, now.inner)
    gru_state_grad(now.gates, now.mask, dnext, dstate)
    multiply_packed(by_columns(now.inner), panels, dstate, False)


@jit.function
def gru_recurrent_grad(memory, dweights):
    """See `Cell`."""
    steps, rows, units = memory.states.shape
    states, dinner = memory.states[: steps - 1].reshape(((steps - 1) * rows, units)), by_columns(memory.inner)
    multiply(states.T, dinner, dweights.recurrent)
    bias_grad(dinner, dweights.bias[1].reshape(3 * units))


GRU_RECURRENCE = recurrence(Cell(3, 1, 4, True, gru_step, gru_step_grad, gru_recurrent_grad))


class GRU(Recurrent):
    """A gated recurrent unit over sequences (length, features); arguments have Keras's names and defaults.

    The output is the last state (units,), or with ``return_sequences`` the state after each step (length, units).
    ``go_backwards`` processes the last step first; the outputs are in the order of processing, as in Keras.
    ``reset_after`` must be True: the reset gate is applied after the product with the recurrent kernel, as in cuDNN and
    PyTorch. Padding that an `Embedding` with ``mask_zero`` below has marked leaves the state as it is.
    """

    recurrence = GRU_RECURRENCE
    forward, backward = recurrent_kernels(GRU_RECURRENCE)

    def __init__(
        self, units: int, return_sequences: bool = False, go_backwards: bool = False, reset_after: bool = True,
    ) -> None:
        super().__init__(units, return_sequences, go_backwards)
        if not checks.boolean("reset_after", reset_after):
            raise ValueError("reset_after is False; it must be True: the reset gate is applied after the product")

    def bias(self, columns: int) -> tuple[tuple[int, ...], str]:
        """Override: a second bias is added to the product with the state."""
        return (2, columns), "zeros"
