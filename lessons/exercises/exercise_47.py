"""Exercise 47: the gains of remedies at the strengths that validation rows choose, with their standard errors."""

import numpy as np


def right(choose, test, plain):
    kept = np.take_along_axis(test, choose.argmin(axis=2)[:, :, None], axis=2)[:, :, 0]
    gains = plain[:, None] - kept
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / np.sqrt(len(gains))


def _case(seed, tables, remedies, strengths):
    rng = np.random.default_rng(seed)
    test = rng.uniform(0.3, 0.9, (tables, remedies, strengths)) + rng.random((tables, 1, 1))
    return test + rng.normal(scale=0.2, size=test.shape), test, rng.uniform(0.4, 1.5, tables)


CASES = [lambda: _case(0, 4, 3, 2), lambda: _case(1, 3, 5, 3), lambda: _case(2, 8, 2, 4)]


def _with(at=lambda choose, test: choose.argmin(axis=2), values=lambda choose, test: test,
          gain=lambda plain, kept: plain - kept, error=lambda gains: gains.std(axis=0, ddof=1) / np.sqrt(len(gains))):
    def gains_of(choose, test, plain):
        kept = np.take_along_axis(values(choose, test), at(choose, test)[:, :, None], axis=2)[:, :, 0]
        gains = gain(plain[:, None], kept)
        return gains.mean(axis=0), error(gains)

    return gains_of


def _common(choose, test):
    return np.broadcast_to(choose.mean(axis=0).argmin(axis=1), choose.shape[:2])


def _unpaired(choose, test, plain):
    kept = np.take_along_axis(test, choose.argmin(axis=2)[:, :, None], axis=2)[:, :, 0]
    error = np.sqrt((plain.var(ddof=1) + kept.var(axis=0, ddof=1)) / len(plain))
    return (plain[:, None] - kept).mean(axis=0), error


def _over_strengths(choose, test, plain):
    gains = plain[:, None] - test.mean(axis=2)
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / np.sqrt(len(gains))


def _kept(choose, test):
    return np.take_along_axis(test, choose.argmin(axis=2)[:, :, None], axis=2)[:, :, 0]


def _of_losses(choose, test, plain):
    kept = _kept(choose, test)
    return right(choose, test, plain)[0], kept.std(axis=0, ddof=1) / np.sqrt(len(kept))


def _of_tables(choose, test, plain):
    gains = plain[:, None] - _kept(choose, test)
    return gains.mean(axis=1), gains.std(axis=1, ddof=1) / np.sqrt(gains.shape[1])


MISTAKES = [
    ("The strength was chosen by the test rows, so the gain is too good: `choose` should say which one is kept.",
     _with(at=lambda choose, test: test.argmin(axis=2))),
    ("The strength with the highest loss was kept.", _with(at=lambda choose, test: choose.argmax(axis=2))),
    ("The gain is measured on the rows that chose the strength; take the losses of `test`.",
     _with(values=lambda choose, test: choose)),
    ("One strength was chosen for all tables; each table chooses its own.", _with(at=_common)),
    ("A lower loss should be a gain above 0: the sign is wrong.", _with(gain=lambda plain, kept: kept - plain)),
    ("This is the gain as a share of the loss; take the difference.",
     _with(gain=lambda plain, kept: 1.0 - kept / plain)),
    ("This is the spread of single tables; that of their mean is smaller by the root of their number.",
     _with(error=lambda gains: gains.std(axis=0, ddof=1))),
    ("The variance is divided by the number of tables less one.",
     _with(error=lambda gains: gains.std(axis=0) / np.sqrt(len(gains)))),
    ("This is the square of the standard error.", _with(error=lambda gains: gains.var(axis=0, ddof=1) / len(gains))),
    ("The tables are paired: take the differences first, then their spread.", _unpaired),
    ("The mean over all strengths is not what one would use: keep one strength of each remedy.", _over_strengths),
    ("The best remedy of each table is returned; each remedy needs a gain of its own.",
     lambda choose, test, plain: tuple(np.array(part).max() for part in right(choose, test, plain))),
    ("The spread is divided by the root of the number of remedies: the gains of a remedy are as many as there are "
     "tables.", _with(error=lambda gains: gains.std(axis=0, ddof=1) / np.sqrt(gains.shape[1]))),
    ("The error is that of the losses: it should be that of the gains, which are differences within a table.",
     _of_losses),
    ("The means are over the remedies, one for each table: take them over the tables, one for each remedy.",
     _of_tables),
]
