"""Evaluation estimates how well a model performs on rows that it has not seen: splits of the rows, and their scores."""

from __future__ import annotations

from scratchtune.evaluation.cross_validation import FitFailedWarning, cross_val_score, cross_validate
from scratchtune.evaluation.curves import learning_curve, validation_curve
from scratchtune.evaluation.prediction import cross_val_predict
from scratchtune.evaluation.random_splits import ShuffleSplit, StratifiedShuffleSplit, train_test_split
from scratchtune.evaluation.scoring import get_scorer_names, make_scorer
from scratchtune.evaluation.selection import OneStandardError
from scratchtune.evaluation.splits import GroupKFold, KFold, LeaveOneOut, StratifiedKFold, TimeSeriesSplit

__all__ = [
    "FitFailedWarning", "GroupKFold", "KFold", "LeaveOneOut", "OneStandardError", "ShuffleSplit", "StratifiedKFold",
    "StratifiedShuffleSplit", "TimeSeriesSplit", "cross_val_predict", "cross_val_score", "cross_validate",
    "get_scorer_names", "learning_curve", "make_scorer", "train_test_split", "validation_curve"]
