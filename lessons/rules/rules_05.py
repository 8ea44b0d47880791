"""The claims of lesson 05, momentum and Adam."""

import numpy as np

import scratchtune as st
from lessons.claims import claim


def _of_momentum(hessian, starts, curvature):
    root = np.sqrt(curvature)
    alpha, mu = 4.0 / (1.0 + root) ** 2, ((root - 1.0) / (root + 1.0)) ** 2
    theta, velocity, heights = starts.copy(), np.zeros_like(starts), []
    for _ in range(4000):
        velocity = mu * velocity - alpha * theta @ hessian
        theta = theta + velocity
        heights.append(((theta @ hessian) * theta).sum(axis=1) / 2.0)
    return _steps(heights)


def _of_adam(hessian, starts, alpha):
    theta, m, v, heights = starts.copy(), np.zeros_like(starts), np.zeros_like(starts), []
    for t in range(1, 4001):
        grad = theta @ hessian
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        theta = theta - alpha * (m / (1.0 - 0.9**t)) / (np.sqrt(v / (1.0 - 0.999**t)) + 1e-8)
        heights.append(((theta @ hessian) * theta).sum(axis=1) / 2.0)
    return _steps(heights)


def _steps(heights):
    """The median over the starts of the steps until J stays below 0.001."""
    high = np.array(heights) >= 0.001
    return np.median(len(high) - high[::-1].argmax(axis=0) + 1)


@claim("05a")
def along_the_axes_and_turned(draw):
    """At curvatures 1 and 1,000 Adam needs fewer steps than momentum along the axes, more where the valley is turned.

    The median over eight starts at random in the valley; momentum as the theory says, Adam with the best of 17 rates.
    """
    angles = np.random.default_rng(draw).uniform(0.0, 2.0 * np.pi, 8)
    starts = 10.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    gaps = []
    for turned in (np.eye(2), np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2.0)):
        hessian, here = turned @ np.diag([1.0, 1000.0]) @ turned.T, starts @ turned.T
        of_adam = min(_of_adam(hessian, here, alpha) for alpha in 10.0 ** np.arange(-2.0, 2.1, 0.25))
        gaps.append(of_adam - _of_momentum(hessian, here, 1000.0))
    return gaps[0] < 0.0 < gaps[1], gaps[1]


@claim("05b")
def rates_differ(draw):
    """The best rate of momentum is at most a third of gradient descent's, that of Adam at most a tenth."""
    X, y = st.datasets.load_digits()
    rows = np.random.default_rng(draw).permutation(len(X))[:400]
    best = []
    for method in (st.SGD, lambda alpha: st.SGD(alpha, momentum=0.9), st.Adam):
        losses, alphas = [], (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
        for alpha in alphas:
            layers = [st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")]
            model = st.Sequential(layers, dtype="float64", seed=draw)
            model.compile(loss="categorical_crossentropy", optimizer=method(alpha))
            losses.append(model.fit(X[rows] / 16.0, y[rows], epochs=10, verbose=0).history["loss"][-1])
        best.append(alphas[int(np.argmin(losses))])
    return best[1] < 0.34 * best[0] and best[2] < 0.101 * best[0], best[2] / best[0]
