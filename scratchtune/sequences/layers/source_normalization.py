"""The end of a Transformer's encoder: the source's steps are normalised once more, before the decoder looks them up.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from scratchtune import jit
from scratchtune.network.copying import copy_block
from scratchtune.sequences.layers.pairs import FEATURES, SOURCE, PairLayer, halves, steps_of
from scratchtune.sequences.transformer import Normalized, normalize, normalize_grad


@jit.function
def parts(integers, values):
    """The sources and the targets of a batch's values."""
    return halves(steps_of(integers, values, integers[FEATURES]), integers[SOURCE])


@jit.forward
def source_normalization_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """The source's steps of y are normalised; ``work`` keeps their means and variances."""
    (source, target), (out, passed) = parts(integers, x), parts(integers, y)
    steps, features = source.shape[0] * source.shape[1], integers[FEATURES]
    normalize(source, (theta[:features], theta[features:]), Normalized(out, work[:steps], work[steps : 2 * steps]))
    copy_block(target, passed)


@jit.backward
def source_normalization_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dgamma and dbeta, then dx."""
    (source, _), (out, _), (dout, dpassed), (dsource, dtarget) = (
        parts(integers, x), parts(integers, y), parts(integers, dy), parts(integers, dx))
    steps, features = source.shape[0] * source.shape[1], integers[FEATURES]
    normalized = Normalized(out, work[:steps], work[steps : 2 * steps])
    normalize_grad(source, (theta[:features], theta[features:]), normalized, dout,
                   (dtheta[:features], dtheta[features:]), dsource)
    if dx.size > 0:
        copy_block(dpassed, dtarget)


class SourceNormalization(PairLayer):
    """Layer normalisation of the source's steps; the target's are left as they are. Weights: gamma and beta."""

    forward, backward = source_normalization_forward, source_normalization_backward
    uses_mask = False

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Accept pairs of sequences, which the outputs are too."""
        _, _, features = self.split(input_shape)
        self.add_weight("gamma", (features,), "ones")
        self.add_weight("beta", (features,), "zeros", is_bias=True)
        return input_shape

    def work_size(self, rows: int) -> int:
        """The mean and the variance of each of the source's steps."""
        return 2 * rows * self.source_length
