"""Exercise 08: a step of gradient descent on the loss, then soft thresholding."""

import numpy as np


def right(theta, grad, alpha, lam):
    after = theta - alpha * grad
    return np.sign(after) * np.maximum(abs(after) - alpha * lam, 0.0)


CASES = [
    (np.array([0.5, -0.5, 0.05, -0.05, 0.0, 0.3]), np.array([0.0, 0.0, 0.0, 0.0, 0.0, 2.5]), 0.1, 2.0),
    (np.array([1.0, -1.0, 0.2]), np.array([3.0, 4.0, -8.0]), 0.5, 0.5),
    (np.array([[0.3, -2.0], [0.01, 4.0]]), np.array([[-1.0, 1.0], [0.2, -0.4]]), 0.2, 1.5),
    (np.array([0.7, -0.1]), np.array([1.0, -1.0]), 0.1, 0.0),
]


def _with(step=lambda theta, grad, alpha: theta - alpha * grad, amount=lambda alpha, lam: alpha * lam,
          shrink=lambda after, much: np.sign(after) * np.maximum(abs(after) - much, 0.0)):
    return lambda theta, grad, alpha, lam: shrink(step(theta, grad, alpha), amount(alpha, lam))


def in_place(theta, grad, alpha, lam):
    theta[...] = right(theta, grad, alpha, lam)
    return theta


def soft(values, much):
    return np.sign(values) * np.maximum(abs(values) - much, 0.0)


def _minus_in_place(theta, grad, alpha, lam):
    theta -= alpha * grad
    return soft(theta, alpha * lam)


def _zero_where_crossed(theta, grad, alpha, lam):
    after = theta - alpha * (grad + lam * np.sign(theta))
    return np.where(np.sign(after) == np.sign(theta), after, 0.0)


MISTAKES = [
    ("A parameter that is closer to 0 than alpha * lam must stop at 0; yours crosses it.",
     _with(shrink=lambda after, much: after - much * np.sign(after))),
    ("The second part moves by lam: a step takes alpha times as much.", _with(amount=lambda alpha, lam: lam)),
    ("The second part moves by alpha: lam is missing.", _with(amount=lambda alpha, lam: alpha)),
    ("The negative parameters are lost: take the absolute value inside, and put the sign back.",
     _with(shrink=lambda after, much: np.maximum(after - much, 0.0))),
    ("The sign is lost: a negative parameter must stay negative.",
     _with(shrink=lambda after, much: np.maximum(abs(after) - much, 0.0))),
    ("This shrinks every parameter by a share of itself, as L2 does; L1 moves each by the same amount.",
     _with(shrink=lambda after, much: after * (1.0 - much))),
    ("The step on the loss is missing.", _with(step=lambda theta, grad, alpha: theta)),
    ("The step on the loss goes uphill: subtract the gradient.",
     _with(step=lambda theta, grad, alpha: theta + alpha * grad)),
    ("The step on the loss has no alpha.", _with(step=lambda theta, grad, alpha: theta - grad)),
    ("The parameters are thresholded before the step on the loss; then the step moves them away from 0 again.",
     lambda theta, grad, alpha, lam: soft(theta, alpha * lam) - alpha * grad),
    ("Small parameters become 0, but the large ones are unchanged: they should move towards 0 as well.",
     _with(shrink=lambda after, much: np.where(abs(after) > much, after, 0.0))),
    ("L1 pulls with lam, not with 2 * lam: |theta| has the derivative 1 or -1.",
     _with(amount=lambda alpha, lam: 2.0 * alpha * lam)),
    ("The sign is that of theta before the step; take that of the parameter after it, which may differ.",
     lambda theta, grad, alpha, lam: np.sign(theta) * np.maximum(abs(theta - alpha * grad) - alpha * lam, 0.0)),
    ("The array that was given has been changed: make a new one.", in_place),
    ("theta -= ... changes the array that was given, although you return another: write theta - alpha * grad.",
     _minus_in_place),
    ("L1 is there twice: in the gradient, and then in the threshold. The first step is on the loss alone.",
     lambda theta, grad, alpha, lam: soft(theta - alpha * (grad + lam * np.sign(theta)), alpha * lam)),
    ("Loss and L1 move together, and what changes its sign becomes 0, also where the loss alone carries it across. "
     "First the loss, then L1 from there.", _zero_where_crossed),
]
