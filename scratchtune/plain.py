"""The whole idea in one file: a neural network, gradient descent, and four searchers that tune it.

It imports NumPy and the standard library, and nothing of the package. Read it from the top:

1. the network      theta is one flat vector; outputs forward, gradients backward
2. the objective    J = L + R: a loss, plus the penalties L1 and L2
3. the optimizers   gradient descent, momentum, Adam
4. the training     batches, epochs, cross-validation
5. the space        hyper-parameters as points of a unit cube
6. the searchers    grid, random, Bayesian, genetic
7. the main job     each of them tunes a network on handwritten digits: python -m scratchtune.plain

A name in brackets, such as [l1_l2_penalty], names a formula of the package, which follows on one
line; ``scratchtune formulas l1_l2_penalty`` says where it is from and what its symbols mean. There
x' is the new value of x, Σᵢ[...] the sum and meanᵢ[...] the mean over i, and #i the number of i.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray
Rng = np.random.Generator
Params = dict[str, Any]  # hyper-parameters by name

# 1. The network -----------------------------------------------------------------------------------

class Config(NamedTuple):
    """One configuration: the hyper-parameters, which are chosen before a training begins."""

    sizes: tuple[int, ...] = (64, 32, 10)  # inputs, units of each hidden layer, classes
    activation: str = "relu"
    optimizer: str = "adam"
    learning_rate: float = 0.01
    batch_size: int = 32
    epochs: int = 8
    l1: float = 0.0
    l2: float = 0.0


def layers_of(theta: Array, sizes: Sequence[int]) -> list[tuple[Array, Array]]:
    """The kernel (inputs, units) and the bias (units,) of each layer: views of theta, no copies."""
    layers, start = [], 0
    for inputs, units in itertools.pairwise(sizes):
        middle = start + inputs * units
        layers.append((theta[start:middle].reshape(inputs, units), theta[middle : middle + units]))
        start = middle + units
    return layers


def first_theta(sizes: Sequence[int], rng: Rng) -> Array:
    """Random kernels, scaled so that signals keep their variance over the layers; biases are 0."""
    theta = np.zeros(sum((inputs + 1) * units for inputs, units in itertools.pairwise(sizes)))
    for kernel, _ in layers_of(theta, sizes):
        limit = math.sqrt(6.0 / sum(kernel.shape))  # variance 2 / (inputs + units): Glorot, Bengio
        kernel[:] = rng.uniform(-limit, limit, kernel.shape)
    return theta


def relu(z: Array) -> Array:
    """[relu]: a = z if z > 0 else 0"""
    return np.where(z > 0.0, z, 0.0)


def relu_grad(z: Array) -> Array:
    """[relu_grad]: d = 1 if z > 0 else 0"""
    return np.where(z > 0.0, 1.0, 0.0)


def tanh(z: Array) -> Array:
    """[tanh]: a = (exp(z) − exp(−z)) / (exp(z) + exp(−z))"""
    return np.tanh(z)


def tanh_grad(z: Array) -> Array:
    """[tanh_grad]: d = 4 / (exp(z) + exp(−z))²"""
    e = np.exp(-np.abs(z))  # at most 1, so that nothing overflows
    return (2.0 * e / (1.0 + e * e)) ** 2


def softmax(z: Array) -> tuple[Array, Array]:
    """[softmax]: pₙₖ = exp(zₙₖ) / Σⱼ[exp(zₙⱼ)] ; sₙ = log(Σⱼ[exp(zₙⱼ)])"""
    top = z.max(axis=1, keepdims=True)  # subtracted, so that nothing overflows; p is the same
    powers = np.exp(z - top)
    total = powers.sum(axis=1, keepdims=True)
    return powers / total, (top + np.log(total))[:, 0]


ACTIVATIONS = {"relu": (relu, relu_grad), "tanh": (tanh, tanh_grad)}


def forward(theta: Array, config: Config, X: Array) -> tuple[list[Array], list[Array]]:
    """The inputs x of each layer, and its sums z: the kernel's, plus the bias.

    [dense]: yₙⱼ = Σᵢ[xₙᵢ · wᵢⱼ] + bⱼ, where y is z
    xs[0] is X (n, inputs), xs[1] the activation of zs[0]; zs[-1] are the logits (n, classes).
    """
    function, _ = ACTIVATIONS[config.activation]
    x, xs, zs = X, [], []
    for kernel, bias in layers_of(theta, config.sizes):
        xs.append(x)
        zs.append(x @ kernel + bias)
        x = function(zs[-1])
    return xs, zs


def backward(theta: Array, config: Config, xs: list[Array], zs: list[Array], dz: Array) -> Array:
    """The gradient of the loss in theta; dz (n, classes) is its gradient in the logits."""
    _, derivative = ACTIVATIONS[config.activation]
    gradient = np.zeros_like(theta)
    layers, gradients = layers_of(theta, config.sizes), layers_of(gradient, config.sizes)
    for layer in reversed(range(len(layers))):
        (kernel, _), (dkernel, dbias) = layers[layer], gradients[layer]  # views: written in place
        dkernel[:] = xs[layer].T @ dz
        dbias[:] = dz.sum(axis=0)
        if layer > 0:
            dz = (dz @ kernel.T) * derivative(zs[layer - 1])  # of the layer before: the chain rule
    return gradient


# 2. The objective ---------------------------------------------------------------------------------

def softmax_crossentropy(z: Array, t: Array, s: Array) -> float:
    """[softmax_crossentropy]: L = Σₖ[tₖ · (s − zₖ)]"""
    return np.sum(t * (s - z))


def softmax_crossentropy_grad(p: Array, t: Array, w: float) -> Array:
    """[softmax_crossentropy_grad]: gₖ = w · (pₖ · Σⱼ[tⱼ] − tₖ)"""
    return w * (p * t.sum(axis=-1, keepdims=True) - t)


def l1_l2_penalty(theta: Array, l1: float, l2: float) -> float:
    """[l1_l2_penalty]: R = λ · Σᵢ[|θᵢ|] + μ · Σᵢ[θᵢ²]"""
    return l1 * np.sum(np.abs(theta)) + l2 * np.sum(theta**2)


def l1_l2_penalty_grad(theta: Array, l1: float, l2: float) -> Array:
    """[l1_l2_penalty_grad]: gᵢ = λ · sign(θᵢ) + 2 · μ · θᵢ"""
    return l1 * np.sign(theta) + 2.0 * l2 * theta


def loss_and_gradient(theta: Array, config: Config, X: Array, target: Array) -> tuple[float, Array]:
    """The mean loss of rows X, plus penalties on all of theta; and its gradient in theta.

    ``target`` (n, classes) is 1 for the class of each row, and 0 for the others.
    [objective]: J = L + R
    """
    xs, zs = forward(theta, config, X)
    probabilities, log_sums = softmax(zs[-1])
    loss = softmax_crossentropy(zs[-1], target, log_sums[:, None]) / len(X)
    dlogits = softmax_crossentropy_grad(probabilities, target, 1.0 / len(X))
    gradient = backward(theta, config, xs, zs, dlogits)
    gradient += l1_l2_penalty_grad(theta, config.l1, config.l2)
    return loss + l1_l2_penalty(theta, config.l1, config.l2), gradient


# 3. The optimizers --------------------------------------------------------------------------------

def gradient_descent(theta: Array, grad: Array, alpha: float) -> Array:
    """[gradient_descent]: θ'ᵢ = θᵢ − α · gᵢ"""
    return theta - alpha * grad


