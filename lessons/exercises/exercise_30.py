"""Exercise 30: the gradient of a filter."""

import numpy as np

_rng = np.random.default_rng(0)


def _case(images, dy):
    return _rng.integers(-5, 6, images).astype(float), _rng.integers(-5, 6, dy).astype(float)


CASES = [_case((1, 3, 3), (1, 2, 2)), _case((2, 5, 7), (2, 4, 5)), _case((3, 6, 4), (3, 4, 3)),
         _case((2, 4, 6), (2, 4, 4)), _case((2, 5, 5), (2, 3, 3))]


def right(images, dy):
    return _gradient(images, dy)


def _gradient(images, dy, transpose=False):
    size = images.shape[1] - dy.shape[1] + 1, images.shape[2] - dy.shape[2] + 1
    out = np.zeros(size)
    for k in range(size[0]):
        for j in range(size[1]):
            out[k, j] = (images[:, k : k + dy.shape[1], j : j + dy.shape[2]] * dy).sum()
    return out.T if transpose else out


def _size_of_output(images, dy):
    out = np.zeros(dy.shape[1:])
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            window = images[:, k : k + dy.shape[1], j : j + dy.shape[2]]
            out[k, j] = (window * dy[:, : window.shape[1], : window.shape[2]]).sum()
    return out


def _one_short(images, dy):
    return _gradient(images, dy)[: images.shape[1] - dy.shape[1], : images.shape[2] - dy.shape[2]]


def _first_position(images, dy):
    size = images.shape[1] - dy.shape[1] + 1, images.shape[2] - dy.shape[2] + 1
    return (images[:, : size[0], : size[1]] * dy[:, :1, :1]).sum(axis=0)


def _all_at_once(images, dy):
    size = images.shape[1] - dy.shape[1] + 1, images.shape[2] - dy.shape[2] + 1
    out = np.zeros(size)
    for k in range(size[0]):
        for j in range(size[1]):
            window = images[:, k : k + dy.shape[1], j : j + dy.shape[2]]
            out[k, j] = window.sum() * dy.sum()
    return out


def _for_each_image(images, dy):
    return np.array([_gradient(image[None], g[None]) for image, g in zip(images, dy, strict=True)])


def _without_dy(images, dy):
    return _gradient(images, np.ones_like(dy))


def _three(images, dy):
    return np.array([[(images[:, k : k + dy.shape[1], j : j + dy.shape[2]] * dy).sum() for j in range(3)]
                     for k in range(3)])


MISTAKES = [
    ("The positions share the weight, so their gradients add up; this is the mean over the positions.",
     lambda images, dy: right(images, dy) / dy[0].size),
    ("The gradients of all images add up; this is the mean over the images.",
     lambda images, dy: right(images, dy) / len(images)),
    ("This is the mean over images and positions: the gradient is the sum.",
     lambda images, dy: right(images, dy) / dy.size),
    ("Only the first image counts: add up over the images, too.", lambda images, dy: right(images[:1], dy[:1])),
    ("This is a gradient for each image: all images share the filter, so add them up.", _for_each_image),
    ("Only the first position counts: add up over all positions.", _first_position),
    ("Multiply each pixel by the gradient of its own output before adding up: it is the sum of products.",
     _all_at_once),
    ("dy is missing: the input is multiplied by the gradient of the output.", _without_dy),
    ("The gradient is turned by half a turn: weight [0, 0] meets the upper left pixels.",
     lambda images, dy: right(images, dy)[::-1, ::-1]),
    ("Rows and columns of the gradient are exchanged.", lambda images, dy: _gradient(images, dy, transpose=True)),
    ("The filter's size is height - rows of the output + 1, and the same for the columns; yours is that of the output.",
     _size_of_output),
    ("A row and a column are missing: an image of n pixels and m outputs belong to a filter of n - m + 1.", _one_short),
    ("The sign is wrong: this is the direction downhill, not the gradient.", lambda images, dy: -right(images, dy)),
    ("The filter is taken for one of 3x3: its size follows from the sizes of image and output.", _three),
    ("dy is turned by half a turn: the output at row m, column n belongs to the window that begins there.",
     lambda images, dy: right(images, dy[:, ::-1, ::-1])),
]
