"""Pictures of image classifiers: each is written, also where there is little to show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scratchtune.insight import image_plots


def _is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("count", [0, 1, 6, 7])
def test_images_and_none_at_all(tmp_path: Path, count: int) -> None:
    assert _is_png(image_plots.plot_images(np.zeros((count, 5, 4, 1)), ["title"] * count, tmp_path / "images.png"))


@pytest.mark.parametrize("shape", [(3, 3, 1, 1), (5, 2, 3, 9)])
def test_filters(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert _is_png(image_plots.plot_filters(np.random.default_rng(0).normal(size=shape), tmp_path / "filters.png"))
