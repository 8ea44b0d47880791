"""Exercise 29: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _sizes(image, weights, stride):
    return ((n - k) // stride + 1 for n, k in zip(image.shape, weights.shape, strict=True))


def _slide(image, weights, stride):
    rows, columns = _sizes(image, weights, stride)
    y = np.zeros((rows, columns))
    for m in range(rows):
        for n in range(columns):
            window = image[m * stride : m * stride + weights.shape[0], n * stride : n * stride + weights.shape[1]]
            y[m, n] = (window * weights).sum()
    return y


def turned_filter(image, weights, stride, zeros):
    return _slide(np.pad(image, zeros), weights[::-1, ::-1], stride)


def one_output_too_few(image, weights, stride, zeros):
    x = np.pad(image, zeros)
    rows, columns = ((n - k) // stride for n, k in zip(x.shape, weights.shape, strict=True))
    return _slide(x, weights, stride)[:rows, :columns]


def square_filter(image, weights, stride, zeros):
    x, k = np.pad(image, zeros), weights.shape[0]
    rows, columns = ((n - k) // stride + 1 for n in x.shape)
    y = np.zeros((rows, columns))
    for m in range(rows):
        for n in range(columns):
            for i in range(k):
                for j in range(k):
                    y[m, n] += x[m * stride + i, n * stride + j] * weights[i, j]
    return y


def stride_in_the_size_only(image, weights, stride, zeros):
    x = np.pad(image, zeros)
    rows, columns = _sizes(x, weights, stride)
    return _slide(x, weights, 1)[:rows, :columns]


def zeros_above_and_left_only(image, weights, stride, zeros):
    return _slide(np.pad(image, ((zeros, 0), (zeros, 0))), weights, stride)


def zeros_shared_by_both_sides(image, weights, stride, zeros):
    return _slide(np.pad(image, ((zeros // 2, zeros - zeros // 2),) * 2), weights, stride)


def edge_repeated(image, weights, stride, zeros):
    return _slide(np.pad(image, zeros, mode="edge"), weights, stride)


def windows_beyond_the_edge(image, weights, stride, zeros):
    x = np.pad(image, zeros)
    rows, columns = (-(-(n - k) // stride) + 1 for n, k in zip(x.shape, weights.shape, strict=True))
    y = np.zeros((rows, columns))
    for m in range(rows):
        for n in range(columns):
            window = x[m * stride : m * stride + weights.shape[0], n * stride : n * stride + weights.shape[1]]
            y[m, n] = (window * weights[: window.shape[0], : window.shape[1]]).sum()
    return y


def transposed_output(image, weights, stride, zeros):
    x = np.pad(image, zeros)
    rows, columns = _sizes(x, weights, stride)
    y = np.zeros((columns, rows))
    for m in range(rows):
        for n in range(columns):
            window = x[m * stride : m * stride + weights.shape[0], n * stride : n * stride + weights.shape[1]]
            y[n, m] = (window * weights).sum()
    return y


def mean_of_the_products(image, weights, stride, zeros):
    return _slide(np.pad(image, zeros), weights, stride) / weights.size


WRONG = [
    ("The filter is turned by half a turn", turned_filter),
    ("The last window is missing", one_output_too_few),
    ("The filter is taken for a square one", square_filter),
    ("The output has the size that belongs to the stride", stride_in_the_size_only),
    ("The zeros are above and to the left only", zeros_above_and_left_only),
    ("The zeros are shared out between the two sides", zeros_shared_by_both_sides),
    ("The edge pixels are repeated around the image", edge_repeated),
    ("The last windows reach beyond the padded image", windows_beyond_the_edge),
    ("Rows and columns of the output are exchanged", transposed_output),
    ("Each output is the mean of the products", mean_of_the_products),
]
