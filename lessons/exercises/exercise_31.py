"""Exercise 31: move each image at random."""

import itertools
from collections import Counter

import numpy as np

CASES: list = []
COUNT, MOST = 3000, 2
LIMITS = range(-MOST, MOST + 1)
OLD = "The images that were given have changed: return new ones, and leave them as they are."
SHAPE = "The new images should have the shape of the old ones: what moves out is lost, what comes in is 0."
KEYED = "The same generator gave other moves the second time: draw from `rng`, not from np.random."
WRAPS = "What moves out comes in again on the other side (np.roll). It is lost, and 0 comes in."
EDGES = "What comes in repeats the edge of the image. It should be 0."
MEAN = "What comes in is the mean of the image. It should be 0."
ALL_ALIKE = "All images are moved in the same way: draw a move for each of them."
DIAGONAL = "Rows and columns are always moved by the same number: draw one number for each."
ROWS_ONLY = "The images are moved up and down only: columns move, too."
COLUMNS_ONLY = "The images are moved to the left and right only: rows move, too."
ONE_WAY = "No image is moved up or to the left: the moves begin at -most."
NO_LARGEST = "No image is moved by `most`: the upper limit of rng.integers is not drawn."
TOO_FAR = "Some images are moved by more than `most` rows or columns."
BELL = "Small moves occur more often than large ones: all are equally probable."
ONE_AT_A_TIME = "Each image is moved down or to the side, never both: draw its rows and its columns independently."
WHOLE_WAY = "Each image is moved the whole way, by `most`: the numbers between are as probable."
HALF = "Too many images are not moved at all: each move, 0 as well, is equally probable."


def right(images, most, rng):
    return _moved(images, rng.integers(-most, most + 1, (len(images), 2)))


def _moved(images, moves, **pad):
    most = max(int(abs(np.asarray(moves)).max()), 1)
    wide = [np.pad(image, most, **{key: value(image) if callable(value) else value for key, value in pad.items()})
            for image in images]
    height, width = images.shape[1:]
    return np.array([image[most - row : most - row + height, most - column : most - column + width]
                     for image, (row, column) in zip(wide, moves, strict=True)])


def _images(count=COUNT, shape=(6, 7)):
    return np.random.default_rng(1).uniform(0.5, 1.0, (count, *shape))


def extra(solution):
    images = _images()
    before = images.copy()
    found = np.asarray(solution(images, MOST, np.random.default_rng(0)))
    assert (images == before).all(), OLD
    assert found.shape == images.shape, f"{SHAPE} Yours have {found.shape}, not {images.shape}."
    moves = _moves_of(images, found)
    if None in moves:
        raise AssertionError(_fill_of(images, found, moves.index(None)))
    assert (np.asarray(solution(images.copy(), MOST, np.random.default_rng(0))) == found).all(), KEYED
    _check_moves(moves)
    wide = _images(40, (5, 9))
    assert None not in _moves_of(wide, np.asarray(solution(wide.copy(), 1, np.random.default_rng(3)))), (
        "With images of 5x9 and most = 1 some are not moved as they should be.")


def _moves_of(images, found):
    """By how many rows and columns each image was moved, at most 4; None where it was changed in another way."""
    moves = [None] * len(images)
    for move in itertools.product(range(-4, 5), repeat=2):
        for at in np.flatnonzero(np.isclose(_all_moved(images, move), found).all(axis=(1, 2))):
            moves[at] = move
    return moves


def _all_moved(images, move):
    """All images, moved by the same rows and columns."""
    (row, column), (height, width) = move, images.shape[1:]
    wide = np.pad(images, ((0, 0), (4, 4), (4, 4)))
    return wide[:, 4 - row : 4 - row + height, 4 - column : 4 - column + width]


