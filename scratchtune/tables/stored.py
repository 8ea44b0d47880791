"""The file of an ensemble: its members' features, estimators and weights, as JSON and arrays of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.estimators import loading as estimator_files
from scratchtune.estimators.stored import as_json, from_json
from scratchtune.network.saving import Arrays, entry, prefixed, without_prefix
from scratchtune.tables.expectation import Estimate
from scratchtune.tables.features import Features
from scratchtune.tables.members import FoldModel
from scratchtune.tables.reading.kinds import checked_kind
from scratchtune.tables.target_scale import checked_scale
from scratchtune.tables.trees import loading as tree_files

NAMES = ("n_features_in_", "seed_", "rows_", "folds_", "seconds_", "leaderboard_", "explanation_")


def packed(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the file's content: a header for JSON, and the arrays of all estimators.

    The features of a fold, which several members share, are written once. The study is not stored.
    """
    features: dict[int, int] = {}
    written = 0  # estimators
    states: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for number, models in model.members_.items():
        folds: list[dict[str, Any]] = []
        for fold in models:
            if id(fold.features) not in features:
                features[id(fold.features)] = len(states)
                states.append(fold.features.state())
            header, own = fold.estimator.packed()
            folds.append({"features": features[id(fold.features)], "estimator": header, "at": written,
                          "scale": fold.scale._asdict()})
            arrays.update(prefixed(written, own))
            written += 1
        members.append({"trial": number, "weight": model.weights_[number], "folds": folds})
    kinds = {name: list(kind) for name, kind in model.kinds_.items()}
    fitted = {name: as_json(getattr(model, name)) for name in (*NAMES, "classes_", "feature_names_in_")
              if hasattr(model, name)}
    left_out = ("random_state", "cv", "storage")  # they may be objects, and do not matter any more
    params = {name: value for name, value in model.get_params().items() if name not in left_out}
    return {"class": type(model).__name__, "params": params, "fitted": fitted, "kinds": kinds, "features": states,
            "members": members, "estimate": model.estimate_._asdict()}, arrays


def unpacked_parts(header: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Return the fitted attributes of the ensemble that `packed` has described."""
    fitted = {name: from_json(value) for name, value in entry(header, "fitted").items()
              if name in (*NAMES, "classes_", "feature_names_in_")}
    features = [Features.from_state(state) for state in entry(header, "features")]
    classes = len(fitted.get("classes_", ()))
    members, weights = {}, {}
    for member in entry(header, "members"):
        number = checks.integer("trial", entry(member, "trial"), 0)
        weights[number] = checks.real("weight", entry(member, "weight"), 0.0, 1.0)
        members[number] = [_fold(fold, features, arrays, classes) for fold in entry(member, "folds")]
    if not members or abs(sum(weights.values()) - 1.0) > 1e-6:
        raise ValueError(f"its members have the weights {list(weights.values())}; they must sum to 1")
    kinds = {name: checked_kind(name, kind) for name, kind in entry(header, "kinds").items()}
    return {**fitted, "kinds_": kinds, "members_": members, "weights_": weights,
            "estimate_": Estimate(**entry(header, "estimate"))}


def _fold(
    fold: Mapping[str, Any], features: list[Features], arrays: Arrays, classes: int,
) -> FoldModel:
    """Return the model of one fold."""
    at = checks.integer("features", entry(fold, "features"), 0, len(features) - 1)
    own = without_prefix(checks.integer("at", entry(fold, "at"), 0), arrays)
    described = entry(fold, "estimator")
    files = tree_files if entry(described, "class") in tree_files.ESTIMATORS else estimator_files
    estimator = files.unpacked(described, own)
    return FoldModel(features[at], estimator, checked_scale(entry(fold, "scale")), classes)
