"""Our recogniser's network in PyTorch, as an ordinary eager module, with our weights.

The convolution is nn.Conv1d with ReLU, the recurrent layer nn.GRU in both directions over whole sequences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

GRU_ORDER = (1, 0, 2)  # PyTorch's blocks (reset, update, candidate) among ours


class Recognizer(nn.Module):
    """Convolution, ReLU, a GRU in both directions, logits; for rows (frames, features) without padding."""

    def __init__(self, features: int, kernel_size: int, units: int, symbols: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(features, units, kernel_size, padding="same")
        self.recurrent = nn.GRU(units, units, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * units, symbols)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The logits (n, frames, symbols) for rows (n, frames, features)."""
        heard = torch.relu(self.convolution(rows.transpose(1, 2))).transpose(1, 2)
        return self.output(self.recurrent(heard)[0])  # type: ignore[no-any-return]


def copied(model: Any) -> Recognizer:
    """The network of an `st.SpeechRecognizer` with one layer "gru" in PyTorch, with copies of its weights."""
    kernel, bias, *directions, last, last_bias = model.network.get_weights()
    network = Recognizer(kernel.shape[1], kernel.shape[0], kernel.shape[2], last_bias.size)
    found = {"convolution.weight": kernel.transpose(2, 1, 0), "convolution.bias": bias, "output.weight": last.T,
             "output.bias": last_bias}
    for suffix, arrays in (("", directions[:3]), ("_reverse", directions[3:])):
        given, recurrent, biases = arrays
        parts = {"weight_ih": given.T, "weight_hh": recurrent.T, "bias_ih": biases[0], "bias_hh": biases[1]}
        for name, values in parts.items():
            blocks = np.split(values.reshape(-1, *values.shape[1:]), len(GRU_ORDER))
            found[f"recurrent.{name}_l0{suffix}"] = np.concatenate([blocks[number] for number in GRU_ORDER])
    network.load_state_dict({name: torch.tensor(values) for name, values in found.items()})
    return network
