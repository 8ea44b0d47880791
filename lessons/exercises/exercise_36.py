"""Exercise 36: a block with pre-norm."""

import numpy as np


def _normalise(x, axis=-1, epsilon=1e-5, root=np.sqrt, ddof=0, centre=True):
    centred = x - x.mean(axis=axis, keepdims=True) if centre else x
    variance = (centred**2).sum(axis=axis, keepdims=True) / (np.prod(
        [x.shape[k] for k in (range(x.ndim) if axis is None else [axis])]) - ddof)
    return centred / root(variance + epsilon)


def right(x, attend, network):
    x = x + attend(_normalise(x))
    return x + network(_normalise(x))


def _with(**arguments):
    def block(x, attend, network):
        x = x + attend(_normalise(x, **arguments))
        return x + network(_normalise(x, **arguments))
    return block


def _attend(z):
    """Each step gets the mean of the steps so far, and a constant that is none of normalisation's doing."""
    return np.cumsum(z, axis=0) / np.arange(1, len(z) + 1)[:, None] * [1.0, -0.5, 2.0, 0.25][: z.shape[1]] + 0.3


def _network(z):
    return np.maximum(z, 0.0) ** 2 - 0.2


def _case(seed, steps, features):
    return lambda: (np.random.default_rng(seed).normal(size=(steps, features)) * 2.0 + 0.5, _attend, _network)


CASES = [lambda: (np.array([[3.0, 1.0, 0.0, -2.0], [1.0, 1.0, 4.0, 0.0], [-1.0, 2.0, 0.5, 1.0]]), _attend, _network),
         _case(3, 5, 4), _case(4, 2, 3)]


def _post(x, attend, network):
    x = _normalise(x + attend(x))
    return _normalise(x + network(x))


def _no_residual(x, attend, network):
    return network(_normalise(attend(_normalise(x))))


def _first_only(x, attend, network):
    return network(_normalise(x + attend(_normalise(x))))


def _second_only(x, attend, network):
    x = attend(_normalise(x))
    return x + network(_normalise(x))


def _from_normalised(x, attend, network):
    z = _normalise(x)
    x = z + attend(z)
    z = _normalise(x)
    return z + network(z)


def _final(x, attend, network):
    return _normalise(right(x, attend, network))


def _no_normalisation(x, attend, network):
    x = x + attend(x)
    return x + network(x)


def _first_normalised_only(x, attend, network):
    x = x + attend(_normalise(x))
    return x + network(x)


def _second_normalised_only(x, attend, network):
    x = x + attend(x)
    return x + network(_normalise(x))


def _side_by_side(x, attend, network):
    return x + attend(_normalise(x)) + network(_normalise(x))


def _swapped(x, attend, network):
    return right(x, network, attend)


def _from_the_input(x, attend, network):
    return x + network(_normalise(x + attend(_normalise(x))))


def _in_place(x, attend, network):
    x += attend(_normalise(x))
    x += network(_normalise(x))
    return x


def _epsilon_outside(x, attend, network):
    def normalise(x):
        return (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-5)

    x = x + attend(normalise(x))
    return x + network(normalise(x))


MISTAKES = [
    ("This is post-norm, which normalises the sums: normalise what goes into a part, and add its result to x.", _post),
    ("Nothing is added to x: there is no residual connection.", _no_residual),
    ("Only attention's result is added to its input: the network's has to be added to what went into it, too.",
     _first_only),
    ("Only the network's result is added to its input: attention's has to be added to x, too.", _second_only),
    ("The sums begin with the normalised x: add to x as it was before it is normalised.", _from_normalised),
    ("The block's output is normalised: with pre-norm the sum is left as it is.", _final),
    ("Nothing is normalised.", _no_normalisation),
    ("The network's input is not normalised.", _first_normalised_only),
    ("Attention's input is not normalised.", _second_normalised_only),
    ("Mean and variance are over everything: take them for each step, over its features.", _with(axis=None)),
    ("Mean and variance are over the steps: take them for each step, over its features.", _with(axis=0)),
    ("The centred features are divided by the variance: divide by its root.", _with(root=lambda a: a)),
    ("The variance divides by one less than the number of features: divide by their number.", _with(ddof=1)),
    ("The mean is not subtracted.", _with(centre=False)),
    ("Attention and network are side by side here: the network gets what attention has made of x.", _side_by_side),
    ("The network comes first here: attention does.", _swapped),
    ("The network's result is added to the block's input: add it to the sum after attention.", _from_the_input),
    ("x itself has been changed: `x += ...` writes into the array of whoever called; make a new one.", _in_place),
    ("ε is added to the standard deviation: add it to the variance, under the root.", _epsilon_outside),
]
