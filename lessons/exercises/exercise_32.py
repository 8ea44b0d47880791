"""Exercise 32: tune the rate first, then the rest, with a budget of trainings."""

import math

NAN = float("nan")


class Accuracy:
    """A table of accuracies that refuses a training too many, and one that was done before."""

    def __init__(self, table, trials):
        self.table, self.left, self.done = table, trials, set()

    def __call__(self, rate, other):
        if self.left == 0:
            raise RuntimeError("there are no trainings left")
        if (rate, other) in self.done:
            raise ValueError(f"{(rate, other)} was trained before")
        self.left -= 1
        self.done.add((rate, other))
        return self.table.get((rate, other), 0.1)


def _case(rates, others, trials, table):
    return lambda: (Accuracy(table, trials), list(rates), list(others), trials)


CASES = [
    _case([0.1, 0.01, 1.0], ["default", "wide", "deep"], 5, {
        (0.1, "default"): 0.5, (0.01, "default"): 0.6, (1.0, "default"): NAN, (0.01, "wide"): 0.7,
        (0.01, "deep"): 0.65}),
    _case([0.1, 0.01], ["default", "wide", "deep"], 9, {  # the default is best of all
        (0.1, "default"): 0.5, (0.01, "default"): 0.8, (0.01, "wide"): 0.7, (0.01, "deep"): 0.75}),
    _case([1.0, 0.1, 0.01], ["default", "wide", "deep", "narrow"], 5, {  # the budget ends before the best one
        (1.0, "default"): NAN, (0.1, "default"): 0.4, (0.01, "default"): 0.3, (0.1, "wide"): 0.5, (0.1, "deep"): 0.6,
        (0.1, "narrow"): 0.9}),
    _case([0.1, 0.5, 0.05], ["default", "deep", "wide"], 6, {  # equally good rates, and a diverged other
        (0.1, "default"): 0.6, (0.5, "default"): 0.6, (0.05, "default"): 0.6, (0.05, "deep"): NAN,
        (0.05, "wide"): 0.65, (0.5, "wide"): 0.9, (0.1, "wide"): 0.8}),
    _case([0.4, 0.1, 0.2], ["default", "wide"], 2, {  # fewer trainings than rates
        (0.2, "default"): 0.3, (0.1, "default"): 0.5, (0.4, "default"): 0.9, (0.1, "wide"): 0.95}),
    _case([0.2, 0.1], ["default", "wide", "deep"], 4, {  # equally good others
        (0.2, "default"): 0.3, (0.1, "default"): 0.5, (0.1, "wide"): 0.7, (0.1, "deep"): 0.7}),
    _case([0.1, 0.2], ["default", "wide"], 3, {  # the best of all has another rate
        (0.1, "default"): 0.3, (0.2, "default"): 0.5, (0.1, "wide"): 0.9, (0.2, "wide"): 0.6}),
]


def right(accuracy, rates, others, trials):
    return _tuned(accuracy, rates, others, trials)


def _tuned(accuracy, rates, others, trials, *, tie=min, nan=-math.inf, keep=True, skip=1, all_pairs=False, left=None,
           best=max, final=max, every_rate=False):
    def score(rate, other):
        value = accuracy(rate, other)
        return nan if math.isnan(value) else value

    found = [(score(rate, others[0]), rate, others[0]) for rate in (rates if every_rate else rates[:trials])]
    top = best(value for value, _, _ in found)
    rate = tie(each for value, each, _ in found if value == top)
    if left is None:
        left = trials - len(found)
    pairs = [(r, o) for r in rates for o in others[1:]] if all_pairs else [(rate, o) for o in others[skip:]]
    second = [(score(*pair), *pair) for pair in pairs[:left]]
    best_of = [each for each in (found if keep or not second else []) + second]
    highest = final(value for value, _, _ in best_of)
    return next(each for each in best_of if each[0] == highest)[1:]


def _last_of_equals(accuracy, rates, others, trials):
    found = [(accuracy(rate, others[0]), rate, others[0]) for rate in rates[:trials]]
    good = [each for each in found if not math.isnan(each[0])]
    rate = min(each[1] for each in good if each[0] == max(good)[0])
    good = [each for each in good if each[1] == rate]
    for other in others[1 : 1 + trials - len(found)]:
        value = accuracy(rate, other)
        if value >= good[-1][0]:
            good.append((value, rate, other))
    return good[-1][1:]


