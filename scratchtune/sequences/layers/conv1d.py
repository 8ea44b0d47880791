"""A convolution over the steps of a sequence: that of `conv2d` over an image of one row, whose columns are the steps.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from scratchtune.images.conv2d import Conv2D
from scratchtune.sequences.layers.sequences import sequence_shape


class Conv1D(Conv2D):
    """Convolves sequences (length, features) with ``filters`` filters; names and defaults are Keras's.

    Each filter multiplies windows of ``kernel_size`` steps, which begin every ``strides`` steps. With ``padding``
    "valid" all windows are inside the sequence; with "same" the output is as long as the sequence, divided by the
    strides and rounded up. Weights are a kernel (kernel_size, features, filters) and a bias (filters,). The outputs are
    (windows, filters).
    """

    axes = ("length",)
    row_shape = staticmethod(sequence_shape)

    def keeps_mask(self) -> bool:
        """Whether each output is at the step of an input."""
        return self.strides == (1,) and self.padding == "same"
