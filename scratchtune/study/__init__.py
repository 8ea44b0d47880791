"""A study runs trials and stores them; the search-CV classes are studies whose objective is a cross-validated score."""

from __future__ import annotations

from scratchtune.search import Exhausted
from scratchtune.study.errors import NotReady, StorageError, TrialPruned
from scratchtune.study.search_cv import (
    BayesSearchCV,
    GeneticSearchCV,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)
from scratchtune.study.stopping import AsyncHalving, MedianStopping, Stopping
from scratchtune.study.study import Study, create_study, interrupted_study, load_study, tune
from scratchtune.study.trial import FixedTrial, Trial

__all__ = [
    "AsyncHalving", "BayesSearchCV", "Exhausted", "FixedTrial", "GeneticSearchCV", "GridSearchCV",
    "HalvingGridSearchCV", "HalvingRandomSearchCV", "MedianStopping", "NotReady", "RandomizedSearchCV", "Stopping",
    "StorageError", "Study", "Trial", "TrialPruned", "create_study", "interrupted_study", "load_study", "tune",
]
