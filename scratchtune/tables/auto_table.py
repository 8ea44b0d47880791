"""AutoML on a table: what ``scratchtune auto`` does, and the model that it saves.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scratchtune.network.saving import Arrays, entry, text_list, write_whole
from scratchtune.tables import auto as automl_files
from scratchtune.tables.auto import AutoClassifier, AutoRegressor
from scratchtune.tables.evaluating import Scores, score
from scratchtune.tables.model import TableEstimator, TableModel, Target, reading_of, target_of
from scratchtune.tables.prepared import Prepared
from scratchtune.tables.reading.table import Table
from scratchtune.tables.row_order import most_time_folds
from scratchtune.tables.table_encoder import TableEncoder
from scratchtune.tables.tuning import FOLDS

MOST = 10**6  # categories of a column whose names are checked: AutoML groups rare ones itself


class AutoTableEstimator(TableEstimator):
    """AutoML for a table with a `Target`: it predicts class numbers, or values, and knows the columns of training."""

    def __init__(self, automl: Any, encoder: TableEncoder) -> None:
        super().__init__(automl, impute="keep")  # values may be missing
        self.encoder_ = encoder

    def predict(self, table: Table) -> np.ndarray:
        """The predictions for the rows."""
        return self.estimator.predict(self._in_order(table))

    def predict_proba(self, table: Table) -> np.ndarray:
        """The probabilities of the classes."""
        return self.estimator.predict_proba(self._in_order(table))

    def _in_order(self, table: Table) -> Table:
        """The columns in the order of training; an error for a category not seen there, if the encoder says so."""
        if self.encoder_.handle_unknown == "error":
            self.encoder_.transform(table)
        return Table({name: table.column(name) for name in self.encoder_.columns_})


class AutoTableModel(TableModel):
    """A table model whose predictions are those of an ensemble that AutoML has chosen."""

    def save(self, path: str | Path) -> None:
        """Write the model to one .npz file; the model that `scratchtune.load_model` reads predicts the same bits."""
        header, arrays = automl_files.packed(self.fitted.estimator)
        content = {
            "target": self.target._asdict(), "dropped": self.dropped, "reading": self.reading._asdict(),
            "encoder": self.fitted.encoder_.state(), "automl": header}
        write_whole(Path(path), "automl table model", content, arrays)

    def _warn_of_unknown(self, table: Table) -> None:
        """The ensemble itself warns of categories that were not seen in training."""

    def explain(self) -> str:
        """Say what was tried, what was chosen and why, and what to expect on new rows."""
        return self.fitted.estimator.explain()


def unpacked(header: dict[str, Any], arrays: Arrays) -> AutoTableModel:
    """Return the model that `AutoTableModel.save` has written."""
    target = target_of(entry(header, "target"))
    dropped = text_list("dropped", entry(header, "dropped"), different=False)
    encoder = TableEncoder.from_state(entry(header, "encoder"))
    automl = automl_files.unpacked(entry(header, "automl"), arrays)
    if len(target.classes) != len(getattr(automl, "classes_", ())):
        raise ValueError(f"it names {len(target.classes)} classes, and its models have others")
    return AutoTableModel(AutoTableEstimator(automl, encoder), target, dropped, reading_of(header.get("reading", {})))


class AutoTable(NamedTuple):
    """The result: the model, and its scores on the held-out test set, if there is one."""

    model: AutoTableModel
    scores: Scores | None

    def text(self) -> str:
        """Return the explanation and, if there is a test set, its scores."""
        if self.scores is None:
            return self.model.explain()
        return f"{self.model.explain()}\n\nheld-out test set:\n{self.scores.text()}"


def auto_table(prepared: Prepared, **options: Any) -> AutoTable:
    """Run AutoML on the training set of a prepared table; ``options`` are arguments of `AutoClassifier`.

    The model is that of the training set; where the table has a test set, it is evaluated there, once. Folds respect
    the groups or the times of the rows.
    """
    rows = prepared.rows[prepared.training_rows]
    groups = rows.values if rows.kind == "group" else None
    if rows.kind == "time":
        options["cv"] = most_time_folds(rows, FOLDS)
    target = prepared.target
    table, y = prepared.training_set()
    encoder = TableEncoder(
        impute="keep", encoding="ordinal", handle_unknown="ignore", max_categories=MOST).fit(table)
    kind = AutoClassifier if target.classes else AutoRegressor
    automl = kind(**options).fit(table, y, groups)
    model = AutoTableModel(AutoTableEstimator(automl, encoder), target, prepared.dropped, prepared.reading)
    if not len(prepared.test_rows):
        return AutoTable(model, None)
    test, _ = prepared.test_set()
    return AutoTable(model, score(model, Table({**{name: test.column(name) for name in test.names},
                                                target.name: target_column(target, prepared.test_set()[1])})))


def target_column(target: Target, y: np.ndarray) -> Any:
    """Return the column of a table that holds targets given as class numbers, or values."""
    if not target.classes:
        return y
    return Table.from_columns({target.name: target.labels(y)}, text=[target.name]).column(target.name)
