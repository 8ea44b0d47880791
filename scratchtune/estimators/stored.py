"""What a saved estimator's file holds besides the network: arrays and scalers as JSON, checked when they are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.estimators.rows import SCALERS
from scratchtune.network.configured import Configured
from scratchtune.network.saving import described, entry, remade

# The fitted attributes that a file holds, by their names in the file; the network is stored separately.
KEPT = ("classes_", "n_features_in_", "feature_names_in_", "n_outputs_", "_one_dimensional", "scaler_",
        "target_scaler_", "history_", "n_iter_", "seed_")


def is_fitted(name: str) -> bool:
    """Whether an attribute has the name of a public one that `fit` sets."""
    return name.endswith("_") and not name.startswith("_")


def as_json(value: Any) -> Any:
    """Arrays and scalers as plain data for JSON; floats are preserved exactly."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    if type(value) in SCALERS.values():
        fitted_values = {name: as_json(item) for name, item in vars(value).items() if is_fitted(name)}
        return {"scaler": type(value).__name__, "learnt": fitted_values}
    return value


def stored_arguments(estimator: Any) -> dict[str, Any]:
    """An estimator's arguments for JSON, without its class weights and its random state; an array becomes a list."""
    arguments = {name: value for name, value in estimator.get_params().items()
                 if name not in ("random_state", "class_weight")}
    return {name: described(value) if isinstance(value, Configured) else
            value.tolist() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}


def read_arguments(params: dict[str, Any]) -> dict[str, Any]:
    """Invert `stored_arguments`."""
    return {name: remade(Configured, value) if isinstance(value, dict) and "class" in value else value
            for name, value in params.items()}


def from_json(value: Any) -> Any:
    """Invert `as_json`."""
    if isinstance(value, dict) and "array" in value:
        dtype = np.dtype(entry(value, "dtype"))  # as wide as its texts are, not as the file claims
        return np.array(value["array"], dtype.kind if dtype.kind in "SUV" else dtype.newbyteorder("="))
    if isinstance(value, dict) and "scaler" in value:
        known = {kind.__name__: kind for kind in SCALERS.values()}
        scaler = known[checks.choice("scaler", value["scaler"], known)]()
        for name, item in entry(value, "learnt").items():
            if not is_fitted(name):
                raise ValueError(f"its {value['scaler']} has {name!r}, which is no attribute of such a scaler")
            setattr(scaler, name, from_json(item))
        return scaler
    return value


def check_scaler(name: str, scaler: Any, columns: int) -> None:
    """Raise unless ``scaler`` is None, or a fitted scaler that transforms a row of so many numbers."""
    if scaler is None:
        return
    if type(scaler) not in SCALERS.values():
        raise ValueError(f"{name} is {scaler!r}; it must be a scaler or None")
    row = np.zeros((1, columns))
    with np.errstate(all="ignore"):
        back = getattr(scaler, "inverse_transform", scaler.transform)
        found = np.vstack([scaler.transform(row), back(row)])
    if found.shape != (2, columns) or not np.isfinite(found).all():
        raise ValueError(f"{name} transforms zeros to {found.tolist()}; it must give {columns} finite numbers")
