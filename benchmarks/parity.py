"""Does training here agree with PyTorch and Keras, number by number?

float64, the same initial weights, the same batches, 50 steps. The cases are a pairwise cover: all pairs of optimizers,
penalties, activations, losses, schedules and weight decay (or none) occur. The losses of all steps and the parameters
after the last one must agree within 1e-10, relative to the largest value of the array. If a framework's definition
differs, ours is written in that framework, and the table names what was changed. The exit code is 1 if a difference is
larger.
"""

from __future__ import annotations

import itertools
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark

os.environ["KERAS_BACKEND"] = "jax" if {"jax", "--backend=jax"} & set(sys.argv) else "torch"  # read by its import
os.environ["JAX_ENABLE_X64"] = "1"

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes as keras_dtypes
from torch.nn import functional
from tqdm import tqdm

import scratchtune as st
from scratchtune.core.network.activations import ACTIVATIONS

# For any floatx, Keras's type promotion turns a product in float64 into float32 (except with TensorFlow): the first
# matmul would reduce the precision to 1e-8. Without this one entry, Keras computes in float64, as configured.
keras_dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

TOLERANCE = 1e-10
STEPS, EPOCHS, BATCH_SIZE, ROWS = 50, 10, 16, 72  # four full batches and one of eight rows in each epoch
WIDTHS = (8, 20, 9, 4)  # a wide and a narrow layer, which multiply in different ways, and the outputs
MU, RHO, WEIGHT_DECAY, LEAKY_SLOPE = 0.9, 0.9, 0.02, 0.2
RATES = {"SGD": 0.05, "momentum": 0.02, "Nesterov": 0.02, "RMSprop": 0.004, "RMSprop + momentum": 0.001, "Adam": 0.01}
ADAM_EPSILON, RMSPROP_EPSILON = 1e-8, 1e-7

FACTORS: dict[str, tuple[str, ...]] = {
    "loss": (
        "mse of linear", "mae of linear", "cce of softmax", "sparse cce of softmax", "bce of sigmoid",
        "cce of sigmoid", "bce of softmax", "mse of softmax",
    ),
    "activation": tuple(name for name in ACTIVATIONS if name != "swish"),  # which is "silu"
    "penalty": ("no penalty", "L1", "L2", "L1L2", "L1, no biases", "L2, no biases", "L1L2, no biases"),
    "rate": ("constant", "decay", "InverseTime", "Exponential", "Piecewise", "Cosine", "warm-up + Cosine"),
    "optimizer": tuple(RATES),
    "weight decay": ("", "weight decay"),
}
Case = Mapping[str, str]


def pairwise_cover(factors: Mapping[str, Sequence[str]]) -> list[Case]:
    """Few cases in which every two levels of different factors occur together at least once; greedy, deterministic."""
    levels = {factor: [(factor, level) for level in factors[factor]] for factor in factors}
    open_pairs = {frozenset(pair) for a, b in itertools.combinations(factors, 2)
                  for pair in itertools.product(levels[a], levels[b])}
    cases: list[Case] = []
    while open_pairs:
        chosen = sorted(min(open_pairs, key=sorted))
        for factor in factors:
            if factor not in dict(chosen):
                turn = len(cases) % len(levels[factor])  # ties are broken by taking each level in turn
                candidates = levels[factor][turn:] + levels[factor][:turn]
                chosen.append(max(candidates, key=lambda c: sum(frozenset((c, d)) in open_pairs for d in chosen)))
        open_pairs -= {frozenset(pair) for pair in itertools.combinations(chosen, 2)}
        cases.append({factor: dict(chosen)[factor] for factor in factors})
    return cases


def every_level_once(factors: Mapping[str, Sequence[str]]) -> list[Case]:
    """The fewest cases in which every level occurs."""
    return [{factor: levels[i % len(levels)] for factor, levels in factors.items()}
            for i in range(max(map(len, factors.values())))]


# Common to all three: data, initial weights, numbers of a case --------------------------------------------------------


def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Rows and targets that suit the loss: values, one-hot rows, labels, or zeros and ones."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((ROWS, WIDTHS[0]))
    values = np.tanh(X @ rng.standard_normal((WIDTHS[0], WIDTHS[-1]))) + 0.1 * rng.standard_normal((ROWS, WIDTHS[-1]))
    labels = values.argmax(1)
    kind = case["loss"].split(" of ")[0]
    targets = {"mse": values, "mae": values, "cce": np.eye(WIDTHS[-1])[labels], "sparse cce": labels,
               "bce": (values > 0.0).astype(np.float64)}
    return X, targets[kind]


