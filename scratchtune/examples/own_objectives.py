"""Own objectives: whatever returns a number can be tuned, here models of Keras, PyTorch and scikit-learn.

    scratchtune example own-objectives [--quick]

An objective is a function from a trial to a number. It may report a value for each epoch, and end when the study's
stopping rule says so (Keras), or by itself when the values no longer improve (PyTorch); the study stores all reported
values. An objective that reports the scores of its folds (scikit-learn) lets a terminator end the study. Instead of
reading a declared space, the last two objectives request their parameters while they run (define-by-run), so that a
branch or a loop decides which there are.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

import scratchtune as st

EPOCHS, PATIENCE = 60, 5
KERAS_EPOCHS = 10

NETWORK = {
    "learning_rate": st.Float(1e-4, 1e-1, log=True),
    "batch_size": [16, 32, 64, 128],
    "units": st.Int(16, 128, log=True),
    "optimizer": ["sgd", "adam"],
    "momentum": st.Float(0.0, 0.99, when={"optimizer": ["sgd"]}),
}
PIPELINE = {
    "kernel": ["linear", "rbf"],
    "C": st.Float(1e-2, 1e3, log=True),
    "gamma": st.Float(1e-5, 1e-1, log=True, when={"kernel": ["rbf"]}),
}


def digits() -> list[np.ndarray]:
    """X_train, X_valid, y_train, y_valid: the digits; a stratified quarter is the validation set."""
    X, y = st.datasets.load_digits()
    return st.train_test_split(X / 16.0, y, test_size=0.25, random_state=0, stratify=y)


def keras_training(trial: st.Trial) -> float:
    """Train with Keras and return the validation accuracy; it is reported after each epoch."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    params = trial.params
    keras.utils.set_random_seed(trial.seed)
    X, X_valid, y, y_valid = digits()
    model = keras.Sequential([
        keras.layers.Dense(params["units"], activation="relu"), keras.layers.Dense(10, activation="softmax")])
    if params["optimizer"] == "sgd":
        optimizer: Any = keras.optimizers.SGD(params["learning_rate"], momentum=params["momentum"])
    else:
        optimizer = keras.optimizers.Adam(params["learning_rate"])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])

    def report(epoch: int, logs: dict[str, float]) -> None:
        trial.report(logs["val_accuracy"], step=epoch)
        model.stop_training = trial.should_stop()

    history = model.fit(
        X, y, batch_size=params["batch_size"], epochs=KERAS_EPOCHS, validation_data=(X_valid, y_valid), verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=report)])
    return float(history.history["val_accuracy"][-1])


def pytorch_training(trial: st.Trial) -> float:
    """Train with PyTorch and return the smallest validation loss.

    Training stops after `PATIENCE` epochs without improvement.
    """
    import torch
    from torch import nn

    params = trial.params
    torch.manual_seed(trial.seed)
    X, X_valid, y, y_valid = (torch.as_tensor(array) for array in digits())
    X, X_valid = X.float(), X_valid.float()
    model = nn.Sequential(nn.Linear(64, params["units"]), nn.ReLU(), nn.Linear(params["units"], 10))
    if params["optimizer"] == "sgd":
        optimizer: Any = torch.optim.SGD(model.parameters(), params["learning_rate"], momentum=params["momentum"])
    else:
        optimizer = torch.optim.Adam(model.parameters(), params["learning_rate"])
    best, best_epoch = float("inf"), 0
    for epoch in range(EPOCHS):
        pytorch_epoch(model, optimizer, X, y, params["batch_size"])
        with torch.no_grad():
            value = nn.functional.cross_entropy(model(X_valid), y_valid).item()
        trial.report(value, step=epoch)
        if value < best:
            best, best_epoch = value, epoch
        if epoch - best_epoch >= PATIENCE or trial.should_stop():
            break
    return best


def pytorch_epoch(model: Any, optimizer: Any, X: Any, y: Any, batch_size: int) -> None:
    """Train a PyTorch network for one epoch."""
    import torch

    for batch in torch.randperm(len(X)).split(batch_size):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
        optimizer.step()


