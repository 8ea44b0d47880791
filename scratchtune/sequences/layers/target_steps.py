"""The end of an encoder-decoder: only the target's steps are left.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from scratchtune import jit
from scratchtune.network.copying import copy_block
from scratchtune.sequences.layers.pairs import FEATURES, PairLayer, halves, steps_of


@jit.forward
def target_steps_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is the target's part of x."""
    _, target = halves(steps_of(integers, x, integers[FEATURES]), integers[0])
    copy_block(target, y.reshape(target.shape))


@jit.backward
def target_steps_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx is dy for the target's part, and 0 for the source's."""
    if dx.size > 0:
        source, target = halves(steps_of(integers, dx, integers[FEATURES]), integers[0])
        source[:] = 0.0
        copy_block(dy.reshape(target.shape), target)


class TargetSteps(PairLayer):
    """Leaves the source's steps out; it has no weights."""

    forward, backward = target_steps_forward, target_steps_backward

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are pairs (source length + target length, features), the outputs (target length, features)."""
        return self.split(input_shape)[1:]
