"""Image classification: a small convolutional network and its augmentation, tuned by Hyperband.

    scratchtune example image [--data FOLDER] [--quick] [--out DIR]

Without ``--data`` it uses the built-in part of Fashion-MNIST; of a folder of IDX files, such as MNIST's, it tunes on
6,000 images. The winner and the default are trained on all training images, and compared on the test images.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from scratchtune.core.digests import digest_of
from scratchtune.core.streams import tell
from scratchtune.examples.shared import checked_options, hyperband, summary, write_report

SPACE: dict[str, Any] = {
    "filters": [8, 12, 16],  # of the first block; each further one has twice as many
    "depth": [2, 3],  # blocks: convolution, optional batch normalisation, ReLU, pooling; short budgets favour one block
    "kernel_size": st.Categorical([3, 5], when={"filters": [8]}),  # else 3: larger networks take too long
    "batch_normalization": [False, True],
    "learning_rate": st.Float(1e-3, 2e-2, log=True),
    "batch_size": [32, 64], "l2": st.Float(1e-6, 3e-4, log=True),
    "dropout": st.Float(0.0, 0.6),
    "shift": st.Categorical([0.0, 0.02, 0.04], prior=[4, 1, 1]),  # a share of the image's height and width
    "rotation": st.Categorical([0.0, 0.01, 0.02], prior=[4, 1, 1]),  # a share of a full turn
    "flip": [False, True], "noise": st.Categorical([0.0, 0.05], prior=[4, 1]),
}
DEFAULT: dict[str, Any] = {
    "filters": 16, "depth": 2, "kernel_size": 3, "batch_normalization": False, "learning_rate": 0.001,
    "batch_size": 32, "l2": 0.0, "dropout": 0.0, "shift": 0.0, "rotation": 0.0, "flip": False, "noise": 0.0,
}
Images = tuple[np.ndarray, np.ndarray]  # X, y


def network(params: Mapping[str, Any], X: np.ndarray, y: np.ndarray, epochs: int, seed: int = 0) -> st.Sequential:
    """Return the network of a configuration; in ``epochs`` on these images its learning rate decays to 0."""
    layers: list[st.Layer] = []
    if params["shift"] > 0.0:
        layers.append(st.RandomTranslation(params["shift"], params["shift"], fill_mode="constant"))
    if params["rotation"] > 0.0:
        layers.append(st.RandomRotation(params["rotation"], fill_mode="constant"))
    if params["flip"]:
        layers.append(st.RandomFlip("horizontal"))
    if params["noise"] > 0.0:
        layers.append(st.GaussianNoise(params["noise"]))
    for block in range(params["depth"]):
        layers.append(st.Conv2D(params["filters"] * 2**block, params.get("kernel_size", 3), padding="same"))
        if params["batch_normalization"]:
            layers.append(st.BatchNormalization(momentum=0.9))  # 0.99 would need hundreds of steps to converge
        layers += [st.Activation("relu"), st.MaxPooling2D(2)]
    layers += [st.Flatten(), st.Dropout(params["dropout"]), st.Dense(int(y.max()) + 1, activation="softmax")]
    model = st.Sequential(layers, seed=seed)
    rate = st.schedules.CosineDecay(params["learning_rate"], epochs * math.ceil(len(X) / params["batch_size"]))
    model.compile(st.Adam(rate), "categorical_crossentropy", ["accuracy"], st.L2(params["l2"], biases=False))
    model.build((None, *X.shape[1:]))
    return model


def objective(
    train: Images, validation: Images, epochs: int, fixed: Mapping[str, Any] | None = None,
) -> Callable[[st.Trial], float]:
    """The validation accuracy of a configuration; a trial with more epochs continues the training of its parent."""
    def accuracy(trial: st.Trial) -> float:
        params, saved = {**(fixed or {}), **trial.params}, trial.load()
        model = network(params, *train, epochs, trial.seed)
        if saved is not None:
            model.set_state(saved)
        if model.fit(*train, params["batch_size"], int(trial.budget or epochs) - model.epochs_done, verbose=0).diverged:
            raise RuntimeError("the training diverged")
        trial.save(model.get_state())
        return float(model.evaluate(*validation)["accuracy"])

    return accuracy


def load(data: str | Path | None, seed: int = 0) -> tuple[Images, Images]:
    """The training and the test images, gray levels in [0, 1], of a folder of IDX files or of the package."""
    if data is None:
        X, y = st.datasets.load_fashion_mnist()
        rows, test_rows = st.train_test_split(np.arange(len(X)), test_size=0.2, random_state=seed, stratify=y)
        train, test = (X[rows], y[rows]), (X[test_rows], y[test_rows])
    else:
        train, test = st.datasets.load_idx(data)
    X, y = train
    X_test, y_test = test
    if min(X.shape[1:3]) < 8 or X.shape[1:] != X_test.shape[1:] or np.unique(y, return_counts=True)[1].min() < 20:
        raise ValueError(f"--data is {str(data)!r}, with images of {X.shape[1:3]} and {X_test.shape[1:3]} pixels; all "
                         "must have one size of at least 8x8, and each class at least 20 training images")
    return (X.astype(np.float32) / np.float32(255), y), (X_test.astype(np.float32) / np.float32(255), y_test)


def main(
    quick: bool = False, data: str | Path | None = None, out: Path = Path("."), jobs: int = 2, seed: int = 0,
    db: Path | None = None, report: str | Path | None = None,
) -> None:
    """Tune on a part, train the winner and the default on all training images, compare, draw, save."""
    page = checked_options(out, jobs, seed, report, db, "classifier.npz")
    (X, y), test = load(data, seed)
    epochs, part = (9, min(800, len(X) // 2)) if quick else (27, min(6000, len(X)))
    rows = st.train_test_split(
        np.arange(len(X)), train_size=part * 4 // 5, test_size=part // 5, random_state=seed, stratify=y)
    train, validation = ((X[chosen], y[chosen]) for chosen in rows)
    study = st.Study(SPACE, hyperband(epochs), "maximize", seed, db, data=digest_of(*train, *validation))
    study.run(objective(train, validation, epochs), n_jobs=jobs, max_failures="unlimited")
    tell(summary(study, "validation accuracy"))
    for name, params in (("default", DEFAULT), ("tuned", study.best_params)):
        model = network(params, X, y, epochs, seed)
        model.fit(X, y, params["batch_size"], epochs)
        p, n = model.evaluate(*test)["accuracy"], len(test[0])
        tell(f"{name}: test accuracy {p:.4f} on {n:,} images, standard error {math.sqrt(p * (1.0 - p) / n):.4f}")
    model.save(out / "classifier.npz")
    axes = st.insight.plot_confusion_matrix(test[1], model.predict(test[0]).argmax(axis=1))
    axes.figure.savefig(out / "image_confusion.png")
    tell(f"picture: {out / 'image_confusion.png'}\nmodel: {out / 'classifier.npz'} (st.load_model)")
    write_report(page, [study])
