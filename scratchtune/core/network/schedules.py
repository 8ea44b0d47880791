"""A schedule is the learning rate as a function of the number of steps done; it usually decreases.

Names, arguments and defaults are Keras's (`keras.optimizers.schedules`). A step is one update, not an epoch.

Implements sections 2.1 and 2.2 of the document.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from scratchtune.core import checks, jit
from scratchtune.core.configured import Configured


@jit.function
def inverse_time_decay(alpha, rate, x):
    """Inverse time decay: after one decay period the learning rate is divided by 1 + rate, after two by 1 + 2 · rate.

    Formula [inverse_time_decay]
        a = α / (1 + r · x)
    Where
        α: alpha, scalar, > 0, the initial learning rate
        r: rate, scalar, >= 0, the decay rate
        x: x, scalar, >= 0, steps done, in decay periods
    Source
        Keras, schedules.InverseTimeDecay; an optimizer's ``decay`` is this with a period of one step.
    Example
        >>> float(inverse_time_decay(1.0, 0.5, 2.0))
        0.5
    """
    return alpha / (1.0 + rate * x)


@jit.function
def exponential_decay(alpha, rate, x):
    """Exponential decay: the learning rate is multiplied by the rate once every decay period.

    Formula [exponential_decay]
        a = α · r^x
    Where
        α: alpha, scalar, > 0, the initial learning rate
        r: rate, scalar, >= 0; sampled in (0, 1), the decay rate
        x: x, scalar, >= 0, steps done, in decay periods
    Source
        Keras, schedules.ExponentialDecay.
    Example
        >>> float(exponential_decay(1.0, 0.5, 2.0))
        0.25
    """
    return alpha * rate**x


@jit.function
def cosine_decay(alpha, least, x):
    """Cosine decay: half a cosine wave from the initial learning rate down to a fraction of it.

    Formula [cosine_decay]
        a = α · (f + (1 − f) · (1 + cos(π · min(x, 1))) / 2)
    Where
        α: alpha, scalar, > 0, the initial learning rate
        f: least, scalar, in [0, 1], the final learning rate as a fraction of it
        x: x, scalar, >= 0, the completed fraction of the decay
    Source
        Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", eq. 5, without restarts.
    Example
        >>> round(float(cosine_decay(1.0, 0.0, 0.5)), 12)
        0.5
    """
    return alpha * (least + (1.0 - least) * 0.5 * (1.0 + math.cos(math.pi * min(x, 1.0))))


@jit.function
def cosine_log_decay(alpha, cycles, x):
    """Cosine of a logarithm: several cosine waves from 0 up to the learning rate and down again, each twice as long.

    Formula [cosine_log_decay]
        a = α · (1 − cos(2 · π · log(1 + (2^m − 1) · x) / log(2))) / 2
    Where
        α: alpha, scalar, > 0, the largest learning rate
        m: cycles, scalar, integer in [1, 4], the number of waves
        x: x, scalar, in [0, 1]; sampled in [0.1, 0.9], the completed fraction of the training
    Variant
        With m = 4, RealMLP's coslog₄, it is 0 at the start, after 1/15, 3/15 and 7/15 of the training, and at its end.
    Source
        Holzmüller, Grinsztajn and Steinwart (2024), "Better by default", section on RealMLP.
    Example
        >>> round(float(cosine_log_decay(1.0, 1, 0.0)), 12), round(float(cosine_log_decay(1.0, 1, 0.414213562373)), 9)
        (0.0, 1.0)
    """
    waves = math.log1p((2.0**cycles - 1.0) * x) / math.log(2.0)
    return alpha * 0.5 * (1.0 - math.cos(2.0 * math.pi * waves))


@jit.function
def polynomial_decay(alpha, end, power, x):
    """Polynomial decay: from the initial learning rate to the final one, with power 1 in a straight line.

    Formula [polynomial_decay]
        a = (α − β) · (1 − x)^p + β
    Where
        α: alpha, scalar, > 0, the initial learning rate
        β: end, scalar, >= 0, the final learning rate
        p: power, scalar, > 0, the power
        x: x, scalar, in [0, 1], the completed fraction of the decay
    Source
        Keras, schedules.PolynomialDecay.
    Example
        >>> float(polynomial_decay(1.0, 0.0, 2.0, 0.5))
        0.25
    """
    return (alpha - end) * (1.0 - x) ** power + end


@jit.function
def linear_warmup(alpha, target, x):
    """Warm-up: the learning rate increases linearly.

    Formula [linear_warmup]
        a = α + (b − α) · x
    Where
        α: alpha, scalar, >= 0, the initial learning rate
        b: target, scalar, > 0, the learning rate at the end of the warm-up
        x: x, scalar, in [0, 1), the completed fraction of the warm-up
    Source
        Goyal et al. (2017), "Accurate, large minibatch SGD", section 2.2; Keras, schedules.CosineDecay.
    Example
        >>> float(linear_warmup(0.0, 1.0, 0.25))
        0.25
    """
    return alpha + (target - alpha) * x


class Schedule(Configured):
    """Base class of the schedules: functions of the number of steps done."""

    def __init__(self, initial_learning_rate: float, decay_steps: int) -> None:
        self.initial_learning_rate = checks.real("initial_learning_rate", initial_learning_rate, 0.0)
        self.decay_steps = checks.integer("decay_steps", decay_steps, 1)

    def __call__(self, step: int) -> float:
        """The learning rate of the update after ``step`` completed steps."""
        raise NotImplementedError


class InverseTimeDecay(Schedule):
    """The learning rate divided by 1 + decay_rate · step / decay_steps."""

    formula = staticmethod(inverse_time_decay)

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps)
        self.decay_rate = checks.real("decay_rate", decay_rate, 0.0)
        self.staircase = checks.boolean("staircase", staircase)

    def __call__(self, step: int) -> float:
        periods = step // self.decay_steps * 1.0 if self.staircase else step / self.decay_steps
        return float(self.formula(self.initial_learning_rate, self.decay_rate, periods))


class ExponentialDecay(InverseTimeDecay):
    """The learning rate times decay_rate ^ (step / decay_steps)."""

    formula = staticmethod(exponential_decay)


class PiecewiseConstantDecay(Schedule):
    """A constant learning rate up to and including each boundary, the next one after it."""

    def __init__(self, boundaries: Sequence[int], values: Sequence[float]) -> None:
        self.boundaries = [checks.integer("boundaries", boundary, 0) for boundary in boundaries]
        self.values = [checks.real("values", value, 0.0) for value in values]
        if len(self.values) != len(self.boundaries) + 1:
            found = f"values has {len(self.values)} entries and boundaries {len(self.boundaries)}"
            raise ValueError(f"{found}; values must have one more entry than boundaries")
        if self.boundaries != sorted(self.boundaries):
            raise ValueError(f"boundaries is {self.boundaries}; it must be in ascending order")

    def __call__(self, step: int) -> float:
        return self.values[bisect_left(self.boundaries, step)]


class CosineDecay(Schedule):
    """Half a cosine wave over decay_steps, after an optional linear warm-up over warmup_steps."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps)
        self.alpha = checks.real("alpha", alpha, 0.0, 1.0)
        self.warmup_target = None if warmup_target is None else checks.real("warmup_target", warmup_target, 0.0)
        steps = checks.integer("warmup_steps", warmup_steps, 0)
        self.warmup_steps = 0 if warmup_target is None else steps

    def __call__(self, step: int) -> float:
        top = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        if step < self.warmup_steps:
            return linear_warmup(self.initial_learning_rate, top, step / self.warmup_steps)
        return cosine_decay(top, self.alpha, (step - self.warmup_steps) / self.decay_steps)


