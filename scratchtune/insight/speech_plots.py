"""Plots of speech recognition: the alignment of a text with its recording, and confused words; each saves one PNG.

Implements sections 6.3 and 8.2 of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.insight.confusion import plot_confusion
from scratchtune.insight.drawing import COLOURS, canvas, label, save
from scratchtune.speech.alignment import align
from scratchtune.speech.alphabets import letters
from scratchtune.speech.edit_distance import paired
from scratchtune.speech.error_rates import word_error_rate


def plot_alignment(
    log_probabilities: Any, text: str, alphabet: Iterable[str], path: str | Path, step: float | None = None,
    spectrogram: Any = None,
) -> Path:
    """Plot the probability of each symbol in each frame, and the most probable path that spells a text.

    ``log_probabilities``: (frames, symbols), the blank first. Each letter of the text is written above the first of its
    frames. ``step``: seconds from one frame to the next; without it the x axis counts frames. ``spectrogram``: the
    log-mel energies of the same frames, (frames, filters), drawn above.
    """
    names = ["blank", *("space" if letter == " " else letter for letter in letters(alphabet))]
    if step is not None:
        step = checks.real("step", step, 0.0, open_low=True)
    found = align(log_probabilities, text, alphabet)
    frames, unit = np.arange(len(found.symbols)), step or 1.0
    size = (float(np.clip(1.5 + 0.09 * len(frames), 5.4, 16.0)), float(np.clip(1.2 + 0.2 * len(names), 2.8, 9.0)))
    time = "time in seconds" if step else "frame"
    if spectrogram is None:
        figure, axes = canvas(1, size)
    else:
        figure, (above, axes) = canvas((2, 1), (size[0], size[1] + 2.4))
        _draw_spectrogram(above, spectrogram, unit, time)
    extent = (-0.5 * unit, (len(frames) - 0.5) * unit, len(names) - 0.5, -0.5)
    axes.imshow(np.exp(np.asarray(log_probabilities, dtype=np.float64)).T, cmap="Blues", vmin=0.0, vmax=1.0,
                aspect="auto", interpolation="nearest", extent=extent)
    axes.step(frames * unit, found.symbols, where="mid", color=COLOURS[1], linewidth=1.5)
    for index, letter in enumerate(text):
        first = int(np.flatnonzero(found.letters == index)[0])
        axes.text(first * unit, -0.7, "␣" if letter == " " else letter, ha="center", va="bottom", color=COLOURS[1],
                  fontsize=8)
    label(axes, time, "symbol", f"Most probable path, log-probability {found.log_probability:.1f}\n")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.grid(False)
    return save(figure, path)


def _draw_spectrogram(axes: Any, features: Any, unit: float, time: str) -> None:
    rows = np.asarray(features, dtype=np.float64)
    axes.imshow(rows.T, cmap="magma", aspect="auto", interpolation="nearest", origin="lower",
                extent=(-0.5 * unit, (len(rows) - 0.5) * unit, -0.5, rows.shape[1] - 0.5))
    label(axes, time, "mel filter", "Log-mel spectrogram: brighter is louder")
    axes.grid(False)


def word_confusion(
    references: Sequence[str], hypotheses: Sequence[str], most: int = 12,
) -> tuple[list[str], np.ndarray]:
    """Count which words (rows) were recognised as which (columns); return the words' names and the counts.

    The last row and column are insertions and deletions. With more than ``most`` words in the references, those are
    counted that are confused most often, and the last row and column stand for all other words too.
    """
    checks.integer("most", most, 1)
    pairs = Counter(pair for reference, hypothesis in zip(references, hypotheses, strict=True)
                    for pair in paired(reference.split(), hypothesis.split()))
    errors: Counter[str] = Counter()
    for (spoken, heard), count in pairs.items():
        if spoken is not None:
            errors[spoken] += count if spoken != heard else 0
    names = sorted(word for word, _ in errors.most_common(most))
    place = {name: index for index, name in enumerate(names)}
    matrix = np.zeros((len(names) + 1, len(names) + 1), dtype=np.int64)
    for (spoken, heard), count in pairs.items():
        row, column = (place.get(word, len(names)) for word in (spoken, heard))
        matrix[row, column] += count if min(row, column) < len(names) else 0
    return [*names, "none, or others" if len(errors) > most else "none"], matrix


def plot_word_confusion(
    references: Sequence[str], hypotheses: Sequence[str], path: str | Path, most: int = 12,
) -> Path:
    """Plot the matrix of `word_confusion`."""
    names, matrix = word_confusion(references, hypotheses, most)
    words = sum(len(text.split()) for text in references)
    title = f"word error rate {word_error_rate(references, hypotheses):.1%} of {words:,} words"
    return plot_confusion(matrix, names, path, title, ("spoken word", "recognised word"))
