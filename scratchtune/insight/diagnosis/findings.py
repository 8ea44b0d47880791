"""The rules of a diagnosis: each looks at the curves or at the hidden units, and returns a finding or None.

The order of `RULES` is that of a diagnosis: a cause comes before its consequences. There is no rule for a validation
set that is too small, since its loss need not look different from that of a large one.

Implements section 9.3 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from scratchtune.insight.diagnosis.activity import Activity
from scratchtune.insight.diagnosis.curves import SHORTEST, SMALL, Curves, at_end

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


@dataclass(frozen=True)
class Finding:
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


@dataclass(frozen=True)
class Observed:
    """The input of the rules; a network without recorded curves has curves of no epochs.

    penalty: whether the loss includes a penalty. moved: how far the weights are from the initial ones, as a share of
    their norm; None if unknown. guessing: whether the reference is the loss of guessing without the inputs, which
    the history of a sequence model knows.
    """

    curves: Curves
    units: list[Activity]
    penalty: bool
    moved: float | None = None
    guessing: bool = False

    @property
    def readable(self) -> bool:
        """Whether there are curves that are long enough for the rules that look at them."""
        return self.curves.epochs >= SHORTEST


def not_finite(curves: Mapping[str, np.ndarray], diverged: bool, theta: np.ndarray | None) -> Finding | None:
    """Diverged: the loss, or a weight, is NaN or infinite; or the training ended for that."""
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
                   "the gradient (global_clipnorm=1).", "02_gradient_descent.py")


def guessing(seen: Observed) -> Finding | None:
    """Has not left guessing: neither training nor validation loss is clearly lower than without reading the inputs."""
    curves, falls = seen.curves, seen.curves.speed >= FLAT
    lowest = min(curve.min() for curve in curves.both)
    if not seen.guessing or seen.penalty or lowest < GUESSING:
        return None
    return Finding("has not left guessing",
                   f"in {curves.epochs} epochs the loss was never below {lowest:.0%} of that of guessing by "
                   f"frequencies, without reading the inputs (limit {GUESSING:.0%}); "
                   f"it {'still falls' if falls else 'is flat'}.",
                   f"{'more epochs, or a larger' if falls else 'another'} learning rate (with Adam about 0.01, for a "
                   "Transformer 0.003), smaller batches (16 or 8), and clipping of the gradient (global_clipnorm=1); "
                   "compile() without an optimizer chooses them.", "25_translator.py",
                   (*STALLED, "overfitting", "vanishing signal"))


def bouncing(seen: Observed) -> Finding | None:
    """Learning rate too high: training and validation loss rise and fall by large amounts."""
    curves = seen.curves
    limit = BOUNCE if curves.known else BOUNCE_OF_MEDIAN
    if curves.bounce < limit:
        return None
    scale = _reference(curves) if curves.known else "its median"
    share = (np.diff(curves.loss) > 0.0).mean()
    return _too_high(f"the loss rises in {share:.0%} of the epochs; averaged over all epochs, by {curves.bounce:.2g} "
                     f"times {scale} (limit {limit:g}).")


def thrown(seen: Observed) -> Finding | None:
    """Learning rate too high: the first updates made the network far worse than a constant prediction."""
    curves = seen.curves
    died = any((layer.dead or 0.0) >= DEAD for layer in seen.units)
    highest = float(min(curve.max() for curve in curves.both[: 1 if died else 2]))  # dead units smooth the second one
    if seen.penalty or not curves.known or highest < ABOVE:
        return None
    return _too_high(f"the loss was {highest:.3g} times {_reference(curves)} at its highest (limit {ABOVE:g}) and "
                     f"is {curves.end:.2g} times it at the end.")


def _too_high(evidence: str) -> Finding:
    return Finding("learning rate too high", evidence, "a learning rate three to ten times smaller.",
                   "02_gradient_descent.py", (*STALLED, "learning rate too high", "dead units", "saturated units",
                                              "overfitting", "vanishing signal", "validation loss jumps"))


def signal_lost(seen: Observed) -> Finding | None:
    """Vanishing: the last hidden layer gives nearly the same output for all rows, and the loss does not fall."""
    if len(seen.units) < 2:
        return None
    first, last = seen.units[0], seen.units[-1]
    share = last.spread / first.spread if first.spread > 0.0 else 0.0
    if share >= LOST or (seen.curves.epochs and seen.curves.end < UNLEARNED):
        return None
    return Finding("vanishing signal",
                   f"the standard deviation over the rows of the outputs of {last.layer} is {share:.2g} times that of "
                   f"{first.layer} (limit {LOST:g}), so the gradient of the first layers is probably small.",
                   f"fewer hidden layers than {len(seen.units)}, or activation=\"relu\", or a BatchNormalization after "
                   "each hidden layer.", "04_backpropagation.py",
                   (*STALLED, "dead units"))


def saturated(seen: Observed) -> Finding | None:
    """Outputs of tanh or sigmoid are near their bounds, where the gradient is near 0."""
    worst = max(seen.units, key=lambda layer: layer.saturated or 0.0, default=None)
    if worst is None or (worst.saturated or 0.0) < SATURATED:
        return None
    return Finding("saturated units",
                   f"{worst.saturated:.0%} of the outputs of {worst.layer} ({worst.activation}) are near a bound "
                   f"(limit {SATURATED:.0%}), where the gradient is near 0.",
                   "scaled inputs (scale=\"standard\") and smaller initial weights; then activation=\"relu\".",
                   "08_scaling_and_leaks.py", (*STALLED, "learning rate too high"))


def dead(seen: Observed) -> Finding | None:
    """Units after ReLU that are 0 on every row: their gradient is 0, so they cannot recover."""
    worst = max(seen.units, key=lambda layer: layer.dead or 0.0, default=None)
    if worst is None or (worst.dead or 0.0) < DEAD:
        return None
    return Finding("dead units",
                   f"{worst.dead:.0%} of the {worst.units} units of {worst.layer} are 0 on every row (limit "
                   f"{DEAD:.0%}), so their gradient is 0.",
                   "a learning rate three times smaller, with fresh weights; then activation=\"leaky_relu\".",
                   "04_backpropagation.py", (*STALLED, "vanishing signal"))


def unmoved(seen: Observed) -> Finding | None:
    """The training loss is the same in all epochs, and no better than that of a constant prediction."""
    curves = seen.curves
    loss, learned = curves.end * curves.scale, _learned(curves) or (curves.known and curves.end < UNLEARNED)
    if learned or np.ptp(curves.loss) >= STILL * curves.loss.max():
        return None
    classes = round(np.exp(min(loss, 9.0)))
    is_even = np.isclose(np.log(classes), loss, STILL)
    return Finding("loss never moved",
                   f"the training loss was {loss:.5g} in all of {curves.epochs} epochs"
                   + (f" (ln {classes}: equal probabilities of {classes} classes)" if is_even else "")
                   + ("." if seen.moved is None else f"; the weights have changed by {seen.moved:.1%} of their norm."),
                   "labels that are neither constant nor shuffled, in the form that the loss expects; then a search "
                   "for dead units (diagnose with X=), and a learning rate ten times larger or smaller.",
                   "04_backpropagation.py", STALLED)


def jumping(seen: Observed) -> Finding | None:
    """The validation loss rises and falls by large amounts from epoch to epoch, and the training loss does not."""
    curves = seen.curves
    if curves.val_loss is None or curves.val_jump < JUMP:
        return None
    low, high = curves.val_loss.min() * curves.scale, curves.val_loss.max() * curves.scale
    return Finding("validation loss jumps",
                   f"it is between {low:.3g} and {high:.3g}, and in each epoch rises or falls by {curves.val_jump:.2g} "
                   f"times its median, only to return (limit {JUMP:g}).",
                   "a larger validation set; then a learning rate three times smaller, or larger batches.",
                   "09_overfitting.py", (*STALLED, "overfitting"))


def overfitting(seen: Observed) -> Finding | None:
    """The validation loss has risen from its minimum, or is far above the training loss."""
    curves = seen.curves
    if curves.val_loss is None:
        return None
    best = max(float(curves.val_loss.min()), SMALL)
    rise = at_end(curves.val_loss) - best
    risen = rise >= RISEN * best and rise >= RISE and curves.gap > 0.0
    apart = curves.gap >= GAP and curves.end < UNLEARNED and not curves.accuracy_gap < ACCURACY_GAP
    if not (risen or apart):
        return None
    epoch = int(curves.val_loss.argmin()) + 1
    parts = [f"{rise / best:.0%} above its minimum in epoch {epoch} of {curves.epochs} (limit {RISEN:.0%})"] * risen
    parts += [f"above the training loss by {curves.gap:.2g} times {_reference(curves)} (limit {GAP:g})"] * apart
    return Finding("overfitting", f"at the end the validation loss is {', and '.join(parts)}.",
                   "early stopping at the best epoch (EarlyStopping(restore_best_weights=True), early_stopping=True); "
                   "then L2 or dropout, more data or augmentation, fewer units.", "09_overfitting.py")


def rate_too_low(seen: Observed) -> Finding | None:
    """The loss is still high, and falls slowly, almost in a straight line."""
    curves = seen.curves
    speed = curves.speed if curves.val_loss is None else curves.val_speed  # without the noise of dropout
    moved = MOVED if seen.moved is None else seen.moved
    straight = moved < MOVED or (seen.moved is None and curves.linearity >= STRAIGHT)
    if not (curves.end >= POOR and FLAT <= speed < SLOW and straight):
        return None
    return Finding("learning rate too low",
                   f"after {curves.epochs} epochs the loss is {curves.end:.0%} of {_reference(curves)}, and each epoch "
                   f"lowers it by {speed:.2%} (limit {SLOW:.0%}); the second half of the epochs lowered it "
                   f"{curves.linearity:.2g} times as much as the first half (1: a straight line)"
                   + ("." if seen.moved is None else f"; the weights have changed by {moved:.0%} of their norm."),
                   "a learning rate ten times larger.", "02_gradient_descent.py", STALLED)


def too_early(seen: Observed) -> Finding | None:
    """Training and validation loss are both still falling fast."""
    curves = seen.curves
    if not (curves.speed >= UNFINISHED and curves.end >= LEFT and not curves.val_speed < UNFINISHED):
        return None
    return Finding("stopped too early",
                   f"each of the last quarter of {curves.epochs} epochs lowered the training loss by {curves.speed:.1%}"
                   + ("" if curves.val_loss is None else f" and the validation loss by {curves.val_speed:.1%}")
                   + f" (limit {UNFINISHED:.0%}).",
                   "twice as many epochs, with early stopping.", "09_overfitting.py", STALLED)


def underfitting(seen: Observed) -> Finding | None:
    """The training loss has stopped falling while it is still high."""
    curves = seen.curves
    if curves.end < POOR or _learned(curves):
        return None
    first = "a smaller penalty (l1, l2) or less dropout" if seen.penalty else "less dropout or regularisation"
    return Finding("underfitting",
                   f"the training loss ends at {curves.end:.0%} of {_reference(curves)} (limit {POOR:.0%}), and each "
                   f"of the last epochs lowered it by {curves.speed:.2%}.",
                   first + "; then more units or another hidden layer. If nothing helps, other inputs are needed.",
                   "09_overfitting.py")


def _learned(curves: Curves) -> bool:
    return curves.accuracy is not None and curves.accuracy >= GOOD_ACCURACY


def _reference(curves: Curves) -> str:
    """The name of the reference in a sentence."""
    return "the loss of a constant prediction" if curves.known else "the largest training loss"


Rule = Callable[[Observed], Finding | None]
OF_UNITS: tuple[Rule, ...] = (saturated, dead, signal_lost)  # the others look at curves
RULES: tuple[Rule, ...] = (guessing, bouncing, saturated, thrown, dead, signal_lost, unmoved, jumping, overfitting,
                           rate_too_low, too_early, underfitting)
