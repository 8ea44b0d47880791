"""Exercise 22: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def both_parts(x, state, kernel, recurrent, bias):
    """x·W and h·U with their biases, each in its three blocks."""
    return np.split(x @ kernel + bias[0], 3), np.split(state @ recurrent + bias[1], 3)


def gru_step(x, state, kernel, recurrent, bias, keep):
    (xz, xr, xc), (hz, hr, hc) = both_parts(x, state, kernel, recurrent, bias)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return z * state + (1.0 - z) * np.tanh(xc + r * hc) if keep else state


def gates_exchanged(x, state, kernel, recurrent, bias, keep):
    (xz, xr, xc), (hz, hr, hc) = both_parts(x, state, kernel, recurrent, bias)
    r, z = sigmoid(xz + hz), sigmoid(xr + hr)
    return z * state + (1.0 - z) * np.tanh(xc + r * hc) if keep else state


def mean_exchanged(x, state, kernel, recurrent, bias, keep):
    (xz, xr, xc), (hz, hr, hc) = both_parts(x, state, kernel, recurrent, bias)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return (1.0 - z) * state + z * np.tanh(xc + r * hc) if keep else state


def reset_without_bias(x, state, kernel, recurrent, bias, keep):
    (xz, xr, xc), (hz, hr, hc) = both_parts(x, state, kernel, recurrent, bias)
    z, r, b = sigmoid(xz + hz), sigmoid(xr + hr), np.split(bias[1], 3)[2]
    return z * state + (1.0 - z) * np.tanh(xc + r * (hc - b) + b) if keep else state


def reset_for_the_inputs_too(x, state, kernel, recurrent, bias, keep):
    (xz, xr, xc), (hz, hr, hc) = both_parts(x, state, kernel, recurrent, bias)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return z * state + (1.0 - z) * np.tanh(r * (xc + hc)) if keep else state


def without_reset(x, state, kernel, recurrent, bias, keep):
    (xz, _, xc), (hz, _, hc) = both_parts(x, state, kernel, recurrent, bias)
    z = sigmoid(xz + hz)
    return z * state + (1.0 - z) * np.tanh(xc + hc) if keep else state


def without_biases(x, state, kernel, recurrent, bias, keep):
    return gru_step(x, state, kernel, recurrent, 0.0 * bias, keep)


def one_bias(x, state, kernel, recurrent, bias, keep):
    return gru_step(x, state, kernel, recurrent, bias * [[1.0], [0.0]], keep)


def candidate_without_tanh(x, state, kernel, recurrent, bias, keep):
    (xz, xr, xc), (hz, hr, hc) = both_parts(x, state, kernel, recurrent, bias)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return z * state + (1.0 - z) * (xc + r * hc) if keep else state


def candidate_alone(x, state, kernel, recurrent, bias, keep):
    (_, xr, xc), (_, hr, hc) = both_parts(x, state, kernel, recurrent, bias)
    return np.tanh(xc + sigmoid(xr + hr) * hc) if keep else state


def mask_ignored(x, state, kernel, recurrent, bias, keep):
    return gru_step(x, state, kernel, recurrent, bias, 1)


def zero_at_padding(x, state, kernel, recurrent, bias, keep):
    return keep * gru_step(x, state, kernel, recurrent, bias, 1)


SOLUTION = gru_step
WRONG = [
    ("the order of the blocks is z, r, c", gates_exchanged),
    ("z multiplies the old state", mean_exchanged),
    ("with its bias", reset_without_bias),
    ("not the inputs' part", reset_for_the_inputs_too),
    ("reset gate is missing", without_reset),
    ("biases are missing", without_biases),
    ("second row of the bias", one_bias),
    ("tanh of the candidate is missing", candidate_without_tanh),
    ("this is the candidate", candidate_alone),
    ("step of padding keeps the state", mask_ignored),
    ("keeps the state, 0.5", zero_at_padding),
]
