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


SOLUTION = cutout
WRONG = [
    ("never at \\(row, column\\)", cutout_that_never_reaches_the_end),
]
