"""The blocks of a Transformer's encoder and decoder, composed of other layers.

A block is a sequence of residual connections. In each of them the input is normalised, something is computed from it,
and the result is added to the input, after dropout:

    y = x + dropout(layers(normalise(x)))

so x itself reaches the next one unchanged, and so does the gradient on its way back. The layers are multi-head
attention, by which steps look up other steps, or two dense layers (*feed-forward*), which each step goes through alone.

The paper normalises after the addition, which needs a learning rate that rises slowly at first; normalising before
does not (Xiong et al. 2020, "On layer normalization in the Transformer architecture").

Implements section 6.2 of the document.
"""

from __future__ import annotations

from scratchtune.core import checks
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import Dense
from scratchtune.core.network.layers.dropout import Dropout
from scratchtune.core.network.layers.normalization import LayerNormalization
from scratchtune.core.network.layers.residual import Composed, Residual
from scratchtune.sequences.layers.cross_attention import CachedAttention, MultiHeadCrossAttention
from scratchtune.sequences.layers.multi_head_attention import MultiHeadAttention
from scratchtune.sequences.layers.sequences import sequence_shape

EPSILON = 1e-5  # of layer normalisation, as PyTorch's


class TransformerEncoder(Composed):
    """A block over sequences (length, features), with the names of KerasHub's arguments.

    Self-attention in ``num_heads`` heads that share the features, then two dense layers, the first one with
    ``intermediate_dim`` units and ReLU; ``dropout`` of each result. KerasHub and PyTorch normalise after each addition
    by default, this layer before (``normalize_first=True``, ``norm_first=True``). Padding that an `Embedding` with
    ``mask_zero`` below has marked is looked up by no step.
    """

    def __init__(self, intermediate_dim: int, num_heads: int, dropout: float = 0.0) -> None:
        self.intermediate_dim = checks.integer("intermediate_dim", intermediate_dim, 1)
        self.num_heads = checks.integer("num_heads", num_heads, 1)
        self.dropout = checks.real("dropout", dropout, 0.0, 1.0, open_high=True)

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Make the parts, for sequences whose features are a multiple of ``num_heads``."""
        _, features = sequence_shape(type(self).__name__, input_shape)
        if features % self.num_heads > 0:
            raise ValueError(f"{type(self).__name__} gets {features} features; with num_heads={self.num_heads} it "
                             f"takes a multiple of {self.num_heads}")
        self.parts = [*map(self.connection, self.attentions(features // self.num_heads)),
                      self.connection(Dense(self.intermediate_dim, "relu"), Dense(features))]
        return super().build(input_shape)

    def attentions(self, size: int) -> list[Layer]:
        """The attention of each residual connection but the last one; its heads have so many features."""
        return [MultiHeadAttention(self.num_heads, size)]

    def connection(self, *layers: Layer) -> Residual:
        """y = x + dropout(layers(normalise(x)))."""
        drop = [Dropout(self.dropout)] if self.dropout > 0.0 else []
        return Residual([LayerNormalization(EPSILON), *layers, *drop])


class TransformerDecoder(TransformerEncoder):
    """The same with causal self-attention, and then a connection more: attention to the steps of the second input.

    With ``cached``, it is for one step after the other, at most so many: see `CachedAttention`.
    """

    def __init__(self, intermediate_dim: int, num_heads: int, dropout: float = 0.0, cached: int | None = None) -> None:
        super().__init__(intermediate_dim, num_heads, dropout)
        self.cached = cached

    def attentions(self, size: int) -> list[Layer]:
        """Self-attention, then that to the second input."""
        heads, cached = self.num_heads, self.cached
        to_itself: Layer = MultiHeadAttention(heads, size, use_causal_mask=True) if cached is None else CachedAttention(
            heads, size, cached)
        return [to_itself, MultiHeadCrossAttention(heads, size)]

    def connection(self, *layers: Layer) -> Residual:
        """That of the encoder; attention to the second input is told which one that is."""
        made = super().connection(*layers)
        for part in made.parts:
            if isinstance(part, MultiHeadCrossAttention):
                part.second = self.second
        return made
