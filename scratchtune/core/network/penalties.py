"""A penalty is added to the loss so that parameters stay small: J(theta) = L(theta) + penalty(theta).

As the document writes them: every parameter counts, no 1/2, no 1/n. ``biases=False`` leaves the biases out.

Implements section 4.2 of the document.
"""

from __future__ import annotations

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.configured import Configured


@jit.function
def l1_penalty(theta, lam):
    """L1 penalty: lambda times the sum of the absolute values of the parameters.

    Formula [l1_penalty]
        R = λ · Σᵢ[|θᵢ|]
    Where
        θ: theta, (i,), real
        λ: lam, scalar, >= 0
    Returns
        R, in the units of the loss.
    Variant
        No 1/n; all parameters, unless the biases are left out. Keras's regularizers.L1 is the same for one array.
    Source
        The document, section 4.2.
    Example
        >>> float(l1_penalty(np.array([1.0, -2.0]), 0.5))
        1.5
    """
    total = 0.0
    for i in range(theta.size):
        total += abs(theta[i])
    return lam * total


@jit.function
def l1_penalty_grad(theta, lam, grad):
    """Gradient of the L1 penalty: of the same size for every parameter that is not zero.

    Formula [l1_penalty_grad]
        gᵢ = λ · sign(θᵢ)
    Gradient of
        [l1_penalty] in theta
    Where
        θ: theta, (i,), real
        λ: lam, scalar, >= 0
        g: grad, (i,), written
    Variant
        |θ| has no derivative at zero. The gradient there is zero, as in PyTorch. In Keras it depends on the backend. On
        JAX it is +λ. Biases start at zero, so on JAX the penalty changes them in the first step.
    Source
        The document, section 4.2, differentiated.
    """
    factor = theta.dtype.type(lam)  # so that float32 stays float32
    for i in range(theta.size):
        grad[i] = factor * np.sign(theta[i])


@jit.function
def l2_penalty(theta, lam):
    """L2 penalty: lambda times the sum of the squares of the parameters.

    Formula [l2_penalty]
        R = λ · Σᵢ[θᵢ²]
    Where
        θ: theta, (i,), real
        λ: lam, scalar, >= 0
    Returns
        R, in the units of the loss.
    Variant
        No 1/2 and no 1/n; all parameters, unless the biases are left out. Keras's regularizers.L2 has no 1/2 either;
        scikit-learn's alpha is divided by two and by the number of rows of the batch, and leaves the biases out.
    Source
        The document, section 4.2.
    Example
        >>> float(l2_penalty(np.array([1.0, -2.0]), 0.1))
        0.5
    """
    total = 0.0
    for i in range(theta.size):
        total += theta[i] * theta[i]
    return lam * total


@jit.function
def l2_penalty_grad(theta, lam, grad):
    """Gradient of the L2 penalty: proportional to the parameter.

    Formula [l2_penalty_grad]
        gᵢ = 2 · λ · θᵢ
    Gradient of
        [l2_penalty] in theta
    Where
        θ: theta, (i,), real
        λ: lam, scalar, >= 0
        g: grad, (i,), written
    Source
        The document, section 4.2, differentiated.
    """
    factor = theta.dtype.type(2.0 * lam)  # so that float32 stays float32
    for i in range(theta.size):
        grad[i] = factor * theta[i]


@jit.function
def l1_l2_penalty(theta, l1, l2):
    """Both penalties at once, each with its own lambda.

    Formula [l1_l2_penalty]
        R = λ · Σᵢ[|θᵢ|] + μ · Σᵢ[θᵢ²]
    Where
        θ: theta, (i,), real
        λ: l1, scalar, >= 0
        μ: l2, scalar, >= 0
    Variant
        The elastic net of scikit-learn's linear models has 1/2 before the second term.
    Source
        Zou and Hastie (2005), "Regularization and variable selection via the elastic net", equation 3.
    """
    return l1_penalty(theta, l1) + l2_penalty(theta, l2)


@jit.function
def l1_l2_penalty_grad(theta, l1, l2, grad):
    """Gradient of both penalties.

    Formula [l1_l2_penalty_grad]
        gᵢ = λ · sign(θᵢ) + 2 · μ · θᵢ
    Gradient of
        [l1_l2_penalty] in theta
    Where
        θ: theta, (i,), real
        λ: l1, scalar, >= 0
        μ: l2, scalar, >= 0
        g: grad, (i,), written
    Source
        As [l1_l2_penalty], differentiated.
    """
    factor_1, factor_2 = theta.dtype.type(l1), theta.dtype.type(2.0 * l2)  # so that float32 stays float32
    for i in range(theta.size):
        grad[i] = factor_1 * np.sign(theta[i]) + factor_2 * theta[i]


@jit.function
def objective(loss, penalty):
    """What training minimises: the mean loss of a batch, plus the penalty of the parameters.

    Formula [objective]
        J = L + R
    Where
        L: loss, scalar, real, the mean over the batch's rows
        R: penalty, scalar, >= 0, [l1_l2_penalty], summed over the parts of theta that have one
    Returns
        J, in the units of the loss.
    Variant
        The penalty is added once a batch, not divided by its rows. The document writes J for the loss alone in section
        4.1, and for this sum in section 4.2.
    Source
        The document, section 4.2.
    Example
        >>> float(objective(2.0, 0.5))
        2.5
    """
    return loss + penalty


class L1L2(Configured):
    """The penalty l1 · Σ|theta| + l2 · Σtheta², on all of theta or, with ``biases=False``, without the biases."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, biases: bool = True) -> None:
        self.l1 = checks.real("l1", l1, 0.0)
        self.l2 = checks.real("l2", l2, 0.0)
        self.biases = checks.boolean("biases", biases)


class L1(L1L2):
    """The penalty lam · Σ|theta|."""

    follows = ("l1", "l2")

    def __init__(self, lam: float = 0.01, biases: bool = True) -> None:
        super().__init__(l1=checks.real("lam", lam, 0.0), biases=biases)


class L2(L1L2):
    """The penalty lam · Σtheta²."""

    follows = ("l1", "l2")

    def __init__(self, lam: float = 0.01, biases: bool = True) -> None:
        super().__init__(l2=checks.real("lam", lam, 0.0), biases=biases)


def given(penalty: L1L2 | None, name: str = "penalty") -> L1L2 | None:
    """Return a penalty or None; a TypeError for anything else."""
    if penalty is not None and not isinstance(penalty, L1L2):
        raise TypeError(f"{name} is {penalty!r}; it must be L1(lam), L2(lam), L1L2(l1, l2) or None")
    return penalty
