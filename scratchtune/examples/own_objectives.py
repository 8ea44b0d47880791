"""Own objectives: whatever returns a number can be tuned, here models of Keras, PyTorch and scikit-learn.

    scratchtune example own-objectives [--quick]

An objective is a function from a trial to a number. It may report a value for each epoch, and end when the study's
stopping rule says so (Keras), or by itself (PyTorch). One that reports the scores of its folds (scikit-learn) lets a
terminator end the study. It may also request its parameters while it runs (define-by-run), so that a branch decides.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import numpy as np

import scratchtune as st

NETWORK = {"learning_rate": st.Float(1e-4, 1e-1, log=True), "batch_size": [16, 32, 64, 128],
           "units": st.Int(16, 128, log=True)}
PIPELINE = {"kernel": ["linear", "rbf"], "C": st.Float(1e-2, 1e3, log=True),
            "gamma": st.Float(1e-5, 1e-1, log=True, when={"kernel": ["rbf"]})}
KERAS_EPOCHS, EPOCHS, PATIENCE = 10, 60, 5


def digits() -> list[tuple[np.ndarray, np.ndarray]]:
    """The digits, (X, y) to train on and (X, y) to validate on, which is a stratified quarter."""
    X, y = st.datasets.load_digits()
    parts = st.train_test_split(np.arange(len(y)), test_size=0.25, random_state=0, stratify=y)
    return [(X[rows] / 16.0, y[rows]) for rows in parts]


def keras_training(trial: st.Trial) -> float:
    """Train with Keras and return the validation accuracy; it is reported after each epoch."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    keras.utils.set_random_seed(trial.seed)
    train, validation = digits()
    Dense = keras.layers.Dense
    model = keras.Sequential([Dense(trial.params["units"], activation="relu"), Dense(10, activation="softmax")])
    adam = keras.optimizers.Adam(trial.params["learning_rate"])
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])

    def report(epoch: int, logs: dict[str, float]) -> None:
        trial.report(logs["val_accuracy"], step=epoch)
        model.stop_training = trial.should_stop()

    history = model.fit(
        *train, batch_size=trial.params["batch_size"], epochs=KERAS_EPOCHS, validation_data=validation, verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=report)])
    return float(history.history["val_accuracy"][-1])


def pytorch_training(trial: st.Trial) -> float:
    """Train with PyTorch until `PATIENCE` epochs bring no smaller validation loss; return the smallest."""
    import torch
    from torch import nn

    torch.manual_seed(trial.seed)
    (X, y), validation = ([torch.as_tensor(array) for array in part] for part in digits())
    units = trial.params["units"]
    model = nn.Sequential(nn.Linear(64, units), nn.ReLU(), nn.Linear(units, 10)).double()
    optimizer = torch.optim.Adam(model.parameters(), trial.params["learning_rate"])
    losses: list[float] = []
    while len(losses) < EPOCHS and (not losses or len(losses) - int(np.argmin(losses)) <= PATIENCE):
        for batch in torch.randperm(len(X)).split(trial.params["batch_size"]):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            optimizer.step()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(validation[0]), validation[1]).item())
        trial.report(losses[-1], step=len(losses))
    return min(losses)


def sklearn_pipeline(trial: st.Trial) -> float:
    """Return the cross-validated accuracy of a pipeline of scikit-learn; the folds' scores say how exact it is."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    X, y = digits()[0]
    scores = st.cross_val_score(make_pipeline(StandardScaler(), SVC(**trial.params)), X, y, cv=5, scoring="accuracy")
    trial.report_scores(scores)
    return float(scores.mean())


def chosen_classifier(trial: st.Trial) -> float:
    """Return the cross-validated accuracy of a classifier; a branch decides which hyper-parameters it has."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.svm import SVC

    X, y = digits()[0]
    if trial.suggest_categorical("classifier", ["SVC", "RandomForest"]) == "SVC":
        estimator: Any = SVC(C=trial.suggest_float("C", 1e-2, 1e3, log=True), gamma="auto")
    else:
        estimator = RandomForestClassifier(20, max_depth=trial.suggest_int("max_depth", 2, 32), random_state=trial.seed)
    return float(st.cross_val_score(estimator, X, y, cv=3, scoring="accuracy").mean())


def main(quick: bool = False) -> None:
    """Run the four searches and print the results."""
    if missing := [package for package in ("keras", "torch", "sklearn") if find_spec(package) is None]:
        raise ModuleNotFoundError(
            f"this example needs {', '.join(missing)}; install it with: pip install -e \".[frameworks]\"")
    trials = 6 if quick else 20
    study = st.tune(keras_training, NETWORK, n_trials=trials, direction="maximize",
                    stopping=st.MedianStopping(warmup=3, first_step=2))
    print(f"Keras: best validation accuracy {study.best_value:.4f} with {study.best_params}; "
          f"{sum(trial.state == 'stopped' for trial in study.trials)} of {trials} trainings were stopped early")
    study = st.tune(pytorch_training, NETWORK, searcher="random", n_trials=trials)
    print(f"PyTorch: best validation loss {study.best_value:.4f} with {study.best_params}; epochs of each trial: "
          f"{[len(trial.reports) for trial in study.trials]}")
    study = st.tune(sklearn_pipeline, PIPELINE, searcher="random", n_trials=2 * trials, direction="maximize", n_jobs=2,
                    callbacks=[st.Terminator(min_trials=10)])
    print(f"scikit-learn: best accuracy {study.best_value:.4f} with {study.best_params}, after {len(study.trials)} of "
          f"{2 * trials} trials\n{study.why(study.best_trial.number)}")
    study = st.tune(chosen_classifier, n_trials=trials, direction="maximize", n_jobs=2)
    print(f"define-by-run: best accuracy {study.best_value:.4f} with {study.best_params}")
