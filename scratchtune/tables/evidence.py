"""What a fitted model is judged by: predictions for rows that were not trained on, beside those of simple models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scratchtune.tables.goal import Goal
from scratchtune.tables.members import FoldModel, Folds
from scratchtune.tables.units import Units


@dataclass
class Evidence:
    """Out-of-fold predictions of the saved model, for some rows.

    ``rows`` (m,) are positions within ``folds.rows``, ``y`` (m,) their targets, ``units`` what is independent among
    them. ``predictions``, (m, classes) or (m,), are cross-fitted: the weights of the ensemble were chosen on other
    folds. ``baselines`` are predictions for the same rows by name: "most frequent" or "mean", and the default
    configuration of each family, "linear", "trees", "network". ``members`` are the models that are saved, by trial:
    the weight, and one model for each fold.
    """

    goal: Goal
    folds: Folds
    rows: np.ndarray
    y: np.ndarray
    units: Units
    predictions: np.ndarray
    baselines: Mapping[str, np.ndarray]
    members: Mapping[int, tuple[float, Sequence[FoldModel]]]
