"""An optimizer updates the parameters by the gradient of the loss; optimizers differ in the moments that they keep.

Each update is one function over a vector of parameters, which it changes in place, as it does the moments. An optimizer
is a chain of such functions, which `engine.update` runs: gradients are clipped, theta decays, the update formula
follows, theta is averaged. The chain is open: a subclass may put a `Part` of its own anywhere in it. Names, arguments
and defaults are Keras's, unless a variant is named.

Implements sections 2.2 and 4.1 of the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.configured import Configured, known_classes
from scratchtune.core.network import schedules
from scratchtune.core.network.layers.base import Weight


@jit.function
def gradient_descent(theta, grad, alpha):
    """Gradient descent: a step against the gradient, multiplied by the learning rate.

    Formula [gradient_descent]
        θ'ᵢ = θᵢ − α · gᵢ
    Where
        θ: theta, (i,), real
        g: grad, (i,), real, the gradient of J at theta
        α: alpha, scalar, > 0, the learning rate
    Source
        The document, section 4.1.
    Example
        >>> theta = np.array([1.0])
        >>> gradient_descent(theta, np.array([0.5]), 0.5)
        >>> float(theta[0])
        0.75
    """
    alpha = theta.dtype.type(alpha)  # so that float32 stays float32
    for i in range(theta.size):
        theta[i] -= alpha * grad[i]


@jit.function
def momentum(theta, grad, velocity, alpha, mu):
    """Gradient descent with momentum: each step continues in the direction of the steps before.

    Formula [momentum]
        v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + v'ᵢ
    Where
        θ: theta, (i,), real
        g: grad, (i,), real
        v: velocity, (i,), real
        α: alpha, scalar, > 0, the learning rate
        μ: mu, scalar, in [0, 1), the momentum
    Variant
        As Keras. PyTorch keeps v without α, v' = μ · v + g and θ' = θ − α · v': the same as long as α is constant.
    Source
        Polyak (1964), "Some methods of speeding up the convergence of iteration methods", equation 9.
    Example
        >>> theta, velocity = np.array([1.0]), np.array([1.0])
        >>> momentum(theta, np.array([1.0]), velocity, 0.25, 0.5)
        >>> float(velocity[0]), float(theta[0])
        (0.25, 1.25)
    """
    alpha, mu = theta.dtype.type(alpha), theta.dtype.type(mu)  # so that float32 stays float32
    for i in range(theta.size):
        velocity[i] = mu * velocity[i] - alpha * grad[i]
        theta[i] += velocity[i]


@jit.function
def nesterov(theta, grad, velocity, alpha, mu):
    """Nesterov's momentum: each step already includes the momentum of the next one.

    Formula [nesterov]
        v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + μ · v'ᵢ − α · gᵢ
    Where
        θ: theta, (i,), real
        g: grad, (i,), real
        v: velocity, (i,), real
        α: alpha, scalar, > 0, the learning rate
        μ: mu, scalar, in [0, 1), the momentum
    Variant
        As Keras. PyTorch keeps v without α: v' = μ · v + g and θ' = θ − α · (g + μ · v').
    Source
        Sutskever et al. (2013), "On the importance of initialization and momentum in deep learning", as in Keras.
    Example
        >>> theta, velocity = np.array([1.0]), np.array([1.0])
        >>> nesterov(theta, np.array([1.0]), velocity, 0.25, 0.5)
        >>> float(theta[0])
        0.875
    """
    alpha, mu = theta.dtype.type(alpha), theta.dtype.type(mu)  # so that float32 stays float32
    for i in range(theta.size):
        velocity[i] = mu * velocity[i] - alpha * grad[i]
        theta[i] += mu * velocity[i] - alpha * grad[i]


@jit.function
def rmsprop(theta, grad, v, alpha, rho, epsilon):
    """RMSprop: each parameter's step is divided by the root of a moving mean of its squared gradients.

    Formula [rmsprop]
        v'ᵢ = ρ · vᵢ + (1 − ρ) · gᵢ² ; θ'ᵢ = θᵢ − α · gᵢ / √(v'ᵢ + ε)
    Where
        θ: theta, (i,), real
        g: grad, (i,), real
        v: v, (i,), >= 0
        α: alpha, scalar, > 0, the learning rate
        ρ: rho, scalar, in [0, 1)
        ε: epsilon, scalar, > 0
    Variant
        As Keras, ε under the root. PyTorch adds it outside, √v' + ε.
    Source
        Tieleman and Hinton (2012), "Lecture 6.5 - RMSprop", Neural networks for machine learning.
    Example
        >>> theta = np.array([1.0])
        >>> rmsprop(theta, np.array([2.0]), np.array([0.0]), 0.5, 0.75, 3.0)
        >>> float(theta[0])
        0.5
    """
    real = theta.dtype.type  # so that float32 stays float32
    one_minus_rho = real(1.0 - rho)
    alpha, rho, epsilon = real(alpha), real(rho), real(epsilon)
    for i in range(theta.size):
        v[i] = rho * v[i] + one_minus_rho * grad[i] * grad[i]
        theta[i] -= alpha * grad[i] / np.sqrt(v[i] + epsilon)


@jit.function
def rmsprop_momentum(theta, grad, v, velocity, alpha, rho, epsilon, mu):
    """RMSprop whose steps have momentum.

    Formula [rmsprop_momentum]
        v'ᵢ = ρ · vᵢ + (1 − ρ) · gᵢ² ; m'ᵢ = μ · mᵢ + α · gᵢ / √(v'ᵢ + ε) ; θ'ᵢ = θᵢ − m'ᵢ
    Where
        θ: theta, (i,), real
        g: grad, (i,), real
        v: v, (i,), >= 0
        m: velocity, (i,), real
        α: alpha, scalar, > 0, the learning rate
        ρ: rho, scalar, in [0, 1)
        ε: epsilon, scalar, > 0
        μ: mu, scalar, in [0, 1), the momentum
    Variant
        As Keras. PyTorch multiplies by α outside the momentum: the same as long as α is constant.
    Source
        As [rmsprop]; Keras, optimizers.RMSprop.
    Example
        >>> theta = np.array([1.0])
        >>> rmsprop_momentum(theta, np.array([2.0]), np.array([0.0]), np.array([1.0]), 0.5, 0.75, 3.0, 0.5)
        >>> float(theta[0])
        0.0
    """
    real = theta.dtype.type  # so that float32 stays float32
    one_minus_rho = real(1.0 - rho)
    alpha, rho, epsilon, mu = real(alpha), real(rho), real(epsilon), real(mu)
    for i in range(theta.size):
        v[i] = rho * v[i] + one_minus_rho * grad[i] * grad[i]
        velocity[i] = mu * velocity[i] + alpha * grad[i] / np.sqrt(v[i] + epsilon)
        theta[i] -= velocity[i]


@jit.function
def adam(theta, grad, m, v, alpha, betas, epsilon, t):
    """Adam: the step follows a moving mean of the gradients, divided by the root of a moving mean of their squares.

    Formula [adam]
        m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ; θ'ᵢ = θᵢ − α · (m'ᵢ / (1 − β₁^t)) / (√(v'ᵢ / (1 − β₂^t)) + ε)
    Computed as
        with α / (1 − β₁^t) and 1 / √(1 − β₂^t) taken out of the loop
    Where
        θ: theta, (i,), real
        g: grad, (i,), real
        m: m, (i,), real
        v: v, (i,), >= 0
        α: alpha, scalar, > 0, the learning rate
        β₁: betas[0], scalar, in [0, 1)
        β₂: betas[1], scalar, in [0, 1)
        ε: epsilon, scalar, > 0
        t: t, scalar, integer >= 1, the number of this step
    Variant
        The paper's Algorithm 1, as PyTorch. Keras adds ε before the correction, √v' + ε: its ε acts like
        ε / √(1 − β₂^t) here, so at first it is larger than it looks (32 times in step 1 with β₂ = 0.999).
    Source
        Kingma and Ba (2015), "Adam: a method for stochastic optimization", Algorithm 1.
    Example
        >>> theta, m, v = np.array([1.0]), np.array([0.0]), np.array([0.0])
        >>> adam(theta, np.array([2.0]), m, v, 0.5, (0.5, 0.5), 2.0, 1)
        >>> float(m[0]), float(v[0]), float(theta[0])
        (1.0, 2.0, 0.75)
    """  # noqa: E501  (a formula is one line)
    real = theta.dtype.type  # so that float32 stays float32
    beta_1, beta_2 = betas
    corrected_alpha, root_correction = real(alpha / (1.0 - beta_1**t)), real(1.0 / np.sqrt(1.0 - beta_2**t))
    one_minus_beta_1, one_minus_beta_2 = real(1.0 - beta_1), real(1.0 - beta_2)
    beta_1, beta_2, epsilon = real(beta_1), real(beta_2), real(epsilon)
    for i in range(theta.size):
        m[i] = beta_1 * m[i] + one_minus_beta_1 * grad[i]
        v[i] = beta_2 * v[i] + one_minus_beta_2 * grad[i] * grad[i]
        theta[i] -= corrected_alpha * m[i] / (np.sqrt(v[i]) * root_correction + epsilon)


@jit.function
def nadam(theta, grad, m, v, alpha, betas, epsilon, t):
    """Nadam: Adam whose step already includes the momentum of the next one, as Nesterov's.

    Formula [nadam]
        m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ; θ'ᵢ = θᵢ − α · (q · m'ᵢ / (1 − p · q) + (1 − μ) · gᵢ / (1 − p)) / (√(v'ᵢ / (1 − β₂^t)) + ε)
    Computed as
        with what is the same for all i taken out of the loop
    Where
        θ: theta, (i,), real
        g: grad, (i,), real
        m: m, (i,), real
        v: v, (i,), >= 0
        α: alpha, scalar, > 0, the learning rate
        β₁: betas[0], scalar, in [0, 1)
        β₂: betas[1], scalar, in [0, 1)
        ε: epsilon, scalar, > 0
        t: t, scalar, integer >= 1, the number of this step
        μ: betas[2], scalar, in [0, 1), the momentum of this step, [nadam_momentum]
        q: betas[3], scalar, in [0, 1), that of the next step
        p: betas[4], scalar, in [0, 1), the product of the momenta of all steps up to this one
    Variant
        As Keras, where ε has the same place. PyTorch's NAdam lets the momentum rise 250 times slower.
    Source
        Dozat (2016), "Incorporating Nesterov momentum into Adam", Algorithm 2.
    Example
        >>> theta, m, v = np.array([1.0]), np.array([0.0]), np.array([0.0])
        >>> nadam(theta, np.array([2.0]), m, v, 0.5, (0.5, 0.5, 0.5, 0.5, 0.5), 2.0, 1)
        >>> float(m[0]), float(v[0]), round(float(theta[0]), 9)
        (1.0, 2.0, 0.666666667)
    """  # noqa: E501  (a formula is one line)
    real = theta.dtype.type  # so that float32 stays float32
    beta_1, beta_2 = betas[0], betas[1]
    now, following, product = betas[2], betas[3], betas[4]
    of_moment, of_gradient = real(following / (1.0 - product * following)), real((1.0 - now) / (1.0 - product))
    alpha, root_correction = real(alpha), real(1.0 / np.sqrt(1.0 - beta_2**t))
    one_minus_beta_1, one_minus_beta_2 = real(1.0 - beta_1), real(1.0 - beta_2)
    beta_1, beta_2, epsilon = real(beta_1), real(beta_2), real(epsilon)
    for i in range(theta.size):
        m[i] = beta_1 * m[i] + one_minus_beta_1 * grad[i]
        v[i] = beta_2 * v[i] + one_minus_beta_2 * grad[i] * grad[i]
        direction = of_moment * m[i] + of_gradient * grad[i]
        theta[i] -= alpha * direction / (np.sqrt(v[i]) * root_correction + epsilon)


@jit.function
def nadam_momentum(beta, t):
    """The momentum of Nadam's step t, which rises from about half of beta_1 to beta_1.

    Formula [nadam_momentum]
        μ = β · (1 − 0.96^t / 2)
    Where
        β: beta, scalar, in [0, 1), beta_1
        t: t, scalar, integer >= 1, the number of the step
    Source
        Dozat (2016), section 2.2; Keras, optimizers.Nadam.
    Example
        >>> float(nadam_momentum(0.5, 1))
        0.26
    """
    return beta * (1.0 - 0.5 * 0.96**t)


@jit.function
def lion(theta, grad, m, alpha, betas):
    """Lion: every parameter moves by the learning rate, against the sign of a moving mean of the gradients.

    Formula [lion]
        θ'ᵢ = θᵢ − α · sign(β₁ · mᵢ + (1 − β₁) · gᵢ) ; m'ᵢ = β₂ · mᵢ + (1 − β₂) · gᵢ
    Where
        θ: theta, (i,), real
        g: grad, (i,), real
        m: m, (i,), real
        α: alpha, scalar, > 0, the learning rate
        β₁: betas[0], scalar, in [0, 1), for the step
        β₂: betas[1], scalar, in [0, 1), for the moving mean
    Variant
        As Keras. The paper takes a learning rate 3 to 10 times smaller than Adam's, a weight decay as much larger.
    Source
        Chen et al. (2023), "Symbolic discovery of optimization algorithms", Program 1.
    Example
        >>> theta, m = np.array([1.0]), np.array([1.0])
        >>> lion(theta, np.array([-2.0]), m, 0.25, (0.5, 0.75))
        >>> float(theta[0]), float(m[0])
        (1.25, 0.25)
    """
    real = theta.dtype.type  # so that float32 stays float32
    alpha, beta_1, beta_2 = real(alpha), real(betas[0]), real(betas[1])
    one_minus_beta_1, one_minus_beta_2 = real(1.0 - betas[0]), real(1.0 - betas[1])
    for i in range(theta.size):
        theta[i] -= alpha * np.sign(beta_1 * m[i] + one_minus_beta_1 * grad[i])
        m[i] = beta_2 * m[i] + one_minus_beta_2 * grad[i]


@jit.function
def weight_decay(theta, alpha, w):
    """Decoupled weight decay: every parameter shrinks by a share, whatever the gradient and the optimizer are.

    Formula [weight_decay]
        θ'ᵢ = θᵢ − α · w · θᵢ
    Where
        θ: theta, (i,), real
        α: alpha, scalar, > 0, the learning rate
        w: w, scalar, >= 0, the weight decay
    Variant
        Under plain gradient descent this is the L2 penalty with λ = w / 2. Under Adam it is not: there the penalty's
        gradient is divided by the root of v like any other, and the decay is not (AdamW). The paper multiplies the
        decay by the schedule alone; here, as in PyTorch and Keras, it is multiplied by the learning rate α.
    Source
        Loshchilov and Hutter (2019), "Decoupled weight decay regularization", Algorithm 2, line 12.
    Example
        >>> theta = np.array([2.0])
        >>> weight_decay(theta, 0.5, 0.5)
        >>> float(theta[0])
        1.5
    """
    share = theta.dtype.type(alpha * w)  # so that float32 stays float32
    for i in range(theta.size):
        theta[i] -= share * theta[i]


@jit.function
def clip_by_norm(grad, limit):
    """Shorten a vector to a given norm if its norm is larger; its direction stays.

    Formula [clip_by_norm]
        n = √(Σᵢ[gᵢ²]) ; g'ᵢ = gᵢ · c / n if n > c else gᵢ
    Where
        g: grad, (i,), real, the gradient of one array of weights, or of all of them
        c: limit, scalar, > 0, the largest norm
    Returns
        n, the norm before, in double precision.
    Variant
        As in Keras, clipnorm shortens the gradient of each array of weights by its own norm, global_clipnorm that of
        all together, which keeps its direction. So does PyTorch's clip_grad_norm_, which divides by n + 10⁻⁶.
    Source
        Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks", Algorithm 1.
    Example
        >>> grad = np.array([3.0, 4.0])
        >>> float(clip_by_norm(grad, 1.0)), grad.round(12).tolist()
        (5.0, [0.6, 0.8])
    """
    total = np.float64(0.0)
    for i in range(grad.size):
        total += np.float64(grad[i]) * np.float64(grad[i])
    norm = np.sqrt(total)
    if norm > limit:
        factor = grad.dtype.type(limit / norm)  # so that float32 stays float32
        for i in range(grad.size):
            grad[i] *= factor
    return norm


@jit.function
def clip_by_value(grad, limit):
    """Limit each number of the gradient.

    Formula [clip_by_value]
        g'ᵢ = min(max(gᵢ, −c), c)
    Computed as
        two comparisons: NaN stays NaN, so that a training that diverges is detected
    Where
        g: grad, (i,), real
        c: limit, scalar, > 0, the largest absolute value
    Variant
        As Keras's clipvalue and PyTorch's clip_grad_value_; it changes the direction, [clip_by_norm] does not.
    Source
        Keras, optimizers.Optimizer.
    Example
        >>> grad = np.array([3.0, -0.5])
        >>> clip_by_value(grad, 1.0)
        >>> grad.tolist()
        [1.0, -0.5]
    """
    limit = grad.dtype.type(limit)  # so that float32 stays float32
    for i in range(grad.size):
        lowered = limit if grad[i] > limit else grad[i]
        grad[i] = -limit if lowered < -limit else lowered


@jit.function
def weight_average(average, theta, beta):
    """Exponential moving average of the parameters over the steps: noise of single steps averages out.

    Formula [weight_average]
        a'ᵢ = β · aᵢ + (1 − β) · θᵢ
    Where
        a: average, (i,), real
        θ: theta, (i,), real, after the step
        β: beta, scalar, in [0, 1), the decay; the first step takes 0, so that the average begins at theta
    Variant
        About the last 1 / (1 − β) steps count, as with Keras's use_ema=True. The paper takes the mean of all steps.
    Source
        Polyak and Juditsky (1992), "Acceleration of stochastic approximation by averaging".
    Example
        >>> average = np.array([1.0])
        >>> weight_average(average, np.array([2.0]), 0.75)
        >>> float(average[0])
        1.25
    """
    beta, rest = theta.dtype.type(beta), theta.dtype.type(1.0 - beta)  # so that float32 stays float32
    for i in range(theta.size):
        average[i] = beta * average[i] + rest * theta[i]


CONSTANT = 1000  # Nadam's momentum is beta_1 from this step on: 0.96^1000 is below the precision of 1

# The kernels, all of one signature: slots hold the moments, one in each row ------------------------------------------


@jit.update
def gradient_descent_update(theta, grad, slots, settings, rate, step):
    """[gradient_descent]; without moments and hyper-parameters."""
    gradient_descent(theta, grad, rate)


@jit.update
def momentum_update(theta, grad, slots, settings, rate, step):
    """[momentum]; moment v, hyper-parameter mu."""
    momentum(theta, grad, slots[0], rate, settings[0])


@jit.update
def nesterov_update(theta, grad, slots, settings, rate, step):
    """[nesterov]; moment v, hyper-parameter mu."""
    nesterov(theta, grad, slots[0], rate, settings[0])


@jit.update
def rmsprop_update(theta, grad, slots, settings, rate, step):
    """[rmsprop]; moment v, hyper-parameters rho, epsilon."""
    rmsprop(theta, grad, slots[0], rate, settings[0], settings[1])


@jit.update
def rmsprop_momentum_update(theta, grad, slots, settings, rate, step):
    """[rmsprop_momentum]; moments v and m, hyper-parameters rho, epsilon, mu."""
    rho, epsilon, mu = settings[0], settings[1], settings[2]
    rmsprop_momentum(theta, grad, slots[0], slots[1], rate, rho, epsilon, mu)


@jit.update
def adam_update(theta, grad, slots, settings, rate, step):
    """[adam]; moments m and v, hyper-parameters beta_1, beta_2, epsilon."""
    betas, epsilon = (settings[0], settings[1]), settings[2]
    adam(theta, grad, slots[0], slots[1], rate, betas, epsilon, step)


@jit.update
def nadam_update(theta, grad, slots, settings, rate, step):
    """[nadam]; moments m and v, hyper-parameters beta_1, beta_2, epsilon."""
    beta_1, beta_2, epsilon = settings[0], settings[1], settings[2]
    product = beta_1 ** max(step - CONSTANT, 0)
    below = 0.5
    for _ in range(min(step, CONSTANT)):
        below *= 0.96
        product *= beta_1 * (1.0 - below)  # [nadam_momentum] of each step up to this one
    betas = beta_1, beta_2, nadam_momentum(beta_1, step), nadam_momentum(beta_1, step + 1), product
    nadam(theta, grad, slots[0], slots[1], rate, betas, epsilon, step)


@jit.update
def lion_update(theta, grad, slots, settings, rate, step):
    """[lion]; moment m, hyper-parameters beta_1 and beta_2."""
    lion(theta, grad, slots[0], rate, (settings[0], settings[1]))


@jit.update
def clip_by_value_update(theta, grad, slots, settings, rate, step):
    """[clip_by_value] of the gradient; hyper-parameter limit."""
    clip_by_value(grad, settings[0])


@jit.update
def clip_by_norm_update(theta, grad, slots, settings, rate, step):
    """[clip_by_norm] of the gradient; hyper-parameter limit."""
    clip_by_norm(grad, settings[0])


@jit.update
def weight_decay_update(theta, grad, slots, settings, rate, step):
    """[weight_decay]; hyper-parameter w."""
    weight_decay(theta, rate, settings[0])


@jit.update
def weight_average_update(theta, grad, slots, settings, rate, step):
    """[weight_average]; moment a, hyper-parameter beta."""
    weight_average(slots[0], theta, settings[0] if step > 1 else 0.0)


# The optimizers: chains of these kernels ------------------------------------------------------------------------------


class Part(NamedTuple):
    """A part of an optimizer's chain: a kernel, its hyper-parameters, its number of moments, and what it runs on.

    It runs on the arrays of weights that ``covers`` accepts, on neighbouring ones at once, or on each array ``alone``.
    """

    update: jit.Kernel
    settings: tuple[float, ...] = ()
    moments: int = 0
    covers: Callable[[Weight], bool] = lambda weight: True
    alone: bool = False

    def links(self, weights: Sequence[tuple[Weight, int, int]]) -> list[Link]:
        """This part on theta's entries [start, stop) of each of its ranges; ``weights`` are all arrays with theirs."""
        ranges: list[tuple[int, int]] = []
        for weight, start, stop in weights:
            if self.covers(weight):
                joins = not self.alone and ranges and ranges[-1][1] == start
                ranges.append((ranges.pop()[0] if joins else start, stop))
        return [Link(self, start, stop) for start, stop in ranges]


class Link(NamedTuple):
    """A call in each step: a part of the chain, on theta's entries [start, stop)."""

    part: Part
    start: int
    stop: int


class Common(TypedDict, total=False):
    """The arguments that all optimizers share, as `Optimizer` describes them."""

    decay: float
    weight_decay: float
    clipnorm: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    clipvalue: float | None
    weight_decay_excludes: Sequence[str]


class Optimizer(Configured):
    """Base class of the optimizers: a chain of clipping, weight decay, an update formula and averaging.

    ``learning_rate`` is a number or a schedule, ``decay`` its inverse-time decay, ``weight_decay`` that of AdamW, of
    all weights, as in Keras, but those whose names contain one of ``weight_decay_excludes``, regular expressions:
    ("bias", "gamma", "beta") leaves out biases and normalisation. ``clipnorm``, ``global_clipnorm`` or ``clipvalue``
    limits the gradient, the penalty's included, by [clip_by_norm] or [clip_by_value]. With ``use_ema`` a moving average
    of theta is evaluated after each epoch and replaces theta at the end of a fit (`weight_average`, with the decay
    ``ema_momentum``).

    A subclass sets ``update``, its kernel; ``slots``, the number of moments, each a vector like theta; and
    ``settings``, the hyper-parameters that the kernel gets. Or it defines `parts`, the whole chain.
    """

    update: jit.Kernel
    slots = 0
    settings: tuple[float, ...] = ()
    follows = ("update", "slots", "settings")
    later = ("clipvalue", "weight_decay_excludes")

    def __init__(
        self, learning_rate: float | schedules.Schedule = 0.01, decay: float = 0.0, weight_decay: float = 0.0,
        clipnorm: float | None = None, global_clipnorm: float | None = None, use_ema: bool = False,
        ema_momentum: float = 0.99, clipvalue: float | None = None, weight_decay_excludes: Sequence[str] = (),
    ) -> None:
        self.learning_rate = schedules.check(learning_rate)
        self.decay = checks.real("decay", decay, 0.0)
        self.weight_decay = checks.real("weight_decay", weight_decay, 0.0)
        limits = {"clipnorm": clipnorm, "global_clipnorm": global_clipnorm, "clipvalue": clipvalue}
        given = {name: checks.real(name, limit, 0.0, open_low=True)
                 for name, limit in limits.items() if limit is not None}
        if len(given) > 1:
            raise ValueError(" and ".join(f"{name} is {limits[name]!r}" for name in given)
                             + "; at most one of them may be given: leave the other None")
        self.clipnorm, self.global_clipnorm = given.get("clipnorm"), given.get("global_clipnorm")
        self.clipvalue = given.get("clipvalue")
        self.use_ema = checks.boolean("use_ema", use_ema)
        self.ema_momentum = checks.real("ema_momentum", ema_momentum, 0.0, 1.0, open_high=True)
        self.weight_decay_excludes: Sequence[str] = patterns("weight_decay_excludes", weight_decay_excludes)

    def rates(self, first: int, steps: int) -> np.ndarray:
        """Return the learning rates of ``steps`` steps, (steps,) float64; ``first`` counts the steps already done."""
        rate, numbers = self.learning_rate, np.arange(first, first + steps)
        rates = np.array([rate(int(step)) if isinstance(rate, schedules.Schedule) else rate for step in numbers])
        return rates / (1.0 + self.decay * numbers) if self.decay else rates

    def exclude_from_weight_decay(self, var_names: Sequence[str]) -> None:
        """Set ``weight_decay_excludes``; Keras's name for it."""
        self.weight_decay_excludes = var_names

    def decays(self, weight: Weight) -> bool:
        """Whether weight decay shrinks an array of weights: the mask of that part."""
        return not any(re.search(pattern, weight.name) for pattern in self.weight_decay_excludes)

    def parts(self) -> list[Part]:
        """The chain, in order; a subclass may put parts of its own before, between or after these."""
        parts = []
        if self.clipvalue is not None:
            parts.append(Part(clip_by_value_update, (self.clipvalue,)))
        if self.clipnorm is not None:
            parts.append(Part(clip_by_norm_update, (self.clipnorm,), alone=True))
        if self.global_clipnorm is not None:
            parts.append(Part(clip_by_norm_update, (self.global_clipnorm,)))
        if self.weight_decay > 0.0:
            parts.append(Part(weight_decay_update, (self.weight_decay,), covers=self.decays))
        parts.append(Part(self.update, self.settings, self.slots))
        if self.use_ema:
            parts.append(Part(weight_average_update, (self.ema_momentum,), 1))
        return parts

    def chain(self, weights: Sequence[tuple[Weight, int, int]]) -> list[Link]:
        """The calls of a step, in order, on these arrays of weights, each with its first entry of theta and its end."""
        return [link for part in self.parts() for link in part.links(weights)]


def patterns(name: str, value: Sequence[str]) -> tuple[str, ...]:
    """Return regular expressions as a tuple; TypeError or ValueError otherwise."""
    if not isinstance(value, (tuple, list)) or not all(isinstance(pattern, str) for pattern in value):
        raise TypeError(f"{name} is {value!r}; it must be a list of parts of the weights' names, such as ['bias']")
    try:
        return tuple(re.compile(pattern).pattern for pattern in value)
    except re.error as problem:
        raise ValueError(f"{name} is {value!r}; each must be a regular expression ({problem})") from None


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's momentum; all arguments of `Optimizer` too."""

    def __init__(
        self, learning_rate: float | schedules.Schedule = 0.01, momentum: float = 0.0, nesterov: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.momentum = checks.real("momentum", momentum, 0.0, 1.0, open_high=True)
        self.nesterov = checks.boolean("nesterov", nesterov)
        self.settings = (self.momentum,)
        self.slots = 1 if self.momentum else 0
        with_momentum = nesterov_update if self.nesterov else momentum_update
        self.update = with_momentum if self.momentum else gradient_descent_update


class RMSprop(Optimizer):
    """Steps divided by the root of a moving mean of the squared gradients; all arguments of `Optimizer` too."""

    def __init__(
        self, learning_rate: float | schedules.Schedule = 0.001, rho: float = 0.9, momentum: float = 0.0,
        epsilon: float = 1e-7, **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = checks.real("rho", rho, 0.0, 1.0, open_high=True)
        self.momentum = checks.real("momentum", momentum, 0.0, 1.0, open_high=True)
        self.epsilon = checks.real("epsilon", epsilon, 0.0, open_low=True)
        self.settings = (self.rho, self.epsilon, self.momentum)
        self.slots = 2 if self.momentum else 1
        self.update = rmsprop_momentum_update if self.momentum else rmsprop_update


class Adam(Optimizer):
    """Adaptive moment estimation, the paper's Algorithm 1; all arguments of `Optimizer` too."""

    update = adam_update
    slots = 2

    def __init__(
        self, learning_rate: float | schedules.Schedule = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = checks.real("beta_1", beta_1, 0.0, 1.0, open_high=True)
        self.beta_2 = checks.real("beta_2", beta_2, 0.0, 1.0, open_high=True)
        self.epsilon = checks.real("epsilon", epsilon, 0.0, open_low=True)
        self.settings = (self.beta_1, self.beta_2, self.epsilon)


class AdamW(Adam):
    """`Adam` with Keras's default of a decoupled weight decay, [weight_decay]; all arguments of `Optimizer` too."""

    def __init__(  # weight_decay is one of the common arguments, and has another default here
        self, learning_rate: float | schedules.Schedule = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9,
        beta_2: float = 0.999, epsilon: float = 1e-8, **common: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay, **common)


class Nadam(Adam):
    """Adam with Nesterov's momentum, Keras's variant; all arguments of `Optimizer` too."""

    update = nadam_update

    def __init__(
        self, learning_rate: float | schedules.Schedule = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)


class Lion(Optimizer):
    """Steps by the sign of a moving mean of the gradients; all arguments of `Optimizer` too."""

    update = lion_update
    slots = 1

    def __init__(
        self, learning_rate: float | schedules.Schedule = 0.001, beta_1: float = 0.9, beta_2: float = 0.99,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = checks.real("beta_1", beta_1, 0.0, 1.0, open_high=True)
        self.beta_2 = checks.real("beta_2", beta_2, 0.0, 1.0, open_high=True)
        self.settings = (self.beta_1, self.beta_2)


def get(optimizer: str | Optimizer) -> Optimizer:
    """Return the optimizer of that name, such as "sgd", "adam" or "adamw", or a fresh copy of the one given."""
    if isinstance(optimizer, Optimizer):
        return optimizer.fresh()
    if not isinstance(optimizer, str):
        raise TypeError(f"optimizer is {optimizer!r}; it must be a name such as 'adam' or an Optimizer")
    by_name = {name.lower(): found for name, found in known_classes(Optimizer).items()}
    return by_name[checks.choice("optimizer", optimizer.lower(), by_name)]()
