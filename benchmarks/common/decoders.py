"""Our translator's network in PyTorch, for one token after the other: what later tokens need is kept.

Recurrent layers keep their last state, attention its keys and values; `translators` has the networks and the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.nn.utils import rnn

from benchmarks.common import translators
from scratchtune.sequences.text.vocabulary import Vocabulary


class Decoder:
    """``read`` runs the encoder; ``step`` the decoder for one token of each row, and ``select`` rearranges the rows."""

    def __init__(self, network: Any) -> None:
        self.network = network.eval()
        self.kept: list[Any] = []  # tensors whose first axis is the rows

    @torch.inference_mode()
    def read(self, sources: np.ndarray, lengths: Sequence[int]) -> None:
        """Run the encoder for sources (n, length), padded with 0."""
        source = torch.from_numpy(sources)
        self.hides, self.done = (source == 0)[:, None], 0
        self.encode(source, lengths)

    def encode(self, source: torch.Tensor, lengths: Sequence[int]) -> None:
        """Fill ``kept``."""
        raise NotImplementedError

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits (n, target tokens) of the token after these, (n,)."""
        raise NotImplementedError

    @torch.inference_mode()
    def greedy(self, start: int, end: int, most: int) -> list[list[int]]:
        """The most probable token at each step, until every row has ended."""
        tokens = torch.full((len(self.hides),), start)
        written, ended = [], torch.zeros(len(tokens), dtype=torch.bool)
        for _ in range(most):
            logits = self.step(tokens)
            logits[:, Vocabulary.unknown] = -torch.inf
            tokens = logits.argmax(1)
            written.append(tokens)
            ended |= tokens == end
            if ended.all():
                break
        return torch.stack(written, 1).tolist()  # type: ignore[no-any-return]

    @torch.inference_mode()
    def log_probabilities(self, prefixes: np.ndarray, parents: np.ndarray) -> np.ndarray:
        """The ``step`` of our search."""
        if not np.array_equal(parents, np.arange(len(self.hides))):
            rows = torch.from_numpy(parents)
            self.hides, self.kept = self.hides[rows], [each[rows] for each in self.kept]
        logits = self.step(torch.from_numpy(prefixes[:, -1]))
        logits[:, Vocabulary.unknown] = -torch.inf
        return torch.log_softmax(logits.double(), 1).numpy()  # type: ignore[no-any-return]


class RecurrentDecoder(Decoder):
    """Kept are the encoder's states, and the decoder's last state: of an LSTM with its cell."""

    def encode(self, source: torch.Tensor, lengths: Sequence[int]) -> None:
        """Override."""
        packed = rnn.pack_padded_sequence(
            self.network.source_table(source), torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        states, last = self.network.encoder(packed)
        self.kept = [rnn.pad_packed_sequence(states, True)[0], *self.rows(last)]

    def rows(self, last: Any) -> list[torch.Tensor]:
        """The last state with the rows as first axis."""
        return [each.transpose(0, 1) for each in (last if isinstance(last, tuple) else (last,))]

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Override."""
        network, (states, *last) = self.network, self.kept
        first = tuple(each.transpose(0, 1).contiguous() for each in last)
        found, new = network.decoder(network.target_table(tokens)[:, None], first if len(first) > 1 else first[0])
        self.kept = [states, *self.rows(new)]
        scores = torch.bmm(found, states.transpose(1, 2)).masked_fill(self.hides, -torch.inf)
        found = torch.cat([found, torch.bmm(torch.softmax(scores, -1), states)], -1)
        return network.output(torch.tanh(network.combine(found)))[:, 0]  # type: ignore[no-any-return]


class TransformerDecoder(Decoder):
    """Kept are, of each block: keys and values of the steps so far, (n, heads, steps, size), and of the source."""

    def encode(self, source: torch.Tensor, lengths: Sequence[int]) -> None:
        """Override."""
        network = self.network
        table, inner = network.source_table, network.inner
        read = table(source) * network.scale + translators.sines(source.shape[1], table.embedding_dim)
        states, self.kept = inner.encoder(read, src_key_padding_mask=source == 0), []
        self.sines = translators.sines(100, table.embedding_dim)
        for layer in inner.decoder.layers:
            nothing = read.new_empty(len(read), inner.nhead, 0, table.embedding_dim // inner.nhead)
            self.kept += [nothing, nothing, *self.projected(layer.multihead_attn, states, 1, 3)]

    def projected(self, attention: Any, x: torch.Tensor, first: int, stop: int) -> list[torch.Tensor]:
        """Of queries, keys and values those from ``first`` up to ``stop``, (n, heads, steps, size)."""
        width = x.shape[2]
        part = slice(first * width, stop * width)
        found = functional.linear(x, attention.in_proj_weight[part], attention.in_proj_bias[part])
        return [each.unflatten(2, (attention.num_heads, -1)).transpose(1, 2) for each in found.split(width, 2)]

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Override."""
        network, kept = self.network, []
        x = (network.target_table(tokens) * network.scale + self.sines[self.done])[:, None]
        for number, layer in enumerate(network.inner.decoder.layers):
            keys, values, *source = self.kept[4 * number : 4 * number + 4]
            query, key, value = self.projected(layer.self_attn, layer.norm1(x), 0, 3)
            keys, values = torch.cat([keys, key], 2), torch.cat([values, value], 2)
            kept += [keys, values, *source]
            x = x + self.looked_up(layer.self_attn, query, keys, values, None)
            (query,) = self.projected(layer.multihead_attn, layer.norm2(x), 0, 1)
            x = x + self.looked_up(layer.multihead_attn, query, *source, ~self.hides[:, None])
            x = x + layer.linear2(torch.relu(layer.linear1(layer.norm3(x))))
        self.kept, self.done = kept, self.done + 1
        return network.output(network.inner.decoder.norm(x))[:, 0]  # type: ignore[no-any-return]

    def looked_up(self, attention: Any, query: Any, keys: Any, values: Any, keep: Any) -> torch.Tensor:
        """The output of an attention for projected queries, keys and values."""
        found = functional.scaled_dot_product_attention(query, keys, values, keep)
        return attention.out_proj(found.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def decoder(model: Any) -> Decoder:
    """The network of an `st.Seq2Seq` in PyTorch, with copies of its weights."""
    kind = TransformerDecoder if model.arguments["structure"] == "transformer" else RecurrentDecoder
    return kind(translators.copied(model))
