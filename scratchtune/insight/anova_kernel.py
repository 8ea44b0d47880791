"""A kernel whose Gaussian process is a sum of main effects and interactions, so that its variance decomposes exactly.

Each axis (a hyper-parameter, as a unit value or the index of a choice) has a kernel of functions whose mean over the
axis is 0: `effect_covariance`. A product of such kernels over some axes is the kernel of the interaction of these axes.
Effects of different sets of axes are orthogonal, so their variances add up. The kernel here is the sum over all main
effects, pairs and triples (`anova_covariance`). Notation:

    n, d         number of rows, number of axes
    z            (d, ...), variance of an axis times its zero-mean kernel, at pairs of rows
    θ   theta    (2 d + 3,), logarithms of the d length scales, of the d variances, of the factors of pairs and of
                 triples, and of the noise

A mean over an axis is a weighted sum over *nodes*, a quadrature: those of Gauss and Legendre on a continuous range, all
values if they are few, or all choices.

Implements section 8.2 of the document.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchtune.insight.regression_tree import Axis
from scratchtune.search.kernels import matern52

NODES = 32  # on a continuous range
MOST_CELLS = 64  # a range with more values is treated as continuous
BASE = 4.0  # variance of the constant, in units of the variance of the values
NO_EFFECT = 1e-9  # an axis whose kernel varies less than this has one value only


class Quadrature(NamedTuple):
    """Nodes (q,) of an axis and their weights (q,), which sum to 1; ``is_choice`` where they are indices of choices.

    ``is_smooth`` says which kernel the axis has: squared-exponential, or else Matérn.
    """

    nodes: np.ndarray
    weights: np.ndarray
    is_choice: bool
    is_smooth: bool


class Kernel(NamedTuple):
    """The parameters of the kernel, by name; the first two are (d,)."""

    length_scales: np.ndarray
    variances: np.ndarray
    pair: float
    triple: float
    noise: float


def kernel_of(theta: np.ndarray) -> Kernel:
    """The parameters in θ (2 d + 3,)."""
    d = (len(theta) - 3) // 2
    return Kernel(np.exp(theta[:d]), np.exp(theta[d : 2 * d]), *(float(one) for one in np.exp(theta[2 * d :])))


def quadrature(axis: Axis, is_smooth: bool) -> Quadrature:
    """The nodes of an axis."""
    if axis.choices:
        return Quadrature(np.arange(float(axis.choices)), np.full(axis.choices, 1.0 / axis.choices), True, is_smooth)
    if 0 < len(axis.edges) <= MOST_CELLS:
        ends = np.append(axis.edges, 1.0)
        return Quadrature((ends[1:] + ends[:-1]) / 2.0, np.diff(ends), False, is_smooth)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return Quadrature((nodes + 1.0) / 2.0, weights / 2.0, False, is_smooth)


def squared_exponential(r: np.ndarray) -> np.ndarray:
    """Squared-exponential kernel: the correlation of the values of a very smooth function at two points of distance r.

    Formula [squared_exponential]
        kᵢ = exp(−rᵢ² / 2)
    Where
        r: r, (i,), >= 0, scaled distances
    Returns
        k, (i,), correlations in (0, 1]. Functions drawn with this kernel can be differentiated any number of times.
    Source
        Rasmussen and Williams (2006), equation 4.9.
    Example
        >>> squared_exponential(np.array([0.0])).tolist()
        [1.0]
    """
    return np.exp(-0.5 * r * r)


# One axis ------------------------------------------------------------------------------------------------------------


def zero_mean_covariance(kernel: np.ndarray, left: np.ndarray, right: np.ndarray, whole: float) -> np.ndarray:
    """Covariance of a function's values at pairs of points, given that the function's mean over the axis is 0.

    Formula [zero_mean_covariance]
        cᵢ = kᵢ − aᵢ · bᵢ / m
    Where
        k: kernel, (i,), real, covariance without this condition
        a: left, (i,), real, the mean of the kernel between the first point and all points of the axis
        b: right, (i,), real, likewise of the second point
        m: whole, scalar, > 0, the mean of the kernel over all pairs of points of the axis
    Returns
        c, (i,), whose mean over either point is 0.
    Source
        Durrande, Ginsbourger, Roustant and Carraro (2013), "ANOVA kernels and RKHS of zero mean functions for
        model-based sensitivity analysis".
    Example
        >>> zero_mean_covariance(np.array([1.0]), np.array([0.5]), np.array([0.5]), 0.5).tolist()
        [0.5]
    """
    return kernel - left * right / whole


def distances(axis: Quadrature, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances of points, broadcast; that of two different choices is 1."""
    return (a != b).astype(np.float64) if axis.is_choice else np.abs(a - b)


