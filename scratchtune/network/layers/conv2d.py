"""A convolution looks at every place of an image through the same small windows of weights, its filters.

It is three products of matrices, for the output, for the gradient in the filters and for that in the image. The second
matrix of each holds shifted copies of the image, which overlap; they are never stored. Instead an image is laid out as
*planes*, one for each channel, with zeros around it, so that every shifted copy is one piece of memory, and
`matmul.multiply_shifted` takes the place where each piece begins. With a stride of s, row h goes to plane h mod s of
its channel, so that the rows that one weight meets one after the other lie side by side again. A piece runs on from one
row into the next: the few numbers that are computed where a window would hang over the right end are thrown away.
"""

from __future__ import annotations

import numpy as np

from scratchtune import checks, jit
from scratchtune.network import initializers
from scratchtune.network.layers.activation import Activation
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.dense import RECTIFIED, bias_grad, rectify, rectify_grad
from scratchtune.network.layers.images import PADDINGS, image_shape, pair, windows_and_zeros
from scratchtune.network.matmul import add_shifted_products, multiply_shifted, transpose


@jit.function_of_separate_arrays
def lay_planes(x, s, r, t, q, planes):
    """Lay out an image as planes: for each channel, one for each remainder (a, u) of row and column by the strides.

    Formula [planes]
        pₑₐᵤₘₙ = x[s · m + a − t, r · n + u − q, e]
    Where
        x: x, (h, v, e), real, an image
        s: s, scalar, integer in [1, 3], the stride of rows
        r: r, scalar, integer in [1, 3], the stride of columns
        t: t, scalar, integer in [0, 2], rows of zeros above the image
        q: q, scalar, integer in [0, 2], columns of zeros to the left
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
                # the columns n for which r · n + u − q is a column of the image: from the first up to stop
                first, stop = -((u - q) // r), -((u - q - x.shape[1]) // r)
                first, stop = max(first, 0), max(min(stop, planes.shape[4]), 0)
                for m in range(planes.shape[3]):
                    for n in range(planes.shape[4]):
                        planes[e, a, u, m, n] = 0.0
                    row = s * m + a - t
                    if row >= 0 and row < x.shape[0]:
                        for n in range(first, stop):
                            planes[e, a, u, m, n] = x[row, r * n + u - q, e]


@jit.function
def padded(length):
    """The next multiple of `BLOCK`."""
    return -(-length // BLOCK) * BLOCK


BLOCK = 16  # numbers; pieces of whole blocks have no rest that would be computed one by one


@jit.function
def piece_starts(w, s, r, planes):
    """Where in the planes' memory the shifted copy for each weight (k, j, e) of a filter begins, in that order."""
    height, width, channels, _ = w.shape
    _, _, _, rows, columns = planes.shape
    starts = np.empty(height * width * channels, np.int64)
    place = 0
    for k in range(height):
        for j in range(width):
            for e in range(channels):
                plane = (e * s + k % s) * r + j % r
                starts[place] = (plane * rows + k // s) * columns + j // r
                place += 1
    return starts


@jit.function
def empty_planes(x, w, y, s, r):
    """Memory for the planes of one image, and the planes as an array (e, s, r, rows, columns) within it."""
    rows, columns = y.shape[1] + (w.shape[0] - 1) // s, y.shape[2] + (w.shape[1] - 1) // r
    size = w.shape[2] * s * r * rows * columns
    memory = np.zeros(size + w.shape[1] + BLOCK, x.dtype)  # the last pieces go beyond the planes by as much
    return memory, memory[:size].reshape((w.shape[2], s, r, rows, columns))


@jit.function_of_separate_arrays
def conv2d(x, w, b, s, r, t, q, y):
    """Convolution of images with filters, "cross-correlation" elsewhere: at each place a window times the weights.

    Formula [conv2d]
        yᵢₘₙₒ = bₒ + Σₖⱼₑ[x[i, s · m + k − t, r · n + j − q, e] · wₖⱼₑₒ]
    Where
        x: x, (i, h, v, e), real, images
        w: w, (k, j, e, o), real, filters
        b: b, (o,), real, a bias for each filter
        s: s, scalar, integer in [1, 3], the stride of rows
        r: r, scalar, integer in [1, 3], the stride of columns
        t: t, scalar, integer in [0, 2], rows of zeros above the image
        q: q, scalar, integer in [0, 2], columns of zeros to the left
        y: y, (i, m, n, o), written
    Variant
        Outside of the images there are zeros. Mathematics turns the filters round first; networks learn them either
        way. PyTorch has channels before rows.
    Source
        LeCun et al. (1998), "Gradient-based learning applied to document recognition"; Keras, layers.Conv2D.
    """
    memory, planes = empty_planes(x, w, y, s, r)
    starts = piece_starts(w, s, r, planes)
    columns, weights = planes.shape[4], w.reshape((starts.size, w.shape[3])).T
    out = np.empty((w.shape[3], padded(y.shape[1] * columns)), x.dtype)
    for i in range(x.shape[0]):
        lay_planes(x[i], s, r, t, q, planes)
        multiply_shifted(weights, memory, starts, out)
        for m in range(y.shape[1]):
            for n in range(y.shape[2]):
                for o in range(y.shape[3]):
                    y[i, m, n, o] = out[o, m * columns + n] + b[o]


@jit.function_of_separate_arrays
def lay_slopes(dy, above, before, columns, slopes):
    """Lay out an image of dJ/dy as vectors, a filter each, its rows ``columns`` apart, with zeros around it."""
    slopes[:] = 0.0
    for m in range(dy.shape[0]):
        for n in range(dy.shape[1]):
            for o in range(dy.shape[2]):
                slopes[o, before + (above + m) * columns + n] = dy[m, n, o]


@jit.function_of_separate_arrays
def conv2d_kernel_grad(x, w, dy, s, r, t, q, dw):
    """Gradient of J in the filters: each weight's shifted copy of the images, times what arrives.

    Formula [conv2d_kernel_grad]
        dₖⱼₑₒ = Σᵢₘₙ[x[i, s · m + k − t, r · n + j − q, e] · gᵢₘₙₒ]
    Gradient of
        [conv2d] in w
    Where
        x: x, (i, h, v, e), real, images
        w: w, (k, j, e, o), real, filters, of which the shape alone matters
        g: dy, (i, m, n, o), real, dJ/dy
        s: s, scalar, integer in [1, 3], the stride of rows
        r: r, scalar, integer in [1, 3], the stride of columns
        t: t, scalar, integer in [0, 2], rows of zeros above the image
        q: q, scalar, integer in [0, 2], columns of zeros to the left
        d: dw, (k, j, e, o), written
    Source
        The derivative of conv2d; Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning".
    """
    memory, planes = empty_planes(x, w, dy, s, r)
    starts = piece_starts(w, s, r, planes)
    columns = planes.shape[4]
    slopes = np.zeros((w.shape[3], padded(dy.shape[1] * columns)), x.dtype)
    turned = np.zeros((w.shape[3], starts.size), x.dtype)
    for i in range(x.shape[0]):
        lay_planes(x[i], s, r, t, q, planes)
        lay_slopes(dy[i], 0, 0, columns, slopes)
        add_shifted_products(slopes, memory, starts, turned)
    transpose(turned, dw.reshape(turned.T.shape))


@jit.function
def empty_slopes(w, dy, s, r):
    """Memory for dJ/dy of one image with zeros around it.

    Returns the memory, the vectors (o, size) in it, the rows of zeros above, the zeros before the first row, and the
    rows and columns of the planes to be computed.
    """
    above, before = (w.shape[0] - 1) // s, (w.shape[1] - 1) // r
    rows, columns = dy.shape[1] + above, dy.shape[2] + before
    size = before + (rows + above) * columns
    memory = np.zeros(w.shape[3] * size + BLOCK, w.dtype)
    return memory, memory[: w.shape[3] * size].reshape((w.shape[3], size)), above, before, rows, columns


@jit.function_of_separate_arrays
def conv2d_input_grad(w, dy, s, r, t, q, dx):
    """Gradient of J in the images: what arrives, spread over the windows by the filters turned round.

    Formula [conv2d_input_grad]
        dᵢₕᵥₑ = Σₖⱼₘₙₒ[(wₖⱼₑₒ · gᵢₘₙₒ if r · n + j − q = v else 0) if s · m + k − t = h else 0]
    Gradient of
        [conv2d] in x
    Where
        w: w, (k, j, e, o), real, filters
        g: dy, (i, m, n, o), real, dJ/dy
        s: s, scalar, integer in [1, 3], the stride of rows
        r: r, scalar, integer in [1, 3], the stride of columns
        t: t, scalar, integer in [0, 2], rows of zeros above the image
        q: q, scalar, integer in [0, 2], columns of zeros to the left
        d: dx, (i, h, v, e), written
    Source
        The derivative of conv2d, a transposed convolution; Dumoulin and Visin (2016), chapter 4.
    """
    memory, slopes, above, before, rows, columns = empty_slopes(w, dy, s, r)
    out = np.empty((w.shape[2], padded(rows * columns)), w.dtype)
    dx[:] = 0.0
    for i in range(dx.shape[0]):
        lay_slopes(dy[i], above, before, columns, slopes)
        for a in range(s):
            for u in range(r):
                turned, starts = turned_filters(w, s, r, a, u, slopes.shape[1], columns)
                multiply_shifted(turned, memory, starts, out)
                for m in range(rows):
                    h = s * m + a - t
                    if h >= 0 and h < dx.shape[1]:
                        for n in range(columns):
                            v = r * n + u - q
                            if v >= 0 and v < dx.shape[2]:
                                for e in range(dx.shape[3]):
                                    dx[i, h, v, e] = out[e, m * columns + n]


@jit.function
def turned_filters(w, s, r, a, u, size, columns):
    """The weights that reach the plane (a, u), as a matrix (e, weights), and where the slopes for each begin."""
    height, width, channels, filters = w.shape
    above, before = (height - 1) // s, (width - 1) // r
    count = len(range(a, height, s)) * len(range(u, width, r)) * filters
    turned, starts = np.empty((channels, count), w.dtype), np.empty(count, np.int64)
    place = 0
    for k in range(a, height, s):
        for j in range(u, width, r):
            for o in range(filters):
                for e in range(channels):
                    turned[e, place] = w[k, j, e, o]
                starts[place] = o * size + before + (above - k // s) * columns - j // r
                place += 1
    return turned, starts


# The layer ------------------------------------------------------------------------------------------------------------


@jit.forward
def conv2d_forward(shape, settings, theta, state, x, y, work, training, step, key):
    images, w, b, out = parts(shape, theta, x, y)
    conv2d(images, w, b if b.size > 0 else np.zeros(w.shape[3], w.dtype), shape[8], shape[9], shape[10], shape[11], out)
    if shape[12] == RECTIFIED:
        rectify(y)


@jit.backward
def conv2d_backward(shape, settings, theta, state, x, y, dy, dtheta, dx, work, training, step, key):
    if shape[12] == RECTIFIED:
        rectify_grad(y, dy)
    images, w, b, slopes = parts(shape, theta, x, dy)
    dw, db = dtheta[: w.size].reshape(w.shape), dtheta[w.size :]
    if db.size > 0:
        bias_grad(dy.reshape((dy.size // db.size, db.size)), db)
    conv2d_kernel_grad(images, w, slopes, shape[8], shape[9], shape[10], shape[11], dw)
    if dx.size > 0 and shape[13]:
        conv2d_input_grad(w, slopes, shape[8], shape[9], shape[10], shape[11], dx.reshape(images.shape))


@jit.function
def parts(shape, theta, x, y):
    """The images (i, h, v, e), the filters (k, j, e, o), the bias and the outputs (i, m, n, o)."""
    height, width, channels, rows, columns, filters, k, j = shape[:8]
    size = k * j * channels * filters
    return (x.reshape((x.shape[0], height, width, channels)), theta[:size].reshape((k, j, channels, filters)),
            theta[size:], y.reshape((y.shape[0], rows, columns, filters)))


class Conv2D(Layer):
    """``filters`` windows of weights go over images (height, width, channels); names and defaults are Keras's.

    ``kernel_size`` and ``strides`` are whole numbers or pairs, (rows, columns). ``padding`` "valid" keeps windows
    within the image, "same" has as many places as the image has pixels, divided by the stride. Weights are a kernel
    (rows, columns, channels, filters) and a bias (filters,).
    """

    forward, backward = conv2d_forward, conv2d_backward

    def __init__(
        self, filters: int, kernel_size: int | tuple[int, int], strides: int | tuple[int, int] = 1,
        padding: str = "valid", activation: str | None = None, use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform", bias_initializer: str = "zeros",
    ) -> None:
        self.filters = checks.integer("filters", filters, 1)
        self.kernel_size, self.strides = pair("kernel_size", kernel_size), pair("strides", strides)
        self.padding = checks.choice("padding", padding, PADDINGS)
        self.activation = Activation(activation or "linear")
        self.use_bias = checks.boolean("use_bias", use_bias)
        initializers.get(kernel_initializer)
        initializers.get(bias_initializer, "bias_initializer")
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        height, width, channels = image_shape("Conv2D", input_shape)
        (k, j), (s, r) = self.kernel_size, self.strides
        rows, top = windows_and_zeros("Conv2D", "height", height, k, s, self.padding)
        columns, left = windows_and_zeros("Conv2D", "width", width, j, r, self.padding)
        fans = (k * j * channels, k * j * self.filters)
        self.add_weight("kernel", (k, j, channels, self.filters), self.kernel_initializer, fans)
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self.bias_initializer, is_bias=True)
        s, r = s if rows > 1 else 1, r if columns > 1 else 1  # of a single window a stride says nothing
        rectified = RECTIFIED if self.activation.name == "relu" else 0
        self._numbers = [height, width, channels, rows, columns, self.filters, k, j, s, r, top, left, rectified]
        return self.activation.start((rows, columns, self.filters))

    def shape(self) -> list[int]:
        return [*self._numbers, int(self.hands_back)]

    def stages(self) -> list[Layer]:
        return [self] if self.activation.name in ("linear", "relu") else [self, self.activation]
