"""Exercise 19: a right answer, and wrong ones, each with the hint that it must get."""


def cutout(images, size, rng):
    images = images.copy()
    for image in images:
        row, column = (rng.integers(pixels - size + 1) for pixels in image.shape[:2])
        image[row : row + size, column : column + size] = 0.0
    return images


def cutout_that_never_reaches_the_end(images, size, rng):
    images = images.copy()
    for image in images:
        row, column = (rng.integers(pixels - size) for pixels in image.shape[:2])
        image[row : row + size, column : column + size] = 0.0
    return images


def in_place(images, size, rng):
    images[:] = cutout(images, size, rng)
    return images


def one_square_for_all(images, size, rng):
    images = images.copy()
    row, column = (rng.integers(pixels - size + 1) for pixels in images.shape[1:3])
    images[:, row : row + size, column : column + size] = 0.0
    return images


def first_channel_only(images, size, rng):
    images = images.copy()
    for image in images:
        row, column = (rng.integers(pixels - size + 1) for pixels in image.shape[:2])
        image[row : row + size, column : column + size, 0] = 0.0
    return images


def reaches_over_the_edge(images, size, rng):
    images = images.copy()
    for image in images:
        row, column = (rng.integers(pixels) for pixels in image.shape[:2])
        image[row : row + size, column : column + size] = 0.0
    return images


SOLUTION = cutout
WRONG = [
    ("never at \\(row, column\\)", cutout_that_never_reaches_the_end),
    ("the old images must stay as they are", in_place),
    ("draw a position for each image", one_square_for_all),
    ("must be 0 in all channels", first_channel_only),
    ("it should be a square of 3 x 3", reaches_over_the_edge),
]
