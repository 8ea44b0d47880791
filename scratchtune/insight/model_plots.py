"""How good a model's answers are, and what it looks at: a classifier's confusions, attention, alignment.

Implements sections 6.3 and 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.metrics.classification import confusion_matrix
from scratchtune.core.metrics.labels import encoded
from scratchtune.insight import drawing
from scratchtune.insight.drawing import COLOURS

MOST_NUMBERED = 40  # of more classes the cells of a confusion matrix are too small for their counts


def plot_confusion_matrix(y_true: Any, y_pred: Any, labels: Sequence[Any] | None = None, ax: Any = None) -> Any:
    """Plot how many rows of each true class are predicted as each class; returns the Axes.

    ``labels`` are the classes to show, in their order (None: all, sorted). A cell shows its count, unless it is 0. Its
    colour is the count divided by the sum of its row, the examples of the true class. A ValueError as
    `scratchtune.core.metrics.confusion_matrix`.
    """
    matrix = confusion_matrix(y_true, y_pred, labels=labels)
    names = [drawing.plain(one) for one in (encoded(y_true, y_pred).classes.tolist() if labels is None else labels)]
    size = float(np.clip(len(names), 3, MOST_NUMBERED))
    (axes,) = drawing.panels(ax, 1, size=(2.2 + 0.55 * size, 1.6 + 0.5 * size))
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


def plot_attention(found: tuple[Sequence[str], Sequence[str], Any], ax: Any = None) -> Any:
    """Plot which tokens of a source each token of its translation looks up; returns the Axes.

    ``found``: the tokens of the source, those of the translation, and the weights (translation, source), as
    `Seq2Seq.attention` returns them: ``plot_attention(model.attention("two hundred"))``. A cell is darker the larger
    its weight; the weights of a row sum to 1. A ValueError where the shape of the weights is another one.
    """
    source, translation, weights = found
    matrix = np.asarray(weights, dtype=float)
    if matrix.shape != (len(translation), len(source)):
        raise ValueError(f"found has weights of shape {matrix.shape} for {len(translation)} tokens written and "
                         f"{len(source)} read; they must be (written, read)")
    size = max(1.9 + 0.34 * len(source), 4.2), max(1.9 + 0.3 * len(translation), 2.6)
    (axes,) = drawing.panels(ax, 1, size=size)
    axes.imshow(matrix, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(source)), [drawing.plain(token) for token in source], rotation=60, ha="right",
                    rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(translation)), [drawing.plain(token) for token in translation], fontsize=8)
    drawing.finish(axes, "source", "translation", "Attention")
    return axes


def plot_alignment(
    log_probabilities: Any, text: str, alphabet: Iterable[str], found: Any, step: float | None = None, ax: Any = None,
) -> Any:
    """Plot the probability of each symbol in each frame, and the most probable path that spells a text.

    ``log_probabilities``: (frames, symbols), the blank first, such as ``model.log_probabilities([clip])[0]`` of a
    `SpeechRecognizer`. ``found``: what ``st.speech.align(log_probabilities, text, alphabet)`` returns. Each letter of
    the text is written above the first of its frames. ``step``: seconds from one frame to the next; without it the x
    axis counts frames. Returns the Axes.
    """
    names = ["blank", *("space" if letter == " " else letter for letter in alphabet)]
    unit = 1.0 if step is None else checks.real("step", step, 0.0, open_low=True)
    frames, time = np.arange(len(found.symbols)), "frame" if step is None else "time in seconds"
    size = (float(np.clip(1.5 + 0.09 * len(frames), 5.4, 16.0)), float(np.clip(1.2 + 0.2 * len(names), 2.8, 9.0)))
    (axes,) = drawing.panels(ax, 1, size=size)
    extent = -0.5 * unit, (len(frames) - 0.5) * unit, len(names) - 0.5, -0.5
    axes.imshow(np.exp(np.asarray(log_probabilities, dtype=np.float64)).T, cmap="Blues", vmin=0.0, vmax=1.0,
                aspect="auto", interpolation="nearest", extent=extent)
    axes.step(frames * unit, found.symbols, where="mid", color=COLOURS[1], linewidth=1.5)
    for index, letter in enumerate(text):
        first = int(np.flatnonzero(found.letters == index)[0])
        axes.text(first * unit, -0.7, "␣" if letter == " " else letter, ha="center", va="bottom", color=COLOURS[1],
                  fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    drawing.finish(axes, time, "symbol")
    axes.set_title(f"Most probable path, log-probability {found.log_probability:.1f}\n", loc="left", fontweight="bold")
    return axes
