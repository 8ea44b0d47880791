"""An activation is a nonlinear function of each output of a layer; softmax is a function of a whole row.

Each function is followed by its derivative. `ACTIVATIONS` at the end lists their kernels by name: the one list that
layers, tests, lessons and benchmarks read, to which `register` adds in a script. All that they need of exponentials is
that of numbers <= 0, here in a form that the compiler vectorises: the C library computes one at a time, vector
instructions compute 8 or 16 at once.

Implements section 2.1 of the document.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from scratchtune.core import checks, jit

LEAKY_SLOPE = 0.2  # as Keras's "leaky_relu"
_ZERO_BELOW = -1e4
_LOG2_E = math.log2(math.e)
_LN2_HIGH = 0.693359375  # only a few bits of log(2), so that k times it is exact ...
_LN2_LOW = -2.1219444005469057e-4  # ... and the rest of log(2)
_TAYLOR = tuple(1.0 / math.factorial(n) for n in range(13, -1, -1))  # the last term is below 2e-16
_TAYLOR_EXPM1 = _TAYLOR[:-1]  # of (exp(r) − 1) / r


@jit.function_in_order
def exp_nonpositive(x):
    """Exponential of a number <= 0; zero where the result would be subnormal.

    Formula [exp_nonpositive]
        y = exp(x)
    Computed as
        2^k · (1 + r + r² / 2! + ... + r^13 / 13!) with x = k · log(2) + r and |r| <= log(2) / 2
    Where
        x: x, scalar, <= 0; sampled in [-80, 0]
    Source
        Cody and Waite (1980), "Software manual for the elementary functions", chapter 6, with Taylor's polynomial.
    Example
        >>> float(exp_nonpositive(0.0)), round(float(exp_nonpositive(-1.0)), 4)
        (1.0, 0.3679)
    """
    x = _ZERO_BELOW if x < _ZERO_BELOW else x  # so that k stays exact; NaN stays NaN
    k = np.floor(x * _LOG2_E + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 0.0 * r  # zero in the precision of r
    for coefficient in _TAYLOR:
        p = p * r + coefficient
    return p * jit.power_of_two(k)


@jit.function_in_order
def expm1_nonpositive(x):
    """Exponential of a number <= 0, minus 1, which is as accurate near 0 as elsewhere.

    Formula [expm1_nonpositive]
        y = exp(x) − 1
    Computed as
        2^k · r · (1 + r / 2! + ... + r^12 / 13!) + (2^k − 1) with x = k · log(2) + r and |r| <= log(2) / 2
    Where
        x: x, scalar, <= 0; sampled in [-6, 0]
    Source
        As [exp_nonpositive].
    Example
        >>> float(abs(expm1_nonpositive(0.0))), round(float(expm1_nonpositive(-1.0)), 4)
        (0.0, -0.6321)
    """
    x = _ZERO_BELOW if x < _ZERO_BELOW else x  # so that k stays exact; NaN stays NaN
    k = np.floor(x * _LOG2_E + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 0.0 * r  # zero in the precision of r
    for coefficient in _TAYLOR_EXPM1:
        p = p * r + coefficient
    power = jit.power_of_two(k)
    return p * r * power + (power - 1.0)


@jit.function_in_order
def vector_tanh(z):
    """Hyperbolic tangent, in a form that the compiler vectorises.

    Formula [vector_tanh]
        a = tanh(z)
    Computed as
        |e| / (e + 2) with e = exp(−2 · |z|) − 1, with the sign of z
    Where
        z: z, scalar, logits
    Variant
        The C library computes one number at a time, which is more accurate in the last bit.
    Source
        Abramowitz and Stegun (1964), "Handbook of mathematical functions", 4.5.
    Example
        >>> float(abs(vector_tanh(0.0))), round(float(vector_tanh(-1.0)), 4)
        (0.0, -0.7616)
    """
    e = expm1_nonpositive(-2.0 * abs(z))
    a = abs(e) / (e + 2.0)
    return a if z >= 0.0 else -a


@jit.function
def exp_in_place(x):
    """Replace each number of a contiguous array by its exponential, in place; all must be <= 0.

    Formula [exp_in_place]
        x'ₙₖ = exp(xₙₖ)
    Where
        x: x, (n, k), <= 0; sampled in [-80, 0]
    Source
        As [exp_nonpositive].
    """
    flat = x.reshape(x.size)
    for i in range(flat.size):
        flat[i] = exp_nonpositive(flat[i])


@jit.function
def zero_like(z):
    """Zero in the precision of z: a literal 0.0 would be float64 in plain Python. NaN for NaN and infinity."""
    return 0.0 * z


@jit.function
def linear(z):
    """The identity: no activation.

    Formula [linear]
        a = z
    Where
        z: z, scalar, real
    Source
        Keras, activation "linear".
    """
    return z


@jit.function
def linear_grad(z):
    """Derivative of the identity.

    Formula [linear_grad]
        d = 1
    Gradient of
        [linear] in z
    Where
        z: z, scalar, real
    Source
        Calculus.
    """
    return zero_like(z) + 1.0


@jit.function
def relu(z):
    """Rectified linear unit: negative numbers become zero.

    Formula [relu]
        a = z if z > 0 else 0
    Computed as
        z if z > 0 else 0 · z: NaN stays NaN (and −inf becomes NaN), so that a training that diverges is detected
    Where
        z: z, scalar, real
    Source
        Nair and Hinton (2010), "Rectified linear units improve restricted Boltzmann machines".
    Example
        >>> float(abs(relu(-2.0))), float(relu(3.0))
        (0.0, 3.0)
    """
    return z if z > 0.0 else 0.0 * z


@jit.function
def relu_grad(z):
    """Derivative of ReLU; zero at zero, where there is none.

    Formula [relu_grad]
        d = 1 if z > 0 else 0
    Gradient of
        [relu] in z
    Where
        z: z, scalar, real
    Source
        As [relu]; PyTorch and Keras use zero at zero too.
    Example
        >>> float(relu_grad(-2.0)), float(relu_grad(3.0))
        (0.0, 1.0)
    """
    return 1.0 if z > 0.0 else 0.0


@jit.function
def leaky_relu(z, slope):
    """Leaky ReLU: negative numbers are multiplied by a small slope.

    Formula [leaky_relu]
        a = z if z > 0 else s · z
    Where
        z: z, scalar, real
        s: slope, scalar, >= 0
    Variant
        Keras's activation has the slope 0.2, its layer LeakyReLU 0.3, PyTorch's module 0.01; here it is 0.2.
    Source
        Maas, Hannun, Ng (2013), "Rectifier nonlinearities improve neural network acoustic models".
    Example
        >>> float(leaky_relu(-2.0, 0.25))
        -0.5
    """
    return z if z > 0.0 else slope * z


@jit.function
def leaky_relu_grad(z, slope):
    """Derivative of leaky ReLU.

    Formula [leaky_relu_grad]
        d = 1 if z > 0 else s
    Gradient of
        [leaky_relu] in z
    Where
        z: z, scalar, real
        s: slope, scalar, >= 0
    Variant
        The slope at zero, as in PyTorch; JAX, and Keras on it, give 1 there.
    Source
        As [leaky_relu].
    """
    return 1.0 if z > 0.0 else slope


@jit.function
def elu(z):
    """Exponential linear unit: negative numbers approach -1.

    Formula [elu]
        a = z if z > 0 else exp(z) − 1
    Computed as
        expm1(z) in the second branch: exact where z is tiny
    Where
        z: z, scalar, logits
    Variant
        The factor alpha before the second branch is 1, as by default in Keras and PyTorch.
    Source
        Clevert, Unterthiner, Hochreiter (2016), "Fast and accurate deep network learning by ELUs", equation 15.
    Example
        >>> round(float(elu(-1.0)), 4)
        -0.6321
    """
    return z if z > 0.0 else np.expm1(z)


@jit.function
def elu_grad(z):
    """Derivative of ELU.

    Formula [elu_grad]
        d = 1 if z > 0 else exp(z)
    Gradient of
        [elu] in z
    Where
        z: z, scalar, logits
    Source
        As [elu].
    """
    return 1.0 if z > 0.0 else exp_nonpositive(z)


@jit.function
def sigmoid(z):
    """Logistic function: maps any number to one between 0 and 1.

    Formula [sigmoid]
        a = 1 / (1 + exp(−z))
    Computed as
        e / (1 + e) with e = exp(z) for z < 0: the exponential never overflows
    Where
        z: z, scalar, logits
    Source
        Keras, activation "sigmoid".
    Example
        >>> float(sigmoid(0.0))
        0.5
    """
    e = exp_nonpositive(-abs(z))
    return 1.0 / (1.0 + e) if z >= 0.0 else e / (1.0 + e)


@jit.function
def sigmoid_grad(z):
    """Derivative of the logistic function.

    Formula [sigmoid_grad]
        d = exp(−z) / (1 + exp(−z))²
    Computed as
        with |z| for z: the derivative is symmetric
    Gradient of
        [sigmoid] in z
    Where
        z: z, scalar, logits
    Source
        Calculus: it equals a · (1 − a).
    Example
        >>> float(sigmoid_grad(0.0))
        0.25
    """
    e = exp_nonpositive(-abs(z))
    return e / ((1.0 + e) * (1.0 + e))


@jit.function
def tanh(z):
    """Hyperbolic tangent: maps any number to one between -1 and 1.

    Formula [tanh]
        a = (exp(z) − exp(−z)) / (exp(z) + exp(−z))
    Computed as
        [vector_tanh]
    Where
        z: z, scalar, logits
    Source
        Keras, activation "tanh".
    Example
        >>> float(tanh(0.0))
        0.0
    """
    return vector_tanh(z)


@jit.function
def tanh_grad(z):
    """Derivative of the hyperbolic tangent.

    Formula [tanh_grad]
        d = 4 / (exp(z) + exp(−z))²
    Computed as
        (2 e / (1 + e²))² with e = exp(−|z|)
    Gradient of
        [tanh] in z
    Where
        z: z, scalar, logits
    Source
        Calculus: it equals 1 − a², which would lose all digits by cancellation where |a| is near 1.
    Example
        >>> float(tanh_grad(0.0))
        1.0
    """
    e = exp_nonpositive(-abs(z))
    half = 2.0 * e / (1.0 + e * e)
    return half * half


_SQRT_HALF = math.sqrt(0.5)
_INVERSE_SQRT_2_PI = 1.0 / math.sqrt(2.0 * math.pi)


@jit.function
def gelu(z):
    """Gaussian error linear unit: z times the probability that a standard normal variable is below z.

    Formula [gelu]
        a = z · Φ(z)
    Computed as
        z · erfc(−z / √2) / 2
    Where
        z: z, scalar, real
    Variant
        The exact form, as by default in Keras and PyTorch; both also offer an approximation by tanh.
    Source
        Hendrycks and Gimpel (2016), "Gaussian error linear units", equation 1.
    Example
        >>> float(gelu(0.0))
        0.0
    """
    return 0.5 * z * math.erfc(-z * _SQRT_HALF)


@jit.function
def gelu_grad(z):
    """Derivative of GELU.

    Formula [gelu_grad]
        d = Φ(z) + z · φ(z)
    Gradient of
        [gelu] in z
    Where
        z: z, scalar, real
    Source
        As [gelu], by the product rule.
    """
    return 0.5 * math.erfc(-z * _SQRT_HALF) + z * _INVERSE_SQRT_2_PI * np.exp(-0.5 * z * z)


@jit.function
def silu(z):
    """Sigmoid linear unit, or swish: z times the logistic function of z.

    Formula [silu]
        a = z / (1 + exp(−z))
    Computed as
        z · [sigmoid]
    Where
        z: z, scalar, logits
    Source
        Elfwing, Uchibe, Doya (2018), "Sigmoid-weighted linear units"; Ramachandran et al. (2017) call it swish.
    Example
        >>> round(float(silu(-1.0)), 4)
        -0.2689
    """
    return z * sigmoid(z)


@jit.function
def silu_grad(z):
    """Derivative of SiLU.

    Formula [silu_grad]
        d = (1 + exp(−z) + z · exp(−z)) / (1 + exp(−z))²
    Computed as
        [sigmoid] + z · [sigmoid_grad]
    Gradient of
        [silu] in z
    Where
        z: z, scalar, logits
    Source
        As [silu], by the product rule.
    Example
        >>> float(silu_grad(0.0))
        0.5
    """
    return sigmoid(z) + z * sigmoid_grad(z)


@jit.function
def softplus(z):
    """Softplus: a smooth form of ReLU, always above zero.

    Formula [softplus]
        a = log(1 + exp(z))
    Computed as
        max(z, 0) + log1p(exp(−|z|)): the exponential never overflows
    Where
        z: z, scalar, logits
    Source
        Dugas et al. (2001), "Incorporating second-order functional knowledge for better option pricing".
    Example
        >>> round(float(softplus(0.0)), 4)
        0.6931
    """
    return (z if z > 0.0 else zero_like(z)) + np.log1p(exp_nonpositive(-abs(z)))


@jit.function
def softplus_grad(z):
    """Derivative of softplus: the logistic function.

    Formula [softplus_grad]
        d = 1 / (1 + exp(−z))
    Computed as
        [sigmoid]
    Gradient of
        [softplus] in z
    Where
        z: z, scalar, logits
    Source
        Calculus.
    Example
        >>> float(softplus_grad(0.0))
        0.5
    """
    return sigmoid(z)


@jit.function
def mish(z):
    """Mish: z times the hyperbolic tangent of its softplus.

    Formula [mish]
        a = z · tanh(log(1 + exp(z)))
    Computed as
        z · [vector_tanh] of [softplus]
    Where
        z: z, scalar, logits
    Source
        Misra (2020), "Mish: a self regularized non-monotonic activation function".
    Example
        >>> round(float(mish(-1.0)), 4)
        -0.3034
    """
    return z * vector_tanh(softplus(z))


@jit.function
def mish_grad(z):
    """Derivative of Mish.

    Formula [mish_grad]
        d = tanh(log(1 + exp(z))) + z · (1 − tanh(log(1 + exp(z)))²) / (1 + exp(−z))
    Computed as
        t + z · (1 − t²) · [sigmoid] with t the tanh of [softplus]
    Gradient of
        [mish] in z
    Where
        z: z, scalar, logits
    Source
        As [mish], by the product rule.
    Example
        >>> round(float(mish_grad(0.0)), 12)
        0.6
    """
    t = vector_tanh(softplus(z))
    return t + z * (1.0 - t * t) * sigmoid(z)


@jit.function
def largest(z, n):
    """The largest number of row n, compared in four chains, since each comparison waits for the one before it."""
    a = b = c = d = z[n, 0]
    stop = z.shape[1] - z.shape[1] % 4
    for k in range(0, stop, 4):
        a = z[n, k] if z[n, k] > a else a
        b = z[n, k + 1] if z[n, k + 1] > b else b
        c = z[n, k + 2] if z[n, k + 2] > c else c
        d = z[n, k + 3] if z[n, k + 3] > d else d
    for k in range(stop, z.shape[1]):
        a = z[n, k] if z[n, k] > a else a
    return max(max(a, b), max(c, d))


@jit.function
def softmax(z, p, s):
    """Softmax: maps each row of numbers to a row of probabilities.

    Formula [softmax]
        pₙₖ = exp(zₙₖ) / Σⱼ[exp(zₙⱼ)] ; sₙ = log(Σⱼ[exp(zₙⱼ)])
    Computed as
        exp(zₙₖ − mₙ) / Σⱼ[exp(zₙⱼ − mₙ)] with mₙ = maxⱼ[zₙⱼ]: the same quotient, without overflow
    Where
        z: z, (n, k), logits
        p: p, (n, k), written
        s: s, (n,), written, the logarithm of the denominator, which cross-entropy needs
    Source
        Bridle (1990), "Probabilistic interpretation of feedforward classification network outputs".
    """
    for n in range(z.shape[0]):
        top = largest(z, n)
        for k in range(z.shape[1]):
            p[n, k] = z[n, k] - top
        s[n] = top
    exp_in_place(p)
    for n in range(z.shape[0]):
        total = 0.0
        for k in range(z.shape[1]):
            total += p[n, k]
        for k in range(z.shape[1]):
            p[n, k] /= total
        s[n] += np.log(total)


@jit.function
def softmax_grad(p, g, d):
    """Gradient of J with respect to the logits, from the one with respect to the probabilities.

    Formula [softmax_grad]
        dₙₖ = pₙₖ · (gₙₖ − Σⱼ[gₙⱼ · pₙⱼ])
    Gradient of
        p of [softmax] in z
    Where
        p: p, (n, k), probabilities, softmax of the rows of z
        g: g, (n, k), real, dJ/dp
        d: d, (n, k), written, dJ/dz
    Source
        Calculus: dpⱼ/dzₖ = pⱼ · ((1 if j = k else 0) − pₖ), summed with gⱼ.
    """
    for n in range(p.shape[0]):
        mean = 0.0
        for k in range(p.shape[1]):
            mean += g[n, k] * p[n, k]
        for k in range(p.shape[1]):
            d[n, k] = p[n, k] * (g[n, k] - mean)


@jit.function
def default_leaky_relu(z):
    """`leaky_relu` with the slope of Keras's activation."""
    return leaky_relu(z, LEAKY_SLOPE)


