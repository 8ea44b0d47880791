"""A gated recurrent unit (GRU) reads a sequence step by step; gates decide how much of its state each step replaces.

| symbol | here | shape |
|---|---|---|
| update gate z, reset gate r, candidate c | blocks of ``gates`` | (rows, units) each |
| state h after each step, with the initial one | ``states`` | (length + 1, rows, units) |
| x @ kernel for all steps; dJ/d(that) in the backward pass | ``inputs`` | (length, rows, 3, units) |
| h @ recurrent kernel; dJ/d(that) in the backward pass | ``inner`` | (length, rows, 3, units) |

The three blocks are in Keras's order: z, r, c. One product computes the inputs' part of all steps. Then each step needs
a product of its own with the state before it. The backward pass computes the gates' gradients step by step from the
last to the first; after that one product for each weight sums over all steps.

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
    accumulate,
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
    """Gradient of such a step with respect to the inputs' part, d, and from it with respect to the state, s.

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


# All steps ------------------------------------------------------------------------------------------------------------


class GRUWeights(NamedTuple):
    """kernel (features, 3 units), recurrent (units, 3 units), bias (2, 3, units); or the gradients of these.

    The bias is (1, 3, units) if the reset gate is applied before the product.
    """

    kernel: Any
    recurrent: Any
    bias: Any


class GRUMemory(NamedTuple):
    """What the forward pass keeps for the backward pass; the shapes are in this file's docstring.

    ``x`` (length, rows, features) holds dJ/dx after the backward pass. ``states[0]`` is the initial state. ``dstates``
    is dJ/dstates: at first what comes from the outputs, in the end all of it, so that ``dstates[0]`` is the gradient of
    the initial state. ``panels`` is memory for copies of the recurrent kernel.
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
def gru_inputs(weights, memory):
    """The inputs' part of all steps: x @ kernel."""
    length, rows, features = memory.x.shape
    columns, total = weights.kernel.shape[1], length * rows
    multiply(memory.x.reshape((total, features)), weights.kernel, memory.inputs.reshape((total, columns)))


@jit.function
def gru_step(weights, memory, panels, step):
    """Step ``step`` of all rows: fill ``states[step + 1]``. ``panels`` are those of `packed_kernel`."""
    rows, units = memory.states.shape[1:]
    state, inner = memory.states[step], memory.inner[step]
    multiply_packed(state, panels, inner.reshape((rows, 3 * units)), True)
    gru_gates(memory.inputs[step], inner, weights.bias, state, memory.mask[step], memory.gates[step],
              memory.states[step + 1])


@jit.function
def gru_step_backward(memory, panels, step):
    """Replace the step's ``inputs`` and ``inner`` by gradients, and add to ``dstates[step]``.

    ``panels`` are those of `packed_transposed_kernel`.
    """
    rows, units = memory.states.shape[1:]
    state, dstate, dnext = memory.states[step], memory.dstates[step], memory.dstates[step + 1]
    dinner, gates, mask = memory.inner[step], memory.gates[step], memory.mask[step]
    gru_gates_grad(gates, state, mask, dnext, memory.inputs[step])
    gru_inner_grad(gates, state, mask, dnext, dinner)
    gru_state_grad(gates, mask, dnext, dstate)
    multiply_packed(dinner.reshape((rows, 3 * units)), panels, dstate, False)


@jit.loop_in_order
def gru_sequence(weights, memory):
    """Fill ``states`` after the initial one, from ``x``, ``mask`` and ``states[0]``."""
    gru_inputs(weights, memory)
    panels = packed_kernel(weights.recurrent, memory.panels)
    for step in range(memory.x.shape[0]):
        gru_step(weights, memory, panels, step)


@jit.loop_in_order
def gru_sequence_backward(weights, memory, dweights, needs_dx):
    """Fill ``dweights``, complete ``dstates``, and replace ``x`` by dJ/dx if that is needed."""
    panels = packed_transposed_kernel(weights.recurrent, memory.panels)
    for step in range(memory.x.shape[0] - 1, -1, -1):
        gru_step_backward(memory, panels, step)
    gru_weight_gradients(weights, memory, dweights, needs_dx)


