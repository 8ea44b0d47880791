"""Image classification: a small convolutional network and its augmentation, tuned by Hyperband with a Bayesian model.

    scratchtune example image [--data FOLDER] [--quick] [--out DIR]

Without ``--data`` it uses the built-in part of Fashion-MNIST. With a folder of IDX files, a part of the training images
is used for tuning; the winner and the default are then trained on all of them, and evaluated on the test images. The
test set is used only at the end.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from scratchtune.digests import digest_of
from scratchtune.examples.arms import hyperband
from scratchtune.examples.shared import check_options, prepare_folder, ranking, write_report
from scratchtune.insight.classifier_plots import plot_confusion_matrix, plot_images
from scratchtune.insight.learning_curves import plot_learning_curves
from scratchtune.insight.plots import save
from scratchtune.insight.reporting import report_path
from scratchtune.streams import note, tell
from scratchtune.study.best import best_first

SPACE: dict[str, Any] = {
    "filters": [8, 12, 16],  # of the first block; each further one has twice as many
    "depth": [2, 3],  # blocks: convolution, optional batch normalisation, ReLU, pooling; short budgets favour one block
    "kernel_size": [3, 5],
    "batch_normalization": [False, True],
    "learning_rate": st.Float(1e-3, 2e-2, log=True),
    "batch_size": [32, 64],
    "l2": st.Float(1e-6, 3e-4, log=True),
    "dropout": st.Float(0.0, 0.6),
    "shift": st.Categorical([0.0, 0.02, 0.04], prior=[4, 1, 1]),  # a share of the image's height and width
    "rotation": st.Categorical([0.0, 0.01, 0.02], prior=[4, 1, 1]),  # a share of a full turn
    "flip": [False, True],
    "noise": st.Categorical([0.0, 0.05], prior=[4, 1]),
}
DEFAULT: dict[str, Any] = {
    "filters": 16, "depth": 2, "kernel_size": 3, "batch_normalization": False, "learning_rate": 0.001,
    "batch_size": 32, "l2": 0.0, "dropout": 0.0, "shift": 0.0, "rotation": 0.0, "flip": False, "noise": 0.0,
}
WITH_ALL_LAYERS = DEFAULT | {"batch_normalization": True, "shift": 0.02, "rotation": 0.01, "flip": True, "noise": 0.05}
SHOWN = 12  # mistakes
FINALISTS, SPLITS = 3, 2  # so many of the best configurations are re-evaluated on so many other splits
MOST_PRODUCTS = 1_200_000  # multiplications in the convolutions' forward pass for an image; the default needs 1,016,064
TEST_SHARE, VALIDATION = 0.2, 0.2
EPOCHS, EPOCHS_OF_SEARCH = 27, 9  # of a training; 9 with --quick, and in the search on 6,000 images of a folder
ITERATIONS = 4  # of Hyperband's brackets
LEAST_PIXELS, LEAST_IMAGES = 8, 20  # three poolings leave at least one pixel; each class is in all parts
PART = 6000  # of a folder: images to tune on


def network(params: dict[str, Any], classes: int, steps: int, seed: int = 0) -> st.Sequential:
    """Return the compiled network of a configuration.

    Its learning rate decays to 0 over ``steps``, along half a cosine.
    """
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
        layers.append(st.Conv2D(params["filters"] * 2**block, params["kernel_size"], padding="same"))
        if params["batch_normalization"]:
            layers.append(st.BatchNormalization(momentum=0.9))  # 0.99 would need hundreds of steps to converge
        layers += [st.Activation("relu"), st.MaxPooling2D(2)]
    layers += [st.Flatten(), st.Dropout(params["dropout"]), st.Dense(classes, activation="softmax")]
    model = st.Sequential(layers, seed=seed)
    rate = st.schedules.CosineDecay(params["learning_rate"], max(steps, 1))
    penalty = st.L2(params["l2"], biases=False)
    model.compile(st.Adam(rate), "categorical_crossentropy", ["accuracy"], penalty)
    return model


def products(params: dict[str, Any]) -> int:
    """Count the multiplications in a configuration's convolutions: forward pass, an image of 28x28 pixels."""
    channels, total = 1, 0
    for block in range(params["depth"]):
        filters, pixels = params["filters"] * 2**block, (28 // 2**block) ** 2
        total += pixels * params["kernel_size"] ** 2 * channels * filters
        channels = filters
    return total


class _Report(st.Callback):
    """Reports the validation accuracy to a trial after each epoch."""

    def __init__(self, trial: st.Trial) -> None:
        self.trial = trial

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.trial.report(logs["val_accuracy"], step=epoch + 1)


@dataclass
class Objective:
    """The objective: the validation accuracy of a configuration.

    ``classes`` is their number, ``epochs`` the length of the longest training.
    """

    X: np.ndarray
    y: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray
    classes: int
    epochs: int

    def __post_init__(self) -> None:
        self.curves: dict[int, dict[str, list[float]]] = {}

    def __call__(self, trial: st.Trial) -> float:
        """Return the validation accuracy after a training whose number of epochs is the trial's budget.

        Each training starts from scratch, and its learning rate decays to 0 at its last step. A short training is thus
        a complete one, and its score does not depend on how far the learning rate has decayed.
        """
        params, epochs = trial.params, int(self.epochs if trial.budget is None else trial.budget)
        model = self.network(params, len(self.X), epochs, trial.seed)
        history = model.fit(
            self.X, self.y, params["batch_size"], epochs, verbose=0, callbacks=[_Report(trial)],
            validation_data=(self.X_valid, self.y_valid))
        if history.diverged:
            raise RuntimeError("the training diverged")
        self.curves[trial.number] = history.history
        return float(history.history["val_accuracy"][-1])

    def network(self, params: dict[str, Any], rows: int, epochs: int, seed: int) -> st.Sequential:
        """Return the network of a configuration, with a learning-rate schedule for so many rows and epochs."""
        model = network(params, self.classes, epochs * math.ceil(rows / params["batch_size"]), seed)
        model.build((None, *self.X.shape[1:]))
        return model

    def trained(
        self, params: dict[str, Any], X: np.ndarray, y: np.ndarray, epochs: int, seed: int = 0, verbose: int = 1,
    ) -> st.Sequential:
        """Return the network of a configuration, trained from scratch on the rows given."""
        model = self.network(params, len(X), epochs, seed)
        model.fit(X, y, params["batch_size"], epochs, verbose=verbose)
        return model


def prepared(
    X: np.ndarray, y: np.ndarray, classes: int, epochs: int, seed: int = 0, db: Path | None = None,
) -> tuple[Objective, st.Study]:
    """Return the objective and its study, for ``study.run(objective)``.

    The rows are split into a training and a validation set. No configuration is proposed that takes more than
    MOST_PRODUCTS.
    """
    X, X_valid, y, y_valid = st.train_test_split(X, y, test_size=VALIDATION, random_state=seed, stratify=y)
    objective = Objective(X, y, X_valid, y_valid, classes, epochs)
    study = st.Study(
        SPACE, hyperband(epochs, iterations=ITERATIONS), direction="maximize", seed=seed, storage=db,
        data=digest_of(X, y, X_valid, y_valid), constraint=lambda params: products(params) <= MOST_PRODUCTS)
    objective.trained(WITH_ALL_LAYERS, X[:1], y[:1], 1)  # compiles
    return objective, study


def confirmed(
    study: st.Study, objective: Objective, X: np.ndarray, y: np.ndarray, jobs: int = 2, seed: int = 0,
) -> st.Trial:
    """Return the best of the best trials, by the mean accuracy over several splits.

    The accuracy on the one split of the search is optimistic for the trial that it selected.
    """
    finalists = best_first(study.trials, study.direction)[:FINALISTS]

    def accuracy(task: tuple[st.Trial, int]) -> float:
        trial, split = task
        A, B, a, b = st.train_test_split(X, y, test_size=VALIDATION, random_state=seed + 1000 * split, stratify=y)
        return objective.trained(trial.params, A, a, objective.epochs, split, verbose=0).evaluate(B, b)["accuracy"]

    tasks = [(trial, split) for trial in finalists for split in range(1, SPLITS + 1)]
    with ThreadPoolExecutor(jobs) as pool:
        others = np.reshape(list(pool.map(accuracy, tasks)), (len(finalists), SPLITS))
    means = (np.array([trial.value for trial in finalists]) + others.sum(axis=1)) / (SPLITS + 1)
    return finalists[int(np.argmax(means))]


# The example ----------------------------------------------------------------------------------------------------------


def main(
    quick: bool = False, data: str | Path | None = None, out: Path = Path("."), jobs: int = 2, seed: int = 0,
    db: Path | None = None, report: str | Path | None = None,
) -> None:
    """Tune, train the winner, print and plot the results."""
    check_options(out, jobs, seed)
    rows = from_package(quick, seed) if data is None else from_folder(Path(data), quick, seed)
    prepare_folder(out)
    page = report_path(report, out / "report.html")
    longest = EPOCHS_OF_SEARCH if quick else EPOCHS
    objective, study = prepared(rows.X, rows.y, rows.classes, longest if data is None else EPOCHS_OF_SEARCH, seed, db)
    height, width = objective.X.shape[1:3]
    tell(f"training set: {len(objective.X):,} images, validation set: {len(objective.X_valid):,}, held-out test set: "
         f"{len(rows.X_test):,}; {height}x{width} pixels, {rows.classes} classes")
    begun = time.perf_counter()
    study.run(objective, n_jobs=jobs, max_failures="unlimited")
    tell(f"searched in {time.perf_counter() - begun:.0f} s\n\n"
         f"{ranking(study, 'validation accuracy', longest)}")
    note(f"re-evaluating the best {FINALISTS} on {SPLITS} other splits")
    best = confirmed(study, objective, rows.X, rows.y, jobs, seed)
    tell(f"\ntrial {best.number} is the best of the first {FINALISTS} by the mean over {SPLITS + 1} splits\n"
         f"why trial {best.number}: {study.why(best.number)}\n")
    found = {}
    for name, params in (("default", DEFAULT), ("tuned", best.params)):
        note(f"training the {name} network on {len(rows.X_all):,} images, {longest} epochs")
        begun = time.perf_counter()
        found[name] = objective.trained(params, rows.X_all, rows.y_all, longest, seed)
        seconds = time.perf_counter() - begun
        accuracy = found[name].evaluate(rows.X_test, rows.y_test)["accuracy"]
        tell(f"{name + ':':<8} test accuracy {accuracy:.4f} on {len(rows.X_test):,} images; trained for {longest} "
             f"epochs on {len(rows.X_all):,} images, {seconds:.0f} s")
    pictures = _draw(objective, study, best, found["tuned"], rows, out)
    tell("\n".join(f"picture: {path}" for path in pictures))
    write_report(page, [study])


@dataclass
class Images:
    """Images to tune on, images to train the winner on (the same, or more), and the test set; gray levels in [0, 1]."""

    X: np.ndarray
    y: np.ndarray
    X_all: np.ndarray
    y_all: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    names: tuple[str, ...]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.names)


