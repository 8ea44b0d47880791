"""The file of a model: its members' features, estimators and weights, and what is known about it, as JSON and arrays.

Results, such as the verdict, are stored by their class and its fields; nothing in the file is executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.declared import check_types, exactly, made
from scratchtune.core.estimators import base as estimator_files
from scratchtune.core.estimators.stored import as_json, from_json
from scratchtune.core.network.saving import Arrays, entry, prefixed, without_prefix
from scratchtune.tables.audit import Audit, Finding
from scratchtune.tables.ensemble_selection import Verdict
from scratchtune.tables.evaluating import Scores
from scratchtune.tables.expectation import Estimate
from scratchtune.tables.explaining import Explanation, Importance
from scratchtune.tables.features import Features
from scratchtune.tables.members import FoldModel
from scratchtune.tables.reading.kinds import Kind
from scratchtune.tables.reading.notation import Reading
from scratchtune.tables.target import Target, TargetScale
from scratchtune.tables.trees import estimators as tree_files

RESULTS: dict[str, type[Any]] = {kind.__name__: kind for kind in (  # whose fields a file holds
    Audit, Estimate, Explanation, Finding, Importance, Kind, Reading, Scores, Target, Verdict)}
NAMES = {  # of the attributes that a file holds, with their types
    "seed_": int, "rows_": int, "folds_": int, "seconds_": float, "leaderboard_": list[dict[str, Any]],
    "explanation_": Explanation, "kinds_": dict[str, Kind], "target_": Target, "reading_": Reading,
    "dropped_": tuple[str, ...], "audit_": Audit, "verdict_": Verdict, "estimate_": Estimate, "scores_": Scores}
OPTIONAL = {"n_features_in_": int, "feature_names_in_": np.ndarray, "classes_": np.ndarray}  # which some models lack
LEFT_OUT = ("random_state", "storage", "searcher")  # may be objects, and do not matter any more


def plain(value: Any) -> Any:
    """Return a fitted attribute as plain data for JSON; `restored` inverts it.

    >>> plain({"a": (1, 2)}), restored(plain({"a": (1, 2)}))
    ({'dict': [['a', {'tuple': [1, 2]}]]}, {'a': (1, 2)})
    """
    if type(value).__name__ in RESULTS:
        names = getattr(value, "_fields", None) or list(vars(value))
        return {"is": type(value).__name__, "fields": {name: plain(getattr(value, name)) for name in names}}
    if isinstance(value, tuple):
        return {"tuple": [plain(one) for one in value]}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):  # as pairs, for its keys, such as the names of columns, may be any texts
        return {"dict": [[name, plain(one)] for name, one in value.items()]}
    return as_json(value)


def restored(value: Any) -> Any:
    """Invert `plain`; a ValueError if a class is unknown, or its fields are others than it declares."""
    if isinstance(value, list):
        return [restored(one) for one in value]
    if not isinstance(value, Mapping) or "array" in value:
        return from_json(value)
    if "is" in value:
        kind = checks.choice("a result", value["is"], RESULTS)
        return made(RESULTS[kind], {name: restored(one) for name, one in entry(value, "fields").items()})
    if "tuple" in value:
        return tuple(restored(one) for one in value["tuple"])
    return {name: restored(one) for name, one in entry(value, "dict")}


def packed(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the file's content without the study: a header for JSON, and the arrays of all estimators."""
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
    known = {name: getattr(model, name) for name in (*NAMES, *OPTIONAL) if hasattr(model, name)}
    known["audit_"] = replace(model.audit_, duplicates=None)
    fitted = {name: plain(value) for name, value in known.items()}
    params = {name: value for name, value in model.get_params().items() if name not in LEFT_OUT}
    return {"class": type(model).__name__, "params": params, "fitted": fitted, "features": states,
            "members": members}, arrays


def unpacked_parts(header: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Return the fitted attributes of the model that `packed` has described."""
    told = exactly("fitted", entry(header, "fitted"), NAMES, OPTIONAL)
    fitted = {name: restored(value) for name, value in told.items()}
    check_types(fitted, NAMES | OPTIONAL)
    _check(fitted)
    features = [Features.from_state(state) for state in entry(header, "features")]
    unknown = {name for one in features for name in one.columns} - {*fitted["kinds_"]}
    if unknown:
        raise ValueError(f"its features are of the columns {sorted(unknown)}, which are not among kinds_")
    members, weights = {}, {}
    for member in entry(header, "members"):
        number = checks.integer("trial", entry(member, "trial"))
        weights[number] = checks.real("weight", entry(member, "weight"), 0.0, 1.0)
        members[number] = [_fold(fold, features, arrays, len(fitted["target_"].classes))
                           for fold in entry(member, "folds")]
    if {len(folds) for folds in members.values()} != {fitted["folds_"]} or abs(sum(weights.values()) - 1.0) > 1e-6:
        raise ValueError(f"its members have the weights {list(weights.values())}, which must sum to 1, and each must "
                         f"have the models of {fitted['folds_']} folds")
    return {**fitted, "members_": members, "weights_": weights}


def _check(fitted: Mapping[str, Any]) -> None:
    """Raise a ValueError or TypeError unless the columns and the classes agree."""
    columns = len(fitted["kinds_"]) + len(fitted["dropped_"])
    checks.integer("n_features_in_", fitted.get("n_features_in_", columns), columns, columns)
    labels, classes = fitted.get("classes_", np.array([])).tolist(), fitted["target_"].classes
    if tuple(map(str, labels)) != tuple(classes):
        raise ValueError(f"its target has the classes {classes}, and its models predict {labels}")


def _fold(fold: Mapping[str, Any], features: list[Features], arrays: Arrays, classes: int) -> FoldModel:
    """Return the model of one fold of the file; a ValueError if its features or classes are not the table's."""
    own_features = features[checks.integer("features", entry(fold, "features"), 0, len(features) - 1)]
    own = without_prefix(checks.integer("at", entry(fold, "at"), 0), arrays)
    described = entry(fold, "estimator")
    files = tree_files if entry(described, "class") in tree_files.ESTIMATORS else estimator_files
    estimator = files.unpacked(described, own)
    columns, known = len(own_features.names), list(getattr(estimator, "classes_", ()))
    if estimator.n_features_in_ != columns or known != [number for number in range(classes) if number in known]:
        raise ValueError(f"the model of a fold has {estimator.n_features_in_} features and the classes {known}; its "
                         f"table gives {columns} features, and {classes} classes")
    return FoldModel(own_features, estimator, made(TargetScale, entry(fold, "scale")).checked(), classes)