@jit.called
def gru_weight_gradients(weights, memory, dweights, needs_dx):
    """The products of the backward pass that sum over all steps."""
    length, rows, units = memory.states.shape[0] - 1, memory.states.shape[1], memory.states.shape[2]
    total = length * rows
    dinner, states = memory.inner.reshape((total, 3 * units)), memory.states[:length].reshape((total, units))
    multiply(states.T, dinner, dweights.recurrent)
    bias_grad(dinner, dweights.bias[1].reshape(3 * units))
    gru_input_gradients(weights, memory, dweights, needs_dx)


@jit.called
def gru_input_gradients(weights, memory, dweights, needs_dx):
    """The gradients of kernel and input bias, and dJ/dx if it is needed."""
    length, rows, features = memory.x.shape
    columns, total = weights.kernel.shape[1], length * rows
    x, dinputs = memory.x.reshape((total, features)), memory.inputs.reshape((total, columns))
    multiply(x.T, dinputs, dweights.kernel)
    bias_grad(dinputs, dweights.bias[0].reshape(columns))
    if needs_dx:
        multiply_transposed(dinputs, weights.kernel, x)


# All steps, with the reset gate before the product --------------------------------------------------------------------


@jit.loop_in_order
def reset_before_sequence(weights, memory):
    """`gru_sequence` for this variant."""
    gru_inputs(weights, memory)
    units = memory.states.shape[2]
    recurrent = weights.recurrent.reshape((units, 3, units))
    for step in range(memory.x.shape[0]):
        gru_reset_before(memory.inputs[step], memory.states[step], recurrent, weights.bias[0], memory.mask[step],
                         memory.inner[step], memory.gates[step], memory.states[step + 1])


@jit.loop_in_order
def reset_before_sequence_backward(weights, memory, dweights, needs_dx):
    """`gru_sequence_backward` for this variant."""
    length, rows, units = memory.states.shape[0] - 1, memory.states.shape[1], memory.states.shape[2]
    recurrent, total = weights.recurrent.reshape((units, 3, units)), length * rows
    product = memory.inner.reshape(memory.inner.size)[: rows * units].reshape((rows, units))
    for step in range(length - 1, -1, -1):
        gru_reset_before_grad(memory.gates[step], memory.states[step], recurrent, memory.mask[step],
                              memory.dstates[step + 1], product, memory.inputs[step], memory.dstates[step])
    dinputs, states = memory.inputs.reshape((total, 3 * units)), memory.states[:length].reshape((total, units))
    reset = memory.gates.reshape((total, 4 * units))[:, 3 * units :]
    multiply(states.T, dinputs[:, : 2 * units], dweights.recurrent[:, : 2 * units])
    multiply(reset.T, dinputs[:, 2 * units :], dweights.recurrent[:, 2 * units :])
    gru_input_gradients(weights, memory, dweights, needs_dx)


# The layer ------------------------------------------------------------------------------------------------------------


@jit.function
def gru_sizes(length, features, units, rows):
    """The sizes of the arrays of `GRUMemory`, in its order."""
    numbers, states = length * rows * units, (length + 1) * rows * units
    return (padded(length * rows * features), padded(length * rows), padded(states), padded(states),
            padded(3 * numbers), padded(3 * numbers), padded(4 * numbers), panels_size(units, 3 * units))


@jit.function
def gru_size(integers, rows):
    """The size of the layer's own workspace."""
    total = 0
    for size in gru_sizes(integers[LENGTH], integers[FEATURES], integers[UNITS], rows):
        total += size
    return total


