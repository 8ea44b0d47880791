"""MLPClassifier and MLPRegressor: what each argument does, weights, going on, copies, what is said of wrong input."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import DivergenceWarning
from scratchtune.core.data import QuantileScaler, RobustSmoothClipScaler
from scratchtune.core.data.scaling import MinMaxScaler, StandardScaler
from scratchtune.core.estimators import MLPClassifier, MLPRegressor
from scratchtune.core.estimators.class_weights import balanced_weights, weight_of_rows
from scratchtune.core.estimators.rows import fitted_scaler
from scratchtune.core.evaluation import train_test_split
from scratchtune.core.protocol import DataConversionWarning, NotFittedError

rng = np.random.default_rng(0)
X = rng.normal(3.0, 2.0, (60, 3))
y = (X[:, 0] + X[:, 1] > 6.0).astype(int)
TEXT = np.array(["no", "yes"])[y]
VALUES = 100.0 + X @ [1.0, -2.0, 3.0]


class Table:
    """What the estimators see of a table such as pandas's."""

    dtypes = None

    def __init__(self, array: np.ndarray, columns: Any) -> None:
        self.array, self.columns = array, columns

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.array


def classifier(**arguments: Any) -> MLPClassifier:
    return MLPClassifier(**{"random_state": 0, "epochs": 3, "units": 8, "verbose": 0, **arguments})


def regressor(**arguments: Any) -> MLPRegressor:
    return MLPRegressor(**{"random_state": 0, "epochs": 3, "units": 8, "verbose": 0, **arguments})


def theta(model: Any) -> bytes:
    """All trained parameters, as bits."""
    return model.model_.theta.tobytes()


# Worked examples ------------------------------------------------------------------------------------------------------


def test_a_classifier_by_hand() -> None:
    """Without hidden layers, one step of sgd from given rows is logistic regression's, worked out here."""
    model = classifier(hidden_layers=0, optimizer="sgd", momentum=0.0, learning_rate=0.5, epochs=1, batch_size=60,
                       weight_decay=0.0, dtype="float64").fit(X, y)
    start = classifier(hidden_layers=0, dtype="float64", learning_rate=1e-12, epochs=1, batch_size=60).fit(X, y)
    W, scaled = start.model_.get_weights()[0], (X - X.mean(axis=0)) / X.std(axis=0)
    exponentials = np.exp(scaled @ W)
    error = exponentials / exponentials.sum(axis=1, keepdims=True) - np.eye(2)[y]
    kernel, bias = model.model_.get_weights()
    np.testing.assert_allclose(kernel, W - 0.5 * scaled.T @ error / 60, atol=1e-10)
    np.testing.assert_allclose(bias, -0.5 * error.mean(axis=0), atol=1e-10)


def test_a_regressor_by_hand() -> None:
    """A linear network on scaled rows and values is least squares."""
    model = regressor(hidden_layers=0, optimizer="sgd", learning_rate=0.1, epochs=300, dtype="float64", batch_size=60,
                      weight_decay=0.0).fit(X, VALUES)
    np.testing.assert_allclose(model.predict(X), VALUES, atol=1e-4)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0) @ model.model_.get_weights()[0] + model.model_.get_weights()[1]
    np.testing.assert_allclose(model.predict(X), scaled[:, 0] * VALUES.std() + VALUES.mean())
    assert model.score(X, VALUES) > 0.9999


def test_what_fit_leaves() -> None:
    model = classifier(epochs=30, learning_rate=0.03).fit(X, TEXT)
    assert model.classes_.tolist() == ["no", "yes"] and model.n_features_in_ == 3 and model.n_iter_ == 30
    assert set(model.predict(X)) == {"no", "yes"} and model.score(X, TEXT) > 0.9
    assert len(model.history_["loss"]) == 30 and model.history_["loss"][-1] < model.history_["loss"][0]
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (60, 2) and np.allclose(probabilities.sum(axis=1), 1.0, rtol=0.0, atol=1e-15)
    assert (model.classes_[probabilities.argmax(axis=1)] == model.predict(X)).all()
    assert np.array_equal(model.predict_log_proba(X), np.log(probabilities))
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("labels", [y > 0, y * 10 - 5, y.astype(float), TEXT, TEXT.astype(object), y.tolist()])
def test_labels_of_every_kind_give_the_same_network(labels: Any) -> None:
    model = classifier().fit(X, labels)
    assert theta(model) == theta(classifier().fit(X, y))
    assert set(model.predict(X).tolist()) <= set(np.unique(labels).tolist())
    assert model.classes_.dtype == np.asarray(labels).dtype


def test_one_hot_rows_are_labels() -> None:
    assert theta(classifier().fit(X, np.eye(2)[y])) == theta(classifier().fit(X, y))
    assert classifier(epochs=20, learning_rate=0.03).fit(X, np.eye(2)[y]).score(X, np.eye(2)[y]) > 0.8


def test_several_values_at_once() -> None:
    two = np.column_stack([VALUES, 2.0 - 7.0 * VALUES])
    model = regressor(epochs=50, learning_rate=0.03).fit(X, two)
    assert model.n_outputs_ == 2 and model.predict(X).shape == (60, 2) and model.score(X, two) > 0.9
    assert regressor().fit(X, VALUES[:, None]).predict(X).shape == regressor().fit(X, VALUES).predict(X).shape == (60,)


# Every argument takes effect ------------------------------------------------------------------------------------------

