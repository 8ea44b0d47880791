"""Exercise 53: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right,
          corrected=lambda d, n_train, n_test: d.std(ddof=1) * np.sqrt(1 / len(d) + n_test / n_train), errors=2.0):
    d, pairs = np.asarray(of_tuned) - of_default, np.asarray(tuned_right, float) - default_right
    gain, error = d.mean(), corrected(d, n_train, n_test)
    held_out, held_out_error = pairs.mean(), pairs.std(ddof=1) / np.sqrt(len(pairs))
    better = gain > errors * error and held_out > errors * held_out_error
    worse = gain < -errors * error and held_out < -errors * held_out_error
    return {"promised": best_score - default_score, "gain": gain, "error": error, "held_out": held_out,
            "held_out_error": held_out_error, "claim": "better" if better else "worse" if worse else "not shown"}


def error_not_corrected(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    return _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right,
                 lambda d, n_train, n_test: d.std(ddof=1) / np.sqrt(len(d)))


def correction_turned_round(
        best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    return _page(best_score, default_score, of_default, of_tuned, n_test, n_train, default_right, tuned_right)


def one_error_is_enough(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    return _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right,
                 errors=1.0)


def held_out_not_paired(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    page = _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right)
    a, b = np.asarray(default_right, float), np.asarray(tuned_right, float)
    error = page["held_out_error"] = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))
    better = page["gain"] > 2 * page["error"] and page["held_out"] > 2 * error
    worse = page["gain"] < -2 * page["error"] and page["held_out"] < -2 * error
    return page | {"claim": "better" if better else "worse" if worse else "not shown"}


def default_less_tuned(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    return _page(best_score, default_score, of_tuned, of_default, n_train, n_test, tuned_right, default_right)


def one_of_the_two_is_enough(
        best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    page = _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right)
    better = page["gain"] > 2 * page["error"] or page["held_out"] > 2 * page["held_out_error"]
    worse = page["gain"] < -2 * page["error"] or page["held_out"] < -2 * page["held_out_error"]
    return page | {"claim": "better" if better else "worse" if worse else "not shown"}


def held_out_alone_decides(
        best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    page = _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right)
    mean, error = page["held_out"], 2 * page["held_out_error"]
    return page | {"claim": "better" if mean > error else "worse" if mean < -error else "not shown"}


def never_worse(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    page = _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right)
    return page | {"claim": "better" if page["claim"] == "better" else "not shown"}


def promised_is_the_best_score(
        best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    page = _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right)
    return page | {"promised": best_score}


def divided_by_n(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    page = _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right,
                 lambda d, n_train, n_test: d.std() * np.sqrt(1 / len(d) + n_test / n_train))
    pairs = np.asarray(tuned_right, float) - default_right
    error = page["held_out_error"] = pairs.std() / np.sqrt(len(pairs))
    better = page["gain"] > 2 * page["error"] and page["held_out"] > 2 * error
    worse = page["gain"] < -2 * page["error"] and page["held_out"] < -2 * error
    return page | {"claim": "better" if better else "worse" if worse else "not shown"}


def in_points(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right):
    page = _page(best_score, default_score, of_default, of_tuned, n_train, n_test, default_right, tuned_right)
    return {key: value if key == "claim" else 100 * value for key, value in page.items()}


WRONG = [
    ("The error of the gain is the plain one", error_not_corrected),
    ("n and m are exchanged in the corrected error", correction_turned_round),
    ("The claim asks for one error", one_error_is_enough),
    ("The held-out error is not paired", held_out_not_paired),
    ("The differences have the wrong sign", default_less_tuned),
    ("One of the two is enough for your claim", one_of_the_two_is_enough),
    ("The claim follows the held-out rows alone", held_out_alone_decides),
    ('It never says "worse": a loss that is shown is a result', never_worse),
    ("`promised` is the best score itself", promised_is_the_best_score),
    ("The variances are divided by #k", divided_by_n),
    ("These are points: return differences of the scores as they", in_points),
]
