"""What the blocks of a Transformer's encoder and decoder have in common: their arguments and their weights.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from scratchtune import checks
from scratchtune.sequences.layers.pairs import PairLayer

HEADS, INNER = range(4, 6)  # of integers, after those of all layers for pairs


class TransformerBlock(PairLayer):
    """A block with ``num_heads`` heads and ``intermediate_dim`` hidden units; ``dropout`` is applied to each sublayer.
    """

    def __init__(
        self, intermediate_dim: int, num_heads: int, dropout: float, source_length: int | None,
    ) -> None:
        self.all_steps = source_length is None
        super().__init__(source_length or 1)
        self.intermediate_dim = checks.integer("intermediate_dim", intermediate_dim, 1)
        self.num_heads = checks.integer("num_heads", num_heads, 1)
        self.dropout = checks.real("dropout", dropout, 0.0, 1.0, open_high=True)

    def check_features(self, features: int) -> None:
        """Raise a ValueError unless each head gets the same number of features."""
        if features % self.num_heads > 0:
            raise ValueError(f"{type(self).__name__} gets {features} features; with num_heads={self.num_heads} it "
                             f"takes a multiple of {self.num_heads}")

    def add_norm(self, name: str, features: int) -> None:
        """Add the weights of a normalisation."""
        self.add_weight(f"{name}_gamma", (features,), "ones")
        self.add_weight(f"{name}_beta", (features,), "zeros", is_bias=True)

    def add_attention(self, name: str, features: int) -> None:
        """Add the weights of `transformer.attend`."""
        heads, size = self.num_heads, features // self.num_heads
        self.add_norm(name, features)
        for part in ("query", "key", "value"):
            self.add_weight(f"{name}_{part}_kernel", (features, heads, size), "glorot_uniform", (features, features))
            self.add_weight(f"{name}_{part}_bias", (heads, size), "zeros", is_bias=True)
        self.add_weight(f"{name}_output_kernel", (heads, size, features), "glorot_uniform", (features, features))
        self.add_weight(f"{name}_output_bias", (features,), "zeros", is_bias=True)

    def add_feed_forward(self, features: int) -> None:
        """Add the weights of `transformer.transform`."""
        self.add_norm("feed_forward", features)
        for name, shape in (("inner", (features, self.intermediate_dim)), ("outer", (self.intermediate_dim, features))):
            self.add_weight(f"{name}_kernel", shape, "glorot_uniform")
            self.add_weight(f"{name}_bias", shape[1:], "zeros", is_bias=True)

    def integers(self) -> list[int]:
        """Those of all layers for pairs, the heads, and the hidden units."""
        return [*super().integers(), self.num_heads, self.intermediate_dim]

    def reals(self) -> list[float]:
        """The rate of dropout."""
        return [self.dropout]
