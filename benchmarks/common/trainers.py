"""A trainer trains the same network on the same digits with one library, and measures the time.

Each is made for a case (hidden widths, batch size) and called with a number of epochs and a seed. It returns the
seconds that a user would wait for; data are converted before, and outputs of the trained network computed after.
All use float32, one thread, glorot_uniform weights, Adam with the same constants, and a new order every epoch in
which no row is left out.
"""

from __future__ import annotations

import time
from functools import cache, lru_cache
from typing import Any

import numpy as np

from benchmarks.common.speeds import ADAMS, Answer, fastest_adam, timed

LEARNING_RATE, BETA_1, BETA_2, EPSILON = 0.001, 0.9, 0.999, 1e-8
CLASSES = 10


@lru_cache(maxsize=1)
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A training set of 1437 rows and a test set of 360, shuffled; gray levels from 0 to 1."""
    from scratchtune import datasets

    X, y = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(X))
    X, y, cut = np.ascontiguousarray(X[order] / 16.0, np.float32), y[order], 1437
    return X[:cut], y[:cut], X[cut:], y[cut:]


def cross_entropy(logits: np.ndarray, y: np.ndarray) -> float:
    """The mean over the rows, in float64."""
    z = logits.astype(np.float64)
    z -= z.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]))


class Trainer:
    """Base class of the trainers."""

    note = ""

    def __init__(self, hidden: list[int], batch_size: int) -> None:
        self.hidden, self.batch_size = hidden, batch_size
        self.widths = [64, *hidden, CLASSES]

    def train(self, epochs: int, seed: int) -> tuple[float, Any]:
        """Seconds, and a function from rows to logits (or to logarithms of probabilities)."""
        raise NotImplementedError


class Ours(Trainer):
    """Sequential.fit through the public API, the whole call."""

    metrics: list[str] = []

    def model(self, seed: int) -> Any:
        import scratchtune as st

        hidden = [st.Dense(width, "relu") for width in self.hidden]
        model = st.Sequential([*hidden, st.Dense(CLASSES, "softmax")], seed=seed)
        model.compile(st.Adam(LEARNING_RATE, BETA_1, BETA_2, EPSILON), "categorical_crossentropy", self.metrics)
        model.build((None, 64))
        return model

    def train(self, epochs: int, seed: int) -> tuple[float, Any]:
        X, y, _, _ = digits()
        model = self.model(seed)
        seconds, _ = timed(lambda: model.fit(X, y, batch_size=self.batch_size, epochs=epochs, verbose=0))
        return seconds, lambda rows: np.log(np.maximum(model.predict(rows).astype(np.float64), 1e-300))


class OursWithAccuracy(Ours):
    """The same with the accuracy of training measured in every epoch."""

    metrics = ["accuracy"]


class Torch(Trainer):
    """An ordinary eager loop: tensors converted before, index_select, the fastest of torch's three Adams."""

    def __init__(self, hidden: list[int], batch_size: int) -> None:
        import torch

        super().__init__(hidden, batch_size)
        torch.set_num_threads(1)
        self.X, self.y = (torch.from_numpy(array) for array in digits()[:2])
        self.kind = fastest_adam(self.with_adam)
        self.note = f"{self.kind} Adam"

    def with_adam(self, seed: int, epochs: int, kind: str) -> Answer:
        """The seconds of a training with one of the three Adams."""
        self.kind = kind
        return {"seconds": self.train(epochs, seed)[0]}

    def network(self) -> Any:
        from torch import nn

        layers: list[nn.Module] = []
        for inputs, units in zip(self.widths[:-1], self.widths[1:], strict=True):
            linear = nn.Linear(inputs, units)
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
            layers += [linear, nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    def train(self, epochs: int, seed: int) -> tuple[float, Any]:
        import torch
        from torch.nn.functional import cross_entropy

        torch.manual_seed(seed)
        network, X, y, batch_size = self.network(), self.X, self.y, self.batch_size
        optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE, (BETA_1, BETA_2), EPSILON, **ADAMS[self.kind])
        start = time.perf_counter()
        for _ in range(epochs):
            for chosen in torch.randperm(len(X)).split(batch_size):
                loss = cross_entropy(network(X.index_select(0, chosen)), y.index_select(0, chosen))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        seconds = time.perf_counter() - start

        def logits(rows: np.ndarray) -> np.ndarray:
            with torch.no_grad():
                return np.asarray(network(torch.from_numpy(rows)).numpy())

        return seconds, logits


class ScikitLearn(Trainer):
    """MLPClassifier.fit, the whole call, without penalty and without stopping early."""

    def train(self, epochs: int, seed: int) -> tuple[float, Any]:
        import warnings

        from sklearn.neural_network import MLPClassifier

        warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")
        X, y, _, _ = digits()
        model = MLPClassifier(
            tuple(self.hidden), solver="adam", alpha=0.0, batch_size=self.batch_size, learning_rate_init=LEARNING_RATE,
            beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON, max_iter=epochs, tol=0.0, n_iter_no_change=10**9,
            random_state=seed,
        )
        seconds, _ = timed(lambda: model.fit(X, y))
        assert model.n_iter_ == epochs and model.coefs_[0].dtype == np.float32
        return seconds, lambda rows: np.log(np.maximum(model.predict_proba(rows).astype(np.float64), 1e-300))


