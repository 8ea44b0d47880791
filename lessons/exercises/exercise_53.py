"""Exercise 53: the numbers of the page, and its claim."""

import numpy as np


def _case(best, default, of_default, of_tuned, n, m, default_right, tuned_right):
    return (best, default, np.array(of_default, float), np.array(of_tuned, float), n, m, np.array(default_right),
            np.array(tuned_right))


_RNG = np.random.default_rng(0)
_FOLDS = _RNG.normal(0.9, 0.02, 10)
_HARD = (_RNG.random(200) < 0.8).astype(int)


def _study(gain, spread, more, fewer):
    """A study whose folds gain this much, and whose tuned network is right on so many more, and fewer, rows."""
    tuned = _HARD.copy()
    tuned[np.flatnonzero(_HARD == 0)[:more]] = 1
    tuned[np.flatnonzero(_HARD == 1)[:fewer]] = 0
    noise = np.resize([1.0, -1.0, 0.5, -0.5, 0.0], 10)
    return _case(0.93, 0.9, _FOLDS, _FOLDS + gain + spread * noise, 80, 20, _HARD, tuned)


CASES = [
    _study(0.03, 0.01, 12, 1), _study(-0.03, 0.01, 1, 12), _study(0.03, 0.01, 3, 2), _study(0.01, 0.015, 12, 1),
    _study(0.005, 0.01, 2, 3), _study(-0.03, 0.01, 12, 1), _study(0.008, 0.01, 20, 2), _study(0.03, 0.01, 5, 1),
    _study(-0.03, 0.01, 3, 2)]


def right(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    return _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right)


def _error(d, ratio=0.0, ddof=1):
    return float(np.sqrt((1 / len(d) + ratio) * np.var(d, ddof=ddof)))


def _claim(gain, error, held_out, held_out_error, errors=2.0):
    if gain > errors * error and held_out > errors * held_out_error:
        return "better"
    if gain < -errors * error and held_out < -errors * held_out_error:
        return "worse"
    return "not shown"


def _unpaired(a, b, ratio=0.0):
    return float(np.sqrt((1 / len(a) + ratio) * (np.var(a, ddof=1) + np.var(b, ddof=1))))


def _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right, claim=_claim,
          ratio=lambda n, m: m / n, sign=1, unpaired=False, ddof=1, change=lambda found: found):
    d = sign * (of_tuned - of_default)
    pairs = sign * (tuned_right.astype(float) - default_right)
    found = {"promised": best_score - default_score, "gain": float(d.mean()),
             "error": _unpaired(of_tuned, of_default, ratio(n_train, n_test)) if unpaired in ("folds", "both")
             else _error(d, ratio(n_train, n_test), ddof),
             "held_out": float(pairs.mean()),
             "held_out_error": _unpaired(tuned_right, default_right) if unpaired in ("rows", "both")
             else _error(pairs, 0.0, ddof)}
    found = change(found)
    return found | {"claim": claim(found["gain"], found["error"], found["held_out"], found["held_out_error"])}


def _with(**mistake):
    return lambda *arguments: _page(*arguments, **mistake)


def _either(gain, error, held_out, held_out_error):
    if gain > 2 * error or held_out > 2 * held_out_error:
        return "better"
    return "worse" if gain < -2 * error or held_out < -2 * held_out_error else "not shown"


def _of_sign(gain, error, held_out, held_out_error):
    return "better" if held_out > 0 else "worse" if held_out < 0 else "not shown"


def _two_words(gain, error, held_out, held_out_error):
    found = _claim(gain, error, held_out, held_out_error)
    return "not shown" if found == "worse" else found


MISTAKES = [
    ("The error of the gain is the plain one; the folds share their rows, so it needs m / n.",
     _with(ratio=lambda n, m: 0.0)),
    ("n and m are exchanged in the corrected error: it is the rows of a test over those of a training.",
     _with(ratio=lambda n, m: n / m)),
    ("The differences have the wrong sign: tuned less default.", _with(sign=-1)),
    ("Neither error is of a paired difference: subtract first, then take the spread of the differences.",
     _with(unpaired="both")),
    ("The error of the gain is not paired: subtract fold by fold, then take the spread.", _with(unpaired="folds")),
    ("The held-out error is not paired: subtract row by row, then take the spread.", _with(unpaired="rows")),
    ("The variances are divided by #k, and should be divided by #k − 1.", _with(ddof=0)),
    ("One of the two is enough for your claim; both must be more than two errors from 0.", _with(claim=_either)),
    ("The claim follows the folds alone; the held-out rows must show it, too.",
     _with(claim=lambda gain, error, *_: _claim(gain, error, gain, error))),
    ("The claim follows the held-out rows alone; the folds must show it, too.",
     _with(claim=lambda gain, error, held_out, e: _claim(held_out, e, held_out, e))),
    ("The claim follows the sign alone; a difference of less than two errors shows nothing.", _with(claim=_of_sign)),
    ("The claim asks for one error; it should be two.",
     _with(claim=lambda *four: _claim(*four, errors=1.0))),
    ("It never says \"worse\": a loss that is shown is a result, too.", _with(claim=_two_words)),
    ("`promised` is the best score itself; subtract that of the default on the same rows.",
     lambda best, default, *others: _page(best, 0.0, *others)),
    ("These are points: return differences of the scores as they are given, without a factor of 100.",
     lambda *arguments: {key: each if key == "claim" else 100.0 * each for key, each in right(*arguments).items()}),
]
