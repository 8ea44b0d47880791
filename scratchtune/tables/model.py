"""A table model holds all that is needed to predict for the rows of a table: encoder, scaler, network, class names.

`scratchtune tune` saves it and `scratchtune predict` reads it. Nothing is unpickled from its file, which holds JSON and
arrays of numbers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from scratchtune import checks, protocol
from scratchtune.estimators import MLPClassifier, MLPRegressor
from scratchtune.estimators import loading as estimator_files
from scratchtune.network.saving import Arrays, entry, text_list, write_whole
from scratchtune.tables.reading.date_columns import ORDERS
from scratchtune.tables.reading.kinds import described_unseen
from scratchtune.tables.reading.notation import DECIMALS, THOUSANDS, Reading
from scratchtune.tables.reading.reading import DELIMITERS, first_line, read_table
from scratchtune.tables.reading.table import Table
from scratchtune.tables.table_encoder import TableEncoder, other_columns
from scratchtune.tables.target import Target, known_target, read_target, target_of
from scratchtune.tables.target_scale import LINEAR, TargetScale, checked_scale, fitted_scale, scaled

__all__ = ["Target", "known_target", "read_target", "target_of"]


class TableEstimator(protocol.Parameters):
    """An encoder followed by an estimator, fitted on the same rows; it predicts class numbers, or values.

    With the ``target_scale`` "log" or "log1p" the estimator learns the logarithm of the target (`target_scale`).

    ``set_params`` also sets the estimator's arguments, so that a search can name them without a prefix.
    """

    def __init__(
        self, estimator: Any, impute: str | None = None, handle_unknown: str = "ignore", add_indicator: bool = False,
        target_scale: str = LINEAR,
    ) -> None:
        self.estimator = estimator
        self.impute = impute
        self.handle_unknown = handle_unknown
        self.add_indicator = add_indicator
        self.target_scale = target_scale

    def set_params(self, **params: Any) -> TableEstimator:
        """Set arguments of this object and of its estimator."""
        names = ("estimator", "impute", "handle_unknown", "add_indicator", "target_scale")
        own = {name: value for name, value in params.items() if name in names}
        super().set_params(**own)
        self.estimator.set_params(**{name: value for name, value in params.items() if name not in own})
        return self

    def fit(self, table: Table, y: Any) -> TableEstimator:
        """Fit the encoder on the table's rows, then the estimator on the encoded rows."""
        encoder = TableEncoder(
            impute=self.impute, handle_unknown=self.handle_unknown, add_indicator=self.add_indicator)
        X = encoder.fit(table).transform(table)
        self.estimator.fit(X, scaled(y, self.target_scale))
        self.scale_ = fitted_scale(self.target_scale, y, lambda: self.estimator.predict(X))
        self.encoder_ = encoder  # set only now: if fitting fails, the earlier encoder remains
        return self

    def predict(self, table: Table) -> np.ndarray:
        """The estimator's predictions for the rows."""
        return self.scale_.invert(self.estimator.predict(self.encoder_.transform(table)))

    def predict_proba(self, table: Table) -> np.ndarray:
        """The estimator's probabilities for the rows."""
        return self.estimator.predict_proba(self.encoder_.transform(table))

    @property
    def classes_(self) -> np.ndarray:
        """The numbers of the classes seen in training."""
        return self.estimator.classes_

    @property
    def _estimator_type(self) -> str:
        return self.estimator.kind


