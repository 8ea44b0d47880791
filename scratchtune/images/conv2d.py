"""A convolution multiplies every window of an image by the same small arrays of weights, its filters.

It takes three matrix products: for the output, for the filters' gradient and for the image's gradient. The second
matrix of each consists of shifted copies of the image, which overlap and are never stored. Instead an image is copied
to *planes*, one for each channel, with zeros around it. Then every shifted copy is one slice of memory, and
`matmul.multiply_shifted` takes the index at which each slice begins. With a stride of s, row h belongs to plane h mod s
of its channel, so that the rows that one weight multiplies are adjacent again. A slice continues from one row into the
next: the few numbers computed where a window would extend beyond the right edge are discarded.

Implements section 6.1 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network import initializers
from scratchtune.core.network.activations import Pair
from scratchtune.core.network.layers.activation import Activation
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import RECTIFIED, add_bias, bias_grad, rectify, rectify_grad
from scratchtune.core.network.matmul import add_shifted_products, multiply_shifted, transpose
from scratchtune.images.images import AXES, PADDINGS, image_shape, sizes, windows_and_zeros


@jit.function
def columns_inside(u, pad_left, stride_columns, width, columns):
    """Return the first column n of a plane (a, u) that holds pixels of the image, and the first one after them.

    Column n of the plane is column ``stride_columns`` · n + u − ``pad_left`` of the image, which has ``width`` of them.
    """
    first, stop = -((u - pad_left) // stride_columns), -((u - pad_left - width) // stride_columns)
    return max(first, 0), max(min(stop, columns), 0)


@jit.function_noalias
def fill_planes(x, stride_rows, stride_columns, pad_top, pad_left, planes):
    """Copy an image to planes: for each channel, one for each remainder (a, u) of row and column modulo the strides.

    Formula [planes]
        pₑₐᵤₘₙ = x[s · m + a − t, r · n + u − q, e]
    Where
        x: x, (h, v, e), real, an image
        s: stride_rows, scalar, integer >= 1; sampled in [1, 3], the stride of rows
        r: stride_columns, scalar, integer >= 1; sampled in [1, 3], the stride of columns
        t: pad_top, scalar, integer >= 0; sampled in [0, 2], rows of zeros above the image
        q: pad_left, scalar, integer >= 0; sampled in [0, 2], columns of zeros to the left
        p: planes, (e, a, u, m, n), written
    Variant
        Outside of the image there are zeros. Elsewhere each window is stored as a row, "im2col": Chellapilla, Puri,
        Simard (2006), "High performance convolutional neural networks for document processing".
    Source
        The planes are those of a polyphase decomposition: Vaidyanathan (1993), "Multirate systems and filter banks".
    """
    for e in range(planes.shape[0]):
        for a in range(planes.shape[1]):
            for u in range(planes.shape[2]):
                first, stop = columns_inside(u, pad_left, stride_columns, x.shape[1], planes.shape[4])
                for m in range(planes.shape[3]):
                    for n in range(planes.shape[4]):
                        planes[e, a, u, m, n] = 0.0
                    row = stride_rows * m + a - pad_top
                    if row >= 0 and row < x.shape[0]:
                        for n in range(first, stop):
                            planes[e, a, u, m, n] = x[row, stride_columns * n + u - pad_left, e]


@jit.function
def slice_starts(w, stride_rows, stride_columns, planes):
    """The index in the planes' memory at which the shifted copy for each weight (k, j, e) begins, in that order."""
    height, width, channels, _ = w.shape
    _, _, _, rows, columns = planes.shape
    starts = np.empty(height * width * channels, np.int64)
    column = 0
    for k in range(height):
        for j in range(width):
            for e in range(channels):
                plane = (e * stride_rows + k % stride_rows) * stride_columns + j % stride_columns
                starts[column] = (plane * rows + k // stride_rows) * columns + j // stride_columns
                column += 1
    return starts


@jit.function
def empty_planes(x, w, y, stride_rows, stride_columns):
    """Memory for the planes of one image, and the planes within it, (e, a, u, m, n); see `fill_planes`."""
    rows, columns = y.shape[1] + (w.shape[0] - 1) // stride_rows, y.shape[2] + (w.shape[1] - 1) // stride_columns
    size = w.shape[2] * stride_rows * stride_columns * rows * columns
    memory = np.zeros(size + w.shape[1], x.dtype)  # the last slices extend beyond the planes, by less than that
    return memory, memory[:size].reshape((w.shape[2], stride_rows, stride_columns, rows, columns))


@jit.function_noalias
def conv2d(x, w, b, stride_rows, stride_columns, pad_top, pad_left, y):
    """Convolution of images with filters: each output is the weighted sum of a window of an image.

    Formula [conv2d]
        yᵢₘₙₒ = bₒ + Σₖⱼₑ[x[i, s · m + k − t, r · n + j − q, e] · wₖⱼₑₒ]
    Where
        x: x, (i, h, v, e), real, images
        w: w, (k, j, e, o), real, filters
        b: b, (o,), real, a bias for each filter
        s: stride_rows, scalar, integer >= 1; sampled in [1, 3], the stride of rows
        r: stride_columns, scalar, integer >= 1; sampled in [1, 3], the stride of columns
        t: pad_top, scalar, integer >= 0; sampled in [0, 2], rows of zeros above the image
        q: pad_left, scalar, integer >= 0; sampled in [0, 2], columns of zeros to the left
        y: y, (i, m, n, o), written
    Variant
        Outside the images there are zeros. In mathematics this is called cross-correlation: a convolution rotates the
        filters by 180 degrees first, which makes no difference for learned ones. PyTorch has channels before rows.
    Source
        LeCun et al. (1998), "Gradient-based learning applied to document recognition"; Keras, layers.Conv2D.
    """
    memory, planes = empty_planes(x, w, y, stride_rows, stride_columns)
    starts = slice_starts(w, stride_rows, stride_columns, planes)
    columns, weights = planes.shape[4], w.reshape((starts.size, w.shape[3])).T
    out = np.empty((w.shape[3], y.shape[1] * columns), x.dtype)
    for i in range(x.shape[0]):
        fill_planes(x[i], stride_rows, stride_columns, pad_top, pad_left, planes)
        multiply_shifted(weights, memory, starts, out)
        for m in range(y.shape[1]):
            transpose(out[:, m * columns : m * columns + y.shape[2]], y[i, m])
            add_bias(y[i, m], b)


@jit.function_noalias
def fill_gradients(dy, above, before, columns, out_grad):
    """Copy dJ/dy of one image to vectors, one for each filter: a row takes ``columns`` numbers, with zeros around.

    Before the first row there are ``above`` rows of zeros and ``before`` zeros.
    """
    out_grad[:] = 0.0
    for m in range(dy.shape[0]):
        first = before + (above + m) * columns
        transpose(dy[m], out_grad[:, first : first + dy.shape[1]])


@jit.function_noalias
def conv2d_kernel_grad(x, w, dy, stride_rows, stride_columns, pad_top, pad_left, dw):
    """Gradient of J with respect to the filters: each weight's shifted copy of the images times dy.

    Formula [conv2d_kernel_grad]
        dₖⱼₑₒ = Σᵢₘₙ[x[i, s · m + k − t, r · n + j − q, e] · gᵢₘₙₒ]
    Gradient of
        [conv2d] in w
    Where
        x: x, (i, h, v, e), real, images
        w: w, (k, j, e, o), real, filters (only their shape is used)
        g: dy, (i, m, n, o), real, dJ/dy
        s: stride_rows, scalar, integer >= 1; sampled in [1, 3], the stride of rows
        r: stride_columns, scalar, integer >= 1; sampled in [1, 3], the stride of columns
        t: pad_top, scalar, integer >= 0; sampled in [0, 2], rows of zeros above the image
        q: pad_left, scalar, integer >= 0; sampled in [0, 2], columns of zeros to the left
        d: dw, (k, j, e, o), written
    Source
        The derivative of conv2d; Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning".
    """
    memory, planes = empty_planes(x, w, dy, stride_rows, stride_columns)
    starts = slice_starts(w, stride_rows, stride_columns, planes)
    columns, filters = planes.shape[4], w.shape[3]
    out_grad = np.zeros((dy.shape[1] * columns, filters), x.dtype)
    grad = dw.reshape((starts.size, filters))
    grad[:] = 0.0
    for i in range(x.shape[0]):
        fill_planes(x[i], stride_rows, stride_columns, pad_top, pad_left, planes)
        for m in range(dy.shape[1]):  # with rows as long as those of the planes; the numbers added to a row are zeros
            for n in range(dy.shape[2]):
                for o in range(filters):
                    out_grad[m * columns + n, o] = dy[i, m, n, o]
        add_shifted_products(memory, starts, out_grad, grad)


@jit.function
def empty_gradients(w, dy, stride_rows, stride_columns):
    """Zeroed memory for dJ/dy of one image with a margin of zeros around it; `fill_gradients` writes dJ/dy.

    Returns the memory; a view of it, (o, size), with a vector for each filter; the number of rows of zeros above the
    gradients; the number of zeros before the first row; and the rows and columns of the planes of dx, one plane for
    each pair of offsets within a stride.
    """
    above, before = (w.shape[0] - 1) // stride_rows, (w.shape[1] - 1) // stride_columns
    rows, columns = dy.shape[1] + above, dy.shape[2] + before
    size = before + (rows + above) * columns
    memory = np.zeros(w.shape[3] * size, w.dtype)
    return memory, memory.reshape((w.shape[3], size)), above, before, rows, columns


@jit.function_noalias
def conv2d_input_grad(w, dy, stride_rows, stride_columns, pad_top, pad_left, dx):
    """Gradient of J with respect to the images: dy, distributed over the windows by the rotated filters.

    Formula [conv2d_input_grad]
        dᵢₕᵥₑ = Σₖⱼₘₙₒ[(wₖⱼₑₒ · gᵢₘₙₒ if r · n + j − q = v else 0) if s · m + k − t = h else 0]
    Gradient of
        [conv2d] in x
    Where
        w: w, (k, j, e, o), real, filters
        g: dy, (i, m, n, o), real, dJ/dy
        s: stride_rows, scalar, integer >= 1; sampled in [1, 3], the stride of rows
        r: stride_columns, scalar, integer >= 1; sampled in [1, 3], the stride of columns
        t: pad_top, scalar, integer >= 0; sampled in [0, 2], rows of zeros above the image
        q: pad_left, scalar, integer >= 0; sampled in [0, 2], columns of zeros to the left
        d: dx, (i, h, v, e), written
    Source
        The derivative of conv2d, a transposed convolution; Dumoulin and Visin (2016), chapter 4.
    """
    memory, out_grad, above, before, rows, columns = empty_gradients(w, dy, stride_rows, stride_columns)
    out = np.empty((w.shape[2], rows * columns), w.dtype)
    dx[:] = 0.0
    for i in range(dx.shape[0]):
        fill_gradients(dy[i], above, before, columns, out_grad)
        for a in range(stride_rows):
            for u in range(stride_columns):
                rotated, starts = rotated_filters(w, stride_rows, stride_columns, a, u, out_grad.shape[1], columns)
                multiply_shifted(rotated, memory, starts, out)
                first, stop = columns_inside(u, pad_left, stride_columns, dx.shape[2], columns)
                v = stride_columns * first + u - pad_left
                for m in range(rows):
                    h = stride_rows * m + a - pad_top
                    if h >= 0 and h < dx.shape[1] and first < stop:
                        transpose(out[:, m * columns + first : m * columns + stop], dx[i, h, v::stride_columns])


@jit.function
def rotated_filters(w, stride_rows, stride_columns, a, u, size, columns):
    """The weights that contribute to plane (a, u) of dx, (e, weights), and the index at which the dy of each begins."""
    height, width, channels, filters = w.shape
    above, before = (height - 1) // stride_rows, (width - 1) // stride_columns
    count = len(range(a, height, stride_rows)) * len(range(u, width, stride_columns)) * filters
    rotated, starts = np.empty((channels, count), w.dtype), np.empty(count, np.int64)
    column = 0
    for k in range(a, height, stride_rows):
        for j in range(u, width, stride_columns):
            for o in range(filters):
                for e in range(channels):
                    rotated[e, column] = w[k, j, e, o]
                starts[column] = o * size + before + (above - k // stride_rows) * columns - j // stride_columns
                column += 1
    return rotated, starts


# The layer ------------------------------------------------------------------------------------------------------------


STRIDES_AND_PADS, ACTIVATION, NEEDS_INPUT_GRAD = 8, 12, 13  # positions in a kernel's integers, after the sizes


@jit.forward
def conv2d_forward(integers, reals, theta, state, x, y, work, training, step, key):
    """y = the convolution of x by the kernel, plus the bias, then ReLU if the layer has it; see `Conv2D.integers`."""
    images, w, b, out = views(integers, theta, x, y)
    stride_rows, stride_columns, pad_top, pad_left = integers[STRIDES_AND_PADS : STRIDES_AND_PADS + 4]
    bias = b if b.size > 0 else np.zeros(w.shape[3], w.dtype)
    conv2d(images, w, bias, stride_rows, stride_columns, pad_top, pad_left, out)
    if integers[ACTIVATION] == RECTIFIED:
        rectify(y)


@jit.backward
def conv2d_backward(integers, reals, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    """dtheta, the gradients of kernel and bias, and dx if it is needed; dy is multiplied by ReLU's gradient first."""
    if integers[ACTIVATION] == RECTIFIED:
        rectify_grad(y, dy)
    images, w, b, out_grad = views(integers, theta, x, dy)
    stride_rows, stride_columns, pad_top, pad_left = integers[STRIDES_AND_PADS : STRIDES_AND_PADS + 4]
    dw, db = dtheta[: w.size].reshape(w.shape), dtheta[w.size :]
    if db.size > 0:
        bias_grad(dy.reshape((dy.size // db.size, db.size)), db)
    conv2d_kernel_grad(images, w, out_grad, stride_rows, stride_columns, pad_top, pad_left, dw)
    if dx.size > 0 and integers[NEEDS_INPUT_GRAD]:
        conv2d_input_grad(w, out_grad, stride_rows, stride_columns, pad_top, pad_left, dx.reshape(images.shape))


@jit.function
def views(integers, theta, x, y):
    """Views: x as images (i, h, v, e), theta as filters (k, j, e, o) and bias (o,), y as outputs (i, m, n, o)."""
    height, width, channels, rows, columns, filters, k, j = integers[:8]
    size = k * j * channels * filters
    return (x.reshape((x.shape[0], height, width, channels)), theta[:size].reshape((k, j, channels, filters)),
            theta[size:], y.reshape((y.shape[0], rows, columns, filters)))


class Conv2D(Layer):
    """Convolves images (height, width, channels) with ``filters`` filters; names and defaults are Keras's.

    ``kernel_size`` and ``strides`` are integers or pairs, (rows, columns). With ``padding`` "valid" all windows are
    inside the image; with "same" the output is as large as the image, divided by the strides and rounded up. Weights
    are a kernel (rows, columns, channels, filters) and a bias (filters,).
    """

    forward, backward = conv2d_forward, conv2d_backward
    axes: tuple[str, ...] = AXES
    row_shape: Callable[[str, tuple[int, ...]], tuple[int, ...]] = staticmethod(image_shape)

    def __init__(
        self, filters: int, kernel_size: int | tuple[int, int], strides: int | tuple[int, int] = 1,
        padding: str = "valid", activation: str | Pair | None = None, use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform", bias_initializer: str = "zeros",
    ) -> None:
        self.filters = checks.integer("filters", filters, 1)
        self.kernel_size = sizes("kernel_size", kernel_size, len(self.axes))
        self.strides = sizes("strides", strides, len(self.axes))
        self.padding = checks.choice("padding", padding, PADDINGS)
        self.activated = Activation("linear" if activation is None else activation)
        self.use_bias = checks.boolean("use_bias", use_bias)
        initializers.get(kernel_initializer)
        initializers.get(bias_initializer, "bias_initializer")
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Rows are images (height, width, channels); the outputs are (rows, columns, filters)."""
        name, kernel = type(self).__name__, self.kernel_size
        *lengths, channels = self.row_shape(name, input_shape)
        windows, zeros = windows_and_zeros(name, lengths, kernel, self.strides, self.padding, self.axes)
        fans = (math.prod(kernel) * channels, math.prod(kernel) * self.filters)
        self.add_weight("kernel", (*kernel, channels, self.filters), self.kernel_initializer, fans)
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self.bias_initializer, is_bias=True)
        strides = [stride if count > 1 else 1 for stride, count in zip(self.strides, windows, strict=True)]
        one, none = [1] * (2 - len(kernel)), [0] * (2 - len(kernel))  # a sequence is an image of one row
        self._numbers = [*one, *lengths, channels, *one, *windows, self.filters, *one, *kernel, *one, *strides, *none,
                         *zeros, RECTIFIED if self.activated.name == "relu" else 0]
        return self.activated.start((*windows, self.filters))

    def integers(self) -> list[int]:
        """Sizes: height, width, channels, rows and columns of outputs, filters, rows and columns of the kernel.

        Then the strides of rows and columns, the zeros above and to the left, `RECTIFIED` or 0, and whether a layer
        below has weights, so that dx is needed.
        """
        return [*self._numbers, int(self.needs_input_grad)]

    def stages(self) -> list[Layer]:
        """The convolution, then its activation, unless that is linear or computed by the same kernel."""
        return [self] if self.activated.name in ("linear", "relu") else [self, self.activated]
