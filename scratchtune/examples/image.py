"""Image classification: a small convolutional network and its augmentation, tuned by Hyperband with a Bayesian model.

    scratchtune example image [--data FOLDER] [--quick] [--out DIR]

Without ``--data`` it takes the part of Fashion-MNIST that comes along. Of a folder of IDX files a part of the training
images is for tuning; the winner and the default are then trained on all of them, and judged on the test images. What is
judged by is looked at only at the end.
"""

from __future__ import annotations

import math
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from scratchtune import checks
from scratchtune.comparison import shown
from scratchtune.insight import image_plots
from scratchtune.streams import note, tell
from scratchtune.study.cv_runner import digest_of

SPACE: dict[str, Any] = {
    "filters": [8, 12, 16],  # of the first block; each further one has twice as many
    "depth": [2, 3],  # blocks: convolution, batch normalisation or not, ReLU, pooling; a race favours a single one
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
FINALISTS, SPLITS = 3, 2  # of a search's best settings, so many are judged anew by so many other splits
MOST_PRODUCTS = 1_200_000  # in the convolutions, for an image, forwards; the default's network has 1,016,064
SEALED, VALIDATION = 0.2, 0.2
EPOCHS, EPOCHS_OF_SEARCH = 27, 9  # of a training; 9 with --quick, and where a folder's 6,000 images are searched
ITERATIONS = 4  # of Hyperband's brackets
LEAST_PIXELS, LEAST_IMAGES = 8, 20  # three times halved, a pixel is left; each class is in all parts
PART = 6000  # of a folder: images to tune on


def network(params: dict[str, Any], classes: int, steps: int, seed: int = 0) -> st.Sequential:
    """The network of a setting, compiled; its learning rate falls to 0 over so many ``steps``, along half a cosine."""
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
            layers.append(st.BatchNormalization(momentum=0.9))  # 0.99 takes hundreds of steps to follow
        layers += [st.Activation("relu"), st.MaxPooling2D(2)]
    layers += [st.Flatten(), st.Dropout(params["dropout"]), st.Dense(classes, activation="softmax")]
    model = st.Sequential(layers, seed=seed)
    rate = st.schedules.CosineDecay(params["learning_rate"], max(steps, 1))
    penalty = st.L2(params["l2"], biases=False)
    model.compile(st.Adam(rate), "categorical_crossentropy", ["accuracy"], penalty)
    return model


def products(params: dict[str, Any]) -> int:
    """How many multiplications the convolutions of a setting take for an image of 28x28 pixels, forwards."""
    channels, total = 1, 0
    for block in range(params["depth"]):
        filters, pixels = params["filters"] * 2**block, (28 // 2**block) ** 2
        total += pixels * params["kernel_size"] ** 2 * channels * filters
        channels = filters
    return total


class _Report(st.Callback):
    """Tells a trial its validation accuracy after each epoch."""

    def __init__(self, trial: st.Trial) -> None:
        self.trial = trial

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.trial.report(logs["val_accuracy"], step=epoch + 1)


@dataclass
class Job:
    """What is tuned: rows to train and to validate on, classes, and how many epochs the longest trial has."""

    X: np.ndarray
    y: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray
    classes: int
    epochs: int

    def __post_init__(self) -> None:
        self.curves: dict[int, dict[str, list[float]]] = {}

    def __call__(self, trial: st.Trial) -> float:
        """The objective: the validation accuracy after a training of as many epochs as the trial's budget says.

        Each training begins at its start, and its learning rate falls to 0 at its own end: a short one is a whole
        training too, and what it is worth is not left to how high the rate still was.
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
        """The network of a setting, its learning rate made for so many rows and epochs."""
        model = network(params, self.classes, epochs * math.ceil(rows / params["batch_size"]), seed)
        model.build((None, *self.X.shape[1:]))
        return model

    def trained(
        self, params: dict[str, Any], X: np.ndarray, y: np.ndarray, epochs: int, seed: int = 0, verbose: int = 1,
    ) -> st.Sequential:
        """A network of a setting, trained from its start on other rows."""
        model = self.network(params, len(X), epochs, seed)
        model.fit(X, y, params["batch_size"], epochs, verbose=verbose)
        return model


def prepared(
    X: np.ndarray, y: np.ndarray, classes: int, epochs: int, seed: int = 0, db: Path | None = None,
) -> tuple[Job, st.Study]:
    """What is to be run, ``study.run(job)``: a part of the rows to train on, the rest to validate on.

    No setting is proposed that takes more than MOST_PRODUCTS.
    """
    X, X_valid, y, y_valid = st.train_test_split(X, y, test_size=VALIDATION, random_state=seed, stratify=y)
    job = Job(X, y, X_valid, y_valid, classes, epochs)
    searcher = st.Hyperband(
        epochs, proposer=st.BayesianSearch(parallel=2), min_budget=max(epochs // 9, 1), random_share=1 / 3,
        iterations=ITERATIONS)
    study = st.Study(
        SPACE, searcher, direction="maximize", seed=seed, storage=db, data=digest_of(X, y, X_valid, y_valid),
        constraint=lambda params: products(params) <= MOST_PRODUCTS)
    job.trained(WITH_ALL_LAYERS, X[:1], y[:1], 1)  # compiles
    return job, study


def confirmed(study: st.Study, job: Job, X: np.ndarray, y: np.ndarray, jobs: int = 2, seed: int = 0) -> st.Trial:
    """The best of a search's best trials by the mean over its own split and others: a lucky one is found out."""
    finalists = _ranked(study)[:FINALISTS]

    def judged(task: tuple[st.Trial, int]) -> float:
        trial, split = task
        A, B, a, b = st.train_test_split(X, y, test_size=VALIDATION, random_state=seed + 1000 * split, stratify=y)
        return job.trained(trial.params, A, a, job.epochs, split, verbose=0).evaluate(B, b)["accuracy"]

    tasks = [(trial, split) for trial in finalists for split in range(1, SPLITS + 1)]
    with ThreadPoolExecutor(jobs) as pool:
        others = np.reshape(list(pool.map(judged, tasks)), (len(finalists), SPLITS))
    means = (np.array([trial.value for trial in finalists]) + others.sum(axis=1)) / (SPLITS + 1)
    return finalists[int(np.argmax(means))]


def _ranked(study: st.Study) -> list[st.Trial]:
    """The finished trials of the whole budget, the best first."""
    finished = [(float(trial.budget or 0), trial.value, trial) for trial in study.trials if trial.value is not None]
    longest = max(budget for budget, _, _ in finished)
    return [trial for _, _, trial in sorted(
        ((-value, trial.number, trial) for budget, value, trial in finished if budget == longest))]


# The example ----------------------------------------------------------------------------------------------------------


def main(
    quick: bool = False, data: Path | None = None, out: Path = Path("."), jobs: int = 2, seed: int = 0,
    db: Path | None = None,
) -> None:
    """Tune, train the winner, and say and draw what came of it."""
    checks.integer("--jobs", jobs, 1)
    checks.integer("--seed", seed, 0, 2**32 - 1)
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out is {str(out)!r}, a file; it must be a folder")
    rows = from_package(quick, seed) if data is None else from_folder(data, quick, seed)
    out.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=out).close()  # that it can be written is known before the work, not after
    longest = EPOCHS_OF_SEARCH if quick else EPOCHS
    job, study = prepared(rows.X, rows.y, rows.classes, longest if data is None else EPOCHS_OF_SEARCH, seed, db)
    height, width = job.X.shape[1:3]
    tell(f"{len(job.X):,} images to train on, {len(job.X_valid):,} to choose by, {len(rows.X_sealed):,} sealed; "
         f"{height}x{width} pixels, {rows.classes} classes")
    begun = time.perf_counter()
    study.run(job, n_jobs=jobs)
    tell(f"searched in {time.perf_counter() - begun:.0f} s\n\n{_ranking(study)}")
    note(f"judging the best {FINALISTS} by {SPLITS} other splits")
    best = confirmed(study, job, rows.X, rows.y, jobs, seed)
    tell(f"\ntrial {best.number} is the best of the first {FINALISTS} by the mean over {SPLITS + 1} splits\n"
         f"why trial {best.number}: {study.why(best.number)}\n")
    found = {}
    for name, params in (("default", DEFAULT), ("tuned", best.params)):
        note(f"training the {name} network on {len(rows.X_all):,} images, {longest} epochs")
        begun = time.perf_counter()
        found[name] = job.trained(params, rows.X_all, rows.y_all, longest, seed)
        seconds = time.perf_counter() - begun
        accuracy = found[name].evaluate(rows.X_sealed, rows.y_sealed)["accuracy"]
        tell(f"{name + ':':<8} accuracy {accuracy:.4f} on {len(rows.X_sealed):,} sealed images; {longest} epochs on "
             f"{len(rows.X_all):,} images, {seconds:.0f} s")
    pictures = _draw(job, study, best, found["tuned"], rows, out)
    tell("\n".join(f"picture: {path}" for path in pictures))


@dataclass
class _Rows:
    """Images to tune on, images to train the winner on (those, or more), and sealed ones; gray levels from 0 to 1."""

    X: np.ndarray
    y: np.ndarray
    X_all: np.ndarray
    y_all: np.ndarray
    X_sealed: np.ndarray
    y_sealed: np.ndarray
    names: tuple[str, ...]

    @property
    def classes(self) -> int:
        return len(self.names)


def scaled(X: np.ndarray) -> np.ndarray:
    return np.asarray(X, np.float32) / np.float32(255.0)


def from_package(quick: bool, seed: int) -> _Rows:
    X, y = st.datasets.load_fashion_mnist()
    X_open, X_sealed, y_open, y_sealed = st.train_test_split(
        scaled(X), y, test_size=SEALED, random_state=seed, stratify=y)
    if quick:
        X_open, _, y_open, _ = st.train_test_split(X_open, y_open, train_size=800, random_state=seed, stratify=y_open)
    return _Rows(X_open, y_open, X_open, y_open, X_sealed, y_sealed, st.datasets.FASHION_NAMES)


def from_folder(folder: Path, quick: bool, seed: int) -> _Rows:
    (X, y), (X_test, y_test) = st.datasets.load_idx(folder)
    if X.shape[1:] != X_test.shape[1:]:
        found = f"{folder} has training images of {X.shape[1:3]} pixels and test images of {X_test.shape[1:3]}"
        raise ValueError(f"{found}; they must be of one size")
    height, width = X.shape[1:3]
    rarest = int(np.unique(y, return_counts=True)[1].min())
    if min(height, width) < LEAST_PIXELS or rarest < LEAST_IMAGES:
        found = f"--data is {str(folder)!r}, with images of {height}x{width} pixels and a class of {rarest} images"
        raise ValueError(f"{found}; it takes {LEAST_PIXELS}x{LEAST_PIXELS} or more pixels, and {LEAST_IMAGES} or more "
                         f"images of each class")
    classes = int(max(y.max(), y_test.max())) + 1
    is_fashion = "fashion" in folder.name and classes == 10
    names = st.datasets.FASHION_NAMES if is_fashion else tuple(map(str, range(classes)))
    if quick:
        X, _, y, _ = st.train_test_split(X, y, train_size=min(2000, len(X) // 2), random_state=seed, stratify=y)
    part = min(PART, len(X) // 2)
    X_part, _, y_part, _ = st.train_test_split(X, y, train_size=part, random_state=seed, stratify=y)
    return _Rows(scaled(X_part), y_part, scaled(X), y, scaled(X_test), y_test, names)


def _ranking(study: st.Study, most: int = 5) -> str:
    """The best trials of the whole budget, as a table."""
    lines = [f"{'trial':>5} {'epochs':>6} {'validation accuracy':>19}  setting"]
    lines += [f"{trial.number:>5} {trial.budget:>6.0f} {trial.value:>19.4f}  {shown(trial.params)}"
              for trial in _ranked(study)[:most]]
    return "\n".join(lines)


def _draw(
    job: Job, study: st.Study, best: st.Trial, model: st.Sequential, rows: _Rows, out: Path,
) -> list[Path]:
    probabilities = model.predict(rows.X_sealed)
    said = probabilities.argmax(axis=1)
    matrix = st.metrics.confusion_matrix(rows.y_sealed, said, labels=range(rows.classes))
    certainty = probabilities[np.arange(len(said)), said]
    wrong = np.flatnonzero(said != rows.y_sealed)
    worst = wrong[np.argsort(-certainty[wrong], kind="stable")][:SHOWN]
    titles = [f"{rows.names[said[i]]} ({certainty[i]:.0%})\nis {rows.names[rows.y_sealed[i]]}" for i in worst]
    kernel = next(weight for weight in model.get_weights() if weight.ndim == 4)
    return [
        image_plots.plot_learning_curves(study, best, job.curves, out / "image_curves.png"),
        image_plots.plot_confusion(matrix, rows.names, out / "image_confusion.png"),
        image_plots.plot_images(rows.X_sealed[worst], titles, out / "image_mistakes.png"),
        image_plots.plot_filters(kernel, out / "image_filters.png"),
    ]


if __name__ == "__main__":
    main()
