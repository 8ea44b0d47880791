"""Our recogniser's network in PyTorch, as an ordinary eager module, with our weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.common.translators import recurrent_weights


class Recognizer(nn.Module):
    """Convolution, ReLU, a bidirectional recurrent layer, logits."""

    def __init__(self, structure: str, features: int, units: int, symbols: int, kernel_size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(features, units, kernel_size, padding="same")
        self.recurrent = {"gru": nn.GRU, "lstm": nn.LSTM}[structure](
            units, units, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * units, symbols)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The logits (clips, frames, symbols) of clips without padding, (clips, frames, features)."""
        found = torch.relu(self.convolution(rows.transpose(1, 2))).transpose(1, 2)
        return self.output(self.recurrent(found)[0])  # type: ignore[no-any-return]


def copied(model: Any) -> Recognizer:
    """The network of an `st.SpeechRecognizer` of one layer, without dropout, with copies of its weights."""
    structure = model.arguments["structure"]
    every = [np.asarray(values) for values in model.network.get_weights()]
    convolution, directions, dense = every[:2], (every[2:5], every[5:8]), every[8:]
    size, features, units = convolution[0].shape
    network = Recognizer(structure, features, units, dense[1].size, size)
    found = {"convolution.weight": convolution[0].transpose(2, 1, 0), "convolution.bias": convolution[1],
             "output.weight": dense[0].T, "output.bias": dense[1]}
    for end, layer in zip(("", "_reverse"), directions, strict=True):
        found |= {f"recurrent.{part}_l0{end}": values for part, values in recurrent_weights(structure, *layer)}
    network.load_state_dict({name: torch.tensor(np.ascontiguousarray(values)) for name, values in found.items()})
    return network