def _nan_wins(accuracy, rates, others, trials):
    return _tuned(accuracy, rates, others, trials, nan=math.inf)


def _order_of_rates(accuracy, rates, others, trials):
    return _tuned(accuracy, sorted(rates), others, trials)


def _argmax(accuracy, rates, others, trials):
    scores = [accuracy(rate, others[0]) for rate in rates[:trials]]
    rate = rates[max(range(len(scores)), key=lambda k: (math.isnan(scores[k]), scores[k]))]
    found, score = others[0], max(scores)
    for other in others[1 : 1 + trials - len(scores)]:
        value = accuracy(rate, other)
        if value > score:
            found, score = other, value
    return rate, found


def _nan_is_free(accuracy, rates, others, trials):
    found = []
    for rate in rates:
        if len(found) < trials:
            value = accuracy(rate, others[0])
            found += [] if math.isnan(value) else [(value, -rate, others[0])]
    top = max(found, key=lambda each: each[:2])
    for other in others[1 : 1 + trials - len(found)]:
        value = accuracy(-top[1], other)
        found.append((value, top[1], other))
    return -top[1], max(found, key=lambda each: each[0])[2]


def _grid(accuracy, rates, others, trials):
    found = [(accuracy(rate, other), rate, other) for rate, other in [
        (rate, other) for rate in rates for other in others][:trials]]
    top = max(value for value, _, _ in found if not math.isnan(value))
    return next(each for each in found if each[0] == top)[1:]


def _as_a_loss(accuracy, rates, others, trials):
    def loss(rate, other):
        value = accuracy(rate, other)
        return math.inf if math.isnan(value) else value

    found = {rate: loss(rate, others[0]) for rate in rates[:trials]}
    rate = min(found, key=lambda each: (found[each], each))
    losses = {others[0]: found[rate]} | {other: loss(rate, other) for other in others[1 : 1 + trials - len(found)]}
    return rate, min(losses, key=losses.get)


MISTAKES = [
    ("A training that diverged (NaN) is never the best one.", _nan_wins),
    ("Of equally good rates the smallest is used, not the first of the list.", lambda *a: _tuned(
        *a, tie=lambda each: next(iter(each)))),
    ("Of equally good rates the largest was taken: it should be the smallest.", lambda *a: _tuned(*a, tie=max)),
    ("The first trainings count, too: if no other improves on the default, the default is the answer.",
     lambda *a: _tuned(*a, keep=False)),
    ("The default was trained with the best rate already: do not train it again.", lambda *a: _tuned(*a, skip=0)),
    ("The budget is for all trainings together; the second part may use what the first has left.",
     lambda *a: _tuned(*a, left=a[3])),
    ("The second part keeps the best rate: it does not try the others with every rate.",
     lambda *a: _tuned(*a, all_pairs=True)),
    ("There may be fewer trainings than rates: stop when the budget is spent.",
     lambda *a: _tuned(*a, every_rate=True, left=max(a[3] - len(a[1]), 0))),
    ("A higher accuracy is better; the lowest one was chosen.",
     lambda *a: _tuned(*a, best=min, final=min, nan=math.inf)),
    ("Of equally good others the first that was trained is the answer: replace it by a better one only.",
     _last_of_equals),
    ("The others were never tried: after the rates come trainings with the best rate and each other.",
     lambda *a: _tuned(*a, left=0)),
    ("Try the rates in the order of the list: with few trainings the order decides which are tried.",
     _order_of_rates),
    ("np.argmax takes NaN for the largest: leave out the trainings that diverged, and of equally good rates take the "
     "smallest.", _argmax),
    ("A training that diverged is a training, too: it counts among the `trials`.", _nan_is_free),
    ("This is the whole grid, as far as the trainings go: first train the default with each rate, then the others with "
     "the best rate alone.", _grid),
    ("The lowest accuracy is kept, as if it were a loss: the highest one is the best.", _as_a_loss),
]
