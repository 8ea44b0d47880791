"""The base class of the translator and of the recogniser of speech, which both train a `Sequential` on rows.

A subclass turns its own data into rows and the network's outputs into texts. This file builds, compiles, trains, saves
and loads the network; `chosen_training` chooses what the user of `compile` and `fit` leaves open.

Implements sections 6.2 and 6.3 of the document.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from scratchtune.core import checks
from scratchtune.core.network import optimizers, penalties, schedules
from scratchtune.core.network.callbacks import Callback, History
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.saving import described, entry, write_whole
from scratchtune.core.network.sequential import Sequential
from scratchtune.insight.diagnosis import diagnose

Self = TypeVar("Self", bound="SequenceModel")
CLIPPING = 1.0  # the largest norm of the gradient, which long sequences make large
FAILED = ("diverged", "has not left guessing")  # the findings of `st.diagnose` that `fit` warns of


class Training(NamedTuple):
    """How a network is trained: the largest learning rate of its schedule; ``steps`` is the number of all batches."""

    learning_rate: float
    batch_size: int
    epochs: int
    steps: int

    def optimizer(self, done: int = 0) -> optimizers.Optimizer:
        """Adam, whose rate rises for a twentieth of the steps, unless ``done`` came before them, and decays to 0."""
        rate, warmup = self.learning_rate, done or self.steps // 20
        decay = schedules.CosineDecay(rate if done else 0.0, max(1, self.steps - (0 if done else warmup)),
                                      warmup_target=rate, warmup_steps=warmup)
        return optimizers.Adam(decay, global_clipnorm=CLIPPING)


def chosen_training(
    rows: int, length: int, rate: float, batch_size: int | None = None, epochs: int | None = None,
) -> Training:
    """Choose a training on so many rows, of at most ``length`` steps; a batch size and epochs that are given are kept.

    Batches of rows / 200, a power of two from 8 to 64: a network that has to find an alignment needs about a thousand
    updates, however few rows there are, and with many rows larger batches have less noise at the same cost. Epochs for
    1,000 updates and 50 more for each step of the longest row, since the alignment is found step by step; from 10 to
    100.

    The learning rate is ``rate`` for 1,500 updates, and changes with one over the root of their number: a short
    training needs large steps, a long one can average out the noise of its batches (the rate that minimises the bound
    of stochastic gradient descent, Zinkevich 2003, decays so). At most four times and at least half of ``rate``.

    benchmarks/results/translation_defaults.md has the tasks on which these numbers were chosen, and measured.
    """
    power = 2 ** round(math.log2(max(rows / 200, 1.0)))
    chosen = min(64, max(8, power)) if batch_size is None else checks.integer("batch_size", batch_size, 1)
    batch_size = min(rows, chosen)
    each = math.ceil(rows / batch_size)
    wanted = math.ceil((1000 + 50 * length) / each)
    epochs = checks.integer("epochs", min(100, max(10, wanted)) if epochs is None else epochs, 1)
    factor = math.sqrt(1500 / (epochs * each))
    return Training(rate * min(4.0, max(0.5, factor)), batch_size, epochs, epochs * each)


class SequenceModel:
    """Base class of models that map sequences to texts.

    A subclass sets ``kind``, which names the kind of its files; ``loss``, the name of its loss; and ``lengths``, the
    names of the arguments without which its network cannot be built. It defines `stack`, `input_shape`, `description`,
    and `guessing` if it can. ``rate`` is its learning rate for `chosen_training`.

    ``warns``: whether a training that has not learned anything ends with a warning; a search, which expects such
    trainings, sets it to False.
    """

    kind: str
    loss: str
    lengths: str
    arguments: Any  # of the network, by name; "layers" is one of them
    rate = 0.005
    warns = True

    def __init__(self, dtype: str, seed: int) -> None:
        self.dtype, self.seed = dtype, seed
        self._compiled: tuple[Any, Any] | None = None  # the optimizer, None: to be chosen in fit; the penalty
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

    def longest(self) -> int:
        """The steps of the longest row."""
        return self.input_shape()[0]

    def guessing(self, y: np.ndarray) -> float | None:
        """The loss, on targets y, of outputs that do not depend on the inputs; None if it is not known."""
        return None

    # The network ------------------------------------------------------------------------------------------------------

    def compile(
        self, optimizer: str | optimizers.Optimizer | None = None, penalty: penalties.L1L2 | None = None,
    ) -> None:
        """Set the optimizer and the penalty; each kind of model has one loss, ``loss``.

        Without an optimizer, each `fit` chooses Adam's learning rate and its decay by `chosen_training`.
        """
        made = None if optimizer is None else optimizers.get(optimizer)
        self._compiled = made, penalty
        if self._network is not None and made is not None:
            self._compile(self._network, made)
        elif self._network is not None:
            self._network.optimizer = None  # until fit chooses a new one

    def _compile(self, network: Sequential, optimizer: optimizers.Optimizer) -> None:
        """Compile the network with an optimizer, this kind of model's loss and the penalty of `compile`."""
        assert self._compiled is not None
        network.compile(optimizer, self.loss, penalty=self._compiled[1])

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
        if self._compiled is not None and self._compiled[0] is not None:
            self._compile(network, self._compiled[0])
        self._network = network

    def fit_rows(
        self, X: np.ndarray, y: np.ndarray, batch_size: int | None, epochs: int | None, verbose: int,
        callbacks: Sequence[Callback] | None, validation_data: tuple[np.ndarray, np.ndarray] | None,
    ) -> History:
        """Train the network on its rows: the last step of `fit`, with the arguments of `Sequential.fit`.

        What is None is chosen by `chosen_training`. The history knows the loss of guessing, for `st.diagnose`.
        """
        if self._compiled is None:
            raise ValueError("the model is not compiled; call compile() first")
        if self._network is None:
            self.build()
        training = chosen_training(len(X), self.longest(), self.rate, batch_size, epochs)
        self._set_schedule(training)
        history = self.network.fit(
            X, y, training.batch_size, training.epochs, verbose=verbose, callbacks=callbacks,
            validation_data=validation_data)
        history.guessing = self.guessing(y)
        failed = [finding for finding in diagnose(history).findings if finding.name in FAILED]
        if failed and self.warns:
            warnings.warn(f"the {self.kind} {failed[0]}", stacklevel=3)
        return history

    def _set_schedule(self, training: Training) -> None:
        """If `compile` got no optimizer, compile with the chosen one or, in a later fit, begin the next schedule."""
        assert self._compiled is not None
        if self._compiled[0] is None and self.network.optimizer is None:
            self._compile(self.network, training.optimizer())
        elif self._compiled[0] is None and self.network.optimizer is not None:
            self.network.optimizer.learning_rate = training.optimizer(self.network.optimizer_step).learning_rate

    # Files ------------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the network, its optimizer's state and the model's own arguments to a file; `load_model` reads it."""
        header, arrays = self.network.packed()
        chosen = {"optimizer_is_chosen": self._compiled is not None and self._compiled[0] is None}
        write_whole(Path(path), self.kind, header | self.description() | chosen, arrays)

    def adopt(self: Self, network: Sequential, header: dict[str, Any]) -> Self:
        """Use a network from a file, with its optimizer; a ValueError if its layers are not those of `stack`."""
        if [*map(described, network.layers)] != [*map(described, self.stack())]:
            raise ValueError("its network is not the one that its arguments describe")
        self._network = network
        chosen = checks.boolean("optimizer_is_chosen", entry(header, "optimizer_is_chosen"))
        if network.optimizer is not None:
            self._compiled = None if chosen else network.optimizer, network.penalty
        return self
