"""Keras Tuner's examples: what they build is as it was written for Keras Tuner, and only the import is another one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
import scratchtune.interop.keras_tuner as keras_tuner

X, Y = st.datasets.load_digits()
X, Y = X[:240] / 16.0, Y[:240]
TRAIN, VALIDATION = (X[:160], Y[:160]), (X[160:], Y[160:])


@pytest.fixture(params=["scratchtune", pytest.param("keras", marks=pytest.mark.slow)])
def keras(request: pytest.FixtureRequest) -> Any:
    """scratchtune under Keras's name, and Keras itself; with the names of its optimizers and layers."""
    if request.param == "scratchtune":
        return st
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras", exc_type=ImportError)


def getting_started(keras: Any) -> Any:
    """"Tune the model architecture" of Keras Tuner's guide "Getting started"; the sizes are smaller."""
    layers = keras.layers

    def build_model(hp: Any) -> Any:
        model = keras.Sequential()
        model.add(layers.Flatten())
        # Tune the number of layers.
        for i in range(hp.Int("num_layers", 1, 3)):
            model.add(
                layers.Dense(
                    # Tune number of units separately.
                    units=hp.Int(f"units_{i}", min_value=8, max_value=32, step=8),
                    activation=hp.Choice("activation", ["relu", "tanh"]),
                )
            )
        if hp.Boolean("dropout"):
            model.add(layers.Dropout(rate=0.25))
        model.add(layers.Dense(10, activation="softmax"))
        learning_rate = hp.Float("lr", min_value=1e-4, max_value=1e-2, sampling="log")
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=learning_rate),
            loss="sparse_categorical_crossentropy" if keras is not st else "categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    return build_model


def searched(tuner: keras_tuner.Tuner, **others: Any) -> keras_tuner.Tuner:
    tuner.search(*TRAIN, epochs=2, validation_data=VALIDATION, verbose=0, **others)
    return tuner


def test_getting_started(keras: Any, capsys: pytest.CaptureFixture[str]) -> None:
    build_model = getting_started(keras)
    build_model(keras_tuner.HyperParameters())  # as the guide does: all defaults
    tuner = searched(keras_tuner.Tuner(build_model, objective="val_accuracy", searcher="random", max_trials=3,
                                       executions_per_trial=2))
    assert [trial.state for trial in tuner.study.trials] == ["complete"] * 3
    models = tuner.get_best_models(num_models=2)
    best_hps = tuner.get_best_hyperparameters(5)
    assert len(best_hps) == 3 and best_hps[0].get("lr") == best_hps[0].values["lr"]
    depth = best_hps[0].get("num_layers")
    assert {name for name in best_hps[0].values if name.startswith("units")} == {f"units_{i}" for i in range(depth)}
    assert models[0].predict(X[:2]).shape == (2, 10)
    model = build_model(best_hps[0])
    model.fit(x=X, y=Y, epochs=1, verbose=0) if keras is not st else model.fit(X, Y, epochs=1, verbose=0)
    capsys.readouterr()
    tuner.results_summary()
    assert f"trial {tuner.study.best_trial.number} " in capsys.readouterr().out


def test_the_weights_are_those_of_the_best_epoch(keras: Any) -> None:
    tuner = searched(keras_tuner.Tuner(getting_started(keras), objective="val_accuracy", max_trials=2))
    for trial, model in zip(sorted(tuner.study.trials, key=lambda one: -one.value), tuner.get_best_models(2),
                            strict=True):
        assert trial.value == max(trial.reports.values())
        right = np.argmax(np.asarray(model.predict(VALIDATION[0])), axis=1) == VALIDATION[1]
        assert right.mean() == pytest.approx(trial.value, abs=1e-6)


