"""The rules of a diagnosis: each looks at the curves or at the hidden units, and returns a finding or None.

The order of `RULES` is that of a diagnosis: a cause comes before what follows from it.

Implements section 9.3 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from scratchtune.automl.activity import Activity
from scratchtune.automl.curves import SHORTEST, Curves

BOUNCE = 0.03  # of the reference, the mean rise per epoch: trainings with a fitting rate stay below half of it
ABOVE = 1.3  # times the reference: a first epoch this bad is worse than predicting a constant; updates were too large
UNLEARNED = 0.9  # of the reference: a loss above it is hardly better than a constant prediction
POOR = 0.45  # of the reference: less than that is left of the loss of a network that fits its training data
GOOD_ACCURACY = 0.9  # training accuracy above which a network is not called underfitted, whatever its loss is
SLOW = 0.03  # of the loss, per epoch: a loss that falls more slowly with much of it left has a rate that is too low
FLAT = 0.004  # of the loss, per epoch: a loss that falls by less than this has stopped falling
STRAIGHT = 0.35  # second half's fall over the first half's: exponential progress that is nearly over is below it
UNFINISHED = 0.03  # of the loss, per epoch: training and validation loss both still fall by more than this
RISEN = 0.15  # of its minimum: a validation loss that has risen so far above it since
GAP, ACCURACY_GAP = 0.25, 0.08  # validation minus training loss, of the reference; training minus validation accuracy
DEAD, SATURATED = 0.5, 0.5  # shares of a layer's units, and of its outputs
LOST = 0.02  # spread over the rows of the last hidden layer over that of the first: less, and the signal is lost


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
    """What the rules look at: the curves, what the hidden units do, whether the loss includes a penalty."""

    curves: Curves | None
    units: list[Activity]
    penalty: bool

    @property
    def readable(self) -> bool:
        """Whether there are curves that are long enough for rules."""
        return self.curves is not None and self.curves.epochs >= SHORTEST


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


def rate_too_high(seen: Observed) -> Finding | None:
    """The training loss bounces; or its first epoch was worse than a constant prediction, and little was learned since."""
    if seen.curves is None or not seen.readable:
        return None
    curves = seen.curves
    bouncing = curves.bounce >= BOUNCE
    thrown = curves.known and curves.loss[0] >= ABOVE and curves.end >= POOR and not seen.penalty
    stuck = curves.known and curves.end >= UNLEARNED and curves.rises >= 0.25 and curves.loss.max() >= ABOVE
    if not (bouncing or thrown or stuck):
        return None
    if bouncing:
        evidence = (f"the training loss rises in {curves.rises:.0%} of the epochs, on average by {curves.bounce:.1%} of "
                    f"{_reference(curves)} per epoch (limit {BOUNCE:.0%}).")
    else:
        evidence = (f"the training loss was {curves.loss.max():.3g} times {_reference(curves)} at its highest (limit "
                    f"{ABOVE:g}) and is {curves.end:.2g} times it at the end.")
    return Finding("learning rate too high", evidence, "a learning rate three to ten times smaller.",
                   "02_gradient_descent.py", ("underfitting", "stopped too early", "dead units", "saturated units", "learning rate too low", "overfitting"))


def signal_lost(seen: Observed) -> Finding | None:
    """Vanishing: the last hidden layer gives nearly the same output for all rows, and the loss does not fall."""
    if len(seen.units) < 2:
        return None
    first, last = seen.units[0], seen.units[-1]
    share = last.spread / first.spread if first.spread > 0.0 else 0.0
    if share >= LOST or (seen.curves is not None and seen.curves.end < UNLEARNED):
        return None
    return Finding("vanishing signal",
                   f"over the rows, the outputs of {last.layer} vary {share:.2g} times as much as those of {first.layer} "
                   f"(limit {LOST:g}), so the gradient of the first layers vanishes too.",
                   f"fewer hidden layers than {len(seen.units)}, or activation=\"relu\", or a BatchNormalization after "
                   "each hidden layer.", "04_backpropagation.py",
                   ("underfitting", "learning rate too low", "stopped too early", "dead units"))


def saturated(seen: Observed) -> Finding | None:
    """Outputs of tanh or sigmoid are near their bounds, where the gradient is near 0."""
    layers = [layer for layer in seen.units if (layer.saturated or 0.0) >= SATURATED]
    if not layers:
        return None
    worst = max(layers, key=lambda layer: layer.saturated or 0.0)
    return Finding("saturated units",
                   f"{worst.saturated:.0%} of the outputs of {worst.layer} ({worst.activation}) are near a bound (limit "
                   f"{SATURATED:.0%}), where the gradient is near 0.",
                   "scaled inputs (scale=\"standard\") and smaller initial weights; then activation=\"relu\".",
                   "08_scaling_and_leaks.py", ("underfitting", "learning rate too low"))


def dead(seen: Observed) -> Finding | None:
    """Units after ReLU that are 0 on every row: their gradient is 0, so they cannot recover."""
    layers = [layer for layer in seen.units if (layer.dead or 0.0) >= DEAD]
    if not layers:
        return None
    worst = max(layers, key=lambda layer: layer.dead or 0.0)
    return Finding("dead units",
                   f"{worst.dead:.0%} of the {worst.units} units of {worst.layer} are 0 on every row (limit "
                   f"{DEAD:.0%}), so their gradient is 0.",
                   "a learning rate three times smaller, with fresh weights; then activation=\"leaky_relu\".",
                   "04_backpropagation.py", ("underfitting", "learning rate too low"))


def overfitting(seen: Observed) -> Finding | None:
    """The validation loss has risen from its minimum, or is far above the training loss."""
    if seen.curves is None or not seen.readable or seen.curves.val_loss is None:
        return None
    curves = seen.curves
    risen = curves.rise_from_best >= RISEN and curves.gap > 0.0
    apart = curves.gap >= GAP and not curves.accuracy_gap < ACCURACY_GAP
    if not (risen or apart):
        return None
    evidence = (f"at the end the validation loss is {curves.rise_from_best:.0%} above its minimum in epoch "
                f"{curves.best_epoch} of {curves.epochs} (limit {RISEN:.0%}), and above the training loss by "
                f"{curves.gap:.2g} times {_reference(curves)} (limit {GAP:g}).")
    return Finding("overfitting", evidence,
                   "early stopping at the best epoch (EarlyStopping(restore_best_weights=True), early_stopping=True); "
                   "then L2 or dropout, more data or augmentation, fewer units.", "09_overfitting.py")


def rate_too_low(seen: Observed) -> Finding | None:
    """Much of the loss is left and it still falls, slowly and almost on a straight line."""
    if seen.curves is None or not seen.readable:
        return None
    curves = seen.curves
    if not (curves.end >= POOR and FLAT / 4 <= curves.speed < SLOW and curves.linearity >= STRAIGHT):
        return None
    return Finding("learning rate too low",
                   f"{curves.end:.0%} of {_reference(curves)} is left after {curves.epochs} epochs, and each still takes "
                   f"{curves.speed:.2%} off the loss (below {SLOW:.0%}); the second half of the epochs lowered it "
                   f"{curves.linearity:.2g} times as much as the first half (1 is a straight line).",
                   "a learning rate ten times larger.", "02_gradient_descent.py",
                   ("underfitting", "stopped too early"))


def too_early(seen: Observed) -> Finding | None:
    """Training and validation loss are both still falling fast."""
    if seen.curves is None or not seen.readable:
        return None
    curves = seen.curves
    if not (curves.speed >= UNFINISHED and curves.end >= 0.1 and not curves.val_speed < UNFINISHED):
        return None
    return Finding("stopped too early",
                   f"in the last quarter of {curves.epochs} epochs each took {curves.speed:.1%} off the training loss"
                   + ("" if curves.val_loss is None else f" and {curves.val_speed:.1%} off the validation loss")
                   + f" (limit {UNFINISHED:.0%}).",
                   "twice as many epochs, with early stopping.", "09_overfitting.py", ("underfitting",))


def underfitting(seen: Observed) -> Finding | None:
    """The training loss has stopped falling, far from a fit."""
    if seen.curves is None or not seen.readable:
        return None
    curves = seen.curves
    if curves.end < POOR or (curves.accuracy is not None and curves.accuracy >= GOOD_ACCURACY):
        return None
    first = "a smaller penalty (l1, l2) or less dropout; then " if seen.penalty else "less dropout or regularisation; then "
    return Finding("underfitting",
                   f"the training loss ends at {curves.end:.0%} of {_reference(curves)} (limit {POOR:.0%}), and each of "
                   f"the last epochs took {curves.speed:.2%} off it.",
                   first + "more units or another hidden layer. If nothing helps, the inputs do not tell more.",
                   "09_overfitting.py")


def _reference(curves: Curves) -> str:
    """How a sentence names the reference."""
    return "the loss of a constant prediction" if curves.known else "the largest training loss"


RULES: tuple[Callable[[Observed], Finding | None], ...] = (
    rate_too_high, signal_lost, saturated, dead, overfitting, rate_too_low, too_early, underfitting)