def momentum(theta: Array, grad: Array, velocity: Any, alpha: float, mu: float) -> tuple:
    """[momentum]: v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + v'ᵢ"""
    velocity = mu * velocity - alpha * grad
    return velocity, theta + velocity


def adam(theta, grad, m, v, alpha, betas, epsilon, t):
    """[adam]: m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ;
    θ'ᵢ = θᵢ − α · (m'ᵢ / (1 − β₁^t)) / (√(v'ᵢ / (1 − β₂^t)) + ε)
    """
    m = betas[0] * m + (1.0 - betas[0]) * grad
    v = betas[1] * v + (1.0 - betas[1]) * grad**2
    unbiased_m = m / (1.0 - betas[0] ** t)  # m and v begin at 0, so they are too small at first
    unbiased_v = v / (1.0 - betas[1] ** t)
    return m, v, theta - alpha * unbiased_m / (np.sqrt(unbiased_v) + epsilon)


# 4. The training ----------------------------------------------------------------------------------

def train(theta: Array, config: Config, batches: Iterable[tuple[Array, Array]]) -> Array:
    """Take a step of the optimizer for each batch, (rows, targets); return the last theta."""
    alpha, velocity, m, v = config.learning_rate, 0.0, 0.0, 0.0
    for t, (X, target) in enumerate(batches, start=1):
        _, grad = loss_and_gradient(theta, config, X, target)
        match config.optimizer:
            case "gradient descent":
                theta = gradient_descent(theta, grad, alpha)
            case "momentum":
                velocity, theta = momentum(theta, grad, velocity, alpha, 0.9)
            case "adam":
                m, v, theta = adam(theta, grad, m, v, alpha, (0.9, 0.999), 1e-8, t)
            case _:
                raise ValueError(f"optimizer is {config.optimizer!r}")
    return theta


