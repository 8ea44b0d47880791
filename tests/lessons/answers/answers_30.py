"""Exercise 30: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _gradient(images, dy, collect=np.sum):
    _, rows, columns = dy.shape
    size = images.shape[1] - rows + 1, images.shape[2] - columns + 1
    d = np.zeros(size)
    for k in range(size[0]):
        for j in range(size[1]):
            d[k, j] = collect(images[:, k : k + rows, j : j + columns] * dy)
    return d


def mean_over_positions_and_images(images, dy):
    return _gradient(images, dy, np.mean)


def mean_over_images(images, dy):
    return _gradient(images, dy) / len(images)


def mean_over_positions(images, dy):
    return _gradient(images, dy) / dy[0].size


def first_image_only(images, dy):
    return _gradient(images[:1], dy[:1])


def one_for_each_image(images, dy):
    return np.array([_gradient(image[None], d[None]) for image, d in zip(images, dy, strict=True)])


def filter_of_3x3(images, dy):
    _, rows, columns = dy.shape
    return np.array([[np.sum(images[:, k : k + rows, j : j + columns] * dy) for j in range(3)] for k in range(3)])


def filter_one_too_small(images, dy):
    return _gradient(images, dy)[:-1, :-1]


def turned(images, dy):
    return _gradient(images, dy)[::-1, ::-1]


def dy_turned(images, dy):
    return _gradient(images, dy[:, ::-1, ::-1])


def sum_of_dy_times_sum_of_window(images, dy):
    _, rows, columns = dy.shape
    size = images.shape[1] - rows + 1, images.shape[2] - columns + 1
    return np.array([[images[:, k : k + rows, j : j + columns].sum() * dy.sum() for j in range(size[1])]
                     for k in range(size[0])])


WRONG = [
    ("This is the mean over images and positions", mean_over_positions_and_images),
    ("The gradients of all images add up", mean_over_images),
    ("The positions share the weight", mean_over_positions),
    ("Only the first image counts", first_image_only),
    ("This is a gradient for each image", one_for_each_image),
    ("The filter is taken for one of 3x3", filter_of_3x3),
    ("A row and a column are missing", filter_one_too_small),
    ("The gradient is turned by half a turn", turned),
    ("dy is turned by half a turn", dy_turned),
    ("Multiply each pixel by the gradient of its own output before adding up", sum_of_dy_times_sum_of_window),
]