EFFECTS: dict[str, Any] = {
    # the optimizer's
    "optimizer": "rmsprop", "learning_rate": 0.01, "decay": 0.1, "batch_size": 7, "epochs": 4, "random_state": 1,
    # the structure
    "hidden_layers": 2, "units": 9, "activation": "tanh", "dtype": "float64",
    # regularisation
    "l1": 0.01, "l2": 0.01, "weight_decay": 0.3, "dropout": 0.3, "early_stopping": True,
    # the data
    "scale": "minmax", "augment": 0.1,
    # a stronger training
    "schedule": "cosine_log", "averaging": 0.9,
}


@pytest.mark.parametrize("name", EFFECTS)
@pytest.mark.parametrize(("make", "target"), [(classifier, y), (regressor, VALUES)], ids=["classifier", "regressor"])
def test_every_argument_takes_effect(name: str, make: Callable[..., Any], target: np.ndarray) -> None:
    changed = make(**{name: EFFECTS[name]}).fit(X, target)
    assert not np.array_equal(changed.model_.predict(X.astype("float32")), make().fit(X, target).model_.predict(X))
    assert changed.predict(X).shape == (60,)


@pytest.mark.parametrize(("name", "value", "base"), [
    ("momentum", 0.5, {"optimizer": "sgd"}), ("class_weight", {1: 3.0}, {}), ("class_weight", "balanced", {}),
    ("label_smoothing", 0.1, {}), ("scale", "robust", {}), ("scale", "quantile", {}), ("schedule", "linear", {}),
    ("validation_fraction", 0.4, {"early_stopping": True}), ("units", (8, 9), {"hidden_layers": 2}),
    ("patience", 1, {"early_stopping": True, "learning_rate": 0.3, "epochs": 40, "batch_size": 4})])
def test_arguments_that_belong_to_others(name: str, value: Any, base: dict[str, Any]) -> None:
    assert theta(classifier(**base, **{name: value}).fit(X, y)) != theta(classifier(**base).fit(X, y))


def test_momentum_is_of_sgd_alone_and_verbose_changes_nothing() -> None:
    plain = theta(classifier().fit(X, y))
    assert plain == theta(classifier(momentum=0.1).fit(X, y)) == theta(classifier(verbose=1).fit(X, y))


