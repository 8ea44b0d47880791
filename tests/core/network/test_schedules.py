"""Schedules: learning rates by hand, how they fall, the steps that an optimizer asks for; the oracle is Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import schedules
from scratchtune.core.network.optimizers import SGD

CASES: list[tuple[str, dict[str, Any]]] = [
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [10, 20], "values": [0.1, 0.01, 0.001]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.2}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "end_learning_rate": 0.0, "power": 2.0}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 20, "warmup_target": 0.1, "warmup_steps": 5}),
]
IDS = [f"{name}-{number}" for number, (name, _) in enumerate(CASES)]


def test_learning_rates_by_hand() -> None:
    inverse = schedules.InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5)
    assert [inverse(0), inverse(10), inverse(20)] == pytest.approx([0.1, 0.1 / 1.5, 0.1 / 2])
    exponential = schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    assert [exponential(0), exponential(10), exponential(30)] == pytest.approx([0.1, 0.05, 0.0125])
    stairs = schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5, staircase=True)
    assert [stairs(0), stairs(9), stairs(10), stairs(19)] == pytest.approx([0.1, 0.1, 0.05, 0.05])
    cosine = schedules.CosineDecay(0.1, decay_steps=20)
    assert [cosine(0), cosine(10), cosine(20), cosine(99)] == pytest.approx([0.1, 0.05, 0.0, 0.0], abs=1e-17)


def test_a_boundary_still_has_the_rate_before_it() -> None:
    piecewise = schedules.PiecewiseConstantDecay([10, 20], [0.1, 0.01, 0.001])
    assert [piecewise(step) for step in (0, 10, 11, 20, 21)] == [0.1, 0.1, 0.01, 0.01, 0.001]


def test_a_warm_up_rises_to_its_target_and_falls_from_there() -> None:
    schedule = schedules.CosineDecay(0.0, decay_steps=20, warmup_target=0.1, warmup_steps=5)
    rates = [schedule(step) for step in range(26)]
    assert rates[:6] == pytest.approx([0.0, 0.02, 0.04, 0.06, 0.08, 0.1]) and (np.diff(rates[5:]) < 0.0).all()


def test_waves_of_a_cosine_of_a_logarithm_by_hand() -> None:
    """Four waves over 150 steps: at 10, 30, 70 and 150 the rate is 0 again, at each peak it is the largest.

    A peak is where log2(1 + 15 t) is k + 1/2, so t = (2^(k + 1/2) - 1) / 15.
    """
    schedule = schedules.CosineLogDecay(0.1, decay_steps=150)
    assert [schedule(step) for step in (0, 10, 30, 70, 150, 999)] == pytest.approx([0.0] * 6, abs=1e-15)
    finely = schedules.CosineLogDecay(0.1, decay_steps=15_000_000)
    assert [finely(round(1e6 * (2.0 ** (k + 0.5) - 1.0))) for k in range(4)] == pytest.approx([0.1] * 4, rel=1e-9)


def test_an_optimizer_goes_on_where_it_was() -> None:
    optimizer = SGD(schedules.ExponentialDecay(0.1, 10, 0.5), decay=0.1)
    whole = optimizer.rates(0, 7)
    assert np.concatenate([optimizer.rates(0, 3), optimizer.rates(3, 4)]).tolist() == whole.tolist()
    assert whole[2] == pytest.approx(0.1 * 0.5**0.2 / (1 + 0.1 * 2))


def test_training_takes_the_schedules_rates() -> None:
    """One weight, gradient always 1: theta is minus the sum of the rates of all steps, over two calls of fit."""
    model = st.Sequential([st.Dense(1, use_bias=False, kernel_initializer="zeros")], dtype="float64")
    model.compile(SGD(schedules.PiecewiseConstantDecay([1], [0.5, 0.25])), "mean_absolute_error")
    X, y = np.ones((2, 1)), np.full(2, -100.0)
    model.fit(X, y, batch_size=1, epochs=1)
    assert model.theta.tolist() == [-1.0]
    model.fit(X, y, batch_size=1, epochs=1)
    assert model.theta.tolist() == [-1.5]


@pytest.mark.parametrize("name, arguments", CASES, ids=IDS)
def test_rates_are_those_of_keras(name: str, arguments: dict[str, Any], keras: Any) -> None:
    theirs = getattr(keras.optimizers.schedules, name)(**arguments)
    ours = getattr(schedules, name)(**arguments)
    for step in (0, 1, 4, 5, 9, 10, 11, 19, 20, 21, 25, 26, 40):
        assert ours(step) == pytest.approx(float(keras.ops.convert_to_numpy(theirs(step))), rel=1e-5, abs=1e-8), step


@pytest.mark.parametrize("make, message", [
    (lambda: schedules.InverseTimeDecay(-0.1, 10, 0.5), "initial_learning_rate is -0.1"),
    (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps is 0"),
    (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), "values has 1 entries and boundaries 1"),
    (lambda: schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]), "must be in ascending order"),
    (lambda: schedules.CosineDecay(0.1, 10, alpha=2.0), "alpha is 2.0"),
])
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
