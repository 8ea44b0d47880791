"""Loading: a saved estimator is constructed again from the header and the arrays of its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.estimators.base import MLP
from scratchtune.estimators.classifier import MLPClassifier
from scratchtune.estimators.regressor import MLPRegressor
from scratchtune.estimators.stored import KEPT, from_json
from scratchtune.network import sequential
from scratchtune.network.configured import Configured
from scratchtune.network.saving import Member, entry, remade

ESTIMATORS: dict[str, type[MLP]] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}


def unpacked(header: dict[str, Any], arrays: Mapping[str, np.ndarray | Member]) -> Any:
    """Make the fitted estimator from what ``packed`` returns; class weights and a random state are not stored."""
    given, fitted_values = entry(header, "params"), entry(header, "learnt")
    kind = checks.choice("class", entry(header, "class"), ESTIMATORS)
    params = {name: remade(Configured, value) if isinstance(value, dict) else value for name, value in given.items()}
    estimator = ESTIMATORS[kind](**params)
    estimator.check_arguments()
    for name in KEPT:
        if name in fitted_values:
            setattr(estimator, name, from_json(fitted_values[name]))
    estimator.model_ = sequential.unpacked(entry(header, "network"), arrays)
    estimator.check_fitted_values()
    estimator.check_units()
    return estimator
