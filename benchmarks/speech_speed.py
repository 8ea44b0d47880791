"""How long do the CTC loss and a training step of a recogniser of speech take, here and in PyTorch?

float32, batch 32, recordings of 100 frames. The loss: −log P(labels) of about 20 labels among 40 symbols, from logits,
with its gradient; in PyTorch log_softmax, functional.ctc_loss and backward. A step: forward, backward and Adam for the
network of `SpeechRecognizer`, 26 features and 17 symbols: convolution over 5 frames, GRU in both directions, logits.
One thread each, pinned to one core; in every round the libraries are measured in turn, on the same numbers; the
step from the same weights with the batches in the same order. A ratio is the median over the rounds. PyTorch runs in
eager mode, with the fastest of its three Adams.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.common import harness, speeds
from benchmarks.common.benchmark import Benchmark

BATCH, FRAMES = 32, 100
SHORTEST, LONGEST = 15, 25  # labels of a recording
LOSS_SYMBOLS, REPEATS = 40, 40  # of the loss; REPEATS evaluations are one measurement
ROWS, FEATURES, SYMBOLS = 640, 26, 17  # of the step
LOSS = "CTC loss and gradient"
CASES: dict[str, tuple[int, float | None]] = {  # units, 0 for the loss alone; the bar, PyTorch's time / ours
    LOSS: (0, 1.0), "step, 64 units": (64, 2.0), "step, 128 units": (128, None)}
ROUNDS = (7, 2), (3, 1)  # rounds and their epochs; of a quick run


def labels_of(rows: int, symbols: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random labels (rows, LONGEST), then 0, and how many each row has."""
    counts = rng.integers(SHORTEST, LONGEST + 1, rows)
    labels = rng.integers(1, symbols, (rows, LONGEST))
    return np.where(np.arange(LONGEST) < counts[:, None], labels, 0), counts


# The loss -------------------------------------------------------------------------------------------------------------