def sklearn_pipeline(trial: st.Trial) -> float:
    """Return the cross-validated accuracy of a scaler and a support vector machine, both scikit-learn's.

    The scores of the folds are reported, so that `st.Terminator` knows the error of the accuracy.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    X, _, y, _ = digits()
    estimator = make_pipeline(StandardScaler(), SVC(**trial.params))
    scores = st.cross_val_score(estimator, X, y, cv=5, scoring="accuracy")
    trial.report_scores(scores)
    return float(scores.mean())


def chosen_classifier(trial: st.Trial) -> float:
    """Return the cross-validated accuracy of a classifier; a branch decides which hyper-parameters it has."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.svm import SVC

    X, _, y, _ = digits()
    kind = trial.suggest_categorical("classifier", ["SVC", "RandomForest"])
    if kind == "SVC":
        estimator: Any = SVC(C=trial.suggest_float("C", 1e-2, 1e3, log=True), gamma="auto")
    else:
        depth = trial.suggest_int("max_depth", 2, 32, log=True)
        estimator = RandomForestClassifier(n_estimators=20, max_depth=depth, random_state=trial.seed)
    return float(st.cross_val_score(estimator, X, y, cv=3, scoring="accuracy").mean())


def layered_network(trial: st.Trial) -> float:
    """Return the validation loss of a PyTorch network; a loop requests the units of each of its hidden layers."""
    import torch
    from torch import nn

    torch.manual_seed(trial.seed)
    X, X_valid, y, y_valid = (torch.as_tensor(array) for array in digits())
    X, X_valid = X.float(), X_valid.float()
    layers: list[Any] = []
    width = X.shape[1]
    for k in range(trial.suggest_int("layers", 1, 3)):
        units = trial.suggest_int(f"units{k}", 16, 128, log=True)
        layers += [nn.Linear(width, units), nn.ReLU()]
        width = units
    model = nn.Sequential(*layers, nn.Linear(width, 10))
    optimizer = torch.optim.Adam(model.parameters(), trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True))
    for _ in range(10):
        pytorch_epoch(model, optimizer, X, y, 64)
    with torch.no_grad():
        return float(nn.functional.cross_entropy(model(X_valid), y_valid))


def main(quick: bool = False) -> None:
    """Run the five searches and print the results."""
    _needs("keras", "torch", "sklearn")
    trials = 6 if quick else 20
    study = st.tune(keras_training, NETWORK, n_trials=trials, direction="maximize",
                    stopping=st.MedianStopping(warmup=3, first_step=2))
    print(f"Keras: best validation accuracy {study.best_value:.4f} with {study.best_params}")
    stopped = sum(trial.state == "stopped" for trial in study.trials)
    print(f"{stopped} of {trials} trainings were stopped before {KERAS_EPOCHS} epochs")
    study = st.tune(pytorch_training, NETWORK, searcher="random", n_trials=trials, n_jobs=1)
    print(f"PyTorch: best validation loss {study.best_value:.4f} with {study.best_params}")
    epochs = [len(trial.reports) for trial in study.trials]
    saved = trials * EPOCHS - sum(epochs)
    print(f"epochs of each trial, at most {EPOCHS}: {epochs}; stopping early has saved {saved}")
    best = study.best_trial
    reports = ", ".join(f"{value:.3f}" for value in list(best.reports.values())[:8])
    print(f"reported by trial {best.number}: {reports}, ..")
    study = st.tune(sklearn_pipeline, PIPELINE, searcher="random", n_trials=2 * trials, direction="maximize", n_jobs=2,
                    callbacks=[st.Terminator(min_trials=10)])
    print(f"scikit-learn: best accuracy {study.best_value:.4f} with {study.best_params}")
    ended = "a further gain would be below its error" if len(study.trials) < 2 * trials else "these were all"
    print(f"after {len(study.trials)} trials: {ended}")
    print(study.why(study.best_trial.number))
    study = st.tune(chosen_classifier, n_trials=trials, direction="maximize", n_jobs=2)
    print(f"define-by-run, scikit-learn: best accuracy {study.best_value:.4f} with {study.best_params}")
    study = st.tune(layered_network, n_trials=trials)
    print(f"define-by-run, PyTorch: best validation loss {study.best_value:.4f} with {study.best_params}")
    print(f"what the trials have requested: {', '.join(study.space.names)}")


def _needs(*packages: str) -> None:
    from importlib.util import find_spec

    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ModuleNotFoundError(
            f"this example needs {', '.join(missing)}; install it with: pip install -e \".[frameworks]\"")


if __name__ == "__main__":
    main()