@jit.function
def default_leaky_relu_grad(z):
    """Its derivative."""
    return leaky_relu_grad(z, LEAKY_SLOPE)


def _elementwise(activation: Any, derivative: Any) -> tuple[jit.Kernel, jit.Kernel]:
    """Make the kernels of an activation that acts on each number: y = activation(x), dx = dy * derivative(x)."""

    @jit.forward
    def forward(integers, reals, theta, state, x, y, work, training, step, key):
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                y[i, j] = activation(x[i, j])

    @jit.backward
    def backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
        if dx.size > 0:
            for i in range(x.shape[0]):
                for j in range(x.shape[1]):
                    dx[i, j] = dy[i, j] * derivative(x[i, j])

    return forward, backward


@jit.forward
def softmax_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = softmax of each row of x; ``work`` (rows,) takes the logarithms of the denominators, which are not read."""
    softmax(x, y, work)


@jit.backward
def softmax_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx from dy and the probabilities y."""
    if dx.size > 0:
        softmax_grad(y, dy, dx)


ACTIVATIONS: dict[str, tuple[jit.Kernel, jit.Kernel]] = {
    "linear": _elementwise(linear, linear_grad),
    "relu": _elementwise(relu, relu_grad),
    "leaky_relu": _elementwise(default_leaky_relu, default_leaky_relu_grad),
    "elu": _elementwise(elu, elu_grad),
    "gelu": _elementwise(gelu, gelu_grad),
    "sigmoid": _elementwise(sigmoid, sigmoid_grad),
    "tanh": _elementwise(tanh, tanh_grad),
    "silu": _elementwise(silu, silu_grad),
    "softplus": _elementwise(softplus, softplus_grad),
    "mish": _elementwise(mish, mish_grad),
    "softmax": (softmax_forward, softmax_backward),
}
ACTIVATIONS["swish"] = ACTIVATIONS["silu"]  # Keras has both names
OURS = frozenset(ACTIVATIONS)


