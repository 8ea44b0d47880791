"""How long does one training step take, here and in PyTorch, scikit-learn and JAX, and how far is it from the floor?

float32, one thread each, all pinned to the same core; in every round the libraries are measured in turn. A ratio is the
median over the rounds of the ratios within a round. Each round trains with a different seed, and the final losses are
printed, since a faster step counts only if it learns as much.
"""

from __future__ import annotations

import statistics
from argparse import Namespace
from typing import NamedTuple

from benchmarks.common import harness, speeds, trainers
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import bar, spread, table

ROWS = 1437
LIBRARIES: dict[str, speeds.Library] = dict.fromkeys(trainers.TRAINERS, trainers.measured)
PEERS = ("PyTorch", "scikit-learn", "JAX")
LOSS_BAR = 3.0


class Case(NamedTuple):
    """A network and a batch size; epochs of a measurement, and its repetitions."""

    hidden: tuple[int, ...]
    batch_size: int
    epochs: int
    repeats: int


def name(case: Case) -> str:
    """The widths and the batch size."""
    return f"{'-'.join(map(str, (64, *case.hidden, 10)))}, batch {case.batch_size}"


CASES = {name(case): case for case in (
    Case((64,), 32, 30, 7), Case((64,), 128, 30, 7), Case((256, 256), 32, 10, 2), Case((1024, 1024), 128, 5, 1),
    Case((2048, 2048), 128, 2, 1))}


class Bar(NamedTuple):
    """A limit of a case: the peer's time / ours at least, or ours / the peer's at most."""

    case: str
    peer: str
    wanted: float
    at_most: bool = False


SMALL, _, MIDDLE, LARGE, LARGEST = CASES
BARS = (
    Bar(SMALL, "PyTorch", 25.0), Bar(SMALL, "scikit-learn", 15.0), Bar(SMALL, "JAX", 1.5),
    Bar(SMALL, "floor", 1.6, True), Bar(MIDDLE, "JAX", 1.5), Bar(LARGE, "PyTorch", 1.1, True),
    Bar(LARGE, "JAX", 1.1, True), Bar(LARGEST, "PyTorch", 1.3, True), Bar(LARGEST, "JAX", 1.3, True))


def difference(found: speeds.Found, case: str, peer: str) -> float:
    """Difference of the peer's mean loss from ours, in standard deviations over seeds, pooled over all libraries."""
    losses = {library: speeds.values(found, case, library, "loss") for library in ("ours", *PEERS)}
    noise = statistics.mean(spread(values) ** 2 for values in losses.values()) ** 0.5
    return abs(statistics.mean(losses[peer]) - statistics.mean(losses["ours"])) / noise if noise else 0.0


def speed_table(found: speeds.Found, case: str) -> str:
    """Microseconds a step, and the ratio to ours."""
    rows = [[speeds.label(found, case, library), *speeds.times(found, case, library, ",.1f")] for library in LIBRARIES]
    return table([case, "us a step", "least", "time / ours"], rows)


def loss_table(found: speeds.Found, case: str) -> str:
    """The training loss after the last epoch, and the accuracy on the 360 rows of the test set."""
    rows = []
    for library in ("ours", *PEERS):
        losses, accuracies = (speeds.values(found, case, library, what) for what in ("loss", "accuracy"))
        rows.append([
            library, f"{statistics.mean(losses):.5f} +- {spread(losses):.5f}",
            f"{statistics.mean(accuracies):.4f} +- {spread(accuracies):.4f}",
            "" if library == "ours" else f"{difference(found, case, library):.1f}"])
    return table([f"{case}, {CASES[case].epochs} epochs", "training loss", "test accuracy", "diff / noise"], rows)


def bars(found: speeds.Found, cases: dict[str, Case]) -> str:
    """Each bar and its measurement."""
    lines = []
    for case, peer, wanted, at_most in BARS:
        pair = ("ours", peer) if at_most else (peer, "ours")
        lines.append(bar(f"{case}, {' / '.join(pair)}", speeds.ratio(found, case, *pair) if case in cases else None,
                         wanted, at_most=at_most, digits=2))
    largest = max(difference(found, case, peer) for case in cases for peer in PEERS)
    lines.append(bar("losses, largest difference from ours in standard deviations", largest, LOSS_BAR, "",
                     at_most=True))
    return "\n".join(lines)


def measured(given: Namespace) -> tuple[dict[str, Case], int]:
    """The cases, and the number of rounds."""
    return dict(list(CASES.items())[:3 if given.quick else None]), given.rounds or (3 if given.quick else 9)


def measure(given: Namespace) -> speeds.Found:
    """The trainings of all libraries."""
    cases, rounds = measured(given)
    return speeds.in_turns(LIBRARIES, {what: case._asdict() for what, case in cases.items()}, rounds,
                           {"epochs": 1, "repeats": 1})


def report(found: speeds.Found, given: Namespace) -> list[str]:
    """Times and losses of each case, and the bars."""
    cases, rounds = measured(given)
    return [
        f"float32, one thread, core {harness.pinned_core()}, {rounds} rounds, {ROWS} rows of the digits; "
        "Adam 0.001, glorot_uniform, a new order every epoch.",
        "Times are those of whole trainings: here and in scikit-learn the whole call of fit, in PyTorch and JAX the "
        "loop over the epochs, data converted and everything compiled before.",
        *(speed_table(found, case) for case in cases),
        "Final losses and accuracies (mean and standard deviation over seeds; the last column is the difference of "
        "the mean loss from ours, in standard deviations pooled over the libraries):",
        *(loss_table(found, case) for case in cases), "Against the bars:", bars(found, cases)]


ANSWER = (
    "Won: on the smallest network PyTorch takes 23.66 times as long, scikit-learn 16.34 and JAX 1.57; lost: on the "
    "largest JAX is faster (ours takes 1.02 times as long), and some bars are missed.")
BENCHMARK = Benchmark(
    "Time of a training step", measure, report, ("torch", "scikit-learn", "jax"),
    quick="three rounds, without the largest networks",
    options={"--rounds": {"type": count, "help": "rounds (9, or 3 with --quick)"}})
