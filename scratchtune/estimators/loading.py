"""Loading: the class of a saved estimator constructs it from the header and the arrays of its file."""

from __future__ import annotations

from typing import Any

from scratchtune import checks
from scratchtune.estimators.base import MLP
from scratchtune.estimators.classifier import MLPClassifier
from scratchtune.estimators.regressor import MLPRegressor
from scratchtune.network.saving import Arrays, entry

ESTIMATORS: dict[str, type[MLP]] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}


def unpacked(header: dict[str, Any], arrays: Arrays) -> Any:
    """Make the fitted estimator from what `MLP.packed` returns; class weights and a random state are not stored."""
    params, fitted_values = entry(header, "params"), entry(header, "learnt")
    kind = checks.choice("class", entry(header, "class"), ESTIMATORS)
    return ESTIMATORS[kind].unpacked(params, fitted_values, entry(header, "network"), arrays)
