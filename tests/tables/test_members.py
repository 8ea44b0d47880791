"""The epochs that fit into a time: none more than given, at least one, fewer where time is short."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables import members

X = np.random.default_rng(0).normal(size=(20_000, 4))
CLASSES = (np.arange(20_000) == 7).astype(int)  # one row of a rare class


def network(epochs: int = 20) -> Any:
    return st.MLPClassifier(units=4, epochs=epochs, random_state=0, verbose=0)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "seconds_a_row", lambda estimator, X, y: 1e-4)  # two seconds an epoch


def test_epochs_fit_into_the_time(timed: None) -> None:
    assert members.within(network(), X, CLASSES, 20.0).epochs == 9  # nine tenths of ten
    assert members.within(network(), X, CLASSES, 1000.0).epochs == 20
    assert members.within(network(), X, CLASSES, 0.0).epochs == 1
    assert members.within(network(), X, CLASSES, -5.0).epochs == 1


def test_short_trainings_and_trees_are_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "seconds_a_row", None)
    assert members.within(network(), X[:100], CLASSES[:100], 0.0).epochs == 20
    trees = st.HistGradientBoostingClassifier(verbose=0)
    assert members.within(trees, X, CLASSES, 0.0) is trees


def test_the_pace_is_positive_and_the_estimator_as_it_was() -> None:
    estimator = network()
    assert 0.0 < members.seconds_a_row(estimator, X, CLASSES) < 1.0
    assert estimator.epochs == 20 and not hasattr(estimator, "model_")


def test_the_first_and_the_last_target_are_among_the_rows() -> None:
    rows = members.rows_of_all(CLASSES, 1000)
    assert len(rows) == 1000 and set(CLASSES[rows]) == {0, 1} and (np.diff(rows) > 0).all()
    assert members.rows_of_all(CLASSES[:50], 1000).tolist() == list(range(50))


def test_imputed_numbers_of_trees_have_a_column_that_says_which_were_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    untrained = SimpleNamespace(fit=lambda X, y: None)
    monkeypatch.setattr("scratchtune.tables.families.Family.estimator", lambda *_: untrained)
    table, split = st.Table.from_columns({"x": [1.0, None, 3.0]}), (np.arange(3), np.arange(3))
    model = members.Folds(table, np.zeros(3), 0, [split], impute="median").fold_model({"family": "trees"}, 0, 0, None)
    assert model.features.names == ["x", "x is missing"]


class OfTwoClasses:
    """A classifier of a fold whose training rows have no row of class 1."""

    classes_ = np.array([0.0, 2.0])

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.tile([0.3, 0.7], (len(X), 1))


def test_a_class_that_a_fold_lacks_has_probability_0_and_the_others_keep_their_places() -> None:
    model = members.FoldModel(None, OfTwoClasses(), None, 3)  # type: ignore[arg-type]
    assert model.predict_matrix(X[:2]).tolist() == [[0.3, 0.0, 0.7]] * 2


def test_the_time_that_is_left_is_divided_among_the_folds_that_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands at 100 s; 12 s are left for three folds."""
    splits = [(np.arange(6)[np.arange(6) % 3 != k], np.arange(6)[np.arange(6) % 3 == k]) for k in range(3)]
    folds = members.Folds(None, np.zeros(6), 0, splits)  # type: ignore[arg-type]
    shares: list[float | None] = []

    def stopped(self: Any, params: Any, fold: int, seed: int, share: float | None, end: Any) -> Any:
        shares.append(share)
        return FoldZero()

    monkeypatch.setattr(members.Folds, "fold_model", stopped)
    monkeypatch.setattr(members.Folds, "features", lambda *_: (None, None, np.zeros((2, 1))))
    monkeypatch.setattr(members.time, "monotonic", lambda: 100.0)
    folds.member({}, 0, 112.0)
    folds.member({}, 0, 40.0)
    folds.member({}, 0)
    assert shares == [104.0, 106.0, 112.0, 100.0, 100.0, 100.0, None, None, None]


class FoldZero:
    """A model of a fold that predicts 0."""

    features = type("Of", (), {"encoding": None})

    def predict_matrix(self, X: np.ndarray) -> np.ndarray:
        return np.zeros(len(X))