class Jax(Trainer):
    """One jitted call an epoch: lax.scan over the batches, and the smaller last batch; Adam written by hand."""

    def __init__(self, hidden: list[int], batch_size: int) -> None:
        import jax
        import jax.numpy as jnp

        super().__init__(hidden, batch_size)
        X, y, _, _ = digits()
        self.X, self.target = jnp.asarray(X), jax.nn.one_hot(jnp.asarray(y), CLASSES, dtype=jnp.float32)
        self.epoch = self.compiled_epoch()

    def compiled_epoch(self) -> Any:
        import jax
        import jax.numpy as jnp

        tree_map = jax.tree_util.tree_map
        whole = len(self.X) // self.batch_size * self.batch_size

        def loss(params: Any, x: Any, target: Any) -> Any:
            for kernel, bias in params[:-1]:
                x = jax.nn.relu(x @ kernel + bias)
            logits = x @ params[-1][0] + params[-1][1]
            return -jnp.mean(jnp.sum(target * jax.nn.log_softmax(logits), 1))

        def step(carry: Any, batch: Any) -> Any:
            params, m, v, t = carry
            value, gradient = jax.value_and_grad(loss)(params, *batch)
            t = t + 1.0
            m = tree_map(lambda m, g: BETA_1 * m + (1.0 - BETA_1) * g, m, gradient)
            v = tree_map(lambda v, g: BETA_2 * v + (1.0 - BETA_2) * g * g, v, gradient)
            rate, scale = LEARNING_RATE / (1.0 - BETA_1**t), 1.0 / jnp.sqrt(1.0 - BETA_2**t)
            params = tree_map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) * scale + EPSILON), params, m, v)
            return (params, m, v, t), value

        def epoch(carry: Any, X: Any, target: Any, order: Any) -> Any:
            def gather_and_step(carry: Any, chosen: Any) -> Any:
                return step(carry, (X[chosen], target[chosen]))

            carry, losses = jax.lax.scan(gather_and_step, carry, order[:whole].reshape(-1, self.batch_size))
            carry, last = gather_and_step(carry, order[whole:])
            return carry, losses.mean()

        return jax.jit(epoch, donate_argnums=0)

    def train(self, epochs: int, seed: int) -> tuple[float, Any]:
        import jax
        import jax.numpy as jnp

        rng = np.random.default_rng(seed)
        params = []
        for inputs, units in zip(self.widths[:-1], self.widths[1:], strict=True):
            limit = np.sqrt(6.0 / (inputs + units))
            kernel = rng.uniform(-limit, limit, (inputs, units)).astype(np.float32)
            params.append((jnp.asarray(kernel), jnp.zeros(units, jnp.float32)))
        zeros = [jax.tree_util.tree_map(jnp.zeros_like, params) for _ in range(2)]
        carry = jax.block_until_ready((params, *zeros, jnp.float32(0.0)))
        start = time.perf_counter()
        for _ in range(epochs):
            carry, value = self.epoch(carry, self.X, self.target, rng.permutation(len(self.X)).astype(np.int32))
        jax.block_until_ready(carry)
        seconds = time.perf_counter() - start
        weights = [(np.asarray(kernel), np.asarray(bias)) for kernel, bias in carry[0]]

        def logits(rows: np.ndarray) -> np.ndarray:
            for kernel, bias in weights[:-1]:
                rows = np.maximum(rows @ kernel + bias, 0.0)
            return np.asarray(rows @ weights[-1][0] + weights[-1][1])

        return seconds, logits


class Floor(Ours):
    """The step's bare matrix products and one update; trains nothing, so it has no logits."""

    def train(self, epochs: int, seed: int) -> tuple[float, Any]:
        from benchmarks.common.floor import Floor as Loop

        loop = Loop(self.widths, self.batch_size, len(digits()[0]))
        return timed(lambda: loop(epochs))[0], None


TRAINERS: dict[str, type[Trainer]] = {
    "ours": Ours, "ours, accuracy": OursWithAccuracy, "PyTorch": Torch, "scikit-learn": ScikitLearn, "JAX": Jax,
    "floor": Floor}


# In the workers of `benchmarks.training_speed` ------------------------------------------------------------------------


@cache
def made(library: str, hidden: tuple[int, ...], batch_size: int) -> Trainer:
    """A trainer after one run, so that everything is compiled."""
    trainer = TRAINERS[library](list(hidden), batch_size)
    trainer.train(1, 0)
    return trainer


def measured(library: str, hidden: list[int], batch_size: int, epochs: int, repeats: int, seed: int) -> Answer:
    """The median seconds of a step of equal trainings, and the loss and accuracy of the last one."""
    trainer = made(library, tuple(hidden), batch_size)
    X, y, Xt, yt = digits()
    trained = [trainer.train(epochs, seed) for _ in range(repeats)]
    steps = epochs * -(-len(X) // batch_size)
    result: Answer = {"seconds": float(np.median([seconds for seconds, _ in trained])) / steps, "note": trainer.note}
    logits = trained[-1][1]
    if logits is not None:
        accuracy = float(np.mean(logits(Xt).argmax(1) == yt))
        result |= {"loss": cross_entropy(logits(X), y), "accuracy": accuracy}
    return result