def shuffled_batches(X: Array, y: Array, config: Config, rng: Rng) -> Iterator[tuple]:
    """The batches of all epochs: in each epoch every row is used once, in a new order."""
    target = np.eye(config.sizes[-1])[y]  # row i has a 1 in column y[i]
    for _ in range(config.epochs):
        order = rng.permutation(len(X))
        for start in range(0, len(X), config.batch_size):
            rows = order[start : start + config.batch_size]
            yield X[rows], target[rows]


def fit(X: Array, y: Array, config: Config, rng: Rng) -> Array:
    """Train a network from random weights on rows X (n, inputs), whose classes are y (n,)."""
    theta = first_theta(config.sizes, rng)
    return train(theta, config, shuffled_batches(X, y, config, rng))


def accuracy(theta: Array, config: Config, X: Array, y: Array) -> float:
    """The share of rows whose class has the largest logit."""
    return float(np.mean(forward(theta, config, X)[1][-1].argmax(axis=1) == y))


def k_folds(n: int, k: int, rng: Rng) -> list[tuple[Array, Array]]:
    """Divide n rows into k parts; of each, the rows outside, to train on, and its own, to score."""
    parts = np.array_split(rng.permutation(n), k)
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), part) for i, part in enumerate(parts)]


def cross_validated(X: Array, y: Array, config: Config, k: int, seed: int) -> float:
    """Mean accuracy on rows that were not trained on; all configurations have the same folds."""
    rng, scores = np.random.default_rng(seed), []
    for training, validation in k_folds(len(X), k, rng):
        theta = fit(X[training], y[training], config, rng)
        scores.append(accuracy(theta, config, X[validation], y[validation]))
    return float(np.mean(scores))


# 5. The space -------------------------------------------------------------------------------------
#
# A searcher sees a unit cube: a hyper-parameter is a coordinate u from 0 to 1.

