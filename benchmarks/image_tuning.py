"""Does tuning an image classifier pay, at equal cost of training, and what does augmentation do?

The search of `scratchtune example image --data`, once for each seed: it uses so many of the folder's training images,
drawn independently for each seed, and trains for nine epochs at most. Its winner and the default network are then
trained on all of them, and evaluated on the 10,000 test images, which no search has seen. The winner gets nine epochs;
the default at least as many, and as many as fit into the winner's seconds. The time of the search is not included.
Both are also trained three times as long, for which neither was chosen. The seeds start at 60: lower ones were used to
choose the space and the training procedure, with knowledge of accuracies on these test images. With ``--whole`` the
search uses 6,000 of the folder's 60,000 images (with seed 0, one of the lower ones), and its winner is trained once on
all.
"""

from __future__ import annotations

import math
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from scratchtune.examples import image
from scratchtune.streams import shown_params

FOLDER = Path("/usr/share/datasets/fashion-mnist")
EPOCHS, LONG = image.EPOCHS_OF_SEARCH, image.EPOCHS
AUGMENTED = {"shift": 0.04, "rotation": 0.01, "flip": True, "noise": 0.0}
BAR_WHOLE, MOST_MINUTES = 0.915, 15.0


def curve(objective: image.Objective, params: dict[str, Any], X: np.ndarray, y: np.ndarray, epochs: int, seed: int,
          X_test: np.ndarray, y_test: np.ndarray) -> dict[str, Any]:
    """Train a configuration epoch by epoch: its test accuracy after each, and the seconds spent on training."""
    model = objective.network(params, len(X), epochs, seed)
    accuracies, seconds, spent = [], [], 0.0
    for _ in range(epochs):
        begun = time.perf_counter()
        model.fit(X, y, params["batch_size"], verbose=0)
        spent += time.perf_counter() - begun
        seconds.append(spent)
        accuracies.append(model.evaluate(X_test, y_test)["accuracy"])
    return {"accuracy": accuracies, "seconds": seconds}


def one_seed(X: np.ndarray, y: np.ndarray, X_test: np.ndarray, y_test: np.ndarray, seed: int) -> dict[str, Any]:
    """Search; train the default and the winner at equal cost, and longer; the winner also with augmentation."""
    objective, study = image.prepared(X, y, 10, EPOCHS, seed)
    begun = time.perf_counter()
    study.run(objective, n_jobs=2)
    best = image.confirmed(study, objective, X, y, seed=seed).params
    searched = time.perf_counter() - begun
    test = (seed, X_test, y_test)
    tuned = curve(objective, best, X, y, EPOCHS, *test)
    default = curve(objective, image.DEFAULT, X, y, EPOCHS, *test)
    while default["seconds"][-1] < tuned["seconds"][-1]:
        more = len(default["accuracy"]) * tuned["seconds"][-1] / default["seconds"][-1]
        default = curve(objective, image.DEFAULT, X, y, math.ceil(more), *test)

    def long(params: dict[str, Any]) -> tuple[float, float]:
        """Test accuracy, and training accuracy minus test accuracy."""
        model = objective.trained(params, X, y, LONG, seed, verbose=0)
        accuracy = model.evaluate(X_test, y_test)["accuracy"]
        return accuracy, model.evaluate(X, y)["accuracy"] - accuracy

    plain = {**best, **{name: image.DEFAULT[name] for name in AUGMENTED}}
    return {
        "seed": seed, "params": best, "searched": searched, "tuned": tuned,
        "default": default, "long_default": long(image.DEFAULT)[0], "long_tuned": long(best)[0], "plain": long(plain),
        "augmented": long({**best, **AUGMENTED}),
    }


def reached(run: dict[str, Any], wanted: float) -> str:
    """The epochs and seconds after which a curve first reaches a score."""
    for epoch, (accuracy, seconds) in enumerate(zip(run["accuracy"], run["seconds"], strict=True), start=1):
        if accuracy >= wanted:
            return f"{epoch}, {seconds:.1f} s"
    return "never"


