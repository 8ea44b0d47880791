"""Learning curves of networks with random configurations: three tasks with shipped data, and rules replayed on them."""

from __future__ import annotations

import heapq
import warnings
from typing import Any

import numpy as np

import scratchtune as st

EPOCHS, WORST = 27, 10.0  # a loss that is larger, or not finite, is WORST
TASKS = ("digits", "fashion", "numbers")
SPACE = {"learning_rate": st.Float(1e-4, 0.3, log=True), "units": st.Int(4, 128, log=True),
         "dropout": st.Float(0.0, 0.7), "batch_size": st.Int(8, 128, log=True),
         "weight_decay": st.Float(1e-5, 0.1, log=True)}


def curves(task: str, networks: int) -> tuple[np.ndarray, np.ndarray]:
    """Validation losses, (networks, epochs), and the batches of an epoch, (networks,)."""
    train, held_out, made, loss = numbers() if task == "numbers" else images(task)

    def objective(trial: st.Trial) -> float:
        params, model = trial.params, made(trial.params, trial.seed)
        model.compile(st.Adam(params["learning_rate"], weight_decay=params["weight_decay"]), *loss)
        losses = model.fit(*train, batch_size=params["batch_size"], epochs=EPOCHS, verbose=0,
                           validation_data=held_out).history["val_loss"]
        trial.set_user_attr("losses", np.nan_to_num(losses, nan=WORST).clip(max=WORST).tolist())
        return -(-len(train[0]) // params["batch_size"])

    with warnings.catch_warnings():  # that a configuration does not learn
        warnings.simplefilter("ignore")
        trials = st.Study(SPACE, "random", seed=1).run(objective, networks).trials
    return np.array([t.user_attrs["losses"] for t in trials]), np.array([t.value for t in trials])


def images(task: str) -> Any:
    """Digits or clothes, 600 or 1,200 for training; networks with one hidden layer."""
    X, y = st.datasets.load_digits() if task == "digits" else st.datasets.load_fashion_mnist()
    X, Xv, y, yv = st.train_test_split(X.reshape(len(X), -1) / X.max(), y, stratify=y, random_state=0,
                                       train_size=600 if task == "digits" else 1200)

    def made(params: dict[str, Any], seed: int) -> Any:
        return st.Sequential([st.Dense(params["units"], activation="relu"), st.Dropout(params["dropout"]),
                              st.Dense(10, activation="softmax")], seed=seed)

    return (X, y), (Xv, yv), made, ("categorical_crossentropy",)


def numbers() -> Any:
    """Numbers from English to Spanish words, 400 for training; recurrent networks with half as many units."""
    pairs = st.datasets.number_words(500)
    pairs = [pairs[k] for k in np.random.default_rng(0).permutation(len(pairs))]
    words = [st.text.Vocabulary([pair[side] for pair in pairs]) for side in (0, 1)]

    def made(params: dict[str, Any], seed: int) -> Any:
        units = params["units"] // 2
        return st.Seq2Seq(*words, units=units, embedding=units, dropout=params["dropout"], seed=seed)

    return (pairs[:400],), pairs[400:], made, ()


def replayed(rule: Any, losses: np.ndarray, batches: np.ndarray, workers: int) -> list[float]:
    """Train the networks in order, so many at a time; the best final loss after each epoch of any of them.

    An epoch lasts as long as it has batches. The rule has three methods: `ask` for a trial, whether it `stops` with the
    loss of an epoch, and `tell` it its last loss and whether it was stopped.
    """
    running: list[Any] = []
    best, now, begun = [np.inf], 0.0, 0
    while running or begun < len(losses):
        while begun < len(losses) and len(running) < workers:
            try:
                trial = rule.ask()
            except st.NotReady:  # it waits for a running one
                break
            heapq.heappush(running, (now + batches[begun], begun, 1, trial))
            begun += 1
        now, network, epoch, trial = heapq.heappop(running)
        loss = float(losses[network, epoch - 1])
        stopped = rule.stops(trial, epoch, loss)
        if stopped or epoch == EPOCHS:
            rule.tell(trial, loss, stopped)
        else:
            heapq.heappush(running, (now + batches[network], network, epoch + 1, trial))
        best.append(min(best[-1], loss) if epoch == EPOCHS and not stopped else best[-1])
    return best[1:]
