"""The rules of a diagnosis: each looks at the curves or at the hidden units, and returns its evidence or None.

The order of `RULES` is that of a diagnosis: a cause comes before its consequences.

All losses are divided by a reference, the loss of the best constant prediction where that is known. So 1 means that
nothing has been learned, 0 is a perfect fit, and one threshold serves all losses and data sets.

Implements section 9.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SHORTEST = 3  # epochs that a curve needs before anything but a divergence can be seen in it
ENDS = 0.25  # the share of the epochs, the last ones, that show whether the training still progresses
SMALL = 1e-4  # a loss this small, as a share of the reference, counts as this: a rise from 1e-9 to 1e-8 is no rise

# Thresholds, chosen on the development cases of benchmarks/diagnosis.py. "Of the reference" means: of the loss of the
# best constant prediction, or of the largest training loss where that one is unknown.
BOUNCE = 0.015  # of the reference, the mean rise per epoch; with a fitting learning rate at most 0.005 was seen
BOUNCE_OF_MEDIAN = 0.03  # the same of the curve's median, where the reference is unknown; at most 0.029 was seen
ABOVE = 2.0  # times the reference; initial weights alone give up to 1.8, far too large updates 2 to 1000
GUESSING = 0.75  # of the loss of guessing, where it is known: 0.76 to 1.3 without a correct translation, else below 0.4
UNLEARNED = 0.9  # of the reference: a loss above it is hardly better than a constant prediction
POOR = 0.45  # of the reference: healthy trainings end below it, on informative inputs
SLOW = 0.03  # of the loss, per epoch: with a faster fall the learning rate is not called too low
FLAT = 0.0005  # of the loss, per epoch: a loss that falls by less counts as constant
STRAIGHT = 0.5  # fall in the second half over that in the first: an exponential decay that is nearly over is below it
MOVED = 0.25  # of the initial weights' norm: their change; at most 0.1 was seen at a tenth of a fitting learning rate
UNFINISHED = 0.03  # of the loss, per epoch: training and validation loss both fall faster
LEFT = 0.1  # of the reference: with a smaller loss, more epochs are not recommended
RISEN, RISE = 0.15, 0.03  # of the validation loss's minimum, and of the reference: early stopping ends before
GAP, ACCURACY_GAP = 0.25, 0.08  # validation minus training loss, of the reference; training minus validation accuracy
DEAD, SATURATED = 0.5, 0.5  # shares of a layer's units, and of its outputs; healthy layers had at most 0.1 and 0.15
STILL = 0.001  # of the largest loss: the range of a training loss that never moved
JUMP = 0.15  # of the median of the validation loss, or of half the reference: ups and downs of an epoch that cancel out
GOOD_ACCURACY = 0.9  # a network with a training accuracy above it has learned its rows
LOST = 0.02  # spread over the rows of the last hidden layer over that of the first; healthy networks had over 0.4
STALLED = "underfitting", "learning rate too low", "stopped too early", "loss never moved"  # what a cause may look like


class Finding(NamedTuple):
    """A problem: its name, the evidence in numbers, the remedy to try first, the lesson to read.

    explains: names of findings that follow from this one, and are left out after it.
    """

    name: str
    evidence: str
    remedy: str
    lesson: str
    explains: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence} Try first: {self.remedy} Read lesson {self.lesson}."


class Activity(NamedTuple):
    """One hidden layer on some rows: its name, its activation and how many units it has; shares are between 0 and 1.

    dead: units that are 0 on every row; saturated: outputs near a bound; both are 0 for activations that have no flat
    half or no bounds. spread: the standard deviation of a unit's output over the rows, averaged over the units.
    """

    layer: str
    activation: str
    units: int
    dead: float
    saturated: float
    spread: float


@dataclass(frozen=True)
class Observed:
    """The input of the rules: losses per epoch (n,), divided by the reference ``scale``, none where none were recorded.

    known: whether the reference is the loss of the best constant prediction, or only the largest loss seen; guessing:
    whether it is that of guessing without the inputs, which the history of a sequence model knows. accuracies: of the
    training and the validation set at the end, NaN where one is missing. penalty: whether the loss includes one.
    moved: how far the weights are from the initial ones, as a share of their norm; None if unknown.
    """

    loss: np.ndarray
    val_loss: np.ndarray | None
    accuracies: tuple[float, float]
    scale: float
    known: bool
    guessing: bool
    units: list[Activity]
    penalty: bool
    moved: float | None

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.loss)

    @property
    def both(self) -> list[np.ndarray]:
        """The training loss, and the validation loss if there is one."""
        return [self.loss] if self.val_loss is None else [self.loss, self.val_loss]

    @property
    def end(self) -> float:
        """The training loss at the end."""
        return at_end(self.loss)

    @property
    def speed(self) -> float:
        """The share by which an epoch lowers the training loss in the last quarter."""
        return _falling(self.loss)

    @property
    def val_speed(self) -> float:
        """The same of the validation loss; NaN without one."""
        return math.nan if self.val_loss is None else _falling(self.val_loss)

    @property
    def has_learned(self) -> bool:
        """Whether the training accuracy is good."""
        return self.accuracies[0] >= GOOD_ACCURACY

    @property
    def reference(self) -> str:
        """The name of the reference in a sentence."""
        return "the loss of a constant prediction" if self.known else "the largest training loss"


def at_end(values: np.ndarray) -> float:
    """The median of the last epochs: a tenth of them, at least one and at most five."""
    return float(np.median(values[-min(5, max(1, len(values) // 10)) :]))


def _falling(values: np.ndarray) -> float:
    """1 - the factor by which a curve changes per epoch over its last quarter, by least squares on its logarithm."""
    tail = values[-max(SHORTEST, math.ceil(ENDS * len(values))) :]
    return float(-np.expm1(np.polyfit(np.arange(len(tail)), np.log(np.maximum(tail, SMALL)), 1)[0]))


class Rule(NamedTuple):
    """What finds a problem: a function from what was observed to the evidence, or None, and the rest of the finding."""

    name: str
    evidence: Callable[[Observed], str | None]
    remedy: str
    lesson: str
    explains: tuple[str, ...] = ()
    of_units: bool = False  # the others need curves that are long enough

    def finding(self, seen: Observed) -> Finding | None:
        """The finding of this rule, if there is one."""
        evidence = self.evidence(seen) if self.of_units or seen.epochs >= SHORTEST else None
        return None if evidence is None else Finding(self.name, evidence, self.remedy, self.lesson, self.explains)


def not_finite(curves: Mapping[str, np.ndarray], diverged: bool, theta: np.ndarray | None) -> Finding | None:
    """The finding "diverged" if a curve or a weight is NaN or infinite, or the training ended for that; else None."""
    broken = [name for name, values in curves.items() if not np.isfinite(values).all()]
    weights = 0 if theta is None else int((~np.isfinite(theta)).sum())
    if broken:
        epoch = int(np.flatnonzero(~np.isfinite(curves[broken[0]]))[0]) + 1
        evidence = f"{broken[0]} is {curves[broken[0]][epoch - 1]:g} in epoch {epoch}."
    elif diverged:
        evidence = f"the training ended after {len(curves.get('loss', ()))} epochs, since its loss was not finite."
    elif weights:
        evidence = f"{weights:,} of {0 if theta is None else theta.size:,} weights are NaN or infinite."
    else:
        return None
    return Finding("diverged", evidence,
                   "a learning rate ten times smaller, after scaling the inputs (scale=\"standard\"); then clipping of "
                   "the gradient (global_clipnorm=1).", "03_downhill.py")


def guessing(seen: Observed) -> str | None:
    """Neither training nor validation loss is clearly lower than without reading the inputs."""
    lowest = min(curve.min() for curve in seen.both)
    if not seen.guessing or seen.penalty or lowest < GUESSING:
        return None
    trend = "still falls" if seen.speed >= FLAT else "is flat"
    return (f"in {seen.epochs} epochs the loss was never below {lowest:.0%} of that of guessing by frequencies, "
            f"without reading the inputs (limit {GUESSING:.0%}); it {trend}.")


def bouncing(seen: Observed) -> str | None:
    """Training and validation loss rise and fall by large amounts, per epoch, falls counted as 0.

    Dropout makes the training loss noisy, few rows the validation loss; steps that are too large make both noisy. So
    the one that rises less counts. Without a known reference the rise is divided by the curve's median.
    """
    limit, scale = (BOUNCE, seen.reference) if seen.known else (BOUNCE_OF_MEDIAN, "its median")
    bounce = min(np.maximum(np.diff(curve), 0.0).mean() / (1.0 if seen.known else max(np.median(curve), SMALL))
                 for curve in seen.both)
    share = (np.diff(seen.loss) > 0.0).mean()
    return None if bounce < limit else (f"the loss rises in {share:.0%} of the epochs; averaged over all epochs, by "
                                        f"{bounce:.2g} times {scale} (limit {limit:g}).")


def thrown(seen: Observed) -> str | None:
    """The first updates made the network far worse than a constant prediction."""
    died = any(layer.dead >= DEAD for layer in seen.units)
    highest = float(min(curve.max() for curve in seen.both[: 1 if died else 2]))  # dead units smooth the second one
    return None if seen.penalty or not seen.known or highest < ABOVE else (
        f"the loss was {highest:.3g} times {seen.reference} at its highest (limit {ABOVE:g}) and is {seen.end:.2g} "
        "times it at the end.")


def signal_lost(seen: Observed) -> str | None:
    """The last hidden layer gives nearly the same output for all rows, and the loss does not fall."""
    if len(seen.units) < 2 or (seen.epochs and seen.end < UNLEARNED):
        return None
    first, last = seen.units[0], seen.units[-1]
    share = last.spread / first.spread if first.spread > 0.0 else 0.0
    return None if share >= LOST else (
        f"the standard deviation over the rows of the outputs of {last.layer} is {share:.2g} times that of "
        f"{first.layer} (limit {LOST:g}), so the gradient of the first layers is probably small.")


def saturated(seen: Observed) -> str | None:
    """Outputs of tanh or sigmoid are near their bounds, where the gradient is near 0."""
    worst = max(seen.units, key=lambda layer: layer.saturated, default=None)
    return None if worst is None or worst.saturated < SATURATED else (
        f"{worst.saturated:.0%} of the outputs of {worst.layer} ({worst.activation}) are near a bound (limit "
        f"{SATURATED:.0%}), where the gradient is near 0.")


def dead(seen: Observed) -> str | None:
    """Units after ReLU that are 0 on every row: their gradient is 0, so they cannot recover."""
    worst = max(seen.units, key=lambda layer: layer.dead, default=None)
    return None if worst is None or worst.dead < DEAD else (
        f"{worst.dead:.0%} of the {worst.units} units of {worst.layer} are 0 on every row (limit {DEAD:.0%}), so their "
        "gradient is 0.")


def unmoved(seen: Observed) -> str | None:
    """The training loss is the same in all epochs, and no better than that of a constant prediction."""
    if seen.has_learned or (seen.known and seen.end < UNLEARNED) or np.ptp(seen.loss) >= STILL * seen.loss.max():
        return None
    loss = seen.end * seen.scale
    classes = round(np.exp(min(loss, 9.0)))
    is_even = np.isclose(np.log(classes), loss, STILL)
    return (f"the training loss was {loss:.5g} in all of {seen.epochs} epochs"
            + (f" (ln {classes}: equal probabilities of {classes} classes)" if is_even else "")
            + ("." if seen.moved is None else f"; the weights have changed by {seen.moved:.1%} of their norm."))


def jumping(seen: Observed) -> str | None:
    """The rises and falls of the validation loss that cancel out, per epoch, are large."""
    if seen.val_loss is None:
        return None
    changes = np.diff(seen.val_loss)
    jump = (np.abs(changes).mean() - abs(changes.mean())) / max(float(np.median(seen.val_loss)), 0.5)
    low, high = seen.val_loss.min() * seen.scale, seen.val_loss.max() * seen.scale
    return None if jump < JUMP else (
        f"it is between {low:.3g} and {high:.3g}, and in each epoch rises or falls by {jump:.2g} times its median, "
        f"only to return (limit {JUMP:g}).")


def overfitting(seen: Observed) -> str | None:
    """The validation loss has risen from its minimum, or is far above the training loss."""
    if seen.val_loss is None:
        return None
    best, last = max(float(seen.val_loss.min()), SMALL), at_end(seen.val_loss)
    rise, gap, epoch = last - best, last - seen.end, int(seen.val_loss.argmin()) + 1
    risen = rise >= RISEN * best and rise >= RISE and gap > 0.0
    apart = gap >= GAP and seen.end < UNLEARNED and not seen.accuracies[0] - seen.accuracies[1] < ACCURACY_GAP
    parts = [f"{rise / best:.0%} above its minimum in epoch {epoch} of {seen.epochs} (limit {RISEN:.0%})"] * risen
    parts += [f"above the training loss by {gap:.2g} times {seen.reference} (limit {GAP:g})"] * apart
    return f"at the end the validation loss is {', and '.join(parts)}." if parts else None


def rate_too_low(seen: Observed) -> str | None:
    """The loss is still high, and falls slowly, almost in a straight line."""
    speed = seen.speed if seen.val_loss is None else seen.val_speed  # without the noise of dropout
    middle = seen.epochs // 2
    first, second = seen.loss[0] - seen.loss[middle], seen.loss[middle] - seen.loss[-1]
    linearity = second / first if first > 0.0 else math.nan  # 1 on a straight line
    straight = linearity >= STRAIGHT if seen.moved is None else seen.moved < MOVED
    return None if not (seen.end >= POOR and FLAT <= speed < SLOW and straight) else (
        f"after {seen.epochs} epochs the loss is {seen.end:.0%} of {seen.reference}, and each epoch lowers it by "
        f"{speed:.2%} (limit {SLOW:.0%}); the second half of the epochs lowered it {linearity:.2g} times as much as "
        "the first half (1: a straight line)"
        + ("." if seen.moved is None else f"; the weights have changed by {seen.moved:.0%} of their norm."))


def too_early(seen: Observed) -> str | None:
    """Training and validation loss are both still falling fast."""
    both = "" if seen.val_loss is None else f" and the validation loss by {seen.val_speed:.1%}"
    return None if not (seen.speed >= UNFINISHED and seen.end >= LEFT and not seen.val_speed < UNFINISHED) else (
        f"each of the last quarter of {seen.epochs} epochs lowered the training loss by {seen.speed:.1%}{both} (limit "
        f"{UNFINISHED:.0%}).")


def underfitting(seen: Observed) -> str | None:
    """The training loss has stopped falling while it is still high."""
    return None if seen.end < POOR or seen.has_learned else (
        f"the training loss ends at {seen.end:.0%} of {seen.reference} (limit {POOR:.0%}), and each of the last epochs "
        f"lowered it by {seen.speed:.2%}.")


TOO_HIGH = ("a learning rate three to ten times smaller.", "03_downhill.py", (
    *STALLED, "learning rate too high", "dead units", "saturated units", "overfitting", "vanishing signal",
    "validation loss jumps"))
RULES = (
    Rule("has not left guessing", guessing,
         "more epochs, or a larger learning rate, if the loss still falls, else another one (with Adam about 0.01, for "
         "a Transformer 0.003); smaller batches (16 or 8), and clipping of the gradient (global_clipnorm=1); compile() "
         "without an optimizer chooses them.", "40_translator.py", (*STALLED, "overfitting", "vanishing signal")),
    Rule("learning rate too high", bouncing, *TOO_HIGH),
    Rule("saturated units", saturated,
         "scaled inputs (scale=\"standard\") and smaller initial weights; then activation=\"relu\".",
         "10_one_scale.py", (*STALLED, "learning rate too high"), of_units=True),
    Rule("learning rate too high", thrown, *TOO_HIGH),
    Rule("dead units", dead, "a learning rate three times smaller, with fresh weights; then activation=\"leaky_relu\".",
         "06_start_and_activations.py", (*STALLED, "vanishing signal"), of_units=True),
    Rule("vanishing signal", signal_lost,
         "fewer hidden layers, or activation=\"relu\", or a BatchNormalization after each hidden layer.",
         "06_start_and_activations.py", (*STALLED, "dead units"), of_units=True),
    Rule("loss never moved", unmoved,
         "labels that are neither constant nor shuffled, in the form that the loss expects; then a search for dead "
         "units (diagnose with X=), and a learning rate ten times larger or smaller.", "04_backpropagation.py",
         STALLED),
    Rule("validation loss jumps", jumping,
         "a larger validation set; then a learning rate three times smaller, or larger batches.", "16_three_curves.py",
         (*STALLED, "overfitting")),
    Rule("overfitting", overfitting,
         "early stopping at the best epoch (EarlyStopping(restore_best_weights=True), early_stopping=True); then L2 or "
         "dropout, more data or augmentation, fewer units.", "16_three_curves.py"),
    Rule("learning rate too low", rate_too_low, "a learning rate ten times larger.", "03_downhill.py", STALLED),
    Rule("stopped too early", too_early, "twice as many epochs, with early stopping.", "16_three_curves.py", STALLED),
    Rule("underfitting", underfitting,
         "a smaller penalty (l1, l2) or less dropout; then more units or another hidden layer. If nothing helps, other "
         "inputs are needed.", "16_three_curves.py"),
)