@jit.called
def gru_memory(integers, rows, work):
    """The arrays of `GRUMemory`, at the end of ``work``."""
    length, features, units = integers[LENGTH], integers[FEATURES], integers[UNITS]
    own = work[work.size - gru_size(integers, rows) :]
    numbers, of_states = length * rows * units, (length + 1) * rows * units
    x, used = take(own, 0, length * rows * features)
    mask, used = take(own, used, length * rows)
    states, used = take(own, used, of_states)
    dstates, used = take(own, used, of_states)
    inputs, used = take(own, used, 3 * numbers)
    inner, used = take(own, used, 3 * numbers)
    gates, used = take(own, used, 4 * numbers)
    return GRUMemory(
        x.reshape((length, rows, features)), mask.reshape((length, rows)), states.reshape((length + 1, rows, units)),
        dstates.reshape((length + 1, rows, units)), inputs.reshape((length, rows, 3, units)),
        inner.reshape((length, rows, 3, units)), gates.reshape((length, rows, 4, units)), own[used:])


@jit.function
def gru_weights(integers, theta):
    """theta, or dtheta, as `GRUWeights`."""
    features, units = integers[FEATURES], integers[UNITS]
    first, second = features * 3 * units, (features + units) * 3 * units
    bias = theta[second:]
    return GRUWeights(theta[:first].reshape((features, 3 * units)), theta[first:second].reshape((units, 3 * units)),
                      bias.reshape((bias.size // (3 * units), 3, units)))


@jit.called
def gru_start(integers, theta, x, work):
    """The weights and the memory, with the rows x, the mask, and 0 as the initial state."""
    rows = x.shape[0]
    memory = gru_memory(integers, rows, work)
    copy_mask(integers, rows, work, memory.mask)
    copy_rows(x.reshape((rows, integers[LENGTH], integers[FEATURES])), integers[GO_BACKWARDS], memory.x)
    memory.states[0] = 0.0
    return gru_weights(integers, theta), memory


@jit.called
def gru_run(integers, theta, x, work):
    """See `sequences.Passes`."""
    weights, memory = gru_start(integers, theta, x, work)
    gru_sequence(weights, memory)
    return memory.states[1:]


@jit.called
def reset_before_run(integers, theta, x, work):
    """See `sequences.Passes`."""
    weights, memory = gru_start(integers, theta, x, work)
    reset_before_sequence(weights, memory)
    return memory.states[1:]


@jit.called
def gru_output_gradients(integers, rows, work):
    """See `sequences.Passes`."""
    memory = gru_memory(integers, rows, work)
    memory.dstates[0] = 0.0
    return memory.dstates[1:]


@jit.called
def gru_run_backward(integers, theta, dtheta, rows, work, needs_dx):
    """See `sequences.Passes`."""
    memory = gru_memory(integers, rows, work)
    gru_sequence_backward(gru_weights(integers, theta), memory, gru_weights(integers, dtheta), needs_dx)
    return memory.x


@jit.called
def reset_before_run_backward(integers, theta, dtheta, rows, work, needs_dx):
    """See `sequences.Passes`."""
    memory = gru_memory(integers, rows, work)
    reset_before_sequence_backward(gru_weights(integers, theta), memory, gru_weights(integers, dtheta), needs_dx)
    return memory.x


AFTER = Passes(gru_size, gru_run, gru_output_gradients, gru_run_backward)
BEFORE = Passes(gru_size, reset_before_run, gru_output_gradients, reset_before_run_backward)
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
        self.forward, self.backward = KERNELS[self.passes]

    @property
    def passes(self) -> Passes:
        """The functions that the kernels are made from."""
        return AFTER if self.reset_after else BEFORE

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Weights: kernel (features, 3 units), recurrent kernel (units, 3 units), bias (2, 3 units) or (3 units,)."""
        output_shape = self.output_of(input_shape)
        columns = 3 * self.units
        self.add_weight("kernel", (input_shape[1], columns), "glorot_uniform")
        self.add_weight("recurrent_kernel", (self.units, columns), "orthogonal")
        self.add_weight("bias", (2, columns) if self.reset_after else (columns,), "zeros", is_bias=True)
        return output_shape