class TableModel:
    """A fitted `TableEstimator`, its `Target`, the columns that were dropped, and how the training file was read.

    ``threshold`` is the probability of the second of two classes that maximises F1 (`threshold`), None if unknown.
    """

    def __init__(
        self, fitted: TableEstimator, target: Target, dropped: Sequence[str] = (), reading: Reading | None = None,
        threshold: float | None = None,
    ) -> None:
        self.threshold = threshold
        self.fitted, self.target, self.dropped = fitted, target, tuple(dropped)
        self.reading = Reading() if reading is None else reading

    def predict(self, X: Any, threshold: float | str | None = None) -> np.ndarray:
        """The label, a Python string, or the value of each row, (n,).

        Of two classes the second is predicted where its probability is at least ``threshold``: a number, or "best" for
        the model's ``threshold``. By default the most probable class is predicted.

        ``X`` is a `Table`, a data frame, a dict of columns, a list of dicts (one for each row) or the path of a file,
        which is read as the training file was. Columns that the model does not use are ignored. A category that was not
        seen in training is encoded as zeros. Both cause a warning.

        Raises
            ValueError if a column is absent or has another type than in training; TypeError if X is not a table.
        """
        if threshold is not None:
            limit = self.checked_threshold(threshold)
            return self.target.labels((self.predict_proba(X)[:, 1] >= limit).astype(np.int64))
        predicted = self.fitted.predict(self._checked(self.table_of(X)))
        return self.target.labels(predicted) if self.target.classes else predicted

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, (n, classes), in the order of ``target.classes``; ``X`` as for `predict`."""
        if not self.target.classes:
            raise ValueError(f"this model predicts values of {self.target.name!r}; only classes have probabilities")
        return self.fitted.predict_proba(self._checked(self.table_of(X)))

    def checked_threshold(self, threshold: float | str) -> float:
        """Return a threshold as a number; a ValueError if there are not two classes, or the best one is unknown."""
        if len(self.target.classes) != 2:
            raise ValueError(f"threshold is {threshold!r}; it is for two classes, and this model predicts "
                             f"{len(self.target.classes) or 'values, not'} classes")
        if threshold != "best":
            return checks.real("threshold", threshold, 0.0, 1.0)
        if self.threshold is None:
            raise ValueError("threshold is 'best', and the file of this model holds none; tune again, or give a number")
        return self.threshold

    def table_of(self, X: Any, with_target: bool = False) -> Table:
        """Convert whatever `predict` accepts to a table; of a file the target is read only with ``with_target``."""
        if isinstance(X, Table):
            return X
        if isinstance(X, (str, os.PathLike)):
            return self.read(X, with_target)
        if isinstance(X, Mapping) or (hasattr(X, "columns") and hasattr(X, "dtypes")):
            return Table.from_columns(X, text=self.text_columns, numeric=self.reading.numeric)
        if isinstance(X, Sequence) and X and all(isinstance(row, Mapping) for row in X):
            return Table.from_rows(X, text=self.text_columns, numeric=self.reading.numeric)
        raise TypeError(
            f"X is a {type(X).__name__}; it must be a data frame, a dict of columns, a list of dicts, a Table, or the "
            f"path of a file, with the columns {checks.quoted(self.columns)}")

    def read(self, path: str | os.PathLike[str] | BinaryIO, with_target: bool = False, **changed: Any) -> Table:
        """Read a file as the training file was read; ``changed`` are arguments of `read_table` that differ.

        Only the columns that the model uses are read, and the target with ``with_target``.
        The delimiter is that of the training file if the first line contains it; otherwise it is detected.
        """
        arguments = {**self.reading._asdict(), "delimiter": self._delimiter_of(path), **changed}
        target = [self.target.name] * with_target
        text = [*self.text_columns, *(name for name in target if name in self.reading.text)]
        return read_table(path, **{**arguments, "text": text, "only": [*self.columns, *target]})

    def _delimiter_of(self, path: str | os.PathLike[str] | BinaryIO) -> str | None:
        delimiter = self.reading.delimiter
        if delimiter is None or not isinstance(path, (str, os.PathLike)) or not os.path.isfile(path):
            return None
        return delimiter if delimiter.encode() in first_line(path) else None

    def _checked(self, table: Table) -> Table:
        """Return the columns that the encoder needs; the target and the dropped columns may be present or not."""
        known = (*self.columns, self.target.name, *self.dropped)
        unknown = [name for name in table.names if name not in known]
        absent = [name for name in self.columns if name not in table.names]
        if absent:
            raise other_columns(absent, unknown + [name for name in table.skipped if name not in known])
        if unknown:
            checks.warn(f"ignored, since the model does not use them: {checks.quoted(unknown)}")
        table = table.without(*(name for name in table.names if name not in self.columns))
        table = self.fitted.encoder_.checked_columns(table)
        gaps = [name for name in table.names if table.missing(name).any()]
        if gaps and self.fitted.impute is None:
            raise ValueError(
                f"values are missing in {checks.quoted(gaps)}, first in row {table.missing(gaps[0]).argmax() + 1} "
                f"(counted from 1) of {gaps[0]!r}; this model was tuned without --impute and can't fill them: fill "
                "them in, or tune again with --impute")
        self._warn_of_unknown(table)
        return table

    def _warn_of_unknown(self, table: Table) -> None:
        """Warn of categories that were not seen in training, and how they are encoded."""
        encoder = self.fitted.encoder_
        if encoder.handle_unknown != "ignore":
            return
        for name, texts in encoder.unknown(table).items():
            checks.warn(f"{described_unseen(name, texts)}; they are {self.code_of_unseen(name)}")

    def code_of_unseen(self, name: str) -> str:
        """How categories of column ``name`` that were not seen in training are encoded, as the end of a sentence."""
        zeros = self.fitted.encoder_.same_as_unknown(name)
        return "encoded as zeros" + (f", which is also the code of {zeros!r}" if zeros is not None else "")

    @property
    def columns(self) -> list[str]:
        """The columns that the model uses."""
        return list(self.fitted.encoder_.columns_)

    @property
    def text_columns(self) -> list[str]:
        """Columns that are read as text, even if another file holds only numbers there."""
        return self.fitted.encoder_.text_names

    def save(self, path: str | Path) -> None:
        """Write the model to one .npz file; the model that `scratchtune.load_model` reads predicts the same bits."""
        header, arrays = self.fitted.estimator.packed()
        reading = {name: value for name, value in self.reading._asdict().items()
                   if value or name not in ("numeric", "date_order")}  # which older versions do not know
        content = {
            "target": self.target._asdict(), "dropped": self.dropped, "reading": reading,
            "encoder": self.fitted.encoder_.state(), "estimator": header}
        if self.threshold is not None:
            content["threshold"] = self.threshold
        if self.fitted.scale_.kind != LINEAR:
            content["target_scale"] = self.fitted.scale_._asdict()
        write_whole(Path(path), "table model", content, arrays)


def unpacked(header: dict[str, Any], arrays: Arrays) -> TableModel:
    """Return the model that `TableModel.save` has written."""
    target = target_of(entry(header, "target"))
    dropped = text_list("dropped", entry(header, "dropped"), different=False)
    encoder = TableEncoder.from_state(entry(header, "encoder"))
    estimator = estimator_files.unpacked(entry(header, "estimator"), arrays)
    scale = checked_scale(header["target_scale"]) if "target_scale" in header else TargetScale()
    fitted = TableEstimator(estimator, encoder.impute, encoder.handle_unknown, encoder.add_indicator, scale.kind)
    fitted.encoder_, fitted.scale_ = encoder, scale
    _check_sizes(fitted, target)
    threshold = header.get("threshold")
    if threshold is not None:
        checks.real("threshold", threshold, 0.0, 1.0)
    reading = reading_of(header.get("reading", {}))  # older files have none
    return TableModel(fitted, target, dropped, reading, threshold)


def reading_of(entry: Any) -> Reading:
    """How the training file was read: the entry of a model's file, checked."""
    plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in entry.items()}
    reading = Reading(**plain)
    for name, choices in (("decimal", DECIMALS), ("thousands", THOUSANDS), ("delimiter", DELIMITERS),
                          ("date_order", ORDERS)):
        checks.choice(name, getattr(reading, name), (None, *choices))
    text_list("missing", list(reading.missing), different=False)
    text_list("text", list(reading.text), different=False)
    text_list("numeric", list(reading.numeric), different=False)  # a file of an older version has none
    return reading


