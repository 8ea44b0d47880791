"""A layer is two kernels, forward and backward, and a small class that says how large everything is.

A layer of one's own is one file: two kernels, and a class with ``forward``, ``backward`` and ``build``. The epoch loop
takes it as it takes these here.
"""

from __future__ import annotations

from typing import NamedTuple

from scratchtune import jit
from scratchtune.network import initializers
from scratchtune.network.configured import Configured


class Weight(NamedTuple):
    """One array of a layer's part of theta."""

    name: str
    shape: tuple[int, ...]
    initializer: str
    fans: tuple[int, int]
    is_bias: bool


class Layer(Configured):
    """Base of the layers. A subclass sets ``forward`` and ``backward`` and defines `build`; the rest is optional."""

    forward: jit.Kernel
    backward: jit.Kernel
    is_in_a_model = False  # a model's weights are laid out by its layers, so a layer is of one model
    needs_input_grad = True  # False where no layer below has weights: then dx is not read

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Take the shape of one row that comes in, call `add_weight` for each array, return the shape that goes out."""
        raise NotImplementedError(f"{type(self).__name__} has no method build(input_shape)")

    def add_weight(
        self, name: str, shape: tuple[int, ...], initializer: str, fans: tuple[int, int] | None = None,
        is_bias: bool = False,
    ) -> None:
        """Ask for an array in theta; the kernels find them one after the other, flat, in the order of the calls."""
        initializers.get(initializer, f"{name}_initializer")
        fan_in, fan_out = fans or (shape[0], shape[-1])
        self.weights.append(Weight(name, tuple(shape), initializer, (fan_in, fan_out), is_bias))

    def integers(self) -> list[int]:
        """The integers that the kernels get as ``integers``."""
        return []

    def reals(self) -> list[float]:
        """The real numbers that the kernels get as ``reals``."""
        return []

    def work_size(self, rows: int) -> int:
        """How many numbers of scratch the kernels need for that many rows."""
        return 0

    def state(self) -> list[float]:
        """What the kernels keep between steps beside theta, as it is at first."""
        return []

    def state_shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the arrays that `state` lists one after the other, as `get_weights` shows them."""
        return [(len(self.state()),)] if self.state() else []

    def stages(self) -> list[Layer]:
        """The layers that the engine runs for this one: itself, or several where it is made of others."""
        return [self]

    def start(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Forget what was built before and build for rows of ``input_shape``; the shape that goes out."""
        self.weights: list[Weight] = []
        self.input_shape = tuple(input_shape)
        self.output_shape = tuple(self.build(self.input_shape))
        return self.output_shape
