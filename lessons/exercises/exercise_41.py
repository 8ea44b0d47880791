"""Exercise 41: normalised log-mel features."""

import numpy as np

_rng = np.random.default_rng(0)
_FILTERS = np.array([[0.0, 0.5, 1.0, 0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.5, 1.0, 0.5, 0.0],
                     [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]])


def _power(frames, bins=7):
    return np.exp(_rng.normal(0.0, 2.0, (frames, bins)))


def _silent():
    power = _power(4)
    power[2] = 0.0  # a silent frame
    return power, _FILTERS.copy()


_quiet, _same, _faint = _silent(), _power(5), _power(4)
_faint[1] = 1e-13  # not 0, and below the limit
_same[:, 4:] = 2.0  # the last filter sees the same in all frames
CASES = [(_power(6), _FILTERS.copy()), _quiet, (_same, _FILTERS.copy()), (_power(3, 5), _rng.uniform(0, 1, (2, 5))),
         (1e-5 * _power(7), _FILTERS[:2].copy()), (_faint, _FILTERS.copy())]


def right(power, filters):
    return _features(power, filters)


def _features(power, filters, *, log=np.log, floor=lambda e: np.maximum(e, 1e-10), axis=0, ddof=0, scale=lambda s: s,
              constant=lambda s: np.where(s > 1e-8, s, 1.0), centre=True):
    energy = log(floor(power @ filters.T))
    mean, std = energy.mean(axis=axis, keepdims=True), energy.std(axis=axis, ddof=ddof, keepdims=True)
    with np.errstate(all="ignore"):
        return ((energy - mean) if centre else energy) / constant(scale(std))


def _log_first(power, filters):
    energy = np.log(np.maximum(power, 1e-10)) @ filters.T
    std = energy.std(axis=0)
    return (energy - energy.mean(axis=0)) / np.where(std > 1e-8, std, 1.0)


def _no_floor(power, filters):
    with np.errstate(all="ignore"):
        return _features(power, filters, floor=lambda e: e)


def _not_normalised(power, filters):
    return np.log(np.maximum(power @ filters.T, 1e-10))


def _only_centred(power, filters):
    energy = _not_normalised(power, filters)
    return energy - energy.mean(axis=0)


def _largest(power, filters):
    energy = np.log(np.maximum((power[:, None] * filters).max(axis=2), 1e-10))
    std = energy.std(axis=0)
    return (energy - energy.mean(axis=0)) / np.where(std > 1e-8, std, 1.0)


def _normalised_before(power, filters):
    energy = power @ filters.T
    std = energy.std(axis=0)
    scaled = (energy - energy.mean(axis=0)) / np.where(std > 1e-8, std, 1.0)
    return np.log(np.maximum(scaled, 1e-10))


MISTAKES = [
    ("The logarithm comes after the sum over the bins: it is that of a band's energy.", _log_first),
    ("The logarithm is missing: log-mel features are logarithms of energies.",
     lambda power, filters: _features(power, filters, log=lambda e: e)),
    ("The logarithm of 0 is minus infinity: energies below 1e-10 count as 1e-10.", _no_floor),
    ("log(1 + energy) is another function: take the logarithm of the energy, which is at least 1e-10.",
     lambda power, filters: _features(power, filters, log=np.log1p)),
    ("Each frame was normalised over its filters: normalise each feature over the frames, or loudness stays.",
     lambda power, filters: _features(power, filters, axis=1)),
    ("All features were normalised together: each feature has its own mean and standard deviation.",
     lambda power, filters: _features(power, filters, axis=(0, 1))),
    ("Divide by the standard deviation, not by the variance.",
     lambda power, filters: _features(power, filters, scale=lambda s: s**2)),
    ("The variance is the mean of the squares over the frames: divide by their number, not by one less.",
     lambda power, filters: _features(power, filters, ddof=1)),
    ("A feature that is the same in all frames has the standard deviation 0: it should become 0, not NaN.",
     lambda power, filters: _features(power, filters, constant=lambda s: s * (s > 1e-8))),
    ("The features are not normalised: subtract the mean over the frames, and divide by the standard deviation.",
     _not_normalised),
    ("The means are subtracted, and the division by the standard deviation is missing.", _only_centred),
    ("The division is there, and the mean over the frames is not subtracted.",
     lambda power, filters: _features(power, filters, centre=False)),
    ("A filter adds up its weighted bins; it does not take the largest.", _largest),
    ("Normalise after the logarithm, not before.", _normalised_before),
    ("Frames and filters are exchanged: the result is (frames, filters).",
     lambda power, filters: right(power, filters).T),
    ("Only energies of 0 are replaced: all below 1e-10 count as 1e-10.",
     lambda power, filters: _features(power, filters, floor=lambda e: np.where(e == 0, 1e-10, e))),
    ("1e-10 is added to each energy: it is a lower limit, so take the larger of the two.",
     lambda power, filters: _features(power, filters, floor=lambda e: e + 1e-10)),
]
