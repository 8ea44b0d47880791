"""Tuning on one's own table: hold out a test set, tune, evaluate, save, predict.

Reading order: `target_scale`, `model` (what is saved), `identifiers`, `row_order` (groups, times), `held_out` (the test
set), `describing`, `space_file`, `objective` (the cross-validated score), `searching` (space and searcher),
`evaluating` (the metrics on the test set), `threshold`, `result` (the text that is printed), `tuning` (tuning on what
is held in training), `job` (all of it as one function), `emit` (the same as a script).
"""

from __future__ import annotations

from scratchtune.tabular.held_out import prepare_table
from scratchtune.tabular.job import tune_table
from scratchtune.tabular.model import TableModel
from scratchtune.tabular.result import TableTuning

__all__ = ["TableModel", "TableTuning", "prepare_table", "tune_table"]