def test_conditional_scope(keras: Any) -> None:
    """The example of `HyperParameters.conditional_scope`, with a second network in place of the convolutions."""
    def build(hp: Any) -> Any:
        model = keras.Sequential()
        model.add(keras.Input(shape=(64,)) if keras is not st else st.layers.Input((64,)))
        model_type = hp.Choice("model_type", ["mlp", "deep"])
        with hp.conditional_scope("model_type", ["mlp"]):
            if model_type == "mlp":
                model.add(keras.layers.Dense(hp.Int("units", 8, 16), activation="relu"))
        with hp.conditional_scope("model_type", ["deep"]):
            deep_units = hp.Int("deep_units", 4, 8)
            if model_type == "deep":
                model.add(keras.layers.Dense(deep_units, activation="relu"))
                model.add(keras.layers.Dense(deep_units, activation="relu"))
            else:
                assert deep_units is None
        model.add(keras.layers.Dense(10, activation="softmax"))
        model.compile(optimizer="adam", metrics=["accuracy"],
                      loss="categorical_crossentropy" if keras is st else "sparse_categorical_crossentropy")
        return model

    tuner = searched(keras_tuner.Tuner(build, objective="val_loss", searcher="random", max_trials=6))
    assert {trial.params["model_type"] for trial in tuner.study.trials} == {"mlp", "deep"}
    for hp in tuner.get_best_hyperparameters(6):
        assert ("units" in hp.values) == (hp.get("model_type") == "mlp")
        assert ("deep_units" in hp.values) == (hp.get("model_type") == "deep")
    assert tuner.study.space.parameters["units"].when == {"model_type": ("mlp",)}  # the study has learned it