def logits_and_labels(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits (BATCH, FRAMES, LOSS_SYMBOLS), labels and their counts."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(BATCH, FRAMES, LOSS_SYMBOLS)).astype(np.float32), *labels_of(BATCH, LOSS_SYMBOLS, rng)


def our_loss(seed: int, repeats: int) -> speeds.Answer:
    """The seconds of an evaluation, the mean loss, and the norm of its gradient."""
    from scratchtune.sequences.ctc import call_kernel, ctc_loss_kernel, ctc_targets

    logits, labels, counts = logits_and_labels(seed)
    rows = ctc_targets(labels, [FRAMES] * BATCH, counts, FRAMES, LOSS_SYMBOLS).astype(np.float32)
    kernel, weight = ctc_loss_kernel.compiled(np.float32), np.ones(BATCH, np.float32)
    z = logits.reshape(BATCH, -1)
    gradient = np.empty_like(z)
    return evaluated(lambda: call_kernel(kernel, z, rows, weight, gradient), lambda: np.linalg.norm(gradient), repeats)


def evaluated(loss: Callable[[], Any], norm: Callable[[], Any], repeats: int) -> speeds.Answer:
    """Evaluate so many times after one that is not timed."""
    loss()
    seconds, found = speeds.timed(lambda: [loss() for _ in range(repeats)])
    return {"seconds": seconds / repeats, "loss": float(found[-1]), "gradient": float(norm())}


def torch_loss(seed: int, repeats: int) -> speeds.Answer:
    """The same in PyTorch."""
    import torch

    torch.set_num_threads(1)
    given, labels, counts = logits_and_labels(seed)
    logits, frames = torch.tensor(given, requires_grad=True), torch.full((BATCH,), FRAMES)
    written, lengths = torch.tensor(labels), torch.tensor(counts)

    def evaluate() -> float:
        logits.grad = None
        loss = ctc(torch, logits, written, frames, lengths)
        loss.backward()
        return float(loss.detach())

    return evaluated(evaluate, lambda: logits.grad.norm(), repeats)  # type: ignore[union-attr]


def ctc(torch: Any, logits: Any, labels: Any, frames: Any, counts: Any) -> Any:
    """PyTorch's mean of −log P(labels) over recordings; its own "mean" divides by the numbers of labels."""
    log_p = torch.log_softmax(logits, -1).transpose(0, 1)
    return torch.nn.functional.ctc_loss(log_p, labels, frames, counts, reduction="none").mean()


# A step ---------------------------------------------------------------------------------------------------------------


def recordings(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random rows (ROWS, FRAMES, FEATURES), labels and their counts."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ROWS, FRAMES, FEATURES)).astype(np.float32), *labels_of(ROWS, SYMBOLS, rng)


def untrained(units: int, seed: int) -> Any:
    """Our recogniser with its first weights."""
    import scratchtune as st

    features = st.speech.Features(kind="log_mel", n_mels=FEATURES)
    model = st.SpeechRecognizer("abcdefghijklmnop", features, units=units, dropout=0.0, frames=FRAMES, seed=seed)
    model.compile(st.Adam(0.001))
    model.build()
    return model


def our_steps(units: int, seed: int, epochs: int) -> speeds.Answer:
    """Train, and return the seconds of a step in the last epochs, and the loss of the last one."""
    from scratchtune.sequences.ctc import ctc_targets

    model, (X, labels, counts) = untrained(units, seed), recordings(seed)
    y = ctc_targets(labels, [FRAMES] * ROWS, counts, FRAMES, SYMBOLS)
    return speeds.our_epochs(model.network, (X, y), BATCH, epochs)


def torch_steps(units: int, seed: int, epochs: int, adam: str = "") -> speeds.Answer:
    """The same in PyTorch."""
    import torch

    from benchmarks.common import recognizers

    torch.set_num_threads(1)
    adam = adam or speeds.fastest_adam(torch_steps, units)
    network = recognizers.copied(untrained(units, seed))
    X, labels, counts = (torch.as_tensor(part) for part in recordings(seed))
    frames = torch.full((BATCH,), FRAMES)
    return speeds.torch_epochs(
        network, lambda: [slice(first, first + BATCH) for first in range(0, ROWS, BATCH)],
        lambda some: ctc(torch, network(X[some]), labels[some], frames, counts[some]), epochs, adam)


# Rounds and the report ------------------------------------------------------------------------------------------------


def ours(units: int, seed: int, epochs: int) -> speeds.Answer:
    """A measurement of ours; of the loss alone with 0 units."""
    return our_steps(units, seed, epochs) if units else our_loss(seed, epochs * REPEATS)


def pytorch(units: int, seed: int, epochs: int) -> speeds.Answer:
    """A measurement of PyTorch."""
    return torch_steps(units, seed, epochs) if units else torch_loss(seed, epochs * REPEATS)


LIBRARIES: dict[str, speeds.Library] = {"ours": ours, "PyTorch": pytorch}


def measure(given: Namespace) -> speeds.Found:
    """All answers."""
    rounds, epochs = ROUNDS[given.quick]
    cases = {case: {"units": units, "epochs": epochs} for case, (units, _) in CASES.items()}
    return speeds.in_turns(LIBRARIES, cases, rounds, {"epochs": 1})


def report(found: speeds.Found, given: Namespace) -> list[str]:
    """A line for each case and library, and the bars."""
    rounds, epochs = ROUNDS[given.quick]
    lines, bars = speeds.speeds(found, {case: wanted for case, (_, wanted) in CASES.items()}, "us")
    return [
        f"float32, one thread, core "
        f"{harness.pinned_core()}, {rounds} rounds, batch {BATCH}, {FRAMES} frames, {SHORTEST} to {LONGEST} labels. "
        f"The loss: {LOSS_SYMBOLS} symbols, {epochs * REPEATS} evaluations a round. A step: {FEATURES} features, "
        f"{SYMBOLS} symbols, convolution over 5 frames and GRU in both directions, {epochs} epochs of {ROWS // BATCH} "
        f"steps a round after one that is not timed; its loss is the last epoch's. Losses are means over the rounds' "
        f"seeds; both libraries start from the same weights.",
        lines, "Against the bars:", "\n".join([*bars, speeds.equal(found, "losses and gradients", "loss", "gradient")])]


ANSWER = (
    "Won: PyTorch takes 2.95 times as long for the CTC loss and 2.99 times for a step with 64 units; lost: the "
    "lead falls to 1.69 with 128 units.")
BENCHMARK = Benchmark("CTC, and a training step of a recogniser of speech", measure, report, ("torch",),
                      quick="three short rounds")
