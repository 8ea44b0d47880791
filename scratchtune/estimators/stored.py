"""What a saved estimator's file holds besides the network: arrays and scalers as JSON, checked when they are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.data.quantile_scaling import QuantileScaler
from scratchtune.data.robust_scaling import RobustSmoothClipScaler
from scratchtune.data.scaling import MinMaxScaler, StandardScaler
from scratchtune.estimators.rows import SCALERS
from scratchtune.network.configured import Configured
from scratchtune.network.saving import described, entry, real_array, remade

# The fitted attributes that a file holds, by their names in the file; the network is stored separately.
KEPT = ("classes_", "n_features_in_", "feature_names_in_", "n_outputs_", "_one_dimensional", "scaler_",
        "target_scaler_", "history_", "n_iter_", "_seed")


# The arrays of each fitted scaler that `transform` needs.
FITTED: dict[type[Any], tuple[str, ...]] = {
    StandardScaler: ("mean_", "var_", "scale_"), MinMaxScaler: ("scale_", "min_", "data_min_", "data_max_"),
    RobustSmoothClipScaler: ("center_", "factor_"), QuantileScaler: ("quantiles_", "scores_")}


def as_json(value: Any) -> Any:
    """Arrays and scalers as plain data for JSON; floats are preserved exactly."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    if type(value) in SCALERS.values():
        fitted_values = {name: as_json(item) for name, item in vars(value).items() if not name.startswith("_")}
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
            if name not in scaler.get_params() and (name.startswith("_") or not name.endswith("_")):
                raise ValueError(f"its {value['scaler']} has {name!r}, which is no attribute of such a scaler")
            setattr(scaler, name, from_json(item))
        return scaler
    return value


def _shape(scaler: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a scaler's arrays for so many columns: those of quantiles have a row for each quantile."""
    quantiles = getattr(scaler, "quantiles_", None)
    return (len(quantiles), *shape) if isinstance(quantiles, np.ndarray) and quantiles.size else shape


def check_scaler(name: str, scaler: Any, shape: tuple[int, ...]) -> None:
    """Raise unless ``scaler`` is None, or a scaler with finite numbers for every column and its default arguments."""
    if scaler is None:
        return
    if type(scaler) not in FITTED:
        raise ValueError(f"{name} is {scaler!r}; it must be a scaler or None")
    for part in FITTED[type(scaler)]:
        array = getattr(scaler, part)
        narrow = isinstance(array, np.ndarray) and array.dtype == np.float32  # a range is in the type of the rows
        real_array(f"{name}.{part}", array, _shape(scaler, shape), "float32" if narrow else "float64")
    scales = getattr(scaler, "scale_", np.ones(shape))
    if scaler.n_features_in_ != shape[0] or (scales <= 0.0).any():
        raise ValueError(f"{name} has {scaler.n_features_in_!r} columns and the scales {scales}; "
                         f"it must have {shape[0]}, and scales above 0")
    if isinstance(scaler, QuantileScaler) and (np.diff(scaler.quantiles_, axis=0) < 0.0).any():
        raise ValueError(f"{name}.quantiles_ holds a column that is not in ascending order")
    for argument, default in type(scaler)().get_params().items():
        if list(np.atleast_1d(getattr(scaler, argument))) != list(np.atleast_1d(default)):
            raise ValueError(f"{name} has {argument}={getattr(scaler, argument)!r}; it must be {default!r}")
