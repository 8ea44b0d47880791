"""Exercise 03: a descent that finds its learning rate by itself."""

import numpy as np


@np.errstate(over="ignore")
def _valley(theta):
    return float(theta[0] ** 2 + 10.0 * theta[1] ** 2) / 2.0, np.array([theta[0], 10.0 * theta[1]])


def _bowl(theta):
    return float(theta @ theta) / 2.0, theta.copy()


def _waves(theta):
    return float(np.sum(np.cos(theta) + theta**2 / 8.0)), -np.sin(theta) + theta / 4.0


START = np.array([10.0, 1.0])
CASES = [
    (_valley, START, 64.0, 1),  # dropped
    (_valley, START, 0.1, 1),  # kept
    (_valley, START, 0.1, 3),
    (_valley, START, 1.0, 4),  # dropped, then kept
    (_valley, START, 64.0, 9),
    (_valley, START, 64.0, 100),
    (_bowl, np.array([3.0, -4.0, 1.0]), 2.0, 3),  # J stays the same: kept
    (_bowl, np.array([3.0, -4.0, 1.0]), 0.5, 0),  # no attempt
    (_waves, np.array([0.5, -6.0, 3.0]), 8.0, 12),
]


def right(f, theta, alpha, steps):
    return _descent(f, theta, alpha, steps)


@np.errstate(over="ignore", invalid="ignore")
def _descent(f, theta, alpha, steps, *, keeps=lambda J, new, first: new <= J, after=0.5, kept=1.0, sign=-1.0,
             takes=True, stale=False, drops=True):
    """The right descent, and with other arguments a wrong one."""
    J, grad = f(theta)
    first = J
    for _ in range(steps):
        tried = theta + sign * alpha * grad
        new, its_grad = f(tried)
        if keeps(J, new, first):
            alpha *= kept
        else:
            alpha *= after
        if keeps(J, new, first) == takes or not drops:
            theta, J = tried, new
            grad = grad if stale else its_grad
    return theta, alpha


def _wrong(**changes):
    return lambda f, theta, alpha, steps: _descent(f, theta, alpha, steps, **changes)


def _in_place(f, theta, alpha, steps):
    found, left = right(f, theta, alpha, steps)
    theta[:] = found
    return theta, left


def _counts_kept(f, theta, alpha, steps):
    J, grad = f(theta)
    done = 0
    for _ in range(2000):
        if done == steps:
            break
        tried = theta - alpha * grad
        new, its_grad = f(tried)
        if new <= J:
            theta, J, grad, done = tried, new, its_grad, done + 1
        else:
            alpha /= 2.0
    return theta, alpha


def _halves_first(f, theta, alpha, steps):
    J, grad = f(theta)
    for _ in range(steps):
        tried = theta - alpha * grad
        if f(tried)[0] > J:
            alpha /= 2.0
            tried = theta - alpha * grad
        theta = tried
        J, grad = f(theta)
    return theta, alpha


def _starts_again(f, theta, alpha, steps):
    begin = theta
    J, grad = f(theta)
    for _ in range(steps):
        tried = theta - alpha * grad
        new, its_grad = f(tried)
        if new <= J:
            theta, J, grad = tried, new, its_grad
        else:
            alpha /= 2.0
            theta = begin
            J, grad = f(theta)
    return theta, alpha


@np.errstate(over="ignore", invalid="ignore")
def _after_drop(f, theta, alpha, steps, loss=False, gradient=False, ends=False):
    """The right descent, but a dropped step leaves its loss or its gradient, or ends it."""
    J, grad = f(theta)
    for _ in range(steps):
        tried = theta - alpha * grad
        new, its_grad = f(tried)
        kept = new <= J
        J, grad = new if kept or loss else J, its_grad if kept or gradient else grad
        if kept:
            theta = tried
        else:
            alpha /= 2.0
            if ends:
                break
    return theta, alpha


def _after(**changes):
    return lambda f, theta, alpha, steps: _after_drop(f, theta, alpha, steps, **changes)


def _same_array(f, theta, alpha, steps):
    J, grad = f(theta)
    for _ in range(steps):
        theta -= alpha * grad
        new, its_grad = f(theta)
        if new <= J:
            J, grad = new, its_grad
        else:
            alpha /= 2.0
    return theta, alpha


MISTAKES = [
    ("The theta that was given has been changed: make the step on a new array, theta - alpha * grad.", _in_place),
    ("A step that makes J grow is kept. Drop it: theta stays where it was, and only alpha changes.",
     _wrong(drops=False)),
    ("A dropped step leaves alpha as it is, so that the next attempt fails alike; halve it.", _wrong(after=1.0)),
    ("alpha is halved twice for one dropped step.", _wrong(after=0.25)),
    ("alpha is doubled where a step is dropped; a step that is too long must become shorter.", _wrong(after=2.0)),
    ("alpha is halved after a step that is kept, too; then it stays.", _wrong(kept=0.5)),
    ("alpha is doubled after a step that is kept; then it stays.", _wrong(kept=2.0)),
    ("A step that leaves J as it was is dropped. Keep a step unless J grew.",
     _wrong(keeps=lambda J, new, first: new < J)),
    ("The new J is compared with the first one; compare it with J at the latest theta.",
     _wrong(keeps=lambda J, new, first: new <= first)),
    ("The step goes uphill: the sign of the gradient is turned.", _wrong(sign=1.0)),
    ("The comparison is turned round: you keep the steps that make J grow.",
     _wrong(keeps=lambda J, new, first: new >= J)),
    ("The gradient is that of the first theta in each step; take it at the latest theta.", _wrong(stale=True)),
    ("`steps` counts the steps that are kept; it is the number of attempts, dropped ones too.", _counts_kept),
    ("After halving you make another step in the same attempt, without looking whether J grows; that is the next "
     "attempt.", _halves_first),
    ("After a dropped step you return to the first theta; stay at the latest one that was kept.", _starts_again),
    ("Return two things: theta, and then the alpha that is left.",
     lambda f, theta, alpha, steps: right(f, theta, alpha, steps)[0]),
    ("The order is turned: return theta first, and then the alpha that is left.",
     lambda f, theta, alpha, steps: right(f, theta, alpha, steps)[::-1]),
    ("A step is made on theta itself (-=), so there is nothing to return to where it is dropped: the new theta must be "
     "another array, theta - alpha * grad.", _same_array),
    ("After a dropped step the next one uses the gradient at the dropped theta. Keep the old gradient as well.",
     _after(gradient=True)),
    ("After a dropped step the next J is compared with the J that was dropped. Keep the old J as well.",
     _after(loss=True)),
    ("After a dropped step J and its gradient are those of the dropped theta. Keep the old ones.",
     _after(loss=True, gradient=True)),
    ("The descent ends at the first dropped step; continue with half of alpha, `steps` attempts in all.",
     _after(ends=True)),
]