def _fill_of(images, found, at):
    every = list(itertools.product(LIMITS, repeat=2))
    for hint, pad in ((WRAPS, {"mode": "wrap"}), (EDGES, {"mode": "edge"}),
                      (MEAN, {"constant_values": lambda image: image.mean()})):
        if any(np.allclose(_moved(images[at : at + 1], [move], **pad)[0], found[at]) for move in every):
            return hint
    return f"Image {at} is not a moved one: {found[at].round(2).tolist()}; it was {images[at].round(2).tolist()}."


def _check_moves(moves):
    """The distribution of the moves; an assertion with a hint where it is wrong."""
    counts = Counter(moves)
    rows, columns = (np.array(each) for each in zip(*moves, strict=True))
    assert len(counts) > 1, ALL_ALIKE
    assert max(abs(rows).max(), abs(columns).max()) <= MOST, TOO_FAR
    assert (rows != columns).any(), DIAGONAL
    assert (columns != 0).any(), ROWS_ONLY
    assert (rows != 0).any(), COLUMNS_ONLY
    assert min(rows.min(), columns.min()) < 0, ONE_WAY
    assert max(rows.max(), columns.max()) == MOST, NO_LARGEST
    assert ((rows != 0) & (columns != 0)).any(), ONE_AT_A_TIME
    assert (abs(rows) < MOST).any(), WHOLE_WAY
    expected = COUNT / len(LIMITS) ** 2  # 120, with a standard deviation of 11
    assert not counts[0, 0] > 2 * expected or counts[MOST, MOST] < 0.5 * counts[1, 1], HALF
    assert not counts[MOST, MOST] + counts[-MOST, -MOST] < 0.6 * (counts[1, 1] + counts[-1, -1]), BELL
    for move in itertools.product(LIMITS, repeat=2):
        assert abs(counts[move] - expected) < 60, (
            f"Of {COUNT} images {counts[move]} are moved by {move}; all {len(LIMITS) ** 2} moves are equally probable.")


def _by(draw, **pad):
    return lambda images, most, rng: _moved(images, draw(len(images), most, rng), **pad)


def _square(count, most, rng):
    return rng.integers(-most, most + 1, (count, 2))


def _changes(images, most, rng):
    images[:] = right(images, most, rng)
    return images


MISTAKES = [
    (OLD, _changes),
    (KEYED, _by(lambda count, most, rng: np.random.randint(-most, most + 1, (count, 2)))),
    (WRAPS, _by(_square, mode="wrap")),
    (EDGES, _by(_square, mode="edge")),
    (MEAN, _by(_square, constant_values=lambda image: image.mean())),
    (ALL_ALIKE, _by(lambda count, most, rng: np.tile(rng.integers(-most, most + 1, 2), (count, 1)))),
    (DIAGONAL, _by(lambda count, most, rng: np.repeat(rng.integers(-most, most + 1, (count, 1)), 2, axis=1))),
    (ROWS_ONLY, _by(lambda count, most, rng: _square(count, most, rng) * [1, 0])),
    (COLUMNS_ONLY, _by(lambda count, most, rng: _square(count, most, rng) * [0, 1])),
    (ONE_WAY, _by(lambda count, most, rng: rng.integers(0, most + 1, (count, 2)))),
    (NO_LARGEST, _by(lambda count, most, rng: rng.integers(-most, most, (count, 2)))),
    (TOO_FAR, _by(lambda count, most, rng: rng.integers(-2 * most, 2 * most + 1, (count, 2)))),
    (BELL, _by(lambda count, most, rng: np.clip(
        np.rint(rng.normal(0, most / 2.5, (count, 2))), -most, most).astype(int))),
    (HALF, _by(lambda count, most, rng: _square(count, most, rng) * rng.integers(0, 2, (count, 1)))),
    (ONE_AT_A_TIME, _by(lambda count, most, rng: _square(count, most, rng) * np.eye(2, dtype=int)[
        rng.integers(0, 2, count)])),
    (WHOLE_WAY, _by(lambda count, most, rng: most * (2 * rng.integers(0, 2, (count, 2)) - 1))),
]
