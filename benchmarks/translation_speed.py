"""How long does a training step of an encoder-decoder take, here and in PyTorch?

A step is forward, backward and Adam: float32, batch 32, source and target of 12 tokens without padding, so that both
libraries' losses are the same mean. One thread each, pinned to one core; in every round the libraries are measured in
turn, from the same weights on the same batches in the same order. A ratio is the median over the rounds. PyTorch runs
in eager mode: nn.GRU or nn.LSTM over the whole sequence, attention as batched products, or nn.Transformer; with the
fastest of its three Adams. The Transformer has 2 blocks of encoder and of decoder, 2 heads and 256 hidden units.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np

from benchmarks.common import harness, speeds
from benchmarks.common.benchmark import Benchmark

ROWS, BATCH, LENGTH = 640, 32, 12
TOKENS = (64, 1024)  # of either vocabulary: about those of number words, and of verses
RECURRENT = {"attention": "dot", "embedding": 64}
CASES: dict[str, tuple[dict[str, Any], float | None]] = {  # of Seq2Seq; the bar, PyTorch's time / ours
    "GRU, 64 units": ({"structure": "gru", "units": 64, **RECURRENT}, 3.0),
    "GRU, 256 units": ({"structure": "gru", "units": 256, **RECURRENT}, 1.0),
    "LSTM, 64 units": ({"structure": "lstm", "units": 64, **RECURRENT}, None),
    "LSTM, 256 units": ({"structure": "lstm", "units": 256, **RECURRENT}, None),
    "Transformer, width 64": (
        {"structure": "transformer", "embedding": 64, "units": 256, "layers": 2, "heads": 2}, 2.0),
}
ROUNDS = (7, 5), (3, 1)  # rounds and their epochs; of a quick run


def rows(tokens: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random sources and targets, (n, 2 · length) for the network to read, and what it must write, (n, length)."""
    rng = np.random.default_rng(seed)
    source, written = rng.integers(4, tokens, (2, ROWS, LENGTH)).astype(np.float32)
    read = np.hstack([np.full((ROWS, 1), 2.0, np.float32), written[:, :-1]])
    return np.hstack([source, read]), written


def untrained(case: str, tokens: int, seed: int) -> Any:
    """Our translator with its first weights; its vocabularies are numbers."""
    import scratchtune as st

    vocabulary = st.text.Vocabulary([[str(number) for number in range(tokens - 4)]])
    model = st.Seq2Seq(
        vocabulary, vocabulary, **CASES[case][0], source_length=LENGTH, target_length=LENGTH, seed=seed)
    model.compile(st.Adam(0.001))
    model.build()
    return model


def ours(case: str, tokens: int, seed: int, epochs: int) -> speeds.Answer:
    """Train, and return the seconds of a step in the last epochs, and the loss of the last one."""
    return speeds.our_epochs(untrained(case, tokens, seed).network, rows(tokens, seed), BATCH, epochs)


def pytorch(case: str, tokens: int, seed: int, epochs: int, adam: str = "") -> speeds.Answer:
    """The same in PyTorch."""
    import torch

    from benchmarks.common import translators

    torch.set_num_threads(1)
    adam = adam or speeds.fastest_adam(pytorch, case, tokens)
    network = translators.copied(untrained(case, tokens, seed))
    criterion = torch.nn.CrossEntropyLoss(ignore_index=0)
    X, y = (torch.as_tensor(part.astype(np.int64)) for part in rows(tokens, seed))

    def loss_of(some: slice) -> Any:
        return criterion(network(X[some, :LENGTH], X[some, LENGTH:]).flatten(0, 1), y[some].flatten())

    return speeds.torch_epochs(
        network, lambda: [slice(first, first + BATCH) for first in range(0, ROWS, BATCH)], loss_of, epochs, adam)


LIBRARIES: dict[str, speeds.Library] = {"ours": ours, "PyTorch": pytorch}


def measure(given: Namespace) -> speeds.Found:
    """All answers."""
    rounds, epochs = ROUNDS[given.quick]
    cases = {f"{case}, {tokens:,} tokens": {"case": case, "tokens": tokens, "epochs": epochs}
             for case in CASES for tokens in TOKENS}
    return speeds.in_turns(LIBRARIES, cases, rounds, {"epochs": 1})


def report(found: speeds.Found, given: Namespace) -> list[str]:
    """A line for each network and library, and the bars."""
    rounds, epochs = ROUNDS[given.quick]
    lines, bars = speeds.speeds(found, {what: CASES[what.rpartition(", ")[0]][1] for what, _ in found}, "us a step")
    return [
        f"float32, one thread, core "
        f"{harness.pinned_core()}, {rounds} rounds of {epochs} epochs of {ROWS // BATCH} steps, batch {BATCH}, source "
        f"and target of {LENGTH} tokens, tables of 64 numbers for each token, dot attention. The loss is the last "
        f"epoch's, the mean over the rounds' seeds; both libraries start from the same weights.",
        lines, "Against the bars:", "\n".join([*bars, speeds.equal(found, "losses", "loss")])]


ANSWER = (
    "Won: PyTorch takes 3.16 times as long for a step of a small GRU, 1.37 times for a large one with 1,024 "
    "tokens; lost: two bars, with 1,024 tokens it is 2.23 and 1.91 instead of 3x and 2x.")
BENCHMARK = Benchmark("A training step of a translator", measure, report, ("torch",),
                      quick="three rounds of one epoch")
