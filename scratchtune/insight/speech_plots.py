"""Plots of speech recognition: the alignment of a text with the frames of its recording; saved as one PNG.

Implements sections 6.3 and 8.2 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.insight.plots import COLOURS, canvas, label, save
from scratchtune.speech.alignment import align
from scratchtune.speech.alphabets import letters


def plot_alignment(
    log_probabilities: Any, text: str, alphabet: Iterable[str], path: str | Path, step: float | None = None,
) -> Path:
    """Plot the probability of each symbol in each frame, and the most probable path that spells a text.

    ``log_probabilities``: (frames, symbols), the blank first. Each letter of the text is written above the first of its
    frames. ``step``: seconds from one frame to the next; without it the x axis counts frames.
    """
    names = ["blank", *("space" if letter == " " else letter for letter in letters(alphabet))]
    if step is not None:
        step = checks.real("step", step, 0.0, open_low=True)
    found = align(log_probabilities, text, alphabet)
    frames, unit = np.arange(len(found.symbols)), step or 1.0
    size = (float(np.clip(1.5 + 0.09 * len(frames), 5.4, 16.0)), float(np.clip(1.2 + 0.2 * len(names), 2.8, 9.0)))
    figure, axes = canvas(1, size)
    extent = (-0.5 * unit, (len(frames) - 0.5) * unit, len(names) - 0.5, -0.5)
    axes.imshow(np.exp(np.asarray(log_probabilities, dtype=np.float64)).T, cmap="Blues", vmin=0.0, vmax=1.0,
                aspect="auto", interpolation="nearest", extent=extent)
    axes.step(frames * unit, found.symbols, where="mid", color=COLOURS[1], linewidth=1.5)
    for index, letter in enumerate(text):
        first = int(np.flatnonzero(found.letters == index)[0])
        axes.text(first * unit, -0.7, "␣" if letter == " " else letter, ha="center", va="bottom", color=COLOURS[1],
                  fontsize=8)
    label(axes, "time in seconds" if step else "frame", "symbol",
          f"Most probable path, log-probability {found.log_probability:.1f}\n")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.grid(False)
    return save(figure, path)
