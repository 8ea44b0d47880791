"""A layer is two kernels, forward and backward, and a small class that defines the shapes; so is a layer of your own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import jit
from scratchtune.core.configured import Configured
from scratchtune.core.network import initializers
from scratchtune.core.network.penalties import L1L2


class Weight(NamedTuple):
    """One array of a layer's part of theta."""

    name: str
    shape: tuple[int, ...]
    initializer: str
    fans: tuple[int, int]  # fan_in and fan_out, see `initializers`
    is_bias: bool
    scale: float = 1.0  # by which the initialiser's numbers are multiplied
    penalty: L1L2 | None = None  # of this array alone


class InputOf(NamedTuple):
    """The values that a stage below reads, as an input of another stage: those before a residual connection."""

    stage: Layer


class Layer(Configured):
    """Base class of the layers. A subclass must set ``forward`` and ``backward`` and define `build`."""

    forward: jit.Kernel
    backward: jit.Kernel
    shapes: Any = None  # a compiled function of integers and rows: the shapes of the workspace's arrays (`jit.views`)
    is_in_a_model = False  # a layer can be part of one model only, since it holds the shapes it was built for
    needs_input_grad = True  # False if no layer below has weights: dx is not read then
    uses_mask = False  # whether the layer skips the steps of a sequence that a mask excludes
    fused_losses: Mapping[str, jit.Kernel] = {}  # by a loss's name its kernel on the inputs of this layer, the last one
    reads: Layer | InputOf | None = None  # whose outputs are x; None: the stage before; a composed layer sets it
    second: Layer | InputOf | None = None  # the stage whose outputs are the second input, for kernels that have one
    uses_second_mask = False  # whether the mask is that of the second input
    mask_from: Layer | None = None  # the layer below whose mask this one uses; its workspace begins with that mask

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Call `add_weight` for each array of weights; return the shape of an output row for that of an input row."""
        raise NotImplementedError(f"{type(self).__name__} has no method build(input_shape)")

    def add_weight(
        self, name: str, shape: tuple[int, ...], initializer: str, fans: tuple[int, int] | None = None,
        is_bias: bool = False, scale: float = 1.0, penalty: L1L2 | None = None,
    ) -> None:
        """Add an array to the layer's part of theta; kernels see the arrays flattened, in the order of the calls."""
        initializers.get(initializer, f"{name}_initializer")
        fan_in, fan_out = fans or (shape[0], shape[-1])
        self.weights.append(Weight(name, tuple(shape), initializer, (fan_in, fan_out), is_bias, scale, penalty))

    def integers(self) -> list[int]:
        """The integers that the kernels get as ``integers``."""
        return []

    def reals(self) -> list[float]:
        """The real numbers that the kernels get as ``reals``."""
        return []

    def work_size(self, rows: int) -> int:
        """The size of the workspace (``work``) that the kernels need for so many rows: that of the arrays declared."""
        return 0 if self.shapes is None else int(jit.size_of(jit.plain(self.shapes)(self.integers(), rows)))

    def state(self) -> list[float]:
        """The initial values of ``state``, which the kernels keep between steps and which is not trained."""
        return []

    def state_shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the arrays that `state` concatenates, as `get_weights` returns them."""
        return [(len(self.state()),)] if self.state() else []

    def check_state(self, state: np.ndarray) -> None:
        """Raise a ValueError for a ``state``, read from a file, that no training gives."""

    def makes_mask(self) -> bool:
        """Whether ``work`` begins with a mask that the layer writes: for each row a 1 for each step, 0 for padding."""
        return False

    def keeps_mask(self) -> bool:
        """Whether a mask for the inputs is one for the outputs: by default if these have as many steps."""
        return len(self.output_shape) > 1 and self.output_shape[0] == self.input_shape[0]

    def check_inputs(self, name: str, X: np.ndarray) -> None:
        """Raise a ValueError for rows that the layer does not accept as the first one of a model."""

    def check_change(self, name: str) -> None:
        """Refuse every argument once the layer is built: its weights and kernels were made for those that it has."""
        if "output_shape" in vars(self):
            raise AttributeError(f"{name} of {self!r} is set after the layer was built; make a model of new layers, "
                                 f"such as fresh({name}=...)")

    def stages(self) -> list[Layer]:
        """The layers that the engine runs for this one: itself, or several if it is composed of others."""
        return [self]

    def start(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Discard an earlier build, build for rows of ``input_shape``, and return the shape of an output row."""
        vars(self).pop("output_shape", None)
        self.weights: list[Weight] = []
        self.input_shape = tuple(input_shape)
        self.output_shape = tuple(self.build(self.input_shape))
        return self.output_shape
