"""Problems of two objectives: ZDT1 to 4 and 6, DTLZ2, others for development, and a network on the digits.

Both are minimised. The unit interval is the range of each parameter, unless the problem says otherwise.

Sources: Zitzler, Deb and Thiele (2000), "Comparison of multiobjective evolutionary algorithms: empirical results", for
ZDT; Deb, Thiele, Laumanns and Zitzler (2002), "Scalable multi-objective optimization test problems", for DTLZ; Fonseca
and Fleming (1995), "Multiobjective genetic algorithms made easy".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

TESTED, DEVELOPMENT = ("ZDT1", "ZDT2", "ZDT3", "DTLZ2"), ("ZDT4", "ZDT6", "Fonseca", "DTLZ7")
ON_FRONT = 2001  # points at which a front is sampled


@dataclass(frozen=True)
class Problem:
    """Two objectives of ``dimension`` parameters from ``low`` to ``high``, and points on the Pareto front, (n, 2).

    ``front`` is empty where it is not known. ``reference`` is beyond what either objective can be, so that every trial
    has a part in the hypervolume.
    """

    name: str
    dimension: int
    losses: Callable[[np.ndarray], tuple[float, float]]
    front: np.ndarray
    reference: tuple[float, float]
    low: float = 0.0
    high: float = 1.0


def zdt(
    x: np.ndarray, shape: Callable[[float, float], float], g: Callable[[np.ndarray], float] | None = None,
) -> tuple[float, float]:
    """f1 is the first parameter, f2 = g · shape(f1, g), where g >= 1 depends on the others; on the front it is 1."""
    scale = 1.0 + 9.0 * float(np.mean(x[1:])) if g is None else g(x[1:])
    return float(x[0]), scale * shape(float(x[0]), scale)


def zdt4(x: np.ndarray) -> tuple[float, float]:
    """As ZDT1, where g has many local minima; the parameters after the first one are from −5 to 5."""
    rest = 10.0 * x[1:] - 5.0
    g = 1.0 + 10.0 * len(rest) + float(np.sum(rest**2 - 10.0 * np.cos(4.0 * np.pi * rest)))
    return float(x[0]), g * (1.0 - float(np.sqrt(x[0] / g)))


def first_of_zdt6(x: np.ndarray) -> np.ndarray:
    """f1 of ZDT6, which is not uniform in the first parameter."""
    return np.asarray(1.0 - np.exp(-4.0 * x) * np.sin(6.0 * np.pi * x) ** 6)


def zdt6(x: np.ndarray) -> tuple[float, float]:
    """Few configurations are near the front."""
    first, g = float(first_of_zdt6(x[:1])[0]), 1.0 + 9.0 * float(np.mean(x[1:])) ** 0.25
    return first, g * (1.0 - (first / g) ** 2)


def dtlz2(x: np.ndarray) -> tuple[float, float]:
    """The front is a quarter of a circle."""
    g, angle = float(np.sum((x[1:] - 0.5) ** 2)), 0.5 * np.pi * x[0]
    return float((1.0 + g) * np.cos(angle)), float((1.0 + g) * np.sin(angle))


def dtlz7(x: np.ndarray) -> tuple[float, float]:
    """The front has several parts."""
    g = 1.0 + 9.0 * float(np.mean(x[1:]))
    return float(x[0]), (1.0 + g) * (2.0 - float(x[0]) / (1.0 + g) * (1.0 + float(np.sin(3.0 * np.pi * x[0]))))


def fonseca(x: np.ndarray) -> tuple[float, float]:
    """A concave front."""
    centre = 1.0 / np.sqrt(len(x))
    return float(1.0 - np.exp(-np.sum((x - centre) ** 2))), float(1.0 - np.exp(-np.sum((x + centre) ** 2)))


def root(f: float, g: float) -> float:
    """The shape of ZDT1: a convex front."""
    return 1.0 - float(np.sqrt(f / g))


def square(f: float, g: float) -> float:
    """The shape of ZDT2: a concave front."""
    return 1.0 - (f / g) ** 2


def waves(f: float, g: float) -> float:
    """The shape of ZDT3: a front of five parts."""
    return 1.0 - float(np.sqrt(f / g)) - f / g * float(np.sin(10.0 * np.pi * f))


def problem(name: str) -> Problem:
    """The problem of a name."""
    f = np.linspace(0.0, 1.0, ON_FRONT)
    sixth, angles = first_of_zdt6(f), 0.5 * np.pi * f
    line = np.linspace(-1.0, 1.0, ON_FRONT) / np.sqrt(3.0)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    made = {
        "ZDT1": lambda: Problem(name, 30, lambda x: zdt(x, root), of(f, lambda v: root(v, 1.0)), (1.1, 11.0)),
        "ZDT2": lambda: Problem(name, 30, lambda x: zdt(x, square), of(f, lambda v: square(v, 1.0)), (1.1, 11.0)),
        "ZDT3": lambda: Problem(name, 30, lambda x: zdt(x, waves), of(f, lambda v: waves(v, 1.0)), (1.1, 11.0)),
        "ZDT4": lambda: Problem(name, 10, zdt4, of(f, lambda v: root(v, 1.0)), (1.1, 450.0)),
        "ZDT6": lambda: Problem(name, 10, zdt6, of(sixth, lambda v: square(v, 1.0)), (1.1, 11.0)),
        "DTLZ2": lambda: Problem(name, 11, dtlz2, circle, (3.85, 3.85)),
        "DTLZ7": lambda: Problem(name, 11, dtlz7, of(f, lambda v: dtlz7(np.array([v, 0.0]))[1]), (1.1, 24.0)),
        "Fonseca": lambda: Problem(name, 3, fonseca, np.array([fonseca(np.full(3, v)) for v in line]), (1.1, 1.1),
                                   -4.0, 4.0),
    }
    return made[name]()


def of(first: np.ndarray, second: Callable[[float], float]) -> np.ndarray:
    """Points of a front, from f1 and what f2 is for it."""
    return np.column_stack([first, [second(float(value)) for value in first]])


def digits() -> Problem:
    """The validation error of a network on the digits, against the logarithm of the multiply-adds of its training.

    Units 4 to 256, one or two hidden layers, 2 to 64 epochs, batches of 8 to 256 rows, a learning rate of 1e-4 to 1e-1.
    The parameters are unit values of these ranges, on a logarithmic scale; integers are rounded.
    """
    import scratchtune as st

    X, y = st.datasets.load_digits()
    X_train, X_valid, y_train, y_valid = st.train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)

    def between(low: float, high: float, u: float) -> float:
        return float(low * (high / low) ** u)

    def losses(x: np.ndarray) -> tuple[float, float]:
        units, epochs = round(between(4, 256, x[0])), round(between(2, 64, x[1]))
        layers, batch, rate = 1 + int(x[2] > 0.5), round(between(8, 256, x[3])), between(1e-4, 1e-1, x[4])
        model = st.MLPClassifier(hidden_layers=layers, units=units, epochs=epochs, batch_size=batch,
                                 learning_rate=rate, random_state=0)
        error = 1.0 - float(model.fit(X_train, y_train).score(X_valid, y_valid))
        weights = 64 * units + (layers - 1) * units**2 + 10 * units
        return error, float(np.log10(3.0 * weights * len(X_train) * epochs))  # forwards, and twice backwards

    return Problem("digits", 5, losses, np.empty((0, 2)), (1.0, 10.6))
