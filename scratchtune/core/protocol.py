"""scikit-learn's protocol: what an estimator must provide to work in scikit-learn's pipelines.

scikit-learn is never imported here: its exception, warning and tags are used only if a user has imported it, since code
written for it catches exactly those.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from scratchtune.core import checks

Self = TypeVar("Self", bound="Parameters")


class NotFittedError(ValueError, AttributeError):
    """An estimator was used before `fit`."""


class DataConversionWarning(UserWarning):
    """The data were converted to another form."""


def _of_scikit_learn(own: type[Any]) -> type[Any]:
    """scikit-learn's class of the same name if scikit-learn has been imported, else this module's."""
    loaded = sys.modules.get("sklearn.exceptions")
    return getattr(loaded, own.__name__, own) if loaded else own


def not_fitted(estimator: Any) -> Exception:
    """The exception for an estimator that has not been fitted."""
    name = type(estimator).__name__
    return _of_scikit_learn(NotFittedError)(f"this {name} is not fitted yet; call fit with training data first")


class Parameters:
    """Base class of objects with named arguments that a search can read and change; arguments are stored unchanged."""

    def __new__(cls: type[Self], *args: Any, **kwargs: Any) -> Self:
        checks.refuse_unexpected(cls.__name__, inspect.signature(cls), kwargs)
        return super().__new__(cls)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self: Self, **params: Any) -> Self:
        """Change arguments by name; they are checked when they are used."""
        known = list(inspect.signature(type(self)).parameters)
        for name in params:
            if name not in known:
                raise ValueError(
                    f"parameter {name!r} is unknown to {type(self).__name__}; its parameters are "
                    f"{', '.join(known) or 'none'}{checks.nearest(name, known)}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """The class with those arguments that differ from their defaults."""
        arguments = inspect.signature(type(self)).parameters
        given = [name for name, argument in arguments.items() if repr(getattr(self, name)) != repr(argument.default)]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in given)})"


@contextmanager
def unchanged_by_failure(estimator: Any) -> Iterator[None]:
    """Undo all changes that the block makes to an estimator if it raises, so that no half-fitted state remains."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


# Inputs --------------------------------------------------------------------------------------------------------------


def features(estimator: Any, X: Any, fitting: bool, missing: bool = False) -> np.ndarray:
    """Return X as a finite numeric matrix, (n, features); store or compare the number and the names of its columns.

    With ``missing`` None and pandas's NA become NaN. Raises TypeError or ValueError, with scikit-learn's wording.
    """
    names = column_names(X)
    array = _numbers(X, missing)
    check_two_dimensions(array)
    if fitting:
        remember_columns(estimator, array.shape[1], names)
    else:
        compare_columns(estimator, array.shape[1], names)
    if missing and array.dtype.kind == "f":
        if np.isinf(array).any():
            raise ValueError("X holds infinity; every value must be a finite number, or NaN if it is missing")
        return array
    return checks.matrix("X", array)


def _numbers(X: Any, missing: bool = False) -> np.ndarray:
    refuse_sparse(X)
    checks.refuse_masked("X", X)
    try:
        array = np.asarray(X)
    except ValueError:
        raise ValueError("X has rows of unequal length; it must be a rectangular array of numbers") from None
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported: X holds complex numbers; it must hold real ones")
    if array.dtype == object:
        if missing:
            array = np.where(np.frompyfunc(is_missing, 1, 1)(array).astype(bool), np.nan, array)
        for value in array.flat:
            if is_missing(value):
                raise ValueError(
                    f"X holds {value!r}, a missing value (Input X contains NaN); fill it in, or take its row out")
            if not isinstance(value, (str, float, int, np.generic, type(None))):
                raise TypeError(f"X holds {value!r}; every argument must be a string of digits or a number")
    if array.dtype.kind in "OUS":
        try:
            array = array.astype(np.float64)
        except OverflowError:
            raise checks.too_large("X") from None
        except (TypeError, ValueError) as problem:
            raise ValueError(f"X holds text or empty cells ({problem}); encode it first, as numbers") from None
    return array


def is_missing(value: Any) -> bool:
    """Whether an object is pandas's NA or NaT; NumPy itself handles None and NaN."""
    return type(value).__name__ in ("NAType", "NaTType")


def refuse_sparse(X: Any, name: str = "X") -> None:
    """Raise a TypeError for a sparse matrix."""
    if hasattr(X, "toarray") and not isinstance(X, np.ndarray):
        raise TypeError(f"{name} is a sparse {type(X).__name__}; it must be dense, as {name}.toarray() is")