class Float(NamedTuple):
    """A real number from low to high; on a log scale, equal steps of u are equal factors."""

    low: float
    high: float
    log: bool = False

    def value(self, u: float) -> float:
        """[log_value]: v = exp(log(low) + u · (log(high) − log(low)))"""
        if self.log:
            return math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
        # [linear_value]: v = low + u · (high − low)
        return self.low + u * (self.high - self.low)

    def unit(self, v: float) -> float:
        """[log_unit]: u = (log(v) − log(low)) / (log(high) − log(low))"""
        if self.log:
            return (math.log(v) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        # [linear_unit]: u = (v − low) / (high − low)
        return (v - self.low) / (self.high - self.low)


class Choice(NamedTuple):
    """One of several values; each has a part of the interval from 0 to 1, all of equal length."""

    values: Sequence[Any]
    is_ordered: bool = False

    def value(self, u: float) -> Any:
        """The value whose part holds u; u = 1 belongs to the last one."""
        return self.values[min(math.floor(u * len(self.values)), len(self.values) - 1)]

    def unit(self, value: Any) -> float:
        """The middle of a value's part."""
        return (self.values.index(value) + 0.5) / len(self.values)


def Int(low: int, high: int) -> Choice:
    """An integer from low to high, both included."""
    return Choice(range(low, high + 1), is_ordered=True)


Space = dict[str, Float | Choice]


class Trial(NamedTuple):
    """Hyper-parameters that were tried, and their validation error: smaller is better."""

    params: Params
    error: float


def are_categorical(space: Space) -> Array:
    """Of which coordinates (d,) the values have no order: two are equal, or they are not."""
    return np.array([isinstance(p, Choice) and not p.is_ordered for p in space.values()])


def params_at(space: Space, point: Array) -> Params:
    """The hyper-parameters at a point (d,) of the cube."""
    return {name: space[name].value(float(u)) for name, u in zip(space, point, strict=True)}


def points_of(space: Space, some: Sequence[Params]) -> Array:
    """The points (n, d) of the cube of some hyper-parameters."""
    return np.array([[space[name].unit(params[name]) for name in space] for params in some])


# 6. The searchers ---------------------------------------------------------------------------------
#
# A searcher is a function: from the trials seen so far to the hyper-parameters to try next.

def grid_search(space: Space, seen: Sequence[Trial], rng: Rng, resolution: int = 3) -> Params:
    """The next of all combinations; the last hyper-parameter varies fastest."""
    units = np.linspace(0.0, 1.0, resolution)
    lists = [p.values if isinstance(p, Choice) else map(p.value, units) for p in space.values()]
    return dict(zip(space, list(itertools.product(*lists))[len(seen)], strict=True))


def random_search(space: Space, seen: Sequence[Trial], rng: Rng) -> Params:
    """A random point of the cube, whatever was seen."""
    return params_at(space, rng.random(len(space)))


# Bayesian search: a Gaussian process predicts the error of each point, and how uncertain that is.
# logs (d + 2,) are the logarithms of d length scales, and of the variances of signal and noise.

def scaled_distance(a: Array, b: Array, is_categorical: Array, length_scales: Array) -> Array:
    """[scaled_distance]: r = √(Σⱼ[(((0 if aⱼ = bⱼ else 1) if oⱼ = 1 else aⱼ − bⱼ) / ℓⱼ)²])"""
    difference = np.where(is_categorical, a != b, a - b)
    return np.sqrt(np.sum((difference / length_scales) ** 2, axis=-1))


def matern52(r: Array) -> Array:
    """[matern52]: k = (1 + √5 · r + 5 / 3 · r²) · exp(−√5 · r)"""
    return (1.0 + math.sqrt(5.0) * r + 5.0 / 3.0 * r**2) * np.exp(-math.sqrt(5.0) * r)


def covariance(a: Array, b: Array, is_categorical: Array, logs: Array) -> Array:
    """Covariances (n, m) of the losses at points a (n, d) and b (m, d): the nearer, the larger."""
    r = scaled_distance(a[:, None], b, is_categorical, np.exp(logs[:-2]))  # each a with each b
    return math.exp(logs[-2]) * matern52(r)


def factor_and_alpha(points: Array, y: Array, is_categorical: Array, logs: Array) -> tuple:
    """Cholesky's factor L of the covariance K of the values y (n,), and α = inv(K) @ y."""
    K = covariance(points, points, is_categorical, logs) + math.exp(logs[-1]) * np.eye(len(y))
    factor = np.linalg.cholesky(K)  # K = L @ Lᵀ
    return factor, np.linalg.solve(factor.T, np.linalg.solve(factor, y))


def posterior(points: Array, y: Array, is_categorical: Array, logs: Array, new: Array) -> tuple:
    """Mean and variance of the loss at new points (m, d), after y was seen at points (n, d).

    [posterior_mean]: μ = m + Σᵢ[cᵢ · αᵢ], where m, the mean far away, is 0
    [posterior_variance]: v = s − Σᵢ[wᵢ²]
    """
    factor, alpha = factor_and_alpha(points, y, is_categorical, logs)
    c = covariance(new, points, is_categorical, logs)
    w = np.linalg.solve(factor, c.T)
    return c @ alpha, np.maximum(math.exp(logs[-2]) - np.sum(w**2, axis=0), 1e-12)


def log_marginal_likelihood(values: Array, alpha: Array, diagonal: Array) -> float:
    """[log_marginal_likelihood]: L = −0.5 · Σᵢ[yᵢ · αᵢ] − Σᵢ[log(uᵢ)] − 0.5 · #i · log(2 · π)"""
    n = len(values)
    return -0.5 * (values @ alpha) - np.sum(np.log(diagonal)) - 0.5 * n * math.log(2.0 * math.pi)


def likeliest_logs(points: Array, y: Array, is_categorical: Array, rng: Rng) -> Array:
    """Of 60 random logs, those with the largest likelihood: under which y is most probable."""
    log_length_scales = rng.normal(math.log(0.5), 1.0, (60, points.shape[1]))
    log_signals, log_noises = np.zeros(60), rng.uniform(-9.0, -1.0, 60)  # y has a variance of 1
    many = np.column_stack([log_length_scales, log_signals, log_noises])
    fitted = [factor_and_alpha(points, y, is_categorical, logs) for logs in many]
    likelihoods = [log_marginal_likelihood(y, alpha, np.diag(factor)) for factor, alpha in fitted]
    return many[np.argmax(likelihoods)]


def expected_improvement(mean: Array, std: Array, best: float) -> Array:
    """[expected_improvement]: z = (b − μ) / s ; a = s · (z · Φ(z) + φ(z))"""
    z = (best - mean) / std
    probability = 0.5 * (1.0 + np.vectorize(math.erf)(z / math.sqrt(2.0)))  # Φ: to be below best
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)  # φ
    return std * (z * probability + density)


