"""SpecAugment hides random stretches of time and bands of frequency in training, so that a network relies on none.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.copying import copy_to
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.random_numbers import random_bits, uniform
from scratchtune.images.augmentation import in_training
from scratchtune.sequences.layers.sequences import mask_of, sequence_shape

_ONE, _TWO = np.uint64(1), np.uint64(2)
ROUNDING = 1e-9  # 0.29 of 100 frames must be 29, although the product of the two floats is below 29


@jit.function_noalias
def time_mask(x, start, width):
    """Time mask: all features of some successive frames become 0.

    Formula [time_mask]
        x'ₜₖ = (xₜₖ if t < s else 0) if t < s + w else xₜₖ
    Where
        x: x, (t, k), real, a row for each frame
        s: start, scalar, integer >= 0; sampled in [0, 3], the first frame that is masked
        w: width, scalar, integer >= 0; sampled in [0, 3], the number of masked frames
    Variant
        In place: the gradient is masked like x. 0 is the mean of normalised features; without normalisation the paper's
        section 2 uses the mean itself.
    Source
        Park et al. (2019), "SpecAugment", section 2.
    Example
        >>> x = np.ones((3, 2))
        >>> time_mask(x, 1, 1)
        >>> x.tolist()
        [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    """
    for t in range(start, min(start + width, x.shape[0])):
        for k in range(x.shape[1]):
            x[t, k] = 0.0


@jit.function_noalias
def frequency_mask(x, start, width):
    """Frequency mask: some neighbouring features become 0 in all frames.

    Formula [frequency_mask]
        x'ₜₖ = (xₜₖ if k < s else 0) if k < s + w else xₜₖ
    Where
        x: x, (t, k), real, a row for each frame
        s: start, scalar, integer >= 0; sampled in [0, 3], the first feature that is masked
        w: width, scalar, integer >= 0; sampled in [0, 3], the number of masked features
    Variant
        In place: the gradient is masked like x. The features are mel filters in the paper; neighbouring cepstral
        coefficients are no band of frequencies.
    Source
        Park et al. (2019), "SpecAugment", section 2.
    Example
        >>> x = np.ones((2, 3))
        >>> frequency_mask(x, 0, 2)
        >>> x.tolist()
        [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    """
    for t in range(x.shape[0]):
        for k in range(start, min(start + width, x.shape[1])):
            x[t, k] = 0.0


@jit.function
def draw_mask(size, widest, key, counter):
    """Draw the start and the width of a mask on ``size`` frames or features.

    The width is uniform from 0 to ``widest``, the start from 0 to the last one at which the mask fits.
    """
    u, v = uniform(random_bits(key, counter)), uniform(random_bits(key, counter + _ONE))
    width = int(u * (widest + 1))
    return int(v * (size - width + 1)), width


@jit.function
def frames_before_padding(mask):
    """The number of frames up to the last one that is not padding; ``mask`` is (frames,), 0 for padding."""
    frames = mask.size
    while frames > 0 and mask[frames - 1] <= 0.0:
        frames -= 1
    return frames


# The layer ------------------------------------------------------------------------------------------------------------

# Positions in a kernel's integers; from the last one on: the largest width of a time mask for 0, 1, 2, ... frames.
LENGTH, FEATURES, TIME_MASKS, FREQUENCY_MASKS, FREQUENCY_WIDTH, HAS_MASK, NEEDS_INPUT_GRAD, TIME_WIDTHS = range(8)


@jit.function
def hide(integers, reals, source, into, work, key):
    """Copy rows, (n, frames · features), and mask parts that ``key`` draws, but no padding; ``work`` has its mask."""
    rows, length, count = source.shape[0], integers[LENGTH], integers[TIME_MASKS] + integers[FREQUENCY_MASKS]
    is_frame, hidden = mask_of(integers[HAS_MASK], rows, length, work), into.reshape((rows, length, integers[FEATURES]))
    copy_to(source, into)
    for i in range(rows):
        frames = frames_before_padding(is_frame[i])
        x, time_width = hidden[i, :frames], integers[TIME_WIDTHS + frames]
        for m in range(count):
            counter = _TWO * np.uint64(i * count + m)
            if m < integers[TIME_MASKS]:
                start, width = draw_mask(frames, time_width, key, counter)
                time_mask(x, start, width)
            else:
                start, width = draw_mask(integers[FEATURES], integers[FREQUENCY_WIDTH], key, counter)
                frequency_mask(x, start, width)


class SpecAugment(Layer):
    """In training, sets random stretches of the frames and of the features of each row to 0.

    A row is (frames, features). ``time_masks`` masks hide up to ``time_width`` successive frames each, but at most
    ``time_share`` of the frames, [time_mask]; ``frequency_masks`` masks hide up to ``frequency_width`` neighbouring
    features, [frequency_mask]. A width is uniform from 0 to its maximum, and so is a start over the positions at which
    the mask fits. After a layer such as `Masking`, frames of padding at the end are neither hidden nor counted.

    torchaudio calls the widths ``time_mask_param`` and ``freq_mask_param``, and the share ``p``. The paper's time
    warping is left out: the paper measures that it has the least effect.
    """

    forward, backward = in_training(hide, hide, NEEDS_INPUT_GRAD)
    uses_mask = True

    def __init__(
        self, time_masks: int = 2, time_width: int = 20, frequency_masks: int = 2, frequency_width: int = 8,
        time_share: float = 0.2,
    ) -> None:
        self.time_masks = checks.integer("time_masks", time_masks, 0)
        self.time_width = checks.integer("time_width", time_width, 0)
        self.frequency_masks = checks.integer("frequency_masks", frequency_masks, 0)
        self.frequency_width = checks.integer("frequency_width", frequency_width, 0)
        self.time_share = checks.real("time_share", time_share, 0.0, 1.0)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are (frames, features), the outputs too."""
        self.length, self.features = sequence_shape("SpecAugment", input_shape)
        return input_shape

    def widest(self, frames: int) -> int:
        """The largest width of a time mask in a row of so many frames."""
        return min(self.time_width, math.floor(self.time_share * frames + ROUNDING))

    def integers(self) -> list[int]:
        """Sizes, numbers of masks, and the largest widths: see `TIME_WIDTHS` for the order."""
        return [self.length, self.features, self.time_masks, self.frequency_masks,
                min(self.frequency_width, self.features), int(self.mask_from is not None), int(self.needs_input_grad),
                *map(self.widest, range(self.length + 1))]
