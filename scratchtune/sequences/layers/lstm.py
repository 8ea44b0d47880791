"""A long short-term memory (LSTM) has a cell beside its state, to which gates add and from which they forget.

| symbol | here | shape |
|---|---|---|
| input gate i, forget gate f, candidate g, output gate o | blocks of ``gates`` | (rows, units) each |
| state h and cell c after each step, with the initial ones | ``states`` | (length + 1, rows, 2, units) |
| x @ kernel for all steps; dJ/d(that) in the backward pass | ``inputs`` | (length, rows, 4, units) |

The four blocks are in Keras's and PyTorch's order: i, f, g, o. The products are as in `gru`: one for the inputs of all
steps, one at each step for the state before it, and in the backward pass one for each weight.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from scratchtune import checks, jit
from scratchtune.network.activations import sigmoid
from scratchtune.network.exponential import vector_tanh
from scratchtune.network.layers.dense import bias_grad
from scratchtune.network.matmul import multiply, multiply_packed, multiply_transposed
from scratchtune.sequences.layers.sequences import (
    FEATURES,
    GO_BACKWARDS,
    LENGTH,
    UNITS,
    Passes,
    Recurrent,
    copy_mask,
    copy_rows,
    packed_kernel,
    packed_transposed_kernel,
    padded,
    panels_size,
    recurrent_kernels,
    take,
)

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


# All steps ------------------------------------------------------------------------------------------------------------


class LSTMWeights(NamedTuple):
    """kernel (features, 4 units), recurrent (units, 4 units), bias (4, units); or the gradients of these."""

    kernel: Any
    recurrent: Any
    bias: Any


class LSTMMemory(NamedTuple):
    """What the forward pass keeps for the backward pass, as in `gru.GRUMemory`.

    ``inner`` (rows, 4, units) is of one step; ``gates`` is (length, rows, 5, units).
    """

    x: Any
    mask: Any
    states: Any
    dstates: Any
    inputs: Any
    inner: Any
    gates: Any
    panels: Any


@jit.function
def lstm_step(weights, memory, panels, step):
    """Step ``step`` of all rows: fill ``states[step + 1]``. Its ``inputs`` must have been computed."""
    rows, _, units = memory.states.shape[1:]
    state, inner = memory.states[step], memory.inner
    multiply_packed(state.reshape((rows, 2 * units))[:, :units], panels, inner.reshape((rows, 4 * units)), True)
    lstm_gates(memory.inputs[step], inner, weights.bias, state, memory.mask[step], memory.gates[step],
               memory.states[step + 1])


@jit.function
def lstm_step_backward(memory, panels, step):
    """From ``dstates[step + 1]``: replace the step's ``inputs`` by their gradient, add to ``dstates[step]``."""
    rows, _, units = memory.states.shape[1:]
    dstate, dnext, dinputs = memory.dstates[step], memory.dstates[step + 1], memory.inputs[step]
    gates, mask = memory.gates[step], memory.mask[step]
    lstm_gates_grad(gates, memory.states[step], mask, dnext, dinputs)
    lstm_state_grad(gates, mask, dnext, dstate)
    into = dstate.reshape((rows, 2 * units))[:, :units]
    multiply_packed(dinputs.reshape((rows, 4 * units)), panels, into, False)


@jit.loop_in_order
def lstm_sequence(weights, memory):
    """Fill ``states`` after the initial one, from ``x``, ``mask`` and ``states[0]``."""
    length, rows, features = memory.x.shape
    columns = weights.kernel.shape[1]
    x, inputs = memory.x.reshape((length * rows, features)), memory.inputs.reshape((length * rows, columns))
    multiply(x, weights.kernel, inputs)
    panels = packed_kernel(weights.recurrent, memory.panels)
    for step in range(length):
        lstm_step(weights, memory, panels, step)


@jit.loop_in_order
def lstm_sequence_backward(weights, memory, dweights, needs_dx):
    """Fill ``dweights``, complete ``dstates``, and replace ``x`` by dJ/dx if that is needed."""
    length, rows, features = memory.x.shape
    units, total = memory.states.shape[3], length * rows
    panels = packed_transposed_kernel(weights.recurrent, memory.panels)
    for step in range(length - 1, -1, -1):
        lstm_step_backward(memory, panels, step)
    x, dinputs = memory.x.reshape((total, features)), memory.inputs.reshape((total, 4 * units))
    states = memory.states[:length].reshape((total, 2 * units))[:, :units]
    multiply(x.T, dinputs, dweights.kernel)
    multiply(states.T, dinputs, dweights.recurrent)
    bias_grad(dinputs, dweights.bias.reshape(4 * units))
    if needs_dx:
        multiply_transposed(dinputs, weights.kernel, x)


# The layer ------------------------------------------------------------------------------------------------------------


