"""The scale on which a regression is trained: the target itself, or its logarithm where it is positive and skewed.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks

TARGET = "target"  # the name of the hyper-parameter
LINEAR, LOGARITHM = "linear", "log"
SKEWED = 1.0  # a positive target with more skewness is tried on the logarithmic scale too


def skewness(y: np.ndarray) -> float:
    """The skewness of a sample: the third moment about the mean, on the scale of the standard deviation.

    Formula [skewness]
        g = meanᵢ[(yᵢ − meanⱼ[yⱼ])^3] / √(meanᵢ[(yᵢ − meanⱼ[yⱼ])²])^3
    Where
        y: y, (i,), real, not all equal
    Returns
        g, 0 for a symmetric sample, above 0 where the right tail is longer.
    Variant
        Without a correction for small samples, as scipy.stats.skew by default.
    Source
        Joanes and Gill (1998), "Comparing measures of sample skewness and kurtosis", equation for g1.
    Example
        >>> round(skewness(np.array([0.0, 0.0, 3.0])), 6)
        0.707107
    """
    centred = y - y.mean()
    return float((centred**3).mean() / (centred**2).mean() ** 1.5)


def scales_for(y: np.ndarray) -> list[str]:
    """Return the scales worth trying for a target (n,): both if it is positive and skewed."""
    if y.min() > 0.0 and y.max() > y.min() and skewness(y) > SKEWED:
        return [LINEAR, LOGARITHM]
    return [LINEAR]


class TargetScale:
    """A scale, fitted to training targets: `forward` before training, `inverse` for predictions.

    The inverse of the logarithm is limited to the range of the training targets, widened by a tenth of itself on the
    logarithmic scale, so that an extrapolation cannot become astronomical.
    """

    def __init__(self, kind: str, low: float = 0.0, high: float = 0.0) -> None:
        self.kind = checks.choice("target", kind, (LINEAR, LOGARITHM))
        self.low, self.high = low, high

    def fit(self, y: np.ndarray) -> TargetScale:
        """Fit to training targets, (n,)."""
        if self.kind == LOGARITHM:
            logs = np.log(y)
            margin = 0.1 * float(np.ptp(logs))
            self.low, self.high = float(logs.min()) - margin, float(logs.max()) + margin
        return self

    def forward(self, y: np.ndarray) -> np.ndarray:
        """Targets as they are trained on, (n,)."""
        return np.log(y) if self.kind == LOGARITHM else y

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Predictions on the scale of the targets, (n,)."""
        return np.exp(np.clip(values, self.low, self.high)) if self.kind == LOGARITHM else values

    def state(self) -> dict[str, Any]:
        """Return the fitted state as plain data for JSON."""
        return {"kind": self.kind, "low": self.low, "high": self.high}