def test_the_network_that_the_arguments_describe() -> None:
    model = classifier(units=(5, 4), activation="tanh", dropout=0.5, augment=0.1, l1=1e-3, l2=1e-2).fit(X, y)
    assert [type(layer).__name__ for layer in model.model_.layers] == [
        "GaussianNoise", "Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert [weights.shape for weights in model.model_.get_weights()] == [(3, 5), (5,), (5, 4), (4,), (4, 2), (2,)]
    assert (model.model_.penalty.l1, model.model_.penalty.l2) == (1e-3, 1e-2)
    assert theta(classifier(units=(8, 8)).fit(X, y)) == theta(classifier(units=8, hidden_layers=2).fit(X, y))
    assert theta(classifier(units=[8, 8], hidden_layers=2).fit(X, y)) == theta(classifier(units=(8, 8)).fit(X, y))
    assert len(regressor(hidden_layers=0).fit(X, VALUES).model_.layers) == 1
    assert len(regressor().fit(X, VALUES).model_.layers) == 2  # without noise and dropout


def test_a_schedule_is_a_learning_rate() -> None:
    halved = st.schedules.ExponentialDecay(0.01, decay_steps=1, decay_rate=0.5)
    assert theta(classifier(learning_rate=halved).fit(X, y)) != theta(classifier(learning_rate=0.01).fit(X, y))


def test_noise_and_dropout_are_for_training_only() -> None:
    model = classifier(augment=5.0, dropout=0.5).fit(X, y)
    assert np.array_equal(model.predict_proba(X), model.predict_proba(X))
    kernel, bias, last, last_bias = model.model_.get_weights()
    by_hand = np.maximum(model.scaler_.transform(X) @ kernel + bias, 0.0) @ last + last_bias
    np.testing.assert_allclose(model.predict_log_proba(X)[:, 1] - model.predict_log_proba(X)[:, 0],
                               by_hand[:, 1] - by_hand[:, 0], atol=1e-4)


# Scaling --------------------------------------------------------------------------------------------------------------


def test_rows_and_values_are_scaled_as_scale_says() -> None:
    standard, ranged = regressor().fit(X, VALUES), regressor(scale="minmax").fit(X, VALUES)
    assert np.allclose(standard.scaler_.mean_, X.mean(axis=0))
    assert np.allclose(standard.target_scaler_.scale_, VALUES.std())
    assert np.allclose(ranged.scaler_.data_max_, X.max(axis=0))
    assert np.allclose(ranged.target_scaler_.data_min_, VALUES.min())
    raw = regressor(scale=None).fit(X, VALUES)
    assert raw.scaler_ is None and raw.target_scaler_ is None
    assert np.array_equal(raw.predict(X), raw.model_.predict(X)[:, 0].astype(np.float64))


@pytest.mark.parametrize(("scale", "scaler"), [
    ("standard", StandardScaler), ("minmax", MinMaxScaler), ("robust", RobustSmoothClipScaler),
    ("quantile", QuantileScaler)])
def test_scaling_within_equals_scaling_before(scale: str, scaler: type) -> None:
    inside = classifier(scale=scale).fit(X, y)
    assert theta(inside) == theta(classifier(scale=None).fit(scaler().fit_transform(X), y))


def test_units_of_the_values_do_not_matter() -> None:
    """Values in thousandths give the same network, and predictions in thousandths."""
    small, large = regressor().fit(X, VALUES), regressor().fit(X, 1024.0 * VALUES)
    assert theta(small) == theta(large) and np.array_equal(1024.0 * small.predict(X), large.predict(X))


@pytest.mark.parametrize("scale", ["standard", "minmax", "quantile"])
def test_a_constant_column_and_constant_values_are_no_trouble(scale: str, tmp_path: Path) -> None:
    """A model that was read from a file predicts, too. Values a hundred rounding errors apart count as constant."""
    constant = np.column_stack([X, np.full(60, 7.0)])
    for values in (np.full(60, 5000.0), 5000.0 + 1e-10 * y):
        regressor(epochs=100, scale=scale).fit(constant, values).save(tmp_path / "model.npz")
        assert st.load_model(tmp_path / "model.npz").predict(constant) == pytest.approx(5000.0, abs=0.5)


# Weights --------------------------------------------------------------------------------------------------------------

TWICE = np.arange(60) % 3 == 0
REPEATED = np.concatenate([np.arange(60), np.flatnonzero(TWICE)])


@pytest.mark.parametrize(("make", "target"), [
    (classifier, y), (regressor, VALUES), (lambda **given: classifier(class_weight="balanced", **given), y),
    (lambda **given: classifier(scale="minmax", l2=0.01, **given), y)])
def test_a_weight_of_two_is_the_row_twice(make: Callable[..., Any], target: np.ndarray) -> None:
    """In a full batch, bit for bit, in whatever order the rows come."""
    weighted = make(batch_size=200).fit(X, target, sample_weight=1.0 + TWICE)
    repeated = make(batch_size=200).fit(X[REPEATED], target[REPEATED])
    shuffled = rng.permutation(REPEATED)
    assert theta(weighted) == theta(repeated) == theta(make(batch_size=200).fit(X[shuffled], target[shuffled]))
    assert np.array_equal(weighted.predict(X), repeated.predict(X))


@pytest.mark.parametrize(("batch_size", "same"), [(8, False), (120, True)])
def test_equal_rows_are_merged_in_a_full_batch_alone(batch_size: int, same: bool) -> None:
    """With batches of 8, 120 rows of which 60 are different are 15 steps, and the 60 are 8."""
    twice = classifier(batch_size=batch_size).fit(np.repeat(X, 2, axis=0), np.repeat(y, 2))
    assert (theta(twice) == theta(classifier(batch_size=batch_size).fit(X, y))) == same


@pytest.mark.parametrize("batch_size", [8, 200])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_weight_of_zero_is_no_row(batch_size: int, early_stopping: bool) -> None:
    given = {"batch_size": batch_size, "early_stopping": early_stopping}
    weighted = classifier(**given).fit(X, y, sample_weight=1.0 * ~TWICE)
    assert theta(weighted) == theta(classifier(**given).fit(X[~TWICE], y[~TWICE]))


def test_weights_are_relative() -> None:
    weight = rng.uniform(0.5, 2.0, 60)
    plain, scaled = classifier().fit(X, y, sample_weight=weight), classifier().fit(X, y, sample_weight=4.0 * weight)
    assert theta(plain) == theta(scaled) != theta(classifier().fit(X, y))
    assert plain.scaler_.n_samples_seen_ == pytest.approx(60.0)
    assert theta(classifier().fit(X, y, sample_weight=np.full(60, 3.0))) == theta(classifier().fit(X, y))
    assert theta(classifier().fit(X, y, sample_weight=3.0)) == theta(classifier().fit(X, y))


def test_class_weights_are_sample_weights() -> None:
    by_class = classifier(class_weight={"yes": 3.0}).fit(X, TEXT)
    assert theta(by_class) == theta(classifier().fit(X, TEXT, sample_weight=np.where(y, 3.0, 1.0)))
    balanced = balanced_weights(np.bincount(y).astype(float))
    by_hand = classifier().fit(X, y, sample_weight=balanced[y])
    assert theta(classifier(class_weight="balanced").fit(X, y)) == theta(by_hand)
    assert balanced[y].mean() == pytest.approx(1.0)
    assert balanced * np.bincount(y) == pytest.approx([30.0, 30.0])


def test_the_scaler_of_rows_has_their_weighted_mean_or_quantiles_or_the_whole_range() -> None:
    weight = np.arange(60.0)
    later = fitted_scaler("quantile", X, np.repeat([0.0, 1.0], 30)).transform(X[30:])
    assert np.array_equal(later, fitted_scaler("quantile", X[30:], np.ones(30)).transform(X[30:]))
    np.testing.assert_allclose(fitted_scaler("standard", X, weight).mean_, np.average(X, axis=0, weights=weight))
    assert (fitted_scaler("minmax", X, weight).data_min_ == X.min(axis=0)).all()


@pytest.mark.parametrize(("class_weight", "expected"), [
    (None, [1.0, 1.0, 1.0, 1.0]), ({"b": 2.0}, [1.0, 1.0, 2.0, 1.0]), ({"c": 0.0}, [1.0, 1.0, 1.0, 0.0]),
    ("balanced", [10 / 12, 10 / 12, 10 / 4, 10 / 12])])
def test_the_weight_of_each_rows_class_by_hand(class_weight: Any, expected: list[float]) -> None:
    """The classes weigh 3, 1, 0 and 0: those without weight, one of which has no row, count as much as the largest."""
    codes, weight = np.array([0, 0, 1, 2]), np.array([1.0, 2.0, 1.0, 0.0])
    found = weight_of_rows(class_weight, np.array(["a", "b", "c", "d"]), codes, weight)
    np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_a_heavy_class_is_predicted_more_often() -> None:
    light, heavy = classifier(class_weight={1: 0.05}).fit(X, y), classifier(class_weight={1: 20.0}).fit(X, y)
    assert heavy.predict(X).sum() > light.predict(X).sum()


# Early stopping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [np.ones(60), 1.0 + np.arange(60) % 4])
def test_early_stopping_by_hand(weight: np.ndarray) -> None:
    """A stratified, weighted tenth decides, nothing of it reaches the scaler, and the best weights come back."""
    model = classifier(early_stopping=True, learning_rate=0.3, epochs=60, patience=4, batch_size=8).fit(X, y, weight)
    Xt, Xv, yt, yv, wt, wv = train_test_split(X, y, weight, test_size=6, random_state=0, stratify=y)
    assert abs(yv.mean() - y.mean()) <= 0.1
    assert np.allclose(model.scaler_.mean_, np.average(Xt, axis=0, weights=wt))
    losses = model.history_["val_loss"]
    best = int(np.argmin(losses))
    assert model.n_iter_ == len(losses) == best + 1 + 4 < 60
    each = -np.log(model.predict_proba(Xv)[np.arange(6), yv])
    assert np.average(each, weights=wv) == pytest.approx(losses[best], rel=1e-5)


@pytest.mark.parametrize(("counts", "rows", "is_stratified"), [
    ([2, 4], 2, True), ([2, 4], 1, False), ([1, 5], 2, False)])
def test_the_validation_split_is_stratified_where_each_class_fits_into_both_parts(
    counts: list[int], rows: int, is_stratified: bool,
) -> None:
    target = np.repeat([0, 1], counts)
    assert classifier().strata(target, rows) is (target if is_stratified else None)


def test_early_stopping_of_a_regressor() -> None:
    model = regressor(early_stopping=True, learning_rate=0.3, epochs=60, patience=4, batch_size=8).fit(X, VALUES)
    Xt, Xv, vt, vv = train_test_split(X, VALUES, test_size=6, random_state=0)
    assert np.allclose(model.target_scaler_.mean_, vt.mean())
    errors = ((model.predict(Xv) - vv) / vt.std()) ** 2
    assert errors.mean() == pytest.approx(min(model.history_["val_loss"]), rel=1e-4)


def test_early_stopping_on_few_rows() -> None:
    three = [0, 1, 2, 0, 1, 2]
    assert classifier(early_stopping=True).fit(X, [2, *y[1:]]).n_iter_ == 3  # one row cannot be in both parts
    assert classifier(early_stopping=True).fit(X[:6], three).n_iter_ == 3  # one row cannot hold three classes
    with pytest.raises(ValueError, match=r"validation_fraction is 0.95 and there are 6 rows .* early_stopping=False"):
        classifier(early_stopping=True, validation_fraction=0.95).fit(X[:6], three)


# Going on -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [
    {}, {"batch_size": 100}, {"optimizer": "sgd", "decay": 0.1, "dropout": 0.2, "augment": 0.1, "l2": 0.01}])
