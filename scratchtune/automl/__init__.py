"""AutoML and advice: models for a table are searched together and combined; a searcher and remedies are recommended.

Reading order: `goal` (the metric), `features` (preprocessing), `families` (the models), `members` (out-of-fold
predictions), `portfolio`, `searching`, `ensemble_selection`, `expectation` (the score on new rows), `explaining`,
`splitting`, `stored`, `estimators` (`AutoClassifier`, `AutoRegressor`), `table` (the same on a file). Advice:
`recommending` says which searcher fits a space and a budget; `diagnosing` reads a training's curves and says what is
wrong and what to try first.

Implements section 8.1 of the document.
"""

from __future__ import annotations

from scratchtune.automl.diagnosing import Diagnosis, diagnose
from scratchtune.automl.estimators import AutoClassifier, AutoRegressor
from scratchtune.automl.recommending import Recommendation, recommend

__all__ = ["AutoClassifier", "AutoRegressor", "Diagnosis", "Recommendation", "diagnose", "recommend"]
