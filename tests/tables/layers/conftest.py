"""What the tests of single layers share: run one forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scratchtune as st

from ...core.network.zoo import Run, run_layers


@pytest.fixture
def run() -> Callable[..., Run]:
    """One forward and one backward pass through a layer that follows another, so that dx is computed too."""
    def run_layer(layer: st.Layer, x: np.ndarray, dy: np.ndarray | None = None, theta: object = None) -> Run:
        return run_layers([layer], x, dy, theta=theta)

    return run_layer


@pytest.fixture
def torch() -> Any:
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch")