@jit.function
def lstm_sizes(length, features, units, rows):
    """The sizes of the arrays of `LSTMMemory`, in its order."""
    numbers, states = length * rows * units, padded(2 * (length + 1) * rows * units)
    return (padded(length * rows * features), padded(length * rows), states, states, padded(4 * numbers),
            padded(4 * rows * units), padded(5 * numbers), panels_size(units, 4 * units))


@jit.function
def lstm_size(integers, rows):
    """The size of the layer's own workspace."""
    total = 0
    for size in lstm_sizes(integers[LENGTH], integers[FEATURES], integers[UNITS], rows):
        total += size
    return total


@jit.called
def lstm_memory(integers, rows, work):
    """The arrays of `LSTMMemory`, at the end of ``work``."""
    length, features, units = integers[LENGTH], integers[FEATURES], integers[UNITS]
    own = work[work.size - lstm_size(integers, rows) :]
    numbers, of_states = length * rows * units, 2 * (length + 1) * rows * units
    x, used = take(own, 0, length * rows * features)
    mask, used = take(own, used, length * rows)
    states, used = take(own, used, of_states)
    dstates, used = take(own, used, of_states)
    inputs, used = take(own, used, 4 * numbers)
    inner, used = take(own, used, 4 * rows * units)
    gates, used = take(own, used, 5 * numbers)
    return LSTMMemory(
        x.reshape((length, rows, features)), mask.reshape((length, rows)),
        states.reshape((length + 1, rows, 2, units)), dstates.reshape((length + 1, rows, 2, units)),
        inputs.reshape((length, rows, 4, units)), inner.reshape((rows, 4, units)),
        gates.reshape((length, rows, 5, units)), own[used:])


@jit.function
def lstm_weights(integers, theta):
    """theta, or dtheta, as `LSTMWeights`."""
    features, units = integers[FEATURES], integers[UNITS]
    first, second = features * 4 * units, (features + units) * 4 * units
    return LSTMWeights(theta[:first].reshape((features, 4 * units)), theta[first:second].reshape((units, 4 * units)),
                       theta[second:].reshape((4, units)))


@jit.called
def lstm_run(integers, theta, x, work):
    """Process the rows x from the initial state 0, and return the states after each step (t, n, j), in that order."""
    rows = x.shape[0]
    memory = lstm_memory(integers, rows, work)
    copy_mask(integers, rows, work, memory.mask)
    copy_rows(x.reshape((rows, integers[LENGTH], integers[FEATURES])), integers[GO_BACKWARDS], memory.x)
    memory.states[0] = 0.0
    lstm_sequence(lstm_weights(integers, theta), memory)
    return memory.states[1:, :, 0]


@jit.called
def lstm_output_gradients(integers, rows, work):
    """Where to write the gradients of the states that `lstm_run` returns, before `lstm_run_backward`."""
    memory = lstm_memory(integers, rows, work)
    memory.dstates[:] = 0.0
    return memory.dstates[1:, :, 0]


@jit.called
def lstm_run_backward(integers, theta, dtheta, rows, work, needs_dx):
    """Fill dtheta; return dJ/dx, if it is needed, as steps (t, n, j) in the order of processing."""
    memory = lstm_memory(integers, rows, work)
    lstm_sequence_backward(lstm_weights(integers, theta), memory, lstm_weights(integers, dtheta), needs_dx)
    return memory.x


LSTM_PASSES = Passes(lstm_size, lstm_run, lstm_output_gradients, lstm_run_backward)


class LSTM(Recurrent):
    """A long short-term memory over sequences (length, features); arguments have Keras's names and defaults.

    The output is the last state (units,), or with ``return_sequences`` the state after each step (length, units).
    ``go_backwards`` processes the last step first; the outputs are in the order of processing, as in Keras. With
    ``unit_forget_bias`` the forget gate's bias is 1 at first. Padding that an `Embedding` with ``mask_zero`` below has
    marked leaves state and cell as they are.
    """

    forward, backward = recurrent_kernels(LSTM_PASSES)

    def __init__(
        self, units: int, return_sequences: bool = False, go_backwards: bool = False, unit_forget_bias: bool = True,
    ) -> None:
        super().__init__(units, return_sequences, go_backwards)
        self.unit_forget_bias = checks.boolean("unit_forget_bias", unit_forget_bias)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights are a kernel (features, 4 units), a recurrent one (units, 4 units), and a bias (4 units,)."""
        output_shape = self.output_of(input_shape)
        columns = 4 * self.units
        self.add_weight("kernel", (input_shape[1], columns), "glorot_uniform")
        self.add_weight("recurrent_kernel", (self.units, columns), "orthogonal")
        bias = "unit_forget_bias" if self.unit_forget_bias else "zeros"
        self.add_weight("bias", (columns,), bias, is_bias=True)
        return output_shape

    @property
    def passes(self) -> Passes:
        """The functions that the kernels are made from."""
        return LSTM_PASSES