def batches(X: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The batches of all steps, in order."""
    cut = [(X[i : i + BATCH_SIZE], y[i : i + BATCH_SIZE]) for i in range(0, ROWS, BATCH_SIZE)]
    return [cut[step % len(cut)] for step in range(STEPS)]


def first_weights() -> list[np.ndarray]:
    """Kernels and biases; no bias is zero, so that penalties on biases matter from the first step."""
    rng = np.random.default_rng(2)
    shapes = [shape for pair in itertools.pairwise(WIDTHS) for shape in (pair, (pair[1],))]
    return [rng.standard_normal(shape) * (1.0 / np.sqrt(shape[0]) if len(shape) == 2 else 0.2) for shape in shapes]


def lambdas(case: Case) -> tuple[float, float]:
    """l1 and l2."""
    name = case["penalty"].split(",")[0]
    return (0.003 if name in ("L1", "L1L2") else 0.0), (0.005 if name in ("L2", "L1L2") else 0.0)


def with_biases(case: Case) -> bool:
    """Whether the penalty includes the biases."""
    return "no biases" not in case["penalty"]


def schedule(case: Case, schedules: Any) -> Any:
    """The learning rate from ``schedules``, ours or Keras's, which have the same names and arguments."""
    rate = RATES[case["optimizer"]]
    return {
        "constant": lambda: rate,
        "decay": lambda: schedules.InverseTimeDecay(rate, 1, 0.03),
        "InverseTime": lambda: schedules.InverseTimeDecay(rate, 7, 0.3, staircase=True),
        "Exponential": lambda: schedules.ExponentialDecay(rate, 20, 0.5),
        "Piecewise": lambda: schedules.PiecewiseConstantDecay([10, 30], [rate, rate / 2, rate / 4]),
        "Cosine": lambda: schedules.CosineDecay(rate, 60, alpha=0.1),
        "warm-up + Cosine": lambda: schedules.CosineDecay(0.0, 30, alpha=0.1, warmup_target=rate, warmup_steps=10),
    }[case["rate"]]()


class Followed(NamedTuple):
    """The losses of all steps, the final parameters, and what was changed in the framework's definition."""

    losses: np.ndarray
    parameters: list[np.ndarray]
    variant: str = ""


# Ours -----------------------------------------------------------------------------------------------------------------


def our_model(case: Case) -> st.Sequential:
    """The case's network with the common first weights."""
    output = case["loss"].split(" of ")[1]
    hidden = [st.Dense(width, case["activation"]) for width in WIDTHS[1:-1]]
    model = st.Sequential([*hidden, st.Dense(WIDTHS[-1], output)], "float64")
    options: dict[str, Any] = {"learning_rate": schedule(case, st.schedules)}
    if case["rate"] == "decay":
        options = {"learning_rate": RATES[case["optimizer"]], "decay": 0.03}
    options["weight_decay"] = WEIGHT_DECAY if case["weight decay"] else 0.0
    optimizer = {
        "SGD": lambda: st.SGD(**options), "momentum": lambda: st.SGD(momentum=MU, **options),
        "Nesterov": lambda: st.SGD(momentum=MU, nesterov=True, **options),
        "RMSprop": lambda: st.RMSprop(rho=RHO, **options),
        "RMSprop + momentum": lambda: st.RMSprop(rho=RHO, momentum=MU, **options), "Adam": lambda: st.Adam(**options),
    }[case["optimizer"]]()
    l1, l2 = lambdas(case)
    model.compile(optimizer, loss_name(case), penalty=st.L1L2(l1, l2, biases=with_biases(case)))
    model.build((None, WIDTHS[0]))
    model.set_weights(first_weights())
    return model


def loss_name(case: Case) -> str:
    """The name of the loss, the same here and in Keras."""
    names = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy",
             "cce": "categorical_crossentropy", "sparse cce": "sparse_categorical_crossentropy"}
    return names[case["loss"].split(" of ")[0]]


def follow_ours(case: Case) -> Followed:
    """The losses step by step; the parameters of a second model, trained by one call of fit."""
    X, y = data(case)
    model, whole = our_model(case), our_model(case)
    losses = [model.fit(*batch, BATCH_SIZE, verbose=0, shuffle=False).history["loss"][0] for batch in batches(X, y)]
    whole.fit(X, y, BATCH_SIZE, epochs=EPOCHS, verbose=0, shuffle=False)
    np.testing.assert_allclose(whole.theta, model.theta, rtol=1e-13, atol=1e-15)
    return Followed(np.array(losses), whole.get_weights())


# PyTorch --------------------------------------------------------------------------------------------------------------


