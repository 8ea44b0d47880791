"""What every estimator shares, of networks and of boosted trees: checked rows, classes, the validation split, scores.

An estimator trains on targets that are numbers: the codes of the classes, which index ``classes_``, or values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.estimators.class_weights import weight_of_rows
from scratchtune.core.estimators.labels import class_labels_of
from scratchtune.core.evaluation.splits import train_test_split
from scratchtune.core.metrics import accuracy_score, r2_score
from scratchtune.core.network.saving import text_list, write_whole

OfClasses = TypeVar("OfClasses", bound="Classifier")
OfValues = TypeVar("OfValues", bound="Regressor")


def argument(default: Any, check: Callable[..., Any], *limits: Any, **options: Any) -> Any:
    """An argument of an estimator, a field of its dataclass: its default, and its check, a function of `checks`.

    None is accepted too where it is the default.
    """
    def check_value(name: str, value: Any) -> None:
        if value is not None or default is not None:
            check(name, value, *limits, **options)

    return field(default=default, metadata={"check": check_value})


class Estimator(protocol.Parameters):
    """The base class of all estimators; a subclass defines the methods that are declared here."""

    features: Callable[[Any, bool], np.ndarray]  # X as (n, features); in `fit` (True) its columns are remembered
    targets: Callable[[Any, int, bool], np.ndarray]  # y as labels or values, one for each row; whether it is `fit`
    train: Callable[[np.ndarray, np.ndarray, np.ndarray, int], None]  # rows, targets, weights, how many outputs
    packed: Callable[[], tuple[dict[str, Any], dict[str, np.ndarray]]]  # a file's header, for JSON, and its arrays
    kind: ClassVar[str]  # "classifier" or "regressor"
    kept: ClassVar[tuple[str, ...]] = ("n_features_in_", "n_iter_", "seed_")  # in a file, with those of other classes
    file_kind: ClassVar[str]  # of saved files
    n_features_in_: int
    n_iter_: int
    seed_: int  # of the training: ``random_state`` if it is an integer, else drawn by `fit`
    random_state: Any
    validation_fraction: Any
    deadline: float | None = None  # of time.monotonic: training ends after the epoch or iteration that passes it

    def check_arguments(self) -> None:
        """Check every argument that `argument` has declared, before any work; raise a ValueError or TypeError."""
        for each in fields(cast(Any, self)):
            if "check" in each.metadata:
                each.metadata["check"](each.name, getattr(self, each.name))

    def row_weights(self, sample_weight: Any, rows: int) -> np.ndarray:
        """Return the weights of the rows, (rows,)."""
        return protocol.weights(sample_weight, rows)

    def arrays_of(self, X: Any, y: Any, sample_weight: Any, fitting: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return X, the labels or values, and the weights of the rows; a TypeError or ValueError if one is refused."""
        protocol.required_target(self, y)
        X = self.features(X, fitting)
        return X, self.targets(y, len(X), fitting), self.row_weights(sample_weight, len(X))

    # Training --------------------------------------------------------------------------------------------------------

    def validation_split(self, *arrays: np.ndarray) -> list[list[np.ndarray]]:
        """Split each array, the targets second, into a training part and a validation part for early stopping."""
        rows, share = len(arrays[0]), self.validation_fraction
        held_out = int(share) if isinstance(share, (int, np.integer)) else math.ceil(share * rows)
        if held_out >= rows:
            raise ValueError(
                f"validation_fraction is {share} and there are {rows} rows to train on, which leaves none; give more "
                "rows, or early_stopping=False")
        parts = train_test_split(
            *arrays, test_size=held_out, random_state=self.seed_ % 2**32,
            stratify=self.strata(arrays[1], min(held_out, rows - held_out)))
        return [parts[i : i + 2] for i in range(0, len(parts), 2)]

    def strata(self, target: np.ndarray, rows: int) -> np.ndarray | None:
        """The labels to stratify the validation split by, if each part has at least ``rows`` rows; None for none."""
        return None

    # Files -----------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to an .npz file, which `scratchtune.load_model` reads; nothing is executable."""
        write_whole(Path(path), self.file_kind, *self.packed())

    def check_fitted_values(self) -> None:
        """Raise unless the attributes read from a file have the types that `fit` gives them."""
        columns = checks.integer("n_features_in_", self.n_features_in_, 1)
        names = getattr(self, "feature_names_in_", None)
        if names is not None and len(text_list("feature_names_in_", list(names), different=False)) != columns:
            raise ValueError(f"feature_names_in_ has {len(names)} names; it must have {columns}")
        for name in ("n_iter_", "seed_"):
            checks.integer(name, getattr(self, name), 0)

    # scikit-learn ----------------------------------------------------------------------------------------------------

    def check_is_fitted(self) -> None:
        """Raise scikit-learn's `NotFittedError` before `fit`."""
        if not self.__sklearn_is_fitted__():
            raise protocol.not_fitted(self)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_iter_")

    def __sklearn_tags__(self) -> Any:
        return protocol.tags(self.kind)

    @property
    def _estimator_type(self) -> str:
        return self.kind


class Classifier(Estimator):
    """An estimator of classes."""

    kind = "classifier"
    kept: ClassVar[tuple[str, ...]] = ("classes_",)
    class_weight: Any
    predict_proba: Callable[[Any], np.ndarray]

    def targets(self, y: Any, rows: int, fitting: bool) -> np.ndarray:
        """Return the labels, (rows,)."""
        return class_labels_of(y, rows)

    def fit(self: OfClasses, X: Any, y: Any, sample_weight: Any = None) -> OfClasses:
        """Train a fresh model on X (n, features) and the labels y (n,), numbers or text, or one-hot rows.

        Raises TypeError or ValueError where an argument or the data are not accepted.
        """
        self.check_arguments()
        with protocol.unchanged_by_failure(self):
            X, labels, weight = self.arrays_of(X, y, sample_weight, True)
            self.classes_ = np.unique(labels)
            codes, weight = self.codes_and_weights(labels, weight)
            present = np.unique(codes[weight > 0.0])
            if len(present) < 2:
                only = self.classes_[present].tolist()
                raise ValueError(
                    f"y holds one class, {only}, in the rows with weights above 0; it must hold at least two")
            self.train(X, codes, weight, len(self.classes_))
        return self

    def codes_and_weights(self, labels: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the code of each label, (n,), and the weights times those of the classes."""
        codes = np.searchsorted(self.classes_, labels)
        return codes, weight * weight_of_rows(self.class_weight, self.classes_, codes, weight)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row, (n,)."""
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(axis=1)]

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy on X and y."""
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)

    def strata(self, target: np.ndarray, rows: int) -> np.ndarray | None:
        """The classes, unless one of them or one of the parts has too few rows."""
        counts = np.unique(target, return_counts=True)[1]
        return target if counts.min() > 1 and len(counts) <= rows else None


class Regressor(Estimator):
    """An estimator of values."""

    kind = "regressor"
    predict: Callable[[Any], np.ndarray]

    def fit(self: OfValues, X: Any, y: Any, sample_weight: Any = None) -> OfValues:
        """Train a fresh model on X (n, features) and the values y, (n,) or, for a network, (n, outputs).

        Raises TypeError or ValueError where an argument or the data are not accepted.
        """
        self.check_arguments()
        with protocol.unchanged_by_failure(self):
            X, values, weight = self.arrays_of(X, y, sample_weight, True)
            self.train(X, values, weight, math.prod(values.shape[1:]))
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², the share of the variance of y that the predictions explain."""
        return float(r2_score(y, self.predict(X), sample_weight=sample_weight))
