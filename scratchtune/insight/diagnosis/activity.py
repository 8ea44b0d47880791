"""The outputs of a network's hidden units on some rows: the shares of dead and saturated ones, and the spread.

Implements section 9.3 of the document.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scratchtune.network.layers.activation import Activation
from scratchtune.network.layers.base import Layer
from scratchtune.network.sequential import Sequential

MOST_ROWS = 1000  # rows on which the network is run at most, which bounds the time
EDGES = {"tanh": (-0.97, 0.97), "sigmoid": (0.03, 0.97)}  # outside, the gradient is below 6 % and 12 % of its maximum


@dataclass(frozen=True)
class Activity:
    """One hidden layer on some rows; shares are between 0 and 1.

    dead: units that are 0 on every row; None for an activation without a flat half.
    saturated: outputs near a bound of tanh or sigmoid; None for other activations.
    spread: the standard deviation of a unit's output over the rows, averaged over the units.
    """

    layer: str
    activation: str
    units: int
    dead: float | None
    saturated: float | None
    spread: float


def activation_of(layer: Layer) -> str:
    """The name of a layer's activation, "linear" if it has none."""
    if isinstance(layer, Activation):
        return layer.name
    return getattr(getattr(layer, "activation", None), "name", "linear")


def activities(model: Sequential, X: np.ndarray) -> list[Activity]:
    """What each hidden layer with an activation does on X, (n, ...), in evaluation mode; at most 1,000 rows of it.

    The rows are evenly spaced in X, so that they are of all classes where X is sorted by class.
    """
    X = X[np.unique(np.linspace(0, len(X) - 1, min(len(X), MOST_ROWS)).astype(int))]
    last = max((k for k, layer in enumerate(model.layers) if activation_of(layer) != "linear"), default=0)
    last = max(last, max((k for k, layer in enumerate(model.layers) if hasattr(layer, "units")), default=0))
    return [_activity(model, depth, X) for depth in range(1, last + 1)
            if activation_of(model.layers[depth - 1]) != "linear"]


def _activity(model: Sequential, depth: int, X: np.ndarray) -> Activity:
    """What the last of the first ``depth`` layers does."""
    layer, outputs = model.layers[depth - 1], _first_layers(model, depth).predict(X)
    by_unit = outputs.reshape(-1, outputs.shape[-1]).astype(np.float64)
    name = activation_of(layer)
    dead = float((by_unit <= 0.0).all(axis=0).mean()) if name == "relu" else None
    saturated = None
    if name in EDGES:
        low, high = EDGES[name]
        saturated = float(((by_unit < low) | (by_unit > high)).mean())
    return Activity(f"{type(layer).__name__} {depth}", name, by_unit.shape[1], dead, saturated,
                    float(by_unit.std(axis=0).mean()))


def _first_layers(model: Sequential, depth: int) -> Sequential:
    """A network of the first layers of a model, with its weights: in theta they come first."""
    part = Sequential([layer.fresh() for layer in model.layers[:depth]], model.dtype, model.seed)
    part.build((None, *model.input_shape))
    part.theta = model.theta[: part.theta.size]
    part.program.state[:] = model.program.state[: part.program.state.size]
    return part
