"""How long does one training step take, here and in PyTorch, scikit-learn and JAX, and how far is it from the floor?

float32, one thread each, all pinned to the same core; in every round the libraries are measured in turn. A ratio is the
median over the rounds of the ratios within a round. Each round trains with a different seed, and the final losses are
printed, since a faster step counts only if it learns as much.
"""

from __future__ import annotations

import statistics
from argparse import Namespace
from typing import Any, NamedTuple

from tqdm import tqdm

from benchmarks.common import harness, trainers
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import Worker, bar, median_ratio, spread, table

ROWS = 1437
PEERS = ("PyTorch", "scikit-learn", "JAX")
MEASURED = ("ours", "ours, accuracy", *PEERS, "floor")
XLA_FLAGS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class Case(NamedTuple):
    """A network and a batch size; epochs per measurement; repetitions of the short measurements of ours and JAX."""

    hidden: tuple[int, ...]
    batch_size: int
    epochs: int
    repeats: int

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, (64, *self.hidden, 10)))}, batch {self.batch_size}"

    @property
    def steps(self) -> int:
        return self.epochs * -(-ROWS // self.batch_size)


CASES = (
    Case((64,), 32, 30, 7),
    Case((64,), 128, 30, 7),
    Case((256, 256), 32, 10, 2),
    Case((1024, 1024), 128, 5, 1),
    Case((2048, 2048), 128, 2, 1),
)


class Bar(NamedTuple):
    """A limit for the case with that index: peer's time / ours at least, or ours / peer's time at most."""

    case: int
    peer: str
    wanted: float
    at_most: bool = False


BARS = (
    Bar(0, "PyTorch", 25.0), Bar(0, "scikit-learn", 15.0), Bar(0, "JAX", 1.5), Bar(0, "floor", 1.6, True),
    Bar(2, "JAX", 1.5), Bar(3, "PyTorch", 1.1, True), Bar(3, "JAX", 1.1, True), Bar(4, "PyTorch", 1.3, True),
    Bar(4, "JAX", 1.3, True),
)
PAIR_BAR, LOSS_BAR = 1.6, 3.0


def start_workers() -> dict[str, Worker]:
    """One worker for each library; ours also computes the floor."""
    env, core = harness.environment(1, XLA_FLAGS=XLA_FLAGS), harness.pinned_core()
    workers = {name: Worker(trainers.answer, name, env, core) for name in ("ours", *PEERS)}
    return {name: workers.get(name, workers["ours"]) for name in MEASURED}


def measure_libraries(cases: tuple[Case, ...], rounds: int) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """All answers, by (case, measured)."""
    workers = start_workers()
    answers: dict[tuple[str, str], list[dict[str, Any]]] = {(c.name, m): [] for c in cases for m in MEASURED}
    with tqdm(total=(rounds + 1) * len(answers), desc="measuring", disable=None) as progress:
        for number in range(-1, rounds):  # the first round only compiles
            for case in cases:
                for name in MEASURED:
                    repeats = 1 if name in ("PyTorch", "scikit-learn") or number < 0 else case.repeats
                    epochs = case.epochs if number >= 0 else 1
                    given = workers[name].ask(
                        name=name, hidden=case.hidden, batch_size=case.batch_size, epochs=epochs, seed=max(number, 0),
                        repeats=repeats)
                    if number >= 0:
                        answers[case.name, name].append(given)
                    progress.update()
    for worker in dict.fromkeys(workers.values()):
        worker.close()
    return answers


def measure_pairs(cases: tuple[Case, ...], rounds: int) -> dict[str, list[dict[str, float]]]:
    """For each case, the speed-up of two threads on two cores over one, in training and in hashing."""
    worker = Worker(trainers.answer, "ours", harness.environment(1))
    found: dict[str, list[dict[str, float]]] = {case.name: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            repeats = 1 if case.hidden[0] > 256 else 3 * case.repeats
            found[case.name].append(worker.ask(
                kind="pair", hidden=case.hidden, batch_size=case.batch_size, epochs=case.epochs, repeats=repeats))
    worker.close()
    return found


# What is printed ------------------------------------------------------------------------------------------------------


class Outcome:
    """The answers, and the statistics computed from them."""

    def __init__(self, answers: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
        self.answers = answers

    def microseconds(self, case: Case, name: str) -> list[float]:
        """Microseconds per step, one value per round."""
        return [1e6 * given["seconds"] / case.steps for given in self.answers[case.name, name]]

    def values(self, case: Case, name: str, key: str) -> list[float]:
        """Loss or accuracy, one value per round."""
        return [given[key] for given in self.answers[case.name, name]]

    def difference(self, case: Case, peer: str) -> float:
        """Difference of the peer's mean loss from ours, in standard deviations over seeds, pooled over all libraries.
        """
        losses = {name: self.values(case, name, "loss") for name in ("ours", *PEERS)}
        noise = statistics.mean(spread(values) ** 2 for values in losses.values()) ** 0.5
        return abs(statistics.mean(losses[peer]) - statistics.mean(losses["ours"])) / noise if noise else 0.0

    def ratio(self, case: Case, above: str, below: str) -> float:
        """The median over the rounds of the ratio of two times."""
        return median_ratio(self.microseconds(case, above), self.microseconds(case, below))


Found = tuple[Outcome, dict[str, list[dict[str, float]]]]


def speed_table(case: Case, outcome: Outcome) -> str:
    """Microseconds a step, and the ratio to ours."""
    rows = []
    for name in MEASURED:
        times = outcome.microseconds(case, name)
        note = outcome.answers[case.name, name][0]["note"]
        rows.append([
            f"{name} ({note})" if note else name, f"{statistics.median(times):,.1f}", f"{min(times):,.1f}",
            f"{max(times):,.1f}", f"{outcome.ratio(case, name, 'ours'):.2f}",
        ])
    return table([case.name, "us a step", "least", "most", "time / ours"], rows)


def loss_table(case: Case, outcome: Outcome) -> str:
    """The training loss after the last epoch, and the accuracy on the 360 rows of the test set."""
    rows = []
    for name in ("ours", *PEERS):
        losses, accuracies = outcome.values(case, name, "loss"), outcome.values(case, name, "accuracy")
        rows.append([
            name, f"{statistics.mean(losses):.5f} +- {spread(losses):.5f}",
            f"{statistics.mean(accuracies):.4f} +- {spread(accuracies):.4f}",
            "" if name == "ours" else f"{outcome.difference(case, name):.1f}",
        ])
    return table([f"{case.name}, {case.epochs} epochs", "training loss", "test accuracy", "diff / noise"], rows)


def pair_table(pairs: dict[str, list[dict[str, float]]]) -> str:
    """The speed-up of two threads in training, and in hashing as a measure of the machine."""
    rows = [[name, *(f"{statistics.median(given[key] for given in found):.2f}" for key in ("throughput", "hashing"))]
            for name, found in pairs.items()]
    return table(["two threads against one", "training", "hashing (hashlib)"], rows)


def bars(cases: tuple[Case, ...], outcome: Outcome, pairs: dict[str, list[dict[str, float]]]) -> str:
    """Each bar and its measurement."""
    lines = []
    for number, peer, wanted, at_most in BARS:
        case, pair = CASES[number], ("ours", peer) if at_most else (peer, "ours")
        lines.append(bar(f"{case.name}, {' / '.join(pair)}", outcome.ratio(case, *pair) if case in cases else None,
                         wanted, at_most=at_most, digits=2))
    for name, found in pairs.items():
        measured = statistics.median(given["throughput"] for given in found)
        lines.append(bar(f"{name}, two threads against one", measured, PAIR_BAR, digits=2))
    largest = max(outcome.difference(case, peer) for case in cases for peer in PEERS)
    name = "losses, largest difference from ours in standard deviations"
    lines.append(bar(name, largest, LOSS_BAR, "", at_most=True))
    return "\n".join(lines)


def measure(given: Namespace) -> Found:
    """The trainings of all libraries, and ours in two threads at a time."""
    cases, rounds = CASES[:3] if given.quick else CASES, given.rounds or (3 if given.quick else 9)
    return Outcome(measure_libraries(cases, rounds)), measure_pairs(cases, min(rounds, 5))


def report(found: Found, given: Namespace) -> list[str]:
    """Times and losses of each case, and the bars."""
    outcome, pairs = found
    cases, rounds = CASES[:3] if given.quick else CASES, given.rounds or (3 if given.quick else 9)
    return [
        f"float32, one thread, core {harness.pinned_core()}, {rounds} rounds, {ROWS} rows of the digits; "
        "Adam 0.001, glorot_uniform, a new order every epoch.",
        "Times are those of whole trainings: here and in scikit-learn the whole call of fit, in PyTorch and JAX the "
        "loop over the epochs, data converted and everything compiled before.",
        *(speed_table(case, outcome) for case in cases),
        "Final losses and accuracies (mean and standard deviation over seeds; the last column is the difference of "
        "the mean loss from ours, in standard deviations pooled over the libraries):",
        *(loss_table(case, outcome) for case in cases),
        "Two trainings at the same time in two threads, not pinned; hashing shows what two cores gave at that time, "
        "2 on an idle machine.", pair_table(pairs),
        "Against the bars:", bars(cases, outcome, pairs)]


ANSWER = (
    "Won: on the smallest network PyTorch takes 23.66 and JAX 1.57 times as long; lost: on the largest JAX is "
    "faster (ours takes 1.02 times its time), and four bars.")
BENCHMARK = Benchmark(
    "Time of a training step", measure, report, ("torch", "scikit-learn", "jax"),
    quick="three rounds, without the largest networks",
    options={"--rounds": {"type": count, "help": "rounds (9, or 3 with --quick)"}})
