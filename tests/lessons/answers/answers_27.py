"""Exercise 27: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def best_in_one_goal(losses):
    losses = np.asarray(losses)
    return sorted({int(k) for k in losses.argmin(axis=0)})


def strictly_better_in_all(losses):
    losses = np.asarray(losses)
    return [i for i in range(len(losses)) if not any(np.all(losses[j] < losses[i]) for j in range(len(losses)))]


def ties_dominate(losses):
    losses = np.asarray(losses)
    return [i for i in range(len(losses))
            if not any(j != i and np.all(losses[j] <= losses[i]) for j in range(len(losses)))]


def better_in_any_goal_dominates(losses):
    losses = np.asarray(losses)
    return [i for i in range(len(losses)) if not any(np.any(losses[j] < losses[i]) for j in range(len(losses)))]


def maximised(losses):
    losses = np.asarray(losses)
    return [i for i in range(len(losses))
            if not any(np.all(losses[j] >= losses[i]) and np.any(losses[j] > losses[i]) for j in range(len(losses)))]


def the_dominated_ones(losses):
    losses = np.asarray(losses)
    return [i for i in range(len(losses))
            if any(np.all(losses[j] <= losses[i]) and np.any(losses[j] < losses[i]) for j in range(len(losses)))]


def only_earlier_ones_compared(losses):
    losses = np.asarray(losses)
    return [i for i in range(len(losses))
            if not any(np.all(losses[j] <= losses[i]) and np.any(losses[j] < losses[i]) for j in range(i))]


def two_goals_only(losses):
    a, b = np.asarray(losses)[:, 0], np.asarray(losses)[:, 1]
    return [i for i in range(len(a))
            if not any(a[j] <= a[i] and b[j] <= b[i] and (a[j] < a[i] or b[j] < b[i]) for j in range(len(a)))]


def in_order_of_the_first_goal(losses):
    losses = np.asarray(losses)
    front = [i for i in range(len(losses))
             if not any(np.all(losses[j] <= losses[i]) and np.any(losses[j] < losses[i]) for j in range(len(losses)))]
    return sorted(front, key=lambda i: tuple(losses[i]))


def the_trials_and_not_their_indices(losses):
    losses = np.asarray(losses)
    return [list(losses[i]) for i in range(len(losses))
            if not any(np.all(losses[j] <= losses[i]) and np.any(losses[j] < losses[i]) for j in range(len(losses)))]


WRONG = [
    ("Only the best trial of each goal is here", best_in_one_goal),
    ("A trial that is worse in one goal and equal in the others is dominated", strictly_better_in_all),
    ("Equal trials remove each other", ties_dominate),
    ("To be better in one goal is not enough to dominate", better_in_any_goal_dominates),
    ("The losses are maximised here", maximised),
    ("These are the dominated trials", the_dominated_ones),
    ("Each trial is compared with those before it only", only_earlier_ones_compared),
    ("Only the first two goals are compared", two_goals_only),
    ("The indices are in the order of the losses", in_order_of_the_first_goal),
    ("These are the losses on the front", the_trials_and_not_their_indices),
]
