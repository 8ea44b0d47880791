"""Exercise 05: gradient descent with momentum, which trains the engine of exercise 04."""

import numpy as np

import scratchtune as st
from lessons import checking


def _valley(theta):
    return float(theta[0] ** 2 + 10.0 * theta[1] ** 2) / 2.0, np.array([theta[0], 10.0 * theta[1]])


def _waves(theta):
    return float(np.sum(np.cos(theta) + theta**2 / 8.0)), -np.sin(theta) + theta / 4.0


CASES = [
    (_valley, np.array([10.0, 1.0]), 0.1, 0.5, 1),  # the first step is that of gradient descent
    (_valley, np.array([10.0, 1.0]), 0.1, 0.5, 2),
    (_valley, np.array([10.0, 1.0]), 0.05, 0.9, 7),
    (_valley, np.array([-3.0, 2.0]), 0.05, 0.0, 3),  # without momentum
    (_waves, np.array([0.5, -6.0, 3.0]), 0.2, 0.7, 5),
    (_waves, np.array([1.0, 2.0]), 0.2, 0.7, 0),
]


def right(f, theta, alpha, mu, steps):
    return _descent(f, theta, alpha, mu, steps)


def _descent(f, theta, alpha, mu, steps, *, velocity=lambda v, grad, alpha, mu: mu * v - alpha * grad,
             step=lambda theta, v, old, grad, alpha, mu: theta + v, first=0.0, stale=False, again=False, fewer=0):
    """The right descent, and with other arguments a wrong one."""
    v, kept = np.full(len(theta), first), f(theta)[1]
    for _ in range(steps - fewer):
        grad = kept if stale else f(theta)[1]
        old = np.zeros(len(theta)) if again else v
        v = velocity(old, grad, alpha, mu)
        theta = step(theta, v, old, grad, alpha, mu)
    return theta


def _wrong(**changes):
    return lambda f, theta, alpha, mu, steps: _descent(f, theta, alpha, mu, steps, **changes)


def _in_place(f, theta, alpha, mu, steps):
    theta[:] = right(f, theta, alpha, mu, steps)
    return theta


def extra(solution):
    """The engine of lesson 04 on digits, with one batch of all rows, next to the package."""
    X, y = st.datasets.load_digits()
    X, y = X[:100] / 16.0, y[:100]
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(10, activation="softmax")], dtype="float64", seed=0)
    model.compile(loss="categorical_crossentropy", optimizer=st.SGD(0.1, momentum=0.9))
    model.build((None, 64))
    engine = checking.exercise(4).right((64, 8, 10))
    theta = solution(lambda theta: engine.backward(theta, X, y), model.theta.copy(), 0.1, 0.9, 30)
    model.fit(X, y, batch_size=len(X), epochs=30, verbose=0)
    off = abs(theta - model.theta).max()
    assert off < 1e-8, f"After 30 steps on digits theta is up to {off:.2g} away from that of the package."


def _begins_moving(f, theta, alpha, mu, steps):
    v = -alpha * f(theta)[1]
    for _ in range(steps):
        v = mu * v - alpha * f(theta)[1]
        theta = theta + v
    return theta


MISTAKES = [
    ("This is gradient descent without momentum: keep the velocity from one step to the next.", _wrong(again=True)),
    ("The gradient is multiplied by 1 − mu as in Adam's mean; this line has a sum, without that factor.",
     _wrong(velocity=lambda v, grad, alpha, mu: mu * v - (1.0 - mu) * alpha * grad)),
    ("alpha multiplies the whole velocity, in each step once more; it multiplies the gradient alone.",
     _wrong(velocity=lambda v, grad, alpha, mu: alpha * (mu * v - grad))),
    ("mu is missing: the old velocity is kept whole, so that nothing ever slows down.",
     _wrong(velocity=lambda v, grad, alpha, mu: v - alpha * grad)),
    ("mu and 1 − mu are exchanged: mu is the share of the velocity that is kept.",
     _wrong(velocity=lambda v, grad, alpha, mu: (1.0 - mu) * v - alpha * grad)),
    ("It goes uphill: the gradient is subtracted from the velocity, and the velocity added to theta.",
     _wrong(velocity=lambda v, grad, alpha, mu: mu * v + alpha * grad)),
    ("The sign of the old velocity is turned: it is added to the new step.",
     _wrong(velocity=lambda v, grad, alpha, mu: -mu * v - alpha * grad)),
    ("theta moves by the old velocity: compute the new one first.",
     _wrong(step=lambda theta, v, old, grad, alpha, mu: theta + old)),
    ("This is Nesterov's step; here theta moves by the new velocity.",
     _wrong(step=lambda theta, v, old, grad, alpha, mu: theta + mu * v - alpha * grad)),
    ("The gradient is used twice: in the velocity, and once more in the step of theta.",
     _wrong(step=lambda theta, v, old, grad, alpha, mu: theta + v - alpha * grad)),
    ("The gradient is that of the first theta in each step; take it at the latest theta.", _wrong(stale=True)),
    ("alpha is missing.", _wrong(velocity=lambda v, grad, alpha, mu: mu * v - grad)),
    ("The velocity begins at 1; it begins at 0.", _wrong(first=1.0)),
    ("One step is missing.", _wrong(fewer=1)),
    ("Return theta alone.", lambda f, theta, alpha, mu, steps: (right(f, theta, alpha, mu, steps), 0.0)),
    ("The theta that was given has been changed: begin with a copy, or write theta = theta + v.", _in_place),
    ("alpha is used twice: it is in the velocity already, so theta moves by the velocity alone.",
     _wrong(step=lambda theta, v, old, grad, alpha, mu: theta + alpha * v)),
    ("The velocity begins with a step of gradient descent, so the first gradient counts twice; it begins at 0.",
     _begins_moving),
]