class ByHand(torch.optim.Optimizer):
    """Our update rule for an optimizer whose definition in PyTorch differs."""

    def __init__(self, parameters: Any, lr: float, rule: Callable[..., None]) -> None:
        super().__init__(parameters, {"lr": lr})
        self.rule = rule

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                self.rule(p, p.grad, self.state[p], group["lr"])


def momentum_rule(p: Any, g: Any, state: dict[str, Any], lr: float) -> None:
    state["velocity"] = MU * state.get("velocity", 0.0) - lr * g
    p.add_(state["velocity"])


def nesterov_rule(p: Any, g: Any, state: dict[str, Any], lr: float) -> None:
    state["velocity"] = MU * state.get("velocity", 0.0) - lr * g
    p.add_(MU * state["velocity"] - lr * g)


def rmsprop_rule(p: Any, g: Any, state: dict[str, Any], lr: float) -> None:
    state["square"] = RHO * state.get("square", 0.0) + (1.0 - RHO) * g**2
    p.sub_(lr * g / torch.sqrt(state["square"] + RMSPROP_EPSILON))


def rmsprop_momentum_rule(p: Any, g: Any, state: dict[str, Any], lr: float) -> None:
    state["square"] = RHO * state.get("square", 0.0) + (1.0 - RHO) * g**2
    state["velocity"] = MU * state.get("velocity", 0.0) + lr * g / torch.sqrt(state["square"] + RMSPROP_EPSILON)
    p.sub_(state["velocity"])


def torch_optimizer(case: Case, parameters: list[Any]) -> tuple[torch.optim.Optimizer, str]:
    """PyTorch's optimizer if its definition is ours, else ours by hand; and what differs."""
    name, rate = case["optimizer"], RATES[case["optimizer"]]
    if name == "Adam":
        if case["weight decay"]:
            return torch.optim.AdamW(parameters, rate, eps=ADAM_EPSILON, weight_decay=WEIGHT_DECAY), "AdamW"
        return torch.optim.Adam(parameters, rate, eps=ADAM_EPSILON), ""
    if name == "SGD":
        return torch.optim.SGD(parameters, rate), ""
    if name in ("momentum", "Nesterov"):
        if case["rate"] == "constant":
            return torch.optim.SGD(parameters, rate, MU, nesterov=name == "Nesterov"), ""
        rule = momentum_rule if name == "momentum" else nesterov_rule
        return ByHand(parameters, rate, rule), "rate inside the velocity"
    if name == "RMSprop":
        return ByHand(parameters, rate, rmsprop_rule), "epsilon under the root"
    return ByHand(parameters, rate, rmsprop_momentum_rule), "epsilon under the root, rate inside the velocity"