def check_two_dimensions(array: np.ndarray, name: str = "X") -> None:
    """Raise a ValueError if an array is not (n, columns) with at least one of each."""
    if array.ndim != 2:
        raise ValueError(
            f"{name} has shape {array.shape}; it must be (n, columns). Reshape your data: reshape(-1, 1) makes one "
            "column, reshape(1, -1) one row")
    for size, what in zip(array.shape, ("sample(s)", "feature(s)"), strict=True):
        if size == 0:
            raise ValueError(f"{name} has 0 {what} (shape={array.shape}) while a minimum of 1 is required.")


def column_names(X: Any) -> np.ndarray | None:
    """Return the column names of a table such as pandas's, if all of them are text."""
    if not hasattr(X, "columns") or not hasattr(X, "dtypes"):
        return None
    names = np.asarray(X.columns, dtype=object)
    are_text = [isinstance(name, str) for name in names]
    if any(are_text) and not all(are_text):
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your input has others too; "
            "X.columns = X.columns.astype(str) makes them so")
    return names if len(names) and all(are_text) else None


def remember_columns(estimator: Any, number: int, names: np.ndarray | None) -> None:
    """Store the number of columns that an estimator is fitted on, and their names in place of an earlier fit's."""
    estimator.n_features_in_ = number
    if names is not None:
        estimator.feature_names_in_ = names
    elif hasattr(estimator, "feature_names_in_"):
        del estimator.feature_names_in_


def compare_columns(estimator: Any, number: int, names: np.ndarray | None) -> None:
    """Raise unless the columns match those of `fit` in number, and in name if both have names."""
    kind, known = type(estimator).__name__, getattr(estimator, "feature_names_in_", None)
    if names is not None and known is None:
        checks.warn(f"X has feature names, but {kind} was fitted without feature names")
    if names is None and known is not None:
        checks.warn(f"X does not have valid feature names, but {kind} was fitted with feature names")
    if names is not None and known is not None and list(names) != list(known):
        raise ValueError(_difference_of_names(list(names), list(known)))
    if number != estimator.n_features_in_:
        raise ValueError(
            f"X has {number} features, but {kind} is expecting {estimator.n_features_in_} features as input.")


def _difference_of_names(found: list[str], known: list[str]) -> str:
    unseen, missing = sorted(set(found) - set(known)), sorted(set(known) - set(found))
    lines = ["The feature names should match those that were passed during fit."]
    if unseen:
        lines += ["Feature names unseen at fit time:", *(f"- {name}" for name in unseen[:5])]
    if missing:
        lines += ["Feature names seen at fit time, yet now missing:", *(f"- {name}" for name in missing[:5])]
    if not unseen and not missing:
        lines.append("Feature names must be in the same order as they were in fit.")
    return "\n".join(lines) + "\n"


def required_target(estimator: Any, y: Any) -> None:
    """Raise a ValueError if y is None."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None.")


def column_as_vector(y: np.ndarray) -> np.ndarray:
    """Flatten a single column (n, 1) to (n,), with a warning, since it is probably a mistake."""
    if y.ndim == 2 and y.shape[1] == 1:
        checks.warn(
            "A column-vector y was passed when a 1d array was expected; y.ravel() gives (n,)",
            _of_scikit_learn(DataConversionWarning))
        return y[:, 0]
    return y


def weights(sample_weight: Any, rows: int) -> np.ndarray:
    """Return a weight of at least 0 for each row, not all of them 0; ones if none are given.

    They are scaled, since only their ratios matter: the largest is in [0.5, 1), so that no sum of them overflows.
    """
    if sample_weight is None:
        return np.ones(rows)
    if isinstance(sample_weight, (int, float, np.number)):
        sample_weight = np.full(rows, checks.real("sample_weight", sample_weight, 0.0))
    weight = checks.targets("sample_weight", sample_weight).astype(np.float64)
    if weight.shape != (rows,) or weight.min() < 0.0:
        raise ValueError(
            f"sample_weight has shape {weight.shape} and the least value {weight.min():g}; it must hold one weight of "
            f"at least 0 for each of the {rows} rows")
    if not weight.any():
        raise ValueError("sample_weight holds only zeros; Sample weights must contain at least one non-zero number.")
    return relative(weight)


def relative(weight: np.ndarray) -> np.ndarray:
    """Weights scaled so that the largest is in [0.5, 1) and no sum overflows; by a power of 2, which is exact."""
    return np.ldexp(weight, -np.frexp(weight.max())[1])


# Outputs -------------------------------------------------------------------------------------------------------------


def tags(estimator_type: str, multi_output: bool = False) -> Any:
    """scikit-learn's description of an estimator; only scikit-learn calls this, so it has been imported."""
    from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

    return Tags(
        estimator_type=estimator_type, target_tags=TargetTags(required=True, multi_output=multi_output),
        classifier_tags=ClassifierTags() if estimator_type == "classifier" else None,
        regressor_tags=RegressorTags() if estimator_type == "regressor" else None, input_tags=InputTags())
