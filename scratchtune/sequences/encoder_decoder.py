"""An encoder-decoder reads a source sequence, and writes a target sequence token by token.

This file puts its layers together:

| part | gru, lstm | transformer |
|---|---|---|
| vectors of the tokens | `PairEmbedding` | `PairEmbedding`, `PairPositions` |
| encoder | `PairRecurrent` | `TransformerEncoder`, at last `SourceNormalization` |
| decoder | the same layer, which begins with the encoder's last state | `TransformerDecoder` |
| attention to the encoder's states | `CrossAttention`, `MultiHeadCrossAttention` | within the decoder's blocks |
| state and what it looked up in one vector | `Dense` with tanh | `TargetSteps`, `LayerNormalization` |
| logits of the next token | `Dense` | `Dense` |

A row holds the tokens of the source, then those of the target: see `scratchtune.sequences.layers.pairs`.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from scratchtune import checks
from scratchtune.network.layers.base import Layer
from scratchtune.network.layers.dense import Dense
from scratchtune.network.layers.dropout import Dropout
from scratchtune.network.layers.layer_normalization import LayerNormalization
from scratchtune.sequences.layers.cross_attention import SCORES, CrossAttention
from scratchtune.sequences.layers.multi_head_cross_attention import MultiHeadCrossAttention
from scratchtune.sequences.layers.pair_embedding import PairEmbedding
from scratchtune.sequences.layers.pair_positions import PairPositions
from scratchtune.sequences.layers.pair_recurrent import CODERS, PairRecurrent
from scratchtune.sequences.layers.source_normalization import SourceNormalization
from scratchtune.sequences.layers.target_steps import TargetSteps
from scratchtune.sequences.layers.transformer_decoder import TransformerDecoder
from scratchtune.sequences.layers.transformer_encoder import TransformerEncoder
from scratchtune.sequences.transformer import EPSILON

STRUCTURES = (*CODERS, "transformer")
ATTENTIONS = ("none", *SCORES, "multi_head")


@dataclass(frozen=True)
class EncoderDecoder:
    """The arguments of an encoder-decoder, which are checked, and its layers.

    ``structure``: "gru", "lstm" or "transformer". ``attention``: "none", "dot", "additive" or "multi_head"; the default
    is "dot", for a Transformer "multi_head", which is the only one it has. ``embedding``: the numbers of a token's
    vector, in a Transformer of every step. ``units`` of encoder and decoder, in a Transformer of the hidden layer of
    its blocks. ``layers`` of encoder and decoder. ``heads`` of "multi_head". ``dropout`` between layers.
    """

    structure: str = "gru"
    attention: str | None = None
    embedding: int = 64
    units: int = 128
    layers: int = 1
    heads: int = 4
    dropout: float = 0.0

    def __post_init__(self) -> None:
        checks.choice("structure", self.structure, STRUCTURES)
        is_transformer = self.structure == "transformer"
        if self.attention is None:
            object.__setattr__(self, "attention", "multi_head" if is_transformer else "dot")
        checks.choice("attention", self.attention, ATTENTIONS)
        if is_transformer and self.attention != "multi_head":
            raise ValueError(f"attention is {self.attention!r}; structure='transformer' has attention='multi_head' "
                             f"only")
        for name in ("embedding", "units", "layers", "heads"):
            object.__setattr__(self, name, checks.integer(name, getattr(self, name), 1))
        object.__setattr__(self, "dropout", checks.real("dropout", self.dropout, 0.0, 1.0, open_high=True))
        divided = "embedding" if is_transformer else "units"
        if self.attention == "multi_head" and getattr(self, divided) % self.heads > 0:
            raise ValueError(f"{divided} is {getattr(self, divided)}; with heads={self.heads} it must be a multiple of "
                             f"{self.heads}")

    def arguments(self) -> dict[str, Any]:
        """The arguments as a dictionary."""
        return asdict(self)

    def build(self, source_tokens: int, target_tokens: int, source_length: int) -> list[Layer]:
        """The layers for rows (source_length + target length,), whose outputs are (target length, target_tokens)."""
        vectors = PairEmbedding(source_tokens, target_tokens, self.embedding, source_length)
        middle = self._transformer(source_length) if self.structure == "transformer" else self._recurrent(source_length)
        return [vectors, *middle, Dense(target_tokens)]

    def _recurrent(self, source_length: int) -> list[Layer]:
        coders: list[Layer] = []
        for _ in range(self.layers):
            coders += [*self._dropout(), PairRecurrent(self.units, source_length, self.structure)]
        look_up = {"none": TargetSteps(source_length), "multi_head": MultiHeadCrossAttention(source_length, self.heads)}
        attention = look_up.get(str(self.attention)) or CrossAttention(source_length, str(self.attention))
        return [*coders, attention, Dense(self.units, activation="tanh"), *self._dropout()]

    def _transformer(self, source_length: int) -> list[Layer]:
        arguments = self.units, self.heads, self.dropout
        encoder = [TransformerEncoder(*arguments, source_length=source_length) for _ in range(self.layers)]
        decoder = [TransformerDecoder(*arguments, source_length=source_length) for _ in range(self.layers)]
        return [PairPositions(source_length), *self._dropout(), *encoder, SourceNormalization(source_length), *decoder,
                TargetSteps(source_length), LayerNormalization(EPSILON)]

    def _dropout(self) -> list[Layer]:
        return [Dropout(self.dropout)] if self.dropout > 0.0 else []
