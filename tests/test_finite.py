"""No silent nonsense: at any rate a fit warns or raises where it diverges, and no prediction is NaN or infinite."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.network.training import DivergenceWarning

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0] + 0.1 * X[:, 1]
CLASSES = (Y > 0.3).astype(int)
OF_TABLES = ("AutoClassifier", "AutoRegressor")  # they search the learning rate themselves
SEARCHES = [name for name in dir(st) if name.endswith("SearchCV")]  # their winner is one of the others
NETWORK = {"epochs": 30, "optimizer": "sgd"}


def fitted(name: str, rate: float) -> Callable[[], Any]:
    """A function that predicts numbers, of an estimator of that name after its fit."""
    if name == "Sequential":
        model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(1)], seed=0)
        model.compile(loss="mse", optimizer=st.SGD(rate))
        model.fit(X, Y, epochs=30, verbose=0)
        return lambda: model.predict(X)
    kind = getattr(st, name)
    options = {"max_iter": 30} if name.startswith("Hist") else NETWORK
    model = kind(learning_rate=rate, random_state=0, verbose=0, **options)
    model.fit(X, CLASSES if name.endswith("Classifier") else Y)
    return lambda: (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X)


@pytest.mark.parametrize("rate", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("name", [name for name in dir(st) if hasattr(getattr(st, name), "predict")
                                  and name not in (*OF_TABLES, *SEARCHES)])
def test_a_prediction_is_finite_or_refused(name: str, rate: float) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = fitted(name, rate)()
        except ValueError as problem:
            assert "finite" in str(problem) or "diverged" in str(problem)
            assert any(issubclass(one.category, DivergenceWarning) for one in caught)
            return
    assert np.isfinite(found).all()
    if np.abs(found).max() > 1e6:  # of targets of about 1
        assert any(issubclass(one.category, DivergenceWarning) for one in caught)


@pytest.mark.slow
def test_texts_are_not_made_from_numbers_that_are_not_finite() -> None:
    pairs, clip = st.datasets.number_words(30, seed=0), (np.random.default_rng(0).normal(size=4000), 8000)
    translator = st.Seq2Seq(*(st.text.Vocabulary([pair[k] for pair in pairs]) for k in (0, 1)), units=4, embedding=4)
    translator.compile(st.SGD(0.1))
    recognizer = st.SpeechRecognizer("ab", units=4)
    translator.fit(pairs, epochs=1, verbose=0)
    recognizer.fit([clip] * 4, ["ab"] * 4, epochs=1, verbose=0)
    for model, predict in ((translator, lambda: translator.translate(pairs[0][0])),
                           (recognizer, lambda: recognizer.transcribe(clip))):
        model.network.theta[:] = np.nan
        with pytest.raises(ValueError, match="no finite number"):
            predict()