def _check_sizes(fitted: TableEstimator, target: Target) -> None:
    """Raise if encoder, network and class names do not fit together."""
    features, inputs = len(fitted.encoder_.get_feature_names_out()), fitted.estimator.n_features_in_
    if features != inputs:
        raise ValueError(f"its encoder gives {features} columns and its network expects {inputs}")
    known = fitted.classes_.tolist() if fitted.estimator.kind == "classifier" else []
    if len(known) != len(target.classes):
        raise ValueError(f"it names {len(target.classes)} classes and its network has {len(known)}")
    if known != list(range(len(known))):
        raise ValueError(f"its network's classes are {known}; they must be the numbers of those that it names")


def estimator_for(target: Target, **params: Any) -> MLPClassifier | MLPRegressor:
    """The estimator for a target, a classifier or a regressor; a ``class_weight`` names the labels of the target."""
    params = with_numbered_classes(params, target)
    return MLPClassifier(**params) if target.classes else MLPRegressor(**params)


def with_numbered_classes(params: dict[str, Any], target: Target) -> dict[str, Any]:
    """The params, with the keys of a ``class_weight`` changed from labels to class numbers."""
    weights = params.get("class_weight")
    if isinstance(weights, str):
        checks.choice("class_weight", weights, ("balanced",))
    if not isinstance(weights, Mapping):
        return params
    numbered = {
        target.classes.index(checks.choice("a label of class_weight", label, target.classes)):
            checks.real(f"class_weight[{label!r}]", weight, 0.0) for label, weight in weights.items()}
    return {**params, "class_weight": numbered}
