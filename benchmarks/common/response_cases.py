"""Functions of hyper-parameters whose responses are known: smooth ones, and metrics with a bound where training fails.

Each is a function of arrays, one for each parameter, so that its curves and shares can be computed by brute force. A
parameter of a condition that does not hold has any value, and no effect. Scores and losses are made up, after what
networks do: too small a learning rate undertrains, too large a one diverges, to a chance level or to part of the score.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

import scratchtune as st

BASE, CURVE_NODES = 4096, 64  # random points of the space and values of a parameter, for curves and main effects
PAIR_BASE, PAIR_NODES = 512, 20
G = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])


class Case(NamedTuple):
    """A function, its space and direction, the standard deviation of the noise, the trials, and what it is for."""

    function: Callable[..., np.ndarray]
    space: dict[str, Any]
    direction: str = "maximize"
    noise: float = 0.005
    trials: int = 60
    kind: str = "bounded"
    is_chosen_on: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as objects, by name."""
        return dict(st.Study(self.space).space.parameters)

    def study(self, searcher: str, seed: int) -> st.Study:
        """A study; noise is added to each value, and scores stay in 0 to 1."""
        absent = {name: getattr(one, "low", None) for name, one in self.parameters.items()}

        def objective(trial: st.Trial) -> float:
            value = float(self.function(**{name: np.asarray(one) for name, one in (absent | trial.params).items()}))
            noisy = value + self.noise * np.random.default_rng(trial.seed).standard_normal()
            return float(np.clip(noisy, -1.0, 1.0)) if self.noise and self.direction == "maximize" else noisy

        study = st.Study(self.space, searcher=searcher, direction=self.direction, seed=seed)
        return study.run(objective, n_trials=self.trials, progress=False)


def logistic(z: Any) -> Any:
    """1 / (1 + exp(−z))."""
    return 1.0 / (1.0 + np.exp(-np.clip(z, -60.0, 60.0)))


# Smooth --------------------------------------------------------------------------------------------------------------


def ishigami(x0: Any, x1: Any, x2: Any) -> Any:
    """Ishigami's function with a = 7, b = 0.1."""
    x, y, z = (np.pi * (2.0 * u - 1.0) for u in (x0, x1, x2))
    return np.sin(x) + 7.0 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def sobol_g(**x: Any) -> Any:
    """Sobol's g function of six parameters."""
    return np.prod([(np.abs(4.0 * u - 2.0) + a) / (1.0 + a) for u, a in zip(x.values(), G, strict=True)], axis=0)