def scaled(X: np.ndarray) -> np.ndarray:
    """Gray levels from 0 to 255 as numbers on [0, 1]."""
    return np.asarray(X, np.float32) / np.float32(255.0)


def from_package(quick: bool, seed: int) -> Images:
    """Return the built-in part of Fashion-MNIST, split; with ``quick`` only 800 images to tune and train on."""
    X, y = st.datasets.load_fashion_mnist()
    X_train, X_test, y_train, y_test = st.train_test_split(
        scaled(X), y, test_size=TEST_SHARE, random_state=seed, stratify=y)
    if quick:
        X_train, _, y_train, _ = st.train_test_split(
            X_train, y_train, train_size=800, random_state=seed, stratify=y_train)
    return Images(X_train, y_train, X_train, y_train, X_test, y_test, st.datasets.FASHION_NAMES)


def from_folder(folder: Path, quick: bool, seed: int) -> Images:
    """Read the images of a folder of IDX files: a part of the training images to tune on, all to train the winner."""
    (X, y), (X_test, y_test) = st.datasets.load_idx(folder)
    if X.shape[1:] != X_test.shape[1:]:
        found = f"{folder} has training images of {X.shape[1:3]} pixels and test images of {X_test.shape[1:3]}"
        raise ValueError(f"{found}; they must be of one size")
    height, width = X.shape[1:3]
    rarest = int(np.unique(y, return_counts=True)[1].min())
    if min(height, width) < LEAST_PIXELS or rarest < LEAST_IMAGES:
        found = f"--data is {str(folder)!r}, with images of {height}x{width} pixels and a class of {rarest} images"
        raise ValueError(f"{found}; it must have at least {LEAST_PIXELS}x{LEAST_PIXELS} pixels, and {LEAST_IMAGES} "
                         "images of each class")
    classes = int(max(y.max(), y_test.max())) + 1
    is_fashion = "fashion" in folder.name and classes == 10
    names = st.datasets.FASHION_NAMES if is_fashion else tuple(map(str, range(classes)))
    if quick:
        X, _, y, _ = st.train_test_split(X, y, train_size=min(2000, len(X) // 2), random_state=seed, stratify=y)
    part = min(PART, len(X) // 2)
    X_part, _, y_part, _ = st.train_test_split(X, y, train_size=part, random_state=seed, stratify=y)
    return Images(scaled(X_part), y_part, scaled(X), y, scaled(X_test), y_test, names)


def _draw(
    objective: Objective, study: st.Study, best: st.Trial, model: st.Sequential, rows: Images, out: Path,
) -> list[Path]:
    probabilities = model.predict(rows.X_test)
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(predicted)), predicted]
    wrong = np.flatnonzero(predicted != rows.y_test)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:SHOWN]
    titles = [f"true: {rows.names[rows.y_test[i]]}\npredicted: {rows.names[predicted[i]]}\n({confidence[i]:.0%})"
              for i in worst]
    kernel = next(weight for weight in model.get_weights() if weight.ndim == 4)
    return [
        plot_learning_curves(study, [best], objective.curves, out / "image_curves.png"),
        save(plot_confusion_matrix(rows.y_test, predicted).figure, out / "image_confusion.png"),
        *(save(plot_images(rows.X_test[worst], titles)[0].figure, out / "image_mistakes.png") for _ in worst[:1]),
        save(plot_images(np.moveaxis(kernel.mean(axis=2), -1, 0))[0].figure, out / "image_filters.png"),
    ]


if __name__ == "__main__":
    main()
