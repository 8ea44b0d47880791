"""A convolution over the steps of a sequence: that of `conv2d` over an image of one row, whose columns are the steps.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from scratchtune import checks
from scratchtune.images.conv2d import conv2d_backward, conv2d_forward
from scratchtune.images.images import PADDINGS, windows_and_zeros
from scratchtune.network import initializers
from scratchtune.network.layers.activation import Activation
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.dense import RECTIFIED
from scratchtune.sequences.layers.sequences import sequence_shape


class Conv1D(Layer):
    """Convolves sequences (length, features) with ``filters`` filters; names and defaults are Keras's.

    Each filter multiplies windows of ``kernel_size`` steps, which begin every ``strides`` steps. With ``padding``
    "valid" all windows are inside the sequence; with "same" the output is as long as the sequence, divided by the
    strides and rounded up. Weights are a kernel (kernel_size, features, filters) and a bias (filters,).
    """

    forward, backward = conv2d_forward, conv2d_backward

    def __init__(
        self, filters: int, kernel_size: int, strides: int = 1, padding: str = "valid", activation: str | None = None,
        use_bias: bool = True, kernel_initializer: str = "glorot_uniform", bias_initializer: str = "zeros",
    ) -> None:
        self.filters = checks.integer("filters", filters, 1)
        self.kernel_size = checks.integer("kernel_size", kernel_size, 1)
        self.strides = checks.integer("strides", strides, 1)
        self.padding = checks.choice("padding", padding, PADDINGS)
        self.activation = Activation(activation or "linear")
        self.use_bias = checks.boolean("use_bias", use_bias)
        initializers.get(kernel_initializer)
        initializers.get(bias_initializer, "bias_initializer")
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are sequences (length, features); the outputs are (windows, filters)."""
        length, features = sequence_shape("Conv1D", input_shape)
        size, stride = self.kernel_size, self.strides
        windows, zeros = windows_and_zeros("Conv1D", "length", length, size, stride, self.padding)
        fans = (size * features, size * self.filters)
        self.add_weight("kernel", (size, features, self.filters), self.kernel_initializer, fans)
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self.bias_initializer, is_bias=True)
        stride = stride if windows > 1 else 1  # with a single window the stride has no effect
        rectified = RECTIFIED if self.activation.name == "relu" else 0
        self._numbers = [1, length, features, 1, windows, self.filters, 1, size, 1, stride, 0, zeros, rectified]
        return self.activation.start((windows, self.filters))

    def keeps_mask(self) -> bool:
        """Whether each output is at the step of an input."""
        return self.strides == 1 and self.padding == "same"

    def integers(self) -> list[int]:
        """Those of `Conv2D.integers`, for an image of one row."""
        return [*self._numbers, int(self.needs_input_grad)]

    def stages(self) -> list[Layer]:
        """The convolution, then its activation, unless that is linear or computed by the same kernel."""
        return [self] if self.activation.name in ("linear", "relu") else [self, self.activation]
