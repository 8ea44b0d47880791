"""An initialiser draws the first weights, with a variance that keeps signals at the same size from layer to layer.

Names are Keras's. fan_in is the number of inputs of an output, fan_out the number of outputs that an input is used for.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from scratchtune.core import checks, jit


@jit.function
def glorot_variance(fan_in, fan_out):
    """A compromise between the variances that keep the size of signals and of gradients; for tanh and similar.

    Formula [glorot_variance]
        v = 2 / (fan_in + fan_out)
    Where
        fan_in: fan_in, scalar, integer >= 1
        fan_out: fan_out, scalar, integer >= 1
    Source
        Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", eq. 12.
    Example
        >>> float(glorot_variance(3, 5))
        0.25
    """
    return 2.0 / (fan_in + fan_out)


@jit.function
def he_variance(fan_in):
    """Variance that keeps the size of signals where ReLU sets half of them to zero.

    Formula [he_variance]
        v = 2 / fan_in
    Where
        fan_in: fan_in, scalar, integer >= 1
    Source
        He et al. (2015), "Delving deep into rectifiers", equation 10.
    Example
        >>> float(he_variance(8))
        0.25
    """
    return 2.0 / fan_in


@jit.function
def lecun_variance(fan_in):
    """Variance that keeps the size of signals.

    Formula [lecun_variance]
        v = 1 / fan_in
    Where
        fan_in: fan_in, scalar, integer >= 1
    Source
        LeCun et al. (1998), "Efficient BackProp", equation 16.
    Example
        >>> float(lecun_variance(4))
        0.25
    """
    return 1.0 / fan_in


@jit.function
def uniform_limit(variance):
    """The limit l for which uniform random numbers between -l and l have a given variance.

    Formula [uniform_limit]
        l = √(3 · v)
    Where
        v: variance, scalar, > 0
    Source
        The variance of a uniform distribution, l² / 3.
    Example
        >>> float(uniform_limit(3.0))
        3.0
    """
    return np.sqrt(3.0 * variance)


Draw = Callable[[tuple[int, ...], tuple[int, int], np.random.Generator], np.ndarray]  # of a shape, fans, a generator
VARIANCES: dict[str, Callable[[int, int], float]] = {
    "glorot": glorot_variance, "he": lambda fan_in, fan_out: he_variance(fan_in),
    "lecun": lambda fan_in, fan_out: lecun_variance(fan_in)}
TRUNCATED_STD = 0.8796256610342398  # standard deviation of a standard normal distribution truncated at -2 and 2


def _uniform(scheme: str) -> Draw:
    def draw(shape: tuple[int, ...], fans: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        limit = uniform_limit(VARIANCES[scheme](*fans))
        return rng.uniform(-limit, limit, shape)

    return draw


def _normal(scheme: str) -> Draw:
    def draw(shape: tuple[int, ...], fans: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        numbers = rng.standard_normal(shape)
        while (outside := np.abs(numbers) > 2.0).any():  # truncated at two standard deviations, as in Keras
            numbers[outside] = rng.standard_normal(int(outside.sum()))
        return numbers * np.sqrt(VARIANCES[scheme](*fans)) / TRUNCATED_STD

    return draw


def _draw_orthogonal(shape: tuple[int, ...], fans: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A random matrix with orthonormal columns, or rows where these are fewer: Saxe et al. (2014)."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))  # so that all such matrices are equally probable
    return (q if rows >= columns else q.T).reshape(shape)


def _draw_unit_forget_bias(shape: tuple[int, ...], fans: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Zeros, but ones in the second quarter, that of the forget gate: Jozefowicz et al. (2015)."""
    bias = np.zeros(shape)
    units = shape[-1] // 4
    bias[..., units : 2 * units] = 1.0
    return bias


INITIALIZERS: dict[str, Draw] = {
    **{f"{scheme}_uniform": _uniform(scheme) for scheme in VARIANCES},
    **{f"{scheme}_normal": _normal(scheme) for scheme in VARIANCES},
    "zeros": lambda shape, fans, rng: np.zeros(shape),
    "ones": lambda shape, fans, rng: np.ones(shape),
    "uniform": lambda shape, fans, rng: rng.uniform(-0.05, 0.05, shape),  # Keras's RandomUniform
    "standard_normal": lambda shape, fans, rng: rng.standard_normal(shape),
    "random_sign": lambda shape, fans, rng: 2.0 * rng.integers(0, 2, shape) - 1.0,
    "orthogonal": _draw_orthogonal,
    "unit_forget_bias": _draw_unit_forget_bias,
}


def get(name: str, argument: str = "kernel_initializer") -> Draw:
    """The initialiser of that name; ValueError with the nearest name otherwise."""
    return INITIALIZERS[checks.choice(argument, name, INITIALIZERS)]
