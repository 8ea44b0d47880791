"""Our translator's network in PyTorch, as an ordinary eager module, with our weights.

Recurrent layers are nn.GRU and nn.LSTM over whole sequences; attention is two batched products with a mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

GATES = {"gru": (1, 0, 2), "lstm": (0, 1, 2, 3)}  # PyTorch's order of our blocks (update, reset, candidate; i, f, c, o)


class Recurrent(nn.Module):
    """Encoder, decoder, dot attention without padding at the end of the source, the attentional state, logits."""

    def __init__(self, structure: str, tokens: tuple[int, int], embedding: int, units: int) -> None:
        super().__init__()
        kind = {"gru": nn.GRU, "lstm": nn.LSTM}[structure]
        self.source_table, self.target_table = (nn.Embedding(size, embedding, padding_idx=0) for size in tokens)
        self.encoder = kind(embedding, units, batch_first=True)
        self.decoder = kind(embedding, units, batch_first=True)
        if structure == "lstm":  # PyTorch's second bias would double the steps of the first; Keras's LSTM has one
            self.encoder.bias_hh_l0.requires_grad_(False)
            self.decoder.bias_hh_l0.requires_grad_(False)
        self.combine, self.output = nn.Linear(2 * units, units), nn.Linear(units, tokens[1])

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The logits (rows, target length, tokens) of the token after each."""
        states, last = self.encoder(self.source_table(source))
        found, _ = self.decoder(self.target_table(target), last)
        scores = torch.bmm(found, states.transpose(1, 2)).masked_fill((source == 0)[:, None], -torch.inf)
        found = torch.cat([found, torch.bmm(torch.softmax(scores, -1), states)], -1)
        return self.output(torch.tanh(self.combine(found)))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """PyTorch's own Transformer with normalisation first, on tables of tokens plus sines of positions."""

    def __init__(self, tokens: tuple[int, int], embedding: int, units: int, layers: int, heads: int) -> None:
        super().__init__()
        self.source_table, self.target_table = (nn.Embedding(size, embedding, padding_idx=0) for size in tokens)
        self.inner = nn.Transformer(
            embedding, heads, layers, layers, units, dropout=0.0, batch_first=True, norm_first=True)
        self.output, self.scale = nn.Linear(embedding, tokens[1]), embedding**0.5

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The logits (rows, target length, tokens) of the token after each."""
        padding, length = source == 0, target.shape[1]
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        read, written = (table(ids) * self.scale + sines(ids.shape[1], table.embedding_dim)
                         for table, ids in ((self.source_table, source), (self.target_table, target)))
        found = self.inner(read, written, tgt_mask=later, src_key_padding_mask=padding, memory_key_padding_mask=padding,
                           tgt_is_causal=True)
        return self.output(found)  # type: ignore[no-any-return]


def sines(length: int, width: int) -> torch.Tensor:
    """Vaswani et al.'s vectors of positions, (length, width)."""
    angles = torch.arange(length)[:, None] / 10000.0 ** (torch.arange(0, width, 2) / width)
    return torch.stack([torch.sin(angles), torch.cos(angles)], -1).flatten(1)


def copied(model: Any) -> nn.Module:
    """The network of an `st.Seq2Seq` in PyTorch, with copies of its weights; one layer and dot, or a Transformer."""
    given, tokens = model.arguments, (len(model.source_vocabulary), len(model.target_vocabulary))
    if given["structure"] == "transformer":
        network: nn.Module = Transformer(tokens, *(given[name] for name in ("embedding", "units", "layers", "heads")))
        found = transformer_weights(model)
    else:
        network = Recurrent(given["structure"], tokens, given["embedding"], given["units"])
        found = weights(model)
    network.load_state_dict({name: torch.tensor(values) for name, values in found.items()})
    return network


def weights(model: Any) -> dict[str, np.ndarray]:
    """The weights of a recurrent `st.Seq2Seq` under the names of `Recurrent`, in PyTorch's layout."""
    structure, every = model.arguments["structure"], model.network.get_weights()
    found = {"source_table.weight": every[0], "target_table.weight": every[1]}
    for name, layer in (("encoder", every[2:5]), ("decoder", every[5:8])):
        found |= {f"{name}.{part}_l0": values for part, values in recurrent_weights(structure, *layer)}
    for name, (kernel, bias) in (("combine", every[8:10]), ("output", every[10:])):
        found |= {f"{name}.weight": kernel.T, f"{name}.bias": bias}
    return found


def recurrent_weights(
    structure: str, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray,
) -> Iterator[tuple[str, np.ndarray]]:
    """Our weights of a GRU or an LSTM under PyTorch's names, with the blocks in its order."""
    biases = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
    for part, values in (("weight_ih", kernel.T), ("weight_hh", recurrent.T), ("bias_ih", biases[0]),
                         ("bias_hh", biases[1])):
        blocks = np.split(values, len(GATES[structure]))
        yield part, np.concatenate([blocks[number] for number in GATES[structure]])


def transformer_weights(model: Any) -> dict[str, np.ndarray]:
    """The weights of a Transformer under the names of `Transformer`, in PyTorch's layout."""
    every, layers = iter(model.network.get_weights()), range(model.arguments["layers"])
    found = {"source_table.weight": next(every), "target_table.weight": next(every)}

    def take_norm(name: str) -> None:
        found.update({f"{name}.weight": next(every), f"{name}.bias": next(every)})

    def take_block(name: str, attentions: tuple[str, ...]) -> None:
        for number, attention in enumerate(attentions, 1):
            take_norm(f"{name}.norm{number}")
            parts = [next(every) for _ in range(8)]  # kernel and bias of queries, keys, values and outputs
            width = parts[7].size
            kernels, biases = [part.reshape(width, width).T for part in parts[:6:2]], [b.ravel() for b in parts[1:6:2]]
            found.update({f"{name}.{attention}.in_proj_weight": np.concatenate(kernels),
                          f"{name}.{attention}.in_proj_bias": np.concatenate(biases),
                          f"{name}.{attention}.out_proj.weight": parts[6].reshape(width, width).T,
                          f"{name}.{attention}.out_proj.bias": parts[7]})
        take_norm(f"{name}.norm{len(attentions) + 1}")
        for linear in ("linear1", "linear2"):
            found.update({f"{name}.{linear}.weight": next(every).T, f"{name}.{linear}.bias": next(every)})

    for number in layers:
        take_block(f"inner.encoder.layers.{number}", ("self_attn",))
    take_norm("inner.encoder.norm")
    for number in layers:
        take_block(f"inner.decoder.layers.{number}", ("self_attn", "multihead_attn"))
    take_norm("inner.decoder.norm")
    return found | {"output.weight": next(every).T, "output.bias": next(every)}
