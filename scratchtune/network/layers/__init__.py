"""The layers, one file for each kind."""

from scratchtune.network.layers.activation import Activation
from scratchtune.network.layers.additive_attention import AdditiveAttention
from scratchtune.network.layers.attention import Attention
from scratchtune.network.layers.average_pooling2d import AveragePooling2D
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.batch_ensemble import BatchEnsembleDense
from scratchtune.network.layers.batch_normalization import BatchNormalization
from scratchtune.network.layers.bidirectional import Bidirectional
from scratchtune.network.layers.category_embedding import CategoryEmbedding
from scratchtune.network.layers.conv1d import Conv1D
from scratchtune.network.layers.conv2d import Conv2D
from scratchtune.network.layers.dense import Dense
from scratchtune.network.layers.dropout import Dropout
from scratchtune.network.layers.embedding import Embedding
from scratchtune.network.layers.flatten import Flatten
from scratchtune.network.layers.gaussian_noise import GaussianNoise
from scratchtune.network.layers.global_average_pooling2d import GlobalAveragePooling2D
from scratchtune.network.layers.gru import GRU
from scratchtune.network.layers.layer_normalization import LayerNormalization
from scratchtune.network.layers.lstm import LSTM
from scratchtune.network.layers.masking import Masking
from scratchtune.network.layers.max_pooling2d import MaxPooling2D
from scratchtune.network.layers.member_dense import MemberDense
from scratchtune.network.layers.member_mean import MemberMean
from scratchtune.network.layers.multi_head_attention import MultiHeadAttention
from scratchtune.network.layers.parametric_activation import ParametricActivation
from scratchtune.network.layers.periodic_embedding import PeriodicEmbedding
from scratchtune.network.layers.piecewise_embedding import PiecewiseEmbedding
from scratchtune.network.layers.positions import SinusoidalPositions
from scratchtune.network.layers.random_flip import RandomFlip
from scratchtune.network.layers.random_rotation import RandomRotation
from scratchtune.network.layers.random_translation import RandomTranslation
from scratchtune.network.layers.repeat_members import RepeatMembers
from scratchtune.network.layers.scaling import Scaling
from scratchtune.network.layers.spec_augment import SpecAugment
from scratchtune.network.layers.transformer_encoder import TransformerEncoder

__all__ = [
    "GRU", "LSTM", "Activation", "AdditiveAttention", "Attention", "AveragePooling2D", "BatchEnsembleDense",
    "BatchNormalization", "Bidirectional", "CategoryEmbedding", "Conv1D", "Conv2D", "Dense", "Dropout", "Embedding",
    "Flatten", "GaussianNoise", "GlobalAveragePooling2D", "Layer", "LayerNormalization", "Masking", "MaxPooling2D",
    "MemberDense", "MemberMean", "MultiHeadAttention", "ParametricActivation", "PeriodicEmbedding",
    "PiecewiseEmbedding", "RandomFlip", "RandomRotation", "RandomTranslation", "RepeatMembers", "Scaling",
    "SinusoidalPositions", "SpecAugment", "TransformerEncoder",
]
