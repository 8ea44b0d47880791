"""What a saved estimator's file holds besides the network: arrays and scalers as JSON, checked when they are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.configured import Configured
from scratchtune.core.declared import exactly
from scratchtune.core.estimators.rows import SCALERS
from scratchtune.core.network.saving import described, entry, real_array, remade

NAMES = "feature_names_in_"  # the only fitted attribute that some estimators lack
LEFT_OUT = ("random_state", "class_weight")  # arguments that no file holds
COUNTS = ("n_features_in_", "n_samples_seen_")  # of a scaler
STATISTICS = {  # of a scaler, arrays with an entry for each column
    "StandardScaler": ("mean_", "var_", "scale_"), "RobustSmoothClipScaler": ("center_", "factor_"),
    "MinMaxScaler": ("data_min_", "data_max_", "data_range_", "scale_", "min_"),
    "QuantileScaler": ("quantiles_", "scores_")}
POSITIVE, NOT_NEGATIVE, ASCENDING = ("scale_",), ("var_", "data_range_", "factor_"), ("quantiles_", "scores_")


def kept(kind: type[Any]) -> list[str]:
    """The fitted attributes that a file of an estimator holds besides `NAMES`: those that its classes declare."""
    return [name for base in kind.__mro__ for name in vars(base).get("kept", ())]


def stored_values(estimator: Any) -> dict[str, Any]:
    """The fitted attributes of an estimator for JSON; the network, or the trees, are stored separately."""
    return {name: as_json(getattr(estimator, name)) for name in (*kept(type(estimator)), NAMES)
            if hasattr(estimator, name)}


def read_values(kind: type[Any], told: Any) -> dict[str, Any]:
    """Invert `stored_values`; a ValueError where an attribute is missing, or is none of such an estimator."""
    return {name: from_json(value) for name, value in exactly("what it has learnt", told, kept(kind), [NAMES]).items()}


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
                 if name not in LEFT_OUT}
    return {name: described(value) if isinstance(value, Configured) else
            value.tolist() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}


def with_arguments(kind: type[Any], params: Any) -> Any:
    """An estimator with the arguments that `stored_arguments` gave, every one of them."""
    known = [name for name in kind().get_params() if name not in LEFT_OUT]
    made = kind(**{name: remade(Configured, value) if isinstance(value, dict) and "class" in value else value
                   for name, value in exactly("params", params, known).items()})
    made.check_arguments()
    return made


def from_json(value: Any) -> Any:
    """Invert `as_json`."""
    if isinstance(value, dict) and "array" in value:
        dtype = np.dtype(entry(value, "dtype"))  # as wide as its texts are, not as the file claims
        return np.array(value["array"], dtype.kind if dtype.kind in "SUV" else dtype.newbyteorder("="))
    if isinstance(value, dict) and "scaler" in value:
        known = {kind.__name__: kind for kind in SCALERS.values()}
        kind = checks.choice("scaler", value["scaler"], known)
        learnt = exactly(f"its {kind}", entry(value, "learnt"), (*COUNTS, *STATISTICS[kind]))
        scaler = known[kind]()
        vars(scaler).update({name: from_json(item) for name, item in learnt.items()})
        return scaler
    return value


def check_scaler(name: str, scaler: Any, columns: int) -> None:
    """Raise unless ``scaler`` is None, or a fitted scaler of so many columns, with statistics that `fit` may give."""
    if scaler is None:
        return
    if type(scaler) not in SCALERS.values():
        raise ValueError(f"{name} is {scaler!r}; it must be a scaler or None")
    checks.integer(f"n_features_in_ of {name}", scaler.n_features_in_, columns, columns)
    checks.real(f"n_samples_seen_ of {name}", scaler.n_samples_seen_, 0.0, open_low=True)
    for own in STATISTICS[type(scaler).__name__]:
        given = getattr(scaler, own)
        leading = given.shape[:1] if own in ASCENDING and isinstance(given, np.ndarray) and given.ndim == 2 else ()
        values = real_array(f"{own} of {name}", given, (*leading, columns), "float64")
        if (own in POSITIVE and (values <= 0.0).any() or own in NOT_NEGATIVE and (values < 0.0).any()
                or own in ASCENDING and (0 in leading or not leading or (np.diff(values, axis=0) < 0.0).any())):
            raise ValueError(f"{own} of {name} is {values.tolist()}, which is no result of its fit")
