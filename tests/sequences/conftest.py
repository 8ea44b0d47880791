"""The fixtures of tests/network, for layers of sequences."""

from ..network.conftest import keras, pytest_collection_modifyitems, torch
from ..network.layers.conftest import differenced, run, sequences

__all__ = ["differenced", "keras", "pytest_collection_modifyitems", "run", "sequences", "torch"]
