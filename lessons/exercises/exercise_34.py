"""Exercise 34: the gradient's norm through time."""

import numpy as np


def right(states, U, dlast):
    return _norms(states, U, dlast)


def _norms(states, U, dlast, derivative=lambda h: 1.0 - h**2, shift=0, kernel=np.transpose, order="outer",
           norm=np.linalg.norm, count=None, reverse=True, each=True):
    """The norms with one thing changed."""
    d, found = np.asarray(dlast, float), [norm(dlast)]
    for t in range(len(states) - 1, 0, -1):
        factor = derivative(states[t - shift])
        d = d @ kernel(U) * factor if order == "inner" else (d * factor) @ kernel(U)
        found.append(norm(d))
        if not each:
            d = np.asarray(dlast, float)
    found = found[::-1] if reverse else found
    return np.array(found[count] if count else found)


def _case(seed, steps, units, scale):
    rng = np.random.default_rng(seed)
    states = np.zeros((steps + 1, units))
    U = scale * rng.normal(size=(units, units))
    for t in range(steps):
        states[t + 1] = np.tanh(rng.normal(size=units) + states[t] @ U)
    return states, U, rng.normal(size=units)


CASES = [_case(1, 4, 3, 0.5), _case(2, 7, 2, 1.2), _case(3, 1, 3, 0.8),
         (np.array([[0.3], [0.5], [-0.8]]), np.array([[2.0]]), np.array([-1.5]))]


def _other(**arguments):
    return lambda states, U, dlast: _norms(states, U, dlast, **arguments)


def _bound(states, U, dlast):
    size = np.linalg.norm(U, 2)
    return np.array([np.linalg.norm(dlast) * size**k for k in range(len(states) - 1, -1, -1)])


def _product_of_norms(states, U, dlast):
    found = [np.linalg.norm(dlast)]
    for h in states[:0:-1]:
        found.insert(0, found[0] * np.linalg.norm(U * (1.0 - h**2), 2))
    return np.array(found)


MISTAKES = [
    ("tanh's derivative is missing: a step multiplies by 1 - h'² before U.", _other(derivative=lambda h: 1.0)),
    ("tanh's derivative is taken of the state before the step: it is 1 - h'² of the state after it.",
     _other(shift=1)),
    ("1 - tanh(h')² takes tanh twice: the states are tanh's outputs already.",
     _other(derivative=lambda h: 1.0 - np.tanh(h) ** 2)),
    ("tanh's derivative is 1 - h'², not 1 - h'.", _other(derivative=lambda h: 1.0 - h)),
    ("tanh's derivative is 1 - h'²; h'·(1 - h') is that of a sigmoid.", _other(derivative=lambda h: h * (1.0 - h))),
    ("U is not transposed: forward is h·U, so backward is d·Uᵀ.", _other(kernel=lambda U: U)),
    ("Uᵀ comes first here: backward the tanh is first, as it is the last thing that a step computes.",
     _other(order="inner")),
    ("These are the gradients' largest entries: return their norms.", _other(norm=lambda d: np.abs(d).max())),
    ("These are squared norms: take the root.", _other(norm=lambda d: (np.asarray(d) ** 2).sum())),
    ("The order is that of the way back: return the first state's norm first.", _other(reverse=False)),
    ("The norm of dlast is missing: it is the last entry.", _other(count=slice(0, -1))),
    ("The first state's norm is missing: there is one for each state, steps + 1 in all.", _other(count=slice(1, None))),
    ("Each step begins with dlast again: continue with the gradient of the step after it.", _other(each=False)),
    ("This is an upper bound, from the norm of U alone: follow the gradient itself.", _bound),
    ("The way back takes the states from the first to the last: its first step is through the last state.",
     lambda states, U, dlast: _norms(np.concatenate([states[:1], states[:0:-1]]), U, dlast)),
    ("The norms of the steps' matrices are multiplied, which is an upper bound: multiply the gradient itself by each.",
     _product_of_norms),
]
