"""Evaluation estimates how well a model performs on rows that it has not seen: splits of the rows, and their scores."""

from __future__ import annotations

from scratchtune.core.evaluation.cross_validation import (
    FitFailedWarning,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)
from scratchtune.core.evaluation.prediction import cross_val_predict
from scratchtune.core.evaluation.scoring import SCORERS, make_scorer
from scratchtune.core.evaluation.splits import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit, train_test_split

__all__ = [
    "SCORERS", "FitFailedWarning", "GroupKFold", "KFold", "StratifiedKFold", "TimeSeriesSplit", "cross_val_predict",
    "cross_val_score", "cross_validate", "learning_curve", "make_scorer", "train_test_split", "validation_curve"]
