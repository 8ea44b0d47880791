"""Exercise 20: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def tuned_rate(accuracy, rates, budget):
    epochs = budget // len(rates)
    found = {rate: accuracy(rate, epochs) for rate in rates}
    best = max((rate for rate in rates if not np.isnan(found[rate])), key=lambda rate: (found[rate], -rate))
    return best, epochs * len(rates)


def whole_budget_for_each_rate(accuracy, rates, budget):
    found = {rate: accuracy(rate, budget) for rate in rates}
    return max(rates, key=found.get), budget * len(rates)


def last_rate_gets_what_is_left(accuracy, rates, budget):
    shares = [len(part) for part in np.array_split(range(budget), len(rates))]
    found = {rate: accuracy(rate, epochs) for rate, epochs in zip(rates, shares, strict=True)}
    return max(rates, key=found.get), budget


def failed_one_wins(accuracy, rates, budget):
    found = [accuracy(rate, budget // len(rates)) for rate in rates]
    return rates[int(np.argmax(found))], budget // len(rates) * len(rates)


def first_of_equals(accuracy, rates, budget):
    found = [accuracy(rate, budget // len(rates)) for rate in rates]
    return rates[int(np.nanargmax(found))], budget // len(rates) * len(rates)


def lowest_accuracy(accuracy, rates, budget):
    found = [accuracy(rate, budget // len(rates)) for rate in rates]
    return rates[int(np.nanargmin(found))], budget // len(rates) * len(rates)


def epochs_of_one_training(accuracy, rates, budget):
    return tuned_rate(accuracy, rates, budget)[0], budget // len(rates)


def trained_again_in_the_end(accuracy, rates, budget):
    best, spent = tuned_rate(accuracy, rates, budget - budget // (len(rates) + 1))
    accuracy(best, budget - spent)
    return best, budget


def accuracy_for_the_rate(accuracy, rates, budget):
    epochs = budget // len(rates)
    return max(accuracy(rate, epochs) for rate in rates), epochs * len(rates)


SOLUTION = tuned_rate
WRONG = [
    ("the budget is for all of them together", whole_budget_for_each_rate),
    ("a fair comparison gives all the same number", last_rate_gets_what_is_left),
    ("whose training diverged", failed_one_wins),
    ("of equally accurate rates the smallest", first_of_equals),
    ("the highest accuracy is the best", lowest_accuracy),
    (r"the epochs returned are 3, and your trainings took 9", epochs_of_one_training),
    ("train once with each rate, no more", trained_again_in_the_end),
    ("it should be one of the rates", accuracy_for_the_rate),
]
