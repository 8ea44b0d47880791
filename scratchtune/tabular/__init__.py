"""The practitioner's job on a table of her own: seal, tune, judge, keep, predict.

Reading order: `model` (what is saved), `sealing`, `describing`, `judging`, `space_file`, `tuning` (the job), `emit` (it
as a script).
"""

from __future__ import annotations

from scratchtune.tabular.model import TableModel
from scratchtune.tabular.sealing import prepare_table

__all__ = ["TableModel", "prepare_table"]
