"""Exercise 09: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np

UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)


def moved(X, moves):
    """The images, moved by each of the moves, (moves, n, 64); what comes in is 0."""
    images = np.pad(np.reshape(X, (-1, 8, 8)), ((0, 0), (1, 1), (1, 1)))
    return np.stack([images[:, 1 - i : 9 - i, 1 - j : 9 - j].reshape(-1, 64) for i, j in moves])


def with_shifts(X, y):
    return moved(X, ((0, 0), UP, DOWN, LEFT, RIGHT)).reshape(-1, 64), np.tile(y, 5)


def without_the_images_themselves(X, y):
    return moved(X, (UP, DOWN, LEFT, RIGHT)).reshape(-1, 64), np.tile(y, 4)


def what_moves_out_comes_back(X, y):
    images = np.reshape(X, (-1, 8, 8))
    sets = [images, *(np.roll(images, move, axis=(1, 2)) for move in (UP, DOWN, LEFT, RIGHT))]
    return np.concatenate(sets).reshape(-1, 64), np.tile(y, 5)


def directions_reversed(X, y):
    return moved(X, ((0, 0), DOWN, UP, RIGHT, LEFT)).reshape(-1, 64), np.tile(y, 5)


def labels_repeated_one_by_one(X, y):
    return with_shifts(X, y)[0], np.repeat(y, 5)


def an_image_after_the_other(X, y):
    sets = moved(X, ((0, 0), UP, DOWN, LEFT, RIGHT))
    return sets.transpose(1, 0, 2).reshape(-1, 64), np.repeat(y, 5)


SOLUTION = with_shifts
WRONG = [
    (r"the images as they are belong to them, too", without_the_images_themselves),
    (r"the corner comes back on the other side", what_moves_out_comes_back),
    (r"should be moved up is moved down", directions_reversed),
    (r"labels should be repeated as the images are", labels_repeated_one_by_one),
    (r"not one image after the other", an_image_after_the_other),
]
