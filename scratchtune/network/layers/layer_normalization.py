"""Layer normalisation, by the names of `normalization`."""

from scratchtune.network.layers.normalization import LayerNormalization as LayerNormalization
from scratchtune.network.layers.normalization import layer_normalization as layer_normalization
from scratchtune.network.layers.normalization import layer_normalization_grad as layer_normalization_grad
from scratchtune.network.layers.normalization import layer_normalization_scale_grad as layer_normalization_scale_grad
