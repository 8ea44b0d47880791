"""Exercise 33: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def _step(x, state, kernel, recurrent, bias, order="zrc"):
    a, u = np.split(x @ kernel + bias[0], 3), np.split(state @ recurrent + bias[1], 3)
    a, u = ([parts["zrc".index(name)] for name in order] for parts in (a, u))
    z, r = _sigmoid(a[0] + u[0]), _sigmoid(a[1] + u[1])
    return z, r, np.tanh(a[2] + r * u[2])


def z_for_the_candidate(x, state, kernel, recurrent, bias, keep):
    z, _, c = _step(x, state, kernel, recurrent, bias)
    return (1 - z) * state + z * c if keep else state


def blocks_r_z_c(x, state, kernel, recurrent, bias, keep):
    z, _, c = _step(x, state, kernel, recurrent, bias, "rzc")
    return z * state + (1 - z) * c if keep else state


def reset_before_the_product(x, state, kernel, recurrent, bias, keep):
    z, r, _ = _step(x, state, kernel, recurrent, bias)
    n = len(state)
    c = np.tanh(x @ kernel[:, 2 * n :] + bias[0, 2 * n :] + (r * state) @ recurrent[:, 2 * n :] + bias[1, 2 * n :])
    return z * state + (1 - z) * c if keep else state


def bias_outside_of_the_reset(x, state, kernel, recurrent, bias, keep):
    z, r, _ = _step(x, state, kernel, recurrent, bias)
    n = len(state)
    c = np.tanh(x @ kernel[:, 2 * n :] + bias[0, 2 * n :] + bias[1, 2 * n :] + r * (state @ recurrent[:, 2 * n :]))
    return z * state + (1 - z) * c if keep else state


def mask_forgotten(x, state, kernel, recurrent, bias, keep):
    z, _, c = _step(x, state, kernel, recurrent, bias)
    return z * state + (1 - z) * c


def padding_gives_zeros(x, state, kernel, recurrent, bias, keep):
    z, _, c = _step(x, state, kernel, recurrent, bias)
    return keep * (z * state + (1 - z) * c)


def mask_the_wrong_way_round(x, state, kernel, recurrent, bias, keep):
    z, _, c = _step(x, state, kernel, recurrent, bias)
    return state if keep else z * state + (1 - z) * c


def sigmoid_for_the_candidate(x, state, kernel, recurrent, bias, keep):
    a, u = np.split(x @ kernel + bias[0], 3), np.split(state @ recurrent + bias[1], 3)
    z, r = _sigmoid(a[0] + u[0]), _sigmoid(a[1] + u[1])
    return z * state + (1 - z) * _sigmoid(a[2] + r * u[2]) if keep else state


def reset_on_the_inputs_too(x, state, kernel, recurrent, bias, keep):
    a, u = np.split(x @ kernel + bias[0], 3), np.split(state @ recurrent + bias[1], 3)
    z, r = _sigmoid(a[0] + u[0]), _sigmoid(a[1] + u[1])
    return z * state + (1 - z) * np.tanh(r * (a[2] + u[2])) if keep else state


def first_bias_only(x, state, kernel, recurrent, bias, keep):
    z, _, c = _step(x, state, kernel, recurrent, np.stack([bias[0], np.zeros_like(bias[1])]))
    return z * state + (1 - z) * c if keep else state


WRONG = [
    ("z multiplies the candidate here", z_for_the_candidate),
    ("z and r are exchanged", blocks_r_z_c),
    ("r multiplies the state before the product with U", reset_before_the_product),
    ("In the candidate r multiplies the state's product", bias_outside_of_the_reset),
    ("A step of padding changes the state", mask_forgotten),
    ("A step of padding sets the state to 0", padding_gives_zeros),
    ("The mask is the wrong way round", mask_the_wrong_way_round),
    ("The candidate is a sigmoid here", sigmoid_for_the_candidate),
    ("r multiplies the whole sum in the candidate", reset_on_the_inputs_too),
    ("The second row of the bias is missing", first_bias_only),
]
