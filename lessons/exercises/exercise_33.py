"""Exercise 33: one step of a GRU."""

import numpy as np


def right(x, state, kernel, recurrent, bias, keep):
    return _step(x, state, kernel, recurrent, bias, keep)


def _sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def _step(x, state, kernel, recurrent, bias, keep, order=(0, 1, 2), gate=_sigmoid, candidate=np.tanh, swap=False,
          reset="product", mask="state"):
    """A step with one thing changed."""
    units = len(state)
    inputs, inner = x @ kernel + bias[0], state @ recurrent + bias[1]
    blocks = [slice(k * units, (k + 1) * units) for k in order]
    z, r = (gate(inputs[at] + inner[at]) for at in blocks[:2])
    at = blocks[2]
    seen = {"product": r * inner[at], "before the bias": r * (state @ recurrent[:, at]) + bias[1, at],
            "state": (r * state) @ recurrent[:, at] + bias[1, at], "none": inner[at]}
    a = r * inputs[at] + inner[at] if reset == "inputs" else r * (inputs[at] + inner[at]) if reset == "both" else (
        inputs[at] + seen[reset])
    c = candidate(a)
    after = (1.0 - z) * state + z * c if swap else z * state + (1.0 - z) * c
    if mask == "none":
        return after
    if mask == "zero":
        return after * keep
    return after if keep else state


def _case(seed, features, units, keep):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=features), rng.normal(size=units), rng.normal(size=(features, 3 * units)),
            rng.normal(size=(units, 3 * units)), rng.normal(size=(2, 3 * units)), keep)


CASES = [
    (np.array([1.0]), np.array([0.5]), np.array([[1.0, -1.0, 0.5]]), np.array([[0.5, 1.0, 2.0]]),
     np.array([[0.2, 0.1, 0.3], [0.3, 0.4, -0.6]]), 1),
    _case(5, 3, 4, 1), _case(6, 2, 3, 0), _case(7, 4, 2, 1)]


def _without_biases(x, state, kernel, recurrent, bias, keep):
    return _step(x, state, kernel, recurrent, 0.0 * bias, keep)


def _first_bias(x, state, kernel, recurrent, bias, keep):
    return _step(x, state, kernel, recurrent, bias * [[1.0], [0.0]], keep)


def _changed(**arguments):
    return lambda x, state, kernel, recurrent, bias, keep: _step(x, state, kernel, recurrent, bias, keep, **arguments)


def _only_candidate(x, state, kernel, recurrent, bias, keep):
    after, units = _step(x, state, kernel, recurrent, bias, keep), len(state)
    inputs, inner = x @ kernel + bias[0], state @ recurrent + bias[1]
    r, at = _sigmoid(inputs + inner)[units : 2 * units], slice(2 * units, 3 * units)
    return np.tanh(inputs[at] + r * inner[at]) if keep else after


MISTAKES = [
    ("z and r are exchanged: the order of the blocks is z, r, c.", _changed(order=(1, 0, 2))),
    ("z multiplies the candidate here: z says how much of the old state stays.", _changed(swap=True)),
    ("In the candidate r multiplies the state's product, but not its bias: it should multiply both.",
     _changed(reset="before the bias")),
    ("r multiplies the state before the product with U: take the product first, and multiply it with its bias.",
     _changed(reset="state")),
    ("r multiplies the inputs' part of the candidate: it should multiply the state's.", _changed(reset="inputs")),
    ("r multiplies the whole sum in the candidate: it should multiply the state's part alone.", _changed(reset="both")),
    ("The reset gate has no effect on the candidate.", _changed(reset="none")),
    ("The biases are missing.", _without_biases),
    ("The second row of the bias is missing: it is added to h·U.", _first_bias),
    ("The candidate has no tanh.", _changed(candidate=lambda a: a)),
    ("The candidate is a sigmoid here: only gates are; the candidate is a tanh.", _changed(candidate=_sigmoid)),
    ("The gates are a tanh here: a gate is between 0 and 1, a sigmoid.", _changed(gate=np.tanh)),
    ("z has no effect: this is the candidate, not the mean of old state and candidate.", _only_candidate),
    ("A step of padding changes the state: where keep is 0, the state stays.", _changed(mask="none")),
    ("A step of padding sets the state to 0: it should stay as it was before.", _changed(mask="zero")),
    ("The mask is the wrong way round: keep is 1 for a step of the sequence, which changes the state, and 0 for "
     "padding.",
     lambda x, state, kernel, recurrent, bias, keep: _step(x, state, kernel, recurrent, bias, 1 - keep)),
]
