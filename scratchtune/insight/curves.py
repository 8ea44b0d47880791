"""How good the scores of a classifier are, for all thresholds at once: ROC, precision and recall, calibration.

A second call with the first one's Axes adds another model's curve to the plot.

Implements section 2.3 of the document.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchtune.core import checks, metrics
from scratchtune.insight import drawing

SIDE = (5.0, 5.0)  # inches: both axes go from 0 to 1


def plot_roc(y_true: Any, scores: Any, ax: Any = None, *, pos_label: Any = None, label: str | None = None) -> Any:
    """Plot the ROC curve, the true against the false positive rate for all thresholds; returns the Axes.

    ``scores``: (n,), higher for the positive class ``pos_label`` (by default 1), such as ``predict_proba(X)[:, 1]``.
    The legend gives the area under the curve, after ``label``, the name of the model. A ValueError as
    `scratchtune.metrics.roc_curve`.
    """
    true = _binary(y_true, pos_label)
    false_rate, true_rate, _ = metrics.roc_curve(true, scores)
    axes = _square(ax)
    if not axes.lines:
        axes.plot([0.0, 1.0], [0.0, 1.0], "--", color="0.5", linewidth=1.0, label="random scores, AUC 0.500")
    area = metrics.auc(false_rate, true_rate)
    axes.plot(false_rate, true_rate, color=_next_colour(axes), label=_named(label, f"AUC {area:.3f}"))
    return _finished(axes, "false positive rate", "true positive rate (recall)", "ROC curve", true, "lower right")


def plot_precision_recall(
    y_true: Any, scores: Any, ax: Any = None, *, pos_label: Any = None, label: str | None = None,
) -> Any:
    """Plot precision against recall for all thresholds; returns the Axes.

    ``scores``, ``pos_label`` and ``label`` as for `plot_roc`; the legend gives the average precision. The dashed line
    is the precision of random scores, the share of positive rows. A ValueError as
    `scratchtune.metrics.precision_recall_curve`.
    """
    true = _binary(y_true, pos_label)
    precisions, recalls, _ = metrics.precision_recall_curve(true, scores)
    axes = _square(ax)
    if not axes.lines:
        share = precisions[0]  # at the lowest threshold all rows are predicted as positive
        axes.axhline(share, linestyle="--", color="0.5", linewidth=1.0, label=f"random scores, precision {share:.3f}")
    area = metrics.average_precision_score(true, scores, pos_label=None)
    axes.plot(recalls, precisions, color=_next_colour(axes), drawstyle="steps-post",
              label=_named(label, f"average precision {area:.3f}"))
    return _finished(axes, "recall", "precision", "Precision and recall", true, "best")


def plot_calibration(
    y_true: Any, scores: Any, ax: Any = None, *, pos_label: Any = None, label: str | None = None, n_bins: int = 5,
) -> Any:
    """Plot the share of positive rows against the mean probability, of each bin of probabilities; returns the Axes.

    ``scores``: probabilities, (n,), in ``n_bins`` bins of equal width; ``pos_label`` and ``label`` as for `plot_roc`.
    The legend gives the expected calibration error. A ValueError as `scratchtune.metrics.calibration_curve`.
    """
    true = _binary(y_true, pos_label)
    shares, means = metrics.calibration_curve(true, scores, n_bins=n_bins)
    axes = _square(ax)
    if not axes.lines:
        axes.plot([0.0, 1.0], [0.0, 1.0], "--", color="0.5", linewidth=1.0, label="calibrated")
    error = metrics.expected_calibration_error(true, scores, n_bins=n_bins)
    axes.plot(means, shares, "o-", color=_next_colour(axes),
              label=_named(label, f"expected calibration error {error:.3f}"))
    return _finished(axes, "mean predicted probability", "share of positive rows", "Calibration", true, "upper left")


def _binary(y_true: Any, pos_label: Any) -> Any:
    """Labels as they are, or whether each is ``pos_label``, 0 or 1, (n,)."""
    if pos_label is None:
        return y_true
    return (metrics.class_labels("y_true", y_true) == pos_label).astype(np.int64)


def _square(ax: Any) -> Any:
    """The given Axes, or those of a new figure whose axes are equally long."""
    (axes,) = drawing.panels(ax, 1, size=SIDE)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    return axes


def _next_colour(axes: Any) -> str:
    """The colour of the next curve; the first line is the dashed one."""
    return drawing.COLOURS[(len(axes.lines) - 1) % len(drawing.COLOURS)]


def _named(label: str | None, number: str) -> str:
    return number if label is None else f"{drawing.plain(label)}: {number}"


def _finished(axes: Any, x: str, y: str, title: str, true: Any, place: str) -> Any:
    """The Axes with labels, a title, a note of the number of rows (unless they have them already), and a legend."""
    if not axes.get_title(loc="left"):
        rows = checks.counted(len(metrics.class_labels("y_true", true)), "row")
        drawing.finish(axes, x, y, title, rows, grid="both")
    drawing.legend(axes, loc=place)
    return axes
