"""An optimizer's update in parts, each with its own learning rate; and the average of theta over the steps.

Each kernel below calls the optimizer's own formula, once for each part of theta. Its arguments are the optimizer's,
filled up to `OWN` numbers; then the decay of the average, `NO_AVERAGE` without one; then three numbers for each part:
where it starts and stops in theta, and the factor of its learning rate. The average is the last row of the slots.

Implements section 4.1 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune import jit
from scratchtune.network import optimizers
from scratchtune.network.optimizers import Optimizer
from scratchtune.network.program import Program

OWN = 3  # arguments of an optimizer, at most
NO_AVERAGE = -1.0


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
        About the last 1 / (1 − β) steps count. Polyak and Juditsky take the plain mean of all steps. As Keras, without
        a correction for the start.
    Source
        Polyak and Juditsky (1992), "Acceleration of stochastic approximation by averaging"; Keras, optimizers with
        use_ema=True.
    Example
        >>> average = np.array([1.0])
        >>> weight_average(average, np.array([2.0]), 0.75)
        >>> float(average[0])
        1.25
    """
    beta, rest = theta.dtype.type(beta), theta.dtype.type(1.0 - beta)  # so that float32 stays float32
    for i in range(theta.size):
        average[i] = beta * average[i] + rest * theta[i]


@jit.function
def _average(theta, slots, settings, step):
    """Update the average, in the last row of the slots, if there is one."""
    beta = settings[OWN]
    if beta >= 0.0:
        weight_average(slots[slots.shape[0] - 1], theta, beta if step > 1 else 0.0)


@jit.update
def gradient_descent_parts(theta, grad, slots, settings, alpha, step):
    """[gradient_descent] part by part."""
    for k in range(OWN + 1, settings.size, 3):
        a, b = int(settings[k]), int(settings[k + 1])
        optimizers.gradient_descent(theta[a:b], grad[a:b], alpha * settings[k + 2])
    _average(theta, slots, settings, step)


@jit.update
def momentum_parts(theta, grad, slots, settings, alpha, step):
    """[momentum] part by part."""
    for k in range(OWN + 1, settings.size, 3):
        a, b = int(settings[k]), int(settings[k + 1])
        optimizers.momentum(theta[a:b], grad[a:b], slots[0][a:b], alpha * settings[k + 2], settings[0])
    _average(theta, slots, settings, step)


@jit.update
def nesterov_parts(theta, grad, slots, settings, alpha, step):
    """[nesterov] part by part."""
    for k in range(OWN + 1, settings.size, 3):
        a, b = int(settings[k]), int(settings[k + 1])
        optimizers.nesterov(theta[a:b], grad[a:b], slots[0][a:b], alpha * settings[k + 2], settings[0])
    _average(theta, slots, settings, step)


@jit.update
def rmsprop_parts(theta, grad, slots, settings, alpha, step):
    """[rmsprop] part by part."""
    for k in range(OWN + 1, settings.size, 3):
        a, b = int(settings[k]), int(settings[k + 1])
        optimizers.rmsprop(
            theta[a:b], grad[a:b], slots[0][a:b], alpha * settings[k + 2], settings[0], settings[1])
    _average(theta, slots, settings, step)


@jit.update
def rmsprop_momentum_parts(theta, grad, slots, settings, alpha, step):
    """[rmsprop_momentum] part by part."""
    for k in range(OWN + 1, settings.size, 3):
        a, b = int(settings[k]), int(settings[k + 1])
        optimizers.rmsprop_momentum(
            theta[a:b], grad[a:b], slots[0][a:b], slots[1][a:b], alpha * settings[k + 2], settings[0], settings[1],
            settings[2])
    _average(theta, slots, settings, step)


@jit.update
def adam_parts(theta, grad, slots, settings, alpha, step):
    """[adam] part by part."""
    betas, epsilon = (settings[0], settings[1]), settings[2]
    for k in range(OWN + 1, settings.size, 3):
        a, b = int(settings[k]), int(settings[k + 1])
        optimizers.adam(
            theta[a:b], grad[a:b], slots[0][a:b], slots[1][a:b], alpha * settings[k + 2], betas, epsilon, step)
    _average(theta, slots, settings, step)


IN_PARTS: dict[jit.Kernel, jit.Kernel] = {
    optimizers.gradient_descent_update: gradient_descent_parts, optimizers.momentum_update: momentum_parts,
    optimizers.nesterov_update: nesterov_parts, optimizers.rmsprop_update: rmsprop_parts,
    optimizers.rmsprop_momentum_update: rmsprop_momentum_parts, optimizers.adam_update: adam_parts}


def kernel_and_settings(optimizer: Optimizer, program: Program) -> tuple[jit.Kernel, np.ndarray]:
    """The kernel that updates this program's theta, and its arguments: the optimizer's own, or those in parts.

    Raises
        ValueError if ``rate_factors`` does not have a number for each array of weights, or if the optimizer is a user's
        own, whose update is not known in parts.
    """
    own = np.array(optimizer.settings, np.float64)
    if not optimizer.use_ema and optimizer.rate_factors is None:
        return optimizer.update, own
    if optimizer.update not in IN_PARTS:
        raise ValueError(f"optimizer is {optimizer!r}; use_ema and rate_factors are for SGD, RMSprop and Adam")
    parts = [(0.0, float(program.theta.size), 1.0)]
    if optimizer.rate_factors is not None:
        ranges = program.ranges()
        if len(ranges) != len(optimizer.rate_factors):
            raise ValueError(f"rate_factors has {len(optimizer.rate_factors)} numbers; it must have one for each of "
                             f"{len(ranges)} arrays of weights")
        parts = [(float(part.start), float(part.stop), factor)
                 for part, factor in zip(ranges, optimizer.rate_factors, strict=True)]
    filled = np.concatenate([own, np.zeros(OWN - len(own))])
    decay = optimizer.ema_momentum if optimizer.use_ema else NO_AVERAGE
    return IN_PARTS[optimizer.update], np.concatenate([filled, [decay], np.ravel(parts)])
