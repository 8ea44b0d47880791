"""How good a model's answers are, and what it looks at: a classifier's curves and confusions, attention, alignment.

A curve is drawn for the second of two classes; of several classes there is one for each against all others together.

Implements sections 6.3 and 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS, canvas
from scratchtune.metrics.calibration import expected_error, reliability
from scratchtune.metrics.classification import confusion_matrix
from scratchtune.metrics.labels import check_lengths, checked_labels, encoded, is_one_hot, positions, rectangular
from scratchtune.metrics.labels import shown as first_labels
from scratchtune.metrics.ranking import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve
from scratchtune.sequences.speech.alignment import align
from scratchtune.sequences.speech.alphabets import letters

MOST_CURVES = 12  # of more classes only the worst are drawn, unless `classes` names some
STYLES = ("-", "--", "-.", ":")
DIAGONAL: dict[str, Any] = {"color": "0.6", "linewidth": 1, "linestyle": (0, (1, 3))}
MOST_NUMBERED = 40  # of more classes the cells of a confusion matrix are too small for their counts


class _Curve(NamedTuple):
    """A class against the rest: its name, which rows are of it, and their scores, both (n,)."""

    name: str
    positive: np.ndarray
    score: np.ndarray


# Curves --------------------------------------------------------------------------------------------------------------


def plot_roc(
    y_true: Any, probabilities: Any, labels: Sequence[Any] | None = None, classes: Sequence[Any] | None = None,
    ax: Any = None,
) -> Any:
    """Plot the true positive rate by the false positive rate for all thresholds; returns the Axes.

    A row counts as positive if its score is at least the threshold. The legend has the area under each curve, AUC.
    ``probabilities`` are (n,), of the second of two classes, or (n, classes), in the order of ``labels`` (None: the
    sorted labels of ``y_true``); scores that are no probabilities are accepted too. ``classes`` are those to draw;
    None: the second of two, or all, or the 12 with the lowest areas.

    Raises
        ValueError if lengths or classes do not match, or ``y_true`` has rows of one class only.
    """
    curves = _curves(y_true, probabilities, labels, classes)
    areas = [float(roc_auc_score(one.positive, one.score)) for one in curves]
    (axes,) = drawing.panels(ax, 1)
    axes.plot([0, 1], [0, 1], label="random scores (AUC 0.500)", **DIAGONAL)
    for k, look in _shown(areas, classes):
        false, true, _ = roc_curve(curves[k].positive, curves[k].score)
        axes.plot(false, true, label=f"{curves[k].name} (AUC {areas[k]:.3f})", **look)
    return _finished(axes, "false positive rate", "true positive rate (recall)", "ROC curve", curves, classes)


def plot_precision_recall(
    y_true: Any, probabilities: Any, labels: Sequence[Any] | None = None, classes: Sequence[Any] | None = None,
    ax: Any = None,
) -> Any:
    """Plot the precision by the recall for all thresholds, as steps; returns the Axes.

    The legend has the average precision, AP, of each curve, and the share of the rows that are of its class, which is
    the AP of random scores. Arguments and errors are those of `plot_roc`.
    """
    curves = _curves(y_true, probabilities, labels, classes)
    areas = [float(average_precision_score(one.positive, one.score)) for one in curves]
    (axes,) = drawing.panels(ax, 1)
    for k, look in _shown(areas, classes):
        precision, recall, _ = precision_recall_curve(curves[k].positive, curves[k].score)
        share = float(curves[k].positive.mean())
        axes.plot(recall, precision, drawstyle="steps-post", **look,
                  label=f"{curves[k].name} (AP {areas[k]:.3f}, random {share:.3f})")
        if len(curves) == 1:
            axes.axhline(share, **DIAGONAL)
    return _finished(axes, "recall", "precision", "Precision-recall curve", curves, classes)


def plot_calibration(
    y_true: Any, probabilities: Any, labels: Sequence[Any] | None = None, classes: Sequence[Any] | None = None,
    n_bins: int = 10, strategy: str = "uniform", ax: Any = None,
) -> Any:
    """Plot the share of positive rows by the mean predicted probability of each bin; returns the Axes.

    A *bin* is an interval of predicted probabilities, and the area of a dot is its share of the rows. The legend has
    the expected calibration error, ECE, of each curve: the mean absolute difference of the two, over all rows.
    ``strategy``: "uniform" bins have equal width, "quantile" bins have about equal counts. The other arguments are
    those of `plot_roc`.

    Raises
        ValueError as `plot_roc`, and if ``probabilities`` has values outside [0, 1].
    """
    curves = _curves(y_true, probabilities, labels, classes)
    outside = [p for one in curves for p in one.score[(one.score < 0.0) | (one.score > 1.0)][:1].tolist()]
    if outside:
        raise ValueError(f"probabilities holds {outside[0]:g}; it must hold numbers from 0 to 1")
    bins = [reliability(one.positive, one.score, n_bins=n_bins, strategy=strategy) for one in curves]
    errors = [float(expected_error(found.counts, found.shares, found.means)) for found in bins]
    (axes,) = drawing.panels(ax, 1)
    axes.plot([0, 1], [0, 1], label="perfectly calibrated", **DIAGONAL)
    for k, look in _shown([-error for error in errors], classes):
        found = bins[k]
        axes.plot(found.means, found.shares, label=f"{curves[k].name} (ECE {errors[k]:.3f})", **look)
        axes.scatter(found.means, found.shares, s=12.0 + 160.0 * found.counts / found.counts.sum(), zorder=3,
                     color=look["color"], edgecolor="white")
    return _finished(axes, "mean predicted probability", "share of positive rows", "Calibration", curves, classes)


def _curves(
    y_true: Any, probabilities: Any, labels: Sequence[Any] | None, classes: Sequence[Any] | None,
) -> list[_Curve]:
    """Check the arguments; return the chosen classes, each against the rest."""
    raw, score = rectangular("y_true", y_true), checks.targets("probabilities", probabilities).astype(np.float64)
    true = checked_labels("y_true", raw)
    check_lengths("probabilities", len(true), len(score))
    there = np.arange(raw.shape[1]) if is_one_hot(raw) else np.unique(true)
    names = np.asarray(there if labels is None else labels)
    if names.ndim != 1 or len(set(names.tolist())) < len(names):
        raise ValueError(f"labels is {labels!r}; it must name the class of each column of probabilities once")
    unknown = there[positions(names, there) < 0].tolist()
    if unknown:
        raise ValueError(
            f"y_true holds {unknown[0]!r}; it must hold only the given labels, {first_labels(names.tolist())}")
    if len(there) < 2:
        raise ValueError(f"y_true holds one class only, {there.tolist()}; a curve needs rows of two classes or more")
    alone = score.ndim == 1 or score.shape[1] == 1
    if score.ndim > 2 or (len(names) != 2 if alone else score.shape[1] != len(names)):
        raise ValueError(f"probabilities has shape {score.shape} for {len(names)} classes; it must be (n, classes), or "
                         "(n,) for the second of two classes; labels=[...] names all classes where y_true lacks some")
    columns = {names[-1].item(): score.reshape(-1)} if alone else dict(zip(names.tolist(), score.T, strict=True))
    if classes is None:  # of two classes the second; of more those that have rows
        classes = list(columns)[-1:] if len(columns) == 2 else [one for one in columns if one in there.tolist()]
    chosen = [checks.choice("classes", one, columns) for one in ([classes] if isinstance(classes, str) else classes)]
    if absent := [one for one in chosen if one not in there.tolist()]:
        raise ValueError(f"y_true holds no row of class {absent[0]}; its curve needs rows of this class and of another")
    return [_Curve(drawing.plain(one if isinstance(one, str) else f"class {one}"), true == one, columns[one])
            for one in chosen]


def _shown(quality: list[float], classes: Sequence[Any] | None) -> list[tuple[int, dict[str, Any]]]:
    """The index of each curve to draw, and its look: neighbours differ in style too, so that grey is enough.

    Of many curves they are those of the lowest quality, unless the user chose the classes.
    """
    most = MOST_CURVES if classes is None else len(quality)
    worst = sorted(sorted(range(len(quality)), key=lambda k: quality[k])[:most])
    return [(k, {"color": COLOURS[number % len(COLOURS)], "linewidth": 2.0 if len(worst) <= 4 else 1.4,
                 "linestyle": STYLES[(number + number // len(COLOURS)) % len(STYLES)]})
            for number, k in enumerate(worst)]


def _finished(axes: Any, x: str, y: str, title: str, curves: list[_Curve], classes: Sequence[Any] | None) -> Any:
    """Set the limits, the labels, the title with its note and the legend; return the Axes."""
    note = checks.counted(len(curves[0].positive), "row") + "; one class against the rest" * (len(curves) > 1)
    if classes is None and len(curves) > MOST_CURVES:
        note += f": the {MOST_CURVES} worst of {len(curves)} classes"
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.grid(alpha=0.25)
    drawing.finish(axes, x, y, title, note)
    drawing.legend(axes)
    return axes


# Confusion -----------------------------------------------------------------------------------------------------------


def plot_confusion_matrix(y_true: Any, y_pred: Any, labels: Sequence[Any] | None = None, ax: Any = None) -> Any:
    """Plot how many rows of each true class are predicted as each class; returns the Axes.

    ``labels`` are the classes to show, in their order (None: all, sorted). A cell shows its count, unless it is 0. Its
    colour is the count divided by the sum of its row, the examples of the true class.

    Raises
        ValueError as `scratchtune.metrics.confusion_matrix`.
    """
    matrix = confusion_matrix(y_true, y_pred, labels=labels)
    names = [drawing.plain(one) for one in (encoded(y_true, y_pred).classes.tolist() if labels is None else labels)]
    size = float(np.clip(len(names), 3, MOST_NUMBERED))
    (axes,) = drawing.panels(canvas(1, (2.2 + 0.55 * size, 1.6 + 0.5 * size))[1] if ax is None else ax, 1)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for row, column in np.argwhere(matrix) if len(names) <= MOST_NUMBERED else ():
        axes.text(column, row, f"{matrix[row, column]:,}", ha="center", va="center", fontsize=8,
                  color="white" if shares[row, column] > 0.5 else "black")
    step = -(-len(names) // MOST_NUMBERED)
    axes.set_xticks(range(0, len(names), step), names[::step], rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(0, len(names), step), names[::step], fontsize=8)
    drawing.finish(axes, "predicted class", "true class", "Confusion matrix",
                   f"accuracy {np.trace(matrix) / matrix.sum():.1%} on {checks.counted(int(matrix.sum()), 'row')}")
    axes.spines[["top", "right"]].set_visible(True)
    return axes


# Sequences ------------------------------------------------------------------------------------------------------------


def plot_attention(found: tuple[Sequence[str], Sequence[str], Any], ax: Any = None) -> Any:
    """Plot which tokens of a source each token of its translation looks up; returns the Axes.

    ``found``: the tokens of the source, those of the translation, and the weights (translation, source), as
    `Seq2Seq.attention` returns them: ``plot_attention(model.attention("two hundred"))``. There is a row for each token
    that is written and a column for each that is read. A cell is darker the larger its weight; the weights of a row sum
    to 1.

    Raises
        ValueError where the shape of the weights is another one.
    """
    source, translation, weights = found
    matrix = np.asarray(weights, dtype=float)
    if matrix.shape != (len(translation), len(source)):
        raise ValueError(f"found has weights of shape {matrix.shape} for {len(translation)} tokens written and "
                         f"{len(source)} read; they must be (written, read)")
    size = max(1.9 + 0.34 * len(source), 4.2), max(1.9 + 0.3 * len(translation), 2.6)
    (axes,) = drawing.panels(canvas(1, size)[1] if ax is None else ax, 1)
    axes.imshow(matrix, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(source)), [drawing.plain(token) for token in source], rotation=60, ha="right",
                    rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(translation)), [drawing.plain(token) for token in translation], fontsize=8)
    drawing.finish(axes, "source", "translation", "Attention")
    axes.grid(False)
    return axes


def plot_alignment(
    log_probabilities: Any, text: str, alphabet: Iterable[str], step: float | None = None, spectrogram: Any = None,
    ax: Any = None,
) -> Any:
    """Plot the probability of each symbol in each frame, and the most probable path that spells a text.

    Returns the Axes, or with a ``spectrogram`` two: that above, then the symbols. ``log_probabilities``: (frames,
    symbols), the blank first, such as ``model.log_probabilities([clip])[0]`` of a `SpeechRecognizer`. Each letter of
    the text is written above the first of its frames. ``step``: seconds from one frame to the next; without it the x
    axis counts frames. ``spectrogram``: the log-mel energies of the same frames, (frames, filters).

    Raises
        ValueError where the text has a letter that is not in the alphabet, or no path spells it in so many frames.
    """
    names = ["blank", *("space" if letter == " " else letter for letter in letters(alphabet))]
    unit = 1.0 if step is None else checks.real("step", step, 0.0, open_low=True)
    found = align(log_probabilities, text, alphabet)
    frames, time = np.arange(len(found.symbols)), "frame" if step is None else "time in seconds"
    size = (float(np.clip(1.5 + 0.09 * len(frames), 5.4, 16.0)), float(np.clip(1.2 + 0.2 * len(names), 2.8, 9.0)))
    count = 1 if spectrogram is None else 2
    every = drawing.panels(canvas((count, 1), (size[0], size[1] + 2.4 * (count - 1)))[1] if ax is None else ax, count)
    axes, ends = every[-1], (-0.5 * unit, (len(frames) - 0.5) * unit)
    axes.imshow(np.exp(np.asarray(log_probabilities, dtype=np.float64)).T, cmap="Blues", vmin=0.0, vmax=1.0,
                aspect="auto", interpolation="nearest", extent=(*ends, len(names) - 0.5, -0.5))
    axes.step(frames * unit, found.symbols, where="mid", color=COLOURS[1], linewidth=1.5)
    for index, letter in enumerate(text):
        first = int(np.flatnonzero(found.letters == index)[0])
        axes.text(first * unit, -0.7, "␣" if letter == " " else letter, ha="center", va="bottom", color=COLOURS[1],
                  fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    drawing.finish(axes, time, "symbol")
    axes.set_title(f"Most probable path, log-probability {found.log_probability:.1f}\n", loc="left", fontweight="bold")
    if spectrogram is not None:
        rows = np.asarray(spectrogram, dtype=np.float64)
        every[0].imshow(rows.T, cmap="magma_r", aspect="auto", interpolation="nearest", origin="lower",
                        extent=(*ends, -0.5, rows.shape[1] - 0.5))
        drawing.finish(every[0], time, "mel filter", "Log-mel spectrogram: darker is louder")
    for one in every:
        one.grid(False)
    return drawing.one_or_all(every)
