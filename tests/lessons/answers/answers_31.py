"""Exercise 31: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _moved(image, down, right):
    height, width = image.shape
    new = np.zeros_like(image)
    for m in range(height):
        for n in range(width):
            if 0 <= m - down < height and 0 <= n - right < width:
                new[m, n] = image[m - down, n - right]
    return new


def most_is_excluded(images, most, rng):
    moves = rng.integers(-most, most, size=(len(images), 2)) if most else np.zeros((len(images), 2), int)
    return np.array([_moved(image, *move) for image, move in zip(images, moves, strict=True)])


def wraps_round(images, most, rng):
    return np.array([np.roll(image, rng.integers(-most, most + 1, size=2), axis=(0, 1)) for image in images])


def one_move_for_all(images, most, rng):
    down, right = rng.integers(-most, most + 1, size=2)
    return np.array([_moved(image, down, right) for image in images])


def the_same_down_and_right(images, most, rng):
    moves = rng.integers(-most, most + 1, size=len(images))
    return np.array([_moved(image, move, move) for image, move in zip(images, moves, strict=True)])


def down_and_right_only(images, most, rng):
    moves = rng.integers(0, most + 1, size=(len(images), 2))
    return np.array([_moved(image, *move) for image, move in zip(images, moves, strict=True)])


def in_place(images, most, rng):
    for k in range(len(images)):
        images[k] = _moved(images[k], *rng.integers(-most, most + 1, size=2))
    return images


def edge_fills(images, most, rng):
    new = np.empty_like(images)
    for k, image in enumerate(images):
        down, right = rng.integers(-most, most + 1, size=2)
        wide = np.pad(image, most, mode="edge")
        new[k] = wide[most - down : most - down + image.shape[0], most - right : most - right + image.shape[1]]
    return new


def grows(images, most, rng):
    n, height, width = images.shape
    new = np.zeros((n, height + 2 * most, width + 2 * most))
    for k, image in enumerate(images):
        down, right = rng.integers(0, 2 * most + 1, size=2)
        new[k, down : down + height, right : right + width] = image
    return new


def one_direction_at_a_time(images, most, rng):
    new = []
    for image in images:
        by = rng.integers(-most, most + 1)
        new.append(_moved(image, by, 0) if rng.integers(2) else _moved(image, 0, by))
    return np.array(new)


def always_the_whole_way(images, most, rng):
    signs = 2 * rng.integers(0, 2, size=(len(images), 2)) - 1
    return np.array([_moved(image, *(most * sign)) for image, sign in zip(images, signs, strict=True)])


WRONG = [
    ("No image is moved by `most`: the upper limit of rng.integers is not drawn", most_is_excluded),
    ("What moves out comes in again on the other side (np.roll). It is lost", wraps_round),
    ("All images are moved in the same way", one_move_for_all),
    ("Rows and columns are always moved by the same number", the_same_down_and_right),
    ("No image is moved up or to the left", down_and_right_only),
    ("The images that were given have changed", in_place),
    ("What comes in repeats the edge of the image", edge_fills),
    ("shape of the old ones", grows),
    ("Each image is moved down or to the side", one_direction_at_a_time),
    ("Each image is moved the whole way", always_the_whole_way),
]