def additive(x0: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
    """A sum of a line, half a wave, an exponential, a parabola and nothing."""
    return 3.0 * x0 + 2.0 * np.sin(np.pi * x1) + np.exp(x2) + 2.0 * (x3 - 0.5) ** 2 + 0.0 * x4


def friedman(x0: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
    """Friedman's first function."""
    return 10.0 * np.sin(np.pi * x0 * x1) + 20.0 * (x2 - 0.5) ** 2 + 10.0 * x3 + 5.0 * x4


def branin(x0: Any, x1: Any) -> Any:
    """Branin's function."""
    x, y = 15.0 * x0 - 5.0, 15.0 * x1
    return (y - 5.1 / (4.0 * np.pi**2) * x**2 + 5.0 / np.pi * x - 6.0) ** 2 + 10.0 * (1.0 - 1.0 / (
        8.0 * np.pi)) * np.cos(x) + 10.0


# Bounded, looked at while the model was chosen -----------------------------------------------------------------------


def cliff(learning_rate: Any, batch_size: Any, momentum: Any) -> Any:
    """Accuracy falls to 0.1 above a learning rate that depends on momentum and batch size."""
    rate = np.log10(learning_rate) - np.log10(1.0 - momentum)
    good = 0.98 - 0.03 * np.abs(np.log10(batch_size / 64.0)) - 0.6 * logistic(-2.0 * (rate + 2.8))
    return np.where(rate > -0.6 + 0.5 * np.log10(batch_size / 32.0), 0.1, good)


def conditional(optimizer: Any, momentum: Any, learning_rate: Any, units: Any) -> Any:
    """Adam fails at smaller learning rates than SGD, and only SGD has a momentum; the fall is steep, not a jump."""
    is_adam, rate = optimizer == "adam", np.log10(learning_rate)
    rate = np.where(is_adam, rate + 1.0, rate - np.log10(1.0 - momentum))
    good = 0.97 - 0.02 * np.log2(128.0 / units) / 3.0 - 0.5 * logistic(-2.5 * (rate + 2.6))
    return 0.1 + (good - 0.1) * logistic(-6.0 * (rate + 0.2 - 0.2 * is_adam))


def saturation(learning_rate: Any, units: Any, epochs: Any, l2: Any, dropout: Any) -> Any:
    """Accuracy saturates below 0.985 with units and epochs; strong penalties and large rates lose most of it."""
    rate = np.log10(learning_rate)
    fit = (1.0 - np.exp(-units * (1.0 - dropout) / 12.0)) * (1.0 - np.exp(-epochs * 10.0 ** (rate + 2.2) / 3.0))
    kept = 0.885 * fit * (1.0 - 0.8 * logistic(4.0 * (np.log10(l2) + 1.3)))
    return 0.1 + kept * logistic(-12.0 * (rate + 0.7))


def plateaus(activation: Any, learning_rate: Any, layers: Any, init: Any) -> Any:
    """Failures have three levels: chance, 0.2 for deep sigmoids, 0.37 at learning rates above 0.1."""
    rate, is_sigmoid = np.log10(learning_rate), activation == "sigmoid"
    found = np.where(rate > -1.0, 0.37, 0.95 - 0.01 * (rate + 2.0) ** 2 - 0.01 * np.abs(layers - 2))
    found = np.where(is_sigmoid & (layers >= 3), 0.2, found)
    found = np.where((activation == "relu") & (rate > -0.5 + 0.2 * (1.0 - init)), 0.1, found)
    return np.where((rate > -0.3) & ~is_sigmoid, 0.1, found)


def cross_entropy(learning_rate: Any, decay: Any, batch_size: Any, augment: Any) -> Any:
    """A loss, at most log(10), which it is where training diverges."""
    rate = np.log10(learning_rate) - 0.5 * np.log10(batch_size / 64.0)
    found = 0.06 + 0.25 * np.maximum(0.0, -rate - 2.0) ** 1.5 + 1.2 * logistic(5.0 * (np.log10(decay) + 1.5))
    found = found + 0.05 * logistic(3.0 * (-4.0 - np.log10(decay))) * (augment == "none")
    return np.minimum(np.where(rate > -0.9, np.log(10.0), found), np.log(10.0))


# Bounded, not looked at before the report ----------------------------------------------------------------------------


def warm_up(norm: Any, learning_rate: Any, warmup: Any, layers: Any) -> Any:
    """Deep post-norm networks diverge at rates above 0.001 unless there is a warm-up, pre-norm ones much later."""
    rate = np.log10(learning_rate)
    edge = np.where(norm == "post", -3.2 + 2.5 * warmup - 0.05 * layers, -1.7)
    good = np.maximum(0.93 - 0.06 * (rate + 3.0) ** 2 + 0.012 * np.log2(layers), 0.3)
    return np.where(rate > edge, 0.05, good)


def error_rate(learning_rate: Any, width: Any, dropout: Any, weight_decay: Any) -> Any:
    """An error rate from 0.03 to 0.9: small or dropped-out networks underfit, decay times rate collapses them."""
    rate, small = np.log10(learning_rate), np.exp(-width * (1.0 - dropout) ** 1.5 / 20.0)
    collapse = logistic(8.0 * (np.log10(weight_decay) + 0.5 * rate + 2.0))
    kept = (1.0 - small) * (1.0 - collapse) * logistic(4.0 * (rate + 3.3)) * (rate < -0.4)
    return 0.9 - 0.87 * kept


def recurrent(clipping: Any, clipnorm: Any, learning_rate: Any, length: Any) -> Any:
    """Without clipping gradients explode on long sequences; with it, a small norm only slows training."""
    rate, is_clipped = np.log10(learning_rate), clipping == "norm"
    speed = rate + np.where(is_clipped, 0.4 * np.minimum(np.log10(clipnorm), 0.0), 0.0)
    good = 0.9 - 0.55 * logistic(-3.0 * (speed + 2.8)) - 0.001 * length
    edge = np.where(is_clipped, -0.6, -1.2 - 0.012 * length)
    return np.where(rate > edge, np.where(is_clipped, 0.45, 0.04), good)


def r_squared(learning_rate: Any, momentum: Any, batch_size: Any, scaling: Any) -> Any:
    """A coefficient of determination, cut at −1: unscaled inputs diverge at learning rates 30 times smaller."""
    rate = np.log10(learning_rate) - 0.7 * np.log10(1.0 - momentum) - 0.3 * np.log10(batch_size / 64.0)
    rate = rate + np.where(scaling == "none", 1.5, 0.0)
    found = 0.9 * logistic(2.5 * (rate + 2.5)) - 0.15 * (scaling == "none")
    return np.maximum(found - 8.0 * np.maximum(rate + 0.6, 0.0), -1.0)


def lost_classes(learning_rate: Any, init: Any, batch_norm: Any, layers: Any) -> Any:
    """A staircase: with each class that dead units lose, the accuracy falls by 0.1."""
    stress = 3.0 * (np.log10(learning_rate) + 1.8) + 2.0 * np.abs(np.log2(init)) + 0.7 * (layers - 2)
    lost = np.clip(np.floor(np.where(batch_norm == "yes", 0.4, 1.0) * stress), 0.0, 9.0)
    return (0.97 - 0.4 * logistic(-3.0 * (np.log10(learning_rate) + 3.2))) * (1.0 - lost / 10.0)


RATE = st.Float(1e-4, 1.0, log=True)


def units(d: int) -> dict[str, Any]:
    """Ranges from 0 to 1."""
    return {f"x{j}": st.Float(0.0, 1.0) for j in range(d)}


CASES = {
    "Ishigami": Case(ishigami, units(3), "minimize", 0.0, 100, "smooth", True),
    "Sobol's g": Case(sobol_g, units(6), "minimize", 0.0, 100, "smooth", True),
    "a sum": Case(additive, units(5), "minimize", 0.0, 60, "smooth", True),
    "Friedman": Case(friedman, units(5), "minimize", 0.0, 100, "smooth"),
    "Branin": Case(branin, units(2), "minimize", 0.0, 60, "smooth"),
    "cliff": Case(cliff, {"learning_rate": RATE, "batch_size": st.Int(8, 256, log=True),
                          "momentum": st.Float(0.0, 0.99)}, is_chosen_on=True),
    "conditional": Case(conditional, {
        "optimizer": ["adam", "sgd"], "momentum": st.Float(0.0, 0.99, when={"optimizer": "sgd"}),
        "learning_rate": RATE, "units": st.Int(16, 128, log=True)}, is_chosen_on=True),
    "saturation": Case(saturation, {
        "learning_rate": RATE, "units": st.Int(4, 128, log=True), "epochs": st.Int(2, 20),
        "l2": st.Float(1e-6, 1.0, log=True), "dropout": st.Float(0.0, 0.7)}, is_chosen_on=True),
    "plateaus": Case(plateaus, {"activation": ["relu", "tanh", "sigmoid"], "learning_rate": RATE,
                                "layers": st.Int(1, 4), "init": st.Float(0.0, 2.0)}, is_chosen_on=True),
    "cross-entropy": Case(cross_entropy, {
        "learning_rate": RATE, "decay": st.Float(1e-6, 1.0, log=True), "batch_size": st.Int(16, 512, log=True),
        "augment": ["none", "flip", "crop"]}, "minimize", is_chosen_on=True),
    "warm-up": Case(warm_up, {"norm": ["pre", "post"], "learning_rate": st.Float(1e-5, 1e-1, log=True),
                              "warmup": st.Float(0.0, 0.5), "layers": st.Int(1, 12)}),
    "error rate": Case(error_rate, {"learning_rate": RATE, "width": st.Int(8, 512, log=True),
                                    "dropout": st.Float(0.0, 0.9), "weight_decay": st.Float(1e-6, 1.0, log=True)},
                       "minimize"),
    "recurrent": Case(recurrent, {
        "clipping": ["none", "norm"], "clipnorm": st.Float(0.01, 10.0, log=True, when={"clipping": "norm"}),
        "learning_rate": RATE, "length": st.Int(10, 100)}),
    "R squared": Case(r_squared, {"learning_rate": RATE, "momentum": st.Float(0.0, 0.99),
                                  "batch_size": [16, 64, 256], "scaling": ["standard", "none"]}),
    "lost classes": Case(lost_classes, {"learning_rate": RATE, "init": st.Float(0.25, 4.0, log=True),
                                        "batch_norm": ["yes", "no"], "layers": st.Int(1, 6)}),
}


# The truth by brute force --------------------------------------------------------------------------------------------


def columns(case: Case, cube: np.ndarray) -> dict[str, np.ndarray]:
    """The values of each parameter at points of the unit cube."""
    return {name: np.array([one.from_unit(float(u)) for u in cube[:, j]])
            for j, (name, one) in enumerate(case.parameters.items())}


@cache
def _base(name: str) -> dict[str, np.ndarray]:
    case = CASES[name]
    return columns(case, np.random.default_rng(1).random((BASE, len(case.space))))


def curve(name: str, parameter: str, values: list[Any]) -> np.ndarray:
    """The true mean over all other parameters at each value of one, without noise."""
    return np.array([CASES[name].function(**_base(name) | {parameter: np.full(BASE, value)}).mean()
                     for value in values])


def _nodes(parameter: Any, most: int) -> list[Any]:
    """Values that represent a parameter, each for an equal part of the unit interval."""
    count = parameter.count if isinstance(parameter, st.Categorical) else most
    return [parameter.from_unit((k + 0.5) / count) for k in range(count)]


@cache
def truth(name: str) -> dict[Any, float]:
    """The shares of all parameters and pairs in the variance of the function over its space."""
    case, base = CASES[name], _base(name)
    total = float(case.function(**base).var())
    shares: dict[Any, float] = {one: float(curve(name, one, _nodes(parameter, CURVE_NODES)).var()) / total
                                for one, parameter in case.parameters.items()}
    few = {one: column[:PAIR_BASE] for one, column in base.items()}
    for first, second in combinations(case.parameters, 2):
        at = [_nodes(case.parameters[one], PAIR_NODES) for one in (first, second)]
        table = np.array([[case.function(**few | {first: np.full(PAIR_BASE, a), second: np.full(PAIR_BASE, b)}).mean()
                           for b in at[1]] for a in at[0]])
        inner = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
        shares[first, second] = float((inner**2).mean()) / total
    return shares
