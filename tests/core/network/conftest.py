"""PyTorch, and Keras in double precision, for the tests that compare with them."""

from __future__ import annotations

import os
from typing import Any

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Comparisons with Keras are slow: each worker that has one imports it, in 9 CPU seconds."""
    for item in items:
        if "keras" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def torch() -> Any:
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch")


@pytest.fixture
def keras(monkeypatch: pytest.MonkeyPatch, torch: Any) -> Any:
    """Keras on PyTorch, in double precision: its rule of promotion makes float32 of a product of float64."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    found = pytest.importorskip("keras", exc_type=ImportError)
    if found.backend.backend() != "torch":
        pytest.skip("Keras runs on another backend here")
    from keras.src.backend.common import dtypes

    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    return found
