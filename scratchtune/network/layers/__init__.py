"""The layers, a file a kind."""

from scratchtune.network.layers.activation import Activation
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.dense import Dense
from scratchtune.network.layers.dropout import Dropout
from scratchtune.network.layers.gaussian_noise import GaussianNoise

__all__ = ["Activation", "Dense", "Dropout", "GaussianNoise", "Layer"]
