"""Exercise 02: a right answer, and wrong ones, each with the hint that it must get."""

from scratchtune.network import optimizers


def careful_descent(objective, gradient, theta, alpha, steps):
    for _ in range(steps):
        attempt = theta.copy()
        optimizers.gradient_descent(attempt, gradient(theta), alpha)
        if objective(attempt) <= objective(theta):
            theta = attempt
        else:
            alpha /= 2.0
    return theta, alpha


def keeps_the_step_that_grows(objective, gradient, theta, alpha, steps):
    for _ in range(steps):
        attempt = theta - alpha * gradient(theta)
        if objective(attempt) > objective(theta):
            alpha /= 2.0
        theta = attempt
    return theta, alpha


def steps_without_a_copy(objective, gradient, theta, alpha, steps):
    for _ in range(steps):
        attempt = theta
        before = objective(theta)
        optimizers.gradient_descent(attempt, gradient(theta), alpha)
        if objective(attempt) > before:
            alpha /= 2.0
    return theta, alpha


def counts_only_kept_steps(objective, gradient, theta, alpha, steps):
    kept = 0
    while kept < steps:
        attempt = theta - alpha * gradient(theta)
        if objective(attempt) <= objective(theta):
            theta, kept = attempt, kept + 1
        else:
            alpha /= 2.0
    return theta, alpha


def never_halves(objective, gradient, theta, alpha, steps):
    for _ in range(steps):
        attempt = theta - alpha * gradient(theta)
        if objective(attempt) <= objective(theta):
            theta = attempt
    return theta, alpha


def halves_after_every_attempt(objective, gradient, theta, alpha, steps):
    for _ in range(steps):
        attempt = theta - alpha * gradient(theta)
        if objective(attempt) <= objective(theta):
            theta = attempt
        alpha /= 2.0
    return theta, alpha


def halves_before_the_first(objective, gradient, theta, alpha, steps):
    return careful_descent(objective, gradient, theta, alpha / 2.0, steps)


def compares_with_the_start(objective, gradient, theta, alpha, steps):
    first = objective(theta)
    for _ in range(steps):
        attempt = theta - alpha * gradient(theta)
        if objective(attempt) <= first:
            theta = attempt
        else:
            alpha /= 2.0
    return theta, alpha


def goes_uphill(objective, gradient, theta, alpha, steps):
    return careful_descent(objective, lambda theta: -gradient(theta), theta, alpha, steps)


SOLUTION = careful_descent
WRONG = [
    ("A step that makes J grow must be dropped; yours is kept", keeps_the_step_that_grows),
    ("theta that was given has been changed; step on a copy", steps_without_a_copy),
    ("counts all attempts, also those that are dropped", counts_only_kept_steps),
    ("was dropped, but alpha is still 64", never_halves),
    ("alpha is halved only when a step is dropped", halves_after_every_attempt),
    ("alpha is halved twice for one dropped step", halves_before_the_first),
    ("compare with J at the latest theta, not at the first", compares_with_the_start),
    ("A step downhill with alpha = 0.1 makes J smaller and must be kept", goes_uphill),
]
