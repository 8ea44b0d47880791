"""The document's network in three libraries, for `benchmarks.same_job`: 64 inputs, one hidden layer, 10 classes, Adam.

Each class is what a user of the library writes, and its lines are counted. `fit` trains for further epochs. All train
in float32, with the mean loss of a batch. Libraries differ in their defaults: initial weights are Glorot's, but in
PyTorch uniform by the number of inputs; biases are zero, but in PyTorch random; the epsilon of Adam is 1e-8, but in
Keras 1e-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CLASSES = 10


class Ours:
    """scratchtune."""

    def __init__(self, params: dict[str, Any], seed: int) -> None:
        import scratchtune as st

        self.batch_size = params["batch_size"]
        self.model = st.Sequential([st.Dense(params["units"], "relu"), st.Dense(CLASSES, "softmax")], seed=seed)
        self.model.compile(st.Adam(params["learning_rate"]), "sparse_categorical_crossentropy")

    def fit(self, X: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train for so many more epochs."""
        self.model.fit(X, y, batch_size=self.batch_size, epochs=epochs, verbose=0)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most probable classes."""
        return self.model.predict(X).argmax(axis=1)


class Keras:
    """Keras with TensorFlow."""

    def __init__(self, params: dict[str, Any], seed: int) -> None:
        import keras

        keras.utils.clear_session()  # as Keras Tuner does before each model
        keras.utils.set_random_seed(seed)
        self.batch_size = params["batch_size"]
        self.model = keras.Sequential([
            keras.Input((64,)), keras.layers.Dense(params["units"], activation="relu"),
            keras.layers.Dense(CLASSES, activation="softmax")])
        self.model.compile(keras.optimizers.Adam(params["learning_rate"]), "sparse_categorical_crossentropy")

    def fit(self, X: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train for so many more epochs."""
        self.model.fit(X, y, batch_size=self.batch_size, epochs=epochs, verbose=0)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most probable classes."""
        return np.asarray(self.model(X, training=False)).argmax(axis=1)  # as Keras advises for what fits in one batch


class PyTorch:
    """PyTorch, the usual loop."""

    def __init__(self, params: dict[str, Any], seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        self.batch_size = params["batch_size"]
        self.model = torch.nn.Sequential(
            torch.nn.Linear(64, params["units"]), torch.nn.ReLU(), torch.nn.Linear(params["units"], CLASSES))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=params["learning_rate"])

    def fit(self, X: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train for so many more epochs."""
        import torch

        rows, targets = torch.from_numpy(X), torch.from_numpy(y)
        for _ in range(epochs):
            for some in torch.randperm(len(rows)).split(self.batch_size):
                self.optimizer.zero_grad()
                torch.nn.functional.cross_entropy(self.model(rows[some]), targets[some]).backward()
                self.optimizer.step()

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most probable classes."""
        import torch

        with torch.no_grad():
            return self.model(torch.from_numpy(X)).argmax(dim=1).numpy()


NETWORKS: dict[str, type[Any]] = {"scratchtune": Ours, "Keras": Keras, "PyTorch": PyTorch}
