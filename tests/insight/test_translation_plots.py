"""The picture of attention: one sentence and several, tokens with signs that have a meaning for the plotting library.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scratchtune.insight.translation_plots import Lookup, plain, plot_attention


@pytest.mark.parametrize("count", [1, 3])
def test_attention(tmp_path: Path, count: int) -> None:
    weights = np.full((2, 3), 1.0 / 3.0)
    lookups = [Lookup(["it", "costs", "$5$"], ["cuesta", "[END]"], weights)] * count
    assert plot_attention(lookups, tmp_path / "attention.png").read_bytes().startswith(b"\x89PNG")


def test_a_dollar_sign_begins_no_formula() -> None:
    assert plain("$5") == r"\$5"
