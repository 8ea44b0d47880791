"""Exercise 04: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


class _Engine:
    """A right engine, which each answer changes in one part."""

    def __init__(self, sizes):
        self.sizes = sizes

    def layers(self, theta):
        found, at = [], 0
        for inputs, units in zip(self.sizes, self.sizes[1:], strict=False):
            end = at + inputs * units
            found.append((theta[at:end].reshape(inputs, units), theta[end : end + units]))
            at = end + units
        return found

    def softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def hidden(self, z):
        return np.maximum(z, 0.0)

    def last(self, z):
        return self.softmax(z)

    def forward(self, theta, X):
        every, signals = self.layers(theta), [X]
        for W, b in every[:-1]:
            signals.append(self.hidden(signals[-1] @ W + b))
        W, b = every[-1]
        return [*signals, self.last(signals[-1] @ W + b)]

    def loss(self, p, y):
        return -np.mean(np.log(p[np.arange(len(y)), y]))

    def error(self, p, y):
        return (p - np.eye(p.shape[1])[y]) / len(y)

    def mask(self, a):
        return a > 0.0

    def bias(self, e):
        return e.sum(axis=0)

    def flat(self, gradients):
        """Of the gradients of (W, b) of each layer."""
        return np.concatenate([part.ravel() for pair in gradients for part in pair])

    def backward(self, theta, X, y):
        every, signals = self.layers(theta), self.forward(theta, X)
        e, gradients = self.error(signals[-1], y), []
        for k in reversed(range(len(every))):
            gradients.insert(0, (signals[k].T @ e, self.bias(e)))
            if k:
                e = (e @ every[k][0].T) * self.mask(signals[k])
        return self.loss(signals[-1], y), self.flat(gradients)


class ReluInTheLastLayer(_Engine):
    def last(self, z):
        return self.softmax(np.maximum(z, 0.0))


class WithoutTheDerivativeOfRelu(_Engine):
    def mask(self, a):
        return 1.0


class SumOfTheRows(_Engine):
    def loss(self, p, y):
        return -np.sum(np.log(p[np.arange(len(y)), y]))

    def error(self, p, y):
        return p - np.eye(p.shape[1])[y]


class GradientNotDividedByRows(_Engine):
    def error(self, p, y):
        return p - np.eye(p.shape[1])[y]


class SumsBeforeRelu(_Engine):
    def forward(self, theta, X):
        every, a, found = self.layers(theta), X, [X]
        for W, b in every[:-1]:
            z = a @ W + b
            found.append(z)
            a = np.maximum(z, 0.0)
        W, b = every[-1]
        return [*found, self.softmax(a @ W + b)]


class BiasesFirst(_Engine):
    def flat(self, gradients):
        return np.concatenate([part.ravel() for W, b in gradients for part in (b, W)])


class MeanForTheBiases(_Engine):
    def bias(self, e):
        return e.mean(axis=0)


class SoftmaxOverTheRows(_Engine):
    def softmax(self, z):
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)


class LastLayerFirst(_Engine):
    def flat(self, gradients):
        return super().flat(gradients[::-1])


class SignOfTheError(_Engine):
    def error(self, p, y):
        return -super().error(p, y)


WRONG = [
    ("ReLU is applied in the last layer", ReluInTheLastLayer),
    ("The derivative of ReLU is missing", WithoutTheDerivativeOfRelu),
    ("The loss and the gradient are sums", SumOfTheRows),
    ("The mean over the rows is missing", GradientNotDividedByRows),
    ("forward lists the weighted sums", SumsBeforeRelu),
    ("In each layer the gradient of b", BiasesFirst),
    ("The gradient of the biases is the", MeanForTheBiases),
    ("Softmax divides by sums over the", SoftmaxOverTheRows),
    ("The parts of the gradient are in", LastLayerFirst),
    ("The gradient has the wrong sign", SignOfTheError),
]
