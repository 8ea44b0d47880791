"""Exercise 10: standard scaling that is fitted to the training rows."""

import numpy as np


def right(train, new):
    mean, std = train.mean(axis=0), np.where(np.ptp(train, axis=0) > 0.0, train.std(axis=0), 1.0)
    return (train - mean) / std, (new - mean) / std


def extra(solution):
    """A constant column whose standard deviation is not exactly 0, by rounding."""
    train, new = np.full((3, 1), 0.1), np.array([[0.3]])
    assert np.allclose(solution(train, new)[1], 0.2), (
        "Three times 0.1 is a constant column, but its standard deviation is 1e-17 by rounding, not exactly 0. Compare "
        "it with something tiny, or the column's largest value with its smallest.")


CASES = [
    (np.array([[1.0, 10.0, 5.0], [3.0, 20.0, 5.0], [8.0, 60.0, 5.0]]), np.array([[2.0, 30.0, 7.0], [0.0, -10.0, 5.0]])),
    (np.array([[4000.0, 0.05], [5200.0, 0.04], [3100.0, 0.07], [4100.0, 0.05]]), np.array([[9000.0, 0.01]])),
    (np.array([[-1.0, 2.0], [-1.0, 3.0]]), np.array([[-1.0, 2.5], [0.5, 2.0], [4.0, 8.0]])),
]


def _with(fitted=lambda train, new: train, std=lambda x: x.std(axis=0), mean=lambda x: x.mean(axis=0),
          safe=lambda s: np.where(s > 0.0, s, 1.0)):
    def standardised(train, new):
        rows = fitted(train, new)
        center, scale = mean(rows), safe(std(rows))
        with np.errstate(all="ignore"):
            return (train - center) / scale, (new - center) / scale

    return standardised


def _own(train, new):
    return right(train, train)[0], right(new, new)[0]


def in_place(train, new):
    a, b = right(train, new)
    train[:], new[:] = a, b
    return train, new


def _constant_new(train, new):
    a, b = right(train, new)
    b[:, train.std(axis=0) == 0.0] = 0.0
    return a, b


def _dropped(train, new):
    a, b = right(train, new)
    varied = train.std(axis=0) > 0.0
    return a[:, varied], b[:, varied]


def _as_it_was(train, new):
    a, b = right(train, new)
    constant = train.std(axis=0) == 0.0
    return np.where(constant, train, a), np.where(constant, new, b)


MISTAKES = [
    ("The scaler has seen the rows of `new`: compute mean and standard deviation from `train` alone.",
     _with(fitted=lambda train, new: np.concatenate([train, new]))),
    ("`new` is scaled by its own mean and standard deviation: use those of `train`, so that equal values stay equal.",
     _own),
    ("A constant column is divided by 0: divide it by 1.", _with(safe=lambda s: s)),
    ("A tiny number is added to the standard deviation, or replaces 0. A constant column then becomes huge "
     "in `new`: divide it by 1.",
     _with(safe=lambda s: s + 1e-8)),
    ("Mean and standard deviation are those of the whole table: each column needs its own.",
     _with(mean=np.mean, std=lambda x: np.full(x.shape[1], x.std()))),
    ("The variance is divided by n - 1 here; this scaler, as scikit-learn's, divides by n.",
     _with(std=lambda x: x.std(axis=0, ddof=1))),
    ("Divide by the standard deviation, not by the variance.", _with(std=lambda x: x.var(axis=0))),
    ("The mean is not subtracted: an offset remains.", _with(mean=lambda x: 0.0)),
    ("The columns are centred, but not divided by their standard deviation.", _with(std=lambda x: np.ones(x.shape[1]))),
    ("This divides by the range; divide by the standard deviation.", _with(std=lambda x: np.ptp(x, axis=0))),
    ("This is min-max scaling: subtract the mean, and divide by the standard deviation.",
     _with(mean=lambda x: x.min(axis=0), std=lambda x: np.ptp(x, axis=0))),
    ("`new` was not scaled.", lambda train, new: (right(train, new)[0], new)),
    ("Only one array comes back: return both, in this order: train, new.", lambda train, new: right(train, new)[1]),
    ("A column that is constant in `train` may vary in `new`; there it must not be set to 0.", _constant_new),
    ("The constant column was dropped: it should stay, with zeros in `train`.", _dropped),
    ("The arrays that were given have been changed: make new ones.", in_place),
    ("The constant column is returned unchanged; its mean is subtracted as well, only the divisor is 1.", _as_it_was),
]
