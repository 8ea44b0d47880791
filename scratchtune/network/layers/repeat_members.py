"""The first layer of a batch ensemble gives each member a copy of the row."""

from __future__ import annotations

from scratchtune import checks, jit
from scratchtune.network.layers.base import Layer


@jit.forward
def repeat_members_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y is x, once for each member."""
    features = x.shape[1]
    for n in range(x.shape[0]):
        for j in range(y.shape[1]):
            y[n, j] = x[n, j % features]


@jit.backward
def repeat_members_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dx is the sum of dy over the members."""
    if dx.size > 0:
        dx[:] = 0.0
        for n in range(dx.shape[0]):
            for j in range(dy.shape[1]):
                dx[n, j % dx.shape[1]] += dy[n, j]


class RepeatMembers(Layer):
    """Repeats a row (features,) to (members, features), for `BatchEnsembleDense`."""

    forward, backward = repeat_members_forward, repeat_members_backward

    def __init__(self, members: int) -> None:
        self.members = checks.integer("members", members, 1)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (features,), outputs (members, features)."""
        if len(input_shape) != 1:
            raise ValueError(f"RepeatMembers gets rows of shape {tuple(input_shape)}; it takes (features,)")
        return (self.members, *input_shape)