def torch_schedule(case: Case, optimizer: torch.optim.Optimizer) -> tuple[Any, str]:
    """PyTorch's schedule if there is one; and what differs."""
    from torch.optim import lr_scheduler as ready

    rate = RATES[case["optimizer"]]
    warm_up = np.array([min(t / 10.0, 1.0) for t in range(STEPS + 1)])
    wave = np.array([0.1 + 0.45 * (1.0 + np.cos(np.pi * min(max(t - 10, 0) / 30.0, 1.0))) for t in range(STEPS + 1)])
    return {
        "constant": lambda: (None, ""),
        "decay": lambda: (ready.LambdaLR(optimizer, lambda t: 1.0 / (1.0 + 0.03 * t)), "LambdaLR"),
        "InverseTime": lambda: (ready.LambdaLR(optimizer, lambda t: 1.0 / (1.0 + 0.3 * (t // 7))), "LambdaLR"),
        "Exponential": lambda: (ready.ExponentialLR(optimizer, 0.5 ** (1.0 / 20.0)), ""),
        "Piecewise": lambda: (ready.MultiStepLR(optimizer, [11, 31], 0.5), ""),
        "Cosine": lambda: (ready.CosineAnnealingLR(optimizer, 60, 0.1 * rate), ""),
        "warm-up + Cosine": lambda: (ready.LambdaLR(optimizer, lambda t: warm_up[t] * wave[t]), "LambdaLR"),
    }[case["rate"]]()


TORCH_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    name: getattr(functional, name) for name in FACTORS["activation"]
    if name not in ("linear", "leaky_relu", "softmax")}
TORCH_ACTIVATIONS |= {
    "linear": lambda z: z, "leaky_relu": lambda z: functional.leaky_relu(z, LEAKY_SLOPE),
    "softmax": lambda z: torch.softmax(z, 1),
}
TORCH_LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "mse of linear": functional.mse_loss, "mae of linear": functional.l1_loss,
    "cce of softmax": functional.cross_entropy, "sparse cce of softmax": functional.cross_entropy,
    "bce of sigmoid": functional.binary_cross_entropy_with_logits,
    "cce of sigmoid": lambda z, t: -(t * torch.log(torch.sigmoid(z) / torch.sigmoid(z).sum(1, True))).sum(1).mean(),
    "bce of softmax": lambda z, t: functional.binary_cross_entropy(torch.softmax(z, 1), t),
    "mse of softmax": lambda z, t: functional.mse_loss(torch.softmax(z, 1), t),
}


def follow_torch(case: Case) -> Followed:
    """The same training in PyTorch: autograd's gradients, its losses, its optimizers if they are defined as ours."""
    parameters = [torch.tensor(weight, requires_grad=True) for weight in first_weights()]
    optimizer, variant = torch_optimizer(case, parameters)
    scheduler, ready = torch_schedule(case, optimizer)
    by_hand = bool(case["weight decay"]) and case["optimizer"] != "Adam"
    variants = [variant, ready, "decay before the step, not in the gradient" if by_hand else ""]
    variants.append("slope 0.2" if case["activation"] == "leaky_relu" else "")
    variants.append("outputs divided by their sum" if case["loss"] == "cce of sigmoid" else "")
    variants.append("penalty in the loss" if any(lambdas(case)) else "")
    losses = []
    for x, t in batches(*data(case)):
        value = torch_objective(case, parameters, torch.from_numpy(x), torch.from_numpy(t))
        optimizer.zero_grad()
        value.backward()
        if by_hand:
            with torch.no_grad():
                for p in parameters:
                    p.mul_(1.0 - optimizer.param_groups[0]["lr"] * WEIGHT_DECAY)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        losses.append(value.item())
    return Followed(np.array(losses), [p.detach().numpy() for p in parameters], "; ".join(filter(None, variants)))


def torch_objective(case: Case, parameters: list[Any], x: Any, t: Any) -> Any:
    """J in PyTorch: the loss and the penalty."""
    activation = TORCH_ACTIVATIONS[case["activation"]]
    for i in range(0, len(parameters) - 2, 2):
        x = activation(x @ parameters[i] + parameters[i + 1])
    value = TORCH_LOSSES[case["loss"]](x @ parameters[-2] + parameters[-1], t)
    l1, l2 = lambdas(case)
    for p in parameters if with_biases(case) else parameters[::2]:
        value = value + l1 * p.abs().sum() + l2 * p.square().sum()
    return value


# Keras ----------------------------------------------------------------------------------------------------------------


class PaperAdam(keras.optimizers.Adam):
    """Keras's Adam with an epsilon that grows with the step, which makes it the paper's Algorithm 1."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        given = self.epsilon  # type: ignore[has-type]
        step = keras.ops.cast(self.iterations + 1, variable.dtype)
        self.epsilon = given * keras.ops.sqrt(1.0 - keras.ops.power(keras.ops.cast(self.beta_2, variable.dtype), step))
        super().update_step(gradient, variable, learning_rate)
        self.epsilon = given


def keras_optimizer(case: Case, adam: Any) -> tuple[Any, str]:
    """Keras's optimizer, with its schedules and weight decay; and what differs."""
    options = {"learning_rate": schedule(case, keras.optimizers.schedules),
               "weight_decay": WEIGHT_DECAY if case["weight decay"] else None}
    variant = "InverseTimeDecay(decay_steps=1)" if case["rate"] == "decay" else ""
    ready = keras.optimizers
    made = {
        "SGD": lambda: ready.SGD(**options), "momentum": lambda: ready.SGD(momentum=MU, **options),
        "Nesterov": lambda: ready.SGD(momentum=MU, nesterov=True, **options),
        "RMSprop": lambda: ready.RMSprop(rho=RHO, epsilon=RMSPROP_EPSILON, **options),
        "RMSprop + momentum": lambda: ready.RMSprop(rho=RHO, momentum=MU, epsilon=RMSPROP_EPSILON, **options),
        "Adam": lambda: adam(epsilon=ADAM_EPSILON, **options),
    }[case["optimizer"]]()
    epsilon = "epsilon times sqrt(1 - beta_2^t)" if case["optimizer"] == "Adam" else ""
    return made, "; ".join(filter(None, [epsilon, variant]))


def follow_keras(case: Case, adam: Any = PaperAdam) -> Followed:
    """The same training by Keras's train_on_batch."""
    l1, l2 = lambdas(case)
    penalty = keras.regularizers.L1L2(l1, l2) if l1 or l2 else None
    options = {"kernel_regularizer": penalty, "bias_regularizer": penalty if with_biases(case) else None}
    output = case["loss"].split(" of ")[1]
    activations = [*[case["activation"]] * (len(WIDTHS) - 2), output]
    layers = [keras.layers.Dense(width, name, **options) for width, name in zip(WIDTHS[1:], activations, strict=True)]
    model = keras.Sequential([keras.Input((WIDTHS[0],)), *layers])
    optimizer, variant = keras_optimizer(case, adam)
    model.compile(optimizer, loss_name(case))
    model.set_weights(first_weights())
    losses = []
    for x, t in batches(*data(case)):
        model.reset_metrics()  # otherwise it returns the mean over all steps so far
        losses.append(float(model.train_on_batch(x, t)))
    variant = "; ".join(filter(None, [variant, "bias_regularizer too" if penalty and with_biases(case) else ""]))
    return Followed(np.array(losses), model.get_weights(), variant)


# The comparison -------------------------------------------------------------------------------------------------------


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, relative to the largest value; infinite for NaN."""
    largest = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    return largest if np.isfinite(largest) else float("inf")


def described(case: Case) -> str:
    """A case on one line."""
    rate = "" if case["rate"] == "constant" else case["rate"]
    return ", ".join(filter(None, [case["optimizer"], rate, case["weight decay"], case["penalty"].replace(",", ""),
                                   case["activation"], case["loss"]]))


def compare(case: Case) -> list[tuple[list[str], float]]:
    """A row of the table for each framework, and the larger of its two differences."""
    ours, rows = follow_ours(case), []
    for name, follow in (("PyTorch", follow_torch), (f"Keras on {keras.backend.backend()}", follow_keras)):
        theirs = follow(case)
        losses = difference(ours.losses, theirs.losses)
        parameters = max(difference(a, b) for a, b in zip(ours.parameters, theirs.parameters, strict=True))
        worst = max(losses, parameters)
        mark = "" if worst <= TOLERANCE else "FAIL"
        rows.append(([described(case), name, f"{losses:.1e}", f"{parameters:.1e}", mark, theirs.variant], worst))
    return rows


def control() -> float:
    """The difference of Keras's Adam with its own epsilon: shows that the comparison detects a small variant."""
    case = dict.fromkeys(FACTORS, "") | {
        "loss": "mse of linear", "activation": "tanh", "penalty": "no penalty", "rate": "constant", "optimizer": "Adam"}
    own = follow_keras(case, keras.optimizers.Adam)
    return max(difference(a, b) for a, b in zip(follow_ours(case).parameters, own.parameters, strict=True))


def measure(given: Namespace) -> list[tuple[list[str], float]]:
    """The table's cells of each case and framework, and the largest difference."""
    keras.config.set_floatx("float64")
    cases = every_level_once(FACTORS) if given.quick else pairwise_cover(FACTORS)
    return [row for case in tqdm(cases, desc="comparing", unit="case", disable=None) for row in compare(case)]


def report(rows: list[tuple[list[str], float]], _: Namespace) -> list[str]:
    """All differences, and the bar."""
    close, worst = sum(worst <= TOLERANCE for _, worst in rows), max(worst for _, worst in rows)
    return [
        f"float64, network {'-'.join(map(str, WIDTHS))}, {STEPS} steps with batches of {BATCH_SIZE} of {ROWS} rows; "
        f"{len({cells[0] for cells, _ in rows})} cases. Differences are relative to the largest value of the array: "
        "over the losses of all steps, and over the parameters after the last one.",
        "Keras runs without its promotion table's entry float64 -> float32; with it, it would multiply in float32.",
        harness.table(
            ["case", "framework", "losses", "parameters", "", "variant"], [cells for cells, _ in rows], "llrrll"),
        harness.verdict(close == len(rows), f"{close} of {len(rows)} within {TOLERANCE:g}; the largest difference is "
                        f"{worst:.1e}. As a control, Keras's Adam with its epsilon where Keras places it ends "
                        f"{control():.1e} away.")]


ANSWER = (
    "Won: 130 of 130 trainings in float64 end where those of PyTorch and Keras do, with a largest difference of "
    "9.4e-15; lost: where a framework's definition differs, such as Keras's epsilon in Adam, ours had to be written "
    "in it.")
BENCHMARK = Benchmark(
    "Parity with PyTorch and Keras", measure, report, ("torch", "keras", "jax"),
    quick="only as many cases as it takes to have every level once",
    options={"--backend": {"choices": ("torch", "jax"), "default": "torch", "help": "Keras's; jax takes minutes"}})
