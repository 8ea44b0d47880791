"""The engine runs networks that are described by data: one loop for all layers, losses and optimizers.

A `Network` holds all memory of a network: theta and its gradient, each one flat vector; the values between the layers;
and the offsets of each layer's parts. The loops below call the layers' kernels through their addresses, so a new kind
of layer, loss or optimizer does not change this file.

| symbol | here | shape |
|---|---|---|
| theta | ``network.theta`` | (P,) |
| dJ/dtheta | ``network.gradient`` | (P,) |
| the network's input (i = 0), y of layer i - 1 | a part of ``network.values`` | (rows, widths[i]) |
| dJ/d(that) | a part of ``network.value_grads`` | (rows, widths[i]) |
| targets and weights of a batch | parts of ``network.targets``, ``network.weights`` | (rows, outputs), (rows,) |

Layer i reads the values ``inputs[i, X]``, in a chain of layers the values i. A layer with a second input, such as the
decoder's attention to the encoder, also reads the values ``inputs[i, SECOND]``. Where several layers read the same
values, dJ/d(values) is the sum of what they compute: the last of them writes it, and each of the others writes its part
to the end of ``value_grads``, from where it is added.

Implements section 1.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import jit
from scratchtune.core.network.layers.base import InputOf, Layer
from scratchtune.core.network.penalties import l1_l2_penalty, l1_l2_penalty_grad, objective
from scratchtune.core.network.random_numbers import random_bits, shuffle

ORDER = np.uint64(2**63)  # counter reserved for shuffling; step numbers never reach it
X, SECOND, DX, DSECOND = range(4)  # columns of `Offsets.inputs`
LINE = 64  # bytes of a cache line; arrays that begin on such a boundary save a quarter of a step


class Offsets(NamedTuple):
    """Where each layer's part of a flat array begins, int64: layer i has the entries from [i] up to [i + 1].

    Of ``network.work`` it has those from ``work_start[i]`` up to ``work_stop[i]``. These parts overlap where a layer
    uses the mask of a layer below: its workspace then begins where the other layer's does, with the mask.
    ``widths`` (layers + 1,) are the numbers in a row: of the network's inputs, then of each layer's outputs.
    ``inputs`` (layers, 4) are the values that a layer reads, the second ones or -1, and where in ``value_grads`` it
    writes the gradients of both; see `X`, `SECOND`, `DX` and `DSECOND`.
    """

    theta: np.ndarray
    state: np.ndarray
    integers: np.ndarray
    reals: np.ndarray
    work_start: np.ndarray
    work_stop: np.ndarray
    values: np.ndarray
    widths: np.ndarray
    inputs: np.ndarray


class Network(NamedTuple):
    """A network's kernels and memory, for at most ``batch_size`` rows at a time."""

    forwards: Any
    backwards: Any
    at: Offsets
    integers: np.ndarray
    reals: np.ndarray
    theta: np.ndarray
    gradient: np.ndarray
    state: np.ndarray
    values: np.ndarray
    value_grads: np.ndarray
    work: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


class Rows(NamedTuple):
    """Rows to train on or to evaluate: x (n, inputs) or before `batches.engine_rows` (n, ...), target, weight (n,)."""

    x: np.ndarray
    target: np.ndarray
    weight: np.ndarray


class Penalty(NamedTuple):
    """Penalties that add up: ``l1[r]`` and ``l2[r]`` are lambdas of theta's entries [start, stop), ``ranges[r]``."""

    ranges: np.ndarray
    l1: np.ndarray
    l2: np.ndarray


NO_PENALTY = Penalty(np.zeros((0, 2), np.int64), np.zeros(0), np.zeros(0))


class Criterion(NamedTuple):
    """What is minimised: the loss's kernel, how many layers run before it (none that it includes), and the penalty."""

    loss: Any
    layers: int
    penalty: Penalty


class Descent(NamedTuple):
    """How theta is updated in each step: an optimizer's chain of update kernels, called one after the other.

    Call i runs ``updates[i]`` on theta and the gradient from ``start[i]`` up to ``stop[i]``, with the hyper-parameters
    ``settings[i]``. Its moments are the entries of ``slots`` from ``slots_at[i]`` up to ``slots_at[i + 1]``, in
    ``moments[i]`` rows of ``widths[i]`` numbers.
    """

    updates: Any
    start: np.ndarray
    stop: np.ndarray
    settings: np.ndarray
    slots: np.ndarray
    slots_at: np.ndarray
    moments: np.ndarray
    widths: np.ndarray


