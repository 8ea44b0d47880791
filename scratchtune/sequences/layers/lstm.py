"""A long short-term memory (LSTM) has a cell beside its state, to which gates add and from which they forget.

| symbol | here | shape |
|---|---|---|
| input gate i, forget gate f, candidate g, output gate o | blocks of ``gates`` | (rows, units) each |
| state h and cell c | ``state`` | (rows, 2, units) |
| x @ kernel; dJ/d(that) in the backward pass | ``inputs`` | (rows, 4, units) |
| h @ recurrent kernel | ``inner`` | (rows, 4, units) |

The four blocks are in Keras's and PyTorch's order: i, f, g, o. `recurrent` has the loop over the steps.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from scratchtune.core import jit
from scratchtune.core.network.activations import sigmoid, vector_tanh
from scratchtune.core.network.matmul import multiply, multiply_packed
from scratchtune.sequences.layers.recurrent import Cell, Recurrence, Recurrent, recurrence, recurrent_kernels

# One step, for all rows -----------------------------------------------------------------------------------------------


@jit.function_noalias
def lstm_gates(inputs, inner, bias, state, mask, gates, next_state):
    """One step of an LSTM.

    Formula [lstm_gates]
        aₙₖⱼ = xₙₖⱼ + uₙₖⱼ + bₖⱼ ; iₙⱼ = 1 / (1 + exp(−a[n, 0, j])) ; fₙⱼ = 1 / (1 + exp(−a[n, 1, j])) ;
            gₙⱼ = tanh(a[n, 2, j]) ; oₙⱼ = 1 / (1 + exp(−a[n, 3, j])) ; cₙⱼ = fₙⱼ · h[n, 1, j] + iₙⱼ · gₙⱼ ;
            vₙₚⱼ = (iₙⱼ if p = 0 else fₙⱼ) if p < 2 else ((gₙⱼ if p = 2 else oₙⱼ) if p < 4 else tanh(cₙⱼ)) ;
            yₙₛⱼ = (oₙⱼ · tanh(cₙⱼ) if s = 0 else cₙⱼ) if mₙ > 0 else hₙₛⱼ
    Computed as
        [sigmoid] and [vector_tanh] for the gates: nothing overflows
    Where
        x: inputs, (n, 4, j), real, the product of the step's inputs and the kernel
        u: inner, (n, 4, j), real, the product of the state and the recurrent kernel
        b: bias, (4, j), real
        h: state, (n, 2, j), real, the state, then the cell
        m: mask, (n,), 0 or 1
        v: gates, (n, 5, j), written, i, f, g, o and the tanh of the new cell
        y: next_state, (n, 2, j), written, the new state and cell
    Variant
        PyTorch has a second bias, which is added to the first one.
    Source
        Hochreiter and Schmidhuber (1997), "Long short-term memory", with the forget gate of Gers et al. (2000).
    """
    for n in range(state.shape[0]):
        keeps = mask[n] <= 0.0
        for j in range(state.shape[2]):
            i = sigmoid(inputs[n, 0, j] + inner[n, 0, j] + bias[0, j])
            f = sigmoid(inputs[n, 1, j] + inner[n, 1, j] + bias[1, j])
            g = vector_tanh(inputs[n, 2, j] + inner[n, 2, j] + bias[2, j])
            o = sigmoid(inputs[n, 3, j] + inner[n, 3, j] + bias[3, j])
            cell = f * state[n, 1, j] + i * g
            t = vector_tanh(cell)
            gates[n, 0, j], gates[n, 1, j], gates[n, 2, j], gates[n, 3, j], gates[n, 4, j] = i, f, g, o, t
            next_state[n, 0, j] = state[n, 0, j] if keeps else o * t
            next_state[n, 1, j] = state[n, 1, j] if keeps else cell


@jit.function_noalias
def lstm_gates_grad(gates, state, mask, dnext, dinputs):
    """Gradient of a step with respect to the inputs' part; that of the state's part is the same.

    Formula [lstm_gates_grad]
        iₙⱼ = v[n, 0, j] ; fₙⱼ = v[n, 1, j] ; gₙⱼ = v[n, 2, j] ; oₙⱼ = v[n, 3, j] ; tₙⱼ = v[n, 4, j] ;
            pₙₛⱼ = qₙₛⱼ if mₙ > 0 else 0 ; eₙⱼ = p[n, 1, j] + p[n, 0, j] · oₙⱼ · (1 − tₙⱼ²) ;
            dₙₖⱼ = (eₙⱼ · gₙⱼ · iₙⱼ · (1 − iₙⱼ) if k = 0 else eₙⱼ · h[n, 1, j] · fₙⱼ · (1 − fₙⱼ)) if k < 2
            else (eₙⱼ · iₙⱼ · (1 − gₙⱼ²) if k = 2 else p[n, 0, j] · tₙⱼ · oₙⱼ · (1 − oₙⱼ))
    Gradient of
        [lstm_gates] in inputs
    Where
        v: gates, (n, 5, j), in [-1, 1], as [lstm_gates] has written them
        h: state, (n, 2, j), real, the state and the cell before the step
        m: mask, (n,), 0 or 1
        q: dnext, (n, 2, j), real, dJ/d(next state and cell)
        d: dinputs, (n, 4, j), written
    Source
        Calculus.
    """
    for n in range(state.shape[0]):
        weight = mask[n]
        for j in range(state.shape[2]):
            i, f, g, o, t = gates[n, 0, j], gates[n, 1, j], gates[n, 2, j], gates[n, 3, j], gates[n, 4, j]
            dh = weight * dnext[n, 0, j]
            dcell = weight * dnext[n, 1, j] + dh * o * (1.0 - t * t)
            dinputs[n, 0, j] = dcell * g * i * (1.0 - i)
            dinputs[n, 1, j] = dcell * state[n, 1, j] * f * (1.0 - f)
            dinputs[n, 2, j] = dcell * i * (1.0 - g * g)
            dinputs[n, 3, j] = dh * t * o * (1.0 - o)


@jit.function_noalias
def lstm_state_grad(gates, mask, dnext, dstate):
    """Gradient of a step with respect to state and cell before it, without the part through the recurrent kernel.

    Formula [lstm_state_grad]
        cₙⱼ = v[n, 1, j] · (q[n, 1, j] + q[n, 0, j] · v[n, 3, j] · (1 − v[n, 4, j]²)) ;
            d'ₙₛⱼ = dₙₛⱼ + ((0 if s = 0 else cₙⱼ) if mₙ > 0 else qₙₛⱼ)
    Gradient of
        [lstm_gates] in state
    Where
        v: gates, (n, 5, j), in [-1, 1], as [lstm_gates] has written them
        m: mask, (n,), 0 or 1
        q: dnext, (n, 2, j), real, dJ/d(next state and cell)
        d: dstate, (n, 2, j), real, dJ/d(state and cell) so far
    Source
        Calculus.
    """
    for n in range(dstate.shape[0]):
        keeps = mask[n] <= 0.0
        for j in range(dstate.shape[2]):
            f, o, t = gates[n, 1, j], gates[n, 3, j], gates[n, 4, j]
            dcell = f * (dnext[n, 1, j] + dnext[n, 0, j] * o * (1.0 - t * t))
            dstate[n, 0, j] += dnext[n, 0, j] if keeps else 0.0
            dstate[n, 1, j] += dnext[n, 1, j] if keeps else dcell


# The cell -------------------------------------------------------------------------------------------------------------


@jit.function
def lstm_step(weights, panels, now):
    """`Cell.step`: the product, then `lstm_gates`; in each row the state is followed by the cell."""
    rows, units = now.state.shape[0], now.state.shape[1] // 2
    multiply_packed(now.state[:, :units], panels, now.inner.reshape((rows, 4 * units)), True)
    lstm_gates(now.inputs, now.inner, weights.bias[0], now.state.reshape((rows, 2, units)), now.mask, now.gates,
               now.next_state.reshape((rows, 2, units)))


@jit.function
def lstm_step_grad(weights, panels, now, dnext, dstate):
    """`Cell.step_grad`: the gradient of both products, then that of state and cell, through gates and kernel."""
    rows, units = now.state.shape[0], now.state.shape[1] // 2
    both = (rows, 2, units)
    lstm_gates_grad(now.gates, now.state.reshape(both), now.mask, dnext.reshape(both), now.inputs)
    lstm_state_grad(now.gates, now.mask, dnext.reshape(both), dstate.reshape(both))
    multiply_packed(now.inputs.reshape((rows, 4 * units)), panels, dstate[:, :units], False)


@jit.function
def lstm_recurrent_grad(memory, dweights):
    """`Cell.recurrent_grad`: the gradient of the recurrent kernel, which multiplies the state, not the cell."""
    steps, rows, columns = memory.states.shape
    total, units = (steps - 1) * rows, columns // 2
    states, dinputs = memory.states[: steps - 1].reshape((total, columns)), memory.inputs.reshape((total, 4 * units))
    multiply(states[:, :units].T, dinputs, dweights.recurrent)


LSTM_RECURRENCE = recurrence(Cell(4, 2, 5, False, lstm_step, lstm_step_grad, lstm_recurrent_grad))


class LSTM(Recurrent):
    """A long short-term memory over sequences (length, features); arguments have Keras's names and defaults.

    They, the outputs, and what padding does, are as for `GRU`. The forget gate's bias is 1 at first.
    """

    forward, backward = recurrent_kernels(LSTM_RECURRENCE)

    @property
    def recurrence(self) -> Recurrence:
        """Override: there is one."""
        return LSTM_RECURRENCE

    def bias(self, columns: int) -> tuple[tuple[int, ...], str]:
        """Override: that of the forget gate begins at 1."""
        return (columns,), "unit_forget_bias"
