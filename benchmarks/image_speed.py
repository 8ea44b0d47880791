"""How long does an epoch of a small convolutional network take, here and in PyTorch?

    python -m benchmarks.image_speed [--quick] [--save]

Two blocks of convolution (8 and 16 filters of 3x3, ReLU, pooling), then a dense layer of 10; batch 32, Adam, float32,
one thread each, pinned to one core; in every round the libraries are measured in turn. PyTorch is measured with
channels first, its default, and with its memory format channels_last; a ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import harness
from benchmarks.common.harness import Worker, bar, median_ratio, table

ROWS, BATCH, CLASSES = 1600, 32, 10
NAMES = ("ours", "PyTorch", "PyTorch, channels_last")
SIZES, PADDINGS = (28, 14), ("valid", "same")
BARS = {28: 1.0, 14: 2.0}  # PyTorch's time / ours


def images(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of Fashion-MNIST, or of every second pixel of them, and their labels."""
    import scratchtune as st

    X, y = st.datasets.load_fashion_mnist()
    chosen = np.random.default_rng(seed).permutation(len(X))[:ROWS]
    step = 28 // size
    return np.ascontiguousarray(X[chosen, ::step, ::step], np.float32) / np.float32(255.0), y[chosen]


def ours(size: int, padding: str, seed: int, epochs: int) -> dict[str, Any]:
    """Train, and return the seconds of the last epochs and the loss of the last one."""
    import scratchtune as st

    X, y = images(size, seed)
    model = st.Sequential([
        st.Conv2D(8, 3, padding=padding, activation="relu"), st.MaxPooling2D(2),
        st.Conv2D(16, 3, padding=padding, activation="relu"), st.MaxPooling2D(2),
        st.Flatten(), st.Dense(CLASSES, activation="softmax")], seed=seed)
    model.compile(st.Adam(0.001), "categorical_crossentropy")
    model.fit(X, y, BATCH, 1, verbose=0)
    begun = time.perf_counter()
    history = model.fit(X, y, BATCH, epochs, verbose=0)
    return {"seconds": (time.perf_counter() - begun) / epochs, "loss": history.history["loss"][-1]}


def pytorch(size: int, padding: str, seed: int, epochs: int, channels_last: bool) -> dict[str, Any]:
    """The same in PyTorch, with Keras's initial weights."""
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
    if channels_last:
        net, rows = net.to(memory_format=torch.channels_last), rows.to(memory_format=torch.channels_last)
    optimizer, criterion = torch.optim.Adam(net.parameters(), 0.001), nn.CrossEntropyLoss()

    def epoch() -> float:
        total = 0.0
        for batch in torch.randperm(ROWS).split(BATCH):
            optimizer.zero_grad()
            loss = criterion(net(rows[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total += float(loss.detach())
        return total / (ROWS // BATCH)

    epoch()
    begun = time.perf_counter()
    losses = [epoch() for _ in range(epochs)]
    return {"seconds": (time.perf_counter() - begun) / epochs, "loss": losses[-1]}


def answer(name: str, **question: Any) -> dict[str, Any]:
    """One measurement, in a worker."""
    return ours(**question) if name == "ours" else pytorch(**question, channels_last="last" in name)


def measure(rounds: int, epochs: int) -> dict[tuple[int, str, str], list[dict[str, Any]]]:
    """All answers, by (size, padding, name)."""
    env, core = harness.environment(1), harness.pinned_core()
    workers = {name: Worker("benchmarks.image_speed", name, env, core) for name in NAMES}
    cases = [(size, padding) for size in SIZES for padding in PADDINGS]
    found: dict[tuple[int, str, str], list[dict[str, Any]]] = {(*case, name): [] for case in cases for name in NAMES}
    with tqdm(total=(rounds + 1) * len(found), desc="measuring", disable=None) as progress:
        for number in range(-1, rounds):  # the first round only compiles
            for size, padding in cases:
                for name in NAMES:
                    given = workers[name].ask(
                        name=name, size=size, padding=padding, seed=max(number, 0), epochs=epochs if number >= 0 else 1)
                    if number >= 0:
                        found[size, padding, name].append(given)
                    progress.update()
    for worker in workers.values():
        worker.close()
    return found


def main() -> None:
    """Measure, print, and with --save write benchmarks/results/image_speed.md."""
    if "--worker" in sys.argv:
        harness.serve(answer)
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.image_speed", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three rounds of two epochs")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/image_speed.md")
    options = parser.parse_args()
    rounds, epochs = (3, 2) if options.quick else (7, 5)
    load = harness.load()
    found = measure(rounds, epochs)

    def seconds(size: int, padding: str, name: str) -> list[float]:
        return [given["seconds"] for given in found[size, padding, name]]

    rows, lines = [], []
    for size in SIZES:
        for padding in PADDINGS:
            mine = seconds(size, padding, "ours")
            for name in NAMES:
                times = seconds(size, padding, name)
                loss = statistics.mean(given["loss"] for given in found[size, padding, name])
                rows.append([
                    f"{size}x{size}, {padding}", name, f"{1e6 * statistics.median(times) / ROWS:.1f}",
                    f"{1e6 * min(times) / ROWS:.1f}", f"{median_ratio(times, mine):.2f}", f"{loss:.3f}"])
            for name in NAMES[1:]:
                ratio = median_ratio(seconds(size, padding, name), mine)
                lines.append(bar(f"{size}x{size}, {padding}: {name} / ours", ratio, BARS[size], digits=2))
    harness.report("An epoch of a small convolutional network", "image_speed", [
        f"{harness.machine()}; {load}.",
        harness.versions("numpy", "numba", "scratchtune", "torch") + f". float32, one thread, core "
        f"{harness.pinned_core()}, {rounds} rounds of {epochs} epochs, {ROWS} images, batch {BATCH}. The loss is the "
        f"last epoch's, the mean over the rounds' seeds: a faster epoch counts only if it learns as much.",
        table(["network", "library", "us an image", "least", "time / ours", "loss"], rows, "llrrrr"),
        "Against the bars:", "\n".join(lines),
    ], options.save)


if __name__ == "__main__":
    main()
