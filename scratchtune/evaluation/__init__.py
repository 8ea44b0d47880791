"""Evaluation is how well a model does on rows that it has not seen: splits of the rows, and scores over them."""

from __future__ import annotations

from scratchtune.evaluation.cross_validation import cross_validate
from scratchtune.evaluation.splits import KFold, StratifiedKFold, train_test_split

__all__ = ["KFold", "StratifiedKFold", "cross_validate", "train_test_split"]
