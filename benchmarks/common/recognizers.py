"""Our recogniser's network in PyTorch, as an ordinary eager module, with our weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.common.translators import GATES


class Recognizer(nn.Module):
    """Convolution, ReLU, a bidirectional recurrent layer between dropouts, logits."""

    def __init__(self, structure: str, features: int, units: int, symbols: int, kernel_size: int, dropout: float):
        super().__init__()
        self.convolution = nn.Conv1d(features, units, kernel_size, padding="same")
        self.recurrent = {"gru": nn.GRU, "lstm": nn.LSTM}[structure](
            units, units, batch_first=True, bidirectional=True)
        self.dropout, self.output = nn.Dropout(dropout), nn.Linear(2 * units, symbols)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The logits (clips, frames, symbols) of clips without padding, (clips, frames, features)."""
        found = torch.relu(self.convolution(rows.transpose(1, 2))).transpose(1, 2)
        return self.output(self.dropout(self.recurrent(self.dropout(found))[0]))  # type: ignore[no-any-return]

    def of_clips(self, clips: list[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits and the number of frames of clips that are not equally long; padding is skipped, as in ours."""
        lengths = torch.tensor([len(clip) for clip in clips])
        padded = nn.utils.rnn.pad_sequence([torch.as_tensor(clip, dtype=torch.float32) for clip in clips], True)
        found = torch.relu(self.convolution(padded.transpose(1, 2))).transpose(1, 2)
        packed = nn.utils.rnn.pack_padded_sequence(self.dropout(found), lengths, True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.recurrent(packed)[0], True)
        return self.output(self.dropout(states)), lengths


def copied(model: Any) -> Recognizer:
    """The network of an `st.SpeechRecognizer` of one recurrent layer in PyTorch, with copies of its weights."""
    given = model.arguments
    every = [np.asarray(values) for values in model.network.get_weights()]
    convolution, directions, dense = every[:2], (every[2:5], every[5:8]), every[8:]
    size, features, units = convolution[0].shape
    network = Recognizer(given["structure"], features, units, dense[1].size, size, given["dropout"])
    found = {"convolution.weight": convolution[0].transpose(2, 1, 0), "convolution.bias": convolution[1],
             "output.weight": dense[0].T, "output.bias": dense[1]}
    gates = GATES[given["structure"]]
    for end, (kernel, recurrent, bias) in zip(("", "_reverse"), directions, strict=True):
        biases = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        for part, values in (("weight_ih", kernel.T), ("weight_hh", recurrent.T), ("bias_ih", biases[0]),
                             ("bias_hh", biases[1])):
            blocks = np.split(values, len(gates))
            found[f"recurrent.{part}_l0{end}"] = np.concatenate([blocks[number] for number in gates])
    network.load_state_dict({name: torch.tensor(np.ascontiguousarray(values)) for name, values in found.items()})
    return network


def log_probabilities(network: Recognizer, clips: list[np.ndarray]) -> list[np.ndarray]:
    """The logarithms of the probability of the blank and of each symbol, (frames, symbols), for each clip."""
    with torch.no_grad():
        logits, lengths = network.of_clips(clips)
        found = torch.log_softmax(logits.double(), -1).numpy()
    return [rows[:length] for rows, length in zip(found, lengths.tolist(), strict=True)]