class Epoch(NamedTuple):
    """One pass over the rows: their order (n,), the learning rate of each step (steps,), the size of a batch, the
    number of steps done before, the seed.
    """

    order: np.ndarray
    rates: np.ndarray
    batch_size: int
    step: int
    seed: np.uint64


def aligned(size: int, dtype: Any) -> np.ndarray:
    """Return a vector of ``size`` zeros whose address is a multiple of `LINE`, the bytes of a cache line."""
    item = np.dtype(dtype).itemsize
    memory = np.zeros(size * item + LINE, np.uint8)
    start = -memory.ctypes.data % LINE  # bytes from the address up to the next multiple of LINE
    return memory[start : start + size * item].view(dtype)


def build_network(
    stages: Sequence[Layer], theta: np.ndarray, state: np.ndarray, batch_size: int, backward: bool = True,
) -> Network:
    """Allocate the memory of built layers around their theta and state; without ``backward``, for outputs only."""
    dtype = theta.dtype
    widths = [math.prod(stages[0].input_shape), *(math.prod(stage.output_shape) for stage in stages)]
    per_line = LINE // dtype.itemsize
    work = _starts(-(-stage.work_size(batch_size) // per_line) * per_line for stage in stages)
    values = _starts(-(-width * batch_size // per_line) * per_line for width in widths)
    inputs, grads_size = _inputs(stages, values)
    at = Offsets(
        theta=_starts(parameter_count(stage) for stage in stages),
        state=_starts(len(stage.state()) for stage in stages),
        integers=_starts(len(stage.integers()) for stage in stages),
        reals=_starts(len(stage.reals()) for stage in stages),
        work_start=np.array([work[_index(stage.mask_from or stage, stages)] for stage in stages], np.int64),
        work_stop=work[1:],
        values=values, widths=np.array(widths, np.int64), inputs=inputs,
    )
    return Network(
        forwards=jit.table([stage.forward for stage in stages], dtype),
        backwards=jit.table([stage.backward for stage in stages if backward], dtype),
        at=at,
        integers=np.array([number for stage in stages for number in stage.integers()], np.int64),
        reals=np.array([number for stage in stages for number in stage.reals()], dtype),
        theta=theta, gradient=aligned(theta.size, dtype), state=state,
        values=aligned(values[-1], dtype), value_grads=aligned(grads_size if backward else 0, dtype),
        work=aligned(work[-1], dtype),
        targets=aligned(batch_size * widths[-1], dtype), weights=aligned(batch_size, dtype),
    )


def parameter_count(layer: Layer) -> int:
    """How many entries of theta belong to this layer."""
    return sum(math.prod(weight.shape) for weight in layer.weights)


def _starts(sizes: Any) -> np.ndarray:
    """Where each of several parts of these sizes begins in one array, and where the last one ends."""
    return np.array([0, *accumulate(sizes)], np.int64)


def _index(stage: Layer, stages: Sequence[Layer]) -> int:
    """The index of this very object."""
    return next(i for i, other in enumerate(stages) if other is stage)


def inputs_of(stages: Sequence[Layer]) -> list[tuple[int, int]]:
    """The values that each stage reads, and those of its second input or -1; see `Layer.reads`.

    Raises a ValueError for a stage that reads no stage below, whose outputs no stage reads, or whose kernels have
    another number of inputs.
    """
    x_from: list[int] = []
    second_from: list[int] = []
    written: dict[int, int] = {}  # by a stage's id, its outputs

    def values_of(stage: Layer, source: Layer | InputOf | None, default: int) -> int:
        of = source.stage if isinstance(source, InputOf) else source
        if of is None:
            return default
        if id(of) not in written:
            raise ValueError(f"{stage!r} reads {of!r}, which is no stage below it")
        return x_from[written[id(of)] - 1] if isinstance(source, InputOf) else written[id(of)]

    for number, stage in enumerate(stages):
        if (stage.second is None) != (stage.forward.kind == "forward"):
            raise ValueError(f"{stage!r}.second is {stage.second!r}, and its forward kernel is a {stage.forward.kind} "
                             "kernel; a layer with forward2 and backward2 kernels, and no other, has a second input")
        x_from.append(values_of(stage, stage.reads, number))
        second_from.append(values_of(stage, stage.second, -1))
        written[id(stage)] = number + 1
    if unread := set(range(1, len(stages))) - {*x_from, *second_from}:
        raise ValueError(f"no stage reads the outputs of {stages[min(unread) - 1]!r}")
    return list(zip(x_from, second_from, strict=True))


def _inputs(stages: Sequence[Layer], values: np.ndarray) -> tuple[np.ndarray, int]:
    """`Offsets.inputs`, and the size of `Network.value_grads`; ``values`` is `Offsets.values`."""
    found, written = np.zeros((len(stages), 4), np.int64), {0, len(stages)}  # the network's inputs have no gradient
    size = int(values[-1])
    for i, read in reversed(list(enumerate(inputs_of(stages)))):  # in the order of the backward pass
        free = int(values[-1])
        for column, number in zip((X, SECOND), read, strict=True):
            found[i, column], found[i, column + 2] = number, values[number]
            if number > 0 and number in written:
                found[i, column + 2], free = free, free + int(values[number + 1] - values[number])
            written.add(number)
        size = max(size, free)
    return found, size


# The loops ------------------------------------------------------------------------------------------------------------


@jit.inlined
def matrix(memory, at, i, rows):
    """The values before layer ``i`` (or after layer i - 1), or their gradients, in ``memory``: (rows, widths[i])."""
    width = at.widths[i]
    return memory[at.values[i] : at.values[i] + rows * width].reshape((rows, width))


@jit.inlined
def gradient_of(network, i, column, rows):
    """Where layer ``i`` writes the gradient of its input ``column``, (rows, width); none for the network's inputs."""
    number, start = network.at.inputs[i, column], network.at.inputs[i, column + 2]
    n, width = rows if number > 0 else 0, network.at.widths[number]
    return network.value_grads[start : start + n * width].reshape((n, width))


@jit.inlined
def add_gradient(network, i, column, grad):
    """Add layer ``i``'s part of dJ/d(values) to the sum, unless it wrote it there, as the last reader of them does."""
    start = network.at.values[network.at.inputs[i, column]]
    if network.at.inputs[i, column + 2] != start:
        for row in range(grad.shape[0]):
            for j in range(grad.shape[1]):
                network.value_grads[start + row * grad.shape[1] + j] += grad[row, j]


@jit.inlined
def layer_arguments(network, i, rows, key):
    """What both kernels of layer ``i`` get: integers, reals, theta, state, x, y, its workspace and its key."""
    at = network.at
    integers = network.integers[at.integers[i] : at.integers[i + 1]]
    reals = network.reals[at.reals[i] : at.reals[i + 1]]
    theta, state = network.theta[at.theta[i] : at.theta[i + 1]], network.state[at.state[i] : at.state[i + 1]]
    x, y = matrix(network.values, at, at.inputs[i, X], rows), matrix(network.values, at, i + 1, rows)
    work = network.work[at.work_start[i] : at.work_stop[i]]
    return integers, reals, theta, state, x, y, work, random_bits(key, np.uint64(i))


@jit.loop
def forward_pass(network, first, layers, rows, training, step, key):
    """Run the layers from ``first`` up to, but not including, ``layers``: each computes the values after it."""
    at = network.at
    for i in range(first, layers):
        integers, reals, theta, state, x, y, work, own_key = layer_arguments(network, i, rows, key)
        if at.inputs[i, SECOND] < 0:
            jit.call(network.forwards[i], (integers, reals, theta, state, x, y, work, training, step, own_key))
        else:
            second = matrix(network.values, at, at.inputs[i, SECOND], rows)
            jit.call(network.forwards[i], (integers, reals, theta, state, x, second, y, work, training, step, own_key))


@jit.loop
def backward_pass(network, layers, rows, training, step, key):
    """Compute dJ/dtheta layer by layer, from dJ/d(values after the last layer), which is in ``network.value_grads``."""
    at = network.at
    for i in range(layers - 1, -1, -1):
        integers, reals, theta, state, x, y, work, own_key = layer_arguments(network, i, rows, key)
        dy, dtheta = matrix(network.value_grads, at, i + 1, rows), network.gradient[at.theta[i] : at.theta[i + 1]]
        dx = gradient_of(network, i, X, rows)
        if at.inputs[i, SECOND] < 0:
            jit.call(network.backwards[i], (
                integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, own_key))
        else:
            second = matrix(network.values, at, at.inputs[i, SECOND], rows)
            dsecond = gradient_of(network, i, SECOND, rows)
            jit.call(network.backwards[i], (
                integers, reals, theta, state, x, second, y, dy, dtheta, dx, dsecond, work, training, step, own_key))
            add_gradient(network, i, SECOND, dsecond)
        add_gradient(network, i, X, dx)


@jit.called
def penalise(network, penalty):
    """Add the penalties' gradients to the gradient; return the sum of the penalties."""
    total = np.float64(0.0)  # a plain 0.0 would be a float32 in Python as soon as a float32 is added
    for r in range(penalty.l1.size):
        start, stop, l1, l2 = penalty.ranges[r, 0], penalty.ranges[r, 1], penalty.l1[r], penalty.l2[r]
        grad = np.empty(stop - start, network.theta.dtype)
        l1_l2_penalty_grad(network.theta[start:stop], l1, l2, grad)
        total += l1_l2_penalty(network.theta[start:stop], l1, l2)
        for i in range(grad.size):
            network.gradient[start + i] += grad[i]
    return total


@jit.loop
def gather(rows, chosen, x, target, weight):
    """Copy the chosen rows into the batch."""
    for i in range(chosen.size):
        row = chosen[i]
        for j in range(x.shape[1]):
            x[i, j] = rows.x[row, j]
        for j in range(target.shape[1]):
            target[i, j] = rows.target[row, j]
        weight[i] = rows.weight[row]


@jit.loop
def copy(source, first, into):
    """Fill ``into`` with rows of ``source``, from row ``first`` on."""
    for i in range(into.shape[0]):
        for j in range(into.shape[1]):
            into[i, j] = source[first + i, j]


@jit.loop
def loss_and_gradient(network, criterion, target, weight, training, step, key):
    """Return J ([objective]) of the rows copied to the network's inputs; write its gradient dJ/dtheta."""
    rows, layers = weight.size, criterion.layers
    forward_pass(network, 0, layers, rows, training, step, key)
    output = matrix(network.values, network.at, layers, rows)
    output_grad = matrix(network.value_grads, network.at, layers, rows)
    value = jit.call_loss(criterion.loss, (output, target, weight, output_grad))  # fills output_grad
    backward_pass(network, layers, rows, training, step, key)
    if criterion.penalty.l1.size > 0:
        value = objective(value, penalise(network, criterion.penalty))  # which adds to network.gradient
    return value


@jit.loop
def update(network, descent, rate, step):
    """Update theta by ``network.gradient``: run the optimizer's chain; ``step`` counts the updates, also this one."""
    for i in range(descent.start.size):
        start, stop = descent.start[i], descent.stop[i]
        slots = descent.slots[descent.slots_at[i] : descent.slots_at[i + 1]]
        jit.call(descent.updates[i], (
            network.theta[start:stop], network.gradient[start:stop],
            slots.reshape((descent.moments[i], descent.widths[i])), descent.settings[i], rate, step))


@jit.loop
def batch_gradient(network, criterion, rows, chosen, step, key, output_layers, outputs):
    """Return J of the chosen rows in training mode, and write its gradient to ``network.gradient``.

    Unless ``outputs`` is empty, the values after the first ``output_layers`` layers are copied to it, a row each.
    """
    n, width = chosen.size, rows.target.shape[1]
    target, weight = network.targets[: n * width].reshape((n, width)), network.weights[:n]
    gather(rows, chosen, matrix(network.values, network.at, 0, n), target, weight)
    value = loss_and_gradient(network, criterion, target, weight, True, step, key)
    if outputs.size > 0 and np.isfinite(value):
        forward_pass(network, criterion.layers, output_layers, n, True, step, key)
        copy(matrix(network.values, network.at, output_layers, n), 0, outputs)
    return value


@jit.loop
def train_epoch(network, criterion, descent, rows, epoch, output_layers, outputs):
    """Train for one pass over the rows in the given order, with an update for each batch; it takes almost all time.

    ``outputs`` receives the outputs of `batch_gradient` for all rows, in this order, unless it is empty. Returns the
    mean of J over the rows, and how many steps were done: it stops before a step whose J is not finite.
    """
    total, done = 0.0, 0
    control = jit.float_control()
    jit.set_float_control(control | jit.FLUSH)
    for start in range(0, epoch.order.size, epoch.batch_size):
        chosen, step = epoch.order[start : start + epoch.batch_size], epoch.step + done
        key = random_bits(epoch.seed, np.uint64(step))
        value = batch_gradient(
            network, criterion, rows, chosen, step, key, output_layers, outputs[start : start + chosen.size])
        if not np.isfinite(value):
            break
        update(network, descent, epoch.rates[done], step + 1)
        total += value * chosen.size
        done += 1
    jit.set_float_control(control)
    return total / epoch.order.size, done


@jit.loop
def shard_gradient(network, criterion, rows, chosen, step, key, output_layers, outputs):
    """`batch_gradient` for a worker's shard of a batch; subnormal numbers count as zero, as in `train_epoch`."""
    control = jit.float_control()
    jit.set_float_control(control | jit.FLUSH)
    value = batch_gradient(network, criterion, rows, chosen, step, key, output_layers, outputs)
    jit.set_float_control(control)
    return value


@jit.called
def penalised_update(network, penalty, descent, rate, step):
    """Add the penalty's gradient to the gradient, and update theta; return the penalty."""
    control = jit.float_control()
    jit.set_float_control(control | jit.FLUSH)
    value = penalise(network, penalty)
    update(network, descent, rate, step)
    jit.set_float_control(control)
    return value


@jit.loop
def evaluate_rows(network, criterion, rows, batch_size, output_layers, outputs):
    """Return the mean loss over all rows in evaluation mode, without the penalty; 0 if ``rows.weight`` is empty.

    Unless ``outputs`` is empty, the values after the first ``output_layers`` layers are copied to it, a row each.
    """
    total, layers, n = 0.0, criterion.layers, rows.x.shape[0]
    for start in range(0, n, batch_size):
        stop = min(start + batch_size, n)
        copy(rows.x, start, matrix(network.values, network.at, 0, stop - start))
        forward_pass(network, 0, layers, stop - start, False, 0, np.uint64(0))
        if rows.weight.size > 0:
            output = matrix(network.values, network.at, layers, stop - start)
            unused = matrix(network.value_grads, network.at, layers, stop - start)
            loss = jit.call_loss(criterion.loss, (output, rows.target[start:stop], rows.weight[start:stop], unused))
            total += (stop - start) * loss
        if outputs.size > 0:
            forward_pass(network, layers, output_layers, stop - start, False, 0, np.uint64(0))
            copy(matrix(network.values, network.at, output_layers, stop - start), 0, outputs[start:stop])
    return total / n if n > 0 else total


@jit.called
def epoch_order(n, epoch, seed):
    """Return the order of the rows in one epoch: the same for the same (seed, epoch)."""
    order = np.empty(n, np.int64)
    shuffle(order, random_bits(random_bits(seed, ORDER), np.uint64(epoch)))
    return order


@jit.function
def argmax(row):
    """Return the index of the largest number of a row, the first of several."""
    index, top = 0, row[0]
    for k in range(1, row.size):
        index, top = (k, row[k]) if row[k] > top else (index, top)
    return index


@jit.loop
def count_correct(target, order, outputs):
    """Count the rows in which output and target have the same argmax; output i is that of row ``order[i]``."""
    count = 0
    for i in range(outputs.shape[0]):
        count += argmax(outputs[i]) == argmax(target[order[i]])
    return count


@cache
def loop_jobs(dtype: str) -> tuple[jit.Job, ...]:
    """Return the jobs that compile the loops for one dtype; all networks use the same loops."""
    whole, seed = np.zeros(1, np.int64), np.uint64(0)
    vector, rows = np.zeros(1, dtype), np.zeros((1, 1), dtype)
    table: Any = () if jit.DISABLED else whole
    at = Offsets(*[whole] * 9)._replace(inputs=whole.reshape(1, 1))
    network = Network(table, table, at, whole, *[vector] * 9)
    criterion = Criterion(0, 1, NO_PENALTY)
    epoch = Epoch(whole, np.zeros(1), 1, 0, seed)
    descent = Descent(table, whole, whole, np.zeros((1, 1)), vector, whole, whole, whole)
    data = Rows(rows, rows, vector)
    arguments: dict[Any, tuple[Any, ...]] = {
        train_epoch: (network, criterion, descent, data, epoch, 1, rows), epoch_order: (1, 0, seed),
        evaluate_rows: (network, criterion, data, 1, 1, rows), count_correct: (rows, whole, rows),
    }
    return tuple(jit.loop_job(loop, types) for loop, types in arguments.items())
