"""Exercise 04: an engine of dense layers, ReLU and softmax, with its backward pass."""

import numpy as np

import scratchtune as st
from lessons import checking

CASES: list = []


class Engine:
    """A network of dense layers: ReLU between them, softmax and cross-entropy at the end."""

    def __init__(self, sizes):
        self.sizes = sizes

    def layers(self, theta):
        """W and b of each layer, as views of theta."""
        found, at = [], 0
        for inputs, units in zip(self.sizes, self.sizes[1:], strict=False):
            end = at + inputs * units
            found.append((theta[at:end].reshape(inputs, units), theta[end : end + units]))
            at = end + units
        return found

    def forward(self, theta, X):
        """The input of each layer, and last the probabilities."""
        values = [X]
        for W, b in self.layers(theta):
            values.append(np.maximum(values[-1] @ W + b, 0.0))
        W, b = self.layers(theta)[-1]
        values[-1] = self.softmax(values[-2] @ W + b)
        return values

    @staticmethod
    def softmax(logits):
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def backward(self, theta, X, y):
        """The mean loss, and its gradient, flat like theta."""
        *inputs, p = self.forward(theta, X)
        d = self.first(p, y)
        parts = []
        for (W, _), h in zip(self.layers(theta)[::-1], inputs[::-1], strict=True):
            parts = [self.of_weights(h, d).ravel(), self.of_biases(d), *parts]
            d = self.before(d, W, h)
        return self.loss(p, y), np.concatenate(parts)

    def loss(self, p, y):
        return -np.mean(np.log(p[np.arange(len(y)), y]))

    def first(self, p, y):
        return (p - np.eye(p.shape[1])[y]) / len(y)

    def of_weights(self, h, d):
        return h.T @ d

    def of_biases(self, d):
        return d.sum(axis=0)

    def before(self, d, W, h):
        return (d @ W.T) * (h > 0.0)


right = Engine


def _drawn(sizes, rows, seed):
    rng = np.random.default_rng(seed)
    parameters = sum((inputs + 1) * units for inputs, units in zip(sizes, sizes[1:], strict=False))
    return sizes, rng.normal(size=parameters), rng.normal(size=(rows, sizes[0])), rng.integers(sizes[-1], size=rows)


NETWORKS = [_drawn((3, 3, 3), 4, 0), _drawn((2, 3), 5, 1), _drawn((4, 5, 3, 2), 7, 2), _drawn((3, 4, 2), 1, 3)]


def _returned(engine):
    """What an engine returns for each network: the values forward, and what backward returns."""
    def of(method):
        def call(sizes, theta, X, y):
            made = engine(sizes)
            return made.forward(theta, X) if method == "forward" else made.backward(theta, X, y)
        return checking.returned(call, NETWORKS)

    return list(zip(of("forward"), of("backward"), strict=True))


def extra(solution):
    expected, found = _returned(right), _returned(solution)
    agree = [checking.same(a, b) for a, b in zip(expected, found, strict=True)]
    if not all(agree):
        for hint, mistake in MISTAKES:
            if all(checking.same(a, b) for a, b in zip(_returned(mistake), found, strict=True)):
                raise AssertionError(hint)
        for stage in (0, 1):  # forward alone, then the loss alone: its hint is true whatever follows
            here, there = _stage(found, stage), _stage(expected, stage)
            if here is None or checking.same(here, there):
                continue
            for hint, mistake in MISTAKES:
                wrong = _stage(_returned(mistake), stage)
                if wrong is not None and checking.same(wrong, here):
                    raise AssertionError(hint)
            break
        k = agree.index(False)
        raise AssertionError(f"Sizes {NETWORKS[k][0]}, {len(NETWORKS[k][2])} rows: {_which(found[k], expected[k])}")
    for sizes, theta, X, y in NETWORKS:
        off = abs(_of_package(sizes, theta, X, y) - solution(sizes).backward(theta, X, y)[1]).max()
        assert off < 1e-9, f"Sizes {sizes}: the gradient is up to {off:.2g} away from the package's."


def _stage(returned, stage):
    """What all forwards returned, or the losses; nothing if one raised an error or has another form."""
    if stage == 0:
        return None if any(isinstance(values, checking.Raised) for values, _ in returned) else [v for v, _ in returned]
    pairs = [pair for _, pair in returned]
    return [pair[0] for pair in pairs] if all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs) else None


def _which(found, expected):
    """What is the first thing that differs."""
    if not checking.same(found[0], expected[0]):
        return f"forward should return {checking.shown(expected[0])}, and {_returns(found[0])}"
    if not isinstance(found[1], tuple) or len(found[1]) != 2:
        return f"backward should return a loss and a gradient, and {_returns(found[1])}"
    if not checking.same(found[1][0], expected[1][0]):
        return f"the loss should be {checking.shown(expected[1][0])}, and is {checking.shown(found[1][0])}."
    return (f"forward and the loss are right. The gradient should be {checking.shown(expected[1][1])}, and is "
            f"{checking.shown(found[1][1])}.")


