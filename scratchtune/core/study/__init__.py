"""A study runs trials and stores them; the search-CV classes are studies whose objective is a cross-validated score."""

from __future__ import annotations

from scratchtune.core.search import Exhausted
from scratchtune.core.study.errors import NotReady, StorageError, TrialPruned
from scratchtune.core.study.search_cv import GridSearchCV, RandomizedSearchCV, SearchCV
from scratchtune.core.study.stopping import AsyncHalving, MedianStopping, Stopping
from scratchtune.core.study.study import Study, create_study, interrupted_study, load_study, tune
from scratchtune.core.study.trial import FixedTrial, Trial

__all__ = [
    "AsyncHalving", "Exhausted", "FixedTrial", "GridSearchCV", "MedianStopping", "NotReady", "RandomizedSearchCV",
    "SearchCV", "Stopping", "StorageError", "Study", "Trial", "TrialPruned", "create_study", "interrupted_study",
    "load_study", "tune",
]
