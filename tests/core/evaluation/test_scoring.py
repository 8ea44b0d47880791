"""Scorers: what they ask of a model, several at once, one's own, and scikit-learn's scores by its names."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from scratchtune import metrics
from scratchtune.core.evaluation import SCORERS, cross_val_score, make_scorer
from scratchtune.core.evaluation.scoring import SeveralScorers, resolve_scoring
from scratchtune.core.metrics import accuracy_score, mean_squared_error
from scratchtune.core.network.optimizers import Adam
from scratchtune.core.network.sequential import Sequential
from scratchtune.layers import Dense


class Parrot:
    """A model that says what it was given, and counts how often it is asked."""

    def __init__(self, answer: Any, classes: Any = (0, 1), **methods: Any) -> None:
        self.answer, self.classes_, self.asked = answer, np.array(classes), 0
        for name, value in methods.items():
            setattr(self, name, lambda X, value=value: np.array(value))

    def predict(self, X: Any) -> Any:
        self.asked += 1
        return np.array(self.answer)


Y = np.array([0, 0, 1, 1])
X = np.zeros((4, 1))
P = np.array([0.1, 0.6, 0.4, 0.9])


def network(outputs: int, loss: str, activation: str = "softmax") -> Any:
    model = Sequential([Dense(4, activation="relu"), Dense(outputs, activation=activation)])
    model.compile(loss=loss, optimizer=Adam(learning_rate=0.05))
    return model


# Worked examples -----------------------------------------------------------------------------------------------------


def test_a_score_by_hand() -> None:
    model = Parrot([0, 1, 1, 1], predict_proba=np.stack([1 - P, P], axis=1))
    assert resolve_scoring("accuracy")(model, X, Y) == 0.75
    assert resolve_scoring("f1")(model, X, Y) == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))
    assert resolve_scoring("neg_log_loss")(model, X, Y) == pytest.approx(np.log([0.9, 0.4, 0.4, 0.9]).mean())
    assert resolve_scoring("roc_auc")(model, X, Y) == 0.75  # of the four pairs, one is in the wrong order
    assert resolve_scoring("neg_mean_squared_error")(model, X, Y) == -0.25


def test_decisions_come_before_probabilities() -> None:
    model = Parrot(None, decision_function=[-3.0, -2.0, 1.0, 5.0], predict_proba=np.stack([P, 1 - P], axis=1))
    assert resolve_scoring("roc_auc")(model, X, Y) == 1.0


def test_a_fold_without_one_class_is_scored_by_the_column_of_each_class() -> None:
    three = np.array([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]])
    model = Parrot(None, classes=["a", "b", "c"], predict_proba=three)
    model.score = lambda X, y: 0.25
    labels = np.array(["a", "c"])
    found = resolve_scoring({"loss": "neg_log_loss", "own": None})(model, X[:2], labels)
    assert found == {"loss": pytest.approx(np.log([0.5, 0.8]).mean()), "own": 0.25}


def test_several_scores_ask_once() -> None:
    model = Parrot([0, 1, 1, 1])
    scorer = resolve_scoring(["accuracy", "f1", "recall"])
    assert scorer(model, X, Y) == {"accuracy": 0.75, "f1": pytest.approx(0.8), "recall": 1.0} and model.asked == 1
    named = resolve_scoring({"share": "accuracy", "first": lambda model, X, y: 7.0})
    assert named(model, X, Y) == {"share": 0.75, "first": 7.0}


def test_a_score_that_fails_leaves_the_others() -> None:
    scorer = resolve_scoring(["accuracy", "neg_log_loss"])
    assert isinstance(scorer, SeveralScorers)
    scores = dict(scorer.each(Parrot([0, 0, 1, 1]), X, Y))
    assert scores["accuracy"] == 1.0 and "no predict_proba" in str(scores["neg_log_loss"])
    with pytest.raises(TypeError, match="Parrot has no predict_proba, which this scoring needs"):
        scorer(Parrot([0, 0, 1, 1]), X, Y)
    with pytest.raises(TypeError, match="Parrot has no predict_proba, which this scoring needs"):
        resolve_scoring("roc_auc")(Parrot([0, 0, 1, 1]), X, Y)


def test_a_scorer_of_one_s_own() -> None:
    largest = make_scorer(lambda y, p: abs(y - p).max(), greater_is_better=False)
    assert largest(Parrot([0.0, 0.5, 1.0, 3.0]), X, Y) == -2.0
    second = make_scorer(lambda y, p, power: (p**power).sum(), response_method="predict_proba", power=2)
    model = Parrot(None, predict_proba=np.stack([1 - P, P], axis=1))
    assert second(model, X, Y) == pytest.approx((P**2).sum())
    first = make_scorer(lambda y, p, pos_label: p.sum(), response_method="predict_proba", pos_label=0)
    assert first(model, X, Y) == pytest.approx((1 - P).sum())
    either = make_scorer(lambda y, p: p.sum(), response_method=["decision_function", "predict_proba"])
    assert either(model, X, Y) == pytest.approx(P.sum())


def test_a_metric_gets_the_weights_if_it_takes_some() -> None:
    weight, model = np.array([1.0, 1.0, 0.0, 2.0]), Parrot([0, 1, 1, 1])
    assert SCORERS["accuracy"](model, X, Y, weight) == 0.75 and SCORERS["accuracy"](model, X, Y, 2.0 * weight) == 0.75
    assert make_scorer(lambda y, p: (y == p).sum())(model, X, Y, weight) == 3
    assert make_scorer(lambda y, p, sample_weight=7: sample_weight)(model, X, Y) == 7


def test_a_model_that_names_no_classes_is_scored_by_its_decisions() -> None:
    model = Parrot(None, decision_function=P)
    del model.classes_
    assert SCORERS["roc_auc"](model, X, Y) == 0.75


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
    for name, scorer in SCORERS.items():
        if name in ("precision", "recall", "f1", "roc_auc"):
            truth, answer = y > 0, p.argmax(axis=1) > 0 if scorer.needs == "labels" else p[:, 1]
        else:
            truth, answer = y, {"labels": p.argmax(axis=1), "values": p[:, 0]}.get(str(scorer.needs), p)
        assert np.isfinite(scorer.sign * scorer.metric(truth, answer, **scorer.options)), name


# Networks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs, loss, activation", [
    (1, "binary_crossentropy", "sigmoid"), (2, "categorical_crossentropy", "softmax"), (1, "mse", "linear")])
def test_every_name_scores_a_network(outputs: int, loss: str, activation: str) -> None:
    data = np.random.default_rng(0).normal(size=(60, 2))
    y = data[:, 0] if loss == "mse" else (data[:, 0] > 0.0).astype(int)
    model = network(outputs, loss, activation)
    model.fit(data, y, epochs=30, verbose=0)
    for scoring in SCORERS:
        if (loss == "mse") is (scoring == "r2" or "error" in scoring):
            assert resolve_scoring(scoring)(model, data, y) > (-1.0 if "neg" in scoring else 0.8), scoring
    assert resolve_scoring(None)(model, data, y) == model.score(data, y)


def test_one_hot_rows_score_as_labels_do() -> None:
    rng = np.random.default_rng(0)
    data, y = rng.normal(size=(40, 2)), np.arange(40) % 3
    model = network(3, "categorical_crossentropy")
    model.fit(data, y, epochs=2, verbose=0)
    for name in ("accuracy", "f1_macro", "neg_log_loss", "roc_auc_ovr"):
        assert resolve_scoring(name)(model, data, np.eye(3)[y]) == pytest.approx(resolve_scoring(name)(model, data, y))


def test_a_single_output_of_one_half_is_class_0() -> None:
    model = network(1, "binary_crossentropy", "sigmoid")  # the first biases are 0, so rows of zeros give 1/2
    model.build((None, 1))
    assert resolve_scoring("accuracy")(model, X, [0, 0, 0, 1]) == 0.75


def test_what_predict_means_for_a_network_depends_on_its_loss() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(20, 2))
    classifier, regressor = network(2, "categorical_crossentropy"), network(1, "mse", "linear")
    classifier.fit(data, np.arange(20) % 2, verbose=0)
    regressor.fit(data, data[:, 0], verbose=0)
    seen = make_scorer(lambda y, p: p.dtype.kind == "i" and p.shape == y.shape)
    assert seen(classifier, data, np.arange(20) % 2) and not seen(regressor, data, data[:, 0])
    assert seen(classifier, data, np.eye(2)[np.arange(20) % 2])  # of one-hot rows a metric gets the labels
    assert make_scorer(mean_squared_error)(regressor, data, data[:, 0]) == pytest.approx(
        -resolve_scoring("neg_mean_squared_error")(regressor, data, data[:, 0]))
    two, rows = network(2, "mse", "linear"), np.eye(2)[np.arange(20) % 2]  # values, though they look as classes do
    two.fit(data, rows, verbose=0)
    assert make_scorer(mean_squared_error)(two, data, rows) == pytest.approx(((two.predict(data) - rows) ** 2).mean())


# What is said and refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call, message", [
    (lambda: resolve_scoring("acuracy"), "did you mean 'accuracy'"),
    (lambda: resolve_scoring([]), "scoring is empty"),
    (lambda: resolve_scoring(["f1", "f1"]), "no name may occur twice"),
    (lambda: resolve_scoring([accuracy_score]), "a list of names, or a dict"),
    (lambda: resolve_scoring({"a": ["f1"]}), r"scoring holds \['f1'\]"),
    (lambda: make_scorer("accuracy"), "score_func is 'accuracy'"),
    (lambda: make_scorer(accuracy_score, response_method="proba"), "response_method is 'proba'"),
    (lambda: resolve_scoring(None)(Parrot(Y), X, Y), "Parrot has no score; give scoring"),
    (lambda: cross_val_score(Parrot(Y), X, Y, scoring=["f1", "accuracy"]), "must give one here"),
])
def test_bad_input_is_one_clear_sentence(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_names_and_copies() -> None:
    assert {"accuracy", "f1_macro", "roc_auc", "neg_log_loss", "r2"} <= SCORERS.keys()
    scorer = pickle.loads(pickle.dumps(resolve_scoring(["f1", "roc_auc"])))
    assert scorer.scorers["f1"](Parrot([0, 1, 1, 1]), X, Y) == pytest.approx(0.8)
    assert repr(resolve_scoring("f1_macro")).startswith("<scorer: f1_score of labels, average='macro'")


# scikit-learn --------------------------------------------------------------------------------------------------------


def sklearn_data() -> Any:
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
    from sklearn.naive_bayes import GaussianNB
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeRegressor

    iris, cancer = load_iris(return_X_y=True), load_breast_cancer(return_X_y=True)
    text = cancer[0][:150, :3], np.array(["no", "yes"])[cancer[1][:150]]
    yield GaussianNB(), (cancer[0][:150, :3], cancer[1][:150])
    yield GaussianNB(), (cancer[0][:150, :3], cancer[1][:150] + 1)  # of 1 and 2, 2 is the second
    yield SVC(), text
    yield GaussianNB(), iris
    yield DecisionTreeRegressor(max_depth=3), load_diabetes(return_X_y=True)


def test_the_names_signs_and_arguments_are_those_of_scikit_learn() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    ours = {getattr(metrics, name) for name in metrics.__all__ if name.endswith(("_score", "_error", "log_loss"))}
    names = {name.__name__ for name in ours}
    theirs = {name: reference.get_scorer(name) for name in reference.get_scorer_names()}
    assert set(SCORERS) == {name for name, scorer in theirs.items()
                            if scorer._score_func.__name__ in names and "_samples" not in name and "_ovo" not in name}
    needs = {"labels": "predict", "values": "predict", "probabilities": "predict_proba",
             "decisions": ("decision_function", "predict_proba")}
    for name, scorer in SCORERS.items():
        other = theirs[name]
        assert (scorer.metric.__name__, scorer.sign) == (other._score_func.__name__, other._sign)
        assert dict(scorer.options) == other._kwargs and needs[str(scorer.needs)] == other._response_method


def test_every_name_scores_as_in_scikit_learn() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    scored = 0
    for model, (data, y) in sklearn_data():
        model.fit(data[::2], y[::2])
        for name in SCORERS:
            theirs = ours = None
            try:
                theirs = reference.get_scorer(name)(model, data, y)
            except (ValueError, TypeError, AttributeError):
                pass
            try:
                ours = resolve_scoring(name)(model, data, y)
            except (ValueError, TypeError, AttributeError):
                pass
            assert (ours is None) == (theirs is None), (model, name, ours, theirs)
            if theirs is not None:
                assert ours == pytest.approx(theirs, rel=1e-9, nan_ok=True), (model, name)
                scored += 1
    assert scored > 60


def test_make_scorer_is_scikit_learn_s() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    for model, (data, y) in sklearn_data():
        model.fit(data[::2], y[::2])
        for method in ("predict", "predict_proba", "decision_function", ["decision_function", "predict_proba"]):
            for positive in ({}, {"pos_label": y[0]}, {"pos_label": "none of them"}):
                def moments(y: Any, p: Any, pos_label: Any = None) -> float:
                    return float((np.asarray(p, dtype=float) ** 3).sum()) if np.asarray(p).dtype.kind in "if" else 0.0

                outcomes = []
                for make in (make_scorer, reference.make_scorer):
                    try:
                        outcomes.append(make(moments, response_method=method, **positive)(model, data, y))
                    except (ValueError, TypeError, AttributeError):
                        outcomes.append("refused")
                if method == "predict" or not hasattr(model, "classes_"):
                    continue  # scikit-learn checks pos_label even where nothing depends on it
                assert outcomes[0] == pytest.approx(outcomes[1]), (model, method, positive)


def test_a_scorer_of_scikit_learn_is_taken_as_it_is() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    from sklearn.datasets import load_iris
    from sklearn.naive_bayes import GaussianNB

    data = load_iris(return_X_y=True)
    model = GaussianNB()
    scorer = reference.make_scorer(reference.fbeta_score, beta=2, average="macro")
    several = {"theirs": scorer, "ours": make_scorer(reference.fbeta_score, beta=2, average="macro")}
    scores = resolve_scoring(several)(model.fit(*data), *data)
    assert scores["theirs"] == scores["ours"]
