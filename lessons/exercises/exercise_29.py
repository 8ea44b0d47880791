"""Exercise 29: the convolution of an image with a filter."""

import numpy as np

_rng = np.random.default_rng(0)


def _case(image, weights, stride, zeros):
    return _rng.integers(-9, 10, image).astype(float), _rng.integers(-9, 10, weights).astype(float), stride, zeros


CASES = [
    (np.array([[0.0, 1, 2], [3, 4, 5], [6, 7, 8]]), np.array([[1.0, 2], [3, -4]]), 1, 0),
    _case((5, 8), (2, 3), 1, 0), _case((7, 4), (3, 2), 2, 0), _case((6, 9), (3, 2), 1, 1), _case((6, 9), (3, 4), 2, 2),
    _case((4, 7), (1, 3), 3, 1), _case((3, 3), (3, 3), 1, 0), _case((8, 7), (3, 3), 2, 1)]


def right(image, weights, stride, zeros):
    return _slide(np.pad(image, zeros), weights, stride, stride)


def _slide(x, w, down, across, count=lambda n, k, s: (n - k) // s + 1, total=lambda window, w: (window * w).sum()):
    rows, columns = (max(count(n, k, s), 0) for n, k, s in zip(x.shape, w.shape, (down, across), strict=True))
    y = np.array([[total(x[m * down : m * down + w.shape[0], n * across : n * across + w.shape[1]], w)
                   for n in range(columns)] for m in range(rows)])
    return y.reshape(rows, columns)


def _clipped(window, w):
    return (window * w[: window.shape[0], : window.shape[1]]).sum()


def _rotated(image, weights, stride, zeros):
    return right(image, weights[::-1, ::-1], stride, zeros)


def _corners(image, weights, stride, zeros):
    y = right(image, weights, stride, zeros)
    return y.T


def _rows_for_both(image, weights, stride, zeros):
    size = (image.shape[0] + 2 * zeros - weights.shape[0]) // stride + 1
    x, y = np.pad(image, zeros), np.zeros((size, size))
    for m in range(size):
        for n in range(size):
            y[m, n] = _clipped(x[m * stride : m * stride + len(weights), n * stride : n * stride + weights.shape[1]],
                               weights)
    return y


def _weights_reversed_axes(image, weights, stride, zeros):
    return right(image, weights.T, stride, zeros)


def _square(image, weights, stride, zeros):
    x, k = np.pad(image, zeros), len(weights)
    y = np.zeros([(n - k) // stride + 1 for n in x.shape])
    for m, n, i, j in np.ndindex(*y.shape, k, k):
        y[m, n] += x[m * stride + i, n * stride + j] * weights[i, j]
    return y


def _stride_in_the_size_only(image, weights, stride, zeros):
    y = right(image, weights, stride, zeros)
    return right(image, weights, 1, zeros)[: y.shape[0], : y.shape[1]]


MISTAKES = [
    ("The filter is turned by half a turn: the mathematician's convolution. Here the upper left weight meets the upper "
     "left pixel of the window.", _rotated),
    ("Rows and columns of the filter are exchanged.", _weights_reversed_axes),
    ("Rows and columns of the output are exchanged: m counts down, n to the right.", _corners),
    ("The number of columns is computed from the heights: the image need not be square.", _rows_for_both),
    ("The stride is ignored.", lambda image, weights, stride, zeros: right(image, weights, 1, zeros)),
    ("The stride holds down only: the filter moves to the right by `stride` pixels, too.",
     lambda image, weights, stride, zeros: _slide(np.pad(image, zeros), weights, stride, 1)),
    ("The stride holds to the right only: the filter moves down by `stride` pixels, too.",
     lambda image, weights, stride, zeros: _slide(np.pad(image, zeros), weights, 1, stride)),
    ("The windows do not overlap: the filter moves by `stride` pixels, not by its own size.",
     lambda image, weights, stride, zeros: _slide(np.pad(image, zeros), weights, *weights.shape)),
    ("The zeros around the image are missing.", lambda image, weights, stride, zeros: right(image, weights, stride, 0)),
    ("The zeros are above and to the left only; there are as many below and to the right.",
     lambda image, weights, stride, zeros: _slide(np.pad(image, ((zeros, 0), (zeros, 0))), weights, stride, stride)),
    ("The zeros are below and to the right only; there are as many above and to the left.",
     lambda image, weights, stride, zeros: _slide(np.pad(image, ((0, zeros), (0, zeros))), weights, stride, stride)),
    ("The edge pixels are repeated around the image: pad with zeros.",
     lambda image, weights, stride, zeros: _slide(np.pad(image, zeros, mode="edge"), weights, stride, stride)),
    ("The last window is missing, in each direction: (n - k) // s counts the moves, and there is one window more.",
     lambda image, weights, stride, zeros: _slide(
         np.pad(image, zeros), weights, stride, stride, lambda n, k, s: (n - k) // s)),
    ("The last windows reach beyond the padded image: round the number of windows down.",
     lambda image, weights, stride, zeros: _slide(
         np.pad(image, zeros), weights, stride, stride, lambda n, k, s: -(-(n - k) // s) + 1, _clipped)),
    ("Each output is the mean of the products: take their sum.",
     lambda image, weights, stride, zeros: right(image, weights, stride, zeros) / weights.size),
    ("The filter is taken for a square one: it has weights.shape[0] rows and weights.shape[1] columns.", _square),
    ("The output has the size that belongs to the stride, but its windows are next to each other: the window of m, n "
     "begins at row m * stride and column n * stride.", _stride_in_the_size_only),
    ("The zeros are shared out between the two sides: there are `zeros` of them on each side.",
     lambda image, weights, stride, zeros: _slide(
         np.pad(image, ((zeros // 2, zeros - zeros // 2),) * 2), weights, stride, stride)),
]
