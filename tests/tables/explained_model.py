"""What result and page read of a fitted model, made by hand: two classes, three columns, one of them hostile."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

import scratchtune as st
from scratchtune.tables.audit import Audit, Finding
from scratchtune.tables.evaluating import Scores, scores_of
from scratchtune.tables.expectation import estimated
from scratchtune.tables.explaining import Explanation, Importance
from scratchtune.tables.goal import Goal
from scratchtune.tables.splitting import Units
from scratchtune.tables.target import Target

EXPLANATION = Explanation(
    "neg_log_loss", 3, 40, [Importance("age", 0.4, 0.05), Importance("<b>city</b>", 0.1, 0.02),
                            Importance("noise", 0.0, 0.01)], ["x1"],
    [{"number": 1, "family": "trees", "weight": 1.0, "params": {"family": "trees", "trees_max_iter": 50}}],
    "as good within two standard errors: a linear model with defaults, log loss 0.42")


def predictions(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets, and probabilities: the true class has 0.7."""
    y = np.arange(rows) % 2
    return y, np.where(y[:, None] == np.arange(2), 0.7, 0.3)


def scores(rows: int) -> Scores:
    """The scores of these predictions."""
    y, p = predictions(rows)
    return scores_of(Target("left", ("no", "yes"), ""), y, p, Units(np.arange(rows)), {"most frequent": p * 0 + 0.5})


def fitted(study: Any = None) -> Any:
    """What result and page read of a fitted model."""
    row = {"number": 1, "family": "trees", "score": -0.41, "weight": 1.0, "seconds": 1.0,
           "params": EXPLANATION.members[0]["params"]}
    model = st.AutoClassifier()
    vars(model).update(
        target_=Target("left", ("no", "yes"), ""), rows_=40, explanation_=EXPLANATION, scores_=scores(40), members_={},
        verdict_=SimpleNamespace(text="boosted trees with defaults are saved: no gain can be shown"),
        estimate_=estimated(Goal("neg_log_loss", 2), *predictions(40), Units(np.arange(40))), leaderboard_=[row],
        seconds_=41.2, study_=study,
        audit_=Audit((Finding("constant", "c", "'c' is <1> in all rows; it is dropped"),)))
    return model