# Activations of one's own ---------------------------------------------------------------------------------------------

Scalar = Callable[[Any], Any]  # a function of one number
Pair = tuple[Scalar, Scalar]  # an activation and its derivative


class PairKernel(jit.Kernel):
    """A kernel of a pair of functions of one's own; a copy in another process is made there from them."""

    def __init__(self, py_func: Callable[..., Any], kind: str, pair: Pair) -> None:
        super().__init__(py_func, kind)
        self.pair = pair

    def __reduce__(self) -> tuple[Any, ...]:
        return pair_kernel, (self.pair, self.kind)


@cache
def pair_kernel(pair: Pair, kind: str) -> PairKernel:
    """The "forward" or the "backward" kernel of a pair of functions, which are compiled unless they are already."""
    function, derivative = (f if hasattr(f, "py_func") else jit.function(f) for f in pair)
    forward, backward = _elementwise(function, derivative)
    return PairKernel({"forward": forward, "backward": backward}[kind].py_func, kind, pair)


def get(activation: str | Pair) -> tuple[str, tuple[jit.Kernel, jit.Kernel]]:
    """Return the name and the kernels of an activation: a name of `ACTIVATIONS`, or a pair, which has the name "".

    Raises a ValueError for an unknown name, and a TypeError for what is neither a name nor a pair of functions.
    """
    if isinstance(activation, str):
        name = checks.choice("activation", activation, ACTIVATIONS)
        return name, ACTIVATIONS[name]
    pair = tuple(activation) if isinstance(activation, (tuple, list)) else ()
    if len(pair) != 2 or not all(inspect.isfunction(jit.plain(f)) for f in pair):
        raise TypeError(f"activation is {activation!r}; it must be a name, one of {checks.quoted([*ACTIVATIONS], 99)}, "
                        "or a pair of Python functions of one number, the activation and its derivative")
    return "", (pair_kernel(pair, "forward"), pair_kernel(pair, "backward"))


def register(name: str, function: Scalar, derivative: Scalar) -> None:
    """Give a pair of functions of one number a name, by which layers, searches and saved models know it from then on.

    A script that loads the model must register it too. Raises a ValueError for a name that this package uses.
    """
    if not isinstance(name, str) or not name or name in OURS:
        raise ValueError(f"name is {name!r}; it must be a name that no activation of {checks.PACKAGE} has")
    ACTIVATIONS[name] = get((function, derivative))[1]