def report(found: list[dict[str, Any]], given: Namespace) -> list[str]:
    """The results of each seed, and the intervals."""
    rows = [[
        str(run["seed"]), f"{run['default']['accuracy'][-1]:.4f}", f"{run['tuned']['accuracy'][-1]:.4f}",
        f"{run['tuned']['accuracy'][-1] - run['default']['accuracy'][-1]:+.4f}",
        str(len(run["default"]["accuracy"])), f"{run['default']['seconds'][-1]:.1f}",
        f"{run['tuned']['seconds'][-1]:.1f}",
        f"{max(run['default']['accuracy']):.4f}", reached(run["default"], max(run["default"]["accuracy"])),
        reached(run["tuned"], max(run["default"]["accuracy"])), f"{run['searched']:.0f}",
    ] for run in found]
    longer = [[str(run["seed"]), f"{run['long_default']:.4f}", f"{run['long_tuned']:.4f}",
               f"{run['long_tuned'] - run['long_default']:+.4f}"] for run in found]
    gaps = [[str(run["seed"]), f"{run['plain'][1]:.4f}", f"{run['augmented'][1]:.4f}",
             f"{run['plain'][0]:.4f}", f"{run['augmented'][0]:.4f}"] for run in found]
    settings = [[str(run["seed"]), shown_params(run["params"])] for run in found]
    better = harness.interval([run["tuned"]["accuracy"][-1] - run["default"]["accuracy"][-1] for run in found])
    long = harness.interval([run["long_tuned"] - run["long_default"] for run in found])
    gap = harness.interval([run["plain"][1] - run["augmented"][1] for run in found])
    gain = harness.interval([run["augmented"][0] - run["plain"][0] for run in found])
    return [
        f"Accuracy on the test images after training on {given.images:,}; the winner trains for {EPOCHS} epochs, the "
        f"default until it has spent as many seconds. \"Default's best\" is its highest score after any epoch; then "
        f"when each first reached it.",
        harness.table(["seed", "default", "tuned", "difference", "default's epochs", "default s", "tuned s",
                       "default's best", "default had it", "tuned had it", "search s"], rows),
        f"Both trained for {LONG} epochs, which is three times as long as the search tried:",
        harness.table(["seed", "default", "tuned", "difference"], longer),
        f"The winner for {LONG} epochs without augmentation and with some that is the same for all "
        f"({shown_params(AUGMENTED)}): gap is accuracy on the training images less that on the test images.",
        harness.table(["seed", "gap without", "gap with", "accuracy without", "accuracy with"], gaps),
        "The winners:", harness.table(["seed", "configuration"], settings, "ll"),
        f"Tuned less default after {LONG} epochs each, mean {long[0]:+.4f}, 95 % interval {long[1]:+.4f} to "
        f"{long[2]:+.4f}; accuracy with augmentation less without, mean {gain[0]:+.4f}, {gain[1]:+.4f} to "
        f"{gain[2]:+.4f}: no bars.",
        "\n".join([
            harness.verdict(better[1] > 0.0, f"tuned less default at equal cost, mean {better[0]:+.4f}, 95 % interval "
                                             f"{better[1]:+.4f} to {better[2]:+.4f}: it must be above zero"),
            harness.verdict(gap[1] > 0.0, f"the gap is smaller with augmentation by {gap[0]:.4f}, 95 % interval "
                                          f"{gap[1]:.4f} to {gap[2]:.4f}: it must be above zero"),
        ]),
    ]


def whole(given: Namespace) -> list[str]:
    """Search on a part of the folder, train the winner once on all of it."""
    seed = 0
    rows = image.from_folder(given.data, False, seed)
    objective, study = image.prepared(rows.X, rows.y, rows.classes, EPOCHS, seed)
    begun = time.perf_counter()
    study.run(objective, n_jobs=2)
    best = image.confirmed(study, objective, rows.X, rows.y, seed=seed).params
    searched = time.perf_counter() - begun
    begun = time.perf_counter()
    model = objective.trained(best, rows.X_all, rows.y_all, LONG, seed)
    minutes = (time.perf_counter() - begun) / 60.0
    accuracy = model.evaluate(rows.X_test, rows.y_test)["accuracy"]
    return [
        f"Searched on {len(rows.X):,} images in {searched / 60.0:.1f} minutes on two threads; the winner "
        f"({shown_params(best)}) was trained once on {len(rows.X_all):,} images, {LONG} epochs.",
        "\n".join([
            harness.bar(f"accuracy on {len(rows.X_test):,} test images", accuracy, BAR_WHOLE, "", digits=4),
            harness.bar("that training", minutes, MOST_MINUTES, " minutes", at_most=True),
        ]),
    ]


def measure(given: Namespace) -> list[dict[str, Any]]:
    """The results of each seed."""
    (X, y), (X_test, y_test) = st.datasets.load_idx(given.data)
    found = []
    for seed in range(given.first, given.first + given.seeds):
        chosen, _, labels, _ = st.train_test_split(X, y, train_size=given.images, random_state=seed, stratify=y)
        found.append(one_seed(image.scaled(chosen), labels, image.scaled(X_test), y_test, seed))
    return found


WHOLE = Benchmark("An image classifier tuned on a part, trained on the whole", whole, lambda found, _: found,
                  name="image_whole")
BENCHMARK = Benchmark(
    "Tuning an image classifier", measure, report, variant=lambda given: WHOLE if given.whole else BENCHMARK, options={
        "--data": {"type": Path, "default": FOLDER, "help": "IDX files of Fashion-MNIST (default: Debian's)"},
        "--images": {"type": count, "default": 6000, "help": "images that a search sees (default: 6000)"},
        "--seeds": {"type": int, "default": 5, "choices": sorted(harness.STUDENT)},
        "--first": {"type": int, "default": 60, "help": "the first seed (default: 60; 0 to 54 were used to choose the "
                                                        "space and the training procedure)"},
        "--whole": {"action": "store_true", "help": "search on 6,000 images, train on all 60,000"}})