class CosineLogDecay(Schedule):
    """``cycles`` cosine waves of the learning rate over decay_steps, each twice as long as the one before.

    RealMLP's schedule with 4 cycles. It begins with a learning rate of 0.
    """

    def __init__(self, initial_learning_rate: float, decay_steps: int, cycles: int = 4) -> None:
        super().__init__(initial_learning_rate, decay_steps)
        self.cycles = checks.integer("cycles", cycles, 1, 30)

    def __call__(self, step: int) -> float:
        return cosine_log_decay(self.initial_learning_rate, self.cycles, min(step / self.decay_steps, 1.0))


class PolynomialDecay(Schedule):
    """From the initial to the final learning rate over decay_steps: a power of the fraction of them that is left."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps)
        self.end_learning_rate = checks.real("end_learning_rate", end_learning_rate, 0.0)
        self.power = checks.real("power", power, 0.0, open_low=True)

    def __call__(self, step: int) -> float:
        done = min(step / self.decay_steps, 1.0)
        return polynomial_decay(self.initial_learning_rate, self.end_learning_rate, self.power, done)


def check(learning_rate: float | Schedule) -> float | Schedule:
    """Return a learning rate above zero, or a schedule; TypeError or ValueError otherwise."""
    if isinstance(learning_rate, Schedule):
        return learning_rate
    return checks.real("learning_rate", learning_rate, 0.0, open_low=True)