def _returns(value):
    if isinstance(value, checking.Raised):
        return f"raises {type(value.error).__name__}: {value.error}."
    return "returns nothing (is `return` missing?)." if value is None else f"returns {checking.shown(value)}."


def _of_package(sizes, theta, X, y):
    activations = ["relu"] * (len(sizes) - 2) + ["softmax"]
    layers = [st.Dense(units, activation=name) for units, name in zip(sizes[1:], activations, strict=True)]
    model = st.Sequential(layers, dtype="float64")
    model.compile(loss="categorical_crossentropy", optimizer=st.SGD(0.1))
    model.build((None, sizes[0]))
    model.theta[:] = theta
    return model.gradient(X, np.eye(sizes[-1])[y])


def _engine(**methods):
    return type("Wrong", (Engine,), methods)


def _last_first(self, theta, X, y):
    loss, gradient = Engine.backward(self, theta, X, y)
    parts = [np.concatenate([W.ravel(), b]) for W, b in self.layers(gradient)]
    return loss, np.concatenate(parts[::-1])


def _biases_first(self, theta, X, y):
    loss, gradient = Engine.backward(self, theta, X, y)
    return loss, np.concatenate([part.ravel() for W, b in self.layers(gradient) for part in (b, W)])


def _relu_everywhere(self, theta, X):
    *inputs, _ = Engine.forward(self, theta, X)
    W, b = self.layers(theta)[-1]
    return [*inputs, self.softmax(np.maximum(inputs[-1] @ W + b, 0.0))]


def _no_relu(self, theta, X):
    values = [X]
    for W, b in self.layers(theta):
        values.append(values[-1] @ W + b)
    return [*values[:-1], self.softmax(values[-1])]


def _down_the_columns(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=0, keepdims=True)


def _over_all(logits):
    return np.exp(logits) / np.exp(logits).sum()


def _before_relu(self, theta, X):
    a, values = X, [X]
    for W, b in self.layers(theta):
        values.append(a @ W + b)
        a = np.maximum(values[-1], 0.0)
    return [*values[:-1], self.softmax(values[-1])]


MISTAKES = [
    ("The mean over the rows is missing in the gradient: the loss is a mean, so the first d is divided by the number "
     "of rows.", _engine(first=lambda self, p, y: p - np.eye(p.shape[1])[y])),
    ("The derivative of ReLU is missing: what comes back to a hidden layer passes only where its output is above 0.",
     _engine(before=lambda self, d, W, h: d @ W.T)),
    ("The weights are not transposed on the way back: a layer multiplies by W forward, and by its transpose backward.",
     _engine(before=lambda self, d, W, h: (d @ W) * (h > 0.0))),
    ("The weights are reshaped, not transposed: the shape of d is right, its numbers are not.",
     _engine(before=lambda self, d, W, h: (d @ W.reshape(W.T.shape)) * (h > 0.0))),
    ("The gradient of the biases is the mean of d over the rows; d has been divided by their number already, so it is "
     "the sum.", _engine(of_biases=lambda self, d: d.mean(axis=0))),
    ("The loss is the sum over the rows; it should be the mean.",
     _engine(loss=lambda self, p, y: -np.sum(np.log(p[np.arange(len(y)), y])))),
    ("The sign of the loss is turned: it is minus the logarithm of the right class's probability.",
     _engine(loss=lambda self, p, y: np.mean(np.log(p[np.arange(len(y)), y])))),
    ("The gradient has the wrong sign: the first d is p minus t, not t minus p.",
     _engine(first=lambda self, p, y: (np.eye(p.shape[1])[y] - p) / len(y))),
    ("The parts of the gradient are in the order of the backward pass, the last layer first; theta begins with the "
     "first layer.", _engine(backward=_last_first)),
    ("In each layer the gradient of b is before that of W; theta has W first.", _engine(backward=_biases_first)),
    ("ReLU is applied in the last layer, too: softmax takes its weighted sums as they are.",
     _engine(forward=_relu_everywhere)),
    ("ReLU is missing between the layers of the forward pass.", _engine(forward=_no_relu)),
    ("Softmax divides by sums over the rows (axis 0); the probabilities of each row should sum to 1.",
     _engine(softmax=staticmethod(_down_the_columns))),
    ("Softmax divides by the sum over all rows; the probabilities of each row should sum to 1.",
     _engine(softmax=staticmethod(_over_all))),
    ("forward returns the probabilities alone: return a list of the input of each layer, and these last.",
     _engine(forward=lambda self, theta, X: Engine.forward(self, theta, X)[-1])),
    ("backward returns the gradient alone: return the loss, and then the gradient.",
     _engine(backward=lambda self, theta, X, y: Engine.backward(self, theta, X, y)[1])),
    ("forward lists the weighted sums of the hidden layers; the input of the next layer is what ReLU makes of them.",
     _engine(forward=_before_relu)),
    ("The loss and the gradient are sums over the rows; divide both by the number of rows.",
     _engine(loss=lambda self, p, y: -np.sum(np.log(p[np.arange(len(y)), y])),
             first=lambda self, p, y: p - np.eye(p.shape[1])[y])),
]
