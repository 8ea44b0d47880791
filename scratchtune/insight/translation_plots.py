"""Plots of translators: the attention of a decoder as a picture over words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scratchtune.insight.drawing import canvas, save


class Lookup(NamedTuple):
    """The tokens of a source, those of its translation, and the weights (translation, source) of the attention."""

    source: list[str]
    translation: list[str]
    weights: np.ndarray


def plot_attention(lookups: Sequence[Lookup], path: str | Path) -> Path:
    """Plot the attention for each translated sentence: a row for each token written, a column for each token read.

    A cell is darker the larger its weight; the weights of a row sum to 1.
    """
    width = sum(1.6 + 0.34 * len(lookup.source) for lookup in lookups)
    height = 1.9 + 0.3 * max(len(lookup.translation) for lookup in lookups)
    figure, axes = canvas((1, len(lookups)), (max(width, 5.0), height))
    for place, (source, translation, weights) in zip(axes, lookups, strict=True):
        place.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
        place.set_xticks(range(len(source)), [plain(token) for token in source], rotation=60, ha="right", fontsize=8)
        place.set_yticks(range(len(translation)), [plain(token) for token in translation], fontsize=8)
        place.set_xlabel("source")
        place.set_ylabel("translation")
    figure.suptitle("Attention: which source tokens each token of the translation looks up", x=0.02, ha="left",
                    fontweight="bold", fontsize=10)
    return save(figure, path)


def plain(token: str) -> str:
    """A token for a label: a dollar sign would begin a formula."""
    return token.replace("$", r"\$")
