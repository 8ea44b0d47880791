"""What the translator and the recogniser of speech have in common: both train a `Sequential` on rows.

A subclass turns its own data into rows and the network's outputs into texts. This file builds, compiles, trains, saves
and loads the network.

Implements sections 6.2 and 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from scratchtune.network import optimizers, penalties
from scratchtune.network.callbacks import Callback, History
from scratchtune.network.layers import Layer
from scratchtune.network.saving import write_whole
from scratchtune.network.sequential import Sequential

Self = TypeVar("Self", bound="SequenceModel")


class SequenceModel:
    """Base class of models that map sequences to texts.

    A subclass sets ``kind``, which names the kind of its files; ``loss``, the name of its loss; and ``lengths``, the
    names of the arguments without which its network cannot be built. It defines `stack`, `input_shape` and
    `description`.
    """

    kind: str
    loss: str
    lengths: str
    arguments: Any  # of the network, by name; "layers" is one of them

    def __init__(self, dtype: str, seed: int) -> None:
        self.dtype, self.seed = dtype, seed
        self._compiled: tuple[Any, Any] | None = None
        self._network: Sequential | None = None

    def stack(self) -> list[Layer]:
        """The network's layers, new ones."""
        raise NotImplementedError(f"{type(self).__name__} has no method stack()")

    def input_shape(self) -> tuple[int, ...]:
        """The shape of one row, without the batch; a ValueError if a length is not known."""
        raise NotImplementedError(f"{type(self).__name__} has no method input_shape()")

    def description(self) -> dict[str, Any]:
        """What a file holds besides the network, as a dict that can be written as JSON."""
        raise NotImplementedError(f"{type(self).__name__} has no method description()")

    # The network ------------------------------------------------------------------------------------------------------

    def compile(
        self, optimizer: str | optimizers.Optimizer = "adam", penalty: penalties.L1L2 | None = None,
    ) -> None:
        """Set the optimizer and the penalty; each kind of model has one loss, ``loss``."""
        self._compiled = optimizers.get(optimizer), penalty
        if self._network is not None:
            self._compile(self._network)

    def _compile(self, network: Sequential) -> None:
        if self._compiled is None:
            raise ValueError("the model is not compiled; call compile(optimizer=...) first")
        optimizer, penalty = self._compiled
        network.compile(optimizer, self.loss, penalty=penalty)

    @property
    def built(self) -> bool:
        """Whether the network has weights."""
        return self._network is not None

    @property
    def network(self) -> Sequential:
        """The network, once its lengths are known."""
        if self._network is None:
            raise ValueError(f"the model has no weights yet; call fit first, or give {self.lengths} and call build")
        return self._network

    def build(self) -> None:
        """Make the network and draw its weights; `fit` does this if it has not been done."""
        shape = self.input_shape()
        network = Sequential(self.stack(), self.dtype, self.seed)
        network.build((None, *shape))
        if self._compiled is not None:
            self._compile(network)
        self._network = network

    def fit_rows(
        self, X: np.ndarray, y: np.ndarray, batch_size: int, epochs: int, verbose: int,
        callbacks: Sequence[Callback] | None, validation_data: tuple[np.ndarray, np.ndarray] | None,
    ) -> History:
        """Train the network on its rows: the last step of `fit`, with the arguments of `Sequential.fit`."""
        if self._network is None:
            self.build()
        if self.network.optimizer is None:
            self._compile(self.network)
        return self.network.fit(
            X, y, batch_size, epochs, verbose=verbose, callbacks=callbacks, validation_data=validation_data)

    # Files ------------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the network, its optimizer's state and the model's own arguments to a file; `load_model` reads it."""
        header, arrays = self.network.packed()
        write_whole(Path(path), self.kind, header | self.description(), arrays)

    def adopt(self: Self, network: Sequential) -> Self:
        """Use a network from a file, with its optimizer; a ValueError if its layers are not those of `stack`."""
        if self.arguments["layers"] > len(network.layers) or repr(network.layers) != repr(self.stack()):
            raise ValueError("its network is not the one that its arguments describe")
        self._network = network
        if network.optimizer is not None:
            self._compiled = network.optimizer, network.penalty
        return self
