"""Boosted trees: a tree worked out by hand, properties, and scikit-learn's as an oracle."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
VALUES = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * RNG.normal(size=300)
LABELS = np.digitize(VALUES, [-0.5, 0.5])
Regressor, Classifier = st.HistGradientBoostingRegressor, st.HistGradientBoostingClassifier


def models(**arguments: Any) -> Iterator[tuple[Any, np.ndarray]]:
    """A regressor, a classifier of two classes and one of three, with their targets."""
    yield Regressor(max_iter=20, random_state=0, **arguments), VALUES
    yield Classifier(max_iter=20, random_state=0, **arguments), np.array(["no", "yes"])[(VALUES > 0).astype(int)]
    yield Classifier(max_iter=10, random_state=0, **arguments), LABELS


def outputs(model: Any, rows: np.ndarray) -> np.ndarray:
    """Values, or probabilities."""
    return np.asarray(model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows))


# By hand --------------------------------------------------------------------------------------------------------------


def test_one_split_worked_out_by_hand() -> None:
    # The mean is 3; the residuals are -3, -1, 4. The best split is after the second row: scores (-4)^2 / 2 + 4^2 / 1.
    model = Regressor(max_iter=1, min_samples_leaf=1, max_leaf_nodes=2, learning_rate=0.5)
    rows = np.array([[0.0], [1.0], [2.0]])
    model.fit(rows, [0.0, 2.0, 7.0])
    assert model.predict(rows).tolist() == [3.0 - 0.5 * 2.0, 3.0 - 0.5 * 2.0, 3.0 + 0.5 * 4.0]
    assert model.train_score_.tolist() == pytest.approx([-(9 + 1 + 16) / 6, -(4 + 0 + 4) / 6])


def test_l2_shrinks_the_leaves() -> None:
    model = Regressor(max_iter=1, min_samples_leaf=1, max_leaf_nodes=2, learning_rate=1.0, l2_regularization=1.0)
    assert model.fit([[0.0], [1.0]], [-2.0, 2.0]).predict([[0.0], [1.0]]).tolist() == [-1.0, 1.0]


def test_missing_values_go_where_the_loss_decreases_more() -> None:
    rows = np.array([[0.0]] * 5 + [[1.0]] * 5 + [[np.nan]] * 5)
    for high in (0.0, 1.0):
        y = np.where(rows[:, 0] == high, 1.0, 0.0)
        y[10:] = 1.0
        model = Regressor(max_iter=1, min_samples_leaf=1, max_leaf_nodes=2, learning_rate=1.0).fit(rows, y)
        np.testing.assert_allclose(model.predict(rows), y, atol=1e-6)


def test_a_value_missing_only_at_prediction_goes_to_the_larger_child() -> None:
    tree: dict[str, Any] = {"max_iter": 1, "min_samples_leaf": 1, "max_leaf_nodes": 2, "learning_rate": 1.0}
    for zeros in (8, 2):  # of ten rows
        model = Regressor(**tree).fit([[0.0]] * zeros + [[1.0]] * (10 - zeros), [0.0] * zeros + [1.0] * (10 - zeros))
        assert model.predict([[np.nan]])[0] == pytest.approx(float(zeros < 5), abs=1e-6)


def test_one_split_separates_any_set_of_categories() -> None:
    category = np.repeat(np.arange(40.0), 12)
    y = np.isin(category, [1, 5, 17, 30]).astype(float)
    tree: dict[str, Any] = {"max_iter": 1, "min_samples_leaf": 5, "max_leaf_nodes": 2, "learning_rate": 1.0}
    model = Regressor(categorical_features=[0], **tree).fit(category[:, None], y)
    np.testing.assert_allclose(model.predict(category[:, None]), y, atol=1e-6)
    numbers = Regressor(**tree).fit(category[:, None], y)
    assert model.score(category[:, None], y) > numbers.score(category[:, None], y) + 0.5
    unknown = model.predict([[99.0], [np.nan]])
    np.testing.assert_allclose(unknown, 0.0, atol=1e-6)  # with the larger child


# Properties -----------------------------------------------------------------------------------------------------------


def test_the_training_loss_never_increases() -> None:
    for model, y in models():
        assert (np.diff(model.fit(X, y).train_score_) >= 0.0).all()


def test_the_order_of_the_columns_does_not_matter() -> None:
    order = [2, 0, 3, 1]
    model = Regressor(max_iter=5).fit(X, VALUES)
    np.testing.assert_allclose(model.predict(X), Regressor(max_iter=5).fit(X[:, order], VALUES).predict(X[:, order]))


def test_rows_with_weight_0_are_left_out() -> None:
    kept = RNG.random(300) < 0.7
    for model, y in models():
        expected = outputs(model.fit(X[kept], y[kept]), X)
        assert np.array_equal(outputs(model.fit(X, y, sample_weight=kept.astype(float)), X), expected)


def test_a_weight_of_two_is_two_rows() -> None:
    twice = np.concatenate([np.arange(300), np.arange(100)])
    weight, rows = np.bincount(twice).astype(float), np.round(X, 1)  # few values, so that the bins are the same
    arguments: dict[str, Any] = {"max_iter": 10, "min_samples_leaf": 1, "max_leaf_nodes": 4, "l2_regularization": 1.0}
    one = Regressor(**arguments).fit(rows, VALUES, weight)
    two = Regressor(**arguments).fit(rows[twice], VALUES[twice])
    np.testing.assert_allclose(one.predict(rows), two.predict(rows), atol=1e-4)


def test_the_same_seed_gives_the_same_bits_in_any_thread() -> None:
    def fitted(_: int) -> np.ndarray:
        return Regressor(max_iter=10, max_features=0.5, random_state=3).fit(X, VALUES).predict(X)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(fitted, range(4)))
    assert all(np.array_equal(result, fitted(0)) for result in results)
    other = Regressor(max_iter=10, max_features=0.5, random_state=4).fit(X, VALUES)
    assert not np.array_equal(other.predict(X), results[0])


def test_the_trees_of_the_next_seed_are_not_the_same_a_tree_later() -> None:
    forests = [Regressor(max_iter=40, max_features=0.25, max_leaf_nodes=2, random_state=seed).fit(X, VALUES).forest_
               for seed in (0, 1)]
    first, second = (forest.nodes.links[forest.starts[:-1], 0] for forest in forests)  # the column of each root
    assert np.mean(first[1:] == second[:-1]) < 0.6  # 0.25 by chance


def test_limits_of_a_tree() -> None:
    model = Regressor(max_iter=3, max_depth=2, min_samples_leaf=10, max_leaf_nodes=None).fit(X, VALUES)
    assert np.diff(model.forest_.starts).max() <= 7
    model = Regressor(max_iter=1, min_samples_leaf=1, max_leaf_nodes=None, learning_rate=1.0).fit(X, VALUES)
    assert model.score(X, VALUES) > 0.999
    rows = np.arange(8.0)[:, None]  # of targets that grow fourfold the last row is split off each time
    for depth in (1, 2, 3):
        model = Regressor(max_iter=1, max_depth=depth, max_leaf_nodes=8, min_samples_leaf=1)
        model.fit(rows, 4.0 ** rows[:, 0])
        assert len(set(model.predict(rows))) == depth + 1


def test_children_are_the_same_without_room_for_histograms(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Regressor(max_iter=5).fit(X, VALUES).predict(X)
    monkeypatch.setattr("scratchtune.tables.trees.tree.MOST_BYTES", 1)
    np.testing.assert_allclose(Regressor(max_iter=5).fit(X, VALUES).predict(X), expected)


def test_balanced_classes() -> None:
    y = VALUES > 1.5
    plain, balanced = Classifier(max_iter=1).fit(X, y), Classifier(max_iter=1, class_weight="balanced").fit(X, y)
    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.2


# Files ----------------------------------------------------------------------------------------------------------------


def test_saved_and_loaded(tmp_path: Path) -> None:
    for model, y in models(categorical_features=[1]):
        model.fit(np.round(X), y).save(tmp_path / "model.npz")
        loaded = st.load_model(tmp_path / "model.npz")
        assert np.array_equal(outputs(loaded, X), outputs(model, X)) and loaded.n_iter_ == model.n_iter_


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    Regressor(max_iter=2).fit(X, VALUES).save(path)
    with np.load(path) as file:
        content = dict(file)
    for name, change in (("links", 99), ("starts", 1), ("value", np.nan)):
        changed = content[name].copy()
        changed.flat[0] = change
        np.savez(path, **{**content, name: changed})
        with pytest.raises(ValueError, match="damaged"):
            st.load_model(path)


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "message"), [
    ({"learning_rate": 0.0}, "learning_rate is 0.0"), ({"max_bins": 256}, "max_bins is 256"),
    ({"max_leaf_nodes": 1}, "max_leaf_nodes is 1"), ({"categorical_features": [4]}, "categorical_features is 4"),
    ({"categorical_features": ["a"]}, "categorical_features is"), ({"max_features": 0.0}, "max_features is 0.0"),
])
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        Regressor(**arguments).fit(X, VALUES)


def test_bad_data() -> None:
    for rows, y, message in [
        (np.where(X > 2.0, np.inf, X), VALUES, "X holds infinity"), (X, np.full(300, 1e300), "y holds 1e"),
        (X, np.column_stack([VALUES, VALUES]), "y has shape"), (X, None, "requires y"),
    ]:
        with pytest.raises(ValueError, match=message):
            Regressor().fit(rows, y)
    with pytest.raises(ValueError, match="y holds one class"):
        Classifier().fit(X, np.zeros(300, int))


# scikit-learn ---------------------------------------------------------------------------------------------------------


def test_the_splits_and_values_of_scikit_learn() -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(5)
    rows = rng.integers(0, 6, (400, 3)).astype(float)
    rows[rng.random(400) < 0.2, 1] = np.nan
    values = rows[:, 0] * 2.0 - np.nan_to_num(rows[:, 1], nan=4.0) + rng.normal(size=400)
    arguments: dict[str, Any] = {"max_iter": 1, "learning_rate": 1.0, "l2_regularization": 0.5}
    for name, y in (("Regressor", values), ("Classifier", values > 2.0), ("Classifier", np.digitize(values, [0, 4]))):
        own = getattr(st, f"HistGradientBoosting{name}")(**arguments).fit(rows, y)
        other = getattr(ensemble, f"HistGradientBoosting{name}")(**arguments).fit(rows, y)
        np.testing.assert_allclose(outputs(own, rows), outputs(other, rows), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", pytest.param("digits", marks=pytest.mark.slow)])
def test_as_good_as_scikit_learn(name: str) -> None:
    pytest.importorskip("sklearn")
    from sklearn import datasets, ensemble
    from sklearn.model_selection import train_test_split

    rows, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    train, test, target, expected = train_test_split(rows[:900], y[:900], random_state=0)
    kind, arguments = "Regressor" if name == "diabetes" else "Classifier", {"max_iter": 30}
    own = getattr(st, f"HistGradientBoosting{kind}")(**arguments).fit(train, target)
    other = getattr(ensemble, f"HistGradientBoosting{kind}")(**arguments).fit(train, target)
    assert own.score(test, expected) > other.score(test, expected) - 0.02