@pytest.mark.parametrize("weight", [None, np.arange(60) % 4])
def test_partial_fit_is_one_epoch(given: dict[str, Any], weight: Any) -> None:
    """k calls on the same rows are a fit of k epochs, bit for bit."""
    model, values = classifier(class_weight="balanced", **given), regressor(**given)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1], sample_weight=weight)
        values.partial_fit(X, VALUES, sample_weight=weight)
    whole = classifier(class_weight="balanced", **given).fit(X, y, weight)
    assert theta(model) == theta(whole) and model.history_ == whole.history_ and model.n_iter_ == 3
    assert theta(values) == theta(regressor(**given).fit(X, VALUES, weight))


def test_partial_fit_goes_on_after_fit_and_fit_starts_anew() -> None:
    model = classifier(epochs=2).fit(X, y).partial_fit(X, y)
    assert theta(model) == theta(classifier(epochs=3).fit(X, y))
    assert theta(model.fit(X, y)) == theta(classifier(epochs=2).fit(X, y))


@pytest.mark.parametrize(("rows", "scale", "told"), [(1, "standard", 1), (1, None, 0), (2, "standard", 0)])
def test_a_scaler_that_is_fitted_to_one_row_is_warned_of(rows: int, scale: str | None, told: int) -> None:
    with warnings.catch_warnings(record=True) as messages:
        warnings.simplefilter("always")
        classifier(scale=scale).partial_fit(X[:rows], y[:rows], classes=[0, 1])
    assert ["has one row" in str(message.message) for message in messages] == [True] * told


def test_partial_fit_after_a_schedule_keeps_the_penalty_and_the_rate() -> None:
    model = classifier(schedule="cosine", learning_rate=0.01, l1=0.01, l2=0.02, epochs=2).fit(X, y).partial_fit(X, y)
    assert repr(model.model_.penalty) == "L1L2(l1=0.01, l2=0.02)" and model.model_.optimizer.learning_rate == 0.01


def test_partial_fit_on_parts() -> None:
    model = classifier(learning_rate=0.03).partial_fit(X[:20], TEXT[:20], classes=["yes", "no", "perhaps"])
    first = model.scaler_.mean_.copy()
    for _ in range(20):
        model.partial_fit(X[20:40], TEXT[20:40]).partial_fit(X[40:41], TEXT[40:41])
    assert np.array_equal(model.scaler_.mean_, first) and model.predict_proba(X).shape == (60, 3)
    assert model.score(X, TEXT) > 0.7


# Names, random states, copies -----------------------------------------------------------------------------------------


