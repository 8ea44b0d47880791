"""Scoring names: all of scikit-learn's that belong to our metrics, with its signs and arguments."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune import metrics
from scratchtune.metrics import SCORERS


def test_a_score_is_better_the_larger_it_is() -> None:
    labels, good, bad = [0, 1, 1], [0.1, 0.9, 0.8], [0.9, 0.1, 0.2]
    for name, scorer in SCORERS.items():
        if name.startswith(("roc_auc_ov", "precision_m", "recall_m", "f1_m")):
            continue
        scores = [
            scorer.sign * scorer.metric(labels, np.round(p) if scorer.needs == "labels" else p, **scorer.options)
            for p in (good, bad)]
        assert scores[0] > scores[1], name


def test_every_scorer_runs() -> None:
    rng = np.random.default_rng(0)
    y, p = np.append([0, 1, 2], rng.integers(3, size=20)), rng.dirichlet(np.ones(3), size=23)
    for name, (metric, needs, sign, options) in SCORERS.items():
        if name in ("precision", "recall", "f1", "roc_auc"):
            truth, answer = y > 0, p.argmax(axis=1) > 0 if needs == "labels" else p[:, 1]
        else:
            truth, answer = y, {"labels": p.argmax(axis=1), "values": p[:, 0]}.get(needs, p)
        assert np.isfinite(sign * metric(truth, answer, **options)), name


def test_the_names_signs_and_arguments_are_those_of_scikit_learn() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    ours = {getattr(metrics, name) for name in metrics.__all__ if name.endswith(("_score", "_error", "log_loss"))}
    names = {name.__name__ for name in ours}
    theirs = {name: reference.get_scorer(name) for name in reference.get_scorer_names()}
    assert set(SCORERS) == {name for name, scorer in theirs.items()
                            if scorer._score_func.__name__ in names and not name.endswith("_samples")}
    needs = {"labels": "predict", "values": "predict", "probabilities": "predict_proba",
             "decisions": ("decision_function", "predict_proba")}
    for name, scorer in SCORERS.items():
        other = theirs[name]
        assert (scorer.metric.__name__, scorer.sign) == (other._score_func.__name__, other._sign)
        assert dict(scorer.options) == other._kwargs and needs[scorer.needs] == other._response_method
