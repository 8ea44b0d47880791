"""Tuning on one's own table: hold out a test set, tune, evaluate, save, predict.

Reading order: `model` (what is saved), `sealing` (the test set), `describing`, `judging` (the evaluation),
`space_file`, `tuning` (the job), `emit` (the same as a script).
"""

from __future__ import annotations

from scratchtune.tabular.model import TableModel
from scratchtune.tabular.sealing import prepare_table

__all__ = ["TableModel", "prepare_table"]