def test_a_hyper_model_that_tunes_its_training(keras: Any) -> None:
    """"Tune model training" of the guide: the number of epochs, shuffling and how the data are scaled."""
    class MyHyperModel(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            return getting_started(keras)(hp)

        def fit(self, hp: Any, model: Any, x: Any, y: Any, validation_data: Any, **kwargs: Any) -> Any:
            if hp.Boolean("normalize"):
                x = x - 0.5
            return model.fit(x, y, validation_data=validation_data, shuffle=hp.Boolean("shuffle"),
                             epochs=hp.Int("epochs", 1, 2), **kwargs)

    tuner = keras_tuner.Tuner(MyHyperModel(), objective=keras_tuner.Objective("val_loss", "min"), max_trials=3)
    tuner.search(*TRAIN, validation_data=VALIDATION, verbose=0)
    for trial in tuner.study.trials:
        assert len(trial.reports) == trial.params["epochs"] and trial.value == min(trial.reports.values())
        assert {"normalize", "shuffle", "epochs", "lr"} <= set(trial.params)
    assert isinstance(tuner.hypermodel.build(tuner.get_best_hyperparameters()[0]), keras.Sequential)


def test_a_training_loop_of_ones_own_calls_the_callbacks() -> None:
    """The guide's custom training loop: fit calls the callbacks, and returns the value of the objective."""
    class Line:
        def get_weights(self) -> list[np.ndarray]:
            return [np.array([self.slope])]

        def set_weights(self, weights: list[np.ndarray]) -> None:
            self.slope = float(weights[0][0])

    class MyHyperModel(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Line:
            model = Line()
            model.slope = hp.Float("slope", 0.0, 2.0, step=0.5)
            return model

        def fit(self, hp: Any, model: Any, callbacks: Any = None, **kwargs: Any) -> float:
            for callback in callbacks:
                callback.set_model(model)
            best_epoch_loss = float("inf")
            for epoch in range(3):
                model.slope += 0.1 if epoch == 1 else 0.2
                epoch_loss = abs(model.slope - 1.0)
                for callback in callbacks:
                    callback.on_epoch_end(epoch, logs={"my_metric": epoch_loss})
                best_epoch_loss = min(best_epoch_loss, epoch_loss)
            return best_epoch_loss

    tuner = keras_tuner.Tuner(MyHyperModel(), keras_tuner.Objective("my_metric", "min"), "random", max_trials=5)
    tuner.search(verbose=0)
    for model, hp in zip(tuner.get_best_models(5), tuner.get_best_hyperparameters(5), strict=True):
        passed = [hp.get("slope") + step for step in (0.2, 0.3, 0.5)]
        assert model.slope == pytest.approx(min(passed, key=lambda slope: abs(slope - 1.0)))


def test_a_black_box_needs_no_objective() -> None:
    """The guide's "Keras Tuner without Keras": fit returns the value, which is minimised."""
    class MyHyperModel(keras_tuner.HyperModel):
        def build(self, hp: Any) -> None:
            return None

        def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> float:
            return (hp.Float("x", -1.0, 1.0) - 0.5) ** 2

    tuner = keras_tuner.Tuner(MyHyperModel(), max_trials=20)
    tuner.search(verbose=0)
    assert abs(tuner.get_best_hyperparameters()[0].get("x") - 0.5) < 0.1


@pytest.mark.parametrize(("request_of", "allowed"), [
    (lambda hp: hp.Int("n", 6, 12), set(range(6, 13))),
    (lambda hp: hp.Int("n", 6, 13, step=3), {6, 9, 12}),
    (lambda hp: hp.Int("n", 2, 32, step=2, sampling="log"), {2, 4, 8, 16, 32}),
    (lambda hp: hp.Int("n", 1, 1000, step=10, sampling="log"), {1, 10, 100, 1000}),
    (lambda hp: hp.Float("n", 0, 1, step=0.2), {0.0, 0.2, 0.4, 0.6, 0.8, 1.0}),
    (lambda hp: hp.Fixed("n", "always"), {"always"}),
])
def test_the_values_are_those_that_keras_tuner_documents(request_of: Any, allowed: set[Any]) -> None:
    seen = set()
    study = st.Study(None, "random")
    study.run(lambda trial: (seen.add(request_of(keras_tuner.HyperParameters(trial=trial))),
                             trial.suggest_float("other", 0, 1))[1], 80, progress=False)
    assert seen == allowed


@pytest.mark.parametrize(("sampling", "share"), [("linear", 0.1), ("log", 0.5)])
def test_where_the_values_of_a_scale_are(sampling: str, share: float) -> None:
    """From 1 to 100: a tenth of a linear range is below 10.9, half of a logarithmic one below 10."""
    values: list[float] = []

    def objective(trial: st.Trial) -> float:
        values.append(keras_tuner.HyperParameters(trial=trial).Float("x", 1.0, 100.0, sampling=sampling))
        return values[-1]

    st.Study(None, "random").run(objective, 400, progress=False)
    assert 1.0 <= min(values) and max(values) <= 100.0
    assert np.mean(np.array(values) < 10.9) == pytest.approx(share, abs=0.07)


def test_without_a_trial_the_values_are_the_defaults() -> None:
    hp = keras_tuner.HyperParameters()
    assert (hp.Int("a", 3, 9), hp.Float("b", 0.5, 1.0, default=0.75), hp.Choice("c", ["x", "y"]), hp.Boolean("d"),
            hp.Choice("n", ["x", None])) == (3, 0.75, "x", False, None)
    assert hp.Int("e", 1, 2, parent_name="c", parent_values=["y"]) is None
    assert hp.Int("f", 1, 2, parent_name="c", parent_values="x") == 1
    assert hp.values == {"a": 3, "b": 0.75, "c": "x", "d": False, "n": None, "f": 1}
    with pytest.raises(ValueError, match="'e' is inactive"):
        hp.get("e")
    with pytest.raises(KeyError):
        hp.get("unknown")
    with pytest.raises(ValueError, match=r"parent_name is 'cc'; .*did you mean 'c'"), hp.conditional_scope("cc", [1]):
        pass
    with pytest.raises(ValueError, match="sampling is 'reverse_log'; it must be one of 'linear', 'log'"):
        hp.Float("g", 1.0, 2.0, sampling="reverse_log")
    with pytest.raises(ValueError, match="min_value is 0; it must be a finite number above 0"):
        hp.Int("zero", 0, 8, step=2, sampling="log")
    with pytest.raises(ValueError, match="max_value is 1; it must be a finite number of at least 2"):
        hp.Int("empty", 2, 1, step=2, sampling="log")


@pytest.mark.parametrize(("objective", "direction"), [
    ("val_accuracy", "max"), ("val_loss", "min"), ("auc", "max"), ("val_mean_absolute_error", "min"),
    (keras_tuner.Objective("val_loss", "max"), "max")])
def test_the_direction_follows_from_the_name(objective: Any, direction: str) -> None:
    assert keras_tuner.as_objective(objective).direction == direction


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"objective is 'val_bleu', whose direction is not known; give Objective"):
        keras_tuner.as_objective("val_bleu")
    with pytest.raises(ValueError, match="objective is 3"):
        keras_tuner.as_objective(3)
    with pytest.raises(TypeError, match="hypermodel is 3"):
        keras_tuner.Tuner(3, "loss")
    with pytest.raises(ValueError, match="direction is 'up'"):
        keras_tuner.Tuner(getting_started(st), keras_tuner.Objective("val_loss", "up"))


def test_an_objective_that_is_not_measured_says_what_is() -> None:
    tuner = keras_tuner.Tuner(getting_started(st), "val_accuracy", max_trials=1)
    tuner.search(*TRAIN, epochs=1, verbose=0)
    assert tuner.study.trials[0].error is not None
    assert "objective is 'val_accuracy'; the training has 'loss', 'accuracy'; give validation_data" in (
        tuner.study.trials[0].error)


def test_a_search_is_continued_by_the_same_script(tmp_path: Path) -> None:
    def tuner(count: int, directory: Path | None = tmp_path / "results") -> keras_tuner.Tuner:
        return searched(keras_tuner.Tuner(getting_started(st), "val_loss", max_trials=count, directory=directory,
                                          project_name="digits"))

    with tuner(2).study:
        pass
    again, at_once = tuner(4), tuner(4, None)
    assert (tmp_path / "results" / "digits.db").is_file()
    assert [one.value for one in again.study.trials] == [one.value for one in at_once.study.trials]
    for found, wanted in zip(again.get_best_models()[0].get_weights(), at_once.get_best_models()[0].get_weights(),
                             strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_executions_have_other_first_weights() -> None:
    seeds, losses = [], []

    class Watched(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            return getting_started(st)(hp)

        def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
            seeds.append(model.seed)
            history = super().fit(hp, model, *args, **kwargs)
            losses.append(min(history.history["val_loss"]))
            return history

    tuner = searched(keras_tuner.Tuner(Watched(), "val_loss", "random", max_trials=2, executions_per_trial=3))
    assert seeds == [0, 1, 2] * 2
    assert [one.value for one in tuner.study.trials] == [np.mean(losses[:3]), np.mean(losses[3:])]


def test_each_training_has_its_own_callbacks() -> None:
    class Counting(st.Callback):
        count = 0

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.count += 1
            self.model.stop_training = self.count > 1

    watcher = Counting()
    tuner = searched(keras_tuner.Tuner(getting_started(st), "val_loss", max_trials=2), callbacks=[watcher])
    assert watcher.count == 0 and [len(trial.reports) for trial in tuner.study.trials] == [2, 2]


def test_hyperband_sets_the_epochs() -> None:
    tuner = keras_tuner.Tuner(getting_started(st), "val_loss", st.SuccessiveHalving(4, max_budget=4, eta=2),
                              max_trials=None)
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=3, verbose=0)  # the trial's budget counts, not these
    assert [len(trial.reports) for trial in tuner.study.trials] == [1, 1, 1, 1, 2, 2, 4]
