"""No model predicts nonsense silently: whatever its learning rate, predictions are finite, or it warns, or raises."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scratchtune as st

X = np.random.default_rng(0).normal(size=(100, 3))
VALUES, LABELS = X[:, 0], X[:, 0] > 0
FAR = 1e3  # a prediction of values of size 1 that is larger is nonsense


def _fit(model: Any, name: str) -> Callable[[], Any]:
    """Fit an estimator; return the call that predicts, probabilities if it can."""
    model.fit(X, LABELS if "Classifier" in name else VALUES)
    return lambda: (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X[:5])


def _estimator(name: str, rate: float) -> Callable[[], Any]:
    limit = {"max_iter": 60} if "Boosting" in name else {"epochs": 5}
    return _fit(getattr(st, name)(**limit, learning_rate=rate, random_state=0), name)


def _search(name: str, rate: float) -> Callable[[], Any]:
    kind, estimator = getattr(st, name), st.MLPRegressor(epochs=3, optimizer="sgd", random_state=0)
    options = {argument: 1 for argument in ("random_state", "n_iter") if argument in inspect.signature(kind).parameters}
    return _fit(kind(estimator, {"learning_rate": [rate]}, cv=2, verbose=0, **options), name)


def _automl(name: str, rate: float) -> Callable[[], Any]:
    """It chooses its learning rates; another scale of the values is what may spoil them."""
    model = getattr(st, name)(n_trials=2, cv=2, n_jobs=1, random_state=0, verbose=0, families=["linear", "trees"])
    model.fit(X, LABELS if "Classifier" in name else VALUES * rate)
    return lambda: model.predict_proba(X) if "Classifier" in name else model.predict(X) / rate


def _sequential(name: str, rate: float) -> Callable[[], Any]:
    model = st.Sequential([st.Dense(4, "relu"), st.Dense(1)])
    model.compile(st.SGD(rate))
    model.fit(X, VALUES, epochs=5, verbose=0)
    return lambda: model.predict(X)


def _translator(name: str, rate: float) -> Callable[[], Any]:
    vocabulary = st.text.Vocabulary(["a b"])
    model = st.Seq2Seq(vocabulary, vocabulary, embedding=2, units=2)
    model.compile(st.SGD(rate))
    model.fit([("a b", "b a"), ("b", "a")], epochs=5, verbose=0)
    return lambda: len(model.translate("a b"))


def _recognizer(name: str, rate: float) -> Callable[[], Any]:
    model = st.SpeechRecognizer("ab", st.speech.Features(n_mels=3, kind="log_mel", rate=4000), units=2)
    model.compile(st.SGD(rate))
    model.fit([X[:9], X[9:20]], ["ab", "b"], epochs=5, verbose=0)
    return lambda: (len(model.transcribe(X[:9])), *model.log_probabilities([X[:9]])[0].ravel() / FAR)


MAKERS = {  # by a part of the name
    "MLP": _estimator, "Network": _estimator, "Boosting": _estimator, "CV": _search, "Auto": _automl,
    "Sequential": _sequential, "Seq2Seq": _translator, "Recognizer": _recognizer}
PUBLIC = sorted(name for name in st.__all__ if inspect.isclass(getattr(st, name)) and hasattr(getattr(st, name), "fit")
                and any(hasattr(getattr(st, name), verb) for verb in ("predict", "translate", "transcribe")))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rate", [1e-3, 0.1, 10.0, 1e3])
@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.slow] * any(part in name for part in ("Auto", "Seq2Seq", "Recognizer", "CV")))
    for name in PUBLIC])
def test_whatever_the_learning_rate_no_nonsense_is_silent(name: str, rate: float) -> None:
    (maker,) = (maker for part, maker in MAKERS.items() if part in name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = np.asarray(maker(name, rate)(), np.float64)
        except ValueError as problem:
            assert rate > 1.0 and ("diverged" in str(problem) or "failed" in str(problem))
            return
    said = any(warning.category is st.DivergenceWarning or "diverged" in str(warning.message) for warning in caught)
    assert np.isfinite(found).all() and (said or np.abs(found).max() < FAR)


@pytest.mark.parametrize(("model", "iterations"), [
    (st.HistGradientBoostingRegressor(learning_rate=3.0), 100),
    (st.HistGradientBoostingRegressor(learning_rate=1e300), 0),  # those with a finite loss are kept
    (st.MLPRegressor(learning_rate=10.0, epochs=2, random_state=0), 2),
], ids=str)
def test_a_training_that_ends_far_above_its_start_has_diverged(model: Any, iterations: int) -> None:
    with pytest.warns(st.DivergenceWarning, match="training diverged: the loss .* try a smaller learning_rate than 1?"):
        model.fit(X, VALUES)
    assert np.isfinite(model.predict(X)).all() and model.n_iter_ == iterations


def test_a_network_that_goes_on_from_a_small_loss_has_not_diverged() -> None:
    model = st.Sequential([st.Dense(1)], "float64")
    model.compile(st.SGD(0.1))
    model.fit(X, VALUES, epochs=100, verbose=0)
    model.compile(st.Adam(0.01))
    before = model.evaluate(X, VALUES)["loss"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = model.fit(X, VALUES, epochs=1, verbose=0)
    assert history.history["loss"][0] > 100 * before


def test_an_output_that_is_not_finite_is_refused() -> None:
    """Each number of the model is finite; their product is not."""
    model = st.Sequential([st.Dense(1, use_bias=False), st.Dense(1, use_bias=False)])
    model.build((None, 1))
    model.set_weights([np.full((1, 1), 1e30)] * 2)
    with pytest.raises(ValueError, match="the model predicts inf, which is no finite number: its training has"):
        model.predict(np.ones((1, 1)))