def bayesian_search(space: Space, seen: Sequence[Trial], rng: Rng, first: int = 8) -> Params:
    """The one of 1,000 candidates with the largest expected improvement; half are near the best."""
    if len(seen) < first:
        return random_search(space, seen, rng)
    points = points_of(space, [trial.params for trial in seen])
    errors = np.array([trial.error for trial in seen])
    y = (errors - errors.mean()) / (errors.std() + 1e-12)
    is_categorical = are_categorical(space)
    logs = likeliest_logs(points, y, is_categorical, rng)

    drawn, is_ordered = rng.random((1000, len(space))), ~is_categorical
    near = points[y.argmin()] + rng.normal(0.0, 0.1, (500, len(space)))
    drawn[:500, is_ordered] = np.clip(near, 0.0, 1.0)[:, is_ordered]
    candidates = [params_at(space, point) for point in drawn]  # and back, to the middles of parts
    mean, variance = posterior(points, y, is_categorical, logs, points_of(space, candidates))
    return candidates[expected_improvement(mean, np.sqrt(variance), y.min()).argmax()]


# Genetic search: the fittest trials become parents, and a child of two of them is tried next.

def tournament(fitness: Array, size: int, rng: Rng) -> int:
    """Selection: the index of the fittest of ``size`` individuals that are drawn at random."""
    drawn = rng.integers(len(fitness), size=size)
    return max(sorted(drawn), key=lambda k: fitness[k])


def blend_crossover(x: Array, y: Array, u: Array, alpha: float) -> Array:
    """[blend_crossover]: cᵢ = xᵢ + ((1 + 2 · α) · uᵢ − α) · (yᵢ − xᵢ)"""
    return x + ((1.0 + 2.0 * alpha) * u - alpha) * (y - x)


