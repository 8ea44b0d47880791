"""The data of a training or an evaluation: rows, targets and weights, checked, encoded and split."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.network import engine
from scratchtune.core.network.losses import ENCODERS, Loss, encode


def checked_inputs(X: Any, dtype: str, row_shape: tuple[int, ...] | None, name: str = "X") -> np.ndarray:
    """X as an array of finite numbers that ``dtype`` can hold, with rows of ``row_shape`` (None: any shape)."""
    X = checks.matrix(name, X)
    if row_shape is not None and X.shape[1:] != row_shape:
        raise ValueError(
            f"{name} has rows of shape {X.shape[1:]}; this model was built for rows of shape {row_shape}")
    _check_representable(name, X, dtype)
    return X


def encoded_targets(
    y: Any, loss: Loss, output_shape: tuple[int, ...], rows: int, dtype: str, name: str = "y",
) -> np.ndarray:
    """Return the targets as the loss expects them, (rows, outputs) float64; ``output_shape`` is that of a row."""
    outputs = math.prod(output_shape)
    has_steps = len(output_shape) > 1 and outputs > output_shape[-1]  # then all outputs are no distribution of classes
    fits = loss.targets != "classes" and checks.targets(name, y, rows).size == rows * outputs
    if has_steps and not fits and loss.targets not in ENCODERS:
        raise ValueError(
            f"{name} has shape {np.shape(y)} and the network's outputs have shape {(rows, *output_shape)}, which "
            f"{loss.name} can't compare: put Flatten() or a pooling layer before the last Dense, so that a row's "
            f"outputs have shape {output_shape[-1:]}")
    target = encode(loss, y, outputs, rows, name)
    _check_representable(name, target, dtype)
    return target


def _check_representable(name: str, array: np.ndarray, dtype: str) -> None:
    largest = max(float(array.max()), -float(array.min()))
    if largest > float(np.finfo(dtype).max):
        raise ValueError(f"{name} holds {largest:g}, too large for {dtype}; scale it, or take dtype='float64'")


def sample_weights(weights: Any, rows: int, name: str = "sample_weight") -> np.ndarray:
    """Return the weights (rows,), each at least 0; ones if ``weights`` is None."""
    if weights is None:
        return np.ones(rows)
    weights = checks.targets(name, weights, rows).astype(np.float64)
    if weights.size != rows or weights.min() < 0.0:
        found = f"has shape {weights.shape} and the least value {weights.min():g}"
        raise ValueError(f"{name} {found}; it must hold one number of at least 0 for each row")
    return weights.ravel()


def class_weights(target: np.ndarray, class_weight: Any) -> np.ndarray:
    """Return the weight of each row's class, (n,); it is 1 for a class that ``class_weight`` does not name."""
    if class_weight is None:
        return np.ones(len(target))
    if not isinstance(class_weight, dict):
        raise TypeError(f"class_weight is {class_weight!r}; it must be a dict from labels to numbers, or None")
    labels = target.argmax(1) if target.shape[1] > 1 else target[:, 0]
    weight = np.ones(len(target))
    for label, value in class_weight.items():
        weight[labels == label] = checks.real(f"class_weight[{label!r}]", value, 0.0)
    return weight


def split_off_validation(data: engine.Rows, split: Any) -> tuple[engine.Rows, engine.Rows | None]:
    """Return the training set, and the last fraction ``split`` of the rows as validation set, or None if it is 0."""
    split = checks.real("validation_split", split, 0.0, 1.0, open_high=True)
    n = len(data.x)
    first = int(n * (1.0 - split))
    if split == 0.0:
        return data, None
    if not 0 < first < n:
        raise ValueError(f"validation_split is {split}; it splits {n} rows into {first} and {n - first}, "
                         f"but both parts need a row")
    return engine.Rows(*(array[:first] for array in data)), engine.Rows(*(array[first:] for array in data))


def engine_rows(data: engine.Rows, dtype: str) -> engine.Rows:
    """The data for the engine: flat rows of ``dtype``."""
    return engine.Rows(
        flat_rows(data.x, dtype), np.ascontiguousarray(data.target, dtype), np.ascontiguousarray(data.weight, dtype))


def flat_rows(X: np.ndarray, dtype: str) -> np.ndarray:
    """X as (n, numbers in a row), of ``dtype``."""
    return np.ascontiguousarray(X.reshape(len(X), -1), dtype)
