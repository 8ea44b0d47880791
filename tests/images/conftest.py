"""The fixtures of tests/core/network, for layers of images."""

from ..core.network.conftest import keras, pytest_collection_modifyitems, torch
from ..core.network.layers.conftest import differenced, run

__all__ = ["differenced", "keras", "pytest_collection_modifyitems", "run", "torch"]