def mutation_std(genes: Array, strength: float, least: float) -> float:
    """[mutation_std]: σ = max(s · √(meanₖ[(gₖ − meanₖ[gₖ])²]), l)"""
    return max(strength * math.sqrt(np.mean((genes - np.mean(genes)) ** 2)), least)


def reflected(x: Any) -> Any:
    """[reflected]: g = 1 − |1 − (x − 2 · floor(x / 2))|"""
    return 1.0 - np.abs(1.0 - (x - 2.0 * np.floor(x / 2.0)))


def mutated(parameter: Float | Choice, gene: float, genes: Array, rng: Rng) -> float:
    """Mutation: a normal step, smaller where the parents' genes are alike; or another choice."""
    if isinstance(parameter, Float) or parameter.is_ordered:
        return reflected(gene + mutation_std(genes, 0.5, 0.03) * rng.normal())
    others = [value for value in parameter.values if value != parameter.value(gene)]
    return parameter.unit(others[int(rng.random() * len(others))])


def genetic_search(space: Space, seen: Sequence[Trial], rng: Rng, first: int = 16) -> Params:
    """A child of two of the 8 fittest of all trials so far: the best are never forgotten."""
    if len(seen) < first:
        return random_search(space, seen, rng)
    fittest = sorted(seen, key=lambda trial: trial.error)[:8]
    genes = points_of(space, [trial.params for trial in fittest])
    fitness = np.array([-trial.error for trial in fittest])
    one = tournament(fitness, 2, rng)
    others = np.delete(np.arange(len(fittest)), one)
    x, y = genes[one], genes[others[tournament(fitness[others], 2, rng)]]

    child, is_crossed = x.copy(), rng.random() < 0.9
    if is_crossed:  # numbers are blended; what is categorical is that of one parent
        blended = reflected(blend_crossover(x, y, rng.random(len(x)), 0.5))
        inherited = np.where(rng.random(len(x)) < 0.5, x, y)
        child = np.where(are_categorical(space), inherited, blended)

    mutates = rng.random(len(x)) < 0.5
    if not is_crossed and not mutates.any():
        mutates[rng.integers(len(x))] = True  # rather than a copy of its parent
    for k, parameter in enumerate(space.values()):
        child[k] = mutated(parameter, child[k], genes[:, k], rng) if mutates[k] else child[k]
    return params_at(space, child)


# 7. The main job ----------------------------------------------------------------------------------

def tune(error: Callable, space: Space, searcher: Callable, n: int, seed: int) -> list[Trial]:
    """Try n configurations, which a searcher proposes one after the other; all trials in order."""
    rng, seen = np.random.default_rng(seed), list[Trial]()
    for _ in range(n):
        params = searcher(space, seen, rng)
        seen.append(Trial(params, error(params)))
    return seen


def main() -> None:
    """Tune a network on handwritten digits with each searcher; then test the best one of each."""
    table = np.loadtxt(Path(__file__).with_name("data") / "digits.csv.gz", delimiter=",", dtype=int)
    X, y = table[:, :-1] / 16.0, table[:, -1]
    training, test = k_folds(len(X), 5, np.random.default_rng(0))[0]
    space: Space = {
        "learning_rate": Float(1e-4, 1.0, log=True),
        "l2": Float(1e-6, 1e-2, log=True),
        "optimizer": Choice(("gradient descent", "momentum", "adam")),
    }

    def error(params: Params) -> float:
        return 1.0 - cross_validated(X[training], y[training], Config(**params), k=3, seed=0)
    print("searcher         validated   test   best hyper-parameters")
    for searcher in (grid_search, random_search, bayesian_search, genetic_search):
        trials = tune(error, space, searcher, n=27, seed=0)  # 27 = 3 * 3 * 3, the whole grid
        best = min(trials, key=lambda trial: trial.error)
        config = Config(**best.params)
        theta = fit(X[training], y[training], config, np.random.default_rng(0))
        scores = f"{1.0 - best.error:9.4f} {accuracy(theta, config, X[test], y[test]):6.4f}"
        print(f"{searcher.__name__:<16} {scores}   {best.params}")


if __name__ == "__main__":
    main()