class Centring(NamedTuple):
    """A kernel of zero-mean functions on one axis, scaled such that a function's expected variance over it is 1.

    ``means`` (q,) is the mean of the plain kernel at each node, ``whole`` that over all pairs of nodes.
    """

    axis: Quadrature
    length_scale: float
    means: np.ndarray
    whole: float
    scale: float

    def means_of(self, points: np.ndarray) -> np.ndarray:
        """Means of the plain kernel at points, (n,)."""
        return self.plain(distances(self.axis, points[:, None], self.axis.nodes)) @ self.axis.weights

    def plain(self, distance: np.ndarray) -> np.ndarray:
        """[squared_exponential] or [matern52] of distances of any shape."""
        scaled = distance.ravel() / self.length_scale
        found = squared_exponential(scaled) if self.axis.is_smooth else np.asarray(matern52(scaled))
        return found.reshape(distance.shape)

    def effect(self, distance: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Zero-mean covariances of points at some distances, with their means; all are broadcast."""
        return self.scale * zero_mean_covariance(self.plain(distance), left, right, self.whole)


def centring(axis: Quadrature, length_scale: float) -> Centring:
    """Centre and scale the kernel of one axis."""
    plain = Centring(axis, length_scale, np.empty(0), 1.0, 1.0)
    means = plain.means_of(axis.nodes)
    whole = float(axis.weights @ means)
    rest = 1.0 - float(axis.weights @ means**2) / whole
    return Centring(axis, length_scale, means, whole, 1.0 / rest if rest > NO_EFFECT else 0.0)


def node_covariance(axis: Quadrature, length_scale: float, points: np.ndarray) -> np.ndarray:
    """Zero-mean covariances of points (n,) of one axis with its nodes, (n, q)."""
    return effect_covariance(axis, length_scale, points, axis.nodes)


def effect_covariance(axis: Quadrature, length_scale: float, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Zero-mean covariances between points a (n,) and b (m,) of one axis, (n, m)."""
    centred = centring(axis, length_scale)
    return centred.effect(distances(axis, a[:, None], b), centred.means_of(a)[:, None], centred.means_of(b))


# All axes ------------------------------------------------------------------------------------------------------------


def anova_covariance(
    base: float, first: np.ndarray, second: np.ndarray, third: np.ndarray, pair: float, triple: float,
) -> np.ndarray:
    """Covariance of a sum of a constant, all main effects, pairs and triples, from sums over the axes.

    Formula [anova_covariance]
        cᵢ = b + sᵢ + p · (sᵢ² − tᵢ) / 2 + q · (sᵢ³ − 3 · sᵢ · tᵢ + 2 · uᵢ) / 6
    Where
        b: base, scalar, >= 0, variance of the constant
        s: first, (i,), real; sampled in [-2, 2], Σⱼ[zⱼᵢ], with z the covariance of each axis
        t: second, (i,), real; sampled in [-2, 2], Σⱼ[zⱼᵢ²]
        u: third, (i,), real; sampled in [-2, 2], Σⱼ[zⱼᵢ³]
        p: pair, scalar, >= 0, the factor of all products of two axes
        q: triple, scalar, >= 0, the factor of all products of three axes
    Returns
        c, (i,).
    Variant
        The same sums with squared factors, of z integrated over the axes, give the variance of the posterior mean.
    Source
        Duvenaud, Nickisch and Rasmussen (2011), "Additive Gaussian processes": Newton's identities.
    Example
        >>> anova_covariance(1.0, np.array([5.0]), np.array([13.0]), np.array([35.0]), 1.0, 0.0).tolist()
        [12.0]
    """
    pairs = (first * first - second) / 2.0
    triples = (first * first * first - 3.0 * first * second + 2.0 * third) / 6.0
    return base + first + pair * pairs + triple * triples


def anova_covariance_grad(
    z: np.ndarray, first: np.ndarray, second: np.ndarray, pair: float, triple: float,
) -> np.ndarray:
    """Gradient of [anova_covariance] in the covariance of one axis.

    Formula [anova_covariance_grad]
        gᵢ = 1 + p · (sᵢ − zᵢ) + q · (sᵢ² − tᵢ − 2 · sᵢ · zᵢ + 2 · zᵢ²) / 2
    Where
        z: z, (i,), real; sampled in [-2, 2], covariance of the axis
        s: first, (i,), real; sampled in [-2, 2], the sum of z over all axes
        t: second, (i,), real; sampled in [-2, 2], the sum of z²
        p: pair, scalar, >= 0
        q: triple, scalar, >= 0
    Returns
        g, (i,): the constant, the other main effects, and the pairs and triples of the other axes.
    Source
        [anova_covariance], differentiated.
    """
    triples = (first * first - second - 2.0 * first * z + 2.0 * z * z) / 2.0
    return 1.0 + pair * (first - z) + triple * triples