def test_names_of_columns() -> None:
    table, other = Table(X, ["a", "b", "c"]), Table(X, ["a", "c", "b"])
    model = classifier().fit(table, y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(table)
    with pytest.raises(ValueError, match="same order as they were in fit"):
        model.predict(other)
    with pytest.raises(ValueError, match="unseen at fit time:\n- d\n.*now missing:\n- c"):
        model.predict(Table(X, ["a", "b", "d"]))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    with pytest.warns(UserWarning, match="X has feature names"):
        classifier().fit(X, y).predict(table)
    with pytest.raises(TypeError, match="only supported if all input features have string names"):
        classifier().fit(Table(X, ["a", 1, 2]), y)
    assert not hasattr(model.fit(X, y), "feature_names_in_")


def test_random_states() -> None:
    assert theta(classifier(random_state=5).fit(X, y)) == theta(classifier(random_state=np.int32(5)).fit(X, y))
    assert theta(classifier(random_state=None).fit(X, y)) != theta(classifier(random_state=None).fit(X, y))
    state = np.random.RandomState(0)
    model = classifier(random_state=state)
    first = theta(model.fit(X, y))
    assert first != theta(model.fit(X, y))
    assert first == theta(classifier(random_state=np.random.RandomState(0)).fit(X, y))
    assert classifier(random_state=2**62, early_stopping=True).fit(X, y).n_iter_ == 3


def test_the_global_random_state_is_left_alone() -> None:
    np.random.seed(3)
    before = np.random.get_state()[1].tobytes()  # type: ignore[union-attr]
    classifier(random_state=None).fit(X, y)
    assert np.random.get_state()[1].tobytes() == before  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes(dtype: str) -> None:
    model = regressor(dtype=dtype).fit(X.astype("float32"), VALUES)
    assert model.model_.theta.dtype == dtype and model.predict(X).dtype == np.float64
    assert model.predict(X[:1].astype(int)).shape == (1,)


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
def test_copies_have_the_same_bits_and_go_on_alike(copied: Callable[[Any], Any]) -> None:
    model = classifier(augment=0.1, dropout=0.2).fit(X, TEXT)
    other = copied(model)
    assert np.array_equal(model.predict_proba(X), other.predict_proba(X)) and other.get_params() == model.get_params()
    assert theta(model.partial_fit(X, TEXT)) == theta(other.partial_fit(X, TEXT)) and repr(model) == repr(other)


def test_fit_changes_no_argument_and_no_data() -> None:
    model, rows, labels = classifier(units=[3, 4], class_weight={"no": 2.0}), X.copy(), TEXT.copy()
    before = copy.deepcopy(model.get_params())
    model.fit(rows, labels)
    assert model.get_params() == before and np.array_equal(rows, X) and np.array_equal(labels, TEXT)


def test_parameters() -> None:
    model = MLPClassifier(2, (3, 4), l2=0.1)
    assert repr(model) == "MLPClassifier(hidden_layers=2, units=(3, 4), l2=0.1)"
    assert repr(MLPRegressor()) == "MLPRegressor()"
    assert model.set_params(epochs=7, dropout=0.5) is model and model.get_params()["epochs"] == 7
    assert type(model)(**model.get_params()).get_params() == model.get_params()
    own = MLPClassifier().get_params().keys() - MLPRegressor().get_params().keys()
    assert own == {"class_weight", "label_smoothing"}
    with pytest.raises(ValueError, match="'lerning_rate' is unknown to MLPClassifier; .* did you mean 'learning_rat"):
        model.set_params(lerning_rate=1.0)
    with pytest.raises(TypeError, match=r"MLPClassifier\(\) has no argument 'lerning_rate', did you mean 'learning_"):
        MLPClassifier(lerning_rate=1.0)  # type: ignore[call-arg]


def test_the_signature_is_that_of_the_table_of_arguments() -> None:
    """The document's arguments are there with their defaults, and only the first three are positional."""
    arguments = inspect.signature(MLPClassifier).parameters
    assert list(arguments)[:3] == ["hidden_layers", "units", "activation"]
    assert all((argument.kind is argument.KEYWORD_ONLY) == (i >= 3) for i, argument in enumerate(arguments.values()))
    assert {name: arguments[name].default for name in ("units", "dropout", "augment", "scale", "label_smoothing")} == {
        "units": 64, "dropout": 0.0, "augment": None, "scale": "standard", "label_smoothing": 0.0}
    assert not hasattr(MLPClassifier, "_") and vars(MLPClassifier()).keys() == arguments.keys()


# What is refused ------------------------------------------------------------------------------------------------------

WRONG: list[tuple[str, Any, str]] = [
    ("hidden_layers", -1, r"hidden_layers is -1; it must be an integer in \[0, 1000\]"),
    ("hidden_layers", 1.0, "hidden_layers is 1.0 .float.; it must be an integer"),
    ("units", 0, "units is 0; it must be an integer of at least 1"),
    ("units", (8, 0), "units is 0; it must be an integer of at least 1"),
    ("activation", "rely", "activation is 'rely'; it must be one of .* did you mean 'relu'?"),
    ("dropout", 1.0, r"dropout is 1.0; it must be a finite number in \[0.0, 1.0\)"),
    ("optimizer", "adm", "optimizer is 'adm'; it must be one of .* did you mean 'adam'?"),
    ("learning_rate", 0.0, "learning_rate is 0.0; it must be a finite number above 0.0"),
    ("momentum", 1, "momentum is 1; it must be"), ("decay", -1.0, "decay is -1.0; it must be"),
    ("batch_size", 0, "batch_size is 0; it must be an integer of at least 1"),
    ("epochs", 2.5, "epochs is 2.5 .float.; it must be an integer of at least 1"),
    ("l1", -1.0, "l1 is -1.0; it must be"), ("l2", "much", "l2 is 'much' .str.; it must be a finite number"),
    ("weight_decay", -0.1, "weight_decay is -0.1; it must be"),
    ("scale", "standart", "scale is 'standart'; it must be one of .* did you mean 'standard'?"),
    ("label_smoothing", 1.0, r"label_smoothing is 1.0; it must be a finite number in \[0.0, 1.0\)"),
    ("schedule", "cosin", "schedule is 'cosin'; it must be one of .* did you mean 'cosine'?"),
    ("averaging", 1.0, r"averaging is 1.0; it must be a finite number in \[0.0, 1.0\)"),
    ("augment", -1.0, "augment is -1.0; it must be"), ("augment", True, "augment is True"),
    ("early_stopping", 1, "early_stopping is 1 .int.; it must be True or False"),
    ("class_weight", "even", "class_weight is 'even'; it must be a dict from labels to numbers, 'balanced' or None"),
    ("class_weight", [1, 2], r"class_weight is \[1, 2\]; it must be a dict"),
    ("class_weight", {7: 1.0}, r"class_weight names the class 7; the classes are \[0, 1\]"),
    ("class_weight", {1: -1.0}, r"class_weight\[1\] is -1.0; it must be a finite number of at least 0"),
    ("dtype", "float16", "dtype is 'float16'; it must be one of 'float32', 'float64'"),
    ("random_state", "x", "random_state is 'x' .str.; it must be an integer, a numpy.random.RandomState or None"),
    ("random_state", -1, "random_state is -1; it must be an integer"),
    ("validation_fraction", 1.0, "validation_fraction is 1.0; it must be"),
    ("patience", 0, "patience is 0; it must be an integer of at least 1"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_wrong_arguments(name: str, value: Any, sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence) as raised:
        classifier(**{name: value}).fit(X, y)
    assert name != "class_weight" or raised.type is (TypeError if isinstance(value, list) else ValueError)
    if name not in ("class_weight", "label_smoothing"):
        with pytest.raises((ValueError, TypeError), match=sentence):
            regressor(**{name: value}).fit(X, VALUES)


def test_a_missing_value_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    rows = pandas.DataFrame({"a": pandas.array([1, None] * 30, dtype="Int64"), "b": ["1", "2"] * 30})
    with pytest.raises(ValueError, match="X holds <NA>, a missing value .*; fill it in, or take its row out"):
        classifier().fit(rows, y)


def test_units_for_other_layers() -> None:
    with pytest.raises(ValueError, match="units is empty; it must have at least one number"):
        classifier(units=()).fit(X, y)
    for layers in (0, 3):
        with pytest.raises(ValueError, match=rf"units is \(3, 4\) and hidden_layers is {layers}; a tuple has"):
            classifier(hidden_layers=layers, units=(3, 4)).fit(X, y)


@pytest.mark.parametrize(("rows", "labels", "sentence"), [
    (np.where(X > 5.0, np.nan, X), y, "X holds NaN, first at"), (np.where(X > 5.0, np.inf, X), y, "X holds infinity"),
    ([["red"]] * 60, y, "X holds text or empty cells"), (X[:, 0], y, "Reshape your data"),
    (np.array([[1.0, "<NA>"]] * 60), y, "X holds text or empty cells"),
    ([[1.0, 2.0], [3.0]] * 30, y, "X has rows of unequal length; it must be a rectangular array of numbers"),
    (X, y + 0j, "y holds values of type complex128 .*; labels must be integers, booleans or text"),
    (X, [[1], [1, 2]] * 30, "y has rows of unequal length"),
    (X[:0], y[:0], "0 sample"), (X[:, :0], y, "0 feature"), (X * 1e300, y, "X holds .*, too large to scale"),
    (X, None, "requires y to be passed"), (X, y[:-1], "y has 59 rows and X has 60"),
    (X, np.zeros(60), r"y holds one class, \[0.0\], in the rows .* at least two"),
    (X, VALUES, "y holds .* for a regressor.; labels must be integers, booleans or text"),
    (X, np.where(y, np.nan, 1.0), "y holds nan"), (X, [None, "a"] * 30, "y holds None, a missing label"),
    (X, np.array([np.nan, "a"] * 30, dtype=object), "y holds nan, a missing label"),
    (X, np.array([1, "a"] * 30, dtype=object), "y holds 1 and 'a' .*; labels must be all numbers or all text"),
    (X, np.ones((60, 3)), r"y has shape \(60, 3\); it must hold labels"),
])
def test_wrong_data_for_a_classifier(rows: Any, labels: Any, sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        classifier().fit(rows, labels)


@pytest.mark.parametrize(("values", "sentence"), [
    (TEXT, "y holds values of type .*; it must hold numbers"), (np.where(y, np.nan, 1.0), "y holds NaN, first at"),
    (VALUES[:-1], "y has 59 rows and X has 60"), (np.ones((60, 2, 2)), r"y has shape \(60, 2, 2\); it must be"),
    (None, "requires y to be passed")])
def test_wrong_values_for_a_regressor(values: Any, sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        regressor().fit(X, values)


@pytest.mark.parametrize(("weight", "sentence"), [
    (-np.ones(60), "least value -1; it must hold one weight of at least 0"), (np.ones(59), "each of the 60 rows"),
    (np.full(60, np.nan), "sample_weight holds NaN"), (np.zeros(60), "sample_weight holds only zeros"),
    (1.0 * y, r"y holds one class, \[1\]")])
def test_wrong_weights(weight: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        classifier().fit(X, y, sample_weight=weight)


def test_wrong_parts() -> None:
    with pytest.raises(ValueError, match="classes is None; the first call of partial_fit must name all classes"):
        classifier().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"y holds 1; it must hold the classes of the first call, \[0, 2\]"):
        classifier().partial_fit(X, y, classes=[0, 2])
    for classes, sentence in (
        ([0, 1, np.nan], "classes holds nan"), ([[0, 1]], r"classes is \[\[0, 1\]\]; it must be a list of labels"),
        (2, "classes is 2; it must be"), ([0, "a", None], "classes holds None"), ([0.5], "classes holds 0.5"),
    ):
        with pytest.raises(ValueError, match=sentence):
            classifier().partial_fit(X, y, classes=classes)
    model = classifier(class_weight={0: 0.0}).partial_fit(X, y, classes=[0, 1])
    for classes in ([0, 2], [0]):
        with pytest.raises(ValueError, match=r"classes is \[0.*\]; omit it, or give those of the first call, \[0, 1\]"):
            model.partial_fit(X, y, classes=classes)
    with pytest.raises(ValueError, match="X has 2 features, but MLPClassifier is expecting 3"):
        model.partial_fit(X[:, :2], y)
    with pytest.raises(ValueError, match="class_weight gives every row the weight 0"):
        model.partial_fit(X[y == 0], y[y == 0])
    with pytest.raises(ValueError, match="y has 2 columns; it must have 1"):
        regressor().partial_fit(X, VALUES).partial_fit(X, np.column_stack([VALUES, VALUES]))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_not_fitted(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sklearn.exceptions", raising=False)  # else the error is scikit-learn's
    with pytest.raises(ValueError, match="this MLPClassifier is not fitted yet; call fit"):
        getattr(classifier(), method)(X)
    assert issubclass(NotFittedError, (ValueError, AttributeError))
    with pytest.raises(NotFittedError):
        classifier().save("model.npz")


def test_other_rows_than_in_training() -> None:
    model = regressor().fit(X, VALUES)
    with pytest.raises(ValueError, match="X has 2 features, but MLPRegressor is expecting 3 features as input"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match="too large for float32 with scale='standard'"):
        model.predict(X * 1e300)


@pytest.mark.parametrize("fail", [
    lambda model: model.fit(X[:, :2], y[:-1]), lambda model: model.fit(X[:, :2] * 1e200, 5 * y),
    lambda model: model.fit(Table(X * 1e200, ["a", "b", "c"]), 5 * y), lambda model: model.partial_fit(X * 1e200, y),
    lambda model: model.fit(X, y, sample_weight=np.zeros(60)),
    lambda model: model.set_params(early_stopping=True, validation_fraction=0.999).fit(X, 5 * y)])
@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_failed_fit_leaves_all_as_it_was(make: Callable[..., Any], fail: Callable[[Any], Any]) -> None:
    model, fresh = make().fit(X, y), make()
    before, attributes = model.predict(X).tolist(), set(vars(model))
    for each in (model, fresh):
        with pytest.raises(ValueError):
            fail(each)
    assert model.predict(X).tolist() == before and set(vars(model)) == attributes and model.n_features_in_ == 3
    with pytest.raises(ValueError, match="is not fitted yet"):
        fresh.predict(X)
    assert not [name for name in vars(fresh) if name.endswith("_")]


def test_an_interrupted_fit_leaves_all_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    model = classifier().fit(X, y)
    before = model.predict(X).tolist()
    monkeypatch.setattr(st.Sequential, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X * 2.0, TEXT)
    assert model.predict(X).tolist() == before


def test_weights_of_any_size_are_relative() -> None:
    for size in (1e308, 1e-320):
        assert theta(classifier().fit(X, y, sample_weight=np.full(60, size))) == theta(classifier().fit(X, y))
        assert np.isfinite(regressor().fit(X, VALUES, sample_weight=np.where(y, size, 1.0)).predict(X)).all()
    heavy = classifier(class_weight={0: 1e308, 1: 1}, epochs=30, learning_rate=0.03).fit(X, y)
    assert np.isfinite(heavy.predict_proba(X)).all() and (heavy.predict(X) == 0).mean() > 0.9


def test_numbers_too_large_or_too_close_to_scale() -> None:
    for model, rows, target, sentence in (
        (classifier(dtype="float64"), X * 1e160, y, "X holds .*e.160, too large to scale"),
        (regressor(dtype="float64"), X, VALUES * 1e160, "y holds .*e.162, too large to scale"),
        (classifier(scale="minmax"), np.sign(X - 3.0) * 1.7e308, y, "X holds 1.7e.308, too large to scale"),
        (regressor(), X, VALUES * 1e-300, "y holds values that differ by .*e-299 at most, which scale="),
    ):
        with pytest.raises(ValueError, match=sentence):
            model.fit(rows, target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert regressor(scale=None).fit(X, VALUES * 1e-300).score(X, VALUES * 1e-300) == -np.inf


def test_a_column_of_labels_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="column-vector y was passed") as caught:
        classifier().fit(X, y[:, None])
    assert caught[0].category.__name__ == DataConversionWarning.__name__ and caught[0].filename == __file__


def test_a_diverged_network_says_so_and_loses_a_search() -> None:
    wild = regressor(optimizer="sgd", learning_rate=1e9, epochs=20)
    with pytest.warns(DivergenceWarning, match="try a smaller learning_rate"):
        wild.fit(X, VALUES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = st.GridSearchCV(wild, {"learning_rate": [1e9, 0.01]}, cv=3, verbose=0).fit(X, VALUES)
    assert search.best_params_ == {"learning_rate": 0.01}


# Names ----------------------------------------------------------------------------------------------------------------


def test_a_saved_file_has_the_names_that_earlier_versions_wrote() -> None:
    """They are read by name, so that a renamed attribute would make old files unreadable."""
    header, _ = regressor().fit(X, VALUES).packed()
    assert set(header) == {"class", "params", "learnt", "network"}
    assert set(header["learnt"]) == {
        "n_features_in_", "n_outputs_", "_one_dimensional", "scaler_", "target_scaler_", "history_", "n_iter_", "seed_"}
    assert set(header["learnt"]["scaler_"]) == {"scaler", "learnt"}


def test_the_seed_and_the_hidden_units_of_a_fitted_estimator() -> None:
    assert classifier(random_state=7).fit(X, y).seed_ == 7 and classifier(random_state=None).fit(X, y).seed_ >= 0
    assert classifier(hidden_layers=2, units=5).hidden_units() == [5, 5]
    assert classifier(units=(4, 3)).hidden_units() == [4, 3] and classifier(hidden_layers=0).hidden_units() == []


@pytest.mark.parametrize(("place", "value", "message"), [
    (("learnt", "scaler_"), 5, "scaler_ is 5; it must be a scaler or None"),
    (("learnt", "scaler_", "scaler"), "Robust", "scaler is 'Robust'; it must be one of 'StandardScaler'"),
    (("learnt", "scaler_", "learnt", "transform"), 5, "its StandardScaler has 'transform'; it must have"),
    (("learnt", "scaler_", "learnt", "mean_", "array"), [1.0, 2.0], "mean_ of scaler_ is float64 (2,); it must"),
    (("learnt", "scaler_", "learnt", "mean_", "array"), [[1.0, 2.0, 3.0]], "mean_ of scaler_ is float64 (1, 3); it"),
    (("learnt", "scaler_", "learnt", "scale_", "array"), [1.0, 0.0, 1.0], "scale_ of scaler_ is [1.0, 0.0, 1.0], "),
    (("learnt", "scaler_", "learnt", "var_", "array"), [1.0, -1.0, 1.0], "var_ of scaler_ is [1.0, -1.0, 1.0], "),
    (("learnt", "scaler_", "learnt", "n_features_in_"), 2, "n_features_in_ of scaler_ is 2; it must be an integer in"),
    (("learnt", "scaler_", "learnt", "n_samples_seen_"), 0, "n_samples_seen_ of scaler_ is 0; it must be a finite"),
    (("learnt", "history_", "loss"), [[1.0]], "history_ of 'loss' is float64 (1, 1); it must"),
    (("learnt", "n_features_in_"), 0, "n_features_in_ is 0; it must be an integer of at least 1"),
    (("learnt", "classes_", "array"), [1, 0], "it must hold 2 different labels in order"),
    (("learnt", "feature_names_in_"), ["a", "b"], "feature_names_in_ has 2 names; it must have 3"),
    (("learnt", "n_features_in_"), 4, "n_features_in_ is 4; the network takes (3,)"),
    (("learnt", "classes_"), [0, 1], "it must hold 2 different labels in order"),
    (("learnt", "classes_", "array"), [0, 1, 2], "it must hold 2 different labels in order"),
    (("learnt", "n_iter_"), -1, "n_iter_ is -1; it must be an integer of at least 0"),
    (("learnt", "seed_"), -1, "seed_ is -1; it must be an integer of at least 0"),
    (("class",), "os.system", "class is 'os.system'; it must be one of 'MLPClassifier', "),
    (("params", "hidden_layers"), 10**9, "hidden_layers is 1000000000; it must be an integer in [0, 1000]"),
])
def test_a_damaged_header_is_refused(place: tuple[str, ...], value: Any, message: str, tmp_path: Path) -> None:
    refuse_damaged(classifier(), place, value, message, tmp_path)


@pytest.mark.parametrize(("place", "value", "message"), [
    (("n_features_in_",), 4, "n_features_in_ is 4; the network takes (3,)"),
    (("n_outputs_",), 2, "n_outputs_ is 2; the network gives (1,)"),
    (("target_scaler_", "learnt", "scale_", "array"), [0.0], "scale_ of target_scaler_ is [0.0]")])
def test_a_damaged_header_of_a_regressor_is_refused(place: Any, value: Any, message: str, tmp_path: Path) -> None:
    refuse_damaged(regressor(epochs=1), ("learnt", *place), value, message, tmp_path)


def refuse_damaged(model: Any, place: tuple[str, ...], value: Any, message: str, tmp_path: Path) -> None:
    model.fit(X, y).save(tmp_path / "model.npz")
    parts = dict(np.load(tmp_path / "model.npz"))
    header = json.loads(str(parts["header"]))
    inner = header
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    np.savez(tmp_path / "model.npz", **{**parts, "header": np.array(json.dumps(header))})
    with pytest.raises(ValueError) as caught:
        st.load_model(tmp_path / "model.npz")
    assert "the model in it is damaged: " in str(caught.value) and message in str(caught.value)


def test_a_file_keeps_the_names_of_columns(tmp_path: Path) -> None:
    table = Table(X, ["a", "b", "c"])
    model = classifier().fit(table, y)
    model.save(tmp_path / "model.npz")
    found = st.load_model(tmp_path / "model.npz")
    assert found.feature_names_in_.tolist() == ["a", "b", "c"]
    assert np.array_equal(found.predict_proba(table), model.predict_proba(table))


@pytest.mark.parametrize(("scale", "name", "change"), [
    *(("quantile", "quantiles_", change) for change in (
        lambda q: q[::-1], lambda q: q[:0], lambda q: q[0], lambda q: q[None])), ("robust", "factor_", np.negative)])
def test_quantiles_of_a_file_ascend_and_factors_are_not_negative(
    scale: str, name: str, change: Any, tmp_path: Path,
) -> None:
    model = classifier(scale=scale).fit(X, y)
    setattr(model.scaler_, name, change(getattr(model.scaler_, name)))
    model.save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match=f"the model in it is damaged: {name} of scaler_ is"):
        st.load_model(tmp_path / "model.npz")
