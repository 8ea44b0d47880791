"""The rules of a diagnosis, each on both sides of what it asks for, with the numbers that it says."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scratchtune.insight import findings as rules
from scratchtune.insight.findings import Activity, Observed

EPOCHS = np.arange(20)
LINE, EVEN, FAST = 1.0 - 0.004 * EPOCHS, np.ones(20), 0.9**EPOCHS
DEAD = [Activity("Dense 1", "relu", 8, 0.1, 0.0, 1.0), Activity("Dense 2", "relu", 4, 0.5, 0.0, 1.0)]
FULL = [Activity("Dense 1", "tanh", 8, 0.0, 0.1, 1.0), Activity("Dense 2", "tanh", 4, 0.0, 0.5, 0.01)]


def seen(loss: Any, val_loss: Any = None, **given: Any) -> Observed:
    rest = {"accuracies": (math.nan, math.nan), "scale": 1.0, "known": True, "guessing": False, "units": [],
            "penalty": False, "moved": None}
    curves = [None if curve is None else np.array(curve, float) for curve in (loss, val_loss)]
    return Observed(*curves, **rest | given)


@pytest.mark.parametrize(("rule", "observed", "said"), [
    (rules.guessing, seen([1.0, 0.8, 0.76], guessing=True), "in 3 epochs the loss was never below 76% .* still falls"),
    (rules.guessing, seen([0.8] * 4, guessing=True), "it is flat"),
    (rules.guessing, seen([1.0, 0.8, 0.74], guessing=True), None),
    (rules.guessing, seen([1.0, 0.8, 0.76], [1.0, 0.9, 0.7], guessing=True), None),
    (rules.guessing, seen([1.0, 0.8, 0.76]), None),
    (rules.guessing, seen([1.0, 0.8, 0.76], guessing=True, penalty=True), None),
    (rules.bouncing, seen([1.0, 0.9, 0.94, 0.8, 0.84]), "rises in 50% .* by 0.02 times the loss of a .*limit 0.015"),
    (rules.bouncing, seen([1.0, 0.9, 0.94, 0.8, 0.84], [5.0, 4.0, 3.0, 2.0, 1.0]), None),
    (rules.bouncing, seen([1.0, 0.2, 0.22, 0.2, 0.22]), None),
    (rules.bouncing, seen([1.0, 0.2, 0.22, 0.2, 0.22], known=False), "by 0.045 times its median .limit 0.03"),
    (rules.thrown, seen([1.0, 2.5, 0.8]), "2.5 times .* at its highest .limit 2. and is 0.8 times it at the end"),
    (rules.thrown, seen([1.0, 1.9, 0.8]), None), (rules.thrown, seen([1.0, 2.5, 0.8], [1.0] * 3), None),
    (rules.thrown, seen([1.0, 2.5, 0.8], [1.0] * 3, units=DEAD), "2.5 times"),
    (rules.thrown, seen([1.0, 2.5, 0.8], known=False), None), (rules.thrown, seen([1.0, 2.5, 0.8], penalty=True), None),
    (rules.signal_lost, seen([0.95], units=FULL), "outputs of Dense 2 is 0.01 times that of Dense 1 .limit 0.02"),
    (rules.signal_lost, seen([], units=FULL), "Dense 2"), (rules.signal_lost, seen([0.85], units=FULL), None),
    (rules.signal_lost, seen([0.95], units=DEAD), None), (rules.signal_lost, seen([0.95], units=FULL[1:]), None),
    (rules.signal_lost, seen([], units=[DEAD[0]._replace(spread=0.0), DEAD[1]]), "is 0 times"),
    (rules.saturated, seen([], units=FULL), "50% of the outputs of Dense 2 .tanh"),
    (rules.saturated, seen([], units=FULL[:1]), None), (rules.saturated, seen([1.0]), None),
    (rules.dead, seen([], units=DEAD), "50% of the 4 units of Dense 2"), (rules.dead, seen([], units=DEAD[:1]), None),
    (rules.dead, seen([1.0]), None), (rules.dead, seen([], units=[DEAD[1]._replace(layer="A"), DEAD[0]]), "units of A"),
    (rules.saturated, seen([], units=[FULL[1]._replace(layer="A"), FULL[0]]), "outputs of A "),
    (rules.unmoved, seen(EVEN, scale=math.log(3.0), moved=0.1), "1.0986 in all of 20 .*of 3 cl.*changed by 10.0%"),
    (rules.unmoved, seen(EVEN, scale=1.2), "was 1.2 in all of 20 epochs.$"),
    (rules.unmoved, seen(0.85 * EVEN), None), (rules.unmoved, seen(0.85 * EVEN, known=False), "0.85 in all"),
    (rules.unmoved, seen(EVEN, accuracies=(0.9, 0.5)), None), (rules.unmoved, seen([1.0, 0.998, 1.0]), None),
    (rules.jumping, seen(FAST), None), (rules.jumping, seen(FAST, FAST), None),
    (rules.jumping, seen(EVEN, 1.0 + 0.1 * (-1.0) ** EPOCHS, scale=2.0), "between 1.8 and 2.2, .* by 0.19 times its m"),
    (rules.jumping, seen(EVEN, 0.1 + 0.03 * (-1.0) ** EPOCHS), None),  # of half the reference it is little
    (rules.overfitting, seen(FAST), None), (rules.overfitting, seen(FAST, FAST), None),
    (rules.overfitting, seen(FAST, 0.5 + 0.01 * EPOCHS), "37% above its minimum in epoch 1 of 20 .limit 15%., and a"),
    (rules.overfitting, seen(0.5 * EVEN, 0.4 + 0.005 * EPOCHS), None),  # the training loss is higher still
    (rules.overfitting, seen(0.02 * EVEN, 0.03 + 0.001 * EPOCHS), None),  # of the reference it has risen little
    (rules.overfitting, seen(0.5 * EVEN, 0.8 * EVEN), "is above the training loss by 0.3 times the loss of"),
    (rules.overfitting, seen(0.95 * EVEN, 1.3 * EVEN), None), (rules.overfitting, seen(0.5 * EVEN, 0.7 * EVEN), None),
    (rules.overfitting, seen(0.5 * EVEN, 0.8 * EVEN, accuracies=(0.9, 0.85)), None),
    (rules.overfitting, seen(0.5 * EVEN, 0.8 * EVEN, accuracies=(0.9, 0.8)), "is above"),
    (rules.rate_too_low, seen(LINE), "after 20 epochs the loss is 93% of .* lowers it by 0.43%.*it 0.9 times as m"),
    (rules.rate_too_low, seen(0.4 * LINE), None), (rules.rate_too_low, seen(EVEN), None),
    (rules.rate_too_low, seen(FAST + 0.5), None), (rules.rate_too_low, seen(0.6 + 0.4 * 0.8**EPOCHS), None),
    (rules.rate_too_low, seen(0.6 + 0.4 * 0.8**EPOCHS, LINE, moved=0.2), "have changed by 20% of their norm"),
    (rules.rate_too_low, seen(LINE, moved=0.3), None), (rules.rate_too_low, seen(LINE, EVEN), None),
    (rules.rate_too_low, seen(5.0 - 0.2 * EPOCHS), None),
    (rules.too_early, seen(FAST), "last quarter of 20 epochs lowered the training loss by 10.0% .limit 3%"),
    (rules.too_early, seen(FAST, FAST), "10.0% and the validation loss by 10.0%"),
    (rules.too_early, seen(FAST, LINE), None), (rules.too_early, seen(0.5 * FAST), None),
    (rules.too_early, seen(0.98**EPOCHS), None),
    (rules.underfitting, seen(0.45 * EVEN), "ends at 45% of the loss of a constant prediction .limit 45%"),
    (rules.underfitting, seen(0.45 * EVEN, known=False), "of the largest training loss"),
    (rules.underfitting, seen(0.44 * EVEN), None), (rules.underfitting, seen(EVEN, accuracies=(0.9, 0.1)), None),
])
def test_what_a_rule_finds_and_what_it_leaves(rule: Callable[[Observed], str | None], observed: Observed,
                                              said: str | None) -> None:
    found = rule(observed)
    assert (found is None) is (said is None), found
    assert said is None or re.search(said, str(found)), found


def test_the_end_of_a_curve_is_the_median_of_its_last_tenth() -> None:
    assert [rules.at_end(np.arange(n, dtype=float)) for n in (3, 19, 20, 30, 200)] == [2.0, 18.0, 18.5, 28.0, 197.0]
