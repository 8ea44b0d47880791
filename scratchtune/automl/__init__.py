"""AutoML and advice: what is wrong with a training (`diagnose`), and which searcher suits a task (`recommend`)."""

from __future__ import annotations

from scratchtune.automl.diagnosing import Diagnosis, Finding, diagnose
from scratchtune.automl.recommending import Recommendation, recommend

__all__ = ["Diagnosis", "Finding", "Recommendation", "diagnose", "recommend"]
